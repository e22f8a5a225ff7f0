"""Path: weights, loss, error and compression along the flow, and on infinitely many points."""

import json

from matplotlib.axes import Axes
from pandas import DataFrame, concat

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import (
    DOUBLE,
    GREY,
    HALO,
    INK,
    LIGHT,
    letter,
    log_axis,
    new_figure,
    say,
)
from cnn_sensitivity.papers.paccolat_2021.panels import MINUS, PLUS, scale
from cnn_sensitivity.papers.paccolat_2021.rows import in_state, regime

NUMBERS = {
    "weights_informative": ("weights on $x_1$", PLUS),
    "weights_uninformative": ("weights on the others", MINUS),
    "loss": ("loss", INK),
    "share_unfitted": ("share in the loss", "#009E73"),
    "test_error": ("test error", INK),
    "lambda": ("", INK),
}


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `paths` and `infinite_data`: the flows with most points of all."""
    rows = _followed(tables["paths"])
    figure = new_figure(DOUBLE, 4.4)
    panels = figure.subplots(2, 2, sharex=True)
    if rows.empty:
        for axes in panels.flat:
            say(axes, "no flow in the feature regime")
        return Drawing(figure, rows, "There is nothing to show.")
    theory = _theory(tables["infinite_data"], rows)
    wanted = [
        (["weights_informative", "weights_uninformative"], "rms weights of the first layer"),
        (["loss", "share_unfitted"], "loss, share in the loss"),
        (["test_error"], "test error"),
        (["lambda"], r"compression $\lambda$"),
    ]
    for axes, (names, title), mark in zip(panels.flat, wanted, "abcd", strict=True):
        for name in names:
            _lines(axes, rows, name)
        if set(names) & set(theory):
            for name in names:
                axes.plot(
                    theory["time"], theory[name], color=NUMBERS[name][1], linestyle="--",
                    scalex=False, scaley=False,
                )  # fmt: skip
        _t_star(axes, rows)
        letter(axes, mark, title)
        if len(names) > 1:
            axes.legend(loc="best")
    for axes in panels.flat:
        log_axis(axes, "x", "y")
    for axes in panels[1]:
        axes.set_xlabel("time of the flow")
    text = caption(
        "One line a seed, in the feature regime, to the end: (a) root mean square of the first"
        " layer's weights on the informative coordinate and, of each, on the others; (b) mean loss,"
        " and the share of the training points that are still in it; (c) error on at most 2,000"
        " test points; (d) λ, the first over the second of (a).",
        "Band: from the first to the last seed's t*, when a tenth of the points is fitted.",
        "Dashed: the same law on infinitely many points, all of them in the loss, of one draw of"
        " 1,000 neurons (inferred from the authors' code; exact integrals over the points).",
        scale(rows),
    )
    data = rows[["dataset", "train_size", "seed", "time", "state", *NUMBERS]].assign(points="p")
    return Drawing(figure, _with(data, theory), text)


def _followed(paths: DataFrame) -> DataFrame:
    """Return the paths of one dimension, the most common, at its largest size; numbers added."""
    rows = regime(paths, lazy=False)
    if rows.empty:
        return rows
    name = rows.groupby("dataset", sort=False)["train_size"].max().idxmax()
    rows = rows[rows["dataset"] == name]
    rows = rows[rows["train_size"] == rows["train_size"].max()]
    rows = rows[rows["experiment"] == rows["experiment"].iloc[0]]
    ratio = rows["weights_informative"] / rows["weights_uninformative"]
    return rows.assign(share_unfitted=1 - rows["share_fitted"], **{"lambda": ratio})


def _theory(table: DataFrame, rows: DataFrame) -> DataFrame:
    """Return the flow on infinitely many points in the time of these networks, to their last t*."""
    theory = table[table["dimension"] == rows["dimension"].iloc[0]]
    units = _hidden_units(str(rows["options"].iloc[0]))
    theory = theory.assign(time=theory["time"] * units)
    theory["lambda"] = theory["weights_informative"] / theory["weights_uninformative"]
    start = rows.loc[rows["time"] > 0, "time"].min()
    end = rows.loc[in_state(rows, "t_star"), "time"].max()
    return theory[theory["time"].between(start, 1.3 * end)]


def _hidden_units(options: str) -> int:
    return int(json.loads(options).get("hidden_units", 100))


def _lines(axes: Axes, rows: DataFrame, name: str) -> None:
    label, colour = NUMBERS[name]
    for _, line in rows.groupby("seed"):
        line = line[(line["time"] > 0) & (line[name] > 0)]
        axes.plot(line["time"], line[name], color=colour, linewidth=0.8, alpha=0.7, label=label)
        label = "_"


def _t_star(axes: Axes, rows: DataFrame) -> None:
    times = rows.loc[in_state(rows, "t_star"), "time"]
    if len(times):
        axes.axvspan(times.min(), times.max(), color=LIGHT, alpha=0.5, linewidth=0, zorder=0)
        axes.text(
            times.min(), 0.02, "$t^*$ ", transform=axes.get_xaxis_transform(), ha="right",
            va="bottom", fontsize=7.5, color=GREY, zorder=4, path_effects=HALO,
        )  # fmt: skip


def _with(data: DataFrame, theory: DataFrame) -> DataFrame:
    columns = ["time", "weights_informative", "weights_uninformative", "lambda"]
    return concat([data, theory[columns].assign(points="infinite")], ignore_index=True)
