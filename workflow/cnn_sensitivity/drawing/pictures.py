"""Images from a table of pixels, and a deformation drawn with its arrows."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from pandas import DataFrame

from cnn_sensitivity.drawing.style import GREY, NOISE, say

ARROWS = 6
"""Arrows along each side of the deformed image."""


def pixels(table: DataFrame, picture: str) -> NDArray[np.float64] | None:
    """Return [H, W] (one channel) or [H, W, 3] of a picture, or None if the table lacks it."""
    rows = table[table["picture"] == picture]
    if rows.empty:
        return None
    image = _grid(rows, "value")
    return image[..., 0] if image.shape[-1] not in (3, 4) else image


def field(table: DataFrame, picture: str) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the displacements dx and dy [H, W], or None if the table lacks the picture."""
    rows = table[(table["picture"] == picture) & (table["channel"] == 0)]
    return (_grid(rows, "dx")[..., 0], _grid(rows, "dy")[..., 0]) if len(rows) else None


def draw_deformation(panels: Sequence[Axes], table: DataFrame) -> None:
    """Draw the original and, below it, the deformed image with displacement arrows."""
    for axes, picture in zip(panels, ("original", "deformed"), strict=True):
        image = pixels(table, picture)
        if image is None:
            say(axes, "no picture")
            continue
        axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(True)
        axes.spines[:].set(linewidth=0.4, color=GREY)
    deformed = table[(table["picture"] == "deformed") & (table["channel"] == 0)]
    panels[1].set_title("deformed", loc="left")
    if len(deformed):
        _arrows(panels[1], deformed)


def _arrows(axes: Axes, deformed: DataFrame) -> None:
    """Draw how the content of some pixels moved: by (dx, dy), enlarged until neighbours touch."""
    dx, dy = _grid(deformed, "dx")[..., 0], _grid(deformed, "dy")[..., 0]
    height, width = dx.shape
    step = max(1, round(width / ARROWS))
    y, x = np.mgrid[step // 2 : height : step, step // 2 : width : step]
    u, v = dx[y, x], dy[y, x]
    longest = max(float(np.hypot(u, v).max()), 1e-12)
    axes.quiver(
        x, y, u, v, angles="xy", scale_units="xy", scale=longest / (1.2 * step), pivot="mid",
        color=NOISE, width=0.022, headwidth=3.4, headlength=3.4, headaxislength=3, minlength=0.5,
        edgecolor="white", linewidth=0.3,
    )  # fmt: skip


def _grid(rows: DataFrame, column: str) -> NDArray[np.float64]:
    """Return [H, W, C] of a column."""
    shape = tuple(int(rows[name].max()) + 1 for name in ("row", "column", "channel"))
    channel = rows["channel"].min()
    shape = (*shape[:2], shape[2] - int(channel))
    grid = np.zeros(shape)
    grid[rows["row"], rows["column"], rows["channel"] - channel] = rows[column]
    return grid
