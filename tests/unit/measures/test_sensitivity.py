"""D, G and R against explicit sums over all pairs of images in float64, and in closed form."""

import math

import numpy as np
import pandas
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sensitivity_cases import (
    KINDS,
    NAMES,
    Scale,
    assert_row,
    assert_same,
    brute_force,
    inputs,
    normal,
    small_network,
)
from torch import nn

from cnn_sensitivity.measures import sensitivity
from cnn_sensitivity.measures.base import measure_all


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch_size", [1, 4, 50])
def test_every_layer_agrees_with_sums_over_all_pairs(batch_size, dtype, memory):
    network = small_network().to(dtype=dtype, memory_format=memory).eval()
    data = [each.contiguous(memory_format=memory) for each in inputs(11, 3, 8, 8, dtype=dtype)]
    table = sensitivity.measure(network, *data, batch_size=batch_size)
    assert list(table) == sensitivity.COLUMNS
    assert table.layer.tolist() == NAMES
    assert table.kind.tolist() == KINDS
    assert table.depth.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert (table.images == 11).all()
    assert not table.flagged.any()
    with torch.no_grad():
        for _, row in table.iterrows():
            part = network[: int(row.layer) + 1]
            assert_row(row, brute_force(*(part(each) for each in data)))


@pytest.mark.parametrize("factor", [1e-20, 1e-12, 1.0, 1e15])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_tiny_huge_and_shifted_representations_are_right(factor, offset):
    network, data = Scale(factor, factor * offset), inputs(40, 6, 50)
    (_, row), *_ = sensitivity.measure(network, *data).iterrows()
    assert_row(row, brute_force(*(network(each) for each in data)))
    assert not row.flagged


@pytest.mark.parametrize("factor", [1e-20, 1e15])
def test_the_median_and_the_channel_mean_are_right_at_any_scale(factor):
    data = inputs(20, 4, 30)
    for options in ({"average": "median"}, {"channel_mean": True}):
        table = sensitivity.measure(Scale(factor), *data, **options)
        assert_same(table, sensitivity.measure(Scale(), *data, **options), ["D", "G", "R"])
        assert not table.flagged.any()


@pytest.mark.parametrize("factor", [1e-20, 1e15])
def test_every_layer_of_a_network_is_right_at_any_scale(factor):
    network, data = small_network().eval(), inputs(11, 3, 8, 8)
    with torch.no_grad():
        network[0].weight *= factor
        network[0].bias *= factor
        network[5].bias.zero_()  # float32 would lose 1e-20 beside it
        table = sensitivity.measure(network, *data)
        for _, row in table.iterrows():
            part = network[: int(row.layer) + 1]
            assert_row(row, brute_force(*(part(each) for each in data)))
    assert not table.flagged.any()


def test_a_dead_network_is_flagged_from_the_layer_on_that_died():
    network, data = small_network(), inputs(9, 3, 8, 8)
    with torch.no_grad():
        network[1].bias.fill_(-1e6)  # no ReLU lets anything through
    table = sensitivity.measure(network, *data).set_index("layer")
    assert table.flagged.to_dict() == {"0": False, "1": False, "2": True, "3": True, "5": True}
    dead = table[table.flagged]
    assert (dead.denominator == 0).all()
    assert dead[["D", "G", "R"]].isna().all(axis=None)


def test_parts_of_one_representation_may_differ_by_many_orders_of_magnitude():
    data = [each * torch.logspace(-30, 10, 9000) for each in inputs(8, 9000)]
    (_, row), *_ = sensitivity.measure(Scale(), *data).iterrows()
    assert_row(row, brute_force(*data))


def test_tiny_changes_of_large_representations_are_right():
    images = inputs(20, 3000)[0].double()
    data = [images, images + 1e-9 * normal(20, 3000, seed=5), images + 1e-9]
    (_, row), *_ = sensitivity.measure(Scale(), *data).iterrows()
    assert_row(row, brute_force(*data))


def test_images_that_are_sorted_or_begin_with_an_outlier_cost_no_digits():
    images, deformed, noisy = inputs(30, 100)
    images[0] += 1e3
    data = [images[images[:, 1].argsort()], deformed, noisy]
    for order in (slice(None), torch.arange(29, -1, -1)):
        chosen = [each[order] for each in data]
        (_, row), *_ = sensitivity.measure(Scale(), *chosen, batch_size=4).iterrows()
        assert_row(row, brute_force(*chosen))


def test_an_image_that_does_not_change_has_no_deformation():
    images, _, noisy = inputs(10, 3, 8, 8)
    table = sensitivity.measure(small_network(), images, images, noisy)
    assert (table.D == 0).all() and (table.R == 0).all() and (table.G > 0).all()


def test_without_noise_there_is_no_ratio():
    images, deformed, _ = inputs(10, 20)
    table = sensitivity.measure(Scale(), images, deformed, images)
    assert table.flagged.all() and table.R.isna().all() and (table.D > 0).all()


