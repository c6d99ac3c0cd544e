"""Values of cells (单元格取值): how a field's value is written in a cell and what a cell means.

What a person may write is wide: full-width digits, thousands separators, percentages, words in both
languages. What it means is narrow: every other writing is a problem, never a guess.
"""

from __future__ import annotations

import json
import math
import re
import types
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from simkaohe.errors import SimkaoheError
from simkaohe.files.cells import Cell, Exact, Odd
from simkaohe.files.numerals import (
    Misfit,
    as_text,
    clean,
    key,
    mend,
    odd_remedy,
    odd_words,
    percentage,
    shown,
    to_number,
)
from simkaohe.files.text import parse_yaml
from simkaohe.labels import Words
from simkaohe.scheme.method import FrozenDict, Method

YES, NO = ("是", "yes", "true", "√", "✓"), ("否", "no", "false", "×")
NONE = Words("（无）", "(none)")
LITERALS: dict[str, dict[str, Words]] = {
    "direction": {
        "positive": Words("正向", "positive"),
        "negative": Words("逆向", "negative"),
        "moderate": Words("适度", "moderate"),
    },
    "scope": {"all": Words("全部单位", "all"), "category": Words("本类别", "category")},
    "missing": {
        "error": Words("报错", "error"),
        "zero": Words("零分", "zero"),
        "full": Words("满分", "full"),
        "median": Words("本类中位数", "median"),
        "spread": Words("权重分给同级", "spread"),
    },
    "cancelled": {
        "siblings": Words("按比例分给同级", "siblings"),
        "equal": Words("平均分给同级", "equal"),
        "whole": Words("分给整个方案", "whole"),
        "full_marks": Words("保留并计满分", "full_marks"),
        "zero_marks": Words("保留并计零分", "zero_marks"),
    },
}
"""What the choices of a field are called; others are shown as the scheme file writes them."""


class Kind(NamedTuple):
    """What a field takes.

    Parameters
    ----------
    forms : set of {"text", "number", "switch", "mapping", "list", "none"}
    options : mapping of value to Words
        The choices of a field that has some.
    percent : {"refuse", "unit", "points", "share"}
        What 35% means: a problem (``unit``: in a number of the data), 35 (of weights), or 0.35.
    """

    forms: frozenset[str]
    options: Mapping[str, Words] = types.MappingProxyType({})
    percent: str = "refuse"


ANY = Kind(frozenset(("text", "number", "switch", "mapping", "list", "none")))
TEXT = Kind(frozenset(("text",)))
COUNT = Kind(frozenset(("number",)))


def kind_of(
    name: str,
    annotation: Any,
    metadata: Sequence[Any] = (),
    span: Sequence[float] | None = None,
) -> Kind:
    """Return what a field of a model takes, from its type.

    Parameters
    ----------
    name : str
        The field's; it says what its choices are called.
    annotation, metadata
        As in pydantic's ``FieldInfo``.
    span : (float, float), optional
        The sensible range; ratios have theirs near 1.
    """
    forms: set[str] = set()
    options: dict[str, Words] = {}
    _gather(annotation, forms, options)
    words = LITERALS.get(name, {})
    options = {value: words.get(value, Words(value, value)) for value in options}
    return Kind(frozenset(forms), options, meaning_of_percent(name, metadata, span))


def meaning_of_percent(
    name: str, metadata: Sequence[Any] = (), span: Sequence[float] | None = None
) -> str:
    """Return what 35% means in a field: 35 of a weight, 0.35 of a share or ratio, else a problem."""
    if "weight" in name:
        return "points"
    bounds = [getattr(b, "le", None) or getattr(b, "lt", None) for b in metadata]
    share = any(bound is not None and bound <= 1 for bound in bounds)
    share |= span is not None and span[1] <= 1.5
    return "share" if share or re.search("share|ratio|coefficient", name) else "refuse"


