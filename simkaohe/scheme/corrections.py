"""What corrects a score or a value: difficulty, earlier periods, results of other units (难度、周期、归属)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from simkaohe.errors import Problem
from simkaohe.labels import Words
from simkaohe.scheme.method import FrozenDict, Model, parameter
from simkaohe.scheme.problems import refusal, refused

Array = npt.NDArray[np.float64]


class Difficulty(Model):
    r"""难度系数: the score times the unit's coefficient from the data's table ``difficulty``.

    .. math:: s' = \min\big(cap,\ s\,(1 + \lambda (\delta_i - 1))\big)

    Parameters
    ----------
    low, high : float, default 0.8 and 1.2
        Coefficients outside are a mistake in the data.
    strength : float in [0, 1], default 1
        λ: how much of the coefficient counts; 0 switches it off.
    cap : float, optional
        Highest score afterwards.

    Notes
    -----
    The column has the id of the indicator or group; a unit without an entry has coefficient 1.

    References
    ----------
    [1] Difficulty coefficients of 1.0–1.2 in enterprise performance contracts (S27 of the manual);
        λ is a model choice.
    """

    chinese: ClassVar = "得分乘以数据表“难度系数”中该单位的系数。"
    notation: ClassVar = "min(score * (1 + strength * (coefficient - 1)), cap)"
    low: float = parameter(0.8, "系数下限", "lowest coefficient", gt=0)
    high: float = parameter(1.2, "系数上限", "highest coefficient", gt=0)
    strength: float = parameter(1.0, "难度权重", "strength", ge=0, le=1, span=(0, 1))
    cap: float | None = parameter(None, "得分上限", "highest score", gt=0, span=(100, 120))

    @model_validator(mode="after")
    def _is_a_range(self) -> Difficulty:
        if self.low > self.high:
            raise refusal(
                "low",
                f"{self.low:g}",
                Words(f"不大于 high（{self.high:g}）", f"at most high ({self.high:g})"),
            )
        return self

    @staticmethod
    def formula(score: Array, coefficient: Array, *, strength: Any, cap: Any) -> Array:
        """Return the adjusted score, shape (R, N)."""
        found = score * (1 + strength * (coefficient - 1))
        return found if cap is None else np.minimum(found, cap)


class Periods(Model):
    r"""时期 (平时、半年、年终): earlier periods' scores blended into this one's.

    .. math:: T = \frac{w_0 T_0 + \sum_p w_p T_p}{w_0 + \sum_p w_p}

    Parameters
    ----------
    earlier : mapping of period id to float
        Weights of the earlier periods; their scores are in the data's table ``periods``, in the
        total's full marks.
    current : float, default 1
        Weight of the period that the scheme scores.
    method : {"weighted", "best"}, default "weighted"
        The weighted mean, or the best of all periods (the weights then only say which count).
    missing : {"error", "spread", "zero"}, default "error"
        What a missing score means: a mistake, its weight spread over the others, or zero.

    References
    ----------
    [1] 60 % ordinary assessment, quarters, half of the mean of annual scores (S25, S33, S34 of the
        formula manual).
    """

    chinese: ClassVar = "把平时、半年等前几期的得分并入本期。"
    notation: ClassVar = 'max(score) if method == "best" else sum(weight * score) / sum(weight)'
    earlier: FrozenDict[float] = parameter(..., "各期权重", "earlier periods", span=(0, 100))
    current: float = parameter(1.0, "本期权重", "this period", ge=0, span=(0, 100))
    method: Literal["weighted", "best"] = parameter("weighted", "合成办法", "method")
    missing: Literal["error", "spread", "zero"] = parameter("error", "缺失处理", "when missing")

    @model_validator(mode="after")
    def _weighs_something(self) -> Periods:
        for period, weight in self.earlier.items():
            if weight < 0:
                raise refusal(f"earlier.{period}", f"{weight:g}", Words("≥ 0 的数", "a number ≥ 0"))
        if not self.current + sum(self.earlier.values()):
            raise refusal(
                "current",
                Words("权重合计为 0", "weights that sum to 0"),
                Words("至少一个大于 0 的权重", "at least one weight above 0"),
            )
        return self

    @staticmethod
    def formula(current: Array, earlier: Array, *, weights: Array, method: str) -> Array:
        """Return the blended score (R, N).

        ``current`` (R, N), ``earlier`` (P, 1, N) with NaN where missing, ``weights`` (1 + P, R, 1),
        this period's first.
        """
        scores = np.concatenate(
            [current[None], np.broadcast_to(earlier, (len(earlier), *current.shape))]
        )
        weighs = np.asarray(weights) > 0
        counts = ~np.isnan(scores) & weighs
        undefined = ~counts.any(0) | (np.isnan(scores[0]) & weighs[0])
        if method == "best":
            return np.where(undefined, np.nan, np.where(counts, scores, -np.inf).max(0))
        shares = np.where(counts, weights, 0.0)
        total = np.where(undefined, np.nan, shares.sum(0))
        return (shares * np.where(counts, scores, 0.0)).sum(0) / total


class Transfer(Model):
    r"""数据归属: results of one unit (a development zone, a joint project) counted into others.

    .. math:: x'_j = x_j + a_{zj} x_z \ (sum), \qquad
        x'_j = \frac{m_j x_j + a_{zj} m_z x_z}{m_j + a_{zj} m_z} \ (rate)

    Parameters
    ----------
    source : str
        The unit whose results are shared; it needs a row in the data, but no place in the scheme's
        ``units``: left out there, it is not assessed itself.
    to : mapping of unit to float in [0, 1]
        Share of the source's result that each unit gets.
    keeps : float in [0, 1], default 1
        Share that the source keeps when it is assessed itself. Shares and ``keeps`` above 1 in sum
        count twice what was reached once.
    indicators : list of indicator ids
        Default: all whose ``attributed`` is ``sum`` or ``rate``.
    name, name_en, note : str, optional

    References
    ----------
    [1] Zones that are not assessed themselves and are in the district's and the city's figures; full
        inclusion or shares by agreement (part 9 of the formula manual); lead unit 0.6, the others
        the rest (model choice).
    """

    chinese: ClassVar = "一个单位（如开发区、共建项目）的成果计入其他单位。"
    source: str = parameter(..., "来源单位", "source")
    to: FrozenDict[float] = parameter(..., "归入份额", "shares", span=(0, 1))
    keeps: float = parameter(1.0, "自留份额", "keeps", ge=0, le=1, span=(0, 1))
    indicators: tuple[str, ...] = parameter((), "指标", "indicators")
    name: str | None = parameter(None, "名称", "name")
    name_en: str | None = parameter(None, "英文名称", "name in English")
    note: str | None = parameter(None, "说明", "note")

    @model_validator(mode="after")
    def _shares(self) -> Transfer:
        problems = [
            Problem(f"to.{unit}", f"{share:g}", Words("0 到 1 的数", "a number from 0 to 1"))
            for unit, share in self.to.items()
            if not 0 <= share <= 1
        ]
        if not self.to:
            problems.append(
                Problem(
                    "to", Words("空的", "nothing in it"), Words("单位和份额", "units and shares")
                )
            )
        if self.source in self.to:
            problems.append(
                Problem(
                    f"to.{self.source}",
                    Words("来源单位自己", "the source itself"),
                    Words("别的单位；自留部分写在 keeps", "another unit; see keeps"),
                )
            )
        if problems:
            raise refused(*problems)
        return self
