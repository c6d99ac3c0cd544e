"""The guide of a workbook (填写说明): what goes into every sheet and column, with examples."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from simkaohe.files.sheets import Column
from simkaohe.files.values import Kind, encode, expected
from simkaohe.labels import Words

INTRODUCTION = (
    Words(
        "一个工作簿就是一个案例：方案、指标、单位和数据。没有内容的表可以留空，也可以删去“指标”和“数据”以外的表。",
        "One workbook is one case: scheme, indicators, units and data. Sheets other than Indicators "
        "and Data may stay empty or be removed.",
    ),
    Words(
        "每张表的第一行是表头，鼠标停在表头上可以看到填写说明；有下拉列表的格子请从列表中选。",
        "The first row of a sheet holds its headings; their notes say what goes in. Choose from the "
        "drop-down list where there is one.",
    ),
    Words(
        "空格子表示没有数据或用默认值。请不要写“无”“—”“约12”“12万”，不要合并单元格。",
        "An empty cell means no data, or the default. Please no “N/A”, no “about 12”, no merged "
        "cells.",
    ),
    Words(
        "名称以“结果”或 _ 开头的工作表不会被读取，可以放自己的计算。下面灰色的是示例，不会被当作数据。",
        "Sheets whose name starts with “Result” or _ are not read. Grey lines below are examples "
        "and are not read either.",
    ),
)
PURPOSE: dict[str, tuple[Words, tuple[Words, ...]]] = {
    "scheme": (
        Words(
            "方案的名称、满分、排名和等次的办法，一行一项。",
            "Name, full marks, ranking: one value a row.",
        ),
        (
            Words("name | 方案名称 | 县区综合考核", "name | Name | County assessment"),
            Words("full | 总分满分 | 100", "full | Full marks | 100"),
        ),
    ),
    "indicators": (
        Words(
            "总分、分组和指标，一行一个。编号不重复，空着就用名称；上级填上级的编号，只有总分的上级留空。"
            "不分组时可以只列指标，上级都空着，合起来就是总分。"
            "某一类别另有权重时，加一列“权重 · 城区类”这样的表头。方法的参数见“方法说明”表。",
            "The total, groups and indicators, one a row. Every id once, empty: the name; the parent "
            "by its id, empty for the total only. Without groups, list the indicators alone and "
            "leave all parents empty: together they are the total. Weights of a category "
            "of its own: add a column such as “Weights · Urban”. Parameters of methods: see the sheet Methods.",
        ),
        (
            Words(
                "编号 total | 上级（空） | 名称 总分 | 合成方法 加权求和",
                "Id total | Parent (empty) | Name Total | Combination weighted sum",
            ),
            Words(
                "编号 gdp | 上级 total | 名称 地区生产总值增速 | 权重 60 | 计分方法 极差法",
                "Id gdp | Parent total | Name GDP growth | Weight 60 | Scoring rule min–max",
            ),
            Words(
                "编号 air | 上级 total | 名称 空气质量 | 权重 40 | 计分方法 极差法",
                "Id air | Parent total | Name Air quality | Weight 40 | Scoring rule min–max",
            ),
        ),
    ),
    "categories": (
        Words(
            "分类考核时的类别；不分类就留空。", "Categories of units; empty when all are compared."
        ),
        (
            Words("编号 urban | 名称 城区类", "Id urban | Name Urban"),
            Words("编号 rural | 名称 生态类", "Id rural | Name Rural"),
        ),
    ),
    "units": (
        Words("被考核的单位和它的类别。", "The units and their category."),
        (Words("青山区 | 城区类", "Qingshan | Urban"), Words("清河县 | 生态类", "Qinghe | Rural")),
    ),
    "grades": (
        Words(
            "等次，从高到低；最后一档不设条件。", "Grades from the best; the last has no condition."
        ),
        (Words("优秀 | 比例 30%", "Excellent | Share 30%"), Words("合格", "Pass")),
    ),
    "adjustments": (
        Words(
            "加分和减分的规则，一行一条；次数记在台账。",
            "Bonuses and deductions; cases go to Events.",
        ),
        (
            Words(
                "编号 awards | 方法 加分 | 方法参数 points={国家级: 2, 省级: 1}; cap=3",
                "Id awards | Method bonus | Method parameters points={national: 2, provincial: 1}; cap=3",
            ),
        ),
    ),
    "vetoes": (
        Words("一票否决的规则，一行一条。", "Veto rules, one a row."),
        (
            Words(
                "编号 safety | 方法参数 effects=不得评为最高等次",
                "Id safety | Method parameters effects=not_top",
            ),
        ),
    ),
    "limits": (
        Words(
            "加减分的总限额；编号填总分或考卷的编号。", "Caps over adjustments; the id is a node's."
        ),
        (Words("编号 total | 加分总上限 5", "Id total | Cap of bonuses 5"),),
    ),
    "uses": (Words("结果运用：奖金、名额。", "What results are used for: money, quotas."), ()),
    "attribution": (
        Words("园区和共建项目的数据归属。", "Shared results and whom they belong to."),
        (),
    ),
    "actual": (
        Words(
            "一行一个单位，一列一个指标（写编号或名称）。",
            "Units down, indicators (id or name) across.",
        ),
        (
            Words("单位 | gdp | air", "Unit | gdp | air"),
            Words("青山区 | 6.5 | 92.1", "Qingshan | 6.5 | 92.1"),
            Words("清河县 | 5.8 | 96.4", "Qinghe | 5.8 | 96.4"),
        ),
    ),
    "target": (Words("目标值，格式与“数据”相同。", "Targets, like Data."), ()),
    "previous": (Words("上年值，格式与“数据”相同。", "Last year's values, like Data."), ()),
    "covariates": (
        Words(
            "背景数据，如人口；人均类指标用。", "Facts such as population, for per-head measures."
        ),
        (Words("单位 | population", "Unit | population"),),
    ),
    "events": (
        Words(
            "台账：加减分和一票否决的事项，一行一件。", "Events: one case of an adjustment a row."
        ),
        (Words("青山区 | awards | 国家级 | 1", "Qingshan | awards | national | 1"),),
    ),
    "scenarios": (
        Words("情景：想试的改动，一行一处。", "Scenarios: changes to try, one a row."),
        (
            Words(
                "GDP 权重降到 30 | 改哪一项 gdp.weight | 改为 30",
                "Less GDP | Path gdp.weight | Value 30",
            ),
        ),
    ),
}
NOTES = {
    "id": Words(
        "编号：字母、数字或汉字，不含空格和点，不重复；空着就用名称。",
        "Id: no spaces, no dots, every one once; empty: the name.",
    ),
    "parent": Words("上级的编号；总分一行留空。", "The parent's id; empty for the total."),
    "parameters": Words(
        "方法的参数，例如 cap=1.2; start=0.5；空着用默认值。每种方法有哪些参数，见“方法说明”表。",
        "The method's parameters, e.g. cap=1.2; start=0.5; empty: the defaults. The sheet Methods "
        "lists the parameters of every method.",
    ),
    "unit": Words("单位名称，与“单位”表一致。", "The unit's name as on the sheet Units."),
    "path": Words("改动的位置，例如 gdp.weight。", "What is changed, e.g. gdp.weight."),
    "label": Words("给人看的说明，不读取。", "For people to read; not read."),
}


def lines(titles: Mapping[str, Words]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the guide's lines: ``title``, ``text``, ``heading`` or ``example``, and the cells."""
    yield "title", (str(Words("填写说明", "How to fill in this workbook")),)
    for words in INTRODUCTION:
        yield "text", (str(words),)
    for name, (purpose, examples) in PURPOSE.items():
        if name in titles:
            yield "text", ()
            yield "heading", (str(titles[name]),)
            yield "text", (str(purpose),)
            for example in examples:
                cells = (str(Words("示例", "Example")), *str(example).split(" | "))
                yield "example", cells
    more = [
        str(titles[name]) for name in titles if name not in (*PURPOSE, "guide", "methods", "lists")
    ]
    yield "text", ()
    yield "heading", (str(Words("还可以有的工作表", "Further sheets that there may be")),)
    yield "text", (str(Words("、", ", ")).join(more),)


