"""The feature regime in closed form: the interpolation of least l1 norm over a dictionary."""

import numpy as np
from scipy.optimize import linprog

from cnn_sensitivity.base.errors import UserError


def relu(x: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Return ReLU(theta_h . x) [n, H] of points [n, d] and directions theta [H, d]."""
    return np.maximum(x @ directions.T, 0)


def minimum_norm(features: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the weights a [H] that minimise sum_h |a_h| among those with features a = y.

    `features` [n, H], y [n]. It is where the gradient descent of S22, f = (1/H) sum_h w_h
    ReLU(theta_h . x) with the penalty lambda/H sum |w_h|, ends for lambda -> 0 if directions are
    dense and stay. It is a linear programme, solved exactly (HiGHS, dual simplex): at most n
    weights are not zero.

    Raises:
        UserError: no weights interpolate the points; the dictionary needs more directions.
    """
    count = features.shape[1]
    found = linprog(
        np.ones(2 * count), A_eq=np.hstack([features, -features]), b_eq=y, method="highs-ds"
    )
    if found.x is None:
        raise UserError(
            f"directions {count}: no combination of them goes through {len(y)} points; take more"
        )
    return found.x[:count] - found.x[count:]


def atoms(x: np.ndarray, directions: np.ndarray, weights: np.ndarray) -> int:
    """Return the number of atoms: neurons with weight, those of one sign pattern counted once.

    The pattern of a neuron says at which training points x [n, d] it is active; neurons of one
    pattern are one linear function there. Source: S22 [code].
    """
    active = x @ directions[weights != 0].T > 0
    return len(np.unique(active, axis=1).T)
