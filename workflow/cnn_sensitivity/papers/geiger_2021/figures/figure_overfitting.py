"""Figure overfitting: test error against the width, of single networks and of their mean output."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from pandas import DataFrame

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import GREY, INK, LIGHT, letter, log_axis, new_figure
from cnn_sensitivity.papers.geiger_2021.experiments import ALPHA, CUT, WIDTH
from cnn_sensitivity.papers.geiger_2021.rows import Averaged, averages, networks
from cnn_sensitivity.papers.geiger_2021.text import BUDGET, scale

TWO = 2
"""So many networks that fit, or do not, end the band of jamming [code]."""


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `ensemble` and `paths` of the cut: a panel for each alpha."""
    points = averages(tables, CUT)
    alphas = sorted({each.alpha for each in points})
    figure = new_figure(max(3.8, 2.6 * len(alphas)), 3.2)
    panels = np.atleast_1d(figure.subplots(1, max(len(alphas), 1), sharey=True))
    bands = {alpha: band(tables, alpha) for alpha in alphas}
    for axes, alpha, mark in zip(panels, alphas, "abcdefgh", strict=False):
        _panel(axes, [each for each in points if each.alpha == alpha], bands[alpha])
        letter(axes, mark, rf"$\alpha = {alpha:g}$")
    panels[0].set_ylabel("test error (%)")
    handles = [
        Line2D([], [], color=GREY, marker="o", markersize=2.5, linestyle="", label="one network"),
        Line2D([], [], color=INK, linestyle="--", label="their mean"),
        Line2D([], [], color="#D55E00", label="the mean output"),
        Patch(color=LIGHT, alpha=0.6, label="jamming"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4 if len(alphas) > 1 else 2)
    rows = [row for each in points for row in _rows(each)]
    text = caption(
        "Test error against the width h, at one output scale α a panel: of single networks (grey),"
        " their mean (dashed), and of the mean output of all (solid).",
        "Grey band: jamming, from the smallest width at which two networks fit to the largest at"
        " which two do not.",
        BUDGET,
        scale(tables, CUT),
    )
    return Drawing(figure, DataFrame(rows), text)


def band(tables: dict[str, DataFrame], alpha: float) -> tuple[float, float] | None:
    """Return the widths between which jamming lies; None where all networks fit or none."""
    ends = networks(tables, CUT)
    fits = ends[ends[ALPHA] == alpha].groupby(WIDTH)["fitted"].agg(["sum", "size"])
    some, others = fits.index[fits["sum"] >= TWO], fits.index[fits["size"] - fits["sum"] >= TWO]
    return (float(some.min()), float(others.max())) if len(some) and len(others) else None


def _panel(axes: Axes, points: list[Averaged], jamming: tuple[float, float] | None) -> None:
    widths = [each.width for each in points]
    for each in points:
        axes.plot(
            [each.width] * len(each.singles), 100 * each.singles, "o", color=GREY, markersize=1.8,
            alpha=0.6, markeredgewidth=0,
        )  # fmt: skip
    axes.plot(widths, [100 * each.singles.mean() for each in points], "--", color=INK)
    axes.plot(widths, [100 * each.error for each in points], "o-", color="#D55E00", markersize=3)
    if jamming:
        # The edge shows a band of one width too.
        axes.axvspan(min(jamming), max(jamming), color=LIGHT, alpha=0.6, linewidth=3, zorder=0)
    log_axis(axes, "x")
    axes.set_xlabel("width $h$")


def _rows(point: Averaged) -> list[dict]:
    place = {ALPHA: point.alpha, WIDTH: point.width}
    means = (("single, mean", float(point.singles.mean())), ("mean output", point.error))
    rows = [{**place, "of": name, "error": 100 * value} for name, value in means]
    return [*rows, *({**place, "of": "single", "error": 100 * float(e)} for e in point.singles)]
