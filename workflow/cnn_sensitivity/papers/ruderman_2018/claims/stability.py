"""Claims on the normalised cosine distance d, by layer; L is the last downsampling layer."""

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.analysis.intervals import FEWEST_TRAININGS, jackknife, of_logs
from cnn_sensitivity.analysis.prose import left_out, listing
from cnn_sensitivity.papers.ruderman_2018.claims.samples import (
    Values,
    cube,
    estimate,
    over_seeds,
)
from cnn_sensitivity.papers.ruderman_2018.experiments import (
    DISTANCE,
    DISTANCE_BATCH,
    NAMES,
    POOLED,
    RANDOM,
    REAL,
    SMOOTHED,
    UNPOOLED,
    UNTRAINED,
    VARIANTS,
    sigma,
)
from cnn_sensitivity.papers.ruderman_2018.rows import distances
from cnn_sensitivity.scorecard.evidence import Tables, table
from cnn_sensitivity.scorecard.verdict import (
    ABOVE_ONE,
    BELOW_ONE,
    POSITIVE,
    Measured,
    NotTested,
    Outcome,
    Range,
)

AFTER_SECOND = 7
"""The first layer past the second downsampling."""


def pooling_stabilises_before(tables: Tables) -> Outcome:
    """Before training d at L of each pooled variant is below that of every unpooled one."""
    initial = _curves(tables, UNTRAINED, "initial")
    parts = [
        estimate(
            lambda means, at=at: means[at, -1] / means[len(POOLED) :, -1].min(),
            initial,
            meets=BELOW_ONE,
            label=f"{NAMES[name]} over the lowest unpooled",
        )
        for at, name in enumerate(POOLED)
    ]
    return Outcome(parts, f"d at L: {_last(initial)}. {_with_batch_statistics(tables)}".strip())


def training_raises(tables: Tables) -> Outcome:
    """d at L of each pooled variant grows by training."""
    return _change(tables, POOLED, ABOVE_ONE)


def training_lowers(tables: Tables) -> Outcome:
    """d at L of each unpooled variant falls by training."""
    return _change(tables, UNPOOLED, BELOW_ONE)


def _change(tables: Tables, variants: tuple[str, ...], meets: Range) -> Outcome:
    initial, trained = _curves(tables, REAL, "initial"), _curves(tables, REAL, "trained")
    places = [VARIANTS.index(name) for name in variants]
    both = _pairs(tables)
    parts = [
        estimate(
            lambda means, at=at: means[1, at, -1] / means[0, at, -1],
            both,
            meets=meets,
            label=NAMES[VARIANTS[at]],
            detail=f"{_at_last(initial, at):.3f} to {_at_last(trained, at):.3f}",
        )
        for at in places
    ]
    return Outcome(parts, _against_batch_statistics(tables, trained, variants, meets))


def _against_batch_statistics(
    tables: Tables, trained: Values, variants: tuple[str, ...], meets: Range
) -> str:
    """Return which variants would meet the claim were batch norm on the images' statistics."""
    try:
        initial = _curves(tables, UNTRAINED, "initial", DISTANCE_BATCH)
    except NotTested:
        return ""
    places = [VARIANTS.index(name) for name in variants]
    meet = [
        NAMES[VARIANTS[at]]
        for at in places
        if _at_last(trained, at) / _at_last(initial, at) in meets
    ]
    return (
        f"Were initial networks measured with the images' own statistics in batch norm"
        f" ({_last(initial)}), it would hold for {listing(meet) if meet else 'none of these'}."
    )


def spread_shrinks(tables: Tables) -> Outcome:
    """The spread over variants of log d at L halves at least by training."""
    part = estimate(
        lambda means: _spread(means[1, :, -1]) / _spread(means[0, :, -1]),
        _pairs(tables),
        meets=Range(high=0.5),
    )
    return Outcome([part])


def profiles_converge(tables: Tables) -> Outcome:
    """Trained profiles correlate, more than initial ones; late layers' spread halves."""
    both = _pairs(tables)

    def late(means: Values) -> float:
        before, after = (
            np.mean([_spread(at) for at in each[:, AFTER_SECOND:].T]) for each in means
        )
        return float(after / before)

    parts = [
        estimate(
            lambda means: _lowest(means[1]),
            both,
            meets=Range(low=0.8),
            label="lowest correlation, trained",
            logs=False,
            within=(-1, 1),
        ),
        estimate(
            lambda means: _lowest(means[1]) - _lowest(means[0]),
            both,
            meets=POSITIVE,
            label="its growth by training",
            logs=False,
        ),
        estimate(late, both, meets=Range(high=0.5), label="spread in late layers, trained/initial"),
    ]
    return Outcome(parts)


