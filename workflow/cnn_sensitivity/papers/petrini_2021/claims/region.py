"""The claim on where deformations have no overhangs. No training."""

from math import sqrt

from cnn_sensitivity.analysis.intervals import exactly, share
from cnn_sensitivity.scorecard import evidence
from cnn_sensitivity.scorecard.evidence import Tables
from cnn_sensitivity.scorecard.verdict import Measured, Outcome, Range


def bounds_hold(tables: Tables) -> Outcome:
    """Most fields at T2 have no overhang, most at 4 T2 have one; at T1 pixels move by a half."""
    overhangs = evidence.table(tables, "overhangs")
    parts = []
    for relative, meets in ((1, Range(high=0.5)), (4, Range(low=0.5))):
        for _, row in overhangs[overhangs["relative_temperature"] == relative].iterrows():
            fields = int(row["fields"])
            limits = share(round(row["share_lines"] * fields), fields)
            where = "T2" if relative == 1 else f"{relative} T2"
            label = f"c = {row['cutoff']:g}, share of fields with an overhang at {where}"
            parts.append(Measured(row["share_lines"], limits, meets, label=label))
    bounds = evidence.table(tables, "phase_diagram")
    for _, row in bounds[bounds["cutoff"].isin(overhangs["cutoff"])].iterrows():
        half = sqrt(row["lowest"] / row["one_pixel"])
        label = f"c = {row['cutoff']:g}, displacement at T1"
        parts.append(Measured(half, exactly(half), Range(0.5 - 1e-9, 0.5 + 1e-9), label=label))
    return Outcome(parts)
