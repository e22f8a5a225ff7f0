"""Images sampled at displaced places."""

from collections.abc import Callable

import torch
from torch import Tensor

from cnn_sensitivity.perturbations.draws import side

# Pixels, of all channels, that are warped together on a CPU: so what is computed of them on the
# way stays in its cache. Under 2**15 no step is shared among threads, which would wait for each
# other at every one where other programs run.
_BLOCK_ON_CPU = 2**15 - 1


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


Warp = Callable[[Tensor, Tensor, Tensor], Tensor]


def warp_in_blocks(images: Tensor, dx: Tensor, dy: Tensor, warp: Warp = warp) -> Tensor:
    """Return what `warp` does, or another with its arguments, for few images at once on a CPU."""
    on_cpu = images.device.type == "cpu"
    together = _BLOCK_ON_CPU // images[0].numel() if on_cpu and len(images) else len(images)
    blocks = (each.split(max(1, together)) for each in (images, dx, dy))
    return torch.cat([warp(*block) for block in zip(*blocks, strict=True)])
