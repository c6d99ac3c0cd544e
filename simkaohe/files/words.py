"""What people call the choices of a field (选项用语), in both languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from simkaohe.files.numerals import key
from simkaohe.labels import Words
from simkaohe.scheme.adjust import EFFECTS

_ZH: dict[str, dict[str, str]] = {
    "direction": {"positive": "正向", "negative": "逆向", "moderate": "适度"},
    "scope": {"all": "全部单位", "category": "本类别"},
    "within": {"all": "全部单位", "category": "本类别"},
    "missing": {
        "error": "报错",
        "zero": "零分",
        "full": "满分",
        "median": "本类中位数",
        "spread": "权重分给同级",
        "one": "按 1 计",
        "mean": "按平均计",
    },
    "cancelled": {
        "siblings": "按比例分给同级",
        "equal": "平均分给同级",
        "whole": "分给整个方案",
        "full_marks": "保留并计满分",
        "zero_marks": "保留并计零分",
    },
    "attributed": {"none": "不归属", "sum": "按总量相加", "rate": "按比率加权"},
    "ties": {
        "competition": "并列占位",
        "dense": "并列不占位",
        "min": "并列取靠前名次",
        "mean": "并列取平均名次",
        "all_out": "边缘同分都不进",
        "all_in": "边缘同分都进",
        "split": "并列平分",
        "each": "并列各得",
    },
    "rounding": {
        "half_up": "四舍五入",
        "floor": "舍去",
        "ceiling": "进位",
        "largest_remainder": "最大余数法",
    },
    "unused": {"lost": "作废", "next": "转给下一等次"},
    "all_equal": {"full": "都得满分", "base": "都得基础分", "mid": "都得中间分"},
    "reference": {"best": "最优值", "mean": "平均值", "fixed": "固定值", "target": "目标值"},
    "growth": {"rate": "增长率", "increment": "增加量"},
    "below": {"zero": "得零分", "hold": "按起点计"},
    "reverse": {"ratio": "比值", "difference": "差额", "reduction": "降幅"},
    "zero": {
        "error": "报错",
        "zero": "得零分",
        "floor": "按下限计",
        "keep": "照算",
        "one": "按 1 计",
    },
    "outlook": {"expected": "预计", "secured": "已稳", "best": "最好"},
    "effects": {name: words.zh for name, words in EFFECTS.items()},
    "method": {"weighted": "加权平均", "best": "取最好"},
}

OTHERWISE = {
    "positive": ("越大越好", "越高越好", "正指标", "正向指标"),
    "negative": ("越小越好", "越低越好", "逆指标", "逆向指标", "负向", "负向指标"),
    "moderate": ("适中", "适度指标", "区间"),
    "category": ("同类", "同类别", "本类", "类内"),
    "all": ("全体", "全部", "全市", "全县"),
}
"""What people write for a choice besides its own words."""


def literal_words(field: str, value: str) -> Words:
    """Return what a choice of a field is called; in English as the scheme file writes it."""
    return Words(_ZH.get(field, {}).get(value, value), value)


def method_words(family: Any) -> dict[str, Words]:
    """Return the methods of a family with their names."""
    return {name: method.label for name, method in family.family.items()}


def choice(text: str, options: Mapping[str, Words]) -> str | None:
    """Return the choice that a word in either language, or the value itself, stands for.

    Hyphens, blanks and punctuation make no difference where the rest is enough.
    """
    wanted = key(text)
    for value in options:
        if key(value) == wanted:
            return value
    for form in (key, _letters):
        wanted = form(text)
        found = {
            value
            for value, words in options.items()
            if wanted and wanted in map(form, (value, *words, *OTHERWISE.get(value, ())))
        }
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", key(text))
