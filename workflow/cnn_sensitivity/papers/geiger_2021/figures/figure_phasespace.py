"""Figure phasespace: the test error of the ensemble in the plane of width and output scale."""

from pandas import DataFrame, concat

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import INK, new_figure
from cnn_sensitivity.papers.geiger_2021 import plane
from cnn_sensitivity.papers.geiger_2021.experiments import ALPHA, CUT, MAP, WIDTH
from cnn_sensitivity.papers.geiger_2021.rows import averages, kernel_changes, networks
from cnn_sensitivity.papers.geiger_2021.text import BUDGET, scale

LEVELS = (0.01, 100.0)
"""Of |Theta - Theta_0| / |Theta_0|, besides 1: lines of the authors."""


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `ensemble`, `paths`, `jamming`, `crossover` and `kernel_change`."""
    points = averages(tables, MAP)
    errors = {(each.alpha, each.width): 100 * each.error for each in points}
    of_kind = plane.kinds(tables)
    lines = plane.lines_of(tables, str(tables["ensemble"]["dataset"].iloc[0]))
    figure = new_figure(5.6, 3.6)
    axes = figure.subplots()
    mesh = plane.colour(axes, errors, of_kind, "YlOrBr")
    handles = plane.draw_lines(axes, lines)
    for level in LEVELS if "kernel_change" in tables else ():
        others = plane.contour(kernel_changes(tables), level)
        axes.plot(others[WIDTH], others[ALPHA], color=INK, linewidth=0.7)
        if len(others):
            axes.annotate(
                f"{level:g}", (others[WIDTH].iloc[-1], others[ALPHA].iloc[-1]), fontsize=6,
                xytext=(-2, 2), textcoords="offset points", ha="right",
            )  # fmt: skip
    for alpha in networks(tables, CUT)[ALPHA].unique():
        axes.axhline(alpha, color=INK, linestyle="-.", linewidth=0.6)
    plane.name_regions(axes)
    figure.colorbar(mesh, ax=axes, label="test error of the mean output (%)")
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=6.5)
    data = concat(
        [
            DataFrame(
                [
                    {ALPHA: alpha, WIDTH: width, "error": error, "of": of_kind.get((alpha, width))}
                    for (alpha, width), error in errors.items()
                ]
            ),
            lines.jamming.assign(of="jamming line"),
            lines.crossover.assign(of="cross-over"),
            *(line.assign(of=f"paper, {name}") for name, line in lines.authors.items()),
        ],
        ignore_index=True,
    )
    text = caption(
        "Test error of the mean output of all networks of a point, in the plane of width h and"
        " output scale α (α of the authors' code, √h times that of their text).",
        "Black: no network fits; grey: one leaves more than 5 % of the data unfitted.",
        BUDGET,
        "Red: the jamming line, the largest width of the scan at which no network of three fits.",
        "Black line: α at which the tangent kernel has changed by as much as it was, by bisection"
        " (geometric mean over three networks); thin lines: a hundredth and a hundred times as"
        " much, interpolated between the points of the map.",
        "Dash-dotted: the cuts of the figure of overfitting.",
        "Blue: the authors' lines, read off their picture." if lines.authors else "",
        scale(tables, MAP),
    )
    return Drawing(figure, data, text)
