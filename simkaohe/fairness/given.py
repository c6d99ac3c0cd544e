"""Numbers of units that are given by name, or as a series."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import Engine
from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.labels import Words
from simkaohe.panel import Panel


def own_table(panel: Panel, given: pd.DataFrame) -> pd.DataFrame:
    """Return numbers of one's own, units × columns, checked as the data are."""
    return Panel(pd.DataFrame(index=list(panel.units)), covariates=given).frame("covariates")


def numbers_of(
    engine: Engine, given: str | pd.Series[Any], where: str, *, gaps: bool = False
) -> npt.NDArray[np.float64]:
    """Return a number for every ranked unit, (N,) in the engine's order.

    Parameters
    ----------
    engine : Engine
    given : str or Series
        A column of the covariates, or numbers by unit.
    where : str
        The parameter's name, for messages.
    gaps : bool
        Whether some of the ranked units may have none.

    Raises
    ------
    SimkaoheError
        No such covariate; unknown units, and what is no number; ranked units without a number,
        all of them where gaps are allowed.
    """
    if isinstance(given, str):
        there = engine.panel.columns("covariates")
        if given not in there:
            raise SimkaoheError(unknown(where, given, there, Words("数据列", "column")))
        found = engine.numbers("covariates", given)
    else:
        own = own_table(engine.panel, pd.Series(given, dtype=object).to_frame(where))
        found = own[where].reindex(list(engine.units)).to_numpy(np.float64)
    nothing, number = Words("没有填写", "nothing"), Words("一个数", "a number")
    problems = [
        Problem(f"{where} › {engine.units[u]}", nothing, number)
        for u in np.flatnonzero(np.isnan(found) & engine.people.ranked)
    ]
    if problems and not (gaps and len(problems) < engine.people.ranked.sum()):
        raise SimkaoheError(*problems)
    return found
