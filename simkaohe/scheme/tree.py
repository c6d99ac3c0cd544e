"""The scheme (考核方案): a tree of papers, groups and indicators, and who is in which category."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, SerializeAsAny, Tag, ValidationError
from pydantic import model_validator as validator

from simkaohe.errors import Problem, SimkaoheError, refuse, unknown
from simkaohe.labels import Words, language, reader_name
from simkaohe.scheme import consistency, references
from simkaohe.scheme.adjust import Adjustment, Limit
from simkaohe.scheme.combine import Combine, WeightedSum
from simkaohe.scheme.corrections import Difficulty, Periods, Transfer
from simkaohe.scheme.edit import Scenario, Slot, difference, edited, slots
from simkaohe.scheme.grades import Grades
from simkaohe.scheme.measure import Level, Measure
from simkaohe.scheme.method import FrozenDict, Model, parameter
from simkaohe.scheme.problems import problems_of, refused
from simkaohe.scheme.rules import Rule
from simkaohe.scheme.uses import Use

Direction = Literal["positive", "negative", "moderate"]
Missing = Literal["error", "zero", "full", "median", "spread"]
Way = Literal["siblings", "equal", "whole", "full_marks", "zero_marks"]
Shares = FrozenDict[Annotated[float, parameter(..., "", "", ge=0)]]
Cancelled = Annotated[
    Annotated[Way, Tag("way")] | Annotated[Shares, Tag("shares")],
    Discriminator(lambda value: "shares" if isinstance(value, Mapping) else "way"),
]


class Node(Model):
    """What groups and indicators have in common.

    Parameters
    ----------
    id : str
        Unique in the scheme, without a dot: the first part of every edit path.
    name, name_en : str, optional
        What people read, in Chinese and in English.
    weight : float >= 0, default 1
        Weight among its siblings. Weights are relative: 60, 25, 15 and 0.60, 0.25, 0.15 say the
        same.
    weights_by_category : mapping of category to float >= 0
        The weight for the categories named. 0 cancels the node for the category; what happens to
        its weight is said by the parent's ``cancelled``.
    difficulty : Difficulty, optional
        难度系数: the score is multiplied by the unit's coefficient.
    note : str, optional
    """

    id: str = parameter(..., "编号", "id", pattern=r"^[^\s.]+$")
    name: str | None = parameter(None, "名称", "name")
    name_en: str | None = parameter(None, "英文名称", "name in English")
    weight: float = parameter(1.0, "权重", "weight", ge=0, span=(0, 100))
    weights_by_category: Shares = parameter(FrozenDict(), "分类权重", "weights by category")
    difficulty: Difficulty | None = parameter(None, "难度系数", "difficulty")
    note: str | None = parameter(None, "说明", "note")

    @property
    def label(self) -> str:
        """The name that people read, in their language; the id where there is none."""
        return reader_name(self.name, self.name_en, self.id)


class Indicator(Node):
    """指标: a leaf of the tree; it reads data and gives a score.

    Parameters
    ----------
    rule : Rule
        The scoring rule (计分方法).
    measure : Measure, default level
        What is scored: the value itself, its growth, share, per-head form, …
    direction : {"positive", "negative", "moderate"}, optional
        Better when higher (正向), when lower (逆向), or inside a band (适度). Default: the first
        that the rule has a meaning for, mostly positive.
    ideal_low, ideal_high : float, optional
        The band of a moderate indicator, in the unit of the measured value; both are needed.
    scope : {"all", "category"}, default "all"
        Whom a relative rule compares with.
    missing : {"error", "zero", "full", "median", "spread"}, default "error"
        What a missing or undefined value means: a mistake that stops the evaluation, score 0,
        full marks, the median score of the unit's category, or no score: its weight is spread over
        its siblings.
    target : float, optional
        The target of every unit for which the data have none.
    data : str, optional
        Whose column of the data it reads; default: its own id.
    unit : str, optional
        Unit of measurement, e.g. %.
    responsible : str, optional
        The department in charge (责任部门), by which points lost are summed up.
    attributed : {"none", "sum", "rate"}, default "none"
        Whether the scheme's ``attribution`` counts shared results in: as a sum, or as a rate that
        is averaged with ``base`` as the weight.
    base : str, optional
        Column of the covariates: the denominator of a rate.
    """

    rule: SerializeAsAny[Rule] = parameter(..., "计分方法", "scoring rule")
    measure: SerializeAsAny[Measure] = parameter(Level(), "计算口径", "measure")
    direction: Direction | None = parameter(None, "指标方向", "direction")
    ideal_low: float | None = parameter(None, "适度下限", "ideal from")
    ideal_high: float | None = parameter(None, "适度上限", "ideal to")
    scope: Literal["all", "category"] = parameter("all", "比较范围", "compared with")
    missing: Missing = parameter("error", "缺失处理", "when missing")
    target: float | None = parameter(None, "目标值", "target")
    data: str | None = parameter(None, "数据列", "data column")
    unit: str | None = parameter(None, "计量单位", "unit of measurement")
    responsible: str | None = parameter(None, "责任部门", "responsible")
    attributed: Literal["none", "sum", "rate"] = parameter("none", "数据归属", "attributed")
    base: str | None = parameter(None, "归属权数", "base of a rate")

    @property
    def column(self) -> str:
        """The column of the data that the indicator reads."""
        return self.data or self.id

    @property
    def way(self) -> Direction:
        """The direction, with the rule's own default."""
        return self.direction or self.rule.directions[0]

    @validator(mode="after")
    def _fits(self) -> Indicator:
        problems = []
        if self.way not in self.rule.directions:
            allowed = "、".join(self.rule.directions), ", ".join(self.rule.directions)
            problems.append(
                Problem(
                    "direction",
                    f"{self.way}",
                    Words(
                        f"“{self.rule.label.zh}”适用的方向：{allowed[0]}",
                        f"a direction that {self.rule.method!r} has a meaning for: {allowed[1]}",
                    ),
                )
            )
        if self.way == "moderate":
            for end in ("ideal_low", "ideal_high"):
                if getattr(self, end) is None:
                    problems.append(
                        Problem(
                            end,
                            Words("没有填写", "nothing"),
                            Words("适度指标的区间端点", "the end of a moderate indicator's band"),
                        )
                    )
            if not problems and (self.ideal_low or 0) > (self.ideal_high or 0):
                problems.append(
                    Problem(
                        "ideal_low",
                        f"{self.ideal_low:g}",
                        Words(
                            f"不大于 ideal_high（{self.ideal_high:g}）",
                            f"at most ideal_high ({self.ideal_high:g})",
                        ),
                    )
                )
        if (self.attributed == "rate") != (self.base is not None):
            problems.append(
                Problem(
                    "base",
                    Words("没有填写", "nothing")
                    if self.base is None
                    else Words("多余的内容", "a column without use"),
                    Words(
                        "attributed 为 rate 时的背景数据列", "a covariate, with attributed: rate"
                    ),
                )
            )
        if problems:
            raise refused(*problems)
        return self


