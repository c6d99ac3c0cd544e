"""Workbooks: what is written is read back, what people write is understood, the rest is refused."""

from __future__ import annotations

import math
import re
import zipfile
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

import simkaohe as sk
from simkaohe.files import archive, bundled_cases, cells, load_scenarios, methods, numerals, values
from simkaohe.files import sheets as layout
from simkaohe.files.workbook import read_workbook, write_empty, write_workbook
from simkaohe.labels import use_language
from simkaohe.scheme.adjust import Bonus, Veto
from simkaohe.scheme.combine import Multiplier
from simkaohe.scheme.rules import Rule
from tests.fuzz_workbook import small_case
from tests.strategies import schemes

Completion, Tiers, MinMax = (Rule.family[name] for name in ("completion", "tiers", "minmax"))
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


def round_trip(folder: Path, scheme: Any, panel: Any, scenarios: Any = ()) -> Path:
    path = folder / "案例 1.xlsx"
    write_workbook(path, scheme, panel, scenarios)
    read = read_workbook(path, check=False)
    assert read[0] == scheme
    assert read[0].plain() == scheme.plain()
    assert read[1] == panel
    for table in panel.tables:
        assert read[1].frame(table).to_numpy().tobytes() == panel.frame(table).to_numpy().tobytes()
    assert read[2] == list(scenarios)
    return path


@pytest.mark.parametrize(("written", "read"), [("zh", "en"), ("en", "zh")])
@pytest.mark.parametrize("case", bundled_cases())
def test_bundled_cases_survive_in_either_language(
    case: str, written: Any, read: Any, tmp_path: Path
) -> None:
    named = bundled_cases()[case] / "scenarios.yaml"
    whole = (*sk.load(case), load_scenarios(named) if named.exists() else [])
    use_language(written)
    path = round_trip(tmp_path, *whole)
    use_language(read)
    assert read_workbook(path) == whole


def test_characters_that_nobody_sees_survive_in_lists(tmp_path: Path) -> None:
    scheme, panel, _ = small_case()
    edits = {"a": ["\u00ad", "\u200b"], "b": {"\u00ad": "\ufeff"}, "c": "\u00ad"}
    round_trip(tmp_path, scheme, panel, [sk.Scenario(name="x", edits=edits)])


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


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_examples_of_the_guide_can_be_evaluated(language: Any, tmp_path: Path) -> None:
    """Every example, typed into the empty workbook as it stands."""
    use_language(language)
    path = tmp_path / "a.xlsx"
    write_empty(path)
    book = load_workbook(path)
    names = {str(words): name for name, words in layout.titles().items()}
    page: Any = None
    rows: dict[str, int] = {}
    typed = set()
    for line in book[book.sheetnames[0]].iter_rows(values_only=True):
        cells = [str(text) for text in line if text is not None]
        if len(cells) == 1 and cells[0] in names:
            page = book[cells[0]] if cells[0] in book.sheetnames else None
        if not cells or cells[0] not in ("示例", "Example"):
            continue
        heads = {str(c.value): c.column for c in page[1] if c.value is not None}
        row = rows.get(page.title, 2)
        if names[page.title] == "scheme":
            row = next(r[0].row for r in page.iter_rows() if r[0].value == cells[1])
        if cells[1] in ("单位", "Unit"):
            row = 1
        for at, text in enumerate(cells[1:], 1):
            if text.endswith(("（空）", "(empty)")):
                continue
            head = max((h for h in heads if text.startswith(f"{h} ")), key=len, default=None)
            value = text if head is None else text.removeprefix(f"{head} ")
            page.cell(row, at if head is None else heads[head]).value = value
        rows[page.title] = max(row, 1) + 1
        typed.add(names[page.title])
    book.save(path)
    scheme, panel, scenarios = read_workbook(path)
    assert len(sk.evaluate(scheme, panel).ranking) == 2
    assert len(scenarios) == 1
    assert {"adjustments", "vetoes", "events", "limits", "categories", "units"} <= typed


# -- everything that a scheme can say ----------------------------------------------------------------


