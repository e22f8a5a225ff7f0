"""How often the authors' numbers meet a criterion, and what follows for a run's verdict."""

from dataclasses import replace

import numpy as np
import pytest
from checkout import ROOT
from pandas import DataFrame, read_csv

from cnn_sensitivity import papers
from cnn_sensitivity.analysis.intervals import exactly
from cnn_sensitivity.operations import simulations
from cnn_sensitivity.plan import REFERENCES
from cnn_sensitivity.scorecard import characteristics
from cnn_sensitivity.scorecard.characteristics import COLUMNS, Authors, Simulated, simulate
from cnn_sensitivity.scorecard.verdict import (
    CONTRADICTED,
    NOT_TESTED,
    REPRODUCED,
    UNDECIDED,
    Claim,
    Measured,
    Outcome,
    Range,
    judge,
)

COMMITTED = sorted((ROOT / REFERENCES).glob("*/tables.tar.gz"))


def _measure(tables: dict[str, DataFrame]) -> Outcome:
    value = float(tables["x"]["x"].iloc[0])
    return Outcome([Measured(value, exactly(value), Range(low=0))])


CLAIM = Claim("x", "x is positive", "1", "yes", "x", _measure)
OURS = {"x": DataFrame({"x": [-1.0]})}


def _authors(mean: float, known: DataFrame | None = None) -> Authors:
    """The authors have a normal number of this mean, around the criterion's limit of 0."""

    def prepare(_: dict[str, DataFrame]):
        return lambda generator: {"x": DataFrame({"x": [generator.normal(mean)]})}

    none = DataFrame(columns=COLUMNS)
    return Authors(frozenset({"x"}), prepare, none if known is None else known)


@pytest.mark.parametrize(("mean", "share"), [(-9, 0), (0, 0.5), (9, 1)])
def test_the_shares_are_those_of_the_authors_numbers(mean, share):
    found = simulate(CLAIM, _authors(mean).prepare({}))
    assert found[REPRODUCED] == pytest.approx(share, abs=0.1)
    assert found[REPRODUCED] + found[CONTRADICTED] == pytest.approx(1)
    assert found == simulate(CLAIM, _authors(mean).prepare({}))


def test_what_the_authors_would_not_meet_is_not_tested_and_the_share_is_the_reason():
    judged = judge(CLAIM, OURS)
    assert judged.verdict == CONTRADICTED
    gated = Simulated(_authors(0), OURS).gate(CLAIM, judged)
    assert gated.verdict == NOT_TESTED
    assert "reproduced in 5" in gated.reason or "reproduced in 4" in gated.reason
    assert gated.reason.endswith(judged.reason)
    assert Simulated(_authors(9), OURS).gate(CLAIM, judged) == judged


def test_claims_without_numbers_of_the_authors_and_without_an_interval_are_left_as_they_are():
    judged = judge(CLAIM, OURS)
    simulated = Simulated(_authors(-9), OURS)
    assert simulated.gate(replace(CLAIM, id="other"), judged) == judged
    few = replace(judged, verdict=UNDECIDED, part=Measured(1.0, None, Range(low=0)))
    assert simulated.gate(CLAIM, few) == few


def test_simulations_that_were_made_are_not_made_again(monkeypatch):
    simulated = Simulated(_authors(0), OURS)
    row = {"claim": "x", "design": simulated.design, REPRODUCED: 0.95, CONTRADICTED: 0.05}
    known = DataFrame([{**row, UNDECIDED: 0.0}], columns=COLUMNS)
    monkeypatch.setattr(characteristics, "simulate", lambda *_: pytest.fail("made again"))
    assert Simulated(_authors(0, known), OURS).shares(CLAIM)[REPRODUCED] == 0.95
    with pytest.raises(pytest.fail.Exception):
        Simulated(_authors(1, known), OURS).shares(CLAIM)


@pytest.mark.parametrize("name", papers.NAMES)
def test_the_room_keeps_its_simulations_as_shares_of_its_claims(name):
    authors = papers.authors(name)
    assert list(authors.known.columns) == COLUMNS
    assert authors.claims <= {claim.id for claim in papers.claims(name)}
    assert set(authors.known["claim"]) <= authors.claims
    assert not authors.known.duplicated(["claim", "design"]).any()
    assert np.allclose(authors.known[COLUMNS[2:]].sum(axis=1), 1)


def test_the_table_of_a_design_can_be_written_and_read(tmp_path):
    simulated = Simulated(_authors(9), OURS)
    table = simulated.table([CLAIM, replace(CLAIM, id="other")])
    assert table["claim"].tolist() == ["x"] and table[REPRODUCED].tolist() == [1.0]
    table.to_csv(tmp_path / "characteristics.csv", index=False)
    known = read_csv(tmp_path / "characteristics.csv")
    assert Simulated(_authors(9, known), OURS).shares(CLAIM)[REPRODUCED] == 1


@pytest.mark.parametrize("packed", COMMITTED, ids=lambda path: path.parent.name)
def test_a_room_keeps_the_simulations_of_its_committed_runs(packed, tmp_path, monkeypatch):
    """Where this fails: make characteristics."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(characteristics, "simulate", lambda *_: pytest.fail("not kept"))
    name, table = simulations.of_run(packed)
    assert set(table["claim"]) <= papers.authors(name).claims


def test_the_rooms_tables_are_those_of_the_committed_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, table in simulations.of_committed(ROOT / REFERENCES).items():
        known = papers.authors(name).known
        assert known[COLUMNS[:2]].values.tolist() == table[COLUMNS[:2]].values.tolist()
