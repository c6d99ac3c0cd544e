"""Scoring rules (计分方法): from an indicator's value to its points, one class each.

People are offered them in the order in which they are imported.
"""

# isort: off
from simkaohe.scheme.rules.base import Direction, Rule
from simkaohe.scheme.rules.progress import Progress
from simkaohe.scheme.rules.rank import RankLinear, RankStep, RankTable
from simkaohe.scheme.rules.relative import Efficacy, EfficacyBands, MinMax
from simkaohe.scheme.rules.benchmark import Benchmark, LevelImprovement, ZScore
from simkaohe.scheme.rules.target import AllOrNothing, Completion, CompletionSteps, Hybrid
from simkaohe.scheme.rules.deviation import Constraint, Deviation
from simkaohe.scheme.rules.steps import Band, Deduction, Given, Ladder, PassFail, Tiers
# isort: on

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
