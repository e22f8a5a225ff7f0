"""Figure 5: stability of networks with smoothed initial filters, and with random labels."""

from matplotlib.lines import Line2D
from pandas import DataFrame, concat

from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, letter, new_figure
from cnn_sensitivity.papers.ruderman_2018.curves import (
    DISTANCE,
    PUBLISHED,
    draw_curves,
    legend,
    mark_downsampling,
    mean_curves,
    name_of,
    network_looks,
    rising_colours,
    scale,
)
from cnn_sensitivity.papers.ruderman_2018.experiments import NAMES, RANDOM, SMOOTHED, sigma
from cnn_sensitivity.papers.ruderman_2018.rows import distances


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `cosine_distance`, and `training` for the random labels."""
    smoothed = distances(tables, [SMOOTHED], "initial")
    random = distances(tables, [RANDOM], "trained")
    left, right = (mean_curves(each.rows, "distance") for each in (smoothed, random))
    labels = sorted(left["curve"].unique(), key=sigma)
    shades, styles = rising_colours(labels), network_looks(list(right["curve"]))
    figure = new_figure(DOUBLE, 3.2)
    one, other = figure.subplots(1, 2, sharey=True)
    letter(one, "a", "untrained, smoothed filters")
    draw_curves(one, left, shades, None, "No such networks.")
    handles = [
        Line2D(
            [], [], color=look.colour, marker=look.marker, markersize=3.4,
            label=f"$σ = {sigma(label):g}$",
        )
        for label, look in shades.items()
    ]  # fmt: skip
    one.legend(handles=handles, loc="upper left", ncols=2, fontsize=6.5, columnspacing=1)
    letter(other, "b", "trained on random labels")
    draw_curves(other, right, styles, "5b", "No network learned.")
    for axes, table in ((one, left), (other, right)):
        mark_downsampling(axes, table)
        axes.set_xlabel("layer (0: the image)")
    one.set_ylim(bottom=0)
    one.set_ylabel(DISTANCE)
    legend(figure, styles, NAMES, "the paper, CIFAR-10")
    networks = ", ".join(map(name_of, smoothed.rows["architecture"].unique()))
    text = caption(
        "Normalised cosine distance by layer.",
        f"(a) Untrained networks ({networks}) whose initial filters were convolved with a Gaussian"
        " of σ pixels, batch norm with its running statistics; the paper does not say which of its"
        " networks it shows, of 18 layers, and so its lines are not drawn.",
        "(b) Networks that learned random labels by heart.",
        "Lines are means over seeds, bands two standard deviations.",
        f"{PUBLISHED} 5b (CIFAR-10, full width).",
        f"(a) {scale(smoothed.rows)} (b) {scale(random.rows)}",
        left_out(random.left_out),
    )
    data = concat([left.assign(panel="a"), right.assign(panel="b")], ignore_index=True)
    return Drawing(figure, data, text)
