"""Every page of the app in real Chromium: every control is moved, and the ranking is the engine's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import keep, patiently, visit
from playwright.sync_api import Browser, Page
from test_app import TOKEN, App
from walking import NOTEBOOKS, SCRIPT, Walk, case_of, to_upload

import simkaohe as sk
from simkaohe.lessons import steps, training_exercise

WITH_RANKING = ("02", "03", "04", "06", "09", "10", "11", "12")
"""Pages with the picture of who moves."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    served = App(tmp_path_factory.mktemp("app"))
    served.start()
    yield served
    served.stop()


@pytest.mark.parametrize("name", NOTEBOOKS)
@patiently
def test_every_control_of_a_page(app: App, browser: Browser, name: str, tmp_path: Path) -> None:
    """The page is looked at in both languages, and walked over in that of its place."""
    walked = ("zh", "en")[list(NOTEBOOKS).index(name) % 2]
    case = case_of(name)
    for language in sorted(("zh", "en"), key=walked.__eq__):
        with visit(browser) as opened:
            _open(opened, app, name, language)
            keep(opened, f"pages_{name}_{language}")
            keep(opened, f"pages_{name}_{language}_full", full=True)
            if language != walked and name in SCENES:
                SCENES[name](opened)
            if language == walked:
                walk = Walk(opened, *sk.load(case), to_upload(tmp_path, case))
                walk.all()
                keep(opened, f"pages_{name}_{walked}_walked", full=True)
            opened.goto(app.address)  # which ends the page's kernel
    walk.ends()
    assert len(walk.rankings) > 3 or not name.startswith(WITH_RANKING)


def _read_the_table(opened: Page) -> None:
    """The table is sorted by its heading and shows the units of a category."""
    scheme, panel = sk.load("three_papers")
    ranking = sk.evaluate(scheme, panel).ranking
    units = "rows => rows.filter((row) => row.checkVisibility()).map((row) => row.dataset.row)"
    opened.locator("[data-view=table]").click()
    for _ in range(2):
        opened.locator("[data-sort=total]").click()
        opened.evaluate("walking.settled()")
    shown = opened.locator("tr[data-row]").evaluate_all(units)
    assert len(shown) == len(ranking)
    assert ranking.loc[shown, "total"].is_monotonic_increasing
    category = next(iter(scheme.categories))
    opened.locator(".skh-category").select_option(label=scheme.category_label(category))
    opened.evaluate("walking.settled()")
    shown = opened.locator("tr[data-row]").evaluate_all(units)
    assert set(shown) == set(ranking.index[ranking["category"] == category])


def _learn(opened: Page) -> None:
    """A wrong answer is explained, a right one is praised but not counted as right at once."""
    scheme, panel = sk.load("three_papers")
    unit = str(sk.evaluate(scheme, panel).ranking.index[0])
    walked = steps(sk.evaluate(scheme, panel), unit)
    first = training_exercise(1, scheme, panel, questions=1, unit=unit).questions[0]
    for _ in range(4):
        opened.get_by_role("button", name="Next").click()
    opened.get_by_text(f"step 5 of {len(walked)}").wait_for()
    opened.get_by_role("heading", name=walked[4].title).wait_for()
    assert walked[4].lines[-1].numbers in opened.locator(".simkaohe-lesson").first.inner_text()
    opened.get_by_role("tab", name="Exercises", exact=True).click()
    answer = opened.get_by_placeholder("type your answer")
    answer.fill(f"{first.mistakes[0].value:.6f}")
    opened.get_by_role("button", name="Check").click()
    opened.get_by_text(first.mistakes[0].words).first.wait_for()
    answer.fill(f"{first.answer:.{first.digits}f}")
    opened.get_by_role("button", name="Check").click()
    opened.get_by_text("right at once: 0 of 1").wait_for()
    opened.get_by_text("✓").wait_for()


SCENES = {"03_categories": _read_the_table, "07_training": _learn}
"""What is done on a page beside moving everything, in English."""


def _open(opened: Page, app: App, name: str, language: str) -> None:
    outside: list[str] = []
    own = (app.address, app.address.replace("http", "ws"), "data:", "blob:")
    opened.on("request", lambda r: None if r.url.startswith(own) else outside.append(r.url))
    opened.set_default_timeout(120_000)
    opened.add_init_script(path=SCRIPT)
    opened.goto(f"{app.address}?token={TOKEN}")
    opened.goto(f"{app.address}?lang={language}")
    keep(opened, f"pages_index_{language}")
    opened.locator(f"a[href$='/page/{name}']").click()
    opened.locator("#rendered_cells").wait_for(state="visible")
    opened.wait_for_function("!document.body.innerText.includes('Loading widget')")
    opened.evaluate("walking.settled()")
    said = opened.locator("body").inner_text()
    assert "error when executing" not in said
    assert "Run All" not in said
    assert ("← 全部页面" if language == "zh" else "← All pages") in said
    assert outside == []
