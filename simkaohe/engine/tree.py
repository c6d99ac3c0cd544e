"""Groups (合成): children's scores and weights become their parent's score."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import numpy.typing as npt

from simkaohe.engine.adjusting import Adjusting, Pass
from simkaohe.engine.parameters import Draws, even, parameters
from simkaohe.engine.population import Population, Rows
from simkaohe.engine.weights import Weights
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words
from simkaohe.scheme.combine import Combine
from simkaohe.scheme.tree import Group, Indicator

Array = npt.NDArray[np.float64]


class Tree:
    """Scores of groups; nested weighted sums collapse into one matrix product."""

    def __init__(self, people: Population, weights: Weights, adjusting: Adjusting) -> None:
        self._people, self._weights, self._adjusting = people, weights, adjusting

    def score(self, node: Group | Indicator, now: Pass) -> Array:
        """Return a node's score (1|R, N), adjustments applied, and remember it in the pass."""
        if node.id in now.known:
            return now.known[node.id]
        score = self.combined(node, now) if isinstance(node, Group) else now.raw[node.id]
        later = [score for _, score in self._adjusting.stages(node, score, now)]
        now.known[node.id] = [score, *later][-1]
        return now.known[node.id]

    def combined(self, group: Group, now: Pass) -> Array:
        """Return a group's score (1|R, N) before its adjustments."""
        score = self._flat(group, now) if group.combine.linear else self._bent(group, now)
        if score is None:
            x, w = self.children(group, now)
            score = self._combined(group, x, w, now.draws)
        return score

    def children(self, group: Group, now: Pass) -> tuple[Array, Array]:
        """Return the children's scores (K, R, N) and weights (K, 1|R, N)."""
        scores = [self.score(child, now) for child in group.children]
        weights, kept = self._weights.of(group, now.draws)
        x, w = even(scores), weights[:, :, self._people.category]
        if kept is not None:
            off = self._weights.cancelled(group, now.draws)[:, :, self._people.category]
            own = [
                now.draws.get(f"{c.id}.weight", np.full((1, 1), c.weight)) for c in group.children
            ]
            x = np.where(off, 100.0 if group.cancelled == "full_marks" else 0.0, x)
            w = np.where(off, even(own), w)
        return x, w

    def _combined(self, group: Group, x: Array, w: Array, draws: Draws) -> Array:
        given = parameters(group.combine, f"{group.id}.combine", draws, group)
        drawn = [len(v) for p, v in draws.items() if p.startswith(f"{group.id}.combine.")]
        rows = max(x.shape[1], w.shape[1], *drawn)
        if rows > x.shape[1]:
            x = np.broadcast_to(x, (len(x), rows, x.shape[2]))
        score = np.empty((rows, x.shape[2]))
        for peers in self.peers_of(group):
            score[:, peers] = group.combine.formula(x[:, :, peers], w[:, :, peers], **given)
        undefined = np.isnan(score)
        if undefined.any():
            undefined &= (~np.isnan(x) & (w > 0)).any(0)
        if undefined.any():
            raise SimkaoheError(*self._undefined(group, undefined.any(0)))
        return score

    def peers_of(self, group: Group) -> list[Rows]:
        """Return the sets of units that a group's combination compares with each other."""
        return self._people.peers[getattr(group.combine, "scope", "all")]

    def _undefined(self, group: Group, units: npt.ArrayLike) -> Iterator[Problem]:
        method = group.combine
        choices = [name for name in ("zero", "missing") if name in type(method).model_fields]
        paths = [f"{group.id}.combine.{name}" for name in choices]
        for unit in np.flatnonzero(units):
            yield Problem(
                f"{group.id} › {self._people.units[unit]}",
                Words(
                    f"有一部分得分为零或缺失，“{method.label.zh}”无法计算",
                    f"a part is zero or missing, for which {method.method!r} has no result",
                ),
                remedy=Words(
                    f"请在 {'、'.join(paths)} 写明处理办法",
                    f"State what that means in {' or '.join(paths)}",
                ),
            )

    def _flat(self, group: Group, now: Pass) -> Array | None:
        """Return an additive subtree as one product of weights and scores; None if it is not one.

        It is one when every term is complete and the same for all draws.
        """
        terms = self._terms(group, now)
        if any(len(score) > 1 for score, _ in terms):
            return None
        x = np.array([score[0] for score, _ in terms])
        score = self._product(x, even([share for _, share in terms]))
        return None if np.isnan(score).any() else score

    def _bent(self, group: Group, now: Pass) -> Array | None:
        """Return a quasi-arithmetic mean of scores that no draw varies; None if it is not one."""
        if type(group.combine).bend is Combine.bend or group.id not in now.touched:
            return None
        scores = [self.score(child, now) for child in group.children]
        weights, phantom = self._weights.of(group, now.draws)
        if phantom is not None or any(len(score) > 1 for score in scores):
            return None
        given = parameters(group.combine, f"{group.id}.combine", now.draws, group)
        x = group.combine.bend(np.array([score[0] for score in scores]), **given)
        total = weights.sum(0)
        if x is None or not (total > 0).all():
            return None
        return group.combine.unbend(self._product(x, weights / total))

    def _product(self, x: Array, shares: Array) -> Array:
        """Return sums (R, N) of scores (K, N) times shares (K, R, C)."""
        score = np.empty((shares.shape[1], len(self._people.units)))
        # One draw: a sum whose order is the same for all units, so that equals stay equal.
        product = np.matmul if len(score) > 1 else partial(np.einsum, "rk,kn->rn")
        for c, members in enumerate(self._people.peers["category"]):
            score[:, members] = product(np.ascontiguousarray(shares[:, :, c].T), x[:, members])
        return score

    def _terms(self, group: Group, now: Pass) -> list[tuple[Array, Array]]:
        """Return (score (1|R, N), share (1|R, C)) of everything that an additive subtree adds up."""
        weights, phantom = self._weights.of(group, now.draws)
        total = weights.sum(0) + (0 if phantom is None else phantom)
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = weights / total
        terms: list[tuple[Array, Array]] = []
        for child, share in zip(group.children, shares, strict=True):
            additive = child.id in now.touched and child.id not in now.known
            additive &= child.id not in self._adjusting.nodes
            if isinstance(child, Group) and child.combine.linear and additive and (share > 0).all():
                inner = self._terms(child, now)
                terms += [(score, share * part) for score, part in inner]
            else:
                terms.append((self.score(child, now), share))
        if phantom is not None:
            marks = 100.0 if group.cancelled == "full_marks" else 0.0
            terms.append((np.full((1, len(self._people.units)), marks), phantom / total))
        return terms
