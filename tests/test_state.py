"""The workbench's state: gestures, weights that make room, scenarios, files, and the engine's word."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simkaohe as sk
from simkaohe.errors import SimkaoheError
from simkaohe.scheme.combine import WeightedSum
from simkaohe.widgets import State
from simkaohe.widgets import history as module
from simkaohe.widgets.standing import Standings

CASES = sorted(sk.bundled_cases())
PAPERS = ("development.weight", "party.weight", "satisfaction.weight")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "monotonic", clock)
    return clock


@pytest.fixture
def state() -> State:
    return State(*sk.load("three_papers"))


def papers(state: State) -> list[float]:
    return [state.value(path) for path in PAPERS]


def ranks(state: State, side: str = "current") -> dict[str, int]:
    return state.standing(side).ranking["rank"].dropna().to_dict()


# -- gestures --------------------------------------------------------------------------------------


def test_ticks_that_follow_each_other_fast_are_one_step(state, clock) -> None:
    for value in (30.0, 40.0, 50.0):
        clock.now += 0.1
        state.set("party.weight", value)
    clock.now += 2
    state.set("party.weight", 51.0)
    state.set("satisfaction.weight", 20.0)
    state.set("party.weight", 52.0)
    seen = []
    while state.can_undo:
        state.undo()
        seen.append(dict(state.edits))
    assert seen == [
        {"party.weight": 51.0, "satisfaction.weight": 20.0},
        {"party.weight": 51.0},
        {"party.weight": 50.0},
        {},
    ]
    while state.can_redo:
        state.redo()
    assert state.edits == {"party.weight": 52.0, "satisfaction.weight": 20.0}


def test_a_gesture_that_comes_back_is_no_step(state, clock) -> None:
    state.set("party.weight", 40.0)
    clock.now += 2
    for value in (30.0, 20.0, 40.0):
        state.set("party.weight", value)
    state.undo()
    assert state.edits == {}
    assert not state.can_undo


def test_one_edit_is_reset_with_all_below_it(state) -> None:
    state.replace({"total.combine.low": 0.7, "total.combine.high": 1.2, "party.weight": 30.0})
    state.reset("total.combine")
    assert state.edits == {"party.weight": 30.0}
    state.reset()
    assert state.edits == {}
    state.undo()
    state.undo()
    assert len(state.edits) == 3


def test_controls_that_answer_in_threads_do_not_overwrite_each_other(state) -> None:
    paths = [f"{leaf.id}.weight" for leaf in state.scheme.indicators[:4]]

    def turn(path: str) -> None:
        for value in (1.0, 2.0, 3.0):
            state.set(path, value)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(turn, paths))
    assert state.edits == dict.fromkeys(paths, 3.0)


# -- weights that make room ------------------------------------------------------------------------


def test_the_others_make_room_in_proportion(state) -> None:
    state.weigh("party", 40.0)
    assert papers(state) == [48.0, 40.0, 12.0]  # 60 : 15 of what is left
    state.weigh("party", 100.0)
    assert papers(state) == [0.0, 100.0, 0.0]
    state.weigh("party", 25.0)  # the same gesture: what they had when it began
    assert papers(state) == [60.0, 25.0, 15.0]
    assert state.edits == {}


def test_those_at_zero_come_back_as_in_the_base(state, clock) -> None:
    state.weigh("party", 100.0)
    clock.now += 2
    state.weigh("party", 50.0)
    assert papers(state) == [40.0, 50.0, 10.0]


def test_a_locked_weight_stays(state) -> None:
    state.lock("development.weight")
    state.weigh("party", 30.0)
    assert papers(state) == [60.0, 30.0, 10.0]
    state.weigh("party", 90.0)
    assert papers(state) == [60.0, 40.0, 0.0]
    state.weigh("development", 10.0)
    assert "locked" in state.message
    assert papers(state) == [60.0, 40.0, 0.0]
    state.lock("satisfaction.weight")
    state.weigh("party", 10.0)
    assert "unlock one" in state.message
    state.lock("satisfaction.weight", False)
    state.weigh("party", 25.0)
    assert (state.message, papers(state)) == ("", [60.0, 25.0, 15.0])


def test_the_sum_is_free_when_asked(state) -> None:
    state.keep_sum = False
    state.weigh("party", 40.0)
    assert papers(state) == [60.0, 40.0, 15.0]


def test_a_category_has_weights_of_its_own(state) -> None:
    scheme = state.scheme
    group = next(n for n in scheme.nodes.values() if n.id == "development")
    before = {c.id: scheme.weight_in(c, "ecology") for c in group.children}
    state.weigh("green", 50.0, "ecology")
    after = {c.id: state.weight(c.id, "ecology") for c in group.children}
    assert after["green"] == 50.0
    assert sum(after.values()) == pytest.approx(sum(before.values()), abs=1e-9)
    assert {name for name in after if not before[name]} == {n for n in after if not after[n]}
    assert all(".weights_by_category.ecology" in path for path in state.edits)
    edited = scheme.edit(state.edits)
    assert {c.id: edited.weight_in(c, "ecology") for c in edited.nodes["development"].children} == (
        after
    )
    state.weigh("green", before["green"], "ecology")
    assert state.edits == {}


def test_what_is_typed_is_kept_and_the_sum_is_exact_in_the_decimals_shown(state, clock) -> None:
    for value in (33.3333, 12.345678901, 7.0, 99.99, 0.01):
        clock.now += 2
        state.weigh("party", value)
        assert state.weight("party") == round(value, 9)
        assert sum(Decimal(str(weight)) for weight in papers(state)) == 100
    state.lock("satisfaction.weight")
    held = state.weight("satisfaction")
    state.weigh("development", 41.7)
    assert (state.weight("development"), state.weight("satisfaction")) == (41.7, held)
    assert sum(Decimal(str(weight)) for weight in papers(state)) == 100


def test_a_weight_that_is_reset_lets_the_others_make_room(state, clock) -> None:
    state.weigh("party", 40.0)
    clock.now += 2
    state.weigh("satisfaction", 30.0)
    clock.now += 2
    state.weigh("party", 35.0)
    state.unweigh("party")  # at once, and yet a step of its own
    assert state.weight("party") == 25.0
    assert sum(papers(state)) == 100.0
    state.undo()
    assert state.weight("party") == 35.0
    state.undo()
    assert state.weight("satisfaction") == 30.0
    state.keep_sum = False
    state.unweigh("satisfaction")
    assert state.weight("satisfaction") == 15.0


def test_whether_the_sum_is_kept_ends_a_gesture(state) -> None:
    state.weigh("party", 40.0)
    state.keep_sum = False
    state.weigh("party", 41.0)
    assert papers(state) == [48.0, 41.0, 12.0]
    state.undo()
    assert papers(state) == [48.0, 40.0, 12.0]


def test_a_field_of_a_method_that_is_an_edit_itself(state) -> None:
    geometric = {"method": "geometric", "zero": "floor"}
    state.set("total.combine", geometric)
    state.set("total.combine.floor", 2.0)
    assert state.edits == {"total.combine": geometric, "total.combine.floor": 2.0}
    assert state.result.scheme.root.combine.floor == 2.0
    state.set("total.combine.floor", 1.0)  # what the method says itself
    assert state.edits == {"total.combine": geometric}
    state.set("total.combine.floor", 2.0)
    state.reset("total.combine")
    assert state.edits == {}


@settings(max_examples=15, deadline=None)
@given(
    case=st.sampled_from(CASES),
    moves=st.lists(st.tuples(st.integers(0, 99), st.floats(0, 120)), min_size=1, max_size=4),
    category=st.integers(0, 9),
    lock=st.integers(0, 99),
)
def test_the_sum_stays_that_of_the_base(case, moves, category, lock) -> None:
    scheme, panel = CASE[case]
    state = State(scheme, panel)
    categories = ["", *scheme.categories]
    chosen = categories[category % len(categories)]
    groups = [n for n in scheme.nodes.values() if hasattr(n, "children") and len(n.children) > 1]
    children = groups[lock % len(groups)].children
    base = sum(state.weight(child.id, chosen) for child in children)
    held = children[lock % len(children)].id
    kept = state.weight(held, chosen)
    state.lock(f"{held}.weights_by_category.{chosen}" if chosen else f"{held}.weight")
    for place, value in moves:
        state.weigh(children[place % len(children)].id, value, chosen)
        weights = [state.weight(child.id, chosen) for child in children]
        assert sum(weights) == pytest.approx(base, abs=1e-9)
        assert min(weights) >= 0
        assert state.weight(held, chosen) == kept


CASE = {name: sk.load(name) for name in CASES}


# -- the engine's word -----------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_a_slider_gets_what_a_full_evaluation_gives(case) -> None:
    """Numbers go to an engine that is compiled already; structure makes a new one."""
    scheme, panel = CASE[case]
    standings, rng = Standings(scheme, panel), random.Random(5)
    slots = scheme.paths()
    paths = [p for p, slot in slots.items() if isinstance(slot.value, float) and slot.value]
    own = [
        f"{n}.weights_by_category.{c}" for n in list(scheme.nodes)[1:] for c in scheme.categories
    ]
    edits: dict = {}
    compared = 0
    for _ in range(25):
        path = rng.choice(rng.choice([paths, own or paths]))
        old = slots[path].value if path in slots else 10.0
        edits[path] = rng.choice([0.0, old * 0.9, old * 1.1, old * 1.3])
        if rng.random() < 0.2:
            del edits[rng.choice(list(edits))]
        try:
            expected, sentence = sk.evaluate(scheme.edit(edits), panel).ranking, ""
        except SimkaoheError as error:
            sentence = str(error)
        if sentence:
            with pytest.raises(SimkaoheError) as caught:
                standings.of(edits)
            assert str(caught.value) == sentence
            del edits[path]
            continue
        compared += 1
        found = standings.of(edits)
        assert found.ranking.round(9).equals(expected.round(9)), edits
        assert found.result.ranking.equals(expected)
    assert compared > 6


def test_any_two_are_compared(state) -> None:
    state.weigh("party", 40.0)
    state.set("total.combine", WeightedSum())
    first = state.save_as("相加")
    state.reset()
    state.set("units.青山区", "ecology")
    second = state.save_as()
    state.reset()
    assert (first, second) == ("A", "B")
    assert state.scenarios["B"].name == "Scenario B"
    state.sides = ("A", "B")
    assert list(state.comparison.results) == ["A · 相加", "B · Scenario B"]
    expected = sk.compare(
        state.panel,
        a=state.scheme.edit(state.scenarios["A"]),
        b=state.scheme.edit(state.scenarios["B"]),
    )
    assert state.comparison.ranks.to_numpy().tolist() == expected.ranks.to_numpy().tolist()
    state.delete("A")
    assert state.sides == ("base", "current")
    state.undo()
    assert [kept.name for kept in state.scenarios.values()] == ["相加", "Scenario B"]


# -- scenarios -------------------------------------------------------------------------------------


def test_scenarios_have_names_and_notes(state) -> None:
    state.set("party.weight", 40.0)
    letter = state.save_as(" 党建优先 ", "会上提出")
    assert state.scenarios[letter].note == "会上提出"
    state.rename(letter, "党建 40")
    state.annotate(letter, "")
    assert state.scenarios[letter] == sk.Scenario(name="党建 40", edits={"party.weight": 40.0})
    with pytest.raises(SimkaoheError, match="there is a scenario '党建 40' already"):
        state.save_as("党建 40")
    with pytest.raises(SimkaoheError, match="nothing"):
        state.rename(letter, " ")
    state.set("party.weight", 50.0)
    state.update(letter)
    state.reset()
    state.choose(letter)
    assert state.edits == {"party.weight": 50.0}
    state.undo()
    assert state.edits == {}


@pytest.mark.parametrize("case", CASES)
def test_a_cases_questions_are_offered_once_and_in_the_readers_language(case, tmp_path) -> None:
    questions = sk.load_scenarios(case)
    state = State(*sk.load(case))
    state.offer(questions)
    assert list(state.scenarios.values()) == list(questions)
    assert not state.can_undo
    state.annotate("A", "changed")
    assert state.title("A") == f"A · {questions[0].name_en or questions[0].name}"
    again = State(state.scheme, state.panel)
    again.open(state.save(tmp_path / "kept.yaml"))
    again.offer(questions)
    assert again.scenarios == state.scenarios
    again.rename("A", "mine")
    assert again.title("A") == "A · mine"


def test_there_are_as_many_letters_as_scenarios(state) -> None:
    letters = [state.save_as() for _ in range(28)]
    assert [letters[0], *letters[25:]] == ["A", "Z", "AA", "AB"]


# -- files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["kept.yaml", "kept.xlsx"])
def test_what_was_saved_is_opened(state, tmp_path: Path, name: str) -> None:
    state.set("total.combine", WeightedSum())
    state.set("party.weight", 40.0)
    state.save_as("相加", "讨论用")
    state.set("units.青山区", "ecology")
    before = ranks(state), ranks(state, "A")
    path = state.save(tmp_path / name)
    again = State(state.scheme, state.panel)
    again.open(path)
    assert (ranks(again), ranks(again, "A")) == before
    assert again.scenarios["A"].note == "讨论用"
    again.open(path)  # once more: nothing twice
    assert list(again.scenarios) == ["A"]
    again.rename("A", "别的")
    again.open(path)
    assert [kept.name for kept in again.scenarios.values()] == ["别的", "相加"]
    again.undo()
    again.undo()
    assert [kept.name for kept in again.scenarios.values()] == ["相加"]


@pytest.mark.parametrize("name", ["kept.yaml", "kept.xlsx"])
def test_locks_and_the_sides_compared_are_saved_with_the_scenarios(state, tmp_path, name) -> None:
    state.weigh("party", 40.0)
    state.save_as("党建")
    state.set("units.青山区", "ecology")
    state.lock("party.weight")
    state.keep_sum = False
    state.compare("A", "current")
    path = state.save(tmp_path / name)
    again = State(state.scheme, state.panel)
    again.save_as("别的")  # A there: letters are no names
    again.open(path)
    assert (again.sides, again.locked, again.keep_sum) == (
        ("B", "current"),
        {"party.weight"},
        False,
    )
    assert again.comparison.ranks.to_numpy().tolist() == state.comparison.ranks.to_numpy().tolist()
    assert [kept.name for kept in sk.load_scenarios(path)] == ["党建", "未命名的改动"]
    again.delete("B")
    assert again.sides == ("base", "current")


def test_files_from_before_there_were_locks_leave_them_alone(state, tmp_path) -> None:
    state.lock("party.weight")
    state.open(sk.save_scenarios(tmp_path / "old.yaml", [sk.Scenario(name="旧", edits={})]))
    assert state.locked == {"party.weight"}
    assert "view" not in (tmp_path / "old.yaml").read_text()


def test_a_saved_view_that_does_not_fit(state, tmp_path) -> None:
    text = "- name: 未命名的改动\n  view: {locked: [nosuch.weight]}\n"
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(SimkaoheError, match="nosuch"):
        state.open(tmp_path / "bad.yaml")
    (tmp_path / "gone.yaml").write_text("- name: 未命名的改动\n  view: {compare: [base, 走了]}\n")
    state.open(tmp_path / "gone.yaml")
    assert "走了" in state.message
    assert state.sides == ("base", "current")


@pytest.mark.parametrize("name", ["kept.yaml", "kept.xlsx"])
def test_nothing_yet_is_saved_too(state, tmp_path: Path, name: str) -> None:
    again = State(state.scheme, state.panel)
    again.open(state.save(tmp_path / name))
    assert (again.edits, again.scenarios) == ({}, {})


def test_a_file_that_does_not_fit_changes_nothing(state, tmp_path: Path) -> None:
    state.set("party.weight", 40.0)
    path = sk.save_scenarios(
        tmp_path / "other.yaml",
        [sk.Scenario(name="好", edits={}), sk.Scenario(name="坏", edits={"nosuch.weight": 1.0})],
    )
    with pytest.raises(SimkaoheError, match=r"other\.yaml › 坏 › nosuch\.weight"):
        state.open(path)
    assert (state.edits, state.scenarios) == ({"party.weight": 40.0}, {})


def test_a_file_in_the_way_stays_when_it_cannot_be_written(state, tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(SimkaoheError):
        state.save(tmp_path / "folder.yaml")
    assert (tmp_path / "folder.yaml").is_dir()
