"""What it pays to say something else (申报激励): low targets, and figures that are a little too good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import Engine, compiled
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.fairness.finding import Finding, light
from simkaohe.fairness.moving import Moves
from simkaohe.fairness.values import Table, called, checked_by_indicator, listed
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.rules.deviation import Deviation
from simkaohe.scheme.tree import Scheme

Array = npt.NDArray[np.float64]
EASIER, OVER, AUDIT, PENALTY = 0.1, 0.01, 0.1, 5.0
"""Targets lower by a tenth, figures better by one percent; one in ten is checked, and who is found
out loses five points (ours: no rule that was read states a chance of detection)."""
WORTH, WELL_WORTH = 0.005, 0.02
"""Gain from low targets as a share of full marks: half a point decides places in ordinary schemes,
two points decide grades (ours)."""
SOME, MANY = 0.0001, 0.5
"""Share of units for which over-reporting pays at the stated checks: nobody; half of them (ours)."""
STRETCHED, FAR_STRETCHED = 0.05, 0.2
"""Sum of targets over the target above: 层层加码 is spoken of from a few percent on (ours)."""


@dataclass(frozen=True, eq=False, repr=False)
class Reporting:
    """申报: what each unit would gain by low targets and by figures that are too good.

    Attributes
    ----------
    moves : Moves
    easier, over, audit, penalty : float
        As given to :func:`reporting`.
    sandbagging, over_reporting : DataFrame, units × indicators
        Points gained by the unit alone in one indicator alone; NaN where there is nothing to claim.
    units : DataFrame
        By unit: ``sandbagging`` and ``over_reporting``, points gained in all indicators together;
        ``expected`` = gain (1 − q) − q penalty; ``break_even``, the chance of detection from which
        on over-reporting does not pay; ``guarded`` and ``unguarded``: sandbagging with and without
        the target guard of the rule 目标增减计分, NaN without such a rule.
    amplification : DataFrame
        By indicator named in ``higher``: ``name``, ``sum`` of the units' targets, ``higher``,
        ``excess`` = sum / higher − 1.
    """

    moves: Moves
    easier: float
    over: float
    audit: float
    penalty: float
    sandbagging: pd.DataFrame
    over_reporting: pd.DataFrame
    units: pd.DataFrame
    amplification: pd.DataFrame

    def __repr__(self) -> str:
        return (
            f"Reporting({self.sandbagging.shape[0]} units, {self.sandbagging.shape[1]} indicators)"
        )

    @cached_property
    def indicators(self) -> pd.DataFrame:
        """By indicator: ``name``; mean and largest gain by a low target and by over-reporting."""
        return pd.DataFrame(
            {
                "name": [leaf.label for leaf in self.moves.leaves],
                "sandbagging": self.sandbagging.mean(),
                "most_sandbagging": self.sandbagging.max(),
                "over_reporting": self.over_reporting.mean(),
                "most_over_reporting": self.over_reporting.max(),
            },
            index=pd.Index(self.sandbagging.columns, name="indicator"),
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is found, for people who are no statisticians."""
        return _low_targets(self), _gaming(self), _stretched(self)


