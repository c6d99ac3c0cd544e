"""Live controls and pictures for notebooks (交互部件). They edit and show; they compute nothing."""

from simkaohe.widgets.apps import WeightsApp, weights
from simkaohe.widgets.chart import ShiftChart
from simkaohe.widgets.sprinting import SprintApp, sprint
from simkaohe.widgets.state import State
from simkaohe.widgets.sureness import SurenessApp, sureness

__all__ = [
    "ShiftChart",
    "SprintApp",
    "State",
    "SurenessApp",
    "WeightsApp",
    "sprint",
    "sureness",
    "weights",
]
