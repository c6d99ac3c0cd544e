"""The totals along one number of a scheme, as exact functions of it.

From the group where the number acts upwards, every node's score becomes :class:`Curves`; everything
else is constant. What has no such form is refused in one sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from simkaohe.engine import Engine
from simkaohe.errors import SimkaoheError, refuse, unknown
from simkaohe.labels import Words
from simkaohe.scheme.combine import Geometric, Minimum, Multiplier, WeightedSum
from simkaohe.scheme.edit import value_at
from simkaohe.scheme.tree import Group, Scheme
from simkaohe.sensitivity.curves import FAR, MIDDLE, ZERO, Curves, Score, inexact
from simkaohe.sensitivity.multiplying import Product
from simkaohe.sensitivity.stages import Stages

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Along:
    """Totals of all units along one number.

    Attributes
    ----------
    engine : Engine
    move : Move
    total : Score
        In the total's full marks, before rounding; from ``low`` to ``high`` of the move.
    """

    def __init__(self, engine: Engine, move: Move) -> None:
        self.engine, self.move = engine, move
        self.scheme = engine.scheme
        self.count = len(engine.units)
        nodes = tuple(self.scheme.nodes)
        self.now = {name: s[0] for name, s in engine.run(nodes=nodes).scores.items()}
        group = self.scheme.nodes[move.group]
        assert isinstance(group, Group)
        chain = [group]
        while parent := engine.parent(chain[-1].id):
            chain.append(parent)
        stages = Stages(self, [node.id for node in chain])
        score = stages.adjusted(group, self._combined(group, {}))
        for below, node in pairwise(chain):
            score = stages.adjusted(node, self._combined(node, {below.id: score}))
        self.total = score

    def constant(self, values: Any) -> Curves:
        """Return curves that do not vary, from one value or one for each unit."""
        return Curves.constant(np.broadcast_to(np.asarray(values, np.float64), (self.count,)))

    # -- combination -----------------------------------------------------------------------------

    def _combined(self, group: Group, moved: Mapping[str, Score]) -> Score:
        """Return a group's score before its adjustments."""
        weights, x = self._children(group, moved)
        method = group.combine
        if isinstance(method, Geometric):
            return self._geometric(method, weights, x, moved)
        if isinstance(method, Multiplier):
            return Product(self, group, method).score(weights, x, moved)
        if passed := self.passed_on(moved, weights):
            return passed
        if isinstance(method, WeightedSum):
            return Score(self.mean(list(x), weights, x))
        if isinstance(method, Minimum):
            return Score(self._minimum(weights, x))
        inexact(
            self.move.path,
            f"“{group.id}”的合成方法是“{method.label.zh}”",
            f"{group.id!r} is combined by {method.method!r}",
        )

    def _children(
        self, group: Group, moved: Mapping[str, Score]
    ) -> tuple[dict[str, Curves], dict[str, Curves]]:
        """Return weights and scores of a group's children; moved ones by their curves."""
        engine, category = self.engine, self.engine.category
        inside = self.move.low + np.array([0.25, 0.5, 0.75]) * (self.move.high - self.move.low)
        draws = {path: v[:, None] for path, v in self.move.edits(inside).items()}
        w, kept = engine.weights.of(group, draws)
        w = np.array(np.broadcast_to(w, (len(w), 3, w.shape[2])))
        off = np.zeros(w.shape, bool)
        if kept is not None:
            off = np.broadcast_to(engine.weights.cancelled(group, draws), w.shape)
            for k, child in enumerate(group.children):
                own = draws.get(f"{child.id}.weight", np.full((1, 1), child.weight))
                w[k] = np.where(off[k], own, w[k])
        largest = 1 + np.abs(w).max()
        if (np.abs(w[:, 0] - 2 * w[:, 1] + w[:, 2]) > 1e-9 * largest).any():
            inexact(
                self.move.path,
                f"“{group.id}”里的权重不随它按比例变动",
                f"the weights in {group.id!r} do not change in proportion to it",
            )
        slope = w[:, 2] - w[:, 0]
        slope = np.where(np.abs(slope) <= 1e-12 * largest, 0.0, slope)
        marks = 100.0 if group.cancelled == "full_marks" else 0.0
        weights, x = {}, {}
        for k, child in enumerate(group.children):
            middle, steep = w[k, 1][category], slope[k][category]
            weights[child.id] = Curves.line(middle - steep, middle + steep)
            there = off[k, 1][category]
            if child.id in moved:
                own_curves = moved[child.id].curves
                x[child.id] = self.where(there, self.constant(marks), own_curves)
            else:
                x[child.id] = self.constant(np.where(there, marks, self.now[child.id]))
        return weights, x

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
                inexact(
                    self.move.path,
                    "几何平均之后还要与别的得分相加或取舍",
                    "a geometric mean is added to other scores",
                )
            return score
        return None

    def _geometric(
        self,
        method: Geometric,
        weights: Mapping[str, Curves],
        x: Mapping[str, Curves],
        moved: Mapping[str, Score],
    ) -> Score:
        whole, logs = self.constant(0.0), self.constant(0.0)
        dead = np.zeros(self.count, bool)
        share = dead.astype(float)
        rising = None
        for name in x:
            there = self.takes_part(weights[name], x[name])
            whole = whole + weights[name].times(np.where(there, 1.0, 0.0))
            if name in moved:
                rising = replace(moved[name], curves=x[name])
                share = np.where(there, weights[name].at(MIDDLE)[0], 0.0)
                continue
            score = np.where(there, x[name].at(MIDDLE)[0], 1.0)
            score = np.maximum(score, method.floor) if method.zero == "floor" else score
            dead |= score <= 0
            known = np.log(np.where(score > 0, score, 1.0))
            logs = logs + weights[name].times(np.where(there, known, 0.0))
        if dead.any() and method.zero == "error":
            self.refuse_zero()
        logs = logs.over(whole)
        if rising is None:
            return Score(self.where(dead, self.constant(ZERO), logs), None)
        share = share / np.where(whole.at(MIDDLE)[0] > 0, whole.at(MIDDLE)[0], 1.0)
        others = logs.at(MIDDLE)[0]
        found = self._raised(method, rising, share, others)
        zero = self.constant(ZERO if found.power is None else 0.0)
        return replace(found, curves=self.where(dead, zero, found.curves))

    def _raised(self, method: Geometric, rising: Score, share: Array, others: Array) -> Score:
        """Return exp(others) times a moved score to the power of its share."""
        curves = rising.curves
        if method.zero == "floor":
            floor = rising.inverse(np.full(self.count, method.floor))
            curves = curves.highest(self.constant(floor))
        elif method.zero == "zero":
            curves = curves.highest(self.constant(ZERO if rising.power is None else 0.0))
        elif rising.power is not None and (curves.extremes()[0] <= 0).any():
            self.refuse_zero()
        if rising.power is None:
            return Score(curves.times(share) + self.constant(others), None)
        powers = np.unique(np.round(rising.power * share[share > 0], 12))
        if len(powers) > 1:
            inexact(
                self.move.path,
                "各类别在几何平均中的权重不同",
                "units have different weights in a geometric mean above it",
            )
        power = float(powers[0]) if len(powers) else 1.0
        scale = np.exp(others / power)
        raised = self.where(share == 0, self.constant(1.0), curves)
        return Score(raised.times(scale), power)

    def refuse_zero(self) -> NoReturn:
        """Say that a part of a product is zero, which the scheme calls a mistake."""
        inexact(
            self.move.path,
            "范围内有一部分得分为零，方案把它当作错误",
            "within the range a part is zero, which the scheme calls a mistake",
        )

    def _minimum(self, weights: Mapping[str, Curves], x: Mapping[str, Curves]) -> Curves:
        far = self.constant(FAR)
        parts = [self.where(~self.takes_part(weights[name], x[name]), far, x[name]) for name in x]
        lowest = reduce(Curves.lowest, parts)
        nobody = ~np.any([self.takes_part(weights[name], x[name]) for name in x], axis=0)
        return self.where(nobody, self.constant(np.nan), lowest)

    def refuse_sum(self) -> NoReturn:
        """Say that something is added to a geometric mean."""
        inexact(
            self.move.path,
            "几何平均之后还有加减分或各期合成",
            "points or periods are added to a geometric mean",
        )


