"""Weights nearest to others for which the mean ranks of categories are alike (MILP)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from simkaohe.engine.standing import EXACT
from simkaohe.errors import SimkaoheError, refuse
from simkaohe.labels import Words
from simkaohe.sensitivity.demands import CategoriesAlike
from simkaohe.sensitivity.extremes import refuse_dense
from simkaohe.sensitivity.field import Field
from simkaohe.sensitivity.nearest import Norm, nearest
from simkaohe.sensitivity.placing import NOTHING
from simkaohe.sensitivity.polytope import Polytope, Program, mixed

Array = npt.NDArray[np.float64]
MOST = 1500
"""Open pairs of units (both ways) that a program may have."""
GAP = 1e-6
"""Of the squared distance: when outer approximation stops."""
APART = 1e-5
"""Hundredths of full marks: totals that are not level are at least so far apart."""
PERCENT = 100.0
"""Weights are told to the solver in percent, whose squares it can tell from nothing."""


@dataclass(frozen=True)
class _Pairs:
    """Ordered pairs (P,) whose order is open, and what is known of the ranks without them.

    Whether ``ahead`` is ahead of ``behind`` is open; its lead is ``g @ w + h``, between ``low`` and
    ``high``; it is ahead from a lead of ``step`` on. ``ranks`` (N,): if nobody were in such a pair.
    """

    ahead: npt.NDArray[np.intp]
    behind: npt.NDArray[np.intp]
    g: Array
    h: Array
    low: Array
    high: Array
    ranks: Array
    step: float


def ordered(
    field: Field, demands: Sequence[CategoriesAlike], g: Array, h: Array, norm: Norm, seconds: float
) -> tuple[Array, bool] | None:
    """Return the nearest weights with mean ranks alike and ``g @ w >= h``, and whether proved.

    None when there are none; an error when the time runs out before any are found.
    """
    scheme = field.form.engine.scheme
    if scheme.ranking.ties == "dense":
        refuse_dense(Words('请用 of="scores"', 'Use of="scores"'))
    at = _tightened(field.at, g, h)
    if at.is_empty():
        return None
    pairs = _pairs(field, at)
    if len(pairs.ahead) > MOST:
        count = len(pairs.ahead) // 2
        narrow = Words(
            '请用 of="scores"，或用 bounds 缩小权重范围',
            'Use of="scores", or narrow the weights by bounds',
        )
        open_ = Words(f"有 {count} 对单位的先后未定", f"the order of {count} pairs is open")
        at_most = Words(f"不超过 {MOST // 2} 对", f"{MOST // 2} at most")
        refuse(str(demands[0].words), open_, at_most, narrow)
    ends = monotonic() + seconds
    base = _base(pairs, field, demands, g, h)
    found = _nearest_sum(base, pairs, at, field.now, ends)
    if found is None or norm == "l1":
        return found
    return _nearest_euclid(base, pairs, at, field.now, found[0], ends)


def _tightened(at: Polytope, g: Array, h: Array) -> Polytope:
    """Return the polytope with rows on a single weight taken as its bounds."""
    low, high = at.low.copy(), at.high.copy()
    for row, least in zip(g, h, strict=True):
        where = np.flatnonzero(row)
        if len(where) == 1:
            k = int(where[0])
            if row[k] > 0:
                low[k] = max(low[k], least / row[k])
            else:
                high[k] = min(high[k], least / row[k])
    return replace(at, low=low, high=high)


def _pairs(field: Field, at: Polytope) -> _Pairs:
    form = field.form
    digits = form.engine.scheme.ranking.digits
    step = max(10.0 ** -(EXACT if digits is None else digits) / field.scale, APART)
    if form.logarithmic:
        step = APART
    units = np.flatnonzero(form.behind < 2)
    both = [p for p in permutations(units, 2) if form.behind[p[0]] == form.behind[p[1]]]
    ahead, behind = np.array(both, np.intp).reshape(-1, 2).T
    g = field.slopes[ahead] - field.slopes[behind]
    h = field.constants[ahead] - field.constants[behind]
    low, high = h - at.largest(-g)[0], h + at.largest(g)[0]
    ranks = np.ones(len(form.units))
    for one, two in permutations(units, 2):
        ranks[two] += form.behind[one] < form.behind[two]
    certain = low >= step
    np.add.at(ranks, behind[certain], 1.0)
    open_ = ~certain & (high > NOTHING)
    return _Pairs(
        ahead[open_], behind[open_], g[open_], h[open_], low[open_], high[open_], ranks, step
    )


def _base(
    pairs: _Pairs, field: Field, demands: Sequence[CategoriesAlike], g: Array, h: Array
) -> tuple[Array, Array]:
    """Return rows ``body @ (w, p) <= most`` that the conditions and the order make."""
    count, size = pairs.g.shape
    one = np.eye(count)
    bodies = [
        np.hstack([-g, np.zeros((len(g), count))]),
        np.hstack([pairs.g, -one * np.maximum(pairs.high, 0.0)]),  # lead <= high p
        np.hstack([-pairs.g, one * (pairs.step - pairs.low)]),  # lead >= step - (step - low)(1 - p)
    ]
    mosts = [-h, -pairs.h, pairs.h - pairs.low]
    place = {(a, b): k for k, (a, b) in enumerate(zip(pairs.ahead, pairs.behind, strict=True))}
    for (a, b), k in place.items():  # not each ahead of the other
        if (other := place.get((b, a))) is not None and k < other:
            bodies.append(np.concatenate([np.zeros(size), one[k] + one[other]])[None])
            mosts.append(np.ones(1))
    for demand in demands:
        shares = demand.shares(field)
        slope = shares[:, pairs.behind]
        mean = shares @ pairs.ranks
        for x, y in permutations(range(len(shares)), 2):
            bodies.append(np.concatenate([np.zeros(size), slope[x] - slope[y]])[None])
            mosts.append(np.array([demand.within + 1e-9 - (mean[x] - mean[y])]))
    return np.vstack(bodies), np.concatenate(mosts)


def _nearest_sum(
    base: tuple[Array, Array], pairs: _Pairs, at: Polytope, now: Array, ends: float
) -> tuple[Array, bool] | None:
    """Return the weights with the smallest sum of changes."""
    count, size = pairs.g.shape
    one = np.eye(size) * PERCENT
    body = np.hstack([base[0], np.zeros((len(base[0]), size))])
    blank = np.zeros((size, count))
    body = np.vstack(
        [body, np.hstack([one, blank, -np.eye(size)]), np.hstack([-one, blank, -np.eye(size)])]
    )
    most = np.concatenate([base[1], now * PERCENT, -now * PERCENT])
    cost = np.concatenate([np.zeros(size + count), np.ones(size)])
    answer = _answer(cost, count, size, body, most, at, ends)
    if answer is None:
        return None
    order = np.round(answer.x[size : size + count])
    w = _polished(pairs, at, now, order, base, "l1")
    return (answer.x[:size] if w is None else w), answer.status == 0


def _nearest_euclid(
    base: tuple[Array, Array], pairs: _Pairs, at: Polytope, now: Array, w: Array, ends: float
) -> tuple[Array, bool]:
    """Return the weights with the smallest squared distance, by outer approximation."""
    count, size = pairs.g.shape
    body = np.hstack([base[0], np.zeros((len(base[0]), 1))])
    most = base[1]
    best, upper = w, float(((w - now) ** 2).sum())
    aside = np.eye(size) - np.eye(size).mean(0)
    aside *= np.sqrt(upper / 2) / np.linalg.norm(aside, axis=1, keepdims=True)
    points = [w, *(now + aside), *(now - aside)]
    while True:
        for v in points:  # (distance)² >= its tangent at v
            slope = 2 * (v - now)
            level = (slope @ v - ((v - now) ** 2).sum()) * PERCENT**2
            row = np.concatenate([slope * PERCENT**2, np.zeros(count), [-1.0]])
            body, most = np.vstack([body, row]), np.append(most, level)
        cost = np.append(np.zeros(size + count), 1.0)
        try:
            answer = _answer(cost, count, 1, body, most, at, ends)
        except SimkaoheError:
            return best, False
        if answer is None:  # every order that could be nearer has been looked at
            return best, True
        lower = (answer.mip_dual_bound or 0.0) / PERCENT**2
        v = answer.x[:size]
        order = np.round(answer.x[size : size + count])
        points = [v]
        polished = _polished(pairs, at, now, order, base, "l2")
        if polished is not None:
            points.append(polished)
            if (far := float(((polished - now) ** 2).sum())) < upper:
                best, upper = polished, far
        if upper - lower <= GAP * max(upper, 1e-8) + 1e-10:
            return best, True
        if answer.status != 0:
            return best, False
        # the nearest weights of this order are known now (or there are none): not this one again
        row = np.concatenate([np.zeros(size), 2 * order - 1, [0.0]])
        body, most = np.vstack([body, row]), np.append(most, order.sum() - 1)


def _answer(
    cost: Array, count: int, more: int, body: Array, most: Array, at: Polytope, ends: float
) -> Any:
    """Solve a program over (w, p, further variables from 0 on); None when it is infeasible."""
    limits = np.array(
        [np.zeros(count + more), np.concatenate([np.ones(count), np.full(more, np.inf)])]
    )
    whole = np.arange(count + more) < count
    left = max(ends - monotonic(), 0.1)
    answer = mixed(Program(cost, limits, whole, body, most), at, left)
    if answer.x is None and answer.status != 2:
        refuse(
            "category_means_within",
            Words("限时内没有求出结果", "no weights were found within the time limit"),
            remedy=Words('请加大 seconds，或用 of="scores"', 'Raise seconds, or use of="scores"'),
        )
    return None if answer.x is None else answer


def _polished(
    pairs: _Pairs, at: Polytope, now: Array, order: Array, base: tuple[Array, Array], norm: Norm
) -> Array | None:
    """Return the nearest weights that keep an order of the open pairs, without the big numbers."""
    size = len(now)
    is_ahead = order == 1
    sign = np.where(is_ahead, 1.0, -1.0)
    least = np.where(is_ahead, pairs.step - pairs.h, pairs.h)
    plain = ~base[0][:, size:].any(1)  # rows on weights alone
    g = np.vstack([pairs.g * sign[:, None], -base[0][plain, :size]])
    h = np.concatenate([least, -base[1][plain]])
    return nearest(at, now, g, h, norm)
