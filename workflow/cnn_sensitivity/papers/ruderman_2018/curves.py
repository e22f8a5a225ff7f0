"""Curves against layers, with the paper's own behind them. No torch."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from pandas import DataFrame

from cnn_sensitivity.analysis.prose import span
from cnn_sensitivity.drawing.captions import seeds
from cnn_sensitivity.drawing.style import GREY, Look, looks, say
from cnn_sensitivity.papers.ruderman_2018.authors import curve
from cnn_sensitivity.papers.ruderman_2018.experiments import NAMES, VARIANTS

DISTANCE = "normalised cosine distance $d$"
VARIATION = "normalised total variation"
PUBLISHED = "Faint dashed lines: the paper's figure"
_FAINT = {"linestyle": (0, (3, 1.5)), "linewidth": 0.9, "alpha": 0.45, "zorder": 1}


def network_looks(names: Sequence[str]) -> dict[str, Look]:
    """Return the look of each of the five networks that is there, in the paper's order."""
    known = looks(VARIANTS)
    return {name: known[name] for name in VARIANTS if name in names}


def mean_curves(rows: DataFrame, value: str, by: str = "network") -> DataFrame:
    """Return mean, low, high and seeds at each place: low and high are two deviations away."""
    groups = rows.groupby([by, "place"], sort=False)[value]
    table = groups.agg(mean="mean", sd="std", seeds="count").reset_index()
    spread = 2 * table["sd"].fillna(0)
    table = table.assign(low=table["mean"] - spread, high=table["mean"] + spread)
    return table.drop(columns="sd").rename(columns={by: "curve"})


def draw_curves(
    axes: Axes, table: DataFrame, styles: Mapping[str, Look], panel: str | None, empty: str
) -> None:
    """Draw each curve with its band, and faintly behind it the paper's curve of that name."""
    if table.empty:
        say(axes, empty)
        return
    for name, look in styles.items():
        line = table[table["curve"] == name].sort_values("place")
        x, y = line["place"].to_numpy(), line["mean"].to_numpy()
        axes.plot(x, y, color=look.colour, marker=look.marker, markersize=3.4)
        axes.fill_between(x, line["low"], line["high"], color=look.colour, alpha=0.13, linewidth=0)
        if panel is not None and len(published := curve(panel, name)):
            axes.plot(published.index, published, color=look.colour, **_FAINT)  # type: ignore[arg-type]
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def mark_downsampling(axes: Axes, table: DataFrame) -> None:
    """Mark the layers of downsampling: 3, 6, 9, 12 of the networks of two convolutions a block."""
    for place in (3, 6, 9, 12):
        if place in set(table.get("place", ())):
            axes.axvline(place, color="#e6e6e6", linewidth=0.8, zorder=0)


def legend(
    figure: Figure, styles: Mapping[str, Look], names: Mapping[str, str], paper: str = ""
) -> None:
    """Put one legend below all panels: the curves, and what faint lines are."""
    handles = [
        Line2D(
            [], [], color=look.colour, marker=look.marker, markersize=4, label=names.get(name, name)
        )
        for name, look in styles.items()
    ]
    if paper:
        handles.append(Line2D([], [], color=GREY, label=paper, **_FAINT))  # type: ignore[arg-type]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 6))


def rising_colours(names: Sequence[str]) -> dict[str, Look]:
    """Return looks from light to dark for curves that have an order."""
    shades = ("#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#08519c", "#08306b", "#041836")
    markers = ("o", "s", "^", "D", "v", "P", "X")
    places = np.linspace(0, len(shades) - 1, max(len(names), 1)).round().astype(int)
    return {
        name: Look(shades[place], marker)
        for name, place, marker in zip(names, places, markers, strict=False)
    }


def name_of(network: str) -> str:
    """Return the paper's name of a network."""
    return NAMES.get(network, network)


def scale(rows: DataFrame) -> str:
    """Return a sentence on the data, the width and the seeds."""
    if rows.empty:
        return "There is nothing to show."
    data = "; ".join(dict.fromkeys(rows["dataset"].astype(str)))
    return (
        f"Data: {data}; {span(rows['train_size'])} training images, {span(rows['epochs'])} epoch"
        f"{'' if rows['epochs'].max() == 1 else 's'};"
        f" width factor {span(rows['width'])}; {seeds(rows)}."
    )