def _gather(annotation: Any, forms: set[str], options: dict[str, Words]) -> None:
    origin = get_origin(annotation)
    if origin is Annotated:
        _gather(get_args(annotation)[0], forms, options)
    elif origin in (Union, types.UnionType):
        for each in get_args(annotation):
            _gather(each, forms, options)
    elif origin is Literal:
        forms.add("text")
        options |= dict.fromkeys(map(str, get_args(annotation)), Words("", ""))
    elif annotation is Any:
        forms |= ANY.forms
    elif annotation in (None, type(None)):
        forms.add("none")
    elif annotation is bool:
        forms.add("switch")
    elif annotation in (int, float):
        forms.add("number")
    elif annotation is str:
        forms.add("text")
    elif origin in (tuple, list):
        forms.add("list")
    elif origin in (FrozenDict, dict, Mapping):
        forms.add("mapping")
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        forms.add("mapping")
        if issubclass(annotation, Method):
            forms.add("text")
    else:
        forms |= ANY.forms


def decode(cell: Cell, kind: Kind) -> Any:
    """Return what a cell says about a field.

    Raises
    ------
    Misfit
        When it is nothing that the field takes.
    """
    if isinstance(cell, Odd):
        return _decode_odd(cell, kind)
    if isinstance(cell, float):
        if "number" in kind.forms:
            return int(cell) if cell.is_integer() and abs(cell) < 2**53 else cell
        if "text" in kind.forms and not kind.options:
            return as_text(cell)
        raise _misfit(as_text(cell), kind)
    if isinstance(cell, Exact) and "text" in kind.forms:
        return str(cell)
    return _decode_text(clean(cell), kind)


def _decode_odd(cell: Odd, kind: Kind) -> Any:
    if cell.kind == "switch" and "switch" in kind.forms:
        return bool(cell.value)
    if cell.kind == "percent" and "number" in kind.forms:
        return percentage(Decimal(repr(cell.value)) * 100, cell.text, kind.percent)
    if cell.kind == "date" and "text" in kind.forms and not kind.options:
        return cell.text
    raise Misfit(odd_words(cell), expected(kind), odd_remedy(cell, kind.percent))


def _decode_text(text: str, kind: Kind) -> Any:
    if text == '""' and "text" in kind.forms:
        return ""
    if text in (*NONE, "null"):
        return None
    if kind.options:
        chosen = choice(text, kind.options)
        if chosen is not None:
            return chosen
    if "switch" in kind.forms and (
        text.lower() in (*YES, *NO) if kind != ANY else text in ("true", "false")
    ):
        return text.lower() in YES
    if "number" in kind.forms:
        number = to_number(text, kind.percent)
        if number is not None:
            return int(number) if number.is_integer() and abs(number) < 2**53 else number
    if kind.forms & {"mapping", "list"}:
        structure = _structure(text, kind)
        if structure is not None:
            return structure
    if "text" in kind.forms:
        return text
    raise _misfit(text, kind)


def _misfit(text: str, kind: Kind) -> Misfit:
    return Misfit(
        shown(text), expected(kind), mend(text, kind.percent) if "number" in kind.forms else ""
    )


def expected(kind: Kind) -> Words:
    """Return what a field takes, in words."""
    if kind.options and not kind.forms & {"number", "mapping", "list"}:
        names = [str(words) for words in kind.options.values()]
        return Words("、".join(names) + " 之一", "one of " + ", ".join(names))
    parts = [words for form, words in FORMS.items() if form in kind.forms]
    return Words("或".join(w.zh for w in parts), " or ".join(w.en for w in parts))


FORMS = {
    "number": Words("数", "a number"),
    "switch": Words("是 或 否", "yes or no"),
    "text": Words("文字", "text"),
    "list": Words("列表（用分号隔开）", "a list (with semicolons)"),
    "mapping": Words("“名称=值；名称=值”", "“name=value; name=value”"),
}


def choice(text: str, options: Mapping[str, Words]) -> str | None:
    """Return the choice that a word in either language, or the value itself, stands for."""
    wanted = key(text)
    for value in options:
        if key(value) == wanted:
            return value
    found = {value for value, words in options.items() if wanted in map(key, words)}
    return found.pop() if len(found) == 1 else None


# -- structured values ---------------------------------------------------------------------------

SPLIT = re.compile(r"[;；\n]")
PAIR = re.compile(r"\s*([^=＝{}\[\]\"'\s;；]+)\s*[=＝](.*)", re.DOTALL)


