"""Our figure: where in the plane a fully connected network becomes stable to deformations."""

import numpy as np
from pandas import DataFrame

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import letter, log_axis, new_figure
from cnn_sensitivity.papers.geiger_2021 import plane
from cnn_sensitivity.papers.geiger_2021.curves import shades
from cnn_sensitivity.papers.geiger_2021.experiments import ALPHA, MAP, WIDTH
from cnn_sensitivity.papers.geiger_2021.rows import averages
from cnn_sensitivity.papers.geiger_2021.text import BUDGET, scale


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `response`, `ensemble`, `paths`, `jamming` and `crossover`."""
    rows = tables["response"]
    rows = rows[(rows["experiment"] == MAP) & (rows["wiring"] == "ensemble")]
    wide = rows.pivot_table(index=[ALPHA, WIDTH], columns="quantity", values="value")
    wide = wide.reindex(columns=["D", "G", "R"])
    errors = {(each.alpha, each.width): 100 * each.error for each in averages(tables, MAP)}
    of_kind = plane.kinds(tables)
    data = wide.reset_index()
    points = list(zip(data[ALPHA], data[WIDTH], strict=True))
    data["error"] = [errors.get(point, np.nan) for point in points]
    data["of"] = [of_kind.get(point) for point in points]
    figure = new_figure(7.0, 3.5)
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    stability = {point: float(r) for point, r in zip(points, data["R"], strict=True)}
    mesh = plane.colour(left, stability, of_kind, "viridis")
    lines = plane.lines_of(tables, str(rows["dataset"].iloc[0]) if len(rows) else "")
    handles = plane.draw_lines(left, lines)
    plane.name_regions(left)
    letter(left, "a")
    figure.colorbar(mesh, ax=left, label="relative sensitivity $R$ of the mean output")
    shown = data[data["of"] == plane.SHOWN]
    colours = shades(list(data[ALPHA]))
    for alpha, part in shown.groupby(ALPHA):
        right.plot(part["R"], part["error"], "o", color=colours[alpha], label=f"{alpha:g}")
    log_axis(right, "x")
    right.set_xlabel("$R$")
    right.set_ylabel("test error of the mean output (%)")
    letter(right, "b")
    if len(shown):
        right.legend(title=r"$\alpha$", fontsize=6.5, title_fontsize=7)
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=6.5)
    text = caption(
        "(a) The plane of width h and output scale α coloured by R = D/G, the sensitivity of the"
        " mean output of all networks of a point to deformations of the images over that to noise"
        " as large (Tomasini et al. 2022). Images are deformed before they are centred and"
        " projected on their principal components. The paper has no such figure.",
        "Black: no network fits; grey: one leaves more than 5 % of the data unfitted.",
        BUDGET,
        "(b) Test error against R at the coloured points of (a).",
        scale(tables, MAP),
    )
    return Drawing(figure, data, text)
