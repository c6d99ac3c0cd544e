"""One number of a scheme that moves: which edits that means, and how far it can go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.labels import Words
from simkaohe.scheme.combine import Multiplier
from simkaohe.scheme.edit import value_at
from simkaohe.scheme.tree import Group, Scheme

Array = npt.NDArray[np.float64]
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
        raise SimkaoheError(
            Problem(
                path,
                Words(
                    f"范围 {chosen[0]:g} 到 {chosen[1]:g}",
                    f"the range {chosen[0]:g} to {chosen[1]:g}",
                ),
                Words(
                    f"{least:g} 到 {most:g} 之间、由小到大的两个数",
                    f"two rising numbers between {least:g} and {most:g}",
                ),
            )
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
        raise SimkaoheError(
            Problem(
                path,
                Words("总分没有兄弟节点，权重没有意义", "the root has no siblings to weigh it by"),
                remedy=Words("请选一个下级的权重", "Choose the weight of a node below it"),
            )
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
        raise SimkaoheError(
            Problem(
                path,
                Words("别的一项", "something else"),
                numbers,
                Words(
                    "其他的数请用抽样（Engine.run 或蒙特卡洛）",
                    "Draw other numbers instead (Engine.run, or Monte Carlo)",
                ),
            )
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


__all__ = ["Move", "movement"]
