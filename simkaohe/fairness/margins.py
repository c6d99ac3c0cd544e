"""What one more step of effort pays (边际激励): points, places and money, indicator by indicator."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import compiled
from simkaohe.errors import SimkaoheError, unknown
from simkaohe.fairness.finding import Finding
from simkaohe.fairness.margin_findings import findings_of
from simkaohe.fairness.moving import Moved, Moves, joined
from simkaohe.fairness.rank_steps import Within, rank_changes
from simkaohe.fairness.values import INDICATOR
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme

Array = npt.NDArray[np.float64]
NOTHING = 1e-9
"""Points up to which nothing is paid: the noise of sums."""


@dataclass(frozen=True, eq=False, repr=False)
class Effort:
    """激励: what one step of improvement pays every unit in every indicator.

    Attributes
    ----------
    moves : Moves
    up : Moved
        What a step better comes to, for the pairs ``where`` of indicator and unit.
    where : array (2, R) of int
    points, worse, neglect : DataFrame, units × indicators
        Change of the total in points, before rounding: of one step better; of one step worse; of
        falling to the worst value of any unit. NaN where the indicator does not count for the unit.
    reasons : DataFrame, units × indicators
        Why one step better pays nothing, one of ``margin_findings.REASONS``; "" where it pays.
    lagged : tuple of str
        Indicators whose results show only years later, as named.
    """

    moves: Moves
    up: Moved
    where: npt.NDArray[np.intp]
    points: pd.DataFrame
    worse: pd.DataFrame
    neglect: pd.DataFrame
    reasons: pd.DataFrame
    lagged: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Effort({self.points.shape[0]} units, {self.points.shape[1]} indicators)"

    @cached_property
    def steps(self) -> pd.DataFrame:
        """The size of one step, units × indicators, in the unit of the value."""
        return self.moves.frame(self.moves.step)

    @cached_property
    def places(self) -> pd.DataFrame:
        """Places gained in the ranking of all units by one step better (−: lost)."""
        return self._filled(self._base("ranks") - self.up.ranks, 0.0)

    @cached_property
    def category_places(self) -> pd.DataFrame:
        """Places gained in the category by one step better."""
        return self._filled(self._base("category_ranks") - self.up.category_ranks, 0.0)

    def money(self, use: str | None = None) -> pd.DataFrame:
        """Return what one step better changes of a use of the results, units × indicators.

        Parameters
        ----------
        use : str, optional
            Id of one of the scheme's ``uses``; default: the first.

        Raises
        ------
        SimkaoheError
            When there is no such use.
        """
        uses = list(self.moves.scheme.uses)
        name = use if use is not None or not uses else uses[0]
        if name not in uses:
            raise SimkaoheError(unknown("money", name or "", uses, Words("结果运用", "use")))
        now = self.moves.base.uses[name][0][self.where[1]]
        return self._filled(self.up.uses[name] - now, 0.0)

    @cached_property
    def perverse(self) -> pd.DataFrame:
        """True where a worse value earns more points, or a better one fewer."""
        return (self.worse > NOTHING) | (self.points < -NOTHING)

    @cached_property
    def indicators(self) -> pd.DataFrame:
        """By indicator: what it pays and what neglecting it costs.

        Columns: ``name``; ``units`` for which it counts; ``points`` of one step (mean); ``pays``
        (share of those units); ``cap`` and ``floor`` (share of those units); ``perverse`` (number
        of units); ``ignore_cost`` (points lost by neglect, mean of the units that can still fall)
        and ``ignore_least`` (of the unit that loses least; below 0 that unit gains).
        """
        there, leaves = self.points.notna(), self.moves.leaves
        lost = -self.neglect
        falls = there & (np.abs(self.moves.frame(self.moves.worst - self.moves.now)) > 0)
        lost = lost.where(falls)
        count = there.sum().replace(0, np.nan)
        return pd.DataFrame(
            {
                "name": [leaf.label for leaf in leaves],
                "units": there.sum(),
                "points": self.points.mean(),
                "pays": (self.points > NOTHING).sum() / count,
                "cap": (self.reasons == "cap").sum() / count,
                "floor": (self.reasons == "floor").sum() / count,
                "perverse": self.perverse.sum(),
                "ignore_cost": lost.mean(),
                "ignore_least": lost.min(),
                "ignore_most": lost.max(),
            },
            index=pd.Index(self.points.columns, name="indicator"),
        )

    @cached_property
    def units(self) -> pd.DataFrame:
        """By unit: how many of its indicators pay nothing, and which pays most.

        Columns: ``indicators`` that count; ``cap``, ``floor`` and ``idle``, the shares of them at
        the cap, below where points begin, and paying nothing for any reason; ``best``, the
        indicator whose step pays most, and its ``points``.
        """
        there = self.points.notna()
        count = there.sum(axis=1).replace(0, np.nan)
        filled = self.points.fillna(-np.inf)
        return pd.DataFrame(
            {
                "indicators": there.sum(axis=1),
                "cap": (self.reasons == "cap").sum(axis=1) / count,
                "floor": (self.reasons == "floor").sum(axis=1) / count,
                "idle": (there & (self.points <= NOTHING)).sum(axis=1) / count,
                "best": filled.idxmax(axis=1).where(there.any(axis=1)),
                "points": self.points.max(axis=1),
            }
        )

    def next_rank(self, unit: str, *, within: Within = "all") -> pd.DataFrame:
        """Return how far the next better place is, by indicator, for one unit.

        Parameters
        ----------
        unit : str
        within : {"all", "category"}
            Places among all units or in the category.

        Returns
        -------
        DataFrame
            ``name``; ``improvement`` (in the unit of the value) from which on the rank is better;
            ``steps`` (the same in steps); ``value`` then; ``rank`` then. NaN where no better place
            is in reach: up to the best value of any unit or the target, and as much again as the
            units' values differ.

        Notes
        -----
        The rank is an exact step function of the value, evaluated by the whole scheme. It is looked
        at in 64 places and the first change is narrowed down to 1e-10 of the reach; a rank that is
        better only between two of these places is not seen.
        """
        place = self.moves.place("next_rank", unit)
        rows = []
        for k, leaf in enumerate(self.moves.leaves):
            if not (self.moves.counts[k, place] and self.moves.sign[k, place]):
                continue
            changes = rank_changes(self.moves, k, place, within, first=True)
            to = changes.iloc[1] if len(changes) > 1 else None
            away = np.nan if to is None else float(to["improvement"])
            rows.append(
                {
                    "indicator": leaf.id,
                    "name": leaf.label,
                    "improvement": away,
                    "steps": away / self.moves.step[k, place],
                    "value": np.nan if to is None else to["value"],
                    "rank": np.nan if to is None else to["rank"],
                }
            )
        columns = ["indicator", "name", "improvement", "steps", "value", "rank"]
        return pd.DataFrame(rows, columns=columns).set_index("indicator").sort_values("steps")

    def ranks_along(self, unit: str, indicator: str, *, within: Within = "all") -> pd.DataFrame:
        """Return the rank of a unit as a step function of its improvement in one indicator.

        Returns
        -------
        DataFrame
            One row for each step, the first for no improvement: ``improvement`` from which on,
            ``value``, ``total`` (before rounding, there), ``rank``.
        """
        ids = {leaf.id: leaf.label for leaf in self.moves.leaves}
        if indicator not in ids:
            raise SimkaoheError(unknown("ranks_along", indicator, ids, INDICATOR))
        place = self.moves.place("ranks_along", unit)
        return rank_changes(self.moves, list(ids).index(indicator), place, within)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is found, for people who are no statisticians."""
        return findings_of(self)

    def _base(self, field: str) -> Any:
        return getattr(self.moves.base, field)[0][self.where[1]]

    def _filled(self, values: Any, other: float) -> pd.DataFrame:
        found = np.where(self.moves.counts, other, np.nan)
        found[tuple(self.where)] = values
        return self.moves.frame(found)


