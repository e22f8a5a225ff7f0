"""Which pairs of pixels are near and which are far: the geometry of scale detection. No torch.

Pairs are int32 arrays `[pairs, 2]` of pixel positions, counted row by row in two dimensions.
Source: T22, figure 5 and the authors' code.
"""

from collections.abc import Callable

import numpy as np

from cnn_sensitivity.base.errors import UserError

MAX_TEST_SIZE = 10_000  # the paper's values leave 2,816; large images would leave millions
MAX_PAIRS = 50_000_000  # all pairs are listed, at about 20 bytes each

_Rule = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def pairs_2d(size: int = 28, scale: float = 14, gap: float = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return the near and the far pairs of pixels of a size x size image.

    Near: Euclidean distance < scale - gap/2, far: >= scale + gap/2, without periodic boundary; the
    authors leave the pixels of the image's diagonal out. Raises UserError for an impossible scale.
    """
    _check_geometry(size, scale, gap, sites=size * (size - 1))
    rows, columns = np.divmod(np.arange(size**2, dtype=np.int32), size)
    sites = np.flatnonzero(rows != columns).astype(np.int32)

    def rule(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        squared = (rows[first] - rows[second]) ** 2 + (columns[first] - columns[second]) ** 2
        distance = np.sqrt(squared)
        return distance < scale - gap / 2, distance >= scale + gap / 2

    return _classify(sites, rule)


def pairs_1d(task: int, size: int, scale: float, gap: float = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the near and the far pairs of `size` pixels in one dimension.

    Task 1: near if the periodic distance is < scale - gap, far if >= scale + gap. Task 2: the
    pixels form size/scale blocks; near if both are in one block, else far, and there is no gap.
    Raises UserError for another task, or an impossible scale.
    """
    _check_geometry(size, scale, gap, sites=size)
    if task not in (1, 2):
        raise UserError(f"scale detection has task 1 and task 2 in one dimension, not {task}")
    if task == 2 and (size % scale or scale != int(scale)):
        raise UserError(f"task 2 needs whole blocks, but scale {scale:g} does not divide {size}")
    if task == 2 and gap:
        raise UserError(f"task 2 has no gap, but gap is {gap:g}: set it to 0")

    def periodic(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        apart = np.abs(first - second)
        distance = np.minimum(apart, size - apart)
        return distance < scale - gap, distance >= scale + gap

    def blocks(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        same = first // int(scale) == second // int(scale)
        return same, ~same

    return _classify(np.arange(size, dtype=np.int32), periodic if task == 1 else blocks)


def _check_geometry(size: int, scale: float, gap: float, sites: int) -> None:
    if size < 2:
        raise UserError(f"scale detection needs an image of at least 2 pixels, not {size}")
    if not 1 <= scale <= size:
        raise UserError(f"scale {scale:g} must lie between 1 pixel and the image's size, {size}")
    if not 0 <= gap < float("inf"):
        raise UserError(f"gap {gap:g} must be 0 or more pixels")
    if sites * (sites - 1) // 2 > MAX_PAIRS:
        raise UserError(f"size {size} gives more than {MAX_PAIRS:,} pairs; choose a smaller image")


def _classify(sites: np.ndarray, rule: _Rule) -> tuple[np.ndarray, np.ndarray]:
    near, far = [], []
    for index in range(len(sites) - 1):  # one site at a time: all pairs at once take much memory
        second = sites[index + 1 :]
        pairs = np.stack([np.full_like(second, sites[index]), second], axis=1)
        is_near, is_far = rule(pairs[:, 0], pairs[:, 1])
        near.append(pairs[is_near])
        far.append(pairs[is_far])
    return np.concatenate(near), np.concatenate(far)


def left_for_test(near: int, far: int, taken: int) -> int:
    """Return how many images, half of them near, half far, remain for the test of so many pairs."""
    return min(max(2 * min(near, far) - taken, 1), MAX_TEST_SIZE)


def check_enough(near: np.ndarray, far: np.ndarray, count: int, task: str) -> None:
    """Raise UserError if `count` images, half of them near, half far, need more pairs than are."""
    for side, pairs in (("far", far), ("near", near)):
        if len(pairs) == 0:
            raise UserError(f"{task}: no pair is {side}; change scale or gap")
    for side, pairs, wanted in (("far", far, (count + 1) // 2), ("near", near, count // 2)):
        if len(pairs) < wanted:
            raise UserError(
                f"{task}: {count} images need {wanted} {side} pairs, but there are "
                f"{len(pairs)}; ask for fewer images"
            )
