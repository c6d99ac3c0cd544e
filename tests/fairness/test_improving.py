"""The cheapest way up against brute force; what cannot be reached; where weeks are best spent."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest

import simkaohe as sk
from simkaohe import labels
from simkaohe.fairness import cheapest_way, sprint_plan
from simkaohe.fairness.choices import traced

CASES = (
    "cadre_360", "county_targets", "sprint", "tai", "target_responsibility", "three_papers",
)  # fmt: skip
ENDS = {"method": "minmax", "worst": 0.0, "best": 100.0}


def scheme_of(root: dict[str, Any], **more: Any) -> sk.Scheme:
    return sk.Scheme.read({"root": {"id": "total", **root}, **more})


def panel_of(actual: dict[str, list[float]], **tables: dict[str, list[float]]) -> sk.Panel:
    units = [f"u{i}" for i in range(len(next(iter(actual.values()))))]
    frames = {name: pd.DataFrame(table, units) for name, table in tables.items()}
    return sk.Panel(pd.DataFrame(actual, units), **frames)


def brute(
    scheme: sk.Scheme,
    panel: sk.Panel,
    choices: dict[str, np.ndarray[Any, Any]],
    costs: dict[str, float],
    reached: Any,
) -> tuple[float, dict[str, float]]:
    """Return the least cost among all combinations of improvements of u0 that reach something."""
    names = list(choices)
    grid = np.array(list(itertools.product(*choices.values())))
    engine = sk.Engine(scheme, panel)
    draws = {}
    for k, name in enumerate(names):
        rows = np.repeat(engine.numbers("actual", name)[None], len(grid), 0)
        rows[:, 0] += grid[:, k]
        draws[f"data.actual.{name}"] = rows
    fine = reached(engine.run(draws))
    price = grid @ np.array([costs[name] for name in names])
    best = int(np.where(fine, price, np.inf).argmin())
    return float(price[best]), dict(zip(names, grid[best], strict=True))


def test_a_weighted_sum_is_a_fractional_knapsack() -> None:
    """Slope per cost: x .5/1, y .3/.4, z .2/1: y first to its limit, then x."""
    leaves = [{"id": n, "weight": w, "rule": ENDS} for n, w in (("x", 50), ("y", 30), ("z", 20))]
    scheme = scheme_of({"children": leaves}, ranking={"digits": 2})
    panel = panel_of({"x": [50.0, 80.0], "y": [50.0, 80.0], "z": [50.0, 80.0]})
    way = cheapest_way(
        scheme, panel, "u0", total=60.0, costs={"x": 1.0, "y": 0.4, "z": 1.0}, limits={"y": 20.0}
    )
    assert way.proved
    assert way.plan.loc["y", "improvement"] == pytest.approx(20.0, abs=1e-4)
    needed = (59.995 - 50 - 0.3 * 20) / 0.5
    assert way.plan.loc["x", "improvement"] == pytest.approx(needed, abs=1e-4)
    assert way.cost == pytest.approx(0.4 * 20 + needed, abs=1e-4)
    assert way.rates.loc["y", "best"] == pytest.approx(0.3 / 0.4)
    assert way.rates.index[0] == "y"


def test_bands_caps_and_whole_steps_against_brute_force() -> None:
    tiers = {"method": "tiers", "thresholds": [60, 75, 90], "points": [40, 60, 85, 100]}
    leaves = [
        {"id": "tiers", "weight": 3, "rule": tiers},
        {"id": "done", "weight": 4, "rule": {"method": "completion", "cap": 1.1, "start": 0.6}},
        {"id": "schools", "weight": 2, "rule": {"method": "completion"}},
    ]
    scheme = scheme_of({"children": leaves}, ranking={"digits": 1})
    panel = panel_of(
        {"tiers": [50.0, 80.0], "done": [50.0, 90.0], "schools": [4.0, 9.0]},
        target={"tiers": [np.nan] * 2, "done": [100.0] * 2, "schools": [10.0] * 2},
    )
    costs = {"tiers": 1.0, "done": 1.0, "schools": 6.0}
    limits = {"tiers": 45.0, "done": 70.0, "schools": 6.0}
    choices = {
        "tiers": np.array([0.0, 10.0, 25.0, 40.0]),
        "done": np.arange(0.0, 70.01, 0.1),
        "schools": np.arange(7.0),
    }
    for total in (50.0, 62.0, 75.0, 88.0, 95.0):
        way = cheapest_way(
            scheme, panel, "u0", total=total, costs=costs, limits=limits, steps={"schools": 1.0}
        )
        least, _ = brute(
            scheme, panel, choices, costs, lambda out, t=total: out.totals[:, 0] >= t - 1e-9
        )
        assert way.proved
        assert least - 0.11 <= way.cost <= least + 1e-4, total
        assert way.plan.get("improvement", pd.Series()).get("schools", 0.0) % 1 == pytest.approx(0)


@pytest.mark.parametrize("combine", ["multiplier", "geometric", "minimum", "clipped"])
def test_products_and_minima_against_brute_force(combine: str) -> None:
    method: dict[str, Any] = {"method": combine}
    if combine in ("multiplier", "clipped"):
        method = {"method": "multiplier", "base": "work"}
    if combine == "clipped":
        method |= {"map": "fixed_band", "low": 0.8, "high": 1.0}
    work = {
        "id": "work",
        "weight": 2,
        "children": [{"id": n, "weight": w, "rule": ENDS} for n, w in (("a", 2), ("b", 1))],
    }
    party = {"id": "party", "rule": ENDS}
    scheme = scheme_of({"children": [work, party], "combine": method}, ranking={"digits": 2})
    panel = panel_of({"a": [60.0, 90.0], "b": [50.0, 95.0], "party": [70.0, 95.0]})
    costs = {"a": 1.0, "b": 0.7, "party": 1.3}
    grid = np.arange(0.0, 30.01, 1.0)
    for more in (2.0, 7.0, 15.0):
        total = round(float(sk.evaluate(scheme, panel).ranking.loc["u0", "total"]) + more, 2)
        way = cheapest_way(
            scheme, panel, "u0", total=total, costs=costs, limits=dict.fromkeys(costs, 30.0)
        )
        least, _ = brute(
            scheme,
            panel,
            dict.fromkeys(costs, grid),
            costs,
            lambda out, t=total: out.totals[:, 0] >= t - 1e-9,
        )
        if not np.isfinite(least):
            assert not way.reached
            continue
        assert way.reached
        assert way.cost <= least + 1e-6
        assert way.cost >= least - 3.0  # the grid's own coarseness: a step of each
        assert way.proved
        # finer, around the answer: nothing cheaper there
        near = {
            n: np.clip(way.plan["improvement"].get(n, 0.0) + np.linspace(-1, 1, 15), 0, 30)
            for n in costs
        }
        least, _ = brute(
            scheme, panel, near, costs, lambda out, t=total: out.totals[:, 0] >= t - 1e-9
        )
        assert way.cost <= least + 1e-4


def test_a_rank_and_a_grade_behind_frozen_rivals() -> None:
    leaves = [{"id": "x", "weight": 3, "rule": ENDS}, {"id": "y", "weight": 1, "rule": ENDS}]
    scheme = scheme_of(
        {"children": leaves},
        ranking={"digits": 1},
        grades={
            "bands": [
                {"name": "优", "name_en": "A", "share": 0.4, "at_least": 70.0},
                {"name": "差"},
            ],
            "tie_break": ["x"],
        },
    )
    panel = panel_of({"x": [40.0, 90.0, 70.0, 60.0, 50.0], "y": [40.0, 90.0, 70.0, 60.0, 50.0]})
    costs = {"x": 3.0, "y": 0.5}
    way = cheapest_way(scheme, panel, "u0", rank=3, costs=costs)
    assert way.proved
    assert way.standing.loc["then", "rank"] == 3
    # 59.95 rounds to 60.0, which ties with the third: y to its limit 90 (12.5 points), then x
    assert way.cost == pytest.approx(0.5 * 50 + 3 * (19.95 - 12.5) / 0.75, abs=1e-3)
    way = cheapest_way(scheme, panel, "u0", grade="A", costs=costs)
    # Two seats; a tie at 70.0 is broken by x, where u0 has less: 70.1 is needed
    assert way.standing.loc["then", "grade"] == "优"
    assert way.cost == pytest.approx(0.5 * 50 + 3 * (30.05 - 12.5) / 0.75, abs=1e-3)


def test_a_tie_that_a_paper_breaks_is_used_when_that_is_cheaper() -> None:
    """Level with the best at 60, the paper of x decides."""
    leaves = [
        {"id": "p", "weight": 1, "children": [{"id": "x", "rule": ENDS}]},
        {"id": "q", "weight": 1, "children": [{"id": "y", "rule": ENDS}]},
    ]
    scheme = scheme_of(
        {"children": leaves},
        ranking={"digits": 0},
        grades={"bands": [{"name": "优", "seats": 1}, {"name": "差"}], "tie_break": ["p"]},
    )
    panel = panel_of({"x": [50.0, 60.0, 65.0], "y": [50.0, 60.0, 40.0]})
    costs = {"x": 1.02, "y": 1.0}
    limits = {"x": 40.0, "y": 40.0}
    way = cheapest_way(scheme, panel, "u0", grade="优", costs=costs, limits=limits)
    choices = dict.fromkeys(costs, np.arange(0.0, 30.01, 0.1))
    least, _ = brute(scheme, panel, choices, costs, lambda out: out.grades[:, 0] == 0)
    # a tie at 60 (59.5 rounds up) with x just above 60 costs 19.2; 61 by y alone costs 21
    assert least == pytest.approx(1.02 * 10.1 + 8.9)
    assert way.reached
    assert way.proved
    assert way.cost == pytest.approx(19.2, abs=0.001)


def test_what_cannot_be_reached_is_said_with_the_best_that_can() -> None:
    scheme = scheme_of({"children": [{"id": "x", "rule": ENDS}]}, ranking={"digits": 1})
    panel = panel_of({"x": [50.0, 80.0]})
    way = cheapest_way(scheme, panel, "u0", total=90.0)
    assert not way.reached
    assert not way.proved
    assert way.standing.loc["then", "total"] == 80.0
    assert "out of reach" in way.headline.en
    assert "达不到" in way.headline.zh
    assert way.findings[0].light == "amber"
    veto = {"no": {"method": "veto", "effects": ["out"]}}
    events = pd.DataFrame({"unit": ["u0"], "event": ["no"]})
    out = cheapest_way(
        scheme.edit({"adjustments": veto}), panel.replace(events=events), "u0", rank=1
    )
    assert not out.reached
    assert "veto" in out.why.en
    done = cheapest_way(scheme, panel, "u1", rank=1)
    assert done.reached
    assert done.proved
    assert done.plan.empty
    assert "already" in done.headline.en


def test_rivals_that_move_are_evaluated_again() -> None:
    """Min–max: beyond the best, every step lowers the others too; rank 1 needs less than frozen."""
    scheme = scheme_of(
        {"children": [{"id": "x", "rule": "minmax"}, {"id": "y", "rule": ENDS}]},
        ranking={"digits": 2},
    )
    panel = panel_of({"x": [50.0, 60.0, 0.0], "y": [50.0, 70.0, 10.0]})
    way = cheapest_way(
        scheme, panel, "u0", rank=1, costs={"x": 1.0, "y": 100.0}, limits={"x": 60.0, "y": 1.0}
    )
    assert way.reached
    assert not way.proved
    assert "rivals" in way.why.en
    # x' > 60: u0 50 + 25, u1 50 * 60 / x' + 35: level at x' = 75, and 0.01 is rounded
    assert way.plan.loc["x", "then"] == pytest.approx(75.0, abs=0.05)
    assert way.standing.loc["then", "rank"] == 1


def test_a_function_is_taken_apart_exactly() -> None:
    def f(x: Any) -> Any:
        return np.where(x < 0.3, x, np.where(x < 0.7, 1 + 2 * x, 5.0))[:, None]

    ends, values, exact = traced(f, 1.0)
    assert exact
    assert ends == pytest.approx(np.array([[0, 0.3], [0.3, 0.7], [0.7, 1.0]]), abs=1e-9)
    assert values[:, :, 0] == pytest.approx(np.array([[0, 0.3], [1.6, 2.4], [5, 5]]), abs=1e-8)
    curve = traced(lambda x: (100 * np.sqrt(1 + x))[:, None], 1.0)
    assert not curve[2]


def test_weeks_go_where_they_earn_most() -> None:
    """榕溪县: brute force over the corners that the README's table of progress tells."""
    scheme, panel = sk.load("sprint")
    plan = sprint_plan(scheme, panel, "榕溪县", weeks=8, teams=3)
    assert plan.proved
    assert plan.cost <= 24 + 1e-6
    assert (plan.plan["cost"] <= 8 + 1e-6).all()
    order = plan.rates["best"]
    greedy = order.index[0]
    assert greedy in plan.plan.index
    # any other spending of 24 weeks: random ones, evaluated whole, are no better
    engine = sk.Engine(scheme, panel)
    place = engine.units.index("榕溪县")
    rng = np.random.default_rng(0)
    names, rows = list(plan.rates.index), 4000
    share = rng.dirichlet(np.full(len(names), 0.15), rows) * 24
    weeks = np.minimum(share, plan.rates["cost"].to_numpy())
    pace = (plan.rates["limit"] / plan.rates["cost"]).to_numpy()
    draws = {}
    for k, name in enumerate(names):
        column = np.repeat(engine.numbers("actual", name)[None], rows, 0)
        column[:, place] += weeks[:, k] * pace[k]
        draws[f"data.actual.{name}"] = column
    tried = engine.run(draws, nodes=("total",)).scores["total"][:, place]
    own = {f"data.actual.{n}": engine.numbers("actual", n)[None].copy() for n in plan.plan.index}
    for name in plan.plan.index:
        own[f"data.actual.{name}"][0, place] = plan.plan.loc[name, "then"]
    best = engine.run(own, nodes=("total",)).scores["total"][0, place]
    assert best >= tried.max() - 1e-6
    more = sprint_plan(scheme, panel, "榕溪县", weeks=8, teams=6)
    assert more.standing.loc["then", "total"] >= plan.standing.loc["then", "total"]


