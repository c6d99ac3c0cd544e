"""The built wheel works alone: installed into an empty environment, with the cases inside."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import urllib.request
import venv
import zipfile
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command as a stranger to this folder and its environment; give what it printed."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    }
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source distribution, and the wheel from it, without the network."""
    dist = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", dist, ROOT, cwd=dist)
    (built,) = dist.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an empty environment; give the folder of its programs."""
    home = tmp_path_factory.mktemp("a stranger") / "env"
    venv.create(home)
    programs = home / ("Scripts" if os.name == "nt" else "bin")
    pip = (sys.executable, "-m", "pip", "--python", programs / "python")
    run(*pip, "install", "--no-compile", "--no-deps", wheel, cwd=home)
    (library,) = home.glob("[Ll]ib/**/site-packages")
    (installed,) = distributions(name="simkaohe", path=[str(library)])
    for dependency in needed_by(installed):
        link(dependency, library)
    return programs


def needed_by(installed: Distribution) -> Iterable[Distribution]:
    """Return what a package says that it needs, and what that needs, in the versions that fit."""
    found: dict[str, Distribution] = {}
    left = [(installed, "")]
    seen = set()
    while left:
        package, extra = left.pop()
        for text in package.requires or ():
            need = Requirement(text)
            if need.marker and not need.marker.evaluate({"extra": extra}):
                continue
            name = canonicalize_name(need.name)
            found.setdefault(name, distribution(need.name))
            assert need.specifier.contains(found[name].version, prereleases=True), need
            wanted = {(name, each) for each in ("", *need.extras)} - seen
            left += [(found[name], each) for _, each in wanted]
            seen |= wanted
    return found.values()


def link(package: Distribution, library: Path) -> None:
    """Put an installed package's files, and no others, into another environment."""
    assert package.files
    home, made = package.locate_file(""), set()
    for file in map(str, package.files):
        here = f"{library}/{file}"
        if (folder := os.path.dirname(here)) not in made:
            os.makedirs(folder, exist_ok=True)
            made.add(folder)
        if not os.path.lexists(here):
            os.symlink(f"{home}/{file}", here)


def test_cases_and_assets_travel_and_nothing_else_does(wheel: Path) -> None:
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    tracked = [
        path.relative_to(ROOT)
        for top in ("simkaohe", "data", "notebooks")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & {*path.parts}
    ]
    assert {path.parts[1] for path in tracked if path.parts[0] == "data"} >= {"tai", "three_papers"}
    assert packed == {
        path.as_posix() if path.parts[0] == "simkaohe" else f"simkaohe/{path.as_posix()}"
        for path in tracked
    }


def test_the_editable_install_has_no_second_copy_of_the_cases() -> None:
    code = "import simkaohe, sys; print(simkaohe.__file__, *sys.path, sep='\\n')"
    home, *places = run(sys.executable, "-c", code, cwd=ROOT.parent).splitlines()
    assert Path(home) == ROOT / "simkaohe" / "__init__.py"
    assert not [place for place in places if (Path(place) / "simkaohe" / "data").exists()]


def test_a_bundled_case_is_ranked_after_installing_the_wheel(
    programs: Path, tmp_path: Path
) -> None:
    code = (
        "import simkaohe as sk; s, p = sk.load('three_papers');"
        "print(sk.__file__); print(len(sk.evaluate(s, p).ranking))"
    )
    home, units = run(programs / "python", "-c", code, cwd=tmp_path).splitlines()
    assert Path(home).is_relative_to(programs.parent)

    printed = run(programs / "simkaohe", "rank", "three_papers", "--format", "csv", cwd=tmp_path)
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert len(rows) == int(units) >= 10
    assert "rank" in rows[0]


def test_the_app_serves_the_notebooks_of_the_wheel(programs: Path, tmp_path: Path) -> None:
    words = [programs / "simkaohe", "app", "--no-browser", "--no-token", "--port=0", "--lang=en"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with subprocess.Popen(
        [*words, f"--keep={tmp_path}"], cwd=tmp_path, env=environment, stderr=subprocess.PIPE
    ) as app:
        try:
            assert app.stderr is not None
            said = app.stderr.readline().decode()
            with urllib.request.urlopen(said.split()[-1], timeout=60) as answer:
                index = answer.read().decode()
        finally:
            app.terminate()
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"/page/{notebook.stem}" in index
