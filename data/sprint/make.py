"""Makes the case sprint: the named tasks follow the text, every number is invented.

Run from the project's folder: ``python data/sprint/make.py``. The same seed gives the same files.
The seed was chosen among many so that a tie, a veto and a cap are seen at work.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import simkaohe as sk

HERE = Path(__file__).parent
SEED = 20241108
OURS = "榕溪县"
# Projects under way, population (10,000), then how far the county is ahead (+) or behind (−) in
# tasks that wait for money, in tasks that are built, and in the others; shares of the year's target.
COUNTIES = {
    "岚石县": (46, 38.2, 0.09, 0.09, 0.05),
    "望榕区": (52, 61.5, 0.06, 0.07, 0.04),
    "棠坪县": (38, 29.4, 0.05, 0.08, 0.02),
    "榕溪县": (57, 44.7, -0.05, 0.02, 0.03),
    "雁汀县": (41, 33.0, 0.06, 0.04, 0.02),
    "石蕨县": (35, 24.8, 0.04, 0.02, 0.00),
    "禾塘县": (49, 51.3, 0.02, -0.02, 0.02),
    "桐渡县": (44, 40.6, -0.05, -0.06, -0.02),
    "南岫县": (31, 19.9, -0.10, -0.10, -0.04),
}
PACE = {"money": 0.75, "build": 0.74, "steady": 0.85, "season": 1.0}
"""Usual share of the year's target that is done by the end of October."""
# id, name, name in English, points, department, unit, target, kind. Issued by the region (province).
REGION = [
    ("central_investment", "中央预算内投资项目完工", "Central budget investment: projects completed", 6, "发展和改革局", "个", 20, "money"),
    ("migrant_projects", "水库移民整村提升工程项目", "Resettlement villages: projects", 4, "发展和改革局", "个", 8, "build"),
    ("migrant_funds", "水库移民整村提升工程总资金量", "Resettlement villages: funds spent", 5, "发展和改革局", "万元", 2000, "money"),
    ("finance", "财政重点工作", "Finance tasks", 5, "财政局", "项", 25, "money"),
    ("transport", "交通网建设投资", "Transport network: investment", 6, "交通运输局", "亿元", 10, "money"),
    ("rural_roads", "“四好农村路”", "Good rural roads", 5, "交通运输局", "公里", 80, "build"),
    ("preschool", "学前教育建设项目", "Preschool buildings", 4, "教育局", "个", 10, "build"),
    ("compulsory", "义务教育建设项目", "Compulsory school buildings", 4, "教育局", "个", 16, "build"),
    ("senior_high", "普通高中建设项目", "Senior-high buildings", 4, "教育局", "个", 5, "build"),
    ("pension", "基本养老保险参保", "Basic pension: people insured", 6, "人力资源和社会保障局", "万人", 20, "steady"),
    ("disability", "残疾人服务", "Services for the disabled", 3, "残疾人联合会", "人", 500, "steady"),
    ("housing", "老旧小区改造", "Renewal of old estates", 4, "住房和城乡建设局", "户", 1000, "build"),
    ("land", "批而未供土地处置", "Idle approved land put to use", 4, "自然资源局", "亩", 400, "money"),
]  # fmt: skip
CITY = [
    ("key_projects", "市级重点项目投资", "City key projects: investment", 6, "发展和改革局", "亿元", 20, "money"),
    ("attracted", "招商引资到位资金", "Attracted investment", 5, "商务局", "亿元", 25, "money"),
    ("factories", "工业项目开工", "Factories started", 5, "工业和信息化局", "个", 12, "build"),
    ("grain", "粮食播种面积", "Grain area", 5, "农业农村局", "万亩", 30, "season"),
    ("villages", "和美乡村建设", "Village improvement", 4, "农业农村局", "个", 20, "build"),
    ("water", "农村供水工程", "Rural water supply", 4, "水利局", "处", 25, "build"),
    ("jobs", "城镇新增就业", "New urban jobs", 4, "人力资源和社会保障局", "人", 4000, "steady"),
    ("clinics", "乡镇卫生院达标", "Township clinics up to standard", 3, "卫生健康局", "所", 12, "steady"),
    ("planting", "植树造林", "Tree planting", 4, "林业局", "亩", 5000, "season"),
]  # fmt: skip
NO_RESERVOIR = ["望榕区", "禾塘县"]


