"""Pictures of rankings: who stands where, and who moves."""

from __future__ import annotations

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.axes import Axes
from wcwidth import wcswidth

from simkaohe.comparison import Comparison
from simkaohe.labels import Words, column_label
from simkaohe.plots.style import DOWN, SAME, UP, beside, families, new_axes, style
from simkaohe.result import Result


def shift(comparison: Comparison, name: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw who moves (位次变化图): a line for each unit from its place in the base to its new one.

    Parameters
    ----------
    comparison : Comparison
    name : str, optional
        Which scheme; default: the first after the base.
    ax : Axes, optional
        Where to draw; default: a new figure, as high as the units need.

    Returns
    -------
    Axes
        Up is blue and ▲, down is orange and ▼, unchanged grey; the wider the line, the further.
        Units that one of the schemes does not rank are left out.
    """
    table = comparison.table(name).dropna(subset=["rank_before", "rank"])
    name = name or comparison.others[0]
    count = len(table)
    before = table.sort_values("rank_before", kind="stable").index
    after = table.sort_values("rank", kind="stable").index
    left = {unit: place for place, unit in enumerate(before, 1)}
    right = {unit: place for place, unit in enumerate(after, 1)}
    farthest = max(table["shift"].abs().max(), 1) if count else 1
    size = 10 if count <= 40 else 8
    with style():
        # In a figure of our own the layout keeps room for the names, whatever their length.
        reach = (-0.02, 1.02) if ax is None else (-0.62, 1.64)
        ax = new_axes(ax, max(3.0, 0.8 + count * (0.27 if count <= 40 else 0.17)))
        for unit, row in table.iterrows():
            moved = int(row["shift"])
            colour = UP if moved > 0 else DOWN if moved < 0 else SAME
            strength = abs(moved) / farthest
            ax.plot(
                [0, 1],
                [left[unit], right[unit]],
                color=colour,
                alpha=0.45 + 0.55 * strength if moved else 0.5,
                linewidth=0.8 + 2.2 * strength,
                marker="o",
                markersize=3,
                solid_capstyle="round",
            )
            sign = f"▲{moved}" if moved > 0 else f"▼{-moved}" if moved < 0 else "–"
            look = {"size": size, "color": "black" if moved else SAME}
            beside(ax, (0, left[unit]), f"{unit}  {row['rank_before']}", -7, **look)
            beside(ax, (1, right[unit]), sign, 7, size=size, color=colour)
            beside(ax, (1, right[unit]), f"{row['rank']}  {unit}", 7 + 3.2 * size, **look)
        ax.set(xlim=reach, ylim=(count + 0.8, 0.2), yticks=[])
        ax.set_xticks(
            [0, 1], [comparison.base, name], size=size + 1, family=families(), parse_math=False
        )
        ax.tick_params(length=0)
        ax.xaxis.tick_top()
        for tick, side in zip(ax.get_xticklabels(), ("right", "left"), strict=True):
            tick.set_ha(side)  # each name over its own column: long ones do not meet
        sns.despine(ax=ax, left=True, bottom=True)
        words = str(Words("位次变化", "Shift of ranks"))
        ax.set_title(words, loc="left", pad=14, family=families())
    return ax


def ranking(result: Result, ax: Axes | None = None) -> Axes:
    """Draw the ranking (排名图): a bar for each unit's total, coloured by category.

    Parameters
    ----------
    result : Result
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    table = result.ranking
    scheme = result.scheme
    digits = 2 if scheme.ranking.digits is None else min(scheme.ranking.digits, 4)
    count = len(table)
    size = 10 if count <= 40 else 8
    categories = list(scheme.categories) or [""]
    with style():
        ax = new_axes(ax, max(3.0, 1.0 + count * (0.27 if count <= 40 else 0.17)))
        colours = dict(
            zip(categories, sns.color_palette("colorblind", len(categories)), strict=True)
        )
        places = range(1, count + 1)
        shades = [colours[category] for category in table["category"]]
        ax.barh(places, table["total"], color=shades, height=0.75)
        ranks = table["rank"].astype(object).fillna("–")
        names = [f"{unit}  {rank}" for unit, rank in ranks.items()]
        bands = scheme.grades.bands if scheme.grades else ()
        grades = {band.name: f"  {band.label}" for band in bands}
        ax.set_yticks(places, names, size=size, family=families(), parse_math=False)
        for place, (total, grade) in enumerate(zip(table["total"], table["grade"], strict=True), 1):
            words = f"{total:.{digits}f}" + grades.get(grade, "")
            beside(ax, (max(total, 0), place), words, 3, size=size)
        ax.set_ylim(count + 0.6, 0.4)
        ax.set_xlabel(column_label("total"), family=families())
        ax.margins(x=0.16)
        sns.despine(ax=ax, left=True)
        pad = 6.0
        if scheme.categories:
            handles = [plt.Rectangle((0, 0), 1, 1, color=colours[key]) for key in categories]
            labels = [scheme.category_label(key) for key in categories]
            columns = min(3, max(1, 440 // (40 + 5 * max(map(wcswidth, labels)))))
            ax.legend(
                handles,
                labels,
                loc="lower left",
                bbox_to_anchor=(0, 1),
                ncols=columns,
                frameon=False,
                fontsize=10,
                borderaxespad=0.2,
            )
            pad += 17 * -(-len(categories) // columns)
        if scheme.name or scheme.name_en:
            look = {"family": families(), "parse_math": False}
            ax.set_title(scheme.label, loc="left", pad=pad, **look)
    return ax
