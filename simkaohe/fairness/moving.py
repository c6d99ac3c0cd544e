"""Moving one unit's value (单个单位的进退): which way is better, and what the whole scheme makes of it.

A unit that moves changes others only where a rule compares units. A move is therefore scored at its
indicator first. Where nobody else's score changes, the moves of all units stand in one row of an
evaluation; where somebody's does, each move is evaluated in a row of its own. The two are the same
numbers as an evaluation of the edited data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from simkaohe.engine import Engine, Outcome
from simkaohe.engine.draws import readers
from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.labels import Words
from simkaohe.panel import UNIT
from simkaohe.scheme.combine import Combine, Multiplier
from simkaohe.scheme.references import conditions
from simkaohe.scheme.rules.steps import Given
from simkaohe.scheme.tree import Group, Indicator
from simkaohe.sensitivity.multiplying import RELATIVE

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]
OF_TARGET, OF_SPREAD = 0.01, 0.1
"""A step: this share of the target, or of the middle half of the units' values."""
AS_RECORDED = ("level", "survey")
"""Measures whose value is what was recorded."""
AMONG_UNITS = ("share", "share_change", "contribution", "rating_ranks")
"""Measures whose value depends on the other units."""
NUMBERS = 1 << 20
"""Numbers in an array of rows × units at once."""
INDICATOR = Words("指标", "indicator")


@dataclass(frozen=True)
class Moved:
    """What R moves come to, each for the unit that moves; arrays (R,).

    Attributes
    ----------
    totals : array of float
        In the total's full marks, before rounding.
    scores : array of float
        Of the indicator, 0–100, before its adjustments.
    ranks, category_ranks : array of int, or None
    grades : array of int, or None
        Place of the band; None without grades or when no standing was asked for.
    uses : mapping of use id to array of float
    """

    totals: Array
    scores: Array
    ranks: npt.NDArray[np.int64] | None = None
    category_ranks: npt.NDArray[np.int64] | None = None
    grades: npt.NDArray[np.int8] | None = None
    uses: Mapping[str, Array] = field(default_factory=dict)


