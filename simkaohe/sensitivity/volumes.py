"""Exact chances that one unit beats another when the weights are uncertain (两两胜出概率).

All of them are about totals before rounding. Units that are equal whatever the weights tie.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.errors import refuse
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.problems import quoted
from simkaohe.scheme.tree import Scheme
from simkaohe.sensitivity.form import AdditiveForm, additive_form
from simkaohe.sensitivity.nearest import NOISE

Array = npt.NDArray[np.float64]
Pairs = npt.NDArray[np.intp]
Law = (
    Literal["simplex"]
    | tuple[Literal["dirichlet"], int | Sequence[int]]
    | tuple[Literal["within", "normal"], float]
)
Chance = Callable[[Array, Array], Array]
"""From differences (P, k) and weights (k,) to P(difference · weights > 0), shape (P,)."""
TAIL = 1e-13
"""What the Fourier series leaves out at most."""
TERMS = 1 << 18
"""Terms of the Fourier series, at most; where they do not do, exact fractions are used."""
EXACT_DIMENSIONS = 12
BLOCK = 1024
"""Pairs at once, so that the arrays fit a core's cache."""


def win_volume(scheme: Scheme, panel: Panel, a: str, b: str, *, group: str | None = None) -> float:
    """Return the share of all weight vectors with which ``a`` beats ``b``.

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    a, b : str
    group : str, optional
        Whose children's weights vary, see :func:`additive_form`. Default: the root.

    Returns
    -------
    float
        Share of the simplex of weights in which the total of ``a``, before rounding, is above that
        of ``b``. Weights that are 0 stay 0.

    Raises
    ------
    SimkaoheError
        Totals that are not linear in the weights; units that cannot be compared linearly.

    Notes
    -----
    Ali's recursion: every step is a mean of two numbers, so there is no cancellation; errors are
    about 1e-16 at 80 weights, where products of differences have lost all digits.

    References
    ----------
    [1] Varsi (1973), The multidimensional content of the frustum of the simplex, Pacific J. Math.
    [2] Ali (1973), Content of the frustum of a simplex, Pacific J. Math.
    """
    form = additive_form(scheme, panel, group)
    return float(_wins(form, np.array([form.compared(a, b)]), chance_of("simplex"))[0, 0])


def win_probabilities(
    scheme: Scheme, panel: Panel, law: Law = "simplex", *, group: str | None = None
) -> pd.DataFrame:
    r"""Return the chance that each unit beats each other one.

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    law : {"simplex"} or tuple
        How the weights are distributed:

        - ``"simplex"``: all weight vectors alike;
        - ``("dirichlet", n)``: Dirichlet around the stated weights; n is the sum of the integer
          parameters, which are shared out in proportion to the weights by largest remainders, at
          least 1 each (n is raised to their number). A sequence gives the K parameters themselves;
        - ``("within", p)``: each weight uniform within ± p of itself (0.2: ± 20 %), independently,
          then renormalised;
        - ``("normal", p)``: each weight normal around itself with standard deviation p of itself
          (negative ones are not cut off), then renormalised.
    group : str, optional
        Whose children's weights vary, see :func:`additive_form`. Default: the root.

    Returns
    -------
    DataFrame, units × units
        ``.at[a, b]`` is the chance that ``a`` is above ``b``; with ``.at[b, a]`` it sums to 1 but
        for units that are equal whatever the weights (0 and 0). NaN on the diagonal and for pairs
        that are not comparable linearly, of which ``.attrs["reasons"]`` is a table.

    Raises
    ------
    SimkaoheError
        Totals that are not linear in the weights; a law that does not exist.

    Notes
    -----
    Simplex and Dirichlet by Ali's recursion (a parameter of n repeats a difference n times);
    ``within`` by the Fourier series of the sign, left out at most 1e-13, or exact fractions;
    normal: :math:`\Phi(\mu / \sigma)`. A unit vetoed to the last place loses to all that are not.
    """
    form = additive_form(scheme, panel, group)
    units = pd.Index(form.units, name="unit")
    frame = pd.DataFrame(_matrix(form, chance_of(law)), units, units.rename("other"))
    frame.attrs["reasons"] = _reasons(form, ~np.eye(len(units), dtype=bool))
    return frame


