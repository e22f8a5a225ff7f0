"""Noise on images."""

import pytest
import torch

from cnn_sensitivity.perturbations.corruption import corrupt


@pytest.mark.parametrize("shape", [(400, 3, 8, 8), (400, 1, 50)])
@pytest.mark.parametrize("level", [0.1, 30.0])
def test_noise_has_the_asked_norm(shape, level):
    images = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    noise = corrupt(images, level, torch.Generator().manual_seed(1)) - images
    size = noise[0].numel()
    squared = noise.flatten(1).square().sum(1) / level**2
    assert abs(float(squared.mean()) - 1) < 4 * (2 / size / len(images)) ** 0.5
    assert abs(float(noise.mean())) < 4 * level / size / len(images) ** 0.5
    assert abs(float(squared.var()) * size / 2 - 1) < 0.4


def test_noise_is_fresh_and_reproducible_and_absent_at_level_0():
    images = torch.zeros(2, 3, 4, 4)
    generator = torch.Generator().manual_seed(0)
    state = generator.get_state()
    assert corrupt(images, 0, generator) is images
    assert torch.equal(generator.get_state(), state)
    first, second = (corrupt(images, 1.0, generator) for _ in range(2))
    again = corrupt(images, 1.0, torch.Generator().manual_seed(0))
    assert torch.equal(first, again) and not torch.equal(first, second)
    assert first.dtype == torch.float32
