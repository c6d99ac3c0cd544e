"""Comparison: shifts, statistics against scipy and by hand, who enters and leaves the top."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import simkaohe as sk
from simkaohe.comparison import top_overlap


def two(before: list[float], after: list[float]) -> sk.Comparison:
    """Return a comparison whose totals are these."""
    units = [f"u{i}" for i in range(len(before))]
    leaves = [{"id": name, "rule": "given", "weight": w} for name, w in (("x", 1.0), ("y", 0.0))]
    base = sk.Scheme.read({"root": {"id": "total", "children": leaves}})
    panel = sk.Panel(pd.DataFrame({"x": before, "y": after}, index=units, dtype=float))
    return sk.compare(panel, base=base, new=base.edit({"x.weight": 0.0, "y.weight": 1.0}))


def test_shifts_are_places_gained() -> None:
    shift = two([4, 3, 2, 1], [1, 3, 2, 4])
    assert shift.shifts["new"].to_dict() == {"u0": -3, "u1": 0, "u2": 0, "u3": 3}
    table = shift.table()
    assert list(table.index) == ["u3", "u1", "u2", "u0"]
    assert (table["rank_before"] - table["rank"] == table["shift"]).all()
    assert shift.top(2).to_dict("index") == {
        "u3": {"change": "enters", "rank_before": 4, "rank": 1},
        "u0": {"change": "leaves", "rank_before": 1, "rank": 4},
    }


def test_ranks_inside_the_category_shift_on_their_own() -> None:
    scheme, panel = sk.load("three_papers")
    shift = sk.compare(panel, base=scheme, raw=scheme.edit(sk.load_scenarios(
        sk.bundled_cases()["three_papers"] / "scenarios.yaml")[1]))  # fmt: skip
    for category in scheme.categories:
        members = [unit for unit, kind in scheme.units.items() if kind == category]
        before = shift.totals.loc[members, "base"].rank(ascending=False, method="min")
        after = shift.totals.loc[members, "raw"].rank(ascending=False, method="min")
        assert (shift.category_shifts.loc[members, "raw"] == before - after).all()


@pytest.mark.parametrize("seed", range(5))
def test_statistics_equal_those_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before, after = rng.integers(0, 12, (2, 20)).tolist()
    row = two(before, after).statistics.loc["new"]
    ranks = [stats.rankdata(-np.array(totals), method="min") for totals in (before, after)]
    assert row["kendall_tau_b"] == pytest.approx(stats.kendalltau(before, after).statistic)
    assert row["spearman_rho"] == pytest.approx(stats.spearmanr(*ranks).statistic)
    moved = np.abs(ranks[0] - ranks[1])
    assert (row["mean_shift"], row["largest_shift"]) == (moved.mean(), moved.max())
    assert row["moved"] == (moved > 0).sum()


def test_top_overlap_weighs_the_top() -> None:
    same, n = np.arange(1, 11), 10
    assert top_overlap(same, same) == pytest.approx(1)
    top = same.copy()
    top[[0, 1]] = top[[1, 0]]
    end = same.copy()
    end[[8, 9]] = end[[9, 8]]
    # by hand: the two agree at every depth but one, which has weight p^(d-1)
    weights = 0.9 ** np.arange(n)
    assert top_overlap(same, top) == pytest.approx(1 - weights[0] / weights.sum())
    assert top_overlap(same, end) == pytest.approx(1 - weights[8] / 9 / weights.sum())


def test_one_big_tie_has_no_correlation_and_no_crash() -> None:
    row = two([1, 1, 1], [3, 2, 1]).statistics.loc["new"]
    assert np.isnan(row["kendall_tau_b"])
    assert row["largest_shift"] == 2


def test_nobody_ranked_is_no_agreement_and_no_crash() -> None:
    scheme, panel = sk.load("tai")
    everybody = {"red": {"method": "veto", "effects": ["out"], "any_of": [
        {"score": "total", "at_most": 1e9}]}}  # fmt: skip
    out = scheme.edit({"adjustments": everybody})
    row = sk.compare(panel, base=out, new=out.edit({"patents.weight": 0.5})).statistics.loc["new"]
    assert row[["kendall_tau_b", "spearman_rho", "top_overlap", "mean_shift"]].isna().all()
    assert (row["largest_shift"], row["moved"]) == (0, 0)


def test_what_cannot_be_compared_says_so() -> None:
    scheme, panel = sk.load("tai")
    with pytest.raises(sk.SimkaoheError, match="at least two schemes"):
        sk.compare(panel, one=scheme)
    with pytest.raises(sk.SimkaoheError, match=r"B › .*zero or missing"):
        sk.compare(
            panel,
            A=scheme,
            B=scheme.edit({"total.combine": "geometric", "schooling.rule": "minmax"}),
        )


def test_an_attribution_adds_up_to_every_shift_in_score_and_rank() -> None:
    scheme, panel = sk.load("three_papers")
    for scenario in sk.load_scenarios("three_papers"):
        shift = sk.compare(panel, base=scheme, new=scheme.edit(scenario))
        found = shift.attribution(edits=scenario.edits)
        assert sorted(path for part in found.parts for path in part) == sorted(scenario.edits)
        change = (shift.totals["new"] - shift.totals["base"]).to_numpy()
        np.testing.assert_allclose(found.totals.sum(axis="columns"), change, atol=1e-9)
        places = shift.shifts["new"].to_numpy(np.float64)
        np.testing.assert_allclose(found.ranks.sum(axis="columns"), places, atol=1e-9)


def test_an_attribution_by_hand() -> None:
    # total = x·y / (x + y weights): two edits, x.weight 1 → 3 and y.weight 1 → 0; both orders
    leaves = [{"id": name, "rule": "given"} for name in ("x", "y")]
    base = sk.Scheme.read({"root": {"id": "total", "children": leaves}})
    panel = sk.Panel(pd.DataFrame({"x": [10.0, 0.0], "y": [0.0, 8.0]}, index=["a", "b"]))
    shift = sk.compare(panel, base=base, new=base.edit({"x.weight": 3, "y.weight": 0}))
    found = shift.attribution()
    # a: base 5; x alone 7.5; y alone 10; both 10.  x: (2.5 + 0) / 2, y: (2.5 + 5) / 2
    assert found.totals.loc["a"].to_dict() == {"x.weight": 1.25, "y.weight": 3.75}
    assert found.exact


def test_many_edits_of_one_kind_are_taken_together_and_others_in_drawn_orders() -> None:
    scheme, panel = sk.load("sprint")
    secured = sk.load_scenarios("sprint")[0]
    found = sk.compare(panel, a=scheme, b=scheme.edit(secured)).attribution()
    assert list(found.ranks) == [f"*.rule.outlook × {len(secured.edits)}"]
    rng = np.random.default_rng(2)
    edits = {f"{leaf.id}.weight": float(w) for leaf, w in zip(
        scheme.indicators[:9], rng.uniform(0, 20, 9), strict=True)}  # fmt: skip
    shift = sk.compare(panel, a=scheme, b=scheme.edit(edits))
    drawn = shift.attribution(orders=6)
    assert not drawn.exact
    change = (shift.totals["b"] - shift.totals["a"]).to_numpy()
    np.testing.assert_allclose(drawn.totals.sum(axis="columns"), change, atol=1e-9)
    pd.testing.assert_frame_equal(drawn.totals, shift.attribution(orders=6).totals)


def test_edits_that_are_only_valid_together_stay_together() -> None:
    leaves = [{"id": name, "rule": "given"} for name in ("x", "y")]
    base = sk.Scheme.read({"root": {"id": "total", "children": leaves}}).edit({"y.weight": 0})
    panel = sk.Panel(pd.DataFrame({"x": [1.0, 2.0], "y": [2.0, 1.0]}, index=["a", "b"]))
    shift = sk.compare(panel, base=base, new=base.edit({"x.weight": 0, "y.weight": 1}))
    assert shift.attribution().parts == (("x.weight", "y.weight"),)
    with pytest.raises(sk.SimkaoheError, match="no edit to attribute"):
        sk.compare(panel, a=base, b=base).attribution()
