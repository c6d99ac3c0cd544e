"""Adjustments, periods, ratings, surveys and shared results, against sums done by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import simkaohe as sk

UNITS = ["甲", "乙", "丙"]
EVENTS = ["unit", "event", "kind", "count", "name"]


def made(scheme: dict[str, Any], values: dict[str, list[float]], **tables: Any) -> sk.Result:
    """Evaluate a scheme whose root adds indicators ``x`` and ``y`` with equal weights."""
    leaves = [{"id": name, "rule": "given"} for name in values]
    root = {"id": "total", "children": leaves}
    frame = pd.DataFrame(values, index=UNITS)
    events = tables.pop("events", None)
    if events is not None:
        tables["events"] = pd.DataFrame(events, columns=EVENTS[: len(events[0])])
    return sk.evaluate(sk.Scheme.read({"root": root, **scheme}), sk.Panel(frame, **tables))


def totals(result: sk.Result) -> list[float]:
    return result.outcome.totals[0].tolist()


X = {"x": [80.0, 70.0, 60.0]}
PERIODS = {"半年": [60.0, 90.0, np.nan], "一季度": [100.0, 50.0, 40.0]}
LADDER = {"method": "bonus", "points": {"国家": 2, "省": 1, "市": 0.5}}


@pytest.mark.parametrize(
    ("bonus", "events", "points"),
    [
        (LADDER, [("甲", "b", "国家", 1), ("甲", "b", "市", 3), ("乙", "b", "省", 2)], [3.5, 2, 0]),
        ({**LADDER, "cap": 3}, [("甲", "b", "国家", 2), ("乙", "b", "市", 1)], [3, 0.5, 0]),
        ({**LADDER, "caps": {"市": 1}}, [("甲", "b", "市", 5), ("甲", "b", "省", 1)], [2, 0, 0]),
        # 1 + 0.5 + 0.25 times two points
        ({**LADDER, "further": 0.5}, [("甲", "b", "国家", 3)], [3.5, 0, 0]),
        # the same event at two levels: the higher in full, the lower at half
        (
            {**LADDER, "same": 0.5},
            [("甲", "b", "市", 1, "文明"), ("甲", "b", "国家", 1, "文明")],
            [2.25, 0, 0],
        ),
        (LADDER, [("甲", "b", "市", 1, "文明"), ("甲", "b", "国家", 1, "文明")], [2, 0, 0]),
        (LADDER, [("甲", "b", "市", 1, "文明"), ("乙", "b", "市", 1, "文明")], [0.5, 0.5, 0]),
        ({"method": "bonus"}, [("丙", "b", "", 1.75)], [0, 0, 1.75]),  # points given directly
        (
            {**LADDER, "requires": [{"value": "x", "at_least": 75}]},
            [("甲", "b", "省", 1), ("乙", "b", "省", 1)],
            [1, 0, 0],
        ),
        (
            {"method": "deduction", "points": {"通报": 1}, "further": 1.5},
            [("甲", "b", "通报", 3)],
            [-4.75, 0, 0],
        ),
        ({"method": "deduction", "points": {"通报": 30}}, [("丙", "b", "通报", 3)], [0, 0, -90]),
    ],
)
def test_bonus_and_deduction(bonus: Any, events: Any, points: list[float]) -> None:
    result = made({"adjustments": {"b": bonus}}, X, events=events)
    assert totals(result) == pytest.approx([80 + points[0], 70 + points[1], 60 + points[2]])


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ({}, 80 + 6 - 3),
        ({"bonus": 4}, 80 + 4 - 3),
        ({"deduction": 1}, 80 + 6 - 1),
        ({"net": 2}, 80 + 2),
        ({"bonus": 4, "net": 2}, 80 + 1),  # bonuses are cut first, then set off
        ({"bonus_share": 0.05}, 80 + 4 - 3),
        ({"high": 81}, 81),
        ({"low": 85}, 85),
    ],
)
def test_limits_of_the_total(limit: dict[str, float], expected: float) -> None:
    scheme = {
        "adjustments": {
            "b": {"method": "bonus"},
            "c": {"method": "bonus"},
            "d": {"method": "deduction"},
        },
        "limits": {"total": limit},
    }
    events = [("甲", "b", "", 4.0), ("甲", "c", "", 2.0), ("甲", "d", "", 3.0)]
    assert totals(made(scheme, X, events=events))[0] == pytest.approx(expected)


def test_a_bonus_on_the_base_is_multiplied_and_one_on_the_total_is_not() -> None:
    scheme = {
        "root": {
            "id": "total",
            "combine": {"method": "multiplier", "base": "x"},
            "children": [{"id": "x", "rule": "given"}, {"id": "y", "rule": "given"}],
        },
        "adjustments": {"b": {"method": "bonus"}},
    }
    values = {"x": [80.0, 70.0, 60.0], "y": [90.0, 90.0, 90.0]}
    events = [("甲", "b", "", 5.0)]
    outside = made(scheme, values, events=events)
    scheme["adjustments"] = {"b": {"method": "bonus", "on": "x"}}
    inside = made(scheme, values, events=events)
    assert totals(outside)[0] == pytest.approx(80 * 0.9 + 5)
    assert totals(inside)[0] == pytest.approx((80 + 5) * 0.9)


def test_points_of_the_total_are_in_its_full_marks() -> None:
    result = made(
        {
            "full": 1000,
            "adjustments": {"b": {"method": "bonus"}},
            "limits": {"total": {"high": 900}},
        },
        X,
        events=[("乙", "b", "", 5.0), ("甲", "b", "", 500.0)],
    )
    assert totals(result) == pytest.approx([900, 705, 600])


@pytest.mark.parametrize(
    ("veto", "expected", "ranks"),
    [
        ({"effects": ["zero"]}, [0, 70, 60], [3, 1, 2]),
        ({"effects": ["score_cap"], "cap": 65}, [65, 70, 60], [2, 1, 3]),
        ({"effects": ["last"]}, [80, 70, 60], [3, 1, 2]),
        ({"effects": ["out"]}, [80, 70, 60], [0, 1, 2]),
        ({"effects": ["flag"]}, [80, 70, 60], [1, 2, 3]),
        ({"effects": ["zero"], "on": "x"}, [40, 70, 60], [3, 1, 2]),
        ({"effects": ["last"], "any_of": [{"score": "total", "at_most": 65}]}, None, [2, 1, 3]),
    ],
)
def test_vetoes_on_score_and_rank(veto: Any, expected: Any, ranks: list[int]) -> None:
    scheme = {"adjustments": {"v": {"method": "veto", **veto}}}
    result = made(scheme, {"x": X["x"], "y": X["x"]}, events=[("甲", "v", "", 1)])
    if expected is not None:
        assert totals(result) == pytest.approx(expected)
    assert result.outcome.ranks[0].tolist() == ranks


@pytest.mark.parametrize(
    ("condition", "struck"),
    [
        ({"value": "x", "at_least": 70}, [True, True, False]),
        ({"value": "x", "at_most": 70}, [False, True, True]),
        ({"value": "x", "below": 70}, [False, False, True]),
        ({"value": "x", "at_least": 65, "below": 80}, [False, True, False]),
        ({"completion": "x", "below": 1}, [True, False, True]),  # targets 81, 70 and 90
        ({"fact": "people", "at_least": 10}, [True, False, False]),  # 12, 9, missing
        ({"event": "e"}, [True, True, False]),
        ({"event": "e", "kind": "省"}, [False, True, False]),
        ({"event": "e", "at_least": 3}, [False, True, False]),
        ({"event": "e", "at_most": 0}, [False, False, True]),
        ({"period": "半年", "below": 70}, [True, False, False]),
        ({"score": "x", "at_least": 80}, [True, False, False]),
    ],
)
def test_conditions(condition: dict[str, Any], struck: list[bool]) -> None:
    veto = {"method": "veto", "effects": ["flag"], "any_of": [condition]}
    result = made(
        {"adjustments": {"v": veto}},
        X,
        target=pd.DataFrame({"x": [81.0, 70.0, 90.0]}, index=UNITS),
        covariates=pd.DataFrame({"people": [12.0, 9.0, np.nan]}, index=UNITS),
        periods=pd.DataFrame(PERIODS, index=UNITS),
        **(
            {"events": [("甲", "e", "市", 1), ("乙", "e", "省", 3)]} if "event" in condition else {}
        ),
    )
    assert result.engine.struck("v").tolist() == struck
    assert str(sk.Scheme.read(result.scheme.plain()).adjustments["v"].any_of[0].words)


def test_several_last_places_keep_the_order_of_their_totals() -> None:
    scheme = {"adjustments": {"v": {"method": "veto", "effects": ["last"]}}}
    events = [("甲", "v", "", 1), ("乙", "v", "", 2)]
    assert made(scheme, X, events=events).outcome.ranks[0].tolist() == [2, 3, 1]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, [88, 70, 54]),
        ({"strength": 0.5}, [84, 70, 57]),
        ({"strength": 0}, [80, 70, 60]),
        ({"cap": 85}, [85, 70, 54]),
    ],
)
def test_difficulty(rule: dict[str, float], expected: list[float]) -> None:
    coefficients = pd.DataFrame({"x": [1.1, np.nan, 0.9]}, index=UNITS)
    root = {"id": "total", "children": [{"id": "x", "rule": "given", "difficulty": rule}]}
    assert totals(made({"root": root}, X, difficulty=coefficients)) == pytest.approx(expected)


def test_difficulty_of_units_acts_on_the_total_before_bonus_points() -> None:
    root = {"id": "total", "difficulty": {}, "children": [{"id": "x", "rule": "given"}]}
    result = made(
        {"root": root, "adjustments": {"b": {"method": "bonus"}}},
        X,
        difficulty=pd.DataFrame({"total": [1.1, 1, 1]}, index=UNITS),
        events=[("甲", "b", "", 2.0)],
    )
    assert totals(result)[0] == pytest.approx(80 * 1.1 + 2)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"earlier": {"半年": 30}, "current": 70, "missing": "zero"}, [74, 76, 42]),
        ({"earlier": {"半年": 30}, "current": 70, "missing": "spread"}, [74, 76, 60]),
        (
            {"earlier": {"半年": 1, "一季度": 1}, "current": 2, "missing": "spread"},
            [80, 70, (60 * 2 + 40) / 3],
        ),
        (
            {"earlier": {"半年": 1, "一季度": 1}, "method": "best", "missing": "spread"},
            [100, 90, 60],
        ),
        ({"earlier": {"半年": 0}}, [80, 70, 60]),
        ({"earlier": {"一季度": 1}, "current": 0}, [100, 50, 40]),
    ],
)
def test_periods(rule: Any, expected: list[float]) -> None:
    periods = pd.DataFrame(PERIODS, index=UNITS)
    assert totals(made({"periods": rule}, X, periods=periods)) == pytest.approx(expected)


def test_a_published_blend_of_years() -> None:
    """Half the mean of four years' scores, half the last year: 91.375 (S25 of the manual)."""
    years = pd.DataFrame([[88.0, 91.0, 86.0, 90.0]] * 3, UNITS, ["a", "b", "c", "d"])
    rule = {"earlier": dict.fromkeys("abcd", 0.125), "current": 0.5}
    result = made({"periods": rule}, {"x": [94.0, 94.0, 94.0]}, periods=years)
    assert totals(result)[0] == pytest.approx(91.375)


