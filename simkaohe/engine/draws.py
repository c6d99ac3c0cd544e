"""Draws (抽样): numbers that vary, checked against the scheme before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words
from simkaohe.scheme.edit import value_at
from simkaohe.scheme.problems import quoted
from simkaohe.scheme.tree import Scheme

Array = npt.NDArray[np.float64]
DRAWABLE = ("adjustments", "limits", "periods")
"""Fields of the scheme whose numbers may vary, besides those of its nodes."""


def checked(scheme: Scheme, draws: Mapping[str, Any]) -> dict[str, Array]:
    """Return draws as arrays (R,) of finite numbers.

    Raises
    ------
    SimkaoheError
        See :meth:`Engine.run`.
    """
    given: dict[str, Array] = {}
    problems: list[Problem] = []
    for path, values in draws.items():
        try:
            now = value_at(scheme, path)
            first = path.partition(".")[0]
            if not (first in scheme.nodes or first in DRAWABLE) or not _is_number(now):
                problems.append(
                    Problem(
                        path,
                        quoted(now),
                        Words("指标、分组或加减分的一个数", "a number of a node or adjustment"),
                        Words("结构的改动请用 edit", "Change structure with scheme.edit"),
                    )
                )
                continue
            array = np.atleast_1d(np.asarray(values, np.float64))
            if array.ndim != 1 or not len(array) or not np.isfinite(array).all():
                problems.append(
                    Problem(
                        path,
                        Words(f"形状为 {array.shape} 的数组", f"an array of shape {array.shape}"),
                        Words("一维、全部为有限数的数组", "finite numbers in one dimension"),
                    )
                )
            for end in {float(array.min()), float(array.max())} if array.size else ():
                weight = ".weight" in path
                if not weight or end < 0:
                    scheme.edit({path: end})
            given[path] = array
        except SimkaoheError as error:
            problems += error.problems
        except (TypeError, ValueError):
            problems.append(Problem(path, str(type(values).__name__), Words("数组", "an array")))
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
    return given


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, float)
