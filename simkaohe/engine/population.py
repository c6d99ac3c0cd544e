"""Who is assessed (参评单位): units, categories, and their data in the engine's order of units."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.labels import Words
from simkaohe.panel import QUANTITIES, RECORDS, UNIT, WIDE, Panel
from simkaohe.scheme.measure import Answers, RatingMean, RatingRanks
from simkaohe.scheme.problems import quoted
from simkaohe.scheme.references import events
from simkaohe.scheme.tree import Indicator, Scheme

Array = npt.NDArray[np.float64]
RATERS = Words("评价主体", "group of raters")
Rows = slice | npt.NDArray[np.intp]


class Population:
    """The units that a scheme assesses, and what the data say of each.

    Attributes
    ----------
    units : tuple of str
    categories : tuple of str
        ``("",)`` without categories.
    category : array (N,) of int
        Place of each unit's category.
    members : list of arrays
        The units of each category.
    ranked : array (N,) of bool
        False for units that are assessed but not ranked (单列).
    peers : dict of scope to list
        Sets of units that are compared with each other, for ``all`` and ``category``.
    """

    def __init__(self, scheme: Scheme, panel: Panel) -> None:
        problems = [*_unit_problems(scheme, panel), *_column_problems(scheme, panel)]
        if problems:
            raise SimkaoheError(*problems)
        self._panel = panel
        self._event_count: dict[tuple[str, str | None], Array] = {}
        self._lists: dict[str, Array] = {}
        self.units = tuple(scheme.units) or panel.units
        self._rows: Rows = slice(None)
        if self.units != panel.units:
            row = {unit: place for place, unit in enumerate(panel.units)}
            self._rows = np.array([row[unit] for unit in self.units], np.intp)
        self._sort(scheme, scheme.units)

    def _sort(self, scheme: Scheme, home: Mapping[str, str]) -> None:
        """Put the units into their categories; those without a unit are left out."""
        there = set(home.values())
        self.categories = tuple(name for name in scheme.categories if name in there) or ("",)
        self.category = np.zeros(len(self.units), np.intp)
        if home:
            code = {category: place for place, category in enumerate(self.categories)}
            self.category[:] = [code[category] for category in home.values()]
        self.members = [np.flatnonzero(self.category == c) for c in range(len(self.categories))]
        everybody: list[Rows] = [slice(None)]  # a slice makes views where an array makes copies
        apart: list[Rows] = [*self.members]
        self.peers = {"all": everybody, "category": apart if len(apart) > 1 else everybody}
        outside = {c for c, category in scheme.categories.items() if not category.ranked}
        self.ranked = np.array(
            [unit not in scheme.unranked and home.get(unit) not in outside for unit in self.units],
            bool,
        )

    def with_one_in(self, scheme: Scheme, unit: str, category: str) -> Population:
        """Return the same units and data, with a unit in another category."""
        other = copy(self)
        other._sort(scheme, {**scheme.units, unit: category})
        return other

    def without(self, scheme: Scheme, place: int) -> Population:
        """Return the others with their data, when the unit at a place is not assessed."""
        other, gone = copy(self), self.units[place]
        other._event_count = {}
        other._lists = {name: np.delete(table, place, -1) for name, table in self._lists.items()}
        other._rows = np.delete(np.arange(len(self._panel.units))[self._rows], place)
        other.units = tuple(unit for unit in self.units if unit != gone)
        other._sort(scheme, {u: home for u, home in scheme.units.items() if u != gone})
        return other

    def places(self, units: Iterable[Any]) -> npt.NDArray[np.intp]:
        """Return where units stand in the engine's order."""
        place = {unit: row for row, unit in enumerate(self.units)}
        return np.array([place[unit] for unit in units], np.intp)

    def numbers(self, table: str, column: str) -> Array:
        """Return a column of the data, shape (N,); NaN when there is none."""
        found = self._panel.numbers(table, column)
        return np.full(len(self.units), np.nan) if found is None else found[self._rows]

    def data(self, stack: list[Indicator], name: str) -> Array:
        """Return what a formula reads of like indicators, shape (K, 1, N); lists: (M, K, 1, N)."""
        if name == "ratings":
            return _padded([self._list(leaf, self._ratings) for leaf in stack])
        if name == "answers":
            tables = [self._list(leaf, self._answers) for leaf in stack]
            return np.stack(tables, 1)[:, :, None, :]
        if name in QUANTITIES:
            return np.array([self.numbers(name, leaf.column) for leaf in stack])[:, None, :]
        return self.numbers("covariates", name)[None, None, :]

    def _list(self, leaf: Indicator, read: Callable[[Indicator], Array]) -> Array:
        """Return what a list of records says of an indicator (…, N), read once."""
        if leaf.id not in self._lists:
            self._lists[leaf.id] = read(leaf)
        return self._lists[leaf.id]

    def _ratings(self, leaf: Indicator) -> Array:
        """Return an indicator's ratings, raters × units, NaN where a rater gave none."""
        measure = leaf.measure
        assert isinstance(measure, RatingMean | RatingRanks)
        given = self._panel.about("ratings", leaf.column)
        if measure.group is not None:
            groups = sorted({row["group"] for row in given})
            if measure.group not in groups:
                where = f"{leaf.id}.measure.group"
                raise SimkaoheError(unknown(where, measure.group, groups, RATERS))
            given = [row for row in given if row["group"] == measure.group]
        place = {unit: column for column, unit in enumerate(self.units)}
        raters: dict[tuple[str, str], int] = {}
        cells: dict[tuple[int, int], float] = {}
        problems = []
        counts: dict[tuple[str, str], int] = {}
        for row in given:
            unit, group, who, score = (row[c] for c in ("unit", "group", "rater", "score"))
            if unit not in place or (who == unit and not measure.own):
                continue
            where = f"ratings › {unit} › {leaf.column} › {who or group}"
            word = score if isinstance(score, str) else f"{score:g}"
            points = measure.levels.get(word)  # a level may be called 1
            score = points if points is not None or isinstance(score, str) else score
            if score is None:
                known = {level: f"{points:g}" for level, points in measure.levels.items()}
                problems.append(unknown(where, word, known, Words("评语", "rating")))
                continue
            if not who:  # nameless raters: every record is a rater of its own
                counts[unit, group] = counts.get((unit, group), 0) + 1
                who = f"#{counts[unit, group]}"
            home = (raters.setdefault((group, who), len(raters)), place[unit])
            if home in cells:
                twice = Words("这位评价人评了两次", "this rater rated it twice")
                problems.append(Problem(where, twice, remedy=Words("只保留一次", "Keep one")))
            cells[home] = float(score)
        if problems:
            raise SimkaoheError(*problems)
        table = np.full((max(len(raters), 1), len(self.units)), np.nan)
        for home, score in cells.items():
            table[home] = score
        return table

    def _answers(self, leaf: Indicator) -> Array:
        """Return counts of the answers that have points, answers × units."""
        measure = leaf.measure
        assert isinstance(measure, Answers)
        answers = {answer: row for row, answer in enumerate(measure.points)}
        place = {unit: column for column, unit in enumerate(self.units)}
        table = np.zeros((len(answers), len(self.units)))
        problems = []
        for row in self._panel.about("answers", leaf.column):
            unit, answer = row["unit"], row["answer"]
            if answer in measure.ignored or unit not in place:
                continue
            if answer not in answers:
                where = f"answers › {unit} › {leaf.column}"
                known = [*answers, *measure.ignored]
                problems.append(unknown(where, answer, known, Words("答案", "answer")))
                continue
            table[answers[answer], place[unit]] += row["count"]
        if problems:
            raise SimkaoheError(*problems)
        return table

    def event_count(self, event: str, kind: str | None) -> Array:
        """Return the sum of the counts of an event's records (of one kind), shape (N,)."""
        if (event, kind) not in self._event_count:
            total = np.zeros(len(self.units))
            for row in self._panel.about("events", event):
                if row["unit"] in self.units and kind in (None, row["kind"]):
                    total[self.units.index(row["unit"])] += row["count"]
            self._event_count[event, kind] = total
        return self._event_count[event, kind]

    def event_counts(self, event: str, kinds: list[str] | None) -> tuple[Array, Array]:
        """Return counts and repeats of an event by kind, each (J, N).

        Records of one unit with the same ``name`` are one event: the one whose kind stands first
        counts, the others are repeats.
        """
        place = {unit: column for column, unit in enumerate(self.units)}
        rows = [row for row in self._panel.about("events", event) if row["unit"] in place]
        order = {
            kind: row for row, kind in enumerate(kinds or dict.fromkeys(r["kind"] for r in rows))
        }
        counts, repeats = np.zeros((2, max(len(order), 1), len(self.units)))
        seen: set[tuple[str, str]] = set()
        problems = []
        for row in rows:
            if row["kind"] not in order:
                where = f"events › {row['unit']} › {event}"
                problems.append(unknown(where, row["kind"], list(order), Words("类型", "kind")))
        if problems:
            raise SimkaoheError(*problems)
        for row in sorted(rows, key=lambda row: order[row["kind"]]):
            home = order[row["kind"]], place[row["unit"]]
            again = kinds is not None and bool(row["name"]) and (row["unit"], row["name"]) in seen
            seen.add((row["unit"], row["name"]))
            (repeats if again else counts)[home] += row["count"]
        return counts, repeats


