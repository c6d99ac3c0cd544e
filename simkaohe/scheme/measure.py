"""Measures (计算口径): from what was recorded to the value that is scored."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from simkaohe.labels import Words
from simkaohe.scheme.method import FrozenDict, Method, parameter
from simkaohe.scheme.problems import refusal
from simkaohe.scheme.rules.base import divided

Array = npt.NDArray[np.float64]


class Measure(Method):
    """计算口径: what of the data is scored (增幅、份额、人均 …).

    ``formula`` takes data of shape (..., N), NaN where missing, and returns the value of shape
    (..., N) that the rule scores, NaN where it is undefined.
    """

    relative: ClassVar[bool] = False
    """Whether a unit's value depends on the other units."""


class Level(Measure):
    r"""本期值 (level): the actual value itself.

    .. math:: v = x

    Notes
    -----
    Data: actual.

    Examples
    --------
    >>> Level.formula(np.array([3.0]))
    array([3.])
    """

    method: Literal["level"] = "level"
    label: ClassVar = Words("本期值", "level")
    chinese: ClassVar = "就用本期的数值。"
    notation: ClassVar = "actual"

    @staticmethod
    def formula(actual: Array) -> Array:
        """Return the value, shape (..., N)."""
        return actual


class Log(Measure):
    r"""对数 (logarithm): the natural logarithm of the actual value.

    .. math:: v = \ln x

    Notes
    -----
    Data: actual. Zero or below: undefined.

    References
    ----------
    [1] UNDP, Human Development Report 2023/24, technical note 1 (income).

    Examples
    --------
    >>> Log.formula(np.array([1.0, 0.0]))
    array([ 0., nan])
    """

    method: Literal["log"] = "log"
    label: ClassVar = Words("对数", "logarithm")
    chinese: ClassVar = "本期数值的自然对数。"
    notation: ClassVar = "log(actual) if actual > 0 else undefined"

    @staticmethod
    def formula(actual: Array) -> Array:
        """Return the value, shape (..., N)."""
        positive = actual > 0
        return np.where(positive, np.log(np.where(positive, actual, 1.0)), np.nan)


class GrowthRate(Measure):
    r"""增幅 (growth rate): change against last year, relative to last year.

    .. math:: v = scale\,\frac{x - b}{|b|}

    Parameters
    ----------
    scale : float, default 100
        100 gives percent.

    Notes
    -----
    Data: actual, previous (b). b = 0: undefined.

    References
    ----------
    [1] Fuzhou, Jiangxi (2013): growth, share, per head, outside rank and quality named together.

    Examples
    --------
    >>> GrowthRate.formula(np.array([11.0, 5.0]), np.array([10.0, 0.0]), scale=100.0)
    array([10., nan])
    """

    method: Literal["growth_rate"] = "growth_rate"
    label: ClassVar = Words("增幅", "growth rate")
    chinese: ClassVar = "与上年相比的变化，除以上年的数值。"
    notation: ClassVar = "scale * (actual - previous) / abs(previous)"
    scale: float = parameter(100.0, "倍数", "scale", gt=0)

    @staticmethod
    def formula(actual: Array, previous: Array, *, scale: Any) -> Array:
        """Return the value, shape (..., N)."""
        return scale * divided(actual - previous, np.abs(previous))


class Increment(Measure):
    r"""增量 (increment): change against last year; percentage points for a share.

    .. math:: v = x - b

    Notes
    -----
    Data: actual, previous (b).

    Examples
    --------
    >>> Increment.formula(np.array([11.0]), np.array([10.0]))
    array([1.])
    """

    method: Literal["increment"] = "increment"
    label: ClassVar = Words("增量（提高百分点）", "increment")
    chinese: ClassVar = "本期减上年；比率指标即提高了几个百分点。"
    notation: ClassVar = "actual - previous"

    @staticmethod
    def formula(actual: Array, previous: Array) -> Array:
        """Return the value, shape (..., N)."""
        return actual - previous


def _share(x: Array) -> Array:
    return divided(x, np.nansum(x, -1, keepdims=True))


class Share(Measure):
    r"""份额 (share): the unit's part of the sum over the units compared.

    .. math:: v = scale\,\frac{x}{\sum x}

    Parameters
    ----------
    scale : float, default 100
        100 gives percent.

    Notes
    -----
    Data: actual. Missing values do not enter the sum. A sum of zero: undefined.

    Examples
    --------
    >>> Share.formula(np.array([1.0, 3.0]), scale=100.0)
    array([25., 75.])
    """

    method: Literal["share"] = "share"
    label: ClassVar = Words("份额", "share")
    chinese: ClassVar = "本单位占参比单位合计的份额。"
    notation: ClassVar = "scale * actual / total(actual)"
    relative: ClassVar = True
    scale: float = parameter(100.0, "倍数", "scale", gt=0)

    @staticmethod
    def formula(actual: Array, *, scale: Any) -> Array:
        """Return the value, shape (..., N)."""
        return scale * _share(actual)


