"""The sprint's widget without a browser: set a value, read what it shows."""

from __future__ import annotations

import pytest

import simkaohe as sk
from simkaohe import labels
from simkaohe.fairness import sprint_plan


@pytest.fixture
def app() -> sk.widgets.SprintApp:
    app = sk.widgets.sprint(*sk.load("sprint"))
    app.unit.value = "榕溪县"
    return app


def shown(app: sk.widgets.SprintApp) -> str:
    return app.section.words.value


def test_it_shows_what_the_function_says(app) -> None:
    app.weeks.value, app.teams.value = 6, 2
    expected = sprint_plan(*sk.load("sprint"), "榕溪县", weeks=6, teams=2)
    assert app.way.plan.equals(expected.plan)
    assert str(expected.headline).split(":")[0] in shown(app)
    assert "Compulsory school buildings" in shown(app)
    assert app.rank.layout.display == "none"


def test_a_goal_is_reached_in_the_fewest_weeks(app) -> None:
    app.teams.value = 5
    app.goal.value = "grade"
    assert app.grade.layout.display is None
    assert app.way.reached
    assert app.way.standing.loc["then", "grade"] == "优秀"
    app.teams.value = 1
    assert not app.way.reached
    assert "weeks of work and there are 8" in shown(app)
    app.goal.value = "rank"
    app.rank.value = 4
    assert app.way.goal.en == "rank 4"
    app.goal.value, app.total.value = "total", 88.5
    assert app.way.reached


def test_a_pace_is_remembered_by_task(app) -> None:
    before = app.way.rates.loc["water", "best"]
    app.task.value = "water"
    app.pace.value = 2.0
    assert app.way.rates.loc["water", "best"] > before
    app.task.value = "finance"
    assert app.pace.value == 0.0
    app.task.value = "water"
    assert app.pace.value == 2.0
    app.pace.value = 0.0
    assert app.way.rates.loc["water", "best"] == pytest.approx(before)


def test_a_mistake_is_a_sentence_not_a_traceback(app) -> None:
    app.goal.value = "total"
    app.state.panel = sk.Panel(app.state.panel.frame("actual"))
    app.total.value = 70.0
    assert app.way is None
    assert "role='alert'" in shown(app)


@pytest.mark.parametrize("case", ["three_papers", "tai"])
def test_other_cases_and_chinese(case: str) -> None:
    labels.use_language("zh")
    app = sk.widgets.sprint(*sk.load(case))
    assert app.way is not None
    assert "怎么做" in shown(app)
    assert ("等次" in [label for label, _ in app.goal.options]) == (case == "three_papers")


def test_a_place_in_the_category_is_told_where_there_are_categories() -> None:
    told = [shown(sk.widgets.sprint(*sk.load(case))) for case in ("three_papers", "tai")]
    assert ["in its category" in words for words in told] == [True, False]