def note(column: Column) -> str:
    """Return the note on a heading: what goes in."""
    own = NOTES.get("parameters" if column.role == "parameters" else column.field)
    if (own is not None and column.info is None) or column.field == "id":
        return str(own or "")
    parts = [str(column.words), hint(column.kind, column.info)]
    documented = _documented(column) if str(Words("", "en")) else ""
    return "\n".join(part for part in (*parts, documented) if part)


def hint(kind: Kind, info: FieldInfo | None) -> str:
    """Return what a field takes, and what it is when the cell is empty."""
    takes = str(expected(kind))
    if info is None:
        return takes
    if info.is_required():
        return takes + str(Words("；必填", "; required"))
    default = info.get_default(call_default_factory=True)
    if default is None or default == () or default == {}:
        return takes
    named = isinstance(default, BaseModel)
    shown = str(getattr(default, "label", "")) if named else str(encode(default, kind))
    return takes + (str(Words("；默认 {}", "; default {}").format(shown)) if shown else "")


def _documented(column: Column) -> str:
    """Return what the docstring says about a field."""
    from simkaohe.scheme.grades import Band
    from simkaohe.scheme.tree import Category, Group, Indicator, Node

    models: tuple[Any, ...] = (Node, Indicator, Group, Band, Category)
    for model in models:
        if model.model_fields.get(column.field) is column.info:
            text = inspect.getdoc(model) or ""
            found = re.search(
                rf"^(?:\w+, )*{column.field}(?:, \w+)* : [^\n]*\n((?:    [^\n]*\n?)+)", text, re.M
            )
            return " ".join(found[1].split()).replace("``", "") if found else ""
    return ""
