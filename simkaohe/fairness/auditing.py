"""The audit (公平性体检): every question about a scheme's fairness on one page, with a light each.

The twenty complaints of practice, and the findings that answer each, are
:data:`simkaohe.fairness.asking.COMPLAINTS`. An audit has all of these findings: where the data do
not tell, the finding is grey and says what is missing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from simkaohe.engine import Engine, compiled
from simkaohe.errors import SimkaoheError, unknown
from simkaohe.fairness import _HOMES
from simkaohe.fairness.asking import (
    COMPLAINTS,
    MEASURES,
    complaints_of,
    numbers_in_words,
    numbers_of,
    unknown_names,
)
from simkaohe.fairness.finding import LIGHTS, Asked, Finding, worse
from simkaohe.fairness.given import check_cutoffs, check_names, check_pass_lines, error_size
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Scheme

OPTIONS = {
    "similar_units": ("effort",),
    "endowment": ("covariates", "effort"),
    "noise": ("errors",),
    "effort": ("lagged",),
    "reporting": ("higher",),
    "leverage": ("lagged", "appeals", "size", "pass_lines"),
}
"""What the caller of an audit knows and a measure is told."""


def _computed(name: str) -> Any:
    """Return a measure's result as a property of an audit."""

    def compute(found: Audit) -> Any:
        measure = getattr(import_module(f"simkaohe.fairness.{_HOMES[name]}"), name)
        options = {key: found.given[key] for key in OPTIONS.get(name, ()) if key in found.given}
        if name == "cliffs" and found.given.get("cutoffs"):
            options = {key: found.given[key] for key in ("size", "cutoffs")}
        if name == "money" and found.before:
            options = {"base": found.before.scheme}
        return measure(found.scheme, found.panel, **options)

    compute.__doc__ = f"{MEASURES[name].en}; see :func:`{name}`."
    return cached_property(compute)


@dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """公平性体检: the findings of all measures, and the measures behind them.

    Attributes
    ----------
    engine : Engine
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

    @property
    def scheme(self) -> Scheme:
        """What is audited."""
        return self.engine.scheme

    @property
    def panel(self) -> Panel:
        """The data."""
        return self.engine.panel

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {light}" for light, count in self.counts.items() if count)
        return f"Audit({len(self.findings)} findings: {counts})"

    parity = _computed("parity")
    cliffs = _computed("cliffs")
    similar_units = _computed("similar_units")
    endowment = _computed("endowment")
    most_favourable_weights = _computed("most_favourable_weights")
    noise = _computed("noise")
    money = _computed("money")
    effort = _computed("effort")
    ratchet = _computed("ratchet")
    reporting = _computed("reporting")
    leverage = _computed("leverage")

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that was found, in the page's order."""
        return tuple(finding for name in self.measures for finding in self._findings(name))

    def _findings(self, name: str) -> Sequence[Finding]:
        try:
            found: Sequence[Finding] = getattr(self, name).findings
        except SimkaoheError as error:
            zh, en = error.problems[0].words
            asks = Asked(name, MEASURES[name], UNTOLD)
            return [asks.untold(f"无法计算：{zh}", f"It cannot be computed: {en}")]
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
        ``caution``. With another scheme before: ``light_before``, ``mark_before``,
        ``value_before``, ``change``
        (``better``, ``worse``, ``same``; "" where one of the two is grey or missing).
        """
        rows = [
            [f.topic, f.measure, ", ".join(map(str, complaints_of(f.topic))), str(f.question),
             f.light, str(LIGHTS[f.light]), f.value, str(f.sentence), str(f.caution)]
            for f in self.findings
        ]  # fmt: skip
        columns = ["topic", "measure", "complaints", "question", "light", "mark", "value",
                   "sentence", "caution"]  # fmt: skip
        table = pd.DataFrame(rows, columns=columns).set_index("topic")
        if self.before is None:
            return table
        old = self.before.table.reindex(table.index)
        table["light_before"] = old["light"].fillna("")
        table["mark_before"] = old["mark"].fillna("")
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
        rows = {}
        for number, (words, topics) in COMPLAINTS.items():
            # a measure that could not be computed answers for all of its topics
            whole = [topic.partition(".")[0] for topic in topics]
            answers = [f for f in self.findings if f.topic in topics]
            answers = answers or [f for f in self.findings if f.topic in whole]
            if not answers:
                continue
            answers.sort(key=lambda f: [*topics, *whole].index(f.topic))
            light = worse(*(f.light for f in answers))
            first = next(f for f in answers if f.light == light)
            mark = str(LIGHTS[light])
            rows[number] = [str(words), light, mark, first.topic, str(first.sentence)]
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
        check_names("numbers", [topic], list(known), Words("结论", "finding"))
        table: pd.DataFrame = getattr(getattr(self, known[topic].measure), numbers_of(topic))
        return table

    def in_words(self, topic: str) -> pd.DataFrame:
        """Return the table that a finding comes from as people read it: no ids and no codes.

        Raises
        ------
        SimkaoheError
            As :meth:`numbers`.
        """
        return numbers_in_words(self.scheme, self.numbers(topic))

    def sections(self) -> Iterator[tuple[str, Words, list[Finding]]]:
        """Yield each measure, what it is called, and its findings."""
        for name in self.measures:
            yield name, MEASURES[name], [f for f in self.findings if f.measure == name]


UNTOLD = Words(
    "无法判断不等于没有问题。", "That it cannot be told does not mean that nothing is wrong."
)


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
    scheme, panel : Scheme, Panel
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
        A scheme that does not fit the data, names that do not exist, and errors, cutoffs and pass
        lines that make no sense. A measure that cannot be
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
    for name, error in (errors or {}).items():
        error_size(name, error)
    check_cutoffs(cutoffs or ())
    check_pass_lines(pass_lines)
    base = None if old is None else Audit(old, chosen, known)
    return Audit(engine, chosen, known, base)


MEASURE = Words("检查项", "measure")


def _several(names: Any) -> Any:
    """Return names as several, where only one is given."""
    return (names,) if isinstance(names, str) else names
