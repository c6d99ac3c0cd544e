"""Leaves (指标计分): from recorded values through measure and rule to scores, 0–100."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from simkaohe.engine.parameters import Draws, stacked, stacked_field
from simkaohe.engine.population import Population, Rows
from simkaohe.engine.weights import Weights
from simkaohe.errors import Problem, SimkaoheError
from simkaohe.labels import Words
from simkaohe.panel import QUANTITIES
from simkaohe.scheme.tree import Indicator

Array = npt.NDArray[np.float64]
BLOCK = 32768
"""Numbers in an array of a block, which then fits a core's cache."""


class Leaves:
    """Scores of indicators; those with the same method are computed as one stack."""

    def __init__(self, people: Population, weights: Weights) -> None:
        self._people, self._weights = people, weights

    def scores(self, leaves: Collection[Indicator], draws: Draws) -> dict[str, Array]:
        """Return scores (1|R, N); leaves with the same method are computed as one stack."""
        stacks: dict[Any, list[Indicator]] = defaultdict(list)
        for leaf in leaves:
            stacks[leaf.id if draws else _likeness(leaf)].append(leaf)
        found: dict[str, Array] = {}
        gappy: set[str] = set()
        size = max(BLOCK // len(self._people.units), 1)
        for likes in stacks.values():
            for stack in (likes[k : k + size] for k in range(0, len(likes), size)):
                value = self.measured(stack, draws)
                for part in _by_gaps(value):
                    some = [stack[k] for k in np.arange(len(stack))[part]]
                    scores = self._scored(some, value[part], draws)
                    gaps: Any = np.isnan(scores).any((1, 2))
                    for leaf, score, gap in zip(some, scores, gaps, strict=True):
                        found[leaf.id] = self._filled(leaf, score) if gap else score
                        if gap:
                            gappy.add(leaf.id)
        self.check([leaf for leaf in leaves if leaf.id in gappy], found, draws)
        return found

    def check(self, leaves: Collection[Indicator], raw: Mapping[str, Array], draws: Draws) -> None:
        """Refuse scores (1|R, N) that are missing for units for which the indicator counts."""
        counting = self._weights.counting_when(draws) if leaves else {}
        problems: list[Problem] = []
        for leaf in leaves:
            counts = counting[leaf.id][:, self._people.category]
            absent: Any = (np.isnan(raw[leaf.id]) & counts).any(0)
            problems += self._absences(leaf, absent)
        if problems:
            raise SimkaoheError(*problems)

    def has_gaps(self, leaf: Indicator) -> bool:
        """Whether a unit has no score of its own."""
        return bool(np.isnan(self._scored([leaf], self.measured([leaf], {}), {})).any())

    def measured(self, stack: list[Indicator], draws: Draws) -> Array:
        """Return measured values (K, 1|R, N), as distance from the ideal band where moderate."""
        value = self.recorded(stack, draws)
        first = stack[0]
        if first.way == "moderate":
            low, high = (
                stacked_field(stack, name, first.id, draws) for name in ("ideal_low", "ideal_high")
            )
            value = np.where(
                np.isnan(value), np.nan, np.maximum(np.maximum(low - value, value - high), 0)
            )
        return value

    def recorded(self, stack: list[Indicator], draws: Draws) -> Array:
        """Return measured values (K, 1|R, N) themselves."""
        first = stack[0]
        data = [self._data(stack, name, draws) for name in first.measure.data]
        parameters = stacked([leaf.measure for leaf in stack], f"{first.id}.measure", draws)
        value: Array | None = None
        for peers in self._people.peers[first.scope]:
            part = first.measure.formula(*(d[..., peers] for d in data), **parameters)
            if value is None:
                value = np.empty((*np.shape(part)[:-1], len(self._people.units)))
            value[..., peers] = part
        value = draws.get(f"data.value.{first.id}", value)
        assert value is not None
        return value[None] if value.ndim == 2 else value

    def _data(self, stack: list[Indicator], name: str, draws: Draws) -> Array:
        """Return what a formula reads (K, 1, N), or as it is drawn (1, R, N)."""
        drawn = draws.get(f"data.{name}.{stack[0].column}")
        return self._people.data(stack, name) if drawn is None else drawn[None]

    def target(self, stack: list[Indicator], draws: Draws) -> Array:
        """Return targets (K, 1|R, N): the data's, else the indicator's own."""
        given = self._data(stack, "target", draws)
        stated = [np.nan if leaf.target is None else leaf.target for leaf in stack]
        own: Any = draws.get(f"{stack[0].id}.target", np.array(stated)[:, None, None])
        return np.where(np.isnan(given), own, given)

    def _scored(self, stack: list[Indicator], value: Array, draws: Draws) -> Array:
        """Return scores (K, 1|R, N); NaN where a unit has no value or the rule is undefined."""
        gaps = np.isnan(value)
        if (gaps != gaps[:, :1]).any():  # who has a value differs from draw to draw
            rows = [
                self._scored(stack, value[:, r : r + 1], _row(draws, r))
                for r in range(value.shape[1])
            ]
            return np.concatenate(rows, 1)
        first = stack[0]
        rule = first.rule
        others = [self._data(stack, name, draws) for name in rule.data[1:]]
        if "target" in rule.data:
            others[rule.data.index("target") - 1] = self.target(stack, draws)
        parameters = stacked([leaf.rule for leaf in stack], f"{first.id}.rule", draws)
        if "sign" in rule.supplied:
            parameters["sign"] = 1 if first.way == "positive" else -1
        # A drawn value or target has a draw axis of its own; formulas broadcast the rest.
        shape = np.broadcast_shapes(
            value.shape[:2],
            *(np.shape(p)[-3:-1] or (1, 1) for p in others),
            *(
                (1, np.shape(p)[0]) if np.ndim(p) == 2 else (len(stack), 1)
                for p in parameters.values()
                if isinstance(p, np.ndarray)
            ),
        )
        points = np.empty((*shape, len(self._people.units)))
        there = ~np.isnan(value[0, 0])
        for peers in self._people.peers[first.scope]:
            if not there.all():
                points[..., peers] = np.nan
                peers = np.arange(len(there))[peers][there[peers]]
            if there[peers].any():
                points[..., peers] = rule.formula(
                    value[..., peers], *(other[..., peers] for other in others), **parameters
                )
        points *= 100
        points /= parameters["full"]
        return points

    def _filled(self, leaf: Indicator, score: Array) -> Array:
        """Replace NaN as the indicator says about missing values."""
        absent = np.isnan(score)
        if leaf.missing == "zero":
            return np.where(absent, 0.0, score)
        if leaf.missing == "full":
            return np.where(absent, 100.0, score)
        if leaf.missing == "median":
            for members in self._people.members:
                there = members[~absent[:, members].all(0)]
                if len(there):
                    middle = np.nanmedian(score[:, there], -1, keepdims=True)
                    score[:, members] = np.where(absent[:, members], middle, score[:, members])
        return score

    def _absences(self, leaf: Indicator, absent: npt.NDArray[np.bool_]) -> Iterator[Problem]:
        """Yield a problem for every unit (N,) without a score that it needs."""
        if leaf.missing == "spread" or not absent.any():
            return
        actual = self._people.numbers("actual", leaf.column)
        for unit in np.flatnonzero(absent):
            who = self._people.units[unit]
            where = f"{leaf.id} › {who}"
            needs = sorted({*leaf.measure.data, *leaf.rule.data} - {"actual", "value"})
            lacking = [name for name in needs if self._lacks(leaf, name, unit)]
            names = [QUANTITIES.get(name, Words(name, name)) for name in lacking or needs]
            if np.isnan(actual[unit]):
                found = Words("没有数值", "there is no value")
            elif lacking:
                table, column = _home(leaf, lacking[0])
                where = f"{table} › {who} › {column}"
                found = Words(
                    f"“{who}”没有{'、'.join(n.zh for n in names)}，无法计分",
                    f"{who!r} has no {' and no '.join(n.en for n in names)} and cannot be scored",
                )
            else:
                found = Words(
                    f"无法计分（{'、'.join(n.zh for n in names) or '取值'}缺失或为零）",
                    f"it cannot be scored ({' or '.join(n.en for n in names) or 'the value'}"
                    " missing or zero)",
                )
            yield Problem(
                where,
                found,
                remedy=Words(
                    f"请补数，或在 {leaf.id}.missing 写明处理办法"
                    "（零分 zero、满分 full、中位数 median、分给同级 spread）",
                    f"Fill it in, or state what that means in {leaf.id}.missing"
                    " (zero, full, median or spread)",
                ),
            )

    def _lacks(self, leaf: Indicator, name: str, unit: np.intp) -> bool:
        """Whether a unit has nothing of what an indicator's formulas read, and others have it."""
        gaps = np.isnan(self._people.numbers(*_home(leaf, name)))
        stated = name == "target" and leaf.target is not None
        return bool(gaps[unit] and not gaps.all() and not stated)


def _home(leaf: Indicator, name: str) -> tuple[str, str]:
    """Return the table and the column of what an indicator's formulas read."""
    return (name, leaf.column) if name in QUANTITIES else ("covariates", name)


def _row(draws: Draws, r: int) -> Draws:
    """Return one draw."""
    return {
        path: values[r : r + 1] if len(values) > 1 else values for path, values in draws.items()
    }


def _likeness(leaf: Indicator) -> tuple[Any, ...]:
    """Return what leaves must have in common to be computed as one stack."""
    methods = [
        (type(method), *(_fixed(value) for value in vars(method).values()))
        for method in (leaf.rule, leaf.measure)
    ]
    return (*methods, leaf.way, leaf.scope)


def _fixed(value: Any) -> Any:
    """Return what must be equal: not the size of a number, but the order of a mapping."""
    if isinstance(value, float):
        return float
    return tuple(value.items()) if isinstance(value, dict) else value


def _by_gaps(value: Array) -> list[Rows]:
    """Return rows of a stack (K, R, N): the complete ones together, each of the others alone."""
    broken = np.isnan(value).any((1, 2))
    alone: list[Rows] = [*np.flatnonzero(broken)[:, None]]
    if not alone:
        return [slice(None)]
    return alone if broken.all() else [np.flatnonzero(~broken), *alone]
