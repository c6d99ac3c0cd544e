"""Changing a scheme by edit paths: ``edit``, ``diff``, ``paths`` and :class:`Scenario` (情景).

An edit path is the one address of everything that can be changed: ``gdp_growth.weight``,
``gdp_growth.weights_by_category.ecology``, ``total.combine.high``, ``units.青山区``. Its first part
is a node's id or a field of the scheme.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import inf
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NamedTuple,
    Union,
    get_args,
    get_origin,
)

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from simkaohe.errors import Problem, SimkaoheError, refuse, unknown
from simkaohe.labels import Words, reader_name
from simkaohe.scheme.method import FrozenDict, Method, Model, parameter

if TYPE_CHECKING:
    from simkaohe.scheme.tree import Scheme


class Slot(NamedTuple):
    """可调项: one thing that can be changed: its value now, its sensible range, its name.

    Attributes
    ----------
    value : Any
    span : (float, float), optional
    label : str
    kinds : frozenset of type
        What it may hold: ``float``, ``int``, ``bool``, ``str``, ``NoneType``, …
    options : tuple of str
        The words to choose from, where there are some.
    bounds : (float, float)
        What a number must lie between.
    """

    value: Any
    span: tuple[float, float] | None
    label: str
    kinds: frozenset[Any] = frozenset()
    options: tuple[str, ...] = ()
    bounds: tuple[float, float] = (-inf, inf)

    @property
    def is_number(self) -> bool:
        """Whether a slider or a draw can change it."""
        return isinstance(self.value, float) or (self.value is None and self.span is not None)


class View(Model):
    """工作台: what a saved workbench compares, and which of its weights stay as they are.

    Parameters
    ----------
    compare : (str, str), default base and current
        ``"base"``, ``"current"`` (the edits without a name) or a scenario's name.
    locked : list of edit path
    keep_sum : bool, default True
        Whether the siblings of a weight that moves make room for it.
    """

    compare: tuple[str, str] = parameter(("base", "current"), "比较", "compare")
    locked: tuple[str, ...] = parameter((), "锁定的权重", "locked weights")
    keep_sum: bool = parameter(True, "合计不变", "keep the sum")


class Scenario(Model):
    """情景: a named set of edits, to be tried on a scheme.

    ``a | b`` stacks two scenarios; where both change the same path, ``b`` wins.

    Parameters
    ----------
    name : str
    name_en, note : str, optional
    edits : mapping of edit path to value
    view : View
        Of the workbench that saved it.

    Attributes
    ----------
    label : str
        The name in the reader's language.
    """

    name: str = parameter(..., "名称", "name", min_length=1)
    name_en: str | None = parameter(None, "英文名称", "name in English")
    note: str | None = parameter(None, "说明", "note")
    edits: FrozenDict[Any] = parameter(FrozenDict(), "改动", "edits")
    view: View = parameter(View(), "工作台", "workbench")

    @property
    def label(self) -> str:
        """Name in the reader's language."""
        return reader_name(self.name, self.name_en)

    def __or__(self, later: Scenario) -> Scenario:
        edits = FrozenDict({**self.edits, **later.edits})
        return Scenario(name=f"{self.name} + {later.name}", edits=edits)


def edited(scheme: Scheme, edits: Mapping[str, Any]) -> Scheme:
    """Return a validated copy of the scheme with the edits made; see :meth:`Scheme.edit`."""
    now, later = dict(edits), {}
    for path in edits:
        if any(path != other and path.startswith(f"{other}.") for other in edits):
            later[path] = now.pop(path)
    values = scheme.model_dump(mode="json", exclude_defaults=True)
    nodes = {values["root"]["id"]: values["root"]}
    for node_id, node in scheme.nodes.items():
        for child in nodes[node_id].get("children", ()):
            nodes[child["id"]] = child
        assert node.id == node_id
    problems: list[Problem] = []
    for path, value in now.items():
        try:
            _set(scheme, values, nodes, path, _plain(value))
        except SimkaoheError as error:
            problems += error.problems
    if problems:
        raise SimkaoheError(*problems)
    changed = type(scheme).read(values)
    vars(changed)["heard_of"] = changed.heard_of | scheme.heard_of
    return edited(changed, later) if later else changed


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_defaults=True)
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value.item() if hasattr(value, "item") else value


