"""Findings (结论): what a measure of fairness says to people who are no statisticians, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from simkaohe.labels import Words
from simkaohe.scheme.tree import Scheme

Light = Literal["green", "amber", "red", "grey"]
LIGHTS: dict[Light, Words] = {
    "green": Words("● 未见问题", "● nothing found"),
    "amber": Words("▲ 值得一看", "▲ worth a look"),
    "red": Words("■ 需要处理", "■ needs attention"),
    "grey": Words("○ 无法判断", "○ cannot be told"),
}
"""Told by shape and words as well as by colour."""
FOUR_FIFTHS = (0.8, 0.5)
"""Smallest over largest share: the four-fifths rule (EEOC 1978); half as much as another."""


@dataclass(frozen=True)
class Finding:
    """一项结论: one question, its answer, and what the answer does not prove.

    Attributes
    ----------
    measure : str
        The function that found it, e.g. ``"parity"``.
    topic : str
        A short id, unique in an audit, e.g. ``"parity.top_grade"``.
    question : Words
        What is asked, e.g. “Do categories get their share of the top grade?”.
    light : {"green", "amber", "red", "grey"}
        Grey: not to be told from these data; the sentence says why.
    value : float
        The number behind the light; NaN when there is none.
    sentence : Words
        The answer with its numbers, in plain words.
    caution : Words
        What this does *not* prove.
    """

    measure: str
    topic: str
    question: Words
    light: Light
    value: float
    sentence: Words
    caution: Words


class Asked(NamedTuple):
    """A question, and what no answer to it proves."""

    topic: str
    question: Words
    caution: Words

    def says(self, light: Light, value: float, zh: str, en: str) -> Finding:
        """Return the answer in both languages."""
        measure, sentence = self.topic.partition(".")[0], Words(zh, en)
        return Finding(
            measure, self.topic, self.question, light, float(value), sentence, self.caution
        )

    def untold(self, zh: str, en: str) -> Finding:
        """Return why there is no answer."""
        return self.says("grey", np.nan, zh, en)


def asked(topic: str, zh: str, en: str, caution_zh: str, caution_en: str) -> Asked:
    """Return a question and what no answer to it proves."""
    return Asked(topic, Words(zh, en), Words(caution_zh, caution_en))


# -- lights ----------------------------------------------------------------------------------------


def lit(value: float, amber: float, red: float, *, beyond: bool = False) -> Light:
    """Return the light of a value that is worse the higher it is; grey for NaN.

    A step is reached by its own value; with ``beyond`` only by what is above it.
    """
    if np.isnan(value):
        return "grey"
    if beyond:
        return "red" if value > red else "amber" if value > amber else "green"
    return "red" if value >= red else "amber" if value >= amber else "green"


def even(ratio: float) -> Light:
    """Return the light of a smallest over a largest share, by the four-fifths rule."""
    return lit(-ratio, *(-step for step in FOUR_FIFTHS), beyond=True)


def worse(*lights: Light) -> Light:
    """Return the worst of several lights; grey only when all are."""
    order: list[Light] = ["grey", "green", "amber", "red"]
    return max(lights, key=order.index)


# -- words -----------------------------------------------------------------------------------------


def when(holds: Any, zh: str, en: str) -> Words:
    """Return a part of a sentence that is said only when something holds."""
    return Words(zh, en) if holds else Words("", "")


def joined(*sentences: Words) -> Words:
    """Return sentences one after the other."""
    return Words(
        "".join(each.zh for each in sentences),
        " ".join(each.en.strip() for each in sentences if each.en),
    )


def listed(names: Sequence[Words] | Sequence[str], most: int = 3) -> Words:
    """Return the first names of a list, and how many there are where more follow."""
    words = [name if isinstance(name, Words) else Words(name, name) for name in names]
    shown, more = words[:most], len(words) > most
    zh = "、".join(word.zh for word in shown) + (f" 等 {len(words)} 个" if more else "")
    en = ", ".join(word.en for word in shown) + (f" and {len(words) - most} more" if more else "")
    return Words(zh, en)


def called(thing: Any, default: str) -> Words:
    """Return a thing's name in both languages, each standing in for a missing other."""
    return Words(thing.name or thing.name_en or default, thing.name_en or thing.name or default)


def node_words(scheme: Scheme, name: str) -> Words:
    """Return what a node, or an adjustment (``adjustments.<id>``), is called."""
    own = name.removeprefix("adjustments.")
    return called(scheme.nodes.get(name) or scheme.adjustments[own], own)


def category_words(scheme: Scheme, category: str) -> Words:
    """Return what a category is called; its id where it has no name."""
    found = scheme.categories.get(category)
    return called(found, category) if found else Words(category, category)


def grade_words(scheme: Scheme, grade: str | None) -> Words:
    """Return what a grade is called; “none” for no grade."""
    for band in scheme.grades.bands if scheme.grades else ():
        if band.name == grade:
            return called(band, band.name)
    return Words("不定等次", "none")


def units_words(count: int) -> Words:
    """Return how many units."""
    return Words(f"{count} 个单位", f"{count} unit{'' if count == 1 else 's'}")


# -- numbers ---------------------------------------------------------------------------------------


def amount(value: float, sign: str = "") -> str:
    """Return an amount with at most two decimals; with ``sign="+"`` always signed.

    Examples
    --------
    >>> amount(23456.0, "+"), amount(-0.004), amount(1.5)
    ('+23,456', '0', '1.5')
    """
    rounded = round(float(value), 2) + 0.0
    return f"{rounded:{sign if rounded else ''},.2f}".rstrip("0").rstrip(".")


def cases(p: float) -> Words:
    """Return a chance as a share of cases; never 0 %, for what is rare still happens."""
    return Words("不到 1%", "less than 1%") if p < 0.01 else Words(f"{p:.0%}", f"{p:.0%}")