def reporting(
    scheme: Scheme,
    panel: Panel,
    *,
    easier: float = EASIER,
    over: float = OVER,
    audit: float = AUDIT,
    penalty: float = PENALTY,
    higher: Mapping[str, float] | None = None,
) -> Reporting:
    r"""Return what units gain by low targets (低报高超) and by over-reported figures (数据注水).

    .. math:: sandbagging = T(g (1 - \delta)) - T(g), \qquad
              expected = gain (1 - q) - q\,penalty, \quad q^* = gain / (gain + penalty)

    Parameters
    ----------
    scheme : Scheme
    panel : Panel
    easier : float in (0, 1), default 0.1
        δ: by what share of its size a unit gets its targets easier.
    over : float in (0, 1), default 0.01
        By what share of its size a figure is reported too good.
    audit : float in [0, 1], default 0.1
        q: the chance that an over-report is found out.
    penalty : float, points, default 5
        What it then costs; the gain is lost as well.
    higher : mapping of indicator id to float, optional
        Targets of the level above, for 层层加码: the units' targets are summed up against them.

    Returns
    -------
    Reporting

    Raises
    ------
    SimkaoheError
        Numbers outside their bounds, unknown indicators, a scheme that does not fit the data.

    Notes
    -----
    Each unit is moved alone and evaluated through the whole scheme; what others then lose is not
    counted as a gain. Surveys, ratings and answers are no reports and are left as they are. A
    target that makes the rule undefined, and an indicator without target, have nothing to lower.

    References
    ----------
    Complaints 3 and 15 of the formula manual; SASAC (2009), whose guard lowers the most that can be
    gained where a target lies below the baseline.
    """
    _check(easier, over, audit, penalty)
    moves = Moves(compiled(scheme, panel))
    amplification = _amplification(moves, higher)
    way = np.where(moves.sign == 0, 1, moves.sign)
    lower = moves.target - way * easier * np.abs(moves.target)
    reported = moves.recorded("actual")
    inflated = reported + moves.sign * over * np.abs(reported)
    claims = [
        "actual" in leaf.measure.data and leaf.measure.method != "survey" for leaf in moves.leaves
    ]
    can_lower = moves.counts & ~np.isnan(lower)
    can_inflate = moves.counts & np.array(claims)[:, None] & (moves.sign != 0)
    low, sandbagging = _gains(moves, can_lower, lower, "target")
    gain, over_reporting = _gains(moves, can_inflate, inflated, "actual")
    units_frame = pd.DataFrame(
        {
            "sandbagging": low,
            "over_reporting": gain,
            "expected": gain * (1 - audit) - audit * penalty,
            "break_even": np.maximum(gain, 0.0)
            / np.maximum(np.maximum(gain, 0.0) + penalty, 1e-12),
            **_guards(scheme, panel, moves, can_lower, lower),
        },
        index=pd.Index(moves.engine.units, name="unit"),
    )
    return Reporting(
        moves,
        easier,
        over,
        audit,
        penalty,
        moves.frame(sandbagging),
        moves.frame(over_reporting),
        units_frame,
        amplification,
    )


def _gains(
    moves: Moves, can: npt.NDArray[np.bool_], new: Array, table: Table
) -> tuple[Array, Array]:
    """Return what each unit gains in all indicators at once (N,), and in each alone (K, N)."""
    alone = np.full(moves.now.shape, np.nan)
    for k in np.flatnonzero(can.any(1)):
        units = np.flatnonzero(can[k])
        found = moves.moved(int(k), units, new[k, units], table=table)
        alone[k, units] = found.totals - moves.total[units]
    return moves.together(new, can, table) - moves.total, alone


def _check(easier: float, over: float, audit: float, penalty: float) -> None:
    bounds = {
        "easier": (easier, 0 < easier < 1, Words("0 到 1 之间的数", "a number between 0 and 1")),
        "over": (over, 0 < over < 1, Words("0 到 1 之间的数", "a number between 0 and 1")),
        "audit": (audit, 0 <= audit <= 1, Words("0 到 1 的概率", "a probability, 0 to 1")),
        "penalty": (penalty, 0 <= penalty < np.inf, Words("≥ 0 的分数", "points ≥ 0")),
    }
    problems = [
        Problem(n, f"{x}", expected) for n, (x, fine, expected) in bounds.items() if not fine
    ]
    if problems:
        raise SimkaoheError(*problems)


def _amplification(moves: Moves, higher: Mapping[str, float] | None) -> pd.DataFrame:
    above = checked_by_indicator(moves, "higher", higher)
    ids = [leaf.id for leaf in moves.leaves]
    rows = []
    for name, target in above.items():
        k = ids.index(name)
        if np.isnan(moves.target[k]).all():
            none = Words("没有按目标计分", "it is not scored by a target")
            raise SimkaoheError(Problem(f"higher › {name}", none))
        whole = float(np.nansum(moves.target[k]))
        rows.append((name, moves.leaves[k].label, whole, target, whole / target - 1))
    columns = ["indicator", "name", "sum", "higher", "excess"]
    return pd.DataFrame(rows, columns=columns).set_index("indicator")


def _guards(
    scheme: Scheme, panel: Panel, moves: Moves, can: npt.NDArray[np.bool_], lower: Array
) -> dict[str, Array]:
    """Return what low targets gain with and without the guard of the rules that have one."""
    guards = [f"{leaf.id}.rule.guard" for leaf in moves.leaves if isinstance(leaf.rule, Deviation)]
    found = {}
    for name, guard in (("guarded", True), ("unguarded", False)):
        gain = np.full(len(moves.engine.units), np.nan)
        if guards:
            edited = Moves(Engine(scheme.edit(dict.fromkeys(guards, guard)), panel))
            gain = edited.together(lower, can, "target") - edited.total
        found[name] = gain
    return found