def effort(
    scheme: Scheme,
    panel: Panel,
    *,
    steps: Mapping[str, float] | None = None,
    lagged: Collection[str] = (),
) -> Effort:
    """Return what one step of improvement pays every unit in every indicator.

    Parameters
    ----------
    scheme : Scheme
    panel : Panel
    steps : mapping of indicator id to float, optional
        The size of one step, in the unit of the value. Default: 1 % of the unit's own target where
        the rule reads one; else a tenth of the interquartile range of all units' values.
    lagged : collection of indicator ids
        潜绩: indicators whose results show only years later. The scheme does not say which they are.

    Returns
    -------
    Effort

    Raises
    ------
    SimkaoheError
        Unknown indicators, steps that are not above zero, a scheme that does not fit the data.

    Notes
    -----
    Better is what the indicator says: higher, lower, or towards the band of a moderate one. Every
    step is evaluated through the whole scheme with that one unit moved: reference points of the
    rules, coefficients, categories and quotas move along, and the answer equals that of the edited
    data. Indicators measured otherwise than as recorded (growth, share, mean of ratings) are moved
    in what is measured. An improvement stops at full marks where the value is the points, and at
    zero where no unit is below it.

    References
    ----------
    Complaints 6 (ignore cost), 8 and 13 of the formula manual; Bevan and Hood (2006), Public
    Administration 84(3), on thresholds and output distortion.
    """
    moves = Moves(compiled(scheme, panel), steps)
    known = {leaf.id: leaf.label for leaf in moves.leaves}
    wrong = [unknown("lagged", name, known, INDICATOR) for name in lagged if name not in known]
    if wrong:
        raise SimkaoheError(*wrong)
    better = moves.within_limits(moves.now + moves.sign * moves.step)
    worse = moves.within_limits(moves.now - np.where(moves.sign == 0, -1, moves.sign) * moves.step)
    can = moves.counts & (better != moves.now)
    points, down, neglect = (np.where(moves.counts, 0.0, np.nan) for _ in range(3))
    flat = can.copy()
    parts, where = [], []
    capped, floored = np.zeros((2, *moves.now.shape), bool)
    for k in range(len(moves.leaves)):
        units, counting = np.flatnonzero(can[k]), np.flatnonzero(moves.counts[k])
        up = moves.moved(k, units, better[k, units], standing=True, uses=bool(scheme.uses))
        parts.append(up)
        where.append(np.array([np.full(len(units), k), units]))
        points[k, units] = up.totals - moves.total[units]
        low = moves.moved(
            k,
            np.concatenate([counting, counting]),
            np.concatenate([worse[k, counting], moves.worst[k, counting]]),
        )
        for found, totals in zip((down, neglect), np.split(low.totals, 2), strict=True):
            found[k, counting] = totals - moves.total[counting]
        now = moves.engine.raw_score(moves.leaves[k].id)
        flat[k, units] = np.abs(up.scores - now[units]) <= NOTHING
        stuck = np.flatnonzero(flat[k])
        far = moves.moved(k, stuck, moves.beyond[k, stuck]).scores if len(stuck) else now[stuck]
        capped[k, stuck] = far <= now[stuck] + NOTHING
        floored[k, counting] = now[counting] <= np.split(low.scores, 2)[1] + NOTHING
    reasons = _reasons(moves, points, can, flat, capped, floored)
    return Effort(
        moves,
        joined(parts),
        np.concatenate(where, 1),
        moves.frame(points),
        moves.frame(down),
        moves.frame(neglect),
        moves.frame(reasons),
        tuple(lagged),
    )


