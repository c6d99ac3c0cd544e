"""Pictures of sensitivity: how sure places are, what moves them, what weights are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from simkaohe.labels import Words
from simkaohe.plots.style import DOWN, NAMED, SAME, UP, beside, families, keyed, new_axes, style
from simkaohe.plots.style import height_of as _height
from simkaohe.plots.style import name_rows as _name_rows
from simkaohe.plots.style import titled as _titled

if TYPE_CHECKING:
    from simkaohe.sensitivity.acceptability import MonteCarlo
    from simkaohe.sensitivity.importance import EffectiveWeights
    from simkaohe.sensitivity.influence import OneAtATime
    from simkaohe.sensitivity.sobol import SobolIndices
    from simkaohe.sensitivity.stepping import Breakpoints

LINES = 6
"""Units whose lines a breakpoint diagram names in colour."""


def acceptability(result: MonteCarlo, ax: Axes | None = None) -> Axes:
    """Draw the chance of every rank (名次可能性): a row for each unit, the darker the likelier.

    Parameters
    ----------
    result : MonteCarlo
    ax : Axes, optional

    Returns
    -------
    Axes
        Units by mean rank, the best on top; up to 20 units with the chances in percent.
    """
    order = result.mean_rank["mean_rank"].sort_values(na_position="last").index
    table = result.acceptability.loc[order]
    count = len(table)
    with style():
        ax = new_axes(ax, _height(count), width=max(6.0, min(14.0, 2.5 + 0.3 * table.shape[1])))
        shades = sns.color_palette("light:#1f5fa8", as_cmap=True)
        image = ax.imshow(table.to_numpy(), aspect="auto", cmap=shades, vmin=0.0, vmax=1.0)
        if count <= 20:
            for row, chances in enumerate(table.to_numpy()):
                for column, chance in enumerate(chances):
                    if chance >= 0.005:
                        shade = "white" if chance > 0.55 else "black"
                        words = f"{100 * chance:.0f}"
                        ax.text(column, row, words, ha="center", va="center", size=8, color=shade)
        _name_rows(ax, [str(unit) for unit in order])
        step = max(1, table.shape[1] // 20)
        places = range(0, table.shape[1], step)
        ax.set_xticks(places, [str(table.columns[place]) for place in places])
        ax.xaxis.tick_top()
        ax.tick_params(axis="x", length=0)
        bar = ax.figure.colorbar(image, ax=ax, fraction=0.03, pad=0.02)
        bar.ax.yaxis.set_major_formatter(PercentFormatter(1.0))
        bar.outline.set_visible(False)  # type: ignore[operator]
        sns.despine(ax=ax, left=True, bottom=True)
        _titled(ax, Words("各名次的可能性", "Chance of every rank"))
    return ax


def rank_intervals(
    result: MonteCarlo, now: pd.Series[Any] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw how far ranks reach (名次区间): 5 to 95 % thin, 25 to 75 % thick, the median a dot.

    Parameters
    ----------
    result : MonteCarlo
    now : Series by unit, optional
        Ranks under the scheme as it is, drawn as rings: ``result.ranking["rank"]`` of an evaluation.
    ax : Axes, optional
    """
    order = result.mean_rank["mean_rank"].sort_values(na_position="last").index
    levels = result.quantiles.loc[order]
    rows = np.arange(len(order))
    with style():
        ax = new_axes(ax, _height(len(order)))
        size = 4.5 if len(order) <= NAMED else 3
        ax.hlines(rows, levels[0.05], levels[0.95], color=UP, lw=1.2, alpha=0.7, label="5–95 %")
        ax.hlines(rows, levels[0.25], levels[0.75], color=UP, lw=4, alpha=0.9, label="25–75 %")
        ax.plot(levels[0.5], rows, "o", color="white", markeredgecolor=UP, markersize=size,
                label=str(Words("中位名次", "median")), zorder=3)  # fmt: skip
        if now is not None:
            ranks = now.reindex(order).to_numpy(np.float64, na_value=np.nan)
            label = str(Words("现行方案的名次", "rank now"))
            ax.plot(ranks, rows, "D", color="none", markeredgecolor=DOWN, label=label,
                    markersize=1.4 * size, zorder=4)  # fmt: skip
        keyed(ax)
        _name_rows(ax, [str(unit) for unit in order])
        ax.set_xlim(0.5, len(order) + 0.5)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.grid(axis="x", color="0.92")
        sns.despine(ax=ax, left=True)
        _titled(
            ax, Words("名次区间（5%—95%）", "Rank intervals (5 to 95 %)"), Words("名次", "Rank")
        )
    return ax


