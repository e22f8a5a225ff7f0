"""Deformations, noise and pixel moves against formulas written as explicit loops."""

import math
import warnings

import pytest
import torch

from cnn_sensitivity import perturbations
from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.perturbations.pixel_moves import _place


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


@pytest.mark.parametrize(("cutoff", "expected"), [(3, 1.13e-3), (5, 7.7e-4), (15, 4.6e-4)])
def test_temperature_has_the_published_values(cutoff, expected):
    assert perturbations.temperature(1, cutoff, 32) == pytest.approx(expected, rel=6e-3)


@pytest.mark.parametrize("arguments", [(1, 1, 32), (1, 0, 32), (1, -3, 32), (-1, 3, 32), (1, 3, 0)])
def test_impossible_deformations_are_refused(arguments):
    with pytest.raises(UserError):
        perturbations.temperature(*arguments)


def test_temperature_range_spans_half_a_pixel_to_overhangs():
    low, high = perturbations.temperature_range(3, 32)
    assert low == pytest.approx(1 / (math.pi * 32**2 * math.log(3)))
    assert high == pytest.approx(4 / (math.pi**3 * 9 * math.log(3)))


@pytest.mark.parametrize(("cutoff", "size"), [(2, 5), (3, 8)])
def test_displacement_field_is_the_sine_series(cutoff, size):
    draws, heat = normal(2, cutoff, cutoff), 1e-3
    fields = perturbations.displacement_field(draws, size, heat)
    for draw, field in zip(draws.tolist(), fields, strict=True):
        for row in range(size):
            for column in range(size):
                u, v = row / (size - 1), column / (size - 1)
                tau = 0.0
                for i in range(1, cutoff + 1):
                    for j in range(1, cutoff + 1):
                        if math.hypot(i, j) < cutoff + 0.5:
                            c = draw[i - 1][j - 1] * math.sqrt(heat / (i * i + j * j))
                            tau += c * math.sin(i * math.pi * u) * math.sin(j * math.pi * v)
                assert field[row, column].item() == pytest.approx(size * tau, abs=1e-12)


def test_the_gradient_is_that_of_the_field():
    """Against central differences on a grid so fine that they are exact to 1e-4."""
    coefficients = normal(2, 4, 4)
    field = perturbations.displacement_field(coefficients, 1501, 1e-2)
    gradient = perturbations.displacement_gradient(coefficients, 1501, 1e-2)
    differences = torch.stack(torch.gradient(field, dim=(1, 2)))
    inner = (..., slice(1, -1), slice(1, -1))
    torch.testing.assert_close(differences[inner], gradient[inner], atol=1e-4, rtol=0)


def test_the_frame_does_not_move():
    field = perturbations.displacement_field(normal(4, 3, 3), 9, 1e-2)
    for edge in (field[:, 0], field[:, -1], field[..., 0], field[..., -1]):
        assert not edge.any()


@pytest.mark.parametrize("cutoff", [3, 8])
def test_pixels_move_by_about_the_displacement_asked_for(cutoff):
    heat = perturbations.temperature(1.0, cutoff, 32)
    draws = normal(2, 400, cutoff, cutoff)
    dx, dy = perturbations.displacement_field(draws, 32, heat)
    measured = (dx.square() + dy.square()).mean().sqrt().item()
    # The formula holds to leading order in ln c.
    assert 0.8 < measured < 1.2
    orders = range(1, cutoff + 1)
    pairs = [(i, j) for i in orders for j in orders if math.hypot(i, j) < cutoff + 0.5]
    exact = 32**2 * heat * sum(2 / 4 / (i * i + j * j) for i, j in pairs) * (31 / 32) ** 2
    assert measured**2 == pytest.approx(exact, rel=0.1)


