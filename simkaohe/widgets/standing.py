"""Where units stand, fast enough for a slider: numbers that change are draws of one engine."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from simkaohe.engine import Engine, Outcome
from simkaohe.engine.draws import can_be_drawn
from simkaohe.errors import SimkaoheError
from simkaohe.panel import Panel
from simkaohe.result import Result, evaluate
from simkaohe.scheme.tree import Scheme

REMEMBERED = 32


class Standing:
    """Ranks, totals and grades under one scheme at once; everything else when it is asked for.

    Attributes
    ----------
    scheme : Scheme
    """

    def __init__(self, scheme: Scheme, engine: Engine, outcome: Outcome) -> None:
        self.scheme, self._engine, self._outcome = scheme, engine, outcome

    @property
    def units(self) -> tuple[str, ...]:
        """All units, in an order that edits do not change."""
        return self._engine.units

    @cached_property
    def ranks(self) -> list[int]:
        """Rank of every unit; 0 for those that are not ranked."""
        return self._outcome.ranks[0].tolist()

    @cached_property
    def category_ranks(self) -> list[int]:
        """Rank in the category of every unit; 0 for those that are not ranked."""
        return self._outcome.category_ranks[0].tolist()

    @cached_property
    def totals(self) -> list[str]:
        """Total of every unit, with the scheme's decimals."""
        digits = self.scheme.ranking.digits
        form = f"%.{2 if digits is None else min(digits, 4)}f"
        return [form % total for total in self._outcome.totals[0].tolist()]

    @property
    def grades(self) -> list[str]:
        """Grade of every unit as people read it, empty without one; no list without grades."""
        rules, codes = self.scheme.grades, self._outcome.grades
        if rules is None or codes is None:
            return []
        labels = [*(band.label for band in rules.bands), ""]  # -1: none
        return [labels[code] for code in codes[0].tolist()]

    @property
    def categories(self) -> list[str]:
        """Category of every unit as people read it."""
        labels = [self.scheme.category_label(str(name)) for name in self._engine.categories]
        return [labels[code] for code in self._engine.category]

    @cached_property
    def ranking(self) -> pd.DataFrame:
        """As :attr:`simkaohe.Result.ranking`."""
        return Result(self._engine, self._outcome).ranking

    @cached_property
    def result(self) -> Result:
        """The full result, with explanations and uses."""
        return evaluate(self.scheme, self._engine.panel)


class Standings:
    """Standings for edits of one scheme; the last few are remembered.

    Compiling scheme and data takes ten times as long as evaluating them. While only numbers differ
    from what was compiled last, they are given to that engine as a draw, which is the same as the
    evaluation of the edited scheme (:meth:`simkaohe.Engine.run`).
    """

    def __init__(self, scheme: Scheme, panel: Panel) -> None:
        self._scheme, self._panel = scheme, panel
        self._last = Engine(scheme, panel)
        self._remembered: deque[tuple[dict[str, Any], Standing]] = deque(maxlen=REMEMBERED)

    def of(self, edits: Mapping[str, Any]) -> Standing:
        """Return where the units stand with some edits made.

        Raises
        ------
        SimkaoheError
            When the edited scheme is not valid or does not fit the data.
        """
        for seen, standing in self._remembered:
            if seen == edits:
                return standing
        standing = self._standing(self._scheme.edit(edits) if edits else self._scheme)
        self._remembered.append((dict(edits), standing))
        return standing

    def _standing(self, scheme: Scheme) -> Standing:
        draws = numbers(self._last.scheme, scheme)
        if draws is not None:
            try:
                return Standing(scheme, self._last, self._last.run(draws, check=False))
            except SimkaoheError:  # to be said in the words of the scheme as it is
                pass
        self._last = Engine(scheme, self._panel)
        return Standing(scheme, self._last, self._last.run())


def numbers(old: Scheme, new: Scheme) -> dict[str, Any] | None:
    """Return what differs between two schemes as draws; None when it is not numbers alone."""
    found = {}
    for path, value in old.diff(new).items():
        if not isinstance(value, float) or not can_be_drawn(old, path):
            return None
        found[path] = np.array([value])
    return found