def tornado(result: OneAtATime, most: int = 20, ax: Axes | None = None) -> Axes:
    """Draw what each number does when it alone changes (龙卷风图): mean places that units move.

    Parameters
    ----------
    result : OneAtATime
    most : int, default 20
        How many numbers, the most effective first.
    ax : Axes, optional

    Returns
    -------
    Axes
        To the left the lower end, to the right the upper one.
    """
    table = result.table.head(most)
    rows = np.arange(len(table))
    with style():
        ax = new_axes(ax, _height(len(table)))
        left = ax.barh(rows, -table["mean_low"].fillna(0), color=DOWN, height=0.7)
        right = ax.barh(rows, table["mean_high"].fillna(0), color=UP, height=0.7)
        ax.axvline(0, color="0.4", linewidth=0.8)
        _name_rows(ax, [str(label) for label in table["label"]])
        ax.xaxis.set_major_formatter(lambda x, _: f"{abs(x):g}")
        keyed(ax, [left, right], [str(Words("调低", "lower")), str(Words("调高", "higher"))])
        sns.despine(ax=ax, left=True)
        idle = len(result.without_effect)
        title = Words("单项变动的影响", "One number at a time")
        if idle:
            title = Words(
                f"{title.zh}（另有 {idle} 项没有影响）", f"{title.en} ({idle} without effect)"
            )
        _titled(ax, title, Words("平均变动位次", "Mean places moved"))
    return ax


def breakpoints(result: Breakpoints, ax: Axes | None = None) -> Axes:
    """Draw the ranking along one number (换位图): steps where units change places.

    Parameters
    ----------
    result : Breakpoints
    ax : Axes, optional

    Returns
    -------
    Axes
        The units that move most are drawn in colour and named at the right, the others grey; a
        dashed line marks the present value.
    """
    ranks = result.intervals
    ranked = ranks.loc[:, (ranks > 0).all()]
    reach = (ranked.max() - ranked.min()).sort_values(ascending=False, kind="stable")
    moving = list(reach[reach > 0].index[:LINES])
    edges = [*ranks.index.get_level_values("low"), ranks.index.get_level_values("high")[-1]]
    colours = dict(zip(moving, sns.color_palette("colorblind", len(moving)), strict=True))
    with style():
        ax = new_axes(ax, max(4.0, min(12.0, 1.5 + 0.2 * ranked.shape[1])))
        thin = 1 if ranked.shape[1] <= NAMED else 0.5
        for unit in [u for u in ranked if u not in colours] + moving[::-1]:
            line = ranked[unit].to_numpy()
            look: dict[str, Any] = {"color": colours.get(unit, "0.85")}
            look["linewidth"] = 2 if unit in colours else thin
            ax.step(edges, [*line, line[-1]], where="post", **look)
        apart = (
            11 / 72 * ranked.shape[1] / (ax.figure.get_figheight() - 1)
        )  # a line of text, in ranks
        height = -np.inf
        for unit in sorted(moving, key=lambda unit: int(ranked[unit].iloc[-1])):
            height = max(height + apart, float(ranked[unit].iloc[-1]))
            beside(ax, (edges[-1], height), str(unit), 6, size=9, color=colours[unit],
                   family=families(), parse_math=False)  # fmt: skip
        if result.present is not None:
            ax.axvline(result.present, color=SAME, linestyle="--", linewidth=1)
        ax.set_xlim(edges[0], edges[-1])
        ax.set_ylim(ranked.to_numpy().max(initial=1) + 0.7, 0.3)
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        sns.despine(ax=ax)
        slot = result.scheme.paths().get(result.path)
        label = Words(result.path, result.path) if slot is None else Words(slot.label, slot.label)
        _titled(
            ax, Words("名次怎样随它变化", "Ranks along one number"), label, Words("名次", "Rank")
        )
    return ax


