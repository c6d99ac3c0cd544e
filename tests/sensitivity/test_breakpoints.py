"""Breakpoints are where a fine grid of evaluations sees places change, on any scheme."""

from __future__ import annotations

import numpy as np
from hypothesis import Phase, assume, event, given, settings
from hypothesis import strategies as st
from strategies import evaluable, schemes

import simkaohe as sk
from simkaohe.sensitivity.stepping import Breakpoints, breakpoints

GRID = 400


def movable(scheme: sk.Scheme) -> list[str]:
    """Paths of all weights and of the numbers of all multipliers."""
    found = []
    for name, node in scheme.nodes.items():
        if node is not scheme.root:
            found.append(f"{name}.weight")
            found += [f"{name}.weights_by_category.{c}" for c in node.weights_by_category]
        method = getattr(node, "combine", None)
        if method is not None and method.method == "multiplier":
            found += [f"{name}.combine.low", f"{name}.combine.high", f"{name}.combine.base_mark"]
            if method.map.method == "centred":
                found.append(f"{name}.combine.map.beta")
            if method.map.method == "gate":
                found += [f"{name}.combine.map.pass_mark", f"{name}.combine.map.otherwise"]
    return found


def agrees_with_the_engine(found: Breakpoints, panel: sk.Panel, points: int = GRID) -> None:
    """Compare totals, and the ranks between the points, with evaluations on a grid."""
    scheme = found.scheme.edit({"ranking.digits": None})
    engine = sk.Engine(scheme, panel)
    width = found.high - found.low
    grid = found.low + (np.arange(points) + 0.5) / points * width
    edits = found._along.move.edits(grid)
    outcome = engine.run(edits, nodes=[scheme.root.id])
    exact = np.broadcast_to(outcome.scores[scheme.root.id], outcome.totals.shape)
    exact = exact * scheme.full / 100
    mine = found.totals_at(grid).to_numpy()
    assert np.allclose(mine, exact, rtol=1e-9, atol=1e-9)
    edges = np.append(found.intervals.index.get_level_values("low"), found.high)
    home = np.clip(np.searchsorted(edges, grid) - 1, 0, len(edges) - 2)
    expected = found.intervals.to_numpy()[home]
    # Where two totals are level but for noise, either order will do.
    gaps = np.abs(exact[:, :, None] - exact[:, None, :])
    near = ((gaps < 1e-7) & (gaps > 0)).any((1, 2))
    near |= np.abs(grid[:, None] - edges).min(1) < 1e-9 * width
    assert np.array_equal(expected[~near], outcome.ranks[~near])


@settings(max_examples=1500, phases=(Phase.generate, Phase.reuse))
@given(schemes(), st.data())
def test_the_ranking_between_the_points_is_the_engines(
    drawn: tuple[sk.Scheme, sk.Panel], data: st.DataObject
) -> None:
    scheme, panel = drawn
    assume(evaluable(scheme, panel) is not None)
    path = data.draw(st.sampled_from(movable(scheme)))
    try:
        found = breakpoints(scheme, panel, path)
    except sk.SimkaoheError as error:
        event(f"refused: {error.problems[0].found}"[:60])
        return
    event("solved")
    agrees_with_the_engine(found, panel)
