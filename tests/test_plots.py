"""Pictures: labels, counts, glyphs and settings; drawn on Agg, no pixel images."""

from __future__ import annotations

from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.ft2font import FT2Font

import simkaohe as sk


def shift_of(count: int) -> sk.Comparison:
    """Return a comparison of so many units with Chinese names, many of which move."""
    rng = np.random.default_rng(count)
    frame = pd.DataFrame(
        rng.random((count, 2)), index=[f"单位{n}" for n in range(count)], columns=["a", "b"]
    )
    leaves = [{"id": name, "rule": "minmax"} for name in "ab"]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves}})
    return sk.compare(sk.Panel(frame), 基准=scheme, 新方案=scheme.edit({"a.weight": 3.0}))


def assert_glyphs_exist(ax: Axes) -> None:
    for text in ax.findobj(mpl.text.Text):
        files = font_manager.fontManager._find_fonts_by_props(text.get_fontproperties())
        known = set().union(*(FT2Font(file).get_charmap() for file in files))
        missing = {
            letter for letter in text.get_text() if ord(letter) not in known and letter != "\n"
        }
        assert not missing, (text.get_text(), missing)


def assert_no_overlap(ax: Axes) -> None:
    ax.figure.canvas.draw()
    boxes = [t.get_window_extent() for t in ax.texts if t.get_text()]
    columns: dict[tuple[str, float], list] = {}
    for text, box in zip((t for t in ax.texts if t.get_text()), boxes, strict=True):
        columns.setdefault((text.get_ha(), round(text.get_position()[0], 3)), []).append(box)
    for column in columns.values():
        column.sort(key=lambda box: box.y0)
        for lower, upper in pairwise(column):
            assert lower.y1 <= upper.y0 + 1.0


@pytest.mark.parametrize("count", [2, 10, 30, 150])
def test_every_unit_stands_at_both_ends_and_nothing_overlaps(count: int) -> None:
    comparison = shift_of(count)
    ax = sk.plots.shift(comparison)
    words = [text.get_text() for text in ax.texts]
    for unit, row in comparison.table().iterrows():
        assert f"{unit}  {row['rank_before']}" in words
        assert f"{row['rank']}  {unit}" in words
    assert len(ax.lines) == count
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["基准", "新方案"]
    assert_no_overlap(ax)
    assert_glyphs_exist(ax)


@pytest.mark.parametrize("case", ["tai", "three_papers"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_ranking_names_units_totals_and_categories(case: str, language: str) -> None:
    sk.use_language(language)
    result = sk.evaluate(*sk.load(case))
    ax = sk.plots.ranking(result)
    assert len(ax.patches) == len(result.ranking)
    first = result.ranking.iloc[0]
    assert f"{first['total']:.2f}" in ax.texts[0].get_text()
    assert ax.get_title(loc="left") == result.scheme.label
    assert_glyphs_exist(ax)
    if result.scheme.categories:
        labels = [text.get_text() for text in ax.get_legend().get_texts()]
        assert labels == [result.scheme.category_label(name) for name in result.scheme.categories]


def test_the_readers_settings_stay_as_they_are() -> None:
    before = dict(mpl.rcParams)
    sk.plots.shift(shift_of(5))
    sk.plots.ranking(sk.evaluate(*sk.load("three_papers")))
    assert dict(mpl.rcParams) == before


def test_an_axes_of_the_readers_own_is_used() -> None:
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    assert sk.plots.shift(shift_of(4), ax=ax) is ax
    assert figure.axes == [ax]
