"""The picture of incentives, drawn from real results and read back from its axes."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import simkaohe as sk
from simkaohe import labels
from simkaohe.fairness import effort


@pytest.mark.parametrize(("case", "language"), [("sprint", "en"), ("three_papers", "zh")])
def test_units_indicators_and_reasons_are_named(case: str, language: str) -> None:
    labels.use_language(language)
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
