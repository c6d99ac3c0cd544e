"""A scheme in plain words (方案说明): paths, values, methods and steps, for people who read reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from simkaohe.errors import SimkaoheError
from simkaohe.labels import Words, language, reader_name
from simkaohe.panel import Panel
from simkaohe.scheme.adjust import EFFECTS
from simkaohe.scheme.condition import Condition
from simkaohe.scheme.edit import value_at
from simkaohe.scheme.method import Method, Model
from simkaohe.scheme.tree import Group, Indicator, Scheme

CHOICES = {
    **EFFECTS,
    "none": Words("无", "none"),
    "all": Words("全部单位", "all units"),
    "category": Words("本类单位", "units of the category"),
    "error": Words("报错", "a mistake"),
    "zero": Words("计 0 分", "zero"),
    "full": Words("满分", "full marks"),
    "median": Words("同类中位数", "median of the category"),
    "spread": Words("权重分给同级", "weight spread over siblings"),
    "siblings": Words("按权重分给同级", "to siblings, in proportion"),
    "equal": Words("平均分给同级", "to siblings, equally"),
    "whole": Words("分给全部指标", "to the whole scheme"),
    "full_marks": Words("视为满分", "as full marks"),
    "zero_marks": Words("视为零分", "as no marks"),
    "positive": Words("正向（越高越好）", "higher is better"),
    "negative": Words("逆向（越低越好）", "lower is better"),
    "moderate": Words("适度（区间内最好）", "best inside a band"),
    "competition": Words("并列占位（1、2、2、4）", "1, 2, 2, 4"),
    "dense": Words("并列不占位（1、2、2、3）", "1, 2, 2, 3"),
    "half_up": Words("四舍五入", "half up"),
    "floor": Words("按下限", "floor"),
    "ceiling": Words("向上取整", "ceiling"),
    "largest_remainder": Words("最大余数法", "largest remainder"),
    "all_out": Words("都不进", "none gets in"),
    "all_in": Words("都进", "all get in"),
    "lost": Words("作废", "lost"),
    "next": Words("转入下一档", "to the next grade"),
    "ratio": Words("比值", "ratio"),
    "difference": Words("差额", "difference"),
    "reduction": Words("降幅", "reduction"),
    "rate": Words("增幅", "growth rate"),
    "increment": Words("增量", "increment"),
    "best": Words("最优值", "best value"),
    "mean": Words("平均值", "mean"),
    "fixed": Words("固定值", "a fixed value"),
    "target": Words("目标值", "target"),
    "base": Words("基础分", "base mark"),
    "mid": Words("中间分", "middle mark"),
    "hold": Words("保持", "held"),
    "keep": Words("保留", "kept"),
    "one": Words("计为 1", "one"),
    "min": Words("取较好名次", "the better rank"),
    "split": Words("平分", "shared"),
    "each": Words("各得较好名次的一份", "each gets the better place's"),
}
"""What the values that a field chooses from are called in print."""
UNSAID = {"name", "name_en", "note"}


def listed(names: list[str]) -> str:
    """Return names as a list in a sentence."""
    return ("、" if language() == "zh" else ", ").join(names)


def number(value: Any, digits: int | None = None) -> str:
    """Return a number for print; without ``digits`` with as many decimals as it has, at most 6."""
    if pd.isna(value):
        return "–"
    if digits is not None:
        return f"{value:,.{digits}f}"
    text = f"{round(float(value), 6):,.6f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def amount(value: Any) -> str:
    """Return money or seats for print: at most two decimals."""
    return number(value if pd.isna(value) else round(float(value), 2))


def named(item: Any, fallback: str) -> str:
    """Return what anything with ``name`` and ``name_en`` is called; else the fallback."""
    return reader_name(getattr(item, "name", None), getattr(item, "name_en", None), fallback)


def method_label(method: Any) -> str:
    """Return what a method is called."""
    return str(getattr(method, "label", getattr(method, "method", method)))


def grade_label(scheme: Scheme, grade: Any) -> str:
    """Return what a grade is called in the reader's language; – where there is none."""
    if not isinstance(grade, str):
        return "–"
    for band in scheme.grades.bands if scheme.grades else ():
        if band.name == grade:
            return named(band, grade)
    return grade


