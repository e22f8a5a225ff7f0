"""Figure 2: stability to deformations, layer by layer, before and after training."""

from pandas import DataFrame, concat

from cnn_sensitivity.analysis.prose import left_out, listing
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
    network_looks,
    scale,
)
from cnn_sensitivity.papers.ruderman_2018.experiments import NAMES, REAL, UNTRAINED
from cnn_sensitivity.papers.ruderman_2018.rows import distances


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `cosine_distance`."""
    there = tables["cosine_distance"]["experiment"]
    # Networks that are initialised only are cheap, so that a run may have more of them.
    first = distances(tables, [UNTRAINED if (there == UNTRAINED).any() else REAL], "initial")
    last = distances(tables, [REAL], "trained")
    means = [mean_curves(each.rows, "distance") for each in (first, last)]
    styles = network_looks([*means[0]["curve"], *means[1]["curve"]])
    figure = new_figure(DOUBLE, 3.0)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, table, mark, title, panel in zip(
        panels, means, "ab", ("initialisation", "trained"), ("2c", "2d"), strict=True
    ):
        letter(axes, mark, title)
        draw_curves(axes, table, styles, panel, "No network learned.")
        mark_downsampling(axes, table)
        axes.set_xlabel("layer (0: the image)")
    panels[0].set_ylim(bottom=0)
    panels[0].set_ylabel(DISTANCE)
    legend(figure, styles, NAMES, "the paper, CIFAR-10")
    data = concat([means[0].assign(panel="a"), means[1].assign(panel="b")], ignore_index=True)
    text = caption(
        "Normalised cosine distance between the representations of an image and of the deformed"
        " image, by layer, for five ways of downsampling; grey lines are the downsampling layers.",
        f"At layer 0, the image, it is {_of_the_image(means)}; the paper has .135 on CIFAR-10.",
        "(a) Initial networks, batch norm with its running statistics, 0 and 1. (b) Trained.",
        "Lines are means over seeds, bands two standard deviations.",
        f"{PUBLISHED}s 2c and 2d (CIFAR-10, full width).",
        f"(a) {scale(first.rows)} (b) {scale(last.rows)}",
        left_out(last.left_out),
    )
    return Drawing(figure, data, text)


def _of_the_image(means: list[DataFrame]) -> str:
    """Return the distance of the images themselves, which is no network's."""
    values = concat(means).query("place == 0")["mean"]
    return listing(sorted({f"{value:.3f}" for value in values})) if len(values) else "not known"
