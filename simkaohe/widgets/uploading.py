"""Your own workbook (自己的工作簿): upload it, see what is wrong with it, then try everything on it.

A workbook is read, never run: formulas give the values that Excel saved, macros are not looked at,
and an archive that would unpack to more than :data:`simkaohe.files.archive.MOST_BYTES` is refused.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as w

import simkaohe.widgets as room
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.files import load, load_scenarios, save
from simkaohe.files.workbook import read_workbook, write_empty
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.edit import Scenario
from simkaohe.scheme.tree import Group, Scheme
from simkaohe.widgets import views
from simkaohe.widgets.controls import discard
from simkaohe.widgets.following import Follower, tongue
from simkaohe.widgets.keeping import kept, visitors_folder
from simkaohe.widgets.opening import CASE
from simkaohe.widgets.state import State
from simkaohe.widgets.transfer import Download, Upload

PAGES = {
    "weights": Words("权重", "Weights"),
    "categories": Words("分类", "Categories"),
    "multiplier": Words("乘数", "Multiplier"),
    "sureness": Words("可靠性", "Sureness"),
    "fairness": Words("公平性", "Fairness"),
    "sprint": Words("冲刺", "Sprint"),
    "training": Words("逐步演算", "Step by step"),
}
"""What can be tried on a workbook: functions of this room that take a scheme and its data."""
EXAMPLE = "three_papers"
MOST_PROBLEMS = 200
HEADINGS = (
    Words("工作表", "Sheet"),
    Words("单元格", "Cell"),
    Words("问题", "Problem"),
    Words("怎么办", "What to do"),
)


class OwnWorkbook(w.VBox):
    """A field for a workbook; below it its problems, or everything that can be tried on it.

    Attributes
    ----------
    upload : Upload
    state : State or None
        The last good workbook, its scenarios, and what was changed since; all tabs share it.
    problems : tuple of Problem
        What is wrong with the workbook given last.
    """

    def __init__(self) -> None:
        super().__init__()
        self.add_class("skh-own")
        self.state: State | None = None
        self.problems: tuple[Problem, ...] = ()
        self._tabs = w.Tab()
        self._pages: dict[int, Follower] = {}
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
        first = w.HBox(
            [tongue(self._speak), *self._templates],
            layout=w.Layout(flex_flow="row wrap", align_items="center", grid_gap="6px"),
        )
        self.children = [first, self.upload, self._told, self._below]
        if source := os.environ.get(CASE):
            self._take(lambda: (*load(source), load_scenarios(source)))
        else:
            self._tell()

    def read(self, name: str, content: bytes) -> None:
        """Read a workbook that was uploaded; what is wrong with it is listed, not raised."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, name)
            path.write_bytes(content)
            self._take(lambda: read_workbook(path))

    def _take(self, read: Callable[[], tuple[Scheme, Panel, list[Scenario]]]) -> None:
        try:
            scheme, panel, scenarios = read()
            state = kept(State(scheme, panel))
            told = state.message
            state.add(scenarios)
            state.message = told or state.message
            state.start_here()
            self.state, self.problems = state, ()
        except SimkaoheError as error:
            self.problems = error.problems
        self._show()

    def _show(self) -> None:
        """Show the problems, or what can be tried; a good case stays while a bad one is mended."""
        self._tell()
        if self.problems or self.state is None:
            return
        place, old = self._tabs.selected_index or 0, self._below.children
        self._tabs, self._pages = w.Tab([w.VBox() for _ in PAGES], selected_index=place), {}
        self._name_tabs()
        self._open(place)
        self._tabs.observe(self._turn, "selected_index")
        self._below.children = [self._tabs]
        for widget in old:
            discard(widget)

    def _tell(self) -> None:
        """Say what was read, or what is wrong with it."""
        if self.problems:
            self._told.value = listed(self.problems)
            if self.state is not None:
                still = Words(
                    "下面仍是先前读入的“{}”。", "Below is still {}, which was read before."
                )
                self._told.value += f"<p>{escape(str(still.format(self.state.scheme.label)))}</p>"
        elif self.state is not None:
            scheme = self.state.scheme
            words = Words("已读入“{}”：{} 个单位，{} 个指标", "{}: {} units, {} indicators")
            units = len(scheme.units or self.state.panel.units)
            told = words.format(scheme.label, units, len(scheme.indicators))
            self._told.value = f"<p role='status'><b>{escape(str(told))}</b></p>"
            self._told.value += "".join(f"<p>{escape(str(odd))}</p>" for odd in odd_sums(scheme))
        elif (folder := visitors_folder()) and folder.exists():
            back = Words(
                "您在自己的工作簿上保存的情景和改动还在：再上传同一方案的工作簿（改正过的也可以），就会回来。",
                "The scenarios and edits that you made on a workbook of your own are still here: "
                "upload it again, as it was or corrected, and they come back.",
            )
            self._told.value = f"<p role='status'>{back}</p>"

    def _name_tabs(self) -> None:
        self._tabs.titles = tuple(str(words) for words in PAGES.values())

    def _turn(self, change: dict[str, Any]) -> None:
        """Let the page that was shown rest, and show another."""
        if change["old"] in self._pages:
            self._pages[change["old"]].rest()
        self._open(change["new"])

    def _open(self, place: int) -> None:
        """Show a page; it is made when it is opened first."""
        if place in self._pages:
            self._pages[place].wake()
            return
        assert self.state is not None
        tab, make = self._tabs.children[place], getattr(room, list(PAGES)[place])
        tab.children = [w.HTML(f"<p role='status'>{Words('正在计算……', 'Computing …')}</p>")]
        try:
            page = make(self.state.scheme, self.state.panel, state=self.state)
        except SimkaoheError as error:
            page = w.HTML(views.alert(str(error)))
        else:
            self._pages[place] = page
        tab.children = [page]

    def _speak(self) -> None:
        for part in (self.upload, *self._templates):
            part.translate()
        self._tell()
        if self._below.children:
            self._name_tabs()
            self._open(self._tabs.selected_index)