def test_the_seat_of_the_sprint_is_reached_for_less_than_three_rescues() -> None:
    scheme, panel = sk.load("sprint")
    way = cheapest_way(scheme, panel, "榕溪县", grade="优秀")
    assert way.reached
    assert way.proved
    actual = panel.frame("actual")
    for name, row in way.plan.iterrows():
        actual.loc["榕溪县", name] = row["then"]
    ranking = sk.evaluate(scheme, panel.replace(actual=actual)).ranking.loc["榕溪县"]
    assert ranking["grade"] == "优秀"
    assert ranking["total"] == way.standing.loc["then", "total"]


@pytest.mark.parametrize("case", CASES)
def test_bundled_cases_in_both_languages(case: str) -> None:
    scheme, panel = sk.load(case)
    ranking = sk.evaluate(scheme, panel).ranking
    ranking = ranking[ranking["rank"].notna()]
    unit, total = ranking.index[len(ranking) // 2], float(ranking["total"].iloc[len(ranking) // 2])
    way = cheapest_way(scheme, panel, unit, total=round(total + 0.5, 2))
    plan = sprint_plan(scheme, panel, unit, weeks=2)
    for language in ("zh", "en"):
        labels.use_language(language)
        for found in (way, plan):
            assert str(found.headline)
            assert all(str(f.sentence) and str(f.caution) for f in found.findings)
    assert plan.standing.loc["then", "total"] >= plan.standing.loc["now", "total"]
    if way.reached:
        assert way.standing.loc["then", "total"] >= total + 0.5 - 0.01


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        ({}, "found none of them; expected one of rank, grade, total"),
        ({"rank": 1, "total": 90.0}, "rank and total"),
        ({"rank": 0}, "a rank from 1 to 9"),
        ({"grade": "优良"}, "Did you mean '优秀'|there is no grade '优良'"),
        ({"total": np.nan}, "total"),
        ({"rank": 1, "within": "town"}, "there is no ranking 'town'"),
        ({"rank": 1, "costs": {"gdp": 1.0}}, "there is no indicator 'gdp'"),
        ({"rank": 1, "limits": {"finance": -1.0}}, "a number above 0"),
        ({"rank": 1, "steps": {"pension": 1e-6}}, "at most 2000"),
    ],
)
def test_mistakes_are_said_in_one_sentence(goal: dict[str, Any], words: str) -> None:
    with pytest.raises(sk.SimkaoheError, match=words):
        cheapest_way(*sk.load("sprint"), "榕溪县", **goal)


