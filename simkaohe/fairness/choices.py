"""What one unit can move, and what its indicators' scores do then: lines, kinks and jumps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from simkaohe.engine.standing import Array
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.fairness.given import by_indicator
from simkaohe.fairness.moving import Moves
from simkaohe.labels import Words
from simkaohe.scheme.tree import Indicator

GRID, FINER, ROUNDS = 33, 8, 14
"""Intervals of the first look, parts of an interval that is no line, and how often it is divided."""
EXACT, CLOSE = 1e-9, 5e-3
"""Points by which a line may miss: as sums do; as a curve that is taken as short lines may."""
NARROW, CURVED = 1e-10, 24
"""Width of a jump or kink, as a share of the whole; more intervals than this that are no lines are
no kinks but a curve."""
MOST = 2000
"""Whole steps that one indicator may be moved by."""


@dataclass(frozen=True, eq=False)
class Lever:
    """One indicator, the ``k``-th (or several that read one column), that a unit can improve.

    ``path`` is what is drawn, ``cost`` that of one unit of improvement; ``ends`` (P, 2) are the
    improvements at both ends of every piece, ``scores`` (P, 2, J) those of ``moving`` there; not
    ``exact`` where a curve is taken as short lines.
    """

    k: int
    leaf: Indicator
    moving: tuple[Indicator, ...]
    path: str
    now: float
    sign: float
    cost: float
    ends: Array
    scores: Array
    exact: bool

    @property
    def limit(self) -> float:
        """The largest improvement."""
        return float(self.ends[-1, 1])

    def scored(self, improved: float) -> Array:
        """Return the scores (J,) of an improvement; of whole steps, those of the last one."""
        p = max(int((self.ends[:, 0] <= improved + EXACT * self.limit).sum()) - 1, 0)
        (a, b), (s, t) = self.ends[p], self.scores[p]
        part = min(max((improved - a) / (b - a), 0.0), 1.0) if b > a else 0.0
        return np.asarray(s + part * (t - s))


def levers_of(
    moves: Moves,
    place: int,
    costs: Mapping[str, float],
    limits: Mapping[str, float],
    steps: Mapping[str, float] | None,
) -> list[Lever]:
    """Return what a unit can improve, with costs and limits by indicator; whole steps are checked."""
    step_of = by_indicator(moves.scheme, "steps", steps)
    found: list[Lever] = []
    moved: set[str] = set()
    # A column that several indicators read is one lever, that of the one that reads it as recorded.
    order = sorted(range(len(moves.leaves)), key=lambda k: -len(moves.address(k)[1]))
    for k in order:
        leaf = moves.leaves[k]
        if not moves.counts[k, place] or not moves.sign[k, place] or leaf.id in moved:
            continue
        limit = limits[leaf.id]
        now, sign = float(moves.now[k, place]), float(moves.sign[k, place])
        limit = abs(float(moves.within_limits(moves.now + moves.sign * limit)[k, place]) - now)
        path, moving = moves.address(k)
        step = step_of.get(leaf.id)
        if limit <= 0 or (step is not None and limit < step * (1 - EXACT)):
            continue
        moving = _counting(moves, place, moving)
        moved |= {each.id for each in moving}
        if step is not None and limit / step > MOST:
            many = Words(f"要走 {limit / step:.0f} 步", f"{limit / step:.0f} steps to its limit")
            remedy = Words("请加大一步，或减小 limits", "Make the step larger, or the limit lower")
            least = Words(f"至多 {MOST} 步", f"at most {MOST}")
            raise SimkaoheError(Problem(f"steps › {leaf.id}", many, least, remedy))

        def scores(improved: Array, k: int = k) -> Array:
            return _scores(moves, place, k, improved)

        if step is None:
            ends, values, exact = traced(scores, limit)
        else:
            at = np.arange(0.0, np.floor(limit / step + EXACT) + 1) * step
            ends, exact = np.stack([at, at], 1), True
            values = np.repeat(scores(at)[:, None], 2, 1)
        cost, readers = costs[leaf.id], tuple(moving)
        found.append(Lever(k, leaf, readers, path, now, sign, cost, ends, values, exact))
    return sorted(found, key=lambda lever: lever.k)


def _counting(moves: Moves, place: int, moving: list[Indicator]) -> list[Indicator]:
    """Return the indicators that count for a unit."""
    return [leaf for leaf in moving if moves.counts[moves.leaves.index(leaf), place]]


def _scores(moves: Moves, place: int, k: int, improved: Array) -> Array:
    """Return the unit's scores (R, J) of the indicators that move, for improvements (R,)."""
    path, moving = moves.address(k)
    moving = _counting(moves, place, moving)
    rows = np.repeat(moves.now[k][None], len(improved), 0)
    rows[:, place] += moves.sign[k, place] * improved
    raw = moves.engine.raw_scores(moving, {path: rows})
    own = [np.broadcast_to(raw[leaf.id], rows.shape)[:, place] for leaf in moving]
    return np.stack(own, 1)


