"""What a notebook opens with (打开): its usual example, or the case of the app."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from simkaohe.files import load
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme

CASE = "SIMKAOHE_CASE"
"""Names the case: ``simkaohe app CASE`` sets it, and for JupyterLab anybody may."""


def opened(usual: str | Path) -> tuple[Scheme, Panel]:
    """Return the case to open a notebook with; tables show whole sentences from then on.

    Parameters
    ----------
    usual : str or Path
        What is opened unless the environment variable ``SIMKAOHE_CASE`` names another case: a
        bundled case, a workbook or a folder; see :func:`simkaohe.load`.

    Returns
    -------
    scheme : Scheme
    panel : Panel

    Raises
    ------
    SimkaoheError
        Everything that is wrong in the files.
    """
    pd.set_option("display.max_colwidth", None)
    return load(os.environ.get(CASE) or usual)
