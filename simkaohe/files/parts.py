"""The bytes of a workbook: numbers put into its sheets, which openpyxl writes slowly."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from io import BytesIO

import numpy as np
import numpy.typing as npt

from simkaohe.files.cells import letters, place


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
