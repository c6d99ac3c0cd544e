"""Endowment (禀赋): how much of a result is due to what units cannot control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from simkaohe.engine import Engine, compiled
from simkaohe.engine.standing import EXACT, Array, Bools, Ints
from simkaohe.errors import check_seed
from simkaohe.fairness import regression
from simkaohe.fairness.finding import Finding
from simkaohe.fairness.given import check, given_covariates, studied
from simkaohe.fairness.regression import Explained, Places
from simkaohe.labels import Words, reader_name
from simkaohe.panel import Panel
from simkaohe.ranks import last_digits, places
from simkaohe.scheme.tree import Group, Scheme
from simkaohe.sensitivity.form import behind

STEP = 0.5
"""Points by which an indicator's score is raised to see what it is worth in the total."""
BLOCK = 1 << 21
"""Numbers in an array of raised scores at once."""
SUMMARY = (
    "units", "df", "r2", "adjusted", "loo", "p", "low", "high", "by_chance", "inequality",
    "effort_r2", "effort_partial", "endowment_share", "effort_order", "equal_effort_sd",
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Endowment:
    """禀赋的影响: how totals depend on covariates that units cannot control, inside categories.

    Attributes
    ----------
    scheme : Scheme
    summary : Series
        ``units`` studied and degrees of freedom ``df``; of the total: share of the variance
        explained ``r2``, ``adjusted``, ``loo`` (each unit predicted without itself), ``p``
        (permutations), ``low`` and ``high`` (95 %), ``by_chance`` (expected of covariates that
        have nothing to do with it); ``inequality``: the mean log deviation of what the covariates
        predict, as a share of the totals' (inequality of opportunity). With known effort:
        ``effort_r2`` it explains, ``effort_partial`` (its correlation with the total at equal
        endowment), ``endowment_share`` = 1 − R²(effort) / R²(effort, covariates),
        ``effort_order`` (Kendall's tau-b of effort and total), ``equal_effort_sd`` (points by
        which totals of equal effort differ).
    covariates : DataFrame, by covariate
        Of the total: ``spearman``, ``partial`` (the others held) with its ``p``, ``share`` of the
        variance (Shapley; they sum to r2), ``points`` for one standard deviation more.
    nodes : DataFrame, by node or adjustment id
        ``name``; ``kind`` (``total``, ``group``, ``indicator``, ``adjustment``); r2, adjusted,
        loo, p, low, high as above; ``p_joint`` allows for the number of rows; ``strongest``
        covariate and its ``spearman``; ``carries``: the share of the total's dependence that an
        indicator brings. With :attr:`remainder` these sum to 1; negative: it works against.
    remainder : float
        What adjustments, cancelled weights and the bends of methods that do not add bring.
    net : DataFrame, units (best first)
        ``category``, ``total``, ``endowment`` (points that its covariates predict, against the
        category's mean), ``net_total`` without them, ``rank`` and ``net_rank`` among the units
        studied, vetoed ones still last, ``shift`` (+: better without endowment); with several
        categories the same in the category (``category_rank``, ``net_category_rank``, ``category_shift``).
    left_out : mapping of name to Words
        Covariates and units that play no part, and why.
    """

    scheme: Scheme
    summary: pd.Series[float]
    covariates: pd.DataFrame
    nodes: pd.DataFrame
    remainder: float
    net: pd.DataFrame
    left_out: Mapping[str, Words] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Endowment({len(self.covariates)} covariates, {len(self.net)} units)"

    @property
    def several(self) -> bool:
        """Whether there are categories, inside which all is compared."""
        return "category_rank" in self.net

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What it comes to, in sentences."""
        from simkaohe.fairness.heritage import findings

        return tuple(findings(self))


def endowment(
    scheme: Scheme,
    panel: Panel,
    covariates: pd.DataFrame | Sequence[str] | None = None,
    *,
    effort: str | None = None,
    permutations: int = 2000,
    seed: int = 1,
) -> Endowment:
    r"""Return how totals, papers and indicators depend on what units cannot control.

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    covariates : list of names, or DataFrame (units × covariates), optional
        Columns of the panel's ``covariates``, or values of their own. Default: all columns that at
        least half of the ranked units have and that differ inside a category.
    effort : str, optional
        The covariate that says how much a unit really did (known in simulations): no endowment.
    permutations, seed : int

    Returns
    -------
    Endowment
        Ranked units with all covariates, from categories with at least two of them. Where there
        are too few, shares are NaN and the finding is grey.

    Raises
    ------
    SimkaoheError
        Columns and units that do not exist; fewer than one permutation.

    Notes
    -----
    Everything is centred inside categories. An indicator's part of the dependence is
    :math:`c_j' P y / y' P y`, with totals y, the projection P on the covariates and
    :math:`c_{ij} = \partial T_i / \partial x_{ij} \, (x_{ij} - \bar x_j)`; it is exact for weighted
    sums. A missing score counts as the category's mean. The ranking net of endowment is a
    diagnosis, not a verdict: who has more may also have done more.

    References
    ----------
    [1] Ferreira & Gignoux (2011), The measurement of inequality of opportunity, Review of Income
        and Wealth 57(4).
    [2] Grömping (2007), Estimators of relative importance in linear regression, American
        Statistician 61(2).
    [3] Westfall & Young (1993), Resampling-based multiple testing.
    """
    check_seed(seed)
    check({"permutations": (permutations, permutations >= 1, "≥ 1 的整数", "a number ≥ 1")})
    engine = compiled(scheme, panel)
    nodes = engine.run(nodes=tuple(scheme.nodes))
    given, left_out = given_covariates(engine, covariates, effort, nodes.ranks[0] > 0)
    here, alone = studied(engine, given, nodes.ranks[0] > 0)
    given = given / np.exp2(np.frexp(given.abs().max().to_numpy(np.float64, na_value=1.0))[1] - 1.0)
    known = given.drop(columns=[effort] if effort else [])
    category = np.unique(engine.category[here], return_inverse=True)[1]
    z = regression.centred(known.to_numpy(np.float64).T[:, here], category)
    differs = np.asarray(z.any(1))
    used = [str(name) for name in known.columns[np.flatnonzero(differs)]]
    flat = Words("在各类别内没有差异", "it does not differ inside any category")
    left_out |= {str(name): flat for name in known.columns[np.flatnonzero(~differs)]}
    left_out |= alone if len(known.columns) else {}
    z = z[differs]
    targets = _targets(engine, {name: score[0] for name, score in nodes.scores.items()})
    totals = targets[scheme.root.id][1][here]
    y = regression.centred(_filled(targets, here, category), category)
    fit = regression.explained(y, z, category, permutations, seed)
    carried, rest = _carried(engine, here, category, y[0], z)
    raw = known[used].to_numpy(np.float64).T[:, here]
    plain, partial, p = regression.rank_correlations(
        _filled(targets, here, category), raw, category
    )
    effort_row = given[effort].to_numpy(np.float64)[None, here] if effort else None
    return Endowment(
        scheme,
        _summary(totals, y[0], z, category, fit, effort_row),
        _covariate_table(used, y[0], z, plain[:, 0], partial[:, 0], p[:, 0], fit),
        _node_table(engine, targets, fit, used, plain, carried),
        rest,
        _net(engine, here, totals, y[0], z, fit),
        left_out,
    )


# -- who and what is studied -----------------------------------------------------------------------


def _targets(engine: Engine, scores: Mapping[str, Array]) -> dict[str, tuple[str, Array]]:
    """Return what may depend on endowment, with its kind: scores, bonus and deduction points."""
    scheme = engine.scheme
    found = {scheme.root.id: ("total", scores[scheme.root.id] * scheme.full / 100)}
    for name, node in scheme.nodes.items():
        if node is not scheme.root:
            found[name] = "group" if isinstance(node, Group) else "indicator", scores[name]
    for node in scheme.nodes.values():
        for name, points in engine.amounts(node).items():
            found[f"adjustments.{name}"] = "adjustment", points
    return found


def _filled(targets: Mapping[str, tuple[str, Array]], here: Bools, category: Places) -> Array:
    """Return the targets (T, N) of those studied, category means where a score is missing."""
    found = np.array([values[here] for _, values in targets.values()])
    for row in found:
        gaps = np.isnan(row)
        for code in np.unique(category[gaps]):
            mine = category == code
            row[mine & gaps] = row[mine & ~gaps].mean() if (mine & ~gaps).any() else 0.0
    return found


# -- tables ----------------------------------------------------------------------------------------


def _carried(
    engine: Engine, here: Bools, category: Places, y: Array, z: Array
) -> tuple[dict[str, float], float]:
    """Return the share of the total's dependence that each indicator brings, and the rest."""
    q = regression.basis(z)
    towards = (y @ q.T) @ q
    whole = float(towards @ towards)
    if whole <= regression.NOTHING * float(y @ y):
        return {}, np.nan
    root, full = engine.scheme.root.id, engine.scheme.full / 100
    base = engine.run(nodes=(root,)).scores[root][0]
    leaves = [leaf.id for leaf in engine.scheme.indicators]
    scores = {name: engine.raw_score(name) for name in leaves}
    x = regression.centred(
        _filled({name: ("", score) for name, score in scores.items()}, here, category), category
    )
    found = np.empty(len(leaves))
    size = max(1, BLOCK // (len(leaves) * len(base)))
    for start in range(0, len(leaves), size):
        some = range(start, min(start + size, len(leaves)))
        raised = {
            name: score + STEP * (np.array(some) == k)[:, None]
            for k, (name, score) in enumerate(scores.items())
        }
        slopes = (engine.what_if(raised).scores[root] - base)[:, here] / STEP * full
        found[some] = ((slopes * x[some]) @ towards) / whole
    return dict(zip(leaves, found.tolist(), strict=True)), 1 - float(found.sum())


def _summary(
    total: Array, y: Array, z: Array, category: Places, fit: Explained, effort: Array | None
) -> pd.Series[float]:
    found = dict.fromkeys(SUMMARY, np.nan)
    for name in ("r2", "adjusted", "loo", "p", "low", "high"):
        found[name] = float(getattr(fit, name)[0])
    found |= {"units": len(total), "df": fit.df, "by_chance": fit.by_chance}
    q = regression.basis(z)
    if len(q) and fit.df > 0:
        fitted = total.mean() + (y @ q.T) @ q
        whole = _deviation(total.mean() + y)
        found["inequality"] = _deviation(fitted) / whole if whole > 0 else np.nan
    if effort is not None and fit.df > 1 and len(q):
        e = regression.centred(effort, category)
        alone = float(regression.shares(y[None], regression.basis(e))[0])
        both = float(regression.shares(y[None], regression.basis(np.vstack([e, z])))[0])
        found["effort_r2"] = alone
        found["endowment_share"] = 1 - alone / both if both > regression.NOTHING else np.nan
        net = [row - (row @ q.T) @ q for row in (y, e[0])]
        size = np.sqrt((net[0] @ net[0]) * (net[1] @ net[1]))
        found["effort_partial"] = float(net[0] @ net[1] / size) if size > 0 else np.nan
        found["effort_order"] = regression.agreement(total, effort[0], category)
        left = len(y) - len(np.unique(category)) - 1
        found["equal_effort_sd"] = float(np.sqrt((1 - alone) * (y @ y) / max(left, 1)))
    return pd.Series(found, name="endowment")


def _deviation(values: Array) -> float:
    """Return the mean log deviation; NaN where not all values are above 0, or none differ."""
    if (values <= 0).any() or not np.ptp(values):
        return np.nan
    return float(np.log(values.mean()) - np.log(values).mean())


def _covariate_table(
    used: list[str], y: Array, z: Array, plain: Array, partial: Array, p: Array, fit: Explained
) -> pd.DataFrame:
    told = fit.df > 0 and bool(used)
    slopes = np.linalg.lstsq(z.T, y, rcond=None)[0] if told else np.full(len(used), np.nan)
    sd = np.sqrt((z**2).sum(1) / max(fit.df + len(regression.basis(z)), 1))
    return pd.DataFrame(
        {
            "spearman": plain,
            "partial": partial,
            "p": p,
            "share": regression.divided(y, z) if told else np.nan,
            "points": slopes * sd,
        },
        pd.Index(used, name="covariate"),
    )


def _node_table(
    engine: Engine,
    targets: Mapping[str, tuple[str, Array]],
    fit: Explained,
    used: list[str],
    plain: Array,
    carried: Mapping[str, float],
) -> pd.DataFrame:
    scheme = engine.scheme
    names = {name: node.label for name, node in scheme.nodes.items()}
    names |= {
        f"adjustments.{name}": reader_name(each.name, each.name_en, name)
        for name, each in scheme.adjustments.items()
    }
    names[scheme.root.id] = str(Words("总分", "Total"))
    known = np.nan_to_num(np.abs(plain), nan=-1.0) if used else np.full((1, len(targets)), -1.0)
    strongest = [(k, t) if known[k, t] >= 0 else None for t, k in enumerate(known.argmax(0))]
    columns = ("r2", "adjusted", "loo", "p", "p_joint", "low", "high")
    return pd.DataFrame(
        {
            "name": [names[name] for name in targets],
            "kind": [kind for kind, _ in targets.values()],
            **{column: getattr(fit, column) for column in columns},
            "strongest": [used[at[0]] if at else None for at in strongest],
            "spearman": [plain[at] if at else np.nan for at in strongest],
            "carries": [carried.get(name, np.nan) for name in targets],
        },
        pd.Index(targets, name="node"),
    )


def _net(
    engine: Engine, here: Bools, total: Array, y: Array, z: Array, fit: Explained
) -> pd.DataFrame:
    q = regression.basis(z)
    due = (y @ q.T) @ q if fit.df > 0 and len(q) else np.full(len(total), np.nan)
    net = np.where(np.isnan(due), total, total - due)
    digits = engine.scheme.ranking.digits
    code, late = engine.category[here], behind(engine)[here]
    sets: dict[str, list[Any]] = {"": [np.arange(len(total))]}
    if len(engine.members) > 1:
        sets["category_"] = [np.flatnonzero(code == c) for c in np.unique(code)]
    ranks: dict[str, Ints] = {}
    for prefix, members in sets.items():
        for before, values in (("", total), ("net_", net)):
            rank = ranks.setdefault(f"{before}{prefix}rank", np.zeros(len(total), np.int64))
            for some in members:
                if len(some):
                    q_ = last_digits(values[some], EXACT if digits is None else digits)
                    q_ -= late[some] * (np.ptp(q_) + 1)
                    rank[some] = places(q_[None])[0][0]
    columns: dict[str, Any] = {
        "category": [str(engine.categories[c]) for c in code],
        "total": total,
        "endowment": due,
        "net_total": total - due,
    }
    for prefix in sets:
        columns[f"{prefix}rank"] = ranks[f"{prefix}rank"]
        columns[f"net_{prefix}rank"] = ranks[f"net_{prefix}rank"]
        columns[f"{prefix}shift"] = ranks[f"{prefix}rank"] - ranks[f"net_{prefix}rank"]
    index = pd.Index([engine.units[k] for k in np.flatnonzero(here)], name="unit")
    return pd.DataFrame(columns, index).sort_values("rank", kind="stable")
