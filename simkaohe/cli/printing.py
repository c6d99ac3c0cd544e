"""What commands print: tables, CSV and JSON, to the terminal or to a file."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

import pandas as pd

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.files.text import write_text
from simkaohe.labels import Words
from simkaohe.scheme.tree import Scheme
from simkaohe.scheme.wording import in_words


def put(text: str, arguments: argparse.Namespace) -> None:
    """Print a text, or write it to the file that was named."""
    target = getattr(arguments, "output", None)
    if target is None:
        try:
            print(text, end="" if text.endswith("\n") else "\n", flush=True)
        except OSError:  # a closed pipe, a full disk: what is left cannot be printed at exit either
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise
        return
    if target.suffix.lower() in (".xlsx", ".xls", ".et"):
        raise SimkaoheError(
            Problem(
                str(target),
                Words("这里写出的是文字，不是工作簿", "what is written here is text, no workbook"),
                remedy=Words(
                    "请用 .csv、.json 或 .txt；要工作簿请用 simkaohe report",
                    "Use .csv, .json or .txt; for a workbook use simkaohe report",
                ),
            )
        )
    csv = getattr(arguments, "format", "") == "csv"
    write_text(target, text, encoding="utf-8-sig" if csv else "utf-8")


def said(words: Words) -> None:
    """Say something that is no output, on the error stream."""
    print(words, file=sys.stderr)


def shown(frame: pd.DataFrame, arguments: argparse.Namespace, scheme: Scheme | None) -> str:
    """Return a frame as the table, CSV or JSON that was asked for."""
    if arguments.format == "csv":
        return frame.map(_harmless).to_csv(index=False, lineterminator="\n")
    if arguments.format == "json":
        plain = frame.astype(object).where(frame.notna(), None)
        return json.dumps(plain.to_dict("records"), ensure_ascii=False, indent=1, default=float)
    import tabulate

    tabulate.PRESERVE_WHITESPACE = True
    frame = in_words(frame, scheme)
    digits = 2 if scheme is None or scheme.ranking.digits is None else scheme.ranking.digits
    decimals = digits if scheme is not None else 4
    rows = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    sides = [
        "right" if any(isinstance(cell, int | float) for cell in column) else "left"
        for column in zip(*rows, strict=True)
    ]
    return tabulate.tabulate(
        [[f"{x:.{decimals}f}" if isinstance(x, float) else x for x in row] for row in rows],
        headers=list(frame.columns),
        disable_numparse=True,  # a unit named 001 stays 001
        colalign=sides if rows else None,
        missingval="",
        tablefmt="simple",
    )


def _harmless(cell: Any) -> Any:
    """Return a cell that a spreadsheet shows as it is: a text that looks like a formula gets a '."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@") else cell
