"""Diagnosis and scoreboard (诊断、计分牌): where one unit stands, and where its points are lost."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from simkaohe.comparison import Comparison
from simkaohe.engine import Engine
from simkaohe.errors import SimkaoheError, unknown
from simkaohe.labels import Words
from simkaohe.panel import UNIT
from simkaohe.ranks import last_digits, places
from simkaohe.result import Result
from simkaohe.scheme.rules.progress import Progress, Split
from simkaohe.scheme.tree import Indicator

THIRDS = {
    "top": Words("前三分之一", "top third"),
    "middle": Words("中间三分之一", "middle third"),
    "bottom": Words("后三分之一", "bottom third"),
}
"""What the thirds of the peers are called."""


def diagnose(result: Result, unit: str) -> Diagnosis:
    """Diagnose one unit.

    Parameters
    ----------
    result : Result
    unit : str

    Returns
    -------
    Diagnosis

    Raises
    ------
    SimkaoheError
        When there is no such unit, with the nearest names.
    """
    if unit not in result.engine.units:
        raise SimkaoheError(unknown("diagnose", unit, result.engine.units, UNIT))
    return Diagnosis(result, unit)


class Diagnosis:
    """诊断: one unit's indicators among its peers, and the points that it loses by them.

    Peers are the units of its category (of all, without categories). An indicator without weight in
    the category, or without a score, is left out.
    """

    def __init__(self, result: Result, unit: str) -> None:
        self.result, self.unit = result, unit
        self._engine: Engine = result.engine
        self._place = self._engine.units.index(unit)

    def __repr__(self) -> str:
        return f"Diagnosis({self.unit}, {len(self.indicators)} indicators)"

    @cached_property
    def _standings(self) -> _Standings:
        return _Standings(self.result)

    @cached_property
    def _leaves(self) -> list[Indicator]:
        standing = self._standings
        return [
            leaf
            for leaf, place in zip(standing.leaves, standing.place[:, self._place], strict=True)
            if place
        ]

    @cached_property
    def indicators(self) -> pd.DataFrame:
        """Every indicator of the unit, those that cost most first.

        Columns: ``name``; ``responsible``; ``score`` (0–100); ``place`` (rank of the score among
        the peers that have one) ``of`` so many; ``third`` (``top``, ``middle`` or ``bottom``; ties
        stand at their middle place); ``lost``: by how many points the total would be higher with
        full marks here, everything else as it is. With a multiplier these do not add up.
        """
        standing = self._standings
        lost = iter(self._lost([[leaf] for leaf in self._leaves]))
        rows = [
            {
                "indicator": leaf.id,
                "name": leaf.label,
                "responsible": leaf.responsible,
                "score": standing.scores[k, self._place],
                "place": standing.place[k, self._place],
                "of": standing.of[k, self._place],
                "third": list(THIRDS)[standing.third[k, self._place]],
                "lost": next(lost),
            }
            for k, leaf in enumerate(standing.leaves)
            if standing.place[k, self._place]
        ]
        columns = ["indicator", "name", "responsible", "score", "place", "of", "third", "lost"]
        frame = pd.DataFrame(rows, columns=columns).set_index("indicator")
        return frame.sort_values("lost", ascending=False, kind="stable")

    @cached_property
    def thirds(self) -> pd.Series[float]:
        """Share of the indicators in the top, middle and bottom third of the peers."""
        counts = self.indicators["third"].value_counts().reindex(list(THIRDS), fill_value=0)
        return (counts / max(len(self.indicators), 1)).rename("share")

    def best(self, k: int = 5) -> pd.DataFrame:
        """Return the k indicators that stand best among the peers."""
        return self._by_place().head(k)

    def worst(self, k: int = 5) -> pd.DataFrame:
        """Return the k indicators that stand worst among the peers, the worst first."""
        return self._by_place()[::-1].head(k)

    def _by_place(self) -> pd.DataFrame:
        frame = self.indicators
        relative = frame["place"].to_numpy(np.float64) / frame["of"].to_numpy(np.float64)
        return frame.iloc[np.lexsort((-frame["score"].to_numpy(np.float64), relative))]

    @cached_property
    def departments(self) -> pd.DataFrame:
        """Points lost by responsible department, the largest first.

        Columns: ``indicators`` (how many), ``lost`` (the total's gain if all of them had full
        marks together). Indicators without a department stand under ``""``.
        """
        groups: dict[str, list[Indicator]] = {}
        for leaf in self._leaves:
            groups.setdefault(leaf.responsible or "", []).append(leaf)
        frame = pd.DataFrame(
            {
                "indicators": [len(leaves) for leaves in groups.values()],
                "lost": self._lost(list(groups.values())),
            },
            index=pd.Index(groups, name="responsible"),
        )
        return frame.sort_values("lost", ascending=False, kind="stable")

    @cached_property
    def progress(self) -> pd.DataFrame:
        """Points of tasks scored by progress to date (序时进度), in points of the total.

        Columns: ``name``; ``responsible``; ``full``; ``secured``; ``open``; ``lost`` (已出现扣分点);
        ``pace`` (share done over the time elapsed); ``at_risk`` (扣分隐患: what is open of tasks
        behind the pace); ``risk``; ``expected_loss`` (lost + risk × open); the largest expected
        loss first. A task's points are its share of the weights down the tree, the weight of
        siblings without a score spread. Empty without such tasks.
        """
        rows = []
        for leaf in self._leaves:
            if not isinstance(leaf.rule, Progress):
                continue
            full, split = self._full_points(leaf), self._split(leaf, leaf.rule)
            secured, still_open, lost = (full * part / leaf.rule.full for part in split[:3])
            pace = float(split.secured / leaf.rule.full / leaf.rule.elapsed)
            behind = pace < leaf.rule.on_time - 1e-9
            rows.append(
                {
                    "indicator": leaf.id,
                    "name": leaf.label,
                    "responsible": leaf.responsible,
                    "full": full,
                    "secured": secured,
                    "open": still_open,
                    "lost": lost,
                    "pace": pace,
                    "at_risk": still_open if behind else 0.0,
                    "risk": split.risk,
                    "expected_loss": lost + split.risk * still_open,
                }
            )
        columns = ["indicator", "name", "responsible", "full", "secured", "open", "lost", "pace"]
        frame = pd.DataFrame(rows, columns=[*columns, "at_risk", "risk", "expected_loss"])
        frame = frame.set_index("indicator")
        return frame.sort_values("expected_loss", ascending=False, kind="stable")

    @cached_property
    def progress_by_department(self) -> pd.DataFrame:
        """The sums of :attr:`progress` by responsible department."""
        sums = ["full", "secured", "open", "lost", "at_risk", "expected_loss"]
        by = self.progress.assign(responsible=self.progress["responsible"].fillna(""))
        frame = by.groupby("responsible", sort=False)[sums].sum()
        return frame.sort_values("expected_loss", ascending=False, kind="stable")

    def _split(self, leaf: Indicator, rule: Progress) -> Split:
        engine = self._engine
        value = engine.values(leaf)[self._place]
        target = engine.numbers("target", leaf.column)[self._place]
        if np.isnan(target) and leaf.target is not None:
            target = leaf.target
        if np.isnan(value) or not target > 0:  # scored as the indicator says about missing values
            won = engine.raw_score(leaf.id)[self._place] / 100 * rule.full
            return Split(won, 0.0, rule.full - won, 0.0)
        others = (engine.numbers(t, leaf.column)[self._place] for t in ("deducted", "risk"))
        fields: dict[str, Any] = {
            name: getattr(rule, name)
            for name in type(rule).model_fields
            if name not in ("method", "outlook")
        }
        return Split(*(float(part) for part in rule.split(value, target, *others, **fields)))

    def _full_points(self, leaf: Indicator) -> float:
        """Return what full marks of an indicator are worth, down the tree's weights."""
        worth, name = self.result.scheme.full, leaf.id
        while group := self._engine.parent(name):
            weights = self._engine.parts(group)[0][:, self._place]
            ids = [child.id for child in group.children]
            worth *= float(weights[ids.index(name)] / weights.sum())
            name = group.id
        return worth

    def _lost(self, groups: list[list[Indicator]]) -> list[float]:
        """Return the total's gain if each group of indicators had full marks, one after another."""
        scheme = self.result.scheme
        raised = {}
        for leaf in {leaf.id for group in groups for leaf in group}:
            score = self._engine.raw_score(leaf)
            rows = np.repeat(score[None], len(groups), 0)
            full = [any(leaf == other.id for other in group) for group in groups]
            rows[full, self._place] = np.maximum(rows[full, self._place], 100.0)
            raised[leaf] = rows
        if not raised:
            return []
        now = self._engine.run(nodes=(scheme.root.id,)).scores[scheme.root.id][0, self._place]
        then = self._engine.what_if(raised).scores[scheme.root.id][:, self._place]
        return [float(gain) for gain in (then - now) * scheme.full / 100]


