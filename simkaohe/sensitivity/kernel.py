"""Additive schemes (加权求和的内核): scores as one matrix product, places without arrays of results.

Where weights alone vary and the total is a weighted sum from top to bottom, rounding is the cast to
integers, and places are counted where the sorted keys stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from simkaohe.engine import EXACT, Engine
from simkaohe.ranks import NOISE
from simkaohe.scheme.tree import Group
from simkaohe.sensitivity.tallying import CACHE, Places, Spaces, bin_shift, bins
from simkaohe.sensitivity.varying import Varying
from simkaohe.sensitivity.weighing import Siblings, Weights

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Additive:
    """Places under drawn weights, where the total is a weighted sum from top to bottom.

    Attributes
    ----------
    complete : bool
        Whether every score is there and none is negative; if not, it cannot count.
    rows : int
        Draws that are best counted at a time, a power of two.
    """

    def __init__(self, engine: Engine, varying: Sequence[Weights]) -> None:
        scheme = engine.scheme
        self._drawn: dict[str, tuple[Weights, Siblings, slice]] = {}
        start = 0
        for law in varying:
            for each in law.siblings(scheme):
                columns = slice(start, start + len(each.nodes))
                self._drawn[each.group.id] = law, each, columns
                start = columns.stop
        self._root = scheme.root
        self._open = _above(scheme.root, self._drawn)
        self._stated: dict[str, tuple[Array, bool]] = {}
        for name in self._open:
            children = scheme.nodes[name].children  # type: ignore[union-attr]
            found = [[scheme.weight_in(k, c) for k in children] for c in engine.categories]
            self._stated[name] = np.array(found), any(k.id in self._open for k in children)
        leaves = self._terms(scheme.root)
        scores = engine.run(nodes=leaves).scores
        x = np.array([scores[name][0] for name in leaves])
        digits = EXACT if scheme.ranking.digits is None else scheme.ranking.digits
        scale = scheme.full / 100 * 10.0**digits
        self.complete = bool(engine.people.ranked.any() and (x >= 0).all())  # NaN is not ≥ 0
        if not self.complete:
            return
        top = float(x.max()) * scale
        span = int(top) + 2
        # The shares sum to 1, so that rounding is the cast of this product to integers.
        below = (span + 0.5 - NOISE) - x * scale
        ranked = engine.people.ranked
        self._members = [m[ranked[m]] for m in engine.members]
        self._below = [np.ascontiguousarray(below[:, m]) for m in self._members]
        self._order = np.concatenate(self._members)
        self._sizes = [len(m) for m in engine.members]
        self._last = max(c for c, m in enumerate(self._members) if len(m))
        self._several, self._count, self._span = len(self._members) > 1, len(engine.units), span
        room = max(CACHE // max(len(engine.units), len(leaves)), 32)
        self.rows = 1 << (room.bit_length() - 1)
        self._clear()

    def _terms(self, group: Group) -> list[str]:
        found: list[str] = []
        for child in group.children:
            is_open = isinstance(child, Group) and child.id in self._open
            found += self._terms(child) if is_open else [child.id]  # type: ignore[arg-type]
        return found

    def fresh(self) -> Additive:
        """Return a counter of the same scheme that has counted nothing yet."""
        new = copy(self)
        new._clear()
        return new

    def _clear(self) -> None:
        self._draws = 0
        self._spaces = Spaces()
        self._whole = Places(len(self._order), self._span, bin_shift(self._count))
        largest = bin_shift(max(self._sizes))
        self._apart = [
            Places(len(m), self._span, largest) if len(m) and self._several else None
            for m in self._members
        ]

    def count(self, u: Array) -> None:
        """Count the places of draws, from numbers (R, columns) in [0, 1)."""
        factors = {
            name: law.raw(np.ascontiguousarray(u[:, columns]), each.reference)
            for name, (law, each, columns) in self._drawn.items()
        }
        self._draws += len(u)
        parts = []
        for c, (below, apart) in enumerate(zip(self._below, self._apart, strict=True)):
            if below.shape[1]:
                into = self._spaces.of(f"part {c}", (len(u), below.shape[1]), np.float64)
                shares = self._shares(self._root, c, factors, None)
                parts.append(np.matmul(shares, below, out=into))
            if apart is not None:
                apart.add(parts[-1])
        self._whole.add(parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1))

    def _shares(
        self, group: Group, category: int, factors: Mapping[str, Array], above: Array | None
    ) -> Array:
        """Return the share (R, K) of every term in the total, for one category."""
        stated, inner = self._stated[group.id]
        stated = stated[category]
        own = factors.get(group.id)
        if own is None:
            share = (stated / (stated.sum() or 1.0))[None]
        elif own.shape[1] == len(stated):
            # the last category may have the array itself
            share = np.multiply(own, stated, out=own if category == self._last else None)
        else:
            nodes = self._drawn[group.id][1].nodes
            place = [group.children.index(node) for node in nodes]
            share = np.zeros((len(own), len(stated)))
            share[:, place] = own * stated[place]
        if own is not None:
            whole = share @ np.ones(share.shape[1])  # 0 where the group itself has no weight
            share *= (1 / np.where(whole > 0, whole, 1.0))[:, None]
        if above is not None:
            share = share * above[:, None]
        if not inner:
            return share
        parts = []
        for k, child in enumerate(group.children):
            if isinstance(child, Group) and child.id in self._open:
                parts.append(self._shares(child, category, factors, share[:, k]))
            else:
                parts.append(share[:, k : k + 1])
        rows = max(map(len, parts))
        return np.concatenate(
            [np.broadcast_to(part, (rows, part.shape[1])) for part in parts], axis=1
        )

    def tables(self) -> dict[str, Ints]:
        """Return what was counted, units in the engine's order; see :class:`Counter`."""
        found = self._placed([self._order], [self._whole], bin_shift(self._count), self._count)
        tables = {"ranks": found[0], "rank_sums": found[1]}
        if self._several:
            most = max(self._sizes)
            found = self._placed(self._members, self._apart, bin_shift(most), most)
            tables |= {"category_ranks": found[0], "category_sums": found[1]}
        return tables

    def _placed(
        self, members: list[Any], counters: list[Places | None], shift: int, units: int
    ) -> tuple[Ints, Ints]:
        table = np.zeros((bins(units) + 1, self._count), np.int64)
        table[0] = self._draws
        sums = np.zeros((2, self._count), np.int64)
        for rows, counter in zip(members, counters, strict=True):
            if counter is not None:
                table[:, rows], sums[:, rows] = counter.tables(bins(units), shift)
        return table, sums


