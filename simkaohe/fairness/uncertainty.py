"""Noise (误差): what survey and measurement error leave certain of places and grades."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd

from simkaohe.engine import Engine, Outcome, compiled
from simkaohe.engine.standing import Array
from simkaohe.errors import check_seed
from simkaohe.fairness import measurement
from simkaohe.fairness.finding import Asked, Finding, asked, joined, lit, when
from simkaohe.fairness.given import check
from simkaohe.fairness.measurement import Errors, Scoped, Source
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme
from simkaohe.sensitivity.form import behind

FEW_DRAWS = 100
"""Fewer draws do not hold a 95 % quantile of a maximum."""
CERTAINTY = 0.9
"""With which neighbours should be in the right order, unless another certainty is asked for."""
WIDE = 0.1, 1 / 3
"""Of the field: within a tenth only neighbours mix; beyond a third the top mixes with the middle."""
WRONG = 0.05, 0.15
"""Of all grades: one in twenty is the usual allowance for error; 15 % is every seventh unit."""
RELIABLE = 0.9, 0.7
"""0.9 is asked where single cases are decided on, 0.7 of first research (Nunnally 1978)."""
ENOUGH = 4.0
"""Four times the sample halves the error, which a survey's budget may still bear."""


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

        fine = 0.5 < certainty < 1
        check({"certainty": (f"{certainty:g}", fine, "0.5 与 1 之间的数", "between 0.5 and 1")})
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
        return tuple(_findings(self))


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
    scheme, panel : Scheme, Panel
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
    enough = draws >= FEW_DRAWS
    check_seed(seed)
    check(
        {
            "level": (
                f"{level:g}",
                0.5 <= level < 1,
                "0.5（含）到 1 之间的数",
                "from 0.5 to below 1",
            ),
            "draws": (draws, enough, f"至少 {FEW_DRAWS}", f"at least {FEW_DRAWS}"),
        }
    )
    engine = compiled(scheme, panel)
    sources = measurement.sources(engine, errors or {})
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
    table = measurement.table_of(engine, plain, outcome, sets, totals, deviations, names)
    order = np.lexsort((np.arange(len(late)), -totals, late))
    bands = [band.name for band in scheme.grades.bands] if scheme.grades else []
    chances = np.full((len(names), len(bands)), np.nan)
    if outcome.grades is not None and z:
        chances = np.array([(outcome.grades == k).mean(0) for k in range(len(bands))]).T
    apart = sets[home].apart if z else np.zeros((len(names), len(names)), bool)
    return Uncertainty(
        table.iloc[order],
        pd.DataFrame(chances, names, bands).iloc[order],
        measurement.error_table(engine, sources, z, deviations, scopes),
        measurement.pooled_reliability(scopes, totals, deviations) if z else np.nan,
        pd.DataFrame(apart, names, names),
        measurement.top(names, plain, sets.get(home)),
        level,
        "category" if by_category else "all",
        measurement.neighbours(scopes, totals, deviations),
    )


# -- findings --------------------------------------------------------------------------------------

PLACES = asked(
    "noise.places",
    "名次经得起误差吗？",
    "Do places stand up to error?",
    "分不出先后不等于一样好，也不说明排名有错。",
    "That two cannot be told apart does not mean that they are equally good, nor that the"
    " ranking is wrong.",
)
GRADES = asked(
    "noise.grades",
    "等次会不会因误差定错？",
    "Are grades wrong because of error?",
    "这里把观测值当作真值，不能说明哪一个单位的等次定错了。",
    "It takes what was observed for the truth and does not say whose grade is wrong.",
)
REAL = asked(
    "noise.reliability",
    "总分的差异有多少是真实的？",
    "How much of the differences between totals is real?",
    "可靠不等于正确：稳定地量错了东西，可靠性也高。",
    "Reliable does not mean right: to measure the wrong thing steadily is reliable too.",
)
SAMPLES = asked(
    "noise.sample",
    "样本够大吗？",
    "Are the samples large enough?",
    "以相邻单位分差的中位数计；差距更小的单位需要更大的样本。样本大也消除不了偏向。",
    "It is for the median gap between neighbours; units that are closer need more. A large"
    " sample does not cure bias.",
)
BEYOND = Words(
    "只计入了已知的误差；填报、口径和偏向造成的误差不在其中，实际只会更不确定。",
    "Only the errors that are known are counted, not those of reporting, definition or bias:"
    " in truth it is less certain still.",
)


