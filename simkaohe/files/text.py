"""Text files: read in the encodings that Excel writes, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, YAMLError

from simkaohe.errors import Problem, SimkaoheError, reason, refuse
from simkaohe.labels import Words


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8 (with or without BOM) or GBK.

    Raises
    ------
    SimkaoheError
        When the file cannot be read or is in neither encoding.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        said = {
            FileNotFoundError: Words("找不到这个文件", "there is no such file"),
            PermissionError: Words("没有读取权限", "no permission to read it"),
            IsADirectoryError: Words("这是文件夹，不是文件", "it is a folder, not a file"),
        }.get(type(error), Words(f"读不了：{error}", f"it cannot be read: {error}"))
        raise SimkaoheError(Problem(str(path), said)) from error
    for encoding in ("utf-8-sig", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            text = raw.decode(encoding)
            if "\0" not in text:
                return text
    refuse(
        path.name,
        Words("不是文本文件，或编码无法识别", "not text, or in an encoding that is not known"),
        Words("UTF-8 或 GBK 编码的文本", "text in UTF-8 or GBK"),
        Words("请在 Excel 中另存为“CSV UTF-8”", "In Excel save it as “CSV UTF-8”"),
    )


def write_text(path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    """Write a text file whole or not at all; see :func:`write_bytes`."""
    return write_bytes(path, text.encode(encoding))


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
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        why = reason(error)
        raise SimkaoheError(
            Problem(
                str(path),
                Words(f"写不了：{why.zh}", f"it cannot be written: {why.en}"),
                remedy=Words(
                    "如果它正开着，请先关闭；否则请换一个能写的位置",
                    "Close it if it is open, or choose a folder that you may write to",
                ),
            )
        ) from error
    return path


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def parse_yaml(text: str, where: str) -> Any:
    """Return the plain values of a YAML 1.2 text.

    Raises
    ------
    SimkaoheError
        Syntax errors and keys that stand twice, with the line.
    """
    yaml = YAML(typ="safe", pure=True)
    try:
        return yaml.load(text)
    except (YAMLError, ValueError) as error:  # ValueError: a date that is none
        mark = getattr(error, "problem_mark", None)
        line = f" › {Words('第 {} 行', 'line {}').format(mark.line + 1)}" if mark else ""
        said = str(getattr(error, "problem", None) or error).splitlines()[0]
        key = Words("同一个键写了两次", "a key that stands twice")
        twice = "duplicate key" in said
        raise SimkaoheError(
            Problem(
                f"{where}{line}",
                Words(f"{key.zh}（{said}）", f"{key.en} ({said})")
                if twice
                else Words(f"YAML 语法错误（{said}）", f"not valid YAML ({said})"),
                remedy=Words("请改正这一行", "Mend this line"),
            )
        ) from error


def to_yaml(values: Any) -> str:
    """Return values as YAML text: in their order, Chinese as it is."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = 100
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    stream = StringIO()
    yaml.dump(values, stream)
    return stream.getvalue()