class ShareChange(Measure):
    r"""份额变化 (change of share): this year's share less last year's.

    .. math:: v = scale\,\Big(\frac{x}{\sum x} - \frac{b}{\sum b}\Big)

    Parameters
    ----------
    scale : float, default 100

    Notes
    -----
    Data: actual, previous (b).

    Examples
    --------
    >>> ShareChange.formula(np.array([1.0, 3.0]), np.array([1.0, 1.0]), scale=100.0)
    array([-25.,  25.])
    """

    method: Literal["share_change"] = "share_change"
    label: ClassVar = Words("份额变化", "change of share")
    chinese: ClassVar = "本年份额减上年份额。"
    notation: ClassVar = "scale * (actual / total(actual) - previous / total(previous))"
    relative: ClassVar = True
    scale: float = parameter(100.0, "倍数", "scale", gt=0)

    @staticmethod
    def formula(actual: Array, previous: Array, *, scale: Any) -> Array:
        """Return the value, shape (..., N)."""
        return scale * (_share(actual) - _share(previous))


class Contribution(Measure):
    r"""贡献率 (contribution): the unit's part of the sum of all changes.

    .. math:: v = scale\,\frac{x - b}{\sum (x - b)}

    Parameters
    ----------
    scale : float, default 100

    Notes
    -----
    Data: actual, previous (b). Changes that sum to zero or less: undefined, since the order would
    be turned round.

    Examples
    --------
    >>> Contribution.formula(np.array([2.0, 5.0]), np.array([1.0, 2.0]), scale=100.0)
    array([25., 75.])
    """

    method: Literal["contribution"] = "contribution"
    label: ClassVar = Words("贡献率", "contribution")
    chinese: ClassVar = "本单位的变化占全部变化合计的份额。"
    notation: ClassVar = """
        change = actual - previous
        scale * change / total(change) if total(change) > 0 else undefined
    """
    relative: ClassVar = True
    scale: float = parameter(100.0, "倍数", "scale", gt=0)

    @staticmethod
    def formula(actual: Array, previous: Array, *, scale: Any) -> Array:
        """Return the value, shape (..., N)."""
        change = actual - previous
        whole = np.nansum(change, -1, keepdims=True)
        return scale * change / np.where(whole > 0, whole, np.nan)


class PerHead(Measure):
    r"""人均 (per head): the actual value divided by the population.

    .. math:: v = per\,\frac{x}{population}

    Parameters
    ----------
    per : float, default 1
        E.g. 10,000 for “per ten thousand people”.

    Notes
    -----
    Data: actual; population, from the covariates. No population: undefined.

    Examples
    --------
    >>> PerHead.formula(np.array([30.0]), np.array([60.0]), per=10.0)
    array([5.])
    """

    method: Literal["per_head"] = "per_head"
    label: ClassVar = Words("人均", "per head")
    chinese: ClassVar = "本期数值除以人口。"
    notation: ClassVar = "per * actual / population"
    per: float = parameter(1.0, "每多少人", "per", gt=0)

    @staticmethod
    def formula(actual: Array, population: Array, *, per: Any) -> Array:
        """Return the value, shape (..., N)."""
        return per * divided(actual, population)


class AgainstPredecessor(Measure):
    r"""与前任比 (against the predecessor): what was reached beyond the predecessor's value.

    .. math:: v = x - p

    Notes
    -----
    Data: actual, predecessor (the predecessor's value over a term of the same length).

    References
    ----------
    [1] Model choice: comparison with the former leadership is named in practice without a formula.

    Examples
    --------
    >>> AgainstPredecessor.formula(np.array([7.0]), np.array([6.5]))
    array([0.5])
    """

    method: Literal["against_predecessor"] = "against_predecessor"
    label: ClassVar = Words("与前任比", "against the predecessor")
    chinese: ClassVar = "比前任的数值多做成的部分。"
    notation: ClassVar = "actual - predecessor"

    @staticmethod
    def formula(actual: Array, predecessor: Array) -> Array:
        """Return the value, shape (..., N)."""
        return actual - predecessor


