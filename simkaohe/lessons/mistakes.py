"""The usual mistakes (常见错误): what comes out when a formula is followed wrongly in one known way.

A mistake is made in the formula itself or in its numbers, and then calculated as everything else:
nothing is guessed from the answer.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simkaohe.labels import Words
from simkaohe.lessons.slips import Tried, slips
from simkaohe.lessons.steps import Step
from simkaohe.result import Result
from simkaohe.scheme.arithmetic import half_up
from simkaohe.scheme.notation import Facts, Line, Notation

UPPER = ("cap", "caps", "ceiling", "high", "max_up", "over_max", "bonus", "bonus_share", "net")
LOWER = ("floor", "low", "deduction", "max_down")
WHY = {
    "cap": Words("没有封顶（漏了上限）", "the upper limit was left out"),
    "floor": Words("没有保底（漏了下限）", "the lower limit was left out"),
    "start": Words("没有看起计线或门槛", "the threshold at which points begin was left out"),
    "direction": Words("方向反了（把逆向指标当正向，或相反）", "the direction was reversed"),
    "inverted": Words("分子分母颠倒", "the fraction was turned upside down"),
    "place": Words("名次没有减 1", "the place was taken instead of the place less 1"),
    "base_points": Words("漏加基础分", "the base points were left out"),
    "undivided": Words(
        "乘了权重，没有除以权重合计", "weights were used without dividing by their sum"
    ),
    "unweighted": Words("没有用权重，取了简单平均", "the weights were left out: a plain mean"),
    "stated_weights": Words(
        "用了方案的一般权重，没有用本类权重",
        "the general weights were used, not those of the category",
    ),
    "missing_as_zero": Words("把缺失当成零分计入", "the missing score was counted as zero"),
    "multiplied_sum": Words(
        "系数乘了全部得分，应只乘基数",
        "the coefficients multiplied the whole sum, not only the base",
    ),
    "added_coefficients": Words(
        "把系数部分按权重相加，没有相乘",
        "the coefficient parts were added by weight, not multiplied",
    ),
    "coefficients_left_out": Words("漏乘系数", "the coefficients were left out"),
    "bonus_multiplied": Words(
        "加分也乘了系数，应在相乘之后加", "the bonus was multiplied too; it is added afterwards"
    ),
    "other_scope": Words(
        "比较范围错了（全体与本类）", "compared with the wrong units (all or category)"
    ),
    "rounded_early": Words("中间步骤过早取整", "a step on the way was rounded too early"),
    "not_converted": Words("没有折算成百分制", "the points were not converted to a scale of 100"),
    "percent": Words(
        "百分数与小数混淆（差 100 倍）", "percent and fraction were mixed up (100 times)"
    ),
    "sign": Words("正负号错了", "the sign is wrong"),
}
"""What the mistakes are called."""


@dataclass(frozen=True)
class Mistake:
    """A usual mistake and what comes out of it.

    Attributes
    ----------
    id : str
        A key of ``WHY``.
    value : float
        The wrong answer that it leads to.
    numbers : str
        The calculation as it was probably made.
    """

    id: str
    value: float
    numbers: str = ""

    @property
    def words(self) -> str:
        """What went wrong."""
        return str(WHY[self.id])


def mistakes(result: Result, unit: str, step: Step, tolerance: float) -> tuple[Mistake, ...]:
    """Return the usual mistakes that lead to another answer than a step's own.

    Parameters
    ----------
    result : Result
    unit : str
    step : Step
        With a formula.
    tolerance : float
        Wrong answers this close to the right one cannot be told from it and are left out.
    """
    formula, facts = step.formula, step.facts
    assert formula is not None
    assert facts is not None
    found: dict[tuple[str, float], Mistake] = {}
    tried = [*_in_numbers(formula, facts), *_in_formula(formula, facts), *slips(result, unit, step)]
    for name, wrong_formula, wrong_facts in tried:
        lines = _read(wrong_formula, wrong_facts)
        if lines is not None:
            value = float(lines[-1].value)
            found.setdefault((name, round(value, 6)), Mistake(name, value, lines[-1].numbers))
    for name, factor in (("percent", 100.0), ("percent", 0.01), ("sign", -1.0)):
        found[name, factor] = Mistake(name, step.value * factor)
    return tuple(
        m for m in found.values() if np.isfinite(m.value) and abs(m.value - step.value) > tolerance
    )


def _read(formula: Notation, facts: Facts) -> tuple[Line, ...] | None:
    """Return the wrong calculation; None where the mistake has no meaning."""
    try:
        with np.errstate(all="ignore"):
            return formula.read(facts)
    except (TypeError, ValueError, IndexError, KeyError, ZeroDivisionError):
        return None


def _in_numbers(formula: Notation, facts: Facts) -> Tried:
    names = formula.names()
    for name, fields in (("cap", UPPER), ("floor", LOWER)):
        for field in fields:
            if field in names and facts.own.get(field) is not None:
                yield name, formula, facts.but(**{field: None})
    if facts.own.get("clip"):
        yield "cap", formula, facts.but(clip=False)
    for field in ("start", "base_mark"):
        if field in names and field not in formula.steps and facts.own.get(field):
            yield "start", formula, facts.but(**{field: 0.0})
    if "sign" in facts.own and _turns(formula):
        yield "direction", formula, facts.but(sign=-facts.own["sign"])
    for field in ("weight", "base_weight"):
        if np.size(facts.own.get(field, ())) > 1:
            yield "unweighted", formula, facts.but(**{field: np.ones(len(facts.own[field]))})
    for digits in (0, 1, 2):
        yield "rounded_early", formula, replace(facts, rounded=digits)
        vectors = {
            name: np.array([half_up(each, digits) for each in facts.own[name]])
            for name in ("score", "base_score", "coefficient")
            if name in names and np.ndim(facts.own.get(name, 0))
        }
        if vectors:
            yield "rounded_early", formula, facts.but(**vectors)
        if np.ndim(facts.own.get("score", ())) == 0 and "score" in facts.own:
            yield "rounded_early", formula, facts.but(score=half_up(facts.own["score"], digits))


def _turns(formula: Notation) -> bool:
    """Whether the formula looks at the direction."""
    looks = ("sign", "best_of", "worst_of", "place", "tier", "toward")
    return any(name in looks for name in formula.names())


def _in_formula(formula: Notation, facts: Facts) -> Tried:
    for name, change in CHANGES.items():
        wrong = _changed(formula.resolved(facts), change)
        if wrong is not None:
            yield name, wrong, facts
    if "points_earned" in formula.steps:
        bare = deepcopy(formula)
        bare.last = bare.steps.pop("points_earned")
        yield "not_converted", bare, facts


def _changed(formula: Notation, change: Callable[[ast.AST], ast.AST | None]) -> Notation | None:
    """Return a formula with one of its expressions changed, the last first; None if none fits."""
    wrong = deepcopy(formula)
    trees: list[tuple[Any, Any]] = [(None, wrong.last), *reversed(wrong.steps.items())]
    for step, tree in trees:
        maker = _Once(change)
        made = maker.visit(tree)
        if maker.done:
            if step is None:
                wrong.last = made
            else:
                wrong.steps[step] = made
            return wrong
    return None


class _Once(ast.NodeTransformer):
    """Changes the first node, from the outside, that a change has a meaning for."""

    def __init__(self, change: Callable[[ast.AST], ast.AST | None]) -> None:
        self._change, self.done = change, False

    def visit(self, node: ast.AST) -> Any:
        if self.done:
            return node
        made = self._change(node)
        if made is not None:
            self.done = True
            return made
        return self.generic_visit(node)


def _is_call(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def _is(node: ast.AST, operation: type[ast.operator]) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, operation)


def _undivided(node: ast.AST) -> ast.AST | None:
    """Leave out the division by the sum of the weights."""
    if isinstance(node, ast.BinOp) and _is(node, ast.Div) and _is_call(node.right, "sum"):
        return node.left
    return None


def _inverted(node: ast.AST) -> ast.AST | None:
    """Turn the quotient of two data round."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)):
        return None
    simple = (ast.Name,)
    if isinstance(node.left, simple) and isinstance(node.right, simple) and node.right.id != "full":
        return ast.BinOp(node.right, ast.Div(), node.left)
    return None


