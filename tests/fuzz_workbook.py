"""Damaged workbooks: every one is read rightly or refused in words, and none is changed.

python -m tests.fuzz_workbook 20000 [first seed]
"""

from __future__ import annotations

import math
import random
import re
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl import load_workbook

import simkaohe as sk
from simkaohe.files.workbook import read_workbook, write_workbook
from simkaohe.labels import use_language

TABLES = {"数据": "actual", "目标": "target", "背景": "covariates"}
JUNK = (
    "约12", "12万", "—", "/", "无", "N/A", "#DIV/0!", "12.5.1", "1,23", "３５％", "35%", "１２．５", "－3",
    "1,234.5", " 7 ", "'8", "0x10", "1e400", "nan", "inf", "=A1", "=1/0", "总分", "东县", "是", "{", "[1,2",
    "a=b; a=c", "total", "gdp", "\u200b", "㎡", "½", "²", "1 234", "１，２３４", "null", "", "x" * 400,
)  # fmt: skip
VALUES = (
    *JUNK, *JUNK, None, None, True, False, datetime(2024, 5, 1), 0, -1, 1e300, 1e-300, 12, 3.7, "#N/A",
)  # fmt: skip
CATEGORIES = {"urban": {"name": "城区类"}, "rural": {"name": "乡村类"}}


def small_case() -> tuple[sk.Scheme, sk.Panel, list[sk.Scenario]]:
    scheme = sk.Scheme.read(
        {
            "name": "小案例",
            "categories": CATEGORIES,
            "units": {"东县": "urban", "西县": "rural", "南 县": "rural", "001": "urban"},
            "grades": {"bands": [{"name": "优", "share": 0.3}, {"name": "差"}]},
            "root": {
                "id": "total",
                "children": [
                    {"id": "gdp", "name": "生产总值", "unit": "%", "weight": 60,
                     "weights_by_category": {"rural": 40}, "missing": "spread",
                     "rule": {"method": "minmax", "worst": 0, "best": 10}},
                    {"id": "soft", "name": "软指标", "weight": 40, "children": [
                        {"id": "air", "name": "空气", "rule": "minmax", "missing": "zero"},
                        {"id": "debt", "name": "债务", "rule": "minmax", "direction": "negative", "missing": "zero"}]},
                ],
            },
        }
    )  # fmt: skip
    units = ["东县", "西县", "南 县", "001"]
    actual = pd.DataFrame(
        {
            "gdp": [6.5, 7.25, math.nan, 0.1],
            "air": [92.0, 1234.5, 3, -1],
            "debt": [0.3, 1e-7, 8, 9],
        },
        units,
    )
    target = pd.DataFrame({"gdp": [6.0, 7, 8, 9]}, units)
    covariates = pd.DataFrame({"population": [10.0, 20, 30, 40]}, units)
    scenarios = [sk.Scenario(name="减权", edits={"gdp.weight": 30})]
    return scheme, sk.Panel(actual, target=target, covariates=covariates), scenarios


def whole_book(path: Path) -> bytes:
    """Return the bytes of the workbook that is damaged, without sheets that hold nothing."""
    use_language("zh")
    write_workbook(path, *small_case())
    book = load_workbook(path)
    for name in ("加减分", "一票否决", "限额", "结果运用", "归属", "说明"):
        if name in book.sheetnames:
            del book[name]
    book["方法说明"].delete_rows(4, book["方法说明"].max_row)  # nothing reads it, openpyxl slowly
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                cell.comment = None
    book.save(path)
    return path.read_bytes()


# -- damage to the file ------------------------------------------------------------------------------


def flipped(raw: bytes, rng: random.Random) -> bytes:
    found = bytearray(raw)
    for _ in range(rng.choice((1, 1, 2, 8))):
        found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
    return bytes(found)


def truncated(raw: bytes, rng: random.Random) -> bytes:
    return raw[: rng.randrange(len(raw))]


