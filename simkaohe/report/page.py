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
    Contents,
    Tried,
    arrow,
    base_name,
    depth_of,
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
    return (
        room()
        .get_template("page.html.j2")
        .render(
            c=contents,
            scheme=contents.scheme,
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
        )
    )


def room() -> jinja2.Environment:
    """Return where the templates are."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["arrow"] = arrow
    found.globals["w"] = _words
    return found


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
        "edits": tried.edits,
        "matrix": _matrix(tried),
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


def _matrix(tried: Tried) -> dict[str, Any] | None:
    """Return places by unit and part, and the whole; None where it says nothing."""
    if not tried.scenario.edits:
        return None
    found = tried.attribution
    numbers = {edit.path: place for place, edit in enumerate(tried.edits, 1)}
    heads = [_span([numbers[path] for path in part]) for part in found.parts]
    if not 2 <= len(heads) <= 8:
        return None
    whole = tried.comparison.shifts[tried.name]
    units = [
        unit
        for unit in tried.table.index
        if not pd.isna(whole[unit]) and (found.ranks.loc[unit].abs() > 0.05).any()
    ]
    rows = [
        (unit, [_places_gained(x) for x in found.ranks.loc[unit]], arrow(whole[unit]))
        for unit in units[:30]
    ]
    return {"heads": heads, "rows": rows, "more": max(len(units) - 30, 0), "exact": found.exact}


def _span(numbers: list[int]) -> str:
    """Return the numbers of edits in short: 1, 2–5, 7."""
    runs: list[list[int]] = []
    for place in sorted(numbers):
        if runs and place == runs[-1][-1] + 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return ", ".join(f"{run[0]}" if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def _places_gained(x: float) -> str:
    if pd.isna(x) or abs(x) < 0.05:
        return "–"
    return f"{'▲' if x > 0 else '▼'}{abs(x):.1f}".removesuffix(".0")


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
