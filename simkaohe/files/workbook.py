"""Workbooks (工作簿): a whole case in one Excel file that a head of section can fill in.

:func:`read_workbook` understands what people write and refuses what nobody can understand, with
sheet and cell; :func:`write_workbook` writes a case so that reading gives it back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.files import sheets as layout
from simkaohe.files.archive import read_cells
from simkaohe.files.cells import Progress
from simkaohe.files.locating import Locator, lacking
from simkaohe.files.numerals import Misfit
from simkaohe.files.reading_data import DataReader
from simkaohe.files.reading_scheme import resolve
from simkaohe.files.structure import inner
from simkaohe.files.values import ANY, TEXT, Kind, decode, expected, kind_of
from simkaohe.files.words import choice, method_words
from simkaohe.files.workbook_write import write_empty, write_workbook
from simkaohe.labels import Words
from simkaohe.panel import WIDE, Panel
from simkaohe.scheme.edit import Scenario
from simkaohe.scheme.method import Method
from simkaohe.scheme.problems import problems_of
from simkaohe.scheme.tree import Group, Indicator, Scheme

__all__ = ["read_workbook", "write_empty", "write_workbook"]


def read_workbook(
    path: str | Path, progress: Progress | None = None, *, check: bool = True
) -> tuple[Scheme, Panel, list[Scenario]]:
    """Read a case from an Excel workbook.

    Parameters
    ----------
    path : str or Path
    progress : function (done, total, label), optional
        Told how far the reading is.
    check : bool
        Whether scheme, data and scenarios must also fit together, so that they can be evaluated.

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
    return _Reading(path.name, read_cells(path, progress)).case(check)


def refuse_nothing(file: str) -> Problem:
    """Return the problem of a workbook that is empty in a way that nobody thought of."""
    return Problem(
        file,
        Words("没有读到方案或数据", "no scheme or no data could be read"),
        remedy=Words("请填写“指标”和“数据”两张表", "Fill in the sheets Indicators and Data"),
    )


