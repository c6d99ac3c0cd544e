"""The case county_targets: made as committed, three totals by hand, and the README's answers."""

from __future__ import annotations

import math
import runpy
from pathlib import Path

import numpy as np
import pytest

import simkaohe as sk
from simkaohe.cli import main

HERE = Path(__file__).parents[2] / "data" / "county_targets"
KEEP_GDP, VOLUME, STRUCTURE, DAILY_0, DAILY_60 = (
    "生态镇保留GDP考核",
    "总量为主（旧权重）",
    "结构再强化",
    "平时考核0%",
    "平时考核60%",
)


@pytest.fixture(scope="module")
def case() -> tuple[sk.Scheme, sk.Panel]:
    return sk.load(HERE)


@pytest.fixture(scope="module")
def result(case):
    return sk.evaluate(*case)


@pytest.fixture(scope="module")
def compared(case):
    scheme, panel = case
    scenarios = sk.load_scenarios(HERE / "scenarios.yaml")
    return sk.compare(panel, base=scheme, **{s.name: scheme.edit(s) for s in scenarios})


def one_decimal(total: float) -> float:
    return math.floor(total * 10 + 0.5) / 10


def test_make_gives_the_committed_files(case):
    made = runpy.run_path(str(HERE / "make.py"))
    assert sk.Scheme.read(made["SCHEME"]) == case[0]
    assert sk.Panel(**made["make_tables"](np.random.default_rng(made["SEED"]))) == case[1]
    assert made["SCENARIOS"] == sk.load_scenarios(HERE / "scenarios.yaml")


def test_an_industrial_town_by_hand(result):
    """炉前镇: joint project, cancelled indicator, capped awards, a red line that takes 优秀."""
    gdp = 100 * 5.9 / 6.5
    # Volume: efficacy 60–100 inside the class; investment with 0.6 of the joint park.
    revenue = 60 + 40 * (1961 - 1912) / (3901 - 1912)
    output = 60 + 40 * (65.5 - 64.4) / (139.6 - 64.4)
    investment = 100 * (4.74 + 0.6 * 4.2) / (5.8 + 0.6 * 3.0)
    totals = (35 * revenue + 40 * output + 25 * investment) / 100
    # Structure: 0.4 level + 0.6 progress among all towns; no tests of farm products in this class.
    level = (25.1 - 21.3) / (50.8 - 21.3)
    progress = ((25.1 - 24.4) - (28.5 - 27.9)) / ((50.8 - 48.8) - (28.5 - 27.9))
    green = 60 + 40 * (0.4 * level + 0.6 * progress)
    tax = 60 + 40 * (69.0 - 60.1) / (75.8 - 60.1)
    energy = 90  # 2.88 / 3.2 is 90%
    structure = (35 * green + 25 * tax + 20 * energy) / (35 + 25 + 20)
    water = 60 + 40 * (89.3 - 80) / (100 - 80)
    income = 100 * 6.9 / 7.0
    town = (10 * gdp + 20 * totals + 40 * structure + 15 * water + 15 * income) / 100
    party = 0.6 * 90.7 + 0.4 * (100 - 15 * 0)
    delegates = (100 * 48 + 75 * 8 + 55 * 1) / (48 + 8 + 1)
    public = (50 * 92.6 + 30 * delegates) / 80
    year_end = 0.70 * town + 0.15 * party + 0.15 * public
    blended = 0.70 * year_end + 0.075 * (90.3 + 88.6 + 85.9 + 86.7)
    awards = min(2 * 1 + 1 * 1 + min(0.5 * 3, 1), 3)  # 4 points, at most 3
    assert awards == 3
    total = blended + awards
    row = result.ranking.loc["炉前镇"]
    assert result.scores.loc["炉前镇", "total"] == pytest.approx(total, abs=1e-9)
    assert row["total"] == one_decimal(total) == 88.3
    # First of four towns and above 88, but the red line: not 优秀; 优秀 has one seat of 1.2.
    assert row["category_rank"] == 1
    assert row["grade"] == "良好"
    assert result.uses.loc["炉前镇", "prize"] == 15
    # The seat would go to the next, who misses 88, and becomes a third 良好.
    assert result.ranking.loc["锦机镇", "total"] == 87.5
    assert result.grades[["锦机镇", "砚桥镇", "陶作镇"]].tolist() == ["良好", "良好", "合格"]


