"""How totals depend on the weights of one group's children (权重的线性形式).

Exact answers about weights (win volumes, smallest changes, radii) need totals that are linear in
them. Whether they are is not guessed from the scheme's methods but checked by evaluation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from simkaohe.engine import Engine
from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.labels import Words
from simkaohe.panel import UNIT, Panel
from simkaohe.scheme.adjust import Veto
from simkaohe.scheme.combine import Geometric, Multiplier
from simkaohe.scheme.references import conditions
from simkaohe.scheme.tree import Group, Indicator, Scheme

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Node = Group | Indicator
EPSILON = 1e-9
"""Weight of the other children where one has nearly all of it (a weight of 0 may mean cancelled)."""
NOTHING = 1e-13
"""Share that an edit writes for a weight of 0, which may mean cancelled."""
SAME = 1e-9
"""How far an evaluated total may be from the form, relative to the totals' size."""
ROUNDS = 16
"""Random weight vectors that a form is checked at, besides the corners and the stated one."""


@dataclass(frozen=True, eq=False)
class AdditiveForm:
    r"""线性形式: totals as linear functions of the weights of one group's children.

    .. math:: T_i = constant_i + factor_i \sum_k w_k x_{ki}, \qquad \sum_k w_k = 1

    with the same on the left in logarithms where ``logarithmic``.

    Attributes
    ----------
    engine : Engine
    group : str
        Id of the group, or ``"leaves"``.
    paths : tuple of str
        The K weights that vary, as edit paths.
    units : tuple of str
        The N units, in the engine's order.
    x : array (K, N)
        Scores 0–100 of the children (their logarithms); 0 where a child's weight is 0 in the
        unit's set.
    weights : array (K, S)
        Stated weights of each set of units, normalised to sum 1.
    set_of : array (N,) of int
        The set of each unit; −1: its total is not linear in the weights, ``reasons`` says why.
        Units are in one set when their categories have the same weights and the same children of
        theirs have no score (whose weight is then spread, for all of the set alike).
    factor, constant : arrays (N,)
        In points of the total. A unit whose scores are all equal has factor 0: its total does not
        depend on these weights.
    logarithmic : bool
        True for a geometric group: the form is that of the logarithm of the total.
    behind : array (N,) of int
        0: ranked by the total; 1: vetoed to the last place; 2: not ranked (单列 or out).
    reasons : mapping of unit to Words
        Why a unit has no form.
    """

    engine: Engine
    group: str
    paths: tuple[str, ...]
    units: tuple[str, ...]
    x: Array
    weights: Array
    set_of: npt.NDArray[np.intp]
    factor: Array
    constant: Array
    logarithmic: bool
    behind: npt.NDArray[np.intp]
    reasons: Mapping[str, Words]
    _levers: _Levers = field(repr=False)

    @cached_property
    def corners(self) -> Array:
        """Totals (K, N) when one weight is all there is: ``constant + factor x``.

        A total is the mean of its unit's corners with the weights; rows whose weight is 0 in the
        unit's set play no part.
        """
        return self.constant + self.factor * self.x

    @cached_property
    def totals(self) -> Array:
        """Totals (N,) at the stated weights, unrounded (their logarithms); NaN without a form."""
        stated = (self.weights[:, self.set_of] * self.corners).sum(0)
        return np.where(self.set_of < 0, np.nan, stated)

    def free(self, which: int) -> npt.NDArray[np.intp]:
        """Return the places (k,) of the weights above 0 in a set: those that vary."""
        return np.flatnonzero(self.weights[:, which] > 0)

    def place(self, unit: str) -> int:
        """Return a unit's place in the engine's order.

        Raises
        ------
        SimkaoheError
            When there is no such unit, with the nearest names.
        """
        if unit not in self.units:
            raise SimkaoheError(unknown(self.group, unit, self.units, UNIT))
        return self.units.index(unit)

    def why_not(self, a: int, b: int) -> Words | None:
        """Return why two units (places) cannot be compared linearly; None when they can."""
        for place in (a, b):
            if self.set_of[place] < 0:
                return self.reasons[self.units[place]]
            if self.behind[place] == 2:
                name = self.units[place]
                return Words(f"“{name}”不参加排名", f"{name!r} is not ranked")
        if self.set_of[a] != self.set_of[b]:
            one, two = self.units[a], self.units[b]
            return Words(
                f"“{one}”与“{two}”的权重不同（类别不同，或缺失的指标不同）",
                f"{one!r} and {two!r} have different weights (category, or missing scores)",
            )
        return None

    def compared(self, a: str, b: str) -> tuple[int, int]:
        """Return the places of two units that can be compared linearly.

        Raises
        ------
        SimkaoheError
            Unknown units, twice the same one, units that cannot be compared.
        """
        one, two = self.place(a), self.place(b)
        reason = self.why_not(one, two)
        if one == two:
            reason = Words("同一个单位", "these are the same unit")
        if reason:
            raise SimkaoheError(Problem(f"{a} › {b}", reason))
        return one, two

    def alike(self, which: int) -> list[int]:
        """Return the categories (places in ``engine.categories``) that a set's edits reach."""
        return self._levers.alike(self._levers.homes[which])

    def edits(self, which: int, weights: Array) -> dict[str, float]:
        """Return the edits that give a set of units other weights, all other units their own.

        Parameters
        ----------
        which : int
            The set.
        weights : array (K,)
            Sum 1. The sum of the stated weights is kept.
        """
        return self._levers.edits(self._levers.homes[which], weights, self.weights[:, which] > 0)


