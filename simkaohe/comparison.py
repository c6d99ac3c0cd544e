"""Schemes side by side (方案比较): who moves, by how much, and how alike the rankings are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import Engine
from simkaohe.errors import Problem, SimkaoheError, refuse, unknown
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.result import Result, evaluate
from simkaohe.scheme.tree import Scheme

PERSISTENCE = 0.9
"""Of rank-biased overlap: the weight of each further place, relative to the one before."""


def compare(panel: Panel, **schemes: Scheme) -> Comparison:
    """Evaluate several schemes on the same data; the first is the base.

    Parameters
    ----------
    panel : Panel
    **schemes : Scheme
        At least two, by name; any text is a name: ``compare(panel, **{"A 方案": a, "B": b})``.

    Returns
    -------
    Comparison

    Raises
    ------
    SimkaoheError
        Fewer than two schemes, schemes with different units, or a scheme that does not fit the
        data (the name says which).
    """
    results = {}
    for name, scheme in schemes.items():
        try:
            results[name] = evaluate(scheme, panel)
        except SimkaoheError as error:
            raise error.inside(name) from error
    return Comparison(results)


class Comparison:
    """比较: the results of several schemes on the same units.

    Parameters
    ----------
    results : mapping of name to Result
        The first is the base (现行方案).
    """

    def __init__(self, results: dict[str, Result]) -> None:
        if len(results) < 2:
            raise SimkaoheError(
                Problem(
                    "compare",
                    Words(f"只有 {len(results)} 个方案", f"{len(results)} scheme"),
                    Words("至少两个方案", "at least two schemes"),
                )
            )
        self.results = dict(results)
        self.base, *self.others = results
        units = set(results[self.base].ranking.index)
        for name in self.others:
            strange = units.symmetric_difference(results[name].ranking.index)
            if strange:
                raise SimkaoheError(
                    Problem(
                        f"compare › {name}",
                        Words(
                            f"单位与基准方案不同：{'、'.join(sorted(strange)[:5])}",
                            f"its units differ from the base: {', '.join(sorted(strange)[:5])}",
                        ),
                        remedy=Words(
                            "比较的方案要有相同的单位", "Compare schemes of the same units"
                        ),
                    )
                )
        self._order = results[self.base].ranking.index

    def __repr__(self) -> str:
        return f"Comparison({', '.join(self.results)}; {len(self._order)} units)"

    def _side_by_side(self, column: str, names: Iterable[str] | None = None) -> pd.DataFrame:
        return pd.DataFrame(
            {
                name: self.results[name].ranking[column].reindex(self._order)
                for name in names or self.results
            }
        )

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """排名: units (in the base's order) × schemes."""
        return self._side_by_side("rank")

    @cached_property
    def category_ranks(self) -> pd.DataFrame:
        """类内排名: units × schemes."""
        return self._side_by_side("category_rank")

    @cached_property
    def totals(self) -> pd.DataFrame:
        """总分: units × schemes."""
        return self._side_by_side("total")

    @cached_property
    def grades(self) -> pd.DataFrame:
        """等次: units × schemes."""
        return self._side_by_side("grade")

    @cached_property
    def uses(self) -> pd.DataFrame:
        """结果运用: money and seats, units × (scheme, use)."""
        frames = {name: result.uses.reindex(self._order) for name, result in self.results.items()}
        return pd.concat(frames, axis="columns", names=["scheme", "use"])

    @cached_property
    def shifts(self) -> pd.DataFrame:
        """位次变化: places gained (+) or lost (−) against the base; units × other schemes."""
        return self._shifted(self.ranks)

    @cached_property
    def category_shifts(self) -> pd.DataFrame:
        """类内位次变化: places gained (+) or lost (−) inside the category."""
        return self._shifted(self.category_ranks)

    def _shifted(self, ranks: pd.DataFrame) -> pd.DataFrame:
        return -ranks[self.others].sub(ranks[self.base], axis=0)

    def table(self, name: str | None = None) -> pd.DataFrame:
        """Return one scheme against the base, unit by unit, those that gain most first.

        Parameters
        ----------
        name : str, optional
            Which scheme; default: the first after the base.

        Returns
        -------
        DataFrame
            Indexed by unit: ``category``, ``total_before``, ``total``, ``rank_before``, ``rank``,
            ``shift``, ``category_rank_before``, ``category_rank``, ``category_shift``,
            ``grade_before``, ``grade``; then for every use of the results that both schemes
            have, ``uses.<id>_before`` and ``uses.<id>``.
        """
        name = self._known(name)
        before, after = self.results[self.base].ranking, self.results[name].ranking
        after = after.reindex(before.index)
        frame = pd.DataFrame({"category": after["category"]})
        for column in ("total", "rank", "category_rank", "grade"):
            frame[f"{column}_before"] = before[column]
            frame[column] = after[column]
            if column.endswith("rank"):
                shift = "category_shift" if column.startswith("category") else "shift"
                frame[shift] = before[column] - after[column]
        old, new = self.results[self.base].uses, self.results[name].uses
        for use in (use for use in new if use in old):
            frame[f"uses.{use}_before"] = old[use]
            frame[f"uses.{use}"] = new[use]
        gained = frame["shift"].to_numpy(np.float64, na_value=-np.inf)
        order = np.lexsort((frame["rank"].to_numpy(np.float64, na_value=np.inf), -gained))
        return frame.iloc[order]

    def top(self, k: int, name: str | None = None) -> pd.DataFrame:
        """Return who enters and who leaves the first k places.

        Parameters
        ----------
        k : int
            Units with rank ≤ k are in; ties at place k are all in.
        name : str, optional
            Which scheme; default: the first after the base.

        Returns
        -------
        DataFrame
            Indexed by unit: ``change`` (``"enters"`` or ``"leaves"``), ``rank_before``, ``rank``.

        Raises
        ------
        SimkaoheError
            A number of places below one or above the number of units.
        """
        if not 1 <= k <= len(self.ranks):
            most = len(self.ranks)
            refuse("top", f"{k}", Words(f"1 到 {most} 的整数", f"a whole number from 1 to {most}"))
        ranks = self.ranks[[self.base, self._known(name)]]
        before, after = ranks.iloc[:, 0].fillna(k + 1), ranks.iloc[:, 1].fillna(k + 1)
        change = np.where(before > k, "enters", "leaves")
        frame = pd.DataFrame({"change": change, "rank_before": before, "rank": after})
        return frame[(before <= k) != (after <= k)].sort_values(["change", "rank"])

    @cached_property
    def statistics(self) -> pd.DataFrame:
        """How alike each ranking is to the base: other schemes × statistics.

        Columns
        -------
        kendall_tau_b, spearman_rho
            Rank correlations with ties; NaN when one ranking is a single tie.
        top_overlap
            Rank-biased overlap, persistence 0.9, normalised to 1 for equal rankings
            (Webber, Moffat and Zobel 2010, ACM Trans. Inf. Syst. 28(4)); ties count as in their
            section 4.3. The top places weigh most.
        mean_shift, largest_shift
            Mean and largest number of places that a unit moves, of those that both schemes rank.
        moved
            Units whose rank changes.
        grades_changed
            Units whose grade changes.
        """
        rows = []
        for name in self.others:
            ranked = self.ranks[[self.base, name]].dropna()
            base, other = (ranked[column].to_numpy(np.int64) for column in (self.base, name))
            moved = np.abs(other - base)
            rows.append(
                {
                    **agreement(base, other),
                    "mean_shift": moved.mean() if len(moved) else np.nan,
                    "largest_shift": int(moved.max(initial=0)),
                    "moved": int((moved > 0).sum()),
                    "grades_changed": self._grades_changed(name),
                }
            )
        return pd.DataFrame(rows, index=pd.Index(self.others, name="scheme"))

    def attribution(
        self, name: str | None = None, *, edits: Mapping[str, Any] | None = None, orders: int = 16
    ) -> Attribution:
        """Divide every unit's shift among the edits that lead from the base to a scheme (归因).

        Parameters
        ----------
        name : str, optional
            Which scheme; default: the first after the base.
        edits : mapping of edit path to value, optional
            How to get there; default: the difference of the two schemes.
        orders : int, default 16
            Random orders to average over when there are too many edits to try them all.

        Returns
        -------
        Attribution
            Shapley values: the mean effect of an edit over the orders in which the edits can be
            made. They add up exactly to the shift in score and in rank. Exact up to six edits;
            beyond, edits of one kind (the same field set to the same value) are taken together,
            and if there are still more than six, orders are drawn (fixed seed, each with its
            reverse). Edits that are only valid together are taken together.

        Raises
        ------
        SimkaoheError
            When the two schemes were evaluated on different data, or do not differ.

        References
        ----------
        [1] Shapley (1953), A value for n-person games.
        """
        name = self._known(name)
        base, other = self.results[self.base], self.results[name]
        steps = dict(edits) if edits is not None else base.scheme.diff(other.scheme)
        if base.panel != other.panel or not steps:
            raise SimkaoheError(
                Problem(
                    f"attribution › {name}",
                    Words("没有可以归因的改动", "there is no edit to attribute anything to"),
                    Words("同一数据上的两个不同方案", "two different schemes on the same data"),
                )
            )
        return attributed(base, steps, orders)

    def _grades_changed(self, name: str) -> int:
        before, after = self.grades[self.base].to_numpy(), self.grades[name].to_numpy()
        return int(sum(a != b for a, b in zip(before, after, strict=True)))

    def _known(self, name: str | None) -> str:
        if name is None:
            return self.others[0]
        if name not in self.others:
            raise SimkaoheError(unknown("compare", name, self.others, Words("方案", "scheme")))
        return name


@dataclass(frozen=True)
class Attribution:
    """归因: how much of every unit's shift is due to which edits.

    Attributes
    ----------
    parts : tuple of tuples of edit paths
        Edits that were taken together; the columns of the tables are named after them.
    totals, ranks : DataFrame, units × parts
        Points of the total, and places gained (+) or lost (−); a row sums to the unit's shift. NaN
        for units that are not ranked throughout.
    exact : bool
        Whether all orders were tried.
    """

    parts: tuple[tuple[str, ...], ...]
    totals: pd.DataFrame
    ranks: pd.DataFrame
    exact: bool


MOST = 6
"""Parts whose subsets are all tried: 64 evaluations."""


def attributed(base: Result, edits: Mapping[str, Any], orders: int) -> Attribution:
    """Return the Shapley values of edits; see :meth:`Comparison.attribution`."""
    problem: SimkaoheError | None = None
    for parts in _partitions(edits):
        try:
            return _shapley(base, edits, parts, orders)
        except SimkaoheError as error:  # some are only valid together: try larger parts
            problem = error
    assert problem is not None
    raise problem


def _partitions(edits: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], ...]]:
    """Yield ways to take edits together, the finest first."""
    singles = tuple((path,) for path in edits)
    alike: dict[tuple[str, str], list[str]] = {}
    nodes: dict[str, list[str]] = {}
    for path, value in edits.items():
        alike.setdefault((path.partition(".")[2], repr(value)), []).append(path)
        nodes.setdefault(path.partition(".")[0], []).append(path)
    kinds = tuple(tuple(paths) for paths in alike.values())
    found = [singles if len(edits) <= MOST else kinds, kinds, tuple(map(tuple, nodes.values()))]
    yield from dict.fromkeys([*found, (tuple(edits),)])


