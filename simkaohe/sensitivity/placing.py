"""How many rivals can be ahead of a unit: bounds, search and proof on plain arrays.

A rival's lead over the unit is ``lead = g @ w + h``; totals are rounded to ``digits`` decimals
before ranks are taken, so that the rival is ahead for certain from a lead of one last digit on, and
not ahead for certain at a lead of zero or less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simkaohe.ranks import NOISE, last_digits
from simkaohe.sensitivity.polytope import Polytope, Program, linear, mixed

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
NOTHING = 1e-10
"""Points: a lead that is only binary noise."""
COARSE = 0.9e-3
"""Hundredths of full marks: from such a last digit on rounding is part of the program."""
TOGETHER = 1 << 21
"""Numbers in the leads of races that are searched together."""
MOST_PROMISING = 30
"""Exchanges whose points are looked at in one round."""
FIRM = 1e-6
"""Points: a lead that the solver can tell from none."""


@dataclass(frozen=True)
class Race:
    """One unit among its rivals, those whose order depends on the weights.

    The unit's total is ``own @ w + own_constant``, in hundredths of full marks (in logarithms); it
    is multiplied by ``scale`` and rounded to ``digits`` decimals. Rivals lead by ``g @ w + h``,
    (B, V) and (B,); from ``step`` on, one last digit, they are ahead for certain.
    """

    own: Array
    own_constant: float
    g: Array
    h: Array
    digits: int
    step: float
    scale: float = 1.0
    logarithmic: bool = False

    def ahead(self, w: Array) -> Bools:
        """Return which rivals are ahead, shape (..., B), of rounded totals, weights (..., V)."""
        own = w @ self.own + self.own_constant
        rivals = own[..., None] + (w @ self.g.T + self.h)
        return self._rounded(rivals) > self._rounded(own)[..., None]

    def _rounded(self, total: Array) -> npt.NDArray[np.int64]:
        total = np.exp(total) if self.logarithmic else total
        return last_digits(total * self.scale, self.digits)

    def only(self, rivals: Bools) -> Race:
        """Return the race against some of the rivals."""
        return replace(self, g=self.g[rivals], h=self.h[rivals])


class Extent(NamedTuple):
    """Smallest and largest lead of each rival, shape (B,)."""

    low: Array
    high: Array

    def certain(self, step: float) -> Bools:
        """Which rivals are ahead whatever the weights."""
        return self.low >= step * (1 + 1e-6) + NOTHING

    def possible(self) -> Bools:
        """Which rivals can be ahead."""
        return self.high > NOTHING


def extent(race: Race, at: Polytope) -> Extent:
    """Return the smallest and largest leads over all weights."""
    return Extent(race.h - at.largest(-race.g)[0], race.h + at.largest(race.g)[0])


# -- search ---------------------------------------------------------------------------------------


def found(races: Sequence[Race], at: Polytope, now: Array, best: Sequence[bool]) -> list[Array]:
    """Search for weights with few (``best``) or many rivals ahead; the best found (V,) of each race.

    Steps towards the vertex that a smoothed count of rivals points at, then exchanges between pairs
    of weights; every step looks at all points of its line where a rival changes places.
    """
    weights: list[Array] = []
    for some in _batches(races):
        weights += _searched(some, at, now, best[len(weights) : len(weights) + len(some)])
    return weights


def _batches(races: Sequence[Race]) -> Iterator[Sequence[Race]]:
    """Yield races that fit into memory together."""
    start, size = 0, 0
    for end, race in enumerate(races):
        size += race.g.size
        if size > TOGETHER and end > start:
            yield races[start:end]
            start, size = end, race.g.size
    yield races[start:]


def _searched(races: Sequence[Race], at: Polytope, now: Array, best: Sequence[bool]) -> list[Array]:
    count = max((len(race.g) for race in races), default=0)
    g, h = np.zeros((len(races), count, len(now))), np.full((len(races), count), -1.0)
    starts = np.tile(now, (3, len(races), 1))
    for k, race in enumerate(races):
        if not len(race.g):
            continue
        sign = 1.0 if best[k] else -1.0
        g[k, : len(race.g)], h[k, : len(race.g)] = sign * race.g, sign * race.h
        aims = np.array([race.g.mean(0), np.median(race.g, 0)])
        starts[1:, k] = at.largest(-sign * aims)[1]
    tried = [np.tile(now, (len(races), 1)), *(_towards_vertices(g, h, at, w) for w in starts)]
    weights = []
    for k, race in enumerate(races):
        points = np.array([w[k] for w in tried])
        ahead = race.ahead(points).sum(1) * (1 if best[k] else -1)
        w = points[ahead.argmin()]
        if len(race.g):
            mine = slice(0, len(race.g))
            near = _exchanging(g[k, mine], h[k, mine], at, w)
            fewer = race.ahead(np.array([near, w])).sum(1) * (1 if best[k] else -1)
            w = near if fewer[0] < fewer[1] else w
        weights.append(w)
    return weights


def _towards_vertices(g: Array, h: Array, at: Polytope, w: Array) -> Array:
    """Return weights (P, V) with fewer leads ``g @ w + h`` above zero; g is (P, B, V)."""
    w = w.copy()
    m = _leads(g, h, w)
    real = g.any(2)  # the others fill up the shorter races
    spread = np.maximum(np.abs(m * real).sum(1) / np.maximum(real.sum(1), 1), 1e-6)
    for scale in (2.0, 0.7, 0.25, 0.08, 0.02):
        width = scale * spread
        moving = np.arange(len(g))
        for _ in range(12):
            p = _likely(m[moving], width[moving, None])
            downhill = -np.einsum("pb,pbv->pv", p * (1 - p), g[moving])
            towards = at.largest(downhill)[1] - w[moving]
            slope = _leads(g[moving], 0.0, towards)
            ends = np.zeros(len(moving)), np.ones(len(moving))
            step, gain = _line(m[moving], slope, *ends, width[moving])
            better = gain > 1e-9
            moving, towards, step = moving[better], towards[better], step[better]
            if not len(moving):
                break
            w[moving] += step[:, None] * towards
            m[moving] = _leads(g[moving], h[moving], w[moving])
    return w


def _leads(g: Array, h: Array | float, w: Array) -> Array:
    leads: Array = (g @ w[:, :, None])[:, :, 0] + h
    return leads


def _exchanging(g: Array, h: Array, at: Polytope, w: Array, rounds: int = 30) -> Array:
    pairs = [np.array(np.triu_indices(len(block), 1)).T for block in _inside(at)]
    blocks = zip(_inside(at), pairs, strict=True)
    i, j = np.concatenate([block[pair] for block, pair in blocks] or [np.empty((0, 2), int)]).T
    if not len(i):
        return w
    slope = g.T[i] - g.T[j]
    m = g @ w + h
    width = np.array([0.02 * max(float(np.abs(m).mean()), 1e-6)])
    for _ in range(rounds):
        most = np.minimum(at.high[i] - w[i], w[j] - at.low[j])
        least = -np.minimum(w[i] - at.low[i], at.high[j] - w[j])
        step, gain = _line(m[None], slope, least, most, width, MOST_PROMISING)
        k = int(gain.argmax())
        if gain[k] <= 1e-3:
            break
        w = w.copy()
        w[i[k]] += step[k]
        w[j[k]] -= step[k]
        m = g @ w + h
    return w


def _inside(at: Polytope) -> list[npt.NDArray[np.intp]]:
    return [np.flatnonzero(block & (at.high > at.low)) for block in at.blocks]


def _likely(m: Array, width: Array) -> Array:
    return 1 / (1 + np.exp(-np.clip(m / width, -40, 40)))


def _line(
    m: Array, slope: Array, least: Array, most: Array, width: Array, at_most: int | None = None
) -> tuple[Array, Array]:
    """Return, for each line ``m + t slope``, the best t and the gain in (count + smoothed count).

    ``m`` and ``slope`` are (P, B), the width (P,), or one for all; t lies between ``least`` and
    ``most`` (P,). The count of leads above zero is constant between its breakpoints; the middle of
    every such piece is looked at, among the pieces of the lowest count the smoothed count decides.
    With ``at_most`` only so many lines of the lowest count of all are looked at.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        t = -m / slope
    inside = (t > least[:, None]) & (t < most[:, None])
    t = np.where(inside, t, most[:, None])
    order = t.argsort(1)
    t = np.take_along_axis(t, order, 1)
    ends = np.hstack([least[:, None], t, most[:, None]])
    middle = (ends[:, 1:] + ends[:, :-1]) / 2
    middle[:, -1] = most
    change = np.take_along_axis(np.where(inside, np.sign(slope), 0.0), order, 1)
    start = (m + (least + 1e-9 * (most - least))[:, None] * slope > NOTHING).sum(1)
    count = start[:, None] + np.hstack([np.zeros((len(slope), 1)), change.cumsum(1)])
    count = np.where(ends[:, 1:] > ends[:, :-1], count, np.inf)
    count[:, -1] = np.where(most > least, count[:, -1], np.inf)
    lowest = count.min(1)
    size = max(m.shape[1], 1)
    before = (m > NOTHING).sum(1)
    here = before + 0.5 * _likely(m, width[:, None]).sum(1) / size
    lines = np.flatnonzero(np.isfinite(lowest) & (lowest <= before))
    if at_most is not None:
        lines = lines[lowest[lines] == lowest[lines].min(initial=np.inf)][:at_most]
    best_t, best = np.zeros(len(slope)), np.full(len(slope), np.inf)
    some, piece = np.nonzero(count[lines] == lowest[lines, None])
    some = lines[some]
    of = np.minimum(some, len(m) - 1)  # one m may stand for all lines
    ts = middle[some, piece]
    width_of = width[np.minimum(some, len(width) - 1), None]
    smooth = _likely(m[of] + ts[:, None] * slope[some], width_of).sum(1) / size
    by_line = np.lexsort((smooth, some))
    first = by_line[np.unique(some[by_line], return_index=True)[1]]
    best_t[some[first]] = ts[first]
    best[some[first]] = lowest[some[first]] + 0.5 * smooth[first]
    return best_t, here - best


