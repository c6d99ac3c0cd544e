"""Every unit in every other category: the edited scheme is the reference."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simkaohe as sk
from simkaohe.fairness.boundaries import cliffs, reversals

CASES = sk.bundled_cases()


def made(
    home: list[str], values: dict[str, list[float]], **more: Any
) -> tuple[sk.Scheme, sk.Panel]:
    """Return a scheme whose indicators score their own values, 0–100, and its data."""
    units = [f"u{i}" for i in range(len(home))]
    rule = {"method": "minmax", "worst": 0, "best": 100}
    weights = more.pop("weights", {})
    leaves = [{"id": x, "rule": rule, "weights_by_category": weights.get(x, {})} for x in values]
    scheme = {
        "categories": dict.fromkeys(home),
        "units": dict(zip(units, home, strict=True)),
        "grades": {"bands": [{"name": "A", "share": 0.5}, {"name": "B"}]},
        "root": {"id": "total", "children": leaves},
    }
    covariates = more.pop("covariates", None)
    tables = {} if covariates is None else {"covariates": pd.DataFrame(covariates, units)}
    panel = sk.Panel(pd.DataFrame(values, units), **tables)
    return sk.Scheme.read(scheme | more), panel


@pytest.mark.parametrize("case", ["county_targets", "three_papers"])
def test_a_move_is_the_evaluation_of_the_edited_scheme(case: str) -> None:
    scheme, panel = sk.load(case)
    units = list(scheme.units)[1::9]
    found = cliffs(scheme, panel, units)
    now = sk.evaluate(scheme, panel)
    for (unit, to), row in found.table.iterrows():
        edited = scheme.edit({f"units.{unit}": to})
        if row["note"]:
            with pytest.raises(sk.SimkaoheError) as refused:
                sk.evaluate(edited, panel)
            assert row["note"] in map(str, refused.value.problems)
            continue
        there = sk.evaluate(edited, panel)
        mine = there.ranking.loc[unit]
        for name in ("total", "rank", "category_rank", "grade"):
            assert row[f"{name}_there"] == mine[name]
            assert row[name] == now.ranking.loc[unit, name]
        for use in scheme.uses:
            assert row[f"uses.{use}_there"] == there.uses.loc[unit, use]
        peers = there.ranking[there.ranking["category"] == to]
        ahead = (peers["category_rank"] < mine["category_rank"]).sum()
        assert row["standing_there"] == pytest.approx(1 - ahead / (len(peers) - 1))
        others = now.ranking.drop(unit).join(there.ranking.drop(unit).add_suffix("_there"))
        assert row["others_regraded"] == (others["grade"] != others["grade_there"]).sum()
        assert row["others_points"] == pytest.approx(
            (others["total"] - others["total_there"]).abs().sum()
        )
        pairs = combinations(zip(others["rank"], others["rank_there"], strict=True), 2)
        turned = sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for a, b in pairs)
        assert row["reversals"] == turned


def test_a_scheme_that_is_blind_to_categories_has_no_cliffs() -> None:
    rng = np.random.default_rng(4)
    home = [("p", "q", "r")[i % 3] for i in range(30)]
    values = {"x": rng.uniform(0, 100, 30).tolist(), "y": rng.uniform(0, 100, 30).tolist()}
    bands = [{"name": "A", "share": 0.5}, {"name": "B"}]
    found = cliffs(*made(home, values, grades={"within": "all", "bands": bands}))
    table = found.table
    assert found.decided == 0
    assert (table["rank"] == table["rank_there"]).all()
    assert not table[["others_points", "others_regraded", "reversals", "lost", "new"]].any().any()
    assert [finding.light for finding in found.findings] == ["green", "green", "grey"]


def test_a_planted_cliff_is_found() -> None:
    # p counts only x, q only y; everybody has (90, 10): whoever crosses falls or soars by 80.
    home = ["p"] * 4 + ["q"] * 4
    values = {"x": [90.0, 91, 92, 93] * 2, "y": [10.0, 11, 12, 13] * 2}
    weights = {"x": {"p": 1, "q": 0.01}, "y": {"p": 0.01, "q": 1}}
    found = cliffs(
        *made(home, values, weights=weights, covariates={"size": [8, 6, 5, 4, 11, 13, 20, 30]}),
        size="size",
        cutoffs=[10],
    )
    table = found.table
    # With p = (100 x + y) / 101 a unit of q that comes over lands among its equals.
    assert table.loc[("u4", "p"), "total_there"] == pytest.approx((90 + 0.1) / 1.01)
    assert table.loc[("u0", "q"), "total_there"] == pytest.approx((10 + 0.9) / 1.01)
    # u4 equals u0, the last of p: 4 others, all but u0 ahead of it; alone last in q before.
    assert table.loc[("u4", "p"), ["standing", "standing_there"]].tolist() == [0, 1 - 3 / 4]
    assert found.near.index.tolist() == ["u0", "u4"]
    assert found.near["side"].tolist() == ["below", "above"]
    assert found.near["across"].tolist() == ["q", "p"]
    assert found.near["jump"].tolist() == [0.25, 0.25]
    boundary = found.findings[2]
    assert boundary.value == 0.25
    assert boundary.light == "red"
    assert "those below (1) by +25; those above (1) by +25" in boundary.sentence.en


def test_a_free_choice_of_category_is_worth_what_it_brings() -> None:
    # q's units are weak: each of p would stand first there.
    home = ["p", "p", "p", "q", "q", "q"]
    found = cliffs(*made(home, {"x": [90.0, 80, 70, 30, 20, 10]}))
    assert found.units.loc["u2", ["best", "gain", "bands"]].tolist() == ["q", 1.0, 1]
    assert found.units.loc["u0", ["best", "gain", "loss"]].tolist() == ["p", 0.0, 0.0]
    assert found.units.loc["u3", ["best", "gain", "loss", "bands"]].tolist() == ["q", 0.0, -1.0, 0]
    # 2 of 3 seats in p and in q (half up), 2 of 4 in the one that somebody joins.
    regraded = found.units["regraded"].to_dict()
    assert regraded == {"u0": False, "u1": False, "u2": True, "u3": True, "u4": True, "u5": False}
    assert found.decided == 0.5


def test_a_category_that_is_left_empty_or_with_one_unit() -> None:
    found = cliffs(*made(["p", "q", "q", "r", "r", "r"], {"x": [90.0, 80, 70, 60, 50, 40]}))
    table = found.table
    assert table.loc[("u0", "q"), ["left", "joined"]].tolist() == [0, 3]
    assert table.loc[("u1", "p"), ["left", "joined"]].tolist() == [1, 2]
    assert np.isnan(table.loc[("u0", "q"), "standing"])  # nobody to compare with
    assert np.isnan(table.loc[("u0", "q"), "jump"])
    assert table.loc[("u0", "q"), "category_rank_there"] == 1


def test_units_and_categories_that_are_not_ranked_are_left_out() -> None:
    home = ["p", "p", "p", "q", "q", "z"]
    scheme, panel = made(
        home,
        {"x": [90.0, 80, 70, 60, 50, 40]},
        categories={"p": {}, "q": {}, "z": {"ranked": False}},
        unranked=["u2"],
    )
    table = cliffs(scheme, panel).table
    assert set(table.index) == {("u0", "q"), ("u1", "q"), ("u3", "p"), ("u4", "p")}


def test_categories_that_assess_other_things_are_no_alternative() -> None:
    home = ["p"] * 3 + ["q"] * 3
    values = {name: [50.0 + i for i in range(6)] for name in "abcdef"}
    here, there = {"p": 1, "q": 0}, {"p": 0, "q": 1}
    weights = {"a": here, "b": here, "c": here, "d": there, "e": there}
    found = cliffs(*made(home, values, weights=weights))
    assert (found.table["shared"] == 1 / 6).all()
    assert (found.table["lost"].iloc[0], found.table["new"].iloc[0]) == (3, 2)
    assert not len(found.units)
    assert [finding.light for finding in found.findings] == ["grey"] * 3


@pytest.mark.parametrize("case", CASES)
def test_every_case_goes_through(case: str) -> None:
    sk.use_language("zh")  # sentences are in both
    scheme, panel = sk.load(case)
    found = cliffs(scheme, panel)
    ranked = sk.evaluate(scheme, panel).ranking["rank"].count()
    open_ = sum(category.ranked for category in scheme.categories.values())
    assert len(found.table) == ranked * max(open_ - 1, 0)
    topics = [finding.topic for finding in found.findings]
    assert topics == ["cliffs.decided", "cliffs.others", "cliffs.boundary"]
    assert all("{" not in "".join(f.sentence) and all(f.caution) for f in found.findings)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=7))
def test_reversals_are_pairs_that_change_their_order(ranks: list[tuple[int, int]]) -> None:
    before, after = np.array(ranks).T
    pairs = combinations(ranks, 2)
    expected = sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for a, b in pairs)
    assert reversals(before, after) == expected


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"units": ["u9"]}, "there is no unit 'u9'"),
        ({"size": "size"}, "cutoffs: found nothing; expected the lines"),
        ({"cutoffs": [10]}, "size: found nothing; expected the covariate"),
        ({"size": "width", "cutoffs": [10]}, "there is no column 'width'"),
        ({"size": "size", "cutoffs": [-1]}, "cutoffs: found -1; expected numbers > 0"),
        ({"size": "none", "cutoffs": [10]}, "size › u2: found nothing; expected a number"),
        ({"band": 2}, "band: found 2; expected a number between 0 and 1"),
    ],
)
def test_what_cannot_be_asked_is_said(asked: dict[str, Any], words: str) -> None:
    scheme, panel = made(
        ["p", "p", "q", "q"], {"x": [1.0, 2, 3, 4]},
        covariates={"size": [1.0, 2.0, np.nan, 3.0], "none": [np.nan] * 4},
    )  # fmt: skip
    with pytest.raises(sk.SimkaoheError, match=words):
        cliffs(scheme, panel, **asked)