def full_case() -> tuple[sk.Scheme, sk.Panel, list[sk.Scenario]]:
    """Return a case with something in every field that has a sheet or a row."""
    values = {
        "name": "县区综合考核",
        "name_en": "Counties",
        "note": "第一行\n第二行",
        "full": 1000,
        "categories": {
            "urban": {"name": "城区类", "name_en": "Urban"},
            "rural": {"name": "乡村类"},
            "zone": {"name": "园区", "ranked": False},
        },
        "units": {"东县": "urban", "西.县": "rural", "001": "rural", "南县": "zone", "北县": "urban"},
        "unranked": ["001"],
        "attribution": {
            "hub": {"source": "园区", "to": {"东县": 0.6, "西.县": 0.4}, "keeps": 0, "indicators": ["gdp", "survey"], "note": "=共建"}
        },
        "periods": {"earlier": {"half_year": 0.3, "一季度": 0.2}, "current": 0.5, "method": "best"},
        "adjustments": {
            "awards": {"method": "bonus", "name": "获奖", "points": {"国家级": 3, "": 1}, "caps": {"国家级": 4}, "cap": 5,
                       "requires": [{"score": "gdp", "at_least": 60}], "note": "上限 5"},
            "blame": {"method": "deduction", "name_en": "Blame", "points": {"": 0.5}, "on": "soft"},
            "safety": {"method": "veto", "effects": ["not_top", "grade_cap"], "grade": "良", "any_of": [{"event": "accident"}]},
        },
        "events": {"award": "获奖事项", "accident": "安全事故"},
        "limits": {"total": {"bonus": 6, "net": 4, "low": 10}, "soft": {"bonus_share": 0.1}},
        "ranking": {"digits": 0, "ties": "dense"},
        "grades": {
            "bands": [
                {"name": "优", "share": 0.3, "seats_by_category": {"rural": 1}, "requires": [{"event": "award", "at_most": 3}]},
                {"name": "良", "name_en": "Good", "at_least": 60.5},
                {"name": "差"},
            ],
            "within": "all",
            "at_least_one": True,
            "tie_break": ["gdp", "soft"],
            "priority": [{"fact": "population", "at_most": 30}],
            "extra": [{"band": "优", "seats": 1, "any_of": [{"event": "award"}], "reserved": True, "name": "专项"}],
        },
        "uses": {
            "fund": {"method": "pay_by_rank", "amounts": [30, 20.5], "name": "奖金", "unit": "万元"},
            "quota": {"method": "individual_quota", "shares": {"优": 0.2, "良": 0.15}, "at_least_one": True,
                      "raises": [{"by": 0.05, "any_of": [{"event": "award"}]}]},
        },
        "root": {
            "id": "total",
            "cancelled": "equal",
            "children": [
                {"id": "gdp", "name": "生产总值", "unit": "%", "weight": 60, "weights_by_category": {"rural": 40},
                 "rule": {"method": "minmax", "worst": 0, "best": 10.5}, "target": 6, "responsible": "统计局；发改委",
                 "attributed": "rate", "base": "population", "difficulty": {"low": 0.9, "cap": 110}},
                {"id": "soft", "weight": 40, "cancelled": {"air": 1.0},
                 "combine": {"method": "multiplier", "base": "air", "low": 0.8, "high": 1.25, "map": "linear_band"},
                 "children": [
                    {"id": "air", "rule": "minmax", "direction": "moderate", "ideal_low": 1, "ideal_high": 2,
                     "missing": "median", "scope": "category", "difficulty": {}},
                    {"id": "survey", "rule": "minmax", "missing": "zero",
                     "measure": {"method": "per_head", "per": 10000}, "data": "gdp",
                     "attributed": "rate", "base": "population"}]},
            ],
        },
    }  # fmt: skip
    scheme = sk.Scheme.read(values)
    units = ["东县", "西.县", "001", "南县", "北县", "园区"]
    gdp = pd.DataFrame({"gdp": [6.5, 7, 8, 9, 0.1, 0.2], "air": [1, math.nan, 3, 4, 5, 6.0]}, units)
    panel = sk.Panel(
        gdp,
        previous=gdp * 0.9,
        difficulty=pd.DataFrame({"total": 1.1, "gdp": 0.95}, units),
        periods=pd.DataFrame({"half_year": 80.0, "一季度": 70.0}, units),
        covariates=pd.DataFrame({"population": 20.0, "staff": 3.0}, units),
        events=pd.DataFrame(
            {
                "unit": ["东县", "001"],
                "event": ["awards", "accident"],
                "kind": ["国家级", ""],
                "count": [2, 1],
                "name": ["=科技奖", "001"],
                "date": ["2024-05-01", ""],
            }
        ),
        ratings=pd.DataFrame(
            {
                "unit": ["东县"] * 3,
                "indicator": "air",
                "group": "",
                "rater": "甲",
                "score": [85.25, "优", "90"],
            }
        ),
        answers=pd.DataFrame({"unit": [], "indicator": [], "answer": [], "count": []}),
    )
    scenarios = [
        sk.Scenario(
            name="减权",
            name_en="Less",
            note="为什么",
            edits={"gdp.weight": 30, "soft.combine": {"method": "weighted_sum"},
                   "gdp.weights_by_category.rural": None, "units.001": "urban", "grades.at_least_one": False},
        ),
        sk.Scenario(name="不变"),
    ]  # fmt: skip
    return scheme, panel, scenarios


@pytest.mark.parametrize("language", ["zh", "en"])
def test_everything_that_a_scheme_can_say_survives(language: Any, tmp_path: Path) -> None:
    use_language(language)
    round_trip(tmp_path, *full_case())