class Survey(Measure):
    r"""满意度调查 (survey mean): the mean of a survey, where the sample is large enough.

    .. math:: v = \bar x \quad (n \ge n_0)

    Parameters
    ----------
    at_least : float, people, default 0
        n₀: below it the survey says nothing and the value is missing.

    Notes
    -----
    Data: actual (the mean), sample_size.

    References
    ----------
    [1] Samples of 100 to 600 a county (formula manual, part 5.2); the lowest sample is a model
        choice.

    Examples
    --------
    >>> Survey.formula(np.array([88.0, 93.0]), np.array([400.0, 12.0]), at_least=100.0)
    array([88., nan])
    """

    method: Literal["survey"] = "survey"
    label: ClassVar = Words("调查均值", "survey mean")
    chinese: ClassVar = "调查的平均值，样本量要够大。"
    notation: ClassVar = "actual if at_least == 0 or sample_size >= at_least else undefined"
    at_least: float = parameter(0.0, "最少样本量", "smallest sample", ge=0, span=(0, 400))

    @staticmethod
    def formula(actual: Array, sample_size: Array, *, at_least: Any) -> Array:
        """Return the value, shape (..., N)."""
        enough = (at_least == 0) | (sample_size >= at_least)
        return np.where(enough, actual, np.nan)


class Answers(Measure):
    r"""问卷得分 (survey answers): mean of the points of the answers given.

    .. math:: v = \frac{\sum_a p_a m_a}{\sum_a m_a}

    Parameters
    ----------
    points : mapping of answer to float
        E.g. ``{满意: 100, 基本满意: 75, 不满意: 55}``.
    ignored : list of str
        Answers that count for nothing, e.g. 不了解.
    at_least : float, people, default 0
        Fewer counted answers: the value is missing.

    Notes
    -----
    Data: answers, shape (A, ..., N), in the order of ``points``.

    References
    ----------
    [1] Shandong 2008: 100, 75 and 55 points, “do not know” left out (S9 of the formula manual).

    Examples
    --------
    >>> counts = np.array([[70.0], [20.0], [10.0]])
    >>> Answers.formula(counts, points=np.array([[100.0], [75.0], [55.0]]), at_least=50.0)
    array([90.5])
    """

    method: Literal["answers"] = "answers"
    label: ClassVar = Words("问卷得分", "survey answers")
    chinese: ClassVar = "把每个答案折成分数，再取平均。"
    notation: ClassVar = """
        sum(points * answers) / sum(answers) if sum(answers) >= at_least else undefined
    """
    outside_formula: ClassVar[tuple[str, ...]] = ("ignored",)
    points: FrozenDict[float] = parameter(..., "各答案分值", "points by answer", span=(0, 100))
    ignored: tuple[str, ...] = parameter((), "不计答案", "ignored answers")
    at_least: float = parameter(0.0, "最少答卷数", "fewest answers", ge=0, span=(0, 400))

    @model_validator(mode="after")
    def _counts_or_not(self) -> Answers:
        for answer in self.ignored:
            if answer in self.points:
                raise refusal(
                    "ignored",
                    Words(f"“{answer}”又有分值", f"{answer!r}, which has points"),
                    Words("没有分值的答案", "an answer without points"),
                )
        return self

    @staticmethod
    def formula(answers: Array, *, points: Any, at_least: Any) -> Array:
        """Return the value, shape (..., N)."""
        people = answers.sum(0)
        mean = divided((points * answers).sum(0), people)
        return np.where(people >= at_least, mean, np.nan)


