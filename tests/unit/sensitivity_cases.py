"""Networks, inputs and explicit sums over all pairs that the tests of sensitivities share."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

MEASURED = ["D", "G", "R", "D_numerator", "G_numerator", "denominator"]
NAMES = ["0", "1", "2", "3", "5"]
KINDS = ["conv", "norm", "activation", "pooling", "linear"]


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)


def inputs(
    count: int, *shape: int, size: float = 0.1, dtype: torch.dtype = torch.float32
) -> list[Tensor]:
    images, change, noise = (normal(count, *shape, seed=seed) for seed in range(3))
    return [each.to(dtype) for each in (images, images + size * change, images + size * noise)]


def small_network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 5),
    )


def brute_force(clean: Tensor, deformed: Tensor, noisy: Tensor) -> dict[str, float]:
    """Return the measured numbers of one representation by explicit sums over all pairs."""
    clean, deformed, noisy = (each.double().flatten(1) for each in (clean, deformed, noisy))
    pairs = (clean[:, None] - clean).square().sum(-1).mean().item()
    parts = [(each - clean).square().sum(1).mean().item() for each in (deformed, noisy)]
    d, g = (part / pairs for part in parts)
    return dict(zip(MEASURED, [d, g, d / g, *parts, pairs], strict=True))


def assert_row(row: pd.Series, expected: dict[str, float], rel: float = 1e-5) -> None:
    for column in MEASURED:
        assert row[column] == pytest.approx(expected[column], rel=rel), column


def assert_same(table: pd.DataFrame, other: pd.DataFrame, columns=MEASURED, rel=1e-6) -> None:
    np.testing.assert_allclose(table[columns], other[columns], rtol=rel)


class Scale(nn.Module):
    """A network without layers: f(x) = factor x + offset."""

    def __init__(self, factor: float = 1.0, offset: float = 0.0):
        super().__init__()
        self.factor, self.offset = factor, offset

    def forward(self, images: Tensor) -> Tensor:
        return images * self.factor + self.offset
