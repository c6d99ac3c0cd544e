"""What may be asked of weights (对权重的要求): conditions of :func:`design`.

Each is stated as rows ``g @ w >= h`` over all weights that vary, where it is linear in them, and
can be measured on an evaluated result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from simkaohe.errors import refuse
from simkaohe.labels import Words
from simkaohe.result import Result
from simkaohe.sensitivity.field import NOT_RANKED, Field

Array = npt.NDArray[np.float64]
FORGIVEN = 1e-7
"""What a check forgives: hundredths of full marks, or percent of weight."""
SAFE = 1e-9
"""How far inside a condition on totals the weights are sought."""


class Evidence(NamedTuple):
    """Weights (V,) and the result that they give."""

    field: Field
    result: Result
    w: Array

    @property
    def totals(self) -> Array:
        """Totals (N,) before rounding."""
        root, full = self.result.scheme.root.id, self.result.scheme.full
        return self.result.engine.run(nodes=(root,)).scores[root][0] * (full / 100)


@dataclass(frozen=True)
class Demand:
    """A condition on the weights, or on what they lead to, and its words."""

    words: Words

    def rows(self, field: Field) -> tuple[Array, Array]:
        """Return g (M, V) and h (M,) of ``g @ w >= h``; no rows where it is not linear."""
        return np.zeros((0, len(field.now))), np.zeros(0)

    def measured(self, found: Evidence) -> tuple[float, bool]:
        """Return by how much it is met (negative: missed), and whether it is."""
        g, h = self.rows(found.field)
        slack = float((g @ found.w - h).min()) if len(h) else 0.0
        return slack, slack >= -FORGIVEN


@dataclass(frozen=True)
class Bounded(Demand):
    """A weight stays within bounds."""

    path: str
    low: float
    high: float

    def rows(self, field: Field) -> tuple[Array, Array]:
        """Return two rows for each weight at the path."""
        g, h = [], []
        for k, points in field.variables(self.path):
            one = np.eye(len(field.now))[k]
            g += [one, -one]
            h += [self.low / points, -self.high / points]
        return np.array(g), np.array(h)


@dataclass(frozen=True)
class Ordered(Demand):
    """One weight is at least as large as another."""

    more: str
    less: str

    def rows(self, field: Field) -> tuple[Array, Array]:
        """Return a row for each category in which both weights count."""
        one, blocks = np.eye(len(field.now)), field.at.blocks
        g = [
            one[k] - one[other]
            for k, _ in field.variables(self.more)
            for other, _ in field.variables(self.less)
            if (blocks[:, k] & blocks[:, other]).any()
        ]
        if not g:
            nowhere = Words("没有两者都计入的类别", "no category counts both weights")
            refuse(f"{self.more} › {self.less}", nowhere)
        return np.array(g), np.zeros(len(g))


@dataclass(frozen=True)
class Level(Demand):
    """A unit's total is at least another's plus a margin."""

    unit: str
    other: str
    margin: float

    def rows(self, field: Field) -> tuple[Array, Array]:
        """Return the difference of two totals."""
        a, b = field.place(self.unit), field.place(self.other)
        if self.margin and field.form.logarithmic:
            refuse(
                str(self.words),
                Words("几何平均下分差不是线性的", "margins are not linear in a geometric mean"),
                Words("margin 为 0", "margin 0"),
            )
        least = self.margin / field.scale - (field.constants[a] - field.constants[b])
        return (field.slopes[a] - field.slopes[b])[None], np.array([least + SAFE])

    def measured(self, found: Evidence) -> tuple[float, bool]:
        """Compare the two evaluated totals before rounding."""
        form, total = found.field.form, found.totals
        a, b = form.place(self.unit), form.place(self.other)
        slack = float(total[a] - total[b] - self.margin)
        return slack, slack >= -FORGIVEN * found.field.scale


@dataclass(frozen=True)
class CategoriesAlike(Demand):
    """The mean ranks (or totals) of the categories are within a distance of each other."""

    within: float
    of: Literal["ranks", "scores"]

    def shares(self, field: Field) -> Array:
        """Return the weight (C, N) of each ranked unit in its category's mean."""
        form = field.form
        ranked = form.behind < 2
        if strange := [form.units[p] for p in np.flatnonzero(ranked & ~field.linear)]:
            reason = field.reasons.get(strange[0], NOT_RANKED)
            refuse(f"{self.words} › {strange[0]}", reason)
        if form.logarithmic and self.of == "scores":
            found = Words("几何平均下平均总分不是线性的", "mean totals are not linear here")
            refuse(str(self.words), found, remedy=Words('请用 of="ranks"', 'Use of="ranks"'))
        category = form.engine.category
        present = [c for c in np.unique(category) if (ranked & (category == c)).any()]
        if len(present) < 2:
            refuse(str(self.words), Words("只有一个类别", "there is only one category"))
        members = np.array([ranked & (category == c) for c in present], np.float64)
        return np.asarray(members / members.sum(1, keepdims=True))

    def rows(self, field: Field) -> tuple[Array, Array]:
        """Return the differences of mean totals, both ways; none for ranks."""
        shares = self.shares(field)
        if self.of == "ranks":
            return super().rows(field)
        slope, constant = shares @ field.slopes, shares @ field.constants
        g, h = [], []
        for one, two in permutations(range(len(shares)), 2):
            g.append(slope[one] - slope[two])
            h.append(-self.within / field.scale - (constant[one] - constant[two]) + SAFE)
        return np.array(g), np.array(h)

    def measured(self, found: Evidence) -> tuple[float, bool]:
        """Compare the largest and the smallest mean of the evaluated ranks or totals."""
        values = found.result.outcome.ranks[0] if self.of == "ranks" else found.totals
        means = self.shares(found.field) @ values
        slack = float(self.within - (means.max() - means.min()))
        return slack, slack >= -FORGIVEN * found.field.scale


