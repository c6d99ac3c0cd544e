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
