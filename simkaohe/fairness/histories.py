"""Several years of one scheme (多年情形): results go on, and targets follow them by a rule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from simkaohe.engine.standing import Array
from simkaohe.fairness.moving import Moves
from simkaohe.fairness.values import AS_RECORDED
from simkaohe.scheme.rules.progress import Progress
from simkaohe.scheme.tree import Indicator

Rule = Literal["last", "mean", "external", "expected"]
LEAST = 0.01
"""Growth is taken to vary as if it were at least one percent."""
OTHERWISE = (0.5, 0.9, 1.1, 2.0)
"""Times what was recorded: whether a number plays a part is seen when it is another."""


@dataclass(frozen=True)
class Looking:
    """An indicator that looks back: places in the list of indicators, and at what it looks."""

    k: int
    leaf: Indicator
    path: str
    target: bool
    previous: bool


@dataclass
class Course:
    """What happens: values (draws, years, N) by path, and what they were before year 0, (N,)."""

    values: dict[str, Array]
    start: dict[str, Array]


class Histories:
    """Values, last year's values and targets of every year, as draws of an engine.

    Targets by the rule "expected" are what would be expected without luck, and a bit more.
    """

    def __init__(self, moves: Moves, rule: Rule, raised: float, memory: int) -> None:
        self.moves, self.rule, self.raised, self.memory = moves, rule, raised, memory
        self.looking = [each for k in range(len(moves.leaves)) if (each := self._looking(k))]
        self._root = moves.scheme.root.id

    def _looking(self, k: int) -> Looking | None:
        leaf = self.moves.leaves[k]
        previous = "actual" in leaf.measure.data and self._matters(leaf, "previous")
        # Growth is measured against last year's value: its target stays what it is.
        target = "previous" not in leaf.measure.data and self._matters(leaf, "target")
        if not (target or previous) or not self.moves.counts[k].any():
            return None
        recorded = leaf.measure.method in AS_RECORDED or previous
        path = f"data.actual.{leaf.column}" if recorded else f"data.value.{leaf.id}"
        return Looking(k, leaf, path, target, previous)

    def _matters(self, leaf: Indicator, table: str) -> bool:
        """Whether last year's value or the target plays a part in anybody's score."""
        if table not in (*leaf.measure.data, *leaf.rule.data):
            return False
        engine = self.moves.engine
        column = engine.numbers(table, leaf.column)
        if table == "target":
            column = self.moves.target[self.moves.leaves.index(leaf)]
        now = engine.raw_score(leaf.id)
        for factor in OTHERWISE:
            other = {f"data.{table}.{leaf.column}": column[None] * factor}
            then = engine.raw_scores([leaf], other)[leaf.id][0]
            if not np.array_equal(then, now, equal_nan=True):
                return True
        return False

    @cached_property
    def indicators(self) -> pd.DataFrame:
        """Those that look back: ``name``, ``target``, ``previous``, by indicator."""
        rows = [(e.leaf.id, e.leaf.label, e.target, e.previous) for e in self.looking]
        frame = pd.DataFrame(rows, columns=["indicator", "name", "target", "previous"])
        return frame.set_index("indicator")

    def _now(self, each: Looking) -> Array:
        if each.path.startswith("data.actual"):
            return self.moves.engine.numbers("actual", each.leaf.column)
        return self.moves.now[each.k]

    def _trend(self, each: Looking) -> Array:
        """Return by what factor (N,) a value goes on: its present growth where growth is measured."""
        now = self._now(each)
        if "previous" not in each.leaf.measure.data:
            return np.ones(len(now))
        before = self.moves.engine.numbers("previous", each.leaf.column)
        grows = (before > 0) & (now > 0)
        return np.where(grows, now / np.where(grows, before, 1.0), 1.0)

    def _size(self, each: Looking) -> Array:
        """Return the size (N,) of what goes up and down: the value, or its yearly change."""
        change = np.abs(self._trend(each) - 1)
        grows = "previous" in each.leaf.measure.data
        return np.abs(self._now(each)) * (np.maximum(change, LEAST) if grows else 1.0)

    def steady(self, years: int) -> Course:
        """Return what happens when everybody goes on as now."""
        power = np.arange(years)[:, None]
        values = {e.path: (self._now(e) * self._trend(e) ** power)[None] for e in self.looking}
        return Course(values, {e.path: self._now(e) for e in self.looking})

    def alone(self, years: int, size: float) -> Array:
        """Return totals (years, N) of units that each, alone, have a better year 0."""
        course = self.steady(years)
        count = len(self.moves.engine.units)
        apart = self.moves.apart([each.leaf for each in self.looking])
        units = np.arange(count)
        for each in self.looking:
            x = course.values[each.path]
            better = x[0, 0] + self.moves.sign[each.k] * size * self._size(each)
            x = np.repeat(x, 1 if apart else count, 0)
            x[0 if apart else units, 0, units] = better
            course.values[each.path] = x
        totals = self.totals(course, years)
        return totals[0] if len(totals) == 1 else totals[units, :, units].T

    def equal(self, years: int, noise: float, draws: int, seed: int) -> Course:
        """Return draws of years in which all reach the same share of their targets, but for luck."""
        rng = np.random.default_rng(seed)
        course = self.steady(years)
        shape = (draws, years, len(self.moves.engine.units))
        for path in course.values:
            mine = [each for each in self.looking if each.path == path]
            base, size = course.start[path], self._size(mine[0])
            for each in mine:
                goal = np.where(self.moves.target[each.k] > 0, self.moves.target[each.k], np.nan)
                if each.target and not np.isnan(goal * base).all():
                    base = np.where(np.isnan(goal), base, goal * np.nanmedian(base / goal))
                    size = np.abs(base)
                    course.values[path] = np.broadcast_to(base, (1, *shape[1:]))
                    break
            course.start[path] = base
            course.values[path] = course.values[path] + noise * size * rng.standard_normal(shape)
        return course

    def totals(self, course: Course, years: int) -> Array:
        """Return totals (draws, years, N)."""
        count = len(self.moves.engine.units)
        if not self.looking:
            return np.broadcast_to(self.moves.total, (1, years, count))
        out = self.moves.engine.run(self.draws(course), check=False).scores[self._root]
        return np.asarray(out * self.moves.scheme.full / 100).reshape(-1, years, count)

    def draws(self, course: Course) -> dict[str, Array]:
        """Return what the engine is given: values, last year's values and targets, a row a year."""
        found = {path: _rows(x) for path, x in course.values.items()}
        for each in self.looking:
            column, x = each.leaf.column, course.values[each.path]
            if each.previous:
                before = self.moves.engine.numbers("previous", column)
                start = np.broadcast_to(before, x[:, :1].shape)
                found[f"data.previous.{column}"] = _rows(np.concatenate([start, x[:, :-1]], 1))
            if each.target:
                targets = self._targets(each, x, course.start[each.path])
                found[f"data.target.{column}"] = _rows(targets)
        return found

    def _targets(self, each: Looking, x: Array, start: Array) -> Array:
        """Return targets (draws, years, N): this year's as they are, later ones by the rule."""
        now = self.moves.target[each.k]
        more = 1 + self.raised * (-1.0 if each.leaf.way == "negative" else 1.0)
        years = x.shape[1]
        if self.rule == "expected":
            x = np.broadcast_to(start, x.shape)
        if self.rule == "external":
            found = np.array(np.broadcast_to(now * more, x.shape))
            found[:, 0] = now
            return found
        span = self.memory if self.rule == "mean" else 1
        earlier = np.broadcast_to(start, (len(x), span - 1, x.shape[2]))
        elapsed = each.leaf.rule.elapsed if isinstance(each.leaf.rule, Progress) else 1.0
        past = np.concatenate([earlier, x], 1) / elapsed
        found = np.array(np.broadcast_to(now, x.shape))
        for year in range(1, years):
            mean = past[:, year - 1 : year - 1 + span].mean(1)
            found[:, year] = np.where(np.isnan(now), np.nan, more * mean)
        return found


def _rows(x: Array) -> Array:
    """Return (draws × years, N)."""
    return np.ascontiguousarray(x).reshape(-1, x.shape[-1])
