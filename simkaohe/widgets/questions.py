"""Tables that answer a question about one unit: another category, a point more of a part."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import numpy as np

from simkaohe.errors import SimkaoheError
from simkaohe.labels import Words, column_label
from simkaohe.result import Result
from simkaohe.scheme.combine import Multiplier, WeightedSum
from simkaohe.scheme.wording import without_ids
from simkaohe.widgets.state import State

LEVELS = (50, 60, 70, 80, 90, 100)
"""Scores of the base part at which a point of the others is priced."""


def elsewhere(state: State, unit: str) -> str:
    """Return where a unit would stand in each category, everything else as it is, as HTML."""
    scheme = state.standing("current").scheme
    if unit not in scheme.units:
        return ""
    rows, now = [], scheme.units[unit]
    for category in scheme.categories:
        name = escape(scheme.category_label(category))
        if category == now:
            name = f"<b>{name}</b> {Words('（现在）', '(now)')}"
        try:
            standing = state.trial({f"units.{unit}": category})
        except SimkaoheError as error:
            rows.append(
                [name, f"<span>{escape(without_ids(scheme, str(error.problems[0])))}</span>"]
            )
            continue
        row, grades = standing.ranking.loc[unit], standing.scheme.grades
        labels = {band.name: band.label for band in grades.bands} if grades else {}
        peers = int((standing.ranking["category"] == category).sum())
        places = [f"{row['rank']}", f"{row['category_rank']} / {peers}"]
        rows.append([name, f"{row['total']:.2f}", *places, escape(labels.get(row["grade"], "–"))])
    head = [column_label(c) for c in ("category", "total", "rank", "category_rank", "grade")]
    title = Words("{}放在各类别里的结果", "{} in each category").format(unit)
    note = Words(
        "其余一切不变。名次或等次一换类就跳，说明分类本身在决定结果（悬崖）。",
        "All else as it is. Where rank or grade jumps, the classification itself decides: a cliff.",
    )
    return html_table(str(title), head, rows, str(note))


def worth(state: State, unit: str) -> str:
    """Return what one point more of each part brings to a unit's total, as HTML.

    Under the way of combining as it is now and under a weighted sum with the same weights, at
    several scores of the base part (:data:`LEVELS`) and at the unit's own. The engine evaluates
    every cell; the total is taken before it is rounded.
    """
    result = state.result
    root = result.scheme.root
    if unit not in result.engine.units:
        return ""
    base = (
        root.combine.base[0]
        if isinstance(root.combine, Multiplier) and root.combine.base
        else (root.children[0].id)
    )
    others = [child.id for child in root.children if child.id != base]
    own = result.scores.loc[unit]
    others = [part for part in others if not np.isnan(own[part])]
    levels = sorted({*LEVELS, round(float(own[base]), 2)})
    ways = [(str(root.combine.label), result)]
    if not isinstance(root.combine, WeightedSum):
        added = state.trial({f"{root.id}.combine": WeightedSum()}).result
        ways.append((str(WeightedSum.label), added))
    priced = [prices(way, unit, base, others, levels) for _, way in ways]
    head = [f"{result.scheme.nodes[base].label}"]
    head += [
        f"{result.scheme.nodes[part].label} +1 · {name}" for name, _ in ways for part in others
    ]
    rows = []
    for k, level in enumerate(levels):
        mark = level == round(float(own[base]), 2)
        first = f"<b>{level:.2f} {Words('（现在）', '(now)')}</b>" if mark else f"{level:g}"
        cells = [price[part][k] for price in priced for part in others]
        rows.append([first, *(f"{cell:+.3f}" for cell in cells)])
    title = Words("{}：多得一分值多少总分", "{}: what one point more is worth").format(unit)
    note = Words(
        "{}处在左列水平时，其他部分多得 1 分给总分带来的变化。乘数下，基数越高这一分越值钱；相加时处处相同。",
        "What one point more of another part adds to the total while {} is at the level on the "
        "left. With a multiplier a point is worth more the higher the base; in a sum it is the same "
        "everywhere.",
    ).format(result.scheme.nodes[base].label)
    return html_table(str(title), head, rows, str(note))


def prices(
    result: Result, unit: str, base: str, parts: list[str], levels: Iterable[float]
) -> dict[str, list[float]]:
    """Return what a point of each part adds to a unit's total at each level of the base part.

    Where the part is within a point of full marks, the last point is taken.
    """
    engine, place = result.engine, result.engine.units.index(unit)
    own = result.scores.loc[unit]
    levels = list(levels)
    nodes = [base, *parts]
    rows = [
        {**{n: float(own[n]) for n in parts}, base: level, part: min(own[part], 99.0) + step}
        for level in levels
        for part in parts
        for step in (0.0, 1.0)
    ]
    replaced = {
        node: np.repeat([[row[node]] for row in rows], len(engine.units), axis=1) for node in nodes
    }
    totals = engine.what_if(replaced).scores[result.scheme.root.id][:, place]
    steps = np.diff(totals.reshape(len(levels), len(parts), 2), axis=-1)[..., 0]
    return {part: steps[:, k].tolist() for k, part in enumerate(parts)}


def html_table(title: str, head: list[str], rows: list[list[str]], note: str) -> str:
    """Return a table with its title and a note; the cells of ``rows`` are HTML."""
    top = "".join(
        f"<th scope='col' style='text-align:{'right' if k else 'left'}'>{escape(cell)}</th>"
        for k, cell in enumerate(head)
    )
    body = []
    for first, *rest in rows:
        span = len(head) - len(rest)
        cells = "".join(
            f"<td style='text-align:{'right' if span == 1 else 'left'}'"
            f"{f' colspan={span}' if span > 1 else ''}>{cell}</td>"
            for cell in rest
        )
        body.append(
            f"<tr><th scope='row' style='text-align:left;font-weight:400'>{first}</th>{cells}</tr>"
        )
    return (
        f"<h4>{escape(title)}</h4><table style='line-height:1.7;border-spacing:1em 0'>"
        f"<tr>{top}</tr>{''.join(body)}</table><p>{escape(note)}</p>"
    )
