"""What an evaluation costs, as ratios to numpy, pandas and scikit-criteria, measured in one run.

    pip install -e .[bench]
    python benchmarks/evaluate.py

All ways are checked to agree before they are timed. One BLAS thread. Without scikit-criteria its
columns stay empty.
"""

from __future__ import annotations

import os

for library in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM"):
    os.environ[f"{library}_NUM_THREADS"] = "1"  # read when numpy is loaded
os.environ["SIMKAOHE_LANGUAGE"] = "en"

import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from tabulate import tabulate
from timing import Timing, interleaved

import simkaohe as sk

try:
    import skcriteria
    from skcriteria.agg.simple import WeightedSumModel
    from skcriteria.pipelines import mkpipe
    from skcriteria.preprocessing.scalers import MinMaxScaler
except ImportError:
    skcriteria = None

DRAWS = 10_000
LOOPED = 200
"""Draws that the loops do; their time is scaled to all draws."""


def main() -> None:
    for units, indicators in ((100, 40), (3000, 100)):
        one_evaluation(units, indicators)
    many_draws()
    start_up()


# -- one evaluation: min–max, weighted sum, rank ---------------------------------------------------


def one_evaluation(units: int, indicators: int) -> None:
    rng = np.random.default_rng(20)
    raw = rng.gamma(3.0, 10.0, (units, indicators))
    weights = rng.dirichlet(np.ones(indicators))
    frame = pd.DataFrame(raw, [f"u{i}" for i in range(units)], [f"x{k}" for k in range(indicators)])
    leaves = [
        {"id": name, "weight": weight, "rule": "minmax"}
        for name, weight in zip(frame.columns, weights, strict=True)
    ]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves}})
    panel = sk.Panel(frame)
    engine = sk.Engine(scheme, panel)
    path, moved = "x0.weight", np.array([weights[0] * 1.5])

    def with_numpy() -> tuple[Any, Any]:
        low, high = raw.min(0), raw.max(0)
        totals = np.round((raw - low) / (high - low) @ weights, 11)
        return totals, np.searchsorted(np.sort(-totals), -totals) + 1

    def with_pandas() -> pd.DataFrame:
        scores = (frame - frame.min()) / (frame.max() - frame.min())
        ranking = pd.DataFrame({"total": (scores * weights).sum(axis=1)})
        ranking["rank"] = ranking["total"].rank(method="min", ascending=False).astype(int)
        return ranking.sort_values("rank")

    calls: dict[str, Callable[[], Any]] = {
        "Engine(scheme, panel).run()": lambda: sk.Engine(scheme, panel).run(),
        "engine.run({path: [v]})": lambda: engine.run({path: moved}),
        "sk.evaluate(…).ranking": lambda: sk.evaluate(scheme, panel).ranking,
        "numpy": with_numpy,
        "pandas": with_pandas,
    }
    if skcriteria:
        matrix = skcriteria.mkdm(raw, [max] * indicators, weights=weights)
        pipe = mkpipe(MinMaxScaler(target="matrix"), WeightedSumModel())
        calls["scikit-criteria"] = lambda: pipe.evaluate(matrix)
        assert np.array_equal(calls["scikit-criteria"]().rank_, with_numpy()[1])

    totals, ranks = with_numpy()
    outcome, ranking = calls["Engine(scheme, panel).run()"](), calls["sk.evaluate(…).ranking"]()
    np.testing.assert_allclose(outcome.totals[0], 100 * totals, atol=1e-8)
    assert np.array_equal(outcome.ranks[0], ranks)
    assert np.array_equal(ranking["rank"].reindex(frame.index), ranks)
    assert np.array_equal(with_pandas()["rank"].reindex(frame.index), ranks)
    edited = sk.evaluate(scheme.edit({path: moved[0]}), panel).outcome
    np.testing.assert_allclose(engine.run({path: moved}).totals, edited.totals, atol=1e-8)

    found = interleaved(calls, seconds=4.0)
    peers = [name for name in ("numpy", "scikit-criteria", "pandas") if name in found]
    show(f"One evaluation, {units} units × {indicators} indicators", found, peers)


# -- many draws of a full scheme -------------------------------------------------------------------


