"""Rules in steps: tiers, ladders, deductions, pass or fail, and points given directly."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator

from simkaohe.labels import Words
from simkaohe.scheme.method import parameter
from simkaohe.scheme.problems import refusal
from simkaohe.scheme.rules.base import TOLERANCE, Array, Direction, Rule, whole
from simkaohe.scheme.rules.target import check_table

TWO_WAYS: tuple[Direction, ...] = ("positive", "negative")


class Given(Rule):
    r"""直接赋分 (given points): the value is the points.

    .. math:: S = x

    Parameters
    ----------
    full : float, points, default 100
    cap : float, points, optional
        Most that counts; none: no limit.

    Notes
    -----
    Data: value, e.g. a panel's or a survey's score. Monotone: yes.

    References
    ----------
    [1] Common practice: items scored by a panel.

    Examples
    --------
    >>> Given.formula(np.array([85., 130.]), full=100, cap=120.)
    array([ 85., 120.])
    """

    method: Literal["given"] = "given"
    label: ClassVar = Words("直接赋分", "given points")
    chinese: ClassVar = "填的数就是得分。"
    notation: ClassVar = "min(value, cap)"
    directions: ClassVar[tuple[Direction, ...]] = ("positive",)
    cap: float | None = parameter(None, "封顶分", "cap")

    @staticmethod
    def formula(value: Array, *, full: Any, cap: Any) -> Array:
        """Return points, shape (..., N)."""
        points = value
        return points if cap is None else np.minimum(points, cap)


class Tiers(Rule):
    r"""分档计分 (tiers): points for the band that the value is in.

    .. math:: S = points_j \quad \text{for } t_j \le x < t_{j+1}

    Parameters
    ----------
    full : float, points, default 100
    thresholds : list of float, rising
    points : list of float
        One more than thresholds, the worst band first.

    Notes
    -----
    Data: value. A value at a threshold is in the better band: the lower bound is inclusive for
    positive, the upper for negative indicators, whose thresholds are listed rising too. Monotone:
    yes.

    References
    ----------
    [1] Rui'an (2012), share of “excellent” votes: ≥ 90 % 200 points, 80–90 % 190, 70–80 % 180.

    Examples
    --------
    >>> table = dict(thresholds=(70., 80., 90.), points=(160., 180., 190., 200.))
    >>> Tiers.formula(np.array([90., 89., 60.]), sign=1, full=200, **table)
    array([200., 190., 160.])
    """

    method: Literal["tiers"] = "tiers"
    label: ClassVar = Words("分档计分", "tiers")
    chinese: ClassVar = "数值落在哪一档，就得哪一档的分。"
    notation: ClassVar = "tier(value, thresholds, points)"
    thresholds: tuple[float, ...] = parameter(..., "分档界限", "thresholds", min_length=1)
    points: tuple[float, ...] = parameter(..., "各档得分", "points", min_length=2)

    @model_validator(mode="after")
    def _fits(self) -> Tiers:
        check_table(self.thresholds, self.points, "thresholds", extra=1)
        return self

    @staticmethod
    def formula(
        value: Array,
        *,
        sign: int,
        full: Any,
        thresholds: tuple[float, ...],
        points: tuple[float, ...],
    ) -> Array:
        """Return points, shape (..., N)."""
        limits = np.sort(sign * np.asarray(thresholds))
        band = np.searchsorted(limits - TOLERANCE, sign * value, side="right")
        return np.asarray(points)[band]


class Ladder(Rule):
    r"""阶梯计分 (ladder): so many points more or less for each step from a reference.

    .. math:: S = \operatorname{clip}(base + up\,k^+ - down\,k^-,\ floor,\ ceiling),
              \quad k = (x - ref) / step

    Parameters
    ----------
    full : float, points, default 100
    reference : {"target", "mean", "best", "fixed"}, default "target"
    at : float, optional
        The fixed reference.
    relative_step : bool, default False
        Whether a step is a share of the reference (0.03 for 3 %) or in the unit of the value.
    step : float, default 1
    base : float, points, optional
        At the reference; none: full marks.
    up, down : float, points, default 0 and 1
        Gained for each step better, lost for each step worse.
    floor, ceiling : float, points, optional, default 0 and none
    whole_steps : bool, default False
        Whether only whole steps count.

    Notes
    -----
    Data: value, target. Undefined without a target (where that is the reference) or with relative
    steps and a reference of zero. Monotone: yes.

    References
    ----------
    [1] “Each percentage point short costs 0.05 points”: scoring sheets of city departments.
    [2] Chuzhou: ±0.1 point for each 0.1 percentage point above or below the city-wide rate.
    [3] Jiangxi (2012): share of services, each 0.1 percentage point short −1.

    Examples
    --------
    >>> ends = dict(floor=0.0, ceiling=None, whole_steps=True, relative_step=False)
    >>> Ladder.formula(
    ...     np.array([20., 17.5, 8.]), np.full(3, 20.), sign=1, full=1, reference="target", at=None,
    ...     step=1., base=None, up=0., down=.05, **ends)
    array([1. , 0.9, 0.4])
    """

    method: Literal["ladder"] = "ladder"
    label: ClassVar = Words("阶梯计分", "ladder")
    chinese: ClassVar = "以参照值为准，每高或低一级，加或减若干分。"
    notation: ClassVar = """
        against = (
            target if reference == "target" else mean(value) if reference == "mean"
            else best_of(value) if reference == "best" else at
        )
        ahead = value - against if sign > 0 else against - value
        steps = ahead / (step * abs(against) if relative_step else step)
        min(
            max(
                (full if base is None else base)
                + (
                    up * (trunc(steps) if whole_steps else steps) if steps >= 0
                    else down * (trunc(steps) if whole_steps else steps)
                ),
                floor,
            ),
            ceiling,
        )
    """
    directions: ClassVar = TWO_WAYS
    relative: ClassVar = True
    reference: Literal["target", "mean", "best", "fixed"] = parameter("target", "基准", "reference")
    at: float | None = parameter(None, "固定基准值", "fixed reference")
    relative_step: bool = parameter(False, "按比例分档", "step is a share")
    step: float = parameter(1.0, "每档幅度", "step", gt=0)
    base: float | None = parameter(None, "基准分", "points at the reference")
    up: float = parameter(0.0, "每档加分", "gained with each step", ge=0, span=(0, 2))
    down: float = parameter(1.0, "每档扣分", "lost with each step", ge=0, span=(0, 2))
    floor: float | None = parameter(0.0, "保底分", "at least")
    ceiling: float | None = parameter(None, "封顶分", "at most")
    whole_steps: bool = parameter(False, "只计整档", "whole steps only")

    @model_validator(mode="after")
    def _fits(self) -> Ladder:
        if self.reference == "fixed" and self.at is None:
            raise refusal(
                "at", Words("没有填写", "nothing"), Words("固定基准值", "the fixed reference")
            )
        if self.floor is not None and self.ceiling is not None and self.floor > self.ceiling:
            raise refusal(
                "floor",
                f"{self.floor:g}",
                Words(f"不大于 ceiling（{self.ceiling:g}）", f"at most ceiling ({self.ceiling:g})"),
            )
        return self

    @property
    def needs(self) -> tuple[str, ...]:
        """The target only where it is the reference."""
        return self.data if self.reference == "target" else ("value",)

    @staticmethod
    def formula(
        value: Array,
        target: Array,
        *,
        sign: int,
        full: Any,
        reference: str,
        at: Any,
        relative_step: bool,
        step: Any,
        base: Any,
        up: Any,
        down: Any,
        floor: Any,
        ceiling: Any,
        whole_steps: bool,
    ) -> Array:
        """Return points, shape (..., N)."""
        against = {
            "target": target,
            "mean": value.mean(-1, keepdims=True),
            "best": sign * (sign * value).max(-1, keepdims=True),
            "fixed": at,
        }[reference]
        size = (
            step * np.where(np.equal(against, 0), np.nan, np.abs(against))
            if relative_step
            else step
        )
        steps = sign * (value - against) / size
        if whole_steps:
            steps = np.where(steps >= 0, whole(steps), -whole(-steps))
        start = full if base is None else base
        points = start + up * np.maximum(steps, 0.0) - down * np.maximum(-steps, 0.0)
        points = points if floor is None else np.maximum(points, floor)
        points = points if ceiling is None else np.minimum(points, ceiling)
        return points


class Deduction(Rule):
    r"""扣分制 (deduction): full marks, less so many points for each event.

    .. math:: S = \max(floor,\ full - factor \cdot per\_event \cdot n)

    Parameters
    ----------
    full : float, points, default 100
    per_event : float, points, default 1
    factor : float, default 1
        E.g. 2 for units with few duties, whose deductions count twice.
    floor : float, points, optional, default 0
        扣完为止; none: open-ended (倒扣).

    Notes
    -----
    Data: value, the number of events n (a negative indicator). Monotone: yes.

    References
    ----------
    [1] Jiangxi (2012), control indicators: no incident full marks, deducted until used up.
    [2] Deductions doubled for units with fewer applicable items: annual assessment rules of an
        office system.

    Examples
    --------
    >>> Deduction.formula(np.array([0., 2., 9.]), full=10, per_event=2., factor=1., floor=0.)
    array([10.,  6.,  0.])
    """

    method: Literal["deduction"] = "deduction"
    label: ClassVar = Words("扣分制", "deduction")
    chinese: ClassVar = "从满分起，每发生一次扣若干分。"
    notation: ClassVar = "max(full - factor * per_event * value, floor)"
    directions: ClassVar[tuple[Direction, ...]] = ("negative",)
    per_event: float = parameter(1.0, "每次扣分", "points for each event", ge=0, span=(0, 10))
    factor: float = parameter(1.0, "扣分倍数", "factor", ge=0, span=(1, 2))
    floor: float | None = parameter(0.0, "扣至", "down to")

    @staticmethod
    def formula(value: Array, *, full: Any, per_event: Any, factor: Any, floor: Any) -> Array:
        """Return points, shape (..., N)."""
        points = full - factor * per_event * value
        return points if floor is None else np.maximum(points, floor)


class PassFail(Rule):
    r"""合格制 (pass or fail): full marks from the pass mark on, else nothing.

    .. math:: S = full \cdot [x \ge pass\_mark]

    Parameters
    ----------
    full : float, points, default 100
    pass_mark : float, default 1
        In the unit of the value; 1 for done / not done.
    failed : float, points, default 0

    Notes
    -----
    Data: value. Equality passes. Monotone: yes.

    References
    ----------
    [1] Common practice for qualitative items: done 1, not done 0.

    Examples
    --------
    >>> PassFail.formula(np.array([1., 0.]), sign=1, full=5, pass_mark=1., failed=0.)
    array([5., 0.])
    """

    method: Literal["pass_fail"] = "pass_fail"
    label: ClassVar = Words("合格制", "pass or fail")
    chinese: ClassVar = "达到合格线得满分，否则不得分。"
    notation: ClassVar = """
        full if (value >= pass_mark if sign > 0 else value <= pass_mark) \
            else failed if (value < pass_mark if sign > 0 else value > pass_mark) else undefined
    """
    pass_mark: float = parameter(1.0, "合格线", "pass mark")
    failed: float = parameter(0.0, "不合格得分", "points when failed", ge=0, span=(0, 60))

    @model_validator(mode="after")
    def _fits(self) -> PassFail:
        if self.failed > self.full:
            raise refusal(
                "failed",
                f"{self.failed:g}",
                Words(f"不大于满分（{self.full:g}）", f"at most full marks ({self.full:g})"),
            )
        return self

    @staticmethod
    def formula(value: Array, *, sign: int, full: Any, pass_mark: Any, failed: Any) -> Array:
        """Return points, shape (..., N)."""
        return np.where(sign * (value - pass_mark) >= -TOLERANCE, full, failed)


class Band(Rule):
    r"""适度区间 (moderate band): full marks inside the ideal band, less with distance outside.

    .. math:: S = full \cdot \max(0,\ 1 - d / width)

    Parameters
    ----------
    full : float, points, default 100
    width : float > 0, default 1
        Distance outside the band at which nothing is left, in the unit of the value.

    Notes
    -----
    Data: value = d, the distance outside the band that the indicator states (``ideal_low``,
    ``ideal_high``; a point where both are equal). Monotone in d: yes.

    References
    ----------
    [1] Budget forecast deviation: ±30 % full marks, then by steps (use tiers for steps).

    Examples
    --------
    >>> Band.formula(np.array([0., 5., 20.]), full=100, width=10.)
    array([100.,  50.,   0.])
    """

    method: Literal["band"] = "band"
    label: ClassVar = Words("适度区间法", "moderate band")
    chinese: ClassVar = "在适度区间内得满分，离得越远得分越低。"
    notation: ClassVar = "full * max(0, 1 - value / width)"
    directions: ClassVar[tuple[Direction, ...]] = ("moderate",)
    width: float = parameter(1.0, "容许偏离", "width", gt=0)

    @staticmethod
    def formula(value: Array, *, full: Any, width: Any) -> Array:
        """Return points, shape (..., N)."""
        return full * np.maximum(0.0, 1 - value / width)
