"""The engine against the one definition: a draw is the evaluation of the edited scheme."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata
from strategies import evaluable, schemes

import simkaohe as sk
from simkaohe.engine import compiled
from simkaohe.engine.draws import can_be_drawn
from simkaohe.files.text import parse_yaml, to_yaml

some = settings(
    max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def made(case: tuple[sk.Scheme, sk.Panel]) -> sk.Engine:
    engine = evaluable(*case)
    assume(engine is not None)
    return engine


def numeric(scheme: sk.Scheme) -> dict[str, dict[str, float]]:
    """Return the numeric paths that a draw may change, by kind, with their values."""
    kinds: dict[str, dict[str, float]] = {}
    for path, slot in scheme.paths().items():
        first, field, *_ = [*path.split("."), ""]
        kind = field if first in scheme.nodes else first
        if can_be_drawn(scheme, path) and slot.is_number and slot.value is not None:
            kinds.setdefault(kind, {})[path] = slot.value
    return kinds


def same(one: sk.engine.Outcome, other: sk.engine.Outcome, row: int = 0) -> None:
    np.testing.assert_allclose(one.totals[row], other.totals[0], rtol=1e-12, atol=1e-12)
    assert np.array_equal(one.ranks[row], other.ranks[0])
    assert np.array_equal(one.category_ranks[row], other.category_ranks[0])
    assert (one.grades is None) == (other.grades is None)
    if one.grades is not None:
        assert np.array_equal(one.grades[row], other.grades[0])
    for use, amounts in one.uses.items():
        np.testing.assert_allclose(amounts[row], other.uses[use][0], rtol=1e-9, atol=1e-9)
    for node, score in one.scores.items():
        row_of = score[row if len(score) > 1 else 0]
        np.testing.assert_allclose(row_of, other.scores[node][0], rtol=1e-12, atol=1e-12)


@some
@given(schemes(), st.data())
def test_a_draw_is_the_evaluation_of_the_edited_scheme(case, data) -> None:
    engine = made(case)
    scheme, panel = case
    kinds = numeric(scheme)
    draws: dict[str, np.ndarray] = {}
    for kind in data.draw(st.sets(st.sampled_from(sorted(kinds)), min_size=1)):
        paths = st.sampled_from(sorted(kinds[kind]))
        for path in data.draw(st.sets(paths, min_size=1, max_size=3)):
            scales = st.floats(0.97, 1.04) | st.sampled_from((0.0, 3.0))
            scale = np.array(data.draw(st.lists(scales, min_size=3, max_size=3)))
            draws[path] = (kinds[kind][path] or 10.0) * scale
    nodes = tuple(scheme.nodes)
    try:
        outcome = engine.run(draws, nodes=nodes, uses=True)
    except sk.SimkaoheError:
        with pytest.raises(sk.SimkaoheError):  # noqa: PT012  # one of the draws is the reason
            for r in range(3):
                sk.evaluate(scheme.edit({p: v[r] for p, v in draws.items()}), panel)
        return
    for r in range(3):
        edited = scheme.edit({path: float(values[r]) for path, values in draws.items()})
        alone = sk.Engine(edited, panel).run(nodes=nodes, uses=True)
        same(outcome, alone, r)
        row = {path: values[r : r + 1] for path, values in draws.items()}
        same(engine.run(row, nodes=nodes, uses=True), alone)


CASES = ("cadre_360", "county_targets", "sprint", "tai", "target_responsibility", "three_papers")


@pytest.mark.parametrize("name", CASES)
def test_any_number_of_a_case_is_drawn_or_refused_as_it_is_evaluated(name: str) -> None:
    scheme, panel = sk.load(name)
    engine = sk.Engine(scheme, panel)
    paths: dict[str, list[str]] = {}
    for path, slot in scheme.paths().items():
        if can_be_drawn(scheme, path) and slot.is_number:
            paths.setdefault(kind_of(scheme, path, slot.value), []).append(path)
    values = st.sampled_from((0.0, 1e-9, 0.5, 3.0, 100.0, 1e12, -1.0))

    some_path = st.sampled_from(sorted(paths)).flatmap(lambda kind: st.sampled_from(paths[kind]))

    @settings(max_examples=60)
    @given(some_path, values)
    def law(path: str, value: float) -> None:
        run, edited = (
            answer(how)
            for how in (
                lambda: engine.run({path: [value]}, uses=True),
                lambda: sk.evaluate(scheme.edit({path: value}), panel).outcome,
            )
        )
        if isinstance(run, str) or isinstance(edited, str):
            assert run == edited
        else:
            same(run, edited)

    law()


def kind_of(scheme: sk.Scheme, path: str, value: float | None) -> str:
    """Return what is tried as often as anything else: a weight that is zero, a rule's field, …"""
    first, field, *rest = path.split(".")
    words = [field, *rest[-1:]] if first in scheme.nodes and field == "rule" else [field]
    return " ".join([*(words if first in scheme.nodes else [first]), "" if value else "off"])


