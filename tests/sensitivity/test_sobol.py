"""All outputs at once give the numbers that SALib gives one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import simkaohe as sk
from simkaohe.sensitivity.sobol import estimates, sobol_indices
from simkaohe.sensitivity.varying import choice, ranges
from simkaohe.sensitivity.weighing import weights


def small() -> tuple[sk.Scheme, sk.Panel]:
    rng = np.random.default_rng(2)
    names = ["a", "b", "c"]
    rule = {"method": "minmax", "worst": 0.0, "best": 100.0}
    leaves = [
        {"id": n, "weight": w, "rule": rule} for n, w in zip(names, (5.0, 3.0, 2.0), strict=True)
    ]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves}})
    frame = pd.DataFrame(rng.uniform(0, 100, (12, 3)), [f"u{i}" for i in range(12)], names)
    return scheme, sk.Panel(frame)


@pytest.mark.parametrize("seed", [1, 7])
def test_the_indices_are_salibs_output_by_output(seed: int) -> None:
    from SALib.analyze import sobol as salib

    rng = np.random.default_rng(seed)
    factors, draws = 4, 128
    x = rng.random((draws * (factors + 2), factors))
    outputs = np.stack([x @ rng.normal(size=factors) for _ in range(5)], 1)
    outputs = np.concatenate([outputs, np.round(outputs * 3), np.zeros((len(x), 1))], 1)
    mine = estimates(outputs, factors, 60, 0.9, seed)
    problem = {"num_vars": factors, "names": list("abcd"), "bounds": [[0, 1]] * factors}
    for k in range(outputs.shape[1] - 1):
        one = salib.analyze(problem, outputs[:, k], calc_second_order=False, num_resamples=60,
                            conf_level=0.9, seed=seed)  # fmt: skip
        for name, theirs in (("first", "S1"), ("total", "ST"), ("first_error", "S1_conf"),
                             ("total_error", "ST_conf")):  # fmt: skip
            assert np.allclose(mine[name][:, k], one[theirs], rtol=1e-10, atol=1e-12)
    assert np.isnan(mine["first"][:, -1]).all()  # it does not vary


def test_totals_along_ranges_have_the_shares_of_a_linear_function() -> None:
    scheme, panel = small()
    scheme = scheme.edit({"adjustments": {
        name: {"method": "bonus", "points": {"": 1.0}} for name in ("gift", "prize")}})  # fmt: skip
    events = pd.DataFrame({"unit": ["u0", "u0", "u1"], "event": ["gift", "prize", "gift"],
                           "kind": "", "count": 1.0, "name": ""})  # fmt: skip
    panel = sk.Panel(panel.frame("actual"), events=events)
    spans = {"adjustments.gift.points.": (0.0, 3.0), "adjustments.prize.points.": (0.0, 1.0)}
    found = sobol_indices(scheme, panel, spans, draws=512, seed=3)
    # variances 9/12 and 1/12: shares 0.9 and 0.1 of the total of u0
    of = found.of("u0", "total")
    assert of["total"].to_numpy() == pytest.approx([0.9, 0.1], abs=0.02)
    assert of["first"].to_numpy() == pytest.approx([0.9, 0.1], abs=0.02)
    assert found.of("u1", "total")["total"].to_numpy() == pytest.approx([1, 0], abs=0.02)
    assert found.total[("total", "u2")].isna().all()


def test_a_factor_without_effect_is_said() -> None:
    scheme, panel = sk.load("three_papers")
    spans = {"total.combine.high": (1.0, 1.2), "party.weight": (10.0, 40.0)}
    found = sobol_indices(scheme, panel, spans, draws=64, seed=1)
    # the weight of a coefficient plays no part in a multiplier
    assert found.without_effect == ("party.weight",)
    assert found.summary.loc["party.weight", "effect"] == "none"
    assert found.summary.loc["total.combine.high", "effect"] == "ranks"
    assert found.summary.index[0] == "total.combine.high"


def test_weights_ranges_and_choices_together() -> None:
    scheme, panel = small()
    rules = choice("total.combine", {"sum": "weighted_sum", "geometric": {
        "method": "geometric", "zero": "floor"}})  # fmt: skip
    found = sobol_indices(scheme, panel, weights(0.3), ranges({"a.rule.best": (90.0, 110.0)}),
                          rules, draws=128, seed=5)  # fmt: skip
    assert set(found.total.index) == {"a.weight", "b.weight", "c.weight", "a.rule.best",
                                      "total.combine"}  # fmt: skip
    assert found.evaluations == 128 * 7
    assert found.summary.loc["total.combine", "effect"] == "ranks"
    grouped = sobol_indices(scheme, panel, weights(0.3), ranges({"a.rule.best": (90.0, 110.0)}),
                            rules, draws=128, seed=5, factors="grouped")  # fmt: skip
    assert list(grouped.total.index) == ["total.combine", "total.weights", "a.rule.best"]
    assert grouped.evaluations == 128 * 5
    for table in (found.total, grouped.total):
        sums = table["total"].sum()  # interactions are counted twice or more
        assert (sums.dropna() > 0.9).all()


def test_the_sample_is_evaluated_by_the_engine_and_analysed_as_salib_does() -> None:
    from SALib.analyze import sobol as salib_analyze
    from SALib.sample import sobol as salib_sample

    scheme, panel = small()
    spans = {"a.weight": (3.0, 7.0), "b.weight": (1.0, 5.0), "c.rule.best": (80.0, 120.0)}
    found = sobol_indices(scheme, panel, spans, draws=64, seed=9, resamples=30)
    problem = {"num_vars": 3, "names": list(spans), "bounds": list(spans.values())}
    x = salib_sample.sample(problem, 64, calc_second_order=False, seed=9)
    outcome = sk.Engine(scheme, panel).run({p: x[:, k] for k, p in enumerate(spans)})
    for k, unit in enumerate(sk.Engine(scheme, panel).units):
        for output, values in (("rank", outcome.ranks), ("total", outcome.totals)):
            y = values[:, k].astype(float)
            if np.ptp(y) == 0:
                assert found.total[(output, unit)].isna().all()
                continue
            one = salib_analyze.analyze(
                problem, y, calc_second_order=False, num_resamples=30, seed=9
            )
            assert np.allclose(found.total[(output, unit)], one["ST"], rtol=1e-8, atol=1e-10)
            assert np.allclose(found.first_error[(output, unit)], one["S1_conf"], rtol=1e-8)


def test_the_same_seed_gives_the_same_numbers() -> None:
    scheme, panel = small()
    a, b = (sobol_indices(scheme, panel, weights(0.2), draws=64, seed=4) for _ in range(2))
    pd.testing.assert_frame_equal(a.total, b.total)
    pd.testing.assert_frame_equal(a.total_error, b.total_error)


@pytest.mark.parametrize(
    ("what", "options", "words"),
    [
        ([{"a.weight": (1.0, 2.0)}], {}, "at least two factors"),
        ([], {}, "nothing varies"),
        ([{"a.weight": (1.0, 2.0), "b.weight": (1.0, 2.0)}], {"draws": 100}, "power of two"),
        ([{"a.weigth": (1.0, 2.0), "b.weight": (1.0, 2.0)}], {}, "Did you mean"),
        (
            [{"a.weight": (1.0, 2.0), "b.weight": (1.0, 2.0)}],
            {"confidence": 1.0},
            "between 0 and 1",
        ),
    ],
)
def test_mistakes_are_one_sentence(what: list, options: dict, words: str) -> None:
    scheme, panel = small()
    with pytest.raises(sk.SimkaoheError, match=words):
        sobol_indices(scheme, panel, *what, **options)
