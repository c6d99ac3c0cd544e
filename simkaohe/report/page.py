"""The report as one HTML file (网页报告): no scripts, no network, made to be printed on A4."""

from __future__ import annotations

import base64
import functools
import warnings
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from simkaohe.labels import Words, column_label, language
from simkaohe.report.contents import (
    ALONE,
    Contents,
    Tried,
    arrow,
    base_name,
    depth_of,
    shifts_in_words,
    use_label,
)
from simkaohe.report.words import (
    amount,
    method_label,
    number,
    parameter_words,
    provisions,
    reading_words,
    steps,
)
from simkaohe.scheme.tree import Indicator

DRAWN = 60
"""Units that a picture has room for on a page."""


def render(contents: Contents) -> str:
    """Return the report as HTML."""
    room = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    room.filters["arrow"] = arrow
    return room.get_template("page.html.j2").render(
        c=contents,
        scheme=contents.scheme,
        w=_words,
        label=column_label,
        lang="zh-CN" if language() == "zh" else "en",
        base=base_name(),
        picture=_pictures(contents),
        ranking=_ranking(contents),
        tried=[_tried(contents, tried) for tried in contents.tried],
        explained=[_explained(contents, unit) for unit in contents.explained],
        steps=steps(contents.scheme, contents.panel),
        provisions=provisions(contents.scheme),
        tree=list(_tree(contents)),
        drawn=len(contents.result.ranking) <= DRAWN,
        DRAWN=DRAWN,
        ALONE=ALONE,
    )


def _words(zh: str, en: str) -> str:
    return str(Words(zh, en))


def _place(rank: Any) -> str:
    return "–" if pd.isna(rank) else str(int(rank))


def _pictures(contents: Contents) -> Callable[..., str]:
    """Return what draws a picture of ``simkaohe.plots`` as an address that holds it whole."""
    from simkaohe import plots

    @functools.cache
    def picture(kind: str, which: int = 0) -> str:
        import matplotlib as mpl
        from matplotlib.figure import Figure

        look: Any = {"svg.hashsalt": "simkaohe", "svg.fonttype": "path"}
        with warnings.catch_warnings(), mpl.rc_context(look):
            warnings.filterwarnings("ignore", message="Glyph .* missing")  # the table has the name
            shown = contents.result if kind == "ranking" else contents.tried[which].comparison
            figure, stream = getattr(plots, kind)(shown).figure, BytesIO()
            assert isinstance(figure, Figure)
            figure.savefig(stream, format="svg", bbox_inches="tight", metadata={"Date": None})
        _forget(figure)
        return f"data:image/svg+xml;base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"

    return picture


def _forget(figure: Any) -> None:
    import matplotlib.pyplot as plt

    plt.close(figure)


def _category(contents: Contents, category: Any) -> str:
    return contents.scheme.category_label(category)


def _ranking(contents: Contents) -> dict[str, Any]:
    """Return the ranking as headings and rows of text; numbers stand to the right."""
    scheme, ranking, papers = contents.scheme, contents.result.ranking, contents.papers
    head = [("rank", column_label("rank")), ("", column_label("unit"))]
    if scheme.categories:
        head += [("", column_label("category")), ("n", column_label("category_rank"))]
    head += [("n", str(label)) for label in papers]
    head += [("n strong", column_label("total"))]
    head += [("grade", column_label("grade"))] if scheme.grades else []
    head += [("n", use_label(scheme, use)) for use in contents.uses]
    rows = []
    for unit, row in ranking.iterrows():
        cells = [_place(row["rank"]), str(unit)]
        if scheme.categories:
            cells += [_category(contents, row["category"]), _place(row["category_rank"])]
        cells += [number(x, 2) for x in papers.loc[str(unit)]]
        cells += [number(row["total"], contents.digits)]
        cells += [contents.grade(row["grade"])] if scheme.grades else []
        cells += [amount(x) for x in contents.uses.loc[str(unit)]]
        rows.append(cells)
    return {"head": head, "rows": rows}


def _tried(contents: Contents, tried: Tried) -> dict[str, Any]:
    """Return what the page says about a scenario."""
    scheme, table = contents.scheme, tried.table
    graded = scheme.grades is not None or tried.scheme.grades is not None
    rows = []
    for unit, row in table.iterrows():
        rows.append(
            {
                "unit": unit,
                "category": tried.scheme.category_label(row["category"]),
                "total_before": number(row["total_before"], contents.digits),
                "total": number(row["total"], contents.digits),
                "rank_before": _place(row["rank_before"]),
                "rank": _place(row["rank"]),
                "shift": row["shift"],
                "category_rank_before": _place(row["category_rank_before"]),
                "category_rank": _place(row["category_rank"]),
                "category_shift": row["category_shift"],
                "grade_before": contents.grade(row["grade_before"]),
                "grade": _grade(tried, row["grade"]),
                "uses": [_change(x) for x in tried.uses.loc[str(unit)]],
            }
        )
    return {
        "tried": tried,
        "name": tried.name,
        "note": tried.scenario.note,
        "told": contents.told(tried),
        "edits": [_edit(edit, n) for n, edit in enumerate(tried.edits, 1)],
        "alone": any(edit.shift is not None or edit.refused for edit in tried.edits),
        "matrix": _matrix(tried),
        "interplay": shifts_in_words(tried.interplay),
        "rows": rows,
        "graded": graded,
        "categories": bool(tried.scheme.categories),
        "uses": [use_label(tried.scheme, use) for use in tried.uses],
        "regraded": [row for row in rows if row["unit"] in set(tried.regraded.index)],
        # The picture has no line for a unit without a rank; the table has them all.
        "drawn": len(table) <= DRAWN,
        "statistics": list(_statistics(contents, tried)),
    }


