"""What is said about how sure places are: findings as cards and tables, in the reader's language."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
import pandas as pd

from simkaohe.labels import Words, column_label
from simkaohe.scheme.tree import Scheme
from simkaohe.sensitivity.acceptability import MonteCarlo
from simkaohe.sensitivity.passing import Change
from simkaohe.sensitivity.stepping import Breakpoints
from simkaohe.widgets.following import MUTED, cards
from simkaohe.widgets.questions import html_table

SURE = 0.95
"""A place or a grade that is kept in this share of the draws is called sure."""
NEAREST = 6
"""Changes of places that are listed, the nearest to the present value."""
NAMED = 3
"""Factors without effect that are named."""


def interval_words(scheme: Scheme, found: MonteCarlo, now: pd.DataFrame) -> str:
    """Return what a simulation says of the places, as HTML.

    Parameters
    ----------
    scheme : Scheme
    found : MonteCarlo
    now : DataFrame
        The ranking as it is.
    """
    low, high = found.quantiles[0.05], found.quantiles[0.95]
    widest = (high - low).idxmax()
    sure = Words("{} / {} 个单位", "{} of {} units")
    shown: list[tuple[object, object, object]] = [
        (
            Words("名次最不稳的", "Least sure place"),
            widest,
            Words("第 {:g}—{:g} 名", "rank {:g} to {:g}").format(low[widest], high[widest]),
        )
    ]
    if 1 in found.acceptability:  # each rank by itself, not in ranges
        first = found.acceptability[1]
        often = Words("{:.0%} 的抽样里", "in {:.0%} of the draws").format(first.max())
        shown.append((Words("最可能第一的", "Likeliest first"), first.idxmax(), often))
    if scheme.grades is not None:
        grades = _kept(found.grades, now["grade"])
        keep = Words("在 95% 以上的抽样里等次不变", "keep their grade in ≥ 95 % of draws")
        title = Words("等次稳的", "Sure grades")
        shown.insert(0, (title, sure.format((grades >= SURE).sum(), len(grades)), keep))
    if 1 in found.acceptability:
        places = _kept(found.acceptability, now["rank"].dropna())
        keep = Words("在 95% 以上的抽样里名次不变", "keep their rank in ≥ 95 % of draws")
        title = Words("名次稳的", "Sure places")
        shown.insert(0, (title, sure.format((places >= SURE).sum(), len(places)), keep))
    error = float(found.standard_errors.max(axis=None))
    how = Words(
        "抽样 {:,} 次；各可能性的标准误不超过 {:.2%}。", "{:,} draws; standard errors up to {:.2%}."
    ).format(found.draws, error)
    return f"{cards(*shown)}<p style='{MUTED}'>{how} {escape(_idle(scheme, found))}</p>"


def _kept(chances: pd.DataFrame, now: pd.Series[Any]) -> pd.Series[float]:
    """Return every unit's chance of what it has now; 0 where that has no chance."""
    found = {
        unit: float(chances.loc[unit].get(None if pd.isna(value) else value, 0.0))
        for unit, value in now.items()
    }
    return pd.Series(found)


def _idle(scheme: Scheme, found: MonteCarlo) -> str:
    if not (idle := found.without_effect):
        return ""
    slots = scheme.paths()
    names = [slots[path].label if path in slots else path for path in idle[:NAMED]]
    more = Words("等 {} 项", " and {} in all") if len(idle) > NAMED else Words("", "")
    words = Words("没有影响：{}{}。", "Without effect: {}{}.")
    listed = str(Words("、", ", ")).join(names)
    return str(words.format(listed, str(more.format(len(idle)))))


def grade_table(scheme: Scheme, found: MonteCarlo) -> str:
    """Return the chance of every grade, units by mean rank, as an HTML table; the darker the likelier."""
    assert scheme.grades is not None
    labels: dict[object, str] = {band.name: band.label for band in scheme.grades.bands}
    table = found.grades.loc[found.mean_rank["mean_rank"].sort_values().index]
    table = table.loc[:, [name is not None or table[name].any() for name in table.columns]]
    head = [column_label("unit"), *(labels.get(name, "–") for name in table.columns)]
    rows = [
        [escape(str(unit)), *(_chance(share) for share in row)]
        for unit, row in zip(table.index, table.to_numpy(), strict=True)
    ]
    title = Words("各等次的可能性", "The chance of every grade")
    inside = html_table(str(title), head, rows, "")
    return f"<div style='max-height:32em;overflow:auto'>{inside}</div>"