def test_mistakes_of_a_sprint_are_said_in_one_sentence() -> None:
    scheme, panel = sk.load("sprint")
    with pytest.raises(sk.SimkaoheError, match="weeks: found 0; expected a number above 0"):
        sprint_plan(scheme, panel, "榕溪县", weeks=0)
    with pytest.raises(sk.SimkaoheError, match="pace › gdp"):
        sprint_plan(scheme, panel, "榕溪县", weeks=1, pace={"gdp": 1.0})
    with pytest.raises(sk.SimkaoheError, match="there is no unit"):
        sprint_plan(scheme, panel, "榕县", weeks=1)


@pytest.mark.parametrize("direction", ["positive", "negative"])
def test_whole_steps_stay_whole_where_rivals_move(direction: str) -> None:
    """All are level in y, so that any change of it counts; half a step is none."""
    relative = {"method": "efficacy"}
    leaves = [{"id": "x", "weight": 40, "rule": relative},
              {"id": "y", "weight": 24, "rule": relative, "direction": direction}]  # fmt: skip
    scheme = scheme_of({"children": leaves})
    panel = panel_of({"x": [47.5, 97.5, 47.5, 82.5, 62.5], "y": [50.0] * 5})
    way = cheapest_way(scheme, panel, "u0", rank=2, limits={"x": 20.0, "y": 20.0},
                       costs={"x": 2.0, "y": 3.0}, steps={"x": 10.0, "y": 10.0})  # fmt: skip
    assert set(way.plan["improvement"]) <= {10.0, 20.0}
    actual = panel.frame("actual")
    actual.loc["u0", way.plan.index] = way.plan["then"]
    reached = sk.evaluate(scheme, panel.replace(actual=actual)).ranking
    assert way.reached == (reached.at["u0", "rank"] <= 2)