def _reasons(
    moves: Moves, points: Array, can: Any, flat: Any, capped: Any, floored: Any
) -> npt.NDArray[np.object_]:
    """Return why a step pays nothing (K, N); "" where it pays or costs something."""
    found = np.full(points.shape, "", object)
    idle = moves.counts & ~(np.abs(points) > NOTHING)
    found[idle] = "limit"
    found[idle & flat] = "band"
    found[idle & flat & floored] = "floor"
    found[idle & ((flat & capped) | ~can)] = "cap"
    found[~moves.has_weight] = "weight"
    for k, leaf in enumerate(moves.leaves):
        found[k, ~moves.has_weight[k] & _cancelled(moves, leaf.id)] = "cancelled"
    found[moves.has_weight & ~moves.counts] = "missing"
    return found


def _cancelled(moves: Moves, name: str) -> Any:
    """Return for which units (N,) a node or one above it has weight 0 in the category alone."""
    scheme, engine = moves.scheme, moves.engine
    found = np.zeros(len(engine.units), bool)
    node: Any = scheme.nodes[name]
    while node is not None:
        off = [
            node.weight > 0 and node.weights_by_category.get(category) == 0
            for category in engine.categories
        ]
        found |= np.array(off)[engine.category]
        node = engine.parent(node.id)
    return found
