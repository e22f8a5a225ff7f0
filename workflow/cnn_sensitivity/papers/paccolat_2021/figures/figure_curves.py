"""Learning curves: test error of the network and of machines with its kernel, on the stripe."""

from pandas import DataFrame

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, letter, new_figure, say
from cnn_sensitivity.papers.paccolat_2021.panels import (
    draw_curves,
    finish,
    guide,
    learning_curves,
    one_legend,
    scale,
)
from cnn_sensitivity.papers.paccolat_2021.rows import STRIPE, of_task
from cnn_sensitivity.papers.paccolat_2021.theory import beta_feature, beta_lazy


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `measurements` and `machines`."""
    table = learning_curves(tables)
    if len(table):  # of networks alone that are shown there are panels
        table = of_task(table, STRIPE)
        shown = set(table.loc[table["curve"] == "network", "dataset"])
        table = table[table["dataset"].isin(shown)]
    dimensions = sorted(set(table["dimension"])) if len(table) else []
    figure = new_figure(DOUBLE, 3.5)
    panels = list(figure.subplots(1, max(len(dimensions), 1), sharey=True, squeeze=False)[0])
    if not dimensions:
        say(panels[0], "No network errs less than 25 %.")
    for axes, dimension, mark in zip(panels, dimensions, "abcdef", strict=False):
        rows = table[table["dimension"] == dimension]
        draw_curves(axes, rows)
        guide(axes, rows, "network", beta_feature(dimension), f"{beta_feature(dimension):.2f}")
        guide(axes, rows, "lazy", beta_lazy(dimension), f"{beta_lazy(dimension):.2f}")
        letter(axes, mark, f"stripe, $d = {dimension}$")
        finish(axes)
    panels[0].set_ylabel("test error")
    if dimensions:
        one_legend(panels)
    text = caption(
        "Test error against the number p of training points. Points are means over trainings, each"
        " with its own training set and initial network, bars two standard errors; trainings that"
        " err more than 25 % are left out, as by the authors. The lazy curve is the hard-margin"
        " machine with the analytic tangent kernel, the kernels are the empirical ones of each"
        " network.",
        "Grey guides: the predicted slopes of the network and of lazy learning.",
        scale(table),
    )
    return Drawing(figure, table, text)
