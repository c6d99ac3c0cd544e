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
from simkaohe.widgets.fairly import FairnessApp, fairness
from simkaohe.widgets.opening import opened
from simkaohe.widgets.sprinting import SprintApp, sprint
from simkaohe.widgets.state import State
from simkaohe.widgets.sure import SurenessApp, sureness
from simkaohe.widgets.teaching import TrainingApp, training
from simkaohe.widgets.transfer import Download, Upload
from simkaohe.widgets.uploading import OwnWorkbook, own_workbook
from simkaohe.widgets.workbench import Workbench

__all__ = [
    "CategoriesApp",
    "Download",
    "FairnessApp",
    "MultiplierApp",
    "OwnWorkbook",
    "ShiftChart",
    "SprintApp",
    "State",
    "SurenessApp",
    "TrainingApp",
    "Upload",
    "WeightsApp",
    "Workbench",
    "categories",
    "fairness",
    "multiplier",
    "opened",
    "own_workbook",
    "sprint",
    "sureness",
    "training",
    "weights",
]
