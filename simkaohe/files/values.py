"""Values of cells (单元格取值): how a field's value is written in a cell and what a cell means.

What a person may write is wide: full-width digits, thousands separators, percentages, words in both
languages. What it means is narrow: every other writing is a problem, never a guess.
"""

from __future__ import annotations

import json
import re
import types
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from simkaohe.errors import nearest
from simkaohe.files.cells import Cell, Exact, Odd
from simkaohe.files.numerals import (
    Misfit,
    as_text,
    clean,
    mend,
    odd_remedy,
    odd_words,
    percentage,
    shown,
    to_number,
)
from simkaohe.files.structure import (
    NO,
    OPEN,
    YES,
    fit,
    flow_value,
    listed,
    meaning_of_percent,
    pairs,
    scalar,
)
from simkaohe.files.words import choice, literal_words
from simkaohe.labels import Words
from simkaohe.scheme.method import FrozenDict, Method, OrderedDict

NONE = Words("（无）", "(none)")


class Kind(NamedTuple):
    """What a field takes.

    Parameters
    ----------
    forms : set of {"text", "number", "switch", "mapping", "list", "none"}
    options : mapping of value to Words
        The choices of a field that has some.
    percent : {"refuse", "unit", "points", "share"}
        What 35% means: a problem (``unit``: in a number of the data), 35 (of weights), or 0.35.
    hint : type, optional
        What lists and mappings hold; None: anything.
    """

    forms: frozenset[str]
    options: Mapping[str, Words] = types.MappingProxyType({})
    percent: str = "refuse"
    hint: Any = None


ANY = Kind(frozenset(("text", "number", "switch", "mapping", "list", "none")))
TEXT = Kind(frozenset(("text",)))
COUNT = Kind(frozenset(("number",)), percent="unit")


def kind_of(name: str, annotation: Any, info: FieldInfo | None = None) -> Kind:
    """Return what a field of a model takes, from its type.

    Parameters
    ----------
    name : str
        The field's; it says what its choices are called.
    annotation : type
    info : FieldInfo, optional
        Its bounds say whether it is a share.
    """
    forms: set[str] = set()
    options: dict[str, Words] = {}
    _gather(annotation, forms, options)
    options = {value: literal_words(name, value) for value in options}
    hint = annotation if forms & {"list", "mapping"} else None
    return Kind(frozenset(forms), options, meaning_of_percent(name, info), hint)


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
    elif origin in (FrozenDict, OrderedDict, dict, Mapping):
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
    if kind.options and not kind.forms - {"text", "none"}:
        raise _no_choice(text, kind)
    if "text" in kind.forms:
        return text
    raise _misfit(text, kind)


def _misfit(text: str, kind: Kind) -> Misfit:
    return Misfit(
        shown(text), expected(kind), mend(text, kind.percent) if "number" in kind.forms else ""
    )


def _no_choice(text: str, kind: Kind) -> Misfit:
    both = {str(words): " ".join(words) for words in kind.options.values()}
    close = nearest(text, both)
    if not close:
        return _misfit(text, kind)
    names = Words("、".join(close), ", ".join(map(repr, close)))
    return Misfit(
        shown(text),
        Words("列表中的一项", "one of the list"),
        Words(f"是否想写：{names.zh}？", f"Did you mean {names.en}?"),
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


# -- structured values ---------------------------------------------------------------------------


def _structure(text: str, kind: Kind) -> Any:
    """Return a mapping or a list; None when the text is neither."""
    found: Any
    only = not kind.forms - {"mapping", "none"}
    if text[:1] in OPEN:
        found = flow_value(text)
        if ("mapping" if isinstance(found, Mapping) else "list") not in kind.forms:
            raise Misfit(shown(text), expected(kind))
    elif (
        "mapping" in kind.forms
        and (named := pairs(text, only, lists=isinstance(kind.hint, type))) is not None
    ):
        found = {name: scalar(value) for name, value in named.items()}
    elif "list" in kind.forms and kind != ANY:
        found = text if kind.hint is not None else listed(text)
    else:
        return None
    return found if kind.hint is None else fit(found, kind.hint, "", kind.percent)


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
            bare = value == clean(value) and scalar(value) == value
        except Misfit:
            bare = False
        if value and bare and not re.search(r"[\[\]{}\"\\;；\n=＝:：、，,]", value):
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
