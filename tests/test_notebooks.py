"""Notebooks are committed without outputs and run from top to bottom."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS][:2] == ["01_first_ranking", "02_change_the_weights"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_committed_without_outputs(path: Path) -> None:
    for cell in nbformat.read(path, 4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_top_to_bottom(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Jupyter's own machinery
        client = NotebookClient(
            notebook, timeout=120, resources={"metadata": {"path": path.parent}}
        )
        client.execute(env={**os.environ, "MPLBACKEND": ""})  # pictures into the notebook
    assert any(cell.get("outputs") for cell in notebook.cells)
    for cell in notebook.cells:
        drawn = any("image/png" in output.get("data", ()) for output in cell.get("outputs", ()))
        assert drawn == (cell.cell_type == "code" and "sk.plots." in cell.source), cell.source