def _padded(tables: list[Array]) -> Array:
    """Return tables (M, N) of several lengths as one (M, K, 1, N), NaN where there is nothing."""
    most = max(map(len, tables))
    stack = np.full((most, len(tables), 1, tables[0].shape[1]), np.nan)
    for k, table in enumerate(tables):
        stack[: len(table), k, 0] = table
    return stack


def _unit_problems(scheme: Scheme, panel: Panel) -> Iterator[Problem]:
    if not scheme.categories and not scheme.units:
        if not panel.units:
            yield Problem("actual", Words("没有任何单位", "there is no unit"))
        for unit in scheme.unranked:
            if unit not in panel.units:
                yield unknown("unranked", unit, panel.units, UNIT)
        return
    observed = set(panel.units)
    for unit in panel.units:
        if unit not in scheme.units and unit not in scheme.heard_of:
            yield Problem(
                f"units.{unit}",
                Words(f"“{unit}”不属于任何类别", f"{unit!r} is in no category"),
                remedy=unknown("", unit, scheme.units, UNIT).remedy,
            )
    for unit in scheme.units:
        if unit not in observed:
            yield Problem(
                f"actual › {unit}",
                Words(f"方案里有“{unit}”，数据里没有", f"the scheme has {unit!r}, the data do not"),
                remedy=unknown("", unit, panel.units, UNIT).remedy,
            )


