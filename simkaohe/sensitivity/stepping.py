"""Breakpoints (换位点): every value of one number at which two units change places, exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import EXACT, compiled
from simkaohe.errors import check_known, refuse
from simkaohe.labels import Words
from simkaohe.panel import UNIT, Panel
from simkaohe.ranks import dense, first_places, last_digits
from simkaohe.scheme.tree import Scheme
from simkaohe.sensitivity.along import Along
from simkaohe.sensitivity.curves import NARROW, Curves, Score, aligned, roots
from simkaohe.sensitivity.form import behind
from simkaohe.sensitivity.moves import movement

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
PAIRS = 50_000
"""Pairs that are compared at once."""
AT_ONCE = 4_000_000
"""Ranks that are held at once."""
LARGEST = 100_000_000
"""Ranks in a table at most."""
EQUAL = 1e-10
"""Totals that differ by less than this all along are the same."""


def breakpoints(
    scheme: Scheme,
    panel: Panel,
    path: str,
    low: float | None = None,
    high: float | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Breakpoints:
    """Return every value of one number at which two units change places, and the order between.

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    path : str
        Edit path of a weight (``gdp_growth.weight``, ``gdp_growth.weights_by_category.eco``) or of
        a number of a multiplier (``total.combine.high``, ``low``, ``base_mark``,
        ``map.beta``, ``map.rate``, ``map.otherwise``, ``map.pass_mark``). A weight that moves
        scales its siblings so that the group's sum stays, in every category in which it is not
        overridden; categories with an override of their own, or without a sibling that has
        weight, stay as they are. Other numbers (caps, periods, difficulty, rules) are refused:
        draw them with :meth:`Engine.run` or :func:`montecarlo`.
    low, high : float, optional
        How far it moves; default: a weight from 0 to the group's sum, a parameter over its
        sensible range and its present value. The ends themselves do not belong to the range
        (at weight 0 an indicator may be cancelled).
    progress : function, optional
        Called with the intervals ranked and all of them while :attr:`Breakpoints.points` are worked
        out, then at once; what it raises stops it. Without it they are when they are asked for.

    Raises
    ------
    SimkaoheError
        When the path is neither, the range is empty or not allowed, data are missing that count
        once the weight is above 0, or the totals have no exact form along it: a coefficient that
        compares with others and moves, something added to a geometric mean, geometric means over
        which categories weigh the part differently, a condition on a score that moves, a zero
        where the scheme calls that a mistake.

    Notes
    -----
    With the number on a line from 0 to 1, each unit's total is a line (weighted sum; geometric
    mean: its logarithm), a ratio of lines where a missing part leaves its weight to others, a
    clipped line or a product of them (multiplier). Bonuses, earlier periods, caps and vetoes come
    on top as the scheme has them. Two totals are equal at the roots of a polynomial: in closed form
    up to the second degree, by eigenvalues beyond.

    Ranks are those before rounding. Two units whose totals are rounded to d decimals share a rank
    at most within ``zone`` of the point: 10^−d over the difference of the slopes there (exact for
    lines, of first order for curves and near a kink; 0 at a jump between level stretches).

    References
    ----------
    [1] Triantaphyllou & Sanchez (1997), A sensitivity analysis approach for some deterministic
        multi-criteria decision-making methods, Decision Sciences 28(1): the nearest such point.
    """
    move = movement(scheme, path, low, high)
    along = Along(compiled(scheme, panel), move)
    along.engine.run(move.edits(np.array([(move.low + move.high) / 2])), check=False)
    found = Breakpoints(along)
    if progress is not None:
        found.work_out(progress)
    return found


class Crossings(NamedTuple):
    """Where pairs change their order; arrays (M,). 1: a is ahead, 0: level, −1: b is ahead."""

    u: Array
    a: Ints
    b: Ints
    before: npt.NDArray[np.int8]
    after: npt.NDArray[np.int8]
    zone: Array


class Breakpoints:
    """换位点: the ranking as a step function of one number.

    Attributes
    ----------
    path : str
    low, high : float
        The range; open.
    present : float, or None
        The number now.
    scheme : Scheme
    """

    def __init__(self, along: Along) -> None:
        self._along, self._engine, move = along, along.engine, along.move
        self._progress: Callable[[int, int], None] | None = None
        self.scheme = along.scheme
        self.path, self.low, self.high, self.present = move.path, move.low, move.high, move.present
        self._curves = along.total.curves
        back = behind(along.engine)  # those that a veto puts last are a group of their own
        groups = [np.flatnonzero(back == level) for level in (0, 1)]
        self._groups = [group for group in groups if len(group)]

    def __repr__(self) -> str:
        return f"Breakpoints({self.path}, {len(self.points)} points)"

    def _value(self, u: Array) -> Array:
        return self.low + u * (self.high - self.low)

    @cached_property
    def _crossings(self) -> Crossings:
        digits = self.scheme.ranking.digits
        width = 10.0 ** -(EXACT if digits is None else digits)
        found = []
        for group in self._groups:
            first, second = np.triu_indices(len(group), 1)
            for start in range(0, len(first), PAIRS):
                here = slice(start, start + PAIRS)
                a, b = group[first[here]], group[second[here]]
                found.append(_crossings(self._along.total, a, b, width))
        joined: Any = _joined(found)
        order = np.lexsort((joined.b, joined.a, joined.u))
        return Crossings(*(part[order] for part in joined))

    @cached_property
    def _cuts(self) -> Array:
        """Where the ranking changes, rising; points closer than rounding errors are one."""
        u = self._crossings.u
        return u[np.diff(u, prepend=-1.0) > 1e-11]

    @cached_property
    def _edges(self) -> Array:
        return np.concatenate([[0.0], self._cuts, [1.0]])

    def work_out(self, progress: Callable[[int, int], None]) -> None:
        """Work out the points, and tell a function how far that is; see :func:`breakpoints`."""
        self._progress = progress
        try:
            _ = self.points
        finally:
            self._progress = None

    def _parts(self) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
        """Yield ranks (S, N) between the cuts, part by part, each with its first interval."""
        middle = (self._edges[1:] + self._edges[:-1]) / 2
        size = max(AT_ONCE // len(self._curves), 1)
        for start in range(0, len(middle), size):
            if self._progress is not None:
                self._progress(start, len(middle))
            yield start, self._ranks_at(middle[start : start + size])

    def _ranks_at(self, u: Array) -> npt.NDArray[np.int64]:
        ranks = np.zeros((len(u), len(self._curves)), np.int64)
        q = last_digits(self._along.total.values(self._curves.at(u)), 10)
        closed = self.scheme.ranking.ties == "dense"
        ahead: Any = 0
        for group in self._groups:
            first = first_places(q[:, group])
            first = dense(first) if closed else first
            ranks[:, group] = first + ahead
            ahead = ahead + (first.max(-1, keepdims=True) if closed else len(group))
        return ranks

    @cached_property
    def points(self) -> pd.DataFrame:
        """Every change of places, by value.

        Columns: ``value``; ``up`` and ``down``: who gains on whom as the value rises; ``place_up``
        and ``place_down``: their ranks just after; ``tie``: True where they are level from here on
        (equal totals along a stretch); ``zone``: half-width around the value in which rounded
        totals may tie (see :func:`breakpoints`); ``same_category``.
        """
        found, units = self._crossings, np.array(self._engine.units, object)
        # a is ahead afterwards, or has caught up
        gains = (found.after > 0) | ((found.after == 0) & (found.before < 0))
        up, down = np.where(gains, found.a, found.b), np.where(gains, found.b, found.a)
        home = np.searchsorted(self._cuts, found.u + 1e-11)
        place_up, place_down = np.zeros((2, len(home)), np.int64)
        for start, ranks in self._parts():
            here = slice(*np.searchsorted(home, [start, start + len(ranks)]))
            place_up[here] = ranks[home[here] - start, up[here]]
            place_down[here] = ranks[home[here] - start, down[here]]
        category = self._engine.category
        return pd.DataFrame(
            {
                "value": self._value(found.u),
                "up": units[up],
                "down": units[down],
                "place_up": place_up,
                "place_down": place_down,
                "tie": found.after == 0,
                "zone": found.zone * (self.high - self.low),
                "same_category": category[up] == category[down],
            }
        )

    @cached_property
    def intervals(self) -> pd.DataFrame:
        """The ranking between the points: (low, high) × units; 0 for units that are not ranked."""
        edges = self._value(self._edges)
        count = len(edges) - 1
        if count * len(self._curves) > LARGEST:
            smaller = Words(
                "请缩小范围，或用 steps(单位) 逐个单位查看",
                "Choose a smaller range, or look at one unit with steps(unit)",
            )
            refuse(self.path, Words(f"{count} 个区间", f"{count} intervals"), remedy=smaller)
        index = pd.MultiIndex.from_arrays([edges[:-1], edges[1:]], names=["low", "high"])
        ranks = np.concatenate([ranks for _, ranks in self._parts()])
        return pd.DataFrame(ranks, index, pd.Index(self._engine.units, name="unit"))

    def steps(self, unit: str) -> pd.DataFrame:
        """Return one unit's rank as a step function: ``low``, ``high``, ``rank``."""
        units = self._engine.units
        check_known("steps", unit, units, UNIT)
        mine = units.index(unit)
        ranks = np.concatenate([ranks[:, mine] for _, ranks in self._parts()])
        begins = np.flatnonzero(np.diff(ranks, prepend=-1))
        edges = self._value(self._edges)
        ends = np.append(edges[begins[1:]], self.high)
        return pd.DataFrame({"low": edges[begins], "high": ends, "rank": ranks[begins]})

    def ranking_at(self, value: float) -> pd.Series[Any]:
        """Return everybody's rank at one value, as the engine gives it, rounding included."""
        ranks = self._engine.run(self._along.move.edits(np.array([float(value)]))).ranks[0]
        return pd.Series(ranks, pd.Index(self._engine.units, name="unit"), name="rank")

    def totals_at(self, values: npt.ArrayLike) -> pd.DataFrame:
        """Return totals before rounding, values × units, from the closed form."""
        given = np.atleast_1d(np.asarray(values, np.float64))
        u = (given - self.low) / (self.high - self.low)
        totals = self._along.total.values(self._curves.at(u))
        return pd.DataFrame(totals, given, pd.Index(self._engine.units, name="unit"))

    def edits(self, value: float) -> dict[str, float]:
        """Return the edits that a value means: the number, and the siblings' weights."""
        found = self._along.move.edits(np.array([float(value)]))
        return {path: float(v[0]) for path, v in found.items()}

    @cached_property
    def _now(self) -> float:
        """Where the present value is from 0 to 1; NaN without one."""
        present = np.nan if self.present is None else self.present
        return (present - self.low) / (self.high - self.low)

    @cached_property
    def stable(self) -> tuple[float, float] | None:
        """The interval around the present value with the same ranking; None without one."""
        return self._around(self._cuts) if 0 <= self._now <= 1 else None

    @cached_property
    def stable_units(self) -> pd.DataFrame:
        """For every unit the interval around the present value with its present rank.

        ``low``, ``high``; ``below`` and ``above``: whom it meets there, None where the range ends.
        """
        found, units = self._crossings, self._engine.units
        rows = []
        for unit in range(len(units)):
            mine = (found.a == unit) | (found.b == unit)
            u, other = found.u[mine], np.where(found.a == unit, found.b, found.a)[mine]
            below, above = other[u <= self._now], other[u > self._now]
            met = [units[n[0]] if len(n) else None for n in (below[::-1], above)]
            rows.append((*self._around(u), *met))
        index = pd.Index(units, name="unit")
        return pd.DataFrame(rows, index, ["low", "high", "below", "above"])

    def _around(self, cuts: Array) -> tuple[float, float]:
        if np.isnan(self._now):
            return np.nan, np.nan
        place = np.searchsorted(cuts, self._now, side="right")
        low = self._value(cuts[place - 1]) if place else self.low
        high = self._value(cuts[place]) if place < len(cuts) else self.high
        return float(low), float(high)


