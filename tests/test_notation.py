"""A method's notation says what its formula computes: the same numbers for every method of a family."""

from __future__ import annotations

import ast
import math
import re
from typing import Any

import numpy as np
import pytest
from test_rules import NEEDED

from simkaohe import labels
from simkaohe.panel import QUANTITIES
from simkaohe.scheme import terms as text
from simkaohe.scheme.adjust import Bonus, Limit
from simkaohe.scheme.arithmetic import FUNCTIONS
from simkaohe.scheme.coefficient import CoefficientMap
from simkaohe.scheme.combine import Combine, Multiplier
from simkaohe.scheme.corrections import Difficulty, Periods
from simkaohe.scheme.measure import Measure
from simkaohe.scheme.method import Model
from simkaohe.scheme.notation import Facts, Line, Notation, notation
from simkaohe.scheme.rules import Rule

READ = [
    *Rule.family.values(),
    *Measure.family.values(),
    *Combine.family.values(),
    *CoefficientMap.family.values(),
    Bonus,
    Limit,
    Difficulty,
    Periods,
]
NEEDS: dict[str, dict[str, Any]] = {
    **NEEDED,
    "answers": {"points": {"满意": 100.0, "基本满意": 75.0, "不满意": 55.0}},
}
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "completion": [{"reverse": r, "start": 0.6, "below": b, "cap": 1.2}
                   for r in ("ratio", "difference", "reduction") for b in ("zero", "hold")],
    "completion_steps": [{"interpolate": True}, {"reverse": "reduction"}],
    "deviation": [{"guard": False, "whole_steps": True}, {"guard_low": 0.5, "guard_high": 0.2}],
    "constraint": [{"only_cumulative": None}],
    "minmax": [{"worst": 2.0, "best": 6.0}, {"worst": 2.0, "best": 6.0, "clip": False},
               {"all_equal": "mid"}],
    "efficacy": [{"unacceptable": 2.0, "satisfactory": 7.0}, {"winsorize": 0.0, "base": 50.0},
                 {"unacceptable": 3.0, "satisfactory": 5.0, "clip": False}],
    "zscore": [{"clip": False, "sample": False, "spread": 30.0}],
    "benchmark": [{"reference": "mean", "cap": None}, {"reference": "fixed", "at": 4.0}],
    "level_improvement": [{"growth": "increment", "all_equal": "base"}],
    "rank_step": [{"ties": "dense", "floor": 0.9}, {"ties": "mean"}, {"digits": 0}],
    "rank_table": [{"small_group": 20, "small_points": (9.0, 8.5), "small_step": 0.3},
                   {"floor": None}, {"ties": "mean"}],
    "ladder": [{"reference": r, "whole_steps": w, "relative_step": w, "base": 80.0, "floor": None}
               for r in ("mean", "best") for w in (True, False)] + [{"reference": "fixed", "at": 3.0}],
    "progress": [{"outlook": "secured"}, {"outlook": "best", "elapsed": 0.5}],
    "given": [{"cap": 5.0}],
    "deduction": [{"floor": None, "per_event": 20.0}],
    "survey": [{"at_least": 3.0}],
    "rating_mean": [{"trim": 1, "at_least": 3}],
    "rating_ranks": [{"step": 0.3, "floor": 50.0}],
    "geometric": [{"zero": "floor", "floor": 4.0}, {"zero": "zero"}],
    "grade": [{"thresholds": (3.0, 6.0), "coefficients": (0.9, 1.0, 1.1)}],
    "gate": [{"pass_mark": 4.0}],
}  # fmt: skip


def own(model: Model) -> dict[str, Any]:
    """Return a model's fields, mappings as tables of numbers."""
    found = {name: getattr(model, name) for name in type(model).model_fields}
    return {n: np.array(list(v.values())) if isinstance(v, dict) else v for n, v in found.items()}


def data(name: str, rng: np.random.Generator, n: int) -> np.ndarray:
    if name == "ratings":
        given = rng.integers(4, 10, (5, n)) * 10.0
        given[rng.random(given.shape) < 0.3] = np.nan
        return given
    if name == "answers":
        return rng.integers(0, 60, (3, n)) * 1.0
    drawn = rng.integers(-2 if name in ("value", "target", "previous") else 0, 9, n) * 1.0
    if name == "risk":
        drawn = drawn / 8
    if name not in ("value", "actual"):
        drawn[rng.random(n) < 0.15] = np.nan
    return drawn


def cases(family: type) -> list[Any]:
    return [
        pytest.param(method, fields, id=f"{method.__name__}-{number}")
        for name, method in family.family.items()
        for number, fields in enumerate([{}, *VARIANTS.get(name, [])])
    ]


