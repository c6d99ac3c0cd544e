"""Sensitivity against published figures and closed forms.

Technology Achievement Index: OECD/JRC (2008), Handbook on Constructing Composite Indicators, tables
22 and 23, raw data from UNDP (2001). Ishigami: Ishigami and Homma (1990); G: Sobol (1993), Saltelli
et al. (2008), Global Sensitivity Analysis: The Primer. The indices of the sums and products follow
from the variance of a product of independent variables, checked by quadrature.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pandas as pd
import pytest
from SALib.sample import sobol as salib

import simkaohe as sk
from simkaohe.sensitivity.extremes import rank_range
from simkaohe.sensitivity.sobol import estimates, sobol_indices
from simkaohe.sensitivity.varying import Choice, choice

# Exact first-order and total indices of each factor.
ANALYTIC = {
    "ishigami": (
        (0.31390519114781146, 0.4424111447900409, 0.0),
        (0.5575888552099592, 0.4424111447900409, 0.2436836640621477),
    ),
    "g": (
        (0.7161921688790338, 0.17904804221975845, 0.0236757741778193, 0.007161921688790339)
        + 4 * (7.161921688790338e-05,),
        (0.7871441266592755, 0.24219819281823862, 0.03431691015408285, 0.01046038706523954)
        + 4 * (0.00010494905191950606,),
    ),
    "weighted_sum": ((8 / 15, 0.3, 2 / 15, 1 / 30), (8 / 15, 0.3, 2 / 15, 1 / 30)),
    "geometric": (
        (0.46090250471704863, 0.2916648662662576, 0.1481472336590506, 0.04320960981722424),
        (0.5049104635156569, 0.32938685563669373, 0.17180981050185468, 0.05111696841377629),
    ),
    "multiplier": (
        (
            0.4651162790697665,
            0.2616279069767436,
            0.11627906976744162,
            0.029069767441860406,
            0.11627906976744162,
        ),
        (
            0.47131782945736345,
            0.26511627906976687,
            0.11782945736434086,
            0.029457364341085215,
            0.1279069767441858,
        ),
    ),
}
G = np.array([0, 1, 4.5, 9, 99, 99, 99, 99])
SHARES = (40.0, 30.0, 20.0, 10.0)


def ishigami(u: np.ndarray) -> np.ndarray:
    x = np.pi * (2 * u - 1)
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def g_function(u: np.ndarray) -> np.ndarray:
    return ((np.abs(4 * u - 2) + G) / (1 + G)).prod(1)


def engine(combine: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return the total of a scheme as a function of its indicators' scores."""
    leaves = [{"id": f"i{k}", "weight": w, "rule": "given"} for k, w in enumerate(SHARES)]
    root: dict[str, object] = {"id": "total", "children": leaves}
    if combine == "multiplier":
        base = {"id": "base", "children": leaves}
        root["children"] = [base, {"id": "c", "rule": "given"}]
        root["combine"] = {"method": combine, "base": "base"}
    else:
        root["combine"] = combine
    scheme = sk.Scheme.read({"root": root})
    names = [leaf.id for leaf in scheme.indicators]
    panel = sk.Panel(pd.DataFrame(50.0, ["a"], names))

    def total(u: np.ndarray) -> np.ndarray:
        scores = 100 * u
        if combine == "multiplier":
            scores[:, 4] = 80 + 40 * u[:, 4]
        given = {name: scores[:, [k]] for k, name in enumerate(names)}
        return sk.Engine(scheme, panel).what_if(given).totals[:, 0]

    return total


@pytest.mark.parametrize("name", list(ANALYTIC))
def test_sobol_indices_are_the_analytic_ones(name: str) -> None:
    first, total = (np.array(part) for part in ANALYTIC[name])
    models = {"ishigami": ishigami, "g": g_function}
    model = models.get(name) or engine(name)
    count, draws = len(first), 2**14
    problem = {"num_vars": count, "names": [*map(str, range(count))], "bounds": [[0, 1]] * count}
    points = salib.sample(problem, draws, calc_second_order=False, seed=1)
    found = estimates(model(points.copy())[:, None], count, 100, 0.95, 1)
    assert found["first"][:, 0] == pytest.approx(first, abs=0.01)
    assert found["total"][:, 0] == pytest.approx(total, abs=0.01)
    # the intervals are of the right size: three half-widths always hold it
    assert (np.abs(found["first"][:, 0] - first) <= 3 * found["first_error"][:, 0] + 1e-4).all()
    assert (np.abs(found["total"][:, 0] - total) <= 3 * found["total_error"][:, 0] + 1e-4).all()


# -- the Technology Achievement Index --------------------------------------------------------------

