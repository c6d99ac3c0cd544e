"""What an audit asks (检查什么): measures, the twenty complaints, the numbers and their headings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from simkaohe.errors import Problem, unknown
from simkaohe.fairness.benefit import REACHES
from simkaohe.fairness.given import COVARIATE, INDICATOR, NOTHING, indicators
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.rules import Rule
from simkaohe.scheme.tree import Scheme
from simkaohe.scheme.wording import ANSWERS, NAMED, in_words

MEASURES = {
    "parity": Words("类别之间", "Between categories"),
    "cliffs": Words("类别边界", "Category boundaries"),
    "similar_units": Words("相似的单位", "Similar units"),
    "endowment": Words("区位与基数", "Endowment"),
    "most_favourable_weights": Words("最有利的权重", "Most favourable weights"),
    "noise": Words("误差", "Noise"),
    "money": Words("资金与名额", "Money and quotas"),
    "effort": Words("努力与得分", "Effort"),
    "ratchet": Words("鞭打快牛", "The ratchet"),
    "reporting": Words("报低与报高", "Reporting"),
    "leverage": Words("方案自身的构造", "The scheme's own construction"),
}
"""What is asked, in the page's order; each is a function of this room."""


class Complaint(NamedTuple):
    """A complaint of practice, and the topics of the findings that answer it."""

    words: Words
    topics: tuple[str, ...]


def _complaint(zh: str, en: str, *topics: str) -> Complaint:
    return Complaint(Words(zh, en), topics)


COMPLAINTS: Mapping[int, Complaint] = dict(enumerate((
    _complaint("区位、基数决定结果", "location and base decide",
               "endowment.total", "endowment.indicators", "endowment.ranking"),
    _complaint("鞭打快牛", "the fast ox is whipped", "ratchet.taken_back", "ratchet.penalty"),
    _complaint("低报高超、层层加码", "low targets, high results",
               "reporting.sandbagging", "reporting.amplification"),
    _complaint("类别边界", "category boundaries are cliffs",
               "cliffs.decided", "cliffs.others", "cliffs.boundary"),
    _complaint("满意度误差", "satisfaction is noise",
               "noise.places", "noise.grades", "noise.reliability", "noise.sample"),
    _complaint("指标稀释", "weights are diluted", "leverage.weights", "effort.ignored"),
    _complaint("加分左右结果", "bonus points decide", "leverage.bonus", "endowment.adjustments"),
    _complaint("封顶挤压", "scores stick at the ceiling", "leverage.ceiling", "effort.idle"),
    _complaint("乘数放大", "the multiplier decides", "leverage.multiplier"),
    _complaint("一票否决", "one veto decides", "leverage.veto"),
    _complaint("差一位差几分", "a hair's breadth costs points", "leverage.twins", "similar_units.steps"),
    _complaint("互相牵连", "my place hangs on a third unit",
               "leverage.interdependence", "cliffs.others"),
    _complaint("显绩与潜绩", "late results do not count", "leverage.lagged", "effort.lagged"),
    _complaint("软硬指标", "only hard targets are heard", "leverage.attention", "effort.perverse"),
    _complaint("数据注水", "figures are dressed up", "reporting.gaming"),
    _complaint("归属误差", "shared results are miscounted", "leverage.attribution"),
    _complaint("同等努力，不同名次", "equal effort, unequal place", "similar_units.effort", "similar_units.pairs",
               "similar_units.identical", "similar_units.reversals", "similar_units.lines"),
    _complaint("申诉、争取", "points are won back by appeal", "leverage.appeals"),
    _complaint("稳健性", "other weights, another winner", "leverage.robustness"),
    _complaint("以长掩短", "a failed part is made up for", "leverage.pass_lines"),
), 1))  # fmt: skip
"""The twenty complaints by number; the manual's part 11."""
NUMBERS: Mapping[str, str] = {
    "parity": "table", "parity.quota": "grades", "parity.rank": "pairs", "cliffs": "units",
    "cliffs.others": "table", "cliffs.boundary": "near", "similar_units.pairs": "pairs",
    "similar_units.identical": "identical", "similar_units.reversals": "reversals",
    "similar_units.lines": "lines", "similar_units.steps": "steps",
    "similar_units.effort": "effort", "endowment": "nodes", "endowment.total": "covariates",
    "endowment.ranking": "net", "most_favourable_weights": "table", "noise": "table",
    "noise.grades": "grades", "noise.reliability": "errors", "noise.sample": "errors",
    "money": "table", "money.categories": "categories", "money.change": "changes",
    "effort": "indicators", "ratchet": "indicators", "ratchet.penalty": "units",
    "reporting": "units", "reporting.amplification": "amplification", "leverage": "weights",
    "leverage.lagged": "attention", "leverage.attention": "attention",
    "leverage.ceiling": "ceilings", "leverage.twins": "twins", "leverage.bonus": "bonuses",
    "leverage.multiplier": "multipliers", "leverage.veto": "vetoes",
    "leverage.interdependence": "others", "leverage.attribution": "attribution",
    "leverage.appeals": "appeals", "leverage.robustness": "robustness",
    "leverage.pass_lines": "pass_lines",
}  # fmt: skip
"""Which table of its measure's result a finding comes from; the longest topic that fits says it."""


