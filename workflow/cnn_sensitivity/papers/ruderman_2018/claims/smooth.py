"""Claims on the normalised total variation of the 3x3 filters: lower is smoother."""

from functools import partial

import numpy as np
from pandas import DataFrame, concat

from cnn_sensitivity.analysis.intervals import FEWEST_TRAININGS, clipped, jackknife
from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.statistics import spearman
from cnn_sensitivity.papers.ruderman_2018.claims.samples import (
    Values,
    cube,
    estimate,
    of_each_seed,
    over_seeds,
)
from cnn_sensitivity.papers.ruderman_2018.experiments import (
    NAMES,
    RANDOM,
    REAL,
    STRENGTHS,
    UNTRAINED,
    VARIANTS,
)
from cnn_sensitivity.papers.ruderman_2018.rows import distances, smoothness
from cnn_sensitivity.scorecard.evidence import Tables, table
from cnn_sensitivity.scorecard.trainings import few
from cnn_sensitivity.scorecard.verdict import (
    BELOW_ONE,
    NEGATIVE,
    POSITIVE,
    Measured,
    NotTested,
    Outcome,
    Range,
)

AVERAGE, STRIDED = VARIANTS.index("AveragePoolCNN"), VARIANTS.index("StridedCNN")
FEWEST_SEEDS = 6
"""So many seeds tell by how much the filters of initial networks vary."""


def stronger_is_smoother(tables: Tables) -> Outcome:
    """The mean over convolutions 1.. falls with each step of the strength C."""
    selected = concat(_selected(tables, name, "trained") for name in STRENGTHS)
    values = cube(selected, "total_variation", list(STRENGTHS), "experiment")[:, :, 1:].mean(2)
    strengths = list(STRENGTHS.values())
    parts = [
        estimate(
            lambda means, at=at: means[at + 1] - means[at],
            values,
            meets=NEGATIVE,
            logs=False,
            label=f"C = {strengths[at + 1]} against {strengths[at]}",
        )
        for at in range(len(strengths) - 1)
    ]
    parts.append(_rank_correlation(values, strengths))
    text = ", ".join(f"{value:.3f}" for value in over_seeds(values))
    return Outcome(parts, f"Means for C = 1, 2, 3, 4: {text}.")


def _rank_correlation(values: Values, strengths: list[int]) -> Measured:
    """Return Spearman over runs, with the jackknife's interval over seeds."""

    def rho(drawn: Values) -> float:
        there = ~np.isnan(drawn)
        x = np.broadcast_to(strengths, drawn.shape)
        return spearman(x[there], drawn[there])

    limits = clipped(jackknife(rho, values)) if len(values) >= FEWEST_TRAININGS else None
    label, meets = "Spearman(C, total variation)", Range(high=-0.8)
    return Measured(rho(values), limits, meets, few(len(values)), label)


def training_smooths(tables: Tables) -> Outcome:
    """Most convolutions of each variant end below initial ones by two of their deviations."""
    initial = _values(tables, UNTRAINED, "initial")
    trained = _values(tables, REAL, "trained")
    if len(initial) < FEWEST_SEEDS:
        raise NotTested(f"{len(initial)} seeds of initial networks, fewer than {FEWEST_SEEDS}.")
    bounds = over_seeds(initial) - 2 * np.nanstd(initial, axis=0, ddof=1)
    parts = [
        of_each_seed(
            partial(_share_below, bounds[at, 1:]),
            trained[:, at, 1:],
            meets=Range(low=0.8),
            within=(0, 1),
            label=NAMES[name],
            detail=f"mean {over_seeds(trained)[at, 1:].mean():.3f},"
            f" initial {over_seeds(initial)[at, 1:].mean():.3f}",
        )
        for at, name in enumerate(VARIANTS)
    ]
    return Outcome(parts)


