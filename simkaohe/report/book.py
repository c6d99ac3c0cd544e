"""The report as a workbook (结果工作簿): the same numbers, to sort, filter and calculate on.

Every text is stored as text: a name that begins with ``=`` is never a formula.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from io import BytesIO
from typing import Any, NamedTuple

import pandas as pd
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet
from wcwidth import wcswidth

from simkaohe.labels import Words, column_label
from simkaohe.report.contents import Contents, Tried, use_label
from simkaohe.report.table import DOWN, INTEGER, SHIFT, UP, page, put, table, text_of
from simkaohe.report.words import grade_label, number, value_words
from simkaohe.scheme.wording import path_label

CHARTED = 60
"""Units that a chart has room for."""
ALL_EXPLAINED = 50
"""Units up to which every one is explained."""
UP_PALE, DOWN_PALE = "DCE8F5", "FBE6D3"
ROW_HEIGHT = 0.5
"""Centimetres of a row, a little less than it is."""
PAGE_ROWS = 46
"""Rows of a page of charts."""


class Drawing(NamedTuple):
    """A chart to come: columns of a sheet, over some of its rows, each in a colour."""

    sheet: Worksheet
    title: str
    columns: tuple[int, ...]
    rows: tuple[int, int]
    colours: tuple[str, ...]
    unit: int | None = None


def render(contents: Contents) -> bytes:
    """Return the workbook's bytes."""
    book = Workbook()
    book.remove(book.worksheets[0])
    _summary(book, contents)
    totals = _ranking(book, contents)
    shifts = _shifts(book, contents) if contents.tried else []
    if contents.tried:
        _grades(book, contents)
    _charts(book, [*totals, *shifts])
    _scores(book, contents)
    _explanation(book, contents)
    _scheme(book, contents)
    _provenance(book, contents)
    book.active = 1
    for sheet in book.worksheets:  # one sheet is selected, or edits would go to two of them
        sheet.sheet_view.tabSelected = sheet.title == book.active.title
    book.properties.creator = f"simkaohe {contents.version}"
    book.properties.title = text_of(contents.title)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


# -- the sheets --------------------------------------------------------------------------------------


