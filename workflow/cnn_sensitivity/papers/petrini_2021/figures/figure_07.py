"""Figure 7: D_f, G_f, R_f against displacement and cut-off, and what depends on the method."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame, concat

from cnn_sensitivity.analysis.prose import left_out, listing
from cnn_sensitivity.analysis.selection import Selection
from cnn_sensitivity.drawing.captions import caption, scale
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import (
    DOUBLE,
    GREY,
    INK,
    LIGHT,
    log_axis,
    looks,
    new_figure,
    say,
)
from cnn_sensitivity.papers.petrini_2021.authors import authors
from cnn_sensitivity.papers.petrini_2021.colours import SHADES
from cnn_sensitivity.papers.petrini_2021.rows import (
    data_of,
    geometric_means,
    measured,
    with_perturbation,
)

QUANTITIES = ("D", "G", "R")
COLUMNS = ["dataset", "network", "architecture", "state", "cutoff", "displacement"]
COLUMNS += ["average", "interpolation"]


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sensitivity` of the swept networks and `identity`."""
    table = tables["sensitivity"]
    selections = [
        measured(table, state, average=None, cutoff=None, displacement=None, interpolation=None)
        for state in ("initial", "trained")
    ]
    rows = concat([each.rows for each in selections], ignore_index=True)
    identity = with_perturbation(tables["identity"])
    data = concat(
        [
            geometric_means(rows, COLUMNS, quantity).assign(quantity=quantity)
            for quantity in QUANTITIES
        ],
        ignore_index=True,
    )
    networks = list(looks(rows["network"].unique()))
    figure = new_figure(DOUBLE, 1.75 * max(len(networks), 1) + 0.6)
    grid = figure.subplots(max(len(networks), 1), 4, squeeze=False, sharex=True)
    if not networks:
        say(grid[0, 0], "No network learned.")
    size = float(identity["input_size"].iloc[0])
    swept = data.groupby("average")["displacement"].nunique()
    average = str(swept.idxmax()) if len(swept) else "mean"
    drawn = [
        _line_of_panels(panels, name, data[data["network"] == name], identity, average, size)
        for panels, name in zip(grid, networks, strict=False)
    ]
    for axes in grid[-1]:
        axes.set_xlabel(r"displacement $\delta$")
    _legend(figure, sorted(data["cutoff"].unique()))
    shown = concat([data.assign(source="this run"), *drawn], ignore_index=True)
    return Drawing(figure, shown, _caption(rows, average, size, selections[1]))


def _line_of_panels(
    panels: np.ndarray,
    network: str,
    data: DataFrame,
    identity: DataFrame,
    average: str,
    size: float,
) -> DataFrame:
    """Draw D, G, R and what R owes to the method; return the authors' numbers that are drawn."""
    theirs = []
    linear = data[(data["average"] == average) & (data["interpolation"] == "linear")]
    for axes, quantity in zip(panels, QUANTITIES, strict=False):
        axes.set_title(f"{network}: ${quantity}_f$", loc="left")
        reference = identity[
            (identity["average"] == average)
            & (identity["interpolation"] == "linear")
            & (identity["cutoff"] == identity["cutoff"].min())
        ].sort_values("displacement")
        axes.plot(reference["displacement"], reference[quantity], color=GREY, linewidth=0.9)
        theirs.append(_curves(axes, linear[linear["quantity"] == quantity], average))
        _shade(axes, sorted(data["cutoff"].unique()), size)
        log_axis(axes, "x", "y")
    _methods(panels[3], data[(data["quantity"] == "R") & (data["state"] == "trained")])
    panels[3].set_title("$R_f$, by method", loc="left")
    _shade(panels[3], sorted(data["cutoff"].unique())[:1], size)
    log_axis(panels[3], "x", "y")
    return concat(theirs, ignore_index=True)


