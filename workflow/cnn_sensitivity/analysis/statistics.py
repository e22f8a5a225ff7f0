"""Correlations and bootstrap intervals across networks and seeds. No torch."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas
from numpy.typing import ArrayLike, NDArray

from cnn_sensitivity.base.errors import UserError

Sample = Mapping[str, NDArray]
"""Columns of a resampled table by name."""

FEWEST_POINTS = 3
"""Fewer points define no correlation: any two lie on a line."""

Interval = tuple[float, float]
UNDEFINED: Interval = (float("nan"), float("nan"))


def log_correlation(x: ArrayLike, y: ArrayLike) -> float:
    """Return rho(x, y) = Cov(log x, log y) / sqrt(Var log x Var log y).

    It is nan for fewer than 3 points, or where x or y does not vary. Raises UserError for unequal
    lengths and values that are not positive and finite. Source: T22, Figure 1.
    """
    x, y = _pair(x, y)
    if len(x) and not (_positive(x) and _positive(y)):
        raise UserError("a correlation of logarithms needs values that are positive and finite")
    return _pearson(np.log(x), np.log(y))


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Return Spearman's correlation, tied values sharing their mean rank.

    It is nan for fewer than 3 points, or where x or y does not vary. Raises UserError for unequal
    lengths and values that are nan.
    """
    x, y = _pair(x, y)
    if np.isnan(x).any() or np.isnan(y).any():
        raise UserError("a rank correlation needs values that are numbers")
    return _pearson(_ranks(x), _ranks(y))


def log_slope(x: ArrayLike, y: ArrayLike) -> float:
    """Return the least-squares slope of log y against log x; nan where x does not vary."""
    x, y = _pair(x, y)
    dx = np.log(x) - np.log(x).mean()
    variance = float(dx @ dx)
    return float(dx @ np.log(y)) / variance if variance > 1e-20 * len(x) else float("nan")


def bootstrap_interval(
    function: Callable[[Sample], float],
    frame: pandas.DataFrame,
    groups: Sequence[str] = ("network", "seed"),
    samples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Return the central 95 % of `function` over resamples of `frame`.

    Values of the first column of `groups` are drawn with replacement, within each draw those of the
    next, and so on; rows that agree in all of them stay together. `function` takes the columns of
    a resample. Resamples in which it is nan are left out; (nan, nan) if that is more than half, or
    if there is only one unit to draw. The same arguments give the same interval.
    """
    names = list(dict.fromkeys(groups))
    tree = _tree(frame.reset_index(drop=True), names)
    if _is_single(tree):
        return UNDEFINED
    columns = {str(name): frame[name].to_numpy() for name in frame.columns}
    generator = np.random.default_rng(seed)
    values = np.empty(samples)
    most = _most_draws(tree)
    for index in range(samples):
        numbers = iter(generator.random(most).tolist())
        rows = np.array(_draw(tree, numbers))
        values[index] = function({name: column[rows] for name, column in columns.items()})
    values = values[np.isfinite(values)]
    if len(values) < samples / 2:
        return UNDEFINED
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def sampling_interval(
    function: Callable[[Sample], float],
    frame: pandas.DataFrame,
    errors: Mapping[str, str],
    samples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Return the central 95 % of `function` where columns of `frame` scatter by their errors.

    `errors` maps a column of positive numbers to that of its standard errors, over test images.
    Numbers are drawn independently and log-normally, with the relative error as the width: layers
    of one network share images, so that their order scatters less than it does here. (nan, nan)
    where an error is missing. The same arguments give the same interval.
    """
    columns = {str(name): frame[name].to_numpy() for name in frame.columns}
    if frame.empty or any(error not in columns for error in errors.values()):
        return UNDEFINED
    widths = {name: columns[error] / columns[name] for name, error in errors.items()}
    if not all(np.isfinite(width).all() for width in widths.values()):
        return UNDEFINED
    generator = np.random.default_rng(seed)
    values = np.empty(samples)
    for index in range(samples):
        drawn = {
            name: columns[name] * np.exp(width * generator.standard_normal(len(width)))
            for name, width in widths.items()
        }
        values[index] = function({**columns, **drawn})
    if np.isnan(values).any():
        return UNDEFINED
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


# A leaf is the rows of one unit; a branch is the units below one value of a grouping column.
_Tree = list[Any]


def _tree(frame: pandas.DataFrame, groups: Sequence[str]) -> _Tree:
    if not groups:
        return [int(row) for row in frame.index]
    branches = frame.groupby(groups[0], sort=True)
    return [_tree(branch, groups[1:]) for _, branch in branches]


def _is_branch(tree: _Tree) -> bool:
    return bool(tree) and isinstance(tree[0], list)


def _is_single(tree: _Tree) -> bool:
    while _is_branch(tree) and len(tree) == 1:
        tree = tree[0]
    return not _is_branch(tree)


def _most_draws(tree: _Tree) -> int:
    """Return how many random numbers one resample takes at most."""
    if not _is_branch(tree):
        return 0
    return len(tree) * (1 + max(_most_draws(branch) for branch in tree))


def _draw(tree: _Tree, numbers: Iterator[float]) -> list[int]:
    """Return the rows of one resample; `numbers` are uniform in [0, 1)."""
    if not _is_branch(tree):
        return tree
    count = len(tree)
    drawn: list[int] = []
    for _ in range(count):
        drawn += _draw(tree[int(next(numbers) * count)], numbers)
    return drawn


def _pair(x: ArrayLike, y: ArrayLike) -> tuple[NDArray, NDArray]:
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.ndim != 1 or x.shape != y.shape:
        raise UserError(f"a correlation needs x and y of one length, not {x.shape} and {y.shape}")
    return x, y


def _positive(values: NDArray) -> bool:
    return bool(values.min() > 0 and values.max() < np.inf)


def _ranks(values: NDArray) -> NDArray:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


def _pearson(x: NDArray, y: NDArray) -> float:
    if len(x) < FEWEST_POINTS:
        return float("nan")
    dx, dy = x - x.sum() / len(x), y - y.sum() / len(y)
    xx, yy = float(dx @ dx), float(dy @ dy)
    # Equal values leave the rounding error of their mean, which is no variation.
    if (
        xx <= len(x) * (1e-14 * np.abs(x).max()) ** 2
        or yy <= len(y) * (1e-14 * np.abs(y).max()) ** 2
    ):
        return float("nan")
    return float(np.clip(dx @ dy / np.sqrt(xx * yy), -1, 1))
