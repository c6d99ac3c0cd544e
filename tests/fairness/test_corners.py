"""Corners of effort, ways, the ratchet, reports, levers and the audit: no traceback, no odd sentence."""

from __future__ import annotations

import os
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

import simkaohe as sk
from simkaohe import labels
from simkaohe.fairness import (
    audit,
    cheapest_way,
    effort,
    leverage,
    ratchet,
    reporting,
    sprint_plan,
)
from simkaohe.fairness.levers import Footing, spearman

ENDS = {"method": "minmax", "worst": 0.0, "best": 100.0}


def scheme_of(*children: dict[str, Any], **more: Any) -> sk.Scheme:
    return sk.Scheme.read({"root": {"id": "total", "children": list(children)}, **more})


def panel_of(actual: dict[str, list[float]], **tables: Any) -> sk.Panel:
    units = [f"u{i}" for i in range(len(next(iter(actual.values()))))]
    frames = {
        name: pd.DataFrame(table, units) if isinstance(table, dict) else table
        for name, table in tables.items()
    }
    return sk.Panel(pd.DataFrame(actual, units), **frames)


TWO = scheme_of({"id": "x", "rule": ENDS}, {"id": "y", "rule": ENDS}, ranking={"digits": 2})
THREE = panel_of({"x": [50.0, 80.0, 90.0], "y": [50.0, 80.0, 20.0]})
AT_CAP = panel_of({"x": [100.0] * 3, "y": [100.0] * 3})
BY_TARGET = scheme_of({"id": "x", "rule": "completion"})


