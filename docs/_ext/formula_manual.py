"""The formula manual (公式手册), made of what the methods say of themselves: nothing is written twice.

For every method of every family: its names, its docstring (formula, edge cases, sources), its fields
with words, default, bounds and usual range, how a scheme file asks for it, and a number worked out by
the formula itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpydoc.docscrape import NumpyDocString

from simkaohe.files.text import to_yaml
from simkaohe.labels import Words, use_language
from simkaohe.panel import QUANTITIES
from simkaohe.scheme.adjust import Adjustment, Bonus, Limit, Points
from simkaohe.scheme.coefficient import CoefficientMap
from simkaohe.scheme.combine import Combine, Multiplier
from simkaohe.scheme.corrections import Difficulty, Periods, Transfer
from simkaohe.scheme.measure import Measure
from simkaohe.scheme.method import Method
from simkaohe.scheme.notation import Facts, Line, notation
from simkaohe.scheme.rules import Rule
from simkaohe.scheme.uses import Use

FAMILIES: dict[str, tuple[Words, str, type[Method] | tuple[type[Any], ...]]] = {
    "rules": (Words("计分方法", "Scoring rules"), "rule", Rule),
    "measures": (Words("计算口径", "Measures"), "measure", Measure),
    "combinations": (Words("合成方法", "Combinations"), "combine", Combine),
    "maps": (Words("系数换算", "Coefficient maps"), "map", CoefficientMap),
    "adjustments": (Words("加减分与一票否决", "Adjustments"), "adjustments", Adjustment),
    "further": (
        Words("难度、时期、限额、归属", "Difficulty, periods, limits, attribution"),
        "",
        (Difficulty, Periods, Limit, Transfer),
    ),
    "uses": (Words("结果运用", "Uses of results"), "uses", Use),
}
"""Each page: its title, the field of a scheme that asks for it, and the family."""
NEEDED: dict[str, dict[str, Any]] = {
    "completion_steps": {"ratios": [0.6, 0.8, 1.0], "points": [60, 80, 100]},
    "efficacy_bands": {"standards": [2, 4, 6, 8, 10]},
    "rank_table": {"points": [100, 92, 86], "step": 4},
    "tiers": {"thresholds": [60, 80, 90], "points": [50, 70, 85, 100]},
    "answers": {"points": {"满意": 100, "基本满意": 75, "不满意": 55}},
    "multiplier": {"base": "development"},
    "veto": {"effects": ["not_top"]},
    "pay_by_rank": {"amounts": [50, 30, 10]},
    "pay_by_grade": {"amounts": {"优秀": 60, "良好": 30}},
    "pot_by_grade": {"pot": 1000, "ratios": {"优秀": 1.2, "良好": 1.0}},
    "proportional": {"pot": 1000},
    "individual_quota": {"shares": {"优秀": 0.2, "良好": 0.15}},
    "Periods": {"earlier": {"half_year": 30}, "current": 70},
    "Transfer": {"source": "高新区", "to": {"青山区": 0.5}},
}
"""Values for the fields that have no default."""
DATA = {
    "value": [96.0, 105.0, 72.0],
    "target": [100.0, 100.0, 80.0],
    "previous": [90.0, 98.0, 75.0],
    "baseline": [95.0, 110.0, 70.0],
    "cumulative": [300.0, 310.0, 250.0],
    "cumulative_target": [290.0, 320.0, 260.0],
    "deducted": [0.0, 5.0, 0.0],
    "risk": [np.nan, 0.2, np.nan],
    "actual": [96.0, 105.0, 72.0],
    "population": [40.0, 60.0, 30.0],
    "predecessor": [93.0, 99.0, 74.0],
    "sample_size": [400.0, 350.0, 120.0],
    "score": [80.0, 92.0, 88.0],
    "ratings": [[80.0, 90.0, 70.0], [85.0, 95.0, 88.0], [60.0, 85.0, 90.0], [90.0, 100.0, 75.0]],
    "answers": [[60.0, 70.0, 50.0], [30.0, 20.0, 25.0], [10.0, 10.0, 25.0]],
}
"""Three units; the first is the one that is worked out."""
UNIT = 0
BAND = {"low": 0.9, "high": 1.1}


def pages() -> dict[str, str]:
    """Return the pages of the manual, by file name, as reStructuredText."""
    found = {"index.rst": _index()}
    for name, (title, field, family) in FAMILIES.items():
        methods = family if isinstance(family, tuple) else tuple(family.family.values())
        head = _heading(f"{title.zh} · {title.en}", "=")
        intro = "" if isinstance(family, tuple) else inspect.getdoc(family) or ""
        summary = NumpyDocString(intro)["Summary"] if intro else []
        parts = [head, "\n".join(summary)]
        parts += [_method(method, field) for method in methods]
        found[f"{name}.rst"] = "\n\n".join(parts) + "\n"
    return found


def _index() -> str:
    names = "\n".join(f"   {name}" for name in FAMILIES)
    said = (
        "公式手册由程序中各方法自己的说明生成，与计算所用的是同一份。算例由公式本身算出。\n\n"
        "This manual is made of what the methods in the program say of themselves, and the examples"
        " are worked out by the formulas that the engine uses."
    )
    return f"{_heading('公式手册 · Formula manual', '=')}\n\n{said}\n\n.. toctree::\n\n{names}\n"


def _heading(text: str, mark: str) -> str:
    return f"{text}\n{mark * (2 * len(text))}"


def _method(method: type[Any], field: str) -> str:
    doc = NumpyDocString(_own_doc(method))
    label = getattr(method, "label", None)
    summary = " ".join(doc["Summary"])
    title = f"{label.zh} · {label.en}" if label else summary.partition(":")[0]
    name = method.model_fields["method"].default if field else method.__name__
    target = f".. _{(field or 'model')}-{str(name).replace('_', '-')}:"
    parts = [target, _heading(title, "-"), summary, "\n".join(doc["Extended Summary"])]
    parts += [_fields(method, doc), _data(method), "\n".join(doc["Notes"])]
    parts += [_yaml(method, field), _worked(method)]
    if doc["Examples"]:
        parts += ["**用 Python 验算 · Checked in Python**", "\n".join(doc["Examples"])]
    if doc["References"]:
        parts += ["**出处 · Sources**", _sources(doc["References"])]
    return "\n\n".join(part for part in parts if part.strip())


def _own_doc(method: type[Any]) -> str:
    return inspect.cleandoc(method.__doc__ or "")


def _fields(method: type[Any], doc: NumpyDocString) -> str:
    """Return a table of the fields: words, default, bounds, usual range, and what they mean."""
    told = {}
    for parameter in doc["Parameters"]:
        for each in parameter.name.split(","):
            told[each.strip()] = " ".join(parameter.desc)
    outside = {"name", "name_en", "note", "on", "unit", "within", "requires"}
    rows = []
    for name, field in method.model_fields.items():
        if name == "method" or (name in outside and name not in told):
            continue
        words, extra = method.field_words()[name], field.json_schema_extra or {}
        default = "必填 · required" if field.is_required() else _shown(field.default)
        limits = ", ".join(
            f"{sign} {getattr(each, key):g}"
            for each in field.metadata
            for key, sign in (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤"))
            if isinstance(getattr(each, key, None), int | float)
        )
        span = " – ".join(f"{end:g}" for end in extra.get("span", ()))
        meaning = told.get(name, "").replace("|", "\\|")
        rows.append((f"``{name}``", f"{words.zh} · {words.en}", default, limits, span, meaning))
    if not rows:
        return ""
    heads = ("字段 field", "名称 name", "默认 default", "限制 bounds", "常用 usual", "含义 meaning")
    return _table((heads, *rows))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "是 · yes" if value else "否 · no"
    if isinstance(value, Method):
        return f"``{value.method}``"
    if value is None or value in ((), {}):
        return "–"
    return f"``{value}``"


def _table(rows: tuple[tuple[str, ...], ...]) -> str:
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in rows:
        for number, cell in enumerate(row):
            mark = "   * - " if number == 0 else "     - "
            lines.append(f"{mark}{cell}".rstrip())
    return "\n".join(lines)


def _data(method: type[Any]) -> str:
    names = [name for name in getattr(method, "data", ()) if name in QUANTITIES]
    if not names:
        return ""
    words = "、".join(f"{QUANTITIES[name].zh} (``{name}``)" for name in names)
    return f"读取的数据 · data read: {words}"


def _yaml(method: type[Any], field: str) -> str:
    """Return how a scheme file asks for the method."""
    model = _filled(method)
    values = model.model_dump(mode="json", exclude_defaults=True)
    if not field:
        named = {"Difficulty": "difficulty", "Periods": "periods"}.get(method.__name__)
        path = {
            "Limit": {"limits": {"total": values}},
            "Transfer": {"attribution": {"zone": values}},
        }
        shown = {named: values} if named else path[method.__name__]
    elif field in ("adjustments", "uses"):
        shown = {field: {"an_id": values}}
    elif field == "map":
        shown = {"combine": {"method": "multiplier", "base": "development", "map": values}}
    else:
        shown = {field: values}
    code = to_yaml(shown).rstrip()
    lines = "\n".join(f"   {line}" for line in code.splitlines())
    return f"**在方案里 · In a scheme**\n\n.. code-block:: yaml\n\n{lines}"


def _filled(method: type[Any]) -> Any:
    field = method.model_fields.get("method")
    name = field.default if field and isinstance(field.default, str) else method.__name__
    return method(**NEEDED.get(str(name), NEEDED.get(method.__name__, {})))


def _worked(method: type[Any]) -> str:
    """Return a number worked out by the method's own formula, in both languages."""
    text = getattr(method, "notation", "")
    if not text or (issubclass(method, Points) and method is not Bonus):
        return ""
    facts, expected = _example(method)
    parts = ["**算例 · Worked example**"]
    for language in ("zh", "en"):
        use_language(language)  # type: ignore[arg-type]
        lines = notation(text).read(facts)
        assert np.isclose(lines[-1].value, expected, equal_nan=True), (method, lines, expected)
        parts.append(_calculation(lines))
    use_language("zh")
    return "\n\n".join(parts)


