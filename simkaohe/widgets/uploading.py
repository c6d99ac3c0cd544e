"""Your own workbook (自己的工作簿): upload it, see what is wrong with it, then try everything on it.

A workbook is read, never run: formulas give the values that Excel saved, macros are not looked at,
and an archive that would unpack to more than :data:`simkaohe.files.archive.MOST_BYTES` is refused.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as w

import simkaohe.widgets as room
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.files import load, load_scenarios, save
from simkaohe.files.workbook import read_workbook, write_empty
from simkaohe.labels import Words, language, use_language
from simkaohe.panel import Panel
from simkaohe.scheme.edit import Scenario
from simkaohe.scheme.tree import Scheme
from simkaohe.widgets.controls import discard
from simkaohe.widgets.opening import CASE
from simkaohe.widgets.transfer import Download, Upload

PAGES = {
    "weights": Words("权重", "Weights"),
    "categories": Words("类别", "Categories"),
    "multiplier": Words("乘数", "Multiplier"),
    "sureness": Words("可靠性", "Sureness"),
    "fairness": Words("公平性", "Fairness"),
}
"""What can be tried on a workbook: functions of this room that take a scheme and its data."""
EXAMPLE = "three_papers"
MOST_PROBLEMS = 200


class OwnWorkbook(w.VBox):
    """A field for a workbook; below it its problems, or everything that can be tried on it.

    Attributes
    ----------
    upload : Upload
    case : (Scheme, Panel) or None
        What the last good workbook holds.
    problems : tuple of Problem
        What is wrong with the workbook given last.
    """

    def __init__(self) -> None:
        super().__init__()
        self.case: tuple[Scheme, Panel] | None = None
        self.problems: tuple[Problem, ...] = ()
        self._scenarios: list[Scenario] = []
        self._name = "workbook"
        self._pages: dict[str, w.Widget] = {}
        tongue = w.ToggleButtons(
            options=[("中文", "zh"), ("English", "en")],
            value=language(),
            style={"button_width": "5.5em"},
        )
        tongue.observe(self._speak, "value")
        self.upload = Upload(
            self.read,
            ".xlsx,.xlsm",
            Words(
                "选择工作簿，或拖到这里（.xlsx）：", "Choose a workbook, or drop it here (.xlsx):"
            ),
        )
        self._templates = [
            Download("template.xlsx", _empty, Words("下载空白模板", "Empty template")),
            Download("example.xlsx", _example, Words("下载填好的例子", "Filled-in example")),
        ]
        self._told, self._below = w.HTML(), w.VBox()
        first = w.HBox([*self._templates, tongue], layout=w.Layout(flex_flow="row wrap"))
        self.children = [first, self.upload, self._told, self._below]
        if source := os.environ.get(CASE):
            self._take(Path(source).stem, lambda: (*load(source), load_scenarios(source)))

    def read(self, name: str, content: bytes) -> None:
        """Read a workbook that was uploaded; what is wrong with it is listed, not raised."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, _harmless(name))
            path.write_bytes(content)
            self._take(path.stem, lambda: read_workbook(path))

    def _take(self, name: str, read: Callable[[], tuple[Scheme, Panel, list[Scenario]]]) -> None:
        try:
            scheme, panel, self._scenarios = read()
            self.case, self.problems, self._name = (scheme, panel), (), name
        except SimkaoheError as error:
            self.problems = error.problems
        self._show()

    def _show(self) -> None:
        """Show the problems, or what can be tried; a good case stays while a bad one is mended."""
        if self.problems:
            self._told.value = _listed(self.problems)
            return
        if self.case is None:
            return
        scheme, panel = self.case
        words = Words("已读入“{}”：{} 个单位，{} 个指标", "{}: {} units, {} indicators")
        told = words.format(scheme.label, len(scheme.units or panel.units), len(scheme.indicators))
        self._told.value = f"<p><strong>{escape(str(told))}</strong></p>"
        self._pages = {}
        names = [name for name in PAGES if hasattr(room, name)]
        tabs = w.Tab([w.VBox() for _ in names], titles=[str(PAGES[name]) for name in names])
        tabs.observe(lambda _: self._fill(tabs, names), "selected_index")
        for old in self._below.children:
            discard(old)
        self._below.children = [tabs, self._home()]
        self._fill(tabs, names)

    def _fill(self, tabs: w.Tab, names: list[str]) -> None:
        """Make a tab when it is opened first."""
        place = tabs.selected_index or 0
        name = names[place]
        if name in self._pages or self.case is None:
            return
        try:
            page = getattr(room, name)(*self.case)
        except SimkaoheError as error:
            page = w.HTML(f"<p role='alert'>{escape(str(error))}</p>")
        self._pages[name] = page
        tabs.children[place].children = [page]

    def _home(self) -> w.Widget:
        """Return what can be taken home."""
        made = [
            Download(
                f"{self._name}.report.html",
                lambda: self._report(".html"),
                Words("报告（网页，可打印）", "Report (page, to print)"),
            ),
            Download(
                f"{self._name}.report.xlsx",
                lambda: self._report(".xlsx"),
                Words("报告（工作簿）", "Report (workbook)"),
            ),
            Download(
                f"{self._name}.xlsx",
                lambda: _file(".xlsx", lambda path: save(path, *self._current(), self._kept())),
                Words("带情景的工作簿", "Workbook with scenarios"),
            ),
        ]
        return w.HBox(made, layout=w.Layout(flex_flow="row wrap", padding="0.6em 0 0"))

    def _report(self, suffix: str) -> bytes:
        from simkaohe.report import write_report

        return _file(
            suffix,
            lambda path: write_report(path, *self._current(), self._kept(), source=self._name),
        )

    def _current(self) -> tuple[Scheme, Panel]:
        assert self.case is not None
        return self.case

    def _kept(self) -> list[Scenario]:
        """Return the workbook's own scenarios, and those tried here."""
        states = [getattr(page, "state", None) for page in self._pages.values()]
        tried = [each for state in states if state is not None for each in state.kept if each.edits]
        names = {scenario.name for scenario in tried}
        return [*(s for s in self._scenarios if s.name not in names), *tried]

    def _speak(self, change: dict[str, Any]) -> None:
        use_language(change["new"])
        for part in (self.upload, *self._templates):
            part.translate()
        self._show()


