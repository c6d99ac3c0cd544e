"""Picture of incentives: what a step of effort pays, unit by unit and indicator by indicator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, PowerNorm
from matplotlib.patches import Patch

from simkaohe.labels import Words
from simkaohe.plots.style import DOWN, families, new_axes, style

if TYPE_CHECKING:
    from simkaohe.fairness.margins import Effort

HATCHES = {"cap": "////", "floor": "\\\\\\\\", "band": "....", "limit": "xxxx"}
"""How a cell that pays nothing is hatched, by its reason."""
NAMED = 40
"""Units with names of full size; more are set smaller, and beyond 60 every few of them."""


def effort(result: Effort, ax: Axes | None = None) -> Axes:
    """Draw what one step of improvement pays (多做一步值几分): units × indicators.

    Parameters
    ----------
    result : Effort
    ax : Axes, optional

    Returns
    -------
    Axes
        Units by rank, the best on top; the darker, the more points. Hatched: a step pays nothing,
        and why. Orange: it costs points, or a worse value earns some. White: does not count.
    """
    from simkaohe.fairness.margins import REASONS

    moves = result.moves
    totals = moves.total
    order = np.lexsort(
        (-totals, np.where(moves.base.ranks[0] > 0, moves.base.ranks[0], len(totals)))
    )
    points = result.points.to_numpy()[order]
    reasons = result.reasons.to_numpy()[order]
    wrong = result.perverse.to_numpy()[order]
    rows, columns = points.shape
    with style():
        height = 2.6 + rows * (0.24 if rows <= NAMED else 0.075)
        ax = new_axes(ax, max(4.0, height), width=max(7.0, min(16.0, 2.5 + 0.34 * columns)))
        pays = np.ma.masked_where(np.isnan(points) | (reasons != "") | wrong, points)
        shades = sns.color_palette("light:#1f5fa8", as_cmap=True)
        top = float(np.quantile(pays.compressed(), 0.98)) if pays.count() else 1.0
        even = PowerNorm(0.5, 0.0, top)  # small differences at the low end are seen too
        image = ax.pcolormesh(pays, cmap=shades, norm=even, edgecolors="white", lw=0.3)
        marks = []
        for reason, hatch in HATCHES.items():
            here = reasons == reason
            if here.any():
                blank = np.ma.masked_where(~here, np.zeros(points.shape))
                ax.pcolor(blank, hatch=hatch, cmap=ListedColormap(["0.93"]), ec="0.6", lw=0)
                label = str(REASONS[reason])
                marks.append(Patch(facecolor="0.93", edgecolor="0.6", hatch=hatch, label=label))
        if wrong.any():
            ax.pcolormesh(np.ma.masked_where(~wrong, wrong), cmap=ListedColormap([DOWN]))
            label = str(Words("越差越得分", "worse earns more"))
            marks.append(Patch(facecolor=DOWN, label=label))
        _name(ax, [result.points.index[k] for k in order], [leaf.label for leaf in moves.leaves])
        bar = ax.figure.colorbar(image, ax=ax, fraction=0.03, pad=0.02, extend="max")
        bar.outline.set_visible(False)  # type: ignore[operator]
        bar.set_label(str(Words("一步值几分", "points per step")), family=families())
        if marks:
            ax.legend(
                handles=marks, loc="upper center", bbox_to_anchor=(0.5, -0.01), frameon=False,
                ncols=2, prop={"family": families(), "size": 9},
            )  # fmt: skip
        sns.despine(ax=ax, left=True, bottom=True)
        title = Words("多做一步，值几分", "What one more step of effort pays")
        ax.set_title(str(title), loc="left", pad=10, family=families(), parse_math=False)
    return ax


def _name(ax: Axes, units: list[str], indicators: list[str]) -> None:
    """Write units on the left, the first on top, and indicators above."""
    every = max(1, -(-len(units) // 60))
    size = 9 if len(units) <= NAMED else 6
    look = {"family": families(), "parse_math": False}
    rows = range(0, len(units), every)
    ax.set_yticks([row + 0.5 for row in rows], [units[row] for row in rows], size=size, **look)
    ax.set_xticks(
        np.arange(len(indicators)) + 0.5, indicators, size=8, rotation=60, ha="left", **look
    )
    ax.invert_yaxis()
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    for label in ax.get_xticklabels():
        label.set_rotation_mode("anchor")
