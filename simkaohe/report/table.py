"""Cells and tables of a workbook that people print (结果工作簿的表格); every text is stored as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from wcwidth import wcswidth

RISKY = ("=", "+", "-", "@", "\t", "\r")
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]")
INTEGER, SHIFT = "0", "+0;-0;0"
FITTING = 24
"""Columns that are legible on the width of a page."""
LONGEST = 32767
"""Characters that a cell holds."""
UP, DOWN = "1F5FA8", "B3560B"


def text_of(text: str) -> str:
    """Return what of a text a cell can hold."""
    return UNWRITABLE.sub("", text)[:LONGEST]


def put(sheet: Worksheet, row: int, column: int, value: Any, form: str | None = None) -> Any:
    """Write one value: text as text, whatever it begins with; missing values as empty cells."""
    cell = sheet.cell(row, column)
    if isinstance(value, str):
        text = text_of(value)
        cell.value = text
        cell.data_type = "s"
        if text.startswith(RISKY):
            cell.quotePrefix = True
        return cell
    if value is None or pd.isna(value):
        return cell
    whole = form in (INTEGER, SHIFT) or isinstance(value, bool)
    cell.value = value if isinstance(value, bool) else int(value) if whole else float(value)
    if form:
        cell.number_format = form
    return cell


def table(
    sheet: Worksheet,
    head: Sequence[str],
    rows: Sequence[Sequence[Any]],
    formats: Sequence[str | None],
    *,
    freeze: tuple[int, int],
) -> None:
    """Write a table with its head, widths, frozen panes, filter and page."""
    line = Border(bottom=Side(style="thin", color="AAB4BF"))
    for column, text in enumerate(head, 1):
        cell = put(sheet, 1, column, text)
        cell.font = Font(name="Calibri", bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor=UP)
        side = "right" if formats[column - 1] else "left"
        indent = int(side == "left")
        cell.alignment = Alignment(
            wrap_text=True, vertical="center", horizontal=side, indent=indent
        )
        cell.border = line
    for number_, row in enumerate(rows, 2):
        for column, (value, form) in enumerate(zip(row, formats, strict=True), 1):
            cell = put(sheet, number_, column, value, form)
            wraps = isinstance(value, str) and wcswidth(value) > 60
            cell.alignment = Alignment(
                vertical="top",
                wrap_text=wraps,
                horizontal="left" if isinstance(value, str) else None,
                indent=int(isinstance(value, str)),
            )
        longest = max((_width(value) for value in row if isinstance(value, str)), default=0)
        if longest > 60:
            sheet.row_dimensions[number_].height = 15 * -(-longest // 54)
    for column in range(1, len(head) + 1):
        texts = [_shown(row[column - 1], formats[column - 1]) for row in rows]
        widest = max([*map(_width, texts), min(_width(head[column - 1]), 14)], default=8)
        sheet.column_dimensions[get_column_letter(column)].width = min(max(widest + 3, 7), 62)
    lines = max(-(-(_width(text) + 3) // 17) for text in head)
    sheet.row_dimensions[1].height = 16 * min(lines, 4) + 6
    sheet.freeze_panes = sheet.cell(freeze[0] + 1, freeze[1] + 1)
    last = get_column_letter(len(head))
    sheet.auto_filter.ref = f"A1:{last}{len(rows) + 1}"
    page(sheet, "landscape", "1:1")
    if len(head) > FITTING:  # more than a page's width can show: over several pages
        sheet.sheet_properties.pageSetUpPr.fitToPage = False
        sheet.print_title_cols = f"A:{get_column_letter(max(freeze[1], 1))}"


def page(sheet: Worksheet, orientation: str, titles: str | None) -> None:
    """Set A4 paper, as wide as it is, with page numbers and rows repeated on every page."""
    sheet.page_setup.orientation = orientation
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.oddFooter.center.text = "&P / &N"
    if titles:
        sheet.print_title_rows = titles


def _shown(value: Any, form: str | None) -> str:
    if isinstance(value, str):
        return value
    if value is None or pd.isna(value):
        return ""
    digits = len((form or "0.00").split(";")[0].partition(".")[2])
    return f"{value:,.{digits}f}" if not isinstance(value, bool) else str(value)


def _width(text: str) -> int:
    return max((max(wcswidth(part), 0) for part in text.splitlines()), default=0)
