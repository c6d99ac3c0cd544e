"""The data in a workbook (读数据): wide tables of numbers and lists of records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from simkaohe.errors import nearest, unknown
from simkaohe.files import sheets as layout
from simkaohe.files.cells import Cell, Odd, Sheet, place
from simkaohe.files.locating import Grid
from simkaohe.files.numerals import (
    BRIEF,
    Misfit,
    clean,
    key,
    mend,
    odd_remedy,
    odd_words,
    shown,
    to_number,
)
from simkaohe.files.reading import ELSEWHERE, both, heading_of, is_blank, loosely, text_of
from simkaohe.files.reading_scheme import SchemeReader
from simkaohe.files.values import COUNT, decode
from simkaohe.labels import Words
from simkaohe.panel import RECORDS, WIDE

FREE = ("covariates", "periods", "difficulty")
"""Tables whose columns are not indicators."""
INDICATOR = Words("指标", "indicator")
UNIT = Words("单位", "unit")


class DataReader(SchemeReader):
    """Reads the sheets that the panel stands on."""

    def _leaves(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for values in self.nodes.values():
            if "children" not in values:
                yield str(values.get("data") or values["id"]), values

    def _known(self) -> tuple[dict[str, str], set[str]]:
        """Return the indicators' columns by id and by name, and those that are in percent."""
        known: dict[str, str] = {}
        percent: dict[str, list[bool]] = {}
        names: dict[str, set[str]] = {}
        for column, values in self._leaves():
            known[column] = column
            unit = str(values.get("unit") or "")
            percent.setdefault(column, []).append(key(unit) == "%")
            if "data" not in values:
                for name in (values.get("name"), values.get("name_en")):
                    if name:
                        names.setdefault(str(name), set()).add(column)
        known = {n: min(cs) for n, cs in names.items() if len(cs) == 1} | known
        return known, {column for column, all_are in percent.items() if all(all_are)}

    def _ambiguous(self, name: str) -> list[str]:
        """Return the indicators that a name may mean, when there are several."""
        found = dict.fromkeys(
            column
            for column, values in self._leaves()
            if key(name) in {key(str(values.get(f) or "")) for f in ("name", "name_en")}
        )
        return list(found) if len(found) > 1 else []

    def _events(self) -> dict[str, str]:
        """Return adjustments and events by id and by name."""
        named = self.values.get("events") or {}
        found = {name: id for id, name in named.items() if isinstance(name, str)}
        for id, values in self.values.get("adjustments", {}).items():
            for name in (values.get("name"), values.get("name_en")):
                if name:
                    found.setdefault(str(name), id)
        return found | {id: id for id in (*named, *self.values.get("adjustments", {}))}

    def _frames(self) -> dict[str, pd.DataFrame]:
        known, points = self._known()
        frames = {}
        for table in WIDE:
            if table in self.sheets:
                free = table in FREE
                frame = self._frame(table, None if free else known, set() if free else points)
                if frame is not None:
                    frames[table] = frame
                if table == "actual" and not self.units and frame is not None:
                    self.units = {name: name for name in frame.index}
        return frames

    def _frame(
        self, table: str, known: dict[str, str] | None, points: set[str]
    ) -> pd.DataFrame | None:
        sheet = self.sheets[table]
        unit_words = {key(text) for text in layout.UNIT_HEADINGS}
        top = self._top(sheet, unit_words, known)
        if top is None:
            if any(not is_blank(cell) for row in sheet.rows.values() for cell in row.values()):
                self.report(
                    sheet.name,
                    "",
                    Words(f"没有表头“{layout.UNIT.zh}”", f"there is no heading {layout.UNIT.en!r}"),
                    remedy=Words(
                        "请在表头行写上“单位”和各列的编号",
                        "Write “Unit” and the columns' ids into a row of headings",
                    ),
                )
            elif table == "actual":
                self.report(
                    sheet.name,
                    "",
                    Words("这张表是空的", "the sheet is empty"),
                    remedy=Words(
                        "请填写：一行一个单位，一列一个指标，第一行写“单位”和各列的编号",
                        "Fill it in: a unit a row, an indicator a column, with “Unit” and the "
                        "columns' ids in the first row",
                    ),
                )
            return None
        at_unit, columns = self._data_columns(sheet, top, unit_words, known)
        self.check_merged(sheet, top, [at_unit, *columns.values()])
        return self._numbers(table, sheet, top, at_unit, columns, points)

    @staticmethod
    def _top(sheet: Sheet, unit_words: set[str], known: dict[str, str] | None) -> int | None:
        """Return the row of headings: of those with “Unit”, the one with most known headings."""
        names = {key(name) for name in known or ()}
        best, most = None, -1
        for number in sorted(sheet.rows)[:50]:
            here = {heading_of(cell) for cell in sheet.rows[number].values() if not is_blank(cell)}
            if here & unit_words and len(here & names) > most:
                best, most = number, len(here & names)
        return best

    def _data_columns(
        self, sheet: Sheet, top: int, unit_words: set[str], known: dict[str, str] | None
    ) -> tuple[int, dict[str, int]]:
        columns: dict[str, int] = {}
        at_unit = 0
        loose = loosely(known or {})
        for at, cell in self.headings(sheet, top):
            heading = text_of(cell)
            if known is None or heading not in known:
                if key(heading) in unit_words:
                    if at_unit:
                        self.twice(sheet, top, at, layout.UNIT)
                    at_unit = at_unit or at
                    continue
                if not at_unit and key(heading) in layout.SERIAL:
                    continue
            if isinstance(cell, Odd):
                self.report(sheet.name, place(top, at), odd_words(cell), INDICATOR)
                continue
            name = heading if known is None else known.get(heading) or loose.get(key(heading))
            if name is None and (several := self._ambiguous(heading)):
                self.report(
                    sheet.name,
                    place(top, at),
                    Words(
                        f"有歧义：“{heading}”可能是 {'、'.join(several)}",
                        f"ambiguous: {heading!r} may be {' or '.join(several)}",
                    ),
                    remedy=Words("请写编号", "Write the id"),
                )
            elif name is None:
                where = self.where(sheet.name, place(top, at))
                problem = unknown(where, heading, list(known or ()), INDICATOR)
                self.note(problem._replace(remedy=both(problem.remedy, ELSEWHERE)))
            elif name in columns:
                self.twice(sheet, top, at, name)
            else:
                columns[name] = at
        return at_unit, columns

    def _numbers(
        self,
        table: str,
        sheet: Sheet,
        top: int,
        at_unit: int,
        columns: dict[str, int],
        points: set[str],
    ) -> pd.DataFrame | None:
        order = sorted(number for number in sheet.rows if number > top)
        known, loose = dict(self.units), loosely(self.units)
        found: dict[str, list[float]] = {}
        rows: dict[str, int] = {}
        places = list(columns.values())
        percents = ["points" if name in points else "unit" for name in columns]
        whole = (
            set()
            if points.issuperset(columns)
            else self._all_percent(sheet, order, columns, points)
        )
        for number in order:
            cells = sheet.rows[number]
            if all(is_blank(cell) for cell in cells.values()):
                continue
            unit = self._unit(sheet, number, at_unit, cells, known, loose)
            if unit in found:
                self.twice(sheet, number, at_unit, unit)
                unit = None
            values = [cells.get(at) for at in places]
            for index, value in enumerate(values):
                if places[index] in whole:
                    values[index] = np.nan
                elif type(value) is not float:
                    at = place(number, places[index])
                    values[index] = self._number(sheet.name, at, value, percents[index])
            if unit is not None:
                found[unit], rows[unit] = values, number
        self.grids[table] = Grid(sheet, top, at_unit, rows, columns)
        if not found and table == "actual" and not self.problems:
            self.report(sheet.name, "", Words("没有任何单位", "there is no unit in it"))
        block = np.array(list(found.values()), np.float64).reshape(len(found), len(columns))
        return pd.DataFrame(block, index=pd.Index(list(found), name="unit"), columns=list(columns))

    def _all_percent(
        self, sheet: Sheet, order: list[int], columns: dict[str, int], points: set[str]
    ) -> set[int]:
        """Return the columns whose every number is a percentage, each reported once."""
        found = set()
        for name, at in columns.items():
            cells = {n: cell for n in order if not is_blank(cell := sheet.rows[n].get(at))}
            if name in points or len(cells) < 2:
                continue
            if all(isinstance(cell, Odd) and cell.kind == "percent" for cell in cells.values()):
                found.add(at)
                first, last = place(min(cells), at), place(max(cells), at)
                self.report(
                    sheet.name,
                    f"{first}:{last}",
                    Words("整列都是百分数", "percentages all down the column"),
                    Words("不带百分号的数", "numbers without a percent sign"),
                    Words(
                        "如果这个指标的计量单位就是百分之几，请在“指标”表里把它的计量单位填为 %；"
                        "否则请按计量单位改写，并把单元格格式改为“常规”",
                        "If the indicator's unit is percent, write % as its unit on the sheet of "
                        "indicators; else write them in its unit and set the format to General",
                    ),
                )
        return found

    def _unit(
        self,
        sheet: Sheet,
        number: int,
        at: int,
        cells: Mapping[int, Cell],
        known: Mapping[str, str],
        loose: Mapping[str, str],
    ) -> str | None:
        cell = cells.get(at)
        if is_blank(cell) or isinstance(cell, Odd):
            self.report(
                sheet.name,
                place(number, at),
                odd_words(cell) if isinstance(cell, Odd) else Words("没有写单位名称", "no unit"),
                Words("单位名称", "the unit's name"),
                Words("请补上，或清空这一行", "Fill it in, or clear the row"),
            )
            return None
        text = text_of(cell)
        if not known or text in known:
            return text
        if key(text) in loose:
            return loose[key(text)]
        problem = unknown(self.where(sheet.name, place(number, at)), text, list(known), UNIT)
        if not nearest(text, list(known)):
            problem = problem._replace(remedy=both(problem.remedy, ELSEWHERE))
        self.note(problem)
        return None

    def _number(self, sheet: str, at: str, cell: Cell | None, percent: str) -> float:
        """Return a number of the data, NaN where the cell is empty; note what is not understood."""
        if cell is None:
            return np.nan
        try:
            if isinstance(cell, Odd):
                kind = COUNT._replace(percent=percent)
                if cell.kind == "percent":
                    return float(decode(cell, kind))
                self.report(sheet, at, odd_words(cell), BRIEF, odd_remedy(cell))
                return np.nan
            text = clean(str(cell))
            if not text:
                return np.nan
            number = to_number(text, percent)
            if number is not None:
                return number
            self.report(sheet, at, shown(text), BRIEF, mend(text, "unit"))
        except Misfit as misfit:
            self.report(sheet, at, misfit.found, misfit.expected, misfit.remedy)
        return np.nan

    def _records(self) -> dict[str, pd.DataFrame]:
        frames = {}
        known, loose = dict(self.units), loosely(self.units)
        meanings = {"indicator": self._known()[0], "event": self._events()}
        for name in RECORDS:
            columns = layout.record_columns(name)
            table = self.table(name, columns, tuple(RECORDS[name][:2]))
            if table is None:
                continue
            rows: list[dict[str, Any]] = []
            for row in table:
                prefix = f"{name} › {len(rows) + 1}"
                found = self.record(table, row, prefix)
                for column in table.columns:
                    self.places[f"{prefix} › {column.field}"] = self.where(
                        table.sheet.name, table.at(row.number, column)
                    )
                unit = found.get("unit")
                if unit is not None and known and unit not in known:
                    found["unit"] = loose.get(key(unit), unit)
                for column, ids in meanings.items():
                    if found.get(column) in ids:
                        found[column] = ids[found[column]]
                rows.append(found)
            present = [c.field for c in columns if c in table.columns]
            frames[name] = pd.DataFrame(
                {f: pd.Series([row.get(f) for row in rows], dtype=object) for f in present}
            )
        return frames
