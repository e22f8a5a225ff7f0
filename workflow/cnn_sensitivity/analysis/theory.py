"""What the theory predicts: receptive fields, exponents, and the fit of a power law. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnn_sensitivity.base.errors import UserError


def receptive_field(layers: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """Return how many input pixels along one axis can reach one unit of each layer.

    `layers` holds (filter size, stride) of each convolution or pooling in order; the result has one
    number per layer. For equal layers it is F + (F-1) sum_{i=1}^{k-1} s^i at layer k = 1, 2, ...
    Raises UserError for sizes or strides under 1. Source: T22 [code].
    """
    fields, field, spacing = [], 1, 1
    for filter_size, stride in layers:
        _check_filter(filter_size, stride)
        field += (filter_size - 1) * spacing
        spacing *= stride
        fields.append(field)
    return np.array(fields, dtype=np.int64)


def effective_receptive_field(filter_size: int, stride: int, depth: int) -> NDArray[np.float64]:
    """Return A_1 .. A_depth, in input pixels, of a network with homogeneous filters.

    A_k is the standard deviation, along one axis, of the weights with which the input pixels reach
    one unit of layer k. Layer i averages F sites that are s^(i-1) pixels apart and so adds
    s^(2(i-1)) (F^2-1)/12 to the variance: A_k ~ sqrt(k) without stride, ~ s^k with. Raises
    UserError for numbers under 1. Source: T22 [text]; that the width is a standard deviation is our
    choice, and a constant factor.
    """
    _check_filter(filter_size, stride)
    if depth < 1:
        raise UserError(f"the depth must be at least 1, not {depth}")
    spacing = float(stride) ** np.arange(depth)
    variance = np.cumsum(spacing**2) * (filter_size**2 - 1) / 12
    return np.sqrt(variance)


def predicted_exponents(stride: int) -> tuple[float, float]:
    """Return (alpha_D, alpha_G) of D_k ~ A_k^-alpha_D and G_k ~ A_k^alpha_G.

    Without stride they are (2, 1), with a stride (1, 1). Raises UserError for a stride under 1.
    Source: T22 [text].
    """
    if stride < 1:
        raise UserError(f"a stride must be at least 1, not {stride}")
    return (2.0, 1.0) if stride == 1 else (1.0, 1.0)


@dataclass(frozen=True)
class PowerLaw:
    """y = exp(intercept) x^exponent, with Pearson's r of the logarithms and the points fitted.

    r is nan where y does not vary.
    """

    exponent: float
    intercept: float
    r: float
    points: int

    @property
    def prefactor(self) -> float:
        """y at x = 1."""
        return exp(self.intercept)


def fit_power_law(x: ArrayLike, y: ArrayLike) -> PowerLaw:
    """Fit log y = exponent log x + intercept by least squares (natural logarithms).

    `x` and `y` are equally long. Raises UserError for unequal lengths, fewer than two points,
    values that are not positive and finite, or an x that does not vary.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.ndim != 1 or x.shape != y.shape:
        raise UserError(f"a power law needs x and y of one length, not {x.shape} and {y.shape}")
    if len(x) < 2:
        raise UserError(f"a power law needs at least 2 points, not {len(x)}")
    if not all(np.all(np.isfinite(v) & (v > 0)) for v in (x, y)):
        raise UserError("a power law needs values that are positive and finite")
    log_x, log_y = np.log(x), np.log(y)
    dx, dy = log_x - log_x.mean(), log_y - log_y.mean()
    if np.ptp(log_x) == 0:
        raise UserError("a power law needs an x that varies")
    exponent = float(dx @ dy / (dx @ dx))
    r = float(dx @ dy / np.sqrt((dx @ dx) * (dy @ dy))) if np.ptp(log_y) > 0 else float("nan")
    intercept = float(log_y.mean() - exponent * log_x.mean())
    return PowerLaw(exponent, intercept, r, len(x))


def _check_filter(filter_size: int, stride: int) -> None:
    if filter_size < 1 or stride < 1:
        raise UserError(
            f"filter size and stride must be at least 1, not {filter_size} and {stride}"
        )