def steps_of(path: str) -> list[str]:
    """Split a path; a unit's name may have dots in it."""
    first, _, rest = path.partition(".")
    if first == "units" and rest:
        return [first, rest]
    return path.split(".", 3) if first == "attribution" else path.split(".")


def _start(scheme: Scheme, path: str) -> tuple[Model, list[str]]:
    first, *rest = steps_of(path)
    if first in scheme.nodes:
        if not rest:
            refuse(
                path,
                Words("这是一个指标或分组，不是可以改的一项", "this is a whole node"),
                remedy=Words(
                    f"请写明改哪一项，例如 {first}.weight",
                    f"Name what to change, for example {first}.weight",
                ),
            )
        return scheme.nodes[first], rest
    if first in type(scheme).model_fields:
        return scheme, [first, *rest]
    labels = {name: node.name or name for name, node in scheme.nodes.items()}
    labels |= dict.fromkeys(type(scheme).model_fields, "")
    raise SimkaoheError(unknown(path, first, labels, Words("编号", "id")))


def _set(scheme: Scheme, values: Any, nodes: Mapping[str, Any], path: str, value: Any) -> None:
    found: Any
    found, steps = _start(scheme, path)
    place = values if found is scheme else nodes[path.partition(".")[0]]
    for step in steps[:-1]:
        found = _below(found, step, path)
        inside = isinstance(place, list)
        place = place[int(step)] if inside else place.setdefault(step, _plain(found))
    _below(found, steps[-1], path)
    if isinstance(place, list):
        place[int(steps[-1])] = value
    elif value is None and isinstance(found, Mapping):
        place.pop(steps[-1], None)
    else:
        place[steps[-1]] = value


def _below(found: Any, step: str, path: str) -> Any:
    """Return what is one step further down, or say which names there are."""
    if isinstance(found, Model):
        if step in type(found).model_fields:
            return getattr(found, step)
        known: dict[str, str] = type(found).field_labels()
    elif isinstance(found, FrozenDict):
        if step in found or path.partition(".")[0] != "units":
            return found.get(step)
        known = dict.fromkeys(found, "")
    elif isinstance(found, tuple):
        if step.isdecimal() and int(step) < len(found):
            return found[int(step)]
        known = {str(number): "" for number in range(len(found))}
    else:
        known = {}
    raise SimkaoheError(unknown(path, step, known, Words("项", "entry")))


def value_at(scheme: Scheme, path: str) -> Any:
    """Return what stands at an edit path now.

    Raises
    ------
    SimkaoheError
        When the path does not exist, with the nearest names.
    """
    found: Any
    found, steps = _start(scheme, path)
    for step in steps:
        found = _below(found, step, path)
    return found


def slots(scheme: Scheme) -> dict[str, Slot]:
    """Return every path that holds a single value; see :meth:`Scheme.paths`."""
    found: dict[str, Slot] = {}
    for node_id, node in scheme.nodes.items():
        for path, slot in slots_of(node, skip=("id", "children")):
            found[f"{node_id}.{path}"] = slot._replace(label=f"{node.label} · {slot.label}")
    for path, slot in slots_of(scheme, skip=("root", "units")):
        found[path] = slot
    for unit, category in scheme.units.items():
        found[f"units.{unit}"] = Slot(category, None, unit)
    return found


