"""Single levers that tip a result (一锤定音): bonuses, multipliers, vetoes, appeals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np
import pandas as pd

from simkaohe.engine import Engine, Outcome
from simkaohe.errors import SimkaoheError, unknown
from simkaohe.fairness.finding import Finding, Light
from simkaohe.fairness.footing import Array, Bools, Footing, Lever, found, spearman, units, worse
from simkaohe.fairness.payouts import gini
from simkaohe.fairness.wording import filled, listed, lit, named
from simkaohe.labels import Words
from simkaohe.scheme.adjust import Veto
from simkaohe.scheme.combine import Multiplier, WeightedSum
from simkaohe.scheme.tree import Group
from simkaohe.sensitivity.equivalent import equivalent_weight

DECIDED: tuple[float, float] = (0.1, 0.3)
"""Share of the best grades that a lever decides: one in ten; nearly a third (ours)."""
MADE: tuple[float, float] = (0.1, 0.25)
"""Share of the differences that bonuses make: a tenth; a quarter (ours)."""
TURNED: tuple[float, float] = (0.1, 0.25)
"""Share of pairs whose order coefficients turn round (ours)."""
VETOED: tuple[float, float] = (0.1, 0.25)
"""Share of grades that vetoes decide (ours)."""
LINKED: tuple[float, float] = (0.5, np.inf)
"""Rank correlation from which a link is strong (Cohen 1988): worth a look, alone no more, for few
units have points to be linked."""
NOTHING = 1e-9


# -- bonuses and appeals ---------------------------------------------------------------------------


def bonuses(footing: Footing) -> Lever:
    """Return what bonuses do to totals, places and the best grades (7)."""
    names = [name for name, a in footing.scheme.adjustments.items() if a.sign > 0]
    question = Words("加分项左右结果吗？", "Do bonus points decide the result?")
    caution = Words(
        "加分多的单位可能确实做了更多额外的工作；它说明加分的分量，不说明加分不该给。",
        "Units with many bonus points may have done more; it shows what bonuses weigh, not that"
        " they were wrongly given.",
    )
    table = _without(footing, names)
    points = table["points"].to_numpy(np.float64)
    if not points.any():
        sentence = Words("方案没有加分，或没有单位得到加分。", "There are no bonus points.")
        return Lever(table, found("bonus", question, "green", 0.0, sentence, caution))
    share, lost = float(footing.share(points)), _lost(table)
    tied = _links(footing, points)
    sentence = filled(
        "{n}得到加分，最多 {most:.2g} 分，加分的基尼系数 {gini:.2f}；各单位总分的差距有 {share:.0%} 来自加分；"
        "不算加分，{top}的单位有 {lost:.0%} 换人。{link}",
        "{n} with bonus points, {most:.2g} at most, with a Gini coefficient of {gini:.2f};"
        " {share:.0%} of the differences between totals come from them; without them {lost:.0%} of"
        " the units {top} would be others.{link}",
        n=units(int((points > NOTHING).sum())),
        most=points.max(),
        gini=gini(points[np.concatenate(footing.scopes)]),
        share=share,
        top=footing.top_words,
        lost=lost,
        link=_link_words(tied, "加分", "bonus points"),
    )
    light = worse(lit(share, MADE), lit(lost, DECIDED))
    return Lever(table, found("bonus", question, light, lost, sentence, caution))


def appeals(footing: Footing, names: Collection[str] = ()) -> Lever:
    """Return what points that were given back do, and whom they favour (18).

    ``names`` are the adjustments by which appeals and late evidence give points back.
    """
    known = {name: a.name or name for name, a in footing.scheme.adjustments.items() if a.sign}
    if wrong := [name for name in names if name not in known]:
        words = Words("加减分", "adjustment")
        raise SimkaoheError(*(unknown("appeals", name, known, words) for name in wrong))
    question = Words("申诉、补证挽回的分偏向谁？", "Whom do points won back by appeal favour?")
    caution = Words(
        "相关不是因果：被挽回的失分也可能本来就不该扣。",
        "A link is no cause: what was given back may have been taken off wrongly before.",
    )
    if not names:
        sentence = Words(
            "没有指明哪些加减分是申诉、补证挽回的（appeals），无法判断。",
            "It is not said which adjustments are points won back (appeals).",
        )
        empty = _without(footing, []).iloc[:0]
        return Lever(empty, found("appeals", question, "grey", np.nan, sentence, caution))
    table = _without(footing, names)
    points = table["points"].to_numpy(np.float64)
    tied, lost = _links(footing, points), _lost(table)
    strongest = max((abs(r) for r in tied.values() if r == r), default=np.nan)
    light = worse(lit(strongest, LINKED), lit(lost, DECIDED))
    sentence = filled(
        "{n}挽回失分，最多 {most:.2g} 分；不算挽回的分，{top}的单位有 {lost:.0%} 换人。{link}",
        "{n} won points back, {most:.2g} at most; without that {lost:.0%} of the units {top} would"
        " be others.{link}",
        n=units(int((points > NOTHING).sum())),
        most=points.max(initial=0.0),
        top=footing.top_words,
        lost=lost,
        link=_link_words(tied, "挽回的分", "points won back"),
    )
    return Lever(table, found("appeals", question, light, strongest, sentence, caution))


def _without(footing: Footing, names: Collection[str]) -> pd.DataFrame:
    """Return points of the total that adjustments bring each unit, and its place without them."""
    draws = {f"adjustments.{name}.cap": [0.0] for name in names}
    root = footing.scheme.root.id
    other = footing.engine.run(draws, nodes=(root,)) if draws else footing.now
    points = footing.total - other.scores[root][0] * (footing.scheme.full / 100)
    table = footing.frame(
        {
            "points": np.where(np.abs(points) > NOTHING, points, 0.0),
            "rank": footing.now.ranks[0],
            "rank_without": other.ranks[0],
            "top": footing.top(),
            "top_without": footing.top(other),
            "regraded": footing.regraded(other),
        }
    )
    return table.sort_values("points", ascending=False, kind="stable").loc[
        list(footing.engine.units)
    ]


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
    return Words(
        f"{zh}与“{name}”的等级相关为 {real[name]:+.2f}。",
        f" The rank correlation of {en} with {name!r} is {real[name]:+.2f}.",
    )


# -- multipliers -----------------------------------------------------------------------------------


def multipliers(footing: Footing) -> Lever:
    """Return what coefficients weigh, and which gaps of the base they overturn (9)."""
    groups = [
        node
        for node in footing.scheme.nodes.values()
        if isinstance(node, Group) and isinstance(node.combine, Multiplier) and node.combine.base
    ]
    question = Words("乘数（系数）左右结果吗？", "Do the multiplier's coefficients decide?")
    caution = Words(
        "系数分量大可能正是设计者的意图；它说明实际分量，不说明该不该乘。",
        "Much weight for coefficients may be what was meant; it shows what they weigh, not whether"
        " to multiply.",
    )
    rows = {group.id: _multiplier(footing, group) for group in groups}
    columns = ["name", "log_share", "weight", "turned", "base_gap", "factor_gap", "rank_shift"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("group")
    if not groups:
        sentence = Words("方案没有用乘数计分法。", "The scheme has no multiplier.")
        return Lever(table, found("multiplier", question, "green", 0.0, sentence, caution))
    most = table["turned"].astype(float).fillna(-1).argmax()
    row, group = table.iloc[most], groups[most]
    value = float(row["turned"])
    sentence = filled(
        "在“{group}”里，系数{worth}把 {turned:.0%} 的单位对的先后颠倒过来{gap}。",
        "In {group}, coefficients {worth}turn round the order of {turned:.0%} of the pairs of"
        " units{gap}.",
        group=named(group.name, group.name_en, group.id),
        worth=_worth(row["log_share"], row["weight"]),
        turned=value,
        gap=filled(
            "：{ratio}最多盖过基数 {base:.1f} 分",
            ": {ratio}up to {base:.1f} points of the base are outweighed",
            ratio=Words("", "")
            if np.isnan(row["factor_gap"])
            else filled(
                "最小 {x:.3f} 倍的系数差就足以翻盘，",
                "a ratio of coefficients of {x:.3f} is enough in one case, ",
                x=row["factor_gap"],
            ),
            base=row["base_gap"],
        )
        if value > 0
        else Words("", ""),
    )
    light: Light = lit(value, TURNED)
    if light == "grey":
        sentence = Words("可比的单位太少。", "Too few units can be compared.")
    return Lever(table, found("multiplier", question, light, value, sentence, caution))


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
    said = [
        filled(zh, en, x=x)
        for zh, en, x in (
            ("造成的差异占 {x:.0%}，", "make {x:.0%} of the variation", log_share),
            (
                "相当于加权求和时 {x:.0%} 的权重，",
                "are worth {x:.0%} of the weight of a sum",
                weight,
            ),
        )
        if not np.isnan(x)
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
    if size is not None and size not in (there := engine.panel.columns("covariates")):
        raise SimkaoheError(unknown("size", size, there, Words("背景数据列", "covariate")))
    all_ = {n: a for n, a in footing.scheme.adjustments.items() if isinstance(a, Veto)}
    acting = {n: engine.struck(n) for n, a in all_.items() if set(a.effects) != {"flag"}}
    exposure = None if size is None else engine.numbers("covariates", size)
    rows = {}
    for name, struck in acting.items():
        other = _flagged(footing, [name]) if struck.any() else footing.now
        rank = footing.moved(other)[struck]
        rows[name] = {
            "name": str(named(all_[name].name, all_[name].name_en, name)),
            "struck": int(struck.sum()),
            "rank_loss": float(rank.mean()) if struck.any() else 0.0,
            "regraded": int(footing.regraded(other).sum()),
            "size_link": _exposed(footing, struck, exposure),
        }
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


def _exposed(footing: Footing, struck: Bools, exposure: Array | None) -> float:
    if exposure is None or not struck.any():
        return np.nan
    return spearman(struck.astype(np.float64), exposure, footing)


def _of_vetoes(
    footing: Footing, table: pd.DataFrame, acting: Mapping[str, Bools], sized: bool
) -> Finding:
    question = Words("一票否决决定了多少结果？", "How much do vetoes decide?")
    caution = Words(
        "否决本来就要起决定作用；规模大的单位点多面广，次数多不等于管得差。",
        "A veto is meant to decide; large units have more sites and more chances, which does not"
        " mean that they are worse run.",
    )
    struck = [name for name, units in acting.items() if units.any()]
    if not struck:
        sentence = Words("没有单位触发一票否决。", "No unit is struck by a veto.")
        return found("veto", question, "green", 0.0, sentence, caution)
    regraded = footing.regraded(_flagged(footing, struck))
    here = np.concatenate(footing.scopes)
    hit = np.any(list(acting.values()), axis=0)
    value = float(regraded.sum() / max(len(here), 1))
    link = float(table["size_link"].astype(float).max()) if sized else np.nan
    loss = float(np.average(table["rank_loss"], weights=table["struck"]))
    sentence = filled(
        "{n}被否决（{names}）{loss}；没有否决，其中 {own} 个和其他 {others} 个的结果会不同"
        "（{value:.0%}）。{link}",
        "{n} struck ({names}){loss}; without vetoes {own} of them and {others} of the others would have"
        " another result ({value:.0%}).{link}",
        n=units(int(hit.sum())),
        names=listed([footing.engine.units[u] for u in np.flatnonzero(hit)]),
        loss=filled("，平均少 {x:.1f} 个位次", ", losing {x:.1f} places on average", x=loss)
        if loss
        else Words("", ""),
        own=int(regraded[hit].sum()),
        others=int(regraded[~hit].sum()),
        value=value,
        link=filled(
            "与规模的等级相关 {link:+.2f}。", " The rank correlation with size is {link:+.2f}.",
            link=link,
        )
        if link == link
        else Words(
            "没有规模数据，看不出大单位是否更容易被否决。",
            " Without a covariate of size it cannot be told whether the large are struck more.",
        ),
    )  # fmt: skip
    light = worse(lit(value, VETOED), lit(link, LINKED))
    return found("veto", question, light, value, sentence, caution)
