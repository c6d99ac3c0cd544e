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
UNITS = {
    "urban": ("城区类", "Urban core", ("青山区", "东湖区", "江北区", "望城区")),
    "industry": ("工业强县类", "Industrial", ("临江市", "丰原县", "永昌市", "石桥县", "白马县")),
    "ecology": ("生态发展类", "Ecological", ("清河县", "云溪县", "南岭县", "松岭县", "碧湖县")),
}


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


STEPS = {
    "method": "completion_steps",
    "ratios": [0.5, 0.6, 0.7, 0.8, 0.9, 1.0],
    "points": [20, 24, 28, 32, 36, 40],
    "full": 40,
    "over_points": 1,
    "over_max": 3,
}
INNOVATION = [
    indicator("rd_intensity", "研发投入强度", "R&D intensity", 30, "efficacy", "%"),
    indicator(
        "hightech_share",
        "高新技术产业增加值占比",
        "Share of high-tech industry",
        30,
        {"method": "level_improvement", "growth": "increment"},
        "%",
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
    ),
    indicator(
        "revenue",
        "一般公共预算收入增幅",
        "Growth of revenue",
        20,
        "rank_step",
        "%",
        measure="growth_rate",
    ),
    indicator(
        "investment", "固定资产投资增速", "Growth of investment", 15, "hybrid", "%", target=8.0
    ),
    indicator("projects", "重大项目投资完成率", "Completion of major projects", 15, STEPS, "亿元"),
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
        "eco_survey", "生态环境满意度", "Satisfaction with the environment", 40, "given", "分"
    ),
    indicator(
        "service_survey",
        "基本公共服务满意度",
        "Satisfaction with public services",
        60,
        "given",
        "分",
    ),
]
SCHEME = {
    "name": "三张考卷",
    "name_en": "Three papers",
    "note": "结构依据公开讲话稿；权重、系数、目标和全部数据均为虚构，不代表任何地方的规定。"
    " Structure after a published speech; all weights, coefficients, targets and data are invented.",
    "categories": {key: {"name": zh, "name_en": en} for key, (zh, en, _) in UNITS.items()},
    "units": {unit: key for key, (_, _, units) in UNITS.items() for unit in units},
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
                    group(
                        "innovation",
                        "创新发展",
                        "Innovation",
                        20,
                        INNOVATION,
                        weights_by_category={"ecology": 15},
                    ),
                    group(
                        "economy",
                        "协调发展",
                        "Economy",
                        25,
                        ECONOMY,
                        weights_by_category={"industry": 30, "ecology": 15},
                    ),
                    group(
                        "green",
                        "绿色发展",
                        "Green",
                        20,
                        GREEN,
                        combine={"method": "geometric", "zero": "floor", "floor": 1.0},
                        weights_by_category={"ecology": 35},
                    ),
                    group(
                        "openness",
                        "开放发展",
                        "Openness",
                        10,
                        OPENNESS,
                        cancelled={"business": 1.0},
                    ),
                    group("shared", "共享发展", "Shared prosperity", 15, SHARED),
                    group("safety", "安全发展", "Safety", 10, SAFETY),
                ],
            ),
            group("party", "党的建设成效", "Party building", 25, PARTY),
            group("satisfaction", "满意度评价", "Satisfaction", 15, SATISFACTION),
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
]


def make_tables(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return the tables of the case: effort and endowment of each unit, then what follows."""
    units = list(SCHEME["units"])
    n = len(units)
    kind = np.array([list(UNITS).index(SCHEME["units"][unit]) for unit in units])
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
    covariates = {
        "population": population,
        "gdp_per_head": np.round(6.8 * base, 2),
        "distance_to_city": np.round(np.array([8, 45, 82])[kind] * rng.uniform(0.6, 1.4, n), 0),
    }
    tables = {"actual": actual, "target": target, "previous": previous, "covariates": covariates}
    index = pd.Index(units, name="unit")
    return {
        name: pd.DataFrame(columns, index=index, dtype=float) for name, columns in tables.items()
    }


if __name__ == "__main__":
    panel = sk.Panel(**make_tables(np.random.default_rng(SEED)))
    sk.save(HERE, sk.Scheme.read(SCHEME), panel)
    sk.save_scenarios(HERE / "scenarios.yaml", SCENARIOS)
