"""Category boundaries (类别边界): what a unit would be in another category."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from simkaohe.engine import Engine, compiled
from simkaohe.errors import SimkaoheError, unknown
from simkaohe.fairness.crossing import Row, columns_of, moved, near_lines, sizes_of
from simkaohe.fairness.finding import Finding
from simkaohe.fairness.likeness import SHARED
from simkaohe.fairness.wording import category_words, filled, grade_words, lit
from simkaohe.labels import Words
from simkaohe.panel import UNIT, Panel
from simkaohe.scheme.tree import Scheme

DECIDED: tuple[float, float] = (0.2, 0.5)
"""Share of units whose grade hangs on their category: one in five; more often than not."""
OTHERS: tuple[float, float] = (0.02, 0.1)
"""Share of the others that a single move regrades: 2 of 100 follow from seats alone; one in ten."""
CLIFF: tuple[float, float] = (0.1, 0.25)
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
    scheme : Scheme
    panel : Panel
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
    sizes = sizes_of(engine, size, cutoffs, band)
    now = engine.run(uses=True)
    chosen = _chosen(engine, units)
    open_ = [c for c in engine.categories if c and scheme.categories[c].ranked]
    weighed = engine.weights.counting({})
    counts = np.array([weighed[leaf.id] for leaf in scheme.indicators])
    rows = [
        moved(engine, now, counts, unit, category)
        for unit in chosen
        for category in open_
        if category != engine.categories[engine.category[engine.units.index(unit)]]
    ]
    names = ["unit", "to"]
    table = pd.DataFrame(rows, columns=[*names, *columns_of(scheme)]).set_index(names)
    by_unit = _by_unit(rows, scheme.grades is not None)
    near = near_lines(engine, rows, sizes, cutoffs or (), band)
    decided = float(by_unit["regraded"].mean()) if len(by_unit) else np.nan
    findings = (
        _of_decided(scheme, by_unit, table, decided),
        _of_others(scheme, table, len(engine.units)),
        _of_boundary(near, sizes is not None, band),
    )
    return Cliffs(scheme, table, by_unit, near, SHARED, decided, findings)


def _chosen(engine: Engine, units: Iterable[str] | None) -> list[str]:
    if units is None:
        return [u for u, ranked in zip(engine.units, engine.people.ranked, strict=True) if ranked]
    chosen = [units] if isinstance(units, str) else list(dict.fromkeys(units))
    if wrong := [unit for unit in chosen if unit not in engine.units]:
        raise SimkaoheError(*(unknown("cliffs", unit, engine.units, UNIT) for unit in wrong))
    return [u for u in chosen if engine.people.ranked[engine.units.index(u)]]


# -- by unit ---------------------------------------------------------------------------------------


def _by_unit(rows: list[Row], graded: bool) -> pd.DataFrame:
    moves: dict[str, list[Row]] = {}
    for row in filter(_means_something, rows):
        moves.setdefault(row["unit"], []).append(row)
    found = {unit: _summed(mine, graded) for unit, mine in moves.items()}
    columns = ["category", "grade", "regraded", "best", "gain", "loss", "bands"]
    table = pd.DataFrame.from_dict(found, orient="index", columns=columns).rename_axis("unit")
    swing = table["gain"].to_numpy(float) - table["loss"].to_numpy(float)
    return table.iloc[np.lexsort((-swing, ~table["regraded"].to_numpy(bool)))]


def _means_something(row: Row) -> bool:
    return not row["note"] and row["shared"] >= SHARED


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


def _of_decided(
    scheme: Scheme, units: pd.DataFrame, table: pd.DataFrame, decided: float
) -> Finding:
    caution = Words(
        "每次只移动一个单位，其他单位不动。它说明结果依赖分类，不说明现在的分类有错，也不说明哪个单位该换类。",
        "One unit is moved at a time and all others stay. It shows that results depend on the"
        " classification, not that the classification is wrong or that anybody belongs elsewhere.",
    )
    if not len(units):
        sentence = Words(
            "没有考核内容相近的其他类别可换，或缺少换类计算所需的数据。",
            "There is no other category with like indicators, or no data for it.",
        )
    else:
        sentence = filled(
            "{n} 个单位中有 {k} 个（{share:.0%}）换一个类别，{what}就会不同。{example}",
            "{k} of {n} units ({share:.0%}) would have another {what} in another category.{example}",
            n=len(units),
            k=int(units["regraded"].sum()),
            share=decided,
            what=Words("等次", "grade") if scheme.grades else Words("位置", "standing"),
            example=_example(scheme, units, table) if decided > 0 else Words("", ""),
        )
    question = Words("等次是否取决于分在哪一类？", "Does a grade hang on the category?")
    light = lit(decided, DECIDED)
    return Finding("cliffs", "cliffs.decided", question, light, decided, sentence, caution)


def _example(scheme: Scheme, units: pd.DataFrame, table: pd.DataFrame) -> Words:
    first = units.index[0]
    moves = table.loc[[first]]
    moves = moves[(moves["note"] == "") & (moves["shared"] >= SHARED)]
    jumps = moves["jump"].abs().fillna(-1.0).to_numpy(np.float64)
    if jumps.max() < 0:
        return Words("", "")
    farthest = int(jumps.argmax())
    move = moves.iloc[farthest]
    grades = Words("", "")
    if scheme.grades and move["grade"] != move["grade_there"]:
        grades = filled(
            "，等次由“{a}”变为“{b}”",
            " and its grade from {a} to {b}",
            a=grade_words(scheme, move["grade"]),
            b=grade_words(scheme, move["grade_there"]),
        )
    return filled(
        "例如把“{unit}”划入“{to}”，不落后于它的同类比例由 {now:.0%} 变为 {there:.0%}{grades}。",
        " For example, {unit} in {to}: the share of peers not ahead of it goes from {now:.0%} to"
        " {there:.0%}{grades}.",
        unit=first,
        to=category_words(scheme, moves.index[farthest][1]),
        now=move["standing"],
        there=move["standing_there"],
        grades=grades,
    )


def _of_others(scheme: Scheme, table: pd.DataFrame, count: int) -> Finding:
    question = Words(
        "一个单位换类，会不会改变别人的结果？", "Does one unit's move change the others' results?"
    )
    caution = Words(
        "名额固定时，换类必然有人进有人出；它不说明这种影响不当，只说明各单位的结果不是各自独立的。",
        "With fixed seats somebody must come and somebody go; it does not show that this is wrong,"
        " only that results are not each unit's own.",
    )
    done = table[(table["note"] == "") & (table["shared"] >= SHARED)]
    if not len(done) or not scheme.grades:
        sentence = Words(
            "没有等次，或没有考核内容相近的其他类别。",
            "There are no grades, or no other category with like indicators.",
        )
        return Finding("cliffs", "cliffs.others", question, "grey", np.nan, sentence, caution)
    mean = float(done["others_regraded"].mean())
    sentence = filled(
        "移动一个单位，平均有 {mean:.1f} 个其他单位的等次随之改变，最多 {most:.0f} 个；"
        "{moved:.0%} 的移动会改变别人的得分，{turned:.0%} 会颠倒别人之间的先后。",
        "Moving one unit changes the grade of {mean:.1f} others on average, of {most:.0f} at most;"
        " {moved:.0%} of the moves change others' scores, {turned:.0%} turn others' order round.",
        mean=mean,
        most=done["others_regraded"].max(),
        moved=(done["others_points"] > 1e-9).mean(),
        turned=(done["reversals"] > 0).mean(),
    )
    light = lit(mean / max(count - 1, 1), OTHERS)
    return Finding("cliffs", "cliffs.others", question, light, mean, sentence, caution)


def _of_boundary(near: pd.DataFrame, asked: bool, band: float) -> Finding:
    question = Words(
        "刚好在分类界线两边的单位，差别有多大？", "What does it matter to be just over a line?"
    )
    caution = Words(
        "界线总要划在某处；它说明紧邻界线的单位得失多少，不说明界线划错了。",
        "A line must be somewhere; it shows what those next to it win or lose, not that it is"
        " drawn wrongly.",
    )
    jumps = near["jump"].dropna()
    if not len(jumps):
        sentence = (
            filled(
                "没有单位在界线上下 {band:.0%} 以内。",
                "No unit is within {band:.0%} of a line.",
                band=band,
            )
            if asked
            else Words(
                "没有给出分类依据的数据和界线（size、cutoffs），无法判断谁靠近界线。",
                "Without the covariate that makes the categories, and its lines (size, cutoffs),"
                " it cannot be told who is near one.",
            )
        )
        return Finding("cliffs", "cliffs.boundary", question, "grey", np.nan, sentence, caution)
    sides = near["side"][near["jump"].notna()]
    value = float(jumps.abs().mean())
    said = [
        (Words(zh, en), int((sides == side).sum()), 100 * float(jumps[sides == side].mean()) + 0.0)
        for side, zh, en in (("below", "线下", "below"), ("above", "线上", "above"))
        if (sides == side).any()
    ]
    sentence = Words(
        f"离界线 {band:.0%} 以内的单位若划到线的另一边，不落后于它的同类比例平均变动 {100 * value:.0f} 个百分点："
        + "；".join(f"{side.zh} {n} 个（次）平均 {mean:+.0f}" for side, n, mean in said)
        + "。",
        f"Put across a line that is within {band:.0%}, units see the share of peers not ahead of them"
        f" change by {100 * value:.0f} percentage points on average: "
        + "; ".join(f"those {side.en} ({n}) by {mean:+.0f}" for side, n, mean in said)
        + ".",
    )
    light = lit(value, CLIFF)
    return Finding("cliffs", "cliffs.boundary", question, light, value, sentence, caution)
