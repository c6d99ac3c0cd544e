"""Controls and views without a browser: set a value, press a button, read state and picture."""

from __future__ import annotations

import ipywidgets as w
import pytest

import simkaohe as sk
from simkaohe.scheme.combine import WeightedSum
from simkaohe.widgets import WeightsApp, controls, views


@pytest.fixture
def app() -> WeightsApp:
    return sk.widgets.weights(*sk.load("three_papers"))


def every(widget: w.Widget, kind: type) -> list:
    """Return all widgets of a kind below a widget."""
    children = getattr(widget, "children", ())
    return [widget] * isinstance(widget, kind) + [
        x for child in children for x in every(child, kind)
    ]


def slider(app: WeightsApp, label: str) -> w.FloatSlider:
    return next(s for s in every(app, w.FloatSlider) if s.description == label)


def button(app: WeightsApp, label: str) -> w.Button:
    return next(b for b in every(app, w.Button) if b.description == label)


def dropdown(app: WeightsApp, label: str) -> w.Dropdown:
    return next(d for d in every(app, w.Dropdown) if d.description == label)


def shown(app: WeightsApp) -> dict[str, int]:
    return dict(zip(app.chart.units, app.chart.after, strict=True))


def test_the_picture_shows_the_engines_ranking_after_every_move(app) -> None:
    scheme, panel = app.state.scheme, app.state.panel
    assert shown(app) == sk.evaluate(scheme, panel).ranking["rank"].to_dict()
    dropdown(app, "Combination").label = "weighted sum"
    slider(app, "Party building").value = 60.0
    edited = scheme.edit({"total.combine": "weighted_sum", "party.weight": 60.0})
    assert shown(app) == sk.evaluate(edited, panel).ranking["rank"].to_dict()
    assert app.state.edits == {"total.combine": WeightedSum(), "party.weight": 60.0}
    assert "60.0" in views.edits(app.state)


def test_slider_and_box_are_one_value_and_going_back_is_no_edit(app) -> None:
    box = next(b for b in every(app, w.BoundedFloatText) if b.value == 25.0)
    box.value = 33.25
    assert slider(app, "Party building").value == 33.25
    slider(app, "Party building").value = 25.0
    assert box.value == 25.0
    assert app.state.edits == {}


def test_undo_redo_and_reset(app) -> None:
    for value in (30.0, 40.0, 50.0):
        slider(app, "Party building").value = value
    slider(app, "Satisfaction").value = 20.0
    button(app, "Undo").click()
    assert slider(app, "Party building").value == 50.0
    button(app, "Undo").click()
    assert slider(app, "Party building").value == 25.0
    button(app, "Redo").click()
    assert app.state.edits == {"party.weight": 50.0}
    button(app, "Reset").click()
    assert app.state.edits == {}
    assert slider(app, "Party building").value == 25.0
    assert app.chart.after == app.chart.before
    button(app, "Undo").click()
    assert app.state.edits == {"party.weight": 50.0}


def test_a_unit_moves_to_another_category(app) -> None:
    dropdown(app, "Unit").value = "清河县"
    assert dropdown(app, "Category").value == "ecology"
    dropdown(app, "Category").value = "urban"
    assert app.state.edits == {"units.清河县": "urban"}
    assert app.chart.categories[app.chart.units.index("清河县")] == "Urban core"
    dropdown(app, "Unit").value = "青山区"
    assert app.state.edits == {"units.清河县": "urban"}


def test_another_method_takes_its_parameters_with_it(app) -> None:
    slider(app, "highest coefficient").value = 1.3
    assert app.state.edits == {"total.combine.high": 1.3}
    dropdown(app, "Combination").label = "weighted sum"
    assert list(app.state.edits) == ["total.combine"]
    assert app.state.message == ""


def test_what_cannot_be_says_so_and_the_last_picture_stays(app) -> None:
    before = shown(app)
    app.state.replace(
        {f"units.{unit}": "ecology" for unit in ("青山区", "东湖区", "江北区", "望城区")}
    )
    assert "no unit is in this category" in app.state.message
    assert "role='alert'" in views.message(app.state)
    assert shown(app) == before
    app.state.undo()
    assert app.state.message == ""


