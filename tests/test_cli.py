"""The command line: every command, the columns that others rely on, and bad input."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from wcwidth import wcswidth

import simkaohe as sk
from simkaohe.cli import _parser, main

SCENARIOS = str(sk.bundled_cases()["three_papers"] / "scenarios.yaml")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(words)
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return status, out, err


def test_rank_prints_the_ranking(capsys) -> None:
    ranking = sk.evaluate(*sk.load("three_papers")).ranking
    status, out, _ = run(capsys, "rank", "three_papers", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert status == 0
    assert (
        out.splitlines()[0] == "unit,category,total,rank,category_rank,grade,uses.fund,uses.prize"
    )
    assert [row["unit"] for row in rows] == list(ranking.index)
    assert [float(row["total"]) for row in rows] == list(ranking["total"])
    _, out, _ = run(capsys, "rank", "tai", "--format", "json")
    records = json.loads(out)
    assert records[0]["unit"] == "Finland"
    assert records[0]["grade"] is None
    assert records[0]["rank"] == 1


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "words",
    [
        ("rank", "three_papers"),
        ("cases",),
        ("compare", "three_papers", SCENARIOS, "--top", "3"),
        ("explain", "three_papers", "青山区"),
    ],
)
def test_tables_align_though_chinese_letters_are_wide(capsys, words, language) -> None:
    status, out, _ = run(capsys, *words, "--lang", language)
    assert status == 0
    for block in out.split("\n\n"):
        lines = [line for line in block.splitlines() if "  " in line]
        if block.endswith(("没有单位进出", "nobody enters or leaves")):
            continue
        rule = next(line for line in lines if set(line) <= {"-", " "})
        starts = [i for i, c in enumerate(rule) if c == "-" and (i == 0 or rule[i - 1] == " ")]
        for line in lines[lines.index(rule) + 1 :]:
            cells = [0]
            for letter in line:
                cells.append(cells[-1] + max(wcswidth(letter), 0))
            for start in starts[1:]:
                if start - 1 in cells:
                    assert line[cells.index(start - 1)] == " ", line
                else:
                    assert wcswidth(line) < start, line


def test_set_and_scenario_change_the_scheme(capsys) -> None:
    scheme, panel = sk.load("three_papers")
    expected = sk.evaluate(scheme.edit({"total.combine.high": 1.2}), panel).ranking
    _, out, _ = run(
        capsys, "rank", "three_papers", "--set", "total.combine.high=1.2", "--format", "csv"
    )
    assert [row["unit"] for row in csv.DictReader(io.StringIO(out))] == list(expected.index)
    _, out, _ = run(
        capsys, "rank", "three_papers", "--scenario", f"{SCENARIOS}:原始乘积", "--format", "csv"
    )
    raw = sk.evaluate(scheme.edit(sk.load_scenarios(SCENARIOS)[1]), panel).ranking
    assert [row["unit"] for row in csv.DictReader(io.StringIO(out))] == list(raw.index)


def test_compare_prints_every_scenario_against_the_base(capsys) -> None:
    words = ("compare", "three_papers", SCENARIOS, "--format", "csv", "--set", "party.weight=50")
    status, out, _ = run(capsys, *words)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert status == 0
    assert list(rows[0])[:2] == ["scheme", "unit"]
    assert len(rows) == 6 * 28
    scheme, panel = sk.load("three_papers")
    shift = sk.compare(panel, base=scheme, other=scheme.edit(sk.load_scenarios(SCENARIOS)[1]))
    found = {row["unit"]: int(row["shift"]) for row in rows if row["scheme"] == "原始乘积"}
    assert found == shift.shifts["other"].to_dict()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("rank", "three_paper"), "Did you mean 'three_papers'"),
        (("rank", "no such folder"), "no case or folder"),
        (("rank", "tai", "--set", "patents.wieght=3"), "Did you mean 'weight'"),
        (("rank", "tai", "--set", "patents.weight"), "no equals sign"),
        (("rank", "tai", "--set", "=3"), "no path"),
        (("rank", "x" * 5000), "File name too long"),
        (("rank", "tai", "-o", "."), "cannot be written"),
        (("rank", "tai", "--set", "patents.weight=[1"), "not valid YAML"),
        (("rank", "tai", "--scenario", "nowhere.yaml"), "no such file"),
        (("rank", "three_papers", "--scenario", SCENARIOS), "the name of one"),
        (("rank", "three_papers", "--scenario", f"{SCENARIOS}:原始"), "Did you mean '原始乘积'"),
        (("compare", "tai", SCENARIOS), "no id 'development'"),
        (("explain", "tai", "Finnland"), "Did you mean 'Finland'"),
        (("rank", "tai", "-o", "no/such/folder/x.txt"), "there is no folder"),
        (("rank", "three_papers", "--scenario", "Raw prod"), "Did you mean 'Raw product'"),
        (("sensitivity", "tai", "--group", "total"), "only for --overtake"),
        (("sensitivity", "tai", "--effective", "--draws", "9"), "--draws: only for chances"),
        (("sensitivity", "tai", "--overtake", "a", "b", "--seed", "0"), "--seed: only for chances"),
        (("sensitivity", "tai", "--along", "x", "--range", "x"), "--range: only for chances"),
        (("sensitivity", "tai", "--robustness", "--within", "0.1"), "by drawing, --rank-range"),
        (("sensitivity", "tai", "--along", ""), "there is no id ''"),
        (("sensitivity", "tai", "--range", "patents.weight=1:inf"), "LOW:HIGH"),
        (
            ("compare", "tai", "--set", "patents.weight=2", "--top", "24"),
            "a whole number from 1 to 23",
        ),
        (("rank", ""), "case: found no name"),
        (("rank", " "), "case: found no name"),
        (("rank", "a\nb"), "a b: there is no case or folder"),
        (("scoreboard", "tai", "--before", ""), "case: found no name"),
        (("rank", "tai", "--scenario", ""), "there is no scenario ''"),
        (("rank", "tai", "--scenario", "."), "there is no scenario in it"),
        (("rank", "tai", "--set", ""), "--set: found no equals sign"),
        (("rank", "tai", "--set", "patents.weight"), "expected PATH=VALUE"),
        (("rank", "tai", "--set", "patents.weight", "--lang", "zh"), "没有等号；应为路径=值"),
        (("rank", "tai", "--set", "patents.weight="), "found nothing; expected a number"),
        (("rank", "tai", "--set", "patents.id=1.1"), "found 1.1; expected an id without spaces"),
        (("rank", "tai", "--set", "patents.id='1. 1'"), "Write 1-1 for example"),
        (("rank", "tai", "--set", "patents.id=11", "--lang", "zh"), '可以写 "11"'),
        (("rank", "tai", "-o", "no/such/x.txt", "--lang", "zh"), "没有文件夹 no/such。"),
        (
            ("rank", "tai", "--set", "d.weight=1", "--set", "d.weight=2"),
            "d.weight: found two different",
        ),
        (("rank", "x" * 5000, "--lang", "zh"), "读写失败：名称太长"),
        (("fairness", "tai", "--error", "patents=x"), "errors › patents: found 'x'"),
        (("fairness", "tai", "--html", "x.html", "--format", "csv"), "--html: not together with"),
        (("fairness", "tai", "--html", "x.html", "-o", "y"), "--html: not together with"),
        (("app", "--ip", "999.1.1.1", "--no-browser"), "an address of this computer with --ip"),
        (("app", "--ip", "999.1.1.1", "--no-browser", "--lang", "zh"), "（没有这个地址）"),
    ],
)
def test_bad_input_is_exit_2_and_a_sentence(capsys, words, sentence) -> None:
    status, out, err = run(capsys, *words)
    assert status == 2
    assert out == ""
    assert sentence in err


def test_rank_takes_a_scenario_of_the_cases_own_by_name(capsys) -> None:
    by_name = run(capsys, "rank", "three_papers", "--scenario", "Raw product")
    assert by_name == run(capsys, "rank", "three_papers", "--scenario", f"{SCENARIOS}:原始乘积")
    assert by_name[0] == 0
    assert by_name != run(capsys, "rank", "three_papers")


def test_output_is_written_whole_or_not_at_all(capsys, tmp_path: Path) -> None:
    target = tmp_path / "排名.csv"
    target.write_text("old")
    assert main(["rank", "tai", "--set", "patents.weight=-1", "-o", str(target)]) == 2
    assert target.read_text() == "old"
    assert main(["rank", "tai", "--format", "csv", "-o", str(target)]) == 0
    assert target.read_bytes().startswith(b"\xef\xbb\xbfunit,")
    assert [path.name for path in tmp_path.iterdir()] == ["排名.csv"]
    capsys.readouterr()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "required: COMMAND"),
        (("rank",), "required: CASE"),
        (("compare", "tai", "--set", "patents.weight=2", "--top", "0"), "expected 1 or more"),
        (("compare", "tai", "--set", "patents.weight=2", "--top", "-3"), "expected"),
        (("rank", "tai", "--format", "xlsx"), "invalid choice"),
        (
            ("rank", "tai", "--format", "xlsx", "--lang", "zh"),
            "rank：--format：没有 'xlsx'，可用的有：",
        ),
        (("compare",), "required: CASE."),
        (("rank", "--lang", "zh"), "simkaohe rank：缺少 案例。用法：simkaohe rank --help"),
        (("rank", "tai", "--nonsense", "--lang", "zh"), "simkaohe：不认识 --nonsense。"),
        (("sensitivity", "tai", "--seed", "-1"), "expected 0 or more"),
        (
            ("exercise", "--seed", "abc", "-o", "x.xlsx", "--lang", "zh"),
            "--seed：“abc”应为0 或更大的整数",
        ),
        (("app", "--port", "99999"), "expected 0 to 65535"),
        (("fairness", "tai", "--pass-line", "9999"), "expected 0 to 100"),
        (("fairness", "tai", "--cutoff", "nan", "--lang", "zh"), "--cutoff：“nan”应为数"),
        (("sensitivity", "tai", "--draws", "99999999999"), "expected 1 to 268435456"),
        (("sensitivity", "tai", "--draws", "1" * 5000), "expected 1 to 268435456"),
        (("exercise", "-o", "x.xlsx", "--questions", "-3"), "--questions: found '-3'; expected 1"),
        (("app", "--no-token=5", "--lang", "zh"), "--no-token：后面不要写值"),
        (("report", "tai", "-o", ""), "no file is named"),
        (("fairness", "tai", "--html", " ", "--lang", "zh"), "--html：没有写文件名"),
    ],
)
def test_a_wrong_command_is_exit_2(capsys, words, sentence) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def test_units_whose_names_look_like_numbers_stay_as_they_are(capsys, tmp_path: Path) -> None:
    leaves = "[{id: a, rule: minmax}, {id: b, rule: minmax}]"
    (tmp_path / "scheme.yaml").write_text(f"root: {{id: total, children: {leaves}}}\n")
    units = ["001", "1.10", "nan", "1e3"]
    rows = [f"{unit},{place},0.5" for place, unit in enumerate(units)]
    (tmp_path / "actual.csv").write_text("\n".join(["unit,a,b", *rows]))
    _, out, _ = run(capsys, "rank", str(tmp_path))
    assert [line.split()[0] for line in out.splitlines()[2:]] == units[::-1]


def test_what_is_printed_is_in_the_readers_language(capsys) -> None:
    words = ("compare", "three_papers", SCENARIOS, "--top", "4", "--lang", "zh")
    _, out, _ = run(capsys, *words)
    assert "进入" in out
    assert "退出" in out
    assert "enters" not in out
    _, out, _ = run(capsys, *words, "--format", "json")
    assert {record["change"] for record in json.loads(out)} == {"enters", "leaves"}
    _, out, _ = run(capsys, "explain", "three_papers", "青山区", "--lang", "zh")
    assert next(line for line in out.splitlines() if line.startswith("排名")).split()[1] == "7"


def test_nobody_enters_or_leaves_is_an_empty_table(capsys) -> None:
    status, out, _ = run(capsys, "compare", "tai", "--set", "patents.weight=1.0001", "--top", "23")
    assert status == 0
    assert out.startswith("--set\nnobody enters or leaves\n")


COMMANDS = ("", *re.findall(r"\n    (\w+) ", _parser().format_help()))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_is_in_one_language(capsys, command: str) -> None:
    said = {}
    for language in ("zh", "en"):
        with pytest.raises(SystemExit) as stopped:
            main([*command.split(), "--lang", language, "--help"])
        assert stopped.value.code == 0
        said[language] = capsys.readouterr().out
    assert said["zh"].startswith(f"用法：simkaohe {command}".strip())
    assert said["en"].startswith(f"usage: simkaohe {command}".strip())
    assert not re.search(r"[\u4e00-\u9fff]", said["en"].replace("模拟考核", ""))
    for line in said["zh"].partition("\n\n")[2].splitlines():
        chinese = re.search(r"[\u4e00-\u9fff]", line)
        assert chinese or not re.search(r"[a-z]+ [a-z]+", line), line
        assert wcswidth(line) <= 80, line
    options = [
        re.findall(r"^ +(?:-\w[^,]*, )?(--[\w-]+)", text, flags=re.M) for text in said.values()
    ]
    assert options[0] == options[1]


def test_the_version_and_the_cases(capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"simkaohe {sk.__version__}\n"
    _, out, _ = run(capsys, "cases", "--format", "json")
    assert [record["case"] for record in json.loads(out)] == list(sk.bundled_cases())


def test_lab_without_notebooks_says_so(capsys, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr("simkaohe.app.pages._PACKAGE", tmp_path / "simkaohe")
    status, _, err = run(capsys, "lab")
    assert status == 2
    assert "not in the installed package" in err


def test_an_interrupt_ends_quietly(capsys, monkeypatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("simkaohe.cli.reading.load", interrupted)
    status, out, err = run(capsys, "rank", "tai")
    assert (status, out, err) == (130, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_is_one_sentence() -> None:
    with open("/dev/full", "w") as full:
        words = [sys.executable, "-m", "simkaohe", "rank", "tai"]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr == "simkaohe: reading or writing failed: No space left on device.\n"


def test_the_schema_is_json(capsys) -> None:
    _, out, _ = run(capsys, "schema")
    assert json.loads(out)["title"] == "Scheme"


def test_as_a_process_in_a_plain_locale() -> None:
    words = [sys.executable, "-m", "simkaohe", "rank", "three_papers", "--lang", "zh"]
    done = subprocess.run(words, capture_output=True, env={"LC_ALL": "C", "PATH": ""}, check=True)
    assert "江北区" in done.stdout.decode("utf-8")
    head = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert head.stdout is not None
    assert head.stderr is not None
    head.stdout.close()
    assert b"Traceback" not in head.stderr.read()
    head.stderr.close()
    head.wait()


def test_comparing_without_any_scenario_says_what_to_do(capsys, tmp_path: Path) -> None:
    sk.save(tmp_path / "case", *sk.load("tai"))
    status, out, error = run(capsys, "compare", str(tmp_path / "case"))
    assert (status, out) == (2, "")
    assert "no scenario is given" in error


def test_a_case_compares_its_own_scenarios_by_name_or_all(capsys) -> None:
    _, everything, _ = run(capsys, "compare", "three_papers", "--format", "csv")
    _, one, _ = run(capsys, "compare", "three_papers", "Raw product", "--format", "csv")
    assert {row["scheme"] for row in csv.DictReader(io.StringIO(one))} == {"原始乘积"}
    assert set(one.splitlines()) <= set(everything.splitlines())
    status, _, error = run(capsys, "compare", "three_papers", "Raw produkt")
    assert status == 2
    assert "Did you mean 'Raw product'" in error


def test_a_diagnosis_says_where_points_are_lost(capsys) -> None:
    status, out, _ = run(capsys, "diagnose", "three_papers", "青山区", "--lang", "zh")
    assert status == 0
    assert "前三分之一" in out
    assert "失分" in out
    result = sk.evaluate(*sk.load("three_papers"))
    lost = sk.diagnose(result, "青山区").indicators["lost"]
    assert f"{lost.iloc[0]:.4f}" in out
    assert run(capsys, "diagnose", "three_papers", "青山")[0] == 2


def test_a_scoreboard_shows_who_moved_since(capsys, tmp_path: Path) -> None:
    scheme, panel = sk.load("three_papers")
    earlier = panel.frame("actual")
    there = earlier["gdp_growth"].notna()
    earlier.loc[there, "gdp_growth"] = earlier.loc[there, "gdp_growth"].to_numpy()[::-1]
    sk.save(tmp_path / "june", scheme, panel.replace(actual=earlier))
    words = ("scoreboard", "three_papers", "--before", str(tmp_path / "june"), "--format", "csv")
    status, out, _ = run(capsys, *words)
    assert status == 0
    rows = {row["unit"]: row for row in csv.DictReader(io.StringIO(out))}
    before = sk.evaluate(*sk.load(tmp_path / "june")).ranking["rank"]
    assert any(int(row["shift"]) for row in rows.values())
    for unit, row in rows.items():
        assert int(row["shift"]) == before[unit] - int(row["rank"])


def test_template_and_report_write_files_and_never_replace_unasked(capsys, tmp_path: Path) -> None:
    book = tmp_path / "三张考卷.xlsx"
    assert run(capsys, "template", "three_papers", "-o", str(book))[0] == 0
    assert (
        run(capsys, "rank", str(book), "--format", "csv")[1]
        == (run(capsys, "rank", "three_papers", "--format", "csv")[1])
    )
    content = book.read_bytes()
    status, _, error = run(capsys, "template", "-o", str(book))
    assert status == 2
    assert "there already" in error
    assert book.read_bytes() == content
    assert run(capsys, "template", "-o", str(book), "--force")[0] == 0
    assert book.read_bytes() != content
    page, table = tmp_path / "报告.html", tmp_path / "报告.xlsx"
    assert (
        run(capsys, "report", "three_papers", "Additive", "-o", str(page), "--lang", "zh")[0] == 0
    )
    assert "改为加权求和" in page.read_text("utf-8")
    assert run(capsys, "report", "tai", "-o", str(table))[0] == 0
    assert table.stat().st_size > 10_000
    assert run(capsys, "report", "three_papers", "-o", str(tmp_path / "报告.pdf"))[0] == 2


def test_nothing_is_written_over_what_is_read(capsys, tmp_path: Path) -> None:
    book = tmp_path / "case.xlsx"
    folder = tmp_path / "case"
    sk.save(book, *sk.load("tai"))
    sk.save(folder, *sk.load("tai"), sk.load_scenarios("tai"))
    content = book.read_bytes()
    actual = (folder / "actual.csv").read_bytes()
    for words in (
        ("report", str(book), "-o", str(book)),
        ("compare", str(book), "--set", "patents.weight=9", "-o", str(book)),
        ("scoreboard", "tai", "--before", str(book), "-o", str(book)),
        ("template", str(book), "-o", str(book), "--force"),
        ("rank", str(folder), "--format", "csv", "-o", str(folder / "actual.csv")),
        ("rank", "tai", "-o", str(tmp_path / "other.xlsx")),
    ):
        status, _, error = run(capsys, *words)
        assert status == 2, words
        assert "case that is read" in error or "no workbook" in error
    assert book.read_bytes() == content
    assert (folder / "actual.csv").read_bytes() == actual
    assert not (tmp_path / "other.xlsx").exists()


def test_a_name_that_looks_like_a_formula_stays_text_in_csv(capsys, tmp_path: Path) -> None:
    plain = {"root": {"id": "total", "children": [{"id": "x", "rule": "given"}]}}
    frame = pd.DataFrame({"x": [-5.0, 2.0]}, index=["=1+1", "@SUM(1)"])
    sk.save(tmp_path / "case", sk.Scheme.read(plain), sk.Panel(frame))
    _, out, _ = run(capsys, "rank", str(tmp_path / "case"), "--format", "csv")
    assert [row["unit"] for row in csv.DictReader(io.StringIO(out))] == ["'@SUM(1)", "'=1+1"]
    assert "-5.0" in out
    _, steps, _ = run(capsys, "explain", str(tmp_path / "case"), "=1+1", "--format", "csv")
    assert "\n=" not in steps


def test_a_language_for_one_command_is_gone_afterwards(capsys) -> None:
    assert "排名" in run(capsys, "rank", "tai", "--lang", "zh")[1]
    assert "Rank" in run(capsys, "rank", "tai")[1]


@pytest.mark.parametrize(
    ("case", "options", "columns"),
    [
        ("three_papers", ["--robustness", "--group", "development"], ["above", "below", "rank"]),
        ("three_papers", ["--rank-range", "--group", "development"], ["unit", "rank", "best_rank"]),
        ("three_papers", ["--effective"], ["indicator", "name", "nominal"]),
        ("tai", ["--one-at-a-time"], ["path", "label", "value"]),
        ("three_papers", ["--leave-one-out"], ["indicator", "name", "mean_shift"]),
    ],
)
def test_sensitivity_answers_exactly(capsys, case: str, options: list, columns: list) -> None:
    assert main(["sensitivity", case, "--format", "csv", *options]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split(",")[:3] == columns
    assert len(rows) >= 26


def test_sensitivity_says_what_overtaking_takes(capsys) -> None:
    words = ["sensitivity", "tai", "--lang", "en", "--overtake", "Japan", "United States"]
    assert main(words) == 0
    scheme, panel = sk.load("tai")
    change = sk.sensitivity.overtake(scheme, panel, "Japan", "United States")
    said = capsys.readouterr().out
    assert f"level with United States once the weights change by {change.distance:.2%}" in said


def test_sensitivity_names_groups_whose_weights_vary(capsys) -> None:
    assert main(["sensitivity", "three_papers", "--robustness", "--lang", "en"]) == 2
    assert "Choose another group: development" in capsys.readouterr().err
