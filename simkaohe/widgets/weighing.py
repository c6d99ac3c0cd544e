"""One weight moves and its siblings make room: how a weight on a slider becomes edits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import floor, isfinite
from typing import Any

from simkaohe.labels import Words
from simkaohe.scheme.edit import value_at
from simkaohe.scheme.tree import Group, Scheme

FIXED = Words(
    "同级的其余权重都已锁定，合计不能变；请先解锁一个。",
    "All other weights here are locked, so the sum leaves no room; unlock one first.",
)
HELD = Words("这个权重已锁定；请先解锁。", "This weight is locked; unlock it first.")


def weight_path(node: str, category: str = "") -> str:
    """Return the edit path of a node's weight, for one category or for all."""
    return f"{node}.weights_by_category.{category}" if category else f"{node}.weight"


def weight_of(scheme: Scheme, edits: Mapping[str, Any], node: str, category: str = "") -> float:
    """Return a node's stated weight with some edits made; 0 where an edit is no number."""
    paths = [weight_path(node, category)] if category else []
    for path in (*paths, weight_path(node)):
        value = edits[path] if path in edits else value_at(scheme, path)
        if value is not None:
            return float(value) if isinstance(value, int | float) and isfinite(value) else 0.0
    return 0.0


def overridden(scheme: Scheme, edits: Mapping[str, Any], group: Group) -> list[str]:
    """Return the categories that have a weight of their own for any child of a group."""
    paths = {
        category: [weight_path(child.id, category) for child in group.children]
        for category in scheme.categories
    }
    return [
        category
        for category, own in paths.items()
        if any((edits[p] if p in edits else value_at(scheme, p)) is not None for p in own)
    ]


def parent_of(scheme: Scheme, node: str) -> Group | None:
    """Return the group that a node belongs to; None for the root."""
    for group in scheme.nodes.values():
        if isinstance(group, Group) and any(child.id == node for child in group.children):
            return group
    return None


def weighed(
    scheme: Scheme,
    edits: Mapping[str, Any],
    node: str,
    value: float,
    category: str = "",
    *,
    locked: Collection[str] = (),
    keep_sum: bool = True,
) -> tuple[dict[str, Any], str]:
    """Return the edits that set a weight, and a sentence when that cannot be.

    With ``keep_sum`` the siblings that are not locked share what is left of the base scheme's sum,
    in proportion to their weights in ``edits``; where those are all 0, to those of the base.
    """
    if weight_path(node, category) in locked:
        return {}, str(HELD)
    weights = {node: max(round(float(value), 9), 0.0)}
    if keep_sum:
        group = parent_of(scheme, node)
        others = [child.id for child in group.children if child.id != node] if group else []
        base = {n: weight_of(scheme, {}, n, category) for n in (node, *others)}
        now = {n: weight_of(scheme, edits, n, category) for n in others}
        free = [n for n in others if weight_path(n, category) not in locked]
        digits = 2 if sum(base.values()) >= 10 else 4
        room = round(sum(base.values()) - sum(now[n] for n in others if n not in free), 9)
        shares = next((s for s in (now, base) if any(s[n] for n in free)), None)
        if shares is None:  # nobody is there to give or take
            return {}, str(FIXED)
        weights[node] = min(weights[node], max(room, 0.0))
        weights |= _shared(room - weights[node], {n: shares[n] for n in free}, digits)
    changes: dict[str, Any] = {}
    for name, weight in weights.items():
        own = category and value_at(scheme, weight_path(name, category)) is None
        same = own and weight == weight_of(scheme, edits, name)
        changes[weight_path(name, category)] = None if same else weight
    return changes, ""


def _shared(amount: float, shares: Mapping[str, float], digits: int) -> dict[str, float]:
    """Divide an amount in proportion, rounded down; the largest takes what rounding leaves."""
    whole, scale = sum(shares.values()), max(amount, 0.0) * 10**digits
    parts = {n: floor(scale * (share / whole) + 1e-6) / 10**digits for n, share in shares.items()}
    largest = max(shares, key=lambda name: shares[name])
    rest = amount - sum(part for name, part in parts.items() if name != largest)
    parts[largest] = round(max(rest, 0.0), 9)
    return parts
