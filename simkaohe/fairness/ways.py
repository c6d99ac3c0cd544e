"""Ways up (提升路径): where a unit stands, what it aims at, what to improve, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine.standing import Array
from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.fairness.finding import Finding, Light, asked, grade_words, joined, when
from simkaohe.fairness.given import check, is_number
from simkaohe.fairness.moving import Moves, Within, check_within
from simkaohe.fairness.programs import Choice, Program
from simkaohe.labels import Words
from simkaohe.scheme.tree import Scheme

EXACT = 9
"""Decimals where a scheme rounds to none, as in the engine."""


@dataclass(frozen=True, eq=False, repr=False)
class Way:
    """提升路径: what to improve by how much, what it costs, and where it leads.

    Attributes
    ----------
    unit : str
    goal : Words
    reached : bool
        Whether the whole scheme, evaluated with these improvements, reaches the goal.
    proved : bool
        Whether nothing cheaper (nothing better, for a budget) reaches it, rivals being frozen.
    why : Words
        Why that is not proved, or the goal not reached; empty otherwise.
    plan : DataFrame
        By indicator, the most costly first: ``name``, ``responsible``, ``now``, ``then``,
        ``improvement`` (in the unit of the value), ``cost``, ``points`` (what it adds to the total
        alone). When the goal cannot be reached: the best that can be, everything at its limit; when
        only the weeks are too few: what it would take.
    rates : DataFrame
        By every indicator that can be improved, the best first: ``name``, ``limit`` (largest
        improvement), ``cost`` of all of it and ``points`` for it; ``first``, points per cost of the
        first bit; ``best``, the most points per cost that any amount has, and ``amount``, the cost
        from which on.
    standing : DataFrame
        ``now`` and ``then`` × total, rank, category_rank, grade (rank 0: not ranked).
    cost : float
    scheme : Scheme
    most : bool
        Whether the most points were asked for, and no goal.
    """

    unit: str
    goal: Words
    reached: bool
    proved: bool
    why: Words
    plan: pd.DataFrame
    rates: pd.DataFrame
    standing: pd.DataFrame
    cost: float
    scheme: Scheme
    most: bool = False

    def __repr__(self) -> str:
        return f"Way({self.unit}, {self.goal.en}, {'reached' if self.reached else 'not reached'})"

    @property
    def headline(self) -> Words:
        """The answer in one sentence."""
        now, then = self.standing.loc["now"], self.standing.loc["then"]
        totals = figure(now["total"]), figure(then["total"])
        moved = [Words("总分 {}→{}", "total {} → {}").format(*totals)]
        if then["rank"]:
            moved.append(Words("名次 {}→{}", "rank {} → {}").format(now["rank"], then["rank"]))
        if then["grade"] is not None:
            a, b = (grade_words(self.scheme, name) for name in self.standing["grade"])
            moved.append(Words(f"等次 {a.zh}→{b.zh}", f"grade {a.en} → {b.en}"))
        zh, en = "，".join(w.zh for w in moved), ", ".join(w.en for w in moved)
        count, goal, unit = len(self.plan), self.goal, self.unit
        if not self.reached:
            done = Words("没有可以改进的指标。", "there is nothing that it can improve.")
            if count:
                done = Words(f"照下表全部做到：{zh}。", f"with all of the plan done: {en}.")
            return Words(
                f"{unit}：目标是{goal.zh}，达不到；{done.zh}",
                f"{unit}: {goal.en} is out of reach; {done.en}",
            )
        if self.most and not count:
            return Words(
                f"{unit}：这段时间里没有任务能再加分。",
                f"{unit}: no task brings any more points in this time.",
            )
        if not count:
            return Words(
                f"{unit}：{goal.zh}，现在就已达到。", f"{unit}: {goal.en} is reached already."
            )
        sure = Words("未证明最优", "not proved to be the best")
        if self.proved:
            sure = Words("已证明最优", "proved to be the best")
        return Words(
            f"{unit}：{goal.zh}，改进 {count} 项、合计 {figure(self.cost)}（{sure.zh}）：{zh}。",
            f"{unit}: {goal.en} by {count} improvement{'' if count == 1 else 's'} at a cost "
            f"of {figure(self.cost)} ({sure.en}): {en}.",
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is found, for people who are no statisticians."""
        asks = asked(
            f"cheapest_way.{self.unit}",
            "怎样最省力地达到目标？",
            "What is the cheapest way to the goal?",
            "假定其他单位不动；成本和上限是给定或约定的，换一组成本，答案会变。",
            "Rivals are taken to stand still; costs and limits are given or conventions, and "
            "with others the answer changes.",
        )
        light: Light = "green" if self.reached else "amber"
        return (asks.says(light, self.cost, *joined(self.headline, self.why)),)


