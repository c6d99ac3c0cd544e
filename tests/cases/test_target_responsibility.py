"""The case target_responsibility: its files, two totals worked out by hand, and its answers."""

from __future__ import annotations

import math
import runpy

import numpy as np
import pytest

import simkaohe as sk
from simkaohe.cli import main

CASE = "target_responsibility"
HOME = sk.bundled_cases()[CASE]


@pytest.fixture(scope="module")
def result():
    return sk.evaluate(*sk.load(CASE))


@pytest.fixture(scope="module")
def comparison():
    scheme, panel = sk.load(CASE)
    scenarios = sk.load_scenarios(HOME / "scenarios.yaml")
    return sk.compare(panel, base=scheme, **{s.name_en: scheme.edit(s) for s in scenarios})


def test_make_gives_the_committed_files() -> None:
    made = runpy.run_path(str(HOME / "make.py"))
    scheme, panel = sk.load(CASE)
    assert sk.Scheme.read(made["SCHEME"]) == scheme
    assert made["make_panel"](np.random.default_rng(made["SEED"])) == panel
    assert made["SCENARIOS"] == sk.load_scenarios(HOME / "scenarios.yaml")


# -- two totals by hand ------------------------------------------------------------------------------


def test_a_county_whose_awards_meet_two_caps_by_hand(result) -> None:
    # 沐原区; its peers are 铜岩市, 岚溪县, 禾川县, 榆湾县, 砚坪县, in this order.
    # 1. Scores. Party: five ratings 87 82 91 87 80 without the highest and the lowest; 25 articles,
    #    only 禾川县 has more (27): second place, 3 % less; no case of discipline.
    politics, grassroots = 89.9, (87 + 82 + 87) / 3
    publicity, integrity = 100 * (1 - 0.03 * 1), 100 - 8 * 0
    #    Development: completion up to 110 %; best industry (8.3, worst 6.2); investment 8 behind 10
    #    and 9, so third: second band of two places.
    gdp, industry, investment = 100 * 6.8 / 6.5, 60 + 40 * (8.3 - 6.2) / (8.3 - 6.2), 88
    #    Revenue: ±2 points for each percentage point from the counties' mean growth, 85 at it.
    growth = [
        100 * (now - before) / before
        for now, before in (
            (22.3, 20.5),
            (23.4, 21.4),
            (38.8, 36.5),
            (34.6, 30.9),
            (39.5, 37.9),
            (26.2, 25.0),
        )
    ]
    revenue = 85 + 2 * (growth[0] - sum(growth) / 6)
    income = 100 * 6.0 / 6.5
    energy = 100 + 2 * 1  # 3.5 of 3.0 is 116.7 %: one whole tenth over, 2 points
    pm25, water = 100, 0  # 36.3 ≤ 38 met; 92.9 < 93 missed
    #    Business: 84.6 between the worst 83.8 and the best 85.3; 29 满意, 21 基本满意, 2 不满意.
    evaluation = 60 + 40 * (84.6 - 83.8) / (85.3 - 83.8)
    enterprises = (29 * 100 + 21 * 75 + 2 * 55) / (29 + 21 + 2)
    #    Special work: two accidents; points given; 94.2 % closed.
    safety, epidemic, supervision = 100 - 8 * 2, 88.4, 94.2
    #    Differentiated: level 40 % (28.2 … 53.5), improvement 60 % (worst 榆湾县, best 岚溪县).
    rates = [
        (now - before) / before
        for now, before in (
            (38.0, 33.8),
            (53.5, 46.7),
            (30.1, 24.9),
            (45.3, 39.0),
            (37.9, 36.1),
            (28.2, 23.6),
        )
    ]
    assert min(rates) == rates[4]
    assert max(rates) == rates[2]
    level = (38.0 - 28.2) / (53.5 - 28.2)
    improvement = (rates[0] - rates[4]) / (rates[2] - rates[4])
    speciality = 60 + 40 * (0.4 * level + 0.6 * improvement)
    villages = 100 * 10 / 10
    # 2. Papers, with the weights of counties.
    party = 0.30 * politics + 0.30 * grassroots + 0.15 * publicity + 0.25 * integrity
    development = 0.25 * gdp + 0.15 * industry + 0.15 * investment + 0.10 * revenue
    development += 0.10 * income + 0.10 * energy + 0.08 * pm25 + 0.07 * water
    business = 0.60 * evaluation + 0.40 * enterprises
    special = 0.35 * safety + 0.30 * epidemic + 0.35 * supervision
    differentiated = 0.60 * speciality + 0.40 * villages
    papers = result.scores.loc["沐原区"]
    assert papers["party"] == pytest.approx(party, abs=1e-9)
    assert papers["development"] == pytest.approx(development, abs=1e-9)
    assert papers["business"] == pytest.approx(business, abs=1e-9)
    assert papers["special"] == pytest.approx(special, abs=1e-9)
    assert papers["differentiated"] == pytest.approx(differentiated, abs=1e-9)
    # 3. Combined 25 / 40 / 10 / 15 / 10.
    total = 0.25 * party + 0.40 * development + 0.10 * business + 0.15 * special
    total += 0.10 * differentiated
    # 4. Awards: two national, one provincial (文明城区 counts once, at the national level), two of
    #    the city = 6, capped at 5; first band of the country 1.5; both together capped at 6.
    awards = min(2 * 2 + 1 * 1 + 2 * 0.5, 5)
    assert awards == 5
    total += min(awards + 1.5, 6)
    # 5. Rounded to one decimal; grade; money and seats (20 % of 470).
    assert round(total, 4) == 95.6268
    row = result.ranking.loc["沐原区"]
    assert row["total"] == round(total, 1) == 95.6
    assert (row["rank"], row["category_rank"], row["grade"]) == (2, 1, "优秀")
    assert result.uses.loc["沐原区"].to_dict() == {"prize": 80, "seats": math.floor(0.2 * 470)}