def variants_end_alike(tables: Tables) -> Outcome:
    """The range over variants is smaller with true than with random labels."""
    real, random = _values(tables, REAL, "trained"), _values(tables, RANDOM, "trained")
    others = [at for at in range(len(VARIANTS)) if at != AVERAGE]

    def ratio(chosen: list[int], label: str) -> Measured:
        return estimate(
            lambda one, other: _range(one[chosen]) / _range(other[chosen]),
            real,
            random,
            meets=BELOW_ONE,
            label=label,
            detail=f"range {_range(over_seeds(real)[chosen]):.3f} with true labels",
        )

    parts = [
        ratio(list(range(len(VARIANTS))), "all variants"),
        ratio(others, "without average-pool"),
    ]
    return Outcome(parts, _left_out(tables))


def rises_with_depth(tables: Tables) -> Outcome:
    """Total variation grows along each trained network, from convolution 1 on."""
    trained = _values(tables, REAL, "trained")
    parts = [
        of_each_seed(
            _with_depth,
            trained[:, at, 1:],
            meets=POSITIVE,
            within=(-1, 1),
            label=NAMES[name],
        )
        for at, name in enumerate(VARIANTS)
    ]
    return Outcome(parts, "The sign is CIFAR-10's; in the paper's ImageNet networks it turns.")


def random_labels_differ(tables: Tables) -> Outcome:
    """With random labels the range grows by half; average-pool and strided are the smoothest."""
    real, random = _values(tables, REAL, "trained"), _values(tables, RANDOM, "trained")
    others = [at for at in range(len(VARIANTS)) if at not in (AVERAGE, STRIDED)]

    def apart(means: Values) -> float:
        whole = means[:, 1:].mean(1)
        return float(whole[[AVERAGE, STRIDED]].max() / whole[others].min())

    parts = [
        estimate(
            lambda one, other: _range(other) / _range(one),
            real,
            random,
            meets=Range(low=1.5),
            label="range, random/true labels",
        ),
        estimate(
            apart, random, meets=BELOW_ONE, label="average-pool and strided over the other three"
        ),
    ]
    return Outcome(parts, _left_out(tables))


def smooth_is_stable(tables: Tables) -> Outcome:
    """Across variants and labels smoothness and stability go together."""
    samples: list[Values] = []
    table(tables, "cosine_distance")
    for experiment in (REAL, RANDOM):
        stability = distances(tables, [experiment], "trained").rows
        variation = _values(tables, experiment, "trained")[:, :, 1:].mean(2)
        distance = cube(stability, "distance", VARIANTS)[:, :, 1:].mean(2)
        samples.append(np.stack([variation, distance], axis=1))

    def correlation(*means: Values) -> float:
        return spearman(*np.concatenate(means, axis=1))

    part = estimate(correlation, *samples, meets=POSITIVE, logs=False, within=(-1, 1))
    apart = (spearman(*over_seeds(each)) for each in samples)
    detail = "By labels: true {:.2f}, random {:.2f}.".format(*apart)
    return Outcome([part], f"{detail} {_left_out(tables)}".strip())


def _share_below(bounds: Values, values: Values) -> float:
    """Return the share of convolutions below their bounds; nan of a seed without them."""
    return float("nan") if np.isnan(values).any() else float(np.mean(values < bounds))


def _with_depth(values: Values) -> float:
    """Return Spearman's correlation of values with their place; nan of a seed without them."""
    return float("nan") if np.isnan(values).any() else spearman(np.arange(len(values)), values)


def _selected(tables: Tables, experiment: str, state: str) -> DataFrame:
    table(tables, "spectrum")
    selection = smoothness(tables, [experiment], state)
    if selection.rows.empty:
        reasons = left_out(selection.left_out)
        raise NotTested(f"The run has no experiment {experiment!r} to measure. {reasons}".strip())
    return selection.rows


def _values(tables: Tables, experiment: str, state: str) -> Values:
    """Return total variation [seeds, variants, convolutions]."""
    return cube(_selected(tables, experiment, state), "total_variation", VARIANTS)


def _range(means: Values) -> float:
    """Return the mean over convolutions 1.. of the range over variants."""
    return float(np.ptp(means[:, 1:], axis=0).mean())


def _left_out(tables: Tables) -> str:
    return left_out(smoothness(tables, [RANDOM], "trained").left_out)
