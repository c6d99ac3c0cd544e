"""``simkaohe sensitivity``: how sure the places are."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd

from simkaohe import sensitivity
from simkaohe.cli.options import CASE, EDITS, TABLE, Commands, places, seed, share
from simkaohe.cli.printing import shown
from simkaohe.cli.reading import given_edits, load_case
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.result import evaluate
from simkaohe.scheme.problems import quoted
from simkaohe.scheme.tree import Scheme

if TYPE_CHECKING:
    from simkaohe.sensitivity.passing import Change


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
    sure.add_argument("--seed", type=seed, default=0, metavar="N")
    exact = sure.add_argument_group("instead of chances").add_mutually_exclusive_group()
    exact.add_argument(
        "--along", metavar="PATH", help="where units change places along one number, exactly"
    )
    exact.add_argument(
        "--overtake",
        nargs=2,
        metavar=("UNIT", "RIVAL"),
        help="the smallest change of weights that lets UNIT pass RIVAL",
    )
    for name, (_, words) in TABLES.items():
        exact.add_argument(f"--{name}", action="store_const", dest="table", const=name, help=words)
    sure.add_argument(
        "--group", metavar="NODE", help="whose children's weights change; default: the root's"
    )


def _pairs(arguments: argparse.Namespace, scheme: Scheme, panel: Panel) -> pd.DataFrame:
    return sensitivity.robustness(scheme, panel, group=arguments.group).pairs


def _reach(arguments: argparse.Namespace, scheme: Scheme, panel: Panel) -> pd.DataFrame:
    within, group = arguments.within, arguments.group
    found = sensitivity.rank_range(scheme, panel, group, within=within).table.reset_index()
    return found.rename(columns={"best": "best_rank", "worst": "worst_rank"})


def _effective(_: argparse.Namespace, scheme: Scheme, panel: Panel) -> pd.DataFrame:
    return sensitivity.effective_weights(scheme, panel).table.reset_index()


def _each(_: argparse.Namespace, scheme: Scheme, panel: Panel) -> pd.DataFrame:
    return sensitivity.one_at_a_time(scheme, panel).table.reset_index()


def _without(_: argparse.Namespace, scheme: Scheme, panel: Panel) -> pd.DataFrame:
    return sensitivity.leave_one_out(scheme, panel).table.reset_index()


TABLES: dict[str, tuple[Callable[[argparse.Namespace, Scheme, Panel], pd.DataFrame], str]] = {
    "robustness": (_pairs, "what change of the weights the order of every two neighbours survives"),
    "rank-range": (_reach, "the best and the worst rank within --within"),
    "effective": (_effective, "effective weights beside nominal ones"),
    "one-at-a-time": (_each, "what every number of the scheme moves, changed by a tenth"),
    "leave-one-out": (_without, "what the ranking would be without each indicator"),
}


GROUPED = ("robustness", "rank-range")


def _sensitivity(arguments: argparse.Namespace) -> str:
    scheme, panel = load_case(arguments.case)
    scheme = scheme.edit(given_edits(arguments))
    if arguments.group and not (arguments.overtake or arguments.table in GROUPED):
        words = Words(
            "只用于 --overtake、--robustness 和 --rank-range",
            "only for --overtake, --robustness and --rank-range",
        )
        raise SimkaoheError(Problem("--group", words))
    if arguments.along:
        found = sensitivity.breakpoints(scheme, panel, arguments.along)
        return shown(found.points, arguments, None)
    if arguments.overtake:
        change = sensitivity.overtake(scheme, panel, *arguments.overtake, group=arguments.group)
        return _overtaking(change, arguments)
    if arguments.table:
        return shown(TABLES[arguments.table][0](arguments, scheme, panel), arguments, None)
    return _chances(arguments, scheme, panel)


def _overtaking(change: Change, arguments: argparse.Namespace) -> str:
    unit, rival = arguments.overtake
    weights = change.weights.reset_index().rename(columns={"change": "difference"})
    text = shown(weights, arguments, None)
    if arguments.format != "table":
        return text
    if not change.possible:
        words = Words("不论权重如何，{0}都赶不上{1}", "no weights let {0} pass {1}")
    elif not change.distance:
        words = Words("{0}不需要改变权重，已不落后于{1}", "{0} is already level with {1} or ahead")
    else:
        words = Words(
            "各权重改变之和达到 {2:.2%} 时，{0}与{1}持平",
            "{0} draws level with {1} once the weights change by {2:.2%} in all",
        )
    return f"{text}\n\n{words.format(unit, rival, change.distance)}"


def _chances(arguments: argparse.Namespace, scheme: Scheme, panel: Panel) -> str:
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
