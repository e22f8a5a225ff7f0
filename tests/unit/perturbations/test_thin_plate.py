"""Thin-plate deformations against scipy's splines, published sizes, and their symmetries."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import RBFInterpolator
from scipy.ndimage import map_coordinates

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.perturbations import thin_plate, thin_plate_matrix
from cnn_sensitivity.perturbations.thin_plate_spline import control_lines

GRIDS = ["edge", "cell"]
geometries = st.tuples(st.integers(6, 24), st.integers(2, 6), st.sampled_from(GRIDS))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def points_of(size: int, control_points: int, grid: str) -> np.ndarray:
    """Return the control points [k^2, 2] as R18's drawing has them, or as centres of cells."""
    if grid == "edge":
        line = [(size - 1) * i / (control_points - 1) for i in range(control_points)]
    else:
        line = [(2 * i + 1) * size / (2 * control_points) - 0.5 for i in range(control_points)]
    return np.array([(y, x) for y in line for x in line])


def pixels_of(size: int) -> np.ndarray:
    return np.array([(y, x) for y in range(size) for x in range(size)], dtype=float)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize(("size", "control_points"), [(32, 3), (28, 2), (40, 5), (9, 4)])
def test_the_matrix_is_scipys_thin_plate_spline(size, control_points, grid):
    points = points_of(size, control_points, grid)
    values = np.random.default_rng(0).normal(size=(len(points), 2))
    spline = RBFInterpolator(points, values, kernel="thin_plate_spline", degree=1)
    matrix = thin_plate_matrix(size, control_points, grid).numpy()
    assert matrix.shape == (size**2, control_points**2)
    np.testing.assert_allclose(matrix @ values, spline(pixels_of(size)), atol=1e-9)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("displacement", [0.7, 2.0, 5.0])
def test_images_are_sampled_at_scipys_spline_of_the_clipped_sources(grid, displacement):
    size, k, count = 16, 3, 4
    images = torch.rand(count, 2, size, size, dtype=torch.float64, generator=seeded(1))
    deformed = thin_plate(images, displacement, k, seeded(), grid)
    points, pixels = points_of(size, k, grid), pixels_of(size)
    draws = torch.rand(count, 2, k * k, dtype=torch.float64, generator=seeded()).numpy()
    for image, result, draw in zip(images.numpy(), deformed.numpy(), draws, strict=True):
        sources = np.clip(points + displacement * (2 * draw.T - 1), 0, size - 1)
        spline = RBFInterpolator(points, sources - points, kernel="thin_plate_spline", degree=1)
        places = np.clip(pixels + spline(pixels), 0, size - 1)
        for channel, sampled in zip(image, result, strict=True):
            expected = map_coordinates(channel, places.T, order=1).reshape(size, size)
            np.testing.assert_allclose(sampled, expected, atol=1e-9)


@given(geometry=geometries, numbers=st.tuples(*3 * [st.floats(-3, 3)]))
@settings(deadline=None)
def test_affine_maps_are_continued_exactly(geometry, numbers):
    a, b, c = numbers
    values = a + points_of(*geometry) @ np.array([b, c])
    expected = a + pixels_of(geometry[0]) @ np.array([b, c])
    matrix = thin_plate_matrix(*geometry).numpy()
    np.testing.assert_allclose(matrix @ values, expected, atol=1e-7)


@given(geometry=geometries)
@settings(deadline=None)
def test_the_matrix_has_the_symmetries_of_the_square(geometry):
    size, k, _ = geometry
    matrix = thin_plate_matrix(*geometry).view(size, size, k, k)
    for turned in (matrix.flip(0, 2), matrix.flip(1, 3), matrix.permute(1, 0, 3, 2)):
        torch.testing.assert_close(turned, matrix, atol=1e-8, rtol=0)


@given(size=st.integers(5, 12), k=st.integers(2, 5), grid=st.sampled_from(GRIDS))
@settings(deadline=None)
def test_without_displacement_nothing_changes(size, k, grid):
    images = torch.rand(3, 2, size, size, generator=seeded())
    assert torch.equal(thin_plate(images, 0, k, seeded(), grid), images)


