"""Counting places (名次计数): how often every unit has every rank, from whole blocks of draws."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from simkaohe.ranks import places

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
SINGLE = 512
"""Units up to which every rank is counted by itself; beyond, ranges of ranks are."""
CACHE = 65536
"""Numbers in an array of a block, which then fits a core's cache."""


def bin_shift(units: int) -> int:
    """Return s such that ranks are counted in ranges of 2^s: 0, or about a hundred ranges."""
    return 0 if units <= SINGLE else max(units // 64 - 1, 1).bit_length() - 1


def bins(units: int) -> int:
    """Return the number of ranges of ranks."""
    return ((units - 1) >> bin_shift(units)) + 1


def counted(ranks: Ints, most: int, shift: int) -> Ints:
    """Return how often each unit has each rank.

    Parameters
    ----------
    ranks : array (R, N)
        0 for units that are not ranked.
    most : int
        Rows of ranks (ranges) to count, besides that for unranked units.
    shift : int
        Ranks are counted in ranges of 2^shift.

    Returns
    -------
    array (most + 1, N)
        Row 0 counts draws in which the unit is not ranked.
    """
    n = ranks.shape[1]
    row = ranks if not shift else ((ranks - 1) >> shift) + 1  # 0 stays 0: −1 >> s is −1
    code = row * n
    code += np.arange(n)
    return np.bincount(code.ravel(), minlength=(most + 1) * n).reshape(most + 1, n)


class Spaces:
    """Arrays that are used again: memory fresh from the system costs more than the work in it."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Any], npt.NDArray[Any]] = {}

    def of(self, name: str, shape: tuple[int, ...], kind: Any) -> npt.NDArray[Any]:
        """Return an array with whatever is in it."""
        size = prod(shape)
        found = self._found.get((name, kind))
        if found is None or len(found) < size:
            found = self._found[name, kind] = np.empty(size, kind)
        return found[:size].reshape(shape)


class Places:
    """Counts of the competition ranks (1, 2, 2, 4) of n units, from scores still to be rounded.

    Parameters
    ----------
    n : int
    span : int
        Scores are distances from the best score that there can be, 0 to span, in units of the last
        digit; the distance is rounded down.
    shift : int
        With more than 512 units, ranks are counted in ranges of 2^shift.
    """

    def __init__(self, n: int, span: int, shift: int) -> None:
        self.n, self._many = n, n > SINGLE
        self._shift = shift if self._many else 0
        self.bits = max(n - 1, 1).bit_length()
        self._sums = np.zeros((2, n), np.int64)
        self._kind: Any = np.int32 if (span + 1) << self.bits < 2**31 else np.int64
        self._unit: npt.NDArray[Any] = np.arange(n).astype(self._kind)
        self._place = self._unit << self.bits
        # by unit and range of ranks, or by rank and unit
        self._width = ((n - 1) >> shift) + 1 if self._many else 1 << self.bits
        self._counts = np.zeros(n * self._width, np.int64)
        self._spaces = Spaces()

    def tables(self, most: int, shift: int) -> tuple[Ints, Ints]:
        """Return how often each unit had each (range of) rank, and sums of ranks and squares.

        Parameters
        ----------
        most : int
            Rows wanted; row 0, for draws in which a unit has no rank, comes on top.
        shift : int

        Returns
        -------
        counts : array (most + 1, n)
        sums : array (2, n)
        """
        table = np.zeros((most + 1, self.n), np.int64)
        if self._many:
            table[1 : self._width + 1] = self._counts.reshape(self.n, self._width).T
            return table, self._sums
        by_rank = self._counts.reshape(self.n, self._width)[:, : self.n]
        ranks = np.arange(1, self.n + 1)
        starts = np.arange(0, self.n, 1 << shift)
        table[1 : len(starts) + 1] = np.add.reduceat(by_rank, starts) if shift else by_rank
        return table, np.array([ranks @ by_rank, ranks**2 @ by_rank])

    def add(self, distance: Array) -> None:
        """Count the ranks of draws (R, n); a distance is how far below the best a score is."""
        key = self._spaces.of("key", distance.shape, self._kind)
        np.copyto(key, distance, casting="unsafe")
        if self._many:
            self._by_counting(key)
        else:
            self._by_sorting(key)

    def _by_sorting(self, key: Any) -> None:
        key <<= self.bits
        key |= self._unit
        key.sort(axis=1)
        mask = (1 << self.bits) - 1
        flat = key.reshape(-1)
        apart = self._spaces.of("apart", (len(flat) - 1,), self._kind)
        np.bitwise_xor(flat[1:], flat[:-1], out=apart)
        alike = np.less_equal(apart, mask, out=self._spaces.of("alike", apart.shape, np.bool_))
        alike[self.n - 1 :: self.n] = False  # the first of a draw and the last of the one before
        tied = np.flatnonzero(alike)
        key &= mask
        key |= self._place
        if len(tied):
            tied += 1
            first = np.empty(len(tied), bool)
            first[0] = True
            np.not_equal(tied[1:] - tied[:-1], 1, out=first[1:])
            start = np.maximum.accumulate(np.where(first, tied - 1, 0))
            flat[tied] -= ((tied - start) << self.bits).astype(self._kind)
        code = self._spaces.of("code", flat.shape, np.int64)
        np.copyto(code, flat)
        np.add.at(self._counts, code, 1)

    def _by_counting(self, key: Any) -> None:
        key -= key.min()
        span = int(key.max()) + 1
        if span > 8 * self.n:
            better = places(-key.astype(np.int64))[0] - 1
        else:
            better = np.empty(key.shape, np.int64)
            rows = max(CACHE // span, 1)
            for start in range(0, len(key), rows):
                part = key[start : start + rows].astype(np.int64)
                part += np.arange(0, len(part) * span, span)[:, None]
                seen = np.bincount(part.reshape(-1), minlength=len(part) * span)
                before = seen.reshape(-1, span).cumsum(1)
                before -= seen.reshape(-1, span)
                np.take(before.reshape(-1), part, out=better[start : start + rows])
        ranks = better + 1
        self._sums[0] += ranks.sum(0)
        self._sums[1] += np.einsum("rn,rn->n", ranks, ranks)
        better >>= self._shift
        better += self._unit * self._width
        self._counts += np.bincount(better.reshape(-1), minlength=len(self._counts))
