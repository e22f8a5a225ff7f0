"""L21's claims, on tables that follow its laws, and on others that do not."""

import geiger_2021_tables as tables
import numpy as np
import pytest
from pandas import DataFrame

from cnn_sensitivity import papers
from cnn_sensitivity.papers.geiger_2021 import simulation
from cnn_sensitivity.papers.geiger_2021.authors import crossover
from cnn_sensitivity.papers.geiger_2021.claims import CLAIMS
from cnn_sensitivity.papers.geiger_2021.rows import averages, crossovers, jammed_widths
from cnn_sensitivity.scorecard import assess as scorecard_of
from cnn_sensitivity.scorecard.verdict import CONTRADICTED, NOT_TESTED, REPRODUCED, UNDECIDED, judge

WHOLE = tables.whole()


def scorecard(*claims: str, **others: DataFrame) -> DataFrame:
    """Return the scorecard of some claims, or of all, with some tables replaced."""
    chosen = [claim for claim in CLAIMS if not claims or claim.id in claims]
    listed = papers.criteria("geiger_2021")
    return scorecard_of(chosen, {**WHOLE, **others}, listed).set_index("id")


def verdict(claim: str, **others: DataFrame) -> str:
    return scorecard(claim, **others)["verdict"].item()


@pytest.fixture(scope="module")
def lawful() -> DataFrame:
    return scorecard()


def test_tables_that_follow_the_laws_reproduce_all_claims(lawful: DataFrame) -> None:
    assert len(lawful) == 8
    assert set(lawful["verdict"]) == {REPRODUCED}, lawful["reason"].to_dict()


def test_the_numbers_are_those_of_the_laws(lawful: DataFrame) -> None:
    measured = lawful["measured"]
    assert measured["l21-crossover"] == pytest.approx(0, abs=0.02)
    assert measured["l21-lazy-kernel"] == pytest.approx(-1, abs=0.01)
    assert 1 < measured["l21-jamming"] < 1.32  # from the first seed to the last 1.15^2
    assert measured["l21-jamming-alpha"] == pytest.approx(2.0, rel=0.1)
    assert measured["l21-variance"] == pytest.approx(-1, abs=0.1)
    assert measured["l21-fc-lazy"] == pytest.approx(-0.02, abs=1e-9)
    assert measured["l21-double-descent"] == pytest.approx(0.03, abs=0.002)
    assert measured["l21-ensemble"] == pytest.approx(0.048 - 0.052, abs=0.001)


@pytest.mark.parametrize(
    ("claim", "others"),
    [
        ("l21-crossover", {"crossover": tables.crossover(0.3)}),
        ("l21-lazy-kernel", {"kernel_change": tables.kernel_change(-4 / 3)}),
        (
            "l21-double-descent",
            {"ensemble": tables.ensemble(single={4: 0.12, 10: 0.09, 44: 0.095, 180: 0.1})},
        ),
        ("l21-ensemble", {"ensemble": tables.ensemble(averaged={4: 0.09, 17: 0.07, 180: 0.05})}),
        ("l21-variance", {"ensemble": tables.ensemble(exponent=-0.5)}),
        ("l21-fc-lazy", {"ensemble": tables.ensemble(lazy=0.30, feature=0.28)}),
    ],
)
def test_other_laws_contradict(claim: str, others: dict[str, DataFrame]) -> None:
    assert verdict(claim, **others) == CONTRADICTED


def test_a_line_that_falls_with_alpha_contradicts_a_lowest_middle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "LINES", {0.001: 20.0, 1.0: 16, 30.0: 14, 1e3: 11.0, 3e4: 9.0})
    found = verdict("l21-jamming-alpha", paths=tables.paths(), jamming=tables.jamming())
    assert found == CONTRADICTED


def test_a_broad_transition_is_not_sharp(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)

    def fits(alpha: float, width: int, seed: int) -> bool:
        return bool(generator.random() < 1 / (1 + (10 / width) ** 1.5))

    monkeypatch.setattr(tables, "fits", fits)
    assert verdict("l21-jamming", paths=tables.paths()) == CONTRADICTED


