"""What varies (变动因素): ranges of parameters, choices of structure, noise on data.

Each is a frozen object that turns numbers in [0, 1) into draws of an engine; ``weights`` are in
``weighing``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simkaohe.engine import Engine
from simkaohe.engine.draws import DATA_TABLES, checked, readers
from simkaohe.errors import Problem, SimkaoheError, refuse, unknown
from simkaohe.labels import Words
from simkaohe.scheme.edit import Scenario, value_at
from simkaohe.scheme.measure import Answers
from simkaohe.scheme.method import FrozenDict
from simkaohe.scheme.tree import Indicator

Array = npt.NDArray[np.float64]
LEAST = 2.0**-25
"""Stands for 0, where the normal distribution has no value: half of a Sobol point's last bit."""


class Bound(NamedTuple):
    """What varies in one scheme.

    ``columns`` names the numbers in [0, 1) that it needs, each with the factor that it belongs to;
    ``draws`` makes draws for :meth:`Engine.run` of them, (R, columns).
    """

    columns: Mapping[str, str]
    draws: Callable[[Array], dict[str, Array]]


@dataclass(frozen=True)
class Varying:
    """One thing that varies; made by :func:`weights`, :func:`ranges`, :func:`noise`."""

    def atoms(self) -> Sequence[Varying]:
        """Return the parts of which a scheme variant may have some and lack others."""
        return (self,)

    def bind(self, engine: Engine) -> Bound:
        """Return what varies in one scheme and its data; refuse when nothing could vary so."""
        raise NotImplementedError


# -- ranges ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ranges(Varying):
    """Numbers that are uniform in a range; see :func:`ranges`."""

    bounds: tuple[tuple[str, tuple[float, float] | None], ...]

    def atoms(self) -> Sequence[Ranges]:
        """Return one for each path."""
        return [Ranges((each,)) for each in self.bounds]

    def bind(self, engine: Engine) -> Bound:
        """Return what varies in one scheme; see :class:`Varying`."""
        ends = self._ends(engine)

        def draws(u: Array) -> dict[str, Array]:
            rows = enumerate(ends.items())
            return {path: low + (high - low) * u[:, k] for k, (path, (low, high)) in rows}

        return Bound({path: path for path in ends}, draws)

    def _ends(self, engine: Engine) -> dict[str, tuple[float, float]]:
        found = {}
        for path, ends in self.bounds:
            value_at(engine.scheme, path)
            slot = engine.scheme.paths().get(path)
            if ends is None and (slot is None or slot.span is None):
                state = Words(
                    f"请写明：ranges({{'{path}': (低, 高)}})",
                    f"State one: ranges({{'{path}': (low, high)}})",
                )
                own = Words("没有默认的变动范围", "it has no range of its own")
                refuse(path, own, remedy=state)
            low, high = ends or slot.span  # type: ignore[union-attr,misc]
            if not low <= high:
                refuse(path, f"({low:g}, {high:g})", Words("(低, 高)", "(low, high)"))
            found[path] = (float(low), float(high))
        checked(engine.scheme, engine.people, _corners(found))
        return found


def _corners(ranges: Mapping[str, tuple[float, float]]) -> dict[str, list[float]]:
    """Return draws in which all numbers, or all but one, are at the same end of their range."""
    last = len(ranges)
    found = {}
    for place, (path, (low, high)) in enumerate(ranges.items()):
        alone = [high if place == k else low for k in range(last)]
        others = [low if place == k else high for k in range(last)]
        found[path] = [low, high, *alone, *others]
    return found


def ranges(
    *where: str | Mapping[str, tuple[float, float] | None], **bounds: tuple[float, float] | None
) -> Ranges:
    """Vary numbers inside a range, each uniformly and independently of the others.

    Parameters
    ----------
    *where : edit path, or mapping of edit path to (low, high)
        A path alone (or with None) varies in the parameter's own sensible range (``span`` of
        ``scheme.paths()``).
    **bounds : (low, high)
        The same by keyword: ``ranges(**{"total.combine.high": (1.05, 1.2)})``.
    """
    found: dict[str, tuple[float, float] | None] = {}
    for each in where:
        found |= {each: None} if isinstance(each, str) else dict(each)
    found |= bounds
    if not found:
        refuse("ranges", Words("没有路径", "no path"), Words("至少一条路径", "at least one"))
    return Ranges(tuple(found.items()))


