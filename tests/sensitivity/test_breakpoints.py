"""Breakpoints are where a fine grid of evaluations sees places change, on any scheme."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from strategies import evaluable, schemes

import simkaohe as sk
from simkaohe.sensitivity.stepping import Breakpoints, breakpoints

GRID = 400


def movable(scheme: sk.Scheme) -> list[str]:
    """Paths of all weights and of the numbers of all multipliers."""
    found = []
    for name, node in scheme.nodes.items():
        if node is not scheme.root:
            found.append(f"{name}.weight")
            found += [f"{name}.weights_by_category.{c}" for c in node.weights_by_category]
        method = getattr(node, "combine", None)
        if method is not None and method.method == "multiplier":
            found += [f"{name}.combine.low", f"{name}.combine.high", f"{name}.combine.base_mark"]
            if method.map.method == "centred":
                found.append(f"{name}.combine.map.beta")
            if method.map.method == "gate":
                found += [f"{name}.combine.map.pass_mark", f"{name}.combine.map.otherwise"]
    return found


def agrees_with_the_engine(found: Breakpoints, panel: sk.Panel, points: int = GRID) -> None:
    """Compare totals, and the ranks between the points, with evaluations on a grid."""
    scheme = found.scheme.edit({"ranking.digits": None})
    engine = sk.Engine(scheme, panel)
    width = found.high - found.low
    grid = found.low + (np.arange(points) + 0.5) / points * width
    edits = found._along.move.edits(grid)
    outcome = engine.run(edits, nodes=[scheme.root.id])
    exact = np.broadcast_to(outcome.scores[scheme.root.id], outcome.totals.shape)
    exact = exact * scheme.full / 100
    mine = found.totals_at(grid).to_numpy()
    assert np.allclose(mine, exact, rtol=1e-9, atol=1e-9)
    edges = np.append(found.intervals.index.get_level_values("low"), found.high)
    home = np.clip(np.searchsorted(edges, grid) - 1, 0, len(edges) - 2)
    expected = found.intervals.to_numpy()[home]
    # Where two totals are level but for noise, either order will do.
    gaps = np.abs(exact[:, :, None] - exact[:, None, :])
    near = ((gaps < 1e-7) & (gaps > 0)).any((1, 2))
    near |= np.abs(grid[:, None] - edges).min(1) < 1e-9 * width
    assert np.array_equal(expected[~near], outcome.ranks[~near])


@settings(max_examples=200)
@given(schemes(), st.data())
def test_the_ranking_between_the_points_is_the_engines(
    drawn: tuple[sk.Scheme, sk.Panel], data: st.DataObject
) -> None:
    scheme, panel = drawn
    assume(evaluable(scheme, panel) is not None)
    path = data.draw(st.sampled_from(movable(scheme)))
    try:
        found = breakpoints(scheme, panel, path)
    except sk.SimkaoheError as error:
        event(f"refused: {error.problems[0].found}"[:60])
        return
    event("solved")
    agrees_with_the_engine(found, panel)


# -- by hand ---------------------------------------------------------------------------------------

RULE = {"method": "minmax", "worst": 0.0, "best": 100.0}


def scheme_of(
    table: dict[str, list[float]], weights: list[float], **more: Any
) -> tuple[sk.Scheme, sk.Panel]:
    """Return a scheme whose scores are the values."""
    names = [f"x{k}" for k in range(len(weights))]
    leaves = [{"id": n, "weight": w, "rule": RULE} for n, w in zip(names, weights, strict=True)]
    frame = pd.DataFrame.from_dict(table, orient="index", columns=names)
    combine = more.pop("combine", "weighted_sum")
    root = {"id": "total", "children": leaves, "combine": combine}
    return sk.Scheme.read({"root": root, **more}), sk.Panel(frame)


def test_two_lines_cross_where_they_should() -> None:
    # A = 80 v + 40 (1 − v), B = 50 v + 60 (1 − v): level at v = 20/50 of the sum
    scheme, panel = scheme_of({"A": [80, 40], "B": [50, 60]}, [30, 70], ranking={"digits": 2})
    found = breakpoints(scheme, panel, "x0.weight")
    assert (found.low, found.high, found.present) == (0, 100, 30)
    [point] = found.points.to_dict("records")
    assert point["value"] == pytest.approx(40, abs=1e-12)
    assert (point["up"], point["down"]) == ("A", "B")
    assert (point["place_up"], point["place_down"]) == (1, 2)
    # slopes 0.4 and −0.1 a point of weight: totals rounded to 0.01 tie within 0.01 / 0.5
    assert point["zone"] == pytest.approx(0.02)
    assert found.stable == pytest.approx((0, 40))
    assert found.stable_units.loc["A", "above"] == "B"
    assert found.stable_units.loc["A", "below"] is None
    assert found.intervals.to_numpy().tolist() == [[2, 1], [1, 2]]
    assert found.ranking_at(40).to_list() == [1, 1]
    assert found.ranking_at(41).to_list() == [1, 2]
    assert found.edits(40) == {"x0.weight": 40, "x1.weight": 60}
    assert found.steps("A").to_numpy().tolist() == [[0, 40, 2], [40, 100, 1]]
    assert found.totals_at([0, 50]).to_numpy().tolist() == [[40, 60], [60, 55]]


def test_crossings_of_one_weight_are_the_kendall_distance_of_its_ends() -> None:
    rng = np.random.default_rng(7)
    table = {f"u{i}": list(row) for i, row in enumerate(rng.uniform(0, 100, (40, 5)))}
    scheme, panel = scheme_of(table, [1, 2, 3, 4, 5])
    found = breakpoints(scheme, panel, "x2.weight")
    first, last = found.intervals.iloc[0].to_numpy(), found.intervals.iloc[-1].to_numpy()
    up, down = np.triu_indices(40, 1)
    discordant = ((first[up] - first[down]) * (last[up] - last[down]) < 0).sum()
    assert len(found.points) == discordant > 100
    assert not found.points["tie"].any()
    # the interval around the present holds the present ranking
    now = sk.evaluate(scheme, panel).ranking["rank"].reindex(panel.units)
    low, high = found.stable
    assert low < found.present < high
    assert (found.intervals.loc[(low, high)] == now.to_numpy()).all()


def test_units_that_are_equal_all_along_never_change_places() -> None:
    scheme, panel = scheme_of({"A": [80, 40], "B": [80, 40], "C": [50, 60]}, [30, 70])
    found = breakpoints(scheme, panel, "x0.weight")
    assert len(found.points) == 2
    assert found.intervals.to_numpy().tolist() == [[2, 2, 1], [1, 1, 3]]


def test_geometric_means_cross_where_their_logarithms_do() -> None:
    scheme, panel = scheme_of({"A": [80, 40], "B": [50, 60]}, [30, 70], combine="geometric")
    found = breakpoints(scheme, panel, "x0.weight")
    v = np.log(60 / 40) / np.log((80 * 60) / (40 * 50))
    assert found.points["value"].to_list() == pytest.approx([100 * v])


def test_a_coefficient_limit_clips_the_line() -> None:
    # T = B min(p/100, v): A = 60 min(1.1, v), B = 72 min(0.9, v): level at v = 72·0.9/60 = 1.08
    table = {"A": [60, 110], "B": [72, 90]}
    combine = {"method": "multiplier", "base": "x0", "low": 0.5, "high": 1.05}
    scheme, panel = scheme_of(table, [1, 1], combine=combine)
    scheme = scheme.edit({"x1.rule.clip": False})
    found = breakpoints(scheme, panel, "total.combine.high", 0.8, 1.2)
    assert found.points["value"].to_list() == pytest.approx([1.08])
    assert found.points["up"].to_list() == ["A"]
    agrees_with_the_engine(found, panel)


def test_two_coefficients_make_a_parabola_that_may_be_crossed_twice() -> None:
    # A: 40 v², B: 44 v (its second coefficient is 0.5 … below the limit), C: constant
    table = {"A": [40, 100, 100], "B": [88, 100, 50], "C": [30, 100, 100]}
    combine = {"method": "multiplier", "base": "x0", "low": 0.5, "high": 1.0}
    scheme, panel = scheme_of(table, [1, 1, 1], combine=combine)
    found = breakpoints(scheme, panel, "total.combine.low", 0.1, 0.9)
    agrees_with_the_engine(found, panel)
    fixed = {"method": "multiplier", "base": "x0", "map": "fixed_band", "low": 0.5, "high": 1.0}
    scheme = scheme.edit({"total.combine": fixed})
    agrees_with_the_engine(breakpoints(scheme, panel, "total.combine.high", 0.6, 2.0), panel)


def test_both_factors_touched_by_one_weight() -> None:
    """The base's parts move, and so do the added parts: a ratio of a square and a line."""
    rng = np.random.default_rng(3)
    table = {f"u{i}": list(row) for i, row in enumerate(rng.uniform(20, 100, (15, 4)))}
    combine = {"method": "multiplier", "base": ["x0", "x1"], "added": "x3", "low": 0.6}
    scheme, panel = scheme_of(table, [40, 30, 20, 10], combine=combine)
    found = breakpoints(scheme, panel, "x0.weight")
    assert len(found.points) > 5
    agrees_with_the_engine(found, panel)


