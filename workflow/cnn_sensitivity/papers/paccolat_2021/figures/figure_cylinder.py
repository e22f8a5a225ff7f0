"""Cylinder: neurons in two sections of the space, and learning curves, of a cylinder."""

import numpy as np
from matplotlib.patches import Circle
from pandas import DataFrame, concat

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, GREY, letter, new_figure, say
from cnn_sensitivity.papers.paccolat_2021.panels import (
    draw_curves,
    draw_neurons,
    finish,
    guide,
    learning_curves,
    neurons,
    scale,
)
from cnn_sensitivity.papers.paccolat_2021.rows import CYLINDER, T_STAR, of_task
from cnn_sensitivity.papers.paccolat_2021.theory import beta_feature, beta_lazy
from cnn_sensitivity.tasks.points.cylinder import squared_radius

INFORMATIVE = 2


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `measurements` and `machines`."""
    table = learning_curves(tables)
    table = of_task(table, CYLINDER) if len(table) else table
    rows = neurons(tables["measurements"])
    rows = rows[rows["state"] == T_STAR] if len(rows) else rows
    figure = new_figure(DOUBLE, 2.9)
    grid = figure.add_gridspec(1, 3, width_ratios=[1, 1, 1.4])
    first, second, third = (figure.add_subplot(grid[place]) for place in range(3))
    radius = np.sqrt(squared_radius(INFORMATIVE))
    for axes, up, mark in ((first, 2, "a"), (second, 3, "b")):
        if rows.empty:
            say(axes, "not measured")
            continue
        draw_neurons(axes, rows, 1, up)
        axes.set_ylabel(f"$z_{up}$", labelpad=-2)
        letter(axes, mark, "at $t^*$")
    if len(rows):
        first.add_patch(Circle((0, 0), radius, fill=False, color=GREY, linestyle="--"))
        for side in (-radius, radius):
            second.axvline(side, color=GREY, linestyle="--", linewidth=0.8)
    if table.empty:
        say(third, "No network errs less than 25 %.")
    else:
        dimension = int(table["dimension"].iloc[0])
        draw_curves(third, table)
        beta = beta_feature(dimension, INFORMATIVE)
        guide(third, table, "network", beta, f"{beta:.2f}")
        guide(third, table, "lazy", beta_lazy(dimension), f"{beta_lazy(dimension):.2f}")
        letter(third, "c", f"cylinder, $d = {dimension}$")
        finish(third)
        third.set_ylabel("test error")
        figure.legend(*third.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    text = caption(
        "(a, b) The vectors z = -√d b ω/|ω|² of the neurons at t*, on the two informative axes, and"
        " on an informative and an uninformative one; orange where the bias is positive. Dashed:"
        " the cylinder. (c) Test error against the number p of training points, as on the stripe;"
        " grey guides have the predicted slopes.",
        scale(table),
    )
    return Drawing(figure, _all(table, rows), text)


def _all(table: DataFrame, rows: DataFrame) -> DataFrame:
    """Return the numbers of all panels in one table."""
    return concat([table.assign(panel="c"), rows.assign(panel="a, b")], ignore_index=True)
