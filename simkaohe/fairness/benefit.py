"""Most favourable weights (最有利权重): the best place that each unit could claim by other weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine.standing import Array
from simkaohe.errors import SimkaoheError
from simkaohe.fairness.finding import Asked, Finding, lit, node_words, when
from simkaohe.fairness.given import check_names
from simkaohe.labels import Words
from simkaohe.panel import UNIT, Panel
from simkaohe.scheme.tree import Scheme
from simkaohe.sensitivity.extremes import against, evaluated
from simkaohe.sensitivity.field import Ends, Field
from simkaohe.sensitivity.form import AdditiveForm, additive_form
from simkaohe.sensitivity.polytope import quiet

Reach = Literal["now", "within", "odd", "never", "open"]
WITHIN = 0.25
"""The range of the sensitivity analysis: nobody would call it another policy."""
HALF, DOUBLE = 0.5, 2.0
"""Beyond them a weight is no reading of the scheme any more (Cherchye et al. 2007 bound shares so)."""
ENOUGH = 0.5
"""Of the ranked units must have a total that is linear in the weights looked at."""
REACHES: Mapping[Reach, Words] = {
    "now": Words("现在就是", "there now"),
    "within": Words("合理范围内的权重可以", "by weights within the bounds"),
    "odd": Words("只有离奇的权重可以", "only by odd weights"),
    "never": Words("任何权重都不行", "by no weights"),
    "open": Words("未定", "open"),
}
"""What is said of whether a unit reaches a place."""
CLAIMANTS = 0.25, 1.0
"""Claimants for each seat: one for four seats is the edge of any ranking; one for each is a toss."""
RISING = 0.25, 0.5
"""Of the lower half: a quarter lies close to the middle anyhow; half of it is no lower half."""
TOP = Words("换一套合理的权重，谁能进前列？", "Who would be on top by other reasonable weights?")
LOW = Words("名次靠后是权重造成的吗？", "Is a low place due to the weights?")
UNFIRM = "What is not computed may still not be firm."
NO_WEIGHTS = Words(
    "没有可以变动、总分又随之线性变化的权重，最有利权重没有精确解；可用蒙特卡洛抽样。",
    "There are no weights that can vary and in which totals are linear, so that most"
    " favourable weights have no exact answer; weights can be drawn (Monte Carlo).",
)


@dataclass(frozen=True, eq=False, repr=False)
class MostFavourable:
    """最有利权重: what each unit could claim if the weights suited it best.

    Attributes
    ----------
    table : DataFrame, units (by present rank)
        ``rank`` now; ``best``: a rank that weights within the bounds give, as the engine evaluates
        them, and ``bound``: no weights within the bounds give a better one; ``odd_best`` and
        ``odd_bound``: the same when every weight may be halved to doubled; ``top`` and ``half``:
        whether it gets among the first ``seats`` and into the upper half (see ``REACHES``; ``open``:
        no such weights were found, but they are not excluded); ``furthest``: the factor by which
        the odd weights change a weight most.
    weights, odd_weights : DataFrame, units × edit paths
        The certificates; see :meth:`edits`.
    seats : Series by scope
        How many units have the best grade now (1 without grades), by category or ``""``.
    form : AdditiveForm or None
        Whose weights vary: ``form.group``, ``"leaves"`` for all indicators. None where no weights
        of the scheme have totals that are linear in them; all tables are empty then.
    peers : {"all", "category"}
    within : float
    bounded : bool
        Whether some weights have bounds of their own.
    reasons : mapping of unit to Words
        Ranked units that have no claim of their own.

    Notes
    -----
    Ranks are competition ranks (1, 2, 2, 4). The bounds are exact (largest lead of every rival, by
    greedy filling); the ranks are those of the best of many vertices.
    :func:`simkaohe.sensitivity.rank_range` searches longer and proves.
    """

    table: pd.DataFrame
    weights: pd.DataFrame
    odd_weights: pd.DataFrame
    seats: pd.Series[int]
    form: AdditiveForm | None
    peers: Literal["all", "category"]
    within: float
    bounded: bool
    reasons: Mapping[str, Words]
    _field: Field | None

    def __repr__(self) -> str:
        return f"MostFavourable({self.part.en}, {len(self.table)} units)"

    @property
    def part(self) -> Words:
        """Whose weights vary, in words."""
        if self.form is None:
            return Words("无", "none")
        if self.form.group == "leaves":
            return Words("全部指标", "all indicators")
        name = node_words(self.form.engine.scheme, self.form.group)
        return Words(f"“{name.zh}”的下级", f"the children of {name.en}")

    def edits(self, unit: str, odd: bool = False) -> dict[str, float]:
        """Return the edits (for ``scheme.edit``) that give a unit its best rank."""
        frame = self.odd_weights if odd else self.weights
        known = [str(each) for each in frame.index]
        check_names("most_favourable_weights", [unit], known, UNIT)
        row = frame.loc[unit]
        return dict(zip(map(str, row.index), row.to_numpy(np.float64).tolist(), strict=True))

    @cached_property
    def benefit(self) -> pd.Series[float]:
        r"""善意系数 by unit: the best total relative to the best other unit, within the bounds.

        .. math:: \max_{w} \min_{b \ne u} T_u(w) / T_b(w)

        Above 1: the unit can be first; how far it stays behind, else. Rivals are those of its scope
        with totals above 0 that are linear in the weights. NaN without a rival.

        Notes
        -----
        The benefit of the doubt with every weight bounded, one linear program a unit (HiGHS), after
        Charnes and Cooper's change of variables; a geometric form in logarithms.

        References
        ----------
        [1] Cherchye, Moesen, Rogge & Van Puyenbroeck (2007), An introduction to 'benefit of the
            doubt' composite indicators, Social Indicators Research 82(1).
        """
        if self._field is None:
            return pd.Series(dtype=float, name="benefit")
        place = self._field.form.place
        values = [_benefit(self._field, place(str(unit)), self.peers) for unit in self.table.index]
        return pd.Series(values, self.table.index, name="benefit")

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What it comes to, in sentences."""
        if self.form is None or not len(self.table):
            return (_asked("top", TOP, "没有算出不等于名次稳固。", UNFIRM).untold(*NO_WEIGHTS),)
        seats = int(self.seats.sum())
        return (
            _said(self, "top", TOP, self.table["top"], seats),
            _said(self, "low", LOW, self.table["half"], None),
        )