# -- ways ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"rank": 2.5}, "rank: found 2.5; expected a rank from 1 to 3"),
        ({"rank": True}, "rank: found True"),
        ({"total": "a"}, "total: found a; expected a number"),
        ({"rank": 1, "limits": {"x": True}}, "limits › x: found True"),
    ],
)
def test_a_goal_is_a_number(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(sk.SimkaoheError, match=re.escape(words)):
        cheapest_way(TWO, THREE, "u0", **asked)
    with pytest.raises(sk.SimkaoheError, match="weeks: found 4; expected a number above 0"):
        sprint_plan(TWO, THREE, "u0", weeks="4")  # type: ignore[arg-type]


def test_a_whole_step_beyond_the_limit_cannot_be_made() -> None:
    way = cheapest_way(TWO, THREE, "u0", rank=1, steps={"x": 60.0}, limits={"x": 5.0})
    assert list(way.rates.index) == ["y"]
    assert not way.reached
    none = cheapest_way(TWO, THREE, "u0", rank=1, steps={"x": 60.0, "y": 60.0})
    assert none.headline.en == "u0: rank 1 is out of reach; there is nothing that it can improve."


def test_what_is_said_when_nothing_brings_more_points() -> None:
    way = sprint_plan(TWO, AT_CAP, "u0", weeks=4)
    assert way.headline.en == "u0: no task brings any more points in this time."
    assert cheapest_way(TWO, AT_CAP, "u0", rank=1).headline.en == "u0: rank 1 is reached already."


def test_a_way_speaks_the_readers_language_and_counts_in_words() -> None:
    bands = [{"name": "优", "name_en": "top", "at_least": 60}, {"name": "良", "name_en": "good"}]
    graded = TWO.edit({"grades": {"bands": bands}})
    way = cheapest_way(graded, THREE, "u0", grade="top", costs={"x": 1000.0, "y": 2000.0})
    assert way.headline.en == (
        "u0: grade 'top' by 1 improvement at a cost of 19990 (proved to be the best): "
        "total 50 → 60, rank 3 → 2, grade good → top."
    )
    assert "等次 良→优" in way.headline.zh


# -- the ratchet and reports -----------------------------------------------------------------------


def test_targets_that_follow_nothing_punish_nobody() -> None:
    panel = panel_of({"x": [5.0, 8.0, 9.0]}, target={"x": [15.0, 15.0, 15.0]})
    found = ratchet(BY_TARGET, panel, rule="external")
    assert (found.penalty, found.error) == (0.0, 0.0)
    assert found.findings[1].sentence.en.startswith("Targets do not follow results")
    assert ratchet(TWO, THREE).findings[1].sentence.en.startswith("Targets do not follow")
    with pytest.raises(sk.SimkaoheError, match=r"years: found 2\.5; expected a whole number"):
        ratchet(BY_TARGET, panel, years=2.5)  # type: ignore[arg-type]


def test_a_target_above_needs_targets_below() -> None:
    with pytest.raises(sk.SimkaoheError, match="higher › x: it is not scored by a target"):
        reporting(TWO, THREE, higher={"x": 5.0})
    panel = panel_of({"x": [5.0, 8.0]}, target={"x": [10.0, 10.0]})
    lower = reporting(BY_TARGET, panel, higher={"x": 25.0}).findings[2]
    assert lower.sentence.en == "The units' targets add up to no more than the target above."
    assert lower.value == pytest.approx(20 / 25 - 1)


def test_the_chance_from_which_over_reporting_pays_for_nobody_is_rounded_up() -> None:
    """The dearest gain: 1 % of 80 at a weight of a half, .4 points: q = .4 / (.4 + 100) < 0.5 %."""
    found = reporting(TWO, THREE, penalty=100.0)
    gain = found.units["over_reporting"].max()
    assert found.findings[1].value == pytest.approx(gain / (gain + 100))
    assert "from 1% on it pays for nobody" in found.findings[1].sentence.en
    capped = reporting(TWO, AT_CAP).findings[1]
    assert capped.light == "green"
    assert capped.sentence.en == "All figures 1% too good bring nobody any points."


# -- levers ----------------------------------------------------------------------------------------


def test_a_veto_is_no_point_won_back() -> None:
    red = TWO.edit({"adjustments": {"red": {"method": "veto", "effects": ["zero"]}}})
    with pytest.raises(sk.SimkaoheError, match="appeals: there is no adjustment 'red'"):
        leverage(red, THREE, appeals=["red"])


@pytest.mark.parametrize(
    ("asked", "where"), [({"pass_lines": {}}, "pass_lines"), ({"draws": 0}, "draws")]
)
def test_bad_numbers_for_levers(asked: dict[str, Any], where: str) -> None:
    with pytest.raises(sk.SimkaoheError, match=f"^{where}: found "):
        leverage(TWO, THREE, **asked)


def test_without_grades_the_top_third_of_each_category_is_kept() -> None:
    """Two indicators that agree: whatever the weights, nobody's place in its category changes."""
    units = {f"u{i}": "ab"[i % 2] for i in range(8)}
    scheme = scheme_of(
        {"id": "x", "rule": ENDS},
        {"id": "y", "rule": ENDS},
        categories={"a": None, "b": None},
        units=units,
    )
    same = [10.0, 90.0, 20.0, 91.0, 30.0, 92.0, 40.0, 93.0]
    table = leverage(scheme, panel_of({"x": same, "y": same}), draws=20).robustness
    assert (table["keeps"] == 1.0).all()


def test_links_are_rank_correlations_with_middle_ranks() -> None:
    """scipy.stats.spearmanr on values with ties."""
    from scipy.stats import spearmanr

    rng = np.random.default_rng(5)
    a, b = rng.integers(0, 4, (2, 30)) * 1.0
    footing = Footing.of(scheme_of({"id": "x", "rule": ENDS}), panel_of({"x": [1.0] * 30}))
    assert spearman(a, b, footing) == pytest.approx(spearmanr(a, b).statistic)


# -- the audit -------------------------------------------------------------------------------------


def test_an_audit_where_nobody_is_ranked() -> None:
    found = audit(TWO.edit({"unranked": ["u0", "u1", "u2"]}), THREE, measures="leverage")
    assert found.findings[0].sentence.en == "It cannot be computed: unranked: no unit is ranked."


def test_an_audit_of_nothing_and_of_one_thing() -> None:
    assert audit(TWO, THREE, measures=[]).table.empty
    assert audit(TWO, THREE, measures="effort", lagged="x").given["lagged"] == ("x",)
    assert audit(TWO, THREE, measures=["leverage"], pass_lines=np.int64(60)).findings


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"pass_lines": 400.0}, "pass_lines: found 400.0; expected 0 to 100"),
        ({"pass_lines": {"x": np.nan}}, "pass_lines: found nan; expected 0 to 100"),
        ({"errors": {"x": "x"}}, "errors › x: found 'x'; expected a number above 0"),
        ({"size": "c", "cutoffs": [np.inf]}, "cutoffs: found inf; expected numbers > 0"),
    ],
)
def test_an_audit_refuses_numbers_that_make_no_sense_whatever_it_is_asked(given, sentence) -> None:
    panel = THREE.replace(covariates=pd.DataFrame({"c": [1.0, 2.0, 3.0]}, index=THREE.units))
    with pytest.raises(sk.SimkaoheError, match=sentence):
        audit(TWO, panel, measures=["parity"], **given)