def test_a_gate_is_a_jump() -> None:
    table = {"A": [90, 70], "B": [80, 75], "C": [70, 90]}
    combine = {"method": "multiplier", "base": "x0", "map": "gate"}
    scheme, panel = scheme_of(table, [1, 1], combine=combine)
    found = breakpoints(scheme, panel, "total.combine.map.pass_mark", 50, 95)
    # A falls behind B at 70 (72 < 80), B behind A and C at 75 (64), C behind B at 90 (56)
    assert found.points["value"].to_list() == pytest.approx([70, 75, 75, 90])
    assert found.intervals.to_numpy().tolist() == [[1, 2, 3], [2, 1, 3], [1, 3, 2], [1, 2, 3]]
    agrees_with_the_engine(found, panel)


def test_a_stretch_of_equal_totals_is_a_tie_that_begins_and_ends() -> None:
    table = {"A": [60, 100], "B": [60, 90]}
    combine = {"method": "multiplier", "base": "x0", "high": 1.0}
    scheme, panel = scheme_of(table, [1, 1], combine=combine)
    found = breakpoints(scheme, panel, "total.combine.high", 0.8, 1.2)
    # level while both are at the limit, up to 0.9
    [point] = found.points.to_dict("records")
    assert point["value"] == pytest.approx(0.9)
    assert (point["up"], point["down"], point["tie"]) == ("A", "B", False)
    assert found.intervals.to_numpy().tolist() == [[1, 1], [1, 2]]
    scheme = scheme.edit({"total.combine.low": 0.8, "total.combine.high": 1.2})
    found = breakpoints(scheme, panel, "total.combine.low", 0.8, 1.1)
    [point] = found.points.to_dict("records")
    assert (point["up"], point["down"], point["tie"]) == ("B", "A", True)


