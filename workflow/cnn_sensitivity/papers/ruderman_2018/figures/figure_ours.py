"""Figure ours: do two papers' measures of the same networks say the same?"""

from matplotlib.axes import Axes
from pandas import DataFrame, concat

from cnn_sensitivity.analysis.prose import listing
from cnn_sensitivity.analysis.selection import Selection
from cnn_sensitivity.analysis.statistics import spearman
from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, Look, letter, log_axis, new_figure, note
from cnn_sensitivity.papers.ruderman_2018.curves import (
    DISTANCE,
    VARIATION,
    legend,
    name_of,
    network_looks,
    scale,
)
from cnn_sensitivity.papers.ruderman_2018.experiments import NAMES, REAL
from cnn_sensitivity.papers.ruderman_2018.rows import constant_mode, distances, smoothness

STATES = ("initial", "trained")
_RUN = ["network", "seed", "state"]


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `cosine_distance`, `sensitivity` and `spectrum`."""
    chosen = {state: distances(tables, [REAL], state) for state in STATES}
    responses, filters = _responses(tables, chosen), _filters(tables)
    styles = network_looks(list(responses["network"]))
    figure = new_figure(DOUBLE, 5.6)
    panels = figure.subplots(2, 2, sharey="row", sharex="row")
    for column, state in enumerate(STATES):
        title = {"initial": "initialisation", "trained": "trained"}[state]
        upper, lower = panels[0, column], panels[1, column]
        letter(upper, "ab"[column], title)
        shown = responses[responses["state"] == state]
        _join(upper, shown, "R", "distance", styles)
        _points(upper, shown, "R", "distance", styles)
        upper.set_xlabel("relative sensitivity $R_k$ (T22)")
        letter(lower, "cd"[column], title)
        rows = filters[filters["state"] == state]
        _points(lower, rows, "constant_mode", "total_variation", styles)
        lower.set_xlabel("weight of the constant mode (T22)")
    panels[0, 0].set_ylabel(DISTANCE)
    panels[1, 0].set_ylabel(VARIATION)
    log_axis(panels[0, 0], "x", "y")
    legend(figure, styles, NAMES)
    data = concat([responses.assign(panel="a, b"), filters.assign(panel="c, d")], ignore_index=True)
    text = caption(
        "Two papers' measures of the same networks, one point a layer (mean over seeds), before"
        " and after training; larger points are deeper layers.",
        "(a, b) Normalised cosine distance against the relative sensitivity R_k of Tomasini et al."
        " 2022, both to the same thin-plate deformations.",
        "(c, d) Normalised total variation of the filters against the weight of their constant"
        " mode (1/9 for random filters).",
        "ρ: Spearman over all points of a panel.",
        _within(responses[responses["state"] == "trained"]),
        "This figure is ours.",
        scale(chosen["trained"].rows),
    )
    return Drawing(figure, data, text)


def _responses(tables: dict[str, DataFrame], chosen: dict[str, Selection]) -> DataFrame:
    """Return R_k and d of each layer that has both, the mean over seeds."""
    rows = concat(selection.rows.assign(state=state) for state, selection in chosen.items())
    sensitivity = tables["sensitivity"]
    sensitivity = sensitivity[sensitivity["wiring"] == "original"]
    both = rows.merge(sensitivity[[*_RUN, "layer", "R"]], on=[*_RUN, "layer"])
    return _over_seeds(both, ["R", "distance"])


def _filters(tables: dict[str, DataFrame]) -> DataFrame:
    """Return total variation and the constant mode's weight of each 3x3 convolution."""
    parts = []
    for state in STATES:
        rows = smoothness(tables, [REAL], state).rows
        parts.append(rows.assign(constant_mode=constant_mode(tables, rows)))
    return _over_seeds(concat(parts), ["constant_mode", "total_variation"])


def _over_seeds(rows: DataFrame, values: list[str]) -> DataFrame:
    return rows.groupby(["network", "state", "place"], as_index=False)[values].mean()


def _join(axes: Axes, rows: DataFrame, x: str, y: str, styles: dict[str, Look]) -> None:
    for name, look in styles.items():
        points = rows[rows["network"] == name].sort_values("place")
        axes.plot(points[x], points[y], color=look.colour, linewidth=0.6, alpha=0.4)


def _points(axes: Axes, rows: DataFrame, x: str, y: str, styles: dict[str, Look]) -> None:
    for name, look in styles.items():
        points = rows[rows["network"] == name]
        axes.scatter(
            points[x],
            points[y],
            s=6 + 2.2 * points["place"],
            color=look.colour,
            marker=look.marker,
            linewidth=0,
        )
    note(axes, f"ρ = {spearman(rows[x], rows[y]):.2f}", "upper left")


def _within(trained: DataFrame) -> str:
    """Return a sentence on whether both measures order the layers of one network alike."""
    each = [
        f"{name} {spearman(rows['R'], rows['distance']):.2f}"
        for name, rows in trained.assign(network=trained["network"].map(name_of)).groupby(
            "network", sort=False
        )
    ]
    return f"Over the layers of one trained network: {listing(each)}." if each else ""
