"""What is known of the errors of data (数据误差): surveys, answers, and what is stated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from simkaohe.engine import Engine
from simkaohe.engine.draws import readers
from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.labels import Words
from simkaohe.scheme.measure import Answers
from simkaohe.scheme.problems import quoted
from simkaohe.scheme.tree import Indicator
from simkaohe.sensitivity import varying

Array = npt.NDArray[np.float64]
Errors = Mapping[str, float | str]
INDICATOR = Words("指标", "indicator")
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
    labels = {name: leaf.label for name, leaf in leaves.items()}
    problems = [unknown("errors", n, labels, INDICATOR) for n in errors if n not in leaves]
    if problems:
        raise SimkaoheError(*problems)
    for name, error in errors.items():
        size, relative = _size(name, error)
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


def _size(name: str, error: float | str) -> tuple[float, bool]:
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


def median_sample(engine: Engine, leaf: Indicator) -> float:
    """Return the median number of people asked for one unit; NaN where it is not recorded."""
    if isinstance(leaf.measure, Answers):
        sizes = engine.people.data([leaf], "answers")[:, 0, 0].sum(0)
    else:
        sizes = engine.numbers("sample_size", leaf.column)
    sizes = sizes[sizes > 0]
    return float(np.median(sizes)) if len(sizes) else np.nan
