"""Adjustments (加减分、一票否决、难度系数): what happens to a score after it has been combined.

The order is fixed: combine, difficulty coefficient, blend periods (total only), bonus points less
deductions within their limits, vetoes that act on the score. An adjustment acts on the total unless
``on`` names a paper or an indicator, which puts it before the next combination: a bonus on the base
of a multiplier is multiplied, a bonus on the total is not.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator, model_validator

from simkaohe.errors import Problem
from simkaohe.labels import Words
from simkaohe.scheme.condition import Conditions
from simkaohe.scheme.method import FrozenDict, Method, Model, OrderedDict, parameter
from simkaohe.scheme.problems import refusal, refused

Array = npt.NDArray[np.float64]
Effect = Literal["flag", "zero", "score_cap", "last", "out", "not_top", "grade_cap", "grade_down"]
EFFECTS = {
    "flag": Words("只作标记", "flag only"),
    "zero": Words("得分归零", "score zero"),
    "score_cap": Words("得分封顶", "capped score"),
    "last": Words("列末位", "last place"),
    "out": Words("取消排名", "out of the ranking"),
    "not_top": Words("不得评为最高等次", "not eligible for the top grade"),
    "grade_cap": Words("等次封顶", "capped grade"),
    "grade_down": Words("降一等次", "one grade down"),
}


class Adjustment(Method):
    """调整: bonus points, deductions and vetoes, read from the records in the table ``events``.

    Parameters
    ----------
    name, name_en, note : str, optional
    on : str, optional
        Id of the paper or indicator whose score (0–100) is adjusted; default: the total, in the
        scheme's own full marks.
    """

    outside_formula: ClassVar[tuple[str, ...]] = (
        "name",
        "name_en",
        "note",
        "on",
        "requires",
        "any_of",
    )
    sign: ClassVar[int] = 0
    """+1 adds points, −1 takes them off, 0 does neither."""
    name: str | None = parameter(None, "名称", "name")
    name_en: str | None = parameter(None, "英文名称", "name in English")
    note: str | None = parameter(None, "说明", "note")
    on: str | None = parameter(None, "作用于", "acts on")


def _by_kind(value: Any) -> Any:
    """Return a number alone as the points of records without a kind."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return {"": value} if plain else value


class Points(Adjustment):
    """What bonus and deduction have in common; see :class:`Bonus`."""

    notation: ClassVar = """
        min(
            sum(
                min(
                    points * (
                        (counts if further == 1 else repeated(counts, further)) + same * repeats
                        if any(repeats) else counts if further == 1 else repeated(counts, further)
                    ),
                    caps,
                )
            ),
            cap,
        )
    """

    points: Annotated[OrderedDict[float], BeforeValidator(_by_kind)] = parameter(
        OrderedDict({"": 1.0}), "每次分值", "points each", span=(0, 5)
    )
    caps: FrozenDict[float] = parameter(FrozenDict(), "分项上限", "caps by kind", span=(0, 10))
    cap: float | None = parameter(None, "上限", "cap", ge=0, span=(0, 20))
    further: float = parameter(1.0, "再次系数", "each further one", ge=0, le=3, span=(0, 1))
    same: float = parameter(0.0, "同一事项系数", "same event again", ge=0, le=1, span=(0, 1))
    requires: Conditions = parameter((), "前提条件", "requires")

    @model_validator(mode="after")
    def _names_kinds(self) -> Points:
        problems = [
            Problem(f"points.{kind}", f"{value:g}", Words("≥ 0 的数", "a number ≥ 0"))
            for kind, value in self.points.items()
            if value < 0
        ]
        problems += [
            Problem(
                f"caps.{kind}",
                Words(f"points 里没有“{kind}”", f"points has no kind {kind!r}"),
                Words(f"{'、'.join(self.points)} 之一", f"one of {', '.join(self.points)}"),
            )
            for kind in self.caps
            if kind not in self.points
        ]
        if not self.points:
            problems.append(
                Problem("points", Words("空的", "nothing in it"), Words("分值", "points"))
            )
        if problems:
            raise refused(*problems)
        return self

    @staticmethod
    def formula(
        counts: Array,
        repeats: Array,
        *,
        points: Any,
        caps: Any,
        cap: Any,
        further: Any,
        same: Any,
    ) -> Array:
        """Return points ≥ 0, shape (R, N), from counts and repeats, shape (J, 1, N)."""
        points, caps = np.asarray(points), np.asarray(caps)
        full = np.floor(counts)
        # 1 + ρ + ρ² + … over the whole records, and the started one in proportion
        near_one = np.abs(np.asarray(further) - 1.0) < 1e-12
        ratio = np.where(near_one, 0.5, further)
        series = np.where(near_one, full, (1 - ratio**full) / (1 - ratio))
        series = series + (counts - full) * np.asarray(further, np.float64) ** full
        each = np.minimum(points * (series + same * repeats), caps)
        total = each.sum(0)
        return total if cap is None else np.minimum(total, cap)


