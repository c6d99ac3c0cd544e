"""How alike units are, in what the rules read and in all that is recorded, and how they fare."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import Engine, Outcome
from simkaohe.engine.attribution import attributed
from simkaohe.engine.standing import Array, Bools
from simkaohe.panel import RECORDS
from simkaohe.scheme.tree import Indicator

Singles = npt.NDArray[np.float32]
SHARED = 0.5
"""Of the indicators that count for either: with fewer in common a comparison means nothing."""
FAR = 0.2
"""Of the places: pairs of the same merits a fifth of the field apart are far apart."""
LITTLE = 0.05
"""Of an indicator's range: what counts as a small difference in one indicator."""


def distances(engine: Engine) -> Singles:
    """Return how far units are from each other (N, N): 0 is alike, 1 as far as any two are.

    It is the largest difference in anything that a rule reads (value, target, …) of an indicator
    that counts for both, as a share of its range over the ranked units; 1 where one of the two has
    no value; infinite where too few indicators count for both.
    """
    n = len(engine.units)
    both, enough = _shared(engine)
    found = np.zeros((n, n), np.float32)
    gap = np.empty_like(found)
    for leaf, there in zip(engine.scheme.indicators, both, strict=True):
        pairs = None if there.all() else there[np.ix_(engine.category, engine.category)]
        for x in columns(engine, leaf):
            scaled = _scaled(x, engine.people.ranked)
            if scaled is None:
                continue
            np.abs(np.subtract.outer(scaled, scaled, out=gap), out=gap)
            if np.isnan(scaled).any():
                lacking = np.isnan(scaled)
                gap[lacking ^ lacking[:, None]] = 1
                gap[lacking & lacking[:, None]] = 0
            if pairs is not None:
                gap *= pairs
            np.maximum(found, gap, out=found)
    if not enough.all():
        found[~enough[np.ix_(engine.category, engine.category)]] = np.inf
    return found


def _shared(engine: Engine) -> tuple[Bools, Bools]:
    """Return which indicators count in both categories (K, C, C), and where they are enough."""
    weighed = engine.weights.counting
    counts = np.array([weighed[leaf.id] for leaf in engine.scheme.indicators])
    both = counts[:, :, None] & counts[:, None]
    either = counts[:, :, None] | counts[:, None]
    return both, both.sum(0) >= SHARED * either.sum(0)


def columns(engine: Engine, leaf: Indicator) -> list[Array]:
    """Return everything that an indicator's rule reads, each (N,)."""
    found = [engine.values(leaf)]
    for name in leaf.rule.data[1:]:
        x = engine.people.data([leaf], name)[0, 0]
        if name == "target" and leaf.target is not None:
            x = np.where(np.isnan(x), leaf.target, x)
        found.append(x)
    return found


def _scaled(x: Array, ranked: Bools) -> Singles | None:
    """Return a column over its range among the ranked; None where there is nothing to compare."""
    there = x[ranked & ~np.isnan(x)]
    if not len(there):
        return None
    return ((x - there.min()) / (float(np.ptp(there)) or 1.0)).astype(np.float32)


def dominance(engine: Engine) -> Bools:
    """Return who is at least as good in every indicator and better in one, (N, N): row over column.

    By scores before adjustments, of units for which the same indicators count. A score that one of
    the two lacks makes them incomparable.
    """
    weighed = engine.weights.counting
    counts = np.array([weighed[leaf.id] for leaf in engine.scheme.indicators])
    same = (counts[:, :, None] == counts[:, None]).all(0)
    least = same[np.ix_(engine.category, engine.category)]
    better = np.zeros_like(least)
    for leaf, count in zip(engine.scheme.indicators, counts, strict=True):
        score = np.where(count[engine.category], engine.raw_score(leaf.id), 0.0)
        lacking = np.isnan(score)
        score = np.where(lacking, 0.0, score)
        least &= (score[:, None] >= score - 1e-9) & (lacking[:, None] == lacking)
        better |= score[:, None] > score + 1e-9
    return least & better


