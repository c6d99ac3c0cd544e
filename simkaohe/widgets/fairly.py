"""Whom a scheme favours, live: edits on the left, the lights of the audit below the picture."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from html import escape
from itertools import product
from typing import Any

import ipywidgets as w

from simkaohe import plots
from simkaohe.errors import SimkaoheError
from simkaohe.fairness import audit
from simkaohe.fairness.asking import MEASURES
from simkaohe.fairness.auditing import Audit
from simkaohe.fairness.finding import LIGHTS, Finding
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme
from simkaohe.widgets import controls, views
from simkaohe.widgets.apps import WeightsApp
from simkaohe.widgets.following import png
from simkaohe.widgets.state import State
from simkaohe.widgets.working import Report, Working

QUICK = ("parity", "similar_units", "endowment", "money", "leverage")
"""What is asked after every edit, unless more is wanted: a fraction of a second."""
PICTURES = {
    "parity": "parity",
    "cliffs": "cliffs",
    "endowment": "endowment",
    "noise": "rank_confidence",
    "effort": "effort",
}
"""Which picture belongs to a measure."""
ROWS = 15
"""Lines of a table that are shown."""


class FairnessApp(WeightsApp):
    """The controls of the weights, and every question of the audit with its light.

    Attributes
    ----------
    measures : Dropdown
        Which measures are asked.
    working : Working
        How far the audit is, and the button that stops it.
    lines : VBox of Button
        One for each finding; a click shows the numbers and the picture behind it.
    audit : Audit
        Of the edited scheme, beside the base where something is edited.
    topic : str
        The finding whose numbers are shown.
    """

    topic = ""
    working: Working | None = None
    _asked: Any = None
    _audit: Any = None
    _base: Audit | None = None

    @property
    def audit(self) -> Audit:
        """The audit of the scheme as it is edited; waits for it."""
        if self.working is not None:
            self.working.wait()
        return self._audit

    def _below(self) -> list[w.Widget]:
        choices = [(str(Words("主要项目（快）", "The main ones (quick)")), QUICK)]
        choices += [(str(Words("全部项目（数秒）", "All (some seconds)")), tuple(MEASURES))]
        choices += [(str(words), (name,)) for name, words in MEASURES.items()]
        old = getattr(self, "measures", None)
        self.measures = w.Dropdown(
            options=choices,
            value=old.value if old else QUICK,
            description=str(Words("公平性体检", "Fairness audit")),
            style=controls.WIDE,
            layout=w.Layout(width="28em"),
        )
        self.measures.observe(lambda _: self._ask(), "value")
        self.lines = w.VBox(layout=w.Layout(width="26em", flex="0 0 auto"))
        self._counts, self._detail = w.HTML(), w.HTML()
        self._picture = w.Image(format="png", layout=w.Layout(max_width="100%", width="auto"))
        detail = w.VBox(
            [self._detail, self._picture], layout=w.Layout(flex="1 1 24em", padding="0 0 0 1em")
        )
        if self.working is not None and self.working.busy:
            self._asked = None  # to be asked again: laying out anew stops it
        self.working = Working()
        row = w.HBox([self.measures, self.working], layout=w.Layout(flex_flow="row wrap"))
        return [
            row,
            self._counts,
            w.HBox([self.lines, detail], layout=w.Layout(flex_flow="row wrap")),
        ]

    def _explain(self) -> None:
        super()._explain()
        self._ask()

    def _ask(self) -> None:
        """Audit the edited scheme, unless nothing has changed since it was done."""
        now, measures = self.state.standing("current").scheme, self.measures.value
        if (measures, now) == self._asked:
            if self._audit is not None and not self.lines.children:
                self._show(self._audit)  # all is laid out anew
            return
        self._asked = (measures, now)
        if self._base is None or self._base.measures != measures:
            self._base = audit(self.state.scheme, self.state.panel, measures=measures)
        found = self._base
        if now != self.state.scheme:
            found = replace(audit(now, self.state.panel, measures=measures), before=found)
        assert self.working is not None
        self.working.do(lambda report: _done(report, found), self._show, self._fail)

    def _fail(self, error: SimkaoheError) -> None:
        self._detail.value = views.alert(str(error))

    def _show(self, found: Audit) -> None:
        self._audit = found
        self._show_lines()
        known = [finding.topic for finding in found.findings]
        self.show(self.topic if self.topic in known else self._worst())

    def _worst(self) -> str:
        order = ("red", "amber", "green", "grey")
        return min(self.audit.findings, key=lambda f: order.index(f.light)).topic

    def _show_lines(self) -> None:
        for old in self.lines.children:
            controls.discard(old)
        lines: list[w.Widget] = []
        for _, title, findings in self.audit.sections():
            lines.append(w.HTML(f"<b>{escape(str(title))}</b>"))
            lines += [self._line(finding) for finding in findings]
        self.lines.children = lines
        counts = (f"{LIGHTS[light]} × {n}" for light, n in self.audit.counts.items())  # type: ignore[index]
        self._counts.value = f"<p>{escape('　'.join(counts))}</p>"

    def _line(self, finding: Finding) -> w.Button:
        from simkaohe.plots.auditing import INK

        ink, field = INK[finding.light]
        line = w.Button(
            description=f"{self._was(finding)}{LIGHTS[finding.light]}　{finding.question}",
            tooltip=str(finding.sentence),
            style={"button_color": field, "text_color": ink},
            layout=w.Layout(width="100%", height="auto", min_height="2em"),
        )
        line.layout.display, line.layout.justify_content = "flex", "flex-start"
        line.on_click(lambda _: self.show(finding.topic))
        return line

    def _was(self, finding: Finding) -> str:
        """Return the mark of another light before, as “▲ → ”; empty where it is the same."""
        old = self._before(finding)
        if old is None or old.light == finding.light:
            return ""
        return f"{str(LIGHTS[old.light])[0]} → "

    def _before(self, finding: Finding) -> Finding | None:
        earlier: Audit | None = self.audit.before
        found = earlier.findings if earlier else ()
        return next((old for old in found if old.topic == finding.topic), None)

    def show(self, topic: str) -> None:
        """Show the numbers and the picture behind a finding.

        Parameters
        ----------
        topic : str
            One of the audit's.
        """
        self.topic = topic
        finding = next(f for f in self.audit.findings if f.topic == topic)
        old = self._before(finding)
        was = Words("原来：", "Before: ")
        parts = [
            f"<h4>{LIGHTS[finding.light]}　{escape(str(finding.question))}</h4>",
            f"<p>{escape(str(finding.sentence))}</p>",
            f"<p style='color:#5b6672'>{was}{LIGHTS[old.light]}　{escape(str(old.sentence))}</p>"
            if old and old.sentence != finding.sentence
            else "",
            f"<p style='color:#5b6672'>{Words('注意：', 'But: ')}{escape(str(finding.caution))}</p>",
            self._numbers(topic),
        ]
        self._detail.value = "".join(parts)
        self._picture.value = picture = self._drawn_of(finding.measure)
        self._picture.layout.display = None if picture else "none"

    def _numbers(self, topic: str) -> str:
        try:
            table = self.audit.in_words(topic)
        except SimkaoheError as error:
            return views.alert(str(error))
        cells = table.head(ROWS).to_html(index=False, float_format="%.3g", border=0, na_rep="–")
        more = len(table) - ROWS
        rest = Words("（另有 {} 行）", "({} more rows)").format(more) if more > 0 else ""
        return f"<div style='overflow:auto;max-height:22em'>{cells}</div>{rest}"

    def _drawn_of(self, measure: str) -> bytes:
        """Return the picture of a measure as PNG; nothing where it has none."""
        if measure not in PICTURES:
            return b""
        try:
            return png(getattr(plots, PICTURES[measure])(getattr(self.audit, measure)))
        except SimkaoheError:
            return b""


def _done(report: Report, found: Audit) -> Audit:
    """Return the audit with all its measures computed; those of the base are so after once."""
    steps = list(product([found, found.before] if found.before else [found], found.measures))
    for place, (each, measure) in enumerate(steps):
        report(place, len(steps))
        with suppress(SimkaoheError):  # its finding says so
            getattr(each, measure)
    return found


def fairness(scheme: Scheme, panel: Panel, *, state: State | None = None) -> FairnessApp:
    """Return a workbench that says live whom the scheme favours.

    Its parameters are those of :func:`simkaohe.widgets.weights`.
    """
    return FairnessApp(scheme, panel, state=state)