def indicator(task: tuple[Any, ...]) -> dict[str, Any]:
    """Return a task as it stands in the scheme file; its weight is its full marks."""
    name, zh, en, points, department, unit, *_ = task
    missing = {"migrant_projects": "spread", "migrant_funds": "spread", "disability": "zero"}
    more = {"missing": missing[name]} if name in missing else {}
    rule = {"method": "progress", "full": points, "elapsed": 10 / 12}
    plain = {"id": name, "name": zh, "name_en": en, "weight": points, "unit": unit}
    return {**plain, "responsible": department, "rule": rule, **more}


SCHEME = {
    "name": "年终冲刺",
    "name_en": "Year-end sprint",
    "note": "任务名称依据公开讲话稿；分值、目标、风险、等次、资金和全部数据均为虚构，不代表任何地方的规定。"
    " Tasks named after a published speech; points, targets, risks, grades, funds and data are invented.",
    "root": {
        "id": "total",
        "name": "绩效考评得分",
        "name_en": "Total",
        "children": [
            {
                "id": "region",
                "name": "自治区（省）级下达任务",
                "name_en": "Tasks from the region (province)",
                "weight": 60,
                "children": [indicator(task) for task in REGION],
            },
            {
                "id": "city",
                "name": "市级下达任务",
                "name_en": "Tasks from the city",
                "weight": 40,
                "children": [indicator(task) for task in CITY],
            },
        ],
    },
    "adjustments": {
        "reports": {
            "method": "deduction",
            "name": "进展迟报漏报",
            "name_en": "Late or missing reports",
            "points": {"漏报": 0.5, "迟报": 0.2},
            "cap": 1.0,
        },
        "inspection": {
            "method": "deduction",
            "name": "专项督查扣分",
            "name_en": "Findings of the special inspection",
            "points": {"约谈": 1.0, "通报": 0.5},
            "further": 1.5,
        },
        "false_progress": {
            "method": "veto",
            "name": "虚报进度",
            "name_en": "False reports of progress",
            "effects": ["not_top"],
        },
    },
    "ranking": {"digits": 1},
    "grades": {
        "bands": [
            {"name": "优秀", "name_en": "Excellent", "share": 0.3, "at_least": 90},
            {"name": "良好", "name_en": "Good", "at_least": 80},
            {"name": "一般", "name_en": "Fair"},
        ],
        "tie_break": ["region"],
    },
    "uses": {
        "budget": {
            "method": "pot_by_grade",
            "name": "下年度经费（按等次）",
            "name_en": "Next year's budget support, by grade",
            "unit": "万元",
            "pot": 9000,
            "ratios": {"优秀": 1.2, "良好": 1.0, "一般": 0.8},
        },
        "projects": {
            "method": "proportional",
            "name": "项目资金（按需求和得分）",
            "name_en": "Project funds, by need and score",
            "unit": "万元",
            "pot": 6000,
            "above": 60,
            "need": "projects",
        },
    },
}
EVENTS = [
    ("岚石县", "false_progress", "", "虚报农村供水工程进度"),
    ("榕溪县", "reports", "迟报", "7月进展"),
    ("榕溪县", "reports", "迟报", "9月进展"),
    ("榕溪县", "inspection", "通报", "移民资金滞留"),
    ("禾塘县", "reports", "迟报", "8月进展"),
    ("桐渡县", "reports", "漏报", "5月进展"),
    ("桐渡县", "reports", "漏报", "8月进展"),
    ("桐渡县", "reports", "迟报", "9月进展"),
    ("桐渡县", "inspection", "约谈", "学校项目停工"),
    ("桐渡县", "inspection", "通报", "学校项目停工"),
    ("桐渡县", "inspection", "通报", "农村公路进度滞后"),
    ("南岫县", "inspection", "约谈", "中央投资项目未开工"),
    ("南岫县", "inspection", "约谈", "重点项目停工"),
    ("南岫县", "inspection", "通报", "养老保险漏登"),
    ("石蕨县", "inspection", "通报", "供水工程质量问题"),
]  # fmt: skip
TASKS = [task[0] for task in REGION + CITY]
SCENARIOS = [
    sk.Scenario(
        name="到此为止",
        name_en="Nothing more is done",
        note="剩下的两个月一分未得：哪些县的分数已经落袋？",
        edits={f"{task}.rule.outlook": "secured" for task in TASKS},
    ),
    sk.Scenario(
        name="全部拿下",
        name_en="Everything open is won",
        note="没有丢的分全部拿到：最后差距只剩已经扣掉的分。",
        edits={f"{task}.rule.outlook": "best" for task in TASKS},
    ),
    sk.Scenario(
        name="经费按得分平方分配",
        name_en="Budget by the square of the score",
        note="不看等次，经费按得分的平方分配：取消等次的台阶，钱往哪里走？",
        edits={
            "uses.budget": {
                "method": "proportional",
                "name": "下年度经费（按得分平方）",
                "name_en": "Next year's budget support, by the square of the score",
                "unit": "万元",
                "pot": 9000,
                "power": 2,
            }
        },
    ),
]


