"""Figure 1: a deformation by a thin-plate spline through control points that moved at random."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from pandas import DataFrame

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.pictures import draw_deformation, field
from cnn_sensitivity.drawing.style import DOUBLE, GREY, NOISE, letter, new_figure, say

CONTROL_POINTS, SQUARES, ARROWS = 3, 3, 8


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `pictures`."""
    pictures = tables["pictures"]
    figure = new_figure(DOUBLE, 1.75)
    panels = figure.subplots(1, 5)
    moved = field(pictures, "deformed")
    if moved is None:
        for axes in panels[:3]:
            say(axes, "no deformation")
    else:
        dx, dy = moved
        _arrows(panels[0], dx, dy, CONTROL_POINTS)
        _arrows(panels[1], dx, dy, ARROWS)
        _checkerboard(panels[2], dx, dy)
    letter(panels[0], "a", "control points")
    panels[1].set_title("field", loc="left")
    panels[2].set_title("checkerboard", loc="left")
    draw_deformation(panels[3:], pictures)
    letter(panels[3], "b", "original")
    text = caption(
        "(a) A random deformation: the arrows at three by three points of the image, which the"
        " spline interpolates; the field; a checkerboard of three by three squares under it. Arrows"
        " point from where a pixel's value is taken to the pixel, at their true length.",
        "(b) A test image before and after, with arrows that are enlarged.",
        f"Images of {int(pictures['row'].max()) + 1} pixels a side.",
    )
    return Drawing(figure, pictures[pictures["picture"].isin(["original", "deformed"])], text)


def _arrows(axes: Axes, dx: NDArray[np.float64], dy: NDArray[np.float64], count: int) -> None:
    size = len(dx)
    at = np.linspace(0, size - 1, count).round().astype(int)
    x, y = np.meshgrid(at, at)
    axes.quiver(
        x, y, dx[y, x], dy[y, x], angles="xy", scale_units="xy", scale=1, pivot="tip", color=NOISE,
        width=0.014,
    )  # fmt: skip
    axes.set_xlim(-2, size + 1)
    axes.set_ylim(size + 1, -2)
    _frame(axes)


def _checkerboard(axes: Axes, dx: NDArray[np.float64], dy: NDArray[np.float64]) -> None:
    """Draw the board, whose value at any place is known, at the places that pixels come from."""
    size, fine = len(dx), 8
    places = (np.arange(size * fine) + 0.5) / fine - 0.5
    near = np.clip(places.round().astype(int), 0, size - 1)
    row, column = np.meshgrid(near, near, indexing="ij")
    y, x = np.meshgrid(places, places, indexing="ij")
    square = np.stack([y - dy[row, column], x - dx[row, column]]).clip(0, size - 1)
    number = np.minimum(square * SQUARES / (size - 1), SQUARES - 1e-9).astype(int)
    axes.imshow(number.sum(0) % 2, cmap="Reds", vmin=0, vmax=1.6, interpolation="nearest")
    _frame(axes)


def _frame(axes: Axes) -> None:
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set(linewidth=0.4, color=GREY)
