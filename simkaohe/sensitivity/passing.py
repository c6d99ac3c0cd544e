"""The smallest change of weights that reverses an order (反超所需的最小权重调整).

All of it is about totals before rounding; a unit passes another one when it is level with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import Engine
from simkaohe.errors import check_known, refuse
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.problems import quoted
from simkaohe.scheme.tree import Scheme
from simkaohe.sensitivity.form import AdditiveForm, additive_form, behind
from simkaohe.sensitivity.nearest import NOISE, Norm, size, smallest_change, top_change
from simkaohe.sensitivity.volumes import differences

Array = npt.NDArray[np.float64]
Bounds = float | Mapping[str, tuple[float, float]] | None
NORMS = ("l1", "l2", "linf", "relative")
LEVEL = 1e-7
"""How far evaluated totals may fall short of level in a certificate, relative to their size."""


@dataclass(frozen=True, eq=False, repr=False)
class Change:
    """权重调整: the smallest change of weights that does what was asked, or that there is none.

    Attributes
    ----------
    form : AdditiveForm
    which : int
        The set of units whose weights change.
    norm : {"l1", "l2", "linf", "relative"}
    distance : float
        Size of the change, of weights that sum to 1: the sum of all changes, the root of the sum
        of their squares, the largest one, or the largest one relative to its weight. Infinite: no
        weights (within the bounds) do it.
    new : array (K,)
        Weights, sum 1; NaN when there are none.
    """

    form: AdditiveForm
    which: int
    norm: Norm
    distance: float
    new: Array

    def __repr__(self) -> str:
        return f"Change({self.norm} {self.distance:.6g})"

    @property
    def possible(self) -> bool:
        """Whether there are such weights."""
        return bool(np.isfinite(self.distance))

    @cached_property
    def weights(self) -> pd.DataFrame:
        """权重: ``weight`` now, ``new`` and ``change``, shares of 1, by edit path."""
        now = self.form.weights[:, self.which]
        index = pd.Index(self.form.paths, name="path")
        return pd.DataFrame({"weight": now, "new": self.new, "change": self.new - now}, index)

    @cached_property
    def edits(self) -> dict[str, float]:
        """The edits of the scheme, the sum of its weights kept; empty when there are none."""
        return self.form.edits(self.which, self.new) if self.possible and self.distance else {}

    @cached_property
    def scheme(self) -> Scheme:
        """The edited scheme."""
        return self.form.engine.scheme.edit(self.edits)

    @cached_property
    def certificate(self) -> pd.DataFrame:
        """证明: totals before rounding and ranks, now and by evaluation of the edited scheme.

        By unit: ``total``, ``rank``, ``new_total``, ``new_rank``. Ranks are those with rounding
        off; totals that differ by less than 1e-7 of their size count as level.
        """
        engine = self.form.engine
        columns = [*_evaluated(engine), *_evaluated(Engine(self.scheme, engine.panel))]
        names = ("total", "rank", "new_total", "new_rank")
        index = pd.Index(self.form.units, name="unit")
        return pd.DataFrame(dict(zip(names, columns, strict=True)), index)


def _evaluated(engine: Engine) -> tuple[Array, Any]:
    """Return totals (N,) before rounding, and ranks with near-equal totals level."""
    root = engine.scheme.root.id
    total = engine.run(nodes=(root,)).scores[root][0] * (engine.scheme.full / 100)
    back = behind(engine)
    slack = LEVEL * max(1.0, float(np.abs(total).max()))
    above = (total[:, None] > total + slack) & (back[:, None] == back)
    above |= back[:, None] < back
    ranks = pd.array(1 + above.sum(0), dtype="Int64")
    ranks[back == 2] = pd.NA
    return total, ranks


def overtake(
    scheme: Scheme,
    panel: Panel,
    b: str,
    a: str,
    norm: Norm = "l1",
    bounds: Bounds = None,
    *,
    group: str | None = None,
    margin: float = 0.0,
) -> Change:
    r"""Return the smallest change of weights that lets ``b`` pass ``a``.

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    b, a : str
    norm : {"l1", "l2", "linf", "relative"}
        What is smallest: the sum of changes, the root of the sum of their squares, the largest
        change, or the largest change relative to its weight. The sum of the weights is kept.
    bounds : float or mapping, optional
        How far weights may go: a share p of each weight (0.2: ± 20 %), or (lowest, highest) share
        of the sum by child id (others are free). Default: from 0 to all.
    group : str, optional
        Whose children's weights change, see :func:`additive_form`. Default: the root. Weights that
        are 0 stay 0. Where categories have their own weights those of the two units' change.
    margin : float, points, default 0
        By how much ``b`` must be ahead. 0: level; ties share the better rank, and any step further
        puts ``b`` in front. With d decimals an order shows for certain from 10⁻ᵈ on.

    Raises
    ------
    SimkaoheError
        Totals that are not linear in the weights, units that cannot be compared linearly, bounds
        that exclude each other, a margin for a geometric group (whose form is logarithmic).

    Notes
    -----
    With :math:`d_k` the difference of the two totals when all weight is on child k, the condition
    is :math:`d \cdot w \ge margin`. L1: weight is moved from the child with the smallest d to that
    with the largest, each pair in turn. L∞ and relative: the gain within the box is that of the
    same greedy; its size by bisection. L2: projection on the simplex (bounds) cut by the plane.
    """
    form = additive_form(scheme, panel, group)
    one, two = form.compared(b, a)
    room = _Room(form, int(form.set_of[one]), norm, bounds)
    if margin and form.logarithmic:
        zero = Words("0（几何平均以对数比较）", "0: a geometric group is compared in logarithms")
        refuse("margin", f"{margin:g}", zero)
    d = differences(form, np.array([[one, two]]), room.free)[0]
    new = room.w
    if form.behind[one] != form.behind[two]:
        new = room.w if form.behind[one] < form.behind[two] else np.full(len(room.w), np.nan)
    elif d @ room.w < margin - NOISE:
        new = smallest_change(d, room.w, margin, norm, room.low, room.high)
    return room.change(new)


class _Room:
    """The weights of a set that may change: their places, values and bounds (k,)."""

    def __init__(
        self, form: AdditiveForm, which: int, norm: Norm, bounds: Bounds, norms: Any = NORMS
    ) -> None:
        self._form, self._which, self._norm = form, which, norm
        self.free = form.free(which)
        self.w = w = form.weights[self.free, which]
        low, high = np.zeros(len(w)), np.ones(len(w))
        if isinstance(bounds, Mapping):
            ids = [form.paths[k].removesuffix(".weight") for k in self.free]
            for name, ends in bounds.items():
                child = name.removesuffix(".weight")
                words = Words("可变的权重", "weight that varies")
                check_known(f"bounds.{name}", child, ids, words)
                low[ids.index(child)], high[ids.index(child)] = ends
        elif bounds is not None:
            low, high = w * (1 - bounds), np.minimum(w * (1 + bounds), 1.0)
        if (low > high).any() or low.sum() > 1 + NOISE or high.sum() < 1 - NOISE or low.min() < 0:
            allowed = Words(
                "不小于 0、彼此相容、且合计可以为 1 的上下限",
                "bounds of at least 0 that do not exclude each other or a sum of 1",
            )
            refuse("bounds", quoted(bounds), allowed)
        check_known("norm", norm, norms, Words("度量", "norm"))
        self.low, self.high = low, high

    def change(self, new: Array) -> Change:
        """Return the change to new weights (k,), NaN when there are none."""
        whole = self._form.weights[:, self._which].copy()
        whole[self.free] = new
        if np.isnan(new).any():
            whole[:] = np.nan
        distance = float(np.nan_to_num(size(new - self.w, self.w, self._norm), nan=np.inf))
        return Change(self._form, self._which, self._norm, distance, whole)


def into_top(
    scheme: Scheme,
    panel: Panel,
    unit: str,
    k: int,
    norm: Norm = "l1",
    bounds: Bounds = None,
    *,
    group: str | None = None,
    within: Literal["all", "category"] = "all",
) -> Change:
    """Return the smallest change of weights that brings a unit into the top ``k``.

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    unit : str
    k : int
        Ties share the better rank: fewer than k units are above it, before rounding.
    norm : {"l1", "linf", "relative"}
        See :func:`overtake`.
    bounds, group
        See :func:`overtake`. Where categories have their own weights those of the unit's change,
        and units of other categories keep their totals.
    within : {"all", "category"}
        Among all units or in the unit's category.

    Raises
    ------
    SimkaoheError
        Totals that are not linear in the weights, for the unit or one of its rivals; a unit that is
        not ranked; a k below 1; an unknown norm.

    Notes
    -----
    A mixed-integer program (HiGHS): which rivals stay above, and the nearest weights for that.
    """
    form = additive_form(scheme, panel, group)
    place = form.place(unit)
    if reason := form.why_not(place, place):
        refuse(unit, reason)
    if k < 1:
        refuse("k", f"{k}", Words("至少 1", "at least 1"))
    room = _Room(form, int(form.set_of[place]), norm, bounds, ("l1", "linf", "relative"))
    engine, behind_ = form.engine, form.behind
    peers = behind_ < 2
    if within == "category":
        peers &= engine.category == engine.category[place]
    peers[place] = False
    above = k - 1 - int((peers & (behind_ < behind_[place])).sum())
    rivals = np.flatnonzero(peers & (behind_ == behind_[place]))
    which = form.set_of[place]
    reached = np.isin(engine.category, form.alike(int(which)))
    for rival in rivals:
        if (form.set_of[rival] != which and reached[rival]) or form.set_of[rival] < 0:
            refuse(unit, form.why_not(place, int(rival)) or "")
    fixed = ~reached[rivals]
    d = differences(form, np.stack([np.full(len(rivals), place), rivals], 1), room.free)
    d[fixed] = form.corners[room.free, place] - form.totals[rivals[fixed], None]
    return room.change(top_change(d, room.w, above, norm, room.low, room.high))
