"""Figure 7: on scale detection in one dimension, D_k and G_k against the width A_k."""

from pandas import DataFrame

from cnn_sensitivity.analysis import power_laws
from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.selection import learned
from cnn_sensitivity.drawing.captions import caption, scale
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.power_law_panel import QUANTITIES, draw_power_laws, means, of_points
from cnn_sensitivity.drawing.style import DOUBLE, letter, new_figure, say


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sensitivity`."""
    selection = learned(tables["sensitivity"])
    rows = power_laws.layers(selection.rows)
    data = means(rows)
    figure = new_figure(DOUBLE, 2.9)
    panels = figure.subplots(1, 2)
    for axes, panel, quantity in zip(panels, "ab", QUANTITIES, strict=True):
        letter(axes, panel)
        if data.empty:
            say(axes, "No network learned.")
            continue
        draw_power_laws(axes, data, rows, quantity)
        axes.set_xlabel("effective receptive field $A_k$ (pixels)")
        axes.legend(loc="upper right" if quantity == "D" else "upper left")
    text = caption(
        "Scale detection in one dimension: sensitivity of each layer to deformations D_k (a) and to"
        " noise G_k (b) against its effective receptive field A_k, with and without stride.",
        f"Dashed: the predicted power laws; fitted exponents are over the {power_laws.RULE}"
        " (filled points), with all seeds.",
        of_points(rows),
        scale(selection.rows),
        left_out(selection.left_out + power_laws.unusable(rows)),
    )
    return Drawing(figure, data, text)
