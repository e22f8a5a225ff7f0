"""Architectures as points, families, criteria with dates."""

import pytest
from pandas import DataFrame

from cnn_sensitivity import papers
from cnn_sensitivity.analysis.units import architectures, family, without_each_family
from cnn_sensitivity.scorecard import criteria


def _rows(*rows: tuple[str, int, float]) -> DataFrame:
    return DataFrame(rows, columns=["architecture", "train_size", "R"])


def test_an_architecture_is_the_geometric_mean_of_its_seeds():
    points = architectures(_rows(("a", 1, 1.0), ("a", 1, 4.0), ("b", 1, 3.0)), ["R"])
    assert points.to_dict("list") == {"architecture": ["a", "b"], "R": pytest.approx([2, 3])}


def test_sizes_count_alike_however_many_seeds_each_has_and_only_where_all_networks_are():
    rows = _rows(("a", 1, 1.0), ("a", 1, 1.0), ("a", 2, 16.0), ("b", 1, 2.0), ("b", 2, 8.0))
    assert architectures(rows, ["R"])["R"].tolist() == pytest.approx([4, 4])
    without = rows.iloc[:-1]  # b has no second size
    assert architectures(without, ["R"])["R"].tolist() == pytest.approx([1, 2])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("FullConnL4", "fully connected"), ("VGG16bn", "VGG with batch norm"), ("VGG11", "VGG"),
        ("ResNet20", "ResNet"), ("EfficientNetB0", "EfficientNet"), ("mine:net", "mine:net"),
    ],
)  # fmt: skip
def test_families(name, expected):
    assert family(name) == expected


def test_leaving_out_a_family_leaves_out_all_of_it():
    points = _rows(("FullConnL2", 1, 1.0), ("FullConnL4", 1, 2.0), ("LeNet", 1, 8.0))
    found = without_each_family(points, lambda chosen: float(chosen["R"].sum()))
    assert found == {"fully connected": 8, "LeNet": 3}


@pytest.mark.parametrize("name", papers.NAMES)
def test_every_claim_has_a_criterion_with_its_date_and_every_change_its_reason(name):
    listed = papers.criteria(name)
    assert set(listed["claim"]) == {claim.id for claim in papers.claims(name)} | {criteria.ALL}
    assert listed["date"].str.fullmatch(r"2026-1[12]-\d\d").all()
    of_claim = listed.groupby("claim")["date"]
    assert of_claim.apply(lambda dates: dates.is_monotonic_increasing).all()
    changed = criteria.changes(listed)
    assert (changed["why"] != "").all() and (changed["before"] != changed["after"]).all()
    first = ~listed.duplicated("claim")
    assert (listed["why"][first] == "").all()


def test_the_current_criterion_is_the_last_one():
    listed = DataFrame(
        [("2026-11-21", "x", "old", ""), ("2026-11-21", "y", "same", ""),
         ("2026-11-23", "x", "new", "better")],
        columns=["date", "claim", "criterion", "why"],
    )  # fmt: skip
    now = criteria.current(listed)
    assert now["criterion"].to_dict() == {"x": "new", "y": "same"}
    assert now["date"].to_dict() == {"x": "2026-11-23", "y": "2026-11-21"}
    (change,) = criteria.changes(listed).to_dict("records")
    assert change == {
        "date": "2026-11-23", "claim": "x", "before": "old", "after": "new", "why": "better"
    }  # fmt: skip


def test_the_changes_of_t22_are_those_that_were_told():
    changed = criteria.changes(papers.criteria("tomasini_2022"))
    told = {(change["date"], change["claim"]) for change in changed.to_dict("records")}
    assert told >= {
        ("2026-11-23", "all"), ("2026-11-23", "error-R"), ("2026-11-23", "tanh"),
        ("2026-11-23", "both-poolings"), ("2026-11-23", "R-init"), ("2026-11-26", "scaling-D"),
        ("2026-11-26", "scaling-G"), ("2026-11-29", "all"), ("2026-11-29", "tanh"),
    }  # fmt: skip
