"""Figure 3: what both regimes learn of a constant from a few points on the circle."""

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import GREY, INK, letter, new_figure
from cnn_sensitivity.papers.petrini_2022.curves import LOOKS, SPHERE, legend

REGIMES = ("feature", "lazy")


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `circle`."""
    table = tables["circle"]
    curve = table[table["kind"] == "curve"].sort_values("angle")
    training = table[table["kind"] == "training"]
    figure = new_figure(6.2, 3.1)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.35))
    letter(left, "a", "on the circle")
    letter(right, "b", "against the angle")
    closed = np.deg2rad(np.append(curve["angle"], curve["angle"].iloc[0]))
    left.plot(np.cos(closed), np.sin(closed), color=GREY, linestyle=":", linewidth=0.8)
    right.axhline(1, color=GREY, linestyle=":", linewidth=0.8)
    for regime in REGIMES:
        values = np.append(curve[regime], curve[regime].iloc[0])
        colour = LOOKS[regime].colour
        left.plot(values * np.cos(closed), values * np.sin(closed), color=colour, linewidth=1.1)
        right.plot(curve["angle"], curve[regime], color=colour, linewidth=1.1)
    angles = np.deg2rad(training["angle"])
    left.plot(np.cos(angles), np.sin(angles), ".", color=INK, markersize=6, zorder=5)
    right.plot(training["angle"], np.ones(len(training)), ".", color=INK, markersize=6, zorder=5)
    left.set_aspect("equal")
    left.set_axis_off()
    right.set_xlabel("angle (degrees)")
    right.set_ylabel("predictor")
    right.set_xticks(range(0, 361, 90))
    legend(figure, {regime: SPHERE[regime] for regime in REGIMES})
    text = caption(
        f"Predictors of the constant function 1 from {len(training)} random points (dots) on the"
        " circle: the interpolation of least l1 norm over a dense dictionary of ReLU neurons"
        " without bias, which is piecewise a cosine with few kinks, and ridgeless regression with"
        " the tangent kernel. (a) As a radius. (b) Against the angle.",
        "That the paper's figure shows this with eight points is from memory, not checked.",
    )
    return Drawing(figure, table, text)
