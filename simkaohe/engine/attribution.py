"""Attribution (数据归属): shared results are counted into units before anything is scored."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.labels import Words
from simkaohe.panel import UNIT, Panel
from simkaohe.scheme.corrections import Transfer
from simkaohe.scheme.tree import Indicator, Scheme

Array = npt.NDArray[np.float64]
TABLES = (
    "actual",
    "target",
    "previous",
    "baseline",
    "predecessor",
    "cumulative",
    "cumulative_target",
)
"""What is attributed: every table in which a zone's results stand beside the district's."""


def attributed(scheme: Scheme, panel: Panel) -> Panel:
    """Return the data with the scheme's transfers made; the same panel where there is none.

    Sums: ``x_j + a·x_z``; rates: the mean of both rates weighted with their ``base``, the source's
    multiplied by a. A unit without a value of its own takes the source's. All transfers start from
    the recorded values, so that their order does not matter.

    Raises
    ------
    SimkaoheError
        Units that have no data, rates without a base.
    """
    if not scheme.attribution:
        return panel
    place = {unit: row for row, unit in enumerate(panel.units)}
    problems = [
        unknown(f"attribution.{name}", unit, panel.units, UNIT)
        for name, transfer in scheme.attribution.items()
        for unit in (transfer.source, *transfer.to)
        if unit not in place
    ]
    for leaf in scheme.indicators:
        if leaf.base is not None and panel.numbers("covariates", leaf.base) is None:
            there = panel.columns("covariates")
            problems.append(unknown(f"{leaf.id}.base", leaf.base, there, Words("列", "column")))
    if problems:
        raise SimkaoheError(*problems)
    problems += _split_columns(scheme)
    if problems:
        raise SimkaoheError(*problems)
    tables: dict[str, dict[str, Array]] = {table: {} for table in TABLES}
    for leaf in scheme.indicators:
        if leaf.attributed == "none":
            continue
        transfers = _transfers(scheme, leaf)
        shares = matrix(transfers, place)
        for table in TABLES:
            values = panel.numbers(table, leaf.column)
            if values is None:
                continue
            if table == "target" and leaf.target is not None:
                values = np.where(np.isnan(values), leaf.target, values)
            if leaf.attributed == "sum":
                values = _summed(shares, values)
            else:
                base = panel.numbers("covariates", str(leaf.base))
                assert base is not None
                lacks = ~np.isnan(values) & np.isnan(base)
                problems += _baseless(leaf, transfers, np.array(panel.units)[lacks])
                values = _averaged(shares, values, base)
            values.flags.writeable = False
            tables[table][leaf.column] = values
    if problems:
        raise SimkaoheError(*dict.fromkeys(problems))
    return panel.with_numbers(tables)


def _transfers(scheme: Scheme, leaf: Indicator) -> list[Transfer]:
    return [t for t in scheme.attribution.values() if not t.indicators or leaf.id in t.indicators]


def _split_columns(scheme: Scheme) -> list[Problem]:
    """Return a problem for indicators that read one column and share it in different ways."""
    ways: dict[str, tuple[str, object]] = {}
    problems = []
    for leaf in scheme.indicators:
        if not {*leaf.measure.data, *leaf.rule.data} & set(TABLES):
            continue  # ratings and answers are not shared
        named = [name for name, t in scheme.attribution.items() if leaf.id in t.indicators]
        way = (leaf.attributed, leaf.base, tuple(named))
        first, other = ways.setdefault(leaf.column, (leaf.id, way))
        if other != way:
            problems.append(
                Problem(
                    f"{leaf.id}.attributed",
                    Words(
                        f"与“{first}”读同一数据列，归属办法却不同",
                        f"it reads the same column as {first!r}, which is shared differently",
                    ),
                    remedy=Words("请写成一致，或另设数据列", "Say the same, or use another column"),
                )
            )
    return problems


def matrix(transfers: list[Transfer], place: dict[str, int]) -> Array:
    """Return shares (N, N): row = unit that gets, column = unit whose result it is."""
    shares = np.eye(len(place))
    for transfer in transfers:
        source = place[transfer.source]
        shares[source, source] = min(shares[source, source], transfer.keeps)
        for unit, share in transfer.to.items():
            shares[place[unit], source] += share
    return shares


def _summed(shares: Array, values: Array) -> Array:
    there = ~np.isnan(values)
    whole = shares @ np.where(there, values, 0.0)
    given = there | (((shares > 0) & there).sum(1) > 0)
    return np.where(given, whole, np.nan)


def _averaged(shares: Array, values: Array, base: Array) -> Array:
    there = ~np.isnan(values)
    mass = shares * np.where(there, np.nan_to_num(base), 0.0)
    np.fill_diagonal(mass, np.where(there, np.nan_to_num(base), 0.0))  # a rate is not shared out
    total = mass.sum(1)
    mean = (mass @ np.where(there, values, 0.0)) / np.where(total > 0, total, 1.0)
    alone = (shares - np.diag(np.diag(shares))).sum(1) == 0
    return np.where(alone, values, np.where(total > 0, mean, np.nan))


def _baseless(leaf: Indicator, transfers: list[Transfer], units: Iterable[str]) -> list[Problem]:
    """Return a problem for those of the units whose results are shared."""
    return [
        Problem(
            f"covariates › {unit} › {leaf.base}",
            Words(f"“{leaf.id}”归属要用的权数缺失", f"{leaf.id!r} needs it to be attributed"),
            Words("数", "a number"),
        )
        for unit in units
        if any(unit == t.source or unit in t.to for t in transfers)
    ]
