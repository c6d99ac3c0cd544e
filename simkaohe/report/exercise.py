"""An exercise for a class as a workbook (课堂练习): blanks for the class, solutions for the teacher."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.worksheet import Worksheet

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.files.text import write_bytes
from simkaohe.labels import RECORD_COLUMNS, Words, column_label, reader_name
from simkaohe.lessons import Exercise
from simkaohe.report.table import page, put, table
from simkaohe.report.words import grade_label, parameter_words, provisions, reading_words
from simkaohe.result import Result
from simkaohe.scheme.tree import Group, Indicator

BLANK = "FFF7DA"
SHEETS = {
    "class": Words("练习", "Exercise"),
    "ranking": Words("计分表", "Score sheet"),
    "data": Words("数据", "Data"),
    "scheme": Words("方案", "Scheme"),
    "solutions": Words("答案（教师用）", "Solutions (teacher)"),
    "solved": Words("计分表答案（教师用）", "Score sheet solved (teacher)"),
}


def write_exercise(path: str | Path, exercise: Exercise) -> Path:
    """Write a class exercise: questions with blanks, an empty score sheet, data, and the solutions.

    The teacher removes the last two sheets, or prints the first four only.

    Parameters
    ----------
    path : str or Path
        ``.xlsx``.
    exercise : Exercise
        See :func:`simkaohe.training_exercise`.

    Returns
    -------
    Path
        Where the workbook is; it is written whole or not at all.

    Raises
    ------
    SimkaoheError
        Another suffix, and a place that cannot be written to.
    """
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise SimkaoheError(
            Problem(str(path), f"“{path.suffix}”", Words("后缀 .xlsx", "the suffix .xlsx"))
        )
    return write_bytes(path, workbook_of(exercise))


def workbook_of(exercise: Exercise) -> bytes:
    """Return the workbook that :func:`write_exercise` writes."""
    book = Workbook()
    book.remove(book.worksheets[0])
    _questions(book, exercise)
    _score_sheet(book, exercise.result, "ranking", blank=True)
    _data(book, exercise.result)
    _scheme(book, exercise.result)
    _solutions(book, exercise)
    _score_sheet(book, exercise.result, "solved", blank=False)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def _questions(book: Workbook, exercise: Exercise) -> None:
    head = [column_label(name) for name in ("number", "question", "given", "answer")]
    rows = [[n, *row] for n, row in exercise.sheet.iterrows()]
    sheet = _sheet(book, "class", head, rows, ["0", None, None, None])
    sheet.column_dimensions["D"].width = 18
    for row in range(2, len(rows) + 2):
        _make_blank(sheet, row, 4)
    title = Words("第 {} 号练习：{}", "Exercise {}: {}")
    sheet.oddHeader.center.text = str(title.format(exercise.seed, exercise.result.scheme.label))


def _score_sheet(book: Workbook, result: Result, name: str, *, blank: bool) -> None:
    """Write units against nodes, total and rank, blank or filled in."""
    scheme, ranking = result.scheme, result.ranking
    nodes = [node for node in scheme.nodes.values() if node is not scheme.root]
    head = [column_label("unit"), *(node.label for node in nodes)]
    head += [column_label("total"), column_label("rank"), column_label("grade")]
    order = list(result.engine.units) if blank else list(ranking.index)
    rows: list[list[Any]] = []
    for unit in order:
        if blank:
            rows.append([unit, *[None] * (len(nodes) + 3)])
            continue
        row = ranking.loc[str(unit)]
        scores = [result.scores.at[unit, node.id] for node in nodes]
        rows.append([unit, *scores, row["total"], row["rank"], grade_label(scheme, row["grade"])])
    formats = [None, *["0.00"] * (len(nodes) + 1), "0", None]
    sheet = _sheet(book, name, head, rows, formats)
    for place in range(2, len(rows) + 2) if blank else ():
        for column in range(2, len(head) + 1):
            _make_blank(sheet, place, column)


def _data(book: Workbook, result: Result) -> None:
    frame = result.panel.frame("actual")
    labels: dict[Any, str] = {leaf.column: leaf.label for leaf in result.scheme.indicators}
    head = [column_label("unit"), *(str(labels.get(column, column)) for column in frame)]
    rows = [[unit, *row] for unit, row in zip(frame.index, frame.to_numpy(), strict=True)]
    sheet = _sheet(book, "data", head, rows, [None, *["General"] * len(frame.columns)])
    records = result.panel.records("events")
    names = {
        name: reader_name(each.name, each.name_en, name)
        for name, each in result.scheme.adjustments.items()
    }
    for column, name in enumerate(("unit", "event", "kind", "count", "name"), 1):
        if len(records):
            put(sheet, len(rows) + 3, column, str(RECORD_COLUMNS[name])).font = Font(bold=True)
    for n, record in enumerate(records.to_dict("records"), len(rows) + 4):
        event = names.get(str(record["event"]), str(record["event"]))
        said = [record["unit"], event, record["kind"], record["count"], record["name"]]
        for column, value in enumerate(said, 1):
            put(sheet, n, column, value, "General" if column == 4 else None)


def _scheme(book: Workbook, result: Result) -> None:
    """Write what the scheme says: every node with its weight and method, then the provisions."""
    scheme = result.scheme
    rows: list[list[Any]] = []
    for node in scheme.nodes.values():
        method = node.combine if isinstance(node, Group) else node.rule
        said = [parameter_words(scheme, method)]
        if isinstance(node, Indicator):
            said.append(reading_words(node))
        weight = None if node is scheme.root else node.weight
        rows.append([node.label, weight, str(method.label), "; ".join(filter(None, said))])
    rows += [[name, None, method, words] for name, method, words in provisions(scheme)]
    head = [column_label("name"), column_label("weight"), column_label("method")]
    head.append(str(Words("内容", "What it says")))
    _sheet(book, "scheme", head, rows, [None, "General", None, None])


def _solutions(book: Workbook, exercise: Exercise) -> None:
    names = ("number", "question", "answer", "calculation", "mistakes")
    rows = [[n, *row] for n, row in exercise.solutions.iterrows()]
    formats = ["0", None, "General", None, None]
    _sheet(book, "solutions", [column_label(name) for name in names], rows, formats)


def _sheet(
    book: Workbook, name: str, head: list[str], rows: list[list[Any]], formats: list[str | None]
) -> Worksheet:
    sheet = book.create_sheet(str(SHEETS[name]))
    table(sheet, head, rows, formats, freeze=(1, 1))
    page(sheet, "landscape", "1:1")
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            if isinstance(cell.value, str) and len(cell.value) > 30:
                cell.alignment = Alignment(wrap_text=True, vertical="top")
    return sheet


def _make_blank(sheet: Worksheet, row: int, column: int) -> None:
    """Draw the box that a learner fills in."""
    cell = sheet.cell(row, column)
    side = Side(style="thin", color="8A8A8A")
    cell.border = Border(left=side, right=side, top=side, bottom=side)
    cell.fill = PatternFill("solid", fgColor=BLANK)
    cell.font = Font(name="Calibri", size=12)
