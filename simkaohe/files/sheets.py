"""The sheets of a workbook (工作表): which there are, and which column holds which field.

Nothing here names a field of the scheme language that is like the others: sheets and columns follow
from the models, so that a new field has its column from the day it exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple, get_args, get_origin

from pydantic.fields import FieldInfo

from simkaohe.files.numerals import key
from simkaohe.files.structure import inner
from simkaohe.files.values import ANY, COUNT, TEXT, Kind, kind_of
from simkaohe.files.words import method_words
from simkaohe.labels import RECORD_COLUMNS, Words
from simkaohe.panel import RECORDS, WIDE
from simkaohe.scheme.edit import Scenario
from simkaohe.scheme.grades import Band
from simkaohe.scheme.method import FrozenDict, Method, Model
from simkaohe.scheme.tree import Group, Indicator, Node, Scheme

RECORD_KINDS = {"count": COUNT, "score": Kind(frozenset(("number", "text")))}
"""What the columns of the long tables take; all others take text."""
TITLES = {
    "guide": Words("说明", "Guide"),
    "scheme": Words("方案", "Scheme"),
    "indicators": Words("指标", "Indicators"),
    "categories": Words("类别", "Categories"),
    "units": Words("单位", "Units"),
    "grades": Words("等次", "Grades"),
    "adjustments": Words("加减分", "Adjustments"),
    "vetoes": Words("一票否决", "Vetoes"),
    "limits": Words("限额", "Limits"),
    "uses": Words("结果运用", "Uses"),
    "attribution": Words("归属", "Attribution"),
    "actual": Words("数据", "Data"),
    "target": Words("目标", "Target"),
    "previous": Words("上年", "Previous"),
    "baseline": Words("基准", "Baseline"),
    "predecessor": Words("前任同期", "Predecessor"),
    "cumulative": Words("累计", "Cumulative"),
    "cumulative_target": Words("累计目标", "Cumulative target"),
    "sample_size": Words("样本量", "Sample size"),
    "sample_sd": Words("样本标准差", "Sample SD"),
    "difficulty": Words("难度系数", "Difficulty"),
    "deducted": Words("已扣分", "Deducted"),
    "risk": Words("扣分风险", "Risk"),
    "covariates": Words("背景", "Background"),
    "periods": Words("各期", "Periods"),
    "events": Words("台账", "Events"),
    "ratings": Words("评分", "Ratings"),
    "answers": Words("答卷", "Answers"),
    "scenarios": Words("情景", "Scenarios"),
    "methods": Words("方法说明", "Methods"),
    "lists": Words("列表", "Lists"),
}
NOT_READ = ("guide", "methods", "lists")
VETOES = ("veto",)
"""Methods of adjustments that stand on a sheet of their own."""
UNIT = Words("单位", "Unit")
UNIT_HEADINGS = (
    *UNIT,
    "unit",
    "单位名称",
    "被考核单位",
    "考核对象",
    "地区",
    "县区",
    "县市区",
    "县（市、区）",
)
"""Headings of the column of units."""
SERIAL = ("序号", "编号", "no", "no.", "number", "#")
"""Headings of columns that only count the rows of a data sheet."""


@dataclass(frozen=True, eq=False)
class Column:
    """A column of a sheet.

    Parameters
    ----------
    field : str
        The field of the row's model.
    role : {"value", "method", "parameters", "entry", "shown"}
        ``method`` and ``parameters`` make one field together; ``entry`` is one entry of a mapping;
        ``shown`` is not read.
    words : Words
        The heading.
    kind : Kind
    entry : str
        Which entry of the mapping.
    aliases : tuple of str
        Other headings that mean the same.
    info : FieldInfo, optional
    family : type, optional
        Whose method and parameters these are.
    method : str
        Which method of the family it is where the row names none.
    """

    field: str
    role: str
    words: Words
    kind: Kind = TEXT
    entry: str = ""
    aliases: tuple[str, ...] = ()
    info: FieldInfo | None = None
    family: type[Method] | None = None
    method: str = ""

    def kind_for(self, method: str | None) -> Kind:
        """Return what the column takes in a row with this method."""
        if self.role != "parameters" or self.family is None:
            return self.kind
        return self.kind._replace(hint=self.family.family.get(method or self.method))

    @property
    def path(self) -> str:
        """The edit path of the column's value below its row."""
        return f"{self.field}.{self.entry}" if self.role == "entry" else self.field

    @property
    def headings(self) -> set[str]:
        """Every heading that means this column, in the form that is compared."""
        own = {self.field} if self.role == "value" else set()
        return {key(text) for text in (*self.words, *self.aliases, *own)}


class Category(NamedTuple):
    """What a category is called, as far as the workbook says."""

    id: str
    names: tuple[str, ...] = ()


