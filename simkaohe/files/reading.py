"""Tables in workbooks (读表): heading rows found, columns understood, every problem with its cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from simkaohe.errors import Problem, unknown
from simkaohe.files import sheets as layout
from simkaohe.files.cells import Cell, Odd, Sheet, place
from simkaohe.files.locating import Grid
from simkaohe.files.numerals import Misfit, clean, key
from simkaohe.files.sheets import Category, Column
from simkaohe.files.values import TEXT, decode
from simkaohe.labels import Words

COLUMN = Words("列", "column")
SHEET = Words("工作表", "sheet")
ELSEWHERE = Words(
    "考核不用的内容可以移到名称以 _ 或“结果”开头的工作表",
    "What the assessment does not need may move to a sheet whose name begins with _",
)
UNHIDE = Words(
    "它是隐藏的：在 Excel 里右键任一工作表标签，选“取消隐藏”",
    "It is hidden: right-click any sheet's tab in Excel and choose Unhide",
)
ONLY_ONE = Words("只保留一个", "Keep one of them")
CALLED = ("name", "name_en")
"""Fields by which a row without an id is called."""


class Row(dict[Column, Cell]):
    """A row of a sheet: its cells by column, with its number."""

    def __init__(self, number: int, cells: Mapping[Column, Cell]) -> None:
        super().__init__(cells)
        self.number = number


class Table:
    """A sheet with its heading row found and its columns understood."""

    def __init__(self, sheet: Sheet, top: int, columns: dict[Column, int]) -> None:
        self.sheet, self.top, self.columns = sheet, top, columns

    def __iter__(self) -> Iterator[Row]:
        for number in sorted(self.sheet.rows):
            cells = self.sheet.rows[number]
            found = {c: cells[at] for c, at in self.columns.items() if not is_blank(cells.get(at))}
            if number > self.top and found:
                yield Row(number, found)

    def at(self, row: int, column: Column) -> str:
        """Return the address of a cell; of the row's first one where there is no such column."""
        return place(row, self.columns.get(column) or min(self.columns.values()))


