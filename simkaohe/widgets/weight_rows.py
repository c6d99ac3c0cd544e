"""Sliders for weights: each with a box, a lock and a way back, and the sum below."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from html import escape
from typing import Any

import ipywidgets as w

from simkaohe.labels import Words
from simkaohe.scheme.tree import Group
from simkaohe.widgets.controls import (
    LINE,
    SMALL,
    WIDE,
    Later,
    back,
    bind_numbers,
    discard,
    listen,
    nice_step,
    numbers,
    roomy,
)
from simkaohe.widgets.effects import moves, reason
from simkaohe.widgets.state import State
from simkaohe.widgets.weighing import overridden, weighed, weight_path


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
            value=group or first_that_counts(state),
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
        super().__init__([roomy(self.group), roomy(self.category), self._rows])
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


def weights(state: State, group: Group, category: str = "") -> w.VBox:
    """Return a row for the weight of every child of a group, for one category or for all.

    Each has a slider, a box, a lock and a button to take the edit back. Below stands what the
    weights of a category mean, whether the sum is kept, and which weights have no effect now.
    """
    children = group.children
    largest = max(state.weight(child.id, category) for child in children)
    top = 100.0 if largest > 1 else 1.0
    rows = [_weight(state, child.id, child.label, top, category) for child in children]
    sums, who, said = _sum(state, group, category), _who(state, group, category), w.HTML()

    def read() -> Iterator[None]:
        found = {}
        for child in children:
            silent = True
            for changes in _trials(state, child.id, top, category):
                if moves(state, changes):
                    silent = False
                    break
                yield
            if silent and weight_path(child.id, category) not in state.locked:
                found[child.label] = reason(state, weight_path(child.id), category)
        lines = (f"{label}{Words('：', ': ')}{words}" for label, words in found.items())
        if len(set(map(str, found.values()))) == 1 and len(found) == len(children):
            lines = iter([str(next(iter(found.values())))])
        said.value = "".join(f"<div style='line-height:1.4'>{escape(x)}</div>" for x in lines)

    later = Later(read, without_notebook=False)
    later()
    listen(said, state, later)
    return w.VBox([*rows, sums, who, said])


def first_that_counts(state: State) -> str:
    """Return the first group whose first slider moves a place with one key; else a total; else the root."""
    groups = [node for node in state.scheme.nodes.values() if isinstance(node, Group)]
    now, moving = state.standing("current"), []
    for group in groups:
        first = group.children[0].id
        weight = state.weight(first)
        step = nice_step(0.0, 100.0 if max(state.weight(c.id) for c in group.children) > 1 else 1.0)
        for changed in (weight + step, weight - step):
            changes = _changes(state, first, changed, "")
            there = state.trial(changes) if changes else now
            if there.ranks != now.ranks:
                return group.id
            if there.totals != now.totals:
                moving.append(group.id)
    return (moving or [state.scheme.root.id])[0]


def _changes(state: State, node: str, value: float, category: str) -> dict[str, Any]:
    """Return the edits that a slider would make."""
    changes, _ = weighed(
        state.scheme,
        state.edits,
        node,
        value,
        category,
        locked=state.locked,
        keep_sum=state.keep_sum,
    )
    return changes


def _trials(state: State, node: str, top: float, category: str) -> Iterator[dict[str, Any]]:
    """Yield edits that a weight's slider could make; 0 is more than a weight: it cancels."""
    now = state.weight(node, category)
    for value in ((now + top) / 2, now / 2):
        yield _changes(state, node, value, category)


def _weight(state: State, node: str, label: str, top: float, category: str) -> w.HBox:
    path = weight_path(node, category)
    lock = w.ToggleButton(path in state.locked, layout=SMALL)
    slider, box = numbers(label, (0.0, top), state.weight(node, category))
    bind_numbers(
        slider,
        box,
        state,
        lambda: state.weight(node, category),
        lambda value: state.weigh(node, value, category),
    )

    def held(_: Any = None) -> None:
        on = path in state.locked
        lock.value, lock.icon = on, "lock" if on else "unlock-alt"
        words = Words("解锁：{}", "Unlock {}") if on else Words("锁定：{}", "Lock {}")
        lock.tooltip = str(words.format(label))
        for control in (slider, box):
            control.disabled = on

    held()
    lock.observe(lambda change: state.lock(path, change["new"]), "value")
    listen(lock, state, held, "locked")
    undo = back(state, path, label, partial(state.unweigh, node, category))
    return w.HBox([slider, box, lock, undo], layout=LINE)


def _sum(state: State, group: Group, category: str) -> w.HBox:
    keep = w.Checkbox(
        state.keep_sum,
        description=str(Words("合计不变，其余按比例调整", "Keep the sum; the others rescale")),
        indent=False,
        layout=w.Layout(width="auto"),
    )
    text = w.HTML()

    def read(_: Any = None) -> None:
        total = round(sum(state.weight(child.id, category) for child in group.children), 9)
        text.value = f"<span>{Words('合计', 'Sum')} <b>{total:.12g}</b></span>"

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
        scheme = state.scheme
        own = overridden(scheme, state.edits, group)
        words: Words | str = ""
        if category:
            words = Words(
                "只对“{}”有效；0 表示在这一类取消该指标。",
                "For {} only; 0 cancels the indicator there.",
            ).format(scheme.category_label(category))
        elif own:
            words = Words(
                "注意：{}对这里的某些指标有单独的权重，不随这些滑块变化；请在“类别”里选它来改。",
                "Note: {} have weights of their own for some of these and do not follow these "
                "sliders; choose the category above to change them.",
            ).format(str(Words("、", ", ")).join(map(scheme.category_label, own)))
        text.value = f"<div style='line-height:1.4'>{escape(str(words))}</div>" if words else ""

    read()
    listen(text, state, read)
    return text