def additive_form(scheme: Scheme, panel: Panel, group: str | None = None) -> AdditiveForm:
    """Return how the total depends on the weights of a group's children.

    Parameters
    ----------
    scheme : Scheme
    panel : Panel
    group : str, optional
        A weighted sum, a weighted geometric mean, or a multiplier with several base children
        (whose weights then are the ones that vary). Default: the root. ``"leaves"``: all indicators
        of a wholly additive tree, as one vector of weights.

    Returns
    -------
    AdditiveForm

    Raises
    ------
    SimkaoheError
        No such group; a group without weights that vary; a node (which is named) that makes the
        totals other than linear in the group's score, or dependent on other units' scores.

    Notes
    -----
    Totals are evaluated with nearly all the weight on each child, with the stated weights and with
    random ones, and every unit's total must be the same affine function of its own score in the
    group at all of them; then with random scores of the group, each unit's its own. Steps by
    conditions on scores are compared with the whole range of these scores. A unit for which this
    fails (a cap inside its range, a veto on a score) has no form; when no two units have one the
    node in the way is named in an error.

    A missing score whose weight is spread: the weights of the others are renormalised, so units
    with the same gaps are comparable exactly, others are not. With ``"leaves"`` a unit with a gap
    has no form.
    """
    engine = Engine(scheme, panel)
    levers = _leaves(engine) if group == "leaves" else _children(engine, group)
    return _Maker(engine, levers).form()


@dataclass
class _Levers:
    """The weights that vary: stated (K, C), how they are written, and what they act on."""

    engine: Engine
    group: Group
    name: str
    nodes: tuple[Node, ...]
    stated: Array
    logarithmic: bool = False
    inner: tuple[Group, ...] = ()
    """Groups between the root and the leaves, for ``"leaves"``."""
    homes: list[int] = field(default_factory=list)
    """The category that each set of units stands for."""

    def paths(self, category: int, weights: Array) -> dict[str, Array]:
        """Return the drawn weights (R,) of a category for weights (R, K) that sum to 1."""
        there = self.stated[:, category] > 0
        scaled = weights * self.stated[:, category].sum()
        found = {}
        for node, part in self._parts(scaled, there):
            found[self._override(node, category)] = part
        return found

    def edits(self, category: int, weights: Array, free: Bools) -> dict[str, float]:
        """Return edits for a category and those that share its set."""
        stated = self.stated[:, category]
        new = np.where(free, weights * stated[free].sum(), stated)
        # 0 in a category would mean that the node is cancelled there
        new = np.where(free, np.maximum(new, NOTHING * stated.sum()), stated)
        alike = self.alike(category)
        found: dict[str, float] = {}
        for node, part in self._parts(new[None], stated > 0):
            others = [c for c in range(self.stated.shape[1]) if c not in alike]
            names = self.engine.categories
            # A weight that a category cancels still says there how much is spread.
            if all(node.weights_by_category.get(names[c], 0) > 0 for c in others):
                found[f"{node.id}.weight"] = float(part[0])
                alike_here = [c for c in alike if names[c] in node.weights_by_category]
            else:
                alike_here = alike
            for c in alike_here:
                scale = self.stated[:, c].sum() / stated.sum()
                found[self._override(node, c)] = float(part[0] * scale)
        return found

    def alike(self, category: int) -> list[int]:
        """Return the categories whose normalised weights are those of one of them."""
        shares = self.stated / self.stated.sum(0)
        same = np.isclose(shares, shares[:, [category]], rtol=0, atol=1e-12).all(0)
        return np.flatnonzero(same).tolist()

    def _parts(self, weights: Array, there: Bools) -> list[tuple[Node, Array]]:
        """Return (node, weight (R,)) of every node whose weight is to be set."""
        parts: list[tuple[Node, Array]] = [
            (node, weights[:, k]) for k, node in enumerate(self.nodes) if there[k]
        ]
        for group in self.inner:
            below = _below(group)
            inside = [k for k, node in enumerate(self.nodes) if there[k] and node.id in below]
            if inside:
                parts.append((group, weights[:, inside].sum(1)))
        return parts

    def _override(self, node: Node, category: int) -> str:
        name = self.engine.categories[category]
        return f"{node.id}.weights_by_category.{name}" if name else f"{node.id}.weight"


