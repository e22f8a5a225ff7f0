"""The companion of Figure 7: A_k as measured, and D_k and G_k against it."""

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from pandas import DataFrame, concat

from cnn_sensitivity.analysis import power_laws
from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.selection import learned, over_seeds
from cnn_sensitivity.drawing.captions import caption, scale
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.power_law_panel import (
    QUANTITIES,
    draw_power_laws,
    lines,
    means,
    of_points,
)
from cnn_sensitivity.drawing.style import DOUBLE, letter, log_axis, new_figure, say

_KEYS = ["network", "stride", "layer", "formula_A"]


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sensitivity` and `receptive_field`."""
    selection = learned(tables["sensitivity"])
    layers = power_laws.layers(selection.rows)
    formula = layers.assign(formula_A=layers["A"])
    rows = power_laws.with_measured_widths(formula, tables["receptive_field"])
    widths = over_seeds(rows, _KEYS, "A").assign(quantity="A")
    of_layer = rows.groupby(["network", "layer"])["A"].transform("mean")
    laws = means(rows.assign(A=of_layer))
    figure = new_figure(DOUBLE, 2.8)
    panels = figure.subplots(1, 3, width_ratios=[1, 1.3, 1.3])
    for axes, panel in zip(panels, "abc", strict=True):
        letter(axes, panel)
    if rows.empty:
        say(panels[1], "No network learned.")
    else:
        _widths(panels[0], widths)
        for axes, quantity in zip(panels[1:], QUANTITIES, strict=True):
            draw_power_laws(axes, laws, rows, quantity)
            axes.set_xlabel("measured $A_k$ (pixels)")
            # Above the panel: within it, points can be in any corner.
            axes.legend(loc="lower right", bbox_to_anchor=(1, 1), fontsize=6.5, handlelength=1)
    text = caption(
        "Scale detection in one dimension: effective receptive field A_k of each layer as measured,"
        " the standard deviation of the pixels that reach a unit (a; dashed: of homogeneous"
        " filters), and sensitivity to deformations D_k (b) and to noise G_k (c) against it.",
        f"Dashed in b and c: the predicted power laws; fitted exponents are over the"
        f" {power_laws.RULE} (filled points), with all seeds.",
        of_points(rows),
        scale(selection.rows),
        left_out(selection.left_out + power_laws.unusable(rows)),
    )
    return Drawing(figure, concat([widths, laws], ignore_index=True), text)


def _widths(axes: Axes, widths: DataFrame) -> None:
    for look, name, line in lines(widths):
        axes.vlines(line["layer"], line["low"], line["high"], color=look.colour, linewidth=0.9)
        axes.plot(line["layer"], line["mean"], color=look.colour, marker=look.marker, label=name)
        axes.plot(line["layer"], line["formula_A"], color=look.colour, linestyle=(0, (4, 2)))
    log_axis(axes, "y")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("layer $k$")
    axes.set_ylabel("measured $A_k$ (pixels)")
    axes.legend(loc="upper left", fontsize=6.5)
