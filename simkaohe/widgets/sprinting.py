"""Where the remaining weeks are best spent, live: a unit, a goal, the weeks, and the way there."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets as w
import pandas as pd

from simkaohe import fairness, labels
from simkaohe.fairness.finding import grade_words
from simkaohe.fairness.ways import Way
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme
from simkaohe.widgets import controls
from simkaohe.widgets.following import MUTED, Page, Section, cards
from simkaohe.widgets.questions import html_table
from simkaohe.widgets.state import State

GOALS = {
    "points": Words("多得分", "Most points"),
    "rank": Words("名次", "Rank"),
    "grade": Words("等次", "Grade"),
    "total": Words("总分", "Total"),
}
COLUMNS = {
    "name": Words("指标", "Indicator"),
    "now": Words("现在", "Now"),
    "then": Words("做到", "To"),
    "cost": Words("周数", "Weeks"),
    "points": Words("得分", "Points"),
    "first": Words("头一点每周得分", "Points a week, at first"),
    "best": Words("最好每周得分", "Points a week, at best"),
    "amount": Words("需连做周数", "After weeks"),
}
TABLES = (
    ("plan", Words("怎么做", "The plan"), ("name", "now", "then", "cost", "points")),
    ("rates", Words("每周值几分", "Points a week"), ("name", "first", "best", "amount", "points")),
)


class SprintApp(Page):
    """The best use of the weeks left, or the fewest weeks to a goal.

    Attributes
    ----------
    unit, goal, rank, grade, total, weeks, teams, task, pace : widgets
        Whom it is about; what is wanted; how much time there is; and, for the task chosen, what a
        week of work brings (0: as the data tell).
    section : Section
        What was found, and how far it is.
    """

    def __init__(self, scheme: Scheme, panel: Panel, state: State | None = None) -> None:
        super().__init__(scheme, panel, state)
        self._paces: dict[str, float] = {}
        look = {"style": controls.WIDE, "layout": controls.LINE}
        later = {**look, "continuous_update": False}
        units = list(scheme.units or panel.units)
        self.unit = w.Dropdown(options=units, **look)
        self.goal = w.ToggleButtons(style={**controls.WIDE, "button_width": "auto"})
        self.rank = w.BoundedIntText(1, 1, len(units), style=controls.WIDE)
        self.grade = w.Dropdown(style=controls.WIDE)
        self.total = w.BoundedFloatText(0.9 * scheme.full, min=0, max=1e6, style=controls.WIDE)
        self.weeks = w.FloatSlider(8, min=1, max=26, step=1, readout_format=".0f", **later)
        self.teams = w.IntSlider(1, 1, 10, **later)
        self.task = w.Dropdown(**look).add_class("skh-long")
        self.pace = w.BoundedFloatText(0.0, min=0, max=1e9, **look)
        for control in (self.rank, self.grade, self.total):  # one at a time
            control.layout = w.Layout(width=controls.LINE.width, display="none")
        act = self._work_out
        self._name(self.unit, labels.COLUMNS["unit"], act)
        self._name(self.goal, Words("目标", "Goal"), act, self._goals)
        self._name(self.rank, GOALS["rank"], act)
        self._name(self.grade, GOALS["grade"], act, self._grades)
        self._name(self.total, GOALS["total"], act)
        self._name(self.weeks, Words("还剩几周", "Weeks left"), act)
        self._name(self.teams, Words("同时推进几项", "Tasks at a time"), act)
        self._name(self.task, Words("任务", "Task"), self._turn, self._tasks)
        self._name(self.pace, Words("周进度（0照旧）", "A week (0: as now)"), self._set_pace)
        inputs = [control for control, _, _ in self._named]
        self.section = Section(
            Words("剩下几周往哪里使劲", "Where the weeks left are best spent"), inputs
        )
        self.children = [self._head, self.section]
        self.translate()
        self._work_out()

    @property
    def way(self) -> Way | None:
        """What is shown; None where it cannot be worked out."""
        found: Way | None = self.section.found
        return found

    def translate(self) -> None:
        """Say everything in the reader's language."""
        super().translate()
        self.section.redraw()

    def _goals(self) -> list[tuple[str, str]]:
        return [(str(GOALS[name]), name) for name in GOALS if name != "grade" or self._grades()]

    def _grades(self) -> list[tuple[str, str]]:
        rules = self.scheme.grades
        return [(band.label, band.name) for band in rules.bands] if rules else []

    def _tasks(self) -> list[tuple[str, str]]:
        return [(leaf.label, leaf.id) for leaf in self.scheme.indicators]

    def _turn(self) -> None:
        """Show the pace of the task chosen."""
        self.pace.value = self._paces.get(self.task.value, 0.0)

    def _set_pace(self) -> None:
        self._paces = {n: pace for n, pace in self._paces.items() if n != self.task.value}
        if self.pace.value > 0:
            self._paces[self.task.value] = self.pace.value
        self._work_out()

    def _work_out(self) -> None:
        wanted = self.goal.value
        for name in ("rank", "grade", "total"):
            getattr(self, name).layout.display = None if name == wanted else "none"
        scheme, unit = self.scheme, self.unit.value
        given: dict[str, Any] = {"weeks": self.weeks.value, "teams": self.teams.value}
        given["pace"] = dict(self._paces)
        if wanted != "points":
            given[wanted] = getattr(self, wanted).value
        self.section.ask(
            (scheme, unit, given),
            lambda report: fairness.sprint_plan(
                scheme, self.state.panel, unit, **given, progress=report
            ),
            lambda way: (_shown(way, given["weeks"] * given["teams"]), b""),
        )


