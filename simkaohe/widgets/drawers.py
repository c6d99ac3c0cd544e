"""Drawers (抽屉): everything in a scheme that can be changed, by subject; one opens as it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import ipywidgets as w

from simkaohe.errors import SimkaoheError
from simkaohe.labels import Words, reader_name
from simkaohe.scheme.edit import Slot, slots_of, value_at
from simkaohe.scheme.method import Model
from simkaohe.scheme.tree import Group, Scheme
from simkaohe.scheme.wording import step_label
from simkaohe.widgets.controls import LINE, WIDE, Later, discard, listen, roomy
from simkaohe.widgets.rows import Row, adjustable, is_method
from simkaohe.widgets.state import State


class Subject(NamedTuple):
    """What a drawer's rows are about: a place in the scheme, and which of its fields."""

    path: str
    label: str
    fields: tuple[str, ...] = ()

    def slots(self, scheme: Scheme) -> dict[str, Slot]:
        """Return what the fields hold, by edit path; nothing where an edit took it away."""
        try:
            model = scheme.nodes.get(self.path) or value_at(scheme, self.path)
        except SimkaoheError:
            return {}
        if not isinstance(model, Model):
            return {}
        skip = tuple(type(model).model_fields.keys() - self.fields) if self.fields else ()
        return {f"{self.path}.{name}": slot for name, slot in slots_of(model, skip)}


def _combining(scheme: Scheme) -> Iterator[Subject]:
    for name, node in scheme.nodes.items():
        if isinstance(node, Group):
            yield Subject(name, node.label, ("combine", "cancelled"))


SCORED = ("rule", "measure", "direction", "ideal_low", "ideal_high", "scope", "missing", "target")


def _scoring(scheme: Scheme) -> Iterator[Subject]:
    fields = (*SCORED, "attributed") if scheme.attribution else SCORED
    yield from (Subject(leaf.id, leaf.label, fields) for leaf in scheme.indicators)


def _difficulty(scheme: Scheme) -> Iterator[Subject]:
    for name, node in scheme.nodes.items():
        if node.difficulty is not None:
            yield Subject(f"{name}.difficulty", node.label)


def _adjustments(scheme: Scheme) -> Iterator[Subject]:
    for name, one in scheme.adjustments.items():
        yield Subject(f"adjustments.{name}", _label(one, name))
    words = Words("限额：{}", "Limits of {}")
    for node in scheme.limits:
        yield Subject(f"limits.{node}", str(words.format(scheme.nodes[node].label)))


def _periods(scheme: Scheme) -> Iterator[Subject]:
    if scheme.periods:
        yield Subject("periods", "")


def _attribution(scheme: Scheme) -> Iterator[Subject]:
    yield from (Subject(f"attribution.{n}", _label(t, n)) for n, t in scheme.attribution.items())


def _grades(scheme: Scheme) -> Iterator[Subject]:
    if scheme.grades is None:
        return
    for number, band in enumerate(scheme.grades.bands[:-1]):
        yield Subject(f"grades.bands.{number}", band.label)
    for number, extra in enumerate(scheme.grades.extra):
        yield Subject(f"grades.extra.{number}", _label(extra, str(number)))
    flat = tuple(type(scheme.grades).model_fields.keys() - {"bands", "extra"})
    yield Subject("grades", str(Words("评定办法", "How grades are given")), flat)


def _uses(scheme: Scheme) -> Iterator[Subject]:
    yield from (Subject(f"uses.{name}", _label(use, name)) for name, use in scheme.uses.items())


def _ranking(scheme: Scheme) -> Iterator[Subject]:
    yield Subject("ranking", str(Words("排名", "Ranking")))
    for name in scheme.categories:
        yield Subject(f"categories.{name}", scheme.category_label(name))


def _label(part: Any, name: str) -> str:
    return reader_name(part.name, part.name_en, name)


DRAWERS: Mapping[str, tuple[Words, Callable[[Scheme], Iterator[Subject]]]] = {
    "combine": (Words("合成方法与乘数", "Combination and multiplier"), _combining),
    "scoring": (Words("计分方法与目标", "Scoring and targets"), _scoring),
    "difficulty": (Words("难度系数", "Difficulty"), _difficulty),
    "adjustments": (Words("加减分与一票否决", "Bonuses, deductions, vetoes"), _adjustments),
    "periods": (Words("平时与年终", "Periods"), _periods),
    "attribution": (Words("共建项目归属", "Shared results"), _attribution),
    "grades": (Words("等次：比例与分数线", "Grades: quotas and cutoffs"), _grades),
    "uses": (Words("结果运用", "Use of results"), _uses),
    "ranking": (Words("排名规则", "Ranking rules"), _ranking),
}
"""What a scheme may have, drawer by drawer."""


