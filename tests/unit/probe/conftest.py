"""What tests of the probe share: weights of a LeNet, and a module of a user's own."""

from pathlib import Path

import pytest
import torch
from probe_cases import module_of_a_user

from cnn_sensitivity.networks import build

MODULE = """
import torch
from torch import nn

def make(in_channels, num_classes, image_size, width):
    torch.manual_seed(5)
    return nn.Sequential(nn.Conv2d(in_channels, 4, 3), nn.BatchNorm2d(4), nn.ReLU(),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, num_classes))

class Asserts(nn.Module):
    def forward(self, images):
        torch._assert(images.shape[-1] == 224, "wrong height")

def asserts(in_channels, num_classes, image_size, width):
    return Asserts()

def two_pixels(in_channels, num_classes, image_size, width):
    return nn.Sequential(nn.Flatten(), nn.Linear(2, num_classes))
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a LeNet for grey images of 28 pixels a side and ten classes."""
    path = tmp_path_factory.mktemp("weights") / "lenet.pt"
    torch.manual_seed(3)
    torch.save(build("LeNet", 1, 10, 28).state_dict(), path)
    return path


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module of a user's own, where the command runs."""
    return module_of_a_user("probed_module", MODULE, tmp_path, monkeypatch)
