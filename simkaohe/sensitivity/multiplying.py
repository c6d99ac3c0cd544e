"""The multiplier method along one number: lines, clipped lines and their products."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from simkaohe.engine import Engine
from simkaohe.scheme.coefficient import (
    Best,
    Centred,
    CoefficientMap,
    FixedBand,
    Gate,
    GradeTable,
    Identity,
    LinearBand,
    Mean,
    RankBand,
    Workload,
)
from simkaohe.scheme.combine import Multiplier
from simkaohe.scheme.tree import Group
from simkaohe.sensitivity.curves import FAR, MIDDLE, Curves, Score
from simkaohe.sensitivity.moves import Axis, Move

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
RELATIVE = (Best, Mean, LinearBand, Centred, RankBand)
"""Maps that compare with other units."""


class Product(Axis):
    """The multiplier method along the number."""

    def __init__(self, engine: Engine, move: Move, group: Group, method: Multiplier) -> None:
        super().__init__(engine, move)
        self._group, self._method = group, method

    def _number(self, field: str) -> Curves | None:
        """Return a parameter: a line if it is the one that moves, None if it is not stated."""
        move, count = self.move, self.count
        if move.path == f"{self._group.id}.combine.{field}":
            return Curves.line(np.full(count, move.low), np.full(count, move.high))
        value: Any = self._method
        for step in field.split("."):
            value = getattr(value, step)
        return None if value is None else self.constant(value)

    def score(
        self, weights: Mapping[str, Curves], x: Mapping[str, Curves], moved: Mapping[str, Score]
    ) -> Score:
        """Return base times coefficients plus the added parts."""
        method = self._method
        names = list(x)
        bases = [name for name in names if name in method.base]
        added = [name for name in names if name in method.added]
        one = self.constant(1.0)
        factors = one
        for name in names:
            if name in bases or name in added:
                continue
            if name in moved and not moved[name].plain:
                self.refuse_added()  # it is mapped
            c = self._coefficient(x[name], touched=name in moved)
            weighs = weights[name].at(MIDDLE)[0] > 0
            factors = factors * self.where(~weighs, one, c)
        after = self.constant(0.0)
        for name in added:
            after = after + (x[name] * weights[name]).times(0.01)
        rising = next((moved[name] for name in bases if name in moved), None)
        if rising is not None and not rising.plain:
            base_weights = {name: weights[name] for name in [*bases, *added]}
            passed = self.passed_on(moved, base_weights)
            assert passed is not None
            if method.base_mark is not None:
                self.refuse_sum()
            return passed.times(factors.at(MIDDLE)[0])
        if any(not moved[name].plain for name in added if name in moved):
            self.refuse_sum()
        base = self.constant(100.0)
        if bases:
            base = self.mean(bases, weights, x)
        mark = self._number("base_mark")
        if mark is None:
            return Score(base * factors + after)
        counted = [
            self.where(~(weights[name].at(MIDDLE)[0] > 0) | x[name].missing,
                        self.constant(FAR), x[name])
            for name in bases
        ]  # fmt: skip
        worst = reduce(Curves.lowest, counted)
        fallen = base
        if method.base_mark_caps:
            fallen = self.mean(bases, weights, {name: x[name].lowest(mark) for name in bases})
        return Score(worst.where_below(mark.plus(-1e-9), fallen, base * factors) + after)

    def _coefficient(self, x: Curves, *, touched: bool) -> Curves:
        """Return the coefficient of a part, limits and missing parts as the scheme says."""
        method = self._method
        absent = x.missing
        score = x.highest(self.constant(0.0))
        c = self._mapped(score, touched=touched)
        low, high = self._number("low"), self._number("high")
        c = c if low is None else c.highest(low)
        c = c if high is None else c.lowest(high)
        if method.zero == "error":
            if (c.extremes()[0] <= 0).any():
                self.refuse_zero()
        else:
            zero = self.constant(0.0 if method.zero == "keep" else 1.0)
            c = self.constant(0.0).where_below(c, c, zero)
        if not absent.any():
            return c
        if method.missing == "mean":
            return self._with_means(c, absent)
        # "error" cannot come up: the engine has refused it
        return self.where(absent, self.constant(1.0), c)

    def _with_means(self, c: Curves, absent: Bools) -> Curves:
        """Give units without a score the mean coefficient, where it is constant."""
        least, most = c.extremes()
        if (most - least > 1e-14)[~absent].any():
            self.inexact(
                "缺失的系数取变动着的平均系数",
                "a missing coefficient is the mean of coefficients that move",
            )
        means = np.ones(self.count)
        for peers in self.engine.people.peers[self._method.scope]:
            known = least[peers][~absent[peers]]
            means[peers] = known.mean() if len(known) else np.nan
        return self.where(absent, self.constant(means), c)

    def _mapped(self, score: Curves, *, touched: bool) -> Curves:
        """Return the coefficient before the limits."""
        method = self._method.map
        if touched and isinstance(method, RELATIVE):
            self.inexact(
                f"系数换算“{method.label.zh}”与别的单位比较",
                f"the map {method.method!r} compares with other units",
            )
        if isinstance(method, Gate):
            mark, otherwise = self._number("map.pass_mark"), self._number("map.otherwise")
            assert mark is not None
            assert otherwise is not None
            return score.where_below(mark.plus(-5e-10), otherwise, self.constant(1.0))
        if not touched:
            return self._of_constant(method, score.at(MIDDLE)[0])
        if isinstance(method, Identity):
            return score.times(0.01)
        if isinstance(method, FixedBand):
            return self._band(score.times(0.01))
        if isinstance(method, Workload):
            return score.plus(-1.0).times(method.rate).plus(1.0)
        if isinstance(method, GradeTable):
            c = self.constant(method.coefficients[0])
            for edge, here in zip(method.thresholds, method.coefficients[1:], strict=True):
                c = score.where_below(self.constant(edge - 5e-10), c, self.constant(here))
            return c
        self.inexact(
            f"系数换算“{method.label.zh}”没有写明的形式",
            f"the map {method.method!r} has no form that is known",
        )

    def _of_constant(self, method: CoefficientMap, score: Array) -> Curves:
        """Return the coefficient of a part that does not move; the map's number may."""
        given = {
            name: getattr(method, name) for name in type(method).model_fields if name != "method"
        }
        name = self.move.path.removeprefix(f"{self._group.id}.combine.map.")
        if name in given:  # linear in it
            start, end = (
                self._formula(method, score, {**given, name: v})
                for v in (self.move.low, self.move.high)
            )
            return Curves.line(start, end)
        if not method.needs_band():
            return self.constant(self._formula(method, score, given))
        share = self._formula(method, score, {**given, "low": 0.0, "high": 1.0})
        return self._band(self.constant(share))

    def _band(self, share: Curves) -> Curves:
        """Return coefficients between the limits, from shares of the way."""
        low, high = self._number("low"), self._number("high")
        assert low is not None  # the scheme has checked it
        assert high is not None
        return low + (high + low.times(-1.0)) * share

    def _formula(self, method: CoefficientMap, score: Array, given: Mapping[str, Any]) -> Array:
        found = np.full(self.count, np.nan)
        for peers in self.engine.people.peers[self._method.scope]:
            here = score[peers][None]
            if not np.isnan(here).all():
                found[peers] = type(method).formula(here, **given)[0]
        return found
