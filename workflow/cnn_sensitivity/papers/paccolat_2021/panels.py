"""What several of the paper's figures draw: learning curves, neurons, their captions. No torch."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from pandas import DataFrame

from cnn_sensitivity.analysis.prose import listing, plural, runs_of
from cnn_sensitivity.drawing.style import GREY, LIGHT, Look, log_axis
from cnn_sensitivity.papers.paccolat_2021.rows import (
    END,
    INITIAL,
    T_STAR,
    Tables,
    below_most_error,
    joined,
    machines,
    measured,
    networks,
    over_seeds,
)

PLUS, MINUS = "#D55E00", "#0072B2"
"""Colours of the two signs of a neuron's bias."""
STATES = {INITIAL: "initialisation", T_STAR: "$t^*$", END: "end of training"}

CURVES = {
    "network": ("network, end", Look("#222222", "o")),
    "lazy": ("lazy: analytic kernel", Look("#D55E00", "s")),
    "initial": ("kernel, initial", Look("#E69F00", "^")),
    "final": ("kernel, end", Look("#0072B2", "v")),
    "stretched": ("initial, stretched by $\\lambda(t^*)$", Look("#009E73", "D")),
    "t_star": ("kernel at $t^*$ (ours)", Look("#CC79A7", "P")),
}
"""Learning curves, by what is learned with."""


def learning_curves(tables: Tables) -> DataFrame:
    """Return mean, low and high error of each curve at each size, of each data set.

    Columns: dataset, dimension, options, curve, train_size, mean, low, high, seeds.
    """
    sources = {
        "network": networks(tables),
        "lazy": machines(tables),
        "initial": measured(tables, "kernel_error", INITIAL),
        "final": measured(tables, "kernel_error", END),
        "stretched": measured(tables, "stretched_error", T_STAR),
        "t_star": measured(tables, "kernel_error", T_STAR),
    }
    keys = ["dataset", "dimension", "options"]
    parts = [
        over_seeds(rows).assign(curve=curve, **{name: rows[name].iloc[0] for name in keys})
        for curve, source in sources.items()
        for _, rows in below_most_error(source).groupby(keys, sort=False)
    ]
    return joined(parts)


def draw_curves(axes: Axes, table: DataFrame) -> None:
    """Draw the learning curves of one data set; bars are two standard errors over trainings."""
    for place, (curve, (label, look)) in enumerate(CURVES.items()):
        for _, line in table[table["curve"] == curve].groupby("options"):
            line = line.sort_values("train_size")
            # A little apart, so that bars do not hide each other.
            p = line["train_size"].to_numpy() * 1.025 ** (place - len(CURVES) / 2)
            mean = line["mean"].to_numpy()
            axes.plot(p, mean, color=look.colour, marker=look.marker, markersize=3.6, label=label)
            low = np.maximum(line["low"].to_numpy(), 0.3 * mean)  # an axis of logarithms has no 0
            axes.vlines(p, low, line["high"], color=look.colour, linewidth=0.8)
    axes.set_xlabel("training points $p$")
    axes.margins(x=0.14, y=0.06)  # guides have their slope at the right


def guide(axes: Axes, table: DataFrame, curve: str, beta: float, label: str) -> None:
    """Draw the predicted slope beside a curve, through its middle and a little above."""
    line = table[table["curve"] == curve]
    line = line[line["mean"] > 0]
    if line["train_size"].nunique() < 2:
        return
    p, logs = line["train_size"].to_numpy(dtype=float), np.log(line["mean"].to_numpy())
    ends = np.array([p.min(), p.max()])
    middle = logs.mean() + beta * np.log(p).mean()
    values = 1.35 * np.exp(middle - beta * np.log(ends))
    axes.plot(ends, values, color=GREY, linestyle=(0, (4, 2)), linewidth=1)
    axes.annotate(
        label, (ends[1], values[1]), textcoords="offset points", xytext=(2, 0), ha="left",
        va="center", fontsize=6.5, color=GREY,
    )  # fmt: skip


def finish(axes: Axes) -> None:
    """Make both axes logarithmic."""
    axes.autoscale_view()
    log_axis(axes, "x", "y")


def one_legend(axes_of: list[Axes]) -> None:
    """Put one legend below all panels, with each label once."""
    found: dict[str, Artist] = {}
    for axes in axes_of:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    figure = axes_of[0].figure
    figure.legend([*found.values()], [*found], loc="outside lower center", ncols=3)


def neurons(measurements: DataFrame) -> DataFrame:
    """Return a row a neuron of the first seed at the largest size, in each state.

    Columns: dataset, dimension, train_size, seed, state, neuron, bias, place_1, place_2, ...
    """
    rows = measurements[measurements["neuron"].notna()] if "neuron" in measurements else None
    if rows is None or rows.empty:
        return DataFrame()
    rows = rows[rows["train_size"] == rows["train_size"].max()]
    rows = rows[rows["seed"] == rows["seed"].min()]
    keys = ["dataset", "input_size", "train_size", "seed", "state", "neuron"]
    wide = rows.pivot_table(index=keys, columns="quantity", values="value").reset_index()
    return wide.rename(columns={"input_size": "dimension"}).rename_axis(columns=None)


def draw_neurons(axes: Axes, rows: DataFrame, across: int, up: int, limit: float = 3.5) -> None:
    """Draw neurons' places in two coordinates, by the sign of their bias; most lie within."""
    axes.axhline(0, color=LIGHT, linewidth=0.6, zorder=0)
    axes.axvline(0, color=LIGHT, linewidth=0.6, zorder=0)
    for colour, chosen in ((PLUS, rows["bias"] > 0), (MINUS, rows["bias"] <= 0)):
        axes.scatter(
            rows.loc[chosen, f"place_{across}"], rows.loc[chosen, f"place_{up}"], s=5,
            color=colour, alpha=0.6, linewidth=0,
        )  # fmt: skip
    axes.set_xlim(-limit, limit)
    axes.set_ylim(-limit, limit)
    axes.set_aspect("equal")
    axes.set_xticks([-3, 0, 3])
    axes.set_yticks([-3, 0, 3])
    axes.set_xlabel(f"$z_{across}$", labelpad=1)


def scale(rows: DataFrame) -> str:
    """Return a sentence on data, sizes and seeds of what is shown."""
    if rows.empty:
        return "There is nothing to show."
    datasets = listing(dict.fromkeys(rows["dataset"].astype(str)))
    sizes = sorted({int(size) for size in rows["train_size"]})
    shown = f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"
    text = f"Data: {datasets}; {shown} training points"
    if "seed" in rows:
        text += f"; {plural(rows['seed'].nunique(), 'seed')} ({runs_of(rows['seed'])})"
    elif "seeds" in rows:
        seeds = sorted({int(count) for count in rows["seeds"]})
        many = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
        text += f"; {many} trainings each"
    return f"{text}."
