"""Circle: the tangent kernel between the points of a circle in the plane, before and after."""

import numpy as np
from matplotlib.axes import Axes
from pandas import DataFrame

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, letter, new_figure, say
from cnn_sensitivity.papers.paccolat_2021.panels import STATES, scale
from cnn_sensitivity.tasks.points.stripe import EDGES

RADIUS = np.sqrt(2)


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `measurements` of kernels on the circle."""
    rows = tables["measurements"]
    rows = rows[rows["train_size"] == rows["train_size"].max()]
    keys = ["dataset", "train_size", "state", "angle", "other_angle"]
    means = rows.groupby(keys)["value"].mean().reset_index()
    figure = new_figure(DOUBLE, 2.5)
    panels = figure.subplots(1, 3, sharey=True)
    image = None
    largest = means["value"].max()
    for axes, (state, title), mark in zip(panels, STATES.items(), "abc", strict=True):
        shown = means[means["state"] == state]
        if shown.empty:
            say(axes, "not measured")
            continue
        grid = shown.pivot(index="other_angle", columns="angle", values="value").to_numpy()
        half = 180 / len(grid)  # a pixel's middle is at its angle
        image = axes.imshow(
            grid, origin="lower", extent=(-half, 360 - half, -half, 360 - half), cmap="magma",
            vmin=0, vmax=largest,
        )  # fmt: skip
        _edges(axes)
        letter(axes, mark, title)
        axes.set_xlabel("angle of $x$")
    panels[0].set_ylabel("angle of the other point")
    if image is not None:
        figure.colorbar(image, ax=list(panels), label="$K$ / mean of $K(x, x)$", shrink=0.9)
    seeds = rows["seed"].nunique()
    text = caption(
        "The network's tangent kernel K between two points on the circle of radius √2, over the"
        " mean of K(x, x), by their angles in degrees from the informative axis"
        f" (mean over {seeds} seed{'' if seeds == 1 else 's'}). Lines: where the label changes.",
        scale(rows),
    )
    return Drawing(figure, means, text)


def label_changes() -> np.ndarray:
    """Return the angles on the circle, in degrees, at which the stripe's label changes."""
    angles = np.rad2deg(np.arccos(np.array(EDGES) / RADIUS))
    return np.sort(np.concatenate([angles, 360 - angles]))


def _edges(axes: Axes) -> None:
    for angle in label_changes():
        axes.axvline(angle, color="white", linewidth=0.4, alpha=0.7)
        axes.axhline(angle, color="white", linewidth=0.4, alpha=0.7)
    axes.set_xticks([0, 90, 180, 270, 360])
    axes.set_yticks([0, 90, 180, 270, 360])
