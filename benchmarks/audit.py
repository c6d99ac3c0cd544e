"""What an audit costs: 100 units, 40 indicators, 4 categories, a multiplier, quotas, 4 covariates.

    python benchmarks/audit.py [measure …]

Milliseconds of every measure, and the whole as a ratio to its largest single numpy step: the
largest deviations among all pairs of units over the draws of survey error (the bootstrap of the
confidence sets for ranks). One BLAS thread, one core.
"""

from __future__ import annotations

import os

for library in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM"):
    os.environ[f"{library}_NUM_THREADS"] = "1"  # read when numpy is loaded
os.environ["SIMKAOHE_LANGUAGE"] = "en"

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from tabulate import tabulate
from timing import interleaved

import simkaohe as sk
from simkaohe.fairness import audit
from simkaohe.fairness.asking import MEASURES

UNITS, INDICATORS, DRAWS = 100, 40, 1000
CATEGORIES = ("north", "east", "south", "west")
RULES: tuple[Any, ...] = (
    {"method": "efficacy"},
    {"method": "completion", "cap": 1.2},
    {"method": "minmax"},
    {"method": "rank_step"},
    {"method": "tiers", "thresholds": [30, 50, 70], "points": [40, 60, 80, 100]},
)


def synthetic() -> tuple[sk.Scheme, sk.Panel]:
    """Return an invented scheme with its data."""
    rng = np.random.default_rng(5)
    names = [f"u{i:03d}" for i in range(UNITS)]
    ids = [f"x{k}" for k in range(INDICATORS)]
    leaves: list[dict[str, Any]] = [
        {"id": name, "weight": float(rng.integers(1, 6)), "rule": RULES[k % len(RULES)],
         "scope": "category" if k % 3 == 0 else "all"}
        for k, name in enumerate(ids)
    ]  # fmt: skip
    for leaf in leaves[::5]:
        leaf["weights_by_category"] = {"west": 0.0}
    asked = leaves[-5:]
    for leaf in asked:
        leaf |= {"rule": "given", "measure": "survey"}
    groups = [{"id": f"g{g}", "weight": 10 + g, "children": leaves[6 * g : 6 * g + 6]}
              for g in range(5)]  # fmt: skip
    papers = [
        {"id": "work", "weight": 70, "children": groups},
        {"id": "party", "weight": 20, "children": leaves[30:35]},
        {"id": "public", "weight": 10, "children": asked},
    ]
    combine = {"method": "multiplier", "base": "work", "map": "fixed_band", "low": 0.8, "high": 1.1}
    scheme = sk.Scheme.read(
        {
            "root": {"id": "total", "combine": combine, "children": papers},
            "categories": dict.fromkeys(CATEGORIES),
            "units": {name: CATEGORIES[i % 4] for i, name in enumerate(names)},
            "grades": {
                "bands": [{"name": "A", "share": 0.3}, {"name": "B", "share": 0.4}, {"name": "C"}]
            },
            "ranking": {"digits": 2},
            "adjustments": {
                "awards": {"method": "bonus", "points": {"": 0.5}, "cap": 2},
                "accident": {"method": "veto", "effects": ["not_top"]},
            },
            "uses": {
                "fund": {"method": "pot_by_grade", "pot": 1000, "ratios": {"A": 1.2, "B": 1, "C": 0.8}}
            },
        }
    )  # fmt: skip
    facts = rng.normal(size=(UNITS, 4))
    values = rng.normal(60, 12, (UNITS, INDICATORS))
    values[:, :12] += 6 * facts[:, 1:2]
    values = values.clip(5, 100)

    def frame(numbers: Any) -> pd.DataFrame:
        return pd.DataFrame(np.broadcast_to(numbers, values.shape), names, ids)

    facts[:, 0] = 50 * np.exp(facts[:, 0])
    events = pd.DataFrame({"unit": [*names[::4], *names[::20]],
                           "event": ["awards"] * 25 + ["accident"] * 5})  # fmt: skip
    columns = ["population", "income", "distance", "age"]
    return scheme, sk.Panel(
        frame(values), target=frame(60.0), previous=frame(0.97 * values), sample_size=frame(400.0),
        sample_sd=frame(15.0), covariates=pd.DataFrame(facts, names, columns), events=events,
    )  # fmt: skip


def main() -> None:
    scheme, panel = synthetic()
    measures = sys.argv[1:] or list(MEASURES)

    deviations = np.random.default_rng(1).normal(size=(UNITS, DRAWS)).astype(np.float32)

    def step() -> Any:
        """Return each unit's largest deviation from any other, draw by draw."""
        return [np.abs(deviations - own).max(0) for own in deviations]

    calls: dict[str, Callable[[], Any]] = {
        name: (lambda name=name: audit(scheme, panel, measures=[name]).findings)
        for name in measures
    }
    calls["the audit"] = lambda: audit(scheme, panel, measures=measures).findings
    calls["numpy: largest deviations"] = step
    calls["one evaluation"] = lambda: sk.evaluate(scheme, panel)
    times = interleaved(calls, seconds=30.0, least=3, turn=1)
    unit = times["numpy: largest deviations"].best
    rows = [[name, 1e3 * t.best, 1e3 * t.middle, t.best / unit] for name, t in times.items()]
    head = ["", "ms, fastest", "ms, median", "ratio to the numpy step"]
    print(tabulate(rows, head, floatfmt=".1f"))


if __name__ == "__main__":
    main()
