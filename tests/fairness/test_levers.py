"""Every lever in a case built so that its number is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import simkaohe as sk
from simkaohe.fairness import leverage
from simkaohe.sensitivity import effective_weights

FIXED = {"method": "minmax", "worst": 0.0, "best": 100.0}
FAST: dict[str, Any] = {"draws": 16}


def case(
    x: Any, weights: list[float] | None = None, rule: Any = FIXED, **fields: Any
) -> tuple[sk.Scheme, sk.Panel]:
    """Return a weighted sum of indicators x0, x1, … with values (N, K), and what else is given."""
    x = np.asarray(x, np.float64)
    units, names = [f"u{i}" for i in range(len(x))], [f"x{k}" for k in range(x.shape[1])]
    own = weights or [1.0] * len(names)
    leaves = [{"id": n, "weight": w, "rule": rule} for n, w in zip(names, own, strict=True)]
    tables = {name: fields.pop(name) for name in ("events", "covariates") if name in fields}
    values: dict[str, Any] = {"root": {"id": "total", "children": leaves}, **fields}
    return sk.Scheme.read(values), sk.Panel(pd.DataFrame(x, units, names), **tables)


def events(*rows: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["unit", "event", "count"])


def said(found: Any, topic: str) -> Any:
    (finding,) = (each for each in found.findings if each.topic == f"leverage.{topic}")
    return finding


HALF = {"bands": [{"name": "优秀", "share": 0.5}, {"name": "一般"}]}


# -- 6 dilution ------------------------------------------------------------------------------------


def test_effective_weights_of_a_sum_are_the_covariance_shares() -> None:
    x = np.random.default_rng(3).uniform(20, 90, (30, 4)) * [1, 1, 0.2, 2]
    scheme, panel = case(x, [4.0, 3.0, 2.0, 1.0])
    found = leverage(scheme, panel, **FAST)
    shares = effective_weights(scheme, panel).table["covariance_share"]
    assert np.allclose(found.weights["effective"], shares)
    assert np.allclose(found.weights["stated"], [0.4, 0.3, 0.2, 0.1])
    gap = np.abs(shares - [0.4, 0.3, 0.2, 0.1]).sum() / 2
    assert said(found, "weights").value == pytest.approx(gap)
    assert "amount to 3.3 equal ones" in said(found, "weights").sentence.en  # 1/(.16+.09+.04+.01)


def test_inside_categories_the_shares_are_pooled() -> None:
    # x0 only tells categories apart, x1 only units inside them
    x = np.array([[10, 1], [10, 3], [90, 1], [90, 3]])
    scheme, panel = case(
        x, categories={"a": None, "b": None}, units=dict(zip(["u0", "u1", "u2", "u3"], "aabb", strict=True)),
        grades=HALF,
    )  # fmt: skip
    assert np.allclose(leverage(scheme, panel, **FAST).weights["effective"], [0, 1])


def test_totals_without_differences_are_grey() -> None:
    found = leverage(*case([[50.0], [50.0], [50.0]]), **FAST)
    assert said(found, "weights").light == "grey"
    assert np.isnan(said(found, "weights").value)


# -- 7 bonus, 18 appeals ---------------------------------------------------------------------------


def test_bonuses_that_are_all_the_difference() -> None:
    bonus = {"awards": {"method": "bonus", "points": {"": 1.0}}}
    scheme, panel = case(
        [[60.0], [60.0], [60.0], [61.0]], adjustments=bonus, grades=HALF,
        events=events(("u0", "awards", 8), ("u1", "awards", 4)),
    )  # fmt: skip
    found = leverage(scheme, panel, **FAST)
    assert list(found.bonuses["points"]) == [8, 4, 0, 0]
    assert list(found.bonuses["rank"]) == [1, 2, 4, 3]
    assert list(found.bonuses["rank_without"]) == [2, 2, 2, 1]
    # with: u0, u1; without: u3 alone (the others tie at the second seat)
    assert said(found, "bonus").value == 1.0
    assert said(found, "bonus").light == "red"
    # T = 68, 64, 60, 61 and B = 8, 4, 0, 0: cov 41.0, var 38.75 by hand
    assert "106% of the differences" in said(found, "bonus").sentence.en
    # Gini of 8, 4, 0, 0: Σ(2i − n − 1)x_i / (nΣx) = (1·4 + 3·8) / 48
    assert "of 0.58;" in said(found, "bonus").sentence.en


def test_without_bonuses_there_is_nothing_to_find() -> None:
    found = leverage(*case([[1.0], [2.0], [3.0]]), **FAST)
    assert said(found, "bonus").light == "green"
    assert said(found, "multiplier").light == "green"
    assert said(found, "veto").light == "green"
    assert said(found, "attribution").light == "green"


def test_appeals_that_follow_a_covariate_are_seen() -> None:
    covariates = pd.DataFrame({"calls": [1.0, 2, 3, 4]}, ["u0", "u1", "u2", "u3"])
    scheme, panel = case(
        [[70.0], [75.0], [70.0], [65.0]],
        adjustments={"back": {"method": "bonus", "points": {"": 1.0}}}, grades=HALF,
        covariates=covariates,
        events=events(("u1", "back", 1), ("u2", "back", 2), ("u3", "back", 3)),
    )  # fmt: skip
    assert said(leverage(scheme, panel, **FAST), "appeals").light == "grey"
    found = leverage(scheme, panel, appeals=["back"], **FAST)
    assert list(found.appeals["points"]) == [0, 1, 2, 3]
    assert said(found, "appeals").value == pytest.approx(1.0)
    assert said(found, "appeals").light == "red"
    with pytest.raises(sk.SimkaoheError, match=r"there is no adjustment 'bck'.*'back'"):
        leverage(scheme, panel, appeals=["bck"], **FAST)


# -- 8 ceilings ------------------------------------------------------------------------------------


def test_caps_and_ties_at_the_last_seat() -> None:
    x = [[100, 10], [100, 30], [100, 30], [40, 20]]
    found = leverage(*case(x, [3.0, 1.0], grades=HALF), **FAST)
    assert list(found.ceilings["at_best"]) == [0.75, 0.5]  # three and two of four
    assert said(found, "ceiling").value == 1.0
    untied = leverage(*case([[100, 10], [90, 30], [81, 30], [40, 20]], grades=HALF), **FAST)
    assert said(untied, "ceiling").value == pytest.approx(0.5)
    third = {"bands": [{"name": "优秀", "seats": 1}, {"name": "一般"}]}
    tied = leverage(*case([[80.0], [80.0], [70.0]], grades=third), **FAST)
    assert "Tied where seats end: u0, u1" in said(tied, "ceiling").sentence.en
    assert "Tied" not in said(untied, "ceiling").sentence.en


# -- 9 multiplier ----------------------------------------------------------------------------------


def test_a_coefficient_that_overturns_the_base() -> None:
    values = {
        "root": {
            "id": "total",
            "combine": {"method": "multiplier", "base": "d"},
            "children": [{"id": "d", "weight": 70, "rule": FIXED}, {"id": "p", "weight": 30, "rule": FIXED}],
        }
    }  # fmt: skip
    frame = pd.DataFrame({"d": [80.0, 78, 60], "p": [90.0, 100, 95]}, ["a", "b", "c"])
    found = leverage(sk.Scheme.read(values), sk.Panel(frame), **FAST)
    row = found.multipliers.loc["total"]
    assert row["turned"] == pytest.approx(1 / 3)  # a and b of three pairs: 72 < 78
    assert row["base_gap"] == pytest.approx(2.0)
    assert row["factor_gap"] == pytest.approx(100 / 90)
    # weighted sum: 83, 84.6, 70.5: the same order as the product, 72, 78, 57
    assert row["rank_shift"] == 0
    logs = np.log([[80, 78, 60], [0.90, 1.00, 0.95]])
    whole = logs.sum(0)
    share = np.cov(logs[1], whole)[0, 1] / whole.var(ddof=1)
    assert row["log_share"] == pytest.approx(share)


# -- 10 vetoes -------------------------------------------------------------------------------------


def test_vetoes_cost_places_and_strike_the_large() -> None:
    size = pd.DataFrame({"sites": [40.0, 1, 2, 3]}, ["u0", "u1", "u2", "u3"])
    scheme, panel = case(
        [[90.0], [80.0], [70.0], [60.0]], grades=HALF, covariates=size,
        adjustments={"accident": {"method": "veto", "effects": ["last"]},
                     "mark": {"method": "veto", "effects": ["flag"]}},
        events=events(("u0", "accident", 1), ("u3", "mark", 1)),
    )  # fmt: skip
    found = leverage(scheme, panel, size="sites", **FAST)
    assert list(found.vetoes.index) == ["accident"]  # a flag decides nothing
    row = found.vetoes.loc["accident"]
    assert (row["struck"], row["rank_loss"], row["regraded"]) == (1, 3.0, 2)
    # struck 1,0,0,0 against 40,1,2,3: ranks (4, 2, 2, 2) and (4, 1, 2, 3)
    assert row["size_link"] == pytest.approx(np.corrcoef([4, 2, 2, 2], [4, 1, 2, 3])[0, 1])
    assert said(found, "veto").value == 0.5
    assert said(found, "veto").light == "red"
    with pytest.raises(sk.SimkaoheError, match=r"there is no covariate 'site'.*'sites'"):
        leverage(scheme, panel, size="site", **FAST)


# -- 11 twins --------------------------------------------------------------------------------------


def test_places_part_twins_and_straight_lines_do_not() -> None:
    x = np.array([[100.0], [50.2], [50.0], [0.0]])
    rank = leverage(*case(x, rule={"method": "rank_step", "step": 0.05}), **FAST)
    assert (rank.twins.loc["x0", "twins"], rank.twins.loc["x0", "score_gap"]) == (1, 5.0)
    assert rank.twins.loc["x0", "points"] == pytest.approx(5.0)
    assert {rank.twins.loc["x0", "one"], rank.twins.loc["x0", "other"]} == {"u1", "u2"}
    assert said(rank, "twins").value == pytest.approx(1.0)  # all neighbours are 5 points apart
    line = leverage(*case(x), **FAST)
    assert line.twins.loc["x0", "points"] == pytest.approx(0.2)


# -- 12 interdependence ----------------------------------------------------------------------------


def test_fixed_goalposts_leave_the_others_alone() -> None:
    x = np.random.default_rng(1).uniform(0, 100, (12, 3))
    found = leverage(*case(x), **FAST)
    assert len(found.others) == 12
    assert (found.others == 0).all(axis=None)
    assert said(found, "interdependence").light == "green"


def test_leaving_out_agrees_with_the_evaluation_of_the_others() -> None:
    x = np.random.default_rng(7).uniform(0, 100, (9, 3))
    scheme, panel = case(x, [3.0, 2.0, 1.0], rule={"method": "minmax"})
    found = leverage(scheme, panel, **FAST).others
    before = sk.evaluate(scheme, panel).ranking["total"]
    for unit in panel.units:
        rest = panel.frame("actual").drop(index=unit)
        after = sk.evaluate(scheme, sk.Panel(rest)).ranking["total"]
        others = list(rest.index)
        turned = sum(
            (before[a] - before[b]) * (after[a] - after[b]) < 0
            for i, a in enumerate(others)
            for b in others[i + 1 :]
        )
        assert found.loc[unit, "reversals"] == turned
        changed = sum(abs(before[u] - after[u]) for u in others)
        assert found.loc[unit, "points"] == pytest.approx(changed)
    assert found["reversals"].sum() > 0


# -- 13, 14 attention ------------------------------------------------------------------------------


def test_opinions_without_spread_are_not_heard() -> None:
    scheme, panel = case([[10.0, 80], [50, 80], [90, 80]])
    values = scheme.plain()
    values["root"]["children"][1]["rule"] = "given"
    scheme = sk.Scheme.read(values)
    found = leverage(scheme, panel, lagged=["x1"], **FAST)
    assert list(found.attention["kind"]) == ["hard", "soft"]
    assert said(found, "attention").value == pytest.approx(0.0)
    assert said(found, "attention").light == "red"
    assert (said(found, "lagged").light, said(found, "lagged").value) == ("red", 0.0)
    assert said(leverage(scheme, panel, lagged=["x0"], **FAST), "lagged").light == "green"
    assert said(leverage(scheme, panel, **FAST), "lagged").light == "grey"
    with pytest.raises(sk.SimkaoheError, match="there is no indicator 'x2'"):
        leverage(scheme, panel, lagged=["x2"], **FAST)


# -- 16 attribution --------------------------------------------------------------------------------


def test_a_result_that_is_counted_twice_is_found() -> None:
    def shared(first: float, second: float) -> Any:
        values = {
            "categories": {"a": None},
            "units": {"u0": "a", "u1": "a", "u2": "a"},
            "attribution": {"zone": {"source": "zone", "to": {"u0": first, "u1": second}}},
            "root": {"id": "total", "children": [{"id": "x", "attributed": "sum", "rule": FIXED}]},
        }
        frame = pd.DataFrame({"x": [10.0, 20, 35, 35]}, ["u0", "u1", "u2", "zone"])
        return leverage(sk.Scheme.read(values), sk.Panel(frame), **FAST)

    twice = shared(1.0, 1.0)
    assert twice.attribution.loc["x", "whole"] == 100
    assert twice.attribution.loc["x", "counted"] == 135
    assert said(twice, "attribution").value == pytest.approx(0.35)
    assert said(twice, "attribution").light == "red"
    once = said(shared(0.6, 0.4), "attribution")
    assert once.value == pytest.approx(0)
    assert once.light == "green"  # 31, 34, 35 with the zone, 10, 20, 35 without: the same order
    first = said(shared(0.0, 1.0), "attribution")
    assert first.light == "amber"  # u1 has 55 and is first; without the zone it is second
    assert "2 units would have another result; the largest move is 1." in first.sentence.en


# -- 19 robustness ---------------------------------------------------------------------------------


def test_who_is_best_everywhere_stands_and_who_balances_does_not() -> None:
    x = [[90.0, 90], [60, 40.1], [40, 60], [10, 10]]
    bands = {"bands": [{"name": "优秀", "seats": 2}, {"name": "一般"}]}
    found = leverage(*case(x, grades=bands), draws=4096).robustness
    assert found.loc["u0", "keeps"] == found.loc["u3", "keeps"] == 1.0
    # u1 beats u2 where 20 w0 > 19.9 w1: with both weights uniform ±25 % just above one half
    ratio = 19.9 / 20
    chance = np.mean(np.linspace(0.75, 1.25, 2001) > ratio * np.linspace(0.75, 1.25, 2001)[:, None])
    assert found.loc["u1", "keeps"] == pytest.approx(chance, abs=0.01)
    assert found.loc["u2", "keeps"] == found.loc["u1", "keeps"]


# -- 20 pass lines ---------------------------------------------------------------------------------


def test_strengths_that_hide_a_failed_part() -> None:
    x = [[95.0, 55], [70, 70], [65, 65], [60, 61]]
    scheme, panel = case(x, grades=HALF)
    found = leverage(scheme, panel, **FAST)
    assert list(found.pass_lines.index) == ["u0", "u1", "u2", "u3"]
    assert found.pass_lines.loc["u0", ["missed", "weakest"]].tolist() == [1, "x1"]
    assert found.pass_lines.loc["u0", "score"] == pytest.approx(55)
    assert said(found, "pass_lines").value == 0.5
    assert said(found, "pass_lines").light == "red"
    other = leverage(scheme, panel, pass_lines={"x0": 60.0, "x1": 50.0}, **FAST)
    assert said(other, "pass_lines").value == 0
    low = leverage(*case(np.array(x) / 2, grades=HALF), **FAST)
    assert said(low, "pass_lines").light == "grey"  # 60 points are no pass mark there
    with pytest.raises(sk.SimkaoheError, match="pass_lines: found 120; expected 0 to 100"):
        leverage(scheme, panel, pass_lines=120, **FAST)
    with pytest.raises(sk.SimkaoheError, match="there is no indicator or group 'x9'"):
        leverage(scheme, panel, pass_lines={"x9": 60}, **FAST)


# -- all together ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["three_papers", "cadre_360", "sprint", "tai"])
def test_every_finding_speaks_both_languages(name: str) -> None:
    found = leverage(*sk.load(name), **FAST)
    assert len({finding.topic for finding in found.findings}) == len(found.findings) == 13
    for finding in found.findings:
        assert finding.measure == "leverage"
        assert (finding.light == "grey") or not np.isnan(finding.value)
        for words in (finding.question, finding.sentence, finding.caution):
            assert words.zh
            assert words.en
            assert "nan" not in words.en.replace("finance", "").replace("maintenance", "")
            assert "{" not in words.en + words.zh
