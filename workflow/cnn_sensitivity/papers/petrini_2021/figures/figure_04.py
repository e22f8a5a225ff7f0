"""Figure 4: test error against relative sensitivity, and against D_f and 1/G_f."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from pandas import DataFrame, concat

from cnn_sensitivity.analysis import fits
from cnn_sensitivity.analysis.prose import left_out, listing
from cnn_sensitivity.analysis.selection import Selection
from cnn_sensitivity.drawing import scatter
from cnn_sensitivity.drawing.captions import caption, scale
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, GREY, letter, looks, new_figure, say
from cnn_sensitivity.papers.petrini_2021.authors import authors
from cnn_sensitivity.papers.petrini_2021.rows import across_sizes, compared, measured

AXES = {"R": "$R_f$", "D": "$D_f$", "inverse G": "$1/G_f$"}


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `sensitivity`: medians, c = 3, one pixel, of all image runs."""
    table = tables["sensitivity"]
    selection = measured(table, with_error=True)
    networks, sizes = compared(selection.rows), across_sizes(selection.rows)
    networks, sizes = (each.assign(**{"inverse G": 1 / each["G"]}) for each in (networks, sizes))
    published = _published()
    figure = new_figure(DOUBLE, 3.3)
    panels = figure.subplots(1, 3, width_ratios=[1.35, 1, 1])
    for axes, name, (quantity, label) in zip(panels, "abc", AXES.items(), strict=True):
        letter(axes, name)
        _panel(axes, quantity, label, networks, sizes, published)
    panels[0].set_ylabel(scatter.ERROR)
    crosses = Line2D([], [], linestyle="none", marker="x", color=GREY, label="authors, CIFAR-10")
    dashed = Line2D([], [], linestyle="--", color=GREY, label=r"$.24\,\sqrt{R}$, authors")
    hollow = Line2D([], [], linestyle="none", marker="o", markerfacecolor="white",
                    markeredgecolor=GREY, label="fewer images")  # fmt: skip
    extra = [crosses, dashed, *([hollow] if len(sizes) else [])]
    names = concat([networks, sizes])["network"].unique()
    scatter.network_legend(figure, names, extra, columns=6)
    data = concat(
        [
            networks[scatter.COLUMNS].assign(panel="networks"),
            sizes[scatter.COLUMNS].assign(panel="training sizes"),
            published.assign(panel="authors"),
        ],
        ignore_index=True,
    )
    return Drawing(figure, data, _caption(table, networks, sizes, selection))


def _published() -> DataFrame:
    """Return the authors' 15 networks on CIFAR-10: network, R, test_error."""
    columns = {
        name: authors(4, name, data="CIFAR-10").set_index("network")["value"]
        for name in ("R", "test_error")
    }
    return DataFrame(columns).dropna().rename_axis("network").reset_index()


def _panel(
    axes: Axes,
    quantity: str,
    label: str,
    networks: DataFrame,
    sizes: DataFrame,
    published: DataFrame,
) -> None:
    if networks.empty and sizes.empty:
        say(axes, "No network learned.")
        return
    if quantity == "R":
        axes.plot(published["R"], published["test_error"], "x", color=GREY, alpha=0.6, markersize=4)
        law = authors(4, "prefactor", source="poster")["value"].iloc[0]
        ends = np.array([published["R"].min(), published["R"].max()])
        axes.plot(ends, law * np.sqrt(ends), "--", color=GREY, linewidth=0.9)
    styles = looks(concat([networks, sizes])["network"].unique())
    for network, rows in sizes.groupby("network"):
        look = styles[str(network)]
        axes.plot(rows[quantity], rows["test_error"], linestyle="none", marker=look.marker,
                  markerfacecolor="white", markeredgecolor=look.colour, markersize=4)  # fmt: skip
    if len(networks):
        scatter.points_of(axes, networks, quantity, styles)
        scatter.fit_line(axes, networks, quantity)
    text = scatter.correlation_note(networks, quantity)
    if quantity == "R" and (law := scatter.fitted(networks, "R")) is not None:
        text += f"\nslope {law.exponent:.2f}"
    axes.margins(0.12)
    axes.autoscale_view()
    scatter.log_axis(axes, "x", "y")
    axes.set_xlabel(label)
    scatter.note(axes, text, "lower right" if quantity == "R" else "upper left")


def _caption(table: DataFrame, networks: DataFrame, sizes: DataFrame, selection: Selection) -> str:
    fitted = _fit("Filled points", networks)
    best = compared(measured(table, best=True, with_error=True).rows)
    fitted += _fit(" With the epoch of lowest test error instead, the authors' choice", best)
    whole = concat([networks, sizes], ignore_index=True)
    published = _published()
    theirs = [np.log(published[name].to_numpy()) for name in ("R", "test_error")]
    hollow = (
        "; hollow: networks trained on fewer images at a constant number of steps"
        if len(sizes)
        else ""
    )
    return caption(
        "Test error against (a) the relative sensitivity R_f of the output, (b) D_f and (c) 1/G_f,"
        f" by medians at c = 3 and one pixel; a point a network and seed{hollow}. Lines: power laws"
        " fitted to the filled points, one a network: the geometric mean over its seeds; intervals"
        " are over networks (BCa).",
        fitted,
        "Crosses and dashed line: the authors' 15 networks on CIFAR-10, of full width (poster);"
        f" a fit of these has slope {fits.slopes(*theirs):.3f} and prefactor"
        f" {fits.prefactors(*theirs):.3f}. The figure's number is ours.",
        scale(whole),
        left_out(selection.left_out),
    )


def _fit(what: str, rows: DataFrame) -> str:
    """Return the fitted slope and prefactor with their intervals; nothing if not defined."""
    parts = []
    for title, of_set in rows.groupby("dataset") if len(rows) else ():
        if scatter.fitted(of_set, "R") is None:
            continue
        slope = fits.with_interval(fits.slopes, of_set)
        prefactor = fits.with_interval(fits.prefactors, of_set)
        count = of_set["architecture"].nunique()
        parts.append(f"slope {slope}, prefactor {prefactor} ({title}, {count} networks)")
    return f"{what}: {listing(parts)}." if parts else ""
