"""Several networks beside each other, and beside those that others trained."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import pandas
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from pandas import DataFrame, concat

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.depth_curves import INITIAL, TRAINED, label_depth
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import (
    DOUBLE,
    GREY,
    LIGHT,
    STYLE,
    Look,
    log_axis,
    new_figure,
)
from cnn_sensitivity.probe.report import PREFACTOR, QUANTITIES
from cnn_sensitivity.probe.rows import (
    at_first_displacement,
    means,
    output_of,
    own_perturbation,
    shown,
)

PUBLISHED = Path(__file__).parents[3] / "docs" / "published_networks.csv"

_COLOURS = matplotlib.color_sequences["tab10"]
_MARKERS = "osD^vPX<>"


def looks_of(networks: Sequence[str]) -> dict[str, Look]:
    """Return the look of each network, by its place: ten colours, then other markers too."""
    return {
        name: Look(to_hex(_COLOURS[at % len(_COLOURS)]), _MARKERS[at % len(_MARKERS)])
        for at, name in enumerate(networks)
    }


def summary(table: DataFrame, images: str) -> str:
    """Return a line for each network: D, G, R of the output, R by medians, and R initialised.

    `table` holds several tables of `measuring.measure`, at its first displacement here.
    """
    table = at_first_displacement(table)
    names = list(table["network"].unique())
    cells = {name: _cells(table[table["network"] == name]) for name in names}
    widths = {head: max(len(head), 6) for head in cells[names[0]]}
    wide = max(map(len, names))
    titles = "  ".join(f"{head:>{width}}" for head, width in widths.items())
    lines = [f"Outputs on images of {shown(table, images)}:", f"  {'':{wide}}  {titles}"]
    for name, values in cells.items():
        shown_values = (
            f"{'-' if np.isnan(value) else format(value, '.3g'):>{widths[head]}}"
            for head, value in values.items()
        )
        lines.append(f"  {name:{wide}}  {'  '.join(shown_values)}")
    if own_perturbation(table) is None:
        lines.append(f"The line is that of Petrini et al. 2021 for CIFAR-10: {PREFACTOR} sqrt(R).")
    return "\n".join(lines)


def _cells(rows: DataFrame) -> dict[str, float]:
    """Return what is said of the output of one network, by the heads of columns.

    P21's line is of deformations: nothing is on it under another perturbation.
    """
    mean, median = (output_of(rows, TRAINED, average) for average in ("mean", "median"))
    has_fresh = (rows["state"] == "initial").any()
    fresh = float(output_of(rows, INITIAL, "mean")["R"]) if has_fresh else np.nan
    found = {"D": mean["D"], "G": mean["G"], "R": mean["R"], "± error": mean["R_error"]}
    found |= {"R, medians": median["R"], "R, fresh": fresh}
    if own_perturbation(rows) is None:
        found["error on the line, %"] = 100 * PREFACTOR * float(median["R"]) ** 0.5
    return found


@matplotlib.rc_context(STYLE)
def draw(table: DataFrame, images: str, others: bool) -> Drawing:
    """Return D_k, G_k, R_k of the trained networks against relative depth, a panel each.

    With `others` a panel more: test error against R by medians of the networks that others trained
    on CIFAR-10, P21's line, and where the R of each network meets it. Raises UserError where the
    table of these is not there.
    """
    table = at_first_displacement(table)
    rows = means(table)
    names = list(rows["network"].unique())
    look = looks_of(names)
    keys = ["network", "index", "layer", "depth"]
    data = concat(
        [rows[keys].assign(quantity=each, mean=rows[each]) for each in QUANTITIES],
        ignore_index=True,
    )
    figure = new_figure(DOUBLE, 2.9)
    panels = list(figure.subplots(1, len(QUANTITIES) + others))
    for axes in panels[1 : len(QUANTITIES)]:
        axes.sharex(panels[0])
        axes.sharey(panels[0])
    for axes, quantity in zip(panels, QUANTITIES, strict=False):
        axes.axhline(1, color=LIGHT, linewidth=0.8, zorder=0)
        for name in names:
            line = data[(data["network"] == name) & (data["quantity"] == quantity)]
            style = {"color": look[name].colour, "marker": look[name].marker, "markersize": 2.6}
            axes.plot(line["depth"], line["mean"], label=name, linewidth=1.2, **style)
        axes.set_title(f"${quantity}_k$")
    log_axis(panels[0], "y")
    label_depth(panels, len(QUANTITIES))
    end = ""
    if others:
        axes = panels[len(QUANTITIES)]
        data = concat([data, _among_published(axes, table, look)], ignore_index=True)
        end = (
            " Last panel: test error against R of the output by medians, of networks that others"
            f" trained on CIFAR-10 (grey), with the line {PREFACTOR} sqrt(R) of Petrini et al."
            " 2021; the networks, whose errors are not known, stand on it."
        )
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return Drawing(
        figure,
        data,
        caption(
            f"Sensitivities of {len(names)} networks on images of {shown(table, images)}.{end}"
        ),
    )


def _among_published(axes: Axes, table: DataFrame, look: dict[str, Look]) -> DataFrame:
    if not PUBLISHED.exists():
        raise UserError(f"--compare: {PUBLISHED} is not there; call it from a whole checkout")
    published = pandas.read_csv(PUBLISHED)
    points = published[["network", "R_median", "test_error"]].rename(columns={"R_median": "mean"})
    axes.scatter(points["mean"], points["test_error"], s=8, color=GREY, zorder=1)
    own = {
        str(name): float(output_of(rows, TRAINED, "median")["R"])
        for name, rows in table.groupby("network", sort=False)
    }
    for name, r in own.items():
        style = look[name]
        axes.scatter(r, PREFACTOR * r**0.5, color=style.colour, marker=style.marker, zorder=3)
    both = [*points["mean"], *(r for r in own.values() if np.isfinite(r))]
    ends = np.array([min(both), max(both)])
    axes.plot(ends, PREFACTOR * ends**0.5, color=LIGHT, linewidth=1, linestyle="--", zorder=0)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_title("test error")
    axes.set_xlabel("R by medians")
    placed = DataFrame({"network": own.keys(), "mean": own.values()})
    return concat([points, placed], ignore_index=True).assign(quantity="R by medians")
