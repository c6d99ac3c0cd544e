"""What a scheme's parts say about each other: every name must lead somewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    yield from _of_ids(scheme)
    for use_id, use in scheme.uses.items():
        if "grades" in use.data and not scheme.grades:
            yield _no_grades(f"uses.{use_id}", use_id)
            continue
        for field, names in use.bands_named().items():
            for name in names:
                yield from _of_grade(scheme, f"uses.{use_id}.{field}", name)
    for name in scheme.grades.tie_break if scheme.grades else ():
        if name not in nodes:
            yield unknown("grades.tie_break", name, nodes, NODE)
    yield from _of_units(scheme)


def _of_ids(scheme: Scheme) -> Iterator[Problem]:
    """Yield a problem for every id with a dot in it: dots part the steps of an edit path."""
    named: dict[str, Mapping[str, object]] = {
        "categories": scheme.categories,
        "attribution": scheme.attribution,
        "adjustments": scheme.adjustments,
        "uses": scheme.uses,
        "events": scheme.events,
        "periods.earlier": scheme.periods.earlier if scheme.periods else {},
    }
    named |= {
        f"adjustments.{name}.points": adjustment.points
        for name, adjustment in scheme.adjustments.items()
        if isinstance(adjustment, Points)
    }
    for place, mapping in named.items():
        for name in mapping:
            if "." in name:
                yield Problem(
                    f"{place}.{name}",
                    Words(f"“{name}”里有点", f"a dot in {name!r}"),
                    Words("没有点的编号", "an id without dots"),
                )


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


def events(scheme: Scheme) -> dict[str, str]:
    """Return the ids that the table of events may name, with what they are called."""
    marks: dict[str, str] = {
        condition.event: "" for _, condition in conditions(scheme) if condition.event
    }
    marks |= scheme.events
    return marks | {name: a.name or "" for name, a in scheme.adjustments.items()}


def _of_condition(
    scheme: Scheme, path: str, condition: Condition, nodes: dict[str, str]
) -> Iterator[Problem]:
    field, name = condition.subject
    if field == "score" and name not in nodes:
        yield unknown(f"{path}.score", name, nodes, NODE)
    leaves = {leaf.id: leaf.label for leaf in scheme.indicators}
    if field in ("value", "completion") and name not in leaves:
        yield unknown(f"{path}.{field}", name, leaves, INDICATOR)
    if field == "completion" and name in leaves and scheme.nodes[name].way == "moderate":  # type: ignore[union-attr]
        yield Problem(
            f"{path}.completion",
            Words(f"“{name}”是适度指标", f"{name!r} is a moderate indicator"),
            Words("正向或逆向指标；或改用 value", "a positive or negative one, or use value"),
        )
    first, adjustment, *_ = path.split(".")
    if first != "adjustments" or field != "score":
        return
    found = scheme.adjustments[adjustment]
    on = found.on
    inside = on is not None and on != scheme.root.id
    moves_it = isinstance(found, Points) or {"zero", "score_cap"} & set(
        getattr(found, "effects", ())
    )
    if inside or (name == scheme.root.id and moves_it):
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
        if not any(leaf.attributed != "none" for leaf in scheme.indicators):
            yield Problem(
                here,
                Words("没有一个指标写明如何归属", "no indicator says how it is shared"),
                Words("某个指标的 attributed 为 sum 或 rate", "attributed: sum or rate somewhere"),
            )
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
