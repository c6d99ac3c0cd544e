"""Controls: each is bound to one edit path, writes to the state and follows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from html import escape
from math import isfinite
from typing import Any

import ipywidgets as w

from simkaohe.labels import Words, column_label
from simkaohe.scheme.coefficient import CoefficientMap, FixedBand
from simkaohe.scheme.combine import Geometric, Multiplier, WeightedSum
from simkaohe.scheme.tree import Group
from simkaohe.widgets.state import State
from simkaohe.widgets.weighing import overridden, weight_path

WIDE = {"description_width": "9.6em"}
LINE = w.Layout(width="99%")
SMALL = w.Layout(width="2.3em", flex="0 0 auto", padding="0")
REST = 0.25
"""Seconds without a change after which what takes longer than a picture is worked out."""


# -- binding ---------------------------------------------------------------------------------------


def bind(
    control: w.Widget, state: State, read: Callable[[], Any], write: Callable[[Any], None]
) -> None:
    """Bind a control to the state, both ways.

    A control writes only what differs from the state, so that events end by themselves, and goes
    back to what the state took. What it cannot show (``read`` gives None) it leaves as it is; the
    state's message says what is wrong.
    """

    def take(_: Any = None) -> None:
        value = read()
        if value is None:
            return
        if isinstance(control, w.FloatSlider | w.BoundedFloatText):
            control.min, control.max = min(control.min, value), max(control.max, value)
            if abs(control.value - value) < 1e-9:
                return  # 0.8049999 is where it stands: no message that meets the next key press
        control.value = value

    def put(change: dict[str, Any]) -> None:
        with state.turn:
            if change["new"] != read():
                write(change["new"])
                take()

    control.observe(put, "value")
    listen(control, state, take)


def follow(control: w.Widget, state: State, path: str, shown: Callable[[Any], Any]) -> None:
    """Bind a control to an edit path; ``shown`` says how the control shows a value."""
    bind(control, state, lambda: shown(state.value(path)), lambda value: state.set(path, value))


def listen(
    control: w.Widget, state: State, read: Callable[[Any], None], names: str | list[str] = "edits"
) -> None:
    """Let a control hear of every change of the edits, until it is closed."""
    state.observe(read, names)

    def stop(change: dict[str, Any]) -> None:
        if change["new"] is None:
            state.unobserve(read, names)

    control.observe(stop, "comm")


def discard(widget: w.Widget) -> None:
    """Close a widget and all below it, so that nothing of it listens any more."""
    for child in getattr(widget, "children", ()):
        discard(child)
    widget.close()


class Later:
    """Calls a function once things rest; at once where no notebook is running."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call, self._waiting = call, None

    def __call__(self, _: Any = None) -> None:
        """Ask for the call; asking again puts it off."""
        if self._waiting is not None:
            self._waiting.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._call()
            return
        self._waiting = loop.call_later(REST, self._call)


# -- numbers ---------------------------------------------------------------------------------------


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and isfinite(value) else None


def number(state: State, path: str, label: str, low: float, high: float) -> w.HBox:
    """Return a slider, a box for exact numbers, and a button that takes the edit back."""

    def read() -> float | None:
        return _number(state.value(path))

    return _row(state, path, label, (low, high), read, lambda value: state.set(path, value))


def _row(
    state: State,
    path: str,
    label: str,
    span: tuple[float, float],
    read: Callable[[], float | None],
    write: Callable[[float], None],
    *more: w.Widget,
) -> w.HBox:
    low, high = span
    step = (high - low) / 100
    found = read()
    value = low if found is None else found
    slider = w.FloatSlider(
        value,
        min=min(low, value),
        max=max(high, value),
        step=step,
        description=label,
        description_allow_html=False,
        tooltip=label,
        readout=False,
        style=WIDE,
        layout=w.Layout(flex="1 1 auto", min_width="12em"),
    )
    box = w.BoundedFloatText(
        value,
        min=min(low, value),
        max=max(1e6, value),
        step=step,
        tooltip=label,
        layout=w.Layout(width="5.6em", flex="0 0 auto"),
    )
    bind(slider, state, lambda: snapped(slider, read()), lambda v: write(round(v, 9)))
    bind(box, state, read, write)
    slider.value = snapped(slider, value)
    return w.HBox([slider, box, *more, _back(state, path, label)], layout=LINE)


