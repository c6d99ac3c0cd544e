"""Weights whose effective weights are near stated ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from simkaohe.sensitivity.demands import FORGIVEN, Effective, covariance_shares
from simkaohe.sensitivity.field import Field
from simkaohe.sensitivity.solving import Norm, nearest

Array = npt.NDArray[np.float64]


def with_shares(
    field: Field, shares: Sequence[Effective], g: Array, h: Array, norm: Norm
) -> tuple[Array, bool] | None:
    """Return weights with effective weights near stated ones, and whether none are nearer.

    None when there are none (exact targets) or none were found (with a tolerance, by SLSQP).
    """
    covariance = shares[0].covariance(field)
    exact = {demand: risk_parity(covariance, demand.wanted(field)) for demand in shares}

    def meets(w: Array) -> bool:
        far = [_far(covariance, w, d.wanted(field)) - d.tolerance for d in shares]
        return max(far) <= FORGIVEN and bool((g @ w >= h - FORGIVEN).all())

    for demand, w in exact.items():
        if demand.tolerance <= FORGIVEN:  # the only weights that do
            return (w, True) if meets(w) else None
    start = nearest(field.at, field.now, g, h, norm)
    if start is None:
        return None
    if meets(start):
        return start, True
    starts = [start, field.now, *exact.values()]
    tried = [_sequential(field, shares, covariance, g, h, norm, w) for w in starts]
    good = [w for w in [*tried, *exact.values()] if meets(w)]
    if not good:
        return None
    return min(good, key=lambda w: _distance(w - field.now, norm)), False


def _distance(change: Array, norm: Norm) -> float:
    return float(np.abs(change).sum() if norm == "l1" else np.sqrt(change @ change))


def _far(covariance: Array, w: Array, wanted: Array) -> float:
    return float(np.abs(covariance_shares(covariance, w) - wanted).max())


def _sequential(
    field: Field,
    shares: Sequence[Effective],
    covariance: Array,
    g: Array,
    h: Array,
    norm: Norm,
    start: Array,
) -> Array:
    """Run SLSQP over weights w and changes e >= |w - now|."""
    from scipy.optimize import minimize

    now, at, size = field.now, field.at, len(field.now)
    one = np.eye(size)

    def shortfall(x: Array) -> Array:
        found = covariance_shares(covariance, x[:size])
        parts = [
            [d.tolerance - (found - d.wanted(field)), d.tolerance + (found - d.wanted(field))]
            for d in shares
        ]
        return np.concatenate([part for pair in parts for part in pair])

    def slope(x: Array) -> Array:
        w, pull = x[:size], covariance @ x[:size]
        whole = w @ pull
        change = (np.diag(pull) + w[:, None] * covariance) / whole
        change -= 2 * np.outer(w * pull / whole, pull / whole)
        both = np.vstack([-change, change])
        return np.hstack(
            [np.tile(both, (len(shares), 1)), np.zeros((2 * len(shares) * size, size))]
        )

    rows = np.vstack(
        [np.hstack([g, np.zeros_like(g)]), np.hstack([-one, one]), np.hstack([one, one])]
    )
    least = np.concatenate([h, -now, now])
    kept = np.hstack([at.blocks.astype(np.float64), np.zeros((len(at.blocks), size))])

    def goal(x: Array) -> tuple[float, Array]:
        if norm == "l1":
            return float(x[size:].sum()), np.repeat([0.0, 1.0], size)
        change = x[:size] - now
        return 50 * float(change @ change), np.concatenate([100 * change, np.zeros(size)])

    answer = minimize(
        goal,
        np.concatenate([start, np.abs(start - now)]),
        jac=True,
        method="SLSQP",
        bounds=[*zip(np.maximum(at.low, 0.0), at.high, strict=True), *[(0.0, 2.0)] * size],
        constraints=[
            {"type": "eq", "fun": lambda x: kept @ x - at.sums, "jac": lambda _: kept},
            {"type": "ineq", "fun": lambda x: rows @ x - least, "jac": lambda _: rows},
            {"type": "ineq", "fun": shortfall, "jac": slope},
        ],
        options={"maxiter": 500, "ftol": 1e-13},
    )
    return np.asarray(answer.x[:size])


def risk_parity(covariance: Array, wanted: Array) -> Array:
    r"""Return the weights (V,), sum 1, whose covariance shares are exactly those wanted.

    Notes
    -----
    With C the correlations and b the shares, :math:`\min_x x'Cx/2 - \sum b \log x` is strictly
    convex; its solution over the standard deviations is in proportion to the weights (Spinu 2013).
    Newton steps, shortened so that x stays positive.
    """
    spread = np.sqrt(np.diag(covariance))
    c = covariance / np.outer(spread, spread)
    x = np.sqrt(wanted / max(float(np.sqrt(wanted) @ c @ np.sqrt(wanted)), 1e-12))

    def value(x: Array) -> float:
        return float(x @ c @ x / 2 - wanted @ np.log(x))

    for _ in range(200):
        slope = c @ x - wanted / x
        if np.abs(x * slope).max() < 1e-14:
            break
        step = -np.linalg.solve(c + np.diag(wanted / x**2), slope)
        down = step < 0
        t = min(1.0, 0.95 * float((-x[down] / step[down]).min(initial=np.inf)))
        while t > 1e-12 and value(x + t * step) > value(x) + 1e-4 * t * float(slope @ step) + 1e-16:
            t /= 2
        x = x + t * step
    return np.asarray(x / spread / (x / spread).sum())
