"""Ranks and rounding against their definitions."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from simkaohe.ranks import comparable, dense, last_digits, places

tables = st.integers(1, 12).flatmap(
    lambda n: st.lists(st.lists(st.integers(-9, 9), min_size=n, max_size=n), min_size=1, max_size=4)
)


@given(tables)
def test_places_count_those_ahead_and_those_equal(rows) -> None:
    q = np.array(rows)
    first, last = places(q)
    for row, best, worst in zip(q, first, last, strict=True):
        assert best.tolist() == [1 + int((row > mine).sum()) for mine in row]
        assert worst.tolist() == [int((row >= mine).sum()) for mine in row]
    assert np.array_equal(dense(first), rankdata(-q, method="dense", axis=-1))


def test_places_of_many_units_and_of_large_totals() -> None:
    rng = np.random.default_rng(1)
    q = rng.integers(0, 500, (3, 3000)) * 10**9
    assert np.array_equal(places(q)[0], rankdata(-q, method="min", axis=-1))
    assert np.array_equal(places(q)[1], 3001 - rankdata(q, method="min", axis=-1))


@pytest.mark.parametrize("size", [1.0, 1e7, 3e9, 2e11, 1e300])
@pytest.mark.parametrize("units", [3, 100, 3000])
def test_large_numbers_are_ranked_as_small_ones_and_leave_those_alone(size, units) -> None:
    x = np.random.default_rng(2).integers(1, 50, units) / 8
    q = comparable(np.array([x * size, x]), 9)
    assert np.array_equal(q[1], last_digits(x, 9))
    for row in places(q)[0]:
        assert np.array_equal(row, rankdata(-x, method="min"))


@pytest.mark.parametrize(
    ("x", "digits", "expected"),
    [
        (2.675, 2, 268),  # 2.67499999999999982236431605997495353221893310546875 in binary
        (1.005, 2, 101),
        (0.1 + 0.2, 1, 3),
        (2.5, 0, 3),
        (-2.5, 0, -3),
        (-2.675, 2, -268),
        (-0.004, 2, 0),
        (0.0, 2, 0),
        (99.994999, 2, 9999),
        (99.995, 2, 10000),
        (100.0, 9, 100_000_000_000),
    ],
)
def test_rounding_is_that_of_excel(x: float, digits: int, expected: int) -> None:
    assert last_digits(np.array([x]), digits).tolist() == [expected]


@given(st.integers(-10_000_000, 10_000_000), st.integers(0, 4))
def test_decimals_are_rounded_half_away_from_zero(thousandths: int, digits: int) -> None:
    exact = Decimal(thousandths) / 10_000
    step = Decimal(1).scaleb(-digits)
    expected = int(exact.quantize(step, ROUND_HALF_UP).scaleb(digits))
    assert last_digits(np.array([thousandths / 10_000]), digits).tolist() == [expected]