def snapped(slider: w.FloatSlider, value: float | None) -> float | None:
    """Return the place of a slider that is nearest to a number.

    A browser puts a handle on the nearest step and sends that back: told any other number, a slider
    would overwrite what was typed into the box beside it.
    """
    if value is None:
        return None
    low = min(slider.min, value)
    return round(low + round((value - low) / slider.step) * slider.step, 10)


def _back(state: State, path: str, label: str) -> w.Button:
    """Return the button that takes one edit back; it can be pressed while there is one."""
    button = w.Button(
        icon="undo",
        tooltip=str(Words("还原：{}", "Reset {}").format(label)),
        layout=SMALL,
    )

    def read(_: Any = None) -> None:
        button.disabled = not any(p == path or p.startswith(f"{path}.") for p in state.edits)

    read()
    button.on_click(lambda _: state.reset(path))
    listen(button, state, read)
    return button


# -- weights ---------------------------------------------------------------------------------------


def weights(state: State, group: Group, category: str = "") -> w.VBox:
    """Return a row for the weight of every child of a group, for one category or for all.

    Each has a slider, a box, a lock and a button to take the edit back. Below stands what the
    weights of a category mean, and whether the sum is kept.
    """
    children = group.children
    largest = max(state.weight(child.id, category) for child in children)
    top = 100.0 if largest > 1 else 1.0
    rows = [_weight(state, child.id, child.label, top, category) for child in children]
    return w.VBox([*rows, _sum(state, group, category), _who(state, group, category)])


def _weight(state: State, node: str, label: str, top: float, category: str) -> w.HBox:
    path = weight_path(node, category)
    lock = w.ToggleButton(path in state.locked, layout=SMALL)

    def read() -> float:
        return state.weight(node, category)

    row = _row(state, path, label, (0.0, top), read, lambda v: state.weigh(node, v, category), lock)

    def held(_: Any = None) -> None:
        on = path in state.locked
        lock.value, lock.icon = on, "lock" if on else "unlock-alt"
        words = Words("解锁：{}", "Unlock {}") if on else Words("锁定：{}", "Lock {}")
        lock.tooltip = str(words.format(label))
        for control in row.children[:2]:
            control.disabled = on

    held()
    lock.observe(lambda change: state.lock(path, change["new"]), "value")
    listen(lock, state, held, "locked")
    return row


def _sum(state: State, group: Group, category: str) -> w.HBox:
    keep = w.Checkbox(
        state.keep_sum,
        description=str(Words("合计不变，其余按比例调整", "Keep the sum; the others rescale")),
        indent=False,
        layout=w.Layout(width="auto"),
    )
    text = w.HTML()

    def read(_: Any = None) -> None:
        total = sum(state.weight(child.id, category) for child in group.children)
        text.value = f"<span>{Words('合计', 'Sum')} <b>{total:.6g}</b></span>"

    def kept(_: Any) -> None:
        keep.value = state.keep_sum

    read()
    keep.observe(lambda change: setattr(state, "keep_sum", change["new"]), "value")
    listen(keep, state, kept, "keep_sum")
    listen(text, state, read)
    return w.HBox([keep, text], layout=w.Layout(justify_content="space-between", width="99%"))


def _who(state: State, group: Group, category: str) -> w.HTML:
    """Say for whom the weights hold: a category with its own does not follow those for all."""
    text = w.HTML()

    def read(_: Any = None) -> None:
        scheme, method = state.scheme, combination(state, group)
        if isinstance(method, Multiplier) and len(method.base) < 2 and not method.added:
            words = Words(
                "现在是乘数计分法：这些权重不影响总分，起作用的是系数的上限和下限。",
                "The multiplier method is in use: these weights have no effect on the total; the "
                "limits of the coefficients have.",
            )
        elif category:
            words = Words(
                "只对“{}”有效；0 表示在这一类取消该指标。",
                "For {} only; 0 cancels the indicator there.",
            ).format(scheme.category_label(category))
        else:
            own = overridden(scheme, state.edits, group)
            names = "、".join(map(scheme.category_label, own))
            if not own:
                text.value = ""
                return
            words = Words(
                "注意：{}对这里的某些指标有单独的权重，不随这些滑块变化；请在“类别”里选它来改。",
                "Note: {} have weights of their own for some of these and do not follow these "
                "sliders; choose the category above to change them.",
            ).format(names)
        text.value = f"<div style='line-height:1.4'>{escape(str(words))}</div>"

    read()
    listen(text, state, read)
    return text