class Bonus(Points):
    r"""加分 (bonus points): points for what the table of events records, by kind or level.

    .. math:: B = \min\Big(cap,\ \sum_j \min(cap_j,\ p_j (1 + \rho + \rho^2 + \dots + \sigma m_j))\Big)

    Parameters
    ----------
    on, name, name_en, note
        As in every adjustment.
    points : mapping of kind to float, points
        What one record of each kind is worth, e.g. ``{national: 2, provincial: 1, city: 0.5}``,
        the highest first. The kind ``""`` (alone: the default) takes records without one; with
        1 point a record's count is its points. A number alone is for that kind.
    caps : mapping of kind to float, points, optional
    cap : float, points, optional
        Of this adjustment. Caps over several adjustments of one paper or of the total are in the
        scheme's ``limits``.
    further : float, default 1
        ρ: what each further record of a kind counts, against the one before.
    same : float in [0, 1], default 0
        σ: what a record counts when the same event (same unit, same ``name``) stands in a kind
        named before, or earlier in the same kind: 0 counts the highest level only.
    requires : list of Condition
        All must be met, else nothing is earned.

    Notes
    -----
    Data: the events with this adjustment's id.

    References
    ----------
    [1] Award ladders 2 / 1 / 0.5 and caps of 5 and 15 points in city rules (S36, S37, S39 of the
        formula manual); geometric decrease and σ are model choices.

    Examples
    --------
    >>> counts, repeats = np.array([[[1.0]], [[3.0]]]), np.zeros((2, 1, 1))
    >>> points, caps = np.array([[[2.0]], [[1.0]]]), np.array([[[np.inf]], [[2.0]]])
    >>> Bonus.formula(counts, repeats, points=points, caps=caps, cap=5.0, further=1.0, same=0.0)
    array([[4.]])
    """

    method: Literal["bonus"] = "bonus"
    label: ClassVar = Words("加分", "bonus")
    chinese: ClassVar = "按事项表中的记录，依类型或级别加分。"
    sign: ClassVar = 1


class Deduction(Points):
    r"""减分 (deduction, 效能督查倒扣): points taken off for what the table of events records.

    .. math:: D = \min\Big(cap,\ \sum_j \min(cap_j,\ p_j (1 + \rho + \rho^2 + \dots + \sigma m_j))\Big)

    Parameters
    ----------
    on, name, name_en, note, points, caps, cap, further, same, requires
        As in a bonus; points are written without a minus. ``further`` above 1 deducts more each
        time. Without a cap the deduction is open-ended (倒扣).

    References
    ----------
    [1] −0.5 for a monthly and −1 for a quarterly interview, −5 for concealment (S12, S37 of the
        formula manual).
    """

    method: Literal["deduction"] = "deduction"
    label: ClassVar = Words("减分", "deduction")
    chinese: ClassVar = "按事项表中的记录扣分，如效能督查倒扣。"
    sign: ClassVar = -1


