"""How sure the places are, live: weights that vary, one number that moves, who can pass whom."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import ipywidgets as w
import numpy as np
import pandas as pd

from simkaohe import plots, sensitivity
from simkaohe.errors import SimkaoheError
from simkaohe.labels import Words
from simkaohe.panel import Panel
from simkaohe.scheme.tree import Group, Scheme
from simkaohe.sensitivity.acceptability import MonteCarlo
from simkaohe.sensitivity.moves import OF_MULTIPLIER
from simkaohe.sensitivity.passing import Change
from simkaohe.widgets import controls
from simkaohe.widgets.doubts import (
    along_words,
    grade_table,
    interval_words,
    not_comparable,
    passing_words,
)
from simkaohe.widgets.effects import multiplied
from simkaohe.widgets.following import Page, Section, png
from simkaohe.widgets.state import State
from simkaohe.widgets.working import Report

LAWS = {
    "within": Words("各自在 ± 若干 % 内", "each within ± some %"),
    "dirichlet": Words("散布在现行权重周围（Dirichlet）", "scattered around them (Dirichlet)"),
    "ordinal": Words("只保留大小次序", "only their order is kept"),
    "simplex": Words("任意权重都有可能", "any weights at all"),
}
VIEWS = {
    "intervals": Words("名次区间", "Rank intervals"),
    "chances": Words("各名次", "Every rank"),
    "grades": Words("各等次", "Every grade"),
}
DRAWS = (2_000, 20_000, 100_000)


class SurenessApp(Page):
    """Ranks under uncertain weights, the ranking along one number, and who can pass whom.

    Attributes
    ----------
    law, within, concentration, group, draws, seed, view : widgets
        How weights vary, and which; how many draws from which seed; what of the result is shown.
    path : widget
        The number along which the ranking is drawn.
    behind, ahead, among : widgets
        Who is to pass whom, and by the weights of which group ("": the first that can).
    intervals, along, passing : Section
        What was found, ``found`` of each: a MonteCarlo, Breakpoints, and a Change.
    """

    def __init__(self, scheme: Scheme, panel: Panel, state: State | None = None) -> None:
        super().__init__(scheme, panel, state)
        self.intervals = Section(
            Words("权重变一变，名次还稳吗？", "Do the places hold when the weights vary?"),
            self._varying(),
        )
        self.along = Section(
            Words("只改一个数，在哪里换位？", "One number moves: where do places change?"),
            self._moving(),
        )
        self.passing = Section(
            Words(
                "要超过前面的单位，权重得改多少？",
                "How much must the weights change for one to pass another?",
            ),
            self._passing(),
            not_comparable,
        )
        self.passing.words.observe(self._offer, "value")
        self.sections = (self.intervals, self.along, self.passing)
        self.children = [self._head, *self.sections]
        self.translate()
        self._work_out()

    def translate(self) -> None:
        """Say everything in the reader's language."""
        super().translate()
        self.use.description = str(Words("用这组权重试一试", "Try these weights"))
        for section in self.sections:
            section.redraw()

    def _work_out(self) -> None:
        self._ask_intervals()
        self._ask_along()
        self._ask_passing()

    # -- weights that vary -----------------------------------------------------------------------

    def _varying(self) -> list[w.Widget]:
        look = {"style": controls.WIDE, "layout": controls.LINE}
        later = {"style": controls.WIDE, "continuous_update": False}
        self.law, self.group = w.Dropdown(**look), w.Dropdown(**look)
        self.within = w.IntSlider(25, 1, 100, layout=w.Layout(width="99%"), **later)
        self.concentration = w.IntSlider(
            50, 5, 500, 5, layout=w.Layout(width="99%", display="none"), **later
        )
        self.draws = w.Dropdown(options=[(f"{n:,}", n) for n in DRAWS], value=DRAWS[1], **look)
        self.seed = w.BoundedIntText(0, 0, 10**6, **look)
        self.view = w.ToggleButtons(style={**controls.WIDE, "button_width": "auto"})
        act = self._ask_intervals
        self._name(self.law, Words("权重怎样变", "Weights vary"), act, lambda: _offered(LAWS))
        self._name(self.within, Words("权重 ± %", "Weights ± %"), act)
        self._name(self.concentration, Words("集中程度", "Concentration"), act)
        self._name(self.group, Words("哪些权重", "Which weights"), act, self._groups)
        self._name(self.draws, Words("抽样次数", "Draws"), act)
        self._name(self.seed, Words("随机种子", "Seed"), act)
        self._name(self.view, Words("看什么", "Show"), lambda: self.intervals.redraw(), self._views)
        return [self.law, self.within, self.concentration, self.group, self.draws, self.seed,
                self.view]  # fmt: skip

    def _views(self) -> list[tuple[str, str]]:
        return _offered(VIEWS)[: None if self.scheme.grades else -1]

    def _groups(self) -> list[tuple[str, str]]:
        everyone = str(Words("全部权重", "all of them"))
        return [
            (everyone, ""),
            *((self.scheme.nodes[name].label, name) for name in self._several()),
        ]

    def _several(self) -> list[str]:
        """Return the groups with two weights or more that play a part."""
        return [
            name
            for name, node in self.scheme.nodes.items()
            if isinstance(node, Group) and sum(_counts(node, child) for child in node.children) > 1
        ]

    def _ask_intervals(self) -> None:
        law, scheme, panel = self.law.value, self.scheme, self.state.panel
        self.within.layout.display = None if law == "within" else "none"
        self.concentration.layout.display = None if law == "dirichlet" else "none"
        amounts: dict[str, dict[str, Any]] = {
            "within": {"within": self.within.value / 100},
            "dirichlet": {"dirichlet": float(self.concentration.value)},
            "ordinal": {"ordinal": True},
            "simplex": {"within": "simplex"},
        }
        how = {**amounts[law], "node": self.group.value or None}
        many = {"draws": self.draws.value, "seed": self.seed.value}

        now = self.state.standing("current").ranking
        self.intervals.ask(
            (scheme, how, many),
            lambda report: sensitivity.montecarlo(
                scheme, panel, sensitivity.weights(**how), progress=report, **many
            ),
            lambda found: self._drawn(scheme, found, now),
        )

    def _drawn(self, scheme: Scheme, found: MonteCarlo, now: pd.DataFrame) -> tuple[str, bytes]:
        words = interval_words(scheme, found, now)
        if self.view.value == "grades":
            return words + grade_table(scheme, found), b""
        if self.view.value == "chances":
            return words, png(plots.acceptability(found))
        return words, png(plots.rank_intervals(found, now["rank"]))

    # -- one number that moves -------------------------------------------------------------------

    def _moving(self) -> list[w.Widget]:
        self.path = w.Dropdown(layout=controls.LINE).add_class("skh-long")
        self._name(self.path, Words("沿着", "Along"), self._ask_along, self._paths)
        return [self.path]

    def _paths(self) -> list[tuple[str, str]]:
        """Return the weights and the multiplier's numbers that can move; leaves come first."""
        scheme = self.scheme
        slots = scheme.paths()
        leaves = [leaf.id for leaf in scheme.indicators]
        nodes = [*leaves, *(name for name in scheme.nodes if name not in leaves)]
        nodes.remove(scheme.root.id)
        paths = [f"{name}.weight" for name in nodes if slots[f"{name}.weight"].value]
        paths += [
            path
            for path, slot in slots.items()
            if path.partition(".combine.")[2] in OF_MULTIPLIER and slot.span is not None
        ]
        return [(slots[path].label, path) for path in paths]

    def _ask_along(self) -> None:
        scheme, panel, path = self.scheme, self.state.panel, self.path.value
        self.along.ask(
            (scheme, path),
            lambda report: sensitivity.breakpoints(scheme, panel, path, progress=report),
            lambda found: (along_words(found), png(plots.breakpoints(found))),
        )

    # -- who can pass whom -----------------------------------------------------------------------

    def _passing(self) -> list[w.Widget]:
        look = {"style": controls.WIDE, "layout": controls.LINE}
        ranking = self.state.standing("current").ranking
        units = list(ranking.index)
        ahead, behind = _closest(ranking)
        self.behind = w.Dropdown(options=units, value=behind, **look)
        self.ahead = w.Dropdown(options=units, value=ahead, **look)
        self.among = w.Dropdown(**look)
        self.use = w.Button(icon="sliders", disabled=True, layout=w.Layout(width="auto"))
        self.use.on_click(lambda _: self._use())
        act = self._ask_passing
        self._name(self.behind, Words("让谁", "Let"), act)
        self._name(self.ahead, Words("超过谁", "pass"), act)
        self._name(self.among, Words("改哪些权重", "by changing"), act, self._among)
        return [self.behind, self.ahead, self.among, self.use]

    def _among(self) -> list[tuple[str, str]]:
        first = str(Words("自动：第一组行得通的", "the first group that can"))
        every = str(Words("所有指标", "all indicators"))
        return [(first, ""), *self._groups()[1:], (every, "leaves")]

    def _ask_passing(self) -> None:
        scheme, panel = self.scheme, self.state.panel
        behind, ahead, among = self.behind.value, self.ahead.value, self.among.value
        groups = [among] if among else [*self._several(), "leaves"]
        self.passing.ask(
            (scheme, behind, ahead, groups),
            lambda report: _first(report, scheme, panel, behind, ahead, groups),
            lambda found: (passing_words(found, behind, ahead, bool(among)), b""),
        )

    def _offer(self, _: Any = None) -> None:
        self.use.disabled = not getattr(self.passing.shown, "edits", None)

    def _use(self) -> None:
        if isinstance(found := self.passing.found, Change):
            self.state.replace({**self.state.edits, **found.edits})


