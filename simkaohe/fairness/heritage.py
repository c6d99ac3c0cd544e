"""What endowment explains (禀赋的结论), in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from simkaohe.fairness.finding import Finding, Light
from simkaohe.fairness.wording import listed, node_words
from simkaohe.labels import Words

if TYPE_CHECKING:
    from simkaohe.fairness.origins import Endowment

MEDIUM, LARGE = 0.13, 0.26
"""Shares of variance that Cohen (1988) calls a medium and a large effect (f² of 0.15 and 0.35)."""
CHANCE = 0.05
"""What would happen by chance less often than one time in twenty is not put down to chance."""
LEAST_DF = 5
"""Fewer degrees of freedom explain nearly anything: nothing is concluded."""
FAR, VERY_FAR = 0.05, 0.15
"""Mean places moved, of the field: one in twenty is the neighbours, 15 % a usual grade's width."""
MOST = 3
"""Names in a sentence."""
CONTROL = Words(
    "相关不等于不公平：条件好的单位也可能更努力。这里把所列背景数据都当作单位改变不了的；"
    "若其实受单位影响，结论会偏大；没有列入的条件不在其中。",
    "Dependence is not yet unfairness: units with better conditions may also do more. All covariates"
    " are taken as beyond the units' control; where units do influence them this is too much, and"
    " what is not among them is not counted.",
)
TOO_FEW = Words("单位太少，分不清是否巧合。", "There are too few units to tell it from chance.")
QUESTIONS = {
    "total": Words("总分取决于先天条件吗？", "Do totals depend on endowment?"),
    "indicators": Words("哪些指标带来这种依赖？", "Which indicators bring this dependence?"),
    "ranking": Words("扣除先天条件，名次会变吗？", "Would places change net of endowment?"),
    "adjustments": Words("加减分偏向有条件的单位吗？", "Do bonuses follow endowment?"),
    "effort": Words("努力之外，先天条件还占多少？", "How much does endowment add beside effort?"),
}


def findings(found: Endowment) -> Iterator[Finding]:
    """Yield what endowment explains of totals, indicators, ranks and bonuses; grey when untold."""
    if reason := _too_little(found):
        nothing = Words("不能判断不等于没有依赖。", "What cannot be told may still be there.")
        yield _finding("total", "grey", np.nan, reason, nothing)
        return
    yield _of_total(found)
    yield _of_indicators(found)
    yield _of_ranking(found)
    if (found.nodes["kind"] == "adjustment").any():
        yield _of_adjustments(found)
    if np.isfinite(found.summary["endowment_share"]):
        yield _of_effort(found)


def _finding(
    topic: str, light: Light, value: float, sentence: Words, caution: Words = CONTROL
) -> Finding:
    name = f"endowment.{topic}"
    return Finding("endowment", name, QUESTIONS[topic], light, value, sentence, caution)


