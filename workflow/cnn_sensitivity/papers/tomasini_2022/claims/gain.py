"""The claim on tanh: an odd activation removes the gain of noise sensitivity."""

from collections import Counter
from math import isfinite

import numpy as np
from pandas import DataFrame, concat

from cnn_sensitivity.analysis import twins
from cnn_sensitivity.analysis.prose import left_out, listing
from cnn_sensitivity.analysis.selection import curves, most_images
from cnn_sensitivity.analysis.statistics import Sample, bootstrap_interval, sampling_interval
from cnn_sensitivity.scorecard import evidence
from cnn_sensitivity.scorecard.evidence import Tables
from cnn_sensitivity.scorecard.verdict import Measured, NotTested, Outcome, Range


def tanh_removes_gain(tables: Tables) -> Outcome:
    """The gain of G from the first to the last layer: tanh's at most .2 of ReLU's.

    For each pair of twins of which the ReLU network gains (above 1).
    """
    rows = evidence.table(tables, "sensitivity")
    pairs = twins.pairs(most_images(rows[rows["noise"] == 0]))
    if not pairs:
        raise NotTested("No network was trained with both activations.")
    parts: list[Measured] = []
    without_gain: list[str] = []
    reasons: Counter[str] = Counter()
    for pair in pairs:
        relu, tanh = (curves(side) for side in (pair.relu, pair.tanh))
        reasons += relu.left_out + tanh.left_out
        gains = [_gains(side.rows) for side in (relu, tanh)]
        missing = [n for n, gain in zip(("ReLU", "tanh"), gains, strict=True) if gain.empty]
        if missing:
            detail = f"the {listing(missing)} network did not learn"
            parts.append(Measured(label=pair.name, detail=detail))
        elif gains[0]["log_gain"].mean() <= 0:
            without_gain.append(pair.name)
        else:
            parts.append(_gain_of_tanh(gains[0], gains[1], pair.name))
    parts.sort(key=lambda part: -part.value if isfinite(part.value) else np.inf)
    remark = f"Without gain with ReLU: {listing(without_gain)}." if without_gain else ""
    if not parts:
        raise NotTested(f"No ReLU network gains. {remark}")
    return Outcome(parts, " ".join(filter(None, [remark, left_out(reasons)])))


def _gains(rows: DataFrame) -> DataFrame:
    """Return log G_last / G_first of each seed of a trained network, with its standard error."""
    trained = rows[(rows["state"] == "trained") & (rows["wiring"] == "original")]
    trained = trained.sort_values("index")
    ends = trained.groupby("seed")
    first, last = ends.first(), ends.last()
    gains = DataFrame({"log_gain": np.log(last["G"] / first["G"])})
    if "G_error" in trained:
        squares = (first["G_error"] / first["G"]) ** 2 + (last["G_error"] / last["G"]) ** 2
        gains["log_error"] = np.sqrt(squares)
    return gains.reset_index()


def _gain_of_tanh(relu: DataFrame, tanh: DataFrame, label: str) -> Measured:
    """Return tanh's gain over ReLU's: over seeds, which share no random number, or of one each."""
    frame = concat([relu.assign(activation="relu"), tanh.assign(activation="tanh")])
    value = _ratio_of_gains({str(name): frame[name].to_numpy() for name in frame})
    detail = f"ReLU's gain {np.exp(relu['log_gain'].mean()):.2g}"
    if min(len(relu), len(tanh)) > 1:
        frame["seed"] = frame["activation"] + frame["seed"].astype(str)
        low, high = bootstrap_interval(_ratio_of_gains, frame, groups=["seed"])
    else:
        frame["gain"] = np.exp(frame["log_gain"])
        frame["gain_error"] = frame["gain"] * frame.get("log_error", np.nan)
        low, high = sampling_interval(_ratio_of_drawn_gains, frame, {"gain": "gain_error"})
    return Measured(value, low, high, Range(high=0.2), detail, label)


def _ratio_of_drawn_gains(sample: Sample) -> float:
    return _ratio_of_gains({**sample, "log_gain": np.log(sample["gain"])})


def _ratio_of_gains(sample: Sample) -> float:
    is_tanh = sample["activation"] == "tanh"
    if is_tanh.all() or not is_tanh.any():
        return float("nan")
    return float(np.exp(sample["log_gain"][is_tanh].mean() - sample["log_gain"][~is_tanh].mean()))
