"""Filter spectra: each Laplacian mode's weight in each layer, a panel a network and state."""

from collections.abc import Sequence
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from pandas import DataFrame

from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.selection import filters, spectra
from cnn_sensitivity.drawing.captions import caption, scale
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import (
    DOUBLE,
    GREY,
    LIGHT,
    SINGLE,
    log_axis,
    looks,
    new_figure,
    say,
)

_VIRIDIS = ("#440154", "#414487", "#2a788e", "#22a884", "#7ad151")
DEPTHS = LinearSegmentedColormap.from_list("depth", _VIRIDIS)  # without viridis' faint yellow end
PER_ROW = 4
_TITLES = {"initial": "initialisation", "trained": "trained"}
HOW = (
    "Weights of a layer sum to one; modes of one eigenvalue are averaged, since they are defined"
    " only up to a rotation; a dashed line marks 1/F², the weight of every mode of white filters."
)


def draw_trained(spectrum: DataFrame, networks: str) -> Drawing:
    """Return a figure of networks at initialisation and trained; `networks` says which."""
    selection = filters(spectrum)
    figure, data = draw_spectra(selection.rows, ("initial", "trained"))
    text = caption(
        "Weight of each Laplacian mode l in the filters of each layer k, at initialisation and"
        f" after training, for {networks}.",
        HOW,
        scale(selection.rows),
        left_out(selection.left_out),
    )
    return Drawing(figure, data, text)


def draw_spectra(
    spectrum: DataFrame, states: Sequence[str], nothing: str = "No network learned."
) -> tuple[Figure, DataFrame]:
    """Return the figure of one panel a network and state, and the plotted weights."""
    if spectrum.empty:
        figure = new_figure(SINGLE, 1.6)
        say(figure.subplots(), nothing)
        columns = ["network", "state", "layer_index", "layer", "filter_size", "eigenvalue"]
        return figure, DataFrame(columns=[*columns, "mode", "modes", "weight", "depth"])
    table = spectra(spectrum)
    table = table[table["state"].isin(states)].reset_index(drop=True)
    wanted = [(name, state) for name in looks(table["network"].unique()) for state in states]
    figure, panels = _grid(len(wanted))
    for axes, (network, state) in zip(panels, wanted, strict=False):
        rows = table[(table["network"] == network) & (table["state"] == state)]
        _panel(axes, rows)
        axes.set_title(f"{network}\n{_TITLES[state]}" if len(states) > 1 else network)
    log_axis(panels[0], "y")
    figure.supxlabel("mode $l$", fontsize=8.5)
    figure.supylabel(r"$\gamma_{k,l}\,/\,\sum_l \gamma_{k,l}$", fontsize=8.5)
    colours = ScalarMappable(Normalize(0, 1), DEPTHS)
    lines = ceil(len(wanted) / PER_ROW)
    bar = figure.colorbar(
        colours, ax=panels, aspect=18, pad=0.015, fraction=0.03, shrink=1 / lines, anchor=(0, 1)
    )
    bar.set_label("relative depth of layer $k$")
    bar.set_ticks([0, 0.5, 1], labels=["first", "", "last"])
    bar.outline.set_visible(False)  # type: ignore[operator]
    return figure, table


def _panel(axes: Axes, rows: DataFrame) -> None:
    for size in sorted(rows["filter_size"].unique()):
        axes.axhline(1 / size**2, color=LIGHT, linewidth=0.9, linestyle=(0, (4, 2)), zorder=0)
        axes.annotate(
            f"1/{int(size) ** 2}", (1, 1 / size**2), (2, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", fontsize=6, color=GREY, va="center", annotation_clip=False,
        )  # fmt: skip
    for _, layer in rows.groupby("layer_index"):
        layer = layer.sort_values("mode")
        axes.plot(
            layer["mode"],
            layer["weight"].where(layer["weight"] > 0, np.nan),
            color=DEPTHS(float(layer["depth"].iloc[0])),
            marker="o",
            markersize=2.6,
            linewidth=1,
        )
    most = int(rows["filter_size"].max()) ** 2
    axes.set_xticks(np.unique(np.linspace(1, most, min(5, most)).round()))


def _grid(count: int) -> tuple[Figure, list[Axes]]:
    columns = min(PER_ROW, count)
    lines = ceil(count / columns)
    width = {1: SINGLE, 2: 4.8}.get(columns, DOUBLE)
    figure = new_figure(width, 1.65 * lines + 0.45)
    panels = list(figure.subplots(lines, columns, sharey=True, squeeze=False).flat)
    for spare in panels[count:]:
        spare.set_axis_off()
    return figure, panels
