"""Smallest changes of weights: never beaten by search, always certified by evaluation."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

import simkaohe as sk
from simkaohe.sensitivity.form import additive_form
from simkaohe.sensitivity.nearest import linear_change, size, smallest_change, top_change
from simkaohe.sensitivity.passing import NORMS, into_top, overtake
from tests.sensitivity.test_volumes import given_scores
from tests.strategies import evaluable, schemes

LINEAR = ("l1", "linf", "relative")


def problem(seed: int, count: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Return differences and weights with which the difference is negative."""
    rng = np.random.default_rng(seed)
    d, w = rng.integers(-40, 41, count).astype(float), rng.dirichlet(np.full(count, 2.0))
    d[0], d[1] = -abs(d[0]) - 1, abs(d[1]) + 1
    return (-d if d @ w > 0 else d), w


def box(w: np.ndarray, bounded: bool) -> tuple[np.ndarray, np.ndarray]:
    return (w * 0.3, np.minimum(w * 1.7, 1)) if bounded else (np.zeros(len(w)), np.ones(len(w)))


@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("norm", LINEAR)
def test_the_closed_forms_are_the_optima_of_linear_programs(norm: Any, bounded: bool) -> None:
    possible = 0
    for seed in range(60):
        d, w = problem(seed)
        low, high = box(w, bounded)
        new = smallest_change(d, w, 0.5, norm, low, high)
        k = len(w)
        spread = np.eye(k) if norm == "l1" else (w if norm == "relative" else np.ones(k))[:, None]
        t = spread.shape[1]
        solved = linprog(
            np.append(np.zeros(k), np.ones(t)),
            A_ub=np.block(
                [[np.eye(k), -spread], [-np.eye(k), -spread], [-d[None], np.zeros((1, t))]]
            ),
            b_ub=np.concatenate([w, -w, [-0.5]]),
            A_eq=np.append(np.ones(k), np.zeros(t))[None],
            b_eq=[1.0],
            bounds=[*zip(low, high, strict=True), *[(0, None)] * t],
        )
        assert (solved.x is None) == np.isnan(new).any()
        if solved.x is None:
            continue
        possible += 1
        assert size(new - w, w, norm) == pytest.approx(solved.fun, abs=1e-9)
        assert new.sum() == pytest.approx(1, abs=1e-12)
        assert new @ d >= 0.5 - 1e-9
        assert (new >= low - 1e-12).all()
        assert (new <= high + 1e-12).all()
        alike = linear_change(d[None], np.array([0.5]), w, norm, low, high)
        assert size(alike - w, w, norm) == pytest.approx(solved.fun, abs=1e-9)
    assert possible > 30


@pytest.mark.parametrize("bounded", [False, True])
def test_the_projection_is_the_optimum_of_a_general_solver(bounded: bool) -> None:
    for seed in range(40):
        d, w = problem(seed)
        low, high = box(w, bounded)
        new = smallest_change(d, w, 0.5, "l2", low, high)
        if np.isnan(new).any():
            continue
        solved = minimize(
            lambda v, w=w: ((v - w) ** 2).sum(),
            new * 0.9 + w * 0.1,
            jac=lambda v, w=w: 2 * (v - w),
            method="SLSQP",
            bounds=list(zip(low, high, strict=True)),
            constraints=[
                {"type": "eq", "fun": lambda v: v.sum() - 1},
                {"type": "ineq", "fun": lambda v, d=d: v @ d - 0.5},
            ],
            options={"ftol": 1e-14, "maxiter": 500},
        )
        assert new @ d >= 0.5 - 1e-9
        assert new.sum() == pytest.approx(1, abs=1e-12)
        assert ((new - w) ** 2).sum() <= solved.fun + 1e-9


@pytest.mark.parametrize("norm", NORMS)
def test_random_search_never_finds_a_smaller_change(norm: Any) -> None:
    rng = np.random.default_rng(0)
    for seed in range(10):
        d, w = problem(seed, 4)
        low, high = box(w, False)
        best = smallest_change(d, w, 0.0, norm, low, high)
        least = size(best - w, w, norm)
        tried = rng.dirichlet(np.full(4, 0.7), 30000)
        near = np.abs(
            best + rng.normal(size=(30000, 4)) * rng.choice([1e-1, 1e-2, 1e-3], (30000, 1))
        )
        for new in (tried, near / near.sum(1, keepdims=True)):
            for row in new[new @ d >= 0]:
                assert size(row - w, w, norm) >= least - 1e-9


