"""Weights within bounds whose sums are kept: extremes of linear functions, and HiGHS behind them.

Variables ``w`` (V,) lie in ``low <= w <= high``; every block of them keeps its sum. Greedy filling
gives the extremes when blocks do not overlap, a linear program otherwise.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
SLACK = 1e-12
"""What bounds and sums forgive: sums of decimals are not exact."""
SOLVE_ERROR = 4
"""The status by which milp says that HiGHS failed."""


@dataclass(frozen=True)
class Polytope:
    """Weights within bounds, sums of blocks kept.

    Attributes
    ----------
    low, high : arrays (V,)
    blocks : array (B, V) of bool
        Which variables keep a sum together.
    sums : array (B,)
    """

    low: Array
    high: Array
    blocks: Bools
    sums: Array

    @cached_property
    def apart(self) -> bool:
        """Whether no variable is in two blocks."""
        return bool((self.blocks.sum(0) <= 1).all())

    def is_empty(self) -> bool:
        """Whether no weights are within the bounds."""
        if (self.low > self.high + SLACK).any():
            return True
        least, most = self.blocks @ self.low, self.blocks @ self.high
        if (least > self.sums + SLACK).any() or (most < self.sums - SLACK).any():
            return True
        return not self.apart and not linear(np.zeros(len(self.low)), self).success

    def largest(self, g: Array) -> tuple[Array, Array]:
        """Return the largest value of each ``g @ w`` and weights that reach it.

        Parameters
        ----------
        g : array (R, V)

        Returns
        -------
        value : array (R,)
        weights : array (R, V)
        """
        if not self.apart:
            w = np.array([linear(-row, self).x for row in g]).reshape(g.shape)
            return (g * w).sum(1), w
        # outside every block nothing is kept: the better end
        w = np.where(g > 0, self.high, self.low)
        for block, total in zip(self.blocks, self.sums, strict=True):
            inside = np.flatnonzero(block)
            order = np.argsort(-g[:, inside], axis=1, kind="stable")
            low, room = self.low[inside], (self.high - self.low)[inside][order]
            taken = np.clip(total - low.sum() - (room.cumsum(1) - room), 0.0, room)
            filled = np.empty_like(taken)
            np.put_along_axis(filled, order, taken, 1)
            w[:, inside] = low + filled
        return (g * w).sum(1), w


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what a solver prints from the process's standard output."""
    if sys.stdout is not None:
        sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # there is none
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def linear(cost: Array, at: Polytope, rows: Array | None = None, most: Array | None = None) -> Any:
    """Minimise ``cost @ x`` over the polytope and ``rows @ x <= most``; x starts with the weights.

    Further variables, those beyond the weights, are free.
    """
    from scipy.optimize import linprog

    more = len(cost) - len(at.low)
    equal = np.hstack([at.blocks.astype(np.float64), np.zeros((len(at.blocks), more))])
    ends = [*zip(at.low, at.high, strict=True), *[(None, None)] * more]
    with quiet():
        return linprog(
            cost, rows, most, equal if len(equal) else None, at.sums if len(equal) else None, ends,
            method="highs",
            options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
        )  # fmt: skip


class Program(NamedTuple):
    """A mixed-integer program over the weights and further variables.

    Attributes
    ----------
    cost : array (V + Z,)
        To be minimised.
    ends : array (2, Z)
        Bounds of the variables beyond the weights.
    whole : array (Z,) of bool
        Which of them are whole numbers.
    rows, most : arrays (M, V + Z) and (M,)
        ``rows @ x <= most``.
    """

    cost: Array
    ends: Array
    whole: Bools
    rows: Array
    most: Array


def mixed(program: Program, at: Polytope, seconds: float) -> Any:
    """Solve a mixed-integer program over the polytope's weights, within a time limit."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    cost, ends, whole, rows, most = program
    kept = np.hstack([at.blocks.astype(np.float64), np.zeros((len(at.sums), len(whole)))])
    given: dict[str, Any] = {
        "integrality": np.concatenate([np.zeros(len(at.low)), whole]),
        "bounds": Bounds(np.concatenate([at.low, ends[0]]), np.concatenate([at.high, ends[1]])),
        "constraints": [
            LinearConstraint(kept, at.sums, at.sums),
            LinearConstraint(rows, -np.inf, most),
        ],
    }
    with quiet():
        for presolve in (True, False):  # now and then HiGHS stumbles over its own presolve
            options = {"time_limit": seconds, "mip_rel_gap": 0.0, "presolve": presolve}
            answer = milp(cost, options=options, **given)
            if answer.status != SOLVE_ERROR:
                break
    return answer


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
