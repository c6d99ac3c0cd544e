"""Parameters on their way into formulas: stated ones as numbers, drawn ones as (R, 1)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from simkaohe.scheme.method import FrozenDict, Method, Model
from simkaohe.scheme.tree import Group

Array = npt.NDArray[np.float64]
Draws = Mapping[str, Array]


def even(parts: list[Array]) -> Array:
    """Return arrays (1|R, ...) as one (K, R, ...)."""
    stack = np.empty((len(parts), max(map(len, parts)), *parts[0].shape[1:]))
    for k, part in enumerate(parts):
        stack[k] = part
    return stack


def stacked(methods: list[Any], prefix: str, draws: Draws) -> dict[str, Any]:
    """Return the parameters of like methods: numbers as (K, 1, 1), drawn ones as (R, 1)."""
    first = methods[0]
    if len(methods) == 1:
        return parameters(first, prefix, draws, None)
    return {
        name: np.array([getattr(m, name) for m in methods])[:, None, None]
        if isinstance(getattr(first, name), float)
        else _entry(first, name, prefix, {})
        for name in type(first).model_fields
        if name != "method" and name not in first.outside_formula
    }


def stacked_field(nodes: list[Any], name: str, prefix: str, draws: Draws) -> Any:
    """Return a field of several nodes as (K, 1, 1), a drawn one as (R, 1)."""
    own = np.array([getattr(node, name) for node in nodes], np.float64)[:, None, None]
    return draws.get(f"{prefix}.{name}", own)


def parameters(method: Method, prefix: str, draws: Draws, group: Group | None) -> dict[str, Any]:
    """Return the keyword arguments of a method's formula."""
    found = {
        name: _entry(method, name, prefix, draws)
        for name in type(method).model_fields
        if name != "method" and name not in method.outside_formula
    }
    if "children" in method.supplied and group is not None:
        found["children"] = tuple(child.id for child in group.children)
    return found


def _entry(model: Model, name: str, prefix: str, draws: Draws) -> Any:
    value = draws.get(f"{prefix}.{name}", getattr(model, name))
    if isinstance(value, Method):
        return partial(_call, value, parameters(value, f"{prefix}.{name}", draws, None))
    if isinstance(value, FrozenDict):
        return by_key(value, f"{prefix}.{name}", draws)
    return value


def by_key(mapping: Mapping[str, float], prefix: str, draws: Draws) -> Array:
    """Return the numbers of a mapping as (J, 1, R, 1), in its order."""
    numbers = [draws.get(f"{prefix}.{key}", np.full((1, 1), n)) for key, n in mapping.items()]
    return even(numbers)[:, None] if numbers else np.empty((0, 1, 1, 1))


def _call(method: Method, given: dict[str, Any], *data: Array, **supplied: Any) -> Any:
    """Call a formula with its own parameters and those of the supplied facts that it takes."""
    facts = {name: value for name, value in supplied.items() if name in method.supplied}
    return type(method).formula(*data, **given, **facts)
