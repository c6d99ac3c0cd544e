"""Scoring rules: the manual's vectors, the edge cases that the docstrings state, the family's laws.

The vectors are those of the domain manual (part 1.15), each with the source named there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simkaohe.errors import SimkaoheError
from simkaohe.scheme.rules import Rule
from simkaohe.scheme.tree import Scheme

NEEDED: dict[str, dict[str, Any]] = {
    "completion_steps": {
        "ratios": (0.5, 0.9, 1.0),
        "points": (50.0, 80.0, 100.0),
        "over_max": 9.0,
        "over_points": 3.0,
    },
    "rank_table": {"points": (100.0, 90.0, 85.0), "step": 3.0, "floor": 20.0},
    "tiers": {"thresholds": (2.0, 5.0), "points": (20.0, 60.0, 100.0)},
    "efficacy_bands": {"standards": (1.0, 2.0, 4.0, 6.0, 9.0)},
    "efficacy": {"winsorize": 0.1},
    "constraint": {"only_cumulative": 80.0, "only_annual": 60.0},
    "deviation": {"guard": True},
    "ladder": {"up": 0.5, "ceiling": 130.0},
}
DATA = ("target", "previous", "baseline", "cumulative", "cumulative_target")


def points(method: str, value: Any, *data: Any, sign: int = 1, **fields: Any) -> np.ndarray:
    """Return the points of a rule with its fields checked and its defaults filled in."""
    rule = Rule.model_validate({"method": method, **fields})
    parameters = {name: getattr(rule, name) for name in type(rule).model_fields if name != "method"}
    if "sign" in rule.supplied:
        parameters["sign"] = sign
    value = np.asarray(value, float)
    given = [np.broadcast_to(np.asarray(d, float), value.shape) for d in data]
    given += [np.full(value.shape, np.nan)] * (len(rule.data) - 1 - len(given))
    return np.asarray(rule.formula(value, *given, **parameters))


ENERGY = {
    "full": 40,
    "ratios": [0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
    "points": [20, 24, 28, 32, 36, 40],
    "over_points": 3,
    "over_max": 9,
}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        # Jiangxi 2012: 60 + 40 (x - min) / (max - min)
        (points("efficacy", [2, 4, 10]), [60, 70, 100]),
        # monthly economic rules 2020: each rank -5 %
        (points("rank_step", [4, 3, 2, 1], full=1), [1, 0.95, 0.90, 0.85]),
        # district energy target, w = 40
        (points("completion_steps", [1.35, 1.29, 1.10, 1.00, 0.99, 0.55, 0.49], 1, **ENERGY),
         [49, 46, 43, 40, 36, 20, 0]),
        (points("completion_steps", [1.2, 1.3, 0.95], 1, **ENERGY | {"interpolate": True}),
         [46, 49, 38]),
        # Ministry of Finance 1999, five bands, w = 20
        (points("efficacy_bands", [5, 7.3, 9, 11, 1], full=20, standards=[2, 4, 6, 8, 10]),
         [10, 14.6, 18, 20, 0]),
        # SASAC 2009, base 30: (g, b*, x)
        (points("deviation", [112, 112, 112, 112, 80], [100, 90, 70, 45, 100], np.nan,
                full=30, guard=False), [34, 36, 36, 36, 24]),
        # Rui'an 2012: 540 / 580 of 600
        (points("benchmark", [580, 540], full=600).round(2), [600, 558.62]),
        # Rui'an 2012: mean of rank points for ranks 1, 3, 2, 5, first 200, each rank -2 %
        ([points("rank_step", -np.arange(1.0, 6), full=200, step=0.02)[[0, 2, 1, 4]].mean()], [193]),
        # Jiaojiang 2018, six and five units
        (points("rank_table", [6, 5, 4, 3, 2, 1], points=[3, 1.5, 0], step=0.5, small_group=5,
                small_points=[3, 0], small_step=1), [3, 1.5, 0, -0.5, -1, -1.5]),
        (points("rank_table", [5, 4, 3, 2, 1], points=[3, 1.5, 0], step=0.5, small_group=5,
                small_points=[3, 0], small_step=1), [3, 0, -1, -2, -3]),
        # constraint with two conditions, w = 60
        (points("constraint", [1, 0, 1, 0], 1, [1, 1, 0, 0], 1, full=60, only_cumulative=55,
                only_annual=40), [60, 55, 40, 0]),
    ],
)  # fmt: skip
def test_the_vectors_of_the_manual(found: Any, expected: list[float]) -> None:
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize(
    ("target", "baseline", "value", "expected"),
    [
        (100, 90, 112, 34),
        (90, 100, 112, 35),
        (70, 100, 112, 34),
        (45, 100, 112, 33),
        (100, 90, 80, 24),
    ],
)
def test_low_targets_earn_less_for_being_exceeded(target, baseline, value, expected) -> None:
    # SASAC 2009: the bonus is at most 6, 5, 4, 3 as the target falls short of the baseline
    found = points("deviation", [value], target, baseline, full=30, guard=True)
    np.testing.assert_allclose(found, [expected])


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (points("minmax", [3, 3]), [100, 100]),
        (points("minmax", [3, 3], all_equal="base"), [0, 0]),
        (points("efficacy", [3, 3], all_equal="mid"), [80, 80]),
        (points("efficacy", [3]), [100]),
        (points("efficacy", [1, 5, 9], unacceptable=3, satisfactory=7), [60, 80, 100]),
        (points("efficacy", [1, 5, 9], unacceptable=3, satisfactory=7, clip=False), [40, 80, 120]),
        (points("efficacy", [1, 5, 9], sign=-1), [100, 80, 60]),
        (points("efficacy", [0, 2, 4, 6, 100], winsorize=0.25), [60, 60, 80, 100, 100]),
        (points("zscore", [4, 4, 4]), [50, 50, 50]),
        (points("zscore", [7]), [50]),
        (points("zscore", [1e-200, 3e-200, 5e-200]), [40, 50, 60]),
        (points("zscore", [1e300, 3e300, 5e300]), [40, 50, 60]),
        (points("completion", [5, 5], [0, np.nan]), [np.nan, np.nan]),
        (points("completion", [-8, -12, -1], [-10, -10, 4]), [100, 80, 0]),
        (points("completion", [50, 40], 60, start=0.8, below="hold"), [250 / 3, 80]),
        (points("completion", [8, 16], 10, sign=-1, cap=1.2), [120, 62.5]),
        (points("completion", [8, 16], 10, sign=-1, cap=1.2, reverse="difference"), [120, 40]),
        (points("completion", [8, 12], 10, 14, sign=-1, reverse="reduction"), [100, 50]),
        (points("completion", [10, 11], 10, 10, sign=-1, reverse="reduction"), [100, 0]),
        (points("completion", [0], 10, sign=-1, cap=1.2), [120]),
        (points("benchmark", [0, 0]), [np.nan, np.nan]),
        (points("benchmark", [2, 4], sign=-1), [100, 50]),
        (points("benchmark", [2, 4], reference="mean", cap=None), [200 / 3, 400 / 3]),
        (points("all_or_nothing", [0.1 + 0.2, 1], [0.3, np.nan]), [100, np.nan]),
        (points("hybrid", [9, 8.5, 8, 7], 8), [10, 9.7, 4, 0]),
        (points("ladder", [100, 95, 80], 100, step=10, down=7, whole_steps=True), [100, 100, 86]),
        (points("ladder", [3, 1], reference="mean", step=0.5, up=1, base=80), [82, 78]),
        (points("ladder", [1, 4], reference="fixed", at=1, sign=-1, down=2), [100, 94]),
        (points("deduction", [0, 3, 60], per_event=2), [100, 94, 0]),
        (points("deduction", [60], per_event=2, floor=None), [-20]),
        (points("pass_fail", [1, 0]), [100, 0]),
        (points("band", [0, 15, 40], width=30), [100, 50, 0]),
        (points("tiers", [2, 1.99], thresholds=[2], points=[10, 100]), [100, 10]),
        (points("tiers", [2, 2.01], thresholds=[2], points=[10, 100], sign=-1), [100, 10]),
        (points("rank_linear", [5, 5, 1], last=40), [100, 100, 40]),
        (points("rank_step", [5, 5, 1], ties="dense"), [100, 100, 95]),
        (points("rank_step", [5, 5, 1], ties="mean"), [97.5, 97.5, 90]),
        (points("rank_step", [5.004, 5.001, 1], digits=2), [100, 100, 90]),
        (points("level_improvement", [10, 10], [10, np.nan]), [100, 100]),
    ],
)  # fmt: skip
def test_edge_cases_are_what_the_docstrings_say(found: Any, expected: list[float]) -> None:
    np.testing.assert_allclose(found, expected, atol=1e-9)


def _arguments(method: str, seed: int, shape: tuple[int, ...]) -> tuple[list[np.ndarray], dict]:
    rng = np.random.default_rng(seed)
    rule = Rule.family[method].model_validate({"method": method, **NEEDED.get(method, {})})
    fields = {name: getattr(rule, name) for name in type(rule).model_fields if name != "method"}
    data = [np.round(rng.uniform(0.5, 9, shape), 1) for _ in rule.data]
    for name, column in zip(rule.data, data, strict=True):
        if name in DATA:
            column[rng.random(shape) < 0.1] = np.nan
    return data, fields


WAYS = [
    (method, 1 if way == "positive" else -1)
    for method, rule in Rule.family.items()
    for way in dict.fromkeys(w if w != "moderate" else "negative" for w in rule.directions)
]


def _run(method: str, sign: int, data: list[np.ndarray], fields: dict) -> np.ndarray:
    rule = Rule.family[method]
    supplied = {"sign": sign} if "sign" in rule.supplied else {}
    return np.asarray(rule.formula(*data, **fields, **supplied))


@pytest.mark.parametrize(("method", "sign"), WAYS)
def test_a_batch_equals_one_by_one(method: str, sign: int) -> None:
    data, fields = _arguments(method, 1, (3, 4, 7))
    batch = _run(method, sign, data, fields)
    for k in range(3):
        for r in range(4):
            single = _run(method, sign, [column[k, r] for column in data], fields)
            np.testing.assert_allclose(batch[k, r], single, rtol=1e-12)


@pytest.mark.parametrize(("method", "sign"), WAYS)
def test_units_may_be_reordered(method: str, sign: int) -> None:
    data, fields = _arguments(method, 2, (1, 9))
    order = np.random.default_rng(3).permutation(9)
    straight = _run(method, sign, data, fields)
    turned = _run(method, sign, [column[..., order] for column in data], fields)
    np.testing.assert_allclose(turned, straight[..., order], rtol=1e-12)


@pytest.mark.parametrize(("method", "sign"), WAYS)
def test_a_better_value_never_earns_less(method: str, sign: int) -> None:
    for seed in range(40):
        data, fields = _arguments(method, seed, (6,))
        before = _run(method, sign, data, fields)
        better = [data[0].copy(), *data[1:]]
        better[0][2] = max(better[0][2] + sign * (seed + 1) / 8, 0.0)
        after = _run(method, sign, better, fields)
        if not np.isnan([before[2], after[2]]).any():
            assert after[2] >= before[2] - 1e-9


@pytest.mark.parametrize(("method", "sign"), WAYS)
def test_a_parameter_may_differ_from_draw_to_draw(method: str, sign: int) -> None:
    data, fields = _arguments(method, 5, (1, 8))
    rule = Rule.family[method]
    for name, field in rule.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        if "span" not in extra:
            continue
        values = np.linspace(*extra["span"], 4)
        drawn = _run(method, sign, data, {**fields, name: values[:, None]})
        for r, value in enumerate(values):
            single = _run(method, sign, data, {**fields, name: value})
            np.testing.assert_allclose(np.broadcast_to(drawn, (4, 8))[r], single[0], rtol=1e-12)


@pytest.mark.parametrize("method", Rule.family)
def test_the_docstring_says_everything(method: str) -> None:
    doc = Rule.family[method].__doc__ or ""
    for heading in (
        ".. math::",
        "Parameters\n",
        "Notes\n",
        "References\n",
        "Examples\n",
        "Monotone",
    ):
        assert heading in doc, f"{method}: {heading}"
    for name in Rule.family[method].model_fields:
        assert name == "method" or name in doc, f"{method}: {name} is not described"


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"method": "completion", "start": 2}, "start"),
        ({"method": "completion_steps", "ratios": [1, 0.5], "points": [1, 2]}, "ratios"),
        ({"method": "completion_steps", "ratios": [0.5, 1], "points": [1]}, "points"),
        ({"method": "completion_steps", "ratios": [0.5, 1], "points": [2, 1]}, "points"),
        ({"method": "minmax", "worst": 3, "best": 3}, "best"),
        ({"method": "efficacy", "base": 120}, "base"),
        ({"method": "efficacy_bands", "standards": [1, 3, 2]}, "standards"),
        ({"method": "rank_table", "points": [1, 2]}, "points"),
        ({"method": "tiers", "thresholds": [1], "points": [1]}, "points"),
        ({"method": "ladder", "reference": "fixed"}, "at"),
        ({"method": "benchmark", "reference": "fixed"}, "at"),
        ({"method": "hybrid", "base": 20}, "base"),
        ({"method": "rank_linear", "last": 200}, "last"),
        ({"method": "pass_fail", "failed": 200}, "failed"),
        ({"method": "zscore", "full": 0}, "full"),
    ],
)
def test_impossible_parameters_are_refused_with_their_path(fields: dict, where: str) -> None:
    root = {"id": "total", "children": [{"id": "x", "rule": fields}]}
    with pytest.raises(SimkaoheError, match=rf"x\.rule\.{where}"):
        Scheme.read({"root": root})


def test_a_rule_without_meaning_for_a_direction_says_so() -> None:
    leaf = {"id": "x", "rule": "deduction", "direction": "positive"}
    with pytest.raises(SimkaoheError, match=r"x\.direction.*negative"):
        Scheme.read({"root": {"id": "total", "children": [leaf]}})
