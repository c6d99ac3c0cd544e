"""What endowment explains (禀赋的结论), in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from simkaohe.fairness.finding import Asked, Finding, Light, joined, listed, lit, node_words, when
from simkaohe.labels import Words, fact_label

if TYPE_CHECKING:
    from simkaohe.fairness.origins import Endowment

MEDIUM, LARGE = 0.13, 0.26
"""Shares of variance that Cohen (1988) calls a medium and a large effect (f² of 0.15 and 0.35)."""
CHANCE = 0.05
"""What would happen by chance less often than one time in twenty is not put down to chance."""
LEAST_DF = 5
"""Fewer degrees of freedom explain nearly anything: nothing is concluded."""
FAR = 0.05, 0.15
"""Mean places moved, of the field: one in twenty is the neighbours, 15 % a usual grade's width."""
CONTROL = Words(
    "相关不等于不公平：条件好的单位也可能更努力。这里把所列背景数据都当作单位改变不了的；"
    "若其实受单位影响，结论会偏大；没有列入的条件不在其中。",
    "Dependence is not yet unfairness: units with better conditions may also do more. All covariates"
    " are taken as beyond the units' control; where units do influence them this is too much, and"
    " what is not among them is not counted.",
)
TOO_FEW = Words("单位太少，分不清是否巧合。", "There are too few units to tell it from chance.")


def _asked(topic: str, zh: str, en: str, caution: Words = CONTROL) -> Asked:
    return Asked(f"endowment.{topic}", Words(zh, en), caution)


TOTAL = _asked("total", "总分取决于先天条件吗？", "Do totals depend on endowment?")
INDICATORS = _asked(
    "indicators", "哪些指标带来这种依赖？", "Which indicators bring this dependence?"
)
RANKING = _asked(
    "ranking",
    "扣除先天条件，名次会变吗？",
    "Would places change net of endowment?",
    Words(
        "这是诊断，不是应得的名次：与条件有关的那部分里也可能有真实的努力。",
        "This is a diagnosis, not the ranking that is deserved: what goes with endowment may be real"
        " effort too.",
    ),
)
ADJUSTMENTS = _asked("adjustments", "加减分偏向有条件的单位吗？", "Do bonuses follow endowment?")
EFFORT = _asked(
    "effort",
    "努力之外，先天条件还占多少？",
    "How much does endowment add beside effort?",
    Words(
        "只在努力真正已知时成立（如模拟）；用别的指标代替努力，结论随之改变。",
        "It holds only where effort is really known (as in a simulation); with a stand-in for effort"
        " it says something else.",
    ),
)


def findings(found: Endowment) -> Iterator[Finding]:
    """Yield what endowment explains of totals, indicators, ranks and bonuses; grey when untold."""
    if reason := _too_little(found):
        nothing = Words("不能判断不等于没有依赖。", "What cannot be told may still be there.")
        yield TOTAL._replace(caution=nothing).untold(*reason)
        return
    yield _of_total(found)
    yield _of_indicators(found)
    yield _of_ranking(found)
    if (found.nodes["kind"] == "adjustment").any():
        yield _of_adjustments(found)
    if np.isfinite(found.summary["endowment_share"]):
        yield _of_effort(found)


def _too_little(found: Endowment) -> Words | None:
    units, df = found.summary["units"], found.summary["df"]
    if not len(found.covariates) and found.left_out:
        name, why = next(iter(found.left_out.items()))
        fact = fact_label(name)
        return Words(
            f"背景数据都用不上（如{fact.zh}：{why.zh}）。",
            f"None of the covariates is of use (such as {fact.en}: {why.en}).",
        )
    if not len(found.covariates):
        return Words(
            "没有可用的背景数据（covariates）：请给出单位改变不了的条件，如人口、财力、区位。",
            "There are no covariates to go by: give what units cannot control, such as population,"
            " fiscal capacity, location.",
        )
    if df < LEAST_DF:
        return Words(
            f"{units:.0f} 个单位有完整的背景数据，减去类别和 {len(found.covariates)} 项背景数据后"
            f"只剩 {max(df, 0):.0f} 个自由度，太少。",
            f"Units with all covariates: {units:.0f}; less categories and covariates"
            f" ({len(found.covariates)}) too few degrees of freedom are left: {max(df, 0):.0f}.",
        )
    if np.isnan(found.summary["r2"]):
        return Words("各类别内总分没有差异。", "Totals do not differ inside any category.")
    return None


def _nothing_found(found: Endowment) -> Light:
    """Return green where so many units would have shown a large effect, else grey."""
    s = found.summary
    return "grey" if s["p"] >= CHANCE and s["high"] >= LARGE else "green"


def _clearly(found: Endowment, kind: str) -> pd.DataFrame:
    """Return the nodes of a kind that depend on the covariates clearly and beyond chance."""
    nodes = found.nodes[found.nodes["kind"] == kind]
    return nodes[(nodes["p_joint"] < CHANCE) & (nodes["r2"] >= MEDIUM)]


