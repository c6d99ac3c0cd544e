"""Rules that compare a value with its target (目标完成类)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator

from simkaohe.labels import Words
from simkaohe.scheme.method import parameter
from simkaohe.scheme.problems import refusal
from simkaohe.scheme.rules.base import (
    COMPLETED,
    TOLERANCE,
    Array,
    Direction,
    Rule,
    completion,
    whole,
)
from simkaohe.scheme.rules.rank import places_of

TWO_WAYS: tuple[Direction, ...] = ("positive", "negative")
Reverse = Literal["ratio", "difference", "reduction"]
AHEAD = "value - target if sign > 0 else target - value"
"""How far the target is surpassed, as a method's notation says it."""


def reached(value: Array, target: Array, sign: int) -> Any:
    """Return whether the target is met."""
    return sign * (value - target) >= -TOLERANCE


class Completion(Rule):
    r"""目标完成率法 (target completion): points in proportion to the degree of completion.

    .. math:: S = full \cdot \min(q, cap), \quad q = x / g

    Parameters
    ----------
    full : float, points, default 100
    start : float, ratio, default 0
        Completion below which ``below`` says what is earned; 0.5 or 0.6 are usual.
    below : {"zero", "hold"}, default "zero"
        Nothing, or the points of ``start``.
    cap : float, ratio, default 1
        Completion beyond it earns nothing more; above 1 over-fulfilment pays.
    reverse : {"ratio", "difference", "reduction"}, default "ratio"
        Completion of a negative indicator: g / x, 2 − x / g, or (b − x) / (b − g) with b the
        previous value.

    Notes
    -----
    Data: value, target, previous. A negative target is read as ``1 + (x − g) / |g|``; a negative
    value against a positive target earns nothing. No target or a target of zero: undefined. A
    reduction with b = g: met or not met. Monotone: yes.

    References
    ----------
    [1] Energy-saving responsibility assessment of cities (completion tables).
    [2] Floating 30 %: start 0.7, cap 1.3, below "hold", full 130 gives points × 100 / 130.

    Examples
    --------
    >>> x, g = np.array([4.0, 6.0, 9.0]), np.array([8.0, 8.0, 8.0])
    >>> Completion.formula(x, g, g, sign=1, full=10, start=0.6, below="zero", cap=1.0, reverse="ratio")
    array([ 0. ,  7.5, 10. ])
    """

    method: Literal["completion"] = "completion"
    label: ClassVar = Words("目标完成率法", "target completion")
    chinese: ClassVar = "按目标完成程度的比例给分。"
    notation: ClassVar = f"""
        ratio = {COMPLETED}
        full * (
            (0 if below == "zero" else start) if ratio < start
            else 0 if ratio < 0 else min(ratio, cap)
        )
    """
    directions: ClassVar = TWO_WAYS
    start: float = parameter(0.0, "起计完成率", "starts at", ge=0, span=(0, 0.8))
    below: Literal["zero", "hold"] = parameter("zero", "低于起点", "below the start")
    cap: float = parameter(1.0, "封顶完成率", "cap", gt=0, span=(1.0, 1.5))
    reverse: Reverse = parameter("ratio", "逆向算法", "if lower is better")

    @model_validator(mode="after")
    def _fits(self) -> Completion:
        if self.start > self.cap:
            raise refusal(
                "start",
                f"{self.start:g}",
                Words(f"不大于 cap（{self.cap:g}）", f"at most cap ({self.cap:g})"),
            )
        return self

    @staticmethod
    def formula(
        value: Array,
        target: Array,
        previous: Array,
        *,
        sign: int,
        full: Any,
        start: Any,
        below: str,
        cap: Any,
        reverse: str,
    ) -> Array:
        """Return points, shape (..., N)."""
        q = completion(value, target, previous, sign, reverse)
        low = start if below == "hold" else 0.0
        return full * np.where(q < start - TOLERANCE, low, np.clip(q, 0.0, cap))


