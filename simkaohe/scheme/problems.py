"""From what pydantic found to sentences that a person can act on, each with its edit path.

Validators raise :func:`refusal` (one problem) or :func:`refused` (several), with places relative to
their own model; :func:`problems_of` joins them to edit paths. An id starts a path anew, so a place
that begins with an id is absolute; it is marked with ``@`` until the very end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from simkaohe.errors import Problem, nearest
from simkaohe.labels import Words

TAGS = ("group", "indicator", "way", "shares")
"""Arms of unions, which pydantic puts into the location and people never see."""


def refused(*problems: Problem) -> PydanticCustomError:
    """Return the error that a validator raises for several problems of its model."""
    text = "\n".join(str(problem) for problem in problems)
    return PydanticCustomError("problem", "{text}", {"problems": problems, "text": text})


def refusal(
    field: str, found: Words | str, expected: Words | str = "", remedy: Words | str = ""
) -> PydanticCustomError:
    """Return the error that a validator raises: the field below its model, and the words."""
    return refused(Problem(field, found, expected, remedy))


def quoted(value: Any) -> Words:
    """Return a value as it is shown in a message, cut where it is long."""
    if value is None:
        return Words("空的", "nothing")
    text = str(value)
    text = text if len(text) <= 60 else text[:57] + "…"
    return Words(f"“{text}”", repr(text) if isinstance(value, str) else text)


def problems_of(error: ValidationError, values: Any) -> list[Problem]:
    """Return what a pydantic error says about ``values``, in our words, with edit paths."""
    return [p._replace(where=p.where.removeprefix("@")) for p in relative_problems(error, values)]


def relative_problems(error: ValidationError, values: Any) -> Iterator[Problem]:
    """Like :func:`problems_of`, for a model inside another: absolute places keep their ``@``."""
    for detail in error.errors(include_url=False):
        if detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]:
            continue  # the entries are there, and each wrong one has a sentence of its own
        where = _path(detail["loc"], values)
        if detail["type"] == "problem":
            for problem in detail["ctx"]["problems"]:
                yield problem._replace(where=_join(where, problem.where))
        else:
            yield _sentence(where, detail)


def _join(base: str, place: str) -> str:
    if place.startswith("@") or not base:
        return place
    return f"{base}.{place}" if place else base


def _path(location: Sequence[int | str], value: Any) -> str:
    """Walk a pydantic location over the input and return the edit path."""
    path = ""
    for step in location:
        if step in TAGS and not (isinstance(value, Mapping) and step in value):
            continue
        path = _join(path, str(step))
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            value = None
        node_id = value.get("id") if isinstance(value, Mapping) else getattr(value, "id", None)
        if isinstance(node_id, str) and node_id:
            path = f"@{node_id}"
    return path


def _sentence(where: str, detail: Any) -> Problem:
    kind, context = detail["type"], detail.get("ctx", {})
    found: Words | str = quoted(detail["input"])
    remedy: Words | str = ""
    expected: Words | str
    bound = next((context[k] for k in ("gt", "ge", "lt", "le") if k in context), None)
    if kind == "missing":
        found = Words("没有填写", "nothing")
        expected = Words("必填的内容", "a value, which is required")
    elif bound is not None:
        signs = {"greater_than": ">", "greater_than_equal": "≥", "less_than": "<"}
        sign = signs.get(kind, "≤")
        expected = Words(f"{sign} {bound:g} 的数", f"a number {sign} {bound:g}")
        remedy = _as_share(detail["input"]) if bound == 1 and sign in "<≤" else ""
    elif kind == "literal_error":
        options = [option.strip("'") for option in _options(context["expected"])]
        expected = Words("、".join(options) + " 之一", "one of " + ", ".join(options))
        close = nearest(str(detail["input"]), options, 1)
        remedy = Words(f"是否想写：{close[0]}？", f"Did you mean {close[0]!r}?") if close else ""
    elif kind == "string_pattern_mismatch" or (kind == "string_type" and detail["loc"][-1] == "id"):
        expected = Words("没有空格和点的编号", "an id without spaces and dots")
        remedy = _as_id(detail["input"])
    elif kind in ("too_short", "string_too_short"):
        found = Words("空的", "nothing in it") if not detail["input"] else found
        least = context["min_length"]
        expected = Words(f"至少 {least} 项", f"{least} or more entries")
    elif kind.startswith(("float", "int", "finite", "decimal")):
        whole = kind.startswith("int")
        expected = Words("整数" if whole else "数", "a whole number" if whole else "a number")
    elif kind.startswith("bool"):
        expected = Words("true 或 false", "true or false")
    elif kind.startswith("string"):
        expected = Words("文字", "text")
    elif kind.startswith(("tuple", "list")):
        expected = Words("列表", "a list")
    elif kind.startswith(("dict", "model", "mapping")):
        expected = Words("“字段: 值”的形式", "fields with values")
    else:
        expected = str(detail["msg"])
    return Problem(where, found, expected, remedy)


def _as_id(value: Any) -> Words | str:
    if not isinstance(value, str | int | float) or not str(value):
        return ""
    text = re.sub(r"[\s.]+", "-", str(value).strip())
    shown = f'"{text}"' if text.isdecimal() else text  # a number in quotes is text
    return Words(f"可以写 {shown}", f"Write {shown} for example")


def _as_share(value: Any) -> Words | str:
    if not isinstance(value, int | float) or not 1 < value <= 100:
        return ""
    share = f"{value / 100:g}"
    return Words(f"{value:g}% 请写 {share}", f"Write {share} for {value:g}%")


def _options(text: str) -> list[str]:
    return text.replace(" or ", ", ").split(", ")
