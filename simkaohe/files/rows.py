"""Rows of sheets (行): what the plain values of a scheme are in each column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simkaohe.files import sheets as layout
from simkaohe.files.sheets import Category, Column
from simkaohe.scheme.tree import Scheme

Values = dict[Column, Any]
"""A row: what stands in each column, as the scheme's plain values."""

NOTHING = object()


def value_at(plain: Any, steps: Sequence[str]) -> Any:
    """Return what a plain scheme says at a path, or NOTHING."""
    for step in steps:
        if not isinstance(plain, Mapping) or step not in plain:
            return NOTHING
        plain = plain[step]
    return plain


def categories_of(scheme: Scheme) -> tuple[Category, ...]:
    """Return the categories with their names."""
    return tuple(
        Category(id, tuple(name for name in (c.name, c.name_en) if name))
        for id, c in scheme.categories.items()
    )


def entry_rows(
    model: Any, entries: Mapping[str, Any], categories: tuple[Category, ...] = ()
) -> tuple[list[Column], list[Values]]:
    """Return the columns and rows of a mapping of the scheme."""
    columns = layout.entry_columns(model, categories)
    family = layout.is_family(model)
    own = {column.field for column in columns}
    rows = []
    for id, entry in entries.items():
        plain = {"id": id, **entry}
        if family:
            method = {name: value for name, value in entry.items() if name not in own - {"method"}}
            plain["method"] = method
        rows.append(row_of(columns, plain))
    return columns, rows


def row_of(
    columns: list[Column],
    plain: Mapping[str, Any],
    blank: Any = None,
) -> Values:
    """Return what goes into each column; what is not said leaves its cell empty."""
    row: Values = {}
    for column in columns:
        value = plain.get(column.field, NOTHING)
        if column.role == "method" and isinstance(value, Mapping):
            value = value["method"]
        elif column.role == "parameters" and isinstance(value, Mapping):
            value = {name: each for name, each in value.items() if name != "method"} or NOTHING
        elif column.role == "entry" and isinstance(value, Mapping):
            value = value.get(column.entry, NOTHING)
        elif column.role == "shown":
            value = value or NOTHING
        if value is NOTHING or (blank is not None and value == blank):
            continue
        row[column] = value
    return row
