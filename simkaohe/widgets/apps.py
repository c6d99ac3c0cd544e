"""What a notebook shows with one call: controls on the left, the live picture on the right."""

from __future__ import annotations

from typing import Any

import ipywidgets as w

from simkaohe.labels import Words, language, use_language
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Group, Scheme
from simkaohe.widgets import controls, views
from simkaohe.widgets.chart import ShiftChart
from simkaohe.widgets.keeping import keep
from simkaohe.widgets.state import State


class WeightsApp(w.VBox):
    """Sliders for weights, the way of combining, a unit's category, and the live picture.

    Attributes
    ----------
    state : State
        What was changed so far; ``state.edits`` is a scenario's edits.
    chart : ShiftChart
    """

    def __init__(self, scheme: Scheme, panel: Panel) -> None:
        super().__init__()
        self.state, self.chart = State(scheme, panel), ShiftChart()
        keep(self.state)
        self._group = scheme.root
        self._steps, self._edits, self._message = w.HTML(), w.HTML(), w.HTML()
        self._controls: list[w.Widget] = []
        views.draw(self.chart, self.state, anew=True)
        self.state.observe(self._follow, "edits")
        self.chart.observe(lambda _: self._explain(), "selected")
        self._build()

    def _build(self) -> None:
        """Lay out everything in the reader's language."""
        state, root = self.state, self.state.scheme.root
        groups = [node for node in state.scheme.nodes.values() if isinstance(node, Group)]
        tongue = w.ToggleButtons(
            options=[("中文", "zh"), ("English", "en")],
            value=language(),
            style={"button_width": "5.5em"},
        )
        tongue.observe(self._speak, "value")
        which = w.Dropdown(
            options=[(group.label, group.id) for group in groups],
            value=self._group.id,
            description=str(Words("调整权重", "Weights of")),
            style=controls.WIDE,
            layout=controls.LINE,
        )
        sliders = w.VBox([controls.weights(state, self._group)])

        def choose(change: dict[str, Any]) -> None:
            chosen = state.scheme.nodes[change["new"]]
            assert isinstance(chosen, Group)
            self._group = chosen
            before, sliders.children = sliders.children, [controls.weights(state, chosen)]
            for old in before:
                controls.discard(old)

        which.observe(choose, "value")
        before, self._controls = (
            self._controls,
            [
                w.HBox([controls.buttons(state), tongue], layout=w.Layout(flex_flow="row wrap")),
                controls.methods(state, root),
                *controls.coefficient_range(state, root),
                which,
                sliders,
                *controls.category_of_unit(state),
            ],
        )
        left = w.VBox(
            [*self._controls, self._message, self._edits],
            layout=w.Layout(width="27em", flex="0 0 auto", padding="0 1em 0 0"),
        )
        right = w.VBox([self.chart], layout=w.Layout(flex="1 1 24em", min_width="20em"))
        self.children = [w.HBox([left, right]), self._steps]
        for old in before:
            controls.discard(old)
        self._tell()
        self._explain()

    def _follow(self, _: Any) -> None:
        views.draw(self.chart, self.state)
        self._tell()
        if self.chart.selected:
            self._explain()

    def _tell(self) -> None:
        self._message.value = views.message(self.state)
        self._edits.value = views.edits(self.state)

    def _explain(self) -> None:
        self._steps.value = views.explanation(self.state, self.chart.selected)

    def _speak(self, change: dict[str, Any]) -> None:
        use_language(change["new"])
        self.chart.translate()
        views.draw(self.chart, self.state, anew=True)
        self._build()


def weights(scheme: Scheme, panel: Panel) -> WeightsApp:
    """Return live sliders for a scheme's weights with the live picture of who moves.

    Parameters
    ----------
    scheme : Scheme
    panel : Panel

    Returns
    -------
    WeightsApp
        A widget: the last line of a notebook's cell shows it.
    """
    return WeightsApp(scheme, panel)
