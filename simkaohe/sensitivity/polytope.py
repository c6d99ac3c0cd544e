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
from typing import Any, NamedTuple

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
