"""Changes of an image: smooth random deformations, noise of the same size, moved pixels."""

import math
import warnings

import torch
from torch import Tensor
from torch.nn import functional

from cnn_sensitivity.errors import UserError

# Pixels, of all channels, that are warped together on a CPU: so what is computed of them on the
# way stays in its cache. Under 2**15 no step is shared among threads, which would wait for each
# other at every one where other programs run.
_BLOCK_ON_CPU = 2**15 - 1


def temperature(displacement: float, cutoff: int, size: int) -> float:
    """Return the temperature T at which pixels move by `displacement` pixels.

    T = 4 delta^2 / (pi n^2 ln c) for images of `size` pixels a side (P21). Raises UserError for a
    negative displacement, a cutoff below 2 (its logarithm must be positive), a size below 1.
    """
    if not (displacement >= 0 and math.isfinite(displacement)):
        raise UserError(f"the displacement must be at least 0 pixels, not {displacement}")
    if cutoff < 2:
        raise UserError(f"the cutoff must be at least 2, not {cutoff}")
    if size < 1:
        raise UserError(f"the image size must be at least 1 pixel, not {size}")
    return 4 * displacement**2 / (math.pi * size**2 * math.log(cutoff))


def temperature_range(cutoff: int, size: int) -> tuple[float, float]:
    """Return the temperatures between which a deformation is a diffeomorphism that can be seen.

    The lower one moves pixels by half a pixel, the upper one is the first with overhangs (P21).
    """
    return temperature(0.5, cutoff, size), 4 / (math.pi**3 * cutoff**2 * math.log(cutoff))


def displacement_field(coefficients: Tensor, size: int, temperature: float) -> Tensor:
    """Return the displacement [..., n, n] in pixels that standard normal draws [..., c, c] give.

    n tau(u, v) with tau = sum_ij C_ij sin(i pi u) sin(j pi v) on the grid linspace(0, 1, n), u
    along the rows' axis, C_ij of variance T / (i^2 + j^2) where sqrt(i^2 + j^2) < c + 1/2 and zero
    elsewhere. The frame does not move. Source: P21.
    """
    cutoff = coefficients.shape[-1]
    order = torch.arange(1, cutoff + 1, dtype=coefficients.dtype, device=coefficients.device)
    squares = order[:, None] ** 2 + order**2
    scale = torch.where(squares.sqrt() < cutoff + 0.5, (temperature / squares).sqrt(), 0)
    grid = torch.linspace(0, 1, size, dtype=order.dtype, device=order.device)
    waves = torch.sin(math.pi * torch.outer(grid, order))
    if size > 1:
        waves[-1] = 0  # sin(i pi) is not quite zero in floating point
    return size * (waves @ (coefficients * scale) @ waves.T)


def warp(images: Tensor, dx: Tensor, dy: Tensor) -> Tensor:
    """Return images [B, C, n, n] whose pixel (y, x) is the old one at (y - dy, x - dx).

    dx (along the columns, the last axis) and dy are [B, n, n] in pixels. Places outside the image
    are clamped to its frame, places between pixels interpolated bilinearly. Raises UserError for
    images that are not square.
    """
    size = _side(images)
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


def deform(
    images: Tensor,
    displacement: float = 1.0,
    cutoff: int = 3,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Return images [B, C, n, n], each deformed by its own maximum-entropy diffeomorphism.

    `displacement` is the typical move in pixels, `cutoff` the highest frequency. Warns where they
    lie outside the range of diffeomorphisms (P21). Draws come from `generator`, on its device.
    Raises UserError for images that are not square and for what `temperature` refuses.
    """
    size = _side(images)
    heat = temperature(displacement, cutoff, size)
    low, high = temperature_range(cutoff, size)
    if not low * (1 - 1e-9) <= heat <= high * (1 + 1e-9):
        warnings.warn(
            f"a displacement of {displacement} pixels at cutoff {cutoff} and size {size} has"
            f" temperature {heat:.3g}, outside the valid range {low:.3g} to {high:.3g}",
            stacklevel=2,
        )
    draws = _normal((2, len(images), cutoff, cutoff), images, generator)
    dx, dy = displacement_field(draws, size, heat)
    on_cpu = images.device.type == "cpu"
    together = _BLOCK_ON_CPU // (images.shape[1] * size**2) if on_cpu else len(images)
    blocks = (each.split(max(1, together)) for each in (images, dx, dy))
    return torch.cat([warp(*block) for block in zip(*blocks, strict=True)])


def matched_noise(
    images: Tensor,
    deformed: Tensor,
    generator: torch.Generator | None = None,
    rectify: bool = False,
    norm: str = "per_image",
) -> Tensor:
    """Return Gaussian noise [B, ...], to be added to `images`, as large as their deformation.

    `norm`: "per_image" rescales each image's noise to exactly ||deformed - image||; "mean" to the
    mean of these norms over the images (T22, Figure 1 right); "variance" rescales nothing and
    draws from N(0, s^2), s^2 the mean squared pixel difference over the batch (T22's
    one-dimensional task). With `rectify` negative noise becomes zero, last of all: its norm is
    then about 1/sqrt(2) of the match, and so T22's numbers for constant filters come out. Raises
    UserError for another `norm`.
    """
    if norm not in ("per_image", "mean", "variance"):
        raise UserError(f'norm must be "per_image", "mean" or "variance", not {norm!r}')
    change = (deformed - images).flatten(1)
    noise = _normal(change.shape, change, generator)
    if norm == "variance":
        noise = noise * change.square().mean().sqrt()
    else:
        sizes = change.norm(dim=1, keepdim=True)
        noise = functional.normalize(noise, dim=1) * (sizes.mean() if norm == "mean" else sizes)
    return (noise.clamp(min=0) if rectify else noise).view_as(images)


def move_pixels_2d(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Return images [B, 1, n, n] whose active (nonzero) pixels each moved about one pixel.

    Each moves by a unit Gaussian vector rounded to whole pixels, clipped to the image, and keeps
    its value. Pixels that would meet another, moved or not, stay where they are (`_place`), so
    the number of active pixels never changes. Raises UserError for images that are not square.
    """
    size = _side(images)
    image, _, row, column = images.nonzero(as_tuple=True)
    steps = _normal((2, len(image)), images, generator).round().long()
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
    right = _normal((len(image),), images, generator) > 0
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


def _side(images: Tensor) -> int:
    if images.ndim != 4 or images.shape[2] != images.shape[3]:
        raise UserError(f"images must have shape [B, C, n, n], not {tuple(images.shape)}")
    return images.shape[3]


def _normal(shape: tuple[int, ...], like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Draw standard normal numbers on the generator's device, for use beside `like`."""
    device = like.device if generator is None else generator.device
    return torch.randn(shape, generator=generator, dtype=like.dtype, device=device).to(like.device)
