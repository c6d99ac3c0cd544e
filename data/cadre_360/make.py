"""Makes the case cadre_360: the form follows a published speech, every number is invented.

Run from the project's folder: ``python data/cadre_360/make.py``. The same seed gives the same files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import simkaohe as sk

HERE = Path(__file__).parent
SEED = 20220024
CATEGORIES = {
    "county": (
        "县区",
        "Counties and districts",
        ("澜石区", "鹤汀区", "霁川县", "枫渡县", "砚池县", "黛岭县", "梧台县", "芦汀县"),
    ),
    "economy": (
        "经济部门",
        "Economic departments",
        ("市发改委", "市工信局", "市商务局", "市住建局", "市交通局", "市农业农村局", "市文旅局"),
    ),
    "service": (
        "党务与服务部门",
        "Party and service departments",
        ("宣传部", "政法委", "市教育局", "市卫健委", "市民政局", "市政务局", "市数据局"),
    ),
}
UNITS = {unit: kind for kind, (_, _, units) in CATEGORIES.items() for unit in units}
LEVELS = {"优": 100, "良": 80, "一般": 60, "差": 40}
NAMED = {
    "epidemic": "疫情防控",
    "key_project": "重点项目",
    "rural_revival": "乡村振兴",
    "urgent_task": "急难险重任务",
}
PRIORITY = [{"event": event} for event in NAMED]


# -- the scheme -------------------------------------------------------------------------------------


def node(name: str, zh: str, en: str, weights: Any, **more: Any) -> dict[str, Any]:
    """Return a node; three weights are those of the kinds of unit, 0 for what does not apply."""
    plain = {"id": name, "name": zh, "name_en": en}
    if not isinstance(weights, tuple):
        return plain | {"weight": weights} | more
    by_kind = {k: w for k, w in zip(CATEGORIES, weights, strict=True) if w != max(weights)}
    return plain | {"weight": max(weights), "weights_by_category": by_kind} | more


def raters(name: str, group: str, en: str, weight: int, at_least: int) -> dict[str, Any]:
    """Return one group of raters of the 360-degree evaluation."""
    measure = {"method": "rating_mean", "group": group, "trim": 1, "at_least": at_least}
    more: dict[str, Any] = {"data": "team", "rule": "given", "missing": "spread"}
    return node(name, f"{group}评价", en, weight, measure=measure | {"levels": LEVELS}, **more)


def question(name: str, zh: str, en: str, weights: Any) -> dict[str, Any]:
    """Return one question of the public evaluation."""
    points = {"满意": 100, "基本满意": 75, "不满意": 55}
    measure = {"method": "answers", "points": points, "ignored": ["不了解"], "at_least": 100}
    return node(name, zh, en, weights, rule="given", measure=measure, missing="spread")


TABLE = {"method": "completion_steps", "ratios": [0.6, 0.8, 0.9, 1.0], "points": [60, 75, 88, 100]}
APART = {"scope": "category", "missing": "spread"}  # kinds of unit without data have weight 0
RESULTS = [
    node(
        "gdp_growth",
        "地区生产总值增速",
        "GDP growth",
        (20, 0, 0),
        rule={"method": "completion", "start": 0.6, "cap": 1.1},
        unit="%",
        missing="spread",
    ),
    node(
        "revenue_rise",
        "财政收入年均增幅与前任比",
        "Yearly rise of revenue, against the predecessor",
        (15, 0, 0),
        rule={"method": "efficacy", "base": 70},
        measure="against_predecessor",
        unit="百分点",
        note="任职不满一年的不比，权重由同组指标分担。",
        **APART,
    ),
    node(
        "projects",
        "重点项目投资完成率",
        "Investment in key projects",
        (25, 25, 0),
        rule=TABLE | {"over_step": 0.05, "over_points": 1, "over_max": 3},
        unit="亿元",
        missing="spread",
    ),
    node(
        "rural",
        "乡村振兴考评",
        "Rural revival",
        (15, 0, 0),
        rule="given",
        unit="分",
        missing="spread",
    ),
    node(
        "air",
        "空气优良天数比例",
        "Days of good air",
        (10, 0, 0),
        rule={"method": "ladder", "down": 2.5},
        target=92,
        unit="%",
        missing="spread",
    ),
    node(
        "petitions",
        "越级集体上访",
        "Group petitions to higher levels",
        (15, 0, 0),
        rule={"method": "deduction", "per_event": 6},
        unit="批",
        missing="spread",
    ),
    node(
        "tasks",
        "年度重点任务完成率",
        "Key tasks of the year",
        (0, 30, 40),
        rule=TABLE | {"interpolate": True},
        target=100,
        unit="%",
        missing="spread",
    ),
    node(
        "province_rank",
        "主管工作全省位次",
        "Place of the line of work in the province",
        (0, 25, 25),
        rule={"method": "tiers", "thresholds": [2, 4, 6], "points": [74, 82, 90, 100]},
        direction="negative",
        unit="位",
        missing="spread",
    ),
    node(
        "attraction",
        "招商引资到位资金",
        "Outside investment received",
        (0, 20, 0),
        rule={"method": "completion", "cap": 1.1},
        unit="亿元",
        missing="spread",
    ),
    node(
        "on_time",
        "服务事项按时办结率",
        "Services delivered on time",
        (0, 0, 35),
        rule={"method": "efficacy", "base": 70},
        unit="%",
        **APART,
    ),
]
SELF = [
    node(
        "team",
        "班子“360度”评价",
        "360-degree evaluation of the leading team",
        60,
        children=[
            raters("above", "上级", "Superiors", 30, 3),
            raters("peers", "同级", "Peers", 25, 4),
            raters("below", "下级", "Subordinates", 20, 4),
            raters("served", "服务对象", "People served", 25, 4),
        ],
    ),
    node(
        "party",
        "党建和党风廉政考评",
        "Party building and integrity",
        40,
        rule="given",
        unit="分",
        missing="median",
        note="结论未出的按本类单位得分的中位数计。",
    ),
]
INNOVATION = [
    node(
        "practices",
        "推广的机制创新成果",
        "Practices taken up elsewhere",
        60,
        rule={"method": "tiers", "thresholds": [1, 2, 3], "points": [65, 80, 90, 100]},
        unit="项",
        missing="zero",
        note="没有申报的不得分。",
    ),
    node("review", "创新项目评审", "Panel's review", 40, rule="given", unit="分", missing="zero"),
]
SCHEME = {
    "name": "干部队伍与绩效考评",
    "name_en": "Cadres and performance",
    "note": "框架依据公开讲话稿；权重、系数、比例和全部数据均为虚构，不代表任何地方的规定。"
    " Structure after a published speech; all weights, coefficients, shares and data are invented.",
    "categories": {kind: {"name": zh, "name_en": en} for kind, (zh, en, _) in CATEGORIES.items()},
    "units": UNITS,
    "ranking": {"digits": 2},
    "root": {
        **node("total", "绩效考评总分", "Total", 1),
        "note": "难度系数：对全市经济和全局工作的贡献。",
        "difficulty": {"low": 0.97, "high": 1.03},
        "children": [
            node(
                "indicators",
                "指标考评",
                "Indicators",
                70,
                children=[
                    node(
                        "results",
                        "业务实绩（县区为发展实绩）",
                        "Results of the work",
                        (75, 60, 60),
                        note="难度系数：指标完成的难易程度。",
                        difficulty={"low": 0.9, "high": 1.1, "cap": 100},
                        children=RESULTS,
                    ),
                    node("self", "自身建设", "Own building", 25, children=SELF),
                    node("innovation", "机制创新", "Innovation", (0, 15, 15), children=INNOVATION),
                ],
            ),
            node(
                "public",
                "公众评议",
                "Public evaluation",
                20,
                children=[
                    question("public_tasks", "重点工作落实", "Key work carried out", 50),
                    question("public_life", "改善民生、维护群众利益", "People's livelihood", 50),
                ],
            ),
            node(
                "leaders",
                "领导评价",
                "Leaders' evaluation",
                10,
                rule="given",
                measure={"method": "rating_ranks", "step": 0.03, "floor": 70, "at_least": 3},
                scope="category",
            ),
        ],
    },
    "adjustments": {
        "honours": {
            "method": "bonus",
            "name": "正向激励：表彰",
            "name_en": "Incentive: honours",
            "points": {"国家级": 2, "省级": 1, "市级": 0.5},
            "caps": {"市级": 1},
            "cap": 3,
        },
        "creative": {
            "method": "bonus",
            "name": "正向激励：创造性工作",
            "name_en": "Incentive: creative work",
            "points": {"": 0.5},
            "further": 0.5,
            "requires": [{"score": "indicators", "at_least": 85}],
        },
        "inspection": {
            "method": "deduction",
            "name": "效能督查",
            "name_en": "Inspections",
            "points": {"整改不力": 1.5, "通报批评": 1, "一般问题": 0.3},
            "further": 1.5,
        },
        "discipline": {
            "method": "veto",
            "name": "班子成员严重违纪违法",
            "name_en": "Grave breach of discipline in the team",
            "effects": ["not_top"],
        },
    },
    "limits": {"total": {"bonus": 3.5}},
    "grades": {
        "bands": [
            {"name": "优秀", "name_en": "Excellent", "share": 0.3, "at_least": 85},
            {"name": "良好", "name_en": "Good", "share": 0.4, "at_least": 80},
            {"name": "一般", "name_en": "Fair", "at_least": 70},
            {"name": "较差", "name_en": "Poor"},
        ],
        "at_least_one": True,
        "tie_break": ["indicators", "public"],
        "priority": PRIORITY,
    },
    "uses": {
        "excellent": {
            "method": "individual_quota",
            "name": "个人优秀名额",
            "name_en": "Excellent individuals",
            "unit": "人",
            "staff": "cadres",
            "shares": {"优秀": 0.18, "良好": 0.15, "一般": 0.12, "较差": 0.1},
            "ceiling": 0.2,
            "raises": [
                {
                    "name": "条件之一",
                    "name_en": "Any one condition",
                    "by": 0.05,
                    "any_of": [
                        {"event": event}
                        for event in ("province_award", "system_award", "civilised", "last_year")
                    ],
                }
            ],
        },
        "prize": {
            "method": "pay_by_grade",
            "name": "绩效奖励",
            "name_en": "Prize",
            "unit": "万元",
            "amounts": {"优秀": 40, "良好": 20},
        },
    },
}
SCENARIOS = [
    sk.Scenario(
        name="公众评议四成",
        name_en="Public 40 %",
        note="公众评议由20%提高到40%，指标考评由70%降到50%：谁靠干部群众的评价上来？",
        edits={"public.weight": 40, "indicators.weight": 50},
    ),
    sk.Scenario(
        name="不计难度系数",
        name_en="No difficulty coefficients",
        note="业务实绩的难度系数和总分的贡献系数都不用：系数照顾了谁？",
        edits={"results.difficulty.strength": 0, "total.difficulty.strength": 0},
    ),
    sk.Scenario(
        name="专项优秀名额",
        name_en="A reserved seat",
        note="每类留一个优秀名额给疫情防控、重点项目、乡村振兴、急难险重任务中表现突出的单位，"
        "而不只是同分优先：谁换下了谁？",
        edits={
            "grades.extra": [
                {
                    "band": "优秀",
                    "seats": 1,
                    "any_of": PRIORITY,
                    "reserved": True,
                    "name": "急难险重专项名额",
                    "name_en": "Seat for named events",
                }
            ]
        },
    ),
]


# -- the data ---------------------------------------------------------------------------------------

EVENTS = [  # unit, event, kind, count, name
    ("澜石区", "honours", "市级", 3, "市级先进集体"),
    ("澜石区", "inspection", "一般问题", 2, "项目推进"),
    ("澜石区", "civilised", "", 1, "文明单位"),
    ("鹤汀区", "honours", "国家级", 1, "数字乡村"),
    ("鹤汀区", "honours", "省级", 1, "数字乡村"),
    ("鹤汀区", "honours", "省级", 2, "产业集群"),
    ("鹤汀区", "creative", "", 3, ""),
    ("霁川县", "honours", "市级", 1, "招商先进"),
    ("霁川县", "key_project", "", 1, "跨江大桥"),
    ("枫渡县", "rural_revival", "", 1, "示范带"),
    ("枫渡县", "civilised", "", 1, "文明单位"),
    ("砚池县", "honours", "市级", 1, "营商环境先进"),
    ("砚池县", "province_award", "", 1, "省级综合表彰"),
    ("芦汀县", "honours", "省级", 1, "水利先进"),
    ("芦汀县", "discipline", "", 1, "班子成员被立案"),
    ("芦汀县", "last_year", "", 1, "上年度绩效优秀"),
    ("梧台县", "inspection", "一般问题", 1, "材料迟报"),
    ("市发改委", "creative", "", 1, ""),
    ("市工信局", "inspection", "一般问题", 1, "材料迟报"),
    ("市商务局", "creative", "", 2, ""),
    ("市住建局", "creative", "", 1, ""),
    ("市住建局", "last_year", "", 1, "上年度绩效优秀"),
    ("市交通局", "honours", "市级", 1, "治超先进"),
    ("市交通局", "urgent_task", "", 1, "抢险保通"),
    ("市交通局", "civilised", "", 1, "文明单位"),
    ("市农业农村局", "honours", "国家级", 1, "种业振兴"),
    ("市农业农村局", "inspection", "通报批评", 1, "项目资金"),
    ("市农业农村局", "system_award", "", 1, "省级系统先进"),
    ("市文旅局", "honours", "省级", 1, "文旅消费"),
    ("市文旅局", "province_award", "", 1, "省级综合表彰"),
    ("宣传部", "honours", "市级", 1, "宣传先进"),
    ("市教育局", "inspection", "整改不力", 1, "校外培训"),
    ("市教育局", "inspection", "一般问题", 1, "材料迟报"),
    ("市教育局", "civilised", "", 1, "文明单位"),
    ("市教育局", "last_year", "", 1, "上年度绩效优秀"),
    ("市卫健委", "honours", "省级", 1, "卫生先进"),
    ("市卫健委", "epidemic", "", 1, "隔离点处置"),
    ("市卫健委", "system_award", "", 1, "省级系统先进"),
    ("市政务局", "creative", "", 1, ""),
    ("市数据局", "creative", "", 2, ""),
    ("市民政局", "inspection", "一般问题", 3, "窗口服务"),
]


def make_panel(rng: np.random.Generator) -> sk.Panel:
    """Return the data: what every unit does well shows in all sources, with noise in each."""
    n, kinds = len(UNITS), np.array(list(UNITS.values()))
    county, economy, service = (kinds == kind for kind in CATEGORIES)
    work, team, public = 0.45 * rng.normal(0, 1, n) + np.array([[0.6], [0.8], [1.2]]) * rng.normal(
        0, 1, (3, n)
    )

    def only(who: Any, values: Any, digits: int = 1) -> np.ndarray:
        return np.where(who, np.round(values, digits) + 0.0, np.nan)

    def noise(sd: float) -> np.ndarray:
        return rng.normal(0, sd, n)

    growth = rng.choice([6.0, 6.5, 7.0], n)
    plan = np.round(rng.uniform(20, 60, n), 1)
    funds = np.round(rng.uniform(10, 30, n), 1)
    predecessor = only(county, 6.5 + noise(1.2))
    actual = {
        "gdp_growth": only(county, growth * (0.99 + 0.05 * work) + noise(0.15)),
        "revenue_rise": only(county, predecessor + 0.4 + 0.9 * work + noise(0.8)),
        "projects": only(county | economy, plan * np.clip(0.99 + 0.06 * work, 0.7, 1.2)),
        "rural": only(county, 86 + 3 * work + noise(2)),
        "air": only(county, 91.5 + noise(1.6)),
        "petitions": only(county, np.maximum(2.4 - 0.8 * work + noise(0.8), 0), 0),
        "tasks": only(~county, np.clip(95 + 3 * work + noise(2), 70, 100)),
        "province_rank": only(~county, np.clip(4.5 - 1.3 * work + noise(1.2), 1, 11), 0),
        "attraction": only(economy, funds * (1.0 + 0.05 * work + noise(0.03))),
        "on_time": only(service, np.clip(95.5 + 1.2 * work + noise(1), 85, 100)),
        "party": np.round(87 + 3 * team + noise(1.5), 1),
        "practices": only(~county, np.clip(1.4 + 0.7 * work + noise(0.6), 0, 4), 0),
        "review": only(~county, 84 + 3 * work + noise(3)),
    }
    target = {
        "gdp_growth": only(county, growth),
        "projects": only(county | economy, plan),
        "attraction": only(economy, funds),
    }
    difficulty = {
        "results": np.round(np.clip(1 - 0.012 * work + noise(0.03), 0.94, 1.07), 2),
        "total": np.round(np.clip(1 + noise(0.009), 0.98, 1.02), 2),
    }
    covariates = {"cadres": only(True, np.where(county, 620, 85) * rng.uniform(0.7, 1.4, n), 0)}
    index = pd.Index(UNITS, name="unit")
    names = list(UNITS)
    predecessor[names.index("黛岭县")] = np.nan  # less than a year in office
    actual["party"][names.index("市住建局")] = np.nan  # an inquiry is still open
    actual["party"][names.index("霁川县")] = 87.1  # makes a tie for the last seat
    tables = {
        "actual": actual,
        "target": target,
        "predecessor": {"revenue_rise": predecessor},
        "difficulty": difficulty,
        "covariates": covariates,
    }
    frames = {name: pd.DataFrame(columns, index=index) for name, columns in tables.items()}
    return sk.Panel(
        **frames,
        events=pd.DataFrame(EVENTS, columns=["unit", "event", "kind", "count", "name"]),
        ratings=make_ratings(rng, team, work),
        answers=make_answers(rng, public),
    )


def make_ratings(rng: np.random.Generator, team: Any, work: Any) -> pd.DataFrame:
    """Return the ratings of the leading teams in words, and the leaders' scores of the units."""
    rows = []
    for place, (unit, quality, result) in enumerate(zip(UNITS, team, work, strict=True)):
        same = [other for other, kind in UNITS.items() if kind == UNITS[unit]]
        if unit == "市数据局":  # set up this year, few know it: less than four peers
            same = ["市教育局", "市政务局", unit]
        panels = {  # raters, and how lenient they are; subordinates and people served have no name
            "上级": ([f"市领导{k}" for k in range(1, 6)], 0.0),
            "同级": (same, 0.35),
            "下级": ([""] * 6, 0.2),
            "服务对象": ([""] * 6, -0.1),
        }
        for group, (who, lenient) in panels.items():
            latent = lenient + 0.35 * quality + rng.normal(0, 0.5, len(who))
            for rater, x in zip(who, latent, strict=True):
                x = 2.0 if rater == unit else x
                word = list(LEVELS)[int(np.digitize(x, [0.25, -0.65, -1.4]))]
                rows.append((unit, "team", group, rater, word))
        for k, severe in enumerate((0, 2, -3, 1, -1, 3), 1):
            score = 86 - severe + 2.5 * result + rng.normal(0, 2.5)
            if (place + k) % 7:  # a leader does not rate the units in his own charge
                rows.append((unit, "leaders", "市领导", f"市领导{k}", float(np.round(score))))
    return pd.DataFrame(rows, columns=["unit", "indicator", "group", "rater", "score"])


def make_answers(rng: np.random.Generator, public: Any) -> pd.DataFrame:
    """Return the answers to the two questions of the public evaluation."""
    rows = []
    for unit, quality in zip(UNITS, public, strict=True):
        for item in ("public_tasks", "public_life"):
            content = 1 / (1 + np.exp(-(0.35 + 0.4 * quality + rng.normal(0, 0.12))))
            unknown = rng.uniform(0.06, 0.2)
            shares = np.array([content, (1 - content) * 0.72, (1 - content) * 0.28])
            shares = np.append(shares * (1 - unknown), unknown)
            size = int(rng.integers(240, 420))
            if (unit, item) == ("政法委", "public_life"):
                size = 104  # less than 100 that count
            counts = rng.multinomial(size, shares)
            words = ("满意", "基本满意", "不满意", "不了解")
            rows += [(unit, item, w, float(c)) for w, c in zip(words, counts, strict=True)]
    return pd.DataFrame(rows, columns=["unit", "indicator", "answer", "count"])


if __name__ == "__main__":
    sk.save(HERE, sk.Scheme.read(SCHEME), make_panel(np.random.default_rng(SEED)))
    sk.save_scenarios(HERE / "scenarios.yaml", SCENARIOS)