def measured(measure: Any, **more: Any) -> Any:
    """Return a root of one indicator ``x``, whose value is taken by a measure."""
    leaf = {"id": "x", "rule": "given", "measure": measure, **more}
    other = {"id": "y", "rule": "given", "weight": 0}
    return {"root": {"id": "total", "children": [leaf, other]}}


def ratings(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["unit", "group", "rater", "score"]).assign(indicator="x")


GIVEN = ratings(
    [(unit, "上级", f"r{k}", s) for unit in UNITS for k, s in enumerate([60, 80, 90, 100])]
    + [("甲", "同级", "乙", "优"), ("甲", "同级", "丙", "良"), ("甲", "同级", "甲", "优")]
    + [(unit, "同级", "丁", 50) for unit in UNITS]
)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ({"group": "上级"}, [82.5, 82.5, 82.5]),
        ({"group": "上级", "trim": 1}, [85, 85, 85]),
        ({"group": "上级", "trim": 2}, [82.5, 82.5, 82.5]),  # too few to trim: plain mean
        # 优 and 良 and 50; 甲 does not rate himself
        ({"group": "同级", "levels": {"优": 100, "良": 80}}, [(100 + 80 + 50) / 3, 50, 50]),
        (
            {"group": "同级", "levels": {"优": 100, "良": 80}, "own": True},
            [(100 + 80 + 50 + 100) / 4, 50, 50],
        ),
    ],
)
def test_ratings(measure: Any, expected: list[float]) -> None:
    scheme = measured({"method": "rating_mean", **measure})
    result = made(scheme, {"y": [0.0, 0.0, 0.0]}, ratings=GIVEN)
    assert totals(result) == pytest.approx(expected)