def expected_ranks(
    scheme: Scheme,
    panel: Panel,
    law: Law = "simplex",
    *,
    group: str | None = None,
    within: Literal["all", "category"] = "all",
) -> pd.DataFrame:
    r"""Return the exact mean rank of each unit when the weights are uncertain.

    Parameters
    ----------
    scheme, panel, law, group
        See :func:`win_probabilities`.
    within : {"all", "category"}
        The rank among all units or in the unit's category.

    Returns
    -------
    DataFrame
        By unit: ``rank`` now, ``expected_rank`` :math:`1 + \sum_j P(j \text{ beats } i)`; NaN for
        units that are not ranked, and where one of the peers is not comparable linearly
        (``.attrs["reasons"]``).

    Raises
    ------
    SimkaoheError
        See :func:`win_probabilities`.
    """
    form = additive_form(scheme, panel, group)
    wins = _matrix(form, chance_of(law))
    peers = np.outer(form.behind < 2, form.behind < 2)
    if within == "category":
        peers &= form.engine.category[:, None] == form.engine.category
    np.fill_diagonal(peers, False)
    expected = 1 + np.where(peers, wins, 0.0).sum(0)
    ranks = form.ranks(within)
    frame = pd.DataFrame(
        {
            "rank": pd.array(np.where(ranks > 0, ranks, -1), dtype="Int64"),
            "expected_rank": np.where(form.behind == 2, np.nan, expected),
        },
        index=pd.Index(form.units, name="unit"),
    )
    frame["rank"] = frame["rank"].where(ranks > 0)
    frame.attrs["reasons"] = _reasons(form, peers)
    return frame


def _reasons(form: AdditiveForm, asked: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Return the pairs that are not comparable linearly, and why."""
    rows = [
        (form.units[a], form.units[b], str(reason))
        for a, b in np.argwhere(np.triu(asked))
        if (reason := form.why_not(a, b))
    ]
    return pd.DataFrame(rows, columns=["unit", "other", "reason"])


def differences(form: AdditiveForm, pairs: Pairs, free: npt.ArrayLike) -> Array:
    """Return differences of corners (P, k): by how much the first beats the second of each pair.

    Differences within the noise of sums are 0.
    """
    corners = form.corners[np.asarray(free)]
    d = (corners[:, pairs[:, 0]] - corners[:, pairs[:, 1]]).T
    size = max(1.0, float(np.abs(corners).max(initial=0.0)))
    return np.where(np.abs(d) <= NOISE * size, 0.0, d)


def _matrix(form: AdditiveForm, chance: Chance) -> Array:
    """Return the chance that row beats column, (N, N)."""
    count = len(form.units)
    wins = np.full((count, count), np.nan)
    for which in range(form.weights.shape[1]):
        members = np.flatnonzero((form.set_of == which) & (form.behind < 2))
        pairs = members[np.argwhere(np.tri(len(members), k=-1, dtype=bool))]
        if len(pairs):
            both = _wins(form, pairs, chance)
            wins[pairs[:, 0], pairs[:, 1]], wins[pairs[:, 1], pairs[:, 0]] = both.T
    wins[np.outer(form.behind == 0, form.behind == 1)] = 1.0
    wins[np.outer(form.behind == 1, form.behind == 0)] = 0.0
    return wins


def _wins(form: AdditiveForm, pairs: Pairs, chance: Chance) -> Array:
    """Return the chances (P, 2) that the first and that the second of each pair wins."""
    which = form.set_of[pairs[0, 0]]
    free = form.free(which)
    d = differences(form, pairs, free)
    first = chance(d, form.weights[free, which])
    tie = ~d.any(1)
    first = np.where(tie, 0.0, first)
    second = np.where(tie, 0.0, 1.0 - first)
    one, two = form.behind[pairs].T
    first = np.where(one == two, first, one < two)
    second = np.where(one == two, second, two < one)
    return np.stack([first, second], 1)


# -- chances by law of the weights -----------------------------------------------------------------


def chance_of(law: Law) -> Chance:
    """Return the law's chances; see :func:`win_probabilities`."""
    if law == "simplex":
        return lambda d, _: frustum(d)
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
    allowed = Words(
        "simplex、(dirichlet, 正整数)、(within, 0 到 1) 或 (normal, 正数)",
        "'simplex', ('dirichlet', whole numbers above 0), ('within', 0 to 1) or ('normal', above 0)",
    )
    refuse("law", quoted(law), allowed)


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


def _dirichlet(d: Array, w: Array, alpha: Pairs) -> Array:
    if len(alpha) not in (1, len(w)):
        refuse(
            "law",
            Words(f"{len(alpha)} 个参数", f"{len(alpha)} parameters"),
            Words(f"1 个或 {len(w)} 个", f"1 or {len(w)}"),
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
        refuse(
            "law", Words("差异过于悬殊，级数不收敛", "differences are too uneven for the series")
        )
    parts = [Fraction(float(x)) for x in c]
    total, whole = Fraction(0), Fraction(1)
    for k, part in enumerate(parts, 1):
        whole *= 2 * part * k
    for signs in product((1, -1), repeat=len(parts)):
        corner = Fraction(middle) + sum(s * x for s, x in zip(signs, parts, strict=True))
        if corner > 0:
            total += int(np.prod(signs)) * corner ** len(parts)
    return float(total / whole)
