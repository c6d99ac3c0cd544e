"""What a place depends on besides one's own work: ranks as scores, the others, sharing, chance."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simkaohe.engine import Engine
from simkaohe.engine.standing import Array
from simkaohe.errors import SimkaoheError
from simkaohe.fairness.boundaries import reversals
from simkaohe.fairness.finding import Finding, asked, listed, lit, node_words, when, worse
from simkaohe.fairness.levers import Footing, Lever
from simkaohe.labels import Words
from simkaohe.sensitivity.weighing import weights

TWINS = 0.01
"""Values nearer than this share of their range are alike: a hundredth."""
CLIFF = (1.0, 5.0)
"""Points between twins, in median gaps between neighbours: one place; five places (ours)."""
REVERSED = (0.005, 0.02)
"""Share of pairs of others whose order one unit's leaving turns, on average (ours)."""
LEFT_OUT = 60
"""Units that are left out at most, evenly over the ranking."""
MISCOUNTED = (0.01, 0.1)
"""Share by which sums are counted twice or lost: more than rounding; a tenth (ours)."""
UNSURE = (0.1, 0.25)
"""Chance that a grade changes when weights vary: one in ten; one in four (ours)."""
NEARLY = asked(
    "leverage.twins",
    "差一点点，会差很多分吗？",
    "Does next to nothing cost many points?",
    "分档、按位次计分总有界线；它说明界线两边差多少，不说明界线划错了。",
    "Steps and ranks must have lines; it shows what they cost, not that they are wrongly drawn.",
)
OTHERS = asked(
    "leverage.interdependence",
    "别人参不参评，会改变我和他的先后吗？",
    "Does my order with you depend on a third unit?",
    "相对计分（与同伴比）必然互相牵连；它说明先后会随参评名单变，不说明名次算错了。",
    "Rules that compare units must tie them together; it shows that the order hangs on who takes"
    " part, not that it is computed wrongly.",
)
SHARED = asked(
    "leverage.attribution",
    "归属的数据对得上总数吗？",
    "Do shared results add up to the whole?",
    "对得上总数不等于分得公道；份额多少合适要看谁出了力。",
    "That they add up does not make the shares fair; that depends on who did the work.",
)
STANDS = asked(
    "leverage.robustness",
    "权重换一点，结果还站得住吗？",
    "Does the result stand when weights vary?",
    "只变动权重，不含数据误差和方法的选择；站得住不等于权重定得对。",
    "Only weights vary, not data or methods; to stand does not mean that the weights are right.",
)


# -- cliffs between neighbours ---------------------------------------------------------------------


