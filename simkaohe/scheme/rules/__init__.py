"""Scoring rules (计分方法): from an indicator's value to its points, one class each."""

from simkaohe.scheme.rules.base import Direction, Rule
from simkaohe.scheme.rules.progress import Progress
from simkaohe.scheme.rules.rank import RankLinear, RankStep, RankTable
from simkaohe.scheme.rules.relative import (
    Benchmark,
    Efficacy,
    EfficacyBands,
    LevelImprovement,
    MinMax,
    ZScore,
)
from simkaohe.scheme.rules.steps import Band, Deduction, Given, Ladder, PassFail, Tiers
from simkaohe.scheme.rules.target import (
    AllOrNothing,
    Completion,
    CompletionSteps,
    Constraint,
    Deviation,
    Hybrid,
)

__all__ = [
    "AllOrNothing",
    "Band",
    "Benchmark",
    "Completion",
    "CompletionSteps",
    "Constraint",
    "Deduction",
    "Deviation",
    "Direction",
    "Efficacy",
    "EfficacyBands",
    "Given",
    "Hybrid",
    "Ladder",
    "LevelImprovement",
    "MinMax",
    "PassFail",
    "Progress",
    "RankLinear",
    "RankStep",
    "RankTable",
    "Rule",
    "Tiers",
    "ZScore",
]
