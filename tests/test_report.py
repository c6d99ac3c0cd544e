"""Reports: every unit and number is there, nothing comes from the network, no text becomes code."""

from __future__ import annotations

import io
import os
import re
import shlex
import time
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from browser import page

import simkaohe as sk
from simkaohe.cli import main
from simkaohe.report import write_report
from simkaohe.report.contents import Contents
from simkaohe.scheme.edit import Scenario

CASE = Path(__file__).parent.parent / "data" / "three_papers"
HOSTILE = (
    "<script>alert(1)</script>",
    '=HYPERLINK("http://x","y")',
    "+1",
    "-1",
    "@x",
    "a\x07b",
    "甲 & 乙",
)
EMPTY = {"meta", "br", "img", "link", "hr", "input"}


class Reader(HTMLParser):
    """Collects tags, attributes and cells, and checks that every tag is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.values: list[tuple[str, str]] = []
        self.rows: list[list[str]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.values += [(name, value or "") for name, value in attrs]
        if tag not in EMPTY:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data


def read(path: Path) -> Reader:
    return Reader(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def case():
    return (*sk.load("three_papers"), sk.load_scenarios(CASE / "scenarios.yaml"))


@pytest.fixture(scope="module")
def written(case, tmp_path_factory):
    """Return what gives the case's report in a language, which is written once."""
    folder = tmp_path_factory.mktemp("written")

    @cache
    def report(language: str, suffix: str) -> Path:
        sk.use_language(language)
        return write_report(folder / f"{language}{suffix}", *case, source="three_papers")

    return report


def small(names: tuple[str, ...], **more) -> tuple[sk.Scheme, sk.Panel, list[Scenario]]:
    frame = pd.DataFrame(
        {"a": range(len(names)), "b": [(3 * k) % len(names) for k in range(len(names))]},
        index=list(names),
        dtype=float,
    )
    leaves = [{"id": name, "rule": "minmax"} for name in "ab"]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves}, **more})
    return scheme, sk.Panel(frame), [Scenario(name=names[0], edits={"a.weight": 3.0})]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_has_every_unit_total_scenario_and_edit(case, written, lang) -> None:
    sk.use_language(lang)
    scheme, panel, scenarios = case
    found = read(written(lang, ".html"))
    ranking = sk.evaluate(scheme, panel).ranking
    head = {"zh": "单位", "en": "Unit"}[lang]
    rows = {row[1]: row for row in found.rows if len(row) > 5 and row[0].isdigit()}
    assert list(rows) == list(ranking.index)
    assert any(head in row for row in found.rows)
    for unit, row in ranking.iterrows():
        assert f"{row['total']:.2f}" in rows[unit]
        assert rows[unit][0] == str(row["rank"])
    text = "".join(found.text)
    for scenario in scenarios:
        assert (scenario.name if lang == "zh" else scenario.name_en) in text
        for path in scenario.edits:
            assert path in text
    assert "simkaohe compare three_papers scenarios.yaml" in text
    assert sk.Scheme.read(_yaml(text, "name: 三张考卷")) == scheme
    assert ("现行方案" in text) == (lang == "zh")


def _yaml(text: str, start: str) -> dict:
    from ruamel.yaml import YAML

    begin = text.index(start)
    end = re.compile(r"\n\n|\Z").search(text, begin).start()
    return YAML(typ="safe", pure=True).load(text[begin:end])


def test_the_page_needs_no_network_and_no_script(case, written) -> None:
    path = written("en", ".html")
    found = read(path)
    assert not {"script", "link", "iframe", "object", "embed", "form"} & set(found.tags)
    for name, value in found.values:
        assert not name.startswith("on")
        if name in ("src", "href"):
            assert value.startswith("data:image/svg+xml;base64,")
    assert found.tags.count("img") == 1 + len(case[2])
    raw = path.read_text(encoding="utf-8")
    assert "@import" not in raw
    assert "url(" not in raw


def test_hostile_names_stay_text_on_the_page(tmp_path) -> None:
    scheme, panel, scenarios = small(HOSTILE)
    found = read(write_report(tmp_path / "r.html", scheme, panel, scenarios, title=HOSTILE[0]))
    assert "script" not in found.tags
    assert HOSTILE[0] in "".join(found.text)
    assert any(row[1:2] == [HOSTILE[0]] for row in found.rows)