class Weights(w.VBox):
    """Weights of the group and the category that the reader chooses.

    Attributes
    ----------
    group, category : Dropdown
        ``category`` has no options but "all" in a scheme without categories, and is hidden then.
    """

    def __init__(self, state: State, group: str = "", category: str = "") -> None:
        scheme = state.scheme
        groups = [node for node in scheme.nodes.values() if isinstance(node, Group)]
        self.group = w.Dropdown(
            options=[(node.label, node.id) for node in groups],
            value=group or scheme.root.id,
            description=str(Words("调整权重", "Weights of")),
            style=WIDE,
            layout=LINE,
        )
        everyone = str(Words("所有类别", "all categories"))
        kinds = [(scheme.category_label(name), name) for name in scheme.categories]
        self.category = w.Dropdown(
            options=[(everyone, ""), *kinds],
            value=category,
            description=str(Words("对哪一类", "For")),
            style=WIDE,
            layout=w.Layout(width="99%", display=None if kinds else "none"),
        )
        self._state, self._rows = state, w.VBox()
        super().__init__([self.group, self.category, self._rows])
        for control in (self.group, self.category):
            control.observe(self._show, "value")
        self._show()

    def _show(self, _: Any = None) -> None:
        group = self._state.scheme.nodes[self.group.value]
        assert isinstance(group, Group)
        before = self._rows.children
        self._rows.children = [weights(self._state, group, self.category.value)]
        for old in before:
            discard(old)


# -- ways of combining -----------------------------------------------------------------------------


def combination(state: State, group: Group) -> Any:
    """Return how a group combines its children now: in the last edits that could be evaluated."""
    return state.standing("current").scheme.nodes[group.id].combine