def filled(method: type, fields: dict[str, Any]) -> Any:
    return method(**NEEDS.get(method.model_fields["method"].default, {}) | fields)


def agree(found: float, expected: float) -> bool:
    return bool(np.isclose(found, expected, rtol=1e-9, atol=1e-9, equal_nan=True))


@pytest.mark.parametrize(("method", "fields"), [*cases(Rule), *cases(Measure)])
def test_rules_and_measures_say_their_formula(method: type, fields: dict[str, Any]) -> None:
    model = filled(method, fields)
    given = {n: v for n, v in own(model).items() if n not in ("method", *method.outside_formula)}
    for sign in (1, -1) if "sign" in method.supplied else (1,):
        for seed in range(6):
            rng = np.random.default_rng(seed)
            n = 5 if seed else 1
            columns = {name: data(name, rng, n) for name in method.data}
            if seed == 1:
                columns[method.data[0]] = np.full_like(columns[method.data[0]], 5.0)
            extra = {"sign": sign} if "sign" in method.supplied else {}
            vectors = {k: v[:, None] if isinstance(v, np.ndarray) else v for k, v in given.items()}
            expected = method.formula(*columns.values(), **vectors, **extra)
            for unit in range(n):
                facts = facts_of(model, columns, unit, sign)
                read = notation(method.notation).read(facts)
                case = (model.method, sign, seed, unit, facts.own, [*read])
                assert agree(read[-1].value, float(expected[unit])), case
                check_text(read)


def facts_of(model: Any, columns: dict[str, np.ndarray], unit: int, sign: int) -> Facts:
    mine: dict[str, Any] = {name: column[..., unit] for name, column in columns.items()}
    for name, value in mine.items():
        mine[name] = value[~np.isnan(value)] if value.ndim else float(value)
    return Facts({**own(model), "sign": sign, **mine}, columns, unit)


@pytest.mark.parametrize(("method", "fields"), cases(CoefficientMap))
def test_coefficient_maps_say_their_formula(method: type, fields: dict[str, Any]) -> None:
    model = filled(method, fields)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        score = rng.integers(1, 9, 5) * 1.0
        score[1:][rng.random(4) < 0.2] = np.nan
        band = {
            name: value for name, value in (("low", 0.9), ("high", 1.1)) if name in method.supplied
        }
        given = {n: v for n, v in own(model).items() if n != "method"}
        expected = method.formula(score, **given, **band)
        for unit in np.flatnonzero(~np.isnan(score)):
            facts = Facts({**given, **band, "score": score[unit]}, {"score": score}, int(unit))
            read = notation(method.notation).read(facts)
            assert agree(read[-1].value, expected[unit])
            check_text(read)


@pytest.mark.parametrize(
    ("method", "fields"), [c for c in cases(Combine) if c.values[0] is not Multiplier]
)
def test_combinations_say_their_formula(method: type, fields: dict[str, Any]) -> None:
    model = filled(method, fields)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        k = 1 + seed % 4
        x, w = rng.integers(0, 9, k) * 11.0, rng.integers(1, 50, k) * 1.0
        x[0] += 1
        if fields.get("zero") is None:
            x += 1
        given = {n: v for n, v in own(model).items() if n != "method"}
        expected = method.formula(x[:, None, None], w[:, None, None], **given)[0, 0]
        read = notation(method.notation).read(Facts({**given, "score": x, "weight": w}))
        assert agree(read[-1].value, expected), (x, w, read)
        check_text(read)


@pytest.mark.parametrize("base", [(), ("a",), ("a", "b")])
@pytest.mark.parametrize("added", [(), ("c",)])
def test_the_multiplier_says_its_formula(base: tuple[str, ...], added: tuple[str, ...]) -> None:
    x, w = np.array([82.0, 91.0, 77.0, 88.0, 95.0]), np.array([30.0, 20.0, 10.0, 5.0, 5.0])
    children = tuple("abcde")
    model = Multiplier(base=base, added=added)
    given = {n: v for n, v in own(model).items() if n not in ("method", "scope", "map")}
    expected = Multiplier.formula(
        x[:, None, None], w[:, None, None], children=children,
        map=lambda score, **_: score / 100, **given,
    )[0, 0]  # fmt: skip
    rest = [k for k, c in enumerate(children) if c not in (*base, *added)]
    facts = Facts({
        "base_score": x[[children.index(c) for c in base]],
        "base_weight": w[[children.index(c) for c in base]],
        "added_score": x[[children.index(c) for c in added]],
        "added_weight": w[[children.index(c) for c in added]],
        "coefficient": x[rest] / 100,
    })  # fmt: skip
    read = notation(Multiplier.notation).read(facts)
    assert agree(read[-1].value, expected)
    check_text(read)


