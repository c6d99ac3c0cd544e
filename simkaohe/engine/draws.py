"""Draws (抽样): numbers that vary, checked against scheme and data before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from simkaohe.engine.population import Population
from simkaohe.errors import Problem, SimkaoheError, unknown
from simkaohe.labels import Words
from simkaohe.panel import QUANTITIES
from simkaohe.scheme.adjust import Veto
from simkaohe.scheme.corrections import Difficulty
from simkaohe.scheme.edit import value_at
from simkaohe.scheme.method import Method
from simkaohe.scheme.problems import quoted
from simkaohe.scheme.tree import Indicator, Scheme

Array = npt.NDArray[np.float64]
DRAWABLE = ("adjustments", "limits", "periods")
"""Fields of the scheme whose numbers may vary, besides those of its nodes."""
DATA_TABLES = (*QUANTITIES, "value")
"""Tables whose columns may vary by unit; ``value`` is what an indicator measures."""


def data_address(path: str) -> tuple[str, str] | None:
    """Return table and column of a path ``data.<table>.<column>``; None for any other path."""
    first, _, rest = path.partition(".")
    table, _, column = rest.partition(".")
    return (table, column) if first == "data" and table in DATA_TABLES and column else None


def readers(scheme: Scheme, table: str, column: str) -> list[Indicator]:
    """Return the indicators whose score depends on a column of the data."""
    if table == "value":
        return [leaf for leaf in scheme.indicators if leaf.id == column]
    return [
        leaf
        for leaf in scheme.indicators
        if leaf.column == column and table in (*leaf.measure.data, *leaf.rule.data)
    ]


def checked(scheme: Scheme, people: Population, draws: Mapping[str, Any]) -> dict[str, Array]:
    """Return draws as arrays (R,) of finite numbers, those of data as (R, N).

    Raises
    ------
    SimkaoheError
        See :meth:`Engine.run`.
    """
    given: dict[str, Array] = {}
    problems: list[Problem] = []
    for path, values in draws.items():
        if address := data_address(path):
            given[path] = np.atleast_2d(np.asarray(values, np.float64))
            problems += _data_problems(scheme, people, path, address, given[path])
            continue
        try:
            value_at(scheme, path)
            array = np.atleast_1d(np.asarray(values, np.float64))
        except SimkaoheError as error:
            problems += error.problems
            continue
        except (TypeError, ValueError):
            problems.append(Problem(path, str(type(values).__name__), Words("数组", "an array")))
            continue
        if not can_be_drawn(scheme, path):
            problems.append(
                Problem(
                    path,
                    quoted(value_at(scheme, path)),
                    Words("指标、分组或加减分的一个数", "a number of a node or adjustment"),
                    Words("结构的改动请用 edit", "Change structure with scheme.edit"),
                )
            )
        elif array.ndim != 1 or not len(array) or not np.isfinite(array).all():
            problems.append(
                Problem(
                    path,
                    Words(f"形状为 {array.shape} 的数组", f"an array of shape {array.shape}"),
                    Words("一维、全部为有限数的数组", "finite numbers in one dimension"),
                )
            )
        else:
            given[path] = array
    lengths = {len(array) for array in given.values()} - {1}
    if len(lengths) > 1:
        problems.append(
            Problem(
                "draws",
                Words(f"长度不一：{sorted(lengths)}", f"different lengths: {sorted(lengths)}"),
                remedy=Words("每条路径的抽样数要相同", "Give every path the same number of draws"),
            )
        )
    if problems:
        raise SimkaoheError(*problems)
    own = {path: array for path, array in given.items() if array.ndim == 1}
    for row in _telling_rows(own):
        edits = {path: float(array[row if len(array) > 1 else 0]) for path, array in own.items()}
        weights = {path for path in edits if ".weight" in path and edits[path] >= 0}
        scheme.edit({path: value for path, value in edits.items() if path not in weights})
    return given


def _telling_rows(draws: Mapping[str, Array]) -> list[int]:
    """Return rows that violate a bound, or an order between two fields, if any row does.

    They are those where a number is least and greatest, and where two numbers of one method are
    furthest apart. Negative weights are told by their least; the sum of weights is the engine's.
    """
    rows: set[int] = set()
    for path, array in draws.items():
        rows |= (
            {int(array.argmin())}
            if ".weight" in path
            else {int(array.argmin()), int(array.argmax())}
        )
        for other, values in draws.items():
            one_method = path.rpartition(".")[0] == other.rpartition(".")[0]
            if path < other and one_method and ".weight" not in path:
                apart = array - values
                rows |= {int(apart.argmin()), int(apart.argmax())}
    if all(".weight" in path and array.min() >= 0 for path, array in draws.items()):
        return []
    return sorted(rows)


def can_be_drawn(scheme: Scheme, path: str) -> bool:
    """Return whether the engine takes a number from a draw."""
    first, *steps = path.split(".")
    if first not in scheme.nodes and first not in DRAWABLE:
        return False
    found: Any = scheme.nodes.get(first, getattr(scheme, first, None))
    for step in steps:
        if isinstance(found, tuple) or step in ("cancelled", "levels", "seats"):
            return False  # lists, conditions and shares are structure
        if isinstance(found, Difficulty) and step in ("low", "high"):
            return False
        if isinstance(found, Method) and step in found.outside_formula:
            return isinstance(found, Veto) and step == "cap"
        if isinstance(found, Mapping):
            known = scheme.categories if "weights_by_category" in steps else found
            caps = "caps" in steps and first == "adjustments"
            if step not in known and not caps:
                return False
            found = found.get(step)
        else:
            found = getattr(found, step)
    return found is None or isinstance(found, float)


def _data_problems(
    scheme: Scheme, people: Population, path: str, address: tuple[str, str], values: Array
) -> Iterator[Problem]:
    table, column = address
    found = readers(scheme, table, column)
    if not found:
        known = {leaf.id if table == "value" else leaf.column for leaf in scheme.indicators}
        yield unknown(path, column, sorted(known), Words("会用到的数据列", "column that is used"))
    elif any(leaf.way == "moderate" for leaf in found) and table == "value":
        yield Problem(
            path,
            Words("适度指标", "a moderate indicator"),
            Words("正向或逆向指标", "a positive or negative one"),
            Words("请改抽 data.actual", "Draw data.actual instead"),
        )
    if values.ndim != 2 or values.shape[1] != len(people.units) or np.isinf(values).any():
        count = len(people.units)
        yield Problem(
            path,
            Words(f"形状为 {values.shape} 的数组", f"an array of shape {values.shape}"),
            Words(f"(抽样, {count} 个单位) 的有限数", f"finite numbers (draws, {count} units)"),
        )
