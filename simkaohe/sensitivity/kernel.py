"""Additive schemes (加权求和的内核): scores as one matrix product, places without arrays of results.

Where weights alone vary and the total is a weighted sum from top to bottom, rounding is the cast to
integers, and places are counted where the sorted keys stand.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simkaohe.engine import EXACT, Engine
from simkaohe.ranks import NOISE
from simkaohe.scheme.tree import Group, Scheme
from simkaohe.sensitivity.tallying import CACHE, Board, Spaces
from simkaohe.sensitivity.varying import Varying
from simkaohe.sensitivity.weighing import Siblings, Weights

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
TINY = 1e-300
"""Stands for a sum of weights that is 0, as where a group itself has no weight."""


class Drawn(NamedTuple):
    """Children of a group whose weights vary, how, and where their numbers are."""

    law: Weights
    siblings: Siblings
    columns: slice


class Share:
    """What part of the total a group has in one category, handed down to the terms below it.

    Scores are ``columns`` (R, K) times ``rows`` (K, N): for each term of a drawn group its number
    over the sum of weights, and one more column for what every term has besides its number.
    ``open`` are the groups whose score depends on drawn weights.
    """

    def __init__(
        self,
        group: Group,
        category: str,
        scheme: Scheme,
        drawn: Mapping[str, Drawn],
        open: Collection[str],
    ) -> None:
        own = drawn.get(group.id)
        nodes = own.siblings.nodes if own else group.children
        self._name = group.id if own else None
        self._offset = own.law.offset if own else 0.0
        self._stated = np.array([scheme.weight_in(node, category) for node in nodes])
        if not own:
            self._stated /= self._stated.sum() or 1.0
        self._inner = {
            k: Share(node, category, scheme, drawn, open)
            for k, node in enumerate(nodes)
            if isinstance(node, Group) and node.id in open
        }
        self._own = [k for k in range(len(nodes)) if k not in self._inner]
        self._terms: Any = self._own if self._inner else slice(None)
        self._leaves = [nodes[k].id for k in self._own]

    def rows(self, below: Mapping[str, Array]) -> list[Array]:
        """Return what the columns are multiplied with, from an array (N,) for each term."""
        found = [
            weight * below[name]
            for name, weight in zip(self._leaves, self._stated[self._own], strict=True)
        ]
        if self._name is None:
            found = [np.sum(found, 0)] if found else []
        elif self._offset and found:
            found.append(self._offset * np.sum(found, 0))
        return found + [row for share in self._inner.values() for row in share.rows(below)]

    def columns(
        self, numbers: Mapping[str, Array], above: Array | float, into: Array, at: int = 0
    ) -> int:
        """Write columns from a place on; return the place after them."""
        scale, drawn = above, None if self._name is None else numbers[self._name]
        if drawn is not None:
            whole = drawn @ self._stated
            whole += self._offset * self._stated.sum()
            scale = np.divide(above, np.maximum(whole, TINY, out=whole), out=whole)
            if self._own:
                stop = at + len(self._own)
                np.multiply(drawn[:, self._terms], scale[:, None], out=into[:, at:stop])
                at = stop
        if self._own and (drawn is None or self._offset):
            into[:, at] = scale
            at += 1
        for k, share in self._inner.items():
            factor = 1.0 if drawn is None else drawn[:, k] + self._offset
            at = share.columns(numbers, scale * factor * self._stated[k], into, at)
        return at


class Additive:
    """Places under drawn weights, where the total is a weighted sum from top to bottom.

    It can count when it is ``complete``: every score is there and none is negative; ``rows`` draws
    are best counted at a time.
    """

    def __init__(self, engine: Engine, varying: Sequence[Weights]) -> None:
        scheme = engine.scheme
        self._drawn: dict[str, Drawn] = {}
        start = 0
        for law in varying:
            for each in law.siblings(scheme):
                columns = slice(start, start + len(each.nodes))
                self._drawn[each.group.id] = Drawn(law, each, columns)
                start = columns.stop
        groups = _above(scheme.root, self._drawn)
        leaves = _terms(scheme.root, groups)
        scores = engine.run(nodes=leaves).scores
        x = np.array([scores[name][0] for name in leaves])
        digits = EXACT if scheme.ranking.digits is None else scheme.ranking.digits
        scale = scheme.full / 100 * 10.0**digits
        self.complete = bool(engine.people.ranked.any() and (x >= 0).all())  # NaN is not ≥ 0
        if not self.complete:
            return
        self._span = int(float(x.max()) * scale) + 2
        # The shares sum to 1, so that rounding is the cast of this product to integers.
        below = (self._span + 0.5 - NOISE) - x * scale
        self._engine = engine
        self._clear()
        self._shares = [
            Share(scheme.root, c, scheme, self._drawn, groups) for c in engine.categories
        ]
        self._rows = [
            np.array(share.rows(dict(zip(leaves, below[:, members], strict=True))))
            for share, members in zip(self._shares, self._board.members, strict=True)
        ]
        room = max(2 * CACHE // max(len(engine.units), len(leaves)), 32)
        self.rows = 1 << (room.bit_length() - 1)

    def fresh(self) -> Additive:
        """Return a counter of the same scheme that has counted nothing yet."""
        new = copy(self)
        new._clear()
        return new

    def _clear(self) -> None:
        self._spaces = Spaces()
        self._board = Board(self._engine.members, self._engine.people.ranked, self._span)

    def count(self, u: Array) -> None:
        """Count the places of draws, from numbers (R, columns) in [0, 1), which are used up."""
        numbers = {
            name: law.raw(u[:, columns], siblings.reference)
            for name, (law, siblings, columns) in self._drawn.items()
        }
        distance = self._spaces.of("distance", (len(u), len(self._board.order)), np.float64)
        start = 0
        for share, rows in zip(self._shares, self._rows, strict=True):
            stop = start + rows.shape[1]
            if stop > start:
                wide = -len(rows) // 8 * -8  # rows that begin with a cache line are faster to write
                columns = self._spaces.of("columns", (len(u), wide), np.float64)[:, : len(rows)]
                share.columns(numbers, 1.0, columns)
                np.matmul(columns, rows, out=distance[:, start:stop])
            start = stop
        self._board.add(distance)

    def tables(self) -> dict[str, Ints]:
        """Return what was counted, units in the engine's order; see :class:`Board`."""
        return self._board.tables()


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


def _terms(group: Group, groups: Collection[str]) -> list[str]:
    """Return what a total adds up: all that is below these groups and none of them."""
    found: list[str] = []
    for child in group.children:
        inside = isinstance(child, Group) and child.id in groups
        found += _terms(child, groups) if inside else [child.id]  # type: ignore[arg-type]
    return found


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
