"""Pictures for print (图): one result object in, matplotlib ``Axes`` out; nothing is computed here.

Chinese is written in a font that the machine has, else in the packaged Noto Sans SC; the reader's own
settings of matplotlib are not changed.
"""

from simkaohe.plots.auditing import audit
from simkaohe.plots.fairness_effort import effort
from simkaohe.plots.fairness_groups import cliffs, parity
from simkaohe.plots.fairness_noise import endowment, rank_confidence
from simkaohe.plots.ranking import ranking, shift
from simkaohe.plots.sensitivity import (
    acceptability,
    breakpoints,
    effective_weights,
    rank_intervals,
    sobol,
    tornado,
)

__all__ = [
    "acceptability",
    "audit",
    "breakpoints",
    "cliffs",
    "effective_weights",
    "effort",
    "endowment",
    "parity",
    "rank_confidence",
    "rank_intervals",
    "ranking",
    "shift",
    "sobol",
    "tornado",
]
