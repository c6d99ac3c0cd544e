"""The API reference: a page for every public name, from the package's own lists of names."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

ROOMS = ("", "sensitivity", "fairness", "lessons", "plots", "widgets")
"""The package's front and the rooms that it hands out."""


def pages() -> dict[str, str]:
    """Return the pages by file name: one for each room that there is."""
    front = import_module("simkaohe")
    there = [room for room in ROOMS if not room or room in front.__all__]
    found = {}
    for room in there:
        module = f"simkaohe.{room}".rstrip(".")
        names = [n for n in import_module(module).__all__ if n not in there and n.isidentifier()]
        listed = "\n".join(f"   {name}" for name in sorted(names))
        found[f"{room or 'simkaohe'}.rst"] = (
            f"{module}\n{'=' * len(module)}\n\n.. automodule:: {module}\n   :no-members:\n\n"
            f".. currentmodule:: {module}\n\n.. autosummary::\n   :toctree: generated\n\n{listed}\n"
        )
    names = "\n".join(f"   {room or 'simkaohe'}" for room in there)
    title = "Python 接口 · API reference"
    found["index.rst"] = f"{title}\n{'=' * 2 * len(title)}\n\n.. toctree::\n\n{names}\n"
    return found


def write(app: Any, _: Any) -> None:
    """Write the pages before autosummary looks for them."""
    folder = Path(app.srcdir) / "api"
    folder.mkdir(exist_ok=True)
    for name, text in pages().items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def tidy(_: Any, __: str, ___: str, ____: Any, _____: Any, lines: list[str]) -> None:
    """Put a docstring's sources into a list, and the columns of a frame into what is returned."""
    sources = False
    for number, line in enumerate(lines):
        below = lines[number + 1] if number + 1 < len(lines) else ""
        if below.startswith("---"):
            sources = line.strip() == "References"
            if line.strip() == "Columns":
                lines[number] = "Returns"
                lines[number + 1] = "-------"
        elif sources and line.startswith("["):
            lines[number] = f"* {line.partition(']')[2].strip()}"
        elif sources and line.startswith("    "):
            lines[number] = f"  {line.strip()}"


def setup(app: Any) -> dict[str, bool]:
    """Make the pages early: autosummary makes its own from them."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("config-inited", write)
    app.connect("autodoc-process-docstring", tidy, priority=400)  # before numpydoc
    return {"parallel_read_safe": True, "parallel_write_safe": True}
