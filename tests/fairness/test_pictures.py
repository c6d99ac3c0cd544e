"""Pictures of fairness: rows, marks and words are those of the result."""

from __future__ import annotations

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from test_boundaries import made
from test_plots import assert_glyphs_exist

import simkaohe as sk
from simkaohe.fairness import cliffs, effort, endowment, noise, parity
from simkaohe.fairness.boundaries import Cliffs


@pytest.mark.parametrize("language", ["zh", "en"])
def test_parity_draws_every_unit_once(language: str) -> None:
    sk.use_language(language)
    scheme, panel = sk.load("county_targets")
    found = parity(scheme, panel, permutations=20)
    ax = sk.plots.parity(found)
    drawn = sorted(x for line in ax.lines for x in np.atleast_1d(line.get_xdata()))
    assert drawn == sorted(found.units["rank"])
    words = [tick.get_text() for tick in ax.get_yticklabels()]
    assert words == [scheme.category_label(name) for name in found.table.index]
    assert [text.get_text() for text in ax.texts][:2] == ["0/4 (1)", "2/5 (2)"]
    assert_glyphs_exist(ax)


def test_parity_without_grades_or_categories() -> None:
    found = parity(*sk.load("tai"))
    ax = sk.plots.parity(found)
    assert sum(len(line.get_xdata()) for line in ax.lines) == 23
    assert not ax.texts


@pytest.fixture(scope="module")
def moves() -> Cliffs:
    return cliffs(*sk.load("county_targets"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_cliffs_draw_every_move_with_its_grade(language: str, moves: Cliffs) -> None:
    sk.use_language(language)
    ax = sk.plots.cliffs(moves)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == list(moves.units.index)
    counted = moves.table[(moves.table["note"] == "") & (moves.table["shared"] >= moves.shared)]
    for marker, sign in (("^", 1), ("v", -1)):
        drawn = sum(line.get_marker() == marker for line in ax.lines)
        assert drawn == (np.sign(counted["bands"].astype(float)) == sign).sum()
    assert_glyphs_exist(ax)


def test_a_hundred_and_fifty_units_fit() -> None:
    rng = np.random.default_rng(1)
    home = [("a", "b")[i % 2] for i in range(150)]
    scheme, panel = made(home, {"x": rng.uniform(0, 100, 150).tolist()})
    ax = sk.plots.cliffs(cliffs(scheme, panel))
    ax.figure.canvas.draw()
    boxes = [tick.get_window_extent() for tick in ax.get_yticklabels()]
    assert len(boxes) == 150
    assert all(upper.y0 >= lower.y1 - 2 for upper, lower in pairwise(boxes))
    assert len(sk.plots.parity(parity(scheme, panel, permutations=20)).get_yticklabels()) == 2


# -- incentives ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("case", "language"), [("sprint", "en"), ("three_papers", "zh")])
def test_units_indicators_and_reasons_are_named(case: str, language: str) -> None:
    sk.use_language(language)
    result = effort(*sk.load(case))
    ax = sk.plots.effort(result)
    ranking = sk.evaluate(result.moves.scheme, result.moves.engine.panel).ranking
    names = [label.get_text() for label in ax.get_yticklabels()]
    ranked = [unit for unit in ranking.index if ranking.loc[unit, "rank"] is not pd.NA]
    assert sorted(names) == sorted(ranking.index)
    assert names[0] == ranked[0]
    shown = [label.get_text() for label in ax.get_xticklabels()]
    assert shown == list(result.indicators["name"])
    assert ax.yaxis_inverted()
    legend = ax.get_legend()
    assert legend is not None
    words = {"zh": "已到顶", "en": "at the cap"}[language]
    assert words in [text.get_text() for text in legend.get_texts()]


def test_the_cells_are_the_numbers_and_what_is_perverse_is_orange() -> None:
    leaves = [{"id": "base", "rule": "given"}, {"id": "party", "rule": "given"}]
    combine = {"method": "multiplier", "base": "base", "base_mark": 60.0}
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves, "combine": combine}})
    panel = sk.Panel(pd.DataFrame({"base": [60.2, 80.0], "party": [80.0, 90.0]}, ["a", "b"]))
    result = effort(scheme, panel, steps={"base": 0.5, "party": 0.5})
    _, own = plt.subplots()
    ax = sk.plots.effort(result, ax=own)
    assert ax is own
    values = ax.collections[0].get_array().reshape(2, 2)
    assert values.filled(-1)[0] == pytest.approx(result.points.loc["b"].to_numpy())
    assert values.mask[1, 0]  # a is second; its base is drawn in orange instead
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["worse earns more"]


def test_many_units_are_named_every_few() -> None:
    units = [f"u{i}" for i in range(150)]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": [{"id": "x", "rule": "minmax"}]}})
    panel = sk.Panel(pd.DataFrame({"x": [float(i) for i in range(150)]}, units))
    ax = sk.plots.effort(effort(scheme, panel))
    assert len(ax.get_yticks()) == 50
    assert ax.get_yticklabels()[0].get_text() == "u149"


# -- endowment and confidence sets ------------------------------------------------------------------


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