def twins(engine: Engine) -> list[list[int]]:
    """Return groups of ranked units of one category that are recorded alike in everything."""
    panel = attributed(engine.scheme, engine.panel)
    blocks = [panel.frame(table).reindex(list(engine.units)) for table in panel.tables]
    table = pd.concat(blocks, axis=1).to_numpy(np.float64)
    records: list[list[tuple[str, ...]]] = [[] for _ in engine.units]
    place = {unit: row for row, unit in enumerate(engine.units)}
    for name in panel.record_tables:
        kept = [column for column in RECORDS[name] if column not in ("unit", "date", "note")]
        frame = panel.records(name)
        for unit, *entries in frame[["unit", *kept]].astype(str).to_numpy().tolist():
            if unit in place:
                records[place[unit]].append((name, *entries))
    groups: dict[object, list[int]] = {}
    numbers = np.where(np.isnan(table), np.inf, table + 0.0)  # one NaN, one zero
    for u in np.flatnonzero(engine.people.ranked).tolist():
        key = (int(engine.category[u]), numbers[u].tobytes(), tuple(sorted(records[u])))
        groups.setdefault(key, []).append(u)
    return [group for group in groups.values() if len(group) > 1]


# -- pairs -----------------------------------------------------------------------------------------


def pairs_of(
    engine: Engine, now: Outcome, first: Any, second: Any, apart: Array, near: float
) -> pd.DataFrame:
    """Return the pairs that are near, the farthest apart in the ranking first."""
    close = np.flatnonzero(apart <= near + 1e-6)  # distances are single precision
    ranks = now.ranks[0]
    swap = ranks[first[close]] > ranks[second[close]]
    a = np.where(swap, second[close], first[close])
    b = np.where(swap, first[close], second[close])
    places = ranks[b] - ranks[a]
    units = np.array(engine.units, object)
    frame = pd.DataFrame(
        {
            "unit": units[a],
            "other": units[b],
            "distance": apart[close],
            "points": now.totals[0, a] - now.totals[0, b],
            "places": places,
            "same_category": engine.category[a] == engine.category[b],
            "same_grade": True if now.grades is None else now.grades[0, a] == now.grades[0, b],
            "far": places >= max(FAR * ((ranks > 0).sum() - 1), 1),
        }
    )
    order = ["places", "distance"]
    frame = frame.sort_values(order, ascending=[False, True], kind="stable")
    return frame.set_index(["unit", "other"])


def treated_differently(engine: Engine, now: Outcome, groups: list[list[int]]) -> pd.DataFrame:
    """Return the pairs among twins that do not end alike."""
    rows = []
    for a, b in (pair for group in groups for pair in combinations(group, 2)):
        points = float(now.totals[0, a] - now.totals[0, b])
        places = int(now.ranks[0, b] - now.ranks[0, a])
        graded = now.grades is not None and now.grades[0, a] != now.grades[0, b]
        if points or places or graded:
            rows.append([engine.units[a], engine.units[b], points, places])
    columns = ["unit", "other", "points", "places"]
    return pd.DataFrame(rows, columns=columns).set_index(columns[:2])


def reversals_of(engine: Engine, now: Outcome) -> tuple[pd.DataFrame, int]:
    """Return where the better one ranks behind and why, and how many pairs one dominates."""
    ranks, category = now.ranks[0], engine.category
    both = (ranks > 0) & (ranks > 0)[:, None]
    over = dominance(engine) & both
    combined = engine.stages(engine.scheme.root)[0][1]
    gains = [_gain(engine, name) for name in engine.scheme.nodes]
    rows = []
    for a, b in zip(*np.nonzero(over & (ranks[:, None] > ranks)), strict=True):
        cause = "combination" if category[a] == category[b] else "category"
        if combined[a] >= combined[b] - 1e-9 or any(gain[b] > gain[a] + 1e-9 for gain in gains):
            cause = "adjustments"
        rows.append([engine.units[a], engine.units[b], int(ranks[a] - ranks[b]), cause])
    columns = ["better", "worse", "places", "cause"]
    frame = pd.DataFrame(rows, columns=columns).set_index(columns[:2])
    return frame.sort_values("places", ascending=False, kind="stable"), int(over.sum())


