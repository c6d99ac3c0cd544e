"""Parity: brute force, scipy, a published value, and schemes whose answer is known."""

from __future__ import annotations

from itertools import product
from math import log, log2
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from test_boundaries import made

import simkaohe as sk
from simkaohe.fairness.categories import parity
from simkaohe.fairness.permutation import (
    adjusted,
    arrangements,
    chance,
    shuffled,
    superiority_interval,
)


def of(scores: dict[str, list[float]], **more: Any) -> tuple[sk.Scheme, sk.Panel]:
    """Return a scheme in which the units of each category have these scores."""
    home = [name for name, values in scores.items() for _ in values]
    return made(home, {"x": [x for values in scores.values() for x in values]}, **more)


# -- pairs -----------------------------------------------------------------------------------------


def test_superiority_is_the_published_one() -> None:
    # statpsych 1.x (D. G. Bonett), reference of ci.mann: estimate 0.86875, with a tie between groups.
    y1 = [9.4, 10.3, 58.3, 106.0, 31.0, 46.2, 12.0, 19.0, 135.0, 159.0]
    y2 = [14.6, 5.1, 8.1, 22.7, 6.4, 4.4, 19.0, 3.2]
    found = parity(*of({"one": [y / 2 for y in y1], "two": [y / 2 for y in y2]}))
    assert found.pairs.loc[("one", "two"), "superiority"] == pytest.approx(0.86875)


def test_the_exact_test_is_scipys() -> None:
    a, b = [12.0, 30, 45, 51], [33.0, 60, 71, 80, 90]
    found = parity(*of({"a": a, "b": b}))
    pair = found.pairs.loc[("a", "b")]
    expected = stats.mannwhitneyu(a, b, method="exact")
    assert found.exact
    assert pair["superiority"] == pytest.approx(expected.statistic / 20)
    assert pair["p"] == pytest.approx(expected.pvalue)
    assert pair["score_gap"] == pytest.approx(np.mean(a) - np.mean(b))


def test_the_sampled_test_comes_near_the_exact_one() -> None:
    rng = np.random.default_rng(8)
    a, b = rng.uniform(0, 60, 14).tolist(), rng.uniform(20, 80, 14).tolist()
    pair = parity(*of({"a": a, "b": b}), permutations=4000).pairs.iloc[0]
    expected = stats.mannwhitneyu(a, b, method="exact").pvalue
    assert pair["p"] == pytest.approx(expected, abs=4 * np.sqrt(expected / 4000) + 1 / 4000)


def test_the_interval_solves_its_equation() -> None:
    for seen, m, n in ((0.6, 8, 7), (0.95, 4, 20), (0.2, 3, 3)):
        s = (m + n) / 2 - 1
        for end in superiority_interval(seen, m, n):
            v = end * (1 - end) / (m * n) * (1 + s * (1 - end) / (2 - end) + s * end / (1 + end))
            assert abs(seen - end) == pytest.approx(1.959963984540054 * np.sqrt(v), rel=1e-6)
    low, high = superiority_interval(0.7, 5, 9)
    assert superiority_interval(0.3, 9, 5) == pytest.approx((1 - high, 1 - low))
    assert superiority_interval(1.0, 5, 5)[1] == 1.0
    assert superiority_interval(0.0, 5, 5)[0] == 0.0


def test_the_interval_covers_what_it_says_in_small_groups() -> None:
    rng = np.random.default_rng(5)
    m, n, shift, runs = 7, 6, 0.9, 600
    true = stats.norm.cdf(shift / np.sqrt(2))
    a, b = rng.normal(shift, 1, (runs, m, 1)), rng.normal(0, 1, (runs, 1, n))
    ends = [superiority_interval(seen, m, n) for seen in (a > b).mean((1, 2))]
    covered = np.mean([low <= true <= high for low, high in ends])
    assert covered > 0.95 - 3 * np.sqrt(0.95 * 0.05 / runs)


# -- indices ---------------------------------------------------------------------------------------


def test_between_groups_is_kruskal_and_wallis_with_ties() -> None:
    groups = {"a": [10.0, 20, 20, 50], "b": [20.0, 30, 70], "c": [50.0, 80, 90, 90]}
    found = parity(*of(groups), permutations=20)
    h = stats.kruskal(*groups.values()).statistic
    assert found.indices.loc["rank", "value"] == pytest.approx(h / (11 - 1))