def answer(how: Callable[[], sk.engine.Outcome]) -> sk.engine.Outcome | str:
    try:
        return how()
    except sk.SimkaoheError as error:
        return str(error)


@pytest.mark.parametrize(
    ("case", "edits", "words"),
    [
        ("three_papers", {"provincial.weights_by_category.urban": 1.0}, "province_place › 青山区"),
        ("three_papers", {"shared.weights_by_category.econ_dept": 2.0}, "income › "),
        ("county_targets", {"water.weight": 0.0}, "'water' is itself cancelled"),
        ("county_targets", {"delegates.weight": 0.0}, "sum to 0 in category 'party'"),
    ],
)
def test_weights_without_a_result_are_refused_however_they_are_drawn(case, edits, words) -> None:
    scheme, panel = sk.load(case)
    engine = sk.Engine(scheme, panel)
    draws = {path: np.array([scheme.paths()[path].value, value]) for path, value in edits.items()}
    said = answer(lambda: sk.evaluate(scheme.edit(edits), panel).outcome)
    assert words in said
    assert answer(lambda: engine.run(edits)) == said
    assert answer(lambda: engine.run(draws)) == said
    assert answer(lambda: [*engine.orders(draws)]) == said


def test_a_weight_may_wake_where_nothing_above_it_counts_or_the_data_are_drawn() -> None:
    scheme, panel = sk.load("three_papers")
    engine = sk.Engine(scheme, panel)
    paper, part = (f"{name}.weights_by_category.urban" for name in ("provincial", "province_place"))
    same(engine.run({part: [5.0, 0.0, 5.0], paper: 0.0}), engine.run(), 2)
    whole = {f"data.value.{n}": np.full(len(engine.units), 1.0) for n in PROVINCIAL}
    marks = engine.run({paper: [1.0], **whole}, nodes=("provincial",)).scores["provincial"]
    assert np.isfinite(marks).all()


PROVINCIAL = ("province_place", "province_gain")


def with_one_in(scheme: sk.Scheme, unit: str, category: str) -> sk.Scheme:
    """Return the edited scheme, without the category that the unit leaves empty."""
    home = scheme.units[unit]
    if category == home or list(scheme.units.values()).count(home) > 1:
        return scheme.edit({f"units.{unit}": category})

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without(v) for key, v in value.items() if key != home}
        return [without(v) for v in value] if isinstance(value, list) else value

    plain = scheme.plain()
    plain["units"][unit] = category
    return sk.Scheme.read(without(plain))


@some
@given(schemes(), st.data())
def test_one_unit_elsewhere_is_the_evaluation_of_the_edited_scheme(case, data) -> None:
    assume(case[0].units)
    engine = made(case)
    scheme, panel = case
    before = engine.run(uses=True)
    unit = data.draw(st.sampled_from(engine.units))
    category = data.draw(st.sampled_from(engine.categories))
    try:
        found = engine.elsewhere(unit, category, uses=True)
    except sk.SimkaoheError:
        with pytest.raises(sk.SimkaoheError):
            sk.evaluate(with_one_in(scheme, unit, category), panel)
        return
    same(found, sk.Engine(with_one_in(scheme, unit, category), panel).run(uses=True))
    same(engine.run(uses=True), before)


def test_elsewhere_names_what_it_does_not_know() -> None:
    engine = sk.Engine(*sk.load("county_targets"))
    with pytest.raises(sk.SimkaoheError, match="elsewhere: there is no category 'econ'"):
        engine.elsewhere(engine.units[0], "econ")
    with pytest.raises(sk.SimkaoheError, match="elsewhere: there is no unit 'nobody'"):
        engine.elsewhere("nobody", "economic")


