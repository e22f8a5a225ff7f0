"""Figure 2: the sphere around an image: deformations and random directions at one distance."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Ellipse
from pandas import DataFrame

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.pictures import pixels
from cnn_sensitivity.drawing.style import DOUBLE, GREY, INK, LIGHT, NOISE, letter, new_figure

GREEN = "#009E73"
TILT = 28.0
"""Of the drawn circle of deformations, in degrees."""
FLAT = 0.32
"""Ratio of that circle's axes as it is seen."""


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sphere`."""
    table = tables["sphere"]
    pictures = list(dict.fromkeys(table["picture"]))
    deformed = [name for name in pictures if name.startswith("deformed")]
    noisy = [name for name in pictures if name.startswith("noisy")]
    figure = new_figure(DOUBLE, 2.6)
    columns = max(len(deformed), len(noisy))
    grid = figure.add_gridspec(2, 2 + columns, width_ratios=[2.4, *[1] * (1 + columns)])
    _sketch(figure.add_subplot(grid[:, 0]))
    original = figure.add_subplot(grid[:, 1])
    _show(original, table, "original", "$x$", INK)
    for line, (names, label, colour) in enumerate(
        ((deformed, r"$\tau x$", GREEN), (noisy, r"$x + \eta$", NOISE))
    ):
        for column, name in enumerate(names, start=2):
            axes = figure.add_subplot(grid[line, column])
            _show(axes, table, name, label, colour)
            if line == 0 and column == 2:
                letter(axes, "b", "at one distance from $x$")
    return Drawing(figure, _data(table), _caption(table))


def circle_of_deformations(count: int = 181) -> np.ndarray:
    """Return points [count, 2] of the sketched curve on the unit sphere, the hidden half first.

    A great circle seen from the side: an ellipse that touches the sphere's outline twice.
    """
    angle = np.linspace(0, 2 * np.pi, count)
    flat = np.stack([np.cos(angle), FLAT * np.sin(angle)])
    turn = np.deg2rad(TILT)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return (rotation @ flat).T


def _sketch(axes: Axes) -> None:
    letter(axes, "a", r"perturbations of size $r$")
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_xlim(-1.05, 1.5)
    axes.set_ylim(-1.12, 1.12)
    axes.add_patch(Circle((0, 0), 1, facecolor="#f3f3f3", edgecolor=GREY, linewidth=0.9))
    axes.add_patch(
        Ellipse((0, 0), 2, 0.5, facecolor="none", edgecolor=LIGHT, linewidth=0.7, zorder=1.5)
    )
    curve = circle_of_deformations()
    half = len(curve) // 2
    axes.plot(*curve[: half + 1].T, color=GREEN, linestyle=(0, (3, 2)), linewidth=0.9, alpha=0.5)
    axes.plot(*curve[half:].T, color=GREEN, linestyle=(0, (3, 2)), linewidth=1.6)
    front, point = curve[half + 45], np.array([-0.38, 0.74])
    for (x, y), colour, text, (right, up) in (
        (front, GREEN, r"$\tau x$", (0.08, -0.1)),
        (point, NOISE, r"$x + \eta$", (0.09, 0.03)),
    ):
        axes.plot([0, x], [0, y], color=colour, linewidth=0.9)
        axes.plot(x, y, "o", color=colour, markersize=5)
        axes.text(x + right, y + up, text, color=colour, va="center", fontsize=9)
    axes.plot(0, 0, "o", color=INK, markersize=5)
    axes.text(0.08, 0.08, "$x$", fontsize=9)
    axes.text(point[0] / 2 + 0.06, point[1] / 2 + 0.02, "$r$", color=NOISE)
    x, y = 1.06 * curve[4]
    axes.text(x, y, "deformations\nof $x$", color=GREEN, fontsize=7.5, va="bottom")


def _show(axes: Axes, table: DataFrame, picture: str, label: str, colour: str) -> None:
    image = pixels(table, picture)
    if image is not None:
        axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set(linewidth=1.1, color=colour)
    axes.set_xlabel(label, color=colour, labelpad=2)


def _data(table: DataFrame) -> DataFrame:
    """Return the distance of each image that is shown."""
    return table[["picture", "distance"]].drop_duplicates("picture").reset_index(drop=True)


def _caption(table: DataFrame) -> str:
    distance = table["distance"][table["picture"] == "deformed-0"].iloc[0]
    return caption(
        "(a) A sketch of the space of images around an image x, with the sphere of perturbations of"
        " one size r. Dashed: where the images that typical deformations make of x meet the sphere."
        " A random direction, here Gaussian noise on all pixels, ends elsewhere on it. The relative"
        " sensitivity R_f is how much a network changes along the dashed curve, relative to random"
        " directions.",
        "(b) A test image x, deformations of it and noises, all at the distance"
        f" r = {distance:.2g} ||x - mean pixel of x||; values beyond black and white are cut off.",
        "After Figure 2 of Petrini et al. 2021; (b) is computed.",
    )
