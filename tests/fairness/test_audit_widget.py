"""The live audit: edits move its lights, a click shows the numbers behind one."""

from __future__ import annotations

import asyncio
from typing import Any

import ipywidgets as w
import pytest

import simkaohe as sk
from simkaohe.fairness import audit
from simkaohe.fairness.asking import MEASURES
from simkaohe.fairness.finding import LIGHTS
from simkaohe.widgets.working import ALONE


@pytest.fixture
def app() -> Any:
    found = sk.widgets.fairness(*sk.load("tai"))
    found.measures.value = ("leverage",)
    return found


def lines(app: Any) -> list[str]:
    return [line.description for line in app.lines.children if isinstance(line, w.Button)]


def test_every_finding_has_a_line(app: Any) -> None:
    found = audit(*sk.load("tai"), measures=["leverage"])
    assert lines(app) == [f"{LIGHTS[f.light]}　{f.question}" for f in found.findings]
    tips = [line.tooltip for line in app.lines.children if isinstance(line, w.Button)]
    assert tips == [str(f.sentence) for f in found.findings]


def test_a_click_shows_the_numbers(app: Any) -> None:
    (line,) = (
        each for each in app.lines.children if "stated weights" in getattr(each, "description", "")
    )
    line.click()
    assert app.topic == "leverage.weights"
    assert "Less than a quarter" in app._detail.value
    assert "<table" in app._detail.value
    assert "Telephones" in app._detail.value
    assert not bytes(app._picture.value)
    app.measures.value = ("effort",)
    assert bytes(app._picture.value).startswith(b"\x89PNG")


def test_edits_move_the_lights_and_show_what_was_before(app: Any) -> None:
    assert app.audit.before is None
    app.show("leverage.weights")
    before = app.audit.table.loc["leverage.weights", "sentence"]
    first = app.state.scheme.indicators[0].id
    app.state.set(f"{first}.weight", 10.0)
    assert app.audit.scheme == app.state.scheme.edit({f"{first}.weight": 10.0})
    assert app.audit.before.scheme == app.state.scheme
    assert app.topic == "leverage.weights"
    assert str(before).split(";")[0] in app._detail.value
    assert "Before: " in app._detail.value
    changed = app.audit.table["change"].isin(["better", "worse"])
    assert sum("→" in line for line in lines(app)) >= changed.sum()
    app.state.undo()
    assert app.audit.before is None


def test_what_has_not_changed_is_not_asked_again(app: Any) -> None:
    done = app.audit
    app.chart.selected = "Finland"
    assert app.audit is done


def test_it_speaks_the_readers_language() -> None:
    sk.labels.use_language("zh")
    app = sk.widgets.fairness(*sk.load("tai"))
    assert "■" in app._counts.value
    assert any(
        "方案自身的构造" in line.value for line in app.lines.children if hasattr(line, "value")
    )


def test_an_audit_can_be_stopped_and_the_last_one_stays() -> None:
    async def stop() -> None:
        app = sk.widgets.fairness(*sk.load("tai"))
        quick = app.audit  # waits for it
        assert lines(app)
        with ALONE:  # the thread has to wait for this
            app.measures.value = tuple(MEASURES)
            app.working.button.click()
        await asyncio.sleep(0.1)
        assert app.audit is quick
        assert app.working.button.description == "Compute again"
        app.working.button.click()
        assert len(app.audit.measures) == len(MEASURES)
        shown, switch = app.audit, next(b for b in buttons(app) if "zh" in dict(b.options).values())
        switch.value = "zh"
        assert app.audit is shown  # said in Chinese, not asked again
        assert any("方案自身的构造" in getattr(line, "value", "") for line in app.lines.children)

    asyncio.run(stop())


def buttons(widget: Any) -> list[w.ToggleButtons]:
    inside = [x for child in getattr(widget, "children", ()) for x in buttons(child)]
    return [widget, *inside] if isinstance(widget, w.ToggleButtons) else inside
