"""The command line (命令行): ``simkaohe rank | compare | explain | cases | schema | lab``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from simkaohe.comparison import compare
from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.files import bundled_cases, load, load_scenarios, read_scheme
from simkaohe.files.text import parse_yaml, write_text
from simkaohe.labels import Words, column_label, use_language
from simkaohe.result import evaluate
from simkaohe.scheme.edit import Scenario
from simkaohe.scheme.tree import Scheme

CHANGES = {"enters": Words("进入", "enters"), "leaves": Words("退出", "leaves")}
"""What the comparison's changes are called in print."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, or 2 with one sentence a problem."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    arguments = _parser().parse_args(argv)
    if arguments.lang:
        use_language(arguments.lang)
    try:
        text = arguments.run(arguments)
        if text is not None:
            _put(text, arguments)
    except SimkaoheError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0
    except OSError as error:
        words = Words("读写失败：{}", "reading or writing failed: {}").format(error.strerror)
        print(Problem("simkaohe", words), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="simkaohe",
        description="模拟考核: try an assessment scheme before it is put into force.",
    )
    parser.add_argument(
        "--version", action="version", version=f"simkaohe {metadata.version('simkaohe')}"
    )
    language = argparse.ArgumentParser(add_help=False)
    language.add_argument("--lang", choices=("zh", "en"), help="language of what is printed")
    output = argparse.ArgumentParser(add_help=False, parents=[language])
    output.add_argument("-o", "--output", type=Path, metavar="FILE", help="write to a file")
    table = argparse.ArgumentParser(add_help=False, parents=[output])
    table.add_argument("--format", choices=("table", "csv", "json"), default="table")
    edits = argparse.ArgumentParser(add_help=False)
    edits.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        help="change one entry of the scheme, e.g. gdp_growth.weight=30; may be repeated",
    )
    case = {"metavar": "CASE", "help": "a bundled case or a folder with scheme.yaml and actual.csv"}
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], str | None], words: str, *parents: Any
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=words, description=words, parents=list(parents))
        added.set_defaults(run=run)
        return added

    rank = command("rank", _rank, "print the ranking of a case", table, edits)
    rank.add_argument("case", **case)
    rank.add_argument("--scenario", metavar="FILE[:NAME]", help="rank under a scenario")
    shifts = command("compare", _compare, "print who moves under scenarios", table, edits)
    shifts.add_argument("case", **case)
    shifts.add_argument("scenarios", nargs="*", metavar="SCENARIO.yaml")
    shifts.add_argument("--top", type=_places, metavar="K", help="who enters and leaves the top K")
    explain = command("explain", _explain, "print how one unit's total came about", table, edits)
    explain.add_argument("case", **case)
    explain.add_argument("unit", metavar="UNIT")
    command("cases", _cases, "list the bundled cases", table)
    command("schema", _schema, "print the JSON Schema of a scheme", output)
    lab = command("lab", _lab, "open the notebooks in JupyterLab", language)
    lab.add_argument("jupyter", nargs=argparse.REMAINDER, help="passed on to JupyterLab")
    return parser


