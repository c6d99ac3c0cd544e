"""An edit may leave data unread; a name that nobody ever mentioned is a mistake."""

from __future__ import annotations

import pytest

import simkaohe as sk


@pytest.mark.parametrize(
    ("case", "edits"),
    [
        ("cadre_360", {"grades.priority": []}),
        ("cadre_360", {"adjustments": {}, "limits": {}}),
        ("county_targets", {"attribution.park": None}),
        ("three_papers", {"attribution": {}}),
    ],
)
def test_an_edit_may_take_away_the_last_reader(case, edits, tmp_path) -> None:
    scheme, panel = sk.load(case)
    edited = scheme.edit(edits)
    result = sk.evaluate(edited, panel)
    assert set(result.ranking.index) == set(sk.evaluate(scheme, panel).ranking.index)
    again = edited.edit({f"{scheme.indicators[0].id}.note": "x"})
    assert sk.evaluate(again, panel).ranking.equals(result.ranking)
    for place in ("case", "case.xlsx"):
        saved = sk.save(tmp_path / place, edited, panel)
        assert sk.evaluate(*sk.load(saved)).ranking.equals(result.ranking)


def test_without_priority_equal_totals_share_a_rank_as_before() -> None:
    """What is no longer read is as if it were not recorded."""
    scheme, panel = sk.load("cadre_360")
    edited = scheme.edit({"grades.priority": []})
    events = panel.records("events")
    looked_at = {c.event for c in scheme.grades.priority}
    read = {*edited.adjustments} | {e for e in events["event"] if e not in looked_at}
    fewer = panel.replace(events=events[events["event"].isin(read)])
    assert sk.evaluate(edited, fewer).ranking.equals(sk.evaluate(edited, panel).ranking)


@pytest.mark.parametrize("edits", [{}, {"grades.priority": []}])
def test_a_mistyped_event_is_still_refused(edits) -> None:
    scheme, panel = sk.load("cadre_360")
    events = panel.records("events")
    events.loc[0, "event"] = "key_projekt"
    with pytest.raises(sk.SimkaoheError, match="there is no event 'key_projekt'"):
        sk.evaluate(scheme.edit(edits), panel.replace(events=events))


def test_a_unit_without_a_category_is_still_refused() -> None:
    scheme, panel = sk.load("county_targets")
    other = {"园区共建项目": "园区共建"}
    tables = {name: panel.frame(name).rename(index=other) for name in panel.tables}
    lists = {name: panel.records(name).replace(other) for name in panel.record_tables}
    panel = sk.Panel(**tables, **lists)
    with pytest.raises(sk.SimkaoheError, match="'园区共建' is in no category"):
        sk.evaluate(scheme.edit({"attribution.park": None}), panel)


def test_appeals_are_adjustments_that_give_points() -> None:
    scheme, panel = sk.load("three_papers")
    with pytest.raises(sk.SimkaoheError, match="appeals: there is no adjustment 'accident'"):
        sk.fairness.audit(scheme, panel, appeals=["accident"], measures=("parity",))


def test_errors_are_given_by_indicator() -> None:
    scheme, panel = sk.load("three_papers")
    with pytest.raises(sk.SimkaoheError, match="an error for each indicator"):
        sk.fairness.noise(scheme, panel, errors=["gdp_growth"], draws=100)