@pytest.mark.parametrize("further", [1.0, 0.5, 1.5])
@pytest.mark.parametrize("cap", [None, 4.0])
def test_bonus_points_say_their_formula(further: float, cap: float | None) -> None:
    counts, repeats = np.array([3.0, 1.5, 1.0]), np.array([0.0, 1.0, 0.0])
    points, caps = np.array([2.0, 1.0, 0.5]), np.array([5.0, np.inf, np.inf])
    given = {"further": further, "cap": cap, "same": 0.25}
    columns = [v[:, None, None] for v in (counts, repeats)]
    expected = Bonus.formula(
        *columns, points=points[:, None, None], caps=caps[:, None, None], **given
    )[0, 0]
    own_facts = {"counts": counts, "repeats": repeats, "points": points, "caps": caps, **given}
    read = notation(Bonus.notation).read(Facts(own_facts))
    assert agree(read[-1].value, expected)
    check_text(read)


@pytest.mark.parametrize(
    "limits",
    [{}, {"bonus": 3.0}, {"bonus_share": 0.02, "deduction": 1.0}, {"net": 1.0, "high": 85.5},
     {"low": 90.0}],
)  # fmt: skip
def test_limits_difficulty_and_periods_say_their_formula(limits: dict[str, float]) -> None:
    rule = Limit(**limits)
    score, gained, lost = 85.0, 4.0, 1.5
    one = [np.array([[v]]) for v in (score, gained, lost)]
    expected = Limit.formula(*one, limits=own(rule))[0, 0]
    facts = Facts({**own(rule), "score": score, "gained": gained, "deducted_points": lost})
    read = notation(Limit.notation).read(facts)
    assert agree(read[-1].value, expected)
    check_text(read)
    hard = Facts({"score": 85.0, "coefficient": 1.1, "strength": 0.5, "cap": 88.0})
    assert notation(Difficulty.notation).value(hard) == 88.0
    blend = {"score": np.array([80.0, 90.0]), "weight": np.array([70.0, 30.0])}
    assert notation(Periods.notation).value(Facts({**blend, "method": "weighted"})) == 83.0
    assert notation(Periods.notation).value(Facts({**blend, "method": "best"})) == 90.0


def check_text(read: tuple[Line, ...]) -> None:
    """Hold every line to its own text: what stands there, calculated as it stands there."""
    for line in read:
        assert line.general
        if not isinstance(line.value, float) or not math.isfinite(line.value):
            continue
        found = calculated(line.numbers)
        assert math.isclose(found, line.value, rel_tol=2e-2, abs_tol=6e-2), line


def calculated(numbers: str) -> float:
    """Calculate a line as a person would, with Python's own arithmetic."""
    code = re.sub(r"\|([^|]*)\|", r"abs(\1)", numbers)
    for sign, python in (("×", "*"), ("÷", "/"), ("−", "-"), ("^", "**"), ("∞", "inf")):
        code = code.replace(sign, python)
    names = {"min": min, "max": max, "int": lambda x: math.trunc(x + math.copysign(1e-9, x)),
             "ln": math.log, "abs": abs, "inf": math.inf}  # fmt: skip
    ast.parse(code, mode="eval")
    return float(eval(code, {"__builtins__": {}}, names))


@pytest.mark.parametrize("method", READ, ids=lambda method: method.__name__)
def test_every_name_in_a_notation_has_words(method: Any) -> None:
    assert method.notation
    known = {*FUNCTIONS, *text.AMONG, "ranks_given", *text.TERMS, *QUANTITIES}
    unsaid = Notation(method.notation).names() - known - set(method.model_fields)
    assert unsaid <= {"low", "high"}  # the multiplier's limits, which a coefficient map may read


def test_a_formula_reads_like_the_rule_book() -> None:
    rule = filled(Rule.family["completion"], {"full": 40.0, "cap": 1.0})
    facts = Facts({**own(rule), "sign": 1, "value": 105.0, "target": 100.0, "previous": math.nan},
                  words={**type(rule).field_words(), **QUANTITIES})  # fmt: skip
    labels.use_language("zh")
    ratio, points = notation(rule.notation).read(facts)
    assert (ratio.general, ratio.numbers) == ("指标值 ÷ 目标值", "105 ÷ 100")
    assert (points.general, points.numbers) == (
        "满分 × min(完成率, 封顶完成率)",
        "40 × min(1.05, 1)",
    )
    assert points.value == 40.0
    labels.use_language("en")
    late = facts.but(value=55.0, start=0.6)
    *_, points = notation(rule.notation).read(late)
    assert points.because == ("completion < starts at: 0.55 < 0.6",)
    assert (points.numbers, points.value) == ("40 × 0", 0.0)
