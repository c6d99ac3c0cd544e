"""Live controls and pictures for notebooks (交互部件). They edit and show; they compute nothing."""

from simkaohe.widgets.apps import (
    CategoriesApp,
    MultiplierApp,
    WeightsApp,
    categories,
    multiplier,
    weights,
)
from simkaohe.widgets.chart import ShiftChart
from simkaohe.widgets.state import State
from simkaohe.widgets.sureness import SurenessApp, sureness
from simkaohe.widgets.workbench import Workbench

__all__ = [
    "CategoriesApp",
    "MultiplierApp",
    "ShiftChart",
    "State",
    "SurenessApp",
    "WeightsApp",
    "Workbench",
    "categories",
    "multiplier",
    "sureness",
    "weights",
]
