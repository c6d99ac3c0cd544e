"""Rank ranges: against enumeration, dense grids and random draws."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import simkaohe as sk
from simkaohe.sensitivity.extremes import rank_range
from simkaohe.sensitivity.field import Field
from simkaohe.sensitivity.form import additive_form
from simkaohe.sensitivity.placing import Extent, Race, extent, found, proved
from simkaohe.sensitivity.polytope import Polytope, linear
from tests.strategies import evaluable, schemes


def additive(
    raw: Any, weights: Any, *, digits: int | None = None, combine: str = "weighted_sum", **more: Any
) -> tuple[sk.Scheme, sk.Panel]:
    raw = np.asarray(raw, float)
    children = [
        {"id": f"i{k}", "weight": float(w), "rule": {"method": "minmax", "worst": 0, "best": 100}}
        for k, w in enumerate(weights)
    ]
    root = {"id": "total", "children": children, "combine": combine}
    scheme = sk.Scheme.read({"root": root, "ranking": {"digits": digits}, **more})
    names = [f"u{i}" for i in range(len(raw))]
    return scheme, sk.Panel(pd.DataFrame(raw, names, [c["id"] for c in children]))


def drawn(at: Polytope, rng: np.random.Generator, count: int) -> np.ndarray:
    """Weights within the bounds: mixtures of vertices."""
    corners = at.largest(rng.normal(size=(60, len(at.low))))[1]
    return rng.dirichlet(np.full(len(corners), 0.05), count) @ corners


def ranks_everywhere(x: np.ndarray, w: np.ndarray, within: float, unit: int) -> set[int]:
    """All ranks of a unit over three weights, by visiting every cell between the lines.

    Lines are where a rival draws level and where a weight meets its bound; every cell has a corner
    at the crossing of two of them.
    """
    d = np.delete(x, unit, 0) - x[unit]
    lines = [(row[0] - row[2], row[1] - row[2], row[2]) for row in d]
    for k in range(3):
        for edge in (w[k] * (1 - within), w[k] * (1 + within)):
            line = np.array([1.0, 0, -edge] if k == 0 else [0, 1.0, -edge])
            lines.append(tuple(line) if k < 2 else (-1.0, -1.0, 1.0 - edge))
    corners = []
    for one, two in combinations(np.array(lines), 2):
        a = np.array([one[:2], two[:2]])
        if abs(np.linalg.det(a)) > 1e-12:
            corners.append(np.linalg.solve(a, -np.array([one[2], two[2]])))
    turn = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    near = 1e-6 * np.array([np.cos(turn), np.sin(turn)]).T
    points = (np.array(corners)[:, None] + near).reshape(-1, 2)
    full = np.column_stack([points, 1 - points.sum(1)])
    inside = (np.abs(full / w - 1) <= within + 1e-12).all(1)
    return set((1 + (full[inside] @ d.T > 0).sum(1)).tolist())


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_proved_ranges_are_those_of_the_enumeration(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(3, 9))
    raw = rng.uniform(40, 100, (count, 3))
    if rng.random() < 0.3:
        raw[1] = raw[0]
    weights = rng.uniform(1, 10, 3)
    within = float(rng.choice([0.1, 0.3, 0.6]))
    answer = rank_range(*additive(raw, weights), within=within, proof=True)
    for unit in range(count):
        row = answer.table.loc[f"u{unit}"]
        ranks = ranks_everywhere(raw, weights / weights.sum(), within, unit)
        assert (row["best"], row["worst"]) == (min(ranks), max(ranks))
        assert row["best_proved"]
        assert row["worst_proved"]


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.sampled_from((0, 1, 2, None)), st.integers(2, 4))
def test_nobody_on_a_dense_grid_is_outside_the_bounds(
    seed: int, digits: int | None, size: int
) -> None:
    rng = np.random.default_rng(seed)
    raw = rng.integers(50, 100, (7, size))
    weights = rng.integers(1, 9, size) * 5.0
    scheme, panel = additive(raw, weights, digits=digits)
    answer = rank_range(scheme, panel, within=0.4, proof=True)
    share = np.linspace(0.6, 1.4, 41 if size < 4 else 17)
    grid = np.array(list(product(share, repeat=size - 1))) * weights[:-1]
    grid = np.column_stack([grid, weights.sum() - grid.sum(1)])
    grid = grid[np.abs(grid[:, -1] / weights[-1] - 1) <= 0.4 + 1e-9]
    draws = {f"i{k}.weight": grid[:, k] for k in range(size)}
    ranks = sk.Engine(scheme, panel).run(draws).ranks
    table = answer.table.reindex([f"u{i}" for i in range(7)])
    assert (ranks.min(0) >= table["best_bound"]).all()
    assert (ranks.max(0) <= table["worst_bound"]).all()
    assert (table["best"] <= table["rank"]).all()
    assert (table["worst"] >= table["rank"]).all()
    assert (table["best"] >= table["best_bound"]).all()
    assert (table["worst"] <= table["worst_bound"]).all()
    # what is attained and proved is at least what the grid found
    exact = table["best_proved"].to_numpy()
    assert (ranks.min(0)[exact] >= table["best"].to_numpy()[exact]).all()
    assert exact.mean() > 0.8


def test_program_with_rounding_equals_the_grid_and_needs_it() -> None:
    """At whole points a rival 0.4 ahead is level: ranks without rounding would be too bad."""
    raw = [[80.0, 60.0], [80.4, 60.4], [60.0, 80.0], [70.0, 70.0]]
    scheme, panel = additive(raw, [50, 50], digits=0)
    answer = rank_range(scheme, panel, within=0.5, proof=True).table
    share = np.linspace(25, 75, 20001)
    ranks = sk.Engine(scheme, panel).run({"i0.weight": share, "i1.weight": 100 - share}).ranks
    ordered = answer.reindex([f"u{i}" for i in range(4)])
    assert ordered["best"].tolist() == ranks.min(0).tolist()
    assert ordered["worst"].tolist() == ranks.max(0).tolist()
    assert answer["best_proved"].all()
    assert answer["worst_proved"].all()
    assert ordered.loc["u0", "best"] == 1
    finer = rank_range(scheme.edit({"ranking.digits": 4}), panel, within=0.5).table
    assert finer.loc["u0", "best"] == 2


@settings(max_examples=80)
@given(schemes(), st.sampled_from(("all", "category")), st.booleans(), st.booleans())
def test_laws_hold_on_random_schemes(
    case: tuple[sk.Scheme, sk.Panel], peers: str, proof: bool, inner: bool
) -> None:
    scheme, panel = case
    scheme = scheme.edit({"ranking.ties": "competition"})
    engine = evaluable(scheme, panel)
    assume(engine is not None)
    groups = [n for n, node in scheme.nodes.items() if hasattr(node, "children")]
    group = groups[-1 if inner else 0]
    try:
        form = additive_form(scheme, panel, group)
        field = Field(form, 0.3, {})
        answer = rank_range(scheme, panel, group, within=0.3, proof=proof, peers=peers)
    except sk.SimkaoheError:
        assume(False)
    table = answer.table
    assert (table["best_bound"] <= table["best"]).all()
    assert (table["best"] <= table["rank"]).all()
    assert (table["rank"] <= table["worst"]).all()
    assert (table["worst"] <= table["worst_bound"]).all()
    # no draw within the bounds is outside
    rows = [field.edits(w) for w in drawn(field.at, np.random.default_rng(0), 200)]
    outcome = form.engine.run({path: np.array([row[path] for row in rows]) for path in rows[0]})
    ranks = outcome.ranks if peers == "all" else outcome.category_ranks
    places = [form.units.index(unit) for unit in table.index]
    assert (ranks[:, places].min(0) >= table["best_bound"]).all()
    assert (ranks[:, places].max(0) <= table["worst_bound"]).all()
    # the form gives the engine's totals
    totals = field.slopes @ np.array(drawn(field.at, np.random.default_rng(0), 200)).T
    totals = (totals + field.constants[:, None]).T[:, field.linear]
    totals = (np.exp(totals) if form.logarithmic else totals) * field.scale
    digits = 9 if scheme.ranking.digits is None else scheme.ranking.digits
    near = 0.51 * 10.0**-digits + 1e-6
    np.testing.assert_allclose(totals, outcome.totals[:, field.linear], rtol=0, atol=near)
    # certificates are valid edits within the bounds, and give the ranks
    for unit in table.index[:2]:
        for end in ("best", "worst"):
            edits = answer.edits(unit, end)
            ranking = sk.evaluate(scheme.edit(edits), panel).ranking
            column = "rank" if peers == "all" else "category_rank"
            assert ranking.loc[unit, column] == table.loc[unit, end]
            for path, value in edits.items():
                if path in answer.bounds.index:
                    low, _, high = answer.bounds.loc[path]
                    assert low - 1e-9 <= value <= high + 1e-9


def test_search_and_proof_on_arrays_agree_with_the_largest_leads() -> None:
    rng = np.random.default_rng(3)
    x = rng.uniform(0, 100, (30, 8))
    w = rng.dirichlet(np.full(8, 4.0))
    at = Polytope(0.8 * w, 1.2 * w, np.ones((1, 8), bool))
    for unit in range(0, 30, 7):
        g = np.delete(x, unit, 0) - x[unit]
        race = Race(x[unit], 0.0, g, np.zeros(29), 4, 1e-4)
        leads = extent(race, at)
        for k in (0, 13):  # greedy filling is the linear program's answer
            assert leads.high[k] == pytest.approx(-linear(-g[k], at).fun, abs=1e-7)
            assert leads.low[k] == pytest.approx(linear(g[k], at).fun, abs=1e-7)
        open_ = leads.possible() & ~leads.certain(race.step)
        if not open_.any():
            continue
        part, rest = race.only(open_), Extent(leads.low[open_], leads.high[open_])
        for best in (True, False):
            (weights,) = found([part], at, w, [best])
            answer = proved(part, at, rest, best, 60.0)
            assert answer.weights is not None
            assert part.ahead(answer.weights).sum() == answer.bound
            searched = int(part.ahead(weights).sum())
            assert searched >= answer.bound if best else searched <= answer.bound
            assert abs(searched - answer.bound) <= 3


def test_bounds_of_single_weights() -> None:
    scheme, panel = additive([[90, 50, 70], [50, 90, 70], [69, 69, 70.5]], [40, 35, 25])
    free = {f"i{k}.weight": (0.0, 100.0) for k in range(3)}
    answer = rank_range(scheme, panel, bounds=free, proof=True)
    assert answer.table[["best", "worst"]].values.tolist() == [[1, 3], [1, 3], [1, 3]]
    narrow = rank_range(scheme, panel, within=0.0, bounds={"i0.weight": (30, 41)}, proof=True)
    assert (narrow.table["best"] == narrow.table["rank"]).all()  # the sum lets nothing move
    two = {"i0.weight": (30, 41), "i1.weight": (30, 41)}
    answer = rank_range(scheme, panel, within=0.0, bounds=two, proof=True)
    assert answer.table.loc["u1", "best"] == 1
    assert answer.bounds.loc["i2.weight"].tolist() == pytest.approx([25, 25, 25])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"bounds": {"i7.weight": (0, 1)}}, "i7.weight"),
        ({"bounds": {"i0.weight": (90, 99)}, "within": 0.1}, "no weights meet them"),
        ({"within": -1.0}, "from 0 on"),
        ({"units": ["u9"]}, "u9"),
        ({"group": "total2"}, "total2"),
        ({"units": ["u2"]}, "not ranked"),
    ],
)
def test_refusals(more: dict[str, Any], said: str) -> None:
    scheme, panel = additive([[90, 50], [50, 90], [60, 60]], [40, 60], unranked=["u2"])
    with pytest.raises(sk.SimkaoheError, match=said):
        rank_range(scheme, panel, **more)


def test_dense_ranks_are_refused() -> None:
    scheme, panel = additive([[90, 50], [50, 90]], [40, 60])
    with pytest.raises(sk.SimkaoheError, match="dense ranks"):
        rank_range(scheme.edit({"ranking.ties": "dense"}), panel)


def test_a_unit_with_a_spread_weight_counts_as_undecided() -> None:
    raw = np.array([[90, 50, 70], [50, 90, 70], [65, 55, np.nan], [5, 9, np.nan]])
    scheme, panel = additive(raw, [40, 35, 25])
    scheme = scheme.edit({"i2.missing": "spread"})
    answer = rank_range(scheme, panel, within=0.5, proof=True)
    assert set(answer.reasons) == {"u2", "u3"}
    assert "missing" in str(answer.reasons["u2"])
    assert answer.table.index.tolist() == ["u0", "u1"]
    assert answer.table["worst_bound"].max() <= 3  # u3 is never ahead
    with pytest.raises(sk.SimkaoheError, match="missing score"):
        rank_range(scheme, panel, units=["u2"])


def test_the_solver_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    scheme, panel = additive(rng.uniform(50, 100, (25, 6)), rng.uniform(5, 20, 6), digits=2)
    rank_range(scheme, panel, within=0.5, proof=True, units=["u3", "u5"])
    assert capfd.readouterr().out == ""


def test_geometric_ranges_are_those_of_a_grid() -> None:
    rng = np.random.default_rng(5)
    scheme, panel = additive(rng.uniform(30, 100, (8, 2)), [60, 40], combine="geometric", digits=1)
    answer = rank_range(scheme, panel, within=0.5, proof=True).table
    share = np.linspace(40, 80, 20001)  # both weights within half of themselves
    ranks = sk.Engine(scheme, panel).run({"i0.weight": share, "i1.weight": 100 - share}).ranks
    ordered = answer.reindex([f"u{i}" for i in range(8)])
    assert (ordered["best_bound"] <= ranks.min(0)).all()
    assert (ordered["worst_bound"] >= ranks.max(0)).all()
    assert (ordered["best"] <= ranks.min(0)).mean() > 0.8


def test_totals_that_no_weight_moves_are_not_called_missing() -> None:
    leaves = [{"id": n, "rule": {"method": "minmax", "worst": 0, "best": 100}} for n in "xy"]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves}})
    panel = sk.Panel(pd.DataFrame(50.0, ["a", "b", "c"], ["x", "y"]))
    with pytest.raises(sk.SimkaoheError, match="no unit's total depends on these weights"):
        rank_range(scheme, panel)