def effective_weights(result: EffectiveWeights, ax: Axes | None = None) -> Axes:
    """Draw stated against effective weights (名义权重与有效权重), the largest gap on top.

    Parameters
    ----------
    result : EffectiveWeights
    ax : Axes, optional

    Returns
    -------
    Axes
        A ring is the stated weight; a dot the share of the differences between units that the
        indicator makes (its covariance share; they sum to 1), or, where the tree is not additive,
        the share that it explains alone (correlation ratio; these do not sum to 1).
    """
    table = result.table
    effect, words = table["covariance_share"], Words("有效权重", "share of the differences")
    if effect.isna().any():
        effect = table["correlation_ratio"].fillna(table["correlation_squared"])
        words = Words("单独解释的差异", "differences explained alone")
    gap = (effect - table["nominal"].fillna(0)).abs()
    order = gap.sort_values(ascending=False, kind="stable").index
    table, effect = table.loc[order], effect.loc[order]
    rows = np.arange(len(table))
    with style():
        ax = new_axes(ax, _height(len(table)))
        ax.hlines(rows, table["nominal"], effect, color="0.8", linewidth=2, zorder=1)
        ax.plot(table["nominal"], rows, "o", color="white", markeredgecolor=SAME, zorder=2,
                label=str(Words("名义权重", "stated weight")))  # fmt: skip
        ax.plot(effect, rows, "o", color=UP, zorder=3,
                label=str(words))  # fmt: skip
        _name_rows(ax, [str(name) for name in table["name"]])
        ax.xaxis.set_major_formatter(PercentFormatter(1.0))
        ax.axvline(0, color="0.7", linewidth=0.8)
        keyed(ax)
        sns.despine(ax=ax, left=True)
        _titled(ax, Words("名义权重与有效权重", "Stated and effective weights"))
    return ax


def sobol(result: SobolIndices, most: int = 20, ax: Axes | None = None) -> Axes:
    """Draw what matters most for the ranking (Sobol 指数): first order and total, with errors.

    Parameters
    ----------
    result : SobolIndices
    most : int, default 20
        How many factors, the most important first.
    ax : Axes, optional
    """
    table = result.summary.head(most)
    rows = np.arange(len(table))
    with style():
        ax = new_axes(ax, _height(2 * len(table)))
        for shift, name, words, colour in (
            (-0.2, "first", Words("一阶", "first order"), UP),
            (0.2, "total", Words("总效应", "total"), DOWN),
        ):
            ax.barh(
                rows + shift, table[name].fillna(0), height=0.38, color=colour, label=str(words)
            )
            ax.errorbar(
                table[name], rows + shift, xerr=table[f"{name}_error"], fmt="none", ecolor="0.3",
                elinewidth=1,
            )  # fmt: skip
        _name_rows(ax, [str(factor) for factor in table.index])
        ax.axvline(0, color="0.4", linewidth=0.8)
        keyed(ax)
        sns.despine(ax=ax, left=True)
        idle = len(result.without_effect)
        title = Words("谁最影响名次", "What moves the ranking most")
        if idle:
            title = Words(f"{title.zh}（{idle} 项没有影响）", f"{title.en} ({idle} without effect)")
        _titled(
            ax, title, Words("平均位次变动的方差份额", "Share of the variance of the mean shift")
        )
    return ax
