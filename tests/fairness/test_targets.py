"""The ratchet: closed forms, the example of the algorithms manual, and who is punished."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import simkaohe as sk
from simkaohe import labels
from simkaohe.fairness import ratchet

CASES = (
    "cadre_360", "county_targets", "sprint", "tai", "target_responsibility", "three_papers",
)  # fmt: skip
BETA = 0.95


def one(values: list[float], targets: list[float], **rule: Any) -> tuple[sk.Scheme, sk.Panel]:
    """Return one indicator scored by its degree of completion."""
    leaf = {"id": "x", "rule": {"method": "completion", "cap": 10.0, **rule}}
    units = [f"u{i}" for i in range(len(values))]
    frames = [pd.DataFrame({"x": column}, units) for column in (values, targets)]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": [leaf]}})
    return scheme, sk.Panel(frames[0], target=frames[1])


def test_the_example_of_the_manual() -> None:
    """Part 3.7: target 1.03 × the mean of three years: own +1.87, later −1.69, rho .90."""
    x = 51.9
    scheme, panel = one([x], [1.03 * x])
    step = 1e-6
    found = ratchet(scheme, panel, rule="mean", memory=3, years=5, step=step).units.loc["u0"]
    assert found["own"] / (x * step) == pytest.approx(1.87, abs=0.005)
    assert found["later"] / (x * step) == pytest.approx(-1.69, abs=0.005)
    assert found["ratchet"] == pytest.approx((BETA + BETA**2 + BETA**3) / 3, abs=1e-5)
    assert found["ratchet_down"] == pytest.approx(found["ratchet"], abs=1e-5)


def test_last_years_result_takes_back_in_closed_form() -> None:
    """T1 = 100 x1 / (1.03 x0): the slope is −100 / (1.03 x), against 100 / g at once."""
    scheme, panel = one([80.0, 120.0], [100.0, 100.0])
    found = ratchet(scheme, panel, step=1e-6).units
    expected = BETA * 100.0 / (1.03 * np.array([80.0, 120.0]))
    assert found["ratchet"].to_numpy() == pytest.approx(expected, rel=1e-5)
    # Going on as now: everybody reaches 1 / 1.03 of the new target; before 80 / 103 and 120 / 103
    assert found["with_ratchet"].to_numpy() == pytest.approx(100 / 1.03)
    assert found["with_external"].to_numpy() == pytest.approx([80 / 1.03, 120 / 1.03])
    result = ratchet(scheme, panel)
    assert list(result.punished.index) == ["u1"]
    assert result.years.loc[1, "top"] == pytest.approx(100 / 1.03)
    assert result.years.loc[0, "top"] == pytest.approx(120.0)


def test_external_targets_take_nothing_back() -> None:
    found = ratchet(*one([80.0, 120.0], [100.0, 100.0]), rule="external")
    assert found.units["ratchet"].to_numpy() == pytest.approx(0.0)
    assert found.units["lost"].to_numpy() == pytest.approx(0.0)
    assert {f.light for f in found.findings} <= {"green", "amber"}


def test_a_cap_makes_a_kink() -> None:
    """At the cap more earns nothing now and costs later; less costs now."""
    scheme, panel = one([100.0], [100.0], cap=1.0)
    found = ratchet(scheme, panel, raised=0.0)
    row = found.units.loc["u0"]
    assert row["own"] == 0.0
    assert np.isnan(row["ratchet"])
    assert row["later"] == pytest.approx(BETA * (100 / 1.01 - 100))
    assert row["own_down"] == pytest.approx(-1.0)
    assert row["later_down"] == pytest.approx(0.0)  # the target falls, and the cap holds
    finding = found.findings[0]
    assert finding.light == "red"
    assert "1 units" in finding.sentence.en


def test_growth_on_a_high_base_is_a_ratchet() -> None:
    """v0 = x0 / b − 1, v1 = x1 / x0 − 1 with x1 = x0² / b: both slopes are 1 / b."""
    leaf = {
        "id": "x",
        "measure": "growth_rate",
        "rule": {"method": "minmax", "worst": -50.0, "best": 50.0},
    }
    scheme = sk.Scheme.read({"root": {"id": "total", "children": [leaf]}})
    panel = sk.Panel(
        pd.DataFrame({"x": [108.0, 95.0]}, ["a", "b"]),
        previous=pd.DataFrame({"x": [100.0, 100.0]}, ["a", "b"]),
    )
    found = ratchet(scheme, panel, step=1e-5)
    assert found.units["ratchet"].to_numpy() == pytest.approx(BETA, abs=1e-4)
    assert list(found.indicators["previous"]) == [True]
    assert list(found.indicators["target"]) == [False]


def test_luck_is_punished_by_as_much_as_it_was_worth() -> None:
    """With one year to look back to, T1 is lower by 100 / 1.03 × noise × z of year 0.

    The top fifth of 50 normal numbers is 1.37 above the mean, so 1.71 above the others.
    """
    n, noise = 50, 0.05
    rng = np.random.default_rng(5)
    order = np.sort(rng.standard_normal((4000, n)), 1)
    gap = order[:, -10:].mean() - order[:, :-10].mean()
    scheme, panel = one([100.0] * n, [100.0] * n)
    found = ratchet(scheme, panel, years=2, noise=noise, draws=200)
    assert found.penalty == pytest.approx(100 / 1.03 * noise * gap, rel=0.05)
    assert found.error < 0.1
    blind = ratchet(scheme, panel, years=2, noise=noise, draws=50, rule="external")
    assert blind.penalty == pytest.approx(0.0, abs=3 * blind.error + 1e-9)


def test_units_alone_and_together_are_the_same_where_nothing_is_compared() -> None:
    """The short cut for schemes without comparison equals one history for each unit."""
    leaves = [
        {"id": "x", "rule": {"method": "completion", "cap": 1.2}},
        {"id": "y", "weight": 0.5, "rule": {"method": "minmax"}},
    ]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves}})
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.uniform(70, 130, (6, 2)), list("abcdef"), ["x", "y"])
    panel = sk.Panel(frame, target=pd.DataFrame({"x": [100.0] * 6}, list("abcdef")))
    short = ratchet(scheme, panel)
    assert short.moves.apart([scheme.indicators[0]])
    slow = ratchet(scheme.edit({"x.missing": "median"}), panel)  # a median is of all units
    pd.testing.assert_frame_equal(short.units, slow.units)


@pytest.mark.parametrize("case", CASES)
def test_bundled_cases_in_both_languages(case: str) -> None:
    found = ratchet(*sk.load(case), draws=4)
    for language in ("zh", "en"):
        labels.use_language(language)
        assert all(str(f.sentence) and str(f.caution) for f in found.findings)
    assert found.units[["own", "later", "lost"]].notna().all().all()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"rule": "lats"}, "Did you mean 'last'"),
        ({"years": 1}, "years: found 1; expected a whole number ≥ 2"),
        ({"discount": 0.0}, "discount"),
        ({"raised": -1.0}, "raised"),
        ({"step": 0.7}, "step"),
        ({"memory": 0, "draws": 1}, "memory(.|\n)*draws"),
    ],
)
def test_mistakes_are_said_in_one_sentence(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(sk.SimkaoheError, match=words):
        ratchet(*one([80.0], [100.0]), **wrong)
