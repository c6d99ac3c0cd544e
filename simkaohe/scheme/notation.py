"""Formulas as text (算式): what a method computes, in words, and the same with numbers put in.

A method says its formula once more as ``notation``, a few lines of arithmetic that people can
follow::

    notation: ClassVar = '''
        ratio = value / target
        full * (0 if ratio < start else min(ratio, cap))
    '''

Every line but the last names a step on the way. ``a if condition else b`` chooses for the unit at
hand, so that only what applies to it is shown; a limit of None is no limit. The text computes
nothing for the engine: the tests hold it to the formula of every method, number by number.

Besides arithmetic, ``min``, ``max``, ``abs`` and ``log`` there are: ``whole`` and ``trunc`` (whole
steps); ``sum``, ``product``, ``length`` and ``any`` over vectors; ``best_of``, ``worst_of``,
``mean``, ``total``, ``deviation``, ``place`` and ``count`` over the units compared; ``tier``,
``staged``, ``along`` and ``nth``, which read tables.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from textwrap import dedent
from typing import Any, NamedTuple

import numpy as np

from simkaohe.labels import Words
from simkaohe.scheme.arithmetic import (
    FUNCTIONS,
    TOLERANCE,
    along_text,
    among,
    half_up,
    number,
    ranks_given,
)
from simkaohe.scheme.terms import AMONG, READ_OFF, TERMS, VERBATIM


class Line(NamedTuple):
    """One line of a formula.

    Attributes
    ----------
    name : Words
        What it gives.
    general, numbers : str
        The formula in words, and with the numbers put in.
    value : float
    because : tuple of str
        The conditions that chose this form, with their numbers.
    """

    name: Words
    general: str
    numbers: str
    value: Any
    because: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """What a notation is read with.

    Attributes
    ----------
    own : mapping of name to value
        Of the unit at hand: numbers, texts, switches, tables; vectors are arrays.
    peers : mapping of name to array (N,) or (..., N)
        The data of all units compared.
    place : int
        Where the unit stands among them.
    words : mapping of name to Words
    rounded : int, optional
        Decimals to which every step on the way is rounded; None: none is.
    """

    own: Mapping[str, Any]
    peers: Mapping[str, Any] = field(default_factory=dict)
    place: int = 0
    words: Mapping[str, Words] = field(default_factory=dict)
    rounded: int | None = None

    def but(self, **changed: Any) -> Facts:
        """Return the same facts with some of the unit's own changed."""
        return replace(self, own={**self.own, **changed})

    def called(self, name: str) -> str:
        """Return what people call a name."""
        return str(self.words.get(name) or TERMS.get(name) or name)


class Notation:
    """A formula as text, ready to be read with numbers."""

    def __init__(self, text: str) -> None:
        body = ast.parse(dedent(text).strip()).body
        self.steps: dict[str, ast.expr] = {}
        for line in body[:-1]:
            assert isinstance(line, ast.Assign)
            assert isinstance(line.targets[0], ast.Name)
            self.steps[line.targets[0].id] = line.value
        assert isinstance(body[-1], ast.Expr)
        self.last = body[-1].value

    def then(self, name: str, text: str) -> Notation:
        """Return a notation that goes on with what this one gives, under a name."""
        further = Notation(text)
        further.steps = {**self.steps, name: self.last, **further.steps}
        return further

    def names(self) -> set[str]:
        """Return every name that must have words or be a function."""
        trees = [*self.steps.values(), self.last]
        return {n.id for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Name)} | set(
            self.steps
        )

    def value(self, facts: Facts) -> float:
        """Return what the formula gives; NaN where it is undefined."""
        return float(_Reader(self, facts).value(self.last))

    def read(self, facts: Facts, name: Words = TERMS["result"]) -> tuple[Line, ...]:
        """Return the formula's lines that apply to the unit, the result last."""
        reader = _Reader(self, facts)
        last = reader.line(self.last, name)
        needed: list[str] = []
        for step in reversed(self.steps):
            later = [reader.shown[n] for n in needed]
            if any(step in _names(node) for node in [reader.shown[""], *later]):
                reader.line(self.steps[step], Words(*_both(facts, step)), step)
                needed.append(step)
        return (*(reader.lines[step] for step in reversed(needed)), last)

    def resolved(self, facts: Facts) -> Notation:
        """Return the notation with every choice made for the unit."""
        reader, found = _Reader(self, facts), Notation("0")
        found.steps = {name: reader.resolved(step, []) for name, step in self.steps.items()}
        found.last = reader.resolved(self.last, [])
        return found

    def given(self, facts: Facts) -> dict[str, Any]:
        """Return the numbers that the formula starts from, by what people call them."""
        reader = _Reader(self, facts)
        found: dict[str, Any] = {}
        waiting = [self.last]
        while waiting:
            shown = reader.resolved(waiting.pop(0), [])
            looked_at, reader.looked_at = reader.looked_at, []
            for node in (shown, *looked_at):
                waiting += [self.steps[name] for name in reader.taken(node, found)]
        return found


