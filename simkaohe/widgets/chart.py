"""The live picture (实时位次变化图): what an edit does to the ranking, while the slider moves.

The picture is fed with ranks and labels and computes neither. Its drawing is in
``shift_chart.js``, ``rank_table.js`` and ``shift_chart.css``, plain files that need no network;
``look.css`` and ``names.js`` are the look and the names of everything around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import anywidget
import traitlets

from simkaohe.labels import COLUMNS, Words

_HERE = Path(__file__).parent

WORDS = {
    "find": Words("查找单位", "Find a unit"),
    "category": COLUMNS["category"],
    "all": Words("全部类别", "All categories"),
    "up": Words("上升{0}位", "up {0}"),
    "down": Words("下降{0}位", "down {0}"),
    "unchanged": Words("位次不变", "unchanged"),
    "rising": Words("上升", "up"),
    "falling": Words("下降", "down"),
    "moved": Words("变动：{0}/{1}；最大：{2} {3}", "moved: {0} of {1}; largest: {2} {3}"),
    "none_moved": Words("变动：0/{0}", "moved: 0 of {0}"),
    "place": Words("{0}：第{1}名，{2}", "{0}: rank {1}, {2}"),
    "unit": COLUMNS["unit"],
    "rank": COLUMNS["rank"],
    "total": COLUMNS["total"],
    "grade": COLUMNS["grade"],
    "shift": COLUMNS["shift"],
    "category_rank": COLUMNS["category_rank"],
    "rank_before": Words("原排名", "Rank before"),
    "total_before": Words("原总分", "Total before"),
    "grade_before": Words("原等次", "Grade before"),
    "all_grades": Words("全部等次", "All grades"),
    "view": Words("显示方式", "View"),
    "chart": Words("图", "Picture"),
    "table": Words("表", "Table"),
    "both": Words("图和表", "Both"),
    "pin": Words("标记", "Pin"),
    "pin_unit": Words("标记{0}", "Pin {0}"),
    "unpin": Words("取消标记{0}", "Unpin {0}"),
    "pinned": Words("标记的单位", "Pinned units"),
    "caption": Words(
        "各单位位次变化：{0} → {1}。用上下方向键移动，按回车选定，按 P 标记，按 Esc 取消",
        "Shift of each unit's rank: {0} → {1}. Arrow keys move, Enter selects, P pins, "
        "Escape clears",
    ),
    "table_caption": Words("排名表：{0} → {1}", "Table of ranks: {0} → {1}"),
    "lang": Words("zh-CN", "en"),
}
"""What the picture says, with places for numbers and names; filled in by the picture."""

TITLES = (Words("原方案", "Base scheme"), Words("新方案", "New scheme"))
"""Left and right heading as long as nobody names the two schemes."""

_PER_UNIT = (
    "categories",
    "before",
    "after",
    "totals_before",
    "totals_after",
    "grades_before",
    "grades",
    "category_ranks",
)
_SHOWN = ("chart", "table", "both")


class ShiftChart(anywidget.AnyWidget):
    """One line per unit from its old place to its new one (位次变化图).

    Units that rise are blue and marked ▲, those that fall orange and ▼. A click or the keyboard
    selects a unit; views that explain it observe ``selected``. Ties share a rank and stand one
    under another.

    Attributes
    ----------
    units, categories : list of str
        Name and category (类别) of every unit. Names are unique.
    before, after : list of int
        Ranks (排名) in the base scheme and in the edited one.
    totals_before, totals_after, grades_before, grades : list of str
        Totals (总分) as they are to be read, old and new grades (等次). Each may be empty.
    category_ranks : list of int
        New ranks in the category (类内排名), 0 for none; may be empty.
    bands : list of str
        All grades, best first; those that the reader can filter by.
    titles : list of str
        The headings over the two rankings; two of them.
    words : dict of str to str
        What the picture says in the reader's language; see :meth:`translate`.
    selected, category, grade, find : str
        The unit that the reader chose, the category and grade that are not faded, and what is
        typed in the find box. Written by the picture as well as by Python; empty means none.
    pinned : list of str
        Units that the reader marked; they stay in sight.
    view : {"chart", "table", "both"}
    sort : str
        The column by which the table is sorted, e.g. ``"rank"`` or ``"total"``; ``"-rank"`` is the
        same turned round.
    """

    _esm = "\n".join(
        (_HERE / name).read_text(encoding="utf-8") for name in ("shift_chart.js", "rank_table.js")
    )
    _css = _HERE / "shift_chart.css"

    # show() says what is in the lists: traitlets would look at every element of every message.
    units = traitlets.List().tag(sync=True)
    categories = traitlets.List().tag(sync=True)
    before = traitlets.List().tag(sync=True)
    after = traitlets.List().tag(sync=True)
    totals_before = traitlets.List().tag(sync=True)
    totals_after = traitlets.List().tag(sync=True)
    grades_before = traitlets.List().tag(sync=True)
    grades = traitlets.List().tag(sync=True)
    category_ranks = traitlets.List().tag(sync=True)
    bands = traitlets.List().tag(sync=True)
    titles = traitlets.List(traitlets.Unicode(), minlen=2, maxlen=2).tag(sync=True)
    words = traitlets.Dict(
        key_trait=traitlets.Unicode(), value_trait=traitlets.Unicode(), read_only=True
    ).tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    pinned = traitlets.List(traitlets.Unicode()).tag(sync=True)
    category = traitlets.Unicode("").tag(sync=True)
    grade = traitlets.Unicode("").tag(sync=True)
    view = traitlets.Enum(_SHOWN, "chart").tag(sync=True)
    sort = traitlets.Unicode("rank").tag(sync=True)
    find = traitlets.Unicode("").tag(sync=True)

    @traitlets.default("words")
    def _words_now(self) -> dict[str, str]:
        return {name: str(words) for name, words in WORDS.items()}

    @traitlets.default("titles")
    def _titles_now(self) -> list[str]:
        return [str(title) for title in TITLES]

    def show(
        self,
        *,
        units: Iterable[str] | None = None,
        categories: Iterable[str] | None = None,
        before: Iterable[int] | None = None,
        after: Iterable[int] | None = None,
        totals_before: Iterable[str] | None = None,
        totals_after: Iterable[str] | None = None,
        grades_before: Iterable[str] | None = None,
        grades: Iterable[str] | None = None,
        category_ranks: Iterable[int] | None = None,
        bands: Iterable[str] | None = None,
        titles: Sequence[str] | None = None,
    ) -> None:
        """Draw what is given and keep the rest, in one message to the browser.

        A slider's move gives ``after``, ``totals_after`` and ``grades`` only. New ``units`` start a
        new picture: what is not given with them becomes empty, ``after`` becomes ``before``, and a
        selection, filter or search that no longer fits is cleared.

        Raises
        ------
        ValueError
            If a list has not exactly one entry for every unit (all but ``before`` and ``after``
            may be empty). Nothing is drawn then.
        """
        texts = {
            "units": units,
            "categories": categories,
            "totals_before": totals_before,
            "totals_after": totals_after,
            "grades_before": grades_before,
            "grades": grades,
            "bands": bands,
            "titles": titles,
        }
        ranks = {"before": before, "after": after, "category_ranks": category_ranks}
        given: dict[str, list] = {
            **{name: [str(v) for v in vs] for name, vs in texts.items() if vs is not None},
            **{name: [int(v) for v in vs] for name, vs in ranks.items() if vs is not None},
        }
        if units is not None:
            given = {**{name: [] for name in _PER_UNIT}, "after": given.get("before", []), **given}
        self._check(given)
        with self.hold_sync():
            for name, values in given.items():
                setattr(self, name, values)
            if units is not None:
                self._forget_what_is_gone()

    def translate(self) -> None:
        """Say everything in the language that :func:`simkaohe.labels.use_language` set last."""
        headings = [
            str(usual) if title in usual else title
            for title, usual in zip(self.titles, TITLES, strict=True)
        ]
        with self.hold_sync():
            self.set_trait("words", self._words_now())
            self.titles = headings

    def _check(self, given: dict[str, list]) -> None:
        names = given.get("units", self.units)
        if len(set(names)) != len(names):
            raise ValueError("units: a name occurs twice; expected unique names")
        for name in _PER_UNIT:
            count = len(given.get(name, getattr(self, name)))
            may_be_empty = name not in ("before", "after")
            if count != len(names) and not (may_be_empty and count == 0):
                raise ValueError(
                    f"{name}: found {count} values; expected one for each unit, {len(names)}"
                )

    def _forget_what_is_gone(self) -> None:
        if self.selected not in self.units:
            self.selected = ""
        if self.category not in self.categories:
            self.category = ""
        if self.grade not in self.bands:
            self.grade = ""
        self.pinned = [unit for unit in self.pinned if unit in self.units]
        if not any(self.find.lower() in unit.lower() for unit in self.units):
            self.find = ""
