"""Figure 11: Figure 3 for all networks, with D_k and G_k."""

from pandas import DataFrame

from cnn_sensitivity.drawing.depth_curves import SHUFFLED, TRAINED, draw_curves
from cnn_sensitivity.drawing.drawn import Drawing


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sensitivity`."""
    return draw_curves(
        tables["sensitivity"],
        "Sensitivity to deformations D_k, to noise G_k, and their ratio R_k against relative depth"
        " for every network trained on images (full), and with channels shuffled (dashed).",
        quantities=("D", "G", "R"),
        variants=(TRAINED, SHUFFLED),
    )