def why_not_sure(
    program: Program,
    goal: Goal | None,
    choice: Choice,
    reached: bool,
    moved: bool,
    unsure: bool = False,
) -> Words:
    """Return why a choice is not proved to be the best, or the goal not reached; empty if it is."""
    return joined(
        when(
            goal is not None and not reached and goal.barred,
            "再多的分也不够：有一票否决、前提条件或名额挡着。",
            "No total is enough: a veto, a condition or the quota stands in the way.",
        ),
        when(
            moved,
            "计分要与别的单位比较，对手的分也变了。",
            "Rules compare units: rivals' totals moved.",
        ),
        when(
            any(not lever.exact for lever in program.levers),
            "有的指标得分是曲线，按小段直线近似。",
            "A score is a curve, taken as short lines.",
        ),
        when(
            program.shape is None,
            "系数、条件或合成办法使总分不是凸的。",
            "Coefficients, conditions or the way of combining make the total non-convex.",
        ),
        when(
            unsure, "同分或前提条件还看别的分数。", "Ties or conditions look at other scores too."
        ),
        when(not choice.converged, "求解没有收敛。", "The search did not converge."),
    )


def way_of(
    program: Program, state: State, goal: Words, choice: Choice, reached: bool, why: Words
) -> Way:
    """Return what is shown of a choice."""
    after = state.after(choice)
    rows = []
    for lever, more in zip(program.levers, choice.improved, strict=True):
        alone = program.start.copy()
        inside = [program.leaves.index(leaf) for leaf in lever.moving]
        alone[inside] = choice.scores[inside]
        # Next to nothing may still bring points: ahead of an equal, by a rule that compares.
        if more <= 1e-9 * lever.limit and np.abs(alone - program.start).max() <= 1e-9:
            continue
        before, then = program.totals(np.stack([program.start, alone]))
        leaf, value = lever.leaf, lever.now + lever.sign * more
        rows.append([leaf.id, leaf.label, leaf.responsible, lever.now, value, more,
                     lever.cost * more, then - before])  # fmt: skip
    columns = ["indicator", "name", "responsible", "now", "then", "improvement", "cost", "points"]
    plan = pd.DataFrame(rows, columns=columns).set_index("indicator")
    plan = plan.sort_values("cost", ascending=False, kind="stable")
    standing = pd.DataFrame([state.now.row, after.row], index=["now", "then"])
    unit, proved = program.moves.engine.units[program.place], reached and not why.zh
    rates, scheme = _rates(program), program.moves.scheme
    return Way(unit, goal, reached, proved, why, plan, rates, standing, choice.cost, scheme)


def _rates(program: Program) -> pd.DataFrame:
    """Return points per cost of every lever, at the ends of its pieces."""
    rows: list[list[Any]] = []
    base = float(program.totals(program.start[None])[0])
    for lever in program.levers:
        inside = [program.leaves.index(leaf) for leaf in lever.moving]
        ends, values = lever.ends.reshape(-1), lever.scores.reshape(len(lever.ends) * 2, -1)
        scores = np.repeat(program.start[None], len(ends), 0)
        scores[:, inside] = values
        gains, costs = program.totals(scores) - base, lever.cost * ends
        later = np.flatnonzero(costs > 0)
        per = gains[later] / costs[later]
        top = later[per.argmax()]
        rows.append([lever.leaf.id, lever.leaf.label, lever.limit, lever.cost * lever.limit,
                     gains[-1], per[0], per.max(), costs[top]])  # fmt: skip
    columns = ["indicator", "name", "limit", "cost", "points", "first", "best", "amount"]
    frame = pd.DataFrame(rows, columns=columns).set_index("indicator")
    return frame.sort_values("best", ascending=False, kind="stable")


