"""Grid-Laplacian modes and filter spectra against closed forms and the grid graph itself."""

import subprocess
import sys

import numpy as np
import pytest

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.measures import spectrum

SIZES = [1, 2, 3, 5, 7]


def grid_laplacian(size: int) -> np.ndarray:
    laplacian = np.zeros((size**2, size**2))
    for row in range(size):
        for column in range(size):
            here = row * size + column
            for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                if 0 <= row + down < size and 0 <= column + right < size:
                    laplacian[here, here] += 1
                    laplacian[here, (row + down) * size + column + right] -= 1
    return laplacian


@pytest.mark.parametrize("size", SIZES)
def test_modes_solve_the_eigenproblem_of_the_grid_graph(size):
    eigenvalues, modes = spectrum.laplacian_modes(size)
    flat = modes.reshape(size**2, size**2)
    np.testing.assert_allclose(grid_laplacian(size) @ flat.T, flat.T * eigenvalues, atol=1e-12)
    np.testing.assert_allclose(flat @ flat.T, np.eye(size**2), atol=1e-12)
    np.testing.assert_allclose(modes[0], 1 / size, atol=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_eigenvalues_have_the_closed_form(size):
    waves = 2 * np.cos(np.pi * np.arange(size) / size)
    expected = np.sort((4 - waves[:, None] - waves).ravel())
    np.testing.assert_allclose(spectrum.laplacian_modes(size)[0], expected, atol=1e-12)


def test_eigenvalues_of_three_by_three_filters():
    assert spectrum.laplacian_modes(3)[0].round(9).tolist() == [0, 1, 1, 2, 3, 3, 4, 4, 6]


def test_spectrum_is_the_mean_squared_projection():
    weights = np.random.default_rng(0).normal(size=(4, 3, 3, 3))
    modes = spectrum.laplacian_modes(3)[1]
    expected = [
        np.mean([np.sum(mode * weights[a, b]) ** 2 for a in range(4) for b in range(3)])
        for mode in modes
    ]
    np.testing.assert_allclose(spectrum.filter_spectrum(weights), expected, rtol=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_spectrum_sums_to_the_mean_squared_norm(size):
    weights = np.random.default_rng(size).normal(size=(5, 2, size, size))
    total = np.square(weights).sum(axis=(2, 3)).mean()
    assert spectrum.filter_spectrum(weights).sum() == pytest.approx(total, rel=1e-12)


def test_a_filter_that_is_one_mode_has_weight_in_that_mode_only():
    for index, mode in enumerate(spectrum.laplacian_modes(5)[1]):
        gamma = spectrum.filter_spectrum(mode[None, None])
        np.testing.assert_allclose(gamma, np.eye(25)[index], atol=1e-12)


def eigenspaces(size: int) -> list[np.ndarray]:
    """The modes of each eigenvalue: within a group they are defined up to a rotation only."""
    values = spectrum.laplacian_modes(size)[0].round(9)
    return [np.flatnonzero(values == value) for value in np.unique(values)]


@pytest.mark.parametrize("size", [3, 5])
def test_weight_of_an_eigenspace_survives_turning_and_mirroring_the_filters(size):
    weights = np.random.default_rng(1).normal(size=(3, 2, size, size))
    groups = eigenspaces(size)
    turned = [np.rot90(weights, turns, axes=(2, 3)) for turns in range(1, 4)]
    expected = [spectrum.filter_spectrum(weights)[group].sum() for group in groups]
    for changed in [*turned, weights[..., ::-1], weights.swapaxes(2, 3)]:
        gamma = spectrum.filter_spectrum(changed)
        np.testing.assert_allclose([gamma[group].sum() for group in groups], expected, rtol=1e-12)


@pytest.mark.parametrize("shape", [(2, 2, 3), (2, 2, 3, 5), (1, 2, 2, 3, 3), (0, 2, 3, 3)])
def test_weights_of_another_shape_are_refused(shape):
    with pytest.raises(UserError, match="shape"):
        spectrum.filter_spectrum(np.zeros(shape))


def test_a_grid_without_sites_is_refused():
    with pytest.raises(UserError, match="at least 1"):
        spectrum.laplacian_modes(0)


def test_torch_is_not_imported():
    code = "import sys, cnn_sensitivity.measures.spectrum; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