def _below(group: Group) -> set[str]:
    found = set[str]()
    for child in group.children:
        found |= {child.id} | (_below(child) if isinstance(child, Group) else set())
    return found


def _children(engine: Engine, name: str | None) -> _Levers:
    scheme = engine.scheme
    groups = {n: g.label for n, g in scheme.nodes.items() if isinstance(g, Group)}
    name = scheme.root.id if name is None else name
    if name not in groups:
        what = Words("分组", "group")
        raise SimkaoheError(unknown("group", name, {**groups, "leaves": ""}, what))
    group = scheme.nodes[name]
    assert isinstance(group, Group)
    method = group.combine
    nodes = group.children
    if isinstance(method, Multiplier):
        nodes = tuple(child for child in nodes if child.id in method.base)
    elif not (method.linear or isinstance(method, Geometric)):
        raise SimkaoheError(_not_linear(group))
    stated = engine.weights.stated(nodes, {})[:, 0] if nodes else np.zeros((0, 1))
    if not ((stated > 0).sum(0) > 1).any():
        raise SimkaoheError(
            Problem(
                f"{name}.children",
                Words("没有两个以上可变的权重", "there are no two weights that could vary"),
                remedy=Words("请选另一个分组 group", "Choose another group"),
            )
        )
    return _Levers(engine, group, name, nodes, stated, isinstance(method, Geometric))


def _leaves(engine: Engine) -> _Levers:
    scheme = engine.scheme
    shares = {scheme.root.id: np.ones(len(engine.categories))}
    inner = []
    for group in scheme.nodes.values():
        if not isinstance(group, Group):
            continue
        if not group.combine.linear:
            raise SimkaoheError(_not_linear(group))
        if group.cancelled != "siblings" and engine.weights.cancelled(group, {}).any():
            raise SimkaoheError(
                Problem(
                    f"{group.id}.cancelled",
                    Words("取消指标的权重不按比例分摊", "cancelled weights are not spread evenly"),
                    Words("siblings", "siblings, for one vector of all weights"),
                )
            )
        inner += [group] if group is not scheme.root else []
        stated = engine.weights.stated(group.children, {})[:, 0]
        total = stated.sum(0)
        for child, own in zip(group.children, stated / np.where(total > 0, total, 1), strict=True):
            shares[child.id] = shares[group.id] * own
    nodes = scheme.indicators
    flat = 100 * np.array([shares[leaf.id] for leaf in nodes])
    return _Levers(engine, scheme.root, "leaves", nodes, flat, inner=tuple(inner))


def _not_linear(node: Node) -> Problem:
    method = node.combine.label if isinstance(node, Group) else Words("", "")
    return Problem(
        node.id,
        Words(
            f"“{node.label}”（{method.zh}及其调整）使总分不是这些权重的线性函数，或取决于其他单位",
            f"{node.label} ({method.en} and its adjustments) makes totals other than linear in "
            "these weights, or dependent on other units",
        ),
        remedy=Words("请用抽样（montecarlo）", "Use sampling (montecarlo)"),
    )


