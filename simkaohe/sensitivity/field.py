"""All weights that vary as one vector, and the totals that are linear in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from simkaohe.engine.standing import EXACT
from simkaohe.errors import check_known, refuse
from simkaohe.labels import Words
from simkaohe.sensitivity.form import AdditiveForm
from simkaohe.sensitivity.placing import Race
from simkaohe.sensitivity.polytope import Polytope

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ends = Mapping[str, tuple[float, float]]
NOT_RANKED = Words("这个单位不参加排名", "this unit is not ranked")
NO_SET = Words(
    "每个单位都有缺失的得分，其权重由其余指标分摊",
    "every unit has a missing score, whose weight is spread over the others",
)
NO_EFFECT = Words("没有单位的总分取决于这些权重", "no unit's total depends on these weights")


class Field:
    """All weights that vary, as one vector: a block for every category with weights of its own.

    ``now`` (V,) are the present weights, in the polytope ``at``. Totals are ``slopes @ w`` plus
    ``constants``, (N, V) and (N,), in hundredths of full marks (logarithms where the form is), for
    those that are ``linear`` (N,); the others have ``reasons`` when they are ranked.
    """

    def __init__(self, form: AdditiveForm, within: float, bounds: Ends) -> None:
        self.form = form
        self.scale = 1.0 if form.logarithmic else form.engine.scheme.full / 100
        varies = (form.set_of >= 0) & (form.factor != 0)
        self._sets = [int(s) for s in np.unique(form.set_of[varies]) if self._is_whole(int(s))]
        if not self._sets:
            refuse(form.group, NO_SET if varies.any() else NO_EFFECT)
        self._free = [form.free(s) for s in self._sets]
        pairs = [*zip(self._free, self._sets, strict=True)]
        self.now = np.concatenate([form.weights[free, which] for free, which in pairs])
        owner = np.repeat(np.arange(len(pairs)), [len(free) for free in self._free])
        blocks = owner == np.arange(len(pairs))[:, None]
        self.slopes = np.zeros((len(form.units), len(owner)))
        self.linear = (form.set_of >= 0) & (form.factor == 0)
        for block, (free, which) in zip(blocks, pairs, strict=True):
            members = np.flatnonzero(form.set_of == which)
            self.linear[members] = True
            self.slopes[np.ix_(members, block)] = (form.factor * form.x)[np.ix_(free, members)].T
        self.slopes /= self.scale
        self.constants = np.where(self.linear, form.constant, 0.0) / self.scale
        self.at = self._polytope(blocks, within, bounds)
        self.reasons = dict(self._why())
        self.reach = self._reached()

    def _is_whole(self, which: int) -> bool:
        """Whether no child of the set's units is missing, so that their weights are the stated."""
        form = self.form
        home = form.engine.category[form.set_of == which][0]
        return bool((form.levers.stated[:, home] > 0).sum() == len(form.free(which)))

    def _polytope(self, blocks: Bools, within: float, bounds: Ends) -> Polytope:
        if not within >= 0:
            refuse("within", f"{within:g}", Words("不小于 0 的数", "a number from 0 on"))
        low = self.now * max(1 - within, 0.0)
        high = np.minimum(self.now * (1 + within), 1.0)
        for path, (least, most) in bounds.items():
            for k, points in self.variables(path, "bounds"):
                low[k], high[k] = max(least, 0.0) / points, most / points
        if self.form.engine.categories != ("",):  # an override of 0 would cancel the indicator
            low = np.maximum(low, 1e-9)
        at = Polytope(low, high, blocks)
        if at.is_empty():
            refuse(
                "bounds",
                Words("没有权重能满足界限并保持合计", "no weights meet them and keep the sum"),
                remedy=Words("请放宽界限，或加大 within", "Widen them, or raise within"),
            )
        return at

    def edits(self, w: Array) -> dict[str, float]:
        """Return the edits that give the units of every set their weights, and nobody else."""
        found: dict[str, float] = {}
        for which, free, block in zip(self._sets, self._free, self.at.blocks, strict=True):
            weights = np.zeros(len(self.form.paths))
            weights[free] = w[block]
            found |= self._own(which, weights, self.form.levers.levels)
        return found

    def _own(self, which: int, weights: Array, levels: Mapping[str, Bools]) -> dict[str, float]:
        """Return a set's weights (K,), sum 1, as edits of its own categories.

        A weight is set without a category when all that stand at it agree and nobody cancels it:
        what it is without a category is what those that cancel it have to give away.
        """
        form = self.form
        scheme, names = form.engine.scheme, form.engine.categories
        alike = form.alike(which)
        whole = form.levers.stated[:, alike].sum(0)
        found: dict[str, float] = {}
        for name, inside in levels.items():
            if not inside[form.free(which)].any():
                continue
            values = weights[inside].sum() * whole
            mine = {names[c]: float(v) for c, v in zip(alike, values, strict=True)}
            own = scheme.nodes[name].weights_by_category
            stand = {c for c in names if c not in own}
            agree = stand <= set(mine) and len({mine[c] for c in stand}) == 1
            if agree and 0.0 not in own.values():
                found[f"{name}.weight"] = next(mine[c] for c in stand)
                mine = {c: value for c, value in mine.items() if c not in stand}
            found |= {f"{name}.weights_by_category.{c}": value for c, value in mine.items()}
        return found

    def paths(self) -> dict[str, list[tuple[int, float]]]:
        """Return, for every edit path, its variables and the sums of points that they share in."""
        scheme = self.form.engine.scheme
        found: dict[str, list[tuple[int, float]]] = {}
        levers, start = self.form.levers, 0
        leaves = {node.id: levers.levels[node.id] for node in levers.nodes}
        for which, free in zip(self._sets, self._free, strict=True):
            order = {self.form.paths[k].partition(".")[0]: n for n, k in enumerate(free)}
            own = self._own(which, self.form.weights[:, which], leaves)
            for path, points in own.items():
                node, _, rest = path.partition(".")
                k = start + order[node]
                at = (k, points / self.now[k])
                found.setdefault(path, []).append(at)
                category = rest.removeprefix("weights_by_category.")
                if rest != category and category not in scheme.nodes[node].weights_by_category:
                    found.setdefault(f"{node}.weight", []).append(at)
            start += len(free)
        return found

    def variables(self, path: str, where: str = "") -> list[tuple[int, float]]:
        """Return the variables and sums of one path; refuse a path that has none."""
        paths = self.paths()
        check_known(where or path, path, [*paths], Words("权重", "weight"))
        return paths[path]

    def place(self, unit: str) -> int:
        """Return the place of a unit whose total is linear; refuse others."""
        place = self.form.place(unit)
        if not self.linear[place]:
            refuse(unit, self.reasons.get(unit, NOT_RANKED))
        return place

    def table(self) -> pd.DataFrame:
        """Return the bounds: edit paths × (low, weight, high), in points."""
        rows = {
            path: [v[k] * points for v in (self.at.low, self.now, self.at.high)]
            for path, variables in self.paths().items()
            for k, points in variables[:1]
        }
        columns = ["low", "weight", "high"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("path")

    def _why(self) -> Iterator[tuple[str, Words]]:
        form = self.form
        for place in np.flatnonzero(~self.linear & (form.behind < 2)):
            name = form.units[place]
            spread = Words(
                f"“{name}”有缺失的得分，其权重由其余指标分摊",
                f"{name!r} has a missing score, whose weight is spread over the others",
            )
            yield name, form.reasons.get(name, spread)

    def _reached(self) -> Array:
        """Return the smallest and largest total (2, N) of every unit, infinite where unknown.

        A unit with a missing score has the weighted mean of its others: a ratio, whose extremes are
        found by Dinkelbach's iteration.
        """
        form = self.form
        category = form.engine.category
        found = np.array([np.full(len(form.units), -np.inf), np.full(len(form.units), np.inf)])
        for place in np.flatnonzero(~self.linear & (form.set_of >= 0)):
            for which, free, block in zip(self._sets, self._free, self.at.blocks, strict=True):
                if category[place] not in category[form.set_of == which]:
                    continue
                counts = form.weights[free, form.set_of[place]] > 0
                x = form.x[free, place] * np.sign(form.factor[place])
                for end, sign in ((0, -1.0), (1, 1.0)):
                    mean = sign * self._ratio(sign * x, counts, block)
                    total = form.constant[place] + abs(form.factor[place]) * mean
                    found[end, place] = total / self.scale
        return found

    def _ratio(self, x: Array, counts: Bools, block: Bools) -> float:
        """Return the largest weighted mean of x (k,) over those that count."""
        best = -np.inf
        mean = float(x[counts].min())
        while mean > best + 1e-12:
            best = mean
            g = np.zeros((1, len(self.now)))
            g[0, block] = np.where(counts, x - best, 0.0)
            w = self.at.largest(g)[1][0, block] * counts
            mean = float(w @ x / w.sum()) if w.sum() > 0 else float(x[counts].max())
        return max(best, mean) + 1e-9

    def race(self, place: int, rivals: npt.NDArray[np.intp]) -> Race:
        """Return a unit's race against rivals (places) that all have a linear form."""
        own, constant = self.slopes[place], float(self.constants[place])
        digits = self.form.engine.scheme.ranking.digits
        digits = EXACT if digits is None else digits
        step = 10.0**-digits
        if self.form.logarithmic:  # the longest that a last digit can be
            lowest = constant - self.at.largest(-own[None])[0][0]
            step = float(np.log1p(step / np.exp(lowest)))
        return Race(
            own,
            constant,
            self.slopes[rivals] - own,
            self.constants[rivals] - constant,
            digits,
            step / self.scale,
            self.scale,
            self.form.logarithmic,
        )