class CompletionSteps(Rule):
    r"""完成率分档 (completion table): points for degrees of completion, more for over-fulfilment.

    .. math:: S = table(\min(q, 1)) + \min(over\_max,\ over\_points \lfloor (q - 1) / over\_step \rfloor)

    Parameters
    ----------
    full : float, points, default 100
    ratios : list of float, rising
    points : list of float
        As many as ratios: what is earned from each ratio on. Below the first: nothing.
    interpolate : bool, default False
        Whether points rise in a line between the ratios or in steps.
    over_step, over_points, over_max : float
        Every further ``over_step`` beyond the last ratio adds ``over_points``, up to ``over_max``.
    reverse : {"ratio", "difference", "reduction"}, default "ratio"
        As in target completion.

    Notes
    -----
    Data: value, target, previous. Undefined without a target. Monotone: yes.

    References
    ----------
    [1] Energy-saving responsibility assessment: 40 points at 100 %, 36 at 90 %, …, +3 for each
        further 10 %, at most +9.

    Examples
    --------
    >>> table = dict(ratios=(0.5, 0.9, 1.0), points=(20.0, 36.0, 40.0), interpolate=False)
    >>> over = dict(over_step=0.1, over_points=3.0, over_max=9.0, reverse="ratio")
    >>> x, g = np.array([1.35, 0.99, 0.49]), np.ones(3)
    >>> CompletionSteps.formula(x, g, g, sign=1, full=40.0, **table, **over)
    array([49., 36.,  0.])
    """

    method: Literal["completion_steps"] = "completion_steps"
    label: ClassVar = Words("完成率分档计分", "completion table")
    chinese: ClassVar = "完成率达到哪一档得哪一档的分，超额完成可以更高。"
    notation: ClassVar = f"""
        ratio = {COMPLETED}
        earned = (
            0 if ratio < first(ratios)
            else along(ratio, ratios, points) if interpolate else staged(ratio, ratios, points)
        )
        earned + min(over_max, over_points * whole((ratio - last(ratios)) / over_step)) \
            if ratio > last(ratios) and any(over_points) \
            else earned if known(ratio) else undefined
    """
    directions: ClassVar = TWO_WAYS
    ratios: tuple[float, ...] = parameter(..., "完成率", "ratios", min_length=1)
    points: tuple[float, ...] = parameter(..., "对应得分", "points", min_length=1)
    interpolate: bool = parameter(False, "档内插值", "interpolate")
    over_step: float = parameter(0.1, "超额每档", "over-fulfilment step", gt=0, span=(0.05, 0.2))
    over_points: float = parameter(0.0, "超额每档加分", "points per step over", ge=0, span=(0, 5))
    over_max: float = parameter(0.0, "超额加分上限", "at most", ge=0, span=(0, 20))
    reverse: Reverse = parameter("ratio", "逆向算法", "if lower is better")

    @model_validator(mode="after")
    def _fits(self) -> CompletionSteps:
        check_table(self.ratios, self.points, "ratios", extra=0)
        return self

    @staticmethod
    def formula(
        value: Array,
        target: Array,
        previous: Array,
        *,
        sign: int,
        full: Any,
        ratios: tuple[float, ...],
        points: tuple[float, ...],
        interpolate: bool,
        over_step: Any,
        over_points: Any,
        over_max: Any,
        reverse: str,
    ) -> Array:
        """Return points, shape (..., N)."""
        q = completion(value, target, previous, sign, reverse)
        if interpolate:
            earned = np.interp(q, ratios, points)
        else:
            place = np.searchsorted(np.asarray(ratios) - TOLERANCE, q, side="right")
            earned = np.asarray(points)[np.clip(place, 1, len(points)) - 1]
        earned = np.where(q < ratios[0] - TOLERANCE, 0.0, earned)
        beyond = np.minimum(np.maximum(q - ratios[-1], 0.0), 1e6)
        more = np.minimum(over_max, over_points * whole(beyond / over_step))
        return np.where(np.isnan(q), np.nan, earned + more)


def check_table(
    limits: tuple[float, ...], points: tuple[float, ...], field: str, extra: int
) -> None:
    """Refuse limits that do not rise, points that fall, and tables of unequal length."""
    if any(a >= b for a, b in pairwise(limits)):
        raise refusal(field, f"{list(limits)}", Words("由低到高的数", "numbers that rise"))
    if len(points) != len(limits) + extra:
        raise refusal(
            "points",
            Words(f"{len(points)} 个", f"{len(points)} of them"),
            Words(
                f"{len(limits) + extra} 个，与 {field} 对应",
                f"{len(limits) + extra}, to match {field}",
            ),
        )
    if any(a > b for a, b in pairwise(points)):
        raise refusal(
            "points",
            f"{list(points)}",
            Words("由低到高的得分（第一项最差）", "points that rise, the worst first"),
        )