class _Maker:
    """Evaluates, fits and checks a form."""

    def __init__(self, engine: Engine, levers: _Levers) -> None:
        self.engine, self.levers = engine, levers
        self.scheme = engine.scheme
        self.chain = [levers.group]
        while (above := engine.parent(self.chain[-1].id)) is not None:
            self.chain.append(above)
        self.reasons: dict[str, Words] = {}

    def form(self) -> AdditiveForm:
        levers, engine = self.levers, self.engine
        x, gone = self._scores()
        weights, set_of, homes = self._sets(gone)
        levers.homes = homes
        rows, trial = self._trial(homes, weights)
        nodes = [node.id for node in self._varying()]
        scores = engine.run(rows, nodes=nodes).scores
        y = np.einsum("rks,kn->rsn", trial, x)[:, set_of, np.arange(x.shape[1])]
        total = scores[self.scheme.root.id] * (self.scheme.full / 100)
        factor, constant, fits = _affine(y, self._scale(total))
        bad = ~fits | ~self._independent(scores[levers.group.id])
        self._set_aside(np.flatnonzero(bad), self._culprit(y, scores))
        for node, path, steps in self._steps(scores):
            self._set_aside(np.flatnonzero(steps), node, path)
        units = engine.units
        aside = np.array([unit in self.reasons for unit in units])
        if (~aside).sum() < min(2, len(units)):
            raise SimkaoheError(_not_linear(self._culprit(y, scores)))
        return AdditiveForm(
            engine=engine,
            group=levers.name,
            paths=tuple(f"{node.id}.weight" for node in levers.nodes),
            units=units,
            x=x,
            weights=weights,
            set_of=np.where(aside, -1, set_of),
            factor=factor,
            constant=constant,
            logarithmic=levers.logarithmic,
            behind=behind(engine),
            reasons=self.reasons,
            _levers=levers,
        )

    def _scale(self, score: Array) -> Array:
        if not self.levers.logarithmic:
            return score
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(np.where(score > 0, score, np.nan))

    def _scores(self) -> tuple[Array, Bools]:
        """Return the children's scores (K, N) (logarithms) and where a counted one has none."""
        levers, engine = self.levers, self.engine
        names = [node.id for node in levers.nodes]
        found = engine.run(nodes=names).scores
        x = np.array([found[name][0] for name in names])
        counts = levers.stated[:, engine.category] > 0
        gone = counts & np.isnan(x)
        if levers.logarithmic:
            method = levers.group.combine
            assert isinstance(method, Geometric)
            x = np.maximum(x, method.floor) if method.zero == "floor" else x
            zero = counts & (x <= 0)
            for place in np.flatnonzero(zero.any(0)):
                self.reasons[engine.units[place]] = Words(
                    f"“{engine.units[place]}”有零分项，几何平均没有对数",
                    f"{engine.units[place]!r} has a part of zero, which has no logarithm",
                )
            x = np.log(np.where(x > 0, x, 1.0))
        if levers.inner or levers.name == "leaves":
            for place in np.flatnonzero(gone.any(0)):
                self.reasons[engine.units[place]] = Words(
                    f"“{engine.units[place]}”有缺失指标，其权重在所属分组内分摊",
                    f"{engine.units[place]!r} has a missing score, whose weight its group spreads",
                )
        return np.where(counts & ~np.isnan(x), x, 0.0), gone

    def _sets(self, gone: Bools) -> tuple[Array, npt.NDArray[np.intp], list[int]]:
        """Return weights (K, S), the set of each unit, and the category of each set."""
        shares = self.levers.stated / self.levers.stated.sum(0)
        keys: dict[tuple[bytes, bytes], int] = {}
        columns: list[Array] = []
        homes: list[int] = []
        set_of = np.empty(gone.shape[1], np.intp)
        for place, category in enumerate(self.engine.category):
            own = shares[:, category]
            gaps = gone[:, place]
            if not np.where(gaps, 0.0, own).sum() > 0:  # nothing here: the weights do not matter
                gaps = np.zeros_like(gaps)
            key = np.round(own, 12).tobytes(), gaps.tobytes()
            if key not in keys:
                keys[key] = len(columns)
                kept = np.where(gaps, 0.0, own)
                columns.append(kept / kept.sum())
                homes.append(int(category))
            set_of[place] = keys[key]
        return np.array(columns).T, set_of, homes

    def _trial(self, homes: list[int], weights: Array) -> tuple[dict[str, Array], Array]:
        """Return draws of weights and what they are in every set, shape (R, K, S)."""
        count = len(self.levers.nodes)
        rng = np.random.default_rng(0)
        inside = rng.dirichlet(np.full(count, 0.7), ROUNDS) + EPSILON
        rows = np.vstack([np.eye(count) + EPSILON, np.ones((1, count)), inside])
        draws: dict[str, Array] = {}
        shares = self.levers.stated / self.levers.stated.sum(0)
        drawn = []
        for category in range(shares.shape[1]):
            there = rows * (shares[:, category] > 0)
            mine = np.vstack([shares[:, category], there / there.sum(1, keepdims=True)])
            drawn.append(mine)
            draws |= self.levers.paths(category, mine)
        trial = np.stack([drawn[c] * (weights[:, s] > 0) for s, c in enumerate(homes)], 2)
        return draws, trial / trial.sum(1, keepdims=True)

    def _varying(self) -> list[Group]:
        inner = list(self.levers.inner)
        return [*reversed(inner), *self.chain]

    def _independent(self, group_score: Array) -> Bools:
        """Return which units (N,) do not depend on the group's scores of others."""
        node, root = self.levers.group, self.scheme.root
        if node is root:
            return np.ones(group_score.shape[1], bool)
        rng = np.random.default_rng(1)
        low, high = group_score.min(0), group_score.max(0)
        places = np.arange(len(low))
        bits = np.array([places >> bit & 1 for bit in range(len(low).bit_length())])
        share = np.vstack([bits, 1 - bits, rng.random((ROUNDS, len(low)))])
        score = low + (high - low) * share  # for every two units: one low and the other high
        total = self.engine.what_if({node.id: score}).scores[root.id]
        total = total * (self.scheme.full / 100)
        return _affine(self._scale(np.where(np.isnan(low), 1.0, score)), self._scale(total))[2]

    def _culprit(self, y: Array, scores: Mapping[str, Array]) -> Node:
        """Return the lowest node whose score is not affine in the group's."""
        for node in self._varying():
            if not self.levers.inner or node is self.scheme.root:
                score = self._scale(np.broadcast_to(scores[node.id], y.shape))
                there = ~np.isnan(score).any(0)
                if not _affine(y[:, there], score[:, there])[2].all():
                    return node
        return self.chain[min(1, len(self.chain) - 1)]

    def _steps(self, scores: Mapping[str, Array]) -> Iterator[tuple[Node, str, Bools]]:
        """Yield (node, where) of conditions on scores that may hold or not, and for whom (N,)."""
        for path, condition in conditions(self.scheme):
            subject, name = condition.subject
            first, adjustment, *_ = path.split(".")
            if subject != "score" or name not in scores or first != "adjustments":
                continue
            rule = self.scheme.adjustments[adjustment]
            if isinstance(rule, Veto) and not set(rule.effects) & {
                "zero", "score_cap", "last", "out"
            }:  # fmt: skip
                continue
            low, high = scores[name].min(0), scores[name].max(0)
            ends = (condition.at_least, condition.at_most, condition.below)
            inside = [(low - SAME <= e) & (e <= high + SAME) for e in ends if e is not None]
            yield self.scheme.nodes[name], path, np.logical_or.reduce(inside) & (high > low)

    def _set_aside(self, places: Any, node: Node, path: str = "") -> None:
        for place in places:
            name = self.engine.units[place]
            where = path or node.id
            self.reasons.setdefault(
                name,
                Words(
                    f"“{name}”的总分不是这些权重的线性函数（见 {where}）",
                    f"the total of {name!r} is not linear in these weights (see {where})",
                ),
            )


