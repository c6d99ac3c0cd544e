"""Between categories (类别之间): who gets the grades, the places and the points."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.fairness.finding import Finding
from simkaohe.fairness.parting import of_quota, of_rank, of_top_grade
from simkaohe.fairness.shuffling import adjusted, chance, checked, over_shuffles
from simkaohe.fairness.wording import category_words
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.result import Result, evaluate
from simkaohe.scheme.tree import Scheme

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
NORMAL_95 = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""
UNEVEN = {"top_gap": 1, "top_ratio": -1, "rank": 1, "score": 1, "exposure_ratio": -1, "ndkl": 1}
"""The indices, and whether more (1) or less (−1) of it is more unequal."""


@dataclass(frozen=True)
class Parity:
    """类别之间: grades, places and points by category, against its share of units.

    Attributes
    ----------
    scheme : Scheme
    units : DataFrame
        By ranked unit, best first: ``group``, ``rank``, ``total``, ``grade``.
    table : DataFrame
        By group: ``units`` and ``share_units``; ``mean_rank``, ``mean_percentile`` (of
        ``(N + 1 − rank) / N``), ``mean_score``; ``exposure`` (mean of ``1 / log2(1 + rank)``) and
        ``share_exposure``.
    grades : DataFrame
        By ``group`` and ``grade``: ``units``; ``share`` of the group and ``share_grade`` of all who
        have the grade; with quotas by category also ``quota`` (stated share q; of seats in numbers:
        all seats over all units), ``seats`` k after rounding, ``effective`` (k / n), ``deviation``
        (k / n − q) and ``unused`` seats.
    pairs : DataFrame
        By ``group`` and ``other``: ``superiority`` (chance that a unit of the group stands before
        one of the other, ties half: the AUC), its 95 % interval ``low``, ``high``; ``score_gap`` of
        the means; ``p``: share of shuffles as uneven as this, and ``p_adjusted`` for the number of
        pairs (Holm).
    indices : DataFrame
        ``top_gap`` and ``top_ratio`` (largest minus, and smallest over, largest share of the top
        grade), ``rank`` and ``score`` (share of their variance that lies between groups),
        ``exposure_ratio``, ``ndkl``: ``value``; ``expected``, ``low``, ``high`` (mean, 5 % and 95 %
        under shuffled labels: at small N none of them is 0 by chance); ``p``.
    by_rule : bool
        Each group has top seats of its own, which makes parity true by construction.
    exact : bool
        Whether the indices' shuffles are all that there are.
    findings : tuple of Finding
        ``parity.top_grade``, ``parity.quota``, ``parity.rank``.
    """

    scheme: Scheme
    units: pd.DataFrame
    table: pd.DataFrame
    grades: pd.DataFrame
    pairs: pd.DataFrame
    indices: pd.DataFrame
    by_rule: bool
    exact: bool
    findings: tuple[Finding, ...]


def parity(
    scheme: Scheme,
    panel: Panel,
    *,
    permutations: int = 2000,
    seed: int = 1,
    groups: pd.Series[Any] | None = None,
) -> Parity:
    """Compare what categories, or other groups of units, get.

    Parameters
    ----------
    scheme : Scheme
    panel : Panel
    permutations : int, default 2000
        How often labels are shuffled; when they have fewer orders, every one is looked at.
    seed : int
    groups : Series of unit to label, optional
        E.g. mountain or plain; default: the scheme's categories. Labels are shuffled over all units,
        whatever their category.

    Returns
    -------
    Parity

    Raises
    ------
    SimkaoheError
        A unit without a label; labels that are nearly all different.

    Notes
    -----
    Units that are not ranked are left out. Intervals are Newcombe's fifth method (Statistics in
    Medicine 25, 2006), made for small groups; exposure is Singh & Joachims' (KDD 2018), NDKL Geyik,
    Ambler & Kenthapadi's (KDD 2019): the mean over prefixes of the ranking, weighted ``1/log2(1+i)``,
    of the divergence (nats) of the prefix's groups from all units'. Tied units share their place.
    """
    checked(permutations)
    result = evaluate(scheme, panel)
    ranking = result.ranking[result.ranking["rank"].notna()]
    label = ranking["category"] if groups is None else _labels(groups, ranking.index)
    named = list(scheme.categories) if groups is None and scheme.categories else None
    names = [g for g in named or pd.unique(label).tolist() if (label == g).any()]
    code = label.map({name: place for place, name in enumerate(names)}).to_numpy(np.int64)
    units = ranking[["rank", "total", "grade"]].astype({"rank": np.int64})
    units.insert(0, "group", label)
    facts = _Facts(units, scheme, len(names))
    grades = _grades(result, units, names, groups is None)
    pairs = _pairs(facts, code, names, permutations, seed)
    indices, exact = _indices(facts, code, permutations, seed)
    by_rule = bool(grades["seats"].notna().any() and _has_quota(scheme))
    words = [category_words(scheme, str(name)) for name in names]
    findings = (
        of_top_grade(scheme, grades, indices, dict(zip(names, words, strict=True)), by_rule),
        of_quota(scheme, grades, dict(zip(names, words, strict=True)), groups is None),
        of_rank(pairs, dict(zip(names, words, strict=True))),
    )
    table = facts.table(code, names)
    return Parity(scheme, units, table, grades, pairs, indices, by_rule, exact, findings)


def _labels(groups: pd.Series[Any], units: pd.Index[Any]) -> pd.Series[Any]:
    groups = pd.Series(groups)
    if groups.index.has_duplicates:
        unit = groups.index[groups.index.duplicated()][0]
        twice = Words("出现了两次", "this unit is there twice")
        raise SimkaoheError(Problem(f"groups › {unit}", twice))
    label = groups.reindex(units)
    problems = [
        Problem(f"groups › {unit}", Words("没有填写", "nothing"), Words("所在的组", "its group"))
        for unit in units[label.isna()]
    ]
    if not problems and 1 < len(units) < 2 * label.nunique():
        problems.append(
            Problem(
                "groups",
                Words(
                    f"{len(units)} 个单位有 {label.nunique()} 个组",
                    f"{label.nunique()} groups for {len(units)} units",
                ),
                Words("少数几个组", "a few groups"),
                Words("请先把数值分段（如 pd.cut）", "Cut numbers into classes first (pd.cut)"),
            )
        )
    if problems:
        raise SimkaoheError(*problems)
    return label


def _has_quota(scheme: Scheme) -> bool:
    grades = scheme.grades
    return bool(grades and len(grades.bands) > 1 and grades.bands[0].has_quota)


# -- grades and seats ------------------------------------------------------------------------------


def _grades(
    result: Result, units: pd.DataFrame, names: list[Any], by_category: bool
) -> pd.DataFrame:
    rules = result.scheme.grades
    columns = [
        "units",
        "share",
        "share_grade",
        "quota",
        "seats",
        "effective",
        "deviation",
        "unused",
    ]
    index = pd.MultiIndex.from_product(
        [names, [band.name for band in rules.bands] if rules else []], names=["group", "grade"]
    )
    found = pd.DataFrame(np.nan, index, columns)
    if rules is None:
        return found
    size = units["group"].value_counts()
    seats, full = {}, {}
    if by_category and rules.within == "category" and result.scheme.categories:
        # a unit that a veto takes out of the ranking still counts for the seats
        engine = result.engine
        inside = [int(engine.people.ranked[mine].sum()) for mine in engine.members]
        full = dict(zip(engine.categories, inside, strict=True))
        seats = rules.seats(full)
    counts = units.groupby(["group", "grade"]).size()
    for number, band in enumerate(rules.bands):
        whole = sum(units["grade"] == band.name)
        places = sum(mine[number] or 0 for mine in seats.values())
        quota = band.share if band.share is not None else places / max(sum(full.values()), 1)
        for name in names:
            n, got = int(size[name]), int(counts.get((name, band.name), 0))
            row = [got, got / n, got / whole if whole else np.nan, *[np.nan] * 5]
            k = seats[name][number] if name in seats else None
            if k is not None:
                effective = k / full[name]
                row[3:] = [quota, k, effective, effective - quota, max(k - got, 0)]
            found.loc[(name, band.name)] = row
    return found


# -- places and points -----------------------------------------------------------------------------


class _Facts:
    """What shuffled labels are measured on; units in the order of their ranks."""

    def __init__(self, units: pd.DataFrame, scheme: Scheme, count: int) -> None:
        rank = units["rank"].to_numpy(np.int64)
        self.count, self.n = count, len(units)
        first = np.searchsorted(rank, rank, side="left")  # places from ranks, dense ones too
        last = np.searchsorted(rank, rank, side="right")
        self.place = first + 1.0
        self.middle = (first + 1 + last) / 2
        self.begins = np.unique(first)
        self.score = units["total"].to_numpy(np.float64)
        self.exposure = 1 / np.log2(1 + self.place)
        top = scheme.grades.bands[0].name if scheme.grades else None
        self.top = (units["grade"] == top).to_numpy(np.float64) if top else np.full(self.n, np.nan)

    def table(self, code: Ints, names: list[Any]) -> pd.DataFrame:
        """Return what each group has."""
        percentile = (self.n + 1 - self.place) / self.n
        columns = {
            "mean_rank": self.middle,
            "mean_percentile": percentile,
            "mean_score": self.score,
            "exposure": self.exposure,
        }
        frame = pd.DataFrame(columns).groupby(code).mean()
        size = np.bincount(code, minlength=len(names))
        frame.insert(0, "units", size)
        frame.insert(1, "share_units", size / max(self.n, 1))
        frame["share_exposure"] = frame["exposure"] * size / self.exposure.sum()
        return frame.set_axis(pd.Index(names, name="group"))

    def measures(self, labels: Ints) -> Array:
        """Return the indices (6, P) of labels (P, N), in the order of ``UNEVEN``."""
        member = np.array([labels == g for g in range(self.count)], np.float64)
        size = member.sum(-1)
        means = member @ np.stack([self.top, self.middle, self.score, self.exposure], 1)
        means /= size[:, :, None]
        top, middle, score, exposure = np.moveaxis(means, -1, 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.array(
                [
                    top.max(0) - top.min(0),
                    np.where(top.max(0) > 0, top.min(0) / top.max(0), np.nan),
                    _between(middle, size, self.middle),
                    _between(score, size, self.score),
                    exposure.min(0) / exposure.max(0),
                    self._ndkl(member),
                ]
            )

    def _ndkl(self, member: Array) -> Array:
        """Return the discounted divergence of prefixes, (P,), for membership (G, P, N)."""
        if len(self.begins) < self.n:  # tied units stand in each of their places in equal parts
            sizes = np.diff([*self.begins, self.n])
            member = np.repeat(np.add.reduceat(member, self.begins, -1) / sizes, sizes, -1)
        depth = np.arange(1, self.n + 1)
        share = member.cumsum(-1) / depth
        whole = member.mean(-1, keepdims=True)
        divergence = np.where(share > 0, share * np.log(np.maximum(share, 1e-300) / whole), 0.0)
        weight = 1 / np.log2(1 + depth)
        return divergence.sum(0) @ weight / weight.sum()


def _between(means: Array, size: Array, values: Array) -> Array:
    """Return the share of the values' variance that lies between groups, (P,)."""
    whole = ((values - values.mean()) ** 2).sum()
    between = (size * (means - values.mean()) ** 2).sum(0)
    return between / whole if whole > 0 else np.full(between.shape, np.nan)