@some
@given(schemes(), st.data())
def test_without_one_unit_is_the_evaluation_of_the_others_alone(case, data) -> None:
    engine = made(case)
    scheme, panel = case
    before = engine.run(uses=True)
    unit = data.draw(st.sampled_from(engine.units))
    assume(list(scheme.units.values()).count(scheme.units.get(unit)) != 1)
    values = scheme.plain()
    values.get("units", {}).pop(unit, None)
    values["unranked"] = [other for other in scheme.unranked if other != unit]
    others = [other for other in panel.units if other != unit]
    tables = {name: panel.frame(name).loc[others] for name in panel.tables}
    for name in panel.record_tables:
        rows = panel.records(name)
        tables[name] = rows[rows["unit"] != unit]
    alone = sk.Scheme.read(values), sk.Panel(**tables)
    try:
        found = engine.without(unit, uses=True)
    except sk.SimkaoheError:
        with pytest.raises(sk.SimkaoheError):
            sk.evaluate(*alone)
        return
    same(found, sk.Engine(*alone).run(uses=True))
    same(engine.run(uses=True), before)


def test_without_says_whom_it_does_not_know() -> None:
    engine = sk.Engine(*sk.load("county_targets"))
    with pytest.raises(sk.SimkaoheError, match="without: there is no unit 'nobody'"):
        engine.without("nobody")


@some
@given(schemes(), st.data())
def test_the_order_of_units_does_not_matter(case, data) -> None:
    engine = made(case)
    scheme, panel = case
    order = data.draw(st.permutations(panel.units))
    moved_panel = panel.replace(**{name: panel.frame(name).loc[order] for name in panel.tables})
    values = scheme.plain()
    if scheme.units:
        values["units"] = {unit: scheme.units[unit] for unit in order}
    other = sk.Engine(sk.Scheme.read(values), moved_panel)
    place = [engine.units.index(unit) for unit in other.units]
    one, moved = engine.run(), other.run()
    np.testing.assert_allclose(one.totals[:, place], moved.totals, rtol=1e-12)
    assert np.array_equal(one.ranks[:, place], moved.ranks)
    assert np.array_equal(one.category_ranks[:, place], moved.category_ranks)
    if one.grades is not None:
        assert np.array_equal(one.grades[:, place], moved.grades)


@some
@given(schemes(monotone=True, gaps=False), st.data(), st.floats(0.1, 60.0))
def test_raising_a_positive_indicator_never_lowers_the_total(case, data, by) -> None:
    engine = made(case)
    scheme, panel = case
    frame = panel.frame("actual")
    unit = data.draw(st.sampled_from(panel.units))
    frame.loc[unit, data.draw(st.sampled_from(panel.columns("actual")))] += by
    place = engine.units.index(unit)
    before, after = engine.run(), sk.evaluate(scheme, panel.replace(actual=frame)).outcome
    assert after.totals[0, place] >= before.totals[0, place]
    assert after.ranks[0, place] <= before.ranks[0, place]


@some
@given(schemes(game=False))
def test_ranks_are_those_of_the_rounded_totals(case) -> None:
    outcome = made(case).run()
    digits = case[0].ranking.digits
    totals = np.round(outcome.totals[0], 9 if digits is None else digits)
    ties = {"competition": "min", "dense": "dense"}[case[0].ranking.ties]
    assert np.array_equal(outcome.ranks[0], rankdata(-totals, method=ties))
    for category in set(case[0].units.values()):
        inside = [k for k, unit in enumerate(case[0].units) if case[0].units[unit] == category]
        expected = rankdata(-totals[inside], method=ties)
        assert np.array_equal(outcome.category_ranks[0, inside], expected)


@some
@given(schemes())
def test_yaml_there_and_back_is_the_same_scheme_and_the_same_result(case) -> None:
    engine = made(case)
    scheme, panel = case
    again = sk.Scheme.read(parse_yaml(to_yaml(scheme.plain()), "here"))
    assert again == scheme
    one, other = engine.run(), sk.Engine(again, panel).run()
    assert one.totals.tobytes() == other.totals.tobytes()
    assert np.array_equal(one.ranks, other.ranks)