def test_nothing_but_the_last_step_changes_the_file(tmp_path: Path) -> None:
    """A workbook that cannot be written leaves the old one as it was, and nothing beside it."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"old")
    scheme, panel, _ = full_case()
    with pytest.raises(sk.SimkaoheError, match="two scenarios are called 'a'"):
        write_workbook(path, scheme, panel, [sk.Scenario(name="a"), sk.Scenario(name="a")])
    long = sk.Scheme.read(scheme.plain() | {"note": "长" * 40000})
    with pytest.raises(sk.SimkaoheError, match=r"a\.xlsx › Scheme › C4: found 40000 characters"):
        write_workbook(path, long, panel)
    assert path.read_bytes() == b"old"
    with pytest.raises(sk.SimkaoheError, match="cannot be written"):
        write_workbook(tmp_path / "none" / "a.xlsx", scheme, panel)
    assert [each.name for each in tmp_path.iterdir()] == ["a.xlsx"]


# -- how it looks ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("book") / "a.xlsx"
    use_language("zh")
    write_workbook(path, *full_case())
    use_language("en")
    return load_workbook(path)


def test_sheets_stand_in_their_order(book: Any) -> None:
    assert book.sheetnames == [
        "说明", "方案", "指标", "类别", "单位", "等次", "加减分", "一票否决", "限额", "结果运用", "归属",
        "数据", "上年", "难度系数", "背景", "各期", "台账", "评分", "答卷", "情景", "方法说明",
    ]  # fmt: skip


def test_headings_stay_in_sight_and_have_notes(book: Any) -> None:
    for sheet in book:
        if sheet.title not in ("说明", "列表"):
            assert sheet.freeze_panes == "B2", sheet.title
            assert sheet["A1"].font.bold
            assert sheet["A1"].fill.fgColor.rgb.endswith("D9E2F0")
    notes = {cell.value: cell.comment.text for cell in book["指标"][1] if cell.comment}
    assert "总分一行留空" in notes["上级"]
    assert "数" in notes["权重"]
    assert "正向、逆向、适度 之一" in notes["指标方向"]
    assert book["数据"]["B1"].comment.text == "生产总值、survey"


def test_choices_have_drop_downs(book: Any) -> None:
    sheet = book["指标"]
    headings = {cell.value: cell.column_letter for cell in sheet[1]}
    rules = {str(r.sqref).split("2:")[0]: r.formula1 for r in sheet.data_validations.dataValidation}
    assert rules[headings["指标方向"]] == '"正向,逆向,适度"'
    assert "极差法,功效系数法" in rules[headings["计分方法"]]
    units = book["单位"].data_validations.dataValidation
    assert [rule.formula1 for rule in units] == ['"城区类,乡村类,园区"', '"是,否"']


def test_long_lists_stand_on_a_hidden_sheet(tmp_path: Path) -> None:
    write_workbook(tmp_path / "a.xlsx", *full_case())
    book = load_workbook(tmp_path / "a.xlsx")
    assert book["Lists"].sheet_state == "hidden"
    rules = {
        str(r.sqref)[0]: r.formula1 for r in book["Indicators"].data_validations.dataValidation
    }
    named = [formula for formula in rules.values() if formula.startswith("'Lists'!$A$1:$A$")]
    assert named == [f"'Lists'!$A$1:$A${len(Rule.family)}"]
    assert [row[0].value for row in book["Lists"]][: len(Rule.family)] == [
        rule.label.en for rule in Rule.family.values()
    ]


def test_text_is_never_a_formula(tmp_path: Path) -> None:
    scheme = full_case()[0]
    nasty = ["=1+1", "+1", "-1", "@sum", "=cmd|' /C calc'!A0"]
    frame = pd.DataFrame({"gdp": 1.0, "air": 1.0}, nasty)
    values = scheme.plain() | {"name": "=HYPERLINK(1)", "units": {}, "unranked": nasty[:2]}
    plain = {k: v for k, v in values.items() if k in ("name", "unranked")}
    leaf = {"id": "gdp", "name": "=A1", "rule": "minmax"}
    air = {"id": "air", "name": "-A1", "rule": "minmax"}
    case = sk.Scheme.read(plain | {"root": {"id": "total", "children": [leaf, air]}})
    round_trip(tmp_path, case, sk.Panel(frame))
    for sheet in load_workbook(tmp_path / "案例 1.xlsx"):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", (sheet.title, cell.coordinate)
                if isinstance(cell.value, str) and cell.value[:1] in tuple("=+-@"):
                    assert cell.quotePrefix, (sheet.title, cell.coordinate)


# -- what people write -------------------------------------------------------------------------------


def damaged(folder: Path, change: Any) -> Path:
    """Write the small case in Chinese, change it as a person would, and return the file."""
    workbook = load_workbook(BytesIO(small_book()))
    change(workbook)
    workbook.save(folder / "考核.xlsx")
    return folder / "考核.xlsx"


@cache
def small_book() -> bytes:
    """Return the small case's workbook; of the long sheets that nothing reads, only the top."""
    use_language("zh")
    with TemporaryDirectory() as folder:
        path = Path(folder, "考核.xlsx")
        write_workbook(path, *small_case())
        workbook = load_workbook(path)
    for name in ("说明", "方法说明"):
        workbook[name].delete_rows(4, workbook[name].max_row)
    stream = BytesIO()
    workbook.save(stream)
    use_language("en")
    return stream.getvalue()


def set_cell(sheet: str, cell: str, value: Any, number_format: str = "General") -> Any:
    def change(workbook: Any) -> None:
        at = workbook[sheet][cell]
        at.quotePrefix = False
        at.value, at.number_format = value, number_format

    return change


UNDERSTOOD = [
    ("１２．５", 12.5),
    (" 12.5 ", 12.5),
    ("\u00a012.5\u3000", 12.5),
    ("12.5\u200b", 12.5),
    ("'12.5", 12.5),
    ("－3", -3.0),
    ("−3", -3.0),
    ("＋3", 3.0),
    ("1,234.5", 1234.5),
    ("１，２３４", 1234.0),
    ("1.5e3", 1500.0),
    ("35%", 35.0),
    ("３５％", 35.0),
    ("7.1 %", 7.1),
    (None, math.nan),
    ("  ", math.nan),
    ("\u200b", math.nan),
]


@pytest.mark.parametrize(("written", "meant"), UNDERSTOOD)
def test_numbers_that_are_understood(written: Any, meant: float, tmp_path: Path) -> None:
    path = damaged(tmp_path, set_cell("数据", "B2", written))
    found = read_workbook(path)[1].frame("actual").at["东县", "gdp"]
    assert found == meant or (math.isnan(found) and math.isnan(meant))


def test_percentages_mean_what_the_column_says(tmp_path: Path) -> None:
    def change(workbook: Any) -> None:
        set_cell("数据", "B2", 0.07, "0.0%")(workbook)
        set_cell("数据", "C2", 35, '0"%"')(workbook)
        set_cell("指标", "E3", 0.6, "0%")(workbook)
        set_cell("指标", "G3", "55%")(workbook)
        set_cell("指标", "E4", "４０％")(workbook)
        set_cell("等次", "C2", "３５％")(workbook)

    scheme, panel, _ = read_workbook(damaged(tmp_path, change))
    assert panel.frame("actual").at["东县", "gdp"] == 7.0
    assert panel.frame("actual").at["东县", "air"] == 35.0
    assert scheme.nodes["gdp"].weight == 60.0
    assert scheme.nodes["soft"].weight == 40.0
    assert scheme.nodes["gdp"].weights_by_category == {"rural": 55.0}
    assert scheme.grades.bands[0].share == 0.35


def test_titles_blank_rows_and_names_are_understood(tmp_path: Path) -> None:
    def change(workbook: Any) -> None:
        data = workbook["数据"]
        data.insert_rows(1, 2)
        data["A1"] = "2024年考核数据（单位：万元）"
        data.merge_cells("A1:D1")
        data.insert_rows(6)
        data.insert_cols(1)
        data["A3"], data["A4"] = "序号", 1
        data["C3"], data["D3"] = " 生产总值", "ＡＩＲ"
        data["B4"], data["B7"] = "东 县", "南县"
        data["J60"] = " "
        workbook["指标"]["B3"] = "total "
        workbook["指标"].insert_rows(1)
        workbook["指标"]["A1"] = "指标体系"
        workbook.create_sheet("结果 1")["A1"] = "不读"
        workbook.create_sheet("_草稿")["A1"] = "不读"
        workbook.create_sheet("Sheet1")

    assert read_workbook(damaged(tmp_path, change)) == small_case()