class Group(Node):
    """分组 (考卷、一级指标): a node with children and a way to combine them.

    Parameters
    ----------
    children : list of Group or Indicator
    combine : Combine, default weighted sum
        合成方法.
    cancelled : str or mapping, default "siblings"
        What happens, in a category, to the weight of a child whose ``weights_by_category`` is 0:

        - ``"siblings"``: spread over its siblings in proportion to their weights;
        - ``"equal"``: spread over its siblings in equal parts;
        - ``"whole"``: taken from this group's own weight, so that it is spread over the whole
          scheme;
        - ``{id: share, …}``: given to the siblings named, in these shares;
        - ``"full_marks"``, ``"zero_marks"``: kept, as if the child had full marks or none.
    """

    children: tuple[AnyNode, ...] = parameter(..., "下级指标", "children", min_length=1)
    combine: SerializeAsAny[Combine] = parameter(WeightedSum(), "合成方法", "combination")
    cancelled: Cancelled = parameter("siblings", "取消指标的权重", "weight of cancelled children")

    @validator(mode="after")
    def _names_children(self) -> Group:
        ids = {child.id: child.label for child in self.children}
        problems = [
            unknown(f"combine.{field}", name, ids, Words("下级指标", "child"))
            for field, names in self.combine.named_children().items()
            for name in names
            if name not in ids
        ]
        if isinstance(self.cancelled, Mapping):
            problems += [
                unknown(f"cancelled.{name}", name, ids, Words("下级指标", "child"))
                for name in self.cancelled
                if name not in ids
            ]
            if not sum(self.cancelled.values()):
                problems.append(
                    Problem(
                        "cancelled",
                        Words("份额合计为 0", "shares that sum to 0"),
                        Words("至少一个大于 0 的份额", "at least one share above 0"),
                    )
                )
        if problems:
            raise refused(*problems)
        return self


def _kind(value: Any) -> str:
    is_group = isinstance(value, Group) or (isinstance(value, Mapping) and "children" in value)
    return "group" if is_group else "indicator"


