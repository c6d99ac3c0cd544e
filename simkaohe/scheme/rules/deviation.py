"""Rules that take points off for missing a target, or a limit (偏差与约束)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from simkaohe.labels import Words
from simkaohe.scheme.method import parameter
from simkaohe.scheme.rules.base import (
    TOLERANCE,
    Array,
    Rule,
    divided,
    whole,
)
from simkaohe.scheme.rules.target import AHEAD, TWO_WAYS, reached


class Deviation(Rule):
    r"""目标增减计分 (deviation from target): a base score, more above the target, less below.

    .. math:: S = base + up \min(d / step, \cdot)^+ - down \min(-d / step, \cdot)^+, \quad
              d = (x - g) / |g|

    Parameters
    ----------
    full : float, points, default 100
    base : float, points, default 30
        At the target.
    step : float, ratio, default 0.03
        A step, as a share of the target.
    up, down : float, points, default 1
        Gained and lost with each step.
    max_up, max_down : float, points, default 6
    whole_steps : bool, default False
        Whether only whole steps count.
    guard : bool, default False
        目标值与基准值: a target below the baseline lowers ``max_up`` by 1, 2 or 3 points: gap up
        to ``guard_low``, up to ``guard_high``, more.
    guard_low, guard_high : float, ratio, default 0.2 and 0.5

    Notes
    -----
    Data: value, target, baseline. Undefined without a target or with a target of zero. A negative
    target uses its absolute value; over-fulfilment then counts half. Without a baseline the guard
    does nothing. Monotone: yes.

    References
    ----------
    [1] SASAC (2009), annual business performance assessment: base 30, ±1 for each 3 %, at most ±6,
        caps 6/5/4/3 by the gap between target and baseline.

    Examples
    --------
    >>> limits = dict(max_up=6.0, max_down=6.0, whole_steps=False)
    >>> guard = dict(guard=True, guard_low=0.2, guard_high=0.5)
    >>> steps = dict(full=100, base=30.0, step=0.03, up=1.0, down=1.0)
    >>> x, g, b = np.array([112.0, 80.0]), np.array([90.0, 100.0]), np.array([100.0, 90.0])
    >>> Deviation.formula(x, g, b, sign=1, **steps, **limits, **guard)
    array([35., 24.])
    """

    method: Literal["deviation"] = "deviation"
    label: ClassVar = Words("目标增减计分", "deviation from target")
    chinese: ClassVar = "达到目标得基准分，超过加分，不足减分。"
    notation: ClassVar = f"""
        ahead = {AHEAD}
        steps = trunc(ahead / abs(target) / step) if whole_steps else ahead / abs(target) / step
        gap = (baseline - target if sign > 0 else target - baseline) / abs(baseline)
        ceiling_up = (
            max(
                max_up - (1 + (1 if gap > guard_low else 0) + (1 if gap >= guard_high else 0)), 0
            )
            if guard and gap > 0 else max_up
        )
        base + min(ceiling_up, 0.5 * up * steps if target < 0 else up * steps) if steps >= 0 \
            else base - min(max_down, down * -steps) if steps < 0 else undefined
    """
    directions: ClassVar = TWO_WAYS
    base: float = parameter(30.0, "达标分", "points at the target", ge=0, span=(20, 80))
    step: float = parameter(0.03, "每档幅度", "step", gt=0, span=(0.01, 0.1))
    up: float = parameter(1.0, "每档加分", "gained with each step", ge=0, span=(0, 3))
    down: float = parameter(1.0, "每档扣分", "lost with each step", ge=0, span=(0, 3))
    max_up: float = parameter(6.0, "加分上限", "gained at most", ge=0, span=(0, 20))
    max_down: float = parameter(6.0, "扣分上限", "lost at most", ge=0, span=(0, 20))
    whole_steps: bool = parameter(False, "只计整档", "whole steps only")
    guard: bool = parameter(False, "目标值约束", "guard against low targets")
    guard_low: float = parameter(0.2, "差距一", "first gap", ge=0, span=(0.1, 0.3))
    guard_high: float = parameter(0.5, "差距二", "second gap", ge=0, span=(0.3, 0.6))

    @staticmethod
    def formula(
        value: Array,
        target: Array,
        baseline: Array,
        *,
        sign: int,
        full: Any,
        base: Any,
        step: Any,
        up: Any,
        down: Any,
        max_up: Any,
        max_down: Any,
        whole_steps: bool,
        guard: bool,
        guard_low: Any,
        guard_high: Any,
    ) -> Array:
        """Return points, shape (..., N)."""
        steps = sign * divided(value - target, np.abs(target)) / step
        if whole_steps:
            steps = np.where(steps >= 0, whole(steps), -whole(-steps))
        ceiling = max_up
        if guard:
            gap = sign * divided(baseline - target, np.abs(baseline))
            low = 1.0 + (gap > guard_low + TOLERANCE) + (gap >= guard_high - TOLERANCE)
            ceiling = np.maximum(max_up - np.where(gap > TOLERANCE, low, 0.0), 0.0)
        gained = np.where(target < 0, 0.5, 1.0) * up * np.maximum(steps, 0.0)
        lost = np.minimum(down * np.maximum(-steps, 0.0), max_down)
        return np.minimum(gained, ceiling) + base - lost


class Constraint(Rule):
    r"""约束性指标 (constraint): full marks when met, nothing more for over-meeting.

    .. math:: S = full \cdot [x \ge g] + missed \cdot [x < g]

    Parameters
    ----------
    full : float, points, default 100
    missed : float, points, default 0
        When the target is missed.
    only_cumulative : float, points, optional
        When the year's target is missed but the cumulative one is met.
    only_annual : float, points, optional
        When the year's target is met but the cumulative one is missed. Both of these are needed
        for the two conditions to count.

    Notes
    -----
    Data: value, target, cumulative, cumulative_target. Equality is met. Undefined without a target;
    where there is no cumulative target the year's alone counts. Monotone: yes.

    References
    ----------
    [1] Energy assessment with annual and five-year targets: 60 / 55 / 40 / 0 points.

    Examples
    --------
    >>> x, g = np.array([3.2, 3.0, 3.2, 3.0]), np.full(4, 3.1)
    >>> c, h = np.array([9.0, 9.0, 8.0, 8.0]), np.full(4, 8.5)
    >>> Constraint.formula(
    ...     x, g, c, h, sign=1, full=60.0, missed=0.0, only_cumulative=55.0, only_annual=40.0)
    array([60., 55., 40.,  0.])
    """

    method: Literal["constraint"] = "constraint"
    label: ClassVar = Words("约束性指标", "constraint")
    chinese: ClassVar = "达标得满分，做得更好也不多给。"
    notation: ClassVar = f"""
        ahead = {AHEAD}
        ahead_in_all = (
            cumulative - cumulative_target if sign > 0 else cumulative_target - cumulative
        )
        (full if ahead >= 0 else missed if ahead < 0 else undefined) \
            if only_annual is None or only_cumulative is None or not known(ahead_in_all) \
            else (full if ahead_in_all >= 0 else only_annual if ahead_in_all < 0 else full) \
            if ahead >= 0 \
            else (only_cumulative if ahead_in_all >= 0 else missed if ahead_in_all < 0 else missed) \
            if ahead < 0 else undefined
    """
    directions: ClassVar = TWO_WAYS
    missed: float = parameter(0.0, "未完成得分", "points when missed", ge=0, span=(0, 60))
    only_cumulative: float | None = parameter(None, "仅累计完成", "only cumulative target met")
    only_annual: float | None = parameter(None, "仅当年完成", "only annual target met")

    @staticmethod
    def formula(
        value: Array,
        target: Array,
        cumulative: Array,
        cumulative_target: Array,
        *,
        sign: int,
        full: Any,
        missed: Any,
        only_cumulative: Any,
        only_annual: Any,
    ) -> Array:
        """Return points, shape (..., N)."""
        met = reached(value, target, sign)
        points = np.where(met, full, missed)
        if only_cumulative is not None and only_annual is not None:
            whole_term = reached(cumulative, cumulative_target, sign)
            both = np.where(met, np.where(whole_term, full, only_annual), points)
            both = np.where(~met & whole_term, only_cumulative, both)
            points = np.where(np.isnan(cumulative_target) | np.isnan(cumulative), points, both)
        return np.where(np.isnan(target), np.nan, points)
