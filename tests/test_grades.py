"""Quotas, thresholds, vetoes and ties: one row each, totals in, grades out, by hand.

A row: what it shows; the totals of units a, b, c, …; the grades' fields; more fields of the scheme;
records of events ``{unit: event}``; the expected grades, one letter a unit (A is the best, – none).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import simkaohe as sk
from simkaohe.scheme.grades import Band, Grades

QUOTA = [{"name": "A", "share": 0.3}, {"name": "B", "share": 0.4}, {"name": "C"}]
SEATS = [{"name": "A", "seats": 1}, {"name": "B", "seats": 2}, {"name": "C"}]
LINE = [{"name": "A", "at_least": 90}, {"name": "B", "at_least": 80}, {"name": "C"}]
BOTH = [{"name": "A", "share": 0.5, "at_least": 90}, {"name": "B", "at_least": 60}, {"name": "C"}]
TEN = [99, 98, 97, 96, 95, 94, 93, 92, 91, 90]
TWO = {"u": None, "v": None}


def veto(*effects: str, **more: Any) -> dict[str, Any]:
    return {"adjustments": {"red": {"method": "veto", "effects": list(effects), **more}}}


def kinds(text: str) -> dict[str, Any]:
    """Return categories and units a, b, c, … from one letter each."""
    units = {chr(97 + place): kind for place, kind in enumerate(text)}
    return {"categories": dict.fromkeys(sorted(set(text))), "units": units}


PROMOTED = {"band": "A", "seats": 1, "any_of": [{"event": "flood"}]}
FIRST = {"priority": [{"event": "flood"}]}
ROWS: list[tuple[str, list[float], dict[str, Any], dict[str, Any], dict[str, str], str]] = [
    # -- quotas and their rounding -----------------------------------------------------------------
    ("30 % and 40 % of ten", TEN, {"bands": QUOTA}, {}, {}, "AAABBBBCCC"),
    ("half up: 2.1 and 2.8 of seven are 2 and 3", TEN[:7], {"bands": QUOTA}, {}, {}, "AABBBCC"),
    ("floor: 2 and 2", TEN[:7], {"bands": QUOTA, "rounding": "floor"}, {}, {}, "AABBCCC"),
    ("ceiling: 3 and 3", TEN[:7], {"bands": QUOTA, "rounding": "ceiling"}, {}, {}, "AAABBBC"),
    ("half up: 1.5 of five are 2", TEN[:5], {"bands": QUOTA}, {}, {}, "AABBC"),
    ("floor: 0.3 of one is none", [99], {"bands": QUOTA, "rounding": "floor"}, {}, {}, "C"),
    ("at least one seat", [99], {"bands": QUOTA, "rounding": "floor", "at_least_one": True}, {}, {},
     "A"),
    ("0.15 of 20 is exactly 3 in spite of binary noise", list(range(20, 0, -1)),
     {"bands": [{"name": "A", "share": 0.15}, {"name": "B"}], "rounding": "ceiling"}, {}, {},
     "AAA" + "B" * 17),
    ("largest remainder: 2 seats over 0.9 and 1.2", TEN[:7],
     {"bands": [{"name": "A", "share": 0.3}, {"name": "B"}], "rounding": "largest_remainder"},
     kinds("uuuvvvv"), {}, "ABBABBB"),
    ("half up by category: 0.9 and 1.2 are one each", TEN[:7],
     {"bands": [{"name": "A", "share": 0.3}, {"name": "B"}]}, kinds("uuuvvvv"), {}, "ABBABBB"),
    ("the quota is one of all units", TEN[:7],
     {"bands": [{"name": "A", "share": 0.3}, {"name": "B"}], "within": "all"},
     kinds("uuuvvvv"), {}, "AABBBBB"),
    ("seats hold for every category", [9, 8, 7, 6], {"bands": SEATS}, kinds("uuvv"), {}, "ABAB"),
    ("seats by category go first", [9, 8, 7, 6],
     {"bands": [{"name": "A", "seats": 1, "seats_by_category": {"v": 2}}, {"name": "B"}]},
     kinds("uuvv"), {}, "ABAA"),
    ("seats by category alone: none elsewhere",  [9, 8, 7, 6],
     {"bands": [{"name": "A", "seats_by_category": {"v": 1}}, {"name": "B", "at_least": 8},
                {"name": "C"}]}, kinds("uuvv"), {}, "AAAC"),
    ("more seats than units", [9, 8], {"bands": [{"name": "A", "seats": 5}, {"name": "B"}]}, {}, {},
     "AA"),
    ("no seat at all", [9, 8], {"bands": [{"name": "A", "seats": 0}, {"name": "B"}]}, {}, {}, "BB"),
    # -- thresholds ------------------------------------------------------------------------------
    ("lines are inclusive", [90, 89.99, 80, 79.99], {"bands": LINE}, {}, {}, "ABBC"),
    ("the rounded total counts", [89.995, 89.994], {"bands": LINE}, {"ranking": {"digits": 2}}, {},
     "AB"),
    ("a line only: everybody may be excellent", [95, 94, 93], {"bands": LINE}, {}, {}, "AAA"),
    ("quota and line: the seat stays empty", [95, 89, 70, 50], {"bands": BOTH}, {}, {}, "ABBC"),
    ("quota and line: the quota binds", [95, 94, 93, 92], {"bands": BOTH}, {}, {}, "AABB"),
    ("unused seats are lost", [95, 89, 88, 87],
     {"bands": [{"name": "A", "seats": 2, "at_least": 90}, {"name": "B", "seats": 1},
                {"name": "C"}]}, {}, {}, "ABCC"),
    ("unused seats go to the next band", [95, 89, 88, 87],
     {"bands": [{"name": "A", "seats": 2, "at_least": 90}, {"name": "B", "seats": 1},
                {"name": "C"}], "unused": "next"}, {}, {}, "ABBC"),
    # -- ties at the edge ------------------------------------------------------------------------
    ("all out: never more than the quota", [9, 8, 8, 7], {"bands": [{"name": "A", "seats": 2},
     {"name": "B"}]}, {}, {}, "ABBB"),
    ("all in", [9, 8, 8, 7], {"bands": [{"name": "A", "seats": 2}, {"name": "B"}],
     "ties": "all_in"}, {}, {}, "AAAB"),
    ("all out: the next band takes those tied", [9, 8, 8, 7], {"bands": SEATS}, {}, {}, "ABBC"),
    ("all equal, all out", [8, 8, 8], {"bands": SEATS}, {}, {}, "CCC"),
    ("all equal, all in", [8, 8, 8], {"bands": SEATS, "ties": "all_in"}, {}, {}, "AAA"),
    ("ties inside the quota are none of its business", [9, 9, 7], {"bands": [{"name": "A",
     "seats": 2}, {"name": "B"}]}, {}, {}, "AAB"),
    ("equal after rounding is equal", [8.004, 8.001, 7], {"bands": SEATS},
     {"ranking": {"digits": 2}}, {}, "BBC"),
    ("a named indicator decides: t is higher for the later unit", [9, 8, 8, 7],
     {"bands": [{"name": "A", "seats": 2}, {"name": "B"}], "tie_break": ["t"]}, {}, {}, "ABAB"),
    ("a tie break never beats a total", [9, 8, 7], {"bands": SEATS, "tie_break": ["t"]}, {}, {},
     "ABB"),
    ("priority among equals", [9, 8, 8, 7], {"bands": [{"name": "A", "seats": 2}, {"name": "B"}],
     **FIRST}, {}, {"b": "flood"}, "AABB"),
    ("priority is no promotion", [9, 8, 7], {"bands": SEATS, **FIRST}, {}, {"c": "flood"}, "ABB"),
    ("priority goes before the tie break", [9, 8, 8], {"bands": [*SEATS[:1], {"name": "B", "seats": 1}, {"name": "C"}], **FIRST, "tie_break": ["t"]}, {}, {"b": "flood"}, "ABC"),
    ("all with priority: still tied, all out", [9, 8, 8], {"bands": [{"name": "A", "seats": 2},
     {"name": "B"}], **FIRST}, {}, {"b": "flood", "c": "flood"}, "ABB"),
    # -- seats on conditions ---------------------------------------------------------------------
    ("an extra seat on top", [9, 8, 7, 6], {"bands": SEATS, "extra": [PROMOTED]}, {},
     {"d": "flood"}, "ABBA"),
    ("nobody meets it: no extra seat", [9, 8, 7, 6], {"bands": SEATS, "extra": [PROMOTED]}, {}, {},
     "ABBC"),
    ("who is in by score leaves the extra seat to the next", [9, 8, 7, 6],
     {"bands": SEATS, "extra": [PROMOTED]}, {}, {"a": "flood", "c": "flood"}, "ABAB"),
    ("the best of those who meet it", [9, 8, 7, 6], {"bands": SEATS, "extra": [PROMOTED]}, {},
     {"c": "flood", "d": "flood"}, "ABAB"),
    ("reserved: within the quota, the first loses", [9, 8, 7, 6],
     {"bands": SEATS, "extra": [{**PROMOTED, "reserved": True}]}, {}, {"d": "flood"}, "BBCA"),
    ("reserved and nobody meets it: free for all", [9, 8, 7, 6],
     {"bands": SEATS, "extra": [{**PROMOTED, "reserved": True}]}, {}, {}, "ABBC"),
    ("an extra seat needs the line as well", [95, 89, 70],
     {"bands": BOTH, "extra": [PROMOTED]}, {}, {"c": "flood"}, "ABB"),
    ("the extra seat exists in every category", [9, 8, 7, 6],
     {"bands": [{"name": "A", "seats": 1}, {"name": "B"}], "extra": [PROMOTED]}, kinds("uuvv"),
     {"b": "flood", "d": "flood"}, "AAAA"),
    ("a band with a condition: the next moves up", [9, 8, 7, 6],
     {"bands": [{"name": "A", "seats": 1, "requires": [{"score": "t", "at_least": 15}]},
                {"name": "B", "seats": 1}, {"name": "C"}]}, {}, {}, "BACC"),
    # -- vetoes ----------------------------------------------------------------------------------
    ("flag only", [9, 8, 7, 6], {"bands": SEATS}, veto("flag"), {"a": "red"}, "ABBC"),
    ("total zero", [9, 8, 7, 6], {"bands": SEATS}, veto("zero"), {"a": "red"}, "CABB"),
    ("last in the category", [9, 8, 7, 6], {"bands": SEATS}, veto("last"), {"a": "red"}, "CABB"),
    ("not eligible for the best: the seat passes on", [9, 8, 7, 6], {"bands": SEATS},
     veto("not_top"), {"a": "red"}, "BABC"),
    ("not eligible, and not in reach anyway", [9, 8, 7, 6], {"bands": SEATS}, veto("not_top"),
     {"d": "red"}, "ABBC"),
    ("one grade down: the seat is used up", [9, 8, 7, 6], {"bands": SEATS}, veto("grade_down"),
     {"a": "red"}, "BBBC"),
    ("one grade down from the last stays", [9, 8, 7, 6], {"bands": SEATS}, veto("grade_down"),
     {"d": "red"}, "ABBC"),
    ("capped grade", [9, 8, 7, 6], {"bands": SEATS}, veto("grade_cap", grade="C"), {"a": "red"},
     "CABB"),
    ("several effects: the worst, not the sum", [9, 8, 7, 6], {"bands": SEATS},
     veto("not_top", "grade_down"), {"a": "red"}, "CABC"),
    ("out: no grade at all", [9, 8, 7, 6], {"bands": SEATS}, veto("out"), {"a": "red"}, "–ABB"),
    ("capped score", [95, 94, 70], {"bands": LINE}, veto("score_cap", cap=79), {"a": "red"}, "CAC"),
    ("a veto by condition", [95, 85, 70], {"bands": LINE},
     veto("not_top", any_of=[{"value": "x", "at_least": 95}]), {}, "BBC"),
    ("a veto takes the extra seat as well", [9, 8, 7, 6], {"bands": SEATS, "extra": [PROMOTED]} ,
     {**veto("not_top", any_of=[{"event": "flood"}])}, {"d": "flood"}, "ABBC"),
    ("a veto beats the line", [95, 94], {"bands": LINE}, veto("grade_cap", grade="B"),
     {"b": "red"}, "AB"),
    # -- assessed but not ranked -------------------------------------------------------------------
    ("a unit outside takes no seat and gets the matching grade", [9, 8.5, 8, 7],
     {"bands": SEATS}, {"unranked": ["b"]}, {}, "ABBB"),
    ("outside and best of all", [9, 8, 7, 6], {"bands": SEATS}, {"unranked": ["a"]}, {}, "AABB"),
    ("outside, by a line", [95, 92, 85], {"bands": LINE}, {"unranked": ["b"]}, {}, "AAB"),
    ("outside are not counted into the quota", TEN[:7], {"bands": QUOTA},
     {"unranked": ["f", "g"]}, {}, "AABBCCC"),
    ("a whole category outside is matched against all", [9, 8, 7, 8.5],
     {"bands": SEATS}, {**kinds("uuuv"), "categories": {"u": None, "v": {"ranked": False}}}, {},
     "ABBB"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("totals", "grades", "more", "events", "expected"),
    [row[1:] for row in ROWS],
    ids=[row[0] for row in ROWS],
)
def test_grades(
    totals: list[float],
    grades: dict[str, Any],
    more: dict[str, Any],
    events: dict[str, str],
    expected: str,
) -> None:
    units = [chr(97 + place) for place in range(len(totals))]
    leaves = [
        {"id": "x", "rule": "given"},
        {"id": "t", "rule": "given", "weight": 0},  # rises from unit to unit, for ties
    ]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves}, "grades": grades, **more})
    frame = pd.DataFrame({"x": totals, "t": np.arange(len(totals)) * 10.0 + 10}, index=units)
    records = pd.DataFrame(list(events.items()), columns=["unit", "event"])
    result = sk.evaluate(scheme, sk.Panel(frame, events=records))
    assert "".join(result.grades[unit] or "–" for unit in units) == expected


def test_the_table_has_at_least_forty_rows_and_no_two_alike() -> None:
    assert len(ROWS) >= 40
    assert len({row[0] for row in ROWS}) == len(ROWS)


# Shanxi 2012 and Sichuan 2018 as in part 6.2 of the formula manual: published counts of seats.
@pytest.mark.parametrize(
    ("sizes", "share", "rounding", "expected"),
    [
        ((22, 38, 36, 23), 25 / 119, "largest_remainder", (5, 8, 7, 5)),
        ((22, 38, 36, 23), 0.205, "half_up", (5, 8, 7, 5)),
        ((22, 38, 36, 23), 0.2, "half_up", (4, 8, 7, 5)),
        ((33, 57), 11 / 90, "largest_remainder", (4, 7)),
        ((78,), 0.2, "half_up", (16,)),
        ((78,), 0.2, "floor", (15,)),
        ((78,), 0.2, "ceiling", (16,)),
    ],
)
def test_published_quotas(sizes: Any, share: float, rounding: Any, expected: Any) -> None:
    rules = Grades(bands=(Band(name="A", share=share), Band(name="B")), rounding=rounding)
    seats = rules.seats({str(place): size for place, size in enumerate(sizes)})
    assert tuple(numbers[0] for numbers in seats.values()) == expected


@pytest.mark.parametrize("ties", ["all_out", "all_in"])
def test_a_higher_total_never_gets_a_lower_grade_without_a_veto(ties: str) -> None:
    rng = np.random.default_rng(3)
    rules = Grades(
        bands=(
            Band(name="A", share=0.3, at_least=70),
            Band(name="B", share=0.3),
            Band(name="C", at_least=30),
            Band(name="D"),
        ),
        ties=ties,
    )
    for _ in range(50):
        totals = rng.integers(0, 100, (4, 17)).astype(float)
        first = (totals[:, None] > totals[:, :, None]).sum(-1) + 1
        seats = rules.seats({"": 17})[""]
        grades = rules.assign(totals, first, seats)
        for total, grade in zip(totals, grades, strict=True):
            order = np.lexsort((grade, -total))
            assert (np.diff(grade[order]) >= 0).all()
            if ties == "all_out":
                assert (grade == 0).sum() <= seats[0]
