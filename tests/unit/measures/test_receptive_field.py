"""The measured effective receptive field: the theory's where it holds, and brute force."""

import numpy as np
import pytest
import torch
import training_cases as cases
from measured_views import views
from torch import nn

from cnn_sensitivity import checkpoints, networks
from cnn_sensitivity.analysis.theory import effective_receptive_field
from cnn_sensitivity.config import Measurement, MeasurementSettings
from cnn_sensitivity.measures.receptive_field import effective_widths, responses

LENGTH = 64


def network(filter_size: int, stride: int, blocks: int, channels: int = 3) -> nn.Module:
    torch.manual_seed(0)
    options = {"blocks": blocks, "filter_size": filter_size, "stride": stride}
    return networks.build(
        "SimpleCNN1D", in_channels=1, num_classes=1, image_size=LENGTH, channels=channels, **options
    )


def homogeneous(filter_size: int, stride: int, blocks: int) -> nn.Module:
    """A network whose filters are constant and all alike, without bias."""
    alike = network(filter_size, stride, blocks)
    with torch.no_grad():
        for name, parameter in alike.named_parameters():
            parameter.fill_(0.5 if name.endswith("weight") else 0.0)
    return alike


@pytest.mark.parametrize(("size", "stride", "blocks"), [(3, 1, 4), (5, 1, 3), (2, 2, 4), (3, 3, 2)])
def test_with_homogeneous_filters_it_is_the_formula(size: int, stride: int, blocks: int) -> None:
    widths = effective_widths(homogeneous(size, stride, blocks), LENGTH)
    assert list(widths) == [f"block{k}.activation" for k in range(1, blocks + 1)]
    formula = effective_receptive_field(size, stride, blocks)
    np.testing.assert_allclose(list(widths.values()), formula, rtol=1e-12)


def test_homogeneous_filters_spread_a_pixel_as_the_convolution_of_their_boxes() -> None:
    expected = np.ones(1)
    for rows in responses(homogeneous(3, 1, 3), LENGTH).values():
        expected = np.convolve(expected, np.ones(3))
        response = np.roll(rows[10], LENGTH // 2 - 10)  # a pixel in the middle of the circle
        reached = response[LENGTH // 2 - len(expected) // 2 :][: len(expected)]
        np.testing.assert_allclose(reached / reached.max(), expected / expected.max(), rtol=1e-12)
        assert np.count_nonzero(response) == len(expected)


def test_it_is_the_spread_of_the_pixels_that_change_a_unit() -> None:
    """Unit by unit and pixel by pixel, in a network with biases, whose units all differ."""
    random = network(3, 1, 2)
    before = {name: tensor.clone() for name, tensor in random.state_dict().items()}
    widths = effective_widths(random, LENGTH)
    double = network(3, 1, 2).double()[:2]

    def response(signal: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return double(torch.from_numpy(signal)[None, None]).mean(1)[0].numpy()

    empty = np.zeros(LENGTH)
    variances = []
    for unit in range(20, 40):  # far from where the circle closes
        distances, weights = [], []
        for pixel in range(LENGTH):
            signal = empty.copy()
            signal[pixel] = np.sqrt(LENGTH / 2)
            distances.append(pixel)
            weights.append(abs(response(signal)[unit] - response(empty)[unit]))
        assert sum(weight > 0 for weight in weights) <= 5  # two layers of three pixels
        # The mean of the directions and that of the places agree for so narrow a field.
        centre = np.average(np.exp(2j * np.pi * np.array(distances) / LENGTH), weights=weights)
        middle = np.angle(centre) * LENGTH / (2 * np.pi) % LENGTH
        variances.append(np.average((np.array(distances) - middle) ** 2, weights=weights))
    assert widths["block2.activation"] == pytest.approx(np.sqrt(np.mean(variances)), rel=1e-6)
    assert all(torch.equal(random.state_dict()[name], before[name]) for name in before)


def test_where_no_pixel_reaches_a_unit_there_is_no_width() -> None:
    dead = network(3, 1, 2)
    with torch.no_grad():
        dead[1].conv.bias.fill_(-1e6)
    widths = effective_widths(dead, LENGTH)
    assert widths["block1.activation"] > 0
    assert np.isnan(widths["block2.activation"])


def test_the_table_has_each_layer_of_each_seed_before_and_after_training(tmp_path) -> None:
    settings = cases.settings(seeds=(0, 2), **{**cases.ONE_DIMENSIONAL, "epochs": 1})
    dataset = cases.signals()
    cases.run(tmp_path, settings, dataset)
    loaded = checkpoints.load(tmp_path / "checkpoint.safetensors")
    named = {"fields": Measurement(quantity="receptive_field")}
    settings = MeasurementSettings(measurements=named, root_seed=0)
    table = views(loaded, dataset, settings)["fields"]
    for (seed, state), rows in table.groupby(["seed", "state"]):
        stored = loaded.network(seed, "last" if state == "trained" else state)
        widths = effective_widths(stored, dataset.test.images.shape[-1])
        assert dict(zip(rows["layer"], rows["measured_A"], strict=True)) == pytest.approx(widths)
        assert list(rows["k"]) == list(range(1, len(widths) + 1))
    assert set(table["seed"]) == {0, 2}
    assert set(table["state"]) == {"initial", "trained"}
