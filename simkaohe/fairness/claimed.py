"""What most favourable weights say of places (最有利权重的结论), in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from simkaohe.fairness.finding import Finding, Light
from simkaohe.labels import Words

if TYPE_CHECKING:
    from simkaohe.fairness.benefit import MostFavourable

FEW, MANY = 0.25, 1.0
"""Claimants for each seat: one for four seats is the edge of any ranking; one for each is a toss."""
SOME_UP, MOST_UP = 0.25, 0.5
"""Of the lower half: a quarter lies close to the middle anyhow; half of it is no lower half."""
TOP = Words("换一套合理的权重，谁能进前列？", "Who would be on top by other reasonable weights?")
LOW = Words("名次靠后是权重造成的吗？", "Is a low place due to the weights?")


def findings(found: MostFavourable) -> Iterator[Finding]:
    """Yield how contested the top and the lower half are; grey where weights cannot be looked at."""
    if found.form is None or not len(found.table):
        yield Finding(
            "most_favourable_weights",
            "most_favourable_weights.top",
            TOP,
            "grey",
            np.nan,
            Words(
                "总分与各项权重都不是线性关系，最有利权重没有精确解；可用蒙特卡洛抽样。",
                "Totals are not linear in any weights of this scheme, so that most favourable weights"
                " have no exact answer; weights can be drawn instead (Monte Carlo).",
            ),
            Words("没有算出不等于名次稳固。", "What is not computed may still not be firm."),
        )
        return
    yield _top(found)
    yield _low(found)


def _caution(found: MostFavourable) -> Words:
    left = len(found.reasons)
    missing = Words("", "")
    if left:
        missing = Words(
            f"另有 {left} 个单位的总分不随权重线性变化，没有计算。",
            f" Left out, as not linear in the weights: {left} units.",
        )
    return Words(
        f"只变动{found.part.zh}的权重，各单位各用对自己最有利的一套，不能同时成立；"
        f"能争到不等于应得。{missing.zh}",
        f"Only the weights of {found.part.en} vary, and each unit takes those that suit it best,"
        f" which cannot all hold at once; a claim is not yet a right.{missing.en}",
    )


def _scoped(found: MostFavourable) -> Words:
    return Words("类内", " of their categories") if found.peers == "category" else Words("", "")


def _top(found: MostFavourable) -> Finding:
    table = found.table
    seats = int(found.seats.sum())
    up = int((table["top"] == "within").sum())
    odd = int((table["top"] == "odd").sum())
    never = int((table["top"] == "never").sum())
    share = up / seats if seats else np.nan
    light: Light = "green" if share <= FEW else "amber" if share <= MANY else "red"
    if not seats:
        light = "grey"
    scope = _scoped(found)
    places = Words(f"{scope.zh}前列的 {seats} 个位置", f"the {seats} top places{scope.en}")
    sentence = Words(
        f"各项权重在 ±{found.within:.0%} 内变动，其余单位中有 {up} 个能进入{places.zh}；"
        f"{odd} 个要靠减半到加倍的离奇权重，{never} 个怎样都进不了。",
        f"Besides those there now, {up} can get into {places.en} with every weight free by"
        f" ± {found.within:.0%}, {odd} only by odd weights (halved to doubled), {never} by none.",
    )
    return Finding(
        "most_favourable_weights",
        "most_favourable_weights.top",
        TOP,
        light,
        share,
        sentence,
        _caution(found),
    )


def _low(found: MostFavourable) -> Finding:
    half = found.table["half"]
    lower = int((half != "now").sum())
    up, odd, never = (int((half == reach).sum()) for reach in ("within", "odd", "never"))
    share = up / lower if lower else 0.0
    light: Light = "green" if share <= SOME_UP else "amber" if share <= MOST_UP else "red"
    scope = _scoped(found)
    sentence = Words(
        f"{scope.zh}后一半的 {lower} 个单位中，{up} 个用 ±{found.within:.0%} 内的权重就能进前一半，"
        f"{odd} 个要靠离奇的权重，{never} 个怎样都不行。",
        f"Of {lower} in the lower half{scope.en}, {up} can get into the upper half by weights within"
        f" ± {found.within:.0%}, {odd} only by odd weights (halved to doubled), {never} by none.",
    )
    return Finding(
        "most_favourable_weights",
        "most_favourable_weights.low",
        LOW,
        light,
        share,
        sentence,
        _caution(found),
    )
