"""The tanh figure: an odd activation removes most of the gain of noise sensitivity."""

from typing import Any

from pandas import DataFrame, concat

from cnn_sensitivity.analysis import twins
from cnn_sensitivity.analysis.prose import left_out, listing
from cnn_sensitivity.analysis.selection import BLOCK_OUTPUTS, curves, most_images
from cnn_sensitivity.drawing.captions import caption, scale
from cnn_sensitivity.drawing.depth_curves import (
    TRAINED,
    curve_table,
    draw_line,
    label_depth,
    panel_grid,
)
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DIFFEO, LIGHT, NOISE, log_axis, say

_STYLES: dict[str, dict[str, Any]] = {
    "relu": {"color": NOISE, "marker": "o", "linestyle": "-", "label": "ReLU"},
    "tanh": {"color": DIFFEO, "marker": "s", "linestyle": (0, (4, 1.5)), "label": "tanh"},
}


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sensitivity`."""
    selection = curves(most_images(tables["sensitivity"]))
    rows = selection.rows
    rows = rows[(rows["state"] == TRAINED[0]) & (rows["wiring"] == TRAINED[1])]
    pairs = twins.pairs(rows)
    figure, panels = panel_grid(len(pairs), height=1.95)
    data = []
    if not pairs:
        say(panels[0], "No pair of twins learned.")
    for axes, pair in zip(panels, pairs, strict=False):
        axes.axhline(1, color=LIGHT, linewidth=0.8, zorder=0)
        for activation, table in (("relu", pair.relu), ("tanh", pair.tanh)):
            line = curve_table(table, ["G"]).assign(pair=pair.name, activation=activation)
            draw_line(axes, line, **_STYLES[activation], markersize=3.6)
            data.append(line)
        axes.set_title(pair.name.replace(" (", "\n("))
        axes.set_xlim(-0.04, 1.04)
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    if pairs:
        log_axis(panels[0], "y")
        label_depth(panels, len(pairs))
        figure.supylabel("$G_k$", fontsize=8.5)
        handles = panels[0].get_legend_handles_labels()[0]
        figure.legend(handles=handles, loc="outside lower center", ncols=2)
    shown = concat([pair_rows for pair in pairs for pair_rows in (pair.relu, pair.tanh)] or [rows])
    text = caption(
        "Sensitivity to noise G_k against relative depth for trained networks with ReLU (circles)"
        f" and with tanh (squares): {listing(pair.name for pair in pairs) or 'no pair'}.",
        f"{BLOCK_OUTPUTS[:1].upper()}{BLOCK_OUTPUTS[1:]}.",
        scale(shown),
        left_out(selection.left_out),
    )
    table = concat(data, ignore_index=True) if data else curve_table(rows.iloc[:0], ["G"])
    return Drawing(figure, table, text)
