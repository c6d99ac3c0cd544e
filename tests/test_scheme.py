"""Schemes: weights by category, cancelled weights, edits, differences and round trips."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

import simkaohe as sk
from simkaohe.files import read_scheme, write_scheme
from simkaohe.scheme.edit import value_at

SCORES = {"a": 100.0, "b": 50.0, "c": 10.0, "d": 80.0}


def scheme(cancelled: Any = "siblings") -> sk.Scheme:
    """Return two groups of two; b is cancelled for the category eco."""
    leaves = {
        name: {"id": name, "rule": "given", "weight": weight}
        for name, weight in zip("abcd", (20, 30, 10, 40), strict=True)
    }
    leaves["b"]["weights_by_category"] = {"eco": 0}
    first = {"id": "g", "weight": 60, "children": [leaves["a"], leaves["b"], leaves["c"]]}
    return sk.Scheme.read(
        {
            "name": "方案",
            "categories": {"eco": {"name": "生态"}, "other": None},
            "units": {"甲": "eco", "乙": "other"},
            "root": {"id": "total", "children": [first | {"cancelled": cancelled}, leaves["d"]]},
        }
    )


def panel() -> sk.Panel:
    return sk.Panel(pd.DataFrame([SCORES, SCORES], index=["甲", "乙"]))


@pytest.mark.parametrize(
    ("cancelled", "group", "total"),
    [
        # a 20, c 10 of group g (60), d 40; b's 30 points are moved
        ("siblings", (20 * 100 + 10 * 10) / 30, None),
        ("equal", (35 * 100 + 25 * 10) / 60, None),
        ({"c": 1}, (20 * 100 + 40 * 10) / 60, None),
        ({"a": 2, "c": 1}, (40 * 100 + 20 * 10) / 60, None),
        ("full_marks", (20 * 100 + 10 * 10 + 30 * 100) / 60, None),
        ("zero_marks", (20 * 100 + 10 * 10) / 60, None),
        ("whole", (20 * 100 + 10 * 10) / 30, (30 * 70 + 40 * 80) / 70),
    ],
)
def test_a_cancelled_weight_goes_where_the_scheme_says(cancelled, group, total) -> None:
    result = sk.evaluate(scheme(cancelled), panel())
    assert result.scores.loc["甲", "g"] == pytest.approx(group)
    expected = (60 * group + 40 * 80) / 100 if total is None else total
    assert result.scores.loc["甲", "total"] == pytest.approx(expected)
    untouched = (20 * 100 + 30 * 50 + 10 * 10) / 60
    assert result.scores.loc["乙", "g"] == pytest.approx(untouched)


@pytest.mark.parametrize(
    "way", ["siblings", "equal", {"c": 1}, "full_marks", "zero_marks", "whole"]
)
def test_a_drawn_override_cancels_at_zero_and_only_there(way) -> None:
    draws = {
        "b.weights_by_category.eco": np.array([0.0, 5.0, 30.0]),
        "b.weight": np.array([30.0, 20, 7]),
    }
    outcome = sk.Engine(scheme(way), panel()).run(draws)
    for r in range(3):
        edited = scheme(way).edit({path: values[r] for path, values in draws.items()})
        single = sk.evaluate(edited, panel()).outcome
        np.testing.assert_allclose(outcome.totals[r], single.totals[0], atol=1e-12)


def test_moving_a_weight_of_zero_changes_nothing() -> None:
    base = sk.evaluate(scheme().edit({"b.weight": 0}), panel()).scores
    for way in ("equal", {"c": 1}, "full_marks", "whole"):
        other = sk.evaluate(scheme(way).edit({"b.weight": 0}), panel()).scores
        pd.testing.assert_frame_equal(base, other)


def test_edits_reach_every_kind_of_entry_and_leave_the_original_alone() -> None:
    old = scheme()
    edits = {
        "a.weight": 5,
        "a.weights_by_category.eco": 7.5,
        "b.weights_by_category.eco": None,
        "total.combine": {
            "method": "multiplier",
            "base": "g",
            "map": "fixed_band",
            "low": 0.9,
            "high": 1,
        },
        "total.combine.high": np.float64(1.2),
        "units.甲": "other",
        "units.乙": "eco",
        "ranking.digits": 1,
        "d.rule": {"method": "minmax"},
        "d.rule.worst": 3,
    }
    new = old.edit(edits)
    assert value_at(new, "total.combine.high") == 1.2
    assert value_at(new, "a.weights_by_category.eco") == 7.5
    assert "eco" not in new.nodes["b"].weights_by_category
    assert new.units["甲"] == "other"
    assert value_at(new, "d.rule.worst") == 3
    assert old == scheme()
    assert old.edit(old.diff(new)) == new
    assert new.edit(new.diff(old)) == old
    assert old.diff(old) == {}


def test_a_changed_tree_is_one_edit() -> None:
    old = scheme()
    plain = old.plain()
    plain["root"]["children"] = plain["root"]["children"][:1]
    new = sk.Scheme.read(plain)
    assert list(old.diff(new)) == ["total.children"]
    assert old.edit(old.diff(new)) == new


def test_values_are_frozen_all_the_way_down() -> None:
    with pytest.raises(TypeError, match="frozen"):
        scheme().units["甲"] = "other"
    with pytest.raises(ValueError, match="frozen"):
        scheme().root.weight = 3
    assert pickle.loads(pickle.dumps(scheme())) == scheme()


def test_yaml_keeps_everything(tmp_path) -> None:
    for name in sk.bundled_cases():
        original, data = sk.load(name)
        again = read_scheme(write_scheme(tmp_path / "scheme.yaml", original))
        assert again == original
        assert list(again.units) == list(original.units)
        before, after = sk.evaluate(original, data), sk.evaluate(again, data)
        assert before.scores.equals(after.scores)
    assert "青山区" in (tmp_path / "scheme.yaml").read_text(encoding="utf-8")


def test_paths_list_every_number_with_its_range() -> None:
    original, _ = sk.load("three_papers")
    slots = original.paths()
    assert slots["total.combine.high"].value == 1.05
    assert slots["gdp_growth.rule.cap"].span == (1.0, 1.5)
    assert slots["gdp_growth.weights_by_category.ecology"].is_number
    assert slots["units.青山区"].value == "urban"
    for path, slot in slots.items():
        assert value_at(original, path) == slot.value, path


def test_the_schema_describes_every_method() -> None:
    text = json.dumps(sk.Scheme.model_json_schema(), ensure_ascii=False)
    for family in (sk.Rule, sk.Combine, sk.Measure, sk.CoefficientMap):
        for method in family.family:
            assert f'"{method}"' in text


def test_scenarios_stack_and_the_later_one_wins() -> None:
    one = sk.Scenario(name="一", edits={"a.weight": 1, "c.weight": 2})
    two = sk.Scenario(name="二", edits={"a.weight": 3})
    both = scheme().edit(one | two)
    assert (both.nodes["a"].weight, both.nodes["c"].weight) == (3, 2)


def test_a_new_rule_is_one_class() -> None:
    from typing import ClassVar, Literal

    from simkaohe.labels import Words
    from simkaohe.scheme.method import parameter

    class Squared(sk.Rule):
        method: Literal["squared_for_this_test"] = "squared_for_this_test"
        label: ClassVar = Words("平方", "squared")
        power: float = parameter(2.0, "次方", "power", gt=0, span=(1, 3))

        @staticmethod
        def formula(value, *, full, power):
            return full * (value / 100) ** power

    try:
        changed = scheme().edit({"a.rule": {"method": "squared_for_this_test", "power": 3}})
        assert sk.Scheme.read(changed.plain()) == changed
        engine = sk.Engine(changed.edit({"a.rule.full": 1}), panel())
        drawn = engine.run({"a.rule.power": [1.0, 2.0]}, nodes=["a"])
        assert drawn.scores["a"].shape == (2, 2)
    finally:
        del sk.Rule.family["squared_for_this_test"]
    with pytest.raises(TypeError, match="the fields are"):

        class Liar(sk.Rule):
            method: Literal["liar"] = "liar"
            label: ClassVar = Words("", "")

            @staticmethod
            def formula(value, *, full, missing_field):
                return value


def test_points_without_a_kind_have_a_path_of_their_own() -> None:
    plain = {"root": {"id": "total", "children": [{"id": "x", "rule": "given"}]}}
    scheme = sk.Scheme.read(plain | {"adjustments": {"b": {"method": "bonus"}}})
    assert scheme.paths()["adjustments.b.points."].value == 1.0
    assert scheme.edit({"adjustments.b.points.": 2}).adjustments["b"].points == {"": 2.0}


def test_a_ladder_from_a_fixed_reference_needs_no_target() -> None:
    rule = {"method": "ladder", "reference": "fixed", "at": 10, "down": 2}
    scheme = sk.Scheme.read({"root": {"id": "total", "children": [{"id": "x", "rule": rule}]}})
    frame = pd.DataFrame({"x": [10.0, 8.0]}, index=["a", "b"])
    assert sk.evaluate(scheme, sk.Panel(frame)).ranking["total"].tolist() == [100, 96]
    with pytest.raises(sk.SimkaoheError, match="target"):
        sk.evaluate(scheme.edit({"x.rule.reference": "target"}), sk.Panel(frame))