def _calculation(lines: tuple[Line, ...]) -> str:
    rows = []
    for line in lines:
        listed = isinstance(line.value, tuple) or np.ndim(line.value)
        gives = "" if listed else f" = {line.value:.6g}"
        gives = "" if gives.removeprefix(" = ") == line.numbers else gives
        numbers = "" if line.numbers == line.general else f" = {_literal(line.numbers)}"
        short = len(line.general) + len(line.numbers) < 40
        whole = f"| {_literal(str(line.name))} = {_literal(line.general)}"
        rows.append(f"{whole}{numbers}{gives}" if short else whole)
        if not short:
            rows.append(f"|    = {_literal(line.numbers)}{gives}")
        rows += [f"|    ({_literal(each)})" for each in line.because]
    return "\n".join(rows)


def _literal(text: str) -> str:
    for mark in ("\\", "|", "*", "`", "_"):
        text = text.replace(mark, f"\\{mark}")
    return text


def _example(method: type[Any]) -> tuple[Facts, float]:
    """Return what the worked example starts from, and what the formula makes of it."""
    model = _filled(method)
    own = {name: getattr(model, name) for name in method.model_fields}
    own = {n: np.array(list(v.values())) if isinstance(v, dict) else v for n, v in own.items()}
    words = {**QUANTITIES, **method.field_words()}
    if issubclass(method, Combine):
        return _combined(method, own, words)
    if method in (Bonus, Limit, Difficulty, Periods):
        return _adjusted(method, own, words)
    columns = {name: np.array(DATA[name]) for name in method.data}
    if method.__name__ in ("EfficacyBands", "Deduction"):
        columns["value"] = np.array([3.0, 7.3, 9.0])
    if method.__name__ == "Band":
        columns["value"] = np.array([0.0, 0.4, 2.0])
    given = {n: v for n, v in own.items() if n not in ("method", *method.outside_formula)}
    given = {n: v[:, None] if isinstance(v, np.ndarray) else v for n, v in given.items()}
    extra: dict[str, Any] = {"sign": 1} if "sign" in method.supplied else {}
    extra |= {name: value for name, value in BAND.items() if name in method.supplied}
    expected = method.formula(*columns.values(), **given, **extra)
    mine = {name: column[..., UNIT] for name, column in columns.items()}
    mine = {n: v if np.ndim(v) else float(v) for n, v in mine.items()}
    return Facts({**own, **BAND, "sign": 1, **mine} | own, columns, UNIT, words).but(
        **mine, **extra
    ), float(expected[UNIT])


