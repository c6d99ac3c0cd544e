"""Controls and views without a browser: set a value, press a button, read state and picture."""

from __future__ import annotations

import base64
import re

import ipywidgets as w
import pandas as pd
import pytest
from openpyxl import load_workbook

import simkaohe as sk
from simkaohe.scheme.combine import WeightedSum
from simkaohe.widgets import State, WeightsApp, exports, panels, questions, views
from simkaohe.widgets.weight_rows import weights


@pytest.fixture
def app() -> WeightsApp:
    app = sk.widgets.weights(*sk.load("three_papers"))
    app.weights.group.value = "total"
    for name in ("categories", "combine"):
        app.drawers.buttons[name].value = True
    return app


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


def checkbox(app: WeightsApp, label: str) -> w.Checkbox:
    return next(b for b in every(app, w.Checkbox) if b.description.startswith(label))


def text(app: WeightsApp) -> str:
    return " ".join(html.value for html in every(app, w.HTML))


def ranks(app: WeightsApp) -> dict[str, int]:
    """Return what the engine says of the state's edits."""
    edited = app.state.scheme.edit(app.state.edits)
    return sk.evaluate(edited, app.state.panel).ranking["rank"].to_dict()


def dropdown(app: WeightsApp, label: str) -> w.Dropdown:
    return next(d for d in every(app, w.Dropdown) if d.description == label)


def shown(app: WeightsApp) -> dict[str, int]:
    return dict(zip(app.chart.units, app.chart.after, strict=True))


def test_offered_scenarios_can_be_compared_but_not_undone(app) -> None:
    app.state.offer(sk.load_scenarios("three_papers"))
    assert button(app, "Undo").disabled
    assert len(dropdown(app, "Compare").options) == 2 + len(sk.load_scenarios("three_papers"))


def test_the_picture_shows_the_engines_ranking_after_every_move(app) -> None:
    scheme, panel = app.state.scheme, app.state.panel
    assert shown(app) == sk.evaluate(scheme, panel).ranking["rank"].to_dict()
    dropdown(app, "combination").label = "weighted sum"
    slider(app, "Party building").value = 60.0
    weights = {"development.weight": 32.0, "party.weight": 60.0, "satisfaction.weight": 8.0}
    edited = scheme.edit({"total.combine": "weighted_sum", **weights})
    assert shown(app) == sk.evaluate(edited, panel).ranking["rank"].to_dict()
    assert app.state.edits == {"total.combine": WeightedSum(), **weights}
    assert "60.0" in views.edits(app.state)


def test_slider_and_box_are_one_value_and_going_back_is_no_edit(app) -> None:
    box = next(b for b in every(app, w.BoundedFloatText) if b.value == 25.0)
    box.value = 33.25
    assert app.state.edits["party.weight"] == 33.25
    assert slider(app, "Party building").value == 33.0  # a handle stands on a step
    slider(app, "Party building").value = 33.0  # as a browser sends back where it stands
    assert (box.value, app.state.edits["party.weight"]) == (33.25, 33.25)
    slider(app, "Party building").value = 25.0
    assert box.value == 25.0
    assert app.state.edits == {}


def test_undo_redo_and_reset(app) -> None:
    checkbox(app, "Keep the sum").value = False
    for value in (30.0, 40.0, 50.0):
        slider(app, "Party building").value = value
    slider(app, "Satisfaction").value = 20.0
    button(app, "Undo").click()
    assert app.state.edits == {"party.weight": 50.0}
    button(app, "Undo").click()
    assert slider(app, "Party building").value == 25.0
    assert button(app, "Undo").disabled
    button(app, "Redo").click()
    assert app.state.edits == {"party.weight": 50.0}
    button(app, "Reset").click()
    assert app.state.edits == {}
    assert slider(app, "Party building").value == 25.0
    assert app.chart.after == app.chart.before
    button(app, "Undo").click()
    assert app.state.edits == {"party.weight": 50.0}


