"""Sensitivity (敏感性): how far each place in the ranking can be trusted.

Exact answers first: where places change along one number (:func:`breakpoints`), how much the weights
must change before a unit passes another (:func:`overtake`, :func:`robustness`), the best and worst
rank within bounds (:func:`rank_range`), the chance to win under a law of the weights
(:func:`win_probabilities`). Then simulation for everything together (:func:`montecarlo`), what matters
most (:func:`effective_weights`, :func:`one_at_a_time`, :func:`sobol_indices`), and the weights that
would meet stated conditions (:func:`design`).
"""

from __future__ import annotations

from simkaohe.homes import at_home

_HOMES = {
    "MonteCarlo": "acceptability",
    "montecarlo": "simulation",
    "paired": "simulation",
    "choice": "varying",
    "noise": "varying",
    "ranges": "varying",
    "weights": "weighing",
    "Breakpoints": "stepping",
    "breakpoints": "stepping",
    "expected_ranks": "volumes",
    "win_probabilities": "volumes",
    "win_volume": "volumes",
    "into_top": "passing",
    "overtake": "passing",
    "robustness": "radius",
    "RankRange": "extremes",
    "rank_range": "extremes",
    "effective_weights": "importance",
    "equivalent_weight": "equivalent",
    "leave_one_out": "influence",
    "one_at_a_time": "influence",
    "sobol_indices": "sobol",
    "design": "inverse",
    "at_least_level": "demands",
    "bounds": "demands",
    "category_means_within": "demands",
    "effective_near_nominal": "demands",
    "order": "demands",
}

__all__ = list(_HOMES)
__getattr__, __dir__ = at_home(__name__, _HOMES)