def _combined(method: type[Any], own: dict[str, Any], words: Any) -> tuple[Facts, float]:
    x, w = np.array([88.0, 95.0, 76.0]), np.array([60.0, 25.0, 15.0])
    if method is Multiplier:
        facts = Facts(
            {"base_score": x[:1], "base_weight": w[:1], "coefficient": x[1:] / 100,
             "added_score": x[:0], "added_weight": w[:0]}, words=words,
        )  # fmt: skip
        return facts, float(x[0] * x[1] / 100 * x[2] / 100)
    given = {name: value for name, value in own.items() if name != "method"}
    expected = method.formula(x[:, None, None], w[:, None, None], **given)[0, 0]
    return Facts({**given, "score": x, "weight": w}, words=words), float(expected)


def _adjusted(method: type[Any], own: dict[str, Any], words: Any) -> tuple[Facts, float]:
    if method is Bonus:
        counts, points = np.array([1.0, 3.0]), np.array([2.0, 0.5])
        facts = {"counts": counts, "repeats": 0 * counts, "points": points, "caps": None}
        facts |= {"cap": 3.0, "further": 1.0, "same": 0.0}
        return Facts(facts, words=words), 3.0
    if method is Limit:
        facts = own | {"score": 86.0, "gained": 4.0, "deducted_points": 1.0, "bonus": 3.0}
        return Facts(facts, words=words), 88.0
    if method is Difficulty:
        return Facts(own | {"score": 85.0, "coefficient": 1.1}, words=words), 85 * 1.1
    scores, weights = np.array([82.0, 90.0]), np.array([70.0, 30.0])
    return Facts(own | {"score": scores, "weight": weights}, words=words), 84.4


def _sources(lines: list[str]) -> str:
    """Return references as a list: footnotes of many methods share one page."""
    text = inspect.cleandoc("\n".join(lines))
    items: list[str] = []
    for line in text.splitlines():
        if line.startswith("["):
            items.append(line.partition("]")[2].strip())
        elif items:
            items[-1] += f" {line.strip()}"
    return "\n".join(f"* {item}" for item in items)


def _all() -> Iterator[type[Any]]:
    for _, _, family in FAMILIES.values():
        yield from family if isinstance(family, tuple) else family.family.values()


def write(app: Any, _: Any) -> None:
    """Write the pages before Sphinx reads them; those that have not changed stay as they are."""
    folder = Path(app.srcdir) / "formulas"
    folder.mkdir(exist_ok=True)
    for name, text in pages().items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Make the manual before the pages are read."""
    app.connect("config-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
