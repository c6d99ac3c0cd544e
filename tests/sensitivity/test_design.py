"""Inverse design: conditions met, nothing nearer on grids and by other solvers, conflicts named."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

import simkaohe as sk
from simkaohe.sensitivity.demands import (
    at_least_level,
    bounds,
    category_means_within,
    covariance_shares,
    effective_near_nominal,
    order,
)
from simkaohe.sensitivity.inverse import design, risk_parity
from simkaohe.sensitivity.nearest import nearest
from simkaohe.sensitivity.polytope import Polytope

CLASSES = {"urban": None, "rural": None}


def case(
    raw: Any, weights: Any, classes: tuple[str, ...] = (), **more: Any
) -> tuple[sk.Scheme, sk.Panel]:
    raw = np.asarray(raw, float)
    children = [
        {"id": f"i{k}", "weight": float(w), "rule": {"method": "minmax", "worst": 0, "best": 100}}
        for k, w in enumerate(weights)
    ]
    names = [f"u{i}" for i in range(len(raw))]
    values: dict[str, Any] = {"root": {"id": "total", "children": children}, **more}
    if classes:
        values |= {"categories": CLASSES, "units": dict(zip(names, classes, strict=True))}
    return sk.Scheme.read(values), sk.Panel(pd.DataFrame(raw, names, [c["id"] for c in children]))


def grid(size: int, steps: int) -> np.ndarray:
    """All weights on a grid of the simplex."""
    cuts = combinations(range(1, steps + size), size - 1)
    ends = np.array(list(cuts)).reshape(-1, size - 1)
    full = np.column_stack([np.zeros(len(ends)), ends, np.full(len(ends), steps + size)])
    return (np.diff(full, axis=1) - 1) / steps


def spread(w: np.ndarray, now: np.ndarray, norm: str) -> np.ndarray:
    return np.abs(w - now).sum(-1) if norm == "l1" else np.sqrt(((w - now) ** 2).sum(-1))


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from(("l1", "l2")))
def test_nearest_on_arrays_equals_another_solver(seed: int, norm: Any) -> None:
    rng = np.random.default_rng(seed)
    size, rows = int(rng.integers(2, 12)), int(rng.integers(1, 8))
    now, other = rng.dirichlet(np.ones(size), 2)
    g = rng.normal(size=(rows, size)) * 30
    h = g @ other - rng.exponential(0.5, rows)
    at = Polytope(np.zeros(size), np.ones(size), np.ones((1, size), bool))
    w = nearest(at, now, g, h, norm)
    assert w is not None
    assert (g @ w >= h - 1e-8).all()
    assert w.min() >= -1e-12
    assert w.sum() == pytest.approx(1, abs=1e-9)
    found = spread(w, now, norm)
    if norm == "l2":
        answer = minimize(
            lambda x: ((x - now) ** 2).sum(),
            other,
            jac=lambda x: 2 * (x - now),
            bounds=[(0, 1)] * size,
            constraints=[
                {"type": "eq", "fun": lambda x: x.sum() - 1},
                {"type": "ineq", "fun": lambda x: g @ x - h},
            ],
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )
        if answer.success:
            assert found == pytest.approx(spread(answer.x, now, norm), abs=1e-5)
    mixed = rng.dirichlet(np.ones(size), 4000) * 0.5 + 0.5 * w
    fine = mixed[(g @ mixed.T >= h[:, None]).all(0)]
    assert (spread(fine, now, norm) >= found - 1e-9).all()


def test_nothing_is_nearest_when_nothing_meets_the_rows() -> None:
    at = Polytope(np.zeros(3), np.ones(3), np.ones((1, 3), bool))
    now = np.full(3, 1 / 3)
    assert nearest(at, now, np.eye(3)[:2], np.array([0.6, 0.6]), "l2") is None
    assert nearest(at, now, np.eye(3)[:2], np.array([0.1, 0.1]), "l2") == pytest.approx(now)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.sampled_from(("l1", "l2")))
def test_design_meets_its_conditions_and_no_grid_point_is_nearer(seed: int, norm: Any) -> None:
    rng = np.random.default_rng(seed)
    raw, weights = rng.uniform(30, 100, (6, 3)), rng.uniform(5, 40, 3)
    scheme, panel = case(raw, weights)
    lead = float(rng.uniform(0, 2))
    wishes = [
        at_least_level("u0", "u1", lead),
        order("i2.weight", "i0.weight"),
        bounds("i1.weight", 0.1 * weights.sum(), 0.8 * weights.sum()),
    ]
    share = grid(3, 200)
    total = share @ raw.T
    met = (
        (total[:, 0] - total[:, 1] >= lead)
        & (share[:, 2] >= share[:, 0])
        & (share[:, 1] >= 0.1)
        & (share[:, 1] <= 0.8)
    )
    try:
        found = design(scheme, panel, wishes, distance=norm)
    except sk.SimkaoheError:
        assert not met.any()
        return
    assert found.proved
    assert found.checks["met"].all()
    now = weights / weights.sum()
    assert (spread(share[met], now, norm) >= found.distance - 1e-8).all()
    # the grid is dense: its nearest point is not much farther
    if met.any():
        assert spread(share[met], now, norm).min() <= found.distance + 0.03
    changed = scheme.edit(found.edits)
    ranking = sk.evaluate(changed, panel).ranking
    assert ranking.loc["u0", "total"] >= ranking.loc["u1", "total"]
    assert sum(child.weight for child in changed.root.children) == pytest.approx(weights.sum())
    assert changed.nodes["i2"].weight >= changed.nodes["i0"].weight - 1e-9


@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1), st.sampled_from(("l1", "l2")), st.sampled_from((2, None)))
def test_mean_ranks_are_as_near_as_the_grid_says(seed: int, norm: Any, digits: Any) -> None:
    rng = np.random.default_rng(seed)
    raw = rng.integers(36, 88, (7, 3)) + np.array([[12, 0, -6]]) * (np.arange(7) < 4)[:, None]
    classes = ("urban",) * 4 + ("rural",) * 3
    scheme, panel = case(raw, (50, 30, 20), classes, ranking={"digits": digits})
    wish = category_means_within(1.0)
    share = grid(3, 120)
    total = np.round(share @ raw.T, 9 if digits is None else digits)
    ranks = 1 + (total[:, None, :] > total[:, :, None]).sum(2)
    gap = np.abs(ranks[:, :4].mean(1) - ranks[:, 4:].mean(1))
    met = gap <= 1.0 + 1e-9
    now = np.array([0.5, 0.3, 0.2])
    try:
        found = design(scheme, panel, [wish], distance=norm)
    except sk.SimkaoheError:
        assert not _robust(share[met], raw, digits)
        return
    assert found.checks["met"].all()
    assert found.proved
    ranking = sk.evaluate(scheme.edit(found.edits), panel).ranking
    means = ranking.groupby("category")["rank"].mean()
    assert abs(means["urban"] - means["rural"]) <= 1 + 1e-9
    robust = _robust(share[met], raw, digits)
    assert all(spread(np.array(w), now, norm) >= found.distance - 1e-6 for w in robust)


def _robust(share: np.ndarray, raw: np.ndarray, digits: int | None) -> list[np.ndarray]:
    """Those weights at which no two totals are nearer than a last digit without being level."""
    step = max(10.0 ** -(9 if digits is None else digits), 1e-5)
    total = share @ raw.T
    gap = np.abs(total[:, None, :] - total[:, :, None])
    return [*share[((gap >= step * 1.001) | (gap < 1e-12)).all((1, 2))]]


def test_mean_scores_are_a_linear_program() -> None:
    rng = np.random.default_rng(1)
    raw = rng.uniform(40, 80, (10, 4)) + np.array([[15, 5, -5, -5]]) * (np.arange(10) < 5)[:, None]
    scheme, panel = case(raw, (40, 30, 20, 10), ("urban",) * 5 + ("rural",) * 5)
    before = sk.evaluate(scheme, panel).ranking.groupby("category")["total"].mean()
    assert abs(before["urban"] - before["rural"]) > 1
    found = design(scheme, panel, [category_means_within(0.5, of="scores")])
    after = found.comparison.results["design"].ranking.groupby("category")["total"].mean()
    assert abs(after["urban"] - after["rural"]) == pytest.approx(0.5, abs=1e-6)
    assert found.proved
    assert set(found.ranking.columns) >= {"rank_before", "rank", "shift", "total"}


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_exact_effective_weights_have_one_solution(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 15))
    covariance = np.cov(rng.normal(size=(size, 40)) * rng.uniform(0.1, 20, (size, 1)))
    wanted = rng.dirichlet(np.full(size, 3.0))
    w = risk_parity(covariance, wanted)
    assert (w > 0).all()
    np.testing.assert_allclose(covariance_shares(covariance, w), wanted, atol=1e-9)


def test_effective_weights_reach_the_nominal_ones() -> None:
    rng = np.random.default_rng(4)
    raw = np.clip(70 + rng.normal(size=(40, 4)) * [4, 8, 12, 2], 0, 100)
    scheme, panel = case(raw, (40, 30, 20, 10))
    now = np.array([0.4, 0.3, 0.2, 0.1])
    covariance = np.cov(raw.T)
    exact = design(scheme, panel, [effective_near_nominal()])
    w = exact.weights["after"].to_numpy() / 100
    np.testing.assert_allclose(covariance_shares(covariance, w), now, atol=1e-8)
    assert exact.proved
    previous = exact.distance
    for tolerance in (0.02, 0.05, 0.1):
        found = design(scheme, panel, [effective_near_nominal(tolerance)])
        w = found.weights["after"].to_numpy() / 100
        assert np.abs(covariance_shares(covariance, w) - now).max() <= tolerance + 1e-7
        assert found.distance < previous
        assert not found.proved
        previous = found.distance
    # nothing nearer on a dense grid around
    share = grid(4, 60)
    part = share * (share @ covariance)
    near = np.abs(part / part.sum(1, keepdims=True) - now).max(1) <= 0.1
    assert spread(share[near], now, "l2").min() >= previous - 1e-6
    loose = design(scheme, panel, [effective_near_nominal(0.9)])
    assert loose.edits == {}
    assert loose.proved
    l1 = design(scheme, panel, [effective_near_nominal(0.05)], distance="l1")
    assert l1.checks["met"].all()
    stated = {f"i{k}.weight": 25.0 for k in range(4)}
    equal = design(scheme, panel, [effective_near_nominal(0.0, stated)])
    w = equal.weights["after"].to_numpy()
    np.testing.assert_allclose(covariance_shares(covariance, w), 0.25, atol=1e-8)


def test_effective_weights_with_other_conditions() -> None:
    rng = np.random.default_rng(4)
    raw = np.clip(70 + rng.normal(size=(40, 4)) * [4, 8, 12, 2], 0, 100)
    scheme, panel = case(raw, (40, 30, 20, 10))
    near = effective_near_nominal(0.05)
    alone = design(scheme, panel, [near]).weights.loc["i3.weight", "after"]
    found = design(scheme, panel, [near, bounds("i3.weight", 0, alone - 0.3)])
    assert found.checks["met"].all()
    assert found.weights.loc["i3.weight", "after"] <= alone - 0.3 + 1e-6
    with pytest.raises(sk.SimkaoheError, match="conflict"):
        design(scheme, panel, [effective_near_nominal(), bounds("i3.weight", 0, 5)])
    with pytest.raises(sk.SimkaoheError, match="no weights were found"):
        design(scheme, panel, [effective_near_nominal(0.001), bounds("i3.weight", 0, 1)])


def test_the_smallest_conflict_is_named() -> None:
    raw = [[90, 50, 70], [50, 90, 70], [60, 60, 60], [80, 40, 65]]
    scheme, panel = case(raw, (40, 35, 25))
    chain = [
        order("i0.weight", "i1.weight"),
        order("i1.weight", "i2.weight"),
        bounds("i2.weight", 45, 60),  # conflicts with the two before, together
        bounds("i0.weight", 10, 90),
        at_least_level("u0", "u2"),
    ]
    with pytest.raises(sk.SimkaoheError) as error:
        design(scheme, panel, chain)
    (problem,) = error.value.problems
    assert problem.where.split("; ") == [
        "i0.weight ≥ i1.weight",
        "i1.weight ≥ i2.weight",
        "45 ≤ i2.weight ≤ 60",
    ]
    assert "these 3 conditions conflict" in str(error.value)
    # with a conflict of two among them, that is the smallest
    with pytest.raises(sk.SimkaoheError) as error:
        design(scheme, panel, [*chain, bounds("i1.weight", 60, 70)])
    assert error.value.problems[0].where.count(";") == 1
    with pytest.raises(sk.SimkaoheError, match="no weights meet this condition"):
        design(scheme, panel, [at_least_level("u3", "u0"), order("i0.weight", "i1.weight")])


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_named_conflicts_are_minimal(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scheme, panel = case(rng.uniform(30, 100, (5, 3)), (40, 35, 25))
    wishes = []
    for _ in range(6):
        one, two = rng.choice(3, 2, replace=False)
        if rng.random() < 0.4:
            wishes.append(order(f"i{one}.weight", f"i{two}.weight"))
        elif rng.random() < 0.5:
            low = float(rng.integers(20, 60))
            wishes.append(bounds(f"i{one}.weight", low, low + 10))
        else:
            a, b = rng.choice(5, 2, replace=False)
            wishes.append(at_least_level(f"u{a}", f"u{b}", float(rng.integers(0, 5))))
    wishes = [*dict.fromkeys(wishes)]
    try:
        design(scheme, panel, wishes)
    except sk.SimkaoheError as error:
        names = error.problems[0].where.split("; ")
    else:
        assume(False)
    mine = [wish for wish in wishes if str(wish.words) in names]

    def works(some: Any) -> bool:
        try:
            design(scheme, panel, some)
        except sk.SimkaoheError:
            return False
        return True

    assert not works(mine)
    smaller = combinations(wishes, len(mine) - 1)
    assert all(works(some) for some in smaller if some)


def test_categories_with_weights_of_their_own() -> None:
    rng = np.random.default_rng(2)
    scheme, panel = case(rng.uniform(40, 90, (8, 3)), (50, 30, 20), ("urban",) * 4 + ("rural",) * 4)
    scheme = scheme.edit(
        {"i0.weights_by_category.rural": 20.0, "i2.weights_by_category.rural": 50.0}
    )
    base = sk.evaluate(scheme, panel).ranking
    upper, lower = base.index[2], base.index[3]
    found = design(scheme, panel, [at_least_level(lower, upper)])
    after = sk.evaluate(scheme.edit(found.edits), panel).ranking
    assert after.loc[lower, "total"] >= after.loc[upper, "total"]
    assert found.checks["met"].all()
    rural = design(scheme, panel, [bounds("i0.weights_by_category.rural", 30, 40)])
    assert rural.weights.loc["i0.weights_by_category.rural", "after"] == pytest.approx(30)
    with pytest.raises(sk.SimkaoheError, match="effective weights common to all"):
        design(scheme, panel, [effective_near_nominal()])


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (bounds("i7.weight", 0, 1), "i7.weight"),
        (order("i0.weight", "i9.weight"), "i9.weight"),
        (at_least_level("u0", "u77"), "u77"),
        (category_means_within(1.0), "only one category"),
    ],
)
def test_refusals(wish: Any, said: str) -> None:
    scheme, panel = case([[90, 50], [50, 90]], (40, 60))
    with pytest.raises(sk.SimkaoheError, match=said):
        design(scheme, panel, [wish])


def test_too_many_pairs_are_refused() -> None:
    rng = np.random.default_rng(0)
    scheme, panel = case(
        rng.uniform(0, 100, (60, 3)), (50, 30, 20), ("urban",) * 30 + ("rural",) * 30
    )
    with pytest.raises(sk.SimkaoheError, match="pairs is open"):
        design(scheme, panel, [category_means_within(1.0)])


def test_a_bundled_case_by_ranks_and_by_scores() -> None:
    scheme, panel = sk.load("target_responsibility")
    wish = at_least_level("禾川县", "沐原区")
    found = design(scheme, panel, [wish], "development", distance="l1")
    assert found.checks["met"].all()
    assert found.edits


def test_a_distance_that_there_is_not_is_refused() -> None:
    scheme, panel = sk.load("tai")
    with pytest.raises(sk.SimkaoheError, match="l1"):
        design(scheme, panel, [], distance="linf")  # type: ignore[arg-type]


@pytest.mark.parametrize("tolerance", [0.0, 0.05])
@pytest.mark.parametrize(
    "scores", [[[50], [60]], [[50, 70], [60, 20]], [[10, 20, 40], [40, 30, 10]]]
)
def test_effective_weights_that_cannot_be_are_refused_in_a_sentence(
    scores: list[list[float]], tolerance: float
) -> None:
    leaves = [{"id": n, "rule": {"method": "minmax", "worst": 0, "best": 100}} for n in "xy"]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves}})
    units = [f"u{i}" for i in range(len(scores[0]))]
    panel = sk.Panel(pd.DataFrame(dict(zip("xy", scores, strict=True)), units, dtype=float))
    with pytest.raises(sk.SimkaoheError, match=r"at least three|no weights meet|were found"):
        design(scheme, panel, [effective_near_nominal(tolerance)])
