"""Sensitivities against relative depth: one panel a network, trained full, shuffled dashed."""

from collections.abc import Mapping, Sequence
from math import ceil

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame, concat

from cnn_sensitivity.analysis.prose import left_out
from cnn_sensitivity.analysis.selection import BLOCK_OUTPUTS, RUN, Selection, curves, over_seeds
from cnn_sensitivity.drawing.captions import caption, scale
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import (
    DOUBLE,
    GREY,
    LIGHT,
    QUANTITY_COLOURS,
    QUANTITY_MARKERS,
    log_axis,
    looks,
    new_figure,
    say,
)

Variant = tuple[str, str]
"""(state, wiring)."""

TRAINED, SHUFFLED, INITIAL = (
    ("trained", "original"),
    ("trained", "shuffled"),
    (
        "initial",
        "original",
    ),
)
_LINES: Mapping[Variant, Mapping[str, object]] = {
    TRAINED: {"linestyle": "-", "linewidth": 1.5},
    SHUFFLED: {"linestyle": (0, (4, 2)), "linewidth": 1.2},
    INITIAL: {"linestyle": (0, (1, 1.6)), "linewidth": 1.1},
}
_NAMES = {TRAINED: "trained", SHUFFLED: "trained, channels shuffled", INITIAL: "initialisation"}
COLUMNS = ["network", "state", "wiring", "quantity", "index", "layer", "depth"]
PER_ROW = 4
MOST_MARKERS = 20
ENTRY = 1.35
"""Width of a legend entry, in inches."""


def curve_table(rows: DataFrame, quantities: Sequence[str]) -> DataFrame:
    """Return mean, low, high of each quantity for every layer, over seeds: what is plotted.

    Of shuffled channels over all shuffles of each seed, which `seeds` then counts.
    """
    keys = [name for name in COLUMNS if name != "quantity"]
    tables = [over_seeds(rows, keys, quantity).assign(quantity=quantity) for quantity in quantities]
    return concat(tables, ignore_index=True)[[*COLUMNS, "mean", "low", "high", "seeds"]]


def draw_line(axes: Axes, line: DataFrame, **style: object) -> None:
    """Draw the mean over seeds of one curve with its range as a band."""
    line = line.sort_values("index")
    marked = with_markers(len(line))
    axes.plot(line["depth"], line["mean"], markevery=marked, **style)  # type: ignore[arg-type]
    if (line["seeds"] > 1).any():
        colour = str(style["color"])
        axes.fill_between(
            line["depth"], line["low"], line["high"], color=colour, alpha=0.16, linewidth=0
        )


def with_markers(points: int) -> list[int]:
    """Return which points of a curve have a marker: the last, the network's output, always."""
    every = ceil(points / MOST_MARKERS)
    return list(range((points - 1) % every, points, every))


def draw_network(
    axes: Axes, table: DataFrame, network: str, variants: Sequence[Variant], by_quantity: bool
) -> None:
    """Draw one panel; colours tell networks apart, or quantities (`by_quantity`)."""
    look = looks([network])[network]
    for quantity in table["quantity"].unique():
        for variant in variants:
            state, wiring = variant
            line = table[
                (table["network"] == network)
                & (table["quantity"] == quantity)
                & (table["state"] == state)
                & (table["wiring"] == wiring)
            ]
            if line.empty:
                continue
            colour = QUANTITY_COLOURS[quantity] if by_quantity else look.colour
            marker = QUANTITY_MARKERS[quantity] if by_quantity else look.marker
            draw_line(
                axes,
                line,
                color=GREY if variant == INITIAL else colour,
                marker=marker if variant == TRAINED else "",
                markersize=3.4,
                **_LINES[variant],
            )
    axes.set_title(network)


def draw_curves(
    sensitivity: DataFrame,
    what: str,
    quantities: Sequence[str] = ("R",),
    variants: Sequence[Variant] = (TRAINED, SHUFFLED, INITIAL),
) -> Drawing:
    """Return the figure of one panel a network; `what` is the caption's first sentence."""
    selection = curves(sensitivity)
    drawn = selection.rows.set_index(["state", "wiring"]).index.isin(list(variants))
    rows = selection.rows[drawn]
    table = curve_table(rows, quantities)
    networks = list(looks(rows["network"].unique()))
    by_quantity = len(quantities) > 1
    figure, panels = panel_grid(len(networks), height=1.75)
    if not networks:
        say(panels[0], "No network learned.")
    for axes, network in zip(panels, networks, strict=False):
        axes.axhline(1, color=LIGHT, linewidth=0.8, zorder=0)
        draw_network(axes, table, network, variants, by_quantity)
        axes.set_xlim(-0.04, 1.04)
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    if networks:
        log_axis(panels[0], "y")
        label = ", ".join(f"${name}_k$" for name in sorted(quantities, key="RDG".index))
        label_depth(panels, len(networks))
        figure.supylabel(label, fontsize=8.5)
        _legend(figure, table, variants, by_quantity)
    return Drawing(figure, table, _caption(what, rows, selection))


def panel_grid(count: int, height: float, per_row: int = PER_ROW) -> tuple[Figure, list[Axes]]:
    """Return a figure two columns wide with `count` panels on common axes, all rows full width."""
    columns = min(per_row, max(count, 1))
    lines = ceil(max(count, 1) / columns)
    width = DOUBLE if columns > 2 else (3.4 if columns == 1 else 4.8)
    figure = new_figure(width, height * lines + 0.65)
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    panels = list(grid.flat)
    for spare in panels[max(count, 1) :]:
        spare.set_axis_off()
    return figure, panels


def label_depth(panels: Sequence[Axes], count: int, per_row: int = PER_ROW) -> None:
    """Label the depth axis of each panel that has no other panel below it."""
    for lowest in panels[max(count - per_row, 0) : count]:
        lowest.tick_params(labelbottom=True)
        lowest.set_xlabel("relative depth")


def _legend(
    figure: Figure, table: DataFrame, variants: Sequence[Variant], by_quantity: bool
) -> None:
    there = set(zip(table["state"], table["wiring"], strict=True))
    handles = [
        Line2D([], [], color=GREY, label=_NAMES[variant], **_LINES[variant])  # type: ignore[arg-type]
        for variant in variants
        if variant in there
    ]
    if by_quantity:
        handles = [
            Line2D(
                [], [], color=QUANTITY_COLOURS[name], marker=QUANTITY_MARKERS[name],
                label=f"${name}_k$", markersize=4,
            )
            for name in table["quantity"].unique()
        ] + handles  # fmt: skip
    fitting = int(figure.get_figwidth() / ENTRY)
    figure.legend(handles=handles, loc="outside lower center", ncols=min(fitting, len(handles)))


def _caption(what: str, rows: DataFrame, selection: Selection) -> str:
    how = "; ".join(part for part in (BLOCK_OUTPUTS, _averaged(rows)) if part)
    return caption(what, f"{how[:1].upper()}{how[1:]}.", scale(rows), left_out(selection.left_out))


def _averaged(rows: DataFrame) -> str:
    """Return what the lines are means over, if anything."""
    seeds, shuffled = rows["seed"].nunique() > 1, rows[rows["wiring"] == "shuffled"]
    shuffles = shuffled.groupby([*RUN, "index"]).size().max() if len(shuffled) else 1
    if shuffles > 1:
        over = f"over {shuffles} shuffles of the channels"
        means = f"lines are means over seeds, dashed ones {over} too" if seeds else ""
        return f"{means or f'dashed lines are means {over}'}, bands their range"
    return "lines are means over seeds, bands their range" if seeds else ""
