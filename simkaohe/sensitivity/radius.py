"""How much the weights may change before an order does (排名的稳健半径)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product, zip_longest
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme
from simkaohe.sensitivity.form import AdditiveForm, additive_form
from simkaohe.sensitivity.nearest import NOISE, smallest_change
from simkaohe.sensitivity.volumes import differences

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]
LEAST = Words(
    "两单位各有权重，其中有共同的：至少经得起这么多",
    "weights of their own, some of them common to both: at least this",
)
BLOCK = 1 << 20
"""Numbers in an array of differences at once."""
GRID = np.linspace(0.0, 1.0, 65)
HALVINGS = 40
COLUMNS = ["above", "below", "rank", "category", "gap", "tied", "survives", "distinct", "radius"]


@dataclass(frozen=True, eq=False, repr=False)
class Robustness:
    """稳健性: what change of weights every order, every place and the whole ranking survives.

    Attributes
    ----------
    form : AdditiveForm
    within : {"all", "category"}
    ranks : array (N,) of int
        Ranks now, 0 for units that are not ranked.

    Notes
    -----
    “Survives any ± x”: each weight is changed by up to a share x of itself, each on its own, then
    all are renormalised, and the order is not reversed; just beyond x some change reverses it. It
    is about totals before rounding: with d decimals the two may show as level before, never in
    reverse order; ``distinct`` is the x up to which they cannot even show as level. Units that tie
    now (after rounding) are a tie: 0, or infinite when they are equal whatever the weights.
    Infinite: no change of any size reverses the order. Between units with weights of their own
    (categories) every weight of either changes on its own; where they have some in common, what is
    said is the least that the order survives. A weight that is 0 in a category stays, and with it
    what ``cancelled`` gives the others.
    """

    form: AdditiveForm
    within: Literal["all", "category"]
    ranks: Ints

    def __repr__(self) -> str:
        return f"Robustness({len(self.form.paths)} weights, {len(self.form.units)} units)"

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """相邻两位: every two units that follow each other in the ranking, or tie.

        Columns: ``above``, ``below``; ``rank`` of the upper one; ``category`` where ranks are
        within categories; ``gap`` in points before rounding (of logarithms for a geometric group);
        ``tied`` (after rounding); ``survives`` (share: 0.05 is ± 5 %); ``distinct``;
        ``radius`` (root of the sum of squared changes, of weights that sum to 1, with which the
        two are level; NaN between units with weights of their own); ``reason`` why there is none
        of them, or why ``survives`` is the least.
        """
        rows = [row for scope in self._scopes for row in self._rows(scope)]
        return pd.DataFrame(rows, columns=[*COLUMNS, "reason"])

    @cached_property
    def places(self) -> pd.DataFrame:
        """位次: what change every unit's place survives, by unit, best first.

        ``rank``; ``survives``: up to this no order between the unit and any other is reversed;
        ``rival``: whose order with it is reversed first; ``reason`` why there is none.
        """
        form = self.form
        rows = []
        for scope in self._scopes:
            for unit in scope[np.argsort(self.ranks[scope], kind="stable")]:
                others = scope[scope != unit]
                closed = [place for place in (unit, *others) if form.set_of[place] < 0]
                least, rival, reason = np.inf, None, ""
                if closed:
                    least, reason = np.nan, str(form.reasons[form.units[closed[0]]])
                elif len(others):
                    survives = self._survives(np.stack([np.full(len(others), unit), others], 1))
                    least = float(survives.min())
                    if np.isfinite(least):
                        rival = form.units[others[int(survives.argmin())]]
                rows.append((form.units[unit], int(self.ranks[unit]), least, rival, reason))
        columns = ["unit", "rank", "survives", "rival", "reason"]
        return pd.DataFrame(rows, columns=columns).set_index("unit")

    @cached_property
    def whole(self) -> pd.DataFrame:
        """全部位次: what change the whole ranking survives, one row for each scope.

        By category (``""`` for all units): ``survives`` and ``radius``, the smallest of those of
        its pairs, NaN when one of them has none; ``ties``, how many pairs tie now; ``orders``, what
        the orders of all other pairs survive.
        """
        rows = {}
        for scope in self._scopes:
            pairs = self.pairs[self.pairs["category"] == self._name(scope)]
            rows[self._name(scope)] = (
                _least(pairs["survives"]),
                _least(pairs["radius"]),
                int(pairs["tied"].sum()),
                _least(pairs.loc[~pairs["tied"], "survives"]),
            )
        index = pd.Index([*rows], dtype=object, name="category")  # also when nobody is ranked
        return pd.DataFrame([*rows.values()], index, ["survives", "radius", "ties", "orders"])

    @cached_property
    def centre(self) -> pd.DataFrame:
        """最稳权重: the weights with the same ranking that are farthest from any other.

        By edit path, one column for each scope: shares of 1, the centre of the largest ball inside
        the region of weights with the present order (Chebyshev), walls at weight 0 included; its
        radius stands in the row ``radius``. Units that tie now are left as they are. NaN when not
        all orders are linear in one set of weights. A linear program (HiGHS).
        """
        columns = {self._name(scope): self._centre(scope) for scope in self._scopes}
        return pd.DataFrame(columns, index=pd.Index([*self.form.paths, "radius"], name="path"))

    @property
    def headline(self) -> str:
        """One sentence for each scope, in the reader's language."""
        parts = []
        for scope in self._scopes:
            name = self._name(scope)
            units = [self.form.units[unit] for unit in scope]
            places, pairs = self.places.loc[units], self.pairs
            pairs = pairs[pairs["category"] == name]
            first = _percent(_least(places.loc[places["rank"] == 1, "survives"]))
            all_ = _percent(_least(pairs.loc[~pairs["tied"], "survives"]))
            count = int(pairs["tied"].sum())
            words = Words(
                f"所有先后次序经得起权重{all_.zh}的变动，第一名经得起{first.zh}"
                + (f"；并列 {count} 对，稍有变动即可能分开" if count else ""),
                f"every order survives {all_.en} of the weights, first place {first.en}"
                + (f"; {count} tied pairs, which any change may part" if count else ""),
            )
            label = self.form.engine.scheme.category_label(name)
            before = Words(f"{label}：", f"{label}: ") if name else ""
            parts.append(f"{before}{words}{Words('。', '.')}")
        return "\n".join(parts)

    @cached_property
    def _scopes(self) -> list[Ints]:
        engine = self.form.engine
        members = engine.members if self.within == "category" else [np.arange(len(engine.units))]
        ranked = [scope[self.ranks[scope] > 0] for scope in members]
        return [scope for scope in ranked if len(scope)]

    def _name(self, scope: Ints) -> str:
        engine = self.form.engine
        return engine.categories[engine.category[scope[0]]] if self.within == "category" else ""

    def _adjacent(self, scope: Ints) -> tuple[Places, npt.NDArray[np.bool_]]:
        """Return pairs (P, 2) of units of one and of the next rank, upper first; which tie."""
        ranks = self.ranks[scope]
        levels = [scope[ranks == rank] for rank in np.unique(ranks)]
        pairs: list[tuple[int, int, bool]] = []
        for upper, lower in zip_longest(levels, levels[1:], fillvalue=np.empty(0, np.intp)):
            pairs += [(a, b, True) for a, b in combinations(upper, 2)]
            pairs += [(a, b, False) for a, b in product(upper, lower)]
        found = np.array(pairs, np.intp).reshape(-1, 3)
        return found[:, :2], found[:, 2] > 0

    def _rows(self, scope: Ints) -> list[tuple[object, ...]]:
        form = self.form
        pairs, tied = self._adjacent(scope)
        linear = (form.set_of[pairs] >= 0).all(1)
        survives, distinct, radius = np.full((3, len(pairs)), np.nan)
        survives[linear] = self._survives(pairs[linear])
        digits = form.engine.scheme.ranking.digits
        distinct[linear] = self._survives(pairs[linear], 0.0 if digits is None else 10.0**-digits)
        same = linear & (form.set_of[pairs[:, 0]] == form.set_of[pairs[:, 1]])
        radius[same] = [
            0.0 if s == 0 else np.inf if np.isinf(s) else self._radius(pair)
            for pair, s in zip(pairs[same], survives[same], strict=True)
        ]
        gaps = form.totals[pairs[:, 0]] - form.totals[pairs[:, 1]]
        numbers = zip(gaps, tied.tolist(), survives, distinct, radius, strict=True)
        return [
            (form.units[a], form.units[b], int(self.ranks[a]), self._name(scope), *row,
             str(self._why(a, b) or ""))
            for (a, b), row in zip(pairs, numbers, strict=True)
        ]  # fmt: skip

    def _why(self, a: int, b: int) -> Words | None:
        """Return why there is no exact answer for two units."""
        form = self.form
        if (form.set_of[[a, b]] < 0).any() or form.set_of[a] == form.set_of[b]:
            return form.why_not(a, b)
        return LEAST if self._parting.shared(a, b) else None

    @cached_property
    def _parting(self) -> Parting:
        return Parting(self.form)

    def _survives(self, pairs: Places, ahead: float = 0.0) -> Array:
        r"""Return up to which x no change of ± x reverses the order of pairs (P, 2).

        .. math:: x = \frac{|d \cdot w|}{\sum_k |d_k| w_k}

        in one set of weights; else see :class:`Parting`. With ``ahead``: up to which the difference
        stays at least that many points.
        """
        form = self.form
        if ahead and form.logarithmic:
            return np.full(len(pairs), np.nan)
        found = np.empty(len(pairs))
        first, second = self.ranks[pairs].T
        sorted_ = np.where((first <= second)[:, None], pairs, pairs[:, ::-1])
        size = max(1, BLOCK // len(form.paths))
        for start in range(0, len(pairs), size):
            some, here = sorted_[start : start + size], found[start : start + size]
            one, two = form.set_of[some].T
            for which in np.unique(one):
                mine = (one == which) & (two == which)
                here[mine] = self._survive(some[mine], which, ahead)
            if (apart := one != two).any():
                upper, lower = some[apart].T
                here[apart] = self._parting.survive(upper, lower, ahead)
                here[apart & (first == second)[start : start + size]] = 0.0
        return np.where(form.behind[pairs[:, 0]] != form.behind[pairs[:, 1]], np.inf, found)

    def _survive(self, pairs: Places, which: int, ahead: float) -> Array:
        form = self.form
        free = form.free(which)
        d = differences(form, pairs, free) - ahead
        part = d * form.weights[free, which]
        gap, whole = part.sum(1), np.abs(part).sum(1)
        found = np.where(gap > 0, gap / np.where(whole > 0, whole, 1.0), 0.0)
        found = np.where((d >= 0).all(1), np.inf, found)
        first, second = self.ranks[pairs].T
        equal = ~d.any(1) & (ahead == 0)
        return np.where(first == second, np.where(equal, np.inf, 0.0), found)

    def _radius(self, pair: Places) -> float:
        """Return the L2 distance to the nearest weights with which a pair is level."""
        form = self.form
        which = int(form.set_of[pair[0]])
        free = form.free(which)
        w = form.weights[free, which]
        d = -differences(form, pair[None], free)[0]
        slope = d - d.mean()
        new = w - (d @ w) / (slope @ slope) * slope
        if (new < 0).any():
            new = smallest_change(d, w, 0.0, "l2", np.zeros(len(w)), np.ones(len(w)))
        return float(np.sqrt(((new - w) ** 2).sum()))

    def _centre(self, scope: Ints) -> Array:
        from scipy.optimize import linprog

        form = self.form
        found = np.full(len(form.paths) + 1, np.nan)
        sets = np.unique(form.set_of[scope])
        if len(sets) > 1 or sets[0] < 0:
            return found
        free = form.free(sets[0])
        pairs, tied = self._adjacent(scope)
        pairs = pairs[~tied & (form.behind[pairs[:, 0]] == form.behind[pairs[:, 1]])]
        d = differences(form, pairs, free)
        d = d[(d < -NOISE).any(1)]
        count = len(free)
        norms = np.sqrt(((d - d.mean(1, keepdims=True)) ** 2).sum(1))
        wall = np.sqrt(1 - 1 / count)
        size = np.maximum(np.abs(d).max(1, initial=0.0), NOISE)[:, None]
        solved = linprog(
            np.append(np.zeros(count), -1.0),
            A_ub=np.block(
                [[-d / size, norms[:, None] / size], [-np.eye(count), np.full((count, 1), wall)]]
            ),
            b_ub=np.zeros(len(d) + count),
            A_eq=np.append(np.ones(count), 0.0)[None],
            b_eq=[1.0],
            bounds=[(0, None)] * (count + 1),
        )
        if solved.x is not None:
            found[:] = 0.0
            found[free], found[-1] = solved.x[:-1], solved.x[-1]
        return found


def robustness(
    scheme: Scheme,
    panel: Panel,
    *,
    group: str | None = None,
    within: Literal["all", "category"] = "all",
) -> Robustness:
    """Return what change of weights every order, every place and the whole ranking survives.

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    group : str, optional
        Whose children's weights change, see :func:`additive_form`. Default: the root.
    within : {"all", "category"}
        The ranking of all units or those within categories.

    Raises
    ------
    SimkaoheError
        Totals that are not linear in the weights.
    """
    form = additive_form(scheme, panel, group)
    return Robustness(form, within, form.ranks(within))


def _least(numbers: pd.Series[float]) -> float:
    """Return the smallest number, infinite when there is none, NaN when one is."""
    return float(np.min(numbers.to_numpy(), initial=np.inf))


def _percent(share: float) -> Words:
    if np.isnan(share):
        return Words("（无法确定）", "(not known)")
    if np.isinf(share):
        return Words("任意幅度", "any change")
    return Words(f"任意 ±{100 * share:.2g}% ", f"any change of ± {100 * share:.2g} %")


class Parting:
    r"""How far the totals of units reach when each of their weights changes by up to ± x.

    .. math:: \min_{|f_k - 1| \le x} \frac{\sum_k f_k w_k c_k}{\sum_k f_k w_k}

    Weights of different sets change on their own, so an order holds as long as the lowest total of
    the upper unit is above the highest of the lower one. The minimum has :math:`f = 1 + x` for the
    children with the lowest corners c and :math:`1 - x` for the others, for one such division.
    """

    def __init__(self, form: AdditiveForm) -> None:
        self._form = form
        linear = form.set_of >= 0
        w = np.where(linear, form.weights[:, form.set_of], 0.0)
        order = np.argsort(form.corners, 0, kind="stable")
        self._corners = np.take_along_axis(form.corners, order, 0)
        self._weights = np.take_along_axis(w, order, 0)
        reached = [self._reach(np.arange(len(linear)), np.full(len(linear), x)) for x in GRID]
        self._low, self._high = (np.array(ends) for ends in zip(*reached, strict=True))

    def survive(self, upper: Places, lower: Places, ahead: float) -> Array:
        """Return up to which x the upper of every pair (P,) stays ahead by that many points."""
        behind = self._low[:, upper] - self._high[:, lower] < ahead  # (grid, P)
        ever = behind.any(0)
        first = behind.argmax(0)
        found = np.where(ever, 0.0, np.inf)
        some = np.flatnonzero(ever & (first > 0))
        within, beyond = GRID[first[some] - 1], GRID[first[some]]
        for _ in range(HALVINGS):
            middle = (within + beyond) / 2
            low, _ = self._reach(upper[some], middle)
            _, high = self._reach(lower[some], middle)
            holds = low - high >= ahead
            within, beyond = np.where(holds, middle, within), np.where(holds, beyond, middle)
        found[some] = within
        return found

    def shared(self, a: int, b: int) -> bool:
        """Return whether some weight is one and the same number for both units."""
        form = self._form
        engine = form.engine
        one, two = (engine.categories[engine.category[unit]] for unit in (a, b))
        nodes = (engine.scheme.nodes[path.removesuffix(".weight")] for path in form.paths)
        overrides = [node.weights_by_category for node in nodes]
        return one == two or any(one not in own and two not in own for own in overrides)

    def _reach(self, units: Places, x: Array) -> tuple[Array, Array]:
        """Return the lowest and the highest total (P,) of units when their weights vary by ± x."""
        c, w = self._corners[:, units], self._weights[:, units]
        none = np.zeros((1, len(units)))
        weight = np.concatenate([none, np.cumsum(w, 0)])
        points = np.concatenate([none, np.cumsum(w * c, 0)])
        ends = []
        for more, less, pick in ((1 + x, 1 - x, np.fmin), (1 - x, 1 + x, np.fmax)):
            top = more * points + less * (points[-1] - points)
            bottom = more * weight + less * (weight[-1] - weight)
            means = np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 1e-15)
            ends.append(pick.reduce(means, 0))
        return ends[0], ends[1]
