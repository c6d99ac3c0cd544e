"""Notebooks are committed without outputs; in JupyterLab each runs, and its controls are moved."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from browser import jupyterlab, keep, patiently, run_all, visit
from playwright.sync_api import Browser
from walking import NOTEBOOKS, SCRIPT, Walk, case_of, to_upload

import simkaohe as sk

WALKED = ("02_change_the_weights",)
"""What is walked in JupyterLab too; all pages are walked in the app, where they are the same."""
RUN = """(() => {
    const {content, sessionContext} = window.jupyterapp.shell.currentWidget;
    const cells = content.model.toJSON().cells.filter((cell) => cell.cell_type === "code");
    const failed = cells.some((cell) => cell.outputs.some((out) => out.output_type === "error"));
    const ran = cells.every((cell) => cell.execution_count);
    return failed || (ran && sessionContext.session.kernel.status === "idle");
})()"""
"""Every cell has run, or one has failed."""


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_is_committed_without_outputs(name: str) -> None:
    for cell in nbformat.read(NOTEBOOKS[name], 4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve copies of the notebooks in JupyterLab, every other one in English."""
    home = tmp_path_factory.mktemp("lab")
    ignored = shutil.ignore_patterns(".*")
    shutil.copytree(next(iter(NOTEBOOKS.values())).parent, home / "notebooks", ignore=ignored)
    for name in list(NOTEBOOKS)[::2]:
        path = home / "notebooks" / f"{name}.ipynb"
        source = path.read_text("utf-8")
        path.write_text(source.replace(r"use_language(\"zh\")", r"use_language(\"en\")"), "utf-8")
    with jupyterlab(home / "notebooks", home / "lab.log") as address:
        yield address


@pytest.mark.parametrize("name", NOTEBOOKS)
@patiently
def test_it_runs_and_every_control_is_moved(
    lab: str, browser: Browser, name: str, tmp_path: Path
) -> None:
    with visit(browser) as opened:
        opened.set_default_timeout(120_000)
        opened.add_init_script(path=SCRIPT)
        run_all(opened, lab, name)
        opened.wait_for_function(RUN)
        content = "JSON.stringify(window.jupyterapp.shell.currentWidget.content.model.toJSON())"
        for cell in json.loads(opened.evaluate(content))["cells"]:
            kinds = [kind for out in cell.get("outputs", ()) for kind in out.get("data", ())]
            assert "error" not in [out["output_type"] for out in cell.get("outputs", ())], cell
            drawn = cell["cell_type"] == "code" and "sk.plots." in cell["source"]
            assert ("image/png" in kinds) == drawn, cell["source"]
        keep(opened, f"notebook_{name}")
        case = case_of(name)
        walk = Walk(opened, *sk.load(case), to_upload(tmp_path, case))
        if name in WALKED:
            walk.all()
            keep(opened, f"notebook_{name}_walked")
        opened.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
    walk.ends()
