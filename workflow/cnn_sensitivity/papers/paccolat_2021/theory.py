"""What the paper predicts: exponents of the learning curves, and lambda at t*. No torch.

Of p training points in d dimensions, of which the label depends on d_par.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnn_sensitivity.tasks.points.stripe import EDGES


def beta_lazy(dimension: int) -> float:
    """Return d/(3d - 2) of error ~ p^-beta [text: abstract]."""
    return dimension / (3 * dimension - 2)


def beta_feature(dimension: int, informative: int = 1) -> float:
    """Return (2d - 1)/(3d - 2) if d_par = 1, else (d + d_perp/2)/(3d - 2) [text: abstract]."""
    if informative == 1:
        return (2 * dimension - 1) / (3 * dimension - 2)
    return (dimension + (dimension - informative) / 2) / (3 * dimension - 2)


def compression(points: ArrayLike) -> NDArray[np.float64]:
    """Return lambda(t*) = ((2/pi) (e^(-x_min^2/2) - e^(-x_max^2/2))^2 p)^1/2 [code: utils].

    x_min and x_max are the edges of the stripe: .368 p^1/2.
    """
    low, high = np.exp(-(np.array(EDGES) ** 2) / 2)
    return np.sqrt(2 / np.pi * (low - high) ** 2 * np.asarray(points, dtype=float))
