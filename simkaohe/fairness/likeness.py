"""How alike units are: in what the rules read of them, and in everything that is recorded."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import Engine
from simkaohe.engine.attribution import attributed
from simkaohe.panel import RECORDS
from simkaohe.scheme.tree import Indicator

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
SHARED = 0.5
"""Of the indicators that count for either: with fewer in common a comparison means nothing."""


def distances(engine: Engine) -> npt.NDArray[np.float32]:
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
    weighed = engine.weights.counting({})
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


def _scaled(x: Array, ranked: Bools) -> npt.NDArray[np.float32] | None:
    """Return a column over its range among the ranked; None where there is nothing to compare."""
    there = x[ranked & ~np.isnan(x)]
    if not len(there):
        return None
    span = float(np.ptp(there))
    low = float(there.min())
    return ((x - low) / (span or 1.0)).astype(np.float32)


def dominance(engine: Engine) -> Bools:
    """Return who is at least as good in every indicator and better in one, (N, N): row over column.

    By scores before adjustments, of units for which the same indicators count. A score that one of
    the two lacks makes them incomparable.
    """
    weighed = engine.weights.counting({})
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
