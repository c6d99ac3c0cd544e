"""Notebook 02 in JupyterLab in real Chromium: run it, move a slider by keyboard, see the ranking."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import chromium, jupyterlab, keep, page, run_all

import simkaohe as sk

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """Serve a copy of the notebooks in JupyterLab."""
    chromium()
    shutil.copytree(NOTEBOOKS, tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
    with jupyterlab(tmp_path / "notebooks", tmp_path / "lab.log") as address:
        yield address


def test_a_slider_moved_by_keyboard_moves_the_ranking(lab: str) -> None:
    scheme, panel = sk.load("three_papers")
    with page() as opened:
        opened.set_default_timeout(30_000)
        run_all(opened, lab, "02_change_the_weights")
        chart = opened.locator("[data-testid=shift-chart]").first
        try:
            chart.wait_for(state="visible")
        finally:
            keep(opened, "02_run")
        opened.wait_for_function(
            "document.querySelectorAll('[data-testid=shift-chart] [data-unit]').length === 28"
        )
        shown = _shown(opened)
        assert shown == sk.evaluate(scheme, panel).ranking["rank"].to_dict()

        # additive, so that weights of papers count; then the weight of party building, by keyboard
        method = opened.locator(".widget-dropdown", has_text="合成方法").locator("select")
        method.scroll_into_view_if_needed()
        method.select_option(label="加权求和")
        additive = scheme.edit({"total.combine": "weighted_sum"})
        _wait_for(opened, sk.evaluate(additive, panel))
        slider = opened.locator(".widget-hslider", has_text="党的建设成效").get_by_role("slider")
        slider.focus()
        version = int(chart.get_attribute("data-version") or 0)
        for _ in range(30):
            opened.keyboard.press("ArrowRight")
        moved = sk.evaluate(additive.edit({"party.weight": 55.0}), panel)
        assert moved.ranking["rank"].to_dict() != shown
        _wait_for(opened, moved)
        assert int(chart.get_attribute("data-version") or 0) > version
        opened.wait_for_timeout(400)  # the lines arrive
        keep(opened, "02_change_the_weights")

        opened.locator('[data-testid=shift-chart] [data-unit="青山区"] text').last.click()
        opened.locator(".simkaohe-steps").first.wait_for(state="visible")
        opened.locator(".simkaohe-steps").first.scroll_into_view_if_needed()
        keep(opened, "02_explanation")

        opened.get_by_role("button", name="全部还原").click()
        _wait_for(opened, sk.evaluate(scheme, panel))
        assert opened.locator(".jp-OutputArea-output", has_text="Traceback").count() == 0


def test_the_picture_of_rank_intervals_follows_its_slider(lab: str) -> None:
    with page() as opened:
        opened.set_default_timeout(60_000)
        run_all(opened, lab, "05_sensitivity")
        control = opened.locator(".widget-hslider", has_text="权重 ± %")
        control.wait_for(state="visible")
        picture = opened.locator("img.widget-image").first
        picture.wait_for(state="visible")
        before = _picture(opened)
        slider = control.get_by_role("slider")
        slider.focus()
        for _ in range(25):
            opened.keyboard.press("ArrowRight")
        slider.blur()
        opened.wait_for_function(f"{PICTURE} > 0 && {PICTURE} !== {before}")
        slider.scroll_into_view_if_needed()
        keep(opened, "05_sensitivity")
        along = opened.locator(".widget-dropdown", has_text="沿着").locator("select")
        along.select_option(label="地区生产总值增速 · 权重")
        along.scroll_into_view_if_needed()
        opened.wait_for_timeout(1500)
        keep(opened, "05_along")
        assert opened.locator(".jp-OutputArea-output", has_text="Traceback").count() == 0


PICTURE = """(() => {
    const text = document.querySelector("img.widget-image")?.src ?? "";
    return [...text].reduce((sum, letter) => (31 * sum + letter.charCodeAt(0)) % 1000003, 0);
})()"""
"""A number for what the first picture shows: its address changes with every picture."""


def _picture(opened) -> int:
    return int(opened.evaluate(PICTURE))


def _shown(opened) -> dict[str, int]:
    rows = opened.evaluate(
        "[...document.querySelectorAll('[data-testid=shift-chart] [data-unit]')]"
        ".map(row => [row.dataset.unit, Number(row.dataset.after)])"
    )
    return dict(rows)


def _wait_for(opened, result: sk.Result) -> None:
    """Wait until the picture shows the engine's ranking."""
    expected = result.ranking["rank"].to_dict()
    for _ in range(200):
        if _shown(opened) == expected:
            return
        opened.wait_for_timeout(50)
    assert _shown(opened) == expected
