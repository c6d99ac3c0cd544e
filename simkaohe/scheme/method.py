"""The open family of methods: one class says a method, and it works everywhere.

A new scoring rule (计分方法), coefficient map or combination is one subclass of a family
(:class:`~simkaohe.scheme.rules.Rule`, :class:`~simkaohe.scheme.combine.Combine`, …)::

    class Ratio(Rule):
        method: Literal["ratio"] = "ratio"
        label: ClassVar = Words("比值法", "ratio")
        cap: float = parameter(1.2, "上限", "cap", gt=0, span=(1.0, 1.5))

        @staticmethod
        def formula(value, target, *, full, cap):
            return full * np.minimum(value / target, cap)

Positional arguments of ``formula`` are data, named as the panel's quantities; keyword-only
arguments are parameters, named as the fields. The class is then read from YAML, validated, edited
by path, drawn in a sensitivity analysis and described by its docstring.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from simkaohe.errors import Problem, unknown
from simkaohe.labels import Words
from simkaohe.scheme.problems import quoted, refused, relative_problems


def parameter(
    default: Any, zh: str, en: str, *, span: tuple[float, float] | None = None, **bounds: Any
) -> Any:
    """Declare a field with the words that people read and, for numbers, a sensible range.

    Parameters
    ----------
    default : Any
        ``...`` makes the field required.
    zh, en : str
        What the parameter is called.
    span : (float, float), optional
        The range that sliders and sensitivity analyses start from. The hard check is in ``bounds``.
    **bounds
        ``gt``, ``ge``, ``lt``, ``le``, ``min_length``, … as in pydantic.
    """
    extra: dict[str, Any] = {"zh": zh, "en": en}
    if span is not None:
        extra["span"] = list(span)
    return Field(default, json_schema_extra=extra, **bounds)


Value = TypeVar("Value")


class FrozenDict(dict[str, Value]):
    """A dictionary that cannot be changed: the value of a mapping field of a frozen model."""

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a scheme is frozen: change it with scheme.edit({path: value})")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        value = get_args(source) or (Any,)
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.dict_schema(core_schema.str_schema(), handler(value[0])),
            serialization=core_schema.plain_serializer_function_ser_schema(_plain),
        )


class OrderedDict(FrozenDict[Value]):
    """A frozen dictionary whose order means something: equal only in the same order."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, dict) and list(self.items()) == list(other.items())

    __hash__ = None  # type: ignore[assignment]


def _plain(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value.model_dump(exclude_defaults=True) if isinstance(value, BaseModel) else value
        for key, value in mapping.items()
    }


class Model(BaseModel):
    """A frozen, strict value: unknown fields are errors, infinities and NaN are not numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    chinese: ClassVar[str] = ""
    """What the first sentence of the docstring says, in Chinese, for a table of methods."""

    @model_validator(mode="wrap")
    @classmethod
    def _has_only_known_fields(cls, value: Any, handler: ModelWrapValidatorHandler[Any]) -> Any:
        if not isinstance(value, Mapping):
            return handler(value)
        fields = cls.model_fields
        problems = [
            unknown(str(key), str(key), cls.field_labels(), Words("字段", "field"))
            for key in value
            if key not in fields
        ]
        problems += [
            Problem(key, quoted(entry), Words("数或文字", "a number or text"))
            for key, entry in value.items()
            if isinstance(entry, bool) and key in fields and not cls._is_switch(key)
        ]
        if not problems:
            return handler(value)
        wrong = {problem.where for problem in problems}
        rest = {key: entry for key, entry in value.items() if str(key) not in wrong}
        try:
            handler(rest)
        except ValidationError as error:
            problems += (p for p in relative_problems(error, rest) if p.where not in wrong)
        raise refused(*problems)

    @classmethod
    def _is_switch(cls, field: str) -> bool:
        return cls.model_fields[field].annotation is bool

    @classmethod
    def field_words(cls) -> dict[str, Words]:
        """Return every field with its words in both languages."""
        extras: dict[str, Any] = {n: f.json_schema_extra or {} for n, f in cls.model_fields.items()}
        return {n: Words(extra.get("zh", n), extra.get("en", n)) for n, extra in extras.items()}

    @classmethod
    def field_labels(cls) -> dict[str, str]:
        """Return every field with the words that people read, in their language."""
        return {name: str(words) for name, words in cls.field_words().items()}


class Method(Model):
    """Base of every family of methods.

    Attributes
    ----------
    family : dict of str to class
        On a family's base class: every method by its name.
    label : Words
        What people call the method.
    data : tuple of str
        The data that the formula reads: its positional arguments.
    notation : str
        The formula as text, for people who calculate it by hand; see
        :mod:`simkaohe.scheme.notation`.
    supplied : tuple of str
        Keyword-only arguments that are no fields: facts that the engine supplies (see the family).
    outside_formula : tuple of str
        Fields that the engine reads itself and the formula does not take.
    """

    family: ClassVar[dict[str, type[Method]]]
    may_be_supplied: ClassVar[tuple[str, ...]] = ()
    notation: ClassVar[str] = ""
    outside_formula: ClassVar[tuple[str, ...]] = ()
    label: ClassVar[Words]
    data: ClassVar[tuple[str, ...]]
    supplied: ClassVar[tuple[str, ...]]
    formula: ClassVar[Callable[..., Any]]
    method: str

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if Method in cls.__bases__:
            cls.family = {}
            return
        name = cls.model_fields["method"].default
        if not isinstance(name, str):
            return  # what several methods have in common
        if name in cls.family and cls.family[name].__qualname__ != cls.__qualname__:
            raise TypeError(f"{cls.__name__}: the method name {name!r} is taken")
        signature = inspect.signature(cls.formula).parameters.values()
        cls.data = tuple(p.name for p in signature if p.kind is p.POSITIONAL_OR_KEYWORD)
        keywords = {p.name for p in signature if p.kind is p.KEYWORD_ONLY}
        cls.supplied = tuple(k for k in cls.may_be_supplied if k in keywords)
        fields = set(cls.model_fields) - {"method", *cls.outside_formula}
        if keywords - set(cls.supplied) != fields:
            raise TypeError(
                f"{cls.__name__}.formula takes the parameters {sorted(keywords)}, "
                f"but the fields are {sorted(fields)}"
            )
        cls.family[name] = cls

    @model_validator(mode="wrap")
    @classmethod
    def _choose(cls, value: Any, handler: ModelWrapValidatorHandler[Any]) -> Any:
        if Method not in cls.__bases__ or isinstance(value, cls):
            return handler(value)
        fields = dict(value) if isinstance(value, Mapping) else {"method": value}
        name = fields.get("method")
        if name not in cls.family:
            known = {known: str(method.label) for known, method in cls.family.items()}
            raise refused(unknown("method", str(name), known, Words("计算方法", "method")))
        return cls.family[name].model_validate(fields)

    @model_serializer(mode="wrap")
    def _with_its_name(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {"method": self.method, **handler(self)}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        if Method in cls.__bases__:
            return {"oneOf": [handler(c.__pydantic_core_schema__) for c in cls.family.values()]}
        return handler(core_schema)