def words_of(name: str, info: FieldInfo) -> Words:
    """Return what a field is called, ready to be a heading."""
    extra: Any = info.json_schema_extra or {}
    english = extra.get("en") or name
    return Words(extra.get("zh") or name, english[:1].upper() + english[1:])


def model_of(annotation: Any) -> type[Model] | None:
    """Return the model that a field holds, if it holds one."""
    found = inner(annotation)
    return found if isinstance(found, type) and issubclass(found, Model) else None


def entries_of(annotation: Any) -> type[Model] | None:
    """Return the model of a mapping's entries, if they are models."""
    found = inner(annotation)
    return model_of(get_args(found)[0]) if get_origin(found) is FrozenDict else None


def is_family(model: type[Model] | None) -> bool:
    """Whether a model is the base of a family of methods."""
    return model is not None and issubclass(model, Method) and Method in model.__bases__


@cache
def mappings() -> dict[str, type[Model]]:
    """Return the scheme's fields that have a sheet with one row per entry."""
    found = {name: entries_of(info.annotation) for name, info in Scheme.model_fields.items()}
    return {name: model for name, model in found.items() if model is not None}


def field_columns(
    name: str, info: FieldInfo, categories: tuple[Category, ...] = ()
) -> Iterator[Column]:
    """Yield the columns of a field: two for a method, one per category, else one."""
    words, model = words_of(name, info), model_of(info.annotation)
    if is_family(model):
        yield from _method_columns(name, words, model, info)
    elif name.endswith("_by_category"):
        takes = kind_of(name, get_args(inner(info.annotation))[0])
        short = Words(words.zh.removeprefix("分类"), words.en.removesuffix(" by category"))
        for category in categories:
            label = category_label(category, categories)
            singular = name.removesuffix("s_by_category")
            prefixes = {*short, *words, name, singular}
            aliases = [
                f"{p}{dot}{n}"
                for p in prefixes
                for n in (category.id, *category.names)
                for dot in ("·", ".", "・", "/", "-", "：", "|", "_")
            ]
            aliases += [f"{p}({n})" for p in prefixes for n in (category.id, *category.names)]
            heading = Words(f"{short.zh} · {label}", f"{short.en} · {label}")
            yield Column(name, "entry", heading, takes, category.id, tuple(aliases), info)
    else:
        kind = kind_of(name, info.annotation, info)
        yield Column(name, "value", words, kind, info=info)


def category_label(category: Category, categories: tuple[Category, ...]) -> str:
    """Return a name that means this category and no other."""
    for name in category.names[:1]:
        if find_category(name, categories) == category.id:
            return name
    return category.id


def find_category(text: str, categories: tuple[Category, ...]) -> str | None:
    """Return the id of the category that a text names: by its id, else by a name of its own."""
    if any(category.id == text for category in categories):
        return text
    for wanted in ((lambda c: [c.id]), (lambda c: c.names)):
        found = {c.id for c in categories if key(text) in map(key, wanted(c))}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _method_columns(
    name: str, words: Words, family: type[Method], info: FieldInfo | None
) -> Iterator[Column]:
    kind = Kind(frozenset(("text",)), method_words(family))
    default: Any = None if info is None or info.is_required() else info.get_default()
    method = getattr(default, "method", "")
    yield Column(name, "method", words, kind, "", (name,), info, family, method)
    yield Column(
        name,
        "parameters",
        Words(f"{words.zh}参数", f"{words.en} parameters"),
        Kind(frozenset(("mapping",))),
        aliases=(f"{name}.parameters",),
        family=family,
        method=method,
    )


def indicator_columns(categories: tuple[Category, ...]) -> list[Column]:
    """Return the columns of the tree: what groups and indicators have, parents by their id."""
    fields = {**Node.model_fields, **Indicator.model_fields, **Group.model_fields}
    del fields["children"]
    fields["note"] = fields.pop("note")
    columns = [c for name, info in fields.items() for c in field_columns(name, info, categories)]
    parent = Column(
        "parent", "value", Words("上级", "Parent"), TEXT, aliases=("上级指标", "上级编号")
    )
    return [columns[0], parent, *columns[1:]]


def implied_method(sheet: str) -> str:
    """Return the method that every row of a sheet has, where there is only one."""
    return VETOES[0] if sheet == "vetoes" else ""


def entry_columns(
    model: type[Model], categories: tuple[Category, ...] = (), implied: str = ""
) -> list[Column]:
    """Return the columns of a mapping's sheet: the id and the fields of its entries."""
    fields = dict(model.model_fields)
    columns = [Column("id", "value", Words("编号", "Id"), TEXT)]
    if is_family(model):
        del fields["method"]
        own = [c for name, info in fields.items() for c in field_columns(name, info, categories)]
        last = [column for column in own if column.field == "note"]
        first = [column for column in own if column.field != "note"]
        method = _method_columns("method", Words("方法", "Method"), model, None)
        method = (replace(column, method=implied) for column in method)
        return [*columns, *first, *method, *last]
    return columns + [c for n, info in fields.items() for c in field_columns(n, info, categories)]