def twins(footing: Footing) -> Lever:
    """Return what separates units whose values are nearly the same (11)."""
    here, units = np.concatenate(footing.scopes), footing.engine.units
    rows = {}
    for leaf, worth in zip(footing.scheme.indicators, footing.stated, strict=True):
        value, score = footing.engine.values(leaf), footing.engine.raw_score(leaf.id)
        pairs = []
        for scope in footing.scopes if leaf.scope == "category" else [here]:
            counts = (footing.nominal[leaf.id][scope] != 0) & ~np.isnan(value[scope] + score[scope])
            own = scope[counts]
            pairs += [(own[a], own[b]) for a, b in _twins(value[own], score[own])]
        gaps = [float(abs(score[a] - score[b])) for a, b in pairs]
        gap, near = max(gaps, default=0.0), ("", "")
        if gap > 0:
            a, b = pairs[gaps.index(gap)]
            near = units[a], units[b]
        points = gap * worth * footing.scheme.full / 100
        rows[leaf.id] = [leaf.label, leaf.rule.method, len(pairs), gap, points, *near]
    columns = ["name", "method", "twins", "score_gap", "points", "one", "other"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("indicator")
    table = table.sort_values("points", ascending=False, kind="stable")
    return Lever(table, _of_twins(footing, table))


def _twins(value: Array, score: Array) -> list[tuple[int, int]]:
    """Return neighbours (by value) that differ by less than a hundredth of the range."""
    if len(value) < 2 or np.ptp(value) == 0:
        return []
    order = np.lexsort((score, value))
    gaps = np.diff(value[order])
    near = np.flatnonzero((gaps > 0) & (gaps <= TWINS * np.ptp(value)))
    return [(order[i], order[i + 1]) for i in near]


def _of_twins(footing: Footing, table: pd.DataFrame) -> Finding:
    gaps = np.concatenate([np.diff(np.sort(footing.total[s])) for s in footing.scopes])
    gaps = gaps[gaps > 1e-9]
    if not len(gaps) or not table["twins"].sum():
        return NEARLY.untold(
            "没有数值几乎相同的单位可比。", "No two units have nearly the same value."
        )
    usual, first = float(np.median(gaps)), table.iloc[0]
    points, a, b = first["points"], first["one"], first["other"]
    value, n = float(points / usual), int((table["points"] > usual).sum())
    if not value > 0:
        return NEARLY.says(
            "green",
            value,
            "数值几乎相同的单位得分也相同。",
            "Units with nearly the same value have the same score.",
        )
    leaf = node_words(footing.scheme, str(table.index[0]))
    return NEARLY.says(
        lit(value, *CLIFF),
        value,
        f"数值相差不到全距 1% 的单位，最多因此差 {points:.2f} 分（{leaf.zh}：{a}、{b}），是相邻单位总分差距"
        f"（中位数 {usual:.2f} 分）的 {value:.1f} 倍；{n} 个指标会因此改变位次。",
        f"Units whose values differ by less than 1% of the range are up to {points:.2f} points apart"
        f" ({leaf.en}: {a}, {b}), {value:.1f} times the usual gap between neighbours ({usual:.2f});"
        f" {n} indicators can change a place in this way.",
    )


# -- the others ------------------------------------------------------------------------------------


def interdependence(footing: Footing) -> Lever:
    """Return what becomes of the others when one unit is not assessed (12)."""
    engine, units = footing.engine, footing.engine.units
    ranked = np.flatnonzero(footing.now.ranks[0] > 0)
    order = ranked[np.argsort(footing.now.ranks[0][ranked], kind="stable")]
    chosen = order[np.unique(np.linspace(0, len(order) - 1, min(len(order), LEFT_OUT)).astype(int))]
    rows = {}
    for place in chosen if len(ranked) > 2 else ():
        rest = np.arange(len(units)) != place
        try:
            other = engine.without(units[place])
        except SimkaoheError:
            continue
        points = float(np.abs(other.totals[0] - footing.now.totals[0][rest]).sum())
        rows[units[place]] = [points, _reversed(footing, rest, other.totals[0])]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["points", "reversals"])
    by = ["reversals", "points"]
    table = table.rename_axis("unit").sort_values(by, ascending=False, kind="stable")
    return Lever(table, _of_others(footing, table))


def _reversed(footing: Footing, rest: Array, after: Array) -> int:
    """Return how many pairs of the same scope change their order; ties are no reversal."""
    before, place = footing.now.totals[0], np.cumsum(rest) - 1
    count = 0
    for scope in footing.scopes:
        own = scope[rest[scope]]
        count += reversals(*(np.round(x, 9) for x in (before[own], after[place[own]])))
    return count


def _of_others(footing: Footing, table: pd.DataFrame) -> Finding:
    if not len(table):
        return OTHERS.untold("单位太少。", "There are too few units.")
    sizes = [len(scope) for scope in footing.scopes]
    pairs = sum(n * (n - 1) / 2 for n in sizes)
    mean, most = table["reversals"].mean(), int(table["reversals"].max())
    value, points, n = float(mean / max(pairs, 1.0)), table["points"].mean(), len(table)
    if not table["points"].max() > 1e-9:
        return OTHERS.says(
            lit(value, *REVERSED),
            value,
            "去掉任何一个单位，其他单位的分都不变：计分只看各自的数。",
            "Whoever is left out, the others' points stay: scores depend on one's own numbers only.",
        )
    tried = when(n < sum(sizes), f"（试了 {n} 个）", f"({n} were tried.) ")
    return OTHERS.says(
        lit(value, *REVERSED),
        value,
        f"{tried.zh}去掉一个单位，平均颠倒 {mean:.1f} 对其他单位的先后（{value:.2%}），最多 {most} 对"
        f"（{table.index[0]}）；其他单位的分合计变动平均 {points:.2f} 分。",
        f"{tried.en}Leaving one unit out turns round {mean:.1f} pairs of others on average"
        f" ({value:.2%}), {most} at most ({table.index[0]}); the others' points change by"
        f" {points:.2f} in all on average.",
    )


# -- shared results --------------------------------------------------------------------------------


