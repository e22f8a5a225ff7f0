"""Curves of all seeds as one array, and the interval of what is computed from their means."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from cnn_sensitivity.analysis.prose import listing
from cnn_sensitivity.scorecard.verdict import Measured, NotTested, Range

Values = NDArray[np.float64]

DRAWS = 2000


def cube(rows: DataFrame, value: str, curves: Sequence[str], column: str = "network") -> Values:
    """Return [seeds, curves, places]; nan for a seed that lacks a curve.

    Raises:
        NotTested: some curve is that of no seed.
    """
    missing = [each for each in curves if each not in set(rows[column])]
    if missing:
        raise NotTested(f"No run of {listing(missing)} can be used.")
    table = rows.pivot_table(index="seed", columns=[column, "place"], values=value, dropna=False)
    return np.stack([table[each].to_numpy() for each in curves], axis=1)


def over_seeds(values: Values) -> Values:
    """Return the mean over the first axis of what is a number, or nan."""
    there = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(there, values, 0).sum(0) / there.sum(0)


def estimate(
    function: Callable[..., float],
    *samples: Values,
    meets: Range,
    label: str = "",
    detail: str = "",
) -> Measured:
    """Return `function` of the means over seeds of each sample, with its 95 % interval.

    The interval is the bootstrap's over seeds, those of each sample drawn on their own; it is not
    there where a sample has a single seed, or more than half of the draws give no number.
    """
    value = function(*map(over_seeds, samples))
    if np.isnan(value):
        return Measured(label=label, detail="not defined")
    if min(map(len, samples)) < 2:
        return Measured(value, meets=meets, label=label, detail=detail or "a single seed")
    generator = np.random.default_rng(0)
    drawn = np.array(
        [
            function(*(over_seeds(s[generator.integers(len(s), size=len(s))]) for s in samples))
            for _ in range(DRAWS)
        ]
    )
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.quantile(drawn, [0.025, 0.975]) if len(drawn) >= DRAWS / 2 else (np.nan,) * 2
    return Measured(value, float(low), float(high), meets, detail, label)
