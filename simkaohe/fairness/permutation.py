"""Unevenness between groups, and what it would be if the groups meant nothing (置换检验)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from math import factorial, prod
from typing import Any

import numpy as np
import pandas as pd

from simkaohe.engine.standing import Array, Ints
from simkaohe.scheme.tree import Scheme

NORMAL_95 = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""
UNEVEN = {"top_gap": 1, "top_ratio": -1, "rank": 1, "score": 1, "exposure_ratio": -1, "ndkl": 1}
"""The indices, and whether more (1) or less (−1) of it is more unequal."""
CHUNK = 500_000
"""Labels that are shuffled at a time."""


def arrangements(labels: Ints) -> int:
    """Return how many different orders the labels have.

    Examples
    --------
    >>> arrangements(np.array([0, 0, 1, 1, 2]))
    30
    """
    return factorial(len(labels)) // prod(factorial(int(n)) for n in np.bincount(labels))


def shuffled(labels: Ints, most: int, seed: int) -> tuple[Ints, bool]:
    """Return labels (N,), 0 to G − 1, in other orders (P, N), and whether these are all there are.

    Every order (the one at hand too) when there are few, else ``most`` at random.
    """
    if arrangements(labels) <= most:
        return np.array(list(_every(labels))), True
    rng = np.random.default_rng(seed)
    return rng.permuted(np.broadcast_to(labels, (most, len(labels))), axis=1), False


def _every(labels: Ints) -> Iterator[Ints]:
    """Yield every order of the labels once."""
    last = int(labels.max(initial=0))
    sizes = np.bincount(labels, minlength=last + 1)

    def fill(free: tuple[int, ...], label: int, found: Ints) -> Iterator[Ints]:
        if label == last:
            whole = found.copy()
            whole[list(free)] = last
            yield whole
            return
        for chosen in combinations(free, int(sizes[label])):
            filled = found.copy()
            filled[list(chosen)] = label
            rest = tuple(place for place in free if place not in chosen)
            yield from fill(rest, label + 1, filled)

    yield from fill(tuple(range(len(labels))), 0, np.zeros_like(labels))


def chance(found: Array, seen: float, exact: bool) -> float:
    """Return the share of shuffles in which a number is at least what was seen.

    At random the labels as they stand count as one more shuffle, so that it is never 0 (Phipson &
    Smyth 2010). NaN when the number is not defined.
    """
    if np.isnan(seen) or not len(found):
        return float("nan")
    reached = int((found >= seen - 1e-12).sum())
    return reached / len(found) if exact else (reached + 1) / (len(found) + 1)


def over_shuffles(
    labels: Ints, measure: Callable[[Ints], Array], most: int, seed: int
) -> tuple[Array, bool]:
    """Return measures (K, P) of shuffled labels, and whether these are all that there are.

    ``measure`` takes labels (P, N) and returns (K, P); it is called on a part at a time.
    """
    orders, exact = shuffled(labels, most, seed)
    step = max(CHUNK // max(len(labels), 1), 1)
    parts = [measure(orders[start : start + step]) for start in range(0, len(orders), step)]
    return np.concatenate(parts, 1), exact


def adjusted(p: Array) -> Array:
    """Return p-values adjusted for their number (Holm 1979); NaN stays.

    Examples
    --------
    >>> adjusted(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    found = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    found[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(order) else steps
    return found


# -- places and points -----------------------------------------------------------------------------


class Facts:
    """What labels are measured on; units in the order of their ranks."""

    def __init__(self, units: pd.DataFrame, scheme: Scheme, count: int) -> None:
        rank = units["rank"].to_numpy(np.int64)
        self.count, self.n = count, len(units)
        first = np.searchsorted(rank, rank, side="left")  # places from ranks, dense ones too
        last = np.searchsorted(rank, rank, side="right")
        self.place = first + 1.0
        self.middle = (first + 1 + last) / 2
        self.begins = np.unique(first)
        self.score = units["total"].to_numpy(np.float64)
        self.exposure = 1 / np.log2(1 + self.place)
        top = scheme.grades.bands[0].name if scheme.grades else None
        self.top = (units["grade"] == top).to_numpy(np.float64) if top else np.full(self.n, np.nan)

    def table(self, code: Ints, names: list[Any]) -> pd.DataFrame:
        """Return what each group has."""
        percentile = (self.n + 1 - self.place) / self.n
        columns = {
            "mean_rank": self.middle,
            "mean_percentile": percentile,
            "mean_score": self.score,
            "exposure": self.exposure,
        }
        frame = pd.DataFrame(columns).groupby(code).mean()
        size = np.bincount(code, minlength=len(names))
        frame.insert(0, "units", size)
        frame.insert(1, "share_units", size / max(self.n, 1))
        frame["share_exposure"] = frame["exposure"] * size / self.exposure.sum()
        return frame.set_axis(pd.Index(names, name="group"))

    def measures(self, labels: Ints) -> Array:
        """Return the indices (6, P) of labels (P, N), in the order of ``UNEVEN``."""
        member = np.array([labels == g for g in range(self.count)], np.float64)
        size = member.sum(-1)
        means = member @ np.stack([self.top, self.middle, self.score, self.exposure], 1)
        means /= size[:, :, None]
        top, middle, score, exposure = np.moveaxis(means, -1, 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.array(
                [
                    top.max(0) - top.min(0),
                    np.where(top.max(0) > 0, top.min(0) / top.max(0), np.nan),
                    _between(middle, size, self.middle),
                    _between(score, size, self.score),
                    exposure.min(0) / exposure.max(0),
                    self._ndkl(member),
                ]
            )

    def _ndkl(self, member: Array) -> Array:
        """Return the discounted divergence of prefixes, (P,), for membership (G, P, N)."""
        if len(self.begins) < self.n:  # tied units stand in each of their places in equal parts
            sizes = np.diff([*self.begins, self.n])
            member = np.repeat(np.add.reduceat(member, self.begins, -1) / sizes, sizes, -1)
        depth = np.arange(1, self.n + 1)
        share = member.cumsum(-1) / depth
        whole = member.mean(-1, keepdims=True)
        divergence = np.where(share > 0, share * np.log(np.maximum(share, 1e-300) / whole), 0.0)
        weight = 1 / np.log2(1 + depth)
        return divergence.sum(0) @ weight / weight.sum()


def _between(means: Array, size: Array, values: Array) -> Array:
    """Return the share of the values' variance that lies between groups, (P,)."""
    whole = ((values - values.mean()) ** 2).sum()
    between = (size * (means - values.mean()) ** 2).sum(0)
    return between / whole if whole > 0 else np.full(between.shape, np.nan)


def indices_of(facts: Facts, code: Ints, most: int, seed: int) -> tuple[pd.DataFrame, bool]:
    """Return the indices, what they would be under shuffled labels, and whether by every shuffle."""
    columns = ["value", "expected", "low", "high", "p"]
    if facts.count < 2:
        return pd.DataFrame(np.nan, pd.Index([*UNEVEN], name="index"), columns), True
    seen = facts.measures(code[None])[:, 0]
    found, exact = over_shuffles(code, facts.measures, most, seed)
    rows = []
    for value, values, sign in zip(seen, found, UNEVEN.values(), strict=True):
        if np.isnan(value):
            rows.append([np.nan] * 5)
            continue
        low, high = np.quantile(values, [0.05, 0.95])
        p = chance(sign * values, sign * value, exact)
        rows.append([value, values.mean(), low, high, p])
    return pd.DataFrame(rows, pd.Index([*UNEVEN], name="index"), columns), exact


# -- pairs -----------------------------------------------------------------------------------------


def pairs_of(facts: Facts, code: Ints, names: list[Any], most: int, seed: int) -> pd.DataFrame:
    """Return the superiority of each group over each other, and how rare it is by chance."""
    rows, index = [], []
    for a, b in combinations(range(len(names)), 2):
        mine = np.flatnonzero((code == a) | (code == b))
        m, n = int((code == a).sum()), int((code == b).sum())
        place = facts.place[mine]
        middle = (place[:, None] > place).sum(1) + ((place[:, None] == place).sum(1) + 1) / 2
        labels = (code[mine] == a).astype(np.int64)

        def superiority(labels: Ints, middle: Array = middle, m: int = m, n: int = n) -> Array:
            return (1 - (labels @ middle - m * (m + 1) / 2) / (m * n))[None]

        seen = float(superiority(labels[None])[0, 0])
        found, exact = over_shuffles(labels, superiority, most, seed)
        p = chance(np.abs(found[0] - 0.5), abs(seen - 0.5), exact)
        gap = facts.score[code == a].mean() - facts.score[code == b].mean()
        rows.append([seen, *superiority_interval(seen, m, n), gap, p])
        index.append((names[a], names[b]))
    columns = ["superiority", "low", "high", "score_gap", "p"]
    keys = pd.MultiIndex.from_tuples(index, names=["group", "other"]) if index else None
    frame = pd.DataFrame(rows, keys, columns, dtype=np.float64)
    return frame.assign(p_adjusted=adjusted(frame["p"].to_numpy(np.float64)))


def superiority_interval(seen: float, m: int, n: int, z: float = NORMAL_95) -> tuple[float, float]:
    r"""Return the interval of a probability of superiority seen between m and n units.

    Notes
    -----
    Newcombe's fifth method: the θ with :math:`|θ̂ − θ| ≤ z\sqrt{V(θ)}`, where
    :math:`V(θ) = \frac{θ(1−θ)}{mn}\big(1 + s\frac{1−θ}{2−θ} + s\frac{θ}{1+θ}\big)` and
    :math:`s = (m+n)/2 − 1` (Statistics in Medicine 25, 559–573, 2006).
    """
    s = (m + n) / 2 - 1

    def off(theta: float) -> float:
        spread = 1 + s * (1 - theta) / (2 - theta) + s * theta / (1 + theta)
        return abs(seen - theta) - z * float(np.sqrt(theta * (1 - theta) * spread / (m * n)))

    ends = []
    for outside in (0.0, 1.0):
        inside = seen
        for _ in range(50):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if off(middle) <= 0 else (inside, middle)
        ends.append(inside)
    return ends[0], ends[1]