# -- choices ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """Alternatives of structure; see :func:`choice`."""

    path: str
    options: tuple[Scenario, ...]


def choice(path: str, options: Mapping[str, Any] | Sequence[Any]) -> Choice:
    """Choose among alternatives, each equally likely.

    Parameters
    ----------
    path : str
        Edit path of what is chosen: ``"gdp.rule"``, ``"total.combine"``, ``"gdp.scope"``,
        ``"units.青山区"``. When the options are scenarios, any name for the choice.
    options : list of values or of Scenario, or mapping of name to value
        All alternatives, the present one too where it is one of them.

    Raises
    ------
    SimkaoheError
        Fewer than two options, or two of one name.
    """
    named = (
        options if isinstance(options, Mapping) else {_name(option): option for option in options}
    )
    if len(named) < 2 or len(named) < len(options):
        refuse(
            path,
            Words(f"{len(named)} 个不同的选项", f"{len(named)} different option(s)"),
            Words("至少两个，名称不重复", "at least two, with names of their own"),
        )
    found = [
        each if isinstance(each, Scenario) else Scenario(name=name, edits=FrozenDict({path: each}))
        for name, each in named.items()
    ]
    return Choice(path, tuple(found))


def _name(option: Any) -> str:
    if isinstance(option, Scenario):
        return option.name
    return repr(dict(option)) if isinstance(option, Mapping) else str(option)


# -- noise -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Noise(Varying):
    """Normal errors of data; see :func:`noise`."""

    table: str
    indicators: tuple[str, ...] | None
    sd: float | tuple[tuple[str, float], ...] | None
    relative: float | None

    def bind(self, engine: Engine) -> Bound:
        """Return what varies in one scheme; see :class:`Varying`."""
        from scipy.special import ndtri

        errors = self.errors(engine)

        def draws(u: Array) -> dict[str, Array]:
            found, start = {}, 0
            for path, value, sd in errors:
                moved = np.flatnonzero(sd > 0)
                values = np.tile(value, (len(u), 1))
                stop = start + len(moved)
                values[:, moved] += sd[moved] * ndtri(np.maximum(u[:, start:stop], LEAST))
                found[path], start = values, stop
            return found

        columns = {
            f"{path} › {engine.units[unit]}": path
            for path, _, sd in errors
            for unit in np.flatnonzero(sd > 0)
        }
        return Bound(columns, draws)

    def errors(self, engine: Engine) -> list[tuple[str, Array, Array]]:
        """Return path, values (N,) and standard errors (N,), 0 where there is none."""
        found: dict[str, tuple[str, Array, Array]] = {}
        for leaf in self._leaves(engine):
            if self.table == "value":
                column, value = leaf.id, engine.values(leaf)
            else:
                column, value = leaf.column, engine.numbers(self.table, leaf.column)
            path = f"data.{self.table}.{column}"
            sd = np.where(np.isnan(value), 0.0, self._error(engine, leaf, value))
            found[path] = path, value, np.nan_to_num(sd, posinf=0)
        if not any((sd > 0).any() for _, _, sd in found.values()):
            refuse(
                f"noise › {self.table}",
                Words("没有任何数值有误差", "no value has an error"),
                remedy=Words(
                    "请给出 sd 或 relative，或在数据里给出 sample_sd 和 sample_size",
                    "Give sd or relative, or sample_sd and sample_size in the data",
                ),
            )
        return list(found.values())

    def _error(self, engine: Engine, leaf: Indicator, value: Array) -> Array | float:
        if self.relative is not None:
            return self.relative * np.abs(value)
        sd = dict(self.sd).get(leaf.id) if isinstance(self.sd, tuple) else self.sd
        return survey_error(engine, leaf) if sd is None else sd

    def _leaves(self, engine: Engine) -> Iterator[Indicator]:
        leaves = {leaf.id: leaf for leaf in engine.scheme.indicators}
        asked = self.indicators or (tuple(dict(self.sd)) if isinstance(self.sd, tuple) else ())
        labels = {name: leaf.label for name, leaf in leaves.items()}
        if missing := [name for name in asked if name not in leaves]:
            words = Words("指标", "indicator")
            raise SimkaoheError(*(unknown("noise.indicators", n, labels, words) for n in missing))
        for name in asked or leaves:
            leaf = leaves[name]
            value = self.table == "value"
            used = readers(engine.scheme, self.table, name if value else leaf.column)
            set_by_people = value and leaf.way == "moderate"
            if asked and not used:
                refuse(
                    f"noise › {name}",
                    Words(f"不使用 {self.table} 数据", f"it does not use {self.table}"),
                    remedy=Words(
                        "可用 table='value' 给测得的值加误差",
                        "table='value' puts errors on what it measures",
                    ),
                )
            if asked and set_by_people:  # says so
                none = {f"data.value.{name}": np.zeros((1, len(engine.units)))}
                checked(engine.scheme, engine.people, none)
            if asked or (used and not set_by_people):
                yield leaf