def _gain(engine: Engine, node: str) -> Array:
    """Return what difficulty, periods, bonus, deduction and veto add to a node's score, (N,)."""
    stages = engine.stages(engine.scheme.nodes[node])
    return np.nan_to_num(stages[-1][1] - stages[0][1])


# -- lines and steps -------------------------------------------------------------------------------


def grade_lines(engine: Engine, now: Outcome) -> pd.DataFrame:
    """Return who is last inside and first outside of every grade line."""
    rules, rows = engine.scheme.grades, []
    pools = [("", np.arange(len(engine.units)))]
    if rules and rules.within == "category":
        pools = list(zip(engine.categories, engine.members, strict=True))
    for name, members in pools if rules and now.grades is not None else ():
        assert rules is not None
        assert now.grades is not None
        mine = members[now.ranks[0, members] > 0]
        total, grade = now.totals[0, mine], now.grades[0, mine]
        for number, band in enumerate(rules.bands[:-1]):
            inside, outside = np.flatnonzero(grade <= number), np.flatnonzero(grade > number)
            if not len(inside) or not len(outside):
                continue
            last, first = inside[total[inside].argmin()], outside[total[outside].argmax()]
            pair = [engine.units[mine[place]] for place in (last, first)]
            rows.append([name, band.name, *pair, total[last] - total[first]])
    names = ["category", "grade", "last_in", "first_out", "margin"]
    return pd.DataFrame(rows, columns=names).set_index(names[:2])


def steps_of(engine: Engine) -> pd.DataFrame:
    """Return where a little in one indicator makes much."""
    rows, index = [], []
    for leaf in engine.scheme.indicators:
        if len(leaf.rule.data) > 1:
            continue
        value, score = columns(engine, leaf)[0], engine.raw_score(leaf.id)
        there = engine.people.ranked & ~np.isnan(value) & ~np.isnan(score)
        span = float(np.ptp(value[there])) if there.any() else 0.0
        best: list[Any] = ["", "", 0.0, np.nan]
        steepness = 0.0
        for peers in engine.people.peers[leaf.scope] if span else ():
            mine = np.arange(len(value))[peers]
            mine = mine[there[mine]]
            mine = mine[np.argsort(value[mine], kind="stable")]
            gap = np.diff(value[mine]) / span
            rise = np.abs(np.diff(score[mine]))
            moved = gap > 0
            if moved.any():
                steepness = max(steepness, float((rise[moved] / 100 / gap[moved]).max()))
            small = np.where(gap <= LITTLE, rise, -1.0)
            if len(small) and small.max() > best[2]:
                k = int(small.argmax())
                pair = [engine.units[mine[k]], engine.units[mine[k + 1]]]
                best = [*pair, float(small[k]), float(gap[k])]
        rows.append([*best, steepness])
        index.append(leaf.id)
    names = ["unit", "other", "score_gap", "value_gap", "steepness"]
    frame = pd.DataFrame(rows, pd.Index(index, name="indicator", dtype=object), names)
    return frame.sort_values("score_gap", ascending=False, kind="stable")


def by_effort(engine: Engine, now: Outcome, merit: Array | None) -> pd.DataFrame:
    """Return how equals in effort fare, by category."""
    rows, index = [], []
    for name, members in zip(engine.categories, engine.members, strict=True):
        mine = members[now.ranks[0, members] > 0]
        if merit is None or len(mine) < 3:
            continue
        total = now.totals[0, mine][np.argsort(merit[mine], kind="stable")]
        horizontal = np.sqrt((np.diff(total) ** 2).sum() / (2 * (len(mine) - 1)))
        order = _tau_b(merit[mine], now.totals[0, mine])
        rows.append([len(mine), horizontal, total.std(ddof=1), order])
        index.append(name)
    names = ["units", "horizontal", "spread", "order"]
    return pd.DataFrame(rows, pd.Index(index, name="category", dtype=object), names)


def _tau_b(x: Array, y: Array) -> float:
    """Return Kendall's τ-b; NaN when one of them is constant."""
    a, b = np.sign(x[:, None] - x), np.sign(y[:, None] - y)
    norm = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / norm) if norm else np.nan
