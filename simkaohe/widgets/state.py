"""What the controls of a notebook write to and its views read from: the workbench's state.

It holds the base scheme, the edits made so far and the scenarios that were given a name. It computes
nothing: the engine does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from pathlib import Path
from string import ascii_uppercase
from threading import RLock
from time import monotonic
from typing import Any, NamedTuple

import traitlets

from simkaohe.comparison import Comparison
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.files import load_scenarios, save, save_scenarios
from simkaohe.labels import Words, reader_name
from simkaohe.panel import Panel
from simkaohe.result import Result
from simkaohe.scheme.edit import Scenario, value_at
from simkaohe.scheme.tree import Scheme
from simkaohe.widgets.standing import Standing, Standings
from simkaohe.widgets.weighing import weighed, weight_of, weight_path

BASE = Words("现行方案", "Base scheme")
EDITED = Words("修改后", "Edited scheme")
UNNAMED = Words("未命名的改动", "Edits without a name")
"""The scenario in a saved file that holds the edits that nobody has named yet."""
MOMENT = 1.0
"""Seconds: ticks of one control that follow each other faster are one gesture, one step to undo."""


def in_turn(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let one thread at a time change the state: JupyterLab's kernels answer controls in several."""

    @wraps(method)
    def alone(self: State, *args: Any, **kwargs: Any) -> Any:
        with self.turn:
            return method(self, *args, **kwargs)

    return alone


class Step(NamedTuple):
    """What undo brings back."""

    edits: dict[str, Any]
    scenarios: dict[str, Scenario]


