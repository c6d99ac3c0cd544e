"""What a report tells (报告内容): results, scenarios and where everything came from; no layout."""

from __future__ import annotations

import datetime
import hashlib
import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from typing import Any

import pandas as pd

from simkaohe.comparison import Attribution, Comparison
from simkaohe.errors import SimkaoheError
from simkaohe.files.text import to_yaml
from simkaohe.labels import Words, language
from simkaohe.panel import Panel
from simkaohe.report.words import (
    amount,
    grade_label,
    named,
    number,
    value_there,
)
from simkaohe.result import Result, evaluate
from simkaohe.scheme.edit import Scenario
from simkaohe.scheme.tree import Group, Scheme
from simkaohe.scheme.wording import path_label

EXPLAINED = 5
"""Units whose total is explained in the report."""


@dataclass(frozen=True)
class Edit:
    """One edit of a scenario: where, what it is called, what stood there and what stands there now."""

    path: str
    label: str
    before: str
    after: str


class Tried:
    """A scenario and what it changes.

    Parameters
    ----------
    name : str
        Unlike any other scenario's and the base's.
    scenario : Scenario
    base : Result
    """

    def __init__(self, name: str, scenario: Scenario, base: Result) -> None:
        self.name, self.scenario, self.base = name, scenario, base
        try:
            self.scheme = base.scheme.edit(scenario)
            self.result = evaluate(self.scheme, base.panel)
        except SimkaoheError as error:
            raise error.inside(scenario.name) from error
        self.comparison = Comparison({base_name(): base, name: self.result})

    @cached_property
    def table(self) -> pd.DataFrame:
        """The comparison's table, those that move furthest first, up before down."""
        table = self.comparison.table()
        key = pd.DataFrame({"far": -table["shift"].abs(), "up": -table["shift"]})
        return table.loc[key.sort_values(["far", "up"], kind="stable", na_position="last").index]

    @cached_property
    def moved(self) -> pd.DataFrame:
        """The rows of the table whose rank changes."""
        return self.table[self.table["shift"].fillna(0) != 0]

    @cached_property
    def regraded(self) -> pd.DataFrame:
        """The rows of the table whose grade changes, in the order of the new ranks."""
        table = self.table.sort_values("rank", kind="stable")
        before, after = table["grade_before"], table["grade"]
        return table[(before != after) & (before.notna() | after.notna())]

    @cached_property
    def uses(self) -> pd.DataFrame:
        """What each unit gets more (+) or less (−) of every use; empty without uses."""
        before, after = uses_of(self.base), uses_of(self.result)
        columns = list(dict.fromkeys([*before, *after]))
        order = self.base.ranking.index
        wide = [side.reindex(index=order, columns=columns).fillna(0.0) for side in (before, after)]
        return wide[1] - wide[0]

    @cached_property
    def edits(self) -> list[Edit]:
        """Every edit of the scenario, in its order."""
        scheme = self.base.scheme
        return [
            Edit(
                path,
                path_label(self.scheme, path),
                value_there(scheme, path),
                value_there(self.scheme, path),
            )
            for path in self.scenario.edits
        ]

    @cached_property
    def attribution(self) -> Attribution:
        """Which edit moves whom; the edits' parts add up to every unit's shift."""
        return self.comparison.attribution(edits=self.scenario.edits)


