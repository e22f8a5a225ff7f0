"""Figure variance: how outputs vary over initialisations, against the width."""

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import log_axis, new_figure
from cnn_sensitivity.papers.geiger_2021.curves import guide, shades
from cnn_sensitivity.papers.geiger_2021.experiments import ALPHA, CUT, MAP, WIDTH
from cnn_sensitivity.papers.geiger_2021.rows import averages, networks
from cnn_sensitivity.papers.geiger_2021.text import BUDGET, scale


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `ensemble` and `paths` of map and cut."""
    data = DataFrame(
        [
            {"experiment": name, ALPHA: p.alpha, WIDTH: p.width, "variance": p.variance,
             "mean_square": p.mean_square, "networks": len(p.singles)}
            for name in (MAP, CUT)
            for p in averages(tables, name)
            if len(p.deviations)
        ],
        columns=["experiment", ALPHA, WIDTH, "variance", "mean_square", "networks"],
    )  # fmt: skip
    fits = networks(tables, MAP, CUT).groupby(["experiment", ALPHA, WIDTH])["fitted"].all()
    data = data.join(fits, on=["experiment", ALPHA, WIDTH])
    colours = shades(list(data[ALPHA]))
    figure = new_figure(4.6, 3.3)
    axes = figure.subplots()
    for (experiment, alpha), line in data.groupby(["experiment", ALPHA]):
        colour, style = colours[alpha], "-" if experiment == CUT else "--"
        label = f"{alpha:g}" + (", cut" if experiment == CUT else "")
        axes.plot(line[WIDTH], line["variance"], style, color=colour, label=label)
        for fitted, part in line.groupby("fitted"):
            axes.plot(
                part[WIDTH], part["variance"], "o", color=colour, markersize=3.5,
                markerfacecolor=colour if fitted else "white",
            )  # fmt: skip
    if len(data):
        widths = np.array([data[WIDTH].max() / 3, data[WIDTH].max()])
        last = data[data[WIDTH] == data[WIDTH].max()]["variance"].max()
        guide(axes, widths, 5 * last, -1, "slope -1")
    log_axis(axes, "x", "y")
    axes.set_xlabel("width $h$")
    axes.set_ylabel("Var $F$")
    figure.legend(title=r"$\alpha$", loc="outside right upper", fontsize=6.5, title_fontsize=7)
    text = caption(
        "Variance of the output F over initialisations, the mean over test points, against the"
        " width h; a colour an output scale α (solid: the cut, which has more networks).",
        "Open: not all networks fit.",
        BUDGET,
        "The margin that the loss asks for is 1, so that outputs are of order one.",
        scale(tables, MAP, CUT),
    )
    return Drawing(figure, data, text)
