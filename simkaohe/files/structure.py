"""Lists and mappings in cells (结构化取值): what people write for them, fitted to what a field takes.

``cap=3；points={国家：2，省：1}`` says what ``cap=3; points={"国家": 2, "省": 1}`` says.
"""

from __future__ import annotations

import json
import math
import re
import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from simkaohe.files.numerals import Misfit, as_text, key, shown, to_number
from simkaohe.files.words import choice, literal_words, method_words
from simkaohe.labels import Words
from simkaohe.scheme.method import FrozenDict, Method, Model, OrderedDict

YES, NO = ("是", "yes", "true", "√", "✓"), ("否", "no", "false", "×")
NAME = r"[^=＝:：{}｛｝\[\]［］\"'“”\s;；,，、]+"
PAIR = re.compile(rf"\s*({NAME})\s*[=＝](.*)", re.DOTALL)
LOOSE_PAIR = re.compile(rf"\s*({NAME})\s*[=＝:：](.*)", re.DOTALL)
"""As people write it where nothing but pairs can stand."""
NEXT = re.compile(rf"[,，、]\s*(?={NAME}\s*[=＝])")
MAPS = (FrozenDict, OrderedDict)
OPEN, CLOSE = "[{［｛", "]}］｝"
QUOTES = {'"': '"', "“": "”", "”": "”", "「": "」", "『": "』"}
BRACKETS = Words("括号和引号成对的内容", "matching brackets and quotation marks")


def meaning_of_percent(name: str, info: FieldInfo | None = None) -> str:
    """Return what 35% means in a field: 35 of a weight, 0.35 of a share or ratio, else a problem."""
    if "weight" in name:
        return "points"
    bounds, span = [], None
    if info is not None:
        extra: Any = info.json_schema_extra or {}
        span = extra.get("span")
        bounds = [getattr(b, "le", None) or getattr(b, "lt", None) for b in info.metadata]
    share = any(bound is not None and bound <= 1 for bound in bounds)
    share |= span is not None and span[1] <= 1.5
    return "share" if share or re.search("share|ratio|coefficient", name) else "refuse"


# -- from text to pieces ---------------------------------------------------------------------------


def pieces(text: str) -> list[str]:
    """Split at semicolons and line ends that are not inside brackets or quotation marks.

    A comma separates too where the next ``name=`` follows.
    """
    found, depth, quote, start, skip = [], 0, "", 0, False
    for at, letter in enumerate(text):
        if skip:
            skip = False
        elif quote:
            skip = letter == "\\" and quote == '"'
            quote = "" if letter == quote else quote
        elif letter in QUOTES:
            quote = QUOTES[letter]
        elif letter in OPEN:
            depth += 1
        elif letter in CLOSE:
            depth -= 1
        elif depth <= 0 and (letter in ";；\n" or NEXT.match(text, at)):
            found.append(text[start:at])
            start = at + 1
    return [piece for piece in [*found, text[start:]] if piece.strip()]


def pairs(text: str, loose: bool = False, lists: bool = False) -> dict[str, str] | None:
    """Return the names with the text behind their equals signs; None when these are no pairs.

    With ``lists`` a piece without a name goes on with the one before: ``points=60; 80; step=2``.
    """
    found: dict[str, str] = {}
    pattern = LOOSE_PAIR if loose else PAIR
    parts = pieces(text)
    if loose and not lists and not all(pattern.match(part) for part in parts):
        parts = [each for part in parts for each in re.split("[,，、]", part)]
    for part in parts:
        match = pattern.match(part)
        if match is None and not (lists and found):
            return None
        if match is None:
            found[next(reversed(found))] += f"; {part.strip()}"
            continue
        if match[1] in found:
            raise Misfit(
                Words(f"“{match[1]}”写了两次", f"{match[1]!r} twice"),
                Words("每项写一次", "each of them once"),
            )
        found[match[1]] = match[2].strip()
    return found or None


def scalar(text: str) -> Any:
    """Return a number, a word, a switch or JSON that stands alone."""
    if text[:1] in OPEN:
        return flow_value(text)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        if len(text) > 1 and text[0] in QUOTES and text[-1] == QUOTES[text[0]]:
            return text[1:-1]
        if not re.search("[,，%％﹪]", text) and (number := to_number(text)) is not None:
            return number
        return {"是": True, "否": False}.get(text, text)
    return text if isinstance(value, float) and not math.isfinite(value) else value


