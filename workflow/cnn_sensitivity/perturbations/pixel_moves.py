"""Active pixels that each move by about one site: the deformations of scale detection (T22)."""

import torch
from torch import Tensor

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import PixelMoves
from cnn_sensitivity.perturbations.draws import normal, side


def perturb(
    images: Tensor, parameters: PixelMoves, generator: torch.Generator | None = None
) -> Tensor:
    """Return images [B, 1, n, n] or lines [B, 1, N] whose active pixels moved."""
    if images.ndim == 3:
        return move_pixels_1d(images, generator, parameters.block)
    return move_pixels_2d(images, generator)


def move_pixels_2d(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Return images [B, 1, n, n] whose active (nonzero) pixels each moved about one pixel.

    Each moves by a unit Gaussian vector rounded to whole pixels, clipped to the image, and keeps
    its value. Pixels that would meet another, moved or not, stay where they are (`_place`), so
    the number of active pixels never changes. Raises UserError for images that are not square.
    """
    size = side(images)
    image, _, row, column = images.nonzero(as_tuple=True)
    steps = normal((2, len(image)), images, generator).round().long()
    rows, columns = (
        (at + step).clamp(0, size - 1) for at, step in zip((row, column), steps, strict=True)
    )
    sites, targets = row * size + column, rows * size + columns
    return _place(images, image, sites, targets)


def move_pixels_1d(
    images: Tensor, generator: torch.Generator | None = None, block: int | None = None
) -> Tensor:
    """Return images [B, 1, N] whose active (nonzero) pixels each moved by one site.

    Left or right with equal probability, clipped to the image; with blocks of `block` sites a move
    into another block is cancelled. Pixels that would meet another, moved or not, stay where they
    are (`_place`), so the number of active pixels never changes. Raises UserError for other shapes.
    """
    if images.ndim != 3 or images.shape[1] != 1:
        raise UserError(f"images must have shape [B, 1, N], not {tuple(images.shape)}")
    if block is not None and block < 1:
        raise UserError(f"a block needs at least one site, not {block}")
    image, _, sites = images.nonzero(as_tuple=True)
    right = normal((len(image),), images, generator) > 0
    targets = (sites + 2 * right.long() - 1).clamp(0, images.shape[2] - 1)
    if block is not None:
        targets = torch.where(targets // block == sites // block, targets, sites)
    return _place(images, image, sites, targets)


def _place(images: Tensor, image: Tensor, sites: Tensor, targets: Tensor) -> Tensor:
    """Move the values at `sites` of the flattened images to `targets`, where these are free.

    If two pixels would meet, none of them moves; a pixel that stays may stop another, and so on
    until no two meet. Two pixels may exchange their places.
    """
    pixels = images[0].numel() if len(images) else 0
    sites, targets = image * pixels + sites, image * pixels + targets
    while True:
        _, group, count = targets.unique(return_inverse=True, return_counts=True)
        meets = (count[group] > 1) & (targets != sites)
        if not meets.any():
            break
        targets = torch.where(meets, sites, targets)
    moved = torch.zeros_like(images)
    moved.view(-1)[targets] = images.reshape(-1)[sites]
    return moved
