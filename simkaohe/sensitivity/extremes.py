"""Best and worst rank that each unit can get within bounds of the weights (最好与最差位次)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, NoReturn

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.errors import Problem, SimkaoheError, check_known, refuse
from simkaohe.labels import Words
from simkaohe.panel import UNIT, Panel
from simkaohe.scheme.tree import Scheme
from simkaohe.sensitivity.field import NOT_RANKED, Ends, Field
from simkaohe.sensitivity.form import AdditiveForm, additive_form
from simkaohe.sensitivity.placing import Extent, Race, extent, found, proved

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


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
        check_known("rank_range", unit, [str(u) for u in frame.index], UNIT)
        values = frame.loc[unit].to_numpy(np.float64)
        return dict(zip(map(str, frame.columns), values.tolist(), strict=True))


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
    scheme, panel : Scheme, Panel
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

    Raises
    ------
    SimkaoheError
        Unknown groups, paths and units; bounds that no weights meet; dense ranks; totals that are
        not linear in the weights.

    Notes
    -----
    (1) The largest and smallest lead of each rival over all weights within the bounds (a greedy
    filling, exact) say who is ahead for certain and who can be: bounds at once; (2) a search whose
    every step looks at all breakpoints of a line gives ranks that are attained; (3) on demand, a
    mixed-integer program over the undecided rivals (HiGHS). Rounding is part of all three; every
    attained rank is evaluated by the engine. Extremes over random draws are far too narrow.

    Where categories have weights of their own, those of every category vary independently. A unit
    with a missing score whose weight is spread has no linear form: it counts as undecided.

    References
    ----------
    [1] Kadziński, Greco and Słowiński (2012), Extreme ranking analysis, Omega 40(4).
    """
    if scheme.ranking.ties == "dense":
        refuse_dense(
            Words(
                "请先把 ranking.ties（并列名次）改为 competition",
                "Change ranking.ties to competition first",
            )
        )
    form = additive_form(scheme, panel, group)
    field = Field(form, within, bounds or {})
    chosen = _chosen(field, units)
    now = form.ranks(peers)
    ends = [_End(field, place, peers, best) for place in chosen for best in (True, False)]
    weights = found([e.race for e in ends], field.at, field.now, [e.best for e in ends])
    if proof:
        weights = [end.proved(w, seconds) for end, w in zip(ends, weights, strict=True)]
    edits = [field.edits(w) for w in weights]
    ranks = evaluated(form, edits, peers)
    table = pd.DataFrame({"rank": now[chosen]}, pd.Index(np.array(form.units)[chosen], name="unit"))
    for name, which, better in (("best", 0, np.minimum), ("worst", 1, np.maximum)):
        attained = ranks[np.arange(len(chosen)) * 2 + which, chosen]
        table[name] = better(attained, now[chosen])
        table[f"{name}_bound"] = [end.bound for end in ends[which::2]]
        table[f"{name}_proved"] = table[name] == table[f"{name}_bound"]
        for k in np.flatnonzero(table[name] != attained):
            edits[2 * k + which] = field.edits(field.now)
    frames = [pd.DataFrame(edits[which::2], table.index) for which in (0, 1)]
    columns = ["rank", "best", "worst", "best_bound", "worst_bound", "best_proved", "worst_proved"]
    order = np.argsort(table["rank"].to_numpy(), kind="stable")
    best, worst = (frame.iloc[order] for frame in frames)
    return RankRange(table[columns].iloc[order], best, worst, field.table(), peers, field.reasons)


def refuse_dense(remedy: Words) -> NoReturn:
    """Say that dense ranks are no count of the units ahead."""
    depends = Words("密集名次取决于其他单位是否并列", "dense ranks depend on ties of others")
    refuse("ranking.ties", depends, remedy=remedy)


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


class _End:
    """One end of a unit's range: the race that decides it, and the bound of its rank."""

    def __init__(self, field: Field, place: int, peers: str, best: bool) -> None:
        self.best, self._at = best, field.at
        self.race, self._leads, self._ahead = against(field, place, peers, best)
        self.bound = self._ahead + (0 if best else len(self.race.g))

    def proved(self, weights: Array, seconds: float) -> Array:
        """Tighten the bound by a proof; return weights at least as good as those given."""
        attained = self._ahead + int(self.race.ahead(weights).sum())
        if attained == self.bound:
            return weights
        answer = proved(self.race, self._at, self._leads, self.best, seconds)
        self.bound = self._ahead + answer.bound
        if answer.weights is None:
            return weights
        count = self._ahead + int(self.race.ahead(answer.weights).sum())
        return answer.weights if (count < attained) == self.best and count != attained else weights


def against(field: Field, place: int, peers: str, best: bool) -> tuple[Race, Extent, int]:
    """Return a unit's race against rivals whose order the weights decide, their leads, and its rank.

    The rank is the unit's if none of these rivals is ahead: the bound of its best rank; for the
    worst rank (``best`` False) add all of them.
    """
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
    rank = 1 + int(before.sum()) + int(certain.sum())
    others = _apart(field, place, unsure)
    rank += int((others.certain(race.step) if best else others.possible()).sum())
    return race.only(open_), Extent(leads.low[open_], leads.high[open_]), rank


def _apart(field: Field, place: int, rivals: npt.NDArray[np.intp]) -> Extent:
    """Return bounds of the leads of rivals without a linear form, each total for itself."""
    own, constant = field.slopes[place][None], field.constants[place]
    highest = constant + field.at.largest(own)[0][0]
    lowest = constant - field.at.largest(-own)[0][0]
    return Extent(field.reach[0, rivals] - highest, field.reach[1, rivals] - lowest)


def evaluated(
    form: AdditiveForm, edits: list[dict[str, float]], peers: str
) -> npt.NDArray[np.int64]:
    """Return the ranks (R, N) that the engine gives for each set of edits."""
    draws = {path: np.array([each[path] for each in edits]) for path in (edits[0] if edits else ())}
    outcome = form.engine.run(draws)
    return outcome.ranks if peers == "all" else outcome.category_ranks