@dataclass(frozen=True)
class Effective(Demand):
    """The effective weights (covariance shares) are within a distance of stated ones."""

    tolerance: float
    targets: tuple[tuple[str, float], ...] | None

    def covariance(self, field: Field) -> Array:
        """Return the covariances (V, V) of the children's scores over the ranked units."""
        form = field.form
        which = np.unique(form.set_of[form.behind < 2])
        if len(which) != 1 or len(field.at.blocks) != 1:
            refuse(
                str(self.words),
                Words(
                    "各单位的权重不同（类别或缺失指标不同），没有共同的实际权重",
                    "units have different weights (category, missing scores), so that there "
                    "are no effective weights common to all",
                ),
            )
        free, units = form.free(int(which[0])), int((form.behind < 2).sum())
        if units < 3:
            found = Words(f"只有 {units} 个参加排名的单位", f"{units} ranked unit(s)")
            refuse(str(self.words), found, Words("至少三个", "at least three"))
        covariance = np.atleast_2d(np.cov(form.x[np.ix_(free, form.behind < 2)]))
        for k, variance in zip(free, np.diag(covariance), strict=True):
            if variance < 1e-18:
                refuse(
                    f"{self.words} › {form.paths[k]}",
                    Words("所有单位得分相同，实际权重恒为 0", "all units have the same score: 0"),
                )
        return covariance

    def wanted(self, field: Field) -> Array:
        """Return the effective weights (V,) that are asked for, sum 1."""
        found = field.now.copy()
        for path, value in self.targets or ():
            for k, points in field.variables(path):
                found[k] = value / points
        return np.asarray(found / found.sum())

    def measured(self, found: Evidence) -> tuple[float, bool]:
        """Return the tolerance less the largest distance."""
        share = covariance_shares(self.covariance(found.field), found.w)
        slack = float(self.tolerance - np.abs(share - self.wanted(found.field)).max())
        return slack, slack >= -FORGIVEN


def covariance_shares(covariance: Array, w: Array) -> Array:
    """Return the shares (V,) of the variance of ``w @ x`` that each part has; they sum to 1.

    NaN where there is no variance.
    """
    part = w * (covariance @ w)
    whole = part.sum()
    return np.asarray(part / whole) if whole > 0 else np.full(len(w), np.nan)


# -- how they are asked for -----------------------------------------------------------------------


def bounds(path: str, low: float, high: float) -> Demand:
    """Ask that a weight stays within bounds, in its own points."""
    text = f"{low:g} ≤ {path} ≤ {high:g}"
    return Bounded(Words(text, text), path, low, high)


def order(path_a: str, path_b: str) -> Demand:
    """Ask that the weight at ``path_a`` is at least the one at ``path_b``."""
    text = f"{path_a} ≥ {path_b}"
    return Ordered(Words(text, text), path_a, path_b)


def at_least_level(a: str, b: str, margin: float = 0.0) -> Demand:
    """Ask that unit a's total, before rounding, is at least unit b's plus a margin (points)."""
    a, b = str(a), str(b)  # not numpy's, whose names say so
    more = f" + {margin:g}" if margin else ""
    words = Words(f"“{a}”的总分 ≥ “{b}”的总分{more}", f"total of {a!r} ≥ total of {b!r}{more}")
    return Level(words, a, b, margin)


def category_means_within(d: float, of: Literal["ranks", "scores"] = "ranks") -> Demand:
    """Ask that the mean ranks (``of="scores"``: totals) of the categories differ by d at most.

    Means are over ranked units, ranks are overall. Ranks make a mixed-integer program with two
    variables for every pair of units whose order is open; scores are linear.
    """
    zh, en = ("排名", "ranks") if of == "ranks" else ("总分", "totals")
    words = Words(
        f"各类别平均{zh}相差不超过 {d:g}", f"mean {en} of the categories within {d:g} of each other"
    )
    return CategoriesAlike(words, d, of)


def effective_near_nominal(
    tolerance: float = 0.0, targets: Mapping[str, float] | None = None
) -> Demand:
    r"""Ask that what the children really weigh is near what was stated.

    Parameters
    ----------
    tolerance : float
        Largest distance of any effective weight, as a share of 1. Zero: exactly.
    targets : mapping of edit path to weight, optional
        What was stated, in points; default: the present weights.

    Notes
    -----
    The effective weight is the covariance share
    :math:`w_j \operatorname{cov}(x_j, y) / \operatorname{var}(y)` over the ranked units, with
    :math:`y = \sum_j w_j x_j` the group's score; the shares sum to 1.
    """
    stated = None if targets is None else tuple(sorted(targets.items()))
    words = Words(
        f"实际权重与名义权重相差不超过 {tolerance:g}",
        f"effective weights within {tolerance:g} of the nominal ones",
    )
    return Effective(words, tolerance, stated)
