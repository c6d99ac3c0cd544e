"""What parity says in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simkaohe.fairness.finding import Finding, Light
from simkaohe.fairness.wording import cases, even, filled, grade_words, listed
from simkaohe.labels import Words
from simkaohe.scheme.tree import Scheme

Names = dict[Any, Words]
RARE = 0.05
"""Below this share of shuffles, chance is not believed; the customary one in twenty."""
LARGE = 0.737
"""Superiority that is large: Cliff's delta of .474 (Romano et al. 2006)."""
NOT_TOLD = Words("无法比较：", "This cannot be compared: ")
ONE_GROUP = Words("只有一组单位。", "there is one group of units only.")


def of_top_grade(
    scheme: Scheme, grades: pd.DataFrame, indices: pd.DataFrame, names: Names, by_rule: bool
) -> Finding:
    """Return whether groups get their share of the top grade."""
    question = Words(
        "各类单位得到最高等次的机会相同吗？", "Do groups get their share of the top grade?"
    )
    caution = Words(
        "机会相同不等于公平，机会不同也不等于不公平：成绩本来可以不同。",
        "Equal shares are not fairness and unequal ones are not unfairness: results may differ.",
    )
    gap: Any = indices.loc["top_gap"]
    ratio = float(indices["value"]["top_ratio"])

    def finding(light: Light, sentence: Words, value: float = np.nan) -> Finding:
        return Finding("parity", "parity.top_grade", question, light, value, sentence, caution)

    if len(names) < 2:
        return finding("grey", _joined(NOT_TOLD, ONE_GROUP))
    if scheme.grades is None or np.isnan(ratio):
        return finding("grey", _joined(NOT_TOLD, _nobody(scheme)))
    top: Any = grades.xs(scheme.grades.bands[0].name, level="grade")
    most, fewest = top["share"].idxmax(), top["share"].idxmin()
    said = {
        "grade": grade_words(scheme, scheme.grades.bands[0].name),
        "most": names[most],
        "most_share": f"{top['share'][most]:.0%}",
        "fewest": names[fewest],
        "fewest_share": f"{top['share'][fewest]:.0%}",
    }
    same = top["share"][most] == top["share"][fewest]
    if by_rule:
        sentence = _set_by_rule(top, names, said, same)
        return finding("grey", sentence, float(gap["value"]))
    if same:
        sentence = filled(
            "各类得“{grade}”的比例都是 {most_share}。",
            "{grade}: {most_share} of every group.",
            **said,
        )
        return finding("green", sentence, 0.0)
    sentence = filled(
        "“{grade}”比例最高的是“{most}”（{most_share}），最低的是“{fewest}”（{fewest_share}）。若分组与成绩"
        "无关，这么大的差距出现的可能是 {p}（随机分组平均也差 {expected:.0%}）。",
        "The share of {grade} is highest in {most} ({most_share}) and lowest in {fewest}"
        " ({fewest_share}). If groups meant nothing, a gap like this would appear in {p} of cases"
        " (groups drawn by lot differ by {expected:.0%} on average).",
        **said,
        p=cases(gap["p"]),
        expected=gap["expected"],
    )
    light: Light = even(ratio)
    if light != "green" and gap["p"] > RARE:
        light = "grey"
    return finding(light, sentence, float(gap["value"]))


def _set_by_rule(top: pd.DataFrame, names: Names, said: dict[str, Any], same: bool) -> Words:
    empty = [
        filled("“{name}”{k:.0f} 个", "{name} {k:.0f}", name=names[g], k=k)
        for g, k in top["unused"].items()
        if k > 0
    ]
    unused = filled("有名额空缺：{who}。", " Seats left empty: {who}.", who=listed(empty, 6))
    spread = (
        filled("各类都是 {most_share}", "{most_share} everywhere", **said)
        if same
        else filled(
            "最高“{most}”{most_share}，最低“{fewest}”{fewest_share}",
            "from {fewest_share} in {fewest} to {most_share} in {most}",
            **said,
        )
    )
    return filled(
        "名额按类别下达，“{grade}”比例（{spread}）由规则定死，相近不说明公平。{unused}",
        "Each category has seats of its own, so the shares of {grade} ({spread}) are set by the rule"
        " and show nothing about how hard it is to win.{unused}",
        grade=said["grade"],
        spread=spread,
        unused=unused if empty else Words("", ""),
    )