def test_a_plain_list_of_named_indicators_needs_neither_ids_nor_a_total(tmp_path: Path) -> None:
    """What a first workbook looks like: names, weights and rules; ids and parents left empty."""
    use_language("zh")
    write_empty(tmp_path / "考核.xlsx")
    use_language("en")
    book = load_workbook(tmp_path / "考核.xlsx")
    headings = {cell.value: cell.column for cell in book["指标"][1]}
    for row, (name, weight, direction) in enumerate(
        (("GDP 增速", 60, "越高越好"), ("PM2.5 浓度", 40, "越低越好")), 2
    ):
        for heading, value in (("名称", name), ("权重", weight), ("指标方向", direction)):
            book["指标"].cell(row, headings[heading], value)
        book["指标"].cell(row, headings["计分方法"], "极差法")
    book["类别"]["B2"], book["单位"]["A2"], book["单位"]["B2"] = "城区类", "东县", "城区类"
    book["单位"]["A3"], book["单位"]["B3"] = "西县", "城区类"
    for row in (("县（市、区）", "GDP增速", "PM2.5 浓度"), ("东县", 5, 30), ("西县", 7, 50)):
        for column, value in enumerate(row, 1):
            book["数据"].cell(1 if row[1] == "GDP增速" else 2 + (row[0] == "西县"), column, value)
    book.save(tmp_path / "考核.xlsx")
    scheme, panel, _ = read_workbook(tmp_path / "考核.xlsx")
    assert [leaf.id for leaf in scheme.indicators] == ["GDP增速", "PM25浓度"]
    assert scheme.root.id == "total"
    assert scheme.root.name == "总分"
    assert list(scheme.categories) == ["城区类"]
    assert sk.evaluate(scheme, panel).ranking["total"].to_dict() == {"西县": 60.0, "东县": 40.0}


@pytest.mark.parametrize("names", [("甲指标",), ("甲指标", "乙指标")])
def test_a_list_without_ids_may_be_as_short_as_one_indicator(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    """名称 alone is a row's id; 给分 80 and 60 at equal weights are 70."""
    book = Workbook()
    book.active.title = "数据"
    for row in (["单位", *names], ["东县", *(80, 60)[: len(names)]]):
        book["数据"].append(row)
    book.create_sheet("指标").append(["名称", "计分方法"])
    for name in names:
        book["指标"].append([name, "直接赋分"])
    book.save(tmp_path / "考核.xlsx")
    scheme, panel, _ = read_workbook(tmp_path / "考核.xlsx")
    assert [leaf.id for leaf in scheme.indicators] == list(names)
    assert sk.evaluate(scheme, panel).ranking["total"].item() == (80, 70)[len(names) - 1]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (["合  计", 300], "A4"),
        (["注：快报数", None], "A4"),
        (["目标值", 90], "A4"),
        (["最美镇", 9], ""),
    ],
)
def test_what_stands_below_the_units_is_no_unit(row: Any, found: str, tmp_path: Path) -> None:
    book = Workbook()
    book.active.title = "数据"
    for each in (["单位", "甲"], ["东县", 80], ["西县", 60], row):
        book["数据"].append(each)
    book.create_sheet("指标").append(["名称", "计分方法", "缺失处理"])
    book["指标"].append(["甲", "直接赋分", "零分"])
    book.save(tmp_path / "考核.xlsx")
    if not found:
        assert len(read_workbook(tmp_path / "考核.xlsx")[1].units) == 3
        return
    with pytest.raises(sk.SimkaoheError, match=f"数据 › {found}: .*looks like a sum"):
        read_workbook(tmp_path / "考核.xlsx")


@pytest.mark.parametrize(
    ("path", "word", "meant"),
    [
        ("gdp.rule", "功效系数法", "efficacy"),
        ("gdp.rule.method", "功效系数法", "efficacy"),
        ("gdp.missing", "零分", "zero"),
        ("gdp.name", "零分", "零分"),
    ],
)
def test_a_scenario_takes_the_words_of_the_other_sheets(
    path: str, word: str, meant: str, tmp_path: Path
) -> None:
    def change(workbook: Any) -> None:
        set_cell("情景", "D2", path)(workbook)
        set_cell("情景", "F2", word)(workbook)

    _, _, scenarios = read_workbook(damaged(tmp_path, change), check=False)
    assert scenarios[0].edits[path] == meant


RATE = [["名称", "计分方法"], ["甲", "目标完成率法"]]


@pytest.mark.parametrize(
    ("sheets", "said"),
    [
        (
            {
                "数据": [["单位", "甲"], ["东县", 80]],
                "指标": [["名称", "计分方法"], ["甲", "直接赋分"]],
                "单位": [["单位", "类别"], ["东县", "山区"]],
            },
            "单位 › B2 .*: there is no category '山区'. List every category in the column “Name”",
        ),
        (
            {"数据": [["单位", "甲"], ["东县", 80]], "指标": RATE},
            "考核.xlsx › Target: there is no target column '甲'. Add every unit's target, or give 甲.target",
        ),
        (
            {
                "数据": [["单位", "甲"], ["东县", 80], ["西县", 70]],
                "目标": [["单位", "甲"], ["东县", 75]],
                "指标": RATE,
            },
            "› 目标 › B1: '西县' has no target and cannot be scored",
        ),
    ],
    ids=["categories", "targets", "one target"],
)
def test_what_is_missing_is_asked_for_on_its_sheet(
    sheets: dict[str, list[list[Any]]], said: str, tmp_path: Path
) -> None:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(tmp_path / "考核.xlsx")
    with pytest.raises(sk.SimkaoheError, match=said):
        read_workbook(tmp_path / "考核.xlsx")


