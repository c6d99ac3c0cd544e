"""The audit as a picture (公平性体检图): every question with its light, told by shape and words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from simkaohe.fairness.finding import LIGHTS, Light
from simkaohe.labels import Words, language
from simkaohe.plots.style import new_axes, style

if TYPE_CHECKING:
    from simkaohe.fairness.auditing import Audit

INK: dict[Light, tuple[str, str]] = {
    "red": ("#9c1c14", "#fdecea"),
    "amber": ("#7a4b00", "#fff4dd"),
    "green": ("#1d5e37", "#e9f5ed"),
    "grey": ("#4e5a66", "#f1f3f5"),
}
"""Colours of words and of the field behind them: 4.5 : 1 or more (WCAG AA)."""
ROW = 0.3
"""Inches of height for a line."""
MARK = {"zh": 1.15, "en": 1.65}
"""Inches of width for a light, by language."""
WIDTH = 8.5


def audit(result: Audit, ax: Axes | None = None) -> Axes:
    """Draw an audit (公平性体检): a line for each question, with the light of its answer.

    Parameters
    ----------
    result : Audit
    ax : Axes, optional

    Returns
    -------
    Axes
        Where the audit has another scheme before, its light stands on the left of the new one.
    """
    old = {} if result.before is None else {f.topic: f.light for f in result.before.findings}
    sections = list(result.sections())
    lines = len(result.findings) + len(sections) + 2
    with style():
        ax = new_axes(ax, ROW * lines, WIDTH)
        ax.set_axis_off()
        ax.set_xlim(0, WIDTH)
        ax.set_ylim(lines - 0.4, -0.6)
        ax.set_title(_title(result), loc="left", fontsize=13, pad=6)
        width = MARK[language()]
        start = width * (2 if old else 1) + 0.1
        row = 0
        if old:
            for x, words in ((0, Words("原来", "before")), (width, Words("现在", "now"))):
                ax.text(x + 0.1, row, str(words), va="center", fontsize=8, color="0.35")
        for _, title, findings in sections:
            row += 1
            ax.text(0, row, str(title), va="center", fontsize=10, fontweight="bold")
            ax.axhline(row + 0.5, color="0.8", linewidth=0.7)
            for finding in findings:
                row += 1
                if finding.topic in old:
                    _mark(ax, 0.1, row, old[finding.topic])
                _mark(ax, start - width, row, finding.light)
                ax.text(start, row, str(finding.question), va="center", fontsize=9)
    return ax


def _title(result: Audit) -> str:
    counts = "   ".join(
        f"{str(LIGHTS[light]).split()[0]} {count}"
        for light, count in result.counts.items()  # type: ignore[index]
    )
    return f"{result.scheme.label} · {Words('公平性体检', 'fairness audit')}   {counts}"


def _mark(ax: Axes, x: float, row: int, light: Light) -> None:
    ink, field = INK[light]
    box: dict[str, Any] = {"boxstyle": "round,pad=0.25", "facecolor": field, "edgecolor": ink}
    box["linewidth"] = 0.6
    ax.text(x, row, str(LIGHTS[light]), va="center", fontsize=8, color=ink, bbox=box)
