"""The cheapest way up (最省力的提升路径): to a total, a rank or a grade, and where weeks are best spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from simkaohe.engine import compiled
from simkaohe.fairness.choices import levers_of
from simkaohe.fairness.finding import joined
from simkaohe.fairness.given import by_indicator, check, is_number
from simkaohe.fairness.moving import Moves, Within
from simkaohe.fairness.programs import Choice, Program, Report
from simkaohe.fairness.ways import (
    Goal,
    Need,
    Standing,
    State,
    Way,
    figure,
    goal_of,
    way_of,
    why_not_sure,
)
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.rules.progress import Progress
from simkaohe.scheme.tree import Scheme

ROUNDS, PARED = 8, 26  # halvings: what is left of a limit is still told from nothing
"""How often rivals' totals are looked at again where a unit's improvement moves them, and halvings
of what is pared off then."""
WEEKS = 52.0


def cheapest_way(
    scheme: Scheme,
    panel: Panel,
    unit: str,
    *,
    rank: int | None = None,
    grade: str | None = None,
    total: float | None = None,
    within: Within = "all",
    costs: Mapping[str, float] | None = None,
    limits: Mapping[str, float] | None = None,
    steps: Mapping[str, float] | None = None,
    progress: Report | None = None,
) -> Way:
    """Return the cheapest improvements that bring a unit to a total, a rank or a grade.

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    unit : str
    rank : int, optional
        This rank or better.
    grade : str, optional
        This grade or better, by its name in either language.
    total : float, optional
        At least this total, as rounded by the scheme. Exactly one of the three is given.
    within : {"all", "category"}, default "all"
        Which rank is meant.
    costs : mapping of indicator id to float, optional
        Cost of one unit of improvement, in the unit of the value. Default: 1 for each step of
        :func:`effort` (1 % of the target, or a tenth of the interquartile range).
    limits : mapping of indicator id to float, optional
        The largest improvement. Default: up to the best value of any unit, or the target where that
        is better.
    steps : mapping of indicator id to float, optional
        Indicators that improve in whole steps only (one school, one project), and their size.
    progress : function, optional
        Called with the evaluations done and a number always ahead of them; what it raises stops it.

    Returns
    -------
    Way

    Raises
    ------
    SimkaoheError
        Unknown units, indicators or grades; none or several goals; numbers outside their bounds.

    Notes
    -----
    Rivals are frozen: they do nothing meanwhile. Each indicator's score is taken apart into straight
    pieces, kinks and jumps, as the engine gives it; which piece is used is a whole-number variable.
    A weighted sum then is one mixed-integer program. For geometric means, minima and products of
    papers the scores that reach a total form a convex set, and cutting planes close in on it
    (Kelley 1960). Where improvement moves rivals (rules that compare units), their totals are
    evaluated again until the goal holds. The answer is always evaluated by the whole scheme.
    ``proved`` is False, and ``why`` says so, where rivals moved, where a curve is taken as short
    lines, or where coefficients compare units, jump, or adjustments depend on scores.
    """
    moves = Moves(compiled(scheme, panel))
    place = moves.place("cheapest_way", unit)
    goal = goal_of(moves, place, rank=rank, grade=grade, total=total, within=within)
    cost = {leaf.id: 1 / float(moves.step[k, place]) for k, leaf in enumerate(moves.leaves)}
    most = np.abs(moves.best - moves.now)[:, place].tolist()
    limit = {leaf.id: end for leaf, end in zip(moves.leaves, most, strict=True)}
    cost |= by_indicator(scheme, "costs", costs)
    limit |= by_indicator(scheme, "limits", limits)
    program = Program(moves, place, levers_of(moves, place, cost, limit, steps), progress)
    return _cheapest(program, State(moves, place, program), goal)


def _cheapest(program: Program, state: State, goal: Goal, budget: float = np.inf) -> Way:
    choice, reached, moved, unsure = _found(program, state, goal)
    why = why_not_sure(program, goal, choice, reached, moved, unsure)
    way = way_of(program, state, goal.words, choice, reached, why)
    if not reached or way.cost <= budget * (1 + 1e-9):
        return way
    more = Words(
        f"要 {figure(way.cost)} 周工作量，只有 {figure(budget)} 周。",
        f"It takes {figure(way.cost)} weeks of work and there are {figure(budget)}.",
    )
    return replace(way, reached=False, why=joined(more, way.why))


def _found(program: Program, state: State, goal: Goal) -> tuple[Choice, bool, bool, bool]:
    """Return the cheapest choice that reaches the goal, whether it does, and what makes it unsure.

    That is whether rivals moved, and whether more than total and papers decides.
    """
    rivals, moved, unsure = state.now, False, False
    best: Choice | None = None
    for _ in range(ROUNDS):
        found = []
        for need in goal.needs(rivals):
            choice, after = _reaching(program, state, need)
            if choice is not None and after is not None:
                found.append((not goal.met(after), choice.cost, choice, after))
                unsure |= not need.sure
        if not found:
            after = state.after(program.highest)
            if moved or not state.rivals_moved(after):
                break
            found = [(not goal.met(after), program.highest.cost, program.highest, after)]
        missed, cost, choice, after = min(found, key=lambda each: each[:2])
        unsure |= any(miss and less < cost for miss, less, *_ in found)
        if not missed and (best is None or cost < best.cost):
            best = choice
        if not state.rivals_moved(after):
            break
        rivals, moved = after, True
    if best is not None:
        return _pared(program, state, goal, best) if moved else best, True, moved, unsure
    if goal.met(state.after(program.highest)):
        return _pared(program, state, goal, program.highest), True, moved, True
    return program.highest, False, moved, unsure


def _pared(program: Program, state: State, goal: Goal, choice: Choice) -> Choice:
    """Return a choice less what is not needed, the dearest improvement first, all evaluated."""
    kept = choice.improved.copy()
    costs = [lever.cost * d for lever, d in zip(program.levers, kept, strict=True)]
    for i in np.argsort(costs)[::-1]:
        if not kept[i]:
            continue
        ends = program.levers[i].ends
        whole = ends[:, 0] if (ends[:, 0] == ends[:, 1]).all() else None
        low, high = 0.0 if whole is None else -1.0, float(kept[i])
        for _ in range(PARED):
            between = [] if whole is None else whole[(low < whole) & (whole < high)]
            if whole is not None and not len(between):
                break
            kept[i] = (low + high) / 2 if whole is None else between[len(between) // 2]
            met = goal.met(state.after(replace(choice, improved=kept)))
            low, high = (low, kept[i]) if met else (kept[i], high)
        kept[i] = high
    return program.chosen(kept)


def _reaching(program: Program, state: State, need: Need) -> tuple[Choice | None, Standing | None]:
    """Return the cheapest choice for a total, aimed higher where a curve fell short of it."""
    aim, choice, after = need.total, None, None
    for _ in range(ROUNDS):
        choice = program.cheapest(aim, need.floors)
        if choice is None:
            return None, None
        after = state.after(choice)
        short = need.total - after.totals[program.place]
        if short <= 0 or all(lever.exact for lever in program.levers):
            break
        aim += 2 * short
    return choice, after


def sprint_plan(
    scheme: Scheme,
    panel: Panel,
    unit: str,
    *,
    weeks: float,
    teams: float = 1.0,
    rank: int | None = None,
    grade: str | None = None,
    total: float | None = None,
    within: Within = "all",
    pace: Mapping[str, float] | None = None,
    limits: Mapping[str, float] | None = None,
    steps: Mapping[str, float] | None = None,
    progress: Report | None = None,
) -> Way:
    """Return where the remaining weeks are best spent (剩下几周往哪里使劲).

    The most points that the weeks can bring; or, with a goal, the fewest weeks of work that reach it.

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    unit : str
    weeks : float > 0
        Weeks left.
    teams : float > 0, default 1
        Tasks that can be pushed at the same time: ``weeks × teams`` weeks of work are spent, at
        most ``weeks`` on one task.
    rank, grade, total, within : optional
        A goal, as in :func:`cheapest_way`; at most one of the first three.
    pace : mapping of indicator id to float, optional
        What a week of work brings, in the unit of the value. Default for tasks scored by progress to
        date: what was done in an average week so far (of the target, where nothing was); for others
        one step of :func:`effort`.
    limits : mapping of indicator id to float, optional
        The largest improvement. Default: what is open of the target; without one, up to the best
        value of any unit.
    steps : mapping of indicator id to float, optional
        Tasks that count in whole steps only.
    progress : function, optional
        As in :func:`cheapest_way`.

    Returns
    -------
    Way
        Costs are weeks of work; ``rates`` has the points per week of every task.

    Raises
    ------
    SimkaoheError
        As :func:`cheapest_way`.

    Notes
    -----
    What would be won anyway (the risk that the scheme assumes for open tasks) is in the total now;
    the weeks come on top. The same program as in :func:`cheapest_way`, with the weeks as a limit.
    """
    for name, number in (("weeks", weeks), ("teams", teams)):
        fine = is_number(number) and number > 0
        check({name: (number, fine, "大于 0 的数", "a number above 0")})
    moves = Moves(compiled(scheme, panel))
    place = moves.place("sprint_plan", unit)
    paces = {leaf.id: _pace(moves, place, k) for k, leaf in enumerate(moves.leaves)}
    paces |= by_indicator(moves.scheme, "pace", pace)
    stated = by_indicator(moves.scheme, "limits", limits)
    goals = np.where(np.isnan(moves.target), moves.best, moves.target)[:, place]
    open_ = np.maximum((goals - moves.now[:, place]) * moves.sign[:, place], 0.0)
    most = {
        name: min(stated.get(name, float(open_[k])), weeks * paces[name])
        for k, name in enumerate(paces)
    }
    cost = {name: 1 / week for name, week in paces.items()}
    program = Program(moves, place, levers_of(moves, place, cost, most, steps), progress)
    state = State(moves, place, program)
    if rank is not None or grade is not None or total is not None:
        goal = goal_of(moves, place, rank=rank, grade=grade, total=total, within=within)
        return _cheapest(program, state, goal, budget=weeks * teams)
    choice = program.richest(weeks * teams)
    words = Words(
        f"{figure(weeks)} 周、同时 {figure(teams)} 项，多得分最多",
        f"the most points in {figure(weeks)} weeks, {figure(teams)} at a time",
    )
    why = why_not_sure(program, None, choice, True, state.rivals_moved(state.after(choice)))
    return replace(way_of(program, state, words, choice, True, why), most=True)


def _pace(moves: Moves, place: int, k: int) -> float:
    """Return what a week of work brings to an indicator."""
    rule, value, target = moves.leaves[k].rule, moves.now[k, place], moves.target[k, place]
    if isinstance(rule, Progress) and target > 0:
        return float(value / (WEEKS * rule.elapsed) if value > 0 else target / WEEKS)
    return float(moves.step[k, place])
