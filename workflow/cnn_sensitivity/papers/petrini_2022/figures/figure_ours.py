"""Figure ours: does laziness lower R of a fully connected network?"""

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from pandas import DataFrame, concat

from cnn_sensitivity.analysis.prose import left_out, listing, span
from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, GREY, letter, log_axis, looks, new_figure, say
from cnn_sensitivity.papers.petrini_2022.curves import BANDS, LOOKS, line, of_images
from cnn_sensitivity.papers.petrini_2022.experiments import FEATURE, LAZY, NAMES, REGIMES, TRAINED
from cnn_sensitivity.papers.petrini_2022.rows import QUANTITIES, geometric_means, predictors

_STYLES = {"machine": "-", "regression": "--", "kernel_flow": "-."}


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sensitivity` of the flows at several alpha and of what is beside."""
    chosen = predictors(tables["sensitivity"], REGIMES, FEATURE, *LAZY, TRAINED, with_error=False)
    rows = chosen.rows
    shown = rows.loc[rows["part"] == REGIMES, ["dataset", "train_size"]].drop_duplicates()
    rows = rows.merge(shown, on=["dataset", "train_size"])
    is_flow = rows["part"].isin([REGIMES, FEATURE])
    flows, beside = rows[is_flow], rows[~is_flow]
    figure = new_figure(DOUBLE, 3.3)
    panels = figure.subplots(1, 3)
    data = []
    for axes, name, quantity in zip(panels, "abc", QUANTITIES, strict=True):
        letter(axes, name, f"${quantity}_f$")
        if flows.empty:
            say(axes, "No network learned.")
            continue
        data += _panel(axes, flows, beside, quantity)
    handles = [Line2D([], [], color=LOOKS[FEATURE].colour, marker="o", markersize=4, label="flow")]
    lines = {name: handle for axes in panels for name, handle in _labelled(axes)}
    figure.legend(handles=[*handles, *lines.values()], loc="outside lower center", ncols=4)
    networks = list(looks(beside.loc[beside["part"] == TRAINED, "network"].unique()))
    text = caption(
        "Relative sensitivities of the output of a fully connected network with one hidden layer"
        " against the scale α of its output, from the feature (left) to the lazy regime (right)."
        " Lines across: what the kernel at infinite width learns lazily of the same training sets"
        + (
            f", and {listing(networks)}, networks of T22's Figure 1, trained on all ten classes of"
            " as many images by stochastic gradient descent (Adam)."
            if networks
            else "."
        ),
        "These are measured on deformed images as they are; all others centre their images first,"
        " and see the centred image deformed, as the authors measure."
        if networks
        else "",
        "At large α a narrow network is lazy with its own kernel, not with that of infinite width.",
        "The figure is ours: it asks whether laziness lowers R.",
        BANDS,
        f"α from {span(flows['alpha'])}." if len(flows) else "",
        of_images(flows),
        left_out(chosen.left_out),
    )
    return Drawing(figure, concat(data, ignore_index=True) if data else flows, text)


def _panel(axes: Axes, flows: DataFrame, beside: DataFrame, quantity: str) -> list[DataFrame]:
    curve = geometric_means(flows, ["alpha"], quantity).assign(part=REGIMES)
    line(axes, curve, LOOKS[FEATURE], "alpha")
    across = geometric_means(beside, ["part", "network"], quantity)
    styles = looks(across.loc[across["part"] == TRAINED, "network"])
    for _, row in across.iterrows():
        trained = row["part"] == TRAINED
        colour = styles[row["network"]].colour if trained else LOOKS[row["part"]].colour
        style = ":" if trained else _STYLES[row["part"]]
        label = row["network"] if trained else NAMES[row["part"]]
        axes.axhline(row["mean"], color=colour, linestyle=style, linewidth=1.1, label=label)
    if quantity == "R":
        axes.axhline(1, color=GREY, linewidth=0.5, zorder=0)
    log_axis(axes, "x", "y")
    axes.set_xlabel(r"scale of the output $\alpha$")
    return [each.assign(quantity=quantity) for each in (curve, across)]


def _labelled(axes: Axes) -> list[tuple[str, Line2D]]:
    return [
        (str(each.get_label()), each)
        for each in axes.get_lines()
        if not str(each.get_label()).startswith("_")
    ]
