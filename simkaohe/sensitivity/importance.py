"""What matters most (重要性): what each indicator, paper and number really does to the ranking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import Engine
from simkaohe.errors import SimkaoheError, check_known, refuse, unknown
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.combine import Minimum, Multiplier
from simkaohe.scheme.tree import Group, Indicator, Scheme

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


# -- effective weights -----------------------------------------------------------------------------


@dataclass(frozen=True)
class EffectiveWeights:
    """有效权重: what share of the differences between units each indicator really makes.

    Attributes
    ----------
    table : DataFrame
        Indexed by indicator (within categories: by category and indicator), the scheme's order.
        ``name``; ``nominal``: the stated weight down to the total, 0–1, mean over the units, NaN
        where none is stated (a coefficient, a minimum); ``covariance_share``: cov(weight × score,
        total) / var(total), NaN below a node that is not additive; ``correlation_squared``;
        ``correlation_ratio``: share of the total's variance that the indicator explains alone,
        straight or not; both over the units for which it counts; ``method``: how that was found
        (``spline``, ``groups``, or none below 30 units).
    remainder : Series
        Covariance shares of everything else that adds to the total: nodes that are not additive,
        ``<node> adjustments``. With the table's they sum to 1.
    """

    table: pd.DataFrame
    remainder: pd.Series[float]


def effective_weights(
    scheme: Scheme, panel: Panel, *, within: Literal["all", "category"] = "all"
) -> EffectiveWeights:
    r"""Compare nominal weights with the shares of variance that indicators really have.

    .. math:: c_j = \frac{w_j \operatorname{cov}(x_j, y)}{\operatorname{var}(y)}, \qquad
        S_j = \frac{\operatorname{var}(E[y \mid x_j])}{\operatorname{var}(y)}

    Parameters
    ----------
    scheme : Scheme
    panel : Panel
    within : {"all", "category"}
        Over all ranked units, or inside each category.

    Returns
    -------
    EffectiveWeights

    Notes
    -----
    x are scores 0–100 after adjustments, y totals before rounding. :math:`E[y \mid x_j]` is a cubic
    P-spline whose smoothness generalised cross-validation chooses (each degree of freedom counted
    1.4 times); with at most four distinct values the means of those; below 30 units only
    :math:`r^2` is given. A covariance share may be negative: the indicator makes units more alike.

    References
    ----------
    [1] Paruolo, Saisana & Saltelli (2013), Ratings and rankings: voodoo or science?, J. Royal
        Statistical Society A 176(3).
    [2] Eilers & Marx (1996), Flexible smoothing with B-splines and penalties, Statistical Science
        11(2).
    """
    check_known("within", within, ["all", "category"], Words("范围", "scope"))
    engine = Engine(scheme, panel)
    scores = _scores(engine)
    total = scores[scheme.root.id] * scheme.full / 100
    nominal = nominal_weights(engine)
    terms = _terms(engine, scores)
    ranked = engine.run().ranks[0] > 0
    sets: dict[str, Bools] = {"": ranked}
    if within == "category":
        sets = {
            name: ranked & (engine.category == code) for code, name in enumerate(engine.categories)
        }
    tables, rests = {}, {}
    for name, here in sets.items():
        rows = {
            leaf.id: _effective(leaf, scores[leaf.id][here], total[here], nominal[leaf.id][here],
                                terms.get(leaf.id, np.full(len(total), np.nan))[here])
            for leaf in scheme.indicators
        }  # fmt: skip
        tables[name] = pd.DataFrame.from_dict(rows, orient="index")
        rests[name] = pd.Series(
            {
                term: _covariance_share(part[here], total[here])
                for term, part in terms.items()
                if term not in rows
            },
            dtype=np.float64,
        )
    if within == "all":
        table, rest = tables[""].rename_axis("indicator"), rests[""].rename_axis("part")
    else:
        table = pd.concat(tables, names=["category", "indicator"])
        rest = pd.concat(rests, names=["category", "part"])
    return EffectiveWeights(table, rest.rename("covariance_share"))


def nominal_weights(engine: Engine) -> dict[str, Array]:
    """Return every node's weight (N,) as it is stated, down from the total; NaN where none is."""
    root = engine.scheme.root
    found = {root.id: np.ones(len(engine.units))}
    for group in engine.scheme.nodes.values():
        if not isinstance(group, Group):
            continue
        w = engine.parts(group)[0]
        method = group.combine
        counts = np.ones(len(w), bool)
        share = w / np.where(w.sum(0) > 0, w.sum(0), 1.0)
        if isinstance(method, Minimum):
            counts[:] = False
        elif isinstance(method, Multiplier):
            counts = np.array([c.id in method.base for c in group.children])
            whole = np.where(counts[:, None], w, 0.0).sum(0)
            share = w / np.where(whole > 0, whole, 1.0)
            for k, child in enumerate(group.children):
                if child.id in method.added:
                    counts[k], share[k] = True, w[k] / 100
        for k, child in enumerate(group.children):
            mine = share[k] if counts[k] else np.where(w[k] > 0, np.nan, 0.0)
            found[child.id] = found[group.id] * mine
    return found


