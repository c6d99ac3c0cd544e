"""The notebooks (笔记本) that travel with the package, and what their pages are called."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words

_PACKAGE = Path(__file__).parents[1]
LAB_ONLY = "lab"
"""Cells with this tag are for JupyterLab; the app leaves them out."""


class Page(NamedTuple):
    """A notebook as a page: its name in the address, its title, and what it is about."""

    name: str
    title: Words
    about: Words


def notebooks_folder() -> Path:
    """Return where the notebooks are, beside the package or inside it once it is installed.

    Raises
    ------
    SimkaoheError
        When they are in neither place.
    """
    for place in (_PACKAGE / "notebooks", _PACKAGE.parent / "notebooks"):
        if place.is_dir():
            return place
    raise SimkaoheError(
        Problem(
            "notebooks",
            Words("安装包里没有教学笔记本", "the notebooks are not in the installed package"),
            remedy=Words("请重新安装 simkaohe", "Install simkaohe anew"),
        )
    )


def pages(folder: Path) -> dict[str, Page]:
    """Return the pages of a folder of notebooks, by name and in their order."""
    return {path.stem: _page(path) for path in sorted(folder.glob("*.ipynb"))}


def _page(path: Path) -> Page:
    """Read a page's heading and its first lines: ``# 2 中文 · English``, a paragraph in each."""
    cells = json.loads(path.read_text("utf-8"))["cells"][:3]
    shown = [cell for cell in cells if LAB_ONLY not in cell["metadata"].get("tags", ())]
    texts = ["".join(cell["source"]) for cell in shown if cell["cell_type"] == "markdown"]
    heading, *paragraphs = [part for text in texts for part in text.split("\n\n")] or [path.stem]
    number, title = re.match(r"#*\s*(\d*)\s*(.*)", heading.strip()).groups()  # type: ignore[union-attr]
    zh, _, en = title.partition(" · ")
    lines = [re.sub(r"[*`#]", "", part).strip() for part in paragraphs if part[:1] not in "-|#!"]
    chinese = [line for line in lines if re.search(r"[\u4e00-\u9fff]", line[:8])]
    english = [line for line in lines if line not in chinese]
    first = Words("".join(chinese[:1]), "".join(english[:1]))
    return Page(path.stem, Words(f"{number} {zh}".strip(), f"{number} {en or zh}".strip()), first)


def without_code(text: str) -> str:
    """Leave out the lines that show Python: a page has no place to type it."""
    return "\n".join(line for line in text.split("\n") if not _PYTHON.search(line))


def in_both_languages(text: str) -> str:
    """Mark which words of a notebook's text are Chinese and which English; a page shows one of them.

    A heading is ``中文 · English``; a paragraph is in one language, or Chinese first; so is a line of
    a list. What stands in one language only is left as it is.
    """
    parts = [_marked(part) for part in text.split("\n\n")]
    spoken = {language for part in parts for language in _MARK.findall(part)}
    return "\n\n".join(parts) if len(spoken) == 2 else text


_MARK = re.compile(r"<span class='skh-said' lang='([\w-]+)'>")
_HEADING = re.compile(r"(#+ *\d* *)(.+?) · (.+)")
_LINE = re.compile(r"((?:[-*]|\d+\.) +)(.*)")
_CODE = re.compile(r"`[^`]*`[：，]")
_PYTHON = re.compile(r"`[^`]*[a-z_]+(?:\(|=|\.[a-z_]+)[^`]*`")
_SEAM = re.compile(r"(?<=[。？！：；）…]) +(?=[A-Z(`*])")


def _marked(part: str) -> str:
    if heading := _HEADING.fullmatch(part):
        start, zh, en = heading.groups()
        return start + _said("zh-CN", zh) + _said("en", en)
    lines = part.split("\n")
    items = [_LINE.fullmatch(line) for line in lines]
    if all(items):
        return "\n".join(item[1] + "".join(_split(item[2])) for item in items if item)
    if any(items):
        return part
    split = _split(part)
    return "".join(split) if len(split) > 1 else _whole(part)


def _split(text: str) -> list[str]:
    """Return a text with its Chinese and its English marked, where it has both."""
    code = _CODE.match(text)
    shared, text = ("", text) if code is None else (code[0], text[code.end() :])
    for seam in _SEAM.finditer(text):
        zh, en = text[: seam.start()], text[seam.end() :]
        if _is_english(en):
            return [*filter(None, [shared]), _said("zh-CN", zh), _said("en", en)]
    return [shared + text]


def _whole(text: str) -> str:
    return _said("en" if _is_english(text) else "zh-CN", text)


def _is_english(text: str) -> bool:
    """Say whether a text has more words in English than characters in Chinese, names included."""
    plain = re.sub(r"`[^`]*`", "", text)
    return len(re.findall(r"[A-Za-z]{2,}", plain)) > len(re.findall(r"[\u4e00-\u9fff]", plain)) / 2


def _said(language: str, text: str) -> str:
    return f"<span class='skh-said' lang='{language}'>{text}</span>"
