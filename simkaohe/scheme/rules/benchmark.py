"""Rules that compare with a mean, a benchmark, or a level and its improvement (标杆与均值比较)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator

from simkaohe.labels import Words
from simkaohe.scheme.method import parameter
from simkaohe.scheme.problems import refusal
from simkaohe.scheme.rules.base import Array, Direction, Rule, divided
from simkaohe.scheme.rules.relative import AllEqual


class ZScore(Rule):
    r"""标准分 (z-score): the mean earns ``centre``, a standard deviation ``spread`` points.

    .. math:: S = centre + spread\,\frac{x - \bar x}{\sigma}

    Parameters
    ----------
    full : float, points, default 100
    centre : float, points, default 50
    spread : float, points, default 10
    sample : bool, default True
        Standard deviation with n − 1 (True) or n.
    clip : bool, default True
        Whether scores stay between 0 and full marks.

    Notes
    -----
    Data: value. All equal or alone: everybody at the centre. Monotone: yes.

    References
    ----------
    [1] OECD/JRC (2008), Handbook on Constructing Composite Indicators, step 5. Centres 50 + 10 z and
        80 + 5 z are common practice.

    Examples
    --------
    >>> ZScore.formula(np.array([1., 2., 3.]), sign=1, full=100, centre=50, spread=10, sample=True, clip=True)
    array([40., 50., 60.])
    """

    method: Literal["zscore"] = "zscore"
    label: ClassVar = Words("标准分（z分数）", "z-score")
    chinese: ClassVar = "平均水平得中心分，每高出一个标准差多得一份分。"
    notation: ClassVar = """
        z = (
            0 if deviation(value, sample) == 0
            else (value - mean(value)) / deviation(value, sample) if sign > 0
            else (mean(value) - value) / deviation(value, sample)
        )
        min(max(centre + spread * z, 0), full) if clip else centre + spread * z
    """
    relative: ClassVar = True
    centre: float = parameter(50.0, "均值得分", "points of the mean", span=(40, 80))
    spread: float = parameter(10.0, "标准差得分", "points of a deviation", ge=0, span=(5, 20))
    sample: bool = parameter(True, "样本标准差", "sample deviation")
    clip: bool = parameter(True, "限于0至满分", "clip")

    @staticmethod
    def formula(
        value: Array, *, sign: int, full: Any, centre: Any, spread: Any, sample: bool, clip: bool
    ) -> Array:
        """Return points, shape (..., N)."""
        n = value.shape[-1]
        gap = value - value.mean(-1, keepdims=True)
        size = np.abs(value).max(-1, keepdims=True)
        unit = np.exp2(np.frexp(size)[1] - 1.0)  # squares neither overflow nor vanish
        gap = gap / unit
        deviation = np.sqrt((gap**2).sum(-1, keepdims=True) / max(n - sample, 1))
        even = deviation <= 1e-12 * (size / unit)
        z = np.where(even, 0.0, gap / np.where(even, 1.0, deviation))
        points = centre + spread * sign * z
        return np.clip(points, 0.0, full) if clip else points


class Benchmark(Rule):
    r"""标杆法 (ratio to a benchmark): in proportion to the best, the mean or a fixed value.

    .. math:: S = full \cdot \min(x / x_{ref},\ cap)

    Parameters
    ----------
    full : float, points, default 100
    reference : {"best", "mean", "fixed"}, default "best"
    at : float, optional
        The fixed reference.
    cap : float, ratio, optional, default 1
        Ratio beyond which nothing more is earned; none: no limit.

    Notes
    -----
    Data: value, which must not be negative (it then earns nothing). Negative indicators: ref / x,
    the cap or one where x = 0. Reference zero: undefined. Monotone: yes.

    References
    ----------
    [1] Rui'an (2012): project points = unit score / first unit's score × 600.

    Examples
    --------
    >>> Benchmark.formula(np.array([580., 540.]), sign=1, full=600, reference="best", at=None, cap=1.0).round(2)
    array([600.  , 558.62])
    """

    method: Literal["benchmark"] = "benchmark"
    label: ClassVar = Words("标杆法", "ratio to a benchmark")
    chinese: ClassVar = "按与标杆值之比给分，标杆是最好值、平均值或固定值。"
    notation: ClassVar = """
        counted = max(value, 0)
        against = (
            at if reference == "fixed"
            else mean(counted) if reference == "mean" else best_of(counted)
        )
        full * min(
            counted / against if sign > 0
            else (1 if cap is None else cap) if value <= 0 else against / value,
            cap,
        )
    """
    directions: ClassVar[tuple[Direction, ...]] = ("positive", "negative")
    relative: ClassVar = True
    reference: Literal["best", "mean", "fixed"] = parameter("best", "标杆", "benchmark")
    at: float | None = parameter(None, "固定标杆值", "fixed benchmark", gt=0)
    cap: float | None = parameter(1.0, "封顶比例", "cap", gt=0, span=(1.0, 1.5))

    @model_validator(mode="after")
    def _fits(self) -> Benchmark:
        if self.reference == "fixed" and self.at is None:
            raise refusal(
                "at", Words("没有填写", "nothing"), Words("固定标杆值", "the fixed benchmark")
            )
        return self

    @staticmethod
    def formula(value: Array, *, sign: int, full: Any, reference: str, at: Any, cap: Any) -> Array:
        """Return points, shape (..., N)."""
        x = np.maximum(value, 0.0)
        limit = np.inf if cap is None else cap
        best = (x.max if sign > 0 else x.min)(-1, keepdims=True)
        against = {"best": best, "mean": x.mean(-1, keepdims=True), "fixed": at}[reference]
        if sign > 0:
            ratio = divided(x, against)
        else:
            positive = x > 0
            none = np.where(np.isinf(limit), 1.0, limit)
            ratio = np.where(positive, against / np.where(positive, x, 1.0), none)
        return full * np.minimum(ratio, limit)


class LevelImprovement(Rule):
    r"""存量加增量 (level and improvement): part for the level reached, part for the progress made.

    .. math:: S = \lambda\, E(x) + (1 - \lambda)\, E(v)

    Parameters
    ----------
    full : float, points, default 100
    base : float, points, default 60
        Base points of the efficacy coefficient E of either part.
    level_share : float, ratio, default 0.4
        λ, the share of the level.
    growth : {"rate", "increment"}, default "rate"
        v = (x − b) / |b| or x − b, b the previous value.
    all_equal : {"full", "base", "mid"}, default "full"

    Notes
    -----
    Data: value, previous. A unit without a previous value (or a rate on a base of zero) is scored on
    its level alone (λ = 1). Monotone: yes.

    References
    ----------
    [1] Wanjiang demonstration zone (2010): static 40 %, dynamic 60 %.
    [2] Chuzhou, quarterly: static 40 %, dynamic 60 %, each by efficacy with base 60.

    Examples
    --------
    >>> x, b = np.array([10., 20., 15.]), np.array([8., 20., np.nan])
    >>> LevelImprovement.formula(x, b, sign=1, full=100, base=60, level_share=.4, growth="rate", all_equal="full")
    array([84., 76., 80.])
    """

    method: Literal["level_improvement"] = "level_improvement"
    label: ClassVar = Words("存量加增量", "level and improvement")
    chinese: ClassVar = "一部分分数看达到的水平，一部分看比过去的进步。"
    notation: ClassVar = """
        change = (value - previous) / abs(previous) if growth == "rate" else value - previous
        level = (
            (1 if all_equal == "full" else 0 if all_equal == "base" else 0.5)
            if best_of(value) == worst_of(value)
            else (value - worst_of(value)) / (best_of(value) - worst_of(value))
        )
        dynamic = (
            (1 if all_equal == "full" else 0 if all_equal == "base" else 0.5)
            if best_of(change) == worst_of(change)
            else (change - worst_of(change)) / (best_of(change) - worst_of(change))
        )
        base + (full - base) * (level_share * level + (1 - level_share) * dynamic) \
            if known(change) else base + (full - base) * level
    """
    directions: ClassVar[tuple[Direction, ...]] = ("positive", "negative")
    relative: ClassVar = True
    base: float = parameter(60.0, "基础分", "base points", ge=0, span=(0, 80))
    level_share: float = parameter(
        0.4, "存量占比", "share of the level", ge=0, le=1, span=(0.2, 0.8)
    )
    growth: Literal["rate", "increment"] = parameter("rate", "增量口径", "improvement")
    all_equal: AllEqual = parameter("full", "全部相等时", "when all are equal")

    @staticmethod
    def formula(
        value: Array,
        previous: Array,
        *,
        sign: int,
        full: Any,
        base: Any,
        level_share: Any,
        growth: str,
        all_equal: str,
    ) -> Array:
        """Return points, shape (..., N)."""
        equal = {"full": 1.0, "base": 0.0, "mid": 0.5}[all_equal]
        change = value - previous
        change = divided(change, np.abs(previous)) if growth == "rate" else change
        parts = []
        for x in (sign * value, sign * change):
            known = ~np.isnan(x)
            low = np.where(known, x, np.inf).min(-1, keepdims=True)
            high = np.where(known, x, -np.inf).max(-1, keepdims=True)
            spread = np.where(high > low, high - low, 1.0)
            parts.append(np.where(high > low, (x - np.where(known, low, 0.0)) / spread, equal))
        level, dynamic = parts
        weight = np.where(np.isnan(change), 1.0, level_share)
        share = weight * level + (1 - weight) * np.where(np.isnan(change), 0.0, dynamic)
        return base + (full - base) * share
