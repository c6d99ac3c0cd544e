"""Measures (计算口径): from what was recorded to the value that is scored."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from simkaohe.labels import Words
from simkaohe.scheme.method import Method, parameter
from simkaohe.scheme.rules.base import divided

Array = npt.NDArray[np.float64]


class Measure(Method):
    """计算口径: what of the data is scored (增幅、份额、人均 …).

    ``formula`` takes data of shape (..., N), NaN where missing, and returns the value of shape
    (..., N) that the rule scores, NaN where it is undefined.
    """


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

    @staticmethod
    def formula(actual: Array, predecessor: Array) -> Array:
        """Return the value, shape (..., N)."""
        return actual - predecessor