def test_too_few_raters_give_no_score_and_their_weight_is_spread() -> None:
    levels = {"优": 100, "良": 80}
    leaves = [
        {
            "id": group,
            "data": "x",
            "weight": weight,
            "rule": "given",
            "missing": "spread",
            "measure": {
                "method": "rating_mean",
                "group": group,
                "at_least": 2,
                "levels": levels,
            },
        }
        for group, weight in (("上级", 60.0), ("同级", 40.0))
    ]
    result = made({"root": {"id": "total", "children": leaves}}, {"y": [0.0] * 3}, ratings=GIVEN)
    assert totals(result) == pytest.approx([0.6 * 82.5 + 0.4 * 230 / 3, 82.5, 82.5])


def test_ranks_of_ratings_as_published() -> None:
    """Ranks 1, 3, 2, 5 of 200 points at 2 % each: mean 193 (S29 of the manual)."""
    ranks = [1, 3, 2, 5]
    rows = [(u, "l", f"r{k}", -float(r)) for k, r in enumerate(ranks) for u in ["甲"]]
    fill = [
        (f"u{place}", "l", f"r{k}", -float(place))
        for k, rank in enumerate(ranks)
        for place in range(1, 6)
        if place != rank
    ]
    units = ["甲", *(f"u{place}" for place in range(1, 6))]
    scheme = sk.Scheme.read(measured({"method": "rating_ranks"}) | {"full": 200})
    frame = pd.DataFrame({"y": [0.0] * 6}, index=units)
    panel = sk.Panel(frame, ratings=ratings(rows + fill))
    assert sk.evaluate(scheme, panel).ranking.at["甲", "total"] == pytest.approx(193)


