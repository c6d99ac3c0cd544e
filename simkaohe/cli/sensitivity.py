"""``simkaohe sensitivity``: how sure the places are."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import pandas as pd

from simkaohe.cli.options import CASE, EDITS, TABLE, Commands, places, share
from simkaohe.cli.printing import shown
from simkaohe.cli.reading import given_edits, load_case
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words
from simkaohe.result import evaluate
from simkaohe.scheme.problems import quoted


def add(commands: Commands) -> None:
    """Add the command of this module."""
    sure = commands.add("sensitivity", _sensitivity, "print how sure the places are", TABLE, EDITS)
    sure.add_argument("case", **CASE)
    sure.add_argument(
        "--within",
        type=share,
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
    sure.add_argument("--draws", type=places, default=100_000, metavar="N")
    sure.add_argument("--seed", type=int, default=0, metavar="N")
    sure.add_argument(
        "--along",
        metavar="PATH",
        help="instead: where units change places along one number, exactly",
    )


def _sensitivity(arguments: argparse.Namespace) -> str:
    from simkaohe import sensitivity

    scheme, panel = load_case(arguments.case)
    scheme = scheme.edit(given_edits(arguments))
    if arguments.along:
        found = sensitivity.breakpoints(scheme, panel, arguments.along)
        return shown(found.points, arguments, None)
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
    text = shown(frame.reset_index(), arguments, scheme)
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
