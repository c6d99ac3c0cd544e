"""``simkaohe lab``: the notebooks."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from simkaohe.cli.options import LANGUAGE, Commands
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words


def add(commands: Commands) -> None:
    """Add the command of this module."""
    lab = commands.add("lab", _lab, "open the notebooks in JupyterLab", LANGUAGE)
    lab.add_argument("jupyter", nargs=argparse.REMAINDER, help="passed on to JupyterLab")


def _lab(arguments: argparse.Namespace) -> None:
    notebooks = Path(__file__).parents[2] / "notebooks"
    if not notebooks.is_dir():
        raise SimkaoheError(
            Problem(
                "lab",
                Words("安装包里没有教学笔记本", "the notebooks are not in the installed package"),
                remedy=Words("请在项目文件夹里运行", "Run it in a checkout of the project"),
            )
        )
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    words = [sys.executable, "-m", "jupyterlab", str(notebooks), *root, *arguments.jupyter]
    raise SystemExit(subprocess.call(words))
