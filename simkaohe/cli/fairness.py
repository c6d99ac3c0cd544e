"""``simkaohe fairness``: the audit, as text, table or page."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from textwrap import indent
from typing import Any

from simkaohe.cli.options import Commands, case, edits, file, reader, scenario, table, told
from simkaohe.cli.printing import said, shown
from simkaohe.cli.reading import given_edits, load_case, one_scenario
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.fairness.asking import MEASURES, complaints_of
from simkaohe.fairness.auditing import Audit, audit
from simkaohe.fairness.finding import LIGHTS
from simkaohe.labels import Words
from simkaohe.scheme.problems import quoted

COLUMN = Words("列", "COLUMN")
NAMES = ", ".join(MEASURES)
LISTS = {
    "measure": (
        Words("名称", "NAME"),
        Words(
            f"只查这一项，可用的有 {NAMES}；可写多次", f"only this one of {NAMES}; may be repeated"
        ),
    ),
    "covariate": (
        COLUMN,
        Words(
            "单位自己决定不了的条件；不写：全部背景数据；可写多次",
            "what units cannot control; default: all covariates; may be repeated",
        ),
    ),
    "lagged": (
        Words("指标", "INDICATOR"),
        Words("几年后才见效的指标；可写多次", "its results show only years later; may be repeated"),
    ),
    "appeals": (
        Words("加减分", "ADJUSTMENT"),
        Words("申诉后补回的分；可写多次", "by which appeals give points back; may be repeated"),
    ),
}
ONES = {
    "size": (COLUMN, Words("单位的规模，背景数据的一列", "how large a unit is, a covariate")),
    "effort": (COLUMN, Words("真实的努力程度，如果知道", "true effort, where it is known")),
}
points = reader(float, lambda x: 0 <= x <= 100, "0 到 100 的分数", "0 to 100")
number = reader(float, math.isfinite, "数", "a number")


def add(commands: Commands) -> None:
    """Add the command of this module."""
    asked = told("方案偏向谁", "ask whom the scheme favours")
    found = commands.add("fairness", _fairness, asked, table, edits, case, scenario)
    page = told("写成网页，可打印", "write a page, to print")
    found.add_argument("--html", type=file, metavar=told("文件", "FILE"), help=page)
    for name, (what, words) in LISTS.items():
        found.add_argument(f"--{name}", action="append", metavar=str(what), help=str(words))
    for name, (what, words) in ONES.items():
        found.add_argument(f"--{name}", metavar=str(what), help=str(words))
    found.add_argument(
        "--cutoff",
        action="append",
        type=number,
        metavar=told("数", "NUMBER"),
        help=told(
            "划分类别的规模界线，与 --size 同用；可写多次",
            "a line between categories, in the unit of --size; may be repeated",
        ),
    )
    found.add_argument(
        "--pass-line",
        type=points,
        metavar=told("分数", "POINTS"),
        help=told("各部分的合格线；不写：常用的 60 分", "of every part; default: 60 where usual"),
    )
    found.add_argument(
        "--error",
        action="append",
        default=[],
        metavar=told("指标=误差", "INDICATOR=ERROR"),
        help=told(
            "指标值的标准误差，如 1.5 或 3%%；可写多次",
            "standard error of an indicator's values, 1.5 or 3%%; may be repeated",
        ),
    )


def _fairness(arguments: argparse.Namespace) -> str | None:
    if arguments.html and (arguments.output or arguments.format != "table"):
        words = Words("不能与 -o 或 --format 同用", "not together with -o or --format")
        raise SimkaoheError(Problem("--html", words))
    base, panel = load_case(arguments.case)
    changes, named = given_edits(arguments), arguments.scenario is not None
    scheme = base.edit(one_scenario(arguments)) if named else base
    scheme = scheme.edit(changes) if changes else scheme
    found = audit(
        scheme,
        panel,
        before=base if named or changes else None,
        measures=arguments.measure,
        covariates=arguments.covariate,
        effort=arguments.effort,
        size=arguments.size,
        cutoffs=arguments.cutoff,
        errors=dict(_error(text) for text in arguments.error) or None,
        lagged=arguments.lagged,
        appeals=arguments.appeals,
        pass_lines=arguments.pass_line,
    )
    if arguments.html:
        from simkaohe.report import write_audit

        write_audit(arguments.html, found, source=arguments.case)
        said(Words("已写入 {}", "Written: {}").format(arguments.html))
        return None
    if arguments.format != "table":
        return shown(found.table.reset_index(), arguments, None)
    return "\n".join(_lines(found))


def _error(text: str) -> tuple[str, str]:
    name, equals, error = text.partition("=")
    if not equals:
        expected = Words("指标=误差", "INDICATOR=ERROR")
        raise SimkaoheError(Problem("--error", quoted(text), expected))
    return name.strip(), error.strip()


def _lines(found: Audit) -> Iterator[str]:
    """Yield the audit as text, section by section."""
    table = found.table
    for _, title, findings in found.sections():
        yield f"{title}"
        for finding in findings:
            numbers = ", ".join(map(str, complaints_of(finding.topic)))
            was = ""
            if found.before is not None:
                old: Any = table.at[finding.topic, "light_before"]
                was = f"{LIGHTS[old]} → " if old and old != finding.light else ""
            yield f"  {was}{LIGHTS[finding.light]}  {finding.question}" + (
                f"  (№ {numbers})" if numbers else ""
            )
            yield indent(f"{finding.sentence}", " " * 6)
        yield ""
    counts = [f"{LIGHTS[light]} × {count}" for light, count in found.counts.items()]  # type: ignore[index]
    yield "  ".join(counts)
