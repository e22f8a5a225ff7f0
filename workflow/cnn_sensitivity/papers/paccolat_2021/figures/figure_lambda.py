"""Compression: the ratio of informative to uninformative weights at t* against training points."""

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import GREY, Look, letter, log_axis, new_figure
from cnn_sensitivity.papers.paccolat_2021.claims.samples import exponent, geometric
from cnn_sensitivity.papers.paccolat_2021.panels import scale
from cnn_sensitivity.papers.paccolat_2021.rows import (
    compressions,
    curves,
    joined,
    over_seeds,
    spanning,
)
from cnn_sensitivity.papers.paccolat_2021.theory import compression

LOOKS = {
    2: Look("#CC79A7", "v"),
    3: Look("#E69F00", "^"),
    5: Look("#0072B2", "o"),
    10: Look("#D55E00", "s"),
}


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `paths`."""
    figure = new_figure(6.2, 3.0)
    left, right = figure.subplots(1, 2, width_ratios=[1.5, 1], sharex=True)
    parts = []
    for axes, state, lazy in ((left, "t_star", False), (right, "last", True)):
        rows = compressions(tables, state, lazy)
        for name, dimension, curve in curves(rows):
            look = LOOKS.get(dimension, Look(GREY, "x"))
            means = over_seeds(curve, geometric=True)
            slope, limits, _ = exponent(spanning(curve), geometric)
            label = name.partition(", ")[2]
            if np.isfinite(slope) and not lazy:
                label += f": slope {slope:.2f}"
                label += f" [{limits(0.95)[0]:.2f}, {limits(0.95)[1]:.2f}]" if limits else ""
            axes.scatter(
                curve["train_size"], curve["value"], s=4, color=look.colour, alpha=0.25, linewidth=0
            )
            axes.plot(
                means["train_size"], means["mean"], color=look.colour, marker=look.marker,
                label=label,
            )  # fmt: skip
            axes.vlines(means["train_size"], means["low"], means["high"], color=look.colour)
            regime = "lazy" if lazy else "feature"
            parts.append(means.assign(curve=name, regime=regime, dataset=curve["dataset"].iloc[0]))
    data = joined(parts)
    if len(data):
        ends = np.array([data["train_size"].min(), data["train_size"].max()], dtype=float)
        left.plot(ends, compression(ends), color=GREY, linestyle="--", label=r"$.368\,\sqrt{p}$")
        right.axhspan(0.8, 1.25, color="#eeeeee", zorder=0)
        right.axhline(1, color=GREY, linestyle="--", linewidth=1)
    letter(left, "a", "feature regime, at $t^*$")
    letter(right, "b", "lazy regime, at the end")
    right.set_ylim(0.5, 2)
    log_axis(left, "x", "y")
    log_axis(right, "x", "y")
    for axes in (left, right):
        axes.set_xlabel("training points $p$")
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="upper left")
    left.set_ylabel(r"$\lambda$, per coordinate")
    text = caption(
        "Root mean square over neurons of the first layer's weights on the informative coordinate,"
        " over that of one of the others. Faint points are trainings, lines their geometric means,"
        " bars two standard errors; slopes, over the flows that the claim is made of, with 95 %"
        " intervals over trainings.",
        "(a) In the feature regime at t*, when a tenth of the points is fitted; dashed, the paper's"
        " prediction for this stripe. (b) Lazy networks at the end; grey, what the criterion"
        " allows.",
        scale(data),
    )
    return Drawing(figure, data, text)
