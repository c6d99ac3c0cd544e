"""Exercises (练习): questions drawn from a seed, and answers that are checked and explained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from simkaohe.errors import Problem, SimkaoheError, check_seed
from simkaohe.labels import Words
from simkaohe.lessons.invented import invented
from simkaohe.lessons.mistakes import Mistake, mistakes
from simkaohe.lessons.steps import KINDS, Step, steps
from simkaohe.panel import Panel
from simkaohe.result import Result, evaluate
from simkaohe.scheme.arithmetic import number
from simkaohe.scheme.tree import Scheme

ASKED = tuple(kind for kind in KINDS if kind not in ("missing", "veto", "total", "outcome"))
"""The kinds of steps that can be asked."""
PLAIN = 2
"""Decimals of an answer where the scheme states none, or none that people write."""
FINE = 4
"""Decimals of a coefficient."""
GIVEN = 6
"""Decimals of what is given, so that their rounding does not show in the answer."""


@dataclass(frozen=True)
class Verdict:
    """What is said to an answer.

    Attributes
    ----------
    right : bool
    words : str
        Why, and the calculation.
    mistakes : tuple of Mistake
        The usual mistakes that lead to exactly this answer.
    """

    right: bool
    words: str
    mistakes: tuple[Mistake, ...] = ()


@dataclass(frozen=True)
class Question:
    """One step of one unit, with its result left blank.

    Attributes
    ----------
    unit : str
    step : Step
    digits : int
        Decimals that the answer is asked for.
    mistakes : tuple of Mistake
        The usual mistakes that can be told from the right answer.
    """

    unit: str
    step: Step
    digits: int
    mistakes: tuple[Mistake, ...]

    @property
    def answer(self) -> float:
        """The right answer, as the engine has it."""
        return self.step.value

    @property
    def text(self) -> str:
        """What is asked."""
        decimals = str(Words("{} 位小数", "{} decimals").format(self.digits))
        how = str(Words("，", ", ")).join(part for part in (self.step.method, decimals) if part)
        return str(Words("{}：{}（{}）", "{}: {} ({})").format(self.unit, self.step.title, how))

    @property
    def given(self) -> dict[str, str]:
        """What is known, by what people call it."""
        formula, facts = self.step.formula, self.step.facts
        assert formula is not None
        assert facts is not None
        return {name: _listed(value) for name, value in formula.given(facts).items()}

    @property
    def calculation(self) -> str:
        """The steps to the answer with the numbers put in."""
        lines = [f"{line.name} = {line.numbers}" for line in self.step.lines]
        return f"{str(Words('；', '; ')).join(lines)} = {self.answer:.{self.digits}f}"

    @property
    def tolerance(self) -> float:
        """How far an answer may be off: half a unit of the last decimal."""
        return 0.5 * 10.0**-self.digits + 1e-9

    def check(self, answer: float) -> Verdict:
        """Return whether an answer is right, and which usual mistake leads to it."""
        if abs(answer - self.answer) <= self.tolerance:
            return Verdict(True, str(Words("正确：{}", "Right: {}").format(self.calculation)))
        found = tuple(m for m in self.mistakes if abs(m.value - answer) <= self.tolerance)
        if not found:
            first = self.step.lines[0]
            hint = Words(
                "不对，也不像常见的错误。从第一步查起：{} = {}",
                "Not right, and none of the usual mistakes. Start from the first step: {} = {}",
            )
            return Verdict(False, str(hint.format(first.name, first.general)))
        reasons = str(Words("；或者", "; or ")).join(dict.fromkeys(m.words for m in found))
        made = found[0].numbers
        shown = f" ({made} = {number(found[0].value)})" if made else ""
        said = Words("不对。看来{}{}", "Not right. It seems that {}{}").format(reasons, shown)
        return Verdict(False, str(said), found)


@dataclass(frozen=True)
class Exercise:
    """A class exercise: questions on a scheme and its data, the same for the same seed.

    Attributes
    ----------
    seed : int
    result : Result
        The scheme and the data that the questions are about, evaluated.
    questions : tuple of Question
    """

    seed: int
    result: Result
    questions: tuple[Question, ...]

    @cached_property
    def sheet(self) -> pd.DataFrame:
        """The questions for the class: number, question, given, answer (blank)."""
        rows = [
            {"number": n, "question": q.text, "given": _said(q.given), "answer": ""}
            for n, q in enumerate(self.questions, 1)
        ]
        return pd.DataFrame(rows).set_index("number")

    @cached_property
    def solutions(self) -> pd.DataFrame:
        """What the teacher has: answer, calculation, and what the usual mistakes lead to."""
        rows = [
            {
                "number": n,
                "question": q.text,
                "answer": round(q.answer, q.digits),
                "calculation": q.calculation,
                "mistakes": "; ".join(
                    f"{number(round(m.value, q.digits))}: {m.words}"
                    for m in q.mistakes
                    if m.numbers
                ),
            }
            for n, q in enumerate(self.questions, 1)
        ]
        return pd.DataFrame(rows).set_index("number")


def training_exercise(
    seed: int,
    scheme: Scheme | None = None,
    panel: Panel | None = None,
    *,
    questions: int = 8,
    unit: str | None = None,
) -> Exercise:
    """Return an exercise drawn from a seed.

    Parameters
    ----------
    seed : int
        The same seed gives the same exercise.
    scheme, panel : optional
        What it is about; both or neither. Without them a small scheme of six units and its data
        are invented from the seed too, so that a class can calculate all of it by hand.
    questions : int, default 8
        How many; fewer where the scheme has fewer steps. Kinds of steps take turns.
    unit : str, optional
        Ask about this unit only.

    Returns
    -------
    Exercise

    Raises
    ------
    SimkaoheError
        A seed below 0, a scheme without data or data without a scheme, a number of questions below
        one, an unknown unit, and whatever is wrong between scheme and data.
    """
    check_seed(seed)
    if (scheme is None) != (panel is None):
        raise SimkaoheError(
            Problem(
                "training_exercise",
                Words("方案和数据只给了一个", "only one of scheme and panel is given"),
                remedy=Words("两个都给，或都不给", "Give both or neither"),
            )
        )
    if questions < 1:
        raise SimkaoheError(
            Problem("questions", f"{questions}", Words("1 或更大的整数", "1 or more"))
        )
    if scheme is None or panel is None:
        scheme, panel = invented(seed)
    result = evaluate(scheme, panel)
    drawn = _drawn(result, np.random.default_rng(seed), unit)
    return Exercise(seed, result, tuple(q for q, _ in zip(drawn, range(questions), strict=False)))


def question(result: Result, unit: str, step: Step) -> Question:
    """Return the question that leaves a step's result blank."""
    stated = result.scheme.ranking.digits
    digits = PLAIN if stated is None else min(max(stated, 1), FINE)
    if step.kind in ("coefficient", "measure"):
        digits = FINE
    tolerance = 0.5 * 10.0**-digits + 1e-9
    return Question(unit, step, digits, mistakes(result, unit, step, tolerance))


