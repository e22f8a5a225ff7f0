"""The feature regime as the authors reach it: gradient descent in which directions move (S22)."""

import numpy as np

from cnn_sensitivity.tasks.points.sphere import uniform

STEP = 1.0
"""lr of the authors; they multiply it by the number of neurons."""


def descent(
    x: np.ndarray,
    y: np.ndarray,
    *,
    neurons: int,
    steps: int,
    penalty: float,
    generator: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return directions theta [H, d], |theta_h| = 1, and weights w/H [H] after so many steps.

    Minimises (1/2n) sum_i (f(x_i) - y_i)^2 + (penalty/H) sum_h |w_h|, f = (1/H) sum_h w_h
    ReLU(theta_h . x), from w = 0, at x [n, d], y [n]. As the authors (d = 3, 5) a step is `STEP` H
    long and theta is kept on the sphere; the penalty's part of it is soft thresholding in place of
    the sign of w, which has the same fixed points and zeros that are exact. Source: S22 [code].
    """
    theta, w = uniform(generator, neurons, x.shape[1]), np.zeros(neurons)
    for _ in range(steps):
        before = x @ theta.T
        active = before > 0
        residuals = (np.where(active, before, 0) @ w / neurons - y) / len(x)
        of_w = np.where(active, before, 0).T @ residuals
        of_theta = (active * residuals[:, None]).T @ x * w[:, None]
        along = (theta * of_theta).sum(axis=1, keepdims=True)
        theta -= STEP * (of_theta - along * theta)
        theta /= np.linalg.norm(theta, axis=1, keepdims=True)
        w -= STEP * of_w
        w = np.sign(w) * np.maximum(np.abs(w) - STEP * penalty, 0)
    return theta, w / neurons
