"""The paper's figures: tables in; a figure, the plotted numbers and a caption out. No torch."""

from importlib import import_module

import matplotlib
import pandas

from cnn_sensitivity.errors import UserError
from cnn_sensitivity.figures.drawing import Drawing, save
from cnn_sensitivity.figures.style import STYLE

__all__ = ["NAMES", "Drawing", "draw", "save"]

NAMES = (*(f"figure_{number:02d}" for number in range(1, 15)), "figure_tanh")


def draw(name: str, tables: dict[str, pandas.DataFrame]) -> Drawing:
    """Return the figure `name` drawn from its tables, by kind (sensitivity, spectrum, ...).

    Raises UserError for a figure that does not exist.
    """
    if name not in NAMES:
        raise UserError(f"there is no figure {name!r}; the figures are {', '.join(NAMES)}")
    module = import_module(f"cnn_sensitivity.figures.{name}")
    with matplotlib.rc_context(STYLE):
        return module.draw(tables)