def test_an_ecology_town_by_hand(result):
    """苔溪镇: GDP and industrial output cancelled, a survey with too few answers."""
    revenue = 100  # the highest of the class
    investment = 100 * (2.6 + 0.2 * 4.2) / (2.4 + 0.2 * 3.0)
    totals = (35 * revenue + 25 * investment) / (35 + 25)  # weight of industrial output spread
    level = (40.6 - 21.3) / (50.8 - 21.3)
    progress = ((40.6 - 39.8) - 0.6) / (2.0 - 0.6)
    green = 60 + 40 * (0.4 * level + 0.6 * progress)
    tax = 60  # the lowest of all towns
    farm = 60 + 40 * (95.3 - 94) / (100 - 94)
    energy = 70  # 1.61 / 2.2 is 73%
    structure = 0.35 * green + 0.25 * tax + 0.20 * farm + 0.20 * energy
    water = 60 + 40 * (92.2 - 80) / (100 - 80)
    income = 100 * 6.8 / 7.0
    # GDP's 10 points: 6 to water, 4 to income.
    town = (20 * totals + 40 * structure + 21 * water + 19 * income) / 100
    party = 0.6 * 91.0 + 0.4 * (100 - 15 * 1)
    public = (100 * 42 + 75 * 15 + 55 * 3) / 60  # 64 telephone answers: the vote counts alone
    year_end = 0.70 * town + 0.15 * party + 0.15 * public
    total = 0.70 * year_end + 0.075 * (80.6 + 81.1 + 82.4 + 77.3)
    assert result.scores.loc["苔溪镇", "total"] == pytest.approx(total, abs=1e-9)
    assert result.ranking.loc["苔溪镇", "total"] == one_decimal(total) == 84.6
    assert result.ranking.loc["苔溪镇", ["category_rank", "grade"]].tolist() == [4, "合格"]
    assert result.uses.loc["苔溪镇", "prize"] == 5


def test_an_economic_department_by_hand(result):
    """县发改局: a share of the lead department's capital, and a trimmed mean."""
    key_tasks = 88.4
    line_rank = 75  # ninth: between 7 and 9
    capital = 100 * (2.06 + 0.2 * 10.5) / (2.5 + 0.2 * 9.0)
    work = (40 * key_tasks + 25 * line_rank + 20 * capital) / (40 + 25 + 20)
    party = 0.6 * 86.2 + 0.4 * 100
    delegates = (100 * 40 + 75 * 14 + 55 * 2) / (40 + 14 + 2)
    # Nine ratings: 优 2, 良 6, 中 1; one 优 and the 中 are left out.
    served = (100 + 6 * 85) / 7
    public = (50 * 84.4 + 30 * delegates + 20 * served) / 100
    year_end = 0.70 * work + 0.15 * party + 0.15 * public
    total = 0.70 * year_end + 0.075 * (85.6 + 82.9 + 84.7 + 83.9)
    assert result.scores.loc["县发改局", "total"] == pytest.approx(total, abs=1e-9)
    assert result.ranking.loc["县发改局", "total"] == one_decimal(total) == 86.4
    # Five departments: 优秀 1.5 → 2 seats by the largest remainder, 良好 2.25 → 2.
    assert result.ranking.loc["县发改局", ["category_rank", "grade"]].tolist() == [4, "良好"]
    assert result.uses.loc["县发改局", "prize"] == 15


def test_deductions_a_gap_in_a_quarter_and_a_rate_by_hand(result):
    # 瓜棚镇: four problems late, three interviews, each half as much again; at most 3 in all.
    late, interviews = 4 * 0.3, 0.5 * (1 + 1.5 + 1.5**2)
    assert late + interviews == pytest.approx(3.575)
    scores = result.scores.loc["瓜棚镇"]
    year_end = 0.70 * scores["town_work"] + 0.15 * scores["party_building"] + 0.15 * scores.public
    blended = 0.70 * year_end + 0.075 * (83.4 + 83.4 + 82.2 + 83.3)
    assert scores["total"] == pytest.approx(blended - 3, abs=1e-9)
    # 县交通局 has three quarters; its notice costs 1.
    scores = result.scores.loc["县交通局"]
    year_end = 0.7 * scores.department_work + 0.15 * scores.party_building + 0.15 * scores.public
    blended = (70 * year_end + 7.5 * (90.1 + 92.6 + 89.6)) / 92.5
    assert scores["total"] == pytest.approx(blended - 1, abs=1e-9)
    # 稻花镇: its own 224 tests at 98.2% and half of the park's 300 at 99.2%.
    rate = (224 * 98.2 + 0.5 * 300 * 99.2) / (224 + 0.5 * 300)
    farm = result.scores.loc["稻花镇", "farm_quality"]
    assert farm == pytest.approx(60 + 40 * (rate - 94) / (100 - 94), abs=1e-9)
    # 豆坪镇 has no value of last year: level alone.
    green = result.scores.loc["豆坪镇", "green_share"]
    assert green == pytest.approx(60 + 40 * (32.4 - 21.3) / (50.8 - 21.3), abs=1e-9)


