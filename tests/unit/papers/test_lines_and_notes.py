"""Markers, notes and the captions of lines, in the figures that several rooms may draw."""

from functools import partial

import figure_tables as tables
import numpy as np
import pandas
import pytest

from cnn_sensitivity import papers
from cnn_sensitivity.drawing.depth_curves import with_markers

draw = partial(papers.draw, "tomasini_2022")


def test_the_output_of_a_deep_network_has_a_marker_among_few():
    for points in (1, 2, 19, 20, 21, 28, 56, 110):
        marked = with_markers(points)
        assert marked[-1] == points - 1 and len(marked) <= 20
        assert len(set(np.diff(marked))) <= 1


@pytest.mark.parametrize(
    ("seeds", "shuffles", "says"),
    [
        ((0, 1), 1, "; lines are means over seeds, bands their range."),
        ((0,), 3, "; dashed lines are means over 3 shuffles of the channels, bands their range."),
        (
            (0, 1),
            3,
            "; lines are means over seeds, dashed ones over 3 shuffles of the channels too, bands",
        ),
        ((0,), 1, "the network's output. Data:"),
    ],
)
def test_captions_say_what_lines_are_means_over(seeds, shuffles, says):
    rows = tables.sensitivity(seeds=seeds)
    others = [rows[rows["wiring"] == "shuffled"]] * (shuffles - 1)
    table = pandas.concat([rows, *others], ignore_index=True)
    assert says in draw("figure_11", {"sensitivity": table}).caption


def test_notes_leave_the_lines_free():
    """A note stands above a line that rises, and below one that falls."""
    rows = tables.sensitivity()
    drawn = draw("figure_10", {"sensitivity": rows.assign(D=1 / rows["D"])})
    places = [
        text.get_position()[1]
        for axes in drawn.figure.axes
        for text in axes.texts
        if "ρ" in text.get_text()
    ]
    assert places == [0.04, 0.04, 0.96]  # of D, G, R
