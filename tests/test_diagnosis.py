"""Diagnosis and scoreboard: thirds, places and losses by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import simkaohe as sk

UNITS = ["甲", "乙", "丙", "丁"]


def result(combine: object = "weighted_sum", **edits: object) -> sk.Result:
    leaves = [
        {"id": "x", "rule": "given", "weight": 50, "responsible": "发改局"},
        {"id": "y", "rule": "given", "weight": 30, "responsible": "发改局"},
        {"id": "z", "rule": "given", "weight": 20, "missing": "spread", "responsible": "环保局"},
        {"id": "off", "rule": "given", "weight": 0, "missing": "spread"},
    ]
    scheme = sk.Scheme.read(
        {"root": {"id": "total", "combine": combine, "children": leaves}, **edits}
    )
    frame = pd.DataFrame(
        {
            "x": [90.0, 80, 70, 60],
            "y": [50.0, 50, 50, 50],
            "z": [100.0, 40, 80, np.nan],
            "off": [1.0, 2, 3, 4],
        },
        index=UNITS,
    )
    return sk.evaluate(scheme, sk.Panel(frame))


def test_places_and_thirds_among_the_peers() -> None:
    found = sk.diagnose(result(), "乙")
    rows = found.indicators.loc[["x", "y", "z"]]
    assert "off" not in found.indicators.index  # no weight, no place
    assert rows["place"].tolist() == [2, 1, 3]
    assert rows["of"].tolist() == [4, 4, 3]  # 丁 has no z
    # x: places 2 of 4, middle (2 + 2 − 1) / 2 / 4 = 0.375; y: all equal, 0.5; z: 5 / 6
    assert rows["third"].tolist() == ["middle", "middle", "bottom"]
    assert found.thirds.tolist() == pytest.approx([0, 2 / 3, 1 / 3])
    assert found.best(1).index.tolist() == ["y"]
    assert found.worst(2).index.tolist() == ["z", "x"]


def test_points_lost_are_what_full_marks_would_bring() -> None:
    found = sk.diagnose(result(), "甲")
    assert found.indicators["lost"].to_dict() == pytest.approx({"y": 15, "x": 5, "z": 0})
    assert found.departments["lost"].to_dict() == pytest.approx({"发改局": 20, "环保局": 0})
    spread = sk.diagnose(result(), "丁").indicators["lost"].to_dict()
    assert spread == pytest.approx({"x": 40 * 50 / 80, "y": 50 * 30 / 80})


def test_losses_under_a_product_are_exact_and_do_not_add_up() -> None:
    product = {"method": "multiplier", "base": "x"}
    scheme, panel = result().scheme, result().panel
    scheme = scheme.edit({"total.combine": product, "z.weight": 0})
    found = sk.diagnose(sk.evaluate(scheme, panel), "甲")
    assert found.indicators["lost"].to_dict() == pytest.approx({"y": 90 - 45, "x": 50 - 45})
    assert found.departments.loc["发改局", "lost"] == pytest.approx(100 - 45)


def test_a_loss_is_the_evaluation_of_the_data_with_full_marks() -> None:
    scheme, panel = sk.load("cadre_360")
    base = sk.evaluate(scheme, panel)
    unit = "鹤汀区"
    found = sk.diagnose(base, unit)
    leaf = next(n for n in found.indicators.index if scheme.nodes[n].rule.method == "given"
                and scheme.nodes[n].measure.method == "level")  # fmt: skip
    frame = panel.frame("actual")
    frame.loc[unit, leaf] = 100.0
    better = sk.evaluate(scheme, panel.replace(actual=frame))
    gain = better.scores.at[unit, scheme.root.id] - base.scores.at[unit, scheme.root.id]
    assert found.indicators.at[leaf, "lost"] == pytest.approx(gain)


def progress(**fields: object) -> sk.Result:
    rule = {"method": "progress", "elapsed": 0.5, "full": 10}
    leaves = [
        {"id": "a", "rule": rule, "weight": 60, "responsible": "交通局"},
        {"id": "b", "rule": rule, "weight": 40, "responsible": "教育局", "missing": "spread"},
        {"id": "c", "rule": rule, "weight": 100, "responsible": "教育局", "missing": "zero"},
    ]
    scheme = sk.Scheme.read({"root": {"id": "total", "children": leaves}, **fields})
    done = pd.DataFrame({"a": [3.0, 8], "b": [np.nan, 1], "c": [6.0, np.nan]}, index=["甲", "乙"])
    target = pd.DataFrame({"a": [10.0, 10], "b": [4.0, 4], "c": [8.0, 8]}, index=["甲", "乙"])
    lost = pd.DataFrame({"a": [2.0, 0]}, index=["甲", "乙"])
    return sk.evaluate(scheme, sk.Panel(done, target=target, deducted=lost))


def test_progress_splits_the_full_points_of_the_total() -> None:
    found = sk.diagnose(progress(), "甲").progress
    assert found["full"].to_dict() == pytest.approx({"a": 37.5, "c": 62.5})  # b's weight is spread
    # a: 3 of 10 secured, 2 lost, 5 open; pace 0.6: late, risk 0.6
    row = found.loc["a", ["secured", "open", "lost", "at_risk", "risk", "expected_loss"]]
    assert row.tolist() == pytest.approx([11.25, 18.75, 7.5, 18.75, 0.6, 7.5 + 0.6 * 18.75])
    # c: 6 of 8 done at half time: on time
    row = found.loc["c", ["secured", "open", "lost", "at_risk", "risk"]]
    assert row.tolist() == pytest.approx([46.875, 15.625, 0, 0, 0.05])
    total = sk.diagnose(progress(), "甲").result.ranking.at["甲", "total"]
    assert total == pytest.approx(found["full"].sum() - found["expected_loss"].sum())


def test_a_task_that_is_not_reported_and_counts_zero_is_lost() -> None:
    found = sk.diagnose(progress(), "乙")
    assert found.progress.loc["c", ["secured", "open", "lost"]].tolist() == [0, 0, 50]
    by = found.progress_by_department
    assert by.loc["教育局", "full"] == pytest.approx(70)
    assert by.loc["教育局", "lost"] == pytest.approx(50)


def test_the_scoreboard_has_every_unit_and_who_moved() -> None:
    now = result()
    frame = now.panel.frame("actual")
    frame["x"] = frame["x"].to_numpy()[::-1]
    before = sk.evaluate(now.scheme, now.panel.replace(actual=frame))
    board = sk.scoreboard(now, before)
    shift = before.ranking["rank"] - now.ranking["rank"]
    assert board["shift"].to_dict() == shift.to_dict()
    assert (board[["top", "middle", "bottom"]].sum(axis=1) == 1).all()
    for unit in UNITS:
        found = sk.diagnose(now, unit)
        assert board.loc[unit, "worst"] == found.worst(1).index[0]
        assert board.loc[unit, "best"] == found.best(1).index[0]
        assert board.loc[unit, ["top", "middle", "bottom"]].tolist() == found.thirds.tolist()
    assert "shift" not in sk.scoreboard(now)


def test_a_unit_that_is_not_there_is_answered_with_the_nearest() -> None:
    with pytest.raises(sk.SimkaoheError, match="青山区"):
        sk.diagnose(sk.evaluate(*sk.load("three_papers")), "青山")
