"""Layers that are functions: which have a row, of which name and kind, against hooks by hand."""

import pytest
import torch
import torchvision
from sensitivity_cases import assert_row, assert_same, brute_force, inputs
from torch import Tensor, nn
from torch.nn import functional as F

from cnn_sensitivity.measures import sensitivity


class Block(nn.Module):
    """The block of the most used CIFAR training code: activations and sums are functions."""

    def __init__(self, channels: int = 4) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        out = self.conv2(F.relu(self.conv1(images)))
        out += images
        return torch.relu_(out)


class Swish(nn.Module):
    """An activation of one's own, with a parameter a channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.beta = nn.Parameter(torch.linspace(0.5, 1.5, channels)[None, :, None, None])

    def forward(self, images: Tensor) -> Tensor:
        return images * torch.sigmoid(self.beta * images)


class SquaredReLU(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return F.relu(images).square()


class Snake(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images + torch.sin(images) ** 2


class Gate(nn.Module):
    """Half of the channels gate the others."""

    def forward(self, images: Tensor) -> Tensor:
        values, gate = images.chunk(2, 1)
        return values * gate.sigmoid()


class NormAct(nn.BatchNorm2d):
    """A batch norm that activates by itself, by a function."""

    def forward(self, images: Tensor) -> Tensor:
        return F.silu(super().forward(images))


class NormActModule(nn.GroupNorm):
    """A norm that activates by a module, as timm's."""

    def __init__(self, groups: int, channels: int) -> None:
        super().__init__(groups, channels)
        self.act = nn.ReLU(inplace=True)

    def forward(self, images: Tensor) -> Tensor:
        return self.act(super().forward(images))


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(6, 18)

    def forward(self, tokens: Tensor) -> Tensor:
        q, k, v = self.qkv(tokens).chunk(3, -1)
        return tokens + F.scaled_dot_product_attention(q, k, v)


def measured(network: nn.Module, *shape: int, layers: str = "all"):
    data = inputs(9, *shape)
    torch.manual_seed(1)
    return sensitivity.measure(network, *data, layers=layers, functions=True), data


def named(table) -> dict[str, str]:
    return dict(zip(table["layer"], table["kind"], strict=True))


def test_functions_are_named_by_the_module_that_calls_them():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), Block(), Block())
    table, data = measured(network, 3, 8, 8)
    one = {"conv1": "conv", "relu": "activation", "conv2": "conv", "add": "preactivation",
           "relu:1": "activation"}  # fmt: skip
    expected = {"0": "conv", **{f"{n}.{k}": kind for n in (1, 2) for k, kind in one.items()}}
    assert named(table) == expected
    table, _ = measured(network, 3, 8, 8, layers="activations")
    assert table["layer"].tolist() == ["1.relu", "1.relu:1", "2.relu", "2.relu:1"]
    with torch.no_grad():
        first = [network[0](each) for each in data]
        inner = [F.relu(network[1].conv1(each)) for each in first]
        assert_row(table.iloc[0], brute_force(*inner), rel=1e-4)
        assert_row(table.iloc[1], brute_force(*map(network[1], first)), rel=1e-4)


def test_without_functions_rows_are_those_of_modules():
    torch.manual_seed(0)
    network, data = nn.Sequential(nn.Conv2d(3, 4, 3), Block()), inputs(9, 3, 8, 8)
    table = sensitivity.measure(network, *data)
    assert table["layer"].tolist() == ["0", "1.conv1", "1.conv2", "output"]


@pytest.mark.parametrize("activation", [Swish(4), SquaredReLU(), Snake(), Gate()])
def test_an_activation_module_of_ones_own_is_one_layer(activation):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), activation, nn.Conv2d(4, 2, 1))
    if isinstance(activation, Gate):
        network[2] = nn.Conv2d(2, 2, 1)
    table, data = measured(network, 3, 8, 8)
    assert named(table) == {"0": "conv", "1": "activation", "2": "conv"}
    with torch.no_grad():
        assert_row(table.iloc[1], brute_force(*(network[:2](each) for each in data)), rel=1e-4)


@pytest.mark.parametrize(("norm", "layer"), [(NormAct(4), "1"), (NormActModule(2, 4), "1.act")])
def test_a_norm_that_activates_is_an_activation_once(norm, layer):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), norm, nn.Flatten(), nn.Linear(144, 2))
    table, _ = measured(network, 3, 8, 8)
    assert named(table) == {"0": "conv", layer: "activation", "3": "linear"}


@pytest.mark.parametrize(
    "spelling",
    [
        F.gelu,
        F.hardswish,
        torch.tanh,
        lambda x: F.leaky_relu(x, 0.1, inplace=True),
        lambda x: x.clamp(min=0),
        lambda x: x.sigmoid_(),
        lambda x: torch.clamp_min(x, 0),
    ],
)
def test_every_spelling_of_an_activation_has_a_row(spelling):
    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

        def forward(self, images: Tensor) -> Tensor:
            return self.head(spelling(self.conv(images)).mean((2, 3)))

    table, data = measured(Network(), 3, 6, 6)
    assert table["kind"].tolist() == ["conv", "activation", "linear"]


