"""Noise (误差): what survey and measurement error leave certain of places and grades."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import Engine, Outcome, compiled
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.fairness.finding import Finding
from simkaohe.fairness.measurement import Errors, Source
from simkaohe.fairness.measurement import sources as known_errors
from simkaohe.fairness.reckoning import (
    Scoped,
    error_table,
    neighbours,
    pooled_reliability,
    table_of,
    top,
)
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme
from simkaohe.sensitivity.form import behind

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
FEW_DRAWS = 100
"""Fewer draws do not hold a 95 % quantile of a maximum."""
CERTAINTY = 0.9
"""With which neighbours should be in the right order, unless another certainty is asked for."""


@dataclass(frozen=True, eq=False, repr=False)
class Uncertainty:
    """误差的影响: how far places and grades stand after survey and measurement error.

    Attributes
    ----------
    table : DataFrame, units (best first)
        ``category``, ``total``, ``error`` (standard error of the total), ``rank``; ``low`` and
        ``high``: the true rank is between them with the level, for this unit alone; ``joint_low``
        and ``joint_high``: for all units at once; ``mean_rank`` over the draws; with several
        categories the same for the rank in the category, ``category_rank``, ``category_low``, …;
        ``grade`` and ``wrong_grade``, the chance that a repeated measurement gives another grade.
        NaN or <NA> where nothing is known of errors, and for units that are not ranked.
    grades : DataFrame, units × bands
        Chance of every grade; no columns without grades.
    errors : DataFrame, by edit path of the data
        ``indicators`` that read it; ``source`` (``survey``, ``answers``, ``stated``; ``unknown``
        for a survey whose error the data do not tell); ``error``: standard error, mean over units;
        ``without``: how many units have a value and no known error, which counts as none;
        ``sample``: median sample; ``reliability`` of the values; ``share`` of the total's error
        variance that it brings.
    reliability : float
        Of the totals inside their scope: var(true) / var(observed).
    apart : DataFrame, units × units of bool
        Which pairs of one scope are told apart, all at once with the level.
    top : tuple of str
        Who may be among those with the best grade (of each scope, by seats taken), with the level.
    level : float
    within : {"all", "category"}
        The scope in which ``apart``, ``groups``, ``top`` and the findings look at ranks: that of
        the grades.

    Notes
    -----
    Errors are normal and independent between units and columns; they run through rules, caps,
    coefficients, quotas and vetoes with the engine. Vetoes on events are taken as certain.
    """

    table: pd.DataFrame
    grades: pd.DataFrame
    errors: pd.DataFrame
    reliability: float
    apart: pd.DataFrame
    top: tuple[str, ...]
    level: float
    within: str
    _neighbours: tuple[float, float]

    def __repr__(self) -> str:
        return f"Uncertainty({len(self.table)} units, {len(self.errors)} columns with errors)"

    @property
    def untold(self) -> tuple[str, ...]:
        """Surveys of whose error the data say nothing, for some units or all: ids of indicators."""
        return tuple(self.errors.loc[self.errors["without"] > 0, "indicators"])

    @property
    def gap(self) -> float:
        """Median gap between neighbours, in points of the total; NaN without neighbours."""
        return self._neighbours[0]

    @property
    def known(self) -> bool:
        """Whether anything is known of errors."""
        return bool((self.errors["error"] > 0).any())

    @cached_property
    def groups(self) -> pd.DataFrame:
        """分不开的单位: the largest runs of neighbours of whom no two are told apart.

        ``category`` (``""`` over all), ``first`` and ``last`` unit, ``count``, ``units``. Runs may
        overlap: the first and the last of a run may each be alike to others.
        """
        rows = []
        for name, units in self.scopes() if self.known else ():
            apart = self.apart.loc[units, units].to_numpy()
            end = -1
            for first in range(len(units)):
                last = first
                while last + 1 < len(units) and not apart[last + 1, first : last + 1].any():
                    last += 1
                if last > max(end, first):
                    run = units[first : last + 1]
                    rows.append((name, run[0], run[-1], len(run), tuple(run)))
                end = max(end, last)
        return pd.DataFrame(rows, columns=["category", "first", "last", "count", "units"])

    def sample_size(self, certainty: float = CERTAINTY, gap: float | None = None) -> pd.DataFrame:
        r"""Return the samples that put two units, so far apart, in the right order.

        .. math:: k = \frac{\sigma}{(g / z)^2 / W - (1 - \sigma)}, \qquad n' = \lceil k n \rceil

        with the gap g, :math:`z = \Phi^{-1}(certainty)`, the present error variance W of the
        difference between neighbours, and the share σ of it that the surveys bring.

        Parameters
        ----------
        certainty : float
            Between 0.5 and 1.
        gap : float, optional
            In points of the total; default: the median gap between neighbours.

        Returns
        -------
        DataFrame
            By path of the surveys' data: ``sample`` now, ``factor`` k for all of them alike,
            ``needed``. NaN when no sample, however large, is enough: stated errors alone are too
            large, or the gap is 0.
        """
        from scipy.special import ndtri

        if not 0.5 < certainty < 1:
            raise SimkaoheError(
                Problem(
                    "certainty", f"{certainty:g}", Words("0.5 与 1 之间的数", "between 0.5 and 1")
                )
            )
        variance = self._neighbours[1]
        gap = self.gap if gap is None else gap
        surveys = self.errors[self.errors["source"].isin(["survey", "answers"])]
        sigma = min(float(surveys["share"].sum() / max(self.errors["share"].sum(), 1e-300)), 1.0)
        room = (gap / ndtri(certainty)) ** 2 - variance * (1 - sigma)
        factor = variance * sigma / room if room > 0 else np.nan
        table = surveys[["sample"]].assign(factor=factor)
        return table.assign(needed=np.ceil(table["sample"] * factor - 1e-9))

    def scopes(self) -> list[tuple[str, list[str]]]:
        """Return the ranked units of each scope, best first."""
        ranked = self.table[self.table["rank"].notna()]
        if self.within == "all":
            return [("", [str(unit) for unit in ranked.index])]
        return [
            (str(name), [str(unit) for unit in part.index])
            for name, part in ranked.groupby("category", sort=False)
        ]

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What it comes to, in sentences."""
        from simkaohe.fairness.doubts import findings

        return tuple(findings(self))


