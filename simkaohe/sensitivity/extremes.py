"""Best and worst rank that each unit can get within bounds of the weights (最好与最差位次)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine.standing import EXACT
from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.labels import Words
from simkaohe.panel import UNIT, Panel
from simkaohe.scheme.tree import Scheme
from simkaohe.sensitivity.form import AdditiveForm, additive_form
from simkaohe.sensitivity.placing import Extent, Race, extent, found, proved
from simkaohe.sensitivity.polytope import Polytope

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ends = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, eq=False)
class RankRange:
    """位次范围: the best and the worst rank that each unit can get within bounds of the weights.

    Attributes
    ----------
    table : DataFrame, units (by present rank)
        ``rank`` now; ``best`` and ``worst``: ranks that weights in ``best_weights`` and
        ``worst_weights`` give, as the engine evaluates them; ``best_bound`` and ``worst_bound``: no
        weights within the bounds give a better or a worse one; ``best_proved``, ``worst_proved``:
        the two are equal, so that the rank is exact.
    best_weights, worst_weights : DataFrame, units × edit paths
        The certificates; see :meth:`edits`.
    bounds : DataFrame, edit paths × (low, weight, high)
        The bounds that were kept, beside the sum of the weights.
    peers : {"all", "category"}
    reasons : mapping of unit to Words
        Units that are ranked but whose total is not linear in these weights. They have no range of
        their own, and as rivals they count as undecided in every bound.
    """

    table: pd.DataFrame
    best_weights: pd.DataFrame
    worst_weights: pd.DataFrame
    bounds: pd.DataFrame
    peers: Literal["all", "category"]
    reasons: Mapping[str, Words]

    def edits(self, unit: str, end: Literal["best", "worst"]) -> dict[str, float]:
        """Return the edits (for ``scheme.edit``) that give a unit its best or worst rank."""
        frame = self.best_weights if end == "best" else self.worst_weights
        if unit not in frame.index:
            raise SimkaoheError(unknown("rank_range", unit, [str(u) for u in frame.index], UNIT))
        return {str(path): float(value) for path, value in frame.loc[unit].items()}


def rank_range(
    scheme: Scheme,
    panel: Panel,
    group: str | None = None,
    *,
    within: float = 0.2,
    bounds: Ends | None = None,
    proof: bool = False,
    units: Collection[str] | None = None,
    peers: Literal["all", "category"] = "all",
    seconds: float = 60.0,
) -> RankRange:
    """Return the best and the worst rank that units can get within bounds of the weights.

    Parameters
    ----------
    scheme : Scheme
    panel : Panel
    group : str, optional
        Whose children's weights vary, see :func:`additive_form`; default: the root.
    within : float, default 0.2
        Every weight stays within this share of itself (0.2: ± 20 %); their sum is kept.
    bounds : mapping of edit path to (low, high), optional
        Instead of ``within``, for the weights named; in the weight's own points.
    proof : bool
        Whether to settle by mixed-integer programming what bounds and search leave open.
    units : collection of str, optional
        For whom; default: all that are ranked and have a linear form.
    peers : {"all", "category"}
        Overall ranks, or ranks in the unit's category.
    seconds : float
        Time limit of each proof; a proof that runs out still improves the bound.

    Returns
    -------
    RankRange

    Raises
    ------
    SimkaoheError
        Unknown groups, paths and units; bounds that no weights meet; dense ranks; totals that are
        not linear in the weights.

    Notes
    -----
    In three steps: (1) the largest and smallest lead of each rival over all weights within the
    bounds (a greedy filling, exact) say who is ahead for certain and who can be: bounds at once;
    (2) a search whose every step looks at all breakpoints of a line gives ranks that are attained;
    (3) on demand, a mixed-integer program over the undecided rivals (HiGHS). Rounding before
    ranking is part of all three. Every attained rank is evaluated by the engine at its weights.
    The minimum and maximum over random draws are not a range: they are far too narrow.

    Where categories have weights of their own, those of every category vary independently, each
    within the bounds and with its sum kept. A unit with a missing score whose weight is spread has
    no linear form beside units without; it then counts as undecided.

    References
    ----------
    [1] Kadziński, Greco and Słowiński (2012), Extreme ranking analysis, Omega 40(4).
    """
    if scheme.ranking.ties == "dense":
        raise SimkaoheError(
            Problem(
                "ranking.ties",
                Words("密集名次取决于其他单位是否并列", "dense ranks depend on ties of others"),
                remedy=Words(
                    '请先用 scheme.edit({"ranking.ties": "competition"})',
                    'Use scheme.edit({"ranking.ties": "competition"}) first',
                ),
            )
        )
    form = additive_form(scheme, panel, group)
    field = Field(form, within, bounds or {})
    chosen = _chosen(field, units)
    nominal = form.engine.run()
    now = (nominal.ranks if peers == "all" else nominal.category_ranks)[0]
    rows: list[dict[str, Any]] = []
    certificates: list[Array] = []
    for place in chosen:
        row: dict[str, Any] = {"unit": form.units[place], "rank": int(now[place])}
        for best in (True, False):
            bound, weights = _end(field, place, peers, best, proof, seconds)
            row["best_bound" if best else "worst_bound"] = bound
            certificates.append(weights)
        rows.append(row)
    edits = [field.edits(weights) for weights in certificates]
    ranks = _evaluated(form, edits, peers)
    for number, (row, place) in enumerate(zip(rows, chosen, strict=True)):
        for end, better, k in (("best", min, 2 * number), ("worst", max, 2 * number + 1)):
            row[end] = int(better(ranks[k, place], now[place]))
            if row[end] != ranks[k, place]:
                edits[k] = field.edits(field.now)
            row[f"{end}_proved"] = row[end] == row[f"{end}_bound"]
    columns = ["rank", "best", "worst", "best_bound", "worst_bound", "best_proved", "worst_proved"]
    table = pd.DataFrame(rows, columns=["unit", *columns]).set_index("unit")
    table = table.iloc[np.argsort(table["rank"].to_numpy(), kind="stable")]
    index = pd.Index([form.units[place] for place in chosen], name="unit")
    frames = [pd.DataFrame(edits[end::2], index).reindex(table.index) for end in (0, 1)]
    return RankRange(table, frames[0], frames[1], field.table(), peers, field.reasons)


class Field:
    """All weights that vary, as one vector: a block for every category with weights of its own.

    Attributes
    ----------
    form : AdditiveForm
    at : Polytope
    now : array (V,)
        Present weights; every block sums to 1.
    slopes, constants : arrays (N, V) and (N,)
        Totals in hundredths of full marks (logarithms where the form is logarithmic).
    linear : array (N,) of bool
        Whose total is that; the others have ``reasons`` when they are ranked.
    """

    def __init__(self, form: AdditiveForm, within: float, bounds: Ends) -> None:
        self.form = form
        full = form.engine.scheme.full
        self.scale = 1.0 if form.logarithmic else full / 100
        varies = (form.set_of >= 0) & (form.factor != 0)
        sets = [int(s) for s in np.unique(form.set_of[varies]) if self._is_whole(int(s))]
        if not sets:
            raise SimkaoheError(Problem(form.group, NO_SET))
        self._sets = sets
        self._free = [form.free(s) for s in sets]
        sizes = [len(free) for free in self._free]
        starts = np.cumsum([0, *sizes])
        self.now = np.concatenate([form.weights[f, s] for f, s in zip(self._free, sets, strict=True)])
        self.slopes = np.zeros((len(form.units), starts[-1]))
        self.linear = (form.set_of >= 0) & (form.factor == 0)
        blocks = np.zeros((len(sets), starts[-1]), bool)
        for number, (which, free) in enumerate(zip(sets, self._free, strict=True)):
            here = slice(starts[number], starts[number + 1])
            members = np.flatnonzero(form.set_of == which)
            blocks[number, here] = True
            self.linear[members] = True
            self.slopes[members, here] = (form.factor * form.x)[np.ix_(free, members)].T
        self.slopes /= self.scale
        self.constants = np.where(self.linear, form.constant, 0.0) / self.scale
        self.at = self._polytope(blocks, within, bounds)
        self.reasons = dict(self._why())
        self.reach = self._reached()

    def _is_whole(self, which: int) -> bool:
        """Whether no child of the set's units is missing, so that their weights are the stated."""
        nodes = {path.partition(".")[0] for path in self._stated(which)}
        return len(nodes) == len(self.form.free(which))

    def _stated(self, which: int) -> dict[str, float]:
        """Return the stated weights of a set by edit path, without those of groups in between."""
        stated = self._own(self.form.edits(which, self.form.weights[:, which]))
        nodes = {path.partition(".")[0] for path in self.form.paths}
        return {p: value for p, value in stated.items() if p.partition(".")[0] in nodes}

    def _polytope(self, blocks: Bools, within: float, bounds: Ends) -> Polytope:
        if not within >= 0:
            raise SimkaoheError(
                Problem("within", f"{within:g}", Words("不小于 0 的数", "a number from 0 on"))
            )
        low, high = self.now * max(1 - within, 0.0), self.now * (1 + within)
        paths = self.paths()
        for path, (least, most) in bounds.items():
            if path not in paths:
                raise SimkaoheError(unknown("bounds", path, paths, Words("权重", "weight")))
            for k, points in paths[path]:
                low[k], high[k] = max(least, 0.0) / points, most / points
        if self.form.engine.categories != ("",):  # an override of 0 would cancel the indicator
            low = np.maximum(low, 1e-9)
        at = Polytope(low, high, blocks, np.ones(len(blocks)))
        if at.is_empty():
            raise SimkaoheError(
                Problem(
                    "bounds",
                    Words("没有权重能满足界限并保持合计", "no weights meet them and keep the sum"),
                    remedy=Words("请放宽界限，或加大 within", "Widen them, or raise within"),
                )
            )
        return at

    def edits(self, w: Array) -> dict[str, float]:
        """Return the edits that give the units of every set their weights."""
        found: dict[str, float] = {}
        for which, free, block in zip(self._sets, self._free, self.at.blocks, strict=True):
            weights = np.zeros(len(self.form.paths))
            weights[free] = w[block]
            found |= self._own(self.form.edits(which, weights))
        return found

    def _own(self, edits: Mapping[str, float]) -> dict[str, float]:
        """Return edits that touch their own categories only.

        A weight that some category cancels is set category by category: what the weight is without
        a category is what those that cancel it have to give away.
        """
        found: dict[str, float] = {}
        for path, value in edits.items():
            name, _, rest = path.partition(".")
            own = self.form.engine.scheme.nodes[name].weights_by_category
            if rest == "weight" and 0.0 in own.values():
                left = [c for c in self.form.engine.categories if c not in own]
                found |= {f"{name}.weights_by_category.{c}": value for c in left}
            else:
                found[path] = value
        return found

    def paths(self) -> dict[str, list[tuple[int, float]]]:
        """Return, for every edit path, its variables and the sums of points that they share in."""
        scheme = self.form.engine.scheme
        found: dict[str, list[tuple[int, float]]] = {}
        start = 0
        for which, free in zip(self._sets, self._free, strict=True):
            order = {self.form.paths[k].partition(".")[0]: n for n, k in enumerate(free)}
            for path, points in self._stated(which).items():
                node, _, rest = path.partition(".")
                k = start + order[node]
                at = (k, points / self.now[k])
                found.setdefault(path, []).append(at)
                category = rest.removeprefix("weights_by_category.")
                if rest != category and category not in scheme.nodes[node].weights_by_category:
                    found.setdefault(f"{node}.weight", []).append(at)
            start += len(free)
        return found

    def table(self) -> pd.DataFrame:
        """Return the bounds: edit paths × (low, weight, high), in points."""
        rows = {
            path: [v[k] * points for v in (self.at.low, self.now, self.at.high)]
            for path, variables in self.paths().items()
            for k, points in variables[:1]
        }
        columns = ["low", "weight", "high"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("path")

    def _why(self) -> Iterator[tuple[str, Words]]:
        form = self.form
        for place in np.flatnonzero(~self.linear & (form.behind < 2)):
            name = form.units[place]
            yield name, form.reasons.get(name) or Words(
                f"“{name}”有缺失的得分，其权重由其余指标分摊",
                f"{name!r} has a missing score, whose weight is spread over the others",
            )

    def _reached(self) -> Array:
        """Return the smallest and largest total (2, N) of every unit, infinite where unknown.

        A unit with a missing score has the weighted mean of its others: a ratio, whose extremes are
        found by Dinkelbach's iteration.
        """
        form = self.form
        category = form.engine.category
        found = np.array([np.full(len(form.units), -np.inf), np.full(len(form.units), np.inf)])
        for place in np.flatnonzero(~self.linear & (form.set_of >= 0)):
            for which, free, block in zip(self._sets, self._free, self.at.blocks, strict=True):
                if category[place] not in category[form.set_of == which]:
                    continue
                counts = form.weights[free, form.set_of[place]] > 0
                x = form.x[free, place] * np.sign(form.factor[place])
                for end, sign in ((0, -1.0), (1, 1.0)):
                    mean = sign * self._ratio(sign * x, counts, block)
                    total = form.constant[place] + abs(form.factor[place]) * mean
                    found[end, place] = total / self.scale
        return found

    def _ratio(self, x: Array, counts: Bools, block: Bools) -> float:
        """Return the largest weighted mean of x (k,) over those that count."""
        best = -np.inf
        mean = float(x[counts].min())
        while mean > best + 1e-12:
            best = mean
            g = np.zeros((1, len(self.now)))
            g[0, block] = np.where(counts, x - best, 0.0)
            w = self.at.largest(g)[1][0, block] * counts
            mean = float(w @ x / w.sum()) if w.sum() > 0 else float(x[counts].max())
        return max(best, mean) + 1e-9

    def race(self, place: int, rivals: npt.NDArray[np.intp]) -> Race:
        """Return a unit's race against rivals (places) that all have a linear form."""
        own, constant = self.slopes[place], float(self.constants[place])
        digits = self.form.engine.scheme.ranking.digits
        digits = EXACT if digits is None else digits
        step = 10.0**-digits
        if self.form.logarithmic:  # the longest that a last digit can be
            lowest = constant - self.at.largest(-own[None])[0][0]
            step = float(np.log1p(step / np.exp(lowest)))
        return Race(
            own,
            constant,
            self.slopes[rivals] - own,
            self.constants[rivals] - constant,
            digits,
            step / self.scale,
            self.scale,
            self.form.logarithmic,
        )


def _chosen(field: Field, units: Collection[str] | None) -> list[int]:
    """Return the places of the units asked for; refuse those that have no range."""
    form = field.form
    if units is None:
        return [int(p) for p in np.flatnonzero(field.linear & (form.behind < 2))]
    places = [form.place(unit) for unit in units]
    problems = [
        Problem(form.units[p], field.reasons.get(form.units[p], NOT_RANKED))
        for p in places
        if not field.linear[p] or form.behind[p] == 2
    ]
    if problems:
        raise SimkaoheError(*problems)
    return places


NO_SET = Words(
    "每个单位都有缺失的得分，其权重由其余指标分摊",
    "every unit has a missing score, whose weight is spread over the others",
)
NOT_RANKED = Words("这个单位不参加排名", "this unit is not ranked")


def _end(
    field: Field, place: int, peers: str, best: bool, proof: bool, seconds: float
) -> tuple[int, Array]:
    """Return the bound of a unit's best or worst rank, and weights whose rank is close to it."""
    form = field.form
    there = np.ones(len(form.units), bool)
    if peers == "category":
        there = form.engine.category == form.engine.category[place]
    there &= form.behind <= form.behind[place]
    there[place] = False
    before = there & (form.behind < form.behind[place])
    there &= ~before
    unsure = np.flatnonzero(there & ~field.linear)
    race = field.race(place, np.flatnonzero(there & field.linear))
    leads = extent(race, field.at)
    certain = leads.certain(race.step)
    open_ = leads.possible() & ~certain
    ahead = 1 + int(before.sum()) + int(certain.sum())
    others = _apart(field, place, unsure)
    ahead += int((others.certain(race.step) if best else others.possible()).sum())
    race, leads = race.only(open_), Extent(leads.low[open_], leads.high[open_])
    weights = found(race, field.at, field.now, best)
    bound = ahead + (0 if best else int(open_.sum()))
    attained = ahead + int(race.ahead(weights).sum())
    if proof and attained != bound:
        answer = proved(race, field.at, leads, best, seconds)
        bound = ahead + answer.bound
        if answer.weights is not None:
            count = ahead + int(race.ahead(answer.weights).sum())
            if count < attained if best else count > attained:
                weights = answer.weights
    return bound, weights


def _apart(field: Field, place: int, rivals: npt.NDArray[np.intp]) -> Extent:
    """Return bounds of the leads of rivals without a linear form, each total for itself."""
    own, constant = field.slopes[place][None], field.constants[place]
    highest = constant + field.at.largest(own)[0][0]
    lowest = constant - field.at.largest(-own)[0][0]
    return Extent(field.reach[0, rivals] - highest, field.reach[1, rivals] - lowest)


def _evaluated(
    form: AdditiveForm, edits: list[dict[str, float]], peers: str
) -> npt.NDArray[np.int64]:
    """Return the ranks (R, N) that the engine gives for each set of edits."""
    draws = {path: np.array([each[path] for each in edits]) for path in (edits[0] if edits else ())}
    outcome = form.engine.run(draws)
    return outcome.ranks if peers == "all" else outcome.category_ranks
