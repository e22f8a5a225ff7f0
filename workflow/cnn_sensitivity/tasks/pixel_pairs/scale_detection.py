"""Scale detection: are the two active pixels of an image closer than a scale xi?

Label 1 = near, 0 = far. Source: T22, figure 5 and the authors' code.
"""

import numpy as np
import torch

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.config.pairs import check_enough, left_for_test, pairs_1d, pairs_2d
from cnn_sensitivity.tasks.store import Dataset, Split, assemble

CLASSES = ("far", "near")


def build_2d(
    train_size: int,
    test_size: int,
    seed: int = 0,
    size: int = 28,
    scale: float = 14,
    gap: float = 2,
) -> Dataset:
    """Return the two-dimensional task: images `[P, 1, size, size]`, active pixels size^2/2.

    Pairs are drawn without replacement; classes alternate, so that each prefix of a split is
    balanced. Raises UserError if the task has no pair on one side, or too few for the sizes.
    """
    title = f"scale detection, {size}x{size} pixels, scale {scale:g}, gap {gap:g}"
    near, far = pairs_2d(size, scale, gap)
    chosen, labels = _draw(near, far, train_size + test_size, seed, title)
    images = _images(chosen, (size, size))
    train, test = _cut(images, labels, (train_size, test_size), title)
    return _dataset("scale_detection_2d", title, size**2 / 2, train, test, None)


def build_1d(
    task: int = 2,
    size: int = 128,
    scale: float = 32,
    gap: float = 0,
    train_size: int = 1024,
    validation_size: int = 128,
    test_size: int | None = None,
    seed: int = 0,
) -> Dataset:
    """Return a one-dimensional task: images `[P, 1, size]`, active pixels sqrt(size/2).

    `test_size` None takes the balanced pairs that training and validation leave, as `left_for_test`
    counts them. Raises UserError if the task has no pair on one side, or too few for the sizes.
    """
    title = f"scale detection, task {task}, {size} pixels, scale {scale:g}, gap {gap:g}"
    near, far = pairs_1d(task, size, scale, gap)
    if test_size is None:
        test_size = left_for_test(len(near), len(far), train_size + validation_size)
    sizes = (train_size, validation_size, test_size)
    chosen, labels = _draw(near, far, sum(sizes), seed, title)
    train, validation, test = _cut(_images(chosen, (size,)), labels, sizes, title)
    return _dataset("scale_detection_1d", title, (size / 2) ** 0.5, train, test, validation)


def _draw(
    near: np.ndarray, far: np.ndarray, count: int, seed: int, title: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return `count` pairs and their labels, far and near by turns, none twice."""
    check_enough(near, far, count, title)
    chosen = np.empty((count, 2), dtype=np.int32)
    for label, pairs in enumerate((far, near)):
        side = CLASSES[label]
        generator = np.random.default_rng(derive_seed("scale detection", side, seed))
        chosen[label::2] = pairs[generator.permutation(len(pairs))[: len(chosen[label::2])]]
    return chosen, np.arange(count) % 2


def _images(pairs: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    pixels = np.zeros((len(pairs), int(np.prod(shape))), dtype=np.uint8)
    pixels[np.arange(len(pairs))[:, None], pairs] = 255
    return pixels.reshape(len(pairs), 1, *shape)


def _cut(images: np.ndarray, labels: np.ndarray, sizes: tuple[int, ...], title: str) -> list[Split]:
    splits, start = [], 0
    for size in sizes:
        if size < 1:
            raise UserError(f"{title}: a split of {size} images was asked for; ask for at least 1")
        part = slice(start, start + size)
        splits.append(Split(torch.from_numpy(images[part]), torch.from_numpy(labels[part])))
        start += size
    return splits


def _dataset(
    name: str, title: str, amplitude: float, train: Split, test: Split, validation: Split | None
) -> Dataset:
    # Pixels are 0 and 255, which this std normalises to 0 and the amplitude.
    return assemble(name, title, CLASSES, (0.0,), (1 / amplitude,), train, test, validation)
