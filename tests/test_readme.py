"""The READMEs and the guides are true: their Python runs, and so does every command that they name."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import simkaohe as sk
from simkaohe.cli import main

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh-CN.md")
PAGES = (*READMES, *(f"docs/guide/{p.name}" for p in sorted((ROOT / "docs/guide").glob("*.md"))))
TEXTS = {page: (ROOT / page).read_text(encoding="utf-8") for page in PAGES}
SERVING = ("simkaohe lab", "simkaohe app")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXTS[page], flags=re.S)


def commands(page: str) -> list[str]:
    lines = (line for line in TEXTS[page].splitlines() if line.startswith("simkaohe "))
    found = (re.split(r"\s{2,}", line)[0] for line in lines)
    return [each for each in found if not each.startswith(SERVING)]


COMMANDS = sorted({(page, command) for page in PAGES for command in commands(page)})


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")])
def test_its_python_runs(page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    try:
        for block in blocks(page, "python"):
            exec(compile(block, page, "exec", dont_inherit=True), names)
    finally:
        sk.Rule.family.pop("square_root_example", None)  # the method that a guide adds
    assert "sk" in names


@pytest.mark.parametrize(
    "command", sorted({command for _, command in COMMANDS}), ids=lambda command: command
)
def test_its_commands_run(command: str, monkeypatch, capsys, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    words = shlex.split(command)[1:]
    assert main(words) == 0
    printed = capsys.readouterr().out
    written = "-o" not in words or (tmp_path / words[-1]).stat().st_size
    assert printed or written


@pytest.mark.parametrize("page", READMES)
def test_both_say_the_same_commands_and_targets(page: str) -> None:
    assert commands(page) == commands("README.md")
    assert len(commands(page)) >= 12
    targets = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in ("lab", "test", "docs", "bench"):
        assert f"make {name}" in TEXTS[page]
        assert f"\n{name}:" in targets


@pytest.mark.parametrize("page", PAGES)
def test_what_it_links_to_is_there(page: str) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", TEXTS[page])
    for link in links:
        assert ((ROOT / page).parent / link).exists(), link


@pytest.mark.parametrize("page", READMES)
def test_it_lists_every_notebook_and_every_case(page: str) -> None:
    notebooks = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert set(re.findall(r"^\| `(\d\d_\w+)` \|", TEXTS[page], flags=re.M)) == notebooks
    assert set(sk.bundled_cases()) <= set(re.findall(r"^\| `(\w+)` \|", TEXTS[page], flags=re.M))


def test_pictures_are_small() -> None:
    pictures = list((ROOT / "docs/pictures").glob("*.png"))
    assert len(pictures) >= 8
    assert all(path.stat().st_size < 300_000 for path in pictures)
    texts = [*TEXTS.values(), (ROOT / "docs/index.md").read_text(encoding="utf-8")]
    shown = {link for text in texts for link in re.findall(r"pictures/([\w.]+)\)", text)}
    assert {path.name for path in pictures} == shown


def test_the_chinese_readme_counts_right() -> None:
    from simkaohe.scheme.adjust import EFFECTS
    from simkaohe.scheme.coefficient import CoefficientMap
    from simkaohe.scheme.measure import Measure

    counts = [len(family.family) for family in (sk.Rule, Measure, CoefficientMap)]
    assert [*counts, len(EFFECTS)] == [22, 13, 10, 8]
    for words in ("二十二种计分方法", "十三种计算口径", "十种换算", "八种后果"):
        assert words in TEXTS["README.zh-CN.md"]
