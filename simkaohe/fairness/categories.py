"""Between categories (类别之间): who gets the grades, the places and the points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from simkaohe.errors import Problem, SimkaoheError, check_seed
from simkaohe.fairness.finding import (
    Finding,
    asked,
    cases,
    category_words,
    even,
    grade_words,
    joined,
    listed,
    when,
)
from simkaohe.fairness.given import NOTHING, check
from simkaohe.fairness.permutation import Facts, indices_of, pairs_of
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.result import Result, evaluate
from simkaohe.scheme.tree import Scheme

Names = dict[Any, Words]
RARE = 0.05
"""Below this share of shuffles, chance is not believed; the customary one in twenty."""
LARGE = 0.737
"""Superiority that is large: Cliff's delta of .474 (Romano et al. 2006)."""


@dataclass(frozen=True)
class Parity:
    """类别之间: grades, places and points by category, against its share of units.

    Attributes
    ----------
    scheme : Scheme
    units : DataFrame
        By ranked unit, best first: ``group``, ``rank``, ``total``, ``grade``.
    table : DataFrame
        By group: ``units`` and ``share_units``; ``mean_rank``, ``mean_percentile`` (of
        ``(N + 1 − rank) / N``), ``mean_score``; ``exposure`` (mean of ``1 / log2(1 + rank)``) and
        ``share_exposure``.
    grades : DataFrame
        By ``group`` and ``grade``: ``units``; ``share`` of the group and ``share_grade`` of all who
        have the grade; with quotas by category also ``quota`` (stated share q; of seats in numbers:
        all seats over all units), ``seats`` k after rounding, ``effective`` (k / n), ``deviation``
        (k / n − q) and ``unused`` seats.
    pairs : DataFrame
        By ``group`` and ``other``: ``superiority`` (chance that a unit of the group stands before
        one of the other, ties half: the AUC), its 95 % interval ``low``, ``high``; ``score_gap`` of
        the means; ``p``: share of shuffles as uneven as this, and ``p_adjusted`` for the number of
        pairs (Holm).
    indices : DataFrame
        ``top_gap`` and ``top_ratio`` (largest minus, and smallest over, largest share of the top
        grade), ``rank`` and ``score`` (share of their variance that lies between groups),
        ``exposure_ratio``, ``ndkl``: ``value``; ``expected``, ``low``, ``high`` (mean, 5 % and 95 %
        under shuffled labels: at small N none of them is 0 by chance); ``p``.
    by_rule : bool
        Each group has top seats of its own, which makes parity true by construction.
    exact : bool
        Whether the indices' shuffles are all that there are.
    findings : tuple of Finding
        ``parity.top_grade``, ``parity.quota``, ``parity.rank``.
    """

    scheme: Scheme
    units: pd.DataFrame
    table: pd.DataFrame
    grades: pd.DataFrame
    pairs: pd.DataFrame
    indices: pd.DataFrame
    by_rule: bool
    exact: bool
    findings: tuple[Finding, ...]


