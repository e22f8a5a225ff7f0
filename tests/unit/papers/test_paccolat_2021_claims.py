"""C21's claims on tables that follow its laws, and on others that contradict them."""

import numpy as np
import paccolat_2021_tables as tables
import pytest
import scipy.stats
from pandas import DataFrame, concat

from cnn_sensitivity import papers
from cnn_sensitivity.papers.paccolat_2021 import theory
from cnn_sensitivity.papers.paccolat_2021.claims import CLAIMS
from cnn_sensitivity.papers.paccolat_2021.claims.samples import arithmetic, exponent, geometric
from cnn_sensitivity.scorecard import assess as scorecard_of
from cnn_sensitivity.scorecard import to_text
from cnn_sensitivity.scorecard.criteria import changes
from cnn_sensitivity.scorecard.verdict import (
    CONTRADICTED,
    NOT_TESTED,
    REPRODUCED,
    UNDECIDED,
)

WHOLE = tables.whole()
OF_FEATURE = WHOLE["paths"]["alpha"] < 1


def scorecard(*claims: str, **others: DataFrame) -> DataFrame:
    """Return the scorecard of some claims, or of all, with some tables replaced."""
    chosen = [claim for claim in CLAIMS if not claims or claim.id in claims]
    listed = papers.criteria("paccolat_2021")
    return scorecard_of(chosen, {**WHOLE, **others}, listed).set_index("id")


def test_the_papers_laws_reproduce_all_its_claims() -> None:
    verdicts = scorecard()["verdict"]
    assert len(verdicts) == 10
    assert set(verdicts) == {REPRODUCED}, verdicts


def test_the_numbers_are_those_of_the_laws() -> None:
    measured = scorecard()["measured"]
    assert measured["c21-lambda"] == pytest.approx(0.5, abs=0.01)
    assert measured["c21-no-compression"] == pytest.approx(1, abs=0.02)
    assert measured["c21-beta-lazy"] == pytest.approx(3 / 7, abs=0.01)
    assert measured["c21-cylinder"] == pytest.approx(0.5, abs=0.01)
    assert measured["c21-ntk"] == pytest.approx(0.9 / 1.5)
    assert measured["c21-stretch"] == pytest.approx(1)
    assert measured["c21-alignment"] == pytest.approx(0.2)
    assert measured["c21-sensitivity"] == pytest.approx(-1)
    assert measured["c21-undone"] == pytest.approx(0.25, abs=0.02)


def _times(kind: str, column: str, factor: np.ndarray | float, where) -> DataFrame:
    changed = WHOLE[kind].copy()
    changed.loc[where, column] = (changed[column] * factor)[where]
    return changed


def _quantity(name: str, state: str | None = None):
    rows = WHOLE["measurements"]
    chosen = rows["quantity"] == name
    return chosen if state is None else chosen & (rows["state"] == state)


SIZE = WHOLE["paths"]["train_size"].to_numpy(dtype=float)
P = WHOLE["measurements"]["train_size"].to_numpy(dtype=float)
LAST = WHOLE["paths"]["state"] == "last"


@pytest.mark.parametrize(
    ("claim", "changed"),
    [
        ("c21-lambda", ("paths", "weights_informative", SIZE**0.2, OF_FEATURE)),
        ("c21-no-compression", ("paths", "weights_informative", 1.5, ~OF_FEATURE & LAST)),
        (
            "c21-beta-lazy",
            ("machines", "test_error", WHOLE["machines"]["train_size"] ** -0.2, slice(None)),
        ),
        ("c21-beta-feature", ("measurements", "test_error", P**0.25, slice(None))),
        ("c21-cylinder", ("measurements", "test_error", P**-0.2, slice(None))),
        ("c21-ntk", ("measurements", "value", 2.0, _quantity("kernel_error", "trained"))),
        ("c21-stretch", ("measurements", "value", 2.0, _quantity("stretched_error", "t_star"))),
        ("c21-alignment", ("measurements", "value", 0.5, _quantity("top_share", "trained"))),
        ("c21-sensitivity", ("measurements", "value", P**0.4, _quantity("D_ratio"))),
        ("c21-undone", ("paths", "weights_informative", 5.0, OF_FEATURE & LAST)),
    ],
)
def test_numbers_that_say_the_opposite_contradict(claim: str, changed: tuple) -> None:
    kind, column, factor, where = changed
    found = scorecard(claim, **{kind: _times(kind, column, factor, where)})
    assert found["verdict"][claim] == CONTRADICTED


def test_a_feature_exponent_must_lie_apart_from_the_lazy_one() -> None:
    """Both within their criteria's limits, yet the lazy one is raised to the other."""
    machines = WHOLE["machines"]
    raised = machines["train_size"] ** -(0.70 - 0.40)
    found = scorecard(
        "c21-beta-feature", machines=_times("machines", "test_error", raised, slice(None))
    )
    assert found["verdict"]["c21-beta-feature"] in (CONTRADICTED, UNDECIDED)


