"""The audit (公平性体检): every question about a scheme's fairness on one page, with a light each.

The twenty complaints of practice, and the findings that answer each:

== ============================================== ==================================================
№  complaint                                      findings
== ============================================== ==================================================
1  location and base decide (区位、基数)             endowment.total, .indicators, .ranking
2  the fast ox is whipped (鞭打快牛)                ratchet.taken_back, .penalty
3  low targets, high results (低报高超、层层加码)    reporting.sandbagging, .amplification
4  category boundaries are cliffs (类别边界)        cliffs.decided, .others, .boundary
5  satisfaction is noise (满意度误差)               noise.places, .grades, .reliability, .sample
6  weights are diluted (指标稀释)                  leverage.weights, effort.ignored
7  bonus points decide (加分左右结果)               leverage.bonus, endowment.adjustments
8  scores stick at the ceiling (封顶挤压)           leverage.ceiling, effort.idle
9  the multiplier decides (乘数放大)                leverage.multiplier
10 one veto decides (一票否决)                      leverage.veto
11 a hair's breadth costs points (差一位差几分)      leverage.twins, similar_units.steps
12 my place hangs on a third unit (互相牵连)         leverage.interdependence, cliffs.others
13 late results do not count (显绩与潜绩)            leverage.lagged, effort.lagged
14 only hard targets are heard (软硬指标)            leverage.attention, effort.perverse
15 figures are dressed up (数据注水)                 reporting.gaming
16 shared results are miscounted (归属误差)          leverage.attribution
17 equal effort, unequal place (同等努力不同名次)    similar_units.effort, .pairs, .identical, .reversals, .lines
18 points are won back by appeal (申诉、争取)        leverage.appeals
19 other weights, another winner (稳健性)            leverage.robustness
20 a failed part is made up for (以长掩短)           leverage.pass_lines
== ============================================== ==================================================

The same table is :data:`simkaohe.fairness.asking.COMPLAINTS`. An audit has all of these findings:
where the data do not tell, the finding is grey and says what is missing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from simkaohe.engine import Engine, compiled
from simkaohe.errors import SimkaoheError, unknown
from simkaohe.fairness.asking import COMPLAINTS, MEASURES, complaints_of, numbers_of, unknown_names
from simkaohe.fairness.finding import LIGHTS, Finding
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme

if TYPE_CHECKING:
    from simkaohe.fairness.alike import Alike
    from simkaohe.fairness.benefit import MostFavourable
    from simkaohe.fairness.boundaries import Cliffs
    from simkaohe.fairness.categories import Parity
    from simkaohe.fairness.claims import Reporting
    from simkaohe.fairness.levers import Leverage
    from simkaohe.fairness.margins import Effort
    from simkaohe.fairness.origins import Endowment
    from simkaohe.fairness.payouts import Money
    from simkaohe.fairness.targets import Ratchet
    from simkaohe.fairness.uncertainty import Uncertainty


ORDER = ("grey", "green", "amber", "red")
"""Which of several findings answers a complaint: the last."""


@dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """公平性体检: the findings of all measures, and the measures behind them.

    Attributes
    ----------
    engine : Engine
    scheme : Scheme
    panel : Panel
    measures : tuple of str
        What is asked, names of :data:`MEASURES`.
    given : mapping of str to Any
        What the caller knows beside the data; see :func:`audit`.
    before : Audit or None
        The same questions about another scheme.
    parity, cliffs, similar_units, endowment, most_favourable_weights, noise, money, effort, \
    ratchet, reporting, leverage
        The results of the measures, each computed when it is first looked at. One that cannot be
        computed raises its :class:`SimkaoheError`; its finding is grey with that sentence.
    """

    engine: Engine
    measures: tuple[str, ...] = tuple(MEASURES)
    given: Mapping[str, Any] = field(default_factory=dict)
    before: Audit | None = None

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {light}" for light, count in self.counts.items() if count)
        return f"Audit({len(self.findings)} findings: {counts})"

    @property
    def scheme(self) -> Scheme:
        """What is audited."""
        return self.engine.scheme

    @property
    def panel(self) -> Panel:
        """The data."""
        return self.engine.panel

    # -- measures ----------------------------------------------------------------------------------

    @cached_property
    def parity(self) -> Parity:
        """Categories against each other."""
        from simkaohe.fairness.categories import parity

        return parity(self.scheme, self.panel)

    @cached_property
    def cliffs(self) -> Cliffs:
        """Every unit in every other category."""
        from simkaohe.fairness.boundaries import cliffs

        lines = self._of("size", "cutoffs") if self.given.get("cutoffs") else {}
        return cliffs(self.scheme, self.panel, **lines)

    @cached_property
    def similar_units(self) -> Alike:
        """Units that are alike and end far apart."""
        from simkaohe.fairness.alike import similar_units

        return similar_units(self.scheme, self.panel, **self._of("effort"))

    @cached_property
    def endowment(self) -> Endowment:
        """What units cannot control."""
        from simkaohe.fairness.origins import endowment

        return endowment(self.scheme, self.panel, **self._of("covariates", "effort"))

    @cached_property
    def most_favourable_weights(self) -> MostFavourable:
        """The best that each unit could claim."""
        from simkaohe.fairness.benefit import most_favourable_weights

        return most_favourable_weights(self.scheme, self.panel)

    @cached_property
    def noise(self) -> Uncertainty:
        """Survey and measurement error."""
        from simkaohe.fairness.uncertainty import noise

        return noise(self.scheme, self.panel, **self._of("errors"))

    @cached_property
    def money(self) -> Money:
        """Who gets what, and who pays for the change."""
        from simkaohe.fairness.payouts import money

        return money(self.scheme, self.panel, self.before.scheme if self.before else None)

    @cached_property
    def effort(self) -> Effort:
        """What one more step pays."""
        from simkaohe.fairness.margins import effort

        return effort(self.scheme, self.panel, **self._of("lagged"))

    @cached_property
    def ratchet(self) -> Ratchet:
        """Targets that follow results."""
        from simkaohe.fairness.targets import ratchet

        return ratchet(self.scheme, self.panel)

    @cached_property
    def reporting(self) -> Reporting:
        """Low targets and dressed figures."""
        from simkaohe.fairness.claims import reporting

        return reporting(self.scheme, self.panel, **self._of("higher"))

    @cached_property
    def leverage(self) -> Leverage:
        """The scheme's own levers."""
        from simkaohe.fairness.levers import leverage

        given = self._of("lagged", "appeals", "size", "pass_lines")
        return leverage(self.scheme, self.panel, **given)

    def _of(self, *names: str) -> dict[str, Any]:
        return {name: self.given[name] for name in names if name in self.given}

    # -- what they come to -------------------------------------------------------------------------

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that was found, in the page's order."""
        return tuple(finding for name in self.measures for finding in self._findings(name))

    def _findings(self, name: str) -> Sequence[Finding]:
        try:
            found: Sequence[Finding] = getattr(self, name).findings
        except SimkaoheError as error:
            return [_not_computed(name, error)]
        return found

    @property
    def counts(self) -> pd.Series[int]:
        """How many findings have each light, the worst first."""
        lights = [finding.light for finding in self.findings]
        return pd.Series(
            {light: lights.count(light) for light in ("red", "amber", "green", "grey")}
        )

    @property
    def table(self) -> pd.DataFrame:
        """The findings as a table in the reader's language.

        Indexed by topic: ``measure``; ``complaints``, their numbers; ``question``; ``light``
        (green, amber, red, grey); ``mark``, the light in words; ``value``; ``sentence``;
        ``caution``. With another scheme before: ``light_before``, ``value_before``, ``change``
        (``better``, ``worse``, ``same``; "" where one of the two is grey or missing).
        """
        rows = [
            {
                "topic": finding.topic,
                "measure": finding.measure,
                "complaints": ", ".join(map(str, complaints_of(finding.topic))),
                "question": str(finding.question),
                "light": finding.light,
                "mark": str(LIGHTS[finding.light]),
                "value": finding.value,
                "sentence": str(finding.sentence),
                "caution": str(finding.caution),
            }
            for finding in self.findings
        ]
        columns = ["topic", "measure", "complaints", "question", "light", "mark", "value",
                   "sentence", "caution"]  # fmt: skip
        table = pd.DataFrame(rows, columns=columns).set_index("topic")
        if self.before is None:
            return table
        old = self.before.table.reindex(table.index)
        table["light_before"] = old["light"].fillna("")
        table["value_before"] = old["value"]
        table["change"] = [
            _change(*pair) for pair in zip(table["light_before"], table["light"], strict=True)
        ]
        return table

    @property
    def complaints(self) -> pd.DataFrame:
        """The twenty complaints (by number) and how each fares, in the reader's language.

        Columns: ``complaint``; ``light``, the worst of its findings; ``mark``; ``topic`` and
        ``sentence`` of that finding. A complaint that no chosen measure answers is left out.
        """
        by_topic = {finding.topic: finding for finding in self.findings}
        rows = {}
        for number, complaint in COMPLAINTS.items():
            answers = [by_topic[topic] for topic in complaint.topics if topic in by_topic]
            # a measure that could not be computed answers for all of its topics
            answers = answers or [
                f
                for f in self.findings
                if f.topic in {t.partition(".")[0] for t in complaint.topics}
            ]
            if not answers:
                continue
            first = max(answers, key=lambda f: ORDER.index(f.light))
            rows[number] = {
                "complaint": str(complaint.words),
                "light": first.light,
                "mark": str(LIGHTS[first.light]),
                "topic": first.topic,
                "sentence": str(first.sentence),
            }
        columns = ["complaint", "light", "mark", "topic", "sentence"]
        table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
        return table.rename_axis("number")

    def numbers(self, topic: str) -> pd.DataFrame:
        """Return the table that a finding comes from.

        Raises
        ------
        SimkaoheError
            There is no such finding, or its measure could not be computed.
        """
        known = {finding.topic: finding for finding in self.findings}
        if topic not in known:
            words = Words("结论", "finding")
            raise SimkaoheError(unknown("numbers", topic, list(known), words))
        table: pd.DataFrame = getattr(getattr(self, known[topic].measure), numbers_of(topic))
        return table

    def sections(self) -> Iterator[tuple[str, Words, list[Finding]]]:
        """Yield each measure, what it is called, and its findings."""
        for name in self.measures:
            yield name, MEASURES[name], [f for f in self.findings if f.measure == name]


