"""鞭打快牛 (the ratchet): what a good year does to the years after it, when targets follow results."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from simkaohe.engine import compiled
from simkaohe.engine.standing import Array, Bools
from simkaohe.errors import check_seed
from simkaohe.fairness.finding import Finding, asked, lit, when
from simkaohe.fairness.given import check, check_names
from simkaohe.fairness.histories import Histories, Rule
from simkaohe.fairness.moving import Moves
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme

RULES = ("last", "mean", "external")
TOP = 0.2
"""Share of the units that count as the top of a year: as many as are usually 优秀."""
TAKEN = 0.3, 0.9
"""Part of a gain that later targets take back: a third is felt; nine tenths and more mean that doing
well hardly pays (Weitzman 1980: at 1 it does not pay at all)."""
COSTLY = 0.005, 0.02
"""Points that the top of a year loses in the next, as a share of full marks: half a point decides
places in ordinary schemes, two points decide grades (ours)."""
NOTHING = 1e-9


@dataclass(frozen=True, eq=False, repr=False)
class Ratchet:
    """鞭打快牛: who is punished for having done well.

    Attributes
    ----------
    moves : Moves
    rule : {"last", "mean", "external"}
    indicators : DataFrame
        Those that look back, by indicator: ``name``; ``target`` (whether the target follows the
        results), ``previous`` (whether last year's value counts, as for growth).
    units : DataFrame
        By unit: ``own`` and ``later``, points that a better year earns at once and, discounted, in
        the later years; ``ratchet`` = −later / own, NaN where it earns nothing at once; ``own_down``,
        ``later_down``, ``ratchet_down``, the same for a worse year; ``with_ratchet`` and
        ``with_external``, mean total of the later years when everybody goes on as now; ``lost`` =
        the second less the first.
    years : DataFrame
        By year: mean totals of the top of year 0 and of the rest, ``top`` and ``rest`` with
        targets that follow the results, ``top_external`` and ``rest_external`` with others.
    penalty, error : float
        Points that the top of a year falls further back in the next than it would if targets did
        not follow luck, the effort of all being the same, and its standard error.
    """

    moves: Moves
    rule: Rule
    indicators: pd.DataFrame
    units: pd.DataFrame
    years: pd.DataFrame
    penalty: float
    error: float

    def __repr__(self) -> str:
        return f"Ratchet({self.rule}, {len(self.indicators)} indicators, {len(self.units)} units)"

    @cached_property
    def punished(self) -> pd.DataFrame:
        """Units that lose most by targets that follow results, the most first.

        Columns: ``rank`` now; ``lost``; ``ratchet``.
        """
        ranks = pd.Series(self.moves.base.ranks[0], self.units.index, name="rank")
        frame = pd.concat([ranks, self.units[["lost", "ratchet"]]], axis=1)
        return frame[frame["lost"] > NOTHING].sort_values("lost", ascending=False, kind="stable")

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is found, for people who are no statisticians."""
        return _taken_back(self), _punished(self)


def ratchet(
    scheme: Scheme,
    panel: Panel,
    *,
    rule: Rule = "last",
    raised: float = 0.03,
    memory: int = 3,
    years: int = 5,
    discount: float = 0.95,
    step: float = 0.01,
    noise: float = 0.05,
    draws: int = 32,
    seed: int = 1,
) -> Ratchet:
    r"""Return what a good year does to the years after it (鞭打快牛).

    .. math:: \rho = -\frac{\sum_{s > t} \beta^{s - t}\, \partial T_s / \partial x_t}
                          {\partial T_t / \partial x_t}

    Parameters
    ----------
    scheme, panel : Scheme, Panel
        This year's data, year 0.
    rule : {"last", "mean", "external"}, default "last"
        Next year's target: last year's result and a bit more; the mean of the last ``memory`` years
        and a bit more; or this year's target and a bit more, whatever the results (raised once: the
        results stay the same too).
    raised : float > -1, default 0.03
        The bit more.
    memory : int >= 1, default 3
    years : int >= 2, default 5
    discount : float in (0, 1], default 0.95
        β: what a point next year is worth now.
    step : float in (0, 0.5), default 0.01
        How much better (and worse) a year is, as a share of the value. Both are evaluated, since
        caps make kinks.
    noise : float >= 0, default 0.05
        Good and bad luck of a year, as a share of the value.
    draws : int >= 2, default 32
        How many times ``years`` years are drawn.
    seed : int

    Returns
    -------
    Ratchet

    Raises
    ------
    SimkaoheError
        An unknown rule, numbers outside their bounds, a scheme that does not fit the data.

    Notes
    -----
    Indicators look back when their rule reads a target, or their measure or rule last year's value:
    growth on a high base is a ratchet whatever the targets. Everybody goes on as now: the same
    value every year, the same growth where growth is measured; before year 0 too. All other
    indicators stay. The penalty is measured among units of the same effort: all reach the same
    share of this year's targets and only luck parts them; it compares the top fifth of each year
    with the rest, in the year after, against the same draws with targets that would be expected
    without luck. Rules of a
    sprint (progress to date) take the year's result to be the value over the time elapsed.

    References
    ----------
    Complaint 2 of the formula manual; Weitzman (1980), The ratchet principle and performance
    incentives, Bell Journal of Economics 11(1); Bevan and Hood (2006), Public Administration 84(3).
    """
    check_names("rule", [str(rule)], RULES, Words("目标办法", "rule of targets"))
    unit = "0 到 1 的数", "a number from 0 to 1"
    check_seed(seed)
    check(
        {
            "raised": (raised, -1 < raised < np.inf, "大于 -1 的数", "a number above -1"),
            "memory": _whole(memory, 1),
            "years": _whole(years, 2),
            "discount": (discount, 0 < discount <= 1, *unit),
            "step": (step, 0 < step < 0.5, "0 到 0.5 的数", "a number from 0 to 0.5"),
            "noise": (noise, 0 <= noise < 1, *unit),
            "draws": _whole(draws, 2),
        }
    )
    moves = Moves(compiled(scheme, panel))
    histories = Histories(moves, rule, raised, memory)
    external = Histories(moves, "external", raised, memory)
    looked_back = memory if rule == "mean" else 1
    marginal = _marginal(histories, min(years, looked_back + 1), discount, step)
    steady = [h.totals(h.steady(years), years)[0] for h in (histories, external)]
    lasting = [totals[1:].mean(0) for totals in steady]
    units = pd.DataFrame(
        {**marginal, "with_ratchet": lasting[0], "with_external": lasting[1]},
        index=pd.Index(moves.engine.units, name="unit"),
    )
    units["lost"] = units["with_external"] - units["with_ratchet"]
    expected = Histories(moves, "expected", raised, memory)
    penalty, error = _penalty(histories, expected, years, noise, draws, seed)
    by_year = _by_year(moves, steady)
    return Ratchet(moves, rule, histories.indicators, units, by_year, penalty, error)


def _whole(number: float, least: int) -> tuple[float, bool, str, str]:
    fine = number >= least and number == int(number)
    return number, fine, f"≥ {least} 的整数", f"a whole number ≥ {least}"


def _marginal(histories: Histories, years: int, discount: float, step: float) -> dict[str, Array]:
    """Return what a better and a worse year earn at once and later, by unit."""
    base = histories.totals(histories.steady(years), years)[0]
    worth = discount ** np.arange(1, years)[:, None]
    found: dict[str, Array] = {}
    for suffix, size in (("", step), ("_down", -step)):
        change = histories.alone(years, size) - base
        own, later = change[0], (worth * change[1:]).sum(0)
        earns = np.abs(own) > NOTHING
        found["own" + suffix], found["later" + suffix] = own, later
        found["ratchet" + suffix] = np.where(earns, -later / np.where(earns, own, 1.0), np.nan)
    return found


def _by_year(moves: Moves, steady: list[Array]) -> pd.DataFrame:
    top = _top(moves.total[None])[0]
    columns = {
        f"{who}{which}": totals[:, units].mean(1) if units.any() else np.full(len(totals), np.nan)
        for which, totals in zip(("", "_external"), steady, strict=True)
        for who, units in (("top", top), ("rest", ~top))
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(steady[0]), name="year"))


