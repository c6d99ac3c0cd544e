"""Functions of one number, one for each unit: piecewise ratios of polynomials, compared exactly.

The number runs from 0 to 1. Pieces may have different ends in every unit; a unit that needs fewer
pieces than another has empty ones at the end. A score that is missing is NaN throughout.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
NARROW = 1e-13
"""Pieces that are narrower than this are empty."""


@dataclass(frozen=True, eq=False)
class Curves:
    """Functions of N units on [0, 1]: pieces between rising ``ends`` (P + 1, N).

    ``top`` (P, N, D + 1) are the coefficients of the numerators, the constant first; ``bottom``
    (N, E + 1) those of the denominators, which are positive on [0, 1].
    """

    ends: Array
    top: Array
    bottom: Array

    @classmethod
    def constant(cls, values: Array) -> Curves:
        """Return functions that do not vary, from their values (N,)."""
        n = len(values)
        return cls(_whole(n), np.asarray(values, np.float64)[None, :, None], np.ones((n, 1)))

    @classmethod
    def line(cls, start: Array, end: Array) -> Curves:
        """Return straight lines from their values at 0 and at 1, each (N,)."""
        top = np.stack([start, end - start], -1)[None]
        return cls(_whole(len(start)), top, np.ones((len(start), 1)))

    def __len__(self) -> int:
        return self.top.shape[1]

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Which units have no score, (N,)."""
        missing: npt.NDArray[np.bool_] = np.isnan(self.top[0]).any(1)
        missing |= np.isnan(self.bottom).any(1)
        return missing

    def at(self, u: Array) -> Array:
        """Return the values (R, N) at places u (R,) or (R, N)."""
        u = np.broadcast_to(u[:, None] if u.ndim == 1 else u, (len(u), len(self)))
        piece = self._piece(u)
        top = self.top[piece, np.arange(len(self))]
        with np.errstate(invalid="ignore", divide="ignore"):  # 0/0 at the very ends
            return _value(top, u) / _value(self.bottom, u)

    def slope(self, u: Array) -> Array:
        """Return the derivatives (R, N) at u (R, N); at a kink that of the piece after it."""
        piece = self._piece(u)
        top = self.top[piece, np.arange(len(self))]
        bottom, above = _value(self.bottom, u), _value(top, u)
        rising = _value(_derived(top), u) * bottom - above * _value(_derived(self.bottom), u)
        return rising / bottom**2

    def extremes(self) -> tuple[Array, Array]:
        """Return the lowest and the highest value strictly inside (0, 1), each (N,)."""
        change = _sum(
            _product(_derived(self.top), self.bottom), -_product(self.top, _derived(self.bottom))
        )
        low, high = self.ends[:-1], self.ends[1:]
        inside = np.moveaxis(roots(change, low, high), -1, 0)
        u = np.clip(np.concatenate([[low, high], inside]), 1e-9, 1 - 1e-9)  # (places, P, N)
        values = _value(self.top, u) / _value(self.bottom, u)
        values = np.where(high - low > NARROW, values, np.nan)
        return np.nanmin(values, (0, 1), initial=np.inf), np.nanmax(values, (0, 1), initial=-np.inf)

    def of(self, units: npt.NDArray[np.intp]) -> Curves:
        """Return the functions of some units."""
        return Curves(self.ends[:, units], self.top[:, units], self.bottom[units])

    # -- arithmetic ------------------------------------------------------------------------------

    def __add__(self, other: Curves) -> Curves:
        a, b = aligned(self, other)
        if a.bottom.shape == b.bottom.shape and np.array_equal(a.bottom, b.bottom):
            return Curves(a.ends, _sum(a.top, b.top), a.bottom)
        top = _sum(_product(a.top, b.bottom), _product(b.top, a.bottom))
        return Curves(a.ends, top, _product(a.bottom, b.bottom))

    def __mul__(self, other: Curves) -> Curves:
        a, b = aligned(self, other)
        return Curves(a.ends, _product(a.top, b.top), _product(a.bottom, b.bottom))

    def times(self, factor: Array | float) -> Curves:
        """Return the functions times numbers (N,)."""
        scale = np.broadcast_to(np.asarray(factor, np.float64), (len(self),))
        return Curves(self.ends, self.top * scale[:, None], self.bottom)

    def plus(self, number: Array | float) -> Curves:
        """Return the functions plus numbers (N,)."""
        added = np.broadcast_to(np.asarray(number, np.float64), (len(self),))
        return Curves(self.ends, _sum(self.top, self.bottom * added[:, None]), self.bottom)

    def over(self, other: Curves) -> Curves:
        """Return the quotient; ``other`` has one piece and is positive, NaN where it is not."""
        assert len(other.top) == 1
        below = other.top[0]
        flat = np.abs(below[:, 1:]).max(-1, initial=0) <= 1e-14 * np.abs(below[:, 0])
        below = np.where(flat[:, None] & (np.arange(below.shape[1]) > 0), 0.0, below)
        size = np.where(flat, below[:, 0], 1.0)  # a constant, but for noise, is divided away
        size = np.where(below.sum(1) + below[:, 0] > 0, size, np.nan)
        rest = below[:, :1] if flat.all() else below
        whole = np.where(flat & (below[:, 0] != 0), below[:, 0], 1.0)
        bottom = _product(self.bottom, rest / whole[:, None])
        return Curves(self.ends, _product(self.top, other.bottom), bottom).times(1 / size)

    def where_below(self, mark: Curves, then: Curves, otherwise: Curves) -> Curves:
        """Return ``then`` where these functions are below ``mark``, else ``otherwise``.

        NaN for units that miss these functions or the mark.
        """
        gap = self + mark.times(-1.0)
        gap, then, otherwise = aligned(gap, then, otherwise)
        cuts = roots(gap.top, gap.ends[:-1], gap.ends[1:])
        ends = np.sort(np.concatenate([gap.ends, *np.moveaxis(cuts, -1, 0)]), axis=0)
        middle = (ends[1:] + ends[:-1]) / 2
        piece, unit = gap._piece(middle), np.arange(len(self))
        size = max(then.top.shape[-1], otherwise.top.shape[-1])
        below = _value(gap.top[piece, unit], middle) < 0
        if not np.array_equal(then.bottom, otherwise.bottom):
            then, otherwise = _common(then, otherwise)
            size = max(then.top.shape[-1], otherwise.top.shape[-1])
        top = np.where(
            below[..., None],
            _padded(then.top, size)[piece, unit],
            _padded(otherwise.top, size)[piece, unit],
        )
        top = np.where(gap.missing[:, None], np.nan, top)
        return _tidy(Curves(ends, top, then.bottom))

    def lowest(self, other: Curves) -> Curves:
        """Return the lower of two functions everywhere."""
        return self.where_below(other, self, other)

    def highest(self, other: Curves) -> Curves:
        """Return the higher of two functions everywhere."""
        return self.where_below(other, other, self)

    def _piece(self, u: Array) -> npt.NDArray[np.intp]:
        """Return which piece (R, N) places u (R, N) are in."""
        piece = np.zeros(u.shape, np.intp)
        for end in self.ends[1:-1]:
            piece += u >= end
        # the last end of a unit with empty pieces lies before those
        full = np.maximum((np.diff(self.ends, axis=0) > NARROW).cumsum(0).argmax(0), 0)
        return np.minimum(piece, full)


