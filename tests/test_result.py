"""Results: explanations add up, rounding is Excel's, grades respect their quota."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import simkaohe as sk
from simkaohe.labels import use_language
from simkaohe.scheme.tree import Group
from simkaohe.scheme.wording import path_label, without_ids


def given(values: dict[str, float], **fields) -> sk.Result:
    root = {"id": "total", "children": [{"id": "x", "rule": "given"}]}
    frame = pd.DataFrame({"x": values})
    return sk.evaluate(sk.Scheme.read({"root": root, **fields}), sk.Panel(frame))


@pytest.mark.parametrize("case", ["tai", "three_papers"])
@pytest.mark.parametrize(
    "edit", [{}, {"total.combine": "weighted_sum"}, {"total.combine": "geometric"}]
)
def test_every_total_is_the_sum_of_its_explanation(case: str, edit: dict) -> None:
    scheme, panel = sk.load(case)
    if case == "tai" and edit:
        edit = {"total.combine": {"method": edit["total.combine"]}}
        if edit["total.combine"]["method"] == "geometric":
            edit["total.combine"] |= {"zero": "floor", "floor": 1.0}
    scheme = scheme.edit(edit)
    result = sk.evaluate(scheme, panel)
    engine = sk.Engine(scheme, panel)
    combined = {name: engine.stages(node)[0][1] for name, node in scheme.nodes.items()}
    for unit in result.ranking.index:
        steps = result.explain(unit)
        place = engine.units.index(unit)
        for node in scheme.nodes.values():
            if isinstance(node, Group) and node.id in steps.index:
                parts = steps.reindex([child.id for child in node.children]).dropna(how="all")
                points = parts["points"].sum()
                brings = parts["points"].any() or node.combine.linear
                expected = (points if brings else 1.0) * parts["factor"].prod()
                assert combined[node.id][place] == pytest.approx(expected, rel=1e-12)
        total = result.ranking.loc[unit, "total"]
        digits = 9 if scheme.ranking.digits is None else scheme.ranking.digits
        assert total == pytest.approx(steps.loc["total", "score"], abs=0.51 * 10.0**-digits)
        assert steps.loc["= total", "score"] == total
        assert steps.loc["= rank", "score"] == result.ranking.loc[unit, "rank"]


def test_a_total_of_three_papers_recomputed_by_hand() -> None:
    # 清河县: 得分 of the papers → D × (0.8 + 0.25 P/100) × (0.8 + 0.25 S/100), 80 % of it and 20 % of
    # the half-year score, half up to 2 decimals
    scheme, panel = sk.load("three_papers")
    result = sk.evaluate(scheme, panel)
    party = 0.35 * panel.frame("actual").loc["清河县", "rectification"]
    party += 0.35 * panel.frame("actual").loc["清河县", "grassroots"]
    faults = panel.frame("actual").loc["清河县", "integrity"]
    party += 0.30 * 100 * (30 - 1.5 * faults) / 30
    public = panel.frame("actual").loc["清河县", ["eco_survey", "service_survey"]] @ [0.4, 0.6]
    development = result.scores.loc["清河县", "development"]
    by_hand = development * (0.8 + 0.25 * party / 100) * (0.8 + 0.25 * public / 100)
    by_hand = 0.8 * by_hand + 0.2 * panel.frame("periods").loc["清河县", "half_year"]
    assert result.ranking.loc["清河县", "total"] == pytest.approx(
        np.floor(by_hand * 100 + 0.5) / 100
    )
    groups = {
        "innovation": 15,
        "economy": 15,
        "green": 35,
        "openness": 10,
        "shared": 15,
        "safety": 10,
    }
    scores = result.scores.loc["清河县", list(groups)]
    assert development == pytest.approx(scores @ list(groups.values()) / 100)


def test_totals_are_rounded_half_up_before_ranks_are_taken() -> None:
    values = {"甲": 2.675, "乙": 2.68, "丙": 2.6749, "丁": 1.005}
    ranking = given(values, ranking={"digits": 2}).ranking
    assert ranking["total"].to_dict() == {"甲": 2.68, "乙": 2.68, "丙": 2.67, "丁": 1.01}
    assert ranking["rank"].to_dict() == {"甲": 1, "乙": 1, "丙": 3, "丁": 4}
    dense = given(values, ranking={"digits": 2, "ties": "dense"}).ranking
    assert dense["rank"].to_dict() == {"甲": 1, "乙": 1, "丙": 2, "丁": 3}


def test_the_ranking_has_the_promised_columns() -> None:
    ranking = sk.evaluate(*sk.load("three_papers")).ranking
    assert list(ranking.columns) == ["category", "total", "rank", "category_rank", "grade"]
    assert ranking.index.name == "unit"
    assert ranking["rank"].is_monotonic_increasing


GRADES = {"bands": [{"name": "A", "share": 0.3}, {"name": "B", "at_least": 60}, {"name": "C"}]}


@pytest.mark.parametrize(
    ("totals", "change", "expected"),
    [
        ([90, 80, 70, 65, 50], {}, "AABBC"),  # 1.5 seats, half up
        ([90, 80, 70, 65, 50], {"rounding": "floor"}, "ABBBC"),
        ([90, 80, 70, 65, 50], {"rounding": "ceiling"}, "AABBC"),
        ([90, 80, 80, 65, 50], {}, "ABBBC"),  # a tie at the edge: nobody
        ([90, 80, 80, 65, 50], {"ties": "all_in"}, "AAABC"),
        ([90, 80], {}, "AB"),
        ([90], {}, "B"),  # 0.3 seats
        ([90], {"at_least_one": True}, "A"),
        ([50, 40, 30, 20], {"bands.0.at_least": 60.0}, "CCCC"),
        ([90, 80, 70, 60], {"bands.0.seats": 3}, "AAAB"),
        ([90, 90, 90, 90], {}, "BBBB"),
    ],
)
def test_grades_by_quota_and_threshold(totals, change, expected) -> None:
    values = dict(zip("甲乙丙丁戊", totals, strict=False))
    root = {"id": "total", "children": [{"id": "x", "rule": "given"}]}
    scheme = sk.Scheme.read({"root": root, "grades": GRADES})
    scheme = scheme.edit({f"grades.{path}": value for path, value in change.items()})
    result = sk.evaluate(scheme, sk.Panel(pd.DataFrame({"x": values}, dtype=float)))
    assert "".join(result.grades) == expected


def test_ties_at_the_edge_are_broken_by_the_node_that_the_scheme_names() -> None:
    root = {"id": "total", "children": [{"id": "x", "rule": "given"}, {"id": "y", "rule": "given"}]}
    grades = {"bands": [{"name": "A", "seats": 1}, {"name": "B"}], "tie_break": ["y"]}
    frame = pd.DataFrame({"x": [60.0, 80.0], "y": [80.0, 60.0]}, index=["甲", "乙"])
    result = sk.evaluate(sk.Scheme.read({"root": root, "grades": grades}), sk.Panel(frame))
    assert result.grades.to_dict() == {"甲": "A", "乙": "B"}
    assert set(result.ranking["rank"]) == {1}


def test_largest_remainder_gives_the_seats_of_shanxi() -> None:
    # Shanxi 2012: 25 seats over categories of 22, 38, 36 and 23 counties: 5, 8, 7, 5
    rules = sk.Grades.model_validate(
        {
            "bands": [{"name": "先进", "share": 25 / 119}, {"name": "其他"}],
            "rounding": "largest_remainder",
        }
    )
    seats = rules.seats({"a": 22, "b": 38, "c": 36, "d": 23})
    assert [seats[name][0] for name in "abcd"] == [5, 8, 7, 5]


def test_an_unknown_unit_has_no_explanation() -> None:
    with pytest.raises(sk.SimkaoheError, match="Did you mean 'Finland'"):
        sk.evaluate(*sk.load("tai")).explain("Finnland")


def test_the_table_is_the_ranking_in_the_readers_words() -> None:
    result = sk.evaluate(*sk.load("three_papers"))
    sk.use_language("zh")
    assert list(result.table().columns) == ["类别", "总分", "排名", "类内排名", "等次"]
    sk.use_language("en")
    table = result.table()
    assert list(table.columns) == ["Category", "Total", "Rank", "Rank in category", "Grade"]
    assert table["Total"].tolist() == result.ranking["total"].tolist()
    first = result.ranking.iloc[0]
    assert table["Category"].iloc[0] == result.scheme.category_label(first["category"])
    plain = sk.evaluate(*sk.load("tai")).table()
    assert list(plain.columns) == ["Total", "Rank"]
    assert plain.index.name == "Unit"


def test_tables_of_fairness_have_no_codes_and_speak_both_languages() -> None:
    scheme, panel = sk.load("target_responsibility")
    flagged = scheme.edit(sk.load_scenarios("target_responsibility")[1])
    paid = sk.fairness.money(flagged, panel, base=scheme)
    sk.use_language("en")
    shown = sk.in_words(paid.change_by_category, scheme)
    assert list(shown) == ["Before", "After", "Difference", "Lost", "Units that lose"]
    assert shown.index.names == ["Use", "Category"]
    assert ("Prize", "Counties") in shown.index
    assert (shown["Difference"] == shown["After"] - shown["Before"]).all()
    assert list(sk.in_words(paid.amounts, scheme)) == ["Category", "Prize", "Excellent individuals"]
    sk.use_language("zh")
    assert list(sk.in_words(paid.changes, scheme)) == ["类别", "原来", "改后", "增减"]
    vetoes = sk.in_words(sk.fairness.leverage(scheme, panel).vetoes, scheme)
    assert vetoes.index.name == "名称"
    assert "数据造假" in vetoes.index


def test_nodes_with_the_id_of_a_column_keep_their_own_name() -> None:
    """The case's raters are called above and below, as are columns of the sensitivity tables."""
    scheme, panel = sk.load("cadre_360")
    scores = sk.evaluate(scheme, panel).scores[["above", "below"]]
    sk.use_language("en")
    assert list(sk.in_words(scores, scheme)) == ["Superiors", "Subordinates"]
    turned = sk.in_words(scores.T.rename_axis("node"), scheme)
    assert list(turned.index) == ["Superiors", "Subordinates"]
    assert turned.index.name == "Name"
    assert list(sk.in_words(pd.DataFrame({"above": ["a"], "gap": [0.1]}), scheme)) == [
        "Above",
        "Gap",
    ]