class Sheet(w.VBox):
    """A row for everything that can be tried of one subject, and a choice of the subject.

    Attributes
    ----------
    subject : Dropdown
    rows : dict of edit path to Row
    """

    def __init__(self, state: State, subjects: list[Subject], chosen: str = "") -> None:
        self._state = state
        self._subjects = {one.path: one for one in subjects}
        self.subject = w.Dropdown(
            options=[(one.label, one.path) for one in subjects],
            value=chosen if chosen in self._subjects else subjects[0].path,
            description=str(Words("哪一项", "Which")),
            style=WIDE,
            layout=w.Layout(width="99%", display=None if len(subjects) > 1 else "none"),
        )
        self.rows: dict[str, Row] = {}
        self._form: Any = None
        self._body = w.VBox(layout=LINE)
        super().__init__([roomy(self.subject), self._body])
        self._later = Later(self._explain, without_notebook=False)
        self._show()
        self.subject.observe(self._show, "value")
        listen(self.subject, state, self._show)

    def _show(self, _: Any = None) -> None:
        """Show the rows that there are; those that stay are not made anew."""
        subject = self._subjects[self.subject.value]
        scheme = self._state.standing("current").scheme
        slots = subject.slots(scheme)
        form = {path: _form(path, slot) for path, slot in slots.items()}
        if form != self._form:
            self._fill(subject, adjustable(scheme, slots), form)
        self._later()

    def _fill(self, subject: Subject, slots: dict[str, Slot], form: dict[str, Slot]) -> None:
        old, before = self.rows, self._form or {}
        self.rows = {
            path: old[path]
            if path in old and form[path] == before[path]
            else Row(self._state, path, slot, *names(self._state.scheme, subject, path, slots))
            for path, slot in slots.items()
        }
        self._form = form
        self._body.children = list(self.rows.values())
        for path, row in old.items():
            if self.rows.get(path) is not row:
                discard(row)

    def _explain(self) -> Iterator[None]:
        for row in list(self.rows.values()):
            if row.comm is not None:
                yield from row.explain()
            yield


def _form(path: str, slot: Slot) -> Slot:
    """Return what a control is made from: a method offers the others, whichever it is."""
    return slot._replace(value=None, options=() if is_method(path, slot) else slot.options)


METHOD = Words("办法", "method")


def names(
    scheme: Scheme, subject: Subject, path: str, slots: Mapping[str, Slot]
) -> tuple[str, str]:
    """Return what stands beside a control, and its full name."""
    *before, last = slots[path].label.split(" · ")
    step = path.rpartition(".")[2]
    ends = [slot.label.split(" · ")[-1] for slot in slots.values()]
    if step == "method" == last:
        short = before[-1] if before else str(METHOD)
    elif last.isdecimal() and before:
        short = f"{before[-1]} {int(last) + 1}"
    elif before and (last == step or ends.count(last) > 1):
        short = f"{before[-1]} · {step_label(scheme, last)}"
    else:
        short = last
    rest = before if short == last else before[:-1]
    return short, " · ".join(filter(None, (subject.label, *rest, short)))


class Drawer(NamedTuple):
    """What is written on a drawer, and what makes its controls when it is opened first."""

    words: Words
    make: Callable[[], list[w.Widget]]


class Drawers(w.VBox):
    """Buttons that open and close what they are called after.

    Parameters
    ----------
    drawers : dict of name to Drawer
    opened : set of str
        Which are open; kept up to date.

    Attributes
    ----------
    buttons : dict of name to ToggleButton
    """

    def __init__(self, drawers: Mapping[str, Drawer], opened: set[str]) -> None:
        self.buttons: dict[str, w.ToggleButton] = {}
        super().__init__()
        self.children = [
            part for name, drawer in drawers.items() for part in self._both(name, drawer, opened)
        ]

    def _both(self, name: str, drawer: Drawer, opened: set[str]) -> tuple[w.Widget, w.Widget]:
        words = str(drawer.words)
        button = w.ToggleButton(name in opened, description=words, tooltip=words, layout=LINE)
        body = w.VBox(layout=w.Layout(width="99%", padding="0 0 0.4em 0"))
        button.add_class("skh-drawer-head")
        body.add_class("skh-drawer")
        self.buttons[name] = button

        def show(_: Any = None) -> None:
            button.icon = "caret-down" if button.value else "caret-right"
            (opened.add if button.value else opened.discard)(name)
            body.layout.display = None if button.value else "none"
            if button.value and not body.children:
                body.children = drawer.make()

        show()
        button.observe(show, "value")
        return button, body


def everything(state: State, chosen: dict[str, str]) -> dict[str, Drawer]:
    """Return the drawers that a scheme has something for; ``chosen`` keeps the subject of each."""
    found = {}
    for name, (words, subjects) in DRAWERS.items():
        there = [*subjects(state.scheme)]
        if any(adjustable(state.scheme, one.slots(state.scheme)) for one in there):

            def make(name: str = name, there: list[Subject] = there) -> list[w.Widget]:
                sheet = Sheet(state, there, chosen.get(name, ""))
                sheet.subject.observe(lambda change: chosen.update({name: change["new"]}), "value")
                return [sheet]

            found[name] = Drawer(words, make)
    return found
