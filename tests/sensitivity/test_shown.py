"""What people see of a sensitivity analysis: pictures, command line, live widget."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest

import simkaohe as sk
from simkaohe.cli import main


@pytest.fixture(scope="module")
def drawn() -> sk.sensitivity.MonteCarlo:
    scheme, panel = sk.load("three_papers")
    return sk.sensitivity.montecarlo(
        scheme, panel, sk.sensitivity.weights(within=0.25), draws=4000, seed=1
    )


def large(units: int) -> tuple[sk.Scheme, sk.Panel]:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.random((units, 6)), [f"单位{k}" for k in range(units)], list("abcdef"))
    leaves = [{"id": name, "rule": "minmax"} for name in frame]
    return sk.Scheme.read({"root": {"id": "total", "children": leaves}}), sk.Panel(frame)


def test_the_heat_map_shows_the_chances(drawn) -> None:
    ax = sk.plots.acceptability(drawn)
    shown = np.asarray(ax.images[0].get_array())
    order = drawn.mean_rank["mean_rank"].sort_values().index
    np.testing.assert_array_equal(shown, drawn.acceptability.loc[order].to_numpy())
    assert [label.get_text() for label in ax.get_yticklabels()] == list(order)


@pytest.mark.parametrize("units", [10, 150])
def test_pictures_have_a_row_for_every_unit(units: int) -> None:
    scheme, panel = large(units)
    found = sk.sensitivity.montecarlo(scheme, panel, sk.sensitivity.weights(), draws=1000)
    for ax in (
        sk.plots.acceptability(found),
        sk.plots.rank_intervals(found, sk.evaluate(scheme, panel).ranking["rank"]),
    ):
        assert len(ax.get_yticklabels()) == units
        ax.figure.canvas.draw()
        boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
        apart = sorted(box.y0 for box in boxes)
        assert np.diff(apart).min() > 0.8 * min(box.height for box in boxes)


def test_steps_are_drawn_and_the_present_value_marked() -> None:
    scheme, panel = sk.load("three_papers")
    found = sk.sensitivity.breakpoints(scheme, panel, "gdp_growth.weight")
    ax = sk.plots.breakpoints(found)
    lines = {line.get_linestyle() for line in ax.get_lines()}
    assert "--" in lines
    assert len(ax.texts) <= 8
    assert all(text.get_text() in panel.units for text in ax.texts)


def run(capsys, *words: str) -> tuple[int, str, str]:
    status = main(words)
    out, error = capsys.readouterr()
    return status, out, error


def test_the_command_line_says_how_sure_places_are(capsys, drawn) -> None:
    words = ("sensitivity", "three_papers", "--draws", "4000", "--seed", "1", "--format", "csv")
    status, out, _ = run(capsys, *words)
    rows = {row["unit"]: row for row in csv.DictReader(io.StringIO(out))}
    assert status == 0
    ranking = sk.evaluate(*sk.load("three_papers")).ranking
    for unit, row in rows.items():
        assert float(row["mean_rank"]) == drawn.mean_rank.at[unit, "mean_rank"]
        chance = drawn.acceptability.at[unit, ranking.at[unit, "rank"]]
        assert float(row["same_rank"]) == chance
    _, text, _ = run(capsys, "sensitivity", "three_papers", "--draws", "2000", "--lang", "zh")
    assert "没有影响" in text


def test_the_command_line_prints_breakpoints(capsys) -> None:
    words = ("sensitivity", "three_papers", "--along", "total.combine.high", "--format", "csv")
    status, out, _ = run(capsys, *words)
    found = sk.sensitivity.breakpoints(*sk.load("three_papers"), "total.combine.high")
    assert status == 0
    assert len(list(csv.DictReader(io.StringIO(out)))) == len(found.points)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--range", "total.combine.high"), "PATH=LOW:HIGH"),
        (("--range", "total.combine.hihg=1:2"), "high"),
        (("--along", "gdp_growth.wieght"), "weight"),
        (("--along", "units.青山区"), "units.青山区"),
    ],
)
def test_bad_input_has_a_sentence(capsys, words: tuple[str, str], said: str) -> None:
    status, out, error = run(capsys, "sensitivity", "three_papers", *words)
    assert (status, out) == (2, "")
    assert said in error
