"""Exact rounding and ranks (取整与排名) for whole batches: the last axis is units.

Ranks are taken from integers, so that units that are equal in decimals are equal in rank, whatever
the binary noise of the sums behind their totals.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NOISE = 1e-6
"""Of a last digit: what counts as exactly half when rounding (sums of decimals are not exact)."""


def last_digits(x: Floats, digits: int) -> Ints:
    """Return ``x`` in units of the last digit, rounded half away from zero as Excel's ROUND does.

    Parameters
    ----------
    x : array (..., N)
    digits : int
        Decimals that are kept.
    """
    scaled = np.abs(x) * 10.0**digits
    return (np.sign(x) * np.floor(scaled + (0.5 + NOISE))).astype(np.int64)


def places(q: Ints) -> tuple[Ints, Ints]:
    """Return the best and the worst place that each unit shares with those equal to it.

    Parameters
    ----------
    q : array (R, N) of int
        Higher is better.

    Returns
    -------
    first, last : arrays (R, N) of int
        1 is the best. ``first`` is the competition rank (1, 2, 2, 4); ``last`` counts the tied
        units in (1, 3, 3, 4).
    """
    n = q.shape[-1]
    bits = max(n - 1, 1).bit_length()
    order = ((q.max(-1, keepdims=True) - q) << bits) | np.arange(n)
    order.sort(-1)
    unit, value = order & ((1 << bits) - 1), order >> bits
    begins = np.ones(value.shape, bool)
    begins[..., 1:] = value[..., 1:] != value[..., :-1]
    ends = np.ones(value.shape, bool)
    ends[..., :-1] = begins[..., 1:]
    place = np.arange(1, n + 1)
    sorted_first = np.maximum.accumulate(np.where(begins, place, 0), -1)
    backwards = np.where(ends, place, n)[..., ::-1]
    sorted_last = np.minimum.accumulate(backwards, -1)[..., ::-1]
    home = unit + np.arange(0, q.size, n).reshape(*q.shape[:-1], 1)
    first, last = np.empty(q.size, np.int64), np.empty(q.size, np.int64)
    first[home], last[home] = sorted_first, sorted_last
    return first.reshape(q.shape), last.reshape(q.shape)


def dense(first: Ints) -> Ints:
    """Turn competition ranks (1, 2, 2, 4) into dense ones (1, 2, 2, 3); shape (R, N)."""
    rows, n = first.shape
    seen = np.zeros((rows, n + 1), np.int64)
    np.put_along_axis(seen, first, 1, -1)
    return np.take_along_axis(seen.cumsum(-1), first, -1)
