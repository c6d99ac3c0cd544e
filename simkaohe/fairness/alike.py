"""Similar units, similar places (相近单位): pairs that are alike and end far apart."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import Engine, Outcome, compiled
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.fairness.finding import Finding
from simkaohe.fairness.given import numbers_of
from simkaohe.fairness.likeness import columns, distances, dominance, twins
from simkaohe.fairness.likening import (
    of_effort,
    of_identical,
    of_lines,
    of_pairs,
    of_reversals,
    of_steps,
)
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
QUANTILE, MOST = 0.05, 0.2
"""Near is what 5 % of the pairs are, but never more than a fifth of an indicator's range."""
FAR = 0.2
"""Of the places: pairs of the same merits a fifth of the field apart are far apart."""
LITTLE = 0.05
"""Of an indicator's range: what counts as a small difference in one indicator."""


@dataclass(frozen=True)
class Alike:
    """相近单位: how like units are treated.

    Attributes
    ----------
    scheme : Scheme
    near : float
        Up to which distance a pair is near.
    pairs : DataFrame
        Near pairs by ``unit`` (the better one) and ``other``, the farthest apart first:
        ``distance`` (largest difference in anything that a rule reads, of its range), ``points``
        and ``places`` between them, ``same_category``, ``same_grade``, ``far``.
    steepest, typical : float
        Lipschitz ratio ``(|ΔT| / full marks) / distance`` over all pairs that are not equal: the
        largest, and the 99 % quantile. A weighted sum whose indicators give at most 100 points
        over their range has at most 1.
    identical : DataFrame
        Pairs that are recorded alike in everything, and of one category, yet differ: ``points``,
        ``places``. It must be empty.
    twins : int
        Pairs that are recorded alike in everything.
    reversals : DataFrame
        By ``better`` (at least as good in every indicator) and ``worse``, where the better one
        ranks behind: ``places`` and ``cause``: ``"adjustments"`` (bonus,
        deduction, veto, periods, difficulty),
        ``"category"`` (weights differ) or ``"combination"``.
    comparable : int
        Pairs of which one is at least as good in every indicator.
    lines : DataFrame
        By ``category`` (empty: all) and ``grade``: ``last_in``, ``first_out`` and ``margin``, the
        points between them; a negative one means that somebody outside has more points.
    steps : DataFrame
        By indicator whose rule reads the value only: the two neighbours ``unit`` and ``other``
        with the largest score gap among those at most 5 % of the range apart (``score_gap``,
        ``value_gap``), and ``steepness``, the largest ratio of score (of 100) to value (of range).
    effort : DataFrame
        With true effort known, by category: ``units``; ``horizontal`` (sd of totals among equals
        in effort), ``spread`` (sd of all), ``order`` (Kendall's τ-b of effort and total).
    findings : tuple of Finding
        ``similar_units.pairs``, ``similar_units.identical``, ``similar_units.reversals``, ``similar_units.lines``,
        ``similar_units.steps``, ``similar_units.effort``.
    """

    scheme: Scheme
    near: float
    pairs: pd.DataFrame
    steepest: float
    typical: float
    identical: pd.DataFrame
    twins: int
    reversals: pd.DataFrame
    comparable: int
    lines: pd.DataFrame
    steps: pd.DataFrame
    effort: pd.DataFrame
    findings: tuple[Finding, ...]