def many_draws() -> None:
    rng = np.random.default_rng(3)
    papers = {"development": 16, "party": 8, "public": 4}
    kinds = ("urban", "rural", "ecology")
    units = {f"u{i}": kinds[i % 3] for i in range(100)}
    leaves = [f"{paper}{k}" for paper, size in papers.items() for k in range(size)]
    raw = rng.gamma(3.0, 10.0, (len(units), len(leaves)))
    panel = sk.Panel(pd.DataFrame(raw, list(units), leaves))

    def leaf(name: str) -> dict[str, Any]:
        low, high = 0.0, 120.0
        return {
            "id": name,
            "weight": 10.0,
            "rule": {"method": "minmax", "worst": low, "best": high},
        }

    def group(paper: str, **more: Any) -> dict[str, Any]:
        children = [leaf(f"{paper}{k}") for k in range(papers[paper])]
        return {"id": paper, "weight": 20.0, "children": children, **more}

    development = group("development")
    for kind, scale in (("rural", 0.5), ("ecology", 2.0)):
        for child in development["children"][:5]:
            child.setdefault("weights_by_category", {})[kind] = 10 * scale
    development["children"][5]["weights_by_category"] = {"ecology": 0.0}
    multiplier = {
        "method": "multiplier",
        "base": "development",
        "map": "linear_band",
        "low": 0.9,
        "high": 1.1,
    }
    geometric = {"method": "geometric", "zero": "floor"}
    scheme = sk.Scheme.read(
        {
            "categories": dict.fromkeys(kinds),
            "units": units,
            "ranking": {"digits": 2},
            "grades": {
                "bands": [{"name": "A", "share": 0.3}, {"name": "B", "share": 0.5}, {"name": "C"}]
            },
            "root": {
                "id": "total",
                "combine": multiplier,
                "children": [development, group("party", combine=geometric), group("public")],
            },
        }
    )
    engine = sk.Engine(scheme, panel)
    drawn = {
        f"{node.id}.weight": rng.uniform(5, 15, DRAWS)
        for node in scheme.nodes.values()
        if node is not scheme.root
    }
    drawn |= {
        f"{node.id}.weights_by_category.{kind}": weight * rng.uniform(0.5, 1.5, DRAWS)
        for node in scheme.nodes.values()
        for kind, weight in node.weights_by_category.items()
        if weight
    }
    singles = [{path: values[r : r + 1] for path, values in drawn.items()} for r in range(LOOPED)]
    edits = [{path: float(value[0]) for path, value in single.items()} for single in singles]

    def with_engine_loop() -> list[Any]:
        return [engine.run(single) for single in singles]

    def with_evaluate_loop() -> list[Any]:
        return [sk.evaluate(scheme.edit(e), panel).outcome for e in edits[:20]]

    by_hand = Handmade(scheme, raw, list(units.values()), papers, drawn)
    outcome = engine.run(drawn)
    for singly in (with_engine_loop(), with_evaluate_loop()):
        for r, single in enumerate(singly):
            assert np.array_equal(outcome.totals[r], single.totals[0])
            assert np.array_equal(outcome.ranks[r], single.ranks[0])
            assert np.array_equal(outcome.grades[r], single.grades[0])
    totals, ranks, grades = by_hand.run()
    np.testing.assert_allclose(outcome.totals, totals, atol=1e-9)
    assert np.array_equal(outcome.ranks, ranks)
    assert np.array_equal(outcome.grades, grades)

    whole = interleaved(
        {"engine.run(draws)": lambda: engine.run(drawn), "numpy by hand": by_hand.run},
        seconds=5.0,
    )
    parts = interleaved(
        {"loop of engine.run": with_engine_loop, "loop of sk.evaluate": with_evaluate_loop},
        least=3,
        turn=1,
    )
    whole["loop of engine.run"] = scaled(parts["loop of engine.run"], LOOPED)
    whole["loop of sk.evaluate"] = scaled(parts["loop of sk.evaluate"], 20)
    peers = ["numpy by hand", "loop of engine.run", "loop of sk.evaluate"]
    show(f"{DRAWS:,} draws of all {len(drawn)} weights, a full scheme of 100 units", whole, peers)


def scaled(timing: Timing, done: int) -> Timing:
    return Timing(*(seconds * DRAWS / done for seconds in timing))