def figure(number: Any) -> str:
    """Return a number as people write it."""
    return f"{number:.4g}" if abs(number) < 1000 else f"{number:.0f}"


# -- standings and goals ---------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Standing:
    """Where a unit stands, and everybody's total (N,), before rounding."""

    totals: Array
    total: float
    rank: int
    category_rank: int
    grade: int | None
    grade_name: str | None

    @property
    def row(self) -> dict[str, object]:
        """The same for a table."""
        return {"total": self.total, "rank": self.rank, "category_rank": self.category_rank,
                "grade": self.grade_name}  # fmt: skip


class State:
    """The whole scheme's answers to choices of one unit."""

    def __init__(self, moves: Moves, place: int, program: Program) -> None:
        self._moves, self._place, self._program = moves, place, program
        self.now = standing_of(moves, place, {})

    def after(self, choice: Choice) -> Standing:
        """Return where the unit stands when its improvements are made."""
        self._program.tell()
        draws = {}
        for lever, improved in zip(self._program.levers, choice.improved, strict=True):
            column = self._moves.now[lever.k].copy()
            column[self._place] += lever.sign * improved
            draws[lever.path] = column[None]
        return standing_of(self._moves, self._place, draws)

    def rivals_moved(self, after: Standing) -> bool:
        """Whether anybody else's total is not what it was."""
        change = np.abs(after.totals - self.now.totals)
        change[self._place] = 0.0
        return bool((change > 1e-9).any())


def standing_of(moves: Moves, place: int, draws: dict[str, Array]) -> Standing:
    """Return where a unit stands under some draws of the data (1, N)."""
    root = moves.scheme.root.id
    out = moves.engine.run(draws, nodes=(root,), check=False)
    bands = moves.scheme.grades.bands if moves.scheme.grades else ()
    code = None if out.grades is None else int(out.grades[0, place])
    return Standing(
        np.asarray(out.scores[root][0]) * moves.scheme.full / 100,
        float(out.totals[0, place]),
        int(out.ranks[0, place]),
        int(out.category_ranks[0, place]),
        code,
        None if code is None or code < 0 else bands[code].name,
    )


@dataclass(frozen=True, eq=False)
class Need:
    """A total, before rounding, and scores of groups that reach a goal together.

    ``sure`` is False where more than these decides.
    """

    total: float
    floors: Mapping[str, float]
    sure: bool