def _closest(ranking: pd.DataFrame) -> tuple[str, str]:
    """Return the neighbours in the ranking that are closest, of one category if there are any."""
    pairs = list(pairwise(ranking.index)) or [(ranking.index[0], ranking.index[0])]
    alike = [pair for pair in pairs if ranking.loc[list(pair), "category"].nunique() < 2]
    gaps = {pair: abs(ranking["total"][pair[0]] - ranking["total"][pair[1]]) for pair in pairs}
    return min(alike or pairs, key=lambda pair: gaps[pair] or np.inf)


def _first(
    report: Report, scheme: Scheme, panel: Panel, behind: str, ahead: str, groups: list[str]
) -> Change:
    """Return the smallest change in the first group that can do it, else why none can."""
    found: list[Change] = []
    wrong: list[SimkaoheError] = []
    for place, group in enumerate(groups):
        report(place, len(groups))
        try:
            change = sensitivity.overtake(scheme, panel, behind, ahead, group=group)
        except SimkaoheError as error:
            wrong.append(error)
            continue
        if change.possible:
            return change
        found.append(change)
    if not found:
        raise wrong[0]
    return found[0]


def _counts(group: Group, child: Any) -> bool:
    weighs = bool(child.weight or child.weights_by_category)
    return weighs and not multiplied(group, child.id)


def _offered(words: dict[str, Words]) -> list[tuple[str, str]]:
    return [(str(label), name) for name, label in words.items()]


def sureness(scheme: Scheme, panel: Panel, *, state: State | None = None) -> SurenessApp:
    """Return live answers to how sure the places are.

    Its parameters are those of :func:`simkaohe.widgets.weights`.
    """
    return SurenessApp(scheme, panel, state)