def band_columns(categories: tuple[Category, ...]) -> list[Column]:
    """Return the columns of the grades' bands."""
    return [c for n, info in Band.model_fields.items() for c in field_columns(n, info, categories)]


def unit_columns(categories: tuple[Category, ...]) -> list[Column]:
    """Return the columns of the units' sheet."""
    names = {c.id: Words(*[category_label(c, categories)] * 2) for c in categories}
    columns = [
        Column("unit", "value", UNIT, TEXT),
        Column("category", "value", Words("类别", "Category"), Kind(frozenset(("text",)), names)),
    ]
    if "unranked" in Scheme.model_fields:
        switch = Kind(frozenset(("switch",)))
        columns.append(Column("ranked", "value", Words("参与排名", "Ranked"), switch))
    return columns


def scheme_columns() -> list[Column]:
    """Return the columns of the scheme's own sheet."""
    return [
        Column("path", "value", Words("项目", "Item"), TEXT),
        Column("label", "shown", Words("名称", "Name"), TEXT),
        Column("value", "value", Words("值", "Value"), ANY),
        Column("hint", "shown", Words("可以填", "What goes in"), TEXT),
    ]


def scenario_columns() -> list[Column]:
    """Return the columns of the scenarios' sheet."""
    label = Column("label", "shown", Words("改的是", "What it is"), TEXT)
    fields = Scenario.model_fields
    return [
        Column("name", "value", Words("情景", "Scenario"), TEXT, aliases=("name",)),
        *(Column(n, "value", words_of(n, fields[n]), TEXT) for n in ("name_en", "note")),
        Column("path", "value", Words("改哪一项", "Path"), TEXT),
        label,
        Column("value", "value", Words("改为", "Value"), ANY),
        Column("view", "value", words_of("view", fields["view"]), ANY),
    ]


def record_columns(table: str) -> list[Column]:
    """Return the columns of a long table."""
    return [
        Column(name, "value", RECORD_COLUMNS[name], RECORD_KINDS.get(name, TEXT))
        for name in RECORDS[table]
    ]


class Entry(NamedTuple):
    """A row of the scheme's sheet: a single value and its edit path."""

    path: str
    words: Words
    kind: Kind
    info: FieldInfo


@cache
def entries() -> tuple[Entry, ...]:
    """Return every value of the scheme that has no sheet of its own."""
    skip = {"root", "units", *mappings()}
    fields = {name: info for name, info in Scheme.model_fields.items() if name not in skip}
    return tuple(_entries(fields, "", "", ""))


def _entries(fields: Mapping[str, FieldInfo], path: str, zh: str, en: str) -> Iterator[Entry]:
    for name, info in fields.items():
        words = words_of(name, info)
        words = Words(f"{zh}{words.zh}", f"{en}{words.en}")
        model, here = model_of(info.annotation), f"{path}{name}"
        if here == "grades.bands":
            continue
        kind = kind_of(name, info.annotation, info)
        if model is not None and not issubclass(model, Method) and here.count(".") < 4:
            yield from _entries(model.model_fields, f"{here}.", f"{words.zh} · ", f"{words.en} · ")
        else:
            yield Entry(here, words, kind, info)


def sheets_of(field: str) -> tuple[str, ...]:
    """Return the sheets of a mapping; vetoes stand apart from bonuses and deductions."""
    return ("adjustments", "vetoes") if field == "adjustments" else (field,)


def sheet_of_entry(field: str, entry: Mapping[str, Any]) -> str:
    """Return the sheet that an entry of a mapping stands on."""
    return "vetoes" if field == "adjustments" and entry["method"] in VETOES else field


def titles() -> dict[str, Words]:
    """Return every sheet with its title, in the order of the workbook."""
    fields = {name: words_of(name, Scheme.model_fields[name]) for name in mappings()}
    more = fields | {name: table_words(name) for name in (*WIDE, *RECORDS)}
    last = {name: TITLES[name] for name in ("scenarios", "methods", "lists")}
    first = {name: words for name, words in TITLES.items() if name not in last}
    return first | {name: words for name, words in more.items() if name not in TITLES} | last


def table_words(table: str) -> Words:
    """Return what a table of the panel is called."""
    named = WIDE.get(table, Words(table, table))
    return Words(named.zh, named.en[:1].upper() + named.en[1:])


def sheet_names() -> dict[str, str]:
    """Return the sheet that a title in either language, or its id, stands for."""
    found: dict[str, str] = {}
    for name, words in titles().items():
        for text in (*words, name, *(WIDE.get(name, ()))):
            found.setdefault(key(text), name)
    return found
