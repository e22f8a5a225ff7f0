"""Regression on the unit sphere S^(d-1), of Petrini 2022: constant and Gaussian random targets."""

import numpy as np

from cnn_sensitivity.base.errors import UserError

BLOCK = 2**24  # numbers of neurons times points that are held at once


def uniform(generator: np.random.Generator, points: int, dimension: int) -> np.ndarray:
    """Return points [points, dimension] uniform on the sphere, `dimension` that of the space.

    Raises:
        UserError: there is no point, or no sphere of this dimension.
    """
    if points < 1 or dimension < 2:
        raise UserError(f"{points} points on a sphere in {dimension} dimensions: at least 1 in 2")
    x = generator.standard_normal((points, dimension))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def constant(x: np.ndarray) -> np.ndarray:
    """Return the target |x| = 1 [points]."""
    return np.ones(len(x))


def gaussian_random(
    generator: np.random.Generator, x: np.ndarray, exponent: float, neurons: int = 10_000_000
) -> np.ndarray:
    """Return y = H^-1/2 sum_h s_h |theta_h.x|^a [points] at points x [points, d] of the sphere.

    theta_h uniform on the sphere, s_h = +-1, H `neurons`, a `exponent`; its smoothness is nu_t =
    a + 1/2, but for even a, where it is a polynomial. One call draws one function: give it the
    points of training and test together. Source: Petrini 2022 [code], H = 1e7.

    Raises:
        UserError: the exponent or the number of neurons is not positive.
    """
    if not exponent > 0 or neurons < 1:
        raise UserError(
            f"Gaussian random target of exponent {exponent} and {neurons} neurons: both must be"
            " positive"
        )
    y, left, most = np.zeros(len(x)), neurons, max(1, BLOCK // len(x))
    while left:
        count = min(left, most)
        theta = uniform(generator, count, x.shape[1])
        signs = generator.choice((-1.0, 1.0), count)
        y += np.abs(x @ theta.T) ** exponent @ signs
        left -= count
    return y / np.sqrt(neurons)