def scoreboard(result: Result, before: Result | None = None) -> pd.DataFrame:
    """Return the scoreboard (计分牌) of all units, best first.

    Parameters
    ----------
    result : Result
        Of the present date.
    before : Result, optional
        Of an earlier date: the same units, mostly the same scheme on earlier data.

    Returns
    -------
    DataFrame
        The columns of the ranking; with ``before`` the ``shift`` since then (places gained);
        ``top``, ``middle``, ``bottom`` (share of the unit's indicators in the thirds of its peers);
        ``best`` and ``worst`` (ids of its best and worst indicator).
    """
    frame = result.ranking.copy()
    if before is not None:
        shifts = Comparison({"before": before, "now": result}).shifts["now"]
        frame.insert(3, "shift", shifts.reindex(frame.index))
    standing = _Standings(result)
    counts = standing.place > 0
    home = result.engine.people.places(frame.index)
    for code, third in enumerate(THIRDS):
        share = ((standing.third == code) & counts).sum(0) / np.maximum(counts.sum(0), 1)
        frame[third] = share[home]
    ids = np.array([leaf.id for leaf in standing.leaves], object)
    relative = standing.place / np.maximum(standing.of, 1) - standing.scores * 1e-6
    frame["best"] = ids[np.where(counts, relative, np.inf).argmin(0)][home]
    frame["worst"] = ids[np.where(counts, relative, -np.inf).argmax(0)][home]
    return frame


class _Standings:
    """Where every unit stands among its peers on every indicator; arrays (K, N).

    ``place`` is 0 where an indicator has no weight in the unit's category, or no score.
    """

    def __init__(self, result: Result) -> None:
        engine, scheme = result.engine, result.scheme
        self.leaves = scheme.indicators
        self.scores = result.scores[[leaf.id for leaf in self.leaves]].to_numpy().T
        counting = engine.weights.counting
        counts = np.array([counting[leaf.id][engine.category] for leaf in self.leaves])
        counts &= ~np.isnan(self.scores)
        self.place, self.of, self.third = np.zeros((3, *self.scores.shape), np.int64)
        for k, score in enumerate(self.scores):
            for members in engine.members:
                peers = members[counts[k, members]]
                if not len(peers):
                    continue
                first, last = places(last_digits(score[peers][None], 9))
                self.place[k, peers], self.of[k, peers] = first[0], len(peers)
                middle = (first[0] + last[0] - 1) / 2 / len(peers)
                self.third[k, peers] = np.minimum(3 * middle, 2).astype(np.int64)