def test_a_row_has_a_lock_and_a_way_back(app) -> None:
    row = next(r for r in every(app, w.HBox) if slider(app, "Development") in r.children)
    lock, back = row.children[2:]
    assert (lock.tooltip, back.disabled) == ("Lock Development", True)
    slider(app, "Development").value = 45.0
    assert not back.disabled
    lock.value = True
    assert slider(app, "Development").disabled
    assert back.disabled
    lock.value = False
    back.click()
    lock.value = True
    assert lock.tooltip == "Unlock Development"
    slider(app, "Party building").value = 35.0
    assert app.state.edits == {"party.weight": 35.0, "satisfaction.weight": 5.0}
    slider(app, "Party building").value = 90.0  # more than there is
    assert slider(app, "Party building").value == 40.0
    back = next(b for b in every(app, w.Button) if b.tooltip == "Reset Party building")
    back.click()
    assert app.state.edits == {}  # the sum is kept on the way back too
    lock.value = False
    assert not slider(app, "Development").disabled


def test_weights_of_a_category_are_its_own(app) -> None:
    dropdown(app, "Weights of").value = "development"
    assert "weights of their own" in text(app)
    before = app.state.weight("green", "ecology")
    slider(app, "Green").value = 1.0
    assert app.state.weight("green", "ecology") == before  # which is what the note says
    app.state.reset()
    dropdown(app, "For").value = "ecology"
    assert "For Ecological only" in text(app)
    assert slider(app, "Green").value == before
    slider(app, "Green").value = before + 5
    assert "green.weights_by_category.ecology" in app.state.edits
    assert shown(app) == ranks(app)
    every(app, w.ToggleButtons)[0].value = "zh"
    assert dropdown(app, "对哪一类").value == "ecology"


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
    dropdown(app, "combination").label = "weighted sum"
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
    assert app.chart.categories[0] == "城区类"
    assert app.chart.grades[0] == app.chart.bands[0] == "优秀"
    assert app.chart.titles == ["现行方案", "修改后"]


def test_other_groups_have_their_sliders_too(app) -> None:
    dropdown(app, "Weights of").value = "green"
    checkbox(app, "Keep the sum").value = False
    slider(app, "PM2.5 concentration").value = 0.0
    assert app.state.edits == {"pm25.weight": 0.0}


def test_labels_are_text_and_never_markup() -> None:
    scheme, panel = sk.load("tai")
    state = sk.widgets.State(scheme.edit({"patents.name_en": "<b>x</b>"}), panel)
    state.set("patents.weight", 0.5)
    assert "&lt;b&gt;" in views.edits(state)
    assert "<b>" not in views.explanation(state, "Finland")
    assert weights(state, scheme.root).children[0].children[0].description_allow_html is False


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
    assert app.state.edits["party.weight"] == 40.0


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
    assert dropdown(app, "combination").label == "weighted sum"


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
    app.state.set("development.weight", 0.0)
    assert len(app.state.message.splitlines()) == 28
    assert "… and 25 more" in app._message.value


# -- scenarios and files ---------------------------------------------------------------------------


def named(app: WeightsApp, kind: type) -> w.Widget:
    return every(app, kind)[0]


def test_scenarios_are_kept_compared_and_removed(app) -> None:
    panel = named(app, panels.Scenarios)
    assert button(app, "Load").disabled
    slider(app, "Party building").value = 40.0
    panel.name.value, panel.note.value = "Party first", "asked in the meeting"
    button(app, "Save as new").click()
    button(app, "Reset").click()
    dropdown(app, "combination").label = "weighted sum"
    panel.name.value = ""
    button(app, "Save as new").click()
    assert [label for label, _ in panel.chosen.options] == ["A · Party first", "B · Scenario B"]
    left, right = dropdown(app, "Compare"), dropdown(app, "→")
    left.value, right.value = "A", "B"
    assert app.chart.titles == ["A · Party first", "B · Scenario B"]
    edited = app.state.scheme.edit(app.state.scenarios["A"])
    before = dict(zip(app.chart.units, app.chart.before, strict=True))
    assert before == sk.evaluate(edited, app.state.panel).ranking["rank"].to_dict()
    assert shown(app) == ranks(app)  # B is what is edited now
    left.value = "B"  # the same twice: they change places
    assert app.state.sides == ("B", "A")
    panel.chosen.value = "A"
    assert panel.note.value == "asked in the meeting"
    panel.name.value = "Scenario B"
    button(app, "Rename").click()
    assert "there is a scenario" in text(app)
    panel.name.value = "Party"
    button(app, "Rename").click()
    button(app, "Load").click()
    assert app.state.edits["party.weight"] == 40.0
    button(app, "Delete").click()
    assert list(app.state.scenarios) == ["B"]
    assert app.state.sides == ("base", "current")
    button(app, "Undo").click()
    assert list(app.state.scenarios) == ["A", "B"]


