"""The scheme in a workbook (读方案): tree, categories, units, grades, adjustments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simkaohe.errors import unknown
from simkaohe.files import sheets as layout
from simkaohe.files import weighing
from simkaohe.files.cells import place
from simkaohe.files.numerals import Misfit, key
from simkaohe.files.reading import Reader, Row, Table, loosely, put_path
from simkaohe.files.sheets import Category, Column
from simkaohe.files.values import TEXT, Kind, decode, expected
from simkaohe.labels import Words

NODE = Words("指标或分组", "indicator or group")
CATEGORY = Words("类别", "category")
ADD_CATEGORY = Words(
    "请在“类别”表的“名称”列里列出每个类别",
    "List every category in the column “Name” of the sheet “Categories”",
)
TOTAL = "total"
"""The id of a total that no row states."""


class SchemeReader(Reader):
    """Reads the sheets that the scheme stands on."""

    def _mappings(self) -> None:
        models = layout.mappings()
        for name in sorted(models, key=lambda n: n != "categories"):
            for sheet in layout.sheets_of(name):
                implied = layout.implied_method(sheet)
                columns = layout.entry_columns(models[name], self.categories, implied)
                table = self.table(sheet, columns, ("id",))
                if table is not None:
                    self.places.setdefault(name, self.where(table.sheet.name))
                    for row in table:
                        self._entry(table, row, name, columns)
            if name == "categories":
                found = self.values.get(name, {})
                self.categories = tuple(
                    Category(id, tuple(str(n) for n in (c.get("name"), c.get("name_en")) if n))
                    for id, c in found.items()
                )

    def _entry(self, table: Table, row: Row, field: str, columns: list[Column]) -> None:
        entries = self.values.setdefault(field, {})
        name = self.name_in(table, row, columns[0], set(entries))
        if name is None:
            return
        prefix = f"{field}.{name}"
        self.places[prefix] = self.where(table.sheet.name, table.at(row.number, columns[0]))
        entry = self.record(table, row, prefix, ("id",))
        if "method" in entry and isinstance(entry["method"], dict):
            entry |= entry.pop("method")
        method = next((c for c in columns if c.role == "method"), None)
        if method is not None and not isinstance(entry.get("method"), str):
            if not method.method:
                at = table.at(row.number, method if method in table.columns else columns[0])
                where = self.where(table.sheet.name, at)
                if where not in self.wrong:
                    nothing = Words("没有填写方法", "no method")
                    self.report(table.sheet.name, at, nothing, expected(method.kind))
                return
            entry["method"] = method.method
        entries[name] = entry

    def _units(self) -> None:
        columns = layout.unit_columns(self.categories)
        table = self.table("units", columns, ("unit",))
        if table is None:
            return
        members: dict[str, str] = {}
        unranked: list[str] = []
        self.places["units"] = self.where(table.sheet.name)
        for row in table:
            name = self.name_in(table, row, columns[0], set(self.units.values()))
            if name is None:
                continue
            self.units[name] = name
            for field, column in zip(("units", "unranked"), columns[1:], strict=False):
                if column not in table.columns:
                    continue
                where = self.where(table.sheet.name, table.at(row.number, column))
                path = f"units.{name}" if field == "units" else f"unranked.{len(unranked)}"
                self.places.setdefault(path, where)
                if column not in row:
                    continue
                try:
                    value = decode(row[column], column.kind if field == "unranked" else TEXT)
                except Misfit as misfit:
                    self.misfit(table, row.number, column, misfit, path)
                    continue
                if field == "unranked":
                    unranked += [name] if value is False else []
                elif value is not None:
                    members[name] = self._category(value, where, path)
        if members:
            self.values["units"] = members
        if unranked:
            self.values["unranked"] = unranked

    def _category(self, stated: str, where: str, path: str) -> str:
        """Return the id of a unit's category."""
        found = layout.find_category(stated, self.categories)
        if found is None:
            known = [layout.category_label(c, self.categories) for c in self.categories]
            self.wrong.add(where)
            problem = unknown(f"{where} ({path})", stated, known, CATEGORY)
            if not known:
                problem = problem._replace(remedy=ADD_CATEGORY)
            self.problems.append(problem)
        return found or stated

    def _scheme(self) -> None:
        columns = layout.scheme_columns()
        table = self.table("scheme", columns, ("path", "value"))
        if table is None:
            return
        known = {entry.path: entry for entry in layout.entries()}
        names = {key(text): e for e in known.values() for text in (e.path, *e.words)}
        wholes = {path.rpartition(".")[0] for path in known} - {""}
        seen: set[str] = set()
        for row in table:
            path = self.name_in(table, row, columns[0], seen)
            if path is None:
                continue
            entry = names.get(key(path))
            path = entry.path if entry else path
            if path in seen:
                self.twice(table.sheet, row.number, table.columns[columns[0]], path)
                continue
            seen.add(path)
            if entry is None and path not in wholes:
                at = self.where(table.sheet.name, table.at(row.number, columns[0]))
                labels = {p: str(e.words) for p, e in known.items()}
                self.note(unknown(at, path, labels, Words("项目", "item")))
                continue
            self.places[path] = self.where(table.sheet.name, table.at(row.number, columns[2]))
            if columns[2] not in row:
                continue
            kind = entry.kind if entry else Kind(frozenset(("mapping",)))
            try:
                value = decode(row[columns[2]], kind)
                if path == "unranked" and path in self.values:
                    remedy = Words("只写在“单位”工作表里", "Say it on the sheet of units only")
                    raise Misfit(Words("写了两处", "this is said twice"), "", remedy)
            except Misfit as misfit:
                self.misfit(table, row.number, columns[2], misfit, path)
            else:
                put_path(self.values, path.split("."), value)

    def _bands(self) -> None:
        columns = layout.band_columns(self.categories)
        table = self.table("grades", columns, ("name",))
        if table is None:
            return
        bands = []
        for row in table:
            prefix = f"grades.bands.{len(bands)}"
            self.places[prefix] = self.where(table.sheet.name, table.at(row.number, columns[0]))
            bands.append(self.record(table, row, prefix))
        self.places["grades.bands"] = self.where(table.sheet.name)
        if bands:
            put_path(self.values, ["grades", "bands"], bands)

    def _tree(self) -> None:
        columns = layout.indicator_columns(self.categories)
        table = self.table("indicators", columns, ("id",))
        if table is None:
            return
        by_field = {column.field: column for column in columns}
        parents: dict[str, tuple[str | None, int]] = {}
        rows: dict[str, Row] = {}
        for row in table:
            name = self.name_in(table, row, by_field["id"], set(self.nodes))
            if name is None:
                continue
            rows[name] = row
            self.places[name] = self.where(table.sheet.name, table.at(row.number, by_field["id"]))
            values = self.record(table, row, name, ("parent",))
            self.nodes[name] = values | {"id": name}
            parent = row.get(by_field["parent"])
            try:
                parents[name] = None if parent is None else decode(parent, TEXT), row.number
            except Misfit as misfit:
                self.misfit(table, row.number, by_field["parent"], misfit)
        self._join(
            table, by_field["parent"] if by_field["parent"] in table.columns else None, parents
        )
        families = [
            [rows[child["id"]] for child in node.get("children", ())]
            for node in self.nodes.values()
        ]
        for problem in weighing.problems(table, families, columns, self.categories):
            self.note(problem._replace(where=self.where(table.sheet.name, problem.where)))

    def _join(
        self, table: Table, column: Column | None, parents: dict[str, tuple[str | None, int]]
    ) -> None:
        """Make a tree of the rows."""
        sheet = table.sheet.name
        self._put_below_total(parents)
        labels = {n: str(v.get("name") or v.get("name_en") or n) for n, v in self.nodes.items()}
        roots = []
        for name, (stated, row) in parents.items():
            at = table.at(row, column) if column else place(row, 1)
            parent = None if stated is None else resolve(stated, self.nodes)
            if stated is None:
                roots.append(name)
                if len(roots) > 1:
                    self.report(
                        sheet,
                        at,
                        Words(
                            f"没有填写上级，而“{labels[roots[0]]}”已经是总分",
                            f"no parent, but {roots[0]!r} is already the total",
                        ),
                        remedy=Words(
                            "请填写上级的编号，或另加一行总分",
                            "Fill in the parent's id, or add a row for the total",
                        ),
                    )
            elif parent is None:
                self.note(unknown(self.where(sheet, at), stated, labels, NODE))
            elif "rule" in self.nodes[parent]:
                self.report(
                    sheet,
                    at,
                    Words(
                        f"“{stated}”是指标（它有计分方法），不能作上级",
                        f"{stated!r} is an indicator (it has a scoring rule) and no parent",
                    ),
                    Words("总分或分组的编号", "the id of the total or of a group"),
                )
            else:
                self.nodes[parent].setdefault("children", []).append(self.nodes[name])
                parents[name] = parent, row
        if not self.nodes:
            self.report(sheet, "", Words("没有任何指标", "there is no indicator in it"))
        elif not roots and not self.problems:
            row = min(row for _, row in parents.values())
            self.report(
                sheet,
                table.at(row, column) if column else place(row, 1),
                Words("没有总分：每一行都有上级", "no row without a parent"),
                remedy=Words("请让总分一行的上级留空", "Leave the parent of the total empty"),
            )
        self._cycles(table, column, parents)
        for values in self.nodes.values():
            if "combine" in values:
                values.setdefault("children", [])
        before = dict(self.values.get("limits") or {})
        renamed(self.values, self.nodes)
        for old, new in zip(before, self.values.get("limits") or {}, strict=False):
            for path in [p for p in self.places if f"{p}.".startswith(f"limits.{old}.")]:
                self.places.setdefault(path.replace(old, new, 1), self.places[path])
        if len(roots) == 1 or (roots and "rule" not in self.nodes[roots[0]]):
            self.values["root"] = self.nodes[roots[0]]
            self.places.setdefault("root", self.where(sheet))

    def _put_below_total(self, parents: dict[str, tuple[str | None, int]]) -> None:
        """Make a tree of a plain list, in which no row states a parent: all are the total's."""
        if any(stated is not None for stated, _ in parents.values()):
            return
        groups = [name for name in parents if "rule" not in self.nodes[name]]
        if parents and not groups and TOTAL not in self.nodes:
            groups = [TOTAL]
            self.nodes[TOTAL] = {"id": TOTAL, "name": "总分", "name_en": "Total"}
            parents[TOTAL] = None, min(row for _, row in parents.values())
        if len(groups) == 1:
            for name, (_, row) in parents.items():
                parents[name] = (None if name == groups[0] else groups[0]), row

    def _cycles(
        self, table: Table, column: Column | None, parents: dict[str, tuple[str | None, int]]
    ) -> None:
        for name, (_, row) in parents.items():
            seen = [name]
            while (above := parents.get(seen[-1], (None, 0))[0]) in parents and above not in seen:
                seen.append(str(above))
            if above == name:
                circle = " → ".join([*seen, name])
                self.report(
                    table.sheet.name,
                    table.at(row, column) if column else place(row, 1),
                    Words(f"上级绕成了圈：{circle}", f"parents in a circle: {circle}"),
                    remedy=Words("请改正上级", "Mend the parent"),
                )


