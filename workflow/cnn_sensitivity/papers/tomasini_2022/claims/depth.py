"""Claims on how sensitivities change along a network."""

from collections.abc import Sequence
from functools import partial
from math import isfinite

import numpy as np
from pandas import DataFrame, concat

from cnn_sensitivity.analysis.prose import left_out, listing, span
from cnn_sensitivity.analysis.sampling import Sample, sampling_interval
from cnn_sensitivity.analysis.statistics import spearman
from cnn_sensitivity.scorecard import evidence, trainings
from cnn_sensitivity.scorecard.evidence import Tables
from cnn_sensitivity.scorecard.verdict import (
    ABOVE_ONE,
    BELOW_ONE,
    Criterion,
    Measured,
    NotTested,
    Outcome,
    Range,
)

FIGURE_3 = ("VGG11", "VGG11bn", "AlexNet", "LeNet")
FIGURE_9 = ("VGG11", "VGG11bn", "VGG13bn")


def falls_with_depth(experiment: str, architectures: Sequence[str], tables: Tables) -> Outcome:
    """Spearman of depth and R_k at most -.8 for each network of the figure, over its trainings."""
    selection = evidence.learned_curves(_shown(tables, experiment, architectures))
    rows = _trained(selection.rows)
    parts = [_fall(network, str(name)) for name, network in rows.groupby("network")]
    # The weakest network first: the one that decides.
    parts.sort(key=lambda part: -part.value if isfinite(part.value) else np.inf)
    return Outcome(parts, left_out(selection.left_out))


def _fall(network: DataFrame, label: str) -> Measured:
    values = trainings.each(network, _fall_of)
    if not np.isfinite(values).all():
        return Measured(label=label, detail="not defined (fewer than 3 layers)")
    over_images = partial(sampling_interval, _fall_of, network, {"R": "R_error"})
    return trainings.signed(
        values, Range(high=-0.8), label, over_images=over_images, within=(-1, 1)
    )


def _fall_of(sample: Sample) -> float:
    layers, position = np.unique(sample["index"], return_inverse=True)
    means = np.bincount(position, sample["R"]) / np.bincount(position)
    return spearman(layers, means)


def of_order_one_before(tables: Tables) -> Outcome:
    """R_f at initialisation within [.3, 3] for each network trained on images, over fresh ones.

    Each fresh network is a draw, whichever seed it was drawn for and however that seed's training
    went.
    """
    rows = _most_initial(tables)
    drawn = rows["seed"].astype(str) + " " + evidence.draws(rows).astype(str)
    rows = rows.assign(seed=drawn, learned=True, diverged=False)
    selection = evidence.learned_outputs(rows, state="initial", with_error=False)
    parts = [
        trainings.fresh(rows["R"], Range(0.3, 3), str(name))
        for name, rows in selection.rows.groupby("network")
    ]
    parts.sort(key=lambda part: -abs(np.log(part.value)))
    return Outcome(parts, left_out(selection.left_out))


def _most_initial(tables: Tables) -> DataFrame:
    """Return the rows of networks of which many fresh ones were measured, and of all others."""
    rows = evidence.clean(evidence.table(tables, "sensitivity", "images"))
    if "initial" not in tables:
        return rows
    many = evidence.clean(evidence.table(tables, "initial", "images"))
    return concat([many, rows[~rows["network"].isin(many["network"])]], ignore_index=True)


def shuffled_lies_between(tables: Tables) -> Outcome:
    """R_last < R_last(shuffled) < R_first for each network of Figure 3, over seeds."""
    selection = evidence.learned_curves(_shown(tables, "images", FIGURE_3))
    rows = selection.rows[selection.rows["state"] == "trained"]
    parts = []
    for name, network in rows.groupby("network"):
        ends = _ends(network)
        if ends.empty:
            parts.append(Measured(label=str(name), detail="has no shuffled or no original curve"))
            continue
        parts += [
            _ratio(ends, "last", ABOVE_ONE, f"{name}, shuffled over trained"),
            _ratio(ends, "first", BELOW_ONE, f"{name}, shuffled over the first layer"),
        ]
    return Outcome(parts, left_out(selection.left_out))


def _ends(network: DataFrame) -> DataFrame:
    """Return a row for each seed: log R of the first, last and shuffled last layer.

    The shuffled one's is the mean over its shuffles.
    """
    original = network[network["wiring"] == "original"].sort_values("index").groupby("seed")["R"]
    shuffled = network[network["wiring"] == "shuffled"].assign(draw=evidence.draws(network))
    last = np.log(shuffled.sort_values("index").groupby(["seed", "draw"])["R"].last())
    drawn = last.groupby("seed")
    ends = {"first": np.log(original.first()), "last": np.log(original.last())}
    ends |= {"shuffled": drawn.mean(), "draws": drawn.count()}
    return DataFrame(ends).dropna()


def _ratio(ends: DataFrame, end: str, meets: Criterion, label: str) -> Measured:
    """Return R of the shuffled last layer over that of an end, over trainings."""
    shuffles = f"{span(ends['draws'])} shuffles of each"
    return trainings.positive(np.exp(ends["shuffled"] - ends[end]), meets, label, shuffles)


def _shown(tables: Tables, experiment: str, architectures: Sequence[str]) -> DataFrame:
    rows = evidence.clean(evidence.table(tables, "sensitivity", experiment))
    rows = rows[rows["architecture"].isin(architectures)]
    if rows.empty:
        raise NotTested(
            f"The run has none of {listing(architectures)} on {evidence.name(experiment)}."
        )
    return rows


def _trained(rows: DataFrame) -> DataFrame:
    return rows[(rows["state"] == "trained") & (rows["wiring"] == "original")]
