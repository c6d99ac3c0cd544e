"""How much of what differs inside categories some covariates explain: regression on plain arrays.

Everything is centred inside categories, so that differences between categories play no part. Rows
of ``y`` (T, N) and ``z`` (P, N) are variables, columns are units; G categories.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

from simkaohe.engine.standing import Array

Places = npt.NDArray[np.intp]

NOTHING = 1e-9
"""Of a variable's size: differences that are only binary noise."""
DIVIDED = 10
"""Covariates among which a share can be divided exactly: 1024 regressions."""


def centred(x: Array, category: Places) -> Array:
    """Return variables (T, N) less their category means; 0 where a variable hardly differs."""
    found = np.empty(x.shape)
    for code in np.unique(category):
        here = category == code
        found[:, here] = x[:, here] - x[:, here].mean(1, keepdims=True)
    size = np.abs(x).max(1, keepdims=True, initial=0.0)
    return np.where(np.abs(found).max(1, keepdims=True, initial=0.0) > NOTHING * size, found, 0.0)


def ranked(x: Array, category: Places) -> Array:
    """Return ranks (T, N) inside categories, ties their mean, centred."""
    found = np.empty(x.shape)
    for code in np.unique(category):
        here = np.flatnonzero(category == code)
        for row, values in enumerate(np.round(x[:, here], 9)):
            order = np.sort(values)
            found[row, here] = order.searchsorted(values) + order.searchsorted(values, "right")
    return centred(found / 2, category)


def basis(z: Array) -> Array:
    """Return an orthonormal basis (Q, N) of the span of centred covariates (P, N)."""
    size = np.sqrt((z**2).sum(1, keepdims=True))
    z = (z / np.where(size > 0, size, 1.0))[size[:, 0] > 0]
    _, s, rows = np.linalg.svd(z, full_matrices=False)
    return rows[s > 1e-7]


def shares(y: Array, q: Array) -> Array:
    """Return R² (T,) of centred variables on a basis; NaN for one that does not differ."""
    whole = (y**2).sum(1)
    explained = ((y @ q.T) ** 2).sum(1)
    return np.where(whole > 0, explained / np.where(whole > 0, whole, 1.0), np.nan)


@dataclass(frozen=True)
class Explained:
    """Share of the variance of T variables that covariates explain; arrays (T,).

    ``loo`` is 1 − PRESS / variance, each unit predicted without itself; ``p`` how often as much is
    explained when values are exchanged inside categories, ``p_joint`` how often any of the variables
    is as rare (Westfall & Young's min p); ``low`` and ``high`` the 95 % interval, exact for normal
    errors (noncentral F); ``df`` N − G − (independent covariates); ``by_chance`` R² expected when
    nothing is related.
    """

    r2: Array
    adjusted: Array
    loo: Array
    p: Array
    p_joint: Array
    low: Array
    high: Array
    df: int
    by_chance: float


def explained(y: Array, z: Array, category: Places, permutations: int, seed: int) -> Explained:
    """Return what centred covariates (P, N) explain of centred variables (T, N)."""
    q = basis(z)
    sizes = np.bincount(category)
    free = int(len(category) - (sizes > 0).sum())
    df = free - len(q)
    r2 = shares(y, q)
    nothing = np.full(len(y), np.nan)
    chance = len(q) / free if free else np.nan
    if df <= 0 or not len(q) or np.isnan(r2).all():
        empty = (nothing, nothing, nothing, nothing, nothing, nothing, nothing)
        return Explained(*empty, df, chance)
    residual = y - (y @ q.T) @ q
    leverage = np.minimum((q**2).sum(0) + 1 / sizes[category], 1.0)
    alone = leverage > 1 - NOTHING  # nobody else tells anything of it
    press = (np.where(alone, y, residual / np.where(alone, 1.0, 1 - leverage)) ** 2).sum(1)
    whole = (y**2).sum(1)
    p, p_joint = _permuted(y, q, r2, category, permutations, seed)
    low, high = interval(r2, len(q), df)
    loo = 1 - press / np.where(whole > 0, whole, np.nan)
    return Explained(r2, 1 - (1 - r2) * free / df, loo, p, p_joint, low, high, df, chance)


