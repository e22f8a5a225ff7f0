"""Images as points: centred, or on their principal components; the parity of classes as target."""

import numpy as np

from cnn_sensitivity.base.errors import UserError


def centred(images: np.ndarray) -> np.ndarray:
    """Return images [n, ...] as points [n, N], the mean image taken off, each of norm sqrt(N).

    Source: Petrini 2022 and Geiger 2021 [code], on training and test images together.

    Raises:
        UserError: an image equals the mean image.
    """
    points = images.reshape(len(images), -1).astype(np.float64)
    points -= points.mean(axis=0)
    norms = np.linalg.norm(points, axis=1, keepdims=True)
    if len(images) == 0 or not norms.all():
        raise UserError("images: one of them equals their mean, or there is none")
    return points / norms * np.sqrt(points.shape[1])


def principal_components(points: np.ndarray, count: int) -> np.ndarray:
    """Return the first `count` principal components [n, count] of points [n, N], not whitened.

    Raises:
        UserError: there are fewer than `count` components.
    """
    mean, directions = principal_directions(points, count)
    return (points - mean) @ directions


def principal_directions(points: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean [N] of points [n, N] and the directions [N, count] of their components.

    The components (points - mean) @ directions are all divided by the root of the mean of their
    variances. The sign of each is such that the largest weight of its direction is positive.
    Source: Geiger 2021 [code], on `centred` images.

    Raises:
        UserError: there are fewer than `count` components.
    """
    mean = points.mean(axis=0)
    shifted = points - mean
    if not 1 <= count <= min(shifted.shape):
        raise UserError(
            f"{count} principal components: {shifted.shape[0]} points in {shifted.shape[1]}"
            f" dimensions have 1 to {min(shifted.shape)}"
        )
    _, vectors = np.linalg.eigh(shifted.T @ shifted)
    directions = vectors[:, ::-1][:, :count]
    largest = np.abs(directions).argmax(axis=0)
    directions = directions * np.sign(directions[largest, np.arange(count)])
    return mean, directions / np.sqrt((shifted @ directions).var(axis=0).mean())


def parity(classes: np.ndarray) -> np.ndarray:
    """Return the target [n] of class indices [n]: +1 for even, -1 for odd ones."""
    return np.where(classes % 2 == 0, 1.0, -1.0)