def test_hostile_names_stay_text_in_the_workbook(tmp_path) -> None:
    scheme, panel, scenarios = small(HOSTILE)
    path = write_report(tmp_path / "r.xlsx", scheme, panel, scenarios, title="=1+1")
    book = openpyxl.load_workbook(path)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    risky = [cell for cell in cells if isinstance(cell.value, str) and cell.value[:1] in "=+-@"]
    assert {"=1+1", *HOSTILE[1:5]} <= {cell.value for cell in risky}
    assert all(cell.quotePrefix for cell in risky if cell.value)
    assert "ab" in {cell.value for cell in cells}  # the control character is left out


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_workbook_has_the_same_numbers(case, written, lang) -> None:
    sk.use_language(lang)
    scheme, panel, scenarios = case
    book = openpyxl.load_workbook(written(lang, ".xlsx"))
    names = {
        "zh": "摘要 排名 位次变化 等次变化 图 得分 算式 方案 版本",
        "en": "Summary Ranking Shifts Grades-that-change Charts Scores Explanation Scheme Provenance",
    }[lang].split()
    names = [name.replace("-", " ") for name in names]
    assert book.sheetnames == names
    result = sk.evaluate(scheme, panel)
    rows = list(book[names[1]].iter_rows(min_row=2, values_only=True))
    assert [row[1] for row in rows] == list(result.ranking.index)
    assert [row[0] for row in rows] == list(result.ranking["rank"])
    assert [row[4] for row in rows] == list(result.ranking["total"])
    assert book[names[1]].cell(2, 5).number_format == "0.00"
    assert book[names[1]].cell(2, 1).number_format == "0"
    assert book[names[1]].freeze_panes == "C2"
    shifts = list(book[names[2]].iter_rows(min_row=2, values_only=True))
    for number, scenario in enumerate(scenarios):
        table = sk.compare(panel, base=scheme, other=scheme.edit(scenario)).table()
        mine = {row[1]: row for row in shifts[len(rows) * number : len(rows) * (number + 1)]}
        assert {unit: row[7] for unit, row in mine.items()} == dict(table["shift"])
        assert {unit: row[4] for unit, row in mine.items()} == dict(table["total"])
    assert len(book[names[4]]._charts) == 1 + len(scenarios)
    assert len(book[names[2]].conditional_formatting) == 2
    steps = list(book[names[6]].iter_rows(min_row=2, values_only=True))
    assert len(steps) == sum(len(result.explain(unit)) for unit in result.ranking.index)
    paths = {row[0] for row in book[names[7]].iter_rows(min_row=2, values_only=True)}
    assert {path for path, slot in scheme.paths().items() if slot.value is not None} <= paths


def test_the_report_says_which_edit_moves_whom(case, written) -> None:
    scheme, panel, scenarios = case
    page = written("en", ".html").read_text("utf-8")
    assert page.count("Which edit moves whom") == sum(len(s.edits) > 1 for s in scenarios)
    for tried in Contents(scheme, panel, scenarios).tried:
        whole = tried.comparison.shifts[tried.name]
        assert tried.attribution.ranks.sum(axis="columns").to_numpy() == pytest.approx(whole)


@pytest.fixture(scope="module")
def rich(case):
    """Return the case with a unit that is not ranked, adjustments, and money for the first three."""
    scheme, panel, _ = case
    rules = {
        "unranked": ["青山区"],
        "adjustments": {
            "awards": {"method": "bonus", "name_en": "Awards", "points": {"national": 2}, "cap": 5},
            "accident": {"method": "veto", "name_en": "Accident", "effects": ["not_top"]},
        },
        "limits": {"total": {"net": 3}},
        "uses": {
            "fund": {
                "method": "pay_by_rank",
                "name_en": "Prize",
                "unit": "yuan",
                "amounts": [5000, 3000, 1000],
            }
        },
    }
    events = [["白马县", "awards", "national", 1.0], ["江北区", "accident", "", 1.0]]
    table = pd.DataFrame(events, columns=["unit", "event", "kind", "count"])
    scenario = Scenario(
        name="更少", edits={"adjustments.awards.cap": 1.0, "uses.fund.amounts": [4000, 3000, 2000]}
    )
    return sk.Scheme.read(scheme.plain() | rules), panel.replace(events=table), [scenario]


@pytest.fixture(scope="module")
def rich_page(rich, tmp_path_factory) -> Path:
    return write_report(tmp_path_factory.mktemp("rich") / "r.html", *rich)


@pytest.fixture(scope="module")
def rich_book(rich, tmp_path_factory):
    path = tmp_path_factory.mktemp("rich") / "r.xlsx"
    return openpyxl.load_workbook(write_report(path, *rich))


