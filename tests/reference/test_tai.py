"""Technology Achievement Index, 23 countries: OECD/JRC (2008), Handbook, tables 15, 22, 23 and 38.

The published figures are carried over as facts; raw data from UNDP (2001).
"""

from __future__ import annotations

import pandas as pd
import pytest

import simkaohe as sk

# Table 23 (EW, FA, BAP, AHP) and table 38 (GME), rank of each country.
PUBLISHED = pd.DataFrame(
    {
        "Finland": (1, 1, 1, 1, 2),
        "United States": (2, 2, 2, 3, 1),
        "Sweden": (3, 3, 3, 4, 3),
        "Japan": (4, 4, 5, 5, 4),
        "Korea, Rep. of": (5, 5, 4, 2, 16),
        "Netherlands": (6, 6, 8, 11, 5),
        "United Kingdom": (7, 8, 7, 7, 6),
        "Singapore": (8, 11, 6, 6, 18),
        "Canada": (9, 10, 10, 10, 13),
        "Australia": (10, 7, 11, 9, 14),
        "Germany": (11, 12, 9, 8, 8),
        "Norway": (12, 9, 13, 16, 11),
        "Ireland": (13, 14, 12, 12, 7),
        "Belgium": (14, 15, 14, 13, 9),
        "New Zealand": (15, 13, 17, 18, 17),
        "Austria": (16, 16, 15, 15, 12),
        "France": (17, 17, 16, 14, 10),
        "Israel": (18, 18, 18, 17, 15),
        "Spain": (19, 19, 19, 19, 19),
        "Italy": (20, 20, 21, 21, 21),
        "Czech Republic": (21, 21, 22, 22, 23),
        "Hungary": (22, 23, 20, 20, 22),
        "Slovenia": (23, 22, 23, 23, 20),
    },
    index=["EW", "FA", "BAP", "AHP", "GME"],
).T

# Table 15, schooling: z-score (sample), min–max between observed extremes, ratio to mean and best.
TABLE_15 = {
    "Finland": (0.26, 0.59, 1.04, 0.83),
    "United States": (1.52, 1.00, 1.25, 1.00),
    "Sweden": (1.14, 0.88, 1.19, 0.95),
    "Japan": (-0.06, 0.49, 0.99, 0.79),
    "Korea, Rep. of": (0.76, 0.76, 1.13, 0.90),
    "Netherlands": (-0.12, 0.47, 0.98, 0.78),
    "United Kingdom": (-0.12, 0.47, 0.98, 0.78),
    "Canada": (1.27, 0.92, 1.21, 0.97),
    "Australia": (0.83, 0.78, 1.14, 0.91),
    "Singapore": (-1.58, 0.00, 0.74, 0.59),
    "Germany": (0.38, 0.63, 1.06, 0.85),
    "Norway": (1.46, 0.98, 1.24, 0.99),
    "Ireland": (-0.12, 0.47, 0.98, 0.78),
    "Belgium": (-0.19, 0.45, 0.97, 0.78),
    "New Zealand": (1.33, 0.94, 1.22, 0.98),
    "Austria": (-0.76, 0.27, 0.88, 0.70),
    "France": (-1.08, 0.16, 0.82, 0.66),
    "Israel": (0.00, 0.51, 1.00, 0.80),
    "Spain": (-1.46, 0.04, 0.76, 0.61),
    "Italy": (-1.52, 0.02, 0.75, 0.60),
    "Czech Republic": (-0.06, 0.49, 0.99, 0.79),
    "Hungary": (-0.31, 0.41, 0.95, 0.76),
    "Slovenia": (-1.58, 0.00, 0.74, 0.59),
}


@pytest.fixture(scope="module")
def tai() -> tuple[sk.Scheme, sk.Panel, dict[str, sk.Scheme]]:
    scheme, panel = sk.load("tai")
    scenarios = sk.load_scenarios(sk.bundled_cases()["tai"] / "scenarios.yaml")
    return scheme, panel, {s.name_en: scheme.edit(s) for s in scenarios}


def _ranks(scheme: sk.Scheme, panel: sk.Panel) -> pd.Series:
    return sk.evaluate(scheme, panel).ranking["rank"].reindex(PUBLISHED.index)


def test_equal_and_budget_allocation_weights_give_the_published_ranks(tai) -> None:
    scheme, panel, schemes = tai
    assert (_ranks(scheme, panel) == PUBLISHED["EW"]).all()
    assert (_ranks(schemes["Budget allocation weights"], panel) == PUBLISHED["BAP"]).all()


@pytest.mark.parametrize(
    ("name", "column"), [("Factor analysis weights", "FA"), ("AHP weights", "AHP")]
)
def test_weights_printed_with_two_decimals_are_off_by_two_places_at_most(tai, name, column) -> None:
    _, panel, schemes = tai
    assert (_ranks(schemes[name], panel) - PUBLISHED[column]).abs().max() <= 2


def test_geometric_mean_of_raw_values_gives_the_published_ranks(tai) -> None:
    _, panel, schemes = tai
    ranks = _ranks(schemes["Geometric mean of raw values"], panel)
    assert (ranks == PUBLISHED["GME"]).all()


@pytest.mark.parametrize(
    ("column", "rule"),
    [
        (0, {"method": "zscore", "centre": 0, "spread": 100, "clip": False}),
        (1, {"method": "minmax"}),
        (2, {"method": "benchmark", "reference": "mean", "cap": None}),
        (3, {"method": "benchmark", "reference": "best"}),
    ],
)
def test_schooling_is_scaled_as_in_table_15(tai, column, rule) -> None:
    scheme, panel, _ = tai
    scores = sk.evaluate(scheme.edit({"schooling.rule": rule}), panel).scores["schooling"] / 100
    for country, printed in TABLE_15.items():
        assert scores[country] == pytest.approx(printed[column], abs=0.00501)
