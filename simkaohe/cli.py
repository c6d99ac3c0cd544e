"""The command line (命令行): ``simkaohe rank``, ``compare``, ``report``, ``template`` and others."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from simkaohe.comparison import compare
from simkaohe.diagnosis import THIRDS, diagnose, scoreboard
from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.files import bundled_cases, load, load_scenarios, read_scheme
from simkaohe.files.text import parse_yaml, write_text
from simkaohe.labels import Words, column_label, language, reader_name, use_language
from simkaohe.panel import Panel
from simkaohe.result import evaluate
from simkaohe.scheme.edit import Scenario
from simkaohe.scheme.problems import quoted
from simkaohe.scheme.tree import Scheme

CHANGES = {"enters": Words("进入", "enters"), "leaves": Words("退出", "leaves")}
"""What the comparison's changes are called in print."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, or 2 with one sentence a problem."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    arguments = _parser().parse_args(argv)
    before = language()
    if arguments.lang:
        use_language(arguments.lang)
    try:
        _spare_what_is_read(arguments)
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
    finally:
        use_language(before)
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
    case = {
        "metavar": "CASE",
        "help": "a bundled case, a workbook (.xlsx), or a folder with scheme.yaml and actual.csv",
    }
    scenarios = {
        "nargs": "*",
        "metavar": "SCENARIO",
        "help": "a file of scenarios (.yaml, .xlsx) or the name of one of the case's own; "
        "default: all of the case's own",
    }
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
    shifts.add_argument("scenarios", **scenarios)
    shifts.add_argument("--top", type=_places, metavar="K", help="who enters and leaves the top K")
    explain = command("explain", _explain, "print how one unit's total came about", table, edits)
    explain.add_argument("case", **case)
    explain.add_argument("unit", metavar="UNIT")
    diagnosis = command(
        "diagnose", _diagnose, "print where one unit loses its points", table, edits
    )
    diagnosis.add_argument("case", **case)
    diagnosis.add_argument("unit", metavar="UNIT")
    board = command("scoreboard", _scoreboard, "print all units and where they stand", table, edits)
    board.add_argument("case", **case)
    board.add_argument("--before", metavar="CASE", help="the same units at an earlier date")
    sure = command("sensitivity", _sensitivity, "print how sure the places are", table, edits)
    sure.add_argument("case", **case)
    sure.add_argument(
        "--within",
        type=_share,
        default=0.25,
        metavar="SHARE",
        help="how far the weights vary, 0.25 for ± 25 %% (default)",
    )
    sure.add_argument(
        "--range",
        action="append",
        default=[],
        metavar="PATH=LOW:HIGH",
        help="let a number of the scheme vary as well; may be repeated",
    )
    sure.add_argument("--draws", type=_places, default=100_000, metavar="N")
    sure.add_argument("--seed", type=int, default=0, metavar="N")
    sure.add_argument(
        "--along",
        metavar="PATH",
        help="instead: where units change places along one number, exactly",
    )
    report = command("report", _report, "write a report, to print or to hand in", language, edits)
    report.add_argument("case", **case)
    report.add_argument("scenarios", **scenarios)
    report.add_argument("--title", help="default: made of the scheme's name")
    report.add_argument(
        "-o", "--output", type=Path, metavar="FILE", required=True, help="FILE.html or FILE.xlsx"
    )
    template = command("template", _template, "write a workbook to fill in", language)
    template.add_argument("case", nargs="?", metavar="CASE", help="default: an empty workbook")
    template.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="default: CASE.xlsx or template.xlsx"
    )
    template.add_argument("--force", action="store_true", help="replace a file that is there")
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


def _spare_what_is_read(arguments: argparse.Namespace) -> None:
    """Refuse to write over a file that the command reads."""
    target = getattr(arguments, "output", None)
    if target is None or not target.exists():
        return
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


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 < share <= 1:
        words = Words(
            f"{text!r} 应为大于 0、不大于 1 的数", f"found {text!r}; expected above 0, at most 1"
        )
        raise argparse.ArgumentTypeError(str(words))
    return share