def test_a_bonus_that_needs_a_score_comes_and_goes_with_it() -> None:
    table = {"A": [80, 40], "B": [50, 60], "C": [65, 55]}
    scheme, panel = scheme_of(table, [30, 70])
    values = scheme.plain()
    values["root"] = {"id": "total", "children": [values["root"] | {"id": "paper"}]}
    values["adjustments"] = {
        "prize": {"method": "bonus", "points": {"": 3.0},
                  "requires": [{"score": "paper", "at_least": 56}]},
        "red": {"method": "veto", "effects": ["score_cap"], "cap": 50.0,
                "any_of": [{"score": "paper", "below": 51.0}]},
    }  # fmt: skip
    scheme = sk.Scheme.read(values)
    events = pd.DataFrame({"unit": ["A", "B", "C"], "event": "prize", "kind": "", "count": 1.0,
                           "name": ""})  # fmt: skip
    panel = sk.Panel(panel.frame("actual"), events=events)
    found = breakpoints(scheme, panel, "x0.weight")
    # each line passes 56 somewhere, and its total jumps by 3 there
    totals = found.totals_at([39.9, 40.1])
    assert totals.loc[39.9, "B"] == pytest.approx(56.01 + 3)
    assert totals.loc[40.1, "B"] == pytest.approx(55.99)
    agrees_with_the_engine(found, panel, 2000)
    with pytest.raises(sk.SimkaoheError, match="'red' depends on the score of 'paper'"):
        breakpoints(scheme.edit({"adjustments.red.effects": ["last"],
                                 "adjustments.red.cap": None}), panel, "x0.weight")  # fmt: skip


