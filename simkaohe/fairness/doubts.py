"""What error leaves in doubt (误差的结论), in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from simkaohe.fairness.finding import Finding, Light
from simkaohe.labels import Words

if TYPE_CHECKING:
    from simkaohe.fairness.uncertainty import Uncertainty

WIDE, VERY_WIDE = 0.1, 1 / 3
"""Of the field: within a tenth only neighbours mix; beyond a third the top mixes with the middle."""
SOME_WRONG, MANY_WRONG = 0.05, 0.15
"""Of all grades: one in twenty is the usual allowance for error; 15 % is every seventh unit."""
RELIABLE, UNRELIABLE = 0.9, 0.7
"""0.9 is asked where single cases are decided on, 0.7 of first research (Nunnally 1978)."""
ENOUGH = 4.0
"""Four times the sample halves the error, which a survey's budget may still bear."""

PLACES = Words("名次经得起误差吗？", "Do places stand up to error?")
GRADES = Words("等次会不会因误差定错？", "Are grades wrong because of error?")
TRUE = Words("总分的差异有多少是真实的？", "How much of the differences between totals is real?")
SAMPLES = Words("样本够大吗？", "Are the samples large enough?")
BEYOND = Words(
    "只计入了已知的误差；填报、口径和偏向造成的误差不在其中，实际只会更不确定。",
    "Only the errors that are known are counted, not those of reporting, definition or bias:"
    " in truth it is less certain still.",
)


def _light(value: float, green: float, red: float) -> Light:
    if np.isnan(value):
        return "grey"
    return "green" if value <= green else "amber" if value <= red else "red"


def _guarded(found: Uncertainty, light: Light) -> Light:
    """Return grey instead of green where surveys have errors of which nothing is known."""
    return "grey" if light == "green" and found.untold else light


def _beyond(found: Uncertainty) -> Words:
    if not found.untold:
        return BEYOND
    names = "、".join(found.untold), ", ".join(found.untold)
    return Words(
        f"{names[0]} 的调查误差不明或不全（缺样本标准差），没有计入。{BEYOND.zh}",
        f"The survey error of {names[1]} is not known, or not of all units (no sample_sd), and not"
        f" counted. {BEYOND.en}",
    )


def findings(found: Uncertainty) -> Iterator[Finding]:
    """Yield what error does to places, grades, differences and samples; grey when unknown."""
    if not found.table["rank"].notna().any():
        words = Words("没有参加排名的单位。", "No unit is ranked.")
        yield Finding("noise", "noise.places", PLACES, "grey", np.nan, words, BEYOND)
        return
    if not found.known:
        names = "、".join(found.untold), ", ".join(found.untold)
        hint = (
            Words(f"（如 {names[0]}）", f" (e.g. for {names[1]})")
            if found.untold
            else Words("", "")
        )
        yield Finding(
            "noise",
            "noise.places",
            PLACES,
            "grey",
            np.nan,
            Words(
                f"数据里没有误差的信息{hint.zh}：请给出调查的样本标准差与样本量，或用 errors 写明误差。",
                f"The data say nothing of errors{hint.en}: give the surveys' sample_sd and"
                " sample_size, or state errors.",
            ),
            Words("没有误差信息不等于没有误差。", "No known error does not mean no error."),
        )
        return
    yield _places_finding(found)
    if "grade" in found.table:
        yield _grades_finding(found)
    yield _reliability_finding(found)
    if (found.errors["source"].isin(["survey", "answers"])).any():
        yield _sample_finding(found)


def _reliability_finding(found: Uncertainty) -> Finding:
    real = found.reliability
    share = (
        Words("99% 以上", "Over 99%")
        if real > 0.99
        else Words(f"约 {real:.0%}", f"About {real:.0%}")
    )
    sentence = Words(
        f"总分差异中{share.zh}是真实差异，其余是误差。",
        f"{share.en} of the differences between totals is real, the rest is error.",
    )
    if np.isnan(real):
        sentence = Words(
            "没有两个单位的总分不同，谈不上差异的真假。",
            "No two units that are compared have different totals.",
        )
    return Finding(
        "noise",
        "noise.reliability",
        TRUE,
        _guarded(found, _light(-real, -RELIABLE, -UNRELIABLE)),
        real,
        sentence,
        Words(
            "可靠不等于正确：稳定地量错了东西，可靠性也高。" + _beyond(found).zh,
            "Reliable does not mean right: to measure the wrong thing steadily is reliable too. "
            + _beyond(found).en,
        ),
    )


