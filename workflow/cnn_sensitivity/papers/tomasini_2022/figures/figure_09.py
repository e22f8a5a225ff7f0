"""Figure 9: Figure 3 for scale detection."""

from pandas import DataFrame

from cnn_sensitivity.analysis.selection import most_images
from cnn_sensitivity.drawing.depth_curves import draw_curves
from cnn_sensitivity.drawing.drawn import Drawing


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sensitivity`."""
    return draw_curves(
        most_images(tables["sensitivity"]),
        "Relative sensitivity R_k against relative depth for networks trained to detect a scale in"
        " two dimensions (full), the same with their channels shuffled (dashed), and at"
        " initialisation (dotted).",
    )
