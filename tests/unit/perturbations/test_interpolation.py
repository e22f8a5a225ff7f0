"""Gaussian interpolation, against the kernel over the whole image in float64."""

import math

import hypothesis
import hypothesis.strategies as st
import pytest
import torch

from cnn_sensitivity import perturbations
from cnn_sensitivity.perturbations import warp_gaussian


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def whole_image(images: torch.Tensor, dx: torch.Tensor, dy: torch.Tensor) -> torch.Tensor:
    """Return the warped images with every pixel weighed by exp(-r^2 / 2 sigma^2), normalised."""
    size = images.shape[-1]
    line = torch.arange(size, dtype=torch.float64)
    x = (line - dx).clamp(0, size - 1)[..., None, None]
    y = (line[:, None] - dy).clamp(0, size - 1)[..., None, None]
    weights = torch.exp(-((x - line) ** 2 + (y - line[:, None]) ** 2) / (2 * 0.4715**2))
    weights = weights / weights.sum((-2, -1), keepdim=True)
    return torch.einsum("bcij,byxij->bcyx", images, weights)


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-6), (torch.float64, 1e-8)])
@pytest.mark.parametrize("size", [1, 2, 5, 12])
@pytest.mark.parametrize("reach", [0.0, 0.7, 20.0])
def test_it_is_the_kernel_over_the_whole_image(dtype, error, size, reach):
    images = normal(3, 2, size, size)
    dx, dy = reach * normal(2, 3, size, size, seed=1)
    exact = whole_image(images, dx, dy)
    warped = warp_gaussian(*(each.to(dtype) for each in (images, dx, dy)))
    assert warped.dtype == dtype
    assert (warped - exact).abs().max() < error * max(1, reach) * images.abs().max()


@pytest.mark.parametrize("place", [0.0, 0.25, 0.5])
def test_what_lies_beyond_the_window_is_below_float32(place):
    """The largest weight left out of the sum over a line, at the worst place between pixels."""
    weights = {step: math.exp(-((place - step) ** 2) / (2 * 0.4715**2)) for step in range(-30, 31)}
    inside = sum(weights[step] for step in range(-2, 4))
    assert sum(weights.values()) - inside < 2**-25 * inside


def test_whole_pixels_move_blurred():
    image = torch.zeros(1, 1, 9, 9)
    image[0, 0, 4, 3] = 1
    warped = warp_gaussian(image, torch.full((1, 9, 9), 2.0), torch.zeros(1, 9, 9))
    # 1 + 2 exp(-1 / 2 sigma^2) + ... along each axis.
    factor = 1 / (1 + 2 * sum(math.exp(-(k**2) / (2 * 0.4715**2)) for k in (1, 2, 3)))
    assert warped[0, 0, 4, 5].item() == pytest.approx(factor**2, abs=1e-6)
    assert warped.argmax().item() == 4 * 9 + 5


@hypothesis.given(st.integers(0, 2**20), st.floats(-3, 3))
@hypothesis.settings(deadline=None, max_examples=25)
def test_it_is_an_average(seed, level):
    """Constant images stay, and no value leaves the range of the image's."""
    dx, dy = 4 * normal(2, 2, 7, 7, seed=seed)
    constant = torch.full((2, 1, 7, 7), level, dtype=torch.float64)
    torch.testing.assert_close(warp_gaussian(constant, dx, dy), constant)
    images = normal(2, 1, 7, 7, seed=seed + 1)
    warped = warp_gaussian(images, dx, dy)
    assert images.min() - 1e-9 <= warped.min() and warped.max() <= images.max() + 1e-9


def test_a_smooth_image_is_warped_as_by_bilinear_interpolation():
    line = torch.linspace(0, 1, 40, dtype=torch.float64)
    image = torch.sin(3 * line) * torch.cos(2 * line[:, None])[None, None]
    dx, dy = 0.6 * normal(2, 1, 40, 40)
    ours, bilinear = warp_gaussian(image, dx, dy), perturbations.warp(image, dx, dy)
    inner = (..., slice(6, -6), slice(6, -6))
    # The kernel's centre of mass lies up to 0.04 pixels off, where the slope is 0.08 a pixel.
    assert (ours[inner] - bilinear[inner]).abs().max() < 4e-3
