"""The curve of the networks that fit: against a direct maximum, and over repeated draws."""

from itertools import pairwise
from math import log

import numpy as np
import pytest
from pandas import DataFrame
from scipy.optimize import minimize

from cnn_sensitivity.papers.geiger_2021.transition import (
    factor_limits,
    of_networks,
    transition,
    width_limits,
)

WIDTHS = np.repeat([6, 8, 10, 12, 14, 20, 40], 15)


def drawn(generator: np.random.Generator, line: float = 11.0, slope: float = 8.0) -> DataFrame:
    p = 1 / (1 + np.exp(-slope * np.log(WIDTHS / line)))
    fitted = generator.random(len(WIDTHS)) < p
    return DataFrame({"hidden_units": WIDTHS, "fitted": fitted, "seed": np.tile(np.arange(15), 7)})


def penalised(parameters: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """Return minus Firth's ln L + ln |I| / 2."""
    design = np.stack([np.ones_like(x), x], axis=1)
    eta = design @ parameters
    p = 1 / (1 + np.exp(-eta))
    likelihood = (y * eta - np.logaddexp(0, eta)).sum()
    information = design.T @ (design * (p * (1 - p))[:, None])
    return -(likelihood + np.linalg.slogdet(information)[1] / 2)


@pytest.mark.parametrize("seed", range(3))
def test_it_maximises_the_penalised_likelihood(seed: int) -> None:
    networks = drawn(np.random.default_rng(seed))
    x, y = np.log(networks["hidden_units"].to_numpy() / 10), networks["fitted"].to_numpy(float)
    direct = minimize(penalised, [0.0, 1.0], (x, y), method="Nelder-Mead",
                      options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000})  # fmt: skip
    a, b = direct.x
    found = of_networks(networks)
    assert found is not None
    assert found.slope == pytest.approx(b, rel=1e-5)
    assert found.width == pytest.approx(10 * np.exp(-a / b), rel=1e-5)
    assert log(found.factor) == pytest.approx(2 * log(4) / b, rel=1e-5)


def test_where_no_width_has_both_it_is_finite_and_between_them() -> None:
    found = transition([8] * 5 + [10] * 5, [False] * 5 + [True] * 5)
    assert found is not None
    assert found.width == pytest.approx(80**0.5, rel=1e-6)
    assert 1 < found.factor < 10 / 8 * 1.2


@pytest.mark.parametrize(
    ("widths", "fitted"),
    [([8, 10], [True, True]), ([8, 10], [False, False]), ([8, 8], [True, False]),
     ([8, 8, 10, 10], [True, True, False, False]), ([], [])],
)  # fmt: skip
def test_there_may_be_no_transition(widths: list[int], fitted: list[bool]) -> None:
    assert transition(widths, fitted) is None


def test_intervals_cover_what_networks_are_drawn_from() -> None:
    generator, count, hits = np.random.default_rng(0), 100, np.zeros(2)
    for _ in range(count):
        networks = drawn(generator)
        truths = (11.0, np.exp(2 * log(4) / 8))
        for place, limits in enumerate((width_limits(networks), factor_limits(networks))):
            assert limits is not None
            low, high = limits(0.95)
            hits[place] += low <= truths[place] <= high
    assert (hits >= 0.88 * count).all(), hits


def test_two_seeds_have_no_interval_and_levels_are_nested() -> None:
    networks = drawn(np.random.default_rng(1))
    assert width_limits(networks[networks["seed"] < 2]) is None
    limits = width_limits(networks)
    assert limits is not None
    for (low, high), (wider, higher) in pairwise(map(limits, (0.5, 0.9, 0.99))):
        assert wider < low < high < higher
