"""Monte Carlo against what analysts write: draws per second as ratios, measured in one run.

    pip install -e .[bench] pymcdm
    python benchmarks/montecarlo.py

Every way draws weights ±20 %, computes scores, rounds them, ranks them and counts the table of
rank acceptability. Single thread, one BLAS thread, unless said. Peers whose ties are wrong (double
argsort) stand for what is written, not for what is right. Without scikit-criteria or pymcdm their
rows are left out.
"""

from __future__ import annotations

import os

for library in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM"):
    os.environ[f"{library}_NUM_THREADS"] = "1"  # read when numpy is loaded
os.environ["SIMKAOHE_LANGUAGE"] = "en"

import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from tabulate import tabulate
from timing import Timing, interleaved

import simkaohe as sk
from simkaohe.sensitivity.counting import study_of
from simkaohe.sensitivity.layout import BATCHES, points_per_batch, uniforms
from simkaohe.sensitivity.simulation import montecarlo
from simkaohe.sensitivity.tallying import bin_shift, bins
from simkaohe.sensitivity.varying import ranges
from simkaohe.sensitivity.weighing import weights

try:
    import skcriteria
    from skcriteria.agg.simple import WeightedSumModel
except ImportError:
    skcriteria = None
try:
    import pymcdm
    import pymcdm.methods
except ImportError:
    pymcdm = None

WITHIN = 0.2
PART = 32
"""Of all draws: what the slower ways do; their time is scaled to all draws."""
BAND = 1e-6  # of a last digit: see simkaohe.ranks


def main() -> None:
    additive(100, 40, 1 << 19)
    additive(3000, 100, 1 << 15)
    full_scheme(1 << 15)
    memory()


# -- additive --------------------------------------------------------------------------------------


def case(units: int, indicators: int) -> tuple[Any, Any, Any, Any]:
    """Return scheme, data, and scores (N, M) and weights (M,) for those who do without."""
    rng = np.random.default_rng(20)
    raw = np.round(rng.gamma(9.0, 5.0, (units, indicators)).clip(0, 100), 1)
    frame = pd.DataFrame(raw, [f"u{i}" for i in range(units)], [f"x{k}" for k in range(indicators)])
    base = np.round(rng.uniform(1, 5, indicators), 1)
    rule = {"method": "minmax", "worst": 0.0, "best": 100.0}
    leaves = [{"id": n, "weight": w, "rule": rule} for n, w in zip(frame, base, strict=True)]
    scheme = sk.Scheme.read({"ranking": {"digits": 2}, "root": {"id": "total", "children": leaves}})
    return scheme, sk.Panel(frame), raw, base


def drawn(base: Any, draws: int, rows: int) -> Iterator[Any]:
    rng = np.random.default_rng(1)
    for start in range(0, draws, rows):
        w = base * rng.uniform(1 - WITHIN, 1 + WITHIN, (min(rows, draws - start), len(base)))
        yield w / w.sum(1, keepdims=True)


def table_of(rank0: Any, shift: int, width: int, rows: Any) -> Any:
    """Return counts (N, ranges of ranks) of ranks from 0, as everybody counts them."""
    code = rows + (rank0 >> shift if shift else rank0)
    return np.bincount(code.ravel(), minlength=len(rows) * width)


def with_rankdata(scores: Any, blocks: Iterator[Any]) -> Any:
    n = len(scores)
    width, shift, rows = bins(n), bin_shift(n), np.arange(n) * bins(n)
    counts = np.zeros(n * width, np.int64)
    for w in blocks:
        totals = np.round(w @ scores.T, 2)
        ranks = rankdata(-totals, method="min", axis=1).astype(np.int64)
        counts += table_of(ranks - 1, shift, width, rows)
    return counts.reshape(n, width)


def with_argsort(scores: Any, blocks: Iterator[Any]) -> Any:
    n = len(scores)
    width, shift, rows = bins(n), bin_shift(n), np.arange(n) * bins(n)
    counts = np.zeros(n * width, np.int64)
    for w in blocks:
        totals = np.round(w @ scores.T, 2)
        counts += table_of((-totals).argsort(1).argsort(1), shift, width, rows)
    return counts.reshape(n, width)


