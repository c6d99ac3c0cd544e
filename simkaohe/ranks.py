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
    return _whole(x, 10.0**digits)


def comparable(x: Floats, digits: int) -> Ints:
    """Return integers (..., N) in the order of ``x``, equal where ``x`` is equal to some decimals.

    Numbers too large for all these decimals are compared with as many as leave their rows room in
    64 bits, which in up to 500 units is what a float can hold.
    """
    bits = max(x.shape[-1] - 1, 1).bit_length()
    largest = np.maximum(np.abs(x).max(-1, keepdims=True), 1.0)
    room = np.floor((62 - bits) * np.log10(2) - np.log10(largest))
    return _whole(x, np.where(room < digits, 10.0**room, 10.0**digits))


def _whole(x: Floats, scale: float | Floats) -> Ints:
    scaled = np.abs(x) * scale
    return (np.sign(x) * np.floor(scaled + (0.5 + NOISE))).astype(np.int64)


def first_places(q: Ints) -> Ints:
    """Return the competition ranks (1, 2, 2, 4) of totals (..., N); higher is better."""
    home, begins = _in_order(q)
    return _taken_home(home, np.maximum.accumulate(begins * np.arange(1, q.shape[-1] + 1), -1))


def places(q: Ints) -> tuple[Ints, Ints]:
    """Return the best and the worst place that each unit shares with those equal to it.

    Parameters
    ----------
    q : array (..., N) of int
        Higher is better.

    Returns
    -------
    first, last : arrays (..., N) of int
        1 is the best. ``first`` is the competition rank (1, 2, 2, 4); ``last`` counts the tied
        units in (1, 3, 3, 4).
    """
    home, begins = _in_order(q)
    place = np.arange(1, q.shape[-1] + 1)
    ends = np.ones(q.shape, bool)
    ends[..., :-1] = begins[..., 1:]
    backwards = np.where(ends, place, q.shape[-1])[..., ::-1]
    last = np.minimum.accumulate(backwards, -1)[..., ::-1]
    return _taken_home(home, np.maximum.accumulate(begins * place, -1)), _taken_home(home, last)


def _in_order(q: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Return whose total stands where when the best is first, and where another total begins."""
    n = q.shape[-1]
    bits = max(n - 1, 1).bit_length()
    order = ((q.max(-1, keepdims=True) - q) << bits) | np.arange(n)
    order.sort(-1)
    value = order >> bits
    begins = np.ones(q.shape, bool)
    np.not_equal(value[..., 1:], value[..., :-1], out=begins[..., 1:])
    order &= (1 << bits) - 1
    order += np.arange(0, q.size, n).reshape(*q.shape[:-1], 1)
    return order, begins


def _taken_home(home: Ints, ordered: Ints) -> Ints:
    found = np.empty(home.size, np.int64)
    found[home] = ordered
    return found.reshape(home.shape)


def dense(first: Ints) -> Ints:
    """Turn competition ranks (1, 2, 2, 4) into dense ones (1, 2, 2, 3); shape (R, N)."""
    rows, n = first.shape
    seen = np.zeros((rows, n + 1), np.int64)
    np.put_along_axis(seen, first, 1, -1)
    return np.take_along_axis(seen.cumsum(-1), first, -1)