def test_noise_on_a_linear_map_in_closed_form():
    network = nn.Linear(30, 20)
    images, sigma = normal(2000, 30, dtype=torch.float32), 0.3
    noisy = [images + sigma * normal(2000, 30, seed=s, dtype=torch.float32) for s in (1, 2)]
    row = sensitivity.measure(network, images, *noisy).iloc[0]
    weight = network.weight.square().sum().item()
    assert row.G_numerator == pytest.approx(sigma**2 * weight, rel=0.03)
    assert row.denominator == pytest.approx(2 * weight, rel=0.03)
    assert pytest.approx(1, rel=0.04) == row.R


def test_the_median_is_taken_of_each_coordinate_over_the_images():
    images, deformed, noisy = data = inputs(9, 7)
    deformed[3] += 1e4  # an outlier that a mean would show
    row = sensitivity.measure(Scale(), *data, batch_size=4, average="median").iloc[0]
    clean = images.double()
    pairs = (clean[:, None] - clean).square().sum(-1).median().item()
    expected = {"denominator": pairs}
    for name, changed in (("D", deformed), ("G", noisy)):
        squares = np.square((changed - images).double().numpy())
        expected[f"{name}_numerator"] = np.median(squares, axis=0).sum()
        expected[name] = expected[f"{name}_numerator"] / expected["denominator"]
    assert_row(row, {**expected, "R": expected["D"] / expected["G"]})


def test_the_median_of_many_layers_and_batches():
    network, data = small_network().eval(), inputs(9, 3, 8, 8)
    table = sensitivity.measure(network, *data, batch_size=2, average="median", layers=["[05]"])
    assert table.layer.tolist() == ["0", "5"]
    with torch.no_grad():
        for name, row in table.set_index("layer").iterrows():
            clean, deformed, _ = (network[: int(name) + 1](each).double() for each in data)
            expected = (deformed - clean).square().median(dim=0).values.sum().item()
            assert row.D_numerator == pytest.approx(expected, rel=1e-5)


def test_channels_can_be_averaged_first():
    network, data = nn.Sequential(nn.Conv1d(2, 4, 3), nn.Flatten()), inputs(7, 2, 9)
    table = sensitivity.measure(network, *data, channel_mean=True)
    with torch.no_grad():
        assert_row(table.iloc[0], brute_force(*(network[0](each).mean(1) for each in data)))


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
def test_a_constant_representation_is_flagged(value):
    network = nn.Linear(5, 3)
    nn.init.zeros_(network.weight)
    nn.init.constant_(network.bias, value)
    row = sensitivity.measure(network, *inputs(9, 5)).iloc[0]
    assert row.flagged and row.denominator == 0
    assert row[["D", "G", "R"]].isna().all()


def test_a_representation_that_varies_by_rounding_only_is_flagged():
    row = sensitivity.measure(Scale(1e-7, 1.0), *inputs(9, 50)).iloc[0]
    assert row.flagged and math.isnan(row.D)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_numbers_that_are_not_finite_are_flagged(value):
    data = inputs(9, 5)
    data[1][2, 3] = value
    row = sensitivity.measure(Scale(), *data).iloc[0]
    assert row.flagged and row[["D", "G", "R"]].isna().all()


def test_a_layer_may_compute_in_half_precision():
    network, data = nn.Linear(40, 30).bfloat16(), inputs(9, 40, dtype=torch.bfloat16)
    with torch.no_grad():
        expected = brute_force(*(network(each) for each in data))
    assert_row(sensitivity.measure(network, *data, batch_size=9).iloc[0], expected, rel=0.05)


DATA = inputs(13, 3, 8, 8)


@settings(max_examples=15)
@given(batch_size=st.integers(1, 20), order=st.permutations(range(13)))
def test_batches_and_the_order_of_images_do_not_matter(batch_size, order):
    network = small_network()
    table = sensitivity.measure(network, *(x[order] for x in DATA), batch_size=batch_size)
    assert_same(table, sensitivity.measure(network, *DATA), rel=1e-5)


@settings(max_examples=15)
@given(exponent=st.integers(-60, 55), sign=st.sampled_from([-1, 1]))
def test_a_factor_on_the_representation_does_not_matter(exponent, sign):
    table = sensitivity.measure(Scale(sign * 2.0**exponent), *DATA)
    assert_same(table, sensitivity.measure(Scale(), *DATA), columns=["D", "G", "R"], rel=1e-5)


@pytest.mark.parametrize("batch_statistics", [False, True])
@pytest.mark.parametrize("average", ["mean", "median"])
def test_many_changed_sets_pass_in_pieces_and_each_is_what_it_is_alone(average, batch_statistics):
    """29 sets, six images at once; the activation works in place, on what is summed before it."""
    network = small_network().double()
    images, deformed, noisy = inputs(5, 3, 8, 8, dtype=torch.float64)
    requests = [
        sensitivity.Sensitivity(
            images + k * (deformed - images), images + k * (noisy - images), average
        )
        for k in range(1, 15)
    ]
    norm = {"batch_statistics": batch_statistics}
    together = measure_all(network, images, requests, batch_size=2, **norm)
    for request, table in zip(requests, together, strict=True):
        alone = sensitivity.measure(
            network, images, request.deformed, request.noisy, average=average, **norm
        )
        pandas.testing.assert_frame_equal(table, alone, rtol=1e-6)
