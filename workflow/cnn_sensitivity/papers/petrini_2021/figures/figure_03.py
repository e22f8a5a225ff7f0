"""Figure 3: relative sensitivity before and after training, by network and cut-off."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from pandas import DataFrame, Series, concat

from cnn_sensitivity.analysis.prose import left_out, listing
from cnn_sensitivity.analysis.selection import Selection
from cnn_sensitivity.drawing.captions import caption, scale
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import (
    DOUBLE,
    GREY,
    INK,
    letter,
    log_axis,
    looks,
    new_figure,
    say,
)
from cnn_sensitivity.papers.petrini_2021.authors import authors
from cnn_sensitivity.papers.petrini_2021.colours import SHADES
from cnn_sensitivity.papers.petrini_2021.rows import compared, data_of, geometric_means, measured

STATES = ("initial", "trained")
PER_ROW = 0.8
"""Of the width of a network's place, filled with bars."""


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sensitivity`: medians at one pixel, whole training split."""
    table = tables["sensitivity"]
    selections = {state: measured(table, state, cutoff=None) for state in STATES}
    trained = selections["trained"]
    by = ["dataset", "network", "architecture", "cutoff", "state"]
    rows = concat([compared(each.rows) for each in selections.values()], ignore_index=True)
    data = geometric_means(rows, by) if len(rows) else DataFrame(columns=[*by, "mean", "seeds"])
    sets = list(dict.fromkeys(data["dataset"]))
    figure = new_figure(DOUBLE, 2.5 * max(len(sets), 1) + 0.4)
    panels = figure.subplots(max(len(sets), 1), 1, squeeze=False)[:, 0]
    if not sets:
        say(panels[0], "No network learned.")
    cutoffs = sorted(data["cutoff"].unique())
    published = [
        _panel(axes, title, data[data["dataset"] == title], cutoffs, place)
        for place, (axes, title) in enumerate(zip(panels, sets, strict=False))
    ]
    if sets:
        _legend(figure, cutoffs)
    ours = data.assign(source="this run")
    return Drawing(
        figure, concat([ours, *published], ignore_index=True), _caption(table, rows, trained)
    )


def _panel(axes: Axes, title: str, data: DataFrame, cutoffs: list[int], place: int) -> DataFrame:
    """Draw a data set's bars; return the authors' numbers that are drawn with them."""
    letter(axes, "abcdefgh"[place], title)
    names = list(looks(data["network"].unique()))
    width = PER_ROW / (2 * max(len(cutoffs), 1))
    marks = []
    for at, network in enumerate(names):
        of_network = data[data["network"] == network]
        architecture = of_network["architecture"].iloc[0]
        for number, cutoff in enumerate(cutoffs):
            for half, state in enumerate(STATES):
                x = at - PER_ROW / 2 + width * (2 * number + half + 0.5)
                chosen = (of_network["cutoff"] == cutoff) & (of_network["state"] == state)
                for _, row in of_network[chosen].iterrows():
                    _bar(axes, x, row, width, SHADES[number % len(SHADES)])
                theirs = authors(
                    3, "R", network=architecture, data=data_of(title), cutoff=cutoff, state=state
                )
                axes.plot([x] * len(theirs), theirs["value"], "_", color=INK, zorder=5,
                          markersize=6, markeredgewidth=1.6)  # fmt: skip
                marks.append(theirs)
    axes.axhline(1, color=GREY, linestyle="--", linewidth=0.8, zorder=1)
    axes.set_xticks(range(len(names)), names, rotation=20, ha="right", rotation_mode="anchor")
    axes.set_xlim(-0.6, len(names) - 0.4)
    log_axis(axes, "y")
    axes.set_ylabel("$R_f$")
    columns = ["network", "cutoff", "state", "value", "seeds", "source"]
    found = concat(marks, ignore_index=True)[columns].rename(columns={"value": "mean"})
    return found.assign(dataset=title, source="authors, " + found["source"])


def _bar(axes: Axes, x: float, row: Series, width: float, colour: str) -> None:
    """Draw a bar from R = 1, with the range over seeds; hollow before training."""
    mean, low, high = (float(row[name]) for name in ("mean", "low", "high"))
    trained = row["state"] == "trained"
    axes.bar(
        x, mean - 1, width * 0.9, bottom=1, edgecolor=colour, linewidth=0.7,
        facecolor=colour if trained else "white",
    )  # fmt: skip
    if high > low:
        axes.vlines(x, low, high, color=GREY, linewidth=0.9, zorder=4)


def _legend(figure: Figure, cutoffs: list[int]) -> None:
    handles: list[Patch | Line2D] = [
        Patch(facecolor=SHADES[number % len(SHADES)], label=f"$c = {cutoff}$")
        for number, cutoff in enumerate(cutoffs)
    ]
    handles += [
        Patch(facecolor="white", edgecolor=GREY, label="initialisation"),
        Patch(facecolor=GREY, label="trained"),
        Line2D([], [], linestyle="none", marker="_", color=INK, markersize=6, markeredgewidth=1.6,
               label="authors"),
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=6)


def beyond(rows: DataFrame) -> list[str]:
    """Return the cut-offs at which a displacement of one pixel is beyond T2: 'c = 15 (n = 28)'.

    The largest displacement without overhangs is n / (pi c) pixels.
    """
    pairs = rows[["cutoff", "input_size"]].drop_duplicates().sort_values(["input_size", "cutoff"])
    return [
        f"c = {cutoff:g} ({size:g} pixels a side)"
        for cutoff, size in zip(pairs["cutoff"], pairs["input_size"], strict=True)
        if size / (np.pi * cutoff) < 1
    ]


def _caption(table: DataFrame, rows: DataFrame, selection: Selection) -> str:
    outside = beyond(rows) if len(rows) else []
    warning = (
        f"At {listing(outside)} a displacement of one pixel lies beyond T2: there are overhangs."
        if outside
        else ""
    )
    return caption(
        "Relative sensitivity R_f of the output to deformations by one pixel, of networks at"
        " initialisation (hollow) and after training (filled); colours: cut-off. Medians over"
        f" {_images(table)} test images, drawn once; geometric means over seeds, at initialisation"
        " over fresh networks, with their range."
        " Horizontal marks: the authors' values (poster, read to 5 %), networks of full width"
        " trained on all images.",
        warning,
        "Networks with batch norm use the statistics of the measured images at initialisation."
        " The figure's number is ours.",
        scale(rows),
        left_out(selection.left_out),
    )


def _images(table: DataFrame) -> str:
    return listing(f"{count:g}" for count in sorted(table["images"].unique()))