def additive(units: int, indicators: int, draws: int) -> None:
    scheme, panel, scores, base = case(units, indicators)
    law = weights(WITHIN)
    looped = max(50_000 // units, 20)
    rows = max(65536 // units, 16)

    def ours(threads: int = 1, source: Any = "sobol", n: int = draws) -> Any:
        options = {"seed": 5, "threads": threads, "source": source}
        return montecarlo(scheme, panel, law, draws=n, **options).acceptability

    # The same weights give the same table.
    found = montecarlo(scheme, panel, law, draws=4096, seed=5, threads=1)
    study = study_of(found._study.plan)
    blocks = []
    for batch in range(BATCHES):
        points = uniforms("sobol", 5, batch, indicators, 0, points_per_batch(4096), 256)
        for u in points:
            w = study.weights(u)
            blocks.append(w / w.sum(1, keepdims=True))
    peer = with_rankdata(scores, iter(blocks)) / found.draws
    # np.round sees the noise of binary halves; we do not.
    assert np.abs(found.acceptability.to_numpy() - peer).max() < 2e-3

    few = next(drawn(base, looped, looped))
    calls: dict[str, Callable[[], Any]] = {
        "simkaohe, Sobol": ours,
        "simkaohe, pseudo-random": lambda: ours(source="random"),
        "simkaohe, Sobol, 2 threads": lambda: ours(threads=2),
        "(a) scipy rankdata": lambda: with_rankdata(scores, drawn(base, draws // PART, rows)),
        "(b) argsort twice": lambda: with_argsort(scores, drawn(base, draws // PART, rows)),
    }
    done = dict.fromkeys(calls, draws) | dict.fromkeys(list(calls)[3:], draws // PART)
    if skcriteria:
        model, goals = WeightedSumModel(), [max] * indicators

        def loop_skcriteria() -> Any:
            counts = np.zeros((units, units), np.int64)
            for w in few:
                ranking = model.evaluate(skcriteria.mkdm(scores, goals, weights=w))
                counts[np.arange(units), ranking.rank_ - 1] += 1
            return counts

        calls["(c) loop over scikit-criteria"] = loop_skcriteria
    if pymcdm:
        kinds = np.ones(indicators)
        wsm = pymcdm.methods.WSM(normalization_function=lambda x, cost=False: x)

        def loop_pymcdm() -> Any:
            counts = np.zeros((units, units), np.int64)
            for w in few:
                ranks = pymcdm.helpers.rrankdata(wsm(scores, w, kinds, validation=False))
                counts[np.arange(units), ranks.astype(np.int64) - 1] += 1
            return counts

        calls["(c) loop over pymcdm"] = loop_pymcdm
    # All take turns: a loop timed by itself would meet another load of the machine.
    taken = interleaved(calls, seconds=15.0, least=3, turn=2)
    times = {n: scaled(t, draws / done.get(n, looped)) for n, t in taken.items()}
    show(
        f"{units} units × {indicators} indicators, additive, {draws:,} draws",
        draws,
        times,
        "simkaohe, Sobol",
    )


# -- a full scheme ---------------------------------------------------------------------------------


def full_case() -> tuple[Any, Any, Any]:
    """Categories with weights of their own, geometric groups, multiplier, bonus, veto, quotas."""
    rng = np.random.default_rng(3)
    papers = {"development": 16, "party": 8, "public": 4}
    kinds = ("urban", "rural", "ecology")
    units = {f"u{i}": kinds[i % 3] for i in range(100)}
    names = [f"{paper}{k}" for paper, size in papers.items() for k in range(size)]
    raw = rng.gamma(9.0, 5.0, (len(units), len(names)))
    rule = {"method": "minmax", "worst": 0.0, "best": 120.0}
    groups = [
        {
            "id": paper,
            "weight": 20.0,
            "children": [{"id": f"{paper}{k}", "weight": 10.0, "rule": rule} for k in range(size)],
        }
        for paper, size in papers.items()
    ]
    for kind, scale in (("rural", 0.5), ("ecology", 2.0)):
        for child in groups[0]["children"][:5]:
            child.setdefault("weights_by_category", {})[kind] = 10 * scale
    groups[0]["children"][5]["weights_by_category"] = {"ecology": 0.0}
    groups[1]["combine"] = {"method": "geometric", "zero": "floor"}
    scheme = sk.Scheme.read(
        {
            "categories": dict.fromkeys(kinds),
            "units": units,
            "ranking": {"digits": 2},
            "adjustments": {
                "award": {"method": "bonus", "points": {"high": 2.0, "low": 1.0}, "cap": 3.0},
                "accident": {"method": "veto", "effects": ["not_top"]},
            },
            "grades": {
                "bands": [{"name": "A", "share": 0.3}, {"name": "B", "share": 0.5}, {"name": "C"}]
            },
            "root": {
                "id": "total",
                "combine": {
                    "method": "multiplier",
                    "base": "development",
                    "map": "linear_band",
                    "low": 0.9,
                    "high": 1.1,
                },
                "children": groups,
            },
        }
    )
    events = pd.DataFrame(
        [{"unit": f"u{i}", "event": "award", "kind": ("high", "low")[i % 2], "count": 1 + i % 2} for i in range(0, 100, 7)]
        + [{"unit": f"u{i}", "event": "accident", "kind": "", "count": 1} for i in (2, 11, 42)]
    )  # fmt: skip
    return scheme, sk.Panel(pd.DataFrame(raw, list(units), names), events=events), papers


class Handmade:
    """The full scheme written out in numpy for itself alone, in blocks of draws."""

    def __init__(self, scheme: Any, panel: Any, papers: Any) -> None:
        self.ends = np.cumsum([0, *papers.values()])
        raw = panel.frame("actual").to_numpy()
        scores = 100 * np.clip(raw / 120.0, 0, 1).T
        self.x = [scores[a:b] for a, b in pairwise(self.ends)]
        self.logs = np.log(np.maximum(self.x[1], 1.0))
        kinds = np.array([scheme.units[u] for u in panel.units])
        self.members = [np.flatnonzero(kinds == kind) for kind in scheme.categories]
        self.base = np.array(
            [
                [scheme.weight_in(leaf, kind) for leaf in scheme.indicators]
                for kind in scheme.categories
            ]
        )
        engine = sk.Engine(scheme, panel)
        self.bonus = engine.amounts(scheme.root)["award"]
        self.veto = engine.struck("accident")

    def tables(self, blocks: Iterator[Any], count: int) -> tuple[Any, Any, Any]:
        n = self.x[0].shape[1]
        most = max(map(len, self.members))
        ranks, inside, grades = np.zeros(n * n, int), np.zeros(n * most, int), np.zeros(n * 3, int)
        each = np.arange(n)
        for factor, high in blocks:
            q = self.totals(factor, high)
            ranks += np.bincount((each * n + self.ranks(q) - 1).ravel(), minlength=n * n)
            own, grade = np.empty(q.shape, int), np.full(q.shape, 2)
            for members in self.members:
                part = q[:, members]
                own[:, members] = self.ranks(part)
                grade[:, members] = self.graded(part, self.veto[members])
            inside += np.bincount((each * most + own - 1).ravel(), minlength=n * most)
            grades += np.bincount((each * 3 + grade).ravel(), minlength=n * 3)
        return ranks.reshape(n, n), inside.reshape(n, most), grades.reshape(n, 3)

    def totals(self, factor: Any, high: Any) -> Any:
        papers = np.empty((3, len(factor), self.x[0].shape[1]))
        for base, members in zip(self.base, self.members, strict=True):
            parts = np.split(factor * base, self.ends[1:-1], axis=1)
            shares = [w / w.sum(1, keepdims=True) for w in parts]
            papers[0][:, members] = shares[0] @ self.x[0][:, members]
            papers[1][:, members] = np.exp(shares[1] @ self.logs[:, members])
            papers[2][:, members] = shares[2] @ self.x[2][:, members]
        total = papers[0]
        for paper in papers[1:]:
            low, top = paper.min(1, keepdims=True), paper.max(1, keepdims=True)
            total = total * (0.9 + (high[:, None] - 0.9) * (paper - low) / (top - low))
        return np.floor((total + self.bonus) * 100 + (0.5 + BAND)).astype(np.int64)

    def graded(self, q: Any, struck: Any) -> Any:
        n = q.shape[1]
        good, middle = (int(share * n + 0.5) for share in (0.3, 0.5))
        able = np.where(struck, -1, q)
        first = (self.ranks(able, last=True) <= good) & ~struck
        rest = np.where(first, -1, q)
        second = (self.ranks(rest, last=True) <= middle) & ~first
        return np.where(first, 0, np.where(second, 1, 2))

    @staticmethod
    def ranks(q: Any, last: bool = False) -> Any:
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


def full_scheme(draws: int) -> None:
    scheme, panel, papers = full_case()
    groups = list(papers)
    what = [weights(WITHIN, node=groups), ranges({"total.combine.high": (1.05, 1.2)})]
    hand = Handmade(scheme, panel, papers)
    rng = np.random.default_rng(2)
    columns = len(scheme.indicators)

    def ours(threads: int = 1) -> Any:
        return montecarlo(scheme, panel, *what, draws=draws, seed=5, threads=threads)

    def blocks(rows: int = 512) -> Iterator[Any]:
        for start in range(0, draws, rows):
            size = min(rows, draws - start)
            yield rng.uniform(1 - WITHIN, 1 + WITHIN, (size, columns)), rng.uniform(1.05, 1.2, size)

    found = montecarlo(scheme, panel, *what, draws=4096, seed=5, threads=1)
    same = []
    for batch in range(BATCHES):
        for u in uniforms("sobol", 5, batch, columns + 1, 0, points_per_batch(4096), 256):
            same.append((1 - WITHIN + 2 * WITHIN * u[:, :columns], 1.05 + 0.15 * u[:, columns]))
    ranks, inside, grades = (t / found.draws for t in hand.tables(iter(same), found.draws))
    np.testing.assert_allclose(found.acceptability, ranks, atol=1e-3)
    np.testing.assert_allclose(found.category_acceptability, inside, atol=1e-3)
    np.testing.assert_allclose(found.grades.iloc[:, :3], grades, atol=1e-3)
    times = interleaved(
        {
            "simkaohe": ours,
            "simkaohe, 2 threads": lambda: ours(2),
            "numpy by hand": lambda: hand.tables(blocks(), draws),
        },
        seconds=12.0,
        least=3,
        turn=1,
    )
    title = f"A full scheme, 100 units × {columns} indicators, {draws:,} draws"
    show(title, draws, times, "simkaohe")


# -- memory ----------------------------------------------------------------------------------------


def memory() -> None:
    """Print the peak of a fresh process, from Linux' own book-keeping."""
    if not os.path.exists("/proc/self/status"):
        return
    here = os.path.dirname(os.path.abspath(__file__))
    code = (
        "import sys; sys.path.insert(0, {here!r})\n"
        "from montecarlo import case, montecarlo, peak, weights\n"
        "scheme, panel, *_ = case(100, 40)\n"
        "run = lambda draws: montecarlo(scheme, panel, weights(0.2), draws=draws, threads={threads})\n"
        "run(16).acceptability\n"
        "before = peak()\n"
        "run({draws}).acceptability\n"
        "print(before, peak())\n"
    )
    rows = []
    for draws in (10_000, 100_000, 1_000_000):
        row = [f"{draws:,}"]
        for threads in (1, 2):
            script = code.format(here=here, draws=draws, threads=threads)
            done = subprocess.run(
                [sys.executable, "-c", script], capture_output=True, text=True, check=True
            )
            before, after = map(int, done.stdout.split())
            row += [f"{after / 1024:.0f}", f"{(after - before) / 1024:.1f}"]
        rows.append(row)
    headers = ["draws", "peak MB, 1 thread", "of which the run", "2 threads", "of which the run"]
    print(f"\nMemory, 100 units × 40 indicators\n{tabulate(rows, headers, tablefmt='simple')}")


def peak() -> int:
    """Return the most memory that this process has had, in kB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def scaled(timing: Timing, by: float) -> Timing:
    return Timing(*(seconds * by for seconds in timing))


def show(title: str, draws: int, found: dict[str, Timing], ours: str) -> None:
    """Print one row for each way: draws per second, and how many times faster ours is."""
    rows = [
        [
            name,
            f"{draws / t.best:,.0f}",
            f"{t.best / found[ours].best:.3g}",
            f"{t.middle / found[ours].middle:.3g}",
        ]
        for name, t in found.items()
    ]
    headers = ["", "draws/s", f"÷ {ours}, best", "median"]
    print(f"\n{title}\n{tabulate(rows, headers, tablefmt='simple', disable_numparse=True)}")


if __name__ == "__main__":
    main()