def own_workbook() -> OwnWorkbook:
    """Return a field to upload a workbook, and everything that can be tried on it.

    Returns
    -------
    OwnWorkbook
        A widget: the last line of a notebook's cell shows it.
    """
    return OwnWorkbook()


def _listed(problems: Iterable[Problem]) -> str:
    """Return problems as an HTML table: sheet, cell, what is wrong, what to do."""
    problems = list(problems)
    head = (
        Words("工作表", "Sheet"),
        Words("单元格", "Cell"),
        Words("问题", "Problem"),
        Words("怎么办", "What to do"),
    )
    rows = []
    for problem in problems[:MOST_PROBLEMS]:
        _, *place = problem.where.split(" › ")
        sheet, cell = [*place[:1], " › ".join(place[1:])] if place else [problem.where, ""]
        sentence = str(problem._replace(where="", remedy="")).lstrip(": ：")
        cells = "".join(
            f"<td>{escape(str(c))}</td>" for c in (sheet, cell, sentence, problem.remedy)
        )
        rows.append(f"<tr>{cells}</tr>")
    count = Words("有 {} 处需要改正", "{} to be mended").format(len(problems))
    more = len(problems) - len(rows)
    rest = Words("……还有 {} 处", "… and {} more").format(more) if more else ""
    heads = "".join(f"<th style='text-align:left'>{escape(str(words))}</th>" for words in head)
    return (
        f"<p role='alert' style='color:#b34700'><strong>{count}</strong></p>"
        f"<div style='overflow:auto;max-height:24em'><table class='simkaohe-problems' "
        f"style='line-height:1.5;border-spacing:0.9em 0.2em'><tr>{heads}</tr>{''.join(rows)}</table>"
        f"</div><p>{rest}</p>"
    )


def _harmless(name: str) -> str:
    """Return a file name in which only letters, digits and a few marks are left."""
    kept = "".join(c if c.isalnum() or c in "._- ()（）" else "_" for c in Path(name).name)
    return kept.lstrip(".")[-80:] or "workbook.xlsx"


def _file(suffix: str, write: Callable[[Path], object]) -> bytes:
    """Return what is written to a file of that kind."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"file{suffix}")
        write(path)
        return path.read_bytes()


def _empty() -> bytes:
    return _file(".xlsx", write_empty)


def _example() -> bytes:
    return _file(".xlsx", lambda path: save(path, *load(EXAMPLE), load_scenarios(EXAMPLE)))
