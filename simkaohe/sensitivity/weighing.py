"""Weights that vary (权重变动): within a range, anywhere, around the scheme's, or in its order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from simkaohe.engine import Engine
from simkaohe.errors import SimkaoheError, refuse, unknown
from simkaohe.labels import Words
from simkaohe.scheme.tree import Group, Indicator, Scheme
from simkaohe.sensitivity.varying import Bound, Varying

Array = npt.NDArray[np.float64]
Law = Literal["within", "simplex", "dirichlet", "ordinal"]
GROUP = Words("分组", "group")


class Siblings(NamedTuple):
    """Children of a group whose weights vary, and their reference weights (K,)."""

    group: Group
    nodes: tuple[Group | Indicator, ...]
    reference: Array


@dataclass(frozen=True)
class Weights(Varying):
    """Weights of the children of some groups; see :func:`weights`."""

    law: Law
    amount: float
    groups: tuple[str, ...] | None

    def siblings(self, scheme: Scheme) -> list[Siblings]:
        """Return the children whose weights vary, group by group."""
        groups = scheme.groups
        if missing := [n for n in self.groups or () if n not in groups]:
            labels = {name: group.label for name, group in groups.items()}
            raise SimkaoheError(*(unknown("weights.node", n, labels, GROUP) for n in missing))
        found = []
        for name in self.groups if self.groups is not None else groups:
            children = groups[name].children
            # A child that only some categories weigh is measured by what they give it.
            own = [c.weight or max(c.weights_by_category.values(), default=0.0) for c in children]
            there = [k for k, weight in enumerate(own) if weight > 0]
            if len(there) > 1:
                reference = np.array([own[k] for k in there])
                found.append(Siblings(groups[name], tuple(children[k] for k in there), reference))
        if not found:
            refuse(
                "weights.node",
                Words("没有两个以上有权重的下级", "no two children with weight"),
                Words("有可变权重的分组", "a group whose weights can vary"),
            )
        return found

    def bind(self, engine: Engine) -> Bound:
        """Return what varies in one scheme; see :class:`Varying`."""
        siblings = self.siblings(engine.scheme)
        paths = [f"{node.id}.weight" for each in siblings for node in each.nodes]
        return Bound({path: path for path in paths}, partial(self._draws, siblings))

    def _draws(self, siblings: list[Siblings], u: Array) -> dict[str, Array]:
        found: dict[str, Array] = {}
        for each, own_u in zip(siblings, _divided(u, siblings), strict=True):
            factors = self.relative(own_u, each.reference).T
            for node, factor in zip(each.nodes, np.ascontiguousarray(factors), strict=True):
                if node.weight > 0:
                    found[f"{node.id}.weight"] = node.weight * factor
                for category, own in node.weights_by_category.items():
                    if own > 0:
                        found[f"{node.id}.weights_by_category.{category}"] = own * factor
        return found

    def drawn(self, scheme: Scheme, u: Array) -> Array:
        """Return the weights (R, K) of all groups, each group's with the sum that it has now."""
        siblings = self.siblings(scheme)
        parts = zip(siblings, _divided(u, siblings), strict=True)
        return np.concatenate(
            [s.reference * self.relative(own, s.reference) for s, own in parts], 1
        )

    def relative(self, u: Array, reference: Array) -> Array:
        """Return drawn weights (R, K) relative to the scheme's, their weighted mean being 1."""
        factors = self.raw(u.copy(), reference)
        factors += self.offset
        factors *= (reference.sum() / (factors @ reference))[:, None]
        return factors

    @property
    def offset(self) -> float:
        """What is added to the raw numbers: 1 ± p is 2 p (u + (1 − p) / 2 p)."""
        return (1 - self.amount) / (2 * self.amount) if self.law == "within" else 0.0

    def raw(self, u: Array, reference: Array) -> Array:
        """Return the same less ``offset``, up to a factor for each row; ``u`` may be overwritten."""
        if self.law == "within":
            return u
        if self.law == "dirichlet":
            from scipy.special import gammaincinv

            shape = self.amount * reference / reference.sum()
            return np.maximum(gammaincinv(shape, u), 1e-300) / reference
        spread = np.negative(u, out=u)
        np.log1p(spread, out=spread)  # minus exponential numbers: uniform on the simplex
        if self.law == "ordinal":
            spread = _in_order(spread, reference)
        spread /= -reference
        return spread


def _divided(u: Array, siblings: list[Siblings]) -> list[Array]:
    """Return the numbers (R, K) of each group."""
    return np.split(u, np.cumsum([len(each.nodes) for each in siblings])[:-1], axis=1)


def _in_order(minus: Array, reference: Array) -> Array:
    """Return (minus) the numbers of each row put in the order of the reference weights.

    Among equal reference weights, which may come in any order, they keep their own.
    """
    ordered = np.sort(minus, axis=1)  # the largest weight first
    found = np.empty_like(minus)
    start = 0
    for weight in sorted(set(reference.tolist()), reverse=True):
        alike = np.flatnonzero(reference == weight)
        place = minus[:, alike].argsort(1).argsort(1)
        found[:, alike] = np.take_along_axis(ordered, start + place, 1)
        start += len(alike)
    return found


def weights(
    within: float | Literal["simplex"] | None = None,
    *,
    dirichlet: float | None = None,
    ordinal: bool = False,
    node: str | Sequence[str] | None = None,
) -> Weights:
    """Vary weights (权重): how, and in which groups.

    Parameters
    ----------
    within : float in (0, 1], or "simplex", optional
        0.25: every weight is multiplied by a number uniform between 0.75 and 1.25, then all of a
        group are rescaled to their old sum. ``"simplex"``: all weights are equally likely, whatever
        the scheme says. Default 0.25 when nothing else is given.
    dirichlet : float > 0, optional
        Dirichlet around the scheme's weights: with concentration c, a weight share w has mean w and
        variance w (1 − w) / (c + 1).
    ordinal : bool
        Only the order of the scheme's weights is known: uniform on all weights with that order;
        among equal weights nothing is known.
    node : str or list of str, optional
        The groups whose children's weights vary; default: every group of the tree.

    Notes
    -----
    Weights by category (``weights_by_category``) are scaled by the same relative factor as the
    node's own weight, so that what a category says in particular stays; a weight of 0 stays 0.

    Raises
    ------
    SimkaoheError
        More than one way at once, or a number out of range.

    References
    ----------
    [1] Lahdelma and Salminen (2001), SMAA-2, Operations Research 49(3) (simplex, ordinal).
    """
    given: dict[Law, float] = {"ordinal": 0.0} if ordinal else {}
    if within is not None:
        given |= {"simplex": 0.0} if within == "simplex" else {"within": within}
    if dirichlet is not None:
        given["dirichlet"] = dirichlet
    given = given or {"within": 0.25}
    allowed = Words(
        "within（大于 0、不大于 1，或 'simplex'）、dirichlet（大于 0）、ordinal 之一",
        "one of within (above 0, at most 1, or 'simplex'), dirichlet (above 0), ordinal",
    )
    if len(given) > 1:
        refuse("weights", Words("不止一种变动方式", "more than one way to vary"), allowed)
    [(law, amount)] = given.items()
    largest = 1.0 if law == "within" else np.finfo(float).max
    if law in ("within", "dirichlet") and not 0 < amount <= largest:
        refuse("weights", f"{law}={amount!r}", allowed)
    groups = (node,) if isinstance(node, str) else None if node is None else tuple(node)
    return Weights(law, float(amount), groups)
