"""What it pays to say something else (申报激励): low targets, and figures that are a little too good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from simkaohe.engine import Engine, compiled
from simkaohe.engine.standing import Array, Bools
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.fairness.finding import Finding, asked, called, listed, lit, when
from simkaohe.fairness.given import by_indicator, check
from simkaohe.fairness.moving import Moves
from simkaohe.fairness.values import Table
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.rules.deviation import Deviation
from simkaohe.scheme.tree import Scheme

EASIER, OVER, AUDIT, PENALTY = 0.1, 0.01, 0.1, 5.0
"""Targets lower by a tenth, figures better by one percent; one in ten is checked, and who is found
out loses five points (ours: no rule that was read states a chance of detection)."""
WORTH = 0.005, 0.02
"""Gain from low targets as a share of full marks: half a point decides places in ordinary schemes,
two points decide grades (ours)."""
PAYS = 0.0001, 0.5
"""Share of units for which over-reporting pays at the stated checks: nobody; half of them (ours)."""
STRETCHED = 0.05, 0.2
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
        units, indicators = self.sandbagging.shape
        return f"Reporting({units} units, {indicators} indicators)"

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
        return _of_low_targets(self), _of_gaming(self), _of_stretched(self)


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
    scheme, panel : Scheme, Panel
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
    between = "0 到 1 之间的数", "a number between 0 and 1"
    check(
        {
            "easier": (easier, 0 < easier < 1, *between),
            "over": (over, 0 < over < 1, *between),
            "audit": (audit, 0 <= audit <= 1, "0 到 1 的概率", "a probability, 0 to 1"),
            "penalty": (penalty, 0 <= penalty < np.inf, "≥ 0 的分数", "points ≥ 0"),
        }
    )
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
    won = np.maximum(gain, 0.0)
    units = pd.DataFrame(
        {
            "sandbagging": low,
            "over_reporting": gain,
            "expected": gain * (1 - audit) - audit * penalty,
            "break_even": won / np.maximum(won + penalty, 1e-12),
            **_guards(scheme, panel, moves, can_lower, lower),
        },
        index=pd.Index(moves.engine.units, name="unit"),
    )
    frames = moves.frame(sandbagging), moves.frame(over_reporting)
    return Reporting(moves, easier, over, audit, penalty, *frames, units, amplification)


def _gains(moves: Moves, can: Bools, new: Array, table: Table) -> tuple[Array, Array]:
    """Return what each unit gains in all indicators at once (N,), and in each alone (K, N)."""
    alone = np.full(moves.now.shape, np.nan)
    for k in np.flatnonzero(can.any(1)):
        units = np.flatnonzero(can[k])
        found = moves.moved(int(k), units, new[k, units], table=table)
        alone[k, units] = found.totals - moves.total[units]
    return moves.together(new, can, table) - moves.total, alone


def _amplification(moves: Moves, higher: Mapping[str, float] | None) -> pd.DataFrame:
    above = by_indicator(moves.scheme, "higher", higher)
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
    scheme: Scheme, panel: Panel, moves: Moves, can: Bools, lower: Array
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


# -- findings --------------------------------------------------------------------------------------

LOW = asked(
    "reporting.sandbagging",
    "目标报低一点，划算吗？",
    "Does it pay to have low targets?",
    "这是动机，不是证据：并不说明有单位真的压低了目标。",
    "This is a motive, not evidence: it does not show that anybody did so.",
)
GAMING = asked(
    "reporting.gaming",
    "数据注一点水，划算吗？",
    "Does it pay to report a little too much?",
    "抽查率和处罚是假设；不说明有人造假，也没有计入纪律处分和声誉。",
    "Chance and penalty are assumptions; this does not show that anybody cheats, and leaves "
    "out discipline and reputation.",
)
AMPLIFIED = asked(
    "reporting.amplification",
    "目标有没有层层加码？",
    "Are targets stretched on the way down?",
    "只对可以相加的指标有意义；留有余地的加码未必不合理。",
    "This has a meaning only where targets add up; a margin for safety may be reasonable.",
)


def _of_low_targets(result: Reporting) -> Finding:
    if not result.sandbagging.notna().to_numpy().any():
        return LOW.says(
            "green",
            0.0,
            "没有按目标计分的指标，目标报低无从得利。",
            "No indicator is scored by a target.",
        )
    gain, nodes = _median(result.units["sandbagging"]), result.moves.scheme.nodes
    worst = result.indicators["sandbagging"].dropna().sort_values(ascending=False)
    names = listed([called(nodes[name], name) for name in worst[worst > 0].index[:3]])
    most = when(names.zh, f"，主要来自：{names.zh}", f", most by: {names.en}")
    return LOW.says(
        lit(gain / result.moves.scheme.full, *WORTH),
        gain,
        f"一个单位若把目标降低 {result.easier:.0%}，工作照旧，总分中位数多得 {gain:.2f} 分{most.zh}。",
        f"A unit whose targets are {result.easier:.0%} easier, with the same work, gains "
        f"{gain:.2f} points (median){most.en}.",
    )


def _median(gains: pd.Series[float]) -> float:
    return round(float(gains.median()), 9) + 0.0


def _of_gaming(result: Reporting) -> Finding:
    there = result.over_reporting.notna().to_numpy().any()
    pays = float((result.units["expected"] > 0).mean()) if there else 0.0
    light, need = lit(pays, *PAYS), float(result.units["break_even"].max())
    if not there:
        return GAMING.says(
            light, need, "没有由单位上报的数据。", "No figure is reported by the units."
        )
    if not need > 0:
        return GAMING.says(
            light,
            need,
            f"各项数据都多报 {result.over:.0%}，谁也不会多得分。",
            f"All figures {result.over:.0%} too good bring nobody any points.",
        )
    enough = (
        np.ceil(need * 100 - 1e-9) / 100
    )  # the next whole percent: at need it just pays for one
    gain = _median(result.units["over_reporting"])
    return GAMING.says(
        light,
        need,
        f"各项数据都多报 {result.over:.0%}，总分中位数多 {gain:.2f} 分；抽查率 {result.audit:.0%}、"
        f"查出扣 {result.penalty:g} 分时，对 {pays:.0%} 的单位仍划算；抽查率到 {enough:.0%} "
        "才对谁都不划算。",
        f"All figures {result.over:.0%} too good bring {gain:.2f} points (median); with a "
        f"{result.audit:.0%} chance of detection and {result.penalty:g} points lost it still "
        f"pays for {pays:.0%} of the units; from {enough:.0%} on it pays for nobody.",
    )


def _of_stretched(result: Reporting) -> Finding:
    excess = result.amplification["excess"]
    if not len(excess):
        return AMPLIFIED.untold(
            "没有给出上级目标，无法判断；请在 higher 里给出。",
            "The targets of the level above are not given; name them in higher.",
        )
    most, name = float(excess.max()), str(excess.idxmax())
    if not most > 0:
        return AMPLIFIED.says(
            "green",
            most,
            "各单位目标之和都没有超过上级目标。",
            "The units' targets add up to no more than the target above.",
        )
    worst = called(result.moves.scheme.nodes[name], name)
    return AMPLIFIED.says(
        lit(most, *STRETCHED),
        most,
        f"各单位目标之和比上级目标最多高出 {most:.1%}（{worst.zh}）。",
        f"The units' targets add up to at most {most:.1%} more than the target above ({worst.en}).",
    )