def value_words(scheme: Scheme, value: Any) -> str:
    """Return any value of a scheme as words."""
    if value is None:
        return str(Words("（无）", "(none)"))
    if isinstance(value, bool):
        return str(Words("是", "yes") if value else Words("否", "no"))
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, str):
        if value in scheme.nodes:
            return scheme.nodes[value].label
        if value in scheme.categories:
            return scheme.category_label(value)
        return str(CHOICES.get(value, value))
    if isinstance(value, Method):
        inner = parameter_words(scheme, value)
        return method_label(value) + (f"{Words('（', ' (')}{inner}{Words('）', ')')}" * bool(inner))
    if isinstance(value, Condition):
        return str(value.words)
    if isinstance(value, Model):
        title = named(value, "")
        inner = parameter_words(scheme, value)
        return str(Words("：", ": ")).join(part for part in (title, inner) if part) or "–"
    if isinstance(value, Mapping):
        pairs = [f"{value_words(scheme, k)} {value_words(scheme, v)}" for k, v in value.items()]
        return listed(pairs) or "–"
    if isinstance(value, list | tuple):
        return listed([value_words(scheme, entry) for entry in value]) or "–"
    return str(value)


def parameter_words(scheme: Scheme, model: Model) -> str:
    """Return a model's parameters as words: every number, and choices other than the default.

    Full marks of 100 and empty entries are left out.
    """
    labels, parts = type(model).field_labels(), []
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        unsaid = name in UNSAID or (name == "method" and isinstance(model, Method))
        if unsaid or value is None or value in ((), {}):
            continue
        default = not field.is_required() and value == field.default
        counts = isinstance(value, float) and not isinstance(value, bool)
        if default and (not counts or name == "full" or value == 0):
            continue
        parts.append(
            labels[name] if value is True else f"{labels[name]} {value_words(scheme, value)}"
        )
    return ("；" if language() == "zh" else "; ").join(parts)


def value_there(scheme: Scheme, path: str) -> str:
    """Return what stands at a path, as words; (none) where there is no such path."""
    try:
        value = value_at(scheme, path)
    except SimkaoheError:
        value = None
    node, _, field = path.partition(".")
    if value is None and field.startswith("weights_by_category.") and node in scheme.nodes:
        general = number(scheme.nodes[node].weight)
        return str(Words(f"通用权重 {general}", f"general weight {general}"))
    return value_words(scheme, value)


# -- how a total is computed -------------------------------------------------------------------------


def steps(scheme: Scheme, panel: Panel) -> list[str]:
    """Return how the totals are computed, in order, a sentence or two for each step."""
    groups = [*scheme.groups.values()]
    words = [_data_words(scheme, panel), *_attribution_words(scheme), *_measure_words(scheme)]
    words += [_rule_words(scheme), _weight_words(scheme), *_combine_words(groups)]
    words += [*_adjustment_words(scheme), *_total_words(scheme), *_unranked_words(scheme)]
    return [*words, *_grade_words(scheme), *_use_words(scheme)]


def _attribution_words(scheme: Scheme) -> Iterator[str]:
    if scheme.attribution:
        names = listed([named(entry, key) for key, entry in scheme.attribution.items()])
        yield str(
            Words(
                f"数据归属：计分之前，先把共同成果按份额计入有关单位（{names}）。",
                f"Attribution: before anything is scored, shared results are counted into the units "
                f"({names}).",
            )
        )


