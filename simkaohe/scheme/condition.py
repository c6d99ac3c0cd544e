"""Conditions (条件): what must be true of a unit for a rule of the game to apply to it."""

from __future__ import annotations

from pydantic import model_validator

from simkaohe.errors import Problem
from simkaohe.labels import Words
from simkaohe.scheme.method import Model, parameter
from simkaohe.scheme.problems import refused

SUBJECTS = ("event", "score", "value", "fact", "period")


class Condition(Model):
    """条件: one fact about a unit and the bounds that it must lie in (both inclusive).

    Parameters
    ----------
    event : str, optional
        Id of a named event in the data's table ``events``: the sum of its counts. Without bounds:
        at least one.
    kind : str, optional
        Of the event: only records of this kind count.
    score : str, optional
        Id of an indicator or group: its score, 0–100, before the adjustments of the total.
    value : str, optional
        Id of an indicator: its measured value (after its 计算口径).
    fact : str, optional
        Column of the covariates.
    period : str, optional
        Id of an earlier period: its score.
    at_least, at_most : float, optional
        A missing value or score meets no condition.
    """

    event: str | None = parameter(None, "事项", "event")
    kind: str | None = parameter(None, "类型", "kind")
    score: str | None = parameter(None, "得分", "score of")
    value: str | None = parameter(None, "指标值", "value of")
    fact: str | None = parameter(None, "背景数据", "fact")
    period: str | None = parameter(None, "时期", "period")
    at_least: float | None = parameter(None, "不低于", "at least")
    at_most: float | None = parameter(None, "不高于", "at most")

    @property
    def subject(self) -> tuple[str, str]:
        """What is looked at: the field and the id or column named in it."""
        field = next(name for name in SUBJECTS if getattr(self, name) is not None)
        return field, getattr(self, field)

    @property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value that meet the condition."""
        low, high = self.at_least, self.at_most
        if self.event is not None and low is None and high is None:
            low = 1.0
        return (float("-inf") if low is None else low, float("inf") if high is None else high)

    @property
    def words(self) -> Words:
        """The condition in words."""
        field, name = self.subject
        labels = type(self).field_words()
        low, high = self.bounds
        zh, en = f"{labels[field].zh}“{name}”", f"{labels[field].en} {name!r}"
        if self.kind is not None:
            zh, en = f"{zh}（{self.kind}）", f"{en} ({self.kind})"
        if self.event is not None and (low, high) == (1.0, float("inf")):
            return Words(f"有{zh}", en)
        ends = [
            Words(f"{words}{bound:g}", f"{sign} {bound:g}")
            for words, sign, bound in (("不低于", "≥", low), ("不高于", "≤", high))
            if abs(bound) != float("inf")
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
        elif named != ["event"] and self.at_least is None and self.at_most is None:
            problems.append(
                Problem(
                    "at_least",
                    Words("没有填写界限", "no bound"),
                    Words("at_least 或 at_most", "at_least or at_most"),
                )
            )
        elif self.bounds[0] > self.bounds[1]:
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
