"""Fairness (公平性): whom a scheme favours, what is noise, and what it pays people to do.

Between categories (:func:`parity`, :func:`cliffs`), endowment against effort (:func:`endowment`),
unit against unit (:func:`similar_units`, :func:`most_favourable_weights`), noise (:func:`noise`),
money (:func:`money`), incentives (:func:`effort`, :func:`cheapest_way`, :func:`sprint_plan`,
:func:`ratchet`, :func:`reporting`), the scheme's own levers (:func:`leverage`); and all of it on one page
(:func:`audit`).
"""

from __future__ import annotations

from simkaohe.homes import at_home

_HOMES = {
    "Finding": "finding",
    "parity": "categories",
    "cliffs": "boundaries",
    "similar_units": "alike",
    "money": "payouts",
    "endowment": "origins",
    "most_favourable_weights": "benefit",
    "noise": "uncertainty",
    "effort": "margins",
    "cheapest_way": "improving",
    "sprint_plan": "improving",
    "ratchet": "targets",
    "reporting": "claims",
    "leverage": "levers",
    "audit": "auditing",
}

__all__ = list(_HOMES)
__getattr__, __dir__ = at_home(__name__, _HOMES)