def _adjustment_words(scheme: Scheme) -> Iterator[str]:
    hard = [node.label for node in scheme.nodes.values() if node.difficulty is not None]
    if hard:
        yield str(
            Words(
                f"难度系数：{listed(hard)}的得分乘以各单位的难度系数。",
                f"Difficulty: the score of {listed(hard)} is multiplied by each unit's coefficient.",
            )
        )
    if scheme.periods is not None:
        inner = parameter_words(scheme, scheme.periods)
        yield str(
            Words(
                f"时期：总分与更早各期的得分合成（{inner}）。",
                f"Periods: the total is blended with scores of earlier periods ({inner}).",
            )
        )
    if scheme.adjustments:
        names = listed([named(entry, key) for key, entry in scheme.adjustments.items()])
        limits = Words("，不超过限额", ", within their limits")
        limited = limits if scheme.limits else Words("", "")
        yield str(
            Words(
                f"加减分与一票否决：先加减分{limited.zh}，后执行一票否决（{names}）。",
                f"Adjustments: bonus points and deductions first{limited.en}, vetoes last ({names}).",
            )
        )


def _unranked_words(scheme: Scheme) -> Iterator[str]:
    units = listed(list(scheme.unranked))
    if units:
        yield str(
            Words(
                f"单列：{units}只考核、不排名。", f"Not ranked: {units} (assessed, but no place)."
            )
        )


def _use_words(scheme: Scheme) -> Iterator[str]:
    if scheme.uses:
        names = listed([named(entry, key) for key, entry in scheme.uses.items()])
        yield str(
            Words(
                f"结果运用：按名次、等次或得分计算{names}，办法见“其他规定”。",
                f"Use of results: {names}, by place, grade or score; see the further provisions.",
            )
        )


def _data_words(scheme: Scheme, panel: Panel) -> str:
    units = len(scheme.units or panel.units)
    count = len(scheme.indicators)
    tables = [*panel.tables, *panel.record_tables]
    return str(
        Words(
            f"取数：读入 {units} 个单位、{count} 个指标的数据（表：{'、'.join(tables)}）。",
            f"Data: {units} units and {count} indicators are read (tables: {', '.join(tables)}).",
        )
    )


def _counted(kinds: Counter[str]) -> str:
    return listed([f"{kind} {count}" for kind, count in kinds.most_common()])


def _measure_words(scheme: Scheme) -> Iterator[str]:
    kinds = Counter(
        method_label(leaf.measure) for leaf in scheme.indicators if leaf.measure.method != "level"
    )
    if kinds:
        yield str(
            Words(
                f"折算：{sum(kinds.values())} 个指标先按口径折算再计分（{_counted(kinds)}），其余用本期值。",
                f"Measures: {sum(kinds.values())} indicators are converted first ({_counted(kinds)}); "
                "the others are scored as recorded.",
            )
        )


def _rule_words(scheme: Scheme) -> str:
    kinds = Counter(method_label(leaf.rule) for leaf in scheme.indicators)
    return str(
        Words(
            f"计分：每个指标按自己的方法得 0–100 分，共用 {len(kinds)} 种方法（{_counted(kinds)}）。",
            f"Scores: each indicator gets 0–100 points by its own rule; {len(kinds)} rules are used "
            f"({_counted(kinds)}).",
        )
    )


def _weight_words(scheme: Scheme) -> str:
    own = sum(1 for node in scheme.nodes.values() if node.weights_by_category)
    words = Words(
        "权重：权重是同级之间的相对数，先除以同级合计。",
        "Weights: weights are relative; they are divided by the sum over siblings first.",
    )
    if own:
        more = Words(
            f"{own} 项按类别另有权重；权重为 0 的指标在该类取消，其权重按方案规定转移。",
            f" {own} entries have weights of their own by category; a weight of 0 cancels the entry "
            "there, and its weight is moved as the scheme says.",
        )
        words = Words(words.zh + more.zh, words.en + more.en)
    return str(words)


def _combine_words(groups: list[Group]) -> Iterator[str]:
    by_method: dict[str, list[str]] = {}
    for group in reversed(groups):
        by_method.setdefault(method_label(group.combine), []).append(group.label)
    parts = [f"{method}{Words('：', ': ')}{listed(names)}" for method, names in by_method.items()]
    yield (
        str(Words("合成：由下而上，逐级合成。", "Combination: level by level, from below. "))
        + ("；" if language() == "zh" else "; ").join(parts)
        + str(Words("。", "."))
    )