def _of_total(found: Endowment) -> Finding:
    s = found.summary
    light = lit(s["adjusted"], MEDIUM, LARGE) if s["p"] < CHANCE else _nothing_found(found)
    by_share = found.covariates["share"].sort_values(ascending=False, kind="stable")
    names = listed([fact_label(str(name)) for name in by_share.index])
    inside = when(found.several, "同类单位", " inside categories")
    sentence = Words(
        f"{names.zh}解释了{inside.zh}总分差异的 {s['r2']:.0%}（95% 区间 {s['low']:.0%}—{s['high']:.0%}）；"
        f"毫无关系时碰巧也会有约 {s['by_chance']:.0%}。",
        f"Of the differences between totals{inside.en} {s['r2']:.0%} is explained by {names.en}"
        f" (95 % interval {s['low']:.0%} to {s['high']:.0%}); by chance alone it would be about"
        f" {s['by_chance']:.0%}.",
    )
    said = joined(sentence, TOO_FEW) if light == "grey" else sentence
    return TOTAL.says(light, s["adjusted"], *said)


def _of_indicators(found: Endowment) -> Finding:
    count, total = int((found.nodes["kind"] == "indicator").sum()), found.summary
    told = _clearly(found, "indicator").sort_values("carries", ascending=False, kind="stable")
    if not len(told):
        return INDICATORS.says(
            _nothing_found(found),
            0.0,
            f"{count} 个指标中，没有一个与背景数据有超出巧合的明显关系。",
            f"Of {count} indicators, none depends on the covariates clearly and beyond chance.",
        )
    carried = float(told["carries"].sum())
    names = listed([node_words(found.scheme, str(name)) for name in told.index])
    part = when(
        total["p"] < CHANCE and carried > 0,
        f"，带来总分依赖的 {carried:.0%}",
        f", which brings {carried:.0%} of the total's dependence",
    )
    return INDICATORS.says(
        "red" if total["p"] < CHANCE and total["adjusted"] >= LARGE else "amber",
        len(told) / count,
        f"{count} 个指标中有 {len(told)} 个明显取决于背景数据（{names.zh}）{part.zh}。",
        f"Clearly dependent on the covariates: {len(told)} of {count} indicators"
        f" ({names.en}){part.en}.",
    )


def _of_ranking(found: Endowment) -> Finding:
    prefix = "category_" if found.several else ""
    shift = found.net[f"{prefix}shift"]
    sizes = found.net.groupby("category")["total"].transform("size")
    share = float((shift.abs() / (sizes if prefix else len(shift))).mean())
    if found.summary["p"] >= CHANCE:
        return RANKING._replace(caution=CONTROL).says(
            "grey",
            share,
            "总分与背景数据的关系没有超出巧合，没有可扣除的。",
            "Totals depend on the covariates no more than by chance: there is nothing to take off.",
        )
    light, unit, mean = lit(share, *FAR, beyond=True), str(shift.abs().idxmax()), shift.abs().mean()
    move, scope = int(shift[unit]), when(prefix, "类内", " in their category")
    if not move:
        zh = f"扣除背景数据的作用后，{scope.zh}名次都不变。"
        return RANKING.says(
            light, share, zh, f"Net of the covariates no place{scope.en} would change."
        )
    way = Words("前进", "up") if move > 0 else Words("后退", "down")
    return RANKING.says(
        light,
        share,
        f"扣除背景数据的作用后，{scope.zh}名次平均变动 {mean:.1f} 位；变动最大的是“{unit}”，"
        f"{way.zh} {abs(move)} 位。",
        f"Net of the covariates places{scope.en} would move by {mean:.1f} on average;"
        f" most for {unit}, {way.en} by {abs(move)}.",
    )


def _of_adjustments(found: Endowment) -> Finding:
    told = _clearly(found, "adjustment")
    varied = found.nodes["r2"][found.nodes["kind"] == "adjustment"].notna().sum()
    if not varied:
        return ADJUSTMENTS.untold(
            "同类单位的加减分没有差异。", "Bonuses do not differ inside categories."
        )
    if not len(told):
        return ADJUSTMENTS.says(
            _nothing_found(found),
            0.0,
            f"{varied} 项有差异的加减分，都没有超出巧合地取决于背景数据。",
            f"Of {varied} kinds of bonus and deduction that differ, none follows the covariates"
            " beyond chance.",
        )
    first = told.sort_values("r2", ascending=False, kind="stable").head(3)
    rows = [
        (
            node_words(found.scheme, str(name)),
            fact_label(row["strongest"]),
            f"{row['spearman']:+.2f}",
        )
        for name, row in first.iterrows()
    ]
    zh = "；".join(f"“{name.zh}”与{by.zh}（秩相关 {rho}）" for name, by, rho in rows)
    en = "; ".join(f"{name.en} and {by.en} (rank correlation {rho})" for name, by, rho in rows)
    most = float(told["r2"].max())
    return ADJUSTMENTS.says(
        lit(most, MEDIUM, LARGE),
        most,
        f"加减分取决于背景数据：{zh}。",
        f"Bonuses follow the covariates: {en}.",
    )


def _of_effort(found: Endowment) -> Finding:
    s = found.summary
    share, light = s["endowment_share"], lit(s["endowment_share"], MEDIUM, LARGE)
    said = Words(
        f"努力解释了总分差异的 {s['effort_r2']:.0%}；在努力与禀赋合起来能解释的差异中，"
        f"{share:.0%} 只归于禀赋。努力相同的单位，总分仍相差约 {s['equal_effort_sd']:.2f} 分（标准差）。",
        f"Effort explains {s['effort_r2']:.0%} of the differences between totals; of what effort and"
        f" endowment explain together, {share:.0%} is endowment alone. Totals of equal effort still"
        f" differ by about {s['equal_effort_sd']:.2f} points (standard deviation).",
    )
    if light != "green" and s["p"] >= CHANCE:
        light, said = "grey", joined(said, TOO_FEW)
    return EFFORT.says(light, share, *said)