def _affine(y: Array, t: Array) -> tuple[Array, Array, Bools]:
    """Fit ``t = constant + factor y`` for each unit, (R, N); say for whom it holds in all rows."""
    units = np.arange(y.shape[1])
    low, high = y.argmin(0), y.argmax(0)
    y0, y1, t0, t1 = y[low, units], y[high, units], t[low, units], t[high, units]
    spread = y1 - y0
    wide = spread > SAME * np.maximum(1, np.abs(y1))
    factor = np.where(wide, (t1 - t0) / np.where(wide, spread, 1.0), 0.0)
    constant = np.where(wide, t0 - factor * y0, t.mean(0))
    error = np.abs(t - (constant + factor * y)).max(0)
    return factor, constant, error <= SAME * np.maximum(1, np.abs(t).max(0))


def behind(engine: Engine) -> npt.NDArray[np.intp]:
    """Return (N,): 0 for units ranked by the total, 1 for those vetoed to the end, 2 for others."""
    found = np.zeros(len(engine.units), np.intp)
    out = ~engine.people.ranked
    for name, veto in engine.scheme.adjustments.items():
        if isinstance(veto, Veto) and {"last", "out"} & set(veto.effects):
            struck = engine.struck(name)
            found[struck & ("last" in veto.effects)] = 1
            out = out | (struck & ("out" in veto.effects))
    found[out] = 2
    return found
