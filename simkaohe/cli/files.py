"""``simkaohe report``, ``template``, ``cases`` and ``schema``: files to take along."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pandas as pd

from simkaohe.cli.options import CASE, EDITS, LANGUAGE, OUTPUT, SCENARIOS, TABLE, Commands, seed
from simkaohe.cli.printing import said, shown
from simkaohe.cli.reading import given_edits, load_case, named_scenarios
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.files import bundled_cases, load_scenarios, read_scheme
from simkaohe.labels import Words
from simkaohe.scheme.problems import quoted
from simkaohe.scheme.tree import Scheme


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    report = commands.add(
        "report", _report, "write a report, to print or to hand in", LANGUAGE, EDITS
    )
    report.add_argument("case", **CASE)
    report.add_argument("scenarios", **SCENARIOS)
    report.add_argument("--title", help="default: made of the scheme's name")
    report.add_argument(
        "-o", "--output", type=Path, metavar="FILE", required=True, help="FILE.html or FILE.xlsx"
    )
    template = commands.add("template", _template, "write a workbook to fill in", LANGUAGE)
    template.add_argument("case", nargs="?", metavar="CASE", help="default: an empty workbook")
    template.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="default: CASE.xlsx or template.xlsx"
    )
    template.add_argument("--force", action="store_true", help="replace a file that is there")
    exercise = commands.add("exercise", _exercise, "write an exercise for a class", LANGUAGE, EDITS)
    exercise.add_argument("case", **CASE | {"nargs": "?", "help": "default: an invented scheme"})
    exercise.add_argument("--seed", type=seed, default=1, metavar="N")
    exercise.add_argument("--questions", type=int, default=8, metavar="N")
    exercise.add_argument(
        "-o", "--output", type=Path, metavar="FILE", required=True, help="FILE.xlsx"
    )
    commands.add("cases", _cases, "list the bundled cases", TABLE)
    commands.add("schema", _schema, "print the JSON Schema of a scheme", OUTPUT)


def _report(arguments: argparse.Namespace) -> None:
    from simkaohe.report import write_report

    scheme, panel = load_case(arguments.case)
    write_report(
        arguments.output,
        scheme.edit(given_edits(arguments)),
        panel,
        named_scenarios(arguments),
        title=arguments.title,
        source=arguments.case,
    )
    said(Words("已写入 {}", "Written: {}").format(arguments.output))


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
        write_workbook(path, *load_case(arguments.case), load_scenarios(arguments.case))
    else:
        write_empty(path)
    said(Words("已写入 {}", "Written: {}").format(path))


def _exercise(arguments: argparse.Namespace) -> None:
    from simkaohe.lessons import training_exercise
    from simkaohe.report.exercise import write_exercise

    scheme = panel = None
    if arguments.case:
        scheme, panel = load_case(arguments.case)
        scheme = scheme.edit(given_edits(arguments))
    drawn = training_exercise(arguments.seed, scheme, panel, questions=arguments.questions)
    write_exercise(arguments.output, drawn)
    said(Words("已写入 {}", "Written: {}").format(arguments.output))


def _cases(arguments: argparse.Namespace) -> str:
    rows = []
    for name, folder in bundled_cases().items():
        scheme = read_scheme(folder / "scheme.yaml")
        rows.append({"case": name, "name": scheme.label, "indicators": len(scheme.indicators)})
    return shown(pd.DataFrame(rows), arguments, None)


def _schema(arguments: argparse.Namespace) -> str:
    del arguments
    return json.dumps(Scheme.model_json_schema(), ensure_ascii=False, indent=2)