def test_a_zone_with_falsified_data_by_hand(result) -> None:
    # 沐原经开区; its peers: 北岭高新区, 铜岩, 岚溪, 禾川经开区, 榆湾物流园区.
    # 1. Scores. Party: ratings 90 94 84 89 87, trimmed; 14 articles, as many as the best; one case.
    politics, grassroots = 89.7, (90 + 89 + 87) / 3
    publicity, integrity = 100, 100 - 8 * 1
    party = 0.30 * politics + 0.30 * grassroots + 0.15 * publicity + 0.25 * integrity
    #    Development as reported: best industry (9.9), investment 11 (second, with two others, behind
    #    12: first band), revenue against the zones' mean, energy 3.2 of 3.0, PM2.5 37.6 ≤ 40.
    growth = [
        100 * (now - before) / before
        for now, before in (
            (14.5, 13.3),
            (14.6, 13.4),
            (15.4, 14.6),
            (19.6, 17.9),
            (8.9, 8.0),
            (10.6, 9.9),
        )
    ]
    revenue = 85 + 2 * (growth[0] - sum(growth) / 6)
    reported = 0.30 * 100 + 0.25 * 100 + 0.15 * revenue + 0.15 * 100 + 0.15 * 100
    assert round(reported, 4) == 97.893
    development = 0  # the red line: falsified data, the whole paper counts nothing
    #    Business: the worst evaluation of the five that there are; 47 满意, 4 基本满意, 5 不满意.
    business = 0.60 * 60 + 0.40 * (47 * 100 + 4 * 75 + 5 * 55) / (47 + 4 + 5)
    special = 0.35 * (100 - 8 * 1) + 0.30 * 88.1 + 0.35 * 91.1
    #    Differentiated: start rate 77.4 (74.7 … 83.2), up 0.1 point on last year (0.1 … 5.9); the
    #    new 榆湾物流园区 has no last year. Standard land 58.2 of 60.
    level = (77.4 - 74.7) / (83.2 - 74.7)
    improvement = (0.1 - 0.1) / (5.9 - 0.1)
    projects = 60 + 40 * (0.5 * level + 0.5 * improvement)
    differentiated = 0.60 * projects + 0.40 * 100 * 58.2 / 60
    # 2. Combined; one national award 2 and the first band of the country 1.5.
    total = 0.25 * party + 0.40 * development + 0.10 * business + 0.15 * special
    total += 0.10 * differentiated + min(2 + 1.5, 6)
    assert round(total, 4) == 55.1838
    # 3. Rounded; below 60 it is 较差: no prize, and 8 % of 102 people.
    row = result.ranking.loc["沐原经开区"]
    assert row["total"] == round(total, 1) == 55.2
    assert (row["rank"], row["category_rank"], row["grade"]) == (24, 6, "较差")
    assert result.uses.loc["沐原经开区"].to_dict() == {"prize": 0, "seats": math.floor(0.08 * 102)}
    # Without the red line it would lead its class.
    assert round(total + 0.40 * reported, 1) == 94.3


