"""The engine: compiles a scheme and its data once, then runs any number of draws.

Axes are always children, draws, units: ``(K, R, N)``; a missing draw axis has length 1. A drawn
parameter arrives at a formula as ``(R, 1)``. The single evaluation is R = 1. A node none of whose
paths is drawn is computed once. Nested weighted sums collapse into one matrix product; work goes in
blocks of fixed size, so that the numbers do not depend on how a run is divided.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.labels import Words
from simkaohe.panel import QUANTITIES, UNIT, Panel
from simkaohe.ranks import dense, last_digits, places
from simkaohe.scheme.edit import value_at
from simkaohe.scheme.method import Method
from simkaohe.scheme.problems import quoted
from simkaohe.scheme.tree import CATEGORY, Group, Indicator, Scheme

Array = npt.NDArray[np.float64]
Draws = Mapping[str, Array]
Rows = slice | npt.NDArray[np.intp]
BLOCK = 32768
"""Numbers in an array of a block, which then fits a core's cache."""
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
    grades : array of int8, or None
        Place of the band, 0 is the best; None when the scheme has no grades.
    scores : mapping of node id to array (1|R, N)
        Unrounded scores, 0–100, of the nodes that were asked for.
    """

    totals: Array
    ranks: npt.NDArray[np.int64]
    category_ranks: npt.NDArray[np.int64]
    grades: npt.NDArray[np.int8] | None
    scores: Mapping[str, Array]


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

    def __init__(self, scheme: Scheme, panel: Panel) -> None:
        self.scheme, self.panel = scheme, panel
        problems = [*_unit_problems(scheme, panel), *_column_problems(scheme, panel)]
        if problems:
            raise SimkaoheError(*problems)
        self.units = tuple(scheme.units) or panel.units
        self._rows: Rows = slice(None)
        if self.units != panel.units:
            row = {unit: place for place, unit in enumerate(panel.units)}
            self._rows = np.array([row[unit] for unit in self.units], np.intp)
        self.categories = tuple(scheme.categories) or ("",)
        self.category = np.zeros(len(self.units), np.intp)
        if scheme.units:
            code = {category: place for place, category in enumerate(self.categories)}
            self.category[:] = [code[category] for category in scheme.units.values()]
        self.members = [np.flatnonzero(self.category == c) for c in range(len(self.categories))]
        everybody: list[Rows] = [slice(None)]  # a slice makes views where an array makes copies
        apart: list[Rows] = [*self.members]
        self._peers = {"all": everybody, "category": apart if len(apart) > 1 else everybody}
        self._parent = {
            child.id: group.id
            for group in scheme.nodes.values()
            if isinstance(group, Group)
            for child in group.children
        }
        self._tie_break = scheme.grades.tie_break if scheme.grades else ()
        self._known: dict[str, Array] = self._leaf_scores(scheme.indicators, {})
        self._known[scheme.root.id] = self._score(scheme.root, {}, frozenset(), self._known)

    def run(self, draws: Draws | None = None, *, nodes: Collection[str] = ()) -> Outcome:
        """Evaluate the scheme for every draw.

        Parameters
        ----------
        draws : mapping of edit path to array (R,), optional
            Numbers that vary: weights and parameters. Row r of all arrays together is one draw; an
            array of length 1 holds for all. Without draws: the scheme as it is, R = 1.
        nodes : collection of node ids
            Whose scores to return as well.

        Raises
        ------
        SimkaoheError
            Paths that do not exist or hold no number, arrays of different lengths, values outside
            a field's bounds, and draws for which the scheme has no result.

        Notes
        -----
        ``run({p: v})`` row r equals the evaluation of ``scheme.edit({p: v[r]})``.
        """
        given = self._checked(draws or {})
        count = max((len(values) for values in given.values()), default=1)
        touched = self._touched(given)
        if not given:
            return self._ranked(self._block({}, touched, nodes))
        size = self._block_size
        blocks = []
        for start in range(0, count, size):
            rows = np.minimum(np.arange(start, start + size), count - 1)
            block = {p: v[rows, None] if len(v) > 1 else v[:, None] for p, v in given.items()}
            kept = min(size, count - start)
            scores = {
                node: score[:kept] if len(score) > 1 else score
                for node, score in self._block(block, touched, nodes).items()
            }
            total = scores[self.scheme.root.id]  # one row when nothing that is drawn has an effect
            scores[self.scheme.root.id] = np.broadcast_to(total, (kept, len(self.units)))
            blocks.append(self._ranked(scores))
        return _joined(blocks, count)

    @property
    def _block_size(self) -> int:
        """Draws in a block."""
        return int(np.clip(1 << (BLOCK // max(len(self.units), 1)).bit_length() - 1, 16, 2048))

    def parts(self, group: Group) -> tuple[Array, Array, Array]:
        """Return weights, points and factors of a group's children, each (K, N), without draws."""
        x, w = self._children(group, {}, frozenset(), dict(self._known))
        points, factors = np.empty(x.shape), np.empty(x.shape)
        for peers in self._peers_of(group):
            parameters = _parameters(group.combine, f"{group.id}.combine", {}, group)
            points[:, :, peers], factors[:, :, peers] = group.combine.parts(
                x[:, :, peers], np.broadcast_to(w, x.shape)[:, :, peers], **parameters
            )
        return np.broadcast_to(w, x.shape)[:, 0], points[:, 0], factors[:, 0]

    def values(self, indicator: Indicator) -> Array:
        """Return an indicator's measured values (计算口径 applied), shape (N,)."""
        return self._measured([indicator], {})[0, 0]

    def numbers(self, table: str, column: str) -> Array:
        """Return a column of the data in the engine's order of units; NaN when there is none."""
        found = self.panel.numbers(table, column)
        if found is None:
            return np.full(len(self.units), np.nan)
        return found[self._rows]

    # -- leaves ----------------------------------------------------------------------------------

    def _leaf_scores(self, leaves: Collection[Indicator], draws: Draws) -> dict[str, Array]:
        """Return scores (1|R, N); leaves with the same method are computed as one stack."""
        stacks: dict[Any, list[Indicator]] = defaultdict(list)
        for leaf in leaves:
            stacks[leaf.id if draws else _likeness(leaf)].append(leaf)
        found: dict[str, Array] = {}
        problems: list[Problem] = []
        size = max(BLOCK // len(self.units), 1)
        for likes in stacks.values():
            for stack in (likes[k : k + size] for k in range(0, len(likes), size)):
                value = self._measured(stack, draws)
                for part in _by_gaps(value):
                    some = [stack[k] for k in np.arange(len(stack))[part]]
                    scores = self._scored(some, value[part], draws)
                    gaps: Any = np.isnan(scores).any((1, 2))
                    for leaf, score, gap in zip(some, scores, gaps, strict=True):
                        found[leaf.id], wrong = self._filled(leaf, score) if gap else (score, [])
                        problems += wrong
        if problems:
            raise SimkaoheError(*problems)
        return found

    def _measured(self, stack: list[Indicator], draws: Draws) -> Array:
        """Return measured values (K, 1|R, N), as distance from the ideal band where moderate."""
        first = stack[0]
        data = [self._data(stack, name) for name in first.measure.data]
        parameters = _stacked([leaf.measure for leaf in stack], f"{first.id}.measure", draws)
        value: Array | None = None
        for peers in self._peers[first.scope]:
            part = first.measure.formula(*(d[..., peers] for d in data), **parameters)
            if value is None:
                value = np.empty((*np.shape(part)[:-1], len(self.units)))
            value[..., peers] = part
        assert value is not None
        if first.way == "moderate":
            low, high = (
                _stacked_field(stack, name, first.id, draws) for name in ("ideal_low", "ideal_high")
            )
            value = np.where(
                np.isnan(value), np.nan, np.maximum(np.maximum(low - value, value - high), 0)
            )
        return value

    def _data(self, stack: list[Indicator], name: str) -> Array:
        if name in QUANTITIES:
            return np.array([self.numbers(name, leaf.column) for leaf in stack])[:, None, :]
        return self.numbers("covariates", name)[None, None, :]

    def _scored(self, stack: list[Indicator], value: Array, draws: Draws) -> Array:
        """Return scores (K, 1|R, N); NaN where a unit has no value or the rule is undefined."""
        first = stack[0]
        rule = first.rule
        others = [self._data(stack, name) for name in rule.data[1:]]
        for place, name in enumerate(rule.data[1:]):
            if name == "target":
                stated = [np.nan if leaf.target is None else leaf.target for leaf in stack]
                target: Any = np.array(stated)[:, None, None]
                target = draws.get(f"{first.id}.target", target)
                others[place] = np.where(np.isnan(others[place]), target, others[place])
        parameters = _stacked([leaf.rule for leaf in stack], f"{first.id}.rule", draws)
        if "sign" in rule.supplied:
            parameters["sign"] = 1 if first.way == "positive" else -1
        # A drawn value or target has a draw axis of its own; formulas broadcast the rest.
        shape = np.broadcast_shapes(
            value.shape[:2],
            *(np.shape(p)[-3:-1] or (1, 1) for p in others),
            *(
                (1, np.shape(p)[0]) if np.ndim(p) == 2 else (len(stack), 1)
                for p in parameters.values()
                if isinstance(p, np.ndarray)
            ),
        )
        points = np.empty((*shape, len(self.units)))
        there = ~np.isnan(value[0, 0])
        for peers in self._peers[first.scope]:
            if not there.all():
                points[..., peers] = np.nan
                peers = np.arange(len(there))[peers][there[peers]]
            if there[peers].any():
                points[..., peers] = rule.formula(
                    value[..., peers], *(other[..., peers] for other in others), **parameters
                )
        points *= 100
        points /= parameters["full"]
        return points

    def _filled(self, leaf: Indicator, score: Array) -> tuple[Array, list[Problem]]:
        """Replace NaN as the indicator says about missing values."""
        absent = np.isnan(score)
        if not absent.any() or leaf.missing == "spread":
            return score, []
        if leaf.missing == "zero":
            return np.where(absent, 0.0, score), []
        if leaf.missing == "full":
            return np.where(absent, 100.0, score), []
        if leaf.missing == "median":
            for members in self.members:
                there = members[~absent[:, members].all(0)]
                if len(there):
                    middle = np.nanmedian(score[:, there], -1, keepdims=True)
                    score[:, members] = np.where(absent[:, members], middle, score[:, members])
        return score, list(self._absences(leaf, np.isnan(score).any(0)))

    def _absences(self, leaf: Indicator, absent: npt.ArrayLike) -> Iterator[Problem]:
        actual = self.numbers("actual", leaf.column)
        for unit in np.flatnonzero(absent):
            where = f"{leaf.id} › {self.units[unit]}"
            if np.isnan(actual[unit]):
                found = Words("没有数值", "there is no value")
            else:
                needs = {*leaf.measure.data, *leaf.rule.data} - {"actual", "value"}
                names = [QUANTITIES.get(name, Words(name, name)) for name in sorted(needs)]
                found = Words(
                    f"无法计分（{'、'.join(n.zh for n in names) or '取值'}缺失或为零）",
                    f"it cannot be scored ({' or '.join(n.en for n in names) or 'the value'}"
                    " missing or zero)",
                )
            yield Problem(
                where,
                found,
                remedy=Words(
                    f"请补数，或在 {leaf.id}.missing 写明处理办法（zero、full、median、spread）",
                    f"Fill it in, or state what that means in {leaf.id}.missing"
                    " (zero, full, median or spread)",
                ),
            )

    # -- groups ----------------------------------------------------------------------------------

    def _block(
        self, draws: Draws, touched: frozenset[str], nodes: Collection[str]
    ) -> dict[str, Array]:
        """Return the scores (1|R, N) of the root and of the nodes asked for."""
        known = {name: score for name, score in self._known.items() if name not in touched}
        drawn = [leaf for leaf in self.scheme.indicators if leaf.id in touched]
        known |= self._leaf_scores(drawn, draws)
        wanted = (*nodes, *self._tie_break, self.scheme.root.id)
        for name in wanted:
            self._score(self.scheme.nodes[name], draws, touched, known)
        return {name: known[name] for name in wanted}

    def _score(
        self,
        node: Group | Indicator,
        draws: Draws,
        touched: frozenset[str],
        known: dict[str, Array],
    ) -> Array:
        if node.id in known:
            return known[node.id]
        assert isinstance(node, Group)
        score = self._flat(node, draws, touched, known) if node.combine.linear else None
        if score is None:
            x, w = self._children(node, draws, touched, known)
            score = self._combined(node, x, w, draws)
        known[node.id] = score
        if node.id not in touched:
            self._known[node.id] = score
        return score

    def _children(
        self, group: Group, draws: Draws, touched: frozenset[str], known: dict[str, Array]
    ) -> tuple[Array, Array]:
        """Return the children's scores (K, R, N) and weights (K, 1|R, N)."""
        scores = [self._score(child, draws, touched, known) for child in group.children]
        weights, kept = self._weights(group, draws)
        x, w = _even(scores), weights[:, :, self.category]
        if kept is not None:
            off = self._cancelled(group, draws)[:, :, self.category]
            own = [draws.get(f"{c.id}.weight", np.full((1, 1), c.weight)) for c in group.children]
            x = np.where(off, 100.0 if group.cancelled == "full_marks" else 0.0, x)
            w = np.where(off, _even(own), w)
        return x, w

    def _combined(self, group: Group, x: Array, w: Array, draws: Draws) -> Array:
        parameters = _parameters(group.combine, f"{group.id}.combine", draws, group)
        drawn = [len(v) for p, v in draws.items() if p.startswith(f"{group.id}.combine.")]
        rows = max(x.shape[1], w.shape[1], *drawn)
        if rows > x.shape[1]:
            x = np.broadcast_to(x, (len(x), rows, x.shape[2]))
        score = np.empty((rows, x.shape[2]))
        for peers in self._peers_of(group):
            score[:, peers] = group.combine.formula(x[:, :, peers], w[:, :, peers], **parameters)
        undefined = np.isnan(score)
        if undefined.any():
            undefined &= (~np.isnan(x) & (w > 0)).any(0)
        if undefined.any():
            raise SimkaoheError(*self._undefined(group, undefined.any(0)))
        return score

    def _peers_of(self, group: Group) -> list[Rows]:
        return self._peers[getattr(group.combine, "scope", "all")]

    def _undefined(self, group: Group, units: npt.ArrayLike) -> Iterator[Problem]:
        method = group.combine
        choices = [name for name in ("zero", "missing") if name in type(method).model_fields]
        paths = [f"{group.id}.combine.{name}" for name in choices]
        for unit in np.flatnonzero(units):
            yield Problem(
                f"{group.id} › {self.units[unit]}",
                Words(
                    f"有一部分得分为零或缺失，“{method.label.zh}”无法计算",
                    f"a part is zero or missing, for which {method.method!r} has no result",
                ),
                remedy=Words(
                    f"请在 {'、'.join(paths)} 写明处理办法",
                    f"State what that means in {' or '.join(paths)}",
                ),
            )

    def _flat(
        self, group: Group, draws: Draws, touched: frozenset[str], known: dict[str, Array]
    ) -> Array | None:
        """Return an additive subtree as one product of weights and scores; None if it is not one.

        It is one when every term is complete and the same for all draws.
        """
        terms = self._terms(group, draws, touched, known)
        if any(len(score) > 1 for score, _ in terms):
            return None
        x = np.array([score[0] for score, _ in terms])
        w = _even([share for _, share in terms])
        score = np.empty((w.shape[1], len(self.units)))
        for c, members in enumerate(self._peers["category"]):
            inside, share = x[:, members], w[:, :, c]
            # One draw: a sum whose order is the same for all units, so that equals stay equal.
            product = np.matmul if len(score) > 1 else partial(np.einsum, "rk,kn->rn")
            score[:, members] = product(share.T, inside)
        return None if np.isnan(score).any() else score

    def _terms(
        self, group: Group, draws: Draws, touched: frozenset[str], known: dict[str, Array]
    ) -> list[tuple[Array, Array]]:
        """Return (score (1|R, N), share (1|R, C)) of everything that an additive subtree adds up."""
        weights, phantom = self._weights(group, draws)
        total = weights.sum(0) + (0 if phantom is None else phantom)
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = weights / total
        terms: list[tuple[Array, Array]] = []
        for child, share in zip(group.children, shares, strict=True):
            additive = child.id in touched and child.id not in known
            if isinstance(child, Group) and child.combine.linear and additive and (share > 0).all():
                inner = self._terms(child, draws, touched, known)
                terms += [(score, share * part) for score, part in inner]
            else:
                terms.append((self._score(child, draws, touched, known), share))
        if phantom is not None:
            marks = 100.0 if group.cancelled == "full_marks" else 0.0
            terms.append((np.full((1, len(self.units)), marks), phantom / total))
        return terms

    def _weights(self, group: Group, draws: Draws) -> tuple[Array, Array | None]:
        """Return the children's weights (K, 1|R, C), cancelled ones moved as the group says.

        The second is the weight (1|R, C) that keeps counting for cancelled children (full or zero
        marks), or None.
        """
        children = group.children
        w = self._stated(children, draws)
        for k, child in enumerate(children):
            if isinstance(child, Group) and child.cancelled == "whole":
                kept, freed = self._kept_and_freed(child, draws)
                share = kept / np.where(kept + freed > 0, kept + freed, 1)
                w = np.array(np.broadcast_to(w, (len(w), max(w.shape[1], len(share)), w.shape[2])))
                w[k] *= share
        cancelled = self._cancelled(group, draws)
        if not cancelled.any() or group.cancelled in ("siblings", "whole"):
            return w, None
        _, freed = self._kept_and_freed(group, draws)
        if group.cancelled in ("full_marks", "zero_marks"):
            return w, freed
        if isinstance(group.cancelled, Mapping):
            given = np.array([group.cancelled.get(child.id, 0.0) for child in children])
            return w + freed * (given / given.sum())[:, None, None], None
        takes = ~cancelled & (w > 0)
        return w + np.where(takes, freed / np.maximum(takes.sum(0), 1), 0), None

    def _stated(self, nodes: Collection[Group | Indicator], draws: Draws) -> Array:
        """Return the stated weights of nodes (K, 1|R, C)."""
        weight_in = self.scheme.weight_in
        stated = np.array([[[weight_in(node, c) for c in self.categories]] for node in nodes])
        drawn: dict[tuple[int, int], Array] = {}
        for k, node in enumerate(nodes) if draws else ():
            for c, category in enumerate(self.categories):
                own = draws.get(f"{node.id}.weights_by_category.{category}")
                if own is None and category not in node.weights_by_category:
                    own = draws.get(f"{node.id}.weight")
                if own is not None:
                    drawn[k, c] = own
        if drawn:
            stated = stated.repeat(max(map(len, drawn.values())), 1)
        for (k, c), own in drawn.items():
            stated[k, :, c] = own[:, 0]
        return stated

    def _cancelled(self, group: Group, draws: Draws) -> npt.NDArray[np.bool_]:
        """Return which children are cancelled in which category, shape (K, 1|R, C)."""
        overridden = [
            [
                child.weight > 0
                and (
                    c in child.weights_by_category or f"{child.id}.weights_by_category.{c}" in draws
                )
                for c in self.categories
            ]
            for child in group.children
        ]
        return np.array(overridden)[:, None, :] & (self._stated(group.children, draws) == 0)

    def _kept_and_freed(self, group: Group, draws: Draws) -> tuple[Array, Array]:
        """Return the weight that stays and the weight that is cancelled, each (1|R, C)."""
        cancelled = self._cancelled(group, draws)
        kept = self._stated(group.children, draws).sum(0)
        freed: Any = sum(
            np.where(off, draws.get(f"{child.id}.weight", np.full((1, 1), child.weight)), 0.0)
            for child, off in zip(group.children, cancelled, strict=True)
        )
        return kept, freed

    # -- totals, ranks, grades -------------------------------------------------------------------

    def _ranked(self, scores: Mapping[str, Array]) -> Outcome:
        root = scores[self.scheme.root.id]
        if np.isnan(root).any():
            raise SimkaoheError(
                *(
                    Problem(
                        self.units[unit],
                        Words("没有任何得分", "this unit has no score at all"),
                        remedy=Words(
                            "请补数，或把它从方案中去掉", "Fill in its data or leave it out"
                        ),
                    )
                    for unit in np.flatnonzero(np.isnan(root).any(0))
                )
            )
        ranking = self.scheme.ranking
        digits = EXACT if ranking.digits is None else ranking.digits
        q = last_digits(root * (self.scheme.full / 100), digits)
        totals = q / 10.0**digits
        first, _ = places(q)
        final = dense if ranking.ties == "dense" else lambda ranks: ranks
        ranks = final(first)
        category_ranks = ranks
        if len(self.members) > 1:
            category_ranks = np.empty_like(first)
            for members in self.members:
                category_ranks[:, members] = final(places(q[:, members])[0])
        return Outcome(
            totals,
            ranks,
            category_ranks,
            self._graded(totals, q, scores),
            scores,
        )

    def _graded(
        self, totals: Array, q: npt.NDArray[np.int64], scores: Mapping[str, Array]
    ) -> npt.NDArray[np.int8] | None:
        rules = self.scheme.grades
        if rules is None:
            return None
        everybody = [np.arange(len(self.units))]
        together = self.members if rules.within == "category" else everybody
        names = self.categories if rules.within == "category" else ("",)
        seats = rules.seats({n: len(m) for n, m in zip(names, together, strict=True)})
        grades = np.empty(totals.shape, np.int8)
        for name, members in zip(names, together, strict=True):
            first, last = places(q[:, members])
            for node in self._tie_break:
                second, _ = places(last_digits(scores[node][:, members], EXACT))
                first, last = places(-(first * (len(members) + 1) + second))
            grades[:, members] = rules.assign(totals[:, members], first, last, seats[name])
        return grades

    # -- draws -----------------------------------------------------------------------------------

    def _checked(self, draws: Draws) -> dict[str, Array]:
        given: dict[str, Array] = {}
        problems: list[Problem] = []
        for path, values in draws.items():
            try:
                now = value_at(self.scheme, path)
                if path.partition(".")[0] not in self.scheme.nodes or not _is_number(now):
                    problems.append(
                        Problem(
                            path,
                            quoted(now),
                            Words("某个指标或分组的一个数", "a number of an indicator or group"),
                            Words("结构的改动请用 edit", "Change structure with scheme.edit"),
                        )
                    )
                    continue
                array = np.atleast_1d(np.asarray(values, np.float64))
                if array.ndim != 1 or not len(array) or not np.isfinite(array).all():
                    problems.append(
                        Problem(
                            path,
                            Words(
                                f"形状为 {array.shape} 的数组", f"an array of shape {array.shape}"
                            ),
                            Words("一维、全部为有限数的数组", "finite numbers in one dimension"),
                        )
                    )
                for end in {float(array.min()), float(array.max())} if array.size else ():
                    weight = ".weight" in path
                    if not weight or end < 0:
                        self.scheme.edit({path: end})
                given[path] = array
            except SimkaoheError as error:
                problems += error.problems
            except (TypeError, ValueError):
                problems.append(
                    Problem(path, str(type(values).__name__), Words("数组", "an array"))
                )
        lengths = {len(array) for array in given.values()} - {1}
        if len(lengths) > 1:
            problems.append(
                Problem(
                    "draws",
                    Words(f"长度不一：{sorted(lengths)}", f"different lengths: {sorted(lengths)}"),
                    remedy=Words(
                        "每条路径的抽样数要相同", "Give every path the same number of draws"
                    ),
                )
            )
        if problems:
            raise SimkaoheError(*problems)
        return given

    def _touched(self, draws: Draws) -> frozenset[str]:
        """Return the nodes whose scores vary: those drawn and everything above them."""
        touched = set()
        for path in draws:
            node, _, field = path.partition(".")
            name = self._parent.get(node) if field.startswith("weight") else node
            while name is not None:
                touched.add(name)
                name = self._parent.get(name)
        for _ in draws:  # a weight that is freed for the whole scheme also moves the grandparent
            touched |= {self._parent[n] for n in list(touched) if n in self._parent}
        return frozenset(touched)


def _likeness(leaf: Indicator) -> tuple[Any, ...]:
    """Return what leaves must have in common to be computed as one stack."""
    methods = [
        (type(method), *(float if isinstance(v, float) else v for v in vars(method).values()))
        for method in (leaf.rule, leaf.measure)
    ]
    return (*methods, leaf.way, leaf.scope)


def _by_gaps(value: Array) -> list[Rows]:
    """Return rows of a stack (K, R, N): the complete ones together, each of the others alone."""
    broken = np.isnan(value).any((1, 2))
    alone: list[Rows] = [*np.flatnonzero(broken)[:, None]]
    if not alone:
        return [slice(None)]
    return alone if broken.all() else [np.flatnonzero(~broken), *alone]


def _even(parts: list[Array]) -> Array:
    """Return arrays (1|R, ...) as one (K, R, ...)."""
    stack = np.empty((len(parts), max(map(len, parts)), *parts[0].shape[1:]))
    for k, part in enumerate(parts):
        stack[k] = part
    return stack


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, float)


