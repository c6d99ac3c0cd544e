"""Lessons: every step gives what the engine has, and every usual mistake is calculated honestly.

The wrong answers of the mistakes are calculated here in plain Python, from the numbers of the scheme
below, and never taken from the package.
"""

from __future__ import annotations

from pathlib import Path

import ipywidgets as w
import numpy as np
import openpyxl
import pandas as pd
import pytest

import simkaohe as sk
from simkaohe.cli import main
from simkaohe.lessons import Question, Step, question, steps, training_exercise
from simkaohe.lessons.mistakes import WHY
from simkaohe.report.exercise import SHEETS
from simkaohe.widgets import TrainingApp

UNITS = ["A", "B", "C", "D"]
SCHEME = {
    "categories": {"city": {}, "county": {}},
    "units": {"A": "city", "B": "city", "C": "county", "D": "county"},
    "root": {
        "id": "total",
        "combine": {"method": "multiplier", "base": "dev", "added": "public", "map": "fixed_band",
                    "low": 0.9, "high": 1.06},
        "children": [
            {"id": "dev", "weight": 60, "children": [
                {"id": "invest", "weight": 40, "target": 100.0,
                 "rule": {"method": "completion", "cap": 1.1, "start": 0.6}},
                {"id": "growth", "weight": 20, "rule": {"method": "efficacy", "base": 50}},
                {"id": "energy", "weight": 10, "scope": "category", "direction": "negative",
                 "weights_by_category": {"city": 30}, "rule": {"method": "minmax"}},
                {"id": "trade", "weight": 20, "rule": {"method": "rank_step", "full": 40}},
                {"id": "safety", "weight": 10, "missing": "spread",
                 "rule": {"method": "deduction", "per_event": 8, "floor": 60}},
            ]},
            {"id": "party", "rule": {"method": "given"}},
            {"id": "public", "weight": 20, "rule": {"method": "given"}},
        ],
    },
    "adjustments": {"award": {"method": "bonus", "points": {"": 2.0}, "cap": 3.0}},
    "ranking": {"digits": 2},
}  # fmt: skip
DATA = {
    "invest": [121.0, 85.6, 55.0, 100.0],
    "growth": [2.0, 4.0, 10.0, 7.0],
    "energy": [30.0, 42.0, 50.0, 58.0],
    "trade": [5.0, 9.0, 7.0, 6.0],
    "safety": [0.0, 6.0, np.nan, 1.0],
    "party": [95.0, 80.0, 70.0, 88.0],
    "public": [88.0, 90.0, 75.0, 82.0],
}
EVENTS = pd.DataFrame({"unit": ["A", "B"], "event": "award", "count": [2.0, 1.0]})


@pytest.fixture(scope="module")
def result() -> sk.Result:
    panel = sk.Panel(pd.DataFrame(DATA, UNITS), events=EVENTS)
    return sk.evaluate(sk.Scheme.read(SCHEME), panel)


def step_of(result: sk.Result, unit: str, node: str, kind: str) -> Step:
    return next(s for s in steps(result, unit) if s.node == node and s.kind == kind)


def asked(result: sk.Result, unit: str, node: str, kind: str) -> Question:
    return question(result, unit, step_of(result, unit, node, kind))


# -- steps -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", sk.bundled_cases())
def test_every_step_gives_what_the_engine_has(case: str) -> None:
    scheme, panel = sk.load(case)
    found = sk.evaluate(scheme, panel)
    silent = {"missing", "total", "outcome", "bonus", "veto"}
    for unit in found.engine.units[::3]:
        walked = steps(found, unit)
        for step in walked:
            assert step.lines or step.kind in silent or step.note, step
            if step.lines:
                assert step.lines[-1].value == pytest.approx(step.value, abs=1e-9), step
        ends = {step.node: step.value for step in walked if step.kind != "coefficient"}
        for node in scheme.nodes.values():
            if node.id in ends and node is not scheme.root:
                assert ends[node.id] == pytest.approx(
                    found.scores.at[unit, node.id], abs=1e-9, nan_ok=True
                )
        assert ends["total"] == found.ranking.at[unit, "total"]
        rank = found.ranking.at[unit, "rank"]
        assert ("rank" in ends) == pd.notna(rank)
        if "rank" in ends:
            assert ends["rank"] == rank


