"""Counting places (名次计数): how often every unit has every rank, from whole blocks of draws."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from simkaohe.ranks import first_places

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
SINGLE = 512
"""Units up to which every rank is counted by itself; beyond, ranges of ranks are."""
CACHE = 65536
"""Numbers in an array of a block, which then fits a core's cache."""
ONE = np.int32(1)


def bin_shift(units: int) -> int:
    """Return s such that ranks are counted in ranges of 2^s: 0, or about a hundred ranges."""
    return 0 if units <= SINGLE else max(units // 64 - 1, 1).bit_length() - 1


def bins(units: int) -> int:
    """Return the number of ranges of ranks."""
    return ((units - 1) >> bin_shift(units)) + 1


def counted(ranks: Ints, most: int, shift: int) -> Ints:
    """Return how often each unit has each rank, (most + 1, N), from ranks (R, N).

    Ranks are counted in ranges of 2^shift; row 0 counts draws in which the unit is not ranked (0).
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

    Scores are distances from the best score that there can be, 0 to ``span``, in units of the last
    digit, rounded down. With more than 512 units, ranks are counted in ranges of 2^shift.
    """

    def __init__(self, n: int, span: int, shift: int) -> None:
        self.n, self._many = n, n > SINGLE
        self._shift = shift if self._many else 0
        self.bits = max(n - 1, 1).bit_length()
        self._sums = np.zeros((2, n), np.int64)
        self._kind: Any = np.int32 if (span + 1) << self.bits < 2**31 else np.int64
        # by unit and range of ranks, or by rank and unit
        self._width = ((n - 1) >> shift) + 1 if self._many else 1 << self.bits
        self._counts = np.zeros(n * self._width, np.int32)
        self._unit = self._place = np.empty((0, n), self._kind)
        self._first_code = np.arange(0, n * self._width, self._width)
        self._spaces = Spaces()

    def tables(self, most: int, shift: int) -> tuple[Ints, Ints]:
        """Return counts (most + 1, n) by (range of) rank, and sums (2, n) of ranks and squares.

        Row 0, for draws in which a unit has no rank, is left empty.
        """
        table = np.zeros((most + 1, self.n), np.int64)
        if self._many:
            table[1 : self._width + 1] = self._counts.reshape(self.n, self._width).T
            return table, self._sums
        by_rank = self._counts.reshape(self.n, self._width)[:, : self.n].astype(np.int64)
        ranks = np.arange(1, self.n + 1)
        starts = np.arange(0, self.n, 1 << shift)
        table[1 : len(starts) + 1] = np.add.reduceat(by_rank, starts) if shift else by_rank
        return table, np.array([ranks @ by_rank, ranks**2 @ by_rank])

    def add(self, distance: npt.NDArray[Any]) -> None:
        """Count the ranks of draws (R, n); a distance is how far below the best a score is."""
        rows = max(2 * CACHE // self.n, 1)
        for start in range(0, len(distance), rows):
            self._add(distance[start : start + rows])

    def _add(self, distance: npt.NDArray[Any]) -> None:
        key = self._spaces.of("key", distance.shape, self._kind)
        np.copyto(key, distance, casting="unsafe")
        if self._many:
            self._by_counting(key)
        else:
            self._by_sorting(key)

    def _by_sorting(self, key: Any) -> None:
        unit, place = self._unit_and_place(len(key))
        key <<= self.bits
        key |= unit
        key.sort(axis=1)
        flat = key.reshape(-1)
        step = 1 << self.bits
        back = self._spaces.of("back", (len(flat) - 1,), self._kind)
        np.bitwise_xor(flat[1:], flat[:-1], out=back)
        back -= step  # negative where the unit alone differs
        back >>= 8 * back.itemsize - 1
        back[self.n - 1 :: self.n] = 0  # the first of a draw and the last of the one before
        tied = np.not_equal(back, 0, out=self._spaces.of("tied", back.shape, np.bool_))
        back <<= self.bits
        key &= step - 1
        key |= place
        flat[1:] += back  # the second of equals has the place of the first
        twice = self._spaces.of("twice", tied[1:].shape, np.bool_)
        third = np.bitwise_and(tied[1:], tied[:-1], out=twice).nonzero()[0] + 2
        if len(third):  # the third goes back one more, the fourth two more …
            begins = third - 1
            begins[1:][third[1:] - third[:-1] == 1] = 0
            start = np.maximum.accumulate(begins)
            flat[third] -= ((third - start) << self.bits).astype(self._kind)
        code = self._spaces.of("code", flat.shape, np.int64)
        np.copyto(code, flat)
        np.add.at(self._counts, code, ONE)

    def _unit_and_place(self, rows: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return, for every draw, 0, 1, 2 … as such and where a key has its place (rows, n)."""
        if self._unit.shape[0] < rows:
            self._unit = np.tile(np.arange(self.n, dtype=self._kind), (rows, 1))
            self._place = self._unit << self.bits
        return self._unit[:rows], self._place[:rows]

    def _by_counting(self, key: Any) -> None:
        key -= key.min()
        span = int(key.max()) + 1
        kind = np.int32 if self.n**2 * len(key) < 2**31 else np.int64
        better = self._spaces.of("better", key.shape, kind)
        if span > 8 * self.n:
            np.copyto(better, first_places(-key.astype(np.int64)) - 1, casting="same_kind")
        else:
            rows = max(CACHE // span, 1)
            for start in range(0, len(key), rows):
                self._count_better(key[start : start + rows], span, better[start : start + rows])
        sums = better.sum(0, dtype=kind)
        self._sums[0] += sums
        self._sums[0] += len(key)
        self._sums[1] += np.einsum("rn,rn->n", better, better)
        self._sums[1] += 2 * sums.astype(np.int64) + len(key)
        better >>= self._shift
        better += self._first_code.astype(kind)
        code = self._spaces.of("code", better.shape, np.int64)
        np.copyto(code, better)
        np.add.at(self._counts, code.reshape(-1), ONE)

    def _count_better(self, key: Any, span: int, better: npt.NDArray[Any]) -> None:
        """Write how many scores of the same draw are better; keys are from 0 to ``span``."""
        key += np.arange(0, len(key) * span, span, dtype=key.dtype)[:, None]
        place = self._spaces.of("code", key.shape, np.int64)
        np.copyto(place, key)
        seen = np.bincount(place.reshape(-1), minlength=len(key) * span).reshape(-1, span)
        before = self._spaces.of("before", seen.shape, better.dtype)
        before[:, 0] = 0
        np.cumsum(seen[:, :-1], 1, better.dtype, before[:, 1:])
        np.take(before.reshape(-1), place, out=better, mode="wrap")  # "raise" would copy


class Board:
    """Counts of places overall and in category; ``ranked`` (N,) says who has one."""

    def __init__(
        self, members: Sequence[npt.NDArray[np.intp]], ranked: npt.NDArray[np.bool_], span: int
    ) -> None:
        self.units, self.draws = len(ranked), 0
        self.largest = max(map(len, members))
        self.members = [m[ranked[m]] for m in members]
        self.order = np.concatenate(self.members)
        self.whole = Places(len(self.order), span, bin_shift(self.units))
        self.apart = [
            Places(len(m), span, bin_shift(self.largest)) if len(m) and len(members) > 1 else None
            for m in self.members
        ]

    def add(self, distance: npt.NDArray[Any]) -> None:
        """Count draws (R, ranked units), one category after the other; see :class:`Places`."""
        self.draws += len(distance)
        self.whole.add(distance)
        start = 0
        for members, places_of in zip(self.members, self.apart, strict=True):
            if places_of is not None:
                places_of.add(distance[:, start : start + len(members)])
            start += len(members)

    def tables(self) -> dict[str, Ints]:
        """Return counts (rows, N) by kind, units in the order that members are counted in.

        Row 0 of ``ranks`` and ``category_ranks`` counts draws in which a unit is not ranked.
        """
        tables = self._placed("ranks", "rank_sums", [self.order], [self.whole], self.units)
        if len(self.members) > 1:
            names = "category_ranks", "category_sums"
            tables |= self._placed(*names, self.members, self.apart, self.largest)
        return tables

    def _placed(
        self,
        counts: str,
        sums: str,
        members: Sequence[npt.NDArray[np.intp]],
        counters: Sequence[Places | None],
        units: int,
    ) -> dict[str, Ints]:
        table = np.zeros((bins(units) + 1, self.units), np.int64)
        table[0] = self.draws
        both = np.zeros((2, self.units), np.int64)
        for rows, counter in zip(members, counters, strict=True):
            if counter is not None:
                table[:, rows], both[:, rows] = counter.tables(bins(units), bin_shift(units))
        return {counts: table, sums: both}
