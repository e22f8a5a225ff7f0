"""The right part of Figure 1: correlations of test error with D, G, R against training noise."""

import numpy as np
from matplotlib.axes import Axes
from pandas import DataFrame

from cnn_sensitivity.analysis.intervals import UNDEFINED, pearson
from cnn_sensitivity.analysis.selection import QUANTITIES
from cnn_sensitivity.analysis.statistics import log_correlation
from cnn_sensitivity.analysis.units import architectures
from cnn_sensitivity.drawing.pictures import pixels
from cnn_sensitivity.drawing.style import (
    GREY,
    LIGHT,
    QUANTITY_COLOURS,
    QUANTITY_MARKERS,
    say,
)

COLUMNS = ["noise", "quantity", "rho", "low", "high", "networks"]


def correlation_table(rows: DataFrame) -> DataFrame:
    """Return rho(eps, X) over networks, with its interval, for each noise level and X.

    Both are nan where they are not defined. A network is one point, the mean of its seeds.
    """
    records = []
    for noise, level in rows.groupby("noise"):
        for quantity in QUANTITIES:
            points = architectures(level, ["test_error", quantity])
            logs = np.log(points["test_error"]), np.log(points[quantity])
            rho = log_correlation(points["test_error"], points[quantity])
            low, high = pearson(*logs)(0.95) if np.isfinite(rho) else UNDEFINED
            records.append((noise, quantity, rho, low, high, len(points)))
    return DataFrame(records, columns=COLUMNS)


def draw_correlations(axes: Axes, table: DataFrame, pictures: DataFrame) -> None:
    """Draw the panel: a place for each noise level, so that 0 has one, with its noisy image."""
    defined = table[table["rho"].notna()]
    levels = sorted(table["noise"].unique())
    if defined.empty:
        say(axes, "ρ is not defined:\nfewer than 3 points\nat every noise level.")
        return
    for offset, quantity in zip((-0.12, 0, 0.12), QUANTITIES, strict=True):
        line = defined[defined["quantity"] == quantity]
        x = np.array([levels.index(noise) for noise in line["noise"]]) + offset
        colour = QUANTITY_COLOURS[quantity]
        known = np.isfinite(line["low"]).to_numpy()
        axes.vlines(
            x[known], line["low"][known], line["high"][known], color=colour, linewidth=1, alpha=0.6
        )
        axes.plot(
            x, line["rho"], color=colour, marker=QUANTITY_MARKERS[quantity], linewidth=1,
            label=rf"$ρ(\varepsilon, {quantity}_f)$", markersize=4.2,
        )  # fmt: skip
    axes.axhline(0, color=LIGHT, linewidth=0.8, zorder=0)
    side = min(0.92 / len(levels), 0.2)
    # The samples stand at the top, the legend between them and the data, which end at 1.12.
    axes.set_ylim(-1.08, -1.08 + 2.2 / (0.9 - side))
    axes.set_yticks([-1, -0.5, 0, 0.5, 1], ["-1", "-0.5", "0", "0.5", "1"])
    axes.set_xlim(-0.6, len(levels) - 0.4)
    axes.set_xticks(range(len(levels)), [f"{level:g}" for level in levels])
    axes.set_xlabel("noise magnitude")
    axes.set_ylabel(r"correlation $ρ(\varepsilon, X)$")
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, 0.975 - side), ncols=3, fontsize=7,
        columnspacing=1.2, handlelength=1.4, handletextpad=0.4, borderpad=0, borderaxespad=0,
    )  # fmt: skip
    axes.spines["left"].set_bounds(-1.08, 1.08)
    _samples(axes, levels, side, pictures)


def _samples(axes: Axes, levels: list[float], side: float, pictures: DataFrame) -> None:
    """Put the noisy image of each level above its place."""
    width = 1 / (len(levels) + 0.2)
    for place, level in enumerate(levels):
        image = pixels(pictures, f"noise-{level:g}")
        if image is None:
            continue
        centre = (place + 0.6) * width
        inset = axes.inset_axes((centre - side / 2, 1 - side, side, side))
        inset.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest", aspect="equal")
        inset.set_xticks([])
        inset.set_yticks([])
        inset.spines[:].set_visible(True)
        inset.spines[:].set(linewidth=0.4, color=GREY)