def test_under_all_shuffles_the_mean_between_groups_is_known() -> None:
    # E[η²] = (G − 1) / (N − 1) over all arrangements, whatever the values
    found = parity(*of({"a": [1.0, 9, 30], "b": [4.0, 50], "c": [70.0, 8]}))
    assert found.exact
    assert found.indices.loc[["rank", "score"], "expected"].tolist() == pytest.approx([2 / 6] * 2)


def ndkl(groups: list[str], ranks: list[int]) -> float:
    """Return NDKL in plain Python; a tied unit stands in each of its places in equal parts."""
    n, names = len(groups), sorted(set(groups))
    whole = {g: groups.count(g) / n for g in names}
    held = dict.fromkeys(names, 0.0)
    total = weights = 0.0
    for place in range(1, n + 1):
        rank = max(r for r in ranks if r <= place)
        tied = [g for g, r in zip(groups, ranks, strict=True) if r == rank]
        for g in tied:
            held[g] += 1 / len(tied)
        kl = sum(h / place * log(h / place / whole[g]) for g, h in held.items() if h > 1e-12)
        total += kl / log2(place + 1)
        weights += 1 / log2(place + 1)
    return total / weights


def test_ndkl_is_the_plain_sum() -> None:
    found = parity(*of({"a": [90.0, 80, 80, 20], "b": [80.0, 50], "c": [40.0, 20, 10]}))
    units = found.units
    assert found.indices.loc["ndkl", "value"] == pytest.approx(
        ndkl(units["group"].tolist(), units["rank"].tolist())
    )


def test_what_each_group_has() -> None:
    found = parity(*of({"a": [90.0, 60], "b": [80.0, 70, 50]}))
    row = found.table.loc["a"]
    assert row["mean_rank"] == 2.5
    assert row["mean_percentile"] == pytest.approx((5 / 5 + 2 / 5) / 2)
    assert row["exposure"] == pytest.approx((1 / log2(2) + 1 / log2(5)) / 2)
    assert found.table["share_exposure"].sum() == pytest.approx(1)
    assert found.table["units"].tolist() == [2, 3]
    assert found.table["mean_score"].tolist() == pytest.approx([75, 200 / 3])


# -- known answers ---------------------------------------------------------------------------------


def test_blind_categories_are_rarely_accused() -> None:
    rng = np.random.default_rng(12)
    bands = {"within": "all", "bands": [{"name": "A", "share": 0.3}, {"name": "B"}]}
    lights, p = [], []
    for _ in range(60):
        home = rng.permutation(["a"] * 10 + ["b"] * 14).tolist()
        scheme, panel = made(home, {"x": rng.uniform(0, 100, 24).tolist()}, grades=bands)
        found = parity(scheme, panel, permutations=99)
        lights += [f.light for f in found.findings if f.topic != "parity.quota"]
        p.append(found.indices.loc["rank", "p"])
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 60)
    assert np.mean([light in ("amber", "red") for light in lights]) < 0.1
    assert 0.3 < np.mean(p) < 0.7


def test_a_category_that_takes_everything_is_seen() -> None:
    scores = {"a": [90.0 + i for i in range(8)], "b": [10.0 + i for i in range(16)]}
    bands = {"within": "all", "bands": [{"name": "A", "share": 0.3}, {"name": "B"}]}
    found = parity(*of(scores, grades=bands))
    assert not found.by_rule
    assert found.grades.loc[("a", "A"), ["share", "share_grade"]].tolist() == [7 / 8, 1.0]
    assert found.indices.loc["top_gap", "value"] == 7 / 8
    assert found.indices.loc["top_gap", "p"] == pytest.approx(1 / 2001)  # it cannot be rarer
    assert [f.light for f in found.findings] == ["red", "grey", "red"]
    assert "a (88%)" in found.findings[0].sentence.en
    assert (
        "a unit of a stands before one of b with a chance of 100%" in found.findings[2].sentence.en
    )


def test_parity_by_rule_is_said_to_be_by_rule() -> None:
    found = parity(*of({"a": [90.0 + i for i in range(4)], "b": [10.0 + i for i in range(4)]}))
    assert found.by_rule
    assert found.indices.loc["top_gap", "value"] == 0
    top = found.findings[0]
    assert top.light == "grey"
    assert "set by the rule" in top.sentence.en


