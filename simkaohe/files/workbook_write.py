"""Writing workbooks (写工作簿): every sheet with headings, notes, drop-downs and the values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from wcwidth import wcswidth

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.files import guide, methods
from simkaohe.files import sheets as layout
from simkaohe.files.cells import escaped, letters, place
from simkaohe.files.parts import with_numbers
from simkaohe.files.rows import NOTHING, Values, categories_of, entry_rows, row_of, value_at
from simkaohe.files.sheets import Column
from simkaohe.files.text import write_bytes
from simkaohe.files.values import TEXT, Exact, Kind, encode
from simkaohe.labels import Words, language
from simkaohe.panel import RECORDS, WIDE, Panel
from simkaohe.scheme.edit import Scenario
from simkaohe.scheme.tree import Scheme

LONGEST = 32767
"""Characters that a cell of Excel holds."""
ROWS_FOR_MORE = 500
"""Rows below the last one that drop-downs still cover."""
HEAD, GREY, EDGE = "D9E2F0", "808080", "8EA2C6"
EMPTY_TABLES = ("actual", "target", "previous", "covariates", "events")


def write_workbook(
    path: str | Path, scheme: Scheme, panel: Panel, scenarios: Iterable[Scenario] = ()
) -> Path:
    """Write a case as an Excel workbook that :func:`read_workbook` reads back.

    Raises
    ------
    SimkaoheError
        When the place cannot be written to, or a text is too long for a cell.
    """
    writer = _Writer(Path(path))
    writer.guide()
    writer.scheme(scheme.plain())
    writer.indicators(scheme)
    writer.categories_and_units(scheme, panel)
    writer.grades(scheme)
    writer.mappings(scheme)
    writer.panel(scheme, panel)
    writer.scenarios(scheme, list(scenarios))
    writer.methods()
    return writer.save()


def write_empty(path: str | Path) -> Path:
    """Write a workbook without values, to be filled in.

    Raises
    ------
    SimkaoheError
        When the place cannot be written to.
    """
    writer = _Writer(Path(path))
    writer.guide()
    writer.scheme({})
    writer.sheet("indicators", layout.indicator_columns(()), [])
    writer.sheet("categories", layout.entry_columns(layout.mappings()["categories"]), [])
    writer.sheet("units", layout.unit_columns(()), [])
    writer.sheet("grades", layout.band_columns(()), [])
    for field, model in layout.mappings().items():
        if field != "categories":
            for name in layout.sheets_of(field):
                writer.sheet(name, layout.entry_columns(model), [])
    for name in EMPTY_TABLES:
        if name in WIDE:
            writer.sheet(name, [Column("unit", "value", layout.UNIT)], [])
        elif name in RECORDS:
            writer.sheet(name, layout.record_columns(name), [])
    writer.sheet("scenarios", layout.scenario_columns(), [])
    writer.methods()
    return writer.save()


class _Writer:
    """A workbook in the making."""

    def __init__(self, path: Path) -> None:
        from openpyxl import Workbook
        from openpyxl.styles import Border, Font, PatternFill, Side

        self.path, self.problems = path, []
        self.titles = layout.titles()
        self.book = Workbook()
        self.book.remove(self.book.active)
        # The places of looks in the book; a look itself would be hashed anew for every cell.
        self.bold = self.book._fonts.add(Font(name="Calibri", size=11, bold=True))
        self.grey = self.book._fonts.add(Font(name="Calibri", size=11, color=GREY))
        self.fill = self.book._fills.add(PatternFill("solid", fgColor=HEAD))
        self.edge = self.book._borders.add(Border(bottom=Side(style="thin", color=EDGE)))
        self.lists: list[tuple[str, ...]] = []
        self.numbers: dict[str, npt.NDArray[np.float64]] = {}

    def save(self) -> Path:
        """Write the file."""
        if self.problems:
            raise SimkaoheError(*self.problems)
        self._hidden_lists()
        order = [str(words) for words in self.titles.values()]
        self.book._sheets.sort(key=lambda page: order.index(page.title))
        stream = BytesIO()
        self.book.save(stream)
        tables = {
            f"xl/worksheets/sheet{place}.xml": self.numbers[page.title]
            for place, page in enumerate(self.book.worksheets, 1)
            if page.title in self.numbers
        }
        return write_bytes(self.path, with_numbers(stream, tables))

    # -- the sheets ------------------------------------------------------------------------------

    def guide(self) -> None:
        """Write the sheet that says how to fill in the others."""
        from openpyxl.styles import Alignment

        page = self.book.create_sheet(str(self.titles["guide"]))
        for row, (style, cells) in enumerate(guide.lines(self.titles), 1):
            for column, text in enumerate(cells, 1):
                cell = self.put(page, row, column, Exact(text) if style == "example" else text)
                if style in ("title", "heading"):
                    dressed(cell, font=self.bold)
                elif style == "example":
                    dressed(cell, font=self.grey)
                if style == "text" and column == 1 and len(cells) == 1:
                    cell.alignment = Alignment(wrap_text=False)
        for column, width in zip("ABCDEFGH", (24, 30, 22, 16, 16, 16, 16, 16), strict=True):
            page.column_dimensions[column].width = width

    def methods(self) -> None:
        """Write the sheet that describes every method and its parameters."""
        page = self.headings("methods", methods.COLUMNS)
        for number, cells in enumerate(methods.rows(), 2):
            for at, text in enumerate(cells, 1):
                if text:
                    cell = self.put(page, number, at, Exact(text))
                    dressed(cell, font=self.bold if cells[0] and at <= 2 else self.grey)
        self.widths(page)

    def scheme(self, plain: Mapping[str, Any]) -> None:
        """Write what has no sheet of its own, one value a row."""
        columns = layout.scheme_columns()
        rows = []
        for path, words, kind, info in layout.entries():
            value = value_at(plain, path.split("."))
            if path == "unranked" and (value is NOTHING or len(set(value)) == len(value)):
                continue
            hint = guide.hint(kind, info)
            rows.append((path, str(words), value, kind, hint))
        for whole in sorted({path.rpartition(".")[0] for path, *_ in rows} - {""}):
            if value_at(plain, whole.split(".")) == {}:
                rows.append((whole, "", {}, Kind(frozenset(("mapping",))), ""))
        page = self.headings("scheme", columns)
        for number, (path, words, value, kind, hint) in enumerate(rows, 2):
            self.put(page, number, 1, encode(path, TEXT))
            dressed(self.put(page, number, 2, encode(words, TEXT)), font=self.grey)
            if value is not NOTHING:
                self.put(page, number, 3, encode(value, kind))
            dressed(self.put(page, number, 4, encode(hint, TEXT)), font=self.grey)
            self.choices(page, 3, number, number, kind)
        self.widths(page)

    def indicators(self, scheme: Scheme) -> None:
        """Write the tree, parents before children."""
        columns = layout.indicator_columns(categories_of(scheme))
        parents = {c.id: n.id for n in scheme.nodes.values() for c in getattr(n, "children", ())}
        rows = []
        for node in scheme.nodes.values():
            plain = node.model_dump(mode="json", exclude_defaults=True) | {"weight": node.weight}
            plain.pop("children", None)
            if node.id in parents:
                plain["parent"] = parents[node.id]
            rows.append(row_of(columns, plain))
        self.sheet("indicators", columns, rows, freeze="B2")

    def categories_and_units(self, scheme: Scheme, panel: Panel) -> None:
        """Write the categories, and the units with their category."""
        plain, known = scheme.plain(), categories_of(scheme)
        model = layout.mappings()["categories"]
        self.sheet("categories", *entry_rows(model, plain.get("categories", {})))
        columns = layout.unit_columns(known)
        units = dict.fromkeys((*scheme.units, *panel.units, *getattr(scheme, "unranked", ())))
        rows = []
        for unit in units:
            row: dict[str, Any] = {"unit": unit}
            if unit in scheme.units:
                row["category"] = scheme.units[unit]
            rows.append(row_of(columns, row))
        self._unranked(scheme, columns, rows)
        self.sheet("units", columns, rows)

    def _unranked(self, scheme: Scheme, columns: list[Column], rows: list[Values]) -> None:
        """Say on the units' sheet who is not ranked; keep the order that the scheme says."""
        stated = list(getattr(scheme, "unranked", ()))
        rest = [row for row in rows if row[columns[0]] not in stated]
        named = {row[columns[0]]: row for row in rows}
        if len(set(stated)) == len(stated):
            for unit in stated:
                named[unit][columns[2]] = False
            rows[:] = [*rest, *(named[unit] for unit in stated)]

    def grades(self, scheme: Scheme) -> None:
        """Write the bands, best first."""
        columns = layout.band_columns(categories_of(scheme))
        bands = scheme.plain().get("grades", {}).get("bands", ())
        self.sheet("grades", columns, [row_of(columns, band) for band in bands])

    def mappings(self, scheme: Scheme) -> None:
        """Write the scheme's mappings, one entry a row."""
        plain = scheme.plain()
        for field, model in layout.mappings().items():
            if field == "categories":
                continue
            for name in layout.sheets_of(field):
                entries = {
                    id: entry
                    for id, entry in plain.get(field, {}).items()
                    if layout.sheet_of_entry(field, entry) == name
                }
                self.sheet(name, *entry_rows(model, entries, categories_of(scheme)))

    def panel(self, scheme: Scheme, panel: Panel) -> None:
        """Write the tables of numbers and the lists of records that there are."""
        names: dict[str, list[str]] = {}
        for leaf in scheme.indicators:
            names.setdefault(leaf.column, []).append(leaf.label)
        names |= {id: [node.label] for id, node in scheme.nodes.items() if id not in names}
        for table in panel.tables:
            frame = panel.frame(table)
            columns = [Column("unit", "value", layout.UNIT)]
            columns += [Column(str(c), "value", Words(str(c), str(c))) for c in frame.columns]
            page = self.headings(table, columns, {n: "、".join(t) for n, t in names.items()})
            for number, unit in enumerate(panel.units, 2):
                self.put(page, number, 1, encode(unit, TEXT)).number_format = "@"
            self.widths(page)
            self.numbers[page.title] = frame.to_numpy(np.float64)
        for table in panel.record_tables:
            columns = layout.record_columns(table)
            rows = panel.records(table).to_dict("records")
            self.sheet(table, columns, [row_of(columns, row, blank="") for row in rows])

    def scenarios(self, scheme: Scheme, scenarios: Sequence[Scenario]) -> None:
        """Write the scenarios, one edit a row."""
        columns = layout.scenario_columns()
        names = [scenario.name for scenario in scenarios]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.problems.append(
                Problem(
                    f"{self.path.name} › {self.titles['scenarios']}",
                    Words(f"有两个情景叫“{name}”", f"two scenarios are called {name!r}"),
                    remedy=Words("请给每个情景一个名称", "Give every scenario a name of its own"),
                )
            )
        labels = {path: slot.label for path, slot in scheme.paths().items()}
        rows = []
        for scenario in scenarios:
            plain = scenario.model_dump(mode="json", exclude_defaults=True)
            edits = plain.pop("edits", {})
            for number, (path, value) in enumerate(edits.items()):
                row = dict(plain) if number == 0 else {"name": scenario.name}
                row |= {"path": path, "label": labels.get(path, ""), "value": value}
                rows.append(row_of(columns, row))
            if not edits:
                rows.append(row_of(columns, plain))
        self.sheet("scenarios", columns, rows)

    # -- one sheet -------------------------------------------------------------------------------

    def sheet(
        self, name: str, columns: list[Column], rows: list[Values], freeze: str = "B2"
    ) -> None:
        """Write a sheet of rows under headings."""
        page = self.headings(name, columns, freeze=freeze)
        for number, row in enumerate(rows, 2):
            for at, column in enumerate(columns, 1):
                if column in row:
                    methods = {c.field: str(row[c]) for c in row if c.role == "method"}
                    kind = column.kind_for(methods.get(column.field))
                    cell = self.put(page, number, at, encode(row[column], kind))
                    if column.field in ("id", "unit", "parent"):
                        cell.number_format = "@"
        for at, column in enumerate(columns, 1):
            self.choices(page, at, 2, len(rows) + ROWS_FOR_MORE, column.kind)
        self.widths(page)

    def headings(
        self,
        name: str,
        columns: list[Column],
        names: Mapping[str, str] | None = None,
        freeze: str = "B2",
    ) -> Any:
        """Start a sheet: its headings with their notes."""
        from openpyxl.comments import Comment

        page = self.book.create_sheet(str(self.titles[name]))
        page.freeze_panes = freeze
        for at, column in enumerate(columns, 1):
            text = str(column.words)
            cell = self.put(page, 1, at, encode(text, TEXT))
            dressed(cell, font=self.bold, fill=self.fill, border=self.edge)
            note = guide.note(column) if names is None or at == 1 else names.get(text, "")
            if note and note != text:
                cell.comment = Comment(_printable(note), "simkaohe", height=120, width=280)
        return page

    def put(self, page: Any, row: int, column: int, value: bool | float | str) -> Any:
        """Write one cell: text never as a formula, numbers with every digit that they have."""
        cell = page.cell(row, column)
        if isinstance(value, bool):
            cell.value = value
        elif isinstance(value, str):
            text = escaped(value)
            if len(text) > LONGEST:
                self.problems.append(
                    Problem(
                        f"{self.path.name} › {page.title} › {place(row, column)}",
                        Words(f"{len(text)} 个字符", f"{len(text)} characters"),
                        Words(f"不超过 {LONGEST} 个字符", f"at most {LONGEST}, which a cell holds"),
                        Words("请把案例保存为文件夹", "Save the case as a folder"),
                    )
                )
            cell._value, cell.data_type = text, "s"
            if isinstance(value, Exact) or text[:1] in tuple("=+-@"):
                cell.quotePrefix = True
        else:
            cell._value, cell.data_type = repr(float(value)), "n"
            if value.is_integer() and abs(value) < 1e15 and str(value) != "-0.0":
                cell._value = str(int(value))
        return cell

    def choices(self, page: Any, column: int, first: int, last: int, kind: Kind) -> None:
        """Offer a drop-down where there is a choice; other text that means the same is allowed."""
        from openpyxl.worksheet.datavalidation import DataValidation

        options = tuple(str(words) for words in kind.options.values())
        if kind.forms - {"none"} == {"switch"}:
            options = ("是", "否") if language() == "zh" else ("yes", "no")
        if not options:
            return
        formula = '"' + ",".join(options) + '"'
        if len(formula) > 255 or any(re.search('[,"]', option) for option in options):
            if options not in self.lists:
                self.lists.append(options)
            at = letters(self.lists.index(options) + 1)
            formula = f"'{self.titles['lists']}'!${at}$1:${at}${len(options)}"
        rule = DataValidation("list", formula1=formula, allow_blank=True, errorStyle="warning")
        rule.add(f"{place(first, column)}:{place(last, column)}")
        page.add_data_validation(rule)

    def widths(self, page: Any) -> None:
        """Make columns as wide as what stands in their first rows."""
        wide: dict[int, int] = {}
        for row in page.iter_rows(1, min(page.max_row, 200)):
            for cell in row:
                text = str(cell.value or "").split("\n")[0][:60]
                wide[cell.column] = max(wide.get(cell.column, 8), wcswidth(_printable(text)) + 2)
        for column, width in wide.items():
            page.column_dimensions[letters(column)].width = min(width, 42)

    def _hidden_lists(self) -> None:
        if not self.lists:
            return
        page = self.book.create_sheet(str(self.titles["lists"]))
        page.sheet_state = "hidden"
        for at, options in enumerate(self.lists, 1):
            for row, option in enumerate(options, 1):
                self.put(page, row, at, option)


def dressed(cell: Any, **places: int) -> None:
    """Give a cell looks by their places in the book."""
    from openpyxl.styles.cell_style import StyleArray

    cell._style = cell._style or StyleArray()
    for kind, at in places.items():
        setattr(cell._style, f"{kind}Id", at)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)