def _summary(book: Workbook, contents: Contents) -> None:
    sheet = book.create_sheet(str(Words("摘要", "Summary")))
    lines = [contents.title, contents.date, *contents.summary()]
    for row, line in enumerate(lines, 1):
        cell = put(sheet, row, 1, line)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        wide = -(-max(wcswidth(line), 1) // 68)
        sheet.row_dimensions[row].height = 18 * wide + 4
    sheet["A1"].font = Font(name="Calibri", bold=True, size=14)
    sheet.row_dimensions[1].height = 26
    sheet.column_dimensions["A"].width = 74
    page(sheet, "portrait", None)


def _ranking(book: Workbook, contents: Contents) -> list[Drawing]:
    scheme, ranking = contents.scheme, contents.result.ranking
    head = [column_label("rank"), column_label("unit")]
    formats: list[str | None] = [INTEGER, None]
    if scheme.categories:
        head += [column_label("category"), column_label("category_rank")]
        formats += [None, INTEGER]
    head.append(column_label("total"))
    formats.append(_decimals(contents.digits))
    total = len(head)
    if scheme.grades:
        head.append(column_label("grade"))
        formats.append(None)
    head += [use_label(scheme, use) for use in contents.uses]
    formats += ["#,##0.00" if _has_cents(contents.uses[use]) else "#,##0" for use in contents.uses]
    head += [str(label) for label in contents.papers]
    formats += ["0.00"] * len(contents.papers.columns)
    rows = []
    for unit, row in ranking.iterrows():
        cells = [row["rank"], unit]
        if scheme.categories:
            cells += [scheme.category_label(row["category"]), row["category_rank"]]
        cells.append(row["total"])
        if scheme.grades:
            cells.append(contents.grade(row["grade"]))
        cells += list(contents.uses.loc[str(unit)])
        cells += list(contents.papers.loc[str(unit)])
        rows.append(cells)
    sheet = book.create_sheet(str(Words("排名", "Ranking")))
    table(sheet, head, rows, formats, freeze=(1, 2))
    if len(rows) > CHARTED:
        return []
    title = f"{scheme.label}{Words('：', ': ')}{column_label('total')}"
    return [Drawing(sheet, title, (total,), (2, len(rows) + 1), (UP,))]


def _scores(book: Workbook, contents: Contents) -> None:
    scheme, scores = contents.scheme, contents.result.scores
    nodes = [node for node in scheme.nodes.values() if node is not scheme.root]
    head = [column_label("unit"), *(node.label for node in nodes)]
    rows = [
        [unit, *(scores.at[unit, node.id] for node in nodes)]
        for unit in contents.result.ranking.index
    ]
    sheet = book.create_sheet(str(Words("得分", "Scores")))
    table(sheet, head, rows, [None, *["0.00"] * len(nodes)], freeze=(1, 1))


def _shifts(book: Workbook, contents: Contents) -> list[Drawing]:
    """Write every scenario against the base, one under the other; return a chart for each."""
    sheet = book.create_sheet(str(Words("位次变化", "Shifts")))
    before = Words("（原）", " (base)")
    old = [f"{column_label(name)}{before}" for name in ("total", "rank", "category_rank", "grade")]
    head = [column_label("scheme"), column_label("unit"), column_label("category")]
    head += [old[0], column_label("total"), old[1], column_label("rank"), column_label("shift")]
    head += [old[2], column_label("category_rank"), column_label("category_shift")]
    head += [old[3], column_label("grade")]
    decimals = _decimals(contents.digits)
    formats: list[str | None] = [None, None, None, decimals, decimals, INTEGER, INTEGER, SHIFT]
    formats += [INTEGER, INTEGER, SHIFT, None, None]
    uses = list(dict.fromkeys(use for tried in contents.tried for use in tried.uses))
    change = Words("增减", "change")
    head += [f"{_use_name(contents, use)} {change}" for use in uses]
    formats += ["+#,##0.00;-#,##0.00;0"] * len(uses)
    head += [str(Words("上升", "Up")), str(Words("下降", "Down"))]
    formats += [INTEGER, SHIFT]
    rows: list[list[Any]] = []
    blocks = []
    for tried in contents.tried:
        start = len(rows) + 2
        rows += [
            _shift_row(tried, unit, row, contents, uses) for unit, row in tried.table.iterrows()
        ]
        blocks.append((tried, start, start + len(tried.moved) - 1))
    table(sheet, head, rows, formats, freeze=(1, 2))
    for column in (8, 11):
        _coloured(sheet, column, len(rows) + 1)
    columns = (len(head) - 1, len(head))
    return [
        Drawing(
            sheet,
            f"{column_label('shift')}{Words('：', ': ')}{tried.name}",
            columns,
            (start, end),
            (UP, DOWN),
            1 if tried.moved["shift"].abs().max() <= 10 else None,
        )
        for tried, start, end in blocks
        if 0 < len(tried.moved) <= CHARTED
    ]


def _shift_row(
    tried: Tried, unit: Any, row: pd.Series[Any], contents: Contents, uses: Sequence[Any]
) -> list[Any]:
    shift = None if pd.isna(row["shift"]) else int(row["shift"])
    cells = [tried.name, unit, tried.scheme.category_label(row["category"])]
    cells += [row[name] for name in ("total_before", "total", "rank_before", "rank", "shift")]
    cells += [row[name] for name in ("category_rank_before", "category_rank", "category_shift")]
    cells += [contents.grade(row["grade_before"]), grade_label(tried.scheme, row["grade"])]
    cells += [tried.uses.at[unit, use] if use in tried.uses else None for use in uses]
    return [*cells, max(shift or 0, 0), min(shift or 0, 0)]


def _grades(book: Workbook, contents: Contents) -> None:
    if contents.scheme.grades is None and all(t.scheme.grades is None for t in contents.tried):
        return
    before = Words("（原）", " (base)")
    head = [column_label(name) for name in ("scheme", "unit", "category")]
    head += [f"{column_label('grade')}{before}", column_label("grade")]
    head += [f"{column_label('rank')}{before}", column_label("rank")]
    rows = [
        [
            tried.name,
            unit,
            tried.scheme.category_label(row["category"]),
            contents.grade(row["grade_before"]),
            grade_label(tried.scheme, row["grade"]),
            row["rank_before"],
            row["rank"],
        ]
        for tried in contents.tried
        for unit, row in tried.regraded.iterrows()
    ]
    sheet = book.create_sheet(str(Words("等次变化", "Grades that change")))
    table(sheet, head, rows, [None] * 5 + [INTEGER] * 2, freeze=(1, 2))


def _explanation(book: Workbook, contents: Contents) -> None:
    ranking = contents.result.ranking
    units = list(ranking.index) if len(ranking) <= ALL_EXPLAINED else list(contents.explained)
    names = ("unit", "node", "name", "method", "value", "target", "score", "weight")
    head = [column_label(name) for name in (*names, "points", "factor", "calculation")]
    rows, depths = [], []
    for unit in units:
        for node, row in contents.result.explain(unit).iterrows():
            calculation = row["calculation"]
            if node == "= grade":
                calculation = contents.grade(calculation)
            cells = [unit, str(node), row["name"], row["method"], row["value"], row["target"]]
            cells += [row["score"], row["weight"], row["points"], row["factor"], calculation]
            rows.append(cells)
            depths.append(int(row["depth"]))
    sheet = book.create_sheet(str(Words("算式", "Explanation")))
    formats = [None] * 4 + ["#,##0.####"] * 2 + ["0.0000", "0.##", "0.0000", "0.0000", None]
    table(sheet, head, rows, formats, freeze=(1, 3))
    for number_, depth in enumerate(depths, 2):
        cell = sheet.cell(number_, 3)
        cell.alignment = Alignment(horizontal="left", indent=1 + min(depth, 8), vertical="top")
        if str(sheet.cell(number_, 2).value).startswith("= "):
            cell.font = Font(name="Calibri", bold=True)


def _scheme(book: Workbook, contents: Contents) -> None:
    scheme = contents.scheme
    head = [str(Words("路径", "Path")), column_label("name"), str(Words("值", "Value"))]
    head.append(str(Words("读作", "Reads")))
    rows = []
    for path, slot in scheme.paths().items():
        if slot.value is None:
            continue
        words = value_words(scheme, slot.value)
        rows.append(
            [path, slot.label, slot.value, words if isinstance(slot.value, str | bool) else ""]
        )
    for tried in contents.tried:
        for path in tried.scenario.edits:
            label = f"{tried.name}{Words('：', ': ')}{path_label(tried.scheme, path)}"
            edit = next(each for each in tried.edits if each.path == path)
            rows.append([path, label, f"{edit.before} → {edit.after}", ""])
    sheet = book.create_sheet(str(Words("方案", "Scheme")))
    table(sheet, head, rows, [None] * 4, freeze=(1, 1))


def _provenance(book: Workbook, contents: Contents) -> None:
    rows = [
        [str(Words("标题", "Title")), contents.title],
        [str(Words("方案", "Scheme")), contents.scheme.label],
        [str(Words("案例", "Case")), contents.source or "–"],
        [str(Words("日期", "Date")), contents.date],
        [str(Words("程序", "Program")), f"simkaohe {contents.version}"],
        *([f"SHA-256 {name}", sum_] for name, sum_ in contents.fingerprints().items()),
        *([str(Words("命令", "Command")), line] for line in contents.commands()),
        *(
            [f"{tried.name} · {column_label(str(name))}", number(round(value, 3))]
            for tried in contents.tried
            for name, value in tried.comparison.statistics.loc[tried.name].items()
        ),
        *(
            [str(Words("方案说明", "About the scheme")), note]
            for note in [contents.scheme.note]
            if note
        ),
    ]
    sheet = book.create_sheet(str(Words("版本", "Provenance")))
    head = [str(Words("事项", "What")), str(Words("内容", "Content"))]
    table(sheet, head, rows, [None, None], freeze=(1, 0))


# -- charts -------------------------------------------------------------------------------------------


def _decimals(digits: int) -> str:
    return "0." + "0" * digits if digits else "0"


def _has_cents(column: pd.Series[Any]) -> bool:
    return bool(((column - column.round()).abs() > 1e-9).any())


def _use_name(contents: Contents, use: Any) -> str:
    for scheme in (contents.scheme, *(tried.scheme for tried in contents.tried)):
        if use in scheme.uses:
            return use_label(scheme, use)
    return use


def _coloured(sheet: Worksheet, column: int, last: int) -> None:
    letter = get_column_letter(column)
    for operator, ink, pale in (
        ("greaterThan", UP, UP_PALE),
        ("lessThan", DOWN, DOWN_PALE),
    ):
        rule = CellIsRule(
            operator=operator,
            formula=["0"],
            font=Font(color=ink, bold=True),
            fill=PatternFill("solid", bgColor=pale),
        )
        sheet.conditional_formatting.add(f"{letter}2:{letter}{last}", rule)


def _charts(book: Workbook, drawings: Sequence[Drawing]) -> None:
    """Put all charts on one sheet, one under the other."""
    if not drawings:
        return
    sheet = book.create_sheet(str(Words("图", "Charts")))
    row, filled = 1, 0
    for drawing in drawings:
        chart = _bars(drawing)
        high = math.ceil(chart.height / ROW_HEIGHT) + 2
        if filled and filled + high > PAGE_ROWS:
            sheet.row_breaks.append(Break(row - 1))
            filled = 0
        sheet.add_chart(chart, f"A{row}")
        row, filled = row + high, filled + high
    page(sheet, "portrait", None)


def _bars(drawing: Drawing) -> BarChart:
    """Return a bar chart: units down the side, best on top, one colour for each column."""
    first, last = drawing.rows
    chart = BarChart()
    chart.type, chart.style = "bar", 10
    chart.title, chart.legend = text_of(drawing.title), None
    chart.gapWidth, chart.overlap = 40, 100
    for column in drawing.columns:
        reference = Reference(drawing.sheet, min_col=column, min_row=first, max_row=last)
        chart.add_data(reference, titles_from_data=False)
    chart.set_categories(Reference(drawing.sheet, min_col=2, min_row=first, max_row=last))
    for series, colour in zip(chart.series, drawing.colours, strict=True):
        series.graphicalProperties.solidFill = colour
        series.graphicalProperties.line.solidFill = colour
        series.invertIfNegative = False
    chart.x_axis.scaling.orientation = "maxMin"
    chart.x_axis.tickLblPos = "low"
    chart.x_axis.tickLblSkip = 1
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.y_axis.majorGridlines = None
    chart.y_axis.number_format = "General"
    if drawing.unit:
        chart.y_axis.majorUnit = drawing.unit
    chart.width, chart.height = 17, max(7.0, 2.5 + 0.55 * (last - first + 1))
    return chart
