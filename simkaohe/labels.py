"""The words that people read, in Chinese and English (中英文用语).

The language is the package's only global state. It is taken from ``SIMKAOHE_LANGUAGE`` (``zh`` or
``en``), else from the machine's locale, and can be changed at once with :func:`use_language`.
"""

from __future__ import annotations

import locale
import os
from typing import Literal, NamedTuple

Language = Literal["zh", "en"]


def _machine_language() -> Language:
    named = os.environ.get("SIMKAOHE_LANGUAGE", "").lower()
    if named in ("zh", "en"):
        return "zh" if named == "zh" else "en"
    spoken = (locale.getlocale()[0] or os.environ.get("LANG", "")).lower()
    return "zh" if spoken.startswith(("zh", "chinese")) else "en"


_language: Language = _machine_language()


def language() -> Language:
    """Return the language of all labels and messages, ``"zh"`` or ``"en"``."""
    return _language


def use_language(chosen: Language) -> None:
    """Show every label and message in Chinese (``"zh"``) or English (``"en"``) from now on."""
    global _language
    if chosen not in ("zh", "en"):
        raise ValueError(f"language: found {chosen!r}; expected 'zh' or 'en'")
    _language = chosen


class Words(NamedTuple):
    """The same words in Chinese and in English; ``str()`` gives the reader's."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.zh if _language == "zh" else self.en

    def format(self, *args: object, **values: object) -> Words:
        """Fill both templates with the same values."""
        return Words(self.zh.format(*args, **values), self.en.format(*args, **values))


def reader_name(name: str | None, name_en: str | None, default: str = "") -> str:
    """Return what something is called in the reader's language, else in the other, else default."""
    first, second = (name, name_en) if _language == "zh" else (name_en, name)
    return first or second or default