def test_moving_weight_by_hand() -> None:
    # gaps of u0 over u1: 20, 0, −10 at weights .5, .3, .2: 8 points ahead. Moving s from x to z
    # closes 30 s: s = 8/30.
    scheme, panel = given_scores({"x": [80.0, 60], "y": [50.0, 50], "z": [60.0, 70]}, [5, 3, 2])
    found = overtake(scheme, panel, "u1", "u0")
    assert found.possible
    assert found.distance == pytest.approx(2 * 8 / 30)
    assert found.weights["change"].tolist() == pytest.approx([-8 / 30, 0, 8 / 30])
    assert found.edits == pytest.approx({"x.weight": 7 / 3, "y.weight": 3, "z.weight": 14 / 3})
    proof = found.certificate
    assert np.ptp(proof["new_total"]) < 1e-9
    assert proof["new_rank"].tolist() == [1, 1]
    ahead = overtake(scheme, panel, "u1", "u0", margin=1.0)
    assert ahead.distance == pytest.approx(2 * 9 / 30)
    assert ahead.certificate.at["u1", "new_total"] - ahead.certificate.at["u0", "new_total"] == (
        pytest.approx(1)
    )
    assert overtake(scheme, panel, "u0", "u1").distance == 0
    assert overtake(scheme, panel, "u0", "u1").edits == {}


def test_bounds_are_kept_or_said_to_be_too_tight() -> None:
    scheme, panel = given_scores({"x": [80.0, 60], "y": [50.0, 50], "z": [60.0, 70]}, [5, 3, 2])
    for norm in NORMS:
        found = overtake(scheme, panel, "u1", "u0", norm, {"x": (0.3, 1.0), "z": (0.0, 0.9)})
        assert found.possible
        assert found.new[0] >= 0.3 - 1e-12
        # at x ≥ 0.4, z ≤ 0.25: at best −20 × 0.4 + 10 × 0.25 < 0
        ends = {"x": (0.4, 1.0), "z": (0.0, 0.25)}
        assert not overtake(scheme, panel, "u1", "u0", norm, ends).possible
        tight = overtake(scheme, panel, "u1", "u0", norm, 0.1)
        assert not tight.possible
        assert np.isnan(tight.weights["new"]).all()
        assert tight.distance == np.inf
        assert tight.edits == {}
    with pytest.raises(sk.SimkaoheError, match="bounds"):
        overtake(scheme, panel, "u1", "u0", bounds={"x": (0.9, 0.5)})
    with pytest.raises(sk.SimkaoheError, match="no weight that varies 'q'"):
        overtake(scheme, panel, "u1", "u0", bounds={"q": (0.0, 0.5)})


def test_a_unit_that_is_never_better_cannot_pass() -> None:
    scheme, panel = given_scores({"x": [80.0, 60], "y": [50.0, 50]}, [1, 1])
    for norm in NORMS:
        found = overtake(scheme, panel, "u1", "u0", norm)
        # level when all the weight is on y, on which the two are equal
        assert found.possible
        assert found.new.tolist() == pytest.approx([0, 1], abs=1e-9)
    worse = given_scores({"x": [80.0, 60], "y": [51.0, 50]}, [1, 1])
    assert not overtake(*worse, "u1", "u0").possible


def test_misuse_is_refused() -> None:
    scheme, panel = given_scores({"x": [80.0, 60], "y": [50.0, 50]}, [1, 1])
    with pytest.raises(sk.SimkaoheError, match="norm 'l3'"):
        overtake(scheme, panel, "u1", "u0", "l3")  # type: ignore[arg-type]
    with pytest.raises(sk.SimkaoheError, match="norm 'l2'"):
        into_top(scheme, panel, "u1", 1, "l2")
    with pytest.raises(sk.SimkaoheError, match="u2"):
        overtake(scheme, panel, "u2", "u0")
    with pytest.raises(sk.SimkaoheError, match="same unit"):
        overtake(scheme, panel, "u0", "u0")
    with pytest.raises(sk.SimkaoheError, match="at least 1"):
        into_top(scheme, panel, "u1", 0)
    product = scheme.edit({"total.combine": {"method": "geometric"}})
    with pytest.raises(sk.SimkaoheError, match="margin"):
        overtake(product, panel, "u1", "u0", margin=1.0)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(schemes(), st.sampled_from(NORMS))
