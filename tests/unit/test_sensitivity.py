"""D, G and R against explicit sums over all pairs of images in float64, and in closed form."""

import copy
import math
import threading

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from cnn_sensitivity import sensitivity
from cnn_sensitivity.errors import UserError

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


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch_size", [1, 4, 50])
def test_every_layer_agrees_with_sums_over_all_pairs(batch_size, dtype, memory):
    network = small_network().to(dtype=dtype, memory_format=memory).eval()
    data = [each.contiguous(memory_format=memory) for each in inputs(11, 3, 8, 8, dtype=dtype)]
    table = sensitivity.measure(network, *data, batch_size=batch_size)
    assert list(table) == sensitivity.COLUMNS
    assert table.layer.tolist() == NAMES
    assert table.kind.tolist() == KINDS
    assert table.depth.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert (table.images == 11).all()
    assert not table.flagged.any()
    with torch.no_grad():
        for _, row in table.iterrows():
            part = network[: int(row.layer) + 1]
            assert_row(row, brute_force(*(part(each) for each in data)))


@pytest.mark.parametrize("factor", [1e-20, 1e-12, 1.0, 1e15])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_tiny_huge_and_shifted_representations_are_right(factor, offset):
    network, data = Scale(factor, factor * offset), inputs(40, 6, 50)
    (_, row), *_ = sensitivity.measure(network, *data).iterrows()
    assert_row(row, brute_force(*(network(each) for each in data)))
    assert not row.flagged


@pytest.mark.parametrize("factor", [1e-20, 1e15])
def test_the_median_and_the_channel_mean_are_right_at_any_scale(factor):
    data = inputs(20, 4, 30)
    for options in ({"average": "median"}, {"channel_mean": True}):
        table = sensitivity.measure(Scale(factor), *data, **options)
        assert_same(table, sensitivity.measure(Scale(), *data, **options), ["D", "G", "R"])
        assert not table.flagged.any()


@pytest.mark.parametrize("factor", [1e-20, 1e15])
def test_every_layer_of_a_network_is_right_at_any_scale(factor):
    network, data = small_network().eval(), inputs(11, 3, 8, 8)
    with torch.no_grad():
        network[0].weight *= factor
        network[0].bias *= factor
        network[5].bias.zero_()  # float32 would lose 1e-20 beside it
        table = sensitivity.measure(network, *data)
        for _, row in table.iterrows():
            part = network[: int(row.layer) + 1]
            assert_row(row, brute_force(*(part(each) for each in data)))
    assert not table.flagged.any()


def test_a_dead_network_is_flagged_from_the_layer_on_that_died():
    network, data = small_network(), inputs(9, 3, 8, 8)
    with torch.no_grad():
        network[1].bias.fill_(-1e6)  # no ReLU lets anything through
    table = sensitivity.measure(network, *data).set_index("layer")
    assert table.flagged.to_dict() == {"0": False, "1": False, "2": True, "3": True, "5": True}
    dead = table[table.flagged]
    assert (dead.denominator == 0).all()
    assert dead[["D", "G", "R"]].isna().all(axis=None)


def test_parts_of_one_representation_may_differ_by_many_orders_of_magnitude():
    data = [each * torch.logspace(-30, 10, 9000) for each in inputs(8, 9000)]
    (_, row), *_ = sensitivity.measure(Scale(), *data).iterrows()
    assert_row(row, brute_force(*data))


def test_tiny_changes_of_large_representations_are_right():
    images = inputs(20, 3000)[0].double()
    data = [images, images + 1e-9 * normal(20, 3000, seed=5), images + 1e-9]
    (_, row), *_ = sensitivity.measure(Scale(), *data).iterrows()
    assert_row(row, brute_force(*data))


def test_images_that_are_sorted_or_begin_with_an_outlier_cost_no_digits():
    images, deformed, noisy = inputs(30, 100)
    images[0] += 1e3
    data = [images[images[:, 1].argsort()], deformed, noisy]
    for order in (slice(None), torch.arange(29, -1, -1)):
        chosen = [each[order] for each in data]
        (_, row), *_ = sensitivity.measure(Scale(), *chosen, batch_size=4).iterrows()
        assert_row(row, brute_force(*chosen))


def test_an_image_that_does_not_change_has_no_deformation():
    images, _, noisy = inputs(10, 3, 8, 8)
    table = sensitivity.measure(small_network(), images, images, noisy)
    assert (table.D == 0).all() and (table.R == 0).all() and (table.G > 0).all()


def test_without_noise_there_is_no_ratio():
    images, deformed, _ = inputs(10, 20)
    table = sensitivity.measure(Scale(), images, deformed, images)
    assert table.flagged.all() and table.R.isna().all() and (table.D > 0).all()


