"""Live controls and pictures for notebooks (交互部件). They edit and show; they compute nothing."""

from simkaohe.widgets.apps import WeightsApp, weights
from simkaohe.widgets.chart import ShiftChart
from simkaohe.widgets.state import State

__all__ = ["ShiftChart", "State", "WeightsApp", "weights"]
