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
    "up": Words("上升", "Up"),
    "down": Words("下降", "Down"),
    "place_up": Words("上升者名次", "Rank of the one up"),
    "place_down": Words("下降者名次", "Rank of the one down"),
    "tie": Words("并列", "Tie"),
    "zone": Words("取整并列区", "Rounding zone"),
    "same_category": Words("同类", "Same category"),
    "top_third": Words("前三分之一", "Top third"),
    "middle": Words("中间三分之一", "Middle third"),
    "bottom": Words("后三分之一", "Bottom third"),
    "best_indicator": Words("最好指标", "Best"),
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
    "indicator": Words("指标", "Indicator"),
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


COLUMNS |= {name: Words(*words) for name, words in {
    "group": ("组", "Group"), "units": ("单位数", "Units"),
    "share_units": ("占单位", "Share of units"),
    "mean_percentile": ("平均百分位", "Mean percentile"), "mean_score": ("平均得分", "Mean score"),
    "exposure": ("位次份额", "Exposure"), "share_exposure": ("占位次份额", "Share of exposure"),
    "share": ("占比", "Share"), "share_grade": ("占等次", "Share of grade"),
    "quota": ("规定比例", "Quota"), "seats": ("名额", "Seats"),
    "effective": ("实际分量", "Effective"), "deviation": ("偏差", "Deviation"),
    "unused": ("空余", "Unused"), "other": ("另一个", "Other"),
    "superiority": ("排前的可能", "Chance to be ahead"), "score_gap": ("得分差", "Gap of scores"),
    "p": ("偶然可能", "Chance alone (p)"), "p_adjusted": ("校正后", "p, adjusted"),
    "p_joint": ("校正后", "p, joint"), "regraded": ("等次改变", "Regraded"),
    "gain": ("最多得", "Gain"), "loss": ("最多失", "Loss"), "bands": ("升降等次", "Grades up"),
    "to": ("换到", "To"), "standing": ("类内位置", "Standing"), "jump": ("位置变化", "Jump"),
    "others_regraded": ("他人等次改变", "Others regraded"),
    "others_points": ("他人分数变动", "Others' points"), "reversals": ("先后颠倒", "Reversals"),
    "left": ("原类剩余", "Left"), "joined": ("新类单位", "Joined"),
    "shared": ("共同指标", "Shared"), "note": ("说明", "Note"), "size": ("规模", "Size"),
    "cutoff": ("界线", "Cutoff"), "side": ("线上线下", "Side"), "across": ("对面类别", "Across"),
    "distance": ("差异", "Distance"), "places": ("位次差", "Places"),
    "far": ("相差悬殊", "Far apart"), "better": ("较好", "Better"), "worse": ("较差", "Worse"),
    "cause": ("原因", "Cause"), "last_in": ("线内最后", "Last in"),
    "first_out": ("线外第一", "First out"), "margin": ("分差", "Margin"),
    "value_gap": ("数值差", "Gap of values"), "steepness": ("陡度", "Steepness"),
    "horizontal": ("同等努力的差距", "Spread at equal effort"), "spread": ("全部差距", "Spread"),
    "order": ("次序一致", "Agreement"), "covariate": ("背景数据", "Covariate"),
    "spearman": ("等级相关", "Rank correlation"), "partial": ("净相关", "Partial"),
    "kind": ("类型", "Kind"), "r2": ("解释份额", "R²"), "adjusted": ("校正", "Adjusted"),
    "loo": ("留一", "Leave one out"), "strongest": ("最相关", "Strongest"),
    "carries": ("带来的份额", "Carries"), "endowment": ("先天条件值几分", "Endowment, points"),
    "net_total": ("扣除后总分", "Net total"), "net_rank": ("扣除后名次", "Net rank"),
    "net_category_rank": ("扣除后类内", "Net rank in category"), "bound": ("最好不过", "At best"),
    "odd_best": ("怪权重最好", "Best, odd weights"),
    "odd_bound": ("怪权重不过", "At best, odd weights"), "half": ("半区", "Half"),
    "furthest": ("最远指标", "Furthest"), "error": ("标准误", "Standard error"),
    "joint_low": ("联合下限", "Joint low"), "joint_high": ("联合上限", "Joint high"),
    "category_low": ("类内下限", "Category low"), "category_high": ("类内上限", "Category high"),
    "category_joint_low": ("类内联合下限", "Category joint low"),
    "category_joint_high": ("类内联合上限", "Category joint high"),
    "category_mean_rank": ("类内平均名次", "Mean rank in category"),
    "wrong_grade": ("等次改变的可能", "Chance of another grade"), "source": ("来源", "Source"),
    "without": ("未知单位", "Unknown for"), "sample": ("样本", "Sample"),
    "reliability": ("信度", "Reliability"), "use": ("用途", "Use"), "gini": ("基尼系数", "Gini"),
    "gini_corrected": ("基尼（校正）", "Gini, corrected"), "theil": ("泰尔指数", "Theil"),
    "within": ("类内", "Within"), "between": ("类间", "Between"),
    "top_tenth": ("前十分之一", "Top tenth"), "top_three": ("前三", "Top three"),
    "paid": ("得到者", "Paid"), "gini_proportional": ("按分发放的基尼", "Gini if by score"),
    "amount": ("数额", "Amount"), "per_unit": ("每单位", "Per unit"),
    "share_staff": ("占人数", "Share of staff"), "relative": ("相对份额", "Relative"),
    "pays": ("有回报的占比", "Pays"), "cap": ("封顶", "Cap"), "floor": ("底线以下", "Floor"),
    "perverse": ("越差越得分", "Perverse"), "ignore_cost": ("不管平均丢", "Cost of neglect"),
    "ignore_least": ("最少丢", "Least"), "ignore_most": ("最多丢", "Most"),
    "previous": ("看上年", "Reads last year"), "own": ("当年得", "Own gain"),
    "later": ("以后失", "Later loss"), "ratchet": ("收回比例", "Ratchet"),
    "own_down": ("退步当年失", "Own loss"), "later_down": ("退步以后得", "Later gain"),
    "ratchet_down": ("退步收回", "Ratchet down"), "with_ratchet": ("有棘轮", "With ratchet"),
    "with_external": ("外定目标", "External targets"), "sandbagging": ("低报得分", "Sandbagging"),
    "over_reporting": ("多报得分", "Over-reporting"), "expected": ("预期得失", "Expected"),
    "break_even": ("查出率临界", "Break even"), "guarded": ("有防范", "Guarded"),
    "unguarded": ("无防范", "Unguarded"), "sum": ("合计", "Sum"), "higher": ("上级目标", "Higher"),
    "excess": ("加码", "Excess"), "stated": ("规定分量", "Stated"),
    "less_than_stated": ("落差", "Less than stated"), "lagged": ("见效慢", "Late results"),
    "at_best": ("并列最高", "At best score"), "sd": ("标准差", "Standard deviation"),
    "twins": ("几乎相同", "Twins"), "one": ("一个", "One"),
    "rank_without": ("去掉后名次", "Rank without"), "top": ("最高等次", "Best grade"),
    "top_without": ("去掉后最高", "Best grade without"),
    "log_share": ("系数造成的差异", "Share of logs"), "turned": ("颠倒的比例", "Turned round"),
    "base_gap": ("盖过的分差", "Base gap"), "factor_gap": ("系数比", "Ratio"),
    "rank_shift": ("与加权和差", "Against a sum"), "veto": ("一票否决", "Veto"),
    "struck": ("触发", "Struck"), "rank_loss": ("位次损失", "Places lost"),
    "size_link": ("与规模相关", "Link with size"), "whole": ("总数", "Whole"),
    "counted": ("计入", "Counted"), "miscounted": ("误差", "Miscounted"),
    "keeps": ("保持等次的可能", "Keeps its grade"), "missed": ("未达线", "Lines missed"),
    "weakest": ("最弱部分", "Weakest part"), "best": ("最好", "Best"),
    "dropped": ("不再考的指标", "Indicators dropped"), "added": ("新考的指标", "Indicators added"),
    "same_grade": ("同等次", "Same grade"), "front": ("前列", "In front"),
    "before": ("原来", "Before"), "after": ("改后", "After"), "losses": ("失去", "Lost"),
    "losers": ("吃亏的单位", "Units that lose"), "mean": ("平均", "Mean"), "std": ("标准差", "Standard deviation"),
}.items()}  # fmt: skip
"""Those of fairness."""


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


FACTS = {
    "population": Words("人口", "population"),
    "staff": Words("编制人数", "staff"),
    "cadres": Words("干部人数", "cadres"),
    "area": Words("面积", "area"),
    "gdp": Words("地区生产总值", "GDP"),
    "gdp_per_head": Words("人均地区生产总值", "GDP per head"),
    "fiscal_capacity": Words("财力", "fiscal capacity"),
    "distance_to_city": Words("到市区的距离", "distance to the city"),
    "paid_by_city": Words("由市级发放", "paid by the city"),
    "projects": Words("在建项目数", "projects under way"),
    "farm_samples": Words("农产品抽检批次", "tests of farm products"),
}
"""What usual ids of background data (背景数据) are called; others are shown as the data name them."""


def fact_label(column: str) -> Words:
    """Return what a column of the covariates is called; unknown names stay as they are."""
    return FACTS.get(column, Words(column, column))


def column_label(column: str) -> str:
    """Return the heading that people read for a column name; unknown names stay as they are."""
    return str(COLUMNS.get(column, column))