def _findings(found: Uncertainty) -> Iterator[Finding]:
    """Yield what error does to places, grades, differences and samples; grey when unknown."""
    if not found.table["rank"].notna().any():
        yield PLACES._replace(caution=BEYOND).untold("没有参加排名的单位。", "No unit is ranked.")
        return
    names = Words("、".join(found.untold), ", ".join(found.untold))
    if not found.known:
        hint = when(names.zh, f"（如 {names.zh}）", f" (e.g. for {names.en})")
        no = Words("没有误差信息不等于没有误差。", "No known error does not mean no error.")
        yield PLACES._replace(caution=no).untold(
            f"数据里没有误差的信息{hint.zh}：请给出调查的样本标准差与样本量，或用 errors 写明误差。",
            f"The data say nothing of errors{hint.en}: give the surveys' sample_sd and"
            " sample_size, or state errors.",
        )
        return
    gaps = when(
        names.zh,
        f"{names.zh} 的调查误差不明或不全（缺样本标准差），没有计入。",
        f"The survey error of {names.en} is not known, or not of all units (no sample_sd), and not"
        " counted.",
    )
    parts = [(PLACES, _of_places), (REAL, _of_reliability)]
    if "grade" in found.table:
        parts.insert(1, (GRADES, _of_grades))
    for asks, say in parts:
        said = say(found, asks._replace(caution=joined(asks.caution, gaps, BEYOND)))
        yield _guarded(found, said)
    if (found.errors["source"].isin(["survey", "answers"])).any():
        yield _guarded(found, _of_samples(found))


def _guarded(found: Uncertainty, said: Finding) -> Finding:
    """Return grey instead of green where surveys have errors of which nothing is known."""
    return replace(said, light="grey") if said.light == "green" and found.untold else said


def _of_places(found: Uncertainty, asks: Asked) -> Finding:
    prefix = "category_" if found.within == "category" else ""
    ranked = found.table[found.table["rank"].notna()]
    width = (ranked[f"{prefix}high"] - ranked[f"{prefix}low"]).astype(float)
    field = {name: len(units) for name, units in found.scopes()}
    sizes = np.array([field["" if found.within == "all" else c] for c in ranked["category"]])
    share, middle = float(np.median(width / np.maximum(sizes - 1, 1))), float(width.median())
    neighbours = [pair for _, units in found.scopes() for pair in pairwise(units)]
    told = sum(bool(found.apart.at[pair]) for pair in neighbours)
    scope = when(prefix, "类内", " in the category")
    open_ = Words(
        f"半数单位的{scope.zh}名次有 {middle:.0f} 位以上的出入",
        f"half of the units have a place{scope.en} that is open by {middle:.0f} places or more",
    )
    if middle < 1:
        certain = int((width == 0).sum())
        open_ = Words(
            f"{len(width)} 个单位中 {certain} 个的{scope.zh}名次是确定的",
            f"{certain} of {len(width)} units have a certain place{scope.en}",
        )
    return asks.says(
        lit(share, *WIDE, beyond=True),
        share,
        f"在 {found.level:.0%} 的把握下，{open_.zh}；{len(neighbours)} 对相邻单位中，{told} 对能分出先后。",
        f"With {found.level:.0%} certainty, {open_.en}; of {len(neighbours)} pairs of neighbours,"
        f" {told} can be told apart.",
    )


def _of_grades(found: Uncertainty, asks: Asked) -> Finding:
    wrong = found.table["wrong_grade"].astype(float)
    n, expected, doubtful = len(wrong), float(wrong.sum()), int((wrong > 0.25).sum())
    return asks.says(
        lit(wrong.mean(), *WRONG, beyond=True),
        wrong.mean(),
        f"再调查一次，预计 {n} 个单位中约有 {expected:.1f} 个换等次；{doubtful} 个单位换等次的可能超过四分之一。",
        f"If it were measured again, about {expected:.1f} of {n} units would get another grade; for"
        f" {doubtful} the chance is above one in four.",
    )


def _of_reliability(found: Uncertainty, asks: Asked) -> Finding:
    real = found.reliability
    if np.isnan(real):
        return asks.untold(
            "没有两个单位的总分不同，谈不上差异的真假。",
            "No two units that are compared have different totals.",
        )
    share = Words(f"约 {real:.0%}", f"About {real:.0%}")
    if real > 0.99:
        share = Words("99% 以上", "Over 99%")
    return asks.says(
        lit(-real, *(-step for step in RELIABLE), beyond=True),
        real,
        f"总分差异中{share.zh}是真实差异，其余是误差。",
        f"{share.en} of the differences between totals is real, the rest is error.",
    )


def _of_samples(found: Uncertainty) -> Finding:
    if np.isnan(found.gap):
        return SAMPLES.untold("没有相邻的单位可以比较。", "There are no neighbours to compare.")
    sizes = found.sample_size()
    factor = float(sizes["factor"].iloc[0])
    if np.isnan(factor):
        return SAMPLES.says(
            "red",
            factor,
            "样本再大，也不能以九成把握排对相邻单位的先后。",
            "No sample, however large, would put neighbours in the right order with 90 % certainty.",
        )
    light = lit(factor, 1.0, ENOUGH, beyond=True)
    if factor <= 1:
        return SAMPLES.says(
            light,
            factor,
            "现有样本已能以九成把握排对相邻单位的先后。",
            "The samples of now put neighbours in the right order with 90 % certainty.",
        )
    now, needed = sizes["sample"].median(), sizes["needed"].median()
    return SAMPLES.says(
        light,
        factor,
        f"要以九成把握排对相邻两个单位的先后，样本要是现在的 {factor:.3g} 倍（由 {now:.0f} 到 {needed:.0f}）。",
        f"To put two neighbours in the right order with 90 % certainty, samples must be"
        f" {factor:.3g} times those of now ({needed:.0f} instead of {now:.0f}).",
    )