def aligned(*curves: Curves) -> tuple[Curves, ...]:
    """Return functions with the same pieces."""
    if all(len(c.top) == 1 for c in curves):
        return curves
    first = curves[0].ends
    if all(c.ends.shape == first.shape and np.array_equal(c.ends, first) for c in curves):
        return curves
    ends = np.sort(np.concatenate([first, *(c.ends[1:-1] for c in curves[1:])]), axis=0)
    middle = (ends[1:] + ends[:-1]) / 2
    unit = np.arange(ends.shape[1])
    return tuple(Curves(ends, c.top[c._piece(middle), unit], c.bottom) for c in curves)


def roots(top: Array, low: Array, high: Array) -> Array:
    """Return where polynomials (..., D + 1) are zero strictly inside (low, high).

    The last axis of the result has D places; one that is no root inside holds ``high``.
    """
    found = np.full((*top.shape[:-1], max(top.shape[-1] - 1, 1)), np.nan)
    size = np.abs(top).max(-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        counts = np.abs(top) > 1e-13 * size
    degree = np.where(counts.any(-1), top.shape[-1] - 1 - counts[..., ::-1].argmax(-1), 0)
    with np.errstate(all="ignore"):
        for each in np.unique(degree[degree > 0]):
            here = degree == each
            found[here, :each] = _roots_of(top[here][:, : each + 1])
    inside = (found > low[..., None]) & (found < high[..., None])
    return np.where(inside, found, high[..., None])


def _roots_of(p: Array) -> Array:
    """Return the real roots (M, D) of polynomials (M, D + 1) of degree D; NaN for others."""
    degree = p.shape[1] - 1
    if degree == 1:
        return -p[:, :1] / p[:, 1:]
    if degree == 2:
        c, b, a = p.T
        inner = b * b - 4 * a * c
        # A pair of roots that rounding has moved off the line counts as one.
        inner = np.where((inner < 0) & (inner > -1e-14 * b * b), 0.0, inner)
        q = -(b + np.where(b < 0, -1.0, 1.0) * np.sqrt(inner)) / 2
        return np.stack([q / a, c / q], -1)
    companion = np.zeros((len(p), degree, degree))
    companion[:, range(1, degree), range(degree - 1)] = 1.0
    companion[:, :, -1] = -p[:, :-1] / p[:, -1:]
    values = np.linalg.eigvals(companion)
    real = np.where(np.abs(values.imag) < 1e-6 * (1 + np.abs(values.real)), values.real, np.nan)
    for _ in range(3):  # Newton
        step = _value(p[:, None], real) / _value(_derived(p)[:, None], real)
        real = np.where(np.isfinite(step) & (np.abs(step) < 1e-3), real - step, real)
    return real


def _whole(n: int) -> Array:
    return np.repeat([[0.0], [1.0]], n, 1)


def _value(p: Array, u: Array) -> Array:
    """Return polynomials (..., D + 1) at u (...)."""
    found = np.zeros(np.broadcast_shapes(p.shape[:-1], u.shape))
    for k in range(p.shape[-1] - 1, -1, -1):
        found = found * u + p[..., k]
    return found


def _derived(p: Array) -> Array:
    return p[..., 1:] * np.arange(1, p.shape[-1]) if p.shape[-1] > 1 else np.zeros_like(p)


def _padded(p: Array, size: int) -> Array:
    return np.concatenate([p, np.zeros((*p.shape[:-1], size - p.shape[-1]))], -1)


def _sum(a: Array, b: Array) -> Array:
    size = max(a.shape[-1], b.shape[-1])
    return _padded(a, size) + _padded(b, size)


def _product(a: Array, b: Array) -> Array:
    shape = np.broadcast_shapes(a.shape[:-1], b.shape[:-1])
    found = np.zeros((*shape, a.shape[-1] + b.shape[-1] - 1))
    for k in range(b.shape[-1]):
        found[..., k : k + a.shape[-1]] += a * b[..., k : k + 1]
    return found


def _common(a: Curves, b: Curves) -> tuple[Curves, Curves]:
    """Return two functions over one denominator."""
    bottom = _product(a.bottom, b.bottom)
    return (
        Curves(a.ends, _product(a.top, b.bottom), bottom),
        Curves(b.ends, _product(b.top, a.bottom), bottom),
    )


def _tidy(curves: Curves) -> Curves:
    """Return the functions without pieces that are empty for everybody."""
    wide = np.diff(curves.ends, axis=0) > NARROW
    most = max(int(wide.sum(0).max(initial=0)), 1)
    order = np.argsort(~wide, axis=0, kind="stable")[:most]
    unit = np.arange(len(curves))
    starts = np.where(np.take_along_axis(wide, order, 0), curves.ends[order, unit], 1.0)
    ends = np.concatenate([starts, np.ones((1, len(curves)))])
    ends[0] = 0.0
    return Curves(ends, curves.top[order, unit], curves.bottom)


Bools = npt.NDArray[np.bool_]
ZERO = -1e6
"""The logarithm that stands for a score of zero."""
FAR = 1e12
"""Beyond every score."""
MIDDLE = np.array([0.5])


@dataclass(frozen=True)
class Score:
    """A node's score along the number: curves to a power; None: it is their exponential."""

    curves: Curves
    power: float | None = 1.0

    @property
    def plain(self) -> bool:
        """Whether the curves are the score itself."""
        return self.power == 1.0

    def inverse(self, values: Array) -> Array:
        """Return what the curves are where the score has these values."""
        if self.power is None:
            return np.where(values > 0, np.log(np.where(values > 0, values, 1.0)), ZERO)
        return values if self.plain else np.maximum(values, 0.0) ** (1 / self.power)

    def values(self, curves: Array) -> Array:
        """Return scores where the curves have these values."""
        if self.power is None:
            return np.exp(curves)
        return curves if self.plain else np.maximum(curves, 0.0) ** self.power

    def times(self, factor: Array) -> Score:
        """Return the score times factors (N,) ≥ 0."""
        if self.power is not None:
            return replace(self, curves=self.curves.times(self.inverse(factor)))
        raised = self.curves.plus(np.where(factor > 0, self.inverse(factor), 0.0))
        top = np.where(factor[:, None] > 0, raised.top, 0.0 * raised.top)
        top[:, :, 0] = np.where(factor > 0, top[:, :, 0], top[:, :, 0] + ZERO)
        return replace(self, curves=Curves(raised.ends, top, raised.bottom))