def _stacked(methods: list[Any], prefix: str, draws: Draws) -> dict[str, Any]:
    """Return the parameters of like methods: numbers as (K, 1, 1), drawn ones as (R, 1)."""
    first = methods[0]
    if len(methods) == 1:
        return _parameters(first, prefix, draws, None)
    return {
        name: np.array([getattr(m, name) for m in methods])[:, None, None]
        if isinstance(getattr(first, name), float)
        else getattr(first, name)
        for name in type(first).model_fields
        if name != "method" and name not in first.outside_formula
    }


def _stacked_field(stack: list[Indicator], name: str, prefix: str, draws: Draws) -> Any:
    own = np.array([getattr(leaf, name) for leaf in stack], np.float64)[:, None, None]
    return draws.get(f"{prefix}.{name}", own)


def _parameters(method: Method, prefix: str, draws: Draws, group: Group | None) -> dict[str, Any]:
    """Return the keyword arguments of a method's formula, drawn ones as (R, 1)."""
    found: dict[str, Any] = {}
    for name in type(method).model_fields:
        if name == "method" or name in method.outside_formula:
            continue
        value = draws.get(f"{prefix}.{name}", getattr(method, name))
        if isinstance(value, Method):
            value = partial(_call, value, _parameters(value, f"{prefix}.{name}", draws, None))
        found[name] = value
    if "children" in method.supplied and group is not None:
        found["children"] = tuple(child.id for child in group.children)
    return found


