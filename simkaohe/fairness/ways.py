"""A way up (提升路径): what to improve, what it costs, where it leads, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from simkaohe.fairness.finding import Finding
from simkaohe.fairness.goals import Goal, State
from simkaohe.fairness.programs import Choice, Program
from simkaohe.fairness.wording import grade_words
from simkaohe.labels import Words
from simkaohe.scheme.tree import Scheme


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
        moved = [
            Words("总分 {}→{}", "total {} → {}").format(figure(now["total"]), figure(then["total"]))
        ]
        if then["rank"]:
            moved.append(Words("名次 {}→{}", "rank {} → {}").format(now["rank"], then["rank"]))
        if then["grade"] is not None:
            a, b = (grade_words(self.scheme, name) for name in self.standing["grade"])
            moved.append(Words(f"等次 {a.zh}→{b.zh}", f"grade {a.en} → {b.en}"))
        zh, en = "，".join(w.zh for w in moved), ", ".join(w.en for w in moved)
        count = len(self.plan)
        if not self.reached:
            done = (
                Words(f"照下表全部做到：{zh}。", f"with all of the plan done: {en}.")
                if count
                else Words("没有可以改进的指标。", "there is nothing that it can improve.")
            )
            return Words(
                f"{self.unit}：目标是{self.goal.zh}，达不到；{done.zh}",
                f"{self.unit}: {self.goal.en} is out of reach; {done.en}",
            )
        if self.most and not count:
            return Words(
                f"{self.unit}：这段时间里没有任务能再加分。",
                f"{self.unit}: no task brings any more points in this time.",
            )
        if not count:
            return Words(
                f"{self.unit}：{self.goal.zh}，现在就已达到。",
                f"{self.unit}: {self.goal.en} is reached already.",
            )
        sure = (
            Words("已证明最优", "proved to be the best")
            if self.proved
            else Words("未证明最优", "not proved to be the best")
        )
        return Words(
            f"{self.unit}：{self.goal.zh}，改进 {count} 项、合计 {figure(self.cost)}（{sure.zh}）：{zh}。",
            f"{self.unit}: {self.goal.en} by {count} improvement{'' if count == 1 else 's'} at a cost "
            f"of {figure(self.cost)} ({sure.en}): {en}.",
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is found, for people who are no statisticians."""
        said = Words(
            f"{self.headline.zh}{self.why.zh}",
            f"{self.headline.en}{f' {self.why.en}' if self.why.en else ''}",
        )
        return (
            Finding(
                "cheapest_way",
                f"cheapest_way.{self.unit}",
                Words("怎样最省力地达到目标？", "What is the cheapest way to the goal?"),
                "green" if self.reached else "amber",
                self.cost,
                said,
                Words(
                    "假定其他单位不动；成本和上限是给定或约定的，换一组成本，答案会变。",
                    "Rivals are taken to stand still; costs and limits are given or conventions, and "
                    "with others the answer changes.",
                ),
            ),
        )


def why_not_sure(
    program: Program,
    goal: Goal | None,
    choice: Choice,
    reached: bool,
    moved: bool,
    unsure: bool = False,
) -> Words:
    """Return why a choice is not proved to be the best, or the goal not reached; empty if it is."""
    reasons = []
    if goal is not None and not reached and goal.barred:
        reasons.append(
            Words(
                "再多的分也不够：有一票否决、前提条件或名额挡着。",
                "No total is enough: a veto, a condition or the quota stands in the way.",
            )
        )
    if moved:
        reasons.append(
            Words(
                "计分要与别的单位比较，对手的分也变了。",
                "Rules compare units: rivals' totals moved.",
            )
        )
    if any(not lever.exact for lever in program.levers):
        reasons.append(
            Words(
                "有的指标得分是曲线，按小段直线近似。", "A score is a curve, taken as short lines."
            )
        )
    if program.shape is None:
        reasons.append(
            Words(
                "系数、条件或合成办法使总分不是凸的。",
                "Coefficients, conditions or the way of combining make the total non-convex.",
            )
        )
    if unsure:
        reasons.append(
            Words("同分或前提条件还看别的分数。", "Ties or conditions look at other scores too.")
        )
    if not choice.converged:
        reasons.append(Words("求解没有收敛。", "The search did not converge."))
    return Words("".join(r.zh for r in reasons), " ".join(r.en for r in reasons))


def way_of(
    program: Program, state: State, goal: Words, choice: Choice, reached: bool, why: Words
) -> Way:
    """Return what is shown of a choice."""
    after = state.after(choice)
    rows = []
    for i, lever in enumerate(program.levers):
        alone = program.start.copy()
        inside = [program.leaves.index(leaf) for leaf in lever.moving]
        alone[inside] = choice.scores[inside]
        # Next to nothing may still bring points: ahead of an equal, by a rule that compares.
        if choice.improved[i] <= 1e-9 * lever.limit and np.abs(alone - program.start).max() <= 1e-9:
            continue
        gain = program.totals(np.stack([program.start, alone]))
        rows.append(
            {
                "indicator": lever.leaf.id,
                "name": lever.leaf.label,
                "responsible": lever.leaf.responsible,
                "now": lever.now,
                "then": lever.now + lever.sign * choice.improved[i],
                "improvement": choice.improved[i],
                "cost": lever.cost * choice.improved[i],
                "points": gain[1] - gain[0],
            }
        )
    columns = ["indicator", "name", "responsible", "now", "then", "improvement", "cost", "points"]
    plan = pd.DataFrame(rows, columns=columns).set_index("indicator")
    standing = pd.DataFrame([state.now.row, after.row], index=["now", "then"])
    unit = program.moves.engine.units[program.place]
    return Way(
        unit,
        goal,
        reached,
        reached and not why.zh,
        why,
        plan.sort_values("cost", ascending=False, kind="stable"),
        _rates(program),
        standing,
        choice.cost,
        program.moves.scheme,
    )


def _rates(program: Program) -> pd.DataFrame:
    """Return points per cost of every lever, at the ends of its pieces."""
    rows: list[dict[str, Any]] = []
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
        rows.append(
            {
                "indicator": lever.leaf.id,
                "name": lever.leaf.label,
                "limit": lever.limit,
                "cost": lever.cost * lever.limit,
                "points": gains[-1],
                "first": per[0],
                "best": per.max(),
                "amount": costs[top],
            }
        )
    columns = ["indicator", "name", "limit", "cost", "points", "first", "best", "amount"]
    frame = pd.DataFrame(rows, columns=columns).set_index("indicator")
    return frame.sort_values("best", ascending=False, kind="stable")


def figure(number: Any) -> str:
    """Return a number as people write it."""
    return f"{number:.4g}" if abs(number) < 1000 else f"{number:.0f}"
