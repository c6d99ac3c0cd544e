"""Shares add up, known answers are found, numbers without effect are said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from strategies import evaluable, schemes

import simkaohe as sk
from simkaohe.sensitivity.equivalent import equivalent_weight
from simkaohe.sensitivity.importance import (
    correlation_ratio,
    effective_weights,
    smooth,
)
from simkaohe.sensitivity.influence import leave_one_out, one_at_a_time


def additive(x: np.ndarray, weights: list[float]) -> tuple[sk.Scheme, sk.Panel]:
    names = [f"x{k}" for k in range(x.shape[1])]
    rule = {"method": "minmax", "worst": 0.0, "best": 100.0}
    leaves = [{"id": n, "weight": w, "rule": rule} for n, w in zip(names, weights, strict=True)]
    units = [f"u{i}" for i in range(len(x))]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves}})
    return scheme, sk.Panel(pd.DataFrame(x, units, names))


# -- effective weights -----------------------------------------------------------------------------


def test_covariance_shares_of_independent_indicators_follow_weight_and_spread() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(0, 1, (4000, 2))
    x = 50 + 5 * (x - x.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T)).T)
    x[:, 1] = 50 + 2 * (x[:, 1] - 50)  # twice the spread
    found = effective_weights(*additive(x, [2.0, 1.0])).table
    assert np.allclose(found["nominal"], [2 / 3, 1 / 3])
    assert np.allclose(found["covariance_share"], [0.5, 0.5])  # weight × spread is the same
    assert np.allclose(found["correlation_squared"], [0.5, 0.5])
    assert np.allclose(found["correlation_ratio"], [0.5, 0.5], atol=0.02)


def test_an_indicator_that_makes_units_alike_has_a_negative_share() -> None:
    x = np.array([[10.0, 40.0], [50.0, 30.0], [90.0, 20.0]])
    found = effective_weights(*additive(x, [3.0, 1.0])).table["covariance_share"]
    assert found["x1"] < 0
    assert found.sum() == pytest.approx(1)


@settings(max_examples=60)
@given(schemes())
def test_covariance_shares_and_the_remainder_sum_to_one(drawn: tuple[sk.Scheme, sk.Panel]) -> None:
    scheme, panel = drawn
    engine = evaluable(scheme, panel)
    assume(engine is not None)
    for within in ("all", "category"):
        found = effective_weights(scheme, panel, within=within)
        table, rest = found.table["covariance_share"], found.remainder
        if within == "all":
            sums = [table.sum() + rest.sum()]
            empty = [table.isna().all() and rest.isna().all()]
        else:
            sums = table.groupby(level=0).sum().add(rest.groupby(level=0).sum(), fill_value=0)
            empty = list(sums.abs() < 1e-12)  # all totals equal
        assert all(gone or one == pytest.approx(1) for gone, one in zip(empty, sums, strict=True))
        squared = found.table["correlation_squared"].dropna()
        assert ((squared >= 0) & (squared <= 1 + 1e-12)).all()


@pytest.mark.parametrize(("n", "most"), [(50, 0.10), (100, 0.06), (300, 0.04)])
def test_the_smoother_finds_a_curved_effect_that_correlation_misses(n: int, most: float) -> None:
    # y = x1² + x2 on [−1, 1]²: shares 4/45 and 1/3 of their sum (algorithms.md, part 2f)
    truth = (4 / 45) / (4 / 45 + 1 / 3)
    errors, linear = [], []
    for seed in range(40):
        x = np.random.default_rng(seed).uniform(-1, 1, (n, 3))
        y = x[:, 0] ** 2 + x[:, 1]
        ratios = [correlation_ratio(x[:, k], y)[0] for k in range(3)]
        errors += [ratios[0] - truth, ratios[1] - (1 - truth), ratios[2]]
        linear.append(np.corrcoef(x[:, 0], y)[0, 1] ** 2 - truth)
    assert np.sqrt(np.mean(np.square(errors))) < most
    assert np.sqrt(np.mean(np.square(linear))) > 0.15


def test_few_distinct_values_are_groups_and_few_units_have_no_ratio() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, 60).astype(float)
    y = np.array([0.0, 10.0, 1.0])[x.astype(int)] + rng.normal(0, 0.1, 60)
    ratio, method = correlation_ratio(x, y)
    assert (method, ratio > 0.99) == ("groups", True)
    assert np.isnan(correlation_ratio(x[:29], y[:29])[0])
    assert correlation_ratio(np.ones(60), y)[0] == pytest.approx(0)


def test_nearly_equal_values_do_not_disturb_the_smoother() -> None:
    rng = np.random.default_rng(3)
    x = np.repeat(rng.uniform(0, 100, 15), 4) + 1e-12 * rng.normal(size=60)
    x[0] = 1e6  # one far away: most of the curve's pieces are empty
    fitted = smooth(x, rng.normal(size=60))
    assert np.isfinite(fitted).all()


def test_a_straight_line_stays_a_straight_line() -> None:
    x = np.linspace(0, 1, 50)
    assert np.allclose(smooth(x, 3 * x - 1), 3 * x - 1, atol=1e-6)


# -- the multiplier --------------------------------------------------------------------------------


def multiplier(high: float) -> tuple[sk.Scheme, sk.Panel]:
    rng = np.random.default_rng(5)
    scheme, panel = additive(rng.uniform(20, 90, (60, 3)), [1.0, 1.0, 1.0])
    edits = {"method": "multiplier", "base": "x0", "map": "fixed_band", "low": 2 - high,
             "high": high, "zero": "keep"}  # fmt: skip
    return scheme.edit({"total.combine": edits}), panel


def test_a_wider_band_is_worth_more_weight() -> None:
    worth = [equivalent_weight(*multiplier(high), "total").table for high in (1.05, 1.2, 1.5)]
    shares = [table["weight"]["x1"] + table["weight"]["x2"] for table in worth]
    assert shares == sorted(shares)
    logs = [table["log_share"] for table in worth]
    assert [each.sum() for each in logs] == pytest.approx([1, 1, 1])
    assert logs[0]["x0"] > logs[2]["x0"]
    # a narrow band: base × (1 ± 0.05 (2p − 1)) has slope 0.1/100 × base in p, against 1 in the base
    table = worth[0]
    _, panel = multiplier(1.05)
    mean = panel.numbers("actual", "x0").mean()
    assert table["weight"]["x1"] / table["weight"]["x0"] == pytest.approx(0.1 * mean / 100, rel=0.1)


def test_the_fit_is_the_least_squares_one_and_its_correlation_is_said() -> None:
    scheme, panel = multiplier(1.3)
    found = equivalent_weight(scheme, panel, "total")
    weights = found.table["weight"]
    other = scheme.edit({"total.combine": "weighted_sum",
                         **{f"{n}.weight": w for n, w in weights.items()}})  # fmt: skip
    shift = sk.compare(panel, multiplier=scheme, additive=other).statistics.iloc[0]
    assert found.spearman == pytest.approx(shift["spearman_rho"])
    assert found.kendall == pytest.approx(shift["kendall_tau_b"])
    assert 0.9 < found.fit <= 1


def test_only_a_multiplier_has_an_equivalent_weight() -> None:
    scheme, panel = multiplier(1.1)
    with pytest.raises(sk.SimkaoheError, match="multiplier method"):
        equivalent_weight(scheme.edit({"total.combine": "weighted_sum"}), panel, "total")
    with pytest.raises(sk.SimkaoheError, match="Did you mean 'total'"):
        equivalent_weight(scheme, panel, "totl")


# -- one change at a time --------------------------------------------------------------------------


def test_each_number_alone_is_what_an_edit_would_give() -> None:
    scheme, panel = sk.load("three_papers")
    base = sk.evaluate(scheme, panel)
    found = one_at_a_time(scheme, panel)
    some = list(found.table.index[:6]) + list(found.table.index[-3:])
    for path in some:
        row = found.table.loc[path]
        for end in ("low", "high"):
            try:
                other = sk.evaluate(scheme.edit({path: row[end]}), panel)
            except sk.SimkaoheError:
                assert np.isnan(row[f"mean_{end}"])
                assert f"{path} = {row[end]:g}" in found.refused
                continue
            shifts = base.ranking["rank"] - other.ranking["rank"].reindex(base.ranking.index)
            shifts = shifts.dropna().astype(float)
            assert row[f"mean_{end}"] == pytest.approx(shifts.abs().mean())
            assert row[f"largest_{end}"] == shifts.abs().max()


def test_a_number_without_effect_is_said() -> None:
    scheme, panel = multiplier(1.2)
    found = one_at_a_time(scheme, panel, ["x1.weight", "total.combine.high", "x0.rule.best"])
    assert found.without_effect == ("x1.weight",)  # the weight of a coefficient plays no part
    assert found.table.loc["x1.weight", "effect"] == "none"
    assert found.table.loc["total.combine.high", "effect"] == "ranks"


def test_a_path_that_is_no_number_is_answered_with_the_nearest() -> None:
    scheme, panel = multiplier(1.2)
    with pytest.raises(sk.SimkaoheError, match=r"Did you mean 'x1\.weight'"):
        one_at_a_time(scheme, panel, ["x1.wieght"])
    with pytest.raises(sk.SimkaoheError, match="between 0 and 1"):
        one_at_a_time(scheme, panel, change=10)


# -- leaving one out -------------------------------------------------------------------------------


def test_leaving_one_out_is_a_scheme_without_it() -> None:
    rng = np.random.default_rng(11)
    x = rng.uniform(0, 100, (20, 3))
    scheme, panel = additive(x, [5.0, 3.0, 2.0])
    found = leave_one_out(scheme, panel)
    base = sk.evaluate(scheme, panel).ranking["rank"]
    smaller = additive(x[:, [0, 2]], [5.0, 2.0])[0].edit({})
    values = smaller.plain()
    values["root"]["children"][1]["id"] = "x2"
    rest = sk.Scheme.read(values)
    without = sk.evaluate(rest, sk.Panel(panel.frame("actual")[["x0", "x2"]])).ranking["rank"]
    assert (found.shifts["x1"] == (base - without).reindex(found.shifts.index)).all()
    assert not found.refused


def test_the_only_base_of_a_multiplier_cannot_be_left_out() -> None:
    found = leave_one_out(*multiplier(1.2))
    assert list(found.refused) == ["x0"]
    assert set(found.table.index) == {"x1", "x2"}


@settings(max_examples=30)
@given(schemes())
def test_leaving_one_out_works_on_any_scheme(drawn: tuple[sk.Scheme, sk.Panel]) -> None:
    scheme, panel = drawn
    assume(evaluable(scheme, panel) is not None)
    found = leave_one_out(scheme, panel)
    assert set(found.table.index) | set(found.refused) == {x.id for x in scheme.indicators}
    assert (found.table["largest_shift"] == found.shifts.abs().max()).all()
    one_at_a_time(scheme, panel, change=0.05)