class Handmade:
    """The full scheme written out in numpy for itself alone, in blocks of draws."""

    def __init__(self, scheme: Any, raw: Any, kinds: list[str], papers: Any, drawn: Any) -> None:
        ends = np.cumsum([0, *papers.values()])
        scores = 100 * np.clip(raw / 120.0, 0, 1).T
        self.x = [scores[a:b] for a, b in pairwise(ends)]
        self.log_party = np.log(np.maximum(self.x[1], 1.0))
        self.members = {
            kind: np.flatnonzero(np.array(kinds) == kind) for kind in ("urban", "rural", "ecology")
        }
        self.weights = {}
        for kind in self.members:
            columns = []
            for node in scheme.indicators:
                own = drawn.get(f"{node.id}.weights_by_category.{kind}")
                if own is None and node.weights_by_category.get(kind) == 0:
                    own = np.zeros(DRAWS)
                columns.append(drawn[f"{node.id}.weight"] if own is None else own)
            self.weights[kind] = np.split(np.array(columns).T, ends[1:-1], axis=1)

    def run(self, size: int = 500) -> tuple[Any, Any, Any]:
        blocks = [self._block(slice(start, start + size)) for start in range(0, DRAWS, size)]
        return tuple(np.concatenate(part) for part in zip(*blocks, strict=True))

    def _block(self, rows: slice) -> tuple[Any, Any, Any]:
        size = rows.stop - rows.start
        n = self.x[0].shape[1]
        papers = np.empty((3, size, n))
        for kind, members in self.members.items():
            shares = [w[rows] / w[rows].sum(1, keepdims=True) for w in self.weights[kind]]
            papers[0][:, members] = shares[0] @ self.x[0][:, members]
            papers[1][:, members] = np.exp(shares[1] @ self.log_party[:, members])
            papers[2][:, members] = shares[2] @ self.x[2][:, members]
        total = papers[0]
        for paper in papers[1:]:
            low, high = paper.min(1, keepdims=True), paper.max(1, keepdims=True)
            total = total * (0.9 + 0.2 * (paper - low) / (high - low))
        q = np.floor(total * 100 + (0.5 + 1e-6)).astype(np.int64)
        grades = np.full((size, n), 2, np.int8)
        for members in self.members.values():
            last = self._ranks(q[:, members], last=True)
            good, middle = (int(share * len(members) + 0.5) for share in (0.3, 0.5))
            first = last <= good
            grades[:, members] = np.where(
                first, 0, np.where(last <= first.sum(1, keepdims=True) + middle, 1, 2)
            )
        return q / 100, self._ranks(q), grades

    @staticmethod
    def _ranks(q: Any, last: bool = False) -> Any:
        """Return the best (or worst) place shared with equals."""
        sign = 1 if last else -1
        order = np.argsort(sign * q, axis=1)
        ordered = np.take_along_axis(q, order, 1)
        begins = np.ones(q.shape, bool)
        begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
        place = np.maximum.accumulate(np.where(begins, np.arange(q.shape[1]), 0), 1)
        ranks = np.empty_like(place)
        np.put_along_axis(ranks, order, place, 1)
        return q.shape[1] - ranks if last else ranks + 1


# -- starting up -----------------------------------------------------------------------------------


def start_up() -> None:
    def fresh(code: str) -> Callable[[], Any]:
        return lambda: subprocess.run([sys.executable, "-c", code], check=True)

    found = interleaved(
        {
            "import simkaohe": fresh("import simkaohe"),
            "import simkaohe, sk.load": fresh("import simkaohe as sk; sk.load('three_papers')"),
            "import simkaohe, sk.evaluate": fresh(
                "import simkaohe as sk; sk.evaluate(*sk.load('three_papers')).ranking"
            ),
            "import pandas": fresh("import pandas"),
            "python": fresh(""),
        },
        seconds=8.0,
        turn=1,
    )
    show("A fresh interpreter", found, ["import pandas"])


def show(title: str, found: dict[str, Timing], peers: list[str]) -> None:
    """Print one row for each call: its time, and how many times that of each peer it is."""
    rows = [
        [name, f"{1e3 * t.best:.3f}", f"{1e3 * t.middle:.3f}"]
        + [f"{t.best / found[peer].best:.3g}" for peer in peers]
        for name, t in found.items()
    ]
    headers = ["", "best, ms", "median, ms", *(f"÷ {peer}" for peer in peers)]
    print(f"\n{title}\n{tabulate(rows, headers, tablefmt='simple', disable_numparse=True)}")


if __name__ == "__main__":
    main()