def test_a_score_by_hand(result: sk.Result) -> None:
    # A: invest 110 (cap), growth worst 50, energy best 100, trade 4th of 4: 85, safety 100
    dev = (40 * 110 + 20 * 50 + 30 * 100 + 20 * 85 + 10 * 100) / 120
    total = dev * (0.9 + 0.16 * 0.95) + 20 * 88 / 100 + 3
    assert step_of(result, "A", "dev", "combine").value == pytest.approx(dev)
    assert step_of(result, "A", "total", "points").value == pytest.approx(total)
    last = step_of(result, "A", "dev", "combine").lines[-1].numbers
    assert last == (
        "(40 × 110 + 20 × 50 + 30 × 100 + 20 × 85 + 10 × 100) ÷ (40 + 20 + 30 + 20 + 10)"
    )


def test_a_missing_value_is_told(result: sk.Result) -> None:
    step = step_of(result, "C", "safety", "missing")
    assert "weight goes to its siblings" in step.note
    assert "safety" not in step_of(result, "C", "dev", "combine").parts


def test_an_unknown_unit_is_answered_with_the_nearest(result: sk.Result) -> None:
    with pytest.raises(sk.SimkaoheError, match="there is no unit 'E'"):
        steps(result, "E")


# -- mistakes --------------------------------------------------------------------------------------

B = {"invest": 85.6, "growth": 62.5, "energy": 0.0, "trade": 100.0, "safety": 60.0}
W = {"invest": 40, "growth": 20, "energy": 30, "trade": 20, "safety": 10}
DEV_B = sum(B[k] * W[k] for k in B) / sum(W.values())
C_B = 0.9 + 0.16 * 0.8
DEV_C = (40 * 0 + 20 * 100 + 10 * 100 + 20 * 95) / 90
COMMITTED = [
    ("cap", "A", "invest", "rule", 121.0),
    ("start", "C", "invest", "rule", 55.0),
    ("inverted", "D", "energy", "rule", None),
    ("rounded_early", "B", "invest", "rule", 86.0),
    ("inverted", "B", "invest", "rule", 110.0),
    ("direction", "B", "growth", "rule", 50 + 50 * (10 - 4) / 8),
    ("base_points", "B", "growth", "rule", 50 * (4 - 2) / 8),
    ("direction", "A", "energy", "rule", 0.0),
    ("other_scope", "B", "energy", "rule", 100 * (58 - 42) / (58 - 30)),
    ("place", "A", "trade", "rule", 100 * (1 - 0.05 * 4)),
    ("not_converted", "A", "trade", "rule", 40 * (1 - 0.05 * 3)),
    ("floor", "B", "safety", "rule", 100 - 8 * 6.0),
    ("undivided", "B", "dev", "combine", sum(B[k] * W[k] for k in B)),
    ("unweighted", "B", "dev", "combine", sum(B.values()) / 5),
    ("stated_weights", "B", "dev", "combine",
     (DEV_B * 120 - 30 * B["energy"] + 10 * B["energy"]) / 100),
    ("missing_as_zero", "C", "dev", "combine", DEV_C * 90 / 100),
    ("cap", "A", "party", "coefficient", None),
    ("multiplied_sum", "B", "total", "combine", (DEV_B + 18) * C_B),
    ("coefficients_left_out", "B", "total", "combine", DEV_B + 18),
    ("added_coefficients", "B", "total", "combine", (60 * DEV_B + 1 * 80 + 20 * 90) / 81),
    ("bonus_multiplied", "B", "total", "points", DEV_B * C_B + 18 + 2 * C_B),
    ("cap", "A", "award", "bonus", 4.0),
    ("percent", "B", "party", "coefficient", C_B * 100),
    ("sign", "B", "growth", "rule", -62.5),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "unit", "node", "of", "wrong"), COMMITTED)
