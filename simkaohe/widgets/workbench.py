"""The workbench behind the notebooks: controls on the left, the live picture on the right."""

from __future__ import annotations

from typing import Any

import ipywidgets as w

from simkaohe.labels import Words, language
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme
from simkaohe.widgets import controls, panels, views
from simkaohe.widgets.chart import ShiftChart
from simkaohe.widgets.following import Follower, Names, tongue
from simkaohe.widgets.keeping import kept
from simkaohe.widgets.state import State

SIDE = w.Layout(width="30.6em", flex="0 0 auto", padding="0 0.8em 0 0")


class Workbench(Follower, w.VBox):
    """One state, its controls, the live picture, and what explains it.

    A subclass says which controls stand on the left (:meth:`_panels`), and may put something of its
    own below the picture (:meth:`_below`).

    Parameters
    ----------
    scheme : Scheme
    panel : Panel
    state : State, optional
        Several workbenches may share one; default: a new one.

    Attributes
    ----------
    state : State
        What was changed so far; ``state.edits`` is a scenario's edits.
    chart : ShiftChart
    """

    def __init__(self, scheme: Scheme, panel: Panel, *, state: State | None = None) -> None:
        super().__init__()
        self.add_class("skh-workbench")
        self.state = state or kept(State(scheme, panel))
        self.chart = ShiftChart()
        self._steps, self._edits, self._message = w.HTML(), w.HTML(), w.HTML()
        self._parts: list[w.Widget] = []
        self._opened: set[str] = set()
        self._later, self._spoken = controls.Later(self._explain_what_is_there), language()
        views.draw(self.chart, self.state, anew=True)
        controls.listen(self, self.state, self._hear, ["edits", "scenarios", "sides"])
        controls.listen(self, self.state, self._tell, "message")
        self.chart.observe(self._explain_what_is_there, "selected")
        self._build()

    def _panels(self) -> list[w.Widget]:
        """Return the controls on the left, in the reader's language."""
        return []

    def _below(self) -> list[w.Widget]:
        """Return what stands under the picture, in the reader's language."""
        return []

    def _explain(self) -> None:
        """Show what takes longer than the picture: when things rest, or a unit is chosen."""
        self._steps.value = views.explanation(self.state, self.chart.selected)

    def _explain_what_is_there(self, _: Any = None) -> None:
        """Explain once the page is laid out: a kernel may answer a control while it is being made."""
        if self._parts:
            self._explain()

    def _build(self) -> None:
        """Lay out everything in the reader's language."""
        before = self._parts
        side, below = self._panels(), self._below()
        top = w.HBox(
            [controls.buttons(self.state), tongue(self.translate), *self._drawers(), Names()],
            layout=w.Layout(flex_flow="row wrap", align_items="center"),
        )
        sides = panels.sides(self.state)
        self._parts = [top, sides, *self._drawn, *side, *below]
        left = w.VBox([*side, self._message, self._edits], layout=SIDE)
        right = w.VBox([sides, self.chart], layout=w.Layout(flex="1 1 24em", min_width="20em"))
        self.children = [top, *self._drawn, w.HBox([left, right]), *below, self._steps]
        for old in before:
            controls.discard(old)
        self._tell()
        self._explain()

    def _drawers(self) -> list[w.Widget]:
        """Return the buttons that open and close scenarios and files."""
        made = {
            "scenarios": (Words("情景", "Scenarios"), "bookmark", panels.Scenarios(self.state)),
            "files": (Words("导出与打开", "Export and open"), "download", panels.Files(self.state)),
        }
        buttons = []
        self._drawn = [panel for _, _, panel in made.values()]
        for name, (words, icon, panel) in made.items():
            panel.add_class("skh-drawer")
            button = w.ToggleButton(
                name in self._opened,
                description=str(words),
                tooltip=str(words),
                icon=icon,
                layout=panels.AUTO,
            )

            def show(_: Any = None, name: str = name, panel: Any = panel, on: Any = button) -> None:
                panel.layout.display = None if on.value else "none"
                (self._opened.add if on.value else self._opened.discard)(name)

            show()
            button.observe(show, "value")
            buttons.append(button)
        return buttons

    def _follow(self) -> None:
        views.draw(self.chart, self.state)
        self._tell()
        self._later()

    def _tell(self, _: Any = None) -> None:
        self._message.value = views.message(self.state)
        self._edits.value = views.edits(self.state)

    def translate(self) -> None:
        """Say everything in the reader's language."""
        self._spoken = language()
        self.chart.translate()
        views.draw(self.chart, self.state, anew=True)
        self._build()
