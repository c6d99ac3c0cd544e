"""The case cadre_360: made again from its seed, two totals by hand, the README's answers."""

from __future__ import annotations

import math
import runpy
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import simkaohe as sk
from simkaohe.cli import main

CASE = Path(__file__).parents[2] / "data" / "cadre_360"
PUBLIC, PLAIN, SEAT = "公众评议四成", "不计难度系数", "专项优秀名额"


@cache
def result() -> sk.Result:
    return sk.evaluate(*sk.load(CASE))


@cache
def comparison() -> sk.Comparison:
    scheme, panel = sk.load(CASE)
    others = {s.name: scheme.edit(s) for s in sk.load_scenarios(CASE / "scenarios.yaml")}
    return sk.compare(panel, 基准=scheme, **others)


def mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)


def half_up(x: float, digits: int) -> float:
    return math.floor(x * 10**digits + 0.5) / 10**digits


def rank_points(mine: list[float | None], others: list[list[float | None]]) -> float:
    """Mean over the leaders of 100 less 3 for every unit that a leader puts before this one."""
    points = []
    for leader, score in enumerate(mine):
        if score is not None:
            given = [unit[leader] for unit in others]
            ahead = sum(x is not None and x > score for x in given)
            points.append(max(100 - 3 * ahead, 70))
    return mean(points)


def test_make_gives_the_committed_files() -> None:
    made = runpy.run_path(str(CASE / "make.py"))
    scheme, panel = sk.load(CASE)
    assert sk.Scheme.read(made["SCHEME"]) == scheme
    assert made["make_panel"](np.random.default_rng(made["SEED"])) == panel
    assert list(sk.load_scenarios(CASE / "scenarios.yaml")) == made["SCENARIOS"]
    assert len(panel.records("ratings")) <= 1500


def test_a_county_by_hand() -> None:
    """鹤汀区: trimmed ratings, both difficulty coefficients, two caps of the bonus."""
    # Results of the work: 20, 15, 25, 15, 10, 15; what departments do has weight 0.
    gdp = 100 * 6.7 / 7.0  # completion 0.957, from 0.6 on, at most 1.1
    rises = [  # this leader's yearly rise less the predecessor's; 黛岭县 has none to compare with
        9.5 - 6.4,  # 澜石区
        3.1 - 4.6,  # 鹤汀区: the worst
        6.1 - 6.6,  # 霁川县
        5.4 - 5.8,  # 枫渡县
        7.0 - 7.0,  # 砚池县
        5.7 - 6.6,  # 梧台县
        8.4 - 7.5,  # 芦汀县
    ]
    revenue = 70 + 30 * (rises[1] - min(rises)) / (max(rises) - min(rises))
    assert revenue == 70
    projects = 88  # 19.1 / 20.2 = 0.946: from 0.9 on
    rural = 84.8
    air = 100 - 2.5 * (92 - 91.8)
    petitions = 100 - 6 * 3
    results = (
        20 * gdp + 15 * revenue + 25 * projects + 15 * rural + 10 * air + 15 * petitions
    ) / 100
    results *= 1.03  # how hard the targets are; not above 100
    # Own building: 360 degrees 60, party building 40. 优 100, 良 80, 一般 60; best and worst left out.
    above = mean([80, 80, 100])  # 80 80 80 100 100
    peers = mean([80, 80, 100, 100, 100])  # 80 80 80 100 100 100 100, its own 优 not counted
    below = mean([80, 80, 100, 100])  # 80 80 80 100 100 100
    served = mean([80, 80, 80, 80])  # 60 80 80 80 80 80
    team = 0.30 * above + 0.25 * peers + 0.20 * below + 0.25 * served
    self_building = 0.60 * team + 0.40 * 88.0
    # Indicators: results 75, own building 25; innovation is the departments' alone.
    indicators = 0.75 * results + 0.25 * self_building
    # Public evaluation: 满意 100, 基本满意 75, 不满意 55; 不了解 (25 and 57) does not count.
    tasks = (134 * 100 + 179 * 75 + 58 * 55) / (134 + 179 + 58)
    life = (83 * 100 + 108 * 75 + 33 * 55) / (83 + 108 + 33)
    public = 0.5 * tasks + 0.5 * life
    # Leaders: the places among the eight counties; each leader leaves out those in his own charge.
    leaders = rank_points(
        [86, 82, 94, 82, 87, None],  # 鹤汀区
        [
            [89, 82, 91, 87, 89, 83],  # 澜石区
            [85, 83, 94, 87, None, 79],  # 霁川县
            [86, 84, 87, None, 85, 78],  # 枫渡县
            [91, 83, None, 84, 88, 80],  # 砚池县
            [87, None, 90, 84, 82, 82],  # 黛岭县
            [None, 83, 86, 87, 80, 84],  # 梧台县
            [89, 83, 91, 86, 88, 79],  # 芦汀县
        ],
    )
    combined = 0.70 * indicators + 0.20 * public + 0.10 * leaders
    combined *= 0.99  # what the unit means for the whole city
    # Honours: national 2, the same at provincial level 0, two more at provincial level 1 each: cap 3.
    honours = min(2 + 0 + 2 * 1, 3)
    # Creative work: 0.5, then each half of the one before; earned, since indicators ≥ 85.
    assert indicators >= 85
    creative = 0.5 + 0.25 + 0.125
    total = combined + min(
        honours + creative, 3.5
    )  # both together: at most 3.5; no inspection found
    found = result().scores.loc["鹤汀区"]
    for node, by_hand in {
        "results": results,
        "team": team,
        "indicators": indicators,
        "public": public,
        "leaders": leaders,
        "total": total,
    }.items():
        assert found[node] == pytest.approx(by_hand, abs=1e-9), node
    row = result().ranking.loc["鹤汀区"]
    assert row["total"] == half_up(total, 2) == 89.90
    assert (row["category_rank"], row["grade"]) == (5, "良好")
    # 516 cadres, grade 良好: 15 %, no condition for more; whole people only. Prize of the grade: 20.
    assert result().uses.loc["鹤汀区"].to_list() == [math.floor(0.15 * 516), 20]


