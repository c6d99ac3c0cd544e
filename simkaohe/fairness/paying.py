"""What money and seats say in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simkaohe.fairness.finding import Finding
from simkaohe.fairness.wording import amount, category_words, even, filled, lit, use_words
from simkaohe.labels import Words
from simkaohe.scheme.tree import Scheme

TOP_TENTH: tuple[float, float] = (3.0, 6.0)
"""What the best-paid tenth gets, in its shares of units: three times; more than half of all."""
PAYERS: tuple[float, float] = (0.25, 0.5)
"""Share of units that lose by a change: one in four; more losers than not."""


def nothing() -> Finding:
    """Return that there is no use of the results."""
    return Finding(
        "money",
        "money.uses",
        Words("钱和名额给了谁？", "Who gets money and seats?"),
        "grey",
        np.nan,
        Words("方案没有规定结果运用（uses）。", "The scheme states no use of the results (uses)."),
        Words("结果可能另有用处。", "The results may be used outside the scheme."),
    )


def _unpaid(use: str, topic: str, question: Words, caution: Words, name: Words) -> Finding:
    sentence = filled(
        "“{use}”没有发给任何单位。", "Nothing is paid from {use} to anybody.", use=name
    )
    return Finding("money", f"money.{topic}.{use}", question, "grey", np.nan, sentence, caution)


def of_concentration(scheme: Scheme, use: str, table: pd.DataFrame) -> Finding:
    """Return whether few units get most of a use."""
    name, units = use_words(scheme, use), int(table["units"][use])
    question = filled("“{use}”集中在少数单位吗？", "Do few units get most of {use}?", use=name)
    caution = Words(
        "集中本身不是毛病：奖励办法一旦定下，集中程度就大致定了，与谁得奖无关。",
        "Concentration is no fault in itself: the rule of payment nearly fixes it, whoever wins.",
    )
    topic = f"money.concentration.{use}"
    gini_now = float(table["gini_corrected"][use])
    if not table["paid"][use]:
        return _unpaid(use, "concentration", question, caution, name)
    if units < 2:
        sentence = filled("“{use}”只涉及一个单位。", "{use} is meant for one unit only.", use=name)
        return Finding("money", topic, question, "grey", np.nan, sentence, caution)
    tenth = -(-units // 10)
    top = float(table["top_tenth"][use])
    by_score = float(table["gini_proportional"][use]) * units / (units - 1)
    sentence = filled(
        "“{use}”有 {paid} / {units} 个单位得到；得到最多的 {tenth} 个拿走 {top:.0%}。基尼系数 {gini:.2f}（0 为均分，"
        "1 为一家独得）{even}。",
        "{paid} of {units} units get some of {use}; {top:.0%} of it goes to the best-paid {tenth}."
        " Gini {gini:.2f} (0 is equal, 1 is all to one){even}.",
        use=name,
        paid=table["paid"][use],
        units=units,
        tenth=tenth,
        top=top,
        gini=gini_now,
        even=filled(
            "；若按得分比例发，为 {gini:.2f}",
            "; paid in proportion to score it would be {gini:.2f}",
            gini=by_score,
        )
        if by_score == by_score
        else Words("", ""),
    )
    light = lit(top / (tenth / units), TOP_TENTH)
    return Finding("money", topic, question, light, gini_now, sentence, caution)


def of_categories(scheme: Scheme, use: str, categories: pd.DataFrame) -> Finding:
    """Return whether categories get what their size, staff or need is."""
    name = use_words(scheme, use)
    question = filled("各类分到的“{use}”相称吗？", "Is {use} spread evenly by category?", use=name)
    caution = Words(
        "只与单位数（或方案写明的人数、需求）相比；任务和成绩不同，份额不同未必不公平。",
        "Compared with units only (or staff and need, where the scheme says so); tasks and results"
        " differ, so unequal shares may be fair.",
    )
    mine = categories[categories.index.get_level_values("use") == use].droplevel("use")
    if not mine["amount"].sum() > 0:
        return _unpaid(use, "categories", question, caution, name)
    mine = mine[mine["relative"].notna()]
    topic = f"money.categories.{use}"
    if len(mine) < 2:
        sentence = Words("没有两个以上的类别。", "There are no two categories.")
        return Finding("money", topic, question, "grey", np.nan, sentence, caution)
    relative = mine["relative"].to_numpy(np.float64)
    most, fewest = mine.iloc[int(relative.argmax())], mine.iloc[int(relative.argmin())]
    ratio = float(relative.min() / relative.max())
    by_staff = bool(mine["share_staff"].notna().all())
    due = "share_staff" if by_staff else "share_units"
    what = Words("人数（需求）", "staff (need)") if by_staff else Words("单位数", "units")
    if ratio > 1 - 1e-9:
        sentence = filled(
            "各类“{use}”所占份额都与其{what}所占份额相同。",
            "Every category gets the share of {use} that it has of the {what}.",
            use=name,
            what=what,
        )
        return Finding("money", topic, question, "green", ratio, sentence, caution)
    sentence = filled(
        "“{use}”与{what}相比，“{a}”最多：占{what} {n:.0%}，得总额的 {s:.0%}；“{b}”最少：占 {m:.0%}，得 {t:.0%}。",
        "Compared with {what}, {a} gets most of {use}: {s:.0%} of it with {n:.0%} of the {what}; {b}"
        " least: {t:.0%} with {m:.0%}.",
        use=name,
        what=what,
        a=category_words(scheme, str(most.name)),
        b=category_words(scheme, str(fewest.name)),
        n=most[due],
        m=fewest[due],
        s=most["share"],
        t=fewest["share"],
    )
    return Finding("money", topic, question, even(ratio), ratio, sentence, caution)


def of_change(
    scheme: Scheme, use: str, changes: pd.DataFrame, by_category: pd.DataFrame
) -> Finding:
    """Return who pays for a change."""
    name = use_words(scheme, use)
    question = filled("“{use}”改动后由谁承担？", "Who pays for the change of {use}?", use=name)
    caution = Words(
        "按同一年的数据比较；有得有失是改动的本意，不说明改得不对。",
        "On the same year's data; to move money may be what the change is for.",
    )
    mine = changes.xs(use, level="use")
    change = mine["change"].to_numpy(np.float64)
    net = _net(float(change.sum()), scheme.uses[use].unit or "")
    losers = change < -1e-9
    value = float(losers.mean())
    if not losers.any():
        sentence = filled(
            "没有单位因此少得“{use}”，{net}。",
            "No unit gets less of {use}; {net}.",
            use=name,
            net=net,
        )
    else:
        sentence = filled(
            "{k} / {n} 个单位少得“{use}”，共 {lost}{kind}；少得最多的是“{who}”（{worst}）；{net}。",
            "{k} of {n} units get less of {use}, {lost} in all{kind}; {who} loses most ({worst}); {net}.",
            k=int(losers.sum()),
            n=len(change),
            use=name,
            lost=_with_unit(amount(-change[losers].sum()), scheme.uses[use].unit or ""),
            kind=_bearer(scheme, by_category.loc[[use]].droplevel("use")),
            who=str(mine.index[int(change.argmin())]),
            worst=amount(change.min(), "+"),
            net=net,
        )
    topic = f"money.change.{use}"
    return Finding("money", topic, question, lit(value, PAYERS), value, sentence, caution)


def _with_unit(number: str, unit: str) -> Words:
    return Words(number + unit, f"{number} {unit}".strip())


def _net(change: float, unit: str) -> Words:
    if amount(change) == "0":
        return Words("总额不变", "the whole does not change")
    return filled(
        "总额变化 {much}", "the whole changes by {much}", much=_with_unit(amount(change, "+"), unit)
    )


def _bearer(scheme: Scheme, categories: pd.DataFrame) -> Words:
    """Return which category bears most of the losses; nothing where there is one only."""
    lost = categories["lost"].to_numpy(np.float64)
    if len(lost) < 2:
        return Words("", "")
    most = int(lost.argmax())
    return filled(
        "，其中“{kind}”承担 {share:.0%}",
        ", of which {kind} bears {share:.0%}",
        kind=category_words(scheme, str(categories.index[most])),
        share=lost[most] / lost.sum(),
    )
