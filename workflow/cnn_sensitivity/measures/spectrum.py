"""Frequencies of convolution filters: their weight in each mode of the grid's Laplacian."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnn_sensitivity.base.errors import UserError

Floats = NDArray[np.float64]


def laplacian_modes(size: int) -> tuple[Floats, Floats]:
    """Return the eigenvalues [F^2] and modes [F^2, F, F] of the Laplacian of the F x F grid.

    Free boundaries; eigenvalues rise from 0, whose mode is constant. The modes are orthonormal
    products of one cosine along the rows and one along the columns. Of equal eigenvalues the mode
    of lower frequency along the rows comes first. Raises UserError for a size below 1.
    Source: T22, eq. 3.
    """
    if size < 1:
        raise UserError(f"a grid needs a size of at least 1, not {size}")
    frequency = np.arange(size)
    lines = np.cos(np.pi * np.outer(frequency, np.arange(size) + 0.5) / size)
    lines /= np.linalg.norm(lines, axis=1, keepdims=True)
    values = 2 - 2 * np.cos(np.pi * frequency / size)
    eigenvalues = (values[:, None] + values[None, :]).ravel()
    modes = np.einsum("ax,by->abxy", lines, lines).reshape(-1, size, size)
    # Rounding tells equal eigenvalues apart in the last digit; it must not decide the order.
    order = np.argsort(eigenvalues.round(9), kind="stable")
    return eigenvalues[order], modes[order]


def filter_spectrum(weights: ArrayLike) -> Floats:
    """Return gamma [F^2], the mean over channel pairs of the squared projection on each mode.

    `weights` are the filters [H_out, H_in, F, F] of one convolution; gamma is ordered as
    `laplacian_modes(F)`. Raises UserError for weights of another shape. Source: T22, eq. 3.
    """
    filters = np.asarray(weights, dtype=np.float64)
    if filters.ndim != 4 or filters.shape[2] != filters.shape[3] or filters.size == 0:
        raise UserError(f"filters must have shape [H_out, H_in, F, F], not {filters.shape}")
    size = filters.shape[2]
    modes = laplacian_modes(size)[1].reshape(size**2, size**2)
    projections = filters.reshape(-1, size**2) @ modes.T
    return np.square(projections).mean(axis=0)