def _penalty(
    histories: Histories, expected: Histories, years: int, noise: float, draws: int, seed: int
) -> tuple[float, float]:
    """Return how much further the top of a year falls back than with targets blind to luck."""
    if histories.rule == "external" or not histories.indicators["target"].any():
        return 0.0, 0.0  # targets are blind to luck
    course = histories.equal(years, noise, draws, seed)
    totals, other = (h.totals(course, years) for h in (histories, expected))
    top = _top(totals[:, :-1])
    lost = (other - totals)[:, 1:]
    gap = [
        np.where(who, lost, 0.0).sum((1, 2)) / np.maximum(who.sum((1, 2)), 1) for who in (top, ~top)
    ]
    each = gap[0] - gap[1]
    return float(each.mean()), float(each.std(ddof=1) / np.sqrt(draws))


def _top(totals: Array) -> Bools:
    """Return who is in the top fifth (at least one unit; all that tie with it)."""
    count = max(round(TOP * totals.shape[-1]), 1)
    line = np.sort(totals, -1)[..., -count, None]
    return totals >= line


# -- findings ----------------------------------------------------------------------------------------

OF_RULES = {
    "last": Words("今年的完成数再加码", "this year's result and a bit more"),
    "mean": Words("前几年的平均再加码", "the mean of the last years and a bit more"),
    "external": Words("与完成情况无关的数", "a figure that does not follow results"),
}
TAKEN_BACK = asked(
    "ratchet.taken_back",
    "今年做得好，明年会不会更难？",
    "Does doing well now make next year harder?",
    "方案没有写明年目标怎么定，这里是假设的办法；也没有算进单位因此少做的部分。",
    "The scheme does not say how next year's targets are set: this is an assumed way, and "
    "what units then hold back is not counted.",
)
WHIPPED = asked(
    "ratchet.penalty",
    "领先的单位是不是被“鞭打”？",
    "Are those in front punished for it?",
    "模拟里每年的运气按设定的大小抽取，真实的波动可能更大或更小。",
    "The luck of a year is drawn at an assumed size; in truth it may be larger or smaller.",
)


