"""The engine: compiles a scheme and its data once, then runs any number of draws.

Axes are always children, draws, units: ``(K, R, N)``; a missing draw axis has length 1. A drawn
parameter arrives at a formula as ``(R, 1)``. The single evaluation is R = 1. A node none of whose
paths is drawn is computed once. Nested weighted sums collapse into one matrix product; work goes in
blocks of whole lines of draws, so that the numbers do not depend on how a run is divided.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from copy import copy
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

from simkaohe.engine.adjusting import Adjusting, Pass
from simkaohe.engine.attribution import attributed
from simkaohe.engine.draws import checked
from simkaohe.engine.leaves import Leaves
from simkaohe.engine.parameters import Array, Draws, parameters
from simkaohe.engine.population import Population, event_problems
from simkaohe.engine.reach import Reach
from simkaohe.engine.standing import Order, Outcome, Standing
from simkaohe.engine.tree import Tree
from simkaohe.engine.weights import Weights
from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.labels import Words
from simkaohe.panel import UNIT, Panel
from simkaohe.scheme.condition import Condition
from simkaohe.scheme.consistency import CATEGORY
from simkaohe.scheme.references import conditions
from simkaohe.scheme.tree import Group, Indicator, Scheme

Part = TypeVar("Part")
LINE = 32
"""Matrix products give a draw the same last bits in any number of rows that this divides."""
ROOM = 1 << 17
"""Numbers in an array of a block, which then fits a core's cache."""
np.empty(31 * ROOM)  # freed at once, after which glibc keeps what is freed at hand


