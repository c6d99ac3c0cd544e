"""Goals of one unit: the totals with which it reaches a rank or a grade while its rivals stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.fairness.given import is_number
from simkaohe.fairness.moving import Moves, Within, check_within
from simkaohe.fairness.programs import Choice, Program
from simkaohe.labels import Words

Array = npt.NDArray[np.float64]
EXACT = 9
"""Decimals where a scheme rounds to none, as in the engine."""


@dataclass(frozen=True, eq=False)
class Standing:
    """Where a unit stands, and everybody's total (N,), before rounding."""

    totals: Array
    total: float
    rank: int
    category_rank: int
    grade: int | None
    grade_name: str | None

    @property
    def row(self) -> dict[str, object]:
        """The same for a table."""
        return {
            "total": self.total,
            "rank": self.rank,
            "category_rank": self.category_rank,
            "grade": self.grade_name,
        }


class State:
    """The whole scheme's answers to choices of one unit."""

    def __init__(self, moves: Moves, place: int, program: Program) -> None:
        self._moves, self._place, self._program = moves, place, program
        self.now = standing_of(moves, place, {})

    def after(self, choice: Choice) -> Standing:
        """Return where the unit stands when its improvements are made."""
        draws = {}
        for lever, improved in zip(self._program.levers, choice.improved, strict=True):
            column = self._moves.now[lever.k].copy()
            column[self._place] += lever.sign * improved
            draws[lever.path] = column[None]
        return standing_of(self._moves, self._place, draws)

    def rivals_moved(self, after: Standing) -> bool:
        """Whether anybody else's total is not what it was."""
        change = np.abs(after.totals - self.now.totals)
        change[self._place] = 0.0
        return bool((change > 1e-9).any())


def standing_of(moves: Moves, place: int, draws: dict[str, Array]) -> Standing:
    """Return where a unit stands under some draws of the data (1, N)."""
    root = moves.scheme.root.id
    out = moves.engine.run(draws, nodes=(root,), check=False)
    bands = moves.scheme.grades.bands if moves.scheme.grades else ()
    code = None if out.grades is None else int(out.grades[0, place])
    return Standing(
        np.asarray(out.scores[root][0]) * moves.scheme.full / 100,
        float(out.totals[0, place]),
        int(out.ranks[0, place]),
        int(out.category_ranks[0, place]),
        code,
        None if code is None or code < 0 else bands[code].name,
    )


@dataclass(frozen=True, eq=False)
class Need:
    """A total, before rounding, and scores of groups that reach a goal together.

    ``sure`` is False where more than these decides.
    """

    total: float
    floors: Mapping[str, float]
    sure: bool


