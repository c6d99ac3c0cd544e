"""The data (数据): what was observed of every unit. Labelled frames in, float64 arrays out."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from copy import copy
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.labels import Words
from simkaohe.scheme.problems import quoted

QUANTITIES = MappingProxyType(
    {
        "actual": Words("实际值", "actual value"),
        "target": Words("目标值", "target"),
        "previous": Words("上年值", "last year's value"),
        "baseline": Words("基准值", "baseline"),
        "predecessor": Words("前任同期值", "predecessor's value"),
        "cumulative": Words("累计值", "cumulative value"),
        "cumulative_target": Words("累计目标值", "cumulative target"),
        "sample_size": Words("样本量", "sample size"),
        "sample_sd": Words("样本标准差", "sample standard deviation"),
        "deducted": Words("已扣分", "points lost already"),
        "risk": Words("扣分风险", "risk of loss"),
        "difficulty": Words("难度系数", "difficulty coefficient"),
    }
)
"""What can be recorded for a unit and an indicator; a rule's formula names what it reads."""
WIDE = MappingProxyType(
    {
        **QUANTITIES,
        "periods": Words("各期得分", "scores of earlier periods"),
        "covariates": Words("背景数据", "covariates"),
    }
)
"""The tables of numbers: units in rows."""
RECORDS = MappingProxyType(
    {
        "events": ("unit", "event", "kind", "count", "name", "date", "note"),
        "ratings": ("unit", "indicator", "group", "rater", "score"),
        "answers": ("unit", "indicator", "answer", "count"),
    }
)
"""The lists (台账、评分、答卷) and their columns: one record a row."""
UNIT = Words("单位", "unit")


