"""Warping by a Gaussian kernel instead of a bilinear one: P21's check of its interpolation."""

import torch
from torch import Tensor

SIGMA = 0.4715
"""Width of the kernel in pixels (P21 [code])."""

# Pixels on either side of a place that weigh in. The next ones weigh exp(-3^2 / 2 sigma^2) = 2e-9
# or less of the nearest, which float32 does not see in their sum.
_REACH = 3


def warp_gaussian(images: Tensor, dx: Tensor, dy: Tensor) -> Tensor:
    """Return images [B, C, n, n] whose pixel (y, x) is the old one at (y - dy, x - dx).

    As `perturbations.warp`, but between pixels the mean of all pixels with the normalised weights
    exp(-r^2 / 2 sigma^2) is taken, r the distance in pixels. So an image is blurred a little even
    where nothing moves. To the accuracy of float32; in float64 to 2e-9 of the largest pixel.
    """
    size = images.shape[-1]
    line = torch.arange(size, dtype=images.dtype, device=images.device)
    columns, across = _taps(line - dx, size)
    rows, down = _taps(line[:, None] - dy, size)
    pixels = images.flatten(2)
    result = torch.zeros_like(images)
    for row, row_weight in zip(rows, down, strict=True):
        mean = torch.zeros_like(images)
        for column, column_weight in zip(columns, across, strict=True):
            places = (row * size + column).flatten(1)[:, None].expand_as(pixels)
            mean.addcmul_(column_weight[:, None], pixels.gather(2, places).view_as(images))
        result.addcmul_(row_weight[:, None], mean)
    return result


def _taps(places: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Return the pixels near places along an axis, and their weights: [2 reach, ...] each.

    The kernel is a product of one factor an axis. Pixels beyond the image weigh nothing.
    """
    places = places.clamp(0, size - 1)
    shape = (-1, *[1] * places.ndim)
    steps = torch.arange(1 - _REACH, _REACH + 1, device=places.device).view(shape)
    taps = places.floor().long() + steps
    weights = torch.exp(-((places - taps) ** 2) / (2 * SIGMA**2))
    weights = weights.where((taps >= 0) & (taps < size), 0)
    return taps.clamp(0, size - 1), weights / weights.sum(0)
