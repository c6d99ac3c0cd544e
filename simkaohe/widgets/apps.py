"""What a notebook shows with one call: a workbench with the controls for one question."""

from __future__ import annotations

import ipywidgets as w

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Group, Scheme
from simkaohe.widgets import controls, questions
from simkaohe.widgets.state import State
from simkaohe.widgets.weighing import overridden
from simkaohe.widgets.workbench import Workbench


class WeightsApp(Workbench):
    """Sliders for weights, the way of combining, a unit's category, and the live picture."""

    def _panels(self) -> list[w.Widget]:
        state, root = self.state, self.state.scheme.root
        self.weights = controls.Weights(state, *self._chosen())
        return [
            controls.methods(state, root),
            *controls.coefficient_range(state, root),
            self.weights,
            *controls.category_of_unit(state),
        ]

    def _chosen(self) -> tuple[str, str]:
        """Return group and category that were chosen before everything was laid out anew."""
        old = getattr(self, "weights", None)
        return (old.group.value, old.category.value) if old else ("", "")


class CategoriesApp(WeightsApp):
    """A unit in another category, a category's own weights, indicators that it does without.

    Below the picture stands where the chosen unit would be in every category.
    """

    def _panels(self) -> list[w.Widget]:
        state = self.state
        group, category = self._chosen()
        if not group:  # the first with weights that differ between categories
            groups = (n for n in state.scheme.nodes.values() if isinstance(n, Group))
            own = (g.id for g in groups if overridden(state.scheme, {}, g))
            group, category = next(own, ""), next(iter(state.scheme.categories))
        self.weights = controls.Weights(state, group, category)
        unit, *category_of = controls.category_of_unit(state)
        unit.value = self.chart.selected or unit.value
        unit.observe(self._choose, "value")
        self._unit = unit
        return [unit, *category_of, self.weights, *controls.cancellation(state, self.weights)]

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

    def _panels(self) -> list[w.Widget]:
        state, root = self.state, self.state.scheme.root
        self.weights = controls.Weights(state, *self._chosen())
        return [
            controls.methods(state, root),
            *controls.coefficient_map(state, root),
            *controls.coefficient_range(state, root),
            self.weights,
        ]

    def _below(self) -> list[w.Widget]:
        self._table = w.HTML()
        return [self._table]

    def _explain(self) -> None:
        super()._explain()
        unit = self.chart.selected or next(iter(self.chart.units), "")
        self._table.value = questions.worth(self.state, unit)


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

    Parameters
    ----------
    scheme : Scheme
        It has categories.
    panel : Panel
    state : State, optional
        A workbench's state to go on with; default: a new one.

    Returns
    -------
    CategoriesApp

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

    Parameters
    ----------
    scheme : Scheme
    panel : Panel
    state : State, optional
        A workbench's state to go on with; default: a new one.

    Returns
    -------
    MultiplierApp
    """
    return MultiplierApp(scheme, panel, state=state)