def test_a_category_with_its_own_weight_stays_as_it_is() -> None:
    rng = np.random.default_rng(4)
    table = {f"u{i}": list(row) for i, row in enumerate(rng.uniform(0, 100, (12, 3)))}
    scheme, panel = scheme_of(table, [50, 30, 20])
    values = scheme.plain() | {"categories": {"town": {}, "eco": {}, "hill": {}}}
    values["units"] = {u: ("town", "eco", "hill")[i % 3] for i, u in enumerate(table)}
    values["root"]["children"][0]["weights_by_category"] = {"eco": 0.0}
    values["root"]["children"][1]["weights_by_category"] = {"hill": 60.0}
    scheme = sk.Scheme.read(values)
    found = breakpoints(scheme, panel, "x0.weight")
    assert set(found.edits(10)) == {
        "x0.weight", *(f"x{k}.weights_by_category.{c}" for k in (1, 2) for c in ("town", "hill"))
    }  # fmt: skip
    totals = found.totals_at([1.0, 90.0])
    same = [u for u, c in values["units"].items() if c == "eco"]
    assert np.allclose(totals[same].diff().iloc[-1], 0)
    assert (totals.drop(columns=same).diff().iloc[-1].abs() > 0.1).all()
    agrees_with_the_engine(found, panel)
    only = breakpoints(scheme, panel, "x1.weights_by_category.hill")
    assert only.present == 60
    assert only.high == 130
    hill = [u for u, c in values["units"].items() if c == "hill"]
    moved = set(only.points["up"]) | set(only.points["down"])
    assert all({p.up, p.down} & set(hill) for p in only.points.itertuples())
    assert moved
    agrees_with_the_engine(only, panel)


def test_a_table_that_is_too_large_is_refused_and_a_unit_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(7)
    table = {f"u{i}": list(row) for i, row in enumerate(rng.uniform(0, 100, (30, 3)))}
    scheme, panel = scheme_of(table, [1, 2, 3])
    whole = breakpoints(scheme, panel, "x0.weight")
    monkeypatch.setattr("simkaohe.sensitivity.stepping.AT_ONCE", 100)  # in many parts
    found = breakpoints(scheme, panel, "x0.weight")
    pd.testing.assert_frame_equal(found.points, whole.points)
    pd.testing.assert_frame_equal(found.steps("u3"), whole.steps("u3"))
    monkeypatch.setattr("simkaohe.sensitivity.stepping.LARGEST", 1000)
    with pytest.raises(sk.SimkaoheError, match=r"steps\(unit\)"):
        _ = found.intervals
    with pytest.raises(sk.SimkaoheError, match="Did you mean 'u3'"):
        found.steps("u33")


def test_rounded_totals_keep_their_order_outside_the_zones() -> None:
    rng = np.random.default_rng(8)
    table = {f"u{i}": list(row) for i, row in enumerate(rng.uniform(0, 100, (20, 3)))}
    scheme, panel = scheme_of(table, [50, 30, 20], ranking={"digits": 1})
    found = breakpoints(scheme, panel, "x0.weight")
    grid = np.linspace(0.01, 99.99, 3001)
    ranks = sk.Engine(scheme, panel).run(found._along.move.edits(grid)).ranks
    value, zone = found.points["value"].to_numpy(), found.points["zone"].to_numpy()
    clear = (np.abs(grid[:, None] - value) > zone).all(1)
    edges = np.append(found.intervals.index.get_level_values("low"), found.high)
    home = np.searchsorted(edges, grid) - 1
    assert 10 < clear.sum() < len(grid)
    assert np.array_equal(ranks[clear], found.intervals.to_numpy()[home][clear])
    assert not np.array_equal(ranks, found.intervals.to_numpy()[home])  # inside, there are ties


