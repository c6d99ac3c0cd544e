"""Sobol indices (全局敏感性): which of the things that vary makes the ranking uncertain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import compiled
from simkaohe.errors import Problem, SimkaoheError, check_seed, refuse
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme
from simkaohe.sensitivity.counting import Study
from simkaohe.sensitivity.layout import Plan
from simkaohe.sensitivity.varying import Choice, Varying, ranges

Array = npt.NDArray[np.float64]
SHIFT = ("mean_shift", "")
"""The output beside the units': the mean number of places that units are moved."""
PARTS = ("first", "first_error", "total", "total_error")
SMALLEST = 1e-12
"""Share of the variance below which a factor has no effect."""


def sobol_indices(
    scheme: Scheme,
    panel: Panel,
    *what: Varying | Choice | Mapping[str, tuple[float, float]],
    draws: int = 1024,
    seed: int = 0,
    resamples: int = 100,
    confidence: float = 0.95,
    factors: Literal["each", "grouped"] = "each",
) -> SobolIndices:
    r"""Divide the variance of every unit's rank and total among the things that vary.

    .. math:: S_j = \frac{V(E[Y \mid X_j])}{V(Y)}, \qquad
        T_j = \frac{E[V(Y \mid X_{\sim j})]}{V(Y)}

    Parameters
    ----------
    scheme, panel : Scheme, Panel
    *what : Weights, Ranges, Choice, Noise, or mapping of edit path to (low, high)
        What varies, all together; a mapping is short for ``ranges``.
    draws : int, default 1024
        Base points, a power of two; the scheme is evaluated draws × (factors + 2) times.
    seed : int
        Above 0 for the same bootstrap as SALib's; the same seed gives the same numbers.
    resamples : int, default 100
        Bootstrap samples behind the confidence intervals.
    confidence : float in (0, 1), default 0.95
    factors : {"each", "grouped"}
        Each weight a factor of its own, or all weights of a group one.

    Raises
    ------
    SimkaoheError
        When SALib is missing, nothing varies or fewer than two factors, ``draws`` is no power of
        two, or as :func:`montecarlo`.

    Notes
    -----
    The sampling plan is SALib's (Saltelli's extension of scrambled Sobol points); so are the
    estimators (Saltelli et al. 2010 for the first order, Jansen for the total), here for all
    outputs at once, the bootstrap as matrix products. The numbers are those that SALib gives output
    by output. An index estimated from few draws may be below 0 or above 1 within its interval.

    References
    ----------
    [1] Saltelli et al. (2010), Variance based sensitivity analysis of model output, Computer
        Physics Communications 181(2).
    [2] Herman & Usher (2017), SALib, J. Open Source Software 2(9).
    """
    check_seed(seed)
    _check(draws, resamples, confidence)
    objects = tuple(ranges(dict(w)) if isinstance(w, Mapping) else w for w in what)
    key = f"sobol {id(scheme)} {id(panel)}"
    study = Study(Plan(key, (("", scheme),), panel, objects, seed, "sobol", frozenset()))
    names, problem = _problem(study, scheme, factors)
    points = _points(problem, draws, seed)
    outcome = study.outcomes("", points)
    base = compiled(scheme, panel).run()
    ranked = (base.ranks[0] > 0) & (outcome.ranks > 0).all(0)
    shift = np.zeros(len(points))
    if ranked.any():
        shift = np.abs(outcome.ranks - base.ranks[0])[:, ranked].mean(1)
    outputs = np.hstack([outcome.ranks.astype(np.float64), outcome.totals, shift[:, None]])
    found = estimates(outputs, len(names), resamples, confidence, seed)
    of_units = [(output, unit) for output in ("rank", "total") for unit in study.units]
    columns = pd.MultiIndex.from_tuples([*of_units, SHIFT], names=["output", "unit"])
    index = pd.Index(names, name="factor")
    tables = {name: pd.DataFrame(table, index, columns) for name, table in found.items()}
    return SobolIndices(**tables, draws=draws, evaluations=len(points), confidence=confidence)


