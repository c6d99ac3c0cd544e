"""The weights that vary (可变权重): which they are, and how a scheme is given others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from simkaohe.engine import Engine
from simkaohe.errors import Problem, SimkaoheError, check_known, refuse
from simkaohe.labels import Words
from simkaohe.scheme.combine import Geometric, Multiplier
from simkaohe.scheme.tree import Group, Indicator

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Node = Group | Indicator
NOTHING = 1e-13
"""Share that an edit writes for a weight of 0, which may mean cancelled."""
SAMPLE = Words("请用抽样（montecarlo）", "Use sampling (montecarlo)")


@dataclass
class Levers:
    """The weights that vary: stated (K, C), how they are written, and what they act on."""

    engine: Engine
    group: Group
    name: str
    nodes: tuple[Node, ...]
    stated: Array
    logarithmic: bool = False
    inner: tuple[Group, ...] = ()
    """Groups between the root and the leaves, for ``"leaves"``."""
    homes: list[int] = field(default_factory=list)
    """The category that each set of units stands for."""

    def paths(self, category: int, weights: Array) -> dict[str, Array]:
        """Return the drawn weights (R,) of a category for weights (R, K) that sum to 1."""
        there = self.stated[:, category] > 0
        scaled = weights * self.stated[:, category].sum()
        return {self._override(node, category): part for node, part in self._parts(scaled, there)}

    def edits(self, category: int, weights: Array, free: Bools) -> dict[str, float]:
        """Return edits for a category and those that share its set."""
        stated = self.stated[:, category]
        new = np.where(free, weights * stated[free].sum(), stated)
        # 0 in a category would mean that the node is cancelled there
        new = np.where(free, np.maximum(new, NOTHING * stated.sum()), stated)
        alike = self.alike(category)
        found: dict[str, float] = {}
        for node, part in self._parts(new[None], stated > 0):
            others = [c for c in range(self.stated.shape[1]) if c not in alike]
            names = self.engine.categories
            # A weight that a category cancels still says there how much is spread.
            if all(node.weights_by_category.get(names[c], 0) > 0 for c in others):
                found[f"{node.id}.weight"] = float(part[0])
                alike_here = [c for c in alike if names[c] in node.weights_by_category]
            else:
                alike_here = alike
            for c in alike_here:
                scale = self.stated[:, c].sum() / stated.sum()
                found[self._override(node, c)] = float(part[0] * scale)
        return found

    def alike(self, category: int) -> list[int]:
        """Return the categories whose normalised weights are those of one of them."""
        shares = self.stated / self.stated.sum(0)
        same = np.isclose(shares, shares[:, [category]], rtol=0, atol=1e-12).all(0)
        return np.flatnonzero(same).tolist()

    @cached_property
    def levels(self) -> dict[str, Bools]:
        """For every node whose weight is set: which of the K weights are at or below it."""
        found = {g.id: np.isin([n.id for n in self.nodes], [*_below(g)]) for g in self.inner}
        return found | {n.id: np.arange(len(self.nodes)) == k for k, n in enumerate(self.nodes)}

    def _parts(self, weights: Array, there: Bools) -> Iterator[tuple[Node, Array]]:
        """Yield (node, weight (R,)) of every node whose weight is to be set."""
        for name, inside in self.levels.items():
            if (inside & there).any():
                yield self.engine.scheme.nodes[name], weights[:, inside & there].sum(1)

    def _override(self, node: Node, category: int) -> str:
        name = self.engine.categories[category]
        return f"{node.id}.weights_by_category.{name}" if name else f"{node.id}.weight"


def _below(group: Group) -> set[str]:
    found = set[str]()
    for child in group.children:
        found |= {child.id} | (_below(child) if isinstance(child, Group) else set())
    return found


def children(engine: Engine, name: str | None) -> Levers:
    """Return the weights of a group's children, of a multiplier's base children; None: root's."""
    scheme = engine.scheme
    name = scheme.root.id if name is None else name
    known = {n: g.label for n, g in scheme.groups.items()} | {"leaves": ""}
    check_known("group", name, known, Words("分组", "group"))
    group = scheme.groups[name]
    if not (group.combine.linear or isinstance(group.combine, Geometric | Multiplier)):
        raise SimkaoheError(not_linear(group))
    nodes, stated = _stated(engine, group)
    if not _vary(stated):
        found = Words("没有两个以上可变的权重", "there are no two weights that could vary")
        refuse(f"{name}.children", found, remedy=_elsewhere(engine))
    return Levers(engine, group, name, nodes, stated, isinstance(group.combine, Geometric))


def _stated(engine: Engine, group: Group) -> tuple[tuple[Node, ...], Array]:
    """Return the children whose weights count, a multiplier's base ones, and those weights."""
    method, nodes = group.combine, group.children
    if isinstance(method, Multiplier):
        nodes = tuple(child for child in nodes if child.id in method.base)
    return nodes, engine.weights.stated(nodes, {})[:, 0] if nodes else np.zeros((0, 1))


def _vary(stated: Array) -> bool:
    return bool(((stated > 0).sum(0) > 1).any())


def _elsewhere(engine: Engine) -> Words:
    """Return which groups have weights that vary."""
    groups = [
        group.id
        for group in engine.scheme.groups.values()
        if (group.combine.linear or isinstance(group.combine, Geometric | Multiplier))
        and _vary(_stated(engine, group)[1])
    ]
    if not groups:
        return SAMPLE
    return Words(
        f"请选另一个分组：{'、'.join(groups)}", f"Choose another group: {', '.join(groups)}"
    )


def leaves(engine: Engine) -> Levers:
    """Return the weights of all indicators, as one vector, of a wholly additive tree."""
    scheme = engine.scheme
    shares = {scheme.root.id: np.ones(len(engine.categories))}
    inner = []
    for group in scheme.groups.values():
        if not group.combine.linear:
            raise SimkaoheError(not_linear(group))
        if group.cancelled != "siblings" and engine.weights.cancelled(group, {}).any():
            refuse(
                f"{group.id}.cancelled",
                Words("取消指标的权重不按比例分摊", "cancelled weights are not spread evenly"),
                Words("siblings", "siblings, for one vector of all weights"),
            )
        inner += [group] if group is not scheme.root else []
        stated = engine.weights.stated(group.children, {})[:, 0]
        total = stated.sum(0)
        for child, own in zip(group.children, stated / np.where(total > 0, total, 1), strict=True):
            shares[child.id] = shares[group.id] * own
    nodes = scheme.indicators
    flat = 100 * np.array([shares[leaf.id] for leaf in nodes])
    return Levers(engine, scheme.root, "leaves", nodes, flat, inner=tuple(inner))


def not_linear(node: Node) -> Problem:
    """Return the problem that a node stands in the way of a linear form."""
    method = node.combine.label if isinstance(node, Group) else Words("", "")
    return Problem(
        node.id,
        Words(
            f"“{node.label}”（{method.zh}及其调整）使总分不是这些权重的线性函数，或取决于其他单位",
            f"{node.label} ({method.en} and its adjustments) makes totals other than linear in "
            "these weights, or dependent on other units",
        ),
        remedy=SAMPLE,
    )
