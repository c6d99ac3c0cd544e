"""The notebooks in JupyterLab in real Chromium: run them, move every control, see the ranking."""

from __future__ import annotations

import re
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


WORKBENCHES = {
    "02_change_the_weights": ("合成方法", "单位"),
    "03_categories": ("单位", "指标或分组"),
    "04_multiplier": ("合成方法", "系数换算"),
}
"""Notebooks with a workbench, and the choices on its left that are tried."""
DRAWERS = ("权重", "分类与取消指标", "合成方法与乘数")


@pytest.mark.parametrize("notebook", WORKBENCHES)
def test_every_control_is_moved_and_the_picture_is_the_engines(lab: str, notebook: str) -> None:
    """Keyboard only, but for choices; what is shown is what the engine says of the edits."""
    scheme, panel = sk.load("three_papers")
    with page() as opened:
        opened.set_default_timeout(30_000)
        run_all(opened, lab, notebook)
        chart = opened.locator("[data-testid=shift-chart]").first
        try:
            chart.wait_for(state="visible")
        finally:
            keep(opened, f"{notebook[:2]}_run")
        opened.wait_for_function(DONE)
        assert _shown(opened) == sk.evaluate(scheme, panel).ranking["rank"].to_dict()
        for drawer in DRAWERS:
            if "mod-active" not in _button(opened, drawer).get_attribute("class"):
                _button(opened, drawer).click()
        _choose(opened, "调整权重", "综合考核得分")
        _choose(opened, "对哪一类", "所有类别")
        if "合成方法" in WORKBENCHES[notebook]:
            _choose(opened, "合成方法", "加权求和")
            edits: dict = {"total.combine": "weighted_sum"}
            _wait_for(opened, sk.evaluate(scheme.edit(edits), panel))
            _press(opened, "党的建设成效", "ArrowRight", 30)
            edits |= {"development.weight": 36.0, "party.weight": 55.0, "satisfaction.weight": 9.0}
            _wait_for(opened, sk.evaluate(scheme.edit(edits), panel))
            keep(opened, notebook)
            opened.get_by_role("button", name="全部还原").click()
            _wait_for(opened, sk.evaluate(scheme, panel))
            opened.get_by_role("button", name="撤销").click()
            _wait_for(opened, sk.evaluate(scheme.edit(edits), panel))
            opened.get_by_role("button", name="重做").click()
            _wait_for(opened, sk.evaluate(scheme, panel))
        for end, key in (("系数下限", "ArrowRight"), ("系数上限", "ArrowLeft")):
            if opened.locator(".widget-hslider", has_text=end).count():
                _press(opened, end, key, 6)
        if "系数换算" in WORKBENCHES[notebook]:
            _choose(opened, "系数换算", "按位次")
            edits = {"total.combine.low": 0.83, "total.combine.high": 1.02}
            edits["total.combine.map"] = "rank"
            _wait_for(opened, sk.evaluate(scheme.edit(edits), panel))
            _choose(opened, "合成方法", "加权求和")
        if "指标或分组" in WORKBENCHES[notebook]:
            _choose(opened, "对哪一类", "生态发展类")
            _choose(opened, "指标或分组", "绿色发展")
            opened.get_by_label("在“生态发展类”取消它").check()
            edits = {"green.weights_by_category.ecology": 0}
            _wait_for(opened, sk.evaluate(scheme.edit(edits), panel))
        if "单位" in WORKBENCHES[notebook]:
            opened.get_by_role("button", name="全部还原").click()
            _choose(opened, "单位", "清河县")
            opened.wait_for_function(  # until the kernel has said which category that unit is in
                "[...document.querySelectorAll('.widget-dropdown')].some(row =>"
                " row.querySelector('.widget-label')?.textContent === '类别' &&"
                " row.querySelector('select').selectedOptions[0]?.text === '生态发展类')"
            )
            _choose(opened, "类别", "城区类")
            _wait_for(opened, sk.evaluate(scheme.edit({"units.清河县": "urban"}), panel))
        _take_along(opened, notebook)
        opened.get_by_role("button", name="全部还原").click()
        _wait_for(opened, sk.evaluate(scheme, panel))
        _read_the_picture(opened, notebook)
        opened.wait_for_timeout(500)
        assert not opened.evaluate(NAMELESS), "controls without a name for screen readers"
        assert opened.locator(".jp-OutputArea-output", has_text="Traceback").count() == 0


