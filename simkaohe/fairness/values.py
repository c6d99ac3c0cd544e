"""What units can do about their values (指标值的进退): which way is better, how far, in what steps."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from simkaohe.engine import Engine
from simkaohe.engine.draws import readers
from simkaohe.engine.standing import Array
from simkaohe.fairness.given import by_indicator, check_names
from simkaohe.panel import UNIT
from simkaohe.scheme.rules.steps import Given
from simkaohe.scheme.tree import Indicator

Table = Literal["value", "actual", "target"]
OF_TARGET, OF_SPREAD = 0.01, 0.1
"""A step: this share of the target, or of the middle half of the units' values."""
AS_RECORDED = ("level", "survey")
"""Measures whose value is what was recorded."""


class Values:
    """Every indicator's values, and which way, how far and in what steps they can go.

    ``now`` (K, N) are the values as recorded, or as measured (growth, share, mean of ratings …)
    where the measure makes something else of them; ``counts`` (K, N) says where the indicator has
    weight in the unit's category and the unit a value and a score. ``steps`` are sizes of one step
    by indicator; see :attr:`step` for the others.
    """

    def __init__(self, engine: Engine, steps: Mapping[str, float] | None = None) -> None:
        self.engine, self.scheme = engine, engine.scheme
        self.leaves = self.scheme.indicators
        self._steps = by_indicator(self.scheme, "steps", steps)
        self.now = np.array([engine.recorded(leaf) for leaf in self.leaves])
        self.has_weight = np.array(
            [engine.weights.counting[leaf.id][engine.category] for leaf in self.leaves]
        )
        scored = np.array([~np.isnan(engine.raw_score(leaf.id)) for leaf in self.leaves])
        self.counts = self.has_weight & ~np.isnan(self.now) & scored

    @cached_property
    def sign(self) -> Array:
        """Which way is better (K, N): +1 or −1; 0 inside the band of a moderate indicator."""
        found = np.empty(self.now.shape)
        for k, leaf in enumerate(self.leaves):
            found[k] = {"positive": 1.0, "negative": -1.0, "moderate": 0.0}[leaf.way]
            if leaf.way == "moderate":
                low, high = leaf.ideal_low, leaf.ideal_high
                found[k] = (self.now[k] < low) * 1.0 - (self.now[k] > high) * 1.0
        return found

    @cached_property
    def target(self) -> Array:
        """Targets (K, N) of the rules that read one; NaN elsewhere."""
        found = np.full(self.now.shape, np.nan)
        for k, leaf in enumerate(self.leaves):
            if "target" in leaf.rule.data:
                own = np.nan if leaf.target is None else leaf.target
                given = self.engine.numbers("target", leaf.column)
                found[k] = np.where(np.isnan(given), own, given)
        return found

    @cached_property
    def step(self) -> Array:
        """The size of one step (K, N), in the unit of the value.

        As given; else 1 % of the unit's target where the rule has one that is not zero; else a
        tenth of the interquartile range of all units' values; else 1 % of their mean size.
        """
        found = np.empty(self.now.shape)
        for k, leaf in enumerate(self.leaves):
            if leaf.id in self._steps:
                found[k] = self._steps[leaf.id]
                continue
            there = self.now[k][~np.isnan(self.now[k])]
            low, high = np.quantile(there, (0.25, 0.75)) if len(there) else (0.0, 0.0)
            size = OF_SPREAD * (high - low)
            if not size and len(there):
                size = OF_TARGET * float(np.abs(there).mean())
            target = OF_TARGET * np.abs(self.target[k])
            found[k] = np.where(target > 0, target, size or OF_TARGET)
        return found

    @cached_property
    def _limits(self) -> tuple[Array, Array]:
        """What a value can be at least and at most (K, 1).

        No less than zero where no unit is below it; no more than full marks where the value is the
        points.
        """
        low, high = np.full((len(self.leaves), 1), -np.inf), np.full((len(self.leaves), 1), np.inf)
        for k, leaf in enumerate(self.leaves):
            there = self.now[k][~np.isnan(self.now[k])]
            if (there >= 0).all():
                low[k] = 0.0
            if isinstance(leaf.rule, Given):
                top = leaf.rule.full if leaf.rule.cap is None else leaf.rule.cap
                high[k] = max(top, there.max(initial=top))
        return low, high

    def within_limits(self, values: Array) -> Array:
        """Return values (K, ...) no further than they can go."""
        return np.clip(values, *self._limits)

    @cached_property
    def _ends(self) -> tuple[Array, Array]:
        """Lowest and highest recorded value (K, 1)."""
        with_any = np.where(np.isnan(self.now).all(1, keepdims=True), 0.0, self.now)
        return np.nanmin(with_any, 1, keepdims=True), np.nanmax(with_any, 1, keepdims=True)

    @cached_property
    def best(self) -> Array:
        """How far a value may improve (K, N).

        To the best of any unit or to the target, whichever is better; to the near edge of the band
        of a moderate indicator.
        """
        low, high = self._ends
        goal = np.where(np.isnan(self.target), self.now, self.target)
        found = np.where(self.sign > 0, np.maximum(np.maximum(high, goal), self.now), self.now)
        found = np.where(self.sign < 0, np.minimum(np.minimum(low, goal), self.now), found)
        for k, leaf in enumerate(self.leaves):
            if leaf.way == "moderate":
                found[k] = np.clip(self.now[k], leaf.ideal_low, leaf.ideal_high)
        return found

    @cached_property
    def worst(self) -> Array:
        """The worst value of any unit (K, N): what neglect comes to."""
        low, high = self._ends
        found = np.where(self.sign < 0, high, low) + 0 * self.now
        for k, leaf in enumerate(self.leaves):
            if leaf.way == "moderate":
                apart = np.nan_to_num(self.engine.values(leaf), nan=-1.0)
                found[k] = self.now[k][apart.argmax()]
        return found

    @cached_property
    def beyond(self) -> Array:
        """Further than anybody has come (K, N): the best and as much again as values differ."""
        low, high = self._ends
        size = np.maximum(high - low, np.abs(np.nan_to_num(self.target)))
        moderate = np.array([[leaf.way == "moderate"] for leaf in self.leaves])
        return np.where(moderate, self.best, self.within_limits(self.best + self.sign * size))

    def place(self, where: str, unit: str) -> int:
        """Return a unit's place; an unknown one is an error with the nearest names."""
        check_names(where, [unit], self.engine.units, UNIT)
        return self.engine.units.index(unit)

    def recorded(self, table: Table) -> Array:
        """Return what can be moved (K, N)."""
        if table == "actual":
            return np.array([self.engine.numbers(table, leaf.column) for leaf in self.leaves])
        return self.target if table == "target" else self.now

    def address(self, k: int, table: Table = "value") -> tuple[str, list[Indicator]]:
        """Return the path of what is drawn, and the indicators that it moves."""
        leaf = self.leaves[k]
        if table == "value" and leaf.measure.method in AS_RECORDED:
            table = "actual"
        if table != "value":
            return f"data.{table}.{leaf.column}", readers(self.scheme, table, leaf.column)
        return f"data.value.{leaf.id}", [leaf]

    def frame(self, table: Any) -> pd.DataFrame:
        """Return an array (K, N) as a frame, units × indicators."""
        units = pd.Index(self.engine.units, name="unit")
        return pd.DataFrame(table.T, units, [leaf.id for leaf in self.leaves])
