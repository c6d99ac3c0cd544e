"""What people read (用语): tables and edit paths without ids and codes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from simkaohe.labels import COLUMNS, FACTS, Words, column_label, reader_name
from simkaohe.scheme.edit import steps_of
from simkaohe.scheme.method import Model

if TYPE_CHECKING:
    import pandas as pd

    from simkaohe.scheme.tree import Scheme

CHANGES = {"enters": Words("进入", "enters"), "leaves": Words("退出", "leaves")}
"""What the changes of :meth:`Comparison.top` are called in print."""
ANSWERS = {True: Words("是", "yes"), False: Words("否", "no")}
EFFECTS: dict[Any, Words] = {
    **ANSWERS,
    "ranks": Words("名次", "ranks"),
    "totals": Words("总分", "totals"),
    "none": Words("不影响", "none"),
}
"""What changing one entry alone reaches, in print."""
CATEGORIES = ("category", "group", "other", "to", "across", "best")
NODES = ("indicator", "node", "weakest")
NAMED = ("indicator", "indicators", "node", "group", "veto", "path", "index")
"""Columns of ids for which ``name`` stands in print."""
BESIDE = {
    "shared": {"lost": "dropped", "new": "added"},
    "gini": {"total": "sum"},
    "half": {"top": "front"},
    "bottom": {"top": "top_third"},
    "worst": {"best": "best_indicator"},
    "same_rank": {"same_grade": "keeps"},
    "effect": {"factor": "path"},
    "after": {"change": "difference", "lost": "losses"},
}
"""Columns that mean something else beside another one."""


def in_words(frame: pd.DataFrame, scheme: Scheme | None = None) -> pd.DataFrame:
    """Return a table as people read it: headings and names in their language, no empty columns.

    Parameters
    ----------
    frame : DataFrame
        A table of results, as :attr:`Result.ranking`, :meth:`Comparison.table` or ``Money.changes``.
    scheme : Scheme, optional
        Names its nodes, categories, grades and uses.
    """
    if "name" in frame and frame.index.name in NAMED:
        frame = frame.set_index("name")
    if len(frame):
        frame = frame.loc[:, (frame.notna() & (frame != "")).any()]
    codes = _codes(scheme)
    for column in frame.select_dtypes(exclude="number"):
        answers = ANSWERS if frame[column].dtype == bool else None
        known = codes.get(str(column).removesuffix("_before").removesuffix("_there"), answers)
        if known is not None:
            cells = frame[column].astype(object).where(frame[column].notna(), "")
            frame = frame.assign(**{str(column): [str(known.get(cell, cell)) for cell in cells]})
    for name in codes.keys() & {*frame.index.names}:
        frame = frame.rename(
            index={key: str(each) for key, each in codes[name].items()}, level=name
        )
    if scheme is not None and frame.index.name == "factor":
        frame = frame.rename(index=partial(_heading, scheme))
    for name in codes.keys() & {*frame.columns.names}:
        frame = frame.rename(
            columns={key: str(each) for key, each in codes[name].items()}, level=name
        )
    if scheme is not None and not scheme.categories:
        frame = frame[[name for name in frame if not str(name).startswith("category")]]
    meant = {old: new for beside, names in BESIDE.items() if beside in frame
             for old, new in names.items()}  # fmt: skip
    if scheme is not None and "name" not in frame:
        meant |= {"node": "name", "indicator": "name"}
    columns = [str(column) for column in frame]
    own = {"category", *scheme.nodes, *scheme.uses} if scheme else {*()}
    ids = own.issuperset(each.partition(".")[0] for each in columns)

    def heading(name: Any) -> Any:
        return _heading(scheme, meant.get(name, name), ids)

    def headings(axis: pd.Index[Any]) -> Any:
        return [name and heading(name) for name in axis.names]

    frame = frame.rename_axis(index=headings(frame.index), columns=headings(frame.columns))
    return frame.rename(columns=heading)


def _codes(scheme: Scheme | None) -> dict[Any, Mapping[Any, Any]]:
    """Return by column what its codes are called."""
    plain: dict[Any, Mapping[Any, Any]] = {
        "change": CHANGES,
        "effect": EFFECTS,
        "covariate": FACTS,
        "strongest": FACTS,
    }
    if scheme is None:
        return plain
    bands = scheme.grades.bands if scheme.grades else ()
    uses = scheme.uses.items()
    categories = {name: scheme.category_label(name) for name in scheme.categories}
    nodes = {name: node.label for name, node in scheme.nodes.items()}
    return {
        **plain,
        "grade": {band.name: band.label for band in bands},
        "use": {name: reader_name(use.name, use.name_en, name) for name, use in uses},
        **dict.fromkeys(CATEGORIES, categories),
        **dict.fromkeys(NODES, nodes),
    }


SUFFIXES = {
    "_before": Words("{}（基准）", "{} (base)"),
    "_there": Words("{}（换类后）", "{} there"),
}


def _heading(scheme: Scheme | None, column: Any, ids: bool = False) -> str:
    """Return the heading that people read; ``ids`` says that nodes and uses go before other columns."""
    if column is None or column != column:
        return str(Words("无等次", "No grade"))
    name = str(column)
    for suffix, beside in SUFFIXES.items():
        if name.endswith(suffix):
            return str(beside.format(_heading(scheme, name.removesuffix(suffix), ids)))
    if scheme is None or (name in COLUMNS and not ids):
        return column_label(name)
    use = scheme.uses.get(name.removeprefix("uses."))
    if use and name not in scheme.nodes:
        return reader_name(use.name, use.name_en, name)
    paths, several, number = name.partition(" × ")  # edits taken together
    paths, others, _ = paths.partition(" …")
    first, dot, field = paths.partition(".")
    if first == "*":
        return f"{column_label(field)}{several}{number}"
    if first in scheme.nodes or (dot and first in type(scheme).model_fields):
        words = " + ".join(path_label(scheme, path) for path in paths.split(" + "))
        return f"{words}{others}{several}{number}"
    return column_label(name)


def path_label(scheme: Scheme, path: str) -> str:
    """Return an edit path as words: 协调发展 · 分类权重 · 工业强县类."""
    first, *rest = steps_of(path)
    found: Any = scheme.nodes.get(first, scheme)
    parts = [scheme.nodes[first].label] if first in scheme.nodes else []
    for step in rest if parts else (first, *rest):
        if isinstance(found, Model):
            parts.append(type(found).field_labels().get(step, step))
            found = getattr(found, step, None)
        elif isinstance(found, tuple | list):
            place = int(step) if step.isdecimal() else len(found)
            found = found[place] if place < len(found) else None
            parts.append(_named(found, str(place + 1)))
        else:
            inside = found.get(step) if isinstance(found, Mapping) else None
            parts.append(_named(inside, step_label(scheme, step)))
            found = inside
    return " · ".join(parts)


def without_ids(scheme: Scheme, sentence: str) -> str:
    """Return an error's sentence with names for the node that it begins with and for edit paths."""

    def named(path: re.Match[str]) -> str:
        there = path[0].partition(".")[0] in scheme.nodes
        return path_label(scheme, path[0]) if there else path[0]

    return re.sub(r"^[\w.]+(?= ›|:|：)|[A-Za-z]\w*(\.\w+)+", named, sentence, flags=re.ASCII)


PERIODS = {
    **{f"q{k}": Words(f"{zh}季度", f"quarter {k}") for k, zh in enumerate("一二三四", 1)},
    "half_year": Words("半年", "half-year"),
}
"""What usual ids of periods are called."""


def step_label(scheme: Scheme, step: str) -> str:
    """Return what a name inside a path is called: a node, a grade, a category or a period."""
    if step in scheme.nodes:
        return scheme.nodes[step].label
    bands = {band.name: band.label for band in scheme.grades.bands} if scheme.grades else {}
    return bands.get(step) or str(PERIODS.get(step, scheme.category_label(step)))


def _named(part: Any, default: str) -> str:
    return reader_name(getattr(part, "name", None), getattr(part, "name_en", None), default)
