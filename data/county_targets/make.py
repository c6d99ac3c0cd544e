"""Makes the case county_targets: the questions are those of a published speech, numbers invented.

Run from the project's folder: ``python data/county_targets/make.py``. The same seed gives the same
files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import simkaohe as sk

HERE = Path(__file__).parent
SEED = 20230215
UNITS = {
    "industry": ("工业重镇", "Industrial towns", ("炉前镇", "砚桥镇", "锦机镇", "陶作镇")),
    "farming": (
        "农业大镇",
        "Farming towns",
        ("稻花镇", "麦穗镇", "瓜棚镇", "柳仓镇", "豆坪镇"),
    ),
    "ecology": ("生态镇", "Ecology towns", ("云杉镇", "松萝镇", "碧沄镇", "苔溪镇")),
    "economic": (
        "经济部门",
        "Economic departments",
        ("县发改局", "县工信商务局", "县财政局", "县农业农村局", "县交通局"),
    ),
    "service": (
        "社会服务部门",
        "Social service departments",
        ("县教体局", "县卫健局", "县民政局", "县人社局"),
    ),
    "party": ("党群部门", "Party departments", ("县委组织部", "县委宣传部", "县总工会")),
}
TOWNS, DEPARTMENTS = ("industry", "farming", "ecology"), ("economic", "service", "party")
PARK, FARM = "园区共建项目", "现代农业园"  # shared results: recorded, not assessed


def node(name: str, zh: str, en: str, weight: float, **more: Any) -> dict[str, Any]:
    """Return an indicator (with ``rule``) or a group (with ``children``) as in the scheme file."""
    return {"id": name, "name": zh, "name_en": en, "weight": weight, **more}


def only(weight: float, *categories: str) -> dict[str, float]:
    """Return weights by category for a paper that others do not sit (its own weight is 0)."""
    return dict.fromkeys(categories, weight)


TOTALS = [
    node(
        "revenue", "镇级财政收入", "Town revenue", 35, unit="万元", missing="zero",
        rule="efficacy", scope="category",
    ),
    node(
        "industrial_output", "规上工业产值", "Industrial output", 40, unit="亿元", missing="spread",
        rule="efficacy", scope="category", weights_by_category={"farming": 20, "ecology": 0},
    ),
    node(
        "investment", "项目投资完成额", "Investment in projects", 25, unit="亿元", missing="spread",
        rule={"method": "completion", "start": 0.6, "cap": 1.2}, attributed="sum",
    ),
]  # fmt: skip
STRUCTURE = [
    node(
        "green_share", "绿色产业产值占比", "Share of green industries", 35, unit="%",
        missing="spread", rule={"method": "level_improvement", "growth": "increment"},
    ),
    node(
        "tax_share", "税收占财政收入比重", "Taxes in revenue", 25, unit="%", missing="zero",
        rule="efficacy",
    ),
    node(
        "farm_quality", "农产品抽检合格率", "Farm products passed in tests", 20, unit="%",
        missing="spread", weights_by_category={"industry": 0},
        rule={"method": "efficacy", "unacceptable": 94.0, "satisfactory": 100.0},
        attributed="rate", base="farm_samples",
    ),
    node(
        "energy", "单位产值能耗降低率", "Fall of energy intensity", 20, unit="%",
        missing="spread",
        rule={
            "method": "completion_steps",
            "ratios": [0.6, 0.7, 0.8, 0.9, 1.0],
            "points": [60, 70, 80, 90, 100],
        },
    ),
]  # fmt: skip
TOWN = [
    node(
        "gdp", "地区生产总值增速", "GDP growth", 10, unit="%", missing="zero",
        rule={"method": "completion", "start": 0.5, "cap": 1.2}, weights_by_category={"ecology": 0},
    ),
    node("totals", "总量指标", "Total volume", 20, children=TOTALS),
    node("structure", "结构指标", "Structure", 40, children=STRUCTURE),
    node(
        "water", "断面水质达标率", "Water up to standard", 15, unit="%", missing="spread",
        rule={"method": "efficacy", "unacceptable": 80.0, "satisfactory": 100.0},
    ),
    node(
        "rural_income", "农村居民人均可支配收入增速", "Growth of rural income", 15, unit="%",
        missing="spread", rule={"method": "completion", "start": 0.5, "cap": 1.2}, target=7.0,
    ),
]  # fmt: skip
DEPARTMENT = [
    node(
        "key_tasks", "重点任务完成率", "Key tasks completed", 40, unit="%", missing="zero",
        rule={"method": "completion", "start": 0.6}, target=100.0,
    ),
    node(
        "line_rank", "上级业务考核位次", "Place in the line's own assessment", 25, unit="位",
        missing="spread", direction="negative",
        rule={"method": "tiers", "thresholds": [1, 3, 6, 9], "points": [60, 75, 85, 95, 100]},
    ),
    node(
        "capital", "联办招商到位资金", "Capital attracted jointly", 20, unit="亿元",
        missing="spread", rule={"method": "completion", "start": 0.6, "cap": 1.2},
        weights_by_category={"service": 0, "party": 0}, attributed="sum",
    ),
    node(
        "livelihood", "民生实事完成率", "Livelihood projects completed", 20, unit="%",
        missing="spread", weights_by_category={"economic": 0, "party": 0},
        rule={"method": "tiers", "thresholds": [90, 95, 100], "points": [60, 75, 90, 100]},
    ),
    node(
        "coordination", "统筹协调评价", "Coordination", 20, unit="分", missing="spread",
        rule="given", weights_by_category={"economic": 0, "service": 0},
    ),
]  # fmt: skip
PARTY = [
    node("party_review", "党建工作评价", "Review of party building", 60, unit="分", rule="given"),
    node(
        "cases", "违纪案件", "Discipline cases", 40, unit="件",
        rule={"method": "deduction", "per_event": 15},
    ),
]  # fmt: skip
PUBLIC = [
    node(
        "phone_survey", "电话访问满意度", "Telephone survey", 50, unit="分", rule="given",
        measure={"method": "survey", "at_least": 100}, missing="spread",
        weights_by_category={"party": 0},
    ),
    node(
        "delegates", "“两代表一委员”评议", "Vote of delegates and committee members", 30,
        unit="分", rule="given",
        measure={
            "method": "answers",
            "points": {"满意": 100, "基本满意": 75, "不满意": 55},
            "ignored": ["不了解"],
        },
    ),
    node(
        "served", "服务对象评价", "Rating by those served", 20, unit="分", rule="given",
        measure={
            "method": "rating_mean",
            "trim": 1,
            "levels": {"优": 100, "良": 85, "中": 70, "差": 50},
        },
        missing="spread", weights_by_category=only(0, *TOWNS, "party"),
    ),
]  # fmt: skip
SCHEME = {
    "name": "全县目标责任考核",
    "name_en": "A county's target responsibility assessment",
    "note": "改革方向依据公开讲话稿；单位、权重、系数、名额、奖金和全部数据均为虚构，不代表任何地方的规定。"
    " The questions follow a published speech; units, weights, quotas, prizes and data are invented.",
    "categories": {key: {"name": zh, "name_en": en} for key, (zh, en, _) in UNITS.items()},
    "units": {unit: key for key, (_, _, units) in UNITS.items() for unit in units},
    "attribution": {
        "park": {
            "name": "园区共建项目按6:2:2归属",
            "name_en": "Joint park shared 6:2:2",
            "source": PARK,
            "to": {"炉前镇": 0.6, "柳仓镇": 0.2, "苔溪镇": 0.2},
            "indicators": ["investment"],
        },
        "capital": {
            "name": "联办招商按牵头60%、责任单位各20%归属",
            "name_en": "Lead department 60%, responsible ones 20% each",
            "source": "县工信商务局",
            "keeps": 0.6,
            "to": {"县发改局": 0.2, "县财政局": 0.2},
            "indicators": ["capital"],
        },
        "farm": {
            "name": "现代农业园抽检并入所在镇",
            "name_en": "Tests in the farm park counted into its two towns",
            "source": FARM,
            "to": {"稻花镇": 0.5, "麦穗镇": 0.5},
            "indicators": ["farm_quality"],
        },
    },
    "periods": {
        "earlier": {"q1": 7.5, "q2": 7.5, "q3": 7.5, "q4": 7.5},
        "current": 70,
        "missing": "spread",
    },
    "adjustments": {
        "awards": {
            "method": "bonus",
            "name": "表彰加分",
            "name_en": "Awards",
            "points": {"国家级": 2, "省级": 1, "市级": 0.5},
            "caps": {"市级": 1},
            "cap": 3,
        },
        "rectification": {
            "method": "deduction",
            "name": "电话调查问题整改",
            "name_en": "Survey problems not rectified",
            "points": {"未整改": 0.8, "逾期整改": 0.3},
            "cap": 2,
        },
        "accountability": {
            "method": "deduction",
            "name": "推动不力问责",
            "name_en": "Accountability of slow units",
            "points": {"通报": 1, "约谈": 0.5},
            "further": 1.5,
        },
        "red_line": {
            "method": "veto",
            "name": "红线事项",
            "name_en": "Red line",
            "effects": ["not_top"],
            "any_of": [{"value": "cases", "at_least": 3}],
        },
    },
    "limits": {"total": {"deduction": 3}},
    "ranking": {"digits": 1},
    "grades": {
        "bands": [
            {"name": "优秀", "name_en": "Excellent", "share": 0.3, "at_least": 88},
            {"name": "良好", "name_en": "Good", "share": 0.45, "at_least": 80},
            {"name": "合格", "name_en": "Pass", "at_least": 70},
            {"name": "不合格", "name_en": "Fail"},
        ],
        "rounding": "largest_remainder",
        "at_least_one": True,
        "unused": "next",
        "tie_break": ["public"],
    },
    "uses": {
        "prize": {
            "method": "pay_by_grade",
            "name": "目标责任考核奖",
            "name_en": "Prize by grade",
            "unit": "万元",
            "amounts": {"优秀": 30, "良好": 15, "合格": 5},
        },
    },
    "root": {
        "id": "total",
        "name": "年度考核得分",
        "name_en": "Total",
        "children": [
            node(
                "town_work", "镇目标任务", "Work of towns", 0, children=TOWN,
                weights_by_category=only(70, *TOWNS),
                cancelled={"water": 0.6, "rural_income": 0.4},
            ),
            node(
                "department_work", "部门职能目标", "Work of departments", 0, children=DEPARTMENT,
                weights_by_category=only(70, *DEPARTMENTS), cancelled="siblings",
            ),
            node("party_building", "党的建设", "Party building", 15, children=PARTY),
            node(
                "public", "公众评议", "Public evaluation", 15, children=PUBLIC,
                cancelled="siblings",
            ),
        ],
    },
}  # fmt: skip


def daily(share: float) -> dict[str, float]:
    """Return the edits that give the four quarters together so many percent."""
    quarters = {f"periods.earlier.q{q}": share / 4 for q in range(1, 5)}
    return {**quarters, "periods.current": 100 - share}


SCENARIOS = [
    sk.Scenario(
        name="生态镇保留GDP考核",
        name_en="Keep GDP for ecology towns",
        note="取消GDP考核到底让生态镇里谁得益？去掉生态镇的取消规定，恢复10分权重。",
        edits={"gdp.weights_by_category.ecology": None},
    ),
    sk.Scenario(
        name="总量为主（旧权重）",
        name_en="Old weights: volume first",
        note="强化结构之前：总量40、结构20。谁靠规模吃饭？",
        edits={"totals.weight": 40, "structure.weight": 20},
    ),
    sk.Scenario(
        name="结构再强化",
        name_en="Structure stronger still",
        note="总量10、结构50：继续弱化总量，名次还会动多少？",
        edits={"totals.weight": 10, "structure.weight": 50},
    ),
    sk.Scenario(
        name="平时考核0%",
        name_en="No daily assessment",
        note="只看年终：平时考核现在占30%，去掉它谁进谁退？",
        edits=daily(0),
    ),
    sk.Scenario(
        name="平时考核60%",
        name_en="Daily assessment 60%",
        note="把日常考核作为基本手段：平时占60%时年终排名还剩多少分量？",
        edits=daily(60),
    ),
]


def make_tables(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return the tables: volume and quality pull against each other, daily work is a third thing."""
    units = list(SCHEME["units"])
    kind = np.array(list(SCHEME["units"].values()))
    n = len(units)
    tables: dict[str, dict[str, np.ndarray]] = {
        name: {} for name in ("actual", "target", "previous", "covariates", "periods")
    }
    actual, target, previous = tables["actual"], tables["target"], tables["previous"]
    volume, effort, daywork, public = rng.normal(0, 1, (4, n))
    quality = -0.6 * volume + 0.8 * rng.normal(0, 1, n)

    def by_kind(**values: float) -> np.ndarray:
        return np.array([values.get(k, np.nan) for k in kind])

    def draw(centre: Any, noise: float, digits: int, top: float = np.inf) -> np.ndarray:
        return np.round(np.minimum(centre + rng.normal(0, noise, n), top), digits)

    size = by_kind(industry=3.0, farming=1.4, ecology=0.7) * np.exp(0.25 * volume)
    aim = by_kind(industry=6.5, farming=5.5, ecology=5.0)
    actual["gdp"], target["gdp"] = draw(aim + 0.7 * volume - 0.2, 0.3, 1), aim
    actual["revenue"] = np.round(900 * size * draw(0.97 + 0.06 * volume, 0.03, 3), 0)
    no_ecology = by_kind(industry=1, farming=1)
    actual["industrial_output"] = np.round(22 * size**1.3 * no_ecology, 1)
    target["investment"] = np.round(2.5 * size, 1)
    actual["investment"] = np.round(target["investment"] * draw(0.95 + 0.08 * volume, 0.05, 3), 2)
    green = by_kind(industry=24, farming=33, ecology=44) + 3 * quality
    actual["green_share"] = draw(green, 1.0, 1)
    previous["green_share"] = np.round(actual["green_share"] - draw(1.2 + 0.5 * quality, 0.3, 1), 1)
    actual["tax_share"] = draw(66 + 5 * quality + by_kind(industry=2, farming=0, ecology=0), 2, 1)
    grows = by_kind(farming=1, ecology=1)
    actual["farm_quality"] = draw(97.4 * grows + 0.8 * quality, 0.5, 1, 100)
    target["energy"] = by_kind(industry=3.2, farming=2.6, ecology=2.2)
    actual["energy"] = np.round(target["energy"] * draw(0.92 + 0.1 * quality, 0.06, 2), 2)
    clean = by_kind(industry=90, farming=92, ecology=95)
    actual["water"] = draw(clean + 1.8 * quality, 1.2, 1, 100)
    actual["rural_income"] = draw(by_kind(industry=6.8, farming=6.9, ecology=6.8), 0.4, 1)
    office = by_kind(economic=1, service=1, party=1)
    actual["key_tasks"] = draw(93 * office + 3 * effort, 1.0, 1, 100)
    actual["line_rank"] = np.clip(np.round(5 * office - 2.2 * effort), 1, 11)
    econ = by_kind(economic=1)
    target["capital"] = np.round(2.0 * econ * rng.uniform(0.8, 1.6, n), 1)
    actual["capital"] = np.round(target["capital"] * draw(0.96 + 0.08 * effort, 0.05, 3), 2)
    actual["livelihood"] = draw(by_kind(service=95) + 3 * effort, 1.5, 1, 100)
    actual["coordination"] = draw(by_kind(party=88) + 3 * effort, 1, 1)
    actual["party_review"] = draw(88 + 2 * effort, 2, 1)
    actual["cases"] = np.where(rng.random(n) < 0.25, 1.0, 0.0)
    called = by_kind(industry=1, farming=1, ecology=1, economic=1, service=1)
    actual["phone_survey"] = draw(86 * called + 3.5 * public, 1, 1)
    sample_size = np.round(rng.uniform(120, 320, n) * called, -1)
    tables["covariates"]["farm_samples"] = np.round(rng.uniform(80, 240, n) * grows, 0)
    for quarter in ("q1", "q2", "q3", "q4"):
        tables["periods"][quarter] = draw(86 + 2.6 * daywork + 1.0 * effort, 1.5, 1)

    index = pd.Index([*units, PARK, FARM], name="unit")
    frames = {k: pd.DataFrame(t, index=units).reindex(index) for k, t in tables.items()}
    frames["sample_size"] = pd.DataFrame({"phone_survey": sample_size}, index=units)
    by_hand(frames)
    return frames | records(rng, units, kind, public)


