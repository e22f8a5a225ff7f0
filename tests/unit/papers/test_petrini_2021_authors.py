"""The authors' numbers of P21, against what else is known of them."""

import numpy as np
import pandas
import pytest

from cnn_sensitivity.analysis.statistics import log_correlation, log_slope, spearman
from cnn_sensitivity.papers.petrini_2021.authors import _table, authors


def errors_beside(figure: int, **chosen: object) -> pandas.DataFrame:
    """Return R with the test error of the same networks and sizes."""
    keys = ["network", "data", "train_images"]
    error = authors(figure, "test_error").set_index(keys)["value"]
    return authors(figure, "R", **chosen).join(error.rename("test_error"), on=keys)


def test_every_number_is_there_once_and_has_its_source():
    table = _table()
    keys = [
        "figure", "network", "data", "train_images", "cutoff", "displacement", "average",
        "interpolation", "state", "quantity", "source",
    ]  # fmt: skip
    assert not table.duplicated(keys).any()
    assert set(table["source"]) == {"poster", "draft", "text"}
    assert set(table["quantity"]) == {
        "R", "D", "G", "test_error", "prefactor", "exponent", "interpolation_median",
        "interpolation_largest",
    }  # fmt: skip
    assert (table["value"][table["quantity"] != "exponent"] > 0).all()
    assert (table["value"][table["quantity"] == "test_error"] < 1).all()
    assert (
        table["reading"]
        .notna()
        .equals((table["source"] == "poster") & (table["quantity"] != "prefactor"))
    )


def test_the_fifteen_networks_have_the_fit_that_is_known_of_the_poster():
    rows = errors_beside(4)
    r, error = rows["value"], rows["test_error"]
    assert len(rows) == 15
    slope = log_slope(r, error)
    assert slope == pytest.approx(0.448, abs=1e-3)
    prefactor = np.exp(np.mean(np.log(error)) - slope * np.mean(np.log(r)))
    assert prefactor == pytest.approx(0.244, abs=1e-3)
    assert log_correlation(r, error) == pytest.approx(0.967, abs=1e-3)
    assert spearman(r, error) == pytest.approx(0.918, abs=1e-3)
    ratio = error / np.sqrt(r)
    assert (ratio.min(), ratio.median(), ratio.max()) == pytest.approx(
        (0.156, 0.266, 0.443), abs=1e-3
    )


@pytest.mark.parametrize(
    ("network", "data", "slopes"),
    [
        ("ResNet18", "MNIST", (-0.70, -0.73, -0.57, -0.99)),
        ("ResNet18", "Fashion-MNIST", (-0.66, -0.72, -0.46, -1.22)),
        ("ResNet18", "CIFAR-10", (-0.45, -0.41, -0.63, -0.17)),
        ("EfficientNetB0", "Fashion-MNIST", (-0.33, -0.35, -0.42, -0.07)),
        ("EfficientNetB0", "CIFAR-10", (-0.50, -0.53, -0.72, -0.14)),
    ],
)
def test_r_falls_with_the_training_set_as_in_the_drafts(network, data, slopes):
    rows = authors(5, "R", network=network, data=data)
    size = rows["train_images"]
    ranges = (size > 0, size >= 512, (size >= 512) & (size < 9000), size >= 8192)
    for chosen, expected in zip(ranges, slopes, strict=True):
        found = log_slope(size[chosen], rows["value"][chosen])
        assert found == pytest.approx(expected, abs=0.0101)


@pytest.mark.parametrize(
    ("network", "data", "slope"),
    [
        ("ResNet18", "Fashion-MNIST", 0.35),
        ("EfficientNetB0", "Fashion-MNIST", 0.66),
        ("ResNet18", "MNIST", 0.68),
    ],
)
def test_the_error_follows_r_along_training_sizes_as_in_the_drafts(network, data, slope):
    rows = errors_beside(5, network=network, data=data)
    rows = rows[rows["value"] < 1]
    assert log_slope(rows["value"], rows["test_error"]) == pytest.approx(slope, abs=0.011)


def test_r_is_the_quotient_of_d_and_g():
    keys = ["network", "data", "state", "cutoff", "displacement", "train_images"]
    table = [
        authors(7, name, interpolation="linear")
        .fillna({"state": "", "train_images": 0})
        .set_index(keys)["value"]
        .rename(name)
        for name in ("D", "G", "R")
    ]
    joined = pandas.concat(table, axis=1).dropna()
    assert len(joined) == 32
    # Geometric means over seeds of two or three digits each.
    assert (joined["D"] / joined["G"] / joined["R"] - 1).abs().max() < 0.06


def test_only_the_cut_offs_of_the_data_sets_are_there():
    bars = authors(3, "R")
    assert set(bars["cutoff"][bars["data"] == "ImageNet"]) == {3, 10, 30}
    assert set(bars["cutoff"][bars["data"] != "ImageNet"]) == {3, 5, 15}
    trained = authors(3, "R", network="ResNet18", data="Fashion-MNIST", state="trained")
    assert trained["value"].tolist() == [0.0038, 0.0060, 0.0150]
