"""What undo brings back (撤销与重做): one step for each gesture, none lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from threading import RLock
from time import monotonic
from typing import Any, NamedTuple

import traitlets

from simkaohe.scheme.edit import Scenario

MOMENT = 1.0
"""Seconds: ticks of one control that follow each other faster are one gesture, one step to undo."""


def in_turn(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let one thread at a time change the state: JupyterLab's kernels answer controls in several."""

    @wraps(method)
    def alone(self: History, *args: Any, **kwargs: Any) -> Any:
        with self.turn:
            return method(self, *args, **kwargs)

    return alone


class Step(NamedTuple):
    """What undo brings back."""

    edits: dict[str, Any]
    scenarios: dict[str, Scenario]


class History(traitlets.HasTraits):
    """Edits and named scenarios with every step that led to them; see :class:`State`."""

    edits = traitlets.Dict()
    scenarios = traitlets.Dict()

    def __init__(self) -> None:
        super().__init__()
        self.turn = RLock()
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._end_gesture()

    def _apply(self, step: Step) -> None:
        """Make a step what there is."""
        raise NotImplementedError

    @in_turn
    def replace(self, edits: Mapping[str, Any]) -> None:
        """Make these the edits; what was there can be undone."""
        self._begin("")
        self._finish(dict(edits))

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to go back."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether there is a step that was undone."""
        return bool(self._undone)

    @in_turn
    def start_here(self) -> None:
        """Let undo go back no further than this."""
        self._done.clear()
        self._undone.clear()
        self._end_gesture()

    @in_turn
    def undo(self) -> None:
        """Go back by one gesture."""
        if self._done:
            self._undone.append(Step(self.edits, self.scenarios))
            self._apply(self._done.pop())
            self._end_gesture()

    @in_turn
    def redo(self) -> None:
        """Make the gesture again that was undone last."""
        if self._undone:
            self._done.append(Step(self.edits, self.scenarios))
            self._apply(self._undone.pop())
            self._end_gesture()

    def _begin(self, gesture: str) -> Step:
        """Return what there was when this gesture began."""
        now = monotonic()
        if not gesture or gesture != self._gesture or now - self._touched > MOMENT:
            self._start, self._before = Step(self.edits, self.scenarios), len(self._done)
        self._gesture, self._touched = gesture, now
        return self._start

    def _end_gesture(self) -> None:
        self._gesture, self._touched = "", 0.0
        self._start, self._before = Step(self.edits, self.scenarios), len(self._done)

    def _finish(self, edits: dict[str, Any], scenarios: dict[str, Scenario] | None = None) -> None:
        new = Step(edits, self.scenarios if scenarios is None else scenarios)
        if new == Step(self.edits, self.scenarios):
            return
        del self._done[self._before :]
        if new != self._start:
            self._done.append(self._start)
        self._undone.clear()
        self._apply(new)
