"""Endowment: against plain regressions, closed forms, and schemes whose answer is known."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import simkaohe as sk
from simkaohe.fairness import endowment
from simkaohe.fairness.regression import agreement, explained, interval

CASES = ["cadre_360", "county_targets", "sprint", "tai", "target_responsibility", "three_papers"]
RULE = {"method": "minmax", "worst": 0, "best": 100}


def given(
    scores: Any, z: Any, *, weights: Any = (50, 30, 20), categories: int = 1, **more: Any
) -> tuple[sk.Scheme, sk.Panel]:
    scores, z = np.asarray(scores, float), np.asarray(z, float)
    names = [f"u{i}" for i in range(len(scores))]
    leaves = [
        {"id": f"i{k}", "weight": w, "rule": RULE}
        for k, w in zip(range(scores.shape[1]), weights, strict=False)
    ]
    values: dict[str, Any] = {"root": {"id": "total", "children": leaves}, **more}
    if categories > 1:
        values["categories"] = {f"c{k}": None for k in range(categories)}
        values["units"] = {name: f"c{k % categories}" for k, name in enumerate(names)}
    columns = [f"z{k}" for k in range(z.shape[1])]
    panel = sk.Panel(
        pd.DataFrame(scores, names, [leaf["id"] for leaf in leaves]),
        covariates=pd.DataFrame(z, names, columns),
    )
    return sk.Scheme.read(values), panel


def mixed(seed: int, *, count: int = 40, tie: float = 3.0, **more: Any) -> Any:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(count, 3))
    scores = 60 + tie * z @ rng.normal(size=(3, 3)) + 4 * rng.normal(size=(count, 3))
    return (*given(scores, z, **more), scores, z)


def test_shares_are_those_of_a_plain_regression_with_category_dummies() -> None:
    scheme, panel, scores, z = mixed(1, categories=3)
    found = endowment(scheme, panel, permutations=50)
    y = scores @ [0.5, 0.3, 0.2]
    dummies = np.eye(3)[np.arange(len(y)) % 3]
    design = np.hstack([dummies, z])
    means = dummies @ np.linalg.lstsq(dummies, y, rcond=None)[0]
    rest = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    r2 = 1 - (rest @ rest) / ((y - means) @ (y - means))
    assert found.summary["r2"] == pytest.approx(r2)
    assert found.summary["adjusted"] == pytest.approx(1 - (1 - r2) * 37 / 34)
    press = 0.0
    for i in range(len(y)):  # each unit really predicted without itself
        others = np.arange(len(y)) != i
        b = np.linalg.lstsq(design[others], y[others], rcond=None)[0]
        press += (y[i] - design[i] @ b) ** 2
    assert found.summary["loo"] == pytest.approx(1 - press / ((y - means) @ (y - means)))
    assert found.summary[["units", "df"]].tolist() == [40, 34]
    assert found.summary["by_chance"] == pytest.approx(3 / 37)


def test_the_split_is_the_mean_over_all_orders() -> None:
    scheme, panel, scores, z = mixed(2)
    found = endowment(scheme, panel, permutations=50)
    y = scores @ [0.5, 0.3, 0.2]

    def r2(columns: tuple[int, ...]) -> float:
        design = np.column_stack([np.ones(len(y)), z[:, columns]])
        rest = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
        return 1 - rest @ rest / ((y - y.mean()) @ (y - y.mean()))

    want = np.zeros(3)
    for order in permutations(range(3)):
        for place, k in enumerate(order):
            want[k] += (r2(order[: place + 1]) - r2(order[:place])) / 6
    assert found.covariates["share"].to_numpy() == pytest.approx(want)
    assert found.covariates["share"].sum() == pytest.approx(found.summary["r2"])


def test_correlations_are_spearmans_and_partial_ones() -> None:
    scheme, panel, scores, z = mixed(3)
    found = endowment(scheme, panel, permutations=50).covariates
    y = scores @ [0.5, 0.3, 0.2]
    ranks = stats.rankdata(np.column_stack([z, y]), axis=0)
    precision = np.linalg.inv(np.corrcoef(ranks.T))
    for k in range(3):
        assert found["spearman"].iloc[k] == pytest.approx(stats.spearmanr(z[:, k], y).statistic)
        partial = -precision[k, 3] / np.sqrt(precision[k, k] * precision[3, 3])
        assert found["partial"].iloc[k] == pytest.approx(partial)
        t = abs(partial) * np.sqrt(36 / (1 - partial**2))
        assert found["p"].iloc[k] == pytest.approx(2 * stats.t.sf(t, 36))


def test_the_interval_is_where_the_noncentral_f_has_its_tails() -> None:
    low, high = interval(np.array([0.4, 0.0]), 3, 36)
    for end, tail in ((low[0], 0.975), (high[0], 0.025)):
        f = (0.4 / 3) / (0.6 / 36)
        assert stats.ncf.cdf(f, 3, 36, end / (1 - end) * 39) == pytest.approx(tail, abs=1e-6)
    assert (low[1], high[1]) == (0, 0)


def test_the_interval_covers_the_share_that_is_true() -> None:
    rng = np.random.default_rng(4)
    z = rng.normal(size=30)
    z = z - z.mean()
    hits, times, slope = 0, 400, 0.8
    truth = slope**2 * (z @ z) / (slope**2 * (z @ z) + 29)
    y = slope * z + rng.normal(size=(times, 30))
    y -= y.mean(1, keepdims=True)
    r2 = (y @ z) ** 2 / (z @ z) / (y**2).sum(1)
    low, high = interval(r2, 1, 28)
    hits = ((low <= truth) & (truth <= high)).sum()
    assert abs(hits / times - 0.95) < 3 * np.sqrt(0.95 * 0.05 / times)


def test_p_values_are_level_when_nothing_is_related() -> None:
    rng = np.random.default_rng(5)
    category = np.arange(24) % 2
    p, joint = [], []
    for seed in range(200):
        y, z = rng.normal(size=(5, 24)), rng.normal(size=(2, 24))
        for code in (0, 1):
            for each in (y, z):
                each[:, category == code] -= each[:, category == code].mean(1, keepdims=True)
        fit = explained(y, z, category, 99, seed)
        p.append(fit.p[0])
        joint.append(fit.p_joint.min())
    # 200 draws of a probability of 0.1 (Monte Carlo error 0.02)
    assert 0.04 <= np.mean(np.array(p) <= 0.1) <= 0.16
    assert np.mean(np.array(joint) <= 0.1) <= 0.16


def test_a_scheme_of_endowment_only_is_found_out() -> None:
    rng = np.random.default_rng(6)
    z = rng.normal(size=(30, 1))
    scheme, panel = given(60 + np.hstack([5 * z, 3 * z, 0 * z]), z, weights=(50, 30, 20))
    found = endowment(scheme, panel, permutations=200)
    assert found.summary[["r2", "adjusted", "low"]].to_numpy() == pytest.approx(1)
    assert found.summary["p"] == pytest.approx(1 / 201)
    assert found.covariates.at["z0", "spearman"] == pytest.approx(1)
    carries = found.nodes["carries"]
    assert carries[["i0", "i1", "i2"]].to_numpy() == pytest.approx([25 / 34, 9 / 34, 0])
    assert (found.net["net_rank"] == 1).all()  # nothing is left
    assert {f.topic: f.light for f in found.findings} == {
        "endowment.total": "red",
        "endowment.indicators": "red",
        "endowment.ranking": "red",
    }


def test_a_blind_scheme_is_cleared() -> None:
    rng = np.random.default_rng(7)
    z = rng.normal(size=(120, 2))
    q = np.linalg.qr(np.column_stack([np.ones(120), z]))[0]
    scores = rng.normal(size=(120, 3))
    scores = 60 + 5 * (scores - q @ (q.T @ scores))  # orthogonal to every covariate
    found = endowment(*given(scores, z))
    assert found.summary["r2"] == pytest.approx(0, abs=1e-12)
    assert found.summary["p"] > 0.99
    assert (found.net["shift"] == 0).all()
    assert [f.light for f in found.findings][:2] == ["green", "green"]


@pytest.mark.parametrize("combine", ["weighted_sum", "multiplier", "geometric"])
def test_what_indicators_carry_adds_up(combine: str) -> None:
    how = {"method": combine}
    if combine == "multiplier":
        how |= {"base": "i0", "map": "fixed_band", "low": 0.8, "high": 1.2}  # type: ignore[dict-item]
    scheme, panel, scores, z = mixed(8, categories=2)
    found = endowment(scheme.edit({"total.combine": how}), panel, permutations=50)
    parts = found.nodes.loc[["i0", "i1", "i2"], "carries"]
    assert parts.sum() + found.remainder == pytest.approx(1)
    assert abs(found.remainder) < (1e-9 if combine == "weighted_sum" else 0.1)
    if combine == "weighted_sum":  # cov(w x, fitted) / cov(y, fitted), by hand
        home = np.eye(2)[np.arange(40) % 2]
        x, zc = (v - home @ np.linalg.lstsq(home, v, rcond=None)[0] for v in (scores, z))
        fitted = zc @ np.linalg.lstsq(zc, x @ [0.5, 0.3, 0.2], rcond=None)[0]
        want = (x * [0.5, 0.3, 0.2]).T @ fitted / (fitted @ fitted)
        assert parts.to_numpy() == pytest.approx(want)


def test_the_net_ranking_takes_off_what_is_predicted() -> None:
    scheme, panel, scores, z = mixed(9, categories=2, ranking={"digits": None})
    found = endowment(scheme, panel, permutations=50).net.reindex([f"u{i}" for i in range(40)])
    y = scores @ [0.5, 0.3, 0.2]
    home = np.eye(2)[np.arange(40) % 2]
    yc, zc = (v - home @ np.linalg.lstsq(home, v, rcond=None)[0] for v in (y, z))
    net = y - zc @ np.linalg.lstsq(zc, yc, rcond=None)[0]
    assert found["net_total"].to_numpy() == pytest.approx(net)
    assert found["net_rank"].to_numpy() == pytest.approx(stats.rankdata(-net, "min"))
    assert found["net_category_rank"].to_numpy()[::2] == pytest.approx(
        stats.rankdata(-net[::2], "min")
    )
    assert (found["shift"] == found["rank"] - found["net_rank"]).all()


def test_inequality_of_opportunity_is_a_ratio_of_mean_log_deviations() -> None:
    scheme, panel, scores, z = mixed(10)
    y = scores @ [0.5, 0.3, 0.2]
    design = np.column_stack([np.ones(40), z])
    fitted = design @ np.linalg.lstsq(design, y, rcond=None)[0]

    def mld(v: np.ndarray) -> float:
        return float(np.mean(np.log(v.mean() / v)))

    found = endowment(scheme, panel, permutations=50).summary["inequality"]
    assert found == pytest.approx(mld(fitted) / mld(y))


def test_known_effort_leaves_endowment_its_share() -> None:
    rng = np.random.default_rng(11)
    raw = np.linalg.qr(np.column_stack([np.ones(50), rng.normal(size=(50, 2))]))[0][:, 1:]
    effort, z = raw.T  # both of length 1, at right angles
    scores = 60 + np.column_stack([30 * effort + 40 * z] * 3)
    scheme, panel = given(scores, np.column_stack([z, effort]))
    found = endowment(scheme, panel, effort="z1", permutations=50)
    assert [*found.covariates.index] == ["z0"]
    assert found.summary["effort_r2"] == pytest.approx(900 / 2500)
    assert found.summary["endowment_share"] == pytest.approx(1600 / 2500)
    assert found.summary["effort_partial"] == pytest.approx(1)  # net of z only effort is left
    assert found.summary["equal_effort_sd"] == pytest.approx(40 / np.sqrt(48))
    tau = stats.kendalltau(effort, scores[:, 0]).statistic
    assert found.summary["effort_order"] == pytest.approx(tau)
    assert found.findings[-1].topic == "endowment.effort"
    assert found.findings[-1].light == "red"


def test_agreement_with_ties_is_kendalls_tau_b() -> None:
    a, b = np.array([1.0, 2, 2, 3, 5, 5]), np.array([2.0, 1, 3, 3, 4, 6])
    want = stats.kendalltau(a, b).statistic
    assert agreement(a, b, np.zeros(6, int)) == pytest.approx(want)


def test_bonuses_that_follow_endowment_are_named() -> None:
    rng = np.random.default_rng(12)
    z = rng.normal(size=(60, 1))
    awards = {"awards": {"method": "bonus", "points": {"won": 1.0}, "name_en": "Awards"}}
    scheme, panel = given(rng.normal(60, 5, (60, 3)), z, adjustments=awards)
    events = pd.DataFrame(
        {"unit": f"u{i}", "event": "awards", "kind": "won", "count": 1}
        for i in np.flatnonzero(z[:, 0] > 0.3)
    )
    found = endowment(scheme, panel.replace(events=events), permutations=200)
    assert found.nodes.at["adjustments.awards", "kind"] == "adjustment"
    finding = {f.topic: f for f in found.findings}["endowment.adjustments"]
    assert finding.light == "red"
    assert "Awards and z0" in finding.sentence.en


def test_covariates_that_tell_nothing_are_left_out_and_named() -> None:
    scheme, panel, _, z = mixed(13, categories=2)
    table = panel.frame("covariates").assign(flat=1.0, home=np.arange(40) % 2, rare=np.nan)
    table["twice"] = 2 * z[:, 0] + 1
    table.loc["u0", "z1"] = np.nan
    found = endowment(scheme, panel.replace(covariates=table), permutations=50)
    assert [*found.covariates.index] == ["z0", "z2", "twice", "z1"]
    assert set(found.left_out) == {"flat", "home", "rare", "u0"}
    assert found.summary["df"] == 39 - 2 - 3  # "twice" says nothing new
    assert found.covariates.loc[["z0", "twice"], "partial"].isna().all()
    assert found.covariates["share"].sum() == pytest.approx(found.summary["r2"])


def test_a_table_of_its_own_and_names_choose_the_covariates() -> None:
    scheme, panel, _, z = mixed(14)
    plain = endowment(scheme, panel, ["z1"], permutations=50).summary
    own = pd.DataFrame({"mine": z[:, 1]}, index=[*panel.units])
    assert endowment(scheme, panel, own, permutations=50).summary.equals(plain)


@pytest.mark.parametrize("count", [2, 4, 5])
def test_too_few_units_are_grey(count: int) -> None:
    scheme, panel, *_ = mixed(15, count=count)
    found = endowment(scheme, panel, permutations=50)
    assert [f.light for f in found.findings] == ["grey"]
    assert np.isnan(found.summary["r2"]) == (count < 5)


def test_more_than_ten_covariates_are_not_divided() -> None:
    rng = np.random.default_rng(16)
    scheme, panel = given(rng.normal(60, 5, (40, 3)), rng.normal(size=(40, 12)))
    found = endowment(scheme, panel, permutations=50)
    assert found.covariates["share"].isna().all()
    assert all("nan" not in str(f.sentence) for f in found.findings)


def test_equal_totals_are_grey() -> None:
    found = endowment(*given(np.full((20, 3), 60.0), np.random.default_rng(1).normal(size=(20, 2))))
    assert [f.light for f in found.findings] == ["grey"]


@pytest.mark.parametrize("case", CASES)
def test_every_case_speaks(case: str) -> None:
    found = endowment(*sk.load(case), permutations=100)
    topics = [finding.topic for finding in found.findings]
    assert len(set(topics)) == len(topics) > 0
    for finding in found.findings:
        assert all((*finding.question, *finding.sentence, *finding.caution))
        assert "nan" not in "".join(finding.sentence)
    if found.nodes["carries"].notna().any():
        assert found.nodes["carries"].sum() + found.remainder == pytest.approx(1)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"covariates": ["zz0"]}, "Did you mean 'z0'"),
        ({"effort": "work"}, "effort: there is no covariate 'work'"),
        ({"covariates": ["z0"], "effort": "z0"}, "both effort and endowment"),
        ({"covariates": pd.DataFrame({"x": [1.0]}, index=["u99"])}, "there is no unit 'u99'"),
    ],
)
def test_bad_input_is_refused(asked: dict[str, Any], words: str) -> None:
    scheme, panel, *_ = mixed(17)
    with pytest.raises(sk.SimkaoheError, match=words):
        endowment(scheme, panel, **asked)


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_the_size_of_a_covariate_does_not_matter(size: float) -> None:
    rng = np.random.default_rng(3)
    scores, z = rng.integers(0, 100, (12, 3)), rng.integers(1, 9, (12, 1)) / 8
    plain, sized = (endowment(*given(scores, z * s), permutations=20) for s in (1.0, size))
    pd.testing.assert_series_equal(plain.summary, sized.summary)
    pd.testing.assert_frame_equal(
        plain.covariates.drop(columns="points"), sized.covariates.drop(columns="points")
    )