def test_the_seat_between_equal_totals_goes_by_public_evaluation(result):
    pair = result.ranking.loc[["县教体局", "县人社局"]]
    assert pair["total"].tolist() == [90.2, 90.2]
    assert pair["category_rank"].tolist() == [1, 1]
    assert pair["grade"].tolist() == ["良好", "优秀"]
    assert result.scores.loc[pair.index, "public"].round(1).tolist() == [87.6, 89.9]
    assert (result.grades == "优秀").sum() == 7
    assert result.uses["prize"].sum() == 420


def test_every_unit_can_be_explained(result):
    for unit in result.scheme.units:
        lines = result.explain(unit)
        assert not lines["calculation"].str.contains("nan").any()
    words = result.explain("炉前镇")["calculation"]
    assert "安全生产责任事故" in words["adjustments.red_line"]
    assert words["adjustments.awards"].endswith("+3")


def changed(compared, name: str) -> dict[str, tuple[str, str]]:
    """Return the grades that change, by unit."""
    grades = compared.grades
    moved = grades[grades["base"] != grades[name]]
    return dict(zip(moved.index, zip(moved["base"], moved[name], strict=True), strict=True))


def test_keeping_gdp_for_ecology_towns(compared):
    assert changed(compared, KEEP_GDP) == {"云杉镇": ("优秀", "良好"), "碧沄镇": ("良好", "优秀")}
    totals, places = compared.totals, compared.category_ranks
    assert totals.loc["云杉镇", ["base", KEEP_GDP]].tolist() == [90.0, 88.2]
    assert totals.loc["碧沄镇", ["base", KEEP_GDP]].tolist() == [89.5, 90.5]
    assert places.loc["云杉镇", ["base", KEEP_GDP]].tolist() == [1, 2]
    assert compared.ranks.loc["云杉镇", ["base", KEEP_GDP]].tolist() == [7, 16]
    table = compared.table(KEEP_GDP)
    money = table["uses.prize"] - table["uses.prize_before"]
    assert money[money != 0].to_dict() == {"云杉镇": -15, "碧沄镇": 15}
    gain = totals[KEEP_GDP] - totals["base"]
    assert gain.idxmax() == "苔溪镇"
    assert round(gain["苔溪镇"], 1) == 1.5
    assert places.loc["苔溪镇", ["base", KEEP_GDP]].tolist() == [4, 4]


def test_volume_and_structure(compared):
    assert changed(compared, VOLUME) == {
        "云杉镇": ("优秀", "合格"),
        "碧沄镇": ("良好", "优秀"),
        "砚桥镇": ("良好", "优秀"),
        "苔溪镇": ("合格", "良好"),
    }
    places = compared.category_ranks[["base", VOLUME]]
    assert places.loc["云杉镇"].tolist() == [1, 4]
    assert places.loc["砚桥镇"].tolist() == [3, 1]
    assert compared.totals.loc[["云杉镇", "砚桥镇"], VOLUME].tolist() == [87.0, 88.8]
    table = compared.table(VOLUME)
    assert table["uses.prize"].sum() == 435
    assert (compared.grades[VOLUME] == "优秀").sum() == 8
    assert (table["uses.prize"] - table["uses.prize_before"])["云杉镇"] == -25
    assert compared.statistics.loc[VOLUME, ["moved", "largest_shift"]].tolist() == [18, 12]
    assert changed(compared, STRUCTURE) == {"稻花镇": ("良好", "优秀"), "柳仓镇": ("优秀", "良好")}
    assert compared.category_ranks.loc["稻花镇", ["base", STRUCTURE]].tolist() == [3, 1]


def test_the_share_of_daily_assessment(compared):
    assert changed(compared, DAILY_0) == {
        "县教体局": ("良好", "优秀"),
        "县人社局": ("优秀", "良好"),
    }
    assert compared.totals.loc[["县教体局", "县人社局"], DAILY_0].tolist() == [92.1, 90.6]
    more = changed(compared, DAILY_60)
    assert len(more) == 10
    assert {unit for unit, (old, _) in more.items() if old == "优秀"} == {
        "县工信商务局",
        "云杉镇",
        "麦穗镇",
    }
    assert {unit for unit, (_, new) in more.items() if new == "优秀"} == {
        "县交通局",
        "碧沄镇",
        "稻花镇",
    }
    assert compared.totals.loc["县工信商务局", ["base", DAILY_60]].tolist() == [92.2, 88.8]
    for name in (DAILY_0, DAILY_60):
        assert compared.table(name)["uses.prize"].sum() == 420
    assert compared.statistics["grades_changed"].idxmax() == DAILY_60


def test_the_command_line(capsys):
    assert main(["rank", "county_targets", "--lang", "zh"]) == 0
    assert "县财政局" in capsys.readouterr().out
    assert main(["compare", "county_targets", str(HERE / "scenarios.yaml")]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in (KEEP_GDP, VOLUME, STRUCTURE, DAILY_0, DAILY_60))
