"""Results (结果): arrays become labelled frames, and a score is explained step by step."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine import Engine, Outcome, compiled
from simkaohe.errors import SimkaoheError, unknown
from simkaohe.labels import Words, language, reader_name
from simkaohe.panel import QUANTITIES, UNIT, Panel
from simkaohe.scheme.adjust import EFFECTS
from simkaohe.scheme.condition import Condition
from simkaohe.scheme.tree import Group, Indicator, Scheme
from simkaohe.scheme.wording import in_words


def evaluate(scheme: Scheme, panel: Panel) -> Result:
    """Evaluate a scheme on data.

    Parameters
    ----------
    scheme : Scheme
    panel : Panel

    Returns
    -------
    Result

    Raises
    ------
    SimkaoheError
        When scheme and data do not fit together; all problems at once.
    """
    engine = compiled(scheme, panel)
    return Result(engine, engine.run(uses=True))


STAGES = {
    "difficulty": Words("难度系数", "difficulty"),
    "periods": Words("各期合成", "periods blended"),
    "points": Words("加减分", "bonus and deductions"),
    "veto": Words("一票否决", "veto"),
}
"""What the stages of adjustment are called."""


class Result:
    """结果: totals, ranks and grades of every unit, and how they came about.

    Attributes
    ----------
    scheme : Scheme
    panel : Panel
    outcome : Outcome
        The same as arrays, R = 1.
    engine : Engine
        Scheme and data, ready for further runs.
    """

    def __init__(self, engine: Engine, outcome: Outcome) -> None:
        self.engine = engine
        self.scheme, self.panel, self.outcome = engine.scheme, engine.panel, outcome

    def __repr__(self) -> str:
        return f"Result({self.scheme.label}, {len(self.engine.units)} units)"

    @cached_property
    def _units(self) -> pd.Index[Any]:
        return pd.Index(self.engine.units, name="unit")

    @cached_property
    def ranking(self) -> pd.DataFrame:
        """排名: category, total, rank, category_rank and grade by unit, best first.

        ``category`` is the category's id; ``grade`` is the band's name, None without one. Units
        that are assessed but not ranked (单列) have ``<NA>`` as ranks and stand at the end.
        """
        out, engine = self.outcome, self.engine
        names = [str(name) for name in engine.categories]
        frame = pd.DataFrame(
            {
                "category": [names[code] for code in engine.category],
                "total": out.totals[0],
                "rank": _ranks(out.ranks[0]),
                "category_rank": _ranks(out.category_ranks[0]),
                "grade": self.grades,
            },
            index=self._units,
        )
        ranks = out.ranks[0]
        return frame.iloc[np.lexsort((-out.totals[0] * (ranks == 0), ranks, ranks == 0))]

    def table(self) -> pd.DataFrame:
        """Return the ranking as people read it (排名表): headings and names in their language."""
        return in_words(self.ranking, self.scheme)

    @cached_property
    def grades(self) -> pd.Series[Any]:
        """等次 by unit, in the scheme's order of units; None without grades."""
        rules = self.scheme.grades
        if rules is None or self.outcome.grades is None:
            return pd.Series([None] * len(self._units), self._units, object, "grade")
        names = [*(band.name for band in rules.bands), None]  # −1: none
        codes = self.outcome.grades[0]
        return pd.Series([names[code] for code in codes], self._units, object, "grade")

    @cached_property
    def uses(self) -> pd.DataFrame:
        """结果运用: money and seats, units (best first) × use ids."""
        amounts = {name: amount[0] for name, amount in self.outcome.uses.items()}
        return pd.DataFrame(amounts, index=self._units).reindex(self.ranking.index)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """得分: score of every node, 0–100, units × node ids, before the total is rounded."""
        return pd.DataFrame(self._scores, index=self._units)

    @cached_property
    def _scores(self) -> dict[str, npt.NDArray[np.float64]]:
        nodes = tuple(self.scheme.nodes)
        found = self.engine.run(nodes=nodes).scores
        return {node: found[node][0] for node in nodes}

    def explain(self, unit: str) -> pd.DataFrame:
        """Return how a unit's total came about, from raw values up, one row for each node.

        Nodes without weight for the unit are left out.

        Parameters
        ----------
        unit : str

        Returns
        -------
        DataFrame
            Indexed by node id, children before their group; then ``total`` rounded, and the ranks.
            Columns: ``name``; ``depth`` (0 is the total); ``method``; ``value`` (measured value)
            and ``target``; ``score`` (0–100); ``weight`` (in this unit's category, cancelled
            weights moved); ``points`` and ``factor`` (what the node brings to its parent's score);
            ``calculation``, the same in words and numbers. A bonus or deduction stands before the
            node that it acts on, with its points before the limits; the node's ``score`` is the one
            after all adjustments.

            A parent's score is (sum of the points of its children) × (product of their factors);
            points of children added after a product (see the multiplier's ``added``) come on top,
            and where no child brings points (geometric mean, multiplier without base) the product
            stands alone (times 100 for the multiplier without base).

        Raises
        ------
        SimkaoheError
            When there is no such unit, with the nearest names.
        """
        if unit not in self.engine.units:
            raise SimkaoheError(unknown("explain", unit, self.engine.units, UNIT))
        place = self.engine.units.index(unit)
        rows = list(self._rows(self.scheme.root, place, 0, (np.nan, np.nan, np.nan)))
        return pd.DataFrame(rows + list(self._last_rows(place))).set_index("node")

    def _rows(
        self, node: Group | Indicator, place: int, depth: int, part: tuple[float, float, float]
    ) -> Iterator[dict[str, Any]]:
        if isinstance(node, Group):
            weights, points, factors = self.engine.parts(node)
            for k, child in enumerate(node.children):
                if not weights[k, place]:
                    continue  # it is nothing to this unit
                brought = (weights[k, place], points[k, place], factors[k, place])
                yield from self._rows(child, place, depth + 1, brought)
        row: dict[str, Any] = {
            "node": node.id,
            "name": node.label,
            "depth": depth,
            "method": str((node.combine if isinstance(node, Group) else node.rule).label),
            "value": np.nan,
            "target": np.nan,
            "score": self._scores[node.id][place],
            "weight": part[0],
            "points": part[1],
            "factor": part[2],
        }
        if isinstance(node, Indicator):
            data = {name: self._datum(node, name, place) for name in node.rule.data}
            row["value"], row["target"] = data["value"], data.get("target", np.nan)
            raw = self.engine.stages(node)[0][1][place]
            row["calculation"] = _leaf_words(node, data, raw)
        else:
            row["calculation"] = self._group_words(node, place)
        yield from self._adjustment_rows(node, place, depth)
        row["calculation"] += self._stage_words(node, place)
        yield row

    def _adjustment_rows(
        self, node: Group | Indicator, place: int, depth: int
    ) -> Iterator[dict[str, Any]]:
        amounts = self.engine.amounts(node)
        for name, adjustment in self.scheme.adjustments.items():
            if (adjustment.on or self.scheme.root.id) != node.id:
                continue
            row: dict[str, Any] = {
                "node": f"adjustments.{name}",
                "name": reader_name(adjustment.name, adjustment.name_en, name),
                "depth": depth + 1,
                "method": str(adjustment.label),
            }
            if name in amounts:
                row["points"] = amounts[name][place]
                effect = f"{row['points']:+.4g}"
                unmet = [c for c in getattr(adjustment, "requires", ()) if not self._met(c, place)]
                if unmet:
                    effect += f" ({Words('前提未满足', 'not met')}: {unmet[0].words})"
                row["calculation"] = self._event_words(name, place, effect)
            else:
                struck = self.engine.struck(name)[place]
                row["calculation"] = str(Words("未触发", "not set off"))
                if struck:
                    effects = [EFFECTS[effect] for effect in getattr(adjustment, "effects", ())]
                    words = Words(
                        "、".join(e.zh for e in effects), ", ".join(e.en for e in effects)
                    )
                    row["calculation"] = self._event_words(name, place, str(words))
            yield row

    def _met(self, condition: Condition, place: int) -> bool:
        return bool(self.engine.met(condition)[place])

    def _event_words(self, event: str, place: int, effect: str) -> str:
        """Return what an event's records of a unit say, and what it comes to."""
        records = self.panel.records("events")
        unit = self.engine.units[place]
        mine = records[(records["unit"] == unit) & (records["event"] == event)]
        said = [
            f"{row['name'] or row['kind'] or event} × {row['count']:g}"
            + (f" ({row['kind']})" if row["name"] and row["kind"] else "")
            for row in mine.to_dict("records")
        ]
        return f"{'; '.join(said)} → {effect}" if said else effect

    def _stage_words(self, node: Group | Indicator, place: int) -> str:
        stages = self.engine.stages(node)
        words = []
        for (_, before), (name, after) in pairwise(stages):
            if before[place] == after[place] and name != "points":
                continue
            scale = self.scheme.full / 100 if node is self.scheme.root else 1.0
            change = (after[place] - before[place]) * scale
            stated = sum(amount[place] for amount in self.engine.amounts(node).values())
            if name != "points":
                words.append(f"{STAGES[name]} → {after[place]:.4f}")
            elif abs(change - stated) > 1e-9:
                limited = Words("限额后 {:+.4g}", "limited to {:+.4g}").format(change)
                words.append(f"{STAGES[name]} {stated:+.4g}, {limited} → {after[place]:.4f}")
            elif change:
                words.append(f"{STAGES[name]} {change:+.4g} → {after[place]:.4f}")
        return "".join(f"; {each}" for each in words)

    def _datum(self, leaf: Indicator, name: str, place: int) -> float:
        """Return what the rule reads of a unit: the measured value, the target or others."""
        if name == "value":
            return float(self.engine.values(leaf)[place])
        recorded = float(self.engine.numbers(name, leaf.column)[place])
        if name == "target" and np.isnan(recorded) and leaf.target is not None:
            return leaf.target
        return recorded

    def _group_words(self, group: Group, place: int) -> str:
        _, points, factors = self.engine.parts(group)
        score = self.engine.stages(group)[0][1][place]
        added = getattr(group.combine, "added", ())
        inside: list[str] = []
        after: list[str] = []
        for k, child in enumerate(group.children):
            if points[k, place]:
                (after if child.id in added else inside).append(f"{points[k, place]:.4f}")
        times = [f"{factor:.4f}" for factor in factors[:, place] if factor != 1]
        start = " + ".join(inside)
        if times and len(inside) > 1:
            start = f"({start})"
        if not inside and getattr(group.combine, "base", None) == ():
            start = "100"
        words = " × ".join([*([start] if start else []), *times])
        words = " + ".join([*([words] if words else []), *after])
        return f"{words or '0'} = {score:.4f}"

    def _last_rows(self, place: int) -> Iterator[dict[str, Any]]:
        out = self.outcome
        root = self.scheme.root
        exact = self._scores[root.id][place] * self.scheme.full / 100
        digits = self.scheme.ranking.digits
        total = out.totals[0, place]
        rounded = Words("四舍五入到 {} 位小数", "rounded half up to {} decimals").format(digits)
        yield {
            "node": "= total",
            "name": str(Words("总分", "Total")),
            "depth": 0,
            "method": "" if digits is None else str(rounded),
            "score": total,
            "calculation": f"{exact:.6g} → {total:.10g}",
        }
        ranked = out.ranks[0] > 0
        category = self.engine.members[self.engine.category[place]]
        for name, rank, of in (
            ("rank", out.ranks[0, place], ranked.sum()),
            ("category_rank", out.category_ranks[0, place], ranked[category].sum()),
        ):
            if not rank or (name == "category_rank" and not self.scheme.categories):
                continue
            label = {
                "rank": Words("排名", "Rank"),
                "category_rank": Words("类内排名", "Rank in category"),
            }[name]
            yield {
                "node": f"= {name}",
                "name": str(label),
                "depth": 0,
                "score": float(rank),
                "calculation": str(Words(f"{of} 个单位中第 {rank}", f"{rank} of {of}")),
            }
        if out.grades is not None and self.scheme.grades is not None:
            labels = {band.name: band.label for band in self.scheme.grades.bands}
            yield {
                "node": "= grade",
                "name": str(Words("等次", "Grade")),
                "depth": 0,
                "calculation": labels.get(
                    str(self.grades.iat[place]), str(Words("不定等次", "no grade"))
                ),
            }
        for use_id, use in self.scheme.uses.items():
            amount = out.uses[use_id][0, place]
            yield {
                "node": f"= uses.{use_id}",
                "name": reader_name(use.name, use.name_en, use_id),
                "depth": 0,
                "method": str(use.label),
                "calculation": f"{amount:.6g} {use.unit or ''}".strip(),
            }


def _ranks(ranks: npt.NDArray[np.int64]) -> Any:
    """Return ranks as they are, or with <NA> where units are not ranked."""
    return ranks if ranks.all() else pd.arrays.IntegerArray(ranks, ranks == 0)


def _leaf_words(leaf: Indicator, data: dict[str, float], raw: float) -> str:
    names = {"value": Words("指标值", "value"), **QUANTITIES}
    shown = [
        f"{names.get(name, name)} {value:g}{leaf.unit or '' if name in ('value', 'target') else ''}"
        for name, value in data.items()
        if not np.isnan(value)
    ]
    shown = shown or [str(Words("缺失", "missing"))]
    score = str(Words("不计分", "no score")) if np.isnan(raw) else f"{raw:.4f}"
    comma = "，" if language() == "zh" else ", "
    return f"{leaf.rule.label}{Words('：', ': ')}{comma.join(shown)} → {score}"