COLUMNS = {
    "unit": Words("单位", "Unit"),
    "category": Words("类别", "Category"),
    "total": Words("总分", "Total"),
    "rank": Words("排名", "Rank"),
    "category_rank": Words("类内排名", "Rank in category"),
    "grade": Words("等次", "Grade"),
    "shift": Words("位次变化", "Shift"),
    "category_shift": Words("类内变化", "Shift in category"),
    "score": Words("得分", "Score"),
    "weight": Words("权重", "Weight"),
    "points": Words("加权得分", "Points"),
    "factor": Words("系数", "Factor"),
    "value": Words("指标值", "Value"),
    "name": Words("名称", "Name"),
    "node": Words("编号", "Id"),
    "method": Words("方法", "Method"),
    "calculation": Words("算式", "Calculation"),
    "target": Words("目标值", "Target"),
    "depth": Words("层级", "Depth"),
    "scheme": Words("方案", "Scheme"),
    "change": Words("进出", "Change"),
    "kendall_tau_b": Words("肯德尔 τ-b", "Kendall tau-b"),
    "spearman_rho": Words("斯皮尔曼 ρ", "Spearman rho"),
    "top_overlap": Words("前列重合度", "Top overlap"),
    "mean_shift": Words("平均变动", "Mean shift"),
    "largest_shift": Words("最大变动", "Largest shift"),
    "moved": Words("变动单位数", "Units moved"),
    "grades_changed": Words("等次变动数", "Grades changed"),
    "case": Words("案例", "Case"),
    "indicators": Words("指标数", "Indicators"),
    "responsible": Words("责任部门", "Responsible"),
    "place": Words("位次", "Place"),
    "of": Words("参比单位", "Of"),
    "third": Words("所在区段", "Third"),
    "lost": Words("失分", "Points lost"),
    "full": Words("满分", "Full points"),
    "secured": Words("已稳得分", "Secured"),
    "open": Words("待完成", "Open"),
    "pace": Words("序时进度", "Pace"),
    "at_risk": Words("扣分隐患", "At risk"),
    "risk": Words("风险", "Risk"),
    "expected_loss": Words("预计失分", "Expected loss"),
    "mean_rank": Words("平均名次", "Mean rank"),
    "rank_0.05": Words("名次 5%", "Rank 5 %"),
    "rank_0.95": Words("名次 95%", "Rank 95 %"),
    "same_rank": Words("保持名次的可能", "Keeps its rank"),
    "same_grade": Words("保持等次的可能", "Keeps its grade"),
    "up": Words("上升", "Up"),
    "down": Words("下降", "Down"),
    "place_up": Words("上升者名次", "Rank of the one up"),
    "place_down": Words("下降者名次", "Rank of the one down"),
    "tie": Words("并列", "Tie"),
    "zone": Words("取整并列区", "Rounding zone"),
    "same_category": Words("同类", "Same category"),
    "top": Words("前三分之一", "Top third"),
    "middle": Words("中间三分之一", "Middle third"),
    "bottom": Words("后三分之一", "Bottom third"),
    "best": Words("最好指标", "Best"),
    "worst": Words("最差指标", "Worst"),
    "best_rank": Words("最好名次", "Best rank"),
    "worst_rank": Words("最差名次", "Worst rank"),
    "best_bound": Words("最好不过", "No better than"),
    "worst_bound": Words("最差不过", "No worse than"),
    "best_proved": Words("最好已证明", "Best proved"),
    "worst_proved": Words("最差已证明", "Worst proved"),
    "above": Words("在前", "Above"),
    "below": Words("在后", "Below"),
    "gap": Words("分差", "Gap"),
    "tied": Words("并列", "Tied"),
    "survives": Words("经得起的变动", "Survives"),
    "distinct": Words("分得开的变动", "Distinct"),
    "radius": Words("稳健半径", "Radius"),
    "reason": Words("原因", "Reason"),
    "path": Words("编辑路径", "Path"),
    "label": Words("名称", "Name"),
    "indicator": Words("指标编号", "Indicator"),
    "nominal": Words("名义权重", "Nominal weight"),
    "covariance_share": Words("有效权重", "Effective weight"),
    "correlation_squared": Words("相关系数平方", "Correlation squared"),
    "correlation_ratio": Words("相关比", "Correlation ratio"),
    "low": Words("调低为", "Lowered to"),
    "high": Words("调高为", "Raised to"),
    "mean_low": Words("调低：平均变动", "Lowered: mean shift"),
    "mean_high": Words("调高：平均变动", "Raised: mean shift"),
    "largest_low": Words("调低：最大变动", "Lowered: largest shift"),
    "largest_high": Words("调高：最大变动", "Raised: largest shift"),
    "who_low": Words("调低：何单位", "Lowered: who"),
    "who_high": Words("调高：何单位", "Raised: who"),
    "effect": Words("影响到", "Effect"),
    "who": Words("何单位", "Who"),
    "new": Words("新权重", "New weight"),
    "difference": Words("增减", "Difference"),
    "now": Words("现在", "Now"),
    "then": Words("做到", "To"),
    "improvement": Words("提高", "Improvement"),
    "cost": Words("代价", "Cost"),
    "number": Words("序号", "No."),
    "question": Words("题目", "Question"),
    "given": Words("已知", "Given"),
    "answer": Words("答案", "Answer"),
    "mistakes": Words("常见错误（得数：原因）", "Usual mistakes (answer: why)"),
    "complaint": Words("常见意见", "Complaint"),
    "mark": Words("判断", "Light"),
    "sentence": Words("结论", "Finding"),
    "caution": Words("不能证明什么", "What it does not prove"),
}
"""What the columns of the package's tables are called in print."""


RECORD_COLUMNS = {
    "unit": Words("单位", "Unit"),
    "event": Words("事项", "Event"),
    "kind": Words("类型", "Kind"),
    "count": Words("次数", "Count"),
    "name": Words("名称", "Name"),
    "date": Words("日期", "Date"),
    "note": Words("说明", "Note"),
    "indicator": Words("指标", "Indicator"),
    "group": Words("评价主体", "Raters"),
    "rater": Words("评价人", "Rater"),
    "score": Words("评分", "Score"),
    "answer": Words("答案", "Answer"),
}
"""What the columns of the lists of records are called."""


def column_label(column: str) -> str:
    """Return the heading that people read for a column name; unknown names stay as they are."""
    return str(COLUMNS.get(column, column))
