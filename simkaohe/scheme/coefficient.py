"""How the score of a part becomes the coefficient that multiplies the base (系数换算)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from simkaohe.labels import Words
from simkaohe.scheme.method import Method, parameter
from simkaohe.scheme.problems import refusal

Array = npt.NDArray[np.float64]


class CoefficientMap(Method):
    """系数换算: how the score of a part becomes the coefficient that multiplies the base.

    A formula takes the part's score, shape (..., N), and the keyword-only parameters; ``low`` and
    ``high`` are the multiplier's limits. The multiplier clips every coefficient to them afterwards.
    """

    may_be_supplied: ClassVar = ("low", "high")

    @classmethod
    def needs_band(cls) -> bool:
        """Whether the map has no meaning without the multiplier's ``low`` and ``high``."""
        return "low" in cls.supplied


class Identity(CoefficientMap):
    r"""原值系数 (identity): ``c = P / 100``, the raw product."""

    method: Literal["identity"] = "identity"
    label: ClassVar = Words("原值（得分÷100）", "score / 100")
    chinese: ClassVar = "系数 = 得分 ÷ 100，直接相乘。"
    notation: ClassVar = "score / 100"

    @staticmethod
    def formula(score: Array) -> Array:
        """Return the score as a share of full marks."""
        return score / 100


class Best(CoefficientMap):
    """与最高分之比 (best): ``c = P / max P``; the leader has 1. Undefined when the best is 0."""

    method: Literal["best"] = "best"
    label: ClassVar = Words("与最高分之比", "score / best score")
    chinese: ClassVar = "系数 = 得分 ÷ 最高分，最高者为 1；最高分为 0 时无法计算。"
    notation: ClassVar = "score / best_of(score) if best_of(score) > 0 else undefined"

    @staticmethod
    def formula(score: Array) -> Array:
        """Return the score as a share of the highest score."""
        best = np.nanmax(score, -1, keepdims=True)
        return score / np.where(best > 0, best, np.nan)


class Mean(CoefficientMap):
    """与平均分之比 (mean): ``c = P / mean P``; the average unit has 1. Undefined at mean 0."""

    method: Literal["mean"] = "mean"
    label: ClassVar = Words("与平均分之比", "score / mean score")
    chinese: ClassVar = "系数 = 得分 ÷ 平均分，平均水平为 1；平均分为 0 时无法计算。"
    notation: ClassVar = "score / mean(score) if mean(score) > 0 else undefined"

    @staticmethod
    def formula(score: Array) -> Array:
        """Return the score as a ratio to the mean score."""
        mean = np.nanmean(score, -1, keepdims=True)
        return score / np.where(mean > 0, mean, np.nan)


class LinearBand(CoefficientMap):
    """线性区间 (linear band): the lowest score gets ``low``, the highest ``high``.

    When all scores are equal everybody gets the middle of the band.
    """

    method: Literal["linear_band"] = "linear_band"
    label: ClassVar = Words("线性区间（最低—最高）", "band from lowest to highest score")
    chinese: ClassVar = "最低分得系数下限，最高分得系数上限，其余按比例。"
    notation: ClassVar = """
        lowest = worst_of(score)
        highest = best_of(score)
        low + (high - low) * ((score - lowest) / (highest - lowest) if highest > lowest else 0.5)
    """

    @staticmethod
    def formula(score: Array, *, low: Any, high: Any) -> Array:
        """Return the coefficient, linear between the observed extremes."""
        worst = np.fmin.reduce(score, -1, keepdims=True)
        spread = np.fmax.reduce(score, -1, keepdims=True) - worst
        share = score - worst
        share /= np.where(spread > 0, spread, 1)
        if not (spread > 0).all():
            share = np.where((spread > 0) | np.isnan(score), share, 0.5)
        return low + (high - low) * share


class FixedBand(CoefficientMap):
    """固定区间 (fixed band): ``c = low + (high - low) P / 100``."""

    method: Literal["fixed_band"] = "fixed_band"
    label: ClassVar = Words("固定区间（0—100分）", "band from 0 to 100 points")
    chinese: ClassVar = "系数 = 下限 +（上限 − 下限）× 得分 ÷ 100。"
    notation: ClassVar = "low + (high - low) * score / 100"

    @staticmethod
    def formula(score: Array, *, low: Any, high: Any) -> Array:
        """Return the coefficient, linear in the score."""
        return low + (high - low) * score / 100


class Centred(CoefficientMap):
    """离均系数 (centred): ``c = 1 + beta (P - mean P) / 100``.

    Parameters
    ----------
    beta : float, default 1
        What a distance of 100 points from the mean is worth.
    """

    method: Literal["centred"] = "centred"
    label: ClassVar = Words("离均系数", "distance from the mean")
    chinese: ClassVar = "系数 = 1 + beta ×（得分 − 平均分）÷ 100。"
    notation: ClassVar = "1 + beta * (score - mean(score)) / 100"
    beta: float = parameter(1.0, "离均斜率", "slope", ge=0, span=(0, 2))

    @staticmethod
    def formula(score: Array, *, beta: Any) -> Array:
        """Return one plus the scaled distance from the mean."""
        return 1 + beta * (score - np.nanmean(score, -1, keepdims=True)) / 100


