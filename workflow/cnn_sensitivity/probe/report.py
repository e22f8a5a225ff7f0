"""What a probe says: a few lines, a picture of all layers, and the files of both."""

import math
from pathlib import Path

import matplotlib
from pandas import DataFrame, Series, concat

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.depth_curves import (
    INITIAL,
    SHUFFLED,
    TRAINED,
    draw_network,
    label_depth,
    panel_grid,
)
from cnn_sensitivity.drawing.drawn import Drawing, save
from cnn_sensitivity.drawing.style import LIGHT, QUANTITY_COLOURS, STYLE, log_axis, say
from cnn_sensitivity.probe.rows import (
    at_first_displacement,
    output_of,
    own_perturbation,
    shown,
)
from cnn_sensitivity.tables import files as table_files

QUANTITIES = ("D", "G", "R")
PREFACTOR = 0.24
"""P21's line through its networks on CIFAR-10: test error = 0.24 sqrt(R_f), R_f by medians."""

_VARIANTS = {TRAINED: "trained", SHUFFLED: "channels shuffled", INITIAL: "freshly initialised"}


def summary(table: DataFrame, images: str) -> str:
    """Return D, G, R of the output with standard errors, and a sentence on where R lies.

    `table` is that of `measuring.measure`; `images` says what was measured with. The line is that
    of Petrini et al. 2021, for networks trained on CIFAR-10; for others it only compares.
    """
    table = at_first_displacement(table)
    images = shown(table, images)
    mean, median = (output_of(table, TRAINED, average) for average in ("mean", "median"))
    lines = [f"{mean['network']} on {int(mean['images'])} images of {images}; its output:"]
    lines.append(f"  {'':8}{'mean over images':>24}{'median over images':>24}")
    for name in QUANTITIES:
        values = "".join(f"{_with_error(row, name):>24}" for row in (mean, median))
        lines.append(f"  {name:8}{values}")
    where = _where(table, float(mean["R"]), float(median["R"]))
    return "\n".join([*lines, where] if where else lines)


def _where(table: DataFrame, mean: float, median: float) -> str:
    """Return a sentence on where R lies; "" if there is nothing to hold it against."""
    if math.isnan(mean):
        return "R of the output is not defined: it is constant, not finite, or noise leaves it."
    parts = []
    if (table["state"] == "initial").any():
        initial = float(output_of(table, INITIAL, "mean")["R"])
        parts.append(
            f"R is {mean / initial:.3g} times that of the same network freshly initialised"
            f" ({initial:.3g})"
            if initial > 0
            else "R of the same network freshly initialised is not defined"
        )
    if not math.isnan(median) and own_perturbation(table) is None:
        parts.append(
            f"R by medians is where the line of Petrini et al. 2021 for CIFAR-10, error ="
            f" {PREFACTOR} sqrt(R), has a test error of {100 * PREFACTOR * median**0.5:.3g} %"
        )
    return f"{'; '.join(parts)}." if parts else ""


def _with_error(row: Series, name: str) -> str:
    value, error = float(row[name]), float(row[f"{name}_error"])
    return "not defined" if math.isnan(value) else f"{value:.3g} ± {error:.1g}"


@matplotlib.rc_context(STYLE)
def draw(table: DataFrame, images: str) -> Drawing:
    """Return D_k, G_k, R_k against relative depth, a panel each: means over images.

    The band of the trained network is two standard errors to either side. `table` and `images` are
    those of `summary`.
    """
    table = at_first_displacement(table)
    means = table[table["average"] == "mean"]
    data = concat([_points(means, quantity) for quantity in QUANTITIES], ignore_index=True)
    network = str(data["network"].iloc[0])
    figure, panels = panel_grid(len(QUANTITIES), height=2.1)
    for axes, quantity in zip(panels, QUANTITIES, strict=False):
        here = data[data["quantity"] == quantity]
        if not (here["mean"] > 0).any():
            say(axes, f"${quantity}_k$ is not defined.")
            continue
        axes.axhline(1, color=LIGHT, linewidth=0.8, zorder=0)
        draw_network(axes, here, network, list(_VARIANTS), by_quantity=True)
        trained = here[(here["state"] == "trained") & (here["wiring"] == "original")]
        axes.fill_between(
            trained["depth"],
            trained["low"],
            trained["high"],
            color=QUANTITY_COLOURS[quantity],
            alpha=0.16,
            linewidth=0,
        )
        axes.set_title(f"${quantity}_k$")
        axes.set_xlim(-0.04, 1.04)
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    log_axis(panels[0], "y")
    label_depth(panels, len(QUANTITIES))
    figure.suptitle(network, fontsize=8.5)
    there = {*zip(data["state"], data["wiring"], strict=True)}
    names = [label for variant, label in _VARIANTS.items() if variant in there]
    handles = panels[len(QUANTITIES) - 1].lines[1:]  # the first one is the line at 1
    if handles:
        figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    count = int(means["images"].iloc[0])
    return Drawing(
        figure,
        data,
        caption(
            f"Sensitivities of {network} against relative depth, on {count} images of"
            f" {shown(table, images)}.",
            "Means over images; the band is two standard errors to either side.",
        ),
    )


def _points(means: DataFrame, quantity: str) -> DataFrame:
    keys = ["network", "state", "wiring", "index", "layer", "depth"]
    value, error = means[quantity], means[f"{quantity}_error"]
    return means[keys].assign(
        quantity=quantity, mean=value, low=value - 2 * error, high=value + 2 * error, seeds=1
    )


def write_table(table: DataFrame, output: str | Path) -> Path:
    """Write `output`.csv; return its path. Folders are made. Raises UserError as `write`."""
    output = Path(output)
    path = output.with_name(f"{output.name}.csv")
    table_files.write(table, path)
    return path


def write(drawing: Drawing, output: str | Path) -> list[Path]:
    """Write a drawing as `output`.png, .pdf, .svg with its caption; return the paths.

    The numbers that it plots are `output`_drawn.csv. Raises UserError where there is no room or no
    right to write.
    """
    output = Path(output)

    def named(end: str) -> Path:
        return output.with_name(f"{output.name}{end}")

    drawn = named("_drawn")
    save(drawing, drawn)  # its numbers come as .csv, a name that the table has
    for end in (".png", ".pdf", ".svg", ".txt"):
        drawn.with_name(f"{drawn.name}{end}").replace(named(end))
    return [named(end) for end in (".png", ".pdf", ".svg", ".txt", "_drawn.csv")]
