"""Linear forms: they predict every evaluation, or there is none."""

from __future__ import annotations

import numpy as np
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
