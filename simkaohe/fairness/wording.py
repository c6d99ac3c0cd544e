"""How findings speak: names in both languages, and the light of a number."""

from __future__ import annotations

from typing import Any

from simkaohe.fairness.finding import Light, light
from simkaohe.labels import Words
from simkaohe.scheme.tree import Scheme

FOUR_FIFTHS: tuple[float, float] = (0.8, 0.5)
"""Smallest over largest share: the four-fifths rule (EEOC 1978); half as much as another."""


def named(name: str | None, name_en: str | None, default: str) -> Words:
    """Return a name in both languages, each standing in for a missing other."""
    return Words(name or name_en or default, name_en or name or default)


def category_words(scheme: Scheme, category: str) -> Words:
    """Return what a category is called; its id where it has no name."""
    found = scheme.categories.get(category)
    return named(found.name, found.name_en, category) if found else Words(category, category)


def grade_words(scheme: Scheme, grade: str | None) -> Words:
    """Return what a grade is called; “none” for no grade."""
    for band in scheme.grades.bands if scheme.grades else ():
        if band.name == grade:
            return named(band.name, band.name_en, band.name)
    return Words("不定等次", "none")


def node_words(scheme: Scheme, name: str) -> Words:
    """Return what a node, or an adjustment (``adjustments.<id>``), is called."""
    found: Any = scheme.nodes.get(name) or scheme.adjustments[name.removeprefix("adjustments.")]
    return named(found.name, found.name_en, name.removeprefix("adjustments."))


def use_words(scheme: Scheme, use: str) -> Words:
    """Return what a use of the results is called; its id where it has no name."""
    found = scheme.uses[use]
    return named(found.name, found.name_en, use)


def filled(zh: str, en: str, **values: Any) -> Words:
    """Fill a sentence in both languages; a value that is Words gives each its own."""
    return Words(
        zh.format(**{k: v.zh if isinstance(v, Words) else v for k, v in values.items()}),
        en.format(**{k: v.en if isinstance(v, Words) else v for k, v in values.items()}),
    )


def listed(names: list[Words] | list[str], most: int = 3) -> Words:
    """Return the first names of a list, and how many there are where more follow."""
    words = [name if isinstance(name, Words) else Words(name, name) for name in names]
    shown, more = words[:most], len(words) > most
    zh = "、".join(word.zh for word in shown) + (f" 等 {len(words)} 个" if more else "")
    en = ", ".join(word.en for word in shown) + (f" and {len(words) - most} more" if more else "")
    return Words(zh, en)


def amount(value: float, sign: str = "") -> str:
    """Return an amount with at most two decimals; with ``sign="+"`` always signed.

    Examples
    --------
    >>> amount(23456.0, "+"), amount(-0.004), amount(1.5)
    ('+23,456', '0', '1.5')
    """
    rounded = round(float(value), 2) + 0.0
    text = f"{rounded:{sign if rounded else ''},.2f}"
    return text.rstrip("0").rstrip(".")


def cases(p: float) -> Words:
    """Return a chance as a share of cases; never 0 %, for what is rare still happens."""
    return Words("不到 1%", "less than 1%") if p < 0.01 else Words(f"{p:.0%}", f"{p:.0%}")


def lit(value: float, steps: tuple[float, float]) -> Light:
    """Return green below the first step, amber below the second, then red; grey for NaN."""
    return light(value, *steps)


def even(ratio: float) -> Light:
    """Return the light of a smallest over a largest share, by the four-fifths rule."""
    if ratio != ratio:
        return "grey"
    return "green" if ratio >= FOUR_FIFTHS[0] else "amber" if ratio >= FOUR_FIFTHS[1] else "red"
