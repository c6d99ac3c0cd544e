"""All measures on one page: every complaint answered, nothing failing as a whole."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from strategies import evaluable, schemes

import simkaohe as sk
from simkaohe.fairness import audit, payouts
from simkaohe.fairness.asking import (
    COMPLAINTS,
    KINDS,
    MEASURES,
    SOURCES,
    numbers_in_words,
)
from simkaohe.fairness.benefit import REACHES
from simkaohe.fairness.finding import LIGHTS
from simkaohe.labels import COLUMNS, FACTS, language, use_language
from simkaohe.scheme.condition import Condition
from simkaohe.scheme.rules import Rule


@pytest.fixture(scope="module")
def rich() -> Any:
    """Return an audit for which everything is known that can be asked."""
    scheme, panel = sk.load("three_papers")
    facts = panel.frame("covariates")
    facts["work"] = np.random.default_rng(4).normal(50, 10, len(facts))
    return audit(
        scheme,
        panel.replace(covariates=facts),
        covariates=["population", "gdp_per_head", "distance_to_city"],
        effort="work",
        size="population",
        cutoffs=[50.0],
        errors={"grassroots": 1.5},
        lagged=["rd_intensity", "forest"],
        appeals=["recovered"],
        pass_lines={"development": 75.0, "party": 85.0, "satisfaction": 80.0},
        higher={"projects": 100.0},
    )


def test_all_twenty_complaints_are_answered(rich: Any) -> None:
    topics = [finding.topic for finding in rich.findings]
    assert len(set(topics)) == len(topics)
    missing = {t for complaint in COMPLAINTS.values() for t in complaint.topics} - set(topics)
    assert not missing
    assert list(rich.complaints.index) == list(range(1, 21))
    told = rich.complaints[rich.complaints["light"] != "grey"]
    # few units in few categories: what covariates explain cannot be told from chance
    assert set(range(1, 21)) - set(told.index) <= {1, 5, 17}


def test_lights_words_and_numbers_of_the_table(rich: Any) -> None:
    table = rich.table
    assert list(table["measure"].drop_duplicates()) == list(MEASURES)
    assert set(table["light"]) <= set(LIGHTS)
    assert rich.counts.sum() == len(table)
    assert table.loc["cliffs.others", "complaints"] == "4, 12"
    for name, _, findings in rich.sections():
        assert findings
        assert {finding.measure for finding in findings} == {name}
    for text in ("question", "sentence", "caution"):
        assert table[text].str.len().min() > 5
        assert not table[text].str.contains(r"\bnan\b|[{}]").any()


def test_behind_every_finding_is_a_table(rich: Any) -> None:
    for finding in rich.findings:
        assert isinstance(rich.numbers(finding.topic), pd.DataFrame)
    assert rich.numbers("leverage.veto") is rich.leverage.vetoes
    assert rich.numbers("money.concentration.fund") is rich.money.table
    with pytest.raises(sk.SimkaoheError, match=r"there is no finding 'leverage.vetoes'"):
        rich.numbers("leverage.vetoes")


def test_columns_have_headings(rich: Any) -> None:
    bands = {band.name for band in rich.scheme.grades.bands}
    for finding in rich.findings:
        table = rich.numbers(finding.topic)
        for column in {str(c) for c in [*table.columns, *table.index.names]} - bands:
            assert column.removesuffix("_there") in COLUMNS or column[:5] == "uses.", column


@pytest.mark.parametrize("tongue", ["zh", "en"])
def test_no_table_shows_a_code(rich: Any, tongue: Literal["zh", "en"]) -> None:
    """But for facts about units, which have the name that the workbook's column has."""
    scheme, before = rich.scheme, language()
    codes = {*scheme.nodes, *scheme.categories, *scheme.adjustments, *scheme.uses, *Rule.family}
    codes |= {*KINDS, *REACHES, *SOURCES, "True", "False", "nan"}
    use_language(tongue)
    try:
        names = {node.label for node in scheme.nodes.values()}
        words = {str(each) for table in (KINDS, REACHES, SOURCES) for each in table.values()}
        words |= names | {str(rule.label) for rule in Rule.family.values()}
        for finding in rich.findings:
            table = numbers_in_words(scheme, rich.numbers(finding.topic))
            assert "path" not in {str(column).lower() for column in table}
            facts = [str(COLUMNS[name]) for name in ("covariate", "strongest")]
            for column in table.select_dtypes(exclude="number").columns.difference(facts):
                assert not {*table[column]} & codes - words, (finding.topic, column)
    finally:
        use_language(before)


def test_a_table_of_facts_and_one_of_names() -> None:
    """Columns that mean something else elsewhere have another heading; names stand for ids."""
    scheme, panel = sk.load("three_papers")
    found = sk.fairness.audit(scheme, panel, measures=["cliffs", "leverage"])
    others = numbers_in_words(scheme, found.numbers("cliffs.others"))
    assert {"Indicators dropped", "Indicators added"} <= {*others}
    vetoes = numbers_in_words(scheme, found.numbers("leverage.veto"))
    assert list(vetoes)[:2] == ["Name", "Struck"]
    assert {"Major accident", "Party building below the line"} <= {*vetoes["Name"]}


def test_the_table_speaks_the_readers_language() -> None:
    scheme, panel = sk.load("tai")
    sk.labels.use_language("zh")
    found = audit(scheme, panel, measures=["money", "leverage"])
    assert found.table["question"].str.contains("？").all()
    assert found.complaints.loc[6, "complaint"] == "指标稀释"


@pytest.mark.parametrize("name", ["sprint", "tai", "cadre_360"])
def test_cases_come_back_with_every_measure(name: str) -> None:
    found = audit(*sk.load(name))
    assert len(found.complaints) == 20
    reasons = [f.sentence.en for f in found.findings if f.topic in MEASURES]
    assert not reasons  # nothing that could not be computed


