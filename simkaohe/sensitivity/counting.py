"""One study: schemes, data and what varies, ready to count any part of the draws.

A plan says everything and can be sent to another process; a study is the plan with its engines.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simkaohe.engine import Engine
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme
from simkaohe.sensitivity.kernel import CACHE, Additive, additive, bin_shift, bins, counted
from simkaohe.sensitivity.sources import BATCHES, Kind, check_dimensions, uniforms
from simkaohe.sensitivity.varying import Bound, Choice, Varying, Weights

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Tables = dict[str, npt.NDArray[Any]]
VARIANTS = 256
"""Combinations of alternatives that are run at most."""
TRIALS = 16
"""Pairs of draws that show whether a factor has an effect."""


class Task(NamedTuple):
    """Some points of one batch."""

    batch: int
    start: int
    stop: int


@dataclass(frozen=True)
class Plan:
    """Everything that the counts depend on."""

    key: str
    schemes: tuple[tuple[str, Scheme], ...]
    panel: Panel
    what: tuple[Varying | Choice, ...]
    seed: int
    source: Kind
    also: frozenset[str]


class Parts(NamedTuple):
    """Outcomes of draws, each (R, N), units in the order of the first scheme's engine."""

    totals: Array
    ranks: Ints
    category_ranks: Ints
    grades: Ints


class Variant:
    """One scheme with its alternatives chosen."""

    def __init__(self, engine: Engine, bound: Sequence[tuple[Varying, Bound]]) -> None:
        self.engine, self.bound = engine, bound
        self.places: list[npt.NDArray[np.intp]] = []
        self.lean: Additive | None = additive(engine, [varying for varying, _ in bound])

    def locate(self, place: dict[str, int]) -> None:
        """Learn which columns of the draws belong to what."""
        self.places = [np.array([place[c] for c in b.columns], np.intp) for _, b in self.bound]

    def draws(self, u: Array) -> dict[str, Array]:
        """Return the draws of the engine."""
        found: dict[str, Array] = {}
        for (_, bound), place in zip(self.bound, self.places, strict=True):
            found |= bound.draws(u[:, place])
        return found


