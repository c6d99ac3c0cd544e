"""How totals depend on the weights of one group's children (权重的线性形式).

Exact answers about weights (win volumes, smallest changes, radii) need totals that are linear in
them. Whether they are is not guessed from the scheme's methods but checked by evaluation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from simkaohe.engine import Engine, compiled
from simkaohe.errors import check_known, refuse
from simkaohe.labels import Words
from simkaohe.panel import UNIT, Panel
from simkaohe.scheme.adjust import Veto
from simkaohe.scheme.tree import Scheme
from simkaohe.sensitivity.fitting import Fitting
from simkaohe.sensitivity.levers import Levers, children, leaves

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class AdditiveForm:
    r"""线性形式: totals as linear functions of the weights of one group's children.

    .. math:: T_i = constant_i + factor_i \sum_k w_k x_{ki}, \qquad \sum_k w_k = 1

    with the same on the left in logarithms where ``logarithmic``.

    Attributes
    ----------
    engine : Engine
    group : str
        Id of the group, or ``"leaves"``.
    paths, units : tuples of str
        The K weights that vary, as edit paths, and the N units, in the engine's order.
    x : array (K, N)
        Scores 0–100 of the children (their logarithms); 0 where a child's weight is 0 in the
        unit's set.
    weights : array (K, S)
        Stated weights of each set of units, normalised to sum 1.
    set_of : array (N,) of int
        The set of each unit: equal weights, and the same children without a score (whose weight is
        then spread, for all of the set alike). −1: not linear in the weights, see ``reasons``.
    factor, constant : arrays (N,)
        In points of the total. Factor 0: the total does not depend on these weights.
    logarithmic : bool
        For a geometric group: the form is that of the logarithm of the total.
    behind : array (N,) of int
        0: ranked by the total; 1: vetoed to the last place; 2: not ranked (单列 or out).
    reasons : mapping of unit to Words
        Why a unit has no form.
    levers : Levers
        How the weights are written.
    """

    engine: Engine
    group: str
    paths: tuple[str, ...]
    units: tuple[str, ...]
    x: Array
    weights: Array
    set_of: npt.NDArray[np.intp]
    factor: Array
    constant: Array
    logarithmic: bool
    behind: npt.NDArray[np.intp]
    reasons: Mapping[str, Words]
    levers: Levers

    def __repr__(self) -> str:
        return f"AdditiveForm({self.group}: {len(self.paths)} weights, {len(self.units)} units)"

    @cached_property
    def corners(self) -> Array:
        """Totals (K, N) when one weight is all there is: ``constant + factor x``.

        A total is the mean of its unit's corners with the weights.
        """
        return self.constant + self.factor * self.x

    @cached_property
    def totals(self) -> Array:
        """Totals (N,) at the stated weights, unrounded (their logarithms); NaN without a form."""
        stated = (self.weights[:, self.set_of] * self.corners).sum(0)
        return np.where(self.set_of < 0, np.nan, stated)

    def free(self, which: int) -> npt.NDArray[np.intp]:
        """Return the places (k,) of the weights above 0 in a set: those that vary."""
        return np.flatnonzero(self.weights[:, which] > 0)

    def place(self, unit: str) -> int:
        """Return a unit's place in the engine's order; refuse one that there is not."""
        check_known(self.group, unit, self.units, UNIT)
        return self.units.index(unit)

    def ranks(self, within: str) -> npt.NDArray[np.int64]:
        """Return the ranks (N,) now, of all units or in the category; 0 for those without."""
        now = self.engine.run()
        return (now.ranks if within == "all" else now.category_ranks)[0]

    def why_not(self, a: int, b: int) -> Words | None:
        """Return why two units (places) cannot be compared linearly; None when they can."""
        for place in (a, b):
            if self.set_of[place] < 0:
                return self.reasons[self.units[place]]
            if self.behind[place] == 2:
                name = self.units[place]
                return Words(f"“{name}”不参加排名", f"{name!r} is not ranked")
        if self.set_of[a] != self.set_of[b]:
            one, two = self.units[a], self.units[b]
            return Words(
                f"“{one}”与“{two}”的权重不同（类别不同，或缺失的指标不同）",
                f"{one!r} and {two!r} have different weights (category, or missing scores)",
            )
        return None

    def compared(self, a: str, b: str) -> tuple[int, int]:
        """Return the places of two units; refuse those that cannot be compared linearly."""
        one, two = self.place(a), self.place(b)
        reason = self.why_not(one, two)
        if one == two:
            reason = Words("同一个单位", "these are the same unit")
        if reason:
            remedy = Words(
                "请选参加排名、同一类别、缺失指标相同的两个单位",
                "Choose two ranked units of one category that lack the same scores, if any",
            )
            refuse(f"{a} › {b}", reason, remedy=remedy)
        return one, two

    def alike(self, which: int) -> list[int]:
        """Return the categories (places in ``engine.categories``) that a set's edits reach."""
        return self.levers.alike(self.levers.homes[which])

    def edits(self, which: int, weights: Array) -> dict[str, float]:
        """Return the edits that give a set other weights (K,), sum 1, and all others their own."""
        return self.levers.edits(self.levers.homes[which], weights, self.weights[:, which] > 0)


def additive_form(scheme: Scheme, panel: Panel, group: str | None = None) -> AdditiveForm:
    """Return how the total depends on the weights of a group's children.

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    group : str, optional
        A weighted sum, a weighted geometric mean, or a multiplier with several base children
        (whose weights then are the ones that vary). Default: the root. ``"leaves"``: all indicators
        of a wholly additive tree, as one vector of weights.

    Raises
    ------
    SimkaoheError
        No such group; a group without weights that vary; a node (which is named) that makes the
        totals other than linear in the group's score, or dependent on other units' scores.

    Notes
    -----
    Totals are evaluated with nearly all the weight on each child, with the stated weights and with
    random ones, and every unit's total must be the same affine function of its own score in the
    group at all of them; then with random scores of the group. A unit for which this fails (a cap
    inside its range, a veto on a score) has no form; when no two units have one the node in the way
    is named in an error. Units with the same missing scores are comparable exactly, others are not;
    with ``"leaves"`` a unit with a gap has no form.
    """
    engine = compiled(scheme, panel)
    own = leaves(engine) if group == "leaves" else children(engine, group)
    found = Fitting(engine, own).fitted()
    return AdditiveForm(
        engine=engine,
        group=own.name,
        paths=tuple(f"{node.id}.weight" for node in own.nodes),
        units=engine.units,
        logarithmic=own.logarithmic,
        behind=behind(engine),
        levers=own,
        **found._asdict(),
    )


def behind(engine: Engine) -> npt.NDArray[np.intp]:
    """Return (N,): 0 for units ranked by the total, 1 for those vetoed to the end, 2 for others."""
    found = np.zeros(len(engine.units), np.intp)
    out = ~engine.people.ranked
    for name, veto in engine.scheme.adjustments.items():
        if isinstance(veto, Veto) and {"last", "out"} & set(veto.effects):
            struck = engine.struck(name)
            found[struck & ("last" in veto.effects)] = 1
            out = out | (struck & ("out" in veto.effects))
    found[out] = 2
    return found
