"""Makes the case three_papers: the scheme's structure follows the text, every number is invented.

Run from the project's folder: ``python data/three_papers/make.py``. The same seed gives the same
files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import simkaohe as sk

HERE = Path(__file__).parent
SEED = 20221020
COUNTIES = {
    "urban": ("城区类", "Urban core", ("青山区", "东湖区", "江北区", "望城区")),
    "industry": ("工业强县类", "Industrial", ("临江市", "丰原县", "永昌市", "石桥县", "白马县")),
    "ecology": ("生态发展类", "Ecological", ("清河县", "云溪县", "南岭县", "松岭县", "碧湖县")),
}
DEPARTMENTS = {
    "econ_dept": (
        "经济发展部门",
        "Economic departments",
        (
            "市发展规划局",
            "市产业促进局",
            "市科技创新局",
            "市开放商贸局",
            "市数字经济局",
            "市财源建设局",
            "市乡村产业局",
            "市生态建设局",
        ),
    ),
    "public_dept": (
        "党群服务部门",
        "Party and public service departments",
        (
            "市党建工作部",
            "市宣传文明部",
            "市基层治理部",
            "市民生保障局",
            "市教育健康局",
            "市政务服务局",
        ),
    ),
}
UNITS = COUNTIES | DEPARTMENTS
NOT_DEPARTMENTS = dict.fromkeys(DEPARTMENTS, 0)
NOT_COUNTIES = dict.fromkeys(COUNTIES, 0)
SUM = {"attributed": "sum"}
RATE = {"attributed": "rate", "base": "gdp"}


def indicator(
    name: str, zh: str, en: str, weight: float, rule: Any, unit: str = "", **more: Any
) -> dict[str, Any]:
    """Return an indicator as it stands in the scheme file."""
    plain = {"id": name, "name": zh, "name_en": en, "weight": weight, "rule": rule, **more}
    return plain | ({"unit": unit} if unit else {})


def group(
    name: str, zh: str, en: str, weight: float, children: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    """Return a group as it stands in the scheme file."""
    plain = {"id": name, "name": zh, "name_en": en, "weight": weight}
    return plain | more | {"children": children}


def county_group(
    name: str, zh: str, en: str, weight: float, children: list[dict[str, Any]], **by_category: float
) -> dict[str, Any]:
    """Return a group of the counties' development paper: cancelled for departments."""
    weights = by_category | NOT_DEPARTMENTS
    return group(name, zh, en, weight, children, weights_by_category=weights)


def department_group(
    name: str, zh: str, en: str, weight: float, children: list[dict[str, Any]], **by_category: float
) -> dict[str, Any]:
    """Return a group of the departments' development paper: cancelled for counties."""
    weights = NOT_COUNTIES | by_category
    return group(name, zh, en, weight, children, weights_by_category=weights)