def _both(facts: Facts, name: str) -> tuple[str, str]:
    words = facts.words.get(name) or TERMS.get(name) or Words(name, name)
    return words.zh, words.en


@cache
def notation(text: str) -> Notation:
    """Return a parsed notation; the same text is parsed once."""
    return Notation(text)


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


BINARY: dict[type[ast.operator], tuple[str, int, Callable[[Any, Any], Any]]] = {
    ast.Add: (" + ", 1, operator.add),
    ast.Sub: (" − ", 1, operator.sub),
    ast.Mult: (" × ", 2, operator.mul),
    ast.Div: (" ÷ ", 2, lambda a, b: a / np.where(np.equal(b, 0), np.nan, b)),
    ast.Pow: ("^", 3, lambda a, b: np.power(np.asarray(a, float), b)),
}
COMPARED: dict[type[ast.cmpop], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Lt: (" < ", lambda a, b: np.less(a, b - TOLERANCE)),
    ast.LtE: (" ≤ ", lambda a, b: np.less_equal(a, b + TOLERANCE)),
    ast.Gt: (" > ", lambda a, b: np.greater(a, b + TOLERANCE)),
    ast.GtE: (" ≥ ", lambda a, b: np.greater_equal(a, b - TOLERANCE)),
    ast.Eq: (" = ", lambda a, b: a == b if isinstance(b, str) else np.abs(a - b) <= TOLERANCE),
    ast.Is: ("", lambda a, b: a is b),
    ast.IsNot: ("", lambda a, b: a is not b),
}


NOTHING = Notation("0")


