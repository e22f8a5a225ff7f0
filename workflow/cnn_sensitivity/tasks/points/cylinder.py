"""The cylinder of Paccolat 2021: the label depends on the norm of the first coordinates."""

from math import log

import numpy as np

from cnn_sensitivity.base.errors import UserError


def cylinder(
    generator: np.random.Generator,
    points: int,
    dimension: int,
    informative: int = 2,
    stretch: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return x [points, dimension], and y [points]: -1 where r^2 > `squared_radius`, +1 inside.

    x ~ N(0, 1), the coordinates after the first `informative` ones times `stretch`; r is the norm
    of the first. Source: Paccolat 2021, section 2 of its code.

    Raises:
        UserError: a size or the stretch is out of range.
    """
    if points < 1 or not 1 <= informative <= dimension:
        raise UserError(
            f"cylinder of {points} points, {informative} of {dimension} dimensions informative:"
            " at least one point, and 1 to all of the dimensions"
        )
    if not stretch > 0:
        raise UserError(f"stretch {stretch} of the cylinder: it must be positive")
    x = generator.standard_normal((points, dimension))
    outside = (x[:, :informative] ** 2).sum(axis=1) > squared_radius(informative)
    x[:, informative:] *= stretch
    return x, np.where(outside, -1.0, 1.0)


def squared_radius(informative: int) -> float:
    """Return the median of chi^2, exact in two dimensions, close to it in others [code]."""
    return 2 * log(2) if informative == 2 else informative - 2 / 3
