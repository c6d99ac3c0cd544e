"""A small invented scheme with data (虚构练习题): everything in it can be calculated by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme

UNITS = ("甲县", "乙县", "丙县", "丁县", "戊县", "己县")
POOL: tuple[dict[str, Any], ...] = (
    {
        "id": "investment",
        "name": "重大项目投资完成率",
        "name_en": "Investment completed",
        "rule": {"method": "completion", "cap": 1.1},
        "target": 100.0,
    },
    {
        "id": "growth",
        "name": "财政收入增速",
        "name_en": "Revenue growth",
        "unit": "%",
        "rule": {"method": "efficacy"},
    },
    {
        "id": "energy",
        "name": "单位产值能耗",
        "name_en": "Energy per output",
        "direction": "negative",
        "rule": {"method": "minmax"},
    },
    {
        "id": "income",
        "name": "居民收入增速",
        "name_en": "Income growth",
        "unit": "%",
        "rule": {"method": "rank_step"},
    },
    {
        "id": "accidents",
        "name": "生产安全事故起数",
        "name_en": "Accidents at work",
        "rule": {"method": "deduction", "per_event": 8.0, "floor": 60.0},
    },
    {
        "id": "services",
        "name": "政务服务评分",
        "name_en": "Public services",
        "rule": {"method": "tiers", "thresholds": [70, 80, 90], "points": [60, 75, 90, 100]},
    },
)
RANGES = {
    "investment": (80.0, 121.0, 0),
    "growth": (2.0, 9.0, 1),
    "energy": (30.0, 60.0, 0),
    "income": (4.0, 9.0, 1),
    "accidents": (0.0, 8.0, 0),
    "services": (62.0, 97.0, 0),
    "party": (70.0, 99.0, 0),
    "public": (75.0, 96.0, 0),
}
"""Lowest and highest value, and decimals, of what is invented."""


def invented(seed: int) -> tuple[Scheme, Panel]:
    """Return a scheme of six units and data for it, the same for the same seed.

    Four indicators out of six make the development paper; party building becomes a coefficient of
    0.9 to 1.1, public satisfaction is added, and awards earn bonus points up to a cap.
    """
    rng = np.random.default_rng([seed, 2026])
    chosen = [POOL[k] for k in np.sort(rng.choice(len(POOL), 4, replace=False))]
    cuts = np.sort(rng.choice(np.arange(2, 19), 3, replace=False)) * 5
    weights = np.diff([0, *cuts, 100])
    leaves = [{**leaf, "weight": float(w)} for leaf, w in zip(chosen, weights, strict=True)]
    scheme = Scheme.read(_scheme(leaves, added=float(rng.choice([5, 10]))))
    columns = {}
    for leaf in scheme.indicators:
        low, high, digits = RANGES[leaf.id]
        columns[leaf.id] = np.round(rng.uniform(low, high, len(UNITS)), digits)
    units = pd.Index(UNITS, name="unit")
    winners = rng.choice(UNITS, 4)
    kinds = rng.choice(["省级", "市级"], 4)
    events = pd.DataFrame({"unit": winners, "event": "awards", "kind": kinds})
    return scheme, Panel(pd.DataFrame(columns, units), events=events)


def _scheme(leaves: list[dict[str, Any]], added: float) -> dict[str, Any]:
    given = {"rule": {"method": "given"}}
    return {
        "name": "课堂练习方案（虚构）",
        "name_en": "A scheme for class (invented)",
        "units": {},
        "root": {
            "id": "total",
            "name": "综合得分",
            "name_en": "Total",
            "combine": {
                "method": "multiplier",
                "base": "development",
                "added": "public",
                "map": "fixed_band",
                "low": 0.9,
                "high": 1.1,
            },
            "children": [
                {
                    "id": "development",
                    "name": "发展成效",
                    "name_en": "Development",
                    "weight": 100.0 - added,
                    "children": leaves,
                },
                {"id": "party", "name": "党的建设", "name_en": "Party building", **given},
                {
                    "id": "public",
                    "name": "群众满意度",
                    "name_en": "Public satisfaction",
                    "weight": added,
                    **given,
                },
            ],
        },
        "adjustments": {
            "awards": {
                "method": "bonus",
                "name": "表彰加分",
                "name_en": "Awards",
                "points": {"省级": 1.0, "市级": 0.5},
                "cap": 1.5,
            }
        },
        "ranking": {"digits": 2},
        "grades": {
            "bands": [
                {"name": "优秀", "name_en": "Excellent", "seats": 2},
                {"name": "良好", "name_en": "Good", "at_least": 80.0},
                {"name": "一般", "name_en": "Fair"},
            ]
        },
    }