def test_a_department_by_hand() -> None:
    """市数据局: too few peers, whose weight is spread; a bonus whose condition is not met."""
    # Results: key tasks 40, place in the province 25, on time 35.
    tasks = 88 + (100 - 88) * (90.9 - 90) / (100 - 90)  # between 0.9 and 1.0
    province = 82  # fifth: places five and six
    on_time = [96.1, 95.0, 96.0, 94.6, 94.5, 95.3, 93.7]  # the service departments, itself last
    efficacy = 70 + 30 * (93.7 - min(on_time)) / (max(on_time) - min(on_time))
    results = (40 * tasks + 25 * province + 35 * efficacy) / 100 * 1.01
    # 360 degrees: two peers (its own 优 does not count), four are needed; 30, 20, 25 are left.
    above = mean([80, 80, 100])  # 60 80 80 100 100
    below = mean([80, 80, 100, 100])  # 80 80 80 100 100 100
    served = mean([80, 80, 80, 100])  # 80 80 80 80 100 100
    team = (30 * above + 20 * below + 25 * served) / (30 + 20 + 25)
    self_building = 0.60 * team + 0.40 * 89.0
    innovation = 0.60 * 80 + 0.40 * 78.7  # one practice taken up elsewhere: 80
    indicators = 0.60 * results + 0.25 * self_building + 0.15 * innovation
    public_tasks = (191 * 100 + 46 * 75 + 21 * 55) / (191 + 46 + 21)
    public_life = (233 * 100 + 51 * 75 + 20 * 55) / (233 + 51 + 20)
    public = 0.5 * public_tasks + 0.5 * public_life
    leaders = rank_points(
        [83, 82, 91, 81, 83, 79],  # 市数据局
        [
            [86, 89, 87, 89, 87, None],  # 宣传部
            [90, 88, 86, 87, None, 84],  # 政法委
            [85, 84, 93, None, 87, 83],  # 市教育局
            [79, 83, None, 86, 81, 83],  # 市卫健委
            [84, None, 83, 82, 81, 80],  # 市民政局
            [None, 89, 92, 83, 86, 80],  # 市政务局
        ],
    )
    combined = (0.70 * indicators + 0.20 * public + 0.10 * leaders) * 1.02
    assert indicators < 85  # so that its two pieces of creative work earn nothing
    total = combined + 0
    assert result().scores.loc["市数据局", "total"] == pytest.approx(total, abs=1e-9)
    assert np.isnan(result().scores.loc["市数据局", "peers"])
    row = result().ranking.loc["市数据局"]
    assert row["total"] == half_up(total, 2) == 86.89
    assert (row["category_rank"], row["grade"]) == (5, "良好")
    assert result().uses.loc["市数据局"].to_list() == [math.floor(0.15 * 98), 20]


