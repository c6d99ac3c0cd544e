"""From what scheme and data say of each other to cells (定位): where a problem is to be mended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from simkaohe.errors import Problem
from simkaohe.files.cells import Sheet, place
from simkaohe.files.sheets import titles
from simkaohe.labels import Words
from simkaohe.panel import RECORDS, WIDE


class Grid(NamedTuple):
    """Where the numbers of a data sheet stand."""

    sheet: Sheet
    top: int
    at_unit: int
    rows: Mapping[str, int]
    columns: Mapping[str, int]

    def cell(self, unit: str | None, column: str | None) -> str:
        """Return the address of a number, else of its unit or its heading, else nothing."""
        row, at = self.rows.get(unit or ""), self.columns.get(column or "")
        if row is None:
            return "" if at is None else place(self.top, at)
        return place(row, self.at_unit if at is None else at)


class Locator:
    """Knows the cell of everything that the engine complains about.

    Parameters
    ----------
    grids : mapping of table to Grid
    frames : mapping of table to DataFrame
        The lists of records as they were read.
    places : mapping of edit path (or ``table › row › column``) to file › sheet › cell
    columns : mapping of indicator to its column in the data
    file : str
    """

    def __init__(
        self,
        file: str,
        grids: Mapping[str, Grid],
        frames: Mapping[str, pd.DataFrame],
        places: Mapping[str, str],
        columns: Mapping[str, str],
    ) -> None:
        self.file, self.grids, self.frames = file, grids, frames
        self.places, self.columns = places, columns

    def located(self, problem: Problem) -> Problem | None:
        """Return the problem with its cell; None when its place is an edit path."""
        parts = problem.where.split(" › ")
        where = self._records(problem, parts) or self._grid(parts)
        return problem._replace(where=where) if where else None

    def _records(self, problem: Problem, parts: Sequence[str]) -> str:
        table = parts[0]
        if table not in RECORDS or table not in self.frames:
            return ""
        frame = self.frames[table]
        if len(parts) > 1 and parts[1].isdecimal() and int(parts[1]) <= len(frame):
            field = parts[2] if len(parts) > 2 and parts[2] in frame else "event"
            return self.places.get(f"{table} › {parts[1]} › {field}", "")
        about, says = RECORDS[table][1], {"events": "kind", "ratings": "score"}.get(table, "answer")
        found = [
            (number, row)
            for number, row in enumerate(frame.to_dict("records"), 1)
            if [str(row.get("unit")), str(row.get(about))] == list(parts[1:3])
        ]
        said = [n for n, row in found if row.get(says) and f"“{row[says]}”" in self._text(problem)]
        for number in said or [number for number, _ in found]:
            for field in (says, about):
                if where := self.places.get(f"{table} › {number} › {field}"):
                    return where
        return ""

    @staticmethod
    def _text(problem: Problem) -> str:
        return problem.found.zh if isinstance(problem.found, Words) else str(problem.found)

    def _grid(self, parts: Sequence[str]) -> str:
        first, rest = parts[0], parts[1:]
        if first in self.grids and rest:
            grid = self.grids[first]
            at = grid.cell(rest[0], rest[1] if len(rest) > 1 else None)
            return self._in(grid, at)
        actual = self.grids.get("actual")
        if first in self.columns and rest:
            if rest[0] in self.grids:
                return self._in(self.grids[rest[0]], "")
            if rest[0] in WIDE:
                return " › ".join((self.file, str(titles()[rest[0]])))
            if actual is not None and self.columns[first] in actual.columns:
                return self._in(actual, actual.cell(rest[0], self.columns[first]))
            return self.places.get(f"{first}.missing") or self.places.get(first, "")
        if rest and first in self.places:
            return self.places[first]
        unit = first.removeprefix("units.")
        if actual is not None and unit in actual.rows and not rest:
            return self.places.get(f"units.{unit}") or self._in(actual, actual.cell(unit, None))
        return ""

    def _in(self, grid: Grid, at: str) -> str:
        return " › ".join(part for part in (self.file, grid.sheet.name, at) if part)


def lacking(problems: Sequence[Problem]) -> Iterator[str]:
    """Yield the units that the scheme has and the data have not."""
    for problem in problems:
        first, _, unit = problem.where.partition(" › ")
        if first == "actual" and unit and "数据里没有" in Locator._text(problem):
            yield unit
