"""Win volumes and probabilities: against exact fractions, random draws and evaluations."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import simkaohe as sk
from simkaohe.sensitivity import volumes
from simkaohe.sensitivity.form import additive_form
from tests.strategies import evaluable, schemes

DRAWS = 10**6
LAWS: list[Any] = ["simplex", ("dirichlet", 30), ("within", 0.4), ("normal", 0.3)]


def given_scores(scores: dict[str, list[float]], weights: list[float], **fields: Any) -> Any:
    """Return a scheme whose indicators have these scores (units in columns), and its data."""
    leaves = [
        {"id": name, "rule": "given", "weight": weight}
        for name, weight in zip(scores, weights, strict=True)
    ]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves}, **fields})
    units = [f"u{k}" for k in range(len(next(iter(scores.values()))))]
    return scheme, sk.Panel(pd.DataFrame(scores, units))


def exact_share(d: list[int]) -> Fraction:
    """Return the share of the simplex where d · w > 0, by the closed form in exact fractions."""
    total = Fraction(0)
    for k, x in enumerate(d):
        if x > 0:
            part = Fraction(1)
            for other, y in enumerate(d):
                if other != k:
                    part *= Fraction(x, x - y)
            total += part
    return total


@given(st.lists(st.integers(-60, 60), min_size=2, max_size=9, unique=True))
def test_ali_is_the_closed_form_in_exact_fractions(d: list[int]) -> None:
    assume(any(d))
    found = volumes.frustum(np.array([d], float))[0]
    assert found == pytest.approx(float(exact_share(d)), rel=1e-13, abs=0)


def test_ali_keeps_all_digits_where_the_closed_form_loses_them() -> None:
    rng = np.random.default_rng(0)
    for count in (40, 80):
        d = rng.permutation(np.arange(-count, count))[:count].astype(int)
        exact = exact_share(list(map(int, d)))
        assert volumes.frustum(d[None].astype(float))[0] == pytest.approx(float(exact), rel=1e-14)
    tail = [-(k + 1000) for k in range(25)] + [1]
    exact = exact_share(tail)
    assert float(exact) < 1e-70
    assert volumes.frustum(np.array([tail], float))[0] == pytest.approx(float(exact), rel=1e-13)


def test_two_weights_by_hand() -> None:
    # u0 beats u1 where 30 w − 10 (1 − w) > 0: w > 1/4
    scheme, panel = given_scores({"x": [90.0, 60], "y": [50.0, 60]}, [1, 3])
    assert volumes.win_volume(scheme, panel, "u0", "u1") == pytest.approx(0.75)
    assert volumes.win_volume(scheme, panel, "u1", "u0") == pytest.approx(0.25)
    # the parts 30/4 (1 + u/2) and 30/4 (1 + v/2) differ symmetrically
    within = volumes.win_probabilities(scheme, panel, ("within", 0.5))
    assert within.at["u0", "u1"] == pytest.approx(0.5)
    # with weights 2 : 3 the parts are 60 (1 + u/2) and 30 (1 + v/2)
    scheme = scheme.edit({"x.weight": 2.0})
    within = volumes.win_probabilities(scheme, panel, ("within", 0.5))
    assert within.at["u0", "u1"] == pytest.approx(1 - _share_below(60, 30, 0.5))


def _share_below(a: float, b: float, p: float) -> float:
    """Return P(a (1 + p u) < b (1 + p v)) from a fine grid (midpoints), u and v uniform."""
    u = (np.arange(4000) + 0.5) / 2000 - 1
    bar = np.clip((a * (1 + p * u) / b - 1) / p, -1, 1)
    return float(((1 - bar) / 2).mean())


@pytest.mark.parametrize("law", LAWS, ids=str)
@pytest.mark.parametrize("count", [2, 3, 4, 8])
def test_probabilities_are_those_of_a_million_draws(law: Any, count: int) -> None:
    rng = np.random.default_rng(count)
    raw = rng.integers(0, 101, (count, 5)).astype(float)
    raw[:, 1] = raw[:, 0]  # a tie whatever the weights
    raw[:, 2] = np.minimum(raw[:, 3] + 5, 100)
    w = rng.integers(1, 10, count).astype(float)
    scheme, panel = given_scores({f"x{k}": list(raw[k]) for k in range(count)}, list(w))
    found = volumes.win_probabilities(scheme, panel, law).to_numpy()
    w /= w.sum()
    draws = {
        "simplex": lambda: rng.dirichlet(np.ones(count), DRAWS),
        "dirichlet": lambda: rng.dirichlet(volumes.alphas(w, 30), DRAWS),
        "within": lambda: w * (1 + 0.4 * rng.uniform(-1, 1, (DRAWS, count))),
        "normal": lambda: w * (1 + 0.3 * rng.normal(size=(DRAWS, count))),
    }[law if isinstance(law, str) else law[0]]()
    totals = draws @ raw
    for a in range(5):
        for b in range(a):
            share = (totals[:, a] > totals[:, b] + 1e-9).mean()
            error = np.sqrt(max(share * (1 - share), 1 / DRAWS) / DRAWS)
            assert abs(found[a, b] - share) < 4 * error
    assert found[0, 1] == found[1, 0] == 0


def test_the_fourier_series_is_the_sum_over_corners() -> None:
    rng = np.random.default_rng(3)
    for count in (3, 4, 6, 9):
        c = -np.sort(-(rng.random((20, count)) ** 3), axis=1)
        c[0, 1:] *= 1e-7  # one large and many small: left to fractions
        middle = rng.uniform(-0.5, 0.5, 20) * c.sum(1)
        size = (np.abs(middle) + c.sum(1))[:, None]
        middle, c = middle / size[:, 0], c / size
        found = volumes._fourier(middle, c)
        exact = [volumes._exactly(float(m), row) for m, row in zip(middle, c, strict=True)]
        assert found == pytest.approx(exact, abs=1e-12)


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=8), st.integers(1, 200))
def test_whole_parameters_keep_their_sum_and_proportions(parts: list[float], total: int) -> None:
    w = np.array(parts) / sum(parts)
    found = volumes.alphas(w, total)
    assert found.min() >= 1
    assert found.sum() == max(total, len(w))
    assert (np.abs(found - w * found.sum()) < max(1, len(w))).all()


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(schemes(), st.sampled_from(LAWS))
def test_either_one_or_the_other_is_above(case: tuple[sk.Scheme, sk.Panel], law: Any) -> None:
    scheme, panel = case
    assume(evaluable(scheme, panel) is not None)
    try:
        form = additive_form(scheme, panel)
    except sk.SimkaoheError:
        return
    wins = volumes.win_probabilities(scheme, panel, law)
    both = (wins + wins.T).to_numpy()
    there = ~np.isnan(both)
    assert (np.isclose(both, 1, atol=1e-12) | (both == 0))[there].all()
    named = set(map(frozenset, wins.attrs["reasons"][["unit", "other"]].to_numpy().tolist()))
    for a, one in enumerate(wins.index):
        for b, other in enumerate(wins.index):
            if a < b:
                apart = {form.behind[a], form.behind[b]} == {0, 1}
                assert there[a, b] == (apart or form.why_not(a, b) is None)
                assert apart or (frozenset((one, other)) in named) == (not there[a, b])
    ranks = volumes.expected_ranks(scheme, panel, law)
    if there.sum() == len(wins) * (len(wins) - 1) and (both[there] > 0).all():
        mean = (len(wins) + 1) / 2
        assert ranks["expected_rank"].mean() == pytest.approx(mean)


def test_the_order_of_the_data_plays_no_part_nor_does_the_scale_of_weights() -> None:
    scheme, panel = sk.load("tai")
    wins = volumes.win_probabilities(scheme, panel, ("within", 0.3))
    frame = panel.frame("actual").iloc[::-1]
    turned = volumes.win_probabilities(scheme, sk.Panel(frame), ("within", 0.3))
    pd.testing.assert_frame_equal(turned.loc[wins.index, wins.columns], wins)
    more = scheme.edit({f"{leaf.id}.weight": leaf.weight * 7 for leaf in scheme.indicators})
    again = volumes.win_probabilities(more, panel, ("within", 0.3))
    pd.testing.assert_frame_equal(again, wins)


def test_chances_agree_with_evaluations_on_the_case_with_three_papers() -> None:
    scheme, panel = sk.load("three_papers")
    a, b = "望城区", "东湖区"
    form = additive_form(scheme, panel, "development")
    which = form.set_of[form.place(a)]
    rng, count = np.random.default_rng(0), 20000
    new = np.zeros((count, len(form.paths)))
    free = form.free(which)
    new[:, free] = rng.dirichlet(np.ones(len(free)), count)
    edits = [form.edits(which, row) for row in new[:2]]
    draws = {path: new[:, k] for k, path in enumerate(form.paths) if k in free}
    draws = {
        path: draws[f"{path.partition('.')[0]}.weight"] * edits[0][path] / new[0, k]
        for k in free
        for path in edits[0]
        if path.startswith(form.paths[k].removesuffix("weight"))
    }
    root = scheme.root.id
    total = form.engine.run(draws, nodes=(root,)).scores[root]
    share = (total[:, form.place(a)] > total[:, form.place(b)]).mean()
    found = volumes.win_volume(scheme, panel, a, b, group="development")
    assert abs(found - share) < 4 * np.sqrt(found * (1 - found) / count)


def test_units_with_other_weights_have_no_number_but_a_reason() -> None:
    scheme, panel = sk.load("three_papers")
    wins = volumes.win_probabilities(scheme, panel, group="development")
    reasons = wins.attrs["reasons"].set_index(["unit", "other"])["reason"]
    assert np.isnan(wins.at["青山区", "丰原县"])
    assert "different weights" in reasons["青山区", "丰原县"]
    with pytest.raises(sk.SimkaoheError, match="different weights"):
        volumes.win_volume(scheme, panel, "青山区", "丰原县", group="development")
    ranks = volumes.expected_ranks(scheme, panel, group="development", within="category")
    assert ranks["expected_rank"].notna().all()
    assert ranks.loc[["青山区", "东湖区", "江北区", "望城区"], "expected_rank"].sum() == (
        pytest.approx(10)
    )


@pytest.mark.parametrize(
    "law",
    ["box", ("within", 1.5), ("dirichlet", 2.5), ("normal", 0), ("dirichlet", 0), ("within",)],
)
def test_a_law_that_does_not_exist_is_refused(law: Any) -> None:
    scheme, panel = sk.load("tai")
    with pytest.raises(sk.SimkaoheError, match="law"):
        volumes.win_probabilities(scheme, panel, law)


def test_vetoed_units_stand_behind_whatever_the_weights() -> None:
    scheme, panel = given_scores(
        {"x": [90.0, 60, 70], "y": [95.0, 60, 40]},
        [1, 1],
        adjustments={"red": {"method": "veto", "effects": ["last"]}},
    )
    panel = panel.replace(events=pd.DataFrame([{"unit": "u0", "event": "red"}]))
    wins = volumes.win_probabilities(scheme, panel)
    assert wins.at["u0", "u1"] == 0
    assert wins.at["u1", "u0"] == 1
    assert wins.at["u1", "u2"] == pytest.approx(2 / 3)  # −10 w + 20 (1 − w) > 0