class Engine:
    """Scheme and data, checked against each other and ready to run.

    Parameters
    ----------
    scheme : Scheme
    panel : Panel

    Raises
    ------
    SimkaoheError
        Units without category or data, indicators without data, values that are missing where the
        scheme calls that a mistake; all at once.
    """

    @np.errstate(over="ignore")  # a total that overflows is refused
    def __init__(self, scheme: Scheme, panel: Panel) -> None:
        self.scheme, self.panel = scheme, panel
        if problems := [*event_problems(scheme, panel)]:
            raise SimkaoheError(*problems)
        self.people = Population(scheme, attributed(scheme, panel))
        self.units, self.categories = self.people.units, self.people.categories
        self.category, self.members = self.people.category, self.people.members
        self.weights = Weights(scheme, self.categories)
        self._leaves = Leaves(self.people, self.weights)
        self._adjusting = Adjusting(scheme, panel, self.people, self._leaves)
        self._tree = Tree(self.people, self.weights, self._adjusting)
        self._standing = Standing(scheme, panel, self.people, self._adjusting)
        self._looked_at = {
            c.subject[1] for _, c in conditions(scheme) if c.subject[0] == "score"
        } - {scheme.root.id}
        self._needed = (*self._looked_at, *(scheme.grades.tie_break if scheme.grades else ()))
        self._plain = Pass({}, frozenset(), self._leaves.scores(scheme.indicators, {}))
        for leaf in scheme.indicators:
            self._tree.score(leaf, self._plain)
        self._scored(self._plain, ())
        self._reach = Reach(scheme, self._adjusting, self._leaves, self._plain.raw)

    def run(
        self,
        draws: Mapping[str, Any] | None = None,
        *,
        nodes: Collection[str] = (),
        uses: bool = False,
        check: bool = True,
    ) -> Outcome:
        """Evaluate the scheme for every draw.

        Parameters
        ----------
        draws : mapping of edit path to array (R,), optional
            Numbers that vary: weights, parameters, adjustments. Row r of all arrays together is one
            draw; an array of length 1 holds for all. Without draws: the scheme as it is, R = 1.
            Data vary under ``data.<table>.<column>``, e.g. ``data.actual.gdp_growth``, with an
            array (R, N), units in the engine's order, results of other units already counted in;
            ``data.value.<indicator>`` is what the indicator measures (计算口径 applied).
        nodes : collection of node ids
            Whose scores to return as well.
        uses : bool
            Whether to compute what units get for their results.
        check : bool, default True
            False: the draws are known to be float arrays (R,) or (R, N) within their bounds.

        Raises
        ------
        SimkaoheError
            Paths that do not exist or hold no number, arrays of different lengths, values outside
            a field's bounds, and draws for which the scheme has no result.

        Notes
        -----
        ``run({p: v})`` row r equals the evaluation of ``scheme.edit({p: v[r]})``, and with data
        drawn, the evaluation on the panel with row r of the array as that column.
        """
        given = checked(self.scheme, self.people, draws or {}) if check else dict(draws or {})
        count = max((len(values) for values in given.values()), default=1)
        if not given:
            return self._outcome(self._plain, nodes, uses, 1)
        touched = self._reach.touched(given)
        blocks = []
        for rows, kept in self._blocks(count):
            block = {p: _rows(v, rows) for p, v in given.items()}
            blocks.append(self._outcome(self._pass(block, touched), nodes, uses, kept))
        return _joined(blocks, count)

    def _blocks(self, count: int) -> Iterator[tuple[Any, int]]:
        """Yield the rows of every block, and how many of them count; the last is filled up."""
        for start in range(0, count, self.rows):
            kept = min(self.rows, count - start)
            stop = start - kept // -LINE * LINE
            whole = stop - start == kept
            rows = slice(start, stop) if whole else np.minimum(np.arange(start, stop), count - 1)
            yield rows, kept

    @property
    def rows(self) -> int:
        """How many draws are one block."""
        return int(np.clip(1 << (ROOM // len(self.units)).bit_length() - 1, LINE, 2048))

    @np.errstate(over="ignore")
    def _pass(self, draws: Draws, touched: frozenset[str]) -> Pass:
        """Return a pass that knows everything that the draws do not touch."""
        drawn = [leaf for leaf in self.scheme.indicators if leaf.id in touched]
        # A leaf that only its adjustments vary has raw scores already.
        raw = self._plain.raw | self._leaves.scores(drawn, draws)
        if self.weights.wakes(draws):
            self.weights.check(draws)
            self._leaves.check(self._reach.gaps, raw, draws)
        known = {name: s for name, s in self._plain.known.items() if name not in touched}
        return Pass(draws, touched, raw, known)

    def _scored(self, now: Pass, nodes: Collection[str]) -> dict[str, Array]:
        """Return the scores (1|R, N) of the root and of the nodes asked for."""
        wanted = (*self._needed, *nodes, self.scheme.root.id)
        return {name: self._tree.score(self.scheme.nodes[name], now) for name in wanted}

    def orders(
        self, draws: Mapping[str, Any]
    ) -> Iterator[tuple[Order, npt.NDArray[np.int8] | None]]:
        """Yield who is before whom, and grades, block by block, for draws as without ``check``."""
        count = max((len(values) for values in draws.values()), default=1)
        touched = self._reach.touched(draws)
        for rows, kept in self._blocks(count):
            block = {p: _rows(v, rows) for p, v in draws.items()}
            now, _ = self._kept(self._pass(block, touched), (), kept)
            order = self._standing.order(now)
            yield order, self._standing.grades(order, now)

    def _outcome(self, now: Pass, nodes: Collection[str], uses: bool, kept: int) -> Outcome:
        now, scores = self._kept(now, nodes, kept)
        return self._standing.of(now, scores, uses=uses)

    def _kept(self, now: Pass, nodes: Collection[str], kept: int) -> tuple[Pass, dict[str, Array]]:
        """Return a pass and scores of which only some draws are left."""
        scores, known, draws = (
            {name: values[:kept] for name, values in some.items()}
            for some in (self._scored(now, nodes), now.known, now.draws)
        )
        root = self.scheme.root.id
        # one row when nothing that is drawn has an effect
        known[root] = np.broadcast_to(known[root], (kept, len(self.units)))
        return Pass(draws, now.touched, now.raw, known), scores

    def what_if(self, scores: Mapping[str, Array], *, uses: bool = False) -> Outcome:
        """Evaluate with the scores of some nodes replaced.

        Parameters
        ----------
        scores : mapping of node id to array (R, N)
            Scores 0–100, of an indicator before its own adjustments, of a group after them; R is
            the same for all.
        uses : bool
            Whether to compute what units get for their results.
        """
        count = max((len(score) for score in scores.values()), default=1)
        touched = frozenset[str]().union(*(self._reach.upwards(name) for name in scores))
        touched |= self._adjusting.touched_by(touched, {})
        known = {name: s for name, s in self._plain.known.items() if name not in touched}
        groups = {n: s for n, s in scores.items() if isinstance(self.scheme.nodes[n], Group)}
        leaves = {n: s for n, s in scores.items() if n not in groups}
        now = Pass({}, touched, {**self._plain.raw, **leaves}, {**known, **groups})
        return self._outcome(now, (), uses, count)

    def elsewhere(self, unit: str, category: str, *, uses: bool = False) -> Outcome:
        """Evaluate with one unit in another category, all others where they are.

        The same as the evaluation of ``scheme.edit({f"units.{unit}": category})``, several times
        faster: what does not depend on categories is not computed again. A category that the unit
        leaves empty is no category of the scheme any more.

        Parameters
        ----------
        unit : str
        category : str
        uses : bool
            Whether to compute what units get for their results.

        Raises
        ------
        SimkaoheError
            No such unit or category; data that the unit lacks and would need there.
        """
        for name, names, what in ((unit, self.units, UNIT), (category, self.categories, CATEGORY)):
            if name not in names:
                raise SimkaoheError(unknown("elsewhere", name, names, what))
        people = self.people.with_one_in(self.scheme, unit, category)
        there = self._of(people, self._adjusting)
        raw = self._plain.raw | there._leaves.scores(self._reach.compared, {})
        there._leaves.check(self._reach.gaps, raw, {})
        known = {
            name: s
            for name, s in self._plain.known.items()
            if name not in self._reach.category_bound
        }
        return there._outcome(Pass({}, frozenset(), raw, known), (), uses, 1)

    def without(self, unit: str, *, uses: bool = False) -> Outcome:
        """Evaluate without one unit, as if it were not assessed; the others keep their order.

        The same as the evaluation of a scheme and data that do not have it, but that its results
        still count for others where the scheme attributes them.

        Parameters
        ----------
        unit : str
        uses : bool
            Whether to compute what units get for their results.

        Raises
        ------
        SimkaoheError
            No such unit; it is the only one; a scheme that has no result without it.
        """
        if unit not in self.units:
            raise SimkaoheError(unknown("without", unit, self.units, UNIT))
        if len(self.units) == 1:
            raise SimkaoheError(Problem("without", Words("只有一个单位", "there is no other unit")))
        place = self.units.index(unit)
        people = self.people.without(self.scheme, place)
        there = self._of(people, self._adjusting.without(place))
        raw = {name: np.delete(score, place, 1) for name, score in self._plain.raw.items()}
        raw |= there._leaves.scores(self._reach.relative, {})
        return there._outcome(Pass({}, frozenset(), raw), (), uses, 1)

    def _of(self, people: Population, adjusting: Adjusting) -> Engine:
        """Return a copy that evaluates other people, or the same in other categories."""
        weights = self.weights.among(people.categories)
        leaves = Leaves(people, weights)
        adjusting = _with(adjusting, _people=people, _leaves=leaves)
        return _with(
            self,
            people=people,
            units=people.units,
            _leaves=leaves,
            _tree=Tree(people, weights, adjusting),
            _standing=_with(self._standing, _people=people, _adjusting=adjusting),
        )

    def children(self, group: Group) -> tuple[Array, Array]:
        """Return scores and weights of a group's children as they are combined, each (K, N)."""
        x, w = self._tree.children(group, self._plain)
        return x[:, 0], np.broadcast_to(w, x.shape)[:, 0]

    def parts(self, group: Group) -> tuple[Array, Array, Array]:
        """Return weights, points and factors of a group's children, each (K, N), without draws."""
        x, w = (part[:, None] for part in self.children(group))
        if group.combine.linear:  # weights of children without a score are spread
            there = np.where(np.isnan(x), 0.0, w)
            whole = there.sum(0)
            w = there * (w.sum(0) / np.where(whole > 0, whole, 1.0))
        points, factors = np.empty(x.shape), np.empty(x.shape)
        given = parameters(group.combine, f"{group.id}.combine", {}, group)
        for peers in self._tree.peers_of(group):
            points[:, :, peers], factors[:, :, peers] = group.combine.parts(
                x[:, :, peers], w[:, :, peers], **given
            )
        return w[:, 0], points[:, 0], factors[:, 0]

    def stages(self, node: Group | Indicator) -> list[tuple[str, Array]]:
        """Return a node's score (N,) as it was combined, then after each stage of adjustment."""
        now = self._plain
        score = self._tree.combined(node, now) if isinstance(node, Group) else now.raw[node.id]
        later = self._adjusting.stages(node, score, now)
        return [("combined", score[0]), *((name, score[0]) for name, score in later)]

    def amounts(self, node: Group | Indicator) -> dict[str, Array]:
        """Return the points (N,) of each bonus (+) and deduction (−) on a node, before limits."""
        return {name: a[0] for name, a in self._adjusting.amounts(node, self._plain).items()}

    def struck(self, veto: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return whom a veto strikes, shape (N,)."""
        return self._adjusting.struck(veto, self._plain)[0]

    def met(self, condition: Condition) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return who meets a condition, shape (N,)."""
        return self._adjusting.met(condition, self._plain)[0]

    def raw_score(self, indicator: str) -> Array:
        """Return an indicator's score (N,) before its own adjustments."""
        return self._plain.raw[indicator][0]

    def raw_scores(self, indicators: Collection[Indicator], draws: Draws) -> dict[str, Array]:
        """Return scores (1|R, N) of indicators alone, before their own adjustments.

        ``draws`` are data as :meth:`run` takes them, unchecked, each an array (1|R, N).
        """
        return self._leaves.scores(indicators, draws)

    def parent(self, node: str) -> Group | None:
        """Return the group that a node belongs to; None for the root."""
        return self._reach.parent.get(node)

    def values(self, indicator: Indicator) -> Array:
        """Return an indicator's measured values (计算口径 applied), shape (N,)."""
        return self._leaves.measured([indicator], {})[0, 0]

    def recorded(self, indicator: Indicator) -> Array:
        """Return an indicator's measured values (N,), of a moderate one too."""
        return self._leaves.recorded([indicator], {})[0, 0]

    def numbers(self, table: str, column: str) -> Array:
        """Return a column of the data in the engine's order of units; NaN when there is none."""
        return self.people.numbers(table, column)


_engines: WeakValueDictionary[tuple[int, int], Engine] = WeakValueDictionary()


def compiled(scheme: Scheme, panel: Panel) -> Engine:
    """Return the engine of a scheme and its data: the same one as long as somebody holds it.

    Neither of the two ever changes, and the engine keeps both alive, so that nothing else can have
    their identities.
    """
    key = id(scheme), id(panel)
    engine = _engines.get(key)
    if engine is None:
        engine = _engines[key] = Engine(scheme, panel)
    return engine


def _with(part: Part, **attributes: Any) -> Part:
    """Return a copy of a part of the engine with some attributes replaced."""
    other = copy(part)
    vars(other).update(attributes)
    return other


def _rows(values: Array, rows: Any) -> Array:
    """Return some draws of a number as (R, 1), of data as (R, N)."""
    some = values[rows] if len(values) > 1 else values
    return some[:, None] if some.ndim == 1 else some


def _joined(blocks: list[Outcome], count: int) -> Outcome:
    if len(blocks) == 1:
        return blocks[0]
    grades = [block.grades for block in blocks if block.grades is not None]
    return Outcome(
        np.concatenate([block.totals for block in blocks]),
        np.concatenate([block.ranks for block in blocks]),
        np.concatenate([block.category_ranks for block in blocks]),
        np.concatenate(grades) if grades else None,
        {
            name: np.concatenate([block.scores[name] for block in blocks])
            if len(score) > 1 or count == 1
            else score
            for name, score in blocks[0].scores.items()
        },
        {name: np.concatenate([block.uses[name] for block in blocks]) for name in blocks[0].uses},
    )
