"""Most favourable weights: against grids of weights, exact rank ranges and known answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings

import simkaohe as sk
from simkaohe.fairness import most_favourable_weights
from simkaohe.sensitivity import rank_range
from tests.strategies import schemes

CASES = ["cadre_360", "county_targets", "sprint", "tai", "target_responsibility", "three_papers"]


def additive(scores: Any, weights: Any, **more: Any) -> tuple[sk.Scheme, sk.Panel]:
    scores = np.asarray(scores, float)
    rule = {"method": "minmax", "worst": 0, "best": 100}
    leaves = [{"id": f"i{k}", "weight": float(w), "rule": rule} for k, w in enumerate(weights)]
    values = {"root": {"id": "total", "children": leaves}, "ranking": {"digits": None}, **more}
    names = [f"u{i}" for i in range(len(scores))]
    panel = sk.Panel(pd.DataFrame(scores, names, [leaf["id"] for leaf in leaves]))
    return sk.Scheme.read(values), panel


def grid(w: np.ndarray, low: float, high: float) -> np.ndarray:
    """Weights of three indicators inside low·w … high·w that keep the sum, on a fine grid."""
    first, second = (np.linspace(low * w[k], high * w[k], 401) for k in (0, 1))
    a, b = (each.ravel() for each in np.meshgrid(first, second))
    c = w.sum() - a - b
    inside = (c >= low * w[2] - 1e-9) & (c <= high * w[2] + 1e-9)
    return np.stack([a, b, c], 1)[inside] / w.sum()


@pytest.mark.parametrize("seed", range(3))
def test_claims_are_what_a_grid_of_weights_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, w = rng.uniform(30, 90, (9, 3)), rng.uniform(20, 50, 3)
    found = most_favourable_weights(*additive(x, w))
    for prefix, low, high in (("", 0.75, 1.25), ("odd_", 0.5, 2.0)):
        totals = grid(w, low, high) @ x.T
        ranks = 1 + (totals[:, None, :] > totals[:, :, None] + 1e-9).sum(2)
        for unit in range(9):
            row, best = found.table.loc[f"u{unit}"], ranks[:, unit].min()
            assert row[f"{prefix}bound"] <= best
            assert row[f"{prefix}best"] <= best + 1  # vertices, not a full search
            assert row[f"{prefix}bound"] <= row[f"{prefix}best"]
        if not prefix:
            others = np.where(np.eye(9, dtype=bool)[None], -np.inf, totals[:, None, :]).max(2)
            want = (totals / others).max(0)
            got = found.benefit.reindex([f"u{i}" for i in range(9)]).to_numpy()
            assert (got >= want - 1e-9).all()
            assert got == pytest.approx(want, abs=2e-3)


def test_a_geometric_scheme_is_measured_in_logarithms() -> None:
    rng = np.random.default_rng(4)
    x, w = rng.uniform(30, 90, (6, 3)), np.array([40.0, 30, 30])
    scheme, panel = additive(x, w)
    found = most_favourable_weights(scheme.edit({"total.combine": "geometric"}), panel)
    totals = np.exp(grid(w, 0.75, 1.25) @ np.log(x.T))
    others = np.where(np.eye(6, dtype=bool)[None], -np.inf, totals[:, None, :]).max(2)
    got = found.benefit.reindex([f"u{i}" for i in range(6)]).to_numpy()
    assert got == pytest.approx((totals / others).max(0), abs=2e-3)


def test_certificates_give_the_ranks_and_stay_within_bounds() -> None:
    rng = np.random.default_rng(5)
    scheme, panel = additive(rng.uniform(30, 90, (12, 5)), [10, 30, 25, 20, 15])
    found = most_favourable_weights(scheme, panel)
    for odd, low, high in ((False, 0.75, 1.25), (True, 0.5, 2.0)):
        for unit, row in found.table.iterrows():
            edits = found.edits(str(unit), odd=odd)
            ranking = sk.evaluate(scheme.edit(edits), panel).ranking
            assert ranking.at[unit, "rank"] == row["odd_best" if odd else "best"]
            for path, value in edits.items():
                stated = scheme.paths()[path].value
                assert low * stated - 1e-9 <= value <= high * stated + 1e-9


def test_the_bound_is_that_of_the_rank_range() -> None:
    rng = np.random.default_rng(6)
    scheme, panel = additive(rng.uniform(30, 90, (15, 6)), rng.uniform(5, 40, 6))
    mine = most_favourable_weights(scheme, panel).table
    theirs = rank_range(scheme, panel, "leaves", within=0.25, proof=True).table.reindex(mine.index)
    assert (mine["bound"] <= theirs["best_bound"]).all()  # a proof only tightens
    assert (mine["best"] >= theirs["best"]).all()
    assert (mine["best"] - theirs["best"]).mean() < 0.5


def test_who_reaches_what() -> None:
    # At 50 : 50 u0 leads u1 by 1; u1 needs w1 above 0.525, u2 above 0.6, u3 loses everywhere.
    scores = [[80, 60], [70, 69], [60, 73.4], [50, 50]]
    found = most_favourable_weights(*additive(scores, [50, 50])).table
    assert found["top"].to_dict() == {"u0": "now", "u1": "within", "u2": "odd", "u3": "never"}
    assert found.at["u3", "half"] == "never"
    assert found.at["u2", "half"] == "within"


def test_a_unit_that_is_worse_everywhere_is_worse_by_all_weights() -> None:
    found = most_favourable_weights(*additive([[80, 60, 50], [40, 30, 25]], [1, 1, 1]))
    assert found.table.at["u1", "bound"] == 2
    assert found.benefit["u1"] == pytest.approx(0.5)
    assert found.benefit["u0"] == pytest.approx(2.0)


def test_categories_compete_inside_themselves() -> None:
    more = {
        "categories": {"x": None, "y": None},
        "units": {"u0": "x", "u1": "x", "u2": "y", "u3": "y"},
        "grades": {"bands": [{"name": "A", "share": 0.5}, {"name": "B"}], "within": "category"},
    }
    found = most_favourable_weights(
        *additive([[80, 60], [70, 69], [60, 60], [50, 50]], [1, 1], **more)
    )
    assert found.peers == "category"
    assert found.seats.to_dict() == {"x": 1, "y": 1}
    assert found.table["top"].to_dict() == {
        "u0": "now", "u1": "within", "u2": "now", "u3": "never",
    }  # fmt: skip


def test_a_multiplier_is_looked_at_where_it_is_linear() -> None:
    scheme, panel = sk.load("three_papers")
    found = most_favourable_weights(scheme, panel)
    assert found.form is not None
    assert found.form.group == "development"
    assert "Development" in found.findings[0].caution.en


def test_a_scheme_without_linear_weights_is_grey() -> None:
    scheme, panel = additive([[80, 60], [70, 69], [60, 73]], [50, 50])
    found = most_favourable_weights(scheme.edit({"total.combine": "minimum"}), panel)
    assert found.form is None
    assert [f.light for f in found.findings] == ["grey"]
    assert found.benefit.empty


def test_bounds_of_ones_own() -> None:
    scheme, panel = additive([[80, 60], [70, 69]], [50, 50])
    fixed = most_favourable_weights(scheme, panel, bounds={"i0.weight": (50, 50)})
    assert fixed.table.at["u1", "best"] == 2
    with pytest.raises(sk.SimkaoheError, match="no weight"):
        most_favourable_weights(scheme, panel, bounds={"i9.weight": (1, 2)})
    with pytest.raises(sk.SimkaoheError, match="within"):
        most_favourable_weights(scheme, panel, -0.1)
    with pytest.raises(sk.SimkaoheError, match="u7"):
        most_favourable_weights(scheme, panel).edits("u7")


@settings(max_examples=12)
@given(schemes())
def test_any_scheme_is_answered(case: tuple[sk.Scheme, sk.Panel]) -> None:
    scheme, panel = case
    try:
        sk.evaluate(scheme, panel)
    except sk.SimkaoheError:
        assume(False)
    found = most_favourable_weights(scheme, panel)
    assert found.findings
    if found.form is not None:
        table = found.table
        assert (table["bound"] <= table["best"]).all()
        assert (table["best"] <= table["rank"]).all()
        assert (table["odd_best"] <= table["best"]).all()
        assert (table["odd_bound"] <= table["odd_best"]).all()


@pytest.mark.parametrize("case", CASES)
def test_every_case_speaks(case: str) -> None:
    found = most_favourable_weights(*sk.load(case))
    assert len({f.topic for f in found.findings}) == len(found.findings) > 0
    for finding in found.findings:
        assert all((*finding.question, *finding.sentence, *finding.caution))
    leaders = found.table["rank"] == 1
    assert (found.benefit[leaders] >= 1 - 1e-9).all()
    if not found.reasons:  # who has no linear total is a rival in the bounds only
        assert (found.benefit[found.table["bound"] > 1] < 1 + 1e-3).all()
