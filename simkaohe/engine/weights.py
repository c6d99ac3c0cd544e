"""Weights (权重): the overrides of categories, and where the weight of cancelled children goes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from simkaohe.engine.draws import data_address
from simkaohe.engine.parameters import Draws, even
from simkaohe.scheme.tree import Group, Indicator, Scheme

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Paths = frozenset[str]
Source = tuple[int, slice | list[int], str]
"""Whose weight, in which categories, is drawn by which path."""


class Weights:
    """Weights of the children of a group in every category."""

    def __init__(self, scheme: Scheme, categories: tuple[str, ...]) -> None:
        self._scheme, self._categories = scheme, categories
        self._plain: dict[str, tuple[Array, Array | None]] = {}
        self._written: dict[tuple[str, ...], Array] = {}
        self._sources: tuple[Paths, dict[tuple[str, ...], list[Source]]] = frozenset(), {}

    def among(self, categories: tuple[str, ...]) -> Weights:
        """Return the weights in these categories: the same object when they are the same."""
        return self if categories == self._categories else Weights(self._scheme, categories)

    def of(self, group: Group, draws: Draws) -> tuple[Array, Array | None]:
        """Return the children's weights (K, 1|R, C), cancelled ones moved as the group says.

        The second is the weight (1|R, C) that keeps counting for cancelled children (full or zero
        marks), or None.
        """
        if _weighs(draws):
            return self._of(group, draws)
        if group.id not in self._plain:
            self._plain[group.id] = self._of(group, {})
        return self._plain[group.id]

    def _of(self, group: Group, draws: Draws) -> tuple[Array, Array | None]:
        children = group.children
        w = self.stated(children, draws)
        if draws and not (w.sum(0) > 0).all():
            counts = np.True_ if group is self._scheme.root else self.stated([group], draws)[0] > 0
            self._refuse(counts & ~(w.sum(0) > 0), draws)
        for k, child in enumerate(children):
            if isinstance(child, Group) and child.cancelled == "whole":
                kept, freed = self._kept_and_freed(child, draws)
                share = kept / np.where(kept + freed > 0, kept + freed, 1)
                w = np.array(np.broadcast_to(w, (len(w), max(w.shape[1], len(share)), w.shape[2])))
                w[k] *= share
        if group.cancelled in ("siblings", "whole"):
            return w, None
        cancelled = self.cancelled(group, draws)
        if not cancelled.any():
            return w, None
        _, freed = self._kept_and_freed(group, draws)
        if group.cancelled in ("full_marks", "zero_marks"):
            return w, freed
        if isinstance(group.cancelled, Mapping):
            given = np.array([group.cancelled.get(child.id, 0.0) for child in children])
            if draws:
                gone = self.stated(children, draws)[given > 0] == 0
                self._refuse(cancelled.any(0) & gone.any(0), draws)
            return w + freed * (given / given.sum())[:, None, None], None
        takes = ~cancelled & (w > 0)
        return w + np.where(takes, freed / np.maximum(takes.sum(0), 1), 0), None

    def check(self, draws: Draws) -> None:
        """Refuse draws in which the weights of a group are not valid.

        Raises
        ------
        SimkaoheError
            What the scheme of the first of them says about itself.
        """
        for group in self._scheme.groups.values():
            self._of(group, draws)

    def _refuse(self, wrong: Flags, draws: Draws) -> None:
        """Let the scheme of the first draw that is wrong in a category (1|R, C) say why."""
        for row in np.flatnonzero(wrong.any(1))[:1]:
            own = {path: v for path, v in draws.items() if not data_address(path)}
            self._scheme.edit({p: v[row if len(v) > 1 else 0, 0] for p, v in own.items()})

    @cached_property
    def counting(self) -> dict[str, Flags]:
        """In which categories (C,) a node counts as stated: it and all above it have weight."""
        return {name: counts[0] for name, counts in self.counted({}).items()}

    def counted(self, draws: Draws) -> dict[str, Flags]:
        """Return in which categories (1|R, C) a node counts in a draw."""
        root = self._scheme.root
        found = {root.id: np.ones((1, len(self._categories)), bool)}
        for group in self._scheme.nodes.values():
            if isinstance(group, Group):
                has_weight: Any = self.stated(group.children, draws) > 0
                for child, here in zip(group.children, has_weight, strict=True):
                    found[child.id] = found[group.id] & here
        return found

    def wake(self, draws: Draws) -> bool:
        """Whether a weight is drawn above 0 that is 0 as stated."""
        return any(
            ".weight" in path and path in self._asleep and values.any()
            for path, values in draws.items()
        )

    @cached_property
    def _asleep(self) -> Paths:
        """Paths of weights that are 0, or would be where they override none."""
        weight_in = self._scheme.weight_in
        found = set()
        for node in self._scheme.nodes.values():
            zero = [c for c in self._categories if not weight_in(node, c)]
            found |= {f"{node.id}.weights_by_category.{c}" for c in zero}
            if not node.weight:
                found.add(f"{node.id}.weight")
        return frozenset(found)

    def stated(self, nodes: Collection[Group | Indicator], draws: Draws) -> Array:
        """Return the stated weights of nodes (K, 1|R, C)."""
        ids = tuple(node.id for node in nodes)
        if ids not in self._written:
            weight_in = self._scheme.weight_in
            found = [[[weight_in(node, c) for c in self._categories]] for node in nodes]
            self._written[ids] = np.array(found)
        sources = self._drawn(ids, nodes, draws) if draws else []
        rows = max((len(draws[path]) for _, _, path in sources), default=1)
        stated = self._written[ids].repeat(rows, 1)
        for k, categories, path in sources:
            stated[k][:, categories] = draws[path]
        return stated

    def _drawn(
        self, ids: tuple[str, ...], nodes: Collection[Group | Indicator], draws: Draws
    ) -> list[Source]:
        """Return whose weights are drawn; remembered for the paths that were drawn last."""
        paths, found = self._sources
        if paths != draws.keys():
            paths, found = self._sources = frozenset(draws), {}
        if ids not in found:
            by_path: dict[tuple[int, str], list[int]] = {}
            for k, node in enumerate(nodes):
                for c, category in enumerate(self._categories):
                    path = f"{node.id}.weights_by_category.{category}"
                    if path not in paths and category not in node.weights_by_category:
                        path = f"{node.id}.weight"
                    if path in paths:
                        by_path.setdefault((k, path), []).append(c)
            found[ids] = [(k, _columns(own), path) for (k, path), own in by_path.items()]
        return found[ids]

    def cancelled(self, group: Group, draws: Draws) -> Flags:
        """Return which children are cancelled in which category, shape (K, 1|R, C)."""
        overridden = np.array(
            [
                [
                    c in child.weights_by_category or f"{child.id}.weights_by_category.{c}" in draws
                    for c in self._categories
                ]
                for child in group.children
            ]
        )
        own = [draws.get(f"{c.id}.weight", np.full((1, 1), c.weight)) for c in group.children]
        off = overridden[:, None, :] & (even(own) > 0) & (self.stated(group.children, draws) == 0)
        return np.asarray(off, bool)

    def _kept_and_freed(self, group: Group, draws: Draws) -> tuple[Array, Array]:
        """Return the weight that stays and the weight that is cancelled, each (1|R, C)."""
        cancelled = self.cancelled(group, draws)
        kept = self.stated(group.children, draws).sum(0)
        freed: Any = sum(
            np.where(off, draws.get(f"{child.id}.weight", np.full((1, 1), child.weight)), 0.0)
            for child, off in zip(group.children, cancelled, strict=True)
        )
        return kept, freed


def _weighs(draws: Draws) -> bool:
    """Whether a weight is drawn."""
    return any(".weight" in path for path in draws)


def _columns(places: list[int]) -> slice | list[int]:
    """Return places as a slice where they follow each other."""
    whole = slice(places[0], places[-1] + 1)
    return whole if len(places) == places[-1] + 1 - places[0] else places