class Study:
    """Engines of every scheme and variant, and which number in [0, 1) belongs to what.

    Attributes
    ----------
    units : tuple of str
    columns : dict of column to place
    factors : dict of factor to places of its columns
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.choices = [each for each in plan.what if isinstance(each, Choice)]
        atoms = [a for each in plan.what if isinstance(each, Varying) for a in each.atoms()]
        self._check_variants()
        self.variants = {
            name: [Variant(e, []) for e in self._engines(name, scheme)]
            for name, scheme in plan.schemes
        }
        everywhere = [v for variants in self.variants.values() for v in variants]
        self.factors: dict[str, list[int]] = {c.path: [k] for k, c in enumerate(self.choices)}
        self.columns: dict[str, int] = {c.path: k for k, c in enumerate(self.choices)}
        taken: dict[str, int] = {}
        for number, atom in enumerate(atoms):
            self._bind(number, atom, everywhere, taken)
        for variant in everywhere:
            variant.lean = additive(variant.engine, [atom for atom, _ in variant.bound])
            variant.locate(self.columns)
        check_dimensions(plan.source, len(self.columns))
        first = everywhere[0].engine
        self.units = first.units
        self.order = {
            name: [v.engine.people.places(self.units) for v in variants]
            for name, variants in self.variants.items()
        }
        self.bands = self._bands(everywhere)
        self.largest = max(max(map(len, v.engine.members)) for v in everywhere)
        self.several = any(len(v.engine.members) > 1 for v in everywhere)
        self.rows = self._rows()

    def _check_variants(self) -> None:
        count = prod(len(each.options) for each in self.choices)
        if not self.plan.what or count > VARIANTS:
            raise SimkaoheError(
                Problem(
                    "montecarlo",
                    Words("没有变动因素", "nothing varies")
                    if not self.plan.what
                    else Words(f"{count} 种方案组合", f"{count} combinations of alternatives"),
                    Words("weights、ranges、choice、noise 之一", "weights, ranges, choice or noise")
                    if not self.plan.what
                    else Words(f"最多 {VARIANTS} 种", f"at most {VARIANTS}"),
                )
            )

    def _engines(self, name: str, scheme: Scheme) -> list[Engine]:
        engines = []
        for options in product(*(each.options for each in self.choices)):
            try:
                edited = scheme
                for option in options:
                    edited = edited.edit(option)
                engines.append(Engine(edited, self.plan.panel))
            except SimkaoheError as error:
                place = " + ".join(option.name for option in options)
                names = [part for part in (name, place) if part]
                raise error.inside(" › ".join(names)) if names else error from error
        return engines

    def _bind(
        self, number: int, atom: Varying, variants: list[Variant], taken: dict[str, int]
    ) -> None:
        """Bind what varies to every variant that has it; one must."""
        problem: SimkaoheError | None = None
        found = False
        for variant in variants:
            try:
                bound = atom.bind(variant.engine)
            except SimkaoheError as error:
                problem = problem or error
                continue
            found = True
            variant.bound = [*variant.bound, (atom, bound)]
            for column, factor in bound.columns.items():
                if taken.setdefault(column, number) != number:
                    raise SimkaoheError(
                        Problem(
                            column,
                            Words("变动了两次", "it varies twice"),
                            remedy=Words("只保留一种变动", "Keep one of the ways to vary it"),
                        )
                    )
                if column not in self.columns:
                    self.columns[column] = len(self.columns)
                    self.factors.setdefault(factor, []).append(self.columns[column])
        if problem is not None and not found:
            raise problem

    def _bands(self, variants: list[Variant]) -> tuple[str, ...]:
        names = {
            tuple(band.name for band in v.engine.scheme.grades.bands)
            if v.engine.scheme.grades
            else ()
            for v in variants
        }
        if len(names) > 1:
            raise SimkaoheError(
                Problem(
                    "grades",
                    Words("各方案的等次名称不同", "the alternatives have different grades"),
                    remedy=Words("请使用相同的等次", "Give them the same grades"),
                )
            )
        return names.pop()

    def _rows(self) -> int:
        """Return how many draws are best taken at a time."""
        leans = [v.lean for variants in self.variants.values() for v in variants]
        if len(leans) == 1 and leans[0] is not None and not self.plan.also:
            return leans[0].rows
        room = 8 * CACHE // max(len(self.units), len(self.columns))
        most = 2048 * max(map(len, self.variants.values()))
        return 1 << (int(np.clip(room, 64, most)).bit_length() - 1)

    # -- counting --------------------------------------------------------------------------------

    def count(self, task: Task) -> Tables:
        """Return the counts of a task's draws, by scheme and kind: ``scheme|ranks`` …"""
        plan = self.plan
        found: Tables = {}
        leans: dict[tuple[str, int], Additive] = {}
        chunks = uniforms(
            plan.source, plan.seed, task.batch, len(self.columns), task.start, task.stop, self.rows
        )
        for u in chunks:
            ranks: dict[str, Ints] = {}
            for name, variants in self.variants.items():
                for number, rows in self._shared(u):
                    variant = variants[number]
                    if variant.lean is not None and not plan.also:
                        lean = leans.setdefault((name, number), variant.lean.fresh())
                        place = np.concatenate(variant.places)
                        some = u if len(place) == u.shape[1] else u[:, place]
                        lean.count(some if rows is None else some[rows])
                        continue
                    some = u if rows is None else u[rows]
                    parts = self._parts(name, number, some)
                    self._tally(found, name, parts)
                    if plan.also:
                        whole = ranks.setdefault(name, np.zeros((len(u), len(self.units)), int))
                        whole[slice(None) if rows is None else rows] = parts.ranks
            if plan.also:
                self._more(found, ranks, u)
        for (name, number), lean in leans.items():
            order = self.order[name][number]
            for kind, table in lean.tables().items():
                _add(found, f"{name}|{kind}", table[:, order])
        return found

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
        grades = outcome.ranks[:, :0] if outcome.grades is None else outcome.grades[:, order]
        found = Parts(
            outcome.totals[:, order],
            outcome.ranks[:, order],
            outcome.category_ranks[:, order],
            grades.astype(np.int64),
        )
        if len(found.ranks) == len(u):
            return found
        # nothing that is drawn concerns this variant
        return Parts(*(np.broadcast_to(part, (len(u), part.shape[1])) for part in found))

    def _tally(self, found: Tables, name: str, parts: Parts) -> None:
        whole = [("ranks", "rank_sums", parts.ranks, len(self.units))]
        if self.several:
            whole.append(("category_ranks", "category_sums", parts.category_ranks, self.largest))
        for kind, sums, ranks, units in whole:
            _add(found, f"{name}|{kind}", counted(ranks, bins(units), bin_shift(units)))
            both = np.array([ranks.sum(0), np.einsum("rn,rn->n", ranks, ranks)])
            _add(found, f"{name}|{sums}", both)
        if self.bands:
            _add(found, f"{name}|grades", counted(parts.grades + 1, len(self.bands), 0))

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

    def effects(self, name: str) -> dict[str, tuple[float, float, float]]:
        """Return what redrawing one factor alone changes.

        Returns
        -------
        dict of factor to (totals, ranks, grades)
            Largest change of a total, mean change of a rank, share of grades that change.
        """
        plan = self.plan
        d = len(self.columns)
        [pairs] = uniforms(plan.source, plan.seed, BATCHES, d, 0, 2 * TRIALS, 2 * TRIALS)
        base, other = pairs[:TRIALS], pairs[TRIALS:]
        ends = np.arange(TRIALS) % 4  # half of the trials go to the ends of the range
        other[ends == 1], other[ends == 3] = 2.0**-20, 1 - 2.0**-20
        found = {}
        at_once = max((1 << 22) // (TRIALS * d), 1)
        factors = list(self.factors.items())
        before = self._outcomes(name, base)
        for start in range(0, len(factors), at_once):
            some = factors[start : start + at_once]
            moved = np.tile(base, (len(some), 1))
            for k, (_, places) in enumerate(some):
                moved[k * TRIALS : (k + 1) * TRIALS, places] = other[:, places]
            after = self._outcomes(name, moved)
            for k, (factor, _) in enumerate(some):
                rows = slice(k * TRIALS, (k + 1) * TRIALS)
                found[factor] = (
                    float(np.abs(after.totals[rows] - before.totals).max()),
                    float(np.abs(after.ranks[rows] - before.ranks).mean()),
                    float((after.grades[rows] != before.grades).mean()) if self.bands else 0.0,
                )
        return found

    def _outcomes(self, name: str, u: Array) -> Parts:
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


def count(plan: Plan, task: Task) -> Tables:
    """Count one task; what is sent to other threads and processes."""
    from simkaohe.sensitivity.running import one_thread

    with one_thread():
        return study_of(plan).count(task)
