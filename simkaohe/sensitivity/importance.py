"""What matters most (重要性): what each indicator, paper and number really does to the ranking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import Engine, compiled
from simkaohe.errors import check_known
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
    scheme, panel : Scheme, Panel
    within : {"all", "category"}
        Over all ranked units, or inside each category.

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
    engine = compiled(scheme, panel)
    scores = engine.run(nodes=tuple(scheme.nodes)).scores
    scores = {name: score[0] for name, score in scores.items()}
    total = scores[scheme.root.id] * scheme.full / 100
    nominal = nominal_weights(engine)
    terms = _terms(engine, scores)
    ranked = engine.run().ranks[0] > 0
    sets: dict[str, Bools] = {"": ranked}
    if within == "category":
        sets = {c: ranked & (engine.category == k) for k, c in enumerate(engine.categories)}
    tables, rests = {}, {}
    for name, here in sets.items():
        rows = {
            leaf.id: _effective(leaf, scores[leaf.id][here], total[here], nominal[leaf.id][here],
                                terms.get(leaf.id, np.full(len(total), np.nan))[here])
            for leaf in scheme.indicators
        }  # fmt: skip
        tables[name] = pd.DataFrame.from_dict(rows, orient="index")
        others = {
            t: covariance_share(p[here], total[here]) for t, p in terms.items() if t not in rows
        }
        rests[name] = pd.Series(others, dtype=np.float64)
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
    for group in engine.scheme.groups.values():
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
        "covariance_share": covariance_share(term, y),
        "correlation_squared": squared,
        "correlation_ratio": ratio,
        "method": method,
    }


def covariance_share(part: Array, total: Array) -> float:
    """Return cov(part, total) / var(total); NaN where the total does not vary."""
    if len(total) < 2 or np.ptp(total) < 1e-12:
        return np.nan
    centred = total - total.mean()
    return float(((part - part.mean()) * centred).sum() / (centred**2).sum())


def _correlation(x: Array, y: Array) -> float:
    if len(x) < 2 or np.ptp(x) < 1e-12 or np.ptp(y) < 1e-12:
        return 0.0 if len(x) > 1 and np.ptp(y) >= 1e-12 else np.nan
    return float(np.corrcoef(x, y)[0, 1])


# -- how much one column explains of another -------------------------------------------------------


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

    The ratio is NaN below 30 units and 0 where x does not vary; it was found by ``"groups"`` (at
    most four distinct values) or ``"spline"``.
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