@pytest.mark.parametrize(
    ("path", "edits", "words"),
    [
        ("x0.wieght", {}, "no entry 'wieght'"),
        ("total.weight", {}, "the root has no siblings"),
        ("x0.rule.best", {}, "expected a weight, or low, high"),
        ("total.combine.high", {}, "expected a weight, or low, high|there is no"),
        ("x0.weight", {"total.combine": {"method": "geometric", "zero": "error"}}, "is zero"),
    ],
)
def test_what_has_no_exact_form_is_refused_in_a_sentence(
    path: str, edits: dict[str, Any], words: str
) -> None:
    scheme, panel = scheme_of({"A": [80, 40], "B": [50, 0]}, [30, 70])
    with pytest.raises(sk.SimkaoheError, match=words) as caught:
        breakpoints(scheme.edit(edits), panel, path)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize("ends", [(5, 5), (60, 20), (-1, 50), (0, 101), (0, np.inf)])
def test_a_range_that_is_none_is_refused(ends: tuple[float, float]) -> None:
    scheme, panel = scheme_of({"A": [80, 40], "B": [50, 60]}, [30, 70])
    with pytest.raises(sk.SimkaoheError, match="two rising numbers between 0 and 100"):
        breakpoints(scheme, panel, "x0.weight", *ends)


def test_relative_maps_are_refused_where_their_part_moves_and_exact_where_it_does_not() -> None:
    rng = np.random.default_rng(4)
    table = {f"u{i}": list(row) for i, row in enumerate(rng.uniform(0, 100, (12, 3)))}
    scheme, panel = scheme_of(table, [50, 30, 20])
    values = scheme.plain()
    first, second, third = values["root"]["children"]
    values["root"] = {
        "id": "total",
        "combine": {"method": "multiplier", "base": "base", "map": "linear_band", "low": 0.9,
                    "high": 1.1},
        "children": [{"id": "base", "children": [first, second]}, {"id": "part", "children": [
            third, {**third, "id": "x3", "data": "x0"}]}],
    }  # fmt: skip
    scheme = sk.Scheme.read(values)
    for path in ("total.combine.high", "total.combine.low", "x0.weight"):
        found = breakpoints(scheme, panel, path)
        assert len(found.points)
        agrees_with_the_engine(found, panel)
    with pytest.raises(sk.SimkaoheError, match="the map 'linear_band' compares with other units"):
        breakpoints(scheme, panel, "x2.weight")


@pytest.mark.parametrize("case", ["tai", "three_papers", "county_targets", "cadre_360", "sprint"])
def test_bundled_cases(case: str) -> None:
    scheme, panel = sk.load(case)
    solved = 0
    for path in movable(scheme)[::3]:
        try:
            found = breakpoints(scheme, panel, path)
        except sk.SimkaoheError:
            continue
        agrees_with_the_engine(found, panel, 120)
        solved += 1
    assert solved > 1


def test_a_weight_that_wakes_missing_data_has_no_breakpoints() -> None:
    with pytest.raises(sk.SimkaoheError, match="province_place › 青山区: there is no value"):
        breakpoints(*sk.load("three_papers"), "provincial.weights_by_category.urban")


def test_it_tells_how_far_it_is_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simkaohe.sensitivity.stepping.AT_ONCE", 100)
    scheme, panel = sk.load("tai")
    path, told = "patents.weight", list[tuple[int, int]]()
    found = breakpoints(scheme, panel, path, progress=lambda *now: told.append(now))
    assert len(told) > 1
    assert told == sorted(told)
    assert {whole for _, whole in told} == {len(found.intervals)}
    assert len(told) == len(set(told))  # later questions are not told of
    pd.testing.assert_frame_equal(found.points, breakpoints(scheme, panel, path).points)

    def stop(done: int, whole: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        breakpoints(scheme, panel, path, progress=stop)
