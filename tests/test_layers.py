"""A module imports only what stands to its left, and importing simkaohe is cheap."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import simkaohe

ORDER = [
    "homes",
    "labels",
    "errors",
    "ranks",
    "scheme",
    "panel",
    "engine",
    "result",
    "comparison",
    "diagnosis",
    "sensitivity",
    "fairness",
    "lessons",
    "files",
    "plots",
    "report",
    "widgets",
    "app",
    "cli",
]
HEAVY = ["scipy.stats", "matplotlib", "seaborn", "ipywidgets", "openpyxl"]
PACKAGE = Path(simkaohe.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported_rooms(source: str, package: list[str]) -> set[str]:
    """List the rooms that a module of ``package`` imports, inside functions too.

    ``""`` stands for the package's front, whose public names reach into every room.
    """
    rooms = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            targets = [each.name.split(".") for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = above + (node.module.split(".") if node.module else [])
            targets = [[*origin, each.name] for each in node.names]
        else:
            continue
        for first, *rest in targets:
            if first == "simkaohe":
                rooms.add(rest[0] if rest and rest[0] in ORDER else "")
    return rooms


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_to_the_left(path: Path) -> None:
    inside = path.relative_to(PACKAGE).with_suffix("").parts
    if inside == ("__init__",):
        return  # the front hands out names from every room, when they are asked for
    room = inside[0] if inside[0] != "__main__" else "cli"
    assert room in ORDER, f"{room} has no place in the order of imports"
    package = ["simkaohe", *inside[:-1]]
    rooms = imported_rooms(path.read_text(encoding="utf-8"), package)
    assert rooms <= set(ORDER[: ORDER.index(room) + 1])


@pytest.mark.parametrize(
    ("source", "package", "rooms"),
    [
        ("import simkaohe.engine", ["simkaohe"], {"engine"}),
        ("import simkaohe as sk", ["simkaohe"], {""}),
        ("from simkaohe import plots, load", ["simkaohe"], {"plots", ""}),
        ("from . import labels", ["simkaohe"], {"labels"}),
        ("from .tree import Scheme", ["simkaohe", "scheme"], {"scheme"}),
        ("from ..files.yaml import read", ["simkaohe", "scheme"], {"files"}),
        ("def late():\n    from simkaohe.cli import main", ["simkaohe"], {"cli"}),
        ("import numpy as np\nfrom scipy import stats", ["simkaohe"], set()),
    ],
)
def test_the_reader_of_imports_sees_every_form(
    source: str, package: list[str], rooms: set[str]
) -> None:
    assert imported_rooms(source, package) == rooms


def modules_loaded_by(*imports: str) -> set[str]:
    code = "\n".join([*(f"import {each}" for each in imports), "import sys", "print(*sys.modules)"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert modules_loaded_by("simkaohe").isdisjoint(HEAVY)


def test_importing_every_room_that_computes_loads_nothing_heavy() -> None:
    rooms = [
        f"simkaohe.{room}"
        for room in ORDER
        if room not in {"plots", "report", "widgets", "app"}
        and ((PACKAGE / room).is_dir() or (PACKAGE / f"{room}.py").is_file())
    ]
    loaded = modules_loaded_by(*rooms)
    assert set(rooms) <= loaded
    assert loaded.isdisjoint(HEAVY)


def test_a_page_opens_before_anything_is_loaded_that_draws_or_writes() -> None:
    assert modules_loaded_by("simkaohe.widgets").isdisjoint({*HEAVY} - {"ipywidgets"})
