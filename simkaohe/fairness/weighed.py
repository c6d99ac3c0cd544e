"""What weights come to (权重的实际分量): dilution, ceilings, attention, what makes up for what."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import numpy as np
import pandas as pd

from simkaohe.engine.standing import Ints
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.fairness.finding import Finding, asked, called, listed, lit, when, worse
from simkaohe.fairness.given import INDICATOR, NOTHING, check_names, check_pass_lines, indicators
from simkaohe.fairness.levers import Footing, Lever
from simkaohe.labels import Words
from simkaohe.scheme.tree import Indicator

MISPLACED = (0.25, 0.5)
"""Share of all weight that works elsewhere than it is stated (ours)."""
SILENT = (0.2, 0.5)
"""Share of the weight in indicators whose best score at least half of the units share (ours)."""
CROWDED = 0.5
"""Share of units with the same best score from which an indicator no longer tells them apart."""
UNHEARD = (0.25, 0.5)
"""By how much soft indicators fall short of their stated share, or exceed it (ours)."""
LATE = (0.05, 0.1)
"""Effective share of late results below which they are forgotten, or hardly count (ours)."""
MADE_UP = (1e-9, 0.2)
"""Share of those at the top that miss a pass line: any; one in five (ours)."""
PASS = 60.0
"""Points with which a part is passed, where no other line is named."""
PASSING = 0.25
"""Share of units that pass every line, below which 60 points were not meant as one."""
SOFT_MEASURES = ("survey", "answers", "rating_mean", "rating_ranks")
NODE = Words("指标或分组", "indicator or group")
NO_DIFFERENCE = Words("各单位总分没有差别。", "The units' totals do not differ.")
WEIGHTS = asked(
    "leverage.weights",
    "规定的权重真的起作用吗？",
    "Do the stated weights do what they say?",
    "有效权重取决于今年各单位之间的差距；差距小的指标不是不重要，只是今年拉不开名次。",
    "Effective weights depend on this year's differences; an indicator with small ones is not"
    " unimportant, it only does not decide the places this year.",
)
CEILING = asked(
    "leverage.ceiling",
    "封顶把差距压没了吗？",
    "Do caps press the differences out?",
    "大家都满分，可能是都做到了，也可能是目标定低了；数字分不出这两种情况。",
    "Full marks for all may mean that all have done it or that targets are low; the numbers"
    " do not tell which.",
)
ATTENTION = asked(
    "leverage.attention",
    "软指标和硬指标各起多大作用？",
    "Do hard numbers drown out what people are asked about?",
    "软硬按数据来源划分，不说明哪一类更真实；软指标差距小，也可能是评分人不愿拉开分数。",
    "Soft and hard go by where the numbers come from, not by which are truer; small differences"
    " may also come from raters who avoid them.",
)
LAGGED = asked(
    "leverage.lagged",
    "打基础、利长远的事有分量吗？",
    "Do results that come late carry weight?",
    "哪些算见效慢由使用者判断；有分量不等于考得准。",
    "Which results come late is the user's judgement; weight does not mean that they are"
    " measured well.",
)
PASS_LINES = asked(
    "leverage.pass_lines",
    "强项能掩盖不合格的短板吗？",
    "Can strengths hide a failed part?",
    "合格线（默认各部分 60 分）由使用者设定；能互补是加权求和的本意，不一定是缺陷。",
    "The lines (60 points in every part by default) are the user's; that parts make up for each"
    " other is what a weighted sum is meant to do.",
)


def dilution(footing: Footing) -> Lever:
    """Return stated and effective weights, and how many indicators the weights amount to (6)."""
    leaves, effective, stated = footing.scheme.indicators, footing.effective, footing.stated_share
    whole = np.nansum(effective)
    worked = effective / (effective.sum() if abs(whole) > 1e-12 else np.nan)
    columns = {"name": [leaf.label for leaf in leaves], "stated": stated, "effective": worked,
               "less_than_stated": stated - worked}  # fmt: skip
    table = pd.DataFrame(columns, pd.Index([leaf.id for leaf in leaves], name="indicator"))
    gap = float(np.abs(stated - worked).sum() / 2)
    if np.isnan(gap):
        return Lever(table, WEIGHTS.untold(*NO_DIFFERENCE))
    count = np.mean([_count_of(footing, scope) for scope in footing.scopes])
    idle = [leaf for leaf, n, e in zip(leaves, stated, worked, strict=True) if n > 0 and e < n / 4]
    names, k = listed([called(leaf, leaf.id) for leaf in idle]), int((stated > 0).sum())
    rest = when(
        idle,
        f"作用不到规定四分之一的：{names.zh}。",
        f" Less than a quarter of what is stated: {names.en}.",
    )
    finding = WEIGHTS.says(
        lit(gap, *MISPLACED),
        gap,
        f"{k} 个指标的权重相当于 {count:.1f} 个等权指标；{gap:.0%} 的权重没有在它规定的地方起作用。{rest.zh}",
        f"The weights of {k} indicators amount to {count:.1f} equal ones; {gap:.0%} of the weight"
        f" does not work where it is stated.{rest.en}",
    )
    return Lever(table, finding)


def _count_of(footing: Footing, scope: Ints) -> float:
    """Return the number of equal weights with the same sum of squares, in one scope: 1 / Σ w²."""
    own = np.array([footing.nominal[leaf.id][scope].mean() for leaf in footing.scheme.indicators])
    own = np.where(np.isnan(own), footing.stated, own)
    return float(own.sum() ** 2 / (own**2).sum()) if own.any() else np.nan


# -- ceilings --------------------------------------------------------------------------------------


def ceiling(footing: Footing) -> Lever:
    """Return where scores are pressed together at the top, and ties where seats are given (8)."""
    rows = {}
    for leaf in footing.scheme.indicators:
        score, weight = footing.now.scores[leaf.id][0], footing.nominal[leaf.id]
        best, spread, count = 0, 0.0, 0
        for scope in footing.scopes:
            own = np.round(score[scope][(weight[scope] != 0) & ~np.isnan(score[scope])], 9)
            if len(own) > 1:
                best += int((own == own.max()).sum())
                count += len(own)
                spread += own.var() * len(own)
        share = np.array([best, spread]) / (count or np.nan)
        rows[leaf.id] = [leaf.label, share[0], np.sqrt(share[1])]
    columns = ["name", "at_best", "sd"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("indicator")
    table["stated"] = footing.stated_share
    crowded = table["at_best"] >= CROWDED
    n, value = int(crowded.sum()), float(table.loc[crowded, "stated"].sum())
    totals = footing.now.totals[0][np.concatenate(footing.scopes)]
    units, distinct, edge = len(totals), len(np.unique(totals)), list(_tied_at_seats(footing))
    names = listed(edge, 6)
    tied = when(edge, f"在名额线上同分的有：{names.zh}。", f" Tied where seats end: {names.en}.")
    finding = CEILING.says(
        worse(lit(value, *SILENT), "amber" if edge else "green"),
        value,
        f"{n} 个指标至少一半单位并列最高分，占规定权重的 {value:.0%}；按公布的小数位，{units} 个单位的"
        f"总分只有 {distinct} 个不同的数。{tied.zh}",
        f"In {n} indicators at least half of the units share the best score: {value:.0%} of the"
        f" weight; at the published decimals {units} totals have {distinct} different values.{tied.en}",
    )
    return Lever(table, finding)


def _tied_at_seats(footing: Footing) -> Iterator[str]:
    """Yield units whose total is that of the last seat of a quota and of the first without one.

    Vetoes, conditions and extra seats are left aside; ties that the scheme breaks are none.
    """
    rules = footing.scheme.grades
    if rules is None or rules.tie_break:
        return
    apart = rules.within == "category"
    names = footing.engine.categories if apart else ("",)
    sets = footing.engine.members if apart else [np.arange(len(footing.engine.units))]
    ranked = footing.now.ranks[0] > 0
    sets = [members[ranked[members]] for members in sets]
    seats = rules.seats({name: len(s) for name, s in zip(names, sets, strict=True)})
    for name, members in zip(names, sets, strict=True):
        totals = footing.now.totals[0][members]
        order = np.sort(totals)[::-1]
        taken = 0
        for band, quota in zip(rules.bands, seats[name], strict=True):
            if quota is None:
                break
            least = -np.inf if band.at_least is None else band.at_least - 1e-9
            good = (totals >= least).sum()
            taken += quota
            if 0 < taken < min(len(order), good) and order[taken - 1] == order[taken]:
                yield from (footing.engine.units[u] for u in members[totals == order[taken]])


# -- what is heard ---------------------------------------------------------------------------------


def attention(footing: Footing, lagged: Collection[str] = ()) -> tuple[Lever, Lever]:
    """Return what soft (14) and late (13) results weigh, as stated and in effect."""
    check_names("lagged", lagged, indicators(footing.scheme), INDICATOR)
    leaves = footing.scheme.indicators
    table = dilution(footing).table[["name", "stated", "effective"]].assign(
        kind=["soft" if _is_soft(leaf) else "hard" for leaf in leaves],
        lagged=[leaf.id in lagged for leaf in leaves],
    )  # fmt: skip
    return Lever(table, _of_soft(table)), Lever(table, _of_lagged(table))


def _is_soft(leaf: Indicator) -> bool:
    """Return whether an indicator is an opinion (survey, rating, given score), not a count."""
    return leaf.measure.method in SOFT_MEASURES or leaf.rule.method == "given"


def _of_soft(table: pd.DataFrame) -> Finding:
    chosen = table["kind"] == "soft"
    n, (stated, worked) = (
        int(chosen.sum()),
        table.loc[chosen, ["stated", "effective"]].sum(min_count=1),
    )
    if not chosen.any() or chosen.all():
        return ATTENTION.untold(
            "指标全是同一类（全为评议打分，或全为计数），没有可比的。",
            "All indicators are of one kind (opinions, or counts): there is nothing to compare.",
        )
    ratio = worked / stated if stated > 0 else np.nan
    if np.isnan(ratio):
        return ATTENTION.untold(*NO_DIFFERENCE)
    return ATTENTION.says(
        lit(1 - min(ratio, 1 / ratio) if ratio > 0 else 1.0, *UNHEARD),
        ratio,
        f"{n} 个评议、打分类指标规定占 {stated:.0%}，实际拉开的差距占 {worked:.0%}；其余为计数类指标。",
        f"The {n} indicators of opinion (surveys, ratings, given scores) are {stated:.0%} as stated"
        f" and make {worked:.0%} of the differences; the others are counted.",
    )


def _of_lagged(table: pd.DataFrame) -> Finding:
    chosen = table["lagged"]
    n, (stated, worked) = (
        int(chosen.sum()),
        table.loc[chosen, ["stated", "effective"]].sum(min_count=1),
    )
    if not n:
        return LAGGED.untold(
            "没有列出哪些指标见效慢（lagged），无法判断。",
            "It is not said which indicators show results late (lagged).",
        )
    if np.isnan(worked):
        return LAGGED.untold(*NO_DIFFERENCE)
    share = f"{round(worked, 9) + 0.0 if abs(worked) >= 0.005 else 0.0:.0%}"
    return LAGGED.says(
        lit(-worked, -LATE[1], -LATE[0]),
        worked,
        f"列出的 {n} 个见效慢的指标规定占 {stated:.0%}，实际拉开的差距占 {share}。",
        f"Late results that were named, {n} in all, are {stated:.0%} as stated and make {share}"
        " of the differences.",
    )


# -- pass lines ------------------------------------------------------------------------------------


def pass_lines(footing: Footing, lines: float | Mapping[str, float] | None = None) -> Lever:
    """Return who is at the top although a part is below its pass line (20).

    ``lines`` is one line for all children of the root, or a line for each node named; None: 60
    points, if a quarter of the units reach it everywhere.
    """
    scheme, unasked = footing.scheme, lines is None
    if not isinstance(lines, Mapping):
        parts = (child.id for child in scheme.root.children)
        lines = dict.fromkeys(parts, PASS if lines is None else lines)
    check_names("pass_lines", lines, {n: node.label for n, node in scheme.nodes.items()}, NODE)
    check_pass_lines(lines)
    if not lines:
        some = Words("至少一条合格线", "a pass line")
        raise SimkaoheError(Problem("pass_lines", NOTHING, some))
    nodes, top, ranked = list(lines), footing.top(), footing.now.ranks[0] > 0
    score = np.array([footing.now.scores[name][0] for name in nodes])
    counts = np.array([footing.nominal[name] != 0 for name in nodes]) & ~np.isnan(score)
    short = np.where(counts, np.array(list(lines.values()))[:, None] - score, -np.inf)
    missed, worst = (short > 1e-9).sum(0), short.argmax(0)
    columns = {
        "rank": footing.now.ranks[0],
        "top": top,
        "missed": missed,
        "weakest": [nodes[k] for k in worst],
        "score": score[worst, np.arange(len(worst))],
    }
    table = footing.frame(columns)[ranked]
    table = table.sort_values(["missed", "rank"], ascending=[False, True], kind="stable")
    return Lever(table, _of_pass_lines(footing, table, unasked))


def _of_pass_lines(footing: Footing, table: pd.DataFrame, unasked: bool) -> Finding:
    all_, passed = len(table), int((table["missed"] == 0).sum())
    among = table[table["top"]]
    who = [unit for unit in footing.engine.units if unit in among.index[among["missed"] > 0]]
    n, k, top, names = len(among), len(who), footing.top_words, listed(who)
    if unasked and passed / all_ < PASSING:
        return PASS_LINES.untold(
            "很少有单位各部分都达到 60 分，60 分在这里不是合格线；请给出合格线（pass_lines）。",
            "Few units have 60 points in every part, which is no pass mark here; name the lines"
            " (pass_lines).",
        )
    if not n:
        return PASS_LINES.untold("没有单位得最高等次。", "No unit has the best grade.")
    if not k:
        return PASS_LINES.says(
            "green",
            0.0,
            f"{all_} 个单位中有 {passed} 个每条合格线都达到，{top.zh}的 {n} 个单位都在其中。",
            f"{passed} of {all_} units reach every pass line, all {n} {top.en} among them.",
        )
    return PASS_LINES.says(
        lit(k / n, *MADE_UP),
        k / n,
        f"{all_} 个单位中有 {passed} 个每条合格线都达到；{top.zh}的 {n} 个单位中有 {k} 个至少一条未达到"
        f"（{names.zh}），靠别处的高分补上。",
        f"{passed} of {all_} units reach every pass line; of the {n} {top.en}, {k} miss at least one"
        f" ({names.en}) and make up for it elsewhere.",
    )