# -- every mechanism acts ----------------------------------------------------------------------------


def test_red_lines_have_different_effects(result) -> None:
    ranking = result.ranking
    # Environmental event: second of the counties, not 优秀, and one grade below 良好.
    assert tuple(ranking.loc["禾川县", ["category_rank", "grade"]]) == (2, "一般")
    # Energy target missed (2.79 < 3.0): at best 良好. So the fourth county has the second seat.
    assert tuple(ranking.loc["榆湾县", ["category_rank", "grade"]]) == (3, "良好")
    assert tuple(ranking.loc["铜岩市", ["category_rank", "grade"]]) == (4, "优秀")
    # Serious accident: at best 一般, though seventh of twelve departments.
    assert tuple(ranking.loc["市产业发展局", ["category_rank", "grade"]]) == (7, "一般")


def test_the_top_grade_requires_a_party_paper_of_85(result) -> None:
    assert result.scores.loc["市文旅局", "party"] < 85
    assert tuple(result.ranking.loc["市文旅局", ["category_rank", "grade"]]) == (3, "良好")
    assert result.ranking.loc["市教育局", "grade"] == "优秀"  # fifth


def test_seats_by_class(result) -> None:
    ranked = result.ranking.dropna(subset="rank")
    top = ranked[ranked["grade"] == "优秀"].groupby("category").size()
    # 30 % of 6 and of 12, half up; the zones' one seat is stated.
    assert top.to_dict() == {"county": 2, "zone": 1, "department": 4}


def test_central_units_are_assessed_but_neither_ranked_nor_paid(result) -> None:
    central = result.ranking[result.ranking["category"] == "central"]
    assert len(central) == 3
    assert central["rank"].isna().all()
    assert (central["grade"] == "优秀").all()
    assert (result.uses.loc[central.index, "prize"] == 0).all()
    assert (result.uses.loc[central.index, "seats"] > 0).all()


def test_deductions_stop_at_four_points(result) -> None:
    # 砚坪县: three interviews of the month 0.5 (1 + 1.5 + 2.25), two of the quarter 1 + 1.5: 4.875.
    papers = result.scores.loc["砚坪县"]
    names = {
        "party": 0.25,
        "development": 0.40,
        "business": 0.10,
        "special": 0.15,
        "differentiated": 0.10,
    }
    before = sum(weight * papers[name] for name, weight in names.items())
    assert papers["total"] == pytest.approx(before - 4, abs=1e-9)


def test_missing_values_follow_the_stated_rules(result) -> None:
    scores = result.scores
    assert np.isnan(
        scores.loc["榆湾物流园区", "evaluation"]
    )  # spread: enterprises are all there is
    assert scores.loc["榆湾物流园区", "business"] == scores.loc["榆湾物流园区", "enterprises"]
    assert scores.loc["市行政审批局", "development"] == scores.loc["市行政审批局", "tasks"]
    assert scores.loc["驻市电力公司", "supervision"] == 100
    others = scores.loc[["驻市税务局", "驻市电力公司"], "epidemic"]
    assert scores.loc["驻市气象局", "epidemic"] == pytest.approx(others.mean())


