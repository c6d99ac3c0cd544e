"""Pictures for print (图): one result object in, matplotlib ``Axes`` out; nothing is computed here.

Chinese is written in a font that the machine has, else in the packaged Noto Sans SC; the reader's own
settings of matplotlib are not changed.
"""

from __future__ import annotations

from simkaohe.homes import at_home

_HOMES = {
    "acceptability": "sensitivity",
    "audit": "auditing",
    "breakpoints": "sensitivity",
    "cliffs": "fairness_groups",
    "effective_weights": "sensitivity",
    "effort": "fairness_effort",
    "endowment": "fairness_noise",
    "parity": "fairness_groups",
    "rank_confidence": "fairness_noise",
    "rank_intervals": "sensitivity",
    "ranking": "shifts",
    "shift": "shifts",
    "sobol": "sensitivity",
    "tornado": "sensitivity",
}

__all__ = list(_HOMES)
__getattr__, __dir__ = at_home(__name__, _HOMES)