def _put(text: str, arguments: argparse.Namespace) -> None:
    target = getattr(arguments, "output", None)
    if target is None:
        try:
            print(text, end="" if text.endswith("\n") else "\n", flush=True)
        except OSError:  # a closed pipe, a full disk: what is left cannot be printed at exit either
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise
        return
    if target.suffix.lower() in (".xlsx", ".xls", ".et"):
        raise SimkaoheError(
            Problem(
                str(target),
                Words("这里写出的是文字，不是工作簿", "what is written here is text, no workbook"),
                remedy=Words(
                    "请用 .csv、.json 或 .txt；要工作簿请用 simkaohe report",
                    "Use .csv, .json or .txt; for a workbook use simkaohe report",
                ),
            )
        )
    csv = getattr(arguments, "format", "") == "csv"
    write_text(target, text, encoding="utf-8-sig" if csv else "utf-8")


# -- commands ----------------------------------------------------------------------------------------


def _rank(arguments: argparse.Namespace) -> str:
    scheme, panel = _load(arguments.case)
    if arguments.scenario:
        scheme = scheme.edit(_scenario(arguments.scenario))
    scheme = scheme.edit(_set(arguments))
    result = evaluate(scheme, panel)
    ranking = result.ranking.join(result.uses.add_prefix("uses."))
    return _shown(ranking.reset_index(), arguments, scheme)


def _compare(arguments: argparse.Namespace) -> str:
    scheme, panel = _load(arguments.case)
    edits = _set(arguments)
    scenarios = [] if edits and not arguments.scenarios else _scenarios(arguments)
    if edits:
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
    titles = {s.name: reader_name(s.name, s.name_en) for s in scenarios}
    parts = [
        f"{titles.get(name, name)}\n{_shown(table.reset_index(), arguments, scheme)}"
        for name, table in tables.items()
    ]
    return "\n\n".join([*parts, _shown(shift.statistics.reset_index(), arguments, None)])


def _explain(arguments: argparse.Namespace) -> str:
    scheme, panel = _load(arguments.case)
    result = evaluate(scheme.edit(_set(arguments)), panel)
    steps = result.explain(arguments.unit.strip()).reset_index()
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


def _diagnose(arguments: argparse.Namespace) -> str:
    scheme, panel = _load(arguments.case)
    found = diagnose(evaluate(scheme.edit(_set(arguments)), panel), arguments.unit.strip())
    indicators = found.indicators.reset_index()
    if arguments.format != "table":
        return _shown(indicators, arguments, None)
    indicators["third"] = [str(THIRDS[third]) for third in indicators["third"]]
    thirds = ", ".join(f"{THIRDS[third]} {share:.0%}" for third, share in found.thirds.items())
    parts = [
        f"{arguments.unit}: {thirds}",
        _shown(indicators.drop(columns="indicator"), arguments, None),
    ]
    if len(found.departments) > 1:
        parts.append(_shown(found.departments.reset_index(), arguments, None))
    if len(found.progress):
        parts.append(_shown(found.progress.reset_index(drop=True), arguments, None))
        parts.append(_shown(found.progress_by_department.reset_index(), arguments, None))
    return "\n\n".join(parts)


def _scoreboard(arguments: argparse.Namespace) -> str:
    scheme, panel = _load(arguments.case)
    scheme = scheme.edit(_set(arguments))
    before = evaluate(*_load(arguments.before)) if arguments.before else None
    board = scoreboard(evaluate(scheme, panel), before).reset_index()
    if arguments.format == "table":
        for third in THIRDS:
            board[third] = [f"{share:.0%}" for share in board[third]]
        for column in ("best", "worst"):
            board[column] = [node and scheme.nodes[node].label for node in board[column]]
    return _shown(board, arguments, scheme)


def _sensitivity(arguments: argparse.Namespace) -> str:
    from simkaohe import sensitivity

    scheme, panel = _load(arguments.case)
    scheme = scheme.edit(_set(arguments))
    if arguments.along:
        found = sensitivity.breakpoints(scheme, panel, arguments.along)
        return _shown(found.points, arguments, None)
    what: list[Any] = [sensitivity.weights(within=arguments.within)]
    if arguments.range:
        what.append(sensitivity.ranges(dict(_range(text) for text in arguments.range)))
    drawn = sensitivity.montecarlo(
        scheme, panel, *what, draws=arguments.draws, seed=arguments.seed, progress=_at_a_terminal()
    )
    ranking = evaluate(scheme, panel).ranking
    frame = ranking[["category", "total", "rank"]].copy()
    frame["mean_rank"] = drawn.mean_rank["mean_rank"]
    for level in (0.05, 0.95):
        frame[f"rank_{level:g}"] = drawn.quantiles[level]
    keeps = [
        drawn.acceptability.loc[unit].get(rank) if rank is not pd.NA else None
        for unit, rank in ranking["rank"].items()
    ]
    frame["same_rank"] = pd.array(keeps, "Float64")
    if scheme.grades:
        frame["grade"] = ranking["grade"]
        keeps = [drawn.grades.at[unit, grade] for unit, grade in ranking["grade"].items()]
        frame["same_grade"] = keeps
    text = _shown(frame.reset_index(), arguments, scheme)
    idle = list(drawn.effects.index[~drawn.effects["effect"]])
    if idle and arguments.format == "table":
        words = Words("没有影响", "Without effect")
        text += f"\n\n{words}: {', '.join(idle)}"
    return text