class Veto(Adjustment):
    r"""一票否决 (veto): a record, or a condition that is met, has effects whatever the score.

    Parameters
    ----------
    on, name, name_en, note
        As in every adjustment; ``on`` says whose score ``zero`` and ``score_cap`` act on.
    effects : list of str
        - ``flag``: shown, without effect;
        - ``zero``: the score is 0, a missing one too;
        - ``score_cap``: the score is at most ``cap``;
        - ``last``: behind everybody without a veto, in the category and overall; several units
          keep the order of their totals;
        - ``out``: assessed, but without rank, grade and payments; it still counts as a unit of its
          category when a quota is a share;
        - ``not_top``: not eligible for the best grade; its seat goes to the next;
        - ``grade_cap``: no better grade than ``grade``; its seat goes to the next;
        - ``grade_down``: one grade below what it would get with the other effects; its seat is not
          given to another.
    cap : float, points, optional
    grade : str, optional
        Name of a band.
    any_of : list of Condition
        What sets the veto off besides a record in the table of events: each of them alone.

    Notes
    -----
    Of several vetoes the worst effect counts, never the sum: two ``grade_down`` are one grade down.

    References
    ----------
    [1] Forms V0–V8 of the formula manual (S24, S33, S41, S42): no 优秀 after an extraordinary
        environmental event; 未完成 when the energy target is missed; out of the award list.
    """

    method: Literal["veto"] = "veto"
    label: ClassVar = Words("一票否决", "veto")
    chinese: ClassVar = "有记录或满足条件时，不论得分高低都产生规定的后果。"
    outside_formula: ClassVar[tuple[str, ...]] = (
        *Adjustment.outside_formula,
        "effects",
        "cap",
        "grade",
    )
    effects: tuple[Effect, ...] = parameter(..., "后果", "effects", min_length=1)
    cap: float | None = parameter(None, "得分上限", "capped at", span=(40, 80))
    grade: str | None = parameter(None, "等次上限", "best grade")
    any_of: Conditions = parameter((), "触发条件", "any of")

    @model_validator(mode="after")
    def _has_what_its_effects_need(self) -> Veto:
        for effect, field in (("score_cap", "cap"), ("grade_cap", "grade")):
            if (effect in self.effects) != (getattr(self, field) is not None):
                raise refusal(
                    field,
                    Words("没有填写", "nothing")
                    if effect in self.effects
                    else Words("多余的内容", "a value without use"),
                    Words(
                        f"与 effects 中的 {effect} 同时出现", f"it goes with the effect {effect}"
                    ),
                )
        return self

    @staticmethod
    def formula(counts: Array) -> npt.NDArray[np.bool_]:
        """Return who is struck, from the counts of records, shape (J, 1, N)."""
        struck: npt.NDArray[np.bool_] = np.any(counts > 0, axis=0)
        return struck


class Limit(Model):
    """加减分限额: what bonuses and deductions on one paper or on the total may sum to.

    Parameters
    ----------
    bonus, deduction : float, points, optional
        Highest sum of all bonuses, of all deductions; applied before one is set off against the
        other.
    bonus_share : float in [0, 1], optional
        Highest sum of all bonuses as a share of the score before.
    net : float, points, optional
        Highest bonus less deductions, after both.
    low, high : float, points, optional
        Bounds of the score afterwards.
    """

    notation: ClassVar = """
        bonus_kept = min(gained, bonus, None if bonus_share is None else bonus_share * max(score, 0))
        deduction_kept = min(deducted_points, deduction)
        min(max(score + min(bonus_kept - deduction_kept, net), low), high)
    """
    bonus: float | None = parameter(None, "加分总上限", "cap of bonuses", ge=0, span=(0, 20))
    deduction: float | None = parameter(None, "减分总上限", "cap of deductions", ge=0, span=(0, 20))
    bonus_share: float | None = parameter(
        None, "加分占比上限", "cap as a share", ge=0, le=1, span=(0, 0.2)
    )
    net: float | None = parameter(None, "净加分上限", "net cap", ge=0, span=(0, 20))
    low: float | None = parameter(None, "得分下限", "lowest score", span=(0, 60))
    high: float | None = parameter(None, "得分上限", "highest score", span=(90, 120))

    @model_validator(mode="after")
    def _is_a_range(self) -> Limit:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise refusal(
                "low",
                f"{self.low:g}",
                Words(f"不大于 high（{self.high:g}）", f"at most high ({self.high:g})"),
            )
        return self

    @staticmethod
    def formula(
        score: Array,
        bonus: Array,
        deduction: Array,
        *,
        limits: dict[str, Any],
    ) -> Array:
        """Return the adjusted score, shape (R, N); ``limits`` by field, None where there is none."""
        caps = [limits["bonus"]]
        if limits["bonus_share"] is not None:
            caps.append(limits["bonus_share"] * np.maximum(score, 0))
        for cap in caps:
            bonus = bonus if cap is None else np.minimum(bonus, cap)
        if limits["deduction"] is not None:
            deduction = np.minimum(deduction, limits["deduction"])
        net = bonus - deduction
        if limits["net"] is not None:
            net = np.minimum(net, limits["net"])
        score = score + net
        if limits["low"] is not None:
            score = np.maximum(score, limits["low"])
        if limits["high"] is not None:
            score = np.minimum(score, limits["high"])
        return score
