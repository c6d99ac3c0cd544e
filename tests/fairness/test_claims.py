"""What it pays to claim: closed forms, the guard against low targets, and the edited data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import simkaohe as sk
from simkaohe import labels
from simkaohe.fairness import reporting

CASES = (
    "cadre_360", "county_targets", "sprint", "tai", "target_responsibility", "three_papers",
)  # fmt: skip


def two(cap: float = 2.0) -> tuple[sk.Scheme, sk.Panel]:
    leaves = [
        {"id": "x", "weight": 3, "rule": {"method": "completion", "cap": cap}},
        {"id": "y", "rule": {"method": "minmax", "worst": 0.0, "best": 100.0}},
    ]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves}})
    actual = pd.DataFrame({"x": [80.0, 100.0], "y": [50.0, 60.0]}, ["a", "b"])
    return scheme, sk.Panel(actual, target=pd.DataFrame({"x": [100.0, 100.0]}, ["a", "b"]))


def test_low_targets_and_high_figures_in_closed_form() -> None:
    found = reporting(*two(), easier=0.2, over=0.01, audit=0.25, penalty=3.0, higher={"x": 160.0})
    gain = 0.75 * np.array([80.0, 100.0]) * (1 / 0.8 - 1)
    assert found.units["sandbagging"].to_numpy() == pytest.approx(gain)
    over = 0.01 * (0.75 * np.array([80.0, 100.0]) + 0.25 * np.array([50.0, 60.0]))
    assert found.units["over_reporting"].to_numpy() == pytest.approx(over)
    assert found.units["expected"].to_numpy() == pytest.approx(over * 0.75 - 0.25 * 3)
    assert found.units["break_even"].to_numpy() == pytest.approx(over / (over + 3))
    assert found.sandbagging["y"].isna().all()
    assert found.over_reporting.loc["a", "y"] == pytest.approx(0.25 * 0.5)
    assert found.amplification.loc["x", "excess"] == pytest.approx(200 / 160 - 1)
    lights = {f.topic: f.light for f in found.findings}
    assert lights == {
        "reporting.sandbagging": "red",
        "reporting.gaming": "green",
        "reporting.amplification": "red",
    }


def test_a_cap_leaves_nothing_to_claim() -> None:
    found = reporting(*two(cap=1.0))
    assert found.units["sandbagging"].to_numpy() == pytest.approx([0.75 * 80 * (1 / 0.9 - 1), 0.0])
    assert found.over_reporting.loc["b", "x"] == 0.0


def test_the_guard_of_sasac_takes_the_gain_away() -> None:
    """A target of 104 lowered by a tenth is 93.6, which is 6.4 % below the baseline of 100.

    Base 30, a point for each 3 %: 104 / 104 earns 30, 104 / 93.6 earns 30 + 11.1 % / 3 % = 33.7.
    The guard lowers the most that can be gained from 3 to 2 points.
    """
    rule = {"method": "deviation", "full": 40, "max_up": 3.0}
    leaf = {"id": "profit", "rule": rule}
    scheme = sk.Scheme.read({"root": {"id": "total", "children": [leaf]}})
    panel = sk.Panel(
        pd.DataFrame({"profit": [104.0]}, ["a"]),
        target=pd.DataFrame({"profit": [104.0]}, ["a"]),
        baseline=pd.DataFrame({"profit": [100.0]}, ["a"]),
    )
    found = reporting(scheme, panel).units.loc["a"]
    assert found["unguarded"] == pytest.approx(3.0 / 0.4)
    assert found["guarded"] == pytest.approx(2.0 / 0.4)
    assert found["sandbagging"] == found["unguarded"]


@pytest.mark.parametrize("case", CASES)
def test_a_claim_is_the_evaluation_of_the_edited_data(case: str) -> None:
    scheme, panel = sk.load(case)
    found = reporting(scheme, panel)
    for language in ("zh", "en"):
        labels.use_language(language)
        assert all(str(f.sentence) and str(f.caution) for f in found.findings)
    engine = found.moves.engine
    rng = np.random.default_rng(0)
    for table, gains, factor in (
        ("target", found.sandbagging, -0.1),
        ("actual", found.over_reporting, 0.01),
    ):
        pairs = np.argwhere(gains.notna().to_numpy())
        for place, k in rng.permutation(pairs)[:8]:
            leaf = found.moves.leaves[k]
            column = engine.numbers(table, leaf.column).copy()
            if table == "target":
                column = found.moves.target[k].copy()
            way = found.moves.sign[k, place] or 1
            column[place] += way * factor * abs(column[place])
            out = engine.run({f"data.{table}.{leaf.column}": column[None]}, nodes=(scheme.root.id,))
            total = out.scores[scheme.root.id][0, place] * scheme.full / 100
            gained = total - found.moves.total[place]
            assert gains.iloc[place, k] == pytest.approx(gained, abs=1e-9)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"easier": 1.0}, "easier: found 1.0; expected a number between 0 and 1"),
        ({"audit": 1.5, "penalty": -1.0}, "audit(.|\n)*penalty"),
        ({"over": 0.0}, "over"),
        ({"higher": {"gdp": 1.0}}, "there is no indicator 'gdp'"),
        ({"higher": {"x": -1.0}}, "a number above 0"),
    ],
)
def test_mistakes_are_said_in_one_sentence(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(sk.SimkaoheError, match=words):
        reporting(*two(), **wrong)
