"""A museum of bad inputs: every mistake, and the words that its one sentence must contain."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import simkaohe as sk
from simkaohe.files.text import to_yaml

SCHEME: dict[str, Any] = {
    "name": "试点方案",
    "categories": {"urban": {"name": "城区"}, "ecology": {"name": "生态县"}},
    "units": {"青山区": "urban", "清河县": "ecology", "白云县": "ecology"},
    "grades": {"bands": [{"name": "优秀", "share": 0.3}, {"name": "合格"}]},
    "root": {
        "id": "total",
        "combine": {"method": "multiplier", "base": "development"},
        "children": [
            {
                "id": "development",
                "children": [
                    {"id": "gdp_growth", "name": "生产总值增速", "weight": 60, "rule": "minmax"},
                    {"id": "revenue", "name": "财政收入", "weight": 40, "rule": "minmax"},
                ],
            },
            {"id": "party", "name": "党建", "rule": {"method": "minmax", "worst": 0, "best": 100}},
        ],
    },
}
ACTUAL = [
    ["单位", "gdp_growth", "财政收入", "party"],
    ["青山区", "6.1", "120", "91"],
    ["清河县", "5.4", "80", "88"],
    ["白云县", "7.0", "60", "95"],
]


def _node(scheme: dict[str, Any], name: str) -> Any:
    nodes = [scheme["root"]]
    for node in nodes:
        nodes += node.get("children", [])
    return next(node for node in nodes if node["id"] == name)


def _cell(row: int, column: int, text: str) -> Callable[[dict[str, Any], list[list[str]]], None]:
    def put(scheme: dict[str, Any], rows: list[list[str]]) -> None:
        del scheme
        rows[row][column] = text

    return put


def _change(name: str, **fields: Any) -> Callable[[dict[str, Any], list[list[str]]], None]:
    def put(scheme: dict[str, Any], rows: list[list[str]]) -> None:
        del rows
        _node(scheme, name).update(fields)

    return put


def _top(**fields: Any) -> Callable[[dict[str, Any], list[list[str]]], None]:
    return lambda scheme, rows: scheme.update(copy.deepcopy(fields))


def _units(**units: str) -> Callable[[dict[str, Any], list[list[str]]], None]:
    return lambda scheme, rows: scheme["units"].update(units)


CASES: dict[str, tuple[Callable[[dict[str, Any], list[list[str]]], Any], list[str]]] = {
    # cells and tables
    "percent sign": (
        _cell(1, 1, "6.1%"),
        ["actual.csv › row 2 › gdp_growth", "'6.1%'", "Write 6.1"],
    ),
    "unit in cell": (_cell(2, 2, "80亿元"), ["row 3 › 财政收入", "'80亿元'", "Write 80"]),
    "thousands separator": (_cell(1, 2, "1,200"), ["row 2", "'1,200'", "Write 1200"]),
    "full-width digits": (_cell(1, 1, "６．１"), ["row 2", "Write 6.1"]),
    "words for a number": (_cell(3, 3, "无"), ["row 4 › party", "'无'", "Leave the cell empty"]),
    "infinite number": (_cell(1, 1, "1e999"), ["row 2 › gdp_growth", "1e999", "a number"]),
    "not a number": (_cell(1, 1, "nan"), ["row 2 › gdp_growth", "'nan'"]),
    "missing value": (_cell(1, 1, ""), ["gdp_growth › 青山区", "no value", "gdp_growth.missing"]),
    "unknown column": (
        _cell(0, 1, "gdp_grwth"),
        ["row 1 › gdp_grwth", "Did you mean 'gdp_growth'"],
    ),
    "column twice": (_cell(0, 1, "财政收入"), ["two columns for 'revenue'"]),
    "column without heading": (_cell(0, 3, ""), ["row 1 › 4", "no heading"]),
    "unknown unit": (_cell(1, 0, "青山县"), ["row 2", "no unit '青山县'", "Did you mean '青山区'"]),
    "unit twice": (_cell(2, 0, "青山区"), ["row 3", "'青山区' is there twice"]),
    "unit without name": (_cell(2, 0, " "), ["row 3", "the unit's name is missing"]),
    "cell too many": (lambda s, r: r[1].append("7"), ["row 2", "a cell too many: '7'", "4 cells"]),
    "unit without data": (lambda s, r: r.pop(3), ["actual › 白云县", "the data do not"]),
    "no rows": (lambda s, r: r.__delitem__(slice(1, None)), ["actual.csv", "no unit in it"]),
    "indicator without data": (
        lambda s, r: [row.pop(3) for row in r],
        ["party › actual", "no column 'party'"],
    ),
    # schemes
    "duplicate id": (_change("party", id="revenue"), ["revenue.id", "used 2 times"]),
    "id with a dot": (_change("party", id="a.b"), ["'a.b'", "an id without spaces and dots"]),
    "reserved id": (_change("party", id="units"), ["units.id", "a field of the scheme itself"]),
    "unknown field": (_change("party", wieght=3), ["party.wieght", "Did you mean 'weight'"]),
    "negative weight": (_change("party", weight=-1), ["party.weight", "-1", "a number ≥ 0"]),
    "weight in words": (_change("party", weight="三十"), ["party.weight", "'三十'", "a number"]),
    "weight true": (_change("party", weight=True), ["party.weight", "True"]),
    "weights sum to nothing": (
        lambda s, r: [_node(s, n).update(weight=0) for n in ("gdp_growth", "revenue")],
        ["development.children", "weights sum to 0"],
    ),
    "cancelled away in a category": (
        lambda s, r: [
            _node(s, n).update(weights_by_category={"ecology": 0})
            for n in ("gdp_growth", "revenue")
        ],
        ["development.children", "sum to 0 in category 'ecology'"],
    ),
    "weight for unknown category": (
        _change("party", weights_by_category={"ecolgy": 3}),
        ["party.weights_by_category.ecolgy", "Did you mean 'ecology'"],
    ),
    "freed weight to a stranger": (
        _change("development", cancelled={"gdp": 1}),
        ["development.cancelled.gdp", "Did you mean 'gdp_growth'"],
    ),
    "unknown way to cancel": (
        _change("development", cancelled="siblngs"),
        ["development.cancelled", "one of", "Did you mean 'siblings'"],
    ),
    "unknown rule": (
        _change("revenue", rule={"method": "minmx"}),
        ["revenue.rule.method", "Did you mean 'minmax'"],
    ),
    "rule without method": (_change("revenue", rule=3), ["revenue.rule.method", "no method '3'"]),
    "indicator without rule": (
        lambda s, r: _node(s, "revenue").pop("rule"),
        ["revenue.rule", "nothing", "required"],
    ),
    "rule with impossible parameters": (
        _change("revenue", rule={"method": "minmax", "worst": 9, "best": 9}),
        ["revenue.rule", "9"],
    ),
    "moderate without a band": (
        _change("revenue", direction="moderate"),
        ["revenue.ideal_low", "the end of a moderate indicator's band"],
    ),
    "multiplier without its base": (
        _change("total", combine={"method": "multiplier", "base": "growth"}),
        ["total.combine.base", "no child 'growth'"],
    ),
    "multiplier that names no base": (
        _change("total", combine={"method": "multiplier"}),
        ["total.combine.base", "required"],
    ),
    "band without limits": (
        _change("total", combine={"method": "multiplier", "base": "party", "map": "linear_band"}),
        ["total.combine.low", "needs low and high"],
    ),
    "limits the wrong way round": (
        _change("total", combine={"method": "multiplier", "base": "party", "low": 2, "high": 1}),
        ["total.combine.low", "at most high"],
    ),
    "group without children": (_change("development", children=[]), ["development.children"]),
    "category nobody is in": (
        lambda s, r: s["categories"].update(rural={}),
        ["categories.rural", "no unit is in this category"],
    ),
    "unit in an unknown category": (
        _units(青山区="urbn"),
        ["units.青山区", "no category 'urbn'", "Did you mean 'urban'"],
    ),
    "unit in none": (lambda s, r: s["units"].pop("白云县"), ["白云县"]),
    "grades that leave units without": (
        _top(grades={"bands": [{"name": "优秀", "share": 0.3}]}),
        ["grades.bands.0", "the last band"],
    ),
    "tie break by a stranger": (
        _top(grades={"bands": [{"name": "合格"}], "tie_break": ["partey"]}),
        ["grades.tie_break", "Did you mean 'party'"],
    ),
    "digits of a total": (_top(ranking={"digits": 12}), ["ranking.digits", "12", "≤ 9"]),
    "zero coefficient unstated": (
        _cell(1, 3, "0"),
        ["total › 青山区", "zero", "total.combine.zero"],
    ),
}


def _write(folder: Path, scheme: dict[str, Any], rows: list[list[str]]) -> Path:
    folder.mkdir()
    (folder / "scheme.yaml").write_text(to_yaml(scheme), encoding="utf-8")
    lines = [",".join(f'"{c}"' if "," in c else c for c in row) for row in rows]
    (folder / "actual.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


def _sentences(error: pytest.ExceptionInfo[sk.SimkaoheError], words: list[str]) -> None:
    text = str(error.value)
    assert any(all(word in line for word in words) for line in text.splitlines()), text
    assert "Traceback" not in text
    assert "pydantic" not in text
    sk.use_language("zh")
    chinese = str(error.value)
    assert len(chinese.splitlines()) == len(error.value.problems)
    assert any("一" <= letter <= "鿿" for letter in chinese)


@pytest.mark.parametrize("name", CASES)
def test_every_mistake_has_its_sentence(name: str, tmp_path: Path) -> None:
    spoil, words = CASES[name]
    scheme, rows = copy.deepcopy(SCHEME), copy.deepcopy(ACTUAL)
    spoil(scheme, rows)
    folder = _write(tmp_path / "case", scheme, rows)
    with pytest.raises(sk.SimkaoheError) as error:
        sk.evaluate(*sk.load(folder))
    _sentences(error, words)
    assert len(error.value.problems) <= 4, str(error.value)


def test_the_case_itself_is_sound(tmp_path: Path) -> None:
    ranking = sk.evaluate(*sk.load(_write(tmp_path / "case", SCHEME, ACTUAL))).ranking
    assert list(ranking["rank"]) == [1, 2, 3]


FILES: dict[str, tuple[Callable[[Path], Any], list[str]]] = {
    "no scheme": (lambda f: (f / "scheme.yaml").unlink(), ["scheme.yaml", "no such file"]),
    "no data": (lambda f: (f / "actual.csv").unlink(), ["actual.csv", "no such file"]),
    "broken YAML": (
        lambda f: (f / "scheme.yaml").write_text("a: [1"),
        ["scheme.yaml › line", "YAML"],
    ),
    "key twice": (
        lambda f: (f / "scheme.yaml").write_text("a: 1\na: 2"),
        ["line 2", "stands twice"],
    ),
    "impossible date": (
        lambda f: (f / "scheme.yaml").write_text("name: 2020-13-45"),
        ["scheme.yaml", "not valid YAML"],
    ),
    "not a scheme": (lambda f: (f / "scheme.yaml").write_text("- 1"), ["not a scheme"]),
    "empty table": (lambda f: (f / "actual.csv").write_text(""), ["actual.csv", "empty"]),
    "a picture": (
        lambda f: (f / "actual.csv").write_bytes(b"\x89PNG\0\xff\xfe"),
        ["actual.csv", "not text"],
    ),
    "semicolons": (
        lambda f: (f / "actual.csv").write_text("单位;party\n青山区;1\n", encoding="utf-8"),
        ["actual.csv", "not separated by commas"],
    ),
    "open quotation mark": (
        lambda f: (f / "actual.csv").write_text('单位,party\n"青山区,1\n', encoding="utf-8"),
        ["actual.csv", "not valid CSV"],
    ),
    "unknown table": (
        lambda f: (f / "targets.csv").write_text("单位\n"),
        ["targets.csv", "'target'"],
    ),
    "unknown unit in targets": (
        lambda f: (f / "target.csv").write_text("单位,party\n青山,1\n", encoding="utf-8"),
        ["target.csv › row 2", "Did you mean '青山区'"],
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_every_broken_file_has_its_sentence(name: str, tmp_path: Path) -> None:
    spoil, words = FILES[name]
    folder = _write(tmp_path / "case", SCHEME, ACTUAL)
    spoil(folder)
    with pytest.raises(sk.SimkaoheError) as error:
        sk.load(folder)
    _sentences(error, words)


EDITS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "unknown node": ({"gdp_grwth.weight": 30}, ["no id 'gdp_grwth'", "Did you mean 'gdp_growth'"]),
    "unknown entry": ({"gdp_growth.wieght": 30}, ["Did you mean 'weight'"]),
    "unknown parameter": ({"gdp_growth.rule.cop": 3}, ["gdp_growth.rule.cop", "no entry 'cop'"]),
    "whole node": ({"gdp_growth": 30}, ["gdp_growth.weight"]),
    "unknown unit": ({"units.青山县": "urban"}, ["Did you mean '青山区'"]),
    "value out of bounds": ({"party.weight": -3}, ["party.weight", "≥ 0"]),
    "last unit leaves": ({"units.青山区": "ecology"}, ["categories.urban", "no unit is in"]),
    "below nothing": ({"party.weight.x": 3}, ["party.weight.x"]),
}


@pytest.mark.parametrize("name", EDITS)
def test_every_wrong_edit_has_its_sentence(name: str) -> None:
    edits, words = EDITS[name]
    with pytest.raises(sk.SimkaoheError) as error:
        sk.Scheme.read(SCHEME).edit(edits)
    _sentences(error, words)


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    rows = copy.deepcopy(ACTUAL)
    rows[1][1], rows[2][2], rows[3][0] = "6%", "八十", "黑云县"
    with pytest.raises(sk.SimkaoheError) as error:
        sk.load(_write(tmp_path / "case", SCHEME, rows))
    assert len(error.value.problems) == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_the_encodings_that_excel_writes_are_read(encoding: str, tmp_path: Path) -> None:
    folder = _write(tmp_path / "case", SCHEME, ACTUAL)
    text = (folder / "actual.csv").read_text(encoding="utf-8")
    (folder / "actual.csv").write_bytes(text.replace("\n", "\r\n").encode(encoding))
    assert sk.load(folder)[1].units == ("青山区", "清河县", "白云县")


def test_panels_from_frames_are_checked_too() -> None:
    frame = pd.DataFrame({"a": [1.0, np.inf]}, index=["甲", "乙"])
    with pytest.raises(sk.SimkaoheError, match="actual › 乙 › a"):
        sk.Panel(frame)
    with pytest.raises(sk.SimkaoheError, match="this unit is there 2 times"):
        sk.Panel(pd.DataFrame({"a": [1.0, 2.0]}, index=["甲", "甲"]))
    with pytest.raises(sk.SimkaoheError, match="actual › 全县平均: '全县平均' looks like a sum"):
        sk.Panel(pd.DataFrame({"a": [1.0, 2.0]}, index=["甲", "全县平均"]))
    with pytest.raises(sk.SimkaoheError, match="no unit '丙'"):
        sk.Panel(frame.replace(np.inf, 2), target=pd.DataFrame({"a": [1.0]}, index=["丙"]))


DRAWING: dict[str, Callable[..., Any]] = {
    "training_exercise": lambda scheme, panel, seed: sk.training_exercise(seed, scheme, panel),
    "invented": lambda scheme, panel, seed: sk.training_exercise(seed),
    "montecarlo": lambda scheme, panel, seed: sk.sensitivity.montecarlo(
        scheme, panel, sk.sensitivity.weights(within=0.1), seed=seed
    ),
    "sobol_indices": lambda scheme, panel, seed: sk.sensitivity.sobol_indices(
        scheme, panel, sk.sensitivity.weights(within=0.1), seed=seed
    ),
    **{
        name: lambda scheme, panel, seed, name=name: getattr(sk.fairness, name)(
            scheme, panel, seed=seed
        )
        for name in ("parity", "endowment", "noise", "leverage", "ratchet")
    },
}


@pytest.mark.parametrize("name", DRAWING)
@pytest.mark.parametrize("seed", [-1, 1.5, True, "x", None])
def test_a_seed_that_is_none_is_one_sentence(name: str, seed: Any) -> None:
    with pytest.raises(sk.SimkaoheError) as raised:
        DRAWING[name](*sk.load("tai"), seed)
    assert str(raised.value) == f"seed: found {seed!r}; expected a whole number, 0 or more."
