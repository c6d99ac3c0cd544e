"""What a multiplier is worth (等效权重): the additive weights that come nearest to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import compiled
from simkaohe.errors import check_known, refuse
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.combine import Multiplier
from simkaohe.scheme.tree import Group, Scheme
from simkaohe.sensitivity.importance import covariance_share

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class EquivalentWeight:
    """等效权重: the additive weights that come nearest to a multiplier.

    Attributes
    ----------
    table : DataFrame
        Indexed by the parts of the multiplier: ``name``; ``role`` (``base``, ``coefficient``,
        ``added``); ``lowest`` and ``highest`` factor; ``log_share``: share of the variance of the
        product's logarithm (parts with factors, and ``base`` as one, in the row of the first base
        part; NaN for the others); ``weight``: of the best fitting additive scheme, 0–1.
    spearman, kendall : float
        Rank correlation of that additive scheme with the multiplier.
    fit : float
        Share of the variance of the multiplier's score that it explains (R²).
    """

    table: pd.DataFrame
    spearman: float
    kendall: float
    fit: float


def equivalent_weight(scheme: Scheme, panel: Panel, group: str) -> EquivalentWeight:
    r"""Return the additive weights that a multiplier's coefficients are worth.

    .. math:: \operatorname{share}_k = \frac{\operatorname{cov}(\log c_k, \log P)}
        {\operatorname{var}(\log P)}, \qquad P = B \prod_k c_k

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    group : str
        Id of a group that is combined by the multiplier method.

    Raises
    ------
    SimkaoheError
        When there is no such group, it is no multiplier, or fewer than three units are ranked.

    Notes
    -----
    The weights are the least-squares fit of the multiplier's score by the parts' scores, none
    negative, a constant allowed, scaled to sum to 1. All ranked units with all parts count. Shares
    of the logarithm sum to 1 over base and coefficients; they are NaN when a product is zero.
    """
    node, method = _multiplier(scheme, group)
    engine = compiled(scheme, panel)
    names = [child.id for child in node.children]
    scores = engine.run(nodes=names).scores
    x = np.array([scores[name][0] for name in names])
    y = engine.stages(node)[0][1]
    here = (engine.run().ranks[0] > 0) & ~np.isnan(x).any(0)
    if here.sum() < 3:
        refuse(
            group,
            Words(f"{here.sum()} 个各部分都有得分的单位", f"{here.sum()} unit(s) with all parts"),
            Words("至少三个", "at least three"),
        )
    x, y = x[:, here], y[here]
    weights, points, factors = (part[:, here] for part in engine.parts(node))
    base = np.array([name in method.base for name in names])
    scales = ~base & np.array([name not in method.added for name in names])
    logs = np.full(len(names), np.nan)
    first, of_factors = _log_shares(points[base].sum(0) if base.any() else None, factors)
    logs[scales] = of_factors[scales]
    if base.any():
        logs[base.argmax()] = first
    fitted, additive = _fitted(x, y, (weights > 0).any(1))
    table = pd.DataFrame(
        {
            "name": [child.label for child in node.children],
            "role": np.select([base, scales], ["base", "coefficient"], "added").astype(object),
            "lowest": np.where(scales, factors.min(1), np.nan),
            "highest": np.where(scales, factors.max(1), np.nan),
            "log_share": logs,
            "weight": fitted / fitted.sum() if fitted.sum() > 0 else np.full(len(names), np.nan),
        },
        pd.Index(names, name="part"),
    )
    return EquivalentWeight(table, *_likeness(y, additive))


def _multiplier(scheme: Scheme, name: str) -> tuple[Group, Multiplier]:
    groups = {n: g.label for n, g in scheme.groups.items()}
    if name not in scheme.nodes:
        check_known("group", name, groups, Words("分组", "group"))
    node = scheme.nodes[name]
    if isinstance(node, Group) and isinstance(node.combine, Multiplier):
        return node, node.combine
    combine = node.combine if isinstance(node, Group) else None
    refuse(
        name,
        Words(f"“{(combine or node).label}”", combine.method if combine else "an indicator"),
        Words("乘数计分法的分组", "a group combined by the multiplier method"),
    )


def _log_shares(base: Array | None, factors: Array) -> tuple[float, Array]:
    """Return the shares of the base and of every factor in the variance of the log product."""
    start = np.full(factors.shape[1], 100.0) if base is None else base
    parts = np.array([start, *factors])
    if (parts <= 0).any():
        return np.nan, np.full(len(factors), np.nan)
    logs = np.log(parts)
    whole = logs.sum(0)
    first, *others = (covariance_share(part, whole) for part in logs)
    return first, np.array(others)


def _fitted(x: Array, y: Array, counts: Any) -> tuple[Array, Array]:
    """Return the best additive weights (K,), none negative, and the scores (N,) less a constant."""
    from scipy.optimize import nnls

    centred = np.where(counts[:, None], x - x.mean(1, keepdims=True), 0.0)
    fitted, _ = nnls(centred.T, y - y.mean())
    return fitted, fitted @ centred


def _likeness(y: Array, additive: Array) -> tuple[float, float, float]:
    """Return Spearman's and Kendall's correlation, and R²; NaN where nothing varies."""
    from scipy import stats

    if np.ptp(y) <= 1e-12:
        return np.nan, np.nan, np.nan
    centred = y - y.mean()
    fit = float(1 - ((centred - additive) ** 2).sum() / (centred**2).sum())
    if np.ptp(additive) < 1e-12:
        return np.nan, np.nan, fit
    rank = [stats.rankdata(-np.round(v, 9)) for v in (y, additive)]
    return float(stats.spearmanr(*rank).statistic), float(stats.kendalltau(*rank).statistic), fit
