"""Damaged workbooks; ``SIMKAOHE_FUZZ=20000`` checks that many."""

from __future__ import annotations

import os
from pathlib import Path

from tests.fuzz_workbook import run


def test_damaged_workbooks_are_read_rightly_or_refused(tmp_path: Path) -> None:
    count = int(os.environ.get("SIMKAOHE_FUZZ", "600"))
    found = run(range(count), tmp_path)
    assert found["refused"] > count / 4
    assert found["read"] > count / 10
