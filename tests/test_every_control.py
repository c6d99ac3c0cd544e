"""Every page of the app in real Chromium: every control is moved, and the ranking is the engine's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import chrome, keep, visit
from playwright.sync_api import Browser, Page
from test_app import TOKEN, App
from walking import SCRIPT, Walk

import simkaohe as sk
from simkaohe.app.pages import notebooks_folder
from simkaohe.files import save_scenarios

NOTEBOOKS = {path.stem: path for path in sorted(notebooks_folder().glob("*.ipynb"))}
WITHOUT_RANKING = ("01_first_ranking", "05_sensitivity", "07_training", "08_sprint")
"""Pages without the picture of who moves."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chrome() as started:
        yield started


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    served = App(tmp_path_factory.mktemp("app"))
    served.start()
    yield served
    served.stop()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_control_of_a_page(app: App, browser: Browser, name: str, tmp_path: Path) -> None:
    walked = ("zh", "en")[list(NOTEBOOKS).index(name) % 2]
    case = _case(name)
    scheme, panel = sk.load(case)
    for language in ("zh", "en"):
        with visit(browser) as opened:
            opened.set_default_timeout(90_000)
            _open(opened, app, name, language)
            keep(opened, f"pages_{name}_{language}")
            keep(opened, f"pages_{name}_{language}_full", full=True)
            if language == walked:
                walk = Walk(opened, scheme, panel, _files(tmp_path, case), further=True)
                walk.all()
                keep(opened, f"pages_{name}_{language}_walked", full=True)
    print(
        f"{name}: {len(walk.moved)} of {len(walk.found)} controls moved, "
        f"{len(walk.rankings)} rankings"
    )
    assert walk.problems == []
    assert walk.moved.keys() == walk.found
    assert len(walk.rankings) > 3 or name in WITHOUT_RANKING


def _open(opened: Page, app: App, name: str, language: str) -> None:
    opened.add_init_script(path=SCRIPT)
    opened.goto(f"{app.address}?token={TOKEN}&lang={language}")
    opened.goto(f"{app.address}page/{name}?lang={language}")
    opened.locator("#rendered_cells").wait_for(state="visible")
    opened.evaluate("walking.settled()")


def _case(name: str) -> str:
    found = re.findall(r'(?:load|opened)\(\\"(\w+)\\"\)', NOTEBOOKS[name].read_text("utf-8"))
    return found[-1] if found else "three_papers"


def _files(folder: Path, case: str) -> dict[str, Path]:
    scheme, panel = sk.load(case)
    scenarios = sk.load_scenarios(case)
    return {
        ".yaml": save_scenarios(folder / "more.yaml", scenarios[:2]),
        ".xlsx": sk.save(folder / "own.xlsx", scheme, panel),
    }