def _grade(tried: Tried, grade: Any) -> str:
    from simkaohe.report.words import grade_label

    return grade_label(tried.scheme, grade)


def _change(value: Any) -> str:
    text = amount(value)
    return "–" if text == "0" else text if value < 0 else f"+{text}"


def _edit(edit: Any, place: int) -> dict[str, Any]:
    told = edit.refused or ("" if edit.shift is None else shifts_in_words(edit.shift))
    return {"number": place, "edit": edit, "told": told}


def _matrix(tried: Tried) -> dict[str, Any] | None:
    """Return places by unit and edit, the interplay and the whole; None where it says nothing."""
    alone = [edit.shift for edit in tried.edits]
    known = [shift for shift in alone if shift is not None]
    if not 2 <= len(alone) <= 8 or not known:
        return None
    whole = tried.comparison.shifts[tried.name]
    units = [
        unit
        for unit in tried.table.index
        if any(shift[unit] != 0 for shift in (*known, whole) if not pd.isna(shift[unit]))
    ]
    rows = []
    for unit in units[:30]:
        cells = [None if shift is None else arrow(shift[unit]) for shift in alone]
        rows.append((unit, cells, arrow(tried.interplay[unit]), arrow(whole[unit])))
    return {"rows": rows, "more": max(len(units) - 30, 0), "count": len(alone)}


def _statistics(contents: Contents, tried: Tried) -> Iterator[tuple[str, str]]:
    if contents.comparison is None:
        return
    for name, value in contents.comparison.statistics.loc[tried.name].items():
        if name == "grades_changed" and contents.scheme.grades is None:
            continue
        whole = name in ("largest_shift", "moved", "grades_changed")
        yield column_label(str(name)), number(value, 0 if whole else 3)


def _explained(contents: Contents, unit: str) -> dict[str, Any]:
    """Return the steps to one unit's total as rows of text."""
    steps_ = contents.explained[unit]
    ranking = contents.result.ranking.loc[unit]
    rows = []
    for node, row in steps_.iterrows():
        last = str(node).startswith("= ")
        place = node in ("= rank", "= category_rank")
        score = "" if pd.isna(row["score"]) else number(row["score"], 0 if place else 2)
        if node == "= total":
            score = number(row["score"], contents.digits)
        brings = []
        if not last and not pd.isna(row["points"]):
            brings += [number(row["points"], 2)] if row["points"] else []
            brings += (
                [f"× {number(row['factor'], 4)}"]
                if row["factor"] != 1 and not pd.isna(row["factor"])
                else []
            )
        rows.append(
            {
                "name": row["name"],
                "depth": int(row["depth"]),
                "kind": "last" if last else _kind(contents, str(node)),
                "weight": "" if last or pd.isna(row["weight"]) else number(row["weight"]),
                "score": score,
                "brings": " ".join(brings),
                "calculation": _grade_or_text(contents, str(node), row["calculation"]),
            }
        )
    total = number(ranking["total"], contents.digits)
    return {"unit": unit, "rank": _place(ranking["rank"]), "total": total, "rows": rows}


def _grade_or_text(contents: Contents, node: str, text: Any) -> str:
    return contents.grade(text) if node == "= grade" else str(text)


def _kind(contents: Contents, node: str) -> str:
    found = contents.scheme.nodes.get(node)  # None: an adjustment
    return "leaf" if found is None or isinstance(found, Indicator) else "group"


def _tree(contents: Contents) -> Iterator[dict[str, Any]]:
    """Yield every node of the scheme: weights by category, method, parameters, how it reads data."""
    scheme, depth = contents.scheme, depth_of(contents.scheme)
    for name, node in scheme.nodes.items():
        leaf = isinstance(node, Indicator)
        method = node.rule if isinstance(node, Indicator) else node.combine
        weights = [scheme.weight_in(node, category) for category in scheme.categories or ("",)]
        yield {
            "id": name,
            "name": node.label,
            "depth": depth[name],
            "kind": "leaf" if leaf else "group",
            "weights": ["" if node is scheme.root else number(weight) for weight in weights],
            "own": [category in node.weights_by_category for category in scheme.categories],
            "method": method_label(method),
            "parameters": parameter_words(scheme, method),
            "reading": reading_words(node) if isinstance(node, Indicator) else "",
        }
