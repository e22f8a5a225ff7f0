"""Our figure of sparse features: how many neurons take part before and after training."""

from pandas import DataFrame, concat

from cnn_sensitivity.analysis.prose import listing, runs_of, span
from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, SINGLE, Look, letter, log_axis, new_figure
from cnn_sensitivity.papers.petrini_2022.curves import BANDS, LOOKS, line
from cnn_sensitivity.papers.petrini_2022.experiments import FEATURE
from cnn_sensitivity.papers.petrini_2022.rows import geometric_means, participations

_LOOKS = {"initial": Look("#777777", "v"), "trained": LOOKS[FEATURE]}


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `measurements`: the participation numbers."""
    rows = participations(tables["measurements"])
    shares = rows.assign(**{state: rows[state] / rows["neurons"] for state in _LOOKS})
    by = ["dataset", "train_size"]
    means = {state: geometric_means(shares, by, state).assign(state=state) for state in _LOOKS}
    datasets = list(dict.fromkeys(rows["dataset"]))
    figure = new_figure(min(SINGLE * len(datasets) + 0.6, DOUBLE + 1), 3)
    panels = figure.subplots(1, len(datasets), squeeze=False)[0]
    for axes, name, dataset in zip(panels, "abcdef", datasets, strict=False):
        letter(axes, name, str(dataset).split(",")[0].split(" (")[0])
        for state, data in means.items():
            line(axes, data[data["dataset"] == dataset], _LOOKS[state])
        axes.set_ylim(0, 1)
        log_axis(axes, "x")
        axes.set_xlabel("training points $n$")
        axes.set_ylabel("participation number / neurons")
    axes = panels[-1]
    axes.legend(axes.get_lines(), ["before training", "trained"], loc="upper right")
    text = caption(
        "Share of the neurons that take part in the feature network: (Σ s)² / Σ s² of the sizes s ="
        " |θ_h| |w_h|, over the number of neurons, before and after training."
        " At initialisation it is 2/π = .64 for Gaussian weights in many dimensions.",
        BANDS,
        f"Data: {listing(datasets)}; {span(rows['neurons'])} neurons;"
        f" seeds {runs_of(rows['seed'])}.",
        "The paper's own picture of sparsity on images is not known; the figure is ours.",
    )
    shown = [each.rename(columns={"mean": "share"}) for each in means.values()]
    return Drawing(figure, concat(shown, ignore_index=True), text)
