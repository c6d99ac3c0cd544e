"""What a scheme's parts say about each other: every name must lead somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simkaohe.errors import Problem, unknown
from simkaohe.labels import Words
from simkaohe.scheme.adjust import Points, Veto
from simkaohe.scheme.condition import Condition
from simkaohe.scheme.grades import GRADE

if TYPE_CHECKING:
    from simkaohe.scheme.tree import Scheme

NODE = Words("指标或分组", "indicator or group")
INDICATOR = Words("指标", "indicator")
UNIT = Words("单位", "unit")


def problems(scheme: Scheme) -> Iterator[Problem]:
    """Yield a problem for every id, unit, grade or node that is named and does not exist."""
    nodes = {node.id: node.label for node in scheme.nodes.values()}
    for path, condition in conditions(scheme):
        yield from _of_condition(scheme, path, condition, nodes)
    for name, adjustment in scheme.adjustments.items():
        here = f"adjustments.{name}"
        if adjustment.on is not None and adjustment.on not in nodes:
            yield unknown(f"{here}.on", adjustment.on, nodes, NODE)
        if isinstance(adjustment, Veto) and adjustment.grade is not None:
            yield from _of_grade(scheme, f"{here}.grade", adjustment.grade)
        if isinstance(adjustment, Veto) and not scheme.grades:
            for effect in set(adjustment.effects) & {"not_top", "grade_down"}:
                yield _no_grades(f"{here}.effects", effect)
    for node in scheme.limits:
        if node not in nodes:
            yield unknown(f"limits.{node}", node, nodes, NODE)
    for use_id, use in scheme.uses.items():
        for field, names in use.bands_named().items():
            for name in names:
                yield from _of_grade(scheme, f"uses.{use_id}.{field}", name)
    for name in scheme.grades.tie_break if scheme.grades else ():
        if name not in nodes:
            yield unknown("grades.tie_break", name, nodes, NODE)
    yield from _of_units(scheme)


def conditions(scheme: Scheme) -> Iterator[tuple[str, Condition]]:
    """Yield every condition of a scheme with its edit path."""
    for name, adjustment in scheme.adjustments.items():
        field = "any_of" if isinstance(adjustment, Veto) else "requires"
        for place, condition in enumerate(getattr(adjustment, field, ())):
            yield f"adjustments.{name}.{field}.{place}", condition
    if scheme.grades:
        for number, band in enumerate(scheme.grades.bands):
            for place, condition in enumerate(band.requires):
                yield f"grades.bands.{number}.requires.{place}", condition
        for place, condition in enumerate(scheme.grades.priority):
            yield f"grades.priority.{place}", condition
        for number, extra in enumerate(scheme.grades.extra):
            for place, condition in enumerate(extra.any_of):
                yield f"grades.extra.{number}.any_of.{place}", condition
    for name, use in scheme.uses.items():
        for place, condition in enumerate(use.requires):
            yield f"uses.{name}.requires.{place}", condition
        for number, raised in enumerate(getattr(use, "raises", ())):
            for place, condition in enumerate(raised.any_of):
                yield f"uses.{name}.raises.{number}.any_of.{place}", condition


def _of_condition(
    scheme: Scheme, path: str, condition: Condition, nodes: dict[str, str]
) -> Iterator[Problem]:
    field, name = condition.subject
    if field == "score" and name not in nodes:
        yield unknown(f"{path}.score", name, nodes, NODE)
    leaves = {leaf.id: leaf.label for leaf in scheme.indicators}
    if field in ("value", "completion") and name not in leaves:
        yield unknown(f"{path}.{field}", name, leaves, INDICATOR)
    first, adjustment, *_ = path.split(".")
    if first != "adjustments" or field != "score":
        return
    found = scheme.adjustments[adjustment]
    on = found.on
    inside = on is not None and on != scheme.root.id
    if inside or (name == scheme.root.id and isinstance(found, Points)):
        yield Problem(
            f"{path}.score",
            Words(f"“{name}”的得分这时还没有算出", f"the score of {name!r} is not known yet there"),
            Words("作用于总分的调整才能以得分为条件", "a score, for an adjustment of the total"),
            Words(
                "请改用 value 或 event，或去掉 on", "Use value or event instead, or leave out on"
            ),
        )


def _of_grade(scheme: Scheme, path: str, name: str) -> Iterator[Problem]:
    if not scheme.grades:
        yield _no_grades(path, name)
        return
    names = [band.name for band in scheme.grades.bands]
    if name not in names:
        yield unknown(path, name, names, GRADE)


def _no_grades(path: str, name: str) -> Problem:
    return Problem(
        path,
        Words(f"“{name}”需要等次", f"{name!r} needs grades"),
        remedy=Words("请在 grades 里规定等次", "State the grades under grades"),
    )


def _of_units(scheme: Scheme) -> Iterator[Problem]:
    units = list(scheme.units)
    for unit in scheme.unranked if units else ():
        if unit not in scheme.units:
            yield unknown("unranked", unit, units, UNIT)
    leaves = {leaf.id: leaf.label for leaf in scheme.indicators}
    for name, transfer in scheme.attribution.items():
        here = f"attribution.{name}"
        for unit in transfer.to if units else ():
            if unit not in scheme.units:
                yield unknown(f"{here}.to.{unit}", unit, units, UNIT)
        for leaf in transfer.indicators:
            if leaf not in leaves:
                yield unknown(f"{here}.indicators", leaf, leaves, INDICATOR)
            elif scheme.nodes[leaf].attributed == "none":  # type: ignore[union-attr]
                yield Problem(
                    f"{leaf}.attributed",
                    Words(
                        f"“{name}”归属的指标没有写明算法", f"{name!r} shares it, but how is open"
                    ),
                    Words("sum 或 rate", "sum or rate"),
                )
