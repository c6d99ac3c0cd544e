"""Rules that turn a place among the units into points (位次计分类)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator

from simkaohe.labels import Words
from simkaohe.ranks import comparable, dense, places
from simkaohe.scheme.method import parameter
from simkaohe.scheme.problems import refusal
from simkaohe.scheme.rules.base import Array, Rule

Ties = Literal["min", "dense", "mean"]
EXACT = 9


def places_of(goodness: Array, ties: str = "min", digits: int | None = None) -> Array:
    """Return the place of every unit on the last axis, 1 for the highest.

    Parameters
    ----------
    goodness : array (..., N)
        Higher is better.
    ties : {"min", "dense", "mean"}
        Equal units: 1, 2, 2, 4 or 1, 2, 2, 3 or 1, 2.5, 2.5, 4.
    digits : int, optional
        Values equal after rounding half up to these decimals are equal. None: nine decimals.
    """
    q = comparable(goodness, EXACT if digits is None else digits)
    rows = q.reshape(-1, q.shape[-1])
    first, last = places(rows)
    if ties == "dense":
        place = dense(first).astype(np.float64)
    elif ties == "mean":
        place = (first + last) / 2
    else:
        place = first.astype(np.float64)
    return place.reshape(q.shape)


class RankStep(Rule):
    r"""位次递减 (percent step): the first place earns full marks, each further one a step less.

    .. math:: S = full \cdot \max(floor, 1 - step\,(r - 1))

    Parameters
    ----------
    full : float, points, default 100
    step : float, ratio, default 0.05
        Of full marks, lost with each place.
    floor : float, ratio, default 0
        What the last places keep.
    ties : {"min", "dense", "mean"}, default "min"
    digits : int, optional
        Decimals at which values count as equal.

    Notes
    -----
    Data: value. All values equal: everybody is first. Alone: full marks. Monotone: yes.

    References
    ----------
    [1] Monthly economic-performance rules of a city (2020): first 100 %, each place −5 %.
    [2] Rui'an (2012), leaders' ratings: first 200 points, each place −2 %.

    Examples
    --------
    >>> RankStep.formula(np.array([9., 7., 7., 5.]), sign=1, full=100, step=.05, floor=0, ties="min", digits=None)
    array([100.,  95.,  95.,  85.])
    """

    method: Literal["rank_step"] = "rank_step"
    label: ClassVar = Words("位次递减计分", "rank, percent step")
    chinese: ClassVar = "第一名得满分，每退后一名少一个固定的比例。"
    notation: ClassVar = """
        rank = place(value, ties, digits)
        full * max(floor, 1 - step * (rank - 1))
    """
    relative: ClassVar = True
    step: float = parameter(0.05, "每名递减", "lost with each place", ge=0, le=1, span=(0.01, 0.1))
    floor: float = parameter(0.0, "保底比例", "kept at least", ge=0, le=1, span=(0, 0.6))
    ties: Ties = parameter("min", "并列名次", "ties")
    digits: int | None = parameter(None, "并列小数位", "decimals for ties", ge=0, le=9)

    @staticmethod
    def formula(
        value: Array, *, sign: int, full: Any, step: Any, floor: Any, ties: str, digits: int | None
    ) -> Array:
        """Return points, shape (..., N)."""
        place = places_of(sign * value, ties, digits)
        return full * np.maximum(floor, 1 - step * (place - 1))


class RankTable(Rule):
    r"""位次表 (rank table): points listed for the first places, a step for every place after.

    .. math:: S = table_r, \quad S = \max(floor,\ table_m - step\,(r - m)) \text{ for } r > m

    Parameters
    ----------
    full : float, points, default 100
    points : list of float, falling
        For places 1, 2, 3, …; m of them.
    step : float, points, default 0
        Lost with each place after the last one listed.
    floor : float, points, optional
        Least that a place after the list earns; none: no limit.
    small_group : int, default 0
        When at most so many units take part, ``small_points`` are the table.
    small_points : list of float, falling
    small_step : float, points, default 0
    ties : {"min", "dense", "mean"}, default "min"
        Mean places are read off the table by interpolation.
    digits : int, optional
        Decimals at which values count as equal.

    Notes
    -----
    Data: value. All values equal: everybody is first. Monotone: yes.

    References
    ----------
    [1] Jiaojiang (2018), rank bonus: 3, 1.5, 0, then −0.5 a place; at most five units: 3, 0, then −1.

    Examples
    --------
    >>> RankTable.formula(
    ...     np.arange(6, 0, -1.), sign=1, full=100, points=(3., 1.5, 0.), step=.5, floor=None,
    ...     small_group=5, small_points=(3., 0.), small_step=1., ties="min", digits=None)
    array([ 3. ,  1.5,  0. , -0.5, -1. , -1.5])
    """

    method: Literal["rank_table"] = "rank_table"
    label: ClassVar = Words("位次表计分", "rank, table")
    chinese: ClassVar = "前几名按表给分，往后每名少固定的分。"
    notation: ClassVar = """
        rank = place(value, ties, digits)
        table = small_points if count(value) <= small_group else points
        fall = small_step if count(value) <= small_group else step
        nth(table, rank) if rank <= length(table) \
            else nth(table, rank) - fall * (rank - length(table)) if floor is None \
            else max(
                nth(table, rank) - fall * (rank - length(table)),
                min(floor, last(table)),
            )
    """
    relative: ClassVar = True
    points: tuple[float, ...] = parameter(..., "各名次得分", "points by place", min_length=1)
    step: float = parameter(0.0, "其后每名递减", "lost with each further place", ge=0, span=(0, 5))
    floor: float | None = parameter(None, "保底分", "at least")
    small_group: int = parameter(0, "小组单位数", "small group", ge=0)
    small_points: tuple[float, ...] = parameter((0.0,), "小组各名次得分", "points in a small group")
    small_step: float = parameter(0.0, "小组每名递减", "step in a small group", ge=0, span=(0, 5))
    ties: Ties = parameter("min", "并列名次", "ties")
    digits: int | None = parameter(None, "并列小数位", "decimals for ties", ge=0, le=9)

    @model_validator(mode="after")
    def _fits(self) -> RankTable:
        for field in ("points", "small_points"):
            table = getattr(self, field)
            if not table or any(a < b for a, b in pairwise(table)):
                raise refusal(
                    field,
                    f"{list(table)}",
                    Words(
                        "由高到低的得分（第一名在前）", "points that fall, the first place first"
                    ),
                )
        return self

    @staticmethod
    def formula(
        value: Array,
        *,
        sign: int,
        full: Any,
        points: tuple[float, ...],
        step: Any,
        floor: Any,
        small_group: int,
        small_points: tuple[float, ...],
        small_step: Any,
        ties: str,
        digits: int | None,
    ) -> Array:
        """Return points, shape (..., N)."""
        if value.shape[-1] <= small_group:
            points, step = small_points, small_step
        place = places_of(sign * value, ties, digits)
        listed = np.interp(place, np.arange(1, len(points) + 1), points)
        after = listed - step * np.maximum(place - len(points), 0)
        if floor is not None:
            after = np.where(
                place > len(points), np.maximum(after, np.minimum(floor, points[-1])), after
            )
        return after


class RankLinear(Rule):
    r"""位次线性 (linear in rank): from full marks for the first place to ``last`` for the last.

    .. math:: S = full - (full - last)\,\frac{r - 1}{n - 1}

    Parameters
    ----------
    full : float, points, default 100
    last : float, points, default 60
        For the last of n places.
    ties : {"min", "dense", "mean"}, default "min"
    digits : int, optional
        Decimals at which values count as equal.

    Notes
    -----
    Data: value. Alone or all equal: full marks. Monotone: yes.

    References
    ----------
    [1] Model choice; common practice without a published formula.

    Examples
    --------
    >>> RankLinear.formula(np.array([1., 3., 2.]), sign=1, full=100, last=60, ties="min", digits=None)
    array([ 60., 100.,  80.])
    """

    method: Literal["rank_linear"] = "rank_linear"
    label: ClassVar = Words("位次线性计分", "rank, linear")
    chinese: ClassVar = "第一名满分，最后一名得末位分，中间按名次均匀递减。"
    notation: ClassVar = """
        rank = place(value, ties, digits)
        full - (full - last) * (rank - 1) / max(count(value) - 1, 1)
    """
    relative: ClassVar = True
    last: float = parameter(60.0, "末位得分", "points of the last place", ge=0, span=(0, 80))
    ties: Ties = parameter("min", "并列名次", "ties")
    digits: int | None = parameter(None, "并列小数位", "decimals for ties", ge=0, le=9)

    @model_validator(mode="after")
    def _fits(self) -> RankLinear:
        if self.last > self.full:
            raise refusal(
                "last",
                f"{self.last:g}",
                Words(f"不大于满分（{self.full:g}）", f"at most full marks ({self.full:g})"),
            )
        return self

    @staticmethod
    def formula(
        value: Array, *, sign: int, full: Any, last: Any, ties: str, digits: int | None
    ) -> Array:
        """Return points, shape (..., N)."""
        place = places_of(sign * value, ties, digits)
        return full - (full - last) * (place - 1) / max(value.shape[-1] - 1, 1)