class State(traitlets.HasTraits):
    """The base scheme, its data, the edits that a person has made so far, and named scenarios.

    Parameters
    ----------
    scheme : Scheme
    panel : Panel

    Attributes
    ----------
    edits : dict of edit path to value
        Only what differs from the base scheme; observe it to hear of every change.
    scenarios : dict of letter to Scenario
        What was kept under a name, as A, B, …; always replaced as a whole.
    sides : (str, str)
        What is compared with what: ``"base"``, ``"current"`` or a scenario's letter.
    locked : set of edit path
        Weights that stay as they are when another one moves.
    keep_sum : bool
        Whether the siblings of a weight make room for it; see :meth:`weigh`.
    turn : RLock
        Held while something changes; hold it to read and change in one go.
    message : str
        Why the newest edits have no result, one sentence for each problem; else empty.
    """

    edits = traitlets.Dict()
    scenarios = traitlets.Dict()
    sides = traitlets.Tuple(
        traitlets.Unicode(), traitlets.Unicode(), default_value=("base", "current")
    )
    locked = traitlets.Set()
    keep_sum = traitlets.Bool(True)
    message = traitlets.Unicode("")

    def __init__(self, scheme: Scheme, panel: Panel) -> None:
        super().__init__()
        self.turn = RLock()
        self.scheme, self.panel = scheme, panel
        self._standings = Standings(scheme, panel)
        self._current = self._standings.of({})
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._end_gesture()

    # -- edits -----------------------------------------------------------------------------------

    def value(self, path: str) -> Any:
        """Return what an edit path holds now."""
        return self.edits[path] if path in self.edits else value_at(self.scheme, path)

    @in_turn
    def set(self, path: str, value: Any) -> None:
        """Change one entry; the base scheme's own value takes the edit back."""
        start = self._begin(path)
        self._finish(self._with(start.edits, {path: value}))

    @in_turn
    def weigh(self, node: str, value: float, category: str = "") -> None:
        """Set a node's weight, for one category or for all that have none of their own.

        While ``keep_sum`` is on, the siblings that are not locked take the difference in proportion
        to what they had when the gesture began, so that the sum stays that of the base scheme.
        """
        start = self._begin(weight_path(node, category))
        changes, sentence = weighed(
            self.scheme,
            start.edits,
            node,
            value,
            category,
            locked=self.locked,
            keep_sum=self.keep_sum,
        )
        if changes:
            self._finish(self._with(start.edits, changes))
        else:
            self.message = sentence

    def weight(self, node: str, category: str = "") -> float:
        """Return a node's stated weight, in a category if one is named."""
        return weight_of(self.scheme, self.edits, node, category)

    @in_turn
    def lock(self, path: str, on: bool = True) -> None:
        """Keep a weight as it is while others move, or let it go."""
        self._end_gesture()
        self.locked = self.locked | {path} if on else self.locked - {path}

    @in_turn
    def replace(self, edits: Mapping[str, Any]) -> None:
        """Make these the edits; what was there can be undone."""
        self._begin("")
        self._finish(dict(edits))

    @in_turn
    def reset(self, path: str = "") -> None:
        """Take one edit back, with all below its path, or all of them; this can be undone too."""
        kept = {p: v for p, v in self.edits.items() if p != path and not p.startswith(f"{path}.")}
        self.replace(kept if path else {})

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
            gone = [kept.name for kept in self._undone[-1].scenarios.values()]
            there = {kept.name for kept in self.scenarios.values()}
            if taken := [name for name in gone if name not in there]:
                words = Words(
                    "撤销的是保存情景“{}”；按“重做”就回来。",
                    "This took back the saving of {}; Redo brings it back.",
                )
                self.message = str(words.format(", ".join(taken)))

    @in_turn
    def redo(self) -> None:
        """Make the gesture again that was undone last."""
        if self._undone:
            self._done.append(Step(self.edits, self.scenarios))
            self._apply(self._undone.pop())
            self._end_gesture()

    def _with(self, edits: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return edits with some entries changed, without those that the base says already."""
        kept = dict(edits)
        for path, value in changes.items():
            kept = {p: v for p, v in kept.items() if p != path and not p.startswith(f"{path}.")}
            if value != value_at(self.scheme, path):
                kept[path] = value
        return kept

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

    def _apply(self, step: Step) -> None:
        try:
            self._current, message = self._standings.of(step.edits), ""
        except SimkaoheError as error:
            message = str(error)
        there = {"base", "current", *step.scenarios}
        sides = self.sides if there.issuperset(self.sides) else ("base", "current")
        for letter in set(sides) & step.scenarios.keys():
            try:
                self._standings.of(step.scenarios[letter].edits)
            except SimkaoheError as error:
                sides, message = ("base", "current"), str(error)
        with self.hold_trait_notifications():
            self.message, self.edits, self.scenarios = message, step.edits, step.scenarios
            self.sides = sides

    # -- scenarios -------------------------------------------------------------------------------

    @in_turn
    def save_as(self, name: str = "", note: str = "") -> str:
        """Keep the edits under a name and return the scenario's letter.

        Raises
        ------
        SimkaoheError
            When another scenario has that name.
        """
        letter = next(letter for letter in _letters() if letter not in self.scenarios)
        usual = str(Words("情景 {}", "Scenario {}").format(letter))
        scenario = self._named(name.strip() or usual, self.edits, note)
        self._keep({**self.scenarios, letter: scenario})
        return letter

    @in_turn
    def choose(self, letter: str) -> None:
        """Make a scenario's edits the current ones; what was there can be undone."""
        self.replace(self.scenarios[letter].edits)

    @in_turn
    def update(self, letter: str) -> None:
        """Let a scenario hold the edits as they are now."""
        self._rewrite(letter, edits=self.edits)

    @in_turn
    def rename(self, letter: str, name: str) -> None:
        """Give a scenario another name.

        Raises
        ------
        SimkaoheError
            When the name is empty, or another scenario has it.
        """
        self._named(name.strip(), {}, "", besides=letter)
        if name.strip() != self.scenarios[letter].name:
            self._rewrite(letter, name=name.strip(), name_en=None)

    @in_turn
    def annotate(self, letter: str, note: str) -> None:
        """Write a note to a scenario."""
        self._rewrite(letter, note=note.strip() or None)

    @in_turn
    def delete(self, letter: str) -> None:
        """Remove a scenario; this can be undone."""
        self._keep({key: kept for key, kept in self.scenarios.items() if key != letter})

    def _rewrite(self, letter: str, **fields: Any) -> None:
        new = Scenario(**{**dict(self.scenarios[letter]), **fields})
        self._keep({**self.scenarios, letter: new})

    def _keep(self, scenarios: dict[str, Scenario]) -> None:
        self._begin("")
        self._finish(self.edits, scenarios)

    def _named(self, name: str, edits: Mapping[str, Any], note: str, besides: str = "") -> Scenario:
        taken = [kept.name for letter, kept in self.scenarios.items() if letter != besides]
        where = str(Words("情景名称", "Scenario's name"))
        if not name:
            raise SimkaoheError(
                Problem(where, Words("没有填写", "nothing"), Words("一个名称", "a name"))
            )
        if name in taken:
            raise SimkaoheError(
                Problem(
                    where,
                    Words(f"已有情景“{name}”", f"there is a scenario {name!r} already"),
                    remedy=Words("请换一个名称", "Choose another name"),
                )
            )
        return Scenario(name=name, note=note.strip() or None, edits=edits)

    # -- results ---------------------------------------------------------------------------------

    @in_turn
    def standing(self, side: str) -> Standing:
        """Return where the units stand in the base, now, or in a scenario (its letter).

        Raises
        ------
        SimkaoheError
            When a scenario cannot be evaluated.
        """
        if side == "current":
            return self._current
        if side == "base":
            return self._standings.of({})
        scenario = self.scenarios[side]
        try:
            return self._standings.of(scenario.edits)
        except SimkaoheError as error:
            raise error.inside(scenario.name) from error

    @in_turn
    def trial(self, changes: Mapping[str, Any]) -> Standing:
        """Return where the units would stand with some more edits, without making them."""
        return self._standings.of(self._with(self.edits, changes))

    @in_turn
    def compare(self, left: str, right: str) -> None:
        """Compare two sides; the same twice changes their places. The message says what is wrong."""
        if left == right:
            left, right = self.sides[1], self.sides[0]
        try:
            for side in (left, right):
                self.standing(side)
        except SimkaoheError as error:
            self.message = str(error)
        else:
            self.sides = (left, right)

    def title(self, side: str) -> str:
        """Return what a side is called, in the reader's language."""
        if side in self.scenarios:
            kept = self.scenarios[side]
            return f"{side} · {reader_name(kept.name, kept.name_en)}"
        return str(BASE if side == "base" else EDITED)

    @property
    def result(self) -> Result:
        """The result of the edits as they are, or of the last that could be evaluated."""
        return self._current.result

    @property
    def comparison(self) -> Comparison:
        """The two sides compared: the last edits that could be evaluated."""
        return Comparison({self.title(side): self.standing(side).result for side in self.sides})

    # -- files -----------------------------------------------------------------------------------

    @property
    def kept(self) -> list[Scenario]:
        """All scenarios, and the current edits as one more unless one of them holds the same."""
        named = list(self.scenarios.values())
        if named and (not self.edits or any(kept.edits == self.edits for kept in named)):
            return named
        return [*named, Scenario(name=UNNAMED.zh, name_en=UNNAMED.en, edits=self.edits)]

    def save(self, path: str | Path) -> Path:
        """Write scenarios and edits: as YAML, or as a workbook with scheme and data.

        The file is written whole or not at all; :meth:`open` reads it.
        """
        path = Path(path)
        if path.suffix.lower() in (".xlsx", ".xlsm"):
            return save(path, self.scheme, self.panel, self.kept)
        return save_scenarios(path, self.kept)

    @in_turn
    def open(self, path: str | Path) -> None:
        """Add the scenarios of a file to those there are; its edits without a name become current.

        Raises
        ------
        SimkaoheError
            When the file cannot be read, or a scenario does not fit the scheme; nothing changes
            then.
        """
        opened = load_scenarios(path)
        try:
            self.add(opened)
        except SimkaoheError as error:
            raise error.inside(Path(path).name) from error

    def add(self, opened: Iterable[Scenario]) -> None:
        """Add scenarios to those there are; edits without a name become the current ones.

        Raises
        ------
        SimkaoheError
            When one does not fit the scheme; nothing changes then.
        """
        problems: list[Problem] = []
        for scenario in (opened := list(opened)):
            try:
                self._standings.of(scenario.edits)
            except SimkaoheError as error:
                problems += error.inside(scenario.name).problems
        if problems:
            raise SimkaoheError(*problems)
        edits, scenarios = self.edits, dict(self.scenarios)
        for scenario in opened:
            if scenario.name in UNNAMED:
                edits = dict(scenario.edits)
            elif scenario not in scenarios.values():
                letter = next(letter for letter in _letters() if letter not in scenarios)
                scenarios[letter] = _renamed(scenario, [kept.name for kept in scenarios.values()])
        self._begin("")
        self._finish(edits, scenarios)

    def offer(self, scenarios: Iterable[Scenario]) -> None:
        """Add scenarios to begin with, but for names that are there already; undo keeps them.

        Raises
        ------
        SimkaoheError
            When one does not fit the scheme; nothing changes then.
        """
        taken = {kept.name for kept in self.scenarios.values()}
        with self.hold_trait_notifications():
            self.add(one for one in scenarios if one.name not in taken)
            self.start_here()


def _letters() -> Iterator[str]:
    """Yield A to Z, then AA, AB and on."""
    yield from ascii_uppercase
    for first in _letters():
        yield from (first + second for second in ascii_uppercase)


def _renamed(scenario: Scenario, taken: list[str]) -> Scenario:
    """Return a scenario under a name that is not taken."""
    names = (f"{scenario.name} {number}" for number in range(2, len(taken) + 3))
    name = next(name for name in (scenario.name, *names) if name not in taken)
    return scenario.model_copy(update={"name": name})


__all__ = ["BASE", "EDITED", "MOMENT", "State"]
