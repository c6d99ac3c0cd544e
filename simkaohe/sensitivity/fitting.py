"""Finding a linear form and checking it by evaluation (线性形式的求取与核验)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simkaohe.engine import Engine
from simkaohe.errors import SimkaoheError, refuse
from simkaohe.labels import Words
from simkaohe.scheme.adjust import Veto
from simkaohe.scheme.combine import Geometric
from simkaohe.scheme.references import conditions
from simkaohe.scheme.tree import Group
from simkaohe.sensitivity.levers import Levers, Node, not_linear

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
EPSILON = 1e-9
"""Weight of the other children where one has nearly all of it (a weight of 0 may mean cancelled)."""
SAME = 1e-9
"""How far an evaluated total may be from the form, relative to the totals' size."""
ROUNDS = 16
"""Random weight vectors that a form is checked at, besides the corners and the stated one."""


SCORE_EFFECTS = {"zero", "score_cap", "last", "out"}
"""Of vetoes: those that move totals or ranks."""
ZERO = Words("“{}”有零分项，几何平均没有对数", "{!r} has a part of zero, which has no logarithm")
MISSING = Words(
    "“{}”有缺失指标，其权重在所属分组内分摊",
    "{!r} has a missing score, whose weight its group spreads",
)
NOT_LINEAR = Words(
    "“{}”的总分不是这些权重的线性函数（见 {}）",
    "the total of {!r} is not linear in these weights (see {})",
)


class Fitted(NamedTuple):
    """The numbers of an :class:`AdditiveForm`."""

    x: Array
    weights: Array
    set_of: npt.NDArray[np.intp]
    factor: Array
    constant: Array
    reasons: Mapping[str, Words]


