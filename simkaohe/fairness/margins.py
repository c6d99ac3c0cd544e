"""What one more step of effort pays (边际激励): points, places and money, indicator by indicator."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from simkaohe.engine import compiled
from simkaohe.engine.standing import Array, Bools
from simkaohe.fairness.finding import Finding, asked, called, listed, lit, when
from simkaohe.fairness.given import INDICATOR, check_names, indicators
from simkaohe.fairness.moving import Moved, Moves, Within, joined, rank_changes
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme

NOTHING = 1e-9
"""Points up to which nothing is paid: the noise of sums."""
REASONS = {
    "cap": Words("已到顶", "at the cap"),
    "floor": Words("在底线以下", "below where points begin"),
    "band": Words("档内，离下一档还远", "inside a band, short of the next"),
    "limit": Words(
        "被限额、系数或短板吃掉", "swallowed by a limit, a coefficient or a weaker part"
    ),
    "cancelled": Words("本类别不考核", "cancelled for the category"),
    "weight": Words("权重为 0", "weight 0"),
    "missing": Words("没有数据", "no value"),
}
"""Why a step pays nothing."""
IDLE = 0.25, 0.5
"""Share of unit × indicator pairs where a step pays nothing: a quarter is what caps on finished
tasks come to in ordinary schemes, from a half on most effort is unpaid (ours)."""
SMALL = 0.005
"""Share of full marks below which neglect goes unnoticed: totals are often read to half a point."""
DILUTED = 0.25, 0.5
"""Share of indicators that anybody may neglect for less than SMALL (ours)."""
LATE = 0.1
"""Share of the points at stake below which late results hardly count (ours)."""


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
        Why one step better pays nothing, one of ``REASONS``; "" where it pays.
    lagged : tuple of str
        Indicators whose results show only years later, as named.
    """

    moves: Moves
    up: Moved
    where: Any
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
        name = use if use is not None else uses[0] if uses else ""
        check_names("money", [name], uses, Words("结果运用", "use"))
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
        falls = there & (np.abs(self.moves.frame(self.moves.worst - self.moves.now)) > 0)
        lost = (-self.neglect).where(falls)
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
            changes = rank_changes(self.moves, k, place, within, first=True).reindex([1])
            away, value, _, rank = changes.to_numpy(np.float64)[0]
            rows.append([leaf.id, leaf.label, away, away / self.moves.step[k, place], value, rank])
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
        ids = indicators(self.moves.scheme)
        check_names("ranks_along", [indicator], ids, INDICATOR)
        place = self.moves.place("ranks_along", unit)
        return rank_changes(self.moves, list(ids).index(indicator), place, within)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is found, for people who are no statisticians."""
        return _of_idle(self), _of_perverse(self), _of_ignored(self), _of_late(self)

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
    scheme, panel : Scheme, Panel
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
    check_names("lagged", lagged, indicators(scheme), INDICATOR)
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
    frames = [moves.frame(each) for each in (points, down, neglect, reasons)]
    pairs, late = np.concatenate(where, 1), tuple(lagged)
    return Effort(moves, joined(parts), pairs, frames[0], frames[1], frames[2], frames[3], late)


def _reasons(
    moves: Moves, points: Array, can: Bools, flat: Bools, capped: Bools, floored: Bools
) -> Any:
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


# -- findings --------------------------------------------------------------------------------------

EARNS = asked(
    "effort.idle",
    "多做一步，能多得分吗？",
    "Does one more step of effort earn anything?",
    "一步的大小是约定的；到顶也可能说明任务已经完成，不等于办法不好。",
    "How large a step is, is a convention; at the cap may simply mean done, not that the "
    "rule is bad.",
)
WRONG = asked(
    "effort.perverse",
    "有没有越差越得分的地方？",
    "Is there a place where doing worse earns more?",
    "只试了前后各一步；更大的变动、造假和挑选任务不在此列。",
    "Only one step each way was tried; larger moves, false figures and picking easy tasks "
    "are not covered.",
)
IGNORED = asked(
    "effort.ignored",
    "有没有可以完全不管的指标？",
    "Can an indicator be ignored without notice?",
    "“不管”按目前最差单位的水平算；真的都不管时会更差，也可能触发问责。",
    "“Ignored” means as bad as the worst unit now; with real neglect it could be worse, and "
    "there may be consequences outside the score.",
)
LAGGED = asked(
    "effort.lagged",
    "潜绩有多少分量？",
    "How much do results weigh that show only years later?",
    "哪些算潜绩由使用者判断；占比高不等于考得准。",
    "Which results come late is the user's judgement; a large share does not mean that "
    "they are measured well.",
)


def _of_idle(result: Effort) -> Finding:
    codes = result.reasons.to_numpy()[result.points.notna().to_numpy()]
    if not len(codes):
        return EARNS.untold("没有可以改进的指标值。", "There is no value that could be improved.")
    share = float((codes != "").mean())
    parts = [
        Words(f"{words.zh} {part:.0%}", f"{words.en} {part:.0%}")
        for name, words in REASONS.items()
        if (part := float((codes == name).mean())) >= 0.005
    ]
    detail = listed(parts, len(REASONS))
    end = when(parts, f"（{detail.zh}）", f" ({detail.en})")
    return EARNS.says(
        lit(share, *IDLE),
        share,
        f"在 {share:.0%} 的“单位×指标”组合里，再进一步一分不得{end.zh}。",
        f"In {share:.0%} of all pairs of unit and indicator one more step earns nothing{end.en}.",
    )


def _of_perverse(result: Effort) -> Finding:
    by = result.perverse.sum()
    count = int(by.sum())
    if not count:
        return WRONG.says(
            "green",
            0.0,
            "没有发现：每个单位每项指标退一步都不会加分，进一步都不会扣分。",
            "None found: no unit gains by a step back in any indicator, or loses by a step forward.",
        )
    leaves = [leaf for leaf in result.moves.leaves if by[leaf.id] > 0]
    names = listed([called(leaf, leaf.id) for leaf in leaves[:3]])
    return WRONG.says(
        "red",
        count,
        f"有 {count} 处：数值变差总分反而升高，或变好反而降低，涉及：{names.zh}。",
        f"{count} pairs of unit and indicator where a worse value raises the total "
        f"or a better one lowers it: {names.en}.",
    )


def _of_ignored(result: Effort) -> Finding:
    table = result.indicators[result.indicators["units"] > 0]
    small, nodes = SMALL * result.moves.scheme.full, result.moves.scheme.nodes
    known = table["ignore_most"].dropna()
    if not len(known):
        return IGNORED.untold(
            "没有还能变差的指标值。", "There is no value that could become worse."
        )
    free = known[known < small].sort_values()
    share = len(free) / len(known)
    names = listed([called(nodes[name], name) for name in free.index[:3]])
    such = when(len(free), f"，如：{names.zh}", f", e.g. {names.en}")
    return IGNORED.says(
        lit(share, *DILUTED),
        share,
        f"{len(known)} 项指标中有 {len(free)} 项，任何单位把它放到最差也损失不到 {small:g} 分{such.zh}。",
        f"Of {len(known)} indicators {len(free)} may fall to the worst value of any unit and "
        f"cost nobody {small:g} points{such.en}.",
    )


def _of_late(result: Effort) -> Finding:
    lost = (-result.neglect).clip(lower=0).sum()
    whole, n = float(lost.sum()), len(result.lagged)
    if not n:
        return LAGGED.untold(
            "方案里看不出哪些指标要几年后才见效，请在 lagged 里列出。",
            "The scheme does not tell which indicators show results only years later; name them in "
            "lagged.",
        )
    if not whole:
        return LAGGED.untold(
            "没有哪项指标放手不管会丢分。", "Neglect costs no points in any indicator."
        )
    share = float(lost[list(result.lagged)].sum() / whole)
    return LAGGED.says(
        "amber" if share < LATE else "green",
        share,
        f"列出的 {n} 项潜绩指标占“放手不管会丢的分”的 {share:.0%}。",
        f"Late results that were named, {n} in all, carry {share:.0%} of the "
        "points that neglect would cost.",
    )
