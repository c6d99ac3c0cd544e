"""Category boundaries (类别边界): what a unit would be in another category."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from simkaohe.engine import Engine, Outcome, compiled
from simkaohe.engine.standing import Array, Bools, Ints
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.fairness.finding import Finding, asked, category_words, grade_words, lit, when
from simkaohe.fairness.given import NOTHING, check, check_cutoffs, check_names, numbers_of
from simkaohe.fairness.likeness import SHARED
from simkaohe.labels import Words
from simkaohe.panel import UNIT, Panel
from simkaohe.scheme.tree import Scheme

Row = dict[str, Any]
DECIDED = (0.2, 0.5)
"""Share of units whose grade hangs on their category: one in five; more often than not."""
OTHERS = (0.02, 0.1)
"""Share of the others that a single move regrades: 2 of 100 follow from seats alone; one in ten."""
CLIFF = (0.1, 0.25)
"""Share of its peers that a unit passes by crossing the line: a tenth; a quarter of the field."""


@dataclass(frozen=True)
class Cliffs:
    """类别边界: every unit in every other category, the whole scheme evaluated anew.

    Attributes
    ----------
    scheme : Scheme
    table : DataFrame
        A row for each ``unit`` and each other category ``to``: ``category`` now; ``total``,
        ``rank``, ``category_rank``, ``standing`` (share of its peers in the category that are not
        ahead of it; NaN when it is alone), ``grade`` and ``uses.<id>``, each now and, with
        ``_there``, in the other category; ``jump`` of the standing; ``bands`` (+: grades up);
        ``others_regraded`` (other units whose grade changes), ``others_points`` (Σ|ΔT| of the
        others), ``reversals`` (pairs of others whose order changes); ``left`` (units that stay
        behind: 0 empties the category, 1 leaves one without peers) and ``joined`` (units there);
        ``lost`` and ``new`` (indicators that no longer or newly count for it) and ``shared`` (those
        that count in both, of those that count in either); ``note``: why there is no result, else
        empty.
    units : DataFrame
        By unit, the most dependent first, over categories that share at least half of the
        indicators (a county is no department): ``category``, ``grade``, ``regraded`` (another category
        would give another grade; without grades: a jump of at least a tenth), ``best`` (the
        category where it would stand best), ``gain`` and ``loss`` (largest jump up, ≥ 0, and down,
        ≤ 0), ``bands`` (grades that the best category would bring). The gain is what a free choice
        of category is worth to it while all others stay.
    near : DataFrame
        Units near a cutoff: ``size``, ``cutoff``, ``side``, ``category``, ``across`` (the category
        that most units on the other side are in), and ``jump``, ``bands`` across.
    shared : float
        Least share of indicators in common for which a move counts in ``units`` and findings.
    decided : float
        Share of units whose grade hangs on their category.
    findings : tuple of Finding
        ``cliffs.decided``, ``cliffs.others``, ``cliffs.boundary``.
    """

    scheme: Scheme
    table: pd.DataFrame
    units: pd.DataFrame
    near: pd.DataFrame
    shared: float
    decided: float
    findings: tuple[Finding, ...]


def cliffs(
    scheme: Scheme,
    panel: Panel,
    units: Iterable[str] | None = None,
    *,
    size: str | pd.Series[Any] | None = None,
    cutoffs: Sequence[float] | None = None,
    band: float = 0.2,
) -> Cliffs:
    """Put each unit into each other category, and evaluate the whole scheme anew.

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    units : iterable of str, optional
        Whom to move; default: all that are ranked.
    size : str or Series, optional
        What categories are made by: a column of the covariates, or numbers by unit. Units without
        one are near no line.
    cutoffs : list of float > 0, optional
        The lines between categories, in the unit of ``size``.
    band : float in (0, 1), default 0.2
        A unit is near a line when ``|size / cutoff − 1| ≤ band``.

    Returns
    -------
    Cliffs

    Raises
    ------
    SimkaoheError
        No such unit or covariate; no unit with a size; cutoffs without size, or the reverse.

    Notes
    -----
    A unit is moved while all others stay, so the comparison of the peers on both sides changes too
    (goalposts, means, ranks, seats). Units that are not ranked, and categories that are not, are
    left out. A category that is left empty is no category any more. This is the exact answer to
    what a regression discontinuity at the line (Hahn, Todd & van der Klaauw 2001) estimates.
    """
    engine = compiled(scheme, panel)
    sizes = _sizes(engine, size, cutoffs, band)
    now = engine.run(uses=True)
    if units is None:
        units = engine.units
    chosen = [units] if isinstance(units, str) else list(dict.fromkeys(units))
    check_names("cliffs", chosen, engine.units, UNIT)
    places = [engine.units.index(unit) for unit in chosen]
    open_ = [c for c in engine.categories if c and scheme.categories[c].ranked]
    weighed = engine.weights.counting
    counts = np.array([weighed[leaf.id] for leaf in scheme.indicators])
    rows = [
        _moved(engine, now, counts, place, category)
        for place in places
        for category in open_
        if engine.people.ranked[place] and category != engine.categories[engine.category[place]]
    ]
    table = pd.DataFrame(rows, columns=["unit", "to", *_columns(scheme)]).set_index(["unit", "to"])
    by_unit = _by_unit(rows, scheme.grades is not None)
    near = _near_lines(engine, rows, sizes, cutoffs or (), band)
    decided = float(by_unit["regraded"].mean()) if len(by_unit) else np.nan
    findings = (
        _of_decided(scheme, by_unit, table, decided),
        _of_others(scheme, table, len(engine.units)),
        _of_boundary(near, sizes is not None, band),
    )
    return Cliffs(scheme, table, by_unit, near, SHARED, decided, findings)


# -- one move --------------------------------------------------------------------------------------


def _columns(scheme: Scheme) -> list[str]:
    """Return the columns of the table of moves."""
    facts = ["total", "rank", "category_rank", "standing", "grade"]
    facts += [f"uses.{use}" for use in scheme.uses]
    return ["category", *(name for fact in facts for name in (fact, f"{fact}_there")),
            "jump", "bands", "others_regraded", "others_points", "reversals", "left", "joined",
            "lost", "new", "shared", "note"]  # fmt: skip


def _moved(engine: Engine, now: Outcome, counts: Bools, place: int, to: str) -> Row:
    """Return a row of the table; ``counts`` says which indicator counts where, (K, C)."""
    unit, code = engine.units[place], engine.categories.index(to)
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


def _facts(engine: Engine, outcome: Outcome, place: int, category: Any, end: str) -> Row:
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


def _sizes(
    engine: Engine, size: str | pd.Series[Any] | None, cutoffs: Sequence[float] | None, band: float
) -> Array | None:
    """Return the units' sizes (N,), None when lines are not asked for."""
    check({"band": (f"{band:g}", 0 < band < 1, "0 与 1 之间的数", "a number between 0 and 1")})
    if size is None:
        if cutoffs:
            cut = Words("分类所依据的背景数据", "the covariate that they cut")
            raise SimkaoheError(Problem("size", NOTHING, cut))
        return None
    if not cutoffs:
        lines = Words("分类的界线", "the lines between categories")
        raise SimkaoheError(Problem("cutoffs", NOTHING, lines))
    check_cutoffs(cutoffs)
    return numbers_of(engine, size, "size", gaps=True)