def test_attention_and_sums_of_branches_have_rows():
    torch.manual_seed(0)
    network = nn.Sequential(Attention(), nn.LayerNorm(6))
    table, data = measured(network, 5, 6)
    assert named(table) == {
        "0.qkv": "linear",
        "0.scaled_dot_product_attention": "attention",
        "0.add": "sum",
        "1": "norm",
    }
    with torch.no_grad():
        assert_row(table.iloc[2], brute_force(*map(network[0], data)), rel=1e-4)


@pytest.mark.parametrize("batch_first", [False, True])
def test_multihead_attention_of_pytorch(batch_first):
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(6, 2, batch_first=batch_first)

        def forward(self, tokens: Tensor) -> Tensor:
            tokens = tokens if batch_first else tokens.transpose(0, 1)
            out = self.attention(tokens, tokens, tokens)[0]
            return out if batch_first else out.transpose(0, 1)

    torch.manual_seed(0)
    network = Own()
    table, data = measured(network, 5, 6)
    assert named(table)["attention"] == "attention"
    with torch.no_grad():
        assert_row(table.iloc[0], brute_force(*map(network, data)), rel=1e-3)


def test_pytorchs_transformer_layer_is_not_run_as_one_function():
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(6, 2, 12, batch_first=True)
    table, _ = measured(layer, 5, 6)
    assert table["layer"].tolist() == [
        "self_attn", "add", "norm1", "linear1", "relu", "linear2", "add:1", "norm2"
    ]  # fmt: skip


class ByHand(Attention):
    def forward(self, tokens: Tensor) -> Tensor:
        q, k, v = self.qkv(tokens).chunk(3, -1)
        return tokens + F.softmax(q @ k.transpose(1, 2), -1) @ v


def test_the_weights_of_an_attention_are_no_layer():
    table, _ = measured(ByHand(), 9, 6)
    assert named(table) == {"qkv": "linear", "add": "sum"}


class Adds(nn.Module):
    """A position is added to all images, a scalar, and a bias: none of them is a branch."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.position = nn.Parameter(torch.randn(1, 4, 4, 4))

    def forward(self, images: Tensor) -> Tensor:
        return self.conv(images) + self.position + 1 + self.position[0]


def test_what_is_added_to_all_images_is_no_branch():
    table, _ = measured(Adds(), 3, 6, 6)
    assert table["kind"].tolist() == ["conv", "output"]


def hooked(network: nn.Module, modules: list[str], images: Tensor) -> dict[str, Tensor]:
    """Return outputs of modules by hooks, of all images at once."""
    found: dict[str, Tensor] = {}
    handles = [
        network.get_submodule(name).register_forward_hook(
            lambda _, __, output, name=name: found.__setitem__(name, output.clone())
        )
        for name in modules
    ]
    with torch.no_grad():
        network.eval()(images)
    for handle in handles:
        handle.remove()
    return found


def test_a_vision_transformer_has_its_stream_in_its_rows():
    torch.manual_seed(0)
    network = torchvision.models.VisionTransformer(16, 8, 3, 2, 12, 24, num_classes=5)
    table, data = measured(network, 3, 16, 16, layers="activations")
    blocks = [f"encoder.layers.encoder_layer_{n}" for n in range(3)]
    expected = [
        f"{block}.{part}"
        for block in blocks
        for part in ("self_attention", "add", "mlp.1", "add:1")
    ]
    assert table["layer"].tolist() == [*expected, "heads.head"]
    sets = [hooked(network, blocks, each) for each in data]
    for block in blocks:
        row = table[table["layer"] == f"{block}.add:1"].iloc[0]
        assert_row(row, brute_force(*(each[block] for each in sets)), rel=1e-3)


def test_a_convnext_has_its_stream_in_its_rows():
    torch.manual_seed(0)
    setting = [torchvision.models.convnext.CNBlockConfig(8, 16, 2),
               torchvision.models.convnext.CNBlockConfig(16, None, 1)]  # fmt: skip
    network = torchvision.models.ConvNeXt(setting, num_classes=5)
    table, data = measured(network, 3, 16, 16, layers="activations")
    blocks = ["features.1.0", "features.1.1", "features.3.0"]
    expected = [f"{block}.{part}" for block in blocks for part in ("block.4", "add")]
    assert table["layer"].tolist() == [*expected, "classifier.2"]
    sets = [hooked(network, blocks, each) for each in data]
    for block in blocks:
        row = table[table["layer"] == f"{block}.add"].iloc[0]
        assert_row(row, brute_force(*(each[block] for each in sets)), rel=1e-3)


def test_threads_and_batches_change_nothing():
    torch.manual_seed(0)
    network, data = nn.Sequential(nn.Conv2d(3, 4, 3), Block()), inputs(23, 3, 8, 8)
    before = torch.get_num_threads()
    alone = sensitivity.measure(network, *data, functions=True, batch_size=23)
    try:
        torch.set_num_threads(3)
        shared = sensitivity.measure(network, *data, functions=True, batch_size=2)
    finally:
        torch.set_num_threads(before)
    assert shared["layer"].tolist() == alone["layer"].tolist()
    assert_same(shared, alone, rel=1e-4)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())
