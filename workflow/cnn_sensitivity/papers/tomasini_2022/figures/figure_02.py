"""Figure 2: why spatial pooling and channel pooling make a representation less sensitive."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.patches import ConnectionPatch
from numpy.typing import NDArray
from pandas import DataFrame

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, GREY, INK, new_figure


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `pooling`."""
    table = tables["pooling"]
    figure = new_figure(DOUBLE, 2.75)
    parts = figure.subfigures(1, 2, squeeze=False, width_ratios=[1, 1.45], wspace=0.06)
    left, right = parts[0]
    before, after = _spatial(left, table)
    _channel(right, table)
    text = caption(
        "(a) Spatial pooling: a representation with one active pixel, the same shifted by a pixel,"
        " and both after average pooling over 2 x 2 pixels with stride 1. The squared distance of"
        f" the two, relative to their squared norm, falls from {before:.2g} to {after:.2g}.",
        "(b) Channel pooling: a pattern and its quarter turn, two channels with filters that are"
        " quarter turns of each other, and the average of the two channels: each channel answers"
        " to one pose only, their average is the same for both.",
        "Both are computed examples.",
    )
    return Drawing(figure, table, text)


def relative_distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return ||a - b||^2 relative to the mean squared norm of a and b."""
    return float(np.sum((a - b) ** 2) / ((np.sum(a**2) + np.sum(b**2)) / 2))


def _spatial(figure: SubFigure, table: DataFrame) -> tuple[float, float]:
    images = {
        name: _image(table, "spatial", name)
        for name in ("input", "shifted", "pooled_input", "pooled_shifted")
    }
    grid = figure.subplots(2, 2)
    _title(figure, "a", "spatial pooling")
    for line, (raw, pooled) in enumerate(
        (("input", "pooled_input"), ("shifted", "pooled_shifted"))
    ):
        _show(grid[line, 0], images[raw])
        _show(grid[line, 1], images[pooled])
        _arrow(figure, grid[line, 0], grid[line, 1])
    grid[0, 0].set_ylabel("$x$", rotation=0, labelpad=8, va="center")
    grid[1, 0].set_ylabel(r"$\tau x$", rotation=0, labelpad=8, va="center")
    distances = (
        relative_distance(images["input"], images["shifted"]),
        relative_distance(images["pooled_input"], images["pooled_shifted"]),
    )
    for axes, name, distance in zip(grid[1], ("input", "pooled"), distances, strict=True):
        axes.set_xlabel(f"{name}\nrelative distance {distance:.2g}")
    return distances


def _channel(figure: SubFigure, table: DataFrame) -> None:
    grid = figure.subplots(3, 4)
    _title(figure, "b", "channel pooling")
    grid[0, 0].set_axis_off()
    for column in (1, 2):
        _show(grid[0, column], _image(table, "channel", f"filter_{column}"), signed=True)
        grid[0, column].set_title(f"filter {column}", fontsize=8)
    grid[0, 3].set_axis_off()
    for line, pose in enumerate(("upright", "rotated"), start=1):
        names = [f"{name}_{pose}" for name in ("input", "response_1", "response_2", "average")]
        largest = max(_image(table, "channel", name).max() for name in names[1:])
        for axes, name in zip(grid[line], names, strict=True):
            image = _image(table, "channel", name)
            _show(axes, image, largest=1 if name.startswith("input") else largest)
            if image.size == 1:
                value = float(image[0, 0])
                colour = "white" if value > 0.55 * largest else INK
                axes.text(0, 0, f"{value:g}", ha="center", va="center", color=colour)
        _arrow(figure, grid[line, 0], grid[line, 1])
        _arrow(figure, grid[line, 2], grid[line, 3])
        grid[line, 0].set_ylabel(
            ("$x$", r"$\tau x$")[line - 1], rotation=0, labelpad=8, va="center"
        )
    for axes, name in zip(grid[2], ("input", "channel 1", "channel 2", "pooled"), strict=True):
        axes.set_xlabel(name)


def _title(figure: SubFigure, panel: str, text: str) -> None:
    figure.suptitle(rf"$\mathbf{{{panel}}}$   {text}", x=0.02, ha="left", fontsize=8.5)


def _image(table: DataFrame, panel: str, picture: str) -> NDArray[np.float64]:
    rows = table[(table["panel"] == panel) & (table["picture"] == picture)]
    return rows.pivot(index="row", columns="column", values="value").to_numpy(dtype=float)


def _show(
    axes: Axes, image: NDArray[np.float64], signed: bool = False, largest: float = 1.0
) -> None:
    limit = float(np.abs(image).max()) if signed else largest
    scale: dict[str, Any] = (
        {"cmap": "PuOr_r", "vmin": -limit, "vmax": limit}
        if signed
        else {"cmap": "Blues", "vmin": 0, "vmax": limit * 1.15}
    )
    axes.imshow(image, **scale)
    height, width = image.shape
    axes.set_xticks(np.arange(width + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(height + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.2)
    axes.tick_params(which="both", length=0)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set(linewidth=0.6, color=GREY)


def _arrow(figure: SubFigure, start: Axes, end: Axes) -> None:
    arrow = ConnectionPatch(
        (1.06, 0.5), (-0.06, 0.5), "axes fraction", "axes fraction", axesA=start, axesB=end,
        arrowstyle="-|>", mutation_scale=7, color=GREY, linewidth=0.9,
    )  # fmt: skip
    figure.add_artist(arrow)