@dataclass(frozen=True)
class SobolIndices:
    """Sobol 指数: tables of factors × (output, unit).

    The outputs are ``("rank", unit)``, ``("total", unit)`` and ``("mean_shift", "")``: the mean
    over the ranked units of the places that they are away from the scheme's own ranking. An output
    that does not vary at all has NaN.

    Attributes
    ----------
    first, total, first_error, total_error : DataFrame
        First-order and total indices; half-widths of their confidence intervals.
    draws, evaluations : int
    confidence : float
    """

    first: pd.DataFrame
    total: pd.DataFrame
    first_error: pd.DataFrame
    total_error: pd.DataFrame
    draws: int
    evaluations: int
    confidence: float

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Factors, those with the largest total index for the mean shift first.

        Columns: ``first``, ``first_error``, ``total``, ``total_error`` for the mean shift;
        ``mean_rank``: the mean total index for the ranks that vary; ``largest_rank`` and ``unit``:
        the unit's rank that depends most on it; ``effect``: ``"ranks"``, ``"totals"`` or
        ``"none"``.
        """
        frame = pd.DataFrame({name: getattr(self, name)[SHIFT] for name in PARTS})
        ranks = self._totals("rank")
        frame["mean_rank"], frame["largest_rank"] = ranks.mean(axis=1), ranks.max(axis=1)
        has = ranks.notna().any(axis=1)
        frame["unit"] = [ranks.loc[name].idxmax() if has[name] else None for name in ranks.index]
        frame["effect"] = [self._effect(factor) for factor in self.total.index]
        return frame.sort_values(["total", "mean_rank"], ascending=False, kind="stable")

    @property
    def without_effect(self) -> tuple[str, ...]:
        """Factors that were varied and change no total at all in any draw."""
        return tuple(factor for factor in self.total.index if self._effect(factor) == "none")

    @property
    def constant(self) -> tuple[str, ...]:
        """Units whose rank is the same in all draws."""
        ranks = self._totals("rank")
        return tuple(str(unit) for unit in ranks if ranks[unit].isna().all())

    def _totals(self, output: str) -> pd.DataFrame:
        """Return the total indices of one kind of output, factors × units."""
        found: Any = self.total[output]
        return pd.DataFrame(found)

    def of(self, unit: str, output: Literal["rank", "total"] = "rank") -> pd.DataFrame:
        """Return one unit's indices: factors × first, first_error, total, total_error."""
        frame = pd.DataFrame({name: getattr(self, name)[(output, unit)] for name in PARTS})
        return frame.sort_values("total", ascending=False, kind="stable")

    def _effect(self, factor: str) -> str:
        for output in ("rank", "total"):
            if (self._totals(output).loc[factor].fillna(0.0) > SMALLEST).any():
                return f"{output}s"
        return "none"


def estimates(
    outputs: Array, factors: int, resamples: int, confidence: float, seed: int
) -> dict[str, Array]:
    """Return Sobol indices of many outputs at once, as SALib's ``analyze`` gives them one by one.

    ``outputs`` (draws × (factors + 2), K) are in the order of SALib's sample without second order;
    the tables are (factors, K), NaN for outputs that do not vary.
    """
    from SALib.analyze import sobol as salib
    from scipy.stats import norm

    varied = np.ptp(outputs, axis=0) > 0
    kept = outputs[:, varied]
    found = {name: np.full((factors, outputs.shape[1]), np.nan) for name in PARTS}
    if not varied.any():
        return found
    kept = (kept - kept.mean(0)) / kept.std(0)
    blocks = kept.reshape(-1, factors + 2, kept.shape[1])
    a, b = blocks[:, 0], blocks[:, -1]
    chosen = _resampled(len(a), resamples, seed)
    mean = chosen @ (a + b) / 2
    variance = chosen @ (a * a + b * b) / 2 - mean**2
    there = variance > np.finfo(float).eps
    variance = np.where(there, variance, 1.0)
    z = norm.ppf(0.5 + confidence / 2)
    for j in range(factors):
        ab = blocks[:, j + 1]
        found["first"][j, varied] = salib.first_order(a, ab, b)
        found["total"][j, varied] = salib.total_order(a, ab, b)
        first = np.where(there, chosen @ (b * (ab - a)) / variance, 0.0)
        total = np.where(there, chosen @ ((a - ab) ** 2) / 2 / variance, 0.0)
        found["first_error"][j, varied] = z * first.std(0, ddof=1)
        found["total_error"][j, varied] = z * total.std(0, ddof=1)
    return found


def _resampled(draws: int, resamples: int, seed: int) -> Array:
    """Return how often each draw is in each of SALib's bootstrap samples, as shares (B, draws)."""
    rows = np.random.default_rng(seed).integers(draws, size=(draws, resamples))
    return np.array([np.bincount(rows[:, k], minlength=draws) for k in range(resamples)]) / draws


def _problem(study: Study, scheme: Scheme, factors: str) -> tuple[list[str], dict[str, Any]]:
    """Return the factors in order, and what varies in SALib's words."""
    group = {column: name for name, places in study.factors.items()
             for column, place in study.columns.items() if place in places}  # fmt: skip
    if factors == "grouped":
        for parent, node in scheme.nodes.items():
            inside = {f"{child.id}.weight" for child in getattr(node, "children", ())}
            for column in inside.intersection(study.weight_paths()):
                group[column] = f"{parent}.weights"
    names = list(dict.fromkeys(group.values()))
    if len(names) < 2:
        refuse(
            "sobol_indices",
            Words(f"{len(names)} 个变动因素", f"{len(names)} factor"),
            Words("至少两个变动因素", "at least two factors"),
        )
    columns = list(study.columns)
    problem = {"num_vars": len(columns), "names": columns, "bounds": [[0.0, 1.0]] * len(columns)}
    if len(names) < len(columns):
        problem["groups"] = [group[column] for column in columns]
    return names, problem


def _points(problem: dict[str, Any], draws: int, seed: int) -> Array:
    """Return SALib's sampling plan (draws × (factors + 2), columns)."""
    from SALib.sample import sobol as salib

    points: Array = salib.sample(problem, draws, calc_second_order=False, seed=seed)
    return points


def _check(draws: int, resamples: int, confidence: float) -> None:
    problems = []
    if draws < 2 or draws & (draws - 1):
        problems.append(Problem("draws", f"{draws}", Words("2 的幂，如 1024", "a power of two")))
    if resamples < 2:
        problems.append(Problem("resamples", f"{resamples}", Words("至少 2", "at least 2")))
    if not 0 < confidence < 1:
        between = Words("0 与 1 之间的数", "between 0 and 1")
        problems.append(Problem("confidence", f"{confidence:g}", between))
    if problems:
        raise SimkaoheError(*problems)
