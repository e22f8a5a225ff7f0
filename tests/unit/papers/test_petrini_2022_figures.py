"""What S22's figures plot, say and leave out, on tables with known answers."""

import warnings
from functools import partial

import numpy as np
import petrini_2022_tables as tables
import pytest
from pandas import DataFrame, concat

from cnn_sensitivity import papers
from cnn_sensitivity.drawing.drawn import save
from cnn_sensitivity.papers.petrini_2022.tables.pictures import circle_table, sample_table

draw = partial(papers.draw, "petrini_2022")
WHOLE = tables.whole()
SENSITIVITY = {"sensitivity": WHOLE["sensitivity"]}
INPUTS = {
    "figure_01": SENSITIVITY,
    "figure_02": {"samples": sample_table(0)},
    "figure_03": {"circle": circle_table(0)},
    "figure_04": {"sphere": tables.sphere(exponents=(None,))},
    "figure_06": {**SENSITIVITY, "sphere": tables.sphere(exponents=(None,))},
    "figure_g1": {"sphere": tables.sphere(exponents=(1.0, 3.0))},
    "figure_sparse": {"measurements": WHOLE["measurements"]},
    "figure_ours": {
        "sensitivity": concat([tables.regimes(), tables.sensitivity()], ignore_index=True)
    },
}


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_each_figure_has_a_case() -> None:
    assert set(INPUTS) == set(papers.paper("petrini_2022").figures)


@pytest.mark.parametrize("figure", INPUTS)
def test_each_figure_is_drawn_and_written(figure: str, tmp_path) -> None:
    drawing = draw(figure, INPUTS[figure])
    save(drawing, tmp_path / figure)
    assert (tmp_path / f"{figure}.png").stat().st_size > 5000
    assert len(drawing.data)
    assert "nothing to show" not in drawing.caption


@pytest.mark.parametrize("figure", ["figure_01", "figure_06", "figure_ours"])
def test_it_stands_where_nothing_learned(figure: str, tmp_path) -> None:
    empty = {"sensitivity": INPUTS[figure]["sensitivity"].assign(learned=False)}
    save(draw(figure, empty), tmp_path / figure)


@pytest.mark.parametrize("figure", ["figure_01", "figure_06"])
def test_one_training_set_and_two_data_sets_are_drawn(figure: str, tmp_path) -> None:
    more = WHOLE["sensitivity"].assign(dataset="CIFAR-10")
    both = concat([WHOLE["sensitivity"], more], ignore_index=True)
    drawing = draw(figure, {"sensitivity": both[both["seed"] == 0]})
    save(drawing, tmp_path / figure)
    assert set(drawing.data["dataset"]) == {tables.TITLE, "CIFAR-10"}


def test_errors_are_geometric_means_over_training_sets() -> None:
    data = draw("figure_01", SENSITIVITY).data
    table = WHOLE["sensitivity"]
    rows = table[(table["experiment"] == "machine") & (table["train_size"] == 256)]
    rows = rows[rows["state"] == "trained"]
    point = data[(data["part"] == "machine") & (data["train_size"] == 256)]
    assert point["mean"].item() == pytest.approx(np.exp(np.log(rows["test_error"]).mean()))
    assert point["sets"].item() == len(tables.SEEDS)
    assert (point["low"] < point["mean"]).all() and (point["mean"] < point["high"]).all()


def test_a_kernel_has_no_sensitivity_before_training_and_no_caption_says_it_was_left_out() -> None:
    drawing = draw("figure_06", INPUTS["figure_06"])
    assert "Left out" not in drawing.caption
    images = drawing.data.dropna(subset=["part"])
    assert set(images.loc[images["state"] == "initial", "part"]) == {"feature"}
    r = images[(images["quantity"] == "R") & (images["state"] == "trained")]
    for part, value in tables.R.items():
        assert r.loc[r["part"] == part, "mean"].to_numpy() == pytest.approx(value, rel=0.05)


def test_figures_4_and_g1_call_predictions_inferred() -> None:
    for figure in ("figure_04", "figure_g1"):
        assert "predicted exponents are inferred" in draw(figure, INPUTS[figure]).caption


def test_figure_4_shows_atoms_of_the_regimes_that_have_some() -> None:
    data: DataFrame = draw("figure_04", INPUTS["figure_04"]).data
    atoms = data[data["quantity"] == "atoms / n"]
    assert set(atoms["regime"]) == {"feature", "descent"}
    assert atoms["mean"].to_numpy() == pytest.approx(0.95)


def test_ours_shows_r_against_alpha_and_lines_of_the_same_training_sets() -> None:
    data = draw("figure_ours", INPUTS["figure_ours"]).data
    r = data[data["quantity"] == "R"]
    # The feature flow is the first of the regimes.
    curve = r[r["part"] == "regimes"].sort_values("alpha")
    assert list(curve["alpha"]) == [1e-6, 1e-3, 1.0, 1e3, 1e6]
    assert curve["mean"].is_monotonic_decreasing
    across = r[r["part"] != "regimes"].set_index("network")
    assert across.loc["FullConnL6", "mean"] == pytest.approx(5.8)
    machine = across[across["part"] == "machine"]
    assert machine["sets"].item() == len(tables.SEEDS)  # those of 256 images alone
