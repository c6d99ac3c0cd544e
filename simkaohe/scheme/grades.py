"""Grades (等次): bands by quota, by threshold, or both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from simkaohe.errors import Problem, unknown
from simkaohe.labels import Words, reader_name
from simkaohe.scheme.condition import Conditions
from simkaohe.scheme.method import FrozenDict, Model, parameter
from simkaohe.scheme.problems import refusal, refused

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
GRADE = Words("等次", "grade")


class Band(Model):
    """档次: one grade and who gets it.

    Parameters
    ----------
    name, name_en : str
        What the grade is called, e.g. 优秀.
    share : float in (0, 1], optional
        Quota as a share of the units graded together.
    seats : int, optional
        Quota as a number, for every category.
    seats_by_category : mapping of category to int, optional
        Quota as a number, for the categories named; it goes before ``share`` and ``seats``.
    at_least : float, points, optional
        Lowest total (inclusive).
    requires : list of Condition
        All must be met; a unit that does not takes no seat, and the next one moves up.
    """

    name: str = parameter(..., "等次", "grade", min_length=1)
    name_en: str | None = parameter(None, "英文名", "name in English")
    share: float | None = parameter(None, "比例", "share", gt=0, le=1, span=(0.1, 0.5))
    seats: int | None = parameter(None, "名额", "seats", ge=0)
    seats_by_category: FrozenDict[int] = parameter(FrozenDict(), "分类名额", "seats by category")
    at_least: float | None = parameter(None, "分数线", "lowest total", span=(60, 95))
    requires: Conditions = parameter((), "前提条件", "requires")

    @model_validator(mode="after")
    def _has_seats(self) -> Band:
        for category, seats in self.seats_by_category.items():
            if seats < 0:
                where = f"seats_by_category.{category}"
                raise refusal(where, f"{seats}", Words("≥ 0 的整数", "a whole number ≥ 0"))
        return self

    @property
    def has_quota(self) -> bool:
        """Whether the number of units in the band is limited."""
        return bool(self.share is not None or self.seats is not None or self.seats_by_category)

    @property
    def label(self) -> str:
        """The name that people read, in their language."""
        return reader_name(self.name, self.name_en)


class Extra(Model):
    """条件增额、专项晋优: seats of a band for units that meet a condition.

    Parameters
    ----------
    band : str
        Name of the band.
    seats : int
        How many, in every set of units graded together.
    any_of : list of Condition
        One of them must be met.
    reserved : bool, default False
        False: on top of the band's quota, for the best of those that did not get in. True: seats
        of the quota that are given to them first.
    name, name_en : str, optional
    """

    chinese: ClassVar = "满足条件的单位另外多出的等次名额。"
    band: str = parameter(..., "等次", "grade")
    seats: int = parameter(..., "名额", "seats", ge=0)
    any_of: Conditions = parameter(..., "任一条件", "any of", min_length=1)
    reserved: bool = parameter(False, "占用名额", "reserved")
    name: str | None = parameter(None, "名称", "name")
    name_en: str | None = parameter(None, "英文名称", "name in English")


class Grades(Model):
    """等次评定: bands from the best to the worst; each unit gets the best one that it can.

    Parameters
    ----------
    bands : list of Band
        Best first. The last takes everybody who is left and has no condition.
    within : {"category", "all"}, default "category"
        Who shares a quota.
    rounding : {"half_up", "floor", "ceiling", "largest_remainder"}, default "half_up"
        How share × number of units becomes a number of seats. Largest remainder (Hamilton) divides
        the rounded total of all categories among them; equal remainders are served in the order of
        the categories.
    at_least_one : bool, default False
        Whether a quota by share is at least one seat.
    ties : {"all_out", "all_in"}, default "all_out"
        Units with equal totals at the edge of a quota: none of them gets in (never more units than
        seats), or all of them.
    tie_break : list of node ids
        Whose scores decide between equal totals first, in this order.
    priority : list of Condition
        Among equal totals, units that meet one of them go before the others (同等条件下优先), ahead of
        ``tie_break``.
    extra : list of Extra
        Seats on conditions, within a quota or on top of it.
    unused : {"lost", "next"}, default "lost"
        Whether seats that nobody is good enough for are added to the quota of the next band that
        has one.
    """

    chinese: ClassVar = "从最好到最差的各个等次，每个单位得它能得到的最好等次。"
    bands: tuple[Band, ...] = parameter(..., "档次", "bands", min_length=1)
    within: Literal["category", "all"] = parameter("category", "评定范围", "within")
    rounding: Literal["half_up", "floor", "ceiling", "largest_remainder"] = parameter(
        "half_up", "名额取整", "rounding of quotas"
    )
    at_least_one: bool = parameter(False, "至少一个名额", "at least one seat")
    ties: Literal["all_out", "all_in"] = parameter("all_out", "边缘同分", "ties at the edge")
    tie_break: tuple[str, ...] = parameter((), "同分比较", "tie break")
    priority: Conditions = parameter((), "优先条件", "priority")
    extra: tuple[Extra, ...] = parameter((), "条件增额", "extra seats")
    unused: Literal["lost", "next"] = parameter("lost", "空余名额", "unused seats")

    @model_validator(mode="after")
    def _last_is_open(self) -> Grades:
        *others, last = self.bands
        if last.has_quota or last.at_least is not None or last.requires:
            raise refusal(
                f"bands.{len(others)}",
                Words(
                    f"最后一档“{last.name}”还有条件", f"the last band {last.name!r} has a condition"
                ),
                Words("没有条件的最后一档", "a last band without one"),
                Words("否则有的单位没有等次", "Otherwise some units would have no grade"),
            )
        for place, band in enumerate(others):
            if not band.has_quota and band.at_least is None and not band.requires:
                raise refusal(
                    f"bands.{place}",
                    Words(f"“{band.name}”没有条件", f"band {band.name!r} has no condition"),
                    Words("比例 share、名额 seats 或分数线 at_least", "a share, seats or at_least"),
                )
        names = [band.name for band in self.bands]
        problems = [
            Problem(
                f"bands.{place}.name",
                Words(f"“{name}”用了两次", f"{name!r} is used twice"),
                remedy=Words("每档一个名称", "Give every band a name of its own"),
            )
            for place, name in enumerate(names)
            if name in names[:place]
        ]
        problems += [
            unknown(f"extra.{place}.band", extra.band, names, GRADE)
            for place, extra in enumerate(self.extra)
            if extra.band not in names[:-1]
        ]
        if problems:
            raise refused(*problems)
        return self

    def seats(self, sizes: Mapping[str, int]) -> dict[str, list[int | None]]:
        """Return the seats of every band for every set of units graded together.

        Parameters
        ----------
        sizes : mapping of category to number of units

        Returns
        -------
        dict
            For each category one number per band; None where the band has no quota.
        """
        by_band = [self._seats_of(band, sizes) for band in self.bands]
        return {name: [seats[name] for seats in by_band] for name in sizes}

    def _seats_of(self, band: Band, sizes: Mapping[str, int]) -> dict[str, int | None]:
        exact = {name: (band.share or 0) * size for name, size in sizes.items()}
        by_share = _rounded(exact, self.rounding)
        seats: dict[str, int | None] = {}
        for name, size in sizes.items():
            if name in band.seats_by_category:
                seats[name] = band.seats_by_category[name]
            elif band.seats is not None:
                seats[name] = band.seats
            elif band.share is not None:
                seats[name] = min(max(by_share[name], int(self.at_least_one)), size)
            else:
                seats[name] = None
        return seats

    def assign(
        self,
        totals: npt.NDArray[np.float64],
        behind: npt.NDArray[Any],
        seats: list[int | None],
        eligible: Sequence[Bools] | None = None,
        claims: Bools | None = None,
    ) -> npt.NDArray[np.int8]:
        """Return the place of each unit's band, for units graded together.

        Parameters
        ----------
        totals : array (R, N)
            Rounded totals.
        behind : array (R, N) of int
            Lowest for the best; equal for those who are tied, tie breaks applied.
        seats : list
            One number per band, None without quota.
        eligible : for each band but the last an array (1|R, N) of bool, optional
            Who may be in it, as far as vetoes and the bands' conditions go.
        claims : array (E, R, N) of bool, optional
            Who meets the conditions of each entry of ``extra``.

        Returns
        -------
        array (R, N) of int8
            0 is the best band.
        """
        grade = np.full(totals.shape, len(self.bands) - 1, np.int8)
        free = np.ones(totals.shape, bool)
        carried: Any = 0
        order = _Order(behind, self.ties)
        for number, band in enumerate(self.bands[:-1]):
            may, quota = free.copy(), seats[number]
            if eligible is not None:
                may &= eligible[number]
            if band.at_least is not None:
                may &= totals >= band.at_least - 1e-9
            if quota is None:
                got = may
            else:
                got, used = self._seated(band, may, quota + carried, order, claims)
            np.copyto(grade, np.int8(number), where=got)
            free &= ~got
            if quota is not None and self.unused == "next":
                carried = np.maximum(quota + carried - _count(used), 0)
        return grade

    def _seated(
        self, band: Band, may: Bools, quota: int | Ints, order: _Order, claims: Bools | None
    ) -> tuple[Bools, Bools]:
        """Return who gets into a band, and who of them on a seat of its quota."""
        extras = [
            (extra, claims[e])
            for e, extra in enumerate(self.extra)
            if extra.band == band.name and claims is not None
        ]
        if not extras:
            got = order.best(may, quota)
            return got, got
        got = np.zeros_like(may)
        for extra, claim in extras:
            if extra.reserved:
                few = np.minimum(extra.seats, quota - _count(got))
                got |= order.best(may & claim & ~got, few)
        got |= order.best(may & ~got, quota - _count(got))
        used = got
        for extra, claim in extras:
            if not extra.reserved:
                got = got | order.best(may & claim & ~got, extra.seats)
        return got, used

    def matching(
        self,
        totals: npt.NDArray[np.float64],
        grades: npt.NDArray[np.int8],
        others: npt.NDArray[np.float64],
        eligible: Sequence[Bools] | None = None,
    ) -> npt.NDArray[np.int8]:
        """Return the grade of units outside the competition (单列), which take no seat.

        It is the best band in which somebody with the same total or a lower one is, or whose lowest
        total they reach when it has no quota.

        Parameters
        ----------
        totals, grades : arrays (R, M)
            Of those graded together.
        others : array (R, U)
            Totals of the units outside.
        eligible : for each band but the last an array (1|R, U) of bool, optional
            Who may be in it.
        """
        found = np.full(others.shape, len(self.bands) - 1, np.int8)
        for number in reversed(range(len(self.bands) - 1)):
            band = self.bands[number]
            edge = np.where(grades == number, totals, np.inf).min(-1, initial=np.inf, keepdims=True)
            if band.at_least is not None:
                least = band.at_least - 1e-9
                edge = np.maximum(edge, least) if band.has_quota else np.full_like(edge, least)
            reached = others >= edge
            found[reached if eligible is None else reached & eligible[number]] = number
        return found


class _Order:
    """Who is before whom, for picking the best of changing sets."""

    def __init__(self, behind: npt.NDArray[Any], ties: str) -> None:
        self._behind, self._all_in = behind, ties == "all_in"
        self._last = behind.dtype.type(np.iinfo(behind.dtype).max)

    def best(self, candidates: Bools, seats: Any) -> Bools:
        """Return the best ``seats`` of the candidates; those tied at the edge all or none."""
        rows, n = candidates.shape
        ordered = np.full((rows, n + 1), self._last)  # nobody comes last
        np.copyto(ordered[:, :n], self._behind, where=candidates)
        ordered.sort(-1)
        if self._all_in:
            edge = self._at(ordered, seats - 1)
            return candidates & (self._behind <= edge) & (seats > 0)
        return candidates & (self._behind < self._at(ordered, seats))

    def _at(self, ordered: npt.NDArray[Any], place: Any) -> npt.NDArray[Any]:
        """Return who has a place (R, 1) from 0; the first and the last for places beyond."""
        last = ordered.shape[1] - 1
        if isinstance(place, int):
            place = min(max(place, 0), last)
            return ordered[:, place : place + 1]
        return np.take_along_axis(ordered, np.clip(place, 0, last), -1)


def _count(chosen: Bools) -> Ints:
    return chosen.sum(-1, keepdims=True)


def _rounded(exact: Mapping[str, float], rounding: str) -> dict[str, int]:
    """Round quotas; 1e-9 absorbs the binary error of a product such as 0.15 × 20."""
    floors = {name: int(np.floor(x + 1e-9)) for name, x in exact.items()}
    if rounding == "floor":
        return floors
    if rounding == "ceiling":
        return {name: int(np.ceil(x - 1e-9)) for name, x in exact.items()}
    if rounding == "half_up":
        return {name: int(np.floor(x + 0.5 + 1e-9)) for name, x in exact.items()}
    left = int(np.floor(sum(exact.values()) + 0.5 + 1e-9)) - sum(floors.values())
    by_remainder = sorted(exact, key=lambda name: round(floors[name] - exact[name], 9))
    return {name: floors[name] + (name in by_remainder[:left]) for name in exact}