def hump(tables: Tables) -> Outcome:
    """Trained d is largest early: over layers 1 to 3 above both the image's and that at L."""
    trained = _curves(tables, REAL, "trained")
    parts = [
        estimate(
            lambda means, at=at: means[at, 1:4].max() / max(means[at, 0], means[at, -1]),
            trained,
            meets=ABOVE_ONE,
            label=NAMES[name],
        )
        for at, name in enumerate(VARIANTS)
    ]
    return Outcome(parts)


def smoothing_stabilises(tables: Tables) -> Outcome:
    """d at L falls from sigma .3 on, step by step; up to .2 it does not change."""
    selection = _selected(tables, SMOOTHED, "initial")
    labels = sorted(selection["network"].unique(), key=sigma)
    if not {0.0, 0.3, 0.4, 0.5} <= set(map(sigma, labels)):
        raise NotTested("The run lacks sigma 0, .3, .4 or .5.")
    values = cube(selection, "distance", labels)

    def ratio(one: int, other: int, meets: Range) -> Measured:
        return estimate(
            lambda means: means[other, -1] / means[one, -1],
            values,
            meets=meets,
            label=f"σ = {sigma(labels[other]):g} over {sigma(labels[one]):g}",
        )

    falling = [at for at, label in enumerate(labels) if sigma(label) >= 0.3]
    same = [at for at, label in enumerate(labels) if 0 < sigma(label) <= 0.2]
    parts = [ratio(*pair, BELOW_ONE) for pair in zip(falling, falling[1:], strict=False)]
    parts += [ratio(0, at, Range(0.8, 1.25)) for at in same]
    return Outcome(parts)


def random_labels_spread(tables: Tables) -> Outcome:
    """With random labels log d at L differs twice as much between variants as with true ones."""
    real, random = _curves(tables, REAL, "trained"), _curves(tables, RANDOM, "trained")
    parts = [
        estimate(
            lambda one, other: _spread(other[:, -1]) / _spread(one[:, -1]),
            real,
            random,
            meets=Range(low=2),
            label="spread over variants, random/true labels",
        ),
        _between_over_within(random),
    ]
    reasons = distances(tables, [RANDOM], "trained").left_out
    return Outcome(parts, f"d at L: {_last(random)}. {left_out(reasons)}".strip())


def _between_over_within(random: Values) -> Measured:
    """Return the variance of log d at L between variants over that between seeds."""

    def log_ratio(drawn: Values) -> float:
        logs = np.log(drawn[:, :, -1])
        within = np.nanvar(logs, axis=0, ddof=1).mean()
        return float(np.log(np.var(over_seeds(logs), ddof=1) / within))

    label = "variance between variants over that between seeds"
    if len(random) < FEWEST_TRAININGS + 1:  # without one of them there are to be variances still
        return Measured(label=label, detail=f"fewer than {FEWEST_TRAININGS + 1} seeds")
    limits = of_logs(jackknife(log_ratio, random))
    return Measured(float(np.exp(log_ratio(random))), limits, ABOVE_ONE, label=label)


def _selected(
    tables: Tables, experiment: str, state: str, measurement: str = DISTANCE
) -> DataFrame:
    table(tables, "cosine_distance")
    selection = distances(tables, [experiment], state, measurement)
    if selection.rows.empty:
        reasons = left_out(selection.left_out)
        raise NotTested(f"The run has no experiment {experiment!r} to measure. {reasons}".strip())
    return selection.rows


def _curves(tables: Tables, experiment: str, state: str, measurement: str = DISTANCE) -> Values:
    """Return d [seeds, variants, layers]."""
    return cube(_selected(tables, experiment, state, measurement), "distance", VARIANTS)


def _pairs(tables: Tables) -> Values:
    """Return d [seeds, 2, variants, layers] of the same networks before and after training."""
    both = [_selected(tables, REAL, state).assign(state=state) for state in ("initial", "trained")]
    seeds = set(both[0]["seed"]) & set(both[1]["seed"])
    kept = [each[each["seed"].isin(seeds)] for each in both]
    return np.stack([cube(each, "distance", VARIANTS) for each in kept], axis=1)


def _spread(values: Values) -> float:
    """Return the standard deviation of the logarithms."""
    return float(np.std(np.log(values), ddof=1))


def _lowest(means: Values) -> float:
    """Return the lowest correlation between two of the profiles [variants, layers]."""
    return float(np.corrcoef(means).min())


def _at_last(values: Values, at: int) -> float:
    return float(over_seeds(values)[at, -1])


def _last(values: Values) -> str:
    """Return d at L of each variant, in words."""
    return listing(f"{NAMES[name]} {_at_last(values, at):.3f}" for at, name in enumerate(VARIANTS))


def _with_batch_statistics(tables: Tables) -> str:
    try:
        initial = _curves(tables, UNTRAINED, "initial", DISTANCE_BATCH)
    except NotTested:
        return ""
    return f"With the images' own statistics in batch norm: {_last(initial)}."