def _terms(engine: Engine, scores: Mapping[str, Array]) -> dict[str, Array]:
    """Return points (N,) that add up to the total exactly, by the node that brings them."""
    full = engine.scheme.full / 100
    found: dict[str, Array] = {}

    def divide(node: Group | Indicator, share: Array, points: Array) -> None:
        """Divide a node's points; ``share`` of its score they are, but for cancelled parts."""
        if isinstance(node, Indicator) or not node.combine.linear:
            found[node.id] = points
            return
        w, parts, _ = engine.parts(node)
        rest = points.copy()
        for k, child in enumerate(node.children):
            inner = w[k] / np.where(w.sum(0) > 0, w.sum(0), 1.0)
            brought = share * parts[k]
            own = np.isclose(parts[k], inner * np.nan_to_num(scores[child.id]), atol=1e-12)
            divide(child, share * np.where(own, inner, 0.0), brought)
            rest = rest - brought
        if np.abs(rest).max() > 1e-9:
            found[f"{node.id} adjustments"] = rest

    root = engine.scheme.root
    divide(root, np.full(len(engine.units), full), scores[root.id] * full)
    return found


def _effective(leaf: Indicator, x: Array, y: Array, nominal: Array, term: Array) -> dict[str, Any]:
    there = ~np.isnan(x) & (nominal != 0)  # where it counts
    squared = _correlation(x[there], y[there]) ** 2
    ratio, method = correlation_ratio(x[there], y[there])
    return {
        "name": leaf.label,
        "nominal": nominal.mean() if len(nominal) else np.nan,
        "covariance_share": _covariance_share(term, y),
        "correlation_squared": squared,
        "correlation_ratio": ratio,
        "method": method,
    }


def _covariance_share(part: Array, total: Array) -> float:
    if len(total) < 2 or np.ptp(total) < 1e-12:
        return np.nan
    centred = total - total.mean()
    return float(((part - part.mean()) * centred).sum() / (centred**2).sum())


def _correlation(x: Array, y: Array) -> float:
    if len(x) < 2 or np.ptp(x) < 1e-12 or np.ptp(y) < 1e-12:
        return 0.0 if len(x) > 1 and np.ptp(y) >= 1e-12 else np.nan
    return float(np.corrcoef(x, y)[0, 1])


# -- what a multiplier is worth --------------------------------------------------------------------


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
    scheme : Scheme
    panel : Panel
    group : str
        Id of a group that is combined by the multiplier method.

    Returns
    -------
    EquivalentWeight

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
    from scipy import optimize, stats

    node = scheme.nodes.get(group)
    if node is None:
        groups = {n: g.label for n, g in scheme.nodes.items() if isinstance(g, Group)}
        raise SimkaoheError(unknown("group", group, groups, Words("分组", "group")))
    method = node.combine if isinstance(node, Group) else None
    if not isinstance(method, Multiplier) or not isinstance(node, Group):
        label = method.label if method else node.label
        refuse(
            group,
            Words(f"“{label}”", f"{method.method if method else 'an indicator'}"),
            Words("乘数计分法的分组", "a group combined by the multiplier method"),
        )
    engine = Engine(scheme, panel)
    scores = _scores(engine)
    weights, points, factors = engine.parts(node)
    names = [child.id for child in node.children]
    x = np.array([scores[name] for name in names])
    y = engine.stages(node)[0][1]
    here = (engine.run().ranks[0] > 0) & ~np.isnan(x).any(0)
    if here.sum() < 3:
        refuse(
            group,
            Words(f"{here.sum()} 个各部分都有得分的单位", f"{here.sum()} unit(s) with all parts"),
            Words("至少三个", "at least three"),
        )
    x, y, factors, points = x[:, here], y[here], factors[:, here], points[:, here]
    weights = weights[:, here]
    role = [
        "base" if n in method.base else "added" if n in method.added else "coefficient"
        for n in names
    ]
    counts: Any = (weights > 0).any(1)
    base = np.array([r == "base" for r in role])
    start = points[base].sum(0) if base.any() else np.full(len(y), 100.0)
    logs = _log_shares(start, factors)
    centred = np.where(counts[:, None], x - x.mean(1, keepdims=True), 0.0)
    fitted, _ = optimize.nnls(centred.T, y - y.mean())
    additive = fitted @ centred
    varied = np.ptp(y) > 1e-12
    level = not varied or np.ptp(additive) < 1e-12
    rank = [stats.rankdata(-np.round(v, 9)) for v in (y, additive)]
    spread = ((y - y.mean()) ** 2).sum()
    table = pd.DataFrame(
        {
            "name": [child.label for child in node.children],
            "role": role,
            "lowest": np.where([r == "coefficient" for r in role], factors.min(1), np.nan),
            "highest": np.where([r == "coefficient" for r in role], factors.max(1), np.nan),
            "log_share": [
                logs[0] if k == base.argmax() and base.any() else
                logs[1 + k] if role[k] == "coefficient" else np.nan
                for k in range(len(names))
            ],
            "weight": fitted / fitted.sum() if fitted.sum() > 0 else np.full(len(names), np.nan),
        },
        pd.Index(names, name="part"),
    )  # fmt: skip
    return EquivalentWeight(
        table,
        np.nan if level else float(stats.spearmanr(*rank).statistic),
        np.nan if level else float(stats.kendalltau(*rank).statistic),
        float(1 - ((y - y.mean() - additive) ** 2).sum() / spread) if varied else np.nan,
    )


