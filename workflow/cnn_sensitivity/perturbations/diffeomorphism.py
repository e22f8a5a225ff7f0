"""Maximum-entropy diffeomorphisms (P21): smooth random deformations of an image."""

import math
import warnings

import torch
from torch import Tensor

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import Diffeomorphism
from cnn_sensitivity.perturbations.draws import normal, side
from cnn_sensitivity.perturbations.gaussian_warp import warp_gaussian
from cnn_sensitivity.perturbations.warping import warp, warp_in_blocks

_WARPS = {"linear": warp, "gaussian": warp_gaussian}


def perturb(
    images: Tensor, parameters: Diffeomorphism, generator: torch.Generator | None = None
) -> Tensor:
    """Return images deformed as a configuration says: see `deform`."""
    return deform(
        images,
        parameters.displacement,
        parameters.cutoff,
        generator,
        parameters.interpolation,
    )


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
    amplitudes, angles = _series(coefficients, size, temperature)
    waves = angles.sin()
    if size > 1:
        waves[-1] = 0  # sin(i pi) is not quite zero in floating point
    return size * (waves @ amplitudes @ waves.T)


def displacement_gradient(coefficients: Tensor, size: int, temperature: float) -> Tensor:
    """Return the derivatives [2, ..., n, n] of `displacement_field`, in pixels a pixel.

    The first is taken along the rows' axis (from a row to the next), the second along the columns'.
    They are those of the sine series, not differences; `size` must be at least 2.
    """
    amplitudes, angles = _series(coefficients, size, temperature)
    order = torch.arange(1, coefficients.shape[-1] + 1, dtype=angles.dtype, device=angles.device)
    waves, slopes = angles.sin(), math.pi * order * angles.cos()
    along_rows, along_columns = slopes @ amplitudes @ waves.T, waves @ amplitudes @ slopes.T
    return size / (size - 1) * torch.stack([along_rows, along_columns])


def _series(coefficients: Tensor, size: int, temperature: float) -> tuple[Tensor, Tensor]:
    """Return the amplitudes C_ij [..., c, c] of the sine series, and its angles i pi u [n, c]."""
    cutoff = coefficients.shape[-1]
    order = torch.arange(1, cutoff + 1, dtype=coefficients.dtype, device=coefficients.device)
    squares = order[:, None] ** 2 + order**2
    scale = torch.where(squares.sqrt() < cutoff + 0.5, (temperature / squares).sqrt(), 0)
    grid = torch.linspace(0, 1, size, dtype=order.dtype, device=order.device)
    return coefficients * scale, math.pi * torch.outer(grid, order)


def deform(
    images: Tensor,
    displacement: float = 1.0,
    cutoff: int = 3,
    generator: torch.Generator | None = None,
    interpolation: str = "linear",
) -> Tensor:
    """Return images [B, C, n, n], each deformed by its own maximum-entropy diffeomorphism.

    `displacement` is the typical move in pixels, `cutoff` the highest frequency; between pixels
    the `interpolation` is "linear" (`warp`) or "gaussian" (`warp_gaussian`). Warns where they
    lie outside the range of diffeomorphisms (P21). Draws come from `generator`, on its device.
    Raises UserError for images that are not square, for what `temperature` refuses, for a
    displacement beyond the images' type, and for another interpolation.
    """
    size = side(images)
    if interpolation not in _WARPS:
        raise UserError(f"unknown interpolation {interpolation!r}: choose {' or '.join(_WARPS)}")
    heat = temperature(displacement, cutoff, size)
    if heat > torch.finfo(images.dtype).max:
        raise UserError(f"a displacement of {displacement} pixels is too large for {images.dtype}")
    low, high = temperature_range(cutoff, size)
    if not low * (1 - 1e-9) <= heat <= high * (1 + 1e-9):
        warnings.warn(
            f"a displacement of {displacement} pixels at cutoff {cutoff} and size {size} has"
            f" temperature {heat:.3g}, outside the valid range {low:.3g} to {high:.3g}",
            stacklevel=2,
        )
    draws = normal((2, len(images), cutoff, cutoff), images, generator)
    dx, dy = displacement_field(draws, size, heat)
    return warp_in_blocks(images, dx, dy, _WARPS[interpolation])