class RankBand(CoefficientMap):
    """位次系数 (rank): the first place gets ``high``, the last of n places ``low``, even steps.

    Equal scores (to nine decimals) share the better place. A unit that is alone gets ``high``.
    """

    method: Literal["rank"] = "rank"
    label: ClassVar = Words("按位次", "by rank")
    chinese: ClassVar = "第一名得系数上限，最后一名得下限，中间每名相差相同。"
    notation: ClassVar = """
        rank = place(score)
        high - (high - low) * (rank - 1) / max(count(score) - 1, 1)
    """

    @staticmethod
    def formula(score: Array, *, low: Any, high: Any) -> Array:
        """Return the coefficient, linear in the rank."""
        rounded = np.round(np.where(np.isnan(score), -np.inf, score), 9)
        ahead = (rounded[..., None, :] > rounded[..., :, None]).sum(-1)
        steps = np.maximum((~np.isnan(score)).sum(-1, keepdims=True) - 1, 1)
        return np.where(np.isnan(score), np.nan, high - (high - low) * ahead / steps)


class GradeTable(CoefficientMap):
    """等次系数 (grade table): a coefficient for each band of scores.

    Parameters
    ----------
    thresholds : tuple of float, points, rising
        Lower bounds (inclusive) of all bands but the lowest.
    coefficients : tuple of float
        One more than thresholds, lowest band first.
    """

    method: Literal["grade"] = "grade"
    label: ClassVar = Words("按等次", "by grade of the part")
    chinese: ClassVar = "每个分数段一个系数。"
    notation: ClassVar = "tier(score, thresholds, coefficients)"
    thresholds: tuple[float, ...] = parameter((60.0, 80.0, 90.0), "分数线", "thresholds")
    coefficients: tuple[float, ...] = parameter((0.9, 0.95, 1.0, 1.05), "等次系数", "coefficients")

    @model_validator(mode="after")
    def _fits(self) -> GradeTable:
        rising = all(a < b for a, b in zip(self.thresholds, self.thresholds[1:], strict=False))
        if not rising:
            raise refusal(
                "thresholds",
                Words(f"{list(self.thresholds)}", f"{list(self.thresholds)}"),
                Words("由低到高的分数线", "thresholds that rise"),
            )
        if len(self.coefficients) != len(self.thresholds) + 1:
            raise refusal(
                "coefficients",
                Words(f"{len(self.coefficients)} 个系数", f"{len(self.coefficients)} coefficients"),
                Words(
                    f"{len(self.thresholds) + 1} 个（比分数线多一个，由低到高）",
                    f"{len(self.thresholds) + 1}, one more than thresholds, lowest band first",
                ),
            )
        return self

    @staticmethod
    def formula(
        score: Array, *, thresholds: tuple[float, ...], coefficients: tuple[float, ...]
    ) -> Array:
        """Return the coefficient of the band that the score is in."""
        band = np.searchsorted(np.asarray(thresholds), np.round(score, 9), side="right")
        return np.where(np.isnan(score), np.nan, np.asarray(coefficients)[band])


class Gate(CoefficientMap):
    """门槛 (gate): 1 from the pass mark on, ``otherwise`` below it.

    Parameters
    ----------
    pass_mark : float, points, default 60
    otherwise : float, default 0.8
    """

    method: Literal["gate"] = "gate"
    label: ClassVar = Words("门槛", "gate")
    chinese: ClassVar = "达到合格线系数为 1，否则用另一个系数。"
    notation: ClassVar = (
        "1 if score >= pass_mark else otherwise if score < pass_mark else undefined"
    )
    pass_mark: float = parameter(60.0, "及格线", "pass mark", span=(50, 90))
    otherwise: float = parameter(0.8, "未达线系数", "coefficient below", ge=0, span=(0.5, 1))

    @staticmethod
    def formula(score: Array, *, pass_mark: Any, otherwise: Any) -> Array:
        """Return 1 for a pass and ``otherwise`` for a failure."""
        passed = np.where(np.round(score - pass_mark, 9) >= 0, 1.0, otherwise)
        return np.where(np.isnan(score), np.nan, passed)


class Workload(CoefficientMap):
    """任务量系数 (workload): ``c = 1 + rate (n - 1)`` for a part that counts n tasks.

    Parameters
    ----------
    rate : float, default 0.2
        What every further task adds.
    """

    method: Literal["workload"] = "workload"
    label: ClassVar = Words("任务量", "workload")
    chinese: ClassVar = "任务越多系数越高：1 + rate ×（任务数 − 1）。"
    notation: ClassVar = "1 + rate * (score - 1)"
    rate: float = parameter(0.2, "每增一项加", "added by each task", ge=0, span=(0, 0.5))

    @staticmethod
    def formula(score: Array, *, rate: Any) -> Array:
        """Return one plus the rate times the tasks beyond the first."""
        return 1 + rate * (score - 1)
