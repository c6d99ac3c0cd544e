"""Workbooks in a real office program: LibreOffice opens them, saves them, and shows them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import simkaohe as sk

OUTPUT = Path(__file__).parent / "output"


def office(*words: str, home: Path) -> None:
    """Run LibreOffice without a window, with a profile of its own."""
    program = _needed("soffice", "libreoffice")
    profile = f"-env:UserInstallation={(home / 'profile').as_uri()}"
    command = [program, "--headless", "--norestore", profile, *words]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stderr


def _needed(*names: str) -> str:
    """Return where a program is; without it the test fails in CI and is skipped elsewhere."""
    for name in names:
        if found := shutil.which(name):
            return found
    reason = f"no {names[0]} on this machine; .ci/run installs it"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def test_a_case_survives_being_saved_by_libreoffice(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    for name, folder in sk.bundled_cases().items():
        sk.save(tmp_path / f"{name}.xlsx", *sk.load(name), sk.load_scenarios(folder))
    books = [f"{name}.xlsx" for name in sk.bundled_cases()]
    office("--convert-to", "xlsx", "--outdir", str(saved), *books, home=tmp_path)
    for name, folder in sk.bundled_cases().items():
        assert sk.load(saved / f"{name}.xlsx") == sk.load(name), name
        assert sk.load_scenarios(saved / f"{name}.xlsx") == sk.load_scenarios(folder), name


def test_template_and_results_are_drawn_for_people_to_look_at(tmp_path: Path) -> None:
    draw = _needed("pdftoppm")
    scheme, panel = sk.load("sprint")
    scenarios = sk.load_scenarios("sprint")
    for language in ("zh", "en"):
        sk.use_language(language)
        sk.save(tmp_path / f"template-{language}.xlsx", scheme, panel, scenarios)
        sk.write_report(tmp_path / f"results-{language}.xlsx", scheme, panel, scenarios)
    books = sorted(path.stem for path in tmp_path.glob("*.xlsx"))
    assert len(books) == 4
    office("--convert-to", "pdf", *(f"{book}.xlsx" for book in books), home=tmp_path)
    OUTPUT.mkdir(exist_ok=True)
    for book in books:
        target = OUTPUT / f"office-{book}"
        words = [draw, "-png", "-r", "50", "-l", "12", str(tmp_path / f"{book}.pdf"), str(target)]
        subprocess.run(words, check=True, timeout=60)
        pages = sorted(OUTPUT.glob(f"{target.name}-*.png"))
        assert pages
        assert all(page.stat().st_size > 500 for page in pages)