def test_next_to_nothing_that_brings_points_is_in_the_plan() -> None:
    leaves = [{"id": "x", "rule": ENDS}, {"id": "y", "rule": {"method": "zscore"}}]
    scheme = scheme_of({"children": leaves})
    panel = panel_of({"x": [46.0, 46, 60, 38, 30], "y": [50.0] * 5})
    way = cheapest_way(scheme, panel, "u0", rank=1, limits={"x": 0.1, "y": 20.0})
    actual = panel.frame("actual")
    actual.loc["u0", way.plan.index] = way.plan["then"]
    reached = sk.evaluate(scheme, panel.replace(actual=actual)).ranking
    assert way.reached
    assert reached.at["u0", "rank"] == 1


@pytest.mark.parametrize("goal", [{}, {"rank": 1}])
def test_a_plan_tells_how_far_it_is_and_can_be_stopped(goal: dict[str, int]) -> None:
    scheme, panel = sk.load("sprint")
    unit, told = panel.units[-1], list[tuple[int, int]]()
    way = sprint_plan(scheme, panel, unit, weeks=4, **goal, progress=lambda *now: told.append(now))
    assert [done for done, _ in told] == list(range(1, len(told) + 1))
    assert all(done < whole for done, whole in told)
    assert way.cost == sprint_plan(scheme, panel, unit, weeks=4, **goal).cost

    def stop(done: int, whole: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sprint_plan(scheme, panel, unit, weeks=4, **goal, progress=stop)
