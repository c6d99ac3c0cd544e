"""The audit as a picture, a page and on the command line."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from test_plots import assert_glyphs_exist

import simkaohe as sk
from simkaohe.cli import main
from simkaohe.fairness import audit
from simkaohe.fairness.finding import LIGHTS
from simkaohe.plots.auditing import INK
from simkaohe.report import write_audit

FEW = ["parity", "reporting", "leverage"]


@pytest.fixture(scope="module")
def changed() -> Any:
    """Return an audit of three papers added up, beside the multiplier."""
    scheme, panel = sk.load("three_papers")
    (additive, *_) = sk.load_scenarios("three_papers")
    found = audit(scheme.edit(additive), panel, before=scheme, measures=FEW)
    assert "better" in set(found.table["change"])
    return found


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_picture_has_a_line_and_a_light_for_each_question(changed: Any, language: Any) -> None:
    sk.labels.use_language(language)
    ax = sk.plots.audit(changed)
    texts = [text.get_text() for text in ax.texts]
    for finding in changed.findings:
        assert str(finding.question) in texts
    marks = [text for text in texts if text in {str(words) for words in LIGHTS.values()}]
    assert len(marks) == 2 * len(changed.findings)
    assert_glyphs_exist(ax)
    alone = sk.plots.audit(changed.before)
    marks = [t.get_text() for t in alone.texts if t.get_bbox_patch() is not None]
    assert marks == [str(LIGHTS[f.light]) for f in changed.before.findings]


def test_lights_can_be_read() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for ink, field in INK.values():
        assert (luminance(field) + 0.05) / (luminance(ink) + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_says_everything_once(changed: Any, tmp_path: Path, language: Any) -> None:
    sk.labels.use_language(language)
    page = write_audit(tmp_path / "audit.html", changed, source="three_papers").read_text("utf-8")
    text = re.sub(r"&#3[49];|&\w+;|[\"'<>&]", "", re.sub(r"<[^>]+>", "", page))
    for finding in changed.findings:
        for words in (finding.question, finding.sentence, finding.caution):
            assert re.sub(r"[\"'<>&]", "", str(words)) in text
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count('class="light ') >= 2 * len(changed.findings)
    was = str(sk.labels.Words("原来：", "Before: "))
    assert was in page
    assert was not in write_audit(tmp_path / "alone.html", changed.before).read_text("utf-8")


def test_another_suffix_is_refused(changed: Any, tmp_path: Path) -> None:
    with pytest.raises(sk.SimkaoheError, match=r"audit.pdf: found the suffix '.pdf'"):
        write_audit(tmp_path / "audit.pdf", changed)
    assert not list(tmp_path.iterdir())


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(["fairness", *words])
    out, err = capsys.readouterr()
    return status, out, err


def test_the_command_prints_what_the_audit_says(capsys: Any, tmp_path: Path) -> None:
    found = audit(*sk.load("tai"), measures=["money", "leverage"], pass_lines=30)
    words = ("tai", "--measure", "money", "--measure", "leverage", "--pass-line", "30")
    status, out, _ = run(capsys, *words)
    assert status == 0
    for finding in found.findings:
        assert f"{LIGHTS[finding.light]}  {finding.question}" in out
        assert str(finding.sentence) in out
    _, out, _ = run(capsys, *words, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["topic"] for row in rows] == [finding.topic for finding in found.findings]
    assert [row["light"] for row in rows] == [finding.light for finding in found.findings]
    page = tmp_path / "page.html"
    status, out, err = run(capsys, *words, "--html", str(page))
    assert (status, out) == (0, "")
    assert "Written" in err
    assert str(found.findings[-1].question) in page.read_text("utf-8")


def test_a_scenario_is_held_against_the_base(capsys: Any, changed: Any) -> None:
    words = ("three_papers", "--scenario", "Additive", "--measure", "leverage")
    _, out, _ = run(capsys, *words, "--format", "csv")
    rows = {row["topic"]: row for row in csv.DictReader(io.StringIO(out))}
    for topic, row in changed.table[changed.table["measure"] == "leverage"].iterrows():
        assert rows[str(topic)]["change"] == row["change"]
        assert rows[str(topic)]["light_before"] == row["light_before"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--measure", "lever"), "there is no measure 'lever'. Did you mean 'leverage'"),
        (("--scenario", "Addtive"), "there is no scenario 'Addtive'. Did you mean 'Additive'"),
        (("--error", "grassroots"), "found 'grassroots'; expected INDICATOR=ERROR"),
        (("--error", "grassrots=1"), "Did you mean 'grassroots'"),
        (("--cutoff", "50"), "size: found nothing; expected what they cut"),
        (("--html", "page.pdf"), "found the suffix '.pdf'; expected .html"),
    ],
)
def test_bad_words_are_one_sentence(capsys: Any, words: Any, sentence: str) -> None:
    status, out, err = run(capsys, "three_papers", *words)
    assert (status, out) == (2, "")
    assert sentence in err
    assert len(err.splitlines()) == 1