@dataclass(frozen=True, eq=False)
class Goal:
    """A total, a rank or a grade.

    Attributes
    ----------
    words : Words
    total, rank, grade : float or int, or None
        One of them; the grade as the place of its band.
    within : {"all", "category"}
    """

    moves: Moves
    place: int
    words: Words
    total: float | None
    rank: int | None
    grade: int | None
    within: Within

    def met(self, state: Standing) -> bool:
        """Whether a standing reaches the goal."""
        if self.total is not None:
            return state.total >= self.total - 0.5 * self._digit * 1e-3
        if self.rank is not None:
            mine = state.rank if self.within == "all" else state.category_rank
            return 0 < mine <= self.rank
        return state.grade is not None and self.grade is not None and 0 <= state.grade <= self.grade

    @property
    def barred(self) -> bool:
        """Whether no total reaches the goal, whatever else is improved."""
        return not self.needs(standing_of(self.moves, self.place, {}))

    def needs(self, rivals: Standing) -> list[Need]:
        """Return what reaches the goal while rivals stand as they do: one of these will do.

        The last is the lowest total that is enough with everything else as it is. Before it may
        stand lower ones that need a paper's score as well (a tie that it breaks, a condition on it).
        """
        if self.total is not None:
            return [Need(self._least(self.total), {}, True)]
        digit = self._digit
        levels = np.unique(np.round(rivals.totals / digit)) * digit
        bands = self.moves.scheme.grades.bands if self.moves.scheme.grades else ()
        lines = [band.at_least for band in bands if band.at_least is not None]
        top = max([float(levels.max()), *lines]) + digit
        tried = np.unique(np.concatenate([levels, levels + digit, lines, [top]]))
        plain = self._reached(rivals, tried, {})
        end = int(plain.argmax()) if plain.any() else len(tried)
        found = [Need(self._least(float(tried[end])), {}, True)] if plain.any() else []
        if self.grade is None or not self.moves.deciding:
            return found
        most = {name: max(100.0, s[self.place]) for name, s in self.moves.deciding.items()}
        helped = self._reached(rivals, tried, most)
        first = int(helped.argmax()) if helped.any() else end
        if first >= end:
            return found
        name = next(iter(most))
        sure = len(most) == 1 and (end - first == 1 or end == len(tried))
        floors = {n: self._floor(rivals, float(tried[first]), n) for n in most} if sure else {}
        lower = Need(self._least(float(tried[first])), {name: floors[name]} if sure else {}, sure)
        return [lower, *found]

    def _floor(self, rivals: Standing, total: float, name: str) -> float:
        """Return the least score of a group with which a total reaches the goal."""
        low, high = float(self.moves.deciding[name][self.place]), 100.0
        for _ in range(40):
            middle = (low + high) / 2
            reached = self._reached(rivals, np.array([total]), {name: middle})[0]
            low, high = (low, middle) if reached else (middle, high)
        return high

    def _reached(
        self, rivals: Standing, tried: Array, given: Mapping[str, float]
    ) -> npt.NDArray[np.bool_]:
        """Return with which totals (R,) the goal holds, with scores of some groups as given."""
        scheme, engine = self.moves.scheme, self.moves.engine
        scale = 100 / scheme.full
        rows = np.repeat(rivals.totals[None] * scale, len(tried), 0)
        rows[:, self.place] = tried * scale
        scores = {scheme.root.id: rows}
        for name, score in given.items():
            scores[name] = np.repeat(self.moves.deciding[name][None], len(tried), 0)
            scores[name][:, self.place] = score
        out = engine.what_if(scores)
        if self.rank is not None:
            ranks = (out.ranks if self.within == "all" else out.category_ranks)[:, self.place]
            return np.asarray((ranks > 0) & (ranks <= self.rank))
        assert out.grades is not None
        assert self.grade is not None
        grades = out.grades[:, self.place]
        return np.asarray((grades >= 0) & (grades <= self.grade))

    @property
    def _digit(self) -> float:
        digits = self.moves.scheme.ranking.digits
        return 10.0 ** -(EXACT if digits is None else digits)

    def _least(self, rounded: float) -> float:
        """Return the least total that is rounded to at least this."""
        return float(np.ceil(rounded / self._digit - 1e-6) - 0.5) * self._digit


def goal_of(
    moves: Moves,
    place: int,
    *,
    rank: int | None,
    grade: str | None,
    total: float | None,
    within: Within,
) -> Goal:
    """Return the goal that is asked for.

    Raises
    ------
    SimkaoheError
        None or several goals, a rank that there is not, an unknown grade, no number.
    """
    given = [
        name for name, g in (("rank", rank), ("grade", grade), ("total", total)) if g is not None
    ]
    if len(given) != 1:
        found = Words("、".join(given) or "没有", " and ".join(given) or "none of them")
        expected = Words("rank、grade、total 之一", "one of rank, grade, total")
        raise SimkaoheError(Problem("cheapest_way", found, expected))
    check_within(within)
    code, words = None, Words("", "")
    if total is not None:
        if not is_number(total):
            raise SimkaoheError(Problem("total", f"{total}", Words("一个数", "a number")))
        words = Words(f"总分达到 {total:g}", f"a total of {total:g}")
    if rank is not None:
        count = len(moves.engine.units)
        if not (is_number(rank) and rank == int(rank) and 1 <= rank <= count):
            expected = Words(f"1 到 {count} 的名次", f"a rank from 1 to {count}")
            raise SimkaoheError(Problem("rank", f"{rank}", expected))
        inside = Words("类内", " in its category") if within == "category" else Words("", "")
        words = Words(f"{inside.zh}进入前 {rank} 名", f"rank {rank}{inside.en}")
    if grade is not None:
        bands = moves.scheme.grades.bands if moves.scheme.grades else ()
        names = {band.name: band.name_en or band.name for band in bands}
        codes = [i for i, band in enumerate(bands) if grade in (band.name, band.name_en)]
        if not codes:
            raise SimkaoheError(unknown("grade", grade, names, Words("等次", "grade")))
        code = codes[0]
        words = Words(f"评上“{bands[code].name}”", f"grade {names[bands[code].name]!r}")
    return Goal(moves, place, words, total, rank, code, within)
