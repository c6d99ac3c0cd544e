"""What callers give (给定的数): numbers by unit or indicator, covariates, options; checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from simkaohe.engine import Engine
from simkaohe.engine.standing import Array, Bools
from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.problems import quoted
from simkaohe.scheme.tree import Scheme

COVERED = 0.5
"""Of the ranked units must have a covariate that nobody asked for: else it is for few of them."""
INDICATOR = Words("指标", "indicator")
COVARIATE = Words("背景数据列", "covariate")
NOTHING = Words("没有填写", "nothing")


# -- options ---------------------------------------------------------------------------------------


def check(options: Mapping[str, tuple[Any, bool, str, str]]) -> None:
    """Refuse options that are not as expected: name, (what was given, whether it is fine, zh, en)."""
    problems = [
        Problem(name, f"{x}", Words(zh, en))
        for name, (x, fine, zh, en) in options.items()
        if not fine
    ]
    if problems:
        raise SimkaoheError(*problems)


def check_names(
    where: str, names: Iterable[str], known: Mapping[str, str] | Sequence[str], what: Words
) -> None:
    """Refuse names that there are not, with the nearest that there are."""
    if wrong := [unknown(where, name, known, what) for name in names if name not in known]:
        raise SimkaoheError(*wrong)


def indicators(scheme: Scheme) -> dict[str, str]:
    """Return the labels of the scheme's indicators by id."""
    return {leaf.id: leaf.label for leaf in scheme.indicators}


def error_size(name: str, error: float | str) -> tuple[float, bool]:
    """Return an error's size, and whether it is a share of the value."""
    words = str(error).strip()
    try:
        size = float(words.removesuffix("%"))
    except ValueError:
        size = np.nan
    if not 0 < size < np.inf:
        expected = Words(
            "大于 0 的数，或占数值的百分比（如 3%）", "a number above 0, or a share such as '3%'"
        )
        raise SimkaoheError(Problem(f"errors › {name}", quoted(error), expected))
    return (size / 100, True) if words.endswith("%") else (size, False)


def check_cutoffs(cutoffs: Iterable[float]) -> None:
    """Refuse lines between categories that are no sizes."""
    wrong = [cut for cut in cutoffs if not (is_number(cut) and cut > 0)]
    check({"cutoffs": (wrong[0] if wrong else "", not wrong, "> 0 的数", "numbers > 0")})


def check_pass_lines(lines: float | Mapping[str, float] | None) -> None:
    """Refuse pass lines that are no scores."""
    given = lines.values() if isinstance(lines, Mapping) else () if lines is None else (lines,)
    wrong = [line for line in given if not (is_number(line) and 0 <= line <= 100)]
    check({"pass_lines": (wrong[0] if wrong else "", not wrong, "0 到 100 的分数", "0 to 100")})


def is_number(given: Any) -> bool:
    """Whether something is a finite number."""
    return (
        isinstance(given, int | float | np.number)
        and not isinstance(given, bool)
        and bool(np.isfinite(given))
    )


def by_indicator(
    scheme: Scheme, where: str, numbers: Mapping[str, float] | None
) -> dict[str, float]:
    """Return numbers above zero by indicator as floats; others, and unknown names, are refused."""
    known = indicators(scheme)
    problems, above = [], Words("大于 0 的数", "a number above 0")
    for name, number in (numbers or {}).items():
        if name not in known:
            problems.append(unknown(f"{where} › {name}", name, known, INDICATOR))
        elif not (is_number(number) and number > 0):
            problems.append(Problem(f"{where} › {name}", f"{number}", above))
    if problems:
        raise SimkaoheError(*problems)
    return {name: float(number) for name, number in (numbers or {}).items()}


# -- numbers by unit -------------------------------------------------------------------------------


def own_table(panel: Panel, given: pd.DataFrame) -> pd.DataFrame:
    """Return numbers of one's own, units × columns, checked as the data are."""
    return Panel(pd.DataFrame(index=list(panel.units)), covariates=given).frame("covariates")


def numbers_of(
    engine: Engine, given: str | pd.Series[Any], where: str, *, gaps: bool = False
) -> Array:
    """Return a number for every unit, (N,): a column of the covariates, or numbers by unit.

    Refused are unknown columns and units, what is no number, and ranked units without a number
    (with ``gaps`` only when none has one).
    """
    if isinstance(given, str):
        what = Words("数据列", "column")
        check_names(where, [given], engine.panel.columns("covariates"), what)
        found = engine.numbers("covariates", given)
    else:
        own = own_table(engine.panel, pd.Series(given, dtype=object).to_frame(where))
        found = own[where].reindex(list(engine.units)).to_numpy(np.float64)
    problems = [
        Problem(f"{where} › {engine.units[u]}", NOTHING, Words("一个数", "a number"))
        for u in np.flatnonzero(np.isnan(found) & engine.people.ranked)
    ]
    if problems and not (gaps and len(problems) < engine.people.ranked.sum()):
        raise SimkaoheError(*problems)
    return found


# -- covariates ------------------------------------------------------------------------------------


def given_covariates(
    engine: Engine,
    covariates: pd.DataFrame | Sequence[str] | None,
    effort: str | None,
    ranked: Bools,
) -> tuple[pd.DataFrame, dict[str, Words]]:
    """Return the covariates (and effort) of the engine's units, and those left out."""
    table = engine.panel.frame("covariates")
    left_out: dict[str, Words] = {}
    if effort is not None and not isinstance(covariates, pd.DataFrame):
        check_names("effort", [effort], [*map(str, table)], COVARIATE)
    if isinstance(covariates, pd.DataFrame):
        table = table.drop(columns=[c for c in table if c in covariates])
        table = table.join(own_table(engine.panel, covariates))
        names = [str(column) for column in covariates if column != effort]
    elif covariates is not None:
        names = [covariates] if isinstance(covariates, str) else list(dict.fromkeys(covariates))
    else:
        names, left_out = _most_known(table.reindex(list(engine.units))[ranked], effort)
    asked = [*names, *([effort] if effort else [])]
    check_names("covariates", asked, [str(column) for column in table], COVARIATE)
    if effort in names:
        both = Words("既是努力，又是禀赋", "it is both effort and endowment")
        remedy = Words("只归入其中一类", "Keep it as one of the two")
        raise SimkaoheError(Problem(f"covariates › {effort}", both, remedy=remedy))
    return table[asked].reindex(list(engine.units)), left_out


def _most_known(table: pd.DataFrame, effort: str | None) -> tuple[list[str], dict[str, Words]]:
    """Return covariates that enough ranked units have all of, the best known first, and the rest."""
    known = table.drop(columns=[effort] if effort else []).notna()
    if not len(table):
        return [], {str(name): Words("没有参加排名的单位", "no unit is ranked") for name in known}
    names: list[str] = []
    left_out: dict[str, Words] = {}
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
    alone = Words("类别里只有这一个单位有数据", "it is the only one of its category with data")
    missing = Words("背景数据不全", "a covariate is missing")
    there = np.flatnonzero(ranked & ~here)
    return here, {engine.units[u]: alone if full[u] else missing for u in there}