def slots_of(model: Model, skip: tuple[str, ...] = ()) -> Iterator[tuple[str, Slot]]:
    labels = type(model).field_labels()
    for name, field in type(model).model_fields.items():
        if name in skip:
            continue
        value = getattr(model, name)
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        ends: Any = extra.get("span")
        span = tuple(ends) if ends else None
        below: Mapping[Any, Any] = {}
        if isinstance(value, Mapping):
            below = value
        elif isinstance(value, tuple):
            below = dict(enumerate(value))
        elif isinstance(value, Model):
            below = {None: value}
        else:
            yield name, Slot(value, span, labels[name], *_holds(field.annotation, field.metadata))
        for key, entry in below.items():
            path = name if key is None else f"{name}.{key}"
            if isinstance(entry, Model):
                names = getattr(entry, "name", None), getattr(entry, "name_en", None)
                about = getattr(entry, "about", key)
                title = labels[name] if key is None else reader_name(*names, str(about))
                for inner, slot in slots_of(entry):
                    yield f"{path}.{inner}", slot._replace(label=f"{title} · {slot.label}")
            else:
                label = labels[name] if key == "" else f"{labels[name]} · {key}"
                yield path, Slot(entry, span, label, *_holds(field.annotation, (), inside=True))


def _holds(
    annotation: Any, limits: Iterable[Any], *, inside: bool = False
) -> tuple[frozenset[Any], tuple[str, ...], tuple[float, float]]:
    """Return kinds, options and bounds of a field, or of the entries inside it."""
    kinds: set[Any] = set()
    options: list[str] = []
    low, high = -inf, inf
    waiting, limits = [(annotation, inside)], [*limits]
    while waiting:
        kind, within = waiting.pop()
        origin, parts = get_origin(kind), get_args(kind)
        if origin is Annotated:
            waiting.append((parts[0], within))
            fields = [part for part in parts[1:] if isinstance(part, FieldInfo)]
            limits += [limit for part in fields for limit in part.metadata]
        elif origin in (Union, UnionType):
            waiting += [(part, within) for part in parts]
        elif origin is Literal:
            options += parts
        elif isinstance(origin, type) and issubclass(origin, Mapping | tuple):
            waiting += [(parts[0], False)] if within else []
        else:
            kinds.add(kind)
    for limit in limits:
        low = max(low, *(getattr(limit, end, -inf) for end in ("ge", "gt")))
        high = min(high, *(getattr(limit, end, inf) for end in ("le", "lt")))
    return frozenset(kinds), tuple(options), (low, high)


def difference(old: Scheme, new: Scheme) -> dict[str, Any]:
    """Return the edits that lead from one scheme to another; see :meth:`Scheme.diff`."""
    edits = dict(_changes("", old, new, skip=("root",)))
    if old.root.id != new.root.id:
        return edits | {"root": _plain(new.root)}
    same = [old.root.id]
    while same:
        before, after = old.nodes[same[0]], new.nodes[same.pop(0)]
        edits |= _changes(f"{before.id}.", before, after, skip=("id", "children"))
        mine, theirs = getattr(before, "children", ()), getattr(after, "children", ())
        kinds = [[(child.id, type(child)) for child in side] for side in (mine, theirs)]
        if kinds[0] == kinds[1]:
            same += [child.id for child in mine]
        else:
            edits[f"{before.id}.children"] = [_plain(child) for child in theirs]
    return edits


def _changes(
    prefix: str, old: Any, new: Any, skip: tuple[str, ...] = ()
) -> Iterator[tuple[str, Any]]:
    for name in type(new).model_fields:
        before, after = getattr(old, name), getattr(new, name)
        if name in skip or before == after:
            continue
        path = f"{prefix}{name}"
        if isinstance(before, Model) and type(before) is type(after):
            yield from _changes(f"{path}.", before, after)
        elif (
            isinstance(before, Mapping)
            and isinstance(after, Mapping)
            and _by_key(name, before, after)
        ):
            for key in [*after, *(key for key in before if key not in after)]:
                old_entry, new_entry = before.get(key), after.get(key)
                if isinstance(old_entry, Model) and type(old_entry) is type(new_entry):
                    yield from _changes(f"{path}.{key}.", old_entry, new_entry)
                elif old_entry != new_entry:
                    yield f"{path}.{key}", _plain(new_entry)
        else:
            yield path, _plain(after)


def _by_key(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a mapping changes key by key: never units that come or go, nor their order."""
    if name == "units" or name == "categories":
        return list(before) == list(after)
    return list(after) == [key for key in before if key in after] + [
        k for k in after if k not in before
    ]


__all__ = ["Method", "Scenario", "Slot", "difference", "edited", "slots", "value_at"]
