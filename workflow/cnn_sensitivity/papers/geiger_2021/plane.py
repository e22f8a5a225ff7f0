"""The plane of width and output scale, coloured by what was measured at its points. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray
from pandas import DataFrame, Series

from cnn_sensitivity.drawing.style import HALO, INK, LIGHT, log_axis
from cnn_sensitivity.papers.geiger_2021.authors import lines
from cnn_sensitivity.papers.geiger_2021.experiments import ALPHA, MAP, WIDTH
from cnn_sensitivity.papers.geiger_2021.rows import (
    MOST_UNFITTED,
    Tables,
    crossovers,
    jammed_widths,
    networks,
)

JAMMED, PARTLY, SHOWN = "jammed", "partly", "shown"
LINE, THEIRS = "#CC3311", "#0077BB"
Point = tuple[float, int]


@dataclass(frozen=True)
class Lines:
    """Lines in the plane, each as points of alpha and hidden_units."""

    jamming: DataFrame
    crossover: DataFrame
    authors: Mapping[str, DataFrame]


def kinds(tables: Tables) -> Series:
    """Return by point whether all its networks are jammed, some leave much unfitted, or neither."""
    ends = networks(tables, MAP)
    points = ends.groupby([ALPHA, WIDTH])
    jammed = ~points["fitted"].any()
    unfitted = 1 - points["share_fitted"].min()
    kind = np.where(jammed, JAMMED, np.where(unfitted > MOST_UNFITTED, PARTLY, SHOWN))
    return Series(kind, index=jammed.index)


def lines_of(tables: Tables, dataset: str) -> Lines:
    """Return the jamming line, the cross-over as a geometric mean over seeds, and the authors'."""
    widths = jammed_widths(tables)
    jamming = DataFrame({ALPHA: widths.index, WIDTH: widths.to_numpy()})
    found = crossovers(tables)
    logs = np.log(found[ALPHA]).groupby(found[WIDTH]).mean()
    crossing = DataFrame({ALPHA: np.exp(logs.to_numpy()), WIDTH: logs.index})
    return Lines(jamming[jamming[WIDTH] > 0], crossing, lines(dataset))


def colour(axes: Axes, values: Mapping[Point, float], of_kind: Series, colours: str) -> QuadMesh:
    """Fill the cell of each point: with its value's colour, black where jammed, grey between.

    Cells end half way to the next point, on both logarithmic axes.
    """
    alphas, widths = (np.array(sorted(of_kind.index.unique(level))) for level in (0, 1))
    grid = np.full((len(alphas), len(widths)), np.nan)
    masks = {kind: np.full(grid.shape, np.nan) for kind in (JAMMED, PARTLY)}
    for kind, alpha, width in zip(
        of_kind, *map(of_kind.index.get_level_values, (0, 1)), strict=True
    ):
        place = int(np.searchsorted(alphas, alpha)), int(np.searchsorted(widths, width))
        if kind == SHOWN:
            grid[place] = values.get((alpha, width), np.nan)
        else:
            masks[kind][place] = 1
    x, y = _edges(widths), _edges(alphas)
    for kind, ink in ((JAMMED, INK), (PARTLY, LIGHT)):
        axes.pcolormesh(x, y, masks[kind], cmap=ListedColormap([ink]))
    mesh = axes.pcolormesh(x, y, grid, cmap=colours)
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(y[0], y[-1])
    return mesh


def draw_lines(axes: Axes, shown: Lines) -> list[Line2D | Patch]:
    """Draw the lines and name the axes; return the handles of the legend."""
    log_axis(axes, "x", "y")
    axes.set_xlabel("width $h$")
    axes.set_ylabel(r"output scale $\alpha$")
    handles: list[Line2D | Patch] = [
        Patch(color=INK, label="jammed: no network fits"),
        Patch(color=LIGHT, label=f"one leaves more than {MOST_UNFITTED:.0%} unfitted"),
    ]
    drawn = [
        (shown.jamming, LINE, "-", "o", r"jamming line $h^*(\alpha)$"),
        (shown.crossover, INK, "-", "s", r"$||\Delta\Theta|| = ||\Theta_0||$"),
        (shown.authors.get("line", DataFrame()), THEIRS, "--", "", "the paper's jamming line"),
        (shown.authors.get("crossover", DataFrame()), THEIRS, ":", "", "the paper's cross-over"),
    ]
    for points, ink, style, marker, label in drawn:
        if not points.empty:
            handles += axes.plot(
                points[WIDTH], points[ALPHA], color=ink, linestyle=style, marker=marker,
                markersize=3, label=label, path_effects=HALO,
            )  # fmt: skip
    return handles


def name_regions(axes: Axes) -> None:
    """Write where networks are lazy and where they learn features."""
    for y, name in ((0.95, "lazy"), (0.05, "feature")):
        axes.text(
            0.97, y, name, ha="right", va="top" if y > 0.5 else "bottom", style="italic",
            transform=axes.transAxes, bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none",
            "pad": 1.5},
        )  # fmt: skip


def contour(changes: DataFrame, level: float) -> DataFrame:
    """Return the points at which the mean kernel's change crosses a level, one a width at most.

    Between two alphas of the map ln change is taken for linear in ln alpha.
    """
    logs = np.log(changes["change"]).groupby([changes[WIDTH], changes[ALPHA]]).mean() - np.log(
        level
    )
    found = []
    for width, of_width in logs.groupby(level=0):
        y, x = of_width.to_numpy(), np.log(of_width.index.get_level_values(1).to_numpy())
        crossing = np.flatnonzero((y[:-1] > 0) & (y[1:] <= 0))
        for at in crossing[-1:]:
            found.append((width, np.exp(x[at] + y[at] / (y[at] - y[at + 1]) * (x[at + 1] - x[at]))))
    return DataFrame(found, columns=[WIDTH, ALPHA])


def _edges(values: NDArray) -> NDArray:
    """Return the ends of cells around values, half way between them on a logarithmic axis."""
    logs = np.log(values)
    if len(logs) == 1:
        return np.exp(logs[0] + np.array([-0.5, 0.5]))
    middles = (logs[1:] + logs[:-1]) / 2
    first, last = 2 * logs[0] - middles[0], 2 * logs[-1] - middles[-1]
    return np.exp([first, *middles, last])