def test_paths_and_grades_in_headings_are_words() -> None:
    scheme, _ = sk.load("cadre_360")
    paths = [
        "total.difficulty.strength",
        "above.weight + below.weight",
        "results.weights_by_category.economy",
        "*.weight × 5",
    ]
    sk.use_language("en")
    shown = list(sk.in_words(pd.DataFrame(0.0, ["u"], paths), scheme))
    assert shown == [
        "Total · difficulty · strength",
        "Superiors · weight + Subordinates · weight",
        "Results of the work · weights by category · Economic departments",
        "Weight × 5",
    ]
    chances = pd.DataFrame(0.5, ["u"], pd.Index(["优秀", None], name="grade", dtype=object))
    assert list(sk.in_words(chances, scheme)) == ["Excellent", "No grade"]
    quarters, _ = sk.load("county_targets")
    assert path_label(quarters, "periods.earlier.q2").endswith("quarter 2")
    said = "tasks › 青山区: nothing. State it in tasks.missing, or total.nosuch.way, e.g. 0.5"
    assert without_ids(sk.load("three_papers")[0], said) == (
        "Key tasks completed › 青山区: nothing. "
        "State it in Key tasks completed · when missing, or Total · nosuch · way, e.g. 0.5"
    )


def test_columns_that_are_edit_paths_are_named_after_their_node() -> None:
    scheme, _ = sk.load("three_papers")
    frame = pd.DataFrame({"party.weight": [1.0], "total": [2.0], "party": [3.0]})
    assert list(sk.in_words(frame, scheme)) == [
        "Party building · weight",
        "Total",
        "Party building",
    ]


def test_a_place_in_the_category_needs_categories() -> None:
    for case, is_there in (("tai", False), ("three_papers", True)):
        result = sk.evaluate(*sk.load(case))
        steps = result.explain(str(result.ranking.index[0]))
        assert ("= category_rank" in steps.index) == is_there


def test_factors_of_a_simulation_are_named() -> None:
    scheme, _ = sk.load("three_papers")
    use_language("en")
    effects = pd.DataFrame({"effect": [False]}, pd.Index(["party.weight"], name="factor"))
    shown = sk.in_words(effects, scheme)
    assert list(shown.index) == ["Party building · weight"]
    assert shown["Effect"].tolist() == ["no"]


def test_yes_and_no_and_what_an_entry_reaches_are_words() -> None:
    frame = pd.DataFrame({"tied": [True, False], "effect": ["ranks", "none"]})
    use_language("zh")
    assert sk.in_words(frame).to_numpy().tolist() == [["是", "名次"], ["否", "不影响"]]
    use_language("en")
    assert sk.in_words(frame).to_numpy().tolist() == [["yes", "ranks"], ["no", "none"]]
