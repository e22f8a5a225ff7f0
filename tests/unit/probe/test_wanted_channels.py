"""Networks of fixed channels, as most code has them: grey images are shown as they want them."""

from pathlib import Path

import pytest
import torch
from probe_cases import module_of_a_user
from torch import nn

from cnn_sensitivity.base.errors import UserError
from cnn_sensitivity.probe import images, subject
from cnn_sensitivity.probe.images import Images

MODULE = """
import torch
from torch import nn

def ended(*layers, features=8):
    return nn.Sequential(*layers, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(features, 5))

class Net(nn.Module):
    def __init__(self, channels=3):
        super().__init__()
        self.head = nn.Linear(8, 5)
        self.conv = nn.Conv2d(channels, 8, 3)

    def forward(self, x):
        return self.head(torch.relu(self.conv(x)).mean((2, 3)))

class Patches(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.head = nn.Linear(3 * 7 * 7, 8), nn.Linear(8, 5)

    def forward(self, x):
        patches = nn.functional.unfold(x, 7, stride=7).transpose(1, 2)
        return self.head(torch.relu(self.embed(patches)).mean(1))

def grouped():
    return ended(nn.Conv2d(3, 6, 3, groups=3), nn.Conv2d(6, 8, 3))

def to_depth():
    return ended(nn.PixelUnshuffle(2), nn.Conv2d(12, 8, 3))

def normed():
    return ended(nn.utils.parametrizations.spectral_norm(nn.Conv2d(3, 8, 3)))

def pixels():
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 28 * 28, 8), nn.ReLU(), nn.Linear(8, 5))

def grey_to_depth():
    return ended(nn.PixelUnshuffle(2), nn.Conv2d(4, 8, 3))

def grey_pixels():
    return nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 8), nn.ReLU(), nn.Linear(8, 5))

def small():
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 5))

def two():
    return Net(2)

class Classes(Net):
    def __init__(self, num_classes=10):
        super().__init__()
        self.head = nn.Linear(8, num_classes)
"""
IN_COLOUR = ["Net", "Patches", "grouped", "to_depth", "normed", "pixels"]
IN_GREY = ["grey_to_depth", "grey_pixels"]


@pytest.fixture(autouse=True)
def fixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module of a user's own, in which only one callable takes arguments."""
    return module_of_a_user("fixed", MODULE, tmp_path, monkeypatch)


def grey() -> Images:
    return images.take("embedded", count=4)


@pytest.mark.parametrize("with_weights", [False, True])
@pytest.mark.parametrize("name", IN_COLOUR + IN_GREY)
def test_grey_images_are_shown_as_the_network_wants_them(
    fixed: Path, name: str, with_weights: bool
) -> None:
    import fixed as module

    weights = None
    torch.manual_seed(9)
    network: nn.Module = getattr(module, name)().eval()
    if with_weights:
        weights = fixed / "weights.pt"
        torch.save({"net": network.state_dict()}, weights)
    found = subject.find(f"fixed:{name}", grey(), weights=weights)
    shown = found.images.normalized()
    expected = grey().in_colour() if name in IN_COLOUR else grey()
    assert torch.equal(shown, expected.normalized())
    scores = found.trained.eval()(shown)
    assert scores.shape == (4, 5) and found.fresh().eval()(shown).shape == (4, 5)
    if with_weights:
        assert torch.equal(scores, network(shown))


def test_others_are_refused() -> None:
    with pytest.raises(UserError, match="fixed:two: its first layer takes 2 channels, .* have 1"):
        subject.find("fixed:two", grey())
    with pytest.raises(UserError, match="--classes 7: fixed:Net gives 5 scores, whatever is asked"):
        subject.find("fixed:Net", grey(), classes=7)
    subject.find("fixed:Net", grey(), classes=5)


def test_images_of_another_size_tell_no_channels() -> None:
    """768 pixels are neither those of grey images of 28 pixels a side nor of colour ones."""
    found = subject.find("fixed:small", grey())
    assert found.images.pixels.shape == (4, 1, 28, 28)


def test_classes_come_from_the_weights_of_colour_too(fixed: Path) -> None:
    import fixed as module

    torch.save(module.Classes(7).state_dict(), fixed / "seven.pt")
    found = subject.find("fixed:Classes", grey(), weights=fixed / "seven.pt")
    assert found.trained(found.images.normalized()).shape == (4, 7)