def _taken_back(result: Ratchet) -> Finding:
    if not len(result.indicators):
        return TAKEN_BACK.says(
            "green",
            0.0,
            "没有指标看目标或上年数，今年的好坏不影响以后的得分。",
            "No indicator looks at a target or at last year's value; a good year costs nothing later.",
        )
    units, said = result.units, OF_RULES[result.rule]
    rho = float(units["ratchet"].median())
    trapped = int(((units["own"] <= NOTHING) & (units["later"] < -NOTHING)).sum())
    more = when(
        trapped,
        f"另有 {trapped} 个单位今年多做不得分、明年反而吃亏。",
        f" For {trapped} units more earns nothing now and costs points later.",
    )
    if np.isnan(rho):
        return TAKEN_BACK.says(
            "red" if trapped else "grey",
            rho,
            f"如果明年的目标定为{said.zh}：今年再好一点都不加分。{more.zh}",
            f"If next year's target is {said.en}: a slightly better year earns nothing now.{more.en}",
        )
    back = Words(f"要被拿回 {abs(rho):.0%}", f"take back {abs(rho):.0%}")
    if rho < -0.005:
        back = Words(f"还会再得 {-rho:.0%}", f"add another {-rho:.0%}")
    return TAKEN_BACK.says(
        lit(rho, *TAKEN),
        rho,
        f"如果明年的目标定为{said.zh}：今年多得的分，以后{back.zh}（中位数）。{more.zh}",
        f"If next year's target is {said.en}: later years {back.en} of what a better year "
        f"earns (median).{more.en}",
    )


def _punished(result: Ratchet) -> Finding:
    names, lost = list(result.punished.index[:3]), result.penalty
    light = lit(lost / result.moves.scheme.full, *COSTLY)
    most = when(
        names,
        f"按现状延续，吃亏最多的是：{'、'.join(names)}。",
        f" Going on as now, it costs most: {', '.join(names)}.",
    )
    if result.rule == "external" or not result.indicators["target"].any():
        return WHIPPED.says(
            light,
            lost,
            f"目标不随完成情况变，凭运气领先的单位第二年不会多丢分。{most.zh}",
            f"Targets do not follow results: those that luck puts in front lose nothing by them in "
            f"the next year.{most.en}",
        )
    return WHIPPED.says(
        light,
        lost,
        f"同样努力、只凭运气领先的单位，第二年因目标跟着涨比其他单位多丢 {lost:.2f} 分"
        f"（误差 ±{2 * result.error:.2f}）。{most.zh}",
        f"Among units of the same effort, those that luck puts in front lose {lost:.2f} "
        f"points more than the others in the next year because targets follow results "
        f"(± {2 * result.error:.2f}).{most.en}",
    )
