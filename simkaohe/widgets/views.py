"""Views: what the state shows, as text. The live picture is in ``chart.py``."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
import pandas as pd

from simkaohe.labels import Words, column_label
from simkaohe.scheme.method import Method
from simkaohe.scheme.tree import Scheme
from simkaohe.widgets.chart import ShiftChart
from simkaohe.widgets.state import State

SENTENCES = 3
"""How many problems a message names; a part of zero can stop every unit at once."""
STEPS = ("name", "score", "weight", "points", "factor", "calculation")


def draw(chart: ShiftChart, state: State, *, anew: bool = False) -> None:
    """Show the two sides that the state compares; only what moved, unless drawn anew.

    Units that the left side does not rank are left out; one that loses its rank stands last.
    """
    left, right = (state.standing(side) for side in state.sides)
    before = left.ranking[left.ranking["rank"].notna()]
    order = [unit for unit in state.standing("base").ranking.index if unit in before.index]
    before, after = before.loc[order], right.ranking.reindex(order)
    scheme = right.scheme
    shown: dict[str, Any] = {
        "before": before["rank"],
        "after": after["rank"].fillna(len(right.ranking)),
        "totals_before": _totals(before["total"], left.scheme),
        "totals_after": _totals(after["total"], scheme),
        "grades_before": _grades(before["grade"], left.scheme),
        "grades": _grades(after["grade"], scheme),
        "category_ranks": after["category_rank"].fillna(0),
        "categories": [scheme.category_label(name) for name in after["category"]],
        "bands": [band.label for band in scheme.grades.bands] if scheme.grades else [],
        "titles": [state.title(side) for side in state.sides],
    }
    if anew or order != chart.units:
        shown["units"] = order
    chart.show(**shown)


def _totals(totals: pd.Series, scheme: Scheme) -> list[str]:
    digits = 2 if scheme.ranking.digits is None else min(scheme.ranking.digits, 4)
    return [f"{total:.{digits}f}" for total in totals]


def _grades(names: pd.Series, scheme: Scheme) -> list[str]:
    if not scheme.grades:
        return []
    labels = {band.name: band.label for band in scheme.grades.bands}
    return [labels.get(name, "") for name in names]


def explanation(state: State, unit: str) -> str:
    """Return how a unit's total comes about under the edited scheme, as an HTML table."""
    if not unit:
        hint = Words(
            "在图上点一个单位（或按回车选定），这里逐步说明它的得分。",
            "Click a unit in the picture (or press Enter) to see how its score comes about.",
        )
        return f"<p>{hint}</p>"
    steps = state.standing(state.sides[1]).result.explain(unit)
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
    return alert(state.message) if state.message else ""


def alert(sentences: str) -> str:
    """Return what is wrong as HTML that is read out at once, one line for each sentence."""
    first, rest = sentences.splitlines()[:SENTENCES], sentences.splitlines()[SENTENCES:]
    if rest:
        first.append(str(Words("……还有 {} 处", "… and {} more").format(len(rest))))
    lines = "<br>".join(escape(line) for line in first)
    return f"<p role='alert' style='color:#b34700;line-height:1.4'>{lines}</p>"
