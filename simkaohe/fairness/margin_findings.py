"""What an analysis of effort says to people who are no statisticians."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simkaohe.fairness.finding import Finding, light
from simkaohe.fairness.values import called, listed
from simkaohe.labels import Words

if TYPE_CHECKING:
    from simkaohe.fairness.margins import Effort

REASONS = {
    "cap": Words("已到顶", "at the cap"),
    "floor": Words("在底线以下", "below where points begin"),
    "band": Words("档内，离下一档还远", "inside a band, short of the next"),
    "limit": Words(
        "被限额、系数或短板吃掉", "swallowed by a limit, a coefficient or a weaker part"
    ),
    "cancelled": Words("本类别不考核", "cancelled for the category"),
    "weight": Words("权重为 0", "weight 0"),
    "missing": Words("没有数据", "no value"),
}
"""Why a step pays nothing."""
IDLE, MOSTLY_IDLE = 0.25, 0.5
"""Share of unit × indicator pairs where a step pays nothing: a quarter is what caps on finished
tasks come to in ordinary schemes, from a half on most effort is unpaid (ours)."""
SMALL = 0.005
"""Share of full marks below which neglect goes unnoticed: totals are often read to half a point."""
DILUTED, VERY_DILUTED = 0.25, 0.5
"""Share of indicators that anybody may neglect for less than SMALL (ours)."""
LATE = 0.1
"""Share of the points at stake below which late results hardly count (ours)."""


def findings_of(result: Effort) -> tuple[Finding, ...]:
    """Return what an analysis of effort found."""
    return _idle(result), _perverse(result), _ignored(result), _late(result)


def _idle(result: Effort) -> Finding:
    there = result.points.notna().to_numpy()
    codes = result.reasons.to_numpy()[there]
    count = max(int(there.sum()), 1)
    share = float((codes != "").sum() / count) if there.any() else np.nan
    shares = {name: float((codes == name).mean()) if len(codes) else 0.0 for name in REASONS}
    parts = [
        Words(f"{REASONS[name].zh} {part:.0%}", f"{REASONS[name].en} {part:.0%}")
        for name, part in shares.items()
        if part >= 0.005
    ]
    detail = listed(parts)
    end = Words(f"（{detail.zh}）", f" ({detail.en})") if parts else Words("", "")
    return Finding(
        "effort",
        "effort.idle",
        Words("多做一步，能多得分吗？", "Does one more step of effort earn anything?"),
        light(share, IDLE, MOSTLY_IDLE),
        share,
        Words(
            f"在 {share:.0%} 的“单位×指标”组合里，再进一步一分不得{end.zh}。",
            f"In {share:.0%} of all pairs of unit and indicator one more step earns nothing"
            f"{end.en}.",
        )
        if there.any()
        else Words("没有可以改进的指标值。", "There is no value that could be improved."),
        Words(
            "一步的大小是约定的；到顶也可能说明任务已经完成，不等于办法不好。",
            "How large a step is, is a convention; at the cap may simply mean done, not that the "
            "rule is bad.",
        ),
    )


def _perverse(result: Effort) -> Finding:
    wrong = result.perverse.to_numpy()
    by = result.perverse.sum()
    names = listed([called(leaf) for leaf in result.moves.leaves if by[leaf.id] > 0][:3])
    return Finding(
        "effort",
        "effort.perverse",
        Words("有没有越差越得分的地方？", "Is there a place where doing worse earns more?"),
        "red" if wrong.any() else "green",
        float(wrong.sum()),
        Words(
            f"有 {int(wrong.sum())} 处：数值变差总分反而升高，或变好反而降低，涉及：{names.zh}。",
            f"{int(wrong.sum())} pairs of unit and indicator where a worse value raises the total "
            f"or a better one lowers it: {names.en}.",
        )
        if wrong.any()
        else Words(
            "没有发现：每个单位每项指标退一步都不会加分，进一步都不会扣分。",
            "None found: no unit gains by a step back in any indicator, or loses by a step forward.",
        ),
        Words(
            "只试了前后各一步；更大的变动、造假和挑选任务不在此列。",
            "Only one step each way was tried; larger moves, false figures and picking easy tasks "
            "are not covered.",
        ),
    )


def _ignored(result: Effort) -> Finding:
    table = result.indicators[result.indicators["units"] > 0]
    small = SMALL * result.moves.scheme.full
    known = table["ignore_most"].dropna()
    free = known[known < small]
    share = float(len(free) / len(known)) if len(known) else np.nan
    nodes = result.moves.scheme.nodes
    names = listed([called(nodes[name]) for name in free.sort_values().index[:3]])
    return Finding(
        "effort",
        "effort.ignored",
        Words("有没有可以完全不管的指标？", "Can an indicator be ignored without notice?"),
        light(share, DILUTED, VERY_DILUTED),
        share,
        Words("没有还能变差的指标值。", "There is no value that could become worse.")
        if not len(known)
        else Words(
            f"{len(known)} 项指标中有 {len(free)} 项，任何单位把它放到最差也损失不到 {small:g} 分"
            + (f"，如：{names.zh}。" if len(free) else "。"),
            f"Of {len(known)} indicators {len(free)} may fall to the worst value of any unit and "
            f"cost nobody {small:g} points" + (f", e.g. {names.en}." if len(free) else "."),
        ),
        Words(
            "“不管”按目前最差单位的水平算；真的都不管时会更差，也可能触发问责。",
            "“Ignored” means as bad as the worst unit now; with real neglect it could be worse, and "
            "there may be consequences outside the score.",
        ),
    )


def _late(result: Effort) -> Finding:
    lost = (-result.neglect).clip(lower=0).sum()
    whole = float(lost.sum())
    share = float(lost[list(result.lagged)].sum() / whole) if result.lagged and whole else np.nan
    return Finding(
        "effort",
        "effort.lagged",
        Words("潜绩有多少分量？", "How much do results weigh that show only years later?"),
        "grey" if np.isnan(share) else "amber" if share < LATE else "green",
        share,
        Words("没有哪项指标放手不管会丢分。", "Neglect costs no points in any indicator.")
        if result.lagged and not whole
        else Words(
            "方案里看不出哪些指标要几年后才见效，请在 lagged 里列出。",
            "The scheme does not tell which indicators show results only years later; name them in "
            "lagged.",
        )
        if np.isnan(share)
        else Words(
            f"列出的 {len(result.lagged)} 项潜绩指标占“放手不管会丢的分”的 {share:.0%}。",
            f"Late results that were named, {len(result.lagged)} in all, carry {share:.0%} of the "
            "points that neglect would cost.",
        ),
        Words(
            "哪些算潜绩由使用者判断；占比高不等于考得准。",
            "Which results come late is the user's judgement; a large share does not mean that "
            "they are measured well.",
        ),
    )
