"""The case sprint: its files, totals worked out by hand, and the answers in its README."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

import simkaohe as sk
from simkaohe.cli import main

FOLDER = Path(__file__).parents[2] / "data" / "sprint"
SCENARIOS = FOLDER / "scenarios.yaml"
OURS = "榕溪县"

# Task: points, share of the target done (actual.csv / target.csv), points lost (deducted.csv), risk:
# from risk.csv, or by the pace, which is the share over 10/12: late (< 0.9) 0.60, close (< 1) 0.30,
# on time 0.05.
OUR_TASKS = {
    "central_investment": (6, 10 / 18, 0, 0.20),  # stated
    "migrant_projects": (4, 6 / 7, 0, 0.05),  # pace 1.03
    "migrant_funds": (5, 920 / 2102, 0.5, 0.70),  # stated
    "finance": (5, 15 / 23, 1.0, 0.60),  # pace 0.78
    "transport": (6, 8.7 / 10.4, 0, 0.05),  # pace 1.004
    "rural_roads": (5, 66 / 84, 0, 0.30),  # pace 0.94
    "preschool": (4, 8 / 11, 0, 0.60),  # pace 0.87
    "compulsory": (4, 11 / 15, 0, 0.60),  # pace 0.88
    "senior_high": (4, 4 / 6, 0, 0.20),  # stated
    "pension": (6, 20.5 / 21.4, 0, 0.05),  # pace 1.15
    "disability": (3, 499 / 533, 0, 0.05),  # pace 1.12
    "housing": (4, 650 / 991, 0.8, 0.80),  # stated
    "land": (4, 341 / 449, 0, 0.30),  # pace 0.91
    "key_projects": (6, 17 / 22.7, 0, 0.40),  # stated
    "attracted": (5, 19.9 / 28.2, 0, 0.60),  # pace 0.85
    "factories": (5, 11 / 14, 0, 0.30),  # pace 0.94
    "grain": (5, 1, 0, 0.05),  # 29.4 of 28.5: all
    "villages": (4, 13 / 18, 0, 0.60),  # pace 0.87
    "water": (4, 17 / 25, 0, 0.50),  # stated
    "jobs": (4, 3315 / 4311, 0, 0.30),  # pace 0.92
    "clinics": (3, 10 / 12, 0, 0.05),  # pace exactly 1
    "planting": (4, 1, 0, 0.05),  # 5600 of 5523: all
}
TONGDU_TASKS = {
    "central_investment": (6, 13 / 22, 0.6, 0.70),  # stated
    "migrant_projects": (4, 4 / 7, 0, 0.60),  # pace 0.69
    "migrant_funds": (5, 1358 / 1962, 0, 0.60),  # pace 0.83
    "finance": (5, 19 / 22, 0, 0.05),  # pace 1.04
    "transport": (6, 7.5 / 11.1, 1.2, 0.60),  # pace 0.81
    "rural_roads": (5, 61 / 80, 0, 0.30),  # pace 0.915
    "preschool": (4, 7 / 10, 0, 0.60),  # pace 0.84
    "compulsory": (4, 10 / 16, 0.8, 0.20),  # stated
    "senior_high": (4, 3 / 5, 0, 0.80),  # stated
    "pension": (6, 15.1 / 17.9, 0, 0.05),  # pace 1.01
    # disability: not reported, 0 of its 3 points
    "housing": (4, 641 / 889, 0, 0.20),  # stated
    "land": (4, 259 / 434, 1.2, 0.60),  # pace 0.72
    "key_projects": (6, 13.2 / 23, 0.6, 0.90),  # stated
    "attracted": (5, 21.9 / 28.6, 0, 0.30),  # pace 0.92
    "factories": (5, 8 / 11, 0, 0.70),  # stated
    "grain": (5, 28.8 / 29.1, 0, 0.05),
    "villages": (4, 11 / 18, 0, 0.60),  # pace 0.73
    "water": (4, 16 / 24, 0.8, 0.50),  # stated
    "jobs": (4, 2874 / 3860, 0, 0.60),  # pace 0.89
    "clinics": (3, 9 / 13, 0, 0.60),  # pace 0.83
    "planting": (4, 4647 / 4676, 0, 0.05),
}
CITY = ("key_projects", "attracted", "factories", "grain", "villages", "water", "jobs", "clinics")
CITY += ("planting",)
# What the README prints of our county, by task: secured, open, lost, can still be saved.
OUR_PARTS = {
    "central_investment": (3.33, 2.67, 0, 0.53),
    "migrant_projects": (3.43, 0.57, 0, 0.03),
    "migrant_funds": (2.19, 2.31, 0.5, 1.62),
    "finance": (3.26, 0.74, 1.0, 0.44),
    "transport": (5.02, 0.98, 0, 0.05),
    "rural_roads": (3.93, 1.07, 0, 0.32),
    "preschool": (2.91, 1.09, 0, 0.65),
    "compulsory": (2.93, 1.07, 0, 0.64),
    "senior_high": (2.67, 1.33, 0, 0.27),
    "pension": (5.75, 0.25, 0, 0.01),
    "disability": (2.81, 0.19, 0, 0.01),
    "housing": (2.62, 0.58, 0.8, 0.46),
    "land": (3.04, 0.96, 0, 0.29),
    "key_projects": (4.49, 1.51, 0, 0.60),
    "attracted": (3.53, 1.47, 0, 0.88),
    "factories": (3.93, 1.07, 0, 0.32),
    "grain": (5.0, 0, 0, 0),
    "villages": (2.89, 1.11, 0, 0.67),
    "water": (2.72, 1.28, 0, 0.64),
    "jobs": (3.08, 0.92, 0, 0.28),
    "clinics": (2.5, 0.5, 0, 0.03),
    "planting": (4.0, 0, 0, 0),
}
# By department: tasks, secured, open, lost, can still be saved, expected loss (README).
OUR_DEPARTMENTS = {
    "发展和改革局": (4, 13.44, 7.06, 0.50, 2.78, 3.28),
    "教育局": (3, 8.51, 3.49, 0.00, 1.56, 1.56),
    "商务局": (1, 3.53, 1.47, 0.00, 0.88, 0.88),
    "农业农村局": (2, 7.89, 1.11, 0.00, 0.67, 0.67),
    "水利局": (1, 2.72, 1.28, 0.00, 0.64, 0.64),
    "住房和城乡建设局": (1, 2.62, 0.58, 0.80, 0.46, 1.26),
    "财政局": (1, 3.26, 0.74, 1.00, 0.44, 1.44),
    "交通运输局": (2, 8.95, 2.05, 0.00, 0.37, 0.37),
    "工业和信息化局": (1, 3.93, 1.07, 0.00, 0.32, 0.32),
    "人力资源和社会保障局": (2, 8.82, 1.18, 0.00, 0.29, 0.29),
    "自然资源局": (1, 3.04, 0.96, 0.00, 0.29, 0.29),
    "卫生健康局": (1, 2.50, 0.50, 0.00, 0.03, 0.03),
    "残疾人联合会": (1, 2.81, 0.19, 0.00, 0.01, 0.01),
    "林业局": (1, 4.00, 0.00, 0.00, 0.00, 0.00),
}
# Project funds: projects under way × (total − 60), all nine, in the order of the ranking.
SHARES = {
    "望榕区": 52 * 35.2,
    "岚石县": 46 * 34.8,
    "雁汀县": 41 * 32.0,
    "棠坪县": 38 * 30.6,
    "榕溪县": 57 * 28.1,
    "石蕨县": 35 * 28.1,
    "禾塘县": 49 * 25.8,
    "桐渡县": 44 * 17.1,
    "南岫县": 31 * 14.2,
}


def parts(points: float, done: float, lost: float, risk: float) -> tuple[float, float, float]:
    """Return what is secured, open, and expected to be lost of what is open."""
    secured = min(points * done, points - lost)
    still_open = points - lost - secured
    return secured, still_open, risk * still_open


def by_task(tasks: dict) -> dict[str, float]:
    """Return expected points: what is secured, and what is open as likely as it is won."""
    found = {}
    for task, row in tasks.items():
        secured, still_open, saved = parts(*row)
        found[task] = secured + still_open - saved
    return found


@pytest.fixture(scope="module")
def case():
    return sk.load("sprint")


@pytest.fixture(scope="module")
def result(case):
    return sk.evaluate(*case)


@pytest.fixture(scope="module")
def shift(case):
    scheme, panel = case
    doubled = {"adjustments.inspection.points.约谈": 2, "adjustments.inspection.points.通报": 1}
    schemes = {s.name: scheme.edit(s) for s in sk.load_scenarios(SCENARIOS)}
    return sk.compare(panel, now=scheme, **schemes, doubled=scheme.edit(doubled))


def test_files_are_what_make_gives(case):
    make = runpy.run_path(str(FOLDER / "make.py"))
    tables = make["make_tables"](np.random.default_rng(make["SEED"]))
    assert case[0] == sk.Scheme.read(make["SCHEME"])
    assert case[1] == sk.Panel(**tables)
    assert sk.load_scenarios(SCENARIOS) == make["SCENARIOS"]
    assert make["OURS"] == OURS


def test_weights_are_full_marks(case):
    scheme, _ = case
    assert all(leaf.weight == leaf.rule.full for leaf in scheme.indicators)
    assert len(scheme.indicators) == 22
    region, city = scheme.root.children
    assert [sum(c.weight for c in g.children) for g in (region, city)] == [60, 40]


def test_our_county_by_hand(result):
    points = by_task(OUR_TASKS)
    for task, expected in points.items():
        assert result.scores.loc[OURS, task] == pytest.approx(100 * expected / OUR_TASKS[task][0])
    # Papers: all tasks apply, so points add up: 52.3729 of 60 and 36.5840 of 40.
    city = sum(points[task] for task in CITY)
    region = sum(points.values()) - city
    assert region == pytest.approx(52.3729, abs=5e-5)
    assert city == pytest.approx(36.5840, abs=5e-5)
    # Two late reports 2 × 0.2; one notice of the inspection 0.5.
    total = region + city - 0.4 - 0.5
    assert total == pytest.approx(88.0569, abs=5e-5)
    assert result.scores.loc[OURS, "total"] == pytest.approx(total)
    # Rounded to 88.1, fifth with 石蕨县; below 90, so 良好.
    assert result.ranking.loc[OURS, ["total", "rank", "grade"]].tolist() == [88.1, 5, "良好"]
    # Budget: 3 × 1.2 + 4 × 1.0 + 2 × 0.8 = 9.2 shares of 9000.
    assert result.uses.loc[OURS, "budget"] == pytest.approx(9000 * 1.0 / 9.2)
    # Projects: 57 × 28.1 of all counties' shares of 6000.
    expected = 6000 * 57 * 28.1 / sum(SHARES.values())
    assert result.uses.loc[OURS, "projects"] == pytest.approx(expected)
    assert round(expected, 1) == 877.8


def test_a_county_with_a_gap_and_caps_by_hand(result):
    points = by_task(TONGDU_TASKS)
    for task, expected in points.items():
        score = result.scores.loc["桐渡县", task]
        assert score == pytest.approx(100 * expected / TONGDU_TASKS[task][0])
    # Disability was not reported: no points, and its 3 are not spread.
    assert result.scores.loc["桐渡县", "disability"] == 0
    city = sum(points[task] for task in CITY)
    region = sum(points.values()) - city
    assert result.scores.loc["桐渡县", "region"] == pytest.approx(100 * region / 60)
    assert result.scores.loc["桐渡县", "city"] == pytest.approx(100 * city / 40)
    # Reports: two missing 2 × 0.5, one late 0.2, at most 1.
    reports = min(2 * 0.5 + 0.2, 1)
    # Inspection: interview 1 and a notice of the same matter, which does not count again, and a
    # notice of another matter 0.5.
    inspection = 1 + 0 + 0.5
    total = region + city - reports - inspection
    assert total == pytest.approx(77.1164, abs=5e-5)
    assert result.scores.loc["桐渡县", "total"] == pytest.approx(total)
    # 77.1, eighth; below 80, so 一般.
    assert result.ranking.loc["桐渡县", ["total", "rank", "grade"]].tolist() == [77.1, 8, "一般"]
    assert result.uses.loc["桐渡县", "budget"] == pytest.approx(9000 * 0.8 / 9.2)
    expected = 6000 * 44 * 17.1 / sum(SHARES.values())
    assert result.uses.loc["桐渡县", "projects"] == pytest.approx(expected)


def test_everything_won_by_hand(shift):
    # What is left is 100 less the points lost for good; without a reservoir the 60 points of the
    # region are the other 51 tasks' points scaled up.
    expected = {
        "岚石县": 60 + 40 - 1.5,
        "望榕区": 60 * (51 - 1.2) / 51 + 40 - 0.5,
        "棠坪县": 60 - 1.2 - 1.2 + 40 - 0.8,
        "榕溪县": 60 - 0.5 - 1.0 - 0.8 + 40 - 0.4 - 0.5,
        "雁汀县": 60 - 1.2 + 40,
        "石蕨县": 60 - 1.2 - 1.0 + 40 - 1.5 - 0.5,
        # Grain was sown in full and 1 point is lost: the loss goes before what is done.
        "禾塘县": 60 * (51 - 1.8 - 1.2 - 0.8 - 0.4 - 0.4) / 51 + 40 - 1.0 - 1.0 - 0.4 - 0.2,
        "桐渡县": 60 - 0.6 - 1.2 - 0.8 - 1.2 - 3 + 40 - 0.6 - 0.8 - 1 - 1.5,
        # Two interviews 1 + 1.5 and a notice 0.5.
        "南岫县": 60 - 0.6 - 0.4 - 1.5 - 1.8 - 1.2 - 1.2 - 0.8 - 1.2 + 40 - 1.0 - 1.2 - 1.2 - 3,
    }
    scores = shift.results["全部拿下"].scores["total"]
    assert scores.to_dict() == pytest.approx(expected)


def test_the_veto_and_the_seats(case, result):
    scheme, panel = case
    expected = {
        **dict.fromkeys(("望榕区", "雁汀县", "棠坪县"), "优秀"),
        **dict.fromkeys(("岚石县", "榕溪县", "石蕨县", "禾塘县"), "良好"),
        **dict.fromkeys(("桐渡县", "南岫县"), "一般"),
    }
    assert result.grades.to_dict() == expected
    honest = sk.evaluate(scheme.edit({"adjustments.false_progress.effects": ["flag"]}), panel)
    assert honest.grades[["岚石县", "棠坪县"]].tolist() == ["优秀", "良好"]
    cost = honest.uses.loc["岚石县", "budget"] - result.uses.loc["岚石县", "budget"]
    assert cost == pytest.approx(195.7, abs=0.05)


def test_where_the_remaining_weeks_are_best_spent(case, result):
    scheme, panel = case
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    stated = panel.frame("risk").loc[OURS].dropna().index
    sums, behind = np.zeros(4), np.zeros(3)
    departments: dict[str, np.ndarray] = {}
    for leaf in scheme.indicators:
        points, done, lost, risk = OUR_TASKS[leaf.id]
        secured, still_open, saved = parts(points, done, lost, risk)
        sums += [secured, still_open, lost, saved]
        assert (secured, still_open, lost, saved) == pytest.approx(OUR_PARTS[leaf.id], abs=0.00501)
        # The score is the full marks less all that is expected to be lost.
        score = result.scores.loc[OURS, leaf.id]
        assert score * points / 100 == pytest.approx(points - lost - saved)
        # At risk (扣分隐患): behind the pace, 10 of 12 months, with something open.
        late = still_open > 0 and done < 10 / 12
        behind += [late, late * still_open, late * saved]
        mine = departments.setdefault(leaf.responsible, np.zeros(7))
        mine += [1, late, secured, still_open, lost, saved, lost + saved]
        star = "*" if leaf.id in stated else ""
        shown = f"{points} | {secured:.2f} | {still_open:.2f} | {lost:.2f} | {risk:.2f}{star}"
        row = line(readme, f"| {leaf.name} | {leaf.responsible} |")
        assert row.endswith(f" | {shown} | {saved:.2f} | {lost + saved:.2f} |")
    assert sums == pytest.approx([76.02, 21.68, 2.30, 8.74], abs=0.00501)
    assert behind == pytest.approx([15, 19.18, 8.62], abs=0.00501)
    assert departments.keys() == OUR_DEPARTMENTS.keys()
    for department, mine in departments.items():
        assert mine[[0, *range(2, 7)]] == pytest.approx(OUR_DEPARTMENTS[department], abs=0.00501)
        row = line(readme, f"| {department} |")
        assert row.startswith(f"| {department} | {mine[0]:.0f} | {mine[1]:.0f} | ")
        assert row.endswith(" | ".join(f"{x:.2f}" for x in mine[2:]) + " |")
    by_loss = sorted(departments, key=lambda name: -departments[name][6])
    by_hope = sorted(departments, key=lambda name: -departments[name][5])
    assert (by_loss.index("财政局"), by_hope.index("财政局")) == (2, 6)
    assert sum(departments[name][5] for name in by_hope[:2]) == pytest.approx(4.34, abs=0.005)


def test_the_diagnosis_says_the_same(result):
    found = sk.diagnose(result, OURS)
    assert set(found.progress.index) == set(OUR_TASKS)
    columns = ["secured", "open", "lost", "expected_loss"]
    for task, row in found.progress[columns].iterrows():
        secured, still_open, saved = parts(*OUR_TASKS[task])
        lost = OUR_TASKS[task][2]
        assert row.tolist() == pytest.approx([secured, still_open, lost, lost + saved])
    for department, row in found.progress_by_department[columns].iterrows():
        _, secured, still_open, lost, _, expected = OUR_DEPARTMENTS[department]
        assert row.tolist() == pytest.approx([secured, still_open, lost, expected], abs=0.00501)


def line(text: str, start: str) -> str:
    return next(each for each in text.splitlines() if each.startswith(start))


def test_what_a_rescue_is_worth(case, result):
    scheme, panel = case
    risk = panel.frame("risk")
    found = []
    for task in ("migrant_funds", "attracted", "villages"):
        risk.loc[OURS, task] = 0.0
        rescued = sk.evaluate(scheme, panel.replace(risk=risk))
        money = rescued.uses.loc[OURS].round(1).tolist()
        found.append((*rescued.ranking.loc[OURS, ["total", "rank", "grade"]], *money))
        if task == "attracted":  # level with 棠坪县; the region's tasks decide
            assert rescued.ranking.loc["棠坪县", "total"] == 90.6
            assert rescued.scores.loc[OURS, "region"] == pytest.approx(89.99, abs=0.005)
            assert rescued.scores.loc["棠坪县", "region"] == pytest.approx(90.36, abs=0.005)
            assert rescued.grades["棠坪县"] == "优秀"
    assert found == [
        (89.7, 5, "良好", 978.3, 920.1),
        (90.6, 4, "良好", 978.3, 943.6),
        (91.2, 4, "优秀", 1173.9, 959.2),
    ]
    gained = rescued.uses - result.uses
    assert gained.loc[OURS].tolist() == pytest.approx([195.7, 81.4], abs=0.05)
    assert gained.loc["棠坪县", "budget"] == pytest.approx(-195.7, abs=0.05)


def money(shift, name: str, use: str) -> dict[str, float]:
    """Return who gains (+) and loses (−) how much, to one decimal."""
    moved = shift.uses[name, use] - shift.uses["now", use]
    return moved.round(1).to_dict()


def moved(shift, name: str, use: str) -> float:
    """Return how much of a pot goes to somebody else."""
    change = shift.uses[name, use] - shift.uses["now", use]
    assert change.sum() == pytest.approx(0, abs=1e-6)
    return round(change.clip(lower=0).sum(), 1)


def test_nothing_more_is_done(shift):
    name = "到此为止"
    assert shift.totals[name].max() < 90
    assert shift.grades[name].value_counts().to_dict() == {"一般": 5, "良好": 4}
    assert shift.totals.loc[OURS, name] == 75.1
    assert shift.ranks.loc[OURS, ["now", name]].tolist() == [5, 7]
    assert shift.grades.loc[OURS, name] == "一般"
    assert shift.statistics.loc[name, "grades_changed"] == 6
    assert moved(shift, name, "budget") == 381.5
    budget = money(shift, name, "budget")
    assert [budget[u] for u in ("桐渡县", "南岫县", OURS)] == [117.4, 117.4, -78.3]
    assert moved(shift, name, "projects") == 476.2
    projects = money(shift, name, "projects")
    assert [projects[u] for u in ("望榕区", "桐渡县", OURS)] == [212.9, -147.5, -137.8]
    assert max(projects, key=projects.get) == "望榕区"
    assert min(projects, key=projects.get) == "桐渡县"


def test_everything_open_is_won(shift):
    name = "全部拿下"
    assert shift.totals.loc[[OURS, "棠坪县"], name].tolist() == [96.8, 96.8]
    region = shift.results[name].scores["region"]
    assert region[[OURS, "棠坪县"]].tolist() == pytest.approx([96.17, 96.00], abs=0.005)
    assert shift.grades.loc[[OURS, "棠坪县"], name].tolist() == ["优秀", "良好"]
    assert shift.ranks.loc["望榕区", ["now", name]].tolist() == [1, 3]
    assert "一般" not in shift.grades[name].tolist()
    assert shift.statistics.loc[name, "grades_changed"] == 4
    budget = money(shift, name, "budget")
    units = (OURS, "棠坪县", "桐渡县", "南岫县")
    assert [budget[u] for u in units] == [146.7, -236.4, 154.9, 154.9]
    assert [moved(shift, name, use) for use in ("budget", "projects")] == [456.5, 296.0]


def test_budget_by_the_square_of_the_score(shift):
    name = "经费按得分平方分配"
    assert shift.statistics.loc[name, ["moved", "grades_changed"]].tolist() == [0, 0]
    assert moved(shift, name, "budget") == 266.8
    budget = money(shift, name, "budget")
    units = ("岚石县", OURS, "石蕨县", "棠坪县", "雁汀县", "南岫县")
    assert [budget[u] for u in units] == [193.0, 33.3, 33.3, -104.1, -70.8, -65.1]
    # By hand: 94.8² of the sum of all squares.
    squares = [x**2 for x in (95.2, 94.8, 92.0, 90.6, 88.1, 88.1, 85.8, 77.1, 74.2)]
    assert shift.uses.loc["岚石县", (name, "budget")] == pytest.approx(
        9000 * squares[1] / sum(squares)
    )


def test_inspection_doubled(shift):
    assert shift.statistics.loc["doubled", ["moved", "grades_changed"]].tolist() == [0, 0]
    assert moved(shift, "doubled", "budget") == 0
    assert moved(shift, "doubled", "projects") == 76.3
    projects = money(shift, "doubled", "projects")
    assert [projects[u] for u in ("南岫县", "桐渡县", "望榕区")] == [-47.3, -29.0, 19.1]


def test_standing_in_the_readme(result):
    readme = (FOLDER / "README.md").read_text(encoding="utf-8").replace("**", "")
    for unit, row in result.ranking.iterrows():
        budget, projects = result.uses.loc[unit]
        shown = f"| {row.total} | {row['rank']} | {row.grade} | {budget:.1f} | {projects:.1f} |"
        assert f"| {unit} {shown}" in readme


def test_command_line(capsys):
    assert main(["rank", "sprint"]) == 0
    assert OURS in capsys.readouterr().out
    assert main(["compare", "sprint", str(SCENARIOS)]) == 0
    assert "全部拿下" in capsys.readouterr().out
    assert main(["explain", "sprint", "桐渡县"]) == 0
    assert "学校项目停工" in capsys.readouterr().out
