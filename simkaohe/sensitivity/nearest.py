"""Nearest weights under linear conditions: closed forms for one, programs for several (最近权重)."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from simkaohe.sensitivity.polytope import Polytope, Program, linear, mixed

Array = npt.NDArray[np.float64]
Norm = Literal["l1", "l2", "linf", "relative"]
NOISE = 1e-9
"""Differences of totals below this are none (sums of decimals are not exact)."""


def size(change: Array, w: Array, norm: Norm) -> float:
    """Return the size of a change (k,) of weights (k,)."""
    found = {
        "l1": np.abs(change).sum(),
        "l2": np.sqrt((change**2).sum()),
        "linf": np.abs(change).max(),
        "relative": (np.abs(change) / w).max(),
    }
    return float(found[norm])


def smallest_change(
    d: Array, w: Array, margin: float, norm: Norm, low: Array, high: Array
) -> Array:
    """Return the weights (k,) nearest to ``w`` with ``d · w ≥ margin``; NaN when there are none.

    Weights sum to 1; when ``w`` itself is outside the bounds the nearest within is sought.
    """
    best = most(d, low, high)
    if best @ d < margin - NOISE:
        return np.full(len(w), np.nan)
    margin = min(margin, float(best @ d))
    if norm == "l2":
        return _nearest(d, w, margin, low, high)
    if norm == "l1" and (low <= w).all() and (w <= high).all():
        return _moved(d, w, margin, low, high)
    if norm == "l1":
        return linear_change(d[None], np.array([margin]), w, norm, low, high)
    scale = w if norm == "relative" else np.ones(len(w))

    def within(step: float) -> Array | None:
        floor, roof = np.maximum(low, w - step * scale), np.minimum(high, w + step * scale)
        if (floor > roof).any() or floor.sum() > 1 or roof.sum() < 1:
            return None
        return most(d, floor, roof)

    short, enough, found = 0.0, float((np.abs(best - w) / scale).max()), best
    for _ in range(100):
        middle = (short + enough) / 2
        if not short < middle < enough:
            break
        weights = within(middle)
        if weights is not None and weights @ d >= margin:
            enough, found = middle, weights
        else:
            short = middle
    return found


def most(d: Array, low: Array, high: Array) -> Array:
    """Return the weights (k,) of sum 1 within bounds that have the largest ``d · w``."""
    w, left = low.copy(), 1 - low.sum()
    for k in np.argsort(-d, kind="stable"):
        step = min(high[k] - low[k], left)
        w[k] += step
        left -= step
    return w


def _moved(d: Array, w: Array, margin: float, low: Array, high: Array) -> Array:
    """Return L1-nearest weights: move from the smallest d to the largest until it is enough."""
    new, order = w.copy(), np.argsort(d, kind="stable")
    need = margin - d @ w
    i, j = 0, len(order) - 1
    while i < j and d[order[j]] > d[order[i]]:
        give, take = order[i], order[j]
        gain = d[take] - d[give]
        spare, room = new[give] - low[give], high[take] - new[take]
        step = min(spare, room, need / gain)
        new[give] -= step
        new[take] += step
        if step == need / gain:
            break
        need -= step * gain
        i += int(spare <= step)
        j -= int(room <= step)
    return new


def _nearest(d: Array, w: Array, margin: float, low: Array, high: Array) -> Array:
    """Return the projection of ``w`` on bounds, sum 1 and ``d · w ≥ margin``."""

    def at(pull: float) -> Array:
        return _projected(w + pull * d, low, high)

    if at(0.0) @ d >= margin:
        return at(0.0)
    margin -= 1e-13 * max(1.0, float(np.abs(d).max()))  # the last digit of a sum
    short, enough = 0.0, 1.0 / max(float(np.abs(d).max()), NOISE) ** 2
    while at(enough) @ d < margin:
        enough *= 2
    for _ in range(200):
        middle = (short + enough) / 2
        if not short < middle < enough:
            break
        short, enough = (short, middle) if at(middle) @ d >= margin else (middle, enough)
    return at(enough)


def _projected(v: Array, low: Array, high: Array) -> Array:
    """Return ``clip(v + shift, low, high)`` with the shift that makes the sum 1."""
    knots = np.sort(np.concatenate([low - v, high - v]))
    sums = np.clip(v + knots[:, None], low, high).sum(1)
    k = int(np.clip(np.searchsorted(sums, 1.0), 1, len(knots) - 1))
    rise = sums[k] - sums[k - 1]
    part = (1.0 - sums[k - 1]) / rise if rise > 0 else 0.0
    shift = knots[k - 1] + np.clip(part, 0, 1) * (knots[k] - knots[k - 1])
    return np.clip(v + shift, low, high)


# -- several rivals --------------------------------------------------------------------------------


def linear_change(d: Array, margin: Array, w: Array, norm: Norm, low: Array, high: Array) -> Array:
    """Return the weights (k,) nearest to ``w`` with ``d @ w ≥ margin``; NaN when there are none.

    ``d`` is (C, k), ``margin`` (C,). A linear program, not for l2. The solver may fall short by its
    tolerance; it is then asked for that much more, so that the weights keep the conditions.
    """
    asked = margin.copy()
    for _ in range(4):
        new = _program(d, asked, np.zeros(len(d)), 0, w, norm, low, high)[0]
        short = margin - d @ new
        if np.isnan(new).any() or not (short > 0).any():
            return new
        asked = asked + np.where(short > 0, 2 * short + 1e-12, 0.0)
    return new


def top_change(d: Array, w: Array, above: int, norm: Norm, low: Array, high: Array) -> Array:
    """Return the weights nearest to ``w`` with ``d @ w ≥ 0`` in all but ``above`` rows.

    ``d`` (C, k) says by how much the unit beats each rival when all weight is on one child. NaN
    when there are none. A mixed-integer program with a binary variable for each rival. Before it is
    solved, rivals that can never be above or never be passed leave it; the cheapest rivals together
    give an upper bound, every rival that alone costs more stays above, and the bounds of the
    weights shrink to that distance.
    """
    none = np.full(len(w), np.nan)
    if above >= 0 and (d @ w < -NOISE).sum() <= above:
        return w
    d = d[np.array([_least(row, low, high) < -NOISE for row in d], bool)]
    alone = np.array([_cost(row, w, norm, low, high) for row in d])
    above -= int(np.isinf(alone).sum())
    d, alone = d[np.isfinite(alone)], alone[np.isfinite(alone)]
    if above < 0:
        return none
    if len(d) <= above:
        return linear_change(d[:0], np.zeros(0), w, norm, low, high)
    cheapest = np.argsort(alone, kind="stable")[: len(d) - above]
    first = linear_change(d[cheapest], np.zeros(len(cheapest)), w, norm, low, high)
    limit = np.inf if np.isnan(first).any() else size(first - w, w, norm)
    dear = alone > limit + NOISE
    if dear.sum() <= above:
        above -= int(dear.sum())
        d = d[~dear]
    near_low, near_high = low, high
    if np.isfinite(limit):
        reach = NOISE + limit * (w if norm == "relative" else 0.5 if norm == "l1" else 1.0)
        near_low, near_high = np.maximum(low, w - reach), np.minimum(high, w + reach)
    void = np.array([-_least(row, near_low, near_high) for row in d])
    weights, passed = _program(d, np.zeros(len(d)), void, above, w, norm, near_low, near_high)
    if np.isnan(weights).any():
        return first
    found = linear_change(d[passed], np.zeros(int(passed.sum())), w, norm, low, high)
    return first if size(found - w, w, norm) > limit else found


def _least(d: Array, low: Array, high: Array) -> float:
    return float(d @ most(-d, low, high))


def _cost(d: Array, w: Array, norm: Norm, low: Array, high: Array) -> float:
    new = smallest_change(d, w, 0.0, norm, low, high) if d @ w < 0 else w
    return np.inf if np.isnan(new).any() else size(new - w, w, norm)


def _program(
    d: Array, margin: Array, void: Array, above: int, w: Array, norm: Norm, low: Array, high: Array
) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Solve for weights, distances and, with ``above``, who stays above; who is passed (C,)."""
    k, c = len(w), len(d)
    one = np.eye(k)
    spread = one if norm == "l1" else (w if norm == "relative" else np.ones(k))[:, None]
    t, z = spread.shape[1], c if above else 0
    unit = np.maximum(np.abs(d).max(1, initial=0.0), NOISE)
    stay = np.diag(void / unit)[:, :z]
    rows = np.block(
        [
            [one, -spread, np.zeros((k, z))],
            [-one, -spread, np.zeros((k, z))],
            [-d / unit[:, None], np.zeros((c, t)), -stay],
            [np.zeros((1, k + t)), np.ones((1, z))],
        ]
    )
    most = np.concatenate([w, -w, -margin / unit, [float(above)]])
    ends = np.array([np.zeros(t + z), np.append(np.full(t, np.inf), np.ones(z))])
    cost = np.concatenate([np.zeros(k), np.ones(t), np.zeros(z)])
    at = Polytope(low, high, np.ones((1, k), bool))
    solved = mixed(Program(cost, ends, np.arange(t + z) >= t, rows, most), at)
    if solved.x is None:
        return np.full(k, np.nan), np.zeros(c, bool)
    return np.asarray(solved.x[:k]), solved.x[k + t :] < 0.5 if z else np.ones(c, bool)