def test_a_usual_mistake_is_recognised_and_explained(
    result: sk.Result, kind: str, unit: str, node: str, of: str, wrong: float | None
) -> None:
    it = asked(result, unit, node, of)
    if wrong is None:  # this mistake has no meaning there, or leads to the right answer
        assert kind not in {m.id for m in it.mistakes}
        return
    found = it.check(wrong)
    assert not found.right
    assert kind in {m.id for m in found.mistakes}, (it.answer, it.mistakes)
    assert WHY[kind].en in found.words


def test_every_mistake_has_its_example() -> None:
    assert {kind for kind, *_, wrong in COMMITTED if wrong is not None} == set(WHY)


def test_a_right_answer_may_be_rounded_as_the_scheme_says(result: sk.Result) -> None:
    it = asked(result, "B", "dev", "combine")  # 50.3666…
    assert it.digits == 2
    assert it.check(round(DEV_B, 2)).right
    assert it.check(DEV_B).right
    assert not it.check(round(DEV_B, 1)).right
    assert "none of the usual mistakes" in it.check(-1234.5).words


@pytest.mark.parametrize("case", ["three_papers", "target_responsibility"])
def test_no_mistake_is_taken_for_right_and_none_is_overlooked(case: str) -> None:
    for it in training_exercise(5, *sk.load(case), questions=20).questions:
        assert it.check(round(it.answer, it.digits)).right, it
        for mistake in it.mistakes:
            found = it.check(mistake.value)
            assert not found.right
            assert mistake.id in {m.id for m in found.mistakes}
        assert it.given


# -- exercises -------------------------------------------------------------------------------------


def test_the_same_number_makes_the_same_exercise_in_both_languages() -> None:
    english = training_exercise(7)
    assert english.sheet.equals(training_exercise(7).sheet)
    assert not english.sheet.equals(training_exercise(8).sheet)
    sk.use_language("zh")
    chinese = training_exercise(7)
    assert [q.answer for q in chinese.questions] == [q.answer for q in english.questions]
    assert [q.unit for q in chinese.questions] == [q.unit for q in english.questions]
    assert all(q.mistakes for q in chinese.questions)


@pytest.mark.parametrize("seed", range(6))
def test_an_invented_scheme_is_worth_calculating(seed: int) -> None:
    exercise = training_exercise(seed)
    ranking = exercise.result.ranking
    assert len(ranking) == 6
    assert ranking["total"].nunique() >= 5
    assert len(exercise.questions) == 8
    assert len({(q.step.kind, q.step.method) for q in exercise.questions}) >= 6


def test_a_wrong_call_says_what_is_wrong(result: sk.Result) -> None:
    with pytest.raises(sk.SimkaoheError, match="Give both or neither"):
        training_exercise(1, result.scheme)
    with pytest.raises(sk.SimkaoheError, match="expected 1 or more"):
        training_exercise(1, questions=0)
    with pytest.raises(sk.SimkaoheError, match="there is no unit"):
        training_exercise(1, result.scheme, result.panel, unit="E")


def test_the_workbook_has_blanks_for_the_class_and_solutions_for_the_teacher(
    tmp_path: Path,
) -> None:
    exercise = training_exercise(3)
    book = openpyxl.load_workbook(sk.write_exercise(tmp_path / "class.xlsx", exercise))
    assert book.sheetnames == [words.en for words in SHEETS.values()]
    front, score_sheet = book[SHEETS["class"].en], book[SHEETS["ranking"].en]
    assert [cell.value for cell in front["D"]][1:] == [None] * 8
    filled = [c.value for row in score_sheet.iter_rows(2, min_col=2) for c in row]
    assert filled
    assert set(filled) == {None}
    solved = book[SHEETS["solutions"].en]
    answers = [cell.value for cell in solved["C"]][1:]
    assert answers == [round(q.answer, q.digits) for q in exercise.questions]
    ranking = exercise.result.ranking
    last = book[SHEETS["solved"].en]
    assert [row[0].value for row in last.iter_rows(2)] == list(ranking.index)
    assert [row[-2].value for row in last.iter_rows(2)] == list(ranking["rank"])