AnyNode = Annotated[
    Annotated[Group, Tag("group")] | Annotated[Indicator, Tag("indicator")], Discriminator(_kind)
]
Group.model_rebuild()


class Category(Model):
    """类别 (差异化分类): units that are compared with each other and may have their own weights.

    Parameters
    ----------
    name, name_en, note : str, optional
    ranked : bool, default True
        False: assessed but not ranked (单列), as every unit in the scheme's ``unranked``.
    """

    name: str | None = parameter(None, "名称", "name")
    name_en: str | None = parameter(None, "英文名称", "name in English")
    note: str | None = parameter(None, "说明", "note")
    ranked: bool = parameter(True, "参加排名", "ranked")


class Ranking(Model):
    """排名: how totals are rounded before ranks are taken, and what ties mean.

    Parameters
    ----------
    digits : int 0 to 9, optional
        Decimals of the total, rounded half up as Excel does. None: nine, which only makes totals
        that are equal in decimals equal in binary.
    ties : {"competition", "dense"}, default "competition"
        Equal totals share the better rank, and the next rank is skipped (1, 2, 2, 4) or not
        (1, 2, 2, 3).
    """

    digits: int | None = parameter(None, "小数位数", "decimals", ge=0, le=9)
    ties: Literal["competition", "dense"] = parameter("competition", "并列名次", "ties")


