"""What a notebook shows with one call: a workbench with the controls for one question."""

from __future__ import annotations

from typing import ClassVar

import ipywidgets as w

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Group, Scheme
from simkaohe.widgets import grouping, questions
from simkaohe.widgets.drawers import Drawer, Drawers, everything
from simkaohe.widgets.state import State
from simkaohe.widgets.weighing import overridden
from simkaohe.widgets.weight_rows import Weights
from simkaohe.widgets.workbench import Workbench


class WeightsApp(Workbench):
    """Sliders for weights, drawers with all else that can be changed, and the live picture."""

    opens: ClassVar[tuple[str, ...]] = ("weights",)
    """Which drawers are open at first."""

    def __init__(self, scheme: Scheme, panel: Panel, *, state: State | None = None) -> None:
        self._open, self._subjects = set(self.opens), {}
        super().__init__(scheme, panel, state=state)

    def _panels(self) -> list[w.Widget]:
        state = self.state
        self.weights = Weights(state, *self._chosen())
        drawers = {"weights": Drawer(Words("权重", "Weights"), lambda: [self.weights])}
        if state.scheme.categories:
            self._categories = [
                *grouping.category_of_unit(state),
                *grouping.cancellation(state, self.weights),
            ]
            words = Words("分类与取消指标", "Categories and cancelled indicators")
            drawers["categories"] = Drawer(words, lambda: self._categories)
        drawers |= everything(state, self._subjects)
        order = sorted(drawers, key=lambda name: [*self.opens, name].index(name))
        self.drawers = Drawers({name: drawers[name] for name in order}, self._open)
        return [self.drawers]

    def _chosen(self) -> tuple[str, str]:
        """Return group and category that were chosen before everything was laid out anew."""
        old = getattr(self, "weights", None)
        return (old.group.value, old.category.value) if old else ("", "")


class CategoriesApp(WeightsApp):
    """A unit in another category, a category's own weights, indicators that it does without.

    Below the picture stands where the chosen unit would be in every category.
    """

    opens = ("weights", "categories")

    def _chosen(self) -> tuple[str, str]:
        group, category = super()._chosen()
        if not group:  # the first with weights that differ between categories
            groups = (n for n in self.state.scheme.nodes.values() if isinstance(n, Group))
            own = (g.id for g in groups if overridden(self.state.scheme, {}, g))
            group, category = next(own, ""), next(iter(self.state.scheme.categories))
        return group, category

    def _panels(self) -> list[w.Widget]:
        made = super()._panels()
        self._unit = self._categories[0]
        self._unit.value = self.chart.selected or self._unit.value
        self._unit.observe(self._choose, "value")
        return made

    def _below(self) -> list[w.Widget]:
        self._table = w.HTML()
        return [self._table]

    def _choose(self, _: object) -> None:
        self.chart.selected = self._unit.value

    def _explain(self) -> None:
        super()._explain()
        if self.chart.selected in self._unit.options:
            self._unit.value = self.chart.selected
        self._table.value = questions.elsewhere(self.state, self._unit.value)


class MultiplierApp(WeightsApp):
    """Multiplier or sum, the map and the range of the coefficients, and what a point is worth."""

    opens = ("combine", "weights")

    def _below(self) -> list[w.Widget]:
        self._table = w.HTML()
        return [self._table]

    def _explain(self) -> None:
        super()._explain()
        unit = self.chart.selected or next(iter(self.chart.units), "")
        try:
            self._table.value = questions.worth(self.state, unit)
        except SimkaoheError:  # the message above says why
            self._table.value = ""


def weights(scheme: Scheme, panel: Panel, *, state: State | None = None) -> WeightsApp:
    """Return live sliders for a scheme's weights with the live picture of who moves.

    Parameters
    ----------
    scheme : Scheme
    panel : Panel
    state : State, optional
        A workbench's state to go on with; default: a new one.

    Returns
    -------
    WeightsApp
        A widget: the last line of a notebook's cell shows it.
    """
    return WeightsApp(scheme, panel, state=state)


def categories(scheme: Scheme, panel: Panel, *, state: State | None = None) -> CategoriesApp:
    """Return a workbench for differentiated assessment (分类考核).

    Its parameters are those of :func:`simkaohe.widgets.weights`; the scheme has categories.

    Raises
    ------
    SimkaoheError
        When the scheme has no categories.
    """
    if not scheme.categories:
        raise SimkaoheError(
            Problem(
                "categories",
                Words("这个方案没有分类", "this scheme has no categories"),
                remedy=Words("请在方案里写明 categories 和 units", "Give it categories and units"),
            )
        )
    return CategoriesApp(scheme, panel, state=state)


def multiplier(scheme: Scheme, panel: Panel, *, state: State | None = None) -> MultiplierApp:
    """Return a workbench for the multiplier method (乘数计分法) against a weighted sum.

    Its parameters are those of :func:`simkaohe.widgets.weights`.
    """
    return MultiplierApp(scheme, panel, state=state)