def resolve(stated: str, nodes: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return the id of the node that is meant: by its id, else by a name that is its own."""
    if stated in nodes:
        return stated
    names = {n: n for n in nodes}
    loose = loosely(names).get(key(stated))
    named = [
        n
        for n, v in nodes.items()
        if key(stated) in {key(str(v.get(f) or "")) for f in ("name", "name_en")}
    ]
    return loose or (named[0] if len(named) == 1 else None)


def renamed(values: Any, nodes: Mapping[str, Mapping[str, Any]]) -> None:
    """Put ids where fields of the scheme name a node as people do."""

    def id_of(stated: Any) -> Any:
        if not isinstance(stated, str) or stated in nodes:
            return stated
        return resolve(stated, nodes) or stated

    for entry in (values.get("adjustments") or {}).values():
        if isinstance(entry, dict) and "on" in entry:
            entry["on"] = id_of(entry["on"])
    limits = values.get("limits")
    if isinstance(limits, dict):
        values["limits"] = {id_of(name): entry for name, entry in limits.items()}
    grades = values.get("grades")
    if isinstance(grades, dict) and isinstance(grades.get("tie_break"), list):
        grades["tie_break"] = [id_of(name) for name in grades["tie_break"]]
    for entry in (values.get("attribution") or {}).values():
        if isinstance(entry, dict) and isinstance(entry.get("indicators"), list):
            entry["indicators"] = [id_of(name) for name in entry["indicators"]]
    for node in nodes.values():
        combine = node.get("combine")
        for field in ("base", "added"):
            if isinstance(combine, dict) and isinstance(combine.get(field), list):
                combine[field] = [id_of(name) for name in combine[field]]
