"""How many images pass at once: what they take, and what follows from it."""

import subprocess
import sys

import pytest
import torch
from sensitivity_cases import assert_same, inputs, small_network
from torch import Tensor, nn

from cnn_sensitivity.measures import at_once, sensitivity

CPU = torch.device("cpu")
MEGABYTE = 2**20


class Residual(nn.Module):
    """Keeps its input until the end."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 3, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        kept = pictures * 2
        return kept + self.second(self.first(pictures))


PIXELS = 4 * 16 * 16  # bytes of a channel


@pytest.mark.parametrize(
    ("network", "channels"),
    [
        (nn.Conv2d(3, 8, 1), 8),
        (nn.Sequential(nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1)), 16),
        (nn.Sequential(nn.Conv2d(3, 8, 1), nn.ReLU(inplace=True)), 8),
        (nn.Sequential(nn.Conv2d(3, 8, 1), nn.ReLU()), 16),
        (Residual(), 3 + 8 + 3),
        (nn.Flatten(), 0),
    ],
)
def test_it_is_the_largest_sum_of_what_lives_at_a_time(network, channels):
    pictures = torch.randn(2, 3, 16, 16)
    assert at_once.bytes_an_image(network, pictures) == (channels + 3) * PIXELS


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Counting(nn.Module):
    """A network that notes how many images it is given."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.passed: list[int] = []

    def forward(self, pictures: Tensor) -> Tensor:
        self.passed.append(len(pictures))
        return self.network(pictures)

    def __deepcopy__(self, memo: object) -> "Counting":
        return self


def passed(network: nn.Module, count: int) -> list[int]:
    """Return how many images passed at once, each time, while `count` were measured."""
    counting = Counting(network)
    sensitivity.measure(counting, *inputs(count, 3, 8, 8), layers="output")
    return counting.passed


@pytest.mark.parametrize("an_image", [1, 10**3, 10**5, 10**6, 10**9])
def test_what_passes_at_once_lives_in_48_megabytes(one_thread, an_image):
    count = at_once.fastest(an_image, 10**6, CPU)
    assert count in (8, 128) or 0.9 < 3 * count * an_image / (48 * MEGABYTE) <= 1


def test_each_thread_has_its_share(one_thread):
    assert at_once.fastest(1, 100, CPU) == 100
    torch.set_num_threads(3)
    assert at_once.fastest(1, 100, CPU) == 34
    assert at_once.fastest(1, 100, torch.device("cuda")) == 100


def test_the_images_pass_in_equal_batches(one_thread):
    tried, *batches = passed(small_network(), 300)
    assert tried == 2
    assert batches == [300, 300, 300]


def test_a_few_images_pass_without_a_trial(one_thread):
    assert passed(small_network(), 24) == [24, 24, 24]
    assert passed(small_network(), 25) == [2, 75]


def test_wide_images_pass_a_few_at_once(one_thread):
    class Wide(nn.Module):
        def forward(self, pictures: Tensor) -> Tensor:
            return pictures.mean((1, 2, 3)) + torch.zeros(len(pictures), 10**6).mean(1)

    tried, *batches = passed(Wide(), 40)
    assert tried == 2
    assert batches == [24] * 5


def test_the_choice_changes_rounding_only_and_is_the_same_each_time(one_thread):
    network, data = small_network(), inputs(60, 3, 8, 8)
    chosen, again = (sensitivity.measure(network, *data) for _ in range(2))
    assert chosen.equals(again)
    assert_same(chosen, sensitivity.measure(network, *data, batch_size=7), rel=1e-5)


PROGRAM = """
import sys, torch
from cnn_sensitivity.measures import sensitivity
sensitivity.measure(torch.nn.Flatten(), *(torch.rand(50, 2, 2) for _ in range(3)))
assert "torch._dynamo" not in sys.modules
"""


def test_a_measurement_does_not_load_the_compiler():
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
