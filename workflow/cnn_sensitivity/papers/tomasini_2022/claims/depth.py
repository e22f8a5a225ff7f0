"""Claims on how sensitivities change along a network."""

from collections import Counter
from collections.abc import Sequence
from math import isfinite, isnan

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.analysis import twins
from cnn_sensitivity.analysis.prose import left_out, listing
from cnn_sensitivity.analysis.selection import most_images, outputs
from cnn_sensitivity.analysis.statistics import Sample, bootstrap_interval, spearman
from cnn_sensitivity.scorecard import evidence
from cnn_sensitivity.scorecard.evidence import Tables
from cnn_sensitivity.scorecard.verdict import Measured, NotTested, Outcome

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
    columns = network[["network", "seed", "index", "R"]]
    value = _fall_of(columns)  # type: ignore[arg-type]
    if isnan(value):
        return Measured(label=label, detail="not defined (fewer than 3 layers)")
    low, high = bootstrap_interval(_fall_of, columns)
    return Measured(value, low, high, value <= -0.8, label=label)


def _fall_of(sample: Sample) -> float:
    layers, position = np.unique(sample["index"], return_inverse=True)
    means = np.bincount(position, sample["R"]) / np.bincount(position)
    return spearman(layers, means)


def of_order_one_before(tables: Tables) -> Outcome:
    """R_f at initialisation within [.3, 3] for each network trained on images."""
    rows = evidence.clean(evidence.table(tables, "sensitivity", "images"))
    selection = evidence.learned_outputs(rows, state="initial", with_error=False)
    parts = []
    for name, network in selection.rows.groupby("network"):
        value = float(np.exp(np.log(network["R"]).mean()))
        low, high = bootstrap_interval(
            lambda sample: float(np.exp(np.log(sample["R"]).mean())),
            network[["network", "seed", "R"]],
        )
        parts.append(Measured(value, low, high, 0.3 <= value <= 3, label=str(name)))
    parts.sort(key=lambda part: -abs(np.log(part.value)))
    return Outcome(parts, left_out(selection.left_out))


def shuffled_lies_between(tables: Tables) -> Outcome:
    """R_last < R_last(shuffled) < R_first for each network of Figure 3 (means over seeds)."""
    selection = evidence.learned_curves(_shown(tables, "images", FIGURE_3))
    rows = selection.rows[selection.rows["state"] == "trained"]
    parts = []
    for name, network in rows.groupby("network"):
        original = network[network["wiring"] == "original"].groupby("index")["R"].mean()
        shuffled = network[network["wiring"] == "shuffled"].groupby("index")["R"].mean()
        if original.empty or shuffled.empty:
            parts.append(Measured(label=str(name), detail="has no shuffled or no original curve"))
            continue
        first, last, between = original.iloc[0], original.iloc[-1], shuffled.iloc[-1]
        detail = f"shuffled, between {last:.2g} (last layer) and {first:.2g} (first)"
        holds = bool(last < between < first)
        if not holds:
            detail = detail.replace("between", "not between")
        parts.append(Measured(float(between), holds=holds, detail=detail, label=str(name)))
    return Outcome(parts, left_out(selection.left_out))


def tanh_removes_gain(tables: Tables) -> Outcome:
    """G of the last layer: tanh at most .2 of ReLU's, for each pair of twins."""
    rows = evidence.table(tables, "sensitivity")
    pairs = twins.pairs(most_images(rows[rows["noise"] == 0]))
    if not pairs:
        raise NotTested("No network was trained with both activations.")
    parts: list[Measured] = []
    reasons: Counter[str] = Counter()
    for pair in pairs:
        ends = []
        for side in (pair.relu, pair.tanh):
            selection = outputs(side, with_error=False)
            ends.append(selection.rows)
            reasons += selection.left_out
        parts.append(_ratio(ends[0], ends[1], pair.name))
    parts.sort(key=lambda part: -part.value if isfinite(part.value) else np.inf)
    return Outcome(parts, left_out(reasons))


def _ratio(relu: DataFrame, tanh: DataFrame, label: str) -> Measured:
    if relu.empty or tanh.empty:
        which = listing([n for n, rows in (("ReLU", relu), ("tanh", tanh)) if rows.empty])
        return Measured(label=label, detail=f"the {which} network did not learn")
    ends = {"relu": relu, "tanh": tanh}
    frame = DataFrame(
        [
            (name, seed, float(np.log(g)))
            for name, rows in ends.items()
            for seed, g in zip(rows["seed"], rows["G"], strict=True)
        ],
        columns=["activation", "seed", "log_g"],
    )
    value = _ratio_of({str(name): frame[name].to_numpy() for name in frame})
    # Seeds of the two networks are drawn apart: they share no random number.
    frame["seed"] = frame["activation"] + frame["seed"].astype(str)
    low, high = bootstrap_interval(_ratio_of, frame, groups=["seed"])
    return Measured(value, low, high, value <= 0.2, label=label)


def _ratio_of(sample: Sample) -> float:
    is_tanh = sample["activation"] == "tanh"
    if is_tanh.all() or not is_tanh.any():
        return float("nan")
    return float(np.exp(sample["log_g"][is_tanh].mean() - sample["log_g"][~is_tanh].mean()))


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
