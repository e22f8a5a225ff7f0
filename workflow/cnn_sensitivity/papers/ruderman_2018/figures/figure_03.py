"""Figure 3: filters are the smoother, the stronger the deformations within each class."""

from pandas import DataFrame, concat

from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import GREY, new_figure
from cnn_sensitivity.papers.ruderman_2018.curves import (
    PUBLISHED,
    VARIATION,
    draw_curves,
    legend,
    mean_curves,
    name_of,
    rising_colours,
    scale,
)
from cnn_sensitivity.papers.ruderman_2018.experiments import STRENGTHS
from cnn_sensitivity.papers.ruderman_2018.rows import smoothness


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `spectrum`."""
    selection = smoothness(tables, list(STRENGTHS), "trained")
    first = smoothness(tables, list(STRENGTHS), "initial").rows
    trained = mean_curves(selection.rows, "total_variation", "experiment")
    initial = mean_curves(first.assign(experiment="initial"), "total_variation", "experiment")
    names = [name for name in STRENGTHS if name in set(trained["curve"])]
    styles = rising_colours(names)
    figure = new_figure(4.8, 3.2)
    axes = figure.subplots()
    draw_curves(axes, trained, styles, "3b", "No network learned.")
    if names:
        axes.plot(initial["place"], initial["mean"], color=GREY, linestyle=":")
    axes.set_xlabel("3x3 convolution")
    axes.set_ylabel(VARIATION)
    titles = {name: f"$C = {STRENGTHS[name]}$" for name in names}
    legend(figure, styles, titles, "the paper, MNIST")
    data = concat([trained.assign(state="trained"), initial.assign(state="initial")])
    networks = ", ".join(map(name_of, selection.rows["network"].unique()))
    text = caption(
        "Normalised total variation of the filters (mean over single filters; lower is smoother)"
        " of networks that learned tasks whose classes are the thin-plate deformations of one image"
        " each, by up to C pixels at a control point; dotted: at initialisation.",
        "Lines are means over seeds, bands two standard deviations.",
        f"{PUBLISHED} 3b (MNIST digits; its network is not known). The panels of the paper"
        " that show its tasks are not drawn.",
        f"Network: {networks}. {scale(selection.rows)}",
        left_out(selection.left_out),
    )
    return Drawing(figure, data.reset_index(drop=True), text)
