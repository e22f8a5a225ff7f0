"""Numbers of claims made for each network, and the power law that figures and claims share."""

import numpy as np
import pytest
import scipy.stats
from pandas import DataFrame

from cnn_sensitivity.analysis import fits
from cnn_sensitivity.scorecard.trainings import fresh, geometric_means, ratio, signed
from cnn_sensitivity.scorecard.verdict import ABOVE_ONE, Range

KEYS = {"experiment": "images", "train_size": 1000}


def rows(values: list[float], network: str = "ResNet18", error: float = 0.1) -> DataFrame:
    frame = DataFrame({"seed": range(len(values)), "R": values}).assign(network=network, **KEYS)
    return frame.assign(R_error=error * frame["R"])


def test_a_ratio_is_the_geometric_mean_of_the_seeds_ratios_with_students_t():
    above, below = rows([2.0, 8.0, 4.0]), rows([1.0, 1.0, 2.0])
    part = ratio(above, below.iloc[::-1], "R", ABOVE_ONE, "")
    logs = np.log([2, 8, 2])
    assert part.value == pytest.approx(np.exp(logs.mean()))
    expected = scipy.stats.ttest_1samp(logs, 0).confidence_interval()
    assert np.log(part.interval()) == pytest.approx(tuple(expected))


def test_draws_within_a_training_are_averaged_first():
    below = DataFrame([*rows([1.0, 1.0, 1.0]).to_dict("records")] * 2)
    below["R"] *= np.repeat([0.5, 2.0], 3)
    above = rows([2.0, 3.0, 4.0])
    one = ratio(above, rows([1.0, 1.0, 1.0]), "R", ABOVE_ONE, "")
    two = ratio(above, below, "R", ABOVE_ONE, "")
    assert two.interval() == pytest.approx(one.interval())


@pytest.mark.parametrize(("count", "words"), [(1, "one training"), (2, "two trainings")])
def test_one_or_two_trainings_have_no_interval_but_tell_their_error_over_images(count, words):
    part = ratio(rows([3.0] * count, error=0.03), rows([1.0] * count, error=0.04), "R",
                 ABOVE_ONE, "")  # fmt: skip
    assert not part.has_interval and not part.is_met
    assert part.detail.startswith(f"{words}, over images [")
    # ln R scatters by .03 and .04, so that their difference does by .05.
    low, high = (float(x) for x in part.detail.partition("[")[2].rstrip("]").split(", "))
    half = 1.96 * 0.05 / np.sqrt(count)
    assert (low, high) == pytest.approx((3 * np.exp(-half), 3 * np.exp(half)), abs=0.06)


def test_without_errors_of_one_training_nothing_is_told_of_images():
    bare = rows([3.0]).drop(columns="R_error")
    part = ratio(bare, bare, "R", Range(0.5, 2), "")
    assert (part.value, part.detail) == (1, "one training")


def test_networks_without_a_partner_have_no_ratio():
    assert not ratio(rows([1.0], "LeNet"), rows([1.0]), "R", ABOVE_ONE, "").is_defined


def test_geometric_means_are_taken_of_each_network():
    table = DataFrame(
        [*rows([1.0, 4.0]).to_dict("records"), *rows([3.0], "LeNet").to_dict("records")]
    )
    values = {part.label: part.value for part in geometric_means(table, "R", Range(0.3, 3))}
    assert values == pytest.approx({"ResNet18": 2, "LeNet": 3})


def test_a_rank_correlation_stays_within_its_values():
    part = signed([-1.0, -0.9, -1.0], Range(high=-0.8), within=(-1, 1))
    assert part.interval()[0] == -1 and part.interval()[1] > -0.9


def test_fresh_networks_tell_how_many_they_are_and_how_many_lie_outside():
    part = fresh([0.2, 0.5, 0.9, 1.1], Range(0.3, 3), "VGG11")
    assert part.detail == "4 fresh networks, 25% outside"
    assert part.value == pytest.approx(scipy.stats.gmean([0.2, 0.5, 0.9, 1.1]))
    assert not fresh([0.5, 0.9], Range(0.3, 3), "VGG11").has_interval


def test_a_power_law_without_scatter_is_found_exactly():
    r = np.array([0.01, 0.2, 3.0, 5.0])
    x, y = np.log(r), np.log(0.24 * r**0.5)
    assert fits.slopes(x, y) == pytest.approx(0.5)
    assert fits.prefactors(x, y) == pytest.approx(0.24)
    two = np.stack([x, 2 * x])
    assert fits.slopes(two, np.stack([y, y])) == pytest.approx([0.5, 0.25])
    assert np.isnan(fits.slopes(np.zeros(4), y))


def test_a_network_is_one_point_of_the_power_law_however_many_seeds_it_has():
    r = np.array([0.01, 0.2, 3.0, 5.0, 8.0])
    frame = DataFrame({"architecture": list("abcde"), "R": r, "test_error": 0.2 * r**0.4})
    frame = frame.assign(train_size=100, test_error=frame["test_error"] * [1, 1.2, 1, 0.9, 1])
    twice = DataFrame([*frame.to_dict("records"), *frame.iloc[:1].to_dict("records") * 5])
    text = fits.with_interval(fits.prefactors, frame)
    assert text.startswith("0.2") and "[" in text
    assert fits.with_interval(fits.prefactors, twice) == text
