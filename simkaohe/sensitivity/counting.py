"""Counting any part of the draws of a study, and what each factor does."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cache
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simkaohe.sensitivity.kernel import Additive
from simkaohe.sensitivity.layout import BATCHES, Layout, Plan, uniforms
from simkaohe.sensitivity.tallying import Board, bin_shift, bins, counted
from simkaohe.sensitivity.weighing import Weights

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Tables = dict[str, npt.NDArray[Any]]
Boards = dict[tuple[str, int, int], Board]
NARROW, WIDE = 1 << 20, 1 << 40
"""Spans of totals, in units of the last digit: what keys of 32 bits hold, and what they do not."""
TRIALS = 16
"""Pairs of draws that show whether a factor has an effect."""


class Task(NamedTuple):
    """Some points of one batch."""

    batch: int
    start: int
    stop: int


class Parts(NamedTuple):
    """Outcomes of draws, each (R, N), units in the order of the first scheme's engine."""

    totals: Array
    ranks: Ints
    category_ranks: Ints
    grades: npt.NDArray[Any]


def _each(parts: Parts, change: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]) -> Parts:
    return Parts(*map(change, parts))


class Study(Layout):
    """Engines of every scheme and variant, ready to count."""

    def count(self, task: Task) -> Tables:
        """Return the counts of a task's draws, by scheme and kind: ``scheme|ranks`` …."""
        plan = self.plan
        found: Tables = {}
        leans: dict[tuple[str, int], Additive] = {}
        boards: Boards = {}
        chunks = uniforms(
            plan.source, plan.seed, task.batch, len(self.columns), task.start, task.stop, self.rows
        )
        for u in chunks:
            ranks: dict[str, Ints] = {}
            for name, variants in self.variants.items():
                for number, rows in self._shared(u):
                    variant = variants[number]
                    if variant.lean is not None and not plan.also:
                        lean = leans.get((name, number)) or variant.lean.fresh()
                        leans[name, number] = lean
                        place = np.concatenate(variant.places)
                        some = u if len(place) == u.shape[1] else u[:, place]
                        lean.count(some if rows is None else some[rows])
                        continue
                    some = u if rows is None else u[rows]
                    if not plan.also and variant.ranked is not None:
                        self._place(found, boards, (name, number), some)
                        continue
                    parts = self._parts(name, number, some)
                    self._tally(found, name, parts)
                    if plan.also:
                        whole = ranks.setdefault(name, np.zeros((len(u), len(self.units)), int))
                        whole[slice(None) if rows is None else rows] = parts.ranks
            if plan.also:
                self._more(found, ranks, u)
        counters: list[tuple[tuple[str, int], Additive | Board]] = [*leans.items()]
        counters += [(key[:2], board) for key, board in boards.items()]
        for (name, number), counter in counters:
            order = self.order[name][number]
            for kind, table in counter.tables().items():
                _add(found, f"{name}|{kind}", table[:, order])
        return found

    def _place(self, found: Tables, boards: Boards, key: tuple[str, int], u: Array) -> None:
        """Count places where nobody asks for ranks draw by draw."""
        name, number = key
        variant, order = self.variants[name][number], self.order[name][number]
        assert variant.ranked is not None
        for who, grades in variant.engine.orders(variant.draws(u)):
            best = int(who.q.max())
            span = NARROW if best - int(who.q.min()) < NARROW else WIDE
            if (*key, span) not in boards:
                boards[*key, span] = Board(variant.engine.members, variant.ranked, span)
            board = boards[*key, span]
            board.add((best - who.q)[:, board.order])
            if grades is not None:
                _add(found, f"{name}|grades", self._graded(grades[:, order]))

    def _graded(self, grades: npt.NDArray[Any]) -> Ints:
        return counted(grades.astype(np.int64) + 1, len(self.bands), 0)

    def _shared(self, u: Array) -> list[tuple[int, npt.NDArray[np.intp] | None]]:
        """Return which variant takes which draws; None: all of them."""
        if not self.choices:
            return [(0, None)]
        number = np.zeros(len(u), np.int64)
        for k, each in enumerate(self.choices):
            count = len(each.options)
            number = number * count + np.minimum((u[:, k] * count).astype(np.int64), count - 1)
        return [(int(n), np.flatnonzero(number == n)) for n in np.unique(number)]

    def _parts(self, name: str, number: int, u: Array) -> Parts:
        variant, order = self.variants[name][number], self.order[name][number]
        outcome = variant.engine.run(variant.draws(u), check=False)
        grades = outcome.ranks[:, :0] if outcome.grades is None else outcome.grades
        found = Parts(outcome.totals, outcome.ranks, outcome.category_ranks, grades)
        if variant.engine.units != self.units:
            found = _each(found, lambda part: part[:, order] if part.shape[1] else part)
        if len(found.ranks) == len(u):
            return found
        # nothing that is drawn concerns this variant
        return _each(found, lambda part: np.broadcast_to(part, (len(u), part.shape[1])))

    def _tally(self, found: Tables, name: str, parts: Parts) -> None:
        whole = [("ranks", "rank_sums", parts.ranks, len(self.units))]
        if self.several:
            whole.append(("category_ranks", "category_sums", parts.category_ranks, self.largest))
        for kind, sums, ranks, units in whole:
            _add(found, f"{name}|{kind}", counted(ranks, bins(units), bin_shift(units)))
            both = np.array([ranks.sum(0), np.einsum("rn,rn->n", ranks, ranks)])
            _add(found, f"{name}|{sums}", both)
        if self.bands:
            _add(found, f"{name}|grades", self._graded(parts.grades))

    def _more(self, found: Tables, ranks: dict[str, Ints], u: Array) -> None:
        """Count what needs the ranks of whole draws."""
        base, *others = ranks.values()
        base_name, *names = ranks
        if "wins" in self.plan.also:
            n = len(self.units)
            across = np.where(base > 0, base, n + 1).astype(np.int32).T.copy()
            wins = [np.count_nonzero(own < across, axis=1) for own in across]
            _add(found, f"{base_name}|wins", np.array(wins))
        if "central_weights" in self.plan.also:
            drawn = self.weights(u)
            row, unit = np.nonzero(base == 1)
            order = np.argsort(unit, kind="stable")
            row, unit = row[order], unit[order]
            sums = np.zeros((len(self.units), 1 + drawn.shape[1]))
            if len(unit):
                starts = np.flatnonzero(np.r_[True, unit[1:] != unit[:-1]])
                sums[unit[starts], 1:] = np.add.reduceat(drawn[row], starts)
                sums[:, 0] = np.bincount(unit, minlength=len(sums))
            _add(found, f"{base_name}|central_weights", sums)
        for name, other in zip(names, others, strict=True):
            both = (base > 0) & (other > 0)
            gain = np.where(both, base - other, 0)
            shift = [both, gain, gain**2, gain > 0, gain < 0]
            _add(found, f"{name}|shifts", np.array([each.sum(0) for each in shift]))

    def weights(self, u: Array) -> Array:
        """Return the drawn weights (R, K) of the first scheme, in the order of its columns."""
        variant = next(iter(self.variants.values()))[0]
        parts = [
            atom.drawn(variant.engine.scheme, u[:, place])
            for (atom, _), place in zip(variant.bound, variant.places, strict=True)
            if isinstance(atom, Weights)
        ]
        return np.concatenate(parts, axis=1) if parts else np.empty((len(u), 0))

    def weight_paths(self) -> list[str]:
        """Return the paths of the drawn weights of the first scheme."""
        variant = next(iter(self.variants.values()))[0]
        return [
            path for atom, b in variant.bound if isinstance(atom, Weights) for path in b.columns
        ]

    # -- does it matter? -------------------------------------------------------------------------

    def idle(self, name: str) -> list[str]:
        """Return the factors that change nothing; most show in a single trial that they do."""
        return self._without_effect(name, self._without_effect(name, list(self.factors), 1))

    def _without_effect(self, name: str, factors: list[str], trials: int = TRIALS) -> list[str]:
        found = self.effects(name, factors, trials)
        return [factor for factor in factors if not any(found[factor])]

    def effects(
        self, name: str, factors: Sequence[str] | None = None, trials: int = TRIALS
    ) -> dict[str, tuple[float, float, float]]:
        """Return what redrawing each factor alone changes.

        The largest change of a total, the mean change of a rank, the share of grades that change.
        """
        plan = self.plan
        d = len(self.columns)
        [pairs] = uniforms(plan.source, plan.seed, BATCHES, d, 0, 2 * TRIALS, 2 * TRIALS)
        base, other = pairs[:trials], pairs[TRIALS : TRIALS + trials]
        ends = np.arange(trials) % 4  # half of the trials go to the ends of the range
        other[ends == 1], other[ends == 3] = 2.0**-20, 1 - 2.0**-20
        found = {}
        at_once = max((1 << 22) // (trials * d), 1)
        names = list(self.factors) if factors is None else list(factors)
        before = self.outcomes(name, base)
        for start in range(0, len(names), at_once):
            some = names[start : start + at_once]
            moved = np.tile(base, (len(some), 1))
            for k, factor in enumerate(some):
                places = self.factors[factor]
                moved[k * trials : (k + 1) * trials, places] = other[:, places]
            after = self.outcomes(name, moved)
            for k, factor in enumerate(some):
                rows = slice(k * trials, (k + 1) * trials)
                found[factor] = (
                    float(np.abs(after.totals[rows] - before.totals).max()),
                    float(np.abs(after.ranks[rows] - before.ranks).mean()),
                    float((after.grades[rows] != before.grades).mean()) if self.bands else 0.0,
                )
        return found

    def outcomes(self, name: str, u: Array) -> Parts:
        """Return what one scheme gives for points of the unit cube, (R, dimensions)."""
        whole: list[npt.NDArray[Any]] = []
        for number, rows in self._shared(u):
            parts = self._parts(name, number, u if rows is None else u[rows])
            if rows is None:
                return parts
            whole = whole or [np.empty((len(u), p.shape[1]), p.dtype) for p in parts]
            for into, part in zip(whole, parts, strict=True):
                into[rows] = part
        return Parts(*whole)


def _add(found: Tables, name: str, table: npt.NDArray[Any]) -> None:
    if name in found:
        found[name] += table
    else:
        found[name] = table


_studies: OrderedDict[str, Study] = OrderedDict()
_lock = Lock()


def study_of(plan: Plan) -> Study:
    """Return the study of a plan; a process keeps the last few."""
    with _lock:
        if plan.key not in _studies:
            _studies[plan.key] = Study(plan)
            while len(_studies) > 4:
                _studies.popitem(last=False)
        _studies.move_to_end(plan.key)
        return _studies[plan.key]


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def count(plan: Plan, task: Task) -> Tables:
    """Count one task, matrix products on one thread; what other threads and processes are sent."""
    with _controller().limit(limits=1):
        return study_of(plan).count(task)
