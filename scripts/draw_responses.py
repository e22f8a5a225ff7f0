"""Draw how trained one-dimensional networks without stride spread one active pixel, layer by layer.

Reads a checkpoint of `SimpleCNN1D` networks with stride 1; writes a picture, its numbers and its
caption. From the repository's root:

    PYTHONPATH=workflow python scripts/draw_responses.py CHECKPOINT --output docs/responses
"""

import argparse
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from pandas import DataFrame, concat

from cnn_sensitivity import checkpoints
from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing, save
from cnn_sensitivity.drawing.spectra import DEPTHS
from cnn_sensitivity.drawing.style import DOUBLE, INK, STYLE, new_figure
from cnn_sensitivity.measures.receptive_field import responses
from cnn_sensitivity.networks.constant_filter import constant_filter_network

STEP = 4
"""Each fourth layer is drawn."""


def main() -> None:
    """Measure, and write `output`.png, .csv and .txt."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--output", type=Path, required=True, metavar="STEM")
    arguments = parser.parse_args()
    checkpoint = checkpoints.load(arguments.checkpoint)
    length = checkpoint.metadata["dataset"]["image_size"]
    options = checkpoint.settings.network.options
    homogeneous = constant_filter_network(options["blocks"], options["filter_size"], 1)
    expected = profiles(responses(homogeneous, length)).rename(columns={"response": "homogeneous"})
    measured = [
        profiles(responses(checkpoint.network(seed, "last"), length)).assign(seed=seed)
        for seed in checkpoint.seeds
    ]
    table = concat(measured, ignore_index=True).merge(expected, on=["layer", "offset"])
    with matplotlib.rc_context(STYLE):
        save(drawing(table), arguments.output)


def profiles(layers: dict[str, NDArray[np.float64]]) -> DataFrame:
    """Return layer, offset (pixels) and response, whose largest is 1 in each layer.

    Without stride every pixel is answered alike: the one in the middle stands for all.
    """
    parts = []
    for layer, rows in enumerate(layers.values(), start=1):
        middle = len(rows) // 2
        response = rows[middle] / np.abs(rows[middle]).max()
        offset = np.arange(len(rows)) - middle
        parts.append(DataFrame({"layer": layer, "offset": offset, "response": response}))
    return concat(parts, ignore_index=True)


def drawing(table: DataFrame) -> Drawing:
    """Return a column a seed, a row a layer."""
    deepest = int(table["layer"].max())
    layers = range(1 + (deepest - 1) % STEP, deepest + 1, STEP)
    seeds = table["seed"].unique()
    reach = int(table.loc[table["homogeneous"] > 0, "offset"].max()) + 1
    shown = table[table["layer"].isin(layers) & (table["offset"].abs() <= reach)]
    figure = new_figure(DOUBLE, 0.62 * len(layers) + 0.6)
    grid = figure.subplots(len(layers), len(seeds), sharex=True, sharey=True, squeeze=False)
    for column, seed in zip(grid.T, seeds, strict=True):
        column[0].set_title(f"seed {seed}")
        column[-1].set_xlabel("distance from the active pixel")
        for axes, layer in zip(column, layers, strict=True):
            draw(axes, shown.query("seed == @seed and layer == @layer"), layer / deepest)
    for axes, layer in zip(grid[:, 0], layers, strict=True):
        axes.set_ylabel(f"$k={layer}$", rotation=0, ha="right", va="center")
    text = caption(
        "What one active pixel changes in the layers k of trained networks without stride, averaged"
        " over channels, and what it changes with homogeneous filters (dashed); the largest is 1.",
    )
    return Drawing(figure, shown, text)


def draw(axes: Axes, rows: DataFrame, depth: float) -> None:
    """Draw one layer's response, and that of homogeneous filters."""
    colour = DEPTHS(depth)
    axes.fill_between(
        rows["offset"], rows["response"], step="mid", color=colour, alpha=0.3, linewidth=0
    )
    axes.step(rows["offset"], rows["response"], where="mid", color=colour)
    axes.step(
        rows["offset"],
        rows["homogeneous"],
        where="mid",
        color=INK,
        linewidth=0.8,
        linestyle=(0, (4, 2)),
    )
    axes.set_yticks([0, 1])


if __name__ == "__main__":
    main()