def _structure(text: str, kind: Kind) -> Any:
    """Return a mapping or a list; None when the text is neither."""
    if text[:1] in ("{", "["):
        found = _flow(text)
        if ("mapping" if isinstance(found, Mapping) else "list") not in kind.forms:
            raise Misfit(shown(text), expected(kind))
        return found
    pieces = [piece for piece in _pieces(text) if piece.strip()]
    if "mapping" in kind.forms and pieces and all(PAIR.match(piece) for piece in pieces):
        found = {}
        for piece in pieces:
            name, value = PAIR.match(piece).groups()
            if name in found:
                raise Misfit(
                    Words(f"“{name}”写了两次", f"{name!r} twice"),
                    Words("每项写一次", "each of them once"),
                )
            found[name] = bare_value(value.strip())
        return found
    if "list" in kind.forms and kind != ANY:
        return [bare_value(p.strip()) for piece in pieces for p in re.split("[、，,]", piece)]
    return None


def _pieces(text: str) -> list[str]:
    """Split at semicolons that are not inside brackets or quotation marks."""
    pieces, depth, quote, start, skip = [], 0, "", 0, False
    for at, letter in enumerate(text):
        if skip:
            skip = False
        elif quote:
            skip = letter == "\\"
            quote = "" if letter == quote else quote
        elif letter == '"':
            quote = letter
        elif letter in "[{":
            depth += 1
        elif letter in "]}":
            depth -= 1
        elif depth <= 0 and SPLIT.match(letter):
            pieces.append(text[start:at])
            start = at + 1
    return [*pieces, text[start:]]


def _flow(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return parse_yaml(text, "")
    except (SimkaoheError, ValueError, RecursionError, ArithmeticError) as error:
        raise Misfit(
            shown(text),
            Words("括号和引号成对的 YAML 或 JSON", "YAML or JSON with matching brackets"),
        ) from error


def bare_value(text: str) -> Any:
    """Return what stands behind an equals sign: a number, a word, or JSON."""
    if text[:1] in ("{", "["):
        return _flow(text)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        number = to_number(text)
        if number is not None:
            return number
        return {"是": True, "否": False}.get(text, text)
    return text if isinstance(value, float) and not math.isfinite(value) else value


def flow(value: Any, kind: Kind) -> str:
    """Return a mapping or a list as text that :func:`decode` reads back."""
    if isinstance(value, Mapping):
        pretty = "; ".join(f"{name}={_bare(each)}" for name, each in value.items())
    else:
        pretty = "; ".join(map(_bare, value))
    try:
        same = pretty == clean(pretty) and same_value(_decode_text(pretty, kind), value)
    except Misfit:
        same = False
    if pretty and same:
        return pretty
    text = json.dumps(value, ensure_ascii=False)
    return text if text == clean(text) else json.dumps(value)


def _bare(value: Any) -> str:
    if isinstance(value, str):
        try:
            bare = value == clean(value) and bare_value(value) == value
        except Misfit:
            bare = False
        if value and bare and not re.search(r"[\[\]{}\"\\;；\n=＝、，,]", value):
            return value
    return json.dumps(value, ensure_ascii=False)


def same_value(a: Any, b: Any) -> bool:
    """Return whether two plain values are equal, telling text, numbers and switches apart."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return list(a) == list(b) and all(same_value(a[name], b[name]) for name in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(same_value, a, b))
    return isinstance(a, bool) == isinstance(b, bool) and a == b


def encode(value: Any, kind: Kind) -> bool | float | str:
    """Return what is written into a cell; :class:`Exact` text is marked as text.

    ``decode(encode(value, kind), kind)`` is the value.
    """
    if isinstance(value, bool):
        return (
            value if kind == ANY else str(Words("是" if value else "否", "yes" if value else "no"))
        )
    if value is None:
        return str(NONE)
    if isinstance(value, int | float):
        return float(value) if abs(value) < 2**53 or isinstance(value, float) else repr(value)
    if isinstance(value, Mapping | list | tuple):
        return flow(value, kind)
    if value == "":
        return '""'
    if value in kind.options and choice(str(kind.options[value]), kind.options) == value:
        return str(kind.options[value])
    try:
        same = same_value(decode(value, kind), value)
    except Misfit:
        same = False
    return value if same and value[0] not in "=+-@\t\r'" else Exact(value)