def _curves(axes: Axes, data: DataFrame, average: str) -> DataFrame:
    found = []
    for number, (cutoff, of_cutoff) in enumerate(data.groupby("cutoff")):
        colour = SHADES[number % len(SHADES)]
        for state, line in of_cutoff.groupby("state"):
            line = line.sort_values("displacement")
            style = "-o" if state == "trained" else ":"
            axes.plot(line["displacement"], line["mean"], style, color=colour, markersize=2.6,
                      linewidth=1.1)  # fmt: skip
            first = line.iloc[0]
            theirs = authors(
                7,
                first["quantity"],
                network=first["architecture"],
                data=data_of(first["dataset"]),
                cutoff=cutoff,
                average=average,
                state=state,
                interpolation="linear",
            )
            axes.plot(theirs["displacement"], theirs["value"], color=colour, linestyle="none",
                      marker="x" if state == "trained" else "+", markersize=4.5)  # fmt: skip
            found.append(theirs)
    names = ["network", "state", "cutoff", "displacement", "quantity", "value", "seeds", "source"]
    return concat(found, ignore_index=True)[names].rename(columns={"value": "mean"})


def _methods(axes: Axes, data: DataFrame) -> None:
    """Draw trained R at the smallest cut-off by mean and median, linear and Gaussian."""
    data = data[data["cutoff"] == data["cutoff"].min()]
    for (average, interpolation), line in data.groupby(["average", "interpolation"]):
        line = line.sort_values("displacement")
        axes.plot(
            line["displacement"], line["mean"], linewidth=1.1, marker="o", markersize=2.6,
            color=INK if average == "mean" else "#D55E00",
            linestyle="-" if interpolation == "linear" else (0, (2, 1.5)),
        )  # fmt: skip


def _shade(axes: Axes, cutoffs: list[int], size: float) -> None:
    """Shade what is outside [T1, T2] for the smallest cut-off; a line at each other's T2."""
    low, high = axes.get_xlim()
    low, high = min(low, 0.2), max(high, 3.2)
    largest = [size / (np.pi * cutoff) for cutoff in cutoffs]
    axes.axvspan(low, 0.5, color=LIGHT, alpha=0.35, linewidth=0, zorder=0)
    if largest and largest[0] < high:
        axes.axvspan(largest[0], high, color=LIGHT, alpha=0.35, linewidth=0, zorder=0)
    for number, bound in enumerate(largest):
        if low < bound < high:
            axes.axvline(bound, color=SHADES[number % len(SHADES)], linewidth=0.6, zorder=0)
    axes.set_xlim(low, high)


def _legend(figure: Figure, cutoffs: list[int]) -> None:
    handles = [
        Line2D([], [], color=SHADES[number % len(SHADES)], marker="o", markersize=3,
               label=f"$c = {cutoff}$")
        for number, cutoff in enumerate(cutoffs)
    ]  # fmt: skip
    handles += [
        Line2D([], [], color=GREY, linestyle=":", label="initialisation"),
        Line2D([], [], color=GREY, linewidth=0.9, label="$f(x) = x$"),
        Line2D([], [], color=GREY, linestyle="none", marker="x", label="authors"),
        Line2D([], [], color=INK, label="mean"),
        Line2D([], [], color="#D55E00", label="median"),
        Line2D([], [], color=GREY, linestyle=(0, (2, 1.5)), label="Gaussian"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=5)


def _caption(rows: DataFrame, average: str, size: float, selection: Selection) -> str:
    cutoffs = sorted(rows["cutoff"].unique())
    bounds = listing(f"{size / (np.pi * cutoff):.2f} (c = {cutoff})" for cutoff in cutoffs)
    return caption(
        f"D_f, G_f and R_f of the output by {average}s over images, against the typical"
        " displacement in pixels, for each cut-off c: trained (points) and at initialisation"
        " (dotted); grey: the images themselves, f(x) = x, at the smallest c. Right: R_f of the"
        " trained network at the smallest c by mean and by median, with linear and with Gaussian"
        " interpolation.",
        f"Shaded: outside [T1, T2] at the smallest c; vertical lines: T2, at {bounds} pixels, where"
        " overhangs become common (5 to 6 % of the fields fold at T2/2 for c = 3: Figure 1)."
        " Crosses (trained) and plus signs (initial): the"
        " authors' drafts on the same data set, where they have any: full width, means,"
        " displacements 7 % smaller at c = 3. The figure's number is ours.",
        scale(rows),
        left_out(selection.left_out),
    )