def test_the_scheme_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    scheme, panel = sk.load("target_responsibility")
    schemes: list[sk.Scheme] = []
    compile = sk.Engine.__init__

    def counted(engine: sk.Engine, scheme: sk.Scheme, panel: sk.Panel) -> None:
        schemes.append(scheme)
        compile(engine, scheme, panel)

    monkeypatch.setattr(sk.Engine, "__init__", counted)
    assert audit(scheme, panel).findings
    assert sum(each is scheme for each in schemes) == 1


def test_what_cannot_be_computed_is_grey_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: Any) -> None:
        raise sk.SimkaoheError(sk.errors.Problem("uses.fund", "amounts below zero"))

    monkeypatch.setattr(payouts, "money", refuses)
    found = audit(*sk.load("tai"), measures=["money", "parity"])
    row = found.table.loc["money"]
    assert row["light"] == "grey"
    assert row["sentence"] == "It cannot be computed: uses.fund: amounts below zero."
    assert (found.table["measure"] == "parity").any()
    with pytest.raises(sk.SimkaoheError, match="amounts below zero"):
        _ = found.money


def test_a_lonely_unit_is_audited() -> None:
    leaf = {"id": "x", "rule": "minmax"}
    scheme = sk.Scheme.read({"root": {"id": "total", "children": [leaf]}})
    found = audit(scheme, sk.Panel(pd.DataFrame({"x": [1.0]}, ["only"])))
    assert len(found.complaints) == 20
    assert found.counts["grey"] > len(found.findings) / 2


def test_a_scheme_that_ranks_nobody_is_audited() -> None:
    leaf = {"id": "x", "rule": "minmax"}
    scheme = sk.Scheme.read({"root": {"id": "total", "children": [leaf]}, "unranked": ["a", "b"]})
    found = audit(scheme, sk.Panel(pd.DataFrame({"x": [1.0, 2.0]}, ["a", "b"]))).table
    assert (
        found.loc["leverage", "sentence"] == "It cannot be computed: unranked: no unit is ranked."
    )


def test_before_and_after_side_by_side() -> None:
    leaves = [
        {"id": name, "rule": {"method": "minmax", "worst": 0.0, "best": 100.0}} for name in "ab"
    ]
    bonus = {"awards": {"method": "bonus", "points": {"": 10.0}}}
    grades = {"bands": [{"name": "优秀", "seats": 1}, {"name": "一般"}]}
    values = {"root": {"id": "total", "children": leaves}, "adjustments": bonus, "grades": grades}
    scheme = sk.Scheme.read(values)
    frame = pd.DataFrame({"a": [60.0, 62, 64], "b": [60.0, 62, 64]}, ["u", "v", "w"])
    events = pd.DataFrame({"unit": ["u"], "event": ["awards"]})
    panel = sk.Panel(frame, events=events)
    without = scheme.edit({"adjustments.awards.cap": 0.0})
    worse = audit(scheme, panel, before=without, measures=["leverage"]).table.loc["leverage.bonus"]
    assert (worse["light_before"], worse["light"], worse["change"]) == ("green", "red", "worse")
    assert (worse["value_before"], worse["value"]) == (0.0, 1.0)
    better = audit(without, panel, before=scheme, measures=["leverage"]).table
    assert better.loc["leverage.bonus", "change"] == "better"
    assert better.loc["leverage.veto", "change"] == "same"
    assert better.loc["leverage.appeals", "change"] == ""  # grey says nothing


def test_names_that_do_not_exist_are_refused_at_once() -> None:
    scheme, panel = sk.load("three_papers")
    with pytest.raises(sk.SimkaoheError) as caught:
        audit(
            scheme, panel, measures=["parities"], covariates=["gdpp"], lagged=["forrest"],
            appeals=["recoverd"], pass_lines={"parti": 60}, cutoffs=[1.0],
        )  # fmt: skip
    said = str(caught.value)
    for words in ("no measure 'parities'", "no covariate 'gdpp'", "no indicator 'forrest'",
                  "no adjustment 'recoverd'", "no indicator or group 'parti'", "size: found nothing"):  # fmt: skip
        assert words in said
    with pytest.raises(sk.SimkaoheError, match="there is no value"):
        audit(scheme, panel.replace(actual=panel.frame("actual") * np.nan))


@settings(max_examples=8)
@given(schemes())
def test_no_scheme_breaks_an_audit(drawn: tuple[sk.Scheme, sk.Panel]) -> None:
    scheme, panel = drawn
    assume(evaluable(scheme, panel) is not None)
    found = audit(scheme, panel)
    assert set(found.table["light"]) <= set(LIGHTS)
    assert len(found.complaints) == 20


def test_background_data_have_names_in_both_languages() -> None:
    """Those of every bundled case, in sentences, tables and conditions; others stay as they are."""
    for case in ("three_papers", "cadre_360", "county_targets", "sprint", "target_responsibility"):
        assert set(sk.load(case)[1].columns("covariates")) <= set(FACTS), case
    scheme, panel = sk.load("three_papers")
    found = audit(scheme, panel, measures=["endowment"])
    total = next(f for f in found.findings if f.topic == "endowment.total")
    assert any(words.zh in total.sentence.zh for words in FACTS.values())
    assert "_" not in total.sentence.zh + total.sentence.en
    use_language("en")
    shown = found.in_words("endowment.total")
    assert "distance to the city" in set(shown.iloc[:, 0])
    condition = Condition(fact="population", at_least=3)
    assert (condition.about, condition.words.zh) == ("fact population", "背景数据“人口”不低于3")
    assert Condition(fact="my_own", at_least=3).about == "fact my_own"
