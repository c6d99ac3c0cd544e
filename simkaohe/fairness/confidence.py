"""Confidence sets for ranks (名次的置信区间): what errors of totals leave certain about an order.

A rank counts comparisons, so that its interval follows from the differences that are significant. A
percentile bootstrap of ranks does not cover where totals are close, and is not offered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simkaohe.engine.standing import Array, Bools, Ints

MOST = 600
"""Units: beyond them the maximum of all pairs is too large to simulate, and Bonferroni stands in."""
NOTHING = 1e-9
"""Of the largest total: an error, or a difference, that is only binary noise."""


@dataclass(frozen=True, eq=False)
class RankSets:
    """Intervals of ranks, 1 the best, and the pairs whose order is certain enough.

    Attributes
    ----------
    low, high : arrays (N,) of int
        Each unit's rank is inside with the level, for this unit alone (marginal).
    joint_low, joint_high : arrays (N,) of int
        All ranks at once are inside with the level (simultaneous).
    apart : array (N, N) of bool
        Pairs whose order is told, all at once with the level.
    better : array (N, N) of bool
        ``better[i, k]``: k is certainly ahead of i, all such statements at once with the level.
    """

    low: Ints
    high: Ints
    joint_low: Ints
    joint_high: Ints
    apart: Bools
    better: Bools

    def best(self, count: int) -> Bools:
        """Return who may be among the best ``count`` (N,): the set holds them all with the level."""
        return 1 + self.better.sum(1) <= count


def rank_sets(
    totals: Array, deviations: Array, level: float = 0.95, behind: Ints | None = None
) -> RankSets:
    r"""Return confidence sets for the ranks of totals that have errors.

    Parameters
    ----------
    totals : array (N,)
        As observed; higher is better.
    deviations : array (R, N)
        Draws of their errors, of mean about zero, correlated as the errors are.
    level : float
    behind : array (N,) of int, optional
        Units with a higher number are behind those with a lower one, whatever the totals.

    Returns
    -------
    RankSets

    Notes
    -----
    With :math:`t_{ik} = |\hat\theta_i - \hat\theta_k| / s_{ik}`, the family of a unit's N − 1
    differences (marginal) or of all differences (simultaneous) is tested against the quantile of
    its largest deviation :math:`\max |d_i - d_k| / s_{ik}` over the draws; what is rejected leaves
    the family and the rest is tested again, until nothing more is rejected (stepdown). Then the
    rank is at least 1 + (units certainly better) and at most N − (units certainly worse). Pairs
    without error are certain as they are. Beyond 600 units the quantile is Bonferroni's.

    References
    ----------
    [1] Mogstad, Romano, Shaikh & Wilhelm (2024), Inference for ranks with applications to mobility
        across neighbourhoods and academic achievement across countries, Review of Economic Studies,
        doi 10.1093/restud/rdad006.
    [2] Klein, Wright & Wieczorek (2020), A joint confidence region for an overall ranking of
        populations, J. Royal Statistical Society C 69(3).
    """
    pairs = _Pairs(totals, deviations, np.zeros(len(totals), int) if behind is None else behind)
    alone, joint = pairs.told(level, jointly=False), pairs.told(level, jointly=True)
    low, high = pairs.ranks(alone)
    joint_low, joint_high = pairs.ranks(joint)
    return RankSets(low, high, joint_low, joint_high, joint & (pairs.gap != 0), pairs.ahead(level))


class _Pairs:
    """All differences ``gap[i, k]`` of unit i over unit k, and their standard errors."""

    def __init__(self, totals: Array, deviations: Array, behind: Ints) -> None:
        d = deviations - deviations.mean(0)
        scale = max(np.abs(totals).max(initial=0.0), np.abs(d).max(initial=0.0), 1e-300)
        d /= scale
        self._d = np.ascontiguousarray(d.T, np.float32)
        cov = d.T @ d / max(len(d) - 1, 1)
        own = np.diag(cov)
        se = np.sqrt(np.maximum(own[:, None] + own - 2 * cov, 0.0))
        gap = (totals[:, None] - totals) / scale
        gap = np.where(np.abs(gap) <= NOTHING, 0.0, gap)
        order = np.sign(behind - behind[:, None])
        self.gap = np.where(order != 0, order, gap)
        self.certain: Bools = (se <= NOTHING) | (order != 0)
        self._inverse = np.where(self.certain, 0.0, 1 / np.where(self.certain, 1.0, se))
        self._t = self.gap * self._inverse

    def told(self, level: float, *, jointly: bool) -> Bools:
        """Return which pairs (N, N) are told apart; those that are certain are."""
        half = np.triu(np.ones(self.gap.shape, bool)) if jointly else np.ones(self.gap.shape, bool)
        return self._rejected(np.abs(self._t), half, level, jointly, signed=False)

    def ahead(self, level: float) -> Bools:
        """Return who is certainly ahead (N, N): ``[i, k]``, k ahead of i; all with the level."""
        every = np.ones(self.gap.shape, bool)
        return self._rejected(-self._t, every, level, True, signed=True) & (self.gap < 0)

    def _rejected(
        self, t: Array, family: Bools, level: float, jointly: bool, signed: bool
    ) -> Bools:
        """Return the pairs that are certain or whose t is beyond the critical value, step by step."""
        open_ = ~self.certain
        largest = np.full(self._d.shape, -np.inf, np.float32)
        critical = np.zeros((len(t), 1))
        changed = open_.any(1)
        while changed.any() and open_.any():
            if len(t) > MOST:
                critical = _bonferroni(open_, level, jointly, tails=1 if signed else 2)
            else:
                for i in np.flatnonzero(changed):
                    largest[i] = self._largest(int(i), np.flatnonzero(open_[i] & family[i]), signed)
                if jointly:
                    critical = np.quantile(largest.max(0), level).reshape(1, 1)
                else:
                    rows = changed & open_.any(1)
                    critical[rows, 0] = np.quantile(largest[rows], level, axis=1)
            fresh = open_ & (t > critical)
            open_, changed = open_ & ~fresh, fresh.any(1)
        return ~open_

    def _largest(self, i: int, others: Ints, signed: bool) -> Any:
        """Return the largest deviation (R,) between one unit and others."""
        if not len(others):
            return -np.inf
        t = self._d[others] - self._d[i]
        t *= self._inverse[i, others, None].astype(np.float32)
        return (t if signed else np.abs(t, out=t)).max(0)

    def ranks(self, told: Bools) -> tuple[Ints, Ints]:
        """Return the best and the worst rank that the pairs told apart allow."""
        better = told & (self.gap < 0)
        return 1 + better.sum(1), 1 + (better | ~told).sum(1)


def _bonferroni(open_: Bools, level: float, jointly: bool, tails: int) -> Array:
    from scipy.special import ndtri

    pairs = open_.sum() / 2 if jointly and tails == 2 else open_.sum() if jointly else open_.sum(1)
    return np.reshape(ndtri(1 - (1 - level) / (tails * np.maximum(pairs, 1))), (-1, 1))