def of_quota(scheme: Scheme, grades: pd.DataFrame, names: Names, by_category: bool) -> Finding:
    """Return what rounding makes of the top grade's quota."""
    question = Words("名额取整对各类是否一样？", "Does rounding treat the categories alike?")
    caution = Words(
        "只比较名额与单位数；类别小，取整必有误差，可以改用合并类别或跨年累计。",
        "Seats against units only; small categories cannot be rounded well, but they can be merged"
        " or their remainders carried to the next year.",
    )

    def finding(light: Light, sentence: Words, value: float = np.nan) -> Finding:
        return Finding("parity", "parity.quota", question, light, value, sentence, caution)

    if len(names) < 2:
        return finding("grey", _joined(NOT_TOLD, ONE_GROUP))
    top: Any = ()
    if scheme.grades is not None and by_category:
        top = grades.xs(scheme.grades.bands[0].name, level="grade")
        top = top[top["seats"].notna()]
    if len(top) < 2:
        reason = Words("最高等次没有按类别下达名额。", "the top grade has no seats by category.")
        return finding("grey", _joined(NOT_TOLD, reason))
    most, fewest = top["effective"].idxmax(), top["effective"].idxmin()
    highest = float(top["effective"].max())
    none = [names[name] for name, seats in top["seats"].items() if not seats]
    stated = scheme.grades.bands[0].share if scheme.grades else None
    in_numbers = Words("名额以个数下达", "the rule gives numbers")
    share = f"{stated or 0:.0%}"
    rule = Words(f"规定为 {share}", f"the rule says {share}") if stated else in_numbers
    deviation = float(top["deviation"].abs().max())
    if top["effective"][fewest] == highest:
        sentence = filled(
            "取整后，最高等次名额占单位数的比例各类都是 {high:.0%}，{rule}。",
            "After rounding, seats of the top grade are {high:.0%} of the units of every category;"
            " {rule}.",
            high=highest,
            rule=rule,
        )
        return finding("green" if highest else "red", sentence, deviation)
    sentence = filled(
        "最高等次名额占单位数的比例，取整后“{most}”为 {high:.0%}（{k:.0f} 个），“{fewest}”为 {low:.0%}"
        "（{j:.0f} 个），{rule}。{none}",
        "After rounding, seats of the top grade are {high:.0%} of the units of {most} ({k:.0f}) and"
        " {low:.0%} of those of {fewest} ({j:.0f}); {rule}.{none}",
        most=names[most],
        high=highest,
        k=top["seats"][most],
        fewest=names[fewest],
        low=top["effective"][fewest],
        j=top["seats"][fewest],
        rule=rule,
        none=filled("没有名额的：{who}。", " Without any seat: {who}.", who=listed(none))
        if none
        else Words("", ""),
    )
    return finding(even(float(top["effective"].min()) / highest), sentence, deviation)


def of_rank(pairs: pd.DataFrame, names: Names) -> Finding:
    """Return whether the units of one group stand before those of another."""
    question = Words(
        "有没有一类单位整体排在另一类前面？", "Do the units of one group stand before others?"
    )
    caution = Words(
        "不说明原因：可能是成绩不同、考核内容不同，也可能是条件不同。只在类内排名时，类间先后不影响任何人。",
        "It gives no reason: results, what is assessed, or circumstances may differ. Where ranks"
        " count inside categories only, the order between them harms nobody.",
    )

    def finding(light: Light, sentence: Words, value: float = np.nan) -> Finding:
        return Finding("parity", "parity.rank", question, light, value, sentence, caution)

    if not len(pairs):
        return finding("grey", _joined(NOT_TOLD, ONE_GROUP))
    sure = pairs[pairs["p_adjusted"] <= RARE]
    shown = sure if len(sure) else pairs
    off = (shown["superiority"] - 0.5).abs().to_numpy(np.float64)
    at = int(off.argmax())
    (first, second), pair = shown.index[at], shown.iloc[at]
    value, low, high = pair["superiority"], pair["low"], pair["high"]
    if value < 0.5:
        first, second, value, low, high = second, first, 1 - value, 1 - high, 1 - low
    sentence = filled(
        "差别最大的两类：“{a}”的单位排在“{b}”的单位前面的可能为 {value:.0%}（95% 区间 {low:.0%}–{high:.0%}，"
        "50% 为不分先后）；若分类与成绩无关，差别这么大的可能是 {p}。",
        "The two that differ most: a unit of {a} stands before one of {b} with a chance of {value:.0%}"
        " (95 % interval {low:.0%}–{high:.0%}; 50 % is even); if groups meant nothing, one as uneven"
        " would appear in {p} of cases.",
        a=names[first],
        b=names[second],
        value=value,
        low=low,
        high=high,
        p=cases(pair["p_adjusted"]),
    )
    if len(sure):
        return finding("red" if value >= LARGE else "amber", sentence, float(value))
    wide = (pairs["high"] >= LARGE) | (pairs["low"] <= 1 - LARGE)
    if wide.any():
        few = Words(
            "单位太少，大的差别也排除不了。", " With so few units a large one cannot be excluded."
        )
        return finding("grey", _joined(sentence, few), float(value))
    return finding("green", sentence, float(value))


def _nobody(scheme: Scheme) -> Words:
    if scheme.grades is None:
        return Words("方案没有等次。", "the scheme has no grades.")
    return Words("没有单位得到最高等次。", "nobody has the top grade.")


def _joined(one: Words, other: Words) -> Words:
    return Words(one.zh + other.zh, one.en + other.en)
