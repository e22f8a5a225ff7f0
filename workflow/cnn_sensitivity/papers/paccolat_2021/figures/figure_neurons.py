"""Neurons: where the neurons of a network in the plane switch on, before and after training."""

from pandas import DataFrame

from cnn_sensitivity.analysis.prose import plural
from cnn_sensitivity.drawing.captions import caption
from cnn_sensitivity.drawing.drawn import Drawing
from cnn_sensitivity.drawing.style import DOUBLE, GREY, letter, new_figure, say
from cnn_sensitivity.papers.paccolat_2021.panels import STATES, draw_neurons, neurons, scale
from cnn_sensitivity.tasks.points.stripe import EDGES

LIMIT = 3.5


def draw(tables: dict[str, DataFrame]) -> Drawing:
    """Return the figure from `measurements` of the neurons' places."""
    rows = neurons(tables["measurements"])
    figure = new_figure(DOUBLE, 2.6)
    panels = figure.subplots(1, 3, sharey=True)
    shown = []
    for axes, (state, title), mark in zip(panels, STATES.items(), "abc", strict=True):
        there = rows[rows["state"] == state] if len(rows) else rows
        if there.empty:
            say(axes, "not measured")
            continue
        for edge in EDGES:
            axes.axvline(edge, color=GREY, linestyle="--", linewidth=0.8)
        draw_neurons(axes, there, 1, 2, LIMIT)
        letter(axes, mark, title)
        shown.append(there)
    panels[0].set_ylabel("$z_2$")
    inside = [
        f"{(each[['place_1', 'place_2']].abs() < LIMIT).all(axis=1).mean():.0%}" for each in shown
    ]
    text = caption(
        "The vectors z = -√d b ω/|ω|² of the neurons of the first layer: the point nearest to the"
        " origin of the line on which a neuron switches on; orange where its bias is positive, blue"
        " where it is negative. Dashed: the edges of the stripe, on the informative axis z_1.",
        f"Shown are those within {LIMIT:g} of the origin: {', '.join(inside)} of the neurons.",
        f"{scale(rows)} {plural(int(rows['neuron'].max()), 'neuron')}." if len(rows) else "",
    )
    return Drawing(figure, rows, text)
