"""Every method of every family says what it is, in both languages and with its formula."""

from __future__ import annotations

import pytest

from simkaohe.scheme.adjust import Adjustment
from simkaohe.scheme.coefficient import CoefficientMap
from simkaohe.scheme.combine import Combine
from simkaohe.scheme.measure import Measure
from simkaohe.scheme.method import Method
from simkaohe.scheme.rules import Rule
from simkaohe.scheme.uses import Use

METHODS = [
    method
    for family in (Rule, Measure, Combine, CoefficientMap, Adjustment, Use)
    for method in family.family.values()
]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)
def test_a_method_says_everything(method: type[Method]) -> None:
    assert method.label.zh
    assert method.label.en
    said = "".join(cls.__doc__ or "" for cls in method.__mro__ if issubclass(cls, Method))
    for name, words in method.field_words().items():
        if name == "method":
            continue
        assert words.zh != name, f"{name} has no Chinese words"
        assert words.en
        assert name in said, f"{name} is not described"


@pytest.mark.parametrize(
    "method",
    [m for m in METHODS if m.__name__ not in ("Veto",) and not issubclass(m, CoefficientMap)],
    ids=lambda method: method.__name__,
)
def test_a_method_states_its_formula_and_its_source(method: type[Method]) -> None:
    doc = method.__doc__ or ""
    assert ".. math::" in doc or "Examples" in doc
    assert "References" in doc or "Notes" in doc


def test_names_are_unlike_each_other_inside_a_family() -> None:
    for family in (Rule, Measure, Combine, CoefficientMap, Adjustment, Use):
        labels = [method.label.zh for method in family.family.values()]
        assert len(set(labels)) == len(labels)