@some
@given(schemes(), schemes(), st.data())
def test_editing_by_the_difference_gives_the_other_scheme(case, other, data) -> None:
    scheme, target = case[0], other[0]
    assert scheme.edit(scheme.diff(target)) == target
    assert scheme.diff(scheme) == {}
    path = data.draw(st.sampled_from([f"{node}.weight" for node in scheme.nodes]))
    near = scheme.edit({path: 7.25, "ranking.digits": 3})
    assert scheme.edit(scheme.diff(near)) == near


@pytest.mark.parametrize("case", ["tai", "three_papers"])
def test_block_boundaries_do_not_matter(case: str) -> None:
    scheme, panel = sk.load(case)
    engine = sk.Engine(scheme, panel)
    rng = np.random.default_rng(5)
    leaves = [leaf.id for leaf in scheme.indicators]
    draws = {f"{leaf}.weight": rng.uniform(1, 9, 5000) for leaf in leaves}
    whole = engine.run(draws)
    for start, stop in ((0, 1), (0, 3), (1700, 4600), (4999, 5000)):
        part = engine.run({path: values[start:stop] for path, values in draws.items()})
        np.testing.assert_allclose(whole.totals[start:stop], part.totals, rtol=1e-12)
        assert np.array_equal(whole.ranks[start:stop], part.ranks)
        assert np.array_equal(whole.category_ranks[start:stop], part.category_ranks)


@pytest.mark.parametrize("combine", ["weighted_sum", {"method": "geometric", "zero": "floor"}])
def test_equal_units_have_equal_ranks_whatever_the_weights(combine) -> None:
    rng = np.random.default_rng(8)
    raw = np.repeat(rng.integers(0, 100, (7, 12)) / 7, 3, 0)
    frame = pd.DataFrame(raw, [f"u{i}" for i in range(21)], [f"x{k}" for k in range(12)])
    leaves = [{"id": name, "rule": "minmax"} for name in frame]
    scheme = sk.Scheme.read({"root": {"id": "total", "combine": combine, "children": leaves}})
    engine = sk.Engine(scheme, sk.Panel(frame))
    draws = {
        f"{name}.weight": w
        for name, w in zip(frame, rng.dirichlet(np.ones(12), 500).T, strict=True)
    }
    ranks = engine.run(draws).ranks.reshape(500, 7, 3)
    assert (ranks == ranks[:, :, :1]).all()
    for r in range(50):
        single = engine.run({path: values[r : r + 1] for path, values in draws.items()})
        assert np.array_equal(single.ranks[0], ranks[r].ravel())


@pytest.mark.parametrize(
    ("draws", "words"),
    [
        ({"party.wieght": [1.0]}, "Did you mean 'weight'"),
        ({"party.weight": [1.0, -2.0]}, "≥ 0"),
        ({"party.weight": [1.0, np.nan]}, "finite numbers"),
        ({"party.weight": [[1.0]]}, "finite numbers"),
        ({"party.weight": [1.0, 2.0], "income.rule.cap": [1.0, 1.1, 1.2]}, "different lengths"),
        ({"gdp_growth.rule.cap": [0.2]}, "at most cap"),
        ({"total.combine": [1.0]}, "a number of a node or adjustment"),
        ({"ranking.digits": [1.0]}, "a number of a node or adjustment"),
        ({"units.青山区": [1.0]}, "a number of a node or adjustment"),
    ],
)
def test_what_cannot_be_drawn_says_so(draws: Any, words: str) -> None:
    engine = sk.Engine(*sk.load("three_papers"))
    with pytest.raises(sk.SimkaoheError, match=words):
        engine.run(draws)


def test_a_scheme_is_compiled_once_as_long_as_somebody_holds_its_engine() -> None:
    scheme, panel = sk.load("tai")
    engine = compiled(scheme, panel)
    assert compiled(scheme, panel) is sk.evaluate(scheme, panel).engine is engine
    same = scheme.edit({"total.name": scheme.root.name})
    assert same == scheme
    assert compiled(same, panel) is not engine
    alive = weakref.ref(engine)
    del engine
    assert alive() is None
