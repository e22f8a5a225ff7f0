"""Numbers of claims made for each network, and the power law that figures and claims share."""

import numpy as np
import pytest
from pandas import DataFrame

from cnn_sensitivity.analysis import fits
from cnn_sensitivity.scorecard.networks import geometric_means, ratio
from cnn_sensitivity.scorecard.verdict import ABOVE_ONE, Range

KEYS = {"experiment": "images", "train_size": 1000}


def rows(values: list[float], network: str = "ResNet18", error: float = 0.1) -> DataFrame:
    frame = DataFrame({"seed": range(len(values)), "R": values}).assign(network=network, **KEYS)
    return frame.assign(R_error=error * frame["R"])


def test_a_ratio_is_the_geometric_mean_of_the_seeds_ratios():
    above, below = rows([2.0, 8.0, 4.0]), rows([1.0, 1.0, 2.0])
    part = ratio(above, below.iloc[::-1], "R", ABOVE_ONE, "")
    assert part.value == pytest.approx((2 * 8 * 2) ** (1 / 3))
    assert 2 <= part.low < part.value < part.high <= 8


def test_the_interval_of_one_seed_is_that_of_both_measurements():
    part = ratio(rows([3.0], error=0.03), rows([1.0], error=0.04), "R", ABOVE_ONE, "")
    assert part.value == pytest.approx(3)
    # ln R scatters by .03 and .04, so that their difference does by .05.
    assert np.log(part.high / 3) == pytest.approx(1.96 * 0.05, rel=0.08)
    assert np.log(3 / part.low) == pytest.approx(1.96 * 0.05, rel=0.08)


def test_without_errors_of_one_seed_there_is_no_interval():
    bare = rows([3.0]).drop(columns="R_error")
    part = ratio(bare, bare, "R", Range(0.5, 2), "")
    assert (part.value, part.verdict) == (1, "undecided")


def test_networks_without_a_partner_have_no_ratio():
    part = ratio(rows([1.0], "LeNet"), rows([1.0]), "R", ABOVE_ONE, "")
    assert part.verdict == "not tested at this scale"


def test_geometric_means_are_taken_of_each_network():
    table = DataFrame(
        [*rows([1.0, 4.0]).to_dict("records"), *rows([3.0], "LeNet").to_dict("records")]
    )
    values = {part.label: part.value for part in geometric_means(table, "R", Range(0.3, 3))}
    assert values == pytest.approx({"ResNet18": 2, "LeNet": 3})


def test_a_power_law_without_scatter_is_found_exactly():
    r = np.array([0.01, 0.2, 3.0, 5.0])
    sample = {"R": r, "test_error": 0.24 * r**0.5}
    assert fits.slope(sample) == pytest.approx(0.5)
    assert fits.prefactor(sample) == pytest.approx(0.24)
    frame = DataFrame(sample).assign(network=list("abcd"), seed=0)
    assert fits.with_interval(fits.prefactor, frame) == "0.24 [0.24, 0.24]"