def additive(engine: Engine, varying: Sequence[Varying]) -> Additive | None:
    """Return the counter of an additive scheme; None where the scheme is more than that."""
    scheme = engine.scheme
    laws = [each for each in varying if isinstance(each, Weights)]
    if len(laws) < len(varying) or scheme.adjustments or scheme.limits or scheme.periods:
        return None
    if scheme.grades is not None or scheme.ranking.ties != "competition":
        return None
    drawn = {s.group.id for law in laws for s in law.siblings(scheme)}
    for name in _above(scheme.root, drawn):
        group = scheme.nodes[name]
        assert isinstance(group, Group)
        if not group.combine.linear or group.difficulty:
            return None
        for child in group.children:
            cancels = child.weight > 0 and 0.0 in child.weights_by_category.values()
            if cancels and group.cancelled != "siblings":
                return None
    found = Additive(engine, laws)
    return found if found.complete else None


def _above(root: Group, drawn: Mapping[str, object] | set[str]) -> set[str]:
    """Return the groups whose score depends on weights drawn in some groups."""
    found: set[str] = set()

    def visit(group: Group) -> bool:
        below = [visit(child) for child in group.children if isinstance(child, Group)]
        if group.id in drawn or any(below):
            found.add(group.id)
            return True
        return False

    visit(root)
    return found