def bilinear(image: list[list[float]], y: float, x: float) -> float:
    last = len(image) - 1
    y, x = min(max(y, 0), last), min(max(x, 0), last)
    top, left = min(int(y), last - 1), min(int(x), last - 1)
    a, b = y - top, x - left
    upper = (1 - b) * image[top][left] + b * image[top][left + 1]
    lower = (1 - b) * image[top + 1][left] + b * image[top + 1][left + 1]
    return (1 - a) * upper + a * lower


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_warp_samples_backward_and_bilinearly(dtype):
    images, (dx, dy) = normal(3, 2, 6, 6).to(dtype), (3 * normal(2, 3, 6, 6, seed=1)).to(dtype)
    warped = perturbations.warp(images, dx, dy)
    expected = [
        bilinear(
            images[b, c].tolist(),
            row - dy[b, row, column].item(),
            column - dx[b, row, column].item(),
        )
        for b in range(3)
        for c in range(2)
        for row in range(6)
        for column in range(6)
    ]
    reference = torch.tensor(expected, dtype=torch.float64).view(3, 2, 6, 6)
    torch.testing.assert_close(warped.double(), reference, atol=2e-6, rtol=0)


def test_a_positive_dx_moves_the_picture_to_the_right():
    image = torch.zeros(1, 1, 5, 5)
    image[0, 0, 2, 1] = 1
    warped = perturbations.warp(image, torch.ones(1, 5, 5), torch.zeros(1, 5, 5))
    assert warped.nonzero().tolist() == [[0, 0, 2, 2]]


def test_no_displacement_changes_nothing():
    images = normal(2, 3, 8, 8).float()
    with pytest.warns(UserWarning, match="temperature"):
        assert torch.equal(perturbations.deform(images, displacement=0.0), images)


def test_each_image_has_its_own_deformation_and_the_seed_decides_it():
    images = normal(1, 1, 16, 16).expand(3, 1, 16, 16)
    first = perturbations.deform(images, generator=seeded())
    assert torch.equal(first, perturbations.deform(images, generator=seeded()))
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first, perturbations.deform(images, generator=seeded(1)))


def test_deformations_outside_the_valid_range_are_announced():
    images = torch.zeros(1, 1, 32, 32)
    with pytest.warns(UserWarning, match="outside the valid range"):
        perturbations.deform(images, cutoff=15)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        perturbations.deform(images)


def test_a_displacement_that_the_images_type_cannot_hold_is_refused():
    with pytest.raises(UserError, match=r"1e\+30 pixels is too large for torch.float32"):
        perturbations.deform(torch.rand(2, 1, 8, 8), 1e30)
    with pytest.warns(UserWarning, match="outside the valid range"):
        found = perturbations.deform(torch.rand(2, 1, 8, 8), 1e18)
    assert found.isfinite().all()


@pytest.mark.parametrize("shape", [(2, 3, 8, 9), (3, 8, 8)])
def test_images_that_are_not_square_are_refused(shape):
    with pytest.raises(UserError, match="n, n"):
        perturbations.deform(torch.zeros(shape))


NORMS = ["per_image", "mean", "variance"]


@pytest.mark.parametrize("norm", NORMS)
def test_noise_is_as_large_as_the_deformation(norm):
    images, scales = normal(20, 1, 12, 12), torch.linspace(0.1, 2, 20).view(20, 1, 1, 1)
    deformed = images + scales * normal(20, 1, 12, 12, seed=1)
    noise = perturbations.matched_noise(images, deformed, seeded(2), norm=norm)
    assert noise.shape == images.shape
    change = (deformed - images).flatten(1)
    if norm == "variance":
        expected = change.square().mean().item()
        assert noise.square().mean().item() == pytest.approx(expected, rel=0.1)
    else:
        sizes = change.norm(dim=1)
        expected = sizes if norm == "per_image" else sizes.mean().expand(20)
        torch.testing.assert_close(noise.flatten(1).norm(dim=1), expected)


@pytest.mark.parametrize("norm", NORMS)
def test_rectified_noise_is_the_positive_part(norm):
    images, deformed = normal(5, 1, 6, 6), normal(5, 1, 6, 6, seed=1)
    plain, rectified = (
        perturbations.matched_noise(images, deformed, seeded(), rectify, norm)
        for rectify in (False, True)
    )
    assert torch.equal(rectified, plain.relu())


