"""Figure 3: the relative sensitivity falls along the trained network, pooling of both kinds."""

from pandas import DataFrame

from cnn_sensitivity.drawing.depth_curves import draw_curves
from cnn_sensitivity.drawing.drawn import Drawing


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sensitivity`."""
    return draw_curves(
        tables["sensitivity"],
        "Relative sensitivity R_k against relative depth for networks trained on images (full), the"
        " same with their channels shuffled (dashed), which keeps spatial pooling only, and at"
        " initialisation (dotted).",
    )
