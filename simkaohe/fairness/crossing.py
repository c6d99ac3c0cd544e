"""What crossing a category boundary does to a unit, and who is near one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import Engine, Outcome
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.fairness.given import numbers_of
from simkaohe.labels import Words
from simkaohe.scheme.tree import Scheme

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Row = dict[str, Any]


def columns_of(scheme: Scheme) -> list[str]:
    """Return the columns of the table of moves."""
    facts = ["total", "rank", "category_rank", "standing", "grade"]
    facts += [f"uses.{use}" for use in scheme.uses]
    return ["category", *(name for fact in facts for name in (fact, f"{fact}_there")),
            "jump", "bands", "others_regraded", "others_points", "reversals", "left", "joined",
            "lost", "new", "shared", "note"]  # fmt: skip


def moved(engine: Engine, now: Outcome, counts: Bools, unit: str, to: str) -> Row:
    """Return a row of the table; ``counts`` says which indicator counts where, (K, C)."""
    place, code = engine.units.index(unit), engine.categories.index(to)
    home = engine.category[place]
    ranked = engine.people.ranked
    there = engine.category.copy()
    there[place] = code
    row: Row = {"unit": unit, "to": to, "category": engine.categories[home], "note": ""}
    row |= {
        "left": int(ranked[there == home].sum()),
        "joined": int(ranked[there == code].sum()),
        "lost": int((counts[:, home] & ~counts[:, code]).sum()),
        "new": int((~counts[:, home] & counts[:, code]).sum()),
        "shared": (counts[:, home] & counts[:, code]).sum()
        / (counts[:, home] | counts[:, code]).sum(),
    }
    row |= _facts(engine, now, place, engine.category, "")
    try:
        other = engine.elsewhere(unit, to, uses=True)
    except SimkaoheError as error:
        return row | {"note": str(error.problems[0])}
    row |= _facts(engine, other, place, there, "_there")
    row["jump"] = row["standing_there"] - row["standing"]
    rest = np.arange(len(engine.units)) != place
    if now.grades is not None and other.grades is not None:
        none = len(engine.scheme.grades.bands) if engine.scheme.grades else 0  # below every band
        grades = now.grades[0, place], other.grades[0, place]  # −1 for none
        row["bands"] = int(grades[0]) % (none + 1) - int(grades[1]) % (none + 1)
        row["others_regraded"] = int((now.grades[0, rest] != other.grades[0, rest]).sum())
    row["others_points"] = float(np.abs(now.totals[0, rest] - other.totals[0, rest]).sum())
    row["reversals"] = reversals(now.ranks[0, rest], other.ranks[0, rest])
    return row


def _facts(
    engine: Engine, outcome: Outcome, place: int, category: npt.NDArray[np.intp], end: str
) -> Row:
    """Return what an outcome says of a unit, under names that end in ``end``."""
    ranks = outcome.category_ranks[0]
    peers = ranks[(category == category[place]) & (ranks > 0)]
    found: Row = {
        "total": outcome.totals[0, place],
        "rank": outcome.ranks[0, place] or np.nan,  # a veto may take it out of the ranking
        "category_rank": ranks[place] or np.nan,
        "standing": np.nan,
    }
    if ranks[place] and len(peers) > 1:
        found["standing"] = 1 - (peers < ranks[place]).sum() / (len(peers) - 1)
    if outcome.grades is not None and engine.scheme.grades is not None:
        names = [*(band.name for band in engine.scheme.grades.bands), None]
        found["grade"] = names[outcome.grades[0, place]]
    found |= {f"uses.{use}": amounts[0, place] for use, amounts in outcome.uses.items()}
    return {f"{name}{end}": value for name, value in found.items()}


def reversals(before: Ints, after: Ints) -> int:
    """Return how many pairs change their order; ties that come or go are no reversal."""
    order = np.lexsort((after, before))
    if not (np.diff(after[order]) < 0).any():
        return 0
    first = np.sign(before[:, None] - before)
    return int((first * np.sign(after[:, None] - after) < 0).sum() // 2)


# -- near a line ----------------------------------------------------------------------------------


def sizes_of(
    engine: Engine, size: str | pd.Series[Any] | None, cutoffs: Sequence[float] | None, band: float
) -> Array | None:
    """Return the units' sizes (N,), None when lines are not asked for."""
    if not 0 < band < 1:
        expected = Words("0 与 1 之间的数", "a number between 0 and 1")
        raise SimkaoheError(Problem("band", f"{band:g}", expected))
    nothing = Words("没有填写", "nothing")
    if (size is None) != (not cutoffs):
        where, expected = (
            ("cutoffs", Words("分类的界线", "the lines between categories"))
            if size is not None
            else ("size", Words("分类所依据的背景数据", "the covariate that they cut"))
        )
        raise SimkaoheError(Problem(where, nothing, expected))
    if size is None:
        return None
    if wrong := [cut for cut in cutoffs or () if not cut > 0]:
        raise SimkaoheError(Problem("cutoffs", f"{wrong[0]:g}", Words("> 0 的数", "numbers > 0")))
    return numbers_of(engine, size, "size", gaps=True)


def near_lines(
    engine: Engine, moves: list[Row], sizes: Array | None, cutoffs: Sequence[float], band: float
) -> pd.DataFrame:
    """Return who is near a line, and what crossing it would do."""
    columns = ["unit", "size", "cutoff", "side", "category", "across", "jump", "bands"]
    known = {(move["unit"], move["to"]): move for move in moves}
    rows = []
    lines = np.unique(np.asarray(cutoffs, np.float64))
    between = np.searchsorted(lines, np.zeros(0) if sizes is None else sizes, side="right")
    for number, cut in enumerate(lines if sizes is not None else ()):
        assert sizes is not None
        across: Mapping[int, str | None] = {
            side: _usual(engine, np.flatnonzero((between == side) & engine.people.ranked))
            for side in (number, number + 1)
        }
        for u in np.flatnonzero(np.abs(sizes / cut - 1) <= band + 1e-9):
            unit, above = engine.units[u], sizes[u] >= cut
            to = across[number if above else number + 1]
            move = known.get((unit, to))
            if move is None or move["note"]:
                continue  # nobody is across, it is there already, is not ranked or lacks the data
            side = "above" if above else "below"
            rows.append([unit, sizes[u], cut, side, move["category"], to, move["jump"],
                         move.get("bands")])  # fmt: skip
    return pd.DataFrame(rows, columns=columns).set_index("unit")


def _usual(engine: Engine, members: npt.NDArray[np.intp]) -> str | None:
    """Return the category that most of the units are in; None without units."""
    if not len(members):
        return None
    return engine.categories[int(np.bincount(engine.category[members]).argmax())]
