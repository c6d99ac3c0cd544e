"""Errors of data (数据误差): surveys, answers and what is stated, and what they do to totals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import Engine, Outcome
from simkaohe.engine.draws import readers
from simkaohe.engine.standing import Array, Bools
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.fairness.confidence import RankSets, rank_sets
from simkaohe.fairness.given import INDICATOR, check_names, error_size, indicators
from simkaohe.labels import Words
from simkaohe.scheme.measure import Answers
from simkaohe.scheme.problems import quoted
from simkaohe.scheme.tree import Indicator
from simkaohe.sensitivity import varying

Places = npt.NDArray[np.intp]
Errors = Mapping[str, float | str]
Source = tuple[str, Array, Array]
"""Where an error is known from, values (N,) and standard errors (N,), NaN where none is known."""


def sources(engine: Engine, errors: Any) -> dict[str, Source]:
    """Return what is known of errors by path of the data; surveys without one are there too."""
    leaves = {leaf.id: leaf for leaf in engine.scheme.indicators}
    if not isinstance(errors, Mapping):
        expected = Words(
            "指标和误差，如 {gdp: 3%}", "an error for each indicator, as in {'gdp': '3%'}"
        )
        raise SimkaoheError(Problem("errors", quoted(errors), expected))
    found: dict[str, Source] = {}
    for leaf in leaves.values():
        survey = leaf.measure.method == "survey"
        answers = isinstance(leaf.measure, Answers)
        sampled = engine.panel.numbers("sample_size", leaf.column) is not None
        if not (survey or answers or sampled):
            continue
        table = _table(engine, leaf)
        value = engine.values(leaf) if table == "value" else engine.numbers(table, leaf.column)
        se = np.where(np.isnan(value), 0.0, varying.survey_error(engine, leaf))
        known = (~np.isnan(se) & ~np.isnan(value)).any()
        source = "unknown" if not known else "answers" if answers else "survey"
        found[_path(engine, leaf)] = source, value, se
    check_names("errors", errors, indicators(engine.scheme), INDICATOR)
    for name, error in errors.items():
        size, relative = error_size(name, error)
        table = _table(engine, leaves[name])
        stated = (
            varying.noise(table, indicators=name, relative=size)
            if relative
            else varying.noise(table, sd={name: size})
        )
        ((path, value, se),) = stated.errors(engine)
        found[path] = "stated", value, se
    return found


def _table(engine: Engine, leaf: Indicator) -> str:
    return "actual" if readers(engine.scheme, "actual", leaf.column) else "value"


def _path(engine: Engine, leaf: Indicator) -> str:
    table = _table(engine, leaf)
    return f"data.{table}.{leaf.id if table == 'value' else leaf.column}"


def _median_sample(engine: Engine, leaf: Indicator) -> float:
    """Return the median number of people asked for one unit; NaN where it is not recorded."""
    if isinstance(leaf.measure, Answers):
        sizes = engine.people.data([leaf], "answers")[:, 0, 0].sum(0)
    else:
        sizes = engine.numbers("sample_size", leaf.column)
    sizes = sizes[sizes > 0]
    return float(np.median(sizes)) if len(sizes) else np.nan


# -- tables ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scoped:
    """Confidence sets of several scopes, put together: arrays (N,), NaN outside."""

    low: Array
    high: Array
    joint_low: Array
    joint_high: Array
    apart: Bools
    sets: tuple[tuple[Places, RankSets], ...]

    @classmethod
    def of(
        cls,
        scopes: list[Places],
        totals: Array,
        deviations: Array,
        level: float,
        late: Places,
    ) -> Scoped:
        """Return the confidence sets of every scope (places of its units)."""
        count = len(totals)
        ends = np.full((4, count), np.nan)
        apart = np.zeros((count, count), bool)
        found = []
        for units in scopes:
            if not len(units):
                continue
            own = rank_sets(totals[units], deviations[:, units], level, late[units])
            ends[:, units] = own.low, own.high, own.joint_low, own.joint_high
            apart[np.ix_(units, units)] = own.apart
            found.append((units, own))
        return cls(ends[0], ends[1], ends[2], ends[3], apart, tuple(found))


def table_of(
    engine: Engine,
    plain: Outcome,
    outcome: Outcome,
    sets: Mapping[str, Scoped],
    totals: Array,
    deviations: Array,
    names: pd.Index[Any],
) -> pd.DataFrame:
    """Return the units' table, in the engine's order; see :class:`Uncertainty`."""
    known = bool(sets)
    columns: dict[str, Any] = {
        "category": [str(engine.categories[code]) for code in engine.category],
        "total": plain.totals[0],
        "error": deviations.std(0, ddof=1) if known else np.nan,
    }
    every = {"": (plain.ranks, outcome.ranks)}
    if len(engine.members) > 1:
        every["category_"] = plain.category_ranks, outcome.category_ranks
    for prefix, (now, drawn) in every.items():
        columns[f"{prefix}rank"] = _whole(np.where(now[0] > 0, now[0], np.nan))
        scoped = sets.get(prefix)
        for end in ("low", "high", "joint_low", "joint_high"):
            values = getattr(scoped, end) if scoped else np.full(len(totals), np.nan)
            columns[f"{prefix}{end}"] = _whole(values)
        mean = np.where(now[0] > 0, drawn.mean(0), np.nan)
        columns[f"{prefix}mean_rank"] = mean if known else np.nan
    if outcome.grades is not None and plain.grades is not None and engine.scheme.grades:
        bands = [*(band.name for band in engine.scheme.grades.bands), None]
        columns["grade"] = [bands[code] for code in plain.grades[0]]
        wrong = (outcome.grades != plain.grades).mean(0)
        columns["wrong_grade"] = wrong if known else np.nan
    return pd.DataFrame(columns, names)


def _whole(values: Array) -> Any:
    return pd.arrays.IntegerArray(np.nan_to_num(values).astype(np.int64), np.isnan(values))


def error_table(
    engine: Engine,
    sources: Mapping[str, Source],
    z: Mapping[str, Array],
    deviations: Array,
    scopes: list[Places],
) -> pd.DataFrame:
    """Return what is known of errors by path of the data, and what it does to totals."""
    ranked = np.concatenate(scopes) if scopes else np.arange(0)
    d = deviations[:, ranked] - deviations[:, ranked].mean(0)
    whole = (d**2).mean(0).sum()
    rows = {}
    for path, (source, value, se) in sources.items():
        leaves = readers(engine.scheme, *path.split(".", 2)[1:])
        there = [scope[~np.isnan(value[scope] + se[scope])] for scope in scopes]
        error = reliability = sample = share = np.nan
        if (se > 0).any():
            size = max(
                np.nanmax(np.abs(value)), np.nanmax(se)
            )  # squares of shares of it are finite
            error = se[se > 0].mean()
            reliability = _reliability(there, value / size, (se / size) ** 2)
        if source != "stated":
            sample = _median_sample(engine, leaves[0])
        if path in z and whole > 0:
            share = float((((z[path][:, ranked] * d).mean(0)) ** 2).sum() / whole)
        ids, without = "、".join(leaf.id for leaf in leaves), int(np.isnan(se[ranked]).sum())
        rows[path] = [ids, source, error, without, sample, reliability, share]
    columns = ["indicators", "source", "error", "without", "sample", "reliability", "share"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("path")


def _reliability(scopes: list[Places], observed: Array, error: Array) -> float:
    """Return 1 − (mean error variance) / (variance), pooled over scopes; not below 0."""
    spread = sum(((observed[s] - observed[s].mean()) ** 2).sum() for s in scopes if len(s))
    wrong = sum((len(s) - 1) * error[s].mean() for s in scopes if len(s))
    return float(np.clip(1 - wrong / spread, 0.0, 1.0)) if spread > 0 else np.nan


def pooled_reliability(scopes: list[Places], totals: Array, deviations: Array) -> float:
    """Return the totals' reliability: errors that all units share do not count."""
    error = np.zeros(len(totals))
    for scope in scopes:
        if len(scope) > 1:
            d = deviations[:, scope] - deviations[:, scope].mean(0)
            error[scope] = d.var(1, ddof=1).mean()
    return _reliability(scopes, totals, error)


def neighbours(scopes: list[Places], totals: Array, deviations: Array) -> tuple[float, float]:
    """Return the median gap between neighbours, and the mean error variance of a difference."""
    gaps, variances = [], []
    for scope in scopes:
        order = scope[np.argsort(-totals[scope], kind="stable")]
        gaps += [*-np.diff(totals[order])]
        variances += [*np.diff(deviations[:, order], axis=1).var(0)]
    return (float(np.median(gaps)), float(np.mean(variances))) if gaps else (np.nan, np.nan)


def top(names: pd.Index[Any], plain: Outcome, scoped: Scoped | None) -> tuple[str, ...]:
    """Return who may be among those with the best grade, seats counted by scope."""
    if scoped is None or plain.grades is None:
        return ()
    found = []
    for units, own in scoped.sets:
        seats = int((plain.grades[0, units] == 0).sum())
        found += [str(names[k]) for k in units[own.best(seats)]]
    return tuple(found)