def _not_computed(name: str, error: SimkaoheError) -> Finding:
    caution = Words(
        "无法判断不等于没有问题。", "That it cannot be told does not mean that nothing is wrong."
    )
    reason = error.problems[0].words
    sentence = Words(f"无法计算：{reason.zh}", f"It cannot be computed: {reason.en}")
    return Finding(name, name, MEASURES[name], "grey", np.nan, sentence, caution)


def _change(before: str, after: str) -> str:
    steps = ("green", "amber", "red")
    if before not in steps or after not in steps:
        return ""
    move = steps.index(after) - steps.index(before)
    return "same" if not move else "worse" if move > 0 else "better"


def audit(
    scheme: Scheme,
    panel: Panel,
    *,
    before: Scheme | None = None,
    measures: Collection[str] | None = None,
    covariates: Sequence[str] | None = None,
    effort: str | None = None,
    size: str | None = None,
    cutoffs: Sequence[float] | None = None,
    errors: Mapping[str, float | str] | None = None,
    lagged: Collection[str] | None = None,
    appeals: Collection[str] | None = None,
    pass_lines: float | Mapping[str, float] | None = None,
    higher: Mapping[str, float] | None = None,
) -> Audit:
    """Ask everything about a scheme's fairness at once.

    Parameters
    ----------
    scheme : Scheme
    panel : Panel
    before : Scheme, optional
        To compare with, on the same data: mostly the scheme now in force.
    measures : names of measures, optional
        Default: all of :data:`MEASURES`.
    covariates : columns of the covariates, optional
        What units cannot control; default: all columns.
    effort : column of the covariates, optional
        True effort, where it is known (in a simulation).
    size : column of the covariates, optional
        How large a unit is: for vetoes, and with ``cutoffs`` for the lines between categories.
    cutoffs : list of float, optional
        The lines between categories, in the unit of ``size``.
    errors : mapping of indicator to standard error, optional
        As in :func:`noise`.
    lagged : indicators, optional
        Whose results show only years later.
    appeals : ids of adjustments, optional
        By which appeals and late evidence give points back.
    pass_lines : float or mapping of node to float, optional
        As in :func:`leverage`.
    higher : mapping of indicator to float, optional
        Targets of the level above; as in :func:`reporting`.

    Returns
    -------
    Audit
        Measures are computed when their findings are looked at.

    Raises
    ------
    SimkaoheError
        A scheme that does not fit the data, and names that do not exist. A measure that cannot be
        computed raises nothing: its finding is grey with the reason.
    """
    chosen = tuple(MEASURES) if measures is None else tuple(dict.fromkeys(_several(measures)))
    given = {
        "covariates": _several(covariates), "effort": effort, "size": size, "cutoffs": cutoffs,
        "errors": errors, "lagged": _several(lagged), "appeals": _several(appeals),
        "pass_lines": float(pass_lines) if isinstance(pass_lines, np.number) else pass_lines,
        "higher": higher,
    }  # fmt: skip
    known = {name: value for name, value in given.items() if value is not None}
    engine = compiled(scheme, panel)  # which its measures find again
    old = None if before is None else compiled(before, panel)
    problems = [
        unknown("measures", name, {n: str(words) for n, words in MEASURES.items()}, MEASURE)
        for name in chosen
        if name not in MEASURES
    ]
    problems += unknown_names(scheme, panel, known)
    if problems:
        raise SimkaoheError(*problems)
    base = None if old is None else Audit(old, chosen, known)
    return Audit(engine, chosen, known, base)


MEASURE = Words("检查项", "measure")


def _several(names: Any) -> Any:
    """Return names as several, where only one is given."""
    return (names,) if isinstance(names, str) else names
