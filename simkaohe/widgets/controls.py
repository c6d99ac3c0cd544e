"""Controls: each is bound to one edit path, writes to the state and follows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from math import floor, inf, isfinite, log10
from typing import Any

import ipywidgets as w
from wcwidth import wcswidth

from simkaohe.labels import Words
from simkaohe.widgets.state import State

WIDE = {"description_width": "9.6em"}
LINE = w.Layout(width="99%")
SMALL = w.Layout(width="2.3em", flex="0 0 auto", padding="0")
MOST = 1e9
"""The largest number that can be typed."""
REST = 0.25
"""Seconds without a change after which what takes longer than a picture is worked out."""
BREATH = 0.02
"""Seconds between the steps of what takes longer."""


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


def roomy(control: w.Dropdown, room: int = 33) -> w.Dropdown:
    """Let a choice stand below its label where beside it some names would be cut."""
    names = [each[0] if isinstance(each, tuple) else each for each in control.options]
    long = max(map(wcswidth, names), default=0) > room
    return control.add_class("skh-long") if long else control


class Later:
    """Calls a function once things rest; at once, or not at all, where no notebook is running.

    A function that yields is let go on after every step, unless it was asked for anew: what is
    pressed in between does not wait for the rest of it.
    """

    def __init__(
        self, call: Callable[[], Iterator[None] | None], *, without_notebook: bool = True
    ) -> None:
        self._call, self._waiting, self._always = call, None, without_notebook

    def __call__(self, _: Any = None) -> None:
        """Ask for the call; asking again puts it off."""
        if self._waiting is not None:
            self._waiting.cancel()
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            for _step in (self._call() or ()) if self._always else ():
                pass
            return
        self._waiting = self._loop.call_later(REST, lambda: self._go_on(iter(self._call() or ())))

    def _go_on(self, steps: Iterator[None]) -> None:
        for _step in steps:
            self._waiting = self._loop.call_later(BREATH, self._go_on, steps)
            return


# -- numbers ---------------------------------------------------------------------------------------


def as_number(value: Any) -> float | None:
    """Return what a slider can show; None for anything else."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return float(value) if fits else None


def nice_step(low: float, high: float) -> float:
    """Return a step of 1, 2 or 5 units of a decimal place, about a hundred of them in a range."""
    exact = (high - low) / 100
    place = 10.0 ** floor(log10(exact) + 1e-9)
    return round(next(k * place for k in (1, 2, 5, 10) if k * place >= exact * (1 - 1e-9)), 12)


def numbers(
    label: str,
    span: tuple[float, float],
    value: float,
    *,
    title: str = "",
    step: float | None = None,
    bounds: tuple[float, float] = (0.0, inf),
) -> tuple[w.FloatSlider, w.BoundedFloatText]:
    """Return a slider and a box for the same number; the box takes what lies beyond the slider."""
    low, high = min(span[0], value), max(span[1], value)
    step = step or nice_step(*span)
    slider = w.FloatSlider(
        value,
        min=low,
        max=high,
        step=step,
        description=label,
        description_allow_html=False,
        tooltip=title or label,
        readout=False,
        style=WIDE,
        layout=w.Layout(flex="1 1 auto", min_width="12em"),
    )
    slider.value = snapped(slider, value)
    box = w.BoundedFloatText(
        value,
        min=max(min(bounds[0], low), -MOST),
        max=min(max(bounds[1], high), MOST),
        step=step,
        tooltip=title or label,
        layout=w.Layout(width="5.6em", flex="0 0 auto"),
    )
    return slider, box


def bind_numbers(
    slider: w.FloatSlider,
    box: w.BoundedFloatText,
    state: State,
    read: Callable[[], float | None],
    write: Callable[[float], None],
) -> None:
    """Bind a slider and its box to one number."""
    bind(slider, state, lambda: snapped(slider, read()), lambda v: write(round(v, 9)))
    bind(box, state, read, write)


def snapped(slider: w.FloatSlider, value: float | None) -> float | None:
    """Return the place of a slider that is nearest to a number.

    A browser puts a handle on the nearest step and sends that back: told any other number, a slider
    would overwrite what was typed into the box beside it.
    """
    if value is None:
        return None
    low = min(slider.min, value)
    return round(low + round((value - low) / slider.step) * slider.step, 10)


def back(state: State, path: str, label: str, act: Callable[[], None] | None = None) -> w.Button:
    """Return the button that takes one edit back; it can be pressed while there is one, not locked."""
    button = w.Button(
        icon="undo",
        tooltip=str(Words("还原：{}", "Reset {}").format(label)),
        layout=SMALL,
    )

    def read(_: Any = None) -> None:
        edited = any(p == path or p.startswith(f"{path}.") for p in state.edits)
        button.disabled = not edited or path in state.locked

    read()
    button.on_click(lambda _: act() if act else state.reset(path))
    listen(button, state, read, ["edits", "locked"])
    return button


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