def test_noise_is_gaussian_and_white():
    images = torch.zeros(200, 1, 8, 8, dtype=torch.float64)
    noise = perturbations.matched_noise(images, images + 1, seeded()).flatten(1)
    covariance = noise.T @ noise / 200
    assert noise.mean().item() == pytest.approx(0, abs=0.03)
    assert (covariance - torch.eye(64)).abs().max() < 0.5
    assert noise.pow(4).mean().item() == pytest.approx(3, rel=0.1)


def test_an_image_that_did_not_change_gets_no_noise():
    images = normal(2, 1, 4, 4)
    assert not perturbations.matched_noise(images, images).any()


def test_an_unknown_norm_is_refused():
    with pytest.raises(UserError, match="per_image"):
        perturbations.matched_noise(torch.ones(1, 1), torch.ones(1, 1), norm="max")


def two_pixels(count: int, *shape: int) -> torch.Tensor:
    """Return images with the values 1 and 2 on two random sites."""
    images = torch.zeros(count, math.prod(shape))
    sites = torch.rand(images.shape, generator=seeded(3)).topk(2, dim=1).indices
    return images.scatter(1, sites, torch.tensor([[1.0, 2.0]]).expand(count, 2)).view(count, *shape)


@pytest.mark.parametrize("shape", [(1, 5, 5), (1, 28, 28)])
def test_moving_pixels_keeps_their_values_and_number(shape):
    images = two_pixels(300, *shape)
    moved = perturbations.move_pixels_2d(images, seeded())
    assert torch.equal(moved.flatten(1).sort().values, images.flatten(1).sort().values)


def test_pixels_move_by_a_rounded_unit_gaussian():
    images = torch.zeros(4000, 1, 21, 21)
    images[:, 0, 10, 10] = 7
    steps = perturbations.move_pixels_2d(images, seeded()).nonzero()[:, 2:].double() - 10
    assert steps.mean().item() == pytest.approx(0, abs=0.05)
    # Rounding adds the variance of a uniform distribution on a pixel.
    assert steps.var().item() == pytest.approx(1 + 1 / 12, rel=0.05)


@pytest.mark.parametrize("block", [None, 4])
def test_pixels_of_a_line_move_by_one_within_their_block(block):
    line = torch.eye(12).repeat(400, 1)[:, None]
    origin = torch.arange(12).repeat(400)
    target = perturbations.move_pixels_1d(line, seeded(), block).squeeze(1).argmax(1)
    size = block or 12
    for site in range(12):
        possible = {at for at in (site - 1, site + 1) if at // size == site // size}
        if len(possible) == 1:
            possible.add(site)
        ends = target[origin == site]
        assert set(ends.tolist()) == possible
        for end in possible:
            assert 0.4 < (ends == end).double().mean().item() < 0.6


def test_pixels_of_a_line_never_merge():
    images = two_pixels(500, 1, 4)
    moved = perturbations.move_pixels_1d(images, seeded())
    assert torch.equal(moved.flatten(1).sort().values, images.flatten(1).sort().values)
    assert not torch.equal(moved, images)


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([2, 2, 5], [1, 3, 5]),  # two would meet: both stay
        ([2, 3, 2], [1, 3, 4]),  # also where one of the places is taken by a pixel that stays
        ([3, 4, 4], [1, 3, 4]),  # a pixel that stays stops the next, and this one the third
        ([3, 1, 5], [3, 1, 5]),  # two may exchange their places
    ],
)
def test_pixels_that_would_meet_stay(targets, expected):
    image, sites = torch.zeros(1, 1, 8), torch.tensor([1, 3, 4])
    image[0, 0, sites] = torch.tensor([1.0, 2, 3])
    moved = _place(image, torch.zeros(3).long(), sites, torch.tensor(targets))
    assert moved[0, 0, expected].tolist() == [1, 2, 3]


def test_lines_and_blocks_of_another_shape_are_refused():
    with pytest.raises(UserError, match="B, 1, N"):
        perturbations.move_pixels_1d(torch.zeros(2, 8))
    with pytest.raises(UserError, match="block"):
        perturbations.move_pixels_1d(torch.zeros(2, 1, 8), block=0)
