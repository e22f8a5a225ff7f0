"""Confidence intervals, each of them a function of the confidence level. No torch.

Which of them a claim has follows from its unit: the training, the network, the draw. Source:
paper.md, section 4. Where data define no interval it is (nan, nan).
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from warnings import catch_warnings, simplefilter

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from cnn_sensitivity.analysis.statistics import spearman

Interval = tuple[float, float]
Limits = Callable[[float], Interval]
"""From a confidence level, such as .95, to the two ends."""

UNDEFINED: Interval = (float("nan"), float("nan"))
FEWEST_TRAININGS = 3
"""Two values tell hardly by how much a third would differ."""
FEWEST_NETWORKS = 4
"""Fisher's z has the variance 1 / (n - 3)."""
RESAMPLES = 20_000


def exactly(value: float) -> Limits:
    """Return the interval of a number without randomness: the number."""
    return lambda level: (value, value)


def student(values: ArrayLike) -> Limits:
    """Return Student's t interval of the mean of independent values; undefined for fewer than 3."""
    return _student(np.asarray(values, dtype=float))


def welch(one: ArrayLike, other: ArrayLike) -> Limits:
    """Return Welch's interval of the mean of `one` less that of `other`, 3 values each at least."""
    return _student(np.asarray(one, dtype=float), -np.asarray(other, dtype=float))


def jackknife(function: Callable[..., float], *samples: NDArray) -> Limits:
    """Return Student's t interval of a function of samples, over their first axes.

    Each sample's pseudo-values n f - (n - 1) f(without one) take the place of values: those of a
    mean are the values. Several samples are independent (Welch). Source: Tukey 1958.
    """
    value, deviations = function(*samples), []
    for place, sample in enumerate(samples):
        count = len(sample)
        without = [
            function(*samples[:place], np.delete(sample, row, axis=0), *samples[place + 1 :])
            for row in range(count)
        ]
        deviations.append((count - 1) * (value - np.array(without)))
    limits = _student(*deviations)
    return lambda level: _ends(*(value + np.array(limits(level))))


def pearson(x: ArrayLike, y: ArrayLike) -> Limits:
    """Return the interval of Pearson's correlation by Fisher's z; undefined for fewer than 4."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if len(x) < FEWEST_NETWORKS:
        return lambda level: UNDEFINED
    found = stats.pearsonr(x, y)
    return lambda level: _ends(*found.confidence_interval(level))


def rank(x: ArrayLike, y: ArrayLike) -> Limits:
    """Return the interval of Spearman's correlation by z; undefined for fewer than 4.

    With Bonett and Wright's variance (1 + r^2 / 2) / (n - 3) (Psychometrika 65, 2000). Of a perfect
    order z is infinite: its inner end is then that of the nearest order, one exchange away.
    """
    count, r = len(np.asarray(x)), spearman(x, y)
    if count < FEWEST_NETWORKS or np.isnan(r):
        return lambda level: UNDEFINED
    nearest = 1 - 12 / (count * (count**2 - 1))
    inner = float(np.clip(r, -nearest, nearest))

    def limits(level: float) -> Interval:
        z = stats.norm.ppf((1 + level) / 2)
        half = z * np.sqrt((1 + inner**2 / 2) / (count - 3))
        low, high = np.tanh(np.arctanh(inner) + np.array([-half, half]))
        return _ends(-1 if r <= -nearest else low, 1 if r >= nearest else high)

    return limits


def share(hits: int, count: int) -> Limits:
    """Return Wilson's interval of a probability, from `hits` of `count` draws."""
    found = stats.binomtest(hits, count)
    return lambda level: _ends(*found.proportion_ci(level, method="wilson"))


def bootstrap(
    function: Callable[[NDArray], NDArray], count: int, resamples: int = RESAMPLES
) -> Limits:
    """Return the BCa interval over `count` networks, undefined for fewer than 4.

    `function`: from numbers of drawn networks, (..., count), to values (...); resamples in which it
    is nan are left out. A few networks resample too narrowly (n - 1 for n), and their scatter is an
    estimate, so that the level is Student's (Hesterberg 2015, The American Statistician 69): of 8
    networks BCa covers 92 % without that. Both ends are moved outwards by two Monte Carlo errors:
    what lies that near to an end is not decided. The same arguments give the same interval.
    """
    if count < FEWEST_NETWORKS:
        return lambda level: UNDEFINED
    networks = (np.arange(count),)
    method = partial(
        stats.bootstrap,
        networks,
        lambda drawn, axis: function(drawn),
        vectorized=True,
        method="BCa",
        rng=np.random.default_rng(0),
    )
    with catch_warnings():
        simplefilter("ignore")  # of resamples without a value, which are left out below
        drawn = method(n_resamples=resamples, batch=2_000)
    values = drawn.bootstrap_distribution
    values = values[np.isfinite(values)]
    if len(values) < resamples / 2:
        return lambda level: UNDEFINED
    if np.ptp(values) <= 1e-12 * np.abs(values).max():  # all networks agree
        return exactly(float(values[0]))
    kept = replace(drawn, bootstrap_distribution=values)

    def limits(level: float) -> Interval:
        with catch_warnings():
            simplefilter("ignore")  # where all networks without one agree it is nan
            found = method(
                n_resamples=0, bootstrap_result=kept, confidence_level=_expanded(level, count)
            )
        low, high = found.confidence_interval
        return _outwards(values, low, -1), _outwards(values, high, 1)

    return limits


def of_logs(limits: Limits) -> Limits:
    """Return the interval of a positive number from that of its logarithm."""
    return lambda level: _ends(*np.exp(limits(level)))


def of_z(limits: Limits) -> Limits:
    """Return the interval of a correlation from that of Fisher's z = artanh(rho)."""
    return lambda level: _ends(*np.tanh(limits(level)))


def clipped(limits: Limits, low: float = -1, high: float = 1) -> Limits:
    """Return the interval within the range that a number can have, such as a correlation's."""
    return lambda level: _ends(*np.clip(limits(level), low, high))


def _student(*samples: NDArray) -> Limits:
    """Return the interval of the sum of the samples' means; undefined for fewer than 3 values."""
    if min(map(len, samples)) < FEWEST_TRAININGS:
        return lambda level: UNDEFINED
    mean = sum(float(sample.mean()) for sample in samples)
    variances = np.array([sample.var(ddof=1) / len(sample) for sample in samples])
    freedoms = np.array([len(sample) - 1 for sample in samples])
    if not variances.sum() > 0:
        return exactly(mean) if np.isfinite(mean) else lambda level: UNDEFINED
    freedom = variances.sum() ** 2 / (variances**2 / freedoms).sum()
    scale = np.sqrt(variances.sum())
    return lambda level: _ends(*stats.t.interval(level, freedom, mean, scale))


def _expanded(level: float, count: int) -> float:
    """Return the normal level whose quantile is that of Student's t, for n values resampled."""
    quantile = np.sqrt(count / (count - 1)) * stats.t.ppf((1 + level) / 2, count - 1)
    return float(2 * stats.norm.cdf(quantile) - 1)


def _outwards(values: NDArray, end: float, sign: int) -> float:
    """Return an end, moved by two standard errors of its place among the resamples."""
    if np.isnan(end):
        return float("nan")
    place = float(np.mean(values <= end))
    error = np.sqrt(place * (1 - place) / len(values))
    return float(np.quantile(values, np.clip(place + sign * 2 * error, 0, 1)))


def _ends(low: float, high: float) -> Interval:
    return float(low), float(high)