# -- proof ----------------------------------------------------------------------------------------


class Proof(NamedTuple):
    """What a mixed-integer program says: nobody can have fewer (or more) than ``bound`` ahead."""

    bound: int
    weights: Array | None


def proved(race: Race, at: Polytope, leads: Extent, best: bool, seconds: float) -> Proof:
    """Return the exact smallest (``best``) or largest number of rivals ahead, with weights.

    The program admits leads within the solver's tolerance, so that its number is a bound; whether
    the weights attain it is for the caller to evaluate.
    """
    count = len(race.g)
    if not count:
        return Proof(0, None)
    build = _unrounded if race.logarithmic or race.step < COARSE else _rounded
    program = build(race, leads, best)
    answer = mixed(program, at, seconds)
    dual = answer.mip_dual_bound
    if dual is None or not np.isfinite(dual):
        return Proof(0 if best else count, None)
    bound = int(np.ceil(dual - 1e-6) if best else np.floor(1e-6 - dual))
    if answer.x is None:
        return Proof(bound, None)
    return Proof(bound, _centred(answer.x, at, program, count, best))


def _unrounded(race: Race, leads: Extent, best: bool) -> Program:
    """Let leads decide: ``lead <= step`` where the rival is behind, ``lead >= 0`` where it is ahead."""
    count, size = race.g.shape
    z = np.eye(count)
    if best:  # g w + h <= step + (high - step) z
        room = np.maximum(leads.high - race.step, 0.0) + FIRM
        rows = np.hstack([race.g, -z * room])
        most = race.step - race.h
    else:  # g w + h >= low (1 - z)
        room = np.maximum(-leads.low, 0.0) + FIRM
        rows = np.hstack([-race.g, z * room])
        most = race.h + room
    cost = np.concatenate([np.zeros(size), np.full(count, 1.0 if best else -1.0)])
    ends = np.array([np.zeros(count), np.ones(count)])
    return Program(cost, ends, np.ones(count, bool), rows, most)