def _in_percent(workbook: Any) -> None:
    for row in range(2, 6):
        set_cell("数据", f"C{row}", row / 10, "0%")(workbook)


REFUSED = [
    (_in_percent, "考核.xlsx › 数据 › C2:C5: found percentages all down the column; expected numbers without a percent sign. If the indicator's unit is percent, write %"),
    (lambda b: setattr(b["数据"], "title", "2025年数据"), "考核.xlsx › 2025年数据: there is no sheet '2025年数据'. Did you mean 'Data'?"),
    (set_cell("数据", "B2", "约12"), "考核.xlsx › 数据 › B2: found '约12'; expected a number, or an empty cell. Write only the number (e.g. 12), in the indicator's unit."),
    (set_cell("数据", "B2", "12万"), "考核.xlsx › 数据 › B2: found '12万'; expected a number, or an empty cell. Write only the number (e.g. 120000), in"),
    (set_cell("数据", "B2", "—"), "考核.xlsx › 数据 › B2: found '—'; expected a number, or an empty cell. Leave the cell empty where there is no value."),
    (set_cell("数据", "B2", "/"), "考核.xlsx › 数据 › B2: found '/'"),
    (set_cell("数据", "B2", "无"), "考核.xlsx › 数据 › B2: found '无'"),
    (set_cell("数据", "B2", "N/A"), "考核.xlsx › 数据 › B2: found 'N/A'"),
    (set_cell("数据", "B2", "1,23"), "考核.xlsx › 数据 › B2: found '1,23'"),
    (set_cell("数据", "B2", "1 234"), "考核.xlsx › 数据 › B2: found '1 234'"),
    (set_cell("数据", "B2", "½"), "考核.xlsx › 数据 › B2: found '½'; expected a number, or an empty cell. Write one number, in digits only."),
    (set_cell("数据", "B2", "1e999"), "考核.xlsx › 数据 › B2: found '1e999'"),
    (set_cell("数据", "B2", "inf"), "考核.xlsx › 数据 › B2: found 'inf'"),
    (set_cell("数据", "C2", "35%"), "考核.xlsx › 数据 › C2: found the percentage 35%; expected a number without a percent sign. Write it in the indicator's unit (e.g. 35)"),
    (set_cell("数据", "C2", 0.35, "0%"), "考核.xlsx › 数据 › C2: found the percentage 35%"),
    (set_cell("数据", "B2", datetime(2024, 5, 1), "yyyy-mm-dd"), "考核.xlsx › 数据 › B2: found the date 2024-05-01; expected" ),
    (set_cell("数据", "B2", 45413, "yyyy年m月"), "考核.xlsx › 数据 › B2: found the date 2024-05-01; expected a number"),
    (set_cell("数据", "B2", True), "考核.xlsx › 数据 › B2: found the truth value TRUE"),
    (set_cell("数据", "B2", "#DIV/0!"), "考核.xlsx › 数据 › B2: found the error #DIV/0!; expected a number, or an empty cell. Mend the formula, or leave the cell empty."),
    (set_cell("数据", "B2", "=A1*2"), "考核.xlsx › 数据 › B2: found a formula without a calculated value; expected a number, or an empty cell. Open it in Excel, recalculate and save."),
    (set_cell("数据", "A2", "东先"), "考核.xlsx › 数据 › A2: there is no unit '东先'. Did you mean '东县'?"),
    (set_cell("数据", "A3", "东县"), "考核.xlsx › 数据 › A3: '东县' is there twice. Keep one of them."),
    (set_cell("数据", "A3", None), "考核.xlsx › 数据 › A3: found no unit; expected the unit's name"),
    (set_cell("数据", "C1", "ari"), "考核.xlsx › 数据 › C1: there is no indicator 'ari'. Did you mean 'air'"),
    (set_cell("数据", "C1", "gdp"), "考核.xlsx › 数据 › C1: 'gdp' is there twice"),
    (set_cell("数据", "C1", None), "考核.xlsx › 数据 › C1: this column has no heading, but there is something in C2"),
    (set_cell("数据", "F3", 5), "考核.xlsx › 数据 › F1: this column has no heading, but there is something in F3"),
    (set_cell("数据", "A1", "名"), "考核.xlsx › 数据: there is no heading 'Unit'"),
    (lambda b: b["数据"].merge_cells("B2:B3"), "考核.xlsx › 数据 › B2:B3: found merged cells; expected one cell for every value. Unmerge them and fill in every cell."),
    (lambda b: setattr(b["数据"], "title", "数剧"), "考核.xlsx › 数剧: there is no sheet '数剧'. Did you mean 'Data'? Start the name"),
    (lambda b: setattr(b.create_sheet("草稿"), "sheet_state", "hidden") or set_cell("草稿", "A1", "x")(b), "It is hidden: right-click any sheet's tab in Excel and choose Unhide."),
    (lambda b: b.__delitem__("数据"), "考核.xlsx: there is no sheet 'Data'. Add a sheet named 'Data'."),
    (lambda b: b.__delitem__("指标"), "考核.xlsx: there is no sheet 'Indicators'"),
    (lambda b: setattr(b.copy_worksheet(b["数据"]), "title", "Data"), "考核.xlsx › Data: this is the same sheet as '数据'. Keep one of them."),
    (set_cell("指标", "B3", "tatal"), "考核.xlsx › 指标 › B3: there is no indicator or group 'tatal'. Did you mean 'total'?"),
    (set_cell("指标", "B2", "soft"), "考核.xlsx › 指标 › B2: parents in a circle: total → soft → total. Mend the parent."),
    (set_cell("指标", "B3", None), "考核.xlsx › 指标 › B3: no parent, but 'total' is already the total. Fill in the parent's id, or add a row"),
    (set_cell("指标", "A3", "air"), "考核.xlsx › 指标 › A5: 'air' is there twice. Keep one of them."),
    (lambda b: (set_cell("指标", "A3", None)(b), set_cell("指标", "C3", None)(b)), "考核.xlsx › 指标 › A3: no 'id' given. Fill it in, or clear the row."),
    (set_cell("指标", "A1", "号"), "考核.xlsx › 指标 › A1: there is no column '号'"),
    (lambda b: (set_cell("指标", "A1", "号")(b), set_cell("指标", "C1", None)(b), set_cell("指标", "D1", None)(b)), "考核.xlsx › 指标: there is no heading 'Id' or 'Name'. Add it to the row of headings."),
    (set_cell("数据", "A9", "合 计"), "考核.xlsx › 数据 › A9: there is no unit '合 计'"),
    (set_cell("指标", "C1", "名字"), "考核.xlsx › 指标 › C1: there is no column '名字'"),
    (set_cell("指标", "E3", -1), "考核.xlsx › 指标 › E3 (gdp.weight): found -1; expected a number ≥ 0."),
    (set_cell("指标", "E3", "很大"), "考核.xlsx › 指标 › E3 (gdp.weight): found '很大'; expected a number."),
    (set_cell("指标", "M3", "随便"), "考核.xlsx › 指标 › M3 (gdp.direction): found '随便'; expected one of positive"),
    (set_cell("指标", "I3", "极差"), "考核.xlsx › 指标 › I3 (gdp.rule): found '极差'; expected one of the list. Did you mean"),
    (set_cell("数据", "C3", 0.9079999999999999, "0.0%"), "考核.xlsx › 数据 › C3: found the percentage 90.8%; expected a number without a percent sign. Write it in the indicator's unit (e.g. 90.8)"),
    (set_cell("等次", "C2", 30), "考核.xlsx › 等次 › C2 (grades.bands.0.share): found 30; expected a number ≤ 1. Write 0.3 for 30%."),
    (set_cell("指标", "E4", "40%"), "考核.xlsx › 指标 › E4: found 40% with a percent sign, while its sibling in E3 is without one; expected siblings' weights all written alike."),
    (set_cell("指标", "E4", 0.4, "0%"), "考核.xlsx › 指标 › E4: found 40% with a percent sign"),
    (set_cell("指标", "G3", "40%"), "考核.xlsx › 指标 › G3: found 40% with a percent sign"),
    (set_cell("指标", "E4", None), "考核.xlsx › 指标 › E4: the weight is empty, its siblings have one. Fill it in; write 0 if it does not count."),
    (set_cell("指标", "E3", "—"), "考核.xlsx › 指标 › E3 (gdp.weight): found '—'; expected a number. Write 0 if it does not count."),
    (set_cell("指标", "E3", "#N/A"), "考核.xlsx › 指标 › E3 (gdp.weight): found the error #N/A; expected a number. Mend the formula."),
    (lambda b: b["数据"].delete_rows(1, 9), "考核.xlsx › 数据: the sheet is empty. Fill it in"),
    (set_cell("指标", "B4", "air"), "考核.xlsx › 指标 › B4: found 'air' is an indicator (it has a scoring rule) and no parent; expected the id"),
    (set_cell("单位", "B2", None), "考核.xlsx › 单位 › B2: found nothing; expected one of 城区类, 乡村类."),
    (set_cell("情景", "D2", "gdp.wieght"), "考核.xlsx › 情景 › D2 (gdp.wieght): there is no entry 'wieght'. Did you mean 'weight'"),
    (lambda b: b["数据"].delete_rows(5), "考核.xlsx › 数据: there is no row for '001'. Add a row for each"),
    (set_cell("单位", "B2", "城市"), "考核.xlsx › 单位 › B2 (units.东县): there is no category '城市'"),
    (set_cell("单位", "A3", "东县"), "考核.xlsx › 单位 › A3: '东县' is there twice"),
    (set_cell("类别", "A3", "urban"), "考核.xlsx › 类别 › A3: 'urban' is there twice"),
    (set_cell("等次", "C2", 2), "考核.xlsx › 等次 › C2 (grades.bands.0.share): found 2; expected a number ≤ 1."),
    (set_cell("方案", "A2", "nmae"), "考核.xlsx › 方案 › A2: there is no item 'nmae'. Did you mean 'name'"),
    (set_cell("情景", "D2", None), "考核.xlsx › 情景 › D2: no path. For example gdp_growth.weight."),
    (set_cell("情景", "F2", None), "考核.xlsx › 情景 › F2 (gdp.weight): found nothing; expected a value."),
]  # fmt: skip