def _call(method: Method, parameters: dict[str, Any], *data: Array, **supplied: Any) -> Any:
    """Call a formula with its own parameters and those of the supplied facts that it takes."""
    facts = {name: value for name, value in supplied.items() if name in method.supplied}
    return type(method).formula(*data, **parameters, **facts)


def _joined(blocks: list[Outcome], count: int) -> Outcome:
    if len(blocks) == 1:
        return blocks[0]
    return Outcome(
        np.concatenate([block.totals for block in blocks]),
        np.concatenate([block.ranks for block in blocks]),
        np.concatenate([block.category_ranks for block in blocks]),
        None if blocks[0].grades is None else np.concatenate([b.grades for b in blocks]),
        {
            name: np.concatenate([block.scores[name] for block in blocks])
            if len(score) > 1 or count == 1
            else score
            for name, score in blocks[0].scores.items()
        },
    )


def _unit_problems(scheme: Scheme, panel: Panel) -> Iterator[Problem]:
    if not scheme.categories and not scheme.units:
        if not panel.units:
            yield Problem("actual", Words("没有任何单位", "there is no unit"))
        return
    observed = set(panel.units)
    for unit in panel.units:
        if unit not in scheme.units:
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
        for name in dict.fromkeys((*leaf.measure.data, *leaf.rule.data)):
            table, column = (name, leaf.column) if name in QUANTITIES else ("covariates", name)
            optional = name == "value" or (name == "target" and leaf.target is not None)
            optional |= name not in leaf.measure.data and leaf.missing != "error"
            if optional or panel.numbers(table, column) is not None:
                continue
            if name in leaf.rule.data and name != "target":
                continue  # rules say themselves what a missing previous or baseline value means
            yield unknown(
                f"{leaf.id} › {table}", column, panel.columns(table), Words("数据列", "column")
            )


__all__ = ["CATEGORY", "EXACT", "Engine", "Outcome"]
