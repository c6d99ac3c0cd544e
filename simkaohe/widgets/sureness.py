"""How sure the places are, live: two sliders and the pictures that follow them."""

from __future__ import annotations

import io
from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as w
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from simkaohe import plots, sensitivity
from simkaohe.errors import SimkaoheError
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.result import evaluate
from simkaohe.scheme.tree import Scheme
from simkaohe.widgets import controls

DRAWS = 20_000
"""Enough for a picture; its standard errors are below one percent."""


class SurenessApp(w.VBox):
    """Rank intervals under uncertain weights, and the ranking along one number.

    Attributes
    ----------
    within, path : widgets
        How far the weights vary, in percent; the number along which the ranking is drawn.
    """

    def __init__(self, scheme: Scheme, panel: Panel) -> None:
        super().__init__()
        self._scheme, self._panel = scheme, panel
        self._ranks = evaluate(scheme, panel).ranking["rank"]
        as_drawn = {"max_width": "100%", "width": "auto", "object_fit": "contain"}
        self._pictures = [
            w.Image(format="png", layout=w.Layout(**as_drawn, align_self="flex-start"))
            for _ in range(2)
        ]
        self._messages = [w.HTML(), w.HTML()]
        self.within = w.IntSlider(
            25,
            1,
            100,
            description=str(Words("权重 ± %", "Weights ± %")),
            continuous_update=False,
            style=controls.WIDE,
            layout=controls.LINE,
        )
        slots = scheme.paths()
        leaves = [leaf.id for leaf in scheme.indicators]
        nodes = [*leaves, *(name for name in scheme.nodes if name not in leaves)]
        weights = {
            path: slots[path] for path in (f"{n}.weight" for n in nodes) if slots[path].value
        }
        self.path = w.Dropdown(
            options=[(slot.label, path) for path, slot in weights.items()],
            description=str(Words("沿着", "Along")),
            style=controls.WIDE,
            layout=controls.LINE,
        )
        self.within.observe(lambda _: self._draw_intervals(), "value")
        self.path.observe(lambda _: self._draw_steps(), "value")
        self.children = [
            w.VBox([control, message, picture])
            for control, message, picture in zip(
                (self.within, self.path), self._messages, self._pictures, strict=True
            )
        ]
        self._draw_intervals()
        self._draw_steps()

    def _draw_intervals(self) -> None:
        def draw() -> Axes:
            share = self.within.value / 100
            found = sensitivity.montecarlo(
                self._scheme, self._panel, sensitivity.weights(within=share), draws=DRAWS
            )
            return plots.rank_intervals(found, self._ranks)

        self._show(0, draw)

    def _draw_steps(self) -> None:
        def draw() -> Axes:
            found = sensitivity.breakpoints(self._scheme, self._panel, self.path.value)
            return plots.breakpoints(found)

        self._show(1, draw)

    def _show(self, place: int, draw: Callable[[], Axes]) -> None:
        """Show a picture, or the sentence of what is wrong."""
        try:
            figure: Any = draw().figure
        except SimkaoheError as error:
            self._messages[place].value = f"<p role='alert'>{escape(str(error))}</p>"
            self._pictures[place].value = b""
            return
        stream = io.BytesIO()
        figure.savefig(stream, format="png", dpi=90)
        plt.close(figure)
        self._messages[place].value, self._pictures[place].value = "", stream.getvalue()


def sureness(scheme: Scheme, panel: Panel) -> SurenessApp:
    """Return live pictures of how sure the places are.

    Parameters
    ----------
    scheme : Scheme
    panel : Panel

    Returns
    -------
    SurenessApp
        A widget: the last line of a notebook's cell shows it.
    """
    return SurenessApp(scheme, panel)
