"""Scoring rules (计分方法): from an indicator's value to its points."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from simkaohe.labels import Words
from simkaohe.scheme.method import Method, parameter

Array = npt.NDArray[np.float64]
Direction = Literal["positive", "negative", "moderate"]


class Rule(Method):
    """计分方法: how the value of an indicator becomes points."""

    may_be_supplied: ClassVar = ("sign",)
    directions: ClassVar[tuple[Direction, ...]] = ("positive", "negative", "moderate")
    full: float = parameter(100.0, "满分", "full marks", gt=0)


class MinMax(Rule):
    """极差法 (min-max): draft."""

    method: Literal["minmax"] = "minmax"
    label: ClassVar = Words("极差法", "min-max")
    worst: float | None = parameter(None, "最差值", "worst value")
    best: float | None = parameter(None, "最优值", "best value")

    @staticmethod
    def formula(value: Array, *, sign: int, full: Any, worst: Any, best: Any) -> Array:
        low = np.min(sign * value, -1, keepdims=True) if worst is None else sign * worst
        high = np.max(sign * value, -1, keepdims=True) if best is None else sign * best
        return full * np.clip((sign * value - low) / (high - low), 0, 1)
