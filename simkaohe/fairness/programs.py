"""The cheapest improvements that reach a total: mixed-integer programs with cutting planes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from simkaohe.engine.standing import Array
from simkaohe.fairness.choices import Lever
from simkaohe.fairness.moving import Moves
from simkaohe.scheme.coefficient import FixedBand, Identity
from simkaohe.scheme.combine import Geometric, Minimum, Multiplier
from simkaohe.scheme.condition import Condition
from simkaohe.scheme.references import conditions
from simkaohe.scheme.tree import Group, Indicator
from simkaohe.sensitivity.polytope import quiet

Report = Callable[[int, int], None]
Shape = Literal["linear", "concave", "product"]
MARGIN, LEAST = 2e-6, 1e-6
"""Points by which the program aims beyond the total asked for, and what it must not miss it by."""
TINY, INSIDE = 1e-5, 1e-3
"""Points by which scores are moved to see what they are worth, off any kink; and by which those of
zero are raised first, where a geometric mean has no slope."""
CUTS, AHEAD = 40, 20
LEAST_SHARE = 0.25
"""Part of a total that is the product of its papers at least, where something is added to it; what
has less is not taken to be a product."""


@dataclass(frozen=True, eq=False)
class Choice:
    """Improvements (L,), one for each lever, with the scores that they give and what they cost."""

    improved: Array
    scores: Array
    cost: float
    converged: bool


class Program:
    """One unit's choices: what they cost and what total they give while the others stay.

    ``progress`` is called with the evaluations done and a whole that is always ahead of them, since
    nobody knows how many there will be.
    """

    def __init__(
        self, moves: Moves, place: int, levers: list[Lever], progress: Report | None = None
    ) -> None:
        self.moves, self.place, self.levers = moves, place, levers
        self._progress, self._done = progress, 0
        self.leaves = list({leaf.id: leaf for lever in levers for leaf in lever.moving}.values())
        self._row = {leaf.id: j for j, leaf in enumerate(self.leaves)}
        self.start = np.array([moves.engine.raw_score(leaf.id)[place] for leaf in self.leaves])
        self.size = max(moves.scheme.full / 100, 1e-9)

    def tell(self) -> None:
        """Tell that one more evaluation begins."""
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._done + AHEAD)

    def totals(self, scores: Array, node: str | None = None) -> Array:
        """Return the unit's totals (R,), before rounding, for scores (R, J) of its indicators.

        With ``node`` the scores of a group that the engine hands on besides the total.
        """
        self.tell()
        engine = self.moves.engine
        rows = {}
        for j, leaf in enumerate(self.leaves):
            rows[leaf.id] = np.repeat(engine.raw_score(leaf.id)[None], len(scores), 0)
            rows[leaf.id][:, self.place] = scores[:, j]
        found = engine.what_if(rows).scores[node or self.moves.scheme.root.id]
        own = np.broadcast_to(found, (len(scores), found.shape[1]))[:, self.place]
        return np.asarray(own if node else own * self.moves.scheme.full / 100)

    @cached_property
    def highest(self) -> Choice:
        """Everything improved up to its limit."""
        improved = np.array([lever.limit for lever in self.levers])
        scores = self.start.copy()
        for lever in self.levers:
            scores[self._rows(lever)] = lever.scores[-1, 1]
        return Choice(improved, scores, self._cost(improved), True)

    @cached_property
    def shape(self) -> Shape | None:
        """How the total depends on the scores, as far as the scheme's methods tell; None: unknown."""
        scheme = self.moves.scheme
        blended = scheme.periods is not None and scheme.periods.method != "weighted"
        if blended or not all(self._settled(c) for p, c in conditions(scheme) if "adjust" in p):
            return None
        return self._shape(scheme.root)

    def _settled(self, condition: Condition) -> bool:
        """Whether a condition holds for the unit (or not) whatever it improves."""
        what, name = condition.subject
        if what == "score":
            ends = np.stack([self.start, self.highest.scores])
            if name in self._row:
                seen = ends[:, self._row[name]]
            else:
                seen = self.totals(ends, name) if self.leaves else np.zeros(2)
            held = condition.holds(seen)
            return bool(held[0] == held[1])
        return what not in ("value", "completion") or name not in self._row

    def _shape(self, node: Group | Indicator) -> Shape | None:
        limit = self.moves.scheme.limits.get(node.id)
        if limit is not None and limit.low is not None:
            return None
        bent = limit is not None or node.difficulty is not None
        if isinstance(node, Indicator):
            return "concave" if bent else "linear"
        below = {self._shape(child) for child in node.children}
        method = node.combine
        if None in below or "product" in below:
            return None
        if method.linear:
            return "linear" if below == {"linear"} and not bent else "concave"
        if isinstance(method, Minimum):
            return "concave"
        if isinstance(method, Geometric):
            return self._geometric(node, method)
        return self._product(node, method) if isinstance(method, Multiplier) else None

    def _geometric(self, node: Group, method: Geometric) -> Shape | None:
        """Concave, unless a part still counts as the floor."""
        parts = self.moves.engine.run(nodes=[child.id for child in node.children]).scores
        low = min(
            np.nan_to_num(parts[child.id][0, self.place], nan=100.0) for child in node.children
        )
        return None if method.zero == "floor" and low < method.floor else "concave"

    def _product(self, node: Group, method: Multiplier) -> Shape | None:
        if node is not self.moves.scheme.root or method.added or method.base_mark is not None:
            return None
        if not isinstance(method.map, Identity | FixedBand) or method.missing == "mean":
            return None
        factors = self.moves.engine.parts(node)[2][:, self.place]
        lifted = method.low is not None and any(
            factor <= method.low and child.id not in method.base
            for child, factor in zip(node.children, factors, strict=True)
        )
        periods = self.moves.scheme.periods
        share = (
            periods.current / (periods.current + sum(periods.earlier.values())) if periods else 1
        )
        product = self.moves.engine.stages(node)[0][1][self.place] * self.moves.scheme.full / 100
        small = share * product < LEAST_SHARE * self.moves.total[self.place]
        return None if lifted or small else "product"

    # -- solving ---------------------------------------------------------------------------------

    def cheapest(self, need: float, floors: Mapping[str, float] | None = None) -> Choice | None:
        """Return the cheapest improvements with a total of at least ``need``; None if there is none.

        ``floors`` are the scores that groups must have besides. By cutting planes (Kelley 1960): a
        concave total, or the logarithm of a product, lies below its tangents, so each tangent cuts
        off scores that do not reach the total and no others, and the first answer that reaches it
        is the cheapest. ``converged`` is False when none did.
        """
        nothing = Choice(np.zeros(len(self.levers)), self.start, 0.0, True)
        wanted: list[tuple[str | None, float, float]] = [(None, need, MARGIN * self.size)]
        wanted += [(name, least, MARGIN) for name, least in (floors or {}).items()]
        if not self.leaves:
            return nothing if self.moves.total[self.place] >= need else None
        short = False
        for number, (node, least, margin) in enumerate(wanted):
            now, most = self.totals(np.stack([self.start, self.highest.scores]), node)
            if most < least:
                return None
            margin = min(margin, (most - least) / 2)
            wanted[number] = (node, least, margin)
            short |= bool(now < least)
        if not short:
            return nothing
        found = [each for at in self._looked_from if (each := self._closed_in(wanted, at))]
        if not found or self.shape is None:
            found.append(self._trimmed(wanted))
        return min(found, key=lambda choice: choice.cost)

    def _closed_in(self, wanted: list[tuple[str | None, float, float]], at: Array) -> Choice | None:
        """Return the cheapest choice that cuts leave, the first ones at some scores; None if none."""
        cuts: list[tuple[Array, float]] = []
        scores, found = self.start, None
        for _ in range(CUTS + 1):
            short = [
                (node, least + margin)
                for node, least, margin in wanted
                if self.totals(scores[None], node)[0] < least + margin / 2
            ]
            if not short:
                return found
            cuts += [self._cut(scores if cuts else at, goal, node) for node, goal in short]
            found = self._solved(cuts)
            if found is None:
                return None
            scores = found.scores
        return None

    def richest(self, budget: float) -> Choice:
        """Return the improvements with the highest total that a budget allows.

        The same tangents as ceilings: the highest place below them all is closed in on.
        """
        if not self.leaves:
            return Choice(np.zeros(len(self.levers)), self.start, 0.0, True)
        found = [self._below(budget, at) for at in self._looked_from]
        totals = self.totals(np.stack([choice.scores for choice in found]))
        return found[int(totals.argmax())]

    @property
    def _looked_from(self) -> list[Array]:
        """Scores at which a search begins: now; where tangents prove nothing, further up as well."""
        top = self.highest.scores
        return [self.start] if self.shape else [self.start, (self.start + top) / 2, top]

    def _below(self, budget: float, at: Array) -> Choice:
        """Return the highest choice below tangents, the first one at some scores."""
        best, top = Choice(np.zeros(len(self.levers)), self.start, 0.0, False), -np.inf
        ceilings = [self._tangent(at)]
        for _ in range(CUTS):
            found = self._solved([], ceilings=ceilings, budget=budget)
            if found is None:
                break
            value = float(self._value(self.totals(found.scores[None]))[0])
            if value > top:
                best, top = found, value
            bound = min(h + float(g @ found.scores) for g, h in ceilings)
            if bound - top <= LEAST * self.size:
                return replace(best, converged=not (self.shape == "product" and self._is_shifted))
            ceilings.append(self._tangent(found.scores))
        return replace(best, converged=False)

    @property
    def _is_shifted(self) -> bool:
        """Whether something is added to the total after the papers are combined."""
        scheme, root = self.moves.scheme, self.moves.scheme.root.id
        on_root = any((a.on or root) == root for a in scheme.adjustments.values())
        return on_root or scheme.periods is not None or root in scheme.limits

    def _value(self, totals: Array) -> Array:
        if self.shape != "product":
            return totals
        return np.asarray(self.size * 100 * np.log(np.maximum(totals, TINY)))

    def _tangent(self, scores: Array) -> tuple[Array, float]:
        """Return (g, h): values of scores s are at most h + g · s."""
        near, slope, total = self._slope(scores)
        value = float(self._value(np.array([total]))[0])
        if self.shape == "product":
            slope = slope * self.size * 100 / max(total, TINY)
        return slope, value - float(slope @ near)

    def _cut(self, scores: Array, goal: float, node: str | None = None) -> tuple[Array, float]:
        """Return (g, h): scores s that reach the goal have g · s ≥ h.

        The tangent of a concave total, or of the logarithm of a product.
        """
        near, slope, total = self._slope(scores, node)
        away = goal - total
        if self.shape == "product" and node is None:
            size = max(total, TINY) * (LEAST_SHARE if self._is_shifted else 1.0)
            away = size * np.log1p(away / size)
        return slope, float(slope @ near) + away

    def _slope(self, scores: Array, node: str | None = None) -> tuple[Array, Array, float]:
        """Return scores near by, off any kink, what more is worth there (J,), and the total there."""
        off = self._off
        near = np.where(scores < INSIDE, scores + off * (INSIDE / TINY), scores - off)
        step = TINY / 10 * np.eye(len(near))
        totals = self.totals(np.concatenate([near[None], near + step, near - step]), node)
        up, down = np.split(totals[1:], 2)
        return near, (up - down) / (2 * TINY / 10), float(totals[0])

    @cached_property
    def _off(self) -> Array:
        return TINY * (1 + np.random.default_rng(0).random(len(self.start)))

    def _solved(
        self,
        cuts: list[tuple[Array, float]],
        *,
        ceilings: list[tuple[Array, float]] | None = None,
        budget: float = np.inf,
    ) -> Choice | None:
        """Return the cheapest choice that no cut forbids, or the highest below all ceilings."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        score, cost, shared = self._parts
        rules = list(shared)
        for slope, least in cuts:
            size = max(np.abs(slope).max(), 1e-12)
            row = np.append(slope @ score, 0.0) / size
            rules.append(LinearConstraint(row[None], (least - slope @ self.start) / size))
        for slope, height in ceilings or ():
            row = np.append(-(slope @ score), 1.0)
            rules.append(LinearConstraint(row[None], -np.inf, height + slope @ self.start))
        scale = np.abs(cost).max() or 1.0
        if np.isfinite(budget):
            row = np.append(cost / scale, 0.0)
            rules.append(LinearConstraint(row[None], -np.inf, budget / scale))
        count = len(cost) // 2
        # The last variable is the height; of two that are as high, the cheaper one.
        aim = np.append(cost / scale, 0.0)
        if ceilings:
            aim = np.append(1e-7 * cost / scale, -1.0)
        with quiet():
            solved = milp(
                aim,
                constraints=rules,
                integrality=np.r_[np.ones(count), np.zeros(count + 1)],
                bounds=Bounds(np.r_[np.zeros(2 * count), -np.inf if ceilings else 0.0],
                              np.r_[np.ones(2 * count), np.inf if ceilings else 0.0]),
                options={"mip_rel_gap": 1e-9},
            )  # fmt: skip
        return None if solved.x is None else self._chosen(solved.x)

    @cached_property
    def _pieces(self) -> list[tuple[int, int]]:
        return [(i, p) for i, lever in enumerate(self.levers) for p in range(len(lever.ends))]

    @cached_property
    def _parts(self) -> tuple[Array, Array, tuple[Any, ...]]:
        """What all programs share: scores (J, 2P) and costs (2P,) of the variables, and rules.

        A variable for every piece says whether it is used, another how far along it.
        """
        from scipy.optimize import LinearConstraint

        count = len(self._pieces)
        score, cost = np.zeros((len(self.leaves), 2 * count)), np.zeros(2 * count)
        one = np.zeros((len(self.levers), 2 * count + 1))
        for at, (i, p) in enumerate(self._pieces):
            lever = self.levers[i]
            rows, (a, b), (s, t) = self._rows(lever), lever.ends[p], lever.scores[p]
            score[rows, at], score[rows, count + at] = s - self.start[rows], t - s
            cost[at], cost[count + at] = lever.cost * a, lever.cost * (b - a)
            one[i, at] = 1.0
        along = np.concatenate([-np.eye(count), np.eye(count), np.zeros((count, 1))], 1)
        return score, cost, (LinearConstraint(one, 1, 1), LinearConstraint(along, -np.inf, 0))

    def _chosen(self, x: Array) -> Choice:
        improved, scores = np.zeros(len(self.levers)), self.start.copy()
        count = len(self._pieces)
        for at, (i, p) in enumerate(self._pieces):
            if x[at] > 0.5:
                lever = self.levers[i]
                part = float(np.clip(x[count + at], 0, 1))
                a, b = lever.ends[p]
                improved[i] = a + part * (b - a)
                rows, (s, t) = self._rows(lever), lever.scores[p]
                scores[rows] = s + part * (t - s)
        return Choice(improved, scores, self._cost(improved), True)

    def _trimmed(self, wanted: list[tuple[str | None, float, float]]) -> Choice:
        """Return everything at its limit, less what is not needed, the dearest first."""
        improved, scores = self.highest.improved.copy(), self.highest.scores.copy()
        dear = sorted(range(len(self.levers)), key=lambda i: -self.levers[i].cost * improved[i])
        for i in dear:
            lever, rows = self.levers[i], self._rows(self.levers[i])
            parts = np.linspace(0.0, 1.0, 65)
            for (a, b), (s, t) in zip(lever.ends, lever.scores, strict=True):
                tried = np.repeat(scores[None], len(parts), 0)
                tried[:, rows] = s + parts[:, None] * (t - s)
                enough = [self.totals(tried, node) >= least for node, least, _ in wanted]
                fine = np.flatnonzero(np.logical_and.reduce(enough))
                if len(fine):
                    improved[i] = a + parts[fine[0]] * (b - a)
                    scores[rows] = tried[fine[0], rows]
                    break
        return Choice(improved, scores, self._cost(improved), False)

    def chosen(self, improved: Array) -> Choice:
        """Return improvements as a choice."""
        scores = self.start.copy()
        for lever, more in zip(self.levers, improved, strict=True):
            scores[self._rows(lever)] = lever.scored(more)
        return Choice(improved, scores, self._cost(improved), False)

    def _cost(self, improved: Array) -> float:
        return float(sum(lever.cost * d for lever, d in zip(self.levers, improved, strict=True)))

    def _rows(self, lever: Lever) -> list[int]:
        return [self._row[leaf.id] for leaf in lever.moving]
