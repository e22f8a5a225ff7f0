"""S22's claims, on tables that reproduce them and on others that contradict them."""

import re

import numpy as np
import petrini_2022_tables as tables
import pytest
import scipy.stats
from pandas import DataFrame, concat

from cnn_sensitivity import papers
from cnn_sensitivity.papers.petrini_2022.claims import CLAIMS
from cnn_sensitivity.scorecard import assess as scorecard_of
from cnn_sensitivity.scorecard.verdict import CONTRADICTED, NOT_TESTED, REPRODUCED, UNDECIDED

WHOLE = tables.whole()


def scorecard(*claims: str, **others: DataFrame) -> DataFrame:
    """Return the scorecard of some claims, or of all, with some tables replaced."""
    chosen = [claim for claim in CLAIMS if not claims or claim.id in claims]
    listed = papers.criteria("petrini_2022")
    return scorecard_of(chosen, {**WHOLE, **others}, listed).set_index("id")


def test_all_nine_are_reproduced_where_they_are_true() -> None:
    verdicts = scorecard()["verdict"]
    assert len(verdicts) == 9
    assert set(verdicts) == {REPRODUCED}, verdicts


def test_without_tables_nothing_is_tested() -> None:
    assert set(papers.assess("petrini_2022", {})["verdict"]) == {NOT_TESTED}


def swapped(table: DataFrame) -> DataFrame:
    """Return the table with the feature flow and the machine exchanged."""
    names = {"feature": "machine", "machine": "feature"}
    return table.assign(experiment=table["experiment"].replace(names))


@pytest.mark.parametrize("claim", ["s22-error", "s22-R"])
def test_on_images_the_opposite_contradicts(claim: str) -> None:
    found = scorecard(claim, sensitivity=swapped(WHOLE["sensitivity"])).loc[claim]
    assert found["verdict"] == CONTRADICTED


@pytest.mark.parametrize(
    ("claim", "others"),
    [
        ("s22-sparse-images", {"measurements": tables.participation(1.1)}),
        ("s22-exponent-feature", {"sphere": tables.sphere(shift=0.9)}),
        ("s22-exponent-lazy", {"sphere": tables.sphere(shift=-0.9)}),
        ("s22-lazy-wins", {"sphere": tables.sphere(level=30.0)}),
        ("s22-rough", {"sphere": tables.sphere(shift=0.3)}),
        ("s22-sparse-sphere", {"sphere": tables.sphere().assign(atoms=3)}),
        ("s22-R-init", {"sensitivity": tables.sensitivity().assign(R=9.0)}),
    ],
)
def test_what_is_not_true_is_contradicted(claim: str, others: dict[str, DataFrame]) -> None:
    assert scorecard(claim, **others).loc[claim, "verdict"] == CONTRADICTED


def test_the_error_is_compared_in_pairs_with_students_interval() -> None:
    table = WHOLE["sensitivity"]
    trained = table[(table["state"] == "trained") & (table["train_size"] >= 256)]
    pairs = trained.pivot_table(
        index=["seed", "train_size"], columns="experiment", values="test_error"
    )
    logs = np.log(pairs["feature"] / pairs["machine"]).groupby("seed").mean()
    found = scorecard("s22-error").loc["s22-error"]
    expected = scipy.stats.ttest_1samp(logs, 0).confidence_interval()
    assert found["measured"] == pytest.approx(logs.mean())
    assert (found["low"], found["high"]) == pytest.approx(tuple(expected))


def test_what_scatters_together_does_not_widen_the_interval() -> None:
    """Hard training sets are hard for both: the ratio knows nothing of it."""
    table = WHOLE["sensitivity"]
    harder = table.assign(test_error=table["test_error"] * np.exp(0.5 * table["seed"]))
    found = scorecard("s22-error", sensitivity=harder).loc["s22-error"]
    plain = scorecard("s22-error").loc["s22-error"]
    assert (found["low"], found["high"]) == pytest.approx((plain["low"], plain["high"]))


def test_it_tells_of_the_other_lazy_predictors() -> None:
    reason = scorecard("s22-R").loc["s22-R", "reason"]
    for name, ratio in (("ridgeless regression", 2 / 0.8), ("kernel flow", 2 / 2.5)):
        told = re.search(rf"lazy: {name} \(Fashion-MNIST subset\): ([\d.]+) \[", reason)
        assert told and float(told[1]) == pytest.approx(ratio, rel=0.03)


def test_data_sets_are_parts_and_one_that_fails_is_said() -> None:
    other = tables.sensitivity("feature_cifar", "machine_cifar").assign(dataset="CIFAR-10")
    other["R"] = other["R"].where(other["experiment"] == "machine_cifar", 0.5)
    both = concat([WHOLE["sensitivity"], other], ignore_index=True)
    found = scorecard("s22-R", sensitivity=both).loc["s22-R"]
    assert found["verdict"] == CONTRADICTED
    assert "CIFAR-10, n = 128" in found["reason"]


def test_two_training_sets_decide_nothing() -> None:
    few = {name: table[table["seed"] < 2] for name, table in WHOLE.items()}
    verdicts = scorecard(**few)["verdict"]
    assert set(verdicts.drop("s22-R-init")) == {UNDECIDED}


def test_networks_of_one_training_set_are_one_value() -> None:
    """Ten initialisations of a training set are no ten training sets."""
    table = WHOLE["sensitivity"]
    is_feature = table["experiment"] == "feature"
    again = [
        table[is_feature].assign(network=f"net-{n}", test_error=table["test_error"] * (1 + 0.1 * n))
        for n in range(3)
    ]
    more = concat([table[~is_feature], *again], ignore_index=True)
    found = scorecard("s22-error", sensitivity=more).loc["s22-error"]
    shift = np.log([1, 1.1, 1.2]).mean()
    plain = scorecard("s22-error").loc["s22-error"]
    assert found["measured"] == pytest.approx(plain["measured"] + shift)
    assert found["high"] - found["low"] == pytest.approx(plain["high"] - plain["low"])


def test_a_slope_is_read_over_its_own_range() -> None:
    """Outside of it the law may be another one."""
    table = WHOLE["sphere"].copy()
    early = (table["regime"] == "lazy") & (table["train_points"] < 64)
    table.loc[early, "test_error"] *= 100
    assert scorecard("s22-exponent-lazy", sphere=table)["verdict"].item() == REPRODUCED
    few = table[table["train_points"] <= 128]
    found = scorecard("s22-exponent-lazy", sphere=few).loc["s22-exponent-lazy"]
    assert found["verdict"] == NOT_TESTED
    assert "lazy: 2 numbers of training points from 64 to 2048, fewer than 3." in found["reason"]


def test_predictors_without_an_error_or_an_output_are_left_out_and_counted() -> None:
    table = WHOLE["sensitivity"].copy()
    first = (table["experiment"] == "feature") & (table["seed"] == 0)
    table.loc[first & (table["train_size"] == 256), "test_error"] = 0.0
    reason = scorecard("s22-error", sensitivity=table).loc["s22-error", "reason"]
    assert "Left out: 1 run with test error 0, which has no logarithm." in reason
    table.loc[first, ["D", "G", "R"]] = np.nan
    found = scorecard("s22-R", sensitivity=table).loc["s22-R"]
    assert found["verdict"] == REPRODUCED
    assert "3 runs whose output is constant or not finite" in found["reason"]
