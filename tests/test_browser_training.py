"""Notebook 07 in JupyterLab in real Chromium: walk, answer wrongly and rightly, in both languages."""

from __future__ import annotations

import shutil
from pathlib import Path

from browser import chromium, jupyterlab, keep, page, run_all

import simkaohe as sk
from simkaohe.lessons import steps, training_exercise

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def test_a_lesson_in_a_real_browser(tmp_path: Path) -> None:
    chromium()
    shutil.copytree(NOTEBOOKS, tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
    scheme, panel = sk.load("three_papers")
    result = sk.evaluate(scheme, panel)
    unit = str(result.ranking.index[0])
    sk.use_language("zh")
    walked = steps(result, unit)
    first = training_exercise(1, scheme, panel, questions=1, unit=unit).questions[0]
    with jupyterlab(tmp_path / "notebooks", tmp_path / "lab.log") as lab, page() as opened:
        opened.set_default_timeout(60_000)
        run_all(opened, lab, "07_training")
        opened.get_by_text(f"第 1 步，共 {len(walked)} 步").wait_for()
        for _ in range(4):
            opened.get_by_role("button", name="下一步").click()
        opened.get_by_text(f"第 5 步，共 {len(walked)} 步").wait_for()
        opened.get_by_role("heading", name=walked[4].title).wait_for()
        assert walked[4].lines[-1].numbers in opened.locator(".simkaohe-lesson").first.inner_text()
        opened.get_by_role("button", name="下一步").scroll_into_view_if_needed()
        keep(opened, "07_step_zh")

        opened.get_by_role("tab", name="练习", exact=True).click()
        answer = opened.get_by_placeholder("填写得数")
        answer.fill(f"{first.mistakes[0].value:.6f}")
        opened.get_by_role("button", name="核对").click()
        opened.get_by_text(first.mistakes[0].words).first.wait_for()
        keep(opened, "07_wrong_zh")
        answer.fill(f"{first.answer:.{first.digits}f}")
        opened.get_by_role("button", name="核对").click()
        opened.get_by_text("一次答对 0/1").wait_for()
        opened.get_by_text("✓").wait_for()

        opened.get_by_role("button", name="English").click()
        opened.get_by_role("tab", name="Step by step").click()
        opened.get_by_text(f"step 5 of {len(walked)}").wait_for()
        keep(opened, "07_step_en")
        opened.get_by_role("tab", name="A sheet for the class").click()
        with opened.expect_download() as download:
            opened.get_by_role("button", name="Download the sheet").click()
        assert Path(download.value.path()).read_bytes()[:2] == b"PK"
        keep(opened, "07_sheet_en")
        assert opened.locator(".jp-OutputArea-output", has_text="Traceback").count() == 0
