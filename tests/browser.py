"""Real Chromium for tests, with the packaged Chinese font, since test machines have none."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
OUTPUT = Path(__file__).parent / "output"
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>{}</dir></fontconfig>
"""


def chromium() -> str:
    """Return where Chromium is; without one the test fails in CI and is skipped elsewhere."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    reason = "no Chromium on this machine; .ci/run installs it"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def page(width: int = 1366, height: int = 768) -> Iterator[Page]:
    """Open an empty page in a browser of its own; errors of its scripts fail the test."""
    executable = chromium()
    package = importlib.util.find_spec("zhplot")
    assert package is not None
    assert package.submodule_search_locations
    errors: list[str] = []
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        fonts = Path(home, "fonts.conf")
        fonts.write_text(FONTS.format(Path(package.submodule_search_locations[0], "fonts")))
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=list(FLAGS),
            env={**os.environ, "FONTCONFIG_FILE": str(fonts)},
        )
        opened = browser.new_page(viewport={"width": width, "height": height})
        opened.on("pageerror", lambda error: errors.append(str(error)))
        try:
            yield opened
        finally:
            browser.close()
    assert not errors, errors


def keep(opened: Page, name: str) -> None:
    """Keep a screenshot for people to look at."""
    OUTPUT.mkdir(exist_ok=True)
    opened.screenshot(path=OUTPUT / f"{name}.png")