def attribution(footing: Footing) -> Lever:
    """Return whether shared results add up, and what a unit has from its share (16)."""
    scheme, engine = footing.scheme, footing.engine
    columns = ["name", "whole", "counted", "miscounted"]
    if not scheme.attribution:
        none = "方案没有共享数据的归属规定。", "The scheme shares no results."
        return Lever(pd.DataFrame(columns=columns), SHARED.says("green", 0.0, *none))
    rows = {}
    for leaf in scheme.indicators:
        raw = engine.panel.numbers("actual", leaf.column)
        if leaf.attributed == "sum" and raw is not None:
            whole = float(np.nansum(raw))
            counted = float(np.nansum(engine.numbers("actual", leaf.column)))
            off = abs(counted - whole) / abs(whole) if whole else np.nan
            rows[leaf.id] = [leaf.label, whole, counted, off]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("indicator")
    value = float(table["miscounted"].max()) if len(table) else np.nan
    changed, places = _unshared(footing)
    n, most = len(table), f"{np.nan_to_num(value):.1%}"
    name = table["miscounted"].idxmax() if len(table) else ""
    which = when(value > MISCOUNTED[0], f"（{name}）", f" ({name})")
    finding = SHARED.says(
        worse(lit(value, *MISCOUNTED), "amber" if changed else "green"),
        value,
        f"{n} 个按和归属的指标，各单位合计与总数最多差 {most}{which.zh}；若共享的结果都不计入，{changed} 个单位的"
        f"结果会不同，位次最多变 {places:.0f} 位。",
        f"Of {n} indicators shared as sums, the units' sum is up to {most} off the whole{which.en};"
        f" if shared results counted for nobody, {changed} units would have another result; the"
        f" largest move is {places:.0f}.",
    )
    return Lever(table, finding)


def _unshared(footing: Footing) -> tuple[int, float]:
    """Return how many have another result when nothing is attributed, and the largest move."""
    edits = {
        f"attribution.{name}.to.{unit}": 0.0
        for name, transfer in footing.scheme.attribution.items()
        for unit in transfer.to
    }
    try:
        other = Engine(footing.scheme.edit(edits), footing.engine.panel).run()
    except SimkaoheError:
        return 0, np.nan
    return int(footing.regraded(other).sum()), float(np.abs(footing.moved(other)).max())


# -- chance ----------------------------------------------------------------------------------------


def robustness(footing: Footing, within: float, draws: int, seed: int) -> Lever:
    """Return how well places and grades stand when all weights vary a little (19)."""
    engine = footing.engine
    try:
        bound = weights(within=within).bind(engine)
        u = np.random.Generator(np.random.SFC64(seed)).random((draws, len(bound.columns)))
        drawn = engine.run(bound.draws(u), check=False)
    except SimkaoheError as error:
        zh, en = error.problems[0].words
        empty = pd.DataFrame(columns=["rank", "rank_0.05", "rank_0.95", "keeps"])
        return Lever(empty, STANDS.untold(f"无法模拟：{zh}", f"It cannot be simulated: {en}"))
    ranks = footing.now.ranks[0]
    low, high = np.quantile(drawn.ranks, (0.05, 0.95), axis=0, method="inverted_cdf")
    if footing.now.grades is not None and drawn.grades is not None:
        same = drawn.grades == footing.now.grades
    else:
        same = footing.tops(drawn) == footing.top()
    columns = {"rank": ranks, "rank_0.05": low, "rank_0.95": high, "keeps": same.mean(0)}
    table = footing.frame(columns)
    table = table[ranks > 0].sort_values(["keeps", "rank"], kind="stable")
    keeps = table["keeps"].mean()
    value, width = float(1 - keeps), (table["rank_0.95"] - table["rank_0.05"]).mean()
    shaky = listed([str(unit) for unit in table.index[table["keeps"] < 0.75]])
    rest = when(shaky.zh, f"不到 75% 的：{shaky.zh}。", f" Below 75%: {shaky.en}.")
    what = Words("等次", "grade") if footing.scheme.grades else Words("位置", "standing")
    finding = STANDS.says(
        lit(value, *UNSURE),
        value,
        f"权重各变动 ±{within:.0%}，{what.zh}保持不变的可能平均 {keeps:.0%}；名次 90% 的区间平均宽"
        f" {width:.1f} 位。{rest.zh}",
        f"With weights ±{within:.0%} a unit keeps its {what.en} with a chance of {keeps:.0%} on"
        f" average; 90% intervals of ranks are {width:.1f} places wide.{rest.en}",
    )
    return Lever(table, finding)