# -- several conditions ----------------------------------------------------------------------------


def nearest(at: Polytope, now: Array, g: Array, h: Array, norm: Norm) -> Array | None:
    """Return the weights in a polytope nearest to others (V,) with ``g @ w >= h``, g (M, V).

    ``norm`` is l1 or l2; ``now`` keeps the polytope's sums. None: there are no such weights.
    """
    size = len(now)
    one = np.eye(size)
    body = np.block([[-g, np.zeros_like(g)], [one, -one], [-one, -one]])  # |w - now| <= e
    most = np.concatenate([-h, now, -now])
    answer = linear(np.repeat([0.0, 1.0], size), at, body, most)
    if answer.x is None:
        return None
    w = np.asarray(answer.x[:size])
    return w if norm == "l1" else _least_distance(at, now, g, h, w)


def _least_distance(at: Polytope, now: Array, g: Array, h: Array, inside: Array) -> Array:
    """Return the nearest weights in the Euclidean norm, given some that meet the conditions.

    With an orthonormal basis of the directions that keep the sums this is the smallest y with
    ``a @ y >= b``; the residual of a non-negative least-squares problem gives it.
    """
    from scipy.linalg import null_space
    from scipy.optimize import nnls

    basis = null_space(at.blocks.astype(np.float64))
    one = np.eye(len(now))
    a = np.vstack([g, one, -one])
    b = np.concatenate([h, at.low, -at.high]) - a @ now
    length = np.linalg.norm(a @ basis, axis=1)
    keep = length > 1e-12
    a, b = (a @ basis)[keep] / length[keep, None], b[keep] / length[keep]
    if (b <= 0).all():
        return now
    # in units of a distance that is known to be enough, so that the problem is well scaled
    unit = float(np.linalg.norm(inside - now))
    matrix = np.vstack([a.T, b / unit])
    aim = np.append(np.zeros(a.shape[1]), 1.0)
    weights, _ = nnls(matrix, aim, maxiter=50 * matrix.shape[1])
    residual = matrix @ weights - aim
    w = now + basis @ (-residual[:-1] / residual[-1]) * unit
    w = np.clip(w, at.low, at.high)
    short = float(np.maximum(h - g @ w, 0.0).max(initial=0))
    if short > 1e-9:  # badly scaled: step towards weights that do meet them
        w = _towards(w, inside, g, h)
    return w


def _towards(w: Array, inside: Array, g: Array, h: Array) -> Array:
    """Return the first weights on the way to ``inside`` that meet the conditions."""
    need, there = h - g @ w, h - g @ inside
    missed = need > 0
    steps = need[missed] / np.maximum(need[missed] - there[missed], 1e-300)
    t = float(np.clip(steps.max(initial=0.0), 0.0, 1.0))
    return np.asarray((1 - t) * w + t * inside)
