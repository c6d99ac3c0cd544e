"""Controls: each is bound to one edit path, writes to the state and follows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

import ipywidgets as w

from simkaohe.labels import Words, column_label
from simkaohe.scheme.combine import Geometric, Multiplier, WeightedSum
from simkaohe.scheme.tree import Group
from simkaohe.widgets.state import State

WIDE = {"description_width": "9.5em"}
LINE = w.Layout(width="99%")


def follow(control: w.Widget, state: State, path: str, shown: Callable[[Any], Any]) -> None:
    """Bind a control to an edit path, both ways.

    A control writes only what differs from the state, so that events end by themselves. What it
    cannot show (``shown`` gives None) it leaves as it is; the state's message says what is wrong.
    """

    def write(change: dict[str, Any]) -> None:
        if change["new"] != shown(state.value(path)):
            state.set(path, change["new"])

    def read(_: dict[str, Any]) -> None:
        value = shown(state.value(path))
        if value is None:
            return
        if isinstance(control, w.FloatSlider | w.BoundedFloatText):
            control.min, control.max = min(control.min, value), max(control.max, value)
        control.value = value

    control.observe(write, "value")
    listen(control, state, read)


def listen(control: w.Widget, state: State, read: Callable[[Any], None]) -> None:
    """Let a control hear of every change of the edits, until it is closed."""
    state.observe(read, "edits")

    def stop(change: dict[str, Any]) -> None:
        if change["new"] is None:
            state.unobserve(read, "edits")

    control.observe(stop, "comm")


def discard(widget: w.Widget) -> None:
    """Close a widget and all below it, so that nothing of it listens any more."""
    for child in getattr(widget, "children", ()):
        discard(child)
    widget.close()


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and isfinite(value) else None


def number(state: State, path: str, label: str, low: float, high: float) -> w.Widget:
    """Return a slider and a box for exact numbers, both for the same value."""
    step = (high - low) / 100
    value = _number(state.value(path))
    value = low if value is None else value
    lowest = min(low, value)
    slider = w.FloatSlider(
        value,
        min=lowest,
        max=max(high, value),
        step=step,
        description=label,
        description_allow_html=False,
        readout=False,
        style=WIDE,
        layout=w.Layout(flex="1 1 auto"),
    )
    box = w.BoundedFloatText(
        value,
        min=lowest,
        max=max(1e6, value),
        step=step,
        layout=w.Layout(width="6.5em", flex="0 0 auto"),
    )
    for control in (slider, box):
        follow(control, state, path, _number)
    return w.HBox([slider, box], layout=LINE)


def weights(state: State, group: Group) -> w.Widget:
    """Return a slider for the weight of every child of a group."""
    largest = max(child.weight for child in group.children)
    top = 100.0 if largest > 1 else 1.0
    return w.VBox(
        [number(state, f"{child.id}.weight", child.label, 0.0, top) for child in group.children]
    )


def methods(state: State, group: Group) -> w.Dropdown:
    """Return a choice of how a group combines its children, its own way first."""
    path = f"{group.id}.combine"
    first = group.children[0].id
    others = [
        WeightedSum(),
        Geometric(zero="floor"),
        Multiplier(base=(first,), zero="keep"),
    ]
    own = group.combine
    choices = [own, *(method for method in others if type(method) is not type(own))]

    def shown(value: Any) -> Any:
        """Return the choice of that name; a scenario writes a method as text or as a table."""
        name = (
            value.get("method") if isinstance(value, Mapping) else getattr(value, "method", value)
        )
        return next((method for method in choices if method.method == name), None)

    control = w.Dropdown(
        options=[(str(method.label), method) for method in choices],
        value=shown(state.value(path)),
        description=str(Words("合成方法", "Combination")),
        style=WIDE,
        layout=LINE,
    )
    follow(control, state, path, shown)
    return control


def coefficient_range(state: State, group: Group) -> list[w.Widget]:
    """Return sliders for the limits of a multiplier's coefficient, shown while it has them."""
    method, path = group.combine, f"{group.id}.combine"
    if not isinstance(method, Multiplier) or method.low is None or method.high is None:
        return []
    labels = Multiplier.field_labels()
    sliders = w.VBox(
        [
            number(state, f"{path}.{end}", labels[end], *limits)
            for end, limits in (("low", (0.5, 1.0)), ("high", (1.0, 1.5)))
        ]
    )

    def show(_: Any) -> None:
        sliders.layout.display = "none" if path in state.edits else None

    show(None)
    listen(sliders, state, show)
    return [sliders]


def category_of_unit(state: State) -> list[w.Widget]:
    """Return two drop-downs: a unit, and the category that it is in."""
    scheme = state.scheme
    if not scheme.categories:
        return []
    unit = w.Dropdown(
        options=list(scheme.units), description=column_label("unit"), style=WIDE, layout=LINE
    )
    category = w.Dropdown(
        options=[(scheme.category_label(name), name) for name in scheme.categories],
        description=column_label("category"),
        style=WIDE,
        layout=LINE,
    )

    def read(_: Any) -> None:
        category.value = state.value(f"units.{unit.value}")

    def write(change: dict[str, Any]) -> None:
        if change["new"] != state.value(f"units.{unit.value}"):
            state.set(f"units.{unit.value}", change["new"])

    read(None)
    unit.observe(read, "value")
    category.observe(write, "value")
    listen(category, state, read)
    return [unit, category]


def buttons(state: State) -> w.HBox:
    """Return undo, redo and reset."""
    made = []
    for words, icon, act in (
        (Words("撤销", "Undo"), "undo", state.undo),
        (Words("重做", "Redo"), "repeat", state.redo),
        (Words("全部还原", "Reset"), "refresh", state.reset),
    ):
        button = w.Button(description=str(words), icon=icon, layout=w.Layout(width="auto"))
        button.on_click(lambda _, act=act: act())
        made.append(button)
    return w.HBox(made)