def parity(
    scheme: Scheme,
    panel: Panel,
    *,
    permutations: int = 2000,
    seed: int = 1,
    groups: pd.Series[Any] | None = None,
) -> Parity:
    """Compare what categories, or other groups of units, get.

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    permutations : int, default 2000
        How often labels are shuffled; when they have fewer orders, every one is looked at.
    seed : int
    groups : Series of unit to label, optional
        E.g. mountain or plain; default: the scheme's categories. Labels are shuffled over all units,
        whatever their category.

    Returns
    -------
    Parity

    Raises
    ------
    SimkaoheError
        A unit without a label; labels that are nearly all different.

    Notes
    -----
    Units that are not ranked are left out. Intervals are Newcombe's fifth method (Statistics in
    Medicine 25, 2006), made for small groups; exposure is Singh & Joachims' (KDD 2018), NDKL Geyik,
    Ambler & Kenthapadi's (KDD 2019): the mean over prefixes of the ranking, weighted ``1/log2(1+i)``,
    of the divergence (nats) of the prefix's groups from all units'. Tied units share their place.
    """
    check_seed(seed)
    check({"permutations": (permutations, permutations >= 1, "≥ 1 的整数", "a number ≥ 1")})
    result = evaluate(scheme, panel)
    ranking = result.ranking[result.ranking["rank"].notna()]
    label = ranking["category"] if groups is None else _labels(groups, ranking.index)
    named = list(scheme.categories) if groups is None and scheme.categories else None
    ids = [g for g in named or pd.unique(label).tolist() if (label == g).any()]
    code = label.map({name: place for place, name in enumerate(ids)}).to_numpy(np.int64)
    units = ranking[["rank", "total", "grade"]].astype({"rank": np.int64})
    units.insert(0, "group", label)
    facts = Facts(units, scheme, len(ids))
    grades = _grades(result, units, ids, groups is None)
    pairs = pairs_of(facts, code, ids, permutations, seed)
    indices, exact = indices_of(facts, code, permutations, seed)
    rules = scheme.grades
    quota = bool(rules and len(rules.bands) > 1 and rules.bands[0].has_quota)
    by_rule = bool(grades["seats"].notna().any() and quota)
    names = {name: category_words(scheme, str(name)) for name in ids}
    findings = (
        _of_top_grade(scheme, grades, indices, names, by_rule),
        _of_quota(scheme, grades, names, groups is None),
        _of_rank(pairs, names),
    )
    table = facts.table(code, ids)
    return Parity(scheme, units, table, grades, pairs, indices, by_rule, exact, findings)


def _labels(groups: pd.Series[Any], units: pd.Index[Any]) -> pd.Series[Any]:
    groups = pd.Series(groups)
    if groups.index.has_duplicates:
        unit = groups.index[groups.index.duplicated()][0]
        twice = Words("出现了两次", "this unit is there twice")
        raise SimkaoheError(Problem(f"groups › {unit}", twice))
    label = groups.reindex(units)
    missing, count = units[label.isna()], label.nunique()
    if len(missing):
        own = Words("所在的组", "its group")
        raise SimkaoheError(*(Problem(f"groups › {unit}", NOTHING, own) for unit in missing))
    if 1 < len(units) < 2 * count:
        many = Words(
            f"{len(units)} 个单位有 {count} 个组", f"{count} groups for {len(units)} units"
        )
        cut = Words("请先把数值分段（如 pd.cut）", "Cut numbers into classes first (pd.cut)")
        raise SimkaoheError(Problem("groups", many, Words("少数几个组", "a few groups"), cut))
    return label


# -- grades and seats ------------------------------------------------------------------------------


def _grades(
    result: Result, units: pd.DataFrame, names: list[Any], by_category: bool
) -> pd.DataFrame:
    rules = result.scheme.grades
    columns = ["units", "share", "share_grade", "quota", "seats", "effective", "deviation",
               "unused"]  # fmt: skip
    index = pd.MultiIndex.from_product(
        [names, [band.name for band in rules.bands] if rules else []], names=["group", "grade"]
    )
    found = pd.DataFrame(np.nan, index, columns)
    if rules is None:
        return found
    size = units["group"].value_counts()
    seats, full = {}, {}
    if by_category and rules.within == "category" and result.scheme.categories:
        # a unit that a veto takes out of the ranking still counts for the seats
        engine = result.engine
        inside = [int(engine.people.ranked[mine].sum()) for mine in engine.members]
        full = dict(zip(engine.categories, inside, strict=True))
        seats = rules.seats(full)
    counts = units.groupby(["group", "grade"]).size()
    for number, band in enumerate(rules.bands):
        whole = sum(units["grade"] == band.name)
        places = sum(mine[number] or 0 for mine in seats.values())
        quota = band.share if band.share is not None else places / max(sum(full.values()), 1)
        for name in names:
            n, got = int(size[name]), int(counts.get((name, band.name), 0))
            row = [got, got / n, got / whole if whole else np.nan, *[np.nan] * 5]
            k = seats[name][number] if name in seats else None
            if k is not None:
                effective = k / full[name]
                row[3:] = [quota, k, effective, effective - quota, max(k - got, 0)]
            found.loc[(name, band.name)] = row
    return found


# -- findings --------------------------------------------------------------------------------------