@pytest.mark.parametrize(("change", "sentence"), REFUSED, ids=[s[8:60] for _, s in REFUSED])
def test_what_nobody_can_understand_is_refused(change: Any, sentence: str, tmp_path: Path) -> None:
    path = damaged(tmp_path, change)
    before = path.read_bytes()
    with pytest.raises(sk.SimkaoheError) as error:
        read_workbook(path)
    assert sentence in str(error.value)
    assert path.read_bytes() == before


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    def change(workbook: Any) -> None:
        for sheet, cell, value in (
            ("数据", "B2", "无"),
            ("数据", "B3", "—"),
            ("指标", "E3", -1),
            ("单位", "B2", "x"),
        ):
            set_cell(sheet, cell, value)(workbook)

    with pytest.raises(sk.SimkaoheError) as error:
        read_workbook(damaged(tmp_path, change))
    assert [problem.where.split(" › ")[1:] for problem in error.value.problems] == [
        ["单位", "B2 (units.东县)"],
        ["数据", "B2"],
        ["数据", "B3"],
        ["指标", "E3 (gdp.weight)"],
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12万", "120000"),
        ("约12", "12"),
        ("787.4元", "787.4"),
        ("-5个", "-5"),
        ("1,234左右", "1234"),
    ]
    + [
        (t, "")
        for t in ("1/2", "5月1日", "787。4", "1 234.5", "2024-05-01", "½", "七百", "①", "35‰")
    ]
    + [(t, "") for t in ("(787.4)", "<5", "–7", "787.4亿元", "1,23", "0x10", "3-5", "35个百分点")],
)
def test_only_a_certain_number_is_an_example(text: str, number: str) -> None:
    assert numerals.example(text) == number


