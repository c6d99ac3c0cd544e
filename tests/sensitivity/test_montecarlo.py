"""Monte Carlo: the same counts however it is run, equal to the engine's, and right."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import simkaohe as sk
from simkaohe.ranks import last_digits
from simkaohe.sensitivity import counting, layout, tallying
from simkaohe.sensitivity import simulation as front
from simkaohe.sensitivity.counting import Task, study_of
from simkaohe.sensitivity.layout import BATCHES, points_per_batch, uniforms
from simkaohe.sensitivity.simulation import montecarlo, paired
from simkaohe.sensitivity.varying import choice, noise, ranges
from simkaohe.sensitivity.weighing import Weights, weights


def flat(
    units: int, indicators: int, *, seed: int = 0, **scheme: Any
) -> tuple[sk.Scheme, sk.Panel]:
    """Return an additive scheme with some equal units."""
    rng = np.random.default_rng(seed)
    raw = rng.uniform(5, 95, (units, indicators))
    raw[1::7] = raw[::7][: len(raw[1::7])]
    frame = pd.DataFrame(raw, [f"u{i}" for i in range(units)], [f"x{k}" for k in range(indicators)])
    rule = {"method": "minmax", "worst": 0.0, "best": 100.0}
    leaves = [{"id": name, "weight": 1.0 + k % 3, "rule": rule} for k, name in enumerate(frame)]
    values = {"ranking": {"digits": 2}, "root": {"id": "total", "children": leaves}}
    return sk.Scheme.read(values | scheme), sk.Panel(frame)


def tables(scheme: sk.Scheme, panel: sk.Panel, *what: Any, **options: Any) -> dict[str, np.ndarray]:
    return montecarlo(scheme, panel, *what, **options)._tables


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert list(one) == list(other)
    for name, table in one.items():
        assert np.array_equal(table, other[name]), name


# -- the kernel ------------------------------------------------------------------------------------


def tree() -> tuple[sk.Scheme, sk.Panel]:
    """Return papers with categories, overrides, a cancelled indicator and unranked units."""
    scheme, panel = flat(40, 9)
    values = scheme.plain()
    leaves = values["root"]["children"]
    leaves[1]["weights_by_category"] = {"b": 5.0}
    leaves[2]["weights_by_category"] = {"b": 0.0}
    leaves[4]["weights_by_category"] = {"a": 0.5, "c": 4.0}
    leaves[8] |= {"weight": 0.0, "weights_by_category": {"c": 2.0}}
    values["root"]["children"] = [
        {"id": "p", "weight": 60.0, "children": leaves[:5]},
        {"id": "q", "weight": 40.0, "weights_by_category": {"b": 20.0}, "children": [
            {"id": "r", "weight": 2.0, "children": leaves[5:7]}, *leaves[7:]]},
    ]  # fmt: skip
    values["categories"] = dict.fromkeys("abc")
    values["units"] = {unit: "abc"[k % 3] for k, unit in enumerate(panel.units)}
    values["unranked"] = ["u3", "u10"]
    return sk.Scheme.read(values), panel


LAWS = [weights(0.4), weights("simplex"), weights(dirichlet=30.0), weights(ordinal=True)]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.law)
@pytest.mark.parametrize("node", [None, "total", ("p", "r")])
def test_the_kernel_counts_what_the_engine_counts(law, node, monkeypatch) -> None:
    scheme, panel = tree()
    what = Weights(law.law, law.amount, (node,) if isinstance(node, str) else node)
    lean = montecarlo(scheme, panel, what, draws=6000, seed=3, threads=1)
    assert lean._study.variants[""][0].lean is not None
    monkeypatch.setattr(layout, "additive", lambda *_: None)
    counting._studies.clear()
    whole = montecarlo(scheme, panel, what, draws=6000, seed=3, threads=1)
    assert whole._study.variants[""][0].lean is None
    counting._studies.clear()
    same(dict(sorted(lean._tables.items())), dict(sorted(whole._tables.items())))
    assert (lean.acceptability.loc[["u3", "u10"]] == 0).all(axis=None)
    rest = lean.acceptability.drop(index=["u3", "u10"])
    np.testing.assert_allclose(rest.sum(axis="columns"), 1.0)


@pytest.mark.parametrize(
    ("units", "digits"), [(1, 2), (2, 0), (100, 2), (100, None), (600, 1), (600, 9)]
)
def test_places_are_those_of_scipy(units: int, digits: int | None) -> None:
    rng = np.random.default_rng(4)
    scores = rng.uniform(0, 100, (64, units))
    scores[:, 1::3] = scores[:, ::3][:, : scores[:, 1::3].shape[1]]
    scores[:8] = np.round(scores[:8], -1)  # many equals, up to all of them
    scores[:2] = 50.0
    q = last_digits(scores, 9 if digits is None else digits)
    span = int(q.max()) + 2
    counter = tallying.Places(units, span, tallying.bin_shift(units))
    counter.add((span - q) + 0.25)
    ranks = stats.rankdata(-q, method="min", axis=1).astype(np.int64)
    table, sums = counter.tables(tallying.bins(units), tallying.bin_shift(units))
    assert np.array_equal(
        table, tallying.counted(ranks, tallying.bins(units), tallying.bin_shift(units))
    )
    assert np.array_equal(sums, [ranks.sum(0), (ranks**2).sum(0)])
    for row in span - q:  # one draw at a time
        alone = tallying.Places(units, span, tallying.bin_shift(units))
        alone.add(row[None] + 0.25)
        table -= alone.tables(tallying.bins(units), tallying.bin_shift(units))[0]
    assert not table.any()


def test_many_units_are_counted_in_ranges_of_ranks(monkeypatch) -> None:
    scheme, panel = flat(700, 5)
    found = montecarlo(scheme, panel, weights(), draws=500, seed=1, threads=1)
    assert list(found.acceptability)[:2] == ["1–8", "9–16"]
    assert found.acceptability.columns[-1] == "697–700"
    np.testing.assert_allclose(found.acceptability.sum(axis="columns"), 1.0)
    monkeypatch.setattr(tallying, "SINGLE", 1000)
    counting._studies.clear()
    single = montecarlo(scheme, panel, weights(), draws=500, seed=1, threads=1)
    counting._studies.clear()
    assert np.array_equal(single._table("rank_sums"), found._table("rank_sums"))
    ranges_of = np.arange(700) >> 3
    together = single.acceptability.T.groupby(ranges_of).sum().T
    np.testing.assert_allclose(together, found.acceptability)


def test_the_engine_is_counted_as_it_is() -> None:
    scheme, panel = sk.load("three_papers")
    what = [
        ranges({"total.combine.high": (1.0, 1.1), "party.weight": (10, 30)}),
        noise(relative=0.1),
    ]
    found = montecarlo(scheme, panel, *what, draws=600, seed=5, threads=1)
    study, engine = found._study, sk.Engine(scheme, panel)
    variant = study.variants[""][0]
    ranks, grades = [], []
    for batch in range(BATCHES):
        for u in uniforms("sobol", 5, batch, len(study.columns), 0, points_per_batch(600), 1000):
            outcome = engine.run(variant.draws(u))
            ranks.append(outcome.ranks)
            grades.append(outcome.grades)
    ranks, grades = np.concatenate(ranks), np.concatenate(grades)
    assert found.draws == len(ranks) == 1024
    for k, unit in enumerate(engine.units):
        for rank in range(1, len(engine.units) + 1):
            assert found.acceptability.loc[unit, rank] == (ranks[:, k] == rank).mean()
        assert found.grades.loc[unit].iloc[0] == (grades[:, k] == 0).mean()
    assert found.mean_rank["mean_rank"].to_numpy() == pytest.approx(ranks.mean(0))
    assert found.mean_rank["standard_deviation"].to_numpy() == pytest.approx(ranks.std(0))
    wins = (ranks[:, :, None] < ranks[:, None, :]).mean(0)
    np.testing.assert_allclose(found.wins.to_numpy(), wins)
    median = np.quantile(ranks, 0.5, axis=0, method="inverted_cdf")
    assert np.array_equal(found.quantiles[0.5].to_numpy(), median)


CASES: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "three_papers": ({}, [weights(0.3), ranges("total.combine.high"), noise(relative=0.1)]),
    "county_targets": ({"ranking.digits": None}, [weights(0.3)]),
    "cadre_360": ({"ranking.digits": 1}, [weights("simplex")]),
    "target_responsibility": ({"ranking.digits": 0}, [noise(relative=0.3)]),
    "sprint": ({}, [weights(0.5)]),
}


@pytest.mark.parametrize("name", CASES)
def test_places_are_counted_as_ranks_are(name: str, monkeypatch) -> None:
    scheme, panel = sk.load(name)
    edits, what = CASES[name]
    scheme = scheme.edit(edits)
    places = montecarlo(scheme, panel, *what, draws=1500, seed=4, threads=1)
    counting._studies.clear()
    [variant] = places._study.variants[""]
    assert variant.ranked is not None
    learn = layout.Variant.learn

    def learn_nothing(self: layout.Variant) -> None:
        learn(self)
        self.lean = self.ranked = None

    monkeypatch.setattr(layout.Variant, "learn", learn_nothing)
    ranks = montecarlo(scheme, panel, *what, draws=1500, seed=4, threads=1)
    counting._studies.clear()
    same(dict(sorted(places._tables.items())), dict(sorted(ranks._tables.items())))


# -- data that are drawn ---------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["sprint", "cadre_360", "target_responsibility", "tai"])
@pytest.mark.parametrize("table", ["actual", "target", "previous"])
def test_drawn_data_are_the_panel_with_that_column(case: str, table: str) -> None:
    scheme, panel = sk.load(case)
    engine = sk.Engine(scheme, panel)
    rng = np.random.default_rng(1)
    nodes = tuple(scheme.nodes)
    for leaf in scheme.indicators:
        base = engine.numbers(table, leaf.column)
        reads = table in (*leaf.measure.data, *leaf.rule.data)
        if not reads or np.isnan(base).all():
            continue
        drawn = base * rng.uniform(0.9, 1.1, (3, len(base)))
        outcome = engine.run({f"data.{table}.{leaf.column}": drawn}, nodes=nodes, uses=True)
        for r in range(3):
            frame = panel.frame(table)
            frame.loc[list(engine.units), leaf.column] = drawn[r]
            edited = sk.Engine(scheme, panel.replace(**{table: frame}))
            alone = edited.run(nodes=nodes, uses=True)
            assert np.array_equal(outcome.ranks[r], alone.ranks[0])
            np.testing.assert_allclose(outcome.totals[r], alone.totals[0])
            for node in nodes:
                score = outcome.scores[node][r if len(outcome.scores[node]) > 1 else 0]
                np.testing.assert_allclose(score, alone.scores[node][0], rtol=1e-9, atol=1e-9)


def test_a_measured_value_can_be_drawn() -> None:
    scheme, panel = sk.load("cadre_360")
    engine = sk.Engine(scheme, panel)
    plain = engine.run()
    for leaf in scheme.indicators:
        value = engine.values(leaf)
        if leaf.way != "moderate" and not np.isnan(value).any():
            outcome = engine.run({f"data.value.{leaf.id}": np.array([value, value + 1])})
            assert np.array_equal(outcome.totals[0], plain.totals[0])


@pytest.mark.parametrize(
    ("path", "values", "words"),
    [
        ("data.actual.gdp_grwth", np.ones((2, 28)), "Did you mean 'gdp_growth'"),
        ("data.actual.gdp_growth", np.ones((2, 5)), "28 units"),
        ("data.actual.gdp_growth", np.full((2, 28), np.inf), "28 units"),
    ],
)
def test_data_that_cannot_be_drawn_say_so(path: str, values: Any, words: str) -> None:
    engine = sk.Engine(*sk.load("three_papers"))
    with pytest.raises(sk.SimkaoheError, match=words):
        engine.run({path: values})


# -- laws of weights -------------------------------------------------------------------------------


def test_laws_of_weights() -> None:
    reference = np.array([1.0, 2.0, 2.0, 5.0])
    u = np.random.default_rng(0).random((40_000, 4))
    drawn = {law.law: law.relative(u, reference) * reference / 10 for law in LAWS}
    for shares in drawn.values():
        np.testing.assert_allclose(shares.sum(1), 1.0)
        assert (shares >= 0).all()
    np.testing.assert_allclose(drawn["simplex"].mean(0), 0.25, atol=0.004)
    assert stats.kstest(drawn["simplex"][:, 2], stats.beta(1, 3).cdf).pvalue > 1e-4
    np.testing.assert_allclose(drawn["dirichlet"].mean(0), reference / 10, atol=0.003)
    spread = reference / 10 * (1 - reference / 10) / 31
    np.testing.assert_allclose(drawn["dirichlet"].var(0), spread, rtol=0.04)
    relative = 2 * 0.4 * (LAWS[0].raw(u.copy(), reference) + LAWS[0].offset)
    assert relative.min() >= 0.6
    assert relative.max() <= 1.4
    one, two, three, four = drawn["ordinal"].T
    assert (four >= np.maximum(two, three)).all()
    assert (np.minimum(two, three) >= one).all()
    assert abs((two > three).mean() - 0.5) < 0.01
    # the centroid of the ordered simplex: (1/K) Σ 1/k, of tied places the mean
    corner = np.cumsum(1 / np.arange(4, 0, -1)) / 4
    centre = [corner[0], *[corner[1:3].mean()] * 2, corner[3]]
    np.testing.assert_allclose(drawn["ordinal"].mean(0), centre, atol=0.004)


def test_overrides_move_with_the_weight() -> None:
    scheme, panel = tree()
    engine = sk.Engine(scheme, panel)
    draws = weights(0.5).bind(engine).draws(np.random.default_rng(2).random((50, 12)))
    own = draws["x1.weight"] / 2.0
    np.testing.assert_allclose(draws["x1.weights_by_category.b"], 5.0 * own)
    assert "x2.weights_by_category.b" not in draws
    assert "x8.weight" not in draws
    assert "x8.weights_by_category.c" in draws


# -- exact answers ---------------------------------------------------------------------------------


def exact_with_two(x: np.ndarray) -> np.ndarray:
    """Return rank acceptabilities for weights (t, 1 − t), t uniform: lengths of intervals."""
    n = len(x)
    slope, height = x[:, 0] - x[:, 1], x[:, 1]
    cuts = {0.0, 1.0}
    for i in range(n):
        for j in range(i):
            if slope[i] != slope[j]:
                t = (height[j] - height[i]) / (slope[i] - slope[j])
                cuts |= {t} if 0 < t < 1 else set()
    ends = np.array(sorted(cuts))
    found = np.zeros((n, n))
    for low, high in pairwise(ends):
        middle = (low + high) / 2
        ranks = stats.rankdata(-(slope * middle + height), "min").astype(int)
        found[np.arange(n), ranks - 1] += high - low
    return found


@pytest.mark.parametrize("source", ["sobol", "random"])
def test_two_indicators_agree_with_exact_lengths(source) -> None:
    scheme, panel = flat(12, 2, seed=9, ranking={"digits": 9})
    x = panel.frame("actual").to_numpy()
    found = montecarlo(
        scheme, panel, weights("simplex"), draws=60_000, seed=2, threads=1, source=source
    )
    # exponential numbers, normalised: t is uniform
    error = np.abs(found.acceptability.to_numpy() - exact_with_two(x))
    assert (error <= 4 * found.standard_errors.to_numpy() + 2e-5).all()
    assert found.standard_errors.to_numpy().max() < (6e-4 if source == "sobol" else 4e-3)


def test_three_indicators_agree_with_exact_areas() -> None:
    """The triangle of weights, cut by the line where two units are level, is an exact area."""
    scheme, panel = flat(10, 3, seed=4, ranking={"digits": 9})
    x = panel.frame("actual").to_numpy()
    found = montecarlo(scheme, panel, weights("simplex"), draws=60_000, seed=3, threads=1)

    def wins(d: np.ndarray) -> float:
        """Return the share of the triangle where d·w > 0 (d has no zeros)."""
        plus = d > 0
        if plus.sum() in (0, 3):
            return float(plus.all())
        alone = int(np.flatnonzero(plus == (plus.sum() == 1))[0])
        corner = np.prod([d[alone] / (d[alone] - d[k]) for k in range(3) if k != alone])
        return corner if plus[alone] else 1 - corner

    n = len(x)
    exact = np.array(
        [[wins(x[i] - x[j]) if (x[i] != x[j]).all() else 0.0 for j in range(n)] for i in range(n)]
    )
    np.testing.assert_allclose(found.wins.to_numpy(), exact, atol=1.5e-3)
    mean = 1 + exact.sum(0)
    table = found.mean_rank
    assert (np.abs(table["mean_rank"] - mean) <= 4 * table["standard_error"] + 1e-4).all()


# -- the same counts, however it is run ------------------------------------------------------------


def full_scheme() -> tuple[sk.Scheme, sk.Panel, list[Any]]:
    scheme, panel = sk.load("three_papers")
    what = [
        weights(0.2, node=["development", "party"]),
        ranges("total.combine.high"),
        choice("gdp_growth.scope", ["all", "category"]),
        noise(relative=0.05, indicators=["gdp_growth"]),
    ]
    return scheme, panel, what


def test_threads_and_processes_count_the_same(monkeypatch) -> None:
    monkeypatch.setattr(front, "TASK", 1 << 13)
    scheme, panel, what = full_scheme()
    one = tables(scheme, panel, *what, draws=9000, seed=7, threads=1)
    same(one, tables(scheme, panel, *what, draws=9000, seed=7, threads=3))
    with ProcessPoolExecutor(2) as pool:
        same(one, tables(scheme, panel, *what, draws=9000, seed=7, executor=pool))
    other = tables(scheme, panel, *what, draws=9000, seed=8, threads=1)
    assert not np.array_equal(one["|ranks"], other["|ranks"])


def test_a_lost_process_loses_nothing(monkeypatch) -> None:
    import os
    import signal

    monkeypatch.setattr(front, "TASK", 1 << 13)
    scheme, panel, what = full_scheme()
    one = tables(scheme, panel, *what, draws=9000, seed=7, threads=1)
    with ProcessPoolExecutor(2) as pool:
        killed: list[int] = []

        def kill_once(done: int, total: int) -> None:
            if done and not killed:
                killed.append(next(iter(pool._processes)))
                os.kill(killed[0], signal.SIGKILL)

        with pytest.warns(RuntimeWarning, match="done here instead"):
            found = tables(
                scheme, panel, *what, draws=9000, seed=7, executor=pool, progress=kill_once
            )
    assert killed
    same(one, found)


class Stop(Exception):
    pass


@pytest.mark.parametrize("precision", [None, 0.004])
def test_a_stopped_run_goes_on_from_its_file(tmp_path, monkeypatch, precision) -> None:
    monkeypatch.setattr(front, "TASK", 1 << 13)
    monkeypatch.setattr(front, "SAVE_EVERY", 0.0)
    scheme, panel = sk.load("tai")
    file = tmp_path / "state.npz"
    options: dict[str, Any] = {"draws": 60_000, "seed": 3, "threads": 1, "precision": precision}
    options["also"] = ("central_weights",)
    whole = montecarlo(scheme, panel, weights(0.3), **options)
    seen: list[int] = []
    for after in (3, 5):
        calls = 0

        def stop(done: int, total: int, after: int = after) -> None:
            nonlocal calls
            calls += 1
            seen.append(done)
            if calls > after:
                raise Stop

        with pytest.raises(Stop):
            montecarlo(scheme, panel, weights(0.3), file=file, progress=stop, **options)
    assert seen[4] == seen[3] > 0  # nothing that was counted is counted again
    rest = montecarlo(scheme, panel, weights(0.3), file=file, **options)
    assert rest.draws == whole.draws
    same(whole._tables, rest._tables)
    again = montecarlo(scheme, panel, weights(0.3), file=file, **options)  # nothing left to do
    same(whole._tables, again._tables)
    assert [path.name for path in tmp_path.iterdir()] == ["state.npz"]
    with pytest.raises(sk.SimkaoheError, match="another scheme, data, factors or seed"):
        montecarlo(scheme, panel, weights(0.2), file=file, **options)
    file.write_bytes(b"PK\x03\x04 half of it")
    with pytest.raises(sk.SimkaoheError, match="no saved run"):
        montecarlo(scheme, panel, weights(0.3), file=file, **options)


def test_it_stops_when_it_is_precise_enough() -> None:
    scheme, panel = sk.load("tai")
    options: dict[str, Any] = {"draws": 1_000_000, "seed": 1, "threads": 1}
    rough = montecarlo(scheme, panel, weights(0.3), precision=0.01, **options)
    fine = montecarlo(scheme, panel, weights(0.3), precision=0.0015, **options)
    assert rough.standard_errors.to_numpy().max() <= 0.01
    assert fine.standard_errors.to_numpy().max() <= 0.0015
    assert rough.draws < fine.draws < 1_000_000
    plain = montecarlo(scheme, panel, weights(0.3), draws=fine.draws, seed=1, threads=1)
    same(plain._tables, fine._tables)


def test_standard_errors_cover() -> None:
    scheme, panel = sk.load("tai")
    best = montecarlo(scheme, panel, weights(0.3), draws=500_000, seed=99, threads=1)
    hits = []
    for seed in range(20):
        found = montecarlo(scheme, panel, weights(0.3), draws=2000, seed=seed, threads=1)
        error = np.abs(found.acceptability - best.acceptability)
        some = best.acceptability.to_numpy() > 0.02
        hits.append((error <= 2.131 * found.standard_errors).to_numpy()[some])  # t, 15 degrees
    assert 0.9 < np.concatenate(hits).mean() < 0.98


# -- what varies -----------------------------------------------------------------------------------


def test_alternatives_share_the_draws() -> None:
    scheme, panel = sk.load("three_papers")
    maps = ["linear_band", "fixed_band"]
    found = montecarlo(scheme, panel, choice("total.combine.map", maps), draws=1600, threads=1)
    expected = 0.0
    for name in maps:
        ranks = sk.evaluate(scheme.edit({"total.combine.map": name}), panel).outcome.ranks[0]
        expected = expected + 0.5 * (ranks[:, None] == np.arange(1, len(ranks) + 1))
    np.testing.assert_allclose(found.acceptability.to_numpy(), expected)


def test_the_category_of_a_unit_may_vary() -> None:
    scheme, panel = sk.load("three_papers")
    found = montecarlo(
        scheme, panel, choice("units.青山区", ["urban", "industry"]), draws=160, threads=1
    )
    ranks = [
        sk.evaluate(scheme.edit({"units.青山区": c}), panel).ranking.loc["青山区", "category_rank"]
        for c in ("urban", "industry")
    ]
    row = found.category_acceptability.loc["青山区"]
    assert row[row > 0].to_dict() == (
        {ranks[0]: 1.0} if ranks[0] == ranks[1] else dict.fromkeys(ranks, 0.5)
    )
    assert found.effects.loc["units.青山区", "effect"] in (True, False)


def test_a_factor_without_effect_is_reported() -> None:
    scheme, panel = sk.load("three_papers")
    found = montecarlo(
        scheme, panel, weights(0.2, node="total"), ranges("total.combine.high"), draws=200
    )
    assert not found.effects.loc[["development.weight", "party.weight"], "effect"].any()
    assert found.effects.loc["total.combine.high", "effect"]
    assert "without effect: development.weight, party.weight" in repr(found)


def test_noise_of_surveys_is_their_standard_error() -> None:
    frame = pd.DataFrame({"x": [50.0, 52.0, 70.0], "y": [60.0, 60.0, np.nan]}, list("abc"))
    size = pd.DataFrame({"x": [100.0, 400.0, np.nan]}, list("abc"))
    sd = pd.DataFrame({"x": [20.0, 20.0, 20.0]}, list("abc"))
    rule = {"method": "minmax", "worst": 0.0, "best": 100.0}
    leaves = [{"id": "x", "rule": rule}, {"id": "y", "rule": rule, "missing": "zero"}]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves}})
    panel = sk.Panel(frame, sample_size=size, sample_sd=sd)
    found = montecarlo(scheme, panel, noise(), draws=60_000, seed=2, threads=1)
    assert list(found._study.columns) == ["data.actual.x › a", "data.actual.x › b"]
    chance = stats.norm.sf(2 / np.sqrt(2.0**2 + 1.0**2))  # the means' standard errors: 2 and 1
    assert found.wins.loc["a", "b"] == pytest.approx(chance, abs=1e-3)


def test_schemes_on_the_same_draws() -> None:
    scheme, panel = sk.load("three_papers")
    narrow = scheme.edit({"total.combine.high": 1.01})
    law = weights(0.3, node="development")
    found = paired({"now": scheme, "narrow": narrow}, panel, law, draws=3000, seed=4, threads=2)
    alone = montecarlo(narrow, panel, law, draws=3000, seed=4, threads=1)
    assert found.results["narrow"].acceptability.equals(alone.acceptability)
    table = found.table("narrow")
    shift = found.results["now"].mean_rank["mean_rank"] - alone.mean_rank["mean_rank"]
    np.testing.assert_allclose(table["mean_shift"], shift)
    twin = paired({"a": scheme, "b": scheme}, panel, law, draws=500).table()
    assert (twin[["mean_shift", "standard_error", "gains", "loses"]] == 0).all(axis=None)


def test_central_weights_are_the_means_of_the_winners_weights() -> None:
    scheme, panel = flat(8, 3)
    found = montecarlo(scheme, panel, weights("simplex"), draws=4000, seed=1, threads=1)
    engine, study = sk.Engine(scheme, panel), found._study
    drawn, first = [], []
    for batch in range(BATCHES):
        for u in uniforms("sobol", 1, batch, 3, 0, 256, 256):
            draws = study.variants[""][0].draws(u)
            drawn.append(np.array([draws[f"x{k}.weight"] for k in range(3)]).T)
            first.append(engine.run(draws).ranks == 1)
    drawn, first = np.concatenate(drawn), np.concatenate(first)
    for k, unit in enumerate(panel.units):
        expected = drawn[first[:, k]].mean(0) if first[:, k].any() else np.full(3, np.nan)
        np.testing.assert_allclose(found.central_weights.loc[unit], expected)
    at_once = montecarlo(
        scheme, panel, weights("simplex"), draws=4000, seed=1, also=("wins", "central_weights")
    )
    pd.testing.assert_frame_equal(at_once.central_weights, found.central_weights)
    assert at_once.acceptability.equals(found.acceptability)


def test_plans_can_be_pickled() -> None:
    scheme, panel, what = full_scheme()
    plan = front._plan({"": scheme}, panel, tuple(what), 0, "sobol", frozenset())
    again = pickle.loads(pickle.dumps(plan))
    assert again == plan
    task = Task(3, 0, 64)
    one, other = study_of(plan).count(task), counting.Study(again).count(task)
    same(one, other)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: weights(1.5), "at most 1"),
        (lambda: weights(0.2, dirichlet=3.0), "more than one way"),
        (lambda: weights(dirichlet=0.0), "above 0"),
        (lambda: weights(node="developmnt"), "Did you mean 'development'"),
        (lambda: weights(node="gdp_growth"), "there is no group"),
        (lambda: ranges("total.combine.hihg"), "Did you mean 'high'"),
        (lambda: ranges({"total.combine.high": (1.2, 1.1)}), "(low, high)"),
        (lambda: ranges({"total.combine.high": (0.5, 1.1)}), "high"),
        (lambda: ranges("development.name"), "no range of its own"),
        (lambda: ranges(), "at least one"),
        (lambda: choice("total.combine", ["weighted_sum"]), "at least two"),
        (lambda: choice("total.combine", ["weighted_sum", "wheighted"]), "no method 'wheighted'"),
        (lambda: noise("actul"), "Did you mean 'actual'"),
        (lambda: noise(sd=-1.0), "above 0"),
        (lambda: noise(sd={"gdp": 1.0}), "there is no indicator 'gdp'"),
        (lambda: noise(), "no value has an error"),
    ],
)
def test_what_cannot_vary_says_so(make, words: str) -> None:
    scheme, panel = sk.load("three_papers")
    if words == "no value has an error":
        scheme, panel = sk.load("tai")
    with pytest.raises(sk.SimkaoheError) as caught:
        montecarlo(scheme, panel, make(), draws=16)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("what", "options", "words"),
    [
        ([], {}, "nothing varies"),
        ([weights(), weights(0.1)], {}, "it varies twice"),
        ([weights()], {"draws": 0}, "above 0"),
        ([weights()], {"draws": 1_000_000_000}, "at most 268,435,456"),
        ([weights()], {"precision": -1.0}, "above 0"),
        ([weights()], {"also": ("winz",)}, "Did you mean 'wins'"),
    ],
)
def test_runs_that_make_no_sense_say_so(what, options, words: str) -> None:
    scheme, panel = sk.load("tai")
    with pytest.raises(sk.SimkaoheError, match=words):
        montecarlo(scheme, panel, *what, **options)


def test_progress_is_told() -> None:
    scheme, panel = sk.load("tai")
    seen: list[tuple[int, int]] = []
    montecarlo(scheme, panel, weights(), draws=1000, progress=lambda *now: seen.append(now))
    assert seen[0] == (0, 1024)
    assert seen[-1] == (1024, 1024)
    assert seen == sorted(seen)
    montecarlo(scheme, panel, weights(), draws=16, progress=True)


def test_results_come_in_order_and_few_wait() -> None:
    assert list(front.in_order(abs, range(-30, 0), threads=3)) == list(range(30, 0, -1))
