"""The point of a polytope nearest to another one, in the sum of changes or in distance."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from simkaohe.sensitivity.polytope import Polytope, linear

Array = npt.NDArray[np.float64]
Norm = Literal["l1", "l2"]


def nearest(at: Polytope, now: Array, g: Array, h: Array, norm: Norm) -> Array | None:
    """Return the weights in a polytope nearest to others with ``g @ w >= h``; None: there are none.

    Parameters
    ----------
    now : array (V,)
        Keeps the polytope's sums.
    g, h : arrays (M, V) and (M,)
    """
    size = len(now)
    one = np.eye(size)
    body = np.vstack([np.hstack([-g, np.zeros_like(g)]), *_distances(one)])
    most = np.concatenate([-h, now, -now])
    answer = linear(np.repeat([0.0, 1.0], size), at, body, most)
    if answer.x is None:
        return None
    w = np.asarray(answer.x[:size])
    return w if norm == "l1" else _least_distance(at, now, g, h, w)


def _distances(one: Array) -> list[Array]:
    """Return rows of ``|w - now| <= e``."""
    return [np.hstack([one, -one]), np.hstack([-one, -one])]


def _least_distance(at: Polytope, now: Array, g: Array, h: Array, inside: Array) -> Array:
    """Return the nearest weights in the Euclidean norm, given some that meet the conditions.

    With an orthonormal basis of the directions that keep the sums this is the smallest y with
    ``a @ y >= b``; the residual of a non-negative least-squares problem gives it.
    """
    from scipy.linalg import null_space
    from scipy.optimize import nnls

    basis = null_space(at.blocks.astype(np.float64))
    one = np.eye(len(now))
    a = np.vstack([g, one, -one])
    b = np.concatenate([h, at.low, -at.high]) - a @ now
    length = np.linalg.norm(a @ basis, axis=1)
    keep = length > 1e-12
    a, b = (a @ basis)[keep] / length[keep, None], b[keep] / length[keep]
    if (b <= 0).all():
        return now
    # in units of a distance that is known to be enough, so that the problem is well scaled
    unit = float(np.linalg.norm(inside - now))
    matrix = np.vstack([a.T, b / unit])
    aim = np.append(np.zeros(a.shape[1]), 1.0)
    weights, _ = nnls(matrix, aim, maxiter=50 * matrix.shape[1])
    residual = matrix @ weights - aim
    w = now + basis @ (-residual[:-1] / residual[-1]) * unit
    w = np.clip(w, at.low, at.high)
    short = float(np.maximum(h - g @ w, 0.0).max(initial=0))
    if short > 1e-9:  # badly scaled: step towards weights that do meet them
        w = _towards(w, inside, g, h)
    return w


def _towards(w: Array, inside: Array, g: Array, h: Array) -> Array:
    """Return the first weights on the way to ``inside`` that meet the conditions."""
    need, there = h - g @ w, h - g @ inside
    missed = need > 0
    steps = need[missed] / np.maximum(need[missed] - there[missed], 1e-300)
    t = float(np.clip(steps.max(initial=0.0), 0.0, 1.0))
    return np.asarray((1 - t) * w + t * inside)
