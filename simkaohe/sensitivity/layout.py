"""Who takes part in a study: schemes, their variants, and which number in [0, 1) belongs to what.

A plan says everything and can be sent to another process; a layout is the plan with its engines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Literal

import numpy as np
import numpy.typing as npt

from simkaohe.engine import Engine
from simkaohe.errors import SimkaoheError, refuse
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.adjust import Veto
from simkaohe.scheme.tree import Scheme
from simkaohe.sensitivity.kernel import Additive, additive
from simkaohe.sensitivity.tallying import CACHE
from simkaohe.sensitivity.varying import Bound, Choice, Varying

Array = npt.NDArray[np.float64]
Kind = Literal["sobol", "random"]
BATCHES = 16
"""Independent scrambles, or streams of pseudo-random numbers; their scatter is the error."""
BITS = 24
"""Of a Sobol point; a scramble has as many points as they can tell apart."""
MOST = 21201
"""Dimensions that Sobol's direction numbers (Joe and Kuo 2008) exist for."""
VARIANTS = 256
"""Combinations of alternatives that are run at most."""
RANDOM = Words("请用 source='random'", "Use source='random'")


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


class Variant:
    """One scheme with its alternatives chosen.

    ``lean`` is the counter of an additive scheme, else None; ``ranked`` (N,) says who has a place
    in every draw, by competition: None where that varies, or nothing is drawn.
    """

    def __init__(self, engine: Engine, bound: Sequence[tuple[Varying, Bound]]) -> None:
        self.engine, self.bound = engine, bound
        self.places: list[npt.NDArray[np.intp]] = []  # of the columns that belong to what is bound
        self.lean: Additive | None = None
        self.ranked: npt.NDArray[np.bool_] | None = None

    def locate(self, place: dict[str, int]) -> None:
        """Learn which columns of the draws belong to what."""
        self.places = [np.array([place[c] for c in b.columns], np.intp) for _, b in self.bound]

    def learn(self) -> None:
        """Learn how places may be counted, once everything is bound."""
        scheme = self.engine.scheme
        self.lean = additive(self.engine, [atom for atom, _ in self.bound])
        vetoes = {n: v for n, v in scheme.adjustments.items() if isinstance(v, Veto)}
        out = {name: veto for name, veto in vetoes.items() if "out" in veto.effects}
        ranked = self.engine.people.ranked.copy()
        for name in out:
            ranked &= ~self.engine.struck(name)
        varies = any(veto.any_of for veto in out.values()) or scheme.ranking.ties != "competition"
        if self.bound and ranked.any() and not varies:
            self.ranked = ranked

    def draws(self, u: Array) -> dict[str, Array]:
        """Return the draws of the engine."""
        found: dict[str, Array] = {}
        for (_, bound), place in zip(self.bound, self.places, strict=True):
            found |= bound.draws(u[:, place])
        return found


class Layout:
    """Engines of every scheme and variant, and which number in [0, 1) belongs to what.

    ``columns`` has the place of each number, ``factors`` the places of each factor's numbers.
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
            variant.learn()
            variant.locate(self.columns)
        if plan.source == "sobol" and (count := len(self.columns)) > MOST:
            found = Words(f"{count} 个随机量", f"{count} numbers that vary")
            at_most = Words(f"Sobol 序列最多 {MOST} 个", f"at most {MOST} with Sobol points")
            refuse("source", found, at_most, RANDOM)
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
        if not self.plan.what:
            ways = Words("weights、ranges、choice、noise 之一", "weights, ranges, choice or noise")
            refuse("montecarlo", Words("没有变动因素", "nothing varies"), ways)
        count = prod(len(each.options) for each in self.choices)
        if count > VARIANTS:
            found = Words(f"{count} 种方案组合", f"{count} combinations of alternatives")
            refuse("montecarlo", found, Words(f"最多 {VARIANTS} 种", f"at most {VARIANTS}"))

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
                    once = Words("只保留一种变动", "Keep one of the ways to vary it")
                    refuse(column, Words("变动了两次", "it varies twice"), remedy=once)
                if column not in self.columns:
                    self.columns[column] = len(self.columns)
                    self.factors.setdefault(factor, []).append(self.columns[column])
        if problem is not None and not found:
            raise problem

    def _bands(self, variants: list[Variant]) -> tuple[str, ...]:
        grades = [v.engine.scheme.grades for v in variants]
        names = {tuple(band.name for band in each.bands) if each else () for each in grades}
        if len(names) > 1:
            found = Words("各方案的等次名称不同", "the alternatives have different grades")
            refuse("grades", found, remedy=Words("请使用相同的等次", "Give them the same grades"))
        return names.pop()

    def _rows(self) -> int:
        """Return how many draws are best taken at a time."""
        leans = [v.lean for variants in self.variants.values() for v in variants]
        if len(leans) == 1 and leans[0] is not None and not self.plan.also:
            return leans[0].rows
        room = 8 * CACHE // max(len(self.units), len(self.columns))
        most = 2048 * max(map(len, self.variants.values()))
        return 1 << (int(np.clip(room, 64, most)).bit_length() - 1)


# -- where the numbers come from -------------------------------------------------------------------


def uniforms(
    kind: Kind, seed: int, batch: int, dimensions: int, start: int, stop: int, rows: int
) -> Iterator[Array]:
    """Yield numbers (rows, dimensions) in [0, 1): the points from start to stop of a batch.

    Batches are independent scrambles (Owen-type linear scramble and shift) of Sobol points, or
    streams of SFC64. Which numbers a draw has depends on seed, batch and place alone.
    """
    if kind == "random":
        # One stream for each call: a part of a batch is drawn without those before it.
        stream = np.random.SeedSequence(seed, spawn_key=(batch, start))
        rng = np.random.Generator(np.random.SFC64(stream))
        for first in range(start, stop, rows):
            yield rng.random((min(rows, stop - first), dimensions))
        return
    from scipy.stats import qmc

    scramble = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(batch,)))
    points = qmc.Sobol(dimensions, scramble=True, bits=BITS, seed=scramble)
    if start:
        points.fast_forward(start)
    for first in range(start, stop, rows):
        yield points.random(min(rows, stop - first))


def points_per_batch(draws: int, kind: Kind = "sobol") -> int:
    """Return the draws of each batch: the power of two that gives at least ``draws`` in all."""
    points = 1 << max((draws + BATCHES - 1) // BATCHES - 1, 0).bit_length()
    if kind == "sobol" and points > 1 << BITS:
        most = f"{BATCHES << BITS:,}"
        at_most = Words(f"使用 Sobol 序列时最多 {most}", f"at most {most} with Sobol points")
        refuse("draws", f"{points * BATCHES:,}", at_most, RANDOM)
    return points
