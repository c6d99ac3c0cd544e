"""What the names and functions in notations are called (算式用语)."""

from __future__ import annotations

from simkaohe.labels import Words

TERMS = {
    "value": Words("指标值", "value"),
    "sign": Words("方向", "direction"),
    "ratio": Words("完成率", "completion"),
    "share": Words("相对位置", "relative position"),
    "earned": Words("档内得分", "points of the table"),
    "points_earned": Words("得分（未折算）", "points out of full"),
    "ahead_in_all": Words("累计优于目标", "better than the cumulative target by"),
    "ahead": Words("优于目标", "better than the target by"),
    "against": Words("基准值", "reference"),
    "counted": Words("计入值", "value that counts"),
    "steps": Words("档数", "steps"),
    "gap": Words("目标与基准差距", "gap to the baseline"),
    "ceiling_up": Words("加分上限（约束后）", "gained at most, guarded"),
    "change": Words("增量", "improvement"),
    "level": Words("存量得分率", "level part"),
    "dynamic": Words("增量得分率", "improvement part"),
    "lowest": Words("最差值", "worst"),
    "highest": Words("最优值", "best"),
    "z": Words("标准分", "z"),
    "rank": Words("名次", "place"),
    "table": Words("名次表", "table of places"),
    "fall": Words("其后每名递减", "lost with each further place"),
    "lost": Words("已扣分", "lost"),
    "done": Words("进度", "done"),
    "secured": Words("已稳得分", "secured"),
    "pace": Words("序时进度", "pace"),
    "chance": Words("扣分风险", "risk of loss"),
    "kept": Words("计入的评分", "ratings that count"),
    "places": Words("各评价人给的名次", "places given"),
    "score": Words("得分", "score"),
    "weight": Words("权重", "weight"),
    "start": Words("基数", "base"),
    "base_score": Words("基数得分", "score of the base"),
    "base_weight": Words("基数权重", "weight of the base"),
    "added_score": Words("相加部分得分", "score of added parts"),
    "added_weight": Words("相加部分权重", "weight of added parts"),
    "coefficient": Words("系数", "coefficient"),
    "counts": Words("次数", "count"),
    "repeats": Words("重复次数", "repeats"),
    "gained": Words("加分合计", "bonus in sum"),
    "deducted_points": Words("减分合计", "deductions in sum"),
    "bonus_kept": Words("计入加分", "bonus that counts"),
    "deduction_kept": Words("计入减分", "deductions that count"),
    "population": Words("人口", "population"),
    "ratings": Words("评分", "ratings"),
    "answers": Words("答卷数", "answers"),
    "population_sum": Words("合计", "sum"),
    "infinity": Words("∞", "∞"),
    "undefined": Words("无法计算", "undefined"),
    "result": Words("结果", "result"),
}
"""What the names in notations are called that are neither fields nor tables of the data."""

AMONG = {
    "best_of": Words("最优{}", "best {}"),
    "worst_of": Words("最差{}", "worst {}"),
    "mean": Words("平均{}", "mean {}"),
    "total": Words("{}合计", "sum of {}"),
    "deviation": Words("{}标准差", "standard deviation of {}"),
    "place": Words("{}的名次", "place of {}"),
    "count": Words("单位数", "number of units"),
}
"""What a function over the units compared is called."""

READ_OFF = {
    "tier": Words("查表({})", "table({})"),
    "staged": Words("查表({})", "table({})"),
    "along": Words("插值({})", "interpolated({})"),
    "nth": Words("查表({})", "table({})"),
    "first": Words("首档{}", "first of {}"),
    "last": Words("末档{}", "last of {}"),
    "toward": Words("{}", "{}"),
    "repeated": Words("递减累计({})", "diminishing({})"),
    "ranks_given": Words("各评价人给的名次", "places given"),
    "kept_of": Words("去掉最高最低后的评分", "ratings without extremes"),
    "length": Words("个数", "number of them"),
}
VERBATIM = {"min": "min", "max": "max", "whole": "int", "trunc": "int", "log": "ln"}