def complaints_of(topic: str) -> list[int]:
    """Return the numbers of the complaints that a finding answers."""
    return [number for number, complaint in COMPLAINTS.items() if topic in complaint.topics]


def numbers_of(topic: str) -> str:
    """Return the name of the table that a finding comes from."""
    while topic not in NUMBERS:
        topic = topic.rpartition(".")[0]
    return NUMBERS[topic]


def unknown_names(scheme: Scheme, panel: Panel, given: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for every name that the caller gives and that does not exist."""
    adjustments = {name: each.name or "" for name, each in scheme.adjustments.items() if each.sign}
    nodes = {name: node.label for name, node in scheme.nodes.items()}
    kinds: list[tuple[str, Iterable[str], Words]] = [
        ("covariates effort size", panel.columns("covariates"), COVARIATE),
        ("errors lagged higher", indicators(scheme), INDICATOR),
        ("appeals", adjustments, Words("加减分", "adjustment")),
        ("pass_lines", nodes, Words("指标或分组", "indicator or group")),
    ]
    for options, known, words in kinds:
        for option in options.split():
            names = given.get(option, ())
            for name in (
                [names] if isinstance(names, str) else names if isinstance(names, Iterable) else []
            ):
                if name not in known:
                    yield unknown(option, name, known, words)
    if "cutoffs" in given and "size" not in given:
        yield Problem("size", NOTHING, Words("界线划分的规模数据", "what they cut"))


# -- in print --------------------------------------------------------------------------------------

KINDS = {
    "total": Words("总分", "total"),
    "group": Words("分组", "group"),
    "indicator": Words("指标", "indicator"),
    "adjustment": Words("加减分", "bonus or deduction"),
    "hard": Words("硬指标", "counted"),
    "soft": Words("软指标", "judged"),
}
SOURCES = {
    "survey": Words("抽样调查", "survey"),
    "answers": Words("答卷", "answers"),
    "stated": Words("另行给出", "stated"),
    "unknown": Words("不明", "unknown"),
}


def numbers_in_words(scheme: Scheme, numbers: pd.DataFrame) -> pd.DataFrame:
    """Return the table of a finding as people read it: no ids, no codes, headings in their language.

    Parameters
    ----------
    scheme : Scheme
    numbers : DataFrame
        As :meth:`Audit.numbers` returns it.

    Returns
    -------
    DataFrame
        Its index has become columns.
    """
    shown, comma = numbers.reset_index(), str(Words("、", ", "))
    if "path" in shown:  # of data that several indicators may read
        readers = [
            comma.join(scheme.nodes[i].label for i in ids.split("、"))
            for ids in shown["indicators"]
        ]
        shown.insert(0, "name", readers)
    if "name" in shown:
        shown = shown.drop(columns=[column for column in shown if column in NAMED])
    words: dict[str, Mapping[Any, Any]] = {
        "kind": KINDS,
        "source": SOURCES,
        "top": {**REACHES, **ANSWERS},
        "half": REACHES,
        "method": {name: rule.label for name, rule in Rule.family.items()},
    }
    for column in shown.select_dtypes(exclude="number"):
        known = words.get(str(column).removesuffix("_there"), ANSWERS)
        shown[column] = [str(known.get(value, value)) for value in shown[column].fillna("–")]
    return in_words(shown, scheme)
