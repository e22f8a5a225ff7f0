"""Figure 8: on scale detection, test error against D_f, G_f, R_f."""

from pandas import DataFrame

from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.selection import QUANTITIES, outputs
from cnn_sensitivity.drawing import scatter
from cnn_sensitivity.drawing.captions import caption, scale
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, letter, looks, new_figure, say


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sensitivity`."""
    selection = outputs(tables["sensitivity"])
    rows = selection.rows
    figure = new_figure(DOUBLE, 3.0)
    panels = figure.subplots(1, 3, sharey=True)
    styles = looks(rows["network"].unique())
    for axes, panel, quantity in zip(panels, "abc", QUANTITIES, strict=True):
        letter(axes, panel)
        if rows.empty:
            say(axes, "No network learned.")
            continue
        scatter.points_of(axes, rows, quantity, styles)
        scatter.fit_line(axes, rows, quantity)
        scatter.finish(axes, rows, quantity, scatter.correlation_note(rows, quantity))
    if len(rows):
        panels[0].set_ylabel(scatter.ERROR)
    scatter.network_legend(figure, styles, scatter.size_handles(rows), columns=6)
    text = caption(
        "Scale detection in two dimensions: test error against the sensitivity of the output to"
        " deformations D_f, to noise G_f, and their ratio R_f, one point a network, seed and number"
        " of training images (hollow: fewer images); power law and ρ are of one point a network,"
        " the mean of its seeds and numbers of images.",
        scale(rows),
        left_out(selection.left_out),
    )
    return Drawing(figure, rows[scatter.COLUMNS], text)