def test_noise_on_a_linear_map_in_closed_form():
    network = nn.Linear(30, 20)
    images, sigma = normal(2000, 30, dtype=torch.float32), 0.3
    noisy = [images + sigma * normal(2000, 30, seed=s, dtype=torch.float32) for s in (1, 2)]
    row = sensitivity.measure(network, images, *noisy).iloc[0]
    weight = network.weight.square().sum().item()
    assert row.G_numerator == pytest.approx(sigma**2 * weight, rel=0.03)
    assert row.denominator == pytest.approx(2 * weight, rel=0.03)
    assert pytest.approx(1, rel=0.04) == row.R


def test_the_median_is_taken_of_each_coordinate_over_the_images():
    images, deformed, noisy = data = inputs(9, 7)
    deformed[3] += 1e4  # an outlier that a mean would show
    row = sensitivity.measure(Scale(), *data, batch_size=4, average="median").iloc[0]
    expected = brute_force(*data)
    for name, changed in (("D", deformed), ("G", noisy)):
        squares = np.square((changed - images).double().numpy())
        expected[f"{name}_numerator"] = np.median(squares, axis=0).sum()
        expected[name] = expected[f"{name}_numerator"] / expected["denominator"]
    assert_row(row, {**expected, "R": expected["D"] / expected["G"]})


def test_the_median_of_many_layers_and_batches():
    network, data = small_network().eval(), inputs(9, 3, 8, 8)
    table = sensitivity.measure(network, *data, batch_size=2, average="median", layers=["[05]"])
    assert table.layer.tolist() == ["0", "5"]
    with torch.no_grad():
        for name, row in table.set_index("layer").iterrows():
            clean, deformed, _ = (network[: int(name) + 1](each).double() for each in data)
            expected = (deformed - clean).square().median(dim=0).values.sum().item()
            assert row.D_numerator == pytest.approx(expected, rel=1e-5)


def test_channels_can_be_averaged_first():
    network, data = nn.Sequential(nn.Conv1d(2, 4, 3), nn.Flatten()), inputs(7, 2, 9)
    table = sensitivity.measure(network, *data, channel_mean=True)
    with torch.no_grad():
        assert_row(table.iloc[0], brute_force(*(network[0](each).mean(1) for each in data)))


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    assert torch.get_num_threads() == 3
    torch.set_num_threads(before)


class Remembering(nn.Module):
    """Keeps its input between two of its steps, as some networks do."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 4)

    def forward(self, images: Tensor) -> Tensor:
        self.images = images
        return self.second(self.first(images) + self.images)


@pytest.mark.parametrize("average", ["mean", "median"])
@pytest.mark.parametrize("offset", [0, 1000])
def test_threads_share_the_images(three_threads, average, offset):
    network, data = Remembering(), [each + offset for each in inputs(31, 6)]
    shared = sensitivity.measure(network, *data, batch_size=2, average=average)
    torch.set_num_threads(1)
    alone = sensitivity.measure(network, *data, batch_size=2, average=average)
    torch.set_num_threads(3)
    assert (shared.images == 31).all()
    assert_same(shared, alone, rel=1e-5)
    if average == "mean":
        with torch.no_grad():
            assert_row(shared.iloc[0], brute_force(*(network.first(each) for each in data)), 1e-4)


def test_a_network_that_cannot_be_copied_is_measured_by_one_thread(three_threads):
    data, network = inputs(12, 3, 4, 4), small_network()
    network[5] = nn.Linear(16, 5)
    expected = sensitivity.measure(network, *data, batch_size=2)
    network.lock = threading.Lock()
    with pytest.raises(TypeError, match="lock"):
        copy.deepcopy(network)
    assert_same(sensitivity.measure(network, *data, batch_size=2), expected, rel=1e-5)


def test_an_error_in_a_thread_is_the_callers(three_threads):
    with pytest.raises(UserError, match="first dimension"):
        network = nn.Sequential(nn.Flatten(0), nn.Linear(24, 2))
        sensitivity.measure(network, *inputs(6, 2, 2), batch_size=2)


class Twice(nn.Module):
    """Calls one layer twice and returns something that no layer returned."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.ending = nn.Linear(4, 4), nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        return self.ending(self.layer(self.layer(images).relu()) * 2)


def test_second_calls_and_the_output_have_their_own_rows():
    network, data = Twice(), inputs(9, 4)
    table = sensitivity.measure(network, *data, batch_size=4)
    assert table.layer.tolist() == ["layer", "layer:1", "output"]
    assert table.kind.tolist() == ["linear", "linear", "output"]
    with torch.no_grad():
        assert_row(table.iloc[2], brute_force(*(network(each) for each in data)))
    np.testing.assert_allclose(table.D[1], table.D[2], rtol=1e-6)


class Ending(nn.Module):
    """A linear layer whose result then passes `change`."""

    def __init__(self, change) -> None:
        super().__init__()
        self.layer, self.change = nn.Linear(4, 3), change

    def forward(self, images: Tensor) -> Tensor:
        return self.change(self.layer(images))