def _crossings(total: Score, first: Ints, second: Ints, width: float) -> Crossings:
    """Return where pairs of units change their order."""
    a, b = aligned(total.curves.of(first), total.curves.of(second))
    gap = a + b.times(-1.0)
    cuts = np.moveaxis(roots(gap.top, gap.ends[:-1], gap.ends[1:]), -1, 0)
    edges = np.sort(np.concatenate([gap.ends, *cuts]), axis=0)
    width_of = edges[1:] - edges[:-1]
    wide = width_of > NARROW
    middle = np.where(wide, (edges[1:] + edges[:-1]) / 2, 0.5)  # nobody looks at the others
    sign = np.sign(np.nan_to_num(gap.at(middle))).astype(np.int8)
    apart = np.zeros(sign.shape)
    for shift in (-0.499999, 0.0, 0.499999):
        u = middle + np.where(wide, shift * width_of, 0.0)
        apart = np.maximum(apart, np.abs(total.values(a.at(u)) - total.values(b.at(u))))
    sign = np.where(apart < EQUAL, 0, sign)
    found = []
    now = np.full(len(first), 9)
    for k in range(len(sign)):
        changed = wide[k] & (sign[k] != now) & (now != 9)
        if changed.any():
            u, here = edges[k, changed], np.flatnonzero(changed)
            zone = _zone(total, a.of(here), b.of(here), u, width)
            was = now[changed].astype(np.int8)
            found.append(Crossings(u, first[here], second[here], was, sign[k, changed], zone))
        now = np.where(wide[k], sign[k], now)
    return _joined(found)


def _joined(parts: list[Crossings]) -> Crossings:
    kinds = (np.float64, np.intp, np.intp, np.int8, np.int8, np.float64)
    none: Any = [np.zeros(0, kind) for kind in kinds]
    joined: Any = [np.concatenate(each) for each in zip(none, *parts, strict=True)]
    return Crossings(*joined)


def _zone(total: Score, a: Curves, b: Curves, u: Array, width: float) -> Array:
    """Return the half-width around u (M,) in which rounded totals of pairs may tie."""
    slopes = []
    for curves in (a, b):
        value, slope = curves.at(u[None])[0], curves.slope(u[None])[0]
        if total.power is None:
            slope = slope * np.exp(value)
        elif total.power != 1.0:
            slope = slope * total.power * np.maximum(value, 0.0) ** (total.power - 1)
        slopes.append(slope)
    difference = np.abs(slopes[0] - slopes[1])
    return np.where(difference > 1e-12, width / np.maximum(difference, 1e-12), 0.0)
