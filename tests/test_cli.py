"""The command line: every command, the columns that others rely on, and bad input."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from wcwidth import wcswidth

import simkaohe as sk
from simkaohe.cli import main

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
    assert out.splitlines()[0] == "unit,category,total,rank,category_rank,grade"
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
    assert len(rows) == 4 * 14
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
        (("rank", "tai", "--set", "patents.weight=[1"), "not valid YAML"),
        (("rank", "tai", "--scenario", "nowhere.yaml"), "no such file"),
        (("rank", "three_papers", "--scenario", SCENARIOS), "the name of one"),
        (("rank", "three_papers", "--scenario", f"{SCENARIOS}:原始"), "Did you mean '原始乘积'"),
        (("compare", "tai"), "no scenario is given"),
        (("compare", "tai", SCENARIOS), "no id 'development'"),
        (("explain", "tai", "Finnland"), "Did you mean 'Finland'"),
        (("rank", "tai", "-o", "no/such/folder/x.txt"), "cannot be written"),
    ],
)
def test_bad_input_is_exit_2_and_a_sentence(capsys, words, sentence) -> None:
    status, out, err = run(capsys, *words)
    assert status == 2
    assert out == ""
    assert sentence in err


def test_output_is_written_whole_or_not_at_all(capsys, tmp_path: Path) -> None:
    target = tmp_path / "排名.csv"
    target.write_text("old")
    assert main(["rank", "tai", "--set", "patents.weight=-1", "-o", str(target)]) == 2
    assert target.read_text() == "old"
    assert main(["rank", "tai", "--format", "csv", "-o", str(target)]) == 0
    assert target.read_bytes().startswith(b"\xef\xbb\xbfunit,")
    assert [path.name for path in tmp_path.iterdir()] == ["排名.csv"]
    capsys.readouterr()


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
