"""What money and seats say in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simkaohe.fairness.finding import Finding
from simkaohe.fairness.wording import category_words, even, filled, lit, use_words
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
    gini_now = float(table["gini_corrected"][use])
    if np.isnan(gini_now):
        return _unpaid(use, "concentration", question, caution, name)
    tenth = -(-units // 10)
    top = float(table["top_tenth"][use])
    sentence = filled(
        "“{use}”有 {paid} / {units} 个单位得到；得到最多的 {tenth} 个拿走 {top:.0%}。基尼系数 {gini:.2f}（0 为均分，"
        "1 为一家独得）；若按得分比例发，为 {even:.2f}。",
        "{paid} of {units} units get some of {use}; the best-paid {tenth} take {top:.0%}. Gini"
        " {gini:.2f} (0 is equal, 1 is all to one); paid in proportion to score it would be"
        " {even:.2f}.",
        use=name,
        paid=table["paid"][use],
        units=units,
        tenth=tenth,
        top=top,
        gini=gini_now,
        even=float(table["gini_proportional"][use]) * units / (units - 1),
    )
    light = lit(top / (tenth / units), TOP_TENTH)
    topic = f"money.concentration.{use}"
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
    mine = categories.loc[[use]] if use in categories.index else categories.iloc[:0]
    mine = mine[mine["relative"].notna()].droplevel("use")
    if not len(mine):
        return _unpaid(use, "categories", question, caution, name)
    topic = f"money.categories.{use}"
    if len(mine) < 2:
        sentence = Words("没有两个以上的类别。", "There are no two categories.")
        return Finding("money", topic, question, "grey", np.nan, sentence, caution)
    relative = mine["relative"].to_numpy(np.float64)
    most, fewest = mine.iloc[int(relative.argmax())], mine.iloc[int(relative.argmin())]
    ratio = float(relative.min() / relative.max())
    by_staff = bool(mine["share_staff"].notna().all())
    due = "share_staff" if by_staff else "share_units"
    sentence = filled(
        "“{use}”与{what}相比，“{a}”最多：占{what} {n:.0%}，得总额的 {s:.0%}；“{b}”最少：占 {m:.0%}，得 {t:.0%}。",
        "Compared with {what}, {a} gets most of {use}: {s:.0%} of it with {n:.0%} of the {what}; {b}"
        " least: {t:.0%} with {m:.0%}.",
        use=name,
        what=Words("人数（需求）", "staff (need)") if by_staff else Words("单位数", "units"),
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
    net = round(float(change.sum()), 6) + 0.0
    losers = change < -1e-9
    value = float(losers.mean())
    if not losers.any():
        sentence = filled(
            "没有单位因此少得“{use}”，总额变化 {net:+.4g}{unit}。",
            "No unit gets less of {use}; the whole changes by {net:+.4g} {unit}.",
            use=name,
            net=net,
            unit=scheme.uses[use].unit or "",
        )
    else:
        sentence = filled(
            "{k} / {n} 个单位少得“{use}”共 {lost:.4g}{unit}{kind}；少得最多的是“{who}”（{worst:+.4g}）。"
            "总额变化 {net:+.4g}。",
            "{k} of {n} units get less of {use}, {lost:.4g} {unit} in all{kind}. {who} loses most"
            " ({worst:+.4g}). The whole changes by {net:+.4g}.",
            k=int(losers.sum()),
            n=len(change),
            use=name,
            lost=-change[losers].sum(),
            unit=scheme.uses[use].unit or "",
            kind=_bearer(scheme, by_category.loc[[use]].droplevel("use")),
            who=str(mine.index[int(change.argmin())]),
            worst=change.min(),
            net=net,
        )
    topic = f"money.change.{use}"
    return Finding("money", topic, question, lit(value, PAYERS), value, sentence, caution)


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