def test_the_lazy_claim_is_decided_on_cifar_10_alone() -> None:
    found = scorecard("l21-fc-lazy", ensemble=tables.ensemble().assign(dataset="Fashion-MNIST"))
    assert found["verdict"].item() == NOT_TESTED
    reason = found["reason"].item()
    assert "decided on CIFAR-10. On Fashion-MNIST: h = 24: -0.02" in reason
    assert "h = 16:" not in reason  # not above twice the lowest line, 10


def test_points_that_leave_too_much_unfitted_are_not_compared() -> None:
    """At alpha = .001 networks of 24 neurons fit, and those of 16 leave a tenth of the data."""
    found = scorecard("l21-fc-lazy", paths=tables.paths(share=0.9))
    assert "h = 24" in found["reason"].item()


def test_two_networks_have_no_interval() -> None:
    ensemble, ends = WHOLE["ensemble"], WHOLE["paths"]
    few = ensemble[ensemble["member"].isna() | (ensemble["member"] < 2)]
    found = scorecard("l21-double-descent", "l21-variance", ensemble=few, paths=ends)
    assert set(found["verdict"]) == {UNDECIDED}


def test_narrow_widths_do_not_test_the_variance() -> None:
    narrow = WHOLE["ensemble"]["hidden_units"] <= 90
    found = scorecard("l21-variance", ensemble=WHOLE["ensemble"][narrow])
    assert found["verdict"].item() == NOT_TESTED
    assert "span less than a factor of 4" in found["reason"].item()


@pytest.mark.parametrize("kind", ["paths", "ensemble", "kernel_change", "jamming", "crossover"])
def test_without_a_table_claims_say_so(kind: str) -> None:
    lacking = {name: table for name, table in WHOLE.items() if name != kind}
    assert any(judge(claim, lacking).verdict == NOT_TESTED for claim in CLAIMS)


# What is taken from the tables.


def test_jackknife_values_of_an_ensemble_have_its_error_as_their_mean() -> None:
    point = averages(WHOLE, "cut")[0]
    assert (point.alpha, point.width) == (30.0, 4)
    assert point.pseudo.mean() == pytest.approx(point.error)
    assert point.variance == pytest.approx(3 / 4, rel=0.1)


def test_the_line_is_the_largest_width_at_which_no_network_fits() -> None:
    expected = {
        alpha: max(
            (h for h in range(8, 25) if not any(tables.fits(alpha, h, s) for s in range(3))),
            default=0,
        )
        for alpha in tables.ALPHAS
    }
    assert jammed_widths(WHOLE).to_dict() == expected


def test_crossings_are_interpolated_on_a_power_law() -> None:
    found = crossovers({"crossover": tables.crossover(0.5)})
    means = found.groupby("hidden_units")["alpha"].mean()
    assert means[80] == pytest.approx(100, rel=0.03)
    assert means[40] == pytest.approx(50 * 2**0.5, rel=0.03)
    assert not found.loc[found["hidden_units"] == 12, "fitted"].any()


# The authors' numbers in the place of the run's.


def test_drawn_crossings_are_the_authors_with_the_runs_scatter() -> None:
    draw, generator = simulation.prepare(WHOLE), np.random.default_rng(0)
    logs = [np.log(crossovers(draw(generator))["alpha"]) for _ in range(200)]
    widths = crossovers(WHOLE)["hidden_units"]
    np.testing.assert_allclose(np.exp(np.mean(logs, axis=0)), crossover(widths), rtol=0.01)
    assert np.std(logs, axis=0).mean() == pytest.approx(tables.SCATTER, rel=0.6)
    assert crossover([100, 1000]).tolist() == pytest.approx([71, 71])


def test_the_authors_crossover_is_reproduced_by_its_own_claim() -> None:
    claim = next(claim for claim in CLAIMS if claim.id == "l21-crossover")
    draw, generator = simulation.prepare(WHOLE), np.random.default_rng(0)
    found = [judge(claim, draw(generator)).verdict for _ in range(20)]
    assert found.count(REPRODUCED) >= 19
