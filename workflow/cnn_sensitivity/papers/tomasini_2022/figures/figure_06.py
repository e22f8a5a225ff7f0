"""Figure 6: activations of constant-filter networks, layer by layer."""

from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from pandas import DataFrame, concat

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.spectra import DEPTHS
from cnn_sensitivity.drawing.style import DOUBLE, letter, new_figure

MOST_LAYERS = 6
"""Rows of a column; of deeper networks every second, third ... layer is shown."""
CASES = {"no_stride": "without stride", "stride": "with stride"}


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `activations`."""
    table = tables["activations"]
    cases = [case for case in CASES if (table["case"] == case).any()]
    shown = {case: _shown_layers(table[table["case"] == case]) for case in cases}
    rows = max(len(layers) for layers in shown.values())
    figure = new_figure(DOUBLE, 0.5 * rows + 0.75)
    parts = figure.subfigures(1, len(cases), squeeze=False)[0]
    described, tables_shown = [], []
    for part, panel, case in zip(parts, "ab", cases, strict=False):
        signals = table[table["case"] == case]
        signals = signals[signals["layer"].isin(shown[case])]
        size, stride = int(signals["filter_size"].iloc[0]), int(signals["stride"].iloc[0])
        _column(
            part, signals, shown[case], rows, f"{CASES[case]} ($F={size}$, $s={stride}$)", panel
        )
        described.append(f"({panel}) filter size {size}, stride {stride}")
        tables_shown.append(signals)
    text = caption(
        "Activations of one-dimensional networks whose filters are constant, layer by layer, for an"
        f" input with two active pixels: {'; '.join(described)}.",
        "Without stride the pulses broaden into Gaussians; with stride the representation is"
        " coarse-grained into cells. Each row has its own vertical scale.",
    )
    columns = ["case", "filter_size", "stride", "layer", "position", "value"]
    return Drawing(figure, concat(tables_shown, ignore_index=True)[columns], text)


def _shown_layers(signals: DataFrame) -> list[int]:
    """Return the layers to show: the input, the last one, and every n-th between."""
    last = int(signals["layer"].max())
    step = max(1, ceil(last / (MOST_LAYERS - 1)))
    return [0, *range(last, 0, -step)[::-1]]


def _column(
    part: SubFigure, signals: DataFrame, layers: list[int], rows: int, title: str, panel: str
) -> None:
    grid = part.subplots(rows, 1, squeeze=False)[:, 0]
    letter(grid[0], panel, title)
    length = int((signals["layer"] == 0).sum())
    for axes in grid[len(layers) :]:
        axes.set_axis_off()
    for axes, layer in zip(grid, layers, strict=False):
        _signal(axes, signals[signals["layer"] == layer], length, layer / max(layers[-1], 1))
        label = "input" if layer == 0 else f"$k={layer}$"
        axes.set_ylabel(label, rotation=0, ha="right", va="center", labelpad=5)
    last = grid[len(layers) - 1]
    last.spines["bottom"].set_visible(True)
    last.tick_params(labelbottom=True, length=3)
    last.set_xticks([0, length // 2, length])
    last.set_xlabel("position (input pixels)")


def _signal(axes: Axes, signal: DataFrame, length: int, depth: float) -> None:
    """Draw one layer as cells, each as wide as the input pixels that it stands for."""
    values = signal.sort_values("position")["value"].to_numpy(dtype=float)
    edges = np.linspace(0, length, len(values) + 1)
    colour = DEPTHS(depth)
    axes.stairs(values, edges, fill=True, color=colour, alpha=0.3, linewidth=0)
    axes.stairs(values, edges, color=colour, linewidth=1)
    axes.set_xlim(0, length)
    axes.set_ylim(0, max(values.max(), 1e-12) * 1.12)
    axes.set_yticks([])
    axes.set_xticks([])
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set(linewidth=0.4)
