"""What a place depends on besides one's own work: ranks as scores, the others, sharing, chance."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simkaohe.engine import Engine
from simkaohe.errors import SimkaoheError
from simkaohe.fairness.boundaries import reversals
from simkaohe.fairness.finding import Finding
from simkaohe.fairness.footing import Array, Footing, Lever, found, worse
from simkaohe.fairness.wording import filled, listed, lit, named
from simkaohe.labels import Words
from simkaohe.sensitivity.weighing import weights

TWINS = 0.01
"""Values nearer than this share of their range are alike: a hundredth."""
CLIFF: tuple[float, float] = (1.0, 5.0)
"""Points between twins, in median gaps between neighbours: one place; five places (ours)."""
REVERSED: tuple[float, float] = (0.005, 0.02)
"""Share of pairs of others whose order one unit's leaving turns, on average (ours)."""
LEFT_OUT = 60
"""Units that are left out at most, evenly over the ranking."""
MISCOUNTED: tuple[float, float] = (0.01, 0.1)
"""Share by which sums are counted twice or lost: more than rounding; a tenth (ours)."""
UNSURE: tuple[float, float] = (0.1, 0.25)
"""Chance that a grade changes when weights vary: one in ten; one in four (ours)."""


# -- cliffs between neighbours ---------------------------------------------------------------------


def twins(footing: Footing) -> Lever:
    """Return what separates units whose values are nearly the same (11)."""
    here = np.concatenate(footing.scopes)
    points = footing.stated * footing.scheme.full / 100
    rows = {}
    for k, leaf in enumerate(footing.scheme.indicators):
        pairs, gap, near = 0, 0.0, ("", "")
        value, score = footing.engine.values(leaf), footing.engine.raw_score(leaf.id)
        for scope in footing.scopes if leaf.scope == "category" else [here]:
            counts = (footing.nominal[leaf.id][scope] != 0) & ~np.isnan(value[scope] + score[scope])
            own = scope[counts]
            found_ = _twins(value[own], score[own])
            pairs += len(found_)
            for one, two in found_:
                apart = abs(score[own[one]] - score[own[two]])
                if apart > gap:
                    gap, near = (
                        apart,
                        (footing.engine.units[own[one]], footing.engine.units[own[two]]),
                    )
        rows[leaf.id] = {
            "name": leaf.label,
            "method": leaf.rule.method,
            "twins": pairs,
            "score_gap": gap,
            "points": gap * points[k],
            "one": near[0],
            "other": near[1],
        }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("indicator")
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
    question = Words("差一点点，会差很多分吗？", "Does next to nothing cost many points?")
    caution = Words(
        "分档、按位次计分总有界线；它说明界线两边差多少，不说明界线划错了。",
        "Steps and ranks must have lines; it shows what they cost, not that they are wrongly drawn.",
    )
    gaps = np.concatenate([np.diff(np.sort(footing.total[s])) for s in footing.scopes])
    gaps = gaps[gaps > 1e-9]
    if not len(gaps) or not table["twins"].sum():
        sentence = Words("没有数值几乎相同的单位可比。", "No two units have nearly the same value.")
        return found("twins", question, "grey", np.nan, sentence, caution)
    usual = float(np.median(gaps))
    first = table.iloc[0]
    leaf = footing.scheme.nodes[str(table.index[0])]
    value = float(first["points"] / usual)
    sentence = filled(
        "数值相差不到全距 1% 的单位，最多因此差 {points:.2f} 分（{leaf}：{a}、{b}），是相邻单位总分差距"
        "（中位数 {usual:.2f} 分）的 {value:.1f} 倍；{n} 个指标会因此改变位次。",
        "Units whose values differ by less than 1% of the range are up to {points:.2f} points apart"
        " ({leaf}: {a}, {b}), {value:.1f} times the usual gap between neighbours ({usual:.2f});"
        " {n} indicators can change a place in this way.",
        points=first["points"],
        leaf=named(leaf.name, leaf.name_en, leaf.id),
        a=first["one"],
        b=first["other"],
        usual=usual,
        value=value,
        n=int((table["points"] > usual).sum()),
    ) if value > 0 else Words(
        "数值几乎相同的单位得分也相同。", "Units with nearly the same value have the same score."
    )  # fmt: skip
    return found("twins", question, lit(value, CLIFF), value, sentence, caution)


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
        turned = _reversed(footing, rest, other.totals[0])
        rows[units[place]] = {
            "points": float(np.abs(other.totals[0] - footing.now.totals[0][rest]).sum()),
            "reversals": turned,
        }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["points", "reversals"])
    table = table.rename_axis("unit").sort_values(
        ["reversals", "points"], ascending=False, kind="stable"
    )
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
    question = Words(
        "别人参不参评，会改变我和他的先后吗？", "Does my order with you depend on a third unit?"
    )
    caution = Words(
        "相对计分（与同伴比）必然互相牵连；它说明先后会随参评名单变，不说明名次算错了。",
        "Rules that compare units must tie them together; it shows that the order hangs on who takes"
        " part, not that it is computed wrongly.",
    )
    if not len(table):
        sentence = Words("单位太少。", "There are too few units.")
        return found("interdependence", question, "grey", np.nan, sentence, caution)
    sizes = [len(scope) for scope in footing.scopes]
    pairs = sum(n * (n - 1) / 2 for n in sizes)
    value = float(table["reversals"].mean() / max(pairs, 1.0))
    worst = table.index[0]
    sentence = filled(
        "{tried}去掉一个单位，平均颠倒 {mean:.1f} 对其他单位的先后（{value:.2%}），最多 {most} 对（{unit}）；"
        "其他单位的分合计变动平均 {points:.2f} 分。",
        "{tried}Leaving one unit out turns round {mean:.1f} pairs of others on average ({value:.2%}),"
        " {most} at most ({unit}); the others' points change by {points:.2f} in all on average.",
        tried=filled(
            "（试了 {n} 个）", "({n} were tried.) ", n=len(table)
        )
        if len(table) < sum(sizes)
        else Words("", ""),
        mean=table["reversals"].mean(),
        value=value,
        most=int(table["reversals"].max()),
        unit=worst,
        points=table["points"].mean(),
    ) if table["points"].max() > 1e-9 else Words(
        "去掉任何一个单位，其他单位的分都不变：计分只看各自的数。",
        "Whoever is left out, the others' points stay: scores depend on one's own numbers only.",
    )  # fmt: skip
    return found("interdependence", question, lit(value, REVERSED), value, sentence, caution)


