"""``simkaohe fairness``: the audit, as text, table or page."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from typing import Any

from simkaohe.cli.options import CASE, EDITS, SCENARIO, TABLE, Commands
from simkaohe.cli.printing import said, shown
from simkaohe.cli.reading import given_edits, load_case, one_scenario
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.fairness.asking import MEASURES, complaints_of
from simkaohe.fairness.auditing import Audit, audit
from simkaohe.fairness.finding import LIGHTS
from simkaohe.labels import Words
from simkaohe.scheme.problems import quoted

LISTS = {
    "measure": ("NAME", f"only this one of {', '.join(MEASURES)}; may be repeated"),
    "covariate": ("COLUMN", "what units cannot control; default: all covariates; may be repeated"),
    "lagged": ("INDICATOR", "its results show only years later; may be repeated"),
    "appeals": ("ADJUSTMENT", "by which appeals give points back; may be repeated"),
}


def add(commands: Commands) -> None:
    """Add the command of this module."""
    found = commands.add("fairness", _fairness, "ask whom the scheme favours", TABLE, EDITS)
    found.add_argument("case", **CASE)
    found.add_argument("--scenario", **SCENARIO)
    found.add_argument("--html", type=Path, metavar="FILE", help="write a page, to print")
    for name, (what, words) in LISTS.items():
        found.add_argument(f"--{name}", action="append", metavar=what, help=words)
    found.add_argument("--size", metavar="COLUMN", help="how large a unit is, a covariate")
    found.add_argument(
        "--cutoff",
        action="append",
        type=float,
        metavar="NUMBER",
        help="a line between categories, in the unit of --size; may be repeated",
    )
    found.add_argument("--effort", metavar="COLUMN", help="true effort, where it is known")
    found.add_argument(
        "--pass-line", type=float, metavar="POINTS", help="of every part; default: 60 where usual"
    )
    found.add_argument(
        "--error",
        action="append",
        default=[],
        metavar="INDICATOR=ERROR",
        help="standard error of an indicator's values, 1.5 or 3%%; may be repeated",
    )


def _fairness(arguments: argparse.Namespace) -> str | None:
    base, panel = load_case(arguments.case)
    edits = given_edits(arguments)
    scheme = base.edit(one_scenario(arguments)) if arguments.scenario else base
    scheme = scheme.edit(edits) if edits else scheme
    found = audit(
        scheme,
        panel,
        before=base if arguments.scenario or edits else None,
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
