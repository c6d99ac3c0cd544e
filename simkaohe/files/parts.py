"""The bytes of a workbook (写文件): numbers put into its sheets, and the file written atomically."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.files.cells import letters, place
from simkaohe.labels import Words


def write_bytes(path: Path, content: bytes) -> Path:
    """Write a file whole or not at all: to a temporary file beside it, then rename.

    Raises
    ------
    SimkaoheError
        When the place cannot be written to; a file that was there stays as it was.
    """
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~mask)
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise SimkaoheError(
            Problem(
                str(path),
                Words(f"写不了：{error.strerror}", f"it cannot be written: {error.strerror}"),
                remedy=Words(
                    "如果它正在 Excel 中打开，请先关闭；否则请换一个能写的位置",
                    "Close it if it is open in Excel, or choose a folder that you may write to",
                ),
            )
        ) from error
    return path


def with_numbers(book: BytesIO, tables: Mapping[str, npt.NDArray[np.float64]]) -> bytes:
    """Return the workbook with the numbers of its data sheets, which openpyxl writes slowly.

    Row 1 of such a sheet holds its headings and column A its units; they are there already.
    """
    stream = BytesIO()
    with (
        zipfile.ZipFile(book) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name in tables:
                content = _filled(content, tables[name])
            new.writestr(name, content)
    return stream.getvalue()


def _filled(xml: bytes, block: npt.NDArray[np.float64]) -> bytes:
    heads, *rows = xml.split(b"</row>")
    names = [letters(column) for column in range(2, block.shape[1] + 2)]
    pieces = [heads]
    for number, (row, values) in enumerate(zip(rows, block.tolist(), strict=False), 2):
        cells = "".join(
            f'<c r="{name}{number}"><v>{value!r}</v></c>'
            for name, value in zip(names, values, strict=True)
            if value == value
        )
        pieces.append(row + cells.encode())
    pieces.append(rows[-1] if rows else b"")
    size = f'<dimension ref="A1:{place(len(block) + 1, block.shape[1] + 1)}"'.encode()
    return re.sub(rb'<dimension ref="[^"]*"', size, b"</row>".join(pieces), count=1)
