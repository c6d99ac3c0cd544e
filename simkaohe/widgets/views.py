"""Views: what the state shows, as text. The live picture is in ``chart.py``."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from simkaohe.labels import Words, column_label
from simkaohe.scheme.method import Method
from simkaohe.widgets.chart import ShiftChart
from simkaohe.widgets.state import BASE, EDITED, State

SENTENCES = 3
"""How many problems a message names; a part of zero can stop every unit at once."""
STEPS = ("name", "score", "weight", "points", "factor", "calculation")


def draw(chart: ShiftChart, state: State, *, anew: bool = False) -> None:
    """Show the state's comparison in the picture; only what moved, unless drawn anew.

    Units that the base does not rank are left out; one that loses its rank stands last.
    """
    shift, scheme = state.comparison, state.scheme
    base, edited = shift.base, shift.others[0]
    ranks = shift.ranks[shift.ranks[base].notna()].fillna(len(shift.ranks))
    totals, names = shift.totals.loc[ranks.index], shift.grades.loc[ranks.index, edited]
    grades = {band.name: band.label for band in scheme.grades.bands} if scheme.grades else {}
    digits = 2 if scheme.ranking.digits is None else min(scheme.ranking.digits, 4)
    moved: dict[str, Any] = {
        "after": ranks[edited],
        "totals_after": [f"{total:.{digits}f}" for total in totals[edited]],
        "grades": [grades.get(name, "") for name in names] if grades else [],
        "categories": [
            scheme.category_label(name)
            for name in shift.results[edited].ranking["category"].reindex(ranks.index)
        ],
    }
    if anew:
        moved |= {
            "units": ranks.index,
            "before": ranks[base],
            "totals_before": [f"{total:.{digits}f}" for total in totals[base]],
            "titles": [str(BASE), str(EDITED)],
        }
    elif moved["categories"] == chart.categories:
        del moved["categories"]
    chart.show(**moved)


def explanation(state: State, unit: str) -> str:
    """Return how a unit's total comes about under the edited scheme, as an HTML table."""
    if not unit:
        hint = Words(
            "在图上点一个单位（或按回车选定），这里逐步说明它的得分。",
            "Click a unit in the picture (or press Enter) to see how its score comes about.",
        )
        return f"<p>{hint}</p>"
    steps = state.comparison.results[state.comparison.others[0]].explain(unit)
    head = "".join(f"<th>{escape(column_label(name))}</th>" for name in STEPS)
    rows = []
    for _, step in steps.iterrows():
        indent = f' style="padding-left:{0.4 + 1.1 * step["depth"]:.1f}em;text-align:left"'
        cells = [f"<td{indent}>{escape(str(step['name']))}</td>"]
        cells += [
            f"<td style='text-align:right'>{_figure(step[name])}</td>" for name in STEPS[1:-1]
        ]
        cells.append(f'<td style="text-align:left">{escape(str(step["calculation"]))}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f"<h4>{escape(unit)}</h4><div style='overflow:auto;max-height:22em'>"
        f"<table class='simkaohe-steps' style='line-height:1.6;border-spacing:0.8em 0'>"
        f"<tr>{head}</tr>{''.join(rows)}</table></div>"
    )


def _figure(value: Any) -> str:
    return "" if value is None or np.isnan(value) else f"{value:.2f}"


def edits(state: State) -> str:
    """Return the list of edits in words, as HTML."""
    if not state.edits:
        return f"<p>{Words('尚未修改', 'No edits yet')}</p>"
    items = "".join(f"<li>{escape(_edit(state, *edit))}</li>" for edit in state.edits.items())
    return f"<ul style='margin:0;padding-left:1.2em'>{items}</ul>"


def _edit(state: State, path: str, value: Any) -> str:
    """Say one edit in words; a path that names nothing is said as it is."""
    slots, nodes = state.scheme.paths(), state.scheme.nodes
    shown = str(value.label) if isinstance(value, Method) else value
    if path in slots:
        return f"{slots[path].label}: {slots[path].value} → {shown}"
    first, _, field = path.partition(".")
    if first not in nodes:
        return f"{path} → {shown}"
    labels = type(nodes[first]).field_labels()
    return f"{nodes[first].label} · {labels.get(field, field)} → {shown}"


def message(state: State) -> str:
    """Return the sentences of what is wrong, as HTML; empty when nothing is."""
    if not state.message:
        return ""
    first, rest = state.message.splitlines()[:SENTENCES], state.message.splitlines()[SENTENCES:]
    if rest:
        first.append(str(Words("……还有 {} 处", "… and {} more").format(len(rest))))
    lines = "<br>".join(escape(line) for line in first)
    return f"<p role='alert' style='color:#b34700;line-height:1.4'>{lines}</p>"
