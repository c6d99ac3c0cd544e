"""Exact chances that a weighted sum of differences is above 0, by law of the weights (概率核)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words
from simkaohe.scheme.problems import quoted

Array = npt.NDArray[np.float64]
Law = (
    Literal["simplex"]
    | tuple[Literal["dirichlet"], int | Sequence[int]]
    | tuple[Literal["within", "normal"], float]
)
TAIL = 1e-13
"""What the Fourier series leaves out at most."""
TERMS = 1 << 18
"""Terms of the Fourier series, at most; where they do not do, exact fractions are used."""
EXACT_DIMENSIONS = 12
BLOCK = 1024
"""Pairs at once, so that the arrays fit a core's cache."""
Chance = Callable[[Array, Array], Array]
"""From differences (P, k) and weights (k,) to P(difference · weights > 0), shape (P,)."""


def chance_of(law: Law) -> Chance:
    """Return the law's chances; see :func:`simkaohe.sensitivity.volumes.win_probabilities`."""
    if law == "simplex":
        return _simplex
    name, number = law if isinstance(law, tuple) and len(law) == 2 else (law, None)
    if name == "dirichlet" and number is not None:
        alpha = np.atleast_1d(np.asarray(number))
        if np.issubdtype(alpha.dtype, np.integer) and (alpha > 0).all():
            return lambda d, w: _dirichlet(d, w, alpha)
    if isinstance(number, int | float) and number > 0:
        if name == "within" and number <= 1:
            return lambda d, w: _within(d * w, float(number))
        if name == "normal":
            return lambda d, w: _normal(d * w, float(number))
    raise SimkaoheError(
        Problem(
            "law",
            quoted(law),
            Words(
                "simplex、(dirichlet, 正整数)、(within, 0 到 1) 或 (normal, 正数)",
                "'simplex', ('dirichlet', whole numbers above 0), ('within', 0 to 1) or "
                "('normal', above 0)",
            ),
        )
    )


def _simplex(d: Array, w: Array) -> Array:  # noqa: ARG001
    return frustum(d)


def frustum(d: Array) -> Array:
    """Return the share (P,) of the simplex where ``d · w > 0``, for differences (P, k).

    Ali's recursion for a block of pairs at once: every step is a mean of two shares.
    """
    found = np.empty(len(d))
    for start in range(0, len(d), BLOCK):
        found[start : start + BLOCK] = _frustum(np.ascontiguousarray(d[start : start + BLOCK].T))
    return found


def _frustum(d: Array) -> Array:
    ahead = d > 0
    share = np.zeros(d.shape)
    last = np.where(ahead.all(0), 1.0, 0.0)
    for x, is_x in zip(d, ahead, strict=True):
        if not is_x.any():
            continue
        there = is_x & ~ahead
        whole = np.where(there, x - d, 1.0)
        mine = np.where(there, x / whole, ahead)  # columns that are ahead only hand on
        share *= np.where(there, -d / whole, ~ahead)
        last = np.ones(d.shape[1])
        for part, own in zip(share, mine, strict=True):
            own *= last
            part += own
            last = part
    return last.copy()


def alphas(weights: Array, total: int) -> npt.NDArray[np.intp]:
    """Return whole numbers in proportion to weights (sum 1), at least 1 each, by remainders."""
    total = max(total, len(weights))
    found = np.maximum(np.floor(weights * total), 1).astype(np.intp)
    while found.sum() < total:
        found[np.argmax(weights * total - found)] += 1
    while found.sum() > total:
        found[np.argmax(np.where(found > 1, found - weights * total, -np.inf))] -= 1
    return found


def _dirichlet(d: Array, w: Array, alpha: npt.NDArray[np.intp]) -> Array:
    if len(alpha) not in (1, len(w)):
        raise SimkaoheError(
            Problem(
                "law",
                Words(f"{len(alpha)} 个参数", f"{len(alpha)} parameters"),
                Words(f"1 个或 {len(w)} 个", f"1 or {len(w)}"),
            )
        )
    repeats = alphas(w, int(alpha[0])) if len(alpha) == 1 else alpha
    return frustum(np.repeat(d, repeats, axis=1))


def _normal(part: Array, p: float) -> Array:
    from scipy.special import ndtr

    spread = p * np.sqrt((part**2).sum(1))
    return np.asarray(ndtr(part.sum(1) / np.where(spread > 0, spread, 1.0)))