def test_the_counties_grades_by_hand() -> None:
    """The veto frees a seat, priority decides a tie for the last one."""
    counties = result().ranking.query("category == 'county'")
    assert counties["total"].to_dict() == {
        "芦汀县": 92.23,  # struck by the veto: not 优秀
        "砚池县": 91.00,  # first of two seats: 0.3 × 8 = 2.4
        "霁川县": 90.86,  # the second: a key project goes before …
        "澜石区": 90.86,  # … better indicators, at equal totals
        "鹤汀区": 89.90,
        "黛岭县": 89.64,
        "枫渡县": 89.03,
        "梧台县": 86.22,
    }
    good = ["芦汀县", "澜石区", "鹤汀区"]  # 0.4 × 8 = 3.2
    grades = dict.fromkeys(("砚池县", "霁川县"), "优秀") | dict.fromkeys(good, "良好")
    assert counties["grade"].to_dict() == {u: grades.get(u, "一般") for u in counties.index}
    assert counties.loc["霁川县", "category_rank"] == counties.loc["澜石区", "category_rank"] == 3
    scores = result().scores["indicators"]
    assert scores["澜石区"] > scores["霁川县"] + 5


def test_individual_seats_by_hand() -> None:
    """Any number of conditions raises the share once, and never above 20 %."""
    seats, cadres = result().uses["excellent"], result().panel.frame("covariates")["cadres"]
    assert seats["砚池县"] == math.floor(0.20 * cadres["砚池县"]) == 124  # 18 + 5: the ceiling
    assert seats["霁川县"] == math.floor(0.18 * cadres["霁川县"]) == 99  # no condition met
    assert (
        seats["市教育局"] == math.floor(0.20 * cadres["市教育局"]) == 21
    )  # 15 + 5, two conditions
    assert seats["梧台县"] == math.floor(0.12 * cadres["梧台县"])


def test_missing_data_by_hand() -> None:
    scores = result().scores
    assert np.isnan(scores.loc["黛岭县", "revenue_rise"])  # less than a year in office
    assert np.isnan(scores.loc["政法委", "public_life"])  # fewer than 100 answers that count
    assert scores.loc["政法委", "public"] == scores.loc["政法委", "public_tasks"]
    others = ["市发改委", "市工信局", "市商务局", "市交通局", "市农业农村局", "市文旅局"]
    middle = sorted(scores.loc[others, "party"])[2:4]
    assert scores.loc["市住建局", "party"] == pytest.approx(mean(middle))  # an open inquiry


def changes(name: str) -> dict[str, tuple[str, str]]:
    table = comparison().table(name)
    moved = table[table["grade"] != table["grade_before"]]
    return dict(
        zip(moved.index, zip(moved["grade_before"], moved["grade"], strict=True), strict=True)
    )


def test_answer_public_evaluation() -> None:
    table, moves = comparison().table(PUBLIC), comparison().statistics.loc[PUBLIC]
    assert (moves["moved"], moves["largest_shift"], moves["grades_changed"]) == (18, 10, 4)
    assert table.loc["澜石区", ["total_before", "total", "shift"]].to_list() == [90.86, 88.02, -10]
    assert table.loc["市数据局", ["total_before", "total", "shift"]].to_list() == [86.89, 88.85, 8]
    assert changes(PUBLIC) == {
        "市数据局": ("良好", "优秀"),
        "市政务局": ("优秀", "良好"),
        "枫渡县": ("一般", "良好"),
        "澜石区": ("良好", "一般"),
    }
    assert table.loc["澜石区", ["uses.excellent_before", "uses.excellent"]].to_list() == [134, 113]
    assert table.loc["市数据局", ["uses.excellent_before", "uses.excellent"]].to_list() == [14, 17]
    assert table.loc["市数据局", ["uses.prize_before", "uses.prize"]].to_list() == [20, 40]
    assert table.loc["澜石区", ["uses.prize_before", "uses.prize"]].to_list() == [20, 0]
    counties = result().scores.loc[result().ranking.query("category == 'county'").index]
    assert counties["indicators"].idxmax() == counties["public"].idxmin() == "澜石区"
    assert counties.loc["澜石区", ["indicators", "public"]].round(1).to_list() == [94.3, 79.9]