def test_a_prefactor_that_is_not_the_papers_is_told() -> None:
    doubled = _times("paths", "weights_informative", 2.0, OF_FEATURE)
    found = scorecard("c21-lambda", paths=doubled)
    assert found["verdict"]["c21-lambda"] == REPRODUCED
    assert "; 2 times the paper's .368 √p in all." in found["reason"]["c21-lambda"]


def test_lambda_needs_sizes_from_200_to_6400() -> None:
    paths = WHOLE["paths"]
    found = scorecard("c21-lambda", paths=paths[paths["train_size"] < 6400])
    assert found["verdict"]["c21-lambda"] == NOT_TESTED
    assert "from p = 200 to 6400" in found["reason"]["c21-lambda"]


def test_a_flow_that_stops_soon_after_t_star_does_not_say_what_is_undone() -> None:
    paths = WHOLE["paths"].copy()
    paths.loc[LAST, "share_fitted"] = 0.12
    found = scorecard("c21-undone", paths=paths)
    assert found["verdict"]["c21-undone"] == NOT_TESTED
    assert "that goes on after t*" in found["reason"]["c21-undone"]


def test_lambda_is_that_of_the_flows_that_span_the_sizes() -> None:
    """Others within the range, of another experiment, have no say."""
    paths = WHOLE["paths"]
    others = paths[paths["train_size"] == 1132].assign(experiment="curves", train_size=1024)
    others["weights_informative"] *= 9.0
    found = scorecard("c21-lambda", paths=concat([paths, others], ignore_index=True))
    assert found["verdict"]["c21-lambda"] == REPRODUCED
    assert found["measured"]["c21-lambda"] == pytest.approx(0.5, abs=0.01)


def test_networks_that_err_more_than_a_quarter_are_left_out_and_counted() -> None:
    rows = WHOLE["measurements"].copy()
    at = (rows["train_size"] == 64) & (rows["seed"] == 0)
    rows.loc[at, "test_error"] = 0.4
    reason = scorecard("c21-cylinder", measurements=rows)["reason"]["c21-cylinder"]
    assert "1 trainings that err more than 25 % are left out" in reason
    assert "3 to 4 trainings each" in reason


def test_two_trainings_decide_nothing() -> None:
    few = {kind: rows[rows["seed"] < 2] for kind, rows in WHOLE.items()}
    assert set(scorecard(**few)["verdict"]) == {UNDECIDED}


def test_without_tables_nothing_is_tested() -> None:
    assert set(papers.assess("paccolat_2021", {})["verdict"]) == {NOT_TESTED}


def test_the_exponents_interval_is_that_of_least_squares_over_all_trainings() -> None:
    """Of logarithms, whose scatter is equal at each size, the two agree but for the freedoms."""
    generator, sizes = np.random.default_rng(3), np.repeat([64.0, 256.0, 1024.0], 40)
    values = sizes**-0.6 * np.exp(0.3 * generator.standard_normal(len(sizes)))
    value, limits, _ = exponent(DataFrame({"train_size": sizes, "value": values}), geometric)
    line = scipy.stats.linregress(np.log(sizes), np.log(values))
    half = scipy.stats.t.ppf(0.975, 118) * line.stderr
    assert limits is not None
    assert value == pytest.approx(line.slope)
    assert limits(0.95) == pytest.approx((line.slope - half, line.slope + half), abs=0.1 * half)


def test_an_exponent_of_errors_is_that_of_their_means() -> None:
    rows = DataFrame({"train_size": [1, 1, 10, 10, 100, 100], "value": [1, 3, 0.1, 0.3, 0, 0.04]})
    value, limits, _ = exponent(rows, arithmetic)
    assert np.isnan(value) and limits is None  # without one training of the last size it is zero
    whole = rows.assign(value=[1, 3, 0.1, 0.3, 0.01, 0.03])
    assert exponent(whole, arithmetic)[0] == pytest.approx(-1)


def test_the_predictions_are_the_papers() -> None:
    """Section 0 of the facts; the prefactor of lambda is that of section 1."""
    assert [round(theory.beta_lazy(d), 3) for d in (2, 3, 5, 10)] == [0.5, 0.429, 0.385, 0.357]
    assert [round(theory.beta_feature(d), 3) for d in (2, 3, 5, 10)] == [0.75, 0.714, 0.692, 0.679]
    assert [theory.beta_feature(d, 2) for d in (3, 5, 10)] == pytest.approx([0.5, 0.5, 0.5])
    assert theory.compression(1) == pytest.approx(0.368, abs=5e-4)


def test_a_scorecard_whose_criteria_never_changed_says_so() -> None:
    listed = papers.criteria("paccolat_2021")
    whole = scorecard_of(CLAIMS, WHOLE, listed)
    text = to_text(whole, changes(listed))
    assert "Criteria that changed: none." in text
    assert "8 claims of the paper: 8 reproduced" in text.replace("\n", " ")
    assert "2 of ours: 2 reproduced" in text.replace("\n", " ")
