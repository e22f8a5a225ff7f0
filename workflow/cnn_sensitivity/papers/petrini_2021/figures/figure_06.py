"""Figure 6: relative sensitivity along training."""

from matplotlib.axes import Axes
from pandas import DataFrame, concat

from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.selection import Selection
from cnn_sensitivity.drawing import scatter
from cnn_sensitivity.drawing.captions import caption, scale
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, GREY, letter, log_axis, looks, new_figure, say
from cnn_sensitivity.papers.petrini_2021.rows import compared, geometric_means, measured

PREFIX = "epoch-"
BY = ["dataset", "network", "epoch"]


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sensitivity`: medians, c = 3, one pixel, with kept epochs."""
    table = tables["sensitivity"]
    selection = measured(table)
    rows = along(table)
    figure = new_figure(DOUBLE, 3.4)
    panels = figure.subplots(1, 2)
    drawn = [
        _panel(axes, rows, quantity, name, title)
        for axes, quantity, name, title in zip(
            panels,
            ("R", "test_error"),
            "ab",
            ("relative sensitivity", "test error"),
            strict=True,
        )
    ]
    scatter.network_legend(figure, rows["network"].unique(), columns=6)
    return Drawing(figure, concat(drawn, ignore_index=True), _caption(rows, selection))


def along(table: DataFrame) -> DataFrame:
    """Return the output's rows of all states, with their epoch: 0 before training."""
    states = dict.fromkeys(table["state"].astype(str))
    parts = []
    for state in states:
        rows = compared(measured(table, state).rows)
        if state == "initial":
            epoch = rows["epochs"] * 0
        elif state.startswith(PREFIX):
            epoch = rows["epochs"] * 0 + int(state.removeprefix(PREFIX))
        else:
            epoch = rows["epochs"]
        parts.append(rows.assign(epoch=epoch))
    return concat(parts, ignore_index=True).sort_values("epoch", kind="stable")


def _panel(axes: Axes, rows: DataFrame, quantity: str, name: str, title: str) -> DataFrame:
    """Draw a quantity against the epoch; the error before training is not that of the table."""
    letter(axes, name, title)
    shown = rows if quantity == "R" else rows[(rows["epoch"] > 0) & (rows["test_error"] > 0)]
    if shown.empty:
        say(axes, "No network learned.")
        return DataFrame(columns=[*BY, "panel"])
    data = geometric_means(shown, BY, quantity)
    styles = looks(data["network"].unique())
    for network, line in data.groupby("network"):
        look = styles[str(network)]
        line = line.sort_values("epoch")
        axes.plot(line["epoch"], line["mean"], color=look.colour, marker=look.marker, markersize=4)
        axes.fill_between(line["epoch"], line["low"], line["high"], color=look.colour, alpha=0.16,
                          linewidth=0)  # fmt: skip
    if quantity == "R":
        axes.axhline(1, color=GREY, linestyle="--", linewidth=0.8, zorder=0)
    axes.set_xscale("symlog", linthresh=1)
    ticks = sorted(data["epoch"].unique())
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    log_axis(axes, "y")
    axes.set_xlabel("epoch")
    axes.set_ylabel("$R_f$" if quantity == "R" else scatter.ERROR)
    return data.assign(panel=quantity)


def _caption(rows: DataFrame, selection: Selection) -> str:
    return caption(
        "(a) Relative sensitivity R_f of the output, by medians at c = 3 and one pixel, at"
        " initialisation (epoch 0, batch norm on the statistics of the measured images) and after"
        " the epochs whose weights were kept; (b) test error. Geometric means over seeds, at"
        " initialisation over fresh networks, bands their range. The authors' text says that R_f"
        " decreases by several decades during training; no such figure of theirs is known, and the"
        " number is ours.",
        scale(rows),
        left_out(selection.left_out),
    )
