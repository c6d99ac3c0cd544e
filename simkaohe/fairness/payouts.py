"""Money and seats (资金与名额): how concentrated they are, and who pays for a change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.fairness.finding import Finding
from simkaohe.fairness.paying import nothing, of_categories, of_change, of_concentration
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.result import Result, evaluate
from simkaohe.scheme.tree import Scheme

Array = npt.NDArray[np.float64]


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
    scheme : Scheme
    panel : Panel
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
    changes = _changes(result, evaluate(base, panel)) if base else _changes(result, None)
    by_category = _change_by_category(changes)
    findings: list[Finding] = []
    for use in scheme.uses:
        findings.append(of_concentration(scheme, use, table))
        findings.append(of_categories(scheme, use, categories))
    if base is not None:
        names = {**base.uses, **scheme.uses}
        for use in names:
            which = scheme if use in scheme.uses else base
            findings.append(of_change(which, use, changes, by_category))
    return Money(scheme, amounts, table, categories, changes, by_category,
                 tuple(findings) or (nothing(),))  # fmt: skip


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
    n, g = len(x), gini(x)
    return [
        scheme.uses[use].unit or "",
        n,
        x.sum(),
        g,
        g * n / (n - 1) if n > 1 else np.nan,
        *theil(x, meant["category"]),
        _top(x, -(-n // 10)),
        _top(x, min(3, n)),
        int((x > 0).sum()),
        gini(totals[meant.index].to_numpy(np.float64).clip(min=0)),
    ]


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


def _top(amounts: Array, count: int) -> float:
    whole = amounts.sum()
    return float(np.sort(amounts)[-count:].sum() / whole) if whole > 0 else np.nan


# -- by category -----------------------------------------------------------------------------------


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


# -- against a base --------------------------------------------------------------------------------


def _changes(now: Result, before: Result | None) -> pd.DataFrame:
    columns = ["category", "before", "after", "change"]
    rows: list[list[object]] = []
    index: list[tuple[str, str]] = []
    if before is not None:
        units = now.ranking.index
        if strange := sorted(set(units) ^ set(before.ranking.index)):
            raise SimkaoheError(
                Problem(
                    "base",
                    Words(f"单位不同：{'、'.join(strange[:5])}", f"other units: {strange[:5]}"),
                    Words("相同的单位", "the same units"),
                )
            )
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


def _change_by_category(changes: pd.DataFrame) -> pd.DataFrame:
    columns = ["before", "after", "change"]
    lost = (-changes["change"]).clip(lower=0) if len(changes) else changes["change"]
    wide = changes.assign(lost=lost, losers=lost > 1e-9)
    keys = [wide.index.get_level_values("use"), "category"]
    return wide.groupby(keys, sort=False)[[*columns, "lost", "losers"]].sum()
