"""Streamed cosine distances against numpy's in float64, pair by pair, and closed forms."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cosine

from cnn_sensitivity.measures.cosine_distance import CosineDistances


def streamed(rows: torch.Tensor, batch_size: int) -> list[float]:
    """Return the result for [sets, images, size] that come in batches."""
    sums = CosineDistances(rows[:, :batch_size], rows.shape[1])
    for start in range(0, rows.shape[1], batch_size):
        sums.update(rows[:, start : start + batch_size], start)
    return sums.result().tolist()


def brute_force(rows: torch.Tensor) -> tuple[list[float], float]:
    """Return the mean distance to each changed set, and the median over pairs of images."""
    clean, *changed = rows.double().numpy()
    count = len(clean)
    means = [np.mean([cosine(x, y) for x, y in zip(clean, each, strict=True)]) for each in changed]
    pairs = [cosine(clean[i], clean[j]) for i in range(count) for j in range(i + 1, count)]
    return means, np.median(pairs)


def representations(sets: int, images: int, size: int, seed: int = 0) -> torch.Tensor:
    """Return rectified numbers of which the changed ones resemble the first ones."""
    generator = torch.Generator().manual_seed(seed)
    clean = torch.randn(1, images, size, generator=generator)
    change = torch.randn(sets, images, size, generator=generator)
    change *= torch.tensor([0, *(10.0 ** -torch.arange(sets - 1.0))])[:, None, None]
    return torch.relu(clean + 0.5 + change)


# One pair, an odd number, an even one; more coordinates than one block holds; no changed set.
@pytest.mark.parametrize(
    ("sets", "images", "size", "batch_size"),
    [(2, 2, 5, 1), (2, 3, 7, 2), (3, 12, 40, 5), (2, 6, 40_000, 4), (1, 5, 9, 5)],
)
def test_results_are_those_of_all_pairs(sets, images, size, batch_size):
    rows = representations(sets, images, size)
    *numerators, denominator = streamed(rows, batch_size)
    means, median = brute_force(rows)
    assert numerators == pytest.approx(means, rel=1e-9)
    assert denominator == pytest.approx(median, rel=1e-9)


@given(
    images=st.integers(2, 12),
    size=st.integers(2, 30),
    batch_size=st.integers(1, 12),
    cut=st.integers(1, 11),
    seed=st.integers(0, 1000),
)
@settings(deadline=None)
def test_parts_add_up_to_the_whole(images, size, batch_size, cut, seed):
    rows = representations(2, images, size, seed) + 0.1
    cut = min(cut, images - 1)
    parts = []
    for begin, end in ((0, cut), (cut, images)):
        parts.append(CosineDistances(rows[:, begin:end], images))
        for start in range(begin, end, batch_size):
            parts[-1].update(rows[:, start : min(start + batch_size, end)], start)
    parts[0].add(parts[1])
    assert parts[0].result().tolist() == pytest.approx(streamed(rows, images), rel=1e-9)


@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 100))
@settings(deadline=None)
def test_the_size_of_a_representation_does_not_matter(scale, seed):
    rows = representations(2, 6, 10, seed).double() + 0.1
    scales = torch.linspace(1, scale, 12, dtype=torch.float64).view(2, 6, 1)
    assert streamed(rows * scales, 3) == pytest.approx(streamed(rows, 3), rel=1e-6)


def test_closed_forms():
    """Orthogonal images, turned by an angle: 1 - cos over 1; the same images: 0."""
    angle = 0.3
    clean = torch.eye(4, dtype=torch.float64)
    turned = math.cos(angle) * clean + math.sin(angle) * clean.roll(1, dims=1)
    rows = torch.stack([clean, turned, -clean, clean])
    numerators = [1 - math.cos(angle), 2, 0]
    assert streamed(rows, 3) == pytest.approx([*numerators, 1], abs=1e-15)


def test_tiny_changes_are_not_lost():
    """1 - cos is angle^2 / 2: 5e-9 of single-precision numbers, far below their rounding."""
    rows = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1e-4], [1e-4, 1.0]]])
    assert streamed(rows, 2)[0] == pytest.approx(5e-9, rel=1e-6)


def test_images_that_point_in_one_direction_are_within_rounding():
    direction = torch.rand(1, 1, 50, generator=torch.Generator().manual_seed(0))
    rows = (direction * torch.linspace(0.3, 3, 8).view(1, 8, 1)).repeat(2, 1, 1)
    distances = CosineDistances(rows, 8)
    distances.update(rows, 0)
    assert abs(distances.result()[-1].item()) <= distances.rounding() < 1e-13


def test_a_representation_of_zeros_has_no_distance():
    rows = representations(2, 5, 6) + 0.1
    rows[0, 2] = 0
    assert all(math.isnan(value) for value in streamed(rows, 2))
    rows = representations(3, 5, 6) + 0.1
    rows[1, 2] = 0
    first, second, denominator = streamed(rows, 2)
    assert math.isnan(first) and second > 0 and denominator > 0


def test_a_single_image_has_no_pairs():
    assert math.isnan(streamed(representations(2, 1, 6) + 0.1, 1)[1])


@pytest.mark.parametrize(("images", "blocks"), [(10, 5), (7, 3), (9, 9)])
def test_blocks_of_images_are_left_out_one_after_the_other(images, blocks):
    rows = representations(3, images, 20) + 0.1
    distances = CosineDistances(rows, images)
    distances.update(rows, 0)
    left_out = distances.jackknifed(blocks)
    assert left_out.shape == (blocks, 3)
    met = []
    for block, values in enumerate(left_out.tolist()):
        rest = [image for image in range(images) if image * blocks // images != block]
        assert values == pytest.approx(streamed(rows[:, rest], 4), rel=1e-9)
        met += [image for image in range(images) if image not in rest]
    assert met == list(range(images))