def _places_finding(found: Uncertainty) -> Finding:
    prefix = "category_" if found.within == "category" else ""
    ranked = found.table[found.table["rank"].notna()]
    width = (ranked[f"{prefix}high"] - ranked[f"{prefix}low"]).astype(float)
    field = {name: len(units) for name, units in found.scopes()}
    sizes = np.array([field["" if found.within == "all" else c] for c in ranked["category"]])
    share = float(np.median(width / np.maximum(sizes - 1, 1))) if len(width) else np.nan
    pairs = [
        bool(found.apart.at[one, two])
        for _, units in found.scopes()
        for one, two in pairwise(units)
    ]
    scope = Words("类内", " in the category") if prefix else Words("", "")
    middle = float(width.median()) if len(width) else np.nan
    open_ = Words(
        f"半数单位的{scope.zh}名次有 {middle:.0f} 位以上的出入",
        f"half of the units have a place{scope.en} that is open by {middle:.0f} places or more",
    )
    if middle < 1:
        certain = int((width == 0).sum())
        open_ = Words(
            f"{len(width)} 个单位中 {certain} 个的{scope.zh}名次是确定的",
            f"{certain} of {len(width)} units have a certain place{scope.en}",
        )
    return Finding(
        "noise",
        "noise.places",
        PLACES,
        _guarded(found, _light(share, WIDE, VERY_WIDE)),
        share,
        Words(
            f"在 {found.level:.0%} 的把握下，{open_.zh}；"
            f"{len(pairs)} 对相邻单位中，{sum(pairs)} 对能分出先后。",
            f"With {found.level:.0%} certainty, {open_.en}; of {len(pairs)} pairs of neighbours,"
            f" {sum(pairs)} can be told apart.",
        ),
        Words(
            "分不出先后不等于一样好，也不说明排名有错。" + _beyond(found).zh,
            "That two cannot be told apart does not mean that they are equally good, nor that the"
            " ranking is wrong. " + _beyond(found).en,
        ),
    )


def _grades_finding(found: Uncertainty) -> Finding:
    wrong = found.table["wrong_grade"].astype(float)
    expected = float(wrong.sum())
    share = float(wrong.mean())
    doubtful = found.table.index[wrong > 0.25]
    return Finding(
        "noise",
        "noise.grades",
        GRADES,
        _guarded(found, _light(share, SOME_WRONG, MANY_WRONG)),
        share,
        Words(
            f"再调查一次，预计 {len(wrong)} 个单位中约有 {expected:.1f} 个换等次；"
            f"{len(doubtful)} 个单位换等次的可能超过四分之一。",
            f"If it were measured again, about {expected:.1f} of {len(wrong)} units would get"
            f" another grade; for {len(doubtful)} the chance is above one in four.",
        ),
        Words(
            "这里把观测值当作真值，不能说明哪一个单位的等次定错了。" + _beyond(found).zh,
            "It takes what was observed for the truth and does not say whose grade is wrong. "
            + _beyond(found).en,
        ),
    )


def _sample_finding(found: Uncertainty) -> Finding:
    sizes = found.sample_size()
    factor = float(sizes["factor"].iloc[0])
    alone = np.isnan(found.gap)
    if alone:
        sentence = Words("没有相邻的单位可以比较。", "There are no neighbours to compare.")
    elif np.isnan(factor):
        sentence = Words(
            "样本再大，也不能以九成把握排对相邻单位的先后。",
            "No sample, however large, would put neighbours in the right order with 90 % certainty.",
        )
    elif factor <= 1:
        sentence = Words(
            "现有样本已能以九成把握排对相邻单位的先后。",
            "The samples of now put neighbours in the right order with 90 % certainty.",
        )
    else:
        now, needed = sizes["sample"].median(), sizes["needed"].median()
        sentence = Words(
            f"要以九成把握排对相邻两个单位的先后，样本要是现在的 {factor:.3g} 倍"
            f"（由 {now:.0f} 到 {needed:.0f}）。",
            f"To put two neighbours in the right order with 90 % certainty, samples must be"
            f" {factor:.3g} times those of now ({needed:.0f} instead of {now:.0f}).",
        )
    return Finding(
        "noise",
        "noise.sample",
        SAMPLES,
        "red" if np.isnan(factor) and not alone else _guarded(found, _light(factor, 1.0, ENOUGH)),
        factor,
        sentence,
        Words(
            "以相邻单位分差的中位数计；差距更小的单位需要更大的样本。样本大也消除不了偏向。",
            "It is for the median gap between neighbours; units that are closer need more. A large"
            " sample does not cure bias.",
        ),
    )