class Moves:
    """Every indicator's values, and what moves of them come to.

    Parameters
    ----------
    engine : Engine
    steps : mapping of indicator id to float, optional
        Size of one step, in the unit of the value; see :attr:`step` for the others.

    Attributes
    ----------
    leaves : tuple of Indicator
    now : array (K, N)
        Values: as recorded, or as measured (growth, share, mean of ratings …) where the measure
        makes something else of what was recorded. NaN where there is none.
    counts : array (K, N) of bool
        Whether the indicator has weight in the unit's category and the unit a value.
    """

    def __init__(self, engine: Engine, steps: Mapping[str, float] | None = None) -> None:
        self.engine, self.scheme = engine, engine.scheme
        self.leaves = self.scheme.indicators
        self._steps = checked_by_indicator(self, "steps", steps)
        self.now = np.array([engine.recorded(leaf) for leaf in self.leaves])
        self.has_weight = np.array(
            [engine.weights.counting({})[leaf.id][engine.category] for leaf in self.leaves]
        )
        self.counts = self.has_weight & ~np.isnan(self.now)
        base = engine.run(uses=True)
        self.base = base
        self._nodes = {name: np.asarray(score[0]) for name, score in base.scores.items()}
        self._full = self.scheme.full / 100

    # -- what a move is --------------------------------------------------------------------------

    @cached_property
    def total(self) -> Array:
        """Totals now (N,), in the total's full marks, before rounding."""
        return self._nodes[self.scheme.root.id] * self._full

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
            size = OF_SPREAD * (high - low) or OF_TARGET * float(
                np.abs(there).mean() if len(there) else 0
            )
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
        if unit not in self.engine.units:
            raise SimkaoheError(unknown(where, unit, self.engine.units, UNIT))
        return self.engine.units.index(unit)

    # -- what it comes to ------------------------------------------------------------------------

    def moved(
        self, k: int, units: Ints, values: Array, *, standing: bool = False, uses: bool = False
    ) -> Moved:
        """Return what moves come to: row r gives unit ``units[r]`` the value ``values[r]``.

        Parameters
        ----------
        k : int
            The indicator.
        units, values : arrays (R,)
        standing, uses : bool
            Whether ranks and grades, and what units get for their results, are wanted too.
        """
        if not len(units):
            one = self.moved(k, np.zeros(1, np.intp), self.now[k, :1], standing=standing, uses=uses)
            return joined([one], units)
        size = max(NUMBERS // len(self.engine.units), 1)
        parts = [
            self._moved(k, units[i : i + size], values[i : i + size], standing or uses, uses)
            for i in range(0, len(units), size)
        ]
        return parts[0] if len(parts) == 1 else joined(parts)

    def _moved(self, k: int, units: Ints, values: Array, standing: bool, uses: bool) -> Moved:
        leaf, path, moving = self.leaves[k], *self._address(k)
        if self._is_looked_at(moving):
            outcome = self.engine.run(
                {path: _rows(self.now[k], units, values)}, nodes=(leaf.id,), uses=uses, check=False
            )
            raw = self.engine.raw_scores([leaf], {path: _rows(self.now[k], units, values)})
            return self._own(outcome, units, _pick(raw[leaf.id], units))
        alone = all(self._alone(reader) for reader in moving)
        if alone:
            packed, row = _packed(self.now[k], units, values)
            raw = self.engine.raw_scores(moving, {path: packed})
            own = {name: np.broadcast_to(s, packed.shape)[row, units] for name, s in raw.items()}
            spread = np.zeros(len(units), bool)
        else:
            raw = self.engine.raw_scores(moving, {path: _rows(self.now[k], units, values)})
            own = {name: _pick(score, units) for name, score in raw.items()}
            spread = self._others_change(raw, units)
        spread = spread | any(self._is_compared(reader) for reader in moving)
        score = own[leaf.id]
        found = np.flatnonzero(spread)
        if not len(found):
            return self._apart(own, score, units, standing, uses)
        if alone:
            raw = {name: _rows(self.engine.raw_score(name), units, s) for name, s in own.items()}
        together = {
            name: np.broadcast_to(s, (len(units), s.shape[1]))[found] for name, s in raw.items()
        }
        outcome = self.engine.what_if(together, uses=uses)
        rest = np.flatnonzero(~spread)
        both = [self._own(outcome, units[found], score[found])]
        if len(rest):
            some = {name: s[rest] for name, s in own.items()}
            both.append(self._apart(some, score[rest], units[rest], standing, uses))
            if not standing:
                both[0] = Moved(both[0].totals, both[0].scores)
        back = np.argsort(np.concatenate([found, rest]))
        return joined(both, back)

    def _apart(
        self, own: Mapping[str, Array], score: Array, units: Ints, standing: bool, uses: bool
    ) -> Moved:
        """Return moves that change nobody else's score, from the movers' own new scores (R,)."""
        rows = {name: _packed(self.engine.raw_score(name), units, s) for name, s in own.items()}
        row = next(iter(rows.values()))[1]
        outcome = self.engine.what_if({name: packed for name, (packed, _) in rows.items()})
        shape = outcome.totals.shape
        nodes = {
            name: np.broadcast_to(s, shape)[row, units]
            for name, s in outcome.scores.items()
            if isinstance(self.scheme.nodes[name], Group)
        }
        total = nodes[self.scheme.root.id] * self._full
        if not standing:
            return Moved(total, score)
        raised = {name: _rows(self._nodes[name], units, s) for name, s in nodes.items()}
        raised |= {
            name: _rows(self.engine.raw_score(name), units, s)
            for name, s in own.items()
            if name in self._nodes
        }
        return self._own(self.engine.what_if(raised, uses=uses), units, score)

    def _own(self, outcome: Outcome, units: Ints, score: Array) -> Moved:
        return Moved(
            _pick(outcome.scores[self.scheme.root.id], units) * self._full,
            score,
            _pick(outcome.ranks, units),
            _pick(outcome.category_ranks, units),
            None if outcome.grades is None else _pick(outcome.grades, units),
            {name: _pick(amount, units) for name, amount in outcome.uses.items()},
        )

    # -- who is affected -------------------------------------------------------------------------

    def _address(self, k: int) -> tuple[str, list[Indicator]]:
        """Return the path of what is drawn, and the indicators that it moves."""
        leaf = self.leaves[k]
        if leaf.measure.method in AS_RECORDED:
            return f"data.actual.{leaf.column}", readers(self.scheme, "actual", leaf.column)
        return f"data.value.{leaf.id}", [leaf]

    def _is_looked_at(self, moving: list[Indicator]) -> bool:
        """Whether a condition looks at the value of a moving indicator, which scores do not tell."""
        names = {leaf.id for leaf in moving}
        return any(
            c.subject[0] in ("value", "completion") and c.subject[1] in names
            for _, c in conditions(self.scheme)
        )

    def _alone(self, leaf: Indicator) -> bool:
        """Whether a unit's value moves no other unit's score of the indicator."""
        among = leaf.rule.relative or leaf.measure.method in AMONG_UNITS
        return not among and leaf.missing != "median"

    def _is_compared(self, leaf: Indicator) -> bool:
        """Whether a group above compares units' scores (a coefficient relative to others)."""
        below: Indicator | Group = leaf
        while group := self.engine.parent(below.id):
            if _compares(group.combine, below.id):
                return True
            below = group
        return False

    def _others_change(self, raw: Mapping[str, Array], units: Ints) -> Bools:
        """Return in which rows (R,) somebody else's score is not what it was."""
        found = np.zeros(len(units), bool)
        for name, score in raw.items():
            if len(score) == 1:
                continue
            now = self.engine.raw_score(name)
            differs = (score != now) & ~(np.isnan(score) & np.isnan(now))
            differs[np.arange(len(units)), units] = False
            found |= differs.any(1)
        return found


def _compares(method: Combine, child: str) -> bool:
    """Whether a child of a group counts relative to other units' scores."""
    if not isinstance(method, Multiplier) or child in (*method.base, *method.added):
        return False
    return isinstance(method.map, RELATIVE) or method.missing == "mean"


def called(node: Indicator | Group) -> Words:
    """Return a node's name in both languages; in the other, or its id, where there is none."""
    return Words(node.name or node.name_en or node.id, node.name_en or node.name or node.id)


def listed(names: list[Words]) -> Words:
    """Return names as a list in a sentence."""
    return Words("、".join(name.zh for name in names), ", ".join(name.en for name in names))


def checked_by_indicator(
    moves: Moves, where: str, numbers: Mapping[str, float] | None
) -> dict[str, float]:
    """Return numbers by indicator as floats.

    Raises
    ------
    SimkaoheError
        Unknown indicators, with the nearest names, and numbers that are not above zero.
    """
    known = {leaf.id: leaf.label for leaf in moves.leaves}
    problems, found = [], {}
    for name, number in (numbers or {}).items():
        if name not in known:
            problems.append(unknown(f"{where} › {name}", name, known, INDICATOR))
        elif not (isinstance(number, int | float | np.number) and 0 < number < np.inf):
            problems.append(
                Problem(f"{where} › {name}", f"{number}", Words("大于 0 的数", "a number above 0"))
            )
        else:
            found[name] = float(number)
    if problems:
        raise SimkaoheError(*problems)
    return found


def _rows(base: Array, units: Ints, values: Array) -> Array:
    """Return (R, N): the base, with one unit's entry replaced in each row."""
    rows = np.repeat(base[None], len(units), 0)
    rows[np.arange(len(units)), units] = values
    return rows


def _packed(base: Array, units: Ints, values: Array) -> tuple[Array, Ints]:
    """Return (P, N) that holds all R replaced entries in as few rows as can be, and their rows."""
    row = np.zeros(len(units), np.intp)
    order = np.argsort(units, kind="stable")
    same = np.r_[False, units[order][1:] == units[order][:-1]]
    count = np.arange(len(units))
    row[order] = count - np.maximum.accumulate(np.where(same, 0, count))
    packed = np.repeat(base[None], row.max(initial=0) + 1, 0)
    packed[row, units] = values
    return packed, row


def _pick(array: Any, units: Ints) -> Any:
    """Return the movers' own entries (R,) of an array (1|R, N)."""
    return array[0, units] if len(array) == 1 else array[np.arange(len(units)), units]


def joined(parts: list[Moved], order: Ints | None = None) -> Moved:
    """Return several parts as one, rows in the order given."""

    def whole(name: str) -> Any:
        some = [getattr(part, name) for part in parts]
        if any(each is None for each in some):
            return None
        joined = np.concatenate(some)
        return joined if order is None else joined[order]

    uses = {
        name: np.concatenate([part.uses[name] for part in parts])[
            slice(None) if order is None else order
        ]
        for name in parts[0].uses
        if all(name in part.uses for part in parts)
    }
    return Moved(
        whole("totals"),
        whole("scores"),
        whole("ranks"),
        whole("category_ranks"),
        whole("grades"),
        uses,
    )
