"""Where the remaining weeks are best spent, live: a unit, a goal, the weeks, and the way there."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets as w
import pandas as pd

from simkaohe import fairness
from simkaohe.errors import SimkaoheError
from simkaohe.labels import Words, column_label
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme
from simkaohe.widgets import controls

GOALS = {
    "points": Words("多得分", "Most points"),
    "rank": Words("名次", "Rank"),
    "grade": Words("等次", "Grade"),
    "total": Words("总分", "Total"),
}
COLUMNS = {
    "name": Words("指标", "Indicator"),
    "responsible": Words("责任部门", "Responsible"),
    "now": Words("现在", "Now"),
    "then": Words("做到", "To"),
    "cost": Words("周数", "Weeks"),
    "points": Words("得分", "Points"),
    "first": Words("头一点每周得分", "Points a week, at first"),
    "best": Words("最好每周得分", "Points a week, at best"),
    "amount": Words("需连做周数", "after weeks"),
}
TABLES = (
    ("plan", Words("怎么做", "The plan"), ("name", "responsible", "now", "then", "cost", "points")),
    ("rates", Words("每周值几分", "Points a week"), ("name", "first", "best", "amount", "points")),
)


class SprintApp(w.VBox):
    """The best use of the weeks left, or the fewest weeks to a goal.

    Attributes
    ----------
    unit, goal, rank, grade, total, weeks, teams, task, pace : widgets
        Whom it is about; what is wanted; how much time there is; and, for the task chosen, what a
        week of work brings (0: as the data tell).
    way : Way, or None
        What is shown.
    """

    def __init__(self, scheme: Scheme, panel: Panel) -> None:
        super().__init__()
        self._scheme, self._panel = scheme, panel
        self._paces: dict[str, float] = {}
        self.way: Any = None
        look = {"style": controls.WIDE, "layout": controls.LINE}
        units = list(scheme.units or panel.units)
        bands = scheme.grades.bands if scheme.grades else ()
        goals = [name for name in GOALS if name != "grade" or bands]
        self.unit = w.Dropdown(options=units, description=column_label("unit"), **look)
        self.goal = w.ToggleButtons(
            options=[(str(GOALS[name]), name) for name in goals],
            description=str(Words("目标", "Goal")),
            style={**controls.WIDE, "button_width": "6em"},
        )
        self.rank = w.BoundedIntText(1, 1, len(units), description=str(GOALS["rank"]), **look)
        self.grade = w.Dropdown(
            options=[(band.label, band.name) for band in bands],
            description=str(GOALS["grade"]),
            **look,
        )
        self.total = w.BoundedFloatText(
            0.9 * scheme.full, min=0, max=1e6, description=str(GOALS["total"]), **look
        )
        self.weeks = w.FloatSlider(
            8, min=1, max=26, step=1, description=str(Words("还剩几周", "Weeks left")),
            continuous_update=False, readout_format=".0f", **look,
        )  # fmt: skip
        self.teams = w.IntSlider(
            1, 1, 10, description=str(Words("同时推进几项", "Tasks at a time")),
            continuous_update=False, **look,
        )  # fmt: skip
        leaves = [(leaf.label, leaf.id) for leaf in scheme.indicators]
        self.task = w.Dropdown(options=leaves, description=str(Words("任务", "Task")), **look)
        self.pace = w.BoundedFloatText(
            0.0, min=0, max=1e9,
            description=str(Words("一周能做多少（0：按进度）", "A week brings (0: as so far)")), **look,
        )  # fmt: skip
        for control in (self.rank, self.grade, self.total):
            control.layout = w.Layout(width=controls.LINE.width)  # shown one at a time
        self._shown = w.HTML()
        inputs = (self.unit, self.goal, self.rank, self.grade, self.total, self.weeks, self.teams)
        for control in inputs:
            control.observe(lambda _: self._solve(), "value")
        self.task.observe(lambda _: self._turn(), "value")
        self.pace.observe(lambda _: self._set_pace(), "value")
        self.children = [*inputs, self.task, self.pace, self._shown]
        self._solve()

    def _turn(self) -> None:
        """Show the pace of the task chosen."""
        self.pace.value = self._paces.get(self.task.value, 0.0)

    def _set_pace(self) -> None:
        kept = {name: pace for name, pace in self._paces.items() if name != self.task.value}
        if self.pace.value > 0:
            kept[self.task.value] = self.pace.value
        if kept != self._paces:
            self._paces = kept
            self._solve()

    def _solve(self) -> None:
        """Show the way, or the sentence of what is wrong."""
        wanted = self.goal.value
        for name in ("rank", "grade", "total"):
            getattr(self, name).layout.display = None if name == wanted else "none"
        goal = {} if wanted == "points" else {wanted: getattr(self, wanted).value}
        try:
            self.way = fairness.sprint_plan(
                self._scheme,
                self._panel,
                self.unit.value,
                weeks=self.weeks.value,
                teams=self.teams.value,
                pace=self._paces,
                **goal,
            )
        except SimkaoheError as error:
            self.way = None
            self._shown.value = f"<p role='alert'>{escape(str(error))}</p>"
            return
        said = f"<p><b>{escape(str(self.way.headline))}</b> {escape(str(self.way.why))}</p>"
        caution = f"<p>{escape(str(self.way.findings[0].caution))}</p>"
        tables = "".join(
            f"<h4>{title}</h4>{_table(getattr(self.way, name), columns)}"
            for name, title, columns in TABLES
        )
        self._shown.value = said + tables + caution


def _table(frame: pd.DataFrame, columns: tuple[str, ...]) -> str:
    """Return a table as HTML, words left and numbers right."""
    head = "".join(f"<th>{escape(str(COLUMNS[name]))}</th>" for name in columns)
    rows = "".join(
        f"<tr>{''.join(_cell(row[name]) for name in columns)}</tr>" for _, row in frame.iterrows()
    )
    return f"<table style='line-height:1.5;border-spacing:1em 0'><tr>{head}</tr>{rows}</table>"


def _cell(value: Any) -> str:
    if value is None or isinstance(value, str):
        return f"<td style='text-align:left'>{escape(value or '')}</td>"
    shown = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"<td style='text-align:right'>{shown}</td>"


def sprint(scheme: Scheme, panel: Panel) -> SprintApp:
    """Return live answers to where the remaining weeks are best spent.

    Parameters
    ----------
    scheme : Scheme
    panel : Panel

    Returns
    -------
    SprintApp
        A widget: the last line of a notebook's cell shows it.
    """
    return SprintApp(scheme, panel)