def _chance(share: float) -> str:
    ink = "#fff" if share > 0.55 else "inherit"
    look = f"background:rgba(31,95,168,{share:.2f});color:{ink};padding:0.1em 0.6em"
    return f"<span style='{look}'>{share:.0%}</span>" if share >= 0.005 else "·"


def along_words(found: Breakpoints) -> str:
    """Return where places change along one number, the nearest changes first, as HTML."""
    points, stable = found.points, found.stable
    free = found.low, found.high
    shown: list[tuple[object, object, object]] = []
    if found.present is not None:
        span = Words("在 {:.4g}—{:.4g} 之间看", "looked at from {:.4g} to {:.4g}").format(*free)
        shown.append((Words("现在", "Now"), f"{found.present:.4g}", span))
    if stable is not None:
        note = Words("之内一个名次也不变", "in between no place changes")
        shown.append((Words("稳的区间", "Safe range"), "{:.4g} – {:.4g}".format(*stable), note))
    note = Words("两两换位的次数", "times two units change places")
    shown.append((Words("共换位", "Changes"), f"{len(points)}", note))
    if points.empty:
        return cards(*shown)
    centre = found.present if found.present is not None else np.mean(free)
    near = (points["value"] - centre).abs().sort_values(kind="stable").index[:NEAREST]
    rows = [
        [f"{row['value']:.4g}", escape(row["up"]), escape(row["down"]), f"{row['place_up']}"]
        for _, row in points.loc[near].sort_values("value").iterrows()
    ]
    head = [
        str(Words("数值", "Value")),
        str(Words("超过者", "Who passes")),
        str(Words("被超过者", "whom")),
        str(Words("到第几名", "to rank")),
    ]
    title = Words("最近的换位点（数值由小到大）", "The nearest changes, as the number rises")
    return cards(*shown) + html_table(str(title), head, rows, "")


def passing_words(found: Change, behind: str, ahead: str, chosen: bool) -> str:
    """Return the smallest change of weights with which one unit is level with another, as HTML.

    Whether the group was chosen: when not, that none does it means no group.
    """
    scheme, group = found.form.engine.scheme, found.form.group
    where = (
        scheme.nodes[group].label if group in scheme.nodes else Words("所有指标", "all indicators")
    )
    title = Words("{} 追平 {}", "{} level with {}").format(behind, ahead)
    if not found.possible:
        no = Words("“{}”的权重怎么改都不行", "no weights of {} do it").format(where)
        if not chosen:
            no = Words("改哪一组权重都不行", "no group's weights do it")
        return cards((title, Words("做不到", "Not possible"), no))
    if not found.distance:
        why = Words("不必改：现在已经不落后", "nothing to change: it is not behind now")
        return cards((title, "0 %", why))
    moved = found.distance / 2
    note = Words("“{}”的权重从一处挪到别处", "of the weights of {} go elsewhere").format(where)
    slots = scheme.paths()
    changed = found.weights[found.weights["change"].abs() > 5e-5].sort_values("change")
    rows = [
        [escape(slots[path].label), f"{row['weight']:.2%}", f"{row['new']:.2%}",
         f"{100 * row['change']:+.2f}"]
        for path, row in changed.iterrows()
    ]  # fmt: skip
    head = [str(Words("权重（占同级）", "Weight (share of its group)"))]
    head += [
        str(each)
        for each in (Words("现在", "Now"), Words("要改到", "To"), Words("百分点", "Points"))
    ]
    caution = Words(
        "再多一点就超过；取整前的总分，其余不变。",
        "A little more and it passes. Totals before rounding, all else as it is.",
    )
    return cards((title, f"{moved:.1%}", note)) + html_table("", head, rows, str(caution))
