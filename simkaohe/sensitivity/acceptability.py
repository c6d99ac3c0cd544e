"""What a simulation found (模拟结果): chances of ranks and grades, and how sure they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.labels import Words
from simkaohe.sensitivity.counting import Study, Tables
from simkaohe.sensitivity.layout import BATCHES
from simkaohe.sensitivity.tallying import bin_shift, bins

Array = npt.NDArray[np.float64]
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of the quantiles of ranks."""


def largest_error(tables: Tables, points: int) -> float:
    """Return the largest standard error of the acceptability after some points of each batch."""
    ranks = next(table for name, table in tables.items() if name.endswith("|ranks"))
    return float(_error(ranks[:, 1:] / points).max())


def _error(estimates: npt.NDArray[Any]) -> Array:
    """Return standard errors, from the scatter of the batches (the first axis)."""
    return np.asarray(estimates.std(0, ddof=1) / np.sqrt(BATCHES))


class MonteCarlo:
    """模拟结果: chances of every unit's ranks and grades.

    Attributes
    ----------
    draws : int
    units : tuple of str
    without_effect : tuple of str
        Factors that vary and change nothing, in sixteen trials.

    Notes
    -----
    Up to 512 units every rank is counted by itself. Beyond, ranges of ranks are (about a hundred);
    the columns of ``acceptability`` are then labelled ``"1–32"``, and quantiles are the last rank
    of their range. Mean ranks are exact in any case.
    """

    def __init__(
        self,
        study: Study,
        name: str,
        points: int,
        tables: Tables,
        again: Callable[[str], Tables] | None = None,
    ) -> None:
        self._study, self._name, self._again = study, name, again
        self._points, self._tables = points, tables
        self.draws, self.units = points * BATCHES, study.units
        self.without_effect = tuple(study.idle(name))

    def __repr__(self) -> str:
        text = f"MonteCarlo({len(self.units)} units, {self.draws:,} draws"
        idle = ", ".join(self.without_effect)
        return f"{text}{Words('；没有影响：', '; without effect: ') if idle else ''}{idle})"

    def _table(self, kind: str) -> npt.NDArray[Any]:
        return self._tables[f"{self._name}|{kind}"]

    def _by_unit(self, rows: npt.NDArray[Any], columns: Any) -> pd.DataFrame:
        return pd.DataFrame(rows, pd.Index(self.units, name="unit"), columns)

    @cached_property
    def acceptability(self) -> pd.DataFrame:
        """名次可能性: share of draws in which a unit has a rank, units × ranks."""
        return self._shares("ranks", len(self.units))

    @cached_property
    def category_acceptability(self) -> pd.DataFrame:
        """类内名次可能性: the same for ranks inside the category, units × ranks."""
        several = self._study.several
        return (
            self._shares("category_ranks", self._study.largest) if several else self.acceptability
        )

    def _shares(self, kind: str, units: int) -> pd.DataFrame:
        return self._by_unit(self._table(kind).sum(0)[1:].T / self.draws, _rank_labels(units))

    @cached_property
    def standard_errors(self) -> pd.DataFrame:
        """标准误 of the acceptability, units × ranks, from independent scrambles."""
        errors = _error(self._table("ranks")[:, 1:] / self._points).T
        return self._by_unit(errors, _rank_labels(len(self.units)))

    @cached_property
    def mean_rank(self) -> pd.DataFrame:
        """平均名次: units × ``mean_rank``, ``standard_error``, ``standard_deviation``.

        Of the draws in which a unit is ranked; NaN when it never is. The standard error is of the
        mean over all draws, from independent scrambles; the deviation is that of the rank itself.
        """
        sums = self._table("rank_sums").astype(np.float64)
        ranked = self._points - self._table("ranks")[:, 0]
        with np.errstate(invalid="ignore", divide="ignore"):
            mean, square = sums.sum(0) / ranked.sum(0)
            columns = {
                "mean_rank": mean,
                "standard_error": _error(sums[:, 0] / ranked),
                "standard_deviation": np.sqrt(np.maximum(square - mean**2, 0)),
            }
        return pd.DataFrame(columns, pd.Index(self.units, name="unit"))

    @cached_property
    def quantiles(self) -> pd.DataFrame:
        """名次分位数: the smallest rank that a unit keeps with chance 5, 25, 50, 75 or 95 %."""
        counts, units = self._table("ranks").sum(0)[1:], len(self.units)
        below = counts.cumsum(0)
        last = np.minimum(np.arange(1, len(counts) + 1) << bin_shift(units), units)
        found = np.full((len(self.units), len(LEVELS)), np.nan)
        for k, level in enumerate(LEVELS):
            place = (below >= level * below[-1]).argmax(0)
            found[:, k] = np.where(below[-1] > 0, last[place], np.nan)
        return self._by_unit(found, pd.Index(LEVELS, name="level"))

    @cached_property
    def grades(self) -> pd.DataFrame:
        """等次可能性: units × grades; the last column, None, is the chance of no grade at all.

        Empty when the scheme has no grades.
        """
        if not self._study.bands:
            return self._by_unit(np.empty((len(self.units), 0)), [])
        counts = self._table("grades").sum(0).T / self.draws
        columns = pd.Index([*self._study.bands, None], dtype=object, name="grade")
        return self._by_unit(np.roll(counts, -1, axis=1), columns)

    @cached_property
    def wins(self) -> pd.DataFrame:
        """胜出可能性: share of draws in which the unit of the row ranks before that of the column.

        Equal ranks are nobody's win; a unit that is not ranked is behind all others.
        """
        counts = self._counted("wins").sum(0)
        return self._by_unit(counts / self.draws, pd.Index(self.units, name="unit"))

    @cached_property
    def central_weights(self) -> pd.DataFrame:
        """典型权重: mean of the drawn weights over the draws in which a unit is first (SMAA).

        Units × edit paths of weights, in each group with the sum that the scheme gives it; NaN for
        units that are never first.
        """
        found = self._counted("central_weights").sum(0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return self._by_unit(found[:, 1:] / found[:, :1], self._study.weight_paths())

    def _counted(self, kind: str) -> npt.NDArray[Any]:
        if f"{self._name}|{kind}" not in self._tables:
            assert self._again is not None
            self._tables = {**self._again(kind), **self._tables}
        return self._table(kind)

    @cached_property
    def effects(self) -> pd.DataFrame:
        """影响: what redrawing one factor alone changes, in sixteen trials; factors × changes.

        ``total``: the largest change of any unit's total; ``rank``: mean number of places that a
        unit moves; ``grade``: share of grades that change; ``effect``: whether anything changed.
        """
        found = self._study.effects(self._name)
        index = pd.Index(list(found), name="factor")
        frame = pd.DataFrame(list(found.values()), index, ["total", "rank", "grade"])
        frame["effect"] = (frame > 0).any(axis=1)
        return frame


class Paired:
    """成对模拟: schemes on the same draws; ``results`` by name (MonteCarlo), ``draws``."""

    def __init__(self, study: Study, names: tuple[str, ...], points: int, tables: Tables) -> None:
        self._study, self._tables, self._other = study, tables, names[1]
        self.results = {name: MonteCarlo(study, name, points, tables) for name in names}
        self.draws = points * BATCHES

    def __repr__(self) -> str:
        return f"Paired({', '.join(self.results)}; {self.draws:,} draws)"

    def table(self, name: str | None = None) -> pd.DataFrame:
        """Return how one scheme (default: the second) moves units against the first, draw by draw.

        By unit, of the draws in which both schemes rank it: ``mean_shift`` (places gained on
        average), ``standard_error``, ``gains`` and ``loses`` (share of draws with a move).
        """
        found = self._tables[f"{name or self._other}|shifts"].astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            each = found[:, 1] / found[:, 0]
            both, gain, _, up, down = found.sum(0)
            columns = {
                "mean_shift": gain / both,
                "standard_error": _error(each),
                "gains": up / both,
                "loses": down / both,
            }
        return pd.DataFrame(columns, pd.Index(self._study.units, name="unit"))


def _rank_labels(units: int) -> pd.Index[Any]:
    shift = bin_shift(units)
    if not shift:
        return pd.Index(range(1, units + 1), name="rank")
    ends = [min((k + 1) << shift, units) for k in range(bins(units))]
    return pd.Index([f"{(k << shift) + 1}–{end}" for k, end in enumerate(ends)], name="rank")