def _within(part: Array, p: float) -> Array:
    """Return P(sum of part (1 + p u) > 0) with u uniform on [−1, 1], shape (P,)."""
    middle, c = part.sum(1), np.abs(part) * p
    size = np.abs(middle) + c.sum(1)
    size = np.where(size > 0, size, 1.0)
    middle, c = middle / size, -np.sort(-c / size[:, None], axis=1)
    found = np.where(middle > 0, 1.0, 0.0)
    open_ = np.flatnonzero(np.abs(middle) < c.sum(1))
    few = (c[open_] > 0).sum(1) <= 2
    for place in open_[few]:
        found[place] = _trapezoid(float(middle[place]), *map(float, (*c[place], 0.0)[:2]))
    many = open_[~few]
    found[many] = _fourier(middle[many], c[many])
    return np.clip(found, 0.0, 1.0)


def _trapezoid(middle: float, wide: float, narrow: float) -> float:
    """Return P(middle + wide u + narrow v > 0), ``wide`` ≥ ``narrow`` ≥ 0."""
    if narrow == 0:
        return float(np.clip((middle + wide) / (2 * wide), 0, 1))
    low, high = middle - narrow, middle + narrow  # middle + narrow v; its chance is a clipped line
    a, b = float(np.clip(low, -wide, wide)), float(np.clip(high, -wide, wide))
    slope = (b - a) * ((a + b) / 2 + wide) / (2 * wide)
    return (slope + max(high - max(low, wide), 0.0)) / (high - low)


def _fourier(middle: Array, c: Array) -> Array:
    r"""Return P(middle + Σ c u > 0) by the Fourier series of the sign, |middle| + Σ c ≤ 1.

    .. math:: \tfrac12 + \tfrac2\pi \sum_{n\ odd} \frac{\sin(n \pi m / 2)}{n}
              \prod_k \operatorname{sinc}(n \pi c_k / 2)
    """
    found = np.full(len(middle), 0.5)
    left = np.arange(len(middle))
    start, block = 1, 16
    while len(left) and start < 2 * TERMS:
        n = np.arange(start, start + 2 * block, 2)
        size = max(1, (1 << 19) // (block * c.shape[1]))
        for some in (left[k : k + size] for k in range(0, len(left), size)):
            angles = n[:, None] * c[some][:, None, :] / 2  # np.sinc has the π
            waves = np.sin(n * np.pi * middle[some, None] / 2) / n
            found[some] += 2 / np.pi * (waves * np.sinc(angles).prod(2)).sum(1)
        start += 2 * block
        left = left[_tail(start, c[left]) > TAIL]
        block = min(2 * block, 1 << 14)
    for place in left:
        found[place] = _exactly(float(middle[place]), c[place])
    return found


def _tail(start: int, c: Array) -> Array:
    """Return a bound of all terms from n = ``start`` on: the factors' envelopes at ``start``."""
    with np.errstate(divide="ignore"):
        envelope = np.where(c > 0, 2 / (np.pi * np.where(c > 0, c, 1.0)), np.inf)
    active = envelope < start
    power = active.sum(1)
    # Σ over odd n ≥ start of n^−(power+1) is below its integral from start − 2
    log = np.where(active, np.log(np.where(active, envelope, 1.0) / max(start - 2, 1)), 0.0).sum(1)
    return np.where(power > 0, np.exp(log) / (np.pi * np.maximum(power, 1)), np.inf)


def _exactly(middle: float, c: Array) -> float:
    """Return P(middle + Σ c u > 0) in exact fractions (Pólya's sum over all corners)."""
    c = c[c > 0]
    if len(c) > EXACT_DIMENSIONS:
        reason = Words("差异过于悬殊，级数不收敛", "differences are too uneven for the series")
        raise SimkaoheError(Problem("law", reason))
    parts = [Fraction(float(x)) for x in c]
    total, whole = Fraction(0), Fraction(1)
    for k, part in enumerate(parts, 1):
        whole *= 2 * part * k
    for signs in product((1, -1), repeat=len(parts)):
        corner = Fraction(middle) + sum(s * x for s, x in zip(signs, parts, strict=True))
        if corner > 0:
            total += int(np.prod(signs)) * corner ** len(parts)
    return float(total / whole)
