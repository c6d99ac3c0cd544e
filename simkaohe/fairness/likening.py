"""What the comparison of similar units says in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simkaohe.fairness.finding import Finding, Light
from simkaohe.fairness.wording import category_words, filled, grade_words, lit, named
from simkaohe.labels import Words
from simkaohe.scheme.tree import Scheme

APART: tuple[float, float] = (0.1, 0.3)
"""Share of near pairs that end far apart: one in ten; nearly one in three."""
FEW = 10
"""Near pairs below which a share is no more than worth a look."""
STEP: tuple[float, float] = (10.0, 50.0)
"""Points of 100 between neighbours: a tenth of the marks; half of them."""
NARROW = 0.001
"""Of full marks: a grade line narrower than 0.1 of 100 is a matter of rounding."""
EQUALS: tuple[float, float] = (0.5, 0.8)
"""Of the spread of totals that equals in effort show: half; nearly all, so effort hardly counts."""


def of_pairs(pairs: pd.DataFrame, near: float, least: float) -> Finding:
    """Return whether units that are alike end far apart."""
    question = Words("情况相近的单位，名次也相近吗？", "Do similar units end in similar places?")
    caution = Words(
        "只比较方案读取的数据；排名密集时，一点分差就是好几名。条件、难度、加减分的差别不在比较之内。",
        "Only what the scheme reads is compared, not circumstances, difficulty, bonus or veto; in a"
        " dense ranking few points are many places.",
    )
    if not len(pairs):
        sentence = filled(
            "没有两个单位在每个指标上的差别都不超过全距的 {near:.0%}：最相近的两个，差别最大的一项也差 {least:.0%}。",
            "No two units differ by at most {near:.0%} of the range in every indicator: even the two"
            " most alike differ by {least:.0%} in one.",
            near=near,
            least=least,
        )
        if np.isnan(least):
            sentence = Words("没有可比的两个单位。", "There are no two units to compare.")
        return Finding(
            "similar_units", "similar_units.pairs", question, "grey", np.nan, sentence, caution
        )
    share = float(pairs["far"].mean())
    first: Any = pairs.iloc[0]
    sentence = filled(
        "各指标差别都不超过全距 {near:.0%} 的单位有 {n} 对，其中 {far} 对名次相差两成以上，同类中 {line} 对"
        "等次不同；相差最大的是“{a}”和“{b}”，差 {places} 名、{points:.2f} 分。",
        "Pairs that differ by at most {near:.0%} of the range in every indicator: {n}. A fifth of the"
        " ranking or more apart: {far}; in one category with different grades: {line}. The farthest"
        " apart are {a} and {b} (places: {places}, points: {points:.2f}).",
        near=near,
        n=len(pairs),
        far=int(pairs["far"].sum()),
        line=int((pairs["same_category"] & ~pairs["same_grade"]).sum()),
        a=pairs.index[0][0],
        b=pairs.index[0][1],
        places=first["places"],
        points=abs(first["points"]),
    )
    light = lit(share, APART)
    if light == "red" and len(pairs) < FEW:
        light = "amber"
    return Finding(
        "similar_units", "similar_units.pairs", question, light, share, sentence, caution
    )


def of_identical(identical: pd.DataFrame, count: int) -> Finding:
    """Return whether equals are treated equally."""
    question = Words("完全相同的单位，结果相同吗？", "Are identical units treated identically?")
    caution = Words(
        "只认记录完全相同的单位；没有这样的单位，就什么也没有检验。",
        "Only units whose records are the same throughout; without such units nothing is tested.",
    )
    if not count:
        sentence = Words(
            "没有两个单位的记录完全相同。", "No two units have the same records throughout."
        )
        return Finding(
            "similar_units", "similar_units.identical", question, "grey", np.nan, sentence, caution
        )
    sentence = filled(
        "记录完全相同的同类单位有 {count} 对，结果不同的有 {n} 对。",
        "Pairs in one category with the same records throughout: {count}; ending differently: {n}.",
        count=count,
        n=len(identical),
    )
    light: Light = "red" if len(identical) else "green"
    value = float(len(identical))
    return Finding(
        "similar_units", "similar_units.identical", question, light, value, sentence, caution
    )


def of_reversals(reversals: pd.DataFrame, comparable: int) -> Finding:
    """Return whether a unit that is better throughout ranks behind."""
    question = Words(
        "样样不差的单位会排在后面吗？", "Can a unit that is better throughout rank behind?"
    )
    caution = Words(
        "一票否决、系数、加减分本来就可以这样安排；数量不为零只说明要能讲清理由。",
        "Vetoes, coefficients and bonuses may be meant to do this; a number above zero only asks for"
        " the reason.",
    )
    if not comparable:
        sentence = Words(
            "没有哪个单位在每个指标上都不低于另一个。",
            "No unit is at least as good as another in every indicator.",
        )
        return Finding(
            "similar_units", "similar_units.reversals", question, "grey", np.nan, sentence, caution
        )
    counts = reversals["cause"].value_counts()
    said: dict[str, Any] = {cause: int(counts.get(cause, 0)) for cause in
                            ("combination", "category", "adjustments")}  # fmt: skip
    sentence = filled(
        "一方每个指标都不低于另一方的有 {all} 对，其中 {n} 对名次反而靠后：{adjustments} 对因加减分或否决，"
        "{category} 对因类别权重不同，{combination} 对因合成方法。",
        "Pairs in which one unit is at least as good in every indicator: {all}. It ranks behind in {n}:"
        " {adjustments} by bonus, deduction or veto, {category} by the weights of another category,"
        " {combination} by the way scores are combined.",
        all=comparable,
        n=len(reversals),
        **said,
    )
    light: Light = "amber" if said["combination"] or said["category"] else "green"
    value = float(len(reversals))
    return Finding(
        "similar_units", "similar_units.reversals", question, light, value, sentence, caution
    )


def of_lines(scheme: Scheme, lines: pd.DataFrame, full: float) -> Finding:
    """Return how much decides at the grade lines."""
    question = Words("等次线上差多少分定去留？", "By how much is a grade won or lost?")
    caution = Words(
        "线总要划；分差小只说明线两边的单位几乎没有差别，不说明谁评错了。",
        "A line must be somewhere; a narrow one shows that its two neighbours hardly differ, not that"
        " either is graded wrongly.",
    )
    if not len(lines):
        sentence = Words("没有等次线。", "There is no grade line.")
        return Finding(
            "similar_units", "similar_units.lines", question, "grey", np.nan, sentence, caution
        )
    above = lines[lines["margin"] >= 0]
    crossed = len(lines) - len(above)
    zh = f"另有 {crossed} 条线外的单位分数反而更高（因否决、条件或名额）。" if crossed else ""
    en = f" Lines outside which somebody has more points (veto, condition or seats): {crossed}."
    en = en if crossed else ""
    if not len(above):
        widest = float(lines["margin"].max())
        words = Words(zh.removeprefix("另"), en.strip())
        return Finding(
            "similar_units", "similar_units.lines", question, "amber", widest, words, caution
        )
    at = int(above["margin"].to_numpy(np.float64).argmin())
    (category, grade), line = above.index[at], above.iloc[at]
    sentence = filled(
        "分差最小的是{where}“{grade}”线：“{a}”在线内，“{b}”在线外，只差 {margin:.3g} 分。{more}",
        "The narrowest line is that of {grade}{where}: {a} is in and {b} is out by {margin:.3g}"
        " points.{more}",
        where=_place(scheme, str(category)),
        grade=grade_words(scheme, str(grade)),
        a=line["last_in"],
        b=line["first_out"],
        margin=line["margin"],
        more=Words(zh, en),
    )
    narrowest = float(above["margin"].min())
    light: Light = "amber" if narrowest < NARROW * full else "green"
    return Finding(
        "similar_units", "similar_units.lines", question, light, narrowest, sentence, caution
    )


def _place(scheme: Scheme, category: str) -> Words:
    if not category:
        return Words("", "")
    return filled("“{c}”的", " in {c}", c=category_words(scheme, category))


def of_steps(scheme: Scheme, steps: pd.DataFrame) -> Finding:
    """Return in which indicator a little makes much."""
    question = Words("指标值差一点，得分会差很多吗？", "Does a little in one indicator make much?")
    caution = Words(
        "分档、位次、达标类指标本来就有台阶；是否影响总分还要看权重。",
        "Tiers, places and thresholds have steps by design; what they do to the total depends on the"
        " weight.",
    )
    known = steps[steps["score_gap"] > 0]
    if not len(known):
        sentence = Words(
            "没有只看指标值、且两个单位的值很接近而得分不同的指标。",
            "No indicator scored by its value alone parts two units that are close in it.",
        )
        light: Light = "green" if len(steps) else "grey"
        value = 0.0 if len(steps) else np.nan
        return Finding(
            "similar_units", "similar_units.steps", question, light, value, sentence, caution
        )
    first: Any = known.iloc[0]
    leaf = scheme.nodes[str(known.index[0])]
    sentence = filled(
        "台阶最陡的是“{name}”：“{a}”和“{b}”的指标值只差全距的 {value:.1%}，得分却差 {score:.1f} 分（满分 100）。",
        "The steepest is {name}: {a} and {b} differ by {value:.1%} of its range and by {score:.1f} of"
        " 100 points.",
        name=named(leaf.name, leaf.name_en, leaf.id),
        a=first["unit"],
        b=first["other"],
        value=first["value_gap"],
        score=first["score_gap"],
    )
    value = float(first["score_gap"])
    return Finding(
        "similar_units", "similar_units.steps", question, lit(value, STEP), value, sentence, caution
    )


def of_effort(table: pd.DataFrame) -> Finding:
    """Return whether equals in effort get equal totals."""
    question = Words("同样努力的单位，得分相同吗？", "Do units of equal effort get equal totals?")
    caution = Words(
        "真实努力程度只有在模拟中才知道；换一种努力的定义，结论会变。",
        "True effort is known in simulations only; another definition of it would give another answer.",
    )
    if not len(table):
        sentence = Words(
            "没有给出真实努力程度（effort），或各类单位太少，无法判断。",
            "True effort is not given (effort), or categories are too small; it cannot be told.",
        )
        return Finding(
            "similar_units", "similar_units.effort", question, "grey", np.nan, sentence, caution
        )
    size = table["units"].to_numpy(np.float64)
    horizontal, spread = (
        float(np.sqrt((table[name].to_numpy(np.float64) ** 2 * size).sum() / size.sum()))
        for name in ("horizontal", "spread")
    )
    value = horizontal / spread if spread else np.nan
    sentence = filled(
        "类内努力程度相同的单位，总分仍相差约 {h:.2f} 分（标准差），全体为 {s:.2f} 分{order}。",
        "Within categories, totals of equals in effort still spread by {h:.2f} points (standard"
        " deviation), those of all by {s:.2f}{order}.",
        h=horizontal,
        s=spread,
        order=filled(
            "；努力与总分的先后一致程度（肯德尔 τ）平均 {tau:.2f}",
            "; effort and totals agree in order with a Kendall tau of {tau:.2f} on average",
            tau=table["order"].mean(),
        )
        if table["order"].notna().any()
        else Words("", ""),
    )
    return Finding(
        "similar_units",
        "similar_units.effort",
        question,
        lit(value, EQUALS),
        value,
        sentence,
        caution,
    )
