"""Use of results (结果运用): money by rank, by grade or by score, and seats for individuals."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from simkaohe.errors import Problem
from simkaohe.labels import Words
from simkaohe.ranks import places
from simkaohe.scheme.condition import Condition, Conditions
from simkaohe.scheme.method import FrozenDict, Method, Model, parameter
from simkaohe.scheme.problems import refused

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Names = tuple[str, ...]


class Use(Method):
    """结果运用: what a unit gets for its place, grade or score.

    ``formula`` takes facts about the units that share it, shape (R, N): ``totals``; ``ranks``
    (1 is the best); ``grades`` (place of the band, −1 for no grade); ``eligible`` (bool);
    ``need`` and ``staff``, columns of the covariates; and returns amounts (R, N).

    Parameters
    ----------
    name, name_en, note : str, optional
    unit : str, optional
        Of the amounts, e.g. 万元.
    within : {"all", "category"}, default "all"
        Whether ranks and pots are those of all units or of each category.
    requires : list of Condition
        A unit that does not meet all of them gets nothing; the others share what there is.
    """

    outside_formula: ClassVar[tuple[str, ...]] = (
        "name",
        "name_en",
        "note",
        "unit",
        "within",
        "requires",
    )
    may_be_supplied: ClassVar = ("bands",)
    name: str | None = parameter(None, "名称", "name")
    name_en: str | None = parameter(None, "英文名称", "name in English")
    note: str | None = parameter(None, "说明", "note")
    unit: str | None = parameter(None, "计量单位", "unit")
    within: Literal["all", "category"] = parameter("all", "范围", "within")
    requires: Conditions = parameter((), "前提条件", "requires")

    def bands_named(self) -> dict[str, Names]:
        """Return the grades that the fields name, by field."""
        return {}

    @model_validator(mode="after")
    def _pays_nothing_below_zero(self) -> Use:
        mappings = {
            n: v for n in type(self).model_fields if isinstance(v := getattr(self, n), dict)
        }
        problems = [
            Problem(f"{name}.{key}", f"{entry:g}", Words("≥ 0 的数", "a number ≥ 0"))
            for name, mapping in mappings.items()
            for key, entry in mapping.items()
            if entry < 0
        ]
        problems += [
            Problem(f"{name}.{place}", f"{entry:g}", Words("≥ 0 的数", "a number ≥ 0"))
            for name in ("amounts",)
            for place, entry in enumerate(getattr(self, name, ()))
            if isinstance(entry, float) and entry < 0
        ]
        problems += [
            Problem(name, Words("空的", "nothing in it"), Words("等次和数", "grades and numbers"))
            for name in self.bands_named()
            if not getattr(self, name)
        ]
        if problems:
            raise refused(*problems)
        return self


class PayByRank(Use):
    r"""按名次奖励 (pay by rank): an amount for each of the first places.

    Parameters
    ----------
    amounts : list of float
        For the first, second, … place; nothing beyond.
    ties : {"split", "each"}, default "split"
        Units that share a place share the amounts of the places that they take, so that the pot is
        kept; or each gets the amount of the better place.

    Notes
    -----
    Data: ranks, eligible. Places are counted among the eligible.

    References
    ----------
    [1] Prizes for the first places (S14, S46 of the formula manual); the split is a model choice.

    Examples
    --------
    >>> ranks = np.array([[1, 2, 2, 4]])
    >>> PayByRank.formula(ranks, ranks > 0, amounts=(50.0, 30.0, 10.0), ties="split")
    array([[50., 20., 20.,  0.]])
    """

    method: Literal["pay_by_rank"] = "pay_by_rank"
    label: ClassVar = Words("按名次奖励", "pay by rank")
    chinese: ClassVar = "前几名各得一笔规定的金额。"
    amounts: tuple[float, ...] = parameter(..., "各名次金额", "amounts by place", min_length=1)
    ties: Literal["split", "each"] = parameter("split", "并列办法", "ties")

    @staticmethod
    def formula(ranks: Ints, eligible: Any, *, amounts: tuple[float, ...], ties: str) -> Array:
        """Return amounts, shape (R, N)."""
        n = ranks.shape[-1]
        table = np.zeros(2 * n + 1)
        table[: min(len(amounts), n)] = amounts[:n]
        first, last = places(np.where(eligible, -ranks, -(10**9)))
        paid = table[first - 1]
        if ties == "split":
            sums = np.concatenate([[0.0], table.cumsum()])
            paid = (sums[last] - sums[first - 1]) / (last - first + 1)
        return np.where(eligible, paid, 0.0)


class PayByGrade(Use):
    r"""按等次奖励 (pay by grade): the same amount for every unit of a grade.

    Parameters
    ----------
    amounts : mapping of grade to float
        By the name of the band; grades that are not named get nothing.

    Notes
    -----
    Data: grades, eligible.

    References
    ----------
    [1] 60, 50 and 30 million yuan for strong, advanced and improving counties (S14 of the manual).

    Examples
    --------
    >>> grades = np.array([[0, 1, 2]])
    >>> PayByGrade.formula(grades, grades >= 0, bands=("优秀", "良好", "一般"), amounts={"优秀": 60.0})
    array([[60.,  0.,  0.]])
    """

    method: Literal["pay_by_grade"] = "pay_by_grade"
    label: ClassVar = Words("按等次奖励", "pay by grade")
    chinese: ClassVar = "同一等次的单位得同样的金额。"
    amounts: FrozenDict[float] = parameter(..., "各等次金额", "amounts by grade", span=(0, 100))

    def bands_named(self) -> dict[str, Names]:
        """Return the grades that the fields name, by field."""
        return {"amounts": tuple(self.amounts)}

    @staticmethod
    def formula(grades: Ints, eligible: Any, *, bands: Names, amounts: Any) -> Array:
        """Return amounts, shape (R, N)."""
        return np.where(eligible, _by_band(bands, amounts)[grades], 0.0)


class PotByGrade(Use):
    r"""按等次分配 (pot by grade): a fixed pot divided in the ratio of the grades' coefficients.

    .. math:: F_i = F\,\frac{v_{g(i)}}{\sum_j v_{g(j)}}

    Parameters
    ----------
    pot : float
    ratios : mapping of grade to float, e.g. ``{优秀: 1.2, 良好: 1.0, 一般: 0.8}``
        Grades that are not named get nothing.

    Notes
    -----
    Data: grades, eligible; ``need`` is multiplied in when it is named. Nobody eligible: the pot is
    not spent.

    References
    ----------
    [1] Bonus coefficients 1.2 / 1.0 / 0.8 (model choice of the formula manual, part 10).

    Examples
    --------
    >>> grades, need = np.array([[0, 1]]), np.ones((1, 2))
    >>> PotByGrade.formula(grades, need, grades >= 0, bands=("优", "良"), pot=22.0,
    ...                    ratios={"优": 1.2, "良": 1.0})
    array([[12., 10.]])
    """

    method: Literal["pot_by_grade"] = "pot_by_grade"
    label: ClassVar = Words("按等次分配资金", "pot by grade")
    chinese: ClassVar = "总额固定，按各等次的系数分配。"
    outside_formula: ClassVar[tuple[str, ...]] = (*Use.outside_formula, "need")
    pot: float = parameter(..., "资金总额", "pot", ge=0, span=(0, 10000))
    ratios: FrozenDict[float] = parameter(..., "等次系数", "ratios", span=(0, 2))
    need: str | None = parameter(None, "需求因素", "need")

    def bands_named(self) -> dict[str, Names]:
        """Return the grades that the fields name, by field."""
        return {"ratios": tuple(self.ratios)}

    @staticmethod
    def formula(
        grades: Ints, need: Array, eligible: Any, *, bands: Names, pot: Any, ratios: Any
    ) -> Array:
        """Return amounts, shape (R, N)."""
        return _divided(pot, np.where(eligible, _by_band(bands, ratios)[grades] * need, 0.0))


class Proportional(Use):
    r"""按得分分配 (in proportion to score): a fixed pot divided by score.

    .. math:: F_i = F\,\frac{n_i \max(T_i - T_0, 0)^p}{\sum_j n_j \max(T_j - T_0, 0)^p}

    Parameters
    ----------
    pot : float
    above : float, points, default 0
        T₀: what counts is the score above it.
    power : float, default 1
        p: above 1 favours the best.
    need : str, optional
        Column of the covariates that is multiplied in (need × performance).

    Notes
    -----
    Data: totals, need, eligible. Nobody above T₀: the pot is not spent.

    References
    ----------
    [1] Base and incentive by result in funds tied to assessment (S46 of the formula manual).

    Examples
    --------
    >>> totals = np.array([[80.0, 90.0]])
    >>> Proportional.formula(totals, np.ones((1, 2)), totals > 0, pot=30.0, above=70.0, power=1.0)
    array([[10., 20.]])
    """

    method: Literal["proportional"] = "proportional"
    label: ClassVar = Words("按得分比例分配资金", "proportional to score")
    chinese: ClassVar = "总额固定，按得分比例分配。"
    outside_formula: ClassVar[tuple[str, ...]] = (*Use.outside_formula, "need")
    pot: float = parameter(..., "资金总额", "pot", ge=0, span=(0, 10000))
    above: float = parameter(0.0, "起算分", "score above", span=(0, 80))
    power: float = parameter(1.0, "幂次", "power", gt=0, span=(0.5, 4))
    need: str | None = parameter(None, "需求因素", "need")

    @staticmethod
    def formula(
        totals: Array, need: Array, eligible: Any, *, pot: Any, above: Any, power: Any
    ) -> Array:
        """Return amounts, shape (R, N)."""
        score = np.maximum(totals - above, 0.0) ** power
        return _divided(pot, np.where(eligible, score * need, 0.0))


class Raise(Model):
    """条件增额: a higher share for units that meet one of the conditions.

    Parameters
    ----------
    by : float
        Added to the share (0.05 is five percentage points).
    any_of : list of Condition
    name, name_en : str, optional
    """

    chinese: ClassVar = "满足其中一个条件的单位，比例更高。"
    by: float = parameter(..., "增加比例", "raised by", ge=0, le=1, span=(0, 0.1))
    any_of: tuple[Condition, ...] = parameter(..., "任一条件", "any of", min_length=1)
    name: str | None = parameter(None, "名称", "name")
    name_en: str | None = parameter(None, "英文名称", "name in English")


class IndividualQuota(Use):
    r"""个人优秀名额 (quota of excellent individuals): tied to the unit's grade.

    .. math:: Q_i = \mathrm{round}\big(\min(ceiling,\ q_{g(i)} + \textstyle\sum raises)\,staff_i\big)

    Parameters
    ----------
    shares : mapping of grade to float, e.g. ``{优秀: 0.20, 良好: 0.15}``
    staff : str, default "staff"
        Column of the covariates with the number of people.
    raises : list of Raise
    ceiling : float, default 1
        Highest share of all, raises included.
    rounding : {"floor", "half_up", "ceiling"}, default "floor"
    at_least_one : bool, default False

    Notes
    -----
    Data: grades, staff, raised, eligible.

    References
    ----------
    [1] 15, 12, 10 and 8 % by the unit's grade, +5 and +3 points on conditions, never above 20 %
        (S32 of the formula manual).

    Examples
    --------
    >>> grades, staff = np.array([[0, 1]]), np.array([[40.0, 40.0]])
    >>> IndividualQuota.formula(grades, staff, np.array([[0.05, 0.0]]), grades >= 0,
    ...                         bands=("优", "良"), shares={"优": 0.18, "良": 0.12}, ceiling=0.2,
    ...                         rounding="floor", at_least_one=False)
    array([[8., 4.]])
    """

    method: Literal["individual_quota"] = "individual_quota"
    label: ClassVar = Words("个人优秀名额", "individual quota")
    chinese: ClassVar = "个人优秀的比例随单位的等次而定。"
    outside_formula: ClassVar[tuple[str, ...]] = (*Use.outside_formula, "staff", "raises")
    shares: FrozenDict[float] = parameter(..., "等次比例", "shares by grade", span=(0, 0.3))
    staff: str = parameter("staff", "人数", "staff")
    raises: tuple[Raise, ...] = parameter((), "条件增额", "raises")
    ceiling: float = parameter(1.0, "比例上限", "ceiling", gt=0, le=1, span=(0.1, 0.3))
    rounding: Literal["floor", "half_up", "ceiling"] = parameter("floor", "名额取整", "rounding")
    at_least_one: bool = parameter(False, "至少一个名额", "at least one")

    def bands_named(self) -> dict[str, Names]:
        """Return the grades that the fields name, by field."""
        return {"shares": tuple(self.shares)}

    @staticmethod
    def formula(
        grades: Ints,
        staff: Array,
        raised: Array,
        eligible: Any,
        *,
        bands: Names,
        shares: Any,
        ceiling: Any,
        rounding: str,
        at_least_one: bool,
    ) -> Array:
        """Return seats, shape (R, N)."""
        share = np.minimum(_by_band(bands, shares)[grades] + raised, ceiling)
        share = np.where(eligible, share, 0.0)
        exact = share * staff
        shift = {"floor": 1e-9, "half_up": 0.5 + 1e-9, "ceiling": 1 - 1e-9}[rounding]
        seats = np.floor(exact + shift)
        return np.where((share > 0) & (staff > 0), np.maximum(seats, float(at_least_one)), 0.0)


def _by_band(bands: Names, amounts: Any) -> Array:
    """Return one number per band, and 0 for −1 (no grade) at the end."""
    return np.array([*(float(amounts.get(band, 0.0)) for band in bands), 0.0])


def _divided(pot: Any, parts: Array) -> Array:
    whole = parts.sum(-1, keepdims=True)
    return pot * parts / np.where(whole > 0, whole, 1.0)
