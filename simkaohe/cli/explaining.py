"""``simkaohe explain``, ``diagnose`` and ``scoreboard``: how units come by their places."""

from __future__ import annotations

import argparse

from simkaohe.cli.options import Commands, case, edits, table, told, unit
from simkaohe.cli.printing import shown
from simkaohe.cli.reading import given_edits, load_case
from simkaohe.diagnosis import THIRDS, diagnose, scoreboard
from simkaohe.result import evaluate


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    words = told("一个单位的总分怎么来的", "print how one unit's total came about")
    commands.add("explain", _explain, words, table, edits, case, unit)
    words = told("一个单位在哪里失分", "print where one unit loses its points")
    commands.add("diagnose", _diagnose, words, table, edits, case, unit)
    words = told("所有单位一张表", "print all units and where they stand")
    board = commands.add("scoreboard", _scoreboard, words, table, edits, case)
    board.add_argument(
        "--before",
        metavar=told("案例", "CASE"),
        help=told("同一批单位的前一期", "the same units at an earlier date"),
    )


def _explain(arguments: argparse.Namespace) -> str:
    scheme, panel = load_case(arguments.case)
    result = evaluate(scheme.edit(given_edits(arguments)), panel)
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
    return shown(steps, arguments, None)


def _diagnose(arguments: argparse.Namespace) -> str:
    scheme, panel = load_case(arguments.case)
    found = diagnose(evaluate(scheme.edit(given_edits(arguments)), panel), arguments.unit.strip())
    indicators = found.indicators.reset_index()
    if arguments.format != "table":
        return shown(indicators, arguments, None)
    indicators["third"] = [str(THIRDS[third]) for third in indicators["third"]]
    thirds = ", ".join(f"{THIRDS[third]} {share:.0%}" for third, share in found.thirds.items())
    parts = [
        f"{arguments.unit}: {thirds}",
        shown(indicators.drop(columns="indicator"), arguments, None),
    ]
    if len(found.departments) > 1:
        parts.append(shown(found.departments.reset_index(), arguments, None))
    if len(found.progress):
        parts.append(shown(found.progress.reset_index(drop=True), arguments, None))
        parts.append(shown(found.progress_by_department.reset_index(), arguments, None))
    return "\n\n".join(parts)


def _scoreboard(arguments: argparse.Namespace) -> str:
    scheme, panel = load_case(arguments.case)
    scheme = scheme.edit(given_edits(arguments))
    before = evaluate(*load_case(arguments.before)) if arguments.before is not None else None
    board = scoreboard(evaluate(scheme, panel), before).reset_index()
    if arguments.format == "table":
        for third in THIRDS:
            board[third] = [f"{share:.0%}" for share in board[third]]
        for column in ("best", "worst"):
            board[column] = [node and scheme.nodes[node].label for node in board[column]]
    return shown(board, arguments, scheme)
