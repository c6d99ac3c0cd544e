"""How every picture looks: fonts that have Chinese, calm colours, figures as high as they need."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock, current_thread, main_thread
from typing import Any

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simkaohe.labels import Words

UP, DOWN, SAME = "#1f5fa8", "#d9731a", "#767676"
"""Blue and orange: told apart by everybody, and neither is “warning” nor “rise on the exchange”."""
NAMED = 40
"""Rows with names of full size; more are set smaller."""
FAMILIES = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Noto Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
    "SimHei",
)

DRAWING = RLock()
"""Held while a picture is drawn: matplotlib's settings are the whole process's."""


@functools.cache
def chinese_font() -> str:
    """Return the family that Chinese is written in: one of the machine's, else the packaged one."""
    there = set(font_manager.fontManager.get_font_names())
    for family in FAMILIES:
        if family in there:
            return family
    package = importlib.util.find_spec("zhplot")
    if package is None or not package.submodule_search_locations:
        return "DejaVu Sans"
    file = Path(package.submodule_search_locations[0], "fonts", "NotoSansSC-Regular.ttf")
    font_manager.fontManager.addfont(file)
    return font_manager.FontProperties(fname=file).get_name()


def families() -> list[str]:
    """Return the fonts that every text is set in; the second has the letters the first lacks."""
    return [chinese_font(), "DejaVu Sans"]


@contextmanager
def style() -> Iterator[None]:
    """Draw in the house's style, and leave the reader's settings as they were."""
    fonts = {
        "font.family": families(),
        "axes.unicode_minus": False,
        "svg.fonttype": "path",
        "text.parse_math": False,  # a $ in a name is a $
    }
    with DRAWING, plt.rc_context(fonts), sns.axes_style("white", rc=fonts):
        yield
        interactive = plt.isinteractive()
    plt.interactive(interactive)  # a notebook's backend turns it on with the first figure


def new_axes(ax: Axes | None, height: float, width: float = 8.0) -> Axes:
    """Return the axes given, or those of a new figure of so many inches.

    Only the main thread's figures are pyplot's: a notebook shows and closes those with its cells.
    """
    if ax is not None:
        return ax
    make = plt.figure if current_thread() is main_thread() else Figure
    return make(figsize=(width, height), layout="constrained").add_subplot()


def beside(ax: Axes, place: tuple[float, float], words: str, points: float, **look: Any) -> None:
    """Write beside a point, so many points to its right, or to its left where negative."""
    ax.annotate(
        words,
        place,
        (points, 0),
        textcoords="offset points",
        ha="left" if points > 0 else "right",
        va="center",
        annotation_clip=False,
        **look,
    )


def height_of(rows: int) -> float:
    """Return the inches that a picture with so many named rows needs."""
    return max(3.0, 1.0 + rows * (0.27 if rows <= NAMED else 0.13))


def name_rows(ax: Axes, names: list[str]) -> None:
    """Write the names of rows 0, 1, … on the left, the first on top."""
    size = 10 if len(names) <= NAMED else 7
    ax.set_yticks(range(len(names)), names, size=size, family=families(), parse_math=False)
    ax.set_ylim(max(len(names), 1) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)


def keyed(ax: Axes, *given: Any) -> None:
    """Explain the marks in a line between title and picture, where they cover nothing."""
    ax.legend(
        *given, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, frameon=False,
        borderaxespad=0.2, columnspacing=1.4, handletextpad=0.5, prop={"family": families()},
    )  # fmt: skip


def titled(ax: Axes, title: Words, x: Words | None = None, y: Words | None = None) -> None:
    """Write the title, and what the axes are."""
    pad = 28 if ax.get_legend() else 10
    ax.set_title(str(title), loc="left", pad=pad, family=families(), parse_math=False)
    for words, say in ((x, ax.set_xlabel), (y, ax.set_ylabel)):
        if words is not None:
            say(str(words), family=families())
