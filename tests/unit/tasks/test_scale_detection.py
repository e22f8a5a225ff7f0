"""The scale-detection tasks against double loops over pixels."""

import math
from itertools import combinations, permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import pairs
from cnn_sensitivity.tasks.pixel_pairs import scale_detection
from cnn_sensitivity.tasks.store import normalize


def as_set(pairs):
    found = {tuple(sorted(pair)) for pair in pairs.tolist()}
    assert len(found) == len(pairs)
    return found


def loop_2d(size, scale, gap):
    near, far = set(), set()
    for (i, j), (k, m) in combinations(permutations(range(size), 2), 2):
        distance = math.sqrt((i - k) ** 2 + (j - m) ** 2)
        pair = tuple(sorted((i * size + j, k * size + m)))
        if distance < scale - gap / 2:
            near.add(pair)
        if distance >= scale + gap / 2:
            far.add(pair)
    return near, far


def loop_1d(task, size, scale, gap):
    near, far = set(), set()
    for first in range(size):
        for second in range(first + 1, size):
            if task == 1:
                distance = min(second - first, size - second + first)
                is_near, is_far = distance < scale - gap, distance >= scale + gap
            else:
                is_near = first // scale == second // scale
                is_far = not is_near
            if is_near:
                near.add((first, second))
            if is_far:
                far.add((first, second))
    return near, far


def positions(images):
    """Return the flat positions of the active pixels, two for each image."""
    flat = images.flatten(1)
    assert set(flat.unique().tolist()) == {0, 255}
    assert ((flat == 255).sum(1) == 2).all()
    return flat.nonzero()[:, 1].reshape(-1, 2)


def test_counts_of_the_paper():
    near, far = pairs.pairs_2d()
    assert (len(near), len(far)) == (120_767, 135_397)
    everything, nothing = pairs.pairs_2d(28, 28, 0)
    all_pairs = np.concatenate([everything, nothing])
    assert len(all_pairs) == 285_390 and len(np.unique(all_pairs)) == 756
    near, far = pairs.pairs_1d(2, 128, 32)
    assert (len(near), len(far)) == (1_984, 6_144)


@settings(max_examples=30)
@given(st.integers(2, 8), st.data())
def test_pairs_2d_agree_with_a_loop(size, data):
    scale = data.draw(st.one_of(st.integers(1, size), st.floats(1, size)))
    gap = data.draw(st.one_of(st.integers(0, 4), st.floats(0, 20)))
    near, far = pairs.pairs_2d(size, scale, gap)
    assert (as_set(near), as_set(far)) == loop_2d(size, scale, gap)


@settings(max_examples=30)
@given(st.integers(2, 24), st.data())
def test_pairs_1d_task_1_agree_with_a_loop(size, data):
    scale, gap = data.draw(st.integers(1, size)), data.draw(st.integers(0, 5))
    near, far = pairs.pairs_1d(1, size, scale, gap)
    assert (as_set(near), as_set(far)) == loop_1d(1, size, scale, gap)


@given(st.integers(1, 8), st.integers(1, 8))
def test_pairs_1d_task_2_agree_with_a_loop(scale, blocks):
    if scale * blocks > 1:
        near, far = pairs.pairs_1d(2, scale * blocks, scale)
        assert (as_set(near), as_set(far)) == loop_1d(2, scale * blocks, scale, 0)


def test_build_2d_draws_balanced_pairs_without_replacement():
    dataset = scale_detection.build_2d(train_size=40, test_size=30, size=8, scale=4, gap=1, seed=3)
    near, far = loop_2d(8, 4, 1)
    assert dataset.classes == ("far", "near") and dataset.validation is None
    assert dataset.train.images.shape == (40, 1, 8, 8) and dataset.test.images.shape == (
        30,
        1,
        8,
        8,
    )
    images = torch.cat([dataset.train.images, dataset.test.images])
    labels = torch.cat([dataset.train.labels, dataset.test.labels])
    pairs = [tuple(pair) for pair in positions(images).tolist()]
    assert len(set(pairs)) == 70
    for pair, label in zip(pairs, labels.tolist(), strict=True):
        assert pair in (near if label else far)
    for size in range(1, 41):
        assert abs(2 * int(dataset.train.labels[:size].sum()) - size) <= 1


def test_smaller_training_set_is_a_prefix_of_a_larger_one():
    small = scale_detection.build_2d(train_size=16, test_size=4, size=8, scale=4, gap=0)
    large = scale_detection.build_2d(train_size=32, test_size=4, size=8, scale=4, gap=0)
    assert torch.equal(small.train.images, large.train.images[:16])


