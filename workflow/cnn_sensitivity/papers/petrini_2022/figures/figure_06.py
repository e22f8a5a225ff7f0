"""Figure 6: how smooth both predictors are, along deformations of images and on the sphere."""

from matplotlib.axes import Axes
from pandas import DataFrame, concat

from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, GREY, letter, new_figure, say
from cnn_sensitivity.papers.petrini_2022.curves import (
    BANDS,
    LOOKS,
    legend,
    line,
    of_images,
    of_spheres,
    shown,
    size_axes,
)
from cnn_sensitivity.papers.petrini_2022.experiments import FEATURE, LAZY
from cnn_sensitivity.papers.petrini_2022.rows import (
    QUANTITIES,
    geometric_means,
    of_sphere,
    predictors,
)

_BY = ["dataset", "part", "train_size"]
_REGIMES = ("feature", "lazy")


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sensitivity`, and `sphere` where the run has spheres."""
    chosen = predictors(tables["sensitivity"], FEATURE, *LAZY, with_error=False)
    before = predictors(tables["sensitivity"], FEATURE, state="initial", with_error=False).rows
    data = _of_images(chosen.rows, before)
    spheres = _of_spheres(tables["sphere"]) if "sphere" in tables else DataFrame()
    datasets = list(dict.fromkeys(chosen.rows["dataset"]))
    lines = len(datasets) + (len(spheres) > 0)
    figure = new_figure(DOUBLE, 2.3 * max(lines, 1) + 0.6)
    grid = figure.subplots(max(lines, 1), 3, squeeze=False)
    if lines == 0:
        say(grid[0, 0], "No predictor learned.")
    for number, dataset in enumerate(datasets):
        for column, quantity in enumerate(QUANTITIES):
            of_panel = (data["dataset"] == dataset) & (data["quantity"] == quantity)
            title = f"${quantity}_f$" if column else f"${quantity}_f$, {dataset.split(' (')[0]}"
            letter(grid[number, column], "abcdefghi"[3 * number + column], title)
            _panel(grid[number, column], data[of_panel], quantity)
    if len(spheres):
        _sphere_panels(grid[-1], spheres, 3 * len(datasets))
    legend(figure, shown(chosen.rows))
    text = caption(
        "Relative sensitivities of the output to deformations of one pixel (D), to noise of the"
        " same norm (G), and R = D/G, against the number of training points: the feature flow, and"
        " three lazy predictors. Dotted: the feature networks before training.",
        "Images are centred, then deformed or noisy, and seen as they are, as the authors measure.",
        "The paper compares with the support vector machine; whether its axis is n is not known.",
        _on_spheres(tables["sphere"]) if len(spheres) else "",
        BANDS,
        of_images(chosen.rows),
        left_out(chosen.left_out),
    )
    return Drawing(figure, concat([data, spheres], ignore_index=True), text)


def _of_images(rows: DataFrame, before: DataFrame) -> DataFrame:
    parts = [
        geometric_means(of_state, _BY, quantity).assign(quantity=quantity, state=state)
        for quantity in QUANTITIES
        for state, of_state in (("trained", rows), ("initial", before))
    ]
    return concat(parts, ignore_index=True)


def _of_spheres(sphere: DataFrame) -> DataFrame:
    rows = concat([of_sphere(sphere, regime) for regime in _REGIMES])
    by = ["regime", "dimension", "train_points"]
    return geometric_means(rows, by, "rotation").assign(quantity="rotation")


def _on_spheres(sphere: DataFrame) -> str:
    rows = concat([of_sphere(sphere, regime) for regime in _REGIMES])
    return (
        "Last line: sensitivity to a rotation by 10 degrees of predictors of a constant on the"
        " sphere in d dimensions (feature: least l1 norm; lazy: ridgeless regression), over their"
        f" own mean squared difference between test points. {of_spheres(rows)}"
    )


def _panel(axes: Axes, data: DataFrame, quantity: str) -> None:
    for (part, state), curve in data.groupby(["part", "state"]):
        if state == "trained":
            line(axes, curve, LOOKS[str(part)])
        else:
            curve = curve.sort_values("train_size")
            axes.plot(curve["train_size"], curve["mean"], ":", color=LOOKS[str(part)].colour)
    if quantity == "R":
        axes.axhline(1, color=GREY, linewidth=0.6, zorder=0)
    size_axes(axes, "")


def _sphere_panels(panels: list[Axes], data: DataFrame, number: int) -> None:
    dimensions = sorted(data["dimension"].unique())
    for axes, dimension in zip(panels, dimensions, strict=False):
        letter(axes, "abcdefghijkl"[number], f"rotation, $d = {dimension:g}$")
        number += 1
        for regime, curve in data[data["dimension"] == dimension].groupby("regime"):
            line(axes, curve, LOOKS[str(regime)], "train_points")
        size_axes(axes, "")
    for axes in panels[len(dimensions) :]:
        axes.set_axis_off()
