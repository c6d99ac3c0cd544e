"""The scheme's own levers (方案自身的杠杆): complaints about how it is built, each as a number."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import Engine, Outcome, compiled
from simkaohe.engine.standing import Array, Bools
from simkaohe.errors import Problem, SimkaoheError, check_seed
from simkaohe.fairness.finding import Finding
from simkaohe.fairness.given import check
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.ranks import places
from simkaohe.scheme.tree import Indicator, Scheme
from simkaohe.sensitivity.importance import nominal_weights

THIRD = 3
"""Without grades, those among the first third have the best grade."""


@dataclass(frozen=True, eq=False, repr=False)
class Leverage:
    """杠杆: what each construction of the scheme does, beside what it says.

    Numbers are pooled over scopes: inside the categories where grades are given in them.

    Attributes
    ----------
    weights : DataFrame, by indicator
        ``name``; ``stated`` weight and ``effective`` share of the differences between totals
        (each sums to 1); ``less_than_stated``.
    attention : DataFrame, by indicator
        ``stated``, ``effective``; ``kind``: ``soft`` (surveys, ratings, given scores) or ``hard``;
        ``lagged``: named by the caller.
    ceilings : DataFrame, by indicator
        ``at_best``: share of units with the best score of their scope; ``sd`` of the scores;
        ``stated``.
    twins : DataFrame, by indicator
        ``twins``: neighbours that differ by at most 1 % of the range; ``score_gap``: most points
        (0–100) between twins; ``points`` of the total that this is; ``one`` and ``other``: who.
    bonuses, appeals : DataFrame, by unit
        ``points`` of the total that they bring; ``rank``, ``rank_without``; ``top``,
        ``top_without``: whether it has the best grade; ``regraded``.
    multipliers : DataFrame, by group
        ``log_share`` of the coefficients; additive ``weight`` that they are worth; share of pairs
        ``turned`` round against the base alone; largest ``base_gap`` (points) and smallest ratio
        of coefficients ``factor_gap`` among them; ``rank_shift``: mean places against the weighted
        sum with the stated weights.
    vetoes : DataFrame, by veto
        ``struck`` units; mean ``rank_loss``; units ``regraded`` without it; ``size_link``: rank
        correlation with the covariate of size.
    others : DataFrame, by unit left out
        ``points``: Σ|ΔT| of the others; ``reversals``: pairs of others whose order changes.
    attribution : DataFrame, by indicator shared as a sum
        ``whole`` and ``counted`` sums; ``miscounted`` share.
    robustness : DataFrame, by unit
        ``rank``, ``rank_0.05``, ``rank_0.95``; ``keeps``: chance of the same grade.
    pass_lines : DataFrame, by unit
        ``rank``, ``top``; lines ``missed``; ``weakest`` part and its ``score``.
    findings : tuple of Finding
    """

    weights: pd.DataFrame
    attention: pd.DataFrame
    ceilings: pd.DataFrame
    twins: pd.DataFrame
    bonuses: pd.DataFrame
    appeals: pd.DataFrame
    multipliers: pd.DataFrame
    vetoes: pd.DataFrame
    others: pd.DataFrame
    attribution: pd.DataFrame
    robustness: pd.DataFrame
    pass_lines: pd.DataFrame
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        return f"Leverage({len(self.findings)} findings)"


def leverage(
    scheme: Scheme,
    panel: Panel,
    *,
    lagged: Collection[str] = (),
    appeals: Collection[str] = (),
    size: str | None = None,
    pass_lines: float | Mapping[str, float] | None = None,
    within: float = 0.25,
    draws: int = 1000,
    seed: int = 0,
) -> Leverage:
    r"""Ask of every construction in a scheme what it really does.

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    lagged : collection of indicator ids
        Whose results show only years later (潜绩).
    appeals : collection of adjustment ids
        By which appeals and late evidence give points back.
    size : str, optional
        A covariate that says how much a unit is exposed to (sites, people), for vetoes.
    pass_lines : float or mapping of node id to float, optional
        Pass lines, 0–100: one for all parts of the total, or one for each node named. Default: 60
        for all parts, where at least a quarter of the units reach it.
    within : float in (0, 1], default 0.25
        How far weights vary in the simulation.
    draws, seed : int

    Returns
    -------
    Leverage

    Raises
    ------
    SimkaoheError
        Names that are not in the scheme or the data; a scheme that ranks nobody.

    Notes
    -----
    An indicator's effective weight is :math:`\operatorname{cov}(c_k, T) / \operatorname{var}(T)`,
    where :math:`c_k` is the total less the total with the indicator at its mean; for weighted sums
    that is :math:`\operatorname{cov}(w_k s_k, T) / \operatorname{var}(T)` [1]. The number of equal
    weights is :math:`1 / \sum w^2`. Units are left out one at a time with the whole scheme evaluated
    anew, 60 of them at most. Thresholds of the lights are model choices; they stand with their
    reasons in :mod:`weighed`, :mod:`tipping` and :mod:`depending`.

    References
    ----------
    [1] Paruolo, Saisana & Saltelli (2013), Ratings and rankings: voodoo or science?, J. Royal
        Statistical Society A 176(3).
    [2] OECD/JRC (2008), Handbook on Constructing Composite Indicators, steps 6 and 7.
    """
    check_seed(seed)
    check({"draws": (draws, draws >= 1, "≥ 1 的整数", "a whole number ≥ 1")})
    from simkaohe.fairness import depending, tipping, weighed

    footing = Footing.of(scheme, panel)
    soft, late = weighed.attention(footing, lagged)
    parts = {
        "weights": weighed.dilution(footing),
        "attention": soft,
        "ceilings": weighed.ceiling(footing),
        "twins": depending.twins(footing),
        "bonuses": tipping.bonuses(footing),
        "multipliers": tipping.multipliers(footing),
        "vetoes": tipping.vetoes(footing, size),
        "others": depending.interdependence(footing),
        "attribution": depending.attribution(footing),
        "appeals": tipping.appeals(footing, appeals),
        "robustness": depending.robustness(footing, within, draws, seed),
        "pass_lines": weighed.pass_lines(footing, pass_lines),
    }
    findings = [part.finding for part in parts.values()]
    findings.insert(1, late.finding)
    return Leverage(**{name: part.table for name, part in parts.items()}, findings=tuple(findings))


# -- what they stand on ----------------------------------------------------------------------------


class Lever(NamedTuple):
    """One lever of the scheme: the numbers, and what they come to."""

    table: pd.DataFrame
    finding: Finding


@dataclass(frozen=True, eq=False)
class Footing:
    """A scheme that has been evaluated (all nodes and uses), and who is compared with whom."""

    engine: Engine
    now: Outcome

    @classmethod
    def of(cls, scheme: Scheme, panel: Panel) -> Footing:
        """Return the footing of a scheme and its data; an error where nobody is ranked."""
        engine = compiled(scheme, panel)
        now = engine.run(nodes=tuple(scheme.nodes), uses=True)
        if not now.ranks.any():  # or all are vetoed out
            nobody = Words("没有参加排名的单位", "no unit is ranked")
            raise SimkaoheError(Problem("unranked", nobody))
        return cls(engine, now)

    @property
    def scheme(self) -> Scheme:
        """The scheme."""
        return self.engine.scheme

    @cached_property
    def apart(self) -> bool:
        """Whether units are compared inside their categories: as grades are given."""
        grades = self.scheme.grades
        return len(self.engine.members) > 1 and (grades is None or grades.within == "category")

    @cached_property
    def scopes(self) -> list[npt.NDArray[np.intp]]:
        """The ranked units that are compared with each other."""
        ranked = self.now.ranks[0] > 0
        sets = self.engine.members if self.apart else [np.arange(len(ranked))]
        return [here for members in sets if len(here := members[ranked[members]])]

    @cached_property
    def total(self) -> Array:
        """Totals (N,) before rounding."""
        return self.totals(self.now)[0]

    def totals(self, outcome: Outcome) -> Array:
        """Return the totals (R, N) of an outcome before rounding."""
        return outcome.scores[self.scheme.root.id] * (self.scheme.full / 100)

    @cached_property
    def nominal(self) -> Mapping[str, Array]:
        """Every node's stated weight (N,), down from the total; NaN where none is stated."""
        return nominal_weights(self.engine)

    def top(self, outcome: Outcome | None = None) -> Bools:
        """Return who has the best grade, or is among the first third of its scope, (N,)."""
        return np.asarray(self.tops(outcome or self.now)[0])

    def tops(self, outcome: Outcome) -> Bools:
        """Return the same of every draw, (R, N)."""
        if outcome.grades is not None:
            return np.asarray(outcome.grades == 0)
        ranks = outcome.category_ranks if self.apart else outcome.ranks
        found = np.zeros(ranks.shape, bool)
        for scope in self.scopes:
            own = ranks[:, scope]
            found[:, scope] = (own > 0) & (own * THIRD <= len(scope) + THIRD - 1)
        return found

    @property
    def top_words(self) -> Words:
        """Which units they are, to be said of “units”."""
        grades = self.scheme.grades
        if grades is None:
            return Words("居前三分之一", "in the first third")
        band = grades.bands[0]
        return Words(f"得“{band.name}”", f"with grade {band.name_en or band.name!r}")

    def regraded(self, other: Outcome) -> Bools:
        """Return whose grade differs in another outcome; without grades, who enters or leaves."""
        if self.now.grades is None or other.grades is None:
            return self.top() != self.top(other)
        return np.asarray(self.now.grades[0] != other.grades[0])

    def centred(self, values: Array) -> Array:
        """Return values less their mean inside each scope; 0 for units that are not ranked."""
        found = np.zeros(values.shape)
        for scope in self.scopes:
            found[..., scope] = values[..., scope] - values[..., scope].mean(-1, keepdims=True)
        return found

    def share(self, parts: Array) -> Array:
        """Return what share of the differences between totals parts (..., N) make.

        ``cov(part, total) / var(total)``, pooled over the scopes; NaN when totals do not differ.
        """
        total = self.centred(self.total)
        spread = (total**2).sum()
        return np.asarray((self.centred(parts) @ total) / (spread if spread > 1e-12 else np.nan))

    @cached_property
    def worth(self) -> Array:
        r"""Points (K, N) that each indicator brings above its mean in the scope: of the total.

        The total less the total with the indicator's score replaced by its mean in the scope. For
        weighted sums with equal weights in a scope it is :math:`w_k (s_{ki} - \bar s_k)`.
        """
        engine, leaves = self.engine, self.scheme.indicators
        raw = np.array([engine.raw_score(leaf.id) for leaf in leaves])
        drawn = {leaf.id: np.repeat(score[None], len(leaves), 0)
                 for leaf, score in zip(leaves, raw, strict=True)}  # fmt: skip
        for k, leaf in enumerate(leaves):
            drawn[leaf.id][k] = self._levelled(leaf, raw[k])
        return self.total - self.totals(engine.what_if(drawn))

    def _levelled(self, leaf: Indicator, score: Array) -> Array:
        """Return an indicator's scores with everybody at the mean of the scope, gaps kept."""
        found = score.copy()
        counts = ~np.isnan(score) & (self.nominal[leaf.id] != 0)
        for scope in self.scopes:
            if len(here := scope[counts[scope]]):
                found[here] = score[here].mean()
        return found

    @cached_property
    def effective(self) -> Array:
        """Share (K,) of the differences between totals that each indicator makes."""
        return self.share(self.worth)

    @cached_property
    def stated(self) -> Array:
        """Stated weights (K,), mean over the ranked units.

        Where none is stated (a coefficient, a minimum): the points of the total that a point of
        the score brings on average, in hundredths of full marks.
        """
        here = np.concatenate(self.scopes)
        found = np.array([self.nominal[leaf.id][here].mean() for leaf in self.scheme.indicators])
        score = np.array([self.now.scores[leaf.id][0] for leaf in self.scheme.indicators])
        away = np.nan_to_num(score - [self._levelled(leaf, s) for leaf, s in
                                      zip(self.scheme.indicators, score, strict=True)])  # fmt: skip
        spread = (away[:, here] ** 2).sum(1)
        slope = (self.worth[:, here] * away[:, here]).sum(1) / np.where(spread > 0, spread, np.nan)
        return np.nan_to_num(np.where(np.isnan(found), slope / self.scheme.full * 100, found))

    def moved(self, other: Outcome) -> Array:
        """Return how many places each unit has in another outcome more than now (N,), 0 unranked."""
        field = "category_ranks" if self.apart else "ranks"
        before, after = getattr(self.now, field)[0], getattr(other, field)[0]
        both = (before > 0) & (after > 0)
        return np.where(both, before - after, 0).astype(np.float64)

    @cached_property
    def stated_share(self) -> Array:
        """Stated weights (K,) as shares of their sum."""
        return self.stated / max(self.stated.sum(), 1e-300)

    def frame(self, columns: Mapping[str, object]) -> pd.DataFrame:
        """Return a table by unit."""
        return pd.DataFrame(columns, pd.Index(self.engine.units, name="unit"))


def spearman(a: Array, b: Array, footing: Footing) -> float:
    """Return the rank correlation inside scopes of two facts of the ranked units, gaps left out."""
    there = ~(np.isnan(a) | np.isnan(b))
    pairs = []
    for scope in footing.scopes:
        here = scope[there[scope]]
        if len(here) > 1:
            ranks = np.array([_middle_ranks(x[here]) / len(here) for x in (a, b)])
            pairs.append(ranks - ranks.mean(1, keepdims=True))
    if not pairs:
        return np.nan
    one, two = np.concatenate(pairs, 1)
    size = np.sqrt((one**2).sum() * (two**2).sum())
    return float((one * two).sum() / size) if size > 1e-12 else np.nan


def _middle_ranks(values: Array) -> Array:
    """Return ranks, 1 for the highest; equals share the middle of their places."""
    _, order = np.unique(values, return_inverse=True)
    return np.asarray(np.mean(places(order[None]), 0)[0])
