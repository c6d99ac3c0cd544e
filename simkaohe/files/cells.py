"""Cells of Excel workbooks (单元格): what stands in them, before anybody asks what it means.

The sheets' XML is read directly, because the quick readers of workbooks turn errors into blanks, do
not tell a percentage from a number and a formula that was never calculated from an empty cell.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple
from xml.parsers import expat

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words

MOST_BYTES = 500_000_000
MOST_CELLS = 2_000_000
Progress = Callable[[int, int, str], None]
"""Told how much is done, of how much, and of what."""


class Exact(str):
    """Text that its writer marked as text (a leading apostrophe): nothing in it is mended."""


class Odd(NamedTuple):
    """A cell that is neither plain text nor a plain number.

    Parameters
    ----------
    kind : {"percent", "date", "error", "switch", "formula", "number"}
        ``formula``: without a calculated value; ``number``: digits that are no number.
    text : str
        What is shown: 35%, 2024-05-01, #DIV/0!, TRUE.
    value : float or bool
        The number of a percentage (0.35), the switch.
    """

    kind: str
    text: str
    value: float = 0.0


Cell = float | str | Odd


class Merged(NamedTuple):
    """A merged range; rows and columns count from 1, both ends belong to it."""

    top: int
    left: int
    bottom: int
    right: int
    ref: str


class Sheet(NamedTuple):
    """A sheet: the cells that are not empty by row and column, counted from 1."""

    name: str
    rows: dict[int, dict[int, Cell]]
    merged: tuple[Merged, ...] = ()


class _Styles(NamedTuple):
    kinds: tuple[str, ...] = ("",)
    """What every cell style makes of a number: ``percent``, ``date`` or nothing."""
    exact: tuple[bool, ...] = (False,)
    """Whether it marks text as text."""


def read_cells(path: Path, progress: Progress | None = None) -> list[Sheet]:
    """Return every sheet of a workbook; the file is only read.

    Raises
    ------
    SimkaoheError
        When the file is no workbook, is damaged, or is too large.
    """
    _check_kind(path)
    with _damage(path), zipfile.ZipFile(path) as archive:
        _check_size(path, archive)
        return _Workbook(path, archive).sheets(progress)


def letters(column: int) -> str:
    """Return a column's letters: 1 is A, 27 is AA."""
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def place(row: int, column: int) -> str:
    """Return the address of a cell, e.g. D7."""
    return f"{letters(column)}{row}"


def _refuse(path: Path, found: Words, remedy: Words | str = "") -> SimkaoheError:
    return SimkaoheError(Problem(path.name, found, remedy=remedy))


SAVE_AS = Words("请用 Excel 打开后另存为 .xlsx", "Open it in Excel and save it as .xlsx")
UNREADABLE = {
    FileNotFoundError: Words("找不到这个文件", "there is no such file"),
    PermissionError: Words("没有读取权限", "no permission to read it"),
    IsADirectoryError: Words("这是文件夹，不是文件", "it is a folder, not a file"),
}


