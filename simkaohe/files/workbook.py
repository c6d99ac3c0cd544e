"""Workbooks (工作簿): a whole case in one Excel file that a head of section can fill in.

:func:`read_workbook` understands what people write and refuses what nobody can understand, with
sheet and cell; :func:`write_workbook` writes a case so that reading gives it back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from simkaohe.errors import SimkaoheError
from simkaohe.files import sheets as layout
from simkaohe.files.archive import read_cells
from simkaohe.files.cells import Progress
from simkaohe.files.numerals import Misfit
from simkaohe.files.reading_data import DataReader
from simkaohe.files.values import ANY, TEXT, decode
from simkaohe.files.workbook_write import write_empty, write_workbook
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.edit import Scenario
from simkaohe.scheme.problems import problems_of
from simkaohe.scheme.tree import Scheme

__all__ = ["read_workbook", "write_empty", "write_workbook"]


def read_workbook(
    path: str | Path, progress: Progress | None = None
) -> tuple[Scheme, Panel, list[Scenario]]:
    """Read a case from an Excel workbook.

    Parameters
    ----------
    path : str or Path
    progress : function (done, total, label), optional
        Told how far the reading is.

    Returns
    -------
    scheme : Scheme
    panel : Panel
    scenarios : list of Scenario

    Raises
    ------
    SimkaoheError
        Everything that is wrong in the workbook, each with file, sheet and cell.
    """
    path = Path(path)
    return _Reading(path.name, read_cells(path, progress)).case()


class _Reading(DataReader):
    """Reads a whole workbook."""

    def case(self) -> tuple[Scheme, Panel, list[Scenario]]:
        """Return the case, or raise everything that is wrong with it."""
        self._mappings()
        self._units()
        self._scheme()
        self._bands()
        self._tree()
        frames = self._frames() | self._records()
        scenarios = self._scenarios()
        scheme = self._validated()
        panel = None if self.problems else self._panel(frames)
        if self.problems or scheme is None or panel is None:
            raise SimkaoheError(*self.problems)
        return scheme, panel, scenarios

    def _panel(self, frames: dict[str, pd.DataFrame]) -> Panel | None:
        if "actual" not in frames:
            return None
        try:
            return Panel(**frames)
        except SimkaoheError as error:
            for problem in error.problems:
                first = problem.where.partition(" › ")[0]
                sheet = self.sheets.get(first)
                where = self.places.get(problem.where) or (
                    self.where(sheet.name) if sheet else self.file
                )
                self.problems.append(problem._replace(where=where))
            return None

    # -- scenarios -------------------------------------------------------------------------------

    def _scenarios(self) -> list[Scenario]:
        columns = layout.scenario_columns()
        table = self.table("scenarios", columns, ("name", "path", "value"))
        if table is None:
            return []
        name, _, _, path, _, value = columns
        found: dict[str, dict[str, Any]] = {}
        last = None
        for row in table:
            where = self.where(table.sheet.name, table.at(row.number, name))
            try:
                texts = {c.field: decode(row[c], TEXT) for c in columns[:4] if c in row}
            except Misfit as misfit:
                self.misfit(table, row.number, name, misfit)
                continue
            last = texts.get("name", last)
            if last is None:
                self.report(
                    table.sheet.name,
                    table.at(row.number, name),
                    Words("没有写情景名称", "no name of a scenario"),
                    remedy=Words("请补上", "Fill it in"),
                )
                continue
            scenario = found.setdefault(last, {"name": last, "edits": {}})
            self.places.setdefault(f"\0{last}", where)
            for field in ("name_en", "note"):
                if field in texts:
                    scenario.setdefault(field, texts[field])
            if "path" not in texts:
                if value in row:
                    self.report(
                        table.sheet.name,
                        table.at(row.number, path),
                        Words("没有写改哪一项", "no path"),
                        remedy=Words("例如 gdp_growth.weight", "For example gdp_growth.weight"),
                    )
                continue
            if texts["path"] in scenario["edits"]:
                self.twice(table.sheet, row.number, table.columns[path], texts["path"])
                continue
            try:
                if value not in row:
                    raise Misfit(Words("没有填写", "nothing"), Words("改为什么", "a value"))
                scenario["edits"][texts["path"]] = decode(row[value], ANY)
            except Misfit as misfit:
                self.misfit(table, row.number, value, misfit, texts["path"])
        return [s for values in found.values() if (s := self._scenario(values)) is not None]

    def _scenario(self, values: dict[str, Any]) -> Scenario | None:
        try:
            return Scenario.model_validate(values)
        except ValidationError as error:
            for problem in problems_of(error, values):
                where = self.places[f"\0{values['name']}"]
                self.problems.append(problem._replace(where=f"{where} ({problem.where})"))
            return None

    # -- the end ---------------------------------------------------------------------------------

    def _validated(self) -> Scheme | None:
        """Return the scheme; what is wrong with it is said with sheet and cell."""
        if "root" not in self.values:
            return None
        try:
            return Scheme.read(self.values)
        except SimkaoheError as error:
            for problem in error.problems:
                where, exact = self._place(problem.where)
                if not (exact and where in self.wrong):
                    path = f" ({problem.where})" if problem.where else ""
                    self.problems.append(problem._replace(where=f"{where}{path}"))
        return None

    def _place(self, path: str) -> tuple[str, bool]:
        """Return the cell of an edit path, and whether it is the very cell."""
        steps = path.split(".")
        for length in range(len(steps), 0, -1):
            stem = ".".join(steps[:length])
            found = self.places.get(stem)
            if length < len(steps) and steps[length] != "method":
                ends = (".parameters", ".method.parameters")
                found = next((p for e in ends if (p := self.places.get(stem + e))), found)
            if found:
                return found, found.count(" › ") > 1
        return self.file, False
