"""Figure 12: Figure 4 for the other networks."""

from pandas import DataFrame

from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.spectra import draw_trained


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `spectrum`."""
    return draw_trained(tables["spectrum"], "networks trained on images, those of Figure 4 aside")
