"""The functions that notations may use, and numbers as people write them (算式函数)."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from simkaohe.ranks import comparable, dense, last_digits, places

TOLERANCE = 1e-9
EXACT = 9


def number(value: Any, decimals: int = 4) -> str:
    """Return a number as people write it: so many decimals, four digits where it is small."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    value = float(value)
    if np.isnan(value):
        return "–"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    if value and abs(value) < 0.01:
        text = np.format_float_positional(float(f"{value:.4g}"), trim="-")
    return "0" if text == "-0" else text.replace("-", "−")


def half_up(value: float, digits: int) -> float:
    """Return a number rounded half up, as the engine rounds totals."""
    if not np.isfinite(value):
        return value
    return float(last_digits(np.array([value]), digits)[0]) / 10.0**digits


def _limited(pick: Callable[[Any, Any], Any], over: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return min or max: of a vector, or of several values without those that are None."""

    def limited(*values: Any) -> Any:
        given = [value for value in values if value is not None]
        if len(values) == 1:
            return float(over(given[0])) if np.ndim(given[0]) else given[0]
        found = reduce(pick, given)
        return found if np.ndim(found) else float(found)

    return limited


def _whole(x: Any) -> Any:
    return np.floor(np.asarray(x, float) + TOLERANCE)


def among(name: str, x: Any, sign: int, *extra: Any) -> Any:
    """Return a fact about the units compared; missing values play no part."""
    there = x[~np.isnan(x)]
    if name == "place":
        behind = np.where(np.isnan(x), -np.inf, x * sign)
        low = behind[np.isfinite(behind)].min(initial=0.0) - 1
        return _places(np.where(np.isinf(behind), low, behind), *extra)
    if name == "count":
        return float(len(there))
    if not len(there):
        return np.nan
    if name in ("best_of", "worst_of"):
        high = (name == "best_of") == (sign > 0)
        tail = extra[0] if extra else 0.0
        return np.quantile(there, 1 - tail if high else tail)
    if name == "deviation":
        sample = bool(extra[0]) if extra else True
        return there.std(ddof=1 if sample and len(there) > 1 else 0)
    return there.mean() if name == "mean" else there.sum()


def _places(goodness: Any, ties: str = "min", digits: int | None = None) -> Any:
    first, last = places(comparable(goodness[None], EXACT if digits is None else digits))
    if ties == "dense":
        return dense(first)[0].astype(float)
    return ((first + last) / 2 if ties == "mean" else first.astype(float))[0]


def _tier(x: Any, limits: Any, table: Any, sign: int) -> float:
    rising = np.sort(sign * np.asarray(limits))
    return float(table[int(np.searchsorted(rising - TOLERANCE, sign * x, side="right"))])


def _staged(x: Any, limits: Any, table: Any) -> float:
    at = int(np.searchsorted(np.asarray(limits) - TOLERANCE, x, side="right"))
    return float(table[min(max(at, 1), len(table)) - 1])


def _ordered(limits: Any, table: Any) -> tuple[Any, Any]:
    limits, table = np.asarray(limits, float), np.asarray(table, float)
    return (limits, table) if limits[0] < limits[-1] else (limits[::-1], table[::-1])


def _along(x: Any, limits: Any, table: Any) -> float:
    return float(np.interp(x, *_ordered(limits, table)))


def along_text(x: float, limits: Any, table: Any) -> str:
    """Return the interpolation between the two entries that a value lies between."""
    limits, table = _ordered(limits, table)
    if x <= limits[0] or x >= limits[-1]:
        return number(table[0] if x <= limits[0] else table[-1])
    j = int(np.searchsorted(limits, x, side="right")) - 1
    a, b, low, high = (number(v) for v in (table[j], table[j + 1], limits[j], limits[j + 1]))
    return f"{a} + ({b} − {a}) × ({number(x)} − {low}) ÷ ({high} − {low})"


def _toward(limits: Any, sign: int) -> Any:
    """Return reference points with the worst first, in the direction of the indicator."""
    return np.sort(sign * np.asarray(limits, float)) * sign


def _nth(table: Any, place: Any) -> float:
    return float(np.interp(place, np.arange(1, len(table) + 1), table))


def _repeated(counts: Any, further: Any) -> Any:
    """Return 1 + ρ + ρ² + … over the counts, the started one in proportion."""
    full = np.floor(counts)
    series = full if abs(further - 1) < 1e-12 else (1 - further**full) / (1 - further)
    return series + (counts - full) * further**full


def _kept_of(ratings: Any, trim: int) -> Any:
    given = np.sort(ratings[~np.isnan(ratings)])
    k = trim if len(given) >= 2 * trim + 1 else 0
    return given[k : len(given) - k]


def ranks_given(ratings: Any) -> Any:
    """Return every rater's places (M, N), of those that rated, NaN where one did not."""
    better = ratings[:, None, :] > ratings[:, :, None]
    return np.where(np.isnan(ratings), np.nan, 1 + better.sum(-1))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": _limited(np.minimum, np.min),
    "max": _limited(np.maximum, np.max),
    "abs": np.abs,
    "log": np.log,
    "whole": _whole,
    "trunc": lambda x: np.where(np.asarray(x) >= 0, _whole(x), -_whole(-np.asarray(x))),
    "sum": lambda x: float(np.sum(x)),
    "product": lambda x: float(np.prod(x)),
    "length": lambda x: float(len(x)),
    "known": lambda x: ~np.isnan(x),
    "any": lambda x: bool(np.any(np.asarray(x) > 0)),
    "tier": _tier,
    "staged": _staged,
    "along": _along,
    "toward": _toward,
    "first": lambda table: float(table[0]),
    "last": lambda table: float(table[-1]),
    "nth": _nth,
    "repeated": _repeated,
    "kept_of": _kept_of,
}
