"""What commands read: cases, scenarios, and edits given as words."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.files import load, load_scenarios
from simkaohe.files.text import parse_yaml
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.edit import Scenario
from simkaohe.scheme.tree import Scheme


def load_case(source: str) -> tuple[Scheme, Panel]:
    """Read a case; show how far the reading of a large workbook is."""
    from tqdm import tqdm

    with tqdm(
        total=1, delay=1, leave=False, disable=None, bar_format="{desc} {bar} {n_fmt}"
    ) as bar:

        def progress(done: int, total: int, label: str) -> None:
            bar.total = total
            bar.set_description_str(label, refresh=False)
            bar.update(done - bar.n)

        return load(source, progress)


def named_scenarios(arguments: argparse.Namespace) -> list[Scenario]:
    """Return the scenarios that are named, or all of the case's own."""
    own: dict[str, Scenario] | None = None
    found: list[Scenario] = []
    for text in arguments.scenarios:
        if Path(text).exists():
            found += load_scenarios(text)
            continue
        if own is None:
            own = {scenario.name: scenario for scenario in load_scenarios(arguments.case)}
        labels = [*own, *(s.name_en for s in own.values() if s.name_en)]
        named = [s for s in own.values() if text in (s.name, s.name_en)]
        if not named and Path(text).suffix:
            found += load_scenarios(text)  # says that there is no such file
        if not named:
            raise SimkaoheError(unknown(text, text, labels, Words("情景", "scenario")))
        found += named
    return found if arguments.scenarios else load_scenarios(arguments.case)


def one_scenario(arguments: argparse.Namespace) -> Scenario:
    """Return the scenario of the case's own that ``--scenario`` names, else that of the file."""
    text = arguments.scenario
    if not text.strip() or not Path(text.rpartition(":")[0] or text).exists():
        own = load_scenarios(arguments.case)
        if named := [scenario for scenario in own if text in (scenario.name, scenario.name_en)]:
            return named[0]
        if not Path(text).suffix:
            labels = [name for s in own for name in (s.name, s.name_en) if name]
            raise SimkaoheError(unknown("--scenario", text, labels, Words("情景", "scenario")))
    return _of_file(text)


def _of_file(text: str) -> Scenario:
    """Return the scenario of ``FILE`` or ``FILE:NAME``."""
    file, _, name = text.rpartition(":") if not Path(text).exists() else (text, "", "")
    scenarios = {scenario.name: scenario for scenario in load_scenarios(file or text)}
    if not scenarios:
        raise SimkaoheError(Problem(text, Words("里面没有情景", "there is no scenario in it")))
    if name and name not in scenarios:
        raise SimkaoheError(unknown(file, name, list(scenarios), Words("情景", "scenario")))
    if not name and len(scenarios) > 1:
        raise SimkaoheError(
            Problem(
                text,
                Words(f"有 {len(scenarios)} 个情景", f"{len(scenarios)} scenarios"),
                Words("其中一个的名称", "the name of one"),
                Words(
                    f"例如 {text}:{next(iter(scenarios))}", f"E.g. {text}:{next(iter(scenarios))}"
                ),
            )
        )
    return scenarios[name or next(iter(scenarios))]


def given_edits(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the edits of ``--set``."""
    edits: dict[str, Any] = {}
    for text in arguments.set:
        path, equals, value = text.partition("=")
        if not equals or not path.strip():
            missing = (
                Words("没有路径", "no path") if equals else Words("没有等号", "no equals sign")
            )
            expected = Words("路径=值", "PATH=VALUE")
            raise SimkaoheError(Problem(f"--set {text}".rstrip(), missing, expected))
        path, value = path.strip(), parse_yaml(value, f"--set {path}")
        if edits.get(path, value) != value:
            twice = Words("两个不同的值", "two different values")
            raise SimkaoheError(Problem(f"--set {path}", twice, Words("一个值", "one value")))
        edits[path] = value
    return edits


def check_outputs(arguments: argparse.Namespace) -> None:
    """Refuse, before anything is worked out, a file in no folder and one that the command reads."""
    for name in ("output", "html"):
        target = getattr(arguments, name, None)
        if target is None:
            continue
        if not target.parent.is_dir():
            found = Words(f"没有文件夹 {target.parent}", f"there is no folder {target.parent}")
            remedy = Words("请先建好，或换一个位置", "Make it first, or choose another place")
            raise SimkaoheError(Problem(str(target), found, remedy=remedy))
        if target.exists():
            _spare(arguments, target)


def _spare(arguments: argparse.Namespace, target: Path) -> None:
    named = [getattr(arguments, "case", None), getattr(arguments, "before", None)]
    named += getattr(arguments, "scenarios", None) or []
    named.append((getattr(arguments, "scenario", None) or "").rpartition(":")[0])
    for source in (Path(text) for text in named if text):
        inside = source.is_dir() and source.resolve() in target.resolve().parents
        if inside or (source.exists() and source.samefile(target)):
            raise SimkaoheError(
                Problem(
                    str(target),
                    Words("这是正在读取的案例", "this belongs to the case that is read"),
                    remedy=Words("请写到另一个文件", "Write to another file"),
                )
            )