def test_survey_answers_and_smallest_samples() -> None:
    answers = pd.DataFrame(
        [
            (unit, "x", answer, count)
            for unit, counts in zip(
                UNITS, ([70, 20, 10, 5], [0, 0, 10, 0], [1, 0, 0, 90]), strict=True
            )
            for answer, count in zip(("满意", "基本满意", "不满意", "不了解"), counts, strict=True)
        ],
        columns=["unit", "indicator", "answer", "count"],
    )
    points = {"满意": 100, "基本满意": 75, "不满意": 55}
    measure = {"method": "answers", "points": points, "ignored": ["不了解"], "at_least": 10}
    result = made(measured(measure, missing="zero"), {"y": [0.0] * 3}, answers=answers)
    assert totals(result) == pytest.approx([90.5, 55, 0])  # 90.5: part 5.2 of the manual
    sizes = pd.DataFrame({"x": [400.0, 50.0, np.nan]}, index=UNITS)
    survey = measured({"method": "survey", "at_least": 100}, missing="zero")
    assert totals(made(survey, {**X, "y": [0.0] * 3}, sample_size=sizes)) == [80, 0, 0]


def shared(kind: str, **transfer: Any) -> list[float]:
    leaf = {"id": "x", "rule": "given", "attributed": kind}
    leaf |= {"base": "people"} if kind == "rate" else {}
    scheme = sk.Scheme.read(
        {
            "root": {"id": "total", "children": [leaf]},
            "categories": {"c": None},
            "units": dict.fromkeys(UNITS, "c"),
            "attribution": {"z": {"source": "开发区", **transfer}},
        }
    )
    units = [*UNITS, "开发区"]
    frame = pd.DataFrame({"x": [10.0, 20.0, 30.0, 8.0]}, index=units)
    people = pd.DataFrame({"people": [30.0, 20.0, 10.0, 10.0]}, index=units)
    result = sk.evaluate(scheme, sk.Panel(frame, covariates=people))
    return result.engine.values(scheme.indicators[0]).tolist()


def test_sums_are_shared_out_and_nothing_is_lost() -> None:
    assert shared("sum", to={"甲": 0.75, "乙": 0.25}) == [16, 22, 30]
    assert sum(shared("sum", to={"甲": 0.75, "乙": 0.25})) == 10 + 20 + 30 + 8


def test_rates_are_averaged_with_their_base() -> None:
    found = shared("rate", to={"甲": 1.0, "乙": 0.5})
    assert found == pytest.approx([(10 * 30 + 8 * 10) / 40, (20 * 20 + 8 * 5) / 25, 30])


def test_an_assessed_lead_unit_keeps_its_share_of_a_joint_result() -> None:
    scheme = sk.Scheme.read(
        {
            "root": {
                "id": "total",
                "children": [{"id": "x", "rule": "given", "attributed": "sum"}],
            },
            "attribution": {
                "p": {
                    "source": "甲",
                    "keeps": 0.6,
                    "to": {"乙": 0.2, "丙": 0.2},
                    "indicators": ["x"],
                }
            },
        }
    )
    frame = pd.DataFrame({"x": [50.0, 0.0, np.nan]}, index=UNITS)
    result = sk.evaluate(scheme, sk.Panel(frame))
    assert result.engine.values(scheme.indicators[0]).tolist() == pytest.approx([30, 10, 10])


