"""The README is true: its Python runs, and so does every command that it names."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from simkaohe.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.split("   ")[0].strip()
    for line in README.splitlines()
    if line.startswith("simkaohe ") and not line.startswith("simkaohe lab")
]


def test_its_python_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert "shift" in names


@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_run(command: str, monkeypatch, capsys, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    words = shlex.split(command)[1:]
    assert main(words) == 0
    printed = capsys.readouterr().out
    written = "-o" not in words or (tmp_path / words[-1]).stat().st_size
    assert printed or written


def test_the_two_commands_are_there() -> None:
    assert len(COMMANDS) >= 4
    targets = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in ("lab", "test", "bench"):
        assert f"make {name}" in README
        assert f"\n{name}:" in targets
