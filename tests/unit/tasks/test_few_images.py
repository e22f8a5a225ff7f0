"""Every quantity from one image on: a result, or a sentence that says how many it takes."""

import math
import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pandas import DataFrame
from pydantic import ValidationError
from sensitivity_cases import brute_force, inputs, small_network
from torch import Tensor

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.config import Measurement
from cnn_sensitivity.measures import cosine_distance, sensitivity
from cnn_sensitivity.measures.base import measure_all

# By quantity: the fewest images with a value, and with a standard error, by their definitions.
FEWEST = {"mean": (2, 4), "median": (3, 6), "cosine_distance": (2, 3)}


def measured(quantity: str, data: list[Tensor], **options: object) -> DataFrame:
    network = small_network().eval()
    if quantity == "cosine_distance":
        return cosine_distance.measure(network, *data[:2], **options)
    return sensitivity.measure(network, *data, average=quantity, **options)


@pytest.mark.parametrize("quantity", FEWEST)
@given(
    images=st.integers(1, 12),
    batch_size=st.integers(1, 5),
    batch_statistics=st.booleans(),
    layers=st.sampled_from(["all", "output"]),
)
@example(images=1, batch_size=8, batch_statistics=False, layers="all")
@example(images=2, batch_size=8, batch_statistics=False, layers="all")
@example(images=3, batch_size=8, batch_statistics=False, layers="all")
@settings(max_examples=15)
def test_any_number_of_images_gives_a_result_or_a_sentence(
    quantity: str, images: int, **options: object
) -> None:
    of_a_value, of_an_error = FEWEST[quantity]
    data = inputs(images, 3, 8, 8)
    if images < of_a_value:
        few = "1 image is" if images == 1 else f"{images} images are"
        with pytest.raises(UserError, match=f"^{few} too few .*: give {of_a_value} or more$"):
            measured(quantity, data, **options)
        return
    table = measured(quantity, data, **options)
    assert not table["flagged"].any() and (table["images"] == images).all()
    values, errors = ["D", "G", "R"], ["D_error", "G_error", "R_error"]
    if quantity == "cosine_distance":
        values, errors = ["distance"], ["distance_error"]
    assert (table[values] > 0).all(axis=None)
    if images < of_an_error:
        assert table[errors].isna().all(axis=None)
    else:
        # Both blocks of few images may have one median.
        assert (table[errors] >= 0).all(axis=None)


def test_of_few_images_the_median_over_pairs_counts_the_equal_ones() -> None:
    """Three of the nine distances are 0: the middle one is the smallest between two images."""
    data = inputs(3, 3, 8, 8)
    row = measured("median", data, layers="output").iloc[0]
    clean = small_network().eval()(data[0]).detach().double().numpy()
    distances = [np.sum((clean[i] - clean[j]) ** 2) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert row["denominator"] == pytest.approx(sorted([0, 0, 0, *distances, *distances])[4])


def test_two_images_have_a_mean_over_pairs() -> None:
    data = inputs(2, 3, 8, 8)
    row = measured("mean", data, layers="output").iloc[0]
    network = small_network().eval()
    expected = brute_force(*(network(each).detach() for each in data))
    assert row["R"] == pytest.approx(expected["R"], rel=1e-5)
    assert math.isnan(row["R_error"])


@pytest.mark.parametrize("quantity", FEWEST)
@pytest.mark.parametrize("images", range(1, 5))
def test_the_configuration_asks_for_as_many(quantity: str, images: int) -> None:
    settings = {"images": images}
    settings |= {"quantity": quantity} if "_" in quantity else {"average": quantity}
    if images >= FEWEST[quantity][0]:
        assert Measurement.model_validate(settings).images == images
        return
    with pytest.raises(ValidationError) as raised:
        Measurement.model_validate(settings)
    assert re.search("images", str(raised.value))


def test_one_quantity_of_several_may_have_too_few() -> None:
    images, deformed, noisy = inputs(2, 3, 8, 8)
    requests = [sensitivity.Sensitivity(deformed, noisy, each) for each in ("mean", "median")]
    with pytest.raises(UserError, match="median"):
        measure_all(small_network(), images, requests)