class Reader:
    """One reading of a workbook: what was understood so far, and what was not."""

    def __init__(self, file: str, sheets: list[Sheet]) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.places: dict[str, str] = {}
        self.wrong: set[str] = set()
        self.values: dict[str, Any] = {}
        self.categories: tuple[Category, ...] = ()
        self.units: dict[str, str] = {}
        self.nodes: dict[str, dict[str, Any]] = {}
        self.grids: dict[str, Grid] = {}
        self.sheets = self._named(sheets)

    def where(self, sheet: str, cell: str = "") -> str:
        """Return a place: file › sheet › cell."""
        return " › ".join(part for part in (self.file, sheet, cell) if part)

    def report(
        self,
        sheet: str,
        cell: str,
        found: Words | str,
        expected: Words | str = "",
        remedy: Words | str = "",
        path: str = "",
    ) -> None:
        """Add a problem with a cell."""
        where = self.where(sheet, cell)
        self.wrong.add(where)
        self.problems.append(
            Problem(f"{where} ({path})" if path else where, found, expected, remedy)
        )

    def note(self, problem: Problem) -> None:
        """Add a problem whose place is already whole."""
        self.wrong.add(problem.where)
        self.problems.append(problem)

    # -- sheets ----------------------------------------------------------------------------------

    def _named(self, sheets: list[Sheet]) -> dict[str, Sheet]:
        names, titles = layout.sheet_names(), layout.titles()
        found: dict[str, Sheet] = {}
        for sheet in sheets:
            bare = key(sheet.name)
            if bare.startswith(("结果", "result", "_")) and bare not in names:
                continue
            name = names.get(bare)
            if name is None:
                if sheet.rows:
                    known = {str(w): next(n for n in w if n != str(w)) for w in titles.values()}
                    remedy = Words(
                        "与考核无关的工作表，名称请以“结果”或 _ 开头",
                        "Start the name of a sheet that is not to be read with “Result” or _",
                    )
                    problem = unknown(self.where(sheet.name), sheet.name, known, SHEET)
                    if sheet.hidden:
                        remedy = both(remedy, UNHIDE)
                    self.note(problem._replace(remedy=both(problem.remedy, remedy)))
            elif name in found:
                self.report(
                    sheet.name,
                    "",
                    Words(
                        f"与“{found[name].name}”是同一张工作表",
                        f"this is the same sheet as {found[name].name!r}",
                    ),
                    remedy=ONLY_ONE,
                )
            elif name not in layout.NOT_READ:
                found[name] = sheet
        for name in ("indicators", "actual"):
            if name not in found:
                title = titles[name]
                self.problems.append(
                    Problem(
                        self.file,
                        Words(f"没有工作表“{title.zh}”", f"there is no sheet {title.en!r}"),
                        remedy=Words(
                            f"请加上名为“{title.zh}”的工作表", f"Add a sheet named {title.en!r}"
                        ),
                    )
                )
        return found

    def table(self, name: str, columns: list[Column], required: tuple[str, ...]) -> Table | None:
        """Return a sheet as a table; None when there is none or its headings are not understood."""
        sheet = self.sheets.get(name)
        if sheet is None or not sheet.rows:
            return None
        meaning = {heading: c for c in reversed(columns) for heading in c.headings}
        needed = [next(c for c in columns if c.field == field) for field in required]
        named = [c for c in columns if c.field in CALLED]
        best: tuple[int, int] | None = None
        for number in sorted(sheet.rows)[:50]:
            here = {meaning.get(heading_of(cell)) for cell in sheet.rows[number].values()}
            if not here.isdisjoint(named):
                here |= {column for column in needed if column.field == "id"}
            score = sum(column in here for column in needed)
            if score == len(needed):
                return self._table(sheet, number, meaning)
            if score and (best is None or score > best[1]):
                best = number, score
        missing = needed
        cell = ""
        if best is not None:
            here = {meaning.get(heading_of(cell)) for cell in sheet.rows[best[0]].values()}
            missing, cell = [column for column in needed if column not in here], place(best[0], 1)
        missing = [*missing, *(c for c in named[:1] if "id" in required)]
        names = [column.words for column in missing]
        self.report(
            sheet.name,
            cell,
            Words(
                f"没有表头“{'”“'.join(w.zh for w in names)}”",
                f"there is no heading {' or '.join(repr(w.en) for w in names)}",
            ),
            remedy=Words("请在表头行补上", "Add it to the row of headings"),
        )
        return None

    def _table(self, sheet: Sheet, top: int, meaning: Mapping[str, Column]) -> Table:
        columns: dict[Column, int] = {}
        known = {str(column.words): "" for column in meaning.values()}
        for at, cell in self.headings(sheet, top):
            column = meaning.get(heading_of(cell))
            if column is None:
                text = text_of(cell)
                problem = unknown(self.where(sheet.name, place(top, at)), text, known, COLUMN)
                self.note(problem._replace(remedy=both(problem.remedy, ELSEWHERE)))
            elif column in columns:
                self.twice(sheet, top, at, column.words)
            else:
                columns[column] = at
        self.check_merged(sheet, top, columns.values())
        return Table(sheet, top, columns)

    def headings(self, sheet: Sheet, top: int) -> Iterator[tuple[int, Cell]]:
        """Yield the headings, after reporting columns that have cells and no heading."""
        row = sheet.rows[top]
        bare: dict[int, int] = {}
        for number, cells in sheet.rows.items():
            if number > top:
                for at, cell in cells.items():
                    if at not in bare and not is_blank(cell):
                        bare[at] = number
        for at in sorted(bare):
            if is_blank(row.get(at)):
                self.report(
                    sheet.name,
                    place(top, at),
                    Words(
                        f"这一列没有表头，而 {place(bare[at], at)} 有内容",
                        f"this column has no heading, but there is something in {place(bare[at], at)}",
                    ),
                    remedy=Words("请补上表头，或清空这一列", "Add a heading, or clear the column"),
                )
        for at in sorted(row):
            if not is_blank(row[at]):
                yield at, row[at]

    def twice(self, sheet: Sheet, row: int, at: int, what: object) -> None:
        """Report something that is there twice."""
        words = what if isinstance(what, Words) else Words(str(what), str(what))
        self.report(
            sheet.name,
            place(row, at),
            Words(f"“{words.zh}”出现了两次", f"{words.en!r} is there twice"),
            remedy=ONLY_ONE,
        )

    def check_merged(self, sheet: Sheet, top: int, columns: Any) -> None:
        """Report merged cells from the heading row on."""
        right = max(columns, default=0)
        filled = [
            n
            for n, cells in sheet.rows.items()
            if n >= top and any(not is_blank(cell) for cell in cells.values())
        ]
        bottom = max(filled, default=0)
        for merged in sheet.merged:
            if merged.bottom >= top and merged.top <= bottom and merged.left <= right:
                self.report(
                    sheet.name,
                    merged.ref,
                    Words("合并的单元格", "merged cells"),
                    Words("一格一个值", "one cell for every value"),
                    Words("请取消合并，并在每一格填上内容", "Unmerge them and fill in every cell"),
                )

    # -- rows ------------------------------------------------------------------------------------

    def record(
        self, table: Table, row: Row, prefix: str, skip: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """Return what a row says, field by field, and remember which cell says it."""
        found: dict[str, Any] = {}
        for column in table.columns:
            if column.field in skip or column.role == "shown":
                continue
            where = self.where(table.sheet.name, table.at(row.number, column))
            path = f"{prefix}.{column.path}"
            if column.role == "parameters":
                path += ".parameters"
            self.places.setdefault(path, where)
            if column in row:
                try:
                    kind = column.kind_for(self._method_in(row, column))
                    put(found, column, decode(row[column], kind))
                except Misfit as misfit:
                    self.misfit(table, row.number, column, misfit, path)
        return found

    @staticmethod
    def _method_in(row: Row, column: Column) -> str | None:
        """Return the method that a row's parameters are of."""
        if column.role == "parameters":
            for other, cell in row.items():
                if other.role == "method" and other.field == column.field:
                    with suppress(Misfit):
                        return str(decode(cell, other.kind))
        return None

    def misfit(
        self, table: Table, row: int, column: Column, misfit: Misfit, path: str = ""
    ) -> None:
        """Report a cell that does not say what its field needs."""
        at = table.at(row, column)
        self.report(table.sheet.name, at, misfit.found, misfit.expected, misfit.remedy, path)

    def name_in(self, table: Table, row: Row, column: Column, known: set[str]) -> str | None:
        """Return the row's own id, after checking that it is there and is new.

        A row that has a name and no id is called by its name, without blanks and dots.
        """
        try:
            name = decode(row[column], TEXT) if column in row else _called(row, column)
        except Misfit as misfit:
            self.misfit(table, row.number, column, misfit)
            return None
        if name is None:
            self.report(
                table.sheet.name,
                table.at(row.number, column),
                Words(f"没有填写“{column.words.zh}”", f"no {column.words.en.lower()!r} given"),
                remedy=Words("请补上，或清空这一行", "Fill it in, or clear the row"),
            )
        elif name in known:
            at = table.columns.get(column) or min(table.columns.values())
            self.twice(table.sheet, row.number, at, name)
            return None
        return name


def _called(row: Row, column: Column) -> str | None:
    if column.field == "id":
        for field in CALLED:
            for other, cell in row.items():
                if other.field == field and (text := decode(cell, TEXT)):
                    return re.sub(r"[\s.．]", "", text) or None
    return None


def is_blank(cell: Cell | None) -> bool:
    """Whether nothing that can be seen stands in a cell."""
    return cell is None or (isinstance(cell, str) and not clean(cell))


def text_of(cell: Cell) -> str:
    """Return a heading or a name as text."""
    if isinstance(cell, Odd):
        return cell.text
    return str(decode(cell, TEXT) or "")


def heading_of(cell: Cell) -> str:
    """Return a heading in the form that is compared."""
    return "" if isinstance(cell, Odd) else key(text_of(cell))


def loosely(names: Mapping[str, str]) -> dict[str, str]:
    """Return the names that can be told apart whatever their blanks and width."""
    found: dict[str, set[str]] = {}
    for name, meaning in names.items():
        found.setdefault(key(name), set()).add(meaning)
    return {bare: min(meanings) for bare, meanings in found.items() if len(meanings) == 1}


def both(first: Words | str, second: Words) -> Words:
    """Return two remedies as one."""
    one = first if isinstance(first, Words) else Words(first, first)
    zh, en = one.zh.rstrip("。"), one.en.rstrip(".")
    zh, en = zh + "。" * (zh[-1:] != "？"), en + "." * (en[-1:] != "?")
    return Words(f"{zh}{second.zh}", f"{en} {second.en}")


def put(found: dict[str, Any], column: Column, value: Any) -> None:
    """Put what a cell says into the row's values."""
    if column.role == "entry":
        found.setdefault(column.field, {})[column.entry] = value
    elif column.role == "method":
        found[column.field] = {"method": value} | found.get(column.field, {})
    elif column.role == "parameters":
        if "method" in (value or {}):
            raise Misfit(
                Words("“method”", "'method'"),
                Words("方法的参数", "the method's parameters"),
                Words("方法写在前一列", "The method goes into its own column"),
            )
        found[column.field] = found.get(column.field, {}) | (value or {})
    else:
        found[column.field] = value


def put_path(values: dict[str, Any], steps: list[str], value: Any) -> None:
    """Put a value at a path of nested mappings."""
    for step in steps[:-1]:
        below = values.setdefault(step, {})
        if not isinstance(below, dict):
            return
        values = below
    if isinstance(values.get(steps[-1]), dict) and value == {}:
        return
    values[steps[-1]] = value
