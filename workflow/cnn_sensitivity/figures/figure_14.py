"""Figure 14: Figure 4 for scale detection."""

from pandas import DataFrame

from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.selection import learned
from cnn_sensitivity.figures.captions import caption, scale
from cnn_sensitivity.figures.drawing import Drawing
from cnn_sensitivity.figures.spectra import HOW, draw_spectra


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `spectrum`."""
    selection = learned(tables["spectrum"])
    figure, data = draw_spectra(selection.rows, ("initial", "trained"))
    text = caption(
        "Weight of each Laplacian mode l in the filters of each layer k, at initialisation and"
        " after training, for networks trained to detect a scale in two dimensions.",
        HOW,
        scale(selection.rows),
        left_out(selection.left_out),
    )
    return Drawing(figure, data, text)
