"""What a reader takes along: pictures, tables, a report, the scenarios (导出)."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pandas as pd

from simkaohe import plots
from simkaohe.labels import Words, column_label
from simkaohe.report import write_report
from simkaohe.widgets.state import State


class Export(NamedTuple):
    """A kind of file: what it is called, how its name ends, and how it is made."""

    label: Words
    suffix: str
    make: Callable[[State], bytes]


def picture(state: State, kind: str) -> bytes:
    """Return the picture of who moves, to be printed: ``png`` or ``svg``."""
    import matplotlib.pyplot as plt

    figure: Any = plots.shift(state.comparison).figure
    stream = io.BytesIO()
    figure.savefig(stream, format=kind, dpi=200, bbox_inches="tight")
    plt.close(figure)
    return stream.getvalue()


def table(state: State) -> pd.DataFrame:
    """Return the two sides unit by unit, with the words that people read."""
    comparison = state.comparison
    before, after = comparison.base, comparison.others[0]
    frame = comparison.table().reset_index()
    scheme = comparison.results[after].scheme
    frame["category"] = [scheme.category_label(name) for name in frame["category"]]
    for column, name in (("grade_before", before), ("grade", after)):
        grades = comparison.results[name].scheme.grades
        labels = {band.name: band.label for band in grades.bands} if grades else {}
        frame[column] = [labels.get(grade, "") for grade in frame[column]]

    def heading(column: str) -> str:
        if column in ("unit", "category") or column.endswith("shift"):
            return column_label(column)
        name = column.removesuffix("_before")
        use = scheme.uses.get(name.removeprefix("uses."))
        label = (use.name or name) if use else column_label(name)
        return f"{label}（{before if name != column else after}）"

    return frame.rename(columns=heading)


def spreadsheet(state: State) -> bytes:
    """Return the table as an Excel workbook; text is never a formula."""
    from openpyxl import Workbook

    book, frame = Workbook(), table(state)
    sheet = book.active
    sheet.title = column_label("shift")
    sheet.freeze_panes = "B2"
    for row, cells in enumerate([frame.columns, *frame.astype(object).to_numpy()], 1):
        for column, value in enumerate(cells, 1):
            cell = sheet.cell(row, column, None if pd.isna(value) else value)
            if isinstance(value, str):
                cell.data_type = "s"
            elif isinstance(value, float):
                cell.number_format = "0.00"
    for column in sheet.columns:
        sheet.column_dimensions[column[0].column_letter].width = 16
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def comma_separated(state: State) -> bytes:
    """Return the table as CSV in UTF-8 with BOM, which Excel opens as it should."""
    text = table(state).map(_harmless).to_csv(index=False, lineterminator="\r\n")
    return text.encode("utf-8-sig")


def _harmless(value: Any) -> Any:
    """Return a text that no spreadsheet takes for a formula."""
    risky = isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{value}" if risky else value


def _file(suffix: str) -> Callable[[State], bytes]:
    def make(state: State) -> bytes:
        with TemporaryDirectory() as folder:
            path = Path(folder, f"file{suffix}")
            if suffix == ".html":
                write_report(path, state.scheme, state.panel, state.kept)
            else:
                state.save(path)
            return path.read_bytes()

    return make


EXPORTS = {
    "png": Export(Words("位次变化图 PNG", "Picture (PNG)"), ".png", lambda s: picture(s, "png")),
    "svg": Export(Words("位次变化图 SVG", "Picture (SVG)"), ".svg", lambda s: picture(s, "svg")),
    "xlsx": Export(Words("比较表 Excel", "Table (Excel)"), ".xlsx", spreadsheet),
    "csv": Export(Words("比较表 CSV", "Table (CSV)"), ".csv", comma_separated),
    "html": Export(Words("报告（网页，可打印）", "Report (HTML)"), ".html", _file(".html")),
    "yaml": Export(Words("情景文件 YAML", "Scenarios (YAML)"), ".yaml", _file(".yaml")),
    "workbook": Export(
        Words("工作簿：方案、数据、情景", "Workbook: scheme, data, scenarios"),
        ".xlsx",
        _file(".xlsx"),
    ),
}
"""What can be taken along, by a short name."""


def file_name(state: State, kind: str) -> str:
    """Return what an exported file is called."""
    name = "".join("-" if mark in '\\/:*?"<>|' else mark for mark in state.scheme.label)
    return (
        f"{name}-{kind}{EXPORTS[kind].suffix}"
        if kind == "workbook"
        else (f"{name}{EXPORTS[kind].suffix}")
    )
