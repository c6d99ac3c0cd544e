"""Labels shuffled (置换检验): what would be seen if the groups meant nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from math import factorial, prod

import numpy as np

from simkaohe.engine.standing import Array, Ints

CHUNK = 500_000
"""Labels that are shuffled at a time."""


def arrangements(labels: Ints) -> int:
    """Return how many different orders the labels have.

    Examples
    --------
    >>> arrangements(np.array([0, 0, 1, 1, 2]))
    30
    """
    return factorial(len(labels)) // prod(factorial(int(n)) for n in np.bincount(labels))


def shuffled(labels: Ints, most: int, seed: int) -> tuple[Ints, bool]:
    """Return labels (N,), 0 to G − 1, in other orders (P, N), and whether these are all there are.

    Every order (the one at hand too) when there are few, else ``most`` at random.
    """
    if arrangements(labels) <= most:
        return np.array(list(_every(labels))), True
    rng = np.random.default_rng(seed)
    return rng.permuted(np.broadcast_to(labels, (most, len(labels))), axis=1), False


def _every(labels: Ints) -> Iterator[Ints]:
    """Yield every order of the labels once."""
    last = int(labels.max(initial=0))
    sizes = np.bincount(labels, minlength=last + 1)

    def fill(free: tuple[int, ...], label: int, found: Ints) -> Iterator[Ints]:
        if label == last:
            whole = found.copy()
            whole[list(free)] = last
            yield whole
            return
        for chosen in combinations(free, int(sizes[label])):
            filled = found.copy()
            filled[list(chosen)] = label
            rest = tuple(place for place in free if place not in chosen)
            yield from fill(rest, label + 1, filled)

    yield from fill(tuple(range(len(labels))), 0, np.zeros_like(labels))


def chance(found: Array, seen: float, exact: bool) -> float:
    """Return the share of shuffles in which a number is at least what was seen.

    At random the labels as they stand count as one more shuffle, so that it is never 0 (Phipson &
    Smyth 2010). NaN when the number is not defined.
    """
    if np.isnan(seen) or not len(found):
        return float("nan")
    reached = int((found >= seen - 1e-12).sum())
    return reached / len(found) if exact else (reached + 1) / (len(found) + 1)


def over_shuffles(
    labels: Ints, measure: Callable[[Ints], Array], most: int, seed: int
) -> tuple[Array, bool]:
    """Return measures (K, P) of shuffled labels, and whether these are all that there are.

    ``measure`` takes labels (P, N) and returns (K, P); it is called on a part at a time.
    """
    orders, exact = shuffled(labels, most, seed)
    step = max(CHUNK // max(len(labels), 1), 1)
    parts = [measure(orders[start : start + step]) for start in range(0, len(orders), step)]
    return np.concatenate(parts, 1), exact


def adjusted(p: Array) -> Array:
    """Return p-values adjusted for their number (Holm 1979); NaN stays.

    Examples
    --------
    >>> adjusted(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    found = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    found[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(order) else steps
    return found
