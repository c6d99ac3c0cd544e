"""Money: double sums, an identity, published values, and uses whose answer is known."""

from __future__ import annotations

from itertools import product
from math import log
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_boundaries import made

import simkaohe as sk
from simkaohe.fairness.payouts import gini, money, theil

amounts = st.lists(st.integers(0, 1000), min_size=2, max_size=12).filter(any)


def paid(uses: dict[str, Any], home: str = "ppqq", **more: Any) -> tuple[sk.Scheme, sk.Panel]:
    x = [90.0, 80, 70, 60, 50, 40][: len(home)]
    return made(list(home), {"x": x}, uses=uses, **more)


# -- measures --------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(amounts)
def test_gini_is_half_the_mean_difference(x: list[int]) -> None:
    n, whole = len(x), sum(x)
    expected = sum(abs(a - b) for a, b in product(x, repeat=2)) / (2 * n * whole)
    assert gini(np.array(x, float)) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=60)
@given(amounts, st.data())
def test_theil_splits_exactly(x: list[int], data: st.DataObject) -> None:
    groups = data.draw(st.lists(st.sampled_from("abc"), min_size=len(x), max_size=len(x)))
    n, mean = len(x), sum(x) / len(x)
    whole, within, between = theil(np.array(x, float), groups)
    assert whole == pytest.approx(sum(a / mean * log(a / mean) for a in x if a > 0) / n, abs=1e-9)
    parts = 0.0
    for g in set(groups):
        mine = [a for a, h in zip(x, groups, strict=True) if h == g]
        if sum(mine) > 0:
            inner = sum(mine) / len(mine)
            t = sum(a / inner * log(a / inner) for a in mine if a > 0) / len(mine)
            parts += sum(mine) / sum(x) * t
    assert within == pytest.approx(parts, abs=1e-9)
    assert whole == pytest.approx(within + between, abs=1e-12)


def test_known_concentrations() -> None:
    assert gini(np.array([0.0, 0, 0, 5])) == 0.75  # (n − 1) / n
    assert gini(np.arange(1.0, 11)) == pytest.approx(0.3)  # 1 … n: (n − 1) / (3 n)
    assert theil(np.array([0.0, 0, 0, 5]), "abcd")[0] == pytest.approx(log(4))
    assert np.isnan(gini(np.zeros(3)))
    assert np.isnan(theil(np.zeros(3), "abc")).all()


# -- uses ------------------------------------------------------------------------------------------


def test_one_taker_takes_all() -> None:
    found = money(*paid({"prize": {"method": "pay_by_rank", "amounts": [60]}}))
    row = found.table.loc["prize"]
    assert row[["total", "gini", "gini_corrected", "top_tenth", "top_three"]].tolist() == [
        60, 0.75, 1, 1, 1,
    ]  # fmt: skip
    assert row["paid"] == 1
    assert row["gini_proportional"] == pytest.approx(gini(np.array([90.0, 80, 70, 60])))
    assert found.categories.loc[("prize", "p"), ["amount", "share", "per_unit"]].tolist() == [
        60, 1, 30,
    ]  # fmt: skip
    assert found.categories["relative"].tolist() == [2, 0]
    lights = {finding.topic: finding.light for finding in found.findings}
    assert lights == {"money.concentration.prize": "amber", "money.categories.prize": "red"}


def test_a_pot_in_proportion_to_score_is_its_own_yardstick() -> None:
    row = money(*paid({"pot": {"method": "proportional", "pot": 100}})).table.loc["pot"]
    assert row["gini"] == pytest.approx(row["gini_proportional"])


def test_seats_are_compared_with_staff() -> None:
    uses = {"seats": {"method": "individual_quota", "shares": {"A": 0.2, "B": 0.2}}}
    found = money(*paid(uses, covariates={"staff": [10.0, 30, 40, 120]}))
    assert found.categories["share_staff"].tolist() == [0.2, 0.8]
    assert found.categories["share"].tolist() == [0.2, 0.8]
    assert found.categories["relative"].tolist() == [1, 1]
    assert found.findings[1].light == "green"
    assert "gets the share of seats that it has of the staff" in found.findings[1].sentence.en


