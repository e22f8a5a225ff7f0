"""Figure 1: which deformations are diffeomorphisms that can be seen, by cut-off and temperature."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray
from pandas import DataFrame, concat

from cnn_sensitivity.analysis.prose import listing
from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.pictures import pixels
from cnn_sensitivity.drawing.style import DOUBLE, GREY, INK, letter, log_axis, new_figure
from cnn_sensitivity.papers.petrini_2021.colours import SHADES

GREEN = "#009E73"
PICTURE = 0.46
"""Side of an inset image in inches."""
TICKS = (1 / 16, 1 / 4, 1, 4, 16)
LOOKS = tuple(zip(SHADES, "os^D", strict=True))
"""Colour and marker of each cut-off, in order."""


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `phase_diagram`, `deformed_examples` and `overhangs`."""
    bounds, examples = tables["phase_diagram"], tables["deformed_examples"]
    overhangs = tables["overhangs"]
    figure = new_figure(DOUBLE, 3.7)
    left, right = figure.subplots(1, 2, width_ratios=[1.7, 1])
    cutoffs = sorted(overhangs["cutoff"].unique())
    shown = _pictures(examples)
    _diagram(left, bounds, shown, cutoffs)
    _insets(left, examples, bounds, shown)
    _shares(right, overhangs)
    data = concat(
        [
            bounds.assign(panel="a"),
            shown.assign(panel="a, images"),
            overhangs.assign(panel="b"),
        ],
        ignore_index=True,
    )
    return Drawing(figure, data, _caption(bounds, overhangs))


def _pictures(examples: DataFrame) -> DataFrame:
    """Return a row for each deformed image."""
    columns = ["picture", "cutoff", "displacement", "temperature"]
    return examples[columns].dropna().drop_duplicates("picture").reset_index(drop=True)


def _diagram(axes: Axes, bounds: DataFrame, shown: DataFrame, cutoffs: list[int]) -> None:
    letter(axes, "a", "deformations of one image")
    inside = bounds[bounds["lowest"] <= bounds["highest"]]
    axes.fill_between(
        inside["cutoff"], inside["lowest"], inside["highest"], color=GREEN, alpha=0.16, linewidth=0
    )
    c = bounds["cutoff"]
    axes.plot(c, bounds["highest"], color=GREEN, label="$T_2$: overhangs common")
    axes.plot(
        c,
        bounds["one_pixel"],
        color=INK,
        linestyle="--",
        linewidth=1.1,
        label=r"$\delta = 1$ pixel",
    )
    axes.plot(c, bounds["lowest"], color=GREEN, linestyle=":", label=r"$T_1$: $\delta = 1/2$ pixel")
    dots = bounds[bounds["cutoff"].isin(cutoffs)]
    for (_, dot), (colour, marker) in zip(dots.iterrows(), LOOKS, strict=False):
        axes.plot(dot["cutoff"], dot["one_pixel"], marker, color=colour, zorder=6)
    low = min(bounds["lowest"].min(), shown["temperature"].min())
    high = max(bounds["highest"].max(), shown["temperature"].max())
    axes.set_xlim(1.9, max(c.max(), 1.6 * shown["cutoff"].max()))
    axes.set_ylim(low / 7, high * 8)
    log_axis(axes, "x", "y")
    axes.set_xlabel("cut-off $c$")
    axes.set_ylabel("temperature $T$")
    axes.legend(loc="upper right", handlelength=2.2)


def _insets(axes: Axes, examples: DataFrame, bounds: DataFrame, shown: DataFrame) -> None:
    """Draw each image beside its place: above it where there are overhangs, else below it."""
    highest = dict(zip(bounds["cutoff"], bounds["highest"], strict=True))
    columns = (shown["picture"], shown["cutoff"], shown["temperature"])
    for picture, cutoff, temperature in zip(*columns, strict=True):
        axes.plot(cutoff, temperature, ".", color=GREY, markersize=3, zorder=7)
        above = temperature > 0.75 * highest.get(cutoff, 0)
        offset = (8, 15 if above else -15)
        _inset(axes, pixels(examples, picture), (cutoff, temperature), offset)
    _inset(axes, pixels(examples, "original"))


def _inset(
    axes: Axes,
    image: NDArray[np.float64] | None,
    place: tuple[float, float] | None = None,
    offset: tuple[float, float] = (4, -20),
) -> None:
    """Draw an image tied to a place in the plane, or, without one, in the upper left corner."""
    if image is None:
        return
    content = OffsetImage(
        image,
        zoom=PICTURE * 72 / image.shape[1],  # at zoom 1 a pixel is a point wide
        cmap="gray",
        norm=Normalize(0, 1),
        interpolation="nearest",
    )
    tie = {"arrowstyle": "-", "color": GREY, "linewidth": 0.5}
    box = AnnotationBbox(
        content, place or (0, 1), xybox=offset, xycoords="data" if place else "axes fraction",
        boxcoords="offset points", box_alignment=(0, 0.5), pad=0.05, zorder=5,
        bboxprops={"edgecolor": GREY, "linewidth": 0.5}, arrowprops=tie if place else None,
    )  # fmt: skip
    axes.add_artist(box)


def _shares(axes: Axes, overhangs: DataFrame) -> None:
    letter(axes, "b", "fields with an overhang")
    for (cutoff, rows), (colour, marker) in zip(overhangs.groupby("cutoff"), LOOKS, strict=False):
        x = rows["relative_temperature"]
        axes.plot(
            x, rows["share"], color=colour, marker=marker, markersize=3.5, label=f"$c = {cutoff}$"
        )
        axes.plot(x, rows["share_lines"], color=colour, linestyle=":", linewidth=1)
    axes.axvline(1, color=GREEN, linewidth=1, zorder=0)
    axes.text(1.08, 1.0, "$T_2$", color=GREEN, va="center")
    axes.set_ylim(-0.03, 1.05)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(TICKS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:g}" if value >= 1 else f"1/{1 / value:g}")
    )
    axes.set_xlabel("temperature $T / T_2$")
    axes.set_ylabel("share of fields")
    dotted = Line2D([], [], color=GREY, linestyle=":", linewidth=1, label=r"$1 + dτ \leq 0$")
    axes.legend(handles=[*axes.get_legend_handles_labels()[0], dotted], loc="upper left")


def _caption(bounds: DataFrame, overhangs: DataFrame) -> str:
    size = int(bounds["size"].iloc[0])
    at_bound, at_half = (_shares_at(overhangs, relative) for relative in (1, 0.5))
    return caption(
        f"(a) The plane of cut-off c and temperature T for images of {size} pixels a side. Shaded:"
        " between T1, where pixels typically move by half a pixel, and T2, where overhangs become"
        " common; dashed: pixels move by one pixel; symbols there: the cut-offs of (b)."
        " Images: a test image (top left) deformed at the places that they are tied to.",
        f"(b) The share of {int(overhangs['fields'].iloc[0]):,} random displacement fields with an"
        " overhang, against T / T2. Solid: the determinant of the derivative of s - tau(s) is not"
        " positive at some pixel; dotted: the condition on one derivative, 1 + d tau <= 0, by which"
        f" a row or a column of pixels runs backwards. At T2 it is {at_bound}, at T2/2 already"
        f" {at_half}.",
        "After Petrini et al. 2021; the choice of temperatures and images is ours.",
    )


def _shares_at(overhangs: DataFrame, relative: float) -> str:
    rows = overhangs[overhangs["relative_temperature"] == relative]
    shares = zip(rows["share"], rows["cutoff"], strict=True)
    return listing(f"{100 * share:.1f} % (c = {cutoff})" for share, cutoff in shares)
