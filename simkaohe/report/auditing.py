"""The audit as one HTML page (公平性体检页): lights told by shape and words, made for A4."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.fairness.asking import complaints_of
from simkaohe.fairness.auditing import Audit
from simkaohe.fairness.finding import LIGHTS, Finding
from simkaohe.files.text import write_text
from simkaohe.labels import Words, language
from simkaohe.report.contents import Contents

CHANGES = {
    "better": Words("↑ 好转", "↑ better"),
    "worse": Words("↓ 变差", "↓ worse"),
    "same": Words("＝ 未变", "＝ the same"),
    "": Words("–", "–"),
}
"""What a change of light is called."""


def write_audit(
    path: str | Path, audit: Audit, *, title: str | None = None, source: str = ""
) -> Path:
    """Write an audit as one page, to print or to hand on.

    Parameters
    ----------
    path : str or Path
        ``.html``: one file without scripts or links to the network.
    audit : Audit
    title : str, optional
        Default: made of the scheme's name.
    source : str, optional
        The case's name or folder, which the page then names.

    Returns
    -------
    Path
        Where the page is; it is written whole or not at all.

    Raises
    ------
    SimkaoheError
        Another suffix, or a place that cannot be written to.
    """
    path = Path(path)
    if path.suffix.lower() != ".html":
        raise SimkaoheError(
            Problem(
                str(path), Words(f"后缀“{path.suffix}”", f"the suffix {path.suffix!r}"), ".html"
            )
        )
    return write_text(path, audit_page(audit, title=title, source=source))


def audit_page(audit: Audit, *, title: str | None = None, source: str = "") -> str:
    """Return an audit as HTML."""
    from simkaohe.report.page import room

    name = audit.scheme.label
    default = Words(f"{name}：公平性体检", f"{name}: fairness audit")
    contents = Contents(audit.scheme, audit.panel, (), title or str(default), source)
    change = {} if audit.before is None else dict(audit.table["change"])
    return (
        room()
        .get_template("audit.html.j2")
        .render(
            c=contents,
            audit=audit,
            lang="zh-CN" if language() == "zh" else "en",
            lights=LIGHTS,
            complaints=audit.complaints.reset_index().to_dict("records"),
            sections=[
                (words, [_row(audit, finding, change) for finding in findings])
                for _, words, findings in audit.sections()
            ],
            changed={name: [*change.values()].count(name) for name in CHANGES} if change else None,
        )
    )


def _row(audit: Audit, finding: Finding, change: Mapping[Any, str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "light": finding.light,
        "numbers": complaints_of(finding.topic),
        "question": finding.question,
        "sentence": finding.sentence,
        "caution": finding.caution,
        "was": None,
    }
    if audit.before is not None:
        old = {f.topic: f for f in audit.before.findings}.get(finding.topic)
        row["before"] = old.light if old else None
        row["change"] = CHANGES[change[finding.topic]]
        if old and old.sentence != finding.sentence:
            row["was"] = old.sentence
    return row