class _Reading(DataReader):
    """Reads a whole workbook."""

    def case(self, check: bool) -> tuple[Scheme, Panel, list[Scenario]]:
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
        if check and scheme is not None and panel is not None:
            self._fits_together(scheme, panel, frames)
            self._scenarios_fit(scheme, scenarios)
        if self.problems or scheme is None or panel is None:
            raise SimkaoheError(*self.problems or (refuse_nothing(self.file),))
        return scheme, panel, scenarios

    def _panel(self, frames: dict[str, pd.DataFrame]) -> Panel | None:
        if "actual" not in frames:
            return None
        there = set(frames["actual"].index)
        elsewhere = [
            str(unit)
            for name, frame in frames.items()
            for unit in (frame.index if name in WIDE else frame.get("unit", ()))
        ]
        without = [u for u in dict.fromkeys(elsewhere) if u in self.units and u not in there]
        if without:
            self._without_data(without)
            return None
        try:
            return Panel(**frames)
        except SimkaoheError as error:
            locator = self._locator(frames)
            for problem in error.problems:
                first = problem.where.partition(" › ")[0]
                sheet = self.sheets.get(first)
                found = locator.located(problem)
                where = self.places.get(problem.where) or (found.where if found else "")
                where = where or (self.where(sheet.name) if sheet else self.file)
                self.problems.append(problem._replace(where=where))
            return None

    def _without_data(self, units: list[str]) -> None:
        """Say once which units have no row of data."""
        zh = "、".join(units[:20]) + (f" 等 {len(units)} 个" if len(units) > 20 else "")
        en = ", ".join(map(repr, units[:20])) + (f" and {len(units) - 20} more" * (len(units) > 20))
        self.report(
            self.sheets["actual"].name,
            "",
            Words(f"没有这些单位的行：{zh}", f"there is no row for {en}"),
            remedy=Words(
                "请在这张表里各加一行，或从别的表里删去",
                "Add a row for each, or remove it elsewhere",
            ),
        )

    # -- what scheme and data say of each other --------------------------------------------------

    def _locator(self, frames: dict[str, pd.DataFrame]) -> Locator:
        columns = {str(values["id"]): column for column, values in self._leaves()}
        return Locator(self.file, self.grids, frames, self.places, columns)

    def _fits_together(self, scheme: Scheme, panel: Panel, frames: dict[str, pd.DataFrame]) -> None:
        """Note what keeps scheme and data from being evaluated, with the cell to be mended."""
        from simkaohe.engine import Engine

        try:
            Engine(scheme, panel)
            return
        except SimkaoheError as error:
            problems = error.problems
        locator = self._locator(frames)
        without = list(lacking(problems))
        if without:
            self._without_data(without)
        for problem in problems:
            if problem.where.removeprefix("actual › ") in without:
                continue
            unit = problem.where.removeprefix("units.")
            if unit != problem.where and self.places.get(problem.where):
                problem = problem._replace(
                    found=Words("空的", "nothing"),
                    expected=expected(Kind(TEXT.forms, self._category_words(scheme))),
                    remedy="",
                )
            found = locator.located(problem)
            if found is None:
                where, _ = self._place(problem.where)
                path = f" ({problem.where})" if where != problem.where else ""
                found = problem._replace(where=f"{where}{path}")
            self.problems.append(found)

    def _category_words(self, scheme: Scheme) -> dict[str, Words]:
        return {c: Words(*[scheme.category_label(c)] * 2) for c in scheme.categories}

    def _scenarios_fit(self, scheme: Scheme, scenarios: list[Scenario]) -> None:
        """Note the edits of scenarios that cannot be made."""
        for scenario in scenarios:
            try:
                scheme.edit(scenario)
            except SimkaoheError as error:
                for problem in error.problems:
                    edits = [
                        path
                        for path in scenario.edits
                        if problem.where == path
                        or problem.where.startswith(f"{path}.")
                        or path.startswith(f"{problem.where}.")
                    ]
                    edit = f"\0{scenario.name}\0{edits[0]}" if edits else f"\0{scenario.name}"
                    where = self.places.get(edit, self.places[f"\0{scenario.name}"])
                    self.problems.append(problem._replace(where=f"{where} ({problem.where})"))

    # -- scenarios -------------------------------------------------------------------------------

    def _scenarios(self) -> list[Scenario]:
        columns = layout.scenario_columns()
        table = self.table("scenarios", columns, ("name", "path", "value"))
        if table is None:
            return []
        name, _, _, path, _, value, view = columns
        found: dict[str, dict[str, Any]] = {}
        last = None
        for row in table:
            where = self.where(table.sheet.name, table.at(row.number, name))
            try:
                texts = {c.field: decode(row[c], TEXT) for c in columns[:4] if c in row}
                seen = {"view": decode(row[view], ANY)} if view in row else {}
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
            scenario |= seen
            if "path" not in texts:
                if value in row:
                    self.report(
                        table.sheet.name,
                        table.at(row.number, path),
                        Words("没有写改哪一项", "no path"),
                        remedy=Words("例如 gdp_growth.weight", "For example gdp_growth.weight"),
                    )
                continue
            texts["path"] = self._path_of(texts["path"])
            if texts["path"] in scenario["edits"]:
                self.twice(table.sheet, row.number, table.columns[path], texts["path"])
                continue
            at = self.where(table.sheet.name, table.at(row.number, path))
            self.places[f"\0{last}\0{texts['path']}"] = at
            try:
                if value not in row:
                    raise Misfit(Words("没有填写", "nothing"), Words("改为什么", "a value"))
                scenario["edits"][texts["path"]] = _chosen(texts["path"], decode(row[value], ANY))
            except Misfit as misfit:
                self.misfit(table, row.number, value, misfit, texts["path"])
        return [s for values in found.values() if (s := self._scenario(values)) is not None]

    def _path_of(self, path: str) -> str:
        """Return an edit path whose first part may be a node's name."""
        first, dot, rest = path.partition(".")
        if dot and first not in self.nodes and first not in Scheme.model_fields:
            return f"{resolve(first, self.nodes) or first}.{rest}"
        return path

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


def _chosen(path: str, value: Any) -> Any:
    """Return the choice that a word stands for in an edit of a node, as on the sheets of the nodes."""
    steps = path.split(".")
    name = steps[-2] if steps[-1] == "method" else steps[-1]
    field = {**Group.model_fields, **Indicator.model_fields}.get(name)
    if not isinstance(value, str) or field is None:
        return value
    family = inner(field.annotation)
    if isinstance(family, type) and issubclass(family, Method):
        return choice(value, method_words(family)) or value
    return choice(value, kind_of(name, field.annotation).options) or value
