"""The rank of one unit as a step function of its value in one indicator."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.errors import SimkaoheError, unknown
from simkaohe.fairness.moving import Moves
from simkaohe.labels import Words

Array = npt.NDArray[np.float64]
Within = Literal["all", "category"]
GRID, FINER, NARROW, ROUNDS = 65, 17, 1e-10, 12
"""Points of the first search for a change of rank and of each finer one; its width at the end, and
how many finer ones there are at most, for values that differ by less than a number can."""


def check_within(within: Within) -> Within:
    """Return which ranking is meant; another word is an error."""
    if within not in ("all", "category"):
        what = Words("排名范围", "ranking")
        raise SimkaoheError(unknown("within", str(within), ("all", "category"), what))
    return within


def rank_changes(
    moves: Moves, k: int, place: int, within: Within, *, first: bool = False
) -> pd.DataFrame:
    """Return where the rank changes between the value now and the furthest in reach.

    Parameters
    ----------
    moves : Moves
    k, place : int
        Indicator and unit.
    within : {"all", "category"}
    first : bool
        Whether only the first better rank is wanted.

    Returns
    -------
    DataFrame
        ``improvement``, ``value``, ``total``, ``rank``: the first row as it is now, then one for
        each change, at its far side.
    """
    now, end = moves.now[k, place], moves.beyond[k, place]
    field = "ranks" if check_within(within) == "all" else "category_ranks"

    def at(values: Array) -> tuple[Any, Array]:
        units = np.full(len(values), place)
        found = moves.moved(k, units, values, standing=True)
        return getattr(found, field), found.totals

    values = np.linspace(now, end, GRID if end != now else 1)
    ranks, totals = at(values)
    for _ in range(ROUNDS):
        here = np.flatnonzero(np.diff(ranks))
        if first:
            here = here[ranks[here + 1] < ranks[0]][:1]
        wide = here[np.abs(np.diff(values))[here] > NARROW * abs(end - now)]
        if not len(wide):
            break
        more = np.concatenate([np.linspace(values[i], values[i + 1], FINER)[1:-1] for i in wide])
        rank, total = at(more)
        order = np.argsort(np.concatenate([values, more]) * np.sign(end - now), kind="stable")
        values = np.concatenate([values, more])[order]
        ranks = np.concatenate([ranks, rank])[order]
        totals = np.concatenate([totals, total])[order]
    rows = np.r_[0, here + 1]
    return pd.DataFrame(
        {
            "improvement": np.abs(values[rows] - now),
            "value": values[rows],
            "total": totals[rows],
            "rank": ranks[rows],
        }
    )
