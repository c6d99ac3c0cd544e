"""How every picture looks: fonts that have Chinese, calm colours, figures as high as they need."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib import font_manager
from matplotlib.axes import Axes

UP, DOWN, SAME = "#1f5fa8", "#d9731a", "#767676"
"""Blue and orange: told apart by everybody, and neither is “warning” nor “rise on the exchange”."""
FAMILIES = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Noto Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
    "SimHei",
)


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
    with plt.rc_context(fonts), sns.axes_style("white", rc=fonts):
        yield


def new_axes(ax: Axes | None, height: float, width: float = 8.0) -> Axes:
    """Return the axes given, or those of a new figure of so many inches."""
    if ax is not None:
        return ax
    return plt.figure(figsize=(width, height), layout="constrained").add_subplot()


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