DONE = (
    """![...document.querySelectorAll(".jp-InputPrompt")].some(p => p.textContent.includes("*"))"""
)
"""Every cell has run: until then the kernel has no time for controls."""
NAMELESS = """[...document.querySelectorAll(
    ".skh-workbench :is(button, select, input:not([type=file]), [role=slider])")]
    .filter((node) => !(node.ariaLabel || node.title || node.textContent.trim() || node.placeholder
        || node.closest("label") || [...(node.labels ?? [])].some((l) => l.textContent.trim())))
    .map((node) => node.outerHTML.slice(0, 120))"""


def _take_along(opened, notebook: str) -> None:
    """Keep a scenario, compare with it, download the picture."""
    _button(opened, "情景").click()
    opened.get_by_placeholder("如：党建优先").fill("试一试")
    opened.get_by_role("button", name="另存为新情景").click()
    _choose(opened, "比较", "A · 试一试")
    opened.locator(".skh-title", has_text="A · 试一试").wait_for()
    _choose(opened, "比较", "现行方案")
    opened.get_by_role("button", name="导出与打开").click()
    opened.get_by_role("button", name="生成文件").click()
    link = opened.get_by_text("下载 三张考卷.png")
    with opened.expect_download() as download:
        link.click()
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
    keep(opened, f"{notebook[:2]}_drawers")
    for name in ("情景", "导出与打开"):
        _button(opened, name).click()


def _read_the_picture(opened, notebook: str) -> None:
    """Find, filter, explain, pin, sort the table, and switch the language."""
    opened.locator(".skh-find").fill("清河")
    opened.locator(".skh-find").press("Enter")
    opened.locator(".simkaohe-steps").first.wait_for(state="visible")
    row = opened.locator('[data-testid=shift-chart] g[data-unit="清河县"]')
    row.focus()
    opened.keyboard.press("p")
    opened.locator("[data-pin=清河县][aria-pressed=true]").wait_for()
    opened.locator(".skh-find").press("Escape")
    opened.locator(".skh-category").select_option(label="城区类")
    opened.locator(".skh-grade").select_option(label="优秀")
    opened.wait_for_timeout(300)
    faded = opened.locator("g[data-unit].skh-faded").count()
    assert 20 < faded < 28
    opened.locator(".skh-category").select_option(label="全部类别")
    opened.locator(".skh-grade").select_option(label="全部等次")
    opened.evaluate("document.querySelector('.skh-workbench').scrollIntoView()")
    opened.wait_for_timeout(400)
    keep(opened, f"{notebook[:2]}_chosen")
    _button(opened, "表").click()
    opened.locator("[data-sort=total]").click()
    opened.locator("[data-sort=total]").click()
    units = opened.locator("tr[data-row]").evaluate_all("rows => rows.map(r => r.dataset.row)")
    assert units[0] == "碧湖县"  # the lowest total first
    opened.get_by_role("button", name="English").click()
    opened.locator("[data-sort=total]", has_text="Total").wait_for()
    opened.locator("tr[data-row]", has_text="Ecological").first.wait_for()
    keep(opened, f"{notebook[:2]}_english")


def _button(opened, name: str):
    """Return the button with exactly this text; an icon before it is a letter to the browser."""
    return opened.locator(".skh-workbench button:visible").filter(
        has_text=re.compile(rf"^\s*{name}\s*$")
    )


def _choose(opened, label: str, option: str) -> None:
    found = opened.locator(".widget-dropdown:visible").filter(
        has=opened.locator(".widget-label", has_text=re.compile(f"^{label}$"))
    )
    found.locator("select").first.select_option(label=option)


def _press(opened, label: str, key: str, times: int) -> None:
    slider = opened.locator(".widget-hslider", has_text=label).get_by_role("slider")
    slider.focus()
    for _ in range(times):
        opened.keyboard.press(key)


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
