"""What L21's figures plot and say, on tables that follow known laws."""

import warnings
from functools import partial

import geiger_2021_tables as tables
import numpy as np
import pytest

from cnn_sensitivity import papers
from cnn_sensitivity.drawing.drawn import save
from cnn_sensitivity.papers.geiger_2021 import plane
from cnn_sensitivity.papers.geiger_2021.figures.figure_overfitting import band
from cnn_sensitivity.papers.geiger_2021.rows import kernel_changes

draw = partial(papers.draw, "geiger_2021")
WHOLE = {**tables.whole(), "response": tables.response()}
FIGURES = tuple(papers.paper("geiger_2021").figures)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("figure", FIGURES)
def test_each_figure_is_drawn_and_written(figure: str, tmp_path) -> None:
    drawing = draw(figure, WHOLE)
    save(drawing, tmp_path / figure)
    assert (tmp_path / f"{figure}.png").stat().st_size > 5000
    assert len(drawing.data)
    assert "budget of gradient evaluations" in drawing.caption
    assert "Data: CIFAR-10, 500 training points" in drawing.caption


@pytest.mark.parametrize("figure", FIGURES)
def test_each_figure_stands_where_no_network_fits(figure: str, tmp_path) -> None:
    jammed = {
        kind: table.assign(stopped=table["stopped"].where(table["stopped"].isna(), "budget"))
        if "stopped" in table
        else table
        for kind, table in WHOLE.items()
    }
    jammed["paths"] = jammed["paths"].assign(share_fitted=0.5)
    save(draw(figure, jammed), tmp_path / figure)


def test_the_map_shows_the_ensembles_error_in_per_cent_and_what_is_jammed() -> None:
    data = draw("figure_phasespace", WHOLE).data.set_index(["alpha", "hidden_units"])
    assert data.loc[(30000.0, 320), "error"].item() == pytest.approx(28)
    assert data.loc[(0.001, 320), "error"].item() == pytest.approx(30)
    points = data[data["error"].notna()]
    assert points.loc[(0.001, 12), "of"] == plane.JAMMED
    assert points.loc[(1.0, 12), "of"] == plane.SHOWN
    line = data[data["of"] == "jamming line"].reset_index().set_index("alpha")["hidden_units"]
    assert line[0.001] == 17  # 20 over 1.15 to the .9th is 17.6


def test_the_authors_lines_stand_only_beside_their_data() -> None:
    assert {"paper, line", "paper, crossover"} <= set(draw("figure_phasespace", WHOLE).data["of"])
    other = {**WHOLE, "ensemble": tables.ensemble().assign(dataset="Fashion-MNIST")}
    drawing = draw("figure_phasespace", other)
    assert not drawing.data["of"].str.startswith("paper").any()
    assert "authors' lines" not in drawing.caption


def test_the_authors_points_are_listed_beside_the_map_alone() -> None:
    listed = papers.theirs("geiger_2021", "figure_phasespace")
    assert listed is not None
    assert listed.iloc[0].tolist() == ["h* at an α (CIFAR-10)", "30000", "41"]
    assert len(listed) == 12
    assert papers.theirs("geiger_2021", "figure_kernel") is None


def test_a_point_with_one_network_that_leaves_much_is_grey() -> None:
    kinds = plane.kinds({"paths": tables.paths(share=0.9)})
    assert kinds[1.0, 8] == plane.JAMMED
    partly = [point for point, kind in kinds.items() if kind == plane.PARTLY]
    for alpha, width in partly:
        fit = [tables.fits(alpha, width, seed) for seed in range(tables.SEEDS)]
        assert any(fit)
        assert not all(fit)
    assert partly
    assert plane.PARTLY not in set(plane.kinds({"paths": tables.paths(share=0.96)}))


def test_a_contour_lies_on_the_power_law() -> None:
    line = plane.contour(kernel_changes(WHOLE), 0.01)
    assert line["hidden_units"].tolist() == list(tables.WIDTHS)
    np.testing.assert_allclose(line["alpha"], 5000, rtol=0.02)


def test_the_band_of_jamming_is_where_two_fit_and_two_do_not() -> None:
    low, high = band(WHOLE, 30.0)
    ends = [
        (h, sum(tables.fits(30.0, h, seed) for seed in range(tables.SEEDS)))
        for h in tables.CUT_WIDTHS
    ]
    assert low == min(h for h, fit in ends if fit >= 2)
    assert high == max(h for h, fit in ends if fit <= tables.SEEDS - 2)
    assert band({"paths": WHOLE["paths"].query("hidden_units > 20")}, 30.0) is None


def test_curves_have_the_plotted_numbers() -> None:
    kernel = draw("figure_kernel", WHOLE).data.set_index(["hidden_units", "alpha"])
    assert kernel.loc[(80, 1000.0), "change"] == pytest.approx(0.05, rel=0.01)
    variance = draw("figure_variance", WHOLE).data
    cut = variance[variance["experiment"] == "cut"].set_index("hidden_units")["variance"]
    assert cut[180] == pytest.approx(3 / 180, rel=0.1)
    ours = draw("figure_ours", WHOLE).data.set_index(["alpha", "hidden_units"])
    assert ours.loc[(1.0, 16), "R"] == pytest.approx(0.25)
    assert ours.loc[(30000.0, 16), "error"] == pytest.approx(28)
    single = draw("figure_overfitting", WHOLE).data
    means = single[single["of"] == "single"].groupby("hidden_units")["error"].mean()
    assert means[10] == pytest.approx(10, rel=0.02)