def by_hand(frames: dict[str, pd.DataFrame]) -> None:
    """Write what makes the rules visible: shared results, gaps, a small sample."""
    actual, target = frames["actual"], frames["target"]
    actual.loc[PARK, "investment"], target.loc[PARK, "investment"] = 4.2, 3.0
    actual.loc["县工信商务局", "capital"], target.loc["县工信商务局", "capital"] = 10.5, 9.0
    actual.loc[FARM, "farm_quality"], frames["covariates"].loc[FARM, "farm_samples"] = 99.2, 300
    actual.loc["松萝镇", "energy"] = np.nan  # no firm above the threshold: weight spread
    frames["previous"].loc["豆坪镇", "green_share"] = np.nan  # merged last year: level alone
    frames["sample_size"].loc["苔溪镇", "phone_survey"] = 64  # below the smallest sample
    frames["periods"].loc["县交通局", "q1"] = np.nan  # founded in spring: weight spread


def records(
    rng: np.random.Generator, units: list[str], kind: np.ndarray, public: np.ndarray
) -> dict[str, pd.DataFrame]:
    """Return events, delegates' answers and ratings by those served."""
    events = [
        ("炉前镇", "awards", "国家级", 1, "特色小镇"),
        ("炉前镇", "awards", "省级", 1, "招商先进"),
        ("炉前镇", "awards", "市级", 3, "单项奖"),
        ("炉前镇", "red_line", "", 1, "安全生产责任事故"),
        ("麦穗镇", "awards", "省级", 1, "粮食生产先进"),
        ("松萝镇", "awards", "省级", 1, "生态示范"),
        ("县财政局", "awards", "省级", 1, "绩效管理先进"),
        ("县卫健局", "awards", "市级", 1, "单项奖"),
        ("县委组织部", "awards", "市级", 3, "单项奖"),
        ("砚桥镇", "rectification", "未整改", 2, "噪声投诉"),
        ("柳仓镇", "rectification", "未整改", 3, "村道问题"),
        ("碧沄镇", "rectification", "逾期整改", 1, "饮水问题"),
        ("县教体局", "rectification", "逾期整改", 2, "学位问题"),
        ("陶作镇", "accountability", "约谈", 1, "项目滞后"),
        ("瓜棚镇", "rectification", "逾期整改", 4, "公厕和路灯问题"),
        ("瓜棚镇", "accountability", "约谈", 3, "整改缓慢"),
        ("县交通局", "accountability", "通报", 1, "项目滞后"),
        ("县人社局", "accountability", "约谈", 1, "整改缓慢"),
    ]
    answers, ratings = [], []
    for place, unit in enumerate(units):
        good = np.clip(0.74 + 0.06 * public[place], 0.5, 0.9)
        counts = rng.multinomial(60, [good, 0.93 - good, 0.04, 0.03])
        words = ("满意", "基本满意", "不满意", "不了解")
        answers += [(unit, "delegates", w, int(c)) for w, c in zip(words, counts, strict=True)]
        if kind[place] in ("economic", "service"):
            chances = [good - 0.3, 0.75 - good + 0.3, 0.2, 0.05]
            for number, word in enumerate(rng.choice(["优", "良", "中", "差"], 9, p=chances), 1):
                ratings.append((unit, "served", f"服务对象{number}", str(word)))
    return {
        "events": pd.DataFrame(events, columns=["unit", "event", "kind", "count", "name"]),
        "answers": pd.DataFrame(answers, columns=["unit", "indicator", "answer", "count"]),
        "ratings": pd.DataFrame(ratings, columns=["unit", "indicator", "rater", "score"]),
    }


if __name__ == "__main__":
    panel = sk.Panel(**make_tables(np.random.default_rng(SEED)))
    sk.save(HERE, sk.Scheme.read(SCHEME), panel)
    sk.save_scenarios(HERE / "scenarios.yaml", SCENARIOS)
