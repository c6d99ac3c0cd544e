"""What an order survives: nothing inside reverses it, something just outside does."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import simkaohe as sk
from simkaohe import labels
from simkaohe.sensitivity.form import additive_form
from simkaohe.sensitivity.passing import overtake
from simkaohe.sensitivity.radius import Robustness, robustness
from tests.sensitivity.test_form import totals
from tests.sensitivity.test_volumes import given_scores
from tests.strategies import evaluable, schemes


def check_pairs(found: Robustness, scheme: sk.Scheme, panel: sk.Panel, draws: int = 6) -> int:
    """Evaluate schemes with other weights inside and just outside what each pair survives."""
    form, rng, checked = found.form, np.random.default_rng(0), 0
    for row in found.pairs.itertuples():
        a, b = form.place(row.above), form.place(row.below)
        which = int(form.set_of[a])
        if form.set_of[b] != which and min(form.set_of[b], which) >= 0:
            continue  # see test_categories_with_weights_of_their_own_by_brute_force
        if row.reason:
            assert np.isnan(row.survives)
            continue
        if row.tied or form.behind[a] != form.behind[b] or which < 0:
            assert row.survives in (0, np.inf)
            continue
        w = form.weights[:, which]
        d = np.where(w > 0, form.corners[:, a] - form.corners[:, b], 0.0)
        size = max(1.0, float(np.abs(form.corners).max()))

        def gap(share: np.ndarray, w: np.ndarray = w, which: int = which, ab=(a, b)) -> float:
            new = w * (1 + share)
            total = totals(scheme.edit(form.edits(which, new / new.sum())), panel)
            one, other = np.log(total[[*ab]]) if form.logarithmic else total[[*ab]]
            return float(one - other)

        inside = min(row.survives, 0.999) * 0.999
        for _ in range(draws):
            assert gap(inside * rng.choice([-1.0, 1.0], len(w))) >= -1e-8 * size
        assert gap(-inside * np.sign(d)) >= -1e-8 * size
        if row.survives < 0.99 and abs(d @ w) > 1e-6:
            assert gap(-min(1, row.survives * 1.001) * np.sign(d)) < 0
        checked += 1
    return checked


def test_two_weights_by_hand() -> None:
    # gaps 20 and −10 at weights 1/2: 5 ahead, parts 10 and 5: x = 5 / 15
    scheme, panel = given_scores({"x": [80.0, 60], "y": [50.0, 60]}, [1, 1])
    found = robustness(scheme, panel)
    row = found.pairs.iloc[0]
    assert row[["above", "below", "tied"]].tolist() == ["u0", "u1", False]
    assert row["gap"] == pytest.approx(5)
    assert row["survives"] == pytest.approx(1 / 3)
    # level at weights 1/3, 2/3
    assert row["radius"] == pytest.approx(np.sqrt(2) / 6)
    # with no decimals the difference must stay 1: 4 / (19/2 + 11/2)
    rounded = robustness(scheme.edit({"ranking.digits": 0}), panel).pairs.iloc[0]
    assert rounded["survives"] == pytest.approx(1 / 3)
    assert rounded["distinct"] == pytest.approx(4 / 15)
    # the centre of the region x > 1/3: (1/3 + 1) / 2
    assert found.centre[""].tolist() == pytest.approx([2 / 3, 1 / 3, np.sqrt(2) / 3])
    assert found.headline == (
        "every order survives any change of ± 33 % of the weights, "
        "first place any change of ± 33 %."
    )
    labels.use_language("zh")
    assert "±33%" in found.headline


def test_dominance_survives_everything_and_a_tie_nothing() -> None:
    scheme, panel = given_scores({"x": [80.0, 60, 60, 50, 40], "y": [50.0, 50, 50, 30, 40]}, [1, 1])
    found = robustness(scheme, panel)
    pairs = found.pairs.set_index(["above", "below"])["survives"].to_dict()
    assert pairs == {
        ("u0", "u1"): np.inf,
        ("u0", "u2"): np.inf,
        ("u1", "u2"): np.inf,  # equal whatever the weights
        ("u1", "u3"): np.inf,
        ("u1", "u4"): np.inf,
        ("u2", "u3"): np.inf,
        ("u2", "u4"): np.inf,
        ("u3", "u4"): 0.0,
    }
    assert found.whole.loc["", ["survives", "radius", "ties"]].tolist() == [0, 0, 2]
    assert found.whole.at["", "orders"] == np.inf
    assert found.places["survives"].to_dict() == {
        "u0": np.inf, "u1": np.inf, "u2": np.inf, "u3": 0, "u4": 0,
    }  # fmt: skip
    assert "2 tied pairs" in found.headline


def test_totals_that_are_level_after_rounding_are_a_tie() -> None:
    scheme, panel = given_scores({"x": [80.3, 60], "y": [50.0, 70]}, [1, 1])
    rounded = robustness(scheme.edit({"ranking.digits": 0}), panel)
    assert rounded.pairs["tied"].tolist() == [True]
    assert rounded.pairs["survives"].tolist() == [0]
    exact = robustness(scheme, panel).pairs
    assert exact["tied"].tolist() == [False]
    assert exact["survives"].iloc[0] == pytest.approx(0.15 / 20.15)


@pytest.mark.parametrize(
    "case",
    [("tai", None), ("tai", "leaves"), ("three_papers", "development"), ("three_papers", "party")],
)
def test_pairs_of_the_cases_by_evaluation(case: tuple[str, str | None]) -> None:
    scheme, panel = sk.load(case[0])
    found = robustness(scheme, panel, group=case[1], within="category")
    assert check_pairs(found, scheme, panel, 2) >= 15
    assert not found.pairs["reason"].any()


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(schemes())
def test_pairs_of_random_schemes_by_evaluation(case: tuple[sk.Scheme, sk.Panel]) -> None:
    scheme, panel = case
    assume(evaluable(scheme, panel) is not None)
    try:
        found = robustness(scheme, panel)
    except sk.SimkaoheError:
        return
    check_pairs(found, scheme, panel, 2)
    ranked = bool((found.ranks > 0).any())
    assert len(found.places) == (found.ranks > 0).sum()
    assert len(found.whole) == found.centre.shape[1] == ranked
    assert bool(found.headline) == ranked


def test_radii_are_the_smallest_changes_and_places_the_smallest_of_their_pairs() -> None:
    scheme, panel = sk.load("tai")
    found = robustness(scheme, panel)
    for row in found.pairs.itertuples():
        change = overtake(scheme, panel, row.below, row.above, "l2")
        assert row.radius == pytest.approx(change.distance, rel=1e-6)
    form = found.form
    w = form.weights[:, 0]
    for unit, row in found.places.iterrows():
        place = form.place(str(unit))
        d = form.corners[:, [place]] - np.delete(form.corners, place, 1)
        least = (np.abs(w @ d) / (w @ np.abs(d))).min()
        assert row["survives"] == pytest.approx(least)
    assert found.whole.at["", "survives"] == found.pairs["survives"].min()
    assert found.whole.at["", "survives"] == pytest.approx(found.places["survives"].min())


def test_the_whole_ranking_survives_what_is_said_and_no_more() -> None:
    scheme, panel = sk.load("tai")
    found = robustness(scheme, panel)
    w, form = found.form.weights[:, 0], found.form
    x = found.whole.at["", "survives"]
    rng = np.random.default_rng(0)
    draws = w * (1 + x * 0.999 * rng.uniform(-1, 1, (20000, len(w))))
    ranks = form.engine.run(dict(zip(form.paths, draws.T, strict=True))).ranks
    assert (ranks == found.ranks).all()
    # ... and some weights at a distance of a little more than the radius change it
    row = found.pairs.loc[found.pairs["radius"].idxmin()]
    assert row["radius"] == found.whole.at["", "radius"]
    change = overtake(scheme, panel, row["below"], row["above"], "l2", margin=1e-6)
    assert change.distance == pytest.approx(row["radius"], rel=1e-4)
    assert (sk.evaluate(change.scheme, panel).outcome.ranks[0] != found.ranks).any()


def test_the_centre_keeps_the_ranking_and_no_other_weights_are_safer() -> None:
    scheme, panel = sk.load("tai")
    found = robustness(scheme, panel)
    centre = found.centre[""]
    w, radius = centre.iloc[:-1], centre.iloc[-1]
    assert w.sum() == pytest.approx(1)
    again = robustness(scheme.edit(w.to_dict()), panel)
    assert (again.ranks == found.ranks).all()
    assert again.whole.at["", "radius"] == pytest.approx(radius, rel=1e-6)
    assert radius > found.whole.at["", "radius"]
    rng = np.random.default_rng(0)
    order = np.argsort(found.ranks)
    d = found.form.corners[:, order[:-1]] - found.form.corners[:, order[1:]]
    norm = np.sqrt(((d - d.mean(0)) ** 2).sum(0))
    wall = np.sqrt(1 - 1 / len(w))
    near = np.abs(w.to_numpy() * (1 + 0.05 * rng.normal(size=(20000, len(w)))))
    near /= near.sum(1, keepdims=True)
    safe = np.minimum((near @ d / norm).min(1), near.min(1) / wall)
    assert safe.max() <= radius + 1e-9


def test_units_with_other_weights_have_a_number_but_no_radius() -> None:
    scheme, panel = sk.load("three_papers")
    found = robustness(scheme, panel, group="development")
    form = found.form
    apart = np.array([form.set_of[form.place(a)] != form.set_of[form.place(b)]
                      for a, b in found.pairs[["above", "below"]].to_numpy()])  # fmt: skip
    assert apart.sum() >= 10
    assert found.pairs["survives"].notna().all()
    assert found.pairs["radius"].isna().equals(pd.Series(apart))
    least = found.pairs["reason"] != ""
    assert found.pairs.loc[least, "reason"].str.contains("at least this").all()
    assert found.whole.at["", "survives"] == found.pairs["survives"].min()
    assert found.places["survives"].notna().all()
    assert found.centre[""].isna().all()
    assert "not known" not in found.headline


def test_a_geometric_group_is_compared_in_logarithms() -> None:
    scheme, panel = given_scores({"x": [90.0, 40], "y": [40.0, 80]}, [3, 2])
    scheme = scheme.edit({"total.combine": {"method": "geometric"}})
    found = robustness(scheme, panel)
    assert found.form.logarithmic
    d = np.log([90 / 40, 40 / 80])
    w = np.array([0.6, 0.4])
    assert found.pairs["survives"].iloc[0] == pytest.approx(abs(d @ w) / (np.abs(d) @ w))
    assert check_pairs(found, scheme, panel) == 1


def test_a_vetoed_unit_is_last_whatever_the_weights() -> None:
    scheme, panel = given_scores(
        {"x": [90.0, 60, 70], "y": [95.0, 60, 40]},
        [1, 1],
        adjustments={"red": {"method": "veto", "effects": ["last"]}},
    )
    panel = panel.replace(events=pd.DataFrame([{"unit": "u0", "event": "red"}]))
    found = robustness(scheme, panel)
    assert found.places["rank"].to_dict() == {"u1": 1, "u2": 2, "u0": 3}
    assert found.places.at["u0", "survives"] == np.inf
    assert found.places.at["u1", "survives"] == pytest.approx(5 / 15)
    assert additive_form(scheme, panel).behind.tolist() == [1, 0, 0]


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_categories_with_weights_of_their_own_by_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = {name: rng.uniform(40, 90, 4).round(1).tolist() for name in "xyz"}
    scheme, panel = given_scores(scores, [1, 1, 1])
    own = rng.uniform(1, 9, (3, 2)).round(1)
    scheme = scheme.edit(
        {
            "categories": {"A": {}, "B": {}},
            "units": {"u0": "A", "u1": "B", "u2": "A", "u3": "B"},
        }
        | {
            f"{name}.weights_by_category": {"A": float(a), "B": float(b)}
            for name, (a, b) in zip("xyz", own, strict=True)
        }
    )
    found = robustness(scheme, panel)
    x = np.array([scores[name] for name in "xyz"])
    turns = np.array(list(product([-1.0, 1.0], repeat=3)))

    def reach(unit: int, share: float) -> np.ndarray:
        w = own[:, unit % 2] * (1 + share * turns)
        return np.sort((w * x[:, unit]).sum(1) / w.sum(1))[[0, -1]]

    for row in found.pairs.itertuples():
        a, b = int(row.above[1]), int(row.below[1])
        if a % 2 == b % 2:
            continue
        assert not row.reason
        inside = min(row.survives, 1.0) * 0.999
        assert reach(a, inside)[0] >= reach(b, inside)[1]
        if row.survives < 0.99:
            beyond = row.survives * 1.001
            assert reach(a, beyond)[0] < reach(b, beyond)[1]
    places = found.places["survives"]
    assert found.whole.at["", "survives"] == pytest.approx(places.min())
