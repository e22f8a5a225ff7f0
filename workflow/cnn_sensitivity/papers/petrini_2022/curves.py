"""Curves against the number of training points, as several figures have them."""

from collections.abc import Mapping
from math import sqrt

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame

from cnn_sensitivity.analysis.prose import listing, plural, runs_of, span
from cnn_sensitivity.drawing.style import GREY, Look, log_axis
from cnn_sensitivity.papers.petrini_2022.experiments import FEATURE, NAMES

LOOKS = {
    FEATURE: Look("#D55E00", "o"),
    "machine": Look("#0072B2", "s"),
    "regression": Look("#56B4E9", "D"),
    "kernel_flow": Look("#009E73", "^"),
    "lazy": Look("#0072B2", "s"),
    "descent": Look("#8a3d68", "v"),
}
SPHERE = {
    FEATURE: r"feature: least $\ell_1$ norm",
    "descent": "feature: gradient descent",
    "lazy": "lazy: ridgeless regression",
}
BANDS = "Points are geometric means over training sets, bands 95 % (Student's t)."


def line(axes: Axes, data: DataFrame, look: Look, x: str = "train_size", style: str = "-") -> None:
    """Draw mean, low and high of a curve."""
    data, colour = data.sort_values(x), look.colour
    axes.plot(data[x], data["mean"], style, color=colour, marker=look.marker, markersize=4)
    axes.fill_between(data[x], data["low"], data["high"], color=colour, alpha=0.16, linewidth=0)


def predicted(axes: Axes, data: DataFrame, slope: float, look: Look) -> None:
    """Draw a power law through the last point of a curve, over its upper half."""
    data = data.sort_values("train_points")
    last = data.iloc[-1]
    first = sqrt(data["train_points"].iloc[0] * last["train_points"])
    ends = np.array([first, last["train_points"]])
    values = last["mean"] * 1.6 * (ends / last["train_points"]) ** slope
    axes.plot(ends, values, color=look.colour, linestyle=(0, (4, 2)), linewidth=1)
    axes.annotate(
        f"${slope:.3g}$", (ends[0], values[0]), color=look.colour, fontsize=7, ha="left",
        va="bottom", xytext=(4, 3), textcoords="offset points",
    )  # fmt: skip


def size_axes(axes: Axes, label: str) -> None:
    """Make both axes logarithmic, x that of n."""
    log_axis(axes, "x", "y")
    axes.set_xlabel("training points $n$")
    axes.set_ylabel(label)


def legend(figure: Figure, names: Mapping[str, str], *further: Line2D) -> None:
    """Put a legend of the curves below all panels."""
    handles = [
        Line2D([], [], color=look.colour, marker=look.marker, markersize=4, label=names[name])
        for name, look in LOOKS.items()
        if name in names
    ]
    columns = 4 if figure.get_figwidth() > 6 else 2
    figure.legend(handles=[*handles, *further], loc="outside lower center", ncols=columns)


def dashed(label: str) -> Line2D:
    """Return the entry of a legend for dashed lines."""
    return Line2D([], [], color=GREY, linestyle=(0, (4, 2)), linewidth=1, label=label)


def shown(rows: DataFrame) -> dict[str, str]:
    """Return the names of the parts that rows have, in the order of legends."""
    return {part: name for part, name in NAMES.items() if part in set(rows["part"])}


def of_images(rows: DataFrame) -> str:
    """Return a sentence on data, networks and training sets of rows of images."""
    if rows.empty:
        return "There is nothing to show."
    data = listing(dict.fromkeys(rows["dataset"].astype(str)))
    counts = rows.groupby(["part", "train_size"])["seed"].nunique()
    return (
        f"Data: {data}, parity of the class, {span(rows['train_size'])} training images;"
        f" {span(counts)} training sets at each size (seeds {runs_of(rows['seed'])})."
    )


def of_spheres(rows: DataFrame) -> str:
    """Return a sentence on the training sets of rows of spheres."""
    counts = rows.groupby(["regime", "dimension", "train_points"])["seed"].nunique()
    return f"{plural(int(counts.max()), 'training set')} at each n, {span(rows['train_points'])}."