def _parts(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _zipped(parts: dict[str, bytes]) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def without_part(raw: bytes, rng: random.Random) -> bytes:
    parts = _parts(raw)
    del parts[rng.choice(sorted(parts))]
    return _zipped(parts)


def garbled_part(raw: bytes, rng: random.Random) -> bytes:
    """Damage the XML itself, so that checksums do not tell."""
    parts = _parts(raw)
    name = rng.choice(sorted(n for n in parts if n.endswith((".xml", ".rels"))))
    content = bytearray(parts[name])
    for _ in range(rng.choice((1, 1, 3))):
        at = rng.randrange(len(content))
        kind = rng.randrange(4)
        if kind == 0:
            content[at] = rng.randrange(256)
        elif kind == 1:
            del content[at : at + rng.randrange(1, 40)]
        elif kind == 2:
            content[at:at] = content[max(0, at - 30) : at]
        else:
            content[at:at] = rng.choice((b"9", b"-", b"<", b'"', b"&lol;", b"\x00", b"e5", b"A1"))
        content = content or bytearray(b" ")
    parts[name] = bytes(content)
    return _zipped(parts)


# -- damage to cells ---------------------------------------------------------------------------------


def _cell(sheet: Any, rng: random.Random) -> Any:
    return sheet.cell(rng.randint(1, sheet.max_row), rng.randint(1, sheet.max_column))


def _sheet(book: Any, rng: random.Random) -> Any:
    names = [*TABLES, *TABLES, "指标", "指标", *(n for n in book.sheetnames if n != "列表")]
    return book[rng.choice([name for name in names if name in book.sheetnames])]


def replaced(book: Any, rng: random.Random) -> None:
    cell = _cell(_sheet(book, rng), rng)
    cell.number_format, cell.quotePrefix = "General", rng.random() < 0.2
    cell.value = rng.choice(VALUES)
    if rng.random() < 0.2:
        cell.number_format = rng.choice(("0%", "0.00%", "yyyy-mm-dd", '0"%"', "@", "#,##0.0"))


def formatted(book: Any, rng: random.Random) -> None:
    _cell(_sheet(book, rng), rng).number_format = rng.choice(("0%", "0.0%", "yyyy年m月", '0"%"'))


def swapped(book: Any, rng: random.Random) -> None:
    sheet = _sheet(book, rng)
    if sheet.merged_cells.ranges:
        return
    one, two = (rng.randint(1, sheet.max_column) for _ in range(2))
    for row in range(1, sheet.max_row + 1):
        a, b = sheet.cell(row, one), sheet.cell(row, two)
        a.value, b.value = b.value, a.value
        a.number_format, b.number_format = b.number_format, a.number_format
        a.quotePrefix, b.quotePrefix = b.quotePrefix, a.quotePrefix


def doubled(book: Any, rng: random.Random) -> None:
    sheet = _sheet(book, rng)
    row = rng.randint(1, sheet.max_row)
    sheet.append([cell.value for cell in sheet[row]])


def renamed(book: Any, rng: random.Random) -> None:
    sheet = _sheet(book, rng)
    sheet.title = rng.choice(
        ("数居", "Sheet1", "结果1", "_x", "Data", "数据 ", "目 标", "actual", "scheme")
    )


def reheaded(book: Any, rng: random.Random) -> None:
    sheet = _sheet(book, rng)
    words = (
        "权重",
        "gdp",
        "生产总值",
        "ＧＤＰ",
        " 空气 ",
        "目标值",
        "编号",
        "单位",
        None,
        "序号",
        7,
        "债务",
    )
    sheet.cell(1, rng.randint(1, sheet.max_column)).value = rng.choice(words)


def merged(book: Any, rng: random.Random) -> None:
    sheet = _sheet(book, rng)
    row, column = rng.randint(1, sheet.max_row), rng.randint(1, sheet.max_column)
    down, right = rng.choice(((0, 1), (1, 0), (1, 1)))
    sheet.merge_cells(
        start_row=row, start_column=column, end_row=row + down, end_column=column + right
    )


def titled(book: Any, rng: random.Random) -> None:
    sheet = _sheet(book, rng)
    sheet.insert_rows(1, rng.randint(1, 3))
    if rng.random() < 0.7:
        sheet["A1"] = rng.choice(("2024年考核数据", "单位：万元", "单位"))
        if rng.random() < 0.5:
            sheet.merge_cells("A1:D1")


def shifted(book: Any, rng: random.Random) -> None:
    sheet = _sheet(book, rng)
    rng.choice((sheet.insert_rows, sheet.insert_cols, sheet.delete_rows, sheet.delete_cols))(
        rng.randint(1, 4)
    )


def dropped(book: Any, rng: random.Random) -> None:
    del book[rng.choice(book.sheetnames)]


def copied(book: Any, rng: random.Random) -> None:
    twin = book.copy_worksheet(_sheet(book, rng))
    twin.title = rng.choice((twin.title, "Data", "Target", "结果", "Indicators"))


FILE = (flipped, truncated, without_part, garbled_part)
CELL = (replaced, replaced, replaced, replaced, formatted, swapped, doubled, renamed, reheaded, merged,
        titled, shifted, dropped, copied)  # fmt: skip


# -- the check ---------------------------------------------------------------------------------------


def check(raw: bytes, seed: int, path: Path) -> str:
    """Damage the book, read it, and say what happened; anything that must not happen is raised."""
    rng = random.Random(seed)
    to_file = seed % 3 == 0
    damage: Callable[..., Any] = rng.choice(FILE if to_file else CELL)
    if to_file:
        damaged = damage(raw, rng)
    else:
        book = load_workbook(BytesIO(raw))
        for _ in range(rng.choice((1, 1, 1, 2))):
            with suppress(AttributeError):  # openpyxl writes nothing into merged cells
                damage(book, rng)
            damage = rng.choice(CELL)
        if not book.sheetnames:
            return "empty"
        stream = BytesIO()
        try:
            book.save(stream)
        except (ValueError, IndexError):  # openpyxl cannot write what we did to it
            return "unwritten"
        damaged = stream.getvalue()
    path.write_bytes(damaged)
    try:
        scheme, panel, scenarios = read_workbook(path)
    except sk.SimkaoheError as error:
        text = str(error)
        if not text or not all(problem.where for problem in error.problems):
            raise AssertionError(f"an error without a place: {text}") from error
        found = "refused"
    else:
        if to_file and damage is not garbled_part:
            assert (scheme, panel, scenarios) == small_case(), "read, but not as it was"
        elif not to_file:
            says_what_it_says(damaged, scheme, panel)
        found = "read"
    assert path.read_bytes() == damaged, "the file was changed"
    return found


def says_what_it_says(damaged: bytes, scheme: sk.Scheme, panel: sk.Panel) -> None:
    """Compare every number of the data and every weight with the cell that says it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl's, about dates that are none
        book = load_workbook(BytesIO(damaged), data_only=True)
    sheets = {_bare(name): book[name] for name in book.sheetnames}
    units = {leaf.column: leaf.unit for leaf in scheme.indicators}
    for table in panel.tables:
        titles = [title for title, name in TABLES.items() if name == table]
        titles += {"actual": ["data", "actual"], "target": ["target"]}.get(table, [])
        sheet = next(sheets[title] for title in titles if title in sheets)
        rows = list(sheet.iter_rows())
        named = [i for i, row in enumerate(rows) if any(_bare(c.value) == "单位" for c in row)]
        top = max(named, key=lambda i: sum(c.value is not None for c in rows[i]))
        heads = {_bare(cell.value): place for place, cell in reversed(list(enumerate(rows[top])))}
        at = heads["单位"]
        lines = {_bare(row[at].value): row for row in rows[top + 1 :] if row[at].value is not None}
        frame = panel.frame(table)
        assert {_bare(unit) for unit in frame.index} >= set(lines) - {""}
        for column in frame.columns:
            names = [column]
            for leaf in scheme.indicators:
                if leaf.column == column:
                    names += [leaf.name, leaf.name_en]
            place = next(heads[_bare(n)] for n in names if n and _bare(n) in heads)
            for unit in frame.index:
                row = lines.get(_bare(unit))
                said = math.nan if row is None else meaning(row[place], units.get(column) == "%")
                same(frame.at[unit, column], said, f"{table} {unit} {column}")
    sheet = next(sheets[title] for title in ("指标", "indicators") if title in sheets)
    rows = list(sheet.iter_rows())
    top = next(
        i for i, row in enumerate(rows) if any(_bare(c.value) in ("编号", "id") for c in row)
    )
    heads = {_bare(cell.value): place for place, cell in enumerate(rows[top])}
    lines = {_bare(row[heads["编号"]].value): row for row in rows[top + 1 :]}
    for name, node in scheme.nodes.items():
        if "权重" in heads:
            said = meaning(lines[_bare(name)][heads["权重"]], True)
            same(node.weight, 1.0 if math.isnan(said) else said, f"{name}.weight")


def _bare(value: Any) -> str:
    text = "" if value is None else str(value)
    return re.sub(r"\s", "", text).replace("\u200b", "").translate(WIDE).lower()


WIDE = {ord("０") + n: str(n) for n in range(10)} | {
    ord(a): b for a, b in zip("．，％－＋ＧＤＰ", ".,%-+gdp", strict=True)
}


def meaning(cell: Any, percent: bool) -> float:
    """Return what a cell says by the documented rules, found in another way than the package's."""
    value = cell.value
    bare = re.sub(r'"[^"]*"', "", cell.number_format)
    if value is None:
        return math.nan
    if isinstance(value, str):
        text = value.translate(WIDE).replace("\u200b", "").strip().lstrip("'").strip()
        if not text:
            return math.nan
        if text.endswith("%"):
            assert percent, f"{text} is read"
            text = text[:-1]
        assert re.fullmatch(r"[+-]?[\d,.]+(e[+-]?\d+)?", text, re.IGNORECASE), f"{text!r} is read"
        return float(text.replace(",", ""))
    assert not isinstance(value, bool | date | time | timedelta), f"{value!r} is read"
    if "%" in bare:
        assert percent, f"{value!r} as a percentage is read"
        return float(value) * 100
    return float(value)


def same(found: float, said: float, what: str) -> None:
    close = math.isclose(found, said, rel_tol=1e-14) or (math.isnan(found) and math.isnan(said))
    assert close, f"{what}: read {found!r}, but the cell says {said!r}"


def run(seeds: range, folder: Path) -> dict[str, int]:
    """Check many damaged books; return how often what happened."""
    raw = whole_book(folder / "whole.xlsx")
    assert read_workbook(folder / "whole.xlsx") == small_case()
    found: dict[str, int] = {}
    for seed in seeds:
        try:
            end = check(raw, seed, folder / "damaged.xlsx")
        except Exception as error:
            raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
        found[end] = found.get(end, 0) + 1
    return found


if __name__ == "__main__":
    count, first = [*map(int, sys.argv[1:3]), *(1000, 0)[len(sys.argv) - 1 :]]
    with tempfile.TemporaryDirectory() as place:
        print(run(range(first, first + count), Path(place)))
