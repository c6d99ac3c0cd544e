"""The reference sheet of methods (方法说明): every method with its parameters and an example."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from simkaohe.files import guide
from simkaohe.files.sheets import Column
from simkaohe.files.values import TEXT, flow, kind_of
from simkaohe.labels import Words, language
from simkaohe.scheme.adjust import Adjustment
from simkaohe.scheme.coefficient import CoefficientMap
from simkaohe.scheme.combine import Combine
from simkaohe.scheme.condition import Condition
from simkaohe.scheme.corrections import Difficulty, Periods, Transfer
from simkaohe.scheme.grades import Extra, Grades
from simkaohe.scheme.measure import Measure
from simkaohe.scheme.method import Method
from simkaohe.scheme.rules import Rule
from simkaohe.scheme.uses import Raise, Use

COLUMNS = [
    Column(name, "shown", words, TEXT)
    for name, words in {
        "used": Words("用在哪里", "Used in"),
        "method": Words("方法", "Method"),
        "parameter": Words("参数", "Parameter"),
        "called": Words("名称", "Name"),
        "takes": Words("可以填", "What goes in"),
        "meaning": Words("说明", "Meaning"),
        "example": Words("示例", "Example"),
    }.items()
]
USED: tuple[tuple[Any, Words], ...] = (
    (Rule, Words("指标 › 计分方法", "Indicators › Scoring rule")),
    (Measure, Words("指标 › 计算口径", "Indicators › Measure")),
    (Combine, Words("指标 › 合成方法", "Indicators › Combination")),
    (CoefficientMap, Words("乘数计分法的参数 map", "Parameter map of the multiplier method")),
    (Adjustment, Words("加减分、一票否决 › 方法", "Adjustments, Vetoes › Method")),
    (Use, Words("结果运用 › 方法", "Uses › Method")),
)
LISTS: tuple[tuple[Any, Words], ...] = (
    (Condition, Words("条件（前提条件、触发条件）", "Conditions (requires, any of)")),
    (Grades, Words("方案 › grades.…", "Scheme › grades.…")),
    (Extra, Words("方案 › grades.extra 的每一项", "Scheme › each of grades.extra")),
    (Raise, Words("名额的参数 raises 的每一项", "Each of the parameter raises of quotas")),
    (Difficulty, Words("指标 › 难度系数", "Indicators › Difficulty")),
    (Periods, Words("方案 › periods.…", "Scheme › periods.…")),
    (Transfer, Words("归属", "Attribution")),
)
SAMPLES: dict[str, Any] = {
    "rank_table": {"points": [100, 95, 90]},
    "efficacy_bands": {"standards": [1, 2, 3, 4, 5]},
    "completion_steps": {"ratios": [0.8, 1], "points": [60, 100]},
    "tiers": {"thresholds": [5, 6], "points": [60, 80, 100]},
    "benchmark": {"cap": 1.2},
    "ladder": {"base": 80, "step": 1, "up": 1, "down": 2},
    "minmax": {"worst": 0, "best": 10},
    "efficacy": {"unacceptable": 0, "satisfactory": 10},
    "rating_mean": {"levels": {"优": 95, "良": 85}},
    "rating_ranks": {"levels": {"优": 95, "良": 85}},
    "answers": {"points": {"满意": 100, "不满意": 0}},
    "multiplier": {"base": ["work"], "low": 0.8, "high": 1.2},
    "bonus": {"points": {"国家级": 2, "省级": 1}, "cap": 3},
    "deduction": {},
    "veto": {"effects": ["not_top"]},
    "pay_by_rank": {"amounts": [30, 20, 10]},
    "pay_by_grade": {"amounts": {"优秀": 30, "良好": 20}},
    "pot_by_grade": {"pot": 1000, "ratios": {"优秀": 1.5, "良好": 1}},
    "proportional": {"pot": 1000, "above": 60},
    "individual_quota": {"shares": {"优秀": 0.2, "良好": 0.15}},
}
"""Examples of methods whose defaults are none."""
OWN = ("method", "name", "name_en", "note", "unit", "within", "on")


def example(model: type[Method]) -> str:
    """Return parameters of a method as they stand in a cell; "" when it has none."""
    name = model.model_fields["method"].default
    values = SAMPLES.get(name) if not issubclass(model, Rule) or name != "deduction" else None
    if values is None:
        values = {}
        for field, info in model.model_fields.items():
            if field not in OWN and isinstance(info.default, int | float) and len(values) < 2:
                values[field] = info.default
    kind = kind_of("parameters", dict)._replace(hint=model)
    return flow(values, kind) if values else ""


def rows() -> Iterator[tuple[str, ...]]:
    """Yield the lines of the sheet, a cell for every column."""
    for family, used in USED:
        for name, model in family.family.items():
            label = f"{model.label} ({name})"
            yield str(used), label, "", "", "", _meaning(model), example(model)
            skip = (*OWN, *(family.model_fields if family is not Adjustment else OWN))
            yield from _fields(model, label, skip)
    for model, used in LISTS:
        yield str(used), "", "", "", "", _meaning(model), ""
        yield from _fields(model, "", ("bands",))


def _fields(model: Any, label: str, skip: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    words = model.field_words()
    for name, info in model.model_fields.items():
        if name not in skip:
            kind = kind_of(name, info.annotation, info)
            takes = guide.hint(kind, info) + _bounds(info)
            yield "", label, name, str(words[name]), takes, "", ""


def _bounds(info: Any) -> str:
    signs = (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤"))
    found = [
        f"{sign} {getattr(bound, name):g}"
        for bound in info.metadata
        for name, sign in signs
        if isinstance(getattr(bound, name, None), int | float)
    ]
    return f" ({', '.join(found)})" if found else ""


def _meaning(model: Any) -> str:
    """Return the first sentence of the docstring, or the same in Chinese where there is one."""
    if language() == "zh" and model.chinese:
        return str(model.chinese)
    text = (inspect.getdoc(model) or "").split("\n\n")[0].replace("\n", " ").replace("``", "")
    return text.partition(": ")[2] or text  # what stands before it is the name
