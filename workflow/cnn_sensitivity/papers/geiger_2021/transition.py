"""The width at which networks begin to fit, from which of them do: a logistic curve in ln h."""

from dataclasses import dataclass
from math import exp, log

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pandas import DataFrame

from cnn_sensitivity.analysis.intervals import FEWEST_TRAININGS, Limits, jackknife, of_logs

_STEPS, _CLOSE = 100, 1e-10


@dataclass(frozen=True)
class Transition:
    """p(h) = 1/(1 + exp(-slope (ln h - ln width))): the probability that a network fits."""

    width: float
    slope: float

    @property
    def factor(self) -> float:
        """From the width at which a fifth of the networks fit to that at which four fifths do."""
        return exp(2 * log(4) / self.slope)


def transition(widths: ArrayLike, fitted: ArrayLike) -> Transition | None:
    """Return the curve through networks of these widths, each of which fits or not.

    None where all fit or none, or where wide ones fit less often. By Firth's penalised likelihood
    (Biometrika 80, 1993), whose maximum is finite where no width has both.
    """
    x, y = np.log(np.asarray(widths, dtype=float)), np.asarray(fitted, dtype=float)
    if len(np.unique(x)) < 2 or len(np.unique(y)) < 2:
        return None
    middle = x.mean()
    design = np.stack([np.ones_like(x), x - middle], axis=1)
    a, b = _firth(design, y)
    return Transition(exp(middle - a / b), b) if b > 0 else None


def _firth(design: NDArray, y: NDArray) -> NDArray:
    """Return the coefficients that maximise ln L + ln |I| / 2, by Newton's method."""
    found = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ found, -500, 500)))
        weighted = design * (p * (1 - p))[:, None]
        information = design.T @ weighted + 1e-12 * np.eye(len(found))
        leverage = np.einsum("ij,ji->i", weighted, np.linalg.solve(information, design.T))
        step = np.linalg.solve(information, design.T @ (y - p + leverage * (0.5 - p)))
        step *= min(1, 5 / max(np.abs(step).max(), 1e-300))
        found = found + step
        if np.abs(step).max() < _CLOSE:
            break
    return found


def of_networks(networks: DataFrame) -> Transition | None:
    """Return the curve of networks with hidden_units and whether each is `fitted`."""
    return transition(networks["hidden_units"], networks["fitted"])


def width_limits(networks: DataFrame) -> Limits | None:
    """Return the interval of the width of the transition: the jackknife's over seeds."""
    limits = _over_seeds(networks, lambda found: log(found.width))
    return None if limits is None else of_logs(limits)


def factor_limits(networks: DataFrame) -> Limits | None:
    """Return the interval of the transition's factor: the jackknife's over seeds, of ln slope."""
    limits = _over_seeds(networks, lambda found: log(log(found.factor)))
    return None if limits is None else of_logs(of_logs(limits))


def _over_seeds(networks: DataFrame, number) -> Limits | None:
    groups = [seed for _, seed in networks.groupby("seed")]
    if len(groups) < FEWEST_TRAININGS:
        return None

    def of_some(places: NDArray) -> float:
        chosen = [groups[place] for place in places]
        found = transition(
            np.concatenate([each["hidden_units"] for each in chosen]),
            np.concatenate([each["fitted"] for each in chosen]),
        )
        return float("nan") if found is None else number(found)

    return jackknife(of_some, np.arange(len(groups)))
