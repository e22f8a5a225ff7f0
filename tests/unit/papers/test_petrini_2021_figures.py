"""P21's figures: the numbers that they plot and what they say."""

import matplotlib
import numpy as np
import pandas
import petrini_tables as tables
import pytest
import training_cases as cases

from cnn_sensitivity.drawing.drawn import Drawing, save
from cnn_sensitivity.drawing.style import STYLE
from cnn_sensitivity.papers.petrini_2021.figures import (
    figure_01,
    figure_02,
    figure_03,
    figure_04,
    figure_05,
    figure_06,
    figure_07,
    figure_08,
)
from cnn_sensitivity.papers.petrini_2021.tables.overhangs import overhang_table
from cnn_sensitivity.papers.petrini_2021.tables.phase_diagram import (
    bounds_table,
    example_table,
    sphere_table,
)


def drawn(module, tables: dict[str, pandas.DataFrame]) -> Drawing:
    with matplotlib.rc_context(STYLE):
        return module.draw(tables)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_phase_diagram_plots_its_tables(tmp_path, channels):
    bounds, overhangs = bounds_table(16), overhang_table(16, (3, 5), fields=50)
    examples = example_table(cases.images(size=16, channels=channels), root_seed=0)
    tables = {"phase_diagram": bounds, "deformed_examples": examples, "overhangs": overhangs}
    drawing = drawn(figure_01, tables)
    panels = drawing.data["panel"].value_counts()
    assert panels.to_dict() == {"a": len(bounds), "a, images": 7, "b": len(overhangs)}
    axes = drawing.figure.axes[1]
    solid = [
        line for line in axes.lines if line.get_linestyle() == "-" and len(line.get_xdata()) > 2
    ]
    for line, (_, rows) in zip(solid, overhangs.groupby("cutoff"), strict=True):
        assert line.get_ydata().tolist() == rows["share"].tolist()
    at_bound = overhangs[overhangs["relative_temperature"] == 1]["share"].tolist()
    assert f"{100 * at_bound[0]:.1f} % (c = 3)" in drawing.caption
    assert "16 pixels a side" in drawing.caption
    save(drawing, tmp_path / "figure")
    assert (tmp_path / "figure.png").stat().st_size > 10_000


@pytest.mark.parametrize("channels", [1, 3])
def test_the_sphere_says_how_far_its_images_are(tmp_path, channels):
    table = sphere_table(cases.images(size=16, channels=channels), root_seed=0)
    drawing = drawn(figure_02, {"sphere": table})
    distances = drawing.data.set_index("picture")["distance"]
    assert distances["original"] == 0
    assert distances["noisy-1"] == pytest.approx(distances["deformed-0"], rel=1e-5)
    assert f"r = {distances['deformed-0']:.2g} " in drawing.caption
    save(drawing, tmp_path / "figure")
    assert (tmp_path / "figure.png").stat().st_size > 10_000


def test_the_sketched_curve_lies_on_the_sphere_and_touches_its_outline():
    radius = (figure_02.circle_of_deformations(3601) ** 2).sum(axis=1) ** 0.5
    assert radius.max() == pytest.approx(1)
    assert radius.min() == pytest.approx(figure_02.FLAT)


def test_bars_are_geometric_means_beside_the_authors_values(tmp_path):
    frames = [tables.networks(cutoff=cutoff) for cutoff in (3, 5, 15)]
    drawing = drawn(figure_03, {"sensitivity": pandas.concat(frames, ignore_index=True)})
    data = drawing.data
    ours = data[(data["source"] == "this run") & (data["state"] == "trained")]
    row = ours[(ours["network"] == "ResNet18") & (ours["cutoff"] == 5)].iloc[0]
    errors = 0.1 * 1.02 ** np.arange(3)
    expected = 1.4 * np.exp(np.mean(np.log([tables.r_of(error) for error in errors])))
    assert row["mean"] == pytest.approx(expected)
    assert row["seeds"] == 3
    theirs = data[data["source"] == "authors, poster"]
    of_resnet = theirs[(theirs["network"] == "ResNet18") & (theirs["state"] == "trained")]
    assert of_resnet["mean"].tolist() == [0.0038, 0.0060, 0.0150]
    bars = [p for p in drawing.figure.axes[0].patches if p.get_height() != 0]
    assert len(bars) == 2 * 3 * len(tables.NETWORKS)
    assert "At c = 15 (28 pixels a side) a displacement of one pixel lies beyond T2" in (
        drawing.caption
    )
    save(drawing, tmp_path / "figure")


def test_the_same_cutoff_is_within_bounds_on_larger_images():
    frame = tables.networks(cutoff=15).assign(input_size=320)
    assert "beyond T2" not in drawn(figure_03, {"sensitivity": frame}).caption