def _column_problems(scheme: Scheme, panel: Panel) -> Iterator[Problem]:
    for leaf in scheme.indicators:
        for name, (table, column) in unrecorded(leaf, panel).items():
            listed = table in RECORDS
            if leaf.missing != "error" and (listed or name not in leaf.measure.data):
                continue
            where, there = f"{leaf.id} › {table}", panel.columns(table)
            what = Words("数据列", "column")
            if listed:
                there = tuple(sorted(set(panel.records(table)["indicator"])))
                what = Words("指标", "indicator")
            elif table != "actual":
                what = Words(f"{WIDE[table].zh}的数据列", f"{WIDE[table].en} column")
            problem = unknown(where, column, there, what)
            if not there and table == "target":
                remedy = Words(
                    f"请补上各单位的目标值，或填写 {leaf.id}.target（所有单位同一目标）",
                    f"Add every unit's target, or give {leaf.id}.target, one for all",
                )
                problem = problem._replace(remedy=remedy)
            yield problem
    for node in scheme.nodes.values():
        given = panel.numbers("difficulty", node.id)
        if node.difficulty is None or given is None:
            continue
        low, high = node.difficulty.low, node.difficulty.high
        for place in np.flatnonzero((given < low - 1e-9) | (given > high + 1e-9)):
            yield Problem(
                f"difficulty › {panel.units[place]} › {node.id}",
                quoted(float(given[place])),
                Words(f"{low:g} 到 {high:g} 的系数", f"a coefficient from {low:g} to {high:g}"),
                Words("改系数，或改方案的上下限", "Change it, or the scheme's low and high"),
            )


def unrecorded(leaf: Indicator, panel: Panel) -> dict[str, tuple[str, str]]:
    """Return what an indicator is scored from and the data lack: by name, its table and column.

    Rules say themselves what a missing previous or baseline value means.
    """
    found = {}
    for name in (*leaf.measure.data, *leaf.rule.needs):
        if name == "value" or (name == "target" and leaf.target is not None):
            continue
        if name in RECORDS:
            table, column, there = name, leaf.column, bool(panel.about(name, leaf.column))
        else:
            table, column = (name, leaf.column) if name in QUANTITIES else ("covariates", name)
            there = panel.numbers(table, column) is not None
            there |= name in leaf.rule.data and name != "target"
        if not there:
            found[name] = table, column
    return found


def event_problems(scheme: Scheme, panel: Panel) -> Iterator[Problem]:
    """Yield a problem for every record of an event that the scheme says nothing about."""
    if "events" not in panel.record_tables:
        return
    records = panel.records("events")
    for number, (unit, event) in enumerate(zip(records["unit"], records["event"], strict=True), 1):
        if event not in scheme.heard_of:
            where = f"events › {number} › {unit}"
            yield unknown(where, event, events(scheme), Words("事项", "event"))