def test_an_audit_follows_the_readers_language() -> None:
    labels.use_language("zh")
    nobody = TWO.edit({"unranked": ["u0", "u1", "u2"]})
    found = audit(nobody, THREE, measures=["leverage", "effort"])
    assert found.table["sentence"].iloc[0] == "无法计算：unranked：没有参加排名的单位。"
    labels.use_language("en")
    assert found.table["sentence"].iloc[0] == (
        "It cannot be computed: unranked: no unit is ranked."
    )
    assert found.complaints["complaint"].iloc[0] == "weights are diluted"


def test_effort_where_there_is_nothing_to_improve() -> None:
    scheme = scheme_of({"id": "x", "rule": "minmax", "missing": "zero"}, {"id": "y", "rule": ENDS})
    panel = panel_of({"x": [np.nan, 1.0], "y": [1.0, 2.0]})
    found = effort(scheme.edit({"y.weight": 0.0, "x.weight": 1.0}), panel)
    assert found.units["best"].isna().tolist() == [True, False]
    late = effort(TWO, AT_CAP, lagged=["x"])
    assert late.findings[3].light == "grey"
    assert late.findings[3].sentence.en == "Neglect costs no points in any indicator."


def test_coefficients_whose_worth_is_unknown_are_still_described() -> None:
    """A total of zero has no logarithm, and so no share of its variation."""
    method = {"method": "multiplier", "base": "x", "zero": "keep"}
    scheme = TWO.edit({"total.combine": method})
    found = leverage(scheme, panel_of({"x": [50.0, 80.0, 90.0], "y": [0.0, 60.0, 20.0]}))
    assert np.isnan(found.multipliers["log_share"].astype(float)["total"])
    said = next(f.sentence for f in found.findings if f.topic == "leverage.multiplier")
    assert "nan" not in said.en + said.zh
    assert "coefficients are worth" in said.en
    assert " and turn round" in said.en


# -- ways that brute force finds -------------------------------------------------------------------


def test_weeks_lift_two_papers_off_zero_together() -> None:
    """√(x y) from (0, 0) with 20 of effort: 10 each. No first step of one alone brings a point."""
    leaves = [{"id": n, "rule": ENDS} for n in ("x", "y")]
    root = {"id": "total", "children": leaves, "combine": {"method": "geometric", "zero": "zero"}}
    scheme = sk.Scheme.read({"root": root})
    panel = panel_of({"x": [0.0, 80.0], "y": [0.0, 80.0]})
    way = sprint_plan(scheme, panel, "u0", weeks=20, pace={"x": 1.0, "y": 1.0})
    assert way.standing.loc["then", "total"] == pytest.approx(10.0, abs=1e-3)
    goal = cheapest_way(scheme, panel, "u0", total=10.0, costs={"x": 1.0, "y": 1.0})
    assert goal.cost == pytest.approx(20.0, abs=1e-3)


def test_where_slopes_are_flat_a_search_begins_further_up() -> None:
    """Below the floor of 40 nothing counts: x and y to 50 bring 50, half of the way brings none."""
    leaves = [{"id": n, "rule": ENDS} for n in ("x", "y")]
    combine = {"method": "geometric", "zero": "floor", "floor": 40.0}
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves, "combine": combine}})
    panel = panel_of({"x": [0.0, 80.0], "y": [0.0, 80.0]})
    pace = {"x": 10.0, "y": 10.0}
    way = sprint_plan(scheme, panel, "u0", weeks=5, teams=2, pace=pace)
    assert way.standing.loc["then", "total"] == pytest.approx(50.0, abs=1e-3)


def test_next_to_nothing_that_brings_points_stands_in_the_plan() -> None:
    """Two equals by z-score: any lead is one standard deviation, 10 points either way of 50."""
    scheme = scheme_of({"id": "x", "rule": {"method": "zscore"}})
    panel = panel_of({"x": [27.0, 27.0]})
    way = cheapest_way(scheme, panel, "u0", total=55.0, limits={"x": 10.0})
    assert way.reached
    assert list(way.plan.index) == ["x"]
    edited = panel_of({"x": [way.plan.loc["x", "then"], 27.0]})
    assert sk.evaluate(scheme, edited).ranking.loc["u0", "total"] >= 55.0


def test_a_solver_prints_nothing(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """HiGHS writes of its progress to the process's standard output now and then."""
    real = optimize.milp

    def milp(*args: Any, **options: Any) -> Any:
        os.write(1, b"HighsMipSolverData")
        return real(*args, **options)

    monkeypatch.setattr(optimize, "milp", milp)
    assert cheapest_way(TWO, THREE, "u0", rank=1).reached
    assert not capfd.readouterr().out
