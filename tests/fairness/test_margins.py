"""Marginal pay: the same numbers as the evaluation of the edited data, and cases with known answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from strategies import evaluable, schemes

import simkaohe as sk
from simkaohe import labels
from simkaohe.fairness import effort
from simkaohe.fairness.moving import Moves

CASES = (
    "cadre_360", "county_targets", "sprint", "tai", "target_responsibility", "three_papers",
)  # fmt: skip


def scheme_of(*leaves: dict[str, Any], **more: Any) -> sk.Scheme:
    root = {"id": "total", "children": list(leaves), **more.pop("root", {})}
    return sk.Scheme.read({"root": root, **more})


def panel_of(**tables: dict[str, list[float]]) -> sk.Panel:
    frames = {name: pd.DataFrame(table) for name, table in tables.items()}
    for frame in frames.values():
        frame.index = pd.Index([f"u{i}" for i in range(len(frame))])
    return sk.Panel(frames.pop("actual"), **frames)


@given(schemes())
@settings(max_examples=12)
def test_a_step_is_the_evaluation_of_the_edited_data(case: tuple[sk.Scheme, sk.Panel]) -> None:
    scheme, panel = case
    if evaluable(scheme, panel) is None:
        return
    moves = Moves(sk.Engine(scheme, panel))
    better = moves.within_limits(moves.now + moves.sign * moves.step)
    rng = np.random.default_rng(0)
    for k in rng.permutation(len(moves.leaves))[:2]:
        units = np.flatnonzero(moves.counts[k])
        twice = np.concatenate([units, units])
        values = np.concatenate([better[k, units], moves.now[k, units] * 0.5 - 1])
        moved = moves.moved(int(k), twice, values, standing=True, uses=True)
        assert moves.moved(int(k), twice, values).totals == pytest.approx(moved.totals, abs=1e-9)
        for r in rng.permutation(len(twice))[:3]:
            actual = panel.frame("actual")
            unit = moves.engine.units[twice[r]]
            actual.loc[unit, moves.leaves[k].column] = values[r]
            edited = sk.evaluate(scheme, panel.replace(actual=actual))
            place, out = twice[r], edited.outcome
            assert moved.totals[r] == pytest.approx(
                edited.scores.loc[unit, scheme.root.id] * scheme.full / 100, abs=1e-9
            )
            assert moved.ranks is not None
            assert moved.ranks[r] == out.ranks[0, place]
            assert moved.category_ranks is not None
            assert moved.category_ranks[r] == out.category_ranks[0, place]
            if out.grades is not None:
                assert moved.grades is not None
                assert moved.grades[r] == out.grades[0, place]
            for name, amount in moved.uses.items():
                assert amount[r] == pytest.approx(out.uses[name][0, place], abs=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_bundled_cases_in_both_languages(case: str) -> None:
    scheme, panel = sk.load(case)
    found = effort(scheme, panel)
    moves = found.moves
    for language in ("zh", "en"):
        labels.use_language(language)
        assert all(str(f.sentence) and str(f.caution) for f in found.findings)
        assert found.indicators["name"].notna().all()
    rng = np.random.default_rng(1)
    pairs = rng.permutation(found.where.shape[1])[:25]
    better = moves.within_limits(moves.now + moves.sign * moves.step)
    for r in pairs:  # as the engine says when it is given the whole column
        k, place = found.where[:, r]
        column = np.array(moves.now[k])
        column[place] = better[k, place]
        path = moves.address(k)[0]
        out = moves.engine.run(
            {path: column[None]}, nodes=(scheme.root.id,), uses=True, check=False
        )
        total = out.scores[scheme.root.id][0, place] * scheme.full / 100
        assert found.points.iloc[place, k] == pytest.approx(total - moves.total[place], abs=1e-9)
        assert moves.base.ranks[0, place] - out.ranks[0, place] == found.places.iloc[place, k]
        for use in scheme.uses:
            change = out.uses[use][0, place] - moves.base.uses[use][0, place]
            assert found.money(use).iloc[place, k] == pytest.approx(change, abs=1e-6)


def test_every_reason_why_a_step_pays_nothing() -> None:
    done = {"method": "completion", "cap": 1.0, "start": 0.5}
    scheme = sk.Scheme.read(
        {
            "categories": {"a": {}, "b": {}},
            "units": {"u0": "a", "u1": "a", "u2": "b"},
            "root": {
                "id": "total",
                "children": [
                    {"id": "done", "weight": 1, "rule": done},
                    {
                        "id": "tiers",
                        "rule": {"method": "tiers", "thresholds": [50, 90], "points": [0, 50, 100]},
                    },
                    {"id": "off", "weights_by_category": {"a": 0}, "rule": "minmax"},
                    {"id": "nothing", "weight": 0, "rule": "minmax"},
                    {"id": "gap", "rule": "given", "missing": "spread"},
                    {
                        "id": "weakest",
                        "combine": "minimum",
                        "children": [
                            {"id": "high", "rule": "given"},
                            {"id": "low", "rule": "given"},
                        ],
                    },
                ],
            },
        }
    )
    panel = panel_of(
        actual={
            "done": [120.0, 20.0, 80.0],
            "tiers": [60.0, 95.0, 10.0],
            "off": [1.0, 2.0, 3.0],
            "nothing": [1.0, 2.0, 3.0],
            "gap": [50.0, np.nan, 70.0],
            "high": [90.0, 90.0, 90.0],
            "low": [10.0, 10.0, 10.0],
        },
        target={"done": [100.0, 100.0, 100.0]},
    )
    steps = {"tiers": 1.0, "off": 1.0, "high": 1.0, "low": 1.0, "gap": 1.0, "done": 1.0}
    found = effort(scheme, panel, steps=steps)
    reasons = found.reasons
    assert list(reasons["done"]) == ["cap", "floor", ""]
    assert list(reasons["tiers"]) == ["band", "cap", "floor"]
    assert list(reasons["off"]) == ["cancelled", "cancelled", "cap"]  # full marks alone already
    assert set(reasons["nothing"]) == {"weight"}
    assert list(reasons["gap"]) == ["", "missing", ""]
    assert set(reasons["high"]) == {"limit"}
    assert set(reasons["low"]) == {""}
    assert found.units.loc["u0", "cap"] == pytest.approx(1 / 5)
    # u2 has 5 of weight 1 + the pair: a step of 1 % completion is 1/5 … of the total: 1 / 5
    assert found.points.loc["u2", "done"] == pytest.approx(1 / 5)


def test_a_step_back_that_earns_marks_is_found() -> None:
    """Below the base mark the coefficient 0.8 is dropped: 59.5 earns more than 60 × 0.8."""
    scheme = scheme_of(
        {"id": "base", "rule": "given"},
        {"id": "party", "rule": "given"},
        root={"combine": {"method": "multiplier", "base": "base", "base_mark": 60.0}},
    )
    panel = panel_of(actual={"base": [60.2, 80.0], "party": [80.0, 90.0]})
    found = effort(scheme, panel, steps={"base": 0.5, "party": 0.5})
    assert found.perverse.to_numpy().sum() == 1
    assert found.perverse.loc["u0", "base"]
    assert found.worse.loc["u0", "base"] == pytest.approx(59.7 - 60.2 * 0.8)
    finding = {f.topic: f for f in found.findings}["effort.perverse"]
    assert finding.light == "red"
    assert finding.value == 1


def test_negative_and_moderate_indicators_improve_the_right_way() -> None:
    scheme = scheme_of(
        {"id": "less", "direction": "negative", "rule": "minmax"},
        {
            "id": "band",
            "direction": "moderate",
            "ideal_low": 10.0,
            "ideal_high": 20.0,
            "rule": {"method": "band", "width": 10.0},
        },
    )
    panel = panel_of(actual={"less": [0.0, 4.0, 10.0], "band": [5.0, 15.0, 24.0]})
    found = effort(scheme, panel, steps={"less": 1.0, "band": 1.0})
    assert found.points.loc["u1", "less"] == pytest.approx(5.0)  # a tenth of the range, half weight
    assert found.reasons.loc["u0", "less"] == "cap"  # nobody is below zero
    assert list(found.points["band"]) == pytest.approx([5.0, 0.0, 5.0])
    assert found.reasons.loc["u1", "band"] == "cap"
    # neglect: as bad as the worst, 24 is four outside the band, 5 is five outside
    assert found.neglect.loc["u2", "band"] == pytest.approx(-5.0)


def test_ranks_along_a_value_are_an_exact_step_function() -> None:
    """Fixed goalposts: the total is 0.6 x + 0.4 y, and places change at (s_b - s_u) / 0.6."""
    ends = {"method": "minmax", "worst": 0.0, "best": 100.0}
    scheme = scheme_of(
        {"id": "x", "weight": 60, "rule": ends},
        {"id": "y", "weight": 40, "rule": ends},
        ranking={"digits": None},
    )
    x, y = [10.0, 20.0, 50.0, 45.0], [50.0, 50.0, 35.0, 70.0]
    found = effort(scheme, panel_of(actual={"x": x, "y": y}))
    totals = 0.6 * np.array(x) + 0.4 * np.array(y)
    table = found.ranks_along("u0", "x")
    expected = sorted((totals[1:] - totals[0]) / 0.6)
    assert list(table["improvement"][1:]) == pytest.approx(expected, abs=1e-6)
    assert list(table["rank"]) == [4, 3, 2, 1]
    nearest = found.next_rank("u0")
    assert nearest.loc["x", "improvement"] == pytest.approx(expected[0], abs=1e-6)
    assert nearest.loc["y", "improvement"] == pytest.approx(6 / 0.4, abs=1e-6)
    assert found.next_rank("u3")["improvement"].isna().all()


def test_neglect_and_late_results() -> None:
    ends = {"method": "minmax", "worst": 0.0, "best": 100.0}
    scheme = scheme_of(
        {"id": "x", "weight": 99.9, "rule": ends}, {"id": "y", "weight": 0.1, "rule": ends}
    )
    found = effort(scheme, panel_of(actual={"x": [0.0, 100.0], "y": [50.0, 100.0]}), lagged=["y"])
    table = found.indicators
    assert table.loc["x", "ignore_cost"] == pytest.approx(99.9)  # the other is the worst itself
    assert table.loc["y", "ignore_most"] == pytest.approx(0.05)
    findings = {f.topic: f for f in found.findings}
    assert findings["effort.ignored"].value == 0.5
    assert findings["effort.ignored"].light == "red"
    assert findings["effort.lagged"].value == pytest.approx(0.05 / 99.95)
    assert findings["effort.lagged"].light == "amber"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s, p: effort(s, p, steps={"gdp": 1.0}), "there is no indicator 'gdp'"),
        (lambda s, p: effort(s, p, steps={"finance": 0.0}), "a number above 0"),
        (lambda s, p: effort(s, p, lagged=["gdp"]), "there is no indicator 'gdp'"),
        (lambda s, p: effort(s, p).money("prize"), "there is no use 'prize'"),
        (lambda s, p: effort(s, p).next_rank("nowhere"), "there is no unit 'nowhere'"),
        (lambda s, p: effort(s, p).ranks_along("榕溪县", "gdp"), "there is no indicator 'gdp'"),
    ],
)
def test_mistakes_are_said_in_one_sentence(call: Any, words: str) -> None:
    with pytest.raises(sk.SimkaoheError, match=words):
        call(*sk.load("sprint"))
