"""Formulas as drawings in the page: no script and no network, as offices behind a firewall need."""

from __future__ import annotations

import io
import re
from html import escape
from typing import Any

from docutils import nodes

SIMPLER = (
    (r"\\[bB]ig\(", r"\\left("),
    (r"\\[bB]ig\)", r"\\right)"),
    (r"\\le(?![a-z])", r"\\leq"),
    (r"\\ge(?![a-z])", r"\\geq"),
    (r"\\tfrac(\d)(\d|\\pi)", r"\\frac{\1}{\2}"),
    (r"\\textstyle", ""),
)
"""What matplotlib's mathtext says in another way."""


def drawn(formula: str, size: int) -> str:
    """Return a formula as SVG in the colour of the text around it."""
    from matplotlib import rc_context
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import math_to_image

    text = " ".join(formula.split())
    for pattern, other in SIMPLER:
        text = re.sub(pattern, other, text)
    stream = io.StringIO()
    with rc_context({"svg.hashsalt": "simkaohe", "mathtext.fontset": "cm"}):
        math_to_image(f"${text}$", stream, prop=FontProperties(size=size), format="svg")
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    label = escape(text, quote=True)
    head = (
        f"<svg role='img' aria-label='{label}' style='fill:currentColor;max-width:100%;height:auto'"
    )
    return svg.replace("<svg", head, 1).replace("fill: #000000", "fill: currentColor")


def block(self: Any, node: nodes.Element) -> None:
    """Write a formula that stands alone."""
    self.body.append(f"<div class='math' style='overflow-x:auto'>{drawn(node.astext(), 13)}</div>")
    raise nodes.SkipNode


def inline(self: Any, node: nodes.Element) -> None:
    """Write a formula inside a sentence."""
    self.body.append(f"<span class='math'>{drawn(node.astext(), 10)}</span>")
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Offer the renderer ``mathtext``."""
    app.add_html_math_renderer("mathtext", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