def test_the_workbook_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(sk.SimkaoheError, match=r"the suffix \.xlsx"):
        sk.write_exercise(tmp_path / "class.pdf", training_exercise(3))
    with pytest.raises(sk.SimkaoheError):
        sk.write_exercise(tmp_path / "nowhere" / "class.xlsx", training_exercise(3))
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "class.xlsx"
    assert main(["exercise", "tai", "--seed", "2", "--questions", "3", "-o", str(target)]) == 0
    assert "Written" in capsys.readouterr().err
    book = openpyxl.load_workbook(target)
    questions = [cell.value for cell in book[SHEETS["class"].en]["B"]][1:]
    drawn = training_exercise(2, *sk.load("tai"), questions=3)
    assert questions == [q.text for q in drawn.questions]


# -- in a notebook ---------------------------------------------------------------------------------


@pytest.fixture
def app(result: sk.Result) -> TrainingApp:
    return sk.widgets.training(result.scheme, result.panel)


def test_forward_and_back(app: TrainingApp) -> None:
    first = app._step.value
    assert app._back.disabled
    app._next.click()
    assert app.place.value == 1
    assert app._step.value != first
    app._back.click()
    assert app._step.value == first
    app.place.value = app.place.max
    assert app._next.disabled
    assert f"step {len(app.steps)} of {len(app.steps)}" in app._said.value


def test_the_page_shows_the_engines_numbers(app: TrainingApp, result: sk.Result) -> None:
    app.unit.value = "B"
    place = next(n for n, s in enumerate(app.steps) if (s.node, s.kind) == ("dev", "combine"))
    app.place.value = place
    assert f"<b>= {result.scores.at['B', 'dev']:.4f}</b>" in app._step.value
    assert "(40 × 85.6 + 20 × 62.5 + 30 × 0" in app._step.value
    assert app._tree.value.count("…") > 0
    app.place.value = app.place.max
    assert "…" not in app._tree.value


def test_an_answer_is_checked_and_explained(app: TrainingApp) -> None:
    app.unit.value = "B"
    it = app.question
    app.answer.value = "eighty"
    app._check.click()
    assert "Type a number" in app._feedback.value
    app.answer.value = f"{it.mistakes[0].value:.6f}"
    app._check.click()
    assert "✗" in app._feedback.value
    assert it.mistakes[0].words in app._feedback.value
    app.answer.value = f"{it.answer:.{it.digits}f}"
    app._check.click()
    assert "✓" in app._feedback.value
    assert "right at once: 0 of 1" in app._feedback.value
    app._skip.click()
    assert app.question is not it
    assert app.answer.value == ""
    app._solve.click()
    assert app.question.step.lines[-1].numbers.split(" ")[0] in app._feedback.value


def test_both_languages_and_the_number_of_the_exercise(app: TrainingApp) -> None:
    app.unit.value = "B"
    app.place.value, app.tabs.selected_index = 3, 1
    before = app.question.answer
    tongue = app.children[1].children[1]
    assert isinstance(tongue, w.ToggleButtons)
    tongue.value = "zh"
    assert (app.unit.value, app.place.value, app.question.answer) == ("B", 3, before)
    assert app.tabs.selected_index == 1
    assert app._next.description == "下一步"
    assert "代入数字" in app._step.value
    questions = [q.text for q in app._questions]
    app.seed.value = 99
    assert sorted(q.text for q in app._questions) == sorted(questions)  # all of one unit's steps
    assert [q.text for q in app._questions] != questions


def test_the_sheet_for_the_class_is_the_workbook(app: TrainingApp, tmp_path: Path) -> None:
    app.about.value, app.sheet_seed.value = True, 4
    target = tmp_path / "class.xlsx"
    target.write_bytes(app._sheet())
    drawn = training_exercise(4, app._result.scheme, app._result.panel)
    book = openpyxl.load_workbook(target)
    questions = [cell.value for cell in book[SHEETS["class"].en]["B"]][1:]
    assert questions == [q.text for q in drawn.questions]
