"""Pictures of fairness between categories: who stands where, and what another category would mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter
from wcwidth import wcswidth

from simkaohe.fairness.finding import category_words, grade_words
from simkaohe.labels import Words
from simkaohe.plots.style import (
    DOWN,
    SAME,
    UP,
    beside,
    families,
    height_of,
    name_rows,
    new_axes,
    style,
    titled,
)

if TYPE_CHECKING:
    from simkaohe.fairness.boundaries import Cliffs
    from simkaohe.fairness.categories import Parity


def parity(result: Parity, ax: Axes | None = None) -> Axes:
    """Draw where the units of each category stand (各类位次): a row for each, a dot for each unit.

    Parameters
    ----------
    result : Parity
    ax : Axes, optional

    Returns
    -------
    Axes
        The best rank on the left; the top grade filled, the others rings; a bar at the mean rank;
        on the right how many units have the top grade and, with quotas by category, the seats.
    """
    units, names = result.units, list(result.table.index)
    bands = result.scheme.grades.bands if result.scheme.grades else ()
    top = bands[0].name if bands else None
    with style():
        ax = new_axes(ax, max(2.6, 1.3 + 0.55 * len(names)))
        for row, name in enumerate(names):
            mine = units[units["group"] == name]
            tied = mine.groupby("rank").cumcount().to_numpy()
            height = row - 0.13 * tied
            best = (mine["grade"] == top).to_numpy()
            for chosen, face in ((best, UP), (~best, "white")):
                ax.plot(mine["rank"].to_numpy()[chosen], height[chosen], "o", color=face,
                        markeredgecolor=UP if top else SAME, markersize=6)  # fmt: skip
            mean = result.table["mean_rank"][name]
            ax.vlines(mean, row - 0.32, row + 0.32, color=DOWN, linewidth=2.2, zorder=1)
            if top:
                beside(ax, (len(units), row), _won(result, name, top), 14, size=10)
        name_rows(ax, [str(category_words(result.scheme, str(name))) or "–" for name in names])
        ax.set_ylim(len(names) - 0.4, -0.6)
        ax.set_xlim(0.2, len(units) + 0.8)
        ax.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
        ax.grid(axis="y", color="#e6e6e6")
        ax.set_axisbelow(True)
        sns.despine(ax=ax, left=True)
        _keys(ax, _parity_keys(result, top))
        titled(ax, Words("各类单位的位次", "Where each category stands"), Words("名次", "Rank"))
    return ax


def _won(result: Parity, name: object, top: str) -> str:
    """Return how many units of a group have the top grade, and of how many seats."""
    row = result.grades.loc[(name, top)]
    won = f"{row['units']:.0f}/{result.table['units'][name]}"
    return won if np.isnan(row["seats"]) else f"{won} ({row['seats']:.0f})"


def _parity_keys(result: Parity, top: str | None) -> list[tuple[Line2D, str]]:
    ring = {"marker": "o", "linestyle": "", "markersize": 6}
    mean = (Line2D([], [], color=DOWN, linewidth=2.2), str(Words("平均名次", "mean rank")))
    if top is None:
        return [mean]
    grade = str(grade_words(result.scheme, top))
    if result.grades["seats"].notna().any():
        grade = f"{grade}{Words('：数/单位（名额）', ': number/units (seats)')}"
    return [
        (Line2D([], [], color=UP, **ring), grade),
        (Line2D([], [], color="white", markeredgecolor=UP, **ring), str(Words("其他", "others"))),
        mean,
    ]


def cliffs(result: Cliffs, ax: Axes | None = None) -> Axes:
    """Draw what another category would mean (换类的位置): a row for each unit, a mark for each.

    Parameters
    ----------
    result : Cliffs
    ax : Axes, optional

    Returns
    -------
    Axes
        Units by how much hangs on their category, the most on top; the share of their peers that
        are not ahead, now (dark dot) and in every other category with like indicators: ▲ a better
        grade there, ▼ a worse one, a ring the same. A mark is coloured by its category.
    """
    moves = result.table[result.table["note"] == ""].reset_index()
    units = list(result.units.index)
    place = {unit: row for row, unit in enumerate(units)}
    categories = list(result.scheme.categories)
    with style():
        ax = new_axes(ax, height_of(len(units)) + 0.6)
        shades = dict(
            zip(categories, sns.color_palette("colorblind", len(categories)), strict=True)
        )
        size = 6 if len(units) <= 40 else 3.5
        for move in moves.itertuples():
            if move.unit not in place or move.shared < result.shared:
                continue
            row, grades = place[move.unit], 0 if np.isnan(move.bands) else move.bands
            marker = "^" if grades > 0 else "v" if grades < 0 else "o"
            face = shades[move.to] if grades else "white"
            ax.plot([move.standing, move.standing_there], [row, row], color="#cccccc", zorder=1)
            ax.plot(move.standing_there, row, marker, color=face, markeredgecolor=shades[move.to],
                    markersize=size)  # fmt: skip
        now = moves.drop_duplicates("unit").set_index("unit")["standing"].reindex(units)
        ax.plot(now, range(len(units)), "o", color="#333333", markersize=size, zorder=3)
        name_rows(ax, [str(unit) for unit in units])
        ax.set_xlim(-0.03, 1.03)
        ax.xaxis.set_major_formatter(PercentFormatter(1.0))
        sns.despine(ax=ax, left=True)
        mark = {"linestyle": "", "markersize": 6}
        keys = [(Line2D([], [], color="#333333", marker="o", **mark), Words("现在", "now"))]
        keys += [
            (Line2D([], [], color=SAME, marker="^", **mark), Words("等次升", "better grade")),
            (Line2D([], [], color=SAME, marker="v", **mark), Words("等次降", "worse grade")),
            (Line2D([], [], color="white", markeredgecolor=SAME, marker="o", **mark),
             Words("等次不变", "same grade")),
        ]  # fmt: skip
        used = [c for c in categories if (moves["to"] == c).any()]
        keys += [
            (Line2D([], [], color=shades[c], marker="s", **mark), category_words(result.scheme, c))
            for c in used
        ]
        _keys(ax, [(line, str(words)) for line, words in keys])
        titled(
            ax,
            Words("换一个类别会怎样", "What another category would mean"),
            Words("不落后于它的同类比例", "Share of its peers that are not ahead"),
        )
    return ax


def _keys(ax: Axes, keys: list[tuple[Line2D, str]]) -> None:
    """Explain the marks under the picture."""
    columns = max(1, min(4, 440 // (40 + 5 * max(wcswidth(words) for _, words in keys))))
    ax.legend(
        [line for line, _ in keys],
        [words for _, words in keys],
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        borderaxespad=4.6,  # below the name of the axis, whatever the height
        ncols=columns,
        frameon=False,
        prop={"family": families(), "size": 9},
    )
