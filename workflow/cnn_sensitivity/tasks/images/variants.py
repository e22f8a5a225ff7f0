"""What is done to a task's images before anything sees them: padding, and random labels."""

from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.tasks.store import Dataset, Split, assemble


def pad(dataset: Dataset, side: int) -> Dataset:
    """Return the images in the middle of a black frame, `side` pixels a side.

    Raises UserError if they are larger.
    """
    size = dataset.train.images.shape[-1]
    if size > side:
        raise UserError(f"pad_to {side}: the images of {dataset.title} have {size} pixels a side")
    before = (side - size) // 2
    after = side - size - before

    def padded(split: Split) -> Split:
        images = functional.pad(split.images, (before, after, before, after))
        return replace(split, images=images)

    title = f"{dataset.title}, padded to {side}x{side}"
    return _changed(dataset, title, padded(dataset.train), padded(dataset.test))


def randomize_labels(dataset: Dataset, seed: int) -> Dataset:
    """Return the images with labels drawn uniformly, those of the test images too.

    The seed decides them, once and for all epochs (R18, after Zhang et al. 2017). The test error
    is then that of chance: only the training error tells whether a network learned.
    """

    def relabelled(name: str, split: Split) -> Split:
        draws = np.random.default_rng(derive_seed("labels", seed, name))
        labels = draws.integers(len(dataset.classes), size=len(split.labels))
        return replace(split, labels=torch.from_numpy(labels))

    title = f"{dataset.title}, random labels"
    train, test = relabelled("train", dataset.train), relabelled("test", dataset.test)
    return _changed(dataset, title, train, test)


def _changed(dataset: Dataset, title: str, train: Split, test: Split) -> Dataset:
    kept = (dataset.classes, dataset.mean, dataset.std)
    return assemble(dataset.name, title, *kept, train, test)
