"""The claims on tanh: an odd activation reduces the sensitivity to noise, and removes its gain."""

from collections import Counter
from dataclasses import dataclass
from math import isfinite

import numpy as np
from pandas import DataFrame, Series

from cnn_sensitivity.analysis import twins
from cnn_sensitivity.analysis.intervals import FEWEST_TRAININGS, of_logs, student, welch
from cnn_sensitivity.analysis.prose import left_out, listing
from cnn_sensitivity.analysis.selection import curves, most_images
from cnn_sensitivity.scorecard import evidence
from cnn_sensitivity.scorecard.evidence import Tables
from cnn_sensitivity.scorecard.verdict import ABOVE_ONE, Measured, NotTested, Outcome, Range

AT_MOST = Range(high=0.2)


@dataclass(frozen=True)
class _Pair:
    """G of the first and last layer of each training of two twins; `missing`: those without any."""

    name: str
    relu: DataFrame
    tanh: DataFrame
    missing: str

    @property
    def untested(self) -> Measured:
        return Measured(label=self.name, detail=f"the {self.missing} network did not learn")


def tanh_reduces(tables: Tables) -> Outcome:
    """G of the last layer with tanh at most .2 of ReLU's, for each pair that both learn."""
    pairs, reasons = _pairs(tables)
    parts = [
        pair.untested
        if pair.missing
        else _ratio(np.log(pair.relu["last"]), np.log(pair.tanh["last"]), pair.name, "G with ReLU")
        for pair in pairs
    ]
    return Outcome(_weakest_first(parts), left_out(reasons))


def tanh_removes_gain(tables: Tables) -> Outcome:
    """The gain of G from the first to the last layer: tanh's at most .2 of ReLU's.

    For each pair of twins of which the ReLU network gains: its whole interval is above 1.
    """
    pairs, reasons = _pairs(tables)
    parts: list[Measured] = []
    without_gain: list[str] = []
    for pair in pairs:
        if pair.missing:
            parts.append(pair.untested)
            continue
        relu, tanh = map(_log_gains, (pair.relu, pair.tanh))
        if _gains(relu):
            parts.append(_ratio(relu, tanh, pair.name, "ReLU's gain"))
        else:
            without_gain.append(pair.name)
    remark = f"Without gain with ReLU: {listing(without_gain)}." if without_gain else ""
    if not parts:
        raise NotTested(f"No ReLU network gains. {remark}")
    remarks = filter(None, [remark, left_out(reasons)])
    return Outcome(_weakest_first(parts), " ".join(remarks))


def _pairs(tables: Tables) -> tuple[list[_Pair], Counter[str]]:
    """Return the pairs of twins, and what was left out of them; NotTested without any pair."""
    rows = evidence.table(tables, "sensitivity")
    found = twins.pairs(most_images(rows[rows["noise"] == 0]))
    if not found:
        raise NotTested("No network was trained with both activations.")
    pairs, reasons = [], Counter[str]()
    for twin in found:
        sides = {"ReLU": curves(twin.relu), "tanh": curves(twin.tanh)}
        ends = {name: _first_and_last(side.rows) for name, side in sides.items()}
        missing = listing(name for name, rows in ends.items() if rows.empty)
        pairs.append(_Pair(twin.name, ends["ReLU"], ends["tanh"], missing))
        for side in sides.values():
            reasons.update(side.left_out)
    return pairs, reasons


def _first_and_last(rows: DataFrame) -> DataFrame:
    """Return G of the first and last layer of each seed of a trained network."""
    trained = rows[(rows["state"] == "trained") & (rows["wiring"] == "original")]
    ends = trained.sort_values("index").groupby("seed")["G"]
    return DataFrame({"first": ends.first(), "last": ends.last()})


def _log_gains(ends: DataFrame) -> Series:
    return Series(np.log(ends["last"] / ends["first"]))


def _gains(logs: Series) -> bool:
    """Return whether the whole interval of the gain is above 1; of few trainings, the mean."""
    if len(logs) < FEWEST_TRAININGS:
        return bool(logs.mean() > 0)
    return ABOVE_ONE.met_by(*of_logs(student(logs))(0.95))


def _ratio(relu: Series, tanh: Series, label: str, of_relu: str) -> Measured:
    """Return tanh's number over ReLU's, from their logarithms: trainings share no random number."""
    detail = f"{of_relu} {np.exp(relu.mean()):.2g}"
    limits = of_logs(welch(tanh, relu))
    if (fewest := min(len(relu), len(tanh))) < FEWEST_TRAININGS:
        detail = f"{'one training' if fewest == 1 else 'two trainings'}, {detail}"
    return Measured(float(np.exp(tanh.mean() - relu.mean())), limits, AT_MOST, detail, label)


def _weakest_first(parts: list[Measured]) -> list[Measured]:
    return sorted(parts, key=lambda part: -part.value if isfinite(part.value) else np.inf)
