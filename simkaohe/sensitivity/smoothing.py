"""The correlation ratio (相关比) of two columns: by means of groups, or by a smooth curve."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
FEWEST = 30
"""Units below which a smooth curve says nothing."""
GROUPS = 4
"""Distinct values up to which the means of groups are taken."""
SEGMENTS = 12
COUNTED = 1.4
"""What a degree of freedom costs in cross-validation."""


def correlation_ratio(x: Array, y: Array) -> tuple[float, str]:
    r"""Return the share of the variance of y that x explains, and how it was found.

    .. math:: S = \operatorname{var}(\hat E[y \mid x]) / \operatorname{var}(y)

    Parameters
    ----------
    x, y : arrays (N,)

    Returns
    -------
    ratio : float
        NaN below 30 units; 0 where x does not vary.
    method : str
        ``"groups"`` (at most four distinct values), ``"spline"``, or ``""``.
    """
    if len(x) < FEWEST or np.ptp(y) < 1e-12:
        return np.nan, ""
    values, group = np.unique(np.round(x, 9), return_inverse=True)
    centred = y - y.mean()
    whole = (centred**2).sum()
    if len(values) <= GROUPS:
        means = np.bincount(group, centred) / np.bincount(group)
        return float((means[group] ** 2).sum() / whole), "groups"
    fitted = smooth(x, centred)
    return float(min(((fitted - fitted.mean()) ** 2).sum() / whole, 1.0)), "spline"


def smooth(x: Array, y: Array) -> Array:
    """Return the cubic P-spline of y on x at the points, smoothness by cross-validation."""
    from scipy.interpolate import BSpline
    from scipy.linalg import cholesky, eigh, solve_triangular

    low, high = x.min(), x.max()
    step = (high - low) / SEGMENTS
    knots = low + step * np.arange(-3, SEGMENTS + 4)
    basis = BSpline.design_matrix(np.clip(x, low, high), knots, 3, extrapolate=True).toarray()
    second = np.diff(np.eye(basis.shape[1]), 2, axis=0)
    penalty = second.T @ second
    square = basis.T @ basis
    # Values in few places leave some coefficients free; a trace of the penalty and of the identity
    # settles them.
    square += 1e-9 * np.trace(square) / len(square) * np.eye(len(square))
    root = cholesky(square, lower=True)
    whitened = solve_triangular(root, solve_triangular(root, penalty, lower=True).T, lower=True)
    rough, turn = eigh((whitened + whitened.T) / 2)
    directions = turn.T @ solve_triangular(root, basis.T, lower=True)  # (coefficients, N)
    along = directions @ y
    strengths = np.logspace(-6, 8, 57)[:, None] * np.trace(square) / len(square)
    kept = 1 / (1 + strengths * np.maximum(rough, 0.0))  # (strengths, coefficients)
    fits = (kept * along) @ directions
    residual = ((y - fits) ** 2).sum(1)
    free = len(y) - COUNTED * kept.sum(1)
    score = np.where(free > 0, residual / np.where(free > 0, free, 1.0) ** 2, np.inf)
    best: Array = fits[score.argmin()]
    return best


__all__ = ["correlation_ratio", "smooth"]