OF_MAPS = ("beta", "rate", "otherwise", "pass_mark")
OF_MULTIPLIER = ("low", "high", "base_mark", *(f"map.{name}" for name in OF_MAPS))
"""Numbers of a multiplier that can move."""


@dataclass(frozen=True)
class Move:
    """A number that moves.

    Attributes
    ----------
    path : str
        Its edit path.
    group : str
        Id of the group whose score it moves.
    low, high : float
        How far.
    present : float, or None
        Its value now.
    shares : mapping of edit path to (float, float)
        What else moves along, as intercept and slope: the siblings' weights, so that the group's
        sum stays in every category.
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
    """Return how one number moves.

    Raises
    ------
    SimkaoheError
        When the path is unknown, neither a weight nor a number of a multiplier, the root's own
        weight, or the range is empty or outside what the number can be.
    """
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
        refuse(
            path,
            Words(
                f"范围 {chosen[0]:g} 到 {chosen[1]:g}", f"the range {chosen[0]:g} to {chosen[1]:g}"
            ),
            Words(
                f"{least:g} 到 {most:g} 之间、由小到大的两个数",
                f"two rising numbers between {least:g} and {most:g}",
            ),
        )
    if not weight:
        for end in chosen:
            scheme.edit({path: end})
    return Move(move.path, move.group, *chosen, move.present, move.shares)


def _of_weight(scheme: Scheme, path: str, name: str, field: str) -> Move:
    node = scheme.nodes[name]
    parents = [
        group
        for group in scheme.nodes.values()
        if isinstance(group, Group) and any(child is node for child in group.children)
    ]
    if not parents:
        refuse(
            path,
            Words("总分没有兄弟节点，权重没有意义", "the root has no siblings to weigh it by"),
            remedy=Words("请选一个下级的权重", "Choose the weight of a node below it"),
        )
    group = parents[0]
    category = field.partition(".")[2]
    if category and category not in scheme.categories:
        labels = {c: scheme.category_label(c) for c in scheme.categories}
        raise SimkaoheError(unknown(path, category, labels, Words("类别", "category")))
    moved = [category] if category else [
        c for c in (scheme.categories or ("",)) if c not in node.weights_by_category
    ]  # fmt: skip
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
    known = isinstance(method, Multiplier) and field.removeprefix("combine.") in OF_MULTIPLIER
    if not known or not field.startswith("combine.") or slot is None or slot.span is None:
        numbers = Words(
            "权重，或乘数计分法的 low、high、base_mark 和系数换算的参数",
            "a weight, or low, high, base_mark or a map's number of a multiplier",
        )
        refuse(
            path,
            Words("别的一项", "something else"),
            numbers,
            Words(
                "其他的数请用抽样（Engine.run 或蒙特卡洛）",
                "Draw other numbers instead (Engine.run, or Monte Carlo)",
            ),
        )
    present = now if isinstance(now, float) else None
    least, most = slot.span
    if present is not None:
        least, most = min(least, present), max(most, present)
    if field == "combine.high" and isinstance(method, Multiplier) and method.low is not None:
        least = max(least, method.low)
    if field == "combine.low" and isinstance(method, Multiplier) and method.high is not None:
        most = min(most, method.high)
    return Move(path, name, least, most, present, {})
