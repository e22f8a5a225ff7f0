"""What R18's figures plot, say and leave out, on tables made of the paper's own curves."""

import warnings
from functools import partial

import figure_tables
import numpy as np
import pytest
import ruderman_2018_tables as tables
from pandas import DataFrame

from cnn_sensitivity import papers
from cnn_sensitivity.drawing.drawn import save
from cnn_sensitivity.papers.ruderman_2018.authors import curve
from cnn_sensitivity.papers.ruderman_2018.experiments import STRENGTHS, VARIANTS

draw = partial(papers.draw, "ruderman_2018")
WHOLE = {**tables.whole(), "sensitivity": tables.sensitivity()}
PICTURES = {"pictures": figure_tables.pictures((0.0,))}
INPUTS = {"figure_01": PICTURES}
FIGURES = tuple(papers.paper("ruderman_2018").figures)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("figure", FIGURES)
def test_each_figure_is_drawn_and_written(figure: str, tmp_path) -> None:
    drawing = draw(figure, INPUTS.get(figure, WHOLE))
    save(drawing, tmp_path / figure)
    assert (tmp_path / f"{figure}.png").stat().st_size > 5000
    assert len(drawing.data)
    assert "nothing to show" not in drawing.caption


@pytest.mark.parametrize("figure", FIGURES[1:])
def test_each_figure_stands_where_no_network_learned(figure: str, tmp_path) -> None:
    empty = {
        kind: table.assign(learned=False) if kind != "training" else table.assign(train_error=1.0)
        for kind, table in WHOLE.items()
    }
    save(draw(figure, empty), tmp_path / figure)


@pytest.mark.parametrize(
    ("figure", "panel", "published", "curves"),
    [
        ("figure_02", "a", "2c", VARIANTS),
        ("figure_02", "b", "2d", VARIANTS),
        ("figure_03", None, "3b", STRENGTHS),
        ("figure_04", "a", "4b", VARIANTS),
        ("figure_04", "b", "4c", VARIANTS),
        ("figure_05", "b", "5b", VARIANTS),
    ],
)
def test_curves_are_means_over_seeds_by_the_papers_layers(
    figure: str, panel: str | None, published: str, curves
) -> None:
    data = draw(figure, WHOLE).data
    data = data[data["panel"] == panel] if panel else data[data["state"] == "trained"]
    assert set(data["curve"]) == set(curves)
    for name in curves:
        line = data[data["curve"] == name].set_index("place").sort_index()
        assert list(line.index) == list(curve(published, name).index)
        assert line["mean"].to_numpy() == pytest.approx(curve(published, name), rel=0.02)
        assert (line["seeds"] == len(tables.SEEDS)).all()
        assert (line["low"] < line["mean"]).all() and (line["mean"] < line["high"]).all()


def test_smoothed_networks_come_in_the_order_of_sigma() -> None:
    data = draw("figure_05", WHOLE).data
    names = list(dict.fromkeys(data[data["panel"] == "a"]["curve"]))
    assert sorted(names) == [f"sigma-{sigma}" for sigma in sorted(tables.SIGMAS)]
    last = data[(data["curve"] == "sigma-0.4") & (data["place"] == 12)]
    assert last["mean"].item() == pytest.approx(0.073, rel=0.02)


def test_ours_pairs_the_two_measures_layer_by_layer() -> None:
    data = draw("figure_ours", WHOLE).data
    points = data[data["panel"] == "a, b"]
    assert len(points) == 2 * len(VARIANTS) * 12  # the image has no R
    assert points["distance"].to_numpy() == pytest.approx(2 * points["R"])
    filters = data[data["panel"] == "c, d"]
    assert filters["constant_mode"].to_numpy() == pytest.approx(1 / 9)
    assert set(filters["place"]) == set(range(8))


def test_random_labels_that_were_not_learned_are_left_out_and_counted() -> None:
    some = tables.training()
    some.loc[(some["network"] == "StridedCNN") & (some["seed"] == 0), "train_error"] = 0.5
    drawing = draw("figure_04", {**WHOLE, "training": some})
    data = drawing.data[drawing.data["panel"] == "b"]
    assert set(data[data["curve"] == "StridedCNN"]["seeds"]) == {len(tables.SEEDS) - 1}
    assert "1 run that did not learn their random labels" in drawing.caption


def test_layers_without_a_distance_leave_their_curve_out() -> None:
    table = WHOLE["cosine_distance"].copy()
    broken = (table["network"] == "MaxPoolCNN") & (table["seed"] == 2) & (table["index"] == 9)
    table.loc[broken, ["distance", "flagged"]] = [np.nan, True]
    data: DataFrame = draw("figure_02", {**WHOLE, "cosine_distance": table}).data
    shown = data[(data["curve"] == "MaxPoolCNN") & (data["panel"] == "b")]
    assert set(shown["seeds"]) == {len(tables.SEEDS) - 1}


def test_the_papers_curves_are_whole() -> None:
    lengths = {"2a": 19, "2b": 19, "2c": 13, "2d": 13, "5b": 13, "4b": 8, "4c": 8}
    for panel, length in lengths.items():
        for name in VARIANTS if length in (13, 8) else ("MaxPoolCNN", "StridedReLUCNN"):
            assert list(curve(panel, name).index) == list(range(length))
    assert curve("2d", "AveragePoolCNN")[12] == 0.161
