"""What happens to a score after it is combined (调整): difficulty, periods, points, vetoes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from simkaohe.engine.leaves import Leaves
from simkaohe.engine.parameters import Draws, by_key, parameters
from simkaohe.engine.population import Population
from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.adjust import Adjustment, Limit, Points, Veto
from simkaohe.scheme.condition import Condition
from simkaohe.scheme.references import conditions
from simkaohe.scheme.rules.base import completion
from simkaohe.scheme.tree import Group, Indicator, Scheme

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Pass:
    """One pass through the tree.

    Attributes
    ----------
    draws : mapping of edit path to array (R, 1)
    touched : set of node ids
        Whose scores vary.
    raw : dict of indicator id to array (1|R, N)
        Scores before adjustments.
    known : dict of node id to array (1|R, N)
        Final scores so far.
    """

    draws: Draws
    touched: frozenset[str]
    raw: dict[str, Array]
    known: dict[str, Array] = field(default_factory=dict)


class Adjusting:
    """Adjustments of every node's score, in the procedure's fixed order.

    Attributes
    ----------
    nodes : frozenset of node ids
        Those whose score is adjusted.
    """

    def __init__(self, scheme: Scheme, panel: Panel, people: Population, leaves: Leaves) -> None:
        self._scheme, self._people, self._leaves = scheme, people, leaves
        self._acting: dict[str, dict[str, Adjustment]] = defaultdict(dict)
        for name, adjustment in scheme.adjustments.items():
            self._acting[adjustment.on or scheme.root.id][name] = adjustment
        self.nodes = frozenset(
            node.id
            for node in scheme.nodes.values()
            if node.difficulty
            or node.id in self._acting
            or node.id in scheme.limits
            or (node is scheme.root and scheme.periods)
        )
        problems: list[Problem] = [*self._condition_problems(panel)]
        problems += self._period_problems(panel)
        self._records: dict[str, tuple[Array, Array]] = {}
        self._constant: dict[str, Array] = {}
        for name, adjustment in scheme.adjustments.items():
            kinds = list(adjustment.points) if isinstance(adjustment, Points) else None
            try:
                self._records[name] = people.event_counts(name, kinds)
            except SimkaoheError as error:
                problems += error.problems
        if problems:
            raise SimkaoheError(*problems)

    def without(self, place: int) -> Adjusting:
        """Return a copy whose records lack one unit."""
        other = copy(self)
        other._records = {
            name: (np.delete(counts, place, -1), np.delete(repeats, place, -1))
            for name, (counts, repeats) in self._records.items()
        }
        other._constant = {n: np.delete(points, place, -1) for n, points in self._constant.items()}
        return other

    # -- scores ----------------------------------------------------------------------------------

    def stages(
        self, node: Group | Indicator, score: Array, now: Pass
    ) -> Iterator[tuple[str, Array]]:
        """Yield the score (1|R, N), 0–100, after each stage: difficulty, periods, points, veto."""
        if node.id not in self.nodes:
            return
        if node.difficulty:
            score = self._with_difficulty(node, score, now.draws)
            yield "difficulty", score
        is_root = node is self._scheme.root
        scale = self._scheme.full / 100 if is_root else 1.0
        score = score * scale
        if is_root and self._scheme.periods:
            score = self._blended(score, now.draws)
            yield "periods", score / scale
        if node.id in self._acting or node.id in self._scheme.limits:
            score = self._with_points(node, score, now)
            yield "points", score / scale
            score = self._with_vetoes(node, score, now)
            yield "veto", score / scale

    def _with_difficulty(self, node: Group | Indicator, score: Array, draws: Draws) -> Array:
        rule = node.difficulty
        assert rule is not None
        coefficient = self._people.numbers("difficulty", node.id)
        coefficient = np.where(np.isnan(coefficient), 1.0, coefficient)
        strength = draws.get(f"{node.id}.difficulty.strength", rule.strength)
        cap = draws.get(f"{node.id}.difficulty.cap", rule.cap)
        return rule.formula(score, coefficient, strength=strength, cap=cap)

    def _blended(self, score: Array, draws: Draws) -> Array:
        rule = self._scheme.periods
        assert rule is not None
        earlier = np.array([self._people.numbers("periods", name) for name in rule.earlier])
        if rule.missing == "zero":
            earlier = np.nan_to_num(earlier)
        weights = by_key({"": rule.current, **rule.earlier}, "periods.earlier", draws)[:, 0]
        if "periods.current" in draws:
            drawn = np.broadcast_to(weights, (len(weights), len(draws["periods.current"]), 1))
            weights = drawn.copy()
            weights[0] = draws["periods.current"]
        counts = weights[1:].max(1) > 0
        if rule.missing == "error" and (np.isnan(earlier) & counts).any():
            raise SimkaoheError(*self._missing_periods(counts[:, 0]))
        rows = max(len(score), weights.shape[1])
        score = np.broadcast_to(score, (rows, score.shape[1]))
        return rule.formula(score, earlier[:, None], weights=weights, method=rule.method)

    def _with_points(self, node: Group | Indicator, score: Array, now: Pass) -> Array:
        amounts = self.amounts(node, now)
        zero = np.zeros((1, score.shape[1]))
        bonus, deduction = zero, zero
        for name, amount in amounts.items():
            if self._scheme.adjustments[name].sign > 0:
                bonus = bonus + amount
            else:
                deduction = deduction - amount
        rule = self._scheme.limits.get(node.id, Limit())
        limits = {
            name: now.draws.get(f"limits.{node.id}.{name}", getattr(rule, name))
            for name in Limit.model_fields
        }
        return rule.formula(score, bonus, deduction, limits=limits)

    def amounts(self, node: Group | Indicator, now: Pass) -> dict[str, Array]:
        """Return the points (1|R, N) of each bonus (+) and deduction (−), before the limits."""
        found = {}
        for name, adjustment in self._acting.get(node.id, {}).items():
            if not isinstance(adjustment, Points):
                continue
            varies = any(path.startswith(f"adjustments.{name}.") for path in now.draws)
            if name in self._constant and not varies:
                found[name] = self._constant[name]
                continue
            given = parameters(adjustment, f"adjustments.{name}", now.draws, None)
            given["points"] = given["points"][:, 0]
            caps = {kind: adjustment.caps.get(kind, np.inf) for kind in adjustment.points}
            given["caps"] = by_key(caps, f"adjustments.{name}.caps", now.draws)[:, 0]
            counts, repeats = (table[:, None] for table in self._records[name])
            amount = adjustment.formula(counts, repeats, **given)
            for condition in adjustment.requires:
                amount = np.where(self.met(condition, now), amount, 0.0)
            found[name] = adjustment.sign * amount + 0.0  # no −0
            if not adjustment.requires and not varies:
                found[name].flags.writeable = False
                self._constant[name] = found[name]
        return found

    def _with_vetoes(self, node: Group | Indicator, score: Array, now: Pass) -> Array:
        for name, veto in self._acting.get(node.id, {}).items():
            if not isinstance(veto, Veto):
                continue
            if "score_cap" in veto.effects:
                cap = now.draws.get(f"adjustments.{name}.cap", np.array(veto.cap))
                score = np.where(self.struck(name, now), np.minimum(score, cap), score)
            if "zero" in veto.effects:
                score = np.where(self.struck(name, now), 0.0, score)
        return score

    # -- facts about units -----------------------------------------------------------------------

    def struck(self, name: str, now: Pass) -> Bools:
        """Return whom a veto strikes, (1|R, N)."""
        veto = self._scheme.adjustments[name]
        assert isinstance(veto, Veto)
        found = veto.formula(self._records[name][0][:, None])
        for condition in veto.any_of:
            found = found | self.met(condition, now)
        return found

    def met(self, condition: Condition, now: Pass) -> Bools:
        """Return who meets a condition, (1|R, N)."""
        subject, name = condition.subject
        if subject == "event":
            value = self._people.event_count(name, condition.kind)[None]
        elif subject == "score":
            value = now.known[name]
        elif subject in ("value", "completion"):
            leaf = self._scheme.nodes[name]
            assert isinstance(leaf, Indicator)
            value = self._leaves.recorded([leaf], now.draws)[0]
            if subject == "completion":
                target = self._leaves.target([leaf], now.draws)[0]
                previous = self._people.numbers("previous", leaf.column)
                previous = now.draws.get(f"data.previous.{leaf.column}", previous)
                sign = -1 if leaf.way == "negative" else 1
                reverse = getattr(leaf.rule, "reverse", "ratio")
                value = completion(value, target, previous, sign, reverse)
        else:
            value = self._people.numbers("periods" if subject == "period" else "covariates", name)
            value = value[None]
        return condition.holds(value)

    # -- what depends on what --------------------------------------------------------------------

    def touched_by(self, nodes: frozenset[str], paths: Mapping[str, object]) -> set[str]:
        """Return the nodes whose adjustments vary when some nodes and paths are drawn."""
        found = set()
        for path in paths:
            first, name, *_ = [*path.split("."), ""]
            if first == "adjustments":
                found.add(self._scheme.adjustments[name].on or self._scheme.root.id)
            elif first == "limits":
                found.add(name)
            elif first == "periods":
                found.add(self._scheme.root.id)
        for path, condition in conditions(self._scheme):
            first, name, *_ = path.split(".")
            if first == "adjustments" and condition.subject[1] in nodes:
                found.add(self._scheme.adjustments[name].on or self._scheme.root.id)
        return found

    # -- mistakes --------------------------------------------------------------------------------

    def _condition_problems(self, panel: Panel) -> Iterator[Problem]:
        tables = {"fact": "covariates", "period": "periods"}
        for path, condition in conditions(self._scheme):
            subject, name = condition.subject
            if subject in tables and panel.numbers(tables[subject], name) is None:
                there = panel.columns(tables[subject])
                yield unknown(f"{path}.{subject}", name, there, Words("数据列", "column"))

    def _period_problems(self, panel: Panel) -> Iterator[Problem]:
        rule = self._scheme.periods
        for name in rule.earlier if rule else ():
            if panel.numbers("periods", name) is None:
                there = panel.columns("periods")
                yield unknown(f"periods › {name}", name, there, Words("时期", "period"))
        if rule and rule.missing == "error" and set(rule.earlier) <= set(panel.columns("periods")):
            yield from self._missing_periods(np.array(list(rule.earlier.values())) > 0)

    def _missing_periods(self, weighed: Bools) -> Iterator[Problem]:
        """Yield a problem for every unit without a score of a period that weighs something."""
        assert self._scheme.periods is not None
        for name, counts in zip(self._scheme.periods.earlier, weighed, strict=True):
            column = self._people.numbers("periods", name)
            for unit in np.flatnonzero(np.isnan(column)) if counts else ():
                yield Problem(
                    f"periods › {self._people.units[unit]} › {name}",
                    Words("没有得分", "there is no score"),
                    remedy=Words(
                        "请补数，或在 periods.missing 写明处理办法（spread、zero）",
                        "Fill it in, or state what that means in periods.missing (spread, zero)",
                    ),
                )
