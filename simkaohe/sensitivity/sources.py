"""Sources of draws (抽样来源): scrambled Sobol points, or pseudo-random numbers, in sixteen batches.

Batches are independent of each other, so that their scatter is the standard error of every
estimate. Which numbers a draw has depends on seed, batch and place alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt

from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words

Array = npt.NDArray[np.float64]
Kind = Literal["sobol", "random"]
BATCHES = 16
"""Independent scrambles, or streams of pseudo-random numbers."""
BITS = 24
"""Of a Sobol point; a scramble has as many points as they can tell apart."""
MOST = 21201
"""Dimensions that Sobol's direction numbers (Joe and Kuo 2008) exist for."""


def uniforms(
    kind: Kind, seed: int, batch: int, dimensions: int, start: int, stop: int, rows: int
) -> Iterator[Array]:
    """Yield numbers in [0, 1), some rows at a time.

    Parameters
    ----------
    kind : {"sobol", "random"}
        Scrambled Sobol points (Owen-type linear scramble and shift), or SFC64.
    seed : int
    batch : int
        From 0; each is independent of the others.
    dimensions : int
    start, stop : int
        Which points of the batch.
    rows : int
        How many at a time.

    Yields
    ------
    array (rows, dimensions)
        The last may be shorter.
    """
    if kind == "random":
        # One stream for each call: a part of a batch is drawn without those before it.
        stream = np.random.SeedSequence(seed, spawn_key=(batch, start))
        rng = np.random.Generator(np.random.SFC64(stream))
        for first in range(start, stop, rows):
            yield rng.random((min(rows, stop - first), dimensions))
        return
    from scipy.stats import qmc

    scramble = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(batch,)))
    points = qmc.Sobol(dimensions, scramble=True, bits=BITS, seed=scramble)
    if start:
        points.fast_forward(start)
    for first in range(start, stop, rows):
        yield points.random(min(rows, stop - first))


def points_per_batch(draws: int) -> int:
    """Return the number of draws of each batch: the power of two that gives at least ``draws``."""
    return 1 << max((draws + BATCHES - 1) // BATCHES - 1, 0).bit_length()


def check_points(kind: Kind, points: int) -> None:
    """Refuse more points of a batch than a scramble has.

    Raises
    ------
    SimkaoheError
    """
    if kind == "sobol" and points > 1 << BITS:
        raise SimkaoheError(
            Problem(
                "draws",
                f"{points * BATCHES:,}",
                Words(
                    f"使用 Sobol 序列时最多 {BATCHES << BITS:,}",
                    f"at most {BATCHES << BITS:,} with Sobol points",
                ),
                Words("请用 source='random'", "Use source='random'"),
            )
        )


def check_dimensions(kind: Kind, dimensions: int) -> None:
    """Refuse more dimensions than Sobol's sequence has.

    Raises
    ------
    SimkaoheError
    """
    if kind == "sobol" and dimensions > MOST:
        raise SimkaoheError(
            Problem(
                "source",
                Words(f"{dimensions} 个随机量", f"{dimensions} numbers that vary"),
                Words(f"Sobol 序列最多 {MOST} 个", f"at most {MOST} with Sobol points"),
                Words("请用 source='random'", "Use source='random'"),
            )
        )
