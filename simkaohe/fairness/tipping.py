"""Single levers that tip a result (一锤定音): bonuses, multipliers, vetoes, appeals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np
import pandas as pd

from simkaohe.engine import Engine, Outcome
from simkaohe.engine.standing import Array, Bools
from simkaohe.errors import SimkaoheError
from simkaohe.fairness.finding import Finding, asked, called, listed, lit, units_words, when, worse
from simkaohe.fairness.given import COVARIATE, check_names
from simkaohe.fairness.levers import Footing, Lever, spearman
from simkaohe.fairness.payouts import gini
from simkaohe.labels import Words, fact_label
from simkaohe.scheme.adjust import Veto
from simkaohe.scheme.combine import Multiplier, WeightedSum
from simkaohe.scheme.tree import Group
from simkaohe.sensitivity.equivalent import equivalent_weight

DECIDED = (0.1, 0.3)
"""Share of the best grades that a lever decides: one in ten; nearly a third (ours)."""
MADE = (0.1, 0.25)
"""Share of the differences that bonuses make: a tenth; a quarter (ours)."""
TURNED = (0.1, 0.25)
"""Share of pairs whose order coefficients turn round (ours)."""
VETOED = (0.1, 0.25)
"""Share of grades that vetoes decide (ours)."""
LINKED = (0.5, np.inf)
"""Rank correlation from which a link is strong (Cohen 1988): worth a look, alone no more, for few
units have points to be linked."""
NOTHING = 1e-9
BONUS = asked(
    "leverage.bonus",
    "加分项左右结果吗？",
    "Do bonus points decide the result?",
    "加分多的单位可能确实做了更多额外的工作；它说明加分的分量，不说明加分不该给。",
    "Units with many bonus points may have done more; it shows what bonuses weigh, not that"
    " they were wrongly given.",
)
APPEALS = asked(
    "leverage.appeals",
    "申诉、补证挽回的分偏向谁？",
    "Whom do points won back by appeal favour?",
    "相关不是因果：被挽回的失分也可能本来就不该扣。",
    "A link is no cause: what was given back may have been taken off wrongly before.",
)
MULTIPLIER = asked(
    "leverage.multiplier",
    "乘数（系数）左右结果吗？",
    "Do the multiplier's coefficients decide?",
    "系数分量大可能正是设计者的意图；它说明实际分量，不说明该不该乘。",
    "Much weight for coefficients may be what was meant; it shows what they weigh, not whether"
    " to multiply.",
)
VETO = asked(
    "leverage.veto",
    "一票否决决定了多少结果？",
    "How much do vetoes decide?",
    "否决本来就要起决定作用；规模大的单位点多面广，次数多不等于管得差。",
    "A veto is meant to decide; large units have more sites and more chances, which does not"
    " mean that they are worse run.",
)


# -- bonuses and appeals ---------------------------------------------------------------------------


def bonuses(footing: Footing) -> Lever:
    """Return what bonuses do to totals, places and the best grades (7)."""
    table = _without(footing, [n for n, a in footing.scheme.adjustments.items() if a.sign > 0])
    points = table["points"].to_numpy(np.float64)
    if not points.any():
        none = "方案没有加分，或没有单位得到加分。", "There are no bonus points."
        return Lever(table, BONUS.says("green", 0.0, *none))
    share, lost, top = float(footing.share(points)), _lost(table), footing.top_words
    link = _link_words(_links(footing, points), "加分", "bonus points")
    n, most = units_words(int((points > NOTHING).sum())), f"{points.max():.2g}"
    spread = f"{gini(points[np.concatenate(footing.scopes)]):.2f}"
    finding = BONUS.says(
        worse(lit(share, *MADE), lit(lost, *DECIDED)),
        lost,
        f"{n.zh}得到加分，最多 {most} 分，加分的基尼系数 {spread}；各单位总分的差距有 {share:.0%} 来自加分；"
        f"不算加分，{top.zh}的单位有 {lost:.0%} 换人。{link.zh}",
        f"{n.en} with bonus points, {most} at most, with a Gini coefficient of {spread};"
        f" {share:.0%} of the differences between totals come from them; without them {lost:.0%} of"
        f" the units {top.en} would be others.{link.en}",
    )
    return Lever(table, finding)


def appeals(footing: Footing, names: Collection[str] = ()) -> Lever:
    """Return what points that were given back do, and whom they favour (18).

    ``names`` are the adjustments by which appeals and late evidence give points back.
    """
    known = {name: a.name or name for name, a in footing.scheme.adjustments.items() if a.sign}
    check_names("appeals", names, known, Words("加减分", "adjustment"))
    table = _without(footing, names)
    if not names:
        untold = APPEALS.untold(
            "没有指明哪些加减分是申诉、补证挽回的（appeals），无法判断。",
            "It is not said which adjustments are points won back (appeals).",
        )
        return Lever(table.iloc[:0], untold)
    points = table["points"].to_numpy(np.float64)
    tied, lost, top = _links(footing, points), _lost(table), footing.top_words
    strongest = max((abs(r) for r in tied.values() if r == r), default=np.nan)
    link = _link_words(tied, "挽回的分", "points won back")
    n, most = units_words(int((points > NOTHING).sum())), f"{points.max(initial=0.0):.2g}"
    finding = APPEALS.says(
        worse(lit(strongest, *LINKED), lit(lost, *DECIDED)),
        strongest,
        f"{n.zh}挽回失分，最多 {most} 分；不算挽回的分，{top.zh}的单位有 {lost:.0%} 换人。{link.zh}",
        f"{n.en} won points back, {most} at most; without that {lost:.0%} of the units {top.en} would"
        f" be others.{link.en}",
    )
    return Lever(table, finding)


def _without(footing: Footing, names: Collection[str]) -> pd.DataFrame:
    """Return points of the total that adjustments bring each unit, and its place without them."""
    draws = {f"adjustments.{name}.cap": [0.0] for name in names}
    nodes = (footing.scheme.root.id,)
    other = footing.engine.run(draws, nodes=nodes) if draws else footing.now
    points = footing.total - footing.totals(other)[0]
    columns = {
        "points": np.where(np.abs(points) > NOTHING, points, 0.0),
        "rank": footing.now.ranks[0],
        "rank_without": other.ranks[0],
        "top": footing.top(),
        "top_without": footing.top(other),
        "regraded": footing.regraded(other),
    }
    return footing.frame(columns)


def _lost(table: pd.DataFrame) -> float:
    """Return which share of those at the top would not be there."""
    top = table["top"]
    return float((top & ~table["top_without"]).sum() / top.sum()) if top.any() else np.nan


def _links(footing: Footing, points: Array) -> dict[str, float]:
    """Return the rank correlation of points with each covariate, inside scopes."""
    columns = footing.engine.panel.columns("covariates")
    return {c: spearman(points, footing.engine.numbers("covariates", c), footing) for c in columns}


def _link_words(tied: Mapping[str, float], zh: str, en: str) -> Words:
    """Return the strongest link in words; nothing when none is known or worth it."""
    real = {name: r for name, r in tied.items() if abs(r) >= LINKED[0]}
    if not real:
        return Words("", "")
    name = max(real, key=lambda each: abs(real[each]))
    fact = fact_label(name)
    return Words(
        f"{zh}与“{fact.zh}”的等级相关为 {real[name]:+.2f}。",
        f" The rank correlation of {en} with {fact.en!r} is {real[name]:+.2f}.",
    )


# -- multipliers -----------------------------------------------------------------------------------


def multipliers(footing: Footing) -> Lever:
    """Return what coefficients weigh, and which gaps of the base they overturn (9)."""
    groups = [
        node
        for node in footing.scheme.nodes.values()
        if isinstance(node, Group) and isinstance(node.combine, Multiplier) and node.combine.base
    ]
    rows = {group.id: _multiplier(footing, group) for group in groups}
    columns = ["name", "log_share", "weight", "turned", "base_gap", "factor_gap", "rank_shift"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("group")
    if not groups:
        none = "方案没有用乘数计分法。", "The scheme has no multiplier."
        return Lever(table, MULTIPLIER.says("green", 0.0, *none))
    most = table["turned"].astype(float).fillna(-1).argmax()
    row, group = table.iloc[most], called(groups[most], groups[most].id)
    value = float(row["turned"])
    if np.isnan(value):
        few = "可比的单位太少。", "Too few units can be compared."
        return Lever(table, MULTIPLIER.untold(*few))
    worth, base, x = _worth(row["log_share"], row["weight"]), row["base_gap"], row["factor_gap"]
    ratio = when(
        x == x,
        f"最小 {x:.3f} 倍的系数差就足以翻盘，",
        f"a ratio of coefficients of {x:.3f} is enough in one case, ",
    )
    gap = when(
        value > 0,
        f"：{ratio.zh}最多盖过基数 {base:.1f} 分",
        f": {ratio.en}up to {base:.1f} points of the base are outweighed",
    )
    finding = MULTIPLIER.says(
        lit(value, *TURNED),
        value,
        f"在“{group.zh}”里，系数{worth.zh}把 {value:.0%} 的单位对的先后颠倒过来{gap.zh}。",
        f"In {group.en}, coefficients {worth.en}turn round the order of {value:.0%} of the pairs of"
        f" units{gap.en}.",
    )
    return Lever(table, finding)


def _multiplier(footing: Footing, group: Group) -> list[object]:
    """Return a row of the table: shares, pairs turned round, and the shift against a sum."""
    engine = footing.engine
    _, points, factors = engine.parts(group)
    method = group.combine
    assert isinstance(method, Multiplier)
    base = points[[k for k, c in enumerate(group.children) if c.id in method.base]].sum(0)
    factor = factors.prod(0)
    turned, pairs, gaps, ratios = 0, 0, [0.0], [np.inf]
    for scope in footing.scopes:
        ahead = base[scope][:, None] - base[scope]
        product = base[scope] * factor[scope]
        behind = product[:, None] - product
        over = (ahead > NOTHING) & (behind < -NOTHING)
        turned, pairs = turned + int(over.sum()), pairs + len(scope) * (len(scope) - 1) // 2
        one, other = np.nonzero(over)
        gaps += [*ahead[one, other]]
        some = factor[scope][one] > 0
        ratios += [*(factor[scope][other[some]] / factor[scope][one[some]])]
    try:
        found_ = equivalent_weight(footing.scheme, engine.panel, group.id).table
        coefficients = found_[found_["role"] == "coefficient"]
        shares = coefficients[["log_share", "weight"]].sum(min_count=1)
    except SimkaoheError:  # too few units with all parts
        shares = pd.Series({"log_share": np.nan, "weight": np.nan})
    return [
        group.label,
        *shares,
        turned / pairs if pairs else np.nan,
        max(gaps),
        min(ratios) if np.isfinite(min(ratios)) else np.nan,
        _against_a_sum(footing, group),
    ]


def _worth(log_share: float, weight: float) -> Words:
    """Return what coefficients weigh, as far as it is known, before a verb."""
    share, worth = f"{log_share:.0%}", f"{weight:.0%}"
    one, two = f"make {share} of the variation", f"are worth {worth} of the weight of a sum"
    said = [
        *([Words(f"造成的差异占 {share}，", one)] if log_share == log_share else []),
        *([Words(f"相当于加权求和时 {worth} 的权重，", two)] if weight == weight else []),
    ]
    en = ", ".join(words.en for words in said)
    return Words("".join(words.zh for words in said), f"{en} and " if en else "")


def _against_a_sum(footing: Footing, group: Group) -> float:
    """Return the mean places by which the weighted sum with the same stated weights differs."""
    try:
        summed = footing.scheme.edit({f"{group.id}.combine": WeightedSum()})
        other = Engine(summed, footing.engine.panel).run()
    except SimkaoheError:
        return np.nan
    return float(np.abs(footing.moved(other)[np.concatenate(footing.scopes)]).mean())


# -- vetoes ----------------------------------------------------------------------------------------


def vetoes(footing: Footing, size: str | None = None) -> Lever:
    """Return whom vetoes strike and what that costs, and whether the large are struck more (10).

    ``size`` is a covariate that says how much a unit is exposed to (sites, people, projects).
    """
    engine = footing.engine
    if size is not None:
        check_names("size", [size], engine.panel.columns("covariates"), COVARIATE)
    all_ = {n: a for n, a in footing.scheme.adjustments.items() if isinstance(a, Veto)}
    acting = {n: engine.struck(n) for n, a in all_.items() if set(a.effects) != {"flag"}}
    exposure = None if size is None else engine.numbers("covariates", size)
    rows = {}
    for name, struck in acting.items():
        other = _flagged(footing, [name]) if struck.any() else footing.now
        rank = footing.moved(other)[struck]
        rows[name] = [
            str(called(all_[name], name)),
            int(struck.sum()),
            float(rank.mean()) if struck.any() else 0.0,
            int(footing.regraded(other).sum()),
            np.nan
            if exposure is None or not struck.any()
            else spearman(struck.astype(np.float64), exposure, footing),
        ]
    columns = ["name", "struck", "rank_loss", "regraded", "size_link"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("veto")
    return Lever(table, _of_vetoes(footing, table, acting, exposure is not None))


def _flagged(footing: Footing, names: Iterable[str]) -> Outcome:
    """Return the outcome when some vetoes are only shown."""
    edits: dict[str, object] = {}
    for name in names:
        path = f"adjustments.{name}"
        edits |= {f"{path}.effects": ["flag"], f"{path}.cap": None, f"{path}.grade": None}
    return Engine(footing.scheme.edit(edits), footing.engine.panel).run()


def _of_vetoes(
    footing: Footing, table: pd.DataFrame, acting: Mapping[str, Bools], sized: bool
) -> Finding:
    struck = [name for name, units in acting.items() if units.any()]
    if not struck:
        return VETO.says("green", 0.0, "没有单位触发一票否决。", "No unit is struck by a veto.")
    regraded = footing.regraded(_flagged(footing, struck))
    hit = np.any(list(acting.values()), axis=0)
    value = float(regraded.sum() / len(np.concatenate(footing.scopes)))
    link = float(table["size_link"].astype(float).max()) if sized else np.nan
    x = float(np.average(table["rank_loss"], weights=table["struck"]))
    loss = when(x, f"，平均少 {x:.1f} 个位次", f", losing {x:.1f} places on average")
    large = Words(
        "没有规模数据，看不出大单位是否更容易被否决。",
        " Without a covariate of size it cannot be told whether the large are struck more.",
    )
    if link == link:
        en = f" The rank correlation with size is {link:+.2f}."
        large = Words(f"与规模的等级相关 {link:+.2f}。", en)
    n, names = (
        units_words(int(hit.sum())),
        listed([footing.engine.units[u] for u in np.flatnonzero(hit)]),
    )
    own, others = int(regraded[hit].sum()), int(regraded[~hit].sum())
    return VETO.says(
        worse(lit(value, *VETOED), lit(link, *LINKED)),
        value,
        f"{n.zh}被否决（{names.zh}）{loss.zh}；没有否决，其中 {own} 个和其他 {others} 个的结果会不同"
        f"（{value:.0%}）。{large.zh}",
        f"{n.en} struck ({names.en}){loss.en}; without vetoes {own} of them and {others} of the others"
        f" would have another result ({value:.0%}).{large.en}",
    )
