"""The engine (计算引擎): a scheme and its data become totals, ranks, grades and uses."""

from simkaohe.engine.run import Engine, compiled
from simkaohe.engine.standing import EXACT, Outcome

__all__ = ["EXACT", "Engine", "Outcome", "compiled"]
