"""What happens to a score after it is combined, along one number: points, periods, vetoes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simkaohe.engine import Engine
from simkaohe.scheme.adjust import Limit, Points, Veto
from simkaohe.scheme.condition import TOLERANCE, Condition
from simkaohe.scheme.references import conditions
from simkaohe.scheme.tree import Group
from simkaohe.sensitivity.curves import FAR, Curves, Score, inexact

if TYPE_CHECKING:
    from simkaohe.sensitivity.along import Along

Array = npt.NDArray[np.float64]
SCORE_EFFECTS = {"zero", "score_cap", "last", "out"}
"""Of vetoes: those that move totals or ranks."""


class Stages:
    """Adjustments of the scores that move, in the engine's fixed order.

    Parameters
    ----------
    along : Along
        Whose engine, move and units.
    moved : list of node ids
        The groups that move, from the lowest to the root.
    """

    def __init__(self, along: Along, moved: list[str]) -> None:
        self._along, self.engine, self.move = along, along.engine, along.move
        self.scheme, self.count = along.scheme, along.count
        self.constant, self.where, self.refuse_sum = along.constant, along.where, along.refuse_sum
        self._conditions = self._conditional(moved)
        self._free = self._without(self._conditions)
        self._final: dict[str, Score] = {}

    def adjusted(self, node: Group, score: Score) -> Score:
        """Return a group's final score; the total in full marks. From below upwards."""
        self._final[node.id] = self._adjusted(node, score)
        return self._final[node.id]

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
                inexact(
                    self.move.path,
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

    def _adjusted(self, node: Group, score: Score) -> Score:
        """Return a group's final score, as the engine's procedure has it; the total in full."""
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
            if not isinstance(veto, Veto) or (veto.on or scheme.root.id) != node.id:
                continue
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
                half = self.constant(0.5)
                curves = struck_curve.where_below(half, before.curves, score.curves)
                before = replace(score, curves=curves)  # any of several conditions
            score = before if always else score
        return score

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
