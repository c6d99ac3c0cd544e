"""One number of a scheme that moves (变动的一个数): which edits that means, and how far it can go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from simkaohe.engine import Engine
from simkaohe.errors import check_known, refuse
from simkaohe.labels import Words
from simkaohe.scheme.combine import Multiplier
from simkaohe.scheme.edit import value_at
from simkaohe.scheme.tree import Group, Scheme
from simkaohe.sensitivity.curves import MIDDLE, Curves, Score

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
OF_MAPS = ("beta", "rate", "otherwise", "pass_mark")
OF_MULTIPLIER = ("low", "high", "base_mark", *(f"map.{name}" for name in OF_MAPS))
"""Numbers of a multiplier that can move."""


@dataclass(frozen=True)
class Move:
    """A number that moves: its edit path, the group whose score it moves, how far, its value now.

    ``shares``: what else moves along, as intercept and slope by edit path: the siblings' weights,
    so that the group's sum stays in every category.
    """

    path: str
    group: str
    low: float
    high: float
    present: float | None
    shares: Mapping[str, tuple[float, float]]

    def edits(self, values: Array) -> dict[str, Array]:
        """Return the edits for values (R,), as :meth:`Engine.run` takes them."""
        along = {path: a + b * values for path, (a, b) in self.shares.items()}
        # Where a weight becomes zero, rounding must not make it negative.
        return {self.path: values, **{path: np.maximum(v, 0.0) for path, v in along.items()}}


def movement(scheme: Scheme, path: str, low: float | None, high: float | None) -> Move:
    """Return how one number moves; refuse what is no such number, and ranges that it cannot have."""
    now = value_at(scheme, path)
    node, _, field = path.partition(".")
    if node in scheme.nodes and field.partition(".")[0] in ("weight", "weights_by_category"):
        move = _of_weight(scheme, path, node, field)
    else:
        move = _of_parameter(scheme, path, node, field, now)
    least, most = move.low, move.high
    chosen = (least if low is None else float(low), most if high is None else float(high))
    weight = bool(move.shares) or field.startswith("weight")
    inside = not weight or (least <= chosen[0] and chosen[1] <= most + 1e-12)
    if not (chosen[0] < chosen[1] and inside and np.isfinite(chosen).all()):
        found = Words(
            f"范围 {chosen[0]:g} 到 {chosen[1]:g}", f"the range {chosen[0]:g} to {chosen[1]:g}"
        )
        between = Words(
            f"{least:g} 到 {most:g} 之间、由小到大的两个数",
            f"two rising numbers between {least:g} and {most:g}",
        )
        refuse(path, found, between)
    if not weight:
        for end in chosen:
            scheme.edit({path: end})
    return Move(move.path, move.group, *chosen, move.present, move.shares)


def _of_weight(scheme: Scheme, path: str, name: str, field: str) -> Move:
    node = scheme.nodes[name]
    groups = scheme.groups.values()
    group = next((g for g in groups if any(child is node for child in g.children)), None)
    if group is None:
        refuse(
            path,
            Words("总分没有兄弟节点，权重没有意义", "the root has no siblings to weigh it by"),
            remedy=Words("请选一个下级的权重", "Choose the weight of a node below it"),
        )
    category = field.partition(".")[2]
    moved = [c for c in (scheme.categories or ("",)) if c not in node.weights_by_category]
    if category:
        labels = {c: scheme.category_label(c) for c in scheme.categories}
        check_known(path, category, labels, Words("类别", "category"))
        moved = [category]
    own = any(child.weights_by_category for child in group.children)
    shares: dict[str, tuple[float, float]] = {}
    sums = []
    for c in moved:
        mine = scheme.weight_in(node, c)
        whole = sum(scheme.weight_in(child, c) for child in group.children)
        if whole - mine <= 0:  # alone in this category: it stays as it is there
            if c and not category:
                shares[f"{name}.weights_by_category.{c}"] = (mine, 0.0)
            continue
        sums.append(whole)
        for child in group.children:
            weight = scheme.weight_in(child, c)
            if child is node or not weight:
                continue
            slope = -weight / (whole - mine)
            by = f"weights_by_category.{c}" if own or category else "weight"
            shares[f"{child.id}.{by}"] = (-slope * whole, slope)
    present = scheme.weight_in(node, category) if category else node.weight
    return Move(path, group.id, 0.0, min(sums, default=max(present, 1.0)), present, shares)


def _of_parameter(scheme: Scheme, path: str, name: str, field: str, now: object) -> Move:
    node = scheme.nodes.get(name)
    method = node.combine if isinstance(node, Group) else None
    slot = scheme.paths().get(path)
    number = field.removeprefix("combine.") if field.startswith("combine.") else ""
    movable = isinstance(method, Multiplier) and number in OF_MULTIPLIER
    if not isinstance(method, Multiplier) or not movable or slot is None or slot.span is None:
        refuse(
            path,
            Words("别的一项", "something else"),
            Words(
                "权重，或乘数计分法的 low、high、base_mark 和系数换算的参数",
                "a weight, or low, high, base_mark or a map's number of a multiplier",
            ),
            Words(
                "其他的数请用抽样（蒙特卡洛）",
                "Draw other numbers instead (Monte Carlo)",
            ),
        )
    present = now if isinstance(now, float) else None
    least, most = slot.span
    if present is not None:
        least, most = min(least, present), max(most, present)
    if number == "high" and method.low is not None:
        least = max(least, method.low)
    if number == "low" and method.high is not None:
        most = min(most, method.high)
    return Move(path, name, least, most, present, {})


class Axis:
    """All units along a number that moves: what their curves are made with, and what is refused."""

    def __init__(self, engine: Engine, move: Move) -> None:
        self.engine, self.move, self.scheme = engine, move, engine.scheme
        self.count = len(engine.units)

    def inexact(self, zh: str, en: str) -> NoReturn:
        """Say that a quantity is outside the class of the exact method."""
        refuse(
            self.move.path,
            Words(f"{zh}，换位点没有精确解", f"{en}, so its breakpoints have no exact form"),
            remedy=Words(
                "请改用抽样（蒙特卡洛）",
                "Draw the values instead (Monte Carlo)",
            ),
        )

    def constant(self, values: Any) -> Curves:
        """Return curves that do not vary, from one value or one for each unit."""
        return Curves.constant(np.broadcast_to(np.asarray(values, np.float64), (self.count,)))

    def where(self, mask: Bools, then: Curves, otherwise: Curves) -> Curves:
        """Return one curve for some units and another for the others."""
        if not mask.any():
            return otherwise
        flag, half = self.constant(np.where(mask, 0.0, 1.0)), self.constant(0.5)
        return flag.where_below(half, then, otherwise)

    def takes_part(self, weights: Curves, x: Curves) -> Bools:
        """Return for whom a child counts strictly inside the range, (N,)."""
        return ~x.missing & (weights.at(MIDDLE)[0] > 0)

    def mean(
        self, names: list[str], weights: Mapping[str, Curves], x: Mapping[str, Curves]
    ) -> Curves:
        """Return the weighted mean of some children; those without a score are left out."""
        above, below = self.constant(0.0), self.constant(0.0)
        for name in names:
            there = np.where(x[name].missing, 0.0, 1.0)
            top = np.where(x[name].missing[:, None], 0.0, x[name].top)
            bottom = np.where(x[name].missing[:, None], np.eye(1, x[name].bottom.shape[1]),
                              x[name].bottom)  # fmt: skip
            above = above + Curves(x[name].ends, top, bottom) * weights[name].times(there)
            below = below + weights[name].times(there)
        return above.over(below)

    def passed_on(self, moved: Mapping[str, Score], weights: Mapping[str, Curves]) -> Score | None:
        """Return a moved child whose curves are not its score; it must be alone with its weight."""
        for name, score in moved.items():
            if score.plain:
                return None
            others = (weights[other].at(MIDDLE)[0] for other in weights if other != name)
            if any((w > 0).any() for w in others):
                self.refuse_added()
            return score
        return None

    def refuse_added(self) -> NoReturn:
        """Say that a geometric mean is one of several scores."""
        self.inexact(
            "几何平均之后还要与别的得分相加或取舍", "a geometric mean is added to other scores"
        )

    def refuse_zero(self) -> NoReturn:
        """Say that a part of a product is zero, which the scheme calls a mistake."""
        self.inexact(
            "范围内有一部分得分为零，方案把它当作错误",
            "within the range a part is zero, which the scheme calls a mistake",
        )

    def refuse_sum(self) -> NoReturn:
        """Say that something is added to a geometric mean."""
        self.inexact(
            "几何平均之后还有加减分或各期合成",
            "points or periods are added to a geometric mean",
        )