def test_the_error_is_fitted_against_r_for_both_epochs():
    frames = [tables.networks(), tables.networks(weights="best", factor=4.0), tables.sizes()]
    drawing = drawn(figure_04, {"sensitivity": pandas.concat(frames, ignore_index=True)})
    assert "Filled points: slope 0.25" in drawing.caption  # R goes as the fourth power of error
    assert "the authors' choice: slope 0.25" in drawing.caption
    panels = drawing.data["panel"].value_counts().to_dict()
    assert panels == {"networks": 21, "training sizes": 9, "authors": 15}
    assert "hollow" in drawing.caption


def test_the_slope_with_the_number_of_images_is_fitted_and_drawn():
    frames = [tables.sizes(average=average) for average in ("mean", "median")]
    drawing = drawn(figure_05, {"sensitivity": pandas.concat(frames, ignore_index=True)})
    assert "ResNet18 -1.00 [-1.00, -1.00] (means, 3 trainings)" in drawing.caption
    data = drawing.data
    theirs = data[(data["source"] == "draft") & (data["panel"] == "R")]
    at = dict(zip(theirs["train_size"], theirs["mean"], strict=True))
    assert at[4096] == 0.246
    ours = data[(data["source"] == "this run") & (data["panel"] == "R")]
    ours = ours[ours["average"] == "mean"].set_index("train_size")["mean"]
    assert ours[128] / ours[2048] == pytest.approx(16)


def test_states_along_training_have_their_epochs():
    drawing = drawn(figure_06, {"sensitivity": tables.epochs()})
    data = drawing.data[drawing.data["panel"] == "R"]
    line = data[data["network"] == "ResNet18"].set_index("epoch")["mean"]
    assert line.index.tolist() == [0, 1, 3]
    assert line[1] == pytest.approx(line[3] ** 0.5)
    errors = drawing.data[drawing.data["panel"] == "test_error"]
    assert 0 not in set(errors["epoch"])  # the tables do not say what it was


def test_the_sweep_shows_every_measurement_and_where_it_is_valid(tmp_path):
    drawing = drawn(figure_07, {"sensitivity": tables.sweep(), "identity": tables.identity()})
    data = drawing.data[drawing.data["source"] == "this run"]
    cells = ["cutoff", "displacement", "average", "interpolation"]
    chosen = (data["network"] == "LeNet") & (data["state"] == "trained")
    assert len(data[chosen & (data["quantity"] == "R")][cells].drop_duplicates()) == 60
    assert "2.97 (c = 3), 1.78 (c = 5) and 0.59 (c = 15) pixels" in drawing.caption
    theirs = drawing.data[drawing.data["source"] == "draft"]
    assert set(theirs["network"]) == {"ResNet18", "EfficientNetB0"} & set(theirs["network"])
    save(drawing, tmp_path / "figure")


def test_the_simple_model_is_drawn_in_each_regime(tmp_path):
    drawing = drawn(figure_08, {"stripe": tables.stripe()})
    assert "feature flow, d = 5: -1.00 [-1.00, -1.00]; lazy flow, d = 5: " in drawing.caption
    assert "At t*, when a tenth of the points is fitted: feature flow, d = 5: -2.00" in (
        drawing.caption
    )
    data = drawing.data.set_index(["source", "quantity", "regime", "train_size"])["mean"]
    assert data["end", "R", "feature flow", 256] == pytest.approx(1.05 / 256)
    assert data["end", "D", "lazy kernel", 64] == pytest.approx(1.05e-6)
    assert data["t*", "R", "feature flow", 64] == pytest.approx((1.05 / 64) ** 2)
    # The law of small steps, by hand.
    assert data["weights", "R", "feature flow", 1024] == pytest.approx(5 / (4 + 0.368**2 * 1024))
    assert len(drawing.figure.axes[0].lines) == len(drawing.figure.axes[1].lines) == 3
    save(drawing, tmp_path / "figure")


def test_kernel_machines_alone_have_no_line_at_t_star():
    table = tables.stripe()
    alone = table[table["alpha"].isna()].drop(columns="alpha")
    drawing = drawn(figure_08, {"stripe": alone})
    assert set(drawing.data["source"]) == {"end"}
    assert "t*" not in drawing.caption and "lazy kernel, d = 5: 0.00" in drawing.caption


def test_a_stripe_that_nothing_learned_is_said():
    drawing = drawn(figure_08, {"stripe": tables.stripe().assign(learned=False)})
    assert drawing.caption == "There is nothing to show."


@pytest.mark.parametrize("module", [figure_03, figure_04, figure_05, figure_06])
def test_a_run_in_which_nothing_learned_is_drawn_and_said(module):
    nothing = tables.epochs().assign(learned=False)
    drawing = drawn(module, {"sensitivity": nothing})
    assert "did not learn" in drawing.caption