def flow_value(text: str) -> Any:
    """Return what brackets hold: JSON, or the same as people type it.

    Raises
    ------
    Misfit
        Where brackets or quotation marks do not match.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        value, end = _value(text, 0, 0)
    except (IndexError, RecursionError) as error:
        raise Misfit(shown(text), BRACKETS) from error
    if text[end:].strip():
        raise Misfit(shown(text), BRACKETS)
    return value


def _value(text: str, at: int, depth: int) -> tuple[Any, int]:
    at = _skip(text, at)
    if text[at] in "[［":
        return _list(text, at + 1, depth)
    if text[at] in "{｛":
        return _mapping(text, at + 1, depth)
    word, end = _word(text, at, ",，、;；]］}｝" + "\n")
    return word, end


def _list(text: str, at: int, depth: int) -> tuple[list[Any], int]:
    if depth > 50:
        raise IndexError
    found: list[Any] = []
    while text[at := _skip(text, at)] not in "]］":
        value, at = _value(text, at, depth + 1)
        found.append(value)
        at = _skip(text, at)
        if text[at] in ",，、;；":
            at += 1
        elif text[at] not in "]］":
            raise IndexError
    return found, at + 1


def _mapping(text: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
    if depth > 50:
        raise IndexError
    found: dict[str, Any] = {}
    while text[at := _skip(text, at)] not in "}｝":
        name, at = _word(text, at, ":：=＝,，、;；]］}｝" + "\n", plain=True)
        at = _skip(text, at)
        if text[at] not in ":：=＝" or str(name) in found:
            raise IndexError
        found[str(name)], at = _value(text, at + 1, depth + 1)
        at = _skip(text, at)
        if text[at] in ",，、;；":
            at += 1
        elif text[at] not in "}｝":
            raise IndexError
    return found, at + 1


def _skip(text: str, at: int) -> int:
    while text[at].isspace():
        at += 1
    return at


def _word(text: str, at: int, ends: str, plain: bool = False) -> tuple[Any, int]:
    if text[at] in QUOTES or text[at] == "'":
        close = QUOTES.get(text[at], "'")
        end = at + 1
        while text[end] != close:
            end += 2 if text[end] == "\\" and close == '"' else 1
        inside = text[at : end + 1]
        return (scalar(inside) if close == '"' else inside[1:-1]), end + 1
    end = at
    while text[end] not in ends:
        if text[end] in OPEN:
            raise IndexError
        end += 1
    word = text[at:end].strip()
    if not word:
        raise IndexError
    return (word if plain else scalar(word)), end


# -- from pieces to what the field takes ----------------------------------------------------------


def inner(annotation: Any) -> Any:
    """Return a field's type without None, ``Annotated`` and the like."""
    while True:
        arguments = [each for each in get_args(annotation) if each is not type(None)]
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in (Union, types.UnionType) and len(arguments) == 1:
            annotation = arguments[0]
        else:
            return annotation


def fit(value: Any, annotation: Any, name: str = "", percent: str = "refuse") -> Any:
    """Return a value as a field takes it; what the field takes already stays as it is.

    Raises
    ------
    Misfit
        For a percentage that is neither a weight nor a share, and commas that may be either.
    """
    kind = inner(annotation)
    origin = get_origin(kind)
    if value is None or kind is Any:
        return value
    if origin in (Union, types.UnionType):
        arms = [arm for arm in get_args(kind) if arm is not type(None)]
        maps = isinstance(value, Mapping)
        arms = [arm for arm in arms if (get_origin(inner(arm)) in MAPS) == maps]
        return fit(value, arms[0], name, percent) if len(arms) == 1 else value
    if origin is Literal:
        options = {str(each): literal_words(name, str(each)) for each in get_args(kind)}
        return (isinstance(value, str) and choice(value, options)) or value
    if origin is tuple:
        return [fit(each, get_args(kind)[0], name, percent) for each in _listed(value, kind)]
    if origin in MAPS:
        if isinstance(value, Mapping):
            inside = get_args(kind)[0]
            return {each: fit(entry, inside, name, percent) for each, entry in value.items()}
        return value
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return fit_model(value, kind)
    if kind is str and isinstance(value, int | float) and not isinstance(value, bool):
        return as_text(float(value)) if abs(value) < 1e16 else value
    if kind in (float, int) and isinstance(value, str):
        number = to_number(value, percent)
        return value if number is None else int(number) if number.is_integer() else number
    if kind is bool and isinstance(value, str) and value.lower() in (*YES, *NO):
        return value.lower() in YES
    return value


def _listed(value: Any, annotation: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    if not isinstance(value, str):
        return [value]
    inside = inner(get_args(annotation)[0])
    if isinstance(inside, type) and issubclass(inside, BaseModel):
        found = pairs(value)
        return [value] if found is None else [{n: scalar(v) for n, v in found.items()}]
    if inside in (float, int) and re.search(r"\d[,，]\d{3}(?!\d)", value):
        raise Misfit(
            shown(value),
            Words("一看就明白的一列数", "a list of numbers that cannot be misread"),
            Words("请用分号和方括号，例如 [5; 6]", "Use semicolons and brackets, e.g. [5; 6]"),
        )
    return listed(value)


def listed(text: str) -> list[Any]:
    """Return what stands between semicolons, commas or line ends."""
    parts: list[str] = []
    for piece in pieces(text):
        whole = any(letter in QUOTES or letter in OPEN for letter in piece)
        parts += [piece] if whole else re.split("[、，,]", piece)
    return [scalar(part.strip()) for part in parts if part.strip()]


def fit_model(value: Any, model: type[BaseModel], method: str | None = None) -> Any:
    """Return the fields of a model as it takes them; names of fields may be words."""
    family = issubclass(model, Method) and Method in model.__bases__
    if family and isinstance(value, str):
        return choice(value, method_words(model)) or value
    if not isinstance(value, Mapping):
        return value
    if family:
        stated = str(value.get("method", method or ""))
        chosen = choice(stated, method_words(model)) or stated
        model = model.family.get(chosen, model)  # type: ignore[attr-defined]
        if "method" in value:
            value = {**value, "method": chosen}
    names = field_names(model)
    found: dict[str, Any] = {}
    for stated, entry in value.items():
        name = stated if stated in model.model_fields else names.get(key(stated), stated)
        if name in found:
            raise Misfit(
                Words(f"“{name}”写了两次", f"{name!r} twice"),
                Words("每项写一次", "each of them once"),
            )
        info = model.model_fields.get(name)
        if info is not None and name != "method":
            entry = fit(entry, info.annotation, name, meaning_of_percent(name, info))
        found[name] = entry
    return found


def field_names(model: type[BaseModel]) -> dict[str, str]:
    """Return the fields that a word in either language, or the field's own name, stands for."""
    found: dict[str, set[str]] = {}
    words = model.field_words() if issubclass(model, Model) else {}
    for name in model.model_fields:
        for text in (name, *words.get(name, ())):
            found.setdefault(key(text), set()).add(name)
    return {word: names.pop() for word, names in found.items() if len(names) == 1}
