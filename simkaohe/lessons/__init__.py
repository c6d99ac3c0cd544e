"""Lessons (教学): how a score comes about step by step, and exercises that know the usual mistakes."""

from simkaohe.lessons.exercise import Exercise, Question, Verdict, question, training_exercise
from simkaohe.lessons.mistakes import Mistake
from simkaohe.lessons.steps import KINDS, Step, steps

__all__ = [
    "KINDS",
    "Exercise",
    "Mistake",
    "Question",
    "Step",
    "Verdict",
    "question",
    "steps",
    "training_exercise",
]