def similar_units(
    scheme: Scheme,
    panel: Panel,
    *,
    near: float | None = None,
    effort: str | pd.Series[Any] | None = None,
) -> Alike:
    """Look for units that are alike and end far apart.

    Parameters
    ----------
    scheme : Scheme
    panel : Panel
    near : float in [0, 1], optional
        Two units are near when nothing that a rule reads of them differs by more than this share of
        its range; default: the nearest 5 % of the pairs, at most 0.2.
    effort : str or Series, optional
        True effort, where it is known (in a simulation): a column of the covariates, or numbers by
        unit.

    Returns
    -------
    Alike

    Raises
    ------
    SimkaoheError
        ``near`` outside its bounds; no such covariate; units without effort.

    Notes
    -----
    Units that are not ranked are left out; a pair is compared in the indicators that count for both
    and left out where these are fewer than half. Like treatment of the like is Dwork et al.'s
    (ITCS 2012). Dominance reversals are impossible in an additive scheme without adjustments and
    may be meant where there are vetoes, coefficients or bonuses. The spread among equals in effort
    is estimated from neighbours, ``Σ(T_(i+1) − T_(i))² / (2(n − 1))`` (Rice 1984).
    """
    if near is not None and not 0 <= near <= 1:
        expected = Words("0 到 1 的数", "a number from 0 to 1")
        raise SimkaoheError(Problem("near", f"{near:g}", expected))
    engine = compiled(scheme, panel)
    now = engine.run()
    merit = None if effort is None else numbers_of(engine, effort, "effort")
    taking = np.flatnonzero(now.ranks[0] > 0)
    distance = distances(engine)[np.ix_(taking, taking)]
    first, second = np.triu_indices(len(taking), 1)
    apart = distance[first, second].astype(np.float64)
    finite = apart[np.isfinite(apart)]
    least = float(finite.min()) if len(finite) else np.nan
    if near is None:
        near = min(float(np.quantile(finite, QUANTILE)), MOST) if len(finite) else MOST
    pairs = _pairs(engine, now, taking[first], taking[second], apart, near)
    ratios = _ratios(now.totals[0] / scheme.full, taking[first], taking[second], apart)
    groups = twins(engine)
    identical = _treated_differently(engine, now, groups)
    reversals, comparable = _reversals(engine, now)
    lines, steps = _lines(engine, now), _steps(engine)
    table = _by_effort(engine, now, merit)
    count = sum(len(group) * (len(group) - 1) // 2 for group in groups)
    findings = (
        of_pairs(pairs, near, least),
        of_identical(identical, count),
        of_reversals(reversals, comparable),
        of_lines(scheme, lines, scheme.full),
        of_steps(scheme, steps),
        of_effort(table),
    )
    return Alike(scheme, near, pairs, *ratios, identical, count, reversals, comparable, lines,
                 steps, table, findings)  # fmt: skip


# -- pairs -----------------------------------------------------------------------------------------


def _pairs(
    engine: Engine,
    now: Outcome,
    first: npt.NDArray[np.intp],
    second: npt.NDArray[np.intp],
    apart: Array,
    near: float,
) -> pd.DataFrame:
    close = np.flatnonzero(apart <= near + 1e-6)  # distances are single precision
    ranks = now.ranks[0]
    swap = ranks[first[close]] > ranks[second[close]]
    a = np.where(swap, second[close], first[close])
    b = np.where(swap, first[close], second[close])
    places = ranks[b] - ranks[a]
    units = np.array(engine.units, object)
    frame = pd.DataFrame(
        {
            "unit": units[a],
            "other": units[b],
            "distance": apart[close],
            "points": now.totals[0, a] - now.totals[0, b],
            "places": places,
            "same_category": engine.category[a] == engine.category[b],
            "same_grade": True if now.grades is None else now.grades[0, a] == now.grades[0, b],
            "far": places >= max(FAR * ((ranks > 0).sum() - 1), 1),
        }
    )
    order = ["places", "distance"]
    frame = frame.sort_values(order, ascending=[False, True], kind="stable")
    return frame.set_index(["unit", "other"])


def _ratios(
    share: Array, first: npt.NDArray[np.intp], second: npt.NDArray[np.intp], apart: Array
) -> tuple[float, float]:
    told = (apart > 0) & np.isfinite(apart)
    if not told.any():
        return np.nan, np.nan
    ratio = np.abs(share[first[told]] - share[second[told]]) / apart[told]
    return float(ratio.max()), float(np.quantile(ratio, 0.99))


def _treated_differently(engine: Engine, now: Outcome, groups: list[list[int]]) -> pd.DataFrame:
    rows = []
    for a, b in (pair for group in groups for pair in combinations(group, 2)):
        points = float(now.totals[0, a] - now.totals[0, b])
        places = int(now.ranks[0, b] - now.ranks[0, a])
        graded = now.grades is not None and now.grades[0, a] != now.grades[0, b]
        if points or places or graded:
            rows.append([engine.units[a], engine.units[b], points, places])
    columns = ["unit", "other", "points", "places"]
    return pd.DataFrame(rows, columns=columns).set_index(columns[:2])


# -- reversals -------------------------------------------------------------------------------------


def _reversals(engine: Engine, now: Outcome) -> tuple[pd.DataFrame, int]:
    ranks, category = now.ranks[0], engine.category
    both = (ranks > 0) & (ranks > 0)[:, None]
    over = dominance(engine) & both
    combined = engine.stages(engine.scheme.root)[0][1]
    gains = [_gain(engine, name) for name in engine.scheme.nodes]
    rows = []
    for a, b in zip(*np.nonzero(over & (ranks[:, None] > ranks)), strict=True):
        cause = "combination" if category[a] == category[b] else "category"
        if combined[a] >= combined[b] - 1e-9 or any(gain[b] > gain[a] + 1e-9 for gain in gains):
            cause = "adjustments"
        rows.append([engine.units[a], engine.units[b], int(ranks[a] - ranks[b]), cause])
    columns = ["better", "worse", "places", "cause"]
    frame = pd.DataFrame(rows, columns=columns).set_index(columns[:2])
    return frame.sort_values("places", ascending=False, kind="stable"), int(over.sum())


def _gain(engine: Engine, node: str) -> Array:
    """Return what difficulty, periods, bonus, deduction and veto add to a node's score, (N,)."""
    stages = engine.stages(engine.scheme.nodes[node])
    return np.nan_to_num(stages[-1][1] - stages[0][1])


# -- lines and steps -------------------------------------------------------------------------------


def _lines(engine: Engine, now: Outcome) -> pd.DataFrame:
    rules, rows = engine.scheme.grades, []
    pools = [("", np.arange(len(engine.units)))]
    if rules and rules.within == "category":
        pools = list(zip(engine.categories, engine.members, strict=True))
    for name, members in pools if rules and now.grades is not None else ():
        assert rules is not None
        assert now.grades is not None
        mine = members[now.ranks[0, members] > 0]
        total, grade = now.totals[0, mine], now.grades[0, mine]
        for number, band in enumerate(rules.bands[:-1]):
            inside, outside = np.flatnonzero(grade <= number), np.flatnonzero(grade > number)
            if not len(inside) or not len(outside):
                continue
            last, first = inside[total[inside].argmin()], outside[total[outside].argmax()]
            rows.append([name, band.name, engine.units[mine[last]], engine.units[mine[first]],
                         total[last] - total[first]])  # fmt: skip
    names = ["category", "grade", "last_in", "first_out", "margin"]
    return pd.DataFrame(rows, columns=names).set_index(names[:2])


def _steps(engine: Engine) -> pd.DataFrame:
    rows, index = [], []
    for leaf in engine.scheme.indicators:
        if len(leaf.rule.data) > 1:
            continue
        value, score = columns(engine, leaf)[0], engine.raw_score(leaf.id)
        there = engine.people.ranked & ~np.isnan(value) & ~np.isnan(score)
        span = float(np.ptp(value[there])) if there.any() else 0.0
        best: list[Any] = ["", "", 0.0, np.nan]
        steepness = 0.0
        for peers in engine.people.peers[leaf.scope] if span else ():
            mine = np.arange(len(value))[peers]
            mine = mine[there[mine]]
            mine = mine[np.argsort(value[mine], kind="stable")]
            gap = np.diff(value[mine]) / span
            rise = np.abs(np.diff(score[mine]))
            moved = gap > 0
            if moved.any():
                steepness = max(steepness, float((rise[moved] / 100 / gap[moved]).max()))
            small = np.where(gap <= LITTLE, rise, -1.0)
            if len(small) and small.max() > best[2]:
                k = int(small.argmax())
                pair = [engine.units[mine[k]], engine.units[mine[k + 1]]]
                best = [*pair, float(small[k]), float(gap[k])]
        rows.append([*best, steepness])
        index.append(leaf.id)
    names = ["unit", "other", "score_gap", "value_gap", "steepness"]
    frame = pd.DataFrame(rows, pd.Index(index, name="indicator", dtype=object), names)
    return frame.sort_values("score_gap", ascending=False, kind="stable")


# -- effort ----------------------------------------------------------------------------------------


def _by_effort(engine: Engine, now: Outcome, merit: Array | None) -> pd.DataFrame:
    rows, index = [], []
    for name, members in zip(engine.categories, engine.members, strict=True):
        mine = members[now.ranks[0, members] > 0]
        if merit is None or len(mine) < 3:
            continue
        total = now.totals[0, mine][np.argsort(merit[mine], kind="stable")]
        horizontal = np.sqrt((np.diff(total) ** 2).sum() / (2 * (len(mine) - 1)))
        order = _tau_b(merit[mine], now.totals[0, mine])
        rows.append([len(mine), horizontal, total.std(ddof=1), order])
        index.append(name)
    names = ["units", "horizontal", "spread", "order"]
    return pd.DataFrame(rows, pd.Index(index, name="category", dtype=object), names)


def _tau_b(x: Array, y: Array) -> float:
    """Return Kendall's τ-b; NaN when one of them is constant."""
    a, b = np.sign(x[:, None] - x), np.sign(y[:, None] - y)
    norm = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / norm) if norm else np.nan