def test_evaluation_certifies_every_overtaking(case: tuple[sk.Scheme, sk.Panel], norm: Any) -> None:
    scheme, panel = case
    assume(evaluable(scheme, panel) is not None)
    try:
        form = additive_form(scheme, panel)
    except sk.SimkaoheError:
        return
    units = range(len(form.units))
    pairs = [(a, b) for a in units for b in units if a != b and not form.why_not(a, b)]
    for a, b in pairs[:6]:
        found = overtake(scheme, panel, form.units[b], form.units[a], norm)
        if not found.possible:
            continue
        proof = found.certificate.loc[[form.units[b], form.units[a]]]
        assert proof["new_rank"].iloc[0] <= proof["new_rank"].iloc[1]
        if found.distance:
            assert proof["rank"].iloc[0] > proof["rank"].iloc[1]
            totals = proof["new_total"]
            assert totals.iloc[0] == pytest.approx(totals.iloc[1], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("norm", LINEAR)
def test_the_program_is_the_best_over_all_sets_of_rivals(norm: Any) -> None:
    rng = np.random.default_rng(5)
    for _ in range(8):
        x = rng.integers(0, 101, (5, 7)).astype(float)
        w = rng.dirichlet(np.full(5, 3.0))
        order = np.argsort(-(w @ x))
        d = (x[:, [order[-2]]] - np.delete(x, order[-2], 1)).T
        low, high = np.zeros(5), np.ones(5)
        for k in (1, 3):
            found = top_change(d, w, k - 1, norm, low, high)
            costs = [np.inf]
            for passed in combinations(range(6), 6 - (k - 1)):
                new = linear_change(d[list(passed)], np.zeros(len(passed)), w, norm, low, high)
                if not np.isnan(new).any():
                    costs.append(size(new - w, w, norm))
            if np.isnan(found).any():
                assert min(costs) == np.inf
            else:
                assert size(found - w, w, norm) == pytest.approx(min(costs), abs=1e-8)
                assert (d @ found < -1e-8).sum() <= k - 1


@pytest.mark.parametrize("norm", LINEAR)
def test_units_of_the_index_get_into_the_top(norm: Any) -> None:
    scheme, panel = sk.load("tai")
    order = sk.evaluate(scheme, panel).ranking.index
    for place, k in ((4, 3), (8, 5), (15, 12), (2, 5)):
        found = into_top(scheme, panel, order[place], k, norm)
        assert found.possible
        assert found.certificate.at[order[place], "new_rank"] <= k
        assert (found.distance == 0) == (place < k)
        assert sum(found.edits.values()) == pytest.approx(1.0 if place >= k else 0.0)
    alone = into_top(scheme, panel, order[4], 1, norm, 0.01)
    assert not alone.possible


def test_the_top_of_a_category_and_of_all_with_weights_by_category() -> None:
    scheme, panel = sk.load("three_papers")
    ranking = sk.evaluate(scheme, panel).ranking
    unit = "东湖区"
    inside = into_top(scheme, panel, unit, 3, group="development", within="category")
    assert inside.possible
    rank = sk.evaluate(inside.scheme, panel).ranking
    assert rank.at[unit, "total"] >= rank.at["望城区", "total"] - 0.01
    others = ranking.index[ranking["category"] != "urban"]
    pd.testing.assert_series_equal(
        rank.loc[others, "total"], ranking.loc[others, "total"], check_exact=False
    )
    place = int(ranking.at[unit, "rank"])
    better = into_top(scheme, panel, unit, place - 1, group="development")
    assert better.possible
    assert better.certificate.at[unit, "new_rank"] <= place - 1


def test_a_rival_without_a_linear_total_is_named() -> None:
    scheme, panel = given_scores({"x": [80.0, 60, 70], "y": [50.0, 50, 90]}, [1, 1])
    frame = panel.frame("actual")
    frame.loc["u2", "y"] = np.nan
    scheme = scheme.edit({"y.missing": "spread"})
    with pytest.raises(sk.SimkaoheError, match="different weights"):
        into_top(scheme, panel.replace(actual=frame), "u1", 1)


def test_a_unit_in_the_top_needs_no_change_and_bounds_are_kept_where_it_is_not() -> None:
    scheme, panel = given_scores({"x": [83.1, 61.7, 70.3], "y": [57.9, 55.3, 91.9]}, [0.3, 0.7])
    first = into_top(scheme, panel, "u2", 1)
    assert first.distance == 0.0
    assert not first.edits
    found = into_top(scheme, panel, "u0", 1, bounds={"x": (0.8, 0.9)})
    assert found.weights["new"].tolist() == pytest.approx([0.8, 0.2])
    assert found.certificate.at["u0", "new_rank"] == 1


def test_a_group_without_two_weights_does_not_send_to_itself() -> None:
    scheme, panel = given_scores({"x": [80.0, 60], "y": [50.0, 70]}, [1, 0])
    with pytest.raises(sk.SimkaoheError, match="no two weights") as refused:
        overtake(scheme, panel, "u1", "u0")
    assert "montecarlo" in str(refused.value)
    assert "another group" not in str(refused.value)
