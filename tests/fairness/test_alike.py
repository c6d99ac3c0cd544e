"""Similar units: plain loops over pairs, scipy, and schemes whose answer is known."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from scipy import stats
from strategies import evaluable, schemes
from test_boundaries import made

import simkaohe as sk
from simkaohe.fairness.alike import similar_units
from simkaohe.fairness.likeness import distances, dominance


def one(values: dict[str, list[float]], **more: Any) -> tuple[sk.Scheme, sk.Panel]:
    """Return a scheme of one category."""
    return made(["c"] * len(next(iter(values.values()))), values, **more)


# -- distance --------------------------------------------------------------------------------------


def test_distance_is_the_largest_difference_of_its_range() -> None:
    nan = np.nan
    actual = pd.DataFrame(
        {"x": [0.0, 10, 5, nan, nan], "y": [1.0, 1, 3, 2, 2]}, [f"u{i}" for i in range(5)]
    )
    leaves = [
        {"id": "x", "rule": {"method": "minmax", "worst": 0, "best": 10}, "missing": "zero"},
        {"id": "y", "rule": "completion", "target": 2.0},
    ]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves}})
    target = pd.DataFrame({"y": [4.0, 6.0]}, ["u0", "u1"])
    found = distances(sk.Engine(scheme, sk.Panel(actual, target=target)))
    x, y = [0, 1, 0.5, nan, nan], [0, 0, 1, 0.5, 0.5]
    goal = [0.5, 1, 0, 0, 0]  # 4, 6, and 2 where the data have none
    for a in range(5):
        for b in range(5):
            there = np.isnan([x[a], x[b]])
            dx = 0.0 if there.all() else 1.0 if there.any() else abs(x[a] - x[b])
            expected = max(dx, abs(y[a] - y[b]), abs(goal[a] - goal[b]))
            assert found[a, b] == pytest.approx(expected, abs=1e-6)


def test_only_indicators_that_count_for_both_are_compared() -> None:
    values = {"x": [0.0, 0, 100], "y": [0.0, 50, 100], "z": [0.0, 0, 100]}
    own = {"x": {"p": 1, "q": 0}}
    engine = sk.Engine(*made(["p", "q", "q"], values, weights=own))
    assert distances(engine)[0].tolist() == pytest.approx([0, 0.5, 1])
    values["w"] = [0.0, 0, 100]
    own = {"x": {"p": 1, "q": 0}, "y": {"p": 0, "q": 1}, "z": {"p": 1, "q": 0}}
    assert distances(sk.Engine(*made(["p", "q", "q"], values, weights=own)))[0, 1] == np.inf


def test_a_weighted_sum_moves_no_more_than_its_indicators() -> None:
    rng = np.random.default_rng(3)
    values = {name: [0.0, 100.0, *rng.uniform(0, 100, 10)] for name in "xyz"}
    found = similar_units(*one(values))
    assert found.typical <= found.steepest <= 1
    frame = pd.DataFrame(values)
    ratios = [
        abs(frame.loc[a].mean() - frame.loc[b].mean()) / (frame.loc[a] - frame.loc[b]).abs().max()
        for a, b in permutations(range(12), 2)
    ]
    assert found.steepest == pytest.approx(max(ratios), rel=1e-5)


# -- pairs -----------------------------------------------------------------------------------------


def test_near_pairs_are_those_and_no_others() -> None:
    rng = np.random.default_rng(9)
    values = {name: rng.uniform(0, 100, 15).tolist() for name in "xy"}
    scheme, panel = one(values)
    found = similar_units(scheme, panel, near=0.15)
    ranking = sk.evaluate(scheme, panel).ranking
    frame = pd.DataFrame(values, panel.units)
    scaled = frame / (frame.max() - frame.min())
    expected = {
        (a, b)
        for a, b in permutations(panel.units, 2)
        if ranking.loc[a, "rank"] < ranking.loc[b, "rank"]
        and (scaled.loc[a] - scaled.loc[b]).abs().max() <= 0.15
    }
    assert set(found.pairs.index) == expected
    for (a, b), row in found.pairs.iterrows():
        assert row["places"] == ranking.loc[b, "rank"] - ranking.loc[a, "rank"]
        assert row["same_grade"] == (ranking.loc[a, "grade"] == ranking.loc[b, "grade"])
        assert row["far"] == (row["places"] >= 0.2 * 14)


def test_a_planted_step_is_found() -> None:
    # 59.9 and 60.1: the same in all but name, and full marks against none
    values = [10.0, 30, 59.9, 60.1, 80, 100]
    scheme = sk.Scheme.read(
        {
            "grades": {"bands": [{"name": "A", "at_least": 60}, {"name": "B"}]},
            "root": {
                "id": "total",
                "children": [{"id": "x", "rule": {"method": "pass_fail", "pass_mark": 60}}],
            },
        }
    )
    panel = sk.Panel(pd.DataFrame({"x": values}, [f"u{i}" for i in range(6)]))
    found = similar_units(scheme, panel, near=0.05)
    assert found.pairs.index.tolist() == [("u3", "u2")]
    assert found.pairs.iloc[0][["points", "places"]].tolist() == [100, 3]
    assert found.steps.loc["x", ["unit", "other"]].tolist() == ["u2", "u3"]
    assert found.steps.loc["x", "score_gap"] == 100
    assert found.steps.loc["x", "value_gap"] == pytest.approx(0.2 / 90)
    assert found.steps.loc["x", "steepness"] == pytest.approx(90 / 0.2)
    assert found.lines.loc[("", "A")].tolist() == ["u3", "u0", 100]  # of equals the first
    lights = {f.topic: f.light for f in found.findings}
    assert lights["similar_units.pairs"] == "amber"  # every near pair, but there is only one
    assert lights["similar_units.steps"] == "red"
    assert lights["similar_units.lines"] == "green"


# -- equals and betters ----------------------------------------------------------------------------


def test_equals_are_treated_equally_and_records_make_a_difference() -> None:
    scheme, panel = one({"x": [70.0, 70, 70, 90], "y": [20.0, 20, 20, 30]})
    found = similar_units(scheme, panel)
    assert (found.twins, len(found.identical)) == (3, 0)
    assert found.findings[1].light == "green"
    plain = scheme.plain() | {"adjustments": {"award": {"method": "bonus", "points": {"": 2}}}}
    events = pd.DataFrame({"unit": ["u1"], "event": ["award"]})
    again = similar_units(sk.Scheme.read(plain), panel.replace(events=events))
    assert (again.twins, len(again.identical)) == (1, 0)


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(schemes())
def test_no_scheme_treats_equals_differently(case: tuple[sk.Scheme, sk.Panel]) -> None:
    scheme, panel = case
    first, *_ = panel.units
    twin = next((u for u, c in scheme.units.items() if c == scheme.units[first] and u != first), "")
    assume(twin and set(scheme.unranked).isdisjoint({first, twin}))
    tables = {name: panel.frame(name) for name in panel.tables}
    for table in tables.values():
        table.loc[twin] = table.loc[first]
    records = panel.records("events")
    copied = records[records["unit"] == first].assign(unit=twin)
    if len(records):
        tables["events"] = pd.concat([records[records["unit"] != twin], copied])
    panel = sk.Panel(**tables)
    assume(evaluable(scheme, panel) is not None)
    found = similar_units(scheme, panel)
    assert not len(found.identical)
    # unless a veto takes both out of the ranking
    assert found.twins or sk.evaluate(scheme, panel).ranking["rank"].isna().any()


def test_dominance_is_the_plain_loop() -> None:
    rng = np.random.default_rng(2)
    values = {name: rng.integers(0, 4, 12) * 10.0 for name in "xyz"}
    found = dominance(sk.Engine(*one({k: v.tolist() for k, v in values.items()})))
    rows = np.array(list(values.values())).T
    for a, b in permutations(range(12), 2):
        assert found[a, b] == ((rows[a] >= rows[b]).all() and (rows[a] > rows[b]).any())


def test_an_additive_scheme_has_no_reversals_and_a_veto_has() -> None:
    rng = np.random.default_rng(6)
    values = {name: (rng.integers(0, 5, 14) * 20.0).tolist() for name in "xy"}
    scheme, panel = one(values)
    found = similar_units(scheme, panel)
    assert found.comparable > 10
    assert not len(found.reversals)
    best = sk.evaluate(scheme, panel).ranking.index[0]
    veto = {"red": {"method": "veto", "effects": ["last"]}}
    struck = panel.replace(events=pd.DataFrame({"unit": [best], "event": ["red"]}))
    again = similar_units(sk.Scheme.read(scheme.plain() | {"adjustments": veto}), struck)
    assert len(again.reversals)
    assert set(again.reversals.index.get_level_values("better")) == {best}
    assert set(again.reversals["cause"]) == {"adjustments"}
    assert again.findings[2].light == "green"


def test_a_reversal_by_the_weights_of_a_category_is_called_so() -> None:
    weights = {"x": {"p": 9, "q": 1}, "y": {"p": 1, "q": 9}}
    scheme, panel = made(["p", "q"], {"x": [50.0, 40], "y": [80.0, 70]}, weights=weights)
    found = similar_units(scheme, panel)  # u0 has 53 points, u1 has 67
    assert found.reversals.index.tolist() == [("u0", "u1")]
    assert found.reversals["cause"].tolist() == ["category"]
    assert found.findings[2].light == "amber"


# -- effort ----------------------------------------------------------------------------------------


def test_effort_and_luck_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    effort = rng.uniform(0, 80, 400)
    luck = rng.normal(0, 4, 400)
    scheme, panel = one({"x": (effort + luck + 10).clip(0, 100).tolist()})
    found = similar_units(scheme, panel, effort=pd.Series(effort, panel.units))
    row = found.effort.loc["c"]
    assert row["horizontal"] == pytest.approx(4, abs=0.5)  # 400 units: s.e. about 4 %
    total = sk.evaluate(scheme, panel).ranking["total"].reindex(list(panel.units))
    assert row["spread"] == pytest.approx(total.std())
    assert row["order"] == pytest.approx(stats.kendalltau(effort, total).statistic)
    assert found.findings[5].light == "green"
    blind = similar_units(scheme, panel, effort=pd.Series(rng.permutation(effort), panel.units))
    assert blind.findings[5].light == "red"


# -- everything ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", sk.bundled_cases())
def test_every_case_goes_through(case: str) -> None:
    sk.use_language("zh")  # sentences are in both
    found = similar_units(*sk.load(case))
    assert [f.topic.partition(".")[2] for f in found.findings] == [
        "pairs", "identical", "reversals", "lines", "steps", "effort"
    ]  # fmt: skip
    said = ["".join(finding.sentence) for finding in found.findings]
    assert all("{" not in words and "nan" not in words for words in said)


def test_what_cannot_be_asked_is_said() -> None:
    scheme, panel = one({"x": [1.0, 2, 3]}, covariates={"zeal": [1.0, np.nan, 2.0]})
    with pytest.raises(sk.SimkaoheError, match="near: found 3; expected a number from 0 to 1"):
        similar_units(scheme, panel, near=3)
    with pytest.raises(sk.SimkaoheError, match="there is no column 'zeel'"):
        similar_units(scheme, panel, effort="zeel")
    with pytest.raises(sk.SimkaoheError, match="effort › u1: found nothing; expected a number"):
        similar_units(scheme, panel, effort="zeal")
