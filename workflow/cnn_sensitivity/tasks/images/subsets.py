"""Class-balanced subsets, and an order of images in which every prefix is one. No torch."""

from collections.abc import Iterable

import numpy as np

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.seeds import derive_seed


def balanced_order(
    labels: np.ndarray, classes: tuple[str, ...], size: int | None, seed: int, what: str
) -> np.ndarray:
    """Return the indices `[size]` of a class-balanced subset (None: of all images).

    After a seeded permutation the classes take turns, so that a smaller subset is a prefix of a
    larger one and class counts in any subset differ by one at most. `labels` is int `[N]`;
    `what` names the images in errors ("training"). Raises UserError if there are too few images,
    in all or of one class.
    """
    counts = np.bincount(labels, minlength=len(classes))
    if size is not None:
        _check_size(counts, classes, size, what)
    shuffled = np.random.default_rng(derive_seed("subset", seed)).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    turn = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    order = by_class[np.lexsort((labels[by_class], turn))]
    return order if size is None else order[:size]


def lacking_class(counts: Iterable[int], size: int) -> tuple[int, int] | None:
    """Return the first class with too few images for a balanced subset, and how many it needs."""
    counts = list(counts)
    share, rest = divmod(size, len(counts))
    for index, count in enumerate(counts):
        needed = share + (index < rest)
        if count < needed:
            return index, needed
    return None


def _check_size(counts: np.ndarray, classes: tuple[str, ...], size: int, what: str) -> None:
    total = int(counts.sum())
    if size < 1 or size > total:
        raise UserError(f"{size} {what} images were asked for, but there are {total}")
    if lacking := lacking_class(counts, size):
        index, needed = lacking
        raise UserError(
            f"{size} {what} images in equal classes need {needed} of class "
            f"{classes[index]}, but there are {counts[index]}: ask for at most "
            f"{int(counts.min()) * len(classes)}, or for all"
        )