class Scheme(Model):
    """考核方案: everything that the policy says.

    Parameters
    ----------
    name, name_en, note : str
    root : Group
        The tree. Its id is mostly ``total``.
    categories : mapping of id to Category
        Empty: all units are compared with each other.
    units : mapping of unit to category id
        Needed when there are categories.
    full : float, default 100
        Full marks of the total (100, 1000, 1 for an index). Scores inside the tree are 0–100.
    unranked : list of unit
        Assessed but not ranked (单列): they take no place and no seat, and get the grade that their
        total matches.
    attribution : mapping of id to Transfer
        数据归属: results of zones and joint projects counted into units before anything is scored.
    periods : Periods, optional
        Earlier periods blended into the total.
    events : mapping of id to name
        事项: named events that the table ``events`` may record and conditions look at. An event that
        a condition names need not be listed; a listed one may be recorded when nothing looks at it.
    unread : list of str
        不再读取: events and units that the data may have though nothing reads them. Saving an
        edited scheme lists here what its edits left unread.
    adjustments : mapping of id to Adjustment
        加减分, 一票否决.
    limits : mapping of node id to Limit
        Caps over all adjustments of a paper; under the root's id: of the total.
    ranking : Ranking
    grades : Grades, optional
    uses : mapping of id to Use
        结果运用: money and quotas.

    Raises
    ------
    SimkaoheError
        From :meth:`read`: everything that is wrong, one sentence each, with its edit path.
    """

    name: str = parameter("", "方案名称", "name")
    name_en: str | None = parameter(None, "英文名称", "name in English")
    note: str | None = parameter(None, "说明", "note")
    full: float = parameter(100.0, "总分满分", "full marks of the total", gt=0)
    categories: Annotated[
        FrozenDict[Category], BeforeValidator(lambda v: {k: c or {} for k, c in dict(v).items()})
    ] = parameter(FrozenDict(), "类别", "categories")
    units: FrozenDict[str] = parameter(FrozenDict(), "单位", "units")
    unranked: tuple[str, ...] = parameter((), "单列单位", "not ranked")
    attribution: FrozenDict[Transfer] = parameter(FrozenDict(), "数据归属", "attribution")
    periods: Periods | None = parameter(None, "时期", "periods")
    events: FrozenDict[str] = parameter(FrozenDict(), "事项", "events")
    unread: tuple[str, ...] = parameter((), "不再读取的数据", "data that nothing reads")
    adjustments: FrozenDict[SerializeAsAny[Adjustment]] = parameter(
        FrozenDict(), "加减分与一票否决", "adjustments"
    )
    limits: FrozenDict[Limit] = parameter(FrozenDict(), "加减分限额", "limits")
    ranking: Ranking = parameter(Ranking(), "排名", "ranking")
    grades: Grades | None = parameter(None, "等次", "grades")
    uses: FrozenDict[SerializeAsAny[Use]] = parameter(FrozenDict(), "结果运用", "uses")
    root: Group = parameter(..., "考核内容", "tree")

    @classmethod
    def read(cls, values: Any) -> Scheme:
        """Return the validated scheme of a plain mapping (as read from YAML or JSON).

        Raises
        ------
        SimkaoheError
            All problems at once, each with its edit path.
        """
        if not isinstance(values, Mapping):
            refuse(
                "",
                Words("内容不是方案", "this is not a scheme"),
                remedy=Words("方案至少要有 root 一项", "A scheme has at least a root"),
            )
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise SimkaoheError(*problems_of(error, values)) from error

    def plain(self) -> dict[str, Any]:
        """Return the scheme as plain dictionaries, lists, numbers and strings, without defaults.

        What edits left unread is in it, so that :meth:`read` gives a scheme for the same data.
        """
        values = self.model_dump(mode="json", exclude_defaults=True)
        read = {*self.sources, *references.events(self), *self.unread}
        unread = [*self.unread, *sorted(self.heard_of - read)]
        return values | {"unread": unread} if unread else values

    def walk(self) -> Iterator[Group | Indicator]:
        """Yield every node, parents before children, also where an id is used twice."""
        return _walk(self.root)

    @cached_property
    def nodes(self) -> Mapping[str, Group | Indicator]:
        """Every node by id, parents before children, in the scheme's order."""
        return {node.id: node for node in self.walk()}

    @cached_property
    def groups(self) -> Mapping[str, Group]:
        """The nodes that have children, by id, parents first."""
        return {name: node for name, node in self.nodes.items() if isinstance(node, Group)}

    @cached_property
    def indicators(self) -> tuple[Indicator, ...]:
        """All leaves, in the scheme's order."""
        return tuple(node for node in self.nodes.values() if isinstance(node, Indicator))

    @property
    def sources(self) -> tuple[str, ...]:
        """Units that may have data and are not assessed: others' results are from them, or unread.

        Only a scheme that lists its ``units`` can leave one out.
        """
        if not self.units:
            return ()
        sources = [*(transfer.source for transfer in self.attribution.values()), *self.unread]
        return tuple(s for s in dict.fromkeys(sources) if s not in self.units)

    @cached_property
    def heard_of(self) -> frozenset[str]:
        """Events and sources that data may have: the scheme's, and those of what it was edited from.

        An edit that takes away the last reader of a record leaves the record unread; a name that
        nobody ever mentioned is a mistake.
        """
        return frozenset([*self.sources, *references.events(self), *self.unread])

    @property
    def label(self) -> str:
        """The name that people read, in their language."""
        return reader_name(self.name, self.name_en, "–")

    def category_label(self, category: str) -> str:
        """Return the name of a category, in the reader's language; its id where there is none."""
        found = self.categories.get(category)
        return reader_name(found.name, found.name_en, category) if found else category

    def edit(self, edits: Mapping[str, Any] | Scenario) -> Scheme:
        """Return a validated copy with some entries changed.

        Parameters
        ----------
        edits : mapping of edit path to value, or Scenario
            E.g. ``{"gdp_growth.weight": 30, "units.青山区": "ecology"}``. None removes an entry of
            a mapping (an override by category). When one path lies inside another, the outer one is
            made first; otherwise their order does not matter.

        Raises
        ------
        SimkaoheError
            Paths that do not exist, with the nearest names, and everything that would make the
            scheme invalid.
        """
        return edited(self, edits.edits if isinstance(edits, Scenario) else edits)

    def diff(self, other: Scheme) -> dict[str, Any]:
        """Return the edits that lead to another scheme: ``a.edit(a.diff(b)) == b``.

        A method that is replaced by another, and a group whose children come, go or change their
        order, is one edit.
        """
        return difference(self, other)

    def paths(self) -> dict[str, Slot]:
        """Return every edit path that holds a single value, with the value, range and label."""
        spoken = language()
        if spoken not in self._slots:
            self._slots[spoken] = slots(self)
        return dict(self._slots[spoken])

    @cached_property
    def _slots(self) -> dict[str, Mapping[str, Slot]]:
        return {}  # by language

    def weight_in(self, node: Group | Indicator, category: str) -> float:
        """Return a node's stated weight in a category, before cancelled weights are moved."""
        return node.weights_by_category.get(category, node.weight)

    @validator(mode="after")
    def _is_consistent(self) -> Scheme:
        if problems := [*consistency.problems(self), *references.problems(self)]:
            raise refused(*problems)
        return self


def _walk(node: Group | Indicator) -> Iterator[Group | Indicator]:
    yield node
    if isinstance(node, Group):
        for child in node.children:
            yield from _walk(child)


__all__ = [
    "Category",
    "Direction",
    "Group",
    "Indicator",
    "Missing",
    "Node",
    "Ranking",
    "Scheme",
]