def _shown(way: Way, most: float) -> str:
    """Return a way as HTML: the answer, what changes, the plan, and what every task is worth."""
    now, then = way.standing.loc["now"], way.standing.loc["then"]
    changes: list[tuple[object, object, object]] = [
        (GOALS["total"], f"{now['total']:.2f} → {then['total']:.2f}",
         f"{then['total'] - now['total']:+.2f}"),
    ]  # fmt: skip
    if then["rank"]:
        inside = Words("类内 {} → {}", "in its category {} → {}")
        changes.append((GOALS["rank"], f"{now['rank']} → {then['rank']}",
                        inside.format(now["category_rank"], then["category_rank"])
                        if way.scheme.categories else ""))  # fmt: skip
    if then["grade"] is not None:
        steps = [str(grade_words(way.scheme, grade)) for grade in way.standing["grade"]]
        changes.append((GOALS["grade"], " → ".join(steps), ""))
    room = Words("共有 {:g} 周的人力", "of {:g} weeks of work")
    changes.append((COLUMNS["cost"], f"{way.cost:.3g}", room.format(most)))
    said = f"<p><b>{escape(str(way.headline))}</b> {escape(str(way.why))}</p>"
    caution = f"<p style='{MUTED}'>{escape(str(way.findings[0].caution))}</p>"
    tables = "".join(_table(way, getattr(way, name), title, names) for name, title, names in TABLES)
    return said + cards(*changes) + tables + caution


def _table(way: Way, frame: pd.DataFrame, title: Words, columns: tuple[str, ...]) -> str:
    if not len(frame):
        return ""
    rows = []
    for task, row in frame.iterrows():
        whom = row.get("responsible")
        name = escape(way.scheme.nodes[str(task)].label) + (
            f" <small>{escape(whom)}</small>" if whom else ""
        )
        rows.append([name, *(_figure(row[column]) for column in columns[1:])])
    return html_table(str(title), [str(COLUMNS[name]) for name in columns], rows, "")


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def sprint(scheme: Scheme, panel: Panel, *, state: State | None = None) -> SprintApp:
    """Return live answers to where the remaining weeks are best spent.

    Its parameters are those of :func:`simkaohe.widgets.weights`.
    """
    return SprintApp(scheme, panel, state)
