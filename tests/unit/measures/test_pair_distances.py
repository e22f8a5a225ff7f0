"""The median over pairs, against all differences in float64, one pair at a time."""

import math

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
import torch

from cnn_sensitivity.measures import pair_distances
from cnn_sensitivity.measures.pair_distances import median_of_pairs


def brute_force(rows: torch.Tensor) -> float:
    """Return the element in the middle of the sorted distances, the lower one of two."""
    points = rows.numpy().astype(np.float64)
    distances = sorted(float(((a - b) ** 2).sum()) for a in points for b in points)
    return distances[(len(distances) - 1) // 2]


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("count", [2, 7, 40])
@pytest.mark.parametrize("size", [1, 10, 333])
def test_it_is_the_middle_one_of_all_pairs(count, size):
    rows = normal(count, size) + 5
    assert median_of_pairs(rows) == pytest.approx(brute_force(rows), rel=1e-12)


def test_blocks_of_columns_add_up(monkeypatch):
    rows = normal(12, 100)
    monkeypatch.setattr(pair_distances, "_BLOCK", 12 * 7)
    assert median_of_pairs(rows) == pytest.approx(brute_force(rows), rel=1e-12)


def test_the_diagonal_counts_and_of_two_middle_ones_it_takes_the_lower():
    # Three images at 0, 1 and 10: distances 0 x 3, 1 x 2, 81 x 2, 100 x 2. Without the diagonal
    # the median would be 81.
    assert median_of_pairs(torch.tensor([[0.0], [1.0], [10.0]])) == 1
    # Two: 0, 0, 9, 9. numpy's median is 4.5.
    rows = torch.tensor([[0.0], [3.0]])
    assert median_of_pairs(rows) == 0
    assert np.median([0, 0, 9, 9]) == 4.5
    # Four at 0, 1, 3, 7: 0 x 4, then 1, 4, 9, 16, 36, 49 twice each; the eighth of sixteen.
    assert median_of_pairs(torch.tensor([[0.0], [1.0], [3.0], [7.0]])) == 4


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_large_numbers_and_small_differences_keep_their_digits(dtype):
    near = (normal(20, 8) + 1e4).to(dtype)
    assert median_of_pairs(near) == pytest.approx(brute_force(near.double()), rel=1e-9)
    far = (normal(20, 8) * 1e37).to(dtype)
    assert median_of_pairs(far) == pytest.approx(brute_force(far.double()), rel=1e-9)
    small = (normal(20, 8) * 1e-37).to(dtype)
    assert median_of_pairs(small) == pytest.approx(brute_force(small.double()), rel=1e-9)


def test_an_image_far_from_all_others_costs_no_digits():
    rows = normal(20, 8).double()
    rows[3] = 1e12
    assert median_of_pairs(rows) == pytest.approx(brute_force(rows), rel=1e-12)


@hypothesis.given(
    st.lists(st.lists(st.integers(-9, 9), min_size=3, max_size=3), min_size=1, max_size=9)
)
@hypothesis.settings(deadline=None, max_examples=50)
def test_whole_numbers_with_ties(points):
    rows = torch.tensor(points, dtype=torch.float32)
    assert median_of_pairs(rows) == pytest.approx(brute_force(rows), abs=1e-12)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_is_not_hidden(value):
    rows = normal(6, 3)
    rows[2, 1] = value
    assert math.isnan(median_of_pairs(rows))