class _Reader:
    """Reads one notation with one set of facts."""

    def __init__(self, of: Notation, facts: Facts) -> None:
        self.of, self.facts = of, facts
        self.lines: dict[str, Line] = {}
        self.shown: dict[str, ast.AST] = {}
        self.looked_at: list[ast.expr] = []

    # -- numbers ---------------------------------------------------------------------------------

    def value(self, node: ast.expr, many: bool = False) -> Any:
        """Return what an expression gives: of the unit, or of all units compared (many)."""
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self._named(node.id, many)
        if isinstance(node, ast.UnaryOp):
            inner = self.value(node.operand, many)
            return np.logical_not(inner) if isinstance(node.op, ast.Not) else -inner
        if isinstance(node, ast.BinOp):
            found = BINARY[type(node.op)][2](
                self.value(node.left, many), self.value(node.right, many)
            )
            return found if np.ndim(found) else float(found)
        if isinstance(node, ast.IfExp):
            return self._chosen(node, many)
        if isinstance(node, ast.Compare):
            return self._compared(node, many)
        if isinstance(node, ast.BoolOp):
            join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
            return self._joined(join, node.values, many)
        assert isinstance(node, ast.Call)
        return self._called(node, many)

    def _named(self, name: str, many: bool) -> Any:
        if name == "infinity":
            return np.inf
        if name == "undefined":
            return np.nan
        if name in self.of.steps:
            found = self.value(self.of.steps[name], many)
            if self.facts.rounded is not None and np.ndim(found) == 0 and found is not None:
                found = half_up(found, self.facts.rounded)
            return found
        if many and name in self.facts.peers:
            return self.facts.peers[name]
        return self.facts.own[name]

    def _chosen(self, node: ast.IfExp, many: bool) -> Any:
        holds = self.value(node.test, many)
        if np.ndim(holds):
            return np.where(holds, self.value(node.body, many), self.value(node.orelse, many))
        return self.value(node.body if holds else node.orelse, many)

    def _compared(self, node: ast.Compare, many: bool) -> Any:
        sides = [self.value(side, many) for side in (node.left, *node.comparators)]
        each = [
            COMPARED[type(op)][1](a, b)
            for op, a, b in zip(node.ops, sides[:-1], sides[1:], strict=True)
        ]
        return each[0] if len(each) == 1 else np.logical_and(*each)

    def _joined(self, join: Callable[[Any, Any], Any], parts: list[ast.expr], many: bool) -> Any:
        stop = join is np.logical_or
        found: Any = not stop
        for part in parts:
            found = join(found, self.value(part, many))
            if np.ndim(found) == 0 and bool(found) == stop:
                break
        return found

    def _called(self, node: ast.Call, many: bool) -> Any:
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        if name in AMONG:
            sign = self.facts.own.get("sign", 1)
            all_of_them = np.asarray(self.value(node.args[0], True), float)
            extra = [self.value(arg) for arg in node.args[1:]]
            found = among(name, all_of_them, sign, *extra)
            return found if many and name == "place" else self._mine(found)
        if name == "ranks_given":
            mine = ranks_given(self.facts.peers["ratings"])[:, self.facts.place]
            return mine[~np.isnan(mine)]
        args = [self.value(arg, many) for arg in node.args]
        if name in ("tier", "toward"):
            args.append(self.facts.own.get("sign", 1))
        return FUNCTIONS[name](*args)

    def _mine(self, found: Any) -> Any:
        return float(found[self.facts.place]) if np.ndim(found) else float(found)

    # -- text ------------------------------------------------------------------------------------

    def line(self, node: ast.expr, name: Words, step: str = "") -> Line:
        """Return a line, and remember it with the expression that it shows."""
        because: list[str] = []
        shown = self.resolved(node, because)
        value = self.value(node) if not step else self._named(step, False)
        if np.ndim(value) or isinstance(value, tuple):
            texts = str(shown and self._text(shown, False)[0]), ", ".join(map(number, value))
        else:
            texts = self._text(shown, False)[0], self._text(shown, True)[0]
        self.shown[step] = shown
        self.lines[step] = Line(name, *texts, value, tuple(because))
        return self.lines[step]

    def resolved(self, node: ast.expr, because: list[str]) -> ast.expr:
        """Return the expression with every choice made and every limit of None left out."""
        if isinstance(node, ast.IfExp):
            holds = bool(self.value(node.test))
            if holds:
                because += self._reasons(node.test)
            return self.resolved(node.body if holds else node.orelse, because)
        if isinstance(node, ast.BinOp):
            left, right = self.resolved(node.left, because), self.resolved(node.right, because)
            return ast.BinOp(left, node.op, right)
        if isinstance(node, ast.UnaryOp):
            return ast.UnaryOp(node.op, self.resolved(node.operand, because))
        if isinstance(node, ast.Call):
            args = [self.resolved(arg, because) for arg in node.args]
            assert isinstance(node.func, ast.Name)
            if node.func.id in ("min", "max"):
                args = [arg for arg in args if self.value(arg) is not None]
                if len(args) == 1 and not np.ndim(self.value(args[0])):
                    return args[0]
            return ast.Call(node.func, args, [])
        return node

    def taken(self, node: ast.AST, found: dict[str, Any]) -> Iterator[str]:
        """Put into ``found`` what an expression takes as given; yield the steps that it uses."""
        if isinstance(node, ast.Name):
            if node.id in self.of.steps:
                yield node.id
            elif node.id in self.facts.own:
                found[self.facts.called(node.id)] = self.facts.own[node.id]
            return
        if isinstance(node, ast.Call):
            assert isinstance(node.func, ast.Name)
            if node.func.id in (*AMONG, "ranks_given"):
                found[self._text(node, False)[0]] = self.value(node)
                return
        below = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
        for child in below:
            yield from self.taken(child, found)

    def _reasons(self, test: ast.expr) -> Iterator[str]:
        """Yield the comparisons of the unit's numbers in a condition that holds."""
        for node in ast.walk(test):
            if not isinstance(node, ast.Compare) or not self.value(node):
                continue
            sides = [self.value(side) for side in (node.left, *node.comparators)]
            silent = any(isinstance(side, str | bool) or side is None for side in sides)
            of_the_unit = _names(node) & {*self.of.steps, *self.facts.peers}
            if silent or not of_the_unit or "sign" in _names(node):
                continue
            shown = [self.resolved(side, []) for side in _sides(node)]
            self.looked_at += shown
            texts = [self._text(side, False)[0] for side in shown]
            filled = [self._text(side, True)[0] for side in shown]
            signs = [COMPARED[type(op)][0] for op in node.ops]
            words, numbers = (
                "".join(a + b for a, b in zip(side, [*signs, ""], strict=True))
                for side in (texts, filled)
            )
            yield f"{words}{Words('：', ': ')}{numbers}"

    def _text(self, node: ast.expr, filled: bool) -> tuple[str, int]:
        """Return an expression as text, and how tightly it holds together."""
        if isinstance(node, ast.Constant):
            return number(node.value), _tightness(node.value)
        if isinstance(node, ast.Name):
            if not filled:
                return self.facts.called(node.id), 9
            value = self.value(node)
            if np.ndim(value) or isinstance(value, tuple):
                return f"({', '.join(map(number, value))})", 9
            return number(value), _tightness(value)
        if isinstance(node, ast.UnaryOp):
            inner, holds = self._text(node.operand, filled)
            return f"−{inner}" if holds > 1 else f"−({inner})", 1
        if isinstance(node, ast.BinOp):
            return self._binary(node, filled)
        assert isinstance(node, ast.Call)
        return self._call_text(node, filled)

    def _binary(self, node: ast.BinOp, filled: bool) -> tuple[str, int]:
        sign, holds, _ = BINARY[type(node.op)]
        left, mine = self._text(node.left, filled)
        right, other = self._text(node.right, filled)
        left = left if mine >= holds and not (holds == 3 and mine == 3) else f"({left})"
        strict = isinstance(node.op, ast.Sub | ast.Div | ast.Pow)
        right = right if other > holds or (other == holds and not strict) else f"({right})"
        return f"{left}{sign}{right}", holds

    def _call_text(self, node: ast.Call, filled: bool) -> tuple[str, int]:
        assert isinstance(node.func, ast.Name)
        name, args = node.func.id, node.args
        if name in ("sum", "product"):
            return self._added_up(name, args[0], filled)
        if name in AMONG or name in READ_OFF:
            if filled:
                if name == "along":
                    return along_text(*(self.value(arg) for arg in args)), 1
                value = self.value(node)
                return number(value), _tightness(value)
            inner = self._text(args[0], False)[0] if args else ""
            return str({**AMONG, **READ_OFF}[name]).format(inner), 9
        if filled and name in ("min", "max"):
            finite = [arg for arg in args if not np.all(np.isinf(self.value(arg)))]
            args = finite or args
            if len(args) == 1 and np.size(self.value(args[0])) == 1:
                return self._text(args[0], filled)
        inner = ", ".join(self._text(arg, filled)[0].strip("()") if filled and np.ndim(self.value(arg))
                          else self._text(arg, filled)[0] for arg in args)  # fmt: skip
        return (f"|{inner}|" if name == "abs" else f"{VERBATIM[name]}({inner})"), 9

    def _added_up(self, name: str, node: ast.expr, filled: bool) -> tuple[str, int]:
        sign, mark, holds = (" + ", "Σ", 1) if name == "sum" else (" × ", "Π", 2)
        if not filled:
            inner, tight = self._text(node, False)
            return f"{mark}{inner}" if tight == 9 else f"{mark}({inner})", 9
        flat = _Flat(self).visit(node)
        vectors = [n for n in _names(flat) if n not in FUNCTIONS and np.ndim(self._named(n, False))]
        length = len(self._named(vectors[0], False))
        texts = []
        for j in range(length):
            own = {n: self._named(n, False)[j] for n in vectors}
            element = _Reader(NOTHING, self.facts.but(**own))
            text, tight = element._text(flat, True)
            texts.append((text if tight >= holds or length == 1 else f"({text})", tight))
        if length == 1:
            return texts[0]
        return sign.join(text for text, _ in texts) or "0", holds if texts else 9


class _Flat(ast.NodeTransformer):
    """Puts in the numbers of sums that stand inside a sum."""

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader

    def visit_Call(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        if node.func.id in ("sum", "product", "length", *AMONG):
            return ast.Constant(self._reader.value(node))
        if node.func.id == "repeated":
            return node
        return ast.Call(node.func, [self.visit(arg) for arg in node.args], [])


def _sides(node: ast.Compare) -> list[ast.expr]:
    return [node.left, *node.comparators]


def _tightness(value: Any) -> int:
    return 1 if isinstance(value, int | float | np.number) and value < 0 else 9