def survey_error(engine: Engine, leaf: Indicator) -> Array:
    r"""Return the standard error (N,) of a survey's mean; NaN where the data do not tell it.

    ``sample_sd / sqrt(sample_size)``; of answers with points
    :math:`\sqrt{\sum_a c_a (p_a - m)^2 / (n - 1) / n}`, counts c, mean m of n answers.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        if isinstance(leaf.measure, Answers):
            counts = engine.people.data([leaf], "answers")[:, 0, 0]
            points = np.array([*leaf.measure.points.values()])[:, None]
            size = counts.sum(0)
            mean = (points * counts).sum(0) / size
            return np.sqrt((counts * (points - mean) ** 2).sum(0) / (size - 1) / size)
        size = engine.numbers("sample_size", leaf.column)
        return engine.numbers("sample_sd", leaf.column) / np.sqrt(size)


def noise(
    table: str = "actual",
    *,
    indicators: Sequence[str] | str | None = None,
    sd: float | Mapping[str, float] | None = None,
    relative: float | None = None,
) -> Noise:
    """Put normal errors on observed values (数据误差), independent between units and indicators.

    Parameters
    ----------
    table : str, default "actual"
        ``actual``, ``target``, ``previous``, … of the data; ``"value"``: on what an indicator
        measures (a growth rate, a mean of ratings or answers). Values of other units are already
        counted in (数据归属).
    indicators : list of str, optional
        Default: all that use the table, or those that ``sd`` names.
    sd : float, or mapping of indicator to float, optional
        Standard deviation, in the unit of the values. Without ``sd`` and ``relative`` it is the
        standard error of a survey: ``sample_sd / sqrt(sample_size)`` of the data, or that of the
        mean of its answers.
    relative : float, optional
        Standard deviation as a share of the value.

    A missing value stays missing; a unit without sample has no error.
    """
    numbers = [*(sd.values() if isinstance(sd, Mapping) else [sd]), relative]
    wrong = [n for n in numbers if n is not None and not 0 < n < np.inf]
    problems = []
    if table not in DATA_TABLES:
        problems.append(unknown("noise.table", table, DATA_TABLES, Words("数据表", "table")))
    if wrong or (sd is not None and relative is not None):
        one = Words("其中之一，大于 0", "one of them, above 0")
        problems.append(Problem("noise", f"sd={sd}, relative={relative}", one))
    if problems:
        raise SimkaoheError(*problems)
    names = (indicators,) if isinstance(indicators, str) else indicators
    stated = tuple(sd.items()) if isinstance(sd, Mapping) else None if sd is None else float(sd)
    return Noise(table, None if names is None else tuple(names), stated, relative)