def _range(text: str) -> tuple[str, tuple[float, float]]:
    path, equals, span = text.partition("=")
    low, colon, high = span.partition(":")
    try:
        return path.strip(), (float(low), float(high))
    except ValueError as error:
        found = Words("没有等号或冒号", "no = or :") if not (equals and colon) else quoted(span)
        raise SimkaoheError(
            Problem(f"--range {text}", found, Words("路径=下限:上限", "PATH=LOW:HIGH"))
        ) from error


def _at_a_terminal() -> bool:
    return sys.stderr.isatty()


def _report(arguments: argparse.Namespace) -> None:
    from simkaohe.report import write_report

    scheme, panel = _load(arguments.case)
    write_report(
        arguments.output,
        scheme.edit(_set(arguments)),
        panel,
        _scenarios(arguments),
        title=arguments.title,
        source=arguments.case,
    )
    _said(Words("已写入 {}", "Written: {}").format(arguments.output))


def _template(arguments: argparse.Namespace) -> None:
    from simkaohe.files.workbook import write_empty, write_workbook

    name = Path(arguments.case).stem if arguments.case else "template"
    path = arguments.output or Path(f"{name}.xlsx")
    if path.suffix.lower() != ".xlsx":
        raise SimkaoheError(Problem(str(path), quoted(path.suffix), Words(".xlsx 文件", ".xlsx")))
    if path.exists() and not arguments.force:
        raise SimkaoheError(
            Problem(
                str(path),
                Words("文件已经存在", "the file is there already"),
                remedy=Words("请换一个名称，或加 --force", "Choose another name, or add --force"),
            )
        )
    if arguments.case:
        write_workbook(path, *_load(arguments.case), load_scenarios(arguments.case))
    else:
        write_empty(path)
    _said(Words("已写入 {}", "Written: {}").format(path))


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


def _load(source: str) -> tuple[Scheme, Panel]:
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


def _said(words: Words) -> None:
    print(words, file=sys.stderr)


def _scenarios(arguments: argparse.Namespace) -> list[Scenario]:
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
        return frame.map(_harmless).to_csv(index=False, lineterminator="\n")
    if arguments.format == "json":
        plain = frame.astype(object).where(frame.notna(), None)
        return json.dumps(plain.to_dict("records"), ensure_ascii=False, indent=1, default=float)
    import tabulate

    tabulate.PRESERVE_WHITESPACE = True
    frame = frame.dropna(axis="columns", how="all") if len(frame) else frame
    if "change" in frame:
        frame = frame.assign(change=[str(CHANGES[change]) for change in frame["change"]])
    if scheme is not None and scheme.grades:
        grades = {band.name: band.label for band in scheme.grades.bands}
        for column in frame.columns.intersection(["grade", "grade_before"]):
            frame = frame.assign(**{column: frame[column].map(grades)})
    frame = frame.rename(columns=partial(_heading, scheme))
    if scheme is not None:
        category = column_label("category")
        if category in frame and scheme.categories:
            frame[category] = [scheme.category_label(name) for name in frame[category]]
        elif category in frame:
            inside = [
                column for column in frame if column.startswith(column_label("category_rank"))
            ]
            shifts = frame.columns.intersection([column_label("category_shift")])
            frame = frame.drop(columns=[category, *inside, *shifts])
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


def _harmless(cell: Any) -> Any:
    """Return a cell that a spreadsheet shows as it is: a text that looks like a formula gets a '."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@") else cell


def _heading(scheme: Scheme | None, column: str) -> str:
    name, before, _ = column.partition("_before")
    suffix = str(Words("（基准）", " (base)")) if before else ""
    use = scheme.uses.get(name.removeprefix("uses.")) if scheme else None
    if use is not None:
        return f"{reader_name(use.name, use.name_en, name)}{suffix}"
    return f"{column_label(name)}{suffix}"
