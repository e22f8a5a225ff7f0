"""Figure 8: a simple model, the stripe, in which directions without information are lost."""

from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from pandas import DataFrame, concat

from cnn_sensitivity.analysis.intervals import student
from cnn_sensitivity.analysis.prose import listing, plural, runs_of
from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.scatter import OUTPUT_SYMBOLS
from cnn_sensitivity.drawing.style import (
    DOUBLE,
    GREY,
    Look,
    letter,
    log_axis,
    new_figure,
    say,
)
from cnn_sensitivity.papers.petrini_2021.rows import geometric_means, slopes
from cnn_sensitivity.papers.petrini_2021.stripe import (
    CURVE,
    FEATURE,
    LAZY,
    MACHINE,
    QUANTITIES,
    T_STAR,
    curves,
    judged,
    of_weights,
    trainings,
)

LOOKS = {FEATURE: Look("#0072B2", "o"), LAZY: Look("#E69F00", "^"), MACHINE: Look("#D55E00", "s")}
_STYLES: tuple[Any, ...] = ("-", "--", "-.")
BY = [*CURVE, "train_size"]


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `stripe`."""
    table = tables["stripe"]
    rows = trainings(table)
    early = trainings(table, T_STAR)
    early = early[early["regime"] == FEATURE]
    figure = new_figure(DOUBLE, 3.3)
    panels = figure.subplots(1, len(QUANTITIES))
    shown = {quantity: _means(rows, quantity, "end") for quantity in QUANTITIES}
    shown["t_star"] = _means(early, "R", "t*")
    feature = rows[(rows["regime"] == FEATURE) & rows["lambda"].notna()]
    shown["weights"] = _means(feature.assign(R=of_weights(feature)), "R", "weights")
    for axes, quantity, mark in zip(panels, QUANTITIES, "abc", strict=True):
        letter(axes, mark)
        if rows.empty:
            say(axes, "No network learned.")
            continue
        _lines(axes, shown[quantity])
        if quantity == "R":
            _beside(axes, shown)
        log_axis(axes, "x", "y")
        axes.set_xlabel("training points $P$")
        axes.set_ylabel(OUTPUT_SYMBOLS[quantity])
    handles = _handles(rows)
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return Drawing(figure, concat(shown.values(), ignore_index=True), _caption(rows, early))


def _means(rows: DataFrame, quantity: str, source: str) -> DataFrame:
    """Return geometric mean and range over seeds of a quantity; `source` says of what it is."""
    return geometric_means(rows, BY, quantity).assign(quantity=quantity, source=source)


def _styles(rows: DataFrame) -> dict[int, Any]:
    """Return the style of the lines of each dimension, from the lowest."""
    return dict(zip(sorted(rows["dimension"].unique()), cycle(_STYLES), strict=False))


def _lines(axes: Axes, table: DataFrame) -> None:
    for _, line in table.groupby(CURVE, sort=False):
        first, line = line.iloc[0], line.sort_values("train_size")
        look, x = LOOKS[first["regime"]], line["train_size"]
        axes.plot(
            x, line["mean"], color=look.colour, marker=look.marker,
            linestyle=_styles(table)[first["dimension"]],
        )  # fmt: skip
        axes.fill_between(x, line["low"], line["high"], color=look.colour, alpha=0.16, linewidth=0)


def _beside(axes: Axes, shown: dict[str, DataFrame]) -> None:
    """Draw R at t*, R by the weights alone, and the law."""
    look = LOOKS[FEATURE]
    for source, marker in (("t_star", look.marker), ("weights", "x")):
        for _, line in shown[source].groupby(CURVE, sort=False):
            line = line.sort_values("train_size")
            axes.plot(
                line["train_size"], line["mean"], color=look.colour, marker=marker,
                markerfacecolor="white", markersize=3.6, linewidth=0.8, linestyle=":",
            )  # fmt: skip
    axes.axhline(1, color=GREY, linewidth=0.8, zorder=0)
    table = shown["R"]
    features = table[table["regime"] == FEATURE]
    if len(features):
        ends = np.array([features["train_size"].min(), features["train_size"].max()], dtype=float)
        top = features["mean"].max()
        axes.plot(ends, top * ends[0] / ends, color=GREY, linestyle="--", linewidth=0.9)


def _handles(rows: DataFrame) -> list[Line2D]:
    there = [name for name in LOOKS if name in set(rows["regime"])]
    handles = [
        Line2D([], [], color=LOOKS[name].colour, marker=LOOKS[name].marker, label=name)
        for name in there
    ]
    styles = _styles(rows)
    if len(styles) > 1:
        handles += [
            Line2D([], [], color=GREY, linestyle=style, label=f"$d = {dimension}$")
            for dimension, style in styles.items()
        ]
    if FEATURE in there:
        blue = LOOKS[FEATURE]
        handles += [
            Line2D([], [], color=blue.colour, linestyle=":", marker=blue.marker, markersize=3.6,
                   markerfacecolor="white", label="at $t^*$ (ours)"),
            Line2D([], [], color=blue.colour, linestyle=":", marker="x", markersize=3.6,
                   label=r"$d/(d - 1 + \lambda^2)$"),
            Line2D([], [], color=GREY, linestyle="--", label="slope -1"),
        ]  # fmt: skip
    return handles


def _caption(rows: DataFrame, early: DataFrame) -> str:
    if rows.empty:
        return "There is nothing to show."
    ends, at_t_star = (
        "; ".join(f"{curve.name}: {_slope(judged(curve))}" for curve in curves(each))
        for each in (rows, early)
    )
    sizes = sorted(int(size) for size in rows["train_size"].unique())
    return caption(
        "(a) D, (b) G and (c) R of the output against the number P of training points, on the"
        " stripe: points of a normal distribution, whose label depends on the first coordinate"
        " alone. D is of small normal steps along the others, G of isotropic noise of the same"
        " size (inferred: the paper's own definition is not known). Geometric means over seeds,"
        " bands their range.",
        f"Slopes d ln R / d ln P, in the feature regime over the P with λ² > d: {ends}.",
        f"At t*, when a tenth of the points is fitted: {at_t_star}." if at_t_star else "",
        "Crosses: R by the first layer's weights alone, λ the ratio of informative to other"
        " weights at the end. Line at 1: no direction is preferred. The figure's number is ours.",
        f"Data: {listing(dict.fromkeys(rows['dataset']))}; {sizes[0]:,} to {sizes[-1]:,} points;"
        f" {plural(rows['seed'].nunique(), 'seed')} ({runs_of(rows['seed'])}).",
    )


def _slope(rows: DataFrame) -> str:
    """Return the mean slope over seeds, with Student's t of three of them or more."""
    values = slopes(rows)
    if not values or not np.isfinite(values).all():
        return "undefined"
    low, high = student(values)(0.95)
    return f"{np.mean(values):.2f}" + (f" [{low:.2f}, {high:.2f}]" if np.isfinite(low) else "")
