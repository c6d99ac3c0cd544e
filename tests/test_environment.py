"""environment.yml and pyproject.toml describe the same environment."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]

NAME_ON_CONDA = {
    "build": "python-build",
    "matplotlib": "matplotlib-base",  # without the Qt windows, which pip does not bring either
    "playwright": "playwright-python",  # conda's "playwright" is the one for Node
}
NOT_ON_CONDA = {"zhplot"}


def names_and_bounds(requirements: list[str]) -> dict[str, str]:
    """Split each requirement into name and bounds: ``{"numpy": ">=1.26"}``."""
    split = [re.fullmatch(r"([A-Za-z0-9._-]+)([<>=!~].*)?", each) for each in requirements]
    assert all(split), requirements
    found = {each[1]: each[2] or "" for each in split if each}
    assert len(found) == len(requirements), f"named twice in {requirements}"
    return found


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def environment() -> dict:
    return YAML(typ="safe").load((ROOT / "environment.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def needed(project: dict) -> dict[str, str]:
    extras = project["optional-dependencies"]
    needed = project["dependencies"] + extras["test"] + extras["docs"]
    assert len(needed) >= 20
    return names_and_bounds(needed)


@pytest.fixture(scope="module")
def from_pip(environment: dict) -> list[str]:
    (section,) = (each for each in environment["dependencies"] if not isinstance(each, str))
    assert list(section) == ["pip"]
    return section["pip"]


def test_conda_brings_what_the_project_needs_and_no_more(
    environment: dict, needed: dict[str, str], project: dict
) -> None:
    from_conda = [each for each in environment["dependencies"] if isinstance(each, str)]
    assert names_and_bounds(from_conda) == {
        "python": project["requires-python"],
        "pip": "",
        **{NAME_ON_CONDA.get(n, n): b for n, b in needed.items() if n not in NOT_ON_CONDA},
    }


def test_pip_brings_the_rest_and_this_folder(from_pip: list[str], needed: dict[str, str]) -> None:
    assert from_pip[-1] == "-e ."
    assert names_and_bounds(from_pip[:-1]) == {n: needed[n] for n in NOT_ON_CONDA}


def test_every_name_in_the_maps_is_needed(needed: dict[str, str]) -> None:
    assert NAME_ON_CONDA.keys() | NOT_ON_CONDA <= needed.keys()


def test_the_channel_is_conda_forge(environment: dict) -> None:
    assert environment["channels"] == ["conda-forge"]
