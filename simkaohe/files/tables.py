"""Tables in CSV files (数据表): strict numbers, every problem with file, row and column."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

from simkaohe.errors import Problem, SimkaoheError, refuse, unknown
from simkaohe.files.text import read_text, write_text
from simkaohe.labels import RECORD_COLUMNS, Words
from simkaohe.panel import RECORDS, UNIT

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
COLUMN = Words("指标", "indicator")


def read_table(
    path: Path, columns: Mapping[str, str] | None, units: Iterable[str] | None
) -> tuple[pd.DataFrame, list[Problem]]:
    """Read a table of numbers: units in the first column, one column per indicator.

    Parameters
    ----------
    path : Path
    columns : mapping of heading to column name, optional
        The headings that are known (ids and labels) and the column that each stands for; None: any.
    units : iterable of str, optional
        The units that are known; None: any.

    Returns
    -------
    frame : DataFrame
        What was understood.
    problems : list of Problem
        Everything else.
    """
    rows = _rows(path)
    name = path.name
    if not rows:
        return pd.DataFrame(), [Problem(name, Words("文件是空的", "the file is empty"))]
    problems: list[Problem] = []
    header = [cell.strip() for cell in rows[0][1]]
    places = _columns(name, header, rows[1:], columns, problems)
    known = None if units is None else set(units)
    found: dict[str, list[float]] = {}
    for line, row in rows[1:]:
        unit = row[0].strip()
        where = f"{name} › {Words('第 {} 行', 'row {}').format(line)}"
        if not unit:
            problems.append(Problem(where, Words("没有写单位名称", "the unit's name is missing")))
        elif unit in found:
            problems.append(
                Problem(
                    where,
                    Words(f"“{unit}”出现了两次", f"{unit!r} is there twice"),
                    remedy=Words("只保留一行", "Keep one row"),
                )
            )
        elif known is not None and unit not in known:
            problems.append(unknown(where, unit, known, UNIT))
        else:
            extra = [cell for cell in row[len(header) :] if cell.strip()]
            if extra:
                problems.append(
                    Problem(
                        where,
                        Words(f"多出一格“{extra[0]}”", f"a cell too many: {extra[0]!r}"),
                        Words(f"{len(header)} 格", f"{len(header)} cells"),
                    )
                )
            found[unit] = [
                _number(
                    row[place] if place < len(row) else "", f"{where} › {header[place]}", problems
                )
                for place in places.values()
            ]
    if not found and not problems:
        problems.append(Problem(name, Words("没有任何单位", "there is no unit in it")))
    frame = pd.DataFrame.from_dict(found, orient="index", columns=list(places), dtype=np.float64)
    return frame.rename_axis("unit"), problems


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the rows that are not blank, with their line in the file."""
    reader = csv.reader(StringIO(read_text(path), newline=""), strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise SimkaoheError(
            Problem(
                f"{path.name} › {Words('第 {} 行', 'row {}').format(reader.line_num)}",
                Words(f"不是规范的 CSV（{error}）", f"not valid CSV ({error})"),
                remedy=Words("请检查引号是否成对", "Check that quotation marks come in pairs"),
            )
        ) from error
    rows = [(line, row) for line, row in rows if any(cell.strip() for cell in row)]
    if rows and len(rows[0][1]) == 1 and re.search(r"[;\t，]", rows[0][1][0]):
        refuse(
            path.name,
            Words("列之间不是用英文逗号分隔", "columns that are not separated by commas"),
            Words("逗号分隔的 CSV", "a CSV file with commas"),
            Words("请在 Excel 中另存为“CSV UTF-8”", "In Excel save it as “CSV UTF-8”"),
        )
    return rows


def _columns(
    name: str,
    header: list[str],
    rows: list[tuple[int, list[str]]],
    columns: Mapping[str, str] | None,
    problems: list[Problem],
) -> dict[str, int]:
    """Return the place of each column that is understood."""
    places: dict[str, int] = {}
    for place, heading in enumerate(header):
        where = f"{name} › {Words('第 1 行', 'row 1')} › {heading or place + 1}"
        if place == 0:
            continue
        if not heading:
            if any(len(row) > place and row[place].strip() for _, row in rows):
                problems.append(
                    Problem(where, Words("这一列没有表头", "this column has no heading"))
                )
            continue
        if columns is not None and heading not in columns:
            problems.append(unknown(where, heading, list(columns), COLUMN))
            continue
        column = heading if columns is None else columns[heading]
        if column in places:
            problems.append(
                Problem(
                    where,
                    Words(f"“{column}”有两列", f"there are two columns for {column!r}"),
                    remedy=Words("只保留一列", "Keep one of them"),
                )
            )
            continue
        places[column] = place
    return places


def _number(cell: str, where: str, problems: list[Problem]) -> float:
    """Return a cell as a number, NaN where it is empty; note what is not understood."""
    text = cell.strip()
    if not text:
        return np.nan
    if NUMBER.fullmatch(text) and text.isascii():
        number = float(text)
        if np.isfinite(number):
            return number
    problems.append(
        Problem(where, Words(f"“{text}”", repr(text)), Words("数", "a number"), _mend(text))
    )
    return np.nan


def _mend(text: str) -> Words:
    plain = unicodedata.normalize("NFKC", text).replace(",", "").strip()
    lone = plain.rstrip("%")
    leading = NUMBER.match(plain)
    if plain.endswith("%") and NUMBER.fullmatch(lone):
        return Words(
            f"请只写 {lone}，百分号写在指标的计量单位里",
            f"Write {lone} and put the % into the indicator's unit",
        )
    if NUMBER.fullmatch(plain):
        return Words(f"请写成 {plain}", f"Write {plain}")
    if leading:
        return Words(
            f"请只写 {leading[0]}，单位写在指标的计量单位里",
            f"Write {leading[0]} and put the unit of measurement into the indicator's unit",
        )
    return Words("没有数值时请留空", "Leave the cell empty where there is no value")


def write_table(path: Path, frame: pd.DataFrame) -> Path:
    """Write a table as CSV in UTF-8 with BOM, which Excel opens as it should."""
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(["unit", *frame.columns])
    for unit, row in zip(frame.index, frame.to_numpy(), strict=True):
        writer.writerow([unit, *("" if np.isnan(cell) else repr(float(cell)) for cell in row)])
    return write_text(path, stream.getvalue(), encoding="utf-8-sig")


def read_records(path: Path, table: str) -> tuple[pd.DataFrame, list[Problem]]:
    """Read a list of records (台账、评分、答卷): headings are column names or their labels."""
    columns = {}
    for column in RECORDS[table]:
        columns |= dict.fromkeys((column, *RECORD_COLUMNS[column]), column)
    rows = _rows(path)
    if not rows:
        return pd.DataFrame(), [Problem(path.name, Words("文件是空的", "the file is empty"))]
    problems: list[Problem] = []
    header = [cell.strip() for cell in rows[0][1]]
    places: dict[str, int] = {}
    for place, heading in enumerate(header):
        if heading not in columns:
            problems.append(unknown(path.name, heading, list(columns), Words("列", "column")))
        elif columns[heading] in places:
            twice = Words(f"“{heading}”有两列", f"there are two columns for {heading!r}")
            problems.append(Problem(path.name, twice))
        else:
            places[columns[heading]] = place
    found: dict[str, list[object]] = {column: [] for column in places}
    for line, row in rows[1:]:
        where = f"{path.name} › {Words('第 {} 行', 'row {}').format(line)}"
        for column, place in places.items():
            cell = row[place].strip() if place < len(row) else ""
            is_number = column == "count" or (column == "score" and NUMBER.fullmatch(cell))
            found[column].append(
                _number(cell, f"{where} › {header[place]}", problems) if is_number else cell
            )
    return pd.DataFrame(found), problems


def write_records(path: Path, frame: pd.DataFrame) -> Path:
    """Write a list of records as CSV in UTF-8 with BOM."""
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(frame.columns)
    for row in frame.itertuples(index=False):
        writer.writerow([repr(cell) if isinstance(cell, float) else cell for cell in row])
    return write_text(path, stream.getvalue(), encoding="utf-8-sig")
