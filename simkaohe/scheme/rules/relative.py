"""Rules that place a value between reference points, observed among the units or fixed."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator

from simkaohe.labels import Words
from simkaohe.scheme.method import parameter
from simkaohe.scheme.problems import refusal
from simkaohe.scheme.rules.base import Array, Rule, share_between

AllEqual = Literal["full", "base", "mid"]


def observed(x: Array, worst: Any, best: Any, winsorize: Any, sign: int) -> tuple[Any, Any]:
    """Return the reference points in the direction of ``x`` (higher is better)."""
    if np.any(winsorize):
        low, high = _quantile(x, winsorize), _quantile(x, 1 - winsorize)
    else:
        low, high = x.min(-1, keepdims=True), x.max(-1, keepdims=True)
    return (
        low if worst is None else sign * worst,
        high if best is None else sign * best,
    )


def _quantile(x: Array, share: Any) -> Array:
    """Return quantiles of the units, linear between them; ``share`` may differ from draw to draw."""
    share = np.asarray(share, np.float64)[..., None] if np.ndim(share) == 0 else share
    lead = np.broadcast_shapes(x.shape[:-1], np.shape(share)[:-1])
    ordered = np.sort(np.broadcast_to(x, (*lead, x.shape[-1])), -1)
    place = np.broadcast_to(share * (x.shape[-1] - 1.0), (*lead, 1))
    below = np.floor(place).astype(np.intp)
    above = np.minimum(below + 1, x.shape[-1] - 1)
    left, right = (np.take_along_axis(ordered, p, -1) for p in (below, above))
    return left + (right - left) * (place - below)


def check_ends(worst: float | None, best: float | None, names: tuple[str, str]) -> None:
    """Refuse fixed reference points that are equal."""
    if worst is not None and worst == best:
        raise refusal(
            names[1],
            f"{best:g}",
            Words(f"与 {names[0]} 不同的数", f"a number different from {names[0]}"),
        )


class MinMax(Rule):
    r"""极差法 (min–max): the worst unit has nothing, the best full marks, the rest in between.

    .. math:: S = full \cdot \frac{x - worst}{best - worst}

    Parameters
    ----------
    full : float, points, default 100
    worst, best : float, optional
        Fixed goalposts, in the unit of the value; none: observed among the units compared. For a
        negative indicator the worst is the higher number.
    clip : bool, default True
        Whether scores stay between 0 and full marks.
    all_equal : {"full", "base", "mid"}, default "full"
        When all values are equal: full marks, none, or half.

    Notes
    -----
    Data: value. With observed goalposts one unit's value moves the scores of all others. Alone: as
    all equal. Monotone: yes.

    References
    ----------
    [1] OECD/JRC (2008), Handbook on Constructing Composite Indicators, step 5.

    Examples
    --------
    >>> MinMax.formula(np.array([2., 4., 10.]), sign=1, full=100, worst=None, best=None, clip=True, all_equal="full")
    array([  0.,  25., 100.])
    """

    method: Literal["minmax"] = "minmax"
    label: ClassVar = Words("极差法", "min–max")
    chinese: ClassVar = "最差的单位零分，最好的满分，其余按比例在中间。"
    notation: ClassVar = """
        lowest = worst_of(value) if worst is None else worst
        highest = best_of(value) if best is None else best
        share = (
            (1 if all_equal == "full" else 0 if all_equal == "base" else 0.5)
            if highest == lowest else (value - lowest) / (highest - lowest)
        )
        full * (0 if clip and share < 0 else 1 if clip and share > 1 else share)
    """
    relative: ClassVar = True
    worst: float | None = parameter(None, "最差值", "worst value")
    best: float | None = parameter(None, "最优值", "best value")
    clip: bool = parameter(True, "限于0至满分", "clip")
    all_equal: AllEqual = parameter("full", "全部相等时", "when all are equal")

    @model_validator(mode="after")
    def _fits(self) -> MinMax:
        check_ends(self.worst, self.best, ("worst", "best"))
        return self

    @staticmethod
    def formula(
        value: Array, *, sign: int, full: Any, worst: Any, best: Any, clip: bool, all_equal: str
    ) -> Array:
        """Return points, shape (..., N)."""
        x = sign * value
        low, high = observed(x, worst, best, 0.0, sign)
        share = share_between(x, low, high)
        share = np.where(np.isnan(share), {"full": 1.0, "base": 0.0, "mid": 0.5}[all_equal], share)
        return full * (np.clip(share, 0, 1) if clip else share)


class Efficacy(Rule):
    r"""功效系数法 (efficacy coefficient): base points for the worst, full marks for the best.

    .. math:: S = base + (full - base)\,\frac{x - unacceptable}{satisfactory - unacceptable}

    Parameters
    ----------
    full : float, points, default 100
    base : float, points, default 60
    unacceptable, satisfactory : float, optional
        不允许值、满意值: fixed reference points; none: the worst and best observed.
    clip : bool, default True
        Whether scores stay between base and full.
    winsorize : float, ratio, default 0
        Share of the units in each tail that does not set the observed reference points.
    all_equal : {"full", "base", "mid"}, default "full"

    Notes
    -----
    Data: value. Two units always get full and base, however small the gap. Alone or all equal: as
    ``all_equal``. Monotone: yes.

    References
    ----------
    [1] Jiangxi (2012), assessment of city and county governments: [(x − min) × 40 / (max − min)] + 60.
    [2] Fixed reference points and winsorizing are model choices.

    Examples
    --------
    >>> ends = dict(unacceptable=None, satisfactory=None, clip=True, winsorize=0.0, all_equal="full")
    >>> Efficacy.formula(np.array([2., 4., 10.]), sign=1, full=100, base=60, **ends)
    array([ 60.,  70., 100.])
    """

    method: Literal["efficacy"] = "efficacy"
    label: ClassVar = Words("功效系数法", "efficacy coefficient")
    chinese: ClassVar = "最差的得基础分，最好的得满分，其余按比例在中间。"
    notation: ClassVar = """
        lowest = worst_of(value, winsorize) if unacceptable is None else unacceptable
        highest = best_of(value, winsorize) if satisfactory is None else satisfactory
        share = (
            (1 if all_equal == "full" else 0 if all_equal == "base" else 0.5)
            if highest == lowest else (value - lowest) / (highest - lowest)
        )
        base if clip and share < 0 else full if clip and share > 1 \
            else base + (full - base) * share
    """
    relative: ClassVar = True
    base: float = parameter(60.0, "基础分", "base points", ge=0, span=(0, 80))
    unacceptable: float | None = parameter(None, "不允许值", "unacceptable value")
    satisfactory: float | None = parameter(None, "满意值", "satisfactory value")
    clip: bool = parameter(True, "限于基础分至满分", "clip")
    winsorize: float = parameter(0.0, "缩尾比例", "winsorize", ge=0, lt=0.5, span=(0, 0.1))
    all_equal: AllEqual = parameter("full", "全部相等时", "when all are equal")

    @model_validator(mode="after")
    def _fits(self) -> Efficacy:
        check_ends(self.unacceptable, self.satisfactory, ("unacceptable", "satisfactory"))
        if self.base > self.full:
            raise refusal(
                "base",
                f"{self.base:g}",
                Words(f"不大于满分（{self.full:g}）", f"at most full marks ({self.full:g})"),
            )
        return self

    @staticmethod
    def formula(
        value: Array,
        *,
        sign: int,
        full: Any,
        base: Any,
        unacceptable: Any,
        satisfactory: Any,
        clip: bool,
        winsorize: Any,
        all_equal: str,
    ) -> Array:
        """Return points, shape (..., N)."""
        x = sign * value
        low, high = observed(x, unacceptable, satisfactory, winsorize, sign)
        share = share_between(x, low, high)
        share = np.where(np.isnan(share), {"full": 1.0, "base": 0.0, "mid": 0.5}[all_equal], share)
        moved = unacceptable is not None or satisfactory is not None or np.any(winsorize)
        if clip and moved:
            share = np.clip(share, 0, 1)
        return base + (full - base) * share


class EfficacyBands(Rule):
    r"""五档功效系数法 (efficacy by bands): linear between standards with stated coefficients.

    .. math:: S = full \Big(c_j + (c_{j+1} - c_j)\,\frac{x - v_j}{v_{j+1} - v_j}\Big)

    Parameters
    ----------
    full : float, points, default 100
    standards : list of float
        v1 … vm from the worst to the best: rising for a positive, falling for a negative indicator.
    coefficients : list of float, default 0.2, 0.4, 0.6, 0.8, 1
        As many, rising.

    Notes
    -----
    Data: value. Above the last standard: the last coefficient. Below the first: nothing. Monotone:
    yes.

    References
    ----------
    [1] Ministry of Finance (1999), 财统字〔1999〕6号, enterprise performance evaluation; the
        coefficients are the usual ones and not in the text read.

    Examples
    --------
    >>> v, c = (2., 4., 6., 8., 10.), (.2, .4, .6, .8, 1.)
    >>> EfficacyBands.formula(np.array([5., 7.3, 9., 11., 1.]), sign=1, full=20, standards=v, coefficients=c)
    array([10. , 14.6, 18. , 20. ,  0. ])
    """

    method: Literal["efficacy_bands"] = "efficacy_bands"
    label: ClassVar = Words("五档功效系数法", "efficacy by bands")
    chinese: ClassVar = "各档标准值对应给定的系数，两档之间按比例计算。"
    notation: ClassVar = """
        full * (
            0 if (
                value < first(toward(standards)) if sign > 0 else value > first(toward(standards))
            )
            else along(value, toward(standards), coefficients)
        )
    """
    standards: tuple[float, ...] = parameter(..., "标准值", "standards", min_length=2)
    coefficients: tuple[float, ...] = parameter(
        (0.2, 0.4, 0.6, 0.8, 1.0), "标准系数", "coefficients", min_length=2
    )

    @model_validator(mode="after")
    def _fits(self) -> EfficacyBands:
        pairs = list(zip(self.standards, self.standards[1:], strict=False))
        if not (all(a < b for a, b in pairs) or all(a > b for a, b in pairs)):
            raise refusal(
                "standards",
                f"{list(self.standards)}",
                Words("由差到好排列的标准值", "standards in order, the worst first"),
            )
        if len(self.coefficients) != len(self.standards):
            raise refusal(
                "coefficients",
                Words(f"{len(self.coefficients)} 个", f"{len(self.coefficients)} of them"),
                Words(
                    f"{len(self.standards)} 个，与标准值对应",
                    f"{len(self.standards)}, one a standard",
                ),
            )
        if any(a > b for a, b in zip(self.coefficients, self.coefficients[1:], strict=False)):
            raise refusal(
                "coefficients", f"{list(self.coefficients)}", Words("由低到高", "numbers that rise")
            )
        return self

    @staticmethod
    def formula(
        value: Array,
        *,
        sign: int,
        full: Any,
        standards: tuple[float, ...],
        coefficients: tuple[float, ...],
    ) -> Array:
        """Return points, shape (..., N)."""
        limits = np.asarray(standards) * sign
        if limits[0] > limits[-1]:  # listed against the direction: the worst is first all the same
            limits = limits[::-1]
        share = np.interp(sign * value, limits, coefficients)
        return full * np.where(sign * value < limits[0] - 1e-9, 0.0, share)