@dataclass(frozen=True, eq=False)
class Goal:
    """A total, a rank or a grade (the place of its band): one of the three."""

    moves: Moves
    place: int
    words: Words
    total: float | None
    rank: int | None
    grade: int | None
    within: Within

    def met(self, state: Standing) -> bool:
        """Whether a standing reaches the goal."""
        if self.total is not None:
            return state.total >= self.total - 0.5 * self._digit * 1e-3
        if self.rank is not None:
            mine = state.rank if self.within == "all" else state.category_rank
            return 0 < mine <= self.rank
        return state.grade is not None and self.grade is not None and 0 <= state.grade <= self.grade

    @property
    def barred(self) -> bool:
        """Whether no total reaches the goal, whatever else is improved."""
        return not self.needs(standing_of(self.moves, self.place, {}))

    def needs(self, rivals: Standing) -> list[Need]:
        """Return what reaches the goal while rivals stand as they do: one of these will do.

        The last is the lowest total that is enough with everything else as it is. Before it may
        stand lower ones that need a paper's score as well (a tie that it breaks, a condition on it).
        """
        if self.total is not None:
            return [Need(self._least(self.total), {}, True)]
        digit = self._digit
        levels = np.unique(np.round(rivals.totals / digit)) * digit
        bands = self.moves.scheme.grades.bands if self.moves.scheme.grades else ()
        lines = [band.at_least for band in bands if band.at_least is not None]
        top = max([float(levels.max()), *lines]) + digit
        tried = np.unique(np.concatenate([levels, levels + digit, lines, [top]]))
        plain = self._reached(rivals, tried, {})
        end = int(plain.argmax()) if plain.any() else len(tried)
        found = [Need(self._least(float(tried[end])), {}, True)] if plain.any() else []
        if self.grade is None or not self.moves.deciding:
            return found
        most = {name: max(100.0, s[self.place]) for name, s in self.moves.deciding.items()}
        helped = self._reached(rivals, tried, most)
        first = int(helped.argmax()) if helped.any() else end
        if first >= end:
            return found
        name = next(iter(most))
        sure = len(most) == 1 and (end - first == 1 or end == len(tried))
        floors = {n: self._floor(rivals, float(tried[first]), n) for n in most} if sure else {}
        lower = Need(self._least(float(tried[first])), {name: floors[name]} if sure else {}, sure)
        return [lower, *found]

    def _floor(self, rivals: Standing, total: float, name: str) -> float:
        """Return the least score of a group with which a total reaches the goal."""
        low, high = float(self.moves.deciding[name][self.place]), 100.0
        for _ in range(40):
            middle = (low + high) / 2
            reached = self._reached(rivals, np.array([total]), {name: middle})[0]
            low, high = (low, middle) if reached else (middle, high)
        return high

    def _reached(
        self, rivals: Standing, tried: Array, given: Mapping[str, float]
    ) -> npt.NDArray[np.bool_]:
        """Return with which totals (R,) the goal holds, with scores of some groups as given."""
        scheme, engine = self.moves.scheme, self.moves.engine
        scale = 100 / scheme.full
        rows = np.repeat(rivals.totals[None] * scale, len(tried), 0)
        rows[:, self.place] = tried * scale
        scores = {scheme.root.id: rows}
        for name, score in given.items():
            scores[name] = np.repeat(self.moves.deciding[name][None], len(tried), 0)
            scores[name][:, self.place] = score
        out = engine.what_if(scores)
        if self.rank is not None:
            ranks = (out.ranks if self.within == "all" else out.category_ranks)[:, self.place]
            return np.asarray((ranks > 0) & (ranks <= self.rank))
        assert out.grades is not None
        assert self.grade is not None
        grades = out.grades[:, self.place]
        return np.asarray((grades >= 0) & (grades <= self.grade))

    @property
    def _digit(self) -> float:
        digits = self.moves.scheme.ranking.digits
        return 10.0 ** -(EXACT if digits is None else digits)

    def _least(self, rounded: float) -> float:
        """Return the least total that is rounded to at least this."""
        return float(np.ceil(rounded / self._digit - 1e-6) - 0.5) * self._digit


def goal_of(
    moves: Moves,
    place: int,
    *,
    rank: int | None,
    grade: str | None,
    total: float | None,
    within: Within,
) -> Goal:
    """Return the goal that is asked for; refuse none, several, and what there is not."""
    asked = {"rank": rank, "grade": grade, "total": total}
    given = [name for name, goal in asked.items() if goal is not None]
    if len(given) != 1:
        found = Words("、".join(given) or "没有", " and ".join(given) or "none of them")
        expected = Words("rank、grade、total 之一", "one of rank, grade, total")
        raise SimkaoheError(Problem("cheapest_way", found, expected))
    check_within(within)
    code, words = None, Words("", "")
    if total is not None:
        check({"total": (total, is_number(total), "一个数", "a number")})
        words = Words(f"总分达到 {total:g}", f"a total of {total:g}")
    if rank is not None:
        count = len(moves.engine.units)
        fine = is_number(rank) and rank == int(rank) and 1 <= rank <= count
        check({"rank": (rank, fine, f"1 到 {count} 的名次", f"a rank from 1 to {count}")})
        inside = when(within == "category", "类内", " in its category")
        words = Words(f"{inside.zh}进入前 {rank} 名", f"rank {rank}{inside.en}")
    if grade is not None:
        bands = moves.scheme.grades.bands if moves.scheme.grades else ()
        names = {band.name: band.name_en or band.name for band in bands}
        codes = [i for i, band in enumerate(bands) if grade in (band.name, band.name_en)]
        if not codes:
            raise SimkaoheError(unknown("grade", grade, names, Words("等次", "grade")))
        code = codes[0]
        words = Words(f"评上“{bands[code].name}”", f"grade {names[bands[code].name]!r}")
    return Goal(moves, place, words, total, rank, code, within)
