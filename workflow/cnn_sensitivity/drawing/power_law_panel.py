"""Panels of power laws: a sensitivity of each layer against its width, fitted and predicted."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from pandas import DataFrame, concat

from cnn_sensitivity.analysis import power_laws
from cnn_sensitivity.analysis.selection import over_seeds
from cnn_sensitivity.analysis.theory import predicted_exponents
from cnn_sensitivity.drawing.style import Look, log_axis

LOOKS = (Look("#0072B2", "o"), Look("#D55E00", "s"), Look("#009E73", "^"), Look("#AA4499", "D"))
QUANTITIES = {"D": r"$D_k$", "G": r"$G_k$"}


def means(rows: DataFrame) -> DataFrame:
    """Return mean, low and high over seeds of D_k and G_k of the layers, a row for each quantity.

    `rows`: from `power_laws.layers`, with one A for a layer of all seeds.
    """
    keys = ["network", "filter_size", "stride", "layer", "A", "field"]
    columns = [*keys, "mean", "low", "high", "seeds", "quantity", "fitted"]
    if rows.empty:
        return DataFrame(columns=columns)
    positive = rows[(rows["D"] > 0) & (rows["G"] > 0)]
    in_range = positive.groupby(["network", "layer"])["fitted"].first()
    parts = [over_seeds(positive, keys, name).assign(quantity=name) for name in QUANTITIES]
    return concat(parts, ignore_index=True).join(in_range, on=["network", "layer"])[columns]


def of_points(rows: DataFrame) -> str:
    """Return what a caption says of the points, if there are several seeds."""
    several = not rows.empty and rows["seed"].nunique() > 1
    return "Points are means over seeds, bars their range." if several else ""


def draw_power_laws(axes: Axes, data: DataFrame, rows: DataFrame, quantity: str) -> None:
    """Draw one quantity of `means` against A on logarithmic axes; `rows` are fitted."""
    for look, name, line in lines(data[data["quantity"] == quantity]):
        stride, network = int(line["stride"].iloc[0]), str(line["network"].iloc[0])
        fitted = rows[(rows["network"] == network) & rows["fitted"].astype(bool)]
        value = power_laws.exponent(fitted["A"].to_numpy(), fitted[quantity].to_numpy())
        _line(axes, line, look, _label(name, stride, value, quantity))
        _prediction(axes, line, look, stride, quantity)
    axes.margins(0.08)
    axes.autoscale_view()
    log_axis(axes, "x", "y")
    axes.set_ylabel(QUANTITIES[quantity])


def lines(data: DataFrame) -> Iterator[tuple[Look, str, DataFrame]]:
    """Yield each network's look, its name in a legend, and its rows."""
    shown = data.groupby(["stride", "network"], sort=True)
    for position, ((stride, network), line) in enumerate(shown):
        name = "no stride" if stride == 1 else f"stride {stride}"
        yield LOOKS[position % len(LOOKS)], name if shown.ngroups <= 2 else str(network), line


def _label(name: str, stride: int, value: float, quantity: str) -> str:
    alpha_d, alpha_g = predicted_exponents(stride)
    predicted = -alpha_d if quantity == "D" else alpha_g
    fit = f"fit {value:.2f}" if np.isfinite(value) else "too few layers to fit"
    return f"{name}: {fit}, theory {predicted:g}"


def _line(axes: Axes, line: DataFrame, look: Look, label: str) -> None:
    line = line.sort_values("A")
    inside = line["fitted"].astype(bool).to_numpy()
    a, mean = line["A"].to_numpy(), line["mean"].to_numpy()
    axes.plot(a, mean, color=look.colour, linewidth=0.8, alpha=0.5)
    axes.vlines(a, line["low"], line["high"], color=look.colour, linewidth=0.9)
    axes.plot(
        a[inside], mean[inside], linestyle="none", marker=look.marker, color=look.colour,
        label=label,
    )  # fmt: skip
    axes.plot(
        a[~inside], mean[~inside], linestyle="none", marker=look.marker, color=look.colour,
        markerfacecolor="white",
    )  # fmt: skip


def _prediction(axes: Axes, line: DataFrame, look: Look, stride: int, quantity: str) -> None:
    """Draw the predicted power law through the geometric mean of the fitted points."""
    inside = line[line["fitted"].astype(bool)]
    if inside.empty:
        return
    alpha_d, alpha_g = predicted_exponents(stride)
    power = -alpha_d if quantity == "D" else alpha_g
    log_a, log_mean = np.log(inside["A"]), np.log(inside["mean"])
    ends = np.array([inside["A"].min() / 1.15, inside["A"].max() * 1.15])
    values = np.exp(log_mean.mean() + power * (np.log(ends) - log_a.mean()))
    axes.plot(ends, values, color=look.colour, linestyle=(0, (4, 2)), linewidth=1.2)