def test_seed_decides_the_draw():
    first, again, other = (
        scale_detection.build_2d(train_size=20, test_size=4, seed=seed) for seed in (0, 0, 1)
    )
    assert first.checksum == again.checksum != other.checksum


def test_amplitudes_after_normalisation():
    flat = scale_detection.build_2d(train_size=4, test_size=4)
    line = scale_detection.build_1d()
    for dataset, amplitude in ((flat, 392.0), (line, 8.0)):
        values = normalize(dataset.train.images, dataset.mean, dataset.std).unique()
        torch.testing.assert_close(values, torch.tensor([0.0, amplitude]))


def test_build_1d_defaults_are_the_papers():
    dataset = scale_detection.build_1d()
    assert dataset.validation is not None
    splits = (dataset.train, dataset.validation, dataset.test)
    assert [len(split.labels) for split in splits] == [1024, 128, 2 * 1984 - 1024 - 128]
    assert dataset.train.images.shape == (1024, 1, 128)
    labels = torch.cat([split.labels for split in splits])
    assert labels.bincount().tolist() == [1984, 1984]
    pairs = positions(torch.cat([split.images for split in splits]))
    assert len(pairs.unique(dim=0)) == len(pairs)
    assert torch.equal((pairs[:, 0] // 32 == pairs[:, 1] // 32).long(), labels)


def test_build_1d_task_1_and_given_test_size():
    dataset = scale_detection.build_1d(
        task=1, size=32, scale=8, gap=1, train_size=21, validation_size=6, test_size=11
    )
    assert dataset.validation is not None
    near, far = loop_1d(1, 32, 8, 1)
    for split, size in ((dataset.train, 21), (dataset.validation, 6), (dataset.test, 11)):
        assert len(split.labels) == size
        pairs = positions(split.images).tolist()
        for pair, label in zip(pairs, split.labels.tolist(), strict=True):
            assert tuple(pair) in (near if label else far)


def test_rest_for_testing_is_bounded():
    dataset = scale_detection.build_1d(size=256, scale=128, train_size=8, validation_size=2)
    assert len(dataset.test.labels) == pairs.MAX_TEST_SIZE


IMPOSSIBLE_2D = [
    ({"scale": 1, "gap": 0}, "no pair is near"),
    ({"scale": 28, "gap": 40}, "no pair is"),
    ({"scale": 29}, "between 1 pixel and the image's size"),
    ({"scale": 0}, "between 1 pixel"),
    ({"scale": float("nan")}, "between 1 pixel"),
    ({"gap": -1}, "gap -1"),
    ({"gap": float("nan")}, "gap nan"),
    ({"size": 1}, "at least 2 pixels"),
    ({"size": 200}, "choose a smaller image"),
    ({"size": 4, "scale": 2, "gap": 0}, "ask for fewer images"),
    ({"train_size": 0}, "at least 1"),
    ({"test_size": 0}, "at least 1"),
]


@pytest.mark.parametrize(("options", "message"), IMPOSSIBLE_2D)
def test_impossible_2d_task_is_a_clear_error(options, message):
    with pytest.raises(UserError, match=message):
        scale_detection.build_2d(**{"train_size": 64, "test_size": 64, **options})


IMPOSSIBLE_1D = [
    ({"task": 3}, "task 1 and task 2"),
    ({"scale": 33}, "does not divide 128"),
    ({"scale": 1.5}, "does not divide"),
    ({"scale": 128}, "no pair is far"),
    ({"scale": 1}, "no pair is near"),
    ({"gap": 1}, "task 2 has no gap"),
    ({"task": 1, "scale": 65}, "no pair is far"),
    ({"task": 1, "gap": 32}, "no pair is near"),
    ({"scale": 256}, "between 1 pixel"),
    ({"train_size": 4000}, "ask for fewer images"),
    ({"train_size": 3968, "validation_size": 1}, "ask for fewer images"),
    ({"test_size": 2818}, "ask for fewer images"),
    ({"validation_size": 0}, "at least 1"),
    ({"size": 100_000, "scale": 10}, "choose a smaller image"),
]


@pytest.mark.parametrize(("options", "message"), IMPOSSIBLE_1D)
def test_impossible_1d_task_is_a_clear_error(options, message):
    with pytest.raises(UserError, match=message):
        scale_detection.build_1d(**options)