def _places(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        words = Words(f"{text!r} 应为 1 或更大的整数", f"found {text!r}; expected 1 or more")
        raise argparse.ArgumentTypeError(str(words))
    return int(text)


def _put(text: str, arguments: argparse.Namespace) -> None:
    target = getattr(arguments, "output", None)
    if target is None:
        try:
            print(text, end="" if text.endswith("\n") else "\n", flush=True)
        except OSError:  # a closed pipe, a full disk: what is left cannot be printed at exit either
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise
        return
    csv = getattr(arguments, "format", "") == "csv"
    write_text(target, text, encoding="utf-8-sig" if csv else "utf-8")


# -- commands ----------------------------------------------------------------------------------------


def _rank(arguments: argparse.Namespace) -> str:
    scheme, panel = load(arguments.case)
    if arguments.scenario:
        scheme = scheme.edit(_scenario(arguments.scenario))
    scheme = scheme.edit(_set(arguments))
    ranking = evaluate(scheme, panel).ranking.reset_index()
    return _shown(ranking, arguments, scheme)


def _compare(arguments: argparse.Namespace) -> str:
    scheme, panel = load(arguments.case)
    scenarios = [s for file in arguments.scenarios for s in load_scenarios(file)]
    if edits := _set(arguments):
        scenarios.append(Scenario(name="--set", edits=edits))
    if not scenarios:
        raise SimkaoheError(
            Problem(
                "compare",
                Words("没有给出情景", "no scenario is given"),
                remedy=Words(
                    "请给出情景文件，或用 --set 路径=值",
                    "Name a scenario file, or use --set PATH=VALUE",
                ),
            )
        )
    base = str(Words("基准", "base"))
    schemes = {base: scheme}
    for scenario in scenarios:
        name = (
            scenario.name if scenario.name not in schemes else f"{scenario.name} ({len(schemes)})"
        )
        try:
            schemes[name] = scheme.edit(scenario)
        except SimkaoheError as error:
            raise error.inside(scenario.name) from error
    shift = compare(panel, **schemes)
    tables = {
        name: (shift.table(name) if arguments.top is None else shift.top(arguments.top, name))
        for name in shift.others
    }
    if arguments.format != "table":
        frames = [t.reset_index().assign(scheme=name) for name, t in tables.items()]
        whole = pd.concat(frames, ignore_index=True)
        front = ["scheme", "unit"]
        columns = front + [column for column in whole if column not in front]
        return _shown(whole[columns], arguments, scheme)
    parts = []
    for name, table in tables.items():
        parts.append(f"{name}\n{_shown(table.reset_index(), arguments, scheme)}")
    return "\n\n".join([*parts, _shown(shift.statistics.reset_index(), arguments, None)])


def _explain(arguments: argparse.Namespace) -> str:
    scheme, panel = load(arguments.case)
    result = evaluate(scheme.edit(_set(arguments)), panel)
    steps = result.explain(arguments.unit).reset_index()
    if arguments.format == "table":
        steps["name"] = [
            "  " * depth + name for name, depth in zip(steps["name"], steps["depth"], strict=True)
        ]
        places = steps["node"].isin(["= rank", "= category_rank"])
        steps["score"] = (
            steps["score"].astype(object).where(~places, steps["score"].map("{:g}".format))
        )
        steps = steps[["name", "score", "weight", "points", "factor", "calculation"]]
    return _shown(steps, arguments, None)


def _cases(arguments: argparse.Namespace) -> str:
    rows = []
    for name, folder in bundled_cases().items():
        scheme = read_scheme(folder / "scheme.yaml")
        rows.append({"case": name, "name": scheme.label, "indicators": len(scheme.indicators)})
    return _shown(pd.DataFrame(rows), arguments, None)


def _schema(arguments: argparse.Namespace) -> str:
    del arguments
    return json.dumps(Scheme.model_json_schema(), ensure_ascii=False, indent=2)


def _lab(arguments: argparse.Namespace) -> None:
    notebooks = Path(__file__).parent.parent / "notebooks"
    if not notebooks.is_dir():
        raise SimkaoheError(
            Problem(
                "lab",
                Words("安装包里没有教学笔记本", "the notebooks are not in the installed package"),
                remedy=Words("请在项目文件夹里运行", "Run it in a checkout of the project"),
            )
        )
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    words = [sys.executable, "-m", "jupyterlab", str(notebooks), *root, *arguments.jupyter]
    raise SystemExit(subprocess.call(words))


# -- what the commands share -------------------------------------------------------------------------


def _scenario(text: str) -> Scenario:
    """Return the scenario of ``FILE`` or ``FILE:NAME``."""
    file, _, name = text.rpartition(":") if not Path(text).exists() else (text, "", "")
    scenarios = {scenario.name: scenario for scenario in load_scenarios(file or text)}
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


def _set(arguments: argparse.Namespace) -> dict[str, Any]:
    edits = {}
    for text in arguments.set:
        path, equals, value = text.partition("=")
        if not equals or not path.strip():
            missing = (
                Words("没有路径", "no path") if equals else Words("没有等号", "no equals sign")
            )
            raise SimkaoheError(Problem(f"--set {text}", missing, "PATH=VALUE"))
        edits[path.strip()] = parse_yaml(value, f"--set {path}")
    return edits


def _shown(frame: pd.DataFrame, arguments: argparse.Namespace, scheme: Scheme | None) -> str:
    """Return a frame as the table, CSV or JSON that was asked for."""
    if arguments.format == "csv":
        return frame.to_csv(index=False, lineterminator="\n")
    if arguments.format == "json":
        plain = frame.astype(object).where(frame.notna(), None)
        return json.dumps(plain.to_dict("records"), ensure_ascii=False, indent=1, default=float)
    import tabulate

    tabulate.PRESERVE_WHITESPACE = True
    frame = frame.dropna(axis="columns", how="all") if len(frame) else frame
    if "change" in frame:
        frame = frame.assign(change=[str(CHANGES[change]) for change in frame["change"]])
    frame = frame.rename(columns=_heading)
    if scheme is not None:
        category = column_label("category")
        if category in frame and scheme.categories:
            frame[category] = [scheme.category_label(name) for name in frame[category]]
        elif category in frame:
            frame = frame.drop(columns=category)
    digits = 2 if scheme is None or scheme.ranking.digits is None else scheme.ranking.digits
    decimals = digits if scheme is not None else 4
    rows = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    sides = [
        "right" if any(isinstance(cell, int | float) for cell in column) else "left"
        for column in zip(*rows, strict=True)
    ]
    return tabulate.tabulate(
        [[f"{x:.{decimals}f}" if isinstance(x, float) else x for x in row] for row in rows],
        headers=list(frame.columns),
        disable_numparse=True,  # a unit named 001 stays 001
        colalign=sides if rows else None,
        missingval="",
        tablefmt="simple",
    )


def _heading(column: str) -> str:
    name, before, _ = column.partition("_before")
    suffix = str(Words("（基准）", " (base)")) if before else ""
    return f"{column_label(name)}{suffix}"
