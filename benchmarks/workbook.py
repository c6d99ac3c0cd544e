"""Time of reading a large workbook against pandas, which only fetches the cells.

python benchmarks/workbook.py [units] [indicators]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from timing import interleaved

import simkaohe as sk
from simkaohe.files.workbook import read_workbook, write_workbook


def large_case(units: int, indicators: int) -> tuple[sk.Scheme, sk.Panel]:
    """Return a flat scheme with actual, target and previous values."""
    ids = [f"x{i}" for i in range(indicators)]
    leaves = [{"id": name, "rule": "minmax", "missing": "zero"} for name in ids]
    scheme = sk.Scheme.read({"name": "大案例", "root": {"id": "total", "children": leaves}})
    rng = np.random.default_rng(7)
    names = [f"单位{i:04d}" for i in range(units)]
    frames = [pd.DataFrame(rng.normal(50, 20, (units, indicators)), names, ids) for _ in range(3)]
    return scheme, sk.Panel(frames[0], target=frames[1], previous=frames[2])


def main(units: int = 3000, indicators: int = 100) -> None:
    scheme, panel = large_case(units, indicators)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.xlsx"
        start = perf_counter()
        write_workbook(path, scheme, panel)
        print(
            f"{units} units x {indicators} indicators x 3 tables, {path.stat().st_size / 1e6:.1f} MB"
        )
        print(f"write_workbook                 {perf_counter() - start:6.2f} s")
        assert read_workbook(path)[:2] == (scheme, panel)
        calls = {
            "read_workbook": lambda: read_workbook(path),
            "pandas.read_excel (openpyxl)": lambda: pd.read_excel(
                path, sheet_name=None, engine="openpyxl"
            ),
        }
        try:
            import python_calamine  # noqa: F401
        except ImportError:
            print("python-calamine is not installed: left out")
        else:
            calls["pandas.read_excel (calamine)"] = lambda: pd.read_excel(
                path, sheet_name=None, engine="calamine"
            )
        times = interleaved(calls, seconds=0, least=2, turn=1)
    mine = times["read_workbook"].best
    for name, time in times.items():
        print(f"{name:30} {time.best:6.2f} s   ours / theirs = {mine / time.best:.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
