"""Figure 2: Gaussian random functions on the sphere, from smooth to rough."""

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.analysis.prose import listing
from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, letter, new_figure

LIMIT = 2.5
"""Of the colours, in units of the root mean square."""


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `samples`."""
    table = tables["samples"]
    exponents = sorted(table["exponent"].unique(), reverse=True)
    figure = new_figure(DOUBLE, 2.5)
    panels = figure.subplots(1, len(exponents), squeeze=False)[0]
    for axes, name, exponent in zip(panels, "abcdef", exponents, strict=False):
        rows = table[table["exponent"] == exponent]
        image = np.full((rows["row"].max() + 2, rows["column"].max() + 2), np.nan)
        image[rows["row"], rows["column"]] = rows["value"]
        drawn = axes.imshow(image, cmap="RdBu_r", vmin=-LIMIT, vmax=LIMIT)
        letter(axes, name, rf"$\nu_t = {exponent + 0.5:g}$")
        axes.set_axis_off()
    bar = figure.colorbar(drawn, ax=list(panels), shrink=0.8)
    bar.set_label("target / root mean square")
    smooth = [f"{exponent + 0.5:g} (a = {exponent:g})" for exponent in exponents]
    text = caption(
        "Samples of the Gaussian random target on the sphere in three dimensions, H^-1/2 Σ ±|θ·x|^a"
        f" of many random directions, of smoothness ν_t = a + 1/2 = {listing(smooth)}; seen from"
        " outside.",
        "The function is even: the far side shows the same. The paper's panel (b) has ν_t = 1/2,"
        " which a > 0 does not reach; that of its panel (a) is not known.",
    )
    return Drawing(figure, table, text)