def test_money_by_rank_grade_and_score() -> None:
    uses = {
        "prize": {"method": "pay_by_rank", "amounts": [50, 30, 10]},
        "grade": {"method": "pay_by_grade", "amounts": {"A": 60, "B": 20}},
        "pot": {"method": "pot_by_grade", "pot": 44, "ratios": {"A": 1.2, "B": 1.0}},
        "share": {"method": "proportional", "pot": 30, "above": 60},
        "seats": {
            "method": "individual_quota",
            "shares": {"A": 0.15, "B": 0.12, "C": 0.1},
            "raises": [{"by": 0.05, "any_of": [{"event": "满意机关"}, {"event": "示范"}]},
                       {"by": 0.03, "any_of": [{"event": "示范"}]}],
            "ceiling": 0.2,
        },
        "poor": {"method": "proportional", "pot": 30, "need": "people",
                 "requires": [{"fact": "people", "at_most": 40}]},
    }  # fmt: skip
    bands = [{"name": "A", "seats": 1}, {"name": "B", "at_least": 70}, {"name": "C"}]
    people = pd.DataFrame({"staff": [40.0, 50.0, 60.0], "people": [90.0, 10.0, 40.0]}, index=UNITS)
    result = made(
        {"grades": {"bands": bands}, "uses": uses},
        {"x": [80.0, 70.0, 60.0]},
        covariates=people,
        events=[("甲", "示范", "", 1), ("乙", "满意机关", "", 1)],
    )
    expected = {
        "prize": [50, 30, 10],
        "grade": [60, 20, 0],
        "pot": [24, 20, 0],
        "share": [20, 10, 0],
        "seats": [8, 8, 6],  # 20 % (15+5+3 capped) of 40; 17 % of 50 = 8.5; 10 % of 60
        "poor": [0, 30 * 700 / 3100, 30 * 2400 / 3100],
    }
    for name, amounts in expected.items():
        assert result.uses.loc[UNITS, name].tolist() == pytest.approx(amounts), name


def test_a_pot_is_spent_in_full_and_ties_share() -> None:
    uses = {
        "split": {"method": "pay_by_rank", "amounts": [50, 30, 10]},
        "each": {"method": "pay_by_rank", "amounts": [50, 30, 10], "ties": "each"},
    }
    result = made({"uses": uses}, {"x": [80.0, 80.0, 60.0]})
    assert result.uses.loc[UNITS, "split"].tolist() == [40, 40, 10]
    assert result.uses.loc[UNITS, "each"].tolist() == [50, 50, 10]


def test_comparisons_show_the_money_that_moves() -> None:
    scheme = sk.Scheme.read(
        {
            "root": {
                "id": "total",
                "children": [{"id": "x", "rule": "given"}, {"id": "y", "rule": "given"}],
            },
            "uses": {"prize": {"method": "pay_by_rank", "amounts": [50, 30]}},
        }
    )
    panel = sk.Panel(pd.DataFrame({"x": [9.0, 8, 7], "y": [7.0, 8, 9]}, index=UNITS))
    shift = sk.compare(panel, old=scheme.edit({"y.weight": 0}), new=scheme.edit({"x.weight": 0}))
    table = shift.table("new")
    assert table.loc["甲", ["uses.prize_before", "uses.prize"]].tolist() == [50, 0]
    assert shift.uses["new", "prize"].loc[UNITS].tolist() == [0, 30, 50]