# -- findings ----------------------------------------------------------------------------------------


def _low_targets(result: Reporting) -> Finding:
    there = result.sandbagging.notna().to_numpy().any()
    gain = round(float(result.units["sandbagging"].median()), 9) + 0.0 if there else 0.0
    full = result.moves.scheme.full
    worst = result.indicators["sandbagging"].dropna().sort_values(ascending=False)
    nodes = result.moves.scheme.nodes
    names = listed([called(nodes[name]) for name in worst[worst > 0].index[:3]])
    most = Words(f"，主要来自：{names.zh}", f", most by: {names.en}") if names.zh else Words("", "")
    return Finding(
        "reporting",
        "reporting.sandbagging",
        Words("目标报低一点，划算吗？", "Does it pay to have low targets?"),
        light(gain / full, WORTH, WELL_WORTH),
        gain,
        Words(
            f"一个单位若把目标降低 {result.easier:.0%}，工作照旧，总分中位数多得 {gain:.2f} 分"
            f"{most.zh}。",
            f"A unit whose targets are {result.easier:.0%} easier, with the same work, gains "
            f"{gain:.2f} points (median){most.en}.",
        )
        if there
        else Words(
            "没有按目标计分的指标，目标报低无从得利。", "No indicator is scored by a target."
        ),
        Words(
            "这是动机，不是证据：并不说明有单位真的压低了目标。",
            "This is a motive, not evidence: it does not show that anybody did so.",
        ),
    )


def _gaming(result: Reporting) -> Finding:
    there = result.over_reporting.notna().to_numpy().any()
    pays = float((result.units["expected"] > 0).mean()) if there else 0.0
    need = float(result.units["break_even"].max())
    enough = (
        np.ceil(need * 100 - 1e-9) / 100
    )  # the next whole percent: at need it just pays for one
    gain = round(float(result.units["over_reporting"].median()), 9) + 0.0
    return Finding(
        "reporting",
        "reporting.gaming",
        Words("数据注一点水，划算吗？", "Does it pay to report a little too much?"),
        light(pays, SOME, MANY),
        need,
        Words(
            f"各项数据都多报 {result.over:.0%}，总分中位数多 {gain:.2f} 分；抽查率 {result.audit:.0%}、"
            f"查出扣 {result.penalty:g} 分时，对 {pays:.0%} 的单位仍划算；抽查率到 {enough:.0%} "
            "才对谁都不划算。",
            f"All figures {result.over:.0%} too good bring {gain:.2f} points (median); with a "
            f"{result.audit:.0%} chance of detection and {result.penalty:g} points lost it still "
            f"pays for {pays:.0%} of the units; from {enough:.0%} on it pays for nobody.",
        )
        if need > 0
        else Words(
            f"各项数据都多报 {result.over:.0%}，谁也不会多得分。",
            f"All figures {result.over:.0%} too good bring nobody any points.",
        )
        if there
        else Words("没有由单位上报的数据。", "No figure is reported by the units."),
        Words(
            "抽查率和处罚是假设；不说明有人造假，也没有计入纪律处分和声誉。",
            "Chance and penalty are assumptions; this does not show that anybody cheats, and leaves "
            "out discipline and reputation.",
        ),
    )


def _stretched(result: Reporting) -> Finding:
    table = result.amplification
    excess = float(table["excess"].max()) if len(table) else np.nan
    nodes = result.moves.scheme.nodes
    worst = called(nodes[str(table["excess"].idxmax())]) if len(table) else Words("", "")
    return Finding(
        "reporting",
        "reporting.amplification",
        Words("目标有没有层层加码？", "Are targets stretched on the way down?"),
        light(excess, STRETCHED, FAR_STRETCHED),
        excess,
        Words(
            f"各单位目标之和比上级目标最多高出 {excess:.1%}（{worst.zh}）。",
            f"The units' targets add up to at most {excess:.1%} more than the target above "
            f"({worst.en}).",
        )
        if excess > 0
        else Words(
            "各单位目标之和都没有超过上级目标。",
            "The units' targets add up to no more than the target above.",
        )
        if len(table)
        else Words(
            "没有给出上级目标，无法判断；请在 higher 里给出。",
            "The targets of the level above are not given; name them in higher.",
        ),
        Words(
            "只对可以相加的指标有意义；留有余地的加码未必不合理。",
            "This has a meaning only where targets add up; a margin for safety may be reasonable.",
        ),
    )