# -- the README's answers ----------------------------------------------------------------------------


def changes(comparison, name: str) -> dict[str, tuple[str, str]]:
    table = comparison.table(name)
    moved = table[table["grade"] != table["grade_before"]]
    return {
        unit: (a, b)
        for unit, a, b in zip(moved.index, moved["grade_before"], moved["grade"], strict=True)
    }


def test_how_much_do_awards_decide(comparison) -> None:
    name = "Awards at most 2"
    assert changes(comparison, name) == {
        "北岭高新区": ("良好", "优秀"),
        "岚溪经开区": ("优秀", "良好"),
        "市财税局": ("良好", "优秀"),
        "市生态环境局": ("优秀", "良好"),
    }
    shifts = comparison.shifts[name]
    assert comparison.statistics.loc[name, "moved"] == 12
    assert shifts[["沐原区", "市文旅局", "市教育局"]].to_dict() == {
        "沐原区": -3,
        "市文旅局": -5,
        "市教育局": 4,
    }
    assert comparison.category_ranks.loc["沐原区", ["base", name]].tolist() == [1, 2]
    uses = comparison.uses
    assert uses.loc["市财税局", (name, "prize")] - uses.loc["市财税局", ("base", "prize")] == 40
    assert uses["base"].sum().to_dict() == {"prize": 1000, "seats": 626}
    assert uses[name].sum().to_dict() == {"prize": 1000, "seats": 624}


def test_what_do_red_lines_cost(comparison) -> None:
    name = "Vetoes only flag"
    assert changes(comparison, name) == {
        "沐原经开区": ("较差", "优秀"),
        "禾川县": ("一般", "优秀"),
        "市产业发展局": ("一般", "良好"),
        "岚溪经开区": ("优秀", "良好"),
        "铜岩市": ("优秀", "良好"),
        "市行政审批局": ("良好", "一般"),
        "禾川经开区": ("良好", "一般"),
        "驻市税务局": ("优秀", "良好"),
    }
    assert comparison.ranks.loc["沐原经开区", ["base", name]].tolist() == [24, 3]
    assert comparison.totals.loc["沐原经开区", ["base", name]].tolist() == [55.2, 94.3]
    assert comparison.statistics.loc[name, ["moved", "largest_shift"]].tolist() == [22, 21]
    assert comparison.uses[name].sum().to_dict() == {"prize": 1040, "seats": 638}
    # The energy target alone costs 榆湾县 its 优秀, as long as 禾川县 is barred.
    scheme, panel = sk.load(CASE)
    energy = "adjustments.energy_missed"
    alone = sk.evaluate(
        scheme.edit({f"{energy}.effects": ["flag"], f"{energy}.grade": None}), panel
    )
    assert alone.grades[["榆湾县", "铜岩市"]].tolist() == ["优秀", "良好"]


def test_business_doubled_without_differentiation(comparison) -> None:
    name = "Business doubled, no differentiation"
    assert changes(comparison, name) == {
        "市财税局": ("良好", "优秀"),
        "市教育局": ("优秀", "良好"),
    }
    shifts = comparison.shifts[name]
    assert comparison.statistics.loc[name, "moved"] == 16
    assert shifts["北岭高新区"] == -7 == shifts.min()
    assert shifts[["市文旅局", "市生态环境局"]].tolist() == [4, 4]
    # Second of the departments, and still not 优秀: the party paper is below 85.
    assert comparison.category_ranks.loc["市文旅局", name] == 2
    assert comparison.grades.loc["市文旅局", name] == "良好"


# -- the command line --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("rank", CASE), "禾川县"),
        (("compare", CASE, str(HOME / "scenarios.yaml")), "奖项加分上限降为2分"),
        (("explain", CASE, "禾川县"), "Environmental event"),
    ],
)
def test_the_commands_run(capsys, words, shown) -> None:
    assert main(words) == 0
    assert shown in capsys.readouterr().out
