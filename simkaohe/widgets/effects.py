"""What a control has no effect on at present, and why (为什么不起作用)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simkaohe.errors import SimkaoheError
from simkaohe.labels import Words
from simkaohe.scheme.combine import Multiplier
from simkaohe.scheme.tree import Group, Scheme
from simkaohe.widgets.standing import Standing
from simkaohe.widgets.state import State
from simkaohe.widgets.weighing import overridden, parent_of

UNMOVED = Words(
    "按现有数据，怎么改都不影响得分、名次、等次和结果运用。",
    "With the data as they are no value changes any total, place, grade or payment.",
)
WHY = {
    "all_equal": Words("各单位的值并不全都相等。", "The units' values are not all equal."),
    "base_mark_caps": Words("没有设基本分。", "There are no base points."),
    "cancelled": Words("没有取消的下级，或分给谁都一样。", "No child is cancelled, or it makes no difference."),
    "clip": Words("没有得分超出上下限。", "No score lies beyond the limits."),
    "keeps": Words("来源单位自己不参加考核。", "The source is not assessed itself."),
    "missing": Words("没有缺失的数据，或缺的不影响结果。", "Nothing is missing, or it makes no difference."),
    "same": Words("没有重复记录的事项。", "No event is recorded twice."),
    "target": Words("数据里各单位已有目标值，或计分不看目标。",
                    "The units have targets of their own, or the score has no use for one."),
    "unused": Words("没有空余名额。", "No seat is left over."),
    "zero": Words("没有为零的部分。", "No part is zero."),
}  # fmt: skip
"""Why a field, by its name, has no effect."""


def moves(state: State, changes: Mapping[str, Any], uses: bool = False) -> bool:
    """Return whether edits would change a total, a place or a grade (or a payment, with ``uses``).

    What cannot be done counts as well: it says itself why not.
    """
    try:
        return _shown(state.trial(changes), uses) != _shown(state.trial({}), uses)
    except SimkaoheError:
        return True


def _shown(standing: Standing, uses: bool) -> list[Any]:
    shown: list[Any] = [standing.totals, standing.ranks, standing.category_ranks, standing.grades]
    return [*shown, standing.result.uses.to_numpy().tobytes()] if uses else shown


def reason(state: State, path: str, category: str = "") -> Words:
    """Return why a path has no effect now, as far as scheme and data tell."""
    scheme = state.standing("current").scheme
    first, _, field = path.partition(".")
    if first in scheme.nodes:
        if field.startswith("weight"):
            return _of_weight(state, scheme, first, category)
        if field.startswith("difficulty") and state.panel.numbers("difficulty", first) is None:
            return Words(
                "数据里没有它的难度系数，按 1 计。",
                "The data have no coefficients for it: they count as 1.",
            )
    if first == "adjustments":
        return _of_adjustment(state, field)
    return WHY.get(field.rpartition(".")[2], UNMOVED)


def _of_weight(state: State, scheme: Scheme, node: str, category: str) -> Words:
    group = parent_of(scheme, node)
    if group is None:
        return UNMOVED
    if multiplied(group, node):
        return Words(
            "现在是乘数计分法：系数部分的权重不影响总分，起作用的是系数的上限和下限。",
            "The multiplier method is in use: weights of coefficients have no effect on the total; "
            "the limits of the coefficients have.",
        )
    if len(group.children) == 1:
        return Words(
            "同级只有它一个，权重多少都一样。", "It has no siblings to be weighed against."
        )
    own = overridden(scheme, state.edits, group)
    if not category and own and set(own) == set(scheme.categories):
        return Words(
            "各类别都有单独的权重，请在上面选类别来改。",
            "Every category has a weight of its own: choose one above to change it.",
        )
    if not scheme.weight_in(group, category):
        return Words("它的上级权重为 0。", "The weight of its group is 0.")
    return UNMOVED


def multiplied(group: Group, node: str) -> bool:
    """Return whether a multiplier leaves a child's weight without a part to play."""
    method = group.combine
    if not isinstance(method, Multiplier) or node in method.added:
        return False
    return node not in method.base or len(method.base) == 1


def _of_adjustment(state: State, field: str) -> Words:
    name, _, rest = field.partition(".")
    records = state.panel.records("events")
    mine = records[records["event"] == name]
    if not len(mine):
        return Words("台账里没有它的记录。", "The data have no record of it.")
    kind = rest.partition(".")[2]
    if rest.startswith(("points.", "caps.")) and kind not in set(mine["kind"]):
        return Words("台账里没有这一类的记录。", "The data have no record of this kind.")
    return WHY.get(rest, UNMOVED)
