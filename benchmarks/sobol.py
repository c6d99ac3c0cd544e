"""What Sobol indices of every unit's rank cost, as ratios to SALib called output by output, in one run.

    pip install SALib
    python benchmarks/sobol.py

Both analyse the same evaluations and are checked to agree before they are timed. One BLAS thread.
The sampling plan (SALib's in both) and the evaluations are timed apart.
"""

from __future__ import annotations

import os

for library in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM"):
    os.environ[f"{library}_NUM_THREADS"] = "1"  # read when numpy is loaded
os.environ["SIMKAOHE_LANGUAGE"] = "en"

from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from SALib.analyze import sobol as salib_analyze
from SALib.sample import sobol as salib_sample
from tabulate import tabulate
from timing import interleaved

import simkaohe as sk
from simkaohe.sensitivity.sobol import estimates, sobol_indices

DRAWS, RESAMPLES = 1024, 100
TIMED = 8
"""Outputs that SALib analyses; its time is scaled to all."""


def main() -> None:
    rows = [compared(units, 10) for units in (20, 100)]
    print(tabulate(rows, headers="keys", floatfmt=".3g"))
    whole()


def scheme_of(units: int, indicators: int) -> tuple[sk.Scheme, sk.Panel, dict[str, Any]]:
    rng = np.random.default_rng(1)
    names = [f"x{k}" for k in range(indicators)]
    rule = {"method": "minmax", "worst": 0.0, "best": 100.0}
    leaves = [{"id": name, "weight": 10.0, "rule": rule} for name in names]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves}, "ranking": {"digits": 2}})
    frame = pd.DataFrame(
        rng.normal(60, 12, (units, indicators)).clip(0, 100), [f"u{i}" for i in range(units)], names
    )
    return scheme, sk.Panel(frame), {f"{name}.weight": (5.0, 15.0) for name in names}


def compared(units: int, factors: int) -> dict[str, Any]:
    """Time the analysis of the ranks of all units."""
    scheme, panel, spans = scheme_of(units, factors)
    problem = {"num_vars": factors, "names": list(spans), "bounds": list(spans.values())}
    x = salib_sample.sample(problem, DRAWS, calc_second_order=False, seed=1)
    engine = sk.Engine(scheme, panel)
    drawn = {path: x[:, k] for k, path in enumerate(spans)}
    ranks = engine.run(drawn).ranks.astype(np.float64)
    ranks = ranks[:, np.ptp(ranks, axis=0) > 0]

    def one(k: int) -> Any:
        return salib_analyze.analyze(
            problem, ranks[:, k], calc_second_order=False, num_resamples=RESAMPLES, seed=1
        )

    mine = estimates(ranks, factors, RESAMPLES, 0.95, 1)
    worst = 0.0
    for k in range(min(TIMED, ranks.shape[1])):
        theirs = one(k)
        for name, key in (("first", "S1"), ("total", "ST"), ("first_error", "S1_conf"),
                          ("total_error", "ST_conf")):  # fmt: skip
            worst = max(worst, float(np.abs(mine[name][:, k] - theirs[key]).max()))
    assert worst < 1e-9, worst
    calls = {
        "all at once": lambda: estimates(ranks, factors, RESAMPLES, 0.95, 1),
        "SALib": lambda: [one(k) for k in range(min(TIMED, ranks.shape[1]))],
        "sample": lambda: salib_sample.sample(problem, DRAWS, calc_second_order=False, seed=1),
        "evaluations": lambda: engine.run(drawn),
    }
    took = interleaved(calls, seconds=4.0, turn=1)
    salib = took["SALib"].best * ranks.shape[1] / min(TIMED, ranks.shape[1])
    return {
        "units": units,
        "outputs": ranks.shape[1],
        "factors": factors,
        "largest difference": f"{worst:.1e}",
        "SALib, s": salib,
        "all at once, s": took["all at once"].best,
        "times faster": salib / took["all at once"].best,
        "sample, s": took["sample"].best,
        "evaluations, s": took["evaluations"].best,
    }


def whole() -> None:
    """Time the function itself: ranks and totals of all units and the mean shift."""
    scheme, panel, spans = scheme_of(100, 10)
    taken = []
    for _ in range(3):
        start = perf_counter()
        found = sobol_indices(scheme, panel, spans, draws=DRAWS, seed=1)
        taken.append(perf_counter() - start)
    print(f"sobol_indices, 100 units, 10 factors, {found.evaluations} evaluations, "
          f"{found.total.shape[1]} outputs: {min(taken):.2f} s")  # fmt: skip


if __name__ == "__main__":
    main()
