"""The totals along one number of a scheme, as exact functions of it.

From the group where the number acts upwards, every node's score becomes :class:`Curves`; everything
else is constant. What has no such form is refused in one sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from simkaohe.engine import Engine
from simkaohe.scheme.adjust import Limit, Points, Veto
from simkaohe.scheme.combine import Geometric, Minimum, Multiplier, WeightedSum
from simkaohe.scheme.condition import TOLERANCE, Condition
from simkaohe.scheme.references import conditions
from simkaohe.scheme.tree import Group
from simkaohe.sensitivity.curves import FAR, MIDDLE, ZERO, Curves, Score
from simkaohe.sensitivity.fitting import SCORE_EFFECTS
from simkaohe.sensitivity.moves import Axis, Move
from simkaohe.sensitivity.multiplying import Product

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Along(Axis):
    """Totals of all units along one number.

    Attributes
    ----------
    total : Score
        In the total's full marks, before rounding; from ``low`` to ``high`` of the move.
    """

    def __init__(self, engine: Engine, move: Move) -> None:
        super().__init__(engine, move)
        nodes = tuple(self.scheme.nodes)
        self.now = {name: s[0] for name, s in engine.run(nodes=nodes).scores.items()}
        group = self.scheme.nodes[move.group]
        assert isinstance(group, Group)
        chain = [group]
        while parent := engine.parent(chain[-1].id):
            chain.append(parent)
        stages = Stages(engine, move, [node.id for node in chain])
        score = stages.adjusted(group, self._combined(group, {}))
        for below, node in pairwise(chain):
            score = stages.adjusted(node, self._combined(node, {below.id: score}))
        self.total = score

    def _combined(self, group: Group, moved: Mapping[str, Score]) -> Score:
        """Return a group's score before its adjustments."""
        weights, x = self._children(group, moved)
        method = group.combine
        if isinstance(method, Geometric):
            return self._geometric(method, weights, x, moved)
        if isinstance(method, Multiplier):
            return Product(self.engine, self.move, group, method).score(weights, x, moved)
        if passed := self.passed_on(moved, weights):
            return passed
        if isinstance(method, WeightedSum):
            return Score(self.mean(list(x), weights, x))
        if isinstance(method, Minimum):
            return Score(self._minimum(weights, x))
        self.inexact(
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
            self.inexact(
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
            self.inexact(
                "各类别在几何平均中的权重不同",
                "units have different weights in a geometric mean above it",
            )
        power = float(powers[0]) if len(powers) else 1.0
        scale = np.exp(others / power)
        raised = self.where(share == 0, self.constant(1.0), curves)
        return Score(raised.times(scale), power)

    def _minimum(self, weights: Mapping[str, Curves], x: Mapping[str, Curves]) -> Curves:
        there = [self.takes_part(weights[name], x[name]) for name in x]
        parts = [
            self.where(~t, self.constant(FAR), x[name]) for t, name in zip(there, x, strict=True)
        ]
        lowest = reduce(Curves.lowest, parts)
        return self.where(~np.any(there, axis=0), self.constant(np.nan), lowest)


class Stages(Axis):
    """Adjustments of the scores that move, in the engine's fixed order.

    ``moved`` are the groups that move, from the lowest to the root.
    """

    def __init__(self, engine: Engine, move: Move, moved: list[str]) -> None:
        super().__init__(engine, move)
        self._conditions = self._conditional(moved)
        self._free = self._without(self._conditions)
        self._final: dict[str, Score] = {}

    def _without(self, found: Mapping[str, list[Condition]]) -> Engine:
        """Return the engine of the scheme without the conditions on scores that move."""
        edits = {}
        for name, gone in found.items():
            adjustment: Any = self.scheme.adjustments[name]
            field = "any_of" if isinstance(adjustment, Veto) else "requires"
            kept = [c for c in getattr(adjustment, field) if c not in gone]
            edits[f"adjustments.{name}.{field}"] = kept
        return Engine(self.scheme.edit(edits), self.engine.panel) if edits else self.engine

    def _conditional(self, moved: list[str]) -> dict[str, list[Condition]]:
        """Return the conditions on scores that move, by adjustment; most are refused elsewhere."""
        found: dict[str, list[Condition]] = {}
        for path, condition in conditions(self.scheme):
            first, name, *_ = path.split(".")
            subject, node = condition.subject
            if first != "adjustments" or subject != "score" or node not in moved:
                continue
            adjustment = self.scheme.adjustments[name]
            acts = isinstance(adjustment, Points) or (
                isinstance(adjustment, Veto) and bool(set(adjustment.effects) & SCORE_EFFECTS)
            )
            ranks = isinstance(adjustment, Veto) and set(adjustment.effects) & {"last", "out"}
            on = adjustment.on or self.scheme.root.id
            if acts and (ranks or on not in moved or moved.index(on) <= moved.index(node)):
                self.inexact(
                    f"“{name}”以随之变动的“{node}”得分为条件",
                    f"{name!r} depends on the score of {node!r}, which moves along",
                )
            if acts:
                found.setdefault(name, []).append(condition)
        return found

    def _met(self, condition: Condition) -> Curves:
        """Return 1 where a condition on a score that moves is met, 0 elsewhere."""
        score = self._final[condition.subject[1]]
        one, zero = self.constant(1.0), self.constant(0.0)
        met = one
        curves = self.where(score.curves.missing, self.constant(np.nan), score.curves)
        for bound, shift, above in (
            (condition.at_least, -TOLERANCE, True),
            (condition.at_most, TOLERANCE, False),
            (condition.below, -TOLERANCE, False),
        ):
            if bound is None:
                continue
            mark = self.constant(score.inverse(np.full(self.count, bound + shift)))
            inside = (zero, one) if above else (one, zero)
            met = met * curves.where_below(mark, *inside)
        return self.where(score.curves.missing, zero, met)

    def adjusted(self, node: Group, score: Score) -> Score:
        """Return a group's final score, the total in full marks; call it from below upwards."""
        scheme, engine = self.scheme, self.engine
        if node.difficulty:
            rule = node.difficulty
            given = engine.numbers("difficulty", node.id)
            given = np.where(np.isnan(given), 1.0, given)
            score = score.times(1 + rule.strength * (given - 1))
            if rule.cap is not None:
                score = self._capped(score, np.full(self.count, rule.cap))
        root = node is scheme.root
        if root:
            score = score.times(np.full(self.count, scheme.full / 100))
        if root and scheme.periods:
            score = self._blended(score)
        score = self._with_points(node, score)
        for name, veto in scheme.adjustments.items():
            if isinstance(veto, Veto) and (veto.on or scheme.root.id) == node.id:
                score = self._vetoed(name, veto, score)
        self._final[node.id] = score
        return score

    def _vetoed(self, name: str, veto: Veto, score: Score) -> Score:
        before = score
        struck = self._free.struck(name)
        always = name in self._conditions  # then it is applied to all, and taken where it holds
        if "score_cap" in veto.effects and veto.cap is not None:
            score = self._capped(score, np.where(struck | always, veto.cap, FAR))
        if "zero" in veto.effects:
            zero = self.constant(score.inverse(np.zeros(self.count)))
            score = replace(score, curves=self.where(struck | always, zero, score.curves))
        for condition in self._conditions.get(name, ()):
            struck_curve = self._met(condition).highest(self.constant(struck))
            curves = struck_curve.where_below(self.constant(0.5), before.curves, score.curves)
            before = replace(score, curves=curves)  # any of several conditions
        return before if always else score

    def _capped(self, score: Score, cap: Array) -> Score:
        if not (cap < FAR).any():
            return score
        if not score.plain and (cap < 0).any():
            self.refuse_sum()
        return replace(score, curves=score.curves.lowest(self.constant(score.inverse(cap))))

    def _blended(self, score: Score) -> Score:
        rule = self.scheme.periods
        assert rule is not None
        names = list(rule.earlier)
        weights = np.array([rule.current, *rule.earlier.values()])
        earlier = np.array([self.engine.numbers("periods", name) for name in names])
        earlier = earlier.reshape(len(names), self.count)
        if rule.missing == "zero":
            earlier = np.nan_to_num(earlier)
        there = ~np.isnan(earlier) & (weights[1:, None] > 0)
        mine = ~score.curves.missing & (weights[0] > 0)
        if not score.plain and there.any():
            self.refuse_sum()
        if rule.method == "best":
            best = np.where(there, earlier, -FAR).max(0, initial=-FAR)
            curves = score.curves if weights[0] > 0 else self.constant(-FAR)
            return replace(
                score, curves=curves.highest(self.constant(best)) if there.any() else curves
            )
        whole = np.where(mine, weights[0], 0.0) + np.where(there, weights[1:, None], 0.0).sum(0)
        added = (np.where(there, earlier, 0.0) * weights[1:, None]).sum(0)
        if not there.any():
            return score
        whole = np.where(score.curves.missing & (weights[0] > 0), np.nan, whole)
        curves = self.where(~mine, self.constant(0.0), score.curves)
        return Score(curves.times(weights[0] / whole).plus(added / whole))

    def _with_points(self, node: Group, score: Score) -> Score:
        scheme = self.scheme
        acting = [a for a in scheme.adjustments.values() if (a.on or scheme.root.id) == node.id]
        if not acting and node.id not in scheme.limits:
            return score
        bonus, deduction = self.constant(0.0), self.constant(0.0)
        for name, amount in self._free.amounts(node).items():
            points = self.constant(np.abs(amount))
            for condition in self._conditions.get(name, ()):
                points = points * self._met(condition)
            if scheme.adjustments[name].sign > 0:
                bonus = bonus + points
            else:
                deduction = deduction + points
        rule = scheme.limits.get(node.id, Limit())
        any_points = (bonus + deduction).extremes()[1].any()
        if any_points and not score.plain:
            self.refuse_sum()
        curves = score.curves
        if any_points:
            if rule.bonus is not None:
                bonus = bonus.lowest(self.constant(rule.bonus))
            if rule.bonus_share is not None:
                share = curves.highest(self.constant(0.0)).times(rule.bonus_share)
                bonus = bonus.lowest(share)
            if rule.deduction is not None:
                deduction = deduction.lowest(self.constant(rule.deduction))
            net = bonus + deduction.times(-1.0)
            if rule.net is not None:
                net = net.lowest(self.constant(rule.net))
            curves = curves + net
        score = replace(score, curves=curves)
        if rule.low is not None and (score.plain or rule.low > 0):
            low = score.inverse(np.full(self.count, rule.low))
            score = replace(score, curves=score.curves.highest(self.constant(low)))
        if rule.high is not None:
            score = self._capped(score, np.full(self.count, rule.high))
        return score