def _near_lines(
    engine: Engine, moves: list[Row], sizes: Array | None, cutoffs: Sequence[float], band: float
) -> pd.DataFrame:
    """Return who is near a line, and what crossing it would do."""
    columns = ["unit", "size", "cutoff", "side", "category", "across", "jump", "bands"]
    known = {(move["unit"], move["to"]): move for move in moves}
    rows = []
    lines = np.unique(np.asarray(cutoffs, np.float64))
    for number, cut in enumerate(lines if sizes is not None else ()):
        assert sizes is not None
        between = np.searchsorted(lines, sizes, side="right")
        across = {
            side: _usual(engine, (between == side) & engine.people.ranked)
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


def _usual(engine: Engine, members: Bools) -> str:
    """Return the category that most of some units are in; none without units."""
    if not members.any():
        return ""
    return engine.categories[int(np.bincount(engine.category[members]).argmax())]


# -- by unit ---------------------------------------------------------------------------------------


def _by_unit(rows: list[Row], graded: bool) -> pd.DataFrame:
    moves: dict[str, list[Row]] = {}
    for row in rows:
        if not row["note"] and row["shared"] >= SHARED:
            moves.setdefault(row["unit"], []).append(row)
    found = {unit: _summed(mine, graded) for unit, mine in moves.items()}
    columns = ["category", "grade", "regraded", "best", "gain", "loss", "bands"]
    table = pd.DataFrame.from_dict(found, orient="index", columns=columns).rename_axis("unit")
    swing = table["gain"].to_numpy(float) - table["loss"].to_numpy(float)
    return table.iloc[np.lexsort((-swing, ~table["regraded"].to_numpy(bool)))]


def _summed(moves: list[Row], graded: bool) -> Row:
    jumps = np.nan_to_num([row["jump"] for row in moves])
    bands = np.array([row["bands"] if graded else 0 for row in moves])
    best = np.lexsort((jumps, bands))[-1]
    better = (bands[best], jumps[best]) > (0, 0)
    return {
        "category": moves[0]["category"],
        "grade": moves[0].get("grade"),
        "regraded": bool(bands.any() if graded else (np.abs(jumps) >= CLIFF[0]).any()),
        "best": moves[best]["to"] if better else moves[0]["category"],
        "gain": max(float(jumps.max()), 0.0),
        "loss": min(float(jumps.min()), 0.0),
        "bands": max(int(bands.max()), 0),
    }


# -- findings --------------------------------------------------------------------------------------

HANGS = asked(
    "cliffs.decided",
    "等次是否取决于分在哪一类？",
    "Does a grade hang on the category?",
    "每次只移动一个单位，其他单位不动。它说明结果依赖分类，不说明现在的分类有错，也不说明哪个单位该换类。",
    "One unit is moved at a time and all others stay. It shows that results depend on the"
    " classification, not that the classification is wrong or that anybody belongs elsewhere.",
)
THIRD = asked(
    "cliffs.others",
    "一个单位换类，会不会改变别人的结果？",
    "Does one unit's move change the others' results?",
    "名额固定时，换类必然有人进有人出；它不说明这种影响不当，只说明各单位的结果不是各自独立的。",
    "With fixed seats somebody must come and somebody go; it does not show that this is wrong,"
    " only that results are not each unit's own.",
)
LINE = asked(
    "cliffs.boundary",
    "刚好在分类界线两边的单位，差别有多大？",
    "What does it matter to be just over a line?",
    "界线总要划在某处；它说明紧邻界线的单位得失多少，不说明界线划错了。",
    "A line must be somewhere; it shows what those next to it win or lose, not that it is"
    " drawn wrongly.",
)


def _counted(table: pd.DataFrame) -> pd.DataFrame:
    """Return the moves that have a result and mean something."""
    return table[(table["note"] == "") & (table["shared"] >= SHARED)]


def _of_decided(
    scheme: Scheme, units: pd.DataFrame, table: pd.DataFrame, decided: float
) -> Finding:
    if not len(units):
        return HANGS.untold(
            "没有考核内容相近的其他类别可换，或缺少换类计算所需的数据。",
            "There is no other category with like indicators, or no data for it.",
        )
    what = Words("等次", "grade") if scheme.grades else Words("位置", "standing")
    example = _example(scheme, units, table) if decided > 0 else Words("", "")
    n, k = len(units), int(units["regraded"].sum())
    return HANGS.says(
        lit(decided, *DECIDED),
        decided,
        f"{n} 个单位中有 {k} 个（{decided:.0%}）换一个类别，{what.zh}就会不同。{example.zh}",
        f"{k} of {n} units ({decided:.0%}) would have another {what.en} in another"
        f" category.{example.en}",
    )


def _example(scheme: Scheme, units: pd.DataFrame, table: pd.DataFrame) -> Words:
    moves = _counted(table.loc[[units.index[0]]])
    jumps = moves["jump"].abs().fillna(-1.0).to_numpy(np.float64)
    if jumps.max() < 0:
        return Words("", "")
    farthest = int(jumps.argmax())
    move, (unit, to) = moves.iloc[farthest], moves.index[farthest]
    where = category_words(scheme, to)
    now, there = f"{move['standing']:.0%}", f"{move['standing_there']:.0%}"
    a, b = (grade_words(scheme, move[name]) for name in ("grade", "grade_there"))
    grades = when(
        scheme.grades and a != b,
        f"，等次由“{a.zh}”变为“{b.zh}”",
        f" and its grade from {a.en} to {b.en}",
    )
    return Words(
        f"例如把“{unit}”划入“{where.zh}”，不落后于它的同类比例由 {now} 变为 {there}{grades.zh}。",
        f" For example, {unit} in {where.en}: the share of peers not ahead of it goes from {now} to"
        f" {there}{grades.en}.",
    )


def _of_others(scheme: Scheme, table: pd.DataFrame, count: int) -> Finding:
    done = _counted(table)
    if not len(done) or not scheme.grades:
        return THIRD.untold(
            "没有等次，或没有考核内容相近的其他类别。",
            "There are no grades, or no other category with like indicators.",
        )
    mean, most = float(done["others_regraded"].mean()), done["others_regraded"].max()
    moved, turned = (done["others_points"] > 1e-9).mean(), (done["reversals"] > 0).mean()
    return THIRD.says(
        lit(mean / max(count - 1, 1), *OTHERS),
        mean,
        f"移动一个单位，平均有 {mean:.1f} 个其他单位的等次随之改变，最多 {most:.0f} 个；"
        f"{moved:.0%} 的移动会改变别人的得分，{turned:.0%} 会颠倒别人之间的先后。",
        f"Moving one unit changes the grade of {mean:.1f} others on average, of {most:.0f} at most;"
        f" {moved:.0%} of the moves change others' scores, {turned:.0%} turn others' order round.",
    )


def _of_boundary(near: pd.DataFrame, asked: bool, band: float) -> Finding:
    jumps = near["jump"].dropna()
    if not asked and not len(jumps):
        return LINE.untold(
            "没有给出分类依据的数据和界线（size、cutoffs），无法判断谁靠近界线。",
            "Without the covariate that makes the categories, and its lines (size, cutoffs),"
            " it cannot be told who is near one.",
        )
    if not len(jumps):
        zh, en = f"没有单位在界线上下 {band:.0%} 以内。", f"No unit is within {band:.0%} of a line."
        return LINE.untold(zh, en)
    sides = near["side"][near["jump"].notna()]
    value = float(jumps.abs().mean())
    said = [
        (Words(zh, en), int((sides == side).sum()), 100 * float(jumps[sides == side].mean()) + 0.0)
        for side, zh, en in (("below", "线下", "below"), ("above", "线上", "above"))
        if (sides == side).any()
    ]
    return LINE.says(
        lit(value, *CLIFF),
        value,
        f"离界线 {band:.0%} 以内的单位若划到线的另一边，不落后于它的同类比例平均变动 {100 * value:.0f} 个百分点："
        + "；".join(f"{side.zh} {n} 个（次）平均 {mean:+.0f}" for side, n, mean in said)
        + "。",
        f"Put across a line that is within {band:.0%}, units see the share of peers not ahead of them"
        f" change by {100 * value:.0f} percentage points on average: "
        + "; ".join(f"those {side.en} ({n}) by {mean:+.0f}" for side, n, mean in said)
        + ".",
    )
