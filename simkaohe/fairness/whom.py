"""Who is studied, and by which covariates (研究哪些单位、用哪些背景数据)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import Engine
from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.fairness.given import own_table
from simkaohe.labels import Words
from simkaohe.panel import Panel

Bools = npt.NDArray[np.bool_]
COVERED = 0.5
"""Of the ranked units must have a covariate that nobody asked for: else it is for few of them."""
COVARIATE = Words("背景数据列", "covariate")


def given_covariates(
    engine: Engine,
    panel: Panel,
    covariates: pd.DataFrame | Sequence[str] | None,
    effort: str | None,
    ranked: Bools,
) -> tuple[pd.DataFrame, dict[str, Words]]:
    """Return the covariates (and effort) of the engine's units, and those left out."""
    table = panel.frame("covariates")
    left_out: dict[str, Words] = {}
    if effort is not None and effort not in table and not isinstance(covariates, pd.DataFrame):
        raise SimkaoheError(unknown("effort", effort, [*map(str, table)], COVARIATE))
    if isinstance(covariates, pd.DataFrame):
        table = table.drop(columns=[c for c in table if c in covariates])
        table = table.join(own_table(panel, covariates))
        names = [str(column) for column in covariates if column != effort]
    elif covariates is not None:
        names = [covariates] if isinstance(covariates, str) else list(dict.fromkeys(covariates))
    else:
        names, left_out = _most_known(table.reindex(list(engine.units))[ranked], effort)
    asked = [*names, *([effort] if effort else [])]
    missing = [name for name in asked if name not in table]
    if missing:
        columns = [str(column) for column in table]
        raise SimkaoheError(*(unknown("covariates", n, columns, COVARIATE) for n in missing))
    if effort in names:
        raise SimkaoheError(
            Problem(
                f"covariates › {effort}",
                Words("既是努力，又是禀赋", "it is both effort and endowment"),
                remedy=Words("只归入其中一类", "Keep it as one of the two"),
            )
        )
    return table[asked].reindex(list(engine.units)), left_out


def _most_known(table: pd.DataFrame, effort: str | None) -> tuple[list[str], dict[str, Words]]:
    """Return covariates that enough ranked units have all of, the best known first, and the rest."""
    known = table.drop(columns=[effort] if effort else []).notna()
    names: list[str] = []
    left_out: dict[str, Words] = {}
    if not len(table):
        return names, {
            str(name): Words("没有参加排名的单位", "no unit is ranked") for name in known
        }
    for name in known.sum().sort_values(ascending=False, kind="stable").index:
        together = known[[*names, name]].all(axis=1).mean()
        if together >= COVERED:
            names.append(str(name))
            continue
        left_out[str(name)] = Words(
            f"只有 {together:.0%} 的单位同时有它和其余数据",
            f"only {together:.0%} of units have it beside the others",
        )
    return names, left_out


def studied(engine: Engine, given: pd.DataFrame, ranked: Bools) -> tuple[Bools, dict[str, Words]]:
    """Return who is studied (N,), and why others that are ranked are not."""
    full: Bools = given.notna().all(axis=1).to_numpy() & ranked
    counts = np.bincount(engine.category[full], minlength=len(engine.categories))
    here = full & (counts[engine.category] > 1)
    reasons = {}
    for unit in np.flatnonzero(ranked & ~here):
        reasons[engine.units[unit]] = (
            Words("类别里只有这一个单位有数据", "it is the only one of its category with data")
            if full[unit]
            else Words("背景数据不全", "a covariate is missing")
        )
    return here, reasons