def own_workbook() -> OwnWorkbook:
    """Return a field to upload a workbook, and everything that can be tried on it.

    Returns
    -------
    OwnWorkbook
        A widget: the last line of a notebook's cell shows it.
    """
    return OwnWorkbook()


def odd_sums(scheme: Scheme) -> list[Words]:
    """Return a sentence for each group whose weights sum to nearly 100: a slip, or meant so."""
    said = Words(
        "“{}”下各项权重合计 {:.6g}，不是 100：按比例折算，请核对。",
        "The weights below {} sum to {:.6g}, not to 100: they count in proportion; please check.",
    )
    sums = {
        node.label: sum(child.weight for child in node.children)
        for node in scheme.nodes.values()
        if isinstance(node, Group)
    }
    return [
        said.format(label, total)
        for label, total in sums.items()
        if 90 <= total <= 110 and abs(total - 100) > 1e-6
    ]


def listed(problems: Sequence[Problem]) -> str:
    """Return problems as an HTML table: sheet, cell, what is wrong, what to do."""
    rows = []
    for problem in problems[:MOST_PROBLEMS]:
        file, *place = problem.where.split(" › ")
        sheet, cell = (place[0], " › ".join(place[1:])) if place else (file, "")
        sentence = str(Problem("", problem.found, problem.expected)).removeprefix(
            str(Words("：", ": "))
        )
        cells = (sheet, cell, sentence, problem.remedy)
        rows.append(f"<tr>{''.join(f'<td>{escape(str(text))}</td>' for text in cells)}</tr>")
    count = str(Words("有 {} 处要改", "{} to be mended").format(len(problems)))
    if len(problems) > len(rows):
        count += str(Words("，这里列出前 {} 处", "; the first {} are").format(len(rows)))
    heads = "".join(f"<th style='text-align:left'>{escape(str(words))}</th>" for words in HEADINGS)
    return (
        f"{views.alert(count)}<div style='overflow:auto;max-height:24em'>"
        "<table class='simkaohe-problems' style='line-height:1.5;border-spacing:0.9em 0.2em'>"
        f"<tr>{heads}</tr>{''.join(rows)}</table></div>"
    )


def _empty() -> bytes:
    return _written(write_empty)


def _example() -> bytes:
    return _written(lambda path: save(path, *load(EXAMPLE), load_scenarios(EXAMPLE)))


def _written(write: Callable[[Path], object]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "workbook.xlsx")
        write(path)
        return path.read_bytes()