def _shapley(
    base: Result, edits: Mapping[str, Any], parts: tuple[tuple[str, ...], ...], orders: int
) -> Attribution:
    count, units = len(parts), base.engine.units
    seen: dict[frozenset[int], npt.NDArray[np.float64]] = {}

    def standing(chosen: frozenset[int]) -> npt.NDArray[np.float64]:
        """Return totals and ranks (2, N) with some parts made."""
        if chosen not in seen:
            made = {path: edits[path] for part in sorted(chosen) for path in parts[part]}
            scheme = base.scheme.edit(made) if made else base.scheme
            outcome = Engine(scheme, base.panel).run()
            ranks = outcome.ranks[0].astype(np.float64)
            seen[chosen] = np.array([outcome.totals[0], np.where(ranks > 0, -ranks, np.nan)])
        return seen[chosen]

    exact = count <= MOST
    if exact:
        ways = list(permutations(range(count)))
    else:
        rng = np.random.default_rng(0)
        drawn = [tuple(rng.permutation(count).tolist()) for _ in range(max(orders // 2, 1))]
        ways = [order for one in drawn for order in (one, one[::-1])]
    found = np.zeros((count, 2, len(units)))
    for way in ways:
        made: frozenset[int] = frozenset()
        for part in way:
            found[part] += standing(made | {part}) - standing(made)
            made |= {part}
    found /= len(ways)
    columns = [_part_name(part) for part in parts]
    index = pd.Index(units, name="unit")
    totals, ranks = (
        pd.DataFrame(found[:, what].T, index, columns).reindex(base.ranking.index)
        for what in (0, 1)
    )
    return Attribution(parts, totals, ranks, exact)


def _part_name(part: tuple[str, ...]) -> str:
    if len(part) <= 2:
        return " + ".join(part)
    fields = {path.partition(".")[2] for path in part}
    return f"*.{fields.pop()} × {len(part)}" if len(fields) == 1 else f"{part[0]} … × {len(part)}"


def agreement(a: Any, b: Any) -> dict[str, float]:
    """Return Kendall's tau-b, Spearman's rho and :func:`top_overlap` of two rankings of N units.

    Correlations are nan where one ranking has a single rank, and all three are where there is no unit.
    """
    from scipy import stats

    level = len(set(a)) < 2 or len(set(b)) < 2
    return {
        "kendall_tau_b": np.nan if level else stats.kendalltau(a, b).statistic,
        "spearman_rho": np.nan if level else stats.spearmanr(a, b).statistic,
        "top_overlap": top_overlap(a, b) if len(a) else np.nan,
    }


def top_overlap(a: Any, b: Any, persistence: float = PERSISTENCE) -> float:
    """Return the normalised rank-biased overlap of two rankings of the same units.

    Parameters
    ----------
    a, b : array (N,) of int
        Ranks of the units, 1 is the best; ties share a rank.
    persistence : float in (0, 1)

    Notes
    -----
    ``sum_d p^(d-1) A_d / sum_d p^(d-1)`` over depths d = 1 … N, where ``A_d`` is twice the number of
    units that both rankings have within rank d, over the sum of those that each has.
    """
    depth = np.arange(1, len(a) + 1)[:, None]
    in_a, in_b = np.asarray(a) <= depth, np.asarray(b) <= depth
    size = in_a.sum(1) + in_b.sum(1)
    agreement = 2 * (in_a & in_b).sum(1) / np.maximum(size, 1)
    weight = persistence ** (depth[:, 0] - 1.0)
    return float((weight * agreement).sum() / weight.sum())