@pytest.mark.parametrize("kind", sorted(exports.EXPORTS))
def test_every_export_is_a_file_of_its_kind(app, kind, tmp_path) -> None:
    slider(app, "Party building").value = 40.0
    dropdown(app, "combination").label = "weighted sum"
    files = named(app, panels.Files)
    files.kind.value = kind
    told = []
    files.link.observe(lambda change: told.append(change["new"]), "value")
    files.make.click()
    assert "Making" in told[0]  # instead of the file that was made before
    name, content = re.search(r"download='(.*?)' href='.*?base64,(.*?)'", files.link.value).groups()
    path = tmp_path / name
    path.write_bytes(base64.b64decode(content))
    if kind in ("png", "svg", "html"):
        start = {"png": b"\x89PNG", "svg": b"<?xml", "html": b"<!DOCTYPE html>"}[kind]
        assert path.read_bytes().lower().startswith(start.lower())
    elif kind in ("csv", "xlsx"):
        frame = pd.read_csv(path) if kind == "csv" else pd.read_excel(path, engine="openpyxl")
        found = frame.set_index("Unit")["Rank（Edited scheme）"].to_dict()
        assert found == ranks(app)
        if kind == "xlsx":
            sheet = load_workbook(path).active
            formats = {c.number_format for r in sheet for c in r if isinstance(c.value, float)}
            assert formats == {"0.00"}
    else:
        again = State(app.state.scheme, app.state.panel)
        again.open(path)
        assert again.standing("current").ranking["rank"].to_dict() == ranks(app)


def upload(app: WeightsApp, name: str, content: bytes) -> None:
    named(app, panels.Files).upload.receive(name, content)


def test_scenarios_are_opened_and_a_bad_file_says_what_is_wrong(app, tmp_path) -> None:
    path = sk.save_scenarios(
        tmp_path / "s.yaml", [sk.Scenario(name="绿色", edits={"green.weight": 30})]
    )
    upload(app, "s.yaml", path.read_bytes())
    assert app.state.scenarios["A"].name == "绿色"
    upload(app, "bad.yaml", b"- name: x\n  edits: {nosuch.weight: 3}\n")
    assert "nosuch" in named(app, panels.Files).upload.message
    upload(app, "bad.xlsx", b"no workbook")
    assert "bad.xlsx" in named(app, panels.Files).upload.message
    assert list(app.state.scenarios) == ["A"]


# -- categories and multiplier ---------------------------------------------------------------------


def test_a_unit_is_shown_in_every_category() -> None:
    app = sk.widgets.categories(*sk.load("three_papers"))
    scheme, panel = app.state.scheme, app.state.panel
    app.chart.selected = "清河县"
    assert dropdown(app, "Unit").value == "清河县"
    rows = re.findall(r"<tr><th.*?</tr>", app._table.value)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    shown_in = {name: rest for name, *rest in cells}
    for category in ("urban", "industry"):
        there = sk.evaluate(scheme.edit({"units.清河县": category}), panel).ranking.loc["清河县"]
        total, rank, *_ = shown_in[scheme.category_label(category)]
        assert (float(total), int(rank)) == (there["total"], there["rank"])
    assert "there is no value" in app._table.value  # a department's data, which it has not
    dropdown(app, "Unit").value = "云溪县"
    assert app.chart.selected == "云溪县"