def make_tables(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return the tables of the case: targets, what is done, points lost and stated risks."""
    index = pd.Index(COUNTIES, name="unit")
    facts = pd.DataFrame.from_dict(COUNTIES, "index")
    ahead = {"money": facts[2], "build": facts[3], "steady": facts[4], "season": 0 * facts[4]}
    size = (facts[1] / 40) ** 0.5
    tables: dict[str, dict[str, Any]] = {t: {} for t in ("actual", "target", "deducted", "risk")}
    for name, _, _, points, _, _, usual, kind in REGION + CITY:
        digits = 1 if name in ("transport", "pension", "key_projects", "attracted", "grain") else 0
        noise = 0.02 if kind == "season" else 0.09
        target = np.round(usual * size * rng.uniform(0.85, 1.15, len(index)), digits)
        done = PACE[kind] + ahead[kind] + rng.normal(0, noise, len(index))
        actual = np.round(np.clip(done, 0.3, 1.05) * target, digits)
        late = actual / target < 0.68
        lost = np.round(points * rng.choice([0.0, 0.1, 0.2, 0.3], len(index)), 1)
        known = (actual / target < 0.75) & (rng.uniform(size=len(index)) < 0.5)
        tables["target"][name] = target
        tables["actual"][name] = actual
        tables["deducted"][name] = np.where(late & (lost > 0), lost, np.nan)
        stated = rng.choice([0.2, 0.4, 0.5, 0.7, 0.8, 0.9], len(index))
        tables["risk"][name] = np.where(known, stated, np.nan)
    frames = {t: pd.DataFrame(columns, index, dtype=float) for t, columns in tables.items()}
    for frame in frames.values():
        frame.loc[NO_RESERVOIR, ["migrant_projects", "migrant_funds"]] = np.nan
    frames["actual"].loc["桐渡县", "disability"] = np.nan  # not reported
    frames["deducted"].loc["禾塘县", "grain"] = 1.0  # sown in full, but plots failed the check
    for name in ("deducted", "risk"):
        frames[name] = frames[name].dropna(axis="columns", how="all")
    frames["covariates"] = facts[[0, 1]].set_axis(["projects", "population"], axis=1).astype(float)
    return frames | {"events": pd.DataFrame(EVENTS, columns=["unit", "event", "kind", "name"])}


if __name__ == "__main__":
    panel = sk.Panel(**make_tables(np.random.default_rng(SEED)))
    sk.save(HERE, sk.Scheme.read(SCHEME), panel)
    sk.save_scenarios(HERE / "scenarios.yaml", SCENARIOS)
