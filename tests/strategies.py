"""Random schemes with data, for the laws that hold for every scheme."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

import simkaohe as sk

CATEGORIES = ("urban", "rural", "eco")
RELATIVE: list[dict[str, Any]] = [
    {"method": "efficacy"},
    {"method": "rank_step"},
    {"method": "rank_linear", "last": 20.0},
    {"method": "ladder", "reference": "mean", "up": 1.0, "base": 80.0},
    {"method": "zscore"},
]
weights = st.floats(0.5, 50.0).map(lambda w: round(w, 2))


@st.composite
def schemes(
    draw: st.DrawFn, *, monotone: bool = False, gaps: bool = True, game: bool = True
) -> tuple[sk.Scheme, sk.Panel]:
    """Draw a scheme of depth up to three and data for it.

    With ``monotone`` nothing compares with other units, so that a raised value helps for certain
    (an observed goalpost or mean may move when a value is raised). With ``game`` adjustments,
    vetoes, periods and uses are drawn as well.
    """
    categories = CATEGORIES[: draw(st.sampled_from((0, 2, 3)))]
    count = draw(st.integers(max(3, len(categories)), 9))
    units = [f"u{i}" for i in range(count)]
    numbers = iter(range(100))
    leaves: list[str] = []

    def node(depth: int) -> dict[str, Any]:
        name = f"n{next(numbers)}"
        found: dict[str, Any] = {"id": name, "weight": draw(weights)}
        own = {c: draw(weights) for c in categories if draw(st.integers(0, 3)) == 0}
        if own:
            found["weights_by_category"] = own
        if depth < 3 and draw(st.integers(0, 2)) == 0:
            return found | group(name, depth)
        leaves.append(name)
        return found | leaf()

    def leaf() -> dict[str, Any]:
        rule: dict[str, Any] = {"method": "minmax"}
        if monotone or draw(st.booleans()):
            rule |= {"worst": draw(st.floats(-5, 20)), "best": draw(st.floats(60, 120))}
        elif draw(st.booleans()):
            rule = dict(draw(st.sampled_from(RELATIVE)))
        choices = ("zero",) if monotone else ("zero", "full", "median", "spread")
        found = {"rule": rule, "missing": draw(st.sampled_from(choices))}
        if not monotone:
            found["scope"] = draw(st.sampled_from(("all", "category")))
            if draw(st.integers(0, 3)) == 0:
                found["direction"] = "negative"
                if "worst" in rule:
                    rule["worst"], rule["best"] = rule["best"], rule["worst"]
        return found

    def group(name: str, depth: int) -> dict[str, Any]:
        children = [node(depth + 1) for _ in range(draw(st.integers(2, 4)))]
        found: dict[str, Any] = {"id": name, "children": children, "combine": method(children)}
        # The first child always counts, so that no category is left without weights.
        for child in children[1:]:
            for category in categories:
                if draw(st.integers(0, 4)) == 0:
                    child.setdefault("weights_by_category", {})[category] = 0.0
        ways = ["siblings", "equal", "whole", "full_marks", "zero_marks", "named"]
        if depth == 0:
            ways.remove("whole")
        way = draw(st.sampled_from(ways))
        found["cancelled"] = {children[0]["id"]: 1.0} if way == "named" else way
        return found

    def method(children: list[dict[str, Any]]) -> dict[str, Any]:
        kind = draw(
            st.sampled_from(("weighted_sum", "weighted_sum", "geometric", "minimum", "multiplier"))
        )
        if kind == "geometric":
            zero = draw(st.sampled_from(("zero", "floor")))
            return {"method": kind, "zero": zero, **({"floor": 2.0} if zero == "floor" else {})}
        if kind == "multiplier":
            maps = (
                ("identity", "fixed_band", "gate")
                if monotone
                else ("identity", "linear_band", "fixed_band", "centred", "gate")
            )
            return {
                "method": kind,
                "base": children[0]["id"],
                "map": draw(st.sampled_from(maps)),
                "low": draw(st.floats(0.7, 0.95)),
                "high": draw(st.floats(1.05, 1.3)),
                "zero": "keep",
                "missing": draw(st.sampled_from(("one",) if monotone else ("one", "mean"))),
                "scope": "all" if monotone else draw(st.sampled_from(("all", "category"))),
            }
        return {"method": kind}

    values: dict[str, Any] = {"root": group("total", 0)}
    if categories:
        member = list(categories) + [
            draw(st.sampled_from(categories)) for _ in range(count - len(categories))
        ]
        values["categories"] = dict.fromkeys(categories)
        values["units"] = dict(zip(units, member, strict=True))
    values["ranking"] = {
        "digits": draw(st.sampled_from((None, 0, 2, 4))),
        "ties": draw(st.sampled_from(("competition", "dense"))),
    }
    if draw(st.booleans()):
        values["grades"] = {
            "bands": [
                {"name": "优", "share": draw(st.floats(0.1, 0.5))},
                {"name": "良", "at_least": draw(st.floats(20, 70))},
                {"name": "差"},
            ],
            "within": draw(st.sampled_from(("category", "all"))),
            "ties": draw(st.sampled_from(("all_in", "all_out"))),
        }
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    raw = rng.integers(0, 40, (count, len(leaves))) * 3.0
    if gaps and draw(st.booleans()):
        raw[1:, 1:][rng.random((count - 1, len(leaves) - 1)) < 0.1] = np.nan
    tables: dict[str, pd.DataFrame] = {}
    if game and draw(st.booleans()):
        tables = _game(draw, values, units, rng, monotone)
    return sk.Scheme.read(values), sk.Panel(pd.DataFrame(raw, units, leaves), **tables)


def _game(
    draw: st.DrawFn,
    values: dict[str, Any],
    units: list[str],
    rng: np.random.Generator,
    monotone: bool,
) -> dict[str, pd.DataFrame]:
    """Add rules of the game to a scheme's plain values; return the tables that they read."""
    root = values["root"]
    on = draw(st.sampled_from((None, root["children"][-1]["id"])))
    low = {"score": root["children"][0]["id"], "at_most": draw(st.floats(5, 60))}
    effects = ["zero", "last", "out"]
    if "grades" in values:
        effects += ["not_top", "grade_down"]
    values["adjustments"] = {
        "award": {
            "method": "bonus",
            "on": on,
            "points": {"high": draw(st.floats(0.5, 5)), "low": 0.5},
            "caps": {"low": 1.2},
            "cap": draw(st.sampled_from((None, 4.0))),
            "further": draw(st.sampled_from((1.0, 0.5))),
            "same": 0.25,
        },
        "notice": {"method": "deduction", "further": 1.5},
        "red": {
            "method": "veto",
            "effects": [draw(st.sampled_from(effects))],
            "any_of": [low] if not monotone and draw(st.booleans()) else [],
        },
    }
    values["limits"] = {root["id"]: {"bonus": 5.0, "net": 4.5, "low": -20.0}}
    values["periods"] = {"earlier": {"half": 30.0}, "current": 70.0, "missing": "spread"}
    values["uses"] = {
        "pot": {"method": "proportional", "pot": 100.0, "above": 10.0, "power": 1.5},
        "prize": {"method": "pay_by_rank", "amounts": [5.0, 3.0, 1.0]},
    }
    if not values.get("units") or draw(st.booleans()):
        values["unranked"] = [units[-1]]
    if "grades" in values:
        values["grades"] |= {
            "priority": [{"event": "flood"}],
            "extra": [{"band": "优", "seats": 1, "any_of": [{"event": "flood"}],
                       "reserved": draw(st.booleans())}],
        }  # fmt: skip
        values["uses"]["grade"] = {
            "method": "pot_by_grade",
            "pot": 9.0,
            "ratios": {"优": 2.0, "良": 1.0},
        }
        events = ["award", "notice", "red", "flood"]
    else:
        events = ["award", "notice", "red"]
    root["children"][0]["difficulty"] = {"strength": 0.5}
    kinds = {"award": ["high", "low"]}
    records = [
        {
            "unit": units[rng.integers(len(units))],
            "event": event,
            "kind": rng.choice(kinds.get(event, [""])),
            "count": float(rng.integers(1, 4)),
            "name": rng.choice(["", "city of the year"]),
        }
        for event in rng.choice(events, 2 * len(units))
        if event != "red" or rng.random() < 0.4
    ]
    return {
        "events": pd.DataFrame(records, columns=["unit", "event", "kind", "count", "name"]),
        "periods": pd.DataFrame({"half": rng.integers(20, 99, len(units)) / 1.0}, units),
        "difficulty": pd.DataFrame(
            {root["children"][0]["id"]: rng.integers(85, 116, len(units)) / 100}, units
        ),
    }


def evaluable(scheme: sk.Scheme, panel: sk.Panel) -> sk.Engine | None:
    """Return the engine; None where a unit has nothing at all that counts."""
    try:
        engine = sk.Engine(scheme, panel)
        engine.run()
    except sk.SimkaoheError:
        return None
    return engine