def noise(
    scheme: Scheme,
    panel: Panel,
    errors: Errors | None = None,
    *,
    level: float = 0.95,
    draws: int = 1000,
    seed: int = 1,
) -> Uncertainty:
    """Carry survey and measurement error through the whole scheme.

    Parameters
    ----------
    scheme : Scheme
    panel : Panel
    errors : mapping of indicator to standard error, optional
        In the unit of the indicator's values (``1.5``), or as a share of them (``"3%"``). They come
        beside the errors of surveys, which the data tell (``sample_sd`` and ``sample_size``, or the
        answers), and replace them where one indicator has both. Ratings are no sample of anybody:
        their error counts only when it is stated here.
    level : float
        Of the confidence sets.
    draws, seed : int

    Returns
    -------
    Uncertainty
        Where nothing is known of errors all intervals are empty and the finding is grey.

    Raises
    ------
    SimkaoheError
        Unknown indicators; errors, levels and numbers of draws that make no sense.

    Notes
    -----
    Confidence sets as in :func:`simkaohe.fairness.confidence.rank_sets`, with the draws' totals
    before rounding as the parametric bootstrap. The chance of a wrong grade takes the observed
    values for the true ones.

    References
    ----------
    [1] Mogstad, Romano, Shaikh & Wilhelm (2024), Inference for ranks, Review of Economic Studies,
        doi 10.1093/restud/rdad006.
    """
    _check(level, draws)
    engine = compiled(scheme, panel)
    sources = known_errors(engine, errors or {})
    rng = np.random.Generator(np.random.SFC64(seed))
    z: dict[str, Array] = {}
    drawn: dict[str, Array] = {}
    for path, (_, value, se) in sources.items():
        if (se > 0).any():
            z[path] = np.where(se > 0, rng.standard_normal((draws, len(se))), 0.0)
            drawn[path] = value + np.nan_to_num(se) * z[path]
    root = scheme.root.id
    plain = engine.run(nodes=(root,))
    outcome = engine.run(drawn, nodes=(root,)) if drawn else plain
    return _assembled(engine, sources, z, plain, outcome, level)


def _check(level: float, draws: int) -> None:
    problems = []
    if not 0.5 <= level < 1:
        words = Words("0.5（含）到 1 之间的数", "from 0.5 to below 1")
        problems.append(Problem("level", f"{level:g}", words))
    if draws < FEW_DRAWS:
        words = Words(f"至少 {FEW_DRAWS}", f"at least {FEW_DRAWS}")
        problems.append(Problem("draws", f"{draws}", words))
    if problems:
        raise SimkaoheError(*problems)


# -- tables ----------------------------------------------------------------------------------------


def _assembled(
    engine: Engine,
    sources: Mapping[str, Source],
    z: Mapping[str, Array],
    plain: Outcome,
    outcome: Outcome,
    level: float,
) -> Uncertainty:
    scheme, root = engine.scheme, engine.scheme.root.id
    points = scheme.full / 100
    totals = plain.scores[root][0] * points
    deviations = outcome.scores[root] * points - totals if z else np.zeros((1, len(totals)))
    late = behind(engine)
    several = len(engine.members) > 1
    by_category = several and scheme.grades is not None and scheme.grades.within == "category"
    everybody = [np.flatnonzero(late < 2)]
    apart_scopes = [m[late[m] < 2] for m in engine.members]
    sets = {"": Scoped.of(everybody, totals, deviations, level, late)} if z else {}
    if several and z:
        sets["category_"] = Scoped.of(apart_scopes, totals, deviations, level, late)
    home = "category_" if by_category else ""
    scopes = apart_scopes if by_category else everybody
    names = pd.Index(engine.units, name="unit")
    table = table_of(engine, plain, outcome, sets, totals, deviations, names)
    order = np.lexsort((np.arange(len(late)), -totals, late))
    bands = [band.name for band in scheme.grades.bands] if scheme.grades else []
    chances = np.full((len(names), len(bands)), np.nan)
    if outcome.grades is not None and z:
        chances = np.array([(outcome.grades == k).mean(0) for k in range(len(bands))]).T
    apart = sets[home].apart if z else np.zeros((len(names), len(names)), bool)
    return Uncertainty(
        table.iloc[order],
        pd.DataFrame(chances, names, bands).iloc[order],
        error_table(engine, sources, z, deviations, scopes),
        pooled_reliability(scopes, totals, deviations) if z else np.nan,
        pd.DataFrame(apart, names, names),
        top(names, plain, sets.get(home)),
        level,
        "category" if by_category else "all",
        neighbours(scopes, totals, deviations),
    )
