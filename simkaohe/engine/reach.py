"""What depends on what (牵连): whose scores move with a number, a category, or another unit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from simkaohe.engine.adjusting import Adjusting
from simkaohe.engine.draws import data_address, readers
from simkaohe.engine.leaves import Leaves
from simkaohe.engine.parameters import Array
from simkaohe.scheme.tree import Group, Indicator, Scheme


class Reach:
    """Nodes that change with others.

    Attributes
    ----------
    parent : dict of node id to Group
        For every node but the root.
    """

    def __init__(
        self, scheme: Scheme, adjusting: Adjusting, leaves: Leaves, raw: Mapping[str, Array]
    ) -> None:
        self._scheme, self._adjusting, self._leaves, self._raw = scheme, adjusting, leaves, raw
        self.parent = {
            child.id: group
            for group in scheme.nodes.values()
            if isinstance(group, Group)
            for child in group.children
        }

    @cached_property
    def relative(self) -> list[Indicator]:
        """Indicators whose scores depend on which other units there are."""
        return [
            leaf
            for leaf in self._scheme.indicators
            if leaf.rule.relative
            or leaf.measure.relative
            or (leaf.missing == "median" and self._leaves.has_gaps(leaf))
        ]

    @cached_property
    def category_bound(self) -> frozenset[str]:
        """Nodes whose scores depend on who is in which category."""
        changed = [*self.compared, *self.gaps]
        found = {self._scheme.root.id}.union(*(self.upwards(leaf.id) for leaf in changed))
        for node in self._scheme.nodes.values():
            if node.weights_by_category:
                found |= self.above(node.id)
            if getattr(getattr(node, "combine", None), "scope", None) == "category":
                found |= self.upwards(node.id)
        for name in self._adjusting.touched_by(frozenset(found), {}):
            found |= self.upwards(name)
        return frozenset(found)

    @cached_property
    def compared(self) -> list[Indicator]:
        """Indicators whose scores depend on who is in which category."""
        return [
            leaf
            for leaf in self._scheme.indicators
            if leaf.scope == "category"
            or (leaf.missing == "median" and self._leaves.has_gaps(leaf))
        ]

    @cached_property
    def gaps(self) -> list[Indicator]:
        """Indicators without a score for some unit, which may need it with other weights."""
        return [leaf for leaf in self._scheme.indicators if np.isnan(self._raw[leaf.id]).any()]

    def touched(self, draws: Mapping[str, Any]) -> frozenset[str]:
        """Return the nodes whose scores vary: those drawn and everything above them."""
        touched: set[str] = set()
        for path in draws:
            node, _, field = path.partition(".")
            if address := data_address(path):
                for leaf in readers(self._scheme, *address):
                    touched |= self.upwards(leaf.id)
            elif node in self._scheme.nodes:
                touched |= self.above(node) if field.startswith("weight") else self.upwards(node)
        for node in self._adjusting.touched_by(frozenset(touched), draws):
            touched |= self.upwards(node)
        return frozenset(touched)

    def upwards(self, node: str) -> set[str]:
        """Return a node and all above it."""
        return {node, *self.above(node)}

    def above(self, node: str) -> set[str]:
        """Return the groups that a node is in."""
        group = self.parent.get(node)
        return self.upwards(group.id) if group else set()
