"""Pictures of fairness between categories: rows, marks and words are those of the result."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from test_boundaries import made
from test_plots import assert_glyphs_exist

import simkaohe as sk
from simkaohe.fairness.boundaries import Cliffs, cliffs
from simkaohe.fairness.categories import parity


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