def _indices(facts: _Facts, code: Ints, most: int, seed: int) -> tuple[pd.DataFrame, bool]:
    columns = ["value", "expected", "low", "high", "p"]
    if facts.count < 2:
        return pd.DataFrame(np.nan, pd.Index([*UNEVEN], name="index"), columns), True
    seen = facts.measures(code[None])[:, 0]
    found, exact = over_shuffles(code, facts.measures, most, seed)
    rows = []
    for value, values, sign in zip(seen, found, UNEVEN.values(), strict=True):
        if np.isnan(value):
            rows.append([np.nan] * 5)
            continue
        low, high = np.quantile(values, [0.05, 0.95])
        p = chance(sign * values, sign * value, exact)
        rows.append([value, values.mean(), low, high, p])
    return pd.DataFrame(rows, pd.Index([*UNEVEN], name="index"), columns), exact


# -- pairs -----------------------------------------------------------------------------------------


def _pairs(facts: _Facts, code: Ints, names: list[Any], most: int, seed: int) -> pd.DataFrame:
    rows, index = [], []
    for a, b in combinations(range(len(names)), 2):
        mine = np.flatnonzero((code == a) | (code == b))
        m, n = int((code == a).sum()), int((code == b).sum())
        place = facts.place[mine]
        middle = (place[:, None] > place).sum(1) + ((place[:, None] == place).sum(1) + 1) / 2
        labels = (code[mine] == a).astype(np.int64)

        def superiority(labels: Ints, middle: Array = middle, m: int = m, n: int = n) -> Array:
            return (1 - (labels @ middle - m * (m + 1) / 2) / (m * n))[None]

        seen = float(superiority(labels[None])[0, 0])
        found, exact = over_shuffles(labels, superiority, most, seed)
        p = chance(np.abs(found[0] - 0.5), abs(seen - 0.5), exact)
        gap = facts.score[code == a].mean() - facts.score[code == b].mean()
        rows.append([seen, *superiority_interval(seen, m, n), gap, p])
        index.append((names[a], names[b]))
    columns = ["superiority", "low", "high", "score_gap", "p"]
    keys = pd.MultiIndex.from_tuples(index, names=["group", "other"]) if index else None
    found_ = pd.DataFrame(rows, keys, columns, dtype=np.float64)
    return found_.assign(p_adjusted=adjusted(found_["p"].to_numpy(np.float64)))


def superiority_interval(seen: float, m: int, n: int, z: float = NORMAL_95) -> tuple[float, float]:
    r"""Return the interval of a probability of superiority seen between m and n units.

    Notes
    -----
    Newcombe's fifth method: the θ with :math:`|θ̂ − θ| ≤ z\sqrt{V(θ)}`, where
    :math:`V(θ) = \frac{θ(1−θ)}{mn}\big(1 + s\frac{1−θ}{2−θ} + s\frac{θ}{1+θ}\big)` and
    :math:`s = (m+n)/2 − 1` (Statistics in Medicine 25, 559–573, 2006).
    """
    s = (m + n) / 2 - 1

    def off(theta: float) -> float:
        spread = 1 + s * (1 - theta) / (2 - theta) + s * theta / (1 + theta)
        return abs(seen - theta) - z * float(np.sqrt(theta * (1 - theta) * spread / (m * n)))

    ends = []
    for outside in (0.0, 1.0):
        inside = seen
        for _ in range(50):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if off(middle) <= 0 else (inside, middle)
        ends.append(inside)
    return ends[0], ends[1]
