"""The jackknife over blocks of consecutive images: what a mean over images is uncertain by."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

BLOCKS = 10
"""Blocks of images that are left out one after the other, where there are enough images."""


def without_each(
    images: int, blocks: int, device: torch.device, statistic: Callable[[Tensor], Tensor]
) -> Tensor:
    """Return a statistic of the images [P] without each block of consecutive ones: [blocks, ...].

    `statistic` takes the images that are left, as truth values [P] on `device`.
    """
    block = torch.arange(images, device=device) * blocks // images
    return torch.stack([statistic(block != each) for each in range(blocks)])


def standard_error(left_out: Sequence[float]) -> float:
    """Return the standard error of a number from its values v_j without each of B blocks.

    sqrt((B - 1) / B sum_j (v_j - mean v)^2) for blocks of equal size; nan for fewer than two, or
    where a value is not finite.
    """
    count = len(left_out)
    if count < 2 or not all(map(math.isfinite, left_out)):
        return math.nan
    mean = math.fsum(left_out) / count
    return math.sqrt((count - 1) / count * math.fsum((value - mean) ** 2 for value in left_out))
