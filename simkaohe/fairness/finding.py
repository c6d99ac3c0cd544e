"""What a measure of fairness says to people who are no statisticians."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from simkaohe.labels import Words

Light = Literal["green", "amber", "red", "grey"]
LIGHTS: dict[Light, Words] = {
    "green": Words("● 未见问题", "● nothing found"),
    "amber": Words("▲ 值得一看", "▲ worth a look"),
    "red": Words("■ 需要处理", "■ needs attention"),
    "grey": Words("○ 无法判断", "○ cannot be told"),
}
"""Told by shape and words as well as by colour."""


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


def light(value: float, amber: float, red: float) -> Light:
    """Return the light of a value that is worse the higher it is; grey for NaN."""
    if value != value:
        return "grey"
    return "red" if value >= red else "amber" if value >= amber else "green"
