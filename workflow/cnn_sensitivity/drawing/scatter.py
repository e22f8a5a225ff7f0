"""Test error against a sensitivity of the output, one point a network and seed, log-log."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame

from cnn_sensitivity.analysis.prose import plural
from cnn_sensitivity.analysis.statistics import FEWEST_POINTS, log_correlation
from cnn_sensitivity.analysis.theory import PowerLaw, fit_power_law
from cnn_sensitivity.analysis.units import architectures
from cnn_sensitivity.drawing.style import GREY, INK, Look, log_axis, looks, note

ERROR = r"test error $\varepsilon$"
OUTPUT_SYMBOLS = {"D": "$D_f$", "G": "$G_f$", "R": "$R_f$"}
COLUMNS = ["network", "seed", "noise", "train_size", "test_error", "D", "G", "R"]


def points_of(axes: Axes, rows: DataFrame, quantity: str, styles: Mapping[str, Look]) -> None:
    """Draw the points; of several training sizes those of the smaller are hollow, and smaller."""
    sizes = sorted(rows["train_size"].unique(), reverse=True)
    most = sizes[0] if sizes else 0
    for (network, size), group in rows.groupby(["network", "train_size"], sort=False):
        look = styles[str(network)]
        axes.plot(
            group[quantity],
            group["test_error"],
            linestyle="none",
            marker=look.marker,
            markerfacecolor=look.colour if size == most else "white",
            markeredgecolor="white" if size == most else look.colour,
            markeredgewidth=0.4 if size == most else 1.0,
            markersize=5.2 if size == most else 4.4 * _shrunk(size, sizes),
            zorder=3,
        )


def correlation_note(rows: DataFrame, quantity: str) -> str:
    """Return rho(eps, X) over networks, a point each, or that it is not defined."""
    points = _networks(rows, quantity)
    if len(points) < FEWEST_POINTS:
        return f"{plural(len(points), 'network')}:\nρ not defined"
    rho = log_correlation(points["test_error"], points[quantity])
    return f"$ρ$ = {rho:.2f}" if np.isfinite(rho) else "ρ not defined:\nno variation"


def fitted(rows: DataFrame, quantity: str) -> PowerLaw | None:
    """Return the power law of test error against the quantity, over networks; None without one."""
    points = _networks(rows, quantity)
    if len(points) < FEWEST_POINTS or not np.isfinite(
        log_correlation(points["test_error"], points[quantity])
    ):
        return None
    return fit_power_law(points[quantity], points["test_error"])


def _networks(rows: DataFrame, quantity: str) -> DataFrame:
    return architectures(rows, ["test_error", quantity]) if len(rows) else rows


def fit_line(axes: Axes, rows: DataFrame, quantity: str) -> None:
    """Draw the fitted power law over the range of the points, if it is defined."""
    law = fitted(rows, quantity)
    if law is None:
        return
    ends = np.array([rows[quantity].min(), rows[quantity].max()]) * np.array([0.8, 1.25])
    axes.plot(ends, law.prefactor * ends**law.exponent, color=INK, linewidth=1, zorder=2)


def finish(axes: Axes, rows: DataFrame, quantity: str, text: str) -> None:
    """Log axes, labels, and the note in a corner that the rising or falling line leaves free."""
    law = fitted(rows, quantity)
    axes.margins(0.12)
    axes.autoscale_view()
    log_axis(axes, "x", "y")
    axes.set_xlabel(OUTPUT_SYMBOLS[quantity])
    note(axes, text, "lower left" if law is not None and law.exponent < 0 else "upper left")


def network_legend(
    figure: Figure, networks: Iterable[str], extra: Iterable[Line2D] = (), columns: int = 5
) -> None:
    """Put one legend of the networks under the panels."""
    handles = [
        Line2D(
            [], [], linestyle="none", marker=look.marker, color=look.colour, label=name,
            markersize=5.5, markeredgecolor="white", markeredgewidth=0.4,
        )
        for name, look in looks(networks).items()
    ]  # fmt: skip
    handles += list(extra)
    if handles:
        figure.legend(
            handles=handles,
            loc="outside lower center",
            ncols=min(columns, len(handles)),
            columnspacing=1.2,
            handletextpad=0.3,
        )


def size_handles(rows: DataFrame) -> list[Line2D]:
    """Return legend entries that explain filled and hollow markers; none for one size."""
    sizes = sorted(rows["train_size"].unique(), reverse=True)
    return [
        Line2D(
            [], [], linestyle="none", marker="o", color=GREY, label=f"P = {int(size):,}",
            markerfacecolor=GREY if size == sizes[0] else "white",
            markersize=5 * _shrunk(size, sizes),
        )
        for size in reversed(sizes)
    ] if len(sizes) > 1 else []  # fmt: skip


def _shrunk(size: Any, sizes: list[Any]) -> float:
    """Return the factor on markers of this training size: 1 for the two largest, then ever less."""
    return 0.6 ** max(0, sizes.index(size) - 1)