def methods(state: State, group: Group) -> w.Dropdown:
    """Return a choice of how a group combines its children, its own way first."""
    path = f"{group.id}.combine"
    first = group.children[0].id
    others = [
        WeightedSum(),
        Geometric(zero="floor"),
        Multiplier(base=(first,), map=FixedBand(), low=0.9, high=1.1, zero="keep"),
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


def _set_in_method(state: State, path: str, field: str, value: Any) -> None:
    """Change one field of a way of combining; a method that is an edit itself stays one edit."""
    method = state.standing("current").scheme.nodes[path.partition(".")[0]].combine
    if path in state.edits:
        state.set(path, method.model_copy(update={field: value}))
    else:
        state.set(f"{path}.{field}", value)


def coefficient_map(state: State, group: Group) -> list[w.Widget]:
    """Return a choice of how a score becomes a coefficient, shown while there are coefficients."""
    path = f"{group.id}.combine"
    own = getattr(group.combine, "map", None)
    others = [kind() for kind in CoefficientMap.family.values()]
    maps = [*([own] if own else []), *(m for m in others if type(m) is not type(own))]

    def read() -> Any:
        method = getattr(combination(state, group), "map", None)
        return next((m for m in maps if method is not None and m.method == method.method), None)

    control = w.Dropdown(
        options=[(str(m.label), m) for m in maps],
        value=read(),
        description=str(Multiplier.field_words()["map"]),
        style=WIDE,
        layout=w.Layout(width="99%"),
    )

    def show(_: Any = None) -> None:
        control.layout.display = None if read() else "none"

    show()
    bind(control, state, read, lambda chosen: _set_in_method(state, path, "map", chosen))
    listen(control, state, show)
    return [control]


def coefficient_range(state: State, group: Group) -> list[w.Widget]:
    """Return sliders for the limits of a multiplier's coefficient, shown while it has them."""
    path, labels = f"{group.id}.combine", Multiplier.field_labels()

    def limit(end: str) -> float | None:
        return _number(
            state.edits.get(f"{path}.{end}", getattr(combination(state, group), end, None))
        )

    rows = w.VBox(
        [
            _row(
                state,
                f"{path}.{end}",
                labels[end],
                span,
                lambda end=end: limit(end),
                lambda value, end=end: _set_in_method(state, path, end, value),
            )
            for end, span in (("low", (0.5, 1.0)), ("high", (1.0, 1.5)))
        ]
    )

    def show(_: Any = None) -> None:
        there = limit("low") is not None and limit("high") is not None
        rows.layout.display = None if there else "none"

    show()
    listen(rows, state, show)
    return [rows]


# -- categories ------------------------------------------------------------------------------------


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


GONE = {
    "siblings": Words("按比例分给同级", "is spread over its siblings in proportion"),
    "equal": Words("平均分给同级", "is spread over its siblings in equal parts"),
    "whole": Words("分给全部考核内容", "is spread over the whole scheme"),
    "full_marks": Words("保留，按满分计", "is kept, with full marks"),
    "zero_marks": Words("保留，按零分计", "is kept, with no marks"),
}
"""What happens to a cancelled child's weight."""


def cancellation(state: State, chosen: Weights) -> list[w.Widget]:
    """Return a choice of an indicator and a box that cancels it for the category chosen.

    The scheme says it with a weight of 0 in ``weights_by_category``; the parent's ``cancelled`` says
    where the weight goes.
    """
    scheme = state.scheme
    nodes = [node for node in scheme.nodes.values() if node is not scheme.root]
    node = w.Dropdown(
        options=[(one.label, one.id) for one in nodes],
        description=str(Words("指标或分组", "Indicator")),
        style=WIDE,
        layout=LINE,
    )
    box = w.Checkbox(indent=False, layout=w.Layout(width="99%"))
    busy: list[bool] = []

    def path() -> str:
        return weight_path(node.value, chosen.category.value)

    def read(_: Any = None) -> None:
        category = chosen.category.value
        where = scheme.category_label(category) if category else Words("所有类别", "all categories")
        group = next(g for g in scheme.nodes.values() if node.value in _ids(g))
        gone = GONE.get(str(group.cancelled), Words("按方案写明的份额分", "goes by stated shares"))
        words = Words("在“{0}”取消它（权重{1}）", "Cancel it for {0} (its weight {1})")
        box.description = str(words.format(where, gone))
        busy.append(True)
        box.value = state.weight(node.value, category) == 0
        busy.pop()

    def write(change: dict[str, Any]) -> None:
        if busy:
            return
        if change["new"]:
            state.set(path(), 0.0)
        elif path() in state.edits:
            state.reset(path())
        else:  # cancelled by the scheme itself: as in the other categories
            state.set(path(), None if chosen.category.value else 1.0)
        read()

    read()
    box.observe(write, "value")
    for choice in (node, chosen.category):
        choice.observe(read, "value")
    listen(box, state, read)
    return [node, box]


def _ids(node: Any) -> tuple[str, ...]:
    return tuple(child.id for child in getattr(node, "children", ()))


def buttons(state: State) -> w.HBox:
    """Return undo, redo and reset; each can be pressed while it does something."""
    made = []
    for words, icon, act, possible in (
        (Words("撤销", "Undo"), "undo", state.undo, lambda: state.can_undo),
        (Words("重做", "Redo"), "repeat", state.redo, lambda: state.can_redo),
        (Words("全部还原", "Reset"), "refresh", state.reset, lambda: bool(state.edits)),
    ):
        button = w.Button(description=str(words), icon=icon, layout=w.Layout(width="auto"))

        def read(_: Any = None, button: w.Button = button, possible: Any = possible) -> None:
            button.disabled = not possible()

        read()
        button.on_click(lambda _, act=act: act())
        listen(button, state, read, ["edits", "scenarios"])
        made.append(button)
    return w.HBox(made)