def most_favourable_weights(
    scheme: Scheme,
    panel: Panel,
    within: float = WITHIN,
    *,
    bounds: Ends | None = None,
    group: str | None = None,
    peers: Literal["all", "category"] | None = None,
) -> MostFavourable:
    """Return the best place each unit could claim by other weights: the benefit of the doubt.

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    within : float, default 0.25
        Every weight stays within this share of itself (0.25: ± 25 %); their sum is kept. Without
        bounds everybody can be first once there are many indicators, which says nothing.
    bounds : mapping of edit path to (low, high), optional
        Instead of ``within``, for the weights named; in the weight's own points.
    group : str, optional
        Whose children's weights vary, see :func:`simkaohe.sensitivity.form.additive_form`. Default:
        all indicators where the scheme adds up, else the children of the root, else of the first
        group for which at least half of the units have totals that are linear in the weights.
    peers : {"all", "category"}, optional
        Overall ranks, or ranks in the category; default: the scope of the grades.

    Returns
    -------
    MostFavourable
        Empty, with a grey finding, where no weights can be looked at.

    Raises
    ------
    SimkaoheError
        Unknown groups and paths, bounds that no weights meet, a named group whose weights totals
        are not linear in.
    """
    if scheme.ranking.ties == "dense":  # such ranks depend on who ties with whom
        scheme = scheme.edit({"ranking.ties": "competition"})
    form = _form(scheme, panel, group)
    if form is None:
        none, no_seats = pd.DataFrame(), pd.Series(dtype=int)
        return MostFavourable(
            none, none, none, no_seats, None, "all", within, bool(bounds), {}, None
        )
    if peers is None:
        inside = scheme.grades is not None and scheme.grades.within == "category"
        peers = "category" if inside and len(form.engine.members) > 1 else "all"
    field = Field(form, within, bounds or {})
    ends = {path: (HALF * w, DOUBLE * w) for path, w in field.table()["weight"].items()}
    wide = Field(form, 0.0, {str(path): each for path, each in ends.items()})
    nominal = form.engine.run()
    now = (nominal.ranks if peers == "all" else nominal.category_ranks)[0]
    units = np.flatnonzero(field.linear & (now > 0))
    units = units[np.argsort(now[units], kind="stable")]
    names = pd.Index([form.units[k] for k in units], name="unit")
    columns: dict[str, npt.NDArray[np.int64]] = {"rank": now[units]}
    frames = []
    for prefix, each in (("", field), ("odd_", wide)):
        claims = [_claim(each, int(place), peers) for place in units]
        stated = each.edits(each.now)
        edits = [stated if w is each.now else each.edits(w) for _, w in claims]
        attained = evaluated(form, edits, peers)
        got = attained[np.arange(len(units)), units] if len(units) else now[units]
        columns[f"{prefix}best"] = np.minimum(got, now[units])
        columns[f"{prefix}bound"] = np.array([bound for bound, _ in claims], np.int64)
        kept = [stated if g > n else e for g, n, e in zip(got, now[units], edits, strict=True)]
        frames.append(pd.DataFrame(kept, names))
    better = columns["best"] < columns["odd_best"]  # bounds of one's own may be wider
    frames[1].loc[better] = frames[0].loc[better]
    for end in ("best", "bound"):
        columns[f"odd_{end}"] = np.minimum(columns[f"odd_{end}"], columns[end])
    table = pd.DataFrame(columns, names)
    seats, halves = _targets(form, nominal.grades, now, peers)
    home = form.engine.category[units] if peers == "category" else np.zeros(len(units), int)
    table["top"] = _reached(table, seats.to_numpy()[home])
    table["half"] = _reached(table, halves[home])
    change = frames[1].to_numpy() / np.array([*field.edits(field.now).values()])
    table["furthest"] = np.maximum(change, 1 / np.maximum(change, 1e-12)).max(1, initial=1.0)
    return MostFavourable(
        table, frames[0], frames[1], seats, form, peers, within, bool(bounds), field.reasons, field
    )


