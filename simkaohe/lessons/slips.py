"""Mistakes about the scheme rather than the formula: wrong weights, wrong units, wrong order (错用)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simkaohe.lessons import facts as read
from simkaohe.lessons.steps import Step
from simkaohe.result import Result
from simkaohe.scheme.combine import Multiplier, WeightedSum
from simkaohe.scheme.notation import Facts, Notation, notation
from simkaohe.scheme.terms import AMONG
from simkaohe.scheme.tree import Group, Indicator

Tried = Iterator[tuple[str, Notation, Facts]]


def slips(result: Result, unit: str, step: Step) -> Tried:
    """Yield the mistakes whose numbers only the scheme knows, with the numbers they use."""
    place = result.engine.units.index(unit)
    node = result.scheme.nodes.get(step.node)
    formula, facts = step.formula, step.facts
    if node is None or formula is None or facts is None:
        return
    if step.kind in ("measure", "rule", "coefficient") and formula.names() & set(AMONG):
        yield from _other_scope(result, node, step, place)
    if step.kind == "combine":
        assert isinstance(node, Group)
        yield from _other_parts(result, node, formula, facts, place)
    root = result.scheme.root
    if step.kind == "points" and node is root and isinstance(root.combine, Multiplier):
        product = result.engine.parts(root)[2][:, place].prod()
        changed = {name: facts.own[name] * product for name in ("gained", "deducted_points")}
        yield "bonus_multiplied", formula, facts.but(**changed)


def _other_scope(result: Result, node: Group | Indicator, step: Step, place: int) -> Tried:
    formula = step.formula
    assert formula is not None
    for scope in ("all", "category"):
        if step.kind == "coefficient":
            group = result.engine.parent(node.id)
            assert group is not None
            child = [c.id for c in group.children].index(node.id)
            yield "other_scope", formula, read.of_coefficient(result, group, child, place, scope)
        else:
            assert isinstance(node, Indicator)
            reading = read.of_measure if step.kind == "measure" else read.of_rule
            yield "other_scope", formula, reading(result, node, place, scope)


def _other_parts(
    result: Result, group: Group, formula: Notation, facts: Facts, place: int
) -> Tried:
    scores, weights = (table[:, place] for table in result.engine.children(group))
    stated = np.array([child.weight for child in group.children])
    there = ~np.isnan(scores) & (weights > 0)
    if isinstance(group.combine, Multiplier):
        whole = Facts({"score": scores[there], "weight": weights[there]})
        yield "added_coefficients", notation(WeightedSum.notation), whole
        return
    yield "stated_weights", formula, facts.but(weight=stated[there])
    if (~there & (weights > 0)).any():
        counted = weights > 0
        filled = facts.but(score=np.nan_to_num(scores[counted]), weight=weights[counted])
        yield "missing_as_zero", formula, filled
