"""What C21's figures plot, say and leave out, on tables that follow its laws."""

import warnings
from functools import partial

import numpy as np
import paccolat_2021_tables as tables
import pytest

from cnn_sensitivity import papers
from cnn_sensitivity.drawing.drawn import save
from cnn_sensitivity.papers.paccolat_2021.figures.figure_circle import label_changes
from cnn_sensitivity.papers.paccolat_2021.tables.infinite_data import (
    infinite_data_table,
    velocity,
)
from cnn_sensitivity.tasks.points.stripe import stripe

draw = partial(papers.draw, "paccolat_2021")
WHOLE = {**tables.whole(), "infinite_data": tables.infinite_data()}
INPUTS = {
    "figure_neurons": {"measurements": tables.plane()},
    "figure_circle": {"measurements": tables.plane().query("quantity == 'kernel'")},
    "figure_cylinder": {**WHOLE, "measurements": tables.cylinder()},
}
FIGURES = tuple(papers.paper("paccolat_2021").figures)


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
    assert "seed" in drawing.caption or "training" in drawing.caption


@pytest.mark.parametrize("figure", FIGURES)
def test_each_figure_stands_where_little_was_measured(figure: str, tmp_path) -> None:
    """Networks that err more than 25 %, and no state but the first."""
    given = INPUTS.get(figure, WHOLE)
    poor = {kind: table.copy() for kind, table in given.items()}
    if "paths" in poor:
        poor["paths"] = poor["paths"][poor["paths"]["alpha"] > 1]
    if "measurements" in poor:
        rows = poor["measurements"].assign(test_error=0.4)
        high = rows["quantity"].isin(["kernel_error", "stretched_error"])
        rows.loc[high, "value"] = 0.4
        poor["measurements"] = rows[rows["state"] == "initial"]
    save(draw(figure, poor), tmp_path / figure)


def test_learning_curves_are_means_over_trainings_in_each_dimension() -> None:
    data = draw("figure_curves", WHOLE).data
    assert set(data["curve"]) == {"network", "lazy", "initial", "final", "stretched", "t_star"}
    assert set(data["dimension"]) == {3, 5}
    network = data[(data["curve"] == "network") & (data["dimension"] == 5)]
    expected = tables.LEVEL["stripe"] * network["train_size"] ** -(9 / 13)
    assert network["mean"].to_numpy() == pytest.approx(expected.to_numpy(), rel=0.02)
    assert set(network["seeds"]) == {len(tables.SEEDS)}
    final = data[(data["curve"] == "final") & (data["dimension"] == 5)]
    assert (final["mean"] / network["mean"].to_numpy()).to_numpy() == pytest.approx(0.9)


def test_compression_is_a_mean_of_logarithms_over_flows() -> None:
    data = draw("figure_lambda", WHOLE).data
    feature = data[data["regime"] == "feature"]
    expected = 0.3676 * np.sqrt(feature["train_size"])
    assert feature["mean"].to_numpy() == pytest.approx(expected.to_numpy(), rel=0.02)
    assert data.loc[data["regime"] == "lazy", "mean"].to_numpy() == pytest.approx(1, rel=0.02)


def test_the_path_is_that_of_the_largest_flows_and_the_law_in_their_time() -> None:
    drawing = draw("figure_path", WHOLE)
    followed = drawing.data[drawing.data["points"] == "p"]
    assert set(followed["train_size"]) == {6400}
    assert set(followed["dataset"]) == {tables.title("stripe", 3)}
    last = followed[followed["state"] == "last"]
    assert last["share_unfitted"].to_numpy() == pytest.approx(0)
    law = drawing.data[drawing.data["points"] == "infinite"]
    of_one_unit = np.log(law["weights_informative"]) / 0.2
    assert law["time"].to_numpy() == pytest.approx(tables.UNITS * of_one_unit.to_numpy())
    assert law["time"].max() <= 1.3 * 1000


def test_shares_of_the_labels_are_summed_over_modes() -> None:
    data = draw("figure_kernel", WHOLE).data
    assert set(data["dataset"]) == {tables.title("stripe", 5)}
    last = data[(data["quantity"] == "cumulative") & (data["mode"] == 5)]
    assert last["mean"].to_numpy() == pytest.approx(0.5)


def test_neurons_outside_the_panel_are_said() -> None:
    """Those of the table lie on a line from .2 to 4, of which 3.5 is shown."""
    caption = draw("figure_neurons", INPUTS["figure_neurons"]).caption
    assert "within 3.5 of the origin: 85%, 85%, 85%" in caption
    assert "20 neurons" in caption


def test_the_circles_lines_are_where_the_label_changes() -> None:
    for angle in label_changes():
        labels = []
        for side in (-0.5, 0.5):
            x = np.sqrt(2) * np.cos(np.deg2rad(angle + side))
            labels.append(-0.3 < x < 1.18549)
        assert labels[0] != labels[1]


def test_neurons_on_infinitely_many_points_move_as_on_very_many() -> None:
    """Against the mean over a million points of y grad f, f = beta sqrt(2) ReLU(u)."""
    dimension, generator = 4, np.random.default_rng(0)
    neurons = generator.standard_normal((4, 3))
    neurons[1] = np.abs(neurons[1])
    x, y = stripe(generator, 1_000_000, dimension)
    for column, (first, others, bias, output) in enumerate(neurons.T):
        u = (first * x[:, 0] + others * x[:, 1]) / np.sqrt(dimension) + bias
        active = (u > 0) * y
        expected = np.sqrt(2) * np.array(
            [
                output * np.mean(active * x[:, 0]) / np.sqrt(dimension),
                output * np.mean(active * x[:, 1]) / np.sqrt(dimension),
                output * np.mean(active),
                np.mean(active * u),
            ]
        )
        found = velocity(dimension)(neurons)[:, column]
        assert found == pytest.approx(expected, abs=6e-3 * (1 + abs(output)))


def test_weights_on_infinitely_many_points_grow_on_the_informative_axis_alone() -> None:
    table = infinite_data_table([3, 10], seed=1)
    for _, rows in table.groupby("dimension"):
        first, last = rows.iloc[0], rows.iloc[-1]
        assert first["weights_informative"] == pytest.approx(1, abs=0.1)
        assert first["weights_uninformative"] == pytest.approx(1, abs=0.1)
        assert last["weights_informative"] > 50
        assert 0.3 < last["weights_uninformative"] < first["weights_uninformative"]
        assert rows["time"].is_monotonic_increasing
