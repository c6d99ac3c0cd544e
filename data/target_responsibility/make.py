"""Makes the case target_responsibility: five contents after a published report, numbers invented.

Run from the project's folder: ``python data/target_responsibility/make.py``. The same seed gives
the same files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import simkaohe as sk

HERE = Path(__file__).parent
SEED = 20220712
UNITS = {
    "county": ("县区类", "Counties", "沐原区 铜岩市 岚溪县 禾川县 榆湾县 砚坪县"),
    "zone": (
        "开发区类",
        "Development zones",
        "北岭高新区 沐原经开区 铜岩经开区 岚溪经开区 禾川经开区 榆湾物流园区",
    ),
    "department": (
        "市直部门类",
        "City departments",
        "市产业发展局 市科创局 市财税局 市城乡建设局 市交通局 市农业农村局"
        " 市生态环境局 市应急局 市教育局 市卫生局 市文旅局 市行政审批局",
    ),
    "central": (
        "驻市单位类（单列）",
        "Central units (not ranked)",
        "驻市税务局 驻市气象局 驻市电力公司",
    ),
}
KIND = {unit: key for key, (_, _, units) in UNITS.items() for unit in units.split()}


def only(**weights: float) -> dict[str, Any]:
    """Return the weights of an indicator that belongs to some categories only."""
    return {"weights_by_category": {key: weights.get(key, 0) for key in UNITS}, "missing": "spread"}


def indicator(
    name: str, zh: str, en: str, weight: float, rule: Any, unit: str = "分", **more: Any
) -> dict[str, Any]:
    """Return an indicator as it stands in the scheme file."""
    plain = {"id": name, "name": zh, "name_en": en, "weight": weight, "rule": rule, "unit": unit}
    return plain | more


def group(name: str, zh: str, en: str, weight: float, *children: dict[str, Any]) -> dict[str, Any]:
    """Return one of the five contents as it stands in the scheme file."""
    plain = {"id": name, "name": zh, "name_en": en, "weight": weight}
    return plain | {"children": list(children)}


DUTY = {"method": "completion", "start": 0.6}
BANDS_OF_TWO = {"method": "rank_table", "points": [100, 100, 88, 88, 76, 76]}
OF_CITIES = {"method": "tiers", "thresholds": [3, 6, 9], "points": [60, 74, 88, 100]}
PEERS = {"scope": "category"}
PARTY = (
    indicator("politics", "政治建设", "Political building", 30, "given"),
    indicator(
        "grassroots",
        "抓党建促基层治理",
        "Grass-roots governance",
        30,
        "given",
        measure={"method": "rating_mean", "group": "评价组", "trim": 1, "at_least": 3},
    ),
    indicator(
        "publicity",
        "内宣外宣",
        "Publicity",
        15,
        {"method": "rank_step", "step": 0.03, "floor": 0.6},
        "篇",
        **PEERS,
    ),
    indicator(
        "integrity",
        "清廉建设",
        "Clean government",
        25,
        {"method": "deduction", "per_event": 8},
        "起",
    ),
)
DEVELOPMENT = (
    indicator(
        "gdp",
        "地区生产总值增速",
        "GDP growth",
        25,
        {"method": "completion", "start": 0.5, "cap": 1.1},
        "%",
        **only(county=25),
    ),
    indicator(
        "industry",
        "规上工业增加值增速",
        "Growth of industry",
        15,
        "efficacy",
        "%",
        **PEERS,
        **only(county=15, zone=30),
    ),
    indicator(
        "investment",
        "固定资产投资增速（方阵）",
        "Growth of investment (rank bands)",
        15,
        BANDS_OF_TWO,
        "%",
        **PEERS,
        **only(county=15, zone=25),
    ),
    indicator(
        "revenue",
        "一般公共预算收入增幅",
        "Growth of revenue",
        10,
        {
            "method": "ladder",
            "reference": "mean",
            "base": 85,
            "up": 2,
            "down": 2,
            "floor": 60,
            "ceiling": 100,
        },
        "%",
        measure="growth_rate",
        **PEERS,
        **only(county=10, zone=15),
    ),
    indicator(
        "income",
        "居民收入增速",
        "Growth of household income",
        10,
        {"method": "completion", "start": 0.5, "cap": 1.1},
        "%",
        **only(county=10),
    ),
    indicator(
        "energy",
        "单位产值能耗降低率",
        "Reduction of energy intensity",
        10,
        {
            "method": "completion_steps",
            "ratios": [0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
            "points": [50, 60, 70, 80, 90, 100],
            "over_points": 2,
            "over_max": 6,
        },
        "%",
        target=3.0,
        **only(county=10, zone=15),
    ),
    indicator(
        "pm25",
        "PM2.5平均浓度（约束性）",
        "PM2.5 (constraint)",
        8,
        {"method": "constraint", "missed": 0},
        "微克/立方米",
        direction="negative",
        **only(county=8, zone=15),
    ),
    indicator(
        "water",
        "优良水体比例（约束性）",
        "Share of good water (constraint)",
        7,
        {"method": "constraint", "missed": 0},
        "%",
        **only(county=7),
    ),
    indicator(
        "tasks",
        "年度重点任务完成率",
        "Completion of the year's tasks",
        60,
        DUTY,
        "%",
        target=100.0,
        **only(department=60, central=60),
    ),
    indicator(
        "provincial",
        "牵头指标全省位次（11个市）",
        "Place in the province (11 cities)",
        40,
        OF_CITIES,
        "位",
        direction="negative",
        **only(department=40, central=40),
    ),
)
BUSINESS = (
    indicator(
        "evaluation",
        "营商环境评价",
        "Business environment evaluation",
        60,
        "efficacy",
        **PEERS,
        **only(county=60, zone=60),
    ),
    indicator(
        "service",
        "政务服务按时办结率",
        "Services delivered on time",
        60,
        {"method": "ladder", "down": 6},
        "%",
        target=99.0,
        **only(department=60, central=60),
    ),
    indicator(
        "enterprises",
        "企业满意度",
        "Satisfaction of enterprises",
        40,
        "given",
        measure={
            "method": "answers",
            "points": {"满意": 100, "基本满意": 75, "不满意": 55},
            "ignored": ["不了解"],
            "at_least": 30,
        },
    ),
)
SPECIAL = (
    indicator(
        "safety", "安全生产事故", "Accidents", 35, {"method": "deduction", "per_event": 8}, "起"
    ),
    indicator("epidemic", "疫情防控", "Epidemic control", 30, "given", missing="median"),
    indicator(
        "supervision",
        "督查事项办结率",
        "Supervised matters closed",
        35,
        DUTY,
        "%",
        target=100.0,
        missing="full",
    ),
)
DIFFERENTIATED = (
    indicator(
        "speciality",
        "特色产业产值（存量＋增量）",
        "Special industry (level and improvement)",
        60,
        "level_improvement",
        "亿元",
        **PEERS,
        **only(county=60),
    ),
    indicator(
        "villages", "示范村建设", "Model villages", 40, "completion", "个", **only(county=40)
    ),
    indicator(
        "projects",
        "“三个一批”开工率（存量＋增量）",
        "Projects started (level and improvement)",
        60,
        {"method": "level_improvement", "level_share": 0.5, "growth": "increment"},
        "%",
        **PEERS,
        **only(zone=60),
    ),
    indicator(
        "land",
        "“标准地”出让占比",
        "Standard land",
        40,
        "completion",
        "%",
        target=60.0,
        **only(zone=40),
    ),
    indicator(
        "funds",
        "争取上级资金（存量＋增量）",
        "Funds won from above (level and improvement)",
        60,
        "level_improvement",
        "万元",
        **PEERS,
        **only(department=60),
    ),
    indicator(
        "pilots",
        "试点示范",
        "Pilot projects",
        40,
        {"method": "tiers", "thresholds": [1, 2, 3], "points": [60, 80, 90, 100]},
        "项",
        **only(department=40),
    ),
    indicator("support", "服务地方发展", "Service to the city", 100, "given", **only(central=100)),
)
SCHEME = {
    "name": "目标责任考核",
    "name_en": "Target responsibility assessment",
    "note": "五方面内容依据公开报道；单位、权重、名额和全部数据均为虚构，不是任何地方的规定。"
    " Five contents after a published report; units, weights, quotas and data are invented.",
    "categories": {
        key: {"name": zh, "name_en": en} | ({"ranked": False} if key == "central" else {})
        for key, (zh, en, _) in UNITS.items()
    },
    "units": KIND,
    "adjustments": {
        "awards": {
            "method": "bonus",
            "name": "奖项加分",
            "name_en": "Awards",
            "note": "同一事项只按最高层级计一次。",
            "points": {"national": 2, "provincial": 1, "city": 0.5},
            "cap": 5,
        },
        "first_band": {
            "method": "bonus",
            "name": "进入第一方阵加分",
            "name_en": "First band",
            "points": {"national": 1.5, "provincial": 0.5},
            "cap": 2,
        },
        "interviews": {
            "method": "deduction",
            "name": "约谈扣分",
            "name_en": "Interviews",
            "points": {"quarter": 1, "month": 0.5},
            "further": 1.5,
        },
        "environment": {
            "method": "veto",
            "name": "重大环境事件",
            "name_en": "Environmental event",
            "effects": ["not_top", "grade_down"],
        },
        "falsified": {
            "method": "veto",
            "name": "数据造假",
            "name_en": "Falsified data",
            "on": "development",
            "effects": ["zero"],
        },
        "accident": {
            "method": "veto",
            "name": "较大生产安全事故",
            "name_en": "Serious accident",
            "effects": ["grade_cap"],
            "grade": "一般",
        },
        "energy_missed": {
            "method": "veto",
            "name": "能耗目标未完成",
            "name_en": "Energy target missed",
            "effects": ["grade_cap"],
            "grade": "良好",
            "any_of": [{"value": "energy", "at_most": 2.99}],
        },
    },
    "limits": {"total": {"bonus": 6, "deduction": 4}},
    "ranking": {"digits": 1},
    "grades": {
        "bands": [
            {
                "name": "优秀",
                "name_en": "Excellent",
                "share": 0.3,
                "seats_by_category": {"zone": 1},
                "at_least": 85,
                "requires": [{"score": "party", "at_least": 85}],
            },
            {"name": "良好", "name_en": "Good", "share": 0.5, "at_least": 75},
            {"name": "一般", "name_en": "Fair", "at_least": 60},
            {"name": "较差", "name_en": "Poor"},
        ],
        "ties": "all_in",
    },
    "uses": {
        "prize": {
            "method": "pay_by_grade",
            "name": "目标责任奖",
            "name_en": "Prize",
            "unit": "万元",
            "amounts": {"优秀": 80, "良好": 40},
            "requires": [{"fact": "paid_by_city", "at_least": 1}],
        },
        "seats": {
            "method": "individual_quota",
            "name": "个人优秀名额",
            "name_en": "Excellent individuals",
            "unit": "人",
            "shares": {"优秀": 0.20, "良好": 0.15, "一般": 0.12, "较差": 0.08},
            "raises": [{"by": 0.03, "any_of": [{"event": "model_office"}], "name": "效能示范单位"}],
            "ceiling": 0.20,
        },
    },
    "root": {
        "id": "total",
        "name": "目标责任考核得分",
        "name_en": "Total",
        "children": [
            group("party", "党的建设", "Party building", 25, *PARTY),
            group("development", "高质量发展", "High-quality development", 40, *DEVELOPMENT),
            group("business", "营商环境", "Business environment", 10, *BUSINESS),
            group("special", "专项工作", "Special work", 15, *SPECIAL),
            group("differentiated", "差异化考核", "Differentiated", 10, *DIFFERENTIATED),
        ],
    },
}
SCENARIOS = [
    sk.Scenario(
        name="奖项加分上限降为2分",
        name_en="Awards at most 2",
        note="奖项加分上限由5分降为2分：奖项决定了多少名次和等次？",
        edits={"adjustments.awards.cap": 2},
    ),
    sk.Scenario(
        name="红线只作标记",
        name_en="Vetoes only flag",
        note="一票否决事项只通报、不影响得分和等次：红线的代价有多大，谁来承担？",
        edits={
            "adjustments.environment.effects": ["flag"],
            "adjustments.falsified.effects": ["flag"],
            "adjustments.accident.effects": ["flag"],
            "adjustments.accident.grade": None,
            "adjustments.energy_missed.effects": ["flag"],
            "adjustments.energy_missed.grade": None,
        },
    ),
    sk.Scenario(
        name="营商环境加倍、取消差异化",
        name_en="Business doubled, no differentiation",
        note="营商环境权重由10加到20，差异化考核由10减到0：谁的特色不再算数？",
        edits={"business.weight": 20, "differentiated.weight": 0},
    ),
]
# indicator: centre in each category (county, zone, department, central; nan: not assessed),
# effect of effort, noise, decimals, lowest, highest
NO = np.nan
DRAWN = {
    "politics": ((88, 87, 89, 90), 2.0, 2.0, 1, 60, 98),
    "publicity": ((24, 12, 15, 8), 3.0, 3.0, 0, 0, 60),
    "integrity": ((1.2, 0.6, 0.5, 0.3), -0.4, 0.6, 0, 0, 6),
    "gdp": ((6.6, NO, NO, NO), 0.4, 0.3, 1, 0, 12),
    "industry": ((7.0, 9.0, NO, NO), 0.8, 0.8, 1, 0, 20),
    "investment": ((8.0, 11.0, NO, NO), 1.0, 1.0, 0, 0, 25),
    "income": ((6.4, NO, NO, NO), 0.3, 0.3, 1, 0, 12),
    "energy": ((3.3, 3.4, NO, NO), 0.1, 0.2, 2, 2, 5),
    "pm25": ((37, 39, NO, NO), -1.0, 1.2, 1, 20, 60),
    "water": ((94.5, NO, NO, NO), 0.5, 1.0, 1, 80, 100),
    "tasks": ((NO, NO, 93, 94), 2.5, 1.5, 1, 70, 100),
    "provincial": ((NO, NO, 5.0, NO), -1.5, 1.8, 0, 1, 11),
    "evaluation": ((84, 86, NO, NO), 1.5, 1.5, 1, 60, 98),
    "service": ((NO, NO, 98.2, 98.6), 0.5, 0.6, 1, 90, 100),
    "safety": ((1.6, 0.8, 0.4, 0.3), -0.4, 0.7, 0, 0, 8),
    "epidemic": ((90, 90, 91, 91), 1.5, 2.0, 1, 70, 99),
    "supervision": ((94, 93, 95, 95), 2.0, 1.5, 1, 70, 100),
    "speciality": ((42, NO, NO, NO), 4.0, 9.0, 1, 5, 90),
    "villages": ((9.5, NO, NO, NO), 0.7, 0.7, 0, 0, 20),
    "projects": ((NO, 78, NO, NO), 3.0, 3.0, 1, 40, 100),
    "land": ((NO, 56, NO, NO), 3.0, 4.0, 1, 20, 90),
    "funds": ((NO, NO, 5200, NO), 300.0, 1500.0, 0, 300, 12000),
    "pilots": ((NO, NO, 1.6, NO), 0.6, 0.6, 0, 0, 5),
    "support": ((NO, NO, NO, 90), 1.0, 2.0, 1, 60, 98),
}
STATED = {
    ("市产业发展局", "safety"): 1,  # the accident of the veto
    ("市文旅局", "politics"): 72,  # an inspection found problems: no longer eligible for 优秀
    ("市行政审批局", "provincial"): NO,  # leads no provincial indicator: its weight is spread
    ("榆湾物流园区", "evaluation"): NO,  # opened this year: not evaluated, nothing to compare with
    ("驻市气象局", "epidemic"): NO,  # not inspected: median of its category
    ("驻市电力公司", "supervision"): NO,  # no matters supervised: full marks
}
"""Values that do not follow from effort."""
EVENTS = """\
沐原区 awards national 1 文明城区
沐原区 awards provincial 1 文明城区
沐原区 awards national 1 双拥模范城
沐原区 awards provincial 1 科普示范区
沐原区 awards city 2
沐原区 first_band national 1
榆湾县 awards provincial 1 生态县
铜岩市 awards national 1 卫生城市
铜岩市 awards provincial 1 园林城市
砚坪县 interviews month 3
砚坪县 interviews quarter 2
禾川县 environment - 1 河道污染
禾川县 model_office - 1
北岭高新区 awards provincial 1 外贸基地
北岭高新区 first_band national 1
北岭高新区 model_office - 1
岚溪经开区 awards national 1 绿色园区
岚溪经开区 awards provincial 1 循环化改造
沐原经开区 awards national 1 孵化器
沐原经开区 first_band national 1
沐原经开区 falsified - 1 投资数据
铜岩经开区 interviews quarter 1
市科创局 awards provincial 1 创新试点
市科创局 model_office - 1
市产业发展局 accident - 1 厂房火灾
市文旅局 awards national 2
市农业农村局 awards provincial 2
市生态环境局 awards national 1 执法比武
市生态环境局 awards provincial 1 执法比武
市生态环境局 awards provincial 1 宣传作品
市生态环境局 awards city 1
市教育局 awards city 1
市财税局 awards city 1
市应急局 interviews quarter 1
驻市税务局 awards provincial 1 服务窗口
"""
"""台账: unit, event, kind (- for none), count, name of the event."""


def make_panel(rng: np.random.Generator) -> sk.Panel:
    """Return the data of the case: effort of each unit, then what follows."""
    units = pd.Index(KIND, name="unit")
    n, kind = len(units), np.array([list(UNITS).index(key) for key in KIND.values()])
    effort, service = np.clip(rng.normal(0, 1, (2, n)), -1.6, 1.6)
    actual = {}
    for name, (centres, by_effort, noise, digits, low, high) in DRAWN.items():
        x = np.array(centres, float)[kind] + by_effort * effort + rng.normal(0, noise, n)
        actual[name] = np.clip(np.round(x, digits), low, high) + 0.0  # no −0
    before = np.round(
        np.where(kind == 0, 30, np.where(kind == 1, 12, NO)) * rng.uniform(0.6, 1.5, n), 1
    )
    actual["revenue"] = np.round(before * (1.08 + 0.02 * effort + rng.normal(0, 0.015, n)), 1)

    def earlier(name: str, growth: Any, digits: int) -> np.ndarray:
        return np.round(actual[name] / (1 + growth + rng.normal(0, 0.05, n)), digits)

    events = [[*line.split(), ""][:5] for line in EVENTS.splitlines()]
    frames = {
        "actual": actual,
        "target": {
            "gdp": np.where(kind == 0, 6.5, NO),
            "income": np.where(kind == 0, 6.5, NO),
            "pm25": np.where(kind == 0, 38.0, np.where(kind == 1, 40.0, NO)),
            "water": np.where(kind == 0, 93.0, NO),
            "villages": np.where(kind == 0, 10.0, NO),
        },
        "previous": {
            "revenue": before,
            "speciality": earlier("speciality", 0.10, 1),
            "projects": earlier("projects", 0.06, 1),
            "funds": earlier("funds", 0.08, 0),
        },
        "covariates": {
            "staff": np.round(np.array([420, 95, 70, 60])[kind] * rng.uniform(0.7, 1.3, n)),
            "paid_by_city": np.where(kind == 3, 0.0, 1.0),
        },
    }
    tables = {name: pd.DataFrame(columns, units, dtype=float) for name, columns in frames.items()}
    for (unit, name), value in STATED.items():
        tables["actual"].loc[unit, name] = value
    tables["previous"].loc["榆湾物流园区", "projects"] = NO
    ratings = [
        (unit, "grassroots", "评价组", f"评价组{rater}", score)
        for place, unit in enumerate(units)
        for rater, score in enumerate(
            np.clip(np.round(86 + 2 * effort[place] + rng.normal(0, 3, 5)), 60, 99), 1
        )
    ]
    answers = []
    for place, unit in enumerate(units):
        happy = 0.66 + 0.05 * service[place]
        for answer, people in zip(
            ("满意", "基本满意", "不满意", "不了解"),
            rng.multinomial(60, [happy, 0.87 - happy, 0.06, 0.07]),
            strict=True,
        ):
            answers.append((unit, "enterprises", answer, people))
    return sk.Panel(
        **tables,
        events=pd.DataFrame(
            [(u, e, k.strip("-"), float(c), name) for u, e, k, c, name in events],
            columns=["unit", "event", "kind", "count", "name"],
        ),
        ratings=pd.DataFrame(ratings, columns=["unit", "indicator", "group", "rater", "score"]),
        answers=pd.DataFrame(answers, columns=["unit", "indicator", "answer", "count"]),
    )


if __name__ == "__main__":
    sk.save(HERE, sk.Scheme.read(SCHEME), make_panel(np.random.default_rng(SEED)))
    sk.save_scenarios(HERE / "scenarios.yaml", SCENARIOS)
