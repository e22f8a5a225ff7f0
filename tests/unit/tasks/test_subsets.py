"""Class-balanced subsets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.tasks.images.subsets import balanced_order


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(0, 5), st.data())
def test_balanced_order(labels, seed, data):
    classes = tuple("abcd")
    labels = np.array(labels)
    whole = balanced_order(labels, classes, None, seed, "training")
    assert sorted(whole.tolist()) == list(range(len(labels)))
    counts = np.bincount(labels, minlength=4)
    size = data.draw(st.integers(1, len(labels) + 2))
    possible = size <= len(labels) and all(
        counts[index] >= size // 4 + (index < size % 4) for index in range(4)
    )
    if not possible:
        with pytest.raises(UserError, match=f"{size} training images"):
            balanced_order(labels, classes, size, seed, "training")
        return
    subset = balanced_order(labels, classes, size, seed, "training")
    assert subset.tolist() == whole[:size].tolist()
    taken = np.bincount(labels[subset], minlength=4)
    assert taken.max() - taken.min() <= 1


@pytest.mark.parametrize("size", [0, -1])
def test_size_must_be_positive(size):
    with pytest.raises(UserError, match="there are 2"):
        balanced_order(np.array([0, 1]), ("a", "b"), size, 0, "test")


def test_seed_decides_the_subset():
    labels = np.arange(100) % 2
    orders = [balanced_order(labels, ("a", "b"), 10, seed, "test").tolist() for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]
