"""The archive of a workbook (工作簿文件): its parts, opened with care.

The sheets' XML is read directly, because the quick readers of workbooks turn errors into blanks, do
not tell a percentage from a number and a formula that was never calculated from an empty cell.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO
from xml.parsers import expat

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.files.cells import (
    Damage,
    Progress,
    Sheet,
    SheetReader,
    Styles,
    kind_of_format,
    refuse,
    unescaped,
)
from simkaohe.labels import Words

MOST_BYTES = 500_000_000


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
        raise refuse(path, Words("文件是空的", "the file is empty"))
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise refuse(
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
        raise refuse(
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


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Turn everything that a broken archive can raise into one sentence."""
    try:
        yield
    except (
        Damage,
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
        raise refuse(path, DAMAGED.format(reason[0][:120]), MEND) from error


def _check_size(path: Path, archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names):
        raise Damage("duplicate parts")
    size = sum(entry.file_size for entry in entries)
    if size > MOST_BYTES:
        raise refuse(
            path,
            Words(
                f"解压后有 {size / 1e6:.0f} MB，太大了",
                f"{size / 1e6:.0f} MB when unpacked, which is too large",
            ),
            Words("请删去与考核无关的工作表和图片", "Remove sheets and pictures that it can spare"),
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise refuse(
            path,
            Words("工作簿加了密码", "the workbook has a password"),
            Words("请去掉密码", "Remove it"),
        )


def _parse(
    file: IO[bytes],
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Read XML in pieces; names come without their prefix, and a DOCTYPE is refused."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def forbid(*_: object) -> None:
        raise Damage("DOCTYPE")

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

    parser.StartDoctypeDeclHandler = forbid
    parser.StartElementHandler = first
    parser.CharacterDataHandler = text
    while piece := file.read(1 << 20):
        parser.Parse(piece, False)
    parser.Parse(b"", True)


def _all_of(file: IO[bytes], step: Callable[[int], None]) -> bytes:
    pieces = []
    while piece := file.read(1 << 22):
        pieces.append(piece)
        step(len(piece))
    return b"".join(pieces)


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
                raise refuse(
                    path, Words("这是 ODF 表格（.ods）", "this is an ODF sheet (.ods)"), SAVE_AS
                )
            raise Damage("no workbook in it")
        if main.endswith(".bin"):
            raise refuse(
                path, Words("这是二进制工作簿（.xlsb）", "this is a binary workbook"), SAVE_AS
            )
        if not main.endswith(".xml") or main.startswith(("word/", "ppt/")):
            raise refuse(path, Words("这不是 Excel 工作簿", "this is no Excel workbook"), SAVE_AS)
        self.main = main
        self.relations = self._relations(main)
        self.parts: list[tuple[str, str]] = []
        self.hidden: set[str] = set()
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
            reader = SheetReader(self)
            with self._open(part) as file:
                rest = reader.take_runs(_all_of(file, step))
            _parse(BytesIO(rest), reader.start, reader.end, reader.text)
            found.append(Sheet(name, reader.rows, tuple(reader.merged), name in self.hidden))
        return found

    def _open(self, part: str) -> IO[bytes]:
        if part not in self.names:
            raise Damage(f"{part} is missing")
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
                    if given.get("state") in ("hidden", "veryHidden"):
                        self.hidden.add(given["name"])

        with self._open(self.main) as file:
            _parse(file, start)
        if not self.parts:
            raise Damage("no sheet in it")

    def _styles(self) -> Styles:
        part = self._part("styles")
        if part is None:
            return Styles()
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
                kinds.append(kind_of_format(given.get("numFmtId", "0"), formats))
                exact.append(given.get("quotePrefix") in ("1", "true"))

        def end(name: str) -> None:
            nonlocal inside
            inside = inside and name != "cellXfs"

        with self._open(part) as file:
            _parse(file, start, end)
        return Styles(tuple(kinds), tuple(exact)) if kinds else Styles()

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
                strings.append(unescaped("".join(pieces)))
            elif name == "rPh":
                ruby = False

        with self._open(part) as file:
            _parse(file, start, end, lambda text: pieces.append(text) if reading else None)
        return strings
