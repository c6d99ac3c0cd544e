"""Pictures of endowment and of confidence sets: what is drawn is what was found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import simkaohe as sk
from simkaohe.fairness import endowment, noise


def large(units: int) -> tuple[sk.Scheme, sk.Panel]:
    rng = np.random.default_rng(1)
    names = [f"单位{k}" for k in range(units)]
    frame = pd.DataFrame(rng.uniform(40, 90, (units, 6)), names, list("abcdef"))
    covariates = pd.DataFrame({"population": frame["a"] + rng.normal(size=units)}, names)
    rule = {"method": "minmax", "worst": 0, "best": 100}
    leaves = [{"id": name, "rule": rule} for name in frame]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves}})
    return scheme, sk.Panel(frame, covariates=covariates)


@pytest.mark.parametrize("units", [10, 150])
def test_every_unit_has_its_interval(units: int) -> None:
    found = noise(*large(units), {"a": 3.0}, draws=200)
    ax = sk.plots.rank_confidence(found)
    assert [label.get_text() for label in ax.get_yticklabels()] == [*found.table.index]
    joint, alone = (
        np.array([line[:, 0] for line in lines.get_segments()]) for lines in ax.collections
    )
    assert (joint == found.table[["joint_low", "joint_high"]].to_numpy(float)).all()
    assert (alone == found.table[["low", "high"]].to_numpy(float)).all()
    ax.figure.canvas.draw()


def test_categories_stand_together() -> None:
    found = noise(*sk.load("cadre_360"), draws=200)
    ax = sk.plots.rank_confidence(found)
    shown = found.table.loc[[label.get_text() for label in ax.get_yticklabels()]]
    blocks = (shown["category"] != shown["category"].shift()).sum()
    assert blocks == shown["category"].nunique() == 3
    assert (shown.groupby("category", sort=False)["category_rank"].diff().dropna() >= 0).all()


@pytest.mark.parametrize("case", ["tai", "sprint", "three_papers"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_cases_can_be_drawn_even_where_nothing_is_known(case: str, language: str) -> None:
    sk.use_language(language)
    for ax in (
        sk.plots.rank_confidence(noise(*sk.load(case), draws=200)),
        sk.plots.endowment(endowment(*sk.load(case), permutations=100)),
    ):
        ax.figure.canvas.draw()
        assert ax.get_title(loc="left")


def test_dots_are_shares_and_the_total_comes_first() -> None:
    found = endowment(*large(150), permutations=100)
    ax = sk.plots.endowment(found, most=3)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[:2] == ["Total", "a"]
    assert len(names) == 4
    dots = np.concatenate([dots.get_offsets() for dots in ax.collections[1:]])
    assert dots[dots[:, 1] == 0, 0] == pytest.approx(found.summary["r2"])
    assert dots[dots[:, 1] == 1, 0] == pytest.approx(found.nodes.at["a", "r2"])