class Fitting:
    """Evaluates, fits and checks a form."""

    def __init__(self, engine: Engine, levers: Levers) -> None:
        self.engine, self.levers = engine, levers
        self.scheme = engine.scheme
        self.chain = [levers.group]
        while (above := engine.parent(self.chain[-1].id)) is not None:
            self.chain.append(above)
        self.reasons: dict[str, Words] = {}

    def fitted(self) -> Fitted:
        """Return the form's numbers, or refuse."""
        levers, engine = self.levers, self.engine
        x, gone = self._scores()
        weights, set_of, homes = self._sets(gone)
        levers.homes = homes
        rows, trial = self._trial(homes, weights)
        nodes = [node.id for node in self._varying()]
        scores = engine.run(rows, nodes=nodes).scores
        y = np.einsum("rks,kn->rsn", trial, x)[:, set_of, np.arange(x.shape[1])]
        total = scores[self.scheme.root.id] * (self.scheme.full / 100)
        factor, constant, fits = _affine(y, self._scale(total))
        bad = ~fits | ~self._independent(scores[levers.group.id])
        self._set_aside(bad, NOT_LINEAR, self._culprit(y, scores).id)
        for path, steps in self._steps(scores):
            self._set_aside(steps, NOT_LINEAR, path)
        aside = np.array([unit in self.reasons for unit in engine.units])
        moves = np.ptp(total, 0) > SAME * np.maximum(1, np.abs(total).max(0))
        if aside.any() and not (moves & ~aside).any():
            if bad.any():
                raise SimkaoheError(not_linear(self._culprit(y, scores)))
            refuse(levers.name, next(iter(self.reasons.values())))
        set_of = np.where(aside, -1, set_of)
        return Fitted(x, weights, set_of, factor, constant, self.reasons)

    def _scale(self, score: Array) -> Array:
        if not self.levers.logarithmic:
            return score
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(np.where(score > 0, score, np.nan))

    def _scores(self) -> tuple[Array, Bools]:
        """Return the children's scores (K, N) (logarithms) and where a counted one has none."""
        levers, engine = self.levers, self.engine
        names = [node.id for node in levers.nodes]
        found = engine.run(nodes=names).scores
        x = np.array([found[name][0] for name in names])
        counts = levers.stated[:, engine.category] > 0
        gone = counts & np.isnan(x)
        if levers.logarithmic:
            method = levers.group.combine
            assert isinstance(method, Geometric)
            x = np.maximum(x, method.floor) if method.zero == "floor" else x
            zero = counts & (x <= 0)
            self._set_aside(np.any(zero, 0), ZERO)
            x = np.log(np.where(x > 0, x, 1.0))
        if levers.inner or levers.name == "leaves":
            self._set_aside(np.any(gone, 0), MISSING)
        return np.where(counts & ~np.isnan(x), x, 0.0), gone

    def _sets(self, gone: Bools) -> tuple[Array, npt.NDArray[np.intp], list[int]]:
        """Return weights (K, S), the set of each unit, and the category of each set."""
        shares = self.levers.stated / self.levers.stated.sum(0)
        keys: dict[tuple[bytes, bytes], int] = {}
        columns: list[Array] = []
        homes: list[int] = []
        set_of = np.empty(gone.shape[1], np.intp)
        for place, category in enumerate(self.engine.category):
            own = shares[:, category]
            gaps = gone[:, place]
            if not np.where(gaps, 0.0, own).sum() > 0:  # nothing here: the weights do not matter
                gaps = np.zeros_like(gaps)
            key = np.round(own, 12).tobytes(), gaps.tobytes()
            if key not in keys:
                keys[key] = len(columns)
                kept = np.where(gaps, 0.0, own)
                columns.append(kept / kept.sum())
                homes.append(int(category))
            set_of[place] = keys[key]
        return np.array(columns).T, set_of, homes

    def _trial(self, homes: list[int], weights: Array) -> tuple[dict[str, Array], Array]:
        """Return draws of weights and what they are in every set, shape (R, K, S)."""
        count = len(self.levers.nodes)
        rng = np.random.default_rng(0)
        inside = rng.dirichlet(np.full(count, 0.7), ROUNDS) + EPSILON
        rows = np.vstack([np.eye(count) + EPSILON, np.ones((1, count)), inside])
        draws: dict[str, Array] = {}
        shares = self.levers.stated / self.levers.stated.sum(0)
        drawn = []
        for category in range(shares.shape[1]):
            there = rows * (shares[:, category] > 0)
            mine = np.vstack([shares[:, category], there / there.sum(1, keepdims=True)])
            drawn.append(mine)
            draws |= self.levers.paths(category, mine)
        trial = np.stack([drawn[c] * (weights[:, s] > 0) for s, c in enumerate(homes)], 2)
        return draws, trial / trial.sum(1, keepdims=True)

    def _varying(self) -> list[Group]:
        return [*reversed(self.levers.inner), *self.chain]

    def _independent(self, group_score: Array) -> Bools:
        """Return which units (N,) do not depend on the group's scores of others."""
        node, root = self.levers.group, self.scheme.root
        if node is root:
            return np.ones(group_score.shape[1], bool)
        rng = np.random.default_rng(1)
        low, high = group_score.min(0), group_score.max(0)
        places = np.arange(len(low))
        bits = np.array([places >> bit & 1 for bit in range(len(low).bit_length())])
        share = np.vstack([bits, 1 - bits, rng.random((ROUNDS, len(low)))])
        score = low + (high - low) * share  # for every two units: one low and the other high
        total = self.engine.what_if({node.id: score}).scores[root.id]
        total = total * (self.scheme.full / 100)
        return _affine(self._scale(np.where(np.isnan(low), 1.0, score)), self._scale(total))[2]

    def _culprit(self, y: Array, scores: Mapping[str, Array]) -> Node:
        """Return the lowest node whose score is not affine in the group's."""
        for node in self._varying():
            if not self.levers.inner or node is self.scheme.root:
                score = self._scale(np.broadcast_to(scores[node.id], y.shape))
                there = ~np.isnan(score).any(0)
                if not _affine(y[:, there], score[:, there])[2].all():
                    return node
        return self.chain[min(1, len(self.chain) - 1)]

    def _steps(self, scores: Mapping[str, Array]) -> Iterator[tuple[str, Bools]]:
        """Yield where a condition on scores may hold or not, and for whom (N,)."""
        for path, condition in conditions(self.scheme):
            subject, name = condition.subject
            first, adjustment, *_ = path.split(".")
            if subject != "score" or name not in scores or first != "adjustments":
                continue
            rule = self.scheme.adjustments[adjustment]
            if isinstance(rule, Veto) and not SCORE_EFFECTS & set(rule.effects):
                continue
            low, high = scores[name].min(0), scores[name].max(0)
            ends = (condition.at_least, condition.at_most, condition.below)
            inside = [(low - SAME <= e) & (e <= high + SAME) for e in ends if e is not None]
            yield path, np.logical_or.reduce(inside) & (high > low)

    def _set_aside(self, whom: Bools, why: Words, where: str = "") -> None:
        for place in np.flatnonzero(whom):
            name = self.engine.units[place]
            reason = Words(*(each.format(name, where) for each in (why.zh, why.en)))
            self.reasons.setdefault(name, reason)


def _affine(y: Array, t: Array) -> tuple[Array, Array, Bools]:
    """Fit ``t = constant + factor y`` for each unit, (R, N); say for whom it holds in all rows."""
    units = np.arange(y.shape[1])
    low, high = y.argmin(0), y.argmax(0)
    y0, y1, t0, t1 = y[low, units], y[high, units], t[low, units], t[high, units]
    spread = y1 - y0
    wide = spread > SAME * np.maximum(1, np.abs(y1))
    factor = np.where(wide, (t1 - t0) / np.where(wide, spread, 1.0), 0.0)
    constant = np.where(wide, t0 - factor * y0, t.mean(0))
    error = np.abs(t - (constant + factor * y)).max(0)
    return factor, constant, error <= SAME * np.maximum(1, np.abs(t).max(0))