# -- mistakes: one sentence each -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "tables", "words"),
    [
        ({"adjustments": {"b": {"method": "bonos"}}}, {}, "adjustments.b.*Did you mean 'bonus'"),
        ({"adjustments": {"b": {"method": "bonus", "on": "z"}}}, {}, "adjustments.b.on"),
        ({"adjustments": {"b": {"method": "bonus", "points": {"省": -1}}}}, {}, "points.省.*≥ 0"),
        ({"adjustments": {"b": {"method": "bonus", "caps": {"省": 1}}}}, {}, "caps.省"),
        ({"adjustments": {"b": {"method": "veto", "effects": ["score_cap"]}}}, {}, "b.cap"),
        ({"adjustments": {"b": {"method": "veto", "effects": ["boom"]}}}, {}, "effects.*one of"),
        ({"adjustments": {"b": {"method": "veto", "effects": ["not_top"]}}}, {}, "needs grades"),
        ({"adjustments": {"b": {"method": "veto", "effects": ["grade_cap"], "grade": "A"}}}, {},
         "needs grades"),
        ({"adjustments": {"b": {"method": "bonus", "requires": [{"score": "total",
         "at_least": 1}]}}}, {}, "not known yet"),
        ({"adjustments": {"b": {"method": "bonus", "requires": [{"score": "x"}]}}}, {}, "no bound"),
        ({"adjustments": {"b": {"method": "bonus", "requires": [{"at_least": 1}]}}}, {},
         "no subject"),
        ({"adjustments": {"b": {"method": "bonus"}}}, {"events": [("丁", "b", "", 1)]}, "events.*丁"),
        ({"adjustments": {"b": {"method": "bonus"}}}, {"events": [("甲", "c", "", 1)]},
         "no event 'c'"),
        ({"adjustments": {"b": LADDER}}, {"events": [("甲", "b", "县", 1)]}, "no kind '县'"),
        ({"adjustments": {"b": LADDER}}, {"events": [("甲", "b", "省", "多")]}, "count.*多"),
        ({"limits": {"z": {"bonus": 1}}}, {}, "limits.z"),
        ({"periods": {"earlier": {"半年": 1}}}, {}, "periods › 半年"),
        ({"periods": {"earlier": {"半年": 0}, "current": 0}}, {}, "sum to 0"),
        ({"uses": {"u": {"method": "pay_by_grade", "amounts": {"A": 1}}}}, {}, "needs grades"),
        ({"uses": {"u": {"method": "proportional", "pot": -1}}}, {}, "uses.u.pot"),
        ({"uses": {"u": {"method": "proportional", "pot": 1, "need": "n"}}}, {}, "covariates"),
        ({"unranked": ["丁"]}, {}, "unranked"),
        ({"attribution": {"z": {"source": "丁", "to": {"甲": 1}}}}, {}, "no indicator says how"),
        ({"attribution": {"z": {"source": "丁", "to": {"甲": 1}}}, "root": {"id": "total", "children": [
         {"id": "x", "rule": "given", "attributed": "sum"}]}}, {}, "attribution.z.*丁"),
        ({"attribution": {"z": {"source": "甲", "to": {}}}}, {}, "nothing in it"),
        ({"limits": {"total": {"low": 9, "high": 1}}}, {}, "at most high"),
        ({"adjustments": {"a.b": {"method": "bonus"}}}, {}, "a dot in 'a.b'"),
        ({"adjustments": {"v": {"method": "veto", "effects": ["zero"], "any_of": [{"score": "total",
         "at_least": 1}]}}}, {}, "not known yet"),
        ({"uses": {"u": {"method": "pay_by_rank", "amounts": [-5]}}}, {}, "uses.u.amounts.0"),
        ({"attribution": {"z": {"source": "甲", "to": {"甲": 1}}}}, {}, "the source itself"),
        ({"attribution": {"z": {"source": "甲", "to": {"乙": 2}}}}, {}, "from 0 to 1"),
        ({"grades": {"bands": [{"name": "A", "seats": 1}, {"name": "A"}]}}, {}, "used twice"),
    ],
)  # fmt: skip
def test_mistakes_have_a_sentence(scheme: Any, tables: Any, words: str) -> None:
    with pytest.raises(sk.SimkaoheError, match=words):
        made(scheme, X, **tables)


def test_a_period_without_score_is_a_mistake_unless_stated() -> None:
    periods = pd.DataFrame(PERIODS, index=UNITS)
    with pytest.raises(sk.SimkaoheError, match="periods › 丙 › 半年"):
        made({"periods": {"earlier": {"半年": 1}}}, X, periods=periods)


def test_a_gap_is_a_mistake_only_where_the_indicator_counts() -> None:
    leaves = [
        {"id": "x", "rule": "given", "weights_by_category": {"town": 0}},
        {"id": "y", "rule": "given", "weights_by_category": {"city": 0}},
    ]
    scheme = sk.Scheme.read(
        {
            "categories": {"city": None, "town": None},
            "units": {"甲": "city", "乙": "town", "丙": "town"},
            "root": {"id": "total", "children": leaves},
            "grades": {"bands": [{"name": "A", "seats": 1}, {"name": "B"}], "tie_break": ["x"]},
        }
    )
    frame = pd.DataFrame({"x": [80.0, np.nan, np.nan], "y": [np.nan, 70.0, 70.0]}, index=UNITS)
    result = sk.evaluate(scheme, sk.Panel(frame))
    assert totals(result) == [80, 70, 70]
    assert list(result.explain("甲").index[:2]) == ["x", "total"]
    frame.loc["丙", "y"] = np.nan
    with pytest.raises(sk.SimkaoheError, match="y › 丙: there is no value"):
        sk.evaluate(scheme, sk.Panel(frame))
    everybody = scheme.edit({"x.weights_by_category.town": None})
    with pytest.raises(sk.SimkaoheError, match="x › 乙: there is no value"):
        sk.evaluate(everybody, sk.Panel(frame))


def test_a_category_without_ranked_units_and_a_tie_break() -> None:
    scheme = sk.Scheme.read(
        {
            "categories": {"a": None, "z": {"ranked": False}},
            "units": {"甲": "a", "乙": "a", "丙": "z"},
            "root": {"id": "total", "children": [{"id": "x", "rule": "given"}]},
            "grades": {"bands": [{"name": "A", "seats": 1}, {"name": "B"}], "tie_break": ["x"]},
        }
    )
    result = sk.evaluate(scheme, sk.Panel(pd.DataFrame(X, index=UNITS)))
    assert result.grades.tolist() == ["A", "B", "B"]
    assert result.ranking["rank"].isna().tolist() == [False, False, True]


