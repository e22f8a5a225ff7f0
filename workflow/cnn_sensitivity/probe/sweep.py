"""Several displacements: D, G and R of the output against the size of the deformation."""

import math
from pathlib import Path

import matplotlib
import pandas
from pandas import DataFrame, concat

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.depth_curves import panel_grid
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import LIGHT, STYLE, log_axis
from cnn_sensitivity.probe.comparison import looks_of
from cnn_sensitivity.probe.report import QUANTITIES
from cnn_sensitivity.probe.rows import means, own_perturbation, shown


def outputs(table: DataFrame) -> DataFrame:
    """Return the output's rows by means of the trained network, at each displacement."""
    rows = means(table)
    last = rows.groupby("network")["index"].transform("max")
    return rows[rows["index"] == last].sort_values("displacement", kind="stable")


def sentences(table: DataFrame) -> list[str]:
    """Return R of the output at each displacement, in one sentence, if there are several."""
    rows = outputs(table)
    if len(rows) < 2:
        return []
    values = [
        f"{row['R']:.3g} ± {row['R_error']:.1g} at {row['displacement']:g}"
        for _, row in rows.iterrows()
    ]
    unit = "" if own_perturbation(table) else ", in pixels"
    return [f"R by displacement{unit}: {', '.join(values)}."]


def above(path: Path, limit: float) -> list[str]:
    """Return a sentence on each R of an output in a table that is above a limit, or not defined."""
    table = pandas.read_csv(path)
    return [
        f"R of {row['network']} at a displacement of {row['displacement']:g} is not defined"
        if math.isnan(row["R"])
        else f"R of {row['network']} at a displacement of {row['displacement']:g} is"
        f" {row['R']:.3g}, above {limit:g}"
        for _, row in outputs(table).iterrows()
        if not row["R"] <= limit
    ]


@matplotlib.rc_context(STYLE)
def draw(table: DataFrame, images: str) -> Drawing:
    """Return D, G, R of the trained networks' outputs against displacement, a panel each.

    Bars are two standard errors. `table` is that of `measuring.measure`, of one network or several.
    """
    rows = outputs(table)
    keys = ["network", "displacement", "images"]
    data = concat(
        [
            rows[keys].assign(
                quantity=each,
                mean=rows[each],
                low=rows[each] - 2 * rows[f"{each}_error"],
                high=rows[each] + 2 * rows[f"{each}_error"],
            )
            for each in QUANTITIES
        ],
        ignore_index=True,
    )
    figure, panels = panel_grid(len(QUANTITIES), height=2.1)
    look = looks_of(list(data["network"].unique()))
    for axes, quantity in zip(panels, QUANTITIES, strict=False):
        axes.axhline(1, color=LIGHT, linewidth=0.8, zorder=0)
        for network, line in data[data["quantity"] == quantity].groupby("network", sort=False):
            axes.errorbar(
                line["displacement"],
                line["mean"],
                line["high"] - line["mean"],
                color=look[str(network)].colour,
                marker=look[str(network)].marker,
                markersize=3.4,
                label=network,
            )
        axes.set_title(f"${quantity}$ of the output")
        axes.set_xlabel("displacement" if own_perturbation(table) else "displacement (pixels)")
        log_axis(axes, "x")
    log_axis(panels[0], "y")
    if data["network"].nunique() > 1:
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return Drawing(
        figure,
        data,
        caption(
            f"Sensitivities of the output against displacement, on {shown(table, images)}.",
            "Means over images; bars are two standard errors to either side.",
        ),
    )
