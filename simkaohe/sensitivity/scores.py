"""Scores along one number: curves, or what makes them curves (logarithm, root)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words
from simkaohe.sensitivity.curves import Curves

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
ZERO = -1e6
"""The logarithm that stands for a score of zero."""
FAR = 1e12
"""Beyond every score."""
MIDDLE = np.array([0.5])


def refuse(path: str, zh: str, en: str) -> NoReturn:
    """Say that a quantity is outside the class of the exact method."""
    raise SimkaoheError(
        Problem(
            path,
            Words(f"{zh}，换位点没有精确解", f"{en}, so its breakpoints have no exact form"),
            remedy=Words(
                "请改用抽样（Engine.run 或蒙特卡洛）",
                "Draw the values instead (Engine.run, or Monte Carlo)",
            ),
        )
    )


@dataclass(frozen=True)
class Score:
    """A node's score along the number.

    Attributes
    ----------
    curves : Curves
    power : float, or None
        The score is ``curves`` to this power; None: it is their exponential.
    """

    curves: Curves
    power: float | None = 1.0

    @property
    def plain(self) -> bool:
        """Whether the curves are the score itself."""
        return self.power == 1.0

    def inverse(self, values: Array) -> Array:
        """Return what the curves are where the score has these values."""
        if self.power is None:
            return np.where(values > 0, np.log(np.where(values > 0, values, 1.0)), ZERO)
        return values if self.plain else np.maximum(values, 0.0) ** (1 / self.power)

    def values(self, curves: Array) -> Array:
        """Return scores where the curves have these values."""
        if self.power is None:
            return np.exp(curves)
        return curves if self.plain else np.maximum(curves, 0.0) ** self.power

    def times(self, factor: Array) -> Score:
        """Return the score times factors (N,) ≥ 0."""
        if self.power is not None:
            return replace(self, curves=self.curves.times(self.inverse(factor)))
        raised = self.curves.plus(np.where(factor > 0, self.inverse(factor), 0.0))
        top = np.where(factor[:, None] > 0, raised.top, 0.0 * raised.top)
        top[:, :, 0] = np.where(factor > 0, top[:, :, 0], top[:, :, 0] + ZERO)
        return replace(self, curves=Curves(raised.ends, top, raised.bottom))


__all__ = ["FAR", "MIDDLE", "ZERO", "Score", "refuse"]