@pytest.mark.parametrize(
    ("rounding", "seats"),
    [("floor", [0, 1, 1, 1, 1, 1]), ("half_up", [1, 1, 1, 1, 2, 2])],
)
def test_quota_rounding_is_audited(rounding: str, seats: list[int]) -> None:
    # 20 % of 4 … 9 units: design manual, 3.1
    sizes = range(4, 10)
    scores = {f"c{n}": [50.0 + i + n / 10 for i in range(n)] for n in sizes}
    grades = {"rounding": rounding, "bands": [{"name": "A", "share": 0.2}, {"name": "B"}]}
    found = parity(*of(scores, grades=grades), permutations=10)
    top = found.grades.xs("A", level="grade")
    assert top["seats"].tolist() == seats
    expected = [k / n - 0.2 for k, n in zip(seats, sizes, strict=True)]
    assert top["deviation"].tolist() == pytest.approx(expected)
    quota = found.findings[1]
    assert quota.light == ("red" if rounding == "floor" else "amber")
    assert ("Without any seat: c4" in quota.sentence.en) == (rounding == "floor")


def test_units_that_are_not_ranked_are_left_out() -> None:
    scheme, panel = of({"a": [90.0, 80, 70], "b": [60.0, 50, 40]}, unranked=["u0"])
    found = parity(scheme, panel)
    assert found.table["units"].tolist() == [2, 3]
    assert "u0" not in found.units.index


def test_other_groups_than_categories() -> None:
    scheme, panel = of({"a": [90.0, 80, 70], "b": [60.0, 50, 40]})
    land = pd.Series(["hill", "plain"] * 3, panel.units)
    found = parity(scheme, panel, groups=land)
    assert found.table["mean_score"].to_dict() == {"hill": 70, "plain": 60}
    assert found.grades["seats"].isna().all()
    assert not found.by_rule


@pytest.mark.parametrize("case", sk.bundled_cases())
def test_every_case_goes_through(case: str) -> None:
    sk.use_language("zh")  # sentences are in both
    found = parity(*sk.load(case), permutations=50)
    topics = [finding.topic for finding in found.findings]
    assert topics == ["parity.top_grade", "parity.quota", "parity.rank"]
    said = ["".join(finding.sentence) for finding in found.findings]
    assert all("{" not in words and "nan" not in words for words in said)


def test_what_cannot_be_asked_is_said() -> None:
    scheme, panel = of({"a": [90.0, 80, 70], "b": [60.0, 50, 40]})
    some = pd.Series(["x", "y"], panel.units[:2])
    with pytest.raises(sk.SimkaoheError, match="groups › u2: found nothing; expected its group"):
        parity(scheme, panel, groups=some)
    with pytest.raises(sk.SimkaoheError, match="found 6 groups for 6 units; expected a few"):
        parity(scheme, panel, groups=pd.Series(range(6), panel.units))
    with pytest.raises(sk.SimkaoheError, match="permutations: found 0"):
        parity(scheme, panel, permutations=0)


# -- shuffling -------------------------------------------------------------------------------------


def test_every_order_of_labels_is_there_once() -> None:
    labels = np.array([0, 1, 1, 2, 2])
    found, exact = shuffled(labels, 100, 1)
    every = {each for each in product(range(3), repeat=5) if sorted(each) == [0, 1, 1, 2, 2]}
    assert exact
    assert len(found) == arrangements(labels) == 30
    assert {tuple(row) for row in found.tolist()} == every


def test_sampled_orders_keep_the_sizes_and_the_seed() -> None:
    labels = np.repeat([0, 1, 2], [10, 5, 7])
    found, exact = shuffled(labels, 50, 3)
    assert not exact
    assert (np.sort(found, 1) == np.sort(labels)).all()
    assert np.array_equal(found, shuffled(labels, 50, 3)[0])
    assert not np.array_equal(found, shuffled(labels, 50, 4)[0])


def test_chance_counts_what_was_seen_itself() -> None:
    found = np.array([1.0, 2.0, 3.0])
    assert chance(found, 2.0, exact=True) == 2 / 3
    assert chance(found, 9.0, exact=False) == 1 / 4
    assert np.isnan(chance(found, np.nan, exact=True))
    assert adjusted(np.array([0.5, np.nan, 0.9])).tolist()[::2] == [1.0, 1.0]
