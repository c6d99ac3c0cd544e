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
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import Engine, Outcome
from simkaohe.engine.standing import Array, Bools
from simkaohe.fairness.given import check_names
from simkaohe.fairness.values import Table, Values
from simkaohe.labels import Words
from simkaohe.scheme.combine import Combine, Multiplier
from simkaohe.scheme.references import conditions
from simkaohe.scheme.tree import Group, Indicator
from simkaohe.sensitivity.multiplying import RELATIVE

Ints = npt.NDArray[np.intp]
AMONG_UNITS = ("share", "share_change", "contribution", "rating_ranks")
"""Measures whose value depends on the other units."""
NUMBERS = 1 << 20
"""Numbers in an array of rows × units at once."""
Within = Literal["all", "category"]
GRID, FINER, NARROW, ROUNDS = 65, 17, 1e-10, 12
"""Points of the first search for a change of rank and of each finer one; its width at the end, and
how many finer ones there are at most, for values that differ by less than a number can."""


@dataclass(frozen=True)
class Moved:
    """What R moves come to, each for the unit that moves; arrays (R,).

    ``totals`` are before rounding, ``scores`` those of the indicator before its adjustments,
    ``grades`` the places of the bands; ranks and grades are None when they were not asked for.
    """

    totals: Array
    scores: Array
    ranks: npt.NDArray[np.int64] | None = None
    category_ranks: npt.NDArray[np.int64] | None = None
    grades: npt.NDArray[np.int8] | None = None
    uses: Mapping[str, Array] = field(default_factory=dict)


