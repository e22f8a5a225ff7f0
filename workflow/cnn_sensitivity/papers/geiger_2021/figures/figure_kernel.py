"""Figure kernel: how far the tangent kernel moves, against the output scale."""

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import GREY, log_axis, new_figure
from cnn_sensitivity.papers.geiger_2021.curves import guide, shades
from cnn_sensitivity.papers.geiger_2021.experiments import ALPHA, MAP, WIDTH
from cnn_sensitivity.papers.geiger_2021.rows import crossovers, kernel_changes
from cnn_sensitivity.papers.geiger_2021.text import BUDGET, scale


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `kernel_change`, `paths` and `crossover`."""
    rows = kernel_changes(tables)
    grouped = rows.assign(log=np.log(rows["change"])).groupby([WIDTH, ALPHA])
    data = DataFrame(
        {"change": np.exp(grouped["log"].mean()), "fitted": grouped["fitted"].all()}
    ).reset_index()
    colours = shades(list(data[WIDTH]))
    figure = new_figure(4.6, 3.3)
    axes = figure.subplots()
    for width, line in data.groupby(WIDTH):
        colour = colours[width]
        axes.plot(line[ALPHA], line["change"], color=colour, label=f"{width}")
        for fitted, part in line.groupby("fitted"):
            axes.plot(
                part[ALPHA], part["change"], "o", color=colour, markersize=4,
                markerfacecolor=colour if fitted else "white",
            )  # fmt: skip
    axes.axhline(1, color=GREY, linewidth=0.6)
    found = crossovers(tables)
    if len(found):
        logs = np.log(found[ALPHA]).groupby(found[WIDTH]).mean()
        shown = [width for width in logs.index if width in colours]
        axes.scatter(
            np.exp(logs[shown]), np.ones(len(shown)), marker="|", s=60, zorder=5,
            color=[colours[width] for width in shown],
        )  # fmt: skip
    if len(alphas := np.sort(data[ALPHA].unique())) > 1:
        top = data[data[ALPHA] == alphas[-2]]["change"].max()
        guide(axes, alphas[-2:], 2 * top, -1, "slope -1")
    log_axis(axes, "x", "y")
    axes.set_xlabel(r"output scale $\alpha$")
    axes.set_ylabel(r"$||\Delta\Theta||\,/\,||\Theta_0||$")
    axes.legend(title="width $h$", fontsize=6.5, title_fontsize=7, loc="lower left", ncols=2)
    text = caption(
        "Change of the empirical tangent kernel from initialisation to the end of the flow, over"
        " its initial norm (Frobenius norms of the Gram matrix of test points), against the output"
        " scale α; geometric means over networks, a colour a width.",
        "Open: not all networks fit.",
        BUDGET,
        "Bars on the line at 1: the crossings found by bisection.",
        scale(tables, MAP),
    )
    return Drawing(figure, data, text)
