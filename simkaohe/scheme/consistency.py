"""What a scheme says about itself and cannot be (自相矛盾): ids, categories, weights that sum to 0."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from simkaohe.errors import Problem, unknown
from simkaohe.labels import Words

if TYPE_CHECKING:
    from simkaohe.scheme.tree import Group, Scheme

CATEGORY = Words("类别", "category")


def problems(scheme: Scheme) -> Iterator[Problem]:
    """Yield what contradicts itself; weights only where ids and categories are right."""
    found = [*_of_ids(scheme), *_of_categories(scheme)]
    yield from found or _of_weights(scheme)


def _of_ids(scheme: Scheme) -> Iterator[Problem]:
    counts = Counter(node.id for node in scheme.walk())
    for name, count in counts.items():
        if count > 1:
            used = Words(f"编号“{name}”用了 {count} 次", f"the id {name!r} is used {count} times")
            own = Words("每个编号只能用一次", "Give every node an id of its own")
            yield Problem(f"{name}.id", used, remedy=own)
        if name in type(scheme).model_fields:
            field = Words(
                f"“{name}”是方案自己的字段名", f"{name!r} is a field of the scheme itself"
            )
            yield Problem(f"{name}.id", field, remedy=Words("请换一个编号", "Choose another id"))


def _of_categories(scheme: Scheme) -> Iterator[Problem]:
    labels = {name: category.name or name for name, category in scheme.categories.items()}
    named = [(f"units.{unit}", category) for unit, category in scheme.units.items()]
    yield from _unknown(named, labels)
    for category in labels.keys() - set(scheme.units.values()):
        yield Problem(
            f"categories.{category}",
            Words("这个类别里没有单位", "no unit is in this category"),
            remedy=Words("在 units 里指定单位，或删去该类别", "Put a unit in it or remove it"),
        )
    yield from _unknown(
        [
            (f"{n.id}.weights_by_category.{c}", c)
            for n in scheme.walk()
            for c in n.weights_by_category
        ],
        labels,
    )
    bands = enumerate(scheme.grades.bands if scheme.grades else ())
    yield from _unknown(
        [
            (f"grades.bands.{k}.seats_by_category.{c}", c)
            for k, b in bands
            for c in b.seats_by_category
        ],
        labels,
    )


def _unknown(named: list[tuple[str, str]], labels: Mapping[str, str]) -> Iterator[Problem]:
    for where, category in named:
        if category not in labels:
            yield unknown(where, category, labels, CATEGORY)


def _of_weights(scheme: Scheme) -> Iterator[Problem]:
    for group in scheme.groups.values():
        for category in scheme.categories or ("",):
            yield from _of_children(scheme, group, category)


def _of_children(scheme: Scheme, group: Group, category: str) -> Iterator[Problem]:
    weights = {c.id: scheme.weight_in(c, category) for c in group.children}
    counts = group is scheme.root or scheme.weight_in(group, category) > 0
    if not sum(weights.values()) and counts:
        zh = f"（{scheme.category_label(category)}）" if category else ""
        en = f" in category {category!r}" if category else ""
        none = Words(f"下级权重合计为 0{zh}", f"the children's weights sum to 0{en}")
        above = Words("至少一个权重要大于 0", "At least one weight must be above 0")
        yield Problem(f"{group.id}.children", none, remedy=above)
    elif isinstance(group.cancelled, Mapping) and any(
        weights[child.id] == 0 and child.weight > 0 and category in child.weights_by_category
        for child in group.children
    ):
        for name, share in group.cancelled.items():
            if share and not weights[name]:
                yield Problem(
                    f"{group.id}.cancelled.{name}",
                    Words(
                        f"“{name}”在类别“{category}”里自己也被取消",
                        f"{name!r} is itself cancelled in category {category!r}",
                    ),
                    remedy=Words(
                        "把权重给没有取消的指标", "Give the weight to a child that is not cancelled"
                    ),
                )