def _check_kind(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except (OSError, ValueError) as error:
        reason = UNREADABLE.get(
            type(error), Words(f"读不了：{error}", f"it cannot be read: {error}")
        )
        raise SimkaoheError(Problem(str(path), reason)) from error
    if not head:
        raise _refuse(path, Words("文件是空的", "the file is empty"))
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise _refuse(
            path,
            Words(
                "这是旧版 .xls、WPS 的 .et，或加了密码的工作簿",
                "this is an old .xls, a WPS .et, or a workbook with a password",
            ),
            Words(
                "请去掉密码，用 Excel 打开后另存为 .xlsx",
                "Remove the password, open it in Excel and save it as .xlsx",
            ),
        )
    if not head.startswith(b"PK"):
        text = b"\0" not in head
        raise _refuse(
            path,
            Words("这是文本文件（如 CSV），不是工作簿", "this is text (such as CSV), no workbook")
            if text
            else Words("这不是 Excel 工作簿", "this is no Excel workbook"),
            SAVE_AS,
        )


DAMAGED = Words("工作簿已损坏（{}）", "the workbook is damaged ({})")
MEND = Words(
    "请用 Excel 打开并修复，或换一份完好的副本",
    "Let Excel open and repair it, or take a copy that is whole",
)


class _Damage(Exception):
    """Something in the file is not as a workbook has it."""


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Turn everything that a broken archive can raise into one sentence."""
    try:
        yield
    except (
        _Damage,
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        EOFError,
        KeyError,
        LookupError,
        NotImplementedError,
        OSError,
        OverflowError,
        RuntimeError,
        ValueError,
    ) as error:
        reason = str(error).strip("'\"").splitlines() or [type(error).__name__]
        raise _refuse(path, DAMAGED.format(reason[0][:120]), MEND) from error


def _check_size(path: Path, archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names):
        raise _Damage("duplicate parts")
    size = sum(entry.file_size for entry in entries)
    if size > MOST_BYTES:
        raise _refuse(
            path,
            Words(
                f"解压后有 {size / 1e6:.0f} MB，太大了",
                f"{size / 1e6:.0f} MB when unpacked, which is too large",
            ),
            Words("请删去与考核无关的工作表和图片", "Remove sheets and pictures that it can spare"),
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise _refuse(
            path,
            Words("工作簿加了密码", "the workbook has a password"),
            Words("请去掉密码", "Remove it"),
        )


def _parse(
    file: IO[bytes],
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
    step: Callable[[int], None] | None = None,
) -> None:
    """Read XML in pieces; names come without their prefix, and a DOCTYPE is refused."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise _Damage("DOCTYPE")

    def first(name: str, given: dict[str, str]) -> None:
        """Take the short way when the root has no prefix, as in nearly all workbooks."""
        if ":" in name:
            parser.StartElementHandler = lambda name, given: start(name.rpartition(":")[2], given)
            if end is not None:
                parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
        else:
            parser.StartElementHandler = start
            parser.EndElementHandler = end
        start(name.rpartition(":")[2], given)

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = first
    parser.CharacterDataHandler = text
    while piece := file.read(1 << 20):
        parser.Parse(piece, False)
        if step is not None:
            step(len(piece))
    parser.Parse(b"", True)


class _Workbook:
    """The parts of a workbook, found by their relations."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path, self.archive = path, archive
        self.names = set(archive.namelist())
        self.count = 0
        main = next(
            (target for kind, target in self._relations("").values() if kind == "officeDocument"),
            None,
        )
        if main is None:
            if "content.xml" in self.names or "mimetype" in self.names:
                raise _refuse(
                    path, Words("这是 ODF 表格（.ods）", "this is an ODF sheet (.ods)"), SAVE_AS
                )
            raise _Damage("no workbook in it")
        if main.endswith(".bin"):
            raise _refuse(
                path, Words("这是二进制工作簿（.xlsb）", "this is a binary workbook"), SAVE_AS
            )
        if not main.endswith(".xml") or main.startswith(("word/", "ppt/")):
            raise _refuse(path, Words("这不是 Excel 工作簿", "this is no Excel workbook"), SAVE_AS)
        self.main = main
        self.relations = self._relations(main)
        self.parts: list[tuple[str, str]] = []
        self.from_1904 = False
        self._outline()
        self.styles = self._styles()
        self.strings = self._strings()

    def sheets(self, progress: Progress | None) -> list[Sheet]:
        """Return every sheet that has cells; charts have none."""
        parts = [part for _, part in self.parts if part in self.names]
        total = sum(self.archive.getinfo(part).file_size for part in parts)
        done = 0

        def step(size: int) -> None:
            nonlocal done
            done += size
            if progress:
                progress(done, total, name)

        found = []
        for name, part in self.parts:
            reader = _SheetReader(self)
            with self._open(part) as file:
                _parse(file, reader.start, reader.end, reader.text, step)
            found.append(Sheet(name, reader.rows, tuple(reader.merged)))
        return found

    def _open(self, part: str) -> IO[bytes]:
        if part not in self.names:
            raise _Damage(f"{part} is missing")
        return self.archive.open(part)

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Return what a part refers to: the kind and the target, by relation id."""
        home = PurePosixPath(part)
        found: dict[str, tuple[str, str]] = {}

        def start(name: str, given: dict[str, str]) -> None:
            if name == "Relationship" and given.get("TargetMode") != "External":
                target = given["Target"]
                whole = (
                    PurePosixPath(target.lstrip("/"))
                    if target.startswith("/")
                    else home.parent / target
                )
                steps: list[str] = []
                for step in whole.parts:
                    if step == "..":
                        del steps[-1:]
                    elif step != ".":
                        steps.append(step)
                found[given["Id"]] = given["Type"].rpartition("/")[2], "/".join(steps)

        where = str(home.parent / "_rels" / f"{home.name}.rels") if part else "_rels/.rels"
        if not part and where not in self.names:
            return {}
        with self._open(where) as file:
            _parse(file, start)
        return found

    def _part(self, kind: str) -> str | None:
        return next((target for each, target in self.relations.values() if each == kind), None)

    def _outline(self) -> None:
        def start(name: str, given: dict[str, str]) -> None:
            if name == "workbookPr":
                self.from_1904 = given.get("date1904") in ("1", "true")
            elif name == "sheet":
                key = next((v for k, v in given.items() if k.rpartition(":")[2] == "id"), "")
                kind, target = self.relations[key]
                if kind == "worksheet":
                    self.parts.append((given["name"], target))

        with self._open(self.main) as file:
            _parse(file, start)
        if not self.parts:
            raise _Damage("no sheet in it")

    def _styles(self) -> _Styles:
        part = self._part("styles")
        if part is None:
            return _Styles()
        formats: dict[str, str] = {}
        kinds: list[str] = []
        exact: list[bool] = []
        inside = False

        def start(name: str, given: dict[str, str]) -> None:
            nonlocal inside
            if name == "numFmt":
                formats[given["numFmtId"]] = given.get("formatCode", "")
            elif name == "cellXfs":
                inside = True
            elif name == "xf" and inside:
                kinds.append(_kind_of_format(given.get("numFmtId", "0"), formats))
                exact.append(given.get("quotePrefix") in ("1", "true"))

        def end(name: str) -> None:
            nonlocal inside
            inside = inside and name != "cellXfs"

        with self._open(part) as file:
            _parse(file, start, end)
        return _Styles(tuple(kinds), tuple(exact)) if kinds else _Styles()

    def _strings(self) -> list[str]:
        part = self._part("sharedStrings")
        if part is None:
            return []
        strings: list[str] = []
        pieces: list[str] = []
        reading = ruby = False

        def start(name: str, _: dict[str, str]) -> None:
            nonlocal reading, ruby
            if name == "si":
                pieces.clear()
            ruby = ruby or name == "rPh"
            reading = name == "t" and not ruby

        def end(name: str) -> None:
            nonlocal reading, ruby
            reading = False
            if name == "si":
                strings.append(_unescaped("".join(pieces)))
            elif name == "rPh":
                ruby = False

        with self._open(part) as file:
            _parse(file, start, end, lambda text: pieces.append(text) if reading else None)
        return strings


class _SheetReader:
    """Takes the events of a sheet's XML and keeps the cells."""

    def __init__(self, book: _Workbook) -> None:
        self.book = book
        self.rows: dict[int, dict[int, Cell]] = {}
        self.merged: list[Merged] = []
        self.kinds, self.exact = book.styles
        self.strings = book.strings
        self.row = self.column = 0
        self.row_name = ""
        self.columns: dict[str, int] = {}
        self.cells: dict[int, Cell] = {}
        self.type, self.style = "n", 0
        self.pieces: list[str] = []
        self.formula = self.reading = self.ruby = False

    def start(self, name: str, given: dict[str, str]) -> None:
        if name == "c":
            ref = given.get("r")
            self.column = self.column + 1 if ref is None else self._column(ref)
            self.type = given.get("t", "n")
            self.style = int(given.get("s", 0))
            self.pieces, self.formula = [], False
        elif name == "v":
            self.reading = True
        elif name == "t":
            self.reading = not self.ruby
        elif name == "f":
            self.formula = True
        elif name == "rPh":
            self.ruby = True
        elif name == "row":
            self.row = int(given.get("r", self.row + 1))
            self.row_name = str(self.row)
            self.column = 0
            if self.row < 1:
                raise _Damage(f"row {self.row}")
            self.cells = self.rows.setdefault(self.row, {})
        elif name == "mergeCell":
            self.merged.append(_merged(given["ref"]))

    def text(self, text: str) -> None:
        if self.reading:
            self.pieces.append(text)

    def end(self, name: str) -> None:
        if name == "c":
            cell = self._cell("".join(self.pieces))
            if cell is not None:
                if self.column in self.cells:
                    raise _Damage(f"{place(self.row, self.column)} twice")
                self.cells[self.column] = cell
                self._count()
        elif name in ("v", "t"):
            self.reading = False
        elif name == "rPh":
            self.ruby = False

    def _count(self) -> None:
        self.book.count += 1
        if self.book.count > MOST_CELLS:
            raise _refuse(
                self.book.path,
                Words(
                    f"有内容的单元格超过 {MOST_CELLS} 个",
                    f"more than {MOST_CELLS} cells are filled",
                ),
                Words("请删去与考核无关的工作表", "Remove sheets that it can spare"),
            )

    def _column(self, ref: str) -> int:
        name = ref.removesuffix(self.row_name)
        column = self.columns.get(name)
        if column is None:
            if name == ref or not (name.isascii() and name.isalpha() and name.isupper()):
                raise _Damage(f"{ref[:20]} in row {self.row}")
            column = self.columns[name] = _index(name)
        return column

    def _cell(self, text: str) -> Cell | None:
        kind = self.kinds[self.style]
        if self.type == "n":
            if not text:
                return Odd("formula", "=") if self.formula else None
            return self._number(text, kind)
        if self.type in ("s", "str", "inlineStr"):
            if self.type == "s":
                if not text:
                    return None
                index = int(text)
                if index < 0:
                    raise _Damage(f"string {index}")
                text = self.strings[index]
            else:
                text = _unescaped(text)
            if not text:
                return None
            return Exact(text) if self.exact[self.style] and not self.formula else text
        if not text:
            return Odd("formula", "=") if self.formula else None
        if self.type == "b":
            return Odd("switch", "TRUE" if text == "1" else "FALSE", float(text == "1"))
        if self.type == "e":
            return Odd("error", text)
        if self.type == "d":
            return Odd("date", text)
        raise _Damage(f"cell type {self.type}")

    def _number(self, text: str, kind: str) -> Cell:
        try:
            number = float(text)
        except ValueError:
            return Odd("number", text)
        if not -1e308 * 10 < number < 1e308 * 10:
            return Odd("number", text)
        if kind == "percent":
            return Odd("percent", f"{100 * number:.12g}%", number)
        if kind == "date":
            return Odd("date", _date(number, self.book.from_1904), number)
        return number


def _date(serial: float, from_1904: bool) -> str:
    try:
        moment = datetime(
            1904 if from_1904 else 1899, 1 if from_1904 else 12, 1 if from_1904 else 30
        )
        moment += timedelta(days=serial)
    except OverflowError:
        return f"{serial:g}"
    moment = (moment + timedelta(milliseconds=500)).replace(microsecond=0)
    if 0 <= serial < 1:
        return f"{moment:%H:%M:%S}"
    whole = serial == int(serial)
    return f"{moment:%Y-%m-%d}" if whole else f"{moment:%Y-%m-%d %H:%M:%S}"


_MERGED = re.compile(r"([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)")


def _merged(ref: str) -> Merged:
    found = _MERGED.fullmatch(ref.replace("$", ""))
    if not found:
        raise _Damage(f"merged {ref}")
    left, top, right, bottom = found.groups()
    return Merged(int(top), _index(left), int(bottom), _index(right), ref)


def _index(text: str) -> int:
    column = 0
    for letter in text:
        column = column * 26 + ord(letter) - 64
    return column


_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]', re.IGNORECASE)
_DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}


def _kind_of_format(number: str, formats: dict[str, str]) -> str:
    """Return what a number format makes of a number: ``percent``, ``date`` or nothing."""
    code = formats.get(number)
    if code is None:
        identity = int(number)
        return "percent" if identity in (9, 10) else "date" if identity in _DATES else ""
    bare = _LITERAL.sub("", code)
    if "%" in bare:
        return "percent"
    bare = re.sub("general", "", bare, flags=re.IGNORECASE)
    return "date" if re.search(r"[ymdhs]", bare, re.IGNORECASE) else ""


_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ILLEGAL = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)), text) if "_x" in text else text


def escaped(text: str) -> str:
    """Return text as a workbook stores it: characters that XML has not are written ``_xHHHH_``."""
    return _ILLEGAL.sub(lambda m: f"_x{ord(m[0]):04X}_", text)