def _form(scheme: Scheme, panel: Panel, group: str | None) -> AdditiveForm | None:
    """Return the form of a group that is asked for, else of the first that enough units have."""
    if group is not None:
        return additive_form(scheme, panel, group)
    for name in ("leaves", *scheme.groups):
        try:
            form = additive_form(scheme, panel, name)
            linear = Field(form, 0.0, {}).linear
        except SimkaoheError:
            continue
        ranked = form.behind < 2
        if linear[ranked].sum() >= max(ENOUGH * ranked.sum(), 2):
            return form
    return None


def _claim(field: Field, place: int, peers: str) -> tuple[int, Array]:
    """Return the bound of a unit's best rank, and weights that bring it near to it.

    Tried are the stated weights and the vertices that suit the unit best: in itself, against the
    mean rival, and against each rival that it may pass or lose to.
    """
    race, _, bound = against(field, place, peers, best=True)
    if not len(race.g):
        return bound, field.now
    aims = np.vstack([race.own, -race.g.mean(0), -race.g])
    tried = np.vstack([field.now, field.at.largest(aims)[1]])
    ahead = race.ahead(tried).sum(1)
    first = int(ahead.argmin())
    return bound, field.now if ahead[first] == ahead[0] else tried[first]


def _targets(
    form: AdditiveForm,
    grades: npt.NDArray[np.int8] | None,
    now: npt.NDArray[np.int64],
    peers: str,
) -> tuple[pd.Series[int], npt.NDArray[np.intp]]:
    """Return how many units of each scope have the best grade, and how many are the upper half."""
    engine = form.engine
    scopes = engine.members if peers == "category" else [np.arange(len(now))]
    names = engine.categories if peers == "category" else ("",)
    top = np.ones(len(now), bool) if grades is None else grades[0] == 0
    seats = [1 if grades is None else int((top & (now > 0))[s].sum()) for s in scopes]
    halves = [int((now[s] > 0).sum()) // 2 for s in scopes]
    return pd.Series(seats, pd.Index(names, name="scope"), name="seats"), np.array(halves, np.intp)


def _reached(table: pd.DataFrame, places: npt.NDArray[Any]) -> list[Reach]:
    found: list[Reach] = []
    for row, k in zip(table.itertuples(), places, strict=True):
        if row.rank <= k:
            found.append("now")
        elif row.best <= k:
            found.append("within")
        elif row.odd_best <= k:
            found.append("odd")
        else:
            found.append("never" if row.odd_bound > k else "open")
    return found


def _benefit(field: Field, place: int, peers: str) -> float:
    """Return the largest ratio of a unit's total to the best of its rivals'."""
    from scipy.optimize import linprog

    form, at = field.form, field.at
    rivals = field.linear & (form.behind == form.behind[place])
    if peers == "category":
        rivals &= form.engine.category == form.engine.category[place]
    rivals[place] = False
    if not rivals.any():
        return np.nan
    x, c = field.slopes, field.constants
    size = len(at.low)
    blocks = np.hstack([at.blocks.astype(np.float64), -np.ones((len(at.blocks), 1))])
    one = np.ones((size, 1))
    box = np.vstack([np.hstack([np.eye(size), -at.high[:, None] * one]),
                     np.hstack([-np.eye(size), at.low[:, None] * one])])  # fmt: skip
    lead = np.hstack([x[rivals], c[rivals, None]])
    own = np.append(x[place], c[place])
    if form.logarithmic:  # the largest lead t, with the scale of the weights fixed at 1
        rows = np.vstack([np.hstack([lead - own, np.ones((len(lead), 1))]),
                          np.hstack([box, np.zeros((len(box), 1))])])  # fmt: skip
        most = np.zeros(len(rows))
        equal = np.hstack(
            [np.vstack([blocks, np.eye(size + 1)[-1]]), np.zeros((len(blocks) + 1, 1))]
        )
        kept, cost = np.append(np.zeros(len(blocks)), 1.0), np.append(np.zeros(size + 1), -1.0)
    else:  # every rival's total at most 1, with the scale free
        rows, most = np.vstack([lead, box]), np.append(np.ones(len(lead)), np.zeros(len(box)))
        equal, kept, cost = blocks, np.zeros(len(blocks)), -own
    ends = [(None, None)] * len(cost)
    with quiet():
        answer = linprog(cost, rows, most, equal, kept, ends, method="highs")
    if not answer.success:
        return np.nan
    return float(np.exp(-answer.fun) if form.logarithmic else -answer.fun)


# -- findings --------------------------------------------------------------------------------------


def _asked(topic: str, question: Words, zh: str, en: str) -> Asked:
    return Asked(f"most_favourable_weights.{topic}", question, Words(zh, en))


def _said(
    found: MostFavourable, topic: str, question: Words, reach: pd.Series[str], seats: int | None
) -> Finding:
    """Return how many get to the top (of so many seats) or into the upper half (None)."""
    left, part = len(found.reasons), found.part
    missing = when(
        left,
        f"另有 {left} 个单位的总分不随权重线性变化，没有计算。",
        f" Left out, as not linear in the weights: {left} units.",
    )
    asks = _asked(
        topic,
        question,
        f"只变动{part.zh}的权重，各单位各用对自己最有利的一套，不能同时成立；能争到不等于应得。{missing.zh}",
        f"Only the weights of {part.en} vary, and each unit takes those that suit it best,"
        f" which cannot all hold at once; a claim is not yet a right.{missing.en}",
    )
    up, odd, never, open_ = (int((reach == r).sum()) for r in ("within", "odd", "never", "open"))
    own = Words("（另有规定的除外）", " (but for some)") if found.bounded else Words(" ", "")
    free = Words(f" ±{found.within:.0%}{own.zh}", f"± {found.within:.0%}{own.en}")
    untold = when(open_, f"，{open_} 个未能判定", f", {open_} untold")
    scope = when(found.peers == "category", "类内", " of their categories")
    by = (
        f"by weights within {free.en}, {odd} only by odd weights (halved to doubled), {never} by"
        f" none{untold.en}."
    )
    if seats is not None:
        share = up / seats if seats else np.nan
        return asks.says(
            lit(share, *CLAIMANTS, beyond=True),
            share,
            f"各项权重在{free.zh}内变动，其余单位中有 {up} 个能进入{scope.zh}前列的 {seats} 个位置；"
            f"{odd} 个要靠减半到加倍的离奇权重，{never} 个怎样都进不了{untold.zh}。",
            f"Besides those there now ({seats}), {up} can get to the top{scope.en} {by}",
        )
    lower = int((reach != "now").sum())
    share = up / lower if lower else 0.0
    return asks.says(
        lit(share, *RISING, beyond=True),
        share,
        f"{scope.zh}后一半的 {lower} 个单位中，{up} 个用{free.zh}内的权重就能进前一半，"
        f"{odd} 个要靠离奇的权重，{never} 个怎样都不行{untold.zh}。",
        f"Of {lower} in the lower half{scope.en}, {up} can get into the upper half {by}",
    )
