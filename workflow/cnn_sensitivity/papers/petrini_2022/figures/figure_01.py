"""Figure 1: test error on images against training points, with features and lazily."""

from pandas import DataFrame, concat

from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, SINGLE, letter, new_figure, say
from cnn_sensitivity.papers.petrini_2022.curves import (
    BANDS,
    LOOKS,
    legend,
    line,
    of_images,
    shown,
    size_axes,
)
from cnn_sensitivity.papers.petrini_2022.experiments import FEATURE, LAZY
from cnn_sensitivity.papers.petrini_2022.rows import geometric_means, predictors


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sensitivity` of the feature and lazy predictors."""
    chosen = predictors(tables["sensitivity"], FEATURE, *LAZY)
    rows, names = chosen.rows, shown(chosen.rows)
    datasets = list(dict.fromkeys(rows["dataset"])) or [""]
    figure = new_figure(min(SINGLE * len(datasets) + 0.6, DOUBLE + 1), 3.1)
    panels = figure.subplots(1, len(datasets), squeeze=False)[0]
    data = [geometric_means(rows, ["dataset", "part", "train_size"], "test_error")]
    for axes, name, dataset in zip(panels, "abcdef", datasets, strict=False):
        letter(axes, name, str(dataset).split(",")[0].split(" (")[0])
        if rows.empty:
            say(axes, "No predictor learned.")
            continue
        for part in names:
            of_part = (data[0]["part"] == part) & (data[0]["dataset"] == dataset)
            line(axes, data[0][of_part], LOOKS[part])
        size_axes(axes, "test error")
    legend(figure, names)
    text = caption(
        "Test error of a fully connected network with one hidden layer, trained by gradient flow"
        " in the feature regime (α = 10^-6), and of what its kernel at infinite width learns"
        " lazily: the hard-margin support vector machine, which is what the paper compares,"
        " ridgeless regression, and the kernel's own flow with the soft hinge.",
        f"{BANDS} Both see the same training sets.",
        "One network for each training set: the paper averages over initialisations.",
        of_images(rows),
        left_out(chosen.left_out),
    )
    return Drawing(figure, concat(data, ignore_index=True), text)