def _total_words(scheme: Scheme) -> Iterator[str]:
    digits, full = scheme.ranking.digits, number(scheme.full)
    rounding = (
        Words("总分不四舍五入", "the total is not rounded")
        if digits is None
        else Words(f"四舍五入到 {digits} 位小数", f"rounded half up to {digits} decimals")
    )
    ties = CHOICES[scheme.ranking.ties]
    yield str(
        Words(
            f"总分与排名：总分满分 {full}，{rounding.zh}；按总分从高到低排名，同分{ties.zh}。"
            + ("另在各类别内排名。" if scheme.categories else ""),
            f"Totals and ranks: full marks are {full}, {rounding.en}; the highest total is first; "
            f"ties: {ties.en}."
            + (" Units are also ranked inside their category." if scheme.categories else ""),
        )
    )


def _grade_words(scheme: Scheme) -> Iterator[str]:
    if scheme.grades is None:
        return
    bands = []
    for band in scheme.grades.bands:
        inner = parameter_words(scheme, band)
        rest = str(Words("其余单位", "all others"))
        bands.append(
            f"{named(band, band.name)}{Words('（', ' (')}{inner or rest}{Words('）', ')')}"
        )
    rules = parameter_words(scheme, scheme.grades.model_copy(update={"bands": ()}))
    yield str(
        Words(
            f"等次：从高到低依次评定：{listed(bands)}。" + (f"{rules}。" if rules else ""),
            f"Grades: from the best down: {listed(bands)}." + (f" {rules}." if rules else ""),
        )
    )


CORE = {"name", "name_en", "note", "full", "categories", "units", "ranking", "grades", "root"}


def provisions(scheme: Scheme) -> list[tuple[str, str, str]]:
    """Return whatever else the scheme lays down: what kind, which one, and its parameters."""
    labels, rows = type(scheme).field_labels(), []
    for field in type(scheme).model_fields:
        value = getattr(scheme, field)
        if field in CORE or value in (None, (), {}, ""):
            continue
        if isinstance(value, Mapping):
            for key, entry in value.items():
                rows.append(
                    (
                        labels[field],
                        named(entry, value_words(scheme, key)),
                        _entry_words(scheme, entry),
                    )
                )
        else:
            rows.append((labels[field], "", value_words(scheme, value)))
    return rows


def _entry_words(scheme: Scheme, entry: Any) -> str:
    if isinstance(entry, Method):
        return value_words(scheme, entry)
    return (
        parameter_words(scheme, entry) if isinstance(entry, Model) else value_words(scheme, entry)
    )


def reading_words(leaf: Indicator) -> str:
    """Return how an indicator's data are read: direction, measure, comparison, unit, if special."""
    parts = []
    if leaf.measure.method != "level":
        parts.append(method_label(leaf.measure))
    if leaf.way != "positive":
        parts.append(str(CHOICES[leaf.way]).split("（")[0])
    if leaf.way == "moderate":
        parts.append(f"{number(leaf.ideal_low or 0)}–{number(leaf.ideal_high or 0)}")
    if leaf.scope == "category":
        parts.append(str(Words("类内比较", "compared inside the category")))
    if leaf.target is not None:
        parts.append(f"{Words('目标', 'target')} {number(leaf.target)}")
    if leaf.missing != "error":
        parts.append(f"{Words('缺失', 'missing')}{Words('：', ': ')}{CHOICES[leaf.missing]}")
    if leaf.attributed != "none":
        parts.append(str(Words("数据归属", "attributed")))
    if leaf.difficulty is not None:
        parts.append(str(Words("乘难度系数", "times difficulty")))
    if leaf.unit:
        parts.append(leaf.unit)
    if leaf.responsible:
        parts.append(f"{Words('责任部门', 'in charge')}{Words('：', ': ')}{leaf.responsible}")
    return listed(parts)