TYPED = [
    (Bonus, "cap=3；points={“国家”：2，“省”：1}", {"cap": 3, "points": {"国家": 2, "省": 1}}),
    (Bonus, "cap＝３; points={国家:2,省:1}", {"cap": 3, "points": {"国家": 2, "省": 1}}),
    (Bonus, "cap=3, points={'国家': 2}", {"cap": 3, "points": {"国家": 2}}),
    (Bonus, "上限=3；分项上限=｛国家＝2｝", {"cap": 3, "caps": {"国家": 2}}),
    (Bonus, "cap：3", {"cap": 3}),
    (Bonus, "每次分值=1.5", {"points": 1.5}),
    (Veto, "effects=not_top", {"effects": ["not_top"]}),
    (Veto, "后果=不得评为最高等次；列末位", {"effects": ["not_top", "last"]}),
    (Tiers, "thresholds=5；6；points=10；20；30", {"thresholds": [5, 6], "points": [10, 20, 30]}),
    (Tiers, "5；6；points=10；20", None),
    (Completion, "cap=1.2；1.5", None),
    (Veto, "effects=不得评为最高等次、last; grade=“优”", {"effects": ["not_top", "last"], "grade": "优"}),
    (Completion, "cap=120%; start=50％", {"cap": 1.2, "start": 0.5}),
    (Completion, "逆向算法=差额", {"reverse": "difference"}),
    (Tiers, "thresholds=5,6; points=10，20，30", {"thresholds": [5, 6], "points": [10, 20, 30]}),
    (Tiers, "thresholds=［5，6］；points=[10;20;30]", {"thresholds": [5, 6], "points": [10, 20, 30]}),
    (Tiers, "thresholds=5", {"thresholds": [5]}),
    (Tiers, "thresholds=1,234", None),
    (MinMax, "best=10%", None),
    (Bonus, "points={国家:2", None),
    (Bonus, "points={国家:2,国家:3}", None),
    (Bonus, "cap=3; 上限=4", None),
    (Multiplier, "base=工作; map=gate", {"base": ["工作"], "map": "gate"}),
    (Multiplier, "base=a; map={方法:x, method: gate, 及格线: 70}", None),
    (Multiplier, "base=a; map={method: gate, 及格线: 70}", {"base": ["a"], "map": {"method": "gate", "pass_mark": 70}}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "text", "meant"), TYPED)
def test_parameters_are_written_as_people_write(method: Any, text: str, meant: Any) -> None:
    kind = values.Kind(frozenset(("mapping",)), hint=method)
    if meant is None:
        try:
            found = values.decode(text, kind)
        except numerals.Misfit:
            return
        with pytest.raises(ValueError):  # noqa: PT011
            method.model_validate(found)
    else:
        assert values.decode(text, kind) == meant


def test_the_sheet_of_methods_is_in_one_language() -> None:
    use_language("zh")
    chinese = list(methods.rows())
    use_language("en")
    english = list(methods.rows())
    assert [bool(row[5]) for row in chinese] == [bool(row[5]) for row in english]
    assert not [c for row in chinese for c in row[:6] if re.search(r"[a-z]{2,} [a-z]{2,}", c)]
    assert all(row[5].endswith("。") for row in chinese if row[5])
    for row in english:
        assert not re.search(r"[\u4e00-\u9fff]", "".join(row[:6])), row


@pytest.mark.parametrize("family", [family for family, _ in methods.USED])
def test_the_examples_of_the_methods_are_valid(family: Any) -> None:
    for name, method in family.family.items():
        kind = values.Kind(frozenset(("mapping",)), hint=method)
        text = methods.example(method)
        found = values.decode(text, kind) if text else {}
        assert family.model_validate({"method": name, **found}).method == name


@pytest.mark.parametrize("blank", [[], ["E4"], ["E3", "E4"]])
def test_weights_are_all_there_or_all_equal(blank: list[str], tmp_path: Path) -> None:
    def change(workbook: Any) -> None:
        for cell in ("E3", "E4", "G3"):
            set_cell("指标", cell, None)(workbook)
        for cell in blank:
            set_cell("指标", cell, 0.5)(workbook)

    if len(blank) == 1:
        with pytest.raises(sk.SimkaoheError, match="E3: the weight is empty"):
            read_workbook(damaged(tmp_path, change))
    else:
        scheme = read_workbook(damaged(tmp_path, change))[0]
        assert scheme.nodes["gdp"].weight == scheme.nodes["soft"].weight


# -- what is no workbook -----------------------------------------------------------------------------


def zipped(parts: dict[str, bytes]) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


NO_BOOKS = [
    (b"", "the file is empty."),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "this is an old .xls, a WPS .et, or a workbook with a password. Remove the password, open it in Excel and save it as .xlsx."),
    ("单位,gdp\n东县,1\n".encode(), "this is text (such as CSV), no workbook. Open it in Excel and save it as .xlsx."),
    (b"%PDF\0", "this is no Excel workbook."),
    (b"PK\x03\x04 and no more", "the workbook is damaged"),
    (zipped({"a.txt": b"x"}), "the workbook is damaged (no workbook in it)"),
    (zipped({"mimetype": b"x", "content.xml": b"<a/>"}), "this is an ODF sheet (.ods)."),
]  # fmt: skip


