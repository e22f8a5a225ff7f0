"""Claims on how sensitivities change along a network."""

from collections.abc import Sequence
from math import isfinite, isnan

import numpy as np
from pandas import DataFrame, concat

from cnn_sensitivity.analysis.prose import left_out, listing
from cnn_sensitivity.analysis.statistics import Sample, bootstrap_interval, spearman
from cnn_sensitivity.scorecard import evidence
from cnn_sensitivity.scorecard.evidence import Tables
from cnn_sensitivity.scorecard.networks import geometric_means
from cnn_sensitivity.scorecard.verdict import (
    ABOVE_ONE,
    BELOW_ONE,
    Measured,
    NotTested,
    Outcome,
    Range,
)

FIGURE_3 = ("VGG11", "VGG11bn", "AlexNet", "LeNet")
FIGURE_9 = ("VGG11", "VGG11bn", "VGG13bn")


def falls_with_depth(experiment: str, architectures: Sequence[str], tables: Tables) -> Outcome:
    """Spearman of depth and R_k (mean over seeds) at most -.8 for each network of the figure."""
    selection = evidence.learned_curves(_shown(tables, experiment, architectures))
    rows = _trained(selection.rows)
    parts = [_fall(network, str(name)) for name, network in rows.groupby("network")]
    # The weakest network first: the one that decides.
    parts.sort(key=lambda part: -part.value if isfinite(part.value) else np.inf)
    return Outcome(parts, left_out(selection.left_out))


def _fall(network: DataFrame, label: str) -> Measured:
    value = _fall_of(network)  # type: ignore[arg-type]
    if isnan(value):
        return Measured(label=label, detail="not defined (fewer than 3 layers)")
    low, high = evidence.interval_of_network(_fall_of, network, "R")
    return Measured(value, low, high, Range(high=-0.8), label=label)


def _fall_of(sample: Sample) -> float:
    layers, position = np.unique(sample["index"], return_inverse=True)
    means = np.bincount(position, sample["R"]) / np.bincount(position)
    return spearman(layers, means)


def of_order_one_before(tables: Tables) -> Outcome:
    """R_f at initialisation within [.3, 3] for each network trained on images, over fresh ones."""
    rows = _most_initial(tables)
    # Each fresh network is a draw of its own, whichever seed it was drawn for, and however that
    # seed's training went.
    drawn = rows["seed"].astype(str) + " " + evidence.draws(rows).astype(str)
    rows = rows.assign(seed=drawn, learned=True, diverged=False)
    selection = evidence.learned_outputs(rows, state="initial", with_error=False)
    parts = geometric_means(selection.rows, "R", Range(0.3, 3))
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
    """R_last < R_last(shuffled) < R_first for each network of Figure 3, over seeds and shuffles."""
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
    """Return a row for each seed and shuffle: log R of the first, last and shuffled last layer."""
    original = network[network["wiring"] == "original"].sort_values("index").groupby("seed")["R"]
    shuffled = network[network["wiring"] == "shuffled"].assign(draw=evidence.draws(network))
    last = shuffled.sort_values("index").groupby(["seed", "draw"])["R"].last()
    ends = DataFrame({"first": original.first(), "last": original.last()})
    joined = last.rename("shuffled").reset_index("draw").join(ends).reset_index()
    names = ["shuffled", "first", "last"]
    return joined.assign(**{name: np.log(joined[name]) for name in names})


def _ratio(ends: DataFrame, end: str, meets: Range, label: str) -> Measured:
    """Return R of the shuffled last layer over that of an end, over seeds and shuffles."""

    def ratio(sample: Sample) -> float:
        return float(np.exp(np.mean(sample["shuffled"] - sample[end])))

    low, high = bootstrap_interval(ratio, ends, groups=["seed", "draw"])
    return Measured(ratio(ends), low, high, meets, label=label)  # type: ignore[arg-type]


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