@given(displacement=st.floats(0, 40), seed=st.integers(0, 100), grid=st.sampled_from(GRIDS))
@settings(deadline=None, max_examples=30)
def test_new_pixels_lie_between_old_ones(displacement, seed, grid):
    images = torch.rand(2, 1, 8, 8, generator=seeded(seed))
    deformed = thin_plate(images, displacement, 3, seeded(seed), grid)
    low, high = images.aminmax(dim=-1, keepdim=True)
    low, high = low.amin(dim=-2, keepdim=True), high.amax(dim=-2, keepdim=True)
    assert ((deformed >= low - 1e-6) & (deformed <= high + 1e-6)).all()


def test_sources_stay_within_the_image():
    """At the corners no arrow points outward: a ramp's least and greatest value stay reachable."""
    size = 9
    ramp = torch.arange(size, dtype=torch.float64).expand(4000, 1, size, size)
    sampled = thin_plate(ramp, 3.0, 3, seeded())[:, 0]
    left, right, middle = sampled[:, 4, 0], sampled[:, 4, -1], sampled[:, 4, 4] - 4
    # Half of the draws would leave the image and are moved to its edge.
    for inward in (left, size - 1 - right):
        assert (inward.abs() < 1e-9).double().mean().item() == pytest.approx(0.5, abs=0.04)
        assert inward.max() <= 3 and inward.mean().item() == pytest.approx(0.75, abs=0.05)
    assert middle.abs().max() <= 3 and middle.std().item() == pytest.approx(math.sqrt(3), abs=0.05)


@pytest.mark.parametrize(
    ("size", "control_points", "displacement", "expected"), [(32, 3, 2, 0.89), (224, 5, 10, 4.5)]
)
def test_pixels_move_by_the_sizes_computed_for_the_paper(
    size, control_points, displacement, expected
):
    """Root mean square along an axis, in pixels, where no source is clipped.

    A control point's shift has variance C^2 / 3; the expected numbers were sampled elsewhere.
    """
    matrix = thin_plate_matrix(size, control_points)
    variance = displacement**2 / 3 * matrix.square().sum(dim=1).mean()
    assert variance.sqrt().item() == pytest.approx(expected, rel=0.01)


def test_a_seed_decides_and_each_image_has_a_deformation_of_its_own():
    images = torch.rand(1, 1, 8, 8, generator=seeded()).expand(2, 1, 8, 8)
    one, same, other = (thin_plate(images, 2.0, 3, seeded(seed)) for seed in (0, 0, 1))
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert not torch.equal(one[0], one[1])


def test_blocks_on_a_cpu_do_not_show():
    images = torch.rand(40, 3, 32, 32, generator=seeded())
    whole = thin_plate(images, 2.0, 3, seeded())
    assert torch.equal(thin_plate(images[:5], 2.0, 3, seeded()), whole[:5])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.zeros(1, 1, 4, 5),), r"shape \[B, C, n, n\]"),
        ((torch.zeros(1, 1, 1, 1),), "at least 2 pixels"),
        ((torch.zeros(1, 1, 4, 4), -1.0), "at least 0 pixels, not -1.0"),
        ((torch.zeros(1, 1, 4, 4), math.nan), "at least 0 pixels, not nan"),
        ((torch.zeros(1, 1, 4, 4), 1.0, 1), "control_points must be 2 to 4 a side, not 1"),
        ((torch.zeros(1, 1, 4, 4), 1.0, 5), "control_points must be 2 to 4 a side, not 5"),
        ((torch.zeros(1, 1, 4, 4), 1.0, 3, None, "corner"), "not 'corner'"),
    ],
)
def test_impossible_deformations_are_refused(arguments, message):
    with pytest.raises(UserError, match=message):
        thin_plate(*arguments)


def test_control_points_are_those_of_the_drawing_or_the_centres_of_cells():
    assert control_lines(33, 3).tolist() == [0, 16, 32]
    torch.testing.assert_close(
        control_lines(30, 3, "cell"), torch.tensor([4.5, 14.5, 24.5], dtype=torch.float64)
    )
