"""Workbooks (工作簿): a whole case in one Excel file that a head of section can fill in.

:func:`read_workbook` understands what people write and refuses what nobody can understand, with
sheet and cell; :func:`write_workbook` writes a case so that reading gives it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.files import sheets as layout
from simkaohe.files.cells import Cell, Odd, Progress, Sheet, place, read_cells
from simkaohe.files.sheets import Category, Column
from simkaohe.files.values import (
    ANY,
    BRIEF,
    COUNT,
    TEXT,
    Kind,
    Misfit,
    clean,
    decode,
    key,
    mend,
    odd_remedy,
    odd_words,
    shown,
    to_number,
)
from simkaohe.files.workbook_write import write_empty, write_workbook
from simkaohe.labels import Words
from simkaohe.panel import RECORDS, WIDE, Panel
from simkaohe.scheme.edit import Scenario
from simkaohe.scheme.problems import problems_of
from simkaohe.scheme.tree import Scheme

__all__ = ["read_workbook", "write_empty", "write_workbook"]

FREE = ("covariates", "periods", "difficulty")
"""Tables whose columns are not indicators."""
COLUMN = Words("列", "column")
INDICATOR = Words("指标", "indicator")
SHEET = Words("工作表", "sheet")
UNIT = Words("单位", "unit")
NODE = Words("指标或分组", "indicator or group")
CATEGORY = Words("类别", "category")
ONLY_ONE = Words("只保留一个", "Keep one of them")


def read_workbook(
    path: str | Path, progress: Progress | None = None
) -> tuple[Scheme, Panel, list[Scenario]]:
    """Read a case from an Excel workbook.

    Parameters
    ----------
    path : str or Path
    progress : function (done, total, label), optional
        Told how far the reading is.

    Returns
    -------
    scheme : Scheme
    panel : Panel
    scenarios : list of Scenario

    Raises
    ------
    SimkaoheError
        Everything that is wrong in the workbook, each with file, sheet and cell.
    """
    path = Path(path)
    return _Reading(path.name, read_cells(path, progress)).case()


class _Row(dict[Column, Cell]):
    """A row of a sheet: its cells by column, with its number."""

    def __init__(self, number: int, cells: Mapping[Column, Cell]) -> None:
        super().__init__(cells)
        self.number = number


class _Table:
    """A sheet with its heading row found and its columns understood."""

    def __init__(self, sheet: Sheet, top: int, columns: dict[Column, int]) -> None:
        self.sheet, self.top, self.columns = sheet, top, columns

    def __iter__(self) -> Iterator[_Row]:
        for number in sorted(self.sheet.rows):
            cells = self.sheet.rows[number]
            found = {c: cells[at] for c, at in self.columns.items() if not _blank(cells.get(at))}
            if number > self.top and found:
                yield _Row(number, found)

    def at(self, row: int, column: Column) -> str:
        return place(row, self.columns[column])


class _Reading:
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
        self.sheets = self._named(sheets)

    def case(self) -> tuple[Scheme, Panel, list[Scenario]]:
        """Return the case, or raise everything that is wrong with it."""
        self._mappings()
        self._units()
        self._scheme()
        self._bands()
        self._tree()
        frames = self._frames() | self._records()
        scenarios = self._scenarios()
        scheme = self._validated()
        panel = None if self.problems else self._panel(frames)
        if self.problems or scheme is None or panel is None:
            raise SimkaoheError(*self.problems)
        return scheme, panel, scenarios

    # -- problems --------------------------------------------------------------------------------

    def where(self, sheet: str, cell: str = "") -> str:
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
                    self.note(problem._replace(remedy=_both(problem.remedy, remedy)))
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

    def table(self, name: str, columns: list[Column], required: tuple[str, ...]) -> _Table | None:
        """Return a sheet as a table; None when there is none or its headings are not understood."""
        sheet = self.sheets.get(name)
        if sheet is None or not sheet.rows:
            return None
        meaning = {heading: c for c in reversed(columns) for heading in c.headings}
        needed = [next(c for c in columns if c.field == field) for field in required]
        best: tuple[int, int] | None = None
        for number in sorted(sheet.rows)[:50]:
            here = {meaning.get(_heading(cell)) for cell in sheet.rows[number].values()}
            score = sum(column in here for column in needed)
            if score == len(needed):
                return self._table(sheet, number, meaning)
            if score and (best is None or score > best[1]):
                best = number, score
        missing = needed
        cell = ""
        if best is not None:
            here = {meaning.get(_heading(cell)) for cell in sheet.rows[best[0]].values()}
            missing, cell = [column for column in needed if column not in here], place(best[0], 1)
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

    def _table(self, sheet: Sheet, top: int, meaning: Mapping[str, Column]) -> _Table:
        columns: dict[Column, int] = {}
        known = {str(column.words): column.field for column in meaning.values()}
        for at, cell in self._headings(sheet, top):
            column = meaning.get(_heading(cell))
            if column is None:
                text = _text(cell)
                self.note(unknown(self.where(sheet.name, place(top, at)), text, known, COLUMN))
            elif column in columns:
                self._twice(sheet, top, at, column.words)
            else:
                columns[column] = at
        self._merged(sheet, top, columns.values())
        return _Table(sheet, top, columns)

    def _headings(self, sheet: Sheet, top: int) -> Iterator[tuple[int, Cell]]:
        """Yield the headings, after reporting columns that have cells and no heading."""
        row = sheet.rows[top]
        bare: dict[int, int] = {}
        for number, cells in sheet.rows.items():
            if number > top:
                for at, cell in cells.items():
                    if at not in bare and not _blank(cell):
                        bare[at] = number
        for at in sorted(bare):
            if _blank(row.get(at)):
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
            if not _blank(row[at]):
                yield at, row[at]

    def _twice(self, sheet: Sheet, row: int, at: int, what: object) -> None:
        words = what if isinstance(what, Words) else Words(str(what), str(what))
        self.report(
            sheet.name,
            place(row, at),
            Words(f"“{words.zh}”出现了两次", f"{words.en!r} is there twice"),
            remedy=ONLY_ONE,
        )

    def _merged(self, sheet: Sheet, top: int, columns: Any) -> None:
        right = max(columns, default=0)
        filled = [
            n
            for n, cells in sheet.rows.items()
            if n >= top and any(not _blank(cell) for cell in cells.values())
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
        self, table: _Table, row: _Row, prefix: str, skip: tuple[str, ...] = ()
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
                    _put(found, column, decode(row[column], column.kind))
                except Misfit as misfit:
                    self.misfit(table, row.number, column, misfit, path)
        return found

    def misfit(
        self, table: _Table, row: int, column: Column, misfit: Misfit, path: str = ""
    ) -> None:
        at = table.at(row, column)
        self.report(table.sheet.name, at, misfit.found, misfit.expected, misfit.remedy, path)

    def name_in(self, table: _Table, row: _Row, column: Column, known: set[str]) -> str | None:
        """Return the row's own id, after checking that it is there and is new."""
        try:
            name = decode(row[column], TEXT) if column in row else None
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
            self._twice(table.sheet, row.number, table.columns[column], name)
            return None
        return name

    # -- the scheme ------------------------------------------------------------------------------

    def _mappings(self) -> None:
        models = layout.mappings()
        for name in sorted(models, key=lambda n: n != "categories"):
            for sheet in layout.sheets_of(name):
                columns = layout.entry_columns(models[name], self.categories)
                table = self.table(sheet, columns, ("id",))
                if table is not None:
                    self.places.setdefault(name, self.where(table.sheet.name))
                    for row in table:
                        self._entry(table, row, name, columns)
            if name == "categories":
                found = self.values.get(name, {})
                self.categories = tuple(
                    Category(id, tuple(str(n) for n in (c.get("name"), c.get("name_en")) if n))
                    for id, c in found.items()
                )

    def _entry(self, table: _Table, row: _Row, field: str, columns: list[Column]) -> None:
        entries = self.values.setdefault(field, {})
        name = self.name_in(table, row, columns[0], set(entries))
        if name is None:
            return
        prefix = f"{field}.{name}"
        self.places[prefix] = self.where(table.sheet.name, table.at(row.number, columns[0]))
        entry = self.record(table, row, prefix, ("id",))
        if "method" in entry and isinstance(entry["method"], dict):
            entry |= entry.pop("method")
        entries[name] = entry

    def _units(self) -> None:
        columns = layout.unit_columns(self.categories)
        table = self.table("units", columns, ("unit",))
        if table is None:
            return
        members: dict[str, str] = {}
        unranked: list[str] = []
        self.places["units"] = self.where(table.sheet.name)
        for row in table:
            name = self.name_in(table, row, columns[0], set(self.units.values()))
            if name is None:
                continue
            self.units[name] = name
            for field, column in zip(("units", "unranked"), columns[1:], strict=False):
                if column not in table.columns:
                    continue
                where = self.where(table.sheet.name, table.at(row.number, column))
                path = f"units.{name}" if field == "units" else f"unranked.{len(unranked)}"
                self.places.setdefault(path, where)
                if column not in row:
                    continue
                try:
                    value = decode(row[column], column.kind if field == "unranked" else TEXT)
                except Misfit as misfit:
                    self.misfit(table, row.number, column, misfit, path)
                    continue
                if field == "unranked":
                    unranked += [name] if value is False else []
                elif value is not None:
                    members[name] = self._category(value, where, path)
        if members:
            self.values["units"] = members
        if unranked:
            self.values["unranked"] = unranked

    def _category(self, stated: str, where: str, path: str) -> str:
        """Return the id of a unit's category."""
        found = layout.find_category(stated, self.categories)
        if found is None:
            labels = {c.id: (*c.names, c.id)[0] for c in self.categories}
            self.wrong.add(where)
            self.problems.append(unknown(f"{where} ({path})", stated, labels, CATEGORY))
        return found or stated

    def _scheme(self) -> None:
        columns = layout.scheme_columns()
        table = self.table("scheme", columns, ("path", "value"))
        if table is None:
            return
        known = {entry.path: entry for entry in layout.entries()}
        names = {key(text): e for e in known.values() for text in (e.path, *e.words)}
        wholes = {path.rpartition(".")[0] for path in known} - {""}
        seen: set[str] = set()
        for row in table:
            path = self.name_in(table, row, columns[0], seen)
            if path is None:
                continue
            entry = names.get(key(path))
            path = entry.path if entry else path
            if path in seen:
                self._twice(table.sheet, row.number, table.columns[columns[0]], path)
                continue
            seen.add(path)
            if entry is None and path not in wholes:
                at = self.where(table.sheet.name, table.at(row.number, columns[0]))
                labels = {p: str(e.words) for p, e in known.items()}
                self.note(unknown(at, path, labels, Words("项目", "item")))
                continue
            self.places[path] = self.where(table.sheet.name, table.at(row.number, columns[2]))
            if columns[2] not in row:
                continue
            kind = entry.kind if entry else Kind(frozenset(("mapping",)))
            try:
                value = decode(row[columns[2]], kind)
                if path == "unranked" and path in self.values:
                    remedy = Words("只写在“单位”工作表里", "Say it on the sheet of units only")
                    raise Misfit(Words("写了两处", "this is said twice"), "", remedy)
            except Misfit as misfit:
                self.misfit(table, row.number, columns[2], misfit, path)
            else:
                _put_path(self.values, path.split("."), value)

    def _bands(self) -> None:
        columns = layout.band_columns(self.categories)
        table = self.table("grades", columns, ("name",))
        if table is None:
            return
        bands = []
        for row in table:
            prefix = f"grades.bands.{len(bands)}"
            self.places[prefix] = self.where(table.sheet.name, table.at(row.number, columns[0]))
            bands.append(self.record(table, row, prefix))
        self.places["grades.bands"] = self.where(table.sheet.name)
        if bands:
            _put_path(self.values, ["grades", "bands"], bands)

    def _tree(self) -> None:
        columns = layout.indicator_columns(self.categories)
        table = self.table("indicators", columns, ("id",))
        if table is None:
            return
        by_field = {column.field: column for column in columns}
        parents: dict[str, tuple[str | None, int]] = {}
        for row in table:
            name = self.name_in(table, row, by_field["id"], set(self.nodes))
            if name is None:
                continue
            self.places[name] = self.where(table.sheet.name, table.at(row.number, by_field["id"]))
            values = self.record(table, row, name, ("parent",))
            self.nodes[name] = values | {"id": name}
            parent = row.get(by_field["parent"])
            try:
                parents[name] = None if parent is None else decode(parent, TEXT), row.number
            except Misfit as misfit:
                self.misfit(table, row.number, by_field["parent"], misfit)
        self._join(
            table, by_field["parent"] if by_field["parent"] in table.columns else None, parents
        )

    def _join(
        self, table: _Table, column: Column | None, parents: dict[str, tuple[str | None, int]]
    ) -> None:
        """Make a tree of the rows."""
        sheet = table.sheet.name
        labels = {n: str(v.get("name") or v.get("name_en") or n) for n, v in self.nodes.items()}
        roots = []
        for name, (stated, row) in parents.items():
            at = table.at(row, column) if column else place(row, 1)
            parent = None if stated is None else _resolve(stated, self.nodes)
            if stated is None:
                roots.append(name)
                if len(roots) > 1:
                    self.report(
                        sheet,
                        at,
                        Words(
                            f"没有填写上级，而“{labels[roots[0]]}”已经是总分",
                            f"no parent, but {roots[0]!r} is already the total",
                        ),
                        remedy=Words("请填写上级的编号", "Fill in the parent's id"),
                    )
            elif parent is None:
                self.note(unknown(self.where(sheet, at), stated, labels, NODE))
            else:
                self.nodes[parent].setdefault("children", []).append(self.nodes[name])
                parents[name] = parent, row
        if not self.nodes:
            self.report(sheet, "", Words("没有任何指标", "there is no indicator in it"))
        elif not roots and not self.problems:
            row = min(row for _, row in parents.values())
            self.report(
                sheet,
                table.at(row, column) if column else place(row, 1),
                Words("没有总分：每一行都有上级", "no row without a parent"),
                remedy=Words("请让总分一行的上级留空", "Leave the parent of the total empty"),
            )
        self._cycles(table, column, parents)
        for values in self.nodes.values():
            if "combine" in values:
                values.setdefault("children", [])
        if roots:
            self.values["root"] = self.nodes[roots[0]]
            self.places.setdefault("root", self.where(sheet))

    def _cycles(
        self, table: _Table, column: Column | None, parents: dict[str, tuple[str | None, int]]
    ) -> None:
        for name, (_, row) in parents.items():
            seen = [name]
            while (above := parents.get(seen[-1], (None, 0))[0]) in parents and above not in seen:
                seen.append(str(above))
            if above == name:
                circle = " → ".join([*seen, name])
                self.report(
                    table.sheet.name,
                    table.at(row, column) if column else place(row, 1),
                    Words(f"上级绕成了圈：{circle}", f"parents in a circle: {circle}"),
                    remedy=Words("请改正上级", "Mend the parent"),
                )

    # -- the data --------------------------------------------------------------------------------

    def _leaves(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for values in self.nodes.values():
            if "children" not in values:
                yield str(values.get("data") or values["id"]), values

    def _frames(self) -> dict[str, pd.DataFrame]:
        known: dict[str, str] = {}
        percent: dict[str, list[bool]] = {}
        names: dict[str, set[str]] = {}
        for column, values in self._leaves():
            known[column] = column
            unit = str(values.get("unit") or "")
            percent.setdefault(column, []).append(key(unit) == "%")
            if "data" not in values:
                for name in (values.get("name"), values.get("name_en")):
                    if name:
                        names.setdefault(str(name), set()).add(column)
        known = {n: min(cs) for n, cs in names.items() if len(cs) == 1} | known
        points = {column for column, all_are in percent.items() if all(all_are)}
        frames = {}
        for table in WIDE:
            if table in self.sheets:
                free = table in FREE
                frame = self._frame(table, None if free else known, set() if free else points)
                if frame is not None:
                    frames[table] = frame
                if table == "actual" and not self.units and frame is not None:
                    self.units = {name: name for name in frame.index}
        return frames

    def _frame(
        self, table: str, known: dict[str, str] | None, points: set[str]
    ) -> pd.DataFrame | None:
        sheet = self.sheets[table]
        unit_words = {key(text) for text in (*layout.UNIT, "unit")}
        top = next(
            (
                number
                for number in sorted(sheet.rows)[:50]
                if any(_heading(cell) in unit_words for cell in sheet.rows[number].values())
            ),
            None,
        )
        if top is None:
            if any(not _blank(cell) for row in sheet.rows.values() for cell in row.values()):
                self.report(
                    sheet.name,
                    "",
                    Words(f"没有表头“{layout.UNIT.zh}”", f"there is no heading {layout.UNIT.en!r}"),
                    remedy=Words(
                        "请在表头行写上“单位”和各列的编号",
                        "Write “Unit” and the columns' ids into a row of headings",
                    ),
                )
            return None
        at_unit, columns = self._data_columns(sheet, top, unit_words, known)
        self._merged(sheet, top, [at_unit, *columns.values()])
        return self._numbers(table, sheet, top, at_unit, columns, points)

    def _data_columns(
        self, sheet: Sheet, top: int, unit_words: set[str], known: dict[str, str] | None
    ) -> tuple[int, dict[str, int]]:
        columns: dict[str, int] = {}
        at_unit = 0
        loose = _loose(known or {})
        for at, cell in self._headings(sheet, top):
            heading = _text(cell)
            if known is None or heading not in known:
                if key(heading) in unit_words:
                    if at_unit:
                        self._twice(sheet, top, at, layout.UNIT)
                    at_unit = at_unit or at
                    continue
                if not at_unit and key(heading) in layout.SERIAL:
                    continue
            if isinstance(cell, Odd):
                self.report(sheet.name, place(top, at), odd_words(cell), INDICATOR)
                continue
            name = heading if known is None else known.get(heading) or loose.get(key(heading))
            if name is None:
                where = self.where(sheet.name, place(top, at))
                self.note(unknown(where, heading, list(known or ()), INDICATOR))
            elif name in columns:
                self._twice(sheet, top, at, name)
            else:
                columns[name] = at
        return at_unit, columns

    def _numbers(
        self,
        table: str,
        sheet: Sheet,
        top: int,
        at_unit: int,
        columns: dict[str, int],
        points: set[str],
    ) -> pd.DataFrame | None:
        order = sorted(number for number in sheet.rows if number > top)
        known, loose = dict(self.units), _loose(self.units)
        found: dict[str, list[float]] = {}
        places = list(columns.values())
        percents = ["points" if name in points else "refuse" for name in columns]
        for number in order:
            cells = sheet.rows[number]
            if all(_blank(cell) for cell in cells.values()):
                continue
            unit = self._unit(sheet, number, at_unit, cells, known, loose)
            if unit in found:
                self._twice(sheet, number, at_unit, unit)
                unit = None
            values = [cells.get(at) for at in places]
            for index, value in enumerate(values):
                if type(value) is not float:
                    at = place(number, places[index])
                    values[index] = self._number(sheet.name, at, value, percents[index])
            if unit is not None:
                found[unit] = values
        if not found and table == "actual" and not self.problems:
            self.report(sheet.name, "", Words("没有任何单位", "there is no unit in it"))
        block = np.array(list(found.values()), np.float64).reshape(len(found), len(columns))
        return pd.DataFrame(block, index=pd.Index(list(found), name="unit"), columns=list(columns))

    def _unit(
        self,
        sheet: Sheet,
        number: int,
        at: int,
        cells: Mapping[int, Cell],
        known: Mapping[str, str],
        loose: Mapping[str, str],
    ) -> str | None:
        cell = cells.get(at)
        if _blank(cell) or isinstance(cell, Odd):
            self.report(
                sheet.name,
                place(number, at),
                odd_words(cell) if isinstance(cell, Odd) else Words("没有写单位名称", "no unit"),
                Words("单位名称", "the unit's name"),
                Words("请补上，或清空这一行", "Fill it in, or clear the row"),
            )
            return None
        text = _text(cell)
        if not known or text in known:
            return text
        if key(text) in loose:
            return loose[key(text)]
        self.note(unknown(self.where(sheet.name, place(number, at)), text, list(known), UNIT))
        return None

    def _number(self, sheet: str, at: str, cell: Cell | None, percent: str) -> float:
        """Return a number of the data, NaN where the cell is empty; note what is not understood."""
        if cell is None:
            return np.nan
        try:
            if isinstance(cell, Odd):
                kind = COUNT._replace(percent=percent)
                if cell.kind == "percent":
                    return float(decode(cell, kind))
                self.report(sheet, at, odd_words(cell), BRIEF, odd_remedy(cell))
                return np.nan
            text = clean(str(cell))
            if not text:
                return np.nan
            number = to_number(text, percent)
            if number is not None:
                return number
            self.report(sheet, at, shown(text), BRIEF, mend(text))
        except Misfit as misfit:
            self.report(sheet, at, misfit.found, misfit.expected, misfit.remedy)
        return np.nan

    def _records(self) -> dict[str, pd.DataFrame]:
        frames = {}
        known, loose = dict(self.units), _loose(self.units)
        for name in RECORDS:
            columns = layout.record_columns(name)
            table = self.table(name, columns, tuple(RECORDS[name][:2]))
            if table is None:
                continue
            rows: list[dict[str, Any]] = []
            for row in table:
                prefix = f"{name} › {len(rows) + 1}"
                found = self.record(table, row, prefix)
                for column in table.columns:
                    self.places[f"{prefix} › {column.field}"] = self.where(
                        table.sheet.name, table.at(row.number, column)
                    )
                unit = found.get("unit")
                if unit is not None and known and unit not in known:
                    found["unit"] = loose.get(key(unit), unit)
                rows.append(found)
            present = [c.field for c in columns if c in table.columns]
            frames[name] = pd.DataFrame(
                {f: pd.Series([row.get(f) for row in rows], dtype=object) for f in present}
            )
        return frames

    def _panel(self, frames: dict[str, pd.DataFrame]) -> Panel | None:
        if "actual" not in frames:
            return None
        try:
            return Panel(**frames)
        except SimkaoheError as error:
            for problem in error.problems:
                first = problem.where.partition(" › ")[0]
                sheet = self.sheets.get(first)
                where = self.places.get(problem.where) or (
                    self.where(sheet.name) if sheet else self.file
                )
                self.problems.append(problem._replace(where=where))
            return None

    # -- scenarios -------------------------------------------------------------------------------

    def _scenarios(self) -> list[Scenario]:
        columns = layout.scenario_columns()
        table = self.table("scenarios", columns, ("name", "path", "value"))
        if table is None:
            return []
        name, _, _, path, _, value = columns
        found: dict[str, dict[str, Any]] = {}
        last = None
        for row in table:
            where = self.where(table.sheet.name, table.at(row.number, name))
            try:
                texts = {c.field: decode(row[c], TEXT) for c in columns[:4] if c in row}
            except Misfit as misfit:
                self.misfit(table, row.number, name, misfit)
                continue
            last = texts.get("name", last)
            if last is None:
                self.report(
                    table.sheet.name,
                    table.at(row.number, name),
                    Words("没有写情景名称", "no name of a scenario"),
                    remedy=Words("请补上", "Fill it in"),
                )
                continue
            scenario = found.setdefault(last, {"name": last, "edits": {}})
            self.places.setdefault(f"\0{last}", where)
            for field in ("name_en", "note"):
                if field in texts:
                    scenario.setdefault(field, texts[field])
            if "path" not in texts:
                if value in row:
                    self.report(
                        table.sheet.name,
                        table.at(row.number, path),
                        Words("没有写改哪一项", "no path"),
                        remedy=Words("例如 gdp_growth.weight", "For example gdp_growth.weight"),
                    )
                continue
            if texts["path"] in scenario["edits"]:
                self._twice(table.sheet, row.number, table.columns[path], texts["path"])
                continue
            try:
                if value not in row:
                    raise Misfit(Words("没有填写", "nothing"), Words("改为什么", "a value"))
                scenario["edits"][texts["path"]] = decode(row[value], ANY)
            except Misfit as misfit:
                self.misfit(table, row.number, value, misfit, texts["path"])
        return [s for values in found.values() if (s := self._scenario(values)) is not None]

    def _scenario(self, values: dict[str, Any]) -> Scenario | None:
        try:
            return Scenario.model_validate(values)
        except ValidationError as error:
            for problem in problems_of(error, values):
                where = self.places[f"\0{values['name']}"]
                self.problems.append(problem._replace(where=f"{where} ({problem.where})"))
            return None

    # -- the end ---------------------------------------------------------------------------------

    def _validated(self) -> Scheme | None:
        """Return the scheme; what is wrong with it is said with sheet and cell."""
        if "root" not in self.values:
            return None
        try:
            return Scheme.read(self.values)
        except SimkaoheError as error:
            for problem in error.problems:
                where, exact = self._place(problem.where)
                if not (exact and where in self.wrong):
                    path = f" ({problem.where})" if problem.where else ""
                    self.problems.append(problem._replace(where=f"{where}{path}"))
        return None

    def _place(self, path: str) -> tuple[str, bool]:
        """Return the cell of an edit path, and whether it is the very cell."""
        steps = path.split(".")
        for length in range(len(steps), 0, -1):
            stem = ".".join(steps[:length])
            found = self.places.get(stem)
            if length < len(steps) and steps[length] != "method":
                ends = (".parameters", ".method.parameters")
                found = next((p for e in ends if (p := self.places.get(stem + e))), found)
            if found:
                return found, found.count(" › ") > 1
        return self.file, False


def _blank(cell: Cell | None) -> bool:
    return cell is None or (isinstance(cell, str) and not clean(cell))


def _text(cell: Cell) -> str:
    """Return a heading or a name as text."""
    if isinstance(cell, Odd):
        return cell.text
    return str(decode(cell, TEXT) or "")


def _heading(cell: Cell) -> str:
    return "" if isinstance(cell, Odd) else key(_text(cell))


def _loose(names: Mapping[str, str]) -> dict[str, str]:
    """Return the names that can be told apart whatever their blanks and width."""
    found: dict[str, set[str]] = {}
    for name, meaning in names.items():
        found.setdefault(key(name), set()).add(meaning)
    return {bare: min(meanings) for bare, meanings in found.items() if len(meanings) == 1}


def _resolve(stated: str, nodes: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return the id of the node that is meant: by its id, else by a name that is its own."""
    if stated in nodes:
        return stated
    names = {n: n for n in nodes}
    loose = _loose(names).get(key(stated))
    named = [
        n
        for n, v in nodes.items()
        if key(stated) in {key(str(v.get(f) or "")) for f in ("name", "name_en")}
    ]
    return loose or (named[0] if len(named) == 1 else None)


def _both(first: Words | str, second: Words) -> Words:
    one = first if isinstance(first, Words) else Words(first, first)
    zh, en = one.zh.rstrip("。"), one.en.rstrip(".")
    zh, en = zh + "。" * (zh[-1:] != "？"), en + "." * (en[-1:] != "?")
    return Words(f"{zh}{second.zh}", f"{en} {second.en}")


def _put(found: dict[str, Any], column: Column, value: Any) -> None:
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


def _put_path(values: dict[str, Any], steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        below = values.setdefault(step, {})
        if not isinstance(below, dict):
            return
        values = below
    if isinstance(values.get(steps[-1]), dict) and value == {}:
        return
    values[steps[-1]] = value
