"""Weights within bounds whose sums are kept: extremes of linear functions, and HiGHS behind them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
    """Weights within ``low`` and ``high`` (V,); those of every block (B, V), which are apart, sum to 1."""

    low: Array
    high: Array
    blocks: Bools

    def is_empty(self) -> bool:
        """Whether no weights are within the bounds."""
        least, most = self.blocks @ self.low, self.blocks @ self.high
        crossed = (self.low > self.high + SLACK).any()
        return bool(crossed or (least > 1 + SLACK).any() or (most < 1 - SLACK).any())

    def largest(self, g: Array) -> tuple[Array, Array]:
        """Return the largest values (R,) of ``g @ w``, for g (R, V), and weights (R, V) for them."""
        w = np.empty(g.shape)
        for block in self.blocks:
            inside = np.flatnonzero(block)
            order = np.argsort(-g[:, inside], axis=1, kind="stable")
            low, room = self.low[inside], (self.high - self.low)[inside][order]
            taken = np.clip(1.0 - low.sum() - (room.cumsum(1) - room), 0.0, room)
            filled = np.empty_like(taken)
            np.put_along_axis(filled, order, taken, 1)
            w[:, inside] = low + filled
        return (g * w).sum(1), w

    def kept(self, more: int) -> tuple[Array, Array]:
        """Return what keeps the sums, ``rows @ x = 1``, with some variables beyond the weights."""
        rows = np.hstack([self.blocks.astype(np.float64), np.zeros((len(self.blocks), more))])
        return rows, np.ones(len(rows))


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
    ends = [*zip(at.low, at.high, strict=True), *[(None, None)] * more]
    precise = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    with quiet():
        return linprog(cost, rows, most, *at.kept(more), ends, method="highs", options=precise)


class Program(NamedTuple):
    """A mixed-integer program over the weights and further variables.

    ``cost`` (V + Z,) is minimised with ``rows @ x <= most``; ``ends`` (2, Z) are the bounds of the
    variables beyond the weights, ``whole`` (Z,) says which of them are whole numbers.
    """

    cost: Array
    ends: Array
    whole: Bools
    rows: Array
    most: Array


def mixed(program: Program, at: Polytope, seconds: float = np.inf) -> Any:
    """Solve a mixed-integer program over the polytope's weights, within a time limit."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    cost, ends, whole, rows, most = program
    kept, sums = at.kept(len(whole))
    given: dict[str, Any] = {
        "integrality": np.concatenate([np.zeros(len(at.low)), whole]),
        "bounds": Bounds(np.concatenate([at.low, ends[0]]), np.concatenate([at.high, ends[1]])),
        "constraints": [LinearConstraint(kept, sums, sums), LinearConstraint(rows, -np.inf, most)],
    }
    with quiet():
        for presolve in (True, False):  # now and then HiGHS stumbles over its own presolve
            options = {"time_limit": seconds, "mip_rel_gap": 0.0, "presolve": presolve}
            answer = milp(cost, options=options, **given)
            if answer.status != SOLVE_ERROR:
                break
    return answer
