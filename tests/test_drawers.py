"""Drawers without a browser: whatever a scheme has can be moved, and says why when it has no effect."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import ipywidgets as w
import pytest

import simkaohe as sk
from simkaohe.labels import language, use_language
from simkaohe.widgets import State, WeightsApp
from simkaohe.widgets.controls import discard
from simkaohe.widgets.drawers import DRAWERS, Sheet, Subject, names
from simkaohe.widgets.effects import moves, reason
from simkaohe.widgets.rows import Row, adjustable, is_method
from simkaohe.widgets.weight_rows import Weights, first_that_counts

CASES = {name: sk.load(name) for name in sorted(sk.bundled_cases())}


def subjects(scheme: sk.Scheme) -> Iterator[tuple[str, Subject]]:
    for name, (_, found) in DRAWERS.items():
        for subject in found(scheme):
            yield name, subject


def every(widget: w.Widget, kind: type) -> list:
    children = getattr(widget, "children", ())
    return [widget] * isinstance(widget, kind) + [x for c in children for x in every(c, kind)]


@pytest.mark.parametrize("case", CASES)
def test_every_number_and_choice_of_a_scheme_has_a_control(case) -> None:
    """But for weights and units, which have their own, and what is None in a condition."""
    scheme, _ = CASES[case]
    there = {
        path
        for _, subject in subjects(scheme)
        for path in adjustable(scheme, subject.slots(scheme))
    }
    wanted = {
        path
        for path, slot in scheme.paths().items()
        if slot.kinds & {float, int, bool} or slot.options
        if not re.search(r"\.weight$|\.weights_by_category\.|^full$|\.ideal_(low|high)$", path)
        if not (re.search(r"\.(requires|any_of|priority)\.", path) and slot.value is None)
        if not path.startswith(
            f"grades.bands.{len(scheme.grades.bands) - 1 if scheme.grades else ''}."
        )
        if scheme.attribution or not path.endswith(".attributed")
        if not (path.endswith(".method") and path.startswith("adjustments."))
    }
    missing = {path for path in wanted - there if not path.endswith("method")}
    assert not missing
    assert len(there) > 50


@pytest.mark.parametrize("tongue", ["zh", "en"])
@pytest.mark.parametrize("case", CASES)
def test_names_are_unique_in_a_drawer_in_both_languages(case, tongue) -> None:
    scheme, _ = CASES[case]
    before = language()
    use_language(tongue)
    try:
        for name, subject in subjects(scheme):
            slots = adjustable(scheme, subject.slots(scheme))
            titles = [names(scheme, subject, path, slots) for path in slots]
            assert len({full for _, full in titles}) == len(titles), (name, subject.path)
    finally:
        use_language(before)


def move(row: Row) -> None:
    """Move a control as a hand would."""
    for control in every(row, w.ToggleButton):
        control.value = True
    if sliders := every(row, w.FloatSlider):
        (slider,) = sliders
        slider.value = slider.min if slider.value > (slider.min + slider.max) / 2 else slider.max
    elif boxes := every(row, w.Checkbox):
        boxes[0].value = not boxes[0].value
    else:
        (choice,) = every(row, w.Dropdown)
        choice.index = (choice.index + 1) % len(choice.options)


SEEN: set[str] = set()
"""Kinds of paths that were moved: one of each is enough."""


@pytest.mark.parametrize("case", CASES)
def test_what_is_moved_is_an_edit_and_goes_back(case) -> None:
    """One control of every kind of path: what cannot be says so, and the way back leads back."""
    scheme, panel = CASES[case]
    state, moved = State(scheme, panel), 0
    for drawer, subject in subjects(scheme):
        sheet = Sheet(state, [subject])
        for path in list(sheet.rows):
            kind = f"{drawer} {path.removeprefix(subject.path)}"
            if ".rule." in path or ".measure." in path:  # one of each form is enough of these
                slot = sheet.rows[path]._slot if path in sheet.rows else None
                kind = str(slot and (slot.kinds, slot.options[1:], path.endswith(".method")))
            if kind in SEEN or path not in sheet.rows:
                continue
            SEEN.add(kind)
            moved += 1
            row = sheet.rows[path]
            move(row)
            edited = path.removesuffix(".method") if is_method(path, row._slot) else path
            assert edited in state.edits, path
            if not state.message:
                assert state.standing("current").scheme == scheme.edit(state.edits)
            back = every(row, w.Button)[-1]
            assert not back.disabled
            back.click()
            assert (state.edits, state.message) == ({}, ""), path
        discard(sheet)
    assert moved or case in ("tai", "three_papers")


def test_a_slider_and_its_box_are_one_number_and_none_can_be_chosen() -> None:
    scheme, panel = CASES["cadre_360"]
    state = State(scheme, panel)
    sheet = Sheet(state, [Subject("adjustments.honours", "x")])
    row = sheet.rows["adjustments.honours.cap"]
    (slider,), (box,), (there,) = (
        every(row, kind) for kind in (w.FloatSlider, w.BoundedFloatText, w.ToggleButton)
    )
    box.value = 2.345
    assert state.edits == {"adjustments.honours.cap": 2.345}
    assert box.value == 2.345
    there.value = False
    assert state.edits == {"adjustments.honours.cap": None}
    assert state.result.scheme.adjustments["honours"].cap is None
    assert slider.disabled
    there.value = True
    assert state.edits == {"adjustments.honours.cap": 2.345}
    state.undo()
    state.undo()
    assert (state.edits, there.value, slider.disabled) == ({}, True, False)


def test_another_method_brings_its_own_controls() -> None:
    scheme, panel = CASES["tai"]
    state = State(scheme, panel)
    sheet = Sheet(state, [Subject("total", "x", ("combine",))])
    first = sheet.rows["total.combine.method"]
    every(first, w.Dropdown)[0].label = "multiplier method"
    assert sheet.rows["total.combine.method"] is first
    assert {"total.combine.low", "total.combine.map.method"} <= set(sheet.rows)
    assert state.message == ""
    state.undo()
    assert set(sheet.rows) == {"total.combine.method"}


@pytest.mark.parametrize(("case", "leaf"), [("county_targets", "party_review"), ("tai", "patents")])
def test_methods_say_which_data_they_need_and_nobody_has(case, leaf) -> None:
    """Marked in the list are those that the engine refuses for want of a column, and no others."""
    scheme, panel = CASES[case]
    state = State(scheme, panel)
    (subject,) = (one for _, one in subjects(scheme) if one.path == leaf)
    sheet, marked = Sheet(state, [subject]), set()
    for field in ("rule", "measure"):
        (methods,) = every(sheet.rows[f"{leaf}.{field}.method"], w.Dropdown)
        for label, method in methods.options:
            try:
                state.trial({f"{leaf}.{field}": method})
                said = ""
            except sk.SimkaoheError as error:
                said = str(error)
            lacking = f"{leaf} › " in said and "there is no" in said
            assert ("(needs " in label) == lacking, (label, said)
            marked |= {label} if lacking else set()
    assert {"growth rate (needs last year's value)", "mean rating (needs ratings)"} <= marked
    assert "target completion (needs target)" in marked


def test_rules_that_do_not_fit_the_direction_say_so_and_long_names_have_the_whole_line() -> None:
    scheme, panel = CASES["three_papers"]
    (subject,) = (one for _, one in subjects(scheme) if one.path == "pm25")
    sheet = Sheet(State(scheme, panel), [subject])
    (rules,) = every(sheet.rows["pm25.rule.method"], w.Dropdown)
    for label, method in rules.options:
        if "(needs " in label:
            continue
        try:
            scheme.edit({"pm25.rule": method})
            fits = True
        except sk.SimkaoheError:
            fits = False
        assert ("(not for this direction)" in label) != fits, label
    assert "given points (not for this direction)" in dict(rules.options)
    assert "skh-long" in rules._dom_classes
    (scopes,) = every(sheet.rows["pm25.scope"], w.Dropdown)
    assert "skh-long" not in scopes._dom_classes


# -- what has no effect ----------------------------------------------------------------------------


def test_whatever_method_is_chosen_every_control_there_is_can_be_explained() -> None:
    state = State(*CASES["three_papers"])
    (subject,) = (one for _, one in subjects(state.scheme) if one.path == "rd_intensity")
    sheet = Sheet(state, [subject])
    offered = [
        label for label, _ in every(sheet.rows["rd_intensity.rule.method"], w.Dropdown)[0].options
    ]
    for name in offered:
        (method,) = every(sheet.rows["rd_intensity.rule.method"], w.Dropdown)
        method.value = dict(method.options)[name]
        for row in [*sheet.rows.values()]:
            list(row.explain())
    assert len(offered) > 10


def test_what_has_no_effect_says_why_once_things_rest() -> None:
    async def rested(make) -> w.Widget:
        widget = make()
        for _ in range(100):
            await asyncio.sleep(0.1)
            if any(html.value for html in every(widget, w.HTML)[-1:]):
                break
        return widget

    state = State(*CASES["three_papers"])
    weights = asyncio.run(rested(lambda: Weights(state, "total")))
    said = every(weights, w.HTML)[-1].value
    assert "limits of the coefficients" in said
    one = Subject("adjustments.recovered", "x")
    sheet = asyncio.run(rested(lambda: Sheet(state, [one])))
    whys = {path: row._why.value for path, row in sheet.rows.items()}
    assert "No event is recorded twice" in whys["adjustments.recovered.same"]
    assert not whys["adjustments.recovered.points.补证"]


def test_an_effect_is_one_that_the_engine_sees() -> None:
    scheme, panel = CASES["target_responsibility"]
    state = State(scheme, panel)
    assert moves(state, {"adjustments.awards.cap": 0.0})
    assert not moves(state, {"party.note": "a remark"})
    amount = {"uses.prize.amounts.优秀": 1.0}
    assert not moves(state, amount)
    assert moves(state, amount, uses=True)
    assert moves(state, {"grades.bands.0.share": -1.0})  # says itself why it cannot be


@pytest.mark.parametrize(
    ("case", "path", "words"),
    [
        ("three_papers", "party.weight", "multiplier"),
        ("three_papers", "development.weight", "multiplier"),
        ("cadre_360", "indicators.difficulty.strength", "no coefficients"),
        ("sprint", "adjustments.false.cap", "no record"),
    ],
)
def test_reasons(case, path, words) -> None:
    assert words in str(reason(State(*CASES[case]), path))


# -- the first key press ---------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_the_first_key_press_moves_the_ranking(case) -> None:
    scheme, panel = CASES[case]
    app: WeightsApp = sk.widgets.weights(scheme, panel)
    slider = every(app.weights, w.FloatSlider)[0]
    before = [app.state.standing("current").totals, app.chart.after]
    up = slider.value + slider.step <= slider.max
    moved = []
    for way in (1, -1) if up else (-1,):
        slider.value += way * slider.step
        now = [app.state.standing("current").totals, app.chart.after]
        moved.append([a != b for a, b in zip(now, before, strict=True)])
        app.state.undo()
    assert first_that_counts(app.state) == app.weights.group.value
    assert any(totals for totals, _ in moved)
    assert any(ranks for _, ranks in moved) == (case != "tai")  # one group of eight equal weights


def test_drawers_stay_open_in_another_language() -> None:
    app = sk.widgets.weights(*CASES["county_targets"])
    app.drawers.buttons["attribution"].value = True
    sheet = every(app.drawers, Sheet)[0]
    sheet.subject.value = "attribution.farm"
    next(t for t in every(app, w.ToggleButtons) if "skh-tongue" in t._dom_classes).value = "zh"
    assert app.drawers.buttons["attribution"].value
    assert app.drawers.buttons["attribution"].description == "共建项目归属"
    assert every(app.drawers, Sheet)[0].subject.value == "attribution.farm"
    use_language("en")
