"""What the controls of a notebook write to and its views read from: the workbench's state.

It holds the base scheme, the edits made so far and the scenarios that were given a name. It computes
nothing: the engine does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import traitlets

from simkaohe.comparison import Comparison
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.files import load_scenarios, save, save_scenarios
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.result import Result
from simkaohe.scheme.edit import Scenario, View, value_at
from simkaohe.scheme.tree import Scheme
from simkaohe.widgets.history import Step, in_turn
from simkaohe.widgets.naming import Named, letters, renamed
from simkaohe.widgets.standing import Standing, Standings
from simkaohe.widgets.weighing import weighed, weight_of, weight_path

BASE = Words("现行方案", "Base scheme")
EDITED = Words("修改后", "Edited scheme")
UNNAMED = Words("未命名的改动", "Edits without a name")
"""The scenario in a saved file that holds the edits that nobody has named yet."""


class State(Named):
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
        What is to be said now, one sentence for each problem; else empty.
    behind : bool
        Whether the newest edits have no result.
    """

    sides = traitlets.Tuple(
        traitlets.Unicode(), traitlets.Unicode(), default_value=("base", "current")
    )
    locked = traitlets.Set()
    keep_sum = traitlets.Bool(True)
    message = traitlets.Unicode("")

    def __init__(self, scheme: Scheme, panel: Panel) -> None:
        super().__init__()
        self.scheme, self.panel = scheme, panel
        self._standings = Standings(scheme, panel)
        self._current = self._standings.of({})
        self._around: tuple[dict[str, Any], Scheme] | None = None
        self.behind = False

    # -- edits -----------------------------------------------------------------------------------

    def value(self, path: str) -> Any:
        """Return what an edit path holds now; a method that is an edit itself has its own fields."""
        return self.edits[path] if path in self.edits else self._stated(self.edits, path)

    def _stated(self, edits: Mapping[str, Any], path: str) -> Any:
        """Return what stands at a path but for its own edit: in the base, or in an edit around it."""
        around = {p: v for p, v in edits.items() if path.startswith(f"{p}.")}
        if not around:
            return value_at(self.scheme, path)
        if self._around is None or self._around[0] != around:
            self._around = around, self.scheme.edit(around)
        return value_at(self._around[1], path)

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
        start = self._begin(f"{weight_path(node, category)} {self.keep_sum}")
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

    @in_turn
    def unweigh(self, node: str, category: str = "") -> None:
        """Take the edit of a weight back; while ``keep_sum`` is on the siblings make room again."""
        self._end_gesture()
        if self.keep_sum:
            self.weigh(node, weight_of(self.scheme, {}, node, category), category)
        else:
            self.reset(weight_path(node, category))

    def weight(self, node: str, category: str = "") -> float:
        """Return a node's stated weight, in a category if one is named."""
        return weight_of(self.scheme, self.edits, node, category)

    @in_turn
    def lock(self, path: str, on: bool = True) -> None:
        """Keep a weight as it is while others move, or let it go."""
        self._end_gesture()
        self.locked = self.locked | {path} if on else self.locked - {path}

    @in_turn
    def reset(self, path: str = "") -> None:
        """Take one edit back, with all below its path, or all of them; this can be undone too."""
        kept = {p: v for p, v in self.edits.items() if p != path and not p.startswith(f"{path}.")}
        self.replace(kept if path else {})

    def _with(self, edits: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return edits with some entries changed, without those that the base says already."""
        kept = dict(edits)
        for path, value in changes.items():
            kept = {p: v for p, v in kept.items() if p != path and not p.startswith(f"{path}.")}
            if value != self._stated(kept, path):
                kept[path] = value
        return kept

    def _apply(self, step: Step) -> None:
        try:
            self._current, self.behind, message = self._standings.of(step.edits), False, ""
        except SimkaoheError as error:
            self.behind, message = True, str(error)
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
        return self._trials.of(self._with(self.edits, changes))

    @cached_property
    def _trials(self) -> Standings:
        """Apart from those that are shown, whose next key press must not wait."""
        return Standings(self.scheme, self.panel)

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
            return f"{side} · {kept.label}"
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

    @property
    def view(self) -> View:
        """What is compared, by name, and which weights are locked."""
        names = {letter: kept.name for letter, kept in self.scenarios.items()}
        left, right = (names.get(side, side) for side in self.sides)
        locked = tuple(sorted(self.locked))
        return View(compare=(left, right), locked=locked, keep_sum=self.keep_sum)

    @property
    def unnamed(self) -> Scenario:
        """The current edits and the view, as they are saved."""
        return Scenario(name=UNNAMED.zh, name_en=UNNAMED.en, edits=self.edits, view=self.view)

    def _look(self, view: View, found: Mapping[str, str]) -> None:
        """Compare and lock what a saved view says; ``found`` tells where its scenarios are."""
        self.locked, self.keep_sum = set(view.locked), view.keep_sum
        known = {kept.name: letter for letter, kept in self.scenarios.items()} | {**found}
        known |= {"base": "base", "current": "current"}
        if gone := [name for name in view.compare if name not in known]:
            words = Words("要比较的情景“{}”已不在", "The scenario {!r} to compare is gone")
            self.message = str(words.format(gone[0]))
        else:
            left, right = (known[name] for name in view.compare)
            self.compare(left, right)

    def save(self, path: str | Path) -> Path:
        """Write scenarios and edits: as YAML, or as a workbook with scheme and data.

        The file is written whole or not at all; :meth:`open` reads it.
        """
        path, scenarios = Path(path), self.kept
        if self.view != View():
            scenarios = [kept for kept in scenarios if kept.name not in UNNAMED]
            scenarios.append(self.unnamed)
        if path.suffix.lower() in (".xlsx", ".xlsm"):
            return save(path, self.scheme, self.panel, scenarios)
        return save_scenarios(path, scenarios)

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
            for path in scenario.view.locked:
                try:
                    value_at(self.scheme, path)
                except SimkaoheError as error:
                    problems += error.inside(scenario.name).problems
        if problems:
            raise SimkaoheError(*problems)
        edits, scenarios, view = self.edits, dict(self.scenarios), None
        found: dict[str, str] = {}
        for scenario in opened:
            if scenario.name in UNNAMED:
                edits, view = dict(scenario.edits), scenario.view
                continue
            there = (letter for letter, kept in scenarios.items() if kept == scenario)
            letter = next(there, None) or next(x for x in letters() if x not in scenarios)
            if letter not in scenarios:
                taken = [kept.name for kept in scenarios.values()]
                scenarios[letter] = renamed(scenario, taken)
            found[scenario.name] = letter
        self._begin("")
        self._finish(edits, scenarios)
        if view is not None:
            self._look(view, found)

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


__all__ = ["BASE", "EDITED", "UNNAMED", "State"]