STEPS = {
    "method": "completion_steps",
    "ratios": [0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
    "points": [20, 24, 28, 32, 36, 40],
    "full": 40,
    "over_points": 1,
    "over_max": 3,
}
INNOVATION = [
    indicator("rd_intensity", "研发投入强度", "R&D intensity", 30, "efficacy", "%", **RATE),
    indicator(
        "hightech_share",
        "高新技术产业增加值占比",
        "Share of high-tech industry",
        30,
        {"method": "level_improvement", "growth": "increment"},
        "%",
        **RATE,
    ),
    indicator(
        "patents",
        "每万人发明专利拥有量",
        "Patents per 10,000 people",
        20,
        "minmax",
        "件",
        measure={"method": "per_head", "per": 1.0},
        scope="category",
    ),
    indicator(
        "digital_economy",
        "数字经济核心产业增幅",
        "Growth of the digital economy",
        20,
        "efficacy",
        "%",
        measure="growth_rate",
        **SUM,
    ),
]
ECONOMY = [
    indicator(
        "gdp_growth",
        "地区生产总值增速",
        "GDP growth",
        30,
        {"method": "completion", "start": 0.5, "cap": 1.2},
        "%",
        weights_by_category={"ecology": 10},
        **RATE,
    ),
    indicator(
        "revenue",
        "一般公共预算收入增幅",
        "Growth of revenue",
        20,
        "rank_step",
        "%",
        measure="growth_rate",
        **SUM,
    ),
    indicator(
        "investment", "固定资产投资增速", "Growth of investment", 15, "hybrid", "%", target=8.0
    ),
    indicator(
        "projects", "重大项目投资完成率", "Completion of major projects", 15, STEPS, "亿元", **SUM
    ),
    indicator(
        "income_ratio",
        "城乡居民收入比",
        "Urban–rural income ratio",
        10,
        "efficacy",
        direction="negative",
    ),
    indicator(
        "debt_ratio",
        "政府债务率",
        "Government debt ratio",
        10,
        {"method": "band", "width": 60},
        "%",
        direction="moderate",
        ideal_low=60.0,
        ideal_high=100.0,
    ),
]
GREEN = [
    indicator(
        "pm25",
        "PM2.5平均浓度",
        "PM2.5 concentration",
        30,
        {"method": "constraint", "full": 30, "missed": 15},
        "微克/立方米",
        direction="negative",
    ),
    indicator("energy", "单位生产总值能耗降低率", "Reduction of energy intensity", 25, STEPS, "%"),
    indicator(
        "water",
        "优良水体比例",
        "Share of good water",
        25,
        {"method": "ladder", "full": 25, "step": 1.0, "down": 1.0},
        "%",
        target=95.0,
    ),
    indicator(
        "forest", "森林覆盖率提高", "Rise of forest cover", 20, "minmax", "%", measure="increment"
    ),
]
OPENNESS = [
    indicator(
        "fdi",
        "实际利用外资",
        "Foreign investment",
        40,
        "benchmark",
        "万美元",
        weights_by_category={"ecology": 0},
        **SUM,
    ),
    indicator(
        "big_projects",
        "“5020”项目引进数",
        "Large projects attracted",
        30,
        {
            "method": "rank_table",
            "full": 30,
            "points": [30, 28, 26, 24, 22],
            "step": 1,
            "floor": 15,
        },
        "个",
        **SUM,
    ),
    indicator("business", "营商环境评价", "Business environment", 30, "given", "分"),
]
SHARED = [
    indicator(
        "income",
        "居民人均可支配收入增速",
        "Growth of household income",
        30,
        {"method": "completion", "start": 0.5, "cap": 1.1},
        "%",
    ),
    indicator(
        "employment",
        "城镇新增就业",
        "New urban jobs",
        25,
        {"method": "completion", "cap": 1.1},
        "人",
        **SUM,
    ),
    indicator(
        "schooling",
        "高中阶段毛入学率",
        "Upper-secondary enrolment",
        20,
        {"method": "ladder", "full": 20, "down": 0.5},
        "%",
        target=93.0,
    ),
    indicator(
        "health",
        "每千人医疗床位",
        "Hospital beds per 1,000",
        25,
        {"method": "tiers", "full": 25, "thresholds": [4.5, 5.5, 6.5], "points": [15, 19, 22, 25]},
        "张",
    ),
]
SAFETY = [
    indicator(
        "accidents",
        "生产安全事故",
        "Work accidents",
        40,
        {"method": "deduction", "full": 40, "per_event": 4},
        "起",
    ),
    indicator(
        "petitions",
        "每万人信访量",
        "Petitions per 10,000 people",
        30,
        "rank_linear",
        "件",
        direction="negative",
        scope="category",
    ),
    indicator("grain", "粮食播种面积", "Grain area", 30, "all_or_nothing", "万亩"),
]
PARTY = [
    indicator(
        "rectification",
        "巡视整改完成率",
        "Rectification after inspection",
        35,
        "completion",
        "%",
        target=100.0,
    ),
    indicator("grassroots", "基层党建考评", "Grass-roots party building", 35, "given", "分"),
    indicator(
        "integrity",
        "违纪问题",
        "Breaches of discipline",
        30,
        {"method": "deduction", "full": 30, "per_event": 1.5},
        "起",
    ),
]
SATISFACTION = [
    indicator(
        "eco_survey",
        "生态环境满意度",
        "Satisfaction with the environment",
        40,
        "given",
        "分",
        measure={"method": "survey", "at_least": 200.0},
        missing="spread",
        weights_by_category=NOT_DEPARTMENTS,
    ),
    indicator(
        "service_survey",
        "基本公共服务满意度",
        "Satisfaction with public services",
        60,
        "given",
        "分",
        measure={"method": "survey", "at_least": 200.0},
        missing="spread",
        weights_by_category=NOT_DEPARTMENTS,
    ),
]
DUTIES = [
    indicator(
        "tasks",
        "年度重点任务完成数",
        "Key tasks completed",
        60,
        {"method": "completion", "start": 0.6},
        "项",
    ),
    indicator(
        "overdue",
        "督办事项逾期",
        "Overdue matters under supervision",
        40,
        {"method": "deduction", "full": 40, "per_event": 4},
        "件",
    ),
]
PROVINCIAL = [
    indicator(
        "province_place",
        "牵头省考指标平均位次",
        "Mean place in the province of the indicators it leads",
        60,
        {
            "method": "tiers",
            "full": 60,
            "thresholds": [3.0, 5.0, 7.0, 9.0],
            "points": [24, 33, 42, 51, 60],
        },
        "位",
        direction="negative",
    ),
    indicator(
        "province_gain",
        "牵头省考指标进位",
        "Places gained in the province",
        40,
        {
            "method": "ladder",
            "full": 40,
            "base": 32,
            "up": 4,
            "down": 4,
            "floor": 16,
            "ceiling": 40,
        },
        "位",
        direction="negative",
        measure="increment",
        data="province_place",
        target=0.0,
    ),
]
SUPPORT = [
    indicator(
        "help",
        "县市区评帮扶指导",
        "Help given, as rated by the counties",
        60,
        "given",
        "分",
        measure={"method": "rating_mean", "group": "县市区", "trim": 1, "at_least": 5},
    ),
    indicator(
        "liaison",
        "省厅对接事项办结数",
        "Matters settled with provincial departments",
        40,
        {"method": "completion", "cap": 1.1},
        "件",
    ),
]
REFORM = [
    indicator(
        "reforms",
        "改革事项落地数",
        "Reforms carried out",
        50,
        {"method": "rank_step", "step": 0.06, "floor": 0.4},
        "项",
        scope="category",
    ),
    indicator(
        "on_time", "政务事项按时办结率", "Services on time", 50, "efficacy", "%", scope="category"
    ),
]
PUBLIC = [
    indicator(
        "client_survey",
        "服务对象满意度",
        "Satisfaction of those served",
        60,
        "given",
        "分",
        measure={"method": "survey", "at_least": 100.0},
        missing="spread",
        weights_by_category=NOT_COUNTIES,
    ),
    indicator(
        "delegates",
        "两代表一委员评议",
        "Opinion of delegates and committee members",
        40,
        "given",
        "分",
        measure={
            "method": "answers",
            "points": {"满意": 100, "基本满意": 75, "不满意": 55},
            "ignored": ["不了解"],
            "at_least": 30,
        },
        missing="spread",
        weights_by_category=NOT_COUNTIES,
    ),
]
TRANSFERS = {
    "xinghe": ("星河高新区", "Xinghe high-tech zone", {"望城区": 1.0}),
    "jinhu": ("锦湖新区", "Jinhu new area", {"望城区": 0.4, "东湖区": 0.6}),
    "chenghu": ("澄湖度假区", "Chenghu resort zone", {"望城区": 1.0}),
}
ADJUSTMENTS = {
    "recovered": {
        "method": "bonus",
        "on": "development",
        "name": "补报佐证挽回失分",
        "name_en": "Points recovered by evidence",
        "note": "乘数之前加入：挽回的分数也要乘系数。",
        "points": {"补证": 1.0},
        "cap": 1.5,
    },
    "awards": {
        "method": "bonus",
        "name": "表彰奖励加分",
        "name_en": "Awards",
        "points": {"国家级": 2.0, "省级": 1.0, "市级": 0.5},
        "caps": {"市级": 1.0},
        "cap": 2.5,
    },
    "criticism": {
        "method": "deduction",
        "name": "督查通报减分",
        "name_en": "Criticised in an inspection",
        "points": {"省级": 1.0, "市级": 0.5},
        "further": 1.5,
    },
    "accident": {
        "method": "veto",
        "name": "重大安全事故",
        "name_en": "Major accident",
        "effects": ["not_top"],
    },
    "false_data": {
        "method": "veto",
        "name": "统计造假",
        "name_en": "Falsified statistics",
        "effects": ["grade_cap"],
        "grade": "一般",
    },
    "party_line": {
        "method": "veto",
        "name": "党建不达线",
        "name_en": "Party building below the line",
        "effects": ["not_top"],
        "any_of": [{"score": "party", "at_most": 80}],
    },
}
FACT = {
    "counties": {"fact": "population", "at_least": 0},
    "departments": {"fact": "staff", "at_least": 0},
}
USES = {
    "fund": {
        "method": "pot_by_grade",
        "name": "高质量发展奖励资金",
        "name_en": "Reward fund",
        "unit": "万元",
        "pot": 6000,
        "ratios": {"优秀": 1.2, "良好": 1.0, "一般": 0.8},
        "requires": [FACT["counties"]],
    },
    "prize": {
        "method": "pay_by_rank",
        "name": "部门争先奖",
        "name_en": "Prize for departments",
        "unit": "万元",
        "within": "category",
        "amounts": [30, 20, 10],
        "requires": [FACT["departments"], {"score": "party", "at_least": 80}],
    },
}
SCHEME = {
    "name": "三张考卷",
    "name_en": "Three papers",
    "note": "结构依据公开讲话稿；权重、系数、目标和全部数据均为虚构，不代表任何地方的规定。"
    " Structure after a published speech; all weights, coefficients, targets and data are invented.",
    "categories": {key: {"name": zh, "name_en": en} for key, (zh, en, _) in UNITS.items()},
    "units": {unit: key for key, (_, _, units) in UNITS.items() for unit in units},
    "attribution": {
        key: {"name": f"{zone}归属", "name_en": en, "source": zone, "to": to, "keeps": 0}
        for key, (zone, en, to) in TRANSFERS.items()
    },
    "periods": {"earlier": {"half_year": 20}, "current": 80, "missing": "spread"},
    "adjustments": ADJUSTMENTS,
    "ranking": {"digits": 2},
    "grades": {
        "bands": [
            {"name": "优秀", "name_en": "Excellent", "share": 0.3},
            {"name": "良好", "name_en": "Good", "share": 0.4},
            {"name": "一般", "name_en": "Fair", "at_least": 60},
            {"name": "较差", "name_en": "Poor"},
        ],
        "at_least_one": True,
        "tie_break": ["development", "satisfaction"],
    },
    "uses": USES,
    "root": {
        "id": "total",
        "name": "综合考核得分",
        "name_en": "Total",
        "combine": {
            "method": "multiplier",
            "base": "development",
            "map": "fixed_band",
            "low": 0.8,
            "high": 1.05,
        },
        "children": [
            group(
                "development",
                "高质量发展成效",
                "Development",
                60,
                [
                    county_group(
                        "innovation", "创新发展", "Innovation", 20, INNOVATION, ecology=15
                    ),
                    county_group(
                        "economy", "协调发展", "Economy", 25, ECONOMY, industry=30, ecology=15
                    ),
                    county_group("green", "绿色发展", "Green", 20, GREEN, ecology=35)
                    | {"combine": {"method": "geometric", "zero": "floor", "floor": 1.0}},
                    county_group("openness", "开放发展", "Openness", 10, OPENNESS)
                    | {"cancelled": {"business": 1.0}},
                    county_group("shared", "共享发展", "Shared prosperity", 15, SHARED),
                    county_group("safety", "安全发展", "Safety", 10, SAFETY),
                    department_group("duties", "重点任务", "Duties", 30, DUTIES, public_dept=45),
                    department_group(
                        "provincial",
                        "省考指标",
                        "Indicators assessed by the province",
                        35,
                        PROVINCIAL,
                        public_dept=15,
                    ),
                    department_group("support", "帮扶对接", "Help and liaison", 20, SUPPORT),
                    department_group("reform", "改革创新", "Reform", 15, REFORM, public_dept=20),
                ],
            ),
            group("party", "党的建设成效", "Party building", 25, PARTY),
            group("satisfaction", "满意度评价", "Satisfaction", 15, [*SATISFACTION, *PUBLIC]),
        ],
    },
}
ADDITIVE = {"total.combine": {"method": "weighted_sum"}}
SCENARIOS = [
    sk.Scenario(
        name="改为加权求和",
        name_en="Additive",
        note="三张考卷按60、25、15相加：乘数计分法到底改变了谁的名次？",
        edits={**ADDITIVE, "development.weight": 60, "party.weight": 25, "satisfaction.weight": 15},
    ),
    sk.Scenario(
        name="原始乘积",
        name_en="Raw product",
        note="系数直接取得分÷100，不设区间：党建和满意度的分量会大多少？",
        edits={"total.combine": {"method": "multiplier", "base": "development"}},
    ),
    sk.Scenario(
        name="统一权重",
        name_en="Same weights for all",
        note="取消分类权重：差异化考核照顾了哪些县？",
        edits={
            "innovation.weights_by_category.ecology": None,
            "economy.weights_by_category.industry": None,
            "economy.weights_by_category.ecology": None,
            "green.weights_by_category.ecology": None,
            "gdp_growth.weights_by_category.ecology": None,
            "fdi.weights_by_category.ecology": None,
        },
    ),
    sk.Scenario(
        name="三区不归属",
        name_en="Zones count for nobody",
        note="三区不单独考核；它们的结果也不计入任何区：谁受损，谁反而受益？",
        edits={
            f"attribution.{key}.to.{unit}": 0
            for key, (_, _, shares) in TRANSFERS.items()
            for unit in shares
        },
    ),
    sk.Scenario(
        name="只看年终",
        name_en="Year end only",
        note="半年评估只作参考、不计分：谁靠半年成绩占了便宜？",
        edits={"periods.earlier.half_year": 0},
    ),
]


def county_tables(rng: np.random.Generator) -> dict[str, dict[str, Any]]:
    """Return the tables of the counties: effort and endowment of each, then what follows."""
    kind = np.repeat(range(3), [len(units) for _, _, units in COUNTIES.values()])
    n = len(kind)
    base = np.array([1.15, 1.0, 0.8])[kind] * rng.uniform(0.9, 1.1, n)
    effort, party, public = rng.normal(0, 1, (3, n))
    green = np.array([-0.8, -0.6, 1.0])[kind] + rng.normal(0, 0.4, n)
    population = np.round(np.array([62, 71, 34])[kind] * rng.uniform(0.7, 1.3, n), 1)

    def draw(centre: Any, effort_effect: float, noise: float, digits: int) -> np.ndarray:
        return np.round(centre + effort_effect * effort + rng.normal(0, noise, n), digits)

    revenue_before = np.round(45 * base * population / 50, 1)
    digital_before = np.round(30 * base**1.5 * population / 50, 1)
    actual = {
        "rd_intensity": draw(1.9 * base, 0.15, 0.15, 2),
        "hightech_share": draw(38 * base**0.5, 2, 2, 1),
        "patents": np.round(population * np.maximum(9 * base + 1.2 * effort, 1), 0),
        "digital_economy": np.round(digital_before * (1.09 + 0.02 * effort), 1),
        "gdp_growth": draw(6.4, 0.6, 0.4, 1),
        "revenue": np.round(revenue_before * (1.05 + 0.02 * effort + rng.normal(0, 0.01, n)), 1),
        "investment": draw(8.6, 1.2, 0.9, 1),
        "projects": np.round(90 * base * np.clip(0.97 + 0.06 * effort, 0.5, 1.3), 1),
        "income_ratio": np.round(2.15 - 0.25 * (base - 1) - 0.04 * effort, 2),
        "debt_ratio": draw(96 - 8 * effort, 0, 14, 1),
        "pm25": draw(31 - 4 * green, -0.8, 1.0, 1),
        "energy": draw(3.1, 0.25, 0.25, 2),
        "water": np.minimum(draw(95 + 2.2 * green, 0.8, 0.8, 1), 100),
        "forest": draw(46 + 14 * green + 0.15, 0.1, 0.05, 2),
        "fdi": np.round(5200 * base**2 * (1 + 0.12 * effort), 0),
        "big_projects": np.maximum(np.round(3 * base + 0.9 * effort), 0),
        "business": draw(86 + 3 * (base - 1), 1.5, 1.2, 1),
        "income": draw(6.9, 0.4, 0.3, 1),
        "employment": np.round(7200 * base * np.clip(1.0 + 0.05 * effort, 0.6, 1.3), 0),
        "schooling": np.minimum(draw(92.5, 0.8, 0.8, 1), 99),
        "health": draw(5.6 + 0.8 * (base - 1), 0.4, 0.4, 2),
        "accidents": np.maximum(np.round(2.2 * base - 0.6 * effort + rng.normal(0, 0.7, n)), 0),
        "petitions": np.maximum(draw(6.5, -0.7, 0.8, 1), 0.5),
        "grain": np.round(population * np.array([0.15, 0.8, 1.1])[kind], 1),
        "rectification": np.clip(np.round(94 + 3.5 * party, 1), 70, 100),
        "grassroots": np.clip(np.round(87 + 5 * party + rng.normal(0, 1, n), 1), 70, 98),
        "integrity": np.maximum(np.round(3 - 1.5 * party + rng.normal(0, 0.7, n)), 0),
        "eco_survey": draw(82 + 3 * green + 3 * public, 0, 1.2, 1),
        "service_survey": draw(83 + 5 * public, 0, 1.2, 1),
    }
    target = {
        "gdp_growth": np.where(kind == 2, 6.0, 6.5),
        "projects": np.round(90 * base, 1),
        "pm25": np.round(33 - 4 * np.array([-0.8, -0.6, 1.0])[kind], 1),
        "energy": np.full(n, 3.0),
        "income": np.full(n, 7.0),
        "employment": np.round(7200 * base, 0),
        "grain": np.round(actual["grain"] - rng.choice([0.0, 0.0, 0.0, -0.3], n), 1),
    }
    previous = {
        "hightech_share": np.round(actual["hightech_share"] - draw(0.9, 0.4, 0.2, 1), 1),
        "digital_economy": digital_before,
        "revenue": revenue_before,
        "forest": np.round(actual["forest"] - draw(0.15, 0.06, 0.05, 2), 2),
    }
    gdp_per_head = np.round(6.8 * base, 2)
    covariates = {
        "population": population,
        "gdp_per_head": gdp_per_head,
        "distance_to_city": np.round(np.array([8, 45, 82])[kind] * rng.uniform(0.6, 1.4, n), 0),
        "gdp": np.round(population * gdp_per_head, 0),
    }
    people = rng.integers(280, 420, n) * 1.0
    sample = {"eco_survey": people, "service_survey": np.where(np.arange(n) == 7, 140.0, people)}
    return {
        "actual": actual,
        "target": target,
        "previous": previous,
        "covariates": covariates,
        "sample_size": sample,
    }


ZONES = {
    "actual": {
        "rd_intensity": [3.9, 1.6, 0.9],
        "hightech_share": [58.0, 31.0, 12.0],
        "digital_economy": [26.4, 4.1, 1.2],
        "gdp_growth": [8.9, 4.4, 6.3],
        "revenue": [24.8, 9.1, 3.2],
        "projects": [42.0, 22.5, 6.5],
        "fdi": [3600.0, 900.0, 200.0],
        "big_projects": [3.0, 0.0, 1.0],
        "employment": [2600.0, 700.0, 450.0],
    },
    "target": {
        "gdp_growth": [8.0, 7.0, 6.0],
        "projects": [38.0, 30.0, 6.0],
        "employment": [2500.0, 1000.0, 400.0],
    },
    "previous": {
        "hightech_share": [55.5, 30.8, 12.0],
        "digital_economy": [22.0, 3.9, 1.1],
        "revenue": [21.9, 9.2, 3.0],
    },
    "covariates": {"gdp": [180.0, 90.0, 30.0]},
}
"""The three zones, in the order of TRANSFERS; the districts' own tables are without them."""


def department_tables(rng: np.random.Generator) -> dict[str, dict[str, Any]]:
    """Return the tables of the departments."""
    kind = np.repeat(range(2), [len(units) for _, _, units in DEPARTMENTS.values()])
    n = len(kind)
    effort, party, public = rng.normal(0, 1, (3, n))
    tasks = rng.integers(18, 42, n) * 1.0
    cases = np.where(np.arange(n) == 1, 3.0, 0.0)  # a department that is first in development
    matters = rng.integers(12, 30, n) * 1.0
    place = np.clip(np.round(5.6 - 1.2 * effort + rng.normal(0, 0.8, n), 1), 1, 11)
    return {
        "actual": {
            "tasks": np.minimum(np.round(tasks * (0.93 + 0.04 * effort)), tasks),
            "overdue": np.maximum(np.round(1.6 - effort + rng.normal(0, 0.7, n)), 0),
            "province_place": place,
            "liaison": np.round(matters * (0.95 + 0.06 * effort + rng.normal(0, 0.04, n))),
            "reforms": np.maximum(np.round(5 + 1.5 * effort + rng.normal(0, 1, n)), 1),
            "on_time": np.minimum(np.round(97 + effort + rng.normal(0, 0.6, n), 1), 100),
            "rectification": np.clip(np.round(95 + 3 * party, 1), 70, 100),
            "grassroots": np.clip(np.round(88 + 4 * party + rng.normal(0, 1, n), 1), 70, 98),
            "integrity": np.maximum(np.round(1.5 - party + rng.normal(0, 0.7, n)), 0) + cases,
            "client_survey": np.round(84 + 4 * public + rng.normal(0, 1.2, n), 1),
        },
        "target": {"tasks": tasks, "liaison": matters},
        "previous": {
            "province_place": np.clip(np.round(place + rng.normal(0.3, 0.8, n), 1), 1, 11)
        },
        "covariates": {"staff": rng.integers(45, 130, n) * 1.0},
        "sample_size": {"client_survey": rng.integers(120, 260, n) * 1.0},
    }


def names(groups: dict[str, tuple[str, str, tuple[str, ...]]]) -> list[str]:
    """Return the units of some categories."""
    return [unit for _, _, units in groups.values() for unit in units]


def make_tables() -> dict[str, pd.DataFrame]:
    """Return the tables of numbers: counties, then departments, then zones."""
    parts = (
        (names(COUNTIES), county_tables(np.random.default_rng(SEED))),
        (names(DEPARTMENTS), department_tables(np.random.default_rng(SEED + 1))),
        ([zone for zone, _, _ in TRANSFERS.values()], ZONES),
    )
    tables = {}
    for table in ("actual", "target", "previous", "sample_size", "covariates"):
        frames = [
            pd.DataFrame(t[table], pd.Index(u, name="unit"), dtype=float)
            for u, t in parts
            if table in t
        ]
        tables[table] = pd.concat(frames)
    return tables


EVENTS = [
    ("青山区", "recovered", "补证", 0.4, "研发投入佐证", "研发支出漏报项补证"),
    ("永昌市", "recovered", "补证", 0.6, "技改项目佐证", ""),
    ("松岭县", "recovered", "补证", 1.2, "水质复核", "第一次复核"),
    ("松岭县", "recovered", "补证", 0.9, "森林督查佐证", "合计2.1分，只计1.5分"),
    ("望城区", "recovered", "补证", 0.4, "就业台账佐证", ""),
    ("市科技创新局", "recovered", "补证", 0.8, "高新企业名单佐证", ""),
    ("市教育健康局", "recovered", "补证", 0.6, "学位建设佐证", ""),
    ("江北区", "awards", "国家级", 1, "营商环境示范", ""),
    ("江北区", "awards", "省级", 1, "营商环境示范", "同一事项只计最高一级"),
    ("江北区", "awards", "省级", 1, "干部创先典型", "合计3分，只计2.5分"),
    ("望城区", "awards", "省级", 1, "基层党建示范", ""),
    ("白马县", "awards", "市级", 1, "基层党建示范", ""),
    ("云溪县", "awards", "市级", 1, "人居环境整治", ""),
    ("云溪县", "awards", "市级", 1, "诉源治理", ""),
    ("云溪县", "awards", "市级", 1, "粮食生产", "市级合计只计1分"),
    ("市政务服务局", "awards", "国家级", 1, "政务服务满意度", ""),
    ("市数字经济局", "awards", "省级", 1, "数字化改革案例", ""),
    ("石桥县", "criticism", "市级", 1, "项目开工不实", ""),
    ("丰原县", "criticism", "市级", 2, "安全督查", "两次：0.5分和0.75分"),
    ("碧湖县", "criticism", "省级", 1, "信访积案", ""),
    ("市财源建设局", "criticism", "市级", 1, "专项资金滞留", ""),
    ("南岭县", "accident", "", 1, "矿山事故", ""),
    ("临江市", "false_data", "", 1, "投资数据虚报", ""),
]


def records(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return events, the counties' ratings of departments, and the delegates' answers."""
    counties, departments = names(COUNTIES), names(DEPARTMENTS)
    level = rng.normal(83, 4, len(departments))
    ratings = [
        (unit, "help", "县市区", county, float(np.clip(np.round(rng.normal(mean, 4)), 55, 100)))
        for unit, mean in zip(departments, level, strict=True)
        for county in counties
    ]
    asked = np.where(np.arange(len(departments)) == 6, 30, 80)  # one asked too few
    answers = [
        (unit, "delegates", answer, float(count))
        for unit, mean, people in zip(departments, level, asked, strict=True)
        for answer, count in zip(
            ("满意", "基本满意", "不满意", "不了解"),
            rng.multinomial(people, np.array([mean - 25, 25, 10, 15]) / (mean + 25)),
            strict=True,
        )
    ]
    return {
        "events": pd.DataFrame(EVENTS, columns=["unit", "event", "kind", "count", "name", "note"]),
        "ratings": pd.DataFrame(ratings, columns=["unit", "indicator", "group", "rater", "score"]),
        "answers": pd.DataFrame(answers, columns=["unit", "indicator", "answer", "count"]),
    }


def half_year(rng: np.random.Generator, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return half-year scores: somewhat below the year's own, with luck of their own."""
    this_year = sk.evaluate(sk.Scheme.read(SCHEME | {"periods": None}), sk.Panel(**tables))
    totals = this_year.ranking["total"].reindex(list(SCHEME["units"]))
    scores = np.round(totals * 0.98 + rng.normal(0, 2.5, len(totals)), 2)
    scores["市数字经济局"] = np.nan  # set up in July
    scores["市基层治理部"] = 89.43  # so that two totals are equal at the edge of a quota
    return scores.to_frame("half_year")


def make_case() -> tuple[sk.Scheme, sk.Panel, list[sk.Scenario]]:
    """Return the scheme, the data and the scenarios."""
    tables = make_tables() | records(np.random.default_rng(SEED + 2))
    tables["periods"] = half_year(np.random.default_rng(SEED + 3), tables)
    return sk.Scheme.read(SCHEME), sk.Panel(**tables), SCENARIOS


if __name__ == "__main__":
    scheme, panel, scenarios = make_case()
    sk.save(HERE, scheme, panel)
    sk.save_scenarios(HERE / "scenarios.yaml", scenarios)
