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