WEIGHTS = {
    "EW": (0.125,) * 8,
    "FA": (0.17, 0.15, 0.11, 0.06, 0.08, 0.13, 0.13, 0.17),
    "BAP": (0.11, 0.11, 0.11, 0.18, 0.1, 0.06, 0.15, 0.18),
    "AHP": (0.09, 0.1, 0.07, 0.21, 0.05, 0.06, 0.18, 0.25),
}
# Normalisation (rows) by weights and aggregation (columns: EW arithmetic, EW geometric, FA …):
# rank of Korea, rank of Singapore.
RUNS = {
    "minmax_goalpost": ((5, 15, 5, 12, 4, 12, 2, 8), (10, 18, 11, 18, 6, 17, 6, 14)),
    "minmax_sample": ((7, 15, 6, 13, 4, 11, 4, 7), (12, 18, 14, 18, 11, 17, 6, 17)),
    "zscore": ((6, 8, 6, 5, 4, 4, 4, 4), (11, 13, 11, 15, 8, 11, 6, 9)),
    "rank": ((11, 16, 11, 17, 6, 14, 4, 8), (12, 18, 17, 18, 12, 17, 8, 17)),
}
# Exact indices of that full factorial: first order and total of normalisation, weights, aggregation.
FACTORIAL = {
    ("mean_shift", ""): (
        (0.0934426191594027, 0.04740935698212, 0.671906619825479),
        (0.224967216564944, 0.195955900208843, 0.83840484015329),
    ),
    ("rank", "Korea, Rep. of"): (
        (0.233224043715847, 0.226229508196721, 0.349726775956284),
        (0.40568306010929, 0.304262295081967, 0.494863387978142),
    ),
    ("rank", "Singapore"): (
        (0.16529304029304, 0.19551282051282, 0.505723443223443),
        (0.271978021978022, 0.269230769230769, 0.63003663003663),
    ),
}


@pytest.fixture(scope="module")
def factorial() -> tuple[sk.Scheme, sk.Panel, tuple[Choice, ...]]:
    """Return the index with four ways to scale (as columns of data), and the three choices.

    Scaled tables are stretched to [1, 100] as a whole, so that the geometric mean is defined.
    """
    scheme, panel = sk.load("tai")
    raw = panel.frame("actual")
    names = [leaf.id for leaf in scheme.indicators]
    raw = raw[names]
    posts = {leaf.id: (leaf.rule.worst, leaf.rule.best) for leaf in scheme.indicators}
    worst, best = (pd.Series({n: p[k] for n, p in posts.items()}) for k in (0, 1))
    scaled = {
        "minmax_goalpost": (raw - worst) / (best - worst),
        "minmax_sample": (raw - raw.min()) / (raw.max() - raw.min()),
        "zscore": (raw - raw.mean()) / raw.std(),
        "rank": raw.rank(),
    }
    columns = {}
    for way, table in scaled.items():
        low, high = table.to_numpy().min(), table.to_numpy().max()
        stretched = 1 + 99 * (table - low) / (high - low)
        columns[way] = stretched.rename(columns={n: f"{n}_{way}" for n in names})
    data = pd.concat(columns.values(), axis="columns")
    start = {f"{n}.rule": "given" for n in names}
    start |= {f"{n}.data": f"{n}_minmax_goalpost" for n in names}
    ways = [
        sk.Scenario(name=way, edits={f"{n}.data": f"{n}_{way}" for n in names}) for way in scaled
    ]
    weights = [
        sk.Scenario(
            name=name,
            edits={f"{n}.weight": w for n, w in zip(names, values, strict=True)},
        )
        for name, values in WEIGHTS.items()
    ]
    means = {"arithmetic": "weighted_sum", "geometric": "geometric"}
    return (
        scheme.edit(start),
        sk.Panel(data),
        (
            choice("normalisation", ways),
            choice("weights", weights),
            choice("total.combine", means),
        ),
    )


def test_runs_of_the_factorial_are_the_published_ones(factorial) -> None:
    scheme, panel, (ways, weights, means) = factorial
    for way in ways.options:
        found = []
        for w, mean in product(weights.options, means.options):
            ranking = sk.evaluate(scheme.edit(way | w | mean), panel).ranking["rank"]
            found.append((ranking["Korea, Rep. of"], ranking["Singapore"]))
        assert tuple(zip(*found, strict=True)) == RUNS[way.name]


def test_discrete_choices_have_the_indices_of_the_full_factorial(factorial) -> None:
    scheme, panel, choices = factorial
    found = sobol_indices(scheme, panel, *choices, draws=4096, seed=1)
    for output, (first, total) in FACTORIAL.items():
        assert found.first[output].to_numpy() == pytest.approx(first, abs=0.03)
        assert found.total[output].to_numpy() == pytest.approx(total, abs=0.03)
        near = 2 * found.first_error[output].to_numpy() + 1e-3
        assert (np.abs(found.first[output].to_numpy() - first) <= near).all()


def test_published_ranks_are_within_the_proved_range() -> None:
    """Equal and budget-allocation weights are both within the bounds that they span."""
    scheme, panel = sk.load("tai")
    names = [leaf.id for leaf in scheme.indicators]
    bap = dict(zip(names, WEIGHTS["BAP"], strict=True))
    bounds = {f"{n}.weight": (min(0.125, w), max(0.125, w)) for n, w in bap.items()}
    answer = rank_range(scheme, panel, bounds=bounds, proof=True)
    assert answer.table[["best_proved", "worst_proved"]].all(axis=None)
    published = {"Finland": (1, 1), "Korea, Rep. of": (5, 4), "Netherlands": (6, 8)}
    published |= {"Singapore": (8, 6), "Canada": (9, 10), "Italy": (20, 21), "Hungary": (22, 20)}
    for unit, ranks in published.items():
        row = answer.table.loc[unit]
        assert row["best"] <= min(ranks)
        assert row["worst"] >= max(ranks)