class Contents:
    """Everything that a report tells.

    Parameters
    ----------
    scheme : Scheme
    panel : Panel
    scenarios : iterable of Scenario
    title : str, optional
    source : str
        The case's name or folder, for the command line; may be empty.
    """

    def __init__(
        self,
        scheme: Scheme,
        panel: Panel,
        scenarios: Iterable[Scenario] = (),
        title: str | None = None,
        source: str = "",
    ) -> None:
        self.scheme, self.panel, self.source = scheme, panel, str(source)
        self.title = title or str(
            Words(f"{scheme.label}：考核模拟报告", f"{scheme.label}: assessment report")
        )
        self.date = datetime.date.today().isoformat()
        self.version = metadata.version("simkaohe")
        self.result = evaluate(scheme, panel)
        self.tried: list[Tried] = []
        names = {base_name()}
        for number_, scenario in enumerate(scenarios, 1):
            name = named(scenario, scenario.name)
            name = name if name not in names else f"{name} ({number_})"
            names.add(name)
            self.tried.append(Tried(name, scenario, self.result))

    @property
    def digits(self) -> int:
        """Decimals that totals are printed with."""
        digits = self.scheme.ranking.digits
        return 2 if digits is None else digits

    @cached_property
    def papers(self) -> pd.DataFrame:
        """Scores of the tree's first level, units × labels; empty where there are many or one."""
        children = self.scheme.root.children
        if not 2 <= len(children) <= 6:
            return pd.DataFrame(index=self.result.ranking.index)
        scores = self.result.scores[[child.id for child in children]]
        return scores.set_axis([child.label for child in children], axis=1)

    @cached_property
    def uses(self) -> pd.DataFrame:
        """What each unit gets: units × use ids, in the order of the ranking."""
        return uses_of(self.result).reindex(self.result.ranking.index)

    @cached_property
    def explained(self) -> dict[str, pd.DataFrame]:
        """How the totals of the first, the last and the furthest movers came about, by unit."""
        order = list(self.result.ranking[self.result.ranking["rank"].notna()].index)
        order = order or list(self.result.ranking.index)
        units = [order[0], order[-1], *(t.moved.index[0] for t in self.tried if len(t.moved))]
        return {unit: self.result.explain(unit) for unit in list(dict.fromkeys(units))[:EXPLAINED]}

    @cached_property
    def comparison(self) -> Comparison | None:
        """All scenarios beside the base; None without scenarios."""
        results = {base_name(): self.result} | {tried.name: tried.result for tried in self.tried}
        return Comparison(results) if self.tried else None

    # -- in sentences --------------------------------------------------------------------------------

    def summary(self) -> list[str]:
        """Return the report in a few plain sentences: the ranking, then each scenario."""
        return [self._leaders(), *self._grades(), *self._money(), *map(self.told, self.tried)]

    def _leaders(self) -> str:
        ranking = self.result.ranking
        ranked = ranking[ranking["rank"].notna()]
        count = len(ranking)
        if not len(ranked):
            return str(Words(f"共 {count} 个单位，均不排名。", f"{count} units, none is ranked."))
        total = ranked["total"].map(lambda x: number(x, self.digits))
        best, worst = ranked["rank"].min(), ranked["rank"].max()
        first, last = (list(ranked.index[ranked["rank"] == place]) for place in (best, worst))
        zh = f"{count} 个单位参加考核。{'、'.join(first)}{'并列' * (len(first) > 1)}第一"
        en = f"{count} units are assessed. {', '.join(first)} "
        en += "share the first place" if len(first) > 1 else "is first"
        zh += f"（{total[first[0]]} 分）"
        en += f" ({total[first[0]]} points)"
        if worst > best:
            span = number(ranked["total"].max() - ranked["total"].min(), self.digits)
            zh += f"，{'、'.join(last)}居末（{total[last[0]]} 分），首末相差 {span} 分"
            en += f"; last {'are' if len(last) > 1 else 'is'} {', '.join(last)}"
            en += f" ({total[last[0]]} points), {span} points behind"
        unranked = count - len(ranked)
        if unranked:
            zh += f"；另有 {unranked} 个单位只考核、不排名"
            en += f"; {unranked} more {'are' if unranked > 1 else 'is'} assessed but not ranked"
        return str(Words(f"{zh}。", f"{en}."))

    def _grades(self) -> list[str]:
        if self.scheme.grades is None:
            return []
        counts = self.result.ranking["grade"].value_counts()
        bands = [(grade_label(self.scheme, b.name), b.name) for b in self.scheme.grades.bands]
        parts = [f"{label} {counts.get(name, 0)}" for label, name in bands]
        zh = "、".join(f"{part} 个" for part in parts)
        return [str(Words(f"等次分布：{zh}。", f"Grades: {', '.join(parts)}."))]

    def _money(self) -> list[str]:
        sentences = []
        for use in self.uses:
            label, column = use_label(self.scheme, use), self.uses[use].dropna()
            whole = amount(column.sum())
            most = f"{column.idxmax()}（{amount(column.max())}）" if len(column) else "–"
            sentences.append(
                str(
                    Words(
                        f"{label}：合计 {whole}，最多的是{most}。",
                        f"{label}: {whole} in all; most for {most.replace('（', ' (').replace('）', ')')}.",
                    )
                )
            )
        return sentences

    def told(self, tried: Tried) -> str:
        """Return what a scenario changes, in one sentence."""
        moved, count = tried.moved, len(tried.table)
        if not len(moved):
            zh, en = f"{count} 个单位的位次都不变", f"none of the {count} units moves"
        else:
            few = len(moved) == 1
            zh = f"{count} 个单位中有 {len(moved)} 个变动位次"
            en = f"{len(moved)} of {count} units {'moves' if few else 'move'}"
            far = moved[moved["shift"].abs() == moved["shift"].abs().max()]
            shown = [
                f"{unit} {int(row['rank_before'])}→{int(row['rank'])}"
                for unit, row in far.head(4).iterrows()
            ]
            rest = Words("等", " and others") if len(far) > 4 else Words("", "")
            places = int(far["shift"].abs().iloc[0])
            zh += f"，最多 {places} 位（{'、'.join(shown)}{rest.zh}）"
            en += f", by {places} place{'s' * (places > 1)} at most ({', '.join(shown)}{rest.en})"
        if self.scheme.grades or tried.scheme.grades:
            zh, en = self._told_grades(tried, zh, en)
        for use in tried.uses:
            change = tried.uses[use]
            touched, up = int((change.abs() > 1e-9).sum()), amount(change.clip(lower=0).sum())
            if touched:
                label, net = use_label(tried.scheme, use), amount(change.sum())
                zh += f"；{label}：{touched} 个单位有变化，增加的共 {up}，总额变化 {net}"
                en += f"; {label}: {touched} units change, gains {up}, net {net}"
        name = tried.name
        return str(Words(f"情景“{name}”：{zh}。", f"Scenario {name}: {en}."))

    def _told_grades(self, tried: Tried, zh: str, en: str) -> tuple[str, str]:
        rows = tried.regraded
        if not len(rows):
            return f"{zh}；等次都不变", f"{en}; no grade changes"
        shown = [
            f"{unit} {self.grade(row['grade_before'])}→{grade_label(tried.scheme, row['grade'])}"
            for unit, row in rows.head(6).iterrows()
        ]
        more = len(rows) > len(shown)
        zh += f"；{len(rows)} 个单位改变等次（{'、'.join(shown)}{'等' * more}）"
        verb = "changes" if len(rows) == 1 else "change"
        en += f"; {len(rows)} grade{'s' * (len(rows) > 1)} {verb} ({', '.join(shown)}"
        return zh, en + (" and others)" if more else ")")

    def grade(self, grade: Any) -> str:
        """Return what a grade of the base is called."""
        return grade_label(self.scheme, grade)

    # -- where it came from --------------------------------------------------------------------------

    def scheme_yaml(self) -> str:
        """Return the exact scheme, as a file that is read back."""
        return to_yaml(self.scheme.plain())

    def scenarios_yaml(self) -> str:
        """Return the exact scenarios, as a file that is read back; empty without scenarios."""
        plain = [t.scenario.model_dump(mode="json", exclude_defaults=True) for t in self.tried]
        return to_yaml(plain) if plain else ""

    def fingerprints(self) -> dict[str, str]:
        """Return the SHA-256 of the scheme and of every table of the data."""
        text = json.dumps(self.scheme.plain(), ensure_ascii=False, sort_keys=True)
        found = {"scheme": _sha256(text)}
        for name in self.panel.tables:
            found[name] = _sha256(self.panel.frame(name).to_csv(lineterminator="\n"))
        for name in self.panel.record_tables:
            records = self.panel.records(name)
            found[name] = _sha256(records.to_csv(index=False, lineterminator="\n"))
        return found

    def commands(self) -> list[str]:
        """Return the command lines that print the same numbers again."""
        case = shlex.quote(self.source or str(Words("案例文件夹", "CASE_FOLDER")))
        lang = f" --lang {language()}"
        lines = [f"simkaohe rank {case}{lang}"]
        if self.tried:
            lines.append(f"simkaohe compare {case} scenarios.yaml{lang}")
        for unit in list(self.explained)[:1]:
            lines.append(f"simkaohe explain {case} {shlex.quote(unit)}{lang}")
        return lines


def base_name() -> str:
    """Return what the scheme as it stands is called beside scenarios."""
    return str(Words("现行方案", "Base scheme"))


def uses_of(result: Result) -> pd.DataFrame:
    """Return what a result's units get (money, seats), units × use ids; no columns without uses."""
    return result.uses.apply(pd.to_numeric, errors="coerce").astype(float)


def use_label(scheme: Scheme, use: Any) -> str:
    """Return what a use of the results is called."""
    entry = scheme.uses.get(use)
    unit = getattr(entry, "unit", None)
    of = f"{Words('（', ' (')}{unit}{Words('）', ')')}" if unit else ""
    return f"{named(entry, str(use))}{of}"


def depth_of(scheme: Scheme) -> dict[str, int]:
    """Return how deep every node stands, 0 for the root."""
    depth = {scheme.root.id: 0}
    for name, node in scheme.nodes.items():
        for child in node.children if isinstance(node, Group) else ():
            depth[child.id] = depth[name] + 1
    return depth


def arrow(shift: Any) -> str:
    """Return places gained or lost as ▲2, ▼1 or –."""
    if pd.isna(shift) or shift == 0:
        return "–"
    return f"▲{int(shift)}" if shift > 0 else f"▼{int(-shift)}"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
