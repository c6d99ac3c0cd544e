"""Every page of the app in real Chromium: every control is moved, and the ranking is the engine's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import keep, visit
from playwright.sync_api import Browser, Page
from test_app import TOKEN, App
from walking import NOTEBOOKS, SCRIPT, Walk, case_of, to_upload

import simkaohe as sk

FURTHER = ("03_categories",)
"""Where every choice is moved through its options, and what these show is moved too."""
WITH_RANKING = ("02", "03", "04", "06", "09", "10", "11", "12")
"""Pages with the picture of who moves."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    served = App(tmp_path_factory.mktemp("app"))
    served.start()
    yield served
    served.stop()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_control_of_a_page(app: App, browser: Browser, name: str, tmp_path: Path) -> None:
    """The page is looked at in both languages, and walked over in that of its place."""
    walked = ("zh", "en")[list(NOTEBOOKS).index(name) % 2]
    case = case_of(name)
    for language in {"zh", "en"} - {walked}, {walked}:
        with visit(browser) as opened:
            _open(opened, app, name, *language)
            keep(opened, f"pages_{name}_{''.join(language)}")
            keep(opened, f"pages_{name}_{''.join(language)}_full", full=True)
            if walked in language:
                walk = Walk(opened, *sk.load(case), to_upload(tmp_path, case), name in FURTHER)
                walk.all()
                keep(opened, f"pages_{name}_{walked}_walked", full=True)
    walk.ends()
    assert len(walk.rankings) > 3 or not name.startswith(WITH_RANKING)


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
    opened.evaluate("walking.settled()")
    said = opened.locator("body").inner_text()
    assert "error when executing" not in said
    assert "Run All" not in said
    assert ("← 全部页面" if language == "zh" else "← All pages") in said
    assert outside == []