def test_a_chosen_unit_is_explained_and_follows_the_edits(app) -> None:
    app.chart.selected = "清河县"
    assert "清河县" in app._steps.value
    first = app._steps.value
    slider(app, "highest coefficient").value = 1.3
    assert app._steps.value != first


def test_both_languages_at_once(app) -> None:
    slider(app, "Party building").value = 40.0
    every(app, w.ToggleButtons)[0].value = "zh"
    assert slider(app, "党的建设成效").value == 40.0
    assert app.chart.words["category"] == "类别"
    assert app.chart.titles == ["现行方案", "修改后"]


def test_other_groups_have_their_sliders_too(app) -> None:
    dropdown(app, "Weights of").value = "green"
    slider(app, "PM2.5 concentration").value = 0.0
    assert app.state.edits == {"pm25.weight": 0.0}


def test_labels_are_text_and_never_markup() -> None:
    scheme, panel = sk.load("tai")
    state = sk.widgets.State(scheme.edit({"patents.name_en": "<b>x</b>"}), panel)
    state.set("patents.weight", 0.5)
    assert "&lt;b&gt;" in views.edits(state)
    assert "<b>" not in views.explanation(state, "Finland")
    assert (
        controls.weights(state, scheme.root).children[0].children[0].description_allow_html is False
    )


def test_nothing_listens_that_is_no_longer_shown(app) -> None:
    def listeners() -> int:
        return len(app.state._trait_notifiers["edits"]["change"])

    before = listeners()
    for language in ("zh", "en"):
        every(app, w.ToggleButtons)[0].value = language
    for group in ("green", "economy", "total"):
        dropdown(app, "Weights of").value = group
    assert listeners() == before
    slider(app, "Party building").value = 40.0
    assert app.state.edits == {"party.weight": 40.0}


@pytest.mark.parametrize("value", [150.0, 1e7])
def test_a_typed_number_beyond_the_slider_is_kept(app, value) -> None:
    app.state.set("party.weight", value)
    assert app.state.edits == {"party.weight": value}
    assert slider(app, "Party building").value == value


def test_a_limit_below_the_sliders_range_is_kept(app) -> None:
    app.state.replace({"total.combine.low": 0.4})
    assert app.state.edits == {"total.combine.low": 0.4}
    assert slider(app, "lowest coefficient").value == 0.4


@pytest.mark.parametrize("method", ["weighted_sum", {"method": "weighted_sum"}])
def test_a_method_may_be_written_as_in_a_scenario(app, method) -> None:
    app.state.replace({"total.combine": method})
    assert app.state.message == ""
    assert app.state.edits == {"total.combine": method}
    assert dropdown(app, "Combination").label == "weighted sum"


def test_every_bundled_scenario_can_be_shown(app) -> None:
    for scenario in sk.load_scenarios(sk.bundled_cases()["three_papers"] / "scenarios.yaml"):
        app.state.replace(scenario.edits)
        assert app.state.message == ""
        edited = app.state.scheme.edit(scenario)
        assert shown(app) == sk.evaluate(edited, app.state.panel).ranking["rank"].to_dict()
        assert app.state.edits == dict(scenario.edits)


@pytest.mark.parametrize(
    ("edits", "sentence"),
    [
        ({"party.weight": "abc"}, "abc"),
        ({"party.weight": float("nan")}, "nan"),
        ({"nosuch.weight": 3.0}, "nosuch"),
        ({"party.wieght": 3.0}, "wieght"),
        ({"grades.tie_break": ["nosuch"]}, "nosuch"),
    ],
)
def test_a_bad_edit_shows_its_sentence_and_no_traceback(app, edits, sentence) -> None:
    before = shown(app)
    app.state.replace(edits)
    every(app, w.ToggleButtons)[0].value = "zh"  # laid out anew with the bad edit
    assert sentence in app._message.value
    assert shown(app) == before
    button(app, "撤销").click()
    assert (app._message.value, app.state.edits) == ("", {})


def test_many_problems_are_named_in_short(app) -> None:
    slider(app, "Development").value = 0.0
    assert len(app.state.message.splitlines()) == 28
    assert "… and 25 more" in app._message.value
