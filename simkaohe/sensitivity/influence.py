"""One change at a time (逐项变动): each number a little up or down, each indicator left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from simkaohe.comparison import agreement
from simkaohe.engine import Engine, Outcome, compiled
from simkaohe.engine.draws import DRAWABLE, can_be_drawn
from simkaohe.errors import SimkaoheError, refuse, unknown
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Group, Indicator, Scheme

ENDS = ("low", "high")
MOVED = ("mean_shift", "largest_shift", "who")
NOBODY = (np.nan, np.nan, None)


class Shift:
    """Who moves from one outcome to another.

    Attributes
    ----------
    places : array (N,)
        Places gained, 0 for units that are not ranked in both.
    both : array (N,) of bool
    """

    def __init__(self, base: Outcome, other: Outcome) -> None:
        self.both = (base.ranks[0] > 0) & (other.ranks[0] > 0)
        gained = np.where(self.both, base.ranks[0] - other.ranks[0], 0)
        self.places = gained.astype(np.float64)

    def said(self, units: tuple[str, ...]) -> tuple[float, float, str | None]:
        """Return the mean and the largest number of places, and who moves most."""
        sizes = np.abs(self.places)
        moved = sizes[self.both]
        mean, largest = (float(moved.mean()), float(moved.max())) if len(moved) else (0.0, 0.0)
        return mean, largest, units[int(sizes.argmax())] if sizes.any() else None


# -- one at a time ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class OneAtATime:
    """逐项变动: what each number does when it alone changes.

    Attributes
    ----------
    table : DataFrame
        Indexed by edit path, the largest effect first: ``label``; ``value`` now; ``low`` and
        ``high``; for each of the two ends the mean and the largest number of places that units
        move and who moves most (``mean_low``, ``largest_low``, ``who_low``, ``mean_high``, …);
        ``mean_shift``, ``largest_shift``, ``who``: of the worse end; ``effect``: ``"ranks"``,
        ``"totals"`` (no rank changes) or ``"none"``.
    without_effect : tuple of edit paths
        Whose change leaves all totals as they are.
    refused : mapping of edit path to sentence
        Ends that the scheme does not allow, or at which it has no result.
    """

    table: pd.DataFrame
    without_effect: tuple[str, ...]
    refused: Mapping[str, str]


def one_at_a_time(
    scheme: Scheme, panel: Panel, paths: Iterable[str] | None = None, change: float = 0.1
) -> OneAtATime:
    """Change each number alone, up and down, and see who moves.

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    paths : edit paths, optional
        Default: every number of the nodes, adjustments, limits and periods that is not 0; none of
        the root's own weight, which means nothing.
    change : float in (0, 1), default 0.1
        Relative: 0.1 is ±10 %. A weight is relative to its siblings', which stay.
    """
    if not 0 < change < 1:
        refuse("change", f"{change:g}", Words("0 与 1 之间的数", "a number between 0 and 1"))
    engine = compiled(scheme, panel)
    slots = scheme.paths()
    chosen = list(paths) if paths is not None else [*_numbers(scheme)]
    wrong = [p for p in chosen if p not in slots or not isinstance(slots[p].value, float)]
    if wrong:
        known = {p: s.label for p, s in slots.items() if isinstance(s.value, float)}
        raise SimkaoheError(*(unknown(p, p, known, Words("数", "number")) for p in wrong))
    base = engine.run()
    rows: dict[str, list[Any]] = {}
    refused: dict[str, str] = {}
    for path in chosen:
        now = slots[path].value
        ends = sorted((now * (1 - change), now * (1 + change)))
        shifts, totals, said = [], [], {}
        for end, value in zip(ENDS, ends, strict=True):
            try:
                outcome = _changed(engine, path, value)
            except SimkaoheError as error:
                refused[f"{path} = {value:g}"] = str(error.problems[0])
                continue
            shifts.append(Shift(base, outcome))
            totals.append((outcome.totals != base.totals).any())
            said[end] = shifts[-1].said(engine.units)
        worse = max(said.values(), key=lambda each: each[:2], default=NOBODY)
        effect = "totals" if any(totals) else "none"
        effect = "ranks" if any(shift.places.any() for shift in shifts) else effect
        of_ends = [each for end in ENDS for each in said.get(end, NOBODY)]
        rows[path] = [slots[path].label, now, *ends, *of_ends, *worse, effect]
    by_end = [f"{what}_{end}" for end in ENDS for what in ("mean", "largest", "who")]
    columns = ["label", "value", *ENDS, *by_end, *MOVED, "effect"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("path")
    none = tuple(path for path, row in rows.items() if row[-1] == "none")
    return OneAtATime(_sorted(table), none, refused)


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values([*MOVED[:2]], ascending=False, kind="stable")


def _numbers(scheme: Scheme) -> Iterator[str]:
    """Yield the paths of all numbers on which totals may depend."""
    for path, slot in scheme.paths().items():
        first = path.partition(".")[0]
        if first not in scheme.nodes and first not in DRAWABLE:
            continue
        if isinstance(slot.value, float) and slot.value and path != f"{scheme.root.id}.weight":
            yield path


def _changed(engine: Engine, path: str, value: float) -> Outcome:
    if can_be_drawn(engine.scheme, path):
        return engine.run({path: [value]})
    return Engine(engine.scheme.edit({path: value}), engine.panel).run()


# -- leave one out ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class LeaveOneOut:
    """逐一剔除: the ranking without each indicator.

    Attributes
    ----------
    table : DataFrame
        Indexed by indicator, the largest effect first: ``name``; ``mean_shift``,
        ``largest_shift``, ``who``; ``kendall_tau_b``, ``spearman_rho``, ``top_overlap`` with the
        full ranking (as in a comparison).
    shifts : DataFrame
        Places gained (+) or lost (−) without the indicator: units × indicators.
    refused : mapping of indicator to sentence
        Those without which the scheme has no result.
    """

    table: pd.DataFrame
    shifts: pd.DataFrame
    refused: Mapping[str, str]


def leave_one_out(scheme: Scheme, panel: Panel) -> LeaveOneOut:
    """Drop each indicator, its weight going to its siblings, and see who moves.

    Parameters
    ----------
    scheme, panel : Scheme, Panel

    Notes
    -----
    The siblings share the weight in proportion to theirs, in every category, whatever the group
    says about cancelled indicators. An indicator that is alone in its group takes the group with
    it. A coefficient that is dropped leaves the product; the only base of a multiplier cannot be
    dropped.
    """
    engine = compiled(scheme, panel)
    base = engine.run()
    rows, shifts, refused = {}, {}, {}
    for leaf in scheme.indicators:
        try:
            other = engine.run(_dropped(engine, leaf))
        except SimkaoheError as error:
            refused[leaf.id] = str(error.problems[0])
            continue
        shift = Shift(base, other)
        old, new = base.ranks[0][shift.both], other.ranks[0][shift.both]
        rows[leaf.id] = [leaf.label, *shift.said(engine.units), *agreement(old, new).values()]
        shifts[leaf.id] = shift.places
    columns = ["name", *MOVED, "kendall_tau_b", "spearman_rho", "top_overlap"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("indicator")
    table = _sorted(table)
    frame = pd.DataFrame(shifts, pd.Index(engine.units, name="unit"), dtype=np.int64)
    return LeaveOneOut(table, frame[list(table.index)], refused)


def _dropped(engine: Engine, leaf: Indicator) -> dict[str, list[float]]:
    """Return the edits that drop an indicator, category by category; no weight is freed."""
    scheme = engine.scheme
    gone: dict[str, set[str]] = {}
    for category in tuple(scheme.categories) or ("",):
        found: Group | Indicator = leaf
        while (parent := engine.parent(found.id)) and parent is not scheme.root:
            others = [child for child in parent.children if child is not found]
            if any(scheme.weight_in(child, category) for child in others):
                break
            found = parent
        gone.setdefault(found.id, set()).add(category)
    edits = {}
    for name, there in gone.items():
        node = scheme.nodes[name]
        edits[f"{name}.weight"] = [0.0]
        for category in scheme.categories:
            if category not in there or category in node.weights_by_category:
                kept = 0.0 if category in there else scheme.weight_in(node, category)
                edits[f"{name}.weights_by_category.{category}"] = [kept]
    return edits
