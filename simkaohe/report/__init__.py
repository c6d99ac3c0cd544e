"""Reports (报告): everything about an evaluation in one file, to print or to hand on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.files.text import write_bytes, write_text
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.report.auditing import write_audit
from simkaohe.report.contents import Contents
from simkaohe.scheme.edit import Scenario
from simkaohe.scheme.tree import Scheme

SUFFIXES = (".html", ".xlsx")


def write_report(
    path: str | Path,
    scheme: Scheme,
    panel: Panel,
    scenarios: Iterable[Scenario] = (),
    *,
    title: str | None = None,
    source: str = "",
) -> Path:
    """Write a report: ranking, scenarios, explanations, method and provenance, in one file.

    Parameters
    ----------
    path : str or Path
        ``.html``: one file without scripts or links to the network, made to be printed on A4.
        ``.xlsx``: a workbook with the same numbers, to calculate on.
    scheme : Scheme
    panel : Panel
    scenarios : iterable of Scenario, optional
        What is tried beside the scheme as it stands.
    title : str, optional
        Default: made of the scheme's name.
    source : str, optional
        The case's name or folder, which the command lines in the report then name.

    Returns
    -------
    Path
        Where the report is; it is written whole or not at all.

    Raises
    ------
    SimkaoheError
        Another suffix, a place that cannot be written to, and whatever is wrong with scheme, data
        or scenarios.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise SimkaoheError(
            Problem(
                str(path),
                Words(f"后缀“{path.suffix}”", f"the suffix {path.suffix!r}"),
                Words(".html 或 .xlsx", ".html or .xlsx"),
                Words(
                    "网页报告用 .html，工作簿用 .xlsx",
                    "Use .html for a page to print, .xlsx for a workbook",
                ),
            )
        )
    contents = Contents(scheme, panel, scenarios, title, source)
    if suffix == ".html":
        from simkaohe.report.page import render

        return write_text(path, render(contents))
    from simkaohe.report.book import render as workbook

    return write_bytes(path, workbook(contents))


__all__ = ["write_audit", "write_report"]
