"""What an audit asks (检查什么): measures, the twenty complaints, the numbers and their headings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from simkaohe.errors import Problem, unknown
from simkaohe.fairness.benefit import REACHES
from simkaohe.fairness.finding import called
from simkaohe.fairness.given import COVARIATE, INDICATOR, NOTHING, indicators
from simkaohe.labels import Words, column_label
from simkaohe.panel import Panel
from simkaohe.scheme.rules import Rule
from simkaohe.scheme.tree import Scheme

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

HEADINGS = {
    "group": ("组", "Group"), "units": ("单位数", "Units"),
    "share_units": ("占单位", "Share of units"),
    "mean_percentile": ("平均百分位", "Mean percentile"), "mean_score": ("平均得分", "Mean score"),
    "exposure": ("位次份额", "Exposure"), "share_exposure": ("占位次份额", "Share of exposure"),
    "share": ("占比", "Share"), "share_grade": ("占等次", "Share of grade"),
    "quota": ("规定比例", "Quota"), "seats": ("名额", "Seats"),
    "effective": ("实际分量", "Effective"), "deviation": ("偏差", "Deviation"),
    "unused": ("空余", "Unused"), "other": ("另一个", "Other"),
    "superiority": ("排前的可能", "Chance to be ahead"), "score_gap": ("得分差", "Gap of scores"),
    "p": ("偶然可能", "Chance alone (p)"), "p_adjusted": ("校正后", "p, adjusted"),
    "p_joint": ("校正后", "p, joint"), "regraded": ("等次改变", "Regraded"),
    "gain": ("最多得", "Gain"), "loss": ("最多失", "Loss"), "bands": ("升降等次", "Grades up"),
    "to": ("换到", "To"), "standing": ("类内位置", "Standing"), "jump": ("位置变化", "Jump"),
    "others_regraded": ("他人等次改变", "Others regraded"),
    "others_points": ("他人分数变动", "Others' points"), "reversals": ("先后颠倒", "Reversals"),
    "left": ("原类剩余", "Left"), "joined": ("新类单位", "Joined"),
    "shared": ("共同指标", "Shared"), "note": ("说明", "Note"), "size": ("规模", "Size"),
    "cutoff": ("界线", "Cutoff"), "side": ("线上线下", "Side"), "across": ("对面类别", "Across"),
    "distance": ("差异", "Distance"), "places": ("位次差", "Places"),
    "far": ("相差悬殊", "Far apart"), "better": ("较好", "Better"), "worse": ("较差", "Worse"),
    "cause": ("原因", "Cause"), "last_in": ("线内最后", "Last in"),
    "first_out": ("线外第一", "First out"), "margin": ("分差", "Margin"),
    "value_gap": ("数值差", "Gap of values"), "steepness": ("陡度", "Steepness"),
    "horizontal": ("同等努力的差距", "Spread at equal effort"), "spread": ("全部差距", "Spread"),
    "order": ("次序一致", "Agreement"), "covariate": ("背景数据", "Covariate"),
    "spearman": ("等级相关", "Rank correlation"), "partial": ("净相关", "Partial"),
    "kind": ("类型", "Kind"), "r2": ("解释份额", "R²"), "adjusted": ("校正", "Adjusted"),
    "loo": ("留一", "Leave one out"), "strongest": ("最相关", "Strongest"),
    "carries": ("带来的份额", "Carries"), "endowment": ("先天条件值几分", "Endowment, points"),
    "net_total": ("扣除后总分", "Net total"), "net_rank": ("扣除后名次", "Net rank"),
    "net_category_rank": ("扣除后类内", "Net rank in category"), "bound": ("最好不过", "At best"),
    "odd_best": ("怪权重最好", "Best, odd weights"),
    "odd_bound": ("怪权重不过", "At best, odd weights"), "half": ("半区", "Half"),
    "furthest": ("最远指标", "Furthest"), "error": ("标准误", "Standard error"),
    "joint_low": ("联合下限", "Joint low"), "joint_high": ("联合上限", "Joint high"),
    "category_low": ("类内下限", "Category low"), "category_high": ("类内上限", "Category high"),
    "category_joint_low": ("类内联合下限", "Category joint low"),
    "category_joint_high": ("类内联合上限", "Category joint high"),
    "category_mean_rank": ("类内平均名次", "Mean rank in category"),
    "wrong_grade": ("等次改变的可能", "Chance of another grade"), "source": ("来源", "Source"),
    "without": ("未知单位", "Unknown for"), "sample": ("样本", "Sample"),
    "reliability": ("信度", "Reliability"), "use": ("用途", "Use"), "gini": ("基尼系数", "Gini"),
    "gini_corrected": ("基尼（校正）", "Gini, corrected"), "theil": ("泰尔指数", "Theil"),
    "within": ("类内", "Within"), "between": ("类间", "Between"),
    "top_tenth": ("前十分之一", "Top tenth"), "top_three": ("前三", "Top three"),
    "paid": ("得到者", "Paid"), "gini_proportional": ("按分发放的基尼", "Gini if by score"),
    "amount": ("数额", "Amount"), "per_unit": ("每单位", "Per unit"),
    "share_staff": ("占人数", "Share of staff"), "relative": ("相对份额", "Relative"),
    "pays": ("有回报的占比", "Pays"), "cap": ("封顶", "Cap"), "floor": ("底线以下", "Floor"),
    "perverse": ("越差越得分", "Perverse"), "ignore_cost": ("不管平均丢", "Cost of neglect"),
    "ignore_least": ("最少丢", "Least"), "ignore_most": ("最多丢", "Most"),
    "previous": ("看上年", "Reads last year"), "own": ("当年得", "Own gain"),
    "later": ("以后失", "Later loss"), "ratchet": ("收回比例", "Ratchet"),
    "own_down": ("退步当年失", "Own loss"), "later_down": ("退步以后得", "Later gain"),
    "ratchet_down": ("退步收回", "Ratchet down"), "with_ratchet": ("有棘轮", "With ratchet"),
    "with_external": ("外定目标", "External targets"), "sandbagging": ("低报得分", "Sandbagging"),
    "over_reporting": ("多报得分", "Over-reporting"), "expected": ("预期得失", "Expected"),
    "break_even": ("查出率临界", "Break even"), "guarded": ("有防范", "Guarded"),
    "unguarded": ("无防范", "Unguarded"), "sum": ("合计", "Sum"), "higher": ("上级目标", "Higher"),
    "excess": ("加码", "Excess"), "stated": ("规定分量", "Stated"),
    "less_than_stated": ("落差", "Less than stated"), "lagged": ("见效慢", "Late results"),
    "at_best": ("并列最高", "At best score"), "sd": ("标准差", "Standard deviation"),
    "twins": ("几乎相同", "Twins"), "one": ("一个", "One"),
    "rank_without": ("去掉后名次", "Rank without"), "top": ("最高等次", "Best grade"),
    "top_without": ("去掉后最高", "Best grade without"),
    "log_share": ("系数造成的差异", "Share of logs"), "turned": ("颠倒的比例", "Turned round"),
    "base_gap": ("盖过的分差", "Base gap"), "factor_gap": ("系数比", "Ratio"),
    "rank_shift": ("与加权和差", "Against a sum"), "veto": ("一票否决", "Veto"),
    "struck": ("触发", "Struck"), "rank_loss": ("位次损失", "Places lost"),
    "size_link": ("与规模相关", "Link with size"), "whole": ("总数", "Whole"),
    "counted": ("计入", "Counted"), "miscounted": ("误差", "Miscounted"),
    "keeps": ("保持等次的可能", "Keeps its grade"), "missed": ("未达线", "Lines missed"),
    "weakest": ("最弱部分", "Weakest part"), "best": ("最好", "Best"),
    "dropped": ("不再考的指标", "Indicators dropped"), "added": ("新考的指标", "Indicators added"),
    "same_grade": ("同等次", "Same grade"), "front": ("前列", "In front"),
}  # fmt: skip
"""By column, in Chinese and English."""


CATEGORIES = ("category", "group", "other", "to", "across", "best")
NODES = ("indicator", "node", "weakest")
NAMED = ("indicator", "indicators", "node", "group", "veto", "path", "index")
"""Columns of ids for which ``name`` stands in print."""
BESIDE = {
    "shared": {"lost": "dropped", "new": "added"},
    "gini": {"total": "sum"},
    "half": {"top": "front"},
}
"""Columns that mean something else beside another one."""
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
ANSWERS = {True: Words("是", "yes"), False: Words("否", "no")}


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
    shown, words, comma = numbers.reset_index(), _words(scheme), str(Words("、", ", "))
    if "path" in shown:  # of data that several indicators may read
        readers = [
            comma.join(words["node"][i] for i in ids.split("、")) for ids in shown["indicators"]
        ]
        shown.insert(0, "name", readers)
    if "name" in shown:
        shown = shown.drop(columns=[column for column in shown if column in NAMED])
    for column in shown.select_dtypes(exclude="number"):
        known = words.get(str(column).removesuffix("_there"), ANSWERS)
        shown[column] = [str(known.get(value, value)) for value in shown[column].fillna("–")]
    meant = {old: new for beside, names in BESIDE.items() if beside in shown
             for old, new in names.items()}  # fmt: skip
    return shown.rename(columns=lambda column: heading(scheme, meant.get(column, str(column))))


def _words(scheme: Scheme) -> dict[str, Mapping[Any, Any]]:
    """Return by column what its codes are called."""
    categories = {name: scheme.category_label(name) for name in scheme.categories}
    nodes = {name: node.label for name, node in scheme.nodes.items()}
    bands = {band.name: band.label for band in scheme.grades.bands} if scheme.grades else {}
    return {
        **dict.fromkeys(CATEGORIES, categories),
        **dict.fromkeys(NODES, nodes),
        "grade": bands,
        "kind": KINDS,
        "source": SOURCES,
        "top": {**REACHES, **ANSWERS},
        "half": REACHES,
        "use": {name: called(use, name) for name, use in scheme.uses.items()},
        "method": {name: rule.label for name, rule in Rule.family.items()},
    }


def heading(scheme: Scheme, column: str) -> str:
    """Return the heading that people read for a column of a fairness table."""
    name = column.removesuffix("_there")
    if name != column:
        return str(Words("{}（换类后）", "{} there").format(heading(scheme, name)))
    if name.startswith("uses.") and (use := scheme.uses.get(name[5:])):
        return str(called(use, name))
    return str(Words(*HEADINGS[name])) if name in HEADINGS else column_label(name)