class Panel:
    """数据: values by unit and indicator, lists of records, and facts that units cannot control.

    Parameters
    ----------
    actual : DataFrame, units × indicators
        Observed values; the index holds the units' names, the columns the indicators' ids. An
        empty cell (NaN) is a missing value.
    target, previous, baseline, predecessor, cumulative, cumulative_target : DataFrame, optional
        Like ``actual``; units and indicators may be fewer.
    sample_size, sample_sd : DataFrame, optional
        Of surveys whose mean is the actual value.
    deducted, risk : DataFrame, optional
        Points lost already, and the chance (0 to 1) that what is open will be lost.
    difficulty : DataFrame, units × node ids, optional
        难度系数 of indicators, groups or the total.
    periods : DataFrame, units × period ids, optional
        Totals of earlier periods.
    covariates : DataFrame, units × facts, optional
        E.g. ``population``, which per-head measures divide by.
    events : DataFrame, optional
        台账, one record a row: ``unit``, ``event`` (id of an adjustment, or of an event that a
        condition names), ``kind`` (e.g. the level of an award), ``count`` (1 where it is left out),
        ``name``, ``date``, ``note``.
    ratings : DataFrame, optional
        评分, one rating a row: ``unit`` (who is rated), ``indicator``, ``group`` (of raters),
        ``rater``, ``score`` (a number, or a word that the scheme gives points for).
    answers : DataFrame, optional
        答卷: ``unit``, ``indicator``, ``answer``, ``count`` (of people who gave it).

    Raises
    ------
    SimkaoheError
        Duplicate or unknown units, rows that are sums or notes, duplicate columns, cells that are
        no finite numbers; all at once, each with table, unit and column.
    """

    def __init__(self, actual: pd.DataFrame, **tables: pd.DataFrame | None) -> None:
        for name in tables:
            if name not in WIDE and name not in RECORDS:
                raise TypeError(f"Panel has no table {name!r}; there are {[*WIDE, *RECORDS]}")
        frames = {"actual": actual, **tables}
        self.units: tuple[str, ...] = tuple(str(unit) for unit in actual.index)
        problems: list[Problem] = []
        rows: dict[str, dict[str, npt.NDArray[np.float64]]] = {}
        for name in WIDE:
            frame = frames.get(name)
            if frame is None:
                continue
            problems += _label_problems(name, frame, self.units)
            if not problems:
                rows[name], wrong = _numbers(name, frame, self.units)
                problems += wrong
        lists: dict[str, pd.DataFrame] = {}
        for name in RECORDS:
            frame = frames.get(name)
            if frame is not None:
                lists[name], wrong = _records(name, frame, self.units)
                problems += wrong
        if problems:
            raise SimkaoheError(*problems)
        self._rows, self._lists = rows, lists
        self._about: dict[str, dict[str, list[dict[str, Any]]]] = {}

    def __repr__(self) -> str:
        tables = ", ".join(f"{name} {len(rows)}" for name, rows in self._rows.items())
        lists = "".join(f"; {name} {len(frame)} records" for name, frame in self._lists.items())
        return f"Panel({len(self.units)} units; columns: {tables}{lists})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Panel):
            return NotImplemented
        return self is other or (
            self.units == other.units
            and all(self.frame(name).equals(other.frame(name)) for name in WIDE)
            and all(self.records(name).equals(other.records(name)) for name in RECORDS)
        )

    __hash__ = None  # type: ignore[assignment]  # equal by value, and too big to hash

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables of numbers that there are: ``actual``, ``target``, …, ``covariates``."""
        return tuple(self._rows)

    @property
    def record_tables(self) -> tuple[str, ...]:
        """The lists of records that there are: ``events``, ``ratings``, ``answers``."""
        return tuple(self._lists)

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the columns of a table; none when there is no such table."""
        return tuple(self._rows.get(table, ()))

    def frame(self, table: str) -> pd.DataFrame:
        """Return a copy of a table of numbers, units × columns."""
        return pd.DataFrame(
            dict(self._rows.get(table, {})),
            index=pd.Index(self.units, name="unit"),
        )

    def records(self, table: str) -> pd.DataFrame:
        """Return a copy of a list of records; empty when there is none."""
        if table in self._lists:
            return self._lists[table].copy()
        return pd.DataFrame(columns=list(RECORDS[table]))

    def about(self, table: str, name: str) -> list[dict[str, Any]]:
        """Return the records of one event or indicator, not to be changed."""
        if table not in self._about:
            about: dict[str, list[dict[str, Any]]] = {}
            records: Any = self.records(table).to_dict("records")
            for record in records:
                about.setdefault(record[RECORDS[table][1]], []).append(record)
            self._about[table] = about
        return self._about[table].get(name, [])

    def numbers(self, table: str, column: str) -> npt.NDArray[np.float64] | None:
        """Return a column, shape (N,), read-only; None when there is none."""
        return self._rows.get(table, {}).get(column)

    def replace(self, **tables: pd.DataFrame) -> Panel:
        """Return a copy with some tables replaced."""
        kept = {name: self.frame(name) for name in self.tables} | self._lists
        return Panel(**(kept | tables))

    def with_numbers(self, tables: Mapping[str, Mapping[str, npt.NDArray[np.float64]]]) -> Panel:
        """Return a copy with some columns (N,) of some tables replaced, unchecked."""
        other = copy(self)
        other._rows = {name: rows | {**tables.get(name, {})} for name, rows in self._rows.items()}
        return other


def _label_problems(table: str, frame: pd.DataFrame, units: tuple[str, ...]) -> Iterator[Problem]:
    for what, labels in (
        (UNIT, [str(unit) for unit in frame.index]),
        (Words("列", "column"), [str(column) for column in frame.columns]),
    ):
        for label, count in Counter(labels).items():
            if count > 1:
                yield Problem(
                    f"{table} › {label}",
                    Words(f"{what.zh}出现了 {count} 次", f"this {what.en} is there {count} times"),
                    remedy=Words("只保留一个", "Keep one of them"),
                )
    known = set(units)
    for unit in frame.index:
        if str(unit) not in known:
            yield unknown(f"{table} › {unit}", str(unit), units, UNIT)
        elif table == "actual" and _NO_UNIT.fullmatch(_bare(str(unit))):
            yield Problem(
                f"{table} › {unit}",
                Words(
                    f"“{unit}”看来是合计、参照或说明，不是单位",
                    f"{unit!r} looks like a sum, a reference or a note, and no unit",
                ),
                remedy=Words(
                    "请删去这一行；确是单位的，请换个写法",
                    "Remove the row; write it otherwise if it is a unit",
                ),
            )


