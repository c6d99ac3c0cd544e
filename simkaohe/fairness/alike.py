"""Similar units, similar places (相近单位): pairs that are alike and end far apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from simkaohe.engine import compiled
from simkaohe.fairness import likeness
from simkaohe.fairness.finding import (
    Finding,
    asked,
    category_words,
    grade_words,
    lit,
    node_words,
    when,
)
from simkaohe.fairness.given import check, numbers_of
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme

QUANTILE, MOST = 0.05, 0.2
"""Near is what 5 % of the pairs are, but never more than a fifth of an indicator's range."""
APART = (0.1, 0.3)
"""Share of near pairs that end far apart: one in ten; nearly one in three."""
FEW = 10
"""Near pairs below which a share is no more than worth a look."""
STEP = (10.0, 50.0)
"""Points of 100 between neighbours: a tenth of the marks; half of them."""
NARROW = 0.001
"""Of full marks: a grade line narrower than 0.1 of 100 is a matter of rounding."""
EQUALS = (0.5, 0.8)
"""Of the spread of totals that equals in effort show: half; nearly all, so effort hardly counts."""


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
        ranks behind: ``places`` and ``cause``: ``"adjustments"`` (bonus, deduction, veto, periods,
        difficulty), ``"category"`` (weights differ) or ``"combination"``.
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
        ``similar_units.pairs``, ``.identical``, ``.reversals``, ``.lines``, ``.steps``, ``.effort``.
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
    scheme, panel : Scheme, Panel
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
    if near is not None:
        check({"near": (f"{near:g}", 0 <= near <= 1, "0 到 1 的数", "a number from 0 to 1")})
    engine = compiled(scheme, panel)
    now = engine.run()
    merit = None if effort is None else numbers_of(engine, effort, "effort")
    taking = np.flatnonzero(now.ranks[0] > 0)
    distance = likeness.distances(engine)[np.ix_(taking, taking)]
    first, second = np.triu_indices(len(taking), 1)
    apart = distance[first, second].astype(np.float64)
    finite = apart[np.isfinite(apart)]
    least = float(finite.min()) if len(finite) else np.nan
    if near is None:
        near = min(float(np.quantile(finite, QUANTILE)), MOST) if len(finite) else MOST
    pairs = likeness.pairs_of(engine, now, taking[first], taking[second], apart, near)
    told = (apart > 0) & np.isfinite(apart)
    share = now.totals[0, taking] / scheme.full
    ratio = np.abs(share[first] - share[second])[told] / apart[told]
    ratios = (float(ratio.max()), float(np.quantile(ratio, 0.99))) if len(ratio) else (np.nan,) * 2
    groups = likeness.twins(engine)
    identical = likeness.treated_differently(engine, now, groups)
    reversals, comparable = likeness.reversals_of(engine, now)
    lines, steps = likeness.grade_lines(engine, now), likeness.steps_of(engine)
    table = likeness.by_effort(engine, now, merit)
    count = sum(len(group) * (len(group) - 1) // 2 for group in groups)
    findings = (
        _of_pairs(pairs, near, least),
        _of_identical(identical, count),
        _of_reversals(reversals, comparable),
        _of_lines(scheme, lines),
        _of_steps(scheme, steps),
        _of_effort(table),
    )
    return Alike(scheme, near, pairs, *ratios, identical, count, reversals, comparable, lines,
                 steps, table, findings)  # fmt: skip


# -- findings --------------------------------------------------------------------------------------

PAIRS = asked(
    "similar_units.pairs",
    "情况相近的单位，名次也相近吗？",
    "Do similar units end in similar places?",
    "只比较方案读取的数据；排名密集时，一点分差就是好几名。条件、难度、加减分的差别不在比较之内。",
    "Only what the scheme reads is compared, not circumstances, difficulty, bonus or veto; in a"
    " dense ranking few points are many places.",
)
IDENTICAL = asked(
    "similar_units.identical",
    "完全相同的单位，结果相同吗？",
    "Are identical units treated identically?",
    "只认记录完全相同的单位；没有这样的单位，就什么也没有检验。",
    "Only units whose records are the same throughout; without such units nothing is tested.",
)
REVERSALS = asked(
    "similar_units.reversals",
    "样样不差的单位会排在后面吗？",
    "Can a unit that is better throughout rank behind?",
    "一票否决、系数、加减分本来就可以这样安排；数量不为零只说明要能讲清理由。",
    "Vetoes, coefficients and bonuses may be meant to do this; a number above zero only asks for"
    " the reason.",
)
LINES = asked(
    "similar_units.lines",
    "等次线上差多少分定去留？",
    "By how much is a grade won or lost?",
    "线总要划；分差小只说明线两边的单位几乎没有差别，不说明谁评错了。",
    "A line must be somewhere; a narrow one shows that its two neighbours hardly differ, not that"
    " either is graded wrongly.",
)
STEPS = asked(
    "similar_units.steps",
    "指标值差一点，得分会差很多吗？",
    "Does a little in one indicator make much?",
    "分档、位次、达标类指标本来就有台阶；是否影响总分还要看权重。",
    "Tiers, places and thresholds have steps by design; what they do to the total depends on the"
    " weight.",
)
EFFORT = asked(
    "similar_units.effort",
    "同样努力的单位，得分相同吗？",
    "Do units of equal effort get equal totals?",
    "真实努力程度只有在模拟中才知道；换一种努力的定义，结论会变。",
    "True effort is known in simulations only; another definition of it would give another answer.",
)


def _of_pairs(pairs: pd.DataFrame, near: float, least: float) -> Finding:
    if np.isnan(least):
        return PAIRS.untold("没有可比的两个单位。", "There are no two units to compare.")
    if not len(pairs):
        return PAIRS.untold(
            f"没有两个单位在每个指标上的差别都不超过全距的 {near:.0%}：最相近的两个，差别最大的一项也差 {least:.0%}。",
            f"No two units differ by at most {near:.0%} of the range in every indicator: even the"
            f" two most alike differ by {least:.0%} in one.",
        )
    share, n, far = float(pairs["far"].mean()), len(pairs), int(pairs["far"].sum())
    line = int((pairs["same_category"] & ~pairs["same_grade"]).sum())
    (a, b), first = pairs.index[0], pairs.iloc[0]
    places, points = first["places"], f"{abs(first['points']):.2f}"
    light = lit(share, *APART)
    return PAIRS.says(
        "amber" if light == "red" and n < FEW else light,
        share,
        f"各指标差别都不超过全距 {near:.0%} 的单位有 {n} 对，其中 {far} 对名次相差两成以上，同类中 {line} 对"
        f"等次不同；相差最大的是“{a}”和“{b}”，差 {places} 名、{points} 分。",
        f"Pairs that differ by at most {near:.0%} of the range in every indicator: {n}. A fifth of"
        f" the ranking or more apart: {far}; in one category with different grades: {line}. The"
        f" farthest apart are {a} and {b} (places: {places}, points: {points}).",
    )


def _of_identical(identical: pd.DataFrame, count: int) -> Finding:
    if not count:
        return IDENTICAL.untold(
            "没有两个单位的记录完全相同。", "No two units have the same records throughout."
        )
    n = len(identical)
    return IDENTICAL.says(
        "red" if n else "green",
        n,
        f"记录完全相同的同类单位有 {count} 对，结果不同的有 {n} 对。",
        f"Pairs in one category with the same records throughout: {count}; ending differently: {n}.",
    )


def _of_reversals(reversals: pd.DataFrame, comparable: int) -> Finding:
    if not comparable:
        return REVERSALS.untold(
            "没有哪个单位在每个指标上都不低于另一个。",
            "No unit is at least as good as another in every indicator.",
        )
    n = len(reversals)
    combined, category, adjusted = (
        int((reversals["cause"] == cause).sum())
        for cause in ("combination", "category", "adjustments")
    )
    return REVERSALS.says(
        "amber" if combined or category else "green",
        n,
        f"一方每个指标都不低于另一方的有 {comparable} 对，其中 {n} 对名次反而靠后：{adjusted} 对因加减分或否决，"
        f"{category} 对因类别权重不同，{combined} 对因合成方法。",
        f"Pairs in which one unit is at least as good in every indicator: {comparable}. It ranks"
        f" behind in {n}: {adjusted} by bonus, deduction or veto, {category} by the weights of"
        f" another category, {combined} by the way scores are combined.",
    )


def _of_lines(scheme: Scheme, lines: pd.DataFrame) -> Finding:
    if not len(lines):
        return LINES.untold("没有等次线。", "There is no grade line.")
    above = lines[lines["margin"] >= 0]
    crossed = len(lines) - len(above)
    more = when(
        crossed,
        f"有 {crossed} 条线外的单位分数反而更高（因否决、条件或名额）。",
        f"Lines outside which somebody has more points (veto, condition or seats): {crossed}.",
    )
    if not len(above):
        return LINES.says("amber", lines["margin"].max(), *more)
    narrowest = float(above["margin"].min())
    at = int(above["margin"].to_numpy(np.float64).argmin())
    (category, band), line = above.index[at], above.iloc[at]
    a, b, grade = line["last_in"], line["first_out"], grade_words(scheme, str(band))
    kind = category_words(scheme, str(category))
    where = when(category, f"“{kind.zh}”的", f" in {kind.en}")
    more = when(crossed, f"另{more.zh}", f" {more.en}")
    return LINES.says(
        "amber" if narrowest < NARROW * scheme.full else "green",
        narrowest,
        f"分差最小的是{where.zh}“{grade.zh}”线：“{a}”在线内，“{b}”在线外，只差 {narrowest:.3g} 分。{more.zh}",
        f"The narrowest line is that of {grade.en}{where.en}: {a} is in and {b} is out by"
        f" {narrowest:.3g} points.{more.en}",
    )


def _of_steps(scheme: Scheme, steps: pd.DataFrame) -> Finding:
    known = steps[steps["score_gap"] > 0]
    if not len(known):
        return STEPS.says(
            "green" if len(steps) else "grey",
            0.0 if len(steps) else np.nan,
            "没有只看指标值、且两个单位的值很接近而得分不同的指标。",
            "No indicator scored by its value alone parts two units that are close in it.",
        )
    first: Any = known.iloc[0]
    name, a, b = node_words(scheme, str(known.index[0])), first["unit"], first["other"]
    value, score = first["value_gap"], first["score_gap"]
    return STEPS.says(
        lit(score, *STEP),
        score,
        f"台阶最陡的是“{name.zh}”：“{a}”和“{b}”的指标值只差全距的 {value:.1%}，得分却差 {score:.1f} 分（满分 100）。",
        f"The steepest is {name.en}: {a} and {b} differ by {value:.1%} of its range and by"
        f" {score:.1f} of 100 points.",
    )


def _of_effort(table: pd.DataFrame) -> Finding:
    if not len(table):
        return EFFORT.untold(
            "没有给出真实努力程度（effort），或各类单位太少，无法判断。",
            "True effort is not given (effort), or categories are too small; it cannot be told.",
        )
    h, s = (
        float(np.sqrt(np.average(table[name].to_numpy(np.float64) ** 2, weights=table["units"])))
        for name in ("horizontal", "spread")
    )
    value, tau = h / s if s else np.nan, table["order"].mean()
    order = when(
        tau == tau,
        f"；努力与总分的先后一致程度（肯德尔 τ）平均 {tau:.2f}",
        f"; effort and totals agree in order with a Kendall tau of {tau:.2f} on average",
    )
    return EFFORT.says(
        lit(value, *EQUALS),
        value,
        f"类内努力程度相同的单位，总分仍相差约 {h:.2f} 分（标准差），全体为 {s:.2f} 分{order.zh}。",
        f"Within categories, totals of equals in effort still spread by {h:.2f} points (standard"
        f" deviation), those of all by {s:.2f}{order.en}.",
    )