def test_money_is_shown_with_what_moves(rich, rich_page, rich_book) -> None:
    found = read(rich_page)
    result = sk.evaluate(*rich[:2])
    first = result.ranking.index[0]
    assert next(row for row in found.rows if row[1:2] == [first])[-1] == "5,000"
    text = "".join(found.text)
    assert f"Prize (yuan): 9,000 in all; most for {first} (5,000)." in text
    assert "Prize (yuan): 2 units change, gains 1,000, net 0" in text
    for words in ("Awards", "Accident", "not eligible for the top grade", "pay by rank"):
        assert words in text
    sheet = rich_book["Ranking"]
    column = [cell.value for cell in sheet[1]].index("Prize (yuan)") + 1
    paid = [sheet.cell(row, column).value for row in range(2, 30)]
    assert paid == list(result.uses["fund"])
    shifts = rich_book["Shifts"]
    changes = [cell.value for cell in shifts[1]].index("Prize (yuan) change") + 1
    changed = [shifts.cell(row, changes).value for row in range(2, 30)]
    assert sorted(changed) == [-1000.0, *[0.0] * 26, 1000.0]


def test_units_that_are_not_ranked_have_no_number(rich_page, rich_book) -> None:
    found = read(rich_page)
    assert next(row for row in found.rows if row[1:2] == ["青山区"])[0] == "–"
    assert "1 more is assessed but not ranked" in "".join(found.text)
    assert not {"<NA>", "NA", "nan"} & {cell for row in found.rows for cell in row}
    assert rich_book["Ranking"].cell(29, 2).value == "青山区"
    assert rich_book["Ranking"].cell(29, 1).value is None


@pytest.mark.parametrize("suffix", [".html", ".xlsx"])
def test_many_units_no_scenarios_and_the_bundled_index(suffix, tmp_path) -> None:
    scheme, panel, scenarios = small(tuple(f"单位{n}" for n in range(150)))
    path = write_report(tmp_path / f"many{suffix}", scheme, panel, scenarios)
    if suffix == ".html":
        assert "img" not in read(path).tags
    else:
        assert "Charts" not in openpyxl.load_workbook(path).sheetnames
    assert write_report(tmp_path / f"tai{suffix}", *sk.load("tai")).stat().st_size > 10_000


def test_scenarios_with_the_same_name_are_told_apart(case) -> None:
    scheme, panel, scenarios = case
    names = [tried.name for tried in Contents(scheme, panel, [scenarios[0]] * 3).tried]
    assert len(set(names)) == 3


def test_fingerprints_change_with_the_data_and_the_scheme(case) -> None:
    scheme, panel, _ = case
    before = Contents(scheme, panel).fingerprints()
    assert before == Contents(scheme, panel).fingerprints()
    after = Contents(scheme.edit({"party.weight": 26}), panel).fingerprints()
    assert {name for name in before if before[name] != after[name]} == {"scheme"}
    actual = panel.frame("actual")
    actual.iat[0, 0] += 1
    after = Contents(scheme, panel.replace(actual=actual)).fingerprints()
    assert {name for name in before if before[name] != after[name]} == {"actual"}


def test_the_command_lines_work(case, monkeypatch, tmp_path) -> None:
    contents = Contents(*case, source="three_papers")
    (tmp_path / "scenarios.yaml").write_text(contents.scenarios_yaml(), encoding="utf-8")
    assert sk.load_scenarios(tmp_path / "scenarios.yaml") == case[2]
    monkeypatch.chdir(tmp_path)
    for line in contents.commands():
        program, *arguments = shlex.split(line)
        assert program == "simkaohe"
        assert main(arguments) == 0


def test_another_suffix_is_one_sentence(case, tmp_path) -> None:
    with pytest.raises(sk.SimkaoheError) as caught:
        write_report(tmp_path / "r.pdf", *case)
    assert str(caught.value).count("\n") == 0
    assert ".html" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".html", ".xlsx"])
def test_a_report_is_written_whole_or_not_at_all(suffix, monkeypatch, tmp_path) -> None:
    case = small(("甲", "乙", "丙"))
    path = tmp_path / f"r{suffix}"
    path.write_text("old")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", refuse)
        with pytest.raises(sk.SimkaoheError, match="Permission denied"):
            write_report(path, *case)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    write_report(path, *case)
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(sk.SimkaoheError):
        write_report(tmp_path / "nowhere" / f"r{suffix}", *case)


def test_a_scenario_that_does_not_fit_is_named(case, tmp_path) -> None:
    wrong = Scenario(name="错的", edits={"nothing.weight": 1})
    with pytest.raises(sk.SimkaoheError, match="错的"):
        write_report(tmp_path / "r.html", *case[:2], [wrong])


def test_the_page_prints_on_a4(written) -> None:
    path = written("en", ".html")
    started = time.monotonic()
    with page() as opened:
        opened.goto(path.as_uri())
        wide = opened.evaluate("document.documentElement.scrollWidth - innerWidth")
        printed = io.BytesIO(opened.pdf(prefer_css_page_size=True)).getvalue()
    if time.monotonic() - started > 60:
        return
    assert wide <= 0
    assert 8 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 50
    assert re.search(rb"/MediaBox\s*\[0 0 59[45][.\d]* 84[12]", printed)
