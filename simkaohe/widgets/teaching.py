"""Lessons in a notebook (教学): a score built up step by step, and exercises that explain mistakes."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets as w
import numpy as np

from simkaohe.labels import Words, column_label
from simkaohe.lessons import Question, Step, steps, training_exercise
from simkaohe.panel import Panel
from simkaohe.scheme.arithmetic import number
from simkaohe.scheme.tree import Scheme
from simkaohe.widgets import controls
from simkaohe.widgets.following import Page
from simkaohe.widgets.state import State
from simkaohe.widgets.transfer import Download

ENOUGH = 60
"""Questions in an exercise on one unit."""
STYLE = """<style>
.simkaohe-lesson table {border-collapse: collapse; line-height: 1.6}
.simkaohe-lesson td, .simkaohe-lesson th {padding: 0.15em 0.7em; text-align: left;
  vertical-align: top; border-bottom: 1px solid #d5dbe1}
.simkaohe-lesson .right {text-align: right; font-variant-numeric: tabular-nums}
.simkaohe-lesson .now {background: #fff3c4; font-weight: bold}
.simkaohe-lesson .later {color: #6b7480}
.simkaohe-lesson .good {color: #0b4f9c; font-weight: bold}
.simkaohe-lesson .bad {color: #9a3d00; font-weight: bold}
</style>"""


class TrainingApp(Page):
    """Three tabs: a unit's score step by step, exercises, and a sheet for the class.

    Attributes
    ----------
    tabs, unit, place : widgets
        The tabs, whose score it is, and which step is shown.
    answer : widget
        Where the learner types.
    steps : tuple of Step
    question : Question
        The one that is asked now.
    """

    def __init__(self, scheme: Scheme, panel: Panel, state: State | None = None) -> None:
        super().__init__(scheme, panel, state)
        self._result = self.state.result
        self._unit = str(self._result.ranking.index[0])
        self._place, self._seed, self._asked, self._right = 0, 1, 0, 0
        self.translate()

    def translate(self) -> None:
        """Lay out everything in the reader's language."""
        super().translate()
        before, chosen = self.children, self.tabs.selected_index if self.children else 0
        self.unit = w.Dropdown(
            options=list(self._result.engine.units),
            value=self._unit,
            description=column_label("unit"),
            style=controls.WIDE,
        )
        self.unit.observe(self._choose, "value")
        self.tabs = w.Tab([self._walk(), self._exercises(), self._class_sheet()])
        titles = (
            Words("逐步演算", "Step by step"),
            Words("练习", "Exercises"),
            Words("课堂练习卷", "A sheet for the class"),
        )
        for place, title in enumerate(titles):
            self.tabs.set_title(place, str(title))
        self.tabs.selected_index = chosen
        self.children = [w.HTML(STYLE), self._head, self.unit, self.tabs]
        for old in before:
            if old is not self._head:
                controls.discard(old)
        self._restart()

    def _work_out(self) -> None:
        if self._result.scheme != self.scheme:
            self._result = self.state.result
            self._restart()

    # -- step by step ----------------------------------------------------------------------------

    def _walk(self) -> w.Widget:
        self._back = _button(Words("上一步", "Back"), "arrow-left", lambda: self._go(-1))
        self._next = _button(Words("下一步", "Next"), "arrow-right", lambda: self._go(1))
        self.place = w.IntSlider(
            0, 0, 0, description=str(Words("步骤", "Step")), style={"description_width": "auto"},
            readout=False, layout=w.Layout(flex="1 1 10em"),
        )  # fmt: skip
        self.place.observe(lambda _: self._show(), "value")
        self._said, self._step, self._tree = w.HTML(), w.HTML(), w.HTML()
        bar = w.HBox([self._back, self._next, self.place, self._said])
        left = w.VBox([self._step], layout=w.Layout(flex="1 1 30em", min_width="24em"))
        right = w.VBox(
            [self._tree], layout=w.Layout(flex="0 0 20em", max_height="34em", overflow="auto")
        )
        return w.VBox([bar, w.HBox([left, right], layout=w.Layout(flex_flow="row wrap"))])

    def _go(self, by: int) -> None:
        self.place.value = min(max(self.place.value + by, 0), self.place.max)

    def _choose(self, change: dict[str, Any]) -> None:
        self._unit, self._place, self._asked, self._right = change["new"], 0, 0, 0
        self._restart()

    def _restart(self) -> None:
        self.steps = steps(self._result, self._unit)
        place = min(self._place, len(self.steps) - 1)
        self.place.max = len(self.steps) - 1
        self.place.value = place
        self._show()
        self._draw_questions()

    def _show(self) -> None:
        self._place = now = self.place.value
        self._back.disabled, self._next.disabled = now == 0, now == self.place.max
        said = Words("第 {} 步，共 {} 步", "step {} of {}").format(now + 1, len(self.steps))
        self._said.value = f"<span style='white-space:nowrap'>{said}</span>"
        self._step.value = _lesson(_step_html(self.steps[now]))
        self._tree.value = _lesson(_tree_html(self.steps, now))

    # -- exercises -------------------------------------------------------------------------------

    def _exercises(self) -> w.Widget:
        self.seed = w.BoundedIntText(
            self._seed,
            min=0,
            max=10**6,
            description=str(Words("练习号", "Exercise no.")),
            style=controls.WIDE,
            layout=w.Layout(width="16em"),
        )
        self.seed.observe(self._reseed, "value")
        self._asking, self._feedback = w.HTML(), w.HTML()
        self.answer = w.Text(
            placeholder=str(Words("填写得数", "type your answer")), layout=w.Layout(width="12em")
        )
        self._check = _button(Words("核对", "Check"), "check", self._judge)
        self._solve = _button(Words("看算式", "Show the calculation"), "eye", self._reveal)
        self._skip = _button(Words("下一题", "Next question"), "forward", self._ask_next)
        bar = w.HBox(
            [self.answer, self._check, self._solve, self._skip],
            layout=w.Layout(flex_flow="row wrap"),
        )
        return w.VBox([self.seed, self._asking, bar, self._feedback])

    def _reseed(self, change: dict[str, Any]) -> None:
        self._seed, self._asked, self._right = change["new"], 0, 0
        self._draw_questions()

    def _draw_questions(self) -> None:
        scheme, panel = self._result.scheme, self._result.panel
        drawn = training_exercise(
            self._seed, scheme, panel, questions=ENOUGH, unit=self._unit
        ).questions
        self._questions, self._number = drawn, 0
        self._ask()

    @property
    def question(self) -> Question:
        """The question that is asked now."""
        return self._questions[self._number]

    def _ask_next(self) -> None:
        self._number = (self._number + 1) % len(self._questions)
        self._ask()

    def _ask(self) -> None:
        self.answer.value, self._feedback.value = "", ""
        self._tried = False
        self._asking.value = _lesson(_question_html(self.question, self._number + 1))

    def _judge(self) -> None:
        try:
            answer = float(self.answer.value.strip().replace("−", "-"))
        except ValueError:
            words = Words("请填写一个数，例如 87.25", "Type a number, for example 87.25")
            self._feedback.value = _lesson(f"<p role='alert' class='bad'>{words}</p>")
            return
        verdict = self.question.check(answer)
        if not self._tried:
            self._asked, self._right = self._asked + 1, self._right + verdict.right
            self._tried = True
        kind, mark = ("good", "✓") if verdict.right else ("bad", "✗")
        count = Words("一次答对 {}/{}", "right at once: {} of {}").format(self._right, self._asked)
        self._feedback.value = _lesson(
            f"<p role='status'><span class='{kind}'>{mark}</span> {escape(verdict.words)}</p>"
            f"<p>{count}</p>"
        )

    def _reveal(self) -> None:
        self._tried = True
        self._feedback.value = _lesson(_step_html(self.question.step))

    # -- a sheet for the class -------------------------------------------------------------------

    def _class_sheet(self) -> w.Widget:
        invented = Words("用虚构的小方案", "on a small invented scheme")
        mine = Words("用本方案", "on this scheme")
        self.about = w.ToggleButtons(
            options=[(str(invented), False), (str(mine), True)], style={"button_width": "auto"}
        )
        self.sheet_seed = w.BoundedIntText(
            1,
            min=0,
            max=10**6,
            description=str(Words("试卷号", "Sheet no.")),
            style=controls.WIDE,
            layout=w.Layout(width="16em"),
        )
        words = Words("下载练习卷", "Download the sheet")
        self.sheet = Download("simkaohe-exercise.xlsx", self._sheet, words)
        hint = Words(
            "同一个试卷号总是同一份卷子；最后两张表是教师用的答案，发卷前删去。",
            "The same number always makes the same sheet. The last two sheets are the teacher's"
            " solutions: delete them before you hand it out.",
        )
        row = w.HBox([self.sheet_seed, self.sheet])
        return w.VBox([self.about, row, w.HTML(f"<p>{hint}</p>")])

    def _sheet(self) -> bytes:
        """Return the workbook that the settings ask for."""
        from simkaohe.report.exercise import workbook_of

        about = (self._result.scheme, self._result.panel) if self.about.value else ()
        return workbook_of(training_exercise(self.sheet_seed.value, *about))


def _button(words: Words, icon: str, act: Any) -> w.Button:
    made = w.Button(description=str(words), icon=icon, layout=w.Layout(width="auto"))
    made.on_click(lambda _: act())
    return made


def _lesson(inside: str) -> str:
    return f"<div class='simkaohe-lesson'>{inside}</div>"


def _step_html(step: Step) -> str:
    head = f"<h4>{escape(step.title)}</h4>"
    told = " · ".join(part for part in (step.method, step.note) if part)
    rows = []
    for line in step.lines:
        listed = np.ndim(line.value) > 0 or isinstance(line.value, tuple)
        value = "" if listed else number(line.value)
        because = "".join(f"<br><small>{escape(each)}</small>" for each in line.because)
        rows.append(
            f"<tr><td>{escape(str(line.name))}</td><td>{escape(line.general)}{because}</td>"
            f"<td>{escape(line.numbers)}</td><td class='right'>{value}</td></tr>"
        )
    parts = _in_order(step)
    titles = (
        Words("步骤", "Step"),
        Words("公式", "Formula"),
        Words("代入数字", "With the numbers"),
        Words("得数", "Gives"),
    )
    table = ""
    if rows:
        heads = "".join(f"<th>{title}</th>" for title in titles)
        table = f"<table><tr>{heads}</tr>{''.join(rows)}</table>"
    result = number(step.value)
    gives = f"<p><b>= {result}</b></p>" if step.lines or result != "–" else ""
    return f"{head}<p>{escape(told)}</p>{table}{parts}{gives}"


def _in_order(step: Step) -> str:
    """Name the parts that a list of numbers is of."""
    names = escape(str(Words("、", ", ")).join(step.parts))
    return f"<p>{Words('依次为：', 'in this order: ')}{names}</p>" if names else ""


def _tree_html(walked: tuple[Step, ...], now: int) -> str:
    """Return what has been calculated so far: one row for each step that ends a node."""
    last: dict[str, int] = {}
    for place, step in enumerate(walked):
        last[f"{step.node}/{step.kind == 'coefficient'}"] = place
    rows = []
    current = walked[now]
    for place in sorted(last.values()):
        step = walked[place]
        is_now = step.node == current.node and (place == now or place > now >= 0)
        kind = "now" if is_now and place >= now else "later" if place > now else ""
        value = number(round(step.value, 4)) if place <= now else "…"
        indent = f"padding-left:{0.4 + 0.9 * step.depth:.1f}em"
        rows.append(
            f"<tr class='{kind}'><td style='{indent}'>{escape(step.name)}</td>"
            f"<td class='right'>{value}</td></tr>"
        )
    return f"<table>{''.join(rows)}</table>"


def _question_html(asked: Question, number_: int) -> str:
    given = "".join(
        f"<tr><td>{escape(name)}</td><td class='right'>{escape(value)}</td></tr>"
        for name, value in asked.given.items()
    )
    parts = _in_order(asked.step)
    return f"<p><b>{number_}. {escape(asked.text)}</b></p><table>{given}</table>{parts}"


def training(scheme: Scheme, panel: Panel, *, state: State | None = None) -> TrainingApp:
    """Return a lesson: a unit's score step by step, exercises, and a sheet for the class.

    Its parameters are those of :func:`simkaohe.widgets.weights`.
    """
    return TrainingApp(scheme, panel, state)
