"""Inverse design (反推权重): the weights nearest to the present ones that meet stated conditions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import NoReturn

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.comparison import Comparison, compare
from simkaohe.errors import Problem, SimkaoheError, check_known, refuse
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme
from simkaohe.sensitivity.demands import (
    FORGIVEN,
    CategoriesAlike,
    Demand,
    Effective,
    Evidence,
    covariance_shares,
)
from simkaohe.sensitivity.field import Field
from simkaohe.sensitivity.form import additive_form
from simkaohe.sensitivity.nearest import Norm, nearest
from simkaohe.sensitivity.ordering import ordered

Array = npt.NDArray[np.float64]
SUBSETS = 3000
"""How many sets of conditions are tried in the search for the smallest that conflicts."""


@dataclass(frozen=True, eq=False)
class Design:
    """反推结果: weights that meet the conditions, and what they do to the ranking.

    Attributes
    ----------
    edits : dict of edit path to value
        Ready for ``scheme.edit``; empty when the present weights meet all conditions.
    weights : DataFrame, edit paths × (before, after, change)
        In points.
    checks : DataFrame, conditions × (slack, met)
        Every condition on the evaluated result: by how much it is met, in its own unit.
    distance : float
        From the present weights, as shares of 1 (in every category), in the norm asked for.
    norm : {"l1", "l2"}
    proved : bool
        Whether no nearer weights meet the conditions. With a tolerance on effective weights, which
        is not a convex condition, they are the nearest that were found.
    comparison : Comparison
        ``present`` and ``design``.
    """

    edits: dict[str, float]
    weights: pd.DataFrame
    checks: pd.DataFrame
    distance: float
    norm: Norm
    proved: bool
    comparison: Comparison

    @cached_property
    def ranking(self) -> pd.DataFrame:
        """排名: every unit before and after; see :meth:`Comparison.table`."""
        return self.comparison.table().sort_values("rank", kind="stable")


def design(
    scheme: Scheme,
    panel: Panel,
    conditions: Collection[Demand],
    group: str | None = None,
    *,
    distance: Norm = "l2",
    seconds: float = 60.0,
) -> Design:
    """Return the weights nearest to the present ones that meet all conditions.

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    conditions : collection of Demand
        Made by :func:`bounds`, :func:`order`, :func:`at_least_level`,
        :func:`category_means_within` and :func:`effective_near_nominal`.
    group : str, optional
        Whose children's weights may change, see :func:`additive_form`; default: the root.
    distance : {"l2", "l1"}
        Euclidean distance, or the sum of all changes.
    seconds : float
        Time limit of each mixed-integer program.

    Raises
    ------
    SimkaoheError
        Conditions that cannot be met together: the smallest set of them that conflicts is named.
        Unknown paths and units, totals that are not linear in the weights.

    Notes
    -----
    Weights stay at or above zero and keep their sum, in every category that has its own.
    Linear conditions: ``l1`` is a linear program (HiGHS), ``l2`` a least-distance problem, solved
    as non-negative least squares (Lawson and Hanson 1974, ch. 23). Mean ranks: a mixed-integer
    program (HiGHS); for ``l2`` by outer approximation (Duran and Grossmann 1986). Totals that are
    not level differ by one last digit (at least 1e-5) in it. Effective weights: exact targets have
    one solution, the minimum of a convex function (Spinu 2013); with a tolerance SLSQP starts from
    there. The result is evaluated by the engine and every condition checked on it.

    References
    ----------
    [1] Lawson and Hanson (1974), Solving Least Squares Problems.
    [2] Duran and Grossmann (1986), Mathematical Programming 36.
    [3] Spinu (2013), An algorithm for computing risk parity weights.
    """
    check_known("distance", distance, ["l2", "l1"], Words("度量", "norm"))
    form = additive_form(scheme, panel, group)
    field = Field(form, np.inf, {})
    demands = [*conditions]
    for demand in demands:
        demand.rows(field)  # names unknown paths and units before anything is solved
    found = solved(field, demands, distance, seconds)
    if found is None:
        _refuse_conflict(field, demands, seconds)
    w, proved = found
    change = w - field.now
    if np.abs(change).max() < 1e-12:
        w, change = field.now, np.zeros_like(change)
    edits = field.edits(w) if change.any() else {}
    comparison = compare(panel, present=scheme, design=scheme.edit(edits) if edits else scheme)
    checks = _checked(field, demands, comparison, w)
    weights = pd.DataFrame({"before": field.edits(field.now), "after": field.edits(w)})
    weights["change"] = weights["after"] - weights["before"]
    far = _distance(change, distance)
    weights = weights.rename_axis("path")
    return Design(edits, weights, checks, far, distance, proved, comparison)


def _checked(
    field: Field, demands: Sequence[Demand], comparison: Comparison, w: Array
) -> pd.DataFrame:
    evidence = Evidence(field, comparison.results["design"], w)
    measured = [d.measured(evidence) for d in demands]
    index = pd.Index([str(d.words) for d in demands], name="condition")
    checks = pd.DataFrame(measured, index, ["slack", "met"])
    if not checks["met"].all():
        found = Words("求得的权重经复算不满足此条件", "the weights found miss it when evaluated")
        loosen = Words("请略微放宽条件", "Loosen it slightly")
        missed = index[~checks["met"].to_numpy(bool)]
        raise SimkaoheError(*(Problem(str(name), found, remedy=loosen) for name in missed))
    return checks


# -- solving --------------------------------------------------------------------------------------


def solved(
    field: Field, demands: Sequence[Demand], norm: Norm, seconds: float
) -> tuple[Array, bool] | None:
    """Return the nearest weights, and whether none are nearer; None when none were found."""
    rows = [demand.rows(field) for demand in demands]
    g = np.vstack([np.zeros((0, len(field.now))), *(row for row, _ in rows)])
    h = np.concatenate([np.zeros(0), *(least for _, least in rows)])
    ranks = [d for d in demands if isinstance(d, CategoriesAlike) and d.of == "ranks"]
    shares = [d for d in demands if isinstance(d, Effective)]
    if shares and ranks:
        refuse(
            str(shares[0].words),
            Words("不能与平均排名的条件同时求解", "cannot be solved together with mean ranks"),
            remedy=Words('请用 of="scores"', 'Use of="scores" for the categories'),
        )
    if shares:
        return with_shares(field, shares, g, h, norm)
    if ranks:
        return ordered(field, ranks, g, h, norm, seconds)
    w = nearest(field.at, field.now, g, h, norm)
    return None if w is None else (w, True)


# -- conditions that conflict ---------------------------------------------------------------------


def _refuse_conflict(field: Field, demands: Sequence[Demand], seconds: float) -> NoReturn:
    """Name the smallest set of conditions that conflicts."""
    conflict, smallest = _conflict(field, demands, seconds)
    count = len(conflict)
    if any(isinstance(d, Effective) and d.tolerance > FORGIVEN for d in conflict):
        found = Words(
            "没有找到同时满足这些条件的权重", "no weights were found that meet them together"
        )
    elif count == 1:
        found = Words("没有权重能满足这个条件", "no weights meet this condition")
    else:
        found = Words(f"这 {count} 个条件互相冲突", f"these {count} conditions conflict")
    if not smallest:
        found = Words(
            f"{found.zh}（每去掉一个就可满足）",
            f"{found.en} (without any one of them the others can be met)",
        )
    one, it = Words("放宽其中之一", "Loosen one of them"), Words("放宽它", "Loosen it")
    names = "; ".join(str(demand.words) for demand in conflict)
    refuse(names, found, remedy=one if count > 1 else it)


def _conflict(field: Field, demands: Sequence[Demand], seconds: float) -> tuple[list[Demand], bool]:
    """Return a set of conditions that cannot be met together, and whether none is smaller.

    Conditions are taken out one by one while the rest still conflicts; then all smaller sets are
    tried, unless they are too many.
    """

    def conflicts(some: Sequence[Demand]) -> bool:
        return solved(field, some, "l1", seconds) is None

    kept = [*demands]
    for demand in demands:
        rest = [d for d in kept if d is not demand]
        if conflicts(rest):
            kept = rest
    tried = (some for size in range(1, len(kept)) for some in combinations(demands, size))
    for number, smaller in enumerate(tried):
        if number == SUBSETS:
            return kept, False
        if conflicts(smaller):
            return [*smaller], True
    return kept, True


def with_shares(
    field: Field, shares: Sequence[Effective], g: Array, h: Array, norm: Norm
) -> tuple[Array, bool] | None:
    """Return weights with effective weights near stated ones, and whether none are nearer.

    None when there are none (exact targets) or none were found (with a tolerance, by SLSQP).
    """
    covariance = shares[0].covariance(field)
    exact = {demand: risk_parity(covariance, demand.wanted(field)) for demand in shares}

    def meets(w: Array) -> bool:
        far = [_far(covariance, w, d.wanted(field)) - d.tolerance for d in shares]
        return max(far) <= FORGIVEN and bool((g @ w >= h - FORGIVEN).all())

    for demand, w in exact.items():
        if demand.tolerance <= FORGIVEN:  # the only weights that do
            return (w, True) if meets(w) else None
    start = nearest(field.at, field.now, g, h, norm)
    if start is None:
        return None
    if meets(start):
        return start, True
    starts = [start, field.now, *exact.values()]
    starts = [w for w in starts if np.isfinite(covariance_shares(covariance, w)).all()]
    tried = [_sequential(field, shares, covariance, g, h, norm, w) for w in starts]
    good = [w for w in [*tried, *exact.values()] if meets(w)]
    if not good:
        return None
    return min(good, key=lambda w: _distance(w - field.now, norm)), False


def _distance(change: Array, norm: Norm) -> float:
    return float(np.abs(change).sum() if norm == "l1" else np.sqrt((change**2).sum()))


def _far(covariance: Array, w: Array, wanted: Array) -> float:
    return float(np.abs(covariance_shares(covariance, w) - wanted).max())


def _sequential(
    field: Field,
    shares: Sequence[Effective],
    covariance: Array,
    g: Array,
    h: Array,
    norm: Norm,
    start: Array,
) -> Array:
    """Run SLSQP over weights w and changes e >= |w - now|."""
    from scipy.optimize import minimize

    now, at, size = field.now, field.at, len(field.now)
    one, aims = np.eye(size), [(d.wanted(field), d.tolerance) for d in shares]
    rows = np.block([[g, np.zeros_like(g)], [-one, one], [one, one]])
    least = np.concatenate([h, -now, now])
    kept, sums = at.kept(size)

    def goal(x: Array) -> tuple[float, Array]:
        if norm == "l1":
            return float(x[size:].sum()), np.repeat([0.0, 1.0], size)
        change = x[:size] - now
        return 50 * float(change @ change), np.concatenate([100 * change, np.zeros(size)])

    def near(x: Array) -> Array:
        far = [(covariance_shares(covariance, x[:size]) - aim, slack) for aim, slack in aims]
        return np.concatenate([side for f, slack in far for side in (slack - f, slack + f)])

    def slope(x: Array) -> Array:
        change = _share_slopes(covariance, x[:size])
        both = np.tile(np.vstack([-change, change]), (len(aims), 1))
        return np.hstack([both, np.zeros_like(both)])

    answer = minimize(
        goal,
        np.concatenate([start, np.abs(start - now)]),
        jac=True,
        method="SLSQP",
        bounds=[*zip(np.maximum(at.low, 0.0), at.high, strict=True), *[(0.0, 2.0)] * size],
        constraints=[
            {"type": "eq", "fun": lambda x: kept @ x - sums, "jac": lambda _: kept},
            {"type": "ineq", "fun": lambda x: rows @ x - least, "jac": lambda _: rows},
            {"type": "ineq", "fun": near, "jac": slope},
        ],
        options={"maxiter": 500, "ftol": 1e-13},
    )
    return np.asarray(answer.x[:size])


def _share_slopes(covariance: Array, w: Array) -> Array:
    """Return how the covariance shares (V,) change with each weight, (V, V)."""
    pull = covariance @ w
    whole = w @ pull
    change = (np.diag(pull) + w[:, None] * covariance) / whole
    return np.asarray(change - 2 * np.outer(w * pull / whole, pull / whole))


def risk_parity(covariance: Array, wanted: Array) -> Array:
    r"""Return the weights (V,), sum 1, whose covariance shares are exactly those wanted, or NaN.

    Notes
    -----
    With C the correlations and b the shares, :math:`\min_x x'Cx/2 - \sum b \log x` is strictly
    convex; its solution over the standard deviations is in proportion to the weights (Spinu 2013).
    Newton steps, shortened so that x stays positive.
    """
    spread = np.sqrt(np.diag(covariance))
    c = covariance / np.outer(spread, spread)
    x = np.sqrt(wanted / max(float(np.sqrt(wanted) @ c @ np.sqrt(wanted)), 1e-12))

    def value(x: Array) -> float:
        return float(x @ c @ x / 2 - wanted @ np.log(x))

    for _ in range(200):
        slope = c @ x - wanted / x
        if np.abs(x * slope).max() < 1e-14:
            break
        try:
            step = -np.linalg.solve(c + np.diag(wanted / x**2), slope)
        except np.linalg.LinAlgError:  # scores that cancel each other: none have these shares
            return np.full(len(wanted), np.nan)
        down = step < 0
        t = min(1.0, 0.95 * float((-x[down] / step[down]).min(initial=np.inf)))
        while t > 1e-12 and value(x + t * step) > value(x) + 1e-4 * t * float(slope @ step) + 1e-16:
            t /= 2
        x = x + t * step
    return np.asarray(x / spread / (x / spread).sum())
