"""``simkaohe rank`` and ``compare``: the ranking, and who moves under scenarios."""

from __future__ import annotations

import argparse

import pandas as pd

from simkaohe.cli.options import Commands, case, edits, places, scenario, scenarios, table, told
from simkaohe.cli.printing import shown
from simkaohe.cli.reading import given_edits, load_case, named_scenarios, one_scenario
from simkaohe.comparison import compare
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words, reader_name
from simkaohe.result import evaluate
from simkaohe.scheme.edit import Scenario


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    words = told("排名", "print the ranking of a case")
    commands.add("rank", _rank, words, table, edits, case, scenario)
    words = told("各情景下谁升谁降", "print who moves under scenarios")
    shifts = commands.add("compare", _compare, words, table, edits, case, scenarios)
    words = told("只看谁进入、谁退出前 K 名", "who enters and leaves the top K")
    shifts.add_argument("--top", type=places, metavar="K", help=words)


def _rank(arguments: argparse.Namespace) -> str:
    scheme, panel = load_case(arguments.case)
    if arguments.scenario is not None:
        scheme = scheme.edit(one_scenario(arguments))
    scheme = scheme.edit(given_edits(arguments))
    result = evaluate(scheme, panel)
    ranking = result.ranking.join(result.uses.add_prefix("uses."))
    return shown(ranking.reset_index(), arguments, scheme)


def _compare(arguments: argparse.Namespace) -> str:
    scheme, panel = load_case(arguments.case)
    edits = given_edits(arguments)
    scenarios = [] if edits and not arguments.scenarios else named_scenarios(arguments)
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
    for each in scenarios:
        name = each.name if each.name not in schemes else f"{each.name} ({len(schemes)})"
        try:
            schemes[name] = scheme.edit(each)
        except SimkaoheError as error:
            raise error.inside(each.name) from error
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
        return shown(whole[columns], arguments, scheme)
    nobody = told("没有单位进出", "nobody enters or leaves")
    titles = {s.name: reader_name(s.name, s.name_en) for s in scenarios}
    parts = [
        f"{titles.get(name, name)}\n{shown(table.reset_index(), arguments, scheme) if len(table) else nobody}"
        for name, table in tables.items()
    ]
    return "\n\n".join([*parts, shown(shift.statistics.reset_index(), arguments, None)])
