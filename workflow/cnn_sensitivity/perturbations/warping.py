"""Images sampled at displaced places."""

import torch
from torch import Tensor

from cnn_sensitivity.perturbations.draws import side


def warp(images: Tensor, dx: Tensor, dy: Tensor) -> Tensor:
    """Return images [B, C, n, n] whose pixel (y, x) is the old one at (y - dy, x - dx).

    dx (along the columns, the last axis) and dy are [B, n, n] in pixels. Places outside the image
    are clamped to its frame, places between pixels interpolated bilinearly. Raises UserError for
    images that are not square.
    """
    size = side(images)
    last = size - 1
    line = torch.arange(size, dtype=images.dtype, device=images.device)
    x = (line - dx).clamp(0, last)
    y = (line[:, None] - dy).clamp(0, last)
    # Weights of whole pixels are exact this way; grid_sample's unit coordinates would round them.
    left, top = x.long(), y.long()
    right_weight, low_weight = x.frac()[:, None], y.frac()[:, None]
    corner = top * size + left
    right, below = (left < last).long(), (top < last).long() * size
    pixels = images.flatten(2)

    def at(index: Tensor) -> Tensor:
        return pixels.gather(2, index.flatten(1)[:, None].expand_as(pixels)).view_as(images)

    upper = torch.lerp(at(corner), at(corner + right), right_weight)
    lower = torch.lerp(at(corner + below), at(corner + below + right), right_weight)
    return torch.lerp(upper, lower, low_weight)
