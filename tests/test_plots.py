"""Pictures: labels, counts, glyphs and settings; drawn on Agg, no pixel images."""

from __future__ import annotations

from functools import cache
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
        missing = {
            letter
            for letter in text.get_text()
            if letter != "\n" and not any(ord(letter) in letters_of(file) for file in files)
        }
        assert not missing, (text.get_text(), missing)


@cache
def letters_of(file: str) -> frozenset[int]:
    return frozenset(FT2Font(file).get_charmap())


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

    figure, (left, right) = plt.subplots(1, 2)
    figure.canvas.draw()  # its ticks were made in the reader's font, which has no Chinese
    comparison = shift_of(4)
    assert sk.plots.shift(comparison, ax=left) is left
    assert sk.plots.ranking(comparison.results["基准"], ax=right) is right
    assert figure.axes == [left, right]
    figure.canvas.draw()
    for ax in (left, right):
        assert_glyphs_exist(ax)


def test_long_names_meet_neither_the_shifts_nor_the_edge() -> None:
    units = [
        "新疆维吾尔自治区生产建设兵团第一师",
        "Bosnia and Herzegovina, Federation of",
        "甲$x$县",
    ]
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [3.0, 1.0, 2.5]}, index=units)
    leaves = [{"id": name, "rule": "minmax"} for name in "ab"]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves}})
    schemes = {
        "一个名称很长的现行考核方案（修订稿）": scheme,
        "另一个名称也很长的新考核方案": scheme.edit({"a.weight": 9}),
    }
    ax = sk.plots.shift(sk.compare(sk.Panel(frame), **schemes))
    ax.figure.canvas.draw()
    texts = [t for t in [*ax.texts, *ax.get_xticklabels()] if t.get_text()]
    boxes = [text.get_window_extent() for text in texts]
    page = ax.figure.bbox
    for place, box in enumerate(boxes):
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1
        assert not any(box.overlaps(other) for other in boxes[place + 1 :]), texts[place]
    assert not any(text.get_parse_math() for text in texts)


def test_a_scheme_without_a_name_has_no_title() -> None:
    ax = sk.plots.ranking(shift_of(3).results["基准"])
    assert ax.get_title(loc="left") == ""