def test_events_may_be_declared_and_recorded_without_any_use() -> None:
    events = [("甲", "flood", "", 1)]
    assert totals(made({"events": {"flood": "抗洪"}}, X, events=events)) == [80, 70, 60]
    with pytest.raises(sk.SimkaoheError, match="no event 'flood'"):
        made({}, X, events=events)


def test_a_difficulty_outside_its_bounds_is_a_mistake() -> None:
    root = {"id": "total", "difficulty": {}, "children": [{"id": "x", "rule": "given"}]}
    table = pd.DataFrame({"total": [1.5, 1, 1]}, index=UNITS)
    with pytest.raises(sk.SimkaoheError, match=r"difficulty › 甲 › total.*from 0.8 to 1.2"):
        made({"root": root}, X, difficulty=table)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("甲", "上级", "r", "很好")], "no rating '很好'"),
        ([("甲", "上级", "r", 90), ("甲", "上级", "r", 80)], "twice"),
    ],
)
def test_ratings_that_cannot_be_understood(rows: Any, words: str) -> None:
    with pytest.raises(sk.SimkaoheError, match=words):
        made(measured({"method": "rating_mean"}), {"y": [0.0] * 3}, ratings=ratings(rows))


# -- found by an independent check ---------------------------------------------------------------


def engine(root: dict[str, Any], tables: dict[str, Any] | None = None, **fields: Any) -> sk.Engine:
    frame = pd.DataFrame({"a": [80.0, 70.0, 60.0], "b": [50.0, 60.0, 90.0]}, index=UNITS)
    return sk.Engine(sk.Scheme.read({"root": root, **fields}), sk.Panel(frame, **(tables or {})))


PAIR = {"id": "total", "children": [{"id": "a", "rule": "given"}, {"id": "b", "rule": "given"}]}


def test_draws_of_a_target_reach_conditions_on_completion() -> None:
    leaf = {"id": "a", "rule": "completion", "target": 75}
    veto = {"method": "veto", "effects": ["last"], "any_of": [{"completion": "a", "below": 1}]}
    one = engine({"id": "total", "children": [leaf]}, adjustments={"v": veto})
    ranks = one.run({"a.target": [55.0, 65, 75, 85, 62]}).ranks
    for row, target in enumerate([55.0, 65, 75, 85, 62]):
        alone = engine(
            {"id": "total", "children": [leaf | {"target": target}]}, adjustments={"v": veto}
        )
        assert ranks[row].tolist() == alone.run().ranks[0].tolist()


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("a.rule.thresholds.0", {"rule": {"method": "tiers", "thresholds": [50], "points": [1, 2]}}),
        ("a.measure.levels.优", {"measure": {"method": "rating_mean", "levels": {"优": 100}},
                                "missing": "spread"}),
        ("a.weights_by_category.typo", {}),
    ],
)  # fmt: skip
def test_what_a_draw_cannot_reach_is_refused_and_never_ignored(path: str, fields: Any) -> None:
    root = {
        "id": "total",
        "children": [{"id": "a", "rule": "given", **fields}, PAIR["children"][1]],
    }
    rated = pd.DataFrame({"unit": UNITS, "indicator": "a", "rater": "r", "score": "优"})
    with pytest.raises(sk.SimkaoheError, match="a number of a node or adjustment"):
        engine(root, {"ratings": rated}).run({path: [1.0, 2.0]})


def test_bounds_are_checked_for_each_draw_as_a_whole() -> None:
    periods = {"periods": {"earlier": {"q": 1.0}, "current": 0.0}}
    table = {"periods": pd.DataFrame({"q": [1.0, 2.0, 3.0]}, index=UNITS)}
    found = engine(PAIR, table, **periods).run(
        {"periods.current": [1.0], "periods.earlier.q": [0.0]}
    )
    assert found.totals[0].tolist() == [65, 65, 75]
    multiplier = {"method": "multiplier", "base": "a", "map": "fixed_band", "low": 0.9, "high": 1.1}
    one = engine(PAIR | {"combine": multiplier})
    with pytest.raises(sk.SimkaoheError, match="high"):
        one.run({"total.combine.low": [0.9, 1.05], "total.combine.high": [1.2, 1.0]})
    with pytest.raises(sk.SimkaoheError, match="sum to 0"):
        engine(PAIR).run({"a.weight": [1.0, 0.0], "b.weight": [1.0, 0.0]})