def _place(node: ast.AST) -> ast.AST | None:
    """Take the place where the place less one belongs."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        named = isinstance(node.left, ast.Name) and node.left.id == "rank"
        if named and isinstance(node.right, ast.Constant):
            return node.left
    return None


def _base_points(node: ast.AST) -> ast.AST | None:
    """Leave out the base points, of which there is more."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        named = isinstance(node.left, ast.Name) and node.left.id == "base"
        if named and _is(node.right, ast.Mult):
            return node.right
    return None


def _multiplied_sum(node: ast.AST) -> ast.AST | None:
    """Multiply what is added after the product too."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left = node.left
        if isinstance(left, ast.BinOp) and _is_call(left.right, "product"):
            return ast.BinOp(ast.BinOp(left.left, ast.Add(), node.right), ast.Mult(), left.right)
    return None


def _coefficients_left_out(node: ast.AST) -> ast.AST | None:
    if isinstance(node, ast.BinOp) and _is(node, ast.Mult) and _is_call(node.right, "product"):
        return node.left
    return None


CHANGES: Mapping[str, Callable[[ast.AST], ast.AST | None]] = {
    "undivided": _undivided,
    "inverted": _inverted,
    "place": _place,
    "base_points": _base_points,
    "multiplied_sum": _multiplied_sum,
    "coefficients_left_out": _coefficients_left_out,
}
"""Mistakes in the formula, each as a change of one place in it."""
