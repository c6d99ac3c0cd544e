"""Real Chromium and JupyterLab, for tests and for benchmarks/latency.py.

Chromium gets the packaged Chinese font, since test machines have none.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TOKEN = "simkaohe-test"
OUTPUT = Path(__file__).parent / "output"
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>{}</dir></fontconfig>
"""


def chromium() -> str:
    """Return where Chromium is; without one the test fails in CI and is skipped elsewhere."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    import pytest

    reason = "no Chromium on this machine; .ci/run installs it"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def jupyterlab(folder: Path, log: Path) -> Iterator[str]:
    """Serve a folder in JupyterLab, with settings of its own beside the log; yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = log.parent
    homes = {f"JUPYTER_{n}_DIR": str(home / n.lower()) for n in ("CONFIG", "DATA", "RUNTIME")}
    homes["JUPYTERLAB_SETTINGS_DIR"] = str(home / "settings")
    homes["JUPYTERLAB_WORKSPACES_DIR"] = str(home / "workspaces")
    homes["MPLBACKEND"] = ""  # the notebook's own
    quiet = home / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    (quiet / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    words = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    words += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}"]
    words += ["--ServerApp.port_retries=0", "--expose-app-in-browser"]
    with log.open("wb") as written:
        server = subprocess.Popen(
            words, env={**os.environ, **homes}, stdout=written, stderr=written, cwd=home
        )
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(240):
                assert server.poll() is None, log.read_text()
                try:
                    with urllib.request.urlopen(f"{address}/api?token={TOKEN}", timeout=5):
                        break
                except OSError:
                    time.sleep(0.25)
            yield address
        finally:
            server.terminate()
            server.wait(30)


def run_all(opened: Page, address: str, notebook: str) -> None:
    """Open a notebook in JupyterLab and run every cell."""
    opened.goto(f"{address}/lab/tree/{notebook}.ipynb?token={TOKEN}&reset")
    opened.wait_for_selector(".jp-Notebook .jp-Cell")
    opened.wait_for_function("window.jupyterapp && window.jupyterapp.commands")
    opened.wait_for_function(
        "window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
    )
    opened.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-all-cells')")


@contextmanager
def chrome() -> Iterator[Browser]:
    """Start a browser with the packaged Chinese font."""
    executable = chromium()
    package = importlib.util.find_spec("zhplot")
    assert package is not None
    assert package.submodule_search_locations
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        fonts = Path(home, "fonts.conf")
        fonts.write_text(FONTS.format(Path(package.submodule_search_locations[0], "fonts")))
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=list(FLAGS),
            env={**os.environ, "FONTCONFIG_FILE": str(fonts)},
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(browser: Browser, width: int = 1366, height: int = 768) -> Iterator[Page]:
    """Open an empty page for somebody new; errors of its scripts fail the test."""
    errors: list[str] = []
    still = {"reduced_motion": "reduce", "viewport": {"width": width, "height": height}}
    context = browser.new_context(**still)
    opened = context.new_page()
    opened.on("pageerror", lambda error: errors.append(str(error)))
    try:
        yield opened
    finally:
        context.close()
    assert not errors, errors


def patiently(test: Callable[..., None]) -> Callable[..., None]:
    """Let a test run again where anywidget, which waits two seconds, found the machine too slow."""

    @functools.wraps(test)
    def tried(**given: Any) -> None:
        try:
            test(**given)
        except AssertionError as error:
            if "[anywidget] Failed to initialize model" not in str(error):
                raise
            test(**given)

    return tried


@contextmanager
def page(width: int = 1366, height: int = 768) -> Iterator[Page]:
    """Open an empty page in a browser of its own; errors of its scripts fail the test."""
    with chrome() as browser, visit(browser, width, height) as opened:
        yield opened


def keep(opened: Page, name: str, *, full: bool = False) -> None:
    """Keep a screenshot for people to look at: what is in sight, or the whole page."""
    OUTPUT.mkdir(exist_ok=True)
    before = opened.viewport_size
    if full and before:  # a page may scroll inside itself
        height = opened.evaluate(
            "Math.max(...[...document.querySelectorAll('html, body, main, #rendered_cells')]"
            ".map((node) => node.scrollHeight + 60))"
        )
        opened.set_viewport_size({**before, "height": max(before["height"], height)})
    opened.screenshot(path=OUTPUT / f"{name}.png")
    if full and before:
        opened.set_viewport_size(before)
