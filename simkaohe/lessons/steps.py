"""How a score comes about, one step at a time (逐步演算): the formula, and the numbers put in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from simkaohe.engine import Engine
from simkaohe.errors import SimkaoheError, unknown
from simkaohe.labels import Words, reader_name
from simkaohe.lessons import facts as read
from simkaohe.panel import UNIT
from simkaohe.result import STAGES, Result
from simkaohe.scheme.adjust import EFFECTS, Limit, Points, Veto
from simkaohe.scheme.combine import Multiplier
from simkaohe.scheme.measure import Level
from simkaohe.scheme.method import Method
from simkaohe.scheme.notation import Facts, Line, Notation, notation
from simkaohe.scheme.tree import Group, Indicator

KINDS = {
    "measure": Words("计算指标值", "What is measured"),
    "distance": Words("偏离理想区间", "Distance from the ideal band"),
    "rule": Words("指标计分", "Score of the indicator"),
    "missing": Words("缺失处理", "Missing value"),
    "coefficient": Words("换算系数", "Coefficient"),
    "combine": Words("合成", "Combination"),
    "difficulty": STAGES["difficulty"],
    "periods": STAGES["periods"],
    "bonus": Words("加减分", "Bonus or deduction"),
    "points": Words("加减分计入", "Bonus and deductions put in"),
    "veto": STAGES["veto"],
    "total": Words("总分", "Total"),
    "outcome": Words("结果", "Outcome"),
}
"""What a step does."""
MISSING = {
    "zero": Words("没有数值，计零分", "no value: it counts as zero"),
    "full": Words("没有数值，计满分", "no value: it counts as full marks"),
    "median": Words(
        "没有数值，取同类单位得分的中位数", "no value: the median score of its category"
    ),
    "spread": Words("没有数值，权重分给同组其他项", "no value: its weight goes to its siblings"),
}
DISTANCE = "max(ideal_low - value, value - ideal_high, 0)"


@dataclass(frozen=True)
class Step:
    """One step of a unit's score.

    Attributes
    ----------
    node : str
        Id of the node or the adjustment.
    name : str
        What people call it.
    kind : str
        What is done; a key of ``KINDS``.
    depth : int
        0 is the total.
    method : str
    value : float
        What comes out, as the engine has it; NaN where it is no number.
    lines : tuple of Line
        The formula in words and with the numbers put in; the last line gives ``value``.
    note : str
        What is said besides.
    parts : tuple of str
        The names of the parts that vectors in ``facts`` list.
    """

    node: str
    name: str
    kind: str
    depth: int
    method: str
    value: float
    lines: tuple[Line, ...] = ()
    note: str = ""
    parts: tuple[str, ...] = ()
    formula: Notation | None = field(default=None, repr=False)
    facts: Facts | None = field(default=None, repr=False)

    @property
    def title(self) -> str:
        """What is done with what."""
        return f"{self.name} · {KINDS[self.kind]}"


def steps(result: Result, unit: str) -> tuple[Step, ...]:
    """Return every step from a unit's raw values to its rank, in the order of the calculation.

    Parameters
    ----------
    result : Result
    unit : str

    Raises
    ------
    SimkaoheError
        When there is no such unit, with the nearest names.
    """
    if unit not in result.engine.units:
        raise SimkaoheError(unknown("steps", unit, result.engine.units, UNIT))
    walk = _Walk(result, result.engine.units.index(unit))
    return (*walk.node(result.scheme.root, 0), *walk.outcome(unit))


class _Walk:
    """A walk through the tree, children first, for one unit."""

    def __init__(self, result: Result, place: int) -> None:
        self.result, self.place = result, place
        self.engine: Engine = result.engine

    def node(self, node: Group | Indicator, depth: int) -> Iterator[Step]:
        """Yield the steps of a node and of all below it."""
        if isinstance(node, Indicator):
            yield from self._leaf(node, depth)
        else:
            weights = self.engine.children(node)[1]
            for k, child in enumerate(node.children):
                if weights[k, self.place] > 0:
                    yield from self.node(child, depth + 1)
            yield from self._group(node, depth)
        yield from self._adjusted(node, depth)

    # -- indicators ------------------------------------------------------------------------------

    def _leaf(self, leaf: Indicator, depth: int) -> Iterator[Step]:
        measured = self.engine.values(leaf)[self.place]
        if not isinstance(leaf.measure, Level) and not np.isnan(measured):
            value = measured
            facts = read.of_measure(self.result, leaf, self.place)
            if leaf.way == "moderate":
                value = notation(leaf.measure.notation).value(facts)
            yield self._step(leaf, "measure", depth, leaf.measure, value, facts)
        if leaf.way == "moderate" and not np.isnan(measured):
            level = read.of_measure(self.result, leaf, self.place)
            value = notation(leaf.measure.notation).value(level)
            facts = read.of_distance(leaf, value)
            formula = notation(DISTANCE)
            yield self._step(leaf, "distance", depth, leaf.rule, measured, facts, formula)
        score = self.engine.raw_score(leaf.id)[self.place]
        facts = read.of_rule(self.result, leaf, self.place)
        formula = notation(leaf.rule.notation or "undefined")
        undefined = np.isnan(measured) or np.isnan(formula.value(facts))
        if undefined:
            note = str(MISSING.get(leaf.missing, ""))
            yield Step(
                leaf.id, leaf.label, "missing", depth, str(leaf.rule.label), score, note=note
            )
            return
        if leaf.rule.full != 100:
            formula = formula.then("points_earned", "100 * points_earned / full")
        yield self._step(
            leaf, "rule", depth, leaf.rule, score, facts, formula, note=self._shared(leaf)
        )

    def _shared(self, leaf: Indicator) -> str:
        """Say where results of others are counted in."""
        own = self.result.panel.numbers("actual", leaf.column)
        if own is None:
            return ""
        alone = own[self.result.panel.units.index(self.engine.units[self.place])]
        counted = self.engine.numbers("actual", leaf.column)[self.place]
        if np.isnan(alone) or alone == counted:
            return ""
        return str(
            Words(
                "计入归属的结果：{:g} → {:g}", "results of others counted in: {:g} → {:g}"
            ).format(alone, counted)
        )

    # -- groups ----------------------------------------------------------------------------------

    def _group(self, group: Group, depth: int) -> Iterator[Step]:
        scores, weights = (table[:, self.place] for table in self.engine.children(group))
        method = group.combine
        if isinstance(method, Multiplier):
            yield from self._coefficients(group, depth)
        there = (weights > 0) & ~np.isnan(scores)
        if isinstance(method, Multiplier):
            there &= np.array(
                [child.id in (*method.base, *method.added) for child in group.children]
            )
        parts = tuple(c.label for c, counts in zip(group.children, there, strict=True) if counts)
        value = self.engine.stages(group)[0][1][self.place]
        facts = read.of_group(self.result, group, self.place)
        yield self._step(
            group, "combine", depth, method, value, facts, note=self._moved(group), parts=parts
        )

    def _moved(self, group: Group) -> str:
        """Name the children that do not count for the unit's category."""
        category = self.engine.categories[self.engine.category[self.place]]
        off = [
            child.label
            for child in group.children
            if child.weight > 0 and not self.result.scheme.weight_in(child, category)
        ]
        if not off:
            return ""
        return str(
            Words(
                f"本类不考核：{'、'.join(off)}", f"not assessed in this category: {', '.join(off)}"
            )
        )

    def _coefficients(self, group: Group, depth: int) -> Iterator[Step]:
        method = group.combine
        assert isinstance(method, Multiplier)
        scores, weights = (table[:, self.place] for table in self.engine.children(group))
        factors = self.engine.parts(group)[2][:, self.place]
        for k, child in enumerate(group.children):
            if child.id in (*method.base, *method.added) or not weights[k] > 0:
                continue
            facts = read.of_coefficient(self.result, group, k, self.place)
            formula = notation(method.map.notation or "undefined")
            if method.low is not None or method.high is not None:
                formula = formula.then("coefficient", "min(max(coefficient, low), high)")
            found = np.nan if np.isnan(scores[k]) else formula.value(facts)
            if abs(found - factors[k]) < 1e-9:
                yield self._step(
                    child, "coefficient", depth + 1, method.map, factors[k], facts, formula
                )
                continue
            note = Words(
                "缺失、为零或未达基本分，系数按方案规定",
                "missing, zero or below the base mark: as the scheme says",
            )
            yield Step(
                child.id, child.label, "coefficient", depth + 1, str(method.map.label),
                float(factors[k]), note=str(note),
            )  # fmt: skip

    # -- adjustments -----------------------------------------------------------------------------

    def _adjusted(self, node: Group | Indicator, depth: int) -> Iterator[Step]:
        scheme = self.result.scheme
        is_root = node is scheme.root
        scale = scheme.full / 100 if is_root else 1.0
        for (_, before), (stage, after) in pairwise(self.engine.stages(node)):
            score, value = before[self.place], after[self.place]
            if stage == "difficulty":
                assert node.difficulty is not None
                given = self.engine.numbers("difficulty", node.id)[self.place]
                own = dict(node.difficulty) | {"score": score}
                own["coefficient"] = 1.0 if np.isnan(given) else given
                facts = Facts(own, words=read.words_of(node.difficulty))
                formula = notation(node.difficulty.notation)
                yield self._stage(node, stage, depth, value, facts, formula)
            elif stage == "periods":
                assert scheme.periods is not None
                facts = self._period_facts(score * scale)
                formula = notation(scheme.periods.notation)
                yield self._stage(node, stage, depth, value * scale, facts, formula)
            elif stage == "points":
                yield from self._points(node, depth, score * scale, value * scale)
            elif stage == "veto":
                yield from self._vetoes(node, depth, value * scale)

    def _vetoes(self, node: Group | Indicator, depth: int, value: float) -> Iterator[Step]:
        for name, veto in self.result.scheme.adjustments.items():
            if not isinstance(veto, Veto) or (veto.on or self.result.scheme.root.id) != node.id:
                continue
            if self.engine.struck(name)[self.place]:
                label = reader_name(veto.name, veto.name_en, name)
                effects = str(Words("、", ", ")).join(str(EFFECTS[each]) for each in veto.effects)
                yield Step(node.id, label, "veto", depth, str(veto.label), value, note=effects)

    def _period_facts(self, now: float) -> Facts:
        rule = self.result.scheme.periods
        assert rule is not None
        scores = [now, *(self.engine.numbers("periods", p)[self.place] for p in rule.earlier)]
        weights = np.array([rule.current, *rule.earlier.values()])
        given = np.array(scores)
        if rule.missing == "zero":
            given = np.nan_to_num(given)
        there = ~np.isnan(given) & (weights > 0)
        own = {"score": given[there], "weight": weights[there], "method": rule.method}
        return Facts(own, words=read.words_of(rule))

    def _points(
        self, node: Group | Indicator, depth: int, score: float, value: float
    ) -> Iterator[Step]:
        scheme, gained, lost = self.result.scheme, 0.0, 0.0
        for name, amounts in self.engine.amounts(node).items():
            adjustment, amount = scheme.adjustments[name], amounts[self.place]
            assert isinstance(adjustment, Points)
            gained, lost = gained + max(amount, 0.0), lost - min(amount, 0.0)
            label = reader_name(adjustment.name, adjustment.name_en, name)
            method = str(adjustment.label)
            facts = read.of_points(self.result, name, self.place)
            found = notation(adjustment.notation).value(facts)
            if abs(found - abs(amount)) > 1e-9 or not found:
                note = Words("前提未满足，不计", "its conditions are not met: it does not count")
                silent = Words("没有记录", "nothing recorded")
                said = str(note if found else silent)
                yield Step(name, label, "bonus", depth + 1, method, amount, note=said)
                continue
            lines = notation(adjustment.notation).read(facts, adjustment.label)
            yield Step(
                name, label, "bonus", depth + 1, method, abs(amount), lines,
                parts=read.kinds_of(self.result, name, self.place),
                formula=notation(adjustment.notation), facts=facts,
            )  # fmt: skip
        rule = scheme.limits.get(node.id, Limit())
        own = dict(rule) | {"score": score, "gained": gained, "deducted_points": lost}
        if gained or lost or value != score:
            facts = Facts(own, words=read.words_of(rule))
            yield self._stage(node, "points", depth, value, facts, notation(rule.notation))

    # -- the end ---------------------------------------------------------------------------------

    def outcome(self, unit: str) -> Iterator[Step]:
        """Yield the rounded total, the ranks, the grade and what is paid."""
        table = self.result.explain(unit)
        for node, row in table[table.index.str.startswith("= ")].iterrows():
            kind = "total" if node == "= total" else "outcome"
            score = row.get("score", np.nan)
            method = row["method"] if isinstance(row["method"], str) else ""
            yield Step(
                str(node)[2:], row["name"], kind, 0, method, float(score), note=row["calculation"]
            )

    # -- one step --------------------------------------------------------------------------------

    def _step(
        self,
        node: Group | Indicator,
        kind: str,
        depth: int,
        method: Method,
        value: float,
        facts: Facts,
        formula: Notation | None = None,
        note: str = "",
        parts: tuple[str, ...] = (),
    ) -> Step:
        formula = formula or notation(method.notation or "undefined")
        lines = formula.read(facts, KINDS[kind]) if np.isfinite(value) else ()
        return Step(
            node.id, node.label, kind, depth, str(method.label), float(value), lines, note, parts,
            formula, facts,
        )  # fmt: skip

    def _stage(
        self, node: Group | Indicator, kind: str, depth: int, value: float, facts: Facts,
        formula: Notation,
    ) -> Step:  # fmt: skip
        lines = formula.read(facts, KINDS[kind])
        return Step(
            node.id, node.label, kind, depth, "", float(value), lines,
            formula=formula, facts=facts,
        )  # fmt: skip


__all__: list[Any] = ["KINDS", "Step", "steps"]
