"""The data (数据): what was observed of every unit. Labelled frames in, float64 arrays out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from types import MappingProxyType

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
    }
)
"""What can be recorded for a unit and an indicator; a rule's formula names what it reads."""
UNIT = Words("单位", "unit")


class Panel:
    """数据: values by unit and indicator, and facts about units that they cannot control.

    Parameters
    ----------
    actual : DataFrame, units × indicators
        Observed values; the index holds the units' names, the columns the indicators' ids. An
        empty cell (NaN) is a missing value.
    target, previous, baseline, predecessor, cumulative, cumulative_target : DataFrame, optional
        Like ``actual``; units and indicators may be fewer.
    covariates : DataFrame, units × facts, optional
        E.g. ``population``, which per-head measures divide by.

    Raises
    ------
    SimkaoheError
        Duplicate or unknown units, duplicate columns, cells that are no finite numbers; all at
        once, each with table, unit and column.
    """

    def __init__(
        self,
        actual: pd.DataFrame,
        *,
        target: pd.DataFrame | None = None,
        previous: pd.DataFrame | None = None,
        baseline: pd.DataFrame | None = None,
        predecessor: pd.DataFrame | None = None,
        cumulative: pd.DataFrame | None = None,
        cumulative_target: pd.DataFrame | None = None,
        covariates: pd.DataFrame | None = None,
    ) -> None:
        frames = {
            "actual": actual,
            "target": target,
            "previous": previous,
            "baseline": baseline,
            "predecessor": predecessor,
            "cumulative": cumulative,
            "cumulative_target": cumulative_target,
            "covariates": covariates,
        }
        given = {name: frame for name, frame in frames.items() if frame is not None}
        self.units: tuple[str, ...] = tuple(str(unit) for unit in actual.index)
        problems: list[Problem] = []
        rows: dict[str, dict[str, npt.NDArray[np.float64]]] = {}
        for name, frame in given.items():
            problems += _label_problems(name, frame, self.units)
            if not problems:
                rows[name], wrong = _numbers(name, frame, self.units)
                problems += wrong
        if problems:
            raise SimkaoheError(*problems)
        self._rows = rows

    def __repr__(self) -> str:
        tables = ", ".join(f"{name} {len(rows)}" for name, rows in self._rows.items())
        return f"Panel({len(self.units)} units; columns: {tables})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Panel):
            return NotImplemented
        return self.units == other.units and all(
            self.frame(name).equals(other.frame(name)) for name in (*QUANTITIES, "covariates")
        )

    __hash__ = None  # type: ignore[assignment]  # equal by value, and too big to hash

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables that there are: ``actual``, ``target``, …, ``covariates``."""
        return tuple(self._rows)

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the columns of a table; none when there is no such table."""
        return tuple(self._rows.get(table, ()))

    def frame(self, table: str) -> pd.DataFrame:
        """Return a copy of a table, units × columns."""
        return pd.DataFrame(
            dict(self._rows.get(table, {})),
            index=pd.Index(self.units, name="unit"),
        )

    def numbers(self, table: str, column: str) -> npt.NDArray[np.float64] | None:
        """Return a column, shape (N,), read-only; None when there is none."""
        return self._rows.get(table, {}).get(column)

    def replace(self, **tables: pd.DataFrame) -> Panel:
        """Return a copy with some tables replaced."""
        kept = {name: self.frame(name) for name in self.tables}
        return Panel(**(kept | tables))


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
