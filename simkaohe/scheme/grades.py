"""Grades (等次): bands by quota, by threshold, or both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from simkaohe.labels import Words
from simkaohe.scheme.method import FrozenDict, Model, parameter
from simkaohe.scheme.problems import refusal

Ints = npt.NDArray[np.int64]


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
    """

    name: str = parameter(..., "等次", "grade", min_length=1)
    name_en: str | None = parameter(None, "英文名", "name in English")
    share: float | None = parameter(None, "比例", "share", gt=0, le=1, span=(0.1, 0.5))
    seats: int | None = parameter(None, "名额", "seats", ge=0)
    seats_by_category: FrozenDict[int] = parameter(FrozenDict(), "分类名额", "seats by category")
    at_least: float | None = parameter(None, "分数线", "lowest total", span=(60, 95))

    @property
    def has_quota(self) -> bool:
        """Whether the number of units in the band is limited."""
        return bool(self.share is not None or self.seats is not None or self.seats_by_category)


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
        the rounded total of all categories among them.
    at_least_one : bool, default False
        Whether a quota by share is at least one seat.
    ties : {"all_out", "all_in"}, default "all_out"
        Units with equal totals at the edge of a quota: none of them gets in (never more units than
        seats), or all of them.
    tie_break : list of node ids
        Whose scores decide between equal totals first, in this order.
    unused : {"lost", "next"}, default "lost"
        Whether seats that nobody is good enough for are added to the next band's quota.
    """

    bands: tuple[Band, ...] = parameter(..., "档次", "bands", min_length=1)
    within: Literal["category", "all"] = parameter("category", "评定范围", "within")
    rounding: Literal["half_up", "floor", "ceiling", "largest_remainder"] = parameter(
        "half_up", "名额取整", "rounding of quotas"
    )
    at_least_one: bool = parameter(False, "至少一个名额", "at least one seat")
    ties: Literal["all_out", "all_in"] = parameter("all_out", "边缘同分", "ties at the edge")
    tie_break: tuple[str, ...] = parameter((), "同分比较", "tie break")
    unused: Literal["lost", "next"] = parameter("lost", "空余名额", "unused seats")

    @model_validator(mode="after")
    def _last_is_open(self) -> Grades:
        *others, last = self.bands
        if last.has_quota or last.at_least is not None:
            raise refusal(
                f"bands.{len(others)}",
                Words(
                    f"最后一档“{last.name}”还有条件", f"the last band {last.name!r} has a condition"
                ),
                Words("没有条件的最后一档", "a last band without one"),
                Words("否则有的单位没有等次", "Otherwise some units would have no grade"),
            )
        for place, band in enumerate(others):
            if not band.has_quota and band.at_least is None:
                raise refusal(
                    f"bands.{place}",
                    Words(f"“{band.name}”没有条件", f"band {band.name!r} has no condition"),
                    Words("比例 share、名额 seats 或分数线 at_least", "a share, seats or at_least"),
                )
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
        self, totals: npt.NDArray[np.float64], first: Ints, last: Ints, seats: list[int | None]
    ) -> npt.NDArray[np.int8]:
        """Return the place of each unit's band, for units graded together.

        Parameters
        ----------
        totals : array (R, N)
            Rounded totals.
        first, last : arrays (R, N) of int
            Best and worst place that a unit shares with those tied with it, tie breaks applied.
        seats : list
            One number per band, None without quota.

        Returns
        -------
        array (R, N) of int8
            0 is the best band.
        """
        grade = np.full(totals.shape, len(self.bands) - 1, np.int8)
        free = np.ones(totals.shape, bool)
        taken = np.zeros((len(totals), 1), np.int64)
        carried = np.zeros_like(taken)
        place = first if self.ties == "all_in" else last
        for number, band in enumerate(self.bands[:-1]):
            fits, quota = free.copy(), seats[number]
            if quota is not None:
                fits &= place <= taken + quota + carried
            if band.at_least is not None:
                fits &= totals >= band.at_least - 1e-9
            grade[fits] = number
            free &= ~fits
            got = fits.sum(-1, keepdims=True)
            taken += got
            if quota is not None and self.unused == "next":
                carried = np.maximum(quota + carried - got, 0)
        return grade


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
    by_remainder = sorted(exact, key=lambda name: floors[name] - exact[name])
    return {name: floors[name] + (name in by_remainder[:left]) for name in exact}
