"""Linear forms: they predict every evaluation, or there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import simkaohe as sk
from simkaohe.sensitivity.form import AdditiveForm, additive_form
from tests.strategies import evaluable, schemes


def totals(scheme: sk.Scheme, panel: sk.Panel) -> np.ndarray:
    """Return unrounded totals (N,)."""
    root = scheme.root.id
    return sk.Engine(scheme, panel).run(nodes=(root,)).scores[root][0] * scheme.full / 100


def groups(scheme: sk.Scheme) -> list[str]:
    return [n for n, node in scheme.nodes.items() if isinstance(node, sk.Group)] + ["leaves"]


def check(form: AdditiveForm, scheme: sk.Scheme, panel: sk.Panel, seed: int = 0) -> None:
    """Compare the form with evaluations of schemes that have other weights."""
    rng = np.random.default_rng(seed)
    base = totals(scheme, panel)
    whole = form.set_of >= 0
    level = np.exp if form.logarithmic else np.asarray
    assert level(form.totals[whole]) == pytest.approx(base[whole], rel=1e-9, abs=1e-7)
    ranks = form.engine.run().ranks[0]
    assert ((form.behind == 2) == (ranks == 0)).all()
    for a, b in zip(*np.triu_indices(len(form.units), 1), strict=True):
        apart = {form.behind[a], form.behind[b]} == {0, 1}
        if not apart and form.why_not(a, b):
            continue
        ahead = form.behind[b] - form.behind[a] or form.totals[a] - form.totals[b]
        if ranks[a] != ranks[b]:
            assert (ahead > 0) == (ranks[a] < ranks[b])
    for which in range(form.weights.shape[1]):
        free = form.free(which)
        new = np.zeros(len(form.paths))
        new[free] = rng.dirichlet(np.ones(len(free))) * 0.999 + 0.001 / len(free)
        edited = totals(scheme.edit(form.edits(which, new)), panel)
        mine = form.set_of == which
        predicted = level(new @ form.corners[:, mine])
        assert edited[mine] == pytest.approx(predicted, rel=1e-9, abs=1e-7)
        homes = form.engine.category[mine]
        others = ~np.isin(form.engine.category, form.alike(which)) & whole
        assert not set(form.engine.category[others]) & set(homes)
        assert edited[others] == pytest.approx(base[others], rel=1e-9, abs=1e-7)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(schemes(), st.integers(0, 99))
def test_a_form_predicts_every_evaluation(case: tuple[sk.Scheme, sk.Panel], seed: int) -> None:
    scheme, panel = case
    if evaluable(scheme, panel) is None:
        return
    for group in groups(scheme):
        try:
            form = additive_form(scheme, panel, group)
        except sk.SimkaoheError:
            continue
        check(form, scheme, panel, seed)


@pytest.mark.parametrize("case", ["tai", "three_papers"])
def test_the_cases_have_forms_where_their_trees_are_additive(case: str) -> None:
    scheme, panel = sk.load(case)
    found = 0
    for group in groups(scheme):
        try:
            form = additive_form(scheme, panel, group)
        except sk.SimkaoheError:
            continue
        check(form, scheme, panel)
        assert not form.reasons
        found += 1
    assert found == {"tai": 2, "three_papers": 12}[case]


def nested(above: object = "weighted_sum", **fields: object) -> tuple[sk.Scheme, sk.Panel]:
    """Return a scheme whose group ``g`` (weights 3 : 2) stands beside ``z``, and its data."""
    inside = [
        {"id": "x", "rule": "given", "weight": 3},
        {"id": "y", "rule": "given", "weight": 2, "missing": "spread"},
    ]
    children = [
        {"id": "g", "weight": 60, "children": inside},
        {"id": "z", "rule": "given", "weight": 40},
    ]
    scheme = sk.Scheme.read(
        {"root": {"id": "total", "combine": above, "children": children}, **fields}
    )
    frame = pd.DataFrame(
        {"x": [90.0, 40, 70, 10], "y": [30.0, 80, 60, 50], "z": [75.0, 65, 55, 45]},
        index=["a", "b", "c", "d"],
    )
    return scheme, sk.Panel(frame)


def test_factor_and_constant_by_hand() -> None:
    scheme, panel = nested(full=1000.0)
    form = additive_form(scheme, panel, "g")
    assert form.paths == ("x.weight", "y.weight")
    assert form.weights[:, 0].tolist() == pytest.approx([0.6, 0.4])
    assert form.factor.tolist() == pytest.approx([6.0] * 4)
    assert form.constant.tolist() == pytest.approx([300, 260, 220, 180])
    assert form.edits(0, np.array([0.2, 0.8])) == pytest.approx({"x.weight": 1, "y.weight": 4})
    flat = additive_form(scheme, panel, "leaves")
    assert flat.weights[:, 0].tolist() == pytest.approx([0.36, 0.24, 0.4])
    new = flat.edits(0, np.array([0.1, 0.2, 0.7]))
    assert new["g.weight"] / new["z.weight"] == pytest.approx(3 / 7)
    assert new["x.weight"] / new["y.weight"] == pytest.approx(1 / 2)


@pytest.mark.parametrize(
    "map_", ["linear_band", "centred", "mean", "best", "rank", "gate", {"method": "grade"}]
)
def test_a_relative_or_stepped_coefficient_is_refused_by_name(map_: object) -> None:
    above = {"method": "multiplier", "base": "z", "map": map_, "low": 0.5, "high": 1.5}
    with pytest.raises(sk.SimkaoheError, match=r"^total: .*other than linear"):
        additive_form(*nested(above), "g")


def test_a_linear_coefficient_has_a_form_unless_its_limits_are_inside_the_range() -> None:
    above = {"method": "multiplier", "base": "z", "map": "fixed_band", "low": 0.8, "high": 1.2}
    scheme, panel = nested(above)
    form = additive_form(scheme, panel, "g")
    assert not form.reasons
    assert form.factor == pytest.approx(panel.frame("actual")["z"].to_numpy() * 0.4 / 100)
    check(form, scheme, panel)
    # identity clipped at 0.55: inside the range of a (30–90), b (40–80) and d (10–50 is below it)
    clipped = scheme.edit({"total.combine.map": "identity", "total.combine.low": 0.55})
    form = additive_form(clipped, panel, "g")
    assert set(form.reasons) == {"a", "b"}
    assert "total" in form.reasons["a"].en
    assert form.factor[form.place("d")] == 0  # always at the limit
    check(form, clipped, panel)


def test_a_geometric_parent_is_no_linear_form_but_a_geometric_group_is_in_logarithms() -> None:
    with pytest.raises(sk.SimkaoheError, match=r"^total: "):
        additive_form(*nested("geometric"), "g")
    with pytest.raises(sk.SimkaoheError, match=r"^total: "):
        additive_form(*nested("geometric"), "leaves")
    scheme, panel = nested("geometric")
    form = additive_form(scheme, panel)
    assert form.logarithmic
    check(form, scheme, panel)
    # points added outside the product: neither the totals nor their logarithms are linear
    bonus = {"prize": {"method": "bonus", "points": {"": 5.0}}}
    scheme = scheme.edit({"adjustments": bonus})
    events = pd.DataFrame([{"unit": u, "event": "prize"} for u in "abcd"])
    with pytest.raises(sk.SimkaoheError, match=r"^total: "):
        additive_form(scheme, panel.replace(events=events))


def test_bonuses_and_unconditional_vetoes_are_constants() -> None:
    adjustments = {
        "prize": {"method": "bonus", "points": {"": 5.0}, "on": "g"},
        "fine": {"method": "deduction", "points": {"": 2.0}},
        "zero": {"method": "veto", "effects": ["zero"]},
    }
    scheme, panel = nested(adjustments=adjustments)
    events = [("a", "prize"), ("b", "fine"), ("c", "zero")]
    panel = panel.replace(events=pd.DataFrame(events, columns=["unit", "event"]))
    form = additive_form(scheme, panel, "g")
    assert form.constant.tolist() == pytest.approx([30 + 3, 26 - 2, 0, 18])
    assert form.factor.tolist() == pytest.approx([0.6, 0.6, 0, 0.6])
    check(form, scheme, panel)


@pytest.mark.parametrize("effect", ["zero", "last", "out", "score_cap"])
def test_a_veto_on_a_score_that_moves_sets_the_unit_aside(effect: str) -> None:
    veto = {"method": "veto", "effects": [effect], "any_of": [{"score": "g", "below": 35.0}]}
    if effect == "score_cap":
        veto["cap"] = 10.0
    form = additive_form(*nested(adjustments={"red": veto}), "g")
    assert set(form.reasons) == {"a", "d"}  # 30–90 and 10–50
    assert form.set_of.tolist() == [-1, 0, 0, -1]
    assert np.isnan(form.totals).tolist() == [True, False, False, True]
    assert form.why_not(0, 1) is form.reasons["a"]


def test_a_narrow_condition_between_the_points_tried_is_seen() -> None:
    bonus = {
        "prize": {
            "method": "bonus",
            "points": {"": 5.0},
            "requires": [{"score": "g", "at_least": 61.001, "at_most": 61.002}],
        }
    }
    scheme, panel = nested(adjustments=bonus)
    panel = panel.replace(events=pd.DataFrame([{"unit": u, "event": "prize"} for u in "abcd"]))
    form = additive_form(scheme, panel, "g")
    assert set(form.reasons) == {"a", "b", "c"}


def test_units_with_the_same_gaps_are_one_set() -> None:
    scheme, panel = nested()
    frame = panel.frame("actual")
    frame.loc[["c", "d"], "y"] = np.nan
    panel = panel.replace(actual=frame)
    form = additive_form(scheme, panel, "g")
    assert form.set_of.tolist() == [0, 0, 1, 1]
    assert form.weights.T.tolist() == [pytest.approx([0.6, 0.4]), pytest.approx([1.0, 0.0])]
    assert "missing" in form.why_not(0, 2).en
    check(form, scheme, panel)
    flat = additive_form(scheme, panel, "leaves")
    assert set(flat.reasons) == {"c", "d"}


def test_what_cannot_be_asked_is_said() -> None:
    scheme, panel = nested()
    with pytest.raises(sk.SimkaoheError, match=r"no group 'h'.*Did you mean|There are"):
        additive_form(scheme, panel, "h")
    with pytest.raises(sk.SimkaoheError, match="no two weights"):
        additive_form(scheme.edit({"g.weight": 0.0, "z.weight": 1.0}), panel)
    with pytest.raises(sk.SimkaoheError, match="unit 'e'"):
        additive_form(scheme, panel).place("e")
    with pytest.raises(sk.SimkaoheError, match=r"^g: .*minimum"):
        additive_form(scheme.edit({"g.combine": "minimum"}), panel, "g")
