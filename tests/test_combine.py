"""Combinations: the forms A, M1–M11 and G of the manual (part 3), every map, zeros and gaps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import simkaohe as sk

D, P, S = [80.0, 90.0, 70.0], [90.0, 60.0, 75.0], [50.0, 100.0, 80.0]
UNITS = ["甲", "乙", "丙"]


def total(combine: Any, children: str = "DPS", weights: tuple[float, ...] = (), **more: Any) -> Any:
    """Return the totals of three units whose papers have the scores above."""
    data = {"D": D, "P": P, "S": S} | more
    leaves = [
        {"id": name, "rule": "given", "missing": "spread", "weight": weight}
        for name, weight in zip(children, weights or (1.0,) * len(children), strict=True)
    ]
    scheme = sk.Scheme.read({"root": {"id": "total", "combine": combine, "children": leaves}})
    frame = pd.DataFrame({name: data[name] for name in children}, index=UNITS)
    return sk.evaluate(scheme, sk.Panel(frame)).scores["total"].to_numpy()


def multiplier(**fields: Any) -> dict[str, Any]:
    return {"method": "multiplier", "base": "D", **fields}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        # A additive, G geometric, minimum
        (total("weighted_sum", weights=(60, 20, 20)), [76, 86, 73]),
        (total("geometric", "DP"), np.sqrt(np.multiply(D, P))),
        (total("geometric", "DP", (3, 1)), np.power(D, 0.75) * np.power(P, 0.25)),
        (total("minimum"), [50, 60, 70]),
        # M1 raw product, M2 triple product, M6 one coefficient
        (total(multiplier(), "DP"), [72, 54, 52.5]),
        (total(multiplier()), [36, 54, 42]),
        # M3 product + additive part of weight 20 %
        (total(multiplier(added="S"), weights=(80, 1, 20)), [72 + 10, 54 + 20, 52.5 + 16]),
        # M4 several papers as the base: (0.75 D + 0.25 S) c(P)
        (
            total(multiplier(base=["D", "S"]), weights=(75, 1, 25)),
            [72.5 * 0.9, 92.5 * 0.6, 72.5 * 0.75],
        ),
        # M8 factor limited to 0.7–1.3
        (total(multiplier(low=0.7, high=1.3), "DP"), [72, 63, 52.5]),
        # M9 workload: n tasks
        (
            total(multiplier(map="workload"), "DW", W=[1, 3, 2]),
            [80, 90 * 1.4, 70 * 1.2],
        ),
        # M10 only the coefficient: full marks times score / best score
        (total(multiplier(base=[], map="best"), "D"), [100 * 8 / 9, 100, 100 * 7 / 9]),
        # M11 gate
        (
            total(multiplier(map={"method": "gate", "pass_mark": 75, "otherwise": 0.8}), "DP"),
            [80, 72, 70],
        ),
        # maps
        (total(multiplier(map="best"), "DP"), [80, 60, 70 * 75 / 90]),
        (total(multiplier(map="mean"), "DP"), [80 * 90 / 75, 90 * 60 / 75, 70]),
        (total(multiplier(map="linear_band", low=0.9, high=1.1), "DP"), [88, 81, 70]),
        (total(multiplier(map="fixed_band", low=0.8, high=1.2), "DP"), [92.8, 93.6, 77]),
        (total(multiplier(map={"method": "centred", "beta": 2}), "DP"), [104, 63, 70]),
        (total(multiplier(map="rank", low=0.95, high=1.05), "DP"), [84, 85.5, 70]),
        (
            total(
                multiplier(
                    map={"method": "grade", "thresholds": [70, 90], "coefficients": [0.9, 1, 1.05]}
                ),
                "DP",
            ),
            [84, 81, 70],
        ),
    ],
)
def test_every_form_and_map_by_hand(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_m5_a_blend_of_parts_is_the_coefficient() -> None:
    mixed = {
        "id": "mix",
        "children": [
            {"id": "P", "weight": 40, "rule": "given"},
            {"id": "S", "weight": 60, "rule": "given"},
        ],
    }
    root = {
        "id": "total",
        "combine": multiplier(),
        "children": [{"id": "D", "rule": "given"}, mixed],
    }
    frame = pd.DataFrame({"D": D, "P": P, "S": S}, index=UNITS)
    found = sk.evaluate(sk.Scheme.read({"root": root}), sk.Panel(frame)).scores["total"]
    np.testing.assert_allclose(found, [80 * 0.66, 90 * 0.84, 70 * 0.78])  # fmt: skip


def test_m7_base_points_drop_the_difficulty_coefficient() -> None:
    # δ = 1.1 for everybody; 乙 misses base points 75 in P, so δ falls away and its parts count 75
    fields = {"base": ["D", "P"], "base_mark": 75, "base_mark_caps": True}
    found = total(multiplier(**fields), "DPd", d=[110, 110, 110])
    np.testing.assert_allclose(found, [85 * 1.1, (75 + 60) / 2, (70 + 75) / 2])
    found = total(multiplier(**fields | {"base_mark_caps": False}), "DPd", d=[110, 110, 110])
    np.testing.assert_allclose(found, [85 * 1.1, 75, 72.5])


def test_maps_compare_within_the_category_when_told() -> None:
    root = {"id": "total", "combine": multiplier(map="best", scope="category"),
            "children": [{"id": "D", "rule": "given"}, {"id": "P", "rule": "given"}]}  # fmt: skip
    scheme = sk.Scheme.read({
        "categories": {"a": {}, "b": {}}, "units": {"甲": "a", "乙": "b", "丙": "b"}, "root": root})  # fmt: skip
    frame = pd.DataFrame({"D": D, "P": P}, index=UNITS)
    found = sk.evaluate(scheme, sk.Panel(frame)).scores["total"].reindex(UNITS)
    np.testing.assert_allclose(found, [80, 90 * 60 / 75, 70])


@pytest.mark.parametrize(
    ("combine", "part", "expected"),
    [
        (multiplier(zero="keep"), [0, 60, 75], [0, 54, 52.5]),
        (multiplier(zero="one"), [0, 60, 75], [80, 54, 52.5]),
        (multiplier(low=0.8), [0, 60, 75], [64, 72, 56]),
        (multiplier(missing="one"), [np.nan, 60, 75], [80, 54, 52.5]),
        (multiplier(missing="mean"), [np.nan, 60, 75], [80 * 0.675, 54, 52.5]),
        ({"method": "geometric", "zero": "zero"}, [0, 90, 70], [0, 90, 70]),
        ({"method": "geometric", "zero": "floor", "floor": 5}, [0, 90, 70], [20, 90, 70]),
        ({"method": "geometric"}, [np.nan, 90, 70], [80, 90, 70]),
        ("minimum", [np.nan, 95, 60], [80, 90, 60]),
        ("weighted_sum", [np.nan, 100, 80], [80, 95, 75]),
    ],
)
def test_a_zero_or_missing_part_is_what_the_scheme_states(combine, part, expected) -> None:
    np.testing.assert_allclose(total(combine, "DX", X=part), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("combine", "part"),
    [
        (multiplier(), [0, 60, 75]),
        (multiplier(), [np.nan, 60, 75]),
        (multiplier(), [-5, 60, 75]),
        ({"method": "geometric"}, [0, 90, 70]),
    ],
)
def test_a_zero_or_missing_part_is_never_silent(combine, part) -> None:
    with pytest.raises(sk.SimkaoheError, match=r"total › 甲.*zero or missing.*total\.combine\."):
        total(combine, "DX", X=part)


def test_identity_best_and_mean_rank_alike() -> None:
    orders = {
        tuple(np.argsort(-total(multiplier(map=name), "DP")))
        for name in ("identity", "best", "mean")
    }
    assert len(orders) == 1