@pytest.mark.parametrize(
    ("change", "layers"),
    [
        (lambda output: output, ["layer"]),
        (lambda output: output.view(-1, 3, 1), ["layer"]),
        (lambda output: output[:, :1], ["layer", "output"]),
        (lambda output: output.add_(output.square()), ["layer", "output"]),
    ],
)
def test_the_output_has_a_row_only_if_it_is_not_the_last_layers(change, layers):
    table = sensitivity.measure(Ending(change), *inputs(6, 4))
    assert table.layer.tolist() == layers


def test_chosen_layers_keep_their_numbers_and_depths():
    network, data = small_network(), inputs(6, 3, 8, 8)
    whole = sensitivity.measure(network, *data)
    chosen = sensitivity.measure(network, *data, layers=["5", "[12]"])
    pd.testing.assert_frame_equal(chosen, whole.iloc[[1, 2, 4]].reset_index(drop=True))


def test_the_network_is_left_as_it_was():
    network = small_network().train()
    network[1].eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    sensitivity.measure(network, *inputs(6, 3, 8, 8))
    assert [module.training for module in network] == [True, False, True, True, True, True]
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_the_network_is_left_as_it_was_after_an_error():
    network = small_network().train()
    with pytest.raises(RuntimeError):
        sensitivity.measure(network, *inputs(6, 2, 8, 8))
    assert network.training
    assert not any(module._forward_hooks for module in network.modules())


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
def test_a_constant_representation_is_flagged(value):
    network = nn.Linear(5, 3)
    nn.init.zeros_(network.weight)
    nn.init.constant_(network.bias, value)
    row = sensitivity.measure(network, *inputs(9, 5)).iloc[0]
    assert row.flagged and row.denominator == 0
    assert row[["D", "G", "R"]].isna().all()


def test_a_representation_that_varies_by_rounding_only_is_flagged():
    row = sensitivity.measure(Scale(1e-7, 1.0), *inputs(9, 50)).iloc[0]
    assert row.flagged and math.isnan(row.D)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_numbers_that_are_not_finite_are_flagged(value):
    data = inputs(9, 5)
    data[1][2, 3] = value
    row = sensitivity.measure(Scale(), *data).iloc[0]
    assert row.flagged and row[["D", "G", "R"]].isna().all()


def test_a_layer_may_compute_in_half_precision():
    network, data = nn.Linear(40, 30).bfloat16(), inputs(9, 40, dtype=torch.bfloat16)
    with torch.no_grad():
        expected = brute_force(*(network(each) for each in data))
    assert_row(sensitivity.measure(network, *data, batch_size=9).iloc[0], expected, rel=0.05)


def test_pytorchs_kinds_of_layers_are_recognised():
    class Own(nn.Linear):
        """A user's own layer."""

    expected = {
        nn.Conv1d(1, 1, 1): "conv",
        nn.ConvTranspose2d(1, 1, 1): "conv",
        nn.GroupNorm(1, 1): "norm",
        nn.LayerNorm(1): "norm",
        nn.InstanceNorm2d(1): "norm",
        nn.Tanh(): "activation",
        nn.SiLU(): "activation",
        nn.AvgPool2d(2): "pooling",
        nn.AdaptiveAvgPool2d(1): "pooling",
        Own(1, 1): "linear",
        nn.Identity(): None,
        nn.Dropout(): None,
        nn.Flatten(): None,
    }
    assert {module: sensitivity._kind(module) for module in expected} == expected


DATA = inputs(13, 3, 8, 8)


@settings(max_examples=15, deadline=None)
@given(batch_size=st.integers(1, 20), order=st.permutations(range(13)))
def test_batches_and_the_order_of_images_do_not_matter(batch_size, order):
    network = small_network()
    table = sensitivity.measure(network, *(x[order] for x in DATA), batch_size=batch_size)
    assert_same(table, sensitivity.measure(network, *DATA), rel=1e-5)


@settings(max_examples=15, deadline=None)
@given(exponent=st.integers(-60, 55), sign=st.sampled_from([-1, 1]))
def test_a_factor_on_the_representation_does_not_matter(exponent, sign):
    table = sensitivity.measure(Scale(sign * 2.0**exponent), *DATA)
    assert_same(table, sensitivity.measure(Scale(), *DATA), columns=["D", "G", "R"], rel=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers": ["0", "conv*"]}, "conv.*the layers are 0, 1, 2, 3, 5"),
        ({"average": "mode"}, "median"),
        ({"batch_size": 0}, "batch_size"),
        ({"noisy": torch.zeros(5, 3, 8, 8)}, "one shape"),
    ],
)
def test_impossible_requests_are_refused(change, message):
    names = ("images", "deformed", "noisy")
    arguments = {**dict(zip(names, inputs(6, 3, 8, 8), strict=True)), **change}
    with pytest.raises(UserError, match=message):
        sensitivity.measure(small_network(), **arguments)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (nn.Sequential(nn.Flatten(0), nn.Linear(12, 2)), "first dimension"),
        (nn.MaxPool1d(2, return_indices=True), "one tensor"),
    ],
)
def test_unusable_networks_are_refused(network, message):
    with pytest.raises(UserError, match=message):
        sensitivity.measure(network, *inputs(1, 2, 2))