def traced(f: Callable[[Array], Array], end: float) -> tuple[Array, Array, bool]:
    """Return a function, (R,) to (R, J), on [0, end] as pieces of straight line.

    That is their ends (P, 2), the values (P, 2, J) there, and whether every piece is a line within
    1e-9 (else within 0.005).

    Notes
    -----
    Each interval is tried at three places inside and divided until it is a line or so narrow that it
    is a jump, which stands between two pieces. Steps narrower than a thirty-second of the whole
    that fall between the places tried are not seen.
    """
    at = np.linspace(0.0, end, GRID)
    y = f(at)
    left, right = np.stack([at[:-1], at[1:]], 1), np.stack([y[:-1], y[1:]], 1)
    open_ends, open_values = left, right
    lines: list[tuple[Array, Array]] = []
    exact = True
    for _ in range(ROUNDS):
        if not len(open_ends):
            break
        a, b = open_ends.T
        parts = np.array([0.29, 0.5, 0.83])
        inside = a[:, None] + (b - a)[:, None] * parts
        seen = f(inside.ravel()).reshape(*inside.shape, -1)
        first, last = open_values[:, None, 0], open_values[:, None, 1]
        miss = np.abs(seen - (first + (last - first) * parts[:, None])).max((1, 2))
        straight = miss <= EXACT * (1 + np.abs(open_values).max((1, 2)))
        curved = (~straight).sum() > CURVED
        near = ~straight & (miss <= CLOSE) & curved
        exact &= not near.any()
        done = straight | near
        lines.append((open_ends[done], open_values[done]))
        more = ~done & (b - a > NARROW * end)
        cuts = np.linspace(0.0, 1.0, FINER + 1)
        at = a[more, None] + (b - a)[more, None] * cuts
        y = f(at.ravel()).reshape(*at.shape, -1) if len(at) else np.empty((0, FINER + 1, 1))
        open_ends = np.stack([at[:, :-1], at[:, 1:]], -1).reshape(-1, 2)
        open_values = np.stack([y[:, :-1], y[:, 1:]], 2).reshape(-1, 2, y.shape[-1])
    ends = np.concatenate([each for each, _ in lines])
    values = np.concatenate([each for _, each in lines])
    order = np.argsort(ends[:, 0], kind="stable")
    return *_merged(ends[order], values[order]), exact


def _merged(ends: Array, values: Array) -> tuple[Array, Array]:
    """Return pieces with those that continue one line joined."""
    width = ends[:, 1] - ends[:, 0]
    slope = (values[:, 1] - values[:, 0]) / width[:, None]
    size = 1 + np.abs(values).max()
    alike = (np.abs(slope[1:] - slope[:-1]) * width.max() <= 1e-7 * size).all(1)
    starts = np.flatnonzero(np.r_[True, ~alike | (ends[1:, 0] != ends[:-1, 1])])
    stops = np.r_[starts[1:] - 1, len(ends) - 1]
    whole, both = (np.stack([x[starts, 0], x[stops, 1]], 1) for x in (ends, values))
    return whole, both