def test_who_has_a_value_may_differ_from_draw_to_draw() -> None:
    leaf = {"id": "a", "rule": "minmax", "missing": "zero",
            "measure": {"method": "survey", "at_least": 50}}  # fmt: skip
    sizes = {"sample_size": pd.DataFrame({"a": [30.0, 200.0, 200.0]}, index=UNITS)}
    one = engine({"id": "total", "children": [leaf]}, sizes)
    for order in ([0.0, 100.0], [100.0, 0.0]):
        found = one.run({"a.measure.at_least": order}).totals
        for row, least in enumerate(order):
            expected = [100, 50, 0] if least == 0 else [0, 100, 0]
            assert found[row].tolist() == expected


def test_a_missing_value_meets_no_condition() -> None:
    leaf = {
        "id": "x",
        "rule": "completion",
        "direction": "negative",
        "target": 70,
        "missing": "zero",
    }
    veto = {"method": "veto", "effects": ["flag"], "any_of": [{"completion": "x", "at_least": 0}]}
    scheme = sk.Scheme.read(
        {"root": {"id": "total", "children": [leaf]}, "adjustments": {"v": veto}}
    )
    panel = sk.Panel(pd.DataFrame({"x": [np.nan, 70.0, 80.0]}, index=UNITS))
    assert sk.Engine(scheme, panel).struck("v").tolist() == [False, True, True]


def test_vetoes_hold_for_units_outside_the_competition() -> None:
    bands = [{"name": "A", "at_least": 60}, {"name": "B", "at_least": 50}, {"name": "C"}]
    scheme = {
        "grades": {"bands": bands},
        "unranked": ["甲"],
        "adjustments": {"v": {"method": "veto", "effects": ["not_top"]}},
    }
    assert made(scheme, X, events=[("甲", "v", "", 1)]).grades["甲"] == "B"


def test_the_order_of_kinds_is_part_of_a_scheme() -> None:
    plain = {"root": {"id": "total", "children": [{"id": "x", "rule": "given"}]}}
    one, other = (
        sk.Scheme.read(plain | {"adjustments": {"b": {"method": "bonus", "points": points}}})
        for points in ({"A": 2, "B": 5}, {"B": 5, "A": 2})
    )
    assert one != other
    assert one.edit(one.diff(other)) == other


def test_the_best_of_periods_without_any_is_a_mistake() -> None:
    rule = {"earlier": {"半年": 1}, "current": 0, "method": "best", "missing": "spread"}
    with pytest.raises(sk.SimkaoheError, match="丙: this unit has no score at all"):
        made({"periods": rule}, X, periods=pd.DataFrame(PERIODS, index=UNITS))


def test_totals_too_large_for_their_decimals_are_refused_or_cut() -> None:
    assert made({"full": 1e12}, X).outcome.ranks[0].tolist() == [1, 2, 3]
    with pytest.raises(sk.SimkaoheError, match=r"ranking\.digits"):
        made({"full": 1e12, "ranking": {"digits": 9}}, X)
    huge = {"adjustments": {"b": {"method": "bonus"}}}
    assert made(huge, X, events=[("丙", "b", "", 1e10)]).outcome.ranks[0].tolist() == [2, 3, 1]
    assert made(huge, X, events=[("丙", "b", "", 1e300)]).outcome.ranks[0].tolist() == [2, 2, 1]
    with pytest.raises(sk.SimkaoheError, match="丙: its total is too large"):
        made({}, {"x": [50.0, 60.0, 1.7e308]})


def test_hamilton_serves_equal_remainders_in_order() -> None:
    bands = (sk.scheme.grades.Band(name="A", share=0.05), sk.scheme.grades.Band(name="B"))
    rules = sk.Grades(bands=bands, rounding="largest_remainder")
    assert [s[0] for s in rules.seats({"p": 7, "q": 27}).values()] == [1, 1]


def test_targets_of_the_indicator_are_shared_like_those_of_the_data() -> None:
    leaf = {"id": "x", "rule": "completion", "target": 60, "attributed": "sum"}
    scheme = sk.Scheme.read(
        {
            "root": {"id": "total", "children": [leaf]},
            "categories": {"c": None},
            "units": dict.fromkeys(UNITS, "c"),
            "attribution": {"z": {"source": "区", "to": {"甲": 1.0}}},
        }
    )
    frame = pd.DataFrame({"x": [55.0, 60.0, 30.0, 55.0]}, index=[*UNITS, "区"])
    target = pd.DataFrame({"x": [50.0]}, index=["区"])
    result = sk.evaluate(scheme, sk.Panel(frame, target=target))
    assert totals(result) == pytest.approx([100 * 110 / 110, 100, 50])
