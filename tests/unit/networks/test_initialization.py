"""Initial weights against their moments, scipy's Gaussian filter, and published smoothness."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.stats import kstest, truncnorm

from cnn_sensitivity import networks
from cnn_sensitivity.measures import smoothness
from cnn_sensitivity.networks.initialization import initialize, smoothed


def test_kaiming_normal_changes_convolutions_only():
    torch.manual_seed(0)
    network = networks.build("LeNet", width=4)
    before = {name: p.clone() for name, p in network.named_parameters()}
    initialize(network, "default")
    assert all(torch.equal(before[name], p) for name, p in network.named_parameters())
    initialize(network, "kaiming_normal")
    changed = {n for n, p in network.named_parameters() if not torch.equal(before[n], p)}
    assert changed == {"features.0.weight", "features.3.weight"}
    weight = network.get_parameter("features.3.weight")
    assert weight.std().item() == pytest.approx((2 / (weight.shape[0] * 25)) ** 0.5, rel=0.05)


def test_tanh_gain_scales_convolutions_and_takes_their_biases():
    network = networks.build("LeNet", activation="tanh")
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    initialize(network, "tanh_gain")
    for name, parameter in network.named_parameters():
        factor = 1.0
        if name.startswith("features"):
            factor = 5 / 3 if name.endswith("weight") else 0.0
        torch.testing.assert_close(parameter.data, factor * before[name])


def test_truncated_normal_is_cut_off_at_two_deviations():
    torch.manual_seed(0)
    network = networks.build("StridedCNN", width=0.25)
    linear = network.classifier.weight.clone()
    initialize(network, "truncated_normal")
    weight = network.block2.conv2.weight.detach()
    deviation = (weight.shape[1] * 9) ** -0.5
    draws = (weight / deviation).flatten().numpy()
    assert np.abs(draws).max() <= 2
    assert kstest(draws, truncnorm(-2, 2).cdf).pvalue > 0.01
    strided = network.block2.downsampling
    assert not strided.bias.any()
    assert strided.weight.std().item() == pytest.approx(0.88 / 8, rel=0.1)  # 16 channels, 2x2
    assert torch.equal(network.classifier.weight, linear)


@pytest.mark.parametrize("sigma", [1e-200, 0.1, 0.4, 1.0, 3.0])
@pytest.mark.parametrize("shape", [(2, 3, 3, 3), (2, 1, 5, 4), (3, 2, 7)])
def test_smoothing_is_scipys_gaussian_filter_with_zeros_outside(shape, sigma):
    filters = torch.randn(shape, dtype=torch.float64)
    axes = tuple(range(2, len(shape)))
    expected = gaussian_filter(
        filters.numpy(), max(sigma, 1e-3), mode="constant", axes=axes, radius=24
    )
    np.testing.assert_allclose(smoothed(filters, sigma), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("sigma", "expected"),
    [(0.2, 1.857), (0.3, 1.851), (0.4, 1.775), (0.5, 1.599), (0.7, 1.18), (1.0, 0.79), (2.0, 0.29)],
)
def test_smoothed_filters_are_as_smooth_as_computed_for_the_paper(sigma, expected):
    """Total variation of 3x3 filters, computed apart from this code."""
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(300, 300, 3)
    initialize(layer, "truncated_normal", sigma)
    measured = smoothness.total_variation(layer.weight.detach(), per="tensor")
    assert measured == pytest.approx(expected, abs=0.01)


def test_smoothing_follows_any_initialization_and_leaves_the_rest():
    networks_ = []
    for smoothing in (0.0, 0.5):
        torch.manual_seed(0)
        network = networks.build("LeNet")
        initialize(network, "default", smoothing)
        networks_.append(dict(network.named_parameters()))
    plain, smooth = networks_
    for name, parameter in plain.items():
        is_filter = name.startswith("features") and name.endswith("weight")
        expected = smoothed(parameter, 0.5) if is_filter else parameter
        torch.testing.assert_close(smooth[name], expected)