_NO_UNIT = re.compile(
    r".*(合计|总计|小计|共计|平均|均值|平均值|平均分|平均数|中位数|标准差|最大值|最小值|最高分|最低分)|目标值?|权重|满分|"
    r"((grand|sub)?total|sum|average|mean|median|maximum|minimum|target|weight)s?|"
    r"(注|备注|附注|说明|来源|数据来源|制表人?|填表人?|审核人?|notes?|source)\d*[:.、].*"
)
"""What people write below or above their units, in the unit's column."""


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()


def _numbers(
    table: str, frame: pd.DataFrame, units: tuple[str, ...]
) -> tuple[dict[str, npt.NDArray[np.float64]], list[Problem]]:
    """Return the columns as float64 rows in the order of ``units``, and the cells that are wrong."""
    try:
        block = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        block = np.empty(frame.shape)
        for column in range(frame.shape[1]):
            block[:, column] = [_number(cell) for cell in frame.iloc[:, column].tolist()]
    wrong = np.isinf(block)
    problems = [
        Problem(
            f"{table} › {frame.index[row]} › {frame.columns[column]}",
            quoted(frame.iat[row, column]),
            Words("数，或留空", "a number, or an empty cell"),
        )
        for row, column in zip(*wrong.nonzero(), strict=True)
    ]
    place = {str(unit): row for row, unit in enumerate(frame.index)}
    order = [place.get(unit, -1) for unit in units]
    padded = np.vstack([block, np.full((1, block.shape[1]), np.nan)])
    rows = np.ascontiguousarray(padded[order].T)
    rows.flags.writeable = False
    return {str(name): row for name, row in zip(frame.columns, rows, strict=True)}, problems


def _number(cell: object) -> float:
    """Return a cell as a number; infinity stands for one that is none."""
    if cell is None or cell is pd.NA or cell is pd.NaT or cell != cell:
        return np.nan
    return float(cell) if isinstance(cell, int | float | np.number) else np.inf


def _records(
    table: str, frame: pd.DataFrame, units: tuple[str, ...]
) -> tuple[pd.DataFrame, list[Problem]]:
    """Return a list of records with all its columns, text as text and counts as numbers."""
    columns = RECORDS[table]
    problems = [
        unknown(table, str(column), columns, Words("列", "column"))
        for column in frame.columns
        if column not in columns
    ]
    problems += [
        Problem(f"{table} › {column}", Words("没有这一列", "there is no such column"))
        for column in columns[:2]
        if column not in frame
    ]
    if problems:
        return frame, problems
    found: dict[str, list[object]] = {}
    for column in columns:
        cells = frame[column].tolist() if column in frame else [None] * len(frame)
        blank = [cell is None or cell is pd.NA or cell != cell or cell == "" for cell in cells]
        if column in ("count", "score"):
            found[column] = []
            for row, (cell, empty) in enumerate(zip(cells, blank, strict=True)):
                value: object = 1.0 if empty and column == "count" else _number(cell)
                words = column == "score" and isinstance(cell, str) and not empty
                found[column].append(cell if words else value)
                short = value != value or value == np.inf or (column == "count" and value < 0)  # type: ignore[operator]
                if short and not words:
                    problems.append(
                        Problem(
                            f"{table} › {row + 1} › {column}",
                            Words("没有填写", "nothing") if empty else quoted(cell),
                            Words("≥ 0 的数", "a number ≥ 0")
                            if column == "count"
                            else Words("数或评语", "a number or a word"),
                        )
                    )
        else:
            found[column] = ["" if e else str(c) for c, e in zip(cells, blank, strict=True)]
    known = set(units)
    problems += [
        unknown(f"{table} › {row + 1} › unit", str(unit), units, UNIT)
        for row, unit in enumerate(found["unit"])
        if unit not in known
    ]
    whole = pd.DataFrame(found, columns=list(columns))
    for column in columns:
        kind = float if column == "count" else object
        whole[column] = whole[column].astype(kind)
    return whole, problems
