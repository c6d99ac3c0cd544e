"""``simkaohe report``, ``template``, ``cases`` and ``schema``: files to take along."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pandas as pd

from simkaohe.cli.options import (
    Commands,
    add_file,
    case,
    edits,
    lang,
    output,
    places,
    scenarios,
    seed,
    table,
    told,
)
from simkaohe.cli.printing import said, shown
from simkaohe.cli.reading import given_edits, load_case, named_scenarios
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.files import bundled_cases, load_scenarios, read_scheme
from simkaohe.labels import Words
from simkaohe.scheme.tree import Scheme


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    words = told("写一份报告，可打印、可上交", "write a report, to print or to hand in")
    report = commands.add("report", _report, words, lang, edits, case, scenarios)
    words = told("不写：由方案名称而来", "default: made of the scheme's name")
    report.add_argument("--title", metavar=told("标题", "TITLE"), help=words)
    words = told(".html（网页）或 .xlsx（工作簿）", "FILE.html or FILE.xlsx")
    add_file(report, words, required=True)
    _add_template(commands)
    _add_exercise(commands)
    commands.add("cases", _cases, told("自带的案例", "list the bundled cases"), table)
    words = told("方案文件的 JSON Schema（供程序用）", "print the JSON Schema of a scheme")
    commands.add("schema", _schema, words, output)


def _add_template(commands: Commands) -> None:
    words = told("写一个待填的工作簿", "write a workbook to fill in")
    template = commands.add("template", _template, words, lang)
    case(template, Words("空的工作簿", "an empty workbook"))
    words = told("不写：案例名.xlsx 或 template.xlsx", "default: CASE.xlsx or template.xlsx")
    add_file(template, words)
    words = told("覆盖已有的文件", "replace a file that is there")
    template.add_argument("--force", action="store_true", help=words)


def _add_exercise(commands: Commands) -> None:
    words = told("为课堂出一份练习", "write an exercise for a class")
    exercise = commands.add("exercise", _exercise, words, lang, edits)
    case(exercise, Words("虚构的方案", "an invented scheme"))
    words = told(
        "题目编号（默认 1）：同样的编号出同样的题",
        "the same number gives the same exercise (default: 1)",
    )
    exercise.add_argument("--seed", type=seed, default=1, metavar="N", help=words)
    words = told("题数（默认 8）", "how many questions (default: 8)")
    exercise.add_argument("--questions", type=places, default=8, metavar="N", help=words)
    add_file(exercise, told("工作簿，.xlsx", "FILE.xlsx"), required=True)


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
        suffix = Words("后缀“{}”", "the suffix '{}'").format(path.suffix)
        raise SimkaoheError(Problem(str(path), suffix, ".xlsx"))
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