def _too_little(found: Endowment) -> Words | None:
    units, df = found.summary["units"], found.summary["df"]
    if not len(found.covariates) and found.left_out:
        name, why = next(iter(found.left_out.items()))
        return Words(
            f"背景数据都用不上（如 {name}：{why.zh}）。",
            f"None of the covariates is of use (such as {name}: {why.en}).",
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


def _by_size(share: float) -> Light:
    return "green" if share < MEDIUM else "amber" if share < LARGE else "red"


def _nothing_found(found: Endowment) -> Light:
    """Return green where so many units would have shown a large effect, else grey."""
    s = found.summary
    return "grey" if s["p"] >= CHANCE and s["high"] >= LARGE else "green"


def _of_total(found: Endowment) -> Finding:
    s = found.summary
    light = _by_size(s["adjusted"])
    if s["p"] >= CHANCE:
        light = _nothing_found(found)
    by_share = found.covariates["share"].sort_values(ascending=False, kind="stable")
    names = listed([str(name) for name in by_share.index], MOST)
    inside = Words("同类单位", " inside categories") if found.several else Words("", "")
    sentence = Words(
        f"{names.zh}解释了{inside.zh}总分差异的 {s['r2']:.0%}（95% 区间 {s['low']:.0%}—{s['high']:.0%}）；"
        f"毫无关系时碰巧也会有约 {s['by_chance']:.0%}。",
        f"Of the differences between totals{inside.en} {s['r2']:.0%} is explained by {names.en}"
        f" (95 % interval {s['low']:.0%} to {s['high']:.0%}); by chance alone it would be about"
        f" {s['by_chance']:.0%}.",
    )
    if light == "grey":
        sentence = Words(sentence.zh + TOO_FEW.zh, f"{sentence.en} {TOO_FEW.en}")
    return _finding("total", light, s["adjusted"], sentence)


def _of_indicators(found: Endowment) -> Finding:
    leaves = found.nodes[found.nodes["kind"] == "indicator"]
    told = leaves[(leaves["p_joint"] < CHANCE) & (leaves["r2"] >= MEDIUM)]
    told = told.sort_values("carries", ascending=False, kind="stable")
    if not len(told):
        words = Words(
            f"{len(leaves)} 个指标中，没有一个与背景数据有超出巧合的明显关系。",
            f"Of {len(leaves)} indicators, none depends on the covariates clearly and beyond chance.",
        )
        return _finding("indicators", _nothing_found(found), 0.0, words)
    carried = float(told["carries"].sum())
    names = listed([node_words(found.scheme, str(name)) for name in told.index], MOST)
    total = found.summary
    light: Light = "red" if total["p"] < CHANCE and total["adjusted"] >= LARGE else "amber"
    part = Words("", "")
    if total["p"] < CHANCE and carried > 0:
        part = Words(
            f"，带来总分依赖的 {carried:.0%}",
            f", which brings {carried:.0%} of the total's dependence",
        )
    words = Words(
        f"{len(leaves)} 个指标中有 {len(told)} 个明显取决于背景数据（{names.zh}）{part.zh}。",
        f"Clearly dependent on the covariates: {len(told)} of {len(leaves)} indicators"
        f" ({names.en}){part.en}.",
    )
    return _finding("indicators", light, len(told) / len(leaves), words)


def _of_ranking(found: Endowment) -> Finding:
    prefix = "category_" if found.several else ""
    shift = found.net[f"{prefix}shift"]
    sizes = found.net.groupby("category")["total"].transform("size")
    share = float((shift.abs() / (sizes if prefix else len(shift))).mean())
    if found.summary["p"] >= CHANCE:
        words = Words(
            "总分与背景数据的关系没有超出巧合，没有可扣除的。",
            "Totals depend on the covariates no more than by chance: there is nothing to take off.",
        )
        return _finding("ranking", "grey", share, words)
    light: Light = "green" if share <= FAR else "amber" if share <= VERY_FAR else "red"
    unit = str(shift.abs().idxmax())
    move, scope = int(shift[unit]), Words("类内", " in their category") if prefix else Words("", "")
    words = Words(
        f"扣除背景数据的作用后，{scope.zh}名次平均变动 {shift.abs().mean():.1f} 位；变动最大的是“{unit}”，"
        f"{'前进' if move > 0 else '后退'} {abs(move)} 位。",
        f"Net of the covariates places{scope.en} would move by {shift.abs().mean():.1f} on average;"
        f" most for {unit}, {'up' if move > 0 else 'down'} by {abs(move)}.",
    )
    if not move:
        words = Words(
            f"扣除背景数据的作用后，{scope.zh}名次都不变。",
            f"Net of the covariates no place{scope.en} would change.",
        )
    caution = Words(
        "这是诊断，不是应得的名次：与条件有关的那部分里也可能有真实的努力。",
        "This is a diagnosis, not the ranking that is deserved: what goes with endowment may be real"
        " effort too.",
    )
    return _finding("ranking", light, share, words, caution)


def _of_adjustments(found: Endowment) -> Finding:
    points = found.nodes[found.nodes["kind"] == "adjustment"]
    told = points[(points["p_joint"] < CHANCE) & (points["r2"] >= MEDIUM)]
    varied = points["r2"].notna().sum()
    if not varied:
        words = Words("同类单位的加减分没有差异。", "Bonuses do not differ inside categories.")
        return _finding("adjustments", "grey", np.nan, words)
    if not len(told):
        words = Words(
            f"{varied} 项有差异的加减分，都没有超出巧合地取决于背景数据。",
            f"Of {varied} kinds of bonus and deduction that differ, none follows the covariates"
            " beyond chance.",
        )
        return _finding("adjustments", _nothing_found(found), 0.0, words)
    rows = [
        (node_words(found.scheme, str(name)), row["strongest"], row["spearman"])
        for name, row in told.sort_values("r2", ascending=False, kind="stable")
        .head(MOST)
        .iterrows()
    ]
    words = Words(
        "加减分取决于背景数据："
        + "；".join(f"“{name.zh}”与 {by}（秩相关 {rho:+.2f}）" for name, by, rho in rows)
        + "。",
        "Bonuses follow the covariates: "
        + "; ".join(f"{name.en} and {by} (rank correlation {rho:+.2f})" for name, by, rho in rows)
        + ".",
    )
    return _finding(
        "adjustments", _by_size(float(told["r2"].max())), float(told["r2"].max()), words
    )


def _of_effort(found: Endowment) -> Finding:
    s = found.summary
    share = float(s["endowment_share"])
    words = Words(
        f"努力解释了总分差异的 {s['effort_r2']:.0%}；在努力与禀赋合起来能解释的差异中，"
        f"{share:.0%} 只归于禀赋。努力相同的单位，总分仍相差约 {s['equal_effort_sd']:.2f} 分（标准差）。",
        f"Effort explains {s['effort_r2']:.0%} of the differences between totals; of what effort and"
        f" endowment explain together, {share:.0%} is endowment alone. Totals of equal effort still"
        f" differ by about {s['equal_effort_sd']:.2f} points (standard deviation).",
    )
    light = _by_size(share)
    if light != "green" and s["p"] >= CHANCE:
        light, words = "grey", Words(words.zh + TOO_FEW.zh, f"{words.en} {TOO_FEW.en}")
    caution = Words(
        "只在努力真正已知时成立（如模拟）；用别的指标代替努力，结论随之改变。",
        "It holds only where effort is really known (as in a simulation); with a stand-in for effort"
        " it says something else.",
    )
    return _finding("effort", light, share, words, caution)
