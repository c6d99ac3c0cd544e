"""Fair ratios on a shared machine: competing calls take turns, and the fastest of each counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple


class Timing(NamedTuple):
    """Seconds of one call: the fastest and the median."""

    best: float
    middle: float


def interleaved(
    calls: Mapping[str, Callable[[], Any]], *, seconds: float = 2.0, least: int = 5, turn: int = 3
) -> dict[str, Timing]:
    """Time calls turn by turn, so that whatever else runs on the machine disturbs all alike.

    Parameters
    ----------
    calls : mapping of name to function
    seconds : float
        How long to go on.
    least : int
        Rounds at least; one more round goes before, to warm up.
    turn : int
        Calls in a row: the first finds caches and heap as another call left them.
    """
    for call in calls.values():
        call()
    taken: dict[str, list[float]] = {name: [] for name in calls}
    start, rounds = perf_counter(), 0
    while rounds < least or perf_counter() - start < seconds:
        for name, call in calls.items():
            for _ in range(turn):
                begin = perf_counter()
                call()
                taken[name].append(perf_counter() - begin)
        rounds += 1
    return {name: Timing(min(times), median(times)) for name, times in taken.items()}
