"""Controls for differentiated assessment (分类考核): who is in which category, what it does without."""

from __future__ import annotations

from typing import Any

import ipywidgets as w

from simkaohe.labels import Words, column_label
from simkaohe.widgets.controls import LINE, WIDE, listen, roomy
from simkaohe.widgets.state import State
from simkaohe.widgets.weighing import parent_of, weight_path
from simkaohe.widgets.weight_rows import Weights


def category_of_unit(state: State) -> list[w.Widget]:
    """Return two drop-downs: a unit, and the category that it is in."""
    scheme = state.scheme
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
    return [unit, roomy(category)]


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
        group = parent_of(scheme, node.value)
        assert group is not None
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
    return [roomy(node), box]
