"""Networks of constant filters: D and G against pairs of images (T22, section 5)."""

import pytest
import torch

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.networks.constant_filter import constant_filter_network


def sensitivities_of_constant_filters(filter_size, stride, blocks, length=512):
    """Return D, G [blocks]: all one-pixel images, shifted by one; plain pairwise distances.

    The noise matches the deformation in norm and is rectified after that, before it is added; so
    half of its squared norm remains.
    """
    generator = torch.Generator().manual_seed(0)
    images = torch.eye(length, dtype=torch.float64)[:, None]
    shifted = images.roll(1, dims=-1)
    noise = torch.randn(images.shape, dtype=torch.float64, generator=generator)
    size = (shifted - images).norm(dim=-1, keepdim=True)
    noise = torch.relu(noise / noise.norm(dim=-1, keepdim=True) * size)
    network = constant_filter_network(blocks, filter_size, stride).double()
    x, deformed, noisy = images, shifted, images + noise
    table = []
    for block in network:
        x, deformed, noisy = block(x), block(deformed), block(noisy)
        pairs = torch.cdist(x[:, 0], x[:, 0]).square().mean()
        d = (deformed - x).square().sum(dim=(1, 2)).mean() / pairs
        g = (noisy - x).square().sum(dim=(1, 2)).mean() / pairs
        table.append((d, g))
    return torch.tensor(table, dtype=torch.float64).T


def test_constant_filters_without_stride():
    d, g = sensitivities_of_constant_filters(filter_size=3, stride=1, blocks=64)
    assert d[0].item() == pytest.approx(0.34, abs=0.005)
    assert d[-1].item() == pytest.approx(0.006, abs=0.0005)
    assert g[0].item() == pytest.approx(0.83, abs=0.02)
    assert g[-1].item() == pytest.approx(4.2, abs=0.1)
    assert (d[0] / g[0]).item() == pytest.approx(0.41, abs=0.01)
    assert (d[-1] / g[-1]).item() == pytest.approx(1.5e-3, abs=5e-5)
    end_to_end = (d[-1] / d[0]).log() / torch.tensor(64.0).log()
    assert end_to_end.item() == pytest.approx(-0.97, abs=0.02)
    doublings = (g[1:].log() - g[:-1].log())[[1, 7, 31]] / torch.log(
        torch.tensor([3 / 2, 9 / 8, 33 / 32])
    )
    assert doublings[0] < doublings[1] < doublings[2] < 0.5  # the slope approaches 1/2


def test_constant_filters_with_stride():
    d, g = sensitivities_of_constant_filters(filter_size=2, stride=2, blocks=8)
    # Two of N / 2^k cells coincide with probability 2^k / N, which the denominator counts.
    layers = torch.arange(1, 9, dtype=torch.float64)
    torch.testing.assert_close(d, 2**-layers / (1 - 2**layers / 512))
    assert d[0].item() == pytest.approx(0.5, abs=0.005)
    assert d[-1].item() == pytest.approx(0.0078, abs=5e-5)
    assert g[0].item() == pytest.approx(0.66, abs=0.02)
    assert g[-1].item() == pytest.approx(80, abs=5)


@pytest.mark.parametrize("filter_size, stride", [(2, 1), (3, 1), (5, 1), (2, 2), (3, 2), (5, 3)])
@pytest.mark.parametrize("dimension", [1, 2])
def test_constant_filters_keep_a_constant_and_divide_the_length(filter_size, stride, dimension):
    length = 10 * stride**2
    network = constant_filter_network(2, filter_size, stride, dimension)
    response = network(torch.ones(1, 1, *(length,) * dimension))
    assert response.shape == (1, 1, *(length // stride**2,) * dimension)
    middle = response[(0, 0, *(length // stride**2 // 2,) * dimension)]
    assert middle.item() == pytest.approx(stride ** (2 * dimension))
    assert not any(p.requires_grad for p in network.parameters())


@pytest.mark.parametrize("arguments", [(0, 3, 1), (2, 2, 3), (2, 3, 1, 3)])
def test_constant_filter_errors(arguments):
    with pytest.raises(UserError):
        constant_filter_network(*arguments)