def test_units_for_whom_a_use_is_not_meant_are_outside_it() -> None:
    uses = {
        "fund": {
            "method": "pay_by_grade",
            "amounts": {"A": 10},
            "requires": [{"fact": "county", "at_least": 1}],
        }
    }
    found = money(*paid(uses, covariates={"county": [1.0, 1, 0, 0]}))
    assert found.amounts["fund"].isna().tolist() == [False, False, True, True]
    assert found.table.loc["fund", ["units", "paid"]].tolist() == [2, 1]
    assert found.categories.index.tolist() == [("fund", "p")]


def test_nothing_paid_and_nothing_to_pay() -> None:
    found = money(*paid({"none": {"method": "pay_by_rank", "amounts": [0]}}))
    assert found.table.loc["none", ["gini", "theil", "top_tenth"]].isna().all()
    assert [finding.light for finding in found.findings] == ["grey", "grey"]
    assert (
        money(*paid({})).findings[0].sentence.en
        == "The scheme states no use of the results (uses)."
    )


def test_amounts_below_zero_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    scheme, panel = paid({"prize": {"method": "pay_by_rank", "amounts": [60]}})
    rule = type(scheme.uses["prize"])
    monkeypatch.setattr(rule, "formula", staticmethod(lambda ranks, eligible, **_: 2.0 - ranks))
    with pytest.raises(
        sk.SimkaoheError, match=r"uses\.prize › u3: found -2; expected an amount ≥ 0"
    ):
        money(scheme, panel)


# -- changes ---------------------------------------------------------------------------------------


def test_who_pays_for_a_change() -> None:
    base, panel = paid({"prize": {"method": "pay_by_rank", "amounts": [50, 30, 20]}})
    uses = {
        "prize": {"method": "pay_by_rank", "amounts": [70, 10, 10, 10]},
        "extra": {"method": "pay_by_rank", "amounts": [5]},
    }
    found = money(sk.Scheme.read(base.plain() | {"uses": uses}), panel, base)
    assert found.changes.loc["prize", "change"].tolist() == [20, -20, -10, 10]
    assert found.changes.loc["extra", ["before", "after"]].sum().tolist() == [0, 5]
    by_category = found.change_by_category.loc["prize"]
    assert by_category["change"].tolist() == [0, 0]
    assert by_category["lost"].tolist() == [20, 10]
    assert by_category["losers"].tolist() == [1, 1]
    change = next(f for f in found.findings if f.topic == "money.change.prize")
    assert (change.value, change.light) == (0.5, "red")
    assert "p bears 67%" in change.sentence.en
    assert "u1 loses most (-20); the whole does not change." in change.sentence.en


def test_no_change_has_no_payers() -> None:
    scheme, panel = paid({"prize": {"method": "pay_by_rank", "amounts": [50]}})
    found = money(scheme, panel, scheme)
    assert not found.changes["change"].any()
    assert found.findings[-1].light == "green"


def test_a_base_with_other_units_is_refused() -> None:
    scheme, panel = paid({"prize": {"method": "pay_by_rank", "amounts": [50]}})
    fewer = {
        "units": {u: c for u, c in scheme.units.items() if u != "u0"},
        "attribution": {"gone": {"source": "u0", "to": {"u1": 1.0}, "indicators": ["x"]}},
    }
    plain = scheme.plain() | fewer
    plain["root"]["children"][0]["attributed"] = "sum"
    with pytest.raises(sk.SimkaoheError, match=r"base: found other units: .*expected the same"):
        money(scheme, panel, sk.Scheme.read(plain))


@pytest.mark.parametrize("case", sk.bundled_cases())
def test_every_case_goes_through(case: str) -> None:
    sk.use_language("zh")  # sentences are in both
    scheme, panel = sk.load(case)
    leaf = next(leaf for leaf in scheme.indicators if leaf.weight)
    base = scheme.edit({f"{leaf.id}.weight": 3 * leaf.weight})
    found = money(scheme, panel, base)
    assert len(found.findings) == max(3 * len(scheme.uses), 1)
    assert len({finding.topic for finding in found.findings}) == len(found.findings)
    said = ["".join(finding.sentence) for finding in found.findings]
    assert all("{" not in words and "nan" not in words for words in said)
    table = found.table
    if len(table):
        assert np.allclose(table["theil"], table["within"] + table["between"])
        whole = pd.Series({use: found.amounts[use].sum() for use in scheme.uses})
        assert np.allclose(found.categories.groupby("use")["amount"].sum(), whole.sort_index())