def _log_shares(start: Array, factors: Array) -> Array:
    """Return the shares of the base and of every factor in the variance of the log product."""
    parts = np.array([start, *factors])
    if (parts <= 0).any():
        return np.full(len(parts), np.nan)
    logs = np.log(parts)
    whole = logs.sum(0)
    return np.array([_covariance_share(part, whole) for part in logs])


def _scores(engine: Engine) -> dict[str, Array]:
    found = engine.run(nodes=tuple(engine.scheme.nodes)).scores
    return {name: score[0] for name, score in found.items()}


FEWEST = 30
"""Units below which a smooth curve says nothing."""
GROUPS = 4
"""Distinct values up to which the means of groups are taken."""
SEGMENTS = 12
COUNTED = 1.4
"""What a degree of freedom costs in cross-validation."""


def correlation_ratio(x: Array, y: Array) -> tuple[float, str]:
    r"""Return the share of the variance of y that x explains, and how it was found.

    .. math:: S = \operatorname{var}(\hat E[y \mid x]) / \operatorname{var}(y)

    Parameters
    ----------
    x, y : arrays (N,)

    Returns
    -------
    ratio : float
        NaN below 30 units; 0 where x does not vary.
    method : str
        ``"groups"`` (at most four distinct values), ``"spline"``, or ``""``.
    """
    if len(x) < FEWEST or np.ptp(y) < 1e-12:
        return np.nan, ""
    values, group = np.unique(np.round(x, 9), return_inverse=True)
    centred = y - y.mean()
    whole = (centred**2).sum()
    if len(values) <= GROUPS:
        means = np.bincount(group, centred) / np.bincount(group)
        return float((means[group] ** 2).sum() / whole), "groups"
    fitted = smooth(x, centred)
    return float(min(((fitted - fitted.mean()) ** 2).sum() / whole, 1.0)), "spline"


def smooth(x: Array, y: Array) -> Array:
    """Return the cubic P-spline of y on x at the points, smoothness by cross-validation."""
    from scipy.interpolate import BSpline
    from scipy.linalg import cholesky, eigh, solve_triangular

    low, high = x.min(), x.max()
    step = (high - low) / SEGMENTS
    knots = low + step * np.arange(-3, SEGMENTS + 4)
    basis = BSpline.design_matrix(np.clip(x, low, high), knots, 3, extrapolate=True).toarray()
    second = np.diff(np.eye(basis.shape[1]), 2, axis=0)
    penalty = second.T @ second
    square = basis.T @ basis
    # Values in few places leave some coefficients free; a trace of the penalty and of the identity
    # settles them.
    square += 1e-9 * np.trace(square) / len(square) * np.eye(len(square))
    root = cholesky(square, lower=True)
    whitened = solve_triangular(root, solve_triangular(root, penalty, lower=True).T, lower=True)
    rough, turn = eigh((whitened + whitened.T) / 2)
    directions = turn.T @ solve_triangular(root, basis.T, lower=True)  # (coefficients, N)
    along = directions @ y
    strengths = np.logspace(-6, 8, 57)[:, None] * np.trace(square) / len(square)
    kept = 1 / (1 + strengths * np.maximum(rough, 0.0))  # (strengths, coefficients)
    fits = (kept * along) @ directions
    residual = ((y - fits) ** 2).sum(1)
    free = len(y) - COUNTED * kept.sum(1)
    score = np.where(free > 0, residual / np.where(free > 0, free, 1.0) ** 2, np.inf)
    best: Array = fits[score.argmin()]
    return best