def _drawn(result: Result, rng: np.random.Generator, unit: str | None) -> Iterator[Question]:
    """Yield questions in a random order in which kinds and formulas take turns."""
    units = [unit] if unit else list(rng.permutation(result.engine.units)[:6])
    waiting: dict[tuple[str, str], list[tuple[str, Step]]] = {}
    for each in units:
        for step in steps(result, str(each)):
            if step.kind in ASKED and step.lines and np.isfinite(step.value) and _is_work(step):
                waiting.setdefault(_likeness(step), []).append((str(each), step))
    while waiting:
        for key in rng.permutation(np.array(sorted(waiting))):
            kind = str(key[0]), str(key[1])
            these = waiting[kind]
            yield question(result, *these.pop(int(rng.integers(len(these)))))
            if not these:
                del waiting[kind]


def _likeness(step: Step) -> tuple[str, str]:
    """Return what steps of the same kind have in common, in whatever language."""
    assert step.formula is not None
    return step.kind, " ".join(sorted(step.formula.names()))


def _is_work(step: Step) -> bool:
    """Whether there is something to calculate or to decide."""
    signs = any(sign in line.numbers for line in step.lines for sign in "+−×÷^(")
    return signs or any(line.because for line in step.lines)


def _listed(value: Any) -> str:
    if isinstance(value, tuple) or np.ndim(value):
        return ", ".join(number(each, GIVEN) for each in value)
    return number(value, GIVEN)


def _said(given: dict[str, str]) -> str:
    return str(Words("；", "; ")).join(f"{name} = {value}" for name, value in given.items())
