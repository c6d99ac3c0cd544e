"""Conditions (条件): what must be true of a unit for a rule of the game to apply to it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from simkaohe.errors import Problem
from simkaohe.labels import Words, fact_label
from simkaohe.scheme.method import Model, parameter
from simkaohe.scheme.problems import refused

TOLERANCE = 1e-9
"""What a bound forgives: sums of decimals are not exact."""
SUBJECTS = ("event", "score", "value", "completion", "fact", "period")


class Condition(Model):
    """条件: one fact about a unit and the bounds that it must lie in.

    Parameters
    ----------
    event : str, optional
        Id of a named event in the data's table ``events``: the sum of its counts. Without bounds:
        at least one.
    kind : str, optional
        Of the event: only records of this kind count.
    score : str, optional
        Id of an indicator or group: its score, 0–100, adjustments applied.
    value : str, optional
        Id of an indicator: its measured value (after its 计算口径), of a moderate one too.
    completion : str, optional
        Id of an indicator: its degree of completion (完成率) of the unit's own target; 1 is reached.
    fact : str, optional
        Column of the covariates.
    period : str, optional
        Id of an earlier period: its score.
    at_least, at_most : float, optional
        Inclusive bounds. A missing value or score meets no condition.
    below : float, optional
        Exclusive bound: ``completion: energy, below: 1`` is a target that is missed.
    """

    chinese: ClassVar = "单位的一项数据，以及它应当落在什么范围内。"
    event: str | None = parameter(None, "事项", "event")
    kind: str | None = parameter(None, "类型", "kind")
    score: str | None = parameter(None, "得分", "score of")
    value: str | None = parameter(None, "指标值", "value of")
    completion: str | None = parameter(None, "完成率", "completion of")
    fact: str | None = parameter(None, "背景数据", "fact")
    period: str | None = parameter(None, "时期", "period")
    at_least: float | None = parameter(None, "不低于", "at least")
    at_most: float | None = parameter(None, "不高于", "at most")
    below: float | None = parameter(None, "低于", "below")

    @property
    def subject(self) -> tuple[str, str]:
        """What is looked at: the field and the id or column named in it."""
        field = next(name for name in SUBJECTS if getattr(self, name) is not None)
        return field, getattr(self, field)

    @property
    def about(self) -> str:
        """What is looked at, in words."""
        field, name = self.subject
        called = str(fact_label(name)) if field == "fact" else name
        return f"{type(self).field_labels()[field]} {called}"

    @property
    def is_bounded(self) -> bool:
        """Whether a bound is stated."""
        return any(bound is not None for bound in (self.at_least, self.at_most, self.below))

    def holds(self, value: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Return where a value of the subject meets the condition, in the value's shape."""
        low = 1.0 if self.event is not None and not self.is_bounded else self.at_least
        met = ~np.isnan(value)
        if low is not None:
            met &= value >= low - TOLERANCE
        if self.at_most is not None:
            met &= value <= self.at_most + TOLERANCE
        if self.below is not None:
            met &= value < self.below - TOLERANCE
        return met

    @property
    def words(self) -> Words:
        """The condition in words."""
        field, name = self.subject
        labels = type(self).field_words()
        called = fact_label(name) if field == "fact" else Words(name, name)
        zh, en = f"{labels[field].zh}“{called.zh}”", f"{labels[field].en} {called.en!r}"
        if self.kind is not None:
            zh, en = f"{zh}（{self.kind}）", f"{en} ({self.kind})"
        if not self.is_bounded:
            return Words(f"有{zh}", en)
        signs = {"at_least": ("不低于", "≥"), "at_most": ("不高于", "≤"), "below": ("低于", "<")}
        ends = [
            Words(f"{word}{bound:g}", f"{sign} {bound:g}")
            for end, (word, sign) in signs.items()
            if (bound := getattr(self, end)) is not None
        ]
        return Words(
            zh + "、".join(end.zh for end in ends), f"{en} " + " and ".join(e.en for e in ends)
        )

    @model_validator(mode="after")
    def _has_one_subject(self) -> Condition:
        named = [name for name in SUBJECTS if getattr(self, name) is not None]
        problems = []
        if len(named) != 1:
            problems.append(
                Problem(
                    named[1] if named else "",
                    Words("写了两个对象", "a second subject")
                    if named
                    else Words("没有写对象", "no subject"),
                    Words(
                        "event、score、value、fact、period 之一", f"one of {', '.join(SUBJECTS)}"
                    ),
                )
            )
        elif self.kind is not None and named != ["event"]:
            problems.append(
                Problem(
                    "kind",
                    Words("多余的内容", "a kind without an event"),
                    Words("与 event 同时出现", "it goes with event"),
                )
            )
        elif named != ["event"] and not self.is_bounded:
            problems.append(
                Problem(
                    "at_least",
                    Words("没有填写界限", "no bound"),
                    Words("at_least、at_most 或 below", "at_least, at_most or below"),
                )
            )
        elif (
            self.at_least is not None and self.at_most is not None and self.at_least > self.at_most
        ):
            problems.append(
                Problem(
                    "at_least",
                    f"{self.at_least:g}",
                    Words(f"不大于 at_most（{self.at_most:g}）", f"at most {self.at_most:g}"),
                )
            )
        if problems:
            raise refused(*problems)
        return self


Conditions = tuple[Condition, ...]