def test_answer_difficulty() -> None:
    table, moves = comparison().table(PLAIN), comparison().statistics.loc[PLAIN]
    assert (moves["moved"], moves["largest_shift"], moves["grades_changed"]) == (18, 12, 8)
    assert table.loc["芦汀县", ["total_before", "total", "shift"]].to_list() == [92.23, 88.10, -12]
    assert table.loc["市交通局", ["total_before", "total", "shift"]].to_list() == [89.77, 91.99, 7]
    assert changes(PLAIN) == {
        "澜石区": ("良好", "优秀"),
        "霁川县": ("优秀", "良好"),
        "黛岭县": ("一般", "良好"),
        "芦汀县": ("良好", "一般"),
        "市交通局": ("良好", "优秀"),
        "市文旅局": ("优秀", "良好"),
        "政法委": ("一般", "良好"),
        "市数据局": ("良好", "一般"),
    }
    assert table.loc["芦汀县", ["uses.excellent_before", "uses.excellent"]].to_list() == [90, 76]
    assert table.loc["芦汀县", ["uses.prize_before", "uses.prize"]].to_list() == [20, 0]
    assert table.loc["芦汀县", ["rank_before", "rank"]].to_list() == [1, 13]
    given = result().panel.frame("difficulty")
    assert given.loc["芦汀县"].to_list() == [1.07, 1.01]
    assert given.loc["市交通局"].to_list() == [0.99, 0.98]
    assert (given["results"].min(), given["results"].max()) == (0.94, 1.07)


def test_answer_named_events() -> None:
    table, moves = comparison().table(SEAT), comparison().statistics.loc[SEAT]
    assert (moves["moved"], moves["grades_changed"]) == (0, 4)
    assert changes(SEAT) == {
        "市住建局": ("优秀", "良好"),
        "市交通局": ("良好", "优秀"),
        "宣传部": ("优秀", "良好"),
        "市卫健委": ("良好", "优秀"),
    }
    assert table["total"].loc[["市住建局", "市交通局"]].to_list() == [90.98, 89.77]
    assert table["total"].loc[["宣传部", "市卫健委"]].to_list() == [90.50, 88.36]
    assert table.loc["宣传部", ["uses.excellent_before", "uses.excellent"]].to_list() == [19, 16]


def test_answer_priority_and_a_seat_on_top() -> None:
    scheme, panel = sk.load(CASE)
    # An empty list would leave records of events that the scheme no longer knows.
    never = {f"grades.priority.{place}.at_least": 99 for place in range(4)}
    without = sk.evaluate(scheme.edit(never), panel).grades
    assert (without["澜石区"], without["霁川县"]) == ("优秀", "良好")
    extra = [entry.edits for entry in sk.load_scenarios(CASE / "scenarios.yaml")][2]
    on_top = sk.evaluate(scheme.edit({**extra}).edit({"grades.extra.0.reserved": False}), panel)
    best = {unit for unit, grade in on_top.grades.items() if grade == "优秀"}
    before = {unit for unit, grade in result().grades.items() if grade == "优秀"}
    assert best - before == {"枫渡县", "市交通局", "市卫健委"}
    assert before <= best


@pytest.mark.parametrize("unit", ["芦汀县", "黛岭县", "政法委", "市数据局"])
def test_command_line(unit: str, capsys: pytest.CaptureFixture[str]) -> None:
    scenarios = str(CASE / "scenarios.yaml")
    for words in (
        ["rank", str(CASE)],
        ["compare", str(CASE), scenarios],
        ["explain", str(CASE), unit],
    ):
        assert main(words) == 0
        assert unit in capsys.readouterr().out or words[0] == "explain"