class RatingMean(Measure):
    r"""评分均值 (mean rating): mean of the ratings of one group of raters, extremes left out.

    .. math:: v = \frac{1}{M - 2k} \sum_{m = k + 1}^{M - k} r_{(m)}

    Parameters
    ----------
    group : str, optional
        Whose ratings (上级、同级、下级、服务对象); default: all raters of the indicator. Every group is an
        indicator of its own with its weight, so that an absent group's weight can be spread.
    trim : int, default 0
        k: how many of the highest and of the lowest ratings are left out; with fewer than 2k + 1
        ratings none is.
    at_least : int, default 1
        Fewer ratings: the value is missing.
    levels : mapping of word to float
        Points of ratings in words, e.g. ``{优: 100, 良: 80, 一般: 60, 差: 40}``.
    own : bool, default False
        Whether a rater who has the unit's name counts (no one rates himself).

    Notes
    -----
    Data: ratings, shape (M, ..., N), NaN where a rater gave none.

    References
    ----------
    [1] Trimmed means and groups of raters: formula manual, parts 5.3 and 5.4 (forms from practice,
        numbers are model choices).

    Examples
    --------
    >>> RatingMean.formula(np.array([[60.0], [80.0], [90.0], [100.0]]), trim=1, at_least=3)
    array([85.])
    """

    method: Literal["rating_mean"] = "rating_mean"
    label: ClassVar = Words("评分均值", "mean rating")
    chinese: ClassVar = "一类评价主体评分的平均，可去掉最高和最低。"
    notation: ClassVar = """
        kept = kept_of(ratings, trim)
        sum(kept) / length(kept) if length(ratings) >= at_least else undefined
    """
    outside_formula: ClassVar[tuple[str, ...]] = ("group", "levels", "own")
    group: str | None = parameter(None, "评价主体", "raters")
    trim: int = parameter(0, "去掉最高最低个数", "trim", ge=0)
    at_least: int = parameter(1, "最少评价人数", "fewest raters", ge=1)
    levels: FrozenDict[float] = parameter(FrozenDict(), "评语分值", "points by word")
    own: bool = parameter(False, "含自评", "own rating counts")

    @staticmethod
    def formula(ratings: Array, *, trim: int, at_least: int) -> Array:
        """Return the value, shape (..., N)."""
        given = np.isfinite(ratings).sum(0)
        in_order = np.sort(ratings, axis=0)  # NaN last
        k = np.where(given >= 2 * trim + 1, trim, 0)
        place = np.arange(len(ratings)).reshape(-1, *[1] * given.ndim)
        counts = (place >= k) & (place < given - k)
        mean = divided(np.where(counts, in_order, 0.0).sum(0), counts.sum(0))
        return np.where(given >= at_least, mean, np.nan)


class RatingRanks(Measure):
    r"""评分排名 (ranks of ratings): every rater's order of the units becomes points, then the mean.

    .. math:: v = \frac{1}{M} \sum_m \max\big(floor,\ 100\,(1 - step\,(rank_m - 1))\big)

    Parameters
    ----------
    group, levels, own
        As in the mean rating.
    step : float, default 0.02
        What each place further down costs.
    floor : float, points, default 0
    at_least : int, default 1

    Notes
    -----
    Data: ratings, shape (M, ..., N). Units that a rater puts level share the better rank. A
    lenient rater counts no more than a severe one.

    References
    ----------
    [1] Rui'an 2012: the first gets full marks, each rank 2 % less, mean over the raters (S29 of
        the formula manual).

    Examples
    --------
    >>> ratings = np.array([[90.0, 80.0, 70.0], [60.0, 70.0, np.nan]])
    >>> RatingRanks.formula(ratings, step=0.02, floor=0.0, at_least=1)
    array([99., 99., 96.])
    """

    method: Literal["rating_ranks"] = "rating_ranks"
    label: ClassVar = Words("评分排名", "ranks of ratings")
    chinese: ClassVar = "每位评价人给单位排的先后折成分数，再取平均。"
    notation: ClassVar = """
        places = ranks_given(ratings)
        sum(max(100 * (1 - step * (places - 1)), floor)) / length(places) \
            if length(places) >= at_least else undefined
    """
    relative: ClassVar = True
    outside_formula: ClassVar[tuple[str, ...]] = ("group", "levels", "own")
    group: str | None = parameter(None, "评价主体", "raters")
    step: float = parameter(0.02, "每降一名扣", "step", ge=0, le=1, span=(0, 0.1))
    floor: float = parameter(0.0, "最低分", "floor", ge=0, span=(0, 80))
    at_least: int = parameter(1, "最少评价人数", "fewest raters", ge=1)
    levels: FrozenDict[float] = parameter(FrozenDict(), "评语分值", "points by word")
    own: bool = parameter(False, "含自评", "own rating counts")

    @staticmethod
    def formula(ratings: Array, *, step: Any, floor: Any, at_least: int) -> Array:
        """Return the value, shape (..., N)."""
        given = np.isfinite(ratings)
        low = np.where(given, ratings, -np.inf)
        in_order = np.sort(low, axis=-1)
        n = low.shape[-1]
        rank = np.empty(low.shape)
        for home in np.ndindex(*low.shape[:-1]):
            rank[home] = n - np.searchsorted(in_order[home], low[home], side="right") + 1
        points = np.maximum(100 * (1 - step * (rank - 1)), floor)
        raters = given.sum(0)
        mean = divided(np.where(given, points, 0.0).sum(0), raters)
        return np.where(raters >= at_least, mean, np.nan)
