"""simkaohe (模拟考核): try a performance-assessment scheme before it is put into force.

A scheme (方案) says what the policy is, a panel (数据) says what was observed, :func:`evaluate` turns
the two into totals, ranks and grades, and :func:`compare` shows who moves when the scheme changes.

>>> import simkaohe as sk
>>> scheme, panel = sk.load("tai")
>>> sk.evaluate(scheme, panel).ranking.index[0]
'Finland'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simkaohe.homes import at_home

__version__ = "0.1.0"

_HOMES: dict[str, str | None] = {
    "SimkaoheError": "errors",
    "language": "labels",
    "use_language": "labels",
    "Grades": "scheme.grades",
    "Combine": "scheme.combine",
    "CoefficientMap": "scheme.combine",
    "Rule": "scheme.rules",
    "Measure": "scheme.measure",
    "Scheme": "scheme.tree",
    "Group": "scheme.tree",
    "Indicator": "scheme.tree",
    "Scenario": "scheme.edit",
    "Panel": "panel",
    "Engine": "engine",
    "Result": "result",
    "evaluate": "result",
    "in_words": "scheme.wording",
    "Comparison": "comparison",
    "compare": "comparison",
    "Diagnosis": "diagnosis",
    "diagnose": "diagnosis",
    "scoreboard": "diagnosis",
    "training_exercise": "lessons",
    "bundled_cases": "files",
    "load": "files",
    "load_scenarios": "files",
    "save": "files",
    "save_scenarios": "files",
    "write_exercise": "report.exercise",
    "write_report": "report",
    **dict.fromkeys(("fairness", "lessons", "plots", "sensitivity", "widgets")),
}

__all__ = list(_HOMES)

if TYPE_CHECKING:
    from simkaohe import fairness, lessons, plots, sensitivity, widgets
    from simkaohe.comparison import Comparison, compare
    from simkaohe.diagnosis import Diagnosis, diagnose, scoreboard
    from simkaohe.engine import Engine
    from simkaohe.errors import SimkaoheError
    from simkaohe.files import bundled_cases, load, load_scenarios, save, save_scenarios
    from simkaohe.labels import language, use_language
    from simkaohe.lessons import training_exercise
    from simkaohe.panel import Panel
    from simkaohe.report import write_report
    from simkaohe.report.exercise import write_exercise
    from simkaohe.result import Result, evaluate
    from simkaohe.scheme.coefficient import CoefficientMap
    from simkaohe.scheme.combine import Combine
    from simkaohe.scheme.edit import Scenario
    from simkaohe.scheme.grades import Grades
    from simkaohe.scheme.measure import Measure
    from simkaohe.scheme.rules import Rule
    from simkaohe.scheme.tree import Group, Indicator, Scheme
    from simkaohe.scheme.wording import in_words

__getattr__, __dir__ = at_home(__name__, _HOMES)
