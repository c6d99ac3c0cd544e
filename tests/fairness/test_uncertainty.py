"""Noise: against closed forms, constructed errors of known size, and every bundled case."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import simkaohe as sk
from simkaohe.fairness import noise

CASES = ["cadre_360", "county_targets", "sprint", "tai", "target_responsibility", "three_papers"]


def surveyed(
    values: Any, *, sd: float = 10.0, size: float = 100.0, weight: float = 30.0, **more: Any
) -> tuple[sk.Scheme, sk.Panel]:
    """A surveyed indicator (weight 30 of 100) beside an exact one; scores are the values."""
    values = np.asarray(values, float)
    rule = {"method": "minmax", "worst": 0, "best": 100}
    children = [
        {"id": "survey", "weight": weight, "rule": rule},
        {"id": "exact", "weight": 100 - weight, "rule": rule},
    ]
    names = [f"u{i}" for i in range(len(values))]
    frame = pd.DataFrame(values, names, ["survey", "exact"])
    sizes = pd.DataFrame(size, names, ["survey"])
    spreads = pd.DataFrame(sd, names, ["survey"])
    values_ = {"root": {"id": "total", "children": children}, "ranking": {"digits": None}, **more}
    return sk.Scheme.read(values_), sk.Panel(frame, sample_size=sizes, sample_sd=spreads)


BANDS = {"bands": [{"name": "good", "at_least": 70.0}, {"name": "fair"}]}


def test_the_error_of_a_total_is_the_weight_times_the_surveys() -> None:
    scheme, panel = surveyed([[80, 70], [75, 70], [50, 60]])
    found = noise(scheme, panel, draws=20000)
    assert found.table["error"].to_numpy() == pytest.approx(0.3 * 10 / sqrt(100), rel=0.03)
    assert found.errors.at["data.actual.survey", "share"] == pytest.approx(1, abs=0.01)
    assert found.errors.at["data.actual.survey", "error"] == pytest.approx(1.0)


def test_a_cap_swallows_error_and_a_coefficient_carries_it() -> None:
    scheme, panel = surveyed([[120, 70], [75, 70], [50, 60]])
    assert noise(scheme, panel).table.at["u0", "error"] == 0
    multiplier = {
        "method": "multiplier", "base": "exact", "map": "fixed_band",
        "low": 0.5, "high": 1.5,
    }  # fmt: skip
    scheme, panel = surveyed([[80, 70], [75, 40], [50, 60]])
    found = noise(scheme.edit({"total.combine": multiplier}), panel, draws=20000).table["error"]
    # T = exact × (0.5 + survey / 100)
    want = np.array([70, 40, 60]) / 100
    assert found.reindex(["u0", "u1", "u2"]).to_numpy() == pytest.approx(want, rel=0.03)


def test_the_chance_of_a_wrong_grade_is_the_normal_tail() -> None:
    scheme, panel = surveyed([[80, 67], [71, 70], [50, 60]], grades=BANDS)
    found = noise(scheme, panel, draws=40000)
    totals = np.array([70.9, 70.3, 57.0])
    want = norm.cdf(-np.abs(totals - 70) / 0.3)
    assert found.table["wrong_grade"].reindex(["u0", "u1", "u2"]).to_numpy() == pytest.approx(
        want, abs=0.01
    )
    assert found.grades.loc["u1", "good"] == pytest.approx(1 - want[1], abs=0.01)
    assert found.grades.sum(axis=1).to_numpy() == pytest.approx(1)


def test_a_quota_is_filled_anew_in_every_draw() -> None:
    grades = {"bands": [{"name": "good", "share": 0.5}, {"name": "fair"}]}
    scheme, panel = surveyed([[72, 70], [70, 70]], grades=grades)
    found = noise(scheme, panel, draws=40000)
    flip = norm.cdf(-0.6 / (0.3 * sqrt(2)))
    assert found.table["wrong_grade"].to_numpy() == pytest.approx(flip, abs=0.01)
    assert found.table["mean_rank"].to_numpy() == pytest.approx([1 + flip, 2 - flip], abs=0.01)


def test_reliability_is_the_share_of_true_variance() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(70, 1.0, 400)
    values = np.stack([truth + rng.normal(0, 1.0, 400), np.full(400, 50.0)], 1)
    found = noise(*surveyed(values))
    assert found.reliability == pytest.approx(0.5, abs=0.05)  # var 1 of 2
    assert found.errors.at["data.actual.survey", "reliability"] == pytest.approx(
        1 - 1 / values[:, 0].var(), abs=0.01
    )


def test_stated_errors_are_absolute_or_a_share() -> None:
    scheme, panel = surveyed([[80, 70], [75, 50], [50, 60]])
    found = noise(scheme, panel, {"survey": 2.0, "exact": "10%"}, draws=20000)
    assert set(found.errors["source"]) == {"stated"}
    want = np.hypot(0.3 * 2.0, 0.7 * np.array([7.0, 5.0, 6.0]))
    assert found.table["error"].reindex(["u0", "u1", "u2"]).to_numpy() == pytest.approx(
        want, rel=0.03
    )


def test_answers_have_the_error_of_their_mean() -> None:
    points = {"yes": 100.0, "partly": 60.0, "no": 0.0}
    measure = {"method": "answers", "points": points}
    leaf = {"id": "poll", "measure": measure, "rule": {"method": "minmax", "worst": 0, "best": 100}}
    scheme = sk.Scheme.read({"root": {"id": "total", "children": [leaf]}})
    counts = {"a": (30, 15, 5), "b": (20, 20, 10)}
    rows = [
        {"unit": unit, "indicator": "poll", "answer": answer, "count": count}
        for unit, some in counts.items()
        for answer, count in zip(points, some, strict=True)
    ]
    panel = sk.Panel(pd.DataFrame(index=["a", "b"]), answers=pd.DataFrame(rows))
    found = noise(scheme, panel, draws=20000)
    want = [np.repeat([*points.values()], some).std(ddof=1) / sqrt(50) for some in counts.values()]
    assert found.table["error"].reindex(["a", "b"]).to_numpy() == pytest.approx(want, rel=0.03)
    assert found.errors.at["data.value.poll", "sample"] == 50


def test_the_needed_sample_keeps_the_wanted_order() -> None:
    values = [[70.5, 60], [70, 60]]  # 0.15 points apart
    scheme, panel = surveyed(values)
    need = noise(scheme, panel, draws=20000).sample_size(0.9).iloc[0]
    closed = 100 * (norm.ppf(0.9) / 0.15) ** 2 * 2 * 0.3**2
    assert need["needed"] == pytest.approx(closed, rel=0.03)
    again = noise(*surveyed(values, size=float(need["needed"])), draws=20000).table
    assert 2 - again.at["u0", "mean_rank"] == pytest.approx(0.9, abs=0.01)  # keeps its place


def test_no_sample_is_enough_where_other_errors_are_too_large() -> None:
    scheme, panel = surveyed([[70.5, 60], [70, 60], [69.5, 60]])
    found = noise(scheme, panel, {"exact": 5.0})
    assert np.isnan(found.sample_size(0.9)["needed"]).all()
    assert found.findings[-1].light == "red"


def test_true_ranks_are_covered_through_the_whole_scheme() -> None:
    rng = np.random.default_rng(2)
    truth = np.array([60.0, 60, 60, 62, 62, 66, 66, 70])
    rank = 1 + (truth[None] > truth[:, None]).sum(1)
    last = (truth[None] >= truth[:, None]).sum(1)
    hits, times = 0, 60
    for seed in range(times):
        values = np.stack([truth + rng.normal(size=8), np.full(8, 50.0)], 1)
        table = noise(*surveyed(values), draws=300, seed=seed).table
        table = table.reindex([f"u{i}" for i in range(8)])
        low, high = table["joint_low"].to_numpy(float), table["joint_high"].to_numpy(float)
        hits += bool(((low <= rank) & (last <= high)).all())
    assert hits / times >= 0.95 - 3 * sqrt(0.95 * 0.05 / times)


def test_places_in_categories_are_their_own() -> None:
    values = [[80, 70], [79.9, 70], [60, 60], [59.9, 60]]
    more = {
        "categories": {"x": None, "y": None},
        "units": {"u0": "x", "u1": "y", "u2": "x", "u3": "y"},
        "grades": {**BANDS, "within": "category"},
    }
    found = noise(*surveyed(values, **more))
    assert found.within == "category"
    assert [*found.table.loc["u0", ["low", "high"]]] == [1, 2]
    assert (found.table["category_low"] == found.table["category_high"]).all()
    assert found.groups.empty
    assert found.findings[0].light == "green"


def test_groups_are_runs_that_cannot_be_told_apart() -> None:
    found = noise(*surveyed([[80, 70], [79, 70], [70, 60], [50, 50], [49, 50]]))
    assert [*found.groups["units"]] == [("u0", "u1"), ("u3", "u4")]
    assert found.apart.at["u0", "u2"]
    assert not found.apart.at["u0", "u1"]


def test_units_without_a_place_have_no_interval() -> None:
    found = noise(*surveyed([[80, 70], [79, 70], [70, 60]], unranked=["u1"])).table
    assert pd.isna(found.at["u1", "low"])
    assert found["low"].reindex(["u0", "u2"]).tolist() == [1, 2]


def test_the_known_top_contains_the_real_one() -> None:
    found = noise(*surveyed([[80, 70], [79, 70], [70, 60]], grades=BANDS))
    assert found.top == ("u0", "u1")


@pytest.mark.parametrize("case", CASES)
def test_every_case_speaks(case: str) -> None:
    found = noise(*sk.load(case), draws=200)
    topics = [finding.topic for finding in found.findings]
    assert len(set(topics)) == len(topics) > 0
    for finding in found.findings:
        assert all((*finding.question, *finding.sentence, *finding.caution))
        assert "nan" not in "".join(finding.sentence)
    if not found.known:
        assert [f.light for f in found.findings] == ["grey"]
        assert found.table["low"].isna().all()
        assert np.isnan(found.reliability)
    inside = found.table["rank"].notna() & found.known
    ranked = found.table[inside]
    assert ((ranked["low"] <= ranked["rank"]) & (ranked["rank"] <= ranked["high"])).all()
    assert (ranked["joint_low"] <= ranked["low"]).all()


def test_an_unknown_survey_error_keeps_the_light_from_green() -> None:
    found = noise(*sk.load("three_papers"), draws=200)
    assert "eco_survey" in found.untold
    assert "green" not in {finding.light for finding in found.findings}
    assert "eco_survey" in str(found.findings[0].caution)


def test_a_survey_error_known_of_some_units_only_is_no_green_light() -> None:
    scheme, panel = surveyed([[80, 70], [40, 70], [20, 60]])
    sizes = panel.frame("sample_sd")
    sizes.loc["u1"] = np.nan
    found = noise(scheme, panel.replace(sample_sd=sizes))
    assert found.errors["without"].tolist() == [1]
    assert found.untold == ("survey",)
    assert found.table.at["u1", "error"] == 0
    assert found.findings[0].light == "grey"
    sizes.loc["u1"] = 0.0  # everybody said the same
    assert noise(scheme, panel.replace(sample_sd=sizes)).untold == ()


def test_lights_follow_the_size_of_the_error() -> None:
    values = np.stack([np.linspace(40, 80, 20), np.full(20, 50.0)], 1)
    lights = [
        noise(*surveyed(values, sd=sd), draws=300).findings[0].light for sd in (1.0, 10.0, 300.0)
    ]
    assert lights == ["green", "amber", "red"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"errors": {"survy": 1.0}}, "Did you mean 'survey'"),
        ({"errors": {"survey": "3 percent"}}, "errors › survey: found '3 percent'"),
        ({"errors": {"survey": -1.0}}, "a number above 0"),
        ({"level": 1.5}, "level: found 1.5"),
        ({"draws": 10}, "at least 100"),
    ],
)
def test_bad_input_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(sk.SimkaoheError, match=words):
        noise(*surveyed([[80, 70], [75, 70]]), **given)


def test_a_certainty_that_is_none_is_refused() -> None:
    with pytest.raises(sk.SimkaoheError, match=r"between 0\.5 and 1"):
        noise(*surveyed([[80, 70], [75, 70]])).sample_size(0.4)


@pytest.mark.parametrize("size", [1e-250, 1e250])
def test_the_size_of_values_does_not_matter_to_their_reliability(size: float) -> None:
    leaves = [{"id": "x", "rule": {"method": "minmax"}}]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves}})
    values = pd.DataFrame({"x": [1.0, 4.0, 6.0, 9.0]}, [*"abcd"])
    found = [
        noise(scheme, sk.Panel(values * s), {"x": 0.5 * s}, draws=100).errors["reliability"].iloc[0]
        for s in (1.0, size)
    ]
    assert found[0] == pytest.approx(1 - 0.25 * 3 / 34)  # the variance of the values is 34 / 3
    assert found[1] == pytest.approx(found[0])
