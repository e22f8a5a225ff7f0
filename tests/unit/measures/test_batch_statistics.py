"""Batch norm on the statistics of the measured images, against one pass of all images at once."""

import pytest
import torch
from sensitivity_cases import assert_row, brute_force, inputs, small_network
from torch import nn

from cnn_sensitivity import networks
from cnn_sensitivity.measures import sensitivity
from cnn_sensitivity.measures.batch_statistics import with_batch_statistics


def at_once(network: nn.Module, images: torch.Tensor, layers: int) -> torch.Tensor:
    """Return a representation of all images in training mode, whose batch norm sees them all."""
    with torch.no_grad():
        for module in network[:layers].double().train():
            images = module(images)
    return images


@pytest.mark.parametrize("batch_size", [1, 4, 50])
def test_streamed_or_not_it_is_a_pass_of_all_images_at_once(batch_size: int) -> None:
    network, data = small_network(), inputs(23, 3, 8, 8)
    table = sensitivity.measure(network, *data, batch_size=batch_size, batch_statistics=True)
    wide = small_network()
    for _, row in table.iterrows():
        count = int(row.layer) + 1
        expected = brute_force(*(at_once(wide, each.double(), count) for each in data))
        assert_row(row, expected, rel=1e-4)


def test_it_differs_from_the_running_statistics_of_a_fresh_network() -> None:
    network, data = small_network(), inputs(23, 3, 8, 8)
    running = sensitivity.measure(network, *data)
    batch = sensitivity.measure(network, *data, batch_statistics=True)
    assert (running["R"][1:] / batch["R"][1:] - 1).abs().max() > 0.01


def test_layers_keep_their_names_and_the_network_is_left_as_it_was() -> None:
    torch.manual_seed(0)
    network, data = networks.build("ResNet18", width=1 / 16), inputs(6, 3, 32, 32)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    modules = list(network.modules())
    running = sensitivity.measure(network, *data)
    batch = sensitivity.measure(network, *data, batch_statistics=True)
    assert batch[["layer", "kind", "depth"]].equals(running[["layer", "kind", "depth"]])
    assert list(network.modules()) == modules
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize(
    ("norm", "shape"),
    [
        (nn.BatchNorm1d, (200, 3)),
        (nn.BatchNorm1d, (50, 3, 40)),
        (nn.BatchNorm2d, (60, 3, 30, 30)),
        (nn.BatchNorm2d, (2, 3, 1, 1)),
        (nn.BatchNorm3d, (9, 3, 5, 6, 7)),
    ],
)
@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("offset", [0.0, 300.0])
def test_statistics_are_those_of_numbers_in_double_precision(
    norm: type[nn.Module], shape: tuple[int, ...], channels_last: bool, offset: float
) -> None:
    sets = [each + offset for each in inputs(*shape)]
    measured = with_batch_statistics(nn.Sequential(norm(3)), len(sets[0]))
    stacked = torch.cat(sets)
    if channels_last:
        stacked = stacked.movedim(1, -1).contiguous().movedim(-1, 1)
    with torch.no_grad():
        normalized = measured(stacked).split(len(sets[0]))
    axes = [axis for axis in range(len(shape)) if axis != 1]
    for images, of_set in zip(sets, normalized, strict=True):
        exact = images.double()
        mean = exact.mean(axes, keepdim=True)
        variance = exact.var(axes, unbiased=False, keepdim=True)
        expected = (exact - mean) / (variance + norm(3).eps).sqrt()
        # Of numbers near 300 float32 keeps less than a ten-thousandth.
        atol = 4 * torch.finfo(torch.float32).eps * (1 + abs(offset))
        torch.testing.assert_close(of_set.double(), expected, rtol=2e-6, atol=atol)


def test_a_network_without_batch_norm_is_measured_as_ever() -> None:
    network, data = nn.Sequential(nn.Flatten(), nn.Linear(12, 3)), inputs(5, 3, 2, 2)
    batch = sensitivity.measure(network, *data, batch_statistics=True)
    assert batch.equals(sensitivity.measure(network, *data))


class NormsInTurn(nn.Module):
    """Uses the first of its two norms twice, the other never."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.unused = nn.BatchNorm2d(3), nn.BatchNorm2d(3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        for _ in range(2):
            images = self.norm(images.square())
        return images.flatten(1)


def test_a_norm_that_runs_twice_takes_statistics_each_time() -> None:
    sets = inputs(12, 3, 8, 8)
    training = NormsInTurn().train()
    with torch.no_grad():
        measured = with_batch_statistics(NormsInTurn(), 12)(torch.cat(sets))
        for images, normalized in zip(sets, measured.chunk(len(sets)), strict=True):
            torch.testing.assert_close(normalized, training(images))


def test_the_number_of_threads_changes_nothing() -> None:
    network, data = small_network(), inputs(23, 3, 8, 8)
    alone = sensitivity.measure(network, *data, batch_statistics=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        shared = sensitivity.measure(network, *data, batch_size=2, batch_statistics=True)
    finally:
        torch.set_num_threads(threads)
    torch.testing.assert_close(
        torch.tensor(shared["R"]), torch.tensor(alone["R"]), rtol=1e-4, atol=0
    )


@pytest.mark.parametrize("average", ["mean", "median"])
def test_standard_errors_are_the_jackknife_over_ten_blocks(average: str) -> None:
    network, data = small_network(), inputs(40, 3, 8, 8)
    table = sensitivity.measure(network, *data, average=average, layers="output")
    without = []
    for block in range(10):
        kept = torch.arange(40) // 4 != block
        part = [each[kept] for each in data]
        without.append(
            sensitivity.measure(network, *part, average=average, layers="output").iloc[0]
        )
    for name in ("D", "G", "R"):
        values = torch.tensor([row[name] for row in without], dtype=torch.float64)
        expected = (0.9 * (values - values.mean()).square().sum()).sqrt().item()
        assert table[f"{name}_error"][0] == pytest.approx(expected, rel=1e-3)


def test_the_standard_error_covers() -> None:
    """Of many samples of images most intervals hold the number of all images."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    data = inputs(20000, 6)
    true = sensitivity.measure(network, *data, layers="output", batch_size=500).iloc[0]
    inside = []
    for start in range(0, 20000, 200):
        part = [each[start : start + 200] for each in data]
        row = sensitivity.measure(network, *part, layers="output", batch_size=200).iloc[0]
        inside.append(abs(row.R - true.R) <= 1.96 * row.R_error)
    assert 0.86 <= sum(inside) / len(inside) <= 1
