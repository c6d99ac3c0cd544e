"""Few units, ties, vetoes, rare chances and odd names: every sentence stays true and readable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import simkaohe as sk
from simkaohe import fairness
from simkaohe.fairness.boundaries import _of_boundary
from simkaohe.fairness.finding import amount, cases

VALUES = np.random.default_rng(0).uniform(20, 90, (12, 2))
MEASURES: dict[str, Callable[[sk.Scheme, sk.Panel], Any]] = {
    "parity": lambda s, p: fairness.parity(s, p, permutations=99),
    "cliffs": fairness.cliffs,
    "similar_units": lambda s, p: fairness.similar_units(s, p, effort="effort"),
    "money": lambda s, p: fairness.money(s, p, s.edit({"uses.pot.pot": 1.0})),
    "endowment": lambda s, p: fairness.endowment(s, p, effort="effort", permutations=99),
    "most_favourable_weights": fairness.most_favourable_weights,
    "noise": lambda s, p: fairness.noise(s, p, {"x": 3.0}, draws=100),
}


def made(
    values: Any, kinds: str = "", events: list[str] | None = None, **more: Any
) -> tuple[sk.Scheme, sk.Panel]:
    """Return a scheme of x, y, … that score their own values, grades, a pot, and covariates."""
    values = np.asarray(values, float)
    units = [f"u{{{i}}}, 5%" for i in range(len(values))]
    names = "xyz"[: values.shape[1]]
    rule = {"method": "minmax", "worst": 0, "best": 100}
    scheme: dict[str, Any] = {
        "grades": {"bands": [{"name": "A{0}", "share": 0.5}, {"name": "B"}]},
        "uses": {"pot": {"method": "proportional", "pot": 123456.0, "unit": "元"}},
        "root": {
            "id": "total",
            "children": [
                {"id": n, "rule": rule, "name": f"指标{n}", "name_en": f"Item {n}"} for n in names
            ],
        },
    }
    if kinds:
        scheme["categories"] = {kind: {"name": f"{kind}{{1}}类"} for kind in kinds}
        scheme["units"] = {u: kinds[i % len(kinds)] for i, u in enumerate(units)}
    place = np.arange(len(units))
    tables = {"covariates": pd.DataFrame({"base": place, "effort": place % 5 * 1.0}, units)}
    if events:
        tables["events"] = pd.DataFrame(
            [(units[int(e)], "red") for e in events], columns=["unit", "event"]
        )
    return sk.Scheme.read(scheme | more), sk.Panel(pd.DataFrame(values, units, [*names]), **tables)


VETO = {"adjustments": {"red": {"method": "veto", "effects": ["last"]}}}
EDGES = {
    "one unit": made([[50]]),
    "two units": made([[50, 10], [60, 20]]),
    "one unit in each category": made([[50, 10], [60, 20]], "pq"),
    "all tied": made(np.full((12, 2), 50), "pq"),
    "all zero": made(np.zeros((12, 2)), "pq"),
    "nearly tied": made(80 + 1e-6 * np.arange(12)[:, None] * [1, 1]),
    "nobody ranked": made(VALUES, unranked=[f"u{{{i}}}, 5%" for i in range(12)]),
    "the first comes last": made(np.linspace(90, 30, 12)[:, None] * [1, 1], events=["0"], **VETO),
    "a crossed line": made(
        [[90, 90], [80, 80]],
        events=["0"],
        adjustments={"red": {"method": "veto", "effects": ["not_top"]}},
    ),
    "no seat": made(
        VALUES,
        "pq",
        grades={"rounding": "floor", "bands": [{"name": "A", "share": 0.1}, {"name": "B"}]},
    ),
}


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("edge", EDGES)
def test_a_sentence_holds_at_every_edge(edge: str, measure: str) -> None:
    for finding in MEASURES[measure](*EDGES[edge]).findings:
        assert finding.measure == measure
        assert finding.light == "grey" or np.isfinite(finding.value)
        for words in (finding.question, finding.sentence, finding.caution):
            for text in words:
                said = text.lower()
                assert not any(bad in said for bad in ("nan", "inf ", "e+0", "-0%"))


def findings(measure: str, case: tuple[sk.Scheme, sk.Panel]) -> dict[str, fairness.Finding]:
    return {f.topic: f for f in MEASURES[measure](*case).findings}


def test_one_unit_that_is_paid_is_paid() -> None:
    found = findings("money", EDGES["one unit"])["money.concentration.pot"]
    assert found.sentence.en == "pot is meant for one unit only."


def test_amounts_are_written_out() -> None:
    found = findings("money", EDGES["two units"])["money.change.pot"]
    assert found.sentence.en.endswith("the whole changes by +123,455 元.")
    assert [amount(x) for x in (0, -0.001, 1.5, 1e7)] == ["0", "0", "1.5", "10,000,000"]


def test_what_is_rare_is_not_impossible() -> None:
    values = np.linspace(90, 10, 40)[:, None]
    values = np.concatenate([values[::2], values[1::2] / 9])  # 20 far ahead of 20
    scheme, panel = made(values)
    groups = pd.Series(["a"] * 20 + ["b"] * 20, list(panel.units))
    found = {f.topic: f for f in fairness.parity(scheme, panel, groups=groups).findings}
    for topic in ("parity.rank", "parity.top_grade"):
        assert found[topic].light == "red"
        assert "less than 1% of cases" in found[topic].sentence.en
    assert cases(0.01).zh == "1%"


def test_equal_shares_have_no_highest() -> None:
    found = findings("parity", EDGES["one unit in each category"])
    assert "(100% everywhere)" in found["parity.top_grade"].sentence.en
    assert "100% of the units of every category" in found["parity.quota"].sentence.en


def test_seats_in_numbers_are_no_share() -> None:
    bands = [{"name": "A", "seats": 1}, {"name": "B"}]
    case = made(VALUES, "ppq", grades={"bands": bands})
    sentence = findings("parity", case)["parity.quota"].sentence
    assert sentence.en.endswith(
        "25% of the units of q{1}类 (1) and 12% of those of p{1}类 (1); the rule gives numbers."
    )


def test_a_line_counts_who_is_exactly_at_its_edge() -> None:
    scheme, panel = made([[10], [20], [30], [40]], "pq")
    size = pd.Series([90.0, 110.0, 50.0, 200.0], list(panel.units))  # 110 / 100 − 1 > 0.1 in binary
    found = fairness.cliffs(scheme, panel, size=size, cutoffs=[100], band=0.1)
    assert set(found.near["size"]) == {90, 110}


def test_gains_and_losses_at_a_line_do_not_cancel_in_words() -> None:
    near = pd.DataFrame({"jump": [0.5, -0.5], "side": ["below"] * 2})
    found = _of_boundary(near, True, 0.2)
    assert found.light == "red"
    assert "by 50 percentage points on average: those below (2) by +0" in found.sentence.en


def test_a_bonus_on_a_paper_is_no_matter_of_combination() -> None:
    scheme, panel = made(
        [[80, 80], [70, 70]], events=["1"],
        adjustments={"red": {"method": "bonus", "on": "x", "points": {"": 30}}},
    )  # fmt: skip
    found = fairness.similar_units(scheme, panel)
    assert found.reversals["cause"].tolist() == ["adjustments"]
    assert found.findings[2].light == "green"


def test_a_unit_vetoed_to_the_end_stays_there_net_of_endowment() -> None:
    scheme, panel = EDGES["the first comes last"]
    found = fairness.endowment(scheme, panel, ["effort"], permutations=99)
    assert found.net["rank"].tolist() == list(range(1, 13))
    assert found.net.index[-1] == panel.units[0]
    assert found.net["net_rank"].iloc[-1] == 12


def test_indicators_are_named_in_both_languages() -> None:
    values = 50 + np.arange(12)[:, None] * [2, 1]
    sk.use_language("zh")
    try:
        found = findings("endowment", made(values))["endowment.indicators"].sentence
    finally:
        sk.use_language("en")
    assert "(Item x, Item y)" in found.en
    assert "（指标x、指标y）" in found.zh


def test_a_share_of_a_dependence_that_may_be_chance_is_not_said() -> None:
    # x follows the covariate, y takes it back: the total does not depend on it.
    noise = np.tile([4.0, -4, -4, 4], 5)
    place = np.arange(20.0)
    scheme, panel = made(np.stack([30 + 2 * place, 70 - 2 * place + noise], 1))
    found = {f.topic: f for f in fairness.endowment(scheme, panel, ["base"]).findings}
    assert found["endowment.total"].light != "red"
    assert "of the total's dependence" not in found["endowment.indicators"].sentence.en


def test_the_odd_weights_give_the_odd_rank() -> None:
    scheme, panel = made(VALUES)
    wide = {f"{name}.weight": (1.0, 99.0) for name in "xy"}
    found = fairness.most_favourable_weights(scheme, panel, bounds=wide)
    for unit, row in found.table.iterrows():
        there = sk.evaluate(scheme.edit(found.edits(str(unit), odd=True)), panel)
        assert there.ranking.loc[unit, "rank"] == row["odd_best"]
    assert "but for some" in found.findings[0].sentence.en


def test_totals_of_zero_have_errors_too() -> None:
    found = fairness.noise(*EDGES["all zero"], {"x": 3.0}, draws=200)
    assert (found.table["category_high"] == 6).all()


def test_errors_that_reach_no_total_need_no_larger_sample() -> None:
    scheme, panel = made([[100.0, 10], [100.0, 90]])
    sizes = {
        name: pd.DataFrame({"x": [v, v]}, list(panel.units))
        for name, v in (("sample_size", 50.0), ("sample_sd", 9.0))
    }
    scheme = scheme.edit({"x.weight": 0.0})
    found = fairness.noise(scheme, panel.replace(**sizes))
    assert found.sample_size()["factor"].tolist() == [0.0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s, p, x: fairness.cliffs(s, p, size=x, cutoffs=[1]), "size: found 'a'"),
        (lambda s, p, x: fairness.similar_units(s, p, effort=x), "effort: found 'a'"),
        (lambda s, p, x: fairness.parity(s, p, groups=pd.concat([x, x])), "this unit is there twice"),
        (lambda s, p, x: fairness.endowment(s, p, permutations=-1), "permutations: found -1"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused(call: Callable[..., Any], words: str) -> None:
    scheme, panel = made(VALUES, "pq")
    with pytest.raises(sk.SimkaoheError, match=words):
        call(scheme, panel, pd.Series(["a"] * 12, list(panel.units)))


def test_a_covariate_named_twice_counts_once() -> None:
    assert len(fairness.endowment(*made(VALUES), ["base", "base"], permutations=99).covariates) == 1
