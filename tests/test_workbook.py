"""Workbooks: what is written is read back, what people write is understood, the rest is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simkaohe as sk
from simkaohe.files import bundled_cases, load_scenarios
from simkaohe.files.workbook import read_workbook, write_empty, write_workbook
from simkaohe.labels import use_language
from tests.strategies import schemes

AWKWARD = st.one_of(
    st.text(
        st.characters(exclude_categories=("Cs",)) | st.sampled_from("=+-@'\"，；;{}[]%\n\t_x0"),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(
        (
            "001",
            "12",
            "=1+1",
            "+x",
            "-x",
            "@x",
            "'x",
            "是",
            "否",
            "null",
            "（无）",
            "(none)",
            "true",
            '""',
            "a=b",
            "a; b",
            "{",
            "[1]",
            "35%",
            "1e5",
            " x ",
            "\u3000县",
            "_x0041_",
            "\x00",
            "1,234",
            "总分",
            "无",
            "#N/A",
            "TRUE",
            "2024-01-01",
        )
    ),
)
EXTREME = st.floats(allow_nan=True, allow_infinity=False).map(lambda x: x if x == x else math.nan)


def round_trip(folder: Path, scheme: Any, panel: Any, scenarios: Any = ()) -> None:
    path = folder / "案例 1.xlsx"
    write_workbook(path, scheme, panel, scenarios)
    read = read_workbook(path)
    assert read[0] == scheme
    assert read[0].plain() == scheme.plain()
    assert read[1] == panel
    for table in panel.tables:
        assert read[1].frame(table).to_numpy().tobytes() == panel.frame(table).to_numpy().tobytes()
    assert read[2] == list(scenarios)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("case", bundled_cases())
def test_bundled_cases_survive(case: str, language: Any, tmp_path: Path) -> None:
    folder = bundled_cases()[case]
    named = folder / "scenarios.yaml"
    use_language(language)
    round_trip(tmp_path, *sk.load(case), load_scenarios(named) if named.exists() else [])


@pytest.mark.parametrize("case", bundled_cases())
def test_a_workbook_in_one_language_is_read_in_the_other(case: str, tmp_path: Path) -> None:
    scheme, panel = sk.load(case)
    for written, read in (("zh", "en"), ("en", "zh")):
        use_language(written)
        write_workbook(tmp_path / "a.xlsx", scheme, panel)
        use_language(read)
        assert read_workbook(tmp_path / "a.xlsx")[:2] == (scheme, panel)


@given(st.data())
@settings(max_examples=60)
def test_random_cases_survive(tmp_path_factory: Any, data: Any) -> None:
    scheme, panel = data.draw(schemes())
    values = scheme.plain()
    for field in ("name", "name_en", "note"):
        values[field] = data.draw(AWKWARD | st.just(""), field)
    names = data.draw(
        st.lists(AWKWARD, min_size=len(panel.units), max_size=len(panel.units), unique=True)
    )
    renamed = dict(zip(panel.units, names, strict=True))
    if scheme.units:
        values["units"] = {renamed[unit]: c for unit, c in scheme.units.items()}
    if "unranked" in sk.Scheme.model_fields:
        values["unranked"] = data.draw(st.lists(st.sampled_from(names), max_size=3, unique=True))
    values["root"]["name"] = data.draw(AWKWARD)
    values["root"]["children"][0]["note"] = data.draw(AWKWARD)
    scheme = sk.Scheme.read(values)
    frame = panel.frame("actual").rename(index=renamed)
    extremes = data.draw(st.lists(EXTREME, min_size=frame.size, max_size=frame.size))
    target = pd.DataFrame(np.array(extremes).reshape(frame.shape), frame.index, frame.columns)
    facts = data.draw(st.lists(AWKWARD, min_size=1, max_size=3, unique=True))
    covariates = pd.DataFrame(1.5, frame.index, facts)
    paths = data.draw(
        st.dictionaries(
            AWKWARD,
            AWKWARD | EXTREME.filter(math.isfinite) | st.booleans() | st.none() | st.lists(AWKWARD),
            max_size=3,
        )
    )
    scenarios = [sk.Scenario(name=data.draw(AWKWARD), note=data.draw(AWKWARD), edits=paths)]
    round_trip(
        tmp_path_factory.mktemp("book"),
        scheme,
        sk.Panel(frame, target=target, covariates=covariates),
        scenarios,
    )


def test_an_empty_workbook_asks_for_indicators(tmp_path: Path) -> None:
    write_empty(tmp_path / "a.xlsx")
    with pytest.raises(sk.SimkaoheError) as error:
        read_workbook(tmp_path / "a.xlsx")
    assert str(error.value) == "a.xlsx › Indicators: there is no indicator in it."