class Moves(Values):
    """What moves of single units come to, evaluated through the whole scheme.

    ``base`` is the outcome of the scheme and data as they are.
    """

    def __init__(self, engine: Engine, steps: Mapping[str, float] | None = None) -> None:
        super().__init__(engine, steps)
        self.base = engine.run(uses=True)
        self._nodes = {name: np.asarray(score[0]) for name, score in self.base.scores.items()}
        self._full = self.scheme.full / 100

    @cached_property
    def total(self) -> Array:
        """Totals now (N,), in the total's full marks, before rounding."""
        return self._nodes[self.scheme.root.id] * self._full

    @property
    def deciding(self) -> dict[str, Array]:
        """Scores now (N,) of groups that decide besides the total: ties, conditions on scores."""
        root = self.scheme.root.id
        return {
            name: score
            for name, score in self._nodes.items()
            if name != root and isinstance(self.scheme.nodes[name], Group)
        }

    def moved(
        self,
        k: int,
        units: Ints,
        values: Array,
        *,
        table: Table = "value",
        standing: bool = False,
        uses: bool = False,
    ) -> Moved:
        """Return what moves of the k-th indicator come to, units (R,) to values (R,).

        What is moved is the value, what was recorded, or the target; ``standing`` and ``uses`` ask
        for ranks and grades, and for what units get for their results.
        """
        base = self.recorded(table)[k]
        path, moving = self.address(k, table)
        if not len(units):
            one = self._moved(k, path, moving, base, np.zeros(1, np.intp), base[:1], True, uses)
            return joined([one], units)
        size = max(NUMBERS // len(self.engine.units), 1)
        parts = [
            self._moved(k, path, moving, base, units[some], values[some], standing or uses, uses)
            for some in (slice(i, i + size) for i in range(0, len(units), size))
        ]
        return parts[0] if len(parts) == 1 else joined(parts)

    def _moved(
        self,
        k: int,
        path: str,
        moving: list[Indicator],
        base: Array,
        units: Ints,
        values: Array,
        standing: bool,
        uses: bool,
    ) -> Moved:
        leaf, engine = self.leaves[k], self.engine
        if self._is_looked_at(moving):
            rows = {path: _rows(base, units, values)}
            outcome = engine.run(rows, uses=uses, check=False)
            raw = engine.raw_scores([leaf], rows)
            return self._own(outcome, units, _pick(raw[leaf.id], units))
        spread = np.full(len(units), any(self._is_compared(reader) for reader in moving))
        if all(self._alone(reader) for reader in moving):
            packed, row = _packed(base, units, values)
            raw = engine.raw_scores(moving, {path: packed})
            own = {name: np.broadcast_to(s, packed.shape)[row, units] for name, s in raw.items()}
            if spread.any():
                raw = {name: _rows(engine.raw_score(name), units, s) for name, s in own.items()}
        else:
            raw = engine.raw_scores(moving, {path: _rows(base, units, values)})
            own = {name: _pick(score, units) for name, score in raw.items()}
            if standing:  # the mover's own total is the same whatever the others have
                spread |= self._others_change(raw, units)
        score = own[leaf.id]
        if not spread.any():
            return self._apart(own, score, units, standing, uses)
        found, rest = np.flatnonzero(spread), np.flatnonzero(~spread)
        some = {n: np.broadcast_to(s, (len(units), s.shape[1]))[found] for n, s in raw.items()}
        both = [self._own(engine.what_if(some, uses=uses), units[found], score[found])]
        if len(rest):
            left = {name: s[rest] for name, s in own.items()}
            both.append(self._apart(left, score[rest], units[rest], standing, uses))
        return joined(both, np.argsort(np.concatenate([found, rest])))

    def together(self, new: Array, can: Bools, table: Table) -> Array:
        """Return totals (N,) of units that each, alone, move to the new values (K, N) that they can."""
        places = np.arange(len(self.engine.units))
        now: dict[str, Array] = {}
        then: dict[str, Array] = {}
        moving: list[Indicator] = []
        for k in np.flatnonzero(can.any(1)):
            path, readers = self.address(int(k), table)
            now[path] = self.recorded(table)[k]
            then[path] = np.where(can[k], new[k], then.get(path, now[path]))
            moving += readers
        apart = self.apart(moving)
        draws = {
            path: column[None] if apart else _rows(now[path], places, column)
            for path, column in then.items()
        }
        if not draws:
            return self.total
        score = self.engine.run(draws, check=False).scores[self.scheme.root.id]
        return np.asarray(_pick(score, places) * self._full)

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
        totals = _pick(outcome.scores[self.scheme.root.id], units) * self._full
        ranks, category_ranks = (_pick(r, units) for r in (outcome.ranks, outcome.category_ranks))
        grades = None if outcome.grades is None else _pick(outcome.grades, units)
        uses = {name: _pick(amount, units) for name, amount in outcome.uses.items()}
        return Moved(totals, score, ranks, category_ranks, grades, uses)

    # -- who is affected -------------------------------------------------------------------------

    def apart(self, moving: list[Indicator]) -> bool:
        """Whether a unit that moves in these indicators changes nothing for the others' totals."""
        return not self._is_looked_at(moving) and not any(
            self._is_compared(leaf) or not self._alone(leaf) for leaf in moving
        )

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

    def whole(some: list[Any]) -> Any:
        if any(each is None for each in some):
            return None
        return np.concatenate(some)[slice(None) if order is None else order]

    def part(name: str) -> Any:
        return whole([getattr(part, name) for part in parts])

    shared = [name for name in parts[0].uses if all(name in part.uses for part in parts)]
    uses = {name: whole([part.uses[name] for part in parts]) for name in shared}
    ranks, category_ranks, grades = (part(n) for n in ("ranks", "category_ranks", "grades"))
    return Moved(part("totals"), part("scores"), ranks, category_ranks, grades, uses)


# -- the rank as a step function -------------------------------------------------------------------


def check_within(within: Within) -> Within:
    """Return which ranking is meant; another word is an error."""
    check_names("within", [str(within)], ("all", "category"), Words("排名范围", "ranking"))
    return within


def rank_changes(
    moves: Moves, k: int, place: int, within: Within, *, first: bool = False
) -> pd.DataFrame:
    """Return where a unit's rank changes between its value in an indicator and the furthest in reach.

    By ``improvement``, ``value``, ``total``, ``rank``: as it is now, then at the far side of each
    change; with ``first`` of the first better rank only.
    """
    now, end = moves.now[k, place], moves.beyond[k, place]
    field = "ranks" if check_within(within) == "all" else "category_ranks"

    def at(values: Array) -> tuple[Any, Array]:
        units = np.full(len(values), place)
        found = moves.moved(k, units, values, standing=True)
        return getattr(found, field), found.totals

    values = np.linspace(now, end, GRID if end != now else 1)
    ranks, totals = at(values)
    for _ in range(ROUNDS):
        here = np.flatnonzero(np.diff(ranks))
        if first:
            here = here[ranks[here + 1] < ranks[0]][:1]
        wide = here[np.abs(np.diff(values))[here] > NARROW * abs(end - now)]
        if not len(wide):
            break
        more = np.concatenate([np.linspace(values[i], values[i + 1], FINER)[1:-1] for i in wide])
        rank, total = at(more)
        order = np.argsort(np.concatenate([values, more]) * np.sign(end - now), kind="stable")
        values = np.concatenate([values, more])[order]
        ranks = np.concatenate([ranks, rank])[order]
        totals = np.concatenate([totals, total])[order]
    rows = np.r_[0, here + 1]
    columns = {"improvement": np.abs(values - now), "value": values, "total": totals, "rank": ranks}
    return pd.DataFrame({name: column[rows] for name, column in columns.items()})
