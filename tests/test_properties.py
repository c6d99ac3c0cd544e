"""Laws of the engine over random schemes and data (Hypothesis)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

import simkaohe as sk
from simkaohe.files.text import parse_yaml, to_yaml

CATEGORIES = ("a", "b")
RULES: list[Any] = [
    "minmax",
    {"method": "minmax", "worst": 0.0, "best": 12.0},
    "efficacy",
    "rank_step",
    {"method": "rank_linear", "last": 20.0},
    {"method": "ladder", "reference": "mean", "up": 1.0, "base": 80.0},
    {"method": "tiers", "thresholds": [3.0, 6.0], "points": [40.0, 70.0, 100.0]},
    {"method": "benchmark"},
    {"method": "zscore"},
]
COMBINES = ["weighted_sum", "weighted_sum", "minimum", {"method": "geometric", "zero": "floor"}]
weights = st.sampled_from([0.5, 1.0, 2.0, 10.0, 33.3])


@st.composite
def cases(draw: st.DrawFn) -> tuple[sk.Scheme, sk.Panel]:
    """Draw a scheme of up to three levels with two categories, and data with gaps."""
    number = iter(range(1000))

    def node(depth: int) -> dict[str, Any]:
        count = next(number)
        plain: dict[str, Any] = {"id": f"n{count}", "weight": draw(weights)}
        if draw(st.integers(0, 4)) == 0:
            plain["weights_by_category"] = {"a": draw(st.sampled_from([0.0, 0.7, 5.0]))}
        if depth == 0 or draw(st.booleans()):
            plain["rule"] = draw(st.sampled_from(RULES))
            plain["scope"] = draw(st.sampled_from(["all", "category"]))
            plain["missing"] = draw(st.sampled_from(["spread", "zero", "median", "full"]))
            return plain
        return plain | branch(depth - 1)

    def branch(depth: int) -> dict[str, Any]:
        children = [node(depth) for _ in range(draw(st.integers(2, 3)))]
        children[0].pop("weights_by_category", None)  # somebody always counts
        ways = ["siblings", "equal", "whole", "full_marks", {children[0]["id"]: 1.0}]
        combine = draw(st.sampled_from(COMBINES))
        cancelled = draw(st.sampled_from(ways)) if combine == "weighted_sum" else "siblings"
        return {"children": children, "combine": combine, "cancelled": cancelled}

    root = {"id": "total", **branch(2)}
    if draw(st.booleans()):
        base = root["children"][0]["id"]
        root |= {"cancelled": "siblings", "combine": {
            "method": "multiplier", "base": base, "missing": "one", "zero": "keep", "low": 0.8,
            "high": 1.1, "map": draw(st.sampled_from(["fixed_band", "linear_band", "identity", "rank"])),
            "scope": draw(st.sampled_from(["all", "category"]))}}  # fmt: skip
    size = draw(st.integers(4, 9))
    units = {f"u{i}": CATEGORIES[i % 2] for i in range(size)}
    plain = {
        "categories": {"a": {}, "b": {}},
        "units": units,
        "ranking": {"digits": draw(st.sampled_from([None, 1, 2]))},
        "grades": {
            "bands": [{"name": "A", "share": 0.3}, {"name": "B", "at_least": 50}, {"name": "C"}]
        },
        "root": root,
    }
    scheme = sk.Scheme.read(plain)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = np.round(rng.uniform(0.5, 11, (size, len(scheme.indicators))), 1)
    bases = {scheme.root.children[0].id}
    for column, leaf in enumerate(scheme.indicators):
        if leaf.missing != "spread" or leaf.id not in bases:
            values[rng.random(size) < 0.05, column] = np.nan
    values[:2] = np.where(np.isnan(values[:2]), 5.0, values[:2])  # nobody is without any score
    columns = [leaf.id for leaf in scheme.indicators]
    return scheme, sk.Panel(pd.DataFrame(values, index=list(units), columns=columns))


def numbers(scheme: sk.Scheme) -> list[str]:
    """Return the paths that can be drawn and stay valid in the ranges used below."""
    return [
        path
        for path, slot in scheme.paths().items()
        if slot.is_number and slot.value and path.split(".")[1:2] in (["weight"], ["combine"])
    ]


def evaluated(scheme: sk.Scheme, panel: sk.Panel) -> sk.Result | None:
    """Return the result; None where a unit has no score at all, which is an error of its own."""
    try:
        return sk.evaluate(scheme, panel)
    except sk.SimkaoheError as error:
        expected = ("no score at all", "no value", "zero or missing")
        if not any(words in str(error) for words in expected):
            raise
        return None


@settings(max_examples=80)
@given(cases(), st.data())
def test_every_draw_equals_the_edited_scheme(case: Any, data: st.DataObject) -> None:
    scheme, panel = case
    if evaluated(scheme, panel) is None:
        return
    paths = data.draw(
        st.lists(st.sampled_from(numbers(scheme)), min_size=1, max_size=4, unique=True)
    )
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    slots = scheme.paths()
    draws = {path: float(slots[path].value) * rng.uniform(0.9, 1.1, 5) for path in paths}
    outcome = sk.Engine(scheme, panel).run(draws)
    for r in range(5):
        single = sk.evaluate(scheme.edit({p: v[r] for p, v in draws.items()}), panel).outcome
        np.testing.assert_allclose(outcome.totals[r], single.totals[0], atol=1e-12)
        assert (outcome.ranks[r] == single.ranks[0]).all()
        assert (outcome.category_ranks[r] == single.category_ranks[0]).all()
        assert (outcome.grades[r] == single.grades[0]).all()


@settings(max_examples=60)
@given(cases(), st.randoms())
def test_the_order_of_units_does_not_matter(case: Any, random: Any) -> None:
    scheme, panel = case
    if (straight := evaluated(scheme, panel)) is None:
        return
    order = list(panel.units)
    random.shuffle(order)
    units = {unit: scheme.units[unit] for unit in order}
    turned = sk.evaluate(
        sk.Scheme.read(scheme.plain() | {"units": units}),
        sk.Panel(panel.frame("actual").loc[order]),
    )
    pd.testing.assert_frame_equal(turned.scores.loc[straight.scores.index], straight.scores)
    columns = ["total", "rank", "category_rank", "grade"]
    expected = straight.ranking[columns].sort_index()
    pd.testing.assert_frame_equal(turned.ranking[columns].sort_index(), expected)


@settings(max_examples=80)
@given(cases(), st.data())
def test_raising_a_positive_indicator_never_lowers_the_units_total(case: Any, data: Any) -> None:
    scheme, panel = case
    if (before := evaluated(scheme, panel)) is None:
        return
    leaf = data.draw(st.sampled_from(scheme.indicators)).id
    frame = panel.frame("actual")
    unit = data.draw(st.sampled_from(list(frame.index[frame[leaf].notna()])))
    frame.loc[unit, leaf] += data.draw(st.sampled_from([0.1, 1.0, 20.0]))
    after = sk.evaluate(scheme, sk.Panel(frame))
    assert after.scores.loc[unit, "total"] >= before.scores.loc[unit, "total"] - 1e-9


@settings(max_examples=60)
@given(cases())
def test_yaml_gives_the_same_scheme_and_the_same_bits(case: Any) -> None:
    scheme, panel = case
    again = sk.Scheme.read(parse_yaml(to_yaml(scheme.plain()), "scheme.yaml"))
    assert again == scheme
    if (before := evaluated(scheme, panel)) is not None:
        after = sk.evaluate(again, panel)
        assert before.scores.to_numpy().tobytes() == after.scores.to_numpy().tobytes()


@settings(max_examples=60)
@given(cases(), cases())
def test_a_difference_leads_from_one_scheme_to_the_other(one: Any, two: Any) -> None:
    a, b = one[0], two[0]
    assert a.edit(a.diff(b)) == b
    assert b.edit(b.diff(a)) == a


@settings(max_examples=60)
@given(cases())
def test_ranks_are_scipys_on_rounded_totals(case: Any) -> None:
    scheme, panel = case
    if (result := evaluated(scheme, panel)) is None:
        return
    ranking = result.ranking
    assert (ranking["rank"] == rankdata(-ranking["total"], method="min")).all()
    for _, members in ranking.groupby("category"):
        assert (members["category_rank"] == rankdata(-members["total"], method="min")).all()
        assert (members["grade"] == "A").sum() <= np.floor(0.3 * len(members) + 0.5)


def test_equal_units_stay_equal_under_500_weights_and_any_block() -> None:
    rng = np.random.default_rng(7)
    half = rng.random((60, 12))
    frame = pd.DataFrame(
        np.vstack([half, half]), [f"u{i}" for i in range(120)], list("abcdefghijkl")
    )
    leaves = [{"id": name, "rule": "minmax"} for name in frame]
    scheme = sk.Scheme.read({"ranking": {"digits": 2}, "root": {"id": "total", "children": leaves}})
    engine = sk.Engine(scheme, sk.Panel(frame))
    draws = {f"{name}.weight": rng.uniform(0.1, 1, 1500) for name in frame}
    outcome = engine.run(draws)
    assert (outcome.ranks[:, :60] == outcome.ranks[:, 60:]).all()
    assert (outcome.ranks == rankdata(-outcome.totals, method="min", axis=1)).all()
    for start, stop in ((0, 1), (3, 700), (1400, 1500)):
        part = engine.run({path: values[start:stop] for path, values in draws.items()})
        assert (part.ranks == outcome.ranks[start:stop]).all()
        assert (part.totals == outcome.totals[start:stop]).all()


@pytest.mark.parametrize(
    ("draws", "words"),
    [
        ({"party.wieght": [1.0]}, "Did you mean 'weight'"),
        ({"party.weight": [1.0, -2.0]}, "≥ 0"),
        ({"party.weight": [1.0, np.nan]}, "finite numbers"),
        ({"party.weight": [[1.0]]}, "finite numbers"),
        ({"party.weight": [1.0, 2.0], "income.rule.cap": [1.0, 1.1, 1.2]}, "different lengths"),
        ({"gdp_growth.rule.cap": [0.2]}, "at most cap"),
        ({"total.combine": [1.0]}, "a number of a node or adjustment"),
        ({"ranking.digits": [1.0]}, "a number of a node or adjustment"),
        ({"units.青山区": [1.0]}, "a number of a node or adjustment"),
    ],
)
def test_what_cannot_be_drawn_says_so(draws: Any, words: str) -> None:
    engine = sk.Engine(*sk.load("three_papers"))
    with pytest.raises(sk.SimkaoheError, match=words):
        engine.run(draws)
