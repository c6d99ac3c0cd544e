"""What all scoring rules have in common."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from simkaohe.scheme.method import Method, parameter

Array = npt.NDArray[np.float64]
Direction = Literal["positive", "negative", "moderate"]
TOLERANCE = 1e-9
"""What a comparison of decimals forgives: 1.2 − 1 is two whole tenths."""


class Rule(Method):
    """计分方法: how the value of an indicator becomes points.

    ``formula`` takes ``value`` (never NaN) and further data (NaN where missing), shape (..., N) with
    the units compared on the last axis, and returns points out of ``full``, NaN where the rule is
    undefined. ``sign`` is +1 when higher is better and −1 when lower is better; for a moderate
    indicator (适度) ``value`` is the distance outside the ideal band and ``sign`` is −1.
    """

    may_be_supplied: ClassVar = ("sign",)
    directions: ClassVar[tuple[Direction, ...]] = ("positive", "negative", "moderate")
    relative: ClassVar[bool] = False
    """Whether a unit's points depend on the other units."""
    full: float = parameter(100.0, "满分", "full marks", gt=0)

    @property
    def needs(self) -> tuple[str, ...]:
        """The data that the rule cannot do without, its parameters being what they are."""
        return self.data


def divided(above: Any, below: Any) -> Array:
    """Return the quotient, NaN where the denominator is zero or missing."""
    above, below = np.asarray(above, np.float64), np.asarray(below, np.float64)
    safe = np.where(below == 0, np.nan, below)
    return above / safe


def share_between(x: Any, low: Any, high: Any) -> Array:
    """Return where x lies on the way from low (0) to high (1); NaN where both are equal."""
    return divided(np.asarray(x) - low, np.asarray(high) - low)


def whole(x: Any) -> Array:
    """Return the whole steps in x, forgiving binary noise."""
    return np.floor(np.asarray(x) + TOLERANCE)


COMPLETED = (
    "((0 if value < 0 < target else 1 + (value - target) / abs(target) if target < 0"
    " else value / target) if sign > 0"
    " else 2 - value / target if reverse == 'difference'"
    " else ((1 if value <= target else 0) if previous == target"
    " else (value - previous) / (target - previous)) if reverse == 'reduction'"
    " else undefined if not target > 0 else infinity if value <= 0 else target / value)"
)
"""The degree of completion as a method's notation says it; see :func:`completion`."""


def completion(value: Array, target: Array, previous: Any, sign: int, reverse: str) -> Array:
    """Return the degree of completion (完成率); NaN without a target or with a target of zero.

    A negative target of a positive indicator: ``1 + (x − g) / |g|``; a negative value against a
    positive target: 0. Negative indicators: ``g / x`` (``ratio``), ``2 − x / g`` (``difference``)
    or ``(b − x) / (b − g)`` (``reduction``, b = previous).
    """
    if sign > 0:
        q = np.where(
            target < 0, 1 + divided(value - target, np.abs(target)), divided(value, target)
        )
        return np.where((value < 0) & (target > 0), 0.0, q)
    if reverse == "difference":
        return 2 - divided(value, target)
    if reverse == "reduction":
        met = np.where(value <= target + TOLERANCE, 1.0, 0.0)
        return np.where(
            np.abs(previous - target) < TOLERANCE, met, share_between(value, previous, target)
        )
    positive = value > 0
    q = np.where(positive, target / np.where(positive, value, 1.0), np.inf)
    return np.where(np.isnan(value) | np.isnan(target) | (target <= 0), np.nan, q)
