"""Pictures of fairness: what endowment explains, and how sure places are of error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from simkaohe.labels import Words
from simkaohe.plots.style import (
    DOWN,
    SAME,
    UP,
    height_of,
    keyed,
    name_rows,
    new_axes,
    style,
    titled,
)

if TYPE_CHECKING:
    from simkaohe.fairness.origins import Endowment
    from simkaohe.fairness.uncertainty import Uncertainty

BEYOND_CHANCE = 0.05
"""Dots are full below this p, allowing for the number of rows."""


def endowment(result: Endowment, most: int = 25, ax: Axes | None = None) -> Axes:
    """Draw what endowment explains (禀赋解释了多少) of the total, groups, indicators and bonuses.

    Parameters
    ----------
    result : Endowment
    most : int, default 25
        How many rows beneath the total, those most explained first.
    ax : Axes, optional

    Returns
    -------
    Axes
        Dots are shares of variance, lines their 95 % intervals; full dots are beyond chance, and a
        dashed line marks what chance alone would give.
    """
    known = result.nodes[result.nodes["r2"].notna()]
    rest = known[known["kind"] != "total"].sort_values("r2", ascending=False, kind="stable")
    table = known.iloc[:0]
    if len(known):
        table = known.loc[[*known.index[known["kind"] == "total"], *rest.head(most).index]]
    rows = np.arange(len(table))
    told = (table["p_joint"] < BEYOND_CHANCE).to_numpy(bool)
    with style():
        ax = new_axes(ax, height_of(len(table)))
        colours = np.where(table["kind"] == "total", DOWN, UP)
        ax.hlines(rows, table["low"], table["high"], color=list(colours), linewidth=1.4, alpha=0.6)
        for full, label in (
            (True, Words("超出巧合", "beyond chance")),
            (False, Words("可能是巧合", "may be chance")),
        ):
            some = told == full
            faces = list(colours[some]) if full else "white"
            ax.scatter(
                table["r2"][some], rows[some], s=36, c=faces, zorder=3, edgecolors=colours[some]
            )
            ax.scatter([], [], s=36, c=SAME if full else "white", edgecolors=SAME, label=str(label))
        if np.isfinite(result.summary["by_chance"]):
            ax.axvline(result.summary["by_chance"], color=SAME, linestyle="--", linewidth=1,
                       label=str(Words("碰巧也会有", "by chance alone")))  # fmt: skip
        names = table["name"].mask(table["kind"] == "adjustment", table["name"] + " ±")
        name_rows(ax, [str(name) for name in names])
        ax.set_xlim(0, 1)
        ax.xaxis.set_major_formatter(PercentFormatter(1.0))
        ax.grid(axis="x", color="0.92")
        if len(table):
            keyed(ax)
        sns.despine(ax=ax, left=True)
        what = Words(
            "类内差异中由背景数据解释的份额", "Share of differences explained, inside categories"
        )
        title = Words("先天条件解释了多少", "What endowment explains")
        if not len(table):
            title = Words(f"{title.zh}（无法判断）", f"{title.en} (cannot be told)")
        titled(ax, title, what)
    return ax


def rank_confidence(result: Uncertainty, ax: Axes | None = None) -> Axes:
    """Draw confidence sets of ranks (名次置信区间): each alone thick, all at once thin.

    Parameters
    ----------
    result : Uncertainty
    ax : Axes, optional

    Returns
    -------
    Axes
        Ranked units, best first; by category, with lines between, where grades are by category.
    """
    inside = result.within == "category"
    prefix = "category_" if inside else ""
    table = result.table[result.table["rank"].notna()]
    if inside:
        order = {name: place for place, name in enumerate(dict.fromkeys(table["category"]))}
        table = table.sort_values(
            ["category", "category_rank"], key=lambda c: c.map(order) if c.name == "category" else c
        )
    ends = {
        end: table[f"{prefix}{end}"].to_numpy(np.float64, na_value=np.nan)
        for end in ("rank", "low", "high", "joint_low", "joint_high")
    }
    rows = np.arange(len(table))
    level = f"{result.level:.0%}"
    with style():
        ax = new_axes(ax, height_of(len(table)))
        joint = Words(f"{level}，全部同时", f"{level}, all at once")
        alone = Words(f"{level}，单独看", f"{level}, each alone")
        ax.hlines(rows, ends["joint_low"], ends["joint_high"], color=UP, linewidth=1.2, alpha=0.7,
                  label=str(joint))  # fmt: skip
        ax.hlines(rows, ends["low"], ends["high"], color=UP, linewidth=4, label=str(alone))
        ax.plot(ends["rank"], rows, "o", color="white", markeredgecolor=UP, markersize=4.5,
                zorder=3, label=str(Words("现在的名次", "rank now")))  # fmt: skip
        name_rows(ax, [str(unit) for unit in table.index])
        if inside:
            borders = np.flatnonzero(
                table["category"].to_numpy()[1:] != table["category"].to_numpy()[:-1]
            )
            for row in borders:
                ax.axhline(row + 0.5, color="0.8", linewidth=0.8)
        ax.set_xlim(0.5, max(np.nanmax([1.0, *ends["joint_high"], *ends["rank"]]), 1) + 0.5)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.grid(axis="x", color="0.92")
        keyed(ax)
        sns.despine(ax=ax, left=True)
        title = Words("误差之下的名次", "Places after error")
        if not result.known:
            title = Words(f"{title.zh}（没有误差信息）", f"{title.en} (nothing is known of errors)")
        titled(
            ax, title, Words("类内名次", "Rank in category") if inside else Words("名次", "Rank")
        )
    return ax
