"""A control for any edit path, made from what the path may hold: number, choice or switch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from math import isfinite
from types import NoneType
from typing import Any

import ipywidgets as w

from simkaohe.engine.population import unrecorded
from simkaohe.errors import SimkaoheError
from simkaohe.files.words import literal_words
from simkaohe.labels import Words
from simkaohe.panel import QUANTITIES
from simkaohe.scheme.coefficient import FixedBand
from simkaohe.scheme.combine import Combine
from simkaohe.scheme.edit import Slot, value_at
from simkaohe.scheme.method import Method
from simkaohe.scheme.terms import TERMS
from simkaohe.scheme.tree import Group, Indicator, Scheme
from simkaohe.widgets.controls import (
    LINE,
    SMALL,
    WIDE,
    as_number,
    back,
    bind,
    bind_numbers,
    listen,
    nice_step,
    numbers,
    roomy,
)
from simkaohe.widgets.effects import moves, reason
from simkaohe.widgets.state import State

NOTHING = Words("（不设）", "(none)")
NONE = ""
"""Stands for None in a drop-down, which takes None for no choice at all."""
PRESETS: dict[str, dict[str, Any]] = {
    "geometric": {"zero": "floor"},
    "multiplier": {"map": FixedBand(), "low": 0.9, "high": 1.1, "zero": "keep"},
}
"""What a way of combining begins with when it is chosen."""


class Row(w.VBox):
    """The control of one edit path, and below it why it has no effect when it has none.

    Parameters
    ----------
    state : State
    path : str
    slot : Slot
    label, title : str
        What stands beside the control, and its full name for hovering and for screen readers.
    """

    def __init__(self, state: State, path: str, slot: Slot, label: str, title: str) -> None:
        self.path, self._state, self._slot = path, state, slot
        self._label, self._title, self._why = label, title, w.HTML()
        make = self._number if slot.kinds & {float, int} else self._choice
        if bool in slot.kinds:
            make = self._switch
        self._edited = path.removesuffix(".method") if is_method(path, slot) else path
        parts = make()
        super().__init__(
            [w.HBox([*parts, back(state, self._edited, title)], layout=LINE), self._why],
            layout=w.Layout(width="99%"),
        )
        self.add_class("skh-entry")

    def explain(self) -> Iterator[None]:
        """Say step by step why the control has no effect now; nothing while it has."""
        uses, silent = self.path.startswith("uses."), True
        for value in self._others():
            if moves(self._state, {self._edited: value}, uses):
                silent = False
                break
            yield
        words = escape(str(reason(self._state, self.path))) if silent else ""
        self._why.value = words and f"<div class='skh-why' style='line-height:1.3'>{words}</div>"

    def _others(self) -> Iterator[Any]:
        """Yield other values to try: the ends of a slider, the other choices."""
        now = self._read()
        if bool in self._slot.kinds:
            if now is not None:
                yield not now
        elif self._slot.kinds & {float, int}:
            low, high = span_of(self._slot)
            yield from (high, low)
            yield (low + high) / 2 if float in self._slot.kinds else round((low + high) / 2)
            if NoneType in self._slot.kinds and now is not None:
                yield None
        else:
            now = self._shown(self._read(self._edited))
            yield from (_taken(value) for _, value in self._options if value != now)

    # -- numbers -----------------------------------------------------------------------------------

    def _number(self) -> list[w.Widget]:
        slot, whole = self._slot, float not in self._slot.kinds
        low, high = span_of(slot)
        step = 1.0 if whole else nice_step(low, high)
        now = as_number(slot.value)
        first = (low + round((high - low) / 2 / step) * step) if now is None else now
        slider, box = numbers(
            self._label, (low, high), first, title=self._title, step=step, bounds=slot.bounds
        )

        def put(value: float | None) -> None:
            self._state.set(self.path, round(value) if whole and value is not None else value)

        def write(value: float) -> None:
            if not there.disabled and not there.value:
                return  # a browser that tidies a slider is nobody who sets a limit
            put(value)

        there = w.ToggleButton(layout=SMALL, disabled=NoneType not in slot.kinds)
        bind_numbers(slider, box, self._state, lambda: as_number(self._read()), write)
        if there.disabled:
            return [slider, box]

        def show(_: Any = None) -> None:
            there.value = self._read() is not None
            there.icon = "check-square-o" if there.value else "square-o"
            words = Words("不设{}", "Without {}") if there.value else Words("设{}", "With {}")
            there.tooltip = str(words.format(self._title))
            for control in (slider, box):
                control.disabled = not there.value

        def turn(change: dict[str, Any]) -> None:
            if change["new"] != (self._read() is not None):
                put(box.value if change["new"] else None)

        show()
        there.observe(turn, "value")
        listen(there, self._state, show)
        return [slider, box, there]

    # -- choices and switches ------------------------------------------------------------------------

    def _choice(self) -> list[w.Widget]:
        scheme = self._state.standing("current").scheme
        self._options = options_of(scheme, self.path, self._slot)
        if is_method(self.path, self._slot):
            self._options = [
                (label + _refused(self._state, self._edited, method), method)
                for label, method in self._options
            ]
        control = w.Dropdown(
            options=self._options,
            value=self._shown(self._read(self._edited)),
            description=self._label,
            tooltip=self._title,
            style=WIDE,
            layout=w.Layout(flex="1 1 auto", width="auto", min_width="0"),
        )
        bind(
            control,
            self._state,
            lambda: self._shown(self._read(self._edited)),
            lambda value: self._state.set(self._edited, _taken(value)),
        )
        return [roomy(control, 21)]

    def _shown(self, value: Any) -> Any:
        """Return the choice of that name; a scenario writes a method as text or as a table."""
        if not is_method(self.path, self._slot):
            value = NONE if value is None else value
            return value if value in [option for _, option in self._options] else None
        name = value.get("method") if isinstance(value, Mapping) else value
        name = getattr(name, "method", name)
        return next((v for _, v in self._options if v.method == name), None)

    def _switch(self) -> list[w.Widget]:
        control = w.Checkbox(
            bool(self._slot.value),
            description=self._label,
            tooltip=self._title,
            indent=False,
            layout=w.Layout(flex="1 1 auto", width="auto", min_width="0"),
        )
        bind(control, self._state, self._read, lambda on: self._state.set(self.path, bool(on)))
        return [control]

    def _read(self, path: str = "") -> Any:
        """Return what the path holds; None when an edit around it does not have it."""
        try:
            return self._state.value(path or self.path)
        except SimkaoheError:
            return None


def _refused(state: State, path: str, method: Method) -> str:
    """Say why an indicator cannot be measured or scored in a way, as far as it is known; or nothing."""
    node, _, field = path.partition(".")
    leaf = state.standing("current").scheme.nodes.get(node)
    if not isinstance(leaf, Indicator) or field not in ("rule", "measure"):
        return ""
    tried = leaf.model_copy(update={field: method})
    lacking = unrecorded(tried, state.panel).keys()
    words = [str(QUANTITIES.get(n, TERMS.get(n, n))) for n in method.data if n in lacking]
    if words:
        needs = Words("（需要{}）", " (needs {})")
        return str(needs.format(str(Words("、", ", ")).join(words)))
    try:
        Indicator.model_validate(dict(tried))
    except ValueError:
        return str(Words("（不合指标方向）", " (not for this direction)"))
    return ""


def _taken(value: Any) -> Any:
    return None if isinstance(value, str) and value == NONE else value


def span_of(slot: Slot) -> tuple[float, float]:
    """Return how far a slider goes: the sensible range, or one about the value it has."""
    if slot.span:
        return float(slot.span[0]), float(slot.span[1])
    low, high = slot.bounds
    if isfinite(low) and isfinite(high):
        return low, high
    value = as_number(slot.value) or 0.0
    reach = 2 * abs(value) if value else 10.0 if int in slot.kinds else 100.0
    return max(-reach if value < 0 else 0.0, low), min(reach, high)


def is_method(path: str, slot: Slot) -> bool:
    """Return whether a slot is the name of a method, which others of its family may replace."""
    return path.endswith(".method") and len(slot.options) == 1


def options_of(scheme: Scheme, path: str, slot: Slot) -> list[tuple[str, Any]]:
    """Return what a choice offers: the words of a field, the methods of a family, or names."""
    if is_method(path, slot):
        own = value_at(scheme, path.removesuffix(".method"))
        return [(str(method.label), method) for method in methods_like(scheme, path, own)]
    field = next(step for step in reversed(path.split(".")) if not step.isdecimal())
    pairs = [(str(literal_words(field, o)).replace("_", " "), o) for o in slot.options]
    pairs = pairs or list(_names(scheme, path, field))
    return [(str(NOTHING), NONE), *pairs] if NoneType in slot.kinds else pairs


def methods_like(scheme: Scheme, path: str, own: Method) -> list[Method]:
    """Return a method and those that could stand in its place, with the fields that they share."""
    found, kept = [own], own.model_dump(mode="json", exclude_defaults=True)
    node = scheme.nodes.get(path.partition(".")[0])
    for name, kind in type(own).family.items():
        fields = {n: v for n, v in kept.items() if n in kind.model_fields and n != "method"}
        if isinstance(own, Combine) and isinstance(node, Group):
            fields |= PRESETS.get(name, {})
            fields |= {"base": [node.children[0].id]} if "base" in kind.model_fields else {}
        if type(own) is not kind:
            try:
                found.append(kind.model_validate(fields))
            except ValueError:
                continue  # it needs more than a choice can say
    return found


def _names(scheme: Scheme, path: str, field: str) -> Iterator[tuple[str, str]]:
    """Yield the names that a field may hold, with what they are called."""
    node = scheme.nodes.get(path.partition(".")[0])
    if field in ("on", "tie_break"):
        yield from ((one.label, name) for name, one in scheme.nodes.items())
    elif field in ("grade", "band") and scheme.grades:
        yield from ((band.label, band.name) for band in scheme.grades.bands)
    elif field in ("base", "added") and isinstance(node, Group):
        yield from ((child.label, child.id) for child in node.children)


def adjustable(scheme: Scheme, slots: Mapping[str, Slot]) -> dict[str, Slot]:
    """Return the slots that are something to be tried: no name, remark or address of data."""
    return {path: slot for path, slot in slots.items() if _adjustable(scheme, path, slot)}


def _adjustable(scheme: Scheme, path: str, slot: Slot) -> bool:
    field = path.rpartition(".")[2]
    if slot.kinds & {float, int, bool}:
        condition = any(f".{name}." in path for name in ("requires", "any_of", "priority"))
        return slot.value is not None or not (condition or field.startswith("ideal_"))
    if field == "method" and path.startswith("adjustments."):
        return False
    return len(options_of(scheme, path, slot)) > 1
