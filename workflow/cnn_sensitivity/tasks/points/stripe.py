"""The stripe of Paccolat 2021: the label depends on the first of d coordinates."""

import numpy as np

from cnn_sensitivity.base.errors import UserError

EDGES = (-0.3, 1.18549)
"""Between them, of probability 1/2, the target is -1 [code]."""


def stripe(
    generator: np.random.Generator, points: int, dimension: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return x ~ N(0, 1) [points, dimension], and y [points]: -1 for x_1 in `EDGES`, +1 outside.

    Source: Paccolat 2021, section 2 of its code.

    Raises:
        UserError: a size is below one.
    """
    if points < 1 or dimension < 1:
        raise UserError(
            f"stripe of {points} points in {dimension} dimensions: both must be at least 1"
        )
    x = generator.standard_normal((points, dimension))
    inside = (EDGES[0] < x[:, 0]) & (x[:, 0] < EDGES[1])
    return x, np.where(inside, -1.0, 1.0)
