"""Scenarios with names (情景): kept as A, B, …, renamed, annotated, updated, deleted; all can be undone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from string import ascii_uppercase
from typing import Any

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words
from simkaohe.scheme.edit import Scenario
from simkaohe.widgets.history import History, in_turn


class Named(History):
    """What a state does with its scenarios; see :class:`State`."""

    @in_turn
    def save_as(self, name: str = "", note: str = "") -> str:
        """Keep the edits under a name and return the scenario's letter.

        Raises
        ------
        SimkaoheError
            When another scenario has that name.
        """
        letter = next(letter for letter in letters() if letter not in self.scenarios)
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


def letters() -> Iterator[str]:
    """Yield A to Z, then AA, AB and on."""
    yield from ascii_uppercase
    for first in letters():
        yield from (first + second for second in ascii_uppercase)


def renamed(scenario: Scenario, taken: list[str]) -> Scenario:
    """Return a scenario under a name that is not taken."""
    names = (f"{scenario.name} {number}" for number in range(2, len(taken) + 3))
    name = next(name for name in (scenario.name, *names) if name not in taken)
    return scenario.model_copy(update={"name": name})
