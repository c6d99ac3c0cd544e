"""Measures (计算口径): draft."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from simkaohe.labels import Words
from simkaohe.scheme.method import Method

Array = npt.NDArray[np.float64]


class Measure(Method):
    """计算口径."""


class Level(Measure):
    """本期值."""

    method: Literal["level"] = "level"
    label: ClassVar = Words("本期值", "level")

    @staticmethod
    def formula(actual: Array) -> Array:
        """Return the actual value."""
        return actual


class Log(Measure):
    """对数."""

    method: Literal["log"] = "log"
    label: ClassVar = Words("对数", "log")

    @staticmethod
    def formula(actual: Array) -> Array:
        """Return the natural log."""
        return np.log(actual)
