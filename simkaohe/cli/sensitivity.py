"""``simkaohe sensitivity``: how sure the places are."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd

from simkaohe import sensitivity
from simkaohe.cli.options import Commands, case, edits, reader, seed, table, told
from simkaohe.cli.printing import shown
from simkaohe.cli.reading import given_edits, load_case
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.result import evaluate
from simkaohe.scheme.problems import quoted
from simkaohe.scheme.tree import Scheme
from simkaohe.sensitivity.layout import BATCHES, BITS

if TYPE_CHECKING:
    from simkaohe.sensitivity.passing import Change


def add(commands: Commands) -> None:
    """Add the command of this module."""
    words = told("名次有多稳", "print how sure the places are")
    sure = commands.add("sensitivity", _sensitivity, words, table, edits, case)
    for name, (metavar, told_as, more) in VARIED.items():
        sure.add_argument(f"--{name}", metavar=str(metavar), help=str(told_as), **more)
    title = told("不抽样，直接求", "instead of chances")
    exact = sure.add_argument_group(title).add_mutually_exclusive_group()
    words = told(
        "一个数从小到大变，单位在哪里换位", "where units change places along one number, exactly"
    )
    exact.add_argument("--along", metavar=told("路径", "PATH"), help=words)
    words = told(
        "权重最少改多少，单位能超过对手",
        "the smallest change of weights that lets UNIT pass RIVAL",
    )
    names = told("单位", "UNIT"), told("对手", "RIVAL")
    exact.add_argument("--overtake", nargs=2, metavar=names, help=words)
    for name, (_, told_as) in TABLES.items():
        exact.add_argument(
            f"--{name}", action="store_const", dest="table", const=name, help=str(told_as)
        )


WITHIN, DRAWS, MOST = 0.25, 100_000, BATCHES << BITS
_draws = reader(int, lambda n: 1 <= n <= MOST, f"1 到 {MOST} 的整数", f"1 to {MOST}")
_share = reader(float, lambda x: 0 < x <= 1, "大于 0、不大于 1 的数", "above 0, at most 1")
VARIED: dict[str, tuple[Words | str, Words, dict[str, Any]]] = {
    "within": (
        Words("比例", "SHARE"),
        Words(
            "权重变动多少，0.25 即 ±25%%（默认）",
            "how far the weights vary, 0.25 for ± 25 %% (default)",
        ),
        {"type": _share},
    ),
    "range": (
        Words("路径=下限:上限", "PATH=LOW:HIGH"),
        Words(
            "方案的另一个数也跟着变；可写多次",
            "let a number of the scheme vary as well; may be repeated",
        ),
        {"action": "append"},
    ),
    "draws": (
        "N",
        Words("抽样次数（默认 100000）", "how many draws (default: 100000)"),
        {"type": _draws},
    ),
    "seed": (
        "N",
        Words("抽样编号：同样的编号抽出同样的样", "the same number gives the same draws"),
        {"type": seed},
    ),
    "group": (
        Words("节点", "NODE"),
        Words("改谁下面的权重；不写：总分", "whose children's weights change; default: the root's"),
        {},
    ),
}
"""The options that only some answers heed: what their value is called, and their help."""
CHANCES = Words("抽样", "chances by drawing")
HEEDED: dict[str, tuple[str | Words, ...]] = {
    "within": (CHANCES, "--rank-range"),
    "range": (CHANCES,),
    "draws": (CHANCES,),
    "seed": (CHANCES,),
    "group": ("--overtake", "--robustness", "--rank-range"),
}
"""Which answers heed an option; with another it is refused, as it would change nothing."""


def _refuse_what_is_not_heeded(arguments: argparse.Namespace) -> None:
    named = "along" if arguments.along is not None else arguments.table
    asked = "overtake" if arguments.overtake else named
    answer = f"--{asked}" if asked else CHANCES
    for name, heeding in HEEDED.items():
        if getattr(arguments, name) is not None and answer not in heeding:
            zh, en = ([getattr(each, of, each) for each in heeding] for of in ("zh", "en"))
            only = Words(f"只有 {'、'.join(zh)} 用得到它", f"only for {', '.join(en)}")
            leave = Words("与 {} 同用时请去掉", "Leave it out with {}").format(answer)
            raise SimkaoheError(Problem(f"--{name}", only, remedy=leave if asked else ""))


def _pairs(arguments: argparse.Namespace, scheme: Scheme, panel: Panel) -> pd.DataFrame:
    return sensitivity.robustness(scheme, panel, group=arguments.group).pairs


def _reach(arguments: argparse.Namespace, scheme: Scheme, panel: Panel) -> pd.DataFrame:
    within, group = arguments.within or WITHIN, arguments.group
    found = sensitivity.rank_range(scheme, panel, group, within=within).table.reset_index()
    return found.rename(columns={"best": "best_rank", "worst": "worst_rank"})


def _effective(_: argparse.Namespace, scheme: Scheme, panel: Panel) -> pd.DataFrame:
    return sensitivity.effective_weights(scheme, panel).table.reset_index()


def _each(_: argparse.Namespace, scheme: Scheme, panel: Panel) -> pd.DataFrame:
    return sensitivity.one_at_a_time(scheme, panel).table.reset_index()


def _without(_: argparse.Namespace, scheme: Scheme, panel: Panel) -> pd.DataFrame:
    return sensitivity.leave_one_out(scheme, panel).table.reset_index()


TABLES: dict[str, tuple[Callable[[argparse.Namespace, Scheme, Panel], pd.DataFrame], Words]] = {
    "robustness": (
        _pairs,
        Words(
            "相邻两个单位的先后经得起权重多大变动",
            "what change of the weights the order of every two neighbours survives",
        ),
    ),
    "rank-range": (
        _reach,
        Words("在 --within 范围内最好、最差的名次", "the best and the worst rank within --within"),
    ),
    "effective": (
        _effective,
        Words("有效权重与名义权重", "effective weights beside nominal ones"),
    ),
    "one-at-a-time": (
        _each,
        Words(
            "每个数各改一成，名次动多少",
            "what every number of the scheme moves, changed by a tenth",
        ),
    ),
    "leave-one-out": (
        _without,
        Words("去掉一个指标，排名怎样", "what the ranking would be without each indicator"),
    ),
}


def _sensitivity(arguments: argparse.Namespace) -> str:
    _refuse_what_is_not_heeded(arguments)
    scheme, panel = load_case(arguments.case)
    scheme = scheme.edit(given_edits(arguments))
    if arguments.along is not None:
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
    what: list[Any] = [sensitivity.weights(within=arguments.within or WITHIN)]
    if arguments.range:
        what.append(sensitivity.ranges(dict(_range(text) for text in arguments.range)))
    drawn = sensitivity.montecarlo(
        scheme,
        panel,
        *what,
        draws=arguments.draws or DRAWS,
        seed=arguments.seed or 0,
        progress=_at_a_terminal(),
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
        bounds = float(low), float(high)
        if not -math.inf < bounds[0] <= bounds[1] < math.inf:
            raise ValueError(span)
        return path.strip(), bounds
    except ValueError as error:
        found = Words("没有等号或冒号", "no = or :") if not (equals and colon) else quoted(span)
        raise SimkaoheError(
            Problem(f"--range {text}".rstrip(), found, Words("路径=下限:上限", "PATH=LOW:HIGH"))
        ) from error


def _at_a_terminal() -> bool:
    return sys.stderr.isatty()
