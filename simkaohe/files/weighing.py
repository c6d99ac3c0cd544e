"""Weights among siblings (权重核对): all with a percent sign or none, all filled in or none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from simkaohe.errors import Problem
from simkaohe.files.cells import Cell, Odd
from simkaohe.files.numerals import DIGITS, INVISIBLE
from simkaohe.files.reading import Row, Table
from simkaohe.files.sheets import Category, Column
from simkaohe.labels import Words


class _Weight(NamedTuple):
    """The cell that says a child's weight in a category; ``cell`` None where it is empty."""

    at: str
    cell: Cell | None


def problems(
    table: Table,
    families: Iterable[list[Row]],
    columns: Iterable[Column],
    categories: tuple[Category, ...],
) -> Iterator[Problem]:
    """Yield a problem for every weight whose siblings' weights give it another meaning.

    Parameters
    ----------
    table : Table
    families : iterable of list of Row
        The rows of the children of each group.
    columns : iterable of Column
        Of the sheet.
    categories : tuple of Category
    """
    common = next((c for c in columns if c.field == "weight"), None)
    own = {c.entry: c for c in columns if c.field == "weights_by_category"}
    stated = [c for c in (common, *own.values()) if c is not None and c in table.columns]
    if not stated:
        return
    said: set[str] = set()
    for rows in families:
        for category in ("", *(c.id for c in categories)):
            choice = [c for c in (own.get(category), common) if c in stated]
            if not choice or (category and choice[0] is common):
                continue
            weights = [_weight(table, row, choice) for row in rows]
            if not category and own and all(_by_category(row, own, categories) for row in rows):
                continue  # nobody reads these
            for problem in (*_mixed(weights), *_blank(weights)):
                if problem.where not in said:
                    said.add(problem.where)
                    yield problem


def _by_category(row: Row, own: Mapping[str, Column], categories: tuple[Category, ...]) -> bool:
    return all(c.id in own and own[c.id] in row for c in categories)


def _weight(table: Table, row: Row, choice: list[Column]) -> _Weight:
    for column in choice:
        if column in row:
            return _Weight(table.at(row.number, column), row[column])
    return _Weight(table.at(row.number, choice[-1]), None)


def _mixed(weights: list[_Weight]) -> Iterator[Problem]:
    percent = [w for w in weights if w.cell is not None and is_percentage(w.cell)]
    plain = [w for w in weights if w not in percent and w.cell not in (None, 0.0, "0")]
    if percent and plain:
        here, there = (
            (percent[0], plain[0]) if len(percent) <= len(plain) else (plain[0], percent[0])
        )
        odd = here is percent[0]
        shown = here.cell.text if isinstance(here.cell, Odd) else here.cell
        shown = f"{shown:g}" if isinstance(shown, float) else shown
        yield Problem(
            here.at,
            Words(
                f"“{shown}”{'带' if odd else '不带'}百分号，而同级的 {there.at} {'不带' if odd else '带'}",
                f"{shown} {'with' if odd else 'without'} a percent sign, while its sibling in "
                f"{there.at} is {'without' if odd else 'with'} one",
            ),
            Words("同级的权重写法一致", "siblings' weights all written alike"),
            Words(
                "请全部带百分号，或全部不带（并把单元格格式改为“常规”）",
                "Write all of them with a percent sign or all without (and set the format to General)",
            ),
        )


def _blank(weights: list[_Weight]) -> Iterator[Problem]:
    if any(w.cell is not None for w in weights):
        for weight in weights:
            if weight.cell is None:
                yield Problem(
                    weight.at,
                    Words("权重是空的，而同级有权重", "the weight is empty, its siblings have one"),
                    remedy=Words(
                        "请填写；不计这一项时请写 0", "Fill it in; write 0 if it does not count"
                    ),
                )


def is_percentage(cell: Cell) -> bool:
    """Whether a cell is a number with a percent sign."""
    if isinstance(cell, Odd):
        return cell.kind == "percent"
    if isinstance(cell, float):
        return False
    return cell.translate(INVISIBLE).translate(DIGITS).strip().endswith("%")
