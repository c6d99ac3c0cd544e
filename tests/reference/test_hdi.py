"""Human Development Index 2022, stated as a scheme: UNDP (2024), Human Development Report 2023/24.

Goalposts and aggregation: technical note 1. The data stay outside the project (CC BY 3.0 IGO).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import simkaohe as sk

DATA = Path(__file__).parents[3] / "shared" / "cases" / "hdi_2022"
GOALPOSTS = {
    "life_expectancy": (20, 85),
    "expected_schooling": (0, 18),
    "mean_schooling": (0, 15),
    "gni_per_capita": (4.605170185988092, 11.225243392518447),  # ln 100, ln 75,000
}


def _indicator(name: str) -> dict[str, object]:
    worst, best = GOALPOSTS[name]
    rule = {"method": "minmax", "worst": worst, "best": best}
    measure = "log" if name == "gni_per_capita" else "level"
    return {"id": name, "rule": rule, "measure": measure}


HDI = {
    "name": "人类发展指数",
    "full": 1,
    "ranking": {"digits": 3},
    "root": {
        "id": "total",
        "combine": "geometric",
        "children": [
            _indicator("life_expectancy"),
            {
                "id": "education",
                "children": [_indicator("expected_schooling"), _indicator("mean_schooling")],
            },
            _indicator("gni_per_capita"),
        ],
    },
}


def test_all_193_indices_and_ranks_are_the_published_ones() -> None:
    if not DATA.is_dir():
        pytest.skip(
            f"the data of {DATA.name} do not stand beside the project, and may not be in it"
        )
    actual = pd.read_csv(DATA / "indicators.csv", index_col="iso3")[list(GOALPOSTS)]
    published = pd.read_csv(DATA / "expected.csv", index_col="iso3")
    ranking = sk.evaluate(sk.Scheme.read(HDI), sk.Panel(actual)).ranking.reindex(published.index)
    assert len(published) == 193
    pd.testing.assert_series_equal(ranking["total"], published["hdi"], check_names=False, rtol=0)
    assert (ranking["rank"] == published["hdi_rank"]).all()
