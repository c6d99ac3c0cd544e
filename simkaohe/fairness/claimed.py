"""What most favourable weights say of places (最有利权重的结论), in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

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
                "没有可以变动、总分又随之线性变化的权重，最有利权重没有精确解；可用蒙特卡洛抽样。",
                "There are no weights that can vary and in which totals are linear, so that most"
                " favourable weights have no exact answer; weights can be drawn (Monte Carlo).",
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


def _free(found: MostFavourable) -> Words:
    """Return how far weights may go."""
    own = Words("（另有规定的除外）", " (but for some)") if found.bounded else Words(" ", "")
    return Words(f" ±{found.within:.0%}{own.zh}", f"± {found.within:.0%}{own.en}")


def _open(reach: pd.Series[str]) -> Words:
    count = int((reach == "open").sum())
    if not count:
        return Words("", "")
    return Words(f"，{count} 个未能判定", f", {count} untold")


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
    free, untold = _free(found), _open(table["top"])
    sentence = Words(
        f"各项权重在{free.zh}内变动，其余单位中有 {up} 个能进入{scope.zh}前列的 {seats} 个位置；"
        f"{odd} 个要靠减半到加倍的离奇权重，{never} 个怎样都进不了{untold.zh}。",
        f"Besides those there now ({seats}), {up} can get to the top{scope.en} by weights within"
        f" {free.en}, {odd} only by odd weights (halved to doubled), {never} by none{untold.en}.",
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
    scope, free, untold = _scoped(found), _free(found), _open(half)
    sentence = Words(
        f"{scope.zh}后一半的 {lower} 个单位中，{up} 个用{free.zh}内的权重就能进前一半，"
        f"{odd} 个要靠离奇的权重，{never} 个怎样都不行{untold.zh}。",
        f"Of {lower} in the lower half{scope.en}, {up} can get into the upper half by weights within"
        f" {free.en}, {odd} only by odd weights (halved to doubled), {never} by none{untold.en}.",
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
