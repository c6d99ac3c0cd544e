"""Views: what the state shows, as text. The live picture is in ``chart.py``."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from simkaohe.errors import SimkaoheError
from simkaohe.labels import Words, column_label
from simkaohe.scheme.method import Method
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
    ranked = [place for place, rank in enumerate(left.ranks) if rank]
    ranked.sort(key=state.standing("base").ranks.__getitem__)

    def of(values: list[Any]) -> list[Any]:
        return [values[place] for place in ranked] if values else []

    last = len(right.units)
    grades = right.scheme.grades
    shown: dict[str, Any] = {
        "after": [rank or last for rank in of(right.ranks)],
        "totals_after": of(right.totals),
        "grades": of(right.grades),
        "category_ranks": of(right.category_ranks),
        "categories": of(right.categories),
        "before": of(left.ranks),
        "totals_before": of(left.totals),
        "grades_before": of(left.grades),
        "bands": [band.label for band in grades.bands] if grades else [],
        "titles": [state.title(side) for side in state.sides],
    }
    units = of(left.units)
    if anew or units != chart.units:
        shown["units"] = units
    chart.show(**shown)


def explanation(state: State, unit: str) -> str:
    """Return how a unit's total comes about under the edited scheme, as an HTML table."""
    if not unit:
        hint = Words(
            "在图上点一个单位（或按回车选定），这里逐步说明它的得分。",
            "Click a unit in the picture (or press Enter) to see how its score comes about.",
        )
        return f"<p>{hint}</p>"
    try:
        steps = state.standing(state.sides[1]).result.explain(unit)
    except SimkaoheError as error:
        return alert(str(error))
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
        f"<table class='simkaohe-steps'>"
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
    kind, _, category = field.partition("weights_by_category.")
    if category and not kind:
        words = Words("在“{}”的权重", "weight for “{}”")
        field = str(words.format(state.scheme.category_label(category)))
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
