"""The flow of the feature regime on infinitely many points of the stripe, before any is fitted."""

from collections.abc import Callable
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, concat
from scipy.integrate import solve_ivp
from scipy.special import ndtr, owens_t

from cnn_sensitivity.base.seeds import derive_seed
from cnn_sensitivity.tasks.points.stripe import EDGES

NEURONS = 1_000
GROWTH = 1000.0
"""The flow is followed until the informative weights are so many times as large."""
_LONGEST = 1e3
Values = NDArray[np.float64]


def infinite_data_table(dimensions: list[int], seed: int) -> DataFrame:
    """Return rms weights of the first layer against time, in each dimension.

    Where F is small all points are in the loss, of slope -1, and the neurons of
    f = h^-1 sum_n beta_n sqrt(2) ReLU(omega_n.x/sqrt(d) + b_n) move by themselves:
    theta_n' = <y grad f>, the mean over all x. `time` is h^-1 of that of h neurons.
    `weights_uninformative` is the rms of a coordinate. Source: C21's code (figures/ODE.py).
    """
    return concat([_in(dimension, seed) for dimension in dimensions], ignore_index=True)


def velocity(dimension: int) -> Callable[[Values], Values]:
    """Return from neurons [4, N] their change in time at h = 1.

    Rows: omega_1, |omega_perp| (whose direction stays), b, beta. All means over x are exact.
    """
    root = sqrt(dimension)

    def of(neurons: Values) -> Values:
        slope, width, bias, output = neurons * [[1 / root], [1 / root], [1.0], [1.0]]
        active, first, edge = labelled_means(bias, slope, np.maximum(np.abs(width), 1e-12))
        parts = (
            output / root * first,
            output / root * np.sign(width) * edge,
            output * active,
            bias * active + slope * first + np.abs(width) * edge,
        )
        return sqrt(2) * np.stack(parts)

    return of


def labelled_means(a: Values, c: Values, s: Values) -> tuple[Values, Values, Values]:
    """Return <y Phi(u)>, <y x Phi(u)> and <y phi(u)>, u = (a + c x)/s, over x ~ N(0, 1).

    y(x) is the stripe's label, Phi and phi the normal distribution and density, s > 0.
    """
    r = np.hypot(s, c)
    sums = [0.0 * a, 0.0 * a, 0.0 * a]
    # y = 1 - 2 (x < high) + 2 (x < low): integrals from below to each of these ends.
    for sign, end in ((1.0, np.inf), (-2.0, EDGES[1]), (2.0, EDGES[0])):
        gauss = np.exp(-((a / r) ** 2) / 2) / sqrt(2 * np.pi)
        edge = gauss * s / r * ndtr((end + a * c / r**2) * r / s)
        at = 0.0 if end == np.inf else normal_density(end) * ndtr((a + c * end) / s)
        for place, part in enumerate((_below(end, a / r, -c / r, s / r), c / s * edge - at, edge)):
            sums[place] = sums[place] + sign * part
    return sums[0], sums[1], sums[2]


def normal_density(x: float) -> float:
    """Return phi(x)."""
    return float(np.exp(-(x**2) / 2) / sqrt(2 * np.pi))


def _below(end: float, k: Values, rho: Values, root: Values) -> Values:
    """Return P(X < end, W < k) of normal X and W with correlation rho; root^2 = 1 - rho^2.

    By Owen's T function. Source: Owen 1956, Annals of Mathematical Statistics 27.
    """
    if end == np.inf:
        return ndtr(k)
    k = np.where(k == 0, 1e-300, k)
    opposite = np.where(end * k < 0, 0.5, 0.0)
    of_end = owens_t(end, (k - rho * end) / (end * root))
    of_k = owens_t(k, (end - rho * k) / (k * root))
    return (ndtr(end) + ndtr(k)) / 2 - of_end - of_k - opposite


def _in(dimension: int, seed: int) -> DataFrame:
    generator = np.random.default_rng(derive_seed("infinite data", seed, dimension))
    start = generator.standard_normal((4, NEURONS))
    start[1] = np.sqrt(generator.chisquare(dimension - 1, NEURONS))
    moves = velocity(dimension)

    def grown(_: float, flat: Values) -> float:
        return float(np.sqrt(np.mean(flat[:NEURONS] ** 2) / np.mean(start[0] ** 2)) - GROWTH)

    grown.terminal = True  # type: ignore[attr-defined]
    solved = solve_ivp(
        lambda _, flat: moves(flat.reshape(4, -1)).ravel(),
        (0.0, _LONGEST),
        start.ravel(),
        events=grown,
        rtol=1e-4,
        atol=1e-6,
    )
    neurons = solved.y.reshape(4, NEURONS, -1)
    return DataFrame(
        {
            "dimension": dimension,
            "time": solved.t,
            "weights_informative": np.sqrt((neurons[0] ** 2).mean(0)),
            "weights_uninformative": np.sqrt((neurons[1] ** 2).mean(0) / (dimension - 1)),
        }
    )
