"""Figure 1: a diffeomorphism; test error against R_f; correlations against training noise."""

from collections import Counter

from matplotlib.axes import Axes
from matplotlib.gridspec import GridSpec
from matplotlib.lines import Line2D
from pandas import DataFrame, concat

from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.selection import outputs
from cnn_sensitivity.drawing import scatter
from cnn_sensitivity.drawing.captions import caption, of_each_level, scale
from cnn_sensitivity.drawing.correlation_panel import correlation_table, draw_correlations
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.pictures import draw_deformation
from cnn_sensitivity.drawing.style import DOUBLE, GREY, letter, looks, new_figure, say
from cnn_sensitivity.papers.tomasini_2022.authors import POINTS

PUBLISHED_LABEL = "Petrini et al. 2021, CIFAR-10"
# Of these and of two networks that were trained on ImageNet first.
PUBLISHED_SLOPE, PUBLISHED_PREFACTOR = 0.45, 0.24


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sensitivity` (all noise levels), `medians` and `pictures`.

    Without `medians` the centre shows means beside P21's medians, and its caption says so.
    """
    selection = outputs(tables["sensitivity"])
    rows, pictures = selection.rows, tables["pictures"]
    average = "median" if "medians" in tables else "mean"
    centre_rows = outputs(tables["medians"]).rows if "medians" in tables else rows
    clean = centre_rows[centre_rows["noise"] == 0]
    correlations = correlation_table(rows)
    figure = new_figure(DOUBLE, 3.55)
    grid = GridSpec(2, 3, figure=figure, width_ratios=[0.95, 1.9, 1.75])
    images = [figure.add_subplot(grid[row, 0]) for row in (0, 1)]
    draw_deformation(images, pictures)
    letter(images[0], "a", "original")
    centre = figure.add_subplot(grid[:, 1])
    _centre(centre, clean)
    right = figure.add_subplot(grid[:, 2])
    draw_correlations(right, correlations, pictures)
    letter(right, "c")
    crosses = Line2D(
        [], [], linestyle="none", marker="x", color=GREY, alpha=0.7, label=PUBLISHED_LABEL
    )
    scatter.network_legend(figure, clean["network"].unique(), [crosses])
    return Drawing(
        figure, _data(clean, correlations), _caption(rows, clean, average, selection.left_out)
    )


def _centre(axes: Axes, clean: DataFrame) -> None:
    letter(axes, "b")
    x, y = zip(*POINTS.values(), strict=True)
    axes.plot(x, y, linestyle="none", marker="x", color=GREY, alpha=0.55, zorder=1, markersize=4)
    if clean.empty:
        say(axes, "No network learned\nwithout noise.")
        return
    scatter.points_of(axes, clean, "R", looks(clean["network"].unique()))
    scatter.fit_line(axes, clean, "R")
    text = scatter.correlation_note(clean, "R")
    if (law := scatter.fitted(clean, "R")) is not None:
        text += f"\nslope {law.exponent:.2f}, prefactor {law.prefactor:.2f}"
    scatter.finish(axes, clean, "R", text)
    axes.set_xlabel("relative sensitivity of the output $R_f$")
    axes.set_ylabel(scatter.ERROR)


def _data(clean: DataFrame, correlations: DataFrame) -> DataFrame:
    published = DataFrame(
        [(name, x, y) for name, (x, y) in POINTS.items()], columns=["network", "R", "test_error"]
    )
    return concat(
        [
            clean[scatter.COLUMNS].assign(panel="centre"),
            published.assign(panel="centre, published"),
            correlations.assign(panel="right"),
        ],
        ignore_index=True,
    )


def _caption(rows: DataFrame, clean: DataFrame, average: str, reasons: Counter[str]) -> str:
    ours = "" if average == "median" else " (means: the crosses are medians, which are smaller)"
    return caption(
        "(a) A test image and one diffeomorphism of it; arrows show how pixels move (enlarged).",
        f"(b) Test error against the relative sensitivity R_f of the output by {average}s{ours},"
        f" {clean['network'].nunique()} networks (one point a network and seed) trained without"
        " noise, with the power law fitted to one point a network, the mean of its seeds; crosses:"
        f" {PUBLISHED_LABEL}, medians of 13 networks; the"
        f" authors' 15 have slope {PUBLISHED_SLOPE} and prefactor {PUBLISHED_PREFACTOR}"
        " (error = prefactor R^slope).",
        "(c) Correlation of the logarithms of test error and of D_f, G_f, R_f across networks, each"
        " the mean of its seeds, of means over images, against the magnitude of the noise added to"
        " the images, a noisy image above each; bars: 95 % intervals over networks (Fisher's z).",
        of_each_level(rows),
        scale(rows),
        left_out(reasons),
    )
