"""What a notation is read with: the numbers of one unit and of those that it is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from simkaohe.labels import Words
from simkaohe.panel import QUANTITIES
from simkaohe.result import Result
from simkaohe.scheme.adjust import Points
from simkaohe.scheme.combine import Multiplier
from simkaohe.scheme.notation import Facts
from simkaohe.scheme.tree import Group, Indicator

Array = npt.NDArray[np.float64]


def of_measure(result: Result, leaf: Indicator, place: int, scope: str | None = None) -> Facts:
    """Return what an indicator's measure (计算口径) reads of a unit, compared within a scope."""
    people = result.engine.people
    given = {name: people.data([leaf], name) for name in leaf.measure.data}
    data = {name: column[..., 0, 0, :] for name, column in given.items()}
    return _of_method(leaf.measure, data, _peers(result, scope or leaf.scope, place), place)


def of_rule(result: Result, leaf: Indicator, place: int, scope: str | None = None) -> Facts:
    """Return what an indicator's rule (计分方法) reads of a unit, compared within a scope."""
    people = result.engine.people
    value = result.engine.values(leaf)
    data = {"value": value}
    for name in leaf.rule.data[1:]:
        column = people.data([leaf], name)[0, 0]
        if name == "target" and leaf.target is not None:
            column = np.where(np.isnan(column), leaf.target, column)
        data[name] = column
    peers = _peers(result, scope or leaf.scope, place)
    peers = peers[~np.isnan(value[peers]) | (peers == place)]
    facts = _of_method(leaf.rule, data, peers, place)
    return facts.but(sign=1 if leaf.way == "positive" else -1)


def of_distance(leaf: Indicator, value: float) -> Facts:
    """Return what the distance from an ideal band (适度区间) is made of."""
    own = {"value": value, "ideal_low": leaf.ideal_low, "ideal_high": leaf.ideal_high}
    return Facts(own, words=words_of(leaf))


def of_group(result: Result, group: Group, place: int) -> Facts:
    """Return the scores and weights of a group's children that count for a unit."""
    scores, weights = (table[:, place] for table in result.engine.children(group))
    method = group.combine
    own = _fields(method)
    counts = (weights > 0) & ~np.isnan(scores)
    own |= {"score": scores[counts], "weight": weights[counts]}
    if isinstance(method, Multiplier):
        names = np.array([child.id for child in group.children])
        factors = result.engine.parts(group)[2][:, place]
        base, added = np.isin(names, method.base), np.isin(names, method.added)
        low = _capped(method, scores[base & counts])
        own |= {"base_score": low, "base_weight": weights[base & counts]}
        own |= {"added_score": scores[added & counts], "added_weight": weights[added & counts]}
        own |= {"coefficient": factors[~base & ~added & (weights > 0)]}
    return Facts(own, words=words_of(method))


def _capped(method: Multiplier, scores: Array) -> Array:
    """Return the base's scores, cut at the base mark where one is below it."""
    mark = method.base_mark
    if mark is None or not method.base_mark_caps or not (scores < mark - 1e-9).any():
        return scores
    return np.minimum(scores, mark)


def of_coefficient(
    result: Result, group: Group, child: int, place: int, scope: str | None = None
) -> Facts:
    """Return what the coefficient of a multiplier's part is made of."""
    method = group.combine
    assert isinstance(method, Multiplier)
    scores = np.maximum(result.engine.children(group)[0][child], 0.0)
    peers = _peers(result, scope or method.scope, place)
    facts = _of_method(method.map, {"score": scores}, peers, place)
    words = {**facts.words, **words_of(method)}
    return Facts(
        {**facts.own, "low": method.low, "high": method.high}, facts.peers, facts.place, words
    )


def of_points(result: Result, name: str, place: int) -> Facts:
    """Return what a bonus or a deduction counts of a unit."""
    adjustment = result.scheme.adjustments[name]
    assert isinstance(adjustment, Points)
    kinds = list(adjustment.points)
    counts, repeats = (t[:, place] for t in result.engine.people.event_counts(name, kinds))
    there = (counts > 0) | (repeats > 0)
    caps = np.array([adjustment.caps.get(kind, np.inf) for kind in kinds])
    own = _fields(adjustment) | {
        "counts": counts[there],
        "repeats": repeats[there],
        "points": np.array(list(adjustment.points.values()))[there],
        "caps": caps[there] if np.isfinite(caps[there]).any() else None,
    }
    return Facts(own, words=words_of(adjustment))


def kinds_of(result: Result, name: str, place: int) -> tuple[str, ...]:
    """Return the kinds of records that a unit has of a bonus or a deduction."""
    adjustment = result.scheme.adjustments[name]
    assert isinstance(adjustment, Points)
    kinds = list(adjustment.points)
    counts, repeats = (t[:, place] for t in result.engine.people.event_counts(name, kinds))
    found = zip(kinds, counts, repeats, strict=True)
    return tuple(kind for kind, count, again in found if count or again)


def words_of(model: BaseModel) -> Mapping[str, Words]:
    """Return what people call a model's fields and the tables of data."""
    fields: Mapping[str, Words] = type(model).field_words()  # type: ignore[attr-defined]
    return {**QUANTITIES, **fields}


def _fields(model: BaseModel) -> dict[str, Any]:
    found = {name: getattr(model, name) for name in type(model).model_fields}
    return {
        name: np.array(list(value.values())) if isinstance(value, Mapping) else value
        for name, value in found.items()
    }


def _of_method(method: BaseModel, data: Mapping[str, Array], peers: Any, place: int) -> Facts:
    own = {name: _mine(column[..., place]) for name, column in data.items()}
    there = {name: column[..., peers] for name, column in data.items()}
    mine = int(np.flatnonzero(peers == place)[0])
    return Facts({**_fields(method), **own}, there, mine, words_of(method))


def _mine(value: Any) -> Any:
    """Return a number, or the records of a unit that there are."""
    return value[~np.isnan(value)] if np.ndim(value) else float(value)


def _peers(result: Result, scope: str, place: int) -> npt.NDArray[np.intp]:
    everybody = np.arange(len(result.engine.units))
    return next(
        found for rows in result.engine.people.peers[scope] if place in (found := everybody[rows])
    )
