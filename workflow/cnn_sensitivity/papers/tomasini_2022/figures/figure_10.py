"""Figure 10: the scatter plots behind the right part of Figure 1."""

from pandas import DataFrame

from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.selection import QUANTITIES, outputs
from cnn_sensitivity.drawing import scatter
from cnn_sensitivity.drawing.captions import caption, of_each_level, scale
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, looks, new_figure, say


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sensitivity` at all noise levels."""
    selection = outputs(tables["sensitivity"])
    rows = selection.rows
    levels = sorted(rows["noise"].unique())
    figure = new_figure(DOUBLE, 1.6 * max(len(levels), 1) + 1.0)
    styles = looks(rows["network"].unique())
    grid = figure.subplots(max(len(levels), 1), 3, sharey="row", sharex="col", squeeze=False)
    if not levels:
        for axes in grid.flat:
            say(axes, "No network learned.")
    for line, level in zip(grid, levels, strict=False):
        points = rows[rows["noise"] == level]
        for axes, quantity in zip(line, QUANTITIES, strict=True):
            scatter.points_of(axes, points, quantity, styles)
            scatter.fit_line(axes, points, quantity)
    for line, level in zip(grid, levels, strict=False):  # once the common axes know all points
        points = rows[rows["noise"] == level]
        for axes, quantity in zip(line, QUANTITIES, strict=True):
            scatter.finish(axes, points, quantity, scatter.correlation_note(points, quantity))
            axes.label_outer()
        line[0].set_ylabel(f"noise {level:g}\n{scatter.ERROR}")
    scatter.network_legend(figure, styles, columns=6)
    text = caption(
        "Test error against the sensitivity of the output to deformations D_f, to noise G_f, and"
        " their ratio R_f, one point a network and seed, a row for each magnitude of the noise"
        " added to the images; power law and ρ are of one point a network, the mean of its seeds.",
        of_each_level(rows),
        scale(rows),
        left_out(selection.left_out),
    )
    return Drawing(figure, rows[scatter.COLUMNS], text)