TOP_GRADE = asked(
    "parity.top_grade",
    "各类单位得到最高等次的机会相同吗？",
    "Do groups get their share of the top grade?",
    "机会相同不等于公平，机会不同也不等于不公平：成绩本来可以不同。",
    "Equal shares are not fairness and unequal ones are not unfairness: results may differ.",
)
QUOTA = asked(
    "parity.quota",
    "名额取整对各类是否一样？",
    "Does rounding treat the categories alike?",
    "只比较名额与单位数；类别小，取整必有误差，可以改用合并类别或跨年累计。",
    "Seats against units only; small categories cannot be rounded well, but they can be merged"
    " or their remainders carried to the next year.",
)
RANK = asked(
    "parity.rank",
    "有没有一类单位整体排在另一类前面？",
    "Do the units of one group stand before others?",
    "不说明原因：可能是成绩不同、考核内容不同，也可能是条件不同。只在类内排名时，类间先后不影响任何人。",
    "It gives no reason: results, what is assessed, or circumstances may differ. Where ranks"
    " count inside categories only, the order between them harms nobody.",
)
NOT_TOLD = Words("无法比较：", "This cannot be compared:")
ONE_GROUP = joined(NOT_TOLD, Words("只有一组单位。", "there is one group of units only."))


def _of_top_grade(
    scheme: Scheme, grades: pd.DataFrame, indices: pd.DataFrame, names: Names, by_rule: bool
) -> Finding:
    """Return whether groups get their share of the top grade."""
    if len(names) < 2:
        return TOP_GRADE.untold(*ONE_GROUP)
    if scheme.grades is None:
        none = Words("方案没有等次。", "the scheme has no grades.")
        return TOP_GRADE.untold(*joined(NOT_TOLD, none))
    gap: Any = indices.loc["top_gap"]
    ratio = float(indices["value"]["top_ratio"])
    if np.isnan(ratio):
        nobody = Words("没有单位得到最高等次。", "nobody has the top grade.")
        return TOP_GRADE.untold(*joined(NOT_TOLD, nobody))
    top: Any = grades.xs(scheme.grades.bands[0].name, level="grade")
    shares, p = top["share"], cases(gap["p"])
    grade = grade_words(scheme, scheme.grades.bands[0].name)
    a, b = names[shares.idxmax()], names[shares.idxmin()]
    high, low = f"{shares.max():.0%}", f"{shares.min():.0%}"
    same = shares.max() == shares.min()
    if by_rule:
        zh, en = (
            f"最高“{a.zh}”{high}，最低“{b.zh}”{low}",
            f"from {low} in {b.en} to {high} in {a.en}",
        )
        if same:
            zh, en = f"各类都是 {high}", f"{high} everywhere"
        unused = [(names[g], k) for g, k in top["unused"].items() if k > 0]
        who = listed([Words(f"“{g.zh}”{k:.0f} 个", f"{g.en} {k:.0f}") for g, k in unused], 6)
        left = when(unused, f"有名额空缺：{who.zh}。", f" Seats left empty: {who.en}.")
        return TOP_GRADE.says(
            "grey",
            gap["value"],
            f"名额按类别下达，“{grade.zh}”比例（{zh}）由规则定死，相近不说明公平。{left.zh}",
            f"Each category has seats of its own, so the shares of {grade.en} ({en}) are set by the"
            f" rule and show nothing about how hard it is to win.{left.en}",
        )
    if same:
        zh, en = f"各类得“{grade.zh}”的比例都是 {high}。", f"{grade.en}: {high} of every group."
        return TOP_GRADE.says("green", 0.0, zh, en)
    light = even(ratio)
    return TOP_GRADE.says(
        "grey" if light != "green" and gap["p"] > RARE else light,
        gap["value"],
        f"“{grade.zh}”比例最高的是“{a.zh}”（{high}），最低的是“{b.zh}”（{low}）。若分组与成绩无关，"
        f"这么大的差距出现的可能是 {p.zh}（随机分组平均也差 {gap['expected']:.0%}）。",
        f"The share of {grade.en} is highest in {a.en} ({high}) and lowest in {b.en} ({low}). If"
        f" groups meant nothing, a gap like this would appear in {p.en} of cases (groups drawn by"
        f" lot differ by {gap['expected']:.0%} on average).",
    )