def test_an_indicator_is_cancelled_for_a_category() -> None:
    app = sk.widgets.categories(*sk.load("three_papers"))
    dropdown(app, "For").value = "ecology"
    dropdown(app, "Indicator").value = "green"
    box = checkbox(app, "Cancel it for Ecological")
    assert "spread over its siblings in proportion" in box.description
    assert not box.value
    box.value = True
    assert app.state.edits == {"green.weights_by_category.ecology": 0.0}
    assert shown(app) == ranks(app)
    box.value = False
    assert app.state.edits == {}
    dropdown(app, "Indicator").value = "duties"  # which the scheme cancels itself
    assert box.value
    box.value = False
    assert app.state.edits == {"duties.weights_by_category.ecology": None}


def test_a_scheme_without_categories_says_so() -> None:
    with pytest.raises(sk.SimkaoheError, match="no categories"):
        sk.widgets.categories(*sk.load("tai"))


def test_what_a_point_is_worth_is_what_the_engine_says() -> None:
    """The multiplier's derivative by hand; the half-year score counts 20 %, so 80 % of it."""
    scheme, panel = sk.load("three_papers")
    result = sk.evaluate(scheme, panel)
    own = result.scores.loc["清河县"]
    found = questions.prices(result, "清河县", "development", ["party", "satisfaction"], [50, 90])
    band = 0.25 / 100
    for k, level in enumerate((50, 90)):
        factor = 0.8 + band * own["satisfaction"]
        assert found["party"][k] == pytest.approx(0.8 * level * band * factor, abs=1e-9)


def test_a_multiplier_has_its_map_and_limits_whatever_the_scheme_was() -> None:
    app = sk.widgets.multiplier(*sk.load("three_papers"))
    app.chart.selected = "清河县"
    assert "Party building +1 · weighted sum" in app._table.value
    for label in [label for label, _ in dropdown(app, "coefficient map").options]:
        dropdown(app, "coefficient map").label = label
        assert app.state.message == "", label
        assert shown(app) == ranks(app)
    app.state.reset()
    slider(app, "lowest coefficient").value = 1.0
    assert shown(app) == ranks(app)
    additive = sk.widgets.multiplier(*sk.load("tai"))
    assert not any(d.description == "coefficient map" for d in every(additive, w.Dropdown))
    dropdown(additive, "combination").label = "multiplier method"
    assert additive.state.message == ""
    slider(additive, "highest coefficient").value = 1.3
    assert list(additive.state.edits) == ["total.combine", "total.combine.high"]
    assert additive.state.result.scheme.root.combine.high == 1.3
    assert shown(additive) == ranks(additive)


def test_two_workbenches_may_share_a_state(app) -> None:
    other = sk.widgets.multiplier(app.state.scheme, app.state.panel, state=app.state)
    slider(app, "highest coefficient").value = 1.3
    assert shown(other) == shown(app)
    assert slider(other, "highest coefficient").value == 1.3


def test_a_new_weight_of_a_category_is_told_in_words(app) -> None:
    app.state.set("forest.weights_by_category.urban", 5.0)
    label = app.state.scheme.category_label("urban")
    assert f"weight for “{label}” → 5.0" in views.edits(app.state)


@pytest.mark.parametrize("app", [sk.widgets.weights, sk.widgets.categories, sk.widgets.multiplier])
def test_a_weight_for_data_that_is_missing_is_refused_and_what_stood_there_stays(app) -> None:
    """A county has no data for what only departments are assessed by."""
    live = app(*sk.load("three_papers"))
    live.chart.selected = "青山区"
    for weight in (1.0, 2.0):
        live.state.set("provincial.weights_by_category.urban", weight)
        live._explain()
        assert "province_place › 青山区" in live.state.message
        assert live.state.standing("current").ranks == live.state.standing("base").ranks
        assert "simkaohe-steps" in live._steps.value
    live.state.undo()
    assert live.state.message == ""
