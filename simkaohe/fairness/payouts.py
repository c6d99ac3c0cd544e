"""Money and seats (资金与名额): how concentrated they are, and who pays for a change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from simkaohe.engine.standing import Array
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.fairness.finding import (
    Finding,
    amount,
    asked,
    called,
    category_words,
    even,
    lit,
    when,
)
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.result import Result, evaluate
from simkaohe.scheme.tree import Scheme

TOP_TENTH = (3.0, 6.0)
"""What the best-paid tenth gets, in its shares of units: three times; more than half of all."""
PAYERS = (0.25, 0.5)
"""Share of units that lose by a change: one in four; more losers than not."""


@dataclass(frozen=True)
class Money:
    """资金与名额: what every use of the results gives to whom.

    Attributes
    ----------
    scheme : Scheme
    amounts : DataFrame
        By unit, best first: ``category`` and every use; NaN for whom a use is not meant (a condition
        on a fact, such as being a county, is not met). Units that are not ranked are left out.
    table : DataFrame
        By use: ``unit`` of measurement, ``units`` that it is meant for, ``total``; ``gini`` and
        ``gini_corrected`` (times n/(n−1), so that one taker is 1 at any n); ``theil`` with its parts
        ``within`` and ``between`` categories; ``top_tenth`` (share of the best-paid tenth, rounded
        up to whole units) and ``top_three``; ``paid`` (units that get anything);
        ``gini_proportional``: the Gini had the same total been paid in proportion to score. NaN
        where nothing is paid.
    categories : DataFrame
        By ``use`` and ``category``: ``units``, ``share_units``; ``amount``, ``share``,
        ``per_unit``; ``share_staff``: of the covariate that the use multiplies in (staff, need),
        NaN without one; ``relative``: ``share`` over ``share_staff``, else over ``share_units``.
    changes : DataFrame
        Against the base, by ``use`` and ``unit``: ``category``, ``before``, ``after``, ``change``.
    change_by_category : DataFrame
        By ``use`` and ``category``: ``before``, ``after``, ``change``, ``lost`` (sum of the units'
        losses), ``losers``.
    findings : tuple of Finding
        For each use ``money.concentration.<use>``, ``money.categories.<use>`` and, with a base,
        ``money.change.<use>``; without uses ``money.uses``.
    """

    scheme: Scheme
    amounts: pd.DataFrame
    table: pd.DataFrame
    categories: pd.DataFrame
    changes: pd.DataFrame
    change_by_category: pd.DataFrame
    findings: tuple[Finding, ...]


def money(scheme: Scheme, panel: Panel, base: Scheme | None = None) -> Money:
    """Look at what the uses of the results (结果运用) give to whom.

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    base : Scheme, optional
        To compare with; a use that only one of the two has pays nothing in the other.

    Returns
    -------
    Money

    Raises
    ------
    SimkaoheError
        Amounts below zero: concentration has no meaning for them.

    Notes
    -----
    A quota or a prize list fixes the concentration before anybody has done anything; compare it
    with a payout in proportion to score. Theil's T splits exactly into parts within and between
    categories (Theil 1967).
    """
    result = evaluate(scheme, panel)
    ranking = result.ranking
    taking = ranking.index[ranking["rank"].notna()]
    amounts = result.uses.loc[taking].where(_meant(result).loc[taking])
    amounts.insert(0, "category", ranking.loc[taking, "category"])
    rows = [_row(scheme, use, amounts, ranking["total"]) for use in scheme.uses]
    table = pd.DataFrame(rows, pd.Index(list(scheme.uses), name="use"), COLUMNS)
    categories = _by_category(result, amounts)
    changes = _changes(result, evaluate(base, panel) if base else None)
    lost = (-changes["change"]).clip(lower=0) if len(changes) else changes["change"]
    wide = changes.assign(lost=lost, losers=lost > 1e-9)
    keys = [wide.index.get_level_values("use"), "category"]
    sums = ["before", "after", "change", "lost", "losers"]
    by_category = wide.groupby(keys, sort=False)[sums].sum()
    findings: list[Finding] = []
    for use in scheme.uses:
        findings.append(_of_concentration(scheme, use, table))
        findings.append(_of_categories(scheme, use, categories))
    if base is not None:
        for use in {**base.uses, **scheme.uses}:
            which = scheme if use in scheme.uses else base
            findings.append(_of_change(which, use, changes, by_category))
    if not findings:
        findings = [NO_USES.untold(*NOTHING_STATED)]
    return Money(scheme, amounts, table, categories, changes, by_category, tuple(findings))


COLUMNS = ["unit", "units", "total", "gini", "gini_corrected", "theil", "within", "between", "top_tenth",
           "top_three", "paid", "gini_proportional"]  # fmt: skip


def _meant(result: Result) -> pd.DataFrame:
    """Return for whom each use is meant: who meets its conditions on facts, units × uses."""
    engine, found = result.engine, {}
    for name, use in result.scheme.uses.items():
        met = np.ones(len(engine.units), bool)
        for condition in use.requires:
            if condition.fact is not None:
                met &= engine.met(condition)
        found[name] = met
    return pd.DataFrame(found, list(engine.units))


def _row(scheme: Scheme, use: str, amounts: pd.DataFrame, totals: pd.Series[float]) -> list[object]:
    meant = amounts[amounts[use].notna()]
    x = meant[use].to_numpy(np.float64)
    if (x < 0).any():
        unit = meant.index[int(x.argmin())]
        found, expected = f"{x.min():g}", Words("≥ 0 的金额", "an amount ≥ 0")
        raise SimkaoheError(Problem(f"uses.{use} › {unit}", found, expected))
    n, g, whole, paid = len(x), gini(x), x.sum(), np.sort(x)
    top = [paid[-k:].sum() / whole if whole > 0 else np.nan for k in (-(-n // 10), min(3, n))]
    by_score = gini(totals[meant.index].to_numpy(np.float64).clip(min=0))
    return [scheme.uses[use].unit or "", n, whole, g, g * n / (n - 1) if n > 1 else np.nan,
            *theil(x, meant["category"]), *top, int((x > 0).sum()), by_score]  # fmt: skip


def gini(amounts: Array) -> float:
    """Return the Gini coefficient of amounts ≥ 0; NaN when all are zero.

    Examples
    --------
    >>> gini(np.array([0.0, 0.0, 0.0, 1.0])), gini(np.array([2.0, 2.0]))
    (0.75, 0.0)
    """
    n, whole = len(amounts), amounts.sum()
    if not whole > 0:
        return float("nan")
    place = np.arange(1, n + 1)
    return max(float(((2 * place - n - 1) * np.sort(amounts)).sum() / (n * whole)), 0.0)


def theil(amounts: Array, groups: Iterable[object]) -> tuple[float, float, float]:
    """Return Theil's T of amounts ≥ 0 and its parts within and between groups; NaN for zeros.

    Examples
    --------
    >>> whole, within, between = theil(np.array([1.0, 1.0, 3.0, 3.0]), "aabb")
    >>> bool(within == 0 and whole == between)
    True
    """
    whole = amounts.sum()
    if not whole > 0:
        return np.nan, np.nan, np.nan
    label = pd.factorize(np.array(list(groups), object))[0]
    size, sums = np.bincount(label), np.bincount(label, amounts)
    between = _relative(sums / whole, size / len(amounts))
    total = _relative(amounts / whole, np.full(len(amounts), 1 / len(amounts)))
    return total, max(total - between, 0.0), between


def _relative(share: Array, expected: Array) -> float:
    """Return Σ s ln(s / e), nothing for s = 0."""
    there = share > 0
    return max(float((share[there] * np.log(share[there] / expected[there])).sum()), 0.0)


# -- by category, and against a base -----------------------------------------------------------------


def _by_category(result: Result, amounts: pd.DataFrame) -> pd.DataFrame:
    rows: list[list[object]] = []
    index: list[tuple[str, str]] = []
    for use_id, use in result.scheme.uses.items():
        meant = amounts[amounts[use_id].notna()]
        column = getattr(use, "staff", None) or getattr(use, "need", None)
        staff = pd.Series(np.nan, meant.index)
        if column:
            numbers = result.engine.numbers("covariates", column)
            staff = pd.Series(numbers, list(result.engine.units))[meant.index]
        whole, heads = meant[use_id].sum(), staff.sum()
        for name in result.engine.categories:
            mine = meant["category"] == name
            n, got = int(mine.sum()), float(meant.loc[mine, use_id].sum())
            if not n:
                continue
            share_units = n / len(meant)
            share = got / whole if whole > 0 else np.nan
            share_staff = float(staff[mine].sum() / heads) if heads > 0 else np.nan
            due = share_units if np.isnan(share_staff) else share_staff
            relative = share / due if due > 0 else np.nan
            rows.append([n, share_units, got, share, got / n, share_staff, relative])
            index.append((use_id, name))
    columns = ["units", "share_units", "amount", "share", "per_unit", "share_staff", "relative"]
    return _framed(rows, index, ["use", "category"], columns)


def _framed(
    rows: list[list[object]], index: list[tuple[str, str]], names: list[str], columns: list[str]
) -> pd.DataFrame:
    keys = [pd.Index([key[level] for key in index], dtype=object) for level in range(2)]
    return pd.DataFrame(rows, pd.MultiIndex.from_arrays(keys, names=names), columns)


def _changes(now: Result, before: Result | None) -> pd.DataFrame:
    columns = ["category", "before", "after", "change"]
    rows: list[list[object]] = []
    index: list[tuple[str, str]] = []
    if before is not None:
        units = now.ranking.index
        if strange := sorted(set(units) ^ set(before.ranking.index)):
            other = Words(f"单位不同：{'、'.join(strange[:5])}", f"other units: {strange[:5]}")
            raise SimkaoheError(Problem("base", other, Words("相同的单位", "the same units")))
        for use in {**before.scheme.uses, **now.scheme.uses}:
            old, new = (
                each.uses[use].reindex(units) if use in each.uses else pd.Series(0.0, units)
                for each in (before, now)
            )
            kind = now.ranking["category"]
            for unit in units:
                rows.append([kind[unit], old[unit], new[unit], new[unit] - old[unit]])
                index.append((use, unit))
    return _framed(rows, index, ["use", "unit"], columns)


# -- findings --------------------------------------------------------------------------------------

NO_USES = asked(
    "money.uses",
    "钱和名额给了谁？",
    "Who gets money and seats?",
    "结果可能另有用处。",
    "The results may be used outside the scheme.",
)
NOTHING_STATED = Words(
    "方案没有规定结果运用（uses）。", "The scheme states no use of the results (uses)."
)


def _of_concentration(scheme: Scheme, use: str, table: pd.DataFrame) -> Finding:
    """Return whether few units get most of a use."""
    row: Any = table.loc[use]
    name, units = called(scheme.uses[use], use), int(row["units"])
    asks = asked(
        f"money.concentration.{use}",
        f"“{name.zh}”集中在少数单位吗？",
        f"Do few units get most of {name.en}?",
        "集中本身不是毛病：奖励办法一旦定下，集中程度就大致定了，与谁得奖无关。",
        "Concentration is no fault in itself: the rule of payment nearly fixes it, whoever wins.",
    )
    if not row["paid"]:
        return asks.untold(*_unpaid(name))
    if units < 2:
        zh, en = f"“{name.zh}”只涉及一个单位。", f"{name.en} is meant for one unit only."
        return asks.untold(zh, en)
    tenth, top, gini_now = -(-units // 10), float(row["top_tenth"]), float(row["gini_corrected"])
    by_score = float(row["gini_proportional"]) * units / (units - 1)
    fair = when(
        by_score == by_score,
        f"；若按得分比例发，为 {by_score:.2f}",
        f"; paid in proportion to score it would be {by_score:.2f}",
    )
    return asks.says(
        lit(top / (tenth / units), *TOP_TENTH),
        gini_now,
        f"“{name.zh}”有 {row['paid']} / {units} 个单位得到；得到最多的 {tenth} 个拿走 {top:.0%}。基尼系数"
        f" {gini_now:.2f}（0 为均分，1 为一家独得）{fair.zh}。",
        f"{row['paid']} of {units} units get some of {name.en}; {top:.0%} of it goes to the best-paid"
        f" {tenth}. Gini {gini_now:.2f} (0 is equal, 1 is all to one){fair.en}.",
    )


def _unpaid(name: Words) -> Words:
    return Words(f"“{name.zh}”没有发给任何单位。", f"Nothing is paid from {name.en} to anybody.")


def _of_categories(scheme: Scheme, use: str, categories: pd.DataFrame) -> Finding:
    """Return whether categories get what their size, staff or need is."""
    name = called(scheme.uses[use], use)
    asks = asked(
        f"money.categories.{use}",
        f"各类分到的“{name.zh}”相称吗？",
        f"Is {name.en} spread evenly by category?",
        "只与单位数（或方案写明的人数、需求）相比；任务和成绩不同，份额不同未必不公平。",
        "Compared with units only (or staff and need, where the scheme says so); tasks and results"
        " differ, so unequal shares may be fair.",
    )
    mine = categories[categories.index.get_level_values("use") == use].droplevel("use")
    if not mine["amount"].sum() > 0:
        return asks.untold(*_unpaid(name))
    mine = mine[mine["relative"].notna()]
    if len(mine) < 2:
        return asks.untold("没有两个以上的类别。", "There are no two categories.")
    relative = mine["relative"].to_numpy(np.float64)
    most, fewest = mine.iloc[int(relative.argmax())], mine.iloc[int(relative.argmin())]
    ratio = float(relative.min() / relative.max())
    due, what = "share_units", Words("单位数", "units")
    if mine["share_staff"].notna().all():
        due, what = "share_staff", Words("人数（需求）", "staff (need)")
    if ratio > 1 - 1e-9:
        return asks.says(
            "green",
            ratio,
            f"各类“{name.zh}”所占份额都与其{what.zh}所占份额相同。",
            f"Every category gets the share of {name.en} that it has of the {what.en}.",
        )
    a, b = (category_words(scheme, str(each.name)) for each in (most, fewest))
    return asks.says(
        even(ratio),
        ratio,
        f"“{name.zh}”与{what.zh}相比，“{a.zh}”最多：占{what.zh} {most[due]:.0%}，得总额的 {most['share']:.0%}；"
        f"“{b.zh}”最少：占 {fewest[due]:.0%}，得 {fewest['share']:.0%}。",
        f"Compared with {what.en}, {a.en} gets most of {name.en}: {most['share']:.0%} of it with"
        f" {most[due]:.0%} of the {what.en}; {b.en} least: {fewest['share']:.0%} with"
        f" {fewest[due]:.0%}.",
    )


def _of_change(
    scheme: Scheme, use: str, changes: pd.DataFrame, by_category: pd.DataFrame
) -> Finding:
    """Return who pays for a change."""
    name, unit = called(scheme.uses[use], use), scheme.uses[use].unit or ""
    asks = asked(
        f"money.change.{use}",
        f"“{name.zh}”改动后由谁承担？",
        f"Who pays for the change of {name.en}?",
        "按同一年的数据比较；有得有失是改动的本意，不说明改得不对。",
        "On the same year's data; to move money may be what the change is for.",
    )
    mine = changes.xs(use, level="use")
    change = mine["change"].to_numpy(np.float64)
    net, much = Words("总额不变", "the whole does not change"), amount(change.sum(), "+")
    if much != "0":
        net = Words(f"总额变化 {much}{unit}", f"the whole changes by {f'{much} {unit}'.strip()}")
    losers = change < -1e-9
    value, k, n = float(losers.mean()), int(losers.sum()), len(change)
    if not k:
        zh = f"没有单位因此少得“{name.zh}”，{net.zh}。"
        return asks.says(
            lit(value, *PAYERS), value, zh, f"No unit gets less of {name.en}; {net.en}."
        )
    lost, worst = amount(-change[losers].sum()), amount(change.min(), "+")
    who, kind = mine.index[int(change.argmin())], _bearer(scheme, by_category.loc[[use]])
    return asks.says(
        lit(value, *PAYERS),
        value,
        f"{k} / {n} 个单位少得“{name.zh}”，共 {lost}{unit}{kind.zh}；少得最多的是“{who}”（{worst}）；{net.zh}。",
        f"{k} of {n} units get less of {name.en}, {f'{lost} {unit}'.strip()} in all{kind.en}; {who}"
        f" loses most ({worst}); {net.en}.",
    )


def _bearer(scheme: Scheme, categories: pd.DataFrame) -> Words:
    """Return which category bears most of the losses; nothing where there is one only."""
    lost = categories["lost"].to_numpy(np.float64)
    kind = category_words(scheme, str(categories.index[int(lost.argmax())][1]))
    share = f"{lost.max() / lost.sum():.0%}"
    zh, en = f"，其中“{kind.zh}”承担 {share}", f", of which {kind.en} bears {share}"
    return when(len(lost) > 1, zh, en)
