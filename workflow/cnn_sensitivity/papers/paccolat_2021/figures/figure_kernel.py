"""Kernel: eigenvalues of the tangent kernel, and the labels on its eigenvectors."""

from pandas import DataFrame

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, Look, letter, log_axis, new_figure, say
from cnn_sensitivity.papers.paccolat_2021.panels import scale
from cnn_sensitivity.papers.paccolat_2021.rows import (
    END,
    INITIAL,
    STRIPE,
    T_STAR,
    joined,
    measured,
    of_task,
)

STATES = {
    INITIAL: ("initialisation", Look("#E69F00", "^")),
    T_STAR: ("$t^*$ (ours)", Look("#CC79A7", "P")),
    END: ("end of training", Look("#0072B2", "v")),
}


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `measurements` of tangent kernels."""
    rows = _chosen(tables)
    figure = new_figure(DOUBLE, 2.9)
    panels = figure.subplots(1, 3)
    if rows.empty:
        for axes in panels:
            say(axes, "not measured")
        return Drawing(figure, rows, "There is nothing to show.")
    wanted = {
        "eigenvalue": "eigenvalue / trace",
        "projection": r"share of $|y|^2$",
        "cumulative": r"share of $|y|^2$, summed",
    }
    for axes, (quantity, title), mark in zip(panels, wanted.items(), "abc", strict=True):
        for state, (label, look) in STATES.items():
            line = rows[(rows["quantity"] == quantity) & (rows["state"] == state)]
            if len(line):
                axes.plot(
                    line["mode"], line["mean"], color=look.colour, marker=look.marker,
                    markersize=3, linewidth=1, label=label,
                )  # fmt: skip
        letter(axes, mark, title)
        axes.set_xlabel("mode")
        log_axis(axes, *("xy" if quantity == "eigenvalue" else "x"))
    panels[2].set_ylim(0, 1)
    panels[2].axvline(10, color="#cccccc", linewidth=0.8, zorder=0)
    panels[0].legend(loc="lower left")
    text = caption(
        "The tangent kernel of the network on its training set, by falling eigenvalue: (a) its"
        " eigenvalues over their sum, (b) the share of the labels' squared norm on each"
        " eigenvector, (c) on all up to it; the line marks the ten that the claim counts."
        " Means over trainings.",
        scale(rows),
    )
    return Drawing(figure, rows, text)


def _chosen(tables: dict[str, DataFrame]) -> DataFrame:
    """Return means over seeds of one data set at its largest size, with summed projections."""
    parts = []
    for state in STATES:
        for quantity in ("eigenvalue", "projection"):
            rows = measured(tables, quantity, state)
            parts.append(rows.assign(quantity=quantity, state=state))
    rows = joined(parts)
    stripe = of_task(rows, STRIPE)
    rows = stripe if len(stripe) else rows
    if rows.empty:
        return rows
    rows = rows[rows["dimension"] == rows["dimension"].max()]
    rows = rows[rows["train_size"] == rows["train_size"].max()]
    keys = ["dataset", "train_size", "state", "quantity"]
    shared = rows[rows["quantity"] == "projection"].sort_values("mode")
    sums = shared.groupby(["state", "seed"])["value"].cumsum()
    rows = joined([rows, shared.assign(value=sums, quantity="cumulative")])
    groups = rows.groupby([*keys, "mode"], sort=False)["value"]
    return groups.agg(mean="mean", seeds="count").reset_index()
