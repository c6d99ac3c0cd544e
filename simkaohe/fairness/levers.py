"""The scheme's own levers (方案自身的杠杆): complaints about how it is built, each as a number."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from simkaohe.fairness import depending, tipping, weighed
from simkaohe.fairness.finding import Finding
from simkaohe.fairness.footing import Footing
from simkaohe.fairness.given import check
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme


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
    scheme : Scheme
    panel : Panel
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
    check({"draws": (draws, draws >= 1, "≥ 1 的整数", "a whole number ≥ 1")})
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
