"""Figure 5: the scale-detection tasks, drawn."""

from math import hypot

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from pandas import DataFrame

from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import GREY, INK, SINGLE, letter, new_figure

SIZE, SCALE = 8, 4
BLOCK_COLOURS = ("#bcdcf0", "#f7dfb0", "#bfe3d6", "#eed2e1")
# Active pixels (row, column); in one dimension, the column alone.
EXAMPLES = {
    ("2D", "near"): ((1, 2), (3, 3)),
    ("2D", "far"): ((1, 1), (6, 5)),
    ("1D", "near"): ((0, 4), (0, 6)),
    ("1D", "far"): ((0, 2), (0, 5)),
}


def draw(_: dict[str, DataFrame]) -> Drawing:
    """Return the figure; it needs no table."""
    figure = new_figure(SINGLE, 3.3)
    parts = figure.subfigures(2, 1, squeeze=False, height_ratios=[2, 1])
    top, bottom = parts[:, 0]
    squares, lines = top.subplots(1, 2), bottom.subplots(2, 1)
    for axes, answer, panel in zip(squares, ("near", "far"), "ab", strict=True):
        letter(axes, panel, f"{answer}: distance {'<' if answer == 'near' else '>'} $ξ$")
        _grid(axes, SIZE)
        (y1, x1), (y2, x2) = EXAMPLES["2D", answer]
        axes.plot([x1, x2], [y1, y2], color=INK, linewidth=1, linestyle=(0, (2, 1.5)))
        _active(axes, EXAMPLES["2D", answer])
        _measure(axes)
    for axes, answer, panel in zip(lines, ("near", "far"), "cd", strict=True):
        letter(axes, panel, f"{'same block' if answer == 'near' else 'different blocks'}")
        _grid(axes, 1)
        _active(axes, EXAMPLES["1D", answer])
    text = caption(
        "The scale-detection tasks. Two pixels of an otherwise empty signal are active (black).",
        f"(a, b) In two dimensions the network tells whether their distance is below or above the"
        f" scale ξ; drawn with {SIZE} x {SIZE} pixels and ξ = {SCALE}, the side of a block.",
        "(c, d) In one dimension, whether they lie in the same block of ξ pixels.",
    )
    return Drawing(figure, _data(), text)


def _data() -> DataFrame:
    records = [
        (task, answer, row, column, hypot(a[0] - b[0], a[1] - b[1]))
        for (task, answer), (a, b) in EXAMPLES.items()
        for row, column in (a, b)
    ]
    return DataFrame(records, columns=["task", "answer", "row", "column", "distance"])


def _grid(axes: Axes, rows: int) -> None:
    for row in range(rows):
        for column in range(SIZE):
            block = 2 * (row // SCALE) + column // SCALE
            _square(axes, row, column, BLOCK_COLOURS[block])
    axes.set_xlim(-0.6, SIZE - 0.4)
    axes.set_ylim(rows - 0.4, -0.6)
    axes.set_aspect("equal")
    axes.set_axis_off()


def _active(axes: Axes, pixels: tuple[tuple[int, int], ...]) -> None:
    for row, column in pixels:
        _square(axes, row, column, INK)


def _square(axes: Axes, row: int, column: int, colour: str) -> None:
    axes.add_patch(
        Rectangle(
            (column - 0.5, row - 0.5), 1, 1, facecolor=colour, edgecolor="white", linewidth=0.9,
            zorder=3 if colour == INK else 1,
        )
    )  # fmt: skip


def _measure(axes: Axes) -> None:
    """Draw the scale as a double arrow under the first block."""
    axes.set_ylim(SIZE + 1.2, -0.6)
    axes.annotate(
        "", (-0.5, SIZE - 0.05), (SCALE - 0.5, SIZE - 0.05),
        arrowprops={"arrowstyle": "<|-|>", "color": GREY, "linewidth": 0.8, "mutation_scale": 6,
                    "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip
    axes.text(SCALE / 2 - 0.5, SIZE + 0.75, "$ξ$", ha="center", va="center")
