"""Figure 5: relative sensitivity against the number of training images."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from pandas import DataFrame, concat

from cnn_sensitivity.analysis.intervals import student
from cnn_sensitivity.analysis.prose import left_out, listing, plural
from cnn_sensitivity.analysis.selection import Selection
from cnn_sensitivity.analysis.statistics import log_slope
from cnn_sensitivity.drawing import scatter
from cnn_sensitivity.drawing.captions import caption, scale
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, GREY, letter, log_axis, looks, new_figure, say
from cnn_sensitivity.papers.petrini_2021.authors import authors
from cnn_sensitivity.papers.petrini_2021.rows import (
    across_sizes,
    data_of,
    geometric_means,
    measured,
)

PANELS = (("R", "mean"), ("R", "median"), ("test_error", "mean"))
BY = ["dataset", "network", "architecture", "train_size"]


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sensitivity`: c = 3, one pixel, of the runs with training sizes."""
    selection = measured(tables["sensitivity"], average=None, interpolation="linear")
    rows = across_sizes(selection.rows)
    rows = rows[rows["test_error"] > 0]
    figure = new_figure(DOUBLE, 3.1)
    panels = figure.subplots(1, len(PANELS))
    drawn: list[DataFrame] = []
    for axes, name, (quantity, average) in zip(panels, "abc", PANELS, strict=True):
        shown = rows[rows["average"] == average]
        if shown.empty and quantity == "test_error":
            shown = rows
        letter(axes, name, {"R": f"by {average}s"}.get(quantity, "test error"))
        drawn += _panel(axes, quantity, average, shown)
    theirs = Line2D([], [], linestyle=":", color=GREY, marker="x", markersize=4, label="authors")
    slope = Line2D([], [], linestyle="--", color=GREY, label="slope -1")
    scatter.network_legend(figure, rows["network"].unique(), [theirs, slope])
    data = concat(drawn, ignore_index=True) if drawn else DataFrame(columns=BY)
    return Drawing(figure, data, _caption(rows, selection))


def _panel(axes: Axes, quantity: str, average: str, rows: DataFrame) -> list[DataFrame]:
    if rows.empty:
        say(axes, "No such measurement.")
        return []
    styles = looks(rows["network"].unique())
    ours = geometric_means(rows, BY, quantity)
    drawn = [ours.assign(panel=quantity, average=average, source="this run")]
    for network, line in ours.groupby("network"):
        look = styles[str(network)]
        line = line.sort_values("train_size")
        x = line["train_size"]
        axes.plot(x, line["mean"], color=look.colour, marker=look.marker)
        axes.fill_between(x, line["low"], line["high"], color=look.colour, alpha=0.16, linewidth=0)
        theirs = _authors(quantity, average, line)
        axes.plot(theirs["train_size"], theirs["mean"], ":x", color=look.colour, markersize=4,
                  linewidth=1)  # fmt: skip
        drawn.append(theirs.assign(panel=quantity, average=average))
    if quantity == "R":
        sizes = np.array([ours["train_size"].min(), ours["train_size"].max()])
        axes.plot(sizes, ours["mean"].max() * sizes[0] / sizes, "--", color=GREY, linewidth=0.9)
    log_axis(axes, "x", "y")
    axes.set_xlabel("training images $P$")
    axes.set_ylabel("$R_f$" if quantity == "R" else scatter.ERROR)
    return drawn


def _authors(quantity: str, average: str, line: DataFrame) -> DataFrame:
    """Return the authors' values of the network on the same data set; without any, no row."""
    architecture, title = line["architecture"].iloc[0], line["dataset"].iloc[0]
    found = authors(5, quantity, network=architecture, data=data_of(title))
    if quantity == "R":
        found = found[(found["average"] == average) & (found["cutoff"] == 3)]
    names = {"train_images": "train_size", "value": "mean"}
    return found.rename(columns=names)[["network", "train_size", "mean", "seeds", "source"]]


def slopes(rows: DataFrame) -> list[str]:
    """Return a text for each network and average: d ln R / d ln P, its mean over trainings, with
    Student's t of three of them or more.
    """
    texts = []
    for (network, average), group in rows.groupby(["network", "average"]):
        values = [log_slope(seed["train_size"], seed["R"]) for _, seed in group.groupby("seed")]
        low, high = student(values)(0.95)
        interval = f" [{low:.2f}, {high:.2f}]" if np.isfinite(low) else ""
        count = plural(len(values), "training")
        texts.append(f"{network} {np.mean(values):.2f}{interval} ({average}s, {count})")
    return texts


def _caption(rows: DataFrame, selection: Selection) -> str:
    fitted = f"Fitted slopes d ln R / d ln P: {listing(slopes(rows))}." if len(rows) else ""
    return caption(
        "Relative sensitivity R_f at c = 3 and one pixel by (a) means and (b) medians over images,"
        " and (c) test error, against the number P of training images. Geometric means over seeds,"
        " bands their range. The P images are the first of the training split (class-balanced, one"
        " order for all seeds; the authors draw a subset for each seed), and networks of all P"
        " make the same number of steps. Dotted: the authors' drafts (means, full width) on the"
        " same data set, where they have any; dashed: slope -1, which they draw.",
        fitted,
        "The figure's number is ours.",
        scale(rows),
        left_out(selection.left_out),
    )