# -- shared results --------------------------------------------------------------------------------


def attribution(footing: Footing) -> Lever:
    """Return whether shared results add up, and what a unit has from its share (16)."""
    scheme, engine = footing.scheme, footing.engine
    question = Words("归属的数据对得上总数吗？", "Do shared results add up to the whole?")
    caution = Words(
        "对得上总数不等于分得公道；份额多少合适要看谁出了力。",
        "That they add up does not make the shares fair; that depends on who did the work.",
    )
    columns = ["name", "whole", "counted", "miscounted"]
    if not scheme.attribution:
        empty = pd.DataFrame(columns=columns)
        sentence = Words("方案没有共享数据的归属规定。", "The scheme shares no results.")
        return Lever(empty, found("attribution", question, "green", 0.0, sentence, caution))
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
    sentence = filled(
        "{n} 个按和归属的指标，各单位合计与总数最多差 {value:.1%}{which}；若共享的结果都不计入，{k} 个单位的结果"
        "会不同，位次最多变 {places:.0f} 位。",
        "Of {n} indicators shared as sums, the units' sum is up to {value:.1%} off the whole{which};"
        " if shared results counted for nobody, {k} units would have another result; the largest"
        " move is {places:.0f}.",
        n=len(table),
        value=0.0 if value != value else value,
        which=filled("（{name}）", " ({name})", name=table["miscounted"].idxmax())
        if value > MISCOUNTED[0]
        else Words("", ""),
        k=len(changed),
        places=places,
    )
    light = worse(lit(value, MISCOUNTED), "amber" if changed else "green")
    return Lever(table, found("attribution", question, light, value, sentence, caution))


def _unshared(footing: Footing) -> tuple[list[str], float]:
    """Return who has another result when nothing is attributed, and the largest move."""
    edits = {
        f"attribution.{name}.to.{unit}": 0.0
        for name, transfer in footing.scheme.attribution.items()
        for unit in transfer.to
    }
    try:
        other = Engine(footing.scheme.edit(edits), footing.engine.panel).run()
    except SimkaoheError:
        return [], np.nan
    changed = np.flatnonzero(footing.regraded(other))
    return [footing.engine.units[u] for u in changed], float(np.abs(footing.moved(other)).max())


# -- chance ----------------------------------------------------------------------------------------


def robustness(footing: Footing, within: float, draws: int, seed: int) -> Lever:
    """Return how well places and grades stand when all weights vary a little (19)."""
    engine = footing.engine
    question = Words("权重换一点，结果还站得住吗？", "Does the result stand when weights vary?")
    caution = Words(
        "只变动权重，不含数据误差和方法的选择；站得住不等于权重定得对。",
        "Only weights vary, not data or methods; to stand does not mean that the weights are right.",
    )
    try:
        bound = weights(within=within).bind(engine)
        u = np.random.Generator(np.random.SFC64(seed)).random((draws, len(bound.columns)))
        drawn = engine.run(bound.draws(u), check=False)
    except SimkaoheError as error:
        reason = error.problems[0].words
        sentence = filled("无法模拟：{why}", "It cannot be simulated: {why}", why=reason)
        empty = pd.DataFrame(columns=["rank", "rank_0.05", "rank_0.95", "keeps"])
        return Lever(empty, found("robustness", question, "grey", np.nan, sentence, caution))
    ranks = footing.now.ranks[0]
    low, high = np.quantile(drawn.ranks, (0.05, 0.95), axis=0, method="inverted_cdf")
    if footing.now.grades is not None and drawn.grades is not None:
        same = drawn.grades == footing.now.grades
    else:
        same = footing.tops(drawn) == footing.top()
    columns = {"rank": ranks, "rank_0.05": low, "rank_0.95": high, "keeps": same.mean(0)}
    table = footing.frame(columns)
    table = table[ranks > 0].sort_values(["keeps", "rank"], kind="stable")
    value = float(1 - table["keeps"].mean())
    shaky = [str(unit) for unit in table.index[table["keeps"] < 0.75]]
    sentence = filled(
        "权重各变动 ±{within:.0%}，{what}保持不变的可能平均 {keeps:.0%}；名次 90% 的区间平均宽 {width:.1f} 位。{shaky}",
        "With weights ±{within:.0%} a unit keeps its {what} with a chance of {keeps:.0%} on average;"
        " 90% intervals of ranks are {width:.1f} places wide.{shaky}",
        within=within,
        what=Words("等次", "grade") if footing.scheme.grades else Words("位置", "standing"),
        keeps=1 - value,
        width=(table["rank_0.95"] - table["rank_0.05"]).mean(),
        shaky=filled("不到 75% 的：{n}。", " Below 75%: {n}.", n=listed(shaky))
        if shaky
        else Words("", ""),
    )
    return Lever(table, found("robustness", question, lit(value, UNSURE), value, sentence, caution))
