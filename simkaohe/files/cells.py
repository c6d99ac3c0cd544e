"""Cells of Excel workbooks (单元格): what stands in them, before anybody asks what it means."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from math import inf, isinf
from pathlib import Path
from typing import NamedTuple, Protocol

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words

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
    hidden: bool = False


class Styles(NamedTuple):
    """What the cell styles of a workbook say."""

    kinds: tuple[str, ...] = ("",)
    """What every cell style makes of a number: ``percent``, ``date`` or nothing."""
    exact: tuple[bool, ...] = (False,)
    """Whether it marks text as text."""


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


class Damage(Exception):
    """Something in the file is not as a workbook has it."""


def refuse(path: Path, found: Words, remedy: Words | str = "") -> SimkaoheError:
    """Return the error that a workbook as a whole is refused with."""
    return SimkaoheError(Problem(path.name, found, remedy=remedy))


class Book(Protocol):
    """What a sheet needs to know of its workbook; ``count`` is of the cells that are filled."""

    path: Path
    styles: Styles
    strings: list[str]
    from_1904: bool
    count: int


_NO_ADDRESS = re.compile(rb'<(?:\w+:)?c(?=[\s/>])(?! r="[A-Z]{1,3}[1-9])')
_NUMBER = (
    rb'<c r="([A-Z]{1,3})([1-9]\d{0,6})"(?: s="(\d{1,5})")?(?: t="n")?><v>([-+.\deE]{1,40})</v></c>'
)
_PLAIN = re.compile(_NUMBER)
_RUN = re.compile(b"(?:%s){2,}" % _NUMBER.replace(b"(", b"(?:").replace(b"(?:?:", b"(?:"))


class SheetReader:
    """Takes the events of a sheet's XML and keeps the cells."""

    def __init__(self, book: Book) -> None:
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

    def take_runs(self, xml: bytes) -> bytes:
        """Take runs of plain numbers at once and return the XML without them.

        They are most of a data sheet. Where cells lack their address, or anything in the XML is not
        what it seems (comments, CDATA), all of it is left to the parser.
        """
        if b"<!" in xml or xml[:2] in (b"\xff\xfe", b"\xfe\xff") or _NO_ADDRESS.search(xml):
            return xml
        last: tuple[bytes, ...] = ()
        places: list[int] = []
        rest, end = [], 0
        for run in _RUN.finditer(xml):
            names, numbers, styles, texts = zip(*_PLAIN.findall(run[0]), strict=True)
            if len(set(numbers)) > 1:
                continue
            rest.append(xml[end : run.start()])
            end = run.end()
            if names != last:
                last, places = names, [_index(name.decode()) for name in names]
            self.row = int(numbers[0])
            self._take(places, styles, texts)
        self.row = 0
        return b"".join([*rest, xml[end:]])

    def _take(self, places: list[int], styles: Sequence[bytes], texts: Sequence[bytes]) -> None:
        kinds = {style: self.kinds[int(style or 0)] for style in set(styles)}
        cells: list[Cell]
        try:
            cells = list(map(float, texts))
        except ValueError:
            cells = [inf]
        if any(kinds.values()) or any(map(isinf, cells)):
            cells = [
                self._number(text.decode(), kinds[style])
                for text, style in zip(texts, styles, strict=True)
            ]
        row = self.rows.setdefault(self.row, {})
        before = len(row)
        row.update(zip(places, cells, strict=True))
        if len(row) < before + len(cells):
            raise Damage(f"a cell of row {self.row} twice")
        self._count(len(cells))

    def start(self, name: str, given: dict[str, str]) -> None:
        """Take the start of an element."""
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
                raise Damage(f"row {self.row}")
            self.cells = self.rows.setdefault(self.row, {})
        elif name == "mergeCell":
            self.merged.append(_merged(given["ref"]))

    def text(self, text: str) -> None:
        """Take text."""
        if self.reading:
            self.pieces.append(text)

    def end(self, name: str) -> None:
        """Take the end of an element."""
        if name == "c":
            cell = self._cell("".join(self.pieces))
            if cell is not None:
                if self.column in self.cells:
                    raise Damage(f"{place(self.row, self.column)} twice")
                self.cells[self.column] = cell
                self._count()
        elif name in ("v", "t"):
            self.reading = False
        elif name == "rPh":
            self.ruby = False

    def _count(self, more: int = 1) -> None:
        self.book.count += more
        if self.book.count > MOST_CELLS:
            raise refuse(
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
                raise Damage(f"{ref[:20]} in row {self.row}")
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
                    raise Damage(f"string {index}")
                text = self.strings[index]
            else:
                text = unescaped(text)
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
        raise Damage(f"cell type {self.type}")

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
        raise Damage(f"merged {ref}")
    left, top, right, bottom = found.groups()
    return Merged(int(top), _index(left), int(bottom), _index(right), ref)


def _index(text: str) -> int:
    column = 0
    for letter in text:
        column = column * 26 + ord(letter) - 64
    return column


_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]', re.IGNORECASE)
_DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}


def kind_of_format(number: str, formats: dict[str, str]) -> str:
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


def unescaped(text: str) -> str:
    """Return the text that a workbook's stored form stands for."""
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)), text) if "_x" in text else text


def escaped(text: str) -> str:
    """Return text as a workbook stores it: characters that XML has not are written ``_xHHHH_``."""
    return _ILLEGAL.sub(lambda m: f"_x{ord(m[0]):04X}_", text)
