"""The audit as one HTML page (公平性体检页): lights told by shape and words, made for A4."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.fairness.auditing import Audit, complaints_of
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
                (str(words), [_row(audit, finding) for finding in findings])
                for _, words, findings in audit.sections()
            ],
            changed=_changed(audit),
        )
    )


def _row(audit: Audit, finding: Finding) -> dict[str, Any]:
    row: dict[str, Any] = {
        "light": finding.light,
        "numbers": complaints_of(finding.topic),
        "question": finding.question,
        "sentence": finding.sentence,
        "caution": finding.caution,
    }
    if audit.before is not None:
        told = audit.table.loc[finding.topic]
        row["before"] = told["light_before"] or "grey"
        row["change"] = CHANGES[str(told["change"])]
    return row


def _changed(audit: Audit) -> dict[str, int] | None:
    """Return how many lights became better and worse; None without another scheme before."""
    if audit.before is None:
        return None
    return {name: int((audit.table["change"] == name).sum()) for name in CHANGES if name}
