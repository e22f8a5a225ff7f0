"""Total variation against the published values, closed forms and sums written as loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.measures import smoothness

PER = ["slice", "tensor"]


def ratio(filters: np.ndarray) -> float:
    """Return R18's formula (section 3.2), entry by entry."""
    variation = size = 0.0
    for kernel in filters.reshape(-1, *filters.shape[-2:]):
        rows, columns = kernel.shape
        for i in range(rows):
            for j in range(columns):
                size += abs(kernel[i, j])
                if i + 1 < rows:
                    variation += abs(kernel[i, j] - kernel[i + 1, j])
                if j + 1 < columns:
                    variation += abs(kernel[i, j] - kernel[i, j + 1])
    return variation / size


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_total_variation_is_the_sum_over_neighbours(size):
    filters = np.random.default_rng(size).normal(size=(4, 3, size, size))
    assert smoothness.total_variation(filters, per="tensor") == pytest.approx(ratio(filters))
    ratios = [ratio(filters[a, b]) for a in range(4) for b in range(3)]
    assert smoothness.total_variation(filters) == pytest.approx(np.mean(ratios))


def test_initial_filters_have_the_published_value():
    """R18, footnote 2: about 1.87, with a deviation of .035 among first layers of 3 x 32 filters.

    So many 3x3 filters of the truncated normal leave an error of .0006.
    """
    normal = np.random.default_rng(0).normal(size=3_200_000)
    draws = normal[np.abs(normal) < 2][: 300 * 1000 * 9].reshape(1000, 300, 3, 3)
    assert smoothness.total_variation(draws) == pytest.approx(1.8708, abs=0.002)
    # E|x - y| / E|x| of the truncated normal, times 12 differences over 9 entries.
    assert smoothness.total_variation(draws, per="tensor") == pytest.approx(1.857, abs=0.002)
    first_layers = [smoothness.total_variation(draws[k : k + 32, :3]) for k in range(0, 960, 32)]
    assert np.std(first_layers) == pytest.approx(0.035, abs=0.01)


def test_normal_filters_have_the_closed_form():
    """E|x - y| is sqrt 2 E|x| for two normal numbers."""
    draws = np.random.default_rng(0).normal(size=(300, 500, 3, 3))
    expected = 12 / 9 * math.sqrt(2)
    assert smoothness.total_variation(draws, per="tensor") == pytest.approx(expected, abs=0.004)


@pytest.mark.parametrize("per", PER)
def test_checkerboards_and_steps_have_their_closed_forms(per):
    signs = (-1.0) ** np.add.outer(np.arange(3), np.arange(3))
    assert smoothness.total_variation(signs[None, None], per) == pytest.approx(12 * 2 / 9)
    step = np.repeat([[0.0, 1.0]], 2, axis=0)
    assert smoothness.total_variation(step[None, None], per) == pytest.approx(1)


@pytest.mark.parametrize("per", PER)
@given(value=st.floats(0.01, 100), sign=st.sampled_from([-1, 1]))
def test_constant_filters_have_none_and_size_does_not_matter(per, value, sign):
    assert smoothness.total_variation(np.full((2, 3, 3, 3), sign * value), per) == 0
    filters = np.random.default_rng(0).normal(size=(2, 3, 3, 3))
    scaled = smoothness.total_variation(sign * value * filters, per)
    assert scaled == pytest.approx(smoothness.total_variation(filters, per))


def test_filters_of_zeros_do_not_count():
    filters = np.random.default_rng(0).normal(size=(2, 3, 3, 3)).astype(np.float32)
    padded = np.concatenate([filters, np.zeros_like(filters)])
    for per in PER:
        expected = smoothness.total_variation(filters, per)
        assert smoothness.total_variation(padded, per) == pytest.approx(expected)
        assert math.isnan(smoothness.total_variation(np.zeros((2, 3, 3, 3)), per))


def test_other_shapes_and_averages_are_refused():
    with pytest.raises(UserError, match=r"filters must have shape .*not \(3, 3\)"):
        smoothness.total_variation(np.ones((3, 3)))
    with pytest.raises(UserError, match='per must be "slice" or "tensor", not \'filter\''):
        smoothness.total_variation(np.ones((1, 1, 3, 3)), per="filter")