class AllOrNothing(Rule):
    r"""目标完成计分法 (all or nothing): full marks for a target met, else nothing.

    .. math:: S = full \cdot [x \ge g]

    Parameters
    ----------
    full : float, points, default 100

    Notes
    -----
    Data: value, target. Equality is met. Undefined without a target. Monotone: yes.

    References
    ----------
    [1] Monthly economic-performance rules of a city (2020): target met earns the weight, else 0.

    Examples
    --------
    >>> AllOrNothing.formula(np.array([8.0, 7.9]), np.array([8.0, 8.0]), sign=1, full=4)
    array([4., 0.])
    """

    method: Literal["all_or_nothing"] = "all_or_nothing"
    label: ClassVar = Words("目标完成计分法", "all or nothing")
    chinese: ClassVar = "完成目标得满分，否则不得分。"
    notation: ClassVar = f"""
        ahead = {AHEAD}
        full if ahead >= 0 else 0 if ahead < 0 else undefined
    """
    directions: ClassVar = TWO_WAYS

    @staticmethod
    def formula(value: Array, target: Array, *, sign: int, full: Any) -> Array:
        """Return points, shape (..., N)."""
        return np.where(np.isnan(target), np.nan, full * reached(value, target, sign))


class Hybrid(Rule):
    r"""达标加位次 (target, then rank): base points for the target, the rest by rank beyond it.

    .. math:: S = base [x \ge g] + (full - base) \max(0, 1 - step (r - 1)) [x > g]

    Parameters
    ----------
    full : float, points, default 10
    base : float, points, default 4
        For meeting the target.
    step : float, ratio, default 0.05
        Of the rest, lost with each rank.

    Notes
    -----
    Data: value, target. r is the competition rank among the units compared. Undefined without a
    target. Monotone: yes.

    References
    ----------
    [1] Monthly economic-performance rules of a city (2020): growth target 8 %, 4 points when met,
        6 more by rank when exceeded.

    Examples
    --------
    >>> g = np.full(3, 8.0)
    >>> Hybrid.formula(np.array([9.0, 8.0, 7.0]), g, sign=1, full=10, base=4, step=0.05)
    array([10.,  4.,  0.])
    """

    method: Literal["hybrid"] = "hybrid"
    label: ClassVar = Words("达标加位次", "target, then rank")
    chinese: ClassVar = "完成目标得基本分，其余的分看超出目标部分的位次。"
    notation: ClassVar = f"""
        ahead = {AHEAD}
        rank = place(value)
        base + (full - base) * max(0, 1 - step * (rank - 1)) if ahead > 0 \
            else base if ahead == 0 else 0 if ahead < 0 else undefined
    """
    directions: ClassVar = TWO_WAYS
    relative: ClassVar = True
    full: float = parameter(10.0, "满分", "full marks", gt=0)
    base: float = parameter(4.0, "达标分", "points for the target", ge=0, span=(2, 8))
    step: float = parameter(0.05, "每名递减", "lost with each rank", ge=0, le=1, span=(0.02, 0.1))

    @model_validator(mode="after")
    def _fits(self) -> Hybrid:
        if self.base > self.full:
            raise refusal(
                "base",
                f"{self.base:g}",
                Words(f"不大于满分（{self.full:g}）", f"at most full marks ({self.full:g})"),
            )
        return self

    @staticmethod
    def formula(
        value: Array, target: Array, *, sign: int, full: Any, base: Any, step: Any
    ) -> Array:
        """Return points, shape (..., N)."""
        rest = (full - base) * np.maximum(0.0, 1 - step * (places_of(sign * value) - 1))
        exceeded = sign * (value - target) > TOLERANCE
        points = base * reached(value, target, sign) + rest * exceeded
        return np.where(np.isnan(target), np.nan, points)
