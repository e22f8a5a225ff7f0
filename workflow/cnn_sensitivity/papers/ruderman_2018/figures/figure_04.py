"""Figure 4: smoothness of the filters after training, with true and with random labels."""

from pandas import DataFrame, concat

from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, GREY, letter, new_figure
from cnn_sensitivity.papers.ruderman_2018.curves import (
    PUBLISHED,
    VARIATION,
    draw_curves,
    legend,
    mean_curves,
    network_looks,
    scale,
)
from cnn_sensitivity.papers.ruderman_2018.experiments import NAMES, RANDOM, REAL
from cnn_sensitivity.papers.ruderman_2018.rows import smoothness


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `spectrum`, and `training` for the networks with random labels."""
    chosen = [smoothness(tables, [name], "trained") for name in (REAL, RANDOM)]
    first = smoothness(tables, [REAL, RANDOM], "initial").rows
    initial = mean_curves(first.assign(network="initial"), "total_variation")
    means = [mean_curves(each.rows, "total_variation") for each in chosen]
    styles = network_looks([*means[0]["curve"], *means[1]["curve"]])
    figure = new_figure(DOUBLE, 3.0)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, table, mark, title, panel in zip(
        panels, means, "ab", ("true labels", "random labels"), ("4b", "4c"), strict=True
    ):
        letter(axes, mark, title)
        draw_curves(axes, table, styles, panel, "No network learned.")
        if not table.empty:
            axes.plot(initial["place"], initial["mean"], color=GREY, linestyle=":")
        axes.set_xlabel("3x3 convolution")
    panels[0].set_ylabel(VARIATION)
    legend(figure, styles, NAMES, "the paper, CIFAR-10")
    data = concat(
        [
            means[0].assign(panel="a"),
            means[1].assign(panel="b"),
            initial.assign(panel="a and b"),
        ],
        ignore_index=True,
    )
    text = caption(
        "Normalised total variation of the filters of each 3x3 convolution (mean over single"
        " filters; lower is smoother) for five ways of downsampling; dotted: at initialisation,"
        " mean over all of them.",
        "(a) True labels. (b) Labels that were drawn at random once, learned by heart.",
        "Lines are means over seeds, bands two standard deviations.",
        f"{PUBLISHED}s 4b and 4c (CIFAR-10, full width).",
        f"(a) {scale(chosen[0].rows)} (b) {scale(chosen[1].rows)}",
        left_out(chosen[0].left_out + chosen[1].left_out),
    )
    return Drawing(figure, data, text)