def _rounded(race: Race, leads: Extent, best: bool) -> Program:
    """Let rounded totals decide: the unit's, q, is whole; all in units of the last digit."""
    count, size = race.g.shape
    own, g = race.own / race.step, race.g / race.step
    constant = race.own_constant / race.step + 0.5 + NOISE
    h = race.h / race.step
    high, low = leads.high / race.step, leads.low / race.step
    z, one = np.eye(count), np.ones((count, 1))
    if best:
        # q <= own + c;  own + c + lead <= q + 1 + high z, as own + c < q + 1
        room = np.maximum(high, 0.0) + FIRM
        rows = np.vstack(
            [
                np.hstack([-own, np.zeros(count), [1.0]]),
                np.hstack([own, np.zeros(count), [-1.0]]),
                np.hstack([own + g, -z * room, -one]),
            ]
        )
        most = np.concatenate([[constant, 1.0 - constant], 1.0 - constant - h])
    else:
        # own + c <= q + 1;  own + c + lead >= q + 1 - (1 - low)(1 - z), as own + c >= q
        room = np.maximum(-low, 0.0) + 1.0
        rows = np.vstack(
            [
                np.hstack([-own, np.zeros(count), [1.0]]),
                np.hstack([own, np.zeros(count), [-1.0]]),
                np.hstack([-(own + g), z * room, one]),
            ]
        )
        most = np.concatenate([[constant, 1.0 - constant], room - 1.0 + constant + h])
    cost = np.concatenate([np.zeros(size), np.full(count, 1.0 if best else -1.0), [0.0]])
    ends = np.array([np.append(np.zeros(count), -np.inf), np.append(np.ones(count), np.inf)])
    return Program(cost, ends, np.ones(count + 1, bool), rows, most)


def _centred(x: Array, at: Polytope, program: Program, count: int, best: bool) -> Array | None:
    """Return weights as far as possible from where the order in x would change."""
    size = len(at.low)
    fixed = np.round(x[size:])
    rows, most = program.rows[:, :size], program.most - program.rows[:, size:] @ fixed
    decided = np.append(
        np.ones(len(rows) - count, bool), fixed[:count] == 0 if best else fixed[:count] == 1
    )
    body = np.hstack([rows[decided], np.ones((decided.sum(), 1))])
    body = np.vstack([body, np.append(np.zeros(size), 1.0)])
    limit = np.append(most[decided], 1.0)
    answer = linear(np.append(np.zeros(size), -1.0), at, body, limit)
    return None if answer.x is None else answer.x[:size]