def _permuted(
    y: Array, q: Array, r2: Array, category: Places, permutations: int, seed: int
) -> tuple[Array, Array]:
    """Return p-values, each for itself and for the largest, over exchanges inside categories."""
    rng = np.random.Generator(np.random.SFC64(seed))
    there = np.isfinite(r2)
    unit = y[there] / np.sqrt((y[there] ** 2).sum(1, keepdims=True))
    goes = np.tile(np.arange(len(category)), (permutations, 1))
    for code in np.unique(category):
        members = np.flatnonzero(category == code)
        goes[:, members] = members[rng.random((permutations, len(members))).argsort(1)]
    chance = np.empty((permutations, len(unit)))
    size = max(1, (1 << 19) // (len(q) * len(category)))
    for start in range(0, permutations, size):
        moved = np.ascontiguousarray(q.T)[goes[start : start + size]]  # (R, N, Q)
        chance[start : start + size] = ((unit @ moved) ** 2).sum(2)
    order = np.sort(chance + NOTHING, 0)
    reach = [permutations - o.searchsorted(v) for o, v in zip(order.T, r2[there], strict=True)]
    as_rare = [permutations - o.searchsorted(v) for o, v in zip(order.T, chance.T, strict=True)]
    rarest = np.min(as_rare, 0, initial=permutations)
    found = np.full((2, len(y)), np.nan)
    found[0, there] = (1 + np.array(reach)) / (1 + permutations)
    joint = (rarest[:, None] <= np.array(reach) + 1).sum(0)
    found[1, there] = np.minimum((1 + joint) / (1 + permutations), 1.0)
    return found[0], found[1]


def interval(r2: Array, count: int, df: int, level: float = 0.95) -> tuple[Array, Array]:
    r"""Return an exact interval of the explained share, normal errors and covariates fixed.

    The noncentrality λ for which the observed F is a tail's quantile, as λ / (λ + N − G).

    References
    ----------
    [1] Steiger (2004), Beyond the F test, Psychological Methods 9(2).
    """
    from scipy.special import ncfdtr

    there = np.isfinite(r2) & (r2 < 1 - NOTHING)
    f = (r2[there] / count) / ((1 - r2[there]) / df)
    ends = []
    for tail in ((1 + level) / 2, (1 - level) / 2):
        low, high = np.zeros(len(f)), 4 * count * f + 100.0
        while len(f) and (short := ncfdtr(count, df, high, f) > tail).any():
            high = np.where(short, 2 * high, high)
        for _ in range(50):
            middle = (low + high) / 2
            above = ncfdtr(count, df, middle, f) > tail
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        share = np.where(np.isfinite(r2), 1.0, np.nan)
        share[there] = low / (low + count + df)
        ends.append(share)
    return ends[0], ends[1]


def divided(y: Array, z: Array) -> Array:
    """Return R² of one centred variable (N,) divided among the covariates (P,): Shapley, LMG.

    NaN beyond ten covariates.

    References
    ----------
    [1] Lindeman, Merenda & Gold (1980); Grömping (2007), American Statistician 61(2).
    """
    count = len(z)
    if count > DIVIDED:
        return np.full(count, np.nan)
    value = {
        chosen: float(shares(y[None], basis(z[[*chosen]]))[0]) if chosen else 0.0
        for size in range(count + 1)
        for chosen in combinations(range(count), size)
    }
    found = np.zeros(count)
    for chosen, share in value.items():
        for k in range(count):
            if k not in chosen:
                joined = value[tuple(sorted((*chosen, k)))]
                found[k] += (joined - share) / (count * comb(count - 1, len(chosen)))
    return found


def rank_correlations(y: Array, z: Array, category: Places) -> tuple[Array, Array, Array]:
    """Return Spearman's, partial Spearman's (others held) and its p (t, N − G − P df), (P, T)."""
    from scipy.special import stdtr

    ry, rz = ranked(y, category), ranked(z, category)
    df = len(category) - len(np.unique(category)) - len(z)
    plain, partial = np.full((2, len(z), len(y)), np.nan)
    for k, own in enumerate(rz):
        plain[k] = _cosine(ry, own)
        q = basis(np.delete(rz, k, 0))
        rest = own - (own @ q.T) @ q
        if df > 0 and (rest**2).sum() > NOTHING * (own**2).sum():
            partial[k] = _cosine(ry - (ry @ q.T) @ q, rest)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(partial) * np.sqrt(max(df, 0) / (1 - np.minimum(partial**2, 1.0)))
    return plain, partial, np.where(np.isnan(partial), np.nan, 2 * stdtr(max(df, 1), -t))


def _cosine(y: Array, z: Array) -> Array:
    size = np.sqrt((y**2).sum(1) * (z**2).sum())
    floor = NOTHING * max(float(size.max(initial=0.0)), 1e-300)
    return np.where(size > floor, (y @ z) / np.where(size > floor, size, 1.0), np.nan)


def agreement(y: Array, effort: Array, category: Places) -> float:
    """Return Kendall's tau-b of two variables (N,), over pairs of one category."""
    pairs = category[:, None] == category
    a, b = (np.sign(np.round(v[:, None] - v, 9))[pairs] for v in (y, effort))
    size = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / size) if size > 0 else np.nan
