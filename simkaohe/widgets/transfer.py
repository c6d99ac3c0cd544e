"""Files to and from the reader's own computer (上传与下载), in JupyterLab and in the app alike."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words

_HERE = Path(__file__).parent
MEGABYTES = 10
LIMIT = "SIMKAOHE_UPLOAD"
"""Names the largest upload in bytes; the app sets it."""


def largest_upload() -> int:
    """Return how many bytes an upload may have."""
    return int(os.environ.get(LIMIT) or MEGABYTES * 1_000_000)


class Upload(anywidget.AnyWidget):
    """A field to choose a file, or to drop one on.

    Parameters
    ----------
    take : function (name, content)
        Given the file; what it raises as :class:`SimkaoheError` is shown.
    accept : str
        Which kinds of file the browser offers, e.g. ``".xlsx"``.
    label : Words
    """

    _esm = _HERE / "upload.js"
    _css = "\n".join((_HERE / name).read_text("utf-8") for name in ("look.css", "transfer.css"))

    words = traitlets.Dict().tag(sync=True)
    accept = traitlets.Unicode().tag(sync=True)
    limit = traitlets.Int().tag(sync=True)
    message = traitlets.Unicode("").tag(sync=True)

    def __init__(self, take: Callable[[str, bytes], None], accept: str, label: Words) -> None:
        super().__init__(accept=accept, limit=largest_upload())
        self._take, self._label, self._limit = take, label, self.limit
        self.translate()
        self.on_msg(self._arrived)

    def translate(self) -> None:
        """Say everything in the reader's language."""
        self.words = {
            "choose": str(self._label),
            "reading": str(Words("正在读取……", "Reading …")),
            "too_large": str(self._too_large("{}")),
        }
        self.message = ""

    def receive(self, name: str, content: bytes | memoryview) -> None:
        """Take a file under a harmless name; the limit that counts is this one, not the page's."""
        try:
            size = memoryview(content).nbytes
            if size > self._limit:
                raise SimkaoheError(self._too_large(f"{size / 1e6:.1f}"))
            self.message = ""
            self._take(_harmless(name), bytes(content))
        except SimkaoheError as error:
            self.message = str(error)
        finally:
            self.send({"done": True})

    def _arrived(self, _: Any, content: Any, buffers: list[Any]) -> None:
        if len(buffers) == 1 and isinstance(content, dict):
            self.receive(str(content.get("name")), buffers[0])

    def _too_large(self, megabytes: str) -> Problem:
        most = f"{self._limit / 1e6:g}"
        return Problem(
            str(Words("文件", "File")),
            Words(f"{megabytes} MB", f"{megabytes} MB"),
            Words(f"最大 {most} MB", f"at most {most} MB"),
            Words("请删去与考核无关的工作表和图片", "Remove sheets and pictures it can spare"),
        )


class Download(anywidget.AnyWidget):
    """A button that makes a file when it is pressed, and hands it to the reader.

    Parameters
    ----------
    name : str
        What the file is called.
    make : function returning bytes
        What it raises as :class:`SimkaoheError` is shown.
    label : Words
    """

    _esm = _HERE / "download.js"
    _css = _HERE / "transfer.css"

    label = traitlets.Unicode().tag(sync=True)
    making = traitlets.Unicode().tag(sync=True)
    message = traitlets.Unicode("").tag(sync=True)

    def __init__(self, name: str, make: Callable[[], bytes], label: Words) -> None:
        super().__init__()
        self._name, self._make, self._words = name, make, label
        self.translate()
        self.on_msg(lambda *_: self._asked())

    def translate(self) -> None:
        """Say everything in the reader's language."""
        self.label, self.message = str(self._words), ""
        self.making = str(Words("正在生成……", "Being made …"))

    def _asked(self) -> None:
        try:
            content, self.message = self._make(), ""
        except SimkaoheError as error:
            self.message = str(error)
            self.send({"name": ""})
        else:
            self.send({"name": self._name}, buffers=[content])


def _harmless(name: str) -> str:
    """Return a file name in which only letters, digits and a few marks are left."""
    marked = "".join(c if c.isalnum() or c in "._- ()（）" else "_" for c in Path(name).name)
    return marked.lstrip(".")[-80:] or "file"
