"""Pages that follow a state, and long work that can be stopped, without a browser."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from threading import Event
from typing import Any

import ipywidgets as w
import matplotlib.pyplot as plt
import numpy as np
import pytest

import simkaohe as sk
from simkaohe.errors import Problem
from simkaohe.widgets import State, uploading
from simkaohe.widgets.following import about, tongue
from simkaohe.widgets.working import Working

# -- long work -------------------------------------------------------------------------------------


class Slow:
    """Work in ten parts that goes on when it is told to."""

    def __init__(self, result: Any) -> None:
        self.result, self.go, self.begun, self.parts = result, Event(), Event(), 0

    def __call__(self, report: Callable[[int, int], None]) -> Any:
        self.begun.set()
        assert self.go.wait(10)
        for part in range(10):
            report(part, 10)
            self.parts = part + 1
        return self.result


def in_a_notebook(test: Callable[[Working, list[Any]], Awaitable[None]]) -> list[Any]:
    """Run a test where a loop is running; return what was shown."""
    shown: list[Any] = []
    asyncio.run(test(Working(), shown))
    return shown


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")


def test_the_page_answers_while_something_is_worked_out() -> None:
    async def test(working: Working, shown: list[Any]) -> None:
        slow = Slow("done")
        working.do(slow, shown.append, shown.append)
        await until(slow.begun.is_set)
        assert working.busy
        assert working.layout.visibility == "visible"
        assert working.button.description == "Stop"
        assert shown == []
        slow.go.set()
        await until(lambda: bool(shown))
        assert not working.busy
        assert working.layout.visibility == "hidden"

    assert in_a_notebook(test) == ["done"]


def test_what_is_stopped_shows_nothing_and_can_be_begun_again() -> None:
    async def test(working: Working, shown: list[Any]) -> None:
        slow = Slow("second")
        working.do(lambda _: "first", shown.append, shown.append)
        await until(lambda: bool(shown))
        working.do(slow, shown.append, shown.append)
        await until(slow.begun.is_set)
        working.button.click()
        assert not working.busy
        assert working.button.description == "Compute again"
        slow.go.set()
        await asyncio.sleep(0.1)
        assert (shown, slow.parts) == (["first"], 0)  # it ended at its first report
        working.button.click()
        await until(lambda: len(shown) == 2)

    assert in_a_notebook(test) == ["first", "second"]


def test_newer_work_replaces_older_work() -> None:
    async def test(working: Working, shown: list[Any]) -> None:
        old = Slow("old")
        working.do(old, shown.append, shown.append)
        await until(old.begun.is_set)
        working.do(lambda _: "new", shown.append, shown.append)
        old.go.set()
        await until(lambda: bool(shown))
        await asyncio.sleep(0.1)

    assert in_a_notebook(test) == ["new"]


def test_code_can_wait_for_it() -> None:
    async def test(working: Working, shown: list[Any]) -> None:
        working.do(lambda _: "done", shown.append, shown.append)
        working.wait()
        assert shown == ["done"]
        await asyncio.sleep(0.1)  # what the thread asks for afterwards shows nothing twice

    assert in_a_notebook(test) == ["done"]


def test_what_is_wrong_is_handed_on_and_a_mistake_is_not_hidden() -> None:
    working, shown = Working(), []
    wrong = sk.SimkaoheError(Problem("here", "nothing"))

    def fails(error: Exception) -> Callable[[Any], None]:
        def work(_: Any) -> None:
            raise error

        return work

    working.do(fails(wrong), shown.append, lambda error: shown.append(("wrong", error)))
    assert shown == [("wrong", wrong)]
    with pytest.raises(ZeroDivisionError):
        working.do(fails(ZeroDivisionError()), shown.append, shown.append)
    assert not working.busy


def test_closed_work_shows_nothing() -> None:
    async def test(working: Working, shown: list[Any]) -> None:
        slow = Slow("late")
        working.do(slow, shown.append, shown.append)
        await until(slow.begun.is_set)
        working.close()
        slow.go.set()
        await asyncio.sleep(0.1)

    assert in_a_notebook(test) == []


def test_both_languages_of_the_button() -> None:
    working = Working()
    sk.use_language("zh")
    working.translate()
    assert working.button.description == "停止"


# -- pages that follow -----------------------------------------------------------------------------


@pytest.fixture
def state() -> State:
    return State(*sk.load("tai"))


FIRST = {"patents.weight": 5.0}


def heard(page: Any) -> str:
    return str(page._about.value)


def test_the_line_says_which_scheme(state: State) -> None:
    assert "Base scheme" in about(state)
    state.replace(FIRST)
    assert "Edited scheme</b> (1 edit)" in about(state)
    state.save_as("<Patents>")
    assert "A · &lt;Patents&gt;</b> (1 edit)" in about(state)
    state.set("royalties.weight", 2.0)
    assert "Edited scheme</b> (2 edits)" in about(state)
    state.set("royalties.weight", -1.0)
    assert "have no result" in about(state)
    sk.use_language("zh")
    assert "（2 处改动）" in about(state)


def test_a_sprint_follows_edits_undo_and_scenarios(state: State) -> None:
    page = sk.widgets.sprint(state.scheme, state.panel, state=state)
    base = page.way
    letter = state.save_as("as it is")
    state.replace(FIRST)
    edited = state.scheme.edit(FIRST)
    expected = sk.fairness.sprint_plan(edited, state.panel, page.unit.value, weeks=8, teams=1)
    assert page.way.plan.equals(expected.plan)
    assert not page.way.plan.equals(base.plan)
    assert "1 edit" in heard(page)
    state.undo()
    assert page.way.plan.equals(base.plan)
    state.redo()
    assert page.way.plan.equals(expected.plan)
    state.choose(letter)
    assert page.way.plan.equals(base.plan)
    assert "A · as it is" in heard(page)


def test_a_hidden_page_rests_and_makes_up_for_it(state: State) -> None:
    page = sk.widgets.sprint(state.scheme, state.panel, state=state)
    before = page.way
    page.rest()
    state.replace(FIRST)
    sk.use_language("zh")
    assert page.way is before
    assert "Base scheme" in heard(page)
    page.wake()
    assert page.way.scheme == state.scheme.edit(FIRST)
    assert "1 处改动" in heard(page)
    assert page.weeks.description == "还剩几周"
    shown = page.way
    page.rest()
    page.wake()
    assert page.way is shown  # nothing was missed
    state.set("royalties.weight", -1.0)
    assert page.way is shown  # the last that had a result
    assert "算不出来" in heard(page)


def test_a_lesson_follows_and_keeps_its_place(state: State) -> None:
    page = sk.widgets.training(state.scheme, state.panel, state=state)
    page.unit.value = "Japan"
    page.place.value = 7

    def total() -> float:
        root = state.scheme.root.id
        return next(
            step.value for step in page.steps if (step.node, step.kind) == (root, "combine")
        )

    before = total()
    state.replace(FIRST)
    assert page.place.value == 7
    result = sk.evaluate(state.scheme.edit(FIRST), state.panel)
    assert total() == pytest.approx(result.scores.loc["Japan", state.scheme.root.id])
    assert total() != before
    state.undo()
    assert total() == before


def test_a_workbench_rests_too(state: State) -> None:
    page = sk.widgets.weights(state.scheme, state.panel, state=state)
    before = list(page.chart.after)
    page.rest()
    state.replace({"patents.weight": 50.0})
    assert page.chart.after == before
    sk.use_language("zh")
    page.wake()
    assert page.chart.after != before
    assert page.chart.titles == ["现行方案", "修改后"]


def test_what_was_said_in_the_old_language_is_said_anew(state: State) -> None:
    async def test() -> None:
        page = sk.widgets.sprint(state.scheme, state.panel, state=state)
        assert page.way is not None
        page.weeks.value = 9
        assert page.section.working._job.done.wait(20)  # done, and not yet shown
        page._head.children[1].value = "zh"
        assert page.way.standing is not None
        assert "怎么做" in page.section.words.value

    asyncio.run(test())


def test_the_switch_is_one_for_everything() -> None:
    spoken = []
    switch = tongue(lambda: spoken.append(sk.labels.language()))
    switch.value = "zh"
    assert spoken == ["zh"]


# -- sureness --------------------------------------------------------------------------------------


@pytest.fixture
def sure(state: State, monkeypatch: pytest.MonkeyPatch) -> sk.widgets.SurenessApp:
    """A page whose pictures are drawn but not printed, which is what takes long."""
    monkeypatch.setattr("simkaohe.widgets.sure.png", lambda axes: plt.close(axes.figure) or b"")
    page = sk.widgets.sureness(state.scheme, state.panel, state=state)
    page.draws.value = 2_000
    return page


def test_draws_are_those_that_were_asked_for(sure: Any, state: State) -> None:
    weights, montecarlo = sk.sensitivity.weights, sk.sensitivity.montecarlo

    def same(**how: Any) -> bool:
        expected = montecarlo(state.scheme, state.panel, weights(**how), draws=2_000, seed=7)
        return bool(sure.intervals.found.acceptability.equals(expected.acceptability))

    sure.seed.value, sure.within.value = 7, 40
    assert same(within=0.4)
    group = sure.group.options[1][1]
    sure.group.value = group
    assert same(within=0.4, node=group)
    sure.law.value = "dirichlet"
    assert (sure.within.layout.display, sure.concentration.layout.display) == ("none", None)
    sure.concentration.value = 80
    assert same(dirichlet=80.0, node=group)
    sure.law.value = "ordinal"
    assert same(ordinal=True, node=group)
    sure.law.value = "simplex"
    assert same(within="simplex", node=group)
    state.replace(FIRST)
    edited = state.scheme.edit(FIRST)
    assert sure.along.found.scheme == edited
    expected = montecarlo(edited, state.panel, weights("simplex", node=group), draws=2_000, seed=7)
    assert sure.intervals.found.acceptability.equals(expected.acceptability)


def test_the_cards_say_what_was_drawn(sure: Any) -> None:
    found = sure.intervals.found
    words = sure.intervals.words.value
    kept = [found.acceptability.loc[u, r] for u, r in sure.state.result.ranking["rank"].items()]
    assert f"{sum(share >= 0.95 for share in kept)} of 23 units" in words
    width = found.quantiles[0.95] - found.quantiles[0.05]
    assert width.idxmax() in words
    assert f"{found.acceptability[1].max():.0%} of the draws" in words


def test_the_number_along_which_places_change(sure: Any, state: State) -> None:
    sure.path.value = "patents.weight"
    expected = sk.sensitivity.breakpoints(state.scheme, state.panel, "patents.weight")
    assert sure.along.found.points.equals(expected.points)
    words = sure.along.words.value
    low, high = expected.stable
    assert f"{low:.4g} – {high:.4g}" in words
    nearest = (expected.points["value"] - expected.present).abs().idxmin()
    assert f"{expected.points.loc[nearest, 'value']:.4g}" in words
    assert expected.points.loc[nearest, "up"] in words


def test_who_passes_whom_and_the_weights_are_tried(sure: Any, state: State) -> None:
    sure.behind.value, sure.ahead.value = "Japan", "Finland"
    expected = sk.sensitivity.overtake(state.scheme, state.panel, "Japan", "Finland")
    assert expected.possible
    assert sure.passing.found.distance == pytest.approx(expected.distance)
    assert f"{expected.distance / 2:.1%}" in sure.passing.words.value
    sure.use.click()
    assert np.isclose(state.value("patents.weight"), expected.edits["patents.weight"])
    totals = sure.passing.found.certificate["total"]
    assert totals["Japan"] == pytest.approx(totals["Finland"])
    assert sure.use.disabled  # it is level now
    state.undo()
    assert not sure.use.disabled
    sure.behind.value, sure.ahead.value = "Finland", "Japan"
    assert "not behind now" in sure.passing.words.value


def test_a_mistake_is_one_sentence_and_the_others_stay(sure: Any) -> None:
    sure.ahead.value = sure.behind.value
    assert sure.passing.found is None
    assert sure.passing.words.value.count("role='alert'") == 1
    assert sure.use.disabled
    assert sure.along.found is not None


def test_everything_is_said_in_both_languages_without_drawing_anew() -> None:
    page = sk.widgets.sureness(*sk.load("sprint"))
    found = page.intervals.found
    page.path.value = "water.weight"
    page.view.value = "grades"
    english = page.intervals.words.value
    assert not bytes(page.intervals.picture.value)
    page._head.children[1].value = "zh"
    assert page.intervals.found is found
    assert (page.path.value, page.view.value) == ("water.weight", "grades")
    for control in (page.law, page.draws, page.path, page.behind, page.use):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in control.description)
    assert "名次稳的" in page.intervals.words.value
    shares = np.round(100 * found.grades.to_numpy())
    assert f"{shares.max():.0f}%" in page.intervals.words.value
    page._head.children[1].value = "en"
    assert page.intervals.words.value == english
    page.view.value = "chances"
    assert bytes(page.intervals.picture.value).startswith(b"\x89PNG")


def test_names_of_numbers_are_in_the_readers_language() -> None:
    scheme = sk.load("three_papers")[0]
    assert scheme.paths()["party.weight"].label.startswith("Party building")
    sk.use_language("zh")
    assert scheme.paths()["party.weight"].label.startswith("党的建设成效")


# -- one's own workbook ----------------------------------------------------------------------------


def pages(own: uploading.OwnWorkbook) -> dict[str, Any]:
    return {list(uploading.PAGES)[place]: page for place, page in own._pages.items()}


def test_every_tab_speaks_of_the_edits(tmp_path: Any) -> None:
    path = tmp_path / "own.xlsx"
    sk.save(path, *sk.load("tai"))
    own = uploading.own_workbook()
    own.read("own.xlsx", path.read_bytes())
    names = list(uploading.PAGES)
    own._tabs.selected_index = names.index("sprint")
    sprint = pages(own)["sprint"]
    assert sprint.state is own.state
    own._tabs.selected_index = names.index("weights")
    before = sprint.section.shown
    own.state.replace(FIRST)
    assert sprint.section.shown is before
    own._tabs.selected_index = names.index("sprint")
    assert sprint.way.scheme == own.state.scheme.edit(FIRST)
    own._tabs.selected_index = names.index("categories")  # the scheme has none
    assert "categories" not in pages(own)
    sentence = own._tabs.children[names.index("categories")].children[0]
    assert "no categories" in sentence.value
    switch = own.children[0].children[0]
    assert isinstance(switch, w.ToggleButtons)
    switch.value = "zh"
    assert own._tabs.get_title(names.index("sprint")) == "冲刺"
    assert "没有分类" in own._tabs.children[names.index("categories")].children[0].value
    own._tabs.selected_index = names.index("training")
    assert "1 处改动" in heard(pages(own)["training"])
    own._tabs.selected_index = names.index("sprint")
    assert pages(own)["sprint"] is sprint  # where it was, in the other language
    assert sprint.weeks.description == "还剩几周"
