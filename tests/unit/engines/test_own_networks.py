"""Networks of a user's own that cannot be trained are refused before a training begins."""

from pathlib import Path

import pytest
import torch
import training_cases as cases
from torch import nn

from cnn_sensitivity.base.errors import UserError


def wide(in_channels: int, num_classes: int, image_size: int, width: float) -> nn.Module:
    """A network of a user's own with too many outputs."""
    return nn.Sequential(nn.Flatten(), nn.Linear(in_channels * image_size**2, num_classes + 1))


def test_a_network_of_ones_own_must_return_a_score_for_each_class(tmp_path: Path):
    settings = cases.settings({"name": f"{__name__}:wide", "label": "wide"})
    with pytest.raises(UserError, match=r"shape \(2, 3\), not \(2, 4\)"):
        cases.run(tmp_path, settings, cases.images())


class Mistaken(nn.Linear):
    """A network of a user's own that does not flatten its images."""

    def __init__(self, in_channels: int, num_classes: int, image_size: int, width: float):
        super().__init__(in_channels * image_size**2, num_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images)


def fixed(in_channels: int, num_classes: int, image_size: int, width: float) -> nn.Module:
    """A network of a user's own in which nothing can be trained."""
    return nn.Sequential(nn.Flatten(), nn.Linear(in_channels * image_size**2, num_classes))[:1]


def of_the_batch(in_channels: int, num_classes: int, image_size: int, width: float) -> nn.Module:
    """A network of a user's own whose batch norm has no running statistics."""
    norm = nn.BatchNorm2d(in_channels, track_running_stats=False)
    return nn.Sequential(norm, wide(in_channels, num_classes - 1, image_size, width))


class Restless(nn.Sequential):
    """A network of a user's own whose dropout never ends."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(nn.functional.dropout(images, 0.5))


def restless(in_channels: int, num_classes: int, image_size: int, width: float) -> nn.Module:
    return Restless(wide(in_channels, num_classes - 1, image_size, width))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("of_the_batch", "network '.*of_the_batch' mixes the images of a batch"),
        ("restless", "network '.*restless' is random in evaluation"),
    ],
)
def test_a_network_of_ones_own_that_has_no_output_of_an_image_is_not_trained(
    tmp_path: Path, name: str, says: str
) -> None:
    settings = cases.settings({"name": f"{__name__}:{name}", "label": "own"})
    with pytest.raises(UserError, match=says):
        cases.run(tmp_path, settings, cases.images())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Mistaken", r"Mistaken': it cannot be called with 2 images of shape .*: RuntimeError: "),
        ("fixed", "fixed': it has no parameter to train"),
    ],
)
def test_a_network_of_ones_own_that_cannot_be_trained_is_named(
    tmp_path: Path, name: str, says: str
) -> None:
    settings = cases.settings({"name": f"{__name__}:{name}", "label": "own"})
    with pytest.raises(UserError, match=says) as refused:
        cases.run(tmp_path, settings, cases.images())
    assert str(refused.value).isprintable()
    line = Mistaken.forward.__code__.co_firstlineno + 1
    assert (name == "Mistaken") == str(refused.value).endswith(f"({__file__}, line {line})")
