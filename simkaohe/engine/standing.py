"""Standing (排名与等次): rounded totals, ranks, grades, and what a unit gets for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simkaohe.engine.adjusting import Adjusting, Pass
from simkaohe.engine.population import Population
from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.ranks import comparable, dense, first_places, last_digits
from simkaohe.scheme.adjust import Veto
from simkaohe.scheme.condition import Conditions
from simkaohe.scheme.grades import Grades
from simkaohe.scheme.tree import Scheme
from simkaohe.scheme.uses import Use

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
EXACT = 9
"""Decimals that totals are compared at when the scheme states none."""


@dataclass(frozen=True)
class Outcome:
    """What a run gives: arrays of shape (R, N), units in the engine's order.

    Attributes
    ----------
    totals : array of float
        Rounded as the scheme says.
    ranks, category_ranks : array of int
        0 for units that are not ranked.
    grades : array of int8, or None
        Place of the band, 0 is the best, −1 for none; None when the scheme has no grades.
    scores : mapping of node id to array (1|R, N)
        Unrounded scores, 0–100, of the nodes that were asked for.
    uses : mapping of use id to array (R, N)
        Money and seats, when they were asked for.
    """

    totals: Array
    ranks: Ints
    category_ranks: Ints
    grades: npt.NDArray[np.int8] | None
    scores: Mapping[str, Array]
    uses: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Struck:
    """Effects of vetoes on rank and grade, (1|R, N); ``worst`` is the best band allowed."""

    last: Bools
    out: Bools
    best_band: Ints
    down: Bools


class Order(NamedTuple):
    """Who is before whom, draw by draw.

    Attributes
    ----------
    totals : array (R, N)
        Rounded as the scheme says.
    q : array (R, N) of int
        Totals in units of their last digit, vetoed units moved behind the others.
    ranked : array (N,) or (1|R, N) of bool
    struck : Struck or None
    """

    totals: Array
    q: Ints
    ranked: Bools
    struck: Struck | None


TOO_LARGE = (
    Words("总分太大，算不出来", "its total is too large to be worked out"),
    Words(
        "请检查原始数据和权重中过大的数",
        "Look for numbers that are too large among its data and the weights",
    ),
)
NO_SCORE = (
    Words("没有任何得分", "this unit has no score at all"),
    Words("请补数，或把它从方案中去掉", "Fill in its data or leave it out"),
)
"""What is found of a unit whose total is no number, and what to do."""


class Standing:
    """From the total's scores to totals, ranks, grades and uses."""

    def __init__(
        self, scheme: Scheme, panel: Panel, people: Population, adjusting: Adjusting
    ) -> None:
        self._scheme, self._people, self._adjusting = scheme, people, adjusting
        self._vetoes = {
            name: veto for name, veto in scheme.adjustments.items() if isinstance(veto, Veto)
        }
        problems = []
        for name, use in scheme.uses.items():
            for column in (getattr(use, "need", None), getattr(use, "staff", None)):
                if not column:
                    continue
                if panel.numbers("covariates", column) is None:
                    there = panel.columns("covariates")
                    words = Words("数据列", "column")
                    problems.append(unknown(f"uses.{name} › covariates", column, there, words))
                else:
                    problems += self._bad_amounts(column)
        if problems:
            raise SimkaoheError(*problems)

    def _bad_amounts(self, column: str) -> Iterator[Problem]:
        """Yield a problem for every ranked unit whose need or staff is missing or negative."""
        values = self._people.numbers("covariates", column)
        for unit in np.flatnonzero(self._people.ranked & ~(values >= 0)):
            value = values[unit]
            yield Problem(
                f"covariates › {self._people.units[unit]} › {column}",
                Words("没有数值", "nothing") if np.isnan(value) else f"{value:g}",
                Words("≥ 0 的数", "a number ≥ 0"),
            )

    def order(self, now: Pass) -> Order:
        """Return who is before whom in a pass."""
        root = now.known[self._scheme.root.id]
        self._check(root)
        digits = self._digits(root)
        q = last_digits(root * (self._scheme.full / 100), digits)
        totals = q / 10.0**digits
        struck = self._struck(now)
        ranked = self._people.ranked
        if struck is not None:
            ranked = ranked & ~struck.out
        if not ranked.all() or (struck is not None and struck.last.any()):
            q = self._moved_back(q, struck, ranked)
        return Order(totals, q, ranked, struck)

    def of(self, now: Pass, wanted: Mapping[str, Array], *, uses: bool) -> Outcome:
        """Return the outcome of a pass; ``wanted`` are the scores to hand on."""
        scheme, people = self._scheme, self._people
        order = self.order(now)
        final: Callable[[Ints], Ints] = dense if scheme.ranking.ties == "dense" else _same
        ranks = category_ranks = final(first_places(order.q))
        if len(people.members) > 1:
            category_ranks = np.empty_like(ranks)
            for members in people.members:
                category_ranks[:, members] = final(first_places(order.q[:, members]))
        if not order.ranked.all():
            ranks = np.where(order.ranked, ranks, 0)
            category_ranks = np.where(order.ranked, category_ranks, 0)
        outcome = Outcome(order.totals, ranks, category_ranks, self.grades(order, now), wanted)
        if not uses or not scheme.uses:
            return outcome
        amounts = {name: self._used(use, outcome, now) for name, use in scheme.uses.items()}
        return replace(outcome, uses=amounts)

    def _digits(self, root: Array) -> int:
        """Return the decimals that totals are compared at; those that fit into an integer.

        Places are packed with their units into 63 bits, and those moved back need two more.
        """
        stated = self._scheme.ranking.digits
        bits = max(len(self._people.units) - 1, 1).bit_length()
        largest = max(float(np.abs(root).max()) * self._scheme.full / 100, 1.0)
        room = int(np.floor((60 - bits) * np.log10(2) - np.log10(largest)))
        if stated is None:
            return min(EXACT, room)
        if stated > room:
            raise SimkaoheError(
                Problem(
                    "ranking.digits",
                    f"{stated}",
                    Words(
                        f"总分达 {largest:.3g} 时至多 {max(room, 0)} 位",
                        f"at most {max(room, 0)} with totals of {largest:.3g}",
                    ),
                )
            )
        return stated

    def _check(self, root: Array) -> None:
        for wrong, found, remedy in (
            (np.isinf(root), *TOO_LARGE),
            (np.isnan(root), *NO_SCORE),
        ):
            units = [self._people.units[unit] for unit in np.flatnonzero(wrong.any(0))]
            if units:
                raise SimkaoheError(*(Problem(unit, found, remedy=remedy) for unit in units))

    # -- vetoes ----------------------------------------------------------------------------------

    def _struck(self, now: Pass) -> Struck | None:
        """Return what the vetoes do to ranks and grades; None where they do nothing."""
        acting = {
            name: self._adjusting.struck(name, now)
            for name, veto in self._vetoes.items()
            if set(veto.effects) - {"flag", "zero", "score_cap"}
        }
        if not any(struck.any() for struck in acting.values()):
            return None
        nobody = np.zeros((1, len(self._people.units)), bool)
        last, out, down = nobody, nobody, nobody
        best = np.zeros(nobody.shape, np.int64)
        names = [band.name for band in self._scheme.grades.bands] if self._scheme.grades else []
        for name, struck in acting.items():
            veto = self._vetoes[name]
            last = last | (struck if "last" in veto.effects else nobody)
            out = out | (struck if "out" in veto.effects else nobody)
            down = down | (struck if "grade_down" in veto.effects else nobody)
            if "not_top" in veto.effects:
                best = np.maximum(best, np.where(struck, 1, 0))
            if veto.grade is not None:
                best = np.maximum(best, np.where(struck, names.index(veto.grade), 0))
        return Struck(last, out, np.minimum(best, max(len(names) - 1, 0)), down)

    def _moved_back(self, q: Ints, struck: Struck | None, ranked: Bools) -> Ints:
        """Return totals for ranking: vetoed units behind the others, unranked ones behind all."""
        step = q.max(-1, keepdims=True) - q.min(-1, keepdims=True) + 1
        behind = np.where(ranked, 0, 2)
        if struck is not None:
            behind = np.maximum(behind, np.where(struck.last, 1, 0))
        return q - behind * step

    # -- grades ----------------------------------------------------------------------------------

    def grades(self, order: Order, now: Pass) -> npt.NDArray[np.int8] | None:
        """Return grades (R, N); None when the scheme has none."""
        rules, people, (totals, q, _, struck) = self._scheme.grades, self._people, order
        if rules is None:
            return None
        apart = rules.within == "category"
        together = people.members if apart else [np.arange(len(people.units))]
        together = [m[people.ranked[m]] for m in together]
        names = people.categories if apart else ("",)
        seats = rules.seats({n: len(m) for n, m in zip(names, together, strict=True)})
        eligible = self._eligible(rules, struck, now)
        claims = np.array(
            [np.broadcast_to(self._any_met(e.any_of, now), totals.shape) for e in rules.extra]
        ).reshape(len(rules.extra), *totals.shape)
        first_of = self._any_met(rules.priority, now) if rules.priority else None
        grades = np.full(totals.shape, len(rules.bands) - 1, np.int8)
        behind, decisive = _behind(q), rules.priority or rules.tie_break
        for name, members in zip(names, together, strict=True):
            if not len(members):
                continue
            own = behind[:, members]
            if decisive and (np.diff(np.sort(own, -1), axis=-1) == 0).any():
                own = self._untied(own.astype(np.int64), members, first_of, now)
            grades[:, members] = rules.assign(
                totals[:, members],
                own,
                seats[name],
                None if eligible is None else [each[:, members] for each in eligible],
                claims[:, :, members],
            )
        self._grade_outsiders(rules, totals, grades, eligible)
        if struck is not None and struck.down.any():
            lower = np.minimum(grades + 1, len(rules.bands) - 1)
            grades = np.where(struck.down, np.maximum(lower, struck.best_band), grades)
        if struck is not None and struck.out.any():
            grades = np.where(struck.out, -1, grades)
        return grades.astype(np.int8, copy=False)

    def _untied(self, behind: Ints, members: Ints, first_of: Bools | None, now: Pass) -> Ints:
        """Return who is behind whom when conditions and other scores decide between equals."""
        rules = self._scheme.grades
        assert rules is not None
        keys = [] if first_of is None else [np.where(first_of[:, members], 1, 2)]
        keys += [_places_of(now.known[node][:, members]) for node in rules.tie_break]
        for second in keys:
            behind = first_places(-(first_places(-behind) * (len(members) + 1) + second))
        return behind

    def _eligible(self, rules: Grades, struck: Struck | None, now: Pass) -> list[Bools] | None:
        """Return who may be in each band but the last, (1|R, N); None where all may."""
        if struck is None and not any(band.requires for band in rules.bands):
            return None
        found = []
        for number, band in enumerate(rules.bands[:-1]):
            may = self._all_met(band.requires, now)
            if struck is not None:
                may = may & (struck.best_band <= number) & ~struck.out
            found.append(may)
        return found

    def _grade_outsiders(
        self,
        rules: Grades,
        totals: Array,
        grades: npt.NDArray[np.int8],
        eligible: list[Bools] | None,
    ) -> None:
        """Give units outside the competition the grade that their total matches (in place)."""
        people = self._people
        if people.ranked.all():
            return
        for members in people.members:
            outside = members[~people.ranked[members]]
            inside = members[people.ranked[members]]
            inside = inside if len(inside) else np.flatnonzero(people.ranked)
            grades[:, outside] = rules.matching(
                totals[:, inside],
                grades[:, inside],
                totals[:, outside],
                None if eligible is None else [each[:, outside] for each in eligible],
            )

    def _all_met(self, conditions: Conditions, now: Pass) -> Bools:
        found = np.ones((1, len(self._people.units)), bool)
        for condition in conditions:
            found = found & self._adjusting.met(condition, now)
        return found

    def _any_met(self, conditions: Conditions, now: Pass) -> Bools:
        found = np.zeros((1, len(self._people.units)), bool)
        for condition in conditions:
            found = found | self._adjusting.met(condition, now)
        return found

    # -- uses ------------------------------------------------------------------------------------

    def _used(self, use: Use, outcome: Outcome, now: Pass) -> Array:
        """Return what every unit gets from one use of the results, (R, N)."""
        people, shape = self._people, outcome.totals.shape
        grades = outcome.grades
        by_grade = "grades" in use.data and grades is not None
        takes_part = grades >= 0 if by_grade else outcome.ranks > 0  # type: ignore[operator]
        facts: dict[str, npt.NDArray[np.generic]] = {
            "totals": outcome.totals,
            "ranks": outcome.ranks if use.within == "all" else outcome.category_ranks,
            "grades": np.full(shape, -1, np.int8) if grades is None else grades,
            "eligible": np.broadcast_to(takes_part & self._all_met(use.requires, now), shape),
        }
        for fact in ("need", "staff"):
            column = getattr(use, fact, None)
            number = people.numbers("covariates", column) if column else np.ones(shape[1])
            facts[fact] = np.broadcast_to(np.nan_to_num(number), shape)
        raised = np.zeros((1, shape[1]))
        for each in getattr(use, "raises", ()):
            raised = raised + np.where(self._any_met(each.any_of, now), each.by, 0.0)
        facts["raised"] = np.broadcast_to(raised, shape)
        given = {
            name: getattr(use, name)
            for name in type(use).model_fields
            if name != "method" and name not in use.outside_formula
        }
        if "bands" in use.supplied and self._scheme.grades:
            given["bands"] = tuple(band.name for band in self._scheme.grades.bands)
        amounts = np.empty(shape)
        for members in people.peers[use.within]:
            amounts[:, members] = use.formula(*(facts[n][:, members] for n in use.data), **given)
        return amounts


def _places_of(scores: Array) -> Ints:
    """Return competition places of scores; a missing one is behind all others."""
    lowest = np.where(np.isnan(scores), np.inf, scores).min(-1, keepdims=True)
    lowest = np.where(np.isinf(lowest), 0.0, lowest)
    return first_places(comparable(np.where(np.isnan(scores), lowest - 1, scores), EXACT))


def _behind(q: Ints) -> npt.NDArray[Any]:
    """Return how far totals are behind the best, in small integers where they suffice."""
    best, worst = int(q.max()), int(q.min())
    return np.subtract(best, q).astype(np.int32 if best - worst < 2**31 - 1 else np.int64)


def _same(ranks: Ints) -> Ints:
    return ranks