def _of_quota(scheme: Scheme, grades: pd.DataFrame, names: Names, by_category: bool) -> Finding:
    """Return what rounding makes of the top grade's quota."""
    if len(names) < 2:
        return QUOTA.untold(*ONE_GROUP)
    top: Any = ()
    if scheme.grades is not None and by_category:
        top = grades.xs(scheme.grades.bands[0].name, level="grade")
        top = top[top["seats"].notna()]
    if len(top) < 2:
        none = Words("最高等次没有按类别下达名额。", "the top grade has no seats by category.")
        return QUOTA.untold(*joined(NOT_TOLD, none))
    most, fewest = top.loc[top["effective"].idxmax()], top.loc[top["effective"].idxmin()]
    high, low = float(most["effective"]), float(fewest["effective"])
    deviation = float(top["deviation"].abs().max())
    without = listed([names[name] for name, seats in top["seats"].items() if not seats])
    stated = scheme.grades.bands[0].share if scheme.grades else None
    rule = Words("名额以个数下达", "the rule gives numbers")
    if stated:
        rule = Words(f"规定为 {stated:.0%}", f"the rule says {stated:.0%}")
    if low == high:
        return QUOTA.says(
            "green" if high else "red",
            deviation,
            f"取整后，最高等次名额占单位数的比例各类都是 {high:.0%}，{rule.zh}。",
            f"After rounding, seats of the top grade are {high:.0%} of the units of every category;"
            f" {rule.en}.",
        )
    none = when(without.zh, f"没有名额的：{without.zh}。", f" Without any seat: {without.en}.")
    return QUOTA.says(
        even(low / high),
        deviation,
        f"最高等次名额占单位数的比例，取整后“{names[most.name].zh}”为 {high:.0%}（{most['seats']:.0f} 个），"
        f"“{names[fewest.name].zh}”为 {low:.0%}（{fewest['seats']:.0f} 个），{rule.zh}。{none.zh}",
        f"After rounding, seats of the top grade are {high:.0%} of the units of"
        f" {names[most.name].en} ({most['seats']:.0f}) and {low:.0%} of those of"
        f" {names[fewest.name].en} ({fewest['seats']:.0f}); {rule.en}.{none.en}",
    )


def _of_rank(pairs: pd.DataFrame, names: Names) -> Finding:
    """Return whether the units of one group stand before those of another."""
    if not len(pairs):
        return RANK.untold(*ONE_GROUP)
    sure = pairs[pairs["p_adjusted"] <= RARE]
    shown = sure if len(sure) else pairs
    at = int((shown["superiority"] - 0.5).abs().to_numpy(np.float64).argmax())
    (first, second), pair = shown.index[at], shown.iloc[at]
    value, low, high = pair["superiority"], pair["low"], pair["high"]
    if value < 0.5:
        first, second, value, low, high = second, first, 1 - value, 1 - high, 1 - low
    a, b, p = names[first], names[second], cases(pair["p_adjusted"])
    sentence = Words(
        f"差别最大的两类：“{a.zh}”的单位排在“{b.zh}”的单位前面的可能为 {value:.0%}（95% 区间 {low:.0%}–"
        f"{high:.0%}，50% 为不分先后）；若分类与成绩无关，差别这么大的可能是 {p.zh}。",
        f"The two that differ most: a unit of {a.en} stands before one of {b.en} with a chance of"
        f" {value:.0%} (95 % interval {low:.0%}–{high:.0%}; 50 % is even); if groups meant nothing,"
        f" one as uneven would appear in {p.en} of cases.",
    )
    if len(sure):
        return RANK.says("red" if value >= LARGE else "amber", value, *sentence)
    if ((pairs["high"] >= LARGE) | (pairs["low"] <= 1 - LARGE)).any():
        few = "单位太少，大的差别也排除不了。", "With so few units a large one cannot be excluded."
        return RANK.says("grey", value, *joined(sentence, Words(*few)))
    return RANK.says("green", value, *sentence)