@pytest.mark.parametrize(("content", "sentence"), NO_BOOKS, ids=[s for _, s in NO_BOOKS])
def test_what_is_no_workbook_is_refused(content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    with pytest.raises(sk.SimkaoheError) as error:
        read_workbook(path)
    assert str(error.value).startswith("a.xlsx: ")
    assert sentence.rstrip(".") in str(error.value)
    assert "\n" not in str(error.value)


def test_what_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    for path, sentence in (
        (tmp_path, "it is a folder, not a file"),
        (tmp_path / "none.xlsx", "there is no such file"),
        (tmp_path / ("长" * 300), "it cannot be read"),
    ):
        with pytest.raises(sk.SimkaoheError, match=sentence):
            read_workbook(path)


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = damaged(tmp_path, lambda workbook: None)
    monkeypatch.setattr(archive, "MOST_BYTES", 1000)
    with pytest.raises(sk.SimkaoheError, match=r"when unpacked, which is too large"):
        read_workbook(path)
    monkeypatch.undo()
    monkeypatch.setattr(cells, "MOST_CELLS", 10)
    with pytest.raises(sk.SimkaoheError, match="more than 10 cells are filled"):
        read_workbook(path)
    monkeypatch.undo()
    with zipfile.ZipFile(path) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'
    parts["xl/workbook.xml"] = bomb + parts["xl/workbook.xml"]
    path.write_bytes(zipped(parts))
    with pytest.raises(sk.SimkaoheError, match=r"the workbook is damaged \(DOCTYPE\)"):
        read_workbook(path)


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def relations(**targets: str) -> bytes:
    each = "".join(
        f'<Relationship Id="{name}" Type="{DOCUMENT}/{kind}" Target="{target}"/>'
        for name, (kind, target) in ((n, t.split("|")) for n, t in targets.items())
    )
    return f'<Relationships xmlns="x">{each}</Relationships>'.encode()


def test_what_other_programs_write_is_understood(tmp_path: Path) -> None:
    """Prefixes, shared and inline strings, readings above characters, formulas, left-out addresses."""
    indicators = """<x:worksheet xmlns:x="M"><x:sheetData>
      <x:row r="1"><x:c r="A1" t="s"><x:v>0</x:v></x:c><x:c r="B1" t="s"><x:v>1</x:v></x:c>
        <x:c r="C1" t="inlineStr"><x:is><x:r><x:t>计分</x:t></x:r><x:r><x:t>方法</x:t></x:r></x:is></x:c></x:row>
      <x:row><x:c t="str"><x:f>"to"&amp;"tal"</x:f><x:v>total</x:v></x:c></x:row>
      <x:row><x:c t="s"><x:v>2</x:v></x:c><x:c t="str"><x:v>total</x:v></x:c><x:c t="str"><x:v>minmax</x:v></x:c></x:row>
    </x:sheetData></x:worksheet>"""
    data = """<worksheet xmlns="M"><sheetData>
      <row r="1"><c r="A1" t="str"><v>单位</v></c><c r="B1" t="s"><v>2</v></c></row>
      <row r="2"><c r="A2" t="str"><v>东县_x000D_</v></c><c r="B2"><f>A1</f><v>1.5000000000000002</v></c></row>
      <row r="5"><c r="A5" t="str"><v>西县</v></c><c r="B5" t="str"><v>１２</v></c><c r="C5" s="0"/></row>
    </sheetData></worksheet>"""
    strings = """<sst xmlns="M"><si><t>编号</t><rPh sb="0" eb="1"><t>bianhao</t></rPh></si>
      <si><t>上级</t></si><si><r><t>g</t></r><r><t>dp</t></r></si></sst>"""
    book = f"""<workbook xmlns="M" xmlns:r="{DOCUMENT}"><sheets><sheet name="指标" sheetId="1" r:id="a"/>
      <sheet name="Data" sheetId="2" r:id="b"/></sheets></workbook>"""
    (tmp_path / "a.xlsx").write_bytes(
        zipped(
            {
                "_rels/.rels": relations(r="officeDocument|/xl/workbook.xml"),
                "xl/workbook.xml": book.replace('"M"', f'"{MAIN}"').encode(),
                "xl/_rels/workbook.xml.rels": relations(
                    a="worksheet|s/one.xml",
                    b="worksheet|/xl/two.xml",
                    c="sharedStrings|../xl/t.xml",
                ),
                "xl/s/one.xml": indicators.replace('"M"', f'"{MAIN}"').encode(),
                "xl/two.xml": data.replace('"M"', f'"{MAIN}"').encode("utf-8"),
                "xl/t.xml": strings.replace('"M"', f'"{MAIN}"').encode("utf-8"),
            }
        )
    )
    scheme, panel, _ = read_workbook(tmp_path / "a.xlsx")
    assert list(scheme.nodes) == ["total", "gdp"]
    assert panel.frame("actual").to_dict() == {"gdp": {"东县": 1.5000000000000002, "西县": 12.0}}


def test_records_name_indicators_and_events_as_people_do(tmp_path: Path) -> None:
    use_language("zh")
    write_workbook(tmp_path / "a.xlsx", *full_case())
    book = load_workbook(tmp_path / "a.xlsx")
    book["台账"]["B2"], book["评分"]["B2"], book["评分"]["A3"] = "获奖", "生产总值", "东 县"
    book.save(tmp_path / "a.xlsx")
    panel = read_workbook(tmp_path / "a.xlsx")[1]
    assert panel.records("events")["event"].tolist() == ["awards", "accident"]
    book["台账"]["B3"] = "安全事故"
    book.save(tmp_path / "a.xlsx")
    assert (
        read_workbook(tmp_path / "a.xlsx")[1].records("events")["event"].tolist()[1] == "accident"
    )
    assert panel.records("ratings")["indicator"].tolist() == ["gdp", "air", "air"]
    assert panel.records("ratings")["unit"].tolist() == ["东县"] * 3
    book["台账"]["A3"], book["台账"]["D2"] = "西先", -1
    book.save(tmp_path / "a.xlsx")
    use_language("en")
    with pytest.raises(sk.SimkaoheError) as error:
        read_workbook(tmp_path / "a.xlsx")
    assert [problem.where for problem in error.value.problems] == [
        "a.xlsx › 台账 › D2",
        "a.xlsx › 台账 › A3",
    ]


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    path = damaged(tmp_path, lambda workbook: None)
    read_workbook(path, lambda *step: told.append(step))
    assert "数据" in [label for _, _, label in told]
    assert told[-1][0] == told[-1][1]
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
